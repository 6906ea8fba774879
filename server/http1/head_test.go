package http1

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// parse parses s whole and fails the test if it is neither whole nor refused.
func parse(t *testing.T, s string, lim *Limits) (*Head, int, *Error) {
	t.Helper()
	h := new(Head)
	n, err := h.Parse([]byte(s), lim)
	var e *Error
	if err != nil && !errors.As(err, &e) {
		t.Fatalf("error is a %T, want *Error", err)
	}
	return h, n, e
}

// host ends a head as HTTP/1.1 needs it.
const host = "Host: a\r\n\r\n"

var refused = []struct {
	id   string // KB article, attack or RFC section
	head string
	code int
	want Reason
}{
	// Request line.
	{"tls-hello", "\x16\x03\x01", 400, Verb},
	{"first-byte-nul", "\x00", 400, Verb},
	{"first-byte-blank", " GET / HTTP/1.1\r\n", 400, Verb},
	{"method-delimiter", "G@T / HTTP/1.1\r\n" + host, 400, Verb},
	{"method-tab", "GET\t/ HTTP/1.1\r\n" + host, 400, Verb},
	{"method-256", strings.Repeat("A", 256), 400, Verb},
	{"method-alone", "GET\r\n", 400, BadRequest},
	{"three-empty-lines", "\r\n\r\n\r\nGET / HTTP/1.1\r\n" + host, 400, BadRequest},
	{"two-blanks", "GET  / HTTP/1.1\r\n" + host, 400, URL},
	{"two-blanks-version", "GET /  HTTP/1.1\r\n" + host, 400, BadRequest},
	{"trailing-blank", "GET / HTTP/1.1 \r\n" + host, 400, BadRequest},
	{"Q187034-a", "GET /has space.htm HTTP/1.1\r\n" + host, 400, BadRequest},
	{"version-lower", "GET / http/1.1\r\n" + host, 400, BadRequest},
	{"version-garbage", "GET / FTP/1.1\r\n" + host, 400, BadRequest},
	{"version-short", "GET / HTTP/1\r\n" + host, 400, BadRequest},
	{"version-two-digits", "GET / HTTP/1.10\r\n" + host, 400, BadRequest},
	{"version-none-blank", "GET / \r\n", 400, BadRequest},
	{"E9-HTTP/9.9", "GET / HTTP/9.9\r\n" + host, 505, VersionNotSupported},
	{"E9-HTTP/2.0", "GET / HTTP/2.0\r\n" + host, 505, VersionNotSupported},
	{"E9-HTTP/0.9", "GET / HTTP/0.9\r\n" + host, 505, VersionNotSupported},
	{"Q279466-POST", "POST /x\r\n", 400, Verb},
	{"Q279466-no-path", "GET x\r\n", 400, URL},
	{"Q279466-url", "GET http://a/\r\n", 400, URL},
	{"Q279466-star", "OPTIONS *\r\n", 400, Verb},

	// Target.
	{"target-hash", "GET /a#b HTTP/1.1\r\n" + host, 400, URL},
	{"target-nul", "GET /a\x00b HTTP/1.1\r\n" + host, 400, URL},
	{"target-tab", "GET /a\tb HTTP/1.1\r\n" + host, 400, URL},
	{"target-del", "GET /aaaaaaaaaaa\x7f HTTP/1.1\r\n" + host, 400, URL},
	{"target-relative", "GET a HTTP/1.1\r\n" + host, 400, URL},
	{"target-query", "GET ?a HTTP/1.1\r\n" + host, 400, URL},
	{"target-star-GET", "GET * HTTP/1.1\r\n" + host, 400, URL},
	{"target-ftp", "GET ftp://a/ HTTP/1.1\r\n" + host, 400, URL},
	{"target-authority", "CONNECT a:80 HTTP/1.1\r\n" + host, 400, URL},
	{"target-CONNECT-url", "CONNECT http://a/ HTTP/1.1\r\n" + host, 400, URL},
	{"http2-preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, URL},

	// Line ends.
	{"E9-bare-LF-first", "\nGET / HTTP/1.1\r\n", 400, InvalidCRLF},
	{"E9-bare-LF-method", "GET\n", 400, InvalidCRLF},
	{"E9-bare-LF-target", "GET /\n", 400, InvalidCRLF},
	{"E9-bare-LF-request-line", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400, InvalidCRLF},
	{"E9-bare-LF-version", "GET / HTTP/1\n", 400, InvalidCRLF},
	{"E9-bare-LF-field", "GET / HTTP/1.1\r\nHost: a\n\r\n", 400, InvalidCRLF},
	{"E9-bare-LF-name", "GET / HTTP/1.1\r\nHost\n", 400, InvalidCRLF},
	{"E9-bare-LF-end", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400, InvalidCRLF},
	{"E9-bare-CR-empty", "\rGET / HTTP/1.1\r\n", 400, InvalidCRLF},
	{"E9-bare-CR-method", "GET\r/", 400, InvalidCRLF},
	{"E9-bare-CR-target", "GET /\rX", 400, InvalidCRLF},
	{"E9-bare-CR-version", "GET / HTTP/1.1\rHost: a\r\n\r\n", 400, InvalidCRLF},
	{"E9-bare-CR-field", "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", 400, InvalidCRLF},
	{"E9-bare-CR-name", "GET / HTTP/1.1\r\nHo\rst: a\r\n\r\n", 400, InvalidCRLF},
	{"E9-bare-CR-end", "GET / HTTP/1.1\r\nHost: a\r\n\rX", 400, InvalidCRLF},

	// Fields.
	{"E9-obs-fold-blank", "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", 400, Header},
	{"E9-obs-fold-tab", "GET / HTTP/1.1\r\nHost: a\r\n\tb\r\n\r\n", 400, Header},
	{"E9-blank-first-line", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400, Header},
	{"Q199806", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400, Header},
	{"E9-tab-before-colon", "GET / HTTP/1.1\r\nHost\t: a\r\n\r\n", 400, Header},
	{"E9-empty-name", "GET / HTTP/1.1\r\n: a\r\n" + host, 400, Header},
	{"E9-no-colon", "GET / HTTP/1.1\r\nHost\r\n\r\n", 400, Header},
	{"E9-name-nul", "GET / HTTP/1.1\r\nX\x00Y: a\r\n" + host, 400, Header},
	{"E9-name-8bit", "GET / HTTP/1.1\r\nX\xe9Y: a\r\n" + host, 400, Header},
	{"E9-name-separator", "GET / HTTP/1.1\r\nX(Y: a\r\n" + host, 400, Header},
	{"E9-value-nul", "GET / HTTP/1.1\r\nX: a\x00b\r\n" + host, 400, Header},
	{"E9-value-control", "GET / HTTP/1.1\r\nX: aaaaaaaaaaaaa\x1f\r\n" + host, 400, Header},
	{"E9-value-del", "GET / HTTP/1.1\r\nX: a\x7f\r\n" + host, 400, Header},
	{"two-Authorization", "GET / HTTP/1.1\r\nAuthorization: Basic eDp5\r\nauthorization: Basic eDp5\r\n" + host, 400, Header},

	// Body framing.
	{"E9-two-lengths", "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n" + host, 400, Header},
	{"E9-two-lengths-equal", "POST / HTTP/1.1\r\nContent-Length: 1\r\ncontent-length: 1\r\n" + host, 400, Header},
	{"E9-length-list", "POST / HTTP/1.1\r\nContent-Length: 1, 1\r\n" + host, 400, Number},
	{"E9-length-empty", "POST / HTTP/1.1\r\nContent-Length:\r\n" + host, 400, Number},
	{"E9-length-plus", "POST / HTTP/1.1\r\nContent-Length: +1\r\n" + host, 400, Number},
	{"E9-length-minus", "POST / HTTP/1.1\r\nContent-Length: -1\r\n" + host, 400, Number},
	{"E9-length-hex", "POST / HTTP/1.1\r\nContent-Length: 0x1\r\n" + host, 400, Number},
	{"E9-length-blank", "POST / HTTP/1.1\r\nContent-Length: 1 1\r\n" + host, 400, Number},
	{"E9-length-2^63", "POST / HTTP/1.1\r\nContent-Length: 9223372036854775808\r\n" + host, 400, Number},
	{"E9-length-2^64+1", "POST / HTTP/1.1\r\nContent-Length: 18446744073709551617\r\n" + host, 400, Number},
	{"E9-length-then-chunked", "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n" + host, 400, Header},
	{"E9-chunked-then-length", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n" + host, 400, Header},
	{"E9-chunked-on-1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n" + host, 400, Header},
	{"E9-two-codings", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n" + host, 400, Header},
	{"E9-coding-twice", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked, chunked\r\n" + host, 501, NotImplemented},
	{"E9-coding-list", "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n" + host, 501, NotImplemented},
	{"E9-coding-identity", "POST / HTTP/1.1\r\nTransfer-Encoding: identity\r\n" + host, 501, NotImplemented},
	{"E9-coding-x", "POST / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n" + host, 501, NotImplemented},
	{"E9-coding-vt", "POST / HTTP/1.1\r\nTransfer-Encoding: \x0bchunked\r\n" + host, 400, Header},
	{"E9-coding-quoted", "POST / HTTP/1.1\r\nTransfer-Encoding: \"chunked\"\r\n" + host, 501, NotImplemented},
	{"E9-coding-empty", "POST / HTTP/1.1\r\nTransfer-Encoding:\r\n" + host, 501, NotImplemented},

	// Host.
	{"E10-no-host", "GET / HTTP/1.1\r\n\r\n", 400, Hostname},
	{"E10-two-hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400, Hostname},
	{"E10-empty", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400, Hostname},
	{"E10-at", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400, Hostname},
	{"E10-blank", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400, Hostname},
	{"E10-slash", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, Hostname},
	{"E10-backslash", "GET / HTTP/1.1\r\nHost: a\\b\r\n\r\n", 400, Hostname},
	{"E10-comma", "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", 400, Hostname},
	{"E10-query", "GET / HTTP/1.1\r\nHost: a?b\r\n\r\n", 400, Hostname},
	{"E10-escape", "GET / HTTP/1.1\r\nHost: a%2fb\r\n\r\n", 400, Hostname},
	{"E10-quote", "GET / HTTP/1.1\r\nHost: a\"><x\r\n\r\n", 400, Hostname},
	{"E10-port-only", "GET / HTTP/1.1\r\nHost: :80\r\n\r\n", 400, Hostname},
	{"E10-port-empty", "GET / HTTP/1.1\r\nHost: a:\r\n\r\n", 400, Hostname},
	{"E10-port-65536", "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", 400, Hostname},
	{"E10-port-sign", "GET / HTTP/1.1\r\nHost: a:+80\r\n\r\n", 400, Hostname},
	{"E10-port-twice", "GET / HTTP/1.1\r\nHost: a:80:80\r\n\r\n", 400, Hostname},
	{"E10-bad-IPv6", "GET / HTTP/1.1\r\nHost: [::g]\r\n\r\n", 400, Hostname},
	{"E10-IPv4-in-brackets", "GET / HTTP/1.1\r\nHost: [1.2.3.4]\r\n\r\n", 400, Hostname},
	{"E10-open-bracket", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400, Hostname},
	{"E10-IPv6-junk", "GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n", 400, Hostname},
	{"E10-IPv6-zone", "GET / HTTP/1.1\r\nHost: [fe80::1%25eth0]\r\n\r\n", 400, Hostname},
	{"E10-bad-host-on-1.0", "GET / HTTP/1.0\r\nHost: a@b\r\n\r\n", 400, Hostname},
	{"E10-target-other-host", "GET http://b/ HTTP/1.1\r\n" + host, 400, Hostname},
	{"E10-target-other-port", "GET http://a:81/ HTTP/1.1\r\n" + host, 400, Hostname},
	{"E10-target-https-port", "GET https://a:80/ HTTP/1.1\r\n" + host, 400, Hostname},
	{"E10-target-other-1.0", "GET http://b/ HTTP/1.0\r\n" + host, 400, Hostname},
	{"E10-target-empty-host-1.0", "GET http://b/ HTTP/1.0\r\nHost:\r\n\r\n", 400, Hostname},
	{"E10-target-no-host", "GET http://a/ HTTP/1.1\r\n\r\n", 400, Hostname},
	{"E10-target-user", "GET http://u@a/ HTTP/1.1\r\n" + host, 400, Hostname},
	{"E10-target-backslash", "GET http://a\\b/ HTTP/1.1\r\n" + host, 400, Hostname},
	{"E10-target-no-authority", "GET http:///x HTTP/1.1\r\n" + host, 400, Hostname},
}

func TestRefused(t *testing.T) {
	for _, tt := range refused {
		t.Run(tt.id, func(t *testing.T) {
			_, n, err := parse(t, tt.head, nil)
			if err == nil || n != 0 {
				t.Fatalf("Parse = %d, %v; want a refusal", n, err)
			}
			if err.Reason != tt.want || err.Code != tt.code {
				t.Errorf("refused with %d %v (%v), want %d %v", err.Code, err.Reason, err, tt.code, tt.want)
			}
		})
	}
}

var accepted = []struct {
	id   string
	head string
	want Head // what is not given is not compared, but for the flags
}{
	{"get", "GET /a/b?c=d?e HTTP/1.1\r\nHost: a.b:80\r\n\r\n",
		Head{Method: "GET", Target: "/a/b?c=d?e", Path: "/a/b", Query: "c=d?e", HasQuery: true, Host: "a.b:80", Proto: HTTP11, ContentLength: -1}},
	{"empty-query", "GET /? HTTP/1.1\r\n" + host,
		Head{Method: "GET", Target: "/?", Path: "/", HasQuery: true, Host: "a", Proto: HTTP11, ContentLength: -1}},
	{"Q279466", "GET /path\r\n",
		Head{Method: "GET", Target: "/path", Path: "/path", Proto: HTTP09, ContentLength: -1}},
	{"two-empty-lines", "\r\n\r\nGET / HTTP/1.0\r\n\r\n",
		Head{Method: "GET", Target: "/", Path: "/", Proto: HTTP10, ContentLength: -1}},
	{"HTTP/1.7", "GET / HTTP/1.7\r\n" + host,
		Head{Method: "GET", Target: "/", Path: "/", Host: "a", Proto: HTTP11, ContentLength: -1}},
	{"method-255", strings.Repeat("m", 255) + " / HTTP/1.1\r\n" + host,
		Head{Method: strings.Repeat("m", 255), Target: "/", Path: "/", Host: "a", Proto: HTTP11, ContentLength: -1}},
	{"8-bit-target", "GET /\xe9t\xc3\xa9 HTTP/1.1\r\n" + host,
		Head{Method: "GET", Target: "/\xe9t\xc3\xa9", Path: "/\xe9t\xc3\xa9", Host: "a", Proto: HTTP11, ContentLength: -1}},
	{"odd-target", "GET /%zz\\..//%u0041|\"<>^`{} HTTP/1.1\r\n" + host,
		Head{Method: "GET", Target: "/%zz\\..//%u0041|\"<>^`{}", Path: "/%zz\\..//%u0041|\"<>^`{}", Host: "a", Proto: HTTP11, ContentLength: -1}},
	{"star", "OPTIONS * HTTP/1.1\r\n" + host,
		Head{Method: "OPTIONS", Target: "*", Path: "*", Host: "a", Proto: HTTP11, ContentLength: -1}},
	{"absolute", "GET HTTP://A:80/x?y HTTP/1.1\r\n" + host,
		Head{Method: "GET", Target: "HTTP://A:80/x?y", Path: "/x", Query: "y", HasQuery: true, Scheme: "http", Host: "A:80", Proto: HTTP11, ContentLength: -1}},
	{"absolute-bare", "GET http://a HTTP/1.1\r\n" + host,
		Head{Method: "GET", Target: "http://a", Path: "/", Scheme: "http", Host: "a", Proto: HTTP11, ContentLength: -1}},
	{"absolute-query", "GET https://a?q HTTP/1.1\r\nHost: a:443\r\n\r\n",
		Head{Method: "GET", Target: "https://a?q", Path: "/", Query: "q", HasQuery: true, Scheme: "https", Host: "a", Proto: HTTP11, ContentLength: -1}},
	{"absolute-1.0", "GET http://a/ HTTP/1.0\r\n\r\n",
		Head{Method: "GET", Target: "http://a/", Path: "/", Scheme: "http", Host: "a", Proto: HTTP10, ContentLength: -1}},
	{"empty-host-1.0", "GET / HTTP/1.0\r\nHost:\r\n\r\n",
		Head{Method: "GET", Target: "/", Path: "/", Proto: HTTP10, ContentLength: -1}},
	{"IPv6", "GET / HTTP/1.1\r\nHost: [::1]:65535\r\n\r\n",
		Head{Method: "GET", Target: "/", Path: "/", Host: "[::1]:65535", Proto: HTTP11, ContentLength: -1}},
	{"host-underscore", "GET / HTTP/1.1\r\nHost: web_1.corp.test\r\n\r\n",
		Head{Method: "GET", Target: "/", Path: "/", Host: "web_1.corp.test", Proto: HTTP11, ContentLength: -1}},
	{"Q293131", "POST / HTTP/1.1\r\nContent-Length: 0\r\n" + host,
		Head{Method: "POST", Target: "/", Path: "/", Host: "a", Proto: HTTP11, ContentLength: 0}},
	{"length-2^63-1", "POST / HTTP/1.0\r\nContent-Length: 0009223372036854775807\r\n\r\n",
		Head{Method: "POST", Target: "/", Path: "/", Proto: HTTP10, ContentLength: 1<<63 - 1}},
	{"chunked", "POST / HTTP/1.1\r\ntransfer-encoding: CHUNKED\t\r\n" + host,
		Head{Method: "POST", Target: "/", Path: "/", Host: "a", Proto: HTTP11, ContentLength: -1, Chunked: true}},
	{"expect", "POST / HTTP/1.1\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n" + host,
		Head{Method: "POST", Target: "/", Path: "/", Host: "a", Proto: HTTP11, ContentLength: 1, Expect100: true}},
	{"expect-1.0", "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n",
		Head{Method: "POST", Target: "/", Path: "/", Proto: HTTP10, ContentLength: 1}},
	{"expect-other", "GET / HTTP/1.1\r\nExpect: 200-ok\r\n" + host,
		Head{Method: "GET", Target: "/", Path: "/", Host: "a", Proto: HTTP11, ContentLength: -1, UnknownExpect: true}},
	{"connection-list", "GET / HTTP/1.1\r\nConnection: upgrade ,\tCLOSE,Keep-Alive\r\n" + host,
		Head{Method: "GET", Target: "/", Path: "/", Host: "a", Proto: HTTP11, ContentLength: -1, Close: true, KeepAlive: true}},
	{"connection-not-a-token", "GET / HTTP/1.1\r\nConnection: closed, not-close, keep-alive2\r\n" + host,
		Head{Method: "GET", Target: "/", Path: "/", Host: "a", Proto: HTTP11, ContentLength: -1}},
	{"A12-proxy-connection", "GET / HTTP/1.0\r\nProxy-Connection: Keep-Alive\r\n\r\n",
		Head{Method: "GET", Target: "/", Path: "/", Proto: HTTP10, ContentLength: -1}},
	{"A12-keep-alive", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
		Head{Method: "GET", Target: "/", Path: "/", Proto: HTTP10, ContentLength: -1, KeepAlive: true}},
}

// plain is h without what the tables do not give.
func plain(h *Head) Head {
	return Head{Method: h.Method, Target: h.Target, Path: h.Path, Query: h.Query, HasQuery: h.HasQuery, Scheme: h.Scheme,
		Host: h.Host, Proto: h.Proto, ContentLength: h.ContentLength, Chunked: h.Chunked, Expect100: h.Expect100,
		UnknownExpect: h.UnknownExpect, Close: h.Close, KeepAlive: h.KeepAlive}
}

func TestAccepted(t *testing.T) {
	for _, tt := range accepted {
		t.Run(tt.id, func(t *testing.T) {
			const next = "GET /next HTTP/1.1\r\n"
			h, n, err := parse(t, tt.head+next, nil)
			if err != nil || n != len(tt.head) {
				t.Fatalf("Parse = %d, %v; want %d", n, err, len(tt.head))
			}
			if got := plain(h); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
			if want := strings.TrimLeft(tt.head, "\r\n"); string(h.Raw) != want {
				t.Errorf("Raw = %q, want %q", h.Raw, want)
			}
		})
	}
}

func TestFields(t *testing.T) {
	const head = "GET / HTTP/1.1\r\nHost:a\r\nX-Empty:\r\nX-Blank: \t \r\naccept: \t x\ty \t\r\nACCEPT:z\xff:\r\n\r\n"
	h, n, err := parse(t, head, nil)
	if n != len(head) || err != nil {
		t.Fatalf("Parse = %d, %v", n, err)
	}
	want := []Field{{"Host", "a"}, {"X-Empty", ""}, {"X-Blank", ""}, {"accept", "x\ty"}, {"ACCEPT", "z\xff:"}}
	if !reflect.DeepEqual(h.Fields, want) {
		t.Errorf("Fields = %q, want %q", h.Fields, want)
	}
	if got := h.Get("Accept"); got != "x\ty" {
		t.Errorf("Get(Accept) = %q, want the first one", got)
	}
	if got := h.Count("aCCEPT"); got != 2 {
		t.Errorf("Count = %d, want 2", got)
	}
	if !h.Has("x-empty") || h.Has("x-emptx") || h.Get("y") != "" || h.Count("y") != 0 {
		t.Error("Has, Get or Count is wrong about an empty or absent field")
	}
	if h.Version != "HTTP/1.1" || h.Proto.String() != "HTTP/1.1" {
		t.Errorf("Version = %q, Proto = %v", h.Version, h.Proto)
	}
}

func TestWantsKeepAlive(t *testing.T) {
	for head, want := range map[string]bool{
		"GET / HTTP/1.1\r\n" + host:                                                   true,
		"GET / HTTP/1.1\r\nConnection: close\r\n" + host:                              false,
		"GET / HTTP/1.1\r\nConnection: keep-alive\r\nConnection: x, close\r\n" + host: false,
		"GET / HTTP/1.0\r\n\r\n":                                                      false,
		"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n":                            true,
		"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n":                     false,
		"GET / HTTP/1.0\r\nProxy-Connection: keep-alive\r\n\r\n":                      false,
		"GET /\r\n": false,
	} {
		h, n, err := parse(t, head, nil)
		if n != len(head) || err != nil {
			t.Errorf("%q: Parse = %d, %v", head, n, err)
		} else if got := h.WantsKeepAlive(); got != want {
			t.Errorf("%q: WantsKeepAlive = %v", head, got)
		}
	}
}

// TestLimits covers E14 and Q260694: what is at the limit passes, one byte more
// does not, and that byte need not be followed by any other.
func TestLimits(t *testing.T) {
	long := strings.Repeat("x", 60<<10)
	line := func(n int) string { return "X: " + strings.Repeat("y", n-3) }
	for _, tt := range []struct {
		id   string
		head string
		lim  Limits
		want Reason // 0: accepted
	}{
		{"E14-60K", "GET / HTTP/1.1\r\nAuthorization: Negotiate " + long + "\r\n" + host, Limits{65534, 131072, 0}, 0},
		{"E14-60K-as-IIS", "GET / HTTP/1.1\r\nAuthorization: Negotiate " + long, Limits{16384, 16384 * 8, 0}, FieldLength},
		{"field-at", "GET / HTTP/1.1\r\n" + line(100) + "\r\n" + host, Limits{100, 0, 0}, 0},
		{"field-over", "GET / HTTP/1.1\r\n" + line(101), Limits{100, 0, 0}, FieldLength},
		{"field-name-over", "GET / HTTP/1.1\r\n" + long[:101], Limits{100, 0, 0}, FieldLength},
		{"field-second-over", "GET / HTTP/1.1\r\n" + line(100) + "\r\n" + line(101), Limits{100, 0, 0}, FieldLength},
		{"url-at", "GET /" + long[:99] + " HTTP/1.1\r\n" + host, Limits{0, 0, 100}, 0},
		{"url-over", "GET /" + long[:100], Limits{0, 0, 100}, URLLength},
		{"url-over-query", "GET /?" + long, Limits{0, 0, 100}, URLLength},
		{"url-09-at", "GET /" + long[:99] + "\r\n", Limits{0, 0, 100}, 0},
		{"total-at", "GET / HTTP/1.1\r\n" + line(73) + "\r\n" + host[:7] + "\r\n\r\n", Limits{0, 102, 0}, 0},
		{"total-over", "GET / HTTP/1.1\r\n" + line(74) + "\r\n" + host[:7] + "\r\n\r\n", Limits{0, 102, 0}, RequestLength},
		{"total-over-in-url", "GET /" + long, Limits{0, 1024, 0}, RequestLength},
		{"total-over-in-field", "GET / HTTP/1.1\r\nX: " + long, Limits{0, 1024, 0}, RequestLength},
		{"fields-at", "GET / HTTP/1.1\r\n" + strings.Repeat("X:\r\n", MaxFields-1) + host, Limits{}, 0},
		{"fields-over", "GET / HTTP/1.1\r\n" + strings.Repeat("X:\r\n", MaxFields+1), Limits{}, RequestLength},
	} {
		t.Run(tt.id, func(t *testing.T) {
			h, n, err := parse(t, tt.head, &tt.lim)
			switch {
			case tt.want == 0 && (err != nil || n != len(tt.head)):
				t.Fatalf("Parse = %d, %v; want %d", n, err, len(tt.head))
			case tt.want != 0 && (err == nil || err.Reason != tt.want):
				t.Fatalf("Parse = %d, %v; want %v", n, err, tt.want)
			case tt.want == URLLength && (err.Code != 414 || len(h.Target) != 101):
				t.Errorf("refused with %d, %d bytes of target; want 414 and 101", err.Code, len(h.Target))
			case tt.want != 0 && tt.want != URLLength && err.Code != 400:
				t.Errorf("refused with %d, want 400", err.Code)
			}
		})
	}
}

// TestRefusalIsLoggable: HTTPERR names method, URL and version as far as they
// were understood.
func TestRefusalIsLoggable(t *testing.T) {
	for _, tt := range []struct{ head, method, target, path, version string }{
		{"\x16\x03\x01\x02", "", "", "", ""},
		{"GET /a?b#c HTTP/1.1\r\n", "GET", "/a?b", "/a", ""},
		{"GET /a b HTTP/1.1\r\n", "GET", "/a", "/a", ""},
		{"GET /a?b HTTP/9.9\r\n", "GET", "/a?b", "/a", "HTTP/9.9"},
		{"GET /a?b HTTP/1.1\r\n\r\n", "GET", "/a?b", "/a", "HTTP/1.1"},
		{"POST /a\r\n", "POST", "/a", "/a", ""},
	} {
		h, _, err := parse(t, tt.head, nil)
		if err == nil {
			t.Errorf("%q was not refused", tt.head)
		}
		if h.Method != tt.method || h.Target != tt.target || h.Path != tt.path || h.Version != tt.version {
			t.Errorf("%q: left %q %q %q %q", tt.head, h.Method, h.Target, h.Path, h.Version)
		}
	}
}

// outcome is everything that Parse tells.
func outcome(h *Head, n int, err error) string {
	return fmt.Sprintf("%d %v %+v %q %q %q", n, err, plain(h), h.Fields, h.Raw, h.Version)
}

// feed gives s to a Head byte by byte and returns the outcome. Every move bytes
// the buffer moves, as one that grows does; 0 is never.
func feed(s string, lim *Limits, move int) string {
	h := new(Head)
	buf := []byte(s)
	for i := 1; i <= len(buf); i++ {
		if move > 0 && i%move == 0 {
			old := buf
			buf = []byte(s)
			for j := range old {
				old[j] = '!' // nothing may look there any more
			}
		}
		if n, err := h.Parse(buf[:i], lim); n > 0 || err != nil {
			return outcome(h, n, err)
		}
	}
	return "more"
}

func feedWhole(s string, lim *Limits) string {
	h := new(Head)
	n, err := h.Parse([]byte(s), lim)
	if n == 0 && err == nil {
		return "more"
	}
	return outcome(h, n, err)
}

func TestByteByByte(t *testing.T) {
	lims := []*Limits{nil, {16, 0, 0}, {0, 40, 0}, {0, 0, 5}, {20, 50, 10}}
	heads := []string{"GET / HTTP/1.1\r\nHost: a\r\nX: y", "GE", "\r\n\r", "GET /x\r"} // unfinished
	for _, tt := range refused {
		heads = append(heads, tt.head)
	}
	for _, tt := range accepted {
		heads = append(heads, tt.head)
	}
	for _, head := range heads {
		for _, lim := range lims {
			want := feedWhole(head, lim)
			for _, move := range []int{0, 1, 7} {
				if got := feed(head, lim, move); got != want {
					t.Errorf("%.80q, limits %v, moving every %d:\nbyte by byte %s\nwhole        %s", head, lim, move, got, want)
				}
			}
		}
	}
}

// TestReuse: one Head reads one request after the other, also after a refusal,
// and keeps nothing of the one before.
func TestReuse(t *testing.T) {
	h := new(Head)
	buf := []byte("POST /a?b HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\nGET /x y\r\nGET / HTTP/1.0\r\n\r\n")
	n, err := h.Parse(buf, nil)
	if err != nil || h.ContentLength != 0 || !h.Close {
		t.Fatalf("first: %d, %v, %+v", n, err, plain(h))
	}
	buf = append(buf[:0], buf[n:]...) // same memory, other request
	if n, err = h.Parse(buf, nil); err != errVersion {
		t.Fatalf("second: %d, %v; want %v", n, err, errVersion)
	}
	buf = append(buf[:0], buf[len("GET /x y\r\n"):]...)
	n, err = h.Parse(buf, nil)
	want := Head{Method: "GET", Target: "/", Path: "/", Proto: HTTP10, ContentLength: -1}
	if got := plain(h); err != nil || n != len(buf) || !reflect.DeepEqual(got, want) || len(h.Fields) != 0 {
		t.Errorf("third: %d, %v, %+v; want %+v", n, err, got, want)
	}
}

func TestResetLetsGoOfLargeStorage(t *testing.T) {
	h, _, err := parse(t, "GET / HTTP/1.1\r\n"+strings.Repeat("X:\r\n", 500)+host, nil)
	if err != nil {
		t.Fatal(err)
	}
	h.Reset()
	if cap(h.Fields) > fieldsKept || h.Raw != nil || h.Method != "" {
		t.Errorf("Reset keeps %d fields, Raw %v, Method %q", cap(h.Fields), h.Raw != nil, h.Method)
	}
}

func TestReasonString(t *testing.T) {
	for r, want := range map[Reason]string{ // KB 820729
		BadRequest: "BadRequest", Header: "Header", Hostname: "Hostname", InvalidCRLF: "Invalid_CR/LF", Number: "Number",
		URL: "URL", Verb: "Verb", FieldLength: "FieldLength", RequestLength: "RequestLength", URLLength: "URL_Length",
		EntityTooLarge: "EntityTooLarge", LengthRequired: "LengthRequired", NotImplemented: "N/I",
		VersionNotSupported: "Version_N/S", 0: "-", 200: "-",
	} {
		if got := r.String(); got != want {
			t.Errorf("Reason(%d) = %q, want %q", r, got, want)
		}
	}
}

const (
	wrk     = "GET /anonymous/ HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nConnection: keep-alive\r\nAccept: */*\r\n\r\n"
	fiveGet = "GET /wwwroot/default.htm?a=b HTTP/1.1\r\nHost: intranet.corp.test:8080\r\nUser-Agent: Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)\r\n" +
		"Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\nAccept-Encoding: gzip, deflate\r\nConnection: Keep-Alive\r\n\r\n"
)

func TestParseAllocatesNothing(t *testing.T) {
	lim := &Limits{65534, 131072, 65534}
	refusal := "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"
	for _, head := range []string{wrk, fiveGet, refusal, "\x16\x03"} {
		buf, h := []byte(head), new(Head)
		if n := testing.AllocsPerRun(100, func() {
			h.Parse(buf, lim)
			h.Reset()
		}); n != 0 {
			t.Errorf("%.20q: %v allocations a head, want 0", head, n)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	lim := &Limits{65534, 131072, 65534}
	for name, head := range map[string]string{"wrk": wrk, "five": fiveGet} {
		b.Run(name, func(b *testing.B) {
			buf, h := []byte(head), new(Head)
			b.SetBytes(int64(len(buf)))
			b.ReportAllocs()
			for b.Loop() {
				if n, err := h.Parse(buf, lim); n != len(buf) || err != nil {
					b.Fatal(n, err)
				}
			}
		})
	}
}
