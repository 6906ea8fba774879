package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"
)

// TestBench measures, it does not test: make bench runs it, with IISD_BENCH=1 for
// all rows or IISD_BENCH=static,ntlm for some. iisd and nginx serve the same
// files on the same machine in the same minutes, by turns; what counts is the CPU
// time that the processes of each say they used (proc(5), stat), because the
// load comes from the same cores. A line missing from a log, or a response that
// is not the file, fails it; a target missed is only said.
func TestBench(t *testing.T) {
	rows := os.Getenv("IISD_BENCH")
	if rows == "" {
		return
	}
	raiseFileLimit()
	b := &bench{t: t}
	b.table = tabwriter.NewWriter(&b.text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(b.table, "row\tiisd req/s\tnginx req/s\tiisd us/req\tnginx us/req\tiisd req/CPU s\tnginx req/CPU s\tratio\t(rounds)\ttarget\tmet\tlog lines / responses")
	for _, row := range []struct {
		name string
		run  func(*bench)
	}{
		{"static", (*bench).static}, {"static60", (*bench).static60}, {"ntlm", (*bench).ntlm},
		{"large", (*bench).large}, {"logon", (*bench).logon}, {"idle", (*bench).idle},
	} {
		if rows == "1" || slices.Contains(strings.Split(rows, ","), row.name) {
			fmt.Printf("%s ...\n", row.name)
			row.run(b)
		}
	}
	b.table.Flush()
	fmt.Printf("\n%s\n%s", &b.text, &b.notes)
	if f := b.t.Failed(); f {
		fmt.Println("some figures above are not to be trusted")
	}
}

const (
	benchRounds = 5
	benchTime   = 3 * time.Second         // of one round of one server; wrk takes whole seconds
	settleTime  = 1200 * time.Millisecond // for logs to be written, before CPU time is read
	smallFile   = "/1k.htm"
	largeFile   = "/50m.zip"
)

// A bench collects figures.
type bench struct {
	t     testing.TB
	text  bytes.Buffer
	table *tabwriter.Writer
	notes bytes.Buffer
}

// A contender is a running server.
type contender struct {
	name     string
	address  string
	pid      int
	stop     func() error // cleanly
	logs     string       // where its access log is
	requests int64        // answered in all rounds
	underWay int64        // requests that were cut off by the end of a round, at most
	rounds   []round
}

// A round is one measurement.
type round struct {
	requests int64
	wall     time.Duration
	cpu      time.Duration
}

func (r *round) perRequest() float64 { return r.cpu.Seconds() / float64(r.requests) * 1e6 }

// median returns the middle of what the rounds say.
func (c *contender) median(figure func(*round) float64) float64 {
	var all []float64
	for i := range c.rounds {
		all = append(all, figure(&c.rounds[i]))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

func (c *contender) cpuPerRequest() float64 { return c.median((*round).perRequest) }

func (c *contender) requestsPerSecond() float64 {
	return c.median(func(r *round) float64 { return float64(r.requests) / r.wall.Seconds() })
}

const benchMetabase = `
["/LM/W3SVC/1/ROOT"]
Path      = "wwwroot"
AuthFlags = "AuthAnonymous"
["/LM/W3SVC/1/ROOT/ntlm"]
Path      = "wwwroot"
AuthFlags = "AuthNTLM"
NTAuthenticationProviders = "NTLM"
`

// files makes the directory that both serve.
func (b *bench) files() (root string) {
	dir := b.t.TempDir()
	root = filepath.Join(dir, "wwwroot")
	for name, size := range map[string]int{smallFile: 1 << 10, largeFile: 50 << 20} {
		if err := os.MkdirAll(root, 0o755); err != nil {
			b.t.Fatal(err)
		}
		if err := os.WriteFile(root+name, bytes.Repeat([]byte("0123456789abcde\n"), size/16), 0o644); err != nil {
			b.t.Fatal(err)
		}
	}
	return root
}

// iisd starts iisd as a version.
func (b *bench) iisd(root, version string) *contender {
	s := startSite(b.t, siteConfig{version: version, metabase: strings.ReplaceAll(benchMetabase, `"wwwroot"`, strconv.Quote(root))})
	return &contender{name: "iisd", address: s.address, pid: s.daemon.cmd.Process.Pid, stop: s.stop, logs: filepath.Join(s.dir, "logs/W3SVC1")}
}

// nginxConf asks of nginx what iisd does: both processors, files kept open,
// connections without end, a log line with the same columns.
const nginxConf = `
daemon off;
worker_processes auto;
worker_rlimit_nofile 20000;
pid $DIR/nginx.pid;
error_log $DIR/error.log warn;
$USER
events { worker_connections 8192; }
http {
	types { text/html htm; application/x-zip-compressed zip; }
	sendfile on;
	tcp_nopush on;
	keepalive_timeout 120s;
	keepalive_requests 1000000000;
	open_file_cache max=1000 inactive=120s;
	open_file_cache_valid 60s;
	client_body_temp_path $DIR/body;
	proxy_temp_path $DIR/proxy;
	fastcgi_temp_path $DIR/fastcgi;
	scgi_temp_path $DIR/scgi;
	uwsgi_temp_path $DIR/uwsgi;
	log_format w3c '$time_iso8601 $server_addr $request_method $uri - $server_port $remote_user $remote_addr $http_user_agent $http_referer $status 0 0 $request_time';
	access_log $DIR/access.log w3c buffer=64k flush=1s;
	server {
		listen 127.0.0.1:$PORT;
		root $ROOT;
	}
}
`

// nginx starts nginx.
func (b *bench) nginx(root string) *contender {
	b.t.Helper()
	program := needs(b.t, "nginx", "nginx-light")
	dir := b.t.TempDir()
	port := strconv.Itoa(freePort())
	user := ""
	if os.Geteuid() == 0 {
		user = "user root;" // the directory is the test's alone
	}
	conf := strings.NewReplacer("$DIR", dir, "$PORT", port, "$ROOT", root, "$USER", user).Replace(nginxConf)
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		b.t.Fatal(err)
	}
	cmd := exec.Command(program, "-c", file, "-e", filepath.Join(dir, "error.log"))
	out := &growingLog{}
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	stop := sync.OnceValue(func() error {
		cmd.Process.Signal(syscall.SIGQUIT) // graceful
		return cmd.Wait()
	})
	b.t.Cleanup(func() { stop() })
	c := &contender{name: "nginx", address: "127.0.0.1:" + port, pid: cmd.Process.Pid, stop: stop, logs: dir}
	for deadline := time.Now().Add(startupWait); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("tcp", c.address)
		if err == nil {
			conn.Close()
			return c
		}
		if time.Now().After(deadline) {
			text, _ := os.ReadFile(filepath.Join(dir, "error.log"))
			b.t.Fatalf("nginx does not listen: %v\n%s%s", err, out, text)
		}
	}
}

// cpuTime returns the CPU time of a process and its children so far.
func (b *bench) cpuTime(pid int) time.Duration {
	b.t.Helper()
	ticks := b.ticks(pid)
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		b.t.Fatal(err)
	}
	for _, child := range strings.Fields(string(children)) {
		n, err := strconv.Atoi(child)
		if err != nil {
			b.t.Fatal(err)
		}
		ticks += b.ticks(n)
	}
	return time.Duration(ticks) * (time.Second / 100) // USER_HZ, the same on every Linux
}

