package server

import (
	"io"
	"os"
	"syscall"
	"time"
)

// sendChunk is how much of a file one sendfile(2) is asked to send.
const sendChunk = 4 << 20

// sendFile sends n bytes of the response's file from off on, and returns how
// many went out. A client that takes nothing for ConnectionTimeout, or less
// than MinFileBytesPerSec over a longer time, is let go of (Q301310, KB 820729).
func (x *exchange) sendFile(off, n int64) int64 {
	f := x.resp.file.Handle()
	if f == nil || x.broken {
		x.broken = true
		return 0
	}
	t := transfer{x: x, file: f, off: off, left: n, start: x.server.clock()}
	t.progress()
	var err error
	if x.conn.poller != nil {
		err = t.sendfile()
	} else {
		err = t.copy()
	}
	if err != nil || t.left > 0 { // the client is gone or too slow, or the file has shrunk
		x.broken = true
	}
	return n - t.left
}

// A transfer is a part of a file on its way to the client.
type transfer struct {
	x     *exchange
	file  *os.File
	off   int64
	left  int64
	sent  int64
	start time.Time
}

// progress gives the client time for the next piece.
func (t *transfer) progress() time.Time {
	now := t.x.server.clock()
	t.x.conn.queued.Store(-1)
	t.x.conn.touch(phaseWrite, now.UnixNano()+t.x.conn.idleNanos)
	return now
}

// tooSlow reports whether the client takes less than MinFileBytesPerSec, once
// ConnectionTimeout has passed.
func (t *transfer) tooSlow() bool {
	took := t.progress().Sub(t.start)
	return took > time.Duration(t.x.conn.idleNanos) && t.sent < int64(took.Seconds())*int64(t.x.node.MinFileBytesPerSec)
}

// sendfile has the kernel copy file to socket.
func (t *transfer) sendfile() error {
	raw, err := t.x.conn.Conn.(syscall.Conn).SyscallConn()
	if err != nil {
		return err
	}
	src, err := t.file.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	waited := raw.Write(func(socket uintptr) (done bool) {
		err := src.Control(func(file uintptr) { done, failed = t.push(int(socket), int(file)) })
		if err != nil {
			failed = err
			return true
		}
		return done
	})
	if waited != nil {
		return waited
	}
	return failed
}

// push sends until the socket takes no more; done means that there is nothing to
// wait for.
func (t *transfer) push(socket, file int) (done bool, err error) {
	for t.left > 0 {
		n, err := syscall.Sendfile(socket, file, &t.off, int(min(t.left, sendChunk)))
		switch {
		case n > 0:
			t.left -= int64(n)
			t.sent += int64(n)
			t.progress()
		case err == syscall.EINTR:
		case err == syscall.EAGAIN:
			if t.tooSlow() {
				return true, os.ErrDeadlineExceeded
			}
			t.x.conn.queued.Store(unsent(socket))
			return false, nil
		case err != nil:
			return true, err
		default: // the file ends before it should
			return true, io.ErrUnexpectedEOF
		}
	}
	return true, nil
}

// copy sends through TLS.
func (t *transfer) copy() error {
	buf := make([]byte, 64<<10)
	for t.left > 0 {
		n, err := t.file.ReadAt(buf[:min(t.left, int64(len(buf)))], t.off)
		if n == 0 {
			return err
		}
		if _, err := t.x.conn.Write(buf[:n]); err != nil {
			return err
		}
		t.off += int64(n)
		t.left -= int64(n)
		t.sent += int64(n)
		if t.tooSlow() {
			return os.ErrDeadlineExceeded
		}
	}
	return nil
}

// expectSlow gives the client time to take n bytes from memory: what
// MinFileBytesPerSec grants them, and never less than ConnectionTimeout.
func (x *exchange) expectSlow(n int64) {
	limit := x.conn.idleNanos
	if x.node != nil && x.node.MinFileBytesPerSec > 0 {
		limit = max(limit, n/int64(x.node.MinFileBytesPerSec)*int64(time.Second))
	}
	x.conn.queued.Store(-1)
	x.conn.touch(phaseWrite, x.server.clock().UnixNano()+limit)
}
