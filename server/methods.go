package server

import (
	"iisd/metabase"
	"iisd/server/http1"
	"iisd/server/status"
)

// handle makes the response, once the request may have it: a switch over the
// method, the node and the file.
func (x *exchange) handle() error {
	switch {
	case x.req.UnknownExpect && !x.prof.IgnoreBadExpect:
		return status.Expectation
	case x.req.ContentLength > int64(x.node.MaxRequestEntityAllowed) && x.node.MaxRequestEntityAllowed != metabase.Unlimited:
		x.persist = false
		return status.TooLarge
	}
	switch x.req.Method {
	case "GET", "HEAD":
		return x.get()
	case "OPTIONS":
		return x.options()
	case "TRACE":
		if x.prof.Trace {
			return x.trace()
		}
	}
	return x.refuseMethod()
}

// options answers OPTIONS with the methods there are.
func (x *exchange) options() error {
	if len(x.prof.Options) == 0 {
		return x.refuseMethod()
	}
	r := &x.resp
	r.code, r.kind = 200, kindOptions
	r.set(hServer, x.prof.Server)
	for i := range x.prof.Options {
		r.set(x.prof.Options[i].header, x.prof.Options[i].value)
	}
	r.custom = x.node.HttpCustomHeaders
	return nil
}

// trace echoes the request (RFC 9110, section 9.3.8), less what a page must not
// learn of the client's credentials.
func (x *exchange) trace() error {
	r := &x.resp
	b := append(x.scratch[:0], "TRACE "...)
	b = append(b, x.req.Target...)
	b = append(b, ' ')
	b = append(b, x.req.Proto.String()...)
	b = append(b, "\r\n"...)
	for _, f := range x.req.Fields {
		if !secretField(f.Name) {
			b = http1.AppendField(b, f.Name, f.Value)
		}
	}
	b = append(b, "\r\n"...)
	x.scratch = b
	r.code, r.kind = 200, kindDynamic
	r.set(hServer, x.prof.Server)
	r.set(hContentType, "message/http")
	r.custom = x.node.HttpCustomHeaders
	r.setMemory(b)
	return nil
}

// secretField reports whether TRACE leaves a field out: cross-site tracing reads
// cookies and credentials off the echo (RFC 9110, section 9.3.8).
func secretField(name string) bool {
	for _, s := range [...]string{"Authorization", "Proxy-Authorization", "Cookie"} {
		if equalFold(name, s) {
			return true
		}
	}
	return false
}

// refuseMethod refuses a method as the version does: 405 with Allow, 403 or 501.
func (x *exchange) refuseMethod() error {
	out, ok := x.prof.Methods[x.req.Method]
	if !ok {
		out = x.prof.Methods[""]
	}
	if out.status == (status.Status{}) {
		out.status = status.NotImplemented
	}
	x.resp.reason = out.reason
	if out.status.Code == 405 {
		x.resp.set(hAllow, x.prof.Allow)
	}
	return out.status
}

// equalFold reports whether two ASCII names are the same but for case.
func equalFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
