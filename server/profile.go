package server

import (
	"iisd/authn"
	"iisd/logging"
	"iisd/server/http1"
	"iisd/server/status"
	"iisd/server/urlpath"
)

// A kind tells apart the responses that have a header order of their own.
type kind uint8

const (
	kindStatic     kind = iota // a whole file
	kindPartial                // one range of a file
	kindMultiRange             // several ranges of a file
	kindDynamic                // a page that a program makes, TRACE's echo
	kindListing                // directory listing
	kind401                    // the service's own 401
	kindError                  // any other error page, 405 and 416 with their own fields
	kindShort                  // the short error pages of the service itself, up to 5.1
	kind304                    // not modified
	kindRedirect               // courtesy redirect
	kindOptions                // answer to OPTIONS
	kindKernel                 // HTTP.sys's own pages, from 6.0 on
	kindKernel401              // HTTP.sys's page of an authentication leg, from 7.0 on
	numKinds
)

// A contentLocation says which static replies carry Content-Location.
type contentLocation uint8

const (
	contentLocationNever      contentLocation = iota // 2.0, 3.0, and 7.0 and later
	contentLocationDefaultDoc                        // 6.0: only where a default document stands for its directory
	contentLocationAlways                            // 4.0 to 5.1: every static file (Q218180)
)

// A Profile is everything in which versions of IIS differ, as data. Code never
// compares versions.
type Profile struct {
	Name          string // EmulatedVersion: "6.0"
	Server        string // Server field: "Microsoft-IIS/6.0"
	StatusVersion string // "HTTP/1.0" up to 3.0, "HTTP/1.1" after, whatever the client speaks

	Reasons map[int]string     // reason phrases of this version
	Orders  [numKinds][]header // order of the response fields

	// Statuses holds the outcomes this version reports otherwise than the
	// status package names them.
	Statuses map[status.Status]status.Status

	// Observed replaces Statuses where NTLMLogShape is "observed": what samples
	// of 6.0 show beside the documented shape. Nil where there is no difference.
	Observed map[status.Status]status.Status

	// page returns the built-in page of an outcome: body and Content-Type, both
	// empty where the version sends none. The body is shared and must not be
	// changed.
	page func(st status.Status) (body []byte, contentType string)

	// detailed returns the page that ErrorMode "Detailed" shows instead; nil
	// before 7.0.
	detailed func(st status.Status) (body []byte, contentType string)

	// ErrorKinds are the outcomes whose page has a header order of its own; see
	// errorKind.
	ErrorKinds map[outcome]kind

	// LogonTexts are what the reason phrase of a 500 says in parentheses where an
	// account may not log on, by Win32 code (2.0 and 3.0, Q142715).
	LogonTexts map[status.Win32]string

	Redirect redirectPage // body and type of 301 and 302

	// HTTP.sys, from 6.0 on; kernel is nil before.
	kernel *kernel

	Auth           authn.Rules     // what authentication does differently
	AnonymousLogon authn.LogonType // right the anonymous account needs

	URL urlpath.Rules // what a URL path may hold

	ErrorsClose      bool   // an error ends the connection (4.0, 5.x)
	KeepAliveEcho    string // Connection field for a persistent HTTP/1.0 client, "" for none
	KeepAlive10Only  bool   // AllowKeepAlive governs HTTP/1.0 clients only ("4.0 SP6", Q195179)
	AuthPersistsAll  bool   // every method stays for the connection (4.0 to 5.1, Q318863), else NTLM
	AuthNonNTLM      bool   // Kerberos too, by AuthPersistNonNTLM (7.0 and later)
	PersistentAuth   bool   // send Persistent-Auth after a logon (7.5 and later, MS-N2HT 2.2.2)
	ContentLocation  contentLocation
	ETagChange       bool          // the ETag ends in the server's change number, else in 0
	VDirRedirect     int           // status of the courtesy redirect for a virtual directory
	DirRedirect      int           // and for a physical one
	UnknownMIME404   bool          // a file without MIME mapping is 404.3 (6.0 and later)
	DefaultDocs      int           // how many names of DefaultDoc count, 0 for all (2.0: one, Q184027)
	DefaultDocLogged bool          // log the default document's name instead of the directory (up to 6.0)
	HiddenDotFiles   status.Status // outcome for a hidden file (name beginning with a dot)
	IgnoreBadExpect  bool          // an expectation other than 100-continue is no 417 (up to 5.1)
	MultiRangeCloses bool          // several ranges are sent without length, and the connection closes (6.0)
	Trace            bool          // TRACE echoes the request
	HTTP11           bool          // persistent by default and chunked coding understood: 4.0 and later

	Options []optionField // fields of the answer to OPTIONS; none: it is refused like any method
	Allow   string        // Allow field of a 405, "" for none
	// Methods says what becomes of a method on a static resource that is not GET,
	// HEAD, OPTIONS or TRACE, or of these two where they are refused; the empty
	// name stands for any method unknown.
	Methods map[string]methodOutcome

	Log             logProfile
	LogRefusedBasic bool // a refused Basic logon is logged with the name that was tried (7.0 and later)
}

// errorKind returns the kind of response that an error page of the service is.
func (p *Profile) errorKind(st status.Status) kind {
	if k, ok := p.ErrorKinds[outcome{st.Code, st.Sub}]; ok {
		return k
	}
	if st.Code == 401 {
		return kind401
	}
	return kindError
}

// redirectType returns the Content-Type of a redirect's body.
func (p *Profile) redirectType() string { return p.Redirect.contentType }

// errorReason returns the reason phrase of an error: "" for the usual one of
// its code. Up to 3.0 it tells why an account may not log on.
func (p *Profile) errorReason(st status.Status) string {
	if st.Code != 500 {
		return ""
	}
	return p.LogonTexts[st.Win32]
}

// An optionField is one field of the answer to OPTIONS.
type optionField struct {
	header header
	value  string
}

// A methodOutcome is the refusal of a method, with the reason phrase where it
// is not the usual one of the code.
type methodOutcome struct {
	status status.Status
	reason string
}

// A logProfile is how a version writes its logs.
type logProfile struct {
	Software       string           // #Software of the access log
	Order          logging.W3COrder // order of the W3C columns
	TrailingBlank  bool             // after the last name of #Fields
	SubStatus      bool             // sc-substatus can be selected (6.0 and later)
	HTTPErrVersion string           // "1.0", "2.0": #Software of HTTPERR
	HTTPErrStream  bool             // HTTPERR has the streamid column
}

// A kernel is what HTTP.sys answers by itself.
type kernel struct {
	Server          string // Server field of its refusals, "" for none
	ChallengeServer string // Server field of its challenge
	Close           bool   // a refusal ends the connection
	// page returns the page of a refusal, by status code and reason.
	page func(code int, reason http1.Reason) (body []byte, contentType string)
	// challenge is the page of an authentication leg (UseKernelMode); nil on 6.0,
	// which has no authentication in HTTP.sys.
	challenge func() (body []byte, contentType string)
}
