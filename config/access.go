package config

import (
	"fmt"
	"net"
	"net/url"
	"strings"
)

// The roles of API tokens; each may do what the one before may.
const (
	RoleViewer   = "viewer"
	RoleOperator = "operator"
	RoleAdmin    = "admin"
)

// API is who may use the API and the pages.
type API struct {
	Tokens []APIToken `yaml:"tokens"`
}

// APIToken is a bearer token for the API.
type APIToken struct {
	Name   string `yaml:"name"`
	Token  Secret `yaml:"token"`
	Role   string `yaml:"role" oneof:"viewer operator admin"`
	Person string `yaml:"person" jsonschema_description:"Who waives and attests with this token."`
}

// Deployments is who may report deployments.
type Deployments struct {
	Tokens []DeploymentToken `yaml:"tokens"`
}

// DeploymentToken is a bearer token for deployments alone. No services or no
// environments means all of them.
type DeploymentToken struct {
	Name         string   `yaml:"name"`
	Token        Secret   `yaml:"token"`
	Services     []string `yaml:"services"`
	Environments []string `yaml:"environments"`
}

// OpenAPIAllowed says why the API must not be served as configured: without an
// api section it is open to whoever reaches it, so listen and public_url must
// both be loopback. It is nil where there is an api section.
func (c *Config) OpenAPIAllowed() error {
	if c.API != nil {
		return nil
	}
	key, value := "listen", c.Listen
	if host, _, err := net.SplitHostPort(c.Listen); err == nil && loopback(host) {
		u, err := url.Parse(c.PublicURL)
		if err == nil && loopback(u.Hostname()) {
			return nil
		}
		key, value = "public_url", c.PublicURL
	}
	return fmt.Errorf("without an api section the API is open to all who reach it, and %s %q is not loopback; "+
		"add api.tokens, or set %s to 127.0.0.1", key, value, key)
}

func loopback(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
