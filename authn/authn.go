// Package authn decides which account a request runs as, from its credentials
// and its connection. It implements the authentication methods of IIS:
// Anonymous, Basic, NTLM (Windows NT Challenge/Response) and Negotiate.
//
// It never writes a response and knows nothing of HTTP messages beyond the
// Authorization field: a refusal is an error, *Denied, that carries the status,
// the challenges to offer and the true cause.
package authn

import (
	"crypto/tls"
	"net/netip"
	"strings"
	"time"

	"iisd/authn/ntlm"
	"iisd/server/status"
)

// A User is the account a request runs as. Users are shared between requests
// and must not be changed.
type User struct {
	Domain, Name string
	Typed        string   // the name as the client gave it (AUTH_USER); "" for anonymous
	Groups       []string // for FileACL; includes Everyone, INTERACTIVE or NETWORK by logon type
	Package      string   // security package that established it, "Basic" or "NTLM"; "" for anonymous
	Scheme       string   // auth-scheme the client used (AUTH_TYPE), "Negotiate" for NTLM under it; "" for anonymous
	Password     string   // Basic only, for AUTH_PASSWORD
	UnixUser     string   // account programs run as, "" for the service's own

	account  string // DOMAIN\name, made once; see LogName
	computer string // name of the machine whose accounts have no domain
	guest    bool   // the built-in Guest, under whatever name (Q251171)
	iusr     bool   // IUSR_<computer>, alias IUSR
}

