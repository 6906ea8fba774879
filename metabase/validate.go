package metabase

import (
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// exclusive refuses flags of n that exclude each other.
func (l *loader) exclusive(n *Node) {
	for i := range n.settings {
		s := &n.settings[i]
		if s.one == 0 {
			continue
		}
		for j := range i {
			t := &n.settings[j]
			if t.property == s.property && bits.OnesCount32((t.mask()|s.mask())&s.one) > 1 {
				l.errorf(s.line, n.Key, s.Name(), "line %d sets another flag of %s, and they exclude each other (Q318863); leave one", t.line, s.name)
				break
			}
		}
	}
}

// mask returns the flags that s sets.
func (s *setting) mask() uint32 {
	switch v := s.value.(type) {
	case uint32:
		return v
	case bool:
		if v {
			return s.flag.bit
		}
	}
	return 0
}

// sites finds the sites and what each needs.
func (l *loader) sites() {
	t := l.tree
	for _, n := range t.service.Children() {
		if classOf(n.Key) != atSite {
			continue
		}
		root := n.child("ROOT")
		switch {
		case root == nil:
			l.errorf(n.line, n.Key, "", `a site needs its home directory: add ["%s/ROOT"] with Path`, n.Key)
		case root.VDir == root:
			t.sites = append(t.sites, &Site{ID: n.Key[strings.LastIndexByte(n.Key, '/')+1:], Node: n, Root: root})
		case !l.pathless[root]:
			l.errorf(root.line, root.Key, "Path", `not set; name the home directory, such as Path = "../wwwroot"`)
		}
	}
	slices.SortFunc(t.sites, func(a, b *Site) int { return a.number() - b.number() })
}

func (s *Site) number() int {
	n, _ := strconv.Atoi(s.ID)
	return n
}

// A listener is what a site binds by one of its two properties.
type listener struct {
	site     *Site
	property string
}

func (l listener) line() int { return l.site.Node.Line(l.property) }

// String names where the binding stands.
func (l listener) String() string {
	return fmt.Sprintf("%s (%s, line %d)", l.site.Node.Key, l.property, l.line())
}

// bindings refuses addresses that two sites, or one site twice, would answer at.
func (l *loader) bindings() {
	names, ports := map[Binding]listener{}, map[Binding]listener{}
	check := func(at listener, list []Binding) {
		for _, b := range list {
			port := Binding{Addr: b.Addr, Port: b.Port}
			first, bound := names[b]
			other, open := ports[port]
			switch {
			case bound:
				l.errorf(at.line(), at.site.Node.Key, at.property, "%s is bound already by %s; change one of them", b, first)
			case open && other.property != at.property:
				l.errorf(at.line(), at.site.Node.Key, at.property, "a port carries either HTTP or TLS, and %s is bound already by %s; change one of them", port, other)
			default:
				names[b], ports[port] = at, at
			}
		}
	}
	for _, s := range l.tree.sites {
		check(listener{s, "ServerBindings"}, s.Node.ServerBindings)
		check(listener{s, "SecureBindings"}, s.Node.SecureBindings)
	}
}
