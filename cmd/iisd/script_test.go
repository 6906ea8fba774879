package main

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/rogpeppe/go-internal/txtar"
)

// The scenarios of testdata/script are written for someone who administers IIS:
// a metabase, some files, commands, and what status, header and log line should
// come of them. These are the commands beside testscript's own.
//
//	site VERSION [PROPERTY=VALUE...]
//		Starts iisd on metabase.toml as this version of IIS ("-": as the file
//		says) and sets $SITE, $HOST, $PORT, $PID. What the file leaves out is
//		added, see completeMetabase; $PORT, $PORT2 and so on in the file become
//		free ports. A running iisd is stopped first. "! site" expects that iisd
//		refuses to start; its words are then in stderr.
//	shutdown
//		Stops iisd with SIGTERM; it must leave with exit code 0.
//	send [-raw] FILE...
//		Sends FILE on a connection of its own, line ends as CRLF, $HOST and
//		$PORT replaced. Reads until the server closes, falls silent for two
//		seconds, or has answered each request of the file. Further files go
//		out on the same connection, each after the answer to the one before.
//		The answer is in stdout, followed by the line "(closed)" or "(open)"
//		in stderr. With -raw, line ends stay bare LF, and \r \n \t \0 \xHH \\
//		and backslash-newline (nothing) are understood.
//	reply FILE
//		Compares what the last send received with FILE: line ends as LF,
//		the values of Date, Last-Modified, ETag and NTLM tokens as *, the address
//		of the site as $HOST. go test -run Script -update rewrites FILE.
//	logged [-site N] [LINE...]
//		Waits for the lines of the access log that are new since the last
//		logged, and compares them: method, stem, user, status, substatus and
//		Win32 status, by the names in #Fields. A version without substatus
//		leaves that word out; a LINE may end early. Without LINE: nothing
//		was logged.
//	httperr [LINE...]
//		The same for HTTPERR: method, URI, status and reason.
//	rawlog [-site N] [-mask] COUNT
//		Puts the whole access log into stdout as soon as it holds COUNT
//		entries. With -mask, line ends are LF and values that differ from run to
//		run are <date>, <time> and <agent>.
//	servicelog [-count=N] REGEX
//		Waits for a match in the service log since iisd was started.
//
// The original is tested with the same files: go test -run Script/NAME -against
// http://server sends everything to a real IIS, whose directory was set up as
// the scenario's metabase says; its logs are not looked at.
var scenarioCommands = map[string]func(*testscript.TestScript, bool, []string){
	"site":       cmdSite,
	"shutdown":   cmdShutdown,
	"send":       cmdSend,
	"reply":      cmdReply,
	"logged":     cmdLogged,
	"httperr":    cmdHTTPErr,
	"rawlog":     cmdRawLog,
	"servicelog": cmdServiceLog,
}

var (
	update  = flag.Bool("update", false, "rewrite the expected files of scenarios")
	against = flag.String("against", "", "confirm mode: `URL` of a real IIS that the scenarios are run against")
)

const (
	scriptDir   = "testdata/script"
	startupWait = 15 * time.Second // for the daemon to listen, on a busy machine
	stopWait    = 15 * time.Second // for it to leave after SIGTERM
	logWait     = 15 * time.Second // for lines to come; the contract promises one second to light traffic
	silence     = 3 * time.Second  // without lines, where none is to come
	idleWait    = 2 * time.Second  // silence that ends the reading of an incomplete reply
	settleWait  = 200 * time.Millisecond
)

func TestMain(m *testing.M) {
	code := m.Run()
	if binaryDir != "" {
		os.RemoveAll(binaryDir)
	}
	os.Exit(code)
}

