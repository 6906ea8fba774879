package metabase

import (
	"fmt"
	"math"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
)

// A shape is how TOML writes a kind of value.
type shape uint8

const (
	shapeBool   shape = iota // true
	shapeNumber              // 120
	shapeFlags               // 5, or "AuthAnonymous | AuthNTLM"
	shapeText                // "a" or "a,b"
	shapeList                // ["a", "b"]
	shapeEither              // "a,b" or ["a", "b"]
)

// A kind is what values of a property look like. Kinds are compared by address.
type kind struct {
	shape shape
	typ   string // as adsutil shows it
	// read checks a value of the right shape (bool, int64, string or []string) and
	// returns what Properties hold of it. The error says what would be right.
	read func(r *reader, p *property, v any) (any, error)
}

// A reader is the place where a value stands.
type reader struct {
	dir  string            // absolute, that relative file names are relative to
	warn func(text string) // nil: nobody listens
}

func (r *reader) warnf(format string, args ...any) {
	if r.warn != nil {
		r.warn(fmt.Sprintf(format, args...))
	}
}

var (
	kindBool           = &kind{shapeBool, "BOOLEAN", readBool}
	kindNumber         = &kind{shapeNumber, "INTEGER", readNumber}
	kindTimeout        = &kind{shapeNumber, "INTEGER", readTimeout}
	kindFlags          = &kind{shapeFlags, "INTEGER", readFlags}
	kindString         = &kind{shapeText, "STRING", readString}
	kindChoice         = &kind{shapeText, "STRING", readChoice}
	kindVersion        = &kind{shapeText, "STRING", readVersion}
	kindFile           = &kind{shapeText, "STRING", readFile}
	kindLogDirectory   = &kind{shapeText, "EXPANDSZ", readFile}
	kindLogFormat      = &kind{shapeText, "STRING", readLogFormat}
	kindRedirect       = &kind{shapeText, "STRING", readRedirect}
	kindNames          = &kind{shapeText, "STRING", readNames}
	kindProviders      = &kind{shapeText, "STRING", readProviders}
	kindChoices        = &kind{shapeEither, "LIST", readChoices}
	kindFiles          = &kind{shapeEither, "LIST", readFiles}
	kindPrefixes       = &kind{shapeEither, "LIST", readPrefixes}
	kindStrings        = &kind{shapeList, "LIST", readStrings}
	kindHeaders        = &kind{shapeList, "LIST", readHeaders}
	kindMime           = &kind{shapeList, "LIST", readMime}
	kindErrors         = &kind{shapeList, "LIST", readErrors}
	kindScripts        = &kind{shapeList, "LIST", readScripts}
	kindIPSecurity     = &kind{shapeList, "LIST", readIPSecurity}
	kindBindings       = &kind{shapeList, "LIST", readBindings}
	kindSecureBindings = &kind{shapeList, "LIST", readBindings}
	kindACL            = &kind{shapeList, "LIST", readACL}
	kindCertMappings   = &kind{shapeList, "LIST", readCertMappings}
)

// read checks a value as TOML decoded it.
func (p *property) read(r *reader, raw any) (any, error) {
	v, err := p.shaped(raw)
	if err != nil {
		return nil, err
	}
	return p.kind.read(r, p, v)
}

// shaped returns raw as bool, int64, string or []string, whatever p takes.
func (p *property) shaped(raw any) (any, error) {
	switch v := raw.(type) {
	case bool:
		if p.kind.shape == shapeBool {
			return v, nil
		}
	case int64:
		switch p.kind.shape {
		case shapeNumber, shapeFlags:
			return v, nil
		case shapeBool: // ADSI writes -1 for TRUE (Q198968)
			if v == 0 || v == 1 || v == -1 {
				return v != 0, nil
			}
		}
	case string:
		switch p.kind.shape {
		case shapeText, shapeFlags:
			return v, printable(v)
		case shapeEither:
			return splitNames(v), printable(v)
		}
	case []any:
		if p.kind.shape == shapeList || p.kind.shape == shapeEither {
			return texts(v, p)
		}
	}
	return nil, fmt.Errorf("want %s, not %s", p.form(), describe(raw))
}

