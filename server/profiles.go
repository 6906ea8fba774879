package server

import (
	"maps"
	"strconv"
	"sync"
	"time"

	"iisd/authn"
	"iisd/logging"
	"iisd/server/status"
	"iisd/server/urlpath"
)

// profileFor returns the profile of a version as EmulatedVersion names it, nil
// for a name that is none. Profiles are shared and must not be changed.
func profileFor(version string) *Profile { return profiles()[version] }

// profiles builds every version once.
var profiles = sync.OnceValue(func() map[string]*Profile {
	all := map[string]*Profile{}
	for _, version := range versions {
		p := version()
		all[p.Name] = p
	}
	all["4.0 SP6a"] = all["4.0"]
	return all
})

// versions are the versions of IIS. Each is the one before it and what has
// changed since.
var versions = []func() *Profile{
	version20, version30, version40, version40SP6, version50, version51,
	version60, version70, version75, version80, version85, version100,
}

func version20() *Profile {
	p := &Profile{
		StatusVersion:    "HTTP/1.0", // Q176113
		Reasons:          maps.Clone(reasons3),
		LogonTexts:       logonTexts3,
		Orders:           orders3,
		Statuses:         maps.Clone(statuses5),
		Auth:             auth3,
		AnonymousLogon:   authn.LogonInteractive, // Q187506
		URL:              url5,
		Redirect:         redirectPage{"Document moved", "\r\n", textHTML}, // Q176113; its length of 145 leaves two bytes for the end
		ErrorsClose:      true,                                             // seen on 5.x
		KeepAliveEcho:    "keep-alive",                                     // Q195179
		AuthPersistsAll:  true,                                             // Q318863 (inferred for 2.0 and 3.0)
		VDirRedirect:     302,                                              // Q176113
		DirRedirect:      302,
		HiddenDotFiles:   status.NotFound, // Q216803
		IgnoreBadExpect:  true,            // 417 is first listed for 6.0
		DefaultDocLogged: true,            // KB 969060
		DefaultDocs:      1,               // Q184027
		Methods:          methods3,
		Log:              logProfile{Order: logging.Order40}, // no W3C format before 4.0 (Q143180): its first form
	}
	p.draw(nt3Page)
	return p.called("2.0", "Server")
}

func version30() *Profile {
	p := version20()
	p.DefaultDocs = 0 // a list: Q184027
	return p.called("3.0", "Server")
}

func version40() *Profile {
	p := version30()
	p.StatusVersion = "HTTP/1.1" // Q308190
	p.HTTP11 = true
	p.Trace = true // (inferred)
	maps.Copy(p.Reasons, reasons4)
	p.LogonTexts = nil
	p.Orders = orders4
	p.ErrorKinds = errorKinds5
	p.Auth = auth4
	p.Redirect = redirectPage{"Document Moved", "", textHTML} // (inferred from 10.0)
	p.ContentLocation = contentLocationAlways                 // Q218180
	p.ETagChange = true                                       // Q218180
	p.Allow = allow5
	p.Options = options4
	p.Methods = methods4
	p.draw(nt4Page)
	return p.called("4.0", "Server")
}

// version40SP6 is 4.0 before Service Pack 6a.
func version40SP6() *Profile {
	p := version40()
	p.KeepAlive10Only = true              // Q195179
	p.Auth.KeepAliveOff = status.Status{} // Q288323: the box never reached NTLM
	p.Name = "4.0 SP6"
	return p
}

func version50() *Profile {
	p := version40()
	p.Orders = overlay(p.Orders, orders5)
	p.Auth.KeepAliveOff = status.Status{}                  // Q288323 is about 4.0 alone
	p.Auth.TargetInfo = authn.TargetInfoIfExtendedOrTarget // MS-NLMP note 64
	p.Options = options5
	p.Methods = methods5
	p.Log.Order = logging.Order50
	p.Log.TrailingBlank = true // corpus of 5.0
	p.draw(w2kPage)
	return p.called("5.0", "Services")
}

