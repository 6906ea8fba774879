// Package server serves the sites of a metabase over HTTP the way IIS does.
package server

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"iisd/authn"
	"iisd/metabase"
	"iisd/server/content"
)

// A Server serves every site of a metabase. A connection belongs to a listener;
// each request finds its site by address and Host field, and profile, log and
// authorities come with the site. Fields must not change once Start is called.
type Server struct {
	Metabase *metabase.Store
	Log      *slog.Logger     // service log; nil: none
	Clock    func() time.Time // nil: time.Now
	Rand     io.Reader        // source of challenges; nil: crypto/rand

	state    atomic.Pointer[state]
	draining atomic.Bool
	logs     logSet
	roots    rootSet
	cache    *content.Cache
	pool     sync.Pool // of *exchange

	mu      sync.Mutex
	pollers []*poller
	turn    atomic.Uint32 // of the poller that gets the next connection

	listeners map[endpointKey]*listener
	conns     map[*conn]struct{}
	counts    map[string]*siteCount
	lockouts  map[lockoutKey]*authn.Lockout
	stopped   chan struct{} // closed when the server stops
	done      sync.WaitGroup
}

// A listener accepts connections for an address, or for every address of a port.
type listener struct {
	net.Listener
	key    endpointKey
	secure bool
}

// A siteCount counts the connections of a site, for MaxConnections.
type siteCount struct{ n atomic.Int64 }

// clock returns the time.
func (s *Server) clock() time.Time {
	if s.Clock != nil {
		return s.Clock()
	}
	return time.Now()
}

var discard = slog.New(slog.DiscardHandler)

// serviceLog returns the service log.
func (s *Server) serviceLog() *slog.Logger {
	if s.Log != nil {
		return s.Log
	}
	return discard
}

// Start prepares the sites of the metabase and listens on their bindings. An
// error names what to mend; nothing is left listening then.
func (s *Server) Start() error {
	s.listeners = map[endpointKey]*listener{}
	s.conns = map[*conn]struct{}{}
	s.stopped = make(chan struct{})
	for range runtime.GOMAXPROCS(0) {
		p, err := newPoller()
		if err != nil {
			return err
		}
		s.pollers = append(s.pollers, p)
	}
	if err := s.prepare(); err != nil {
		return err
	}
	if err := s.listen(s.state.Load()); err != nil {
		s.closeListeners(nil)
		s.logs.close()
		return err
	}
	s.done.Add(1)
	go s.keep()
	return nil
}

// prepare makes everything that requests need, short of sockets.
func (s *Server) prepare() error {
	s.counts = map[string]*siteCount{}
	s.lockouts = map[lockoutKey]*authn.Lockout{}
	tree := s.Metabase.Tree()
	s.cache = content.NewCache(cacheBytes, cacheFile, changeNumber(tree.File()))
	s.pool.New = func() any {
		x := &exchange{out: make([]byte, 0, inputSize)}
		x.in.buf = make([]byte, inputSize)
		return x
	}
	st, err := s.newState(tree)
	if err != nil {
		return err
	}
	s.state.Store(st)
	return nil
}

const (
	cacheBytes = 64 << 20  // of files kept in memory
	cacheFile  = 256 << 10 // of the largest file kept
)

// changeNumber returns the change number that ends ETags up to 6.0: it stays
// the same as long as the metabase does.
func changeNumber(file string) uint32 {
	fi, err := os.Stat(file)
	if err != nil {
		return 1
	}
	return uint32(fi.ModTime().Unix())&0xfff | 0x1000
}

// Reload takes over the metabase as it is now on disk. Requests under way keep
// the snapshot they began with; only listeners whose bindings changed start or
// stop. If anything is wrong, everything stays as it was.
func (s *Server) Reload() error {
	if problems := s.Metabase.Reload(); hasError(problems) {
		return problemError(problems)
	}
	st, err := s.newState(s.Metabase.Tree())
	if err != nil {
		return err
	}
	if err := s.listen(st); err != nil {
		return err
	}
	s.state.Store(st)
	s.closeListeners(st)
	s.renew(st)
	s.logs.settle()
	return nil
}

// renew has idle connections let go of the snapshot before, which may be large.
func (s *Server) renew(st *state) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		if c.poller == nil || !c.take(phaseIdle) {
			continue
		}
		c.follow(st)
		c.idle()
		if c.missed.Load() {
			go c.ready()
		}
	}
}

