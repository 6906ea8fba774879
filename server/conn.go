package server

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"iisd/authn"
	"iisd/server/http1"
)

// A phase is what a connection waits for; the keeper ends those that wait too
// long and names the cause as HTTPERR does.
type phase uint32

const (
	phaseFresh   phase = iota // the first request, or the next one on a fresh goroutine
	phaseIdle                 // the next request
	phaseRefresh              // as phaseIdle, and the keeper has asked for a fresh goroutine
	phaseHead                 // the rest of a head
	phaseBody                 // more of a body
	phaseWrite                // the client to take the response
	phaseLinger               // the client to notice that the connection is closing
)

// timerReasons are the s-reason values of HTTPERR for connections that waited
// too long (KB 820729).
var timerReasons = [...]string{
	phaseFresh: "Timer_ConnectionIdle",
	phaseIdle:  "Timer_ConnectionIdle",
	phaseHead:  "Timer_HeaderWait",
	phaseBody:  "Timer_EntityBody",
	phaseWrite: "Timer_MinBytesPerSecond",
}

// A conn is one client connection. NTLM authenticates the connection, so the
// authentication state is a field and goes with it.
//
// Between requests it holds no buffer: x is nil, and a goroutine with a small
// stack waits for the socket to become readable.
type conn struct {
	net.Conn
	raw      syscall.RawConn // of the socket; nil where TLS reads it
	server   *Server
	listener *listener
	client   netip.AddrPort
	local    netip.AddrPort
	clientIP string // as logged
	localIP  string

	auth authn.Conn
	site string // ID of the site the last request was for

	state   *state // snapshot of the last request, for what follows from it
	place   place
	counted *siteCount // the site this connection counts for

	x         *exchange
	receive   func(fd uintptr) bool // reads what is there, see readable
	readErr   error
	idleNanos int64 // ConnectionTimeout

	phase    atomic.Uint32
	deadline atomic.Int64 // when the keeper steps in, in Unix nanoseconds; 0: never
	waking   sync.Mutex   // held while the keeper asks for a fresh goroutine
	seen     int64        // the keeper's: deadline when it last looked
	looks    int          // and how often it has seen that
	linger   bool         // the client may still be sending: close gently
}

// touch notes what the connection waits for from now on, and how long it may.
func (c *conn) touch(p phase, deadline int64) {
	c.phase.Store(uint32(p))
	c.deadline.Store(deadline)
}

// serve answers the requests of the connection, one after the other, until
// either side closes it.
func (c *conn) serve() {
	for {
		if c.x == nil {
			if err := c.await(); err != nil {
				if c.refreshing() && errors.Is(err, os.ErrDeadlineExceeded) {
					go c.serve()
					return
				}
				c.ended(err)
				break
			}
		}
		if !c.next() {
			break
		}
		if !c.x.in.pending() {
			c.server.release(c.x)
			c.x = nil
		}
	}
	c.close()
}

// refreshing reports whether the keeper has asked an idle connection to go on
// with a fresh goroutine, and takes note of it. The stack that the last request
// needed goes back, so ten thousand idle connections stay small.
func (c *conn) refreshing() bool {
	if c.phase.Load() != uint32(phaseRefresh) {
		return false
	}
	c.waking.Lock() // until the keeper has set its deadline
	defer c.waking.Unlock()
	c.Conn.SetDeadline(time.Time{})
	c.phase.Store(uint32(phaseFresh))
	return true
}

// await blocks until the client has sent something. No buffer is held while it
// waits.
func (c *conn) await() error {
	if c.raw == nil {
		x := c.server.acquire()
		n, err := c.Conn.Read(x.in.buf)
		if n == 0 {
			c.server.release(x)
			return err
		}
		x.in.w = n
		c.x = x
		return nil
	}
	c.readErr = nil
	if err := c.raw.Read(c.receive); err != nil {
		return err
	}
	return c.readErr
}

// readable takes a buffer and reads into it what the socket has; false makes
// the runtime wait until it has something.
func (c *conn) readable(fd uintptr) bool {
	x := c.server.acquire()
	for {
		n, err := syscall.Read(int(fd), x.in.buf)
		switch {
		case n > 0:
			x.in.w = n
			c.x = x
			return true
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
			c.server.release(x)
			return false
		}
		c.server.release(x)
		c.readErr = io.EOF
		if err != nil {
			c.readErr = err
		}
		return true
	}
}

