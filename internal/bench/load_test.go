package bench

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/textproto"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// load sends deliveries over kept-alive connections, each as soon as the last
// one was answered, and counts those answered 202. Requests are written as
// prepared bytes, so that the generator takes as little as possible of the
// machine that it shares with what it measures.
func load(t testing.TB, addr string, duration time.Duration) (accepted int, took time.Duration) {
	t.Helper()
	var count atomic.Int64
	var failed atomic.Pointer[error]
	var running sync.WaitGroup
	began := time.Now()
	until := began.Add(duration)
	for range connections {
		running.Go(func() {
			if err := deliver(addr, until, &count); err != nil {
				failed.Store(&err)
			}
		})
	}
	running.Wait()
	took = time.Since(began)
	if err := failed.Load(); err != nil {
		require.NoError(t, *err)
	}
	return int(count.Load()), took
}

func deliver(addr string, until time.Time, count *atomic.Int64) error {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(until.Add(10 * time.Second)); err != nil {
		return err
	}
	request, id := prepare(addr)
	answers := bufio.NewReader(conn)
	for time.Now().Before(until) {
		// A new id of the same length: 16 hex digits are enough to differ.
		copy(id, fmt.Sprintf("%016x", rand.Uint64()))
		if _, err := conn.Write(request); err != nil {
			return err
		}
		if err := expect202(answers); err != nil {
			return err
		}
		count.Add(1)
	}
	return nil
}

// expect202 reads one answer.
func expect202(r *bufio.Reader) error {
	status, err := r.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(status, []byte("HTTP/1.1 202 ")) {
		return fmt.Errorf("answered %q", status)
	}
	length := 0
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			break
		}
		if name, value, _ := bytes.Cut(line, []byte(":")); bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(textproto.TrimString(string(value))); err != nil {
				return err
			}
		}
	}
	_, err = io.CopyN(io.Discard, r, int64(length))
	return err
}

// prepare makes a request; id is the part of it that holds the delivery id.
func prepare(addr string) (request, id []byte) {
	body := payload()
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	const placeholder = "0000000000000000"
	var b bytes.Buffer
	fmt.Fprintf(&b, "POST /webhooks/github HTTP/1.1\r\nHost: %s\r\nUser-Agent: GitHub-Hookshot/bench\r\nAccept: */*\r\n"+
		"Content-Type: application/json\r\nX-GitHub-Event: issues\r\nX-GitHub-Delivery: 5f8b2c1e-0000-4000-8000-%s\r\n"+
		"X-Hub-Signature-256: sha256=%s\r\nContent-Length: %d\r\n\r\n", addr, placeholder, hex.EncodeToString(mac.Sum(nil)), len(body))
	at := bytes.Index(b.Bytes(), []byte(placeholder))
	b.Write(body)
	return b.Bytes(), b.Bytes()[at : at+len(placeholder)]
}

// payload is a close of an issue, as large and as branched as GitHub's own:
// users and repositories come with dozens of addresses.
func payload() []byte {
	links := func(base string, names ...string) string {
		var b strings.Builder
		for _, n := range names {
			fmt.Fprintf(&b, `"%s_url":"%s/%s{/number}",`, n, base, n)
		}
		return b.String()
	}
	const api = "https://api.github.example"
	user := func(login string) string {
		return fmt.Sprintf(`{"login":%q,"id":21031067,"node_id":"U_kgDOBx",%s"type":"User","site_admin":false}`, login,
			links(api+"/users/"+login, "avatar", "gravatar", "html", "followers", "following", "gists", "starred", "subscriptions", "organizations", "repos", "events", "received_events"))
	}
	repository := fmt.Sprintf(`{"id":186853002,"node_id":"R_kgDO","name":"checkout","full_name":%q,"private":true,"owner":%s,%s"size":1204,"default_branch":"main","topics":[],"visibility":"private"}`,
		repo, user("acme"), links(api+"/repos/"+repo, "html", "forks", "keys", "collaborators", "teams", "hooks", "issue_events", "events", "assignees", "branches", "tags", "blobs",
			"git_tags", "git_refs", "trees", "statuses", "languages", "stargazers", "contributors", "subscribers", "subscription", "commits", "git_commits", "comments", "issue_comment",
			"contents", "compare", "merges", "archive", "downloads", "issues", "pulls", "milestones", "notifications", "labels", "releases", "deployments", "git", "ssh", "clone", "svn"))
	issue := func(text string) string {
		return fmt.Sprintf(`{%s"id":444500041,"node_id":"I_kwDO","number":%d,"title":"Retry the payment with a back-off","user":%s,`+
			`"labels":[{"id":1362934389,"name":"P1","color":"d73a4a","default":false},{"id":1362934390,"name":"postmortem","color":"0e8a16","default":false}],`+
			`"state":"closed","locked":false,"assignee":%s,"assignees":[%s],"milestone":null,"comments":3,"created_at":"2026-11-02T08:00:00Z",`+
			`"updated_at":"2026-11-16T10:15:30Z","closed_at":"2026-11-16T10:15:29Z","author_association":"MEMBER","state_reason":"completed","body":%q}`,
			links(api+"/repos/"+repo+"/issues/12", "repository", "labels", "comments", "events", "html", "timeline"), ticket, user("alice"), user("bob"), user("bob"), text)
	}
	whole := func(text string) string {
		return fmt.Sprintf(`{"action":"closed","issue":%s,"repository":%s,"sender":%s}`, issue(text), repository, user("bob"))
	}
	const size = 11 << 10
	text := strings.Repeat("The payment is tried once and given up. ", max(0, size-len(whole("")))/40)
	return []byte(whole(text))
}
