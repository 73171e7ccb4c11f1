package webhook

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/hex"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func sha1Signature(secret string, body []byte) string {
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write(body)
	return "sha1=" + hex.EncodeToString(mac.Sum(nil))
}

func TestGitHubRefusesBadDeliveries(t *testing.T) {
	good := sign(githubSecret, []byte(closedIssue))
	deep := strings.Repeat(`{"a":`, 200000) + "1" + strings.Repeat("}", 200000)
	for _, tc := range []struct {
		name   string
		body   string
		header map[string]string // over those of a right delivery; empty: taken away
		status int
	}{
		{"unsigned", closedIssue, map[string]string{"X-Hub-Signature-256": ""}, 401},
		{"signed with another secret", closedIssue, map[string]string{"X-Hub-Signature-256": sign("guess", []byte(closedIssue))}, 401},
		{"signed with the empty secret", closedIssue, map[string]string{"X-Hub-Signature-256": sign("", []byte(closedIssue))}, 401},
		{"another body under a right signature", closedIssue + " ", map[string]string{"X-Hub-Signature-256": good}, 401},
		{"half a signature", closedIssue, map[string]string{"X-Hub-Signature-256": good[:40]}, 401},
		{"a longer signature", closedIssue, map[string]string{"X-Hub-Signature-256": good + "00"}, 401},
		{"no hex digits", closedIssue, map[string]string{"X-Hub-Signature-256": "sha256=" + strings.Repeat("zz", 32)}, 401},
		{"the digest without its prefix", closedIssue, map[string]string{"X-Hub-Signature-256": good[7:]}, 401},
		{"SHA-1 alone", closedIssue, map[string]string{"X-Hub-Signature-256": "", "X-Hub-Signature": sha1Signature(githubSecret, []byte(closedIssue))}, 401},
		{"SHA-1 in the place of SHA-256", closedIssue, map[string]string{"X-Hub-Signature-256": sha1Signature(githubSecret, []byte(closedIssue))}, 401},
		{"no event", closedIssue, map[string]string{"X-GitHub-Event": ""}, 400},
		{"no delivery id", closedIssue, map[string]string{"X-GitHub-Delivery": ""}, 400},
		{"an endless delivery id", closedIssue, map[string]string{"X-GitHub-Delivery": strings.Repeat("x", 201)}, 400},
		{"a delivery id with a space", closedIssue, map[string]string{"X-GitHub-Delivery": "a b"}, 400},
		{"truncated", closedIssue[:60], nil, 400},
		{"truncated inside the last bracket", closedIssue[:len(closedIssue)-1], nil, 400},
		{"empty", "", nil, 400},
		{"no object", `[1,2]`, nil, 400},
		{"no JSON", "hello", nil, 400},
		{"two documents", closedIssue + closedIssue, nil, 400},
		{"nested too deeply", deep, nil, 400},
		{"no issue", `{"action":"closed","repository":{"full_name":"acme/checkout"}}`, nil, 400},
		{"an issue without a number", `{"action":"closed","issue":{"number":"12"},"repository":{"full_name":"acme/checkout"}}`, nil, 400},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := start(t)
			header := map[string]string{"X-GitHub-Event": "issues", "X-GitHub-Delivery": "d1", "X-Hub-Signature-256": sign(githubSecret, []byte(tc.body))}
			for k, v := range tc.header {
				header[k] = v
			}
			requireProblem(t, f.post("/webhooks/github", strings.NewReader(tc.body), header), tc.status)
			require.Empty(t, f.take())
		})
	}
}

func TestGitHubAnswers200ToWhatIsNoneOfItsBusiness(t *testing.T) {
	f := start(t)
	for event, body := range map[string]string{
		"ping": `{"zen":"x"}`, "star": `{}`, "check_run": `{"action":"created"}`, "no_such_event": `{"x":1}`,
		"issues": strings.Replace(closedIssue, "acme/checkout", "other/place", 1),
	} {
		r := f.github(event, "d-"+event, body)
		require.Equal(t, 200, r.Status, event)
		require.Contains(t, r.Body, `"status":"ignored"`)
	}
	require.Empty(t, f.take())
	require.Equal(t, 5, f.counted["ignored"])
}

