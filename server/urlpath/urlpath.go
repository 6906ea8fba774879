// Package urlpath decodes and canonicalises the path of a request, once.
//
// Everything that is decided by path, the metabase node, the physical file, the
// log line, is decided by the one result of [Clean], so that no two parts of the
// server can read a path differently (Q269862, Q276489, Q295534).
package urlpath

import (
	"errors"
	"unicode/utf8"
)

// Rules are the points in which versions differ.
type Rules struct {
	// BadEscapeLiteral keeps a '%' that no valid escape follows as text (4.0 to
	// 5.x: Q246401, Q288116). Otherwise such a path is invalid (6.0 and later).
	BadEscapeLiteral bool

	// RestrictedChars400 makes a control character, U+0001 to U+001F and U+007F to
	// U+009F, invalid (HTTP.sys without AllowRestrictedChars). Otherwise nothing
	// of that name is found. NUL is invalid in every version.
	RestrictedChars400 bool

	// AboveRootForbidden refuses a path that climbs above the root with
	// ErrForbidden (HTTP.sys). Otherwise nothing is found there.
	AboveRootForbidden bool

	MaxSegments      int // segments of a path, UrlSegmentMaxCount; 0: no limit
	MaxSegmentLength int // characters of a segment, UrlSegmentMaxLength; 0: no limit
	MaxDots          int // dots in a path, MaxDepthDots (Q260205); 0: no limit

	// PercentU decodes %uXXXX (HTTP.sys's PercentUAllowed; 4.0 and later). Otherwise
	// it is a bad escape.
	PercentU bool
}

// Errors of Clean. Each is returned as it is, never wrapped.
var (
	// ErrInvalid is a path that no server may read in its own way: 400.
	ErrInvalid = errors.New("urlpath: malformed path")
	// ErrTooLong is a path with more or longer segments, or more dots, than the
	// rules allow: 400 Invalid URL from 6.0 on.
	ErrTooLong = errors.New("urlpath: path beyond the limits")
	// ErrForbidden is a path that leads above the root: 403.
	ErrForbidden = errors.New("urlpath: path leads above the root")
	// ErrNotFound is a path that can name nothing: 404.
	ErrNotFound = errors.New("urlpath: path names nothing")
)

// Clean decodes and canonicalises raw, the path of a request without its query,
// into dst[:0] and returns the result, which shares dst's memory where it fits.
//
// The result begins with '/', is valid UTF-8 and was decoded exactly once: %255c
// is the text "%5c" (Q295534). A backslash separates like a slash, be it plain or
// escaped (Q155052), and so do %2f, %u002f and %u005c. Segments "." and ".." are
// resolved after decoding, empty ones vanish ("//" is "/", as Windows reads a file
// name), a slash at the end stays, and stands also where the last segment was a
// dot segment.
//
// Bytes that are not UTF-8 are taken as windows-1252 (Q193812), the whole path
// alike, so that overlong forms such as %c0%af are letters and never separators
// (Q276489).
//
// A segment that Windows would open as something other than a file of just that
// name is not found: one that ends in a dot or a blank (Q163485, Q260069), names a
// stream (Q188806), a device or holds a character no name may hold.
func Clean(dst []byte, raw string, r *Rules) (path []byte, err error) {
	if raw == "" || raw[0] != '/' {
		return nil, ErrInvalid
	}
	if plain(raw) {
		dst = append(dst[:0], raw...)
	} else {
		dst, err = decode(dst[:0], raw, r, false)
		if err == nil && !utf8.Valid(dst) {
			dst, err = decode(dst[:0], raw, r, true)
		}
		if err == nil {
			err = checkChars(dst, r)
		}
	}
	if err != nil {
		return nil, err
	}
	if r.MaxDots > 0 && len(dst) > r.MaxDots && countDots(dst) > r.MaxDots {
		return nil, ErrTooLong
	}
	return resolve(dst, r)
}

// The classes of a byte in a path.
const (
	classOther   = iota // needs decoding or a look at the whole character
	classPlain          // stands for itself
	classNotName        // stands for itself, but in no name of a file
)

// class tells the bytes that stand for themselves from those that do not.
var class = func() (t [256]uint8) {
	for c := 0x20; c < 0x7f; c++ {
		t[c] = classPlain
	}
	t['%'], t['\\'] = classOther, classOther
	for _, c := range []byte(`*?"<>|:`) {
		t[c] = classNotName // Naming Files, Paths, and Namespaces; ':' begins a stream (Q188806)
	}
	return t
}()

// plain reports whether every byte of raw stands for itself.
func plain(raw string) bool {
	for i := 0; i < len(raw); i++ {
		if class[raw[i]] != classPlain {
			return false
		}
	}
	return true
}

// decode appends raw with its escapes decoded. With ansi set, bytes beyond ASCII
// are windows-1252 characters; otherwise they are appended as they are, and the
// caller looks whether they make UTF-8. (A %uXXXX cannot complete a sequence of
// bytes: what it appends is a whole character.)
func decode(b []byte, raw string, r *Rules, ansi bool) ([]byte, error) {
	for i := 0; i < len(raw); {
		c, size := raw[i], 1
		if c == '%' {
			if char, n := wideEscape(raw[i:], r); n > 0 {
				b = utf8.AppendRune(b, char)
				i += n
				continue
			}
			switch v, ok := escape(raw[i:]); {
			case ok:
				c, size = v, 3
			case !r.BadEscapeLiteral:
				return b, ErrInvalid
			}
		}
		if ansi && c >= utf8.RuneSelf {
			b = utf8.AppendRune(b, windows1252(c))
		} else {
			b = append(b, c)
		}
		i += size
	}
	return b, nil
}