func hasError(problems []metabase.Problem) bool {
	for i := range problems {
		if !problems[i].Warning {
			return true
		}
	}
	return false
}

// problemError returns the errors among problems as one.
func problemError(problems []metabase.Problem) error {
	var errs []error
	for i := range problems {
		if !problems[i].Warning {
			errs = append(errs, errors.New(problems[i].String()))
		}
	}
	return errors.Join(errs...)
}

// wanted returns the addresses to listen on: a binding to every address of a
// port takes in those to single ones.
func (st *state) wanted() map[endpointKey]bool {
	want := map[endpointKey]bool{}
	for k := range st.endpoints {
		if _, every := st.endpoints[endpointKey{netip.Addr{}, k.port, k.secure}]; every {
			k.addr = netip.Addr{}
		}
		want[k] = true
	}
	return want
}

// compare orders endpoints by port and address.
func (k endpointKey) compare(other endpointKey) int {
	return cmp.Or(cmp.Compare(k.port, other.port), k.addr.Compare(other.addr))
}

// listen starts the listeners that a snapshot needs and that do not run yet.
func (s *Server) listen(st *state) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var started []*listener
	var gone []endpointKey // listeners that had to go for new ones
	absent := 0
	for _, k := range slices.SortedFunc(maps.Keys(st.wanted()), endpointKey.compare) {
		if s.listeners[k] != nil {
			continue
		}
		l, err := s.replaceListener(k, st, &gone)
		if err != nil && missing(err) && len(st.endpoints) > 1 {
			s.serviceLog().Error("binding left out: "+err.Error(), "sites", "the other bindings go on")
			absent++
			continue
		}
		if err != nil {
			for _, l := range started {
				delete(s.listeners, l.key)
				l.Close()
			}
			s.restore(gone)
			return err
		}
		s.listeners[k] = l
		started = append(started, l)
	}
	if len(s.listeners) == 0 {
		s.restore(gone)
		return fmt.Errorf("none of the %d bindings can be listened on", absent)
	}
	for _, l := range started {
		s.serviceLog().Info("listening", "address", l.Addr().String(), "tls", l.secure)
		s.done.Add(1)
		go s.accept(l)
	}
	return nil
}

// replaceListener opens the socket of a binding. Where that fails because
// listeners of the same port are in the way that are no longer wanted, as when a
// site comes to be bound to every address, they go first; gone notes them.
func (s *Server) replaceListener(k endpointKey, st *state, gone *[]endpointKey) (*listener, error) {
	l, err := listenOn(k)
	if !errors.Is(err, syscall.EADDRINUSE) {
		return l, err
	}
	want := st.wanted()
	inTheWay := false
	for other, old := range s.listeners {
		if other.port == k.port && !want[other] {
			old.Close()
			delete(s.listeners, other)
			*gone = append(*gone, other)
			inTheWay = true
		}
	}
	if !inTheWay {
		return nil, err
	}
	return listenOn(k)
}

// restore listens again where a refused reload has stopped listening.
func (s *Server) restore(gone []endpointKey) {
	for _, k := range gone {
		l, err := listenOn(k)
		if err != nil {
			s.serviceLog().Error("a binding is lost until the next reload", "error", err)
			continue
		}
		s.listeners[k] = l
		s.done.Add(1)
		go s.accept(l)
	}
}

// listenOn opens the socket of a binding.
func listenOn(k endpointKey) (*listener, error) {
	host := ""
	if k.addr.IsValid() {
		host = k.addr.String()
	}
	address := net.JoinHostPort(host, strconv.Itoa(int(k.port)))
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w%s", address, err, advice(err))
	}
	return &listener{Listener: l, key: k, secure: k.secure}, nil
}

// missing reports whether an address is none of this machine's: a site goes on
// with its other bindings then, as on a machine without IPv6.
func missing(err error) bool {
	return errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT)
}

// advice says what to do about an address that cannot be had.
func advice(err error) string {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return "; another program has it: stop that or change ServerBindings"
	case errors.Is(err, syscall.EACCES):
		return "; ports below 1024 need root or CAP_NET_BIND_SERVICE, as the systemd unit gives it"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return "; this machine has no such address: change ServerBindings"
	}
	return ""
}

// closeListeners stops those that a snapshot no longer needs, all for nil.
func (s *Server) closeListeners(st *state) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var want map[endpointKey]bool
	if st != nil {
		want = st.wanted()
	}
	for k, l := range s.listeners {
		if !want[k] {
			l.Close()
			delete(s.listeners, k)
			s.serviceLog().Info("released", "address", l.Addr().String())
		}
	}
}

