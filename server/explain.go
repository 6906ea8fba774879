package server

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"iisd/authn"
	"iisd/metabase"
	"iisd/server/http1"
	"iisd/server/status"
)

// A Question asks what a request would get.
type Question struct {
	Site   string // number of the site; "": the one the URL leads to
	As     string // account that has proved who it is; "": a request without credentials
	Method string
	URL    string // absolute, or a path
}

// An Explanation says what a request would get, and why.
type Explanation struct {
	Node    string   `json:"node"`              // metabase key that governs the URL
	File    string   `json:"file,omitempty"`    // physical path
	Offers  []string `json:"offers"`            // authentication methods, in the order they are offered
	Status  string   `json:"status"`            // "200", "401.2"
	Because string   `json:"because"`           // one plain sentence
	From    []Source `json:"from"`              // where the properties that decided come from
	Account string   `json:"account,omitempty"` // account the request would run as
}

// A Source says where the value of a property comes from.
type Source struct {
	Property string `json:"property"`
	Key      string `json:"key,omitempty"` // "": the default of the emulated version
}

// Explain says what a request would get, by the steps that answer requests. It
// sends nothing and logs nothing. An error says that the question cannot be
// asked.
func (s *Server) Explain(q *Question) (*Explanation, error) {
	if s.state.Load() == nil {
		if err := s.prepare(); err != nil {
			return nil, err
		}
	}
	u, err := url.Parse(q.URL)
	if err != nil {
		return nil, fmt.Errorf("%q is no URL: write a path such as /docs/ or http://host:port/docs/", q.URL)
	}
	x, err := s.question(q, u)
	if err != nil {
		return nil, err
	}
	err = x.ask(q.As)
	defer x.closeFile()
	return x.explanation(q, err), nil
}

// question makes the exchange that a question is about.
func (s *Server) question(q *Question, u *url.URL) (*exchange, error) {
	st := s.state.Load()
	secure := u.Scheme == "https"
	port := portOf(u, secure)
	site, binding := st.find(q.Site, lowerHost(u.Hostname()), port, secure)
	if site == nil && q.Site != "" {
		return nil, fmt.Errorf("there is no site %s that serves %s", q.Site, q.URL)
	}
	if site == nil {
		return nil, fmt.Errorf("no site is bound to %s: name one with --site", q.URL)
	}
	addr := binding.Addr
	if !addr.IsValid() || addr.IsUnspecified() {
		addr = netip.IPv6Loopback()
		if h, err := netip.ParseAddr(u.Hostname()); err == nil {
			addr = h
		}
	}
	host := u.Host
	if host == "" {
		host = binding.Host
	}
	if host == "" {
		host = netip.AddrPortFrom(addr, uint16(binding.Port)).String()
	}
	target := u.EscapedPath()
	if target == "" {
		target = "/"
	}
	if u.RawQuery != "" {
		target += "?" + u.RawQuery
	}
	c := &conn{server: s, listener: &listener{secure: secure}}
	c.local = netip.AddrPortFrom(addr, uint16(binding.Port))
	c.client = netip.AddrPortFrom(netip.IPv6Loopback(), 0)
	c.clientIP, c.localIP = c.client.Addr().String(), addr.String()
	x := s.acquire()
	x.begin(c)
	c.place.first = site
	c.place.own = &endpoint{any: site, first: site}
	c.place.every = nil
	x.site, x.prof = site, site.prof
	head := q.Method + " " + target + " HTTP/1.1\r\nHost: " + host + "\r\nContent-Length: 0\r\n\r\n"
	if n, err := x.req.Parse([]byte(head), &http1.Limits{}); err != nil || n == 0 {
		return nil, fmt.Errorf("%s %s is no request: %v", q.Method, q.URL, err)
	}
	x.body.Reset(x, &x.req, -1)
	return x, nil
}

func portOf(u *url.URL, secure bool) int {
	if p, err := strconv.Atoi(u.Port()); err == nil {
		return p
	}
	switch {
	case u.Host == "":
		return 0
	case secure:
		return 443
	}
	return 80
}

