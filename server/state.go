package server

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"iisd/authn"
	"iisd/logging"
	"iisd/metabase"
	"iisd/server/http1"
)

// A state is everything that follows from one snapshot of the metabase: sites
// by address, their profiles, logs and account databases. It is immutable, and
// requests under way keep the one they began with.
type state struct {
	tree      *metabase.Tree
	sites     []*site
	endpoints map[endpointKey]*endpoint
	settings  sync.Map // *metabase.Properties to *settings, made on first use
	server    *Server
}

// A site is one site of the service, ready to answer.
type site struct {
	*metabase.Site
	prof     *Profile
	name     string // s-sitename: "W3SVC1"
	limits   http1.Limits
	log      *logging.Log        // nil: LogType is 0
	httperr  *logging.HTTPErrLog // nil before 6.0
	observed bool                // NTLMLogShape
	count    *siteCount
	max      int64 // MaxConnections, -1 for none

	accounts  *authn.Accounts
	auths     *authn.Authorities
	idleNanos int64
	cert      *tls.Certificate
	pinning   []netip.Prefix
}

// pins reports whether addr is a proxy that keeps one server connection for
// each of its clients.
func (s *site) pins(addr netip.Addr) bool {
	for _, p := range s.pinning {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// An endpointKey is a local address, or every one (the zero Addr), and a port.
type endpointKey struct {
	addr   netip.Addr
	port   uint16
	secure bool
}

// An endpoint is what is bound to one address and port: sites by host name.
type endpoint struct {
	hosts map[string]*site
	any   *site // bound without a host name
	first *site // in key order
}

// A place is where a connection came in: the endpoint of its own address and
// the one of every address, either of which may be nil.
type place struct {
	own, every *endpoint
	first      *site // rules before a site is known
}

// place returns where a connection to local came in.
func (st *state) place(local netip.AddrPort, secure bool) place {
	p := place{
		own:   st.endpoints[endpointKey{local.Addr(), local.Port(), secure}],
		every: st.endpoints[endpointKey{netip.Addr{}, local.Port(), secure}],
	}
	switch {
	case p.own != nil:
		p.first = p.own.first
	case p.every != nil:
		p.first = p.every.first
	default: // the binding is gone; the connection goes on until it is idle
		p.first = st.sites[0]
	}
	if p.own != nil && p.every != nil && p.every.first.index() < p.first.index() {
		p.first = p.every.first
	}
	return p
}

func (s *site) index() int {
	n, _ := strconv.Atoi(s.ID)
	return n
}

// site returns the site that answers to a host name, lower case and without
// port, or nil.
func (p *place) site(host string) *site {
	if p.own != nil {
		if s := p.own.hosts[host]; s != nil {
			return s
		}
	}
	if p.every != nil {
		if s := p.every.hosts[host]; s != nil {
			return s
		}
	}
	if p.own != nil && p.own.any != nil {
		return p.own.any
	}
	if p.every != nil {
		return p.every.any
	}
	return nil
}

// newState prepares a snapshot. What it cannot prepare (a certificate that does
// not load, an account database that is wrong) is an error with the place to
// mend it.
func (s *Server) newState(tree *metabase.Tree) (*state, error) {
	st := &state{tree: tree, endpoints: map[endpointKey]*endpoint{}, server: s}
	accounts := map[string]*authn.Accounts{}
	s.logs.begin()
	for _, ms := range tree.Sites() {
		if !ms.Node.ServerAutoStart {
			continue
		}
		site, err := s.newSite(ms, accounts)
		if err != nil {
			return nil, err
		}
		st.sites = append(st.sites, site)
		st.bind(site, ms.Node.ServerBindings, false)
		st.bind(site, ms.Node.SecureBindings, true)
	}
	if len(st.sites) == 0 {
		return nil, fmt.Errorf("%s: no site is to be started: add a key such as [\"/LM/W3SVC/1\"] with ServerBindings", tree.File())
	}
	return st, nil
}

func (st *state) bind(to *site, bindings []metabase.Binding, secure bool) {
	for _, b := range bindings {
		key := endpointKey{b.Addr, uint16(b.Port), secure}
		e := st.endpoints[key]
		if e == nil {
			e = &endpoint{hosts: map[string]*site{}, first: to}
			st.endpoints[key] = e
		}
		if b.Host == "" {
			e.any = to
		} else {
			e.hosts[b.Host] = to
		}
	}
}

// newSite prepares one site.
func (s *Server) newSite(ms *metabase.Site, accounts map[string]*authn.Accounts) (*site, error) {
	n := ms.Node
	prof := profileFor(n.EmulatedVersion)
	if prof == nil {
		return nil, fmt.Errorf("%s: EmulatedVersion: no profile for %q", n.Key, n.EmulatedVersion)
	}
	site := &site{
		Site:      ms,
		prof:      prof,
		name:      "W3SVC" + ms.ID,
		observed:  n.NTLMLogShape == "observed",
		count:     s.countOf(ms.ID),
		max:       -1,
		idleNanos: int64(n.ConnectionTimeout) * int64(time.Second),
		pinning:   n.PinningProxies,
	}
	if n.MaxConnections != metabase.Unlimited {
		site.max = int64(n.MaxConnections)
	}
	site.limits = prof.limits(n.Properties)
	site.log = s.accessLog(site)
	site.httperr = s.errorLog(site)
	a, err := s.accounts(n, accounts)
	if err != nil {
		return nil, err
	}
	site.accounts = a
	site.auths = &authn.Authorities{List: []authn.Authority{a}, ComputerName: n.ComputerName}
	if len(n.SecureBindings) > 0 {
		if n.SecureCertificate == "" {
			return nil, fmt.Errorf("%s: SecureBindings: SecureCertificate names no certificate: set it to a PEM file", n.Key)
		}
		key := n.SecureKey
		if key == "" {
			key = n.SecureCertificate
		}
		cert, err := tls.LoadX509KeyPair(n.SecureCertificate, key)
		if err != nil {
			return nil, fmt.Errorf("%s: SecureCertificate: %w", n.Key, err)
		}
		site.cert = &cert
	}
	return site, nil
}

// limits returns how much of a head this version takes: HTTP.sys's limits from
// 6.0 on, MaxClientRequestBuffer before (Q260694).
func (p *Profile) limits(n *metabase.Properties) http1.Limits {
	if p.kernel != nil {
		return http1.Limits{MaxFieldLength: int(n.MaxFieldLength), MaxRequestBytes: int(n.MaxRequestBytes)}
	}
	buffer := int(n.MaxClientRequestBuffer)
	return http1.Limits{MaxRequestBytes: buffer, MaxURL: min(buffer, maxURL5)}
}

// maxURL5 is the longest request-target up to 5.1; more is 414 (inferred).
const maxURL5 = 16 << 10

// accounts loads the account database of a site once for each file and machine.
func (s *Server) accounts(n *metabase.Node, loaded map[string]*authn.Accounts) (*authn.Accounts, error) {
	key := strings.ToUpper(n.ComputerName) + "\x00" + n.Accounts
	if a := loaded[key]; a != nil {
		return a, nil
	}
	a, errs, warnings := LoadAccounts(s.Metabase.Tree(), n)
	for _, w := range warnings {
		s.serviceLog().Warn(w)
	}
	if len(errs) > 0 {
		return nil, errs[0]
	}
	a.Lockout = s.lockout(n)
	loaded[key] = a
	return a, nil
}

// LoadAccounts loads the account database that a node names. Errors are as
// authn.LoadAccounts gives them; a file that is not there is an error of the
// metabase, with the line that names it.
func LoadAccounts(tree *metabase.Tree, n *metabase.Node) (db *authn.Accounts, errs []error, warnings []string) {
	db, errs, warnings = authn.LoadAccounts(n.Accounts, n.ComputerName)
	if len(errs) == 1 && errors.Is(errs[0], fs.ErrNotExist) {
		p := metabase.Problem{File: tree.File(), Key: n.Key, Property: "Accounts",
			Text: n.Accounts + " does not exist; iisd account add NAME makes it, or leave Accounts out"}
		if key, ok := n.Origin("Accounts"); ok {
			p.Key, p.Line = key, tree.Node(key).Line("Accounts")
		}
		errs[0] = errors.New(p.String())
	}
	return db, errs, warnings
}

// A settings is what follows from the properties in force at a node.
type settings struct {
	policy *authn.Policy
}

// settingsOf returns the settings of a node; nodes that share their properties
// share them too.
func (st *state) settingsOf(site *site, n *metabase.Node) *settings {
	if v, ok := st.settings.Load(n.Properties); ok {
		return v.(*settings)
	}
	v, _ := st.settings.LoadOrStore(n.Properties, st.server.newSettings(site, n.Properties))
	return v.(*settings)
}

// challenges returns the list that a refused user is offered.
func (set *settings) challenges(r *authn.Request) []string {
	if set == nil {
		return nil
	}
	return set.policy.Offer(r)
}
