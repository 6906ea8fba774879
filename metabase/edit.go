package metabase

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// A Listing is what is set at a key, and the keys just below it.
type Listing struct {
	Values []Value  `json:"values"`
	Keys   []string `json:"keys"`
}

// Get returns the effective value of a property at a key, such as
// "W3SVC/1/ROOT/AuthFlags". A key that the file does not have inherits.
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

// Set gives a property a value at a key. The result is validated as Load does it;
// with an error the file stays as it is. Comments and order survive.
func Set(file, path string, values []string) []Problem {
	key, s, problem := splitProperty(file, path)
	if problem != nil {
		return []Problem{*problem}
	}
	value, err := s.literal(values)
	if err != nil {
		return []Problem{{File: file, Key: key, Property: s.Name(), Text: err.Error()}}
	}
	return edit(file, key, s.Name(), func(text string, tree *Tree) (string, *Problem) {
		if tree.site(key) == nil && classOf(key)&(atSite|atVDir|atDir|atFile) != 0 && classOf(key) != atSite {
			p := noKey(file, key)
			return "", &p
		}
		return put(text, spelled(tree, key), s.Name(), value), nil
	})
}

// Delete removes a property from a key, or a key with all below it.
func Delete(file, path string) []Problem {
	whole := clean(path)
	key, s, notProperty := splitProperty(file, path)
	return edit(file, whole, "", func(text string, tree *Tree) (string, *Problem) {
		switch n := tree.Node(key); {
		case tree.Node(whole) != nil:
			return cutKey(text, whole), nil
		case notProperty != nil:
			p := noKey(file, whole)
			return "", &p
		case n != nil:
			if cut, ok := cutProperty(text, key, s.Name()); ok {
				return cut, nil
			}
		}
		p := Problem{File: file, Key: key, Property: s.Name(), Text: "not set at this key"}
		if n := tree.governing(key); n != nil {
			if from, ok := n.Origin(s.Name()); ok {
				p.Text += "; it is inherited from " + from
			}
		}
		return "", &p
	})
}

func noKey(file, key string) Problem {
	return Problem{File: file, Key: key, Text: "there is no such key; enum shows those there are"}
}

