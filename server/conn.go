package server

import (
	"errors"
	"net"
	"net/netip"
	"sync/atomic"
	"syscall"
	"time"

	"iisd/authn"
	"iisd/server/http1"
	"iisd/server/status"
)

// A phase is what a connection waits for; the keeper ends those that wait too
// long and names the cause as HTTPERR does.
type phase uint32

const (
	phaseIdle   phase = iota // the next request, in the poller's care
	phaseRun                 // nothing: a request is being answered
	phaseHead                // the rest of a head
	phaseBody                // more of a body
	phaseWrite               // the client to take the response
	phaseClosed              // nothing any more
)

// timerReasons are the s-reason values of HTTPERR for connections that waited
// too long (KB 820729).
var timerReasons = [...]string{
	phaseIdle:  "Timer_ConnectionIdle",
	phaseHead:  "Timer_HeaderWait",
	phaseBody:  "Timer_EntityBody",
	phaseWrite: "Timer_MinBytesPerSecond",
}

// A conn is one client connection. NTLM authenticates the connection, so the
// authentication state is a field and goes with it.
//
// Between requests it holds neither buffer nor goroutine: the poller waits for
// it. A request that may have to wait, for its own rest, for a body or for a
// client that takes its time, gets a goroutine until it is answered.
type conn struct {
	net.Conn
	fd       int     // of the socket, for calls that do not wait
	poller   *poller // nil where TLS reads the socket: then a goroutine waits
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

	x         *exchange // the request under way, nil between requests
	idleNanos int64     // ConnectionTimeout

	phase    atomic.Uint32
	missed   atomic.Bool  // bytes have arrived while somebody had the connection
	hungUp   atomic.Bool  // the client has ended its side, which is told only once
	deadline atomic.Int64 // when the keeper steps in, in Unix nanoseconds; 0: never
	queued   atomic.Int64 // bytes the socket held when its client was last waited for, -1: not known
	linger   bool         // the client may still be sending: close gently
}

// touch notes what the connection waits for from now on, and how long it may.
func (c *conn) touch(p phase, deadline int64) {
	c.deadline.Store(deadline)
	c.phase.Store(uint32(p))
}

// follow makes the connection go by a snapshot.
func (c *conn) follow(st *state) {
	c.state = st
	c.place = st.place(c.local, c.listener.secure)
	c.idleNanos = c.place.first.idleNanos
}

// take makes the caller the one who has the connection; nobody else may touch
// it until it is back in the poller's care.
func (c *conn) take(from phase) bool {
	return c.phase.CompareAndSwap(uint32(from), uint32(phaseRun))
}

// ready reads what has arrived on an idle connection and answers it as far as
// nothing makes it wait. The poller calls it for each arrival, and whoever
// gives the connection back calls it once, for what has arrived meanwhile.
func (c *conn) ready() {
	defer c.survive()
	c.missed.Store(true)
	for round := 0; c.take(phaseIdle); round++ {
		if round == fairRounds { // others wait too
			c.idle()
			go c.ready()
			return
		}
		c.missed.Store(false)
		x := c.server.acquire()
		n, err := readNow(c.fd, x.in.buf)
		more := n == len(x.in.buf)
		switch {
		case n > 0:
			x.in.w = n
			c.x = x
			if !c.answer() {
				return
			}
			if more || c.hungUp.Load() { // than one buffer took, or the end
				c.missed.Store(true)
			}
		case err == syscall.EAGAIN:
			c.server.release(x)
		default: // the client has closed, or is gone
			c.server.release(x)
			c.close()
			return
		}
		c.idle()
		if !c.missed.Load() {
			return
		}
	}
}

// fairRounds is how many buffers of requests a connection is answered in one go.
const fairRounds = 8

// idle puts the connection back into the poller's care.
func (c *conn) idle() { c.phase.Store(uint32(phaseIdle)) }

// answer answers the requests in the buffer without waiting. It reports false
// when the connection has ended or has gone to a goroutine of its own.
func (c *conn) answer() (goesOn bool) {
	x := c.x
	for x.in.pending() {
		x.begin(c)
		x.in.begin()
		n, err := x.req.Parse(x.in.buffered(), x.limits())
		if n == 0 || err != nil || !x.atOnce() {
			x.flushNow()
			go c.serve()
			return false
		}
		x.took(n)
		st, err := x.decide(nil)
		if !x.small() {
			go c.deliver(st, err)
			return false
		}
		x.gather()
		if (!x.in.pending() || !x.persist || len(x.out) > coalesce) && !x.flushNow() {
			go c.deliver(st, err)
			return false
		}
		x.log(st, err)
		if !x.persist || x.broken {
			c.linger = c.linger || x.in.pending()
			if c.linger {
				go c.close()
			} else {
				c.close()
			}
			return false
		}
	}
	c.rest()
	return true
}