func TestGitHubAnswers202ToARelevantKindThatLeavesNothingToRecord(t *testing.T) {
	f := start(t)
	for event, body := range map[string]string{
		"push":          `{"ref":"refs/notes/v1","repository":{"full_name":"acme/checkout"}}`,
		"pull_request":  `{"action":"labeled","number":1,"repository":{"full_name":"acme/checkout"}}`,
		"issue_comment": `{"action":"deleted","repository":{"full_name":"acme/checkout"}}`,
	} {
		r := f.github(event, "d-"+event, body)
		require.Equal(t, 202, r.Status, event)
		require.Contains(t, r.Body, `"status":"ignored"`)
	}
	require.Empty(t, f.take())
	require.Equal(t, 3, f.counted["ignored"])
}

func TestTwoSignatureHeadersAreRefused(t *testing.T) {
	f := start(t)
	req, err := http.NewRequest(http.MethodPost, f.url+"/webhooks/github", strings.NewReader(closedIssue))
	require.NoError(t, err)
	req.Header["X-Hub-Signature-256"] = []string{sign(githubSecret, []byte(closedIssue)), "sha256=" + strings.Repeat("0", 64)}
	req.Header.Set("X-GitHub-Event", "issues")
	req.Header.Set("X-GitHub-Delivery", "d1")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	resp.Body.Close()
	require.Equal(t, 401, resp.StatusCode)
}

// zeros is a body of any length that costs no memory.
func zeros(n int64) io.Reader { return io.LimitReader(zeroReader{}, n) }

type zeroReader struct{}

func (zeroReader) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestOversizedBodiesGetAnAnswer(t *testing.T) {
	for name, body := range map[string]io.Reader{
		"announced":          bytes.NewReader(make([]byte, maxBody+1)),
		"of unknown length":  zeros(maxBody + 1),
		"and a good deal so": zeros(maxBody + 4<<20),
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t)
			header := map[string]string{"X-GitHub-Event": "issues", "X-GitHub-Delivery": "d1", "X-Hub-Signature-256": "sha256=" + strings.Repeat("0", 64)}
			requireProblem(t, f.post("/webhooks/github", body, header), 401)
		})
	}
	t.Run("unsigned", func(t *testing.T) {
		requireProblem(t, start(t).post("/webhooks/github", zeros(maxBody), nil), 401)
	})
}

func TestTheLargestBodyIsAccepted(t *testing.T) {
	f := start(t)
	padding := maxBody - len(closedIssue) - len(`,"pad":""`)
	body := closedIssue[:len(closedIssue)-1] + `,"pad":"` + strings.Repeat("p", padding) + `"}`
	require.Len(t, body, maxBody)
	require.Equal(t, 202, f.github("issues", "d1", body).Status)
	require.Len(t, f.take(), 1)
	// Its share of the memory was given back: more of them fit than at once.
	for range 2 * largeBudget / maxBody {
		require.Equal(t, 202, f.github("issues", "d1", body).Status)
	}
}

func TestManyLargeBodiesAtOnceAreBounded(t *testing.T) {
	f := start(t)
	f.handler.large.wait = 200 * time.Millisecond
	require.NoError(t, f.handler.large.budget.Acquire(t.Context(), largeBudget))
	done := make(chan reply, 1)
	go func() {
		done <- f.post("/webhooks/github", zeros(1<<20), map[string]string{"X-Hub-Signature-256": "sha256=" + strings.Repeat("0", 64)})
	}()
	// A delivery of usual size does not wait for the large one.
	require.Equal(t, 202, f.github("issues", "d1", closedIssue).Status)
	requireProblem(t, <-done, 503)
}

func TestASenderThatIsCutOff(t *testing.T) {
	f := start(t)
	conn, err := net.Dial("tcp", strings.TrimPrefix(f.url, "http://"))
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, "POST /webhooks/github HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\nX-Hub-Signature-256: sha256="+strings.Repeat("0", 64)+"\r\n\r\n{\"action\"")
	require.NoError(t, err)
	require.NoError(t, conn.(*net.TCPConn).CloseWrite())
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(time.Minute)))
	got, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.Contains(t, string(got), "400 Bad Request")
	require.Empty(t, f.take())
}

