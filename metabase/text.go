package metabase

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// table returns the table of a key, nil if there is none.
func (ix *index) table(key string) *tableSpan {
	for i := range ix.tables {
		if t := &ix.tables[i]; t.plain && fold(clean(t.name)) == fold(key) {
			return t
		}
	}
	return nil
}

// behind returns the offset where a new key belongs: behind the nearest key above it
// and those that follow there, or at the end.
func (ix *index) behind(key string, end int) int {
	for above := key; strings.Count(above, "/") > 1; {
		above = above[:strings.LastIndexByte(above, '/')]
		t := ix.table(above)
		if t == nil {
			continue
		}
		at := t.tail
		for i := range ix.tables {
			if below := &ix.tables[i]; below.start >= at && isBelow(below.name, above) {
				at = below.tail
			} else if below.start >= at {
				break
			}
		}
		return at
	}
	return end
}

// isBelow reports whether a key as the file writes it lies below another.
func isBelow(name, above string) bool { return strings.HasPrefix(fold(clean(name)), fold(above)+"/") }

// sets reports whether the line of k sets s, or a bit of s.
func (k *keySpan) sets(s spelling) bool {
	t, ok := lookup(k.name)
	return ok && t.property == s.property && (s.flag.bit == 0 || t.flag.bit == s.flag.bit)
}

// put returns text with a property set.
func put(text, key string, s spelling, value string) string {
	ix := newIndex(text)
	t := ix.table(key)
	if t == nil {
		at := ix.behind(key, len(text))
		gap := "\n"
		if at == len(byteOrderMark(text)) {
			gap = ""
		}
		return insert(text, at, gap+"["+quote(key)+"]\n"+s.Name()+" = "+value+"\n")
	}
	done := false
	for i := len(t.keys) - 1; i >= 0; i-- { // from the end, so that offsets hold
		switch k := &t.keys[i]; {
		case !k.sets(s):
		case strings.EqualFold(k.name, s.Name()):
			text, done = text[:k.from]+value+text[k.to:], true
		default:
			text = cut(text, k.start, k.end)
		}
	}
	if done {
		return text
	}
	return insert(text, newIndex(text).table(key).end, s.Name()+" = "+value+"\n")
}

// insert puts lines at an offset where a line begins, or at the end. The text's
// own line ends are used, and the last line gets one only if it had one.
func insert(text string, at int, lines string) string {
	end := "\n"
	if i := strings.IndexByte(text, '\n'); i > 0 && text[i-1] == '\r' {
		end = "\r\n"
		lines = strings.ReplaceAll(lines, "\n", end)
	}
	if at > len(byteOrderMark(text)) && text[at-1] != '\n' {
		lines = end + strings.TrimSuffix(lines, end)
	}
	return text[:at] + lines + text[at:]
}

// cut returns text without the lines from start to end. If they were the last, the
// text ends in a line end only if it did before.
func cut(text string, start, end int) string {
	rest, end := text[:start], min(end, len(text))
	if end == len(text) && !strings.HasSuffix(text, "\n") {
		rest = strings.TrimSuffix(strings.TrimSuffix(rest, "\n"), "\r")
	}
	return rest + text[end:]
}

// cutProperty returns text without a property of a key, and without its bits; ok is
// false if the key sets none.
func cutProperty(text, key string, s spelling) (rest string, ok bool) {
	t := newIndex(text).table(key)
	if t == nil {
		return text, false
	}
	for i := len(t.keys) - 1; i >= 0; i-- {
		if k := &t.keys[i]; k.sets(s) {
			text, ok = cut(text, k.start, k.end), true
		}
	}
	return text, ok
}

// cutKey returns text without a key and those below it, with the comments just
// above each and one empty line.
func cutKey(text, key string) string {
	ix := newIndex(text)
	for i := len(ix.tables) - 1; i >= 0; i-- {
		t := &ix.tables[i]
		if !t.plain || !isBelow(t.name, key) && fold(clean(t.name)) != fold(key) {
			continue
		}
		start, end := t.start, t.tail
		for start > 0 && isComment(text[lineStart(text, start):]) {
			start = lineStart(text, start)
		}
		if above := lineStart(text, start); isEmpty(text[above:start]) && above < start {
			start = above
		} else if below := lineEnd(text, end); isEmpty(text[end:below]) {
			end = below
		}
		text = cut(text, start, end)
	}
	return text
}

// lineStart returns the offset where the line before an offset begins.
func lineStart(text string, at int) int {
	return strings.LastIndexByte(text[:max(0, at-1)], '\n') + 1
}

func isEmpty(line string) bool { return strings.TrimSpace(line) == "" }

// literal writes values as TOML.
func (s spelling) literal(values []string) (string, error) {
	for _, v := range values {
		if err := writable(v); err != nil {
			return "", err
		}
	}
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
		if s.kind == kindNames || s.kind == kindProviders {
			one = strings.Join(values, ",")
		}
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

// writable refuses what no TOML can say.
func writable(s string) error {
	if !utf8.ValidString(s) {
		return errors.New("not in UTF-8")
	}
	return printable(s)
}

// quote writes a string as TOML: literally where that can be, so that backslashes
// stay readable.
func quote(s string) string {
	if strings.Contains(s, `\`) && !strings.Contains(s, "'") && printable(s) == nil {
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
