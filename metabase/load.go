package metabase

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// Load reads and validates a metabase file. The tree is nil when there is an
// error among the problems; with warnings alone it is good.
func Load(file string) (*Tree, []Problem) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, []Problem{{File: file, Text: readAdvice(err)}}
	}
	return parse(file, string(text))
}

// readAdvice says why a file cannot be read, and what to do.
func readAdvice(err error) string {
	switch {
	case errors.Is(err, os.ErrNotExist):
		return "there is no such file; name the metabase with --metabase FILE"
	case errors.Is(err, os.ErrPermission):
		return "this account may not read the file"
	}
	return err.Error()
}

// A loader turns text into a tree.
type loader struct {
	file     string
	tree     *Tree
	problems []Problem
	reader   reader
	reading  Problem        // where the value stands that reader reads
	pathless map[*Node]bool // nodes whose Path was refused

	prints map[string]uint32 // numbers of what tables set, as text
	buf    []byte

	versions map[string]*Properties // defaults, with file names relative to this file
	moved    map[movedKey]*Properties
	shared   map[sharedKey]*Properties
}

// parse reads and validates a metabase text that stands in file.
func parse(file, text string) (*Tree, []Problem) {
	l := &loader{
		file:     file,
		tree:     &Tree{file: file, root: &Node{}},
		pathless: map[*Node]bool{},
		prints:   map[string]uint32{},
		versions: map[string]*Properties{},
		moved:    map[movedKey]*Properties{},
		shared:   map[sharedKey]*Properties{},
	}
	l.reader = reader{dir: directoryOf(file), warn: func(text string) {
		l.problem(l.reading.Line, l.reading.Key, l.reading.Property, true, text)
	}}
	l.tree.service = l.node("/LM/W3SVC", 0)
	if problem := l.tables(text); problem != nil {
		return nil, []Problem{*problem}
	}
	l.inherit()
	l.sites()
	l.bindings()
	slices.SortStableFunc(l.problems, func(a, b Problem) int { return a.Line - b.Line })
	if Failed(l.problems) {
		return nil, l.problems
	}
	return l.tree, l.problems
}

// directoryOf returns the absolute directory that file names are relative to.
func directoryOf(file string) string {
	if abs, err := filepath.Abs(file); err == nil {
		file = abs
	}
	return filepath.Dir(file)
}

// chunk is how many tables are decoded at a time: what the decoder needs of
// memory does not grow with the file.
const chunk = 256

// tables takes in the tables of a text. It returns what makes the text no TOML.
func (l *loader) tables(text string) *Problem {
	rest := newIndex(text).tables
	for len(rest) > 0 {
		tables := rest[:min(chunk, len(rest))]
		rest = rest[len(tables):]
		end := len(text)
		if len(rest) > 0 {
			end = rest[0].start
		}
		var data any
		if _, err := toml.Decode(text[tables[0].start:end], &data); err != nil {
			return l.noTOML(err, tables)
		}
		values, _ := data.(map[string]any)
		for i := range tables {
			l.table(&tables[i], text, values)
		}
	}
	return nil
}

// noTOML says where the tables stop to be TOML, and why.
func (l *loader) noTOML(err error, tables []tableSpan) *Problem {
	e, ok := errors.AsType[toml.ParseError](err)
	if !ok {
		return &Problem{File: l.file, Text: err.Error()}
	}
	if strings.Contains(e.Message, "already") {
		if p := l.twice(tables); p != nil {
			return p
		}
	}
	text := e.Message
	if strings.Contains(text, "escape") {
		text += `; a backslash in double quotes is an escape: put the value in single quotes, and where it is a Windows path write one of this machine, such as "/srv/wwwroot"`
	}
	return &Problem{File: l.file, Line: tables[0].line + e.Position.Line - 1, Text: text}
}

const (
	keyTwice      = "line %d has this key already; keys compare without regard to case"
	propertyTwice = "line %d sets this already; names compare without regard to case"
)

