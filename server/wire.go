package server

import (
	"io"
	"net"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"iisd/metabase"
	"iisd/server/content"
	"iisd/server/http1"
)

// A header is a response field this program sends by itself. Its number is its
// place in response.value; its order on the wire is the profile's.
type header uint8

const (
	hServer header = iota
	hDate
	hContentType
	hContentLength
	hContentLocation
	hLastModified
	hAcceptRanges
	hETag
	hContentRange
	hLocation
	hWWWAuthenticate // one line for each challenge
	hPersistentAuth
	hConnection
	hTransferEncoding
	hAllow
	hPublic
	hMSAuthorVia
	hDASL
	hDAV
	hCacheControl
	hExpires
	hCustom // stands for HttpCustomHeaders in a profile's order
	numHeaders
)

// headerNames are the field names as IIS spells them.
var headerNames = [numHeaders]string{
	hServer:           "Server",
	hDate:             "Date",
	hContentType:      "Content-Type",
	hContentLength:    "Content-Length",
	hContentLocation:  "Content-Location",
	hLastModified:     "Last-Modified",
	hAcceptRanges:     "Accept-Ranges",
	hETag:             "ETag",
	hContentRange:     "Content-Range",
	hLocation:         "Location",
	hWWWAuthenticate:  "WWW-Authenticate",
	hPersistentAuth:   "Persistent-Auth",
	hConnection:       "Connection",
	hTransferEncoding: "Transfer-Encoding",
	hAllow:            "Allow",
	hPublic:           "Public",
	hMSAuthorVia:      "MS-Author-Via",
	hDASL:             "DASL",
	hDAV:              "DAV",
	hCacheControl:     "Cache-Control",
	hExpires:          "Expires",
}

// A segment is a piece of a response body: bytes in memory, or a part of
// response.file.
type segment struct {
	mem []byte
	off int64 // of the file, where mem is nil
	n   int64
}

// A response is a status line, header fields and a body.
type response struct {
	code       int
	reason     string // "": the profile's phrase for code
	kind       kind
	value      [numHeaders]string // "": not sent
	challenges []string           // WWW-Authenticate field values, in order
	custom     []metabase.Header  // HttpCustomHeaders of the node
	size       int64              // bytes of body; -1 if only its end will tell
	noLength   bool               // the end of the connection ends the body, though size is known
	body       []segment
	stream     func(io.Writer) error // writes a body of unknown size
	later      func() error          // makes the body, which takes a while
	file       *content.File         // open until the response is sent
	segs       [1]segment            // storage of the usual body
}

// setMemory makes b the body. It is not copied.
func (r *response) setMemory(b []byte) {
	r.size = int64(len(b))
	if len(b) == 0 {
		r.body = nil
		return
	}
	r.segs[0] = segment{mem: b, n: int64(len(b))}
	r.body = r.segs[:]
}

// set gives a field its value; "" leaves it out.
func (r *response) set(h header, value string) { r.value[h] = value }

// header returns the first value of a request field, "" if absent. It aliases
// the connection's buffer: whoever keeps it beyond the exchange clones it.
func (x *exchange) header(name string) string { return x.req.Get(name) }

// hasBody reports whether a body follows the head of the response.
func (x *exchange) hasBody() bool {
	c := x.resp.code
	return x.req.Method != "HEAD" && c != 304 && c != 204 && c >= 200
}

// appendHead appends the head of the response: the profile decides which
// fields there are, how they are ordered and what the status line says.
func (x *exchange) appendHead(b []byte) []byte {
	r, p := &x.resp, x.prof
	reason := r.reason
	if reason == "" {
		reason = p.Reasons[r.code]
	}
	b = http1.AppendStatusLine(b, p.StatusVersion, r.code, reason)
	for _, h := range p.Orders[r.kind] {
		switch h {
		case hDate:
			b = append(b, "Date: "...)
			b = append(b, httpDate(x.now)...)
			b = append(b, "\r\n"...)
		case hContentLength:
			if r.size >= 0 && !r.noLength {
				b = append(b, "Content-Length: "...)
				b = strconv.AppendInt(b, r.size, 10)
				b = append(b, "\r\n"...)
			}
		case hWWWAuthenticate:
			for _, c := range r.challenges {
				b = http1.AppendField(b, "WWW-Authenticate", c)
			}
		case hCustom:
			for i := range r.custom {
				b = http1.AppendField(b, r.custom[i].Name, r.custom[i].Value)
			}
		default:
			if v := r.value[h]; v != "" {
				b = http1.AppendField(b, headerNames[h], v)
			}
		}
	}
	return append(b, "\r\n"...)
}

// write sends the response and counts its bytes. What it cannot send ends the
// connection; the log then says Win32 64, as IIS's does.
func (x *exchange) write() {
	if !x.gathered {
		x.writeAll()
	}
	x.closeFile()
	// Behind a pipelined request the next response goes out with this one.
	if !x.in.pending() || !x.body.Done() || !x.persist || len(x.out) > coalesce {
		x.flush()
	}
}

// coalesce is how many bytes of responses to pipelined requests are gathered
// before they are sent.
const coalesce = 16 << 10

func (x *exchange) writeAll() {
	if later := x.resp.later; later != nil {
		if err := later(); err != nil {
			x.server.serviceLog().Error("request failed", "client", x.conn.clientIP, "error", err)
			x.broken = true
			return
		}
	}
	if x.resp.stream != nil {
		x.streamHead()
	}
	x.head()
	switch {
	case !x.hasBody():
	case x.resp.stream != nil:
		x.writeStream()
	default:
		x.writeSegments()
	}
}

