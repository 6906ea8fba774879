package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	"iisd/authn"
)

// accountOptions are the flags of `iisd account`.
type accountOptions struct {
	passwordStdin, lm, reversible   bool
	realms, groups, rights          listFlag
	disabled, lockedOut, mustChange triState
	passwordExpired                 triState
	unixUser                        string
}

// A listFlag is a flag that may be given several times.
type listFlag []string

func (l *listFlag) String() string     { return strings.Join(*l, ",") }
func (l *listFlag) Set(v string) error { *l = append(*l, v); return nil }

// A triState is a switch that may be left as it is.
type triState struct{ set, value bool }

func (t *triState) String() string   { return "" }
func (t *triState) IsBoolFlag() bool { return true }
func (t *triState) Set(v string) error {
	switch v {
	case "true":
		*t = triState{true, true}
	case "false":
		*t = triState{true, false}
	default:
		return errors.New("say true or false")
	}
	return nil
}

func (t triState) apply(to *bool) {
	if t.set {
		*to = t.value
	}
}

func accountFlags(f *flag.FlagSet, o *options) {
	a := &o.account
	f.BoolVar(&a.passwordStdin, "password-stdin", false, "read the password from standard input instead of asking")
	f.Var(&a.realms, "realm", "keep Digest hashes for realm `R` too; may be repeated")
	f.Var(&a.groups, "group", "member of `GROUP`; may be repeated")
	f.Var(&a.rights, "right", "SeInteractiveLogonRight, SeNetworkLogonRight or SeBatchLogonRight; may be repeated, all three without")
	f.BoolVar(&a.lm, "lm", false, "keep an LM hash too, for clients that send nothing better")
	f.BoolVar(&a.reversible, "reversible", false, "keep the password itself (ReversibleEncryption), as Digest on 5.0 needs it")
	f.Var(&a.disabled, "disabled", "disable the account, or enable it with =false")
	f.Var(&a.lockedOut, "locked-out", "lock the account out, or let it in with =false")
	f.Var(&a.mustChange, "must-change", "the password must be changed at the next logon")
	f.Var(&a.passwordExpired, "password-expired", "the password has expired")
	f.StringVar(&a.unixUser, "unix-user", "", "`USER` that programs run as")
	f.BoolVar(&o.json, "json", false, "print JSON (list)")
}

// account keeps the local account database.
func account(o *options) error {
	if err := o.want(1, 2, "account add|set|remove NAME, or account list"); err != nil {
		return err
	}
	file, computer, realms, err := o.accountsFile()
	if err != nil {
		return err
	}
	verb := o.args[0]
	if verb == "list" {
		return listAccounts(o, file)
	}
	if len(o.args) != 2 {
		return usageError{"account " + verb + ": name the account, such as 'CORP\\alice'"}
	}
	name := o.args[1]
	switch verb {
	case "add":
		a := &authn.Account{Name: name}
		if err := o.edit(a, realms, true); err != nil {
			return err
		}
		return authn.AddAccount(file, computer, a)
	case "set":
		return authn.SetAccount(file, computer, name, func(a *authn.Account) error {
			return o.edit(a, realms, o.account.passwordStdin)
		})
	case "remove":
		return authn.RemoveAccount(file, computer, name)
	}
	return usageError{fmt.Sprintf("account: there is no %q; there are add, set, remove and list", verb)}
}

// edit gives an account what the flags say.
func (o *options) edit(a *authn.Account, realms []string, password bool) error {
	f := &o.account
	if f.reversible {
		a.ReversibleEncryption = true
	}
	if f.groups != nil {
		a.Groups = f.groups
	}
	if f.rights != nil {
		a.Rights = f.rights
	}
	if f.unixUser != "" {
		a.UnixUser = f.unixUser
	}
	f.disabled.apply(&a.Disabled)
	f.lockedOut.apply(&a.LockedOut)
	f.mustChange.apply(&a.MustChangePassword)
	f.passwordExpired.apply(&a.PasswordExpired)
	if !password {
		return nil
	}
	if !f.passwordStdin && isTerminal(o) {
		fmt.Fprintf(o.stderr, "password for %s: ", a.Name)
	}
	p, err := readPassword(o)
	if err != nil {
		return err
	}
	for _, r := range f.realms {
		if !slices.Contains(realms, r) {
			realms = append(realms, r)
		}
	}
	return a.SetPassword(p, realms, f.lm)
}

// isTerminal reports whether somebody is typing.
func isTerminal(o *options) bool {
	f, ok := o.stdin.(*os.File)
	if !ok {
		return false
	}
	fi, err := f.Stat()
	return err == nil && fi.Mode()&os.ModeCharDevice != 0
}

// listAccounts prints the accounts, never a password or a hash.
func listAccounts(o *options, file string) error {
	accounts, err := authn.ListAccounts(file)
	if err != nil {
		return err
	}
	type line struct {
		Name   string   `json:"name"`
		Groups []string `json:"groups,omitempty"`
		State  []string `json:"state,omitempty"`
	}
	var lines []line
	for i := range accounts {
		a := &accounts[i]
		l := line{Name: a.Name, Groups: a.Groups}
		for _, s := range []struct {
			on   bool
			name string
		}{
			{a.Disabled, "Disabled"}, {a.LockedOut, "LockedOut"}, {a.PasswordExpired, "PasswordExpired"},
			{a.MustChangePassword, "MustChangePassword"}, {!a.AccountExpires.IsZero(), "AccountExpires " + a.AccountExpires.Format("2006-01-02")},
		} {
			if s.on {
				l.State = append(l.State, s.name)
			}
		}
		lines = append(lines, l)
	}
	if o.json {
		return printJSON(o.stdout, lines)
	}
	for _, l := range lines {
		text := l.Name
		if l.State != nil {
			text += " (" + strings.Join(l.State, ", ") + ")"
		}
		if l.Groups != nil {
			text += " in " + strings.Join(l.Groups, ", ")
		}
		fmt.Fprintln(o.stdout, text)
	}
	return nil
}
