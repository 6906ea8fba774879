package metabase

import (
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"unicode"
)

// A Problem is something wrong with a metabase file.
type Problem struct {
	File     string
	Line     int    // 0 if it is no line's
	Key      string // the metabase key, "" if it is no key's
	Property string // "" if it is no property's
	Text     string // what is wrong and what would be right
	Warning  bool   // the file can be served as it is
}

// String returns "FILE:LINE: KEY: Property: text", without the parts that do not apply.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		b.WriteByte(':')
		b.WriteString(strconv.Itoa(p.Line))
	}
	for _, part := range []string{p.Key, p.Property, p.Text} {
		if part == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteString(": ")
		}
		b.WriteString(part)
	}
	return strings.Map(func(r rune) rune { // what the file says may hold anything; a problem is one line
		if unicode.IsControl(r) {
			return '?'
		}
		return r
	}, b.String())
}

// Failed reports whether there is an error, and not only warnings, among problems.
func Failed(problems []Problem) bool {
	for _, p := range problems {
		if !p.Warning {
			return true
		}
	}
	return false
}

// A Store is a metabase file and the snapshot of it that is served. Its methods
// may be called concurrently.
type Store struct {
	file      string
	tree      atomic.Pointer[Tree]
	reloading sync.Mutex
}

// Open loads file. The store is nil when there is an error among the problems.
func Open(file string) (*Store, []Problem) {
	s := &Store{file: file}
	problems := s.Reload()
	if s.Tree() == nil {
		return nil, problems
	}
	return s, problems
}

// Tree returns the current snapshot. Who holds one keeps it through reloads.
func (s *Store) Tree() *Tree { return s.tree.Load() }

// Reload loads the file again and replaces the snapshot, unless there is an error
// among the problems: then the old one stays.
func (s *Store) Reload() []Problem {
	s.reloading.Lock()
	defer s.reloading.Unlock()
	tree, problems := Load(s.file)
	if tree != nil {
		s.tree.Store(tree)
	}
	return problems
}
