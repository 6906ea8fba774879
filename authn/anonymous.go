package authn

import (
	"crypto/subtle"
	"strings"
	"time"

	"iisd/authn/ntlm"
	"iisd/server/status"
)

// AnonymousOptions configure the anonymous account of a node.
type AnonymousOptions struct {
	Accounts *Accounts
	Name     string           // property AnonymousUserName; "": IUSR_<computer>
	Password *string          // property AnonymousUserPass; nil: not checked, as with AnonymousPasswordSync
	Type     LogonType        // the right that the account needs: interactive up to 5.1, network from 6.0 (KB 909887)
	Now      func() time.Time // nil: time.Now
}

// NewAnonymous returns a function for Policy.Anonymous. It does not allocate
// where the account may log on; its error is a *Cause.
func NewAnonymous(o *AnonymousOptions) func() (*User, error) {
	db, now := o.Accounts, o.Now
	t := o.Type
	if t < LogonInteractive || t > LogonNetworkCleartext {
		t = LogonNetworkCleartext
	}
	if now == nil {
		now = time.Now
	}
	name := o.Name
	if name == "" {
		name = db.iusr()
	}
	e := db.named(name)
	if e == nil {
		missing := &Cause{Account: name, Method: "Anonymous", Win32: status.ErrorLogonFailure,
			Reason: "the anonymous account " + name + " does not exist"}
		return func() (*User, error) { return nil, missing }
	}
	wrong := false
	if o.Password != nil {
		nt := ntlm.NTOWFv1(*o.Password)
		wrong = !e.hasNT || subtle.ConstantTimeCompare(nt[:], e.hashes.NT[:]) == 0
	}
	user := e.user(db, t)
	user.Groups = withoutGroup(user.Groups, groupAuthenticated)
	l := &Logon{Domain: e.domain, Name: e.name, Type: t, Workstation: db.computer}
	return func() (*User, error) {
		if cause := db.judgeAnonymous(e, l, now(), !wrong); cause != nil {
			return nil, cause
		}
		return user, nil
	}
}

// judgeAnonymous is judge for the anonymous account, whose password nobody
// sent: that it is blank does not matter.
func (db *Accounts) judgeAnonymous(e *entry, l *Logon, now time.Time, proved bool) *Cause {
	cause := db.judge(e, l, now, proved, false)
	if cause != nil {
		cause.Method = "Anonymous"
	}
	return cause
}

func withoutGroup(groups []string, group string) []string {
	var kept []string
	for _, g := range groups {
		if !strings.EqualFold(g, group) {
			kept = append(kept, g)
		}
	}
	return kept
}
