package server

import (
	"iisd/authn"
	"iisd/metabase"
)

// newSettings builds what a node demands of its clients. The order of the
// methods is the order they are offered in: Windows providers as
// NTAuthenticationProviders lists them, then Basic (auth.md 1.1).
func (s *Server) newSettings(site *site, n *metabase.Properties) *settings {
	rules := &site.prof.Auth
	p := &authn.Policy{Rules: rules, Persists: persistence(site.prof, n)}
	if n.ProxiedNTLM == "Refuse" {
		p.ProxiedNTLM = authn.Refuse
	}
	if n.AuthFlags&metabase.AuthAnonymous != 0 {
		o := &authn.AnonymousOptions{Accounts: site.accounts, Name: n.AnonymousUserName, Type: site.prof.AnonymousLogon, Now: s.Clock}
		if n.AnonymousUserPass != "" && !n.AnonymousPasswordSync { // Q190005, Q216828
			o.Password = &n.AnonymousUserPass
		}
		p.Anonymous = authn.NewAnonymous(o)
	}
	if n.AuthFlags&metabase.AuthNTLM != 0 {
		o := &authn.NTLMOptions{Authorities: site.auths, Rules: rules, LMCompatibilityLevel: int(n.LMCompatibilityLevel), Rand: s.Rand}
		for _, provider := range n.NTAuthenticationProviders {
			switch provider {
			case "Negotiate":
				p.Methods = append(p.Methods, authn.NewNegotiate(o))
			case "NTLM":
				p.Methods = append(p.Methods, authn.NewNTLM(o))
			}
		}
	}
	if n.AuthFlags&metabase.AuthBasic != 0 {
		p.Methods = append(p.Methods, authn.NewBasic(&authn.BasicOptions{
			Authorities: site.auths, Rules: rules, Realm: n.Realm,
			DefaultLogonDomain: n.DefaultLogonDomain, LogonMethod: authn.LogonType(n.LogonMethod),
		}))
	}
	return &settings{policy: p}
}

// persistence returns who stays for the connection, by AuthPersistence and the
// version: 4.0 to 5.1 everybody unless a flag says single request (Q318863),
// from 6.0 on NTLM, from 7.0 on what AuthPersistNonNTLM lets stay beside it.
func persistence(prof *Profile, n *metabase.Properties) func(pkg string, proxied bool) bool {
	flags := n.AuthPersistence
	all := prof.AuthPersistsAll
	nonNTLM := prof.AuthNonNTLM && n.AuthPersistNonNTLM
	return func(pkg string, proxied bool) bool {
		switch {
		case flags&metabase.AuthPersistSingleRequest != 0, proxied:
			return false
		case pkg == "NTLM", all:
			return true
		}
		return nonNTLM && pkg != "Basic"
	}
}
