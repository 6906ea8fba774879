package metabase

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
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
	dir      string // absolute, that relative file names are relative to
	tree     *Tree
	problems []Problem
	shared   map[sharedKey]*Properties
}

// A sharedKey tells apart sets of effective properties: the set above and what a
// key sets itself.
type sharedKey struct {
	above *Properties
	own   string
}

// parse reads and validates a metabase text that stands in file.
func parse(file, text string) (*Tree, []Problem) {
	l := &loader{file: file, shared: map[sharedKey]*Properties{}}
	abs, err := filepath.Abs(file)
	if err != nil {
		abs = file
	}
	l.dir = filepath.Dir(abs)
	data := map[string]any{}
	if _, err := toml.Decode(text, &data); err != nil {
		return nil, []Problem{syntaxProblem(file, err)}
	}
	l.tree = &Tree{file: file, root: &Node{children: map[string]*Node{}}}
	ix := newIndex(text)
	for i := range ix.tables {
		l.table(&ix.tables[i], data)
	}
	l.keep()
	return l.done()
}

// done returns the tree, unless there is an error.
func (l *loader) done() (*Tree, []Problem) {
	slices.SortStableFunc(l.problems, func(a, b Problem) int { return a.Line - b.Line })
	if Failed(l.problems) {
		return nil, l.problems
	}
	return l.tree, l.problems
}

// syntaxProblem says where text is no TOML.
func syntaxProblem(file string, err error) Problem {
	p := Problem{File: file, Text: err.Error()}
	if e, ok := errors.AsType[toml.ParseError](err); ok {
		p.Line = e.Position.Line
		p.Text = e.Message
		if p.Text == "" {
			p.Text = strings.TrimPrefix(err.Error(), "toml: ")
		}
	}
	p.Text = strings.ReplaceAll(p.Text, "\n", " ")
	return p
}

// problem notes something wrong at a line.
func (l *loader) problem(line int, key, property string, warning bool, format string, args ...any) {
	l.problems = append(l.problems, Problem{l.file, line, key, property, fmt.Sprintf(format, args...), warning})
}

