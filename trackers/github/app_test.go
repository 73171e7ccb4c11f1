package github

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-dev/holdfast/trackers"
)

func TestAppUsesATokenForEachInstallation(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	pemKey := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	now := time.Now()
	s := newScript(t)
	asApp := func(h http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if parts := strings.Split(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), "."); len(parts) != 3 {
				w.WriteHeader(401)
				return
			}
			h(w, r)
		}
	}
	made := 0
	for id, owner := range map[int]string{1: "acme", 2: "beta"} {
		s.on(fmt.Sprintf("GET /repos/%s/x/installation", owner), asApp(answer(200, fmt.Sprintf(`{"id":%d,"account":{"login":%q}}`, id, owner))))
		s.on(fmt.Sprintf("POST /app/installations/%d/access_tokens", id), asApp(func(w http.ResponseWriter, _ *http.Request) {
			made++
			w.WriteHeader(201)
			_, _ = fmt.Fprintf(w, `{"token":"ghs_%d_%d","expires_at":%q}`, id, made, now.Add(time.Hour).UTC().Format(time.RFC3339))
		}))
		s.on(fmt.Sprintf("GET /repos/%s/x", owner), func(w http.ResponseWriter, r *http.Request) {
			_, _ = fmt.Fprintf(w, `{"full_name":%q}`, r.Header.Get("Authorization"))
		})
	}
	s.on("GET /app/installations", asApp(answer(200, `[{"id":1,"account":{"login":"acme"}},{"id":2,"account":{"login":"beta"}}]`)))
	s.on("GET /app", asApp(answer(200, `{"slug":"holdfast"}`)))

	clock := now
	tr, err := New(Options{Name: "github", APIURL: s.URL, App: App{ID: 12, PrivateKey: pemKey}, Now: func() time.Time { return clock }})
	require.NoError(t, err)
	read := func(repo string) string {
		t.Helper()
		r, err := tr.Repository(t.Context(), repo)
		require.NoError(t, err)
		return r.FullName
	}
	require.Equal(t, "Bearer ghs_1_1", read("acme/x"))
	require.Equal(t, "Bearer ghs_1_1", read("acme/x"), "the token is kept")
	require.Equal(t, "Bearer ghs_2_2", read("beta/x"))
	clock = now.Add(56 * time.Minute)
	require.Equal(t, "Bearer ghs_1_3", read("acme/x"), "renewed before it ends")

	_, _, err = tr.Credential(t.Context())
	require.Equal(t, trackers.Denied, trackers.ClassOf(err), "two installations: which one?")
	user, secret, err := tr.CredentialFor(t.Context(), "beta/x")
	require.NoError(t, err)
	require.Equal(t, "x-access-token", user)
	require.Contains(t, secret, "ghs_2_")

	own, err := tr.ownLogins(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"holdfast[bot]"}, own)
	require.True(t, tr.Check(t.Context(), nil)[0].OK)

	_, err = tr.Repository(t.Context(), "gamma/x")
	require.Equal(t, trackers.NotFound, trackers.ClassOf(err), "not installed there")
	_, err = tr.Create(t.Context(), trackers.Draft{Target: "gamma/x", Title: "x", Marker: draft.Marker})
	require.Equal(t, trackers.NotFound, trackers.ClassOf(err), "no credential, so nothing was sent: not uncertain")
	require.NotContains(t, err.Error(), "ghs_")
}

func TestCredentialOfAToken(t *testing.T) {
	tr, err := New(Options{Name: "github", Token: " tok\n"})
	require.NoError(t, err)
	user, secret, err := tr.Credential(t.Context())
	require.NoError(t, err)
	require.Equal(t, [2]string{"x-access-token", "tok"}, [2]string{user, secret})
	s := newScript(t)
	s.on("GET /repos/acme/x", func(w http.ResponseWriter, r *http.Request) {
		require.Empty(t, r.Header.Get("Authorization"))
		_, _ = io.WriteString(w, `{}`)
	})
	tr, err = New(Options{Name: "github", APIURL: s.URL})
	require.NoError(t, err)
	_, err = tr.Repository(t.Context(), "acme/x")
	require.NoError(t, err)
	user, _, err = tr.Credential(t.Context())
	require.NoError(t, err)
	require.Empty(t, user)
}
