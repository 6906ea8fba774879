package http1

import (
	"math"
	"net/netip"
	"strings"
)

// add takes up one field and acts on those that frame or route the request.
func (h *Head) add(name, value string) *Error {
	if len(h.Fields) == MaxFields {
		return errFields
	}
	if h.Fields == nil {
		h.Fields = make([]Field, 0, fieldsNew)
	}
	h.Fields = append(h.Fields, Field{name, value})
	switch len(name) { // sorts out most fields by one comparison
	case len("Host"):
		if equalFold(name, "Host") {
			return h.addHost(value)
		}
	case len("Expect"):
		if equalFold(name, "Expect") {
			h.addExpect(value)
		}
	case len("Connection"):
		if equalFold(name, "Connection") {
			h.addConnection(value)
		}
	case len("Authorization"):
		if equalFold(name, "Authorization") {
			return h.once(seenCredentials, errTwoCreds)
		}
	case len("Content-Length"):
		if equalFold(name, "Content-Length") {
			return h.addLength(value)
		}
	case len("Transfer-Encoding"):
		if equalFold(name, "Transfer-Encoding") {
			return h.addCoding(value)
		}
	}
	return nil
}

// once notes a field that may come only once, and returns err if it has come.
func (h *Head) once(field uint8, err *Error) *Error {
	if h.seen&field != 0 {
		return err
	}
	h.seen |= field
	return nil
}

// addHost checks a Host field, against the target too if that names a host
// (attack E10). An empty one is for URLs without an authority, which are none of
// a server's, and so no better than none from HTTP/1.1 on.
func (h *Head) addHost(value string) *Error {
	if err := h.once(seenHost, errTwoHosts); err != nil {
		return err
	}
	if value == "" && h.Proto == HTTP11 {
		return errNoHost
	}
	name, port, ok := splitHost(value)
	if !ok && value != "" {
		return errHost
	}
	if h.Scheme == "" {
		h.Host = value
		return nil
	}
	targetName, targetPort, _ := splitHost(h.Host)
	standard := 80
	if h.Scheme == "https" {
		standard = 443
	}
	if port < 0 {
		port = standard
	}
	if targetPort < 0 {
		targetPort = standard
	}
	if !equalFold(name, targetName) || port != targetPort {
		return errOtherHost
	}
	return nil
}

func (h *Head) addLength(value string) *Error {
	if err := h.once(seenLength, errTwoLengths); err != nil {
		return err
	}
	if h.seen&seenCoding != 0 {
		return errBothLengths
	}
	if value == "" {
		return errLength
	}
	n := int64(0)
	for i := range len(value) {
		d := int64(value[i]) - '0'
		if d < 0 || d > 9 || n > (math.MaxInt64-d)/10 {
			return errLength
		}
		n = n*10 + d
	}
	h.ContentLength = n
	return nil
}

func (h *Head) addCoding(value string) *Error {
	if err := h.once(seenCoding, errTwoCodings); err != nil {
		return err
	}
	switch {
	case h.seen&seenLength != 0:
		return errBothLengths
	case h.Proto != HTTP11:
		return errCoding10
	case !equalFold(value, "chunked"):
		return errCoding
	}
	h.Chunked = true
	return nil
}

func (h *Head) addExpect(value string) {
	if !equalFold(value, "100-continue") {
		h.UnknownExpect = true
	} else if h.Proto == HTTP11 {
		h.Expect100 = true
	}
}

func (h *Head) addConnection(value string) {
	for more := true; more; {
		var token string
		token, value, more = strings.Cut(value, ",")
		token = trimOWS(token)
		switch {
		case equalFold(token, "keep-alive"):
			h.KeepAlive = true
		case equalFold(token, "close"):
			h.Close = true
		}
	}
}

// finish checks what only the whole head can tell.
func (h *Head) finish() *Error {
	if h.Proto == HTTP11 && h.seen&seenHost == 0 {
		return errNoHost
	}
	return nil
}

// split sets Target and its parts.
func (h *Head) split(target string) *Error {
	h.Target = target
	switch {
	case target == "":
		return errURL
	case target == "*" && h.Method == "OPTIONS":
		h.Path = target
		return nil
	case target[0] == '/':
		h.setPath(target)
		return nil
	case h.Method == "CONNECT": // takes host:port, and this is no proxy
		return errURLForm
	}
	scheme, rest, _ := strings.Cut(target, "://")
	switch {
	case equalFold(scheme, "http"):
		h.Scheme = "http"
	case equalFold(scheme, "https"):
		h.Scheme = "https"
	default:
		return errURLForm
	}
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	h.setPath(rest[end:])
	if _, _, ok := splitHost(rest[:end]); !ok {
		return errHost
	}
	h.Host = rest[:end]
	return nil
}

// setPath sets Path and Query from what follows the authority.
func (h *Head) setPath(s string) {
	h.Path, h.Query, h.HasQuery = strings.Cut(s, "?")
	if h.Path == "" {
		h.Path = "/"
	}
}

// splitHost splits "host", "host:port", "[IPv6]" or "[IPv6]:port"; port is -1
// for none. Of the characters RFC 3986 allows in a name only those are taken that
// names of hosts have: no blank, '@', slash, quote, comma or escape (attack E10).
func splitHost(s string) (name string, port int, ok bool) {
	end := 0
	if strings.HasPrefix(s, "[") {
		end = strings.IndexByte(s, ']') + 1
		if end == 0 || strings.IndexByte(s[:end], '%') >= 0 {
			return "", 0, false
		}
		if a, err := netip.ParseAddr(s[1 : end-1]); err != nil || !a.Is6() {
			return "", 0, false
		}
	} else {
		for end < len(s) && class[s[end]]&classHost != 0 {
			end++
		}
	}
	name, s = s[:end], s[end:]
	if name == "" || s == "" {
		return name, -1, name != ""
	}
	if s[0] != ':' || len(s) < 2 || len(s) > 6 {
		return "", 0, false
	}
	for i := 1; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return "", 0, false
		}
		port = port*10 + int(s[i]-'0')
	}
	return name, port, port <= 65535
}

// Get returns the value of the first field called name, in any case of ASCII
// letters, "" if there is none.
func (h *Head) Get(name string) string {
	for i := range h.Fields {
		if equalFold(h.Fields[i].Name, name) {
			return h.Fields[i].Value
		}
	}
	return ""
}

// Has says whether there is a field called name.
func (h *Head) Has(name string) bool {
	for i := range h.Fields {
		if equalFold(h.Fields[i].Name, name) {
			return true
		}
	}
	return false
}

// Count returns the number of fields called name.
func (h *Head) Count(name string) int {
	n := 0
	for i := range h.Fields {
		if equalFold(h.Fields[i].Name, name) {
			n++
		}
	}
	return n
}

// WantsKeepAlive says whether the client lets the connection persist: from
// HTTP/1.1 on unless it says close, on HTTP/1.0 if it says keep-alive and not
// close, on HTTP/0.9 never (RFC 9112, 9.3).
func (h *Head) WantsKeepAlive() bool {
	switch h.Proto {
	case HTTP11:
		return !h.Close
	case HTTP10:
		return h.KeepAlive && !h.Close
	}
	return false
}
