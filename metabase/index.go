package metabase

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// An index says where the tables and keys of a TOML text stand: the decoder does
// not tell. In text that is no TOML it is right up to the first fault.
type index struct {
	tables []tableSpan
}

// A tableSpan is a table: its header and the lines up to the next one.
type tableSpan struct {
	name  string // what it says; of a dotted name, as it is written
	top   bool   // of the lines above the first header
	plain bool   // the name is one part between single brackets
	line  int
	keys  []keySpan
	start int // offset of the header's line
	end   int // offset behind its last key's line, or behind the header
	tail  int // offset behind the comments that follow without a gap, unless they lead to the next table
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
	s := scanner{text: text, line: 1, pos: len(byteOrderMark(text))}
	tables := []tableSpan{{top: true, line: 1, end: s.pos}}
	var keys []keySpan
	first := []int{0} // of each table's keys
	for s.pos < len(text) {
		start, line := s.pos, s.line
		s.blanks()
		t := &tables[len(tables)-1]
		switch s.peek() {
		case '\n', '#', 0:
			s.rest()
		case '[':
			name, plain := s.header()
			s.rest()
			t.tail = tailOf(text, t.end, start)
			tables = append(tables, tableSpan{name: name, plain: plain, line: line, start: start, end: s.pos})
			first = append(first, len(keys))
		default:
			name, _ := s.name('=')
			s.blanks()
			from := s.pos
			s.value()
			to := from + len(strings.TrimRight(text[from:s.pos], " \t\r\n"))
			s.rest()
			keys = append(keys, keySpan{name, line, start, s.pos, from, to})
			t.end = s.pos
		}
	}
	last := len(tables) - 1
	tables[last].tail = tailOf(text, tables[last].end, len(text))
	first = append(first, len(keys))
	for i := range tables {
		tables[i].keys = keys[first[i]:first[i+1]:first[i+1]]
	}
	return &index{tables}
}

// byteOrderMark returns the mark that text begins with, or "": the decoder passes
// over these three.
func byteOrderMark(text string) string {
	for _, mark := range []string{"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"} {
		if strings.HasPrefix(text, mark) {
			return mark
		}
	}
	return ""
}

// tailOf returns the offset behind the comments from end on, or end if they stand
// right above what begins at next.
func tailOf(text string, end, next int) int {
	at := end
	for at < next && isComment(text[at:next]) {
		at = lineEnd(text, at)
	}
	if at == next && at < len(text) {
		return end
	}
	return at
}

// isComment reports whether the first line of text is a comment.
func isComment(text string) bool { return strings.HasPrefix(strings.TrimLeft(text, " \t"), "#") }

// lineEnd returns the offset behind the line at an offset.
func lineEnd(text string, at int) int {
	if i := strings.IndexByte(text[at:], '\n'); i >= 0 {
		return at + i + 1
	}
	return len(text)
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
	end := lineEnd(s.text, s.pos)
	if end > s.pos && s.text[end-1] == '\n' {
		s.line++
	}
	s.pos = end
}

// header reads a table header and returns its name.
func (s *scanner) header() (name string, plain bool) {
	start := s.pos
	for s.peek() == '[' {
		s.pos++
	}
	brackets := s.pos - start
	name, parts := s.name(']')
	return name, parts == 1 && brackets == 1
}

// name reads a key and the byte that ends it. One of several parts is told as it is
// written.
func (s *scanner) name(end byte) (name string, parts int) {
	start := s.pos
	for s.pos < len(s.text) {
		s.blanks()
		switch c := s.peek(); c {
		case end, '\n', 0:
			if parts > 1 {
				name = strings.TrimRight(s.text[start:s.pos], " \t\r")
			}
			if c == end {
				s.pos++
			}
			return name, parts
		case '.':
			s.pos++
			continue
		case '"', '\'':
			name = s.str()
		default:
			from := s.pos
			s.pos++
			for s.pos < len(s.text) && strings.IndexByte(" \t\r\n.=]\"'", s.peek()) < 0 {
				s.pos++
			}
			name = s.text[from:s.pos]
		}
		parts++
	}
	return name, parts
}

// str moves behind a string and returns what one of a single line says.
func (s *scanner) str() string {
	quote := s.peek()
	start := s.pos
	if rest := s.text[s.pos:]; len(rest) > 2 && rest[1] == quote && rest[2] == quote {
		s.long(quote)
		return s.text[start:s.pos]
	}
	s.pos++
	escaped := false
	for c := s.peek(); s.pos < len(s.text) && c != quote && c != '\n'; c = s.peek() {
		s.pos++
		if c == '\\' && quote == '"' && s.pos < len(s.text) && s.peek() != '\n' {
			escaped = true
			s.pos++
		}
	}
	text := s.text[start+1 : s.pos]
	if s.peek() == quote {
		s.pos++
	}
	if escaped {
		return unescape(text)
	}
	return text
}

// long moves behind a string of several lines.
func (s *scanner) long(quote byte) {
	end := strings.Repeat(string(quote), 3)
	s.pos += 3
	for s.pos < len(s.text) && !strings.HasPrefix(s.text[s.pos:], end) {
		if quote == '"' && s.peek() == '\\' {
			s.next()
		}
		if s.pos < len(s.text) {
			s.next()
		}
	}
	s.pos = min(s.pos+3, len(s.text))
	for range 2 { // up to two quotes may stand before the end
		if s.peek() == quote {
			s.pos++
		}
	}
}

// escapes are what may follow the backslash in a basic string and is one
// character (TOML 1.1, String).
var escapes = map[byte]byte{'b': '\b', 't': '\t', 'n': '\n', 'f': '\f', 'r': '\r', 'e': 0x1b, '"': '"', '\\': '\\'}

// unescape returns what a basic string says.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		if c, ok := escapes[s[i]]; ok {
			b.WriteByte(c)
			continue
		}
		digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[s[i]]
		end := min(i+1+digits, len(s))
		r, err := strconv.ParseUint(s[i+1:end], 16, 31)
		if err != nil || !utf8.ValidRune(rune(r)) {
			b.WriteByte(s[i])
			continue
		}
		b.WriteRune(rune(r))
		i = end - 1
	}
	return b.String()
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
