package api

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"
)

// Role is what a token may do; each role may do all that the one before may.
type Role string

// The roles, least first. A deployments token has none.
const (
	Viewer   Role = "viewer"
	Operator Role = "operator"
	Admin    Role = "admin"
)

var roles = []Role{"", Viewer, Operator, Admin}

// Allows reports whether r includes need.
func (r Role) Allows(need Role) bool { return slices.Index(roles, r) >= slices.Index(roles, need) }

// TokenKind tells the tokens under api from those under deployments.
type TokenKind string

// The kinds of tokens.
const (
	KindAPI         TokenKind = "api"
	KindDeployments TokenKind = "deployments"
)

// Token is a configured bearer token, kept only as the hash of its secret.
type Token struct {
	Name         string
	Hash         [sha256.Size]byte // HashToken of the secret
	Kind         TokenKind
	Role         Role     // KindAPI
	Person       string   // KindAPI: who holds it; empty: nobody in particular
	Services     []string // KindDeployments: configured names; empty: all
	Environments []string // KindDeployments; empty: all
}

// HashToken is what a Token keeps of its secret.
func HashToken(secret string) [sha256.Size]byte { return sha256.Sum256([]byte(secret)) }

// Actor is who made a request.
type Actor struct {
	Name         string // name of the token, or "local"
	Kind         TokenKind
	Role         Role
	Person       string
	Services     []string
	Environments []string
	Local        bool // let in by the open rule, without a token
}

// mayDeploy says why the actor may not report for this target.
func (a Actor) mayDeploy(service, environment string) error {
	if len(a.Services) > 0 && !slices.Contains(a.Services, service) {
		return Forbidden{fmt.Sprintf("the token %q may not report for the service %q, only for %s; add it under deployments.tokens",
			a.Name, service, strings.Join(a.Services, ", "))}
	}
	if len(a.Environments) > 0 && !slices.Contains(a.Environments, environment) {
		return Forbidden{fmt.Sprintf("the token %q may not report for the environment %q, only for %s; add it under deployments.tokens",
			a.Name, environment, strings.Join(a.Environments, ", "))}
	}
	return nil
}

// Auth decides who made a request. It is safe for concurrent use.
type Auth struct {
	tokens      []Token
	local       bool
	deployments bool // some deployments token is configured
	origin      *http.CrossOriginProtection
}

// NewAuth makes an Auth. With local, a request without a token that plainly
// comes from this machine is let in as an admin without a person; pass true
// only if no api section is configured and both the listening address and the
// public URL are loopback. An API token among tokens switches it off.
func NewAuth(tokens []Token, local bool) *Auth {
	a := &Auth{tokens: slices.Clone(tokens), local: local, origin: http.NewCrossOriginProtection()}
	for _, t := range tokens {
		if t.Kind == KindDeployments {
			a.deployments = true
		} else {
			a.local = false
		}
	}
	return a
}

// Identify names the actor of a request. Its error is a problem with status
// 401 or 403 that never contains the secret.
func (a *Auth) Identify(r *http.Request) (Actor, error) {
	values := r.Header.Values("Authorization")
	if len(values) == 0 {
		return a.identifyLocal(r)
	}
	scheme, secret, _ := strings.Cut(values[0], " ")
	secret = strings.TrimSpace(secret)
	if len(values) > 1 || !strings.EqualFold(scheme, "Bearer") || secret == "" {
		return Actor{}, unauthorized("", "the Authorization header must be: Bearer <token>")
	}
	hash := HashToken(secret)
	found := -1
	// Every token is compared, so that the time taken tells nothing.
	for i := range a.tokens {
		found = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare(hash[:], a.tokens[i].Hash[:]), i, found)
	}
	if found < 0 {
		return Actor{}, unauthorized("invalid_token", "this token is not known here: see api.tokens and deployments.tokens in the configuration")
	}
	t := a.tokens[found]
	return Actor{Name: t.Name, Kind: t.Kind, Role: t.Role, Person: t.Person,
		Services: t.Services, Environments: t.Environments}, nil
}

func (a *Auth) identifyLocal(r *http.Request) (Actor, error) {
	if !a.local {
		return Actor{}, unauthorized("", "a token is needed: send Authorization: Bearer <token>, with a token from the configuration")
	}
	if why := notLocal(r); why != "" {
		return Actor{}, unauthorized("", "without api.tokens in the configuration only the local user is let in, and "+why+"; configure api.tokens")
	}
	// A page in the local user's browser must not act for that user.
	if err := a.origin.Check(r); err != nil {
		return Actor{}, problem(http.StatusForbidden, "this request comes from a page of another site and was refused")
	}
	return Actor{Name: "local", Kind: KindAPI, Role: Admin, Local: true}, nil
}

// Require is a middleware for routes outside the API, such as /metrics: it
// lets through who has the role, and answers all others with a problem.
func (a *Auth) Require(role Role) gin.HandlerFunc {
	return func(c *gin.Context) {
		actor, err := a.Identify(c.Request)
		if err == nil {
			err = permit(actor, need{role: role}, a.deployments)
		}
		if err != nil {
			writeProblem(c, err)
			return
		}
		c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), actorKey{}, actor))
		c.Next()
	}
}

type actorKey struct{}

// ActorOf is the actor of the request that ctx belongs to. Behind Require and
// in the handlers of the API there always is one.
func ActorOf(ctx context.Context) Actor {
	a, _ := ctx.Value(actorKey{}).(Actor)
	return a
}

// need is what an operation demands of its actor.
type need struct {
	role   Role
	deploy bool // a deployments token
	reads  bool // a deployments token may, too, for what it reports on
	person bool // a token that belongs to a person, whatever its role
	asks   bool // with what_if=true it only reads
}

func permit(a Actor, n need, deployTokens bool) error {
	if n.deploy {
		switch {
		case a.Kind == KindDeployments:
			return nil
		case a.Local && !deployTokens:
			return nil
		case a.Local:
			return unauthorized("", "a deployment is reported with a token of deployments.tokens: send Authorization: Bearer <token>")
		}
		return problem(http.StatusForbidden, "a deployment is reported with a token of deployments.tokens; an API token can't")
	}
	if a.Kind == KindDeployments {
		if n.reads {
			return nil
		}
		return problem(http.StatusForbidden, fmt.Sprintf("the token %q only reports deployments; this needs a token of api.tokens with the role %s", a.Name, n.roleName()))
	}
	if n.person && a.Person == "" {
		return problem(http.StatusForbidden, "this needs a token whose person is an approver: set person on a token of api.tokens")
	}
	if !a.Role.Allows(n.role) {
		return problem(http.StatusForbidden, fmt.Sprintf("this needs the role %s; the role of the token %q is %s", n.role, a.Name, a.Role))
	}
	return nil
}

func (n need) roleName() Role {
	if n.role == "" {
		return Viewer
	}
	return n.role
}

func unauthorized(code, detail string) error {
	challenge := `Bearer realm="holdfast"`
	if code != "" {
		challenge += `, error="` + code + `"`
	}
	return huma.ErrorWithHeaders(problem(http.StatusUnauthorized, detail), http.Header{"Www-Authenticate": {challenge}})
}
