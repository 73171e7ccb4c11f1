package api_test

import (
	"net/http"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/internal/api"
	"github.com/holdfast-dev/holdfast/internal/api/apitest"
)

func TestWhoMayWhat(t *testing.T) {
	const waiver, cause = `{"duration":"4w","reason":"x"}`, `{"cause":"deployment:7"}`
	calls := []struct {
		method, path, body string
		who                []string // allowed; all others are refused
	}{
		{"GET", "/items", "", []string{"ops", "filer", "eyes", "lead"}},
		{"GET", "/items/a/1", "", []string{"ops", "filer", "eyes", "lead"}},
		{"GET", "/deployments", "", []string{"ops", "filer", "eyes", "lead"}},
		{"GET", "/reopenings", "", []string{"ops", "filer", "eyes", "lead"}},
		{"GET", "/pause", "", []string{"ops", "filer", "eyes", "lead"}},
		{"GET", "/doctor", "", []string{"ops", "filer", "eyes", "lead"}},
		{"GET", "/version", "", []string{"ops", "filer", "eyes", "lead", "ci"}},
		{"GET", "/openapi.json", "", []string{"ops", "filer", "eyes", "lead", "ci"}},
		{"POST", "/postmortems", `{"id":"x","items":[{"title":"Do it"}]}`, []string{"ops", "filer"}},
		{"POST", "/items/a/1/changes", `{"sha":"abcdef1"}`, []string{"ops", "filer"}},
		{"POST", "/items/a/1/retry", "", []string{"ops", "filer"}},
		{"POST", "/items/a/1/waiver", waiver, []string{"lead"}}, // ops is a person, but no approver
		{"DELETE", "/items/a/1/waiver", "", []string{"lead"}},
		{"POST", "/items/a/1/attestation", `{"url":"https://acme.example/"}`, []string{"lead"}},
		{"POST", "/pause", "", []string{"ops"}},
		{"POST", "/resume", "", []string{"ops"}},
		{"POST", "/reopenings/confirm", cause, []string{"ops"}},
		{"POST", "/reopenings/drop", cause, []string{"ops"}},
		{"POST", "/deployments", `{"service":"checkout","environment":"prod-eu","sha":"abcdef1"}`, []string{"ci"}},
	}
	secrets := map[string]string{"ops": apitest.AdminSecret, "filer": apitest.OperatorSecret, "eyes": apitest.ViewerSecret, "lead": apitest.LeadSecret, "ci": apitest.CISecret}
	for _, c := range calls {
		for name, secret := range secrets {
			b := &apitest.Backend{Groups: []api.ReopeningView{{Cause: "deployment:7", State: "held"}}}
			b.Add(item("a/1", "Item"))
			s := serve(t, b)
			got := s.send(secret, c.method, "/api/v1"+c.path, c.body)
			allowed := false
			for _, w := range c.who {
				allowed = allowed || w == name
			}
			if allowed {
				require.Less(t, got.status, 300, "%s %s by %s: %s", c.method, c.path, name, got.text)
			} else {
				got.problem(t, 403)
				require.Empty(t, b.Calls)
				require.Empty(t, b.Reports)
			}
		}
		for header, value := range map[string]string{"X-Nothing": "x", "Authorization": "Bearer wrong-secret-wrong-secret", "authorization": "Basic YTpi", "AUTHORIZATION": "Bearer "} {
			got := serve(t, &apitest.Backend{}).send("", c.method, "/api/v1"+c.path, c.body, header, value)
			got.problem(t, 401)
			require.Contains(t, got.header.Get("WWW-Authenticate"), "Bearer")
			require.NotContains(t, got.text, "wrong-secret")
		}
	}
}

func TestARefusalSaysWhichRoleIsNeeded(t *testing.T) {
	s := serve(t, &apitest.Backend{})
	s.send(apitest.ViewerSecret, "POST", "/api/v1/pause", "").problem(t, 403, "the role admin", "eyes", "viewer")
	s.send(apitest.CISecret, "GET", "/api/v1/items", "").problem(t, 403, "the role viewer")
	s.send(apitest.OperatorSecret, "POST", "/api/v1/items/a/1/waiver", `{"duration":"4w","reason":"x"}`).problem(t, 403, "approver")
	s.send(apitest.AdminSecret, "POST", "/api/v1/deployments", `{}`).problem(t, 403, "deployments.tokens")
}