// ticks returns utime + stime of a process (proc(5)).
func (b *bench) ticks(pid int) (n int64) {
	b.t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.t.Fatal(err)
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	for _, f := range fields[11:13] { // the 14th and 15th, counted with pid and name
		v, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			b.t.Fatal(err)
		}
		n += v
	}
	return n
}

// residentKB returns VmRSS of a process.
func (b *bench) residentKB(pid int) int64 {
	b.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.t.Fatal(err)
	}
	m := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(text)
	if m == nil {
		b.t.Fatalf("no VmRSS of process %d", pid)
	}
	n, _ := strconv.ParseInt(string(m[1]), 10, 64)
	return n
}

// measure runs one round: load returns how many requests were answered.
func (b *bench) measure(c *contender, load func() int64) {
	b.t.Helper()
	cpu, start := b.cpuTime(c.pid), time.Now()
	n := load()
	wall := time.Since(start)
	time.Sleep(settleTime) // what is left to do for the log counts too
	r := round{requests: n, wall: wall, cpu: b.cpuTime(c.pid) - cpu}
	if n == 0 || r.cpu == 0 {
		b.t.Fatalf("%s: %d requests in %v of CPU time", c.name, n, r.cpu)
	}
	c.requests += n
	c.rounds = append(c.rounds, r)
}

var wrkLine = regexp.MustCompile(`(\d+) requests in `)

