package ntlm

import (
	"encoding/binary"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// appendUTF16 appends s in UTF-16LE.
func appendUTF16(b []byte, s string) []byte {
	for _, r := range s {
		b = appendRune16(b, r)
	}
	return b
}

// appendUTF16Upper appends s in UTF-16LE and in upper case.
func appendUTF16Upper(b []byte, s string) []byte {
	for _, r := range s {
		b = appendRune16(b, upper(r))
	}
	return b
}

func appendRune16(b []byte, r rune) []byte {
	if r < 0x10000 {
		return append(b, byte(r), byte(r>>8))
	}
	hi, lo := utf16.EncodeRune(r)
	return append(b, byte(hi), byte(hi>>8), byte(lo), byte(lo>>8))
}

// upper returns the upper case of r as Windows has it: one UTF-16 unit for
// another, so characters outside the basic plane stay as they are, and none from
// outside ASCII to one within it (dotless i and long s stay, MS-UCODEREF).
func upper(r rune) rune {
	switch {
	case 'a' <= r && r <= 'z':
		return r - ('a' - 'A')
	case r < 0xE0 || r > 0xFFFF: // nothing in Latin-1 below a-grave: the micro sign stays
		return r
	}
	if u := unicode.ToUpper(r); u >= utf8.RuneSelf && u <= 0xFFFF {
		return u
	}
	return r
}

// decodeUTF16 returns the UTF-16LE text in b as a string. Surrogates without
// their other half become U+FFFD.
func decodeUTF16(b []byte) (string, error) {
	if len(b)%2 != 0 {
		return "", invalid("odd length of UTF-16 text")
	}
	var stack [256]byte
	s := stack[:0]
	for len(b) > 0 {
		r := rune(binary.LittleEndian.Uint16(b))
		b = b[2:]
		if utf16.IsSurrogate(r) {
			lo := rune(-1)
			if len(b) > 0 {
				lo = rune(binary.LittleEndian.Uint16(b))
			}
			if r = utf16.DecodeRune(r, lo); r != utf8.RuneError {
				b = b[2:]
			}
		}
		s = utf8.AppendRune(s, r)
	}
	return string(s), nil
}

// cp1252 has the characters of code page 1252 from 0x80 to 0x9F; the others are
// those of Latin-1. The five codes without a character stand for themselves, as
// in Windows' best-fit table.
var cp1252 = [32]rune{
	0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
	0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x008D, 0x017D, 0x008F,
	0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
	0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178,
}

// decodeOEM returns the text in b, in code page 1252, as a string.
func decodeOEM(b []byte) string {
	var stack [256]byte
	s := stack[:0]
	for _, c := range b {
		r := rune(c)
		if 0x80 <= c && c < 0xA0 {
			r = cp1252[c-0x80]
		}
		s = utf8.AppendRune(s, r)
	}
	return string(s)
}

// oemByte returns the code of r in code page 1252.
func oemByte(r rune) (c byte, ok bool) {
	if r < 0x80 || 0xA0 <= r && r <= 0xFF {
		return byte(r), true
	}
	for i, x := range cp1252 {
		if x == r {
			return byte(0x80 + i), true
		}
	}
	return 0, false
}

// appendOEM appends s in code page 1252, with a question mark for each character
// that it lacks.
func appendOEM(b []byte, s string) []byte {
	for _, r := range s {
		c, ok := oemByte(r)
		if !ok {
			c = '?'
		}
		b = append(b, c)
	}
	return b
}

// appendText appends s in the character set that f chooses.
func appendText(b []byte, f Flags, s string) []byte {
	if f&NegotiateUnicode != 0 {
		return appendUTF16(b, s)
	}
	return appendOEM(b, s)
}

// decodeName returns a name of a message in the character set that f chooses.
func decodeName(b []byte, f Flags) (string, error) {
	if len(b) > maxName {
		return "", invalid("name too long")
	}
	if f&NegotiateUnicode != 0 {
		return decodeUTF16(b)
	}
	return decodeOEM(b), nil
}
