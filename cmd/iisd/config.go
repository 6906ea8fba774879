package main

import (
	"errors"
	"fmt"

	"strings"

	"iisd/metabase"
	"iisd/server"
)

// check reads and validates the metabase and the account databases it names.
func check(o *options) error {
	if err := o.want(0, 0, "check [--live] [--metabase FILE]"); err != nil {
		return err
	}
	tree, problems := metabase.Load(o.metabase)
	failed := metabase.Failed(problems)
	for _, p := range problems {
		fmt.Fprintln(o.stdout, p.String()+severity(p.Warning))
	}
	if tree != nil {
		failed = checkAccounts(o, tree) || failed
		if o.live && !failed {
			for _, p := range server.Look(tree) {
				fmt.Fprintln(o.stdout, p.String()+severity(p.Warning))
				failed = failed || !p.Warning
			}
		}
	}
	if failed {
		return errReported
	}
	return nil
}

// severity marks warnings; what is not marked is an error.
func severity(warning bool) string {
	if warning {
		return " (warning)"
	}
	return ""
}

// checkAccounts validates each account database once.
func checkAccounts(o *options, tree *metabase.Tree) (failed bool) {
	seen := map[string]bool{}
	for _, site := range tree.Sites() {
		n := site.Node
		if n.Accounts == "" || seen[n.Accounts] {
			continue
		}
		seen[n.Accounts] = true
		_, errs, warnings := server.LoadAccounts(tree, n)
		for _, w := range warnings {
			fmt.Fprintln(o.stdout, w+severity(true))
		}
		for _, err := range errs {
			fmt.Fprintln(o.stdout, err)
			failed = true
		}
	}
	return failed
}

// firstError returns the first error among problems; there may be more, which
// check shows.
func firstError(problems []metabase.Problem) error {
	for _, p := range problems {
		if !p.Warning {
			return errors.New(p.String())
		}
	}
	return nil
}

// get prints the effective value of a property.
func get(o *options) error {
	if err := o.want(1, 1, "get PATH/PROPERTY"); err != nil {
		return err
	}
	v, problems := metabase.Get(o.metabase, o.args[0])
	if err := firstError(problems); err != nil {
		return err
	}
	if o.json {
		return printJSON(o.stdout, v)
	}
	fmt.Fprintln(o.stdout, v)
	return nil
}

// set changes a property.
func set(o *options) error {
	if err := o.want(2, -1, "set PATH/PROPERTY VALUE..."); err != nil {
		return err
	}
	return o.changed(metabase.Set(o.metabase, o.args[0], o.args[1:]))
}

// remove deletes a property or a key.
func remove(o *options) error {
	if err := o.want(1, 1, "delete PATH[/PROPERTY]"); err != nil {
		return err
	}
	return o.changed(metabase.Delete(o.metabase, o.args[0]))
}

// changed reports what came of an edit.
func (o *options) changed(problems []metabase.Problem) error {
	for _, p := range problems {
		if p.Warning {
			fmt.Fprintln(o.stderr, p.String()+severity(true))
		}
	}
	return firstError(problems)
}

// enum lists what is set at a key and the keys below it.
func enum(o *options) error {
	if err := o.want(1, 1, "enum PATH"); err != nil {
		return err
	}
	l, problems := metabase.Enum(o.metabase, o.args[0])
	if err := firstError(problems); err != nil {
		return err
	}
	if o.json {
		return printJSON(o.stdout, l)
	}
	for _, v := range l.Values {
		fmt.Fprintln(o.stdout, v)
	}
	for _, k := range l.Keys {
		fmt.Fprintf(o.stdout, "[%s]\n", k)
	}
	return nil
}

// accountsFile returns the account database and the machine it belongs to.
func (o *options) accountsFile() (file, computer string, realms []string, err error) {
	tree, problems := metabase.Load(o.metabase)
	if tree == nil {
		return "", "", nil, firstError(problems)
	}
	n := tree.Service()
	file = n.Accounts
	for _, s := range tree.Sites() {
		if file == "" {
			file = s.Node.Accounts
		}
	}
	if file == "" {
		return "", "", nil, fmt.Errorf("%s: Accounts names no account database: set it at /LM/W3SVC, such as Accounts = \"accounts.toml\"", o.metabase)
	}
	return file, n.ComputerName, realmsOf(tree, n.ComputerName), nil
}

// realmsOf returns the realms a password is hashed for: those of the metabase,
// "Digest" of 7.0 and later, and the computer name.
func realmsOf(tree *metabase.Tree, computer string) []string {
	realms := []string{"Digest", computer}
	seen := map[string]bool{"Digest": true, computer: true}
	var walk func(n *metabase.Node)
	walk = func(n *metabase.Node) {
		if n.Realm != "" && !seen[n.Realm] {
			seen[n.Realm] = true
			realms = append(realms, n.Realm)
		}
		for _, c := range n.Children() {
			walk(c)
		}
	}
	walk(tree.Service())
	return realms
}

// readPassword reads a password from standard input, one line.
func readPassword(o *options) (string, error) {
	var b strings.Builder
	buf := make([]byte, 1)
	for b.Len() < 1024 {
		n, err := o.stdin.Read(buf)
		if n == 1 {
			if buf[0] == '\n' {
				break
			}
			b.WriteByte(buf[0])
		}
		if err != nil {
			break
		}
	}
	p := strings.TrimSuffix(b.String(), "\r")
	if p == "" {
		return "", errors.New("the password is empty: write it to standard input as one line")
	}
	return p, nil
}
