package authn

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"iisd/authn/ntlm"
	"iisd/server/status"
)

// NTLMOptions configure the NTLM and Negotiate methods of a node.
type NTLMOptions struct {
	Authorities          *Authorities
	Rules                *Rules
	LMCompatibilityLevel int       // 0 to 3 accept LM, NTLMv1 and NTLMv2, 4 refuses LM, 5 LM and NTLMv1 (MS-NLMP note 81)
	DNSComputerName      string    // "": ComputerName in lower case
	DNSDomainName        string    // "": Domain in lower case
	RequireMIC           bool      // refuse an NTLMv2 answer without MIC to a CHALLENGE with timestamp
	Rand                 io.Reader // source of challenges; nil: crypto/rand
}

// NewNTLM returns the NTLM method (MS-NTHT): Windows NT Challenge/Response.
func NewNTLM(o *NTLMOptions) Method { return newNTLM("NTLM", o) }

// NewNegotiate returns the Negotiate method (RFC 4559). It takes raw NTLM
// messages and answers in the same framing; SPNEGO and Kerberos tokens are
// refused.
func NewNegotiate(o *NTLMOptions) Method { return newNTLM("Negotiate", o) }

// ntlmMethod is NTLM under one of its two schemes.
type ntlmMethod struct {
	NTLMOptions
	scheme   string
	lifetime time.Duration
	target   string
	info     []ntlm.AVPair // without timestamp
	answer   ntlm.ChallengeOptions
}

func newNTLM(scheme string, o *NTLMOptions) *ntlmMethod {
	m := &ntlmMethod{NTLMOptions: *o, scheme: scheme, lifetime: o.Rules.ChallengeLifetime}
	if m.lifetime == 0 {
		m.lifetime = 36 * time.Hour
	}
	if m.Rand == nil {
		m.Rand = rand.Reader
	}
	computer, domain := strings.ToUpper(o.Authorities.ComputerName), strings.ToUpper(o.Authorities.Domain)
	m.target = domain
	m.answer = ntlm.ChallengeOptions{
		Domain:     domain != "",
		NoVersion:  o.Rules.ChallengeVersion == [8]byte{},
		TargetInfo: o.Rules.TargetInfo,
	}
	if domain == "" { // in no domain, the machine is its own (MS-NLMP 3.2.5.1.1)
		m.target, domain = computer, computer
	}
	dns, dnsDomain := o.DNSComputerName, o.DNSDomainName
	if dns == "" {
		dns = strings.ToLower(computer)
	}
	if dnsDomain == "" {
		dnsDomain = strings.ToLower(domain)
	}
	m.info = []ntlm.AVPair{ // in the order that Windows sends them
		ntlm.NamePair(ntlm.MsvAvNbDomainName, domain),
		ntlm.NamePair(ntlm.MsvAvNbComputerName, computer),
		ntlm.NamePair(ntlm.MsvAvDNSDomainName, dnsDomain),
		ntlm.NamePair(ntlm.MsvAvDNSComputerName, dns),
	}
	return m
}

func (m *ntlmMethod) Scheme() string { return m.scheme }

func (m *ntlmMethod) Challenge(*Request) string { return m.scheme }

func (m *ntlmMethod) NewContext() Context { return &ntlmContext{m: m} }

// bound marks a method of several legs on one connection.
func (m *ntlmMethod) bound() {}

// ntlmContext is one NTLM handshake. It keeps both messages as sent, for the
// MIC.
type ntlmContext struct {
	m         *ntlmMethod
	negotiate []byte
	challenge []byte // nil until there is one to answer
	server    [8]byte
	flags     ntlm.Flags
	issued    time.Time
}

func (c *ntlmContext) continueWith(m Method) {
	if n, ok := m.(*ntlmMethod); ok {
		c.m = n
	}
}