// table takes in one table of the file.
func (l *loader) table(t *tableSpan, data map[string]any) {
	if t.name == "" {
		for _, k := range t.keys {
			l.problem(k.line, "", k.name, false, `this stands above the first key; put it below one, such as ["/LM/W3SVC"]`)
		}
		return
	}
	values, ok := data[t.name].(map[string]any)
	if !ok {
		l.problem(t.line, t.name, "", false, `a key is one table named by its path in quotes, such as ["/LM/W3SVC/1/ROOT"]`)
		return
	}
	if !strings.HasPrefix(t.name, "/") || !underLM(t.name) {
		l.problem(t.line, t.name, "", false, `a key is a path below /LM, such as "/LM/W3SVC/1/ROOT"`)
		return
	}
	n := l.node(t.name, t.line)
	if n == nil {
		return
	}
	class := classOf(n.Key)
	seen := map[string]int{}
	for _, k := range t.keys {
		raw, ok := values[k.name]
		if !ok {
			l.problem(k.line, n.Key, k.name, false, "a property is a plain name, without dots")
			continue
		}
		if first := seen[fold(k.name)]; first != 0 {
			l.problem(k.line, n.Key, k.name, false, "line %d sets this already; names compare without regard to case", first)
			continue
		}
		seen[fold(k.name)] = k.line
		l.setting(n, class, k, raw)
	}
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

// node makes the node of a key, and those above it that the file does not name.
func (l *loader) node(path string, line int) *Node {
	n := l.tree.root
	var key strings.Builder
	for segment := range segments(path) {
		key.WriteByte('/')
		key.WriteString(segment)
		c := n.child(segment)
		if c == nil {
			c = &Node{Key: key.String(), parent: n}
			if n.children == nil {
				n.children = map[string]*Node{}
			}
			n.children[fold(segment)] = c
		}
		n = c
	}
	if n.line != 0 {
		l.problem(line, path, "", false, "line %d has this key already; keys compare without regard to case", n.line)
		return nil
	}
	n.line, n.Key = line, key.String()
	return n
}

// classOf returns the class of a key by its path; whether a key below ROOT is a
// virtual directory is known only from its Path.
func classOf(key string) place {
	s := slices.Collect(segments(key))
	if len(s) < 2 || !strings.EqualFold(s[1], "W3SVC") {
		if len(s) == 1 || strings.EqualFold(s[1], "MimeMap") {
			return atComputer
		}
		return atForeign
	}
	switch len(s) {
	case 2:
		return atService
	case 3:
		switch {
		case isNumber(s[2]):
			return atSite
		case strings.EqualFold(s[2], "Info"):
			return atInfo
		case strings.EqualFold(s[2], "AuthorityService"):
			return atAuthorityService
		}
		return atForeign
	}
	switch {
	case isNumber(s[2]) && strings.EqualFold(s[3], "ROOT"):
		if len(s) == 4 {
			return atVDir
		}
		return atDir | atFile
	case len(s) == 4 && strings.EqualFold(s[2], "Authorities"):
		return atAuthority
	case len(s) == 4 && strings.EqualFold(s[2], "FastCGI"):
		return atFastCGI
	}
	return atForeign
}

func isNumber(s string) bool {
	n, err := strconv.ParseUint(s, 10, 32)
	return err == nil && n > 0
}

// A setting is one property, or one bit of one, that a key sets.
type setting struct {
	spelling
	value any
	line  int
}

// setting reads one property of a key.
func (l *loader) setting(n *Node, class place, k keySpan, raw any) {
	s, ok := lookup(k.name)
	if !ok {
		hint := ""
		if near := nearest(k.name); near != "" {
			hint = "; did you mean " + near + "?"
		}
		l.problem(k.line, n.Key, k.name, false, "there is no such property%s", hint)
		return
	}
	at := class
	if class&(atDir|atFile) != 0 && class&atVDir == 0 {
		at |= atVDir // it may set Path; see place
	}
	name := s.Name()
	switch {
	case s.at&at != 0:
	case class&ownKeys != 0 || s.is(strictly):
		l.problem(k.line, n.Key, name, false, "it does not belong here; it stands at %s", s.at)
		return
	default:
		l.problem(k.line, n.Key, name, true, "IIS takes it only at %s; here it holds from this key down", s.at)
	}
	r := &reader{dir: l.dir, warn: func(text string) { l.problem(k.line, n.Key, name, true, "%s", text) }}
	v, err := l.read(r, s, raw)
	if err != nil {
		l.problem(k.line, n.Key, name, false, "%v", err)
		return
	}
	if s.is(pending) {
		l.problem(k.line, n.Key, name, true, "this version of iisd knows the property but does not act on it yet")
	}
	n.settings = append(n.settings, setting{s, v, k.line})
}

// read reads a value; a bit by its own name is true or false.
func (l *loader) read(r *reader, s spelling, raw any) (any, error) {
	if s.flag.bit == 0 {
		return s.property.read(r, raw)
	}
	switch v := raw.(type) {
	case bool:
		return v, nil
	case int64:
		if v == 0 || v == 1 || v == -1 {
			return v != 0, nil
		}
	}
	return nil, fmt.Errorf("want true or false, not %s", describe(raw))
}

// keep puts the tree in force: properties from the top down, sites, bindings.
func (l *loader) keep() {
	t := l.tree
	t.service = l.implied("/LM/W3SVC")
	base := defaults(l.version(t.service, versions[len(versions)-1]))
	t.root.Properties = base
	l.force(t.root, base, base.EmulatedVersion)
	l.sites()
	l.bindings()
}

// implied returns the node of a key that needs no table.
func (l *loader) implied(path string) *Node {
	n := l.tree.root
	var key strings.Builder
	for segment := range segments(path) {
		key.WriteString("/" + segment)
		c := n.child(segment)
		if c == nil {
			c = &Node{Key: key.String(), parent: n}
			if n.children == nil {
				n.children = map[string]*Node{}
			}
			n.children[fold(segment)] = c
		}
		n = c
	}
	return n
}

// version returns the EmulatedVersion that a node sets, or above.
func (l *loader) version(n *Node, above string) string {
	for i := range n.settings {
		if n.settings[i].name == "EmulatedVersion" {
			if v, ok := n.settings[i].value.(string); ok {
				return v
			}
		}
	}
	return above
}

// force gives n and all below it their effective properties. above are those
// that n inherits.
func (l *loader) force(n *Node, above *Properties, version string) {
	own := l.version(n, version)
	if n == l.tree.root {
		own = version
	}
	if own != version {
		above = l.reversioned(n.parent, own)
	}
	n.Properties = l.effective(n, above, own)
	below := l.inheritable(n, above)
	if n.VDir == nil && n.parent != nil {
		n.VDir = n.parent.VDir
	}
	for i := range n.settings {
		if s := &n.settings[i]; s.name == "Path" && classOf(n.Key)&(atVDir|atDir) != 0 {
			n.VDir, n.Path = n, s.value.(string)
		}
	}
	for _, c := range n.children {
		l.force(c, below, own)
	}
}

// reversioned returns what a site of another version inherits: that version's
// defaults under what the keys above set.
func (l *loader) reversioned(n *Node, version string) *Properties {
	p := *defaults(version)
	var chain []*Node
	for ; n != nil; n = n.parent {
		chain = append(chain, n)
	}
	for _, n := range slices.Backward(chain) {
		for i := range n.settings {
			if s := &n.settings[i]; !s.is(local) && s.name != "EmulatedVersion" {
				l.apply(n, &p, s)
			}
		}
	}
	p.EmulatedVersion = version
	p.derive()
	return &p
}

// effective returns the properties in force at n.
func (l *loader) effective(n *Node, above *Properties, version string) *Properties {
	if !slices.ContainsFunc(n.settings, func(s setting) bool { return s.field != nil }) {
		return above
	}
	key := sharedKey{above, fingerprint(n.settings)}
	if p := l.shared[key]; p != nil && !l.exclusive(n) {
		return p
	}
	p := *above
	for i := range n.settings { // a whole property first, then its single bits
		if n.settings[i].flag.bit == 0 {
			l.apply(n, &p, &n.settings[i])
		}
	}
	for i := range n.settings {
		if n.settings[i].flag.bit != 0 {
			l.apply(n, &p, &n.settings[i])
		}
	}
	p.EmulatedVersion = version
	p.derive()
	l.shared[key] = &p
	return &p
}

// exclusive reports whether applying the settings of n may find a problem, which
// must be told for each key.
func (l *loader) exclusive(n *Node) bool {
	return slices.ContainsFunc(n.settings, func(s setting) bool { return s.one != 0 })
}

// fingerprint tells apart lists of settings.
func fingerprint(settings []setting) string {
	var b strings.Builder
	for i := range settings {
		s := &settings[i]
		if s.field == nil {
			continue
		}
		fmt.Fprintf(&b, "%d.%x=", s.order, s.flag.bit)
		switch v := s.value.(type) {
		case *MimeMap:
			b.WriteString(strings.Join(v.entries(), "|"))
		case string:
			b.WriteString(strconv.Quote(v))
		default:
			fmt.Fprintf(&b, "%q", fmt.Sprint(v))
		}
		b.WriteByte(';')
	}
	return b.String()
}

// inheritable returns what the keys below n inherit: all but the properties that
// are a key's own.
func (l *loader) inheritable(n *Node, above *Properties) *Properties {
	hasLocal := slices.ContainsFunc(n.settings, func(s setting) bool { return s.is(local) && s.field != nil })
	if !hasLocal {
		return n.Properties
	}
	p := *n.Properties
	for i := range n.settings {
		if s := &n.settings[i]; s.is(local) && s.field != nil {
			restore(s.field(&p), s.field(above))
		}
	}
	return &p
}

// apply gives p the value of a setting.
func (l *loader) apply(n *Node, p *Properties, s *setting) {
	if s.field == nil {
		return
	}
	to := s.field(p)
	if s.flag.bit != 0 {
		mask := to.(*uint32)
		switch {
		case !s.value.(bool):
			*mask &^= s.flag.bit
		case n.others(s):
			l.problem(s.line, n.Key, s.Name(), false, "more than one of the flags of %s is set, which exclude each other (Q318863); leave one", s.name)
		default: // of flags that exclude each other it takes the place of the one inherited
			*mask = *mask&^s.one | s.flag.bit
		}
		return
	}
	assign(to, s.value, p)
	p.explicit |= derivations[s.name]
}

// others reports whether n sets another flag that excludes the one s sets.
func (n *Node) others(s *setting) bool {
	return slices.ContainsFunc(n.settings, func(t setting) bool {
		if t.property != s.property || s.one == 0 {
			return false
		}
		switch v := t.value.(type) {
		case bool:
			return v && t.flag.bit != s.flag.bit
		case uint32:
			return v&s.one&^s.flag.bit != 0
		}
		return false
	})
}

// assign stores a value that a kind has read in the field it is for.
func assign(to, value any, p *Properties) {
	switch to := to.(type) {
	case *bool:
		*to = value.(bool)
	case *uint32:
		*to = value.(uint32)
	case *string:
		*to = value.(string)
	case *[]string:
		*to = value.([]string)
	case *[]Header:
		*to = value.([]Header)
	case *[]Binding:
		*to = value.([]Binding)
	case *[]ACE:
		*to = value.([]ACE)
	case *[]netip.Prefix:
		*to = value.([]netip.Prefix)
	case **MimeMap:
		*to = &MimeMap{own: value.(*MimeMap).own, base: shippedMaps()[p.EmulatedVersion]}
	default:
		panic(fmt.Sprintf("metabase: no assignment to %T", to))
	}
}

// restore copies one field from another of the same type.
func restore(to, from any) {
	switch to := to.(type) {
	case *bool:
		*to = *from.(*bool)
	case *uint32:
		*to = *from.(*uint32)
	case *string:
		*to = *from.(*string)
	case *[]string:
		*to = *from.(*[]string)
	case *[]Binding:
		*to = *from.(*[]Binding)
	case *[]ACE:
		*to = *from.(*[]ACE)
	case *[]netip.Prefix:
		*to = *from.(*[]netip.Prefix)
	}
}

// derivation is a set of properties whose default hangs on another property.
type derivation uint8

const derivedAnonymousUserName derivation = 1 << iota

var derivations = map[string]derivation{
	"AnonymousUserName": derivedAnonymousUserName, // IUSR_ and the ComputerName
}

// minTruncateSize is the least LogFileTruncateSize from 7.0 on (iis-docs logFile).
const minTruncateSize = 1 << 20

// derive sets what hangs on other properties.
func (p *Properties) derive() {
	if p.explicit&derivedAnonymousUserName == 0 {
		p.AnonymousUserName = "IUSR_" + p.ComputerName
	}
	if age(p.EmulatedVersion) >= age("7.0") {
		p.LogFileTruncateSize = max(p.LogFileTruncateSize, minTruncateSize)
	}
	if base := shippedMaps()[p.EmulatedVersion]; p.MimeMap == nil || len(p.MimeMap.own) == 0 {
		p.MimeMap = baseMaps()[p.EmulatedVersion]
	} else if age(p.EmulatedVersion) >= 0 {
		p.MimeMap = &MimeMap{own: p.MimeMap.own, base: base}
	}
}

// sites finds the sites and what each needs.
func (l *loader) sites() {
	t := l.tree
	for _, n := range t.service.children {
		id := n.Key[strings.LastIndexByte(n.Key, '/')+1:]
		class := classOf(n.Key)
		switch {
		case class == atSite:
			root := n.child("ROOT")
			if root == nil {
				l.problem(n.line, n.Key, "", false, `a site needs its home directory: add ["%s/ROOT"] with Path`, n.Key)
				continue
			}
			if root.VDir != root {
				l.problem(root.line, root.Key, "Path", false, `not set; name the home directory, such as Path = "../wwwroot"`)
				continue
			}
			t.sites = append(t.sites, &Site{ID: id, Node: n, Root: root})
		case class == atForeign && n.line != 0:
			l.problem(n.line, n.Key, "", true, "nothing acts on this key; a site is a number, such as /LM/W3SVC/1")
		case class&ownKeys != 0, strings.EqualFold(id, "Authorities"), strings.EqualFold(id, "FastCGI"):
			l.problem(n.line, n.Key, "", true, "this version of iisd knows the key but does not act on it yet")
		}
	}
	slices.SortFunc(t.sites, func(a, b *Site) int { return a.number() - b.number() })
}

func (s *Site) number() int {
	n, _ := strconv.Atoi(s.ID)
	return n
}

// bindings refuses addresses that two sites, or one site twice, would answer at.
func (l *loader) bindings() {
	type where struct {
		site     *Site
		property string
	}
	plain, seen := map[Binding]where{}, map[Binding]where{}
	check := func(s *Site, property string, list []Binding) {
		for _, b := range list {
			if first, ok := seen[b]; ok {
				l.problem(s.Node.lineOf(property), s.Node.Key, property, false, "%s is bound by %s (%s) already; change one of them", b, first.site.Node.Key, first.property)
				continue
			}
			seen[b] = where{s, property}
			port := Binding{Addr: b.Addr, Port: b.Port}
			if first, ok := plain[port]; ok && first.property != property {
				l.problem(s.Node.lineOf(property), s.Node.Key, property, false, "%s already carries plain HTTP of %s; a port is either plain or secure", b, first.site.Node.Key)
			} else if !ok {
				plain[port] = where{s, property}
			}
		}
	}
	for _, s := range l.tree.sites {
		check(s, "ServerBindings", s.Node.ServerBindings)
		check(s, "SecureBindings", s.Node.SecureBindings)
	}
}

// lineOf returns the line where n sets a property, or that of its table.
func (n *Node) lineOf(property string) int {
	for i := range n.settings {
		if n.settings[i].name == property {
			return n.settings[i].line
		}
	}
	return n.line
}

// Origin returns the key where the effective value of a property comes from: the
// nearest that sets it or, for flags, one of its bits. A bit may be asked for by
// its own name. ok is false for the version's default.
func (n *Node) Origin(name string) (key string, ok bool) {
	s, known := lookup(name)
	if !known {
		return "", false
	}
	for at := n; at != nil; at = at.parent {
		for i := range at.settings {
			t := &at.settings[i]
			if t.property == s.property && (t.flag.bit == 0 || s.flag.bit == 0 || t.flag.bit == s.flag.bit) {
				return at.Key, true
			}
		}
		if s.is(local) && s.name != "Path" {
			break
		}
	}
	return "", false
}

// Children returns the keys just below n, in the order of their names.
func (n *Node) Children() []*Node {
	list := make([]*Node, 0, len(n.children))
	for _, c := range n.children {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b *Node) int { return strings.Compare(a.Key, b.Key) })
	return list
}
