package server

import (
	"iisd/authn"
	"iisd/logging"
	"iisd/server/http1"
	"iisd/server/status"
)

// A kind tells apart the responses that have a header order of their own.
type kind uint8

const (
	kindStatic   kind = iota // a file or part of one
	kindDynamic              // a page made for the request: directory listing, program
	kind401                  // the service's own 401
	kindError                // any other error page
	kind304                  // not modified
	kindRedirect             // 301, 302 with Location
	kindOptions              // answer to OPTIONS
	kindKernel               // HTTP.sys's own pages, from 6.0 on
	numKinds
)

// A contentLocation says which static replies carry Content-Location.
type contentLocation uint8

const (
	contentLocationNever      contentLocation = iota // 7.0 and later
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

	// page returns the built-in page of an outcome: body and Content-Type. The
	// body is shared and must not be changed.
	page func(st status.Status) (body []byte, contentType string)

	// HTTP.sys, from 6.0 on; kernel is nil before.
	kernel *kernel

	Auth authn.Rules // what authentication does differently

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
	DefaultDocLogged bool          // log the default document's name instead of the directory (up to 6.0)
	HiddenDotFiles   status.Status // outcome for a hidden file (name beginning with a dot)
	IgnoreBadExpect  bool
	Trace            bool // TRACE echoes the request
	HTTP11           bool // persistent by default and chunked coding understood: 4.0 and later

	Options []optionField // fields of the answer to OPTIONS
	Allow   string        // Allow field of a 405, "" for none
	// Methods says what becomes of a method on a static resource that is not GET,
	// HEAD, OPTIONS or TRACE; the empty name stands for any method unknown.
	Methods map[string]methodOutcome

	Log logProfile
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
	Server string // Server field of its pages, "" for none
	Close  bool
	// page returns the page of a refusal, by status code and reason.
	page func(code int, reason http1.Reason) (body []byte, contentType string)
	// challenge is the page of an authentication leg (UseKernelMode).
	challenge func() (body []byte, contentType string)
}
