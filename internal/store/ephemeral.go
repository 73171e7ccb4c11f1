package store

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// ephemeralTick is how often the in-process store is told that time has
// passed. Its keys live for minutes to months, and each tick walks over all
// that have an end.
const ephemeralTick = 5 * time.Second

// openEphemeral starts a store in this process. It has no port: connections
// are pipes, so nobody else on the machine can reach it.
func openEphemeral() *Store {
	mini := miniredis.NewMiniRedis()
	o := &redis.Options{
		Addr: "in-process",
		Dialer: func(context.Context, string, string) (net.Conn, error) {
			c, err := mini.Dial()
			if err != nil {
				return nil, err
			}
			return buffer(c), nil
		},
	}
	defaults(o)
	client := redis.NewClient(o)

	quit, ticked := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ticked)
		t := time.NewTicker(ephemeralTick)
		defer t.Stop()
		last := time.Now()
		for {
			select {
			case <-quit:
				return
			case now := <-t.C:
				mini.FastForward(now.Sub(last))
				last = now
			}
		}
	}()
	var once sync.Once
	end := func() error {
		var err error
		once.Do(func() {
			close(quit)
			<-ticked
			err = client.Close()
			mini.Close()
		})
		return err
	}
	return &Store{Client: client, Kind: KindEphemeral, Where: "in this process, kept nowhere", end: end}
}