func version51() *Profile {
	p := version50()
	p.Methods = methods51
	p.Auth.ChallengeLifetime = 36 * time.Hour // MS-NLMP note 39
	p.Auth.ChallengeVersion = ntlmVersion(5, 1, 2600)
	return p.called("5.1", "Services")
}

func version60() *Profile {
	p := version51()
	maps.Copy(p.Reasons, reasons6)
	p.Orders = orders6
	p.ErrorKinds = nil
	p.Statuses = maps.Clone(statuses6)
	p.Observed = statuses7
	p.Auth = auth6
	p.AnonymousLogon = authn.LogonNetworkCleartext // KB 909887
	p.AuthPersistsAll = false                      // NTLM alone
	p.URL = url6
	p.ErrorsClose = false
	p.ContentLocation = contentLocationDefaultDoc // W03, W07
	p.VDirRedirect = 301                          // KB 298408
	p.UnknownMIME404 = true                       // KB 943891
	p.IgnoreBadExpect = false
	p.MultiRangeCloses = true // W08
	p.Trace = false           // EnableTraceMethod (inferred)
	p.Options = options6
	p.Methods = methods6
	p.kernel = kernel6()
	p.Log.Order = logging.Order60
	p.Log.SubStatus = true // Q318380
	p.Log.HTTPErrVersion = "1.0"
	p.draw(w2k3Page)
	return p.called("6.0", "Services")
}

func version70() *Profile {
	p := version60()
	maps.Copy(p.Reasons, reasons7)
	p.Orders = orders7
	p.Statuses = statuses7
	p.Observed = nil
	p.Auth = auth7
	p.Auth.ChallengeVersion = ntlmVersion(6, 0, 6001)
	p.AuthNonNTLM = true // AuthPersistNonNTLM
	p.Redirect.contentType = "text/html; charset=UTF-8"
	p.ContentLocation = contentLocationNever
	p.ETagChange = false
	p.DirRedirect = 301 // seen on 10.0
	p.DefaultDocLogged = false
	p.LogRefusedBasic = true             // seen on 8.5 and 10.0
	p.HiddenDotFiles = status.FileHidden // KB 943891
	p.MultiRangeCloses = false
	p.Allow = allow7
	p.Options = options7
	p.Methods = methods7
	p.kernel = kernel7()
	p.Log.TrailingBlank = false
	p.Log.HTTPErrVersion = "2.0"
	p.draw(customPage7)
	p.detailed = cachedPages(func(o outcome) builtInPage { return detailedPage7(p, o) })
	return p.called("7.0", "Services")
}

func version75() *Profile {
	p := version70()
	p.PersistentAuth = true // MS-N2HT 2.2.2
	p.Auth.ChallengeVersion = ntlmVersion(6, 1, 7601)
	return p.called("7.5", "Services")
}

func version80() *Profile {
	p := version75()
	p.Auth.ChallengeVersion = ntlmVersion(6, 2, 9200)
	return p.called("8.0", "Services")
}

func version85() *Profile {
	p := version80()
	p.Auth.ChallengeVersion = ntlmVersion(6, 3, 9600)
	return p.called("8.5", "Services")
}

func version100() *Profile {
	p := version85()
	p.Auth.ChallengeVersion = ntlmVersion(10, 0, 17763)
	p.Log.HTTPErrStream = true // HTTPERR of 2018
	return p.called("10.0", "Services")
}

// called gives a profile the name of its version, and the names that follow
// from it. The product was the Internet Information Server up to 4.0, the
// Services after.
func (p *Profile) called(version, product string) *Profile {
	p.Name = version
	p.Server = "Microsoft-IIS/" + version
	p.Log.Software = "Microsoft Internet Information " + product + " " + version // Q284716; up to 3.0 and 5.1 inferred
	return p
}

// draw makes a family the pages of a profile. The pages are drawn when they are
// first asked for, so later changes to p still count.
func (p *Profile) draw(f family) {
	p.page = cachedPages(func(o outcome) builtInPage { return f(p, o) })
}