func TestScript(t *testing.T) {
	bin, err := iisdBinary()
	if err != nil {
		t.Fatal(err)
	}
	repo, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                scriptDir,
		Cmds:               scenarioCommands,
		RequireUniqueNames: true,
		UpdateScripts:      *update,
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", filepath.Dir(bin)+string(os.PathListSeparator)+env.Getenv("PATH"))
			env.Setenv("REPO", repo)
			s := &scenario{
				tb:      env.T().(testing.TB),
				dir:     env.WorkDir,
				ports:   map[string]int{},
				seen:    map[string]int{},
				updates: map[string]string{},
			}
			env.Values[scenarioKey{}] = s
			env.Defer(s.end)
			return nil
		},
	})
}

// binaryDir holds the program under test; set once by iisdBinary.
var binaryDir string

// iisdBinary builds iisd, once for all tests of this package, and returns the
// name of the executable. Scenarios need real processes: signals, exit codes
// and the state of the machine are part of what they look at.
var iisdBinary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "iisd-test")
	if err != nil {
		return "", err
	}
	binaryDir = dir
	bin := filepath.Join(dir, "iisd")
	if out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("building iisd: %v\n%s", err, out)
	}
	return bin, nil
})

// A scenario is the state of one script: its daemon, its ports, and how far its
// logs have been read.
type scenario struct {
	tb      testing.TB
	dir     string
	daemon  *daemon
	ports   map[string]int    // by the name of the variable: "PORT", "PORT2"
	seen    map[string]int    // entries already compared, by log file
	sent    string            // what the last send received
	source  string            // the metabase as the script has it
	written string            // and as the last site completed it
	updates map[string]string // expected files to rewrite
}

type scenarioKey struct{}

func scenarioOf(ts *testscript.TestScript) *scenario {
	return ts.Value(scenarioKey{}).(*scenario)
}

// end stops the daemon, and rewrites the script's expected files if asked to.
// It runs outside any command, where only tb may report.
func (s *scenario) end() {
	if err := s.stop(); err != nil {
		s.tb.Error(err)
	}
	if len(s.updates) == 0 {
		return
	}
	file := filepath.Join(scriptDir, filepath.Base(s.tb.Name())+".txtar")
	archive, err := txtar.ParseFile(file)
	if err != nil {
		s.tb.Error(err)
		return
	}
	for i, f := range archive.Files {
		if text, ok := s.updates[f.Name]; ok {
			archive.Files[i].Data = []byte(text)
		}
	}
	if err := os.WriteFile(file, txtar.Format(archive), 0o666); err != nil {
		s.tb.Error(err)
	}
}

// stop ends the daemon, if one runs, and says what was wrong with its end.
func (s *scenario) stop() error {
	d := s.daemon
	s.daemon = nil
	if d == nil {
		return nil
	}
	err := d.stop()
	if log := d.log.String(); regexp.MustCompile(`(?m)^panic:|panic=|DATA RACE|^goroutine \d+ \[`).MatchString(log) {
		err = errors.Join(err, errors.New("the service log holds a panic or a race"))
	}
	if err != nil {
		return fmt.Errorf("%w; service log:\n%s", err, d.log.String())
	}
	return nil
}

// A daemon is one running iisd.
type daemon struct {
	cmd    *exec.Cmd
	log    *growingLog   // standard error
	exited chan struct{} // closed once err is set
	err    error
}

func startDaemon(dir, metabase string, env []string) (*daemon, error) {
	bin, err := iisdBinary()
	if err != nil {
		return nil, err
	}
	d := &daemon{
		cmd:    exec.Command(bin, "serve", "--metabase", metabase),
		log:    &growingLog{},
		exited: make(chan struct{}),
	}
	d.cmd.Dir = dir
	d.cmd.Env = env
	d.cmd.Stdout = d.log
	d.cmd.Stderr = d.log
	// Should the test process die, its daemons must not stay behind.
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := d.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		d.err = d.cmd.Wait()
		close(d.exited)
	}()
	return d, nil
}

