package authn

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// AddAccount appends an account to a file, which is made if it does not exist.
func AddAccount(file, computerName string, a *Account) error {
	return editAccounts(file, computerName, func(text string, list []Account) (string, error) {
		if find(list, computerName, a.Name) >= 0 {
			return "", fmt.Errorf("%s: Account %s: exists already; change it with iisd account set", file, a.Name)
		}
		var b strings.Builder
		b.WriteString(text)
		switch {
		case text == "":
		case !strings.HasSuffix(text, "\n"):
			b.WriteString("\n\n")
		case !strings.HasSuffix(text, "\n\n"):
			b.WriteString("\n")
		}
		b.WriteString("[[Account]]\n")
		for _, k := range accountKeys {
			if v := k.give(a); v != "" {
				b.WriteString(k.name + " = " + v + "\n")
			}
		}
		return b.String(), nil
	})
}

// SetAccount changes an account: edit gets it as the file has it, and the keys
// it changes are rewritten. Comments and order of the file survive.
func SetAccount(file, computerName, name string, edit func(*Account) error) error {
	return editAccounts(file, computerName, func(text string, list []Account) (string, error) {
		i := find(list, computerName, name)
		x := indexAccounts(text)
		if err := editable(file, name, i, list, x); err != nil {
			return "", err
		}
		changed := list[i].clone()
		if err := edit(&changed); err != nil {
			return "", err
		}
		return x.rewrite(i, &list[i], &changed), nil
	})
}

// RemoveAccount removes an account with the comment right above it.
func RemoveAccount(file, computerName, name string) error {
	return editAccounts(file, computerName, func(text string, list []Account) (string, error) {
		i := find(list, computerName, name)
		x := indexAccounts(text)
		if err := editable(file, name, i, list, x); err != nil {
			return "", err
		}
		return x.without(i), nil
	})
}

// ListAccounts returns the accounts of a file in its order.
func ListAccounts(file string) ([]Account, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fileError(file, err)
	}
	list, errs, _ := parseAccounts(file, string(text), "")
	return list, errors.Join(errs...)
}

// clone returns a copy that shares nothing with a.
func (a *Account) clone() Account {
	c := *a
	c.Groups = append([]string(nil), a.Groups...)
	if a.Workstations != nil {
		c.Workstations = append([]string{}, a.Workstations...)
	}
	if a.Rights != nil {
		c.Rights = append([]string{}, a.Rights...)
	}
	if a.DigestHA1 != nil {
		c.DigestHA1 = make(map[string]DigestHash, len(a.DigestHA1))
		for realm, h := range a.DigestHA1 {
			c.DigestHA1[realm] = h
		}
	}
	return c
}

// find returns the place of an account in a list, -1 if it is not there.
func find(list []Account, computer, name string) int {
	db := &Accounts{computer: computer}
	want := db.key(db.split(name))
	for i := range list {
		if db.key(db.split(list[i].Name)) == want {
			return i
		}
	}
	return -1
}

// editable says why the text of account i cannot be edited.
func editable(file, name string, i int, list []Account, x *accountIndex) error {
	switch {
	case i < 0:
		return fmt.Errorf("%s: Account %s: does not exist; iisd account list shows those that do", file, name)
	case len(x.blocks) != len(list):
		return fmt.Errorf("%s: Account %s: is not in a table [[Account]] of its own; edit the file by hand", file, name)
	}
	return nil
}

// rewrite returns the text with the keys of account i that differ between old
// and changed written anew.
func (x *accountIndex) rewrite(i int, old, changed *Account) string {
	lines := append([]string(nil), x.lines...)
	b := x.blocks[i]
	newline := "\n"
	if strings.HasSuffix(lines[b.header], "\r\n") {
		newline = "\r\n"
	}
	added := ""
	for _, k := range accountKeys {
		value := k.give(changed)
		if value == k.give(old) {
			continue
		}
		line := k.name + " = " + value
		for _, span := range b.keys {
			if !strings.EqualFold(span.name, k.name) {
				continue
			}
			for n := span.start; n < span.end; n++ {
				lines[n] = ""
			}
			if value != "" && !span.table {
				indent := x.lines[span.start][:len(x.lines[span.start])-len(strings.TrimLeft(x.lines[span.start], " \t"))]
				lines[span.start] = indent + line + span.tail + newline
				value = ""
			}
		}
		if value != "" {
			added += line + newline
		}
	}
	if added != "" {
		last := b.body - 1
		if lines[last] != "" && !strings.HasSuffix(lines[last], "\n") {
			lines[last] += newline
		}
		lines[last] += added
	}
	return strings.Join(lines, "")
}

// without returns the text without account i: the comment right above its
// header goes too, unless it heads the file.
func (x *accountIndex) without(i int) string {
	b := x.blocks[i]
	start := b.header
	for start > 0 && strings.HasPrefix(strings.TrimLeft(x.lines[start-1], " \t"), "#") {
		start--
	}
	if start == 0 {
		start = b.header
	}
	end := b.end
	for end < len(x.lines) && strings.TrimSpace(x.lines[end]) == "" {
		end++
	}
	return strings.Join(x.lines[:start], "") + strings.Join(x.lines[end:], "")
}

// editAccounts changes a file under a lock, and only to what is valid. The file
// is replaced as a whole, readable by its owner only.
func editAccounts(file, computer string, edit func(text string, list []Account) (string, error)) error {
	if real, err := filepath.EvalSymlinks(file); err == nil {
		file = real
	}
	unlock, err := lockDir(filepath.Dir(file))
	if err != nil {
		return fileError(file, err)
	}
	defer unlock()

	old, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fileError(file, err)
	}
	list, errs, _ := parseAccounts(file, string(old), computer)
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	text, err := edit(string(old), list)
	if err != nil {
		return err
	}
	if _, errs, _ := parseAccounts(file, text, computer); len(errs) > 0 {
		for i, err := range errs {
			errs[i] = withoutLine(file, err)
		}
		return errors.Join(errs...)
	}
	return replaceFile(file, []byte(text))
}

// withoutLine takes the line out of an error about text that is not written.
func withoutLine(file string, err error) error {
	rest := strings.TrimLeft(strings.TrimPrefix(err.Error(), file+":"), "0123456789")
	return errors.New(file + rest)
}

// lockDir locks a directory against other editors of its files; unlike the file
// it is not replaced.
func lockDir(dir string) (unlock func(), err error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(d.Fd()), syscall.LOCK_EX)
		if err != syscall.EINTR {
			break
		}
	}
	if err != nil {
		d.Close()
		return nil, err
	}
	return func() { d.Close() }, nil
}

// replaceFile replaces a file at one stroke, keeping its owner.
func replaceFile(file string, data []byte) (err error) {
	dir := filepath.Dir(file)
	f, err := os.CreateTemp(dir, ".accounts-*") // mode 0600
	if err != nil {
		return fileError(file, err)
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
			err = fileError(file, err)
		}
	}()
	if info, err := os.Stat(file); err == nil {
		if s, ok := info.Sys().(*syscall.Stat_t); ok && (int(s.Uid) != os.Geteuid() || int(s.Gid) != os.Getegid()) {
			// Root edits the file of the service's account.
			if err := f.Chown(int(s.Uid), int(s.Gid)); err != nil {
				return fmt.Errorf("keeping the owner: %w", err)
			}
		}
	}
	if _, err = f.Write(data); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), file); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