// next reads one request, answers it and logs it. It reports whether the
// connection goes on.
func (c *conn) next() bool {
	x := c.x
	c.refreshing()
	x.begin(c)
	err := c.readHead(x)
	var gone *goneError
	if errors.As(err, &gone) {
		c.ended(gone.err)
		return false
	}
	if err == nil {
		err = x.guard()
	}
	st := x.outcome(err)
	if err != nil {
		x.fail(st, err)
	}
	x.settle()
	x.write()
	x.finish()
	x.log(st, err)
	c.linger = c.linger || !x.body.Done()
	return x.persist && !x.broken
}

// A goneError is a connection that ended before a whole request had arrived.
type goneError struct{ err error }

func (e *goneError) Error() string { return e.err.Error() }

// readHead reads up to the end of the request's head.
func (c *conn) readHead(x *exchange) error {
	x.in.begin()
	limits := x.limits()
	for {
		n, err := x.req.Parse(x.in.buffered(), limits)
		if err != nil {
			x.received = int64(x.in.w - x.in.r)
			x.in.r = x.in.w // nothing behind it can be trusted
			x.persist = false
			c.linger = true
			return err
		}
		if n > 0 {
			x.in.r += n
			x.in.head = x.in.r
			x.received = int64(n)
			x.body.Reset(x, &x.req, -1)
			return nil
		}
		if c.phase.Load() <= uint32(phaseRefresh) {
			c.touch(phaseHead, x.now.UnixNano()+c.idleNanos)
		}
		x.flush()
		x.in.grow()
		got, err := c.Conn.Read(x.in.buf[x.in.w:])
		if got == 0 && err != nil {
			return &goneError{err}
		}
		x.in.w += got
	}
}

// ended notes why a connection ended between requests or in the middle of a
// head: what the keeper ended goes to HTTPERR from 6.0 on.
func (c *conn) ended(err error) {
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return
	}
	p := phase(c.phase.Load())
	if int(p) < len(timerReasons) && timerReasons[p] != "" {
		c.server.connError(c, timerReasons[p])
	}
}

// close ends the connection. Where the client may still be sending, the
// response is given time to arrive before the socket says no: a reset would
// take it from the client's hands (RFC 9112, section 9.6).
func (c *conn) close() {
	if c.x != nil {
		c.x.flush()
	}
	if c.linger {
		c.lingerClose()
	}
	c.Conn.Close()
	c.auth.Drop()
	if c.x != nil {
		c.server.release(c.x)
		c.x = nil
	}
	c.server.forget(c)
}

// lingerClose closes the sending half and drops what still arrives, for a
// bounded time and number of bytes.
func (c *conn) lingerClose() {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	c.touch(phaseLinger, 0)
	c.Conn.SetReadDeadline(time.Now().Add(lingerTime))
	var sink [4 << 10]byte
	for left := lingerBytes; left > 0; {
		n, err := c.Conn.Read(sink[:])
		if err != nil {
			return
		}
		left -= n
	}
}

const (
	lingerTime  = 2 * time.Second
	lingerBytes = 4 << 20
)

// tlsState returns what TLS agreed on, nil without TLS.
func (c *conn) tlsState() *tls.ConnectionState {
	t, ok := c.Conn.(*tls.Conn)
	if !ok {
		return nil
	}
	st := t.ConnectionState()
	return &st
}

var _ http1.Source = (*exchange)(nil)

// Buffered returns the bytes received and not yet read (http1.Source).
func (x *exchange) Buffered() []byte { return x.in.buffered() }

// Consume drops n of them.
func (x *exchange) Consume(n int) { x.in.r += n }

// Fill receives more of a body. A client that was told to wait for
// 100 Continue is told first.
func (x *exchange) Fill() error {
	c := x.conn
	x.continueBody()
	x.flush()
	if x.broken {
		return net.ErrClosed
	}
	room := x.in.roomForBody()
	c.touch(phaseBody, x.server.clock().UnixNano()+c.idleNanos)
	n, err := c.Conn.Read(room)
	x.in.w += n
	if n > 0 {
		return nil
	}
	return err
}