func TestTheOpenRule(t *testing.T) {
	b := &apitest.Backend{}
	b.Add(item("a/1", "Item"))
	open := &site{t, apitest.Serve(t, b, nil), b}
	require.Equal(t, 200, open.send("", "GET", "/api/v1/items", "").status)
	require.Equal(t, 200, open.send("", "POST", "/api/v1/pause", "").status)
	require.Equal(t, 202, open.send("", "POST", "/api/v1/deployments", `{"service":"checkout","environment":"prod-us","sha":"abcdef1"}`).status)
	require.Equal(t, 200, open.send("", "GET", "/api/v1/items", "", "Host", "localhost:8080").status)
	require.Equal(t, 200, open.send("", "GET", "/api/v1/items", "", "Host", "[::1]:8080").status)
	// No person is behind it.
	open.send("", "POST", "/api/v1/items/a/1/waiver", `{"duration":"4w","reason":"x"}`).problem(t, 403, "person")
	// A wrong token is a mistake, not no token.
	open.send("some-token-some-token", "GET", "/api/v1/items", "").problem(t, 401)

	for _, h := range [][2]string{{"Host", "evil.example"}, {"Host", "localhost.evil.example"}, {"Host", "127.0.0.1.nip.example"}, {"Host", "10.0.0.1"},
		{"X-Forwarded-For", "127.0.0.1"}, {"X-Forwarded-Host", "localhost"}, {"Forwarded", "for=127.0.0.1"}, {"X-Real-IP", "127.0.0.1"}, {"Via", "1.1 proxy"}} {
		open.send("", "GET", "/api/v1/items", "", h[0], h[1]).problem(t, 401, "local user")
	}
	for _, h := range [][2]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"}} {
		open.send("", "POST", "/api/v1/pause", "", h[0], h[1]).problem(t, 403, "another site")
	}
	require.Equal(t, 200, open.send("", "POST", "/api/v1/pause", "", "Sec-Fetch-Site", "same-origin").status)
}

func TestTheOpenRuleWithADeploymentsToken(t *testing.T) {
	b := &apitest.Backend{}
	e := gin.New()
	auth := api.NewAuth(apitest.Tokens()[4:], true)
	e.GET("/metrics", auth.Require(api.Viewer), func(c *gin.Context) { c.JSON(200, gin.H{"by": api.ActorOf(c.Request.Context()).Name}) })
	url := serveEngine(t, e)
	s := &site{t, url, b}
	require.Equal(t, "local", s.send("", "GET", "/metrics", "").body["by"])
	s.send(apitest.CISecret, "GET", "/metrics", "").problem(t, 403)
	s.send("nobody-nobody-nobody", "GET", "/metrics", "").problem(t, 401)

	require.Empty(t, api.ActorOf(t.Context()).Name)
	api.Register(e, api.Options{Backend: b, Auth: auth, Log: quiet()})
	body := `{"service":"checkout","environment":"prod-eu","sha":"abcdef1"}`
	s.send("", "POST", "/api/v1/deployments", body).problem(t, 401, "deployments.tokens")
	require.Equal(t, 202, s.send(apitest.CISecret, "POST", "/api/v1/deployments", body).status)
}

func TestAnAPITokenClosesTheOpenRule(t *testing.T) {
	auth := api.NewAuth(apitest.Tokens(), true)
	r, err := http.NewRequest("GET", "http://127.0.0.1/", nil)
	require.NoError(t, err)
	r.RemoteAddr = "127.0.0.1:5000"
	_, err = auth.Identify(r)
	require.Error(t, err)
	auth = api.NewAuth(nil, true)
	_, err = auth.Identify(r)
	require.NoError(t, err)
	for _, addr := range []string{"10.0.0.7:5000", "@", "", "[2001:db8::1]:5"} {
		r.RemoteAddr = addr
		_, err = auth.Identify(r)
		require.Error(t, err, addr)
	}
	r.RemoteAddr = "[::ffff:127.0.0.1]:5000"
	_, err = auth.Identify(r)
	require.NoError(t, err)
	// Two headers are ambiguous: a proxy may read the other one.
	r.Header["Authorization"] = []string{"Bearer a", "Bearer b"}
	_, err = auth.Identify(r)
	require.Error(t, err)
}
