package github

import (
	"context"
	"fmt"
	"net/http"
	"sort"
	"strings"
	"sync"
	"time"

	gh "github.com/google/go-github/v60/github"
	githubauth "github.com/jferrl/go-githubauth"
	"golang.org/x/oauth2"

	"github.com/holdfast-dev/holdfast/trackers"
	"github.com/holdfast-dev/holdfast/trackers/internal/rest"
)

// app holds one client for each installation: limits and tokens are theirs.
type app struct {
	api *gh.Client // authenticated as the app itself

	mu    sync.Mutex
	owner map[string]*installation // by owner in lower case
}

type installation struct {
	id  int64
	api *gh.Client

	mu      sync.Mutex
	token   string
	expires time.Time
}

func newApp(t *Tracker, o App) (*app, error) {
	src, err := githubauth.NewApplicationTokenSource(o.ID, o.PrivateKey)
	if err != nil {
		return nil, fmt.Errorf("reading the private key: %w", err)
	}
	a := &app{owner: map[string]*installation{}}
	a.api = t.newClient(func(r *http.Request) error { return bearer(r, src) })
	return a, nil
}

func bearer(r *http.Request, src oauth2.TokenSource) error {
	tok, err := src.Token()
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+tok.AccessToken)
	return nil
}

// client is the client that may work on the repository.
func (t *Tracker) client(ctx context.Context, repo string) (*gh.Client, error) {
	if t.app == nil {
		return t.api, nil
	}
	in, err := t.installation(ctx, repo)
	if err != nil {
		return nil, err
	}
	return in.api, nil
}

// installation finds the app's installation for the repository's owner, from
// memory after the first time.
func (t *Tracker) installation(ctx context.Context, repo string) (*installation, error) {
	owner, _, _ := strings.Cut(strings.ToLower(repo), "/")
	t.app.mu.Lock()
	in := t.app.owner[owner]
	t.app.mu.Unlock()
	if in != nil {
		return in, nil
	}
	path, err := repoPath("find the app's installation", repo)
	if err != nil {
		return nil, err
	}
	var got gh.Installation
	if _, err := t.doWith(ctx, t.app.api, call{op: "find the app's installation for " + repo, method: "GET", path: path + "/installation", out: &got}); err != nil {
		return nil, err
	}
	return t.keepInstallation(owner, got.GetID()), nil
}

func (t *Tracker) keepInstallation(owner string, id int64) *installation {
	t.app.mu.Lock()
	defer t.app.mu.Unlock()
	if in := t.app.owner[owner]; in != nil {
		return in
	}
	in := &installation{id: id}
	in.api = t.newClient(func(r *http.Request) error {
		tok, err := t.installationToken(r.Context(), in)
		if err != nil {
			return err
		}
		r.Header.Set("Authorization", "Bearer "+tok)
		return nil
	})
	t.app.owner[owner] = in
	return in
}

// installationToken is the installation's token, renewed five minutes before
// it ends so that no call starts with one that ends under way.
func (t *Tracker) installationToken(ctx context.Context, in *installation) (string, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.token != "" && t.now().Add(5*time.Minute).Before(in.expires) {
		return in.token, nil
	}
	var got gh.InstallationToken
	_, err := t.doWith(ctx, t.app.api, call{
		op: "get an installation token", method: "POST", effect: rest.Write,
		path: fmt.Sprintf("app/installations/%d/access_tokens", in.id), out: &got,
	})
	if err != nil {
		return "", err
	}
	in.token, in.expires = got.GetToken(), got.GetExpiresAt().Time
	return in.token, nil
}

// installations lists all installations of the app, and remembers them.
func (t *Tracker) installations(ctx context.Context) ([]*installation, error) {
	var all []*installation
	err := listWith(ctx, t, t.app.api, call{op: "list the app's installations"}, "app/installations", nil, func(page []gh.Installation) bool {
		for _, i := range page {
			all = append(all, t.keepInstallation(strings.ToLower(i.GetAccount().GetLogin()), i.GetID()))
		}
		return true
	})
	sort.Slice(all, func(i, j int) bool { return all[i].id < all[j].id })
	return all, err
}

// Credential is what git needs over HTTP. An app with several installations
// has no single one: ask CredentialFor.
func (t *Tracker) Credential(ctx context.Context) (user, secret string, err error) {
	if t.app == nil {
		if t.token == "" {
			return "", "", nil
		}
		return "x-access-token", t.token, nil
	}
	all, err := t.installations(ctx)
	if err != nil {
		return "", "", err
	}
	if len(all) != 1 {
		return "", "", &trackers.Error{Op: "get a credential for git", Class: trackers.Denied,
			Err: fmt.Errorf("the app has %d installations: the repository must be known", len(all))}
	}
	return t.credentialOf(ctx, all[0])
}

// CredentialFor is what git needs over HTTP for one repository.
func (t *Tracker) CredentialFor(ctx context.Context, repo string) (user, secret string, err error) {
	if t.app == nil {
		return t.Credential(ctx)
	}
	in, err := t.installation(ctx, repo)
	if err != nil {
		return "", "", err
	}
	return t.credentialOf(ctx, in)
}

func (t *Tracker) credentialOf(ctx context.Context, in *installation) (string, string, error) {
	tok, err := t.installationToken(ctx, in)
	if err != nil {
		return "", "", err
	}
	return "x-access-token", tok, nil
}
