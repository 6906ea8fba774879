package http1

import "unsafe"

// MaxFields is the most header fields a request may have.
const MaxFields = 1000

const (
	maxMethod     = 255 // bytes of a method (KB 820729: what HTTPERR logs of a verb)
	maxEmptyLines = 2   // CRLFs before a request line (RFC 9112, 2.2)

	fieldsKept = 64 // fields of storage a Head keeps between requests
	fieldsNew  = 24 // fields of storage a Head starts with: no browser sends more
)

// A Proto is a version of HTTP.
type Proto uint8

// Versions of HTTP. What says HTTP/1.2 to HTTP/1.9 is treated as HTTP/1.1.
const (
	HTTP09 Proto = iota + 1
	HTTP10
	HTTP11
)

// String returns the version as a status line spells it, "" if it is unknown.
func (p Proto) String() string {
	switch p {
	case HTTP09:
		return "HTTP/0.9"
	case HTTP10:
		return "HTTP/1.0"
	case HTTP11:
		return "HTTP/1.1"
	}
	return ""
}

// A Field is one header field; both strings alias the connection's buffer.
type Field struct{ Name, Value string }

// Limits bound a request head; all are bytes, and 0 is no limit.
type Limits struct {
	MaxFieldLength  int // one header line with its name, without its CRLF
	MaxRequestBytes int // request line and headers with all line ends
	MaxURL          int // the request-target
}

// A Head is the head of one request. Its strings and Raw alias the buffer that
// was given to Parse and are valid only until that buffer is reused. The zero
// value is ready for use.
type Head struct {
	Method, Target string // as sent
	Path, Query    string // Target without scheme and authority, split at the first '?', nothing decoded
	HasQuery       bool   // Target has a '?'
	Scheme         string // "http" or "https" if Target is a whole URL, otherwise ""
	Host           string // authority of Target, otherwise the Host field's value; "" if none
	Version        string // as sent, such as "HTTP/1.1", also one that is not supported; "" if none
	Proto          Proto
	Fields         []Field // in order of arrival, values without the blanks round them
	Raw            []byte  // the whole head from the request line on
	ContentLength  int64   // -1: none
	Chunked        bool    // the body is chunked
	Expect100      bool    // the client waits for 100 Continue; only from HTTP/1.1 on (RFC 9110, 10.1.1)
	UnknownExpect  bool    // the client expects anything else
	Close          bool    // a Connection field says close
	KeepAlive      bool    // a Connection field says keep-alive; Proxy-Connection does not count

	// Where parsing stands. All are offsets into the buffer.
	base  *byte // first byte of the buffer that the strings alias
	phase phase
	seen  uint8 // fields met that may come only once
	empty uint8 // empty lines skipped
	pos   int   // first byte not yet scanned
	start int   // first byte of the request line
	mark  int   // first byte of the token or line being scanned
	colon int   // the colon of the line being scanned, 0 if not yet met
}

// A phase is the part of a head that is being scanned.
type phase uint8

const (
	phaseStart phase = iota
	phaseMethod
	phaseTarget
	phaseVersion
	phaseFields
	phaseDone
)

// Fields that may come only once.
const (
	seenHost = 1 << iota
	seenLength
	seenCoding
	seenCredentials
)

// text is the one place where bytes become a string without a copy. Such a
// string is valid until the buffer that b belongs to is reused.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// Reset forgets the request and how far it was scanned, and lets go of the
// buffer. Storage for fields is kept unless it has grown large.
func (h *Head) Reset() {
	f := h.Fields
	clear(f)
	if cap(f) > fieldsKept {
		f = nil
	}
	*h = Head{Fields: f[:0], ContentLength: -1}
}

