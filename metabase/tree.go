// Package metabase holds server configuration: a tree of keys whose properties
// are inherited from the nearest key above that sets them.
package metabase

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Tree is an immutable snapshot of the metabase. All its methods may be called
// concurrently.
type Tree struct {
	file    string
	root    *Node // "", above /LM
	service *Node
	sites   []*Site
}

// File returns the name of the file the tree was loaded from, as it was given.
func (t *Tree) File() string { return t.file }

// Service returns the node of /LM/W3SVC.
func (t *Tree) Service() *Node { return t.service }

// Sites returns the sites in ascending order of their numbers.
func (t *Tree) Sites() []*Site { return t.sites }

// Node returns the node of exactly this key, or nil. Keys between two that the
// file names exist. "/LM/W3SVC/1", "LM/W3SVC/1" and "w3svc/1" are the same path.
func (t *Tree) Node(path string) *Node {
	n := t.root
	for segment := range segments(absolute(path)) {
		if n = n.child(segment); n == nil {
			return nil
		}
	}
	return n
}

// A Site is one site of the service.
type Site struct {
	ID   string // its number, such as "1"
	Node *Node  // /LM/W3SVC/1
	Root *Node  // /LM/W3SVC/1/ROOT
}

// Resolve returns the deepest node that governs an absolute, canonical URL path,
// and what of the path lies below that node's virtual directory, without a
// leading slash. Keys compare without regard to case. The cost grows with the
// path, not with the number of keys.
func (s *Site) Resolve(path string) (n *Node, below string) {
	n, start, end := s.Root, 0, 0
	for end < len(path) {
		segment, next := nextSegment(path, end)
		if segment != "" {
			c := n.child(segment)
			if c == nil {
				break
			}
			n = c
			if c.VDir == c {
				start = next
			}
		}
		end = next
	}
	below = path[start:]
	for below != "" && below[0] == '/' {
		below = below[1:]
	}
	return n, below
}

// A Node is a key with its inherited properties applied.
type Node struct {
	Key         string // as written, such as "/LM/W3SVC/1/ROOT/docs"
	*Properties        // in force here; shared between nodes, must not be changed
	VDir        *Node  // the nearest node, this one or one above it, that sets Path; nil above ROOT
	Path        string // absolute physical directory of this node's own virtual directory, "" unless VDir is this node

	parent   *Node
	children map[string]*Node // by folded last segment
	settings []setting
	line     int    // of the table's header or, if not named, of the first below it
	print    uint32 // the same for keys that set the same; 0 if nothing that keys inherit
	named    bool   // there is a table of this key, and not only of keys below it
}

// Parent returns the node one level up, nil for /LM.
func (n *Node) Parent() *Node {
	if n.parent == nil || n.parent.parent == nil {
		return nil
	}
	return n.parent
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

// child returns the node below n with this last segment, or nil. It does not
// allocate for ASCII.
func (n *Node) child(segment string) *Node {
	if n.children == nil {
		return nil
	}
	var buf [128]byte
	if len(segment) > len(buf) {
		return n.children[fold(segment)]
	}
	for i := range len(segment) {
		c := segment[i]
		if c >= utf8.RuneSelf {
			return n.children[fold(segment)]
		}
		buf[i] = lower(c)
	}
	return n.children[string(buf[:len(segment)])]
}

// nextSegment returns the segment of path that starts at or just after the slash
// at offset from, and the offset of its end.
func nextSegment(path string, from int) (segment string, end int) {
	if from < len(path) && path[from] == '/' {
		from++
	}
	end = from
	for end < len(path) && path[end] != '/' {
		end++
	}
	return path[from:end], end
}

// segments yields the segments of a path that are not empty.
func segments(path string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for end := 0; end < len(path); {
			var segment string
			segment, end = nextSegment(path, end)
			if segment != "" && !yield(segment) {
				return
			}
		}
	}
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// fold returns one spelling for all that Unicode simple case folding holds equal.
// Bytes that are not UTF-8 stay as they are.
func fold(s string) string {
	if isFolded(s) {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		if s[i] < utf8.RuneSelf {
			b = append(b, lower(s[i]))
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			b = append(b, s[i])
		} else {
			b = utf8.AppendRune(b, foldRune(r))
		}
		i += size
	}
	return string(b)
}

// isFolded reports whether s is ASCII without upper case.
func isFolded(s string) bool {
	for i := range len(s) {
		if c := s[i]; c >= utf8.RuneSelf || c != lower(c) {
			return false
		}
	}
	return true
}

// foldRune returns the least rune of r's case orbit, in lower case if it is ASCII.
func foldRune(r rune) rune {
	least := r
	for o := unicode.SimpleFold(r); o != r; o = unicode.SimpleFold(o) {
		least = min(least, o)
	}
	if least < utf8.RuneSelf {
		return rune(lower(byte(least)))
	}
	return least
}