// escape decodes the %XX that s begins with.
func escape(s string) (c byte, ok bool) {
	if len(s) < 3 {
		return 0, false
	}
	hi, lo := unhex(s[1]), unhex(s[2])
	if hi < 0 || lo < 0 {
		return 0, false
	}
	return byte(hi<<4 | lo), true
}

// wideEscape decodes the %uXXXX, or the pair of them that makes a surrogate
// pair, that s begins with. It returns the character and the length of its
// escape, 0 if there is none. Half a pair is no character, so no escape either.
func wideEscape(s string, r *Rules) (char rune, n int) {
	hi, ok := utf16Escape(s)
	if !ok || !r.PercentU {
		return 0, 0
	}
	switch {
	case hi < 0xd800 || hi > 0xdfff:
		return hi, 6
	case hi > 0xdbff:
		return 0, 0
	}
	lo, ok := utf16Escape(s[6:])
	if !ok || lo < 0xdc00 || lo > 0xdfff {
		return 0, 0
	}
	return (hi-0xd800)<<10 + (lo - 0xdc00) + 0x10000, 12
}

func utf16Escape(s string) (v rune, ok bool) {
	if len(s) < 6 || s[0] != '%' || s[1]|0x20 != 'u' {
		return 0, false
	}
	for _, c := range []byte(s[2:6]) {
		d := unhex(c)
		if d < 0 {
			return 0, false
		}
		v = v<<4 | rune(d)
	}
	return v, true
}

func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

// high1252 are the characters 0x80 to 0x9F of windows-1252. The five the code
// page leaves open are the control characters of the same number, as Windows
// maps them.
var high1252 = [32]rune{
	'€', 0x81, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', 0x8d, 'Ž', 0x8f,
	0x90, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', 0x9d, 'ž', 'Ÿ',
}

func windows1252(c byte) rune {
	if 0x80 <= c && c <= 0x9f {
		return high1252[c-0x80]
	}
	return rune(c)
}

// checkChars looks for characters that stand in no name. What is malformed goes
// before what is merely not found, wherever it stands.
func checkChars(b []byte, r *Rules) error {
	var err error
	for i := 0; i < len(b); i++ {
		c := b[i]
		control := c < 0x20 || c == 0x7f ||
			c == 0xc2 && b[i+1] < 0xa0 // U+0080 to U+009F; b is valid UTF-8
		switch {
		case c == 0, control && r.RestrictedChars400:
			return ErrInvalid
		case control, class[c] == classNotName:
			err = ErrNotFound
		}
	}
	return err
}

func countDots(b []byte) (n int) {
	for _, c := range b {
		if c == '.' {
			n++
		}
	}
	return n
}

// resolve removes empty and dot segments from b in place.
func resolve(b []byte, r *Rules) ([]byte, error) {
	w, segments := 1, 0 // b[:w] is the result so far; it ends in '/' until the last name
	for i := 1; i < len(b); {
		end := i
		for end < len(b) && b[end] != '/' && b[end] != '\\' {
			end++
		}
		segment := b[i:end]
		segments++
		if overLimit(segment, segments, r) {
			return nil, ErrTooLong
		}
		switch {
		case len(segment) == 0, len(segment) == 1 && segment[0] == '.':
		case len(segment) == 2 && segment[0] == '.' && segment[1] == '.':
			if w == 1 {
				return nil, aboveRoot(r)
			}
			w-- // over the slash
			for b[w-1] != '/' {
				w--
			}
		case !isName(segment):
			return nil, ErrNotFound
		default:
			if w != i {
				copy(b[w:], segment)
			}
			w += len(segment)
			if end < len(b) {
				b[w] = '/' // w <= end: the result is never ahead of what was read
				w++
			}
		}
		i = end + 1
	}
	return b[:w], nil
}

func overLimit(segment []byte, segments int, r *Rules) bool {
	if r.MaxSegments > 0 && segments > r.MaxSegments {
		return true
	}
	return r.MaxSegmentLength > 0 && len(segment) > r.MaxSegmentLength &&
		utf8.RuneCount(segment) > r.MaxSegmentLength
}

func aboveRoot(r *Rules) error {
	if r.AboveRootForbidden {
		return ErrForbidden
	}
	return ErrNotFound
}

// isName reports whether Windows would open a file of just this name.
func isName(segment []byte) bool {
	last := segment[len(segment)-1]
	return last != '.' && last != ' ' && !isDevice(segment)
}

// isDevice reports whether a name is that of a device, alone or with an
// extension (Naming Files, Paths, and Namespaces).
func isDevice(name []byte) bool {
	if len(name) < 3 {
		return false
	}
	switch uint16(name[0]|0x20)<<8 | uint16(name[1]|0x20) { // most names are none
	case 'c'<<8 | 'o', 'c'<<8 | 'l', 'p'<<8 | 'r', 'a'<<8 | 'u', 'n'<<8 | 'u', 'l'<<8 | 'p':
	default:
		return false
	}
	n := 0
	for n < len(name) && name[n] != '.' {
		n++
	}
	for n > 0 && name[n-1] == ' ' { // "con .htm" is the device too
		n--
	}
	if n < 3 || n > 7 {
		return false
	}
	var buf [7]byte
	for i, c := range name[:n] {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		buf[i] = c
	}
	switch string(buf[:n]) {
	case "con", "prn", "aux", "nul", "conin$", "conout$", "clock$":
		return true
	}
	if p := string(buf[:3]); p != "com" && p != "lpt" {
		return false
	}
	switch string(buf[3:n]) {
	case "1", "2", "3", "4", "5", "6", "7", "8", "9", "¹", "²", "³":
		return true
	}
	return false
}
