package authn

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"iisd/authn/ntlm"
	"iisd/server/status"
)

// An Account is one entry of the local account database, as accounts.toml holds
// it.
type Account struct {
	Name                 string                // DOMAIN\name, or name for an account of this machine
	Password             string                // in clear
	HasPassword          bool                  // Password is given, if only a blank one
	NTHash               string                // hex
	LMHash               string                // hex
	DigestHA1            map[string]DigestHash // by realm
	Groups               []string
	Disabled             bool
	LockedOut            bool
	AccountExpires       time.Time // zero: never
	PasswordExpired      bool
	MustChangePassword   bool
	LogonHours           string   // see ParseLogonHours; "": always
	Workstations         []string // nil: all
	ReversibleEncryption bool
	Guest                bool // the built-in Guest under another name (Q251171)
	UnixUser             string
	Rights               []string // nil: all three
}

// DigestHash is the Digest A1 hash of user:realm:password in hex (RFC 2617
// 3.2.2.2, RFC 7616 3.4.2). User is the name without its domain.
type DigestHash struct {
	MD5, SHA256 string
}

// SetPassword stores what the methods need of a password: the NT hash, the
// Digest hashes for each realm, the password itself only with
// ReversibleEncryption, the LM hash only if lm is set.
func (a *Account) SetPassword(password string, realms []string, lm bool) error {
	nt := ntlm.NTOWFv1(password)
	a.NTHash, a.LMHash, a.Password, a.HasPassword = hex.EncodeToString(nt[:]), "", "", false
	if a.ReversibleEncryption {
		a.Password, a.HasPassword, a.NTHash = password, true, ""
	}
	if lm {
		h, ok := ntlm.LMOWFv1(password)
		if !ok {
			return errors.New("the password has no LM hash: it is longer than 14 characters or has one that is not in code page 1252")
		}
		a.LMHash = hex.EncodeToString(h[:])
	}
	_, name := splitAccount(a.Name)
	a.DigestHA1 = nil
	for _, realm := range realms {
		if a.DigestHA1 == nil {
			a.DigestHA1 = make(map[string]DigestHash)
		}
		a1 := []byte(name + ":" + realm + ":" + password)
		m, s := md5.Sum(a1), sha256.Sum256(a1)
		a.DigestHA1[realm] = DigestHash{MD5: hex.EncodeToString(m[:]), SHA256: hex.EncodeToString(s[:])}
	}
	return nil
}

// Well-known groups.
const (
	groupEveryone      = "Everyone"
	groupAuthenticated = "Authenticated Users"
	groupInteractive   = "INTERACTIVE"
	groupNetwork       = "NETWORK"
	groupBatch         = "BATCH"
)

// logonKind is what a logon type asks and gives.
type logonKind struct {
	right, words, group string
}

// logonKinds are the logon types.
var logonKinds = [...]logonKind{
	LogonInteractive:      {"SeInteractiveLogonRight", "log on locally", groupInteractive},
	LogonBatch:            {"SeBatchLogonRight", "log on as a batch job", groupBatch},
	LogonNetwork:          {"SeNetworkLogonRight", "be used from the network", groupNetwork},
	LogonNetworkCleartext: {"SeNetworkLogonRight", "be used from the network", groupNetwork},
}

// Accounts is the local account database, the first Authority. It is immutable
// but for the count of failed logons, and may be used concurrently.
type Accounts struct {
	// Lockout counts failed logons; nil: accounts are never locked out by
	// them. Set it before the first logon.
	Lockout *Lockout

	computer string
	domains  []string
	byName   map[string]*entry // by upper-case DOMAIN\NAME
	dummy    ntlm.Hashes       // stands in for the secrets of unknown accounts
}

// entry is an account made ready.
type entry struct {
	account      Account
	domain, name string
	key          string // upper-case DOMAIN\NAME
	hashes       ntlm.Hashes
	hasNT        bool
	blank        bool // the password is blank
	hours        *LogonHours
	guest, iusr  bool
}

// blankHash is the NT hash of a blank password.
var blankHash = ntlm.NTOWFv1("")

// newAccounts makes a database of accounts that have been validated.
func newAccounts(computer string, list []Account) *Accounts {
	db := &Accounts{computer: computer, domains: []string{computer}, byName: make(map[string]*entry)}
	rand.Read(db.dummy.NT[:])
	for i := range list {
		db.add(&list[i])
	}
	iusr := db.key(computer, db.iusr())
	if db.byName[iusr] == nil {
		db.add(&Account{Name: db.iusr()})
	}
	if alias := db.key(computer, "IUSR"); db.byName[alias] == nil {
		db.byName[alias] = db.byName[iusr]
	}
	return db
}