// twice finds a table or a property that is there twice, letter by letter: TOML
// forbids that.
func (l *loader) twice(tables []tableSpan) *Problem {
	headers := map[string]int{}
	for i := range tables {
		t := &tables[i]
		if first, ok := headers[t.name]; ok && t.plain {
			return &Problem{File: l.file, Line: t.line, Key: t.name, Text: fmt.Sprintf(keyTwice, first)}
		}
		if t.plain {
			headers[t.name] = t.line
		}
		names := map[string]int{}
		for _, k := range t.keys {
			if first, ok := names[k.name]; ok {
				return &Problem{File: l.file, Line: k.line, Key: t.name, Property: k.name, Text: fmt.Sprintf(propertyTwice, first)}
			}
			names[k.name] = k.line
		}
	}
	return nil
}

// problem notes something wrong at a line.
func (l *loader) problem(line int, key, property string, warning bool, text string) {
	l.problems = append(l.problems, Problem{l.file, line, key, property, text, warning})
}

// errorf notes an error at a line.
func (l *loader) errorf(line int, key, property, format string, args ...any) {
	l.problem(line, key, property, false, fmt.Sprintf(format, args...))
}

// table takes in one table of the file.
func (l *loader) table(t *tableSpan, text string, data map[string]any) {
	if t.top {
		for _, k := range t.keys {
			l.errorf(k.line, "", k.name, `this stands above the first key; put it below one, such as ["/LM/W3SVC"]`)
		}
		return
	}
	values, ok := data[t.name].(map[string]any)
	if !ok || !t.plain {
		l.errorf(t.line, t.name, "", `a key is one table named by its path in quotes, such as ["/LM/W3SVC/1/ROOT"]`)
		return
	}
	if !strings.HasPrefix(t.name, "/") || !underLM(t.name) {
		l.errorf(t.line, t.name, "", `a key is a path below /LM, such as "/LM/W3SVC/1/ROOT"`)
		return
	}
	if unreachable(t.name) {
		l.errorf(t.line, t.name, "", `no URL leads to this key, so it would guard nothing: leave out "." and ".." segments, blanks and dots at the end of a segment, and write / for a backslash`)
		return
	}
	if err := printable(t.name); err != nil {
		l.problem(t.line, t.name, "", false, err.Error())
		return
	}
	n := l.node(clean(t.name), t.line)
	if n.named {
		l.errorf(t.line, t.name, "", keyTwice, n.line)
		return
	}
	n.named, n.line = true, t.line
	class := classOf(n.Key)
	switch {
	case class == atForeign:
		l.problem(n.line, n.Key, "", true, "nothing acts on this key; sites are /LM/W3SVC/1 and so on, their directories stand below /LM/W3SVC/1/ROOT")
	case class&ownKeys != 0:
		l.problem(n.line, n.Key, "", true, "this version of iisd knows the key but does not act on it yet")
	}
	n.settings = make([]setting, 0, len(t.keys))
	l.buf = l.buf[:0]
	for _, k := range t.keys {
		raw, ok := values[k.name]
		if !ok {
			l.errorf(k.line, n.Key, k.name, "a property is a plain name, without dots")
			continue
		}
		l.setting(n, class, k, text, raw)
	}
	n.print = l.fingerprint()
	l.exclusive(n)
}

// fingerprint numbers what buf says; 0 is nothing.
func (l *loader) fingerprint() uint32 {
	if len(l.buf) == 0 {
		return 0
	}
	n, ok := l.prints[string(l.buf)]
	if !ok {
		n = uint32(len(l.prints)) + 1
		l.prints[string(l.buf)] = n
	}
	return n
}