func (c *ntlmContext) Accept(r *Request, credentials string) (string, *User, error) {
	if credentials == "" {
		return "", nil, c.malformed("there is no token after the scheme")
	}
	if base64.StdEncoding.DecodedLen(len(credentials)) > ntlm.MaxMessage+2 {
		return "", nil, c.badToken("the token is too long")
	}
	token, err := base64.StdEncoding.DecodeString(credentials)
	if err != nil {
		return "", nil, c.malformed("the token is not base64")
	}
	switch t, ok := ntlm.MessageType(token); {
	case !ok && c.m.scheme == "Negotiate" && gss(token):
		return "", nil, refusedNTLM(c.m.Rules, c.m.scheme, &Cause{Win32: status.SecEUnsupported,
			Reason: "SPNEGO and Kerberos are not available yet"})
	case !ok:
		return "", nil, c.badToken("the token is no NTLM message")
	case t == ntlm.TypeNegotiate:
		challenge, err := c.start(r, token)
		return challenge, nil, err
	case t == ntlm.TypeAuthenticate:
		u, err := c.finish(r, token)
		return "", u, err
	}
	return "", nil, c.badToken("the client sent a message that only a server sends")
}

// gss reports whether a token is framed in ASN.1: a GSS-API token (0x60), an
// answer in SPNEGO (0xA0, 0xA1) or a raw AP-REQ (0x6E).
func gss(token []byte) bool {
	return len(token) > 0 && strings.IndexByte("\x60\x6E\xA0\xA1", token[0]) >= 0
}

// start answers a NEGOTIATE message with a CHALLENGE. A second one starts anew.
func (c *ntlmContext) start(r *Request, token []byte) (string, error) {
	n, err := ntlm.ParseNegotiate(token)
	if err != nil {
		return "", c.badToken("the NEGOTIATE message is wrong: " + plain(err))
	}
	if _, err := io.ReadFull(c.m.Rand, c.server[:]); err != nil {
		return "", &Denied{Status: status.ServerError, Leg: LegFailed,
			Cause: Cause{Method: c.m.scheme, Reason: "no random bytes for a challenge: " + err.Error()}}
	}
	c.negotiate, c.issued = token, r.Now
	c.flags = ntlm.ChallengeFlags(n.Flags, c.m.answer)
	msg := ntlm.ChallengeMessage{
		Flags:           c.flags,
		TargetName:      c.m.target,
		ServerChallenge: c.server,
		TargetInfo:      c.m.info,
		Version:         c.m.Rules.ChallengeVersion,
	}
	if c.m.Rules.ChallengeTimestamp {
		msg.TargetInfo = append(msg.TargetInfo[:len(msg.TargetInfo):len(msg.TargetInfo)],
			ntlm.TimestampPair(ntlm.FileTime(r.Now)))
	}
	c.challenge = msg.Marshal()
	return c.m.scheme + " " + base64.StdEncoding.EncodeToString(c.challenge), nil
}

