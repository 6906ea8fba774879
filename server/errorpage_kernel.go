package server

import (
	"strings"

	"iisd/server/http1"
)

// A refusal is what HTTP.sys turns away: a status code and, for the many kinds
// of 400, the reason that HTTPERR gives.
type refusal struct {
	code   int
	reason http1.Reason
}

// kernelHeadings6 are the pages of HTTP.sys 1.0: one H1 and nothing else.
var kernelHeadings6 = map[refusal]string{
	{400, 0}:                   "Bad Request",                           // (inferred)
	{400, http1.Hostname}:      "Bad Request (Invalid Hostname)",        // seen
	{400, http1.Verb}:          "Bad Request (Invalid Verb)",            // seen
	{400, http1.URL}:           "Bad Request (Invalid URL)",             // seen
	{400, http1.FieldLength}:   "Bad Request (Header Field Too Long)",   // seen
	{400, http1.RequestLength}: "Bad Request (Request Header Too Long)", // seen
	{400, http1.Header}:        "Bad Request (Invalid Header Name)",     // (inferred)
	{400, http1.InvalidCRLF}:   "Bad Request (Invalid CR or LF)",        // (inferred)
	{400, http1.Number}:        "Bad Request (Invalid Number)",          // (inferred)
	{403, 0}:                   "Forbidden",                             // (inferred)
	{404, 0}:                   "Not Found",                             // (inferred)
	{411, 0}:                   "Length Required",                       // (inferred)
	{412, 0}:                   "Precondition Failed",                   // (inferred)
	{413, 0}:                   "Request Entity Too Large",              // (inferred)
	{414, 0}:                   "Request-URI Too Long",                  // (inferred)
	{500, 0}:                   "Internal Server Error",                 // (inferred)
	{501, 0}:                   "Not Implemented",                       // (inferred)
	{503, 0}:                   "Service Unavailable",                   // (inferred)
	{505, 0}:                   "HTTP Version Not Supported",            // (inferred)
}

// A kernelText is what varies in the pages of HTTP.sys 2.0.
type kernelText struct{ title, heading, message string }

// kernelTexts7 are the pages of HTTP.sys 2.0.
var kernelTexts7 = map[refusal]kernelText{
	{400, 0}:                   {"Bad Request", "Bad Request", "The request is badly formed."},                                     // (inferred)
	{400, http1.Hostname}:      {"Bad Request", "Bad Request - Invalid Hostname", "The request hostname is invalid."},              // seen
	{400, http1.URL}:           {"Bad Request", "Bad Request - Invalid URL", "The request URL is invalid."},                        // seen
	{400, http1.Verb}:          {"Bad Request", "Bad Request - Invalid Verb", "The request verb is invalid."},                      // seen
	{400, http1.Header}:        {"Bad Request", "Bad Request - Invalid Header", "The request has an invalid header name."},         // seen
	{400, http1.RequestLength}: {"Bad Request", "Bad Request - Request Too Long", "The size of the request headers is too long."},  // seen
	{400, http1.FieldLength}:   {"Bad Request", "Bad Request - Request Too Long", "The size of the request headers is too long."},  // (inferred)
	{400, http1.InvalidCRLF}:   {"Bad Request", "Bad Request - Invalid CR or LF", "A line of the request does not end well."},      // (inferred)
	{400, http1.Number}:        {"Bad Request", "Bad Request - Invalid Number", "A number in the request is invalid."},             // (inferred)
	{401, 0}:                   {"Not Authorized", "Not Authorized", "The requested resource requires user authentication."},       // 341 bytes seen, the text fits
	{403, 0}:                   {"Forbidden", "Forbidden", "The request URL is forbidden."},                                        // (inferred)
	{404, 0}:                   {"Not Found", "Not Found", "The requested resource is not found."},                                 // (inferred)
	{411, 0}:                   {"Length Required", "Length Required", "The request must be chunked or have a content length."},    // seen
	{412, 0}:                   {"Precondition Failed", "Precondition Failed", "A precondition of the request failed."},            // (inferred)
	{413, 0}:                   {"Request Entity Too Large", "Request Entity Too Large", "The request entity is too large."},       // (inferred)
	{414, 0}:                   {"Request-URI Too Long", "Request-URI Too Long", "The request URL is too long."},                   // (inferred)
	{500, 0}:                   {"Internal Server Error", "Internal Server Error", "The server met an error."},                     // (inferred)
	{501, 0}:                   {"Not Implemented", "Not Implemented", "The request asks for what is not implemented."},            // (inferred)
	{503, 0}:                   {"Service Unavailable", "Service Unavailable", "The service is unavailable."},                      // message seen
	{505, 0}:                   {"HTTP Version Not Supported", "HTTP Version Not Supported", "The HTTP version is not supported."}, // (inferred)
}

// kernelPage6 is the page of HTTP.sys 1.0, without a line end.
func kernelPage6(heading string) []byte {
	return []byte("<h1>" + heading + "</h1>")
}

// kernelPage7 is the page of HTTP.sys 2.0. The missing blank between the two
// strings of its first line is the original's.
func kernelPage7(code string, t kernelText) []byte {
	return []byte(strings.Join([]string{
		`<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN""http://www.w3.org/TR/html4/strict.dtd">`,
		`<HTML><HEAD><TITLE>` + t.title + `</TITLE>`,
		`<META HTTP-EQUIV="Content-Type" Content="text/html; charset=us-ascii"></HEAD>`,
		`<BODY><h2>` + t.heading + `</h2>`,
		`<hr><p>HTTP Error ` + code + `. ` + t.message + `</p>`,
		`</BODY></HTML>`,
		``,
	}, "\r\n"))
}

// kernelPages returns the page function of a table of bodies that HTTP.sys
// answers with. A reason without a page of its own gets its code's, a code
// without one no body at all.
func kernelPages(bodies map[refusal][]byte, contentType string) func(code int, reason http1.Reason) ([]byte, string) {
	return func(code int, reason http1.Reason) ([]byte, string) {
		if b, ok := bodies[refusal{code, reason}]; ok {
			return b, contentType
		}
		if b, ok := bodies[refusal{code, 0}]; ok {
			return b, contentType
		}
		return nil, ""
	}
}
