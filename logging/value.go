package logging

import (
	"encoding/binary"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"
)

// maxValue is the longest value in bytes that is written out; a longer one
// becomes three dots (KB 2809913).
const maxValue = 4096

// An asciiMap says what each byte below 0x80 of a value becomes.
type asciiMap [256]byte

// The kinds of place a value can stand in. White space and other
// characters that do not print become a plus sign (Q319733).
var (
	wordMap    = newASCIIMap("", "")   // between blanks
	quotedMap  = newASCIIMap("", `"`)  // the same, within quotation marks
	closingMap = newASCIIMap("", `"\`) // the same, just before the closing mark, where a backslash would hide it
	commaMap   = newASCIIMap(" ", ",") // between commas; 6.0 leaves blanks alone there: NT AUTHORITY\LOCAL SERVICE
)

func newASCIIMap(kept, replaced string) *asciiMap {
	var m asciiMap
	for c := range m {
		m[c] = byte(c)
		if c <= ' ' || c == 0x7F {
			m[c] = '+'
		}
	}
	for _, c := range []byte(kept) {
		m[c] = c
	}
	for _, c := range []byte(replaced) {
		m[c] = '+'
	}
	return &m
}

// appendValue appends a value so that it stays one column of one line: "-" for
// none, "..." for one that is too long. keep says that the text is UTF-8 and
// stays so.
func appendValue(b []byte, s string, m *asciiMap, keep bool) []byte {
	if s == "" {
		return append(b, '-')
	}
	if len(s) > maxValue {
		return append(b, "..."...)
	}
	return appendText(b, s, m, keep)
}

// appendText appends s with every byte mapped. What is beyond ASCII goes the
// slow way.
func appendText(b []byte, s string, m *asciiMap, keep bool) []byte {
	start := len(b)
	b = append(b, s...)
	v := b[start:]
	var seen byte
	if m == wordMap {
		seen, v = plusWords(v)
	}
	for i, c := range v {
		seen |= c
		v[i] = m[c]
	}
	if seen < 0x80 {
		return b
	}
	return appendNonASCII(b[:start], s, m, keep)
}

// plusWords does to v what wordMap says, eight bytes at a time, since half the
// time of a line goes there. It returns the bytes that are left over, and a
// value below 0x80 if all bytes it saw were.
func plusWords(v []byte) (seen byte, rest []byte) {
	const each = 0x0101010101010101
	var high uint64
	for len(v) >= 8 {
		x := binary.LittleEndian.Uint64(v)
		high |= x
		// The top bit of each byte: it is below 0x21, or it is 0x7F.
		bad := (^(x + (0x80-0x21)*each) | (x + each)) & (0x80 * each)
		mask := bad >> 7 * 0xFF
		binary.LittleEndian.PutUint64(v, x&^mask|'+'*each&mask)
		v = v[8:]
	}
	if high&(0x80*each) != 0 {
		seen = 0x80
	}
	return seen, v
}

// appendNonASCII appends s as UTF-8 or in windows-1252, the system code page
// this package takes for granted where IIS did not log in UTF-8. Characters
// that do not print, invisible and bidirectional marks, the controls U+0080 to
// U+009F and the separators U+2028 and U+2029 among them, become a plus sign,
// and so do all blanks beyond ASCII, since readers may split at them. So does a
// byte that is not UTF-8, except that in windows-1252 a letter is kept:
// old clients send it that way. A character without a windows-1252 byte becomes
// a question mark.
func appendNonASCII(b []byte, s string, m *asciiMap, keep bool) []byte {
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			b = append(b, m[c])
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		i += n
		switch {
		case r == utf8.RuneError && n == 1:
			b = appendStray(b, c, keep)
		case !unicode.IsPrint(r):
			b = append(b, '+')
		case keep:
			b = utf8.AppendRune(b, r)
		default:
			b = append(b, windows1252(r))
		}
	}
	return b
}

// appendStray appends a byte that is not part of UTF-8.
func appendStray(b []byte, c byte, keep bool) []byte {
	if keep || !unicode.IsPrint(rune(c)) {
		return append(b, '+')
	}
	return append(b, c)
}

// windows1252 returns the byte of a printable character, '?' if it has none.
func windows1252(r rune) byte {
	if r >= 0xA0 && r <= 0xFF {
		return byte(r)
	}
	for i, x := range windows1252High {
		if x == r {
			return byte(0x80 + i)
		}
	}
	return '?'
}

// windows1252High holds the characters of the bytes 0x80 to 0x9F, 0 where there
// is none (the table of windows-1252 that Unicode publishes).
var windows1252High = [32]rune{
	0x20AC, 0, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017D, 0,
	0, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0, 0x017E, 0x0178,
}

// appendCount appends a number that cannot be below zero; a clock that was set
// back or a counter gone wrong must not add a minus sign to the line.
func appendCount(b []byte, n int64) []byte {
	return strconv.AppendInt(b, max(n, 0), 10)
}

// appendNonzero appends a number that is "-" where there is none.
func appendNonzero(b []byte, n int) []byte {
	if n <= 0 {
		return append(b, '-')
	}
	return strconv.AppendInt(b, int64(n), 10)
}

// append2 appends n, 0 to 99, in two digits.
func append2(b []byte, n int) []byte {
	return append(b, byte('0'+n/10%10), byte('0'+n%10))
}

// append4 appends n, 0 to 9999, in four digits.
func append4(b []byte, n int) []byte {
	return append2(append2(b, n/100), n%100)
}

// appendDate appends YYYY-MM-DD in the location of t.
func appendDate(b []byte, t time.Time) []byte {
	y, m, d := t.Date()
	b = append(append4(b, y), '-')
	b = append(append2(b, int(m)), '-')
	return append2(b, d)
}

// appendTime appends HH:MM:SS in the location of t.
func appendTime(b []byte, t time.Time) []byte {
	h, m, s := t.Clock()
	b = append(append2(b, h), ':')
	b = append(append2(b, m), ':')
	return append2(b, s)
}
