package server

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"iisd/authn"
	"iisd/logging"
	"iisd/metabase"
	"iisd/server/http1"
	"iisd/server/status"
)

// A logSet holds the open logs. A reload that leaves a log as it was keeps it
// open; one that no site uses any more is closed much later, when the requests
// that began before are done, or when the server stops.
type logSet struct {
	mu      sync.Mutex
	logs    map[string]*openLog // by directory, format and options
	retired []*openLog
}

type openLog struct {
	logFile
	key  string
	used bool // by the snapshot being prepared
}

// A logFile is a *logging.Log or a *logging.HTTPErrLog.
type logFile interface {
	Flush() error
	Close() error
}

// begin starts a new snapshot, for which no log is in use yet.
func (ls *logSet) begin() {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	for _, l := range ls.logs {
		l.used = false
	}
}

// get returns the log of a key, which open makes if there is none yet.
func (ls *logSet) get(key string, open func() logFile) logFile {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	l := ls.logs[key]
	if l == nil {
		if l = ls.recall(key); l == nil {
			l = &openLog{logFile: open(), key: key}
		}
		if ls.logs == nil {
			ls.logs = map[string]*openLog{}
		}
		ls.logs[key] = l
	}
	l.used = true
	return l.logFile
}

// recall takes back a retired log whose settings are in force again: two writers
// of one file would be in each other's way.
func (ls *logSet) recall(key string) *openLog {
	for i, l := range ls.retired {
		if l.key == key {
			ls.retired = slices.Delete(ls.retired, i, i+1)
			return l
		}
	}
	return nil
}

// accessLog returns the access log of a site, nil where it keeps none.
func (s *Server) accessLog(site *site) *logging.Log {
	n, p := site.Node, &site.prof.Log
	if n.LogType == 0 {
		return nil
	}
	o := logging.Options{
		Dir:               filepath.Join(n.LogFileDirectory, site.name),
		Period:            logging.Period(n.LogFilePeriod),
		TruncateSize:      n.LogFileTruncateSize,
		LocaltimeRollover: n.LogFileLocaltimeRollover,
	}
	switch n.LogPluginClsid {
	case "IIS":
		o.Format = &logging.MicrosoftIIS{UTF8: n.LogInUTF8}
	case "NCSA":
		o.Format = &logging.NCSA{UTF8: n.LogInUTF8}
	default:
		mask := n.LogExtFileFlags
		if !p.SubStatus {
			mask &^= metabase.LogExtFileHttpSubStatus
		}
		o.Format = &logging.W3C{Mask: mask, Order: p.Order, Software: p.Software, TrailingBlank: p.TrailingBlank, UTF8: n.LogInUTF8}
	}
	key := fmt.Sprintf("%+v %+v", o, o.Format)
	o.Clock, o.Report = s.Clock, s.logReport(o.Dir)
	return s.logs.get(key, func() logFile { return logging.Open(o) }).(*logging.Log)
}

// errorLog returns HTTPERR of the directory that a site logs to, nil before 6.0.
func (s *Server) errorLog(site *site) *logging.HTTPErrLog {
	if site.prof.kernel == nil {
		return nil
	}
	p := &site.prof.Log
	o := logging.HTTPErrOptions{
		Dir:    filepath.Join(site.Node.LogFileDirectory, "HTTPERR"),
		Format: logging.HTTPErr{Software: "Microsoft HTTP API " + p.HTTPErrVersion, StreamID: p.HTTPErrStream, UTF8: site.Node.LogInUTF8},
	}
	o.Report = s.logReport(o.Dir)
	return s.logs.get(o.Dir, func() logFile { return logging.OpenHTTPErr(o) }).(*logging.HTTPErrLog)
}

// logReport returns what says in the service log that a log cannot be written.
func (s *Server) logReport(dir string) func(err error, lost int64) {
	return func(err error, lost int64) {
		if err != nil {
			s.serviceLog().Error("the log cannot be written; it is tried again", "directory", dir, "error", err, "lost", lost)
			return
		}
		s.serviceLog().Info("the log is written again", "directory", dir, "lost", lost)
	}
}

// logGrace is how long a log outlives the snapshot that used it.
const logGrace = time.Hour

// settle closes the logs that the new snapshot does not use, once requests
// that began before it are done.
func (ls *logSet) settle() {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	for key, l := range ls.logs {
		if !l.used {
			delete(ls.logs, key)
			l.Flush()
			ls.retired = append(ls.retired, l)
			time.AfterFunc(logGrace, func() { ls.drop(l) })
		}
	}
}

// drop closes a log that was retired long ago.
func (ls *logSet) drop(l *openLog) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if i := slices.Index(ls.retired, l); i >= 0 {
		ls.retired = slices.Delete(ls.retired, i, i+1)
		l.Close()
	}
}

