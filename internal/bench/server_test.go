package bench

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/redis/go-redis/v9"

	"github.com/holdfast-dev/holdfast/internal/ledger"
	"github.com/holdfast-dev/holdfast/webhook"
)

const (
	serveEnv = "HOLDFAST_BENCH_SERVE"
	redisEnv = "HOLDFAST_BENCH_REDIS"

	serverBare     = "bare"
	serverHoldfast = "holdfast"

	bareStream = "deliveries"
	secret     = "the-secret-of-the-benchmark"
	repo       = "acme/checkout"
	ticket     = 12
)

// serve answers deliveries until its standard input ends. It prints the
// address on which it listens.
func serve(kind, redisAddr string) error {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.Use(gin.Recovery())
	rdb := client(redisAddr)
	defer rdb.Close()
	switch kind {
	case serverBare:
		r.POST("/webhooks/github", bare(rdb))
	case serverHoldfast:
		l := ledger.New(rdb, ledger.Options{})
		defer l.Close()
		h, err := webhook.New(webhook.Options{Recorder: l, Trackers: []webhook.Tracker{
			{Name: "github", Kind: webhook.GitHub, Secret: []byte(secret), Repos: []string{repo}},
		}})
		if err != nil {
			return err
		}
		h.Mount(r)
	default:
		return fmt.Errorf("no server is called %q", kind)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	srv := &http.Server{Handler: r, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = srv.Shutdown(ctx)
	}()
	if err := srv.Serve(listener); err != http.ErrServerClosed {
		return err
	}
	return nil
}

// bare is the peer: what a first version of such a receiver looks like.
func bare(rdb *redis.Client) gin.HandlerFunc {
	return func(c *gin.Context) {
		body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, 25<<20))
		if err != nil {
			c.Status(http.StatusBadRequest)
			return
		}
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(body)
		want := "sha256=" + hex.EncodeToString(mac.Sum(nil))
		if !hmac.Equal([]byte(want), []byte(c.GetHeader("X-Hub-Signature-256"))) {
			c.Status(http.StatusUnauthorized)
			return
		}
		err = rdb.XAdd(c.Request.Context(), &redis.XAddArgs{Stream: bareStream, Values: []any{"body", body}}).Err()
		if err != nil {
			c.Status(http.StatusServiceUnavailable)
			return
		}
		c.Status(http.StatusAccepted)
	}
}
