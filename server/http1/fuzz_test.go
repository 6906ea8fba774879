package http1

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
)

// unescaped replaces every '%' of the request target in head, so that net/http,
// which refuses targets with a malformed escape, still shows how it splits them.
func unescaped(h *Head) string {
	raw := string(h.Raw)
	i := len(h.Method) + 1
	return raw[:i] + strings.ReplaceAll(h.Target, "%", "_") + raw[i+len(h.Target):]
}

// FuzzHead compares Parse with net/http: whatever is accepted here, net/http must
// accept and understand alike. There are four exceptions, in none of which the
// end of a request, its host or its body is in question:
//
//   - HTTP/0.9, which net/http does not know (Q279466);
//   - empty lines before the request line, which it does not skip (RFC 9112, 2.2);
//   - malformed percent escapes, which it refuses and IIS takes literally (Q288116);
//   - the Trailer field, in which it refuses the names that are refused here when
//     they come, in the trailer section itself.
//
// It also checks that cutting up the bytes does not change the outcome.
func FuzzHead(f *testing.F) {
	for _, tt := range refused {
		f.Add([]byte(tt.head), 0)
	}
	for _, tt := range accepted {
		f.Add([]byte(tt.head), 64)
	}
	f.Add([]byte(wrk+fiveGet), 100)
	f.Fuzz(func(t *testing.T, b []byte, limit int) {
		lim := &Limits{}
		if limit > 0 {
			lim = &Limits{MaxFieldLength: limit, MaxRequestBytes: 3 * limit, MaxURL: limit / 2}
		}
		if len(b) < 1000 {
			if whole, bytewise := feedWhole(string(b), lim), feed(string(b), lim, 0); whole != bytewise {
				t.Fatalf("byte by byte %s\nwhole        %s", bytewise, whole)
			}
		}
		h := new(Head)
		n, err := h.Parse(b, lim)
		if n == 0 || err != nil {
			return
		}
		if h.Proto == HTTP09 || h.Has("Trailer") {
			return
		}
		compareHead(t, h, unescaped(h))
	})
}

func compareHead(t *testing.T, h *Head, raw string) {
	t.Helper()
	r := bufio.NewReaderSize(strings.NewReader(raw+"rest"), 1<<16)
	req, err := http.ReadRequest(r)
	if err != nil {
		t.Fatalf("accepted %q, net/http says %v", h.Raw, err)
	}
	if rest, _ := r.Peek(4); string(rest) != "rest" {
		t.Fatalf("%q: net/http goes on at %q", h.Raw, rest)
	}
	plainPath, err := url.PathUnescape(req.URL.EscapedPath())
	if err != nil {
		t.Fatal(err)
	}
	mark := func(s string) string { return strings.ReplaceAll(s, "%", "_") }
	path := mark(h.Path)
	if req.URL.Path == "" && h.Scheme != "" {
		plainPath = "/" // http://host is http://host/ (RFC 9110, 4.2.3)
	}
	for _, c := range []struct{ what, ours, theirs string }{
		{"method", h.Method, req.Method},
		{"target", mark(h.Target), req.RequestURI},
		{"path", path, plainPath},
		{"query", mark(h.Query), req.URL.RawQuery},
		{"host", h.Host, req.Host},
		{"version", h.Version, req.Proto},
		{"authorization", h.Get("Authorization"), req.Header.Get("Authorization")},
	} {
		if c.ours != c.theirs {
			t.Errorf("%q: %s is %q, net/http says %q", h.Raw, c.what, c.ours, c.theirs)
		}
	}
	chunked := len(req.TransferEncoding) == 1 && req.TransferEncoding[0] == "chunked"
	length := max(h.ContentLength, 0)
	if h.Chunked {
		length = -1
	}
	if h.Chunked != chunked || length != req.ContentLength {
		t.Errorf("%q: chunked %v, length %d, net/http says %v, %d", h.Raw, h.Chunked, length, chunked, req.ContentLength)
	}
	ours := http.Header{}
	for _, f := range h.Fields {
		ours.Add(f.Name, f.Value)
	}
	ours.Del("Host") // net/http keeps these two elsewhere
	ours.Del("Transfer-Encoding")
	if ours.Get("Cache-Control") == "" { // which net/http deduces from Pragma
		req.Header.Del("Cache-Control")
		ours.Del("Cache-Control")
	}
	if !reflect.DeepEqual(ours, req.Header) {
		t.Errorf("%q: fields %q, net/http says %q", h.Raw, ours, req.Header)
	}
}

// FuzzBody compares Body with net/http: a chunked body that is accepted here
// must be read by net/http to the same content and end at the same byte. There
// are no exceptions. It also checks that cutting up the bytes does not change the
// outcome.
func FuzzBody(f *testing.F) {
	for _, tt := range chunkedGood {
		if len(tt.body) < 10000 {
			f.Add([]byte(tt.body+following), 3)
		}
	}
	for _, tt := range chunkedBad {
		f.Add([]byte(tt.body), 1)
	}
	f.Fuzz(func(t *testing.T, data []byte, step int) {
		content, rest, b, err := readBody(string(data), 0, 512)
		content2, rest2, b2, err2 := readBody(string(data), step, 7)
		if err != err2 || !bytes.Equal(content, content2) || rest != rest2 || b.Received() != b2.Received() {
			t.Fatalf("in steps of %d: %q, %q, %v; whole: %q, %q, %v", step, content2, rest2, err2, content, rest, err)
		}
		if err != nil {
			return
		}
		const head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
		r := bufio.NewReaderSize(io.MultiReader(strings.NewReader(head), bytes.NewReader(data)), 1<<16)
		req, err := http.ReadRequest(r)
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := io.ReadAll(req.Body)
		if err != nil {
			t.Fatalf("accepted %q, net/http says %v", data[:len(data)-len(rest)], err)
		}
		theirRest, _ := io.ReadAll(r)
		if !bytes.Equal(content, theirs) || rest != string(theirRest) {
			t.Errorf("%q: content %q, rest %q; net/http says %q, %q", data, content, rest, theirs, theirRest)
		}
	})
}