// close writes out and closes every log.
func (ls *logSet) close() error {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	var errs []error
	for _, l := range ls.logs {
		errs = append(errs, l.Close())
	}
	for _, l := range ls.retired {
		errs = append(errs, l.Close())
	}
	ls.logs, ls.retired = nil, nil
	return errors.Join(errs...)
}

// log writes the one line of the exchange: to the site's log, or to HTTPERR
// where HTTP.sys answered before any site saw the request.
func (x *exchange) log(st status.Status, err error) {
	if x.prof.kernel != nil && (x.refused != nil || st == status.Unavailable) {
		x.server.httpError(x, st)
		return
	}
	if x.site.log == nil || x.node != nil && x.node.DontLog {
		return
	}
	x.fillEntry(st, err)
	x.site.log.Write(&x.entry)
}

// fillEntry puts together what the log line says.
func (x *exchange) fillEntry(st status.Status, err error) {
	if x.broken && st.Win32 == status.ErrorSuccess {
		st.Win32 = status.ErrorNetnameDeleted // the client dropped the connection
	}
	stem := x.stem
	if stem == "" {
		stem = x.path
	}
	if stem == "" {
		stem = x.req.Path
	}
	end := x.server.clock()
	x.entry = logging.Entry{
		Time:          end,
		ClientIP:      x.conn.clientIP,
		UserName:      x.logName(err),
		SiteName:      x.site.name,
		ComputerName:  x.site.Node.ComputerName,
		ServerIP:      x.conn.localIP,
		ServerPort:    int(x.conn.local.Port()),
		Method:        x.req.Method,
		URIStem:       stem,
		URIQuery:      x.req.Query,
		Status:        st.Code,
		SubStatus:     st.Sub,
		Win32Status:   uint32(st.Win32),
		BytesSent:     x.sent,
		BytesReceived: x.received,
		TimeTaken:     end.Sub(x.now),
		Version:       x.req.Proto.String(),
		Host:          x.header("Host"),
		UserAgent:     x.header("User-Agent"),
		Cookie:        x.header("Cookie"),
		Referer:       x.header("Referer"),
	}
}

// logName returns cs-username: the account a request ran as, nothing for the
// anonymous one. A refused Basic logon shows the name that was tried from 7.0
// on.
func (x *exchange) logName(err error) string {
	if x.user != nil {
		return x.user.LogName()
	}
	if x.prof.LogRefusedBasic && x.leg == authn.LegFailed {
		if d, ok := errors.AsType[*authn.Denied](err); ok && d.Cause.Method == "Basic" {
			return d.Cause.Typed
		}
	}
	return ""
}

// httpError writes HTTPERR's line of a request that no site saw.
func (s *Server) httpError(x *exchange, st status.Status) {
	e := logging.HTTPErrEntry{
		Time:     s.clock(),
		ClientIP: x.conn.clientIP, ClientPort: int(x.conn.client.Port()),
		ServerIP: x.conn.localIP, ServerPort: int(x.conn.local.Port()),
		Version: x.req.Version, Method: x.req.Method, URI: x.req.Target,
		Status: st.Code, Reason: x.reason().String(),
	}
	if e.Version == "" && x.req.Proto == http1.HTTP09 {
		e.Version = "HTTP/0.9"
	}
	if x.path != "" { // a site was found, and refused
		e.SiteID = x.site.index()
	}
	x.site.httperr.Write(&e)
}

// connError writes HTTPERR's line of a connection that ended without a request.
func (s *Server) connError(c *conn, reason string) {
	first := c.first()
	if first.httperr == nil {
		return
	}
	first.httperr.Write(&logging.HTTPErrEntry{
		Time:     s.clock(),
		ClientIP: c.clientIP, ClientPort: int(c.client.Port()),
		ServerIP: c.localIP, ServerPort: int(c.local.Port()),
		Reason: reason,
	})
}

// brief returns as much of a client's text as the service log shows.
func brief(s string) string {
	if len(s) > 256 {
		return s[:256] + "..."
	}
	return s
}

// refusedLogon says in the service log why a logon was refused: the access log
// and the client may not know.
func (s *Server) refusedLogon(x *exchange, st status.Status, d *authn.Denied) {
	if d.Cause.Reason == "" || d.Leg == authn.LegBare && d.Cause.Method != "Anonymous" {
		return // nobody has tried to log on, or the handshake goes on
	}
	code := d.Cause.Win32
	if code == status.ErrorSuccess {
		code = st.Win32
	}
	s.serviceLog().Warn("logon refused",
		"account", d.Cause.Account, "method", d.Cause.Method, "client", x.conn.clientIP,
		"site", x.site.ID, "url", brief(x.path), "reason", d.Cause.Reason, "status", st.Error(), "win32", uint32(code))
}