// rest lets go of the exchange that has ended and begins the idle time.
func (c *conn) rest() {
	c.deadline.Store(c.x.now.UnixNano() + c.idleNanos)
	c.server.release(c.x)
	c.x = nil
}

// survive keeps a fault in one connection from the others.
func (c *conn) survive() {
	if p := recover(); p != nil {
		c.server.panicked(c, p)
		go c.close()
	}
}

// serve answers requests that may have to wait, until the connection is idle
// or ends.
func (c *conn) serve() {
	defer c.survive()
	c.Conn.SetDeadline(time.Time{}) // what the keeper may have set too late
	for {
		if c.x == nil {
			if c.await() != nil {
				break
			}
		}
		if !c.next() {
			break
		}
		if !c.x.in.pending() {
			c.rest()
			if c.poller != nil {
				c.idle()
				c.ready()
				return
			}
		}
	}
	c.close()
}

// deliver sends a response that has been decided on and goes on with serve.
func (c *conn) deliver(st status.Status, err error) {
	defer c.survive()
	c.Conn.SetDeadline(time.Time{})
	if !c.x.deliver(st, err) {
		c.close()
		return
	}
	if c.x.in.pending() {
		c.serve()
		return
	}
	c.rest()
	c.idle()
	c.ready()
}

// await blocks until a client that speaks TLS has sent something.
func (c *conn) await() error {
	x := c.server.acquire()
	c.idle()
	n, err := c.Conn.Read(x.in.buf)
	if n == 0 {
		c.server.release(x)
		return err
	}
	c.phase.Store(uint32(phaseRun))
	x.in.w = n
	c.x = x
	return nil
}

// next reads one request, answers it and logs it. It reports whether the
// connection goes on.
func (c *conn) next() bool {
	x := c.x
	x.begin(c)
	err := c.readHead(x)
	if err == errGone {
		return false
	}
	st, err := x.decide(err)
	return x.deliver(st, err)
}

// decide makes the response of a request, err being what was wrong with its
// head.
func (x *exchange) decide(err error) (status.Status, error) {
	if err == nil {
		err = x.guard()
	}
	st := x.outcome(err)
	if err != nil {
		x.fail(st, err)
	}
	x.settle()
	return st, err
}

// deliver sends the response and logs it, and reports whether the connection
// goes on.
func (x *exchange) deliver(st status.Status, err error) bool {
	x.write()
	x.finish()
	x.log(st, err)
	x.conn.linger = x.conn.linger || !x.body.Done()
	return x.persist && !x.broken
}

// atOnce reports whether a request can be answered without waiting for the
// client: it is whole.
func (x *exchange) atOnce() bool {
	return x.req.ContentLength <= 0 && !x.req.Chunked
}

// took notes that the head, of n bytes, has been read.
func (x *exchange) took(n int) {
	x.in.r += n
	x.in.head = x.in.r
	x.received = int64(n)
	x.body.Reset(x, &x.req, -1)
}

// errGone is a connection that ended before a whole head had arrived.
var errGone = errors.New("the client is gone")

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
			x.took(n)
			return nil
		}
		if c.phase.Load() != uint32(phaseHead) {
			c.touch(phaseHead, x.now.UnixNano()+c.headNanos())
		}
		x.flush()
		x.in.grow()
		got, err := c.Conn.Read(x.in.buf[x.in.w:])
		if got == 0 && err != nil {
			return errGone
		}
		x.in.w += got
	}
}

// headNanos returns how long a head may take to arrive: HeaderWaitTimeout, or
// ConnectionTimeout where that is not set.
func (c *conn) headNanos() int64 {
	if t := c.place.first.Node.HeaderWaitTimeout; t > 0 {
		return int64(t) * int64(time.Second)
	}
	return c.idleNanos
}

// close ends the connection. Where the client may still be sending, the
// response is given time to arrive before the socket says no: a reset would
// take it from the client's hands (RFC 9112, section 9.6).
func (c *conn) close() {
	if c.x != nil {
		c.x.flush()
		c.x.closeFile()
	}
	c.touch(phaseClosed, 0)
	if c.linger {
		c.lingerClose()
	}
	if c.poller != nil {
		c.poller.remove(c)
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
	lingerBytes = drainBudget
)

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