// find returns the site a question is about and the binding it is asked
// through: by number, else by port and host name, else the first.
func (st *state) find(id, host string, port int, secure bool) (*site, metabase.Binding) {
	var found *site
	var through metabase.Binding
	for _, s := range st.sites {
		bindings := s.Node.ServerBindings
		if secure {
			bindings = s.Node.SecureBindings
		}
		if id != "" && s.ID != id {
			continue
		}
		if id != "" && len(bindings) > 0 {
			return s, bindings[0]
		}
		for _, b := range bindings {
			if port != 0 && b.Port != port {
				continue
			}
			if b.Host == host && host != "" {
				return s, b
			}
			if b.Host == "" && found == nil {
				found, through = s, b
			}
		}
	}
	return found, through
}

// ask runs the steps of the exchange as an account that has proved who it is,
// or without credentials.
func (x *exchange) ask(as string) error {
	if as == "" {
		return x.run()
	}
	if err := x.resolve(); err != nil {
		return err
	}
	if err := x.restrict(); err != nil {
		return err
	}
	p := x.set.policy
	switch {
	case len(p.Methods) > 0:
	case p.Anonymous != nil && !p.Rules.RefuseOnAnonymousOnly: // the credentials are ignored
		user, err := p.Anonymous()
		if err != nil {
			return err
		}
		return x.proceed(user)
	default:
		return &authn.Denied{Status: status.LogonConfig, Cause: authn.Cause{
			Account: as, Reason: "no method of authentication is offered here, so nobody can log on"}}
	}
	user, err := x.logonAs(as)
	if err != nil {
		return err
	}
	return x.proceed(user)
}

// proceed runs the steps that follow a logon.
func (x *exchange) proceed(user *authn.User) error {
	x.user = user
	if err := x.authorize(); err != nil {
		return err
	}
	return x.handle()
}

