package authn

import (
	"strings"

	"iisd/server/status"
)

// Conn is the authentication state of one client connection. Its zero value is
// a connection that has not authenticated. It lives as a field of the
// connection and nowhere else, so no other connection can reach it and it needs
// no lock: exchanges on a connection follow one another.
type Conn struct {
	user    *User   // established for the connection
	method  string  // scheme that established user
	pending Context // half-established, awaiting the client's next message
	scheme  string  // scheme that pending was started with
}

// User returns the user established for the connection, nil if there is none.
func (c *Conn) User() *User { return c.user }

// Drop forgets the user and a handshake under way: the connection has come to
// another site, or speaks for another client.
func (c *Conn) Drop() { *c = Conn{} }

// Authenticate returns the account r runs as. Nothing is remembered where the
// connection does not outlive the request, so a handshake of several legs
// cannot finish there (Q288323). The error, if any, is a *Denied.
func (c *Conn) Authenticate(p *Policy, r *Request) (Result, error) {
	if r.Authorization == "" {
		return c.bare(p, r)
	}
	return c.credentials(p, r)
}

// bare decides a request without credentials.
func (c *Conn) bare(p *Policy, r *Request) (Result, error) {
	c.pending = nil // a context gets one chance: the client has abandoned it
	if u := c.user; u != nil {
		if p.keeps(c.method, u, r.Proxied) {
			return Result{User: u, Persists: r.Persist}, nil
		}
		c.Drop()
		if p.anonymousOnly() && p.Rules.NoReturnToAnonymous {
			return Result{}, p.denied(r, &Denied{
				Status: or(p.Rules.Config, status.LogonConfig),
				Cause: Cause{Account: u.String(), Method: "Anonymous", Win32: status.SecENoCredentials,
					Reason: "the connection has authenticated and cannot return to anonymous access"},
			})
		}
	}
	return anonymous(p, r)
}

// anonymous lets a request without usable credentials in as the anonymous
// account, where the node allows that.
func anonymous(p *Policy, r *Request) (Result, error) {
	if p.Anonymous == nil {
		return Result{}, p.denied(r, &Denied{
			Status: or(p.Rules.Config, status.LogonConfig),
			Cause: Cause{Win32: status.SecENoCredentials,
				Reason: "the request carries no credentials and anonymous access is not allowed"},
		})
	}
	u, err := p.Anonymous()
	if err != nil {
		return Result{}, p.denied(r, refusedAccount(p.Rules, "Anonymous", LegBare, err))
	}
	return Result{User: u}, nil
}

// credentials decides a request that carries an Authorization field. The user
// of the connection goes first, whatever comes of the new credentials.
func (c *Conn) credentials(p *Policy, r *Request) (Result, error) {
	pending := c.pending
	scheme := c.scheme
	c.Drop()

	name, rest, _ := strings.Cut(r.Authorization, " ")
	m := p.method(name)
	if m == nil {
		return notOffered(p, r, name)
	}
	if bound(m) && r.Proxied && p.ProxiedNTLM == Refuse {
		return Result{}, p.denied(r, &Denied{
			Status: or(p.Rules.Config, status.LogonConfig),
			Leg:    LegFailed,
			Cause: Cause{Method: m.Scheme(), Win32: status.SecENoCredentials,
				Reason: "the request came through a proxy and ProxiedNTLM refuses it"},
		})
	}

	ctx := pending
	if ctx == nil || scheme != m.Scheme() {
		ctx = m.NewContext()
	} else if k, ok := ctx.(continuer); ok {
		k.continueWith(m)
	}
	challenge, user, err := ctx.Accept(r, strings.Trim(rest, " \t"))
	switch {
	case err != nil:
		return Result{}, p.failed(r, m, challenge, err)
	case user == nil:
		d := p.continues(r, m, challenge)
		if r.Persist {
			c.pending, c.scheme = ctx, m.Scheme()
		}
		return Result{}, d
	case user.guest && p.Anonymous == nil:
		return Result{}, p.failed(r, m, "", refuseGuest(p.Rules, m, user))
	}
	res := Result{User: user, Challenge: challenge}
	if r.Persist && p.persists(user.Package, r.Proxied) {
		c.user, c.method = user, m.Scheme()
		res.Persists = true
	}
	return res, nil
}

// notOffered decides credentials of a scheme that the node does not offer.
func notOffered(p *Policy, r *Request, scheme string) (Result, error) {
	if p.anonymousOnly() && !p.Rules.RefuseOnAnonymousOnly {
		return anonymous(p, r)
	}
	scheme = printable(scheme)
	return Result{}, p.denied(r, &Denied{
		Status: or(p.Rules.Config, status.LogonConfig),
		Leg:    LegFailed,
		Cause: Cause{Method: scheme, Win32: status.SecENoCredentials,
			Reason: "the client sent " + scheme + " credentials, which the node does not offer"},
	})
}