// wrk loads a server with GETs over persistent connections.
func (b *bench) wrk(c *contender, path string, connections int) int64 {
	b.t.Helper()
	out, err := exec.Command(needs(b.t, "wrk", "wrk"), "-t2", fmt.Sprintf("-c%d", connections),
		fmt.Sprintf("-d%.0fs", benchTime.Seconds()), "--timeout", "20s", "http://"+c.address+path).CombinedOutput()
	m := wrkLine.FindSubmatch(out)
	if err != nil || m == nil || bytes.Contains(out, []byte("Non-2xx")) || bytes.Contains(out, []byte("Socket errors")) {
		b.t.Fatalf("wrk on %s: %v\n%s", c.name, err, out)
	}
	n, _ := strconv.ParseInt(string(m[1]), 10, 64)
	c.underWay += int64(connections)
	return n
}

// versus prints the row of a comparison. The ratio is that of the medians; beside
// it, the least and the greatest of a round to its neighbour.
func (b *bench) versus(name string, iisd, nginx *contender, target float64) {
	b.t.Helper()
	ratio := nginx.cpuPerRequest() / iisd.cpuPerRequest()
	least, most := 1e9, 0.0
	for i := range iisd.rounds {
		r := nginx.rounds[i].perRequest() / iisd.rounds[i].perRequest()
		least, most = min(least, r), max(most, r)
	}
	fmt.Fprintf(b.table, "%s\t%.0f\t%.0f\t%.2f\t%.2f\t%.0f\t%.0f\t%.2f\t(%.2f-%.2f)\t>= %.1f\t%s\t%s\n", name,
		iisd.requestsPerSecond(), nginx.requestsPerSecond(), iisd.cpuPerRequest(), nginx.cpuPerRequest(),
		1e6/iisd.cpuPerRequest(), 1e6/nginx.cpuPerRequest(), ratio, least, most, target, met(ratio >= target), b.finish(iisd))
	if err := nginx.stop(); err != nil {
		b.t.Errorf("nginx: %v", err)
	}
}

func met(ok bool) string {
	if ok {
		return "yes"
	}
	return "NO"
}

// finish stops a server and counts its log lines. Where wrk ended a round, requests
// that were under way are in the log and not in its count.
func (b *bench) finish(c *contender) string {
	b.t.Helper()
	if err := c.stop(); err != nil {
		b.t.Errorf("%s: %v", c.name, err)
	}
	lines := b.countLines(c.logs)
	if lines < c.requests || lines > c.requests+c.underWay {
		b.t.Errorf("%s has %d log lines for %d responses and up to %d under way", c.name, lines, c.requests, c.underWay)
	}
	if c.underWay > 0 {
		return fmt.Sprintf("%d / %d (+ up to %d)", lines, c.requests, c.underWay)
	}
	return fmt.Sprintf("%d / %d", lines, c.requests)
}

// countLines counts the lines of the logs in a directory that are not headings.
func (b *bench) countLines(dir string) (n int64) {
	b.t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.log"))
	if err != nil {
		b.t.Fatal(err)
	}
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			b.t.Fatal(err)
		}
		br := bufio.NewReaderSize(f, 1<<20)
		for start := true; ; {
			part, err := br.ReadSlice('\n')
			if start && len(part) > 0 && part[0] != '#' {
				n++
			}
			start = err == nil
			if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
				break
			}
		}
		f.Close()
	}
	return n
}

// static compares the 1 KB file, logging on.
func (b *bench) static() { b.small("1 KB static, as 10.0", "10.0") }

// static60 is the same as another version, whose head is larger.
func (b *bench) static60() { b.small("1 KB static, as 6.0", "6.0") }

func (b *bench) small(name, version string) {
	root := b.files()
	iisd, nginx := b.iisd(root, version), b.nginx(root)
	for range benchRounds {
		b.measure(iisd, func() int64 { return b.wrk(iisd, smallFile, 64) })
		b.measure(nginx, func() int64 { return b.wrk(nginx, smallFile, 64) })
	}
	b.versus(name, iisd, nginx, 1.2)
}

// large compares the 50 MB file. The generator below ends a round with whole
// answers; the files that wrk gives up half-way would count as work for nothing.
func (b *bench) large() {
	root := b.files()
	iisd, nginx := b.iisd(root, "10.0"), b.nginx(root)
	b.generated("50 MB file", iisd, nginx, 1.0,
		b.connect(iisd, largeFile, 4, nil), b.connect(nginx, largeFile, 4, nil))
}