// listening waits until the daemon says that it listens on every port.
func (d *daemon) listening(ports []int) error {
	ready := func() bool {
		log := d.log.String()
		for _, port := range ports {
			if !regexp.MustCompile(fmt.Sprintf(`(?m)listening .*address="?\S*:%d\b`, port)).MatchString(log) {
				return false
			}
		}
		return true
	}
	deadline := time.Now().Add(startupWait)
	for !ready() {
		select {
		case <-d.exited:
			return fmt.Errorf("iisd left before it listened (%v)", d.err)
		case <-time.After(5 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("iisd does not say that it listens on %v", ports)
		}
	}
	return nil
}

// stop sends SIGTERM and waits. Anything but exit code 0 is an error.
func (d *daemon) stop() error {
	select {
	case <-d.exited:
		return fmt.Errorf("iisd had already left (%v)", d.err)
	default:
	}
	if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-d.exited:
		if d.err != nil {
			return fmt.Errorf("iisd after SIGTERM: %w", d.err)
		}
		return nil
	case <-time.After(stopWait):
		d.cmd.Process.Kill()
		<-d.exited
		return fmt.Errorf("iisd did not leave within %v of SIGTERM", stopWait)
	}
}

// A growingLog collects what a process writes and may be read meanwhile.
type growingLog struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *growingLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *growingLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// cmdSite starts the daemon on the scenario's metabase.
func cmdSite(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) == 0 {
		ts.Fatalf("usage: site VERSION [PROPERTY=VALUE...]")
	}
	s := scenarioOf(ts)
	if *against != "" {
		setSite(ts, strings.TrimSuffix(*against, "/"))
		return
	}
	ts.Check(s.stop())
	s.skipLogged()

	file := filepath.Join(s.dir, "metabase.toml")
	ts.Check(s.writeMetabase(file, args[0], args[1:]))
	ts.Check(s.writeAccounts())

	d, err := startDaemon(s.dir, file, []string{"PATH=" + ts.Getenv("PATH"), "TMPDIR=" + ts.Getenv("TMPDIR"), "GOTRACEBACK=all"})
	ts.Check(err)
	err = d.listening(slices.Collect(maps.Values(s.ports)))
	if neg {
		if err == nil {
			s.daemon = d
			ts.Fatalf("iisd started")
		}
		<-d.exited
		if d.cmd.ProcessState.ExitCode() != 1 {
			ts.Fatalf("iisd left with %v, not with exit code 1", d.err)
		}
		io.WriteString(ts.Stderr(), d.log.String())
		return
	}
	if err != nil {
		d.cmd.Process.Kill()
		<-d.exited
		ts.Fatalf("%v\nmetabase:\n%s\nservice log:\n%s", err, s.written, d.log.String())
	}
	s.daemon = d
	ts.Setenv("PID", strconv.Itoa(d.cmd.Process.Pid))
	setSite(ts, fmt.Sprintf("http://127.0.0.1:%d", s.ports["PORT"]))
	for name, port := range s.ports {
		ts.Setenv(name, strconv.Itoa(port))
	}
}

func setSite(ts *testscript.TestScript, site string) {
	u, err := url.Parse(site)
	if err != nil || u.Host == "" {
		ts.Fatalf("%q is not the URL of a site", site)
	}
	port := u.Port()
	if port == "" {
		port = "80"
	}
	ts.Setenv("SITE", site)
	ts.Setenv("HOST", u.Host)
	ts.Setenv("PORT", port)
}

// writeMetabase completes the script's metabase. What an earlier site added is
// forgotten; what the script itself changed since then counts.
func (s *scenario) writeMetabase(file, version string, properties []string) error {
	text, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if s.written == "" || string(text) != s.written {
		s.source = string(text)
	}
	complete, err := completeMetabase(s.source, version, properties)
	if err != nil {
		return err
	}
	s.written = s.expandPorts(complete)
	return os.WriteFile(file, []byte(s.written), 0o600)
}

func cmdShutdown(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: shutdown")
	}
	if *against == "" {
		ts.Check(scenarioOf(ts).stop())
	}
}

// defaultAccounts is the account database of scenarios that bring none.
const defaultAccounts = `[[Account]]
Name     = 'CORP\alice'
Password = "secret"
Groups   = ['CORP\staff']

[[Account]]
Name     = 'CORP\bob'
Password = "hunter2"

[[Account]]
Name     = 'carol'
Password = "local"
`