// Parse reads a request head from the beginning of b, which holds all that came
// in so far. It returns the length of the head when it is whole, and 0 and no
// error when more bytes are needed; it is then called again with the same bytes
// and more, and goes on where it stopped. (If b has moved in memory it starts
// over.) A head that is whole or refused is forgotten by the next Parse.
//
// A refusal is an *Error. What was understood until then stays in h, so that the
// refusal can be logged. Errors are found in order of their place in the bytes
// and as soon as that place has arrived, so the outcome does not depend on how
// the bytes were cut up. A nil lim is no limits.
func (h *Head) Parse(b []byte, lim *Limits) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	if h.base != &b[0] || h.phase == phaseDone {
		if h.base != nil {
			h.Reset()
		}
		h.base = &b[0]
		h.ContentLength = -1
	}
	if lim == nil {
		lim = &Limits{}
	}
	// Bytes beyond the limit are not looked at; what would need them is too long.
	limited := lim.MaxRequestBytes > 0 && len(b) > lim.MaxRequestBytes
	if limited {
		b = b[:lim.MaxRequestBytes]
	}
	n, err := h.scan(b, lim)
	if n == 0 && err == nil && limited {
		err = errRequest
	}
	if err != nil {
		if h.phase == phaseTarget {
			h.split(text(b[h.mark:h.pos]))
		}
		h.phase = phaseDone
		return 0, err
	}
	if n > 0 {
		h.phase = phaseDone
		h.Raw = b[h.start:n:n]
	}
	return n, nil
}

// scan goes on with the phase that h is in. It returns 0 and nil for more bytes.
func (h *Head) scan(b []byte, lim *Limits) (int, *Error) {
	if h.phase == phaseStart {
		if more, err := h.scanStart(b); more || err != nil {
			return 0, err
		}
	}
	if h.phase == phaseMethod {
		if more, err := h.scanMethod(b); more || err != nil {
			return 0, err
		}
	}
	if h.phase == phaseTarget {
		n, more, err := h.scanTarget(b, lim)
		if n > 0 || more || err != nil {
			return n, err
		}
	}
	if h.phase == phaseVersion {
		if more, err := h.scanVersion(b); more || err != nil {
			return 0, err
		}
	}
	n, err := h.scanFields(b, lim)
	if n > 0 {
		err = h.finish()
	}
	return n, err
}

// next moves on to phase p, which begins at offset i.
func (h *Head) next(p phase, i int) { h.phase, h.mark, h.pos = p, i, i }

// lineEnd judges the CR at b[i]: it returns nil if LF follows, and more if that
// is not yet known.
func lineEnd(b []byte, i int) (more bool, err *Error) {
	if i+1 == len(b) {
		return true, nil
	}
	if b[i+1] != '\n' {
		return false, errCRLF
	}
	return false, nil
}

// scanStart skips empty lines. A first byte that cannot begin a request, such
// as that of a TLS ClientHello, is refused at once by scanMethod.
func (h *Head) scanStart(b []byte) (more bool, _ *Error) {
	i := h.pos
	for i < len(b) && b[i] == '\r' {
		if h.empty == maxEmptyLines {
			return false, errLine
		}
		if more, err := lineEnd(b, i); more || err != nil {
			return more, err
		}
		h.empty++
		i += 2
		h.pos = i
	}
	if i == len(b) {
		return true, nil
	}
	h.start = i
	h.next(phaseMethod, i)
	return false, nil
}

func (h *Head) scanMethod(b []byte) (more bool, _ *Error) {
	i := skipToken(b[:min(len(b), h.mark+maxMethod+1)], h.pos)
	h.pos = i
	switch {
	case i-h.mark > maxMethod:
		return false, errVerb
	case i == len(b):
		return true, nil
	case b[i] == '\n':
		return false, errCRLF
	case i == h.mark:
		return false, errVerb
	case b[i] == '\r':
		if more, err := lineEnd(b, i); more || err != nil {
			return more, err
		}
		return false, errLine
	case b[i] != ' ':
		return false, errVerb
	}
	h.Method = text(b[h.mark:i])
	h.next(phaseTarget, i+1)
	return false, nil
}