// texts returns the strings of an array.
func texts(array []any, p *property) ([]string, error) {
	list := make([]string, len(array))
	for i, item := range array {
		text, ok := item.(string)
		if !ok {
			return nil, fmt.Errorf("want %s, not an array with %s", p.form(), describe(item))
		}
		if err := printable(text); err != nil {
			return nil, err
		}
		list[i] = text
	}
	return list, nil
}

// form says how the property is written.
func (p *property) form() string {
	switch p.kind.shape {
	case shapeBool:
		return "true or false"
	case shapeNumber:
		if p.max != 0 {
			return fmt.Sprintf("a number from %d to %d", p.min, p.max)
		}
		return "a number"
	case shapeFlags:
		if p.one != 0 {
			return `a number or a name, such as "` + p.flags[0].name + `"`
		}
		return `a number or names joined by " | ", such as "` + p.flags[0].name + " | " + p.flags[1].name + `"`
	case shapeList:
		return `an array of strings, such as ["..."]`
	case shapeEither:
		return `a string or an array of strings`
	}
	switch p.kind {
	case kindNames, kindProviders:
		return `one string with commas, such as "` + latest(p.def) + `"`
	case kindVersion:
		return `a string in quotes, such as "6.0"`
	}
	return "a string in quotes"
}

// describe names a TOML value's type.
func describe(raw any) string {
	switch raw.(type) {
	case bool:
		return "true or false"
	case int64:
		return "a number"
	case float64:
		return "a fraction"
	case string:
		return "a string"
	case []any:
		return "an array"
	case map[string]any, []map[string]any:
		return "a table"
	}
	return "a date or time"
}

// printable refuses control characters: they could end a header field or a log line (Q247389).
func printable(s string) error {
	for i := range len(s) {
		if s[i] < ' ' || s[i] == 0x7f {
			return fmt.Errorf("it holds the control character %#02x; leave it out", s[i])
		}
	}
	return nil
}

func readBool(_ *reader, _ *property, v any) (any, error) { return v, nil }

func readNumber(_ *reader, p *property, v any) (any, error) {
	n, limit := v.(int64), int64(p.max)
	if limit == 0 {
		limit = math.MaxUint32
	}
	if n < int64(p.min) || n > limit {
		return nil, fmt.Errorf("%d is out of range; %d to %d", n, p.min, limit)
	}
	return uint32(n), nil
}

// readTimeout reads ConnectionTimeout, which IIS sets to 120 when it is out of range.
func readTimeout(r *reader, p *property, v any) (any, error) {
	n := v.(int64)
	if n < int64(p.min) || n > int64(p.max) {
		r.warnf("%d is out of range, 120 is used; %d to %d", n, p.min, p.max)
		return uint32(120), nil
	}
	return uint32(n), nil
}

func readFlags(r *reader, p *property, v any) (any, error) {
	var all, mask uint32
	for _, f := range p.flags {
		all |= f.bit
	}
	if text, ok := v.(string); ok {
		for name := range strings.SplitSeq(text, "|") {
			bit := p.bit(strings.TrimSpace(name))
			if bit == 0 {
				return nil, fmt.Errorf("%q is not one of its flags; %s", strings.TrimSpace(name), p.flagNames())
			}
			mask |= bit
		}
	} else {
		n := v.(int64)
		if n < 0 || n > math.MaxUint32 {
			return nil, fmt.Errorf("%d is out of range; 0 to %d", n, uint32(math.MaxUint32))
		}
		mask = uint32(n)
	}
	if mask&^all != 0 {
		return nil, fmt.Errorf("no flag has the bits %#x; %s", mask&^all, p.flagNames())
	}
	if p.several(mask) {
		return nil, fmt.Errorf("more than one of its flags is set, which exclude each other (Q318863); leave one")
	}
	return mask, nil
}