// continues returns the denial that carries the next message of a handshake.
func (p *Policy) continues(r *Request, m Method, challenge string) *Denied {
	d := &Denied{
		Status:     or(p.Rules.Continue, status.LogonContinue),
		Challenges: []string{challenge},
		Leg:        LegChallenge,
		Cause:      Cause{Method: m.Scheme()},
	}
	if !r.Persist {
		d.Cause.Reason = notPersistent(r) + ", so the handshake cannot go on"
		p.keepAliveOff(r, d)
	}
	return d
}

// failed completes the denial of a logon: the whole list is offered again.
func (p *Policy) failed(r *Request, m Method, challenge string, err error) *Denied {
	d, ok := err.(*Denied)
	if !ok {
		d = &Denied{Status: status.Of(err), Cause: Cause{Reason: err.Error(), Win32: status.Of(err).Win32}}
	}
	d.Leg = LegFailed
	if d.Cause.Method == "" {
		d.Cause.Method = m.Scheme()
	}
	if bound(m) && d.Status.Code == status.LogonFailed.Code {
		p.keepAliveOff(r, d)
	}
	p.denied(r, d)
	if challenge == "" {
		return d
	}
	for i, offered := range p.Methods {
		if offered == m && i < len(d.Challenges) {
			d.Challenges[i] = challenge
		}
	}
	return d
}

// keepAliveOff gives d the face that NTLM without keep-alives has in this
// version (Q288323).
func (p *Policy) keepAliveOff(r *Request, d *Denied) {
	if r.KeepAliveOff && p.Rules.KeepAliveOff != (status.Status{}) {
		d.Status = p.Rules.KeepAliveOff
	}
}

// denied gives a 401 the challenges of all methods, in order.
func (p *Policy) denied(r *Request, d *Denied) *Denied {
	if d.Status.Code == status.LogonFailed.Code {
		d.Challenges = p.Offer(r)
	}
	return d
}

// Offer returns the WWW-Authenticate field values that offer every method, in
// order, to a client that has not chosen one: what a 401.3 carries too. It is
// nil where the node offers none.
func (p *Policy) Offer(r *Request) []string {
	if len(p.Methods) == 0 {
		return nil
	}
	list := make([]string, len(p.Methods))
	for i, m := range p.Methods {
		list[i] = m.Challenge(r)
	}
	return list
}

// method returns the method of a scheme, compared without regard to case, nil
// if the node does not offer it.
func (p *Policy) method(scheme string) Method {
	for _, m := range p.Methods {
		if strings.EqualFold(m.Scheme(), scheme) {
			return m
		}
	}
	return nil
}

// keeps reports whether the user of a connection may go on at this node: it
// must offer the method that established him, or his security package by its
// own name, and let him stay.
func (p *Policy) keeps(scheme string, u *User, proxied bool) bool {
	if p.method(scheme) == nil && p.method(u.Package) == nil {
		return false
	}
	if u.guest && p.Anonymous == nil {
		return false
	}
	return p.persists(u.Package, proxied)
}

// Admits reports whether a user who has logged on by one of the methods offered
// here needs no other logon. The anonymous account is judged anew, and so is who
// comes by NTLM through a proxy where that is refused.
func (p *Policy) Admits(u *User, proxied bool) bool {
	if proxied && p.ProxiedNTLM == Refuse && u != nil && u.Package == "NTLM" {
		return false
	}
	if u == nil || u.Package == "" || u.guest && p.Anonymous == nil {
		return false
	}
	return p.method(u.Scheme) != nil || p.method(u.Package) != nil
}

func (p *Policy) persists(pkg string, proxied bool) bool {
	return p.Persists != nil && p.Persists(pkg, proxied)
}

func (p *Policy) anonymousOnly() bool { return p.Anonymous != nil && len(p.Methods) == 0 }

// bound reports whether a method authenticates the connection in several legs,
// so that it needs one that persists.
func bound(m Method) bool {
	_, ok := m.(interface{ bound() })
	return ok
}

// refuseGuest is the refusal of the built-in Guest account where anonymous
// access is off (Q251171).
func refuseGuest(rules *Rules, m Method, u *User) error {
	cause := &Cause{Account: u.String(), Win32: status.ErrorAccountRestriction,
		Reason: u.String() + " is the Guest account, which is refused where anonymous access is off"}
	if bound(m) {
		return refusedNTLM(rules, m.Scheme(), cause)
	}
	return refusedAccount(rules, m.Scheme(), LegFailed, cause)
}

// notPersistent says why the connection ends with the request.
func notPersistent(r *Request) string {
	if r.KeepAliveOff {
		return "the connection does not persist (AllowKeepAlive is false)"
	}
	return "the connection does not persist (the client asked to close it)"
}

// or returns s, or otherwise if s is zero.
func or(s, otherwise status.Status) status.Status {
	if s == (status.Status{}) {
		return otherwise
	}
	return s
}

// printable returns at most 32 characters of a client's word, those of a token
// (RFC 7230, section 3.2.6) only, fit for a log.
func printable(word string) string {
	b := make([]byte, 0, 32)
	for i := 0; i < len(word) && len(b) < cap(b); i++ {
		if c := word[i]; c > ' ' && c < 0x7F {
			b = append(b, c)
		}
	}
	if len(b) == 0 {
		return "unnamed"
	}
	return string(b)
}
