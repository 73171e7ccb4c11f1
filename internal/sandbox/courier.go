package sandbox

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"
)

// deliveryTimeout is how long GitHub waits for an answer.
const deliveryTimeout = 10 * time.Second

// keptDeliveries bounds the memory of a long run; a body is up to some tens
// of kilobytes.
const keptDeliveries = 5_000

// Delivery is one webhook request and what came of it.
type Delivery struct {
	ID         int64  // unique; a redelivery gets a new one
	GUID       string // stays the same over redeliveries
	Event      string // "issues", "jira:issue_updated"
	Action     string // "closed"; for Jira the issue_event_type_name
	Subject    string // OWNER/NAME or the project key
	URL        string
	Header     http.Header
	Body       []byte
	At         time.Time // when it was queued
	Duration   time.Duration
	Status     int    // HTTP status of the answer, 0 without one
	Answer     []byte // the first kilobyte of its body
	Err        string // why there was no answer
	Sent       bool   // an attempt was made
	Redelivery bool
}

// courier sends deliveries one after the other, each once unless a fault says
// otherwise. It is safe for concurrent use; close stops its goroutine.
type courier struct {
	now    func() time.Time
	faults *injector
	log    *slog.Logger
	client *http.Client

	mu      sync.Mutex
	queue   []*Delivery
	held    []*Delivery // until another one has been sent
	kept    []*Delivery
	nextID  int64
	pending int           // queued or being sent
	idle    chan struct{} // closed while nothing is pending
	closed  bool

	wake chan struct{}
	ctx  context.Context // ends the delivery in flight when the courier closes
	stop context.CancelFunc
	done chan struct{}
}

func newCourier(o Options, faults *injector) *courier {
	ctx, stop := context.WithCancel(context.Background())
	c := &courier{
		now: o.Now, log: o.Log, faults: faults,
		client: &http.Client{
			Transport: &http.Transport{MaxIdleConnsPerHost: 2, IdleConnTimeout: 30 * time.Second},
			// Neither service follows a redirect with a signed body.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		idle: make(chan struct{}), wake: make(chan struct{}, 1),
		ctx: ctx, stop: stop, done: make(chan struct{}),
	}
	close(c.idle)
	go c.run()
	return c
}

// add queues a delivery and returns its id; after close it is dropped.
func (c *courier) add(d Delivery) int64 {
	f := c.faults.hook(&d)
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.again {
		double := d
		c.keep(double, fate{delay: f.againIn})
	}
	return c.keep(d, f)
}

// keep queues one delivery. It needs c.mu.
func (c *courier) keep(d Delivery, f fate) int64 {
	if c.closed {
		return 0
	}
	c.nextID++
	d.ID, d.At = c.nextID, c.now()
	if c.pending == 0 {
		c.idle = make(chan struct{})
	}
	c.pending++
	if len(c.kept) >= keptDeliveries {
		c.kept = slices.Delete(c.kept, 0, keptDeliveries/2)
	}
	c.kept = append(c.kept, &d)
	switch {
	case f.lost:
		d.Sent, d.Err = true, "lost on the way"
		c.settled()
	case f.delay > 0:
		if f.reordered {
			c.held = append(c.held, &d)
		}
		time.AfterFunc(f.delay, func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			if i := slices.Index(c.held, &d); i >= 0 {
				c.held = slices.Delete(c.held, i, i+1)
			} else if f.reordered {
				return // let go already
			}
			c.enqueue(&d)
		})
	default:
		c.enqueue(&d)
	}
	return d.ID
}

// enqueue and settled need c.mu.

func (c *courier) enqueue(list ...*Delivery) {
	c.queue = append(c.queue, list...)
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// settled counts a delivery that was tried, or never will be.
func (c *courier) settled() {
	c.pending--
	if c.pending == 0 {
		close(c.idle)
	}
}

func (c *courier) run() {
	defer close(c.done)
	for {
		c.mu.Lock()
		var d *Delivery
		if len(c.queue) > 0 {
			d, c.queue = c.queue[0], c.queue[1:]
		}
		c.mu.Unlock()
		if d == nil {
			select {
			case <-c.wake:
				continue
			case <-c.ctx.Done():
				return
			}
		}
		if c.ctx.Err() != nil {
			return
		}
		c.send(d)
	}
}

func (c *courier) send(d *Delivery) {
	start := time.Now()
	status, body, err := c.post(d)
	c.mu.Lock()
	defer c.mu.Unlock()
	d.Sent, d.Status, d.Answer, d.Duration = true, status, body, time.Since(start)
	if err != nil {
		d.Err = err.Error()
		c.log.Debug("webhook not delivered", "event", d.Event, "event_id", d.GUID, "err", err)
	}
	c.settled()
	c.enqueue(c.held...)
	c.held = nil
}

func (c *courier) post(d *Delivery) (status int, body []byte, err error) {
	ctx, cancel := context.WithTimeout(c.ctx, deliveryTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.URL, bytes.NewReader(d.Body))
	if err != nil {
		return 0, nil, fmt.Errorf("building the request: %w", err)
	}
	req.Header = d.Header.Clone()
	resp, err := c.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, _ = io.ReadAll(io.LimitReader(resp.Body, 1<<10))       // the status is what counts
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20)) // so that the connection can be used again
	return resp.StatusCode, body, nil
}

// flush waits until all that was queued before the call has been tried.
func (c *courier) flush(ctx context.Context) error {
	c.mu.Lock()
	idle := c.idle
	c.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-c.ctx.Done():
		return errors.New("the stand-in was closed before its webhooks were sent")
	case <-ctx.Done():
		return fmt.Errorf("waiting for webhooks to be sent: %w", ctx.Err())
	}
}

func (c *courier) list() []Delivery {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]Delivery, len(c.kept))
	for i, d := range c.kept {
		out[i] = *d
	}
	return out
}

// redeliver queues a delivery again under its old GUID.
func (c *courier) redeliver(id int64) bool {
	for _, d := range c.list() {
		if d.ID == id {
			d.Redelivery, d.Sent, d.Status, d.Answer, d.Err, d.Duration = true, false, 0, nil, "", 0
			return c.add(d) != 0
		}
	}
	return false
}

// close stops the goroutine; what is still queued is never sent.
func (c *courier) close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.stop()
	<-c.done
	c.client.CloseIdleConnections()
}

// signature is the value of X-Hub-Signature-256 and of Jira's X-Hub-Signature.
func signature(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// newUUID makes a random UUID, version 4.
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:])
}
