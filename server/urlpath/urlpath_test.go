package urlpath

import (
	"bytes"
	"errors"
	"html"
	"net/url"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// iis5 and iis6 are the rules of 4.0 to 5.x and of 6.0 and later.
var (
	iis5 = Rules{BadEscapeLiteral: true, MaxDots: 100, PercentU: true}
	iis6 = Rules{RestrictedChars400: true, AboveRootForbidden: true, MaxSegments: 255, MaxSegmentLength: 260, PercentU: true}
)

func TestClean(t *testing.T) {
	tests := []struct {
		id   string
		raw  string
		want string
		err5 error // of 5.0 and of 6.0; nil for want
		err6 error
	}{
		{"root", "/", "/", nil, nil},
		{"file", "/docs/page.htm", "/docs/page.htm", nil, nil},
		{"slash at the end stays", "/docs/", "/docs/", nil, nil},
		{"no slash at the start", "docs", "", ErrInvalid, ErrInvalid},
		{"empty", "", "", ErrInvalid, ErrInvalid},
		{"escaped slash at the start", "%2fdocs", "", ErrInvalid, ErrInvalid},
		{"empty segments", "//a///b//", "/a/b/", nil, nil},
		{"only slashes", "////", "/", nil, nil},

		{"Q153545 blank, plus and number sign", "/a%20b%2bc+d%23e", "/a b+c+d#e", nil, nil},
		{"Q193812 UTF-8", "/caf%C3%A9", "/café", nil, nil},
		{"Q193812 native bytes", "/caf%E9", "/café", nil, nil},
		{"Q193812 raw UTF-8", "/café", "/café", nil, nil},
		{"Q193812 raw native bytes", "/caf\xe9", "/café", nil, nil},
		{"windows-1252, not Latin 1", "/%80%99", "/€™", nil, nil},
		{"one bad sequence makes all of it native", "/%C3%A9%E9", "/Ã©é", nil, nil},
		{"Q246401 bad escape", "/a%zz", "/a%zz", nil, ErrInvalid},
		{"Q288116-b 100%MOM", "/100%MOM/", "/100%MOM/", nil, ErrInvalid},
		{"Q288116 100%DAD", "/100%DAD/", "/100ÚD/", nil, nil},
		{"bad escape at the end", "/a%", "/a%", nil, ErrInvalid},
		{"half an escape at the end", "/a%4", "/a%4", nil, ErrInvalid},

		{"Q155052-a backslashes lead out", `/..\..\file`, "", ErrNotFound, ErrForbidden},
		{"Q155052 backslash separates", `/a\b`, "/a/b", nil, nil},
		{"escaped backslash separates", "/a%5cb%5C", "/a/b/", nil, nil},
		{"escaped slash separates", "/a%2fb%2F", "/a/b/", nil, nil},
		{"above the root", "/../x", "", ErrNotFound, ErrForbidden},
		{"above the root and back", "/a/../../a/x", "", ErrNotFound, ErrForbidden},
		{"above the root, escaped", "/%2e%2e%2fx", "", ErrNotFound, ErrForbidden},
		{"Q269862 the long way round", "/x/../secret/./page.htm", "/secret/page.htm", nil, nil},
		{"Q269862 escaped", "/x%2f%2e%2e%5csecret/%2e/page.htm", "/secret/page.htm", nil, nil},
		{"dot segment at the end", "/a/.", "/a/", nil, nil},
		{"dots at the end", "/a/b/..", "/a/", nil, nil},
		{"dots to the root", "/a/..", "/", nil, nil},

		{"Q276489 overlong slash", "/..%c0%af..%c0%afwinnt", "/..À¯..À¯winnt", nil, nil},
		{"Q276489 overlong slash of three bytes", "/a%e0%80%afb", "/aà€¯b", nil, nil},
		{"Q276489 overlong backslash", "/..%c1%9c..", "", ErrNotFound, ErrNotFound}, // ends in a dot
		{"Q276489 overlong dot", "/%c0%ae%c0%ae/x", "/À®À®/x", nil, nil},
		{"Q295534 doubly encoded backslash", "/..%255c..%255cwinnt", "/..%5c..%5cwinnt", nil, nil},
		{"Q295534 doubly encoded slash", "/a%252fb", "/a%2fb", nil, nil},
		{"Q295534 each part encoded", "/a%%35cb", "/a%5cb", nil, ErrInvalid},
		{"Q295534 doubly encoded dots", "/%252e%252e/x", "/%2e%2e/x", nil, nil},

		{"%u letter", "/%u00e9", "/é", nil, nil},
		{"%U letter", "/%U00E9", "/é", nil, nil},
		{"%u slash and backslash", "/a%u002fb%u005cc", "/a/b/c", nil, nil},
		{"%u fullwidth solidus", "/..%uff0f..%uff0fx", "/..／..／x", nil, nil},
		{"%u division slash", "/a%u2215b%u2044c", "/a∕b⁄c", nil, nil},
		{"%u percent sign", "/a%u00255cb", "/a%5cb", nil, nil},
		{"%u pair", "/%ud83d%ude00", "/😀", nil, nil},
		{"%u half a pair", "/%ud83dx", "/%ud83dx", nil, ErrInvalid},
		{"%u other half", "/%ude00", "/%ude00", nil, ErrInvalid},
		{"%u short", "/%u00e", "/%u00e", nil, ErrInvalid},
		{"%u splits no sequence", "/%C3%u00a9%A9", "/Ã©©", nil, nil},

		{"E2 CVE-1999-0278 Q188806", "/default.asp::$DATA", "", ErrNotFound, ErrNotFound},
		{"E2 CVE-1999-0278 escaped", "/default.asp%3a%3a$DATA", "", ErrNotFound, ErrNotFound},
		{"E2 CVE-2010-2731", "/secret:$i30:$INDEX_ALLOCATION/page.htm", "", ErrNotFound, ErrNotFound},
		{"E2 drive", "/c:/boot.ini", "", ErrNotFound, ErrNotFound},
		{"Q163485-a trailing dot", "/file.asp.", "", ErrNotFound, ErrNotFound},
		{"Q163485-b trailing dots", "/file.asp...", "", ErrNotFound, ErrNotFound},
		{"Q163485 escaped", "/file.asp%2e", "", ErrNotFound, ErrNotFound},
		{"Q163485 of a directory", "/secret./page.htm", "", ErrNotFound, ErrNotFound},
		{"three dots climb nowhere", "/a/.../x", "", ErrNotFound, ErrNotFound},
		{"dots and a blank", "/a/..%20/x", "", ErrNotFound, ErrNotFound},
		{"Q260069 trailing blanks", "/file.asp%20%20%20", "", ErrNotFound, ErrNotFound},
		{"Q260069 another extension", "/file.asp%20%20.htr", "/file.asp  .htr", nil, nil},
		{"Q267560 another extension", "/file.asp+.htr", "/file.asp+.htr", nil, nil},
		{"Q233335 stray lead byte", "/file.asp%81", "", ErrNotFound, ErrInvalid}, // U+0081
		{"E8 tilde", "/longna~1.htm", "/longna~1.htm", nil, nil},
		{"E8 tilde and wildcard", "/l*~1*/.aspx", "", ErrNotFound, ErrNotFound},

		{"NUL", "/file.asp%00.htm", "", ErrInvalid, ErrInvalid},
		{"NUL, wide", "/file.asp%u0000.htm", "", ErrInvalid, ErrInvalid},
		{"NUL after a stream", "/a:b%00", "", ErrInvalid, ErrInvalid},
		{"control character", "/a%01", "", ErrNotFound, ErrInvalid},
		{"line end", "/a%0d%0aX:y", "", ErrNotFound, ErrInvalid},
		{"raw control character", "/a\x1f", "", ErrNotFound, ErrInvalid},
		{"DEL", "/a%7f", "", ErrNotFound, ErrInvalid},
		{"C1 control character", "/a%c2%80", "", ErrNotFound, ErrInvalid},
		{"C1 control character, wide", "/a%u009f", "", ErrNotFound, ErrInvalid},
		{"first after them", "/a%c2%a0b", "/a\u00a0b", nil, nil},
		{"device", "/con", "", ErrNotFound, ErrNotFound},
		{"device with an extension", "/a/AUX.htm/b", "", ErrNotFound, ErrNotFound},
		{"device and a blank", "/nul%20.htm", "", ErrNotFound, ErrNotFound},
		{"port", "/com1", "", ErrNotFound, ErrNotFound},
		{"port with extensions", "/lpt9.tar.gz", "", ErrNotFound, ErrNotFound},
		{"port, superscript", "/com%c2%b9", "", ErrNotFound, ErrNotFound},
		{"prn", "/PrN", "", ErrNotFound, ErrNotFound},
		{"console", "/conin$", "", ErrNotFound, ErrNotFound},
		{"no device", "/com0/console/nul1/auxiliary", "/com0/console/nul1/auxiliary", nil, nil},
		{"no device either", "/a.con/company", "/a.con/company", nil, nil},
		{"star", "/a*b", "", ErrNotFound, ErrNotFound},
		{"question mark", "/a%3fb", "", ErrNotFound, ErrNotFound},
		{"quote", "/a%22b", "", ErrNotFound, ErrNotFound},
		{"angle brackets", "/<script>", "", ErrNotFound, ErrNotFound},
		{"bar", "/a|b", "", ErrNotFound, ErrNotFound},
		{"malformed goes before not found", "/a*b/%00", "", ErrInvalid, ErrInvalid},

		{"Q260205 100 dots", "/" + strings.Repeat("x.", 100) + "x", "/" + strings.Repeat("x.", 100) + "x", nil, nil},
		{"Q260205 101 dots", "/" + strings.Repeat("x.", 101) + "x", "/" + strings.Repeat("x.", 101) + "x", ErrTooLong, nil},
		{"UrlSegmentMaxLength", "/" + strings.Repeat("é", 260), "/" + strings.Repeat("é", 260), nil, nil},
		{"beyond UrlSegmentMaxLength", "/" + strings.Repeat("e", 261), "/" + strings.Repeat("e", 261), nil, ErrTooLong},
		{"UrlSegmentMaxCount", strings.Repeat("/a", 255), strings.Repeat("/a", 255), nil, nil},
		{"beyond UrlSegmentMaxCount", strings.Repeat("/a", 256), strings.Repeat("/a", 256), nil, ErrTooLong},
	}
	for _, tt := range tests {
		t.Run(tt.id, func(t *testing.T) {
			for _, version := range []struct {
				name  string
				rules *Rules
				err   error
			}{{"5.0", &iis5, tt.err5}, {"6.0", &iis6, tt.err6}} {
				got, err := Clean(nil, tt.raw, version.rules)
				if !errors.Is(err, version.err) || err == nil && version.err != nil {
					t.Errorf("%s: Clean(%q): error %v, want %v", version.name, tt.raw, err, version.err)
				}
				if err == nil && version.err == nil && string(got) != tt.want {
					t.Errorf("%s: Clean(%q) = %q, want %q", version.name, tt.raw, got, tt.want)
				}
			}
		})
	}
}

func TestCleanWithoutPercentU(t *testing.T) {
	if got, err := Clean(nil, "/%u00e9", &Rules{BadEscapeLiteral: true}); string(got) != "/%u00e9" || err != nil {
		t.Errorf("literal: %q, %v", got, err)
	}
	if _, err := Clean(nil, "/%u00e9", &Rules{}); err != ErrInvalid {
		t.Errorf("error %v, want ErrInvalid", err)
	}
}

// Names of streams, devices and the rest must not be found in any spelling of
// their bytes.
func TestCleanAllEscaped(t *testing.T) {
	for _, raw := range []string{"/a::$DATA", "/con", "/lpt1.txt", "/a.", "/a ", `/..\..\x`, "/a*"} {
		var narrow, wide strings.Builder
		narrow.WriteByte('/')
		wide.WriteByte('/')
		for _, c := range []byte(raw[1:]) {
			const hex = "0123456789abcdef"
			narrow.Write([]byte{'%', hex[c>>4], hex[c&15]})
			wide.Write([]byte{'%', 'u', '0', '0', hex[c>>4], hex[c&15]})
		}
		for _, s := range []string{raw, narrow.String(), wide.String()} {
			if got, err := Clean(nil, s, &iis5); err != ErrNotFound {
				t.Errorf("Clean(%q) = %q, %v, want ErrNotFound", s, got, err)
			}
		}
	}
}

func TestCleanReusesMemory(t *testing.T) {
	buf := make([]byte, 0, 256)
	for _, raw := range []string{"/docs/page.htm", "/docs/a%20b/../%E9%zz//x"} {
		if n := testing.AllocsPerRun(100, func() {
			if _, err := Clean(buf, raw, &iis5); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("Clean(%q) allocates %v times", raw, n)
		}
	}
}

func TestAppendEscaped(t *testing.T) {
	tests := []struct{ id, path, want string }{
		{"plain", "/docs/page-1_2~3.htm", "/docs/page-1_2~3.htm"},
		{"Q187034 blank", "/has space/", "/has%20space/"},
		{"Q303681 special characters", `/a&b'c"d<e>#?%5c:`, "/a%26b%27c%22d%3Ce%3E%23%3F%255c%3A"},
		{"UTF-8", "/é", "/%C3%A9"},
		{"line end", "/a\r\nX", "/a%0D%0AX"},
	}
	for _, tt := range tests {
		got := string(AppendEscaped(nil, tt.path))
		if got != tt.want {
			t.Errorf("%s: AppendEscaped(%q) = %q, want %q", tt.id, tt.path, got, tt.want)
		}
		if back, err := url.PathUnescape(got); err != nil || back != tt.path {
			t.Errorf("%s: %q decodes to %q, %v", tt.id, got, back, err)
		}
		if html.EscapeString(got) != got {
			t.Errorf("%s: %q needs escaping in HTML", tt.id, got)
		}
	}
}

func TestAppendHTML(t *testing.T) {
	const s = `Q317035 <a href="x" id='y'>&amp;</a> é`
	const want = "Q317035 &lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt; é"
	if got := string(AppendHTML([]byte("+"), s)); got != "+"+want {
		t.Errorf("AppendHTML = %q, want %q", got, "+"+want)
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{
		"/", "/docs/page.htm", "/a%20b", "/caf%E9", "/..%c0%af..", "/a%%35cb", "/%u002e%u002e%u005c", "/%ud83d%ude00",
		"/a::$DATA", `/..\..\x`, "/a/./b/../c/", "/100%MOM/", "/con.htm", "//a//", "/%2e%2e/%2e", "/a%c2%80", "/a\xc2",
	} {
		f.Add(s, true)
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, raw string, old bool) {
		rules := &iis6
		if old {
			rules = &iis5
		}
		path, err := Clean(nil, raw, rules)
		if err != nil {
			switch err {
			case ErrInvalid, ErrTooLong, ErrForbidden, ErrNotFound:
				return
			}
			t.Fatalf("unknown error %v", err)
		}
		checkCanonical(t, path)
		again, err := Clean(nil, string(AppendEscaped(nil, string(path))), rules)
		if err != nil || !bytes.Equal(again, path) {
			t.Fatalf("%q again is %q, %v", path, again, err)
		}
	})
}

func checkCanonical(t *testing.T, path []byte) {
	t.Helper()
	switch {
	case len(path) == 0 || path[0] != '/':
		t.Fatalf("%q does not begin with a slash", path)
	case !utf8.Valid(path):
		t.Fatalf("%q is not UTF-8", path)
	case bytes.ContainsAny(path, `\*?"<>|:`):
		t.Fatalf("%q holds what no name may hold", path)
	case bytes.ContainsFunc(path, unicode.IsControl):
		t.Fatalf("%q holds a control character", path)
	}
	for i, segment := range bytes.Split(path[1:], []byte("/")) {
		last := i == bytes.Count(path, []byte("/"))-1
		if len(segment) == 0 && !last {
			t.Fatalf("%q has an empty segment", path)
		}
		if bytes.HasSuffix(segment, []byte(".")) || bytes.HasSuffix(segment, []byte(" ")) {
			t.Fatalf("%q has a segment that ends in a dot or blank", path)
		}
	}
}

func BenchmarkClean(b *testing.B) {
	buf := make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Clean(buf, "/docs/page.htm", &iis6); err != nil {
			b.Fatal(err)
		}
	}
}