// reasons3 are the reason phrases of 2.0 and 3.0.
var reasons3 = map[int]string{
	200: "OK",
	201: "Created",
	204: "No Content",
	206: "Partial Content",
	301: "Moved Permanently",
	302: "Object moved",                     // Q176113
	304: "Not Modified",                     // seen
	400: "Bad Request",                      // seen
	401: "Access Denied",                    // (inferred)
	403: "Access Forbidden",                 // Q170857, Q184484
	404: "Object Not Found",                 // (inferred)
	405: "Method not allowed",               // (inferred)
	406: "No acceptable objects were found", // Q163774
	408: "Request Timeout",                  // RFC 9110, and so below where nothing is said
	411: "Length Required",
	412: "Precondition Failed",
	413: "Request Entity Too Large",
	414: "URL Too Long",
	416: "Requested Range Not Satisfiable",
	417: "Expectation Failed",
	500: "Server Error",  // Q142715
	501: "Not Supported", // Q142854
	502: "Gateway Error", // Q151825
	503: "Service Unavailable",
	504: "Gateway Timeout",
	505: "HTTP Version Not Supported",
}

// reasons4 are what 4.0 to 5.1 say otherwise.
var reasons4 = map[int]string{
	100: "Continue",
	207: "Multi-Status",
	307: "Temporary Redirect",
	407: "Proxy Authentication Required",
	415: "Unsupported Media Type",
	501: "Not Implemented", // Q247643; Not Supported for methods that are known
	502: "Bad Gateway",     // (inferred)
}

// reasons6 are what 6.0 says otherwise.
var reasons6 = map[int]string{
	401: "Unauthorized",          // W01
	403: "Forbidden",             // seen
	404: "Not Found",             // seen
	405: "Method Not Allowed",    // (inferred)
	406: "Not Acceptable",        // (inferred)
	414: "Request-URI Too Long",  // (inferred)
	500: "Internal Server Error", // seen
}

// reasons7 are what 7.0 and later say otherwise.
var reasons7 = map[int]string{
	302: "Found", // (inferred)
}

// logonTexts3 are reason phrases of a 500 for accounts that may not log on, in
// our words for what the system says (Q142715, Q154135, Q169263, Q170858).
var logonTexts3 = map[status.Win32]string{
	status.ErrorLogonFailure:        "Server Error (Logon failure: unknown user name or bad password.)",
	status.ErrorAccountRestriction:  "Server Error (Logon failure: user account restriction.)",
	status.ErrorInvalidLogonHours:   "Server Error (Logon failure: account logon time restriction violation.)",
	status.ErrorInvalidWorkstation:  "Server Error (Logon failure: user not allowed to log on to this computer.)",
	status.ErrorPasswordExpired:     "Server Error (Logon failure: the account's password has expired.)",
	status.ErrorAccountDisabled:     "Server Error (Logon failure: account currently disabled.)",
	status.ErrorLogonTypeNotGranted: "Server Error (Logon failure: the user has not been granted the requested logon type at this computer.)",
	status.ErrorAccountExpired:      "Server Error (The user's account has expired.)",
	status.ErrorPasswordMustChange:  "Server Error (The user must change his password before he logs on the first time.)",
	status.ErrorAccountLockedOut:    "Server Error (The referenced account is currently locked out.)",
}

// errorKinds5 are the short pages of 4.0 to 5.1: seen for 403.14 on 5.1.
var errorKinds5 = map[outcome]kind{
	{400, 0}:  kindShort, // Q247249
	{403, 14}: kindShort, // Q185380
	{404, 1}:  kindShort, // Q300238
}

// statuses5 are the names up to 5.1: outcomes that later versions brought are
// still their parents. The Win32 codes of 401 are inferred.
var statuses5 = map[status.Status]status.Status{
	status.LogonConfig: status.LogonConfig.With(status.ErrorAccessDenied), // S04
	status.MimeDenied:  status.NotFound,                                   // 404.3 is of 6.0
	status.FileHidden:  status.NotFound,                                   // 404.9 is of 7.0 (Q216803)
}