// accept takes in the connections of a listener until it is closed.
func (s *Server) accept(l *listener) {
	defer s.done.Done()
	var pause time.Duration
	for {
		nc, err := l.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			// Out of descriptors or memory: those who are in go on, and
			// the next try is soon.
			if pause == 0 {
				s.serviceLog().Error("cannot accept connections", "address", l.Addr().String(), "error", err)
			}
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			select {
			case <-time.After(pause):
			case <-s.stopped:
			}
			continue
		}
		pause = 0
		s.admitConn(l, nc)
	}
}

// admitConn makes a connection of an accepted socket and serves it.
func (s *Server) admitConn(l *listener, nc net.Conn) {
	c := &conn{Conn: nc, server: s, listener: l}
	c.client = addrPort(nc.RemoteAddr())
	c.local = addrPort(nc.LocalAddr())
	c.clientIP, c.localIP = c.client.Addr().String(), c.local.Addr().String()
	c.follow(s.state.Load())
	if err := c.prepare(); err != nil {
		s.serviceLog().Error("cannot take a connection", "client", c.clientIP, "error", err)
		nc.Close()
		return
	}
	c.countFor(c.place.first)
	c.touch(phaseIdle, s.clock().UnixNano()+c.idleNanos)
	s.done.Add(1)
	s.mu.Lock()
	s.conns[c] = struct{}{}
	s.mu.Unlock()
	if c.poller == nil {
		go c.serve()
		return
	}
	if err := c.poller.add(c); err != nil {
		s.serviceLog().Error("cannot take a connection", "client", c.clientIP, "error", err)
		c.close()
	}
}

// prepare finds the poller that will look after a new connection; there is none
// where TLS has to read it.
func (c *conn) prepare() error {
	s := c.server
	if c.listener.secure {
		c.Conn = tls.Server(c.Conn, s.tlsConfig(c))
		return nil
	}
	sc, ok := c.Conn.(syscall.Conn)
	if !ok {
		return errors.New("not a socket")
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return err
	}
	if err := raw.Control(func(fd uintptr) { c.fd = int(fd) }); err != nil {
		return err
	}
	c.poller = s.pollers[s.turn.Add(1)%uint32(len(s.pollers))]
	return nil
}

func addrPort(a net.Addr) netip.AddrPort {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	ap := t.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap().WithZone(""), ap.Port())
}

// forget drops a connection that has closed.
func (s *Server) forget(c *conn) {
	if c.counted != nil {
		c.counted.n.Add(-1)
		c.counted = nil
	}
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
	s.done.Done()
}

// countFor makes the connection count for a site, and for no other (Q321561).
func (c *conn) countFor(site *site) {
	if c.counted == site.count {
		return
	}
	if c.counted != nil {
		c.counted.n.Add(-1)
	}
	c.counted = site.count
	c.counted.n.Add(1)
}

// countOf returns the count of a site, which outlives reloads.
func (s *Server) countOf(id string) *siteCount {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.counts[id]
	if n == nil {
		n = &siteCount{}
		s.counts[id] = n
	}
	return n
}

// A lockoutKey tells apart the lockout policies that count failed logons.
type lockoutKey struct {
	file                        string
	threshold, duration, window uint32
}

// lockout returns the count of failed logons of an account database; it
// outlives reloads that do not change the policy.
func (s *Server) lockout(n *metabase.Node) *authn.Lockout {
	if n.LockoutThreshold == 0 {
		return nil
	}
	k := lockoutKey{n.Accounts, n.LockoutThreshold, n.LockoutDuration, n.LockoutWindow}
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lockouts[k]
	if l == nil {
		l = &authn.Lockout{
			Threshold: int(k.threshold),
			Duration:  time.Duration(k.duration) * time.Second,
			Window:    time.Duration(k.window) * time.Second,
		}
		s.lockouts[k] = l
	}
	return l
}

// tlsConfig returns what a connection's handshake goes by: HTTP/1.1 only, since
// authentication that is bound to a connection has no meaning on HTTP/2.
func (s *Server) tlsConfig(c *conn) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"http/1.1"},
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			p := s.state.Load().place(c.local, true)
			site := p.site(lowerHost(hello.ServerName))
			if site == nil || site.cert == nil {
				site = p.first
			}
			if site.cert == nil {
				return nil, errors.New("no certificate for this address")
			}
			return site.cert, nil
		},
	}
}

