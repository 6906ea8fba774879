package server

import (
	"strings"
	"unsafe"

	"iisd/server/status"
)

// route finds the site by the address the request came in on and its host
// name, request by request (Q296458). A connection that comes to another site
// loses its user.
func (x *exchange) route() error {
	c := x.conn
	site := c.place.site(lowerHost(hostName(x.req.Host)))
	if site == nil {
		if x.prof.kernel != nil {
			return errHostname
		}
		x.node, x.below = x.site.Resolve("/")
		x.set = x.state.settingsOf(x.site, x.node)
		return status.SiteNotFound
	}
	x.site, x.prof = site, site.prof
	if c.site != site.ID {
		if c.site != "" {
			c.auth.Drop()
		}
		c.site = site.ID
		c.countFor(site)
	}
	c.idleNanos = site.idleNanos
	return nil
}

// admit refuses what exceeds MaxConnections: 403.9 up to 5.1 (Q248074), HTTP.sys's
// 503 from 6.0 on.
func (x *exchange) admit() error {
	s := x.site
	if s.max < 0 || s.count.n.Load() <= s.max {
		return nil
	}
	x.persist = false
	if x.prof.kernel != nil {
		return status.Unavailable
	}
	return status.TooManyUsers
}

// hostName returns the host part of a Host field, without port and brackets.
func hostName(host string) string {
	if strings.HasPrefix(host, "[") {
		if i := strings.IndexByte(host, ']'); i > 0 {
			return host[1:i]
		}
		return host
	}
	if i := strings.LastIndexByte(host, ':'); i >= 0 {
		return host[:i]
	}
	return host
}

// lowerHost returns a host name in lower case; one that is already is returned
// as it is.
func lowerHost(host string) string { return strings.ToLower(host) }

// stringOf returns b as a string without copying it. The string is valid as
// long as b is not written to: until the exchange ends.
func stringOf(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
