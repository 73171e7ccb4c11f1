package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"syscall"
)

// given are the ports that FreePort has given to somebody of this process.
var given sync.Map

// FreePort finds a port of 127.0.0.1 that nobody listens on. It lies below the
// ports that systems give to outgoing connections, and nobody else of this
// process gets it, so that what begins to listen later, or is ended and started
// again, finds it free.
func FreePort() (string, error) {
	for {
		port := fmt.Sprint(10_000 + rand.IntN(20_000))
		if _, taken := given.LoadOrStore(port, true); taken {
			continue
		}
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", port))
		if err == nil {
			return port, l.Close()
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			return "", err
		}
	}
}
