package server

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"

	"iisd/server/http1"
	"iisd/server/status"
)

// everyError is every error that package status names, read from its source so
// that none is forgotten.
func everyError(t *testing.T) []status.Status {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "status/status.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var all []status.Status
	ast.Inspect(file, func(n ast.Node) bool {
		lit, ok := n.(*ast.CompositeLit)
		if !ok || len(lit.Elts) != 3 {
			return true
		}
		code, sub := number(t, lit.Elts[0]), number(t, lit.Elts[1])
		if code >= 400 {
			all = append(all, status.Status{Code: code, Sub: sub})
		}
		return true
	})
	if len(all) < 30 {
		t.Fatalf("only %d errors found in package status", len(all))
	}
	return all
}

func number(t *testing.T, e ast.Expr) int {
	t.Helper()
	lit, ok := e.(*ast.BasicLit)
	if !ok {
		t.Fatalf("a status that is no number: %v", e)
	}
	n, err := strconv.Atoi(lit.Value)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestPageLengths(t *testing.T) {
	tests := []struct {
		row      string
		versions string
		st       status.Status
		want     int
	}{
		{"W01, W23", "6.0", status.LogonConfig, 1656},
		{"W02", "6.0", status.LogonContinue, 1539},
		{"W02", "6.0", status.LogonDenied, 1539},
		{"seen", "6.0", status.NotFound, 1635},
		{"seen", "6.0", status.NotImplemented, 0},
		{"W17", "4.0,4.0 SP6", status.NotFound, 461},
		{"W21", "7.0,7.5,8.0,8.5,10.0", status.LogonConfig, 1293},
		{"KB 2749007", "7.5", status.LogonContinue, 1293},
		{"W24", "7.0,7.5,8.0,8.5,10.0", status.NotFound, 1245},
		{"seen", "7.0,7.5,8.0,8.5,10.0", status.ListingDenied, 1233},
		{"seen", "5.1", status.ListingDenied, 172},
	}
	for _, tt := range tests {
		for v := range strings.SplitSeq(tt.versions, ",") {
			if body, _ := mustProfile(t, v).page(tt.st); len(body) != tt.want {
				t.Errorf("%s: %s: the page of %v has %d bytes, want %d", tt.row, v, tt.st, len(body), tt.want)
			}
		}
	}
}

func TestPageHeadlines(t *testing.T) {
	tests := []struct {
		source   string
		versions string
		st       status.Status
		want     []string
	}{
		{"Q170857, Q184484", "2.0,3.0", status.ListingDenied, []string{"403 Access Forbidden"}},
		{"Q171135", "2.0,3.0", status.SSLRequired, []string{"403 Access Forbidden", "secure channel is required"}},
		{"Q224389", "4.0", status.SSLRequired, []string{"HTTP Error 403", "403.4 Forbidden: SSL required", "https"}},
		{"Q288323", "4.0", status.LogonNoKeepAlive, []string{"HTTP 401.5", "Unauthorized: Authorization failed by ISAPI/CGI app."}},
		{"Q253667", "4.0", status.LogonConfig, []string{"HTTP Error 401", "401.2 Unauthorized: Logon Failed due to server configuration"}},
		{"Q247593", "4.0", status.LogonFailed, []string{"401.1 Unauthorized: Logon Failed"}},
		{"Q315579", "4.0,5.0,5.1", status.ExecuteDenied, []string{"403.1", "Execute Access Forbidden"}},
		{"Q186809", "4.0", status.MethodNotAllowed, []string{"405 Method Not Allowed", "MIME map"}},
		{"Q185380", "4.0,5.0,5.1", status.ListingDenied, []string{"Directory Listing Denied", "This Virtual Directory does not allow contents to be listed."}},
		{"Q300238", "4.0,5.0,5.1", status.SiteNotFound, []string{"No web site is configured at this address."}},
		{"KB 943891", "4.0", status.MimeDenied, []string{"404 Object Not Found"}}, // no 404.3 before 6.0
		{"Q253667", "5.0,5.1", status.LogonConfig, []string{"You are not authorized to view this page", "HTTP 401.2 - Unauthorized: Logon failed due to server configuration", "Internet Information Services"}},
		{"Q248085", "5.0,5.1", status.LogonNoKeepAlive, []string{"HTTP 401.5 - Unauthorized: Authorization by ISAPI or CGI application failed"}},
		{"Q248033", "5.0,5.1", status.NotFound, []string{"The page cannot be found", "HTTP 404 - File not found", "Internet Information Services"}},
		{"seen", "6.0", status.LogonConfig, []string{"You are not authorized to view this page", "HTTP Error 401.2 - Unauthorized: Access is denied due to server configuration.", "Internet Information Services (IIS)"}},
		{"seen", "6.0", status.LogonContinue, []string{"HTTP Error 401.1 - Unauthorized: Access is denied due to invalid credentials."}},
		{"seen", "6.0", status.ACLDenied, []string{"HTTP Error 401.3 - Unauthorized: Access is denied due to an ACL set on the requested resource."}},
		{"seen", "6.0", status.ExecuteDenied, []string{"The page cannot be displayed", "HTTP Error 403.1 - Forbidden: Execute access is denied."}},
		{"seen", "6.0", status.NotFound, []string{"The page cannot be found", "HTTP Error 404 - File or directory not found.", "charset=Windows-1252"}},
		{"seen", "6.0", status.MethodNotAllowed, []string{"HTTP Error 405 - The HTTP verb used to access this page is not allowed."}},
		{"KB 943891", "6.0", status.MimeDenied, []string{"HTTP Error 404.3 - File or directory not found: MIME map policy prevents this request."}},
		{"seen", "7.0,10.0", status.LogonConfig, []string{"<title>401 - Unauthorized: Access is denied due to invalid credentials.</title>", "<h1>Server Error</h1>", "<h2>401 - Unauthorized: Access is denied due to invalid credentials.</h2>", "You do not have permission to view this directory or page using the credentials that you supplied."}},
		{"seen", "7.0,10.0", status.ReadDenied, []string{"403 - Forbidden: Access is denied."}},
		{"seen", "7.0,10.0", status.MimeDenied, []string{"404 - File or directory not found.", "The resource you are looking for might have been removed"}},
		{"seen", "7.0,10.0", status.ServerError, []string{"500 - Internal server error."}},
	}
	for _, tt := range tests {
		for v := range strings.SplitSeq(tt.versions, ",") {
			body, _ := mustProfile(t, v).page(tt.st)
			for _, want := range tt.want {
				if !bytes.Contains(body, []byte(want)) {
					t.Errorf("%s: %s: the page of %v does not say %q:\n%s", tt.source, v, tt.st, want, body)
				}
			}
		}
	}
}

// Every version has a page for whatever can happen, and it names the code.
func TestPagesComplete(t *testing.T) {
	words := map[int][]string{403: {"Directory Listing Denied"}, 404: {"No web site is configured at this address."}, 400: {"Bad Request"}}
	for _, v := range everyVersion {
		p := mustProfile(t, v)
		for _, st := range everyError(t) {
			body, contentType := p.page(st)
			if v == "6.0" && st.Code == 501 { // seen: empty body, no Content-Type
				if len(body) != 0 || contentType != "" {
					t.Errorf("6.0: 501 has a page of %d bytes, %q", len(body), contentType)
				}
				continue
			}
			if contentType != "text/html" {
				t.Errorf("%s: the page of %v is %q", v, st, contentType)
			}
			named := bytes.Contains(body, []byte(st.Error()[:3]))
			for _, w := range words[st.Code] {
				named = named || bytes.Contains(body, []byte(w))
			}
			if !named {
				t.Errorf("%s: the page of %v does not name it:\n%s", v, st, body)
			}
		}
		if body, _ := p.page(status.Status{Code: 999, Sub: 42}); len(body) == 0 {
			t.Errorf("%s: no page for a code unheard of", v)
		}
	}
}

func TestDetailedPage(t *testing.T) {
	for v, want := range map[string]string{
		"7.5":  "<title>IIS 7.5 Detailed Error - 401.2 - Unauthorized</title>",
		"10.0": "<title>IIS 10.0 Detailed Error - 401.2 - Unauthorized</title>",
	} {
		body, _ := mustProfile(t, v).detailed(status.LogonConfig)
		if !bytes.Contains(body, []byte(want)) || !bytes.Contains(body, []byte("HTTP Error 401.2 - Unauthorized")) {
			t.Errorf("%s: the detailed page is\n%s", v, body)
		}
	}
	if mustProfile(t, "6.0").detailed != nil {
		t.Error("6.0 has detailed pages")
	}
}

func TestKernelPages(t *testing.T) {
	tests := []struct {
		versions string
		code     int
		reason   http1.Reason
		length   int // seen
		want     string
	}{
		{"6.0", 400, http1.Hostname, 39, "<h1>Bad Request (Invalid Hostname)</h1>"},
		{"6.0", 400, http1.Verb, 35, "<h1>Bad Request (Invalid Verb)</h1>"},
		{"6.0", 400, http1.FieldLength, 44, "<h1>Bad Request (Header Field Too Long)</h1>"},
		{"6.0", 400, http1.RequestLength, 46, "<h1>Bad Request (Request Header Too Long)</h1>"},
		{"6.0", 400, http1.URL, 34, "<h1>Bad Request (Invalid URL)</h1>"},
		{"6.0", 503, 0, 28, "<h1>Service Unavailable</h1>"},
		{"7.0,7.5,10.0", 400, http1.Hostname, 334, "<h2>Bad Request - Invalid Hostname</h2>"},
		{"7.0,7.5,10.0", 400, http1.URL, 324, "HTTP Error 400. The request URL is invalid."},
		{"7.0,7.5,10.0", 400, http1.Verb, 326, "HTTP Error 400. The request verb is invalid."},
		{"7.0,7.5,10.0", 400, http1.Header, 339, "HTTP Error 400. The request has an invalid header name."},
		{"7.0,7.5,10.0", 400, http1.RequestLength, 346, "Bad Request - Request Too Long"},
		{"7.0,7.5,10.0", 404, 0, 315, "HTTP Error 404. The requested resource is not found."},
		{"7.0,7.5,10.0", 411, http1.LengthRequired, 344, "HTTP Error 411. The request must be chunked or have a content length."},
		{"7.0,7.5,10.0", 503, 0, 326, "HTTP Error 503. The service is unavailable."},
	}
	for _, tt := range tests {
		for v := range strings.SplitSeq(tt.versions, ",") {
			body, contentType := mustProfile(t, v).kernel.page(tt.code, tt.reason)
			if len(body) != tt.length || !bytes.Contains(body, []byte(tt.want)) {
				t.Errorf("%s: %d %v has %d bytes, want %d:\n%s", v, tt.code, tt.reason, len(body), tt.length, body)
			}
			want := "text/html; charset=us-ascii"
			if v == "6.0" {
				want = "text/html"
			}
			if contentType != want {
				t.Errorf("%s: %d is %q, want %q", v, tt.code, contentType, want)
			}
		}
	}
	for _, v := range everyVersion {
		k := mustProfile(t, v).kernel
		if k == nil {
			continue
		}
		for _, code := range []int{400, 403, 404, 411, 413, 414, 501, 503, 505} {
			for reason := range http1.Reason(255) {
				if body, _ := k.page(code, reason); len(body) == 0 {
					t.Fatalf("%s: HTTP.sys has no page for %d %v", v, code, reason)
				}
			}
		}
	}
	if body, contentType := mustProfile(t, "10.0").kernel.challenge(); len(body) != 341 || contentType != "text/html; charset=us-ascii" {
		t.Errorf("W20: the challenge page is %q of %d bytes, want 341", contentType, len(body))
	}
}

func TestRedirectBody(t *testing.T) {
	const url = "http://www.yahoo.com"
	body := mustProfile(t, "10.0").redirectBody(nil, url)
	want := "<head><title>Document Moved</title></head>\n<body><h1>Object Moved</h1>This document may be found <a HREF=\"" + url + "\">here</a></body>"
	if string(body) != want || len(body) != 123+len(url) { // seen
		t.Errorf("%q, %d bytes", body, len(body))
	}
	body = mustProfile(t, "2.0").redirectBody(nil, url)
	if len(body) != 145 || !bytes.Contains(body, []byte("<title>Document moved</title>")) {
		t.Errorf("W18: %q, %d bytes, want 145", body, len(body))
	}
	for _, v := range everyVersion { // Q317035
		body := mustProfile(t, v).redirectBody(nil, `http://h/"><script>alert('x')</script>&/`)
		for _, bad := range []string{`"><`, "<script", "'x'", "t>&/"} {
			if bytes.Contains(body, []byte(bad)) {
				t.Errorf("Q317035: %s: %q in %s", v, bad, body)
			}
		}
	}
}

func TestPagesDoNotAllocate(t *testing.T) {
	p, k := mustProfile(t, "10.0"), mustProfile(t, "10.0").kernel
	p.page(status.LogonConfig)
	if n := testing.AllocsPerRun(100, func() {
		p.page(status.LogonConfig)
		k.page(400, http1.Hostname)
		k.challenge()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// The cache of pages is bounded, whatever it is asked.
func TestPageCacheBounded(t *testing.T) {
	drawn := 0
	page := cachedPages(func(o outcome) builtInPage { drawn++; return builtInPage{[]byte("x"), textHTML} })
	for sub := range 2 * maxCachedPages {
		page(status.Status{Code: 404, Sub: sub})
		page(status.Status{Code: 404, Sub: sub})
	}
	if want := maxCachedPages + 2*maxCachedPages; drawn != want {
		t.Errorf("drawn %d times, want %d", drawn, want)
	}
}
