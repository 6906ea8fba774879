package server

import (
	"bytes"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"iisd/authn/ntlm"
)

// negotiateNTLM is the Authorization field with a NEGOTIATE message.
func negotiateNTLM() string {
	m := ntlm.NegotiateMessage{Flags: ntlm.NegotiateUnicode | ntlm.NegotiateOEM | ntlm.RequestTarget | ntlm.NegotiateNTLM |
		ntlm.NegotiateAlwaysSign | ntlm.NegotiateExtendedSecurity | ntlm.Negotiate128 | ntlm.Negotiate56}
	return "Authorization: NTLM " + base64.StdEncoding.EncodeToString(m.Marshal())
}

// answerNTLM is the Authorization field that answers the challenge of a response,
// with extended session security (MS-NLMP 3.3.1).
func answerNTLM(t *testing.T, resp *http.Response, user, password string) string {
	t.Helper()
	var token []byte
	for _, v := range resp.Header["Www-Authenticate"] {
		if s, ok := strings.CutPrefix(v, "NTLM "); ok {
			token, _ = base64.StdEncoding.DecodeString(s)
		}
	}
	challenge, err := ntlm.ParseChallenge(token)
	if err != nil {
		t.Fatalf("no challenge in %d %v", resp.StatusCode, resp.Header)
	}
	own := [8]byte{1, 2, 3, 4, 5, 6, 7, 8}
	r := ntlm.DESL(ntlm.NTOWFv1(password), ntlm.ExtendedChallenge(challenge.ServerChallenge, own))
	m := &ntlm.AuthenticateMessage{
		Flags: challenge.Flags, DomainName: "CORP", UserName: user,
		LmChallengeResponse: append(own[:], make([]byte, 16)...), NtChallengeResponse: r[:],
	}
	return "Authorization: NTLM " + base64.StdEncoding.EncodeToString(m.Marshal())
}

// logon asks for a path with a whole NTLM handshake.
func (c *testClient) logon(path, user, password string) (int, string) {
	c.t.Helper()
	c.send("", "GET "+path+" HTTP/1.1", "Host: web1", negotiateNTLM())
	resp, _ := c.receive()
	return c.get(path, answerNTLM(c.t, resp, user, password))
}

// addKeys appends to the metabase and takes it over.
func (s *testSite) addKeys(text string) {
	s.t.Helper()
	b, err := os.ReadFile(s.file())
	if err != nil {
		s.t.Fatal(err)
	}
	s.writeMetabase(string(b) + text)
	if err := s.Reload(); err != nil {
		s.t.Fatal(err)
	}
}

func (s *testSite) write(name string, content []byte) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), content, 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// dialSmall connects with a receive buffer that is soon full.
func (s *testSite) dialSmall() net.Conn {
	s.t.Helper()
	c := s.dial()
	c.Conn.(*net.TCPConn).SetReadBuffer(4096)
	return c.Conn
}

// The end of the client's stream that comes with its request is seen.
func TestHalfClose(t *testing.T) {
	s := startSite(t, `EmulatedVersion = "6.0"`, nil)
	for i := range 20 {
		c := s.dial()
		c.send("", "GET /small.htm HTTP/1.1", "Host: web1")
		c.Conn.(*net.TCPConn).CloseWrite()
		c.receive()
		if !c.ended() {
			t.Fatalf("connection %d stays open", i)
		}
	}
}

// A guarded default document with settings of its own takes an NTLM logon for
// its directory's URL (Q161066), whatever the directory itself demands.
func TestGuardedDefaultDocument(t *testing.T) {
	for _, version := range []string{"4.0", "5.0", "6.0", "10.0"} {
		t.Run(version, func(t *testing.T) {
			s := startSite(t, `EmulatedVersion = "`+version+`"`, nil)
			s.write("pages/ntlm/default.htm", []byte("Doc"))
			s.addKeys(`
["/LM/W3SVC/1/ROOT/ntlm/default.htm"]
DirBrowseFlags = 0
["/LM/W3SVC/1/ROOT/default.htm"]
AuthFlags = "AuthNTLM"
`)
			for _, path := range []string{"/ntlm/default.htm", "/ntlm/", "/default.htm", "/"} {
				if code, body := s.dial().logon(path, "alice", "secret"); code != 200 {
					t.Errorf("%s: %d %.60q", path, code, body)
				}
			}
		})
	}
}