// String returns the account as administrators write it, DOMAIN\name.
func (u *User) String() string {
	if u.Domain == "" {
		return u.Name
	}
	return u.Domain + `\` + u.Name
}

// LogName returns the account as the access log and LOGON_USER show it: as the
// client typed it with Basic (Q196074), DOMAIN\name otherwise, and "" for the
// anonymous account (Q313437). It does not allocate for a user that an
// Authority has made.
func (u *User) LogName() string {
	switch {
	case u.Package == "":
		return ""
	case u.Package == "Basic" && u.Typed != "":
		return u.Typed
	case u.account != "":
		return u.account
	}
	return u.String()
}

// Is reports whether account, as an entry of FileACL writes it, names the user
// or a group the user is in. Names compare without regard to case; a name
// without a domain is one of this machine or a well-known group.
func (u *User) Is(account string) bool {
	domain, name := splitAccount(account)
	if u.same(domain, name, u.Domain, u.Name) || u.iusr && domain == "" && strings.EqualFold(name, "IUSR") {
		return true
	}
	for _, g := range u.Groups {
		d, n := splitAccount(g)
		if u.same(domain, name, d, n) {
			return true
		}
	}
	return false
}

// same compares two account names, either of which may leave out this machine.
func (u *User) same(domain, name, otherDomain, otherName string) bool {
	if !strings.EqualFold(name, otherName) {
		return false
	}
	return strings.EqualFold(u.domainOr(domain), u.domainOr(otherDomain))
}

func (u *User) domainOr(domain string) string {
	if domain == "" || domain == "." {
		return u.computer
	}
	return domain
}

// splitAccount splits DOMAIN\name; the domain is empty where there is none.
func splitAccount(s string) (domain, name string) {
	if d, n, ok := strings.Cut(s, `\`); ok {
		return d, n
	}
	return "", s
}

// A Request is what authentication may see of an HTTP request.
type Request struct {
	Method        string
	URI           string // request-target, as sent
	Authorization string // field value, "" if absent; may alias a buffer, so it is not kept
	Host          string // Host field without port, "" if absent
	LocalAddr     netip.Addr
	TLS           *tls.ConnectionState // nil without TLS
	ServerCert    []byte               // DER, for channel bindings
	Client        netip.Addr           // after the PROXY protocol
	Proxied       bool                 // came through a proxy that is not known to pin
	Persist       bool                 // the connection outlives this request: client, node and server allow it
	KeepAliveOff  bool                 // it does not because AllowKeepAlive is false
	Now           time.Time
}

// A Result is what authentication gives a request that may go on.
type Result struct {
	User      *User
	Challenge string // WWW-Authenticate field value for the answer, also on 403 and 404; "" for none
	Persists  bool   // the user now stays for the connection (Persistent-Auth)
}

// Leg says what a 401 is in the life of a handshake. The circuit rule of 4.0
// and 5.x depends on it: bare and failed legs close the connection, a challenge
// leg keeps it open (Q264921).
type Leg int

// Legs.
const (
	LegBare      Leg = iota // the request carried no credentials
	LegChallenge            // the handshake goes on: the client is to answer the challenge
	LegFailed               // the credentials were refused
)

// A Cause is the true reason of a refusal, for the service log and `iisd
// explain`; the client must not see it. It holds no password, hash or token. An
// Authority returns it as an error.
type Cause struct {
	Account string       // DOMAIN\name, or the name as typed, fit to be read; "" if nobody was named
	Typed   string       // the name as the client gave it to Basic, whatever it holds: for a log that escapes
	Method  string       // "Anonymous", "Basic", "NTLM", "Negotiate" or what the client sent
	Reason  string       // one plain sentence; "" while a handshake goes on as it should
	Win32   status.Win32 // the code behind it, also where Status shows another
}

// Error returns the reason.
func (c *Cause) Error() string { return c.Reason }

// Unwrap returns the status of a refused logon, 401.1 with the Win32 code.
func (c *Cause) Unwrap() error { return status.LogonFailed.With(c.Win32) }

// Denied is the error of a request that has not been authenticated.
type Denied struct {
	Status     status.Status
	Challenges []string // WWW-Authenticate field values, in order
	Cause      Cause
	Leg        Leg
}

// Error returns the status and the reason.
func (d *Denied) Error() string {
	if d.Cause.Reason == "" {
		return d.Status.Error()
	}
	return d.Status.Error() + ": " + d.Cause.Reason
}

// Unwrap returns the status.
func (d *Denied) Unwrap() error { return d.Status }

// A Method is one authentication method that a node offers. Methods are
// immutable and may be used by many connections at once.
type Method interface {
	// Scheme returns the auth-scheme (RFC 7235, section 2.1), such as "NTLM".
	Scheme() string

	// Challenge returns the WWW-Authenticate field value that offers the
	// method to a client that has not chosen one.
	Challenge(r *Request) string

	// NewContext returns a security context for a client that has chosen it.
	NewContext() Context
}

// A Context is a security context being established with one client, in the
// sense of GSS_Accept_sec_context (RFC 2743, section 2.2.2).
type Context interface {
	// Accept consumes the credentials that follow the auth-scheme. When it
	// returns a user the context is established. With neither user nor error
	// the handshake goes on, and challenge is the field value to send. With an
	// error, a *Denied without challenges, the logon has failed; a challenge,
	// if not empty, then replaces the one the method would offer.
	Accept(r *Request, credentials string) (challenge string, user *User, err error)
}

// A continuer is a Context that a message to another node may continue. The
// message is judged by that node's method, so a lenient node cannot start what
// a strict one would refuse.
type continuer interface {
	continueWith(m Method)
}

// ProxiedNTLM says what NTLM credentials get on a proxied request.
type ProxiedNTLM int

// Values of the property ProxiedNTLM.
const (
	SingleRequest ProxiedNTLM = iota // an identity for that one request
	Refuse                           // 401.2
)

// A Policy is what one metabase node demands of its clients. It is immutable
// and may be used by many connections at once.
type Policy struct {
	// Anonymous returns the account of requests without credentials; nil if
	// the node does not allow them. It fails where that account cannot log on.
	// NewAnonymous makes one.
	Anonymous func() (*User, error)

	Methods []Method // in the order they are offered
	Rules   *Rules   // not nil

	// Persists reports whether a user that the security package pkg
	// established stays for the connection: AuthPersistence and its relatives,
	// by version. Nil: nobody stays.
	Persists func(pkg string, proxied bool) bool

	ProxiedNTLM ProxiedNTLM
}

// Rules are the differences between versions of IIS that authentication
// shows. A zero status stands for the one named in the comment.
type Rules struct {
	// NoReturnToAnonymous: a connection that has authenticated gets 401.2 on a
	// node that allows only Anonymous; otherwise it is anonymous there. True
	// for 4.0 to 5.1 (Q264921).
	NoReturnToAnonymous bool

	// RefuseOnAnonymousOnly: credentials on a node that allows only Anonymous
	// get 401.2; otherwise they are ignored. True for 4.0 to 5.1.
	RefuseOnAnonymousOnly bool

	// KeepAliveOff is the answer to NTLM and Negotiate credentials, first leg
	// or last, that fail or cannot go on where AllowKeepAlive is false: 401.5
	// on 4.0 SP6a (Q288323). Zero: no difference.
	KeepAliveOff status.Status

	Config   status.Status // no acceptable credentials; status.LogonConfig
	Continue status.Status // NTLM handshake goes on; status.LogonContinue
	Refused  status.Status // NTLM logon refused, whatever the cause; status.LogonDenied
	BadToken status.Status // NTLM message malformed or out of sequence; status.LogonBadToken

	// Malformed is the answer to NTLM or Negotiate credentials that are no
	// base64 or are absent: 400 from 7.0 on; status.LogonBadToken.
	Malformed status.Status

	// BasicMalformed is the answer to Basic credentials that are no base64 or
	// have no colon: 400 from 7.0 on; status.LogonFailed.
	BasicMalformed status.Status

	// AccountTrouble is the answer where the anonymous account or one that
	// Basic proved may not log on (right, state, hours): 500 on 2.0 and 3.0
	// (Q142715, Q154135, Q169263, Q170858), its Win32 replaced by the code.
	// Zero: 401.1 with the code.
	AccountTrouble status.Status

	// ChallengeLifetime is how long a CHALLENGE may be answered and how far an
	// NTLMv2 time may be off: 30 minutes up to 5.0, 36 hours after (MS-NLMP
	// 3.2.5.1.2, note 39). Zero: 36 hours.
	ChallengeLifetime time.Duration

	ChallengeVersion   [8]byte // VERSION of the CHALLENGE (MS-NLMP 2.2.2.10); zero on NT 4.0 and 2000: none sent
	ChallengeTimestamp bool    // CHALLENGE carries MsvAvTimestamp: Vista and later, 7.0 on

	// TargetInfo says when a CHALLENGE carries target information (MS-NLMP
	// note 64).
	TargetInfo TargetInfoRule
}

// TargetInfoRule says when a CHALLENGE carries target information.
type TargetInfoRule = ntlm.TargetInfoRule

// The rules, by Windows release.
const (
	TargetInfoAlways             = ntlm.TargetInfoAlways             // 7.0 and later
	TargetInfoIfExtended         = ntlm.TargetInfoIfExtended         // 4.0 and before: with extended session security
	TargetInfoIfExtendedOrTarget = ntlm.TargetInfoIfExtendedOrTarget // 5.0 to 6.0: with that or RequestTarget
)