func (s *scenario) writeAccounts() error {
	file := filepath.Join(s.dir, "accounts.toml")
	if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
		return os.WriteFile(file, []byte(defaultAccounts), 0o600)
	}
	return os.Chmod(file, 0o600)
}

// columnsBefore60 are logged on 4.0 and 5.x unless the scenario sets
// LogExtFileFlags: the default columns of those versions show neither the user
// nor the Win32 status, so logged would be blind. LogExtFileFlags=default
// leaves the property unset.
const columnsBefore60 = "LogExtFileDate | LogExtFileTime | LogExtFileClientIp | LogExtFileUserName | LogExtFileMethod" +
	" | LogExtFileUriStem | LogExtFileUriQuery | LogExtFileHttpStatus | LogExtFileWin32Status"

// serviceProperties are set at the service by "site"; all others at the site.
var serviceProperties = []string{
	"Accounts", "Authorities", "ComputerName", "DigestNonceKey", "EmulatedVersion", "LockoutDuration", "LockoutThreshold",
	"LockoutWindow", "MaxFieldLength", "MaxRequestBytes",
}

// completeMetabase adds to the text of a metabase what a scenario need not
// say: the version, a computer name, accounts, a binding on $PORT, the log
// directory, a root. The properties given as NAME=VALUE replace those of the file.
func completeMetabase(text, version string, properties []string) (string, error) {
	const service, site, root = "/LM/W3SVC", "/LM/W3SVC/1", "/LM/W3SVC/1/ROOT"
	m := splitTables(text)
	m.propose(service, "ComputerName", `"WEB1"`)
	m.propose(service, "Accounts", `"accounts.toml"`)
	m.propose(service, "LogFileDirectory", `"logs"`)
	m.propose(site, "ServerBindings", `["127.0.0.1:$PORT:"]`)
	m.propose(root, "Path", `"wwwroot"`)
	if version != "-" {
		m.set(service, "EmulatedVersion", strconv.Quote(version))
	}
	defaultColumns := false
	for _, p := range properties {
		name, value, ok := strings.Cut(p, "=")
		if !ok {
			return "", fmt.Errorf("%q is not PROPERTY=VALUE", p)
		}
		if p == "LogExtFileFlags=default" {
			defaultColumns = true
			m.remove("LogExtFileFlags")
			continue
		}
		key := site
		if slices.Contains(serviceProperties, name) {
			key = service
		}
		m.set(key, name, tomlValue(value))
	}
	if slices.Contains([]string{"4.0", "4.0 SP6", "4.0 SP6a", "5.0", "5.1"}, version) && !defaultColumns && !m.has("LogExtFileFlags") {
		m.set(service, "LogExtFileFlags", strconv.Quote(columnsBefore60))
	}
	return m.String(), nil
}

// tomlValue writes a value given on a command line as TOML: numbers, booleans
// and arrays as they are, anything else as a string.
func tomlValue(s string) string {
	if regexp.MustCompile(`^(-?\d+|0x[0-9A-Fa-f]+|true|false|\[.*\])$`).MatchString(s) {
		return s
	}
	return "'" + s + "'"
}

// A tables is the text of a metabase, cut before each table header.
type tables []*table

type table struct {
	key   string // "" for what stands before the first header
	lines []string
}

var (
	tableHeader = regexp.MustCompile(`^\s*\[\s*["']([^"']+)["']\s*\]`)
	assignment  = regexp.MustCompile(`^\s*([A-Za-z][A-Za-z0-9]*)\s*=`)
)

func splitTables(text string) *tables {
	all := tables{{}}
	for line := range strings.Lines(text) {
		if m := tableHeader.FindStringSubmatch(line); m != nil {
			all = append(all, &table{key: m[1]})
		}
		last := all[len(all)-1]
		last.lines = append(last.lines, strings.TrimSuffix(line, "\n"))
	}
	return &all
}