func TestGitHubForms(t *testing.T) {
	f := start(t)
	form := url.Values{"payload": {closedIssue}}.Encode()
	header := func(body, id string) map[string]string {
		return map[string]string{"Content-Type": "application/x-www-form-urlencoded", "X-GitHub-Event": "issues",
			"X-GitHub-Delivery": id, "X-Hub-Signature-256": sign(githubSecret, []byte(body))}
	}
	require.Equal(t, 202, f.post("/webhooks/github", strings.NewReader(form), header(form, "1")).Status)
	require.Equal(t, 12, f.take()[0].Ticket.Number())
	// The signature is that of the form, not of the document in it.
	require.Equal(t, 401, f.post("/webhooks/github", strings.NewReader(form), header(closedIssue, "2")).Status)
	// curl --data calls everything a form.
	require.Equal(t, 202, f.post("/webhooks/github", strings.NewReader(closedIssue), header(closedIssue, "3")).Status)
	empty := "payload=%zz"
	require.Equal(t, 400, f.post("/webhooks/github", strings.NewReader(empty), header(empty, "4")).Status)
}

func TestJiraRefusesBadDeliveries(t *testing.T) {
	good := sign(jiraSecret, []byte(closedJira))
	for _, tc := range []struct {
		name, query, body, signature string
		status                       int
	}{
		{"signed", "", closedJira, good, 202},
		{"with the secret in the address", "?secret=" + url.QueryEscape(jiraSecret), closedJira, "", 202},
		{"unsigned", "", closedJira, "", 401},
		{"an empty secret", "?secret=", closedJira, "", 401},
		{"a wrong secret", "?secret=guess", closedJira, "", 401},
		{"a wrong signature", "", closedJira, sign("guess", []byte(closedJira)), 401},
		{"a wrong signature and the right secret", "?secret=" + url.QueryEscape(jiraSecret), closedJira, sign("guess", []byte(closedJira)), 401},
		{"SHA-1", "", closedJira, sha1Signature(jiraSecret, []byte(closedJira)), 401},
		{"truncated", "", closedJira[:50], sign(jiraSecret, []byte(closedJira[:50])), 400},
		{"no key", "", `{"webhookEvent":"jira:issue_updated","issue":{}}`, sign(jiraSecret, []byte(`{"webhookEvent":"jira:issue_updated","issue":{}}`)), 400},
		{"an unknown event", "", `{"webhookEvent":"board_created"}`, sign(jiraSecret, []byte(`{"webhookEvent":"board_created"}`)), 200},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := start(t)
			r := f.post("/webhooks/jira"+tc.query, strings.NewReader(tc.body), map[string]string{"X-Hub-Signature": tc.signature})
			require.Equal(t, tc.status, r.Status, r.Body)
			if tc.status >= 400 {
				requireProblem(t, r, tc.status)
			}
		})
	}
}

func TestJiraWithoutAnIdentifierIsRecognisedByItsBody(t *testing.T) {
	f := start(t)
	require.Contains(t, f.jira("", closedJira).Body, "recorded")
	require.Contains(t, f.jira("", closedJira).Body, "recorded")
	require.Contains(t, f.jira("", strings.Replace(closedJira, "1763287529000", "1763287529001", 1)).Body, "recorded")
}

// lines is a log that tests read.
type lines struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lines) Write(p []byte) (int, error) { l.mu.Lock(); defer l.mu.Unlock(); return l.b.Write(p) }
func (l *lines) String() string              { l.mu.Lock(); defer l.mu.Unlock(); return l.b.String() }

func TestLogKeepsSecretsOutAndAFloodDown(t *testing.T) {
	var log lines
	f := start(t, func(o *Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	for range 50 {
		f.post("/webhooks/jira?secret=guessed-secret", strings.NewReader(closedJira), nil)
		f.post("/webhooks/jira?secret="+url.QueryEscape(jiraSecret), strings.NewReader("{"), map[string]string{"X-Atlassian-Webhook-Identifier": "x\tlevel=ERROR"})
		f.github("issues", "d1", `{"action":"closed\nlevel=ERROR msg=forged"`)
	}
	got := log.String()
	require.NotContains(t, got, "guessed-secret")
	require.NotContains(t, got, jiraSecret)
	require.NotContains(t, got, "forged")
	require.LessOrEqual(t, strings.Count(got, "\n"), 4, got)
	require.NotEmpty(t, got)
}