// scanTarget returns n > 0 for a whole HTTP/0.9 request, which ends here.
func (h *Head) scanTarget(b []byte, lim *Limits) (n int, more bool, _ *Error) {
	w := b
	if lim.MaxURL > 0 && len(b)-h.mark > lim.MaxURL {
		w = b[:h.mark+lim.MaxURL+1]
	}
	i := skipTarget(w, h.pos)
	h.pos = i
	switch {
	case lim.MaxURL > 0 && i-h.mark > lim.MaxURL:
		return 0, false, errURLLength
	case i == len(b):
		return 0, true, nil
	case b[i] == '\n':
		return 0, false, errCRLF
	case b[i] != ' ' && b[i] != '\r', i == h.mark:
		return 0, false, errURL
	}
	if b[i] == ' ' {
		err := h.split(text(b[h.mark:i]))
		h.next(phaseVersion, i+1)
		return 0, false, err
	}
	if more, err := lineEnd(b, i); more || err != nil {
		return 0, more, err
	}
	// GET /path without a version: HTTP/0.9, answered at once (Q279466).
	h.Proto = HTTP09
	err := h.split(text(b[h.mark:i]))
	switch {
	case err == nil && h.Method != "GET":
		err = errVerb09
	case err == nil && h.Target[0] != '/':
		err = errURLForm
	}
	h.next(phaseVersion, i)
	return i + 2, false, err
}

// scanVersion reads "HTTP/1.1" CRLF, byte by byte so that garbage is refused as
// soon as it arrives. A blank in the URL ends here too (Q187034).
func (h *Head) scanVersion(b []byte) (more bool, _ *Error) {
	const form, usual = "HTTP/0.0", "HTTP/1.1\r\n"
	if end := h.mark + len(usual); end <= len(b) && string(b[h.mark:end]) == usual {
		h.Version, h.Proto = usual[:len(form)], HTTP11
		h.next(phaseFields, end)
		return false, nil
	}
	i := h.pos
	for ; i < len(b) && i-h.mark < len(form); i++ {
		c, f := b[i], form[i-h.mark]
		if c == f || f == '0' && c >= '0' && c <= '9' {
			continue
		}
		if c == '\n' {
			return false, errCRLF
		}
		return false, errVersion
	}
	h.pos = i
	switch {
	case i == len(b):
		return true, nil
	case b[i] == '\n':
		return false, errCRLF
	case b[i] != '\r':
		return false, errVersion
	}
	if more, err := lineEnd(b, i); more || err != nil {
		return more, err
	}
	h.Version = text(b[h.mark:i])
	if h.Version[5] != '1' {
		return false, errVersionNS
	}
	h.Proto = HTTP11
	if h.Version[7] == '0' {
		h.Proto = HTTP10
	}
	h.next(phaseFields, i+2)
	return false, nil
}

// scanFields reads header lines up to the empty one and returns the length of
// the head.
func (h *Head) scanFields(b []byte, lim *Limits) (int, *Error) {
	i, line, colon := h.pos, h.mark, h.colon
	for {
		w := b // what the line may reach into
		if lim.MaxFieldLength > 0 && len(b)-line > lim.MaxFieldLength {
			w = b[:line+lim.MaxFieldLength+1]
		}
		if colon == 0 {
			if i = skipToken(w, i); i < len(w) {
				if w[i] != ':' || i == line {
					n, more, err := nameEnd(b, line, i)
					if more {
						break
					}
					return n, err
				}
				colon = i
				i++
			}
		}
		for i = skipText(w, i); i < len(w) && w[i] == '\t'; {
			i = skipText(w, i+1)
		}
		if i == len(w) {
			if lim.MaxFieldLength > 0 && i-line > lim.MaxFieldLength {
				return 0, errField
			}
			break
		}
		if w[i] != '\r' {
			if w[i] == '\n' {
				return 0, errCRLF
			}
			return 0, errValue
		}
		if more, err := lineEnd(b, i); more {
			break
		} else if err != nil {
			return 0, err
		}
		if err := h.add(text(b[line:colon]), trimOWS(text(b[colon+1:i]))); err != nil {
			return 0, err
		}
		i += 2
		line, colon = i, 0
	}
	h.pos, h.mark, h.colon = i, line, colon
	return 0, nil
}

// nameEnd judges b[i], the first byte of a header line that neither belongs to
// its name nor is the colon after it. It returns n > 0 if the head ends there.
func nameEnd(b []byte, line, i int) (n int, more bool, _ *Error) {
	switch b[i] {
	case '\n':
		return 0, false, errCRLF
	case '\r':
		if more, err := lineEnd(b, i); more || err != nil {
			return 0, more, err
		}
		if i > line {
			return 0, false, errColon
		}
		return i + 2, false, nil
	case ' ', '\t':
		if i > line {
			return 0, false, errColon // Q199806
		}
		return 0, false, errFold
	}
	return 0, false, errName
}
