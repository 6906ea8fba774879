package server

import (
	"os"
	"sync"
	"syscall"
	"unsafe"
)

// A poller waits for the idle connections it looks after, all at once, and
// answers requests that nothing makes wait in its own goroutine. An idle
// connection so has neither goroutine nor buffer, and an ordinary request costs
// one read(2), one write(2) and its share of an epoll_wait(2).
type poller struct {
	epoll int
	file  *os.File        // of epoll: the runtime waits for it
	raw   syscall.RawConn // of file
	batch [pollBatch]syscall.EpollEvent
	ready []*conn

	mu    sync.Mutex
	conns map[int32]*conn // by descriptor
}

const pollBatch = 128

// newPoller starts a poller.
func newPoller() (*poller, error) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	if err := syscall.SetNonblock(fd, true); err != nil {
		syscall.Close(fd)
		return nil, os.NewSyscallError("fcntl", err)
	}
	p := &poller{epoll: fd, file: os.NewFile(uintptr(fd), "epoll"), conns: map[int32]*conn{}}
	if p.raw, err = p.file.SyscallConn(); err != nil {
		p.file.Close()
		return nil, err
	}
	go p.run()
	return p, nil
}

// run answers until the poller is closed.
func (p *poller) run() {
	n := 0
	wait := func(fd uintptr) bool {
		n = epollNow(int(fd), &p.batch)
		return n != 0
	}
	for {
		if err := p.raw.Read(wait); err != nil {
			return
		}
		p.mu.Lock()
		for i := range max(n, 0) {
			if c := p.conns[p.batch[i].Fd]; c != nil {
				if p.batch[i].Events&(syscall.EPOLLRDHUP|syscall.EPOLLHUP|syscall.EPOLLERR) != 0 {
					c.hungUp.Store(true)
				}
				p.ready = append(p.ready, c)
			}
		}
		p.mu.Unlock()
		for i, c := range p.ready {
			c.ready()
			p.ready[i] = nil
		}
		p.ready = p.ready[:0]
	}
}

// add has the poller look after a connection. Every arrival of bytes is told
// once (EPOLLET), so a connection that somebody else reads must be looked at
// when it comes back; see conn.park.
func (p *poller) add(c *conn) error {
	p.mu.Lock()
	p.conns[int32(c.fd)] = c
	p.mu.Unlock()
	e := syscall.EpollEvent{Fd: int32(c.fd), Events: syscall.EPOLLIN | syscall.EPOLLRDHUP | epollET}
	if err := syscall.EpollCtl(p.epoll, syscall.EPOLL_CTL_ADD, c.fd, &e); err != nil {
		p.remove(c)
		return os.NewSyscallError("epoll_ctl", err)
	}
	return nil
}

const epollET = 1 << 31 // syscall.EPOLLET is negative

// remove forgets a connection; closing its descriptor takes it out of the
// kernel's list.
func (p *poller) remove(c *conn) {
	p.mu.Lock()
	if p.conns[int32(c.fd)] == c {
		delete(p.conns, int32(c.fd))
	}
	p.mu.Unlock()
}

// close ends the poller.
func (p *poller) close() { p.file.Close() }

// The calls below never block: the descriptors are non-blocking and epoll does
// not wait. So the scheduler need not hear of them, which RawSyscall spares.

// epollNow returns how many events there are now, -1 on failure.
func epollNow(fd int, events *[pollBatch]syscall.EpollEvent) int {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_EPOLL_PWAIT, uintptr(fd), uintptr(unsafe.Pointer(events)), pollBatch, 0, 0, 0)
	switch errno {
	case 0:
		return int(n)
	case syscall.EINTR:
		return 0
	}
	return -1
}

// unsent returns how many bytes a socket holds that the other side has not
// acknowledged.
func unsent(fd int) int64 {
	var n int32
	_, _, errno := syscall.RawSyscall(syscall.SYS_IOCTL, uintptr(fd), syscall.TIOCOUTQ, uintptr(unsafe.Pointer(&n)))
	if errno != 0 {
		return 0
	}
	return int64(n)
}

// readNow reads what a socket has received.
func readNow(fd int, b []byte) (int, error) {
	for {
		n, _, errno := syscall.RawSyscall(syscall.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
		switch errno {
		case 0:
			return int(n), nil
		case syscall.EINTR:
			continue
		}
		return 0, errno
	}
}

// writeNow writes what a socket takes.
func writeNow(fd int, b []byte) (int, error) {
	for {
		n, _, errno := syscall.RawSyscall(syscall.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
		switch errno {
		case 0:
			return int(n), nil
		case syscall.EINTR:
			continue
		}
		return 0, errno
	}
}