// generated runs the rounds of a row whose load comes from the generator.
func (b *bench) generated(name string, iisd, nginx *contender, target float64, ofIISD, ofNginx []*benchConn) {
	time.Sleep(settleTime)
	for range benchRounds {
		b.measure(iisd, func() int64 { return b.generate(ofIISD) })
		b.measure(nginx, func() int64 { return b.generate(ofNginx) })
	}
	for _, c := range append(ofIISD, ofNginx...) {
		c.Close()
	}
	b.versus(name, iisd, nginx, target)
}

// A benchConn is a client connection of the generator: it sends one request
// again and again, and knows how long the answer is.
type benchConn struct {
	*rawConn
	request []byte
	size    int // of an answer: only its date changes
	buf     []byte
}

// benchClient logs on before it sends anything else, if it is to.
func benchClient(address, path string, n *ntlmClient) (c *benchConn, responses int64, err error) {
	raw, err := dialRaw(address)
	if err != nil {
		return nil, 0, err
	}
	if n != nil {
		r, err := n.logon(raw, path)
		if err != nil {
			return nil, 0, err
		}
		if r.code != 200 {
			return nil, 0, fmt.Errorf("logon: %v", r)
		}
		responses = 2
	}
	c = &benchConn{rawConn: raw, request: []byte(request("GET", path, ""))}
	if _, err := c.Write(c.request); err != nil {
		return nil, 0, err
	}
	length := 0
	for line := ""; line != "\r\n"; {
		if line, err = c.br.ReadString('\n'); err != nil {
			return nil, 0, err
		}
		c.size += len(line)
		if v, ok := strings.CutPrefix(line, "Content-Length: "); ok {
			if length, err = strconv.Atoi(strings.TrimSpace(v)); err != nil {
				return nil, 0, err
			}
		}
	}
	if _, err := io.CopyN(io.Discard, c.br, int64(length)); err != nil {
		return nil, 0, err
	}
	c.size += length
	c.buf = make([]byte, min(c.size, 256<<10))
	c.SetDeadline(time.Time{})
	return c, responses + 1, nil
}

// once sends the request and reads the answer.
func (c *benchConn) once() error {
	if _, err := c.Write(c.request); err != nil {
		return err
	}
	n := 0
	for got := 0; got < c.size; got += n {
		var err error
		if n, err = c.Conn.Read(c.buf); err != nil {
			return err
		}
		if got == 0 && !bytes.HasPrefix(c.buf[:n], []byte("HTTP/1.1 200 OK\r\n")) || got+n > c.size {
			return fmt.Errorf("the answer is %.100q", c.buf[:n])
		}
	}
	if c.buf[n-1] != '\n' {
		return fmt.Errorf("the answer ends in %q", c.buf[n-1])
	}
	return nil
}

// connect opens the generator's connections.
func (b *bench) connect(c *contender, path string, connections int, n *ntlmClient) []*benchConn {
	b.t.Helper()
	var clients []*benchConn
	for range connections {
		client, responses, err := benchClient(c.address, path, n)
		if err != nil {
			b.t.Fatalf("%s: %v", c.name, err)
		}
		c.requests += responses
		clients = append(clients, client)
	}
	return clients
}

// generate sends requests over the connections for the time of a round. Each ends
// with a whole answer, so the count is exact.
func (b *bench) generate(clients []*benchConn) int64 {
	b.t.Helper()
	var total atomic.Int64
	var stop atomic.Bool
	timer := time.AfterFunc(benchTime, func() { stop.Store(true) })
	defer timer.Stop()
	var running sync.WaitGroup
	for _, c := range clients {
		running.Go(func() {
			n := int64(0)
			for !stop.Load() {
				if err := c.once(); err != nil {
					b.t.Error(err)
					break
				}
				n++
			}
			total.Add(n)
		})
	}
	running.Wait()
	return total.Load()
}

// ntlm compares the 1 KB file behind NTLM, on connections that are authenticated,
// with nginx's anonymous one, both by the same generator.
func (b *bench) ntlm() {
	root := b.files()
	iisd, nginx := b.iisd(root, "10.0"), b.nginx(root)
	b.generated("1 KB behind NTLM / nginx anonymous", iisd, nginx, 1.0,
		b.connect(iisd, "/ntlm"+smallFile, 64, aliceClient()), b.connect(nginx, smallFile, 64, nil))
}

