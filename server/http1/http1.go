// Package http1 turns bytes into HTTP/1.x requests and responses into bytes:
// it parses request heads, reads request bodies and writes response heads. It
// knows nothing of connections, sites or configuration.
//
// It is strict, and equally so for every version of IIS: wherever two parsers
// could read the same bytes differently, the request is refused.
package http1

// A Reason names why a request was refused, as HTTPERR's s-reason does.
type Reason uint8

// Reasons a request can be refused for before a site sees it (KB 820729).
const (
	BadRequest          Reason = iota + 1 // a parse error of no better name
	Header                                // a malformed or contradictory header field
	Hostname                              // no host, or one that is none
	InvalidCRLF                           // a CR or LF that is no line end
	Number                                // a malformed Content-Length
	URL                                   // a malformed request-target
	Verb                                  // a malformed method
	FieldLength                           // one header field is too long
	RequestLength                         // request line and headers are too long
	URLLength                             // the request-target is too long
	EntityTooLarge                        // the body is too long
	LengthRequired                        // a body without a length
	NotImplemented                        // an unknown transfer coding
	VersionNotSupported                   // a major version other than 1
	Forbidden                             // a request-target that leaves the site
	NotFound                              // a request-target that no site has
	ConnLimit                             // a site has as many connections as it may
)

var reasons = [...]string{
	BadRequest:          "BadRequest",
	Header:              "Header",
	Hostname:            "Hostname",
	InvalidCRLF:         "Invalid_CR/LF",
	Number:              "Number",
	URL:                 "URL",
	Verb:                "Verb",
	FieldLength:         "FieldLength",
	RequestLength:       "RequestLength",
	URLLength:           "URL_Length",
	EntityTooLarge:      "EntityTooLarge",
	LengthRequired:      "LengthRequired",
	NotImplemented:      "N/I",
	VersionNotSupported: "Version_N/S",
	Forbidden:           "Forbidden",
	NotFound:            "NotFound",
	ConnLimit:           "ConnLimit",
}

// String returns the reason as HTTPERR spells it, "-" for none.
func (r Reason) String() string {
	if int(r) >= len(reasons) || r == 0 {
		return "-"
	}
	return reasons[r]
}

// An Error is the refusal of a request. Every Error this package returns is one
// of its package-level values, so refusing allocates nothing and an Error holds
// no byte of the client's.
type Error struct {
	Reason Reason
	Code   int    // HTTP status: 400, 411, 413, 414, 501 or 505
	Text   string // one plain sentence for the service log
}

// Error returns the sentence that says what was wrong.
func (e *Error) Error() string { return e.Text }

// Refusals the server decides on, in the form of the others.
var (
	// ErrEntityTooLarge says that a body is longer than its reader allowed.
	ErrEntityTooLarge = &Error{EntityTooLarge, 413, "The body is longer than allowed."}
	// ErrLengthRequired says that a method which needs a body came without a
	// length. Parse never returns it: which methods need one is the server's rule.
	ErrLengthRequired = &Error{LengthRequired, 411, "The request must be chunked or have a content length."}
)

// One line a refusal. Where the RFCs leave a choice, the strict one is taken.
var (
	errLine        = &Error{BadRequest, 400, "The request line is malformed."}                                       // RFC 9112, 3
	errCRLF        = &Error{InvalidCRLF, 400, "A CR or LF stands outside a line end."}                               // RFC 9112, 2.2
	errVerb        = &Error{Verb, 400, "The method is no token of at most 255 characters."}                          // RFC 9110, 9.1; KB 820729
	errVerb09      = &Error{Verb, 400, "A request without a version may only be a GET."}                             // RFC 1945, 5
	errURL         = &Error{URL, 400, "The request target has a character that may not stand there."}                // RFC 9112, 3.2
	errURLForm     = &Error{URL, 400, "The request target has a form that this method or server does not take."}     // RFC 9112, 3.2
	errURLLength   = &Error{URLLength, 414, "The request target is too long."}                                       // RFC 9110, 15.5.15
	errVersion     = &Error{BadRequest, 400, "The protocol version is malformed."}                                   // RFC 9112, 2.3
	errVersionNS   = &Error{VersionNotSupported, 505, "The major protocol version is not 1."}                        // RFC 9110, 15.6.6
	errFold        = &Error{Header, 400, "A header line begins with a blank."}                                       // RFC 9112, 5.2
	errName        = &Error{Header, 400, "A header field name is empty or no token."}                                // RFC 9112, 5.1
	errColon       = &Error{Header, 400, "A header line has a blank before its colon, or no colon."}                 // RFC 9112, 5.1; Q199806
	errValue       = &Error{Header, 400, "A header field value has a control character."}                            // RFC 9110, 5.5
	errField       = &Error{FieldLength, 400, "A header field is too long."}                                         // MaxFieldLength
	errRequest     = &Error{RequestLength, 400, "The request line and headers are too long."}                        // MaxRequestBytes
	errFields      = &Error{RequestLength, 400, "There are too many header fields."}                                 // MaxFields
	errNoHost      = &Error{Hostname, 400, "There is no host name."}                                                 // RFC 9112, 3.2
	errHost        = &Error{Hostname, 400, "The host name is malformed."}                                            // RFC 9110, 7.2
	errTwoHosts    = &Error{Hostname, 400, "There are several Host fields."}                                         // RFC 9112, 3.2
	errOtherHost   = &Error{Hostname, 400, "The Host field names another host than the request target."}             // RFC 9110, 7.1
	errLength      = &Error{Number, 400, "The Content-Length is no number, or too large a number."}                  // RFC 9110, 8.6
	errTwoLengths  = &Error{Header, 400, "There are several Content-Length fields."}                                 // RFC 9112, 6.3
	errBothLengths = &Error{Header, 400, "There are both a Content-Length and a Transfer-Encoding."}                 // RFC 9112, 6.3
	errCoding      = &Error{NotImplemented, 501, "The transfer coding is not exactly chunked."}                      // RFC 9112, 6.1
	errTwoCodings  = &Error{Header, 400, "There are several Transfer-Encoding fields."}                              // RFC 9112, 6.1
	errCoding10    = &Error{Header, 400, "A request older than HTTP/1.1 has a Transfer-Encoding."}                   // RFC 9112, 6.1
	errTwoCreds    = &Error{Header, 400, "There are several Authorization fields."}                                  // RFC 9110, 11.6.2
	errChunkSize   = &Error{BadRequest, 400, "A chunk size is malformed or too large."}                              // RFC 9112, 7.1
	errChunkExt    = &Error{BadRequest, 400, "A chunk extension is malformed."}                                      // RFC 9112, 7.1.1
	errChunkLine   = &Error{BadRequest, 400, "A chunk size line is too long, or such lines outweigh the body."}      // RFC 9112, 7.1.1
	errChunkEnd    = &Error{InvalidCRLF, 400, "A chunk does not end with CRLF where its size says."}                 // RFC 9112, 7.1
	errTrailers    = &Error{RequestLength, 400, "The trailer section is too long."}                                  // RFC 9112, 7.1.2
	errTrailerName = &Error{Header, 400, "A field that frames or routes the request stands in its trailer section."} // RFC 9110, 6.5.1
)