func (db *Accounts) add(a *Account) {
	e := &entry{account: *a}
	e.domain, e.name = db.split(a.Name)
	e.key = db.key(e.domain, e.name)
	local := strings.EqualFold(e.domain, db.computer)
	e.iusr = local && strings.EqualFold(e.name, db.iusr())
	e.guest = a.Guest || local && strings.EqualFold(e.name, "Guest")
	if a.LogonHours != "" {
		e.hours, _ = ParseLogonHours(a.LogonHours) // validated
	}
	switch {
	case a.HasPassword:
		e.hashes.NT, e.hasNT = ntlm.NTOWFv1(a.Password), true
	case a.NTHash != "":
		_, err := hex.Decode(e.hashes.NT[:], []byte(a.NTHash))
		e.hasNT = err == nil
	}
	if a.LMHash != "" {
		e.hashes.LM = new([16]byte)
		hex.Decode(e.hashes.LM[:], []byte(a.LMHash)) // validated
	}
	e.blank = e.hasNT && e.hashes.NT == blankHash
	if !slices.ContainsFunc(db.domains, func(d string) bool { return strings.EqualFold(d, e.domain) }) {
		db.domains = append(db.domains, e.domain)
	}
	db.byName[e.key] = e
}

func (db *Accounts) iusr() string { return "IUSR_" + db.computer }

// split splits the name of an account; one without domain is of this machine.
func (db *Accounts) split(account string) (domain, name string) {
	domain, name = splitAccount(account)
	if domain == "" || domain == "." {
		domain = db.computer
	}
	return domain, name
}

