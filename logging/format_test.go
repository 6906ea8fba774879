package logging

import (
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

// Masks of versions: LogExtFileFlags defaults.
const (
	mask40  = 0x586
	mask60  = 0x218FDF
	mask70  = 0x21CFCF
	mask85  = 0x25CFCF
	maskAll = 0x3FFFFF
)

func sample() *Entry {
	return &Entry{
		Time:     time.Date(2003, 5, 2, 17, 42, 15, 999e6, time.UTC),
		ClientIP: "172.22.255.255", UserName: `CORP\alice`, SiteName: "W3SVC1", ComputerName: "WEB1",
		ServerIP: "172.30.255.255", ServerPort: 80, Method: "GET", URIStem: "/images/picture.jpg", URIQuery: "a=1",
		Status: 200, BytesSent: 4502, BytesReceived: 163, TimeTaken: 31 * time.Millisecond, Version: "HTTP/1.1",
		Host: "web1", UserAgent: "Mozilla/4.0 (compatible; MSIE 5.5)", Cookie: "USERID=1; b=2", Referer: "http://web1/",
	}
}

func line(f Format, e *Entry) string {
	return strings.TrimSuffix(string(f.AppendEntry(nil, e)), "\r\n")
}

func fields(f Format) string {
	lines := strings.Split(string(f.AppendHeader(nil, time.Unix(0, 0))), "\r\n")
	return lines[3]
}

func TestQ284716aHeading(t *testing.T) {
	f := &W3C{
		Mask: LogExtFileTime | LogExtFileClientIP | LogExtFileSiteName | LogExtFileServerIP | LogExtFileMethod |
			LogExtFileURIStem | LogExtFileHTTPStatus | LogExtFileWin32Status | LogExtFileServerPort,
		Order: Order40, Software: "Microsoft Internet Information Server 4.0",
	}
	at := time.Date(2000, 1, 2, 4, 5, 6, 0, time.FixedZone("", 3600))
	const want = "#Software: Microsoft Internet Information Server 4.0\r\n#Version: 1.0\r\n#Date: 2000-01-02 03:05:06\r\n" +
		"#Fields: time c-ip s-sitename s-ip cs-method cs-uri-stem sc-status sc-win32-status s-port\r\n"
	if got := string(f.AppendHeader(nil, at)); got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

// The #Fields lines of real files of each version.
func TestFieldsByVersion(t *testing.T) {
	tests := []struct {
		name string
		f    W3C
		want string
	}{
		{"4.0 default, Q284716-c", W3C{Mask: mask40, Order: Order40}, "#Fields: time c-ip cs-method cs-uri-stem sc-status"},
		{"4.0 all", W3C{Mask: maskAll, Order: Order40}, "#Fields: date time c-ip cs-username s-sitename s-computername s-ip cs-method cs-uri-stem cs-uri-query sc-status sc-win32-status sc-bytes cs-bytes time-taken s-port cs-version cs(User-Agent) cs(Cookie) cs(Referer)"},
		{"5.0 all", W3C{Mask: maskAll, Order: Order50, TrailingBlank: true}, "#Fields: date time c-ip cs-username s-sitename s-computername s-ip s-port cs-method cs-uri-stem cs-uri-query sc-status sc-win32-status sc-bytes cs-bytes time-taken cs-version cs-host cs(User-Agent) cs(Cookie) cs(Referer) "},
		{"6.0 default", W3C{Mask: mask60, TrailingBlank: true}, "#Fields: date time s-sitename s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status sc-substatus sc-win32-status "},
		{"7.5 default", W3C{Mask: mask70, UTF8: true}, "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status sc-substatus sc-win32-status time-taken"},
		{"10.0 default", W3C{Mask: mask85, UTF8: true}, "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken"},
		{"10.0 with cookies", W3C{Mask: mask85 | LogExtFileCookie}, "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Cookie) cs(Referer) sc-status sc-substatus sc-win32-status time-taken"},
		{"8.5 with bytes", W3C{Mask: mask85 | LogExtFileBytesSent | LogExtFileBytesRecv}, "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken"},
		{"6.0 all", W3C{Mask: maskAll}, "#Fields: date time s-sitename s-computername s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs-version cs(User-Agent) cs(Cookie) cs(Referer) cs-host sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken"},
		{"Q308190 cs-host", W3C{Mask: mask40 | LogExtFileHost, Order: Order50}, "#Fields: time c-ip cs-method cs-uri-stem sc-status cs-host"},
		{"Q296085", W3C{Mask: LogExtFileDate | LogExtFileTime | LogExtFileClientIP | LogExtFileMethod | LogExtFileURIStem | LogExtFileURIQuery | LogExtFileHTTPStatus | LogExtFileBytesSent | LogExtFileTimeTaken | LogExtFileUserAgent | LogExtFileCookie | LogExtFileReferer, Order: Order40}, "#Fields: date time c-ip cs-method cs-uri-stem cs-uri-query sc-status sc-bytes time-taken cs(User-Agent) cs(Cookie) cs(Referer)"},
	}
	for _, tt := range tests {
		if got := fields(&tt.f); got != tt.want {
			t.Errorf("%s:\ngot  %q\nwant %q", tt.name, got, tt.want)
		}
	}
}

// Each column holds the value its name says, in every order.
func TestColumnsHoldTheirFields(t *testing.T) {
	want := map[string]string{
		"date": "2003-05-02", "time": "17:42:15", "c-ip": "172.22.255.255", "cs-username": `CORP\alice`,
		"s-sitename": "W3SVC1", "s-computername": "WEB1", "s-ip": "172.30.255.255", "s-port": "80", "cs-method": "GET",
		"cs-uri-stem": "/images/picture.jpg", "cs-uri-query": "a=1", "sc-status": "200", "sc-substatus": "7",
		"sc-win32-status": "2148074254", "sc-bytes": "4502", "cs-bytes": "163", "time-taken": "31",
		"cs-version": "HTTP/1.1", "cs-host": "web1", "cs(User-Agent)": "Mozilla/4.0+(compatible;+MSIE+5.5)",
		"cs(Cookie)": "USERID=1;+b=2", "cs(Referer)": "http://web1/",
	}
	counts := map[W3COrder]int{Order40: 20, Order50: 21, Order60: 22}
	for order, count := range counts {
		f := &W3C{Mask: maskAll, Order: order}
		e := sample()
		e.SubStatus, e.Win32Status = 7, 2148074254
		names := strings.Fields(fields(f))[1:]
		values := strings.Split(line(f, e), " ")
		if len(names) != count || len(values) != count {
			t.Fatalf("order %d: %d names, %d values, want %d", order, len(names), len(values), count)
		}
		for i, name := range names {
			if values[i] != want[name] {
				t.Errorf("order %d: %s is %q, want %q", order, name, values[i], want[name])
			}
		}
	}
}

// The walk-through of KB 907273 and 969060 (log sequence S01), other sequences
// of triples, and a line of a real file of each version.
func TestW3CLines(t *testing.T) {
	f60, f40, f85 := W3C{Mask: mask60}, W3C{Mask: mask40 | LogExtFileWin32Status | LogExtFileUserName, Order: Order40}, W3C{Mask: mask85 | LogExtFileBytesSent | LogExtFileBytesRecv, UTF8: true}
	tests := []struct {
		name               string
		f                  W3C
		stem, user, agent  string
		status, sub        int
		win32              uint32
		sent, received, ms int64
		want               string
	}{
		{"S01 first", f60, "/", "", "curl/8.5", 401, 2, 2148074254, 0, 0, 0, `2003-05-02 17:42:15 W3SVC1 10.0.0.5 GET / - 80 - 10.0.0.77 curl/8.5 401 2 2148074254`},
		{"S01 second", f60, "/", "", "curl/8.5", 401, 1, 0, 0, 0, 0, `2003-05-02 17:42:15 W3SVC1 10.0.0.5 GET / - 80 - 10.0.0.77 curl/8.5 401 1 0`},
		{"S01 third", f60, "/default.htm", `CORP\alice`, "curl/8.5", 200, 0, 0, 0, 0, 0, `2003-05-02 17:42:15 W3SVC1 10.0.0.5 GET /default.htm - 80 CORP\alice 10.0.0.77 curl/8.5 200 0 0`},
		{"S02", f60, "/", `DOMAIN\user`, "", 304, 0, 0, 0, 0, 0, `2003-05-02 17:42:15 W3SVC1 10.0.0.5 GET / - 80 DOMAIN\user 10.0.0.77 - 304 0 0`},
		{"S04, Q313437-b: ACL", f40, "/x", "", "", 401, 3, 5, 0, 0, 0, `17:42:15 10.0.0.77 - GET /x 401 5`},
		{"S05, S10", f85, "/robots.txt", "", "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", 404, 0, 2, 1405, 242, 283, `2003-05-02 17:42:15 10.0.0.5 GET /robots.txt - 80 - 10.0.0.77 Mozilla/5.0+(compatible;+bingbot/2.0;++http://www.bing.com/bingbot.htm) - 404 0 2 1405 242 283`},
		{"S06", f85, "/a", "", "", 405, 0, 1, 0, 0, 0, `2003-05-02 17:42:15 10.0.0.5 GET /a - 80 - 10.0.0.77 - - 405 0 1 0 0 0`},
		{"S07", f60, "/a", "", "", 200, 0, 64, 0, 0, 0, `2003-05-02 17:42:15 W3SVC1 10.0.0.5 GET /a - 80 - 10.0.0.77 - 200 0 64`},
		{"S08", f60, "/a", "", "", 200, 0, 995, 0, 0, 0, `2003-05-02 17:42:15 W3SVC1 10.0.0.5 GET /a - 80 - 10.0.0.77 - 200 0 995`},
		{"S09", f60, "/a/", "", "", 403, 14, 0, 0, 0, 0, `2003-05-02 17:42:15 W3SVC1 10.0.0.5 GET /a/ - 80 - 10.0.0.77 - 403 14 0`},
		{"Q197464-c", f60, "/file.asp::$DATA", "", "", 404, 0, 2, 0, 0, 0, `2003-05-02 17:42:15 W3SVC1 10.0.0.5 GET /file.asp::$DATA - 80 - 10.0.0.77 - 404 0 2`},
	}
	for _, tt := range tests {
		e := &Entry{Time: sample().Time, ClientIP: "10.0.0.77", ServerIP: "10.0.0.5", ServerPort: 80, SiteName: "W3SVC1", Method: "GET",
			URIStem: tt.stem, UserName: tt.user, UserAgent: tt.agent, Status: tt.status, SubStatus: tt.sub, Win32Status: tt.win32,
			BytesSent: tt.sent, BytesReceived: tt.received, TimeTaken: time.Duration(tt.ms) * time.Millisecond}
		if got := line(&tt.f, e); got != tt.want {
			t.Errorf("%s:\ngot  %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

func TestQ194699TimesAreUTC(t *testing.T) {
	e := sample()
	e.Time = time.Date(2026, 1, 1, 0, 30, 9, 0, time.FixedZone("CET", 3600))
	if got := line(&W3C{Mask: LogExtFileDate | LogExtFileTime}, e); got != "2025-12-31 23:30:09" {
		t.Error(got)
	}
}

// Time fields stay right when the machine has been up for longer than 2^32
// milliseconds.
func TestQ223137Uptime49Days(t *testing.T) {
	e := sample()
	e.TimeTaken = 50 * 24 * time.Hour
	if got := line(&W3C{Mask: LogExtFileTimeTaken}, e); got != "4320000000" {
		t.Error(got)
	}
	e.TimeTaken = -time.Second // the clock was set back
	if got := line(&W3C{Mask: LogExtFileTimeTaken}, e); got != "0" {
		t.Error(got)
	}
}

func TestQ319733aWhiteSpace(t *testing.T) {
	tests := []struct{ name, in, word, utf8 string }{
		{"blank, tab, CR, LF", "a b\tc\rd\ne", "a+b+c+d+e", ""},
		{"none", "", "-", ""},
		{"plus is not escaped", "a+b", "a+b", ""},
		{"ESC, NUL, DEL", "\x1b[31m\x00\x7f", "+[31m++", ""},
		{"quotes stay", `a="b"`, `a="b"`, ""},
		{"4096", strings.Repeat("x", 4096), strings.Repeat("x", 4096), ""},
		{"4097, KB 2809913", strings.Repeat("x", 4097), "...", ""},
		{"windows-1252", "ÄÖÜ€ß", "\xc4\xd6\xdc\x80\xdf", "ÄÖÜ€ß"},
		{"no windows-1252 byte", "日ä", "?\xe4", "日ä"},
		{"C1 controls", "a\u0085b\u009bc", "a+b+c", "a+b+c"},
		{"line and paragraph separators", "a\u2028b\u2029c", "a+b+c", "a+b+c"},
		{"blanks beyond ASCII", "a\u00a0b\u3000c", "a+b+c", "a+b+c"},
		{"bidirectional override", "a\u202eb", "a+b", "a+b"},
		{"not UTF-8: letter", "caf\xe9", "caf\xe9", "caf+"},
		{"not UTF-8: control", "a\x9b\x85", "a++", "a++"},
		{"cut off character", "a\xe2\x82", "a\xe2+", "a++"},
	}
	for _, tt := range tests {
		if tt.utf8 == "" {
			tt.utf8 = tt.word
		}
		e := &Entry{UserAgent: tt.in}
		if got := line(&W3C{Mask: LogExtFileUserAgent}, e); got != tt.word {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.word)
		}
		if got := line(&W3C{Mask: LogExtFileUserAgent, UTF8: true}, e); got != tt.utf8 {
			t.Errorf("%s, UTF-8: got %q, want %q", tt.name, got, tt.utf8)
		}
	}
}

// Eight bytes at a time come to the same as one at a time.
func TestPlusWords(t *testing.T) {
	for c := range 0x80 {
		for n := range 20 {
			for at := range n {
				in := []byte(strings.Repeat("x", n))
				in[at] = byte(c)
				want := []byte(strings.Repeat("x", n))
				want[at] = wordMap[c]
				if got := appendText(nil, string(in), wordMap, true); string(got) != string(want) {
					t.Fatalf("%q: got %q, want %q", in, got, want)
				}
			}
		}
	}
	if got := appendText(nil, "12345678é", wordMap, true); string(got) != "12345678é" {
		t.Errorf("%q", got)
	}
	if got := appendText(nil, "é12345678", wordMap, false); string(got) != "\xe912345678" {
		t.Errorf("%q", got)
	}
}

func TestQ319733bUserNameWithBlank(t *testing.T) {
	if got := line(&W3C{Mask: LogExtFileUserName}, &Entry{UserName: `DOMAIN\JOE BLOGGS`}); got != `DOMAIN\JOE+BLOGGS` {
		t.Error(got)
	}
}

func TestQ296093OnlyDirectivesBeginWithNumberSign(t *testing.T) {
	if got := line(&W3C{Mask: LogExtFileMethod}, &Entry{Method: "#Fields:"}); got != "+Fields:" {
		t.Error(got)
	}
}

func TestNoFieldsNoLine(t *testing.T) {
	if got := (&W3C{}).AppendEntry(nil, sample()); len(got) != 0 {
		t.Errorf("%q", got)
	}
}

// Lines of real files and of the documentation.
func TestMicrosoftIISLines(t *testing.T) {
	doc := &Entry{Time: time.Date(2001, 3, 20, 7, 55, 20, 0, time.UTC), ClientIP: "192.168.114.201", SiteName: "W3SVC2", ComputerName: "SERVER",
		ServerIP: "172.21.13.45", TimeTaken: 4502 * time.Millisecond, BytesReceived: 163, BytesSent: 3223, Status: 200, Method: "GET", URIStem: "/DeptLogo.gif"}
	sp := &Entry{Time: time.Date(2009, 6, 10, 10, 11, 59, 0, time.UTC), ClientIP: "192.168.1.109", UserName: `NT AUTHORITY\LOCAL SERVICE`, SiteName: "W3SVC1893743816",
		ComputerName: "SPUTNIK01", ServerIP: "192.168.1.109", TimeTaken: 46 * time.Millisecond, BytesReceived: 379, BytesSent: 336, Status: 200, Method: "GET", URIStem: "/"}
	refused := *sp
	refused.UserName, refused.Status, refused.Win32Status, refused.TimeTaken, refused.BytesReceived, refused.BytesSent = "", 401, 2148074254, 0, 261, 1913
	comma := *doc
	comma.URIStem, comma.URIQuery = "/a, b", "x,\ty"
	tests := []struct {
		name string
		f    MicrosoftIIS
		e    *Entry
		want string
	}{
		{"documentation", MicrosoftIIS{}, doc, "192.168.114.201, -, 03/20/01, 7:55:20, W3SVC2, SERVER, 172.21.13.45, 4502, 163, 3223, 200, 0, GET, /DeptLogo.gif, -,"},
		{"Q190143", MicrosoftIIS{Date: DateShort}, doc, "192.168.114.201, -, 3/20/01, 7:55:20, W3SVC2, SERVER, 172.21.13.45, 4502, 163, 3223, 200, 0, GET, /DeptLogo.gif, -,"},
		{"6.0, S03", MicrosoftIIS{Date: DateLong, TrailingBlank: true}, sp, `192.168.1.109, NT AUTHORITY\LOCAL SERVICE, 6/10/2009, 10:11:59, W3SVC1893743816, SPUTNIK01, 192.168.1.109, 46, 379, 336, 200, 0, GET, /, -, `},
		{"6.0, S03", MicrosoftIIS{Date: DateLong, TrailingBlank: true}, &refused, `192.168.1.109, -, 6/10/2009, 10:11:59, W3SVC1893743816, SPUTNIK01, 192.168.1.109, 0, 261, 1913, 401, 2148074254, GET, /, -, `},
		{"comma", MicrosoftIIS{}, &comma, "192.168.114.201, -, 03/20/01, 7:55:20, W3SVC2, SERVER, 172.21.13.45, 4502, 163, 3223, 200, 0, GET, /a+ b, x++y,"},
	}
	for _, tt := range tests {
		if got := line(&tt.f, tt.e); got != tt.want {
			t.Errorf("%s:\ngot  %q\nwant %q", tt.name, got, tt.want)
		}
	}
}

func TestQ271196aMicrosoftIISIsLocalTime(t *testing.T) {
	e := sample()
	e.Time = time.Date(2026, 2, 3, 8, 15, 0, 0, time.UTC).In(time.FixedZone("", -9*3600))
	if got := line(&MicrosoftIIS{}, e); !strings.Contains(got, ", 02/02/26, 23:15:00, ") {
		t.Error(got)
	}
}

func TestNCSALines(t *testing.T) {
	est := time.FixedZone("EST", -5*3600)
	tests := []struct {
		name string
		e    Entry
		want string
	}{
		{"Q199117", Entry{Time: time.Date(1998, 11, 24, 16, 37, 35, 0, est), ClientIP: "10.0.0.77", Method: "GET", URIStem: "/x", Version: "HTTP/1.1", Status: 304, BytesSent: 141},
			`10.0.0.77 - - [24/Nov/1998:16:37:35 -0500] "GET /x HTTP/1.1" 304 141`},
		{"Q197464-b", Entry{Time: time.Date(2026, 2, 3, 10, 15, 0, 0, time.FixedZone("CET", 3600)), ClientIP: "10.0.0.77", UserName: `LAB\anna`, Method: "GET", URIStem: "/cgi-bin/find.exe", URIQuery: "q=red+shoes&n=5", Version: "HTTP/1.1", Status: 200, BytesSent: 1893},
			`10.0.0.77 - LAB\anna [03/Feb/2026:10:15:00 +0100] "GET /cgi-bin/find.exe?q=red+shoes&n=5 HTTP/1.1" 200 1893`},
		{"half hours", Entry{Time: time.Date(2026, 2, 3, 10, 15, 0, 0, time.FixedZone("", -(3*3600+1800))), ClientIP: "::1", Method: "GET", URIStem: "/", Version: "HTTP/1.0", Status: 200},
			`::1 - - [03/Feb/2026:10:15:00 -0330] "GET / HTTP/1.0" 200 0`},
		{"Q191415 malformed", Entry{Time: time.Date(2026, 2, 3, 10, 15, 0, 0, time.UTC), ClientIP: "10.0.0.77", Status: 400, BytesSent: 99},
			`10.0.0.77 - - [03/Feb/2026:10:15:00 +0000] "- - -" 400 99`},
		{"quotes", Entry{Time: time.Date(2026, 2, 3, 10, 15, 0, 0, time.UTC), ClientIP: "10.0.0.77", UserName: "a\" [x] \r\nb", Method: "GET", URIStem: `/a" b\`, Version: `HTTP/1.1\`, Status: 400},
			`10.0.0.77 - a++[x]+++b [03/Feb/2026:10:15:00 +0000] "GET /a++b\ HTTP/1.1+" 400 0`},
	}
	for _, tt := range tests {
		if got := line(&NCSA{}, &tt.e); got != tt.want {
			t.Errorf("%s:\ngot  %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

func TestHTTPErrLines(t *testing.T) {
	at := time.Date(2026, 2, 3, 9, 20, 11, 0, time.UTC)
	tests := []struct {
		name string
		f    HTTPErr
		e    HTTPErrEntry
		want string
	}{
		{"host name, 10.0", HTTPErr{StreamID: true}, HTTPErrEntry{Time: at, ClientIP: "10.0.0.77", ClientPort: 50211, ServerIP: "10.0.0.5", ServerPort: 80, Version: "HTTP/1.1", Method: "GET", URI: "/index.htm", Status: 400, Reason: "Hostname"},
			"2026-02-03 09:20:11 10.0.0.77 50211 10.0.0.5 80 HTTP/1.1 GET /index.htm - 400 - Hostname -"},
		{"S11 idle", HTTPErr{}, HTTPErrEntry{Time: at, ClientIP: "2001:db8::1%0", ClientPort: 54697, ServerIP: "2001:db8::2%0", ServerPort: 80, Reason: "Timer_ConnectionIdle"},
			"2026-02-03 09:20:11 2001:db8::1%0 54697 2001:db8::2%0 80 - - - - - Timer_ConnectionIdle -"},
		{"S12", HTTPErr{}, HTTPErrEntry{Time: at, ClientIP: "10.0.0.7", ClientPort: 1, ServerIP: "10.0.0.5", ServerPort: 443, Version: "HTTP/1.1", Method: "GET", URI: `/..\pixfir~1\how to.html`, Status: 403, Reason: "Forbidden"},
			`2026-02-03 09:20:11 10.0.0.7 1 10.0.0.5 443 HTTP/1.1 GET /..\pixfir~1\how+to.html 403 - Forbidden -`},
		{"site and queue", HTTPErr{}, HTTPErrEntry{Time: at, ClientIP: "10.0.0.7", ClientPort: 1, ServerIP: "10.0.0.5", ServerPort: 443, Version: "HTTP/1.1", Method: "GET", URI: "/", Status: 503, SiteID: 1, Reason: "ConnLimit", QueueName: "DefaultAppPool"},
			`2026-02-03 09:20:11 10.0.0.7 1 10.0.0.5 443 HTTP/1.1 GET / 503 1 ConnLimit DefaultAppPool`},
		{"limits", HTTPErr{}, HTTPErrEntry{Time: at, Version: "HTTP/1.10", Method: strings.Repeat("M", 300), URI: strings.Repeat("u", 5000), Status: 400, Reason: "Verb"},
			"2026-02-03 09:20:11 - - - - HTTP/?.? " + strings.Repeat("M", 255) + " " + strings.Repeat("u", 4096) + " 400 - Verb -"},
		{"cut at a character", HTTPErr{UTF8: true}, HTTPErrEntry{Time: at, Method: strings.Repeat("M", 254) + "é"},
			"2026-02-03 09:20:11 - - - - - " + strings.Repeat("M", 254) + " - - - - -"},
		{"controls", HTTPErr{}, HTTPErrEntry{Time: at, Method: "G\r\nE\x1bT", URI: "/\t \x00"},
			"2026-02-03 09:20:11 - - - - - G++E+T /+++ - - - -"},
	}
	for _, tt := range tests {
		if got := string(tt.f.AppendEntry(nil, &tt.e)); got != tt.want+"\r\n" {
			t.Errorf("%s:\ngot  %q\nwant %q", tt.name, got, tt.want)
		}
	}
	f := HTTPErr{Software: "Microsoft HTTP API 2.0", StreamID: true}
	const want = "#Software: Microsoft HTTP API 2.0\r\n#Version: 1.0\r\n#Date: 2026-02-03 09:20:11\r\n" +
		"#Fields: date time c-ip c-port s-ip s-port cs-version cs-method cs-uri streamid sc-status s-siteid s-reason s-queuename\r\n"
	if got := string(f.AppendHeader(nil, at)); got != want {
		t.Errorf("got %q", got)
	}
}

func TestErrVersion(t *testing.T) {
	for in, want := range map[string]string{"HTTP/1.1": "HTTP/1.1", "HTTP/10.0": "HTTP/?.?", "HTTP/1.10": "HTTP/?.?", "": "", "HTTP/2.0": "HTTP/2.0"} {
		if got := errVersion(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

var ncsaLine = regexp.MustCompile(`^[^ ]+ - [^ ]+ \[[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:[0-9:]{8} [-+][0-9]{4}\] "[^" ]+ [^" ]+ [^" \\]+" [0-9]+ [0-9]+\r\n$`)

// FuzzAppendEntry checks D10 and its kin: whatever a client sends, a line is
// one line with the right number of columns.
func FuzzAppendEntry(f *testing.F) {
	f.Add("10.0.0.7", `D\u`, "GET", "/a", "q=1", "agent", "HTTP/1.1", int64(1), 80)
	f.Add("", "a\r\nb\x1b\" \"", "#", "/,\t, \u2028", "\x85\xa0\u00a0", "\\\"", `\`, int64(-5), -1)
	f.Add("é", "日本", "\xff\xfe", strings.Repeat("y", 5000), "+", "\u202e", "HTTP/1.1", int64(1)<<40, 99999)
	f.Fuzz(func(t *testing.T, ip, user, method, stem, query, agent, version string, n int64, port int) {
		for _, keep := range []bool{false, true} {
			e := &Entry{Time: time.Unix(1e9, n&0xFFFF), ClientIP: ip, UserName: user, SiteName: agent, ComputerName: query, ServerIP: ip, ServerPort: port,
				Method: method, URIStem: stem, URIQuery: query, Status: port, SubStatus: port, Win32Status: uint32(n), BytesSent: n, BytesReceived: n,
				TimeTaken: time.Duration(n), Version: version, Host: agent, UserAgent: agent, Cookie: stem, Referer: query}
			for order := Order60; order <= Order40; order++ {
				w := &W3C{Mask: uint32(n) | LogExtFileMethod, Order: order, UTF8: keep}
				b := w.AppendEntry(nil, e)
				checkLine(t, b, keep, false)
				if got, want := len(strings.Split(string(b), " ")), len(strings.Fields(fields(w)))-1; got != want || b[0] == '#' {
					t.Errorf("W3C: %d columns, want %d: %q", got, want, b)
				}
			}
			for _, i := range []MicrosoftIIS{{UTF8: keep}, {UTF8: keep, Date: DateLong, TrailingBlank: true}} {
				b := i.AppendEntry(nil, e)
				checkLine(t, b, keep, true)
				if strings.Count(string(b), ",") != 15 || strings.Count(strings.TrimRight(string(b), " \r\n")+" ", ", ") != 15 {
					t.Errorf("IIS: %q", b)
				}
			}
			b := (&NCSA{UTF8: keep}).AppendEntry(nil, e)
			checkLine(t, b, keep, false)
			if !ncsaLine.Match(b) {
				t.Errorf("NCSA: %q", b)
			}
			h := &HTTPErrEntry{Time: e.Time, ClientIP: ip, ClientPort: port, ServerIP: ip, ServerPort: port, Version: version, Method: method, URI: stem, Status: port, SiteID: port, Reason: query, QueueName: agent}
			for _, x := range []HTTPErr{{UTF8: keep}, {UTF8: keep, StreamID: true}} {
				b := x.AppendEntry(nil, h)
				checkLine(t, b, keep, false)
				want := 13
				if x.StreamID {
					want++
				}
				if got := len(strings.Split(string(b), " ")); got != want {
					t.Errorf("HTTPERR: %d columns, want %d: %q", got, want, b)
				}
			}
		}
	})
}

func checkLine(t *testing.T, b []byte, utf8Text, blanks bool) {
	t.Helper()
	s, ok := strings.CutSuffix(string(b), "\r\n")
	if !ok || strings.Contains(s, "  ") && !blanks || s == "" {
		t.Errorf("not a line: %q", b)
	}
	if utf8Text && !utf8.ValidString(s) {
		t.Errorf("not UTF-8: %q", b)
	}
	for _, r := range s {
		if utf8Text && !unicode.IsPrint(r) {
			t.Errorf("%U in %q", r, b)
		}
	}
	for _, c := range []byte(s) {
		if c < ' ' || c == 0x7F || c == 0xA0 && !utf8Text {
			t.Errorf("%#x in %q", c, b)
		}
	}
}