// bit returns the flag of a name, in any case, 0 if there is none.
func (p *property) bit(name string) uint32 {
	for _, f := range p.flags {
		if strings.EqualFold(f.name, name) {
			return f.bit
		}
	}
	return 0
}

func (p *property) flagNames() string {
	list := make([]string, len(p.flags))
	for i, f := range p.flags {
		list[i] = f.name
	}
	return strings.Join(list, ", ")
}

func readString(_ *reader, p *property, v any) (any, error) {
	if v == "" && p.is(required) {
		return nil, errEmpty
	}
	return v, nil
}

var errEmpty = fmt.Errorf("empty; name one, or leave the property out")

// choice returns the registered spelling of one of p's values.
func choice(p *property, text string) (string, error) {
	for _, v := range p.values {
		if strings.EqualFold(v, text) {
			return v, nil
		}
	}
	return "", fmt.Errorf("%q is not known; one of %s", text, strings.Join(p.values, ", "))
}

func readChoice(_ *reader, p *property, v any) (any, error) {
	c, err := choice(p, v.(string))
	if err != nil {
		return nil, err
	}
	return c, nil
}

func readChoices(_ *reader, p *property, v any) (any, error) {
	list := make([]string, 0, len(v.([]string)))
	for _, text := range v.([]string) {
		c, err := choice(p, text)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	if len(list) == 0 {
		return nil, errEmpty
	}
	return list, nil
}

func readVersion(_ *reader, _ *property, v any) (any, error) {
	text := v.(string)
	if strings.EqualFold(text, "4.0 SP6a") {
		return "4.0", nil
	}
	for _, version := range versions {
		if strings.EqualFold(version, text) {
			return version, nil
		}
	}
	return nil, fmt.Errorf("%q is not known; one of %s", text, strings.Join(versions, ", "))
}

// readFile reads a file name and makes it absolute.
func readFile(r *reader, p *property, v any) (any, error) {
	text := v.(string)
	switch {
	case text == "" && p.is(required):
		return nil, errEmpty
	case text == "":
		return "", nil
	}
	if err := notWindows(text); err != nil {
		return nil, err
	}
	if filepath.IsAbs(text) {
		return filepath.Clean(text), nil
	}
	return filepath.Join(r.dir, text), nil
}

// notWindows refuses what only Windows takes for a file name.
func notWindows(name string) error {
	switch {
	case strings.HasPrefix(name, `\\`):
		return fmt.Errorf(`%s is a Windows share; mount it and write its mount point, such as "/mnt/share"`, name)
	case len(name) >= 2 && name[1] == ':' && 'a' <= lower(name[0]) && lower(name[0]) <= 'z',
		strings.Contains(name, `\`), strings.Count(name, "%") > 1:
		return fmt.Errorf(`%s is a Windows path; write one of this machine, such as "/srv/wwwroot", or relative to this file, such as "../wwwroot"`, name)
	}
	return nil
}

func readFiles(r *reader, p *property, v any) (any, error) {
	list := make([]string, 0, len(v.([]string)))
	for _, text := range v.([]string) {
		name, err := readFile(r, p, text)
		if err != nil {
			return nil, err
		}
		if name != "" {
			list = append(list, name.(string))
		}
	}
	return list, nil
}

// logFormats are the class ids of the log formats (ilogobj.h).
var logFormats = map[string]string{
	"{ff160657-de82-11cf-bc0a-00aa006111e0}": "IIS",
	"{ff16065b-de82-11cf-bc0a-00aa006111e0}": "ODBC",
	"{ff16065f-de82-11cf-bc0a-00aa006111e0}": "NCSA",
	"{ff160663-de82-11cf-bc0a-00aa006111e0}": "W3C",
}

func readLogFormat(r *reader, p *property, v any) (any, error) {
	format, ok := logFormats[fold(v.(string))]
	if !ok {
		var err error
		if format, err = choice(p, v.(string)); err != nil {
			return nil, fmt.Errorf("%w, or the class id of one", err)
		}
	}
	if format == "ODBC" {
		r.warnf("logging to ODBC is not acted on yet")
	}
	return format, nil
}

// splitNames returns the parts of a comma list that are not empty.
func splitNames(text string) []string {
	list := []string{}
	for name := range strings.SplitSeq(text, ",") {
		if name = strings.TrimSpace(name); name != "" {
			list = append(list, name)
		}
	}
	return list
}

func readNames(_ *reader, p *property, v any) (any, error) {
	list := splitNames(v.(string))
	if len(list) == 0 && p.is(required) {
		return nil, errEmpty
	}
	return list, nil
}

// readProviders reads NTAuthenticationProviders. IIS sends the names as they are
// spelt, blanks included, which breaks clients: here they are set right.
func readProviders(r *reader, p *property, v any) (any, error) {
	text := v.(string)
	list := []string{}
	for _, name := range splitNames(text) {
		c, err := choice(p, name)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
		if strings.ContainsAny(c, ":K") {
			r.warnf("%s is not acted on yet", c)
		}
	}
	if len(list) == 0 {
		return nil, errEmpty
	}
	if right := strings.Join(list, ","); text != right {
		r.warnf("%q is taken as %q; IIS sends the names as they are spelt, which breaks clients (Q215383, Q248350)", text, right)
	}
	return list, nil
}

func readStrings(_ *reader, _ *property, v any) (any, error) { return v, nil }

func readHeaders(_ *reader, _ *property, v any) (any, error) {
	headers := []Header{}
	for _, text := range v.([]string) {
		name, value, ok := strings.Cut(text, ":")
		if !ok || !isToken(name) {
			return nil, fmt.Errorf(`%q is no header; write "Name: value"`, text)
		}
		headers = append(headers, Header{name, strings.TrimSpace(value)})
	}
	return headers, nil
}

// isToken reports whether s is a token (RFC 9110, section 5.6.2).
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		alphanumeric := 'a' <= lower(c) && lower(c) <= 'z' || '0' <= c && c <= '9'
		if !alphanumeric && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return s != ""
}

func readBindings(_ *reader, p *property, v any) (any, error) {
	bindings, seen := []Binding{}, map[Binding]bool{}
	for _, text := range v.([]string) {
		b, err := parseBinding(text, p.name == "SecureBindings")
		if err != nil {
			return nil, err
		}
		if seen[b] {
			return nil, fmt.Errorf("%q is listed twice; leave one", text)
		}
		seen[b] = true
		bindings = append(bindings, b)
	}
	return bindings, nil
}

// parseBinding parses "IP:port:host" (Q214515); a secure binding may lack the
// last part, which came with 6.0 SP1.
func parseBinding(text string, secure bool) (Binding, error) {
	var b Binding
	addr, rest, ok := strings.Cut(text, ":")
	if strings.HasPrefix(text, "[") {
		addr, rest, ok = strings.Cut(text, "]:")
		addr = strings.TrimPrefix(addr, "[")
	}
	port, host, hasHost := strings.Cut(rest, ":")
	if !ok || !hasHost && !secure {
		return b, fmt.Errorf(`%q is no binding; write "IP:port:host", where IP and host may be empty, such as ":80:" or "[::1]:8080:"`, text)
	}
	if addr != "" && addr != "*" {
		var err error
		if b.Addr, err = netip.ParseAddr(addr); err != nil || b.Addr.Is6() != strings.HasPrefix(text, "[") {
			return b, fmt.Errorf(`%q in binding %q is no address; write one such as 192.168.0.1 or [fe80::1], or nothing for all`, addr, text)
		}
		b.Addr = b.Addr.Unmap()
	} else if strings.HasPrefix(text, "[") {
		return b, fmt.Errorf(`binding %q has no address between its brackets; write one such as [::1], or no brackets for all`, text)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 || strings.HasPrefix(port, "+") {
		return b, fmt.Errorf(`%q in binding %q is no port; 1 to 65535`, port, text)
	}
	for i := range len(host) {
		c := lower(host[i])
		if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_') {
			return b, fmt.Errorf(`%q in binding %q is no host name; write one such as www.example.com`, host, text)
		}
	}
	b.Port, b.Host = int(n), strings.ToLower(host)
	return b, nil
}

func readACL(_ *reader, _ *property, v any) (any, error) {
	list := []ACE{}
	for _, text := range v.([]string) {
		ace, ok := parseACE(text)
		if !ok {
			return nil, fmt.Errorf(`%q is no entry; write "allow ACCOUNT RIGHTS" or "deny ACCOUNT RIGHTS" with rights of R W X F`, text)
		}
		list = append(list, ace)
	}
	return list, nil
}

// parseACE parses "allow|deny ACCOUNT RIGHTS"; the account may hold blanks.
func parseACE(text string) (ACE, bool) {
	verb, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	blank := strings.LastIndexByte(rest, ' ')
	if blank < 0 || !strings.EqualFold(verb, "allow") && !strings.EqualFold(verb, "deny") {
		return ACE{}, false
	}
	account := strings.TrimSpace(rest[:blank])
	if len(account) >= 2 && account[0] == '"' && account[len(account)-1] == '"' {
		account = account[1 : len(account)-1]
	}
	given, rights := strings.ToUpper(rest[blank+1:]), ""
	if account == "" || strings.Contains(account, `"`) || given == "" || strings.Trim(given, "RWXF") != "" {
		return ACE{}, false
	}
	for _, right := range []string{"R", "W", "X", "F"} {
		if strings.Contains(given, right) {
			rights += right
		}
	}
	return ACE{strings.EqualFold(verb, "allow"), account, rights}, true
}

// readIPSecurity checks "grant|deny all|ADDRESS[/MASK or /BITS]|NAME".
func readIPSecurity(_ *reader, _ *property, v any) (any, error) {
	for _, text := range v.([]string) {
		verb, who, _ := strings.Cut(text, " ")
		who = strings.TrimSpace(who)
		if !strings.EqualFold(verb, "grant") && !strings.EqualFold(verb, "deny") || !isAddressOrName(who) {
			return nil, fmt.Errorf(`%q is no entry; write "grant" or "deny" and "all", an address, address/mask, address/bits or a host name`, text)
		}
	}
	return v, nil
}

func isAddressOrName(who string) bool {
	addr, mask, masked := strings.Cut(who, "/")
	ip, err := netip.ParseAddr(addr)
	if !masked {
		return err == nil || isToken(who)
	}
	if err != nil {
		return false
	}
	if m, err := netip.ParseAddr(mask); err == nil {
		return m.BitLen() == ip.BitLen() && contiguous(m.AsSlice())
	}
	n, err := strconv.ParseUint(mask, 10, 8)
	return err == nil && int(n) <= ip.BitLen()
}

// contiguous reports whether no one bit follows a zero bit.
func contiguous(mask []byte) bool {
	ended := false
	for _, b := range mask {
		for bit := byte(0x80); bit != 0; bit >>= 1 {
			if b&bit == 0 {
				ended = true
			} else if ended {
				return false
			}
		}
	}
	return true
}

func readPrefixes(_ *reader, _ *property, v any) (any, error) {
	list := []netip.Prefix{}
	for _, text := range v.([]string) {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			var addr netip.Addr
			if addr, err = netip.ParseAddr(text); err == nil {
				prefix, err = addr.WithZone("").Prefix(addr.BitLen())
			}
		}
		if err != nil {
			return nil, fmt.Errorf(`%q is no address; write one such as 10.0.0.1, or a prefix such as 10.0.0.0/8`, text)
		}
		list = append(list, prefix.Masked())
	}
	return list, nil
}

// readErrors checks "code,subcode|*,FILE|URL,path" entries of HttpErrors.
func readErrors(_ *reader, _ *property, v any) (any, error) {
	for _, text := range v.([]string) {
		part := strings.SplitN(text, ",", 4)
		if len(part) != 4 || !isCode(part[0], 400, 599) || part[1] != "*" && !isCode(part[1], 0, 999) ||
			!strings.EqualFold(part[2], "FILE") && !strings.EqualFold(part[2], "URL") || part[3] == "" {
			return nil, fmt.Errorf(`%q is no entry; write "401,1,FILE,errors/401-1.htm" or "404,*,URL,/missing.htm"`, text)
		}
		if strings.EqualFold(part[2], "FILE") {
			if err := notWindows(part[3]); err != nil {
				return nil, err
			}
		} else if part[3][0] != '/' {
			return nil, fmt.Errorf(`%q: a URL begins with a slash, such as "/missing.htm"`, text)
		}
	}
	return v, nil
}

func isCode(text string, low, high uint64) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return err == nil && low <= n && n <= high
}

