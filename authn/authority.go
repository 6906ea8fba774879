package authn

import (
	"net/netip"
	"strings"
	"time"
	"unicode"

	"iisd/authn/ntlm"
	"iisd/server/status"
)

// LogonType is how an account logs on. The account rights it needs and the
// groups it gets depend on it.
type LogonType int

// Logon types, with the numeric values of LogonMethod (metabase).
const (
	LogonInteractive      LogonType = iota // "log on locally"
	LogonBatch                             // "log on as a batch job"
	LogonNetwork                           // "access this computer from the network"
	LogonNetworkCleartext                  // the same right
)

// A Logon says who wants in, how and from where: account rights and
// restrictions depend on it.
type Logon struct {
	Domain, Name string    // resolved by Authorities
	Typed        string    // the name as the client gave it
	Type         LogonType // of the token it asks for
	Workstation  string    // as the client names itself, NTLM only
	Client       netip.Addr
	Now          time.Time
}

// NTLMProof is an NTLM handshake to be judged: the client's answer and the
// challenge it answers.
type NTLMProof struct {
	Authenticate         *ntlm.AuthenticateMessage // its Raw is the message as sent
	ServerChallenge      [8]byte
	Flags                ntlm.Flags // of the CHALLENGE message
	LMCompatibilityLevel int        // variants accepted, 0 to 5
}

// An Authority is the authenticating server: a domain controller, or the local
// account database. The web server is the originating server; it passes on what
// the client sent and learns no more of the password than the method discloses.
// The error of a logon is a *Cause. Authorities may be used concurrently.
type Authority interface {
	// Domains returns the names of the domains whose accounts it holds.
	Domains() []string

	// LogonPassword checks a name and a password. The user is new, and the
	// caller's to complete.
	LogonPassword(l *Logon, password string) (*User, error)

	// LogonNTLM checks the answer to an NTLM challenge. The verdict holds the
	// keys that the MIC needs.
	LogonNTLM(l *Logon, p *NTLMProof) (*User, ntlm.Verdict, error)
}

// Authorities is the ordered list of authenticating servers that a site trusts.
// It is immutable and may be used by many connections at once.
type Authorities struct {
	List         []Authority
	ComputerName string            // the machine: its accounts need no domain
	Domain       string            // the server's own domain; "" if it is in none
	Aliases      map[string]string // upper-case other name of a domain to its name, "CORP.TEST" to "CORP"
}

// splitTyped splits a name as people type it: DOMAIN\user, DOMAIN/user
// (Q147617), user@domain (Q260269) or user.
func splitTyped(typed string) (domain, name string) {
	if i := strings.IndexAny(typed, `\/`); i >= 0 {
		return typed[:i], typed[i+1:]
	}
	if i := strings.LastIndexByte(typed, '@'); i > 0 {
		return typed[i+1:], typed[:i]
	}
	return "", typed
}

// logonPassword checks a name as typed and a password. A name without a domain
// is one of defaultDomain, or where that is empty of this machine, then of the
// server's own domain (Q168908); `\` searches all domains.
func (a *Authorities) logonPassword(l *Logon, defaultDomain, password string) (*User, error) {
	domain, name := splitTyped(l.Typed)
	l.Name = name
	l.Workstation = a.ComputerName // it is the server that logs on
	switch {
	case domain != "":
	case defaultDomain == `\`:
		return a.password(l, password, append(a.home(), a.domains()...))
	default:
		domain = defaultDomain
	}
	if domain == "" {
		return a.password(l, password, a.home())
	}
	return a.password(l, password, []string{a.canonical(domain)})
}

func (a *Authorities) password(l *Logon, password string, domains []string) (*User, error) {
	authority := a.pick(l, domains)
	if authority == nil {
		return nil, noAuthority(l)
	}
	return authority.LogonPassword(l, password)
}

// logonNTLM checks the answer to an NTLM challenge. A domain nobody knows, as
// the client's own machine name, stands for this machine (MS-NLMP notes 77, 78).
func (a *Authorities) logonNTLM(l *Logon, p *NTLMProof) (*User, ntlm.Verdict, error) {
	domain, name := p.Authenticate.DomainName, p.Authenticate.UserName
	if domain == "" {
		domain, name = splitTyped(name)
	}
	l.Name = name
	domains := a.home()
	if domain = a.canonical(domain); a.serves(domain) {
		domains = []string{domain}
	}
	authority := a.pick(l, domains)
	if authority == nil {
		return nil, ntlm.Verdict{}, noAuthority(l)
	}
	return authority.LogonNTLM(l, p)
}

// home returns where an account without a domain is looked for.
func (a *Authorities) home() []string {
	if a.Domain == "" || strings.EqualFold(a.Domain, a.ComputerName) {
		return []string{a.ComputerName}
	}
	return []string{a.ComputerName, a.Domain}
}

// domains returns the domains of all authorities.
func (a *Authorities) domains() []string {
	var all []string
	for _, authority := range a.List {
		all = append(all, authority.Domains()...)
	}
	return all
}

// canonical returns the name of a domain that goes by several.
func (a *Authorities) canonical(domain string) string {
	if domain == "." {
		return a.ComputerName
	}
	if name, ok := a.Aliases[strings.ToUpper(domain)]; ok {
		return name
	}
	return domain
}

// serves reports whether an authority holds the accounts of a domain.
func (a *Authorities) serves(domain string) bool {
	for _, authority := range a.List {
		if serves(authority, domain) {
			return true
		}
	}
	return false
}

func serves(authority Authority, domain string) bool {
	for _, d := range authority.Domains() {
		if strings.EqualFold(d, domain) {
			return true
		}
	}
	return false
}

// A directory is an Authority that can say whether an account exists without a
// logon, so that another may be asked instead.
type directory interface {
	has(domain, name string) bool
}

// pick chooses the one authority that judges a logon, and sets the domain of l.
// An account nobody has is judged all the same, so that it takes the same time.
func (a *Authorities) pick(l *Logon, domains []string) Authority {
	var last Authority
	for _, domain := range domains {
		for _, authority := range a.List {
			if !serves(authority, domain) {
				continue
			}
			if d, ok := authority.(directory); !ok || d.has(domain, l.Name) {
				l.Domain = domain
				return authority
			}
			if last == nil {
				last, l.Domain = authority, domain
			}
		}
	}
	if last == nil && len(a.List) > 0 {
		last, l.Domain = a.List[0], domains[0]
	}
	return last
}

func noAuthority(l *Logon) *Cause {
	return &Cause{Account: legible(l.Typed), Win32: status.ErrorNoLogonServers, Reason: "there is no authority to ask"}
}

// legible returns a client's text as a log can bear it: of limited length and
// without control characters.
func legible(s string) string {
	const limit = 256
	s = strings.ToValidUTF8(s, "?")
	n := 0
	return strings.Map(func(r rune) rune {
		switch n++; {
		case n > limit:
			return -1
		case unicode.IsControl(r) || r == '\u2028' || r == '\u2029':
			return '?'
		}
		return r
	}, s)
}