// logon compares a whole NTLMv2 logon, three requests on a fresh connection, with
// one static request.
func (b *bench) logon() {
	root := b.files()
	iisd := b.iisd(root, "10.0")
	static := &contender{name: "iisd", address: iisd.address, pid: iisd.pid}
	for range benchRounds {
		b.measure(static, func() int64 { return b.wrk(static, smallFile, 64) })
		b.measure(iisd, func() int64 { return b.logons(iisd) })
	}
	ratio := iisd.cpuPerRequest() / static.cpuPerRequest()
	least, most := 1e9, 0.0
	for i := range iisd.rounds {
		r := iisd.rounds[i].perRequest() / static.rounds[i].perRequest()
		least, most = min(least, r), max(most, r)
	}
	perSecond := iisd.requestsPerSecond()
	iisd.requests = 3*iisd.requests + static.requests
	iisd.underWay = static.underWay
	fmt.Fprintf(&b.notes, "NTLMv2 logon (connection, 3 requests): %.0f logons/s, %.1f us of CPU each; static request %.2f us; ratio %.1f (%.1f-%.1f), target <= 12, met: %s; log lines / responses: %s\n",
		perSecond, iisd.cpuPerRequest(), static.cpuPerRequest(), ratio, least, most, met(ratio <= 12), b.finish(iisd))
}

// logons logs on over fresh connections for the time of a round.
func (b *bench) logons(c *contender) int64 {
	var total atomic.Int64
	var clients sync.WaitGroup
	end := time.Now().Add(benchTime)
	for range 64 { // as many clients as the static request has
		clients.Go(func() {
			n := aliceClient()
			for time.Now().Before(end) {
				if err := oneLogon(c.address, n); err != nil {
					b.t.Error(err)
					return
				}
				total.Add(1)
			}
		})
	}
	clients.Wait()
	return total.Load()
}

func oneLogon(address string, n *ntlmClient) error {
	c, err := dialRaw(address)
	if err != nil {
		return err
	}
	defer c.Close()
	r, err := c.get("/ntlm"+smallFile, "")
	if err != nil {
		return err
	}
	if r.code != 401 {
		return fmt.Errorf("without credentials: %v", r)
	}
	if r, err = n.logon(c, "/ntlm"+smallFile); err != nil {
		return err
	}
	if r.code != 200 {
		return fmt.Errorf("logon: %v", r)
	}
	return nil
}

// idle measures what connections cost that have logged on and say nothing more.
func (b *bench) idle() {
	const connections = 10000
	iisd := b.iisd(b.files(), "10.0")
	warm := b.connect(iisd, "/ntlm"+smallFile, 16, aliceClient())
	time.Sleep(settleTime)
	before := b.residentKB(iisd.pid)

	clients := make([]*rawConn, connections)
	var next atomic.Int64
	var workers sync.WaitGroup
	for range 64 {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < connections; i = next.Add(1) - 1 {
				c, err := dialRaw(iisd.address)
				if err == nil {
					clients[i] = c
					var r *reply
					if r, err = aliceClient().logon(c, "/ntlm"+smallFile); err == nil && r.code != 200 {
						err = fmt.Errorf("logon: %v", r)
					}
				}
				if err != nil {
					b.t.Error(err)
					return
				}
			}
		})
	}
	workers.Wait()
	if b.t.Failed() {
		b.t.FailNow()
	}
	iisd.requests += 2 * connections
	perConnection := func() float64 { return float64(b.residentKB(iisd.pid)-before) / connections }
	atOnce := perConnection()
	time.Sleep(15 * time.Second)
	soon := perConnection()
	time.Sleep(45 * time.Second)
	late := perConnection()
	for i := 0; i < connections; i += 100 { // they are still who they were
		r, err := clients[i].get("/ntlm"+smallFile, "")
		if err != nil || r.code != 200 {
			b.t.Errorf("after a minute: %v %v", r, err)
		}
		iisd.requests++
	}
	for _, c := range clients {
		c.Close()
	}
	for _, c := range warm {
		c.Close()
	}
	fmt.Fprintf(&b.notes, "%d idle authenticated connections: resident memory grew from %d KB by %.1f KB each at once, %.1f KB after 15 s, %.1f KB after 60 s; target <= 8 KB after 15 s, met: %s; log lines / responses: %s\n",
		connections, before, atOnce, soon, late, met(soon <= 8), b.finish(iisd))
}
