package metabase

import (
	"strconv"
	"strings"
)

// An index says where the tables and keys of a TOML text stand: the decoder does
// not tell. It is made of text that the decoder has taken, so it need not find
// faults.
type index struct {
	tables []tableSpan
}

// A tableSpan is a table: its header and the lines up to the next one.
type tableSpan struct {
	name  string // decoded; parts of a dotted name joined by dots
	line  int
	keys  []keySpan
	start int // offset of the header's line
	end   int // offset behind the last line that belongs to it: its last key's, or the header
}

// A keySpan is a key with its value, as whole lines.
type keySpan struct {
	name       string
	line       int
	start, end int // offsets of its first line and of the line behind it
	from, to   int // offsets of the value
}

// newIndex indexes a text in one pass.
func newIndex(text string) *index {
	s := scanner{text: text, line: 1}
	ix := &index{}
	top := tableSpan{line: 1}
	table := &top
	for s.pos < len(text) {
		start, line := s.pos, s.line
		s.blanks()
		switch s.peek() {
		case '\n', '#', 0:
			s.rest()
		case '[':
			name := s.header()
			s.rest()
			ix.tables = append(ix.tables, tableSpan{name: name, line: line, start: start, end: s.pos})
			table = &ix.tables[len(ix.tables)-1]
		default:
			name := s.name('=')
			s.blanks()
			from := s.pos
			s.value()
			to := from + len(strings.TrimRight(text[from:s.pos], " \t\r"))
			s.rest()
			table.keys = append(table.keys, keySpan{name, line, start, s.pos, from, to})
			table.end = s.pos
		}
	}
	if len(top.keys) > 0 {
		ix.tables = append([]tableSpan{top}, ix.tables...)
	}
	return ix
}

// A scanner walks over TOML text.
type scanner struct {
	text string
	pos  int
	line int
}

// peek returns the byte at the scanner, 0 at the end.
func (s *scanner) peek() byte {
	if s.pos < len(s.text) {
		return s.text[s.pos]
	}
	return 0
}

func (s *scanner) next() {
	if s.peek() == '\n' {
		s.line++
	}
	s.pos++
}

func (s *scanner) blanks() {
	for s.peek() == ' ' || s.peek() == '\t' || s.peek() == '\r' {
		s.pos++
	}
}

// rest moves behind the end of the line.
func (s *scanner) rest() {
	for s.pos < len(s.text) {
		if s.peek() == '\n' {
			s.next()
			return
		}
		s.pos++
	}
}

// header reads a table header and returns its name.
func (s *scanner) header() string {
	for s.peek() == '[' {
		s.pos++
	}
	name := s.name(']')
	for s.peek() == ']' {
		s.pos++
	}
	return name
}

// name reads a key, dotted or not, and the byte that ends it.
func (s *scanner) name(end byte) string {
	var parts []string
	for s.pos < len(s.text) {
		s.blanks()
		switch c := s.peek(); c {
		case end, '\n', 0:
			if c == end {
				s.pos++
			}
			return strings.Join(parts, ".")
		case '.':
			s.pos++
		case '"', '\'':
			parts = append(parts, s.str())
		default:
			start := s.pos
			for s.pos < len(s.text) && !strings.ContainsRune(" \t\r\n.=]\"'", rune(s.peek())) {
				s.pos++
			}
			if s.pos == start {
				s.pos++
			}
			parts = append(parts, s.text[start:s.pos])
		}
	}
	return strings.Join(parts, ".")
}

// str reads a string and returns what it says.
func (s *scanner) str() string {
	quote := s.peek()
	start := s.pos
	if long := strings.Repeat(string(quote), 3); strings.HasPrefix(s.text[s.pos:], long) {
		s.pos += 3
		for s.pos < len(s.text) && !strings.HasPrefix(s.text[s.pos:], long) {
			if s.peek() == '\\' && quote == '"' {
				s.next()
			}
			if s.pos < len(s.text) {
				s.next()
			}
		}
		s.pos = min(s.pos+3, len(s.text))
		for s.peek() == quote { // up to two may stand before the end
			s.pos++
		}
		return s.text[start:s.pos]
	}
	s.pos++
	for s.pos < len(s.text) && s.peek() != quote && s.peek() != '\n' {
		if s.peek() == '\\' && quote == '"' {
			s.pos++
		}
		s.pos++
	}
	s.pos = min(s.pos+1, len(s.text))
	raw := s.text[start:s.pos]
	if quote == '"' {
		if text, err := strconv.Unquote(raw); err == nil {
			return text
		}
	}
	return strings.Trim(raw, string(quote))
}

// value reads a value up to the end of its last line, or to its comment.
func (s *scanner) value() {
	depth := 0
	for s.pos < len(s.text) {
		switch s.peek() {
		case '"', '\'':
			s.str()
			continue
		case '[', '{':
			depth++
		case ']', '}':
			depth--
		case '#':
			if depth <= 0 {
				return
			}
			for s.pos < len(s.text) && s.peek() != '\n' {
				s.pos++
			}
			continue
		case '\n':
			if depth <= 0 {
				return
			}
		}
		s.next()
	}
}