// statuses6 are the names of 6.0: those of package status, which are KB 907273's.
var statuses6 = map[status.Status]status.Status{
	status.FileHidden:   status.NotFound,    // 404.9 is of 7.0
	status.TooManyUsers: status.Unavailable, // HTTP.sys: ConnLimit (KB 820729)
}

// statuses7 are the names of 7.0 and later, and those of samples of 6.0 (S02).
var statuses7 = map[status.Status]status.Status{
	status.LogonConfig:   status.LogonConfig.With(status.ErrorAccessDenied),   // S02
	status.LogonContinue: status.LogonContinue.With(status.SecENoCredentials), // S02
	status.TooManyUsers:  status.Unavailable,                                  // HTTP.sys: ConnLimit
}

// Authentication by version.
var (
	auth3 = authn.Rules{
		NoReturnToAnonymous:   true,                       // Q264921
		RefuseOnAnonymousOnly: true,                       // Q264921
		AccountTrouble:        status.ServerError,         // Q142715
		ChallengeLifetime:     30 * time.Minute,           // MS-NLMP note 39
		TargetInfo:            authn.TargetInfoIfExtended, // MS-NLMP note 64
	}
	auth4 = authn.Rules{
		NoReturnToAnonymous:   true,                       // Q264921
		RefuseOnAnonymousOnly: true,                       // Q264921
		KeepAliveOff:          status.LogonNoKeepAlive,    // Q288323
		ChallengeLifetime:     30 * time.Minute,           // MS-NLMP note 39
		TargetInfo:            authn.TargetInfoIfExtended, // MS-NLMP note 64
	}
	auth6 = authn.Rules{
		ChallengeLifetime: 36 * time.Hour, // MS-NLMP note 39
		ChallengeVersion:  ntlmVersion(5, 2, 3790),
		TargetInfo:        authn.TargetInfoIfExtendedOrTarget, // MS-NLMP note 64
	}
	auth7 = authn.Rules{
		Malformed:          status.BadRequest,      // HTTP.sys refuses it
		BasicMalformed:     status.BadRequest,      // HTTP.sys refuses it
		ChallengeLifetime:  36 * time.Hour,         // MS-NLMP note 39
		ChallengeTimestamp: true,                   // MS-NLMP 3.2.5.1.1
		TargetInfo:         authn.TargetInfoAlways, // MS-NLMP note 64
	}
)

// ntlmVersion returns a VERSION structure with NTLM revision 15 (MS-NLMP
// 2.2.2.10).
func ntlmVersion(major, minor byte, build uint16) [8]byte {
	return [8]byte{major, minor, byte(build), byte(build >> 8), 7: 15}
}

// What a URL path may hold.
var (
	url5 = urlpath.Rules{
		BadEscapeLiteral: true, // Q288116, Q246401
		MaxDots:          100,  // Q260205
		PercentU:         true, // (inferred)
	}
	url6 = urlpath.Rules{
		RestrictedChars400: true, // AllowRestrictedChars
		AboveRootForbidden: true, // S12
		MaxSegments:        255,  // UrlSegmentMaxCount
		MaxSegmentLength:   260,  // UrlSegmentMaxLength
		PercentU:           true, // PercentUAllowed
	}
)

// Answers to OPTIONS and the Allow field of 405.
const (
	allow5 = "OPTIONS, TRACE, GET, HEAD" // (inferred)
	allow7 = "GET, HEAD, OPTIONS, TRACE" // seen
	public = "OPTIONS, TRACE, GET, HEAD, POST"
)

