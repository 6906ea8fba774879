// Package logging writes access logs in the formats IIS offers, W3C extended,
// Microsoft IIS and NCSA common, and the error log of the HTTP Server API, into
// files that are named and rolled over as IIS does it.
package logging

import "time"

// An Entry is everything a log line can say about one request. Fields are named
// after the W3C extended log file fields. A field without a value is empty or
// zero. Strings may alias a buffer: nothing of them is kept once Log.Write has
// returned. A caller that must not allocate uses one Entry again and again.
type Entry struct {
	Time          time.Time // when the response was done; its location is the local time that some formats use
	ClientIP      string    // c-ip
	UserName      string    // cs-username, DOMAIN\user; empty for an anonymous request
	SiteName      string    // s-sitename, such as W3SVC1
	ComputerName  string    // s-computername
	ServerIP      string    // s-ip, the address the request came in on
	ServerPort    int       // s-port
	Method        string    // cs-method
	URIStem       string    // cs-uri-stem, decoded
	URIQuery      string    // cs-uri-query, raw and without the question mark
	Status        int       // sc-status
	SubStatus     int       // sc-substatus
	Win32Status   uint32    // sc-win32-status
	BytesSent     int64     // sc-bytes, header block and body
	BytesReceived int64     // cs-bytes, header block and body
	TimeTaken     time.Duration
	Version       string // cs-version, such as HTTP/1.1
	Host          string // cs-host
	UserAgent     string // cs(User-Agent)
	Cookie        string // cs(Cookie)
	Referer       string // cs(Referer)
}

// A Format turns entries into lines of text. W3C, MicrosoftIIS and NCSA are the
// formats there are.
type Format interface {
	// AppendHeader appends the lines a log file starts with, if the format has
	// any, and again the lines a writer that goes on with a file puts before its
	// first entry, of time t.
	AppendHeader(b []byte, t time.Time) []byte

	// AppendEntry appends one line with its end, or nothing where the format
	// selects no field. Whatever e holds, the line is one line of the right
	// number of columns without control characters.
	AppendEntry(b []byte, e *Entry) []byte

	// Names says how log files of the format are called.
	Names() Names
}

// lineEnd ends every line: text files of Windows.
const lineEnd = "\r\n"