// acquire returns an exchange with its buffers.
func (s *Server) acquire() *exchange { return s.pool.Get().(*exchange) }

// release takes an exchange back; one that has grown is dropped.
func (s *Server) release(x *exchange) {
	if len(x.in.buf) != inputSize || cap(x.out) > 2*coalesce {
		return
	}
	x.in.r, x.in.w, x.in.head = 0, 0, 0
	x.out = x.out[:0]
	x.conn = nil
	s.pool.Put(x)
}

// keepInterval is how often the keeper looks after the connections.
const keepInterval = 250 * time.Millisecond

// keep ends connections that wait too long. It looks after all of them at once,
// so that an ordinary request sets no timer.
func (s *Server) keep() {
	defer s.done.Done()
	tick := time.NewTicker(keepInterval)
	defer tick.Stop()
	for {
		select {
		case <-s.stopped:
			return
		case <-tick.C:
		}
		now := s.clock().UnixNano()
		s.mu.Lock()
		for c := range s.conns {
			c.look(now)
		}
		s.mu.Unlock()
	}
}

// look ends the connection if its time is up: itself if nobody has it, else by
// waking who waits for the client.
func (c *conn) look(now int64) {
	p := phase(c.phase.Load()) // before the deadline: touch stores that first
	deadline := c.deadline.Load()
	if deadline == 0 || now <= deadline || p == phaseRun || p == phaseClosed {
		return
	}
	if c.poller != nil && p == phaseIdle {
		if c.take(phaseIdle) {
			c.server.connError(c, timerReasons[phaseIdle])
			go c.close()
		}
		return
	}
	if p == phaseWrite && c.draining() {
		c.deadline.CompareAndSwap(deadline, now+c.first().idleNanos)
		return
	}
	if !c.deadline.CompareAndSwap(deadline, 0) {
		return // it goes on just now
	}
	c.server.connError(c, timerReasons[p])
	c.Conn.SetDeadline(past)
}

// draining reports whether a client that nothing could be written to for a while
// has yet taken what the socket held, at MinFileBytesPerSec or faster: the
// kernel asks for more only when much has gone. It then has as long again.
func (c *conn) draining() bool {
	if c.poller == nil {
		return false
	}
	held := c.queued.Load()
	holds := unsent(c.fd)
	c.queued.Store(holds)
	first := c.first()
	least := max(1, int64(first.Node.MinFileBytesPerSec)*first.idleNanos/int64(time.Second))
	return holds > 0 && (held < 0 || held-holds >= least)
}

// first returns the site that rules the connection's address now; the keeper
// may ask while somebody has the connection.
func (c *conn) first() *site {
	return c.server.state.Load().place(c.local, c.listener.secure).first
}

// past is a deadline that has been.
var past = time.Unix(1, 0)

// Shutdown stops listening, lets requests under way finish and closes idle
// connections. When ctx ends, what is left is cut off. All log lines are in the
// files when it returns.
func (s *Server) Shutdown(ctx context.Context) error {
	s.draining.Store(true)
	s.closeListeners(nil)
	close(s.stopped)
	all := make(chan struct{})
	go func() {
		s.done.Wait()
		close(all)
	}()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	var err error
wait:
	for {
		s.wake(err != nil)
		select {
		case <-all:
			break wait
		case <-ctx.Done():
			err = ctx.Err()
			s.wake(true)
			select { // until the last of them has seen it
			case <-all:
				break wait
			case <-tick.C:
			}
		case <-tick.C:
		}
	}
	for _, p := range s.pollers {
		p.close()
	}
	return errors.Join(err, s.logs.close())
}

// wake ends the connections that are idle, or every one.
func (s *Server) wake(every bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		switch {
		case c.poller != nil && c.take(phaseIdle):
			go c.close()
		case every:
			c.Conn.SetDeadline(past)
		case c.poller == nil && c.phase.Load() == uint32(phaseIdle):
			c.Conn.SetReadDeadline(past)
		}
	}
}

// Files returns the files the server was configured from: a change of any of
// them is a reason to reload.
func (s *Server) Files() []string {
	st := s.state.Load()
	files := []string{st.tree.File()}
	for _, site := range st.sites {
		for _, f := range []string{site.Node.Accounts, site.Node.SecureCertificate, site.Node.SecureKey} {
			if f != "" && !slices.Contains(files, f) {
				files = append(files, f)
			}
		}
	}
	return files
}
