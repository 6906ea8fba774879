package content

import (
	"unicode"
	"unicode/utf8"
)

// foldName returns one spelling for all that Unicode simple case folding holds
// equal. It is the folding by which the metabase compares keys: a file must
// never be found under a name whose settings are not its own (Q269862).
func foldName(s string) string {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
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

func foldRune(r rune) rune {
	least := r
	if r >= utf8.RuneSelf {
		for o := unicode.SimpleFold(r); o != r; o = unicode.SimpleFold(o) {
			least = min(least, o)
		}
	}
	if 'A' <= least && least <= 'Z' {
		return least + 'a' - 'A'
	}
	return least
}

// compareNames orders names as NTFS does, by their characters in upper case,
// and names that differ in case only by their bytes.
func compareNames(a, b string) int {
	x, y := a, b
	for x != "" && y != "" {
		p, m := utf8.DecodeRuneInString(x)
		q, n := utf8.DecodeRuneInString(y)
		if d := int(unicode.ToUpper(p)) - int(unicode.ToUpper(q)); d != 0 {
			return d
		}
		x, y = x[m:], y[n:]
	}
	if d := len(x) - len(y); d != 0 {
		return d
	}
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
