package server

import (
	"errors"
	"fmt"
	"net"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"iisd/authn"
	"iisd/logging"
	"iisd/metabase"
	"iisd/server/http1"
	"iisd/server/status"
	"iisd/server/urlpath"
)

// An exchange is one request and its response. It holds the metabase snapshot
// it began with. Exchanges are used again, so that an ordinary request
// allocates nothing.
type exchange struct {
	conn   *conn
	server *Server
	state  *state
	prof   *Profile
	now    time.Time // when the first byte of the request was seen

	in   input
	req  http1.Head
	body http1.Body

	site  *site
	path  string // decoded, canonical URL path
	asked string // as path was before a default document took its place
	node  *metabase.Node
	below string    // what of path lies below the node's virtual directory
	set   *settings // what follows from the node's properties
	stem  string    // cs-uri-stem, where it is not path

	auth      authn.Request
	user      *authn.User // account the request runs as
	challenge string      // final token of the logon, for the response
	deferred  bool        // the default document is to judge the credentials
	persists  bool        // the user now stays for the connection
	leg       authn.Leg   // what a 401 is in the life of a handshake

	resp      response
	persist   bool // connection outlives the response; a step may clear it, never set it
	keepOff   bool // because AllowKeepAlive is false
	continued bool // 100 Continue has been sent
	broken    bool // the response could not be sent whole
	gathered  bool // the whole response is in out, or has been sent
	sent      int64
	received  int64
	out       []byte

	entry   logging.Entry
	refused *http1.Error // the request never reached a site
	pathBuf []byte
	scratch []byte
	iov     [2][]byte
	vec     net.Buffers
}

// begin makes x ready for the next request of c.
func (x *exchange) begin(c *conn) {
	s := c.server
	x.conn, x.server = c, s
	x.now = s.clock()
	x.state = s.state.Load()
	if c.state != x.state {
		c.follow(x.state)
	}
	x.site = c.place.first
	x.prof = x.site.prof
	x.req.Reset()
	x.body = http1.Body{}
	x.path, x.asked, x.node, x.below, x.set, x.stem = "", "", nil, "", nil, ""
	x.user, x.challenge, x.deferred, x.persists, x.leg = nil, "", false, false, authn.LegBare
	x.resp = response{}
	x.persist, x.keepOff, x.continued, x.broken, x.gathered = true, false, false, false, false
	x.sent, x.received = 0, 0
	x.refused = nil
}

// limits returns how much a head may hold; the first site bound to the address
// rules, since no other is known yet.
func (x *exchange) limits() *http1.Limits { return &x.site.limits }

// run carries the exchange through the steps IIS takes, in IIS's order
// (MSDN Library April 2000, "Event Notification Order"). The first step
// that fails decides the response.
func (x *exchange) run() error {
	if err := x.resolve(); err != nil {
		return err
	}
	if err := x.restrict(); err != nil {
		return err
	}
	if err := x.authenticate(); err != nil {
		return err
	}
	if err := x.authorize(); err != nil {
		return err
	}
	return x.handle()
}

// guard runs the exchange; a panic becomes a 500, a line in the service log and
// nothing worse.
func (x *exchange) guard() (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v: %w", p, status.ServerError)
			x.persist = false
			x.server.panicked(x.conn, p)
		}
	}()
	return x.run()
}

