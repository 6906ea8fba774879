package logging

import (
	"math"
	"time"
)

// DefaultTruncateSize is the default of LogFileTruncateSize in bytes.
const DefaultTruncateSize = 20971520

// Unlimited is the LogFileTruncateSize of a file that is never too long.
const Unlimited = math.MaxUint32

// Options say where and how a Log writes.
type Options struct {
	Dir    string // made when the first line is written, such as logs/W3SVC1
	Format Format
	Period Period

	// TruncateSize is the size in bytes that no file of PeriodSize exceeds unless
	// its first line does; 0 is DefaultTruncateSize. It means nothing to other
	// periods (Q170856).
	TruncateSize uint32

	// LocaltimeRollover makes W3C files begin at local midnight, that of
	// Entry.Time, instead of midnight UTC; the other formats always do (Q193612).
	LocaltimeRollover bool

	// Clock gives the time of entries whose Time is zero; nil is time.Now.
	Clock func() time.Time

	// Report, if not nil, is called with an error when lines cannot be written,
	// and with nil and the number of lines lost meanwhile when they can be again.
	// It must not call Flush or Close.
	Report func(err error, lost int64)
}

// A Log appends entries to files in a directory and begins new files as its
// period demands. Its methods may be called concurrently.
type Log struct {
	format Format
	clock  func() time.Time
	w      writer
}

// Open returns a Log. No file is made before there is a line for it (Q291279).
// A file that exists is continued, after its format's heading; of numbered files
// the last one, while it has room.
func Open(o Options) *Log {
	l := &Log{format: o.Format, clock: o.Clock}
	if l.clock == nil {
		l.clock = time.Now
	}
	names := o.Format.Names()
	l.w.dir = o.Dir
	l.w.names = names
	l.w.period = o.Period
	l.w.utc = names.UTC && !o.LocaltimeRollover
	l.w.limit = int64(o.TruncateSize)
	if o.TruncateSize == 0 {
		l.w.limit = DefaultTruncateSize
	}
	if o.TruncateSize == Unlimited {
		l.w.limit = math.MaxInt64
	}
	l.w.header = o.Format.AppendHeader
	l.w.report = o.Report
	l.w.open()
	return l
}

// Write appends the line of e. It does not wait for the disk and does not fail:
// a line that cannot be kept until it is written is counted as lost.
func (l *Log) Write(e *Entry) {
	if e.Time.IsZero() {
		l.writeNow(*e)
		return
	}
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	if b, ok := l.w.begin(e.Time); ok {
		l.w.end(l.format.AppendEntry(b, e), e.Time)
	}
}

func (l *Log) writeNow(e Entry) {
	if e.Time = l.clock(); !e.Time.IsZero() {
		l.Write(&e)
	}
}

// Flush writes what is in memory. It returns the error that keeps lines there.
func (l *Log) Flush() error { return l.w.flush() }

// Close writes what is in memory and closes the files. Lines that cannot be
// written now are lost, and so are lines of a later Write; the error says why.
func (l *Log) Close() error { return l.w.close() }

// Lost returns the number of lines lost since Open.
func (l *Log) Lost() int64 { return l.w.lost.Load() }

// HTTPErrOptions say where and how an HTTPErrLog writes.
type HTTPErrOptions struct {
	Dir          string // made when the first line is written, such as logs/HTTPERR
	Format       HTTPErr
	TruncateSize uint32                      // bytes a file may have; less than MinErrorLogFileTruncateSize counts as that
	Report       func(err error, lost int64) // as in Options
}

// An HTTPErrLog is the error log of the HTTP Server API. Its methods may be
// called concurrently and do what those of Log do.
type HTTPErrLog struct {
	format HTTPErr
	w      writer
}

// OpenHTTPErr returns an HTTPErrLog. No file is made before there is a line for
// it; the last file is continued while it has room.
func OpenHTTPErr(o HTTPErrOptions) *HTTPErrLog {
	l := &HTTPErrLog{format: o.Format}
	l.w.dir = o.Dir
	l.w.names = l.format.Names()
	l.w.period = PeriodSize
	l.w.limit = int64(max(o.TruncateSize, MinErrorLogFileTruncateSize))
	l.w.header = l.format.AppendHeader
	l.w.report = o.Report
	l.w.open()
	return l
}

// Write appends the line of e, whose Time must be set, as Log.Write does.
func (l *HTTPErrLog) Write(e *HTTPErrEntry) {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	if b, ok := l.w.begin(e.Time); ok {
		l.w.end(l.format.AppendEntry(b, e), e.Time)
	}
}

// Flush writes what is in memory. It returns the error that keeps lines there.
func (l *HTTPErrLog) Flush() error { return l.w.flush() }

// Close writes what is in memory and closes the file.
func (l *HTTPErrLog) Close() error { return l.w.close() }

// Lost returns the number of lines lost since OpenHTTPErr.
func (l *HTTPErrLog) Lost() int64 { return l.w.lost.Load() }