// 100 Continue never follows the final response (RFC 9110, section 10.1.1).
func TestContinueNeverFollowsTheAnswer(t *testing.T) {
	s := startSite(t, `EmulatedVersion = "10.0"`, nil)
	for _, path := range []string{"/small.htm", "/ntlm/page.htm"} {
		c := s.dial()
		io.WriteString(c, "POST "+path+" HTTP/1.1\r\nHost: web1\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n01234")
		resp, _ := c.receive()
		if resp.StatusCode == 100 {
			resp, _ = c.receive()
		}
		if resp.StatusCode < 400 {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
		io.WriteString(c, "56789GET /small.htm HTTP/1.1\r\nHost: web1\r\n\r\n")
		if resp, _ = c.receive(); resp.StatusCode != 200 {
			t.Errorf("%s: after the final response: %d", path, resp.StatusCode)
		}
	}
}

// Clients that do not read, and clients that pipeline without end, stop nobody
// else.
func TestOthersAreServed(t *testing.T) {
	s := startSite(t, `EmulatedVersion = "6.0"`, nil)
	s.write("pages/mid.htm", bytes.Repeat([]byte("m"), 9000))
	for n := 1; n < 200; n += 7 {
		c := s.dialSmall()
		c.SetWriteDeadline(time.Now().Add(time.Second))
		io.WriteString(c, strings.Repeat("GET /mid.htm HTTP/1.1\r\nHost: w\r\n\r\n", n)+
			"GET /mid.htm HTTP/1.1\r\nHost: w\r\nConnection: close\r\n\r\nGET")
	}
	flood := []byte(strings.Repeat("HEAD /small.htm HTTP/1.1\r\nHost: web1\r\n\r\n", 1<<12))
	for range 2 {
		c := s.dial()
		go io.Copy(io.Discard, c.Conn)
		go func() {
			for {
				if _, err := c.Write(flood); err != nil {
					return
				}
			}
		}()
	}
	for range 8 {
		if code, _ := s.dial().get("/small.htm"); code != 200 { // within the client's deadline
			t.Error(code)
		}
	}
}

// A reload may widen a binding to every address, and narrow it again.
func TestReloadWidensBinding(t *testing.T) {
	s := startSite(t, `EmulatedVersion = "6.0"`, nil)
	narrow, err := os.ReadFile(s.file())
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(s.address)
	wide := strings.Replace(string(narrow), `"127.0.0.1:`+port, `":`+port, 1)
	for _, text := range []string{wide, string(narrow)} {
		s.writeMetabase(text)
		if err := s.Reload(); err != nil {
			t.Fatal(err)
		}
		if code, _ := s.dial().get("/small.htm"); code != 200 {
			t.Error(code)
		}
	}
}

// HTTPERR names what a connection has waited for too long (KB 820729).
func TestWaitsAreNamed(t *testing.T) {
	s := startSite(t, "EmulatedVersion = \"6.0\"\nConnectionTimeout = 1", nil)
	s.write("pages/huge.txt", nil)
	if err := os.Truncate(filepath.Join(s.dir, "pages/huge.txt"), 64<<20); err != nil {
		t.Fatal(err)
	}
	s.dial() // nothing at all
	body := s.dial()
	io.WriteString(body, "POST /small.htm HTTP/1.1\r\nHost: web1\r\nContent-Length: 10\r\n\r\n01234")
	io.WriteString(s.dial(), "GET /large.txt HTT")
	io.WriteString(s.dialSmall(), "GET /huge.txt HTTP/1.1\r\nHost: web1\r\n\r\n")
	missing := []string{"Timer_ConnectionIdle", "Timer_EntityBody", "Timer_HeaderWait", "Timer_MinBytesPerSecond"}
	for end := time.Now().Add(15 * time.Second); len(missing) > 0 && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		files, _ := filepath.Glob(filepath.Join(s.dir, "logs/HTTPERR/*"))
		var text []byte
		for _, f := range files {
			b, _ := os.ReadFile(f)
			text = append(text, b...)
		}
		var still []string
		for _, reason := range missing {
			if !bytes.Contains(text, []byte(reason)) {
				still = append(still, reason)
			}
		}
		missing = still
	}
	if len(missing) > 0 {
		t.Error("HTTPERR lacks", missing)
	}
}

// A client that reads nothing of a large file is not given the time that the
// whole file may take.
func TestSlowReaderHasNoCredit(t *testing.T) {
	s := startSite(t, "EmulatedVersion = \"6.0\"\nConnectionTimeout = 1", nil)
	s.write("pages/huge.txt", nil)
	if err := os.Truncate(filepath.Join(s.dir, "pages/huge.txt"), 50<<20); err != nil {
		t.Fatal(err)
	}
	c := s.dialSmall()
	io.WriteString(c, "GET /huge.txt HTTP/1.1\r\nHost: web1\r\n\r\n")
	for end := time.Now().Add(15 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		s.mu.Lock()
		left := len(s.conns)
		s.mu.Unlock()
		if left == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatal("the connection is still there")
		}
	}
}

// A user of one connection is unknown on another, also when it comes from the
// same port (Q264921; a recycled port must find no state).
func TestPortReuse(t *testing.T) {
	s := startSite(t, `EmulatedVersion = "6.0"`, nil)
	for range 10 {
		c := s.dial()
		if code, body := c.logon("/ntlm/page.htm", "alice", "secret"); code != 200 {
			t.Fatal(code, body)
		}
		from := c.LocalAddr().(*net.TCPAddr)
		c.Conn.(*net.TCPConn).SetLinger(0)
		c.Close()
		d := net.Dialer{LocalAddr: from, Timeout: time.Second}
		nc, err := d.Dial("tcp", s.address)
		if err != nil {
			continue // the port is not free again yet
		}
		nc.SetDeadline(time.Now().Add(5 * time.Second))
		io.WriteString(nc, "GET /ntlm/page.htm HTTP/1.1\r\nHost: web1\r\nConnection: close\r\n\r\n")
		reply, _ := io.ReadAll(nc)
		nc.Close()
		if !bytes.HasPrefix(reply, []byte("HTTP/1.1 401 ")) {
			t.Fatalf("a new connection is somebody: %.40q", reply)
		}
	}
}
