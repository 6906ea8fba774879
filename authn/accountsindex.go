package authn

import "strings"

// accountIndex says which lines of an account database hold what, which the
// TOML parser does not tell. Lines are numbered from 0.
type accountIndex struct {
	lines  []string
	blocks []block        // one for each [[Account]]
	tops   map[string]int // line of each key or table that is no account
}

// A block is the text of one account: its header and the keys below.
type block struct {
	header int // line of [[Account]]
	end    int // after the last line that holds a key or a header of it
	body   int // after the last line of its own keys, before any table within it
	keys   []keySpan
}

// A keySpan is the lines of one key and its value.
type keySpan struct {
	name       string // first part of a dotted key
	start, end int    // end is excluded
	tail       string // blanks and comment after the value
	table      bool   // it is a table within the account, with its keys
}

// line returns the line number, from 1, of a key of account i, or of its header
// where it has no such key.
func (x *accountIndex) line(i int, key string) int {
	if i >= len(x.blocks) {
		return 1
	}
	for _, k := range x.blocks[i].keys {
		if strings.EqualFold(k.name, key) {
			return k.start + 1
		}
	}
	return x.blocks[i].header + 1
}

// top returns the line number, from 1, of a key that is no account.
func (x *accountIndex) top(key string) int { return x.tops[key] + 1 }

// indexAccounts indexes the text of an account database, which is valid TOML.
func indexAccounts(text string) *accountIndex {
	x := &accountIndex{lines: strings.SplitAfter(text, "\n"), tops: make(map[string]int)}
	current := -1  // block
	table := false // below a table within the account
	for i := 0; i < len(x.lines); {
		line := strings.TrimLeft(x.lines[i], " \t")
		start := i
		switch {
		case strings.TrimSpace(line) == "" || line[0] == '#':
			i++
			continue
		case line[0] == '[':
			i++
			keys := dottedKey(strings.TrimLeft(line, "[ \t"))
			switch {
			case !strings.EqualFold(keys[0], "Account"):
				current = -1
				x.noteTop(keys[0], start)
				continue
			case len(keys) == 1:
				x.blocks = append(x.blocks, block{header: start, end: i, body: i})
				current, table = len(x.blocks)-1, false
				continue
			case current >= 0:
				x.blocks[current].keys = append(x.blocks[current].keys, keySpan{name: keys[1], start: start, end: i, table: true})
				x.blocks[current].end = i
				table = true
			}
			continue
		}
		key := dottedKey(line)
		end, tail := valueEnd(x.lines, i)
		i = end
		if current < 0 {
			x.noteTop(key[0], start)
			continue
		}
		b := &x.blocks[current]
		b.end = i
		if table {
			b.keys[len(b.keys)-1].end = i
			continue
		}
		b.keys = append(b.keys, keySpan{name: key[0], start: start, end: i, tail: tail})
		b.body = i
	}
	return x
}

func (x *accountIndex) noteTop(key string, line int) {
	if _, ok := x.tops[key]; !ok {
		x.tops[key] = line
	}
}

// dottedKey returns the parts of the key that s begins with.
func dottedKey(s string) []string {
	var parts []string
	for {
		s = strings.TrimLeft(s, " \t")
		part := ""
		if s != "" && (s[0] == '"' || s[0] == '\'') {
			n := stringEnd(s)
			part, s = s[1:max(1, n-1)], s[n:]
		} else {
			n := strings.IndexAny(s, ".=] \t\r\n")
			if n < 0 {
				n = len(s)
			}
			part, s = s[:n], s[n:]
		}
		parts = append(parts, part)
		s = strings.TrimLeft(s, " \t")
		if s == "" || s[0] != '.' {
			return parts
		}
		s = s[1:]
	}
}

// stringEnd returns the length of the string on one line that s begins with.
func stringEnd(s string) int {
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && s[0] == '"':
			i++
		case s[i] == s[0]:
			return i + 1
		}
	}
	return len(s)
}

// valueEnd returns the line after the key and value that start at line i, and
// what follows the value on its last line.
func valueEnd(lines []string, i int) (end int, tail string) {
	text := strings.Join(lines[i:], "")
	pos := keyEnd(text)
	depth := 0
	last := pos // after the value so far
	for pos < len(text) {
		switch c := text[pos]; {
		case strings.HasPrefix(text[pos:], `"""`), strings.HasPrefix(text[pos:], "'''"):
			pos += longStringEnd(text[pos:])
			last = pos
			continue
		case c == '"' || c == '\'':
			pos += stringEnd(text[pos:])
			last = pos
			continue
		case c == '[' || c == '{':
			depth++
			last = pos + 1
		case c == ']' || c == '}':
			depth--
			last = pos + 1
		case c == '#':
			n := strings.IndexByte(text[pos:], '\n')
			if n < 0 {
				n = len(text) - pos
			}
			pos += n
			continue
		case c == '\n' && depth <= 0:
			return i + strings.Count(text[:pos+1], "\n"), strings.TrimRight(text[last:pos], "\r\n")
		case c != ' ' && c != '\t' && c != '\r' && c != '\n':
			last = pos + 1
		}
		pos++
	}
	return len(lines), strings.TrimRight(text[last:], "\r\n")
}

// keyEnd returns the position after the = of the key that text begins with.
func keyEnd(text string) int {
	for pos := 0; pos < len(text); pos++ {
		switch text[pos] {
		case '"', '\'':
			pos += stringEnd(text[pos:]) - 1
		case '=':
			return pos + 1
		}
	}
	return len(text)
}

// longStringEnd returns the length of the string over several lines that s
// begins with. Up to two quotes may stand before those that end it.
func longStringEnd(s string) int {
	for i := 3; i < len(s); i++ {
		switch {
		case s[i] == '\\' && s[0] == '"':
			i++
		case strings.HasPrefix(s[i:], s[:3]):
			for i+3 < len(s) && s[i+3] == s[0] {
				i++
			}
			return i + 3
		}
	}
	return len(s)
}