// clean returns a path as keys are written, from /LM on.
func clean(path string) string {
	var b strings.Builder
	for segment := range segments(absolute(path)) {
		b.WriteByte('/')
		b.WriteString(segment)
	}
	return b.String()
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

// governing returns the node of a key, or of the nearest one above it: below a
// site every path inherits.
func (t *Tree) governing(key string) *Node {
	if n := t.Node(key); n != nil {
		return n
	}
	s := t.site(key)
	if s == nil {
		return nil
	}
	n := s.Node
	depth := 0
	for segment := range segments(key) {
		if depth++; depth <= 3 {
			continue
		}
		c := n.child(segment)
		if c == nil {
			break
		}
		n = c
	}
	return n
}

// site returns the site that a key lies in, or nil.
func (t *Tree) site(key string) *Site {
	for _, s := range t.sites {
		if fold(key) == fold(s.Node.Key) || strings.HasPrefix(fold(key), fold(s.Node.Key)+"/") {
			return s
		}
	}
	return nil
}

// spelled returns a key with its upper part as the file spells it.
func spelled(t *Tree, key string) string {
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

// literal writes values as TOML.
func (s spelling) literal(values []string) (string, error) {
	one := strings.Join(values, " ")
	shape := s.kind.shape
	if s.flag.bit != 0 {
		shape = shapeBool
	}
	switch shape {
	case shapeBool:
		switch strings.ToLower(one) {
		case "true", "1", "-1":
			return "true", nil
		case "false", "0":
			return "false", nil
		}
		return "", fmt.Errorf("want true or false, not %q", one)
	case shapeNumber:
		n, err := strconv.ParseInt(one, 0, 64)
		if err != nil {
			return "", fmt.Errorf("want %s, not %q", s.form(), one)
		}
		return strconv.FormatInt(n, 10), nil
	case shapeFlags:
		if n, err := strconv.ParseInt(one, 0, 64); err == nil {
			return strconv.FormatInt(n, 10), nil
		}
		if len(values) > 1 && !strings.Contains(one, "|") {
			one = strings.Join(values, " | ")
		}
		return quote(one), nil
	case shapeText:
		return quote(one), nil
	case shapeEither:
		if len(values) == 1 {
			return quote(one), nil
		}
	}
	if len(values) == 1 && values[0] == "" {
		return "[]", nil
	}
	return "[" + strings.Join(each(values, quote), ", ") + "]", nil
}

// quote writes a string as TOML: literally where that can be, so that backslashes
// stay readable.
func quote(s string) string {
	if strings.Contains(s, `\`) && !strings.ContainsAny(s, "'\n\r\t") {
		return "'" + s + "'"
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// table returns the table of a key.
func (ix *index) table(key string) *tableSpan {
	for i := range ix.tables {
		if name := ix.tables[i].name; name != "" && fold(clean(name)) == fold(key) {
			return &ix.tables[i]
		}
	}
	return nil
}

// key returns the line of a property in a table.
func (t *tableSpan) key(name string) *keySpan {
	for i := range t.keys {
		if strings.EqualFold(t.keys[i].name, name) {
			return &t.keys[i]
		}
	}
	return nil
}

// put returns text with a property set.
func put(text, key, name, value string) string {
	ix := newIndex(text)
	if t := ix.table(key); t != nil {
		if k := t.key(name); k != nil {
			return text[:k.from] + value + text[k.to:]
		}
		return insert(text, t.end, name+" = "+value+"\n")
	}
	at := len(text)
	for above := key; strings.Count(above, "/") > 1; {
		above = above[:strings.LastIndexByte(above, '/')]
		if t := ix.table(above); t != nil {
			at = t.end
			break
		}
	}
	return insert(text, at, "\n["+quote(key)+"]\n"+name+" = "+value+"\n")
}

// insert puts lines at an offset where a line begins, or at the end.
func insert(text string, at int, lines string) string {
	if at > 0 && text[at-1] != '\n' {
		lines = "\n" + lines
	}
	return text[:at] + lines + text[at:]
}

// cutProperty returns text without a property of a key; ok is false if it has
// none of its own.
func cutProperty(text, key, name string) (string, bool) {
	t := newIndex(text).table(key)
	if t == nil {
		return text, false
	}
	k := t.key(name)
	if k == nil {
		return text, false
	}
	return text[:k.start] + text[k.end:], true
}

// cutKey returns text without a key and those below it, with the comments just
// above each.
func cutKey(text, key string) string {
	ix := newIndex(text)
	for i := len(ix.tables) - 1; i >= 0; i-- {
		t := &ix.tables[i]
		name := fold(clean(t.name))
		if t.name == "" || name != fold(key) && !strings.HasPrefix(name, fold(key)+"/") {
			continue
		}
		start, end := t.start, t.end
		for start > 0 {
			line := strings.LastIndexByte(text[:start-1], '\n') + 1
			if !strings.HasPrefix(strings.TrimSpace(text[line:start]), "#") {
				break
			}
			start = line
		}
		if strings.HasPrefix(text[end:], "\n") {
			end++
		}
		text = text[:start] + text[end:]
	}
	return text
}

// edit changes a file: change gets the text and its tree and returns the new
// text. The result replaces the file at once and whole, or not at all.
func edit(file, key, property string, change func(text string, tree *Tree) (string, *Problem)) []Problem {
	failed := func(err error) []Problem { return []Problem{{File: file, Text: err.Error()}} }
	f, err := lock(file)
	if err != nil {
		return []Problem{{File: file, Text: readAdvice(err)}}
	}
	defer f.Close()
	old, err := os.ReadFile(file)
	if err != nil {
		return failed(err)
	}
	tree, problems := parse(file, string(old))
	if tree == nil {
		return problems
	}
	text, problem := change(string(old), tree)
	if problem != nil {
		return []Problem{*problem}
	}
	_, problems = parse(file, text)
	if Failed(problems) {
		return problems
	}
	if err := replace(file, text); err != nil {
		return failed(err)
	}
	var about []Problem
	for _, p := range problems {
		if property != "" && strings.EqualFold(p.Key, key) && p.Property == property {
			about = append(about, p)
		}
	}
	return about
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
