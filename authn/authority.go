package authn

import (
	"net/netip"
	"time"

	"iisd/authn/ntlm"
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

	// LogonPassword checks a name and a password.
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

// AnonymousOptions configure the anonymous account of a node.
type AnonymousOptions struct {
	Accounts *Accounts
	Rules    *Rules
	Name     string           // property AnonymousUserName; "": IUSR_<computer>
	Password *string          // property AnonymousUserPass; nil: not checked, as with AnonymousPasswordSync
	Type     LogonType        // the right that the account needs: interactive up to 5.1, network from 6.0 (KB 909887)
	Now      func() time.Time // nil: time.Now
}

// NewAnonymous returns a function for Policy.Anonymous. It does not allocate
// where the account may log on; its error is a *Cause.
func NewAnonymous(o *AnonymousOptions) func() (*User, error) { panic("not yet") }