// key is a name in upper case, as NTLM compares names (MS-NLMP 3.3.2).
func (db *Accounts) key(domain, name string) string {
	return strings.ToUpper(domain) + `\` + strings.ToUpper(name)
}

func (db *Accounts) find(domain, name string) *entry { return db.byName[db.key(domain, name)] }

func (db *Accounts) named(account string) *entry { return db.find(db.split(account)) }

func (db *Accounts) has(domain, name string) bool { return db.find(domain, name) != nil }

// Domains returns this machine and the domains whose accounts the file holds.
func (db *Accounts) Domains() []string { return db.domains }

// LogonPassword checks a name and a password.
func (db *Accounts) LogonPassword(l *Logon, password string) (*User, error) {
	e, hashes := db.secrets(l)
	nt := ntlm.NTOWFv1(password)
	proved := subtle.ConstantTimeCompare(nt[:], hashes.NT[:]) == 1
	if e == nil {
		return nil, unknown(l)
	}
	network := l.Type == LogonNetwork || l.Type == LogonNetworkCleartext
	if cause := db.judge(e, l, l.Now, proved && e.hasNT, network); cause != nil {
		return nil, cause
	}
	return e.user(db, l.Type), nil
}

// LogonNTLM checks the answer to an NTLM challenge.
func (db *Accounts) LogonNTLM(l *Logon, p *NTLMProof) (*User, ntlm.Verdict, error) {
	e, hashes := db.secrets(l)
	verdict, err := ntlm.Verify(hashes, p.ServerChallenge, p.Flags, p.Authenticate)
	if err != nil && !errors.Is(err, ntlm.ErrWrongPassword) {
		return nil, ntlm.Verdict{}, err
	}
	if name := refusedVariant(verdict.Variant, p.LMCompatibilityLevel); name != "" {
		return nil, ntlm.Verdict{}, &Cause{Account: legible(l.Typed), Win32: status.ErrorLogonFailure,
			Reason: fmt.Sprintf("%s refused by LMCompatibilityLevel %d", name, p.LMCompatibilityLevel)}
	}
	if e == nil {
		return nil, ntlm.Verdict{}, unknown(l)
	}
	if cause := db.judge(e, l, l.Now, err == nil && e.hasNT, true); cause != nil {
		return nil, ntlm.Verdict{}, cause
	}
	return e.user(db, l.Type), verdict, nil
}

// refusedVariant returns the name of a variant that a level refuses, "" for one
// that it accepts (MS-NLMP note 81).
func refusedVariant(v ntlm.Variant, level int) string {
	switch v {
	case ntlm.VariantLM:
		if level >= 4 {
			return v.String()
		}
	case ntlm.VariantNTLMv1, ntlm.VariantNTLMv1ESS:
		if level >= 5 {
			return v.String()
		}
	}
	return ""
}

// secrets returns the account of a logon and its secrets. For an account that
// does not exist or has none, the dummy's make the check take the same time.
func (db *Accounts) secrets(l *Logon) (*entry, *ntlm.Hashes) {
	e := db.find(l.Domain, l.Name)
	if e == nil || !e.hasNT {
		return e, &db.dummy
	}
	return e, &e.hashes
}

func unknown(l *Logon) *Cause {
	account := legible(l.Domain + `\` + l.Name)
	return &Cause{Account: account, Win32: status.ErrorLogonFailure, Reason: "there is no account " + account}
}

// judge says why an account may not log on, nil if it may. As in Windows its
// state shows only after the password was proved, but for the lock-out. It does
// not allocate where the account may log on.
func (db *Accounts) judge(e *entry, l *Logon, now time.Time, proved, network bool) *Cause {
	locked := e.account.LockedOut || db.Lockout.isLocked(e.key, now)
	switch {
	case locked:
		return e.cause(status.ErrorAccountLockedOut, " is locked out")
	case !proved:
		db.Lockout.fail(e.key, now)
		return &Cause{Account: e.String(), Win32: status.ErrorLogonFailure, Reason: "wrong password for " + e.String()}
	}
	db.Lockout.clear(e.key)
	return e.restriction(l, now, network)
}

// restriction says what keeps an account out that has proved its password.
func (e *entry) restriction(l *Logon, now time.Time, network bool) *Cause {
	a := &e.account
	switch {
	case a.Disabled:
		return e.cause(status.ErrorAccountDisabled, " is disabled")
	case !a.AccountExpires.IsZero() && !now.Before(a.AccountExpires):
		return e.cause(status.ErrorAccountExpired, " has expired")
	case !e.hours.Allow(now):
		return e.cause(status.ErrorInvalidLogonHours, " may not log on at this hour")
	case !allows(a.Workstations, l.Workstation):
		return e.cause(status.ErrorInvalidWorkstation, " may not log on from workstation "+legible(quoteEmpty(l.Workstation)))
	case a.MustChangePassword:
		return e.cause(status.ErrorPasswordMustChange, " must change the password first")
	case a.PasswordExpired:
		return e.cause(status.ErrorPasswordExpired, " has an expired password")
	case network && e.blank:
		return e.cause(status.ErrorAccountRestriction, " has a blank password, which is refused over the network")
	case a.Rights != nil && !slices.Contains(a.Rights, logonKinds[l.Type].right):
		return e.cause(status.ErrorLogonTypeNotGranted, " lacks the right to "+logonKinds[l.Type].words+" ("+logonKinds[l.Type].right+")")
	}
	return nil
}

func (e *entry) cause(code status.Win32, predicate string) *Cause {
	return &Cause{Account: e.String(), Win32: code, Reason: e.String() + predicate}
}

func (e *entry) String() string { return e.domain + `\` + e.name }

// allows reports whether a list of workstations, if there is one, has a name.
func allows(workstations []string, name string) bool {
	return workstations == nil || slices.ContainsFunc(workstations, func(w string) bool { return strings.EqualFold(w, name) })
}

func quoteEmpty(s string) string {
	if s == "" {
		return `""`
	}
	return s
}

// user returns a new user of an account after a logon of type t.
func (e *entry) user(db *Accounts, t LogonType) *User {
	u := &User{
		Domain:   e.domain,
		Name:     e.name,
		Groups:   append([]string{groupEveryone, groupAuthenticated, logonKinds[t].group}, e.account.Groups...),
		UnixUser: e.account.UnixUser,
		computer: db.computer,
		guest:    e.guest,
		iusr:     e.iusr,
	}
	u.account = u.String()
	return u
}

// User returns the user that the account named name would be after a logon of
// type t at now, without a password: for `iisd explain --as`. The error is a
// *Cause.
func (db *Accounts) User(name string, t LogonType, now time.Time) (*User, error) {
	e := db.named(name)
	l := &Logon{Typed: name, Type: t, Workstation: db.computer, Now: now}
	if e == nil {
		l.Domain, l.Name = db.split(name)
		return nil, unknown(l)
	}
	if e.account.LockedOut || db.Lockout.isLocked(e.key, now) {
		return nil, e.cause(status.ErrorAccountLockedOut, " is locked out")
	}
	network := t == LogonNetwork || t == LogonNetworkCleartext
	if cause := e.restriction(l, now, network); cause != nil {
		return nil, cause
	}
	u := e.user(db, t)
	u.Typed = u.String()
	return u, nil
}
