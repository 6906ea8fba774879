package server

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"iisd/metabase"
)

// A site is a running server on a loopback port, for tests that need the clock,
// the connection or the allocator in hand. What a user sees is tested by the
// scenarios of cmd/iisd.
type testSite struct {
	*Server
	t       *testing.T
	dir     string
	address string
	service *lockedBuffer // service log
}

// A lockedBuffer is a bytes.Buffer for several goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// The directory of a test site has these files; the metabase of startSite adds
// the rest.
var testFiles = map[string]string{
	"pages/default.htm":     "Welcome",
	"pages/small.htm":       strings.Repeat("a", 1024),
	"pages/large.txt":       strings.Repeat("0123456789abcdef", 1<<16),
	"pages/ntlm/page.htm":   "Payroll",
	"pages/basic/page.htm":  "Basics",
	"pages/open/page.htm":   "Open",
	"pages/ntlm/who.shtm":   `<p><!--#echo var="LOGON_USER"--></p>`,
	"pages/both/page.htm":   "Both",
	"pages/closed/page.htm": "Closed",
	"accounts.toml": `
[[Account]]
Name = 'CORP\alice'
Password = "secret"

[[Account]]
Name = 'CORP\bob'
Password = "other"
`,
}

const testMetabase = `
["/LM/W3SVC"]
ComputerName = "WEB1"
Accounts = "accounts.toml"
LogFileDirectory = "logs"
["/LM/W3SVC/1"]
ServerBindings = ["127.0.0.1:%d:"]
%s
["/LM/W3SVC/1/ROOT"]
Path = "pages"
AuthFlags = "AuthAnonymous"
["/LM/W3SVC/1/ROOT/ntlm"]
AuthFlags = "AuthNTLM"
["/LM/W3SVC/1/ROOT/basic"]
AuthFlags = "AuthBasic"
["/LM/W3SVC/1/ROOT/both"]
AuthFlags = "AuthBasic | AuthNTLM"
["/LM/W3SVC/1/ROOT/closed"]
AuthFlags = "AuthNTLM"
AllowKeepAlive = false
`

// startSite starts a server; properties are lines for the site's key, setup may
// change the server before it starts.
func startSite(t *testing.T, properties string, setup func(*Server)) *testSite {
	t.Helper()
	dir := t.TempDir()
	for name, text := range testFiles {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	port := freePort(t)
	s := &testSite{t: t, dir: dir, address: fmt.Sprintf("127.0.0.1:%d", port), service: &lockedBuffer{}}
	s.writeMetabase(fmt.Sprintf(testMetabase, port, properties))
	store, problems := metabase.Open(s.file())
	if store == nil {
		t.Fatal(problems)
	}
	s.Server = &Server{Metabase: store, Log: slog.New(slog.NewTextHandler(s.service, nil))}
	if setup != nil {
		setup(s.Server)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Error("shutdown:", err)
		}
	})
	return s
}

func (s *testSite) file() string { return filepath.Join(s.dir, "metabase.toml") }

func (s *testSite) writeMetabase(text string) {
	s.t.Helper()
	if err := os.WriteFile(s.file(), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// freePort returns a port that nobody listens on.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// A testClient speaks HTTP over one connection, in bytes.
type testClient struct {
	net.Conn
	r *bufio.Reader
	t *testing.T
}

func (s *testSite) dial() *testClient {
	s.t.Helper()
	c, err := net.Dial("tcp", s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(20 * time.Second))
	return &testClient{c, bufio.NewReader(c), s.t}
}

// send writes a request: its lines, without line ends, and a body.
func (c *testClient) send(body string, lines ...string) {
	c.t.Helper()
	if _, err := io.WriteString(c, strings.Join(lines, "\r\n")+"\r\n\r\n"+body); err != nil {
		c.t.Fatal(err)
	}
}

// receive reads one response with its body.
func (c *testClient) receive() (*http.Response, string) {
	c.t.Helper()
	resp, err := http.ReadResponse(c.r, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return resp, string(body)
}

// get sends a GET and returns status and body.
func (c *testClient) get(path string, fields ...string) (int, string) {
	c.t.Helper()
	c.send("", append([]string{"GET " + path + " HTTP/1.1", "Host: web1"}, fields...)...)
	resp, body := c.receive()
	return resp.StatusCode, body
}

// ended reports whether the server has closed the connection.
func (c *testClient) ended() bool {
	c.SetReadDeadline(time.Now().Add(5 * time.Second))
	_, err := c.r.ReadByte()
	return err == io.EOF
}

// The response to a cached file on a persistent connection allocates nothing:
// neither in the poller, nor in the log.
func TestHotPathDoesNotAllocate(t *testing.T) {
	for _, version := range []string{"4.0", "6.0", "10.0"} {
		t.Run(version, func(t *testing.T) {
			// A file is looked at once a millisecond, which costs an allocation that
			// the requests of that millisecond share: here time stands still.
			now := time.Now().Add(time.Minute)
			s := startSite(t, `EmulatedVersion = "`+version+`"`, func(s *Server) {
				s.Clock = func() time.Time { return now }
			})
			c := s.dial()
			request := []byte("GET /small.htm HTTP/1.1\r\nHost: web1\r\nUser-Agent: test\r\nAccept: */*\r\n\r\n")
			reply := make([]byte, 8<<10)
			once := func() {
				if _, err := c.Write(request); err != nil {
					t.Fatal(err)
				}
				n, err := c.Read(reply)
				if err != nil || !bytes.HasPrefix(reply[:n], []byte("HTTP/1.1 200 OK")) {
					t.Fatalf("%q, %v", reply[:n], err)
				}
			}
			time.Sleep(60 * time.Millisecond) // the file must have settled to be kept in memory
			for range 200 {
				once()
			}
			// The log's buffer is swapped every quarter of a second, which is
			// far less than once a request.
			if n := testing.AllocsPerRun(5000, once); n >= 1 && !raceDetector {
				t.Errorf("%v allocations per request", n)
			}
		})
	}
}
