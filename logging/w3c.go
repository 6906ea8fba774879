package logging

import "time"

// Bits of the metabase property LogExtFileFlags.
const (
	LogExtFileDate            uint32 = 0x1
	LogExtFileTime            uint32 = 0x2
	LogExtFileClientIP        uint32 = 0x4
	LogExtFileUserName        uint32 = 0x8
	LogExtFileSiteName        uint32 = 0x10
	LogExtFileComputerName    uint32 = 0x20
	LogExtFileServerIP        uint32 = 0x40
	LogExtFileMethod          uint32 = 0x80
	LogExtFileURIStem         uint32 = 0x100
	LogExtFileURIQuery        uint32 = 0x200
	LogExtFileHTTPStatus      uint32 = 0x400
	LogExtFileWin32Status     uint32 = 0x800
	LogExtFileBytesSent       uint32 = 0x1000
	LogExtFileBytesRecv       uint32 = 0x2000
	LogExtFileTimeTaken       uint32 = 0x4000
	LogExtFileServerPort      uint32 = 0x8000
	LogExtFileUserAgent       uint32 = 0x10000
	LogExtFileCookie          uint32 = 0x20000
	LogExtFileReferer         uint32 = 0x40000
	LogExtFileProtocolVersion uint32 = 0x80000
	LogExtFileHost            uint32 = 0x100000
	LogExtFileHTTPSubStatus   uint32 = 0x200000
)

// A W3COrder says in which order an IIS version writes the fields. A field that
// the version does not have is never written, whatever the mask.
type W3COrder uint8

// Orders of the fields.
const (
	Order60 W3COrder = iota // 6.0 and later
	Order50                 // 5.0 and 5.1: no sc-substatus
	Order40                 // 4.0: neither sc-substatus nor cs-host
)

// fieldNames gives each bit its name in the #Fields directive.
var fieldNames = map[uint32]string{
	LogExtFileDate:            "date",
	LogExtFileTime:            "time",
	LogExtFileClientIP:        "c-ip",
	LogExtFileUserName:        "cs-username",
	LogExtFileSiteName:        "s-sitename",
	LogExtFileComputerName:    "s-computername",
	LogExtFileServerIP:        "s-ip",
	LogExtFileMethod:          "cs-method",
	LogExtFileURIStem:         "cs-uri-stem",
	LogExtFileURIQuery:        "cs-uri-query",
	LogExtFileHTTPStatus:      "sc-status",
	LogExtFileWin32Status:     "sc-win32-status",
	LogExtFileBytesSent:       "sc-bytes",
	LogExtFileBytesRecv:       "cs-bytes",
	LogExtFileTimeTaken:       "time-taken",
	LogExtFileServerPort:      "s-port",
	LogExtFileUserAgent:       "cs(User-Agent)",
	LogExtFileCookie:          "cs(Cookie)",
	LogExtFileReferer:         "cs(Referer)",
	LogExtFileProtocolVersion: "cs-version",
	LogExtFileHost:            "cs-host",
	LogExtFileHTTPSubStatus:   "sc-substatus",
}

// fieldOrders holds the fields of each version in the order of its files: the
// table of the Windows documentation for HTTP.sys, and log files of 5.0 and 4.0.
var fieldOrders = [...][]uint32{
	Order60: {
		LogExtFileDate, LogExtFileTime, LogExtFileSiteName, LogExtFileComputerName, LogExtFileServerIP,
		LogExtFileMethod, LogExtFileURIStem, LogExtFileURIQuery, LogExtFileServerPort, LogExtFileUserName,
		LogExtFileClientIP, LogExtFileProtocolVersion, LogExtFileUserAgent, LogExtFileCookie, LogExtFileReferer,
		LogExtFileHost, LogExtFileHTTPStatus, LogExtFileHTTPSubStatus, LogExtFileWin32Status, LogExtFileBytesSent,
		LogExtFileBytesRecv, LogExtFileTimeTaken,
	},
	Order50: {
		LogExtFileDate, LogExtFileTime, LogExtFileClientIP, LogExtFileUserName, LogExtFileSiteName,
		LogExtFileComputerName, LogExtFileServerIP, LogExtFileServerPort, LogExtFileMethod, LogExtFileURIStem,
		LogExtFileURIQuery, LogExtFileHTTPStatus, LogExtFileWin32Status, LogExtFileBytesSent, LogExtFileBytesRecv,
		LogExtFileTimeTaken, LogExtFileProtocolVersion, LogExtFileHost, LogExtFileUserAgent, LogExtFileCookie,
		LogExtFileReferer,
	},
	Order40: {
		LogExtFileDate, LogExtFileTime, LogExtFileClientIP, LogExtFileUserName, LogExtFileSiteName,
		LogExtFileComputerName, LogExtFileServerIP, LogExtFileMethod, LogExtFileURIStem, LogExtFileURIQuery,
		LogExtFileHTTPStatus, LogExtFileWin32Status, LogExtFileBytesSent, LogExtFileBytesRecv, LogExtFileTimeTaken,
		LogExtFileServerPort, LogExtFileProtocolVersion, LogExtFileUserAgent, LogExtFileCookie, LogExtFileReferer,
	},
}

