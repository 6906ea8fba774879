package http1

import (
	"encoding/binary"
	"math/bits"
)

// Character classes, one bit each.
const (
	classToken  = 1 << iota // tchar (RFC 9110, 5.6.2)
	classHost               // unreserved (RFC 3986, 2.3): all that names of hosts are made of
	classQuoted             // qdtext and what may follow a backslash but '"' and '\' (RFC 9110, 5.6.4)
)

// class holds the classes of each byte.
var class = func() (t [256]uint8) {
	for c := range 256 {
		switch {
		case c >= '0' && c <= '9', c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z':
			t[c] = classToken | classHost
		}
		if c == '\t' || c >= ' ' && c != 0x7F && c != '"' && c != '\\' {
			t[c] |= classQuoted
		}
	}
	for _, c := range []byte("!#$%&'*+-.^_`|~") {
		t[c] |= classToken
	}
	for _, c := range []byte("-._~") {
		t[c] |= classHost
	}
	return t
}()

// lower maps ASCII upper case letters to lower case and all else to itself.
var lower = func() (t [256]byte) {
	for c := range 256 {
		t[c] = byte(c)
		if c >= 'A' && c <= 'Z' {
			t[c] += 'a' - 'A'
		}
	}
	return t
}()

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// below marks the bytes of x that are less than n, n <= 0x80, by their high
// bits. The lowest mark is exact; marks above it may be false.
func below(x, n uint64) uint64 { return (x - ones*n) &^ x & highs }

// equal marks the bytes of x that are c, as below does.
func equal(x, c uint64) uint64 { return below(x^ones*c, 1) }

// skipText returns the index of the first control character (HTAB and DEL
// included) of b at or after i, len(b) if there is none. Eight bytes at a time:
// most bytes of a head are those of field values.
func skipText(b []byte, i int) int {
	for ; i+8 <= len(b); i += 8 {
		x := binary.LittleEndian.Uint64(b[i:])
		if m := below(x, 0x20) | equal(x, 0x7F); m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
	}
	for ; i < len(b); i++ {
		if c := b[i]; c < 0x20 || c == 0x7F {
			return i
		}
	}
	return i
}

// skipTarget returns the index of the first byte of b at or after i that may
// not stand in a request-target, len(b) if there is none. IIS takes bytes from
// 0x80 on unescaped; a '#' never travels (RFC 9112, 3.2).
func skipTarget(b []byte, i int) int {
	for ; i+8 <= len(b); i += 8 {
		x := binary.LittleEndian.Uint64(b[i:])
		if m := below(x, 0x21) | equal(x, 0x7F) | equal(x, '#'); m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
	}
	for ; i < len(b); i++ {
		if c := b[i]; c < 0x21 || c == 0x7F || c == '#' {
			return i
		}
	}
	return i
}

// skipToken returns the index of the first byte of b at or after i that is no
// tchar, len(b) if there is none.
func skipToken(b []byte, i int) int {
	for i < len(b) && class[b[i]]&classToken != 0 {
		i++
	}
	return i
}

// equalFold says whether s is t but for the case of ASCII letters.
func equalFold(s, t string) bool {
	if len(s) != len(t) {
		return false
	}
	for i := range len(s) {
		if lower[s[i]] != lower[t[i]] {
			return false
		}
	}
	return true
}

// trimOWS returns s without the blanks and tabs round it (RFC 9110, 5.6.3).
func trimOWS(s string) string {
	for len(s) > 0 && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for len(s) > 0 && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}
