package logging

import (
	"time"
	"unicode/utf8"
)

// An HTTPErrEntry is everything a line of the HTTP Server API error log can say
// about a request that no site saw, or a connection that was dropped. A field
// without a value is empty or zero and is written as "-". Strings may alias a
// buffer: nothing of them is kept once HTTPErrLog.Write has returned.
type HTTPErrEntry struct {
	Time       time.Time
	ClientIP   string // c-ip
	ClientPort int    // c-port
	ServerIP   string // s-ip
	ServerPort int    // s-port
	Version    string // cs-version
	Method     string // cs-method; cut after 255 bytes
	URI        string // cs-uri, with the query; cut after 4096 bytes
	Status     int    // sc-status
	SiteID     int    // s-siteid
	Reason     string // s-reason, such as Hostname or Timer_ConnectionIdle (KB 820729)
	QueueName  string // s-queuename
}

// Limits of the HTTP Server API error log, in bytes.
const (
	maxErrMethod = 255
	maxErrURI    = 4096

	// MinErrorLogFileTruncateSize is the least and the default size of an
	// HTTPERR file.
	MinErrorLogFileTruncateSize = 1 << 20
)

// HTTPErr is the format of the HTTP Server API error log, which 6.0 and later
// keep in the directory HTTPERR. Times are UTC.
type HTTPErr struct {
	Software string // of the #Software directive: "Microsoft HTTP API 1.0" with 6.0, "2.0" from 7.0 on
	StreamID bool   // a column streamid, as 10.0 has it
	UTF8     bool   // text is UTF-8, else windows-1252
}

// Names says how HTTPERR files are called: httperr1.log and so on.
func (f *HTTPErr) Names() Names {
	return Names{Sequence: "httperr", Digits: 1, UTC: true}
}

// AppendHeader appends the heading lines, which every real file has though
// KB 820729 says there are none.
func (f *HTTPErr) AppendHeader(b []byte, t time.Time) []byte {
	b = appendDirectives(b, f.Software, t)
	b = append(b, " date time c-ip c-port s-ip s-port cs-version cs-method cs-uri"...)
	if f.StreamID {
		b = append(b, " streamid"...)
	}
	return append(append(b, " sc-status s-siteid s-reason s-queuename"...), lineEnd...)
}

// AppendEntry appends one line with its end. Whatever e holds, it is one line of
// the right number of columns without control characters.
func (f *HTTPErr) AppendEntry(b []byte, e *HTTPErrEntry) []byte {
	t := e.Time.UTC()
	b = append(appendDate(b, t), ' ')
	b = append(appendTime(b, t), ' ')
	b = append(f.appendWord(b, e.ClientIP), ' ')
	b = append(appendNonzero(b, e.ClientPort), ' ')
	b = append(f.appendWord(b, e.ServerIP), ' ')
	b = append(appendNonzero(b, e.ServerPort), ' ')
	b = append(f.appendWord(b, errVersion(e.Version)), ' ')
	b = append(f.appendWord(b, cut(e.Method, maxErrMethod)), ' ')
	b = append(f.appendWord(b, cut(e.URI, maxErrURI)), ' ')
	if f.StreamID {
		b = append(b, "- "...) // a number only in HTTP/2
	}
	b = append(appendNonzero(b, e.Status), ' ')
	b = append(appendNonzero(b, e.SiteID), ' ')
	b = append(f.appendWord(b, e.Reason), ' ')
	return append(f.appendWord(b, e.QueueName), lineEnd...)
}

func (f *HTTPErr) appendWord(b []byte, s string) []byte {
	return appendValue(b, s, wordMap, f.UTF8)
}

// errVersion returns a version as it is logged: one of which a part has two
// digits or more is HTTP/?.? (KB 820729).
func errVersion(s string) string {
	const name = "HTTP/"
	if len(s) <= len(name)+3 || s[:len(name)] != name {
		return s
	}
	for _, c := range []byte(s[len(name):]) {
		if c != '.' && (c < '0' || c > '9') {
			return s
		}
	}
	return "HTTP/?.?"
}

// cut returns at most the first n bytes of s, and no part of a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for back := range utf8.UTFMax {
		if utf8.RuneStart(s[n-back]) {
			return s[:n-back]
		}
	}
	return s[:n] // not UTF-8
}