// W3C is the W3C extended log file format. Its times are always UTC (Q194699).
type W3C struct {
	Mask          uint32   // the fields, bits of LogExtFileFlags
	Order         W3COrder // their order
	Software      string   // of the #Software directive, such as "Microsoft Internet Information Services 6.0"
	TrailingBlank bool     // a blank after the last name of #Fields, as 5.0 and 6.0 have it
	UTF8          bool     // text is UTF-8, by default from 7.0 on, else windows-1252
}

// Names implements Format.
func (f *W3C) Names() Names {
	return Names{Prefix: "ex", Sequence: "extend", Digits: sequenceDigits(f.UTF8), UTC: true, UTF8: f.UTF8}
}

// AppendHeader implements Format: the directives #Software, #Version, #Date and
// #Fields (Q284716).
func (f *W3C) AppendHeader(b []byte, t time.Time) []byte {
	b = appendDirectives(b, f.Software, t)
	for _, bit := range fieldOrders[f.Order] {
		if f.Mask&bit != 0 {
			b = append(append(b, ' '), fieldNames[bit]...)
		}
	}
	if f.TrailingBlank {
		b = append(b, ' ')
	}
	return append(b, lineEnd...)
}

// appendDirectives appends the heading lines up to and including "#Fields:".
func appendDirectives(b []byte, software string, t time.Time) []byte {
	t = t.UTC()
	b = append(append(append(b, "#Software: "...), software...), lineEnd...)
	b = append(append(b, "#Version: 1.0"...), lineEnd...)
	b = append(appendDate(append(b, "#Date: "...), t), ' ')
	b = append(appendTime(b, t), lineEnd...)
	return append(b, "#Fields:"...)
}

// AppendEntry implements Format.
func (f *W3C) AppendEntry(b []byte, e *Entry) []byte {
	start := len(b)
	t := e.Time.UTC()
	for _, bit := range fieldOrders[f.Order] {
		if f.Mask&bit != 0 {
			b = append(f.appendField(b, e, t, bit), ' ')
		}
	}
	if len(b) == start {
		return b
	}
	// Only directives begin with a number sign (Q296093).
	if b[start] == '#' {
		b[start] = '+'
	}
	return append(b[:len(b)-1], lineEnd...)
}

func (f *W3C) appendField(b []byte, e *Entry, t time.Time, bit uint32) []byte {
	var s string
	switch bit {
	case LogExtFileDate:
		return appendDate(b, t)
	case LogExtFileTime:
		return appendTime(b, t)
	case LogExtFileServerPort:
		return appendNonzero(b, e.ServerPort)
	case LogExtFileHTTPStatus:
		return appendCount(b, int64(e.Status))
	case LogExtFileHTTPSubStatus:
		return appendCount(b, int64(e.SubStatus))
	case LogExtFileWin32Status:
		return appendCount(b, int64(e.Win32Status))
	case LogExtFileBytesSent:
		return appendCount(b, e.BytesSent)
	case LogExtFileBytesRecv:
		return appendCount(b, e.BytesReceived)
	case LogExtFileTimeTaken:
		return appendCount(b, e.TimeTaken.Milliseconds())
	case LogExtFileClientIP:
		s = e.ClientIP
	case LogExtFileUserName:
		s = e.UserName
	case LogExtFileSiteName:
		s = e.SiteName
	case LogExtFileComputerName:
		s = e.ComputerName
	case LogExtFileServerIP:
		s = e.ServerIP
	case LogExtFileMethod:
		s = e.Method
	case LogExtFileURIStem:
		s = e.URIStem
	case LogExtFileURIQuery:
		s = e.URIQuery
	case LogExtFileProtocolVersion:
		s = e.Version
	case LogExtFileHost:
		s = e.Host
	case LogExtFileUserAgent:
		s = e.UserAgent
	case LogExtFileCookie:
		s = e.Cookie
	case LogExtFileReferer:
		s = e.Referer
	}
	return appendValue(b, s, wordMap, f.UTF8)
}
