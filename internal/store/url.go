package store

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Limits of one exchange with the store. A caller who must answer a webhook
// can't wait longer than a few seconds to learn that the store is away.
const (
	dialTimeout = 2 * time.Second
	ioTimeout   = 3 * time.Second
)

const urlForms = "want redis://host:6379/0, rediss://…, redis+cluster://h1,h2 or redis+sentinel://h1,h2/master/0"

// address is a store URL taken apart. net/url takes no list of hosts, and its
// errors repeat the password.
type address struct {
	tls    bool
	kind   string // "", "cluster", "sentinel"
	user   *url.Userinfo
	hosts  []string // host:port
	path   []string
	query  url.Values
	secret string
}

func parseAddress(raw string) (address, error) {
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok {
		return address{}, errors.New("no scheme; " + urlForms)
	}
	var a address
	base, kind, _ := strings.Cut(scheme, "+")
	a.tls, a.kind = base == "rediss", kind
	if base != "redis" && base != "rediss" || kind != "" && kind != "cluster" && kind != "sentinel" || strings.HasSuffix(scheme, "+") {
		return address{}, errors.New("unknown scheme; " + urlForms)
	}
	// What stands before the path is never repeated in an error: it may be part
	// of a password with an unescaped slash.
	hosts, query, _ := strings.Cut(rest, "?")
	hosts, path, _ := strings.Cut(hosts, "/")
	if strings.Contains(path, "@") {
		return address{}, errors.New("a / in the user or the password must be written as %2F")
	}
	if i := strings.LastIndexByte(hosts, '@'); i >= 0 {
		user, password, has := strings.Cut(hosts[:i], ":")
		user, err1 := url.PathUnescape(user)
		password, err2 := url.PathUnescape(password)
		if err1 != nil || err2 != nil {
			return address{}, errors.New("the user or the password has a % that starts no escape: write %25 for it")
		}
		a.user, a.secret = url.User(user), password
		if has {
			a.user = url.UserPassword(user, password)
		}
		hosts = hosts[i+1:]
	}
	var err error
	if a.query, err = url.ParseQuery(query); err != nil {
		return address{}, errors.New("the part after ? can't be read")
	}
	port := "6379"
	if kind == "sentinel" {
		port = "26379"
	}
	for h := range strings.SplitSeq(hosts, ",") {
		if kind == "" && hosts == "" {
			h = "localhost"
		}
		host, err := hostPort(h, port)
		if err != nil {
			return address{}, err
		}
		a.hosts = append(a.hosts, host)
	}
	if kind == "" && len(a.hosts) > 1 {
		return address{}, errors.New("several hosts need redis+cluster:// or redis+sentinel://")
	}
	a.path = strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
	return a, nil
}

func hostPort(h, defaultPort string) (string, error) {
	u, err := url.Parse("redis://" + h)
	if err != nil || u.Hostname() == "" || u.Host != h {
		return "", errors.New("what should be host or host:port can't be read; in a user or password write / as %2F, ? as %3F and @ as %40")
	}
	if u.Port() == "" {
		return u.Host + ":" + defaultPort, nil
	}
	return u.Host, nil
}

// forLibrary writes the address in the form that go-redis parses: further
// hosts as addr parameters.
func (a address) forLibrary(path string, q url.Values) string {
	for _, h := range a.hosts[1:] {
		q.Add("addr", h)
	}
	u := url.URL{Scheme: "redis", User: a.user, Host: a.hosts[0], Path: path, RawQuery: q.Encode()}
	if a.tls {
		u.Scheme = "rediss"
	}
	return u.String()
}

// clientFor builds the client of a URL and a name for it without its password.
func clientFor(raw string, syncs *syncing) (redis.UniversalClient, string, error) {
	if path, ok := strings.CutPrefix(raw, "unix://"); ok && strings.HasPrefix(path, "/") {
		o, err := redis.ParseURL(raw)
		if err != nil {
			return nil, "", errors.New("want unix:///path/of/redis.sock?db=0")
		}
		defaults(o)
		return syncs.watch(redis.NewClient(o)), o.Addr, nil
	}
	a, err := parseAddress(raw)
	if err != nil {
		return nil, "", err
	}
	c, err := a.client(syncs)
	if err != nil {
		// The library's errors name the option or the part that is wrong; the
		// whole address, with the password, is only in *url.Error.
		var ue *url.Error
		if errors.As(err, &ue) || a.secret != "" && strings.Contains(err.Error(), a.secret) {
			err = errors.New("can't be read")
		}
		return nil, "", fmt.Errorf("%w; %s", err, urlForms)
	}
	where := strings.Join(append([]string{strings.Join(a.hosts, ",")}, a.path...), "/")
	if a.kind != "" {
		where = a.kind + " " + where
	}
	return c, where, nil
}