var (
	options4 = []optionField{{hPublic, public}, {hAllow, allow5}}
	options5 = []optionField{ // WebDAV, which is part of 5.x; values of DAV and DASL inferred
		{hMSAuthorVia, "DAV"},
		{hAcceptRanges, "none"},
		{hDASL, "<DAV:sql>"},
		{hDAV, "1, 2"},
		{hPublic, "OPTIONS, TRACE, GET, HEAD, DELETE, PUT, POST, COPY, MOVE, MKCOL, PROPFIND, PROPPATCH, LOCK, UNLOCK, SEARCH"},
		{hAllow, "OPTIONS, TRACE, GET, HEAD, COPY, PROPFIND, SEARCH, LOCK, UNLOCK"},
		{hCacheControl, "private"},
	}
	options6 = []optionField{{hAllow, allow5}, {hPublic, public}}                            // W15
	options7 = []optionField{{hAllow, "OPTIONS, TRACE, GET, HEAD, POST"}, {hPublic, public}} // seen
)

var (
	notAllowed   = methodOutcome{status: status.MethodNotAllowed}
	notSupported = methodOutcome{status.NotImplemented, "Not Supported"}
	forbidden    = methodOutcome{status.WriteDenied, "Forbidden"}
	noWrite      = methodOutcome{status: status.WriteDenied}
	unknown      = methodOutcome{status: status.NotImplemented}
)

// methods3 are what 2.0 and 3.0 refuse: whatever a static page does not take is
// 501 Not Supported (inferred).
var methods3 = map[string]methodOutcome{
	"": unknown,
}

// methods4 are what 4.0 refuses.
var methods4 = map[string]methodOutcome{
	"POST":    notAllowed,   // Q186809
	"PUT":     noWrite,      // Q248072
	"DELETE":  noWrite,      // Q248072 (inferred for DELETE)
	"CONNECT": notSupported, // (inferred)
	"":        unknown,      // (inferred from 5.0)
}

// methods5 are what 5.0 refuses. WebDAV has no part in this program, so its
// methods get what a server gives that does not let anybody write.
var methods5 = map[string]methodOutcome{
	"POST":      notAllowed,   // Q186809
	"PUT":       forbidden,    // Q248072; the phrase as with DELETE
	"DELETE":    forbidden,    // W26
	"COPY":      forbidden,    // seen for methods of WebDAV
	"MOVE":      forbidden,    // seen
	"MKCOL":     forbidden,    // seen
	"PROPPATCH": forbidden,    // seen
	"LOCK":      notSupported, // seen for methods that are known
	"UNLOCK":    notSupported, // seen
	"PROPFIND":  notSupported, // seen
	"SEARCH":    notSupported, // seen
	"CONNECT":   notSupported, // Q247643 lists it as known
	"":          unknown,      // Q247643
}

// methods51 are those of 5.0 but for methods unknown, 405 by design (Q311618).
var methods51 = func() map[string]methodOutcome {
	m := maps.Clone(methods5)
	m[""] = notAllowed
	return m
}()

// methods6 are what 6.0 refuses.
var methods6 = map[string]methodOutcome{
	"POST": notAllowed, // seen
	"":     unknown,    // seen; PUT, DELETE and TRACE too
}

// methods7 are what 7.0 and later refuse.
var methods7 = map[string]methodOutcome{
	"TRACE": unknown,    // (inferred)
	"":      notAllowed, // S06
}

// kernel6 is HTTP.sys 1.0.
func kernel6() *kernel {
	bodies := map[refusal][]byte{}
	for r, heading := range kernelHeadings6 {
		bodies[r] = kernelPage6(heading)
	}
	return &kernel{Close: true, page: kernelPages(bodies, textHTML)} // W14
}

// kernel7 is HTTP.sys 2.0.
func kernel7() *kernel {
	const contentType = "text/html; charset=us-ascii"
	bodies := map[refusal][]byte{}
	for r, text := range kernelTexts7 {
		bodies[r] = kernelPage7(strconv.Itoa(r.code), text)
	}
	challenge := bodies[refusal{401, 0}]
	return &kernel{
		Server:          "Microsoft-HTTPAPI/2.0", // seen
		ChallengeServer: "Microsoft-HTTPAPI/2.0", // W20
		Close:           true,                    // seen
		page:            kernelPages(bodies, contentType),
		challenge:       func() ([]byte, string) { return challenge, contentType },
	}
}