// finish judges an AUTHENTICATE message. The challenge it answers is spent,
// whatever comes of it.
func (c *ntlmContext) finish(r *Request, token []byte) (*User, error) {
	challenge := c.challenge
	c.challenge = nil
	switch {
	case challenge == nil && r.KeepAliveOff:
		return nil, c.badToken(notPersistent(r) + ", so the challenge that the message answers is gone")
	case challenge == nil:
		return nil, c.badToken("the AUTHENTICATE message answers no challenge of this connection")
	}
	m, err := ntlm.ParseAuthenticate(token, c.flags)
	if err != nil {
		return nil, c.badToken("the AUTHENTICATE message is wrong: " + plain(err))
	}
	l := &Logon{
		Typed:       m.UserName,
		Type:        LogonNetwork,
		Workstation: strings.TrimLeft(m.Workstation, `\`),
		Client:      r.Client,
		Now:         r.Now,
	}
	if m.DomainName != "" {
		l.Typed = m.DomainName + `\` + m.UserName
	}
	if age := r.Now.Sub(c.issued); age > c.m.lifetime {
		return nil, c.refused(l, status.SecELogonDenied, fmt.Sprintf("the challenge was older than %v", c.m.lifetime))
	}
	if ntlm.ClassifyVariant(m, c.flags) == ntlm.VariantAnonymous {
		return nil, c.refused(l, status.SecELogonDenied, "the client named nobody (a null session)")
	}
	u, verdict, err := c.m.Authorities.logonNTLM(l, &NTLMProof{
		Authenticate:         m,
		ServerChallenge:      c.server,
		Flags:                c.flags,
		LMCompatibilityLevel: c.m.LMCompatibilityLevel,
	})
	if err != nil {
		return nil, c.refusedBy(l, err)
	}
	if err := c.checkVerdict(r, l, m, challenge, &verdict); err != nil {
		return nil, err
	}
	u.Typed = u.String()
	u.Package, u.Scheme = "NTLM", c.m.scheme
	return u, nil
}

// checkVerdict checks what a right response vouches for: that the messages came
// through unchanged (MIC), in time, and to this server.
func (c *ntlmContext) checkVerdict(r *Request, l *Logon, m *ntlm.AuthenticateMessage, challenge []byte, v *ntlm.Verdict) error {
	switch {
	case v.MICRequired && !m.HasMIC:
		return c.refused(l, status.SecEMessageAltered, "the message has lost the MIC that its response promises")
	case m.HasMIC && !ntlm.CheckMIC(v.ExportedSessionKey, c.negotiate, challenge, m):
		return c.refused(l, status.SecEMessageAltered, "the MIC is wrong: the messages were altered on the way")
	case v.Variant != ntlm.VariantNTLMv2:
		return nil
	case c.m.RequireMIC && c.m.Rules.ChallengeTimestamp && !m.HasMIC:
		return c.refused(l, status.SecEMessageAltered, "the message has no MIC, which the node requires")
	case !near(v.Timestamp, ntlm.FileTime(r.Now), c.m.lifetime):
		return c.refused(l, status.SecELogonDenied, fmt.Sprintf("the time in the NTLMv2 response is more than %v off", c.m.lifetime))
	}
	// The authenticating server refuses responses made for another (MS-APDS
	// 3.1.5.2).
	if pair, ok := ntlm.FindAV(v.ClientTargetInfo, ntlm.MsvAvNbComputerName); ok &&
		!strings.EqualFold(pair.Name(), c.m.Authorities.ComputerName) {
		return c.refused(l, status.SecELogonDenied, "the response was made for another server, "+legible(pair.Name()))
	}
	return nil
}

// near reports whether two FILETIMEs differ by at most d.
func near(a, b uint64, d time.Duration) bool {
	if a < b {
		a, b = b, a
	}
	return a-b <= uint64(d/100)
}

func (c *ntlmContext) malformed(reason string) *Denied {
	d := c.badToken(reason)
	d.Status = or(c.m.Rules.Malformed, status.LogonBadToken)
	return d
}

func (c *ntlmContext) badToken(reason string) *Denied {
	return badToken(c.m.Rules, c.m.scheme, reason)
}

func (c *ntlmContext) refused(l *Logon, code status.Win32, reason string) *Denied {
	return refusedNTLM(c.m.Rules, c.m.scheme, &Cause{Account: legible(l.Typed), Win32: code, Reason: reason})
}

// refusedBy is the refusal by an authority, of an account or of the message.
func (c *ntlmContext) refusedBy(l *Logon, err error) *Denied {
	var cause *Cause
	switch {
	case errors.As(err, &cause):
		return refusedNTLM(c.m.Rules, c.m.scheme, cause)
	case errors.Is(err, ntlm.ErrInvalidToken):
		return c.badToken("the AUTHENTICATE message is wrong: " + plain(err))
	}
	return c.refused(l, status.SecELogonDenied, plain(err))
}

func badToken(rules *Rules, method, reason string) *Denied {
	return &Denied{
		Status: or(rules.BadToken, status.LogonBadToken),
		Leg:    LegFailed,
		Cause:  Cause{Method: method, Win32: status.SecEInvalidToken, Reason: reason},
	}
}

// refusedNTLM is the refusal of an NTLM logon: the status shows no cause.
func refusedNTLM(rules *Rules, method string, cause *Cause) *Denied {
	d := &Denied{Status: or(rules.Refused, status.LogonDenied), Leg: LegFailed, Cause: *cause}
	d.Cause.Method = method
	return d
}

// plain returns an error of package ntlm without the name of the package.
func plain(err error) string { return strings.TrimPrefix(err.Error(), "ntlm: ") }
