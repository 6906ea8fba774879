package authn

import (
	"time"

	"iisd/authn/ntlm"
)

// An Account is one entry of the local account database, as accounts.toml holds
// it.
type Account struct {
	Name                 string                // DOMAIN\name, or name for an account of this machine
	Password             string                `toml:",omitempty"` // in clear
	NTHash               string                `toml:",omitempty"` // hex
	LMHash               string                `toml:",omitempty"` // hex
	DigestHA1            map[string]DigestHash `toml:",omitempty"` // by realm
	Groups               []string              `toml:",omitempty"`
	Disabled             bool                  `toml:",omitempty"`
	LockedOut            bool                  `toml:",omitempty"`
	AccountExpires       time.Time             `toml:",omitempty"` // zero: never
	PasswordExpired      bool                  `toml:",omitempty"`
	MustChangePassword   bool                  `toml:",omitempty"`
	LogonHours           string                `toml:",omitempty"` // see ParseLogonHours; "": always
	Workstations         []string              `toml:",omitempty"` // nil: all
	ReversibleEncryption bool                  `toml:",omitempty"`
	Guest                bool                  `toml:",omitempty"` // the built-in Guest under another name (Q251171)
	UnixUser             string                `toml:",omitempty"`
	Rights               []string              `toml:",omitempty"` // nil: all three
}

// DigestHash is the Digest A1 hash of user:realm:password in hex (RFC 2617
// 3.2.2.2, RFC 7616 3.4.2). User is the name without its domain.
type DigestHash struct {
	MD5    string `toml:",omitempty"`
	SHA256 string `toml:",omitempty"`
}

// Accounts is the local account database, the first Authority. It is immutable
// but for the count of failed logons, and may be used concurrently.
type Accounts struct {
	// Lockout counts failed logons; nil: accounts are never locked out by
	// them. Set it before the first logon; give it to the database that
	// replaces this one on reload.
	Lockout *Lockout
}

// LoadAccounts reads the account database of a machine. The errors name file,
// line, account and key: "FILE:LINE: Account NAME: Key: what is wrong"; warnings
// have the same form. With errors the database is nil. Without a file, "", only
// IUSR_<computerName> exists.
func LoadAccounts(file, computerName string) (db *Accounts, errs []error, warnings []string) {
	panic("not yet")
}

// Domains returns this machine and the domains whose accounts the file holds.
func (db *Accounts) Domains() []string { panic("not yet") }

// LogonPassword checks a name and a password.
func (db *Accounts) LogonPassword(l *Logon, password string) (*User, error) { panic("not yet") }

// LogonNTLM checks the answer to an NTLM challenge.
func (db *Accounts) LogonNTLM(l *Logon, p *NTLMProof) (*User, ntlm.Verdict, error) {
	panic("not yet")
}

// User returns the user that the account named name would be after a logon of
// type t at now, without a password: for `iisd explain --as`. The error is a
// *Cause.
func (db *Accounts) User(name string, t LogonType, now time.Time) (*User, error) {
	panic("not yet")
}

// AddAccount appends an account to a file, which is made if it does not exist.
func AddAccount(file, computerName string, a *Account) error { panic("not yet") }

// SetAccount changes an account: edit gets it as the file has it, and the keys
// it changes are rewritten. Comments and order of the file survive.
func SetAccount(file, computerName, name string, edit func(*Account) error) error { panic("not yet") }

// RemoveAccount removes an account with the comment above it.
func RemoveAccount(file, computerName, name string) error { panic("not yet") }

// ListAccounts returns the accounts of a file in its order.
func ListAccounts(file string) ([]Account, error) { panic("not yet") }

// SetPassword stores what the methods need of a password: the NT hash, the
// Digest hashes for each realm, the password itself only with
// ReversibleEncryption, the LM hash only if lm is set.
func (a *Account) SetPassword(password string, realms []string, lm bool) error { panic("not yet") }
