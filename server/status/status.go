// Package status names the outcome of a request the way IIS does: HTTP status,
// IIS substatus and Win32 code.
package status

import (
	"errors"
	"io/fs"
	"strconv"
	"syscall"
)

// Win32 is a Win32 error code or an HRESULT, logged as sc-win32-status.
type Win32 uint32

// Codes as named in winerror.h.
const (
	ErrorSuccess             Win32 = 0
	ErrorInvalidFunction     Win32 = 1
	ErrorFileNotFound        Win32 = 2
	ErrorPathNotFound        Win32 = 3
	ErrorAccessDenied        Win32 = 5
	ErrorNotSupported        Win32 = 50
	ErrorNetnameDeleted      Win32 = 64
	ErrorInvalidName         Win32 = 123
	ErrorOperationAborted    Win32 = 995
	ErrorNoLogonServers      Win32 = 1311
	ErrorLogonFailure        Win32 = 1326
	ErrorAccountRestriction  Win32 = 1327
	ErrorInvalidLogonHours   Win32 = 1328
	ErrorInvalidWorkstation  Win32 = 1329
	ErrorPasswordExpired     Win32 = 1330
	ErrorAccountDisabled     Win32 = 1331
	ErrorNoSuchDomain        Win32 = 1355
	ErrorLogonTypeNotGranted Win32 = 1385
	ErrorAccountExpired      Win32 = 1793
	ErrorPasswordMustChange  Win32 = 1907
	ErrorAccountLockedOut    Win32 = 1909

	SecEInvalidToken   Win32 = 0x80090308 // 2148074248 in the log
	SecELogonDenied    Win32 = 0x8009030C // 2148074252
	SecENoCredentials  Win32 = 0x8009030E // 2148074254
	SecEMessageAltered Win32 = 0x8009030F // 2148074255
	SecEBadBindings    Win32 = 0x80090346 // 2148074310
	SecEUnsupported    Win32 = 0x80090302 // 2148074242
)

// Status is the outcome of one request: sc-status, sc-substatus and
// sc-win32-status. It is comparable, and it is an error, so it reaches the
// error page and the log line unchanged from wherever the request failed.
type Status struct {
	Code  int   // HTTP status code
	Sub   int   // IIS substatus, 0 for none
	Win32 Win32 // Win32 code or HRESULT
}

// Error returns the status as administrators write it, such as "401.2", or
// "404" where there is no substatus.
func (s Status) Error() string {
	if s.Sub == 0 {
		return strconv.Itoa(s.Code)
	}
	return strconv.Itoa(s.Code) + "." + strconv.Itoa(s.Sub)
}

// With returns s with another Win32 code.
func (s Status) With(w Win32) Status {
	s.Win32 = w
	return s
}

// One line per outcome; the comment names the article that documents it.
var (
	OK             = Status{200, 0, ErrorSuccess}
	PartialContent = Status{206, 0, ErrorSuccess}
	Moved          = Status{301, 0, ErrorSuccess} // courtesy redirect from 6.0 on (KB 298408)
	Found          = Status{302, 0, ErrorSuccess} // courtesy redirect up to 5.1 (Q298408)
	NotModified    = Status{304, 0, ErrorSuccess} // Q318380

	BadRequest       = Status{400, 0, ErrorSuccess}
	LogonFailed      = Status{401, 1, ErrorLogonFailure} // Q247593
	LogonDenied      = Status{401, 1, SecELogonDenied}   // NTLM's last leg refused (KB 907273)
	LogonContinue    = Status{401, 1, ErrorSuccess}      // handshake goes on (KB 969060)
	LogonBadToken    = Status{401, 1, SecEInvalidToken}  // message out of sequence or malformed (KB 907273)
	LogonConfig      = Status{401, 2, SecENoCredentials} // no acceptable credentials (Q253667, KB 907273)
	ACLDenied        = Status{401, 3, ErrorAccessDenied} // Q247603
	LogonNoKeepAlive = Status{401, 5, ErrorSuccess}      // NTLM without keep-alives on 4.0 SP6a (Q288323)
	ReadDenied       = Status{403, 2, ErrorAccessDenied} // Q318380
	WriteDenied      = Status{403, 3, ErrorAccessDenied} // Q248072
	ExecuteDenied    = Status{403, 1, ErrorAccessDenied} // Q315579
	SSLRequired      = Status{403, 4, ErrorAccessDenied} // Q224389
	SSL128Required   = Status{403, 5, ErrorAccessDenied} // Q308255
	TooManyUsers     = Status{403, 9, ErrorAccessDenied} // Q248074
	ListingDenied    = Status{403, 14, ErrorSuccess}     // Q185380; 0 seen on 8.5
	NotFound         = Status{404, 0, ErrorFileNotFound} // Q248033
	PathNotFound     = Status{404, 0, ErrorPathNotFound} // Q190143: a missing parent directory
	SiteNotFound     = Status{404, 1, ErrorSuccess}      // Q248034, Q300238
	MimeDenied       = Status{404, 3, ErrorNotSupported} // unknown extension from 6.0 on (KB 943891)
	FileHidden       = Status{404, 9, ErrorSuccess}      // hidden attribute from 7.0 on (KB 943891)
	MethodNotAllowed = Status{405, 0, ErrorInvalidFunction}
	NotAcceptable    = Status{406, 0, ErrorSuccess}
	LengthRequired   = Status{411, 0, ErrorSuccess}
	Precondition     = Status{412, 0, ErrorSuccess}
	TooLarge         = Status{413, 0, ErrorSuccess}
	URITooLong       = Status{414, 0, ErrorSuccess}
	BadRange         = Status{416, 0, ErrorSuccess}
	Expectation      = Status{417, 0, ErrorSuccess}
	ServerError      = Status{500, 0, ErrorSuccess}
	NotImplemented   = Status{501, 0, ErrorNotSupported} // Q247643
	Unavailable      = Status{503, 0, ErrorSuccess}
	VersionNotSupp   = Status{505, 0, ErrorSuccess}
)

// Of returns the status that err carries: OK for nil, the Status in its chain
// if there is one, the status IIS gives the equivalent Win32 failure for an
// error from the file system, and 500 for anything else.
func Of(err error) Status {
	if err == nil {
		return OK
	}
	if s, ok := err.(Status); ok { // the common case, without the allocations of errors.As
		return s
	}
	var s Status
	switch {
	case errors.As(err, &s):
		return s
	case errors.Is(err, fs.ErrNotExist):
		return NotFound
	case errors.Is(err, syscall.ENOTDIR):
		return PathNotFound
	case errors.Is(err, fs.ErrPermission):
		return ACLDenied
	case errors.Is(err, syscall.ENAMETOOLONG), errors.Is(err, syscall.EINVAL):
		return NotFound.With(ErrorInvalidName)
	}
	return ServerError
}