// panicked says in the service log what has gone wrong in the program.
func (s *Server) panicked(c *conn, p any) {
	s.serviceLog().Error("panic in a request", "client", c.clientIP, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
}

// outcome names the outcome of the request as this version does.
func (x *exchange) outcome(err error) status.Status {
	if err == nil {
		return status.Status{Code: x.resp.code}
	}
	if e, ok := errors.AsType[*http1.Error](err); ok {
		x.refused = e
		return status.Status{Code: e.Code}
	}
	st := status.Of(err)
	if st.Code == 400 && x.prof.kernel != nil { // credentials that are none: HTTP.sys refuses them
		x.refused = errCredentials
		return status.BadRequest
	}
	if x.site.observed {
		if s, ok := x.prof.Observed[st]; ok {
			return s
		}
	}
	if s, ok := x.prof.Statuses[st]; ok {
		return s
	}
	return st
}

// fail makes the response of a request that a step has refused. Any 401 offers
// the challenges: those of the refusal, or the node's own where a logged-on
// user was refused and may try as another.
func (x *exchange) fail(st status.Status, err error) {
	x.closeFile()
	r := &x.resp
	reason, allow, contentRange := r.reason, r.value[hAllow], r.value[hContentRange]
	*r = response{code: st.Code, kind: kindError, reason: reason}
	r.set(hAllow, allow)
	r.set(hContentRange, contentRange)
	denied, _ := errors.AsType[*authn.Denied](err)
	switch {
	case denied != nil:
		x.leg = denied.Leg
		r.challenges = denied.Challenges
		x.server.refusedLogon(x, st, denied)
	case st.Code == 401:
		x.leg = authn.LegFailed
		r.challenges = x.set.challenges(&x.auth)
	case st.Code == 500:
		x.server.serviceLog().Error("request failed", "client", x.conn.clientIP, "error", err)
	}
	if x.challenge != "" {
		r.challenges = append(r.challenges, x.challenge)
	}
	if x.node != nil {
		r.custom = x.node.HttpCustomHeaders
	}
	var page []byte
	var contentType string
	k := x.prof.kernel
	switch {
	case k != nil && (x.refused != nil || st == status.Unavailable):
		r.kind = kindKernel
		r.custom = nil
		r.set(hServer, k.Server)
		page, contentType = k.page(st.Code, x.reason())
		x.persist = false
	case k != nil && k.challenge != nil && x.leg == authn.LegChallenge && x.node.UseKernelMode:
		r.kind = kindKernel401
		r.custom = nil
		r.set(hServer, k.ChallengeServer)
		page, contentType = k.challenge()
	default:
		r.kind = x.prof.errorKind(st)
		if text := x.prof.errorReason(st); text != "" {
			r.reason = text
		}
		r.set(hServer, x.prof.Server)
		page, contentType = x.errorPage(st)
		if x.prof.ErrorsClose && x.leg != authn.LegChallenge {
			x.persist = false
		}
	}
	r.set(hContentType, contentType)
	r.setMemory(page)
}

// errorPage returns the page of an outcome, by ErrorMode from 7.0 on.
func (x *exchange) errorPage(st status.Status) (page []byte, contentType string) {
	if x.prof.detailed != nil && x.node != nil {
		switch x.node.ErrorMode {
		case "Detailed":
			return x.prof.detailed(st)
		case "DetailedLocalOnly":
			if x.conn.client.Addr().IsLoopback() {
				return x.prof.detailed(st)
			}
		}
	}
	return x.prof.page(st)
}

// reason returns HTTPERR's word for the refusal.
func (x *exchange) reason() http1.Reason {
	if x.refused != nil {
		return x.refused.Reason
	}
	return http1.ConnLimit
}

// settle decides, before the response goes out, whether the connection outlives
// it, and makes the response say so. A body that nobody has read is dropped
// after the response if it is of a bearable size, so that a challenge to a
// POST does not end the handshake; else the connection closes. In no case does
// an unread body run as a request (CVE-2022-22720).
func (x *exchange) settle() {
	r := &x.resp
	if r.noLength || x.server.draining.Load() {
		x.persist = false
	}
	if x.persist && !x.body.Done() {
		switch {
		case x.body.Left() > drainBudget:
			x.persist = false
		case x.req.Expect100 && !x.continued && !x.in.pending():
			// The client waits for leave to send its body, and does not
			// have it; whether it sends the body after a refusal is its
			// choice. A handshake must go on, so there it is told to.
			if x.leg == authn.LegChallenge {
				x.continueBody()
			} else {
				x.persist = false
			}
		}
	}
	if x.prof.PersistentAuth && x.user != nil && x.auth.Authorization != "" && x.user.Package != "" && x.user.Package != "Basic" {
		r.set(hPersistentAuth, strconv.FormatBool(x.persists))
	}
	if !x.body.Done() && x.in.pending() {
		x.continued = true // it has not waited for leave
	}
	switch {
	case !x.persist:
		x.announceClose()
	case x.req.Proto == http1.HTTP10, !x.prof.HTTP11:
		r.set(hConnection, x.prof.KeepAliveEcho)
	}
}

// drainBudget is the largest unread body that is dropped to keep a connection.
const drainBudget = 64 << 20

// continueBody tells a client that waits for it to send its body.
func (x *exchange) continueBody() {
	if !x.req.Expect100 || x.continued || x.req.Proto != http1.HTTP11 || !x.prof.HTTP11 {
		return
	}
	x.continued = true
	if x.in.pending() {
		return // it does not wait
	}
	x.out = append(x.out, "HTTP/1.1 100 Continue\r\n\r\n"...)
}

// finish drops what is left of the request's body, and counts what has arrived
// of it.
func (x *exchange) finish() {
	if x.persist && !x.broken && !x.body.Done() {
		if done, err := x.body.Drain(drainBudget); err != nil || !done {
			x.persist = false
		}
	}
	x.received += x.body.Received()
	if !x.body.Done() {
		x.received += int64(len(x.in.buffered()))
	}
}

// resolve finds the site, the node that governs the URL and the physical path.
// It maps names only: the disk is not asked before the account is known, so a
// stranger cannot tell a missing file from a guarded one (Q195639).
func (x *exchange) resolve() error {
	if err := x.route(); err != nil {
		return err
	}
	x.persist = x.req.WantsKeepAlive() && (x.prof.HTTP11 || x.req.KeepAlive)
	if x.prof.kernel != nil && x.lacksLength() {
		return http1.ErrLengthRequired
	}
	raw := x.req.Path
	if raw == "*" {
		raw = "/"
	}
	path, err := urlpath.Clean(x.pathBuf[:0], raw, &x.prof.URL)
	if err != nil {
		return x.badPath(err)
	}
	x.pathBuf = path
	x.path = stringOf(path)
	x.asked = x.path
	x.node, x.below = x.site.Resolve(x.path)
	x.set = x.state.settingsOf(x.site, x.node)
	if !x.node.AllowKeepAlive && (!x.prof.KeepAlive10Only || x.req.Proto != http1.HTTP11) {
		x.keepOff = x.persist
		x.persist = false
	}
	return x.admit()
}

// lacksLength reports whether the method has a body and the request no length:
// HTTP.sys asks for one.
func (x *exchange) lacksLength() bool {
	return x.req.ContentLength < 0 && !x.req.Chunked && (x.req.Method == "POST" || x.req.Method == "PUT")
}

// badPath turns a path that cannot be into the version's answer: HTTP.sys
// refuses it before any site sees it, the older service reports its own 400 or
// 404.
func (x *exchange) badPath(err error) error {
	switch {
	case errors.Is(err, urlpath.ErrForbidden):
		return errForbidden
	case errors.Is(err, urlpath.ErrTooLong):
		if x.prof.kernel == nil {
			return errURLTooLong
		}
		return errURL
	case errors.Is(err, urlpath.ErrInvalid):
		return errURL
	}
	x.node, x.below = x.site.Resolve("/")
	x.set = x.state.settingsOf(x.site, x.node)
	return status.NotFound.With(status.ErrorInvalidName)
}

// Refusals of a request-target that no site sees.
var (
	errURL         = &http1.Error{Reason: http1.URL, Code: 400, Text: "the URL is malformed"}
	errURLTooLong  = &http1.Error{Reason: http1.URLLength, Code: 414, Text: "the URL is too long"}
	errForbidden   = &http1.Error{Reason: http1.Forbidden, Code: 403, Text: "the URL leaves the site"}
	errCredentials = &http1.Error{Reason: http1.Header, Code: 400, Text: "the Authorization field is malformed"}
	errHostname    = &http1.Error{Reason: http1.Hostname, Code: 400, Text: "no site answers to this host name"}
)

// restrict refuses what may not come in whoever asks.
func (x *exchange) restrict() error {
	f := x.node.AccessSSLFlags
	if f == 0 || x.conn.listener.secure {
		return nil
	}
	switch {
	case f&metabase.AccessSSL != 0:
		return status.SSLRequired
	case f&metabase.AccessSSL128 != 0: // stands by itself (Q308255)
		return status.SSL128Required
	}
	return nil
}

// authenticate finds the account the request runs as.
func (x *exchange) authenticate() error {
	c, a := x.conn, &x.auth
	a.Method, a.URI, a.Host = x.req.Method, x.req.Target, hostName(x.req.Host)
	a.Authorization = x.header("Authorization")
	a.LocalAddr, a.Client = c.local.Addr(), c.client.Addr()
	a.Persist, a.KeepAliveOff, a.Now = x.persist, x.keepOff, x.now
	a.Proxied = (a.Authorization != "" || c.auth.User() != nil) && x.proxied()
	if a.Authorization != "" && !x.deferred && x.judgedByDocument() {
		if user, err := x.set.policy.Anonymous(); err == nil {
			x.user, x.deferred = user, true
			return nil
		}
	}
	res, err := c.auth.Authenticate(x.set.policy, a)
	if err != nil {
		return err
	}
	x.user, x.challenge, x.persists = res.User, res.Challenge, res.Persists
	return nil
}

// proxied reports whether a proxy that is not known to keep one connection for
// each client has passed the request on.
func (x *exchange) proxied() bool {
	if !x.req.Has("Via") && !x.req.Has("X-Forwarded-For") && !x.req.Has("Forwarded") {
		return false
	}
	return !x.site.pins(x.conn.client.Addr())
}

// authorize asks whether the account may have what it asks for.
func (x *exchange) authorize() error {
	n := x.node
	if n.FileACL != nil && !allowed(n.FileACL, x.user, 'R') {
		return status.ACLDenied
	}
	if n.AccessFlags&metabase.AccessRead == 0 {
		return status.ReadDenied
	}
	if n.AccessFlags&metabase.AccessNoRemoteRead != 0 && !x.conn.client.Addr().IsLoopback() {
		return status.ReadDenied
	}
	return nil
}

// allowed reports whether acl gives user a right: R, W, X or F. Who is not
// listed is refused, and a deny beats an allow (Q155253, Q154952).
func allowed(acl []metabase.ACE, user *authn.User, right byte) bool {
	ok := false
	for i := range acl {
		e := &acl[i]
		if strings.IndexByte(e.Rights, right) < 0 || !user.Is(e.Account) {
			continue
		}
		if !e.Allow {
			return false
		}
		ok = true
	}
	return ok
}