// logonAs returns the user of an account by the first method through which it
// may log on.
func (x *exchange) logonAs(as string) (*authn.User, error) {
	if name, domain, ok := strings.Cut(as, "@"); ok {
		as = domain + `\` + name
	}
	var first error
	for _, m := range x.set.policy.Methods {
		t := authn.LogonNetwork
		if m.Scheme() == "Basic" {
			t = authn.LogonType(x.node.LogonMethod)
		} else if x.keepOff {
			continue
		}
		user, err := x.site.accounts.User(as, t, x.now)
		if err == nil {
			user.Scheme, user.Package = m.Scheme(), "NTLM"
			if m.Scheme() == "Basic" {
				user.Package = "Basic"
			}
			return user, nil
		}
		if first == nil {
			first = err
		}
	}
	if first == nil {
		st := x.prof.Auth.KeepAliveOff
		if st == (status.Status{}) {
			st = status.LogonBadToken
		}
		first = &authn.Denied{Status: st, Cause: authn.Cause{Account: as, Reason: noKeepAlive}}
	}
	return nil, first
}

const noKeepAlive = "AllowKeepAlive is false, so the connection closes between the messages of an NTLM logon and it cannot finish (Q288323)"

// explanation puts what the steps found into words.
func (x *exchange) explanation(q *Question, err error) *Explanation {
	e := &Explanation{Offers: []string{}}
	if x.node != nil {
		e.Node = x.node.Key
		if v := x.node.VDir; v != nil {
			e.File = filepath.Join(v.Path, filepath.FromSlash(x.below))
		}
	}
	if x.resp.file != nil && x.node.VDir != nil {
		e.File = filepath.Join(x.node.VDir.Path, x.resp.file.Name)
	}
	if x.set != nil {
		for _, m := range x.set.policy.Methods {
			e.Offers = append(e.Offers, m.Scheme())
		}
	}
	st := x.outcome(err)
	e.Status = st.Error()
	if x.user != nil {
		e.Account = x.user.String()
	}
	e.Because = x.because(st, err)
	if x.node != nil {
		e.From = x.sources(st, e.Offers)
	}
	return e
}

// because says in one sentence why.
func (x *exchange) because(st status.Status, err error) string {
	d, denied := errors.AsType[*authn.Denied](err)
	cause, caused := errors.AsType[*authn.Cause](err)
	switch {
	case denied && d.Leg == authn.LegBare && x.keepOff && slices.ContainsFunc(d.Challenges, isIntegrated):
		return "a logon is needed, and " + noKeepAlive
	case denied && d.Leg == authn.LegBare && len(d.Challenges) > 0:
		return "anonymous access is off here, so a client must log on by one of the methods offered"
	case denied && d.Cause.Reason != "":
		return d.Cause.Reason
	case caused && cause.Reason != "":
		return cause.Reason
	case x.refused != nil:
		return x.refused.Text
	}
	if v := x.vdir(); st.Code == 404 && v != nil {
		if _, err := os.Stat(v.Path); err != nil {
			return fmt.Sprintf("the directory of %s is not there: %v", v.Key, err)
		}
	}
	if s := sentences[[2]int{st.Code, st.Sub}]; s != "" {
		return strings.ReplaceAll(s, "ACCOUNT", x.who())
	}
	if err != nil {
		return err.Error()
	}
	return x.who() + " may have it"
}

// vdir returns the virtual directory of the request, nil if there is none.
func (x *exchange) vdir() *metabase.Node {
	if x.node == nil {
		return nil
	}
	return x.node.VDir
}

func isIntegrated(challenge string) bool {
	return strings.HasPrefix(challenge, "NTLM") || strings.HasPrefix(challenge, "Negotiate")
}

// who names the account of the request.
func (x *exchange) who() string {
	switch {
	case x.user == nil:
		return "the client"
	case x.user.Package == "":
		return "the anonymous account " + x.user.String()
	}
	return x.user.String()
}

// sentences say why, for outcomes that need no more than their number.
var sentences = map[[2]int]string{
	{301, 0}:  "the URL names a directory and lacks its slash",
	{302, 0}:  "the URL names a directory and lacks its slash",
	{401, 3}:  "FileACL does not let ACCOUNT read it",
	{403, 2}:  "AccessFlags has no AccessRead here",
	{403, 4}:  "AccessSSL asks for https",
	{403, 5}:  "AccessSSL128 asks for https",
	{403, 9}:  "MaxConnections is reached",
	{403, 14}: "the directory has no default document and EnableDirBrowsing is off",
	{404, 0}:  "ACCOUNT may look, but there is no such file",
	{404, 1}:  "no site answers to this host name",
	{404, 3}:  "MimeMap has no entry for the file's extension",
	{404, 9}:  "the file is hidden",
	{405, 0}:  "a file does not take this method",
	{501, 0}:  "this version does not know the method",
}

// sources says where the properties that decided come from.
func (x *exchange) sources(st status.Status, offers []string) []Source {
	names := []string{"AuthFlags"}
	if slices.Contains(offers, "NTLM") || slices.Contains(offers, "Negotiate") {
		names = append(names, "NTAuthenticationProviders", "LMCompatibilityLevel", "AllowKeepAlive")
	}
	switch [2]int{st.Code, st.Sub} {
	case [2]int{401, 3}:
		names = append(names, "FileACL")
	case [2]int{403, 2}:
		names = append(names, "AccessFlags")
	case [2]int{403, 4}, [2]int{403, 5}:
		names = append(names, "AccessSSLFlags")
	case [2]int{403, 14}:
		names = append(names, "DefaultDoc", "DirBrowseFlags")
	case [2]int{404, 3}:
		names = append(names, "MimeMap")
	}
	if x.node.VDir != nil {
		names = append(names, "Path")
	}
	var from []Source
	for _, name := range names {
		key, _ := x.node.Origin(name)
		from = append(from, Source{name, key})
	}
	return from
}
