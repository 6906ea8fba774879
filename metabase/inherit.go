package metabase

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
)

// mdPath is the id of Path (MD_VR_PATH).
const mdPath = 3001

// A sharedKey tells apart sets of effective properties: the set above, and what a
// key sets itself.
type sharedKey struct {
	above *Properties
	own   uint32
}

// A movedKey tells apart what sites of another version inherit.
type movedKey struct {
	above   *Node
	version string
}

// inherit gives all nodes the properties in force there.
func (l *loader) inherit() {
	t := l.tree
	version := t.service.version()
	if version == "" {
		version = versions[len(versions)-1]
	}
	t.root.Properties = l.defaults(version)
	for _, c := range t.root.children {
		l.force(c, t.root.Properties)
	}
}

// defaults returns what is in force where nothing is set.
func (l *loader) defaults(version string) *Properties {
	if p := l.versions[version]; p != nil {
		return p
	}
	p := *defaults(version)
	p.LogFileDirectory = filepath.Join(l.reader.dir, p.LogFileDirectory)
	if n := l.tree.Node("/LM/MimeMap"); n != nil { // IIS keeps the version's list there
		for i := range n.settings {
			if m, ok := n.settings[i].value.(*MimeMap); ok {
				p.MimeMap = p.MimeMap.under(m)
			}
		}
	}
	l.versions[version] = &p
	return &p
}

// version returns the EmulatedVersion that n sets, or "".
func (n *Node) version() string {
	for i := range n.settings {
		if s := &n.settings[i]; s.kind == kindVersion {
			return s.value.(string)
		}
	}
	return ""
}

// force gives n and all below it their effective properties. above are those
// that n inherits.
func (l *loader) force(n *Node, above *Properties) {
	if own := n.version(); own != "" && own != above.EmulatedVersion {
		above = l.reversioned(n.parent, own)
	}
	n.Properties = l.effective(n, above)
	n.VDir = n.parent.VDir
	for i := range n.settings {
		if s := &n.settings[i]; s.id == mdPath && classOf(n.Key)&content != 0 {
			n.VDir, n.Path = n, s.value.(string)
		}
	}
	below := inheritable(n, above)
	for _, c := range n.children {
		l.force(c, below)
	}
}

// reversioned returns what a site of another version inherits: that version's
// defaults under what n and the keys above it set.
func (l *loader) reversioned(n *Node, version string) *Properties {
	key := movedKey{n, version}
	if p := l.moved[key]; p != nil {
		return p
	}
	p := *l.defaults(version)
	var chain []*Node
	for ; n != nil; n = n.parent {
		chain = append(chain, n)
	}
	for _, n := range slices.Backward(chain) {
		n.apply(&p, func(s *setting) bool { return !s.is(local) && s.kind != kindVersion })
	}
	p.derive()
	l.moved[key] = &p
	return &p
}

// effective returns the properties in force at n.
func (l *loader) effective(n *Node, above *Properties) *Properties {
	if n.print == 0 {
		return above
	}
	key := sharedKey{above, n.print}
	if p := l.shared[key]; p != nil {
		return p
	}
	p := *above
	n.apply(&p, func(*setting) bool { return true })
	p.derive()
	l.shared[key] = &p
	return &p
}

// apply gives p what n sets: whole properties first, then single bits.
func (n *Node) apply(p *Properties, which func(*setting) bool) {
	for _, bits := range []bool{false, true} {
		for i := range n.settings {
			if s := &n.settings[i]; s.field != nil && (s.flag.bit != 0) == bits && which(s) {
				s.apply(p)
			}
		}
	}
}

// apply gives p the value of a setting.
func (s *setting) apply(p *Properties) {
	to := s.field(p)
	if s.flag.bit != 0 {
		mask := to.(*uint32)
		if *mask &^= s.flag.bit; s.value.(bool) {
			*mask = *mask&^s.one | s.flag.bit // in the place of the inherited one, where they exclude each other (Q318863)
		}
		return
	}
	assign(to, s.value)
	p.anonymousSet = p.anonymousSet || to == any(&p.AnonymousUserName)
}

// inheritable returns what the keys below n inherit: all but the properties that
// are a key's own.
func inheritable(n *Node, above *Properties) *Properties {
	p := n.Properties
	for i := range n.settings {
		s := &n.settings[i]
		if !s.is(local) || s.field == nil {
			continue
		}
		if p == n.Properties {
			own := *p
			p = &own
		}
		assign(s.field(p), held(s.field(above)))
	}
	return p
}

// assign stores a value that a kind has read in the field it is for.
func assign(to, value any) {
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
		*to = value.(*MimeMap).over(*to)
	default:
		panic(fmt.Sprintf("metabase: no assignment to %T", to))
	}
}

// held returns the value that a field holds.
func held(field any) any {
	switch f := field.(type) {
	case *bool:
		return *f
	case *uint32:
		return *f
	case *string:
		return *f
	case *[]string:
		return *f
	case *[]Header:
		return *f
	case *[]Binding:
		return *f
	case *[]ACE:
		return *f
	case *[]netip.Prefix:
		return *f
	case **MimeMap:
		return *f
	}
	panic(fmt.Sprintf("metabase: no value of %T", field))
}

// derive sets what hangs on other properties.
func (p *Properties) derive() {
	d := derivations()[p.EmulatedVersion]
	p.LogFileTruncateSize = max(p.LogFileTruncateSize, d.minTruncateSize)
	if !p.anonymousSet {
		p.AnonymousUserName = d.anonymous
		if d.anonymous == "" {
			p.AnonymousUserName = "IUSR_" + p.ComputerName
		}
	}
}

// decides returns what n sets of a property or, if s is a bit, what it sets of
// that bit: nil if nothing.
func (n *Node) decides(s spelling) *setting {
	for i := range n.settings {
		t := &n.settings[i]
		if t.property == s.property && (t.flag.bit == 0 || s.flag.bit == 0 || t.flag.bit == s.flag.bit || t.value == true && s.one&s.flag.bit != 0) {
			return t
		}
	}
	return nil
}

// origin returns the node that decides the value in force at n, or nil.
func (n *Node) origin(s spelling) *Node {
	for at := n; at != nil; at = at.parent {
		if at.decides(s) != nil {
			return at
		}
		if s.is(local) {
			break
		}
	}
	return nil
}

// Origin returns the key where the effective value of a property comes from: the
// nearest that sets it or, for flags, one of its bits. A bit may be asked for by
// its own name. ok is false for the version's default.
func (n *Node) Origin(name string) (key string, ok bool) {
	if s, known := lookup(name); known {
		if at := n.origin(s); at != nil {
			return at.Key, true
		}
	}
	return "", false
}

// Line returns the line of the file where n sets a property, or else the one where
// its key stands; 0 if it has none.
func (n *Node) Line(property string) int {
	if s, ok := lookup(property); ok {
		if t := n.decides(s); t != nil {
			return t.line
		}
	}
	return n.line
}