func (a address) client(syncs *syncing) (redis.UniversalClient, error) {
	switch a.kind {
	case "cluster":
		if len(a.path) > 0 && (len(a.path) > 1 || a.path[0] != "0") {
			return nil, errors.New("a cluster has database 0 only")
		}
		o, err := redis.ParseClusterURL(a.forLibrary("", a.query))
		if err != nil {
			return nil, err
		}
		clusterDefaults(o)
		o.NewClient = func(o *redis.Options) *redis.Client { return syncs.watch(redis.NewClient(o)) }
		return redis.NewClusterClient(o), nil
	case "sentinel":
		return a.sentinelClient(syncs)
	}
	o, err := redis.ParseURL(a.forLibrary("/"+strings.Join(a.path, "/"), a.query))
	if err != nil {
		return nil, err
	}
	defaults(o)
	return syncs.watch(redis.NewClient(o)), nil
}

// sentinelClient takes the user and password of the URL for the Redis servers
// themselves; those of the Sentinels, where they have any, are the parameters
// sentinel_username and sentinel_password.
func (a address) sentinelClient(syncs *syncing) (redis.UniversalClient, error) {
	if len(a.path) == 0 {
		return nil, errors.New("the name of the master is missing")
	}
	q := a.query
	user, password := q.Get("sentinel_username"), q.Get("sentinel_password")
	q.Del("sentinel_username")
	q.Del("sentinel_password")
	q.Set("master_name", a.path[0])
	b := a
	b.user = nil
	o, err := redis.ParseFailoverURL(b.forLibrary("/"+strings.Join(a.path[1:], "/"), q))
	if err != nil {
		return nil, err
	}
	o.SentinelUsername, o.SentinelPassword = user, password
	if a.user != nil {
		o.Username = a.user.Username()
		o.Password, _ = a.user.Password()
	}
	o.ContextTimeoutEnabled, o.DisableIdentity = true, true
	o.MaxRetries, o.PipelinePoolSize = orInt(o.MaxRetries, -1), orInt(o.PipelinePoolSize, -1)
	o.DialTimeout, o.DialerRetries = orTime(o.DialTimeout, dialTimeout), orInt(o.DialerRetries, 1)
	o.ReadTimeout, o.WriteTimeout = orTime(o.ReadTimeout, ioTimeout), orTime(o.WriteTimeout, ioTimeout)
	return syncs.watch(redis.NewFailoverClient(o)), nil
}

// defaults sets what the ledger needs where the URL says nothing. A command is
// not repeated by the client: it may have been carried out, and the ledger
// knows better which of its writes can be repeated.
func defaults(o *redis.Options) {
	o.ContextTimeoutEnabled, o.DisableIdentity = true, true
	o.MaxRetries, o.PipelinePoolSize = orInt(o.MaxRetries, -1), orInt(o.PipelinePoolSize, -1)
	o.DialTimeout, o.DialerRetries = orTime(o.DialTimeout, dialTimeout), orInt(o.DialerRetries, 1)
	o.ReadTimeout, o.WriteTimeout = orTime(o.ReadTimeout, ioTimeout), orTime(o.WriteTimeout, ioTimeout)
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}

func clusterDefaults(o *redis.ClusterOptions) {
	o.ContextTimeoutEnabled, o.DisableIdentity = true, true
	o.PipelinePoolSize = orInt(o.PipelinePoolSize, -1)
	o.DialTimeout, o.DialerRetries = orTime(o.DialTimeout, dialTimeout), orInt(o.DialerRetries, 1)
	o.ReadTimeout, o.WriteTimeout = orTime(o.ReadTimeout, ioTimeout), orTime(o.WriteTimeout, ioTimeout)
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}

func orInt(v, otherwise int) int {
	if v == 0 {
		return otherwise
	}
	return v
}

func orTime(v, otherwise time.Duration) time.Duration {
	if v == 0 {
		return otherwise
	}
	return v
}