func (m *tables) String() string {
	var b strings.Builder
	for _, t := range *m {
		for _, line := range t.lines {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// find returns the table of a key, or nil.
func (m *tables) find(key string) *table {
	for _, t := range *m {
		if strings.EqualFold(t.key, key) {
			return t
		}
	}
	return nil
}

// assigns reports whether a line sets a property.
func assigns(line, name string) bool {
	m := assignment.FindStringSubmatch(line)
	return m != nil && strings.EqualFold(m[1], name)
}

func (m *tables) has(name string) bool {
	return slices.ContainsFunc(*m, func(t *table) bool {
		return slices.ContainsFunc(t.lines, func(l string) bool { return assigns(l, name) })
	})
}

func (m *tables) remove(name string) {
	for _, t := range *m {
		t.lines = slices.DeleteFunc(t.lines, func(l string) bool { return assigns(l, name) })
	}
}

// set gives a property of a key its value, whatever the file says.
func (m *tables) set(key, name, value string) {
	t := m.find(key)
	if t == nil {
		t = &table{key: key, lines: []string{fmt.Sprintf("[%q]", key)}}
		*m = append(*m, t)
	}
	t.lines = slices.DeleteFunc(t.lines, func(l string) bool { return assigns(l, name) })
	t.lines = slices.Insert(t.lines, 1, name+" = "+value)
}

// propose sets a property unless the key has it.
func (m *tables) propose(key, name, value string) {
	t := m.find(key)
	if t == nil || !slices.ContainsFunc(t.lines, func(l string) bool { return assigns(l, name) }) {
		m.set(key, name, value)
	}
}

var portVariable = regexp.MustCompile(`\$PORT\d?\b`)

// expandPorts puts free ports in place of $PORT, $PORT2 and so on. A name keeps
// its port for the whole scenario.
func (s *scenario) expandPorts(text string) string {
	return portVariable.ReplaceAllStringFunc(text, func(v string) string {
		name := v[1:]
		if s.ports[name] == 0 {
			s.ports[name] = freePort()
		}
		return strconv.Itoa(s.ports[name])
	})
}

var (
	portsMu   sync.Mutex
	portsUsed = map[int]bool{}
)

// freePort returns a TCP port of 127.0.0.1 that nobody listens on and that no
// other test of this process was given. It lies below the range from which the
// kernel takes the ports of outgoing connections, so that no client of another
// scenario can get there first.
func freePort() int {
	portsMu.Lock()
	defer portsMu.Unlock()
	for {
		port := 20000 + rand.IntN(12000)
		if portsUsed[port] {
			continue
		}
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		l.Close()
		portsUsed[port] = true
		return port
	}
}

// cmdSend sends files as they are, and reads what comes back.
func cmdSend(ts *testscript.TestScript, neg bool, args []string) {
	raw := len(args) > 0 && args[0] == "-raw"
	if raw {
		args = args[1:]
	}
	if neg || len(args) == 0 {
		ts.Fatalf("usage: send [-raw] FILE...")
	}
	host := ts.Getenv("HOST")
	conn, err := net.DialTimeout("tcp", dialAddress(host), startupWait)
	ts.Check(err)
	defer conn.Close()

	p := &peer{conn: conn}
	for i, file := range args {
		text := strings.NewReplacer("$HOST", host, "$PORT", ts.Getenv("PORT")).Replace(ts.ReadFile(file))
		if raw {
			text = unescape(text)
		} else {
			text = strings.ReplaceAll(text, "\n", "\r\n")
		}
		if _, err := io.WriteString(conn, text); err != nil {
			break // the server may close as soon as it has seen enough
		}
		p.methods = append(p.methods, requestMethods(text)...)
		p.read(i < len(args)-1)
	}
	scenarioOf(ts).sent = p.got.String()
	io.WriteString(ts.Stdout(), p.got.String())
	if p.closed {
		fmt.Fprintln(ts.Stderr(), "(closed)")
	} else {
		fmt.Fprintln(ts.Stderr(), "(open)")
	}
}

func dialAddress(host string) string {
	if _, _, err := net.SplitHostPort(host); err != nil {
		return net.JoinHostPort(host, "80")
	}
	return host
}

var requestLine = regexp.MustCompile(`(?m)^([A-Z]+) \S+ HTTP/\d\.\d\r?$`)

// requestMethods returns the methods of the requests that text seems to hold,
// from which send knows when it has heard everything.
func requestMethods(text string) (methods []string) {
	for _, m := range requestLine.FindAllStringSubmatch(text, -1) {
		methods = append(methods, m[1])
	}
	return methods
}

// unescape resolves the escapes of send -raw.
func unescape(s string) string {
	return regexp.MustCompile(`\\(x[0-9A-Fa-f]{2}|[\s\S])`).ReplaceAllStringFunc(s, func(e string) string {
		switch e[1] {
		case 'r':
			return "\r"
		case 'n':
			return "\n"
		case 't':
			return "\t"
		case '0':
			return "\x00"
		case '\n':
			return ""
		case 'x':
			if len(e) == 4 {
				n, _ := strconv.ParseUint(e[2:], 16, 8) // the pattern allows only digits
				return string([]byte{byte(n)})
			}
		}
		return e[1:]
	})
}

// A peer is the client's end of a raw connection.
type peer struct {
	conn    net.Conn
	methods []string // of the requests sent so far
	got     bytes.Buffer
	closed  bool
}

// read collects what the server sends until it closes or falls silent. Once as
// many complete responses have come as requests went out, little silence is
// enough; with more to send, an interim response (100) will do.
func (p *peer) read(more bool) {
	buf := make([]byte, 64<<10)
	for !p.closed {
		final, interim := p.responses()
		wait := idleWait
		if len(p.methods) > 0 && final >= len(p.methods) || more && interim {
			wait = settleWait
		}
		p.conn.SetReadDeadline(time.Now().Add(wait))
		n, err := p.conn.Read(buf)
		p.got.Write(buf[:n])
		if err != nil {
			p.closed = !errors.Is(err, os.ErrDeadlineExceeded)
			return
		}
	}
}

// responses counts the complete final responses received so far, and says
// whether an interim one stands at the end.
func (p *peer) responses() (final int, interim bool) {
	br := bufio.NewReader(bytes.NewReader(p.got.Bytes()))
	for final < len(p.methods) {
		resp, err := http.ReadResponse(br, &http.Request{Method: p.methods[final]})
		if err != nil {
			return final, interim
		}
		if resp.StatusCode < 200 {
			interim = true
			continue
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.ContentLength < 0 && len(resp.TransferEncoding) == 0 {
			return final, false // cut short, or delimited by the end of the connection
		}
		final++
		interim = false
	}
	return final, interim
}

// volatile are the parts of a reply that differ from run to run.
var volatile = []struct {
	pattern *regexp.Regexp
	with    string
}{
	{regexp.MustCompile(`(?mi)^(Date|Last-Modified|ETag): .*$`), "$1: *"},
	{regexp.MustCompile(`(?mi)^(WWW-Authenticate: (?:NTLM|Negotiate)) \S+$`), "$1 *"},
}

// cmdReply compares the reply to the last send with a file.
func cmdReply(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: reply FILE")
	}
	s := scenarioOf(ts)
	got := strings.ReplaceAll(s.sent, "\r\n", "\n")
	got = strings.ReplaceAll(got, ts.Getenv("HOST"), "$HOST")
	for _, v := range volatile {
		got = v.pattern.ReplaceAllString(got, v.with)
	}
	if !strings.HasSuffix(got, "\n") {
		got += "\n" // as every file of a script ends
	}
	want := ts.ReadFile(args[0])
	if got == want {
		return
	}
	if *update {
		s.updates[args[0]] = got
		return
	}
	ts.Fatalf("reply differs from %s\ngot:\n%s\nwant:\n%s", args[0], got, want)
}

// A logFile is one log with headings, read by the names in #Fields.
type logFile struct {
	name    string
	entries []map[string]string
}

// readLogs reads the logs of a directory, oldest first. A line is an entry once
// its end is there.
func readLogs(dir string) ([]logFile, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.log"))
	if err != nil {
		return nil, err
	}
	var logs []logFile
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		entries, err := parseLog(string(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		logs = append(logs, logFile{name, entries})
	}
	return logs, nil
}

func parseLog(text string) ([]map[string]string, error) {
	var fields []string
	var entries []map[string]string
	for line := range strings.Lines(text) {
		if !strings.HasSuffix(line, "\n") {
			break
		}
		line = strings.TrimRight(line, "\r\n")
		if rest, ok := strings.CutPrefix(line, "#Fields:"); ok {
			fields = strings.Fields(rest)
		}
		if strings.HasPrefix(line, "#") {
			continue
		}
		values := strings.Split(line, " ")
		if len(values) != len(fields) {
			return nil, fmt.Errorf("line has %d values for %d fields: %q", len(values), len(fields), line)
		}
		entry := map[string]string{}
		for i, f := range fields {
			entry[f] = values[i]
		}
		entries = append(entries, entry)
	}
	return entries, nil
}

// unseen returns the entries of a directory that were not compared yet, and a
// function that marks them as compared.
func (s *scenario) unseen(dir string) (entries []map[string]string, done func(), err error) {
	logs, err := readLogs(dir)
	if err != nil {
		return nil, nil, err
	}
	for _, l := range logs {
		entries = append(entries, l.entries[min(s.seen[l.name], len(l.entries)):]...)
	}
	return entries, func() {
		for _, l := range logs {
			s.seen[l.name] = len(l.entries)
		}
	}, nil
}

// skipLogged marks everything logged so far as seen: a restarted site begins
// with a clean sheet.
func (s *scenario) skipLogged() {
	dirs, _ := filepath.Glob(filepath.Join(s.dir, "logs", "*")) // the pattern is well formed
	for _, dir := range dirs {
		if _, done, err := s.unseen(dir); err == nil {
			done()
		}
	}
}

// compareLog waits until a log directory has as many new entries as there are
// lines, and compares their words with the named fields, in order.
func compareLog(ts *testscript.TestScript, dir string, fields, lines []string) {
	s := scenarioOf(ts)
	deadline := time.Now().Add(logWait)
	if len(lines) == 0 {
		deadline = time.Now().Add(silence)
	}
	for {
		entries, done, err := s.unseen(dir)
		ts.Check(err)
		waiting := time.Now().Before(deadline)
		if len(entries) < len(lines) && waiting || len(lines) == 0 && len(entries) == 0 && waiting {
			time.Sleep(10 * time.Millisecond)
			continue
		}
		done()
		same := len(entries) == len(lines)
		var got []string
		for i, e := range entries {
			line := entryWords(e, fields)
			got = append(got, strings.Join(line, " "))
			same = same && i < len(lines) && hasWords(line, strings.Fields(lines[i]))
		}
		if !same {
			ts.Fatalf("%s has\n\t%s\nnot\n\t%s", dir, strings.Join(got, "\n\t"), strings.Join(lines, "\n\t"))
		}
		return
	}
}

// entryWords returns the values of those fields that the log has.
func entryWords(entry map[string]string, fields []string) (words []string) {
	for _, f := range fields {
		if v, ok := entry[f]; ok {
			words = append(words, v)
		}
	}
	return words
}

// hasWords reports whether got begins with want.
func hasWords(got, want []string) bool {
	return len(want) > 0 && len(want) <= len(got) && slices.Equal(got[:len(want)], want)
}

// siteLogDir takes "-site N" off args and returns that site's log directory.
func siteLogDir(ts *testscript.TestScript, args []string) (string, []string) {
	site := "1"
	if len(args) >= 2 && args[0] == "-site" {
		site, args = args[1], args[2:]
	}
	return filepath.Join(scenarioOf(ts).dir, "logs", "W3SVC"+site), args
}

func cmdLogged(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("usage: logged [-site N] [LINE...]")
	}
	if *against != "" {
		return
	}
	dir, lines := siteLogDir(ts, args)
	compareLog(ts, dir, []string{"cs-method", "cs-uri-stem", "cs-username", "sc-status", "sc-substatus", "sc-win32-status"}, lines)
}

func cmdHTTPErr(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("usage: httperr [LINE...]")
	}
	if *against != "" {
		return
	}
	dir := filepath.Join(scenarioOf(ts).dir, "logs", "HTTPERR")
	compareLog(ts, dir, []string{"cs-method", "cs-uri", "sc-status", "s-reason"}, args)
}

func cmdRawLog(ts *testscript.TestScript, neg bool, args []string) {
	if *against != "" {
		return
	}
	dir, args := siteLogDir(ts, args)
	mask := len(args) > 0 && args[0] == "-mask"
	if mask {
		args = args[1:]
	}
	if neg || len(args) != 1 {
		ts.Fatalf("usage: rawlog [-site N] [-mask] COUNT")
	}
	count, err := strconv.Atoi(args[0])
	ts.Check(err)
	text, err := waitForLines(dir, count)
	ts.Check(err)
	if mask {
		text = maskLog(text)
	}
	io.WriteString(ts.Stdout(), text)
}

// waitForLines returns the text of all logs of a directory once they hold count
// lines that are not headings.
func waitForLines(dir string, count int) (string, error) {
	deadline := time.Now().Add(logWait)
	for {
		names, err := filepath.Glob(filepath.Join(dir, "*.log"))
		if err != nil {
			return "", err
		}
		var text strings.Builder
		for _, name := range names {
			b, err := os.ReadFile(name)
			if err != nil {
				return "", err
			}
			text.Write(b)
		}
		lines := len(regexp.MustCompile(`(?m)^[^#\n].*\n`).FindAllString(text.String(), -1))
		if lines >= count {
			return text.String(), nil
		}
		if time.Now().After(deadline) {
			return "", fmt.Errorf("%s holds %d entries, not %d:\n%s", dir, lines, count, text.String())
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// maskLog replaces what differs from run to run in a W3C log.
func maskLog(text string) string {
	masks := map[string]string{"date": "<date>", "time": "<time>", "cs(User-Agent)": "<agent>", "time-taken": "<time-taken>"}
	var fields []string
	var b strings.Builder
	for line := range strings.Lines(strings.ReplaceAll(text, "\r\n", "\n")) {
		switch {
		case strings.HasPrefix(line, "#Date: "):
			line = "#Date: <date> <time>\n"
		case strings.HasPrefix(line, "#Fields:"):
			fields = strings.Fields(line)[1:]
		case !strings.HasPrefix(line, "#"):
			values := strings.Split(strings.TrimSuffix(line, "\n"), " ")
			for i := range min(len(values), len(fields)) {
				if with, ok := masks[fields[i]]; ok && values[i] != "-" {
					values[i] = with
				}
			}
			line = strings.Join(values, " ") + "\n"
		}
		b.WriteString(line)
	}
	return b.String()
}

func cmdServiceLog(ts *testscript.TestScript, neg bool, args []string) {
	count := 1
	if len(args) > 0 && strings.HasPrefix(args[0], "-count=") {
		n, err := strconv.Atoi(strings.TrimPrefix(args[0], "-count="))
		ts.Check(err)
		count, args = n, args[1:]
	}
	if len(args) != 1 {
		ts.Fatalf("usage: servicelog [-count=N] REGEX")
	}
	if *against != "" {
		return
	}
	re, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	d := scenarioOf(ts).daemon
	if d == nil {
		ts.Fatalf("no iisd runs")
	}
	deadline := time.Now().Add(logWait)
	for {
		log := d.log.String()
		found := len(re.FindAllString(log, -1)) >= count
		switch {
		case found && neg:
			ts.Fatalf("the service log matches %q:\n%s", args[0], log)
		case found || neg:
			return
		case time.Now().After(deadline):
			ts.Fatalf("the service log does not match %q:\n%s", args[0], log)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