// small reports whether the whole response is in memory and short enough to be
// sent with one write(2) that does not wait.
func (x *exchange) small() bool {
	if x.resp.later != nil {
		return false
	}
	if !x.hasBody() {
		return true
	}
	if x.resp.stream != nil {
		return false
	}
	for i := range x.resp.body {
		if x.resp.body[i].mem == nil {
			return false
		}
	}
	return x.resp.size <= copyBody
}

// gather puts a small response behind what is to be sent.
func (x *exchange) gather() {
	x.writeAll()
	x.closeFile()
	x.gathered = true
}

// head puts the head of the response behind what is to be sent; HTTP/0.9 has
// none.
func (x *exchange) head() {
	if x.req.Proto == http1.HTTP09 {
		return
	}
	start := len(x.out)
	x.out = x.appendHead(x.out)
	x.sent += int64(len(x.out) - start)
}

// streamHead says how the end of a body of unknown size will be known: chunked
// if the client can read that, else the connection closes.
func (x *exchange) streamHead() {
	switch {
	case x.req.Proto == http1.HTTP11 && x.prof.HTTP11:
		x.resp.set(hTransferEncoding, "chunked")
	default:
		x.persist = false
		x.announceClose()
	}
}

// copyBody is the largest body in memory that is copied behind its head, so
// that both go out in one write(2).
const copyBody = 16 << 10

func (x *exchange) writeSegments() {
	r := &x.resp
	for i := range r.body {
		s := &r.body[i]
		switch {
		case s.mem != nil && len(s.mem) <= copyBody:
			x.out = append(x.out, s.mem...)
			x.sent += int64(len(s.mem))
		case s.mem != nil:
			x.expectSlow(s.n)
			x.sent += x.writev(s.mem)
		default:
			x.flush()
			x.sent += x.sendFile(s.off, s.n)
		}
		if x.broken {
			return
		}
	}
}

// writev sends what is buffered and then b with one system call, and returns
// how many bytes of b went out.
func (x *exchange) writev(b []byte) int64 {
	c := x.conn
	head := len(x.out)
	x.iov[0], x.iov[1] = x.out, b
	x.vec = x.iov[:]
	n, err := x.vec.WriteTo(c.Conn)
	x.iov = [2][]byte{}
	x.out = x.out[:0]
	if err != nil {
		x.broken = true
	}
	return max(0, n-int64(head))
}

// writeStream sends a body of unknown size, chunked if the client can read
// that, else until the connection closes.
func (x *exchange) writeStream() {
	counted := countingWriter{x: x}
	if x.resp.value[hTransferEncoding] == "" {
		if err := x.resp.stream(&counted); err != nil {
			x.broken = true
		}
		return
	}
	cw := http1.ChunkWriter{W: &counted}
	err := x.resp.stream(&cw)
	if err == nil {
		err = cw.Close()
	}
	if err != nil {
		x.broken = true
	}
}

// A countingWriter gathers a streamed body in the output buffer.
type countingWriter struct{ x *exchange }

func (w *countingWriter) Write(p []byte) (int, error) {
	x := w.x
	x.out = append(x.out, p...)
	x.sent += int64(len(p))
	if len(x.out) >= coalesce {
		x.flush()
	}
	if x.broken {
		return 0, net.ErrClosed
	}
	return len(p), nil
}

// flush sends what is buffered.
func (x *exchange) flush() {
	if len(x.out) == 0 {
		return
	}
	if !x.broken {
		x.expectSlow(int64(len(x.out)))
		if _, err := x.conn.Write(x.out); err != nil {
			x.broken = true
		}
	}
	x.out = x.out[:0]
}

// flushNow sends what is buffered without waiting; false means that the client
// does not take it yet.
func (x *exchange) flushNow() bool {
	for len(x.out) > 0 && !x.broken {
		n, err := writeNow(x.conn.fd, x.out)
		switch {
		case err == syscall.EAGAIN:
			return false
		case err != nil:
			x.broken = true
		case n == len(x.out):
			x.out = x.out[:0]
			return true
		default:
			x.out = x.out[:copy(x.out, x.out[n:])]
		}
	}
	x.out = x.out[:0]
	return true
}

// closeFile lets go of the file that was sent.
func (x *exchange) closeFile() {
	if f := x.resp.file; f != nil {
		f.Close()
		x.resp.file = nil
	}
}

// announceClose says in the response that the connection ends with it, in
// the words of the version: up to 3.0 nothing is said, and an HTTP/1.0 client
// that asked for nothing is told nothing before 6.0.
func (x *exchange) announceClose() {
	if !x.prof.HTTP11 {
		x.resp.set(hConnection, "")
		return
	}
	if x.req.Proto == http1.HTTP11 || x.req.KeepAlive || x.refused != nil || x.prof.kernel != nil {
		x.resp.set(hConnection, "close")
	}
}

// timeFormat is the one form of a date that is sent (RFC 9110, section 5.6.7).
const timeFormat = "Mon, 02 Jan 2006 15:04:05 GMT"

// dateText is the Date field of one second.
type dateText struct {
	unix int64
	text string
}

var lastDate atomic.Pointer[dateText]

// httpDate returns t as the Date field has it (RFC 9110, section 5.6.7). The
// text of a second is made once.
func httpDate(t time.Time) string {
	unix := t.Unix()
	if d := lastDate.Load(); d != nil && d.unix == unix {
		return d.text
	}
	d := &dateText{unix, t.UTC().Format(timeFormat)}
	lastDate.Store(d)
	return d.text
}
