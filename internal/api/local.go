package api

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// forwarders are headers that a proxy adds: with one of them the peer is not
// the user, however local it looks.
var forwarders = map[string]bool{
	"Forwarded": true, "Via": true, "X-Real-Ip": true, "X-Client-Ip": true, "True-Client-Ip": true,
	"Cf-Connecting-Ip": true, "Fastly-Client-Ip": true, "X-Cluster-Client-Ip": true, "X-Original-Host": true,
	"X-Original-Forwarded-For": true, "X-Envoy-External-Address": true,
}

// notLocal says why a request can't be taken for one of the local user, or
// nothing.
func notLocal(r *http.Request) string {
	if !loopbackAddr(r.RemoteAddr) {
		return "this request comes from another machine"
	}
	if a, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok && !loopbackAddr(a.String()) {
		return "this request came in on an address that is not loopback"
	}
	// A page elsewhere can point its own name at 127.0.0.1; the Host header
	// then still carries that name.
	if !loopbackHost(r.Host) {
		return "the Host header does not name this machine"
	}
	for name := range r.Header {
		if forwarders[name] || strings.HasPrefix(name, "X-Forwarded") {
			return "this request came through a proxy"
		}
	}
	return ""
}

func loopbackAddr(hostport string) bool {
	ap, err := netip.ParseAddrPort(hostport)
	return err == nil && ap.Addr().Unmap().IsLoopback()
}

func loopbackHost(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}