// readScripts checks ".ext,engine,flags[,VERB...]" entries of ScriptMaps.
func readScripts(_ *reader, _ *property, v any) (any, error) {
	for _, text := range v.([]string) {
		part := strings.Split(text, ",")
		if len(part) < 3 || part[0] != "*" && !strings.HasPrefix(part[0], ".") || part[1] == "" || !isCode(part[2], 0, 65535) {
			return nil, fmt.Errorf(`%q is no entry; write ".php,/usr/bin/php-cgi,5,GET,HEAD,POST"`, text)
		}
		if !strings.HasPrefix(part[1], "fastcgi:") {
			if err := notWindows(part[1]); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

// redirectFlags are what may follow the destination of HttpRedirect (cc757144).
var redirectFlags = []string{"EXACT_DESTINATION", "CHILD_ONLY", "PERMANENT", "TEMPORARY"}

func readRedirect(_ *reader, _ *property, v any) (any, error) {
	text := v.(string)
	if text == "" {
		return text, nil
	}
	list := strings.Split(text, ",")
	if strings.HasPrefix(text, "*;") { // wildcards: "*; wild1; dest1; wild2; dest2,FLAG" (Q193528)
		if strings.Count(list[0], ";")%2 != 0 && !strings.HasSuffix(strings.TrimSpace(list[0]), ";") {
			return nil, fmt.Errorf(`%q: each wildcard wants a destination, "*; wild1; dest1; wild2; dest2,FLAG"`, text)
		}
	}
	for _, name := range list[1:] {
		known := strings.TrimSpace(name) == ""
		for _, f := range redirectFlags {
			known = known || strings.EqualFold(f, strings.TrimSpace(name))
		}
		if !known {
			return nil, fmt.Errorf("%q is not one of its flags; %s", strings.TrimSpace(name), strings.Join(redirectFlags, ", "))
		}
	}
	return text, nil
}

// readCertMappings checks "sha256:HEX => ACCOUNT" and "subject ...; issuer ... => ACCOUNT".
func readCertMappings(_ *reader, _ *property, v any) (any, error) {
	for _, text := range v.([]string) {
		what, account, ok := strings.Cut(text, "=>")
		what = strings.TrimSpace(what)
		if hash, one := strings.CutPrefix(what, "sha256:"); one {
			ok = ok && len(hash) == 64 && strings.Trim(fold(hash), "0123456789abcdef") == ""
		} else {
			ok = ok && (strings.HasPrefix(what, "subject ") || strings.HasPrefix(what, "issuer "))
		}
		if !ok || strings.TrimSpace(account) == "" {
			return nil, fmt.Errorf(`%q is no mapping; write "sha256:HEX => ACCOUNT" or "subject O=Contoso; issuer CN=Lab CA => ACCOUNT"`, text)
		}
	}
	return v, nil
}
