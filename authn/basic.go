package authn

import (
	"encoding/base64"
	"errors"
	"strings"
	"unicode/utf8"

	"iisd/server/status"
)

// BasicOptions configure the Basic method of a node.
type BasicOptions struct {
	Authorities        *Authorities
	Rules              *Rules
	Realm              string    // property Realm; "": the host the client used (Q151183)
	HostName           string    // DNS name of the server, for clients without Host field; "": the address
	DefaultLogonDomain string    // for names without a domain; `\` searches all domains (Q168908, Q260269)
	LogonMethod        LogonType // property LogonMethod
}

// NewBasic returns the Basic method (RFC 2617, section 2).
func NewBasic(o *BasicOptions) Method {
	m := &basicMethod{BasicOptions: *o}
	if m.LogonMethod < LogonInteractive || m.LogonMethod > LogonNetworkCleartext {
		m.LogonMethod = LogonNetworkCleartext
	}
	if o.Realm != "" {
		m.challenge = basicChallenge(o.Realm)
	}
	return m
}

// basicMethod is also its own context: Basic takes one leg.
type basicMethod struct {
	BasicOptions
	challenge string // where the realm does not depend on the request
}

func (m *basicMethod) Scheme() string { return "Basic" }

func (m *basicMethod) NewContext() Context { return m }

// Challenge names the realm: the property, else the Host field, else the DNS
// name of the server, else its address (Q151183).
func (m *basicMethod) Challenge(r *Request) string {
	switch {
	case m.challenge != "":
		return m.challenge
	case r.Host != "":
		return basicChallenge(r.Host)
	case m.HostName != "":
		return basicChallenge(m.HostName)
	}
	return basicChallenge(r.LocalAddr.Unmap().String())
}

// basicChallenge quotes a realm (RFC 7230, section 3.2.6); what no field value
// may hold is left out.
func basicChallenge(realm string) string {
	b := make([]byte, 0, len(`Basic realm=""`)+len(realm))
	b = append(b, `Basic realm="`...)
	for i := 0; i < len(realm); i++ {
		switch c := realm[i]; {
		case c < ' ' || c == 0x7F:
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		default:
			b = append(b, c)
		}
	}
	return string(append(b, '"'))
}

// maxTyped is the length in bytes of the longest name that is looked up;
// Windows takes 1024 characters at most, in a UPN.
const maxTyped = 4096

func (m *basicMethod) Accept(r *Request, credentials string) (string, *User, error) {
	if credentials == "" {
		return "", nil, m.malformed("the Basic credentials are empty")
	}
	raw, err := base64.StdEncoding.DecodeString(credentials)
	if err != nil {
		return "", nil, m.malformed("the Basic credentials are not base64")
	}
	name, password, ok := strings.Cut(ansi(raw), ":")
	if !ok {
		return "", nil, m.malformed("the Basic credentials have no colon")
	}
	if len(name) > maxTyped {
		return "", nil, m.malformed("the name in the Basic credentials is too long")
	}
	l := &Logon{Typed: name, Type: m.LogonMethod, Client: r.Client, Now: r.Now}
	u, err := m.Authorities.logonPassword(l, m.DefaultLogonDomain, password)
	if err != nil {
		d := refusedAccount(m.Rules, "Basic", LegFailed, err)
		d.Cause.Typed = name
		return "", nil, d
	}
	u.Typed, u.Password = name, password
	u.Package, u.Scheme = "Basic", "Basic"
	return "", u, nil
}

func (m *basicMethod) malformed(reason string) *Denied {
	return &Denied{
		Status: or(m.Rules.BasicMalformed, status.LogonFailed),
		Leg:    LegFailed,
		Cause:  Cause{Method: "Basic", Win32: status.ErrorLogonFailure, Reason: reason},
	}
}

// refusedAccount is the refusal of an account that gave its password, or of the
// anonymous account: the code behind it shows.
func refusedAccount(rules *Rules, method string, leg Leg, err error) *Denied {
	var cause *Cause
	if !errors.As(err, &cause) {
		cause = &Cause{Win32: status.Of(err).Win32, Reason: err.Error()}
	}
	d := &Denied{Status: status.LogonFailed.With(cause.Win32), Leg: leg, Cause: *cause}
	d.Cause.Method = method
	if cause.Win32 != status.ErrorLogonFailure && rules.AccountTrouble != (status.Status{}) {
		d.Status = rules.AccountTrouble.With(cause.Win32)
	}
	return d
}

// ansi returns bytes as text: UTF-8 where they are that, else Windows code page
// 1252, the system code page of a western server.
func ansi(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	runes := make([]rune, len(b))
	for i, c := range b {
		if runes[i] = rune(c); 0x80 <= c && c < 0xA0 {
			runes[i] = cp1252[c-0x80]
		}
	}
	return string(runes)
}

// cp1252 is where Windows code page 1252 differs from ISO 8859-1. Bytes without
// a character stay C1 controls, as Windows maps them.
var cp1252 = [32]rune{
	0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
	0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x008D, 0x017D, 0x008F,
	0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
	0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178,
}
