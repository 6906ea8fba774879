package urlpath

// unescaped are the bytes AppendEscaped leaves as they are: the unreserved ones
// of RFC 3986, the slash, and those sub-delimiters that mean nothing in HTML.
var unescaped = func() (t [256]bool) {
	for c := range t {
		t[c] = 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
	}
	for _, c := range []byte("-._~/!$()*+,;=@") {
		t[c] = true
	}
	return t
}()

// AppendEscaped appends a path percent-encoded (RFC 3986) for an HREF or a
// Location field. Slashes stay; the result needs no escaping in HTML (Q187034,
// Q303681).
func AppendEscaped(b []byte, path string) []byte {
	const hex = "0123456789ABCDEF"
	for i := 0; i < len(path); i++ {
		if c := path[i]; unescaped[c] {
			b = append(b, c)
		} else {
			b = append(b, '%', hex[c>>4], hex[c&15])
		}
	}
	return b
}

// AppendHTML appends s as text for HTML, also within an attribute: & < > " and '
// as character references (Q317035).
func AppendHTML(b []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '&':
			b = append(b, "&amp;"...)
		case '<':
			b = append(b, "&lt;"...)
		case '>':
			b = append(b, "&gt;"...)
		case '"':
			b = append(b, "&quot;"...)
		case '\'':
			b = append(b, "&#39;"...)
		default:
			b = append(b, c)
		}
	}
	return b
}
