package metabase

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// A Listing is what is set at a key, and the keys just below it.
type Listing struct {
	Values []Value  `json:"values"`
	Keys   []string `json:"keys"`
}

// Get returns the effective value of a property at a key, such as
// "W3SVC/1/ROOT/AuthFlags". A key below a site's ROOT that the file does not have
// inherits.
func Get(file, path string) (Value, []Problem) {
	tree, problems := Load(file)
	if tree == nil {
		return Value{}, problems
	}
	key, s, problem := splitProperty(file, path)
	if problem != nil {
		return Value{}, []Problem{*problem}
	}
	n := tree.governing(key)
	if n == nil {
		return Value{}, []Problem{noKey(file, key)}
	}
	return valueAt(n, key, s), nil
}

// Enum returns what a key sets, and the keys just below it.
func Enum(file, path string) (*Listing, []Problem) {
	tree, problems := Load(file)
	if tree == nil {
		return nil, problems
	}
	key := clean(path)
	n := tree.Node(key)
	if n == nil {
		return nil, []Problem{noKey(file, key)}
	}
	l := &Listing{Values: []Value{}, Keys: []string{}}
	for i := range n.settings {
		l.Values = append(l.Values, valueAt(n, n.Key, n.settings[i].spelling))
	}
	for _, c := range n.Children() {
		l.Keys = append(l.Keys, c.Key)
	}
	return l, nil
}

// Set gives a property a value at a key. A property of flags takes the place of
// single bits that the key sets. The result is validated as Load does it; with an
// error the file stays as it is. Comments and order survive.
func Set(file, path string, values []string) []Problem {
	key, s, problem := splitProperty(file, path)
	if problem != nil {
		return []Problem{*problem}
	}
	value, err := s.literal(values)
	if err == nil {
		err = writable(key)
	}
	if err != nil {
		return []Problem{{File: file, Key: key, Property: s.Name(), Text: err.Error()}}
	}
	return edit(file, key, s.Name(), func(text string, tree *Tree) (string, *Problem) {
		return put(text, tree.spelled(key), s, value), nil
	})
}

// Delete removes a property from a key, with single bits of it, or a key with all
// below it.
func Delete(file, path string) []Problem {
	whole := clean(path)
	key, s, notProperty := splitProperty(file, path)
	return edit(file, whole, "", func(text string, tree *Tree) (string, *Problem) {
		if notProperty == nil {
			if cut, ok := cutProperty(text, key, s); ok {
				return cut, nil
			}
		}
		switch n := tree.governing(key); {
		case n != nil && notProperty == nil && tree.Node(whole) == nil:
			p := Problem{File: file, Key: key, Property: s.Name(), Text: "not set at this key"}
			if at := n.origin(s); at != nil {
				p.Text += "; it is inherited from " + at.Key
			}
			return "", &p
		case tree.Node(whole) == nil:
			p := noKey(file, whole)
			return "", &p
		case tree.Node(whole) == tree.service || tree.Node(whole) == tree.service.parent:
			return "", &Problem{File: file, Key: whole, Text: "this key stays; delete its properties, or the keys below it, one by one"}
		}
		return cutKey(text, whole), nil
	})
}

func noKey(file, key string) Problem {
	return Problem{File: file, Key: key, Text: "there is no such key; enum shows those there are"}
}

// splitProperty splits a path into the key and the property at its end.
func splitProperty(file, path string) (key string, s spelling, problem *Problem) {
	whole := clean(path)
	i := strings.LastIndexByte(whole, '/')
	key, name := whole[:i], whole[i+1:]
	s, ok := lookup(name)
	if ok && key != "" {
		return key, s, nil
	}
	text := "there is no such property; write PATH/PROPERTY, such as W3SVC/1/ROOT/AuthFlags"
	if near := nearest(name); near != "" && !ok {
		text = "there is no such property; did you mean " + near + "?"
	}
	return key, spelling{}, &Problem{File: file, Key: key, Property: name, Text: text}
}

// governing returns the node of a key or, below a site's ROOT, where every path
// inherits, that of the nearest key above it. It is nil if there is none.
func (t *Tree) governing(key string) *Node {
	n := t.root
	for segment := range segments(key) {
		c := n.child(segment)
		if c == nil {
			if classOf(n.Key)&content == 0 {
				return nil
			}
			break
		}
		n = c
	}
	return n
}

// spelled returns a key with its upper part as the file spells it.
func (t *Tree) spelled(key string) string {
	n, out := t.root, ""
	for segment := range segments(key) {
		if n != nil {
			n = n.child(segment)
		}
		if n != nil {
			out = n.Key
		} else {
			out += "/" + segment
		}
	}
	return out
}

// edit changes a file: change gets the text and its tree and returns the new
// text. The result replaces the file at once and whole, or not at all. Of the
// warnings those about the property are returned.
func edit(file, key, property string, change func(text string, tree *Tree) (string, *Problem)) []Problem {
	f, err := lock(file)
	if err != nil {
		return []Problem{{File: file, Text: readAdvice(err)}}
	}
	defer f.Close()
	old, err := os.ReadFile(file)
	if err != nil {
		return []Problem{{File: file, Text: readAdvice(err)}}
	}
	tree, problems := parse(file, string(old))
	if tree == nil {
		return problems
	}
	text, problem := change(string(old), tree)
	if problem != nil {
		return []Problem{*problem}
	}
	if _, problems = parse(file, text); Failed(problems) {
		return refused(problems)
	}
	if err := replace(file, text); err != nil {
		return []Problem{{File: file, Text: err.Error()}}
	}
	var about []Problem
	for _, p := range problems {
		if property != "" && strings.EqualFold(p.Key, key) && p.Property == property {
			about = append(about, p)
		}
	}
	return about
}

// refused returns the errors of a text that was not written: the file does not
// have their lines.
func refused(problems []Problem) []Problem {
	var errs []Problem
	for _, p := range problems {
		if !p.Warning {
			p.Line = 0
			errs = append(errs, p)
		}
	}
	return errs
}

// lock opens a file for this process alone. Another editor may have put a new
// file in its place meanwhile, so the name is looked at again.
func lock(file string) (*os.File, error) {
	for {
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
			f.Close()
			return nil, os.NewSyscallError("flock", err)
		}
		mine, err1 := f.Stat()
		there, err2 := os.Stat(file)
		if err1 == nil && err2 == nil && os.SameFile(mine, there) {
			return f, nil
		}
		f.Close()
		if err2 != nil {
			return nil, err2
		}
	}
}

// replace puts a new text in the place of a file, keeping its mode and owner.
func replace(file, text string) error {
	if target, err := filepath.EvalSymlinks(file); err == nil {
		file = target
	}
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".metabase-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(text)
	if err == nil {
		err = f.Chmod(info.Mode().Perm())
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && err == nil && os.Geteuid() == 0 {
		err = f.Chown(int(st.Uid), int(st.Gid))
	}
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), file)
}