// unreachable reports whether a key has a segment that no canonical URL has.
func unreachable(key string) bool {
	for segment := range segments(key) {
		if strings.Contains(segment, `\`) || strings.HasSuffix(segment, ".") || strings.HasSuffix(segment, " ") {
			return true
		}
	}
	return false
}

func underLM(path string) bool {
	for segment := range segments(path) {
		return strings.EqualFold(segment, "LM")
	}
	return false
}

// absolute returns path with the "/LM" that commands may leave out.
func absolute(path string) string {
	if !underLM(path) {
		path = "/LM/" + strings.TrimPrefix(path, "/")
	}
	return path
}

// clean returns a path as keys are written, from /LM on. It shares no memory with
// path.
func clean(path string) string {
	var b strings.Builder
	path = absolute(path)
	b.Grow(len(path))
	for segment := range segments(path) {
		b.WriteByte('/')
		b.WriteString(segment)
	}
	return b.String()
}

// node returns the node of a key, which it makes where there is none, with those
// above it. line is where the file speaks of it.
func (l *loader) node(key string, line int) *Node {
	n := l.tree.root
	for end := 0; end < len(key); {
		var segment string
		segment, end = nextSegment(key, end)
		c := n.child(segment)
		if c == nil {
			c = &Node{Key: key[:end], parent: n, line: line}
			if n.children == nil {
				n.children = make(map[string]*Node)
			}
			n.children[fold(segment)] = c
		}
		n = c
	}
	if !n.named {
		n.Key = key
	}
	return n
}

// A setting is one property, or one bit of one, that a key sets.
type setting struct {
	spelling
	value any
	line  int
}

// setting reads one property of a key.
func (l *loader) setting(n *Node, class place, k keySpan, text string, raw any) {
	s, ok := lookup(k.name)
	if !ok {
		hint := ""
		if near := nearest(k.name); near != "" {
			hint = "; did you mean " + near + "?"
		}
		l.errorf(k.line, n.Key, k.name, "there is no such property%s", hint)
		return
	}
	if first := n.own(s); first != nil {
		l.errorf(k.line, n.Key, k.name, propertyTwice, first.line)
		return
	}
	name := s.Name()
	switch {
	case s.is(local) && s.field != nil && class != atSite:
		l.problem(k.line, n.Key, name, true, "sites do not inherit it, so here it has no effect; set it at each, such as /LM/W3SVC/1")
	case s.at&class != 0:
	case class&ownKeys != 0 || s.is(strictly):
		l.errorf(k.line, n.Key, name, "it does not belong here; it stands at %s", s.at)
		return
	default:
		l.problem(k.line, n.Key, name, true, "IIS takes it only at "+s.at.String()+"; here it holds from this key down")
	}
	l.reading = Problem{Line: k.line, Key: n.Key, Property: name}
	v, err := s.read(&l.reader, raw)
	if err != nil {
		l.problem(k.line, n.Key, name, false, err.Error())
		if s.id == mdPath {
			l.pathless[n] = true
		}
		return
	}
	if idle := s.idle(v); idle != "" {
		l.problem(k.line, n.Key, name, true, idle+": nothing acts on this yet")
	}
	if s.is(pending) {
		l.problem(k.line, n.Key, name, true, "this version of iisd knows the property but does not act on it yet")
	}
	n.settings = append(n.settings, setting{s, v, k.line})
	if s.field != nil {
		l.buf = binary.AppendUvarint(l.buf, uint64(s.order))
		l.buf = binary.AppendUvarint(l.buf, uint64(s.flag.bit))
		l.buf = append(append(l.buf, text[k.from:k.to]...), 0)
	}
}

// idle names the flags that a value sets and that nothing acts on yet.
func (s spelling) idle(v any) string {
	var set uint32
	switch v := v.(type) {
	case uint32:
		set = v & s.later
	case bool:
		if v {
			set = s.flag.bit & s.later
		}
	}
	var names []string
	for _, f := range s.flags {
		if f.bit&set != 0 {
			names = append(names, f.name)
		}
	}
	return strings.Join(names, ", ")
}

// read reads a value; a bit by its own name is true or false.
func (s spelling) read(r *reader, raw any) (any, error) {
	if s.flag.bit == 0 {
		return s.property.read(r, raw)
	}
	return switchBit.read(r, raw)
}

// switchBit is how a bit by its own name is written.
var switchBit = &property{kind: kindBool}

// own returns the setting of exactly this spelling at n, or nil.
func (n *Node) own(s spelling) *setting {
	for i := range n.settings {
		if t := &n.settings[i]; t.property == s.property && t.flag.bit == s.flag.bit {
			return t
		}
	}
	return nil
}
