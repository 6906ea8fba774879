package server

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A crowdClient does what a client may do, at random, and knows what it must get.
type crowdClient struct {
	t              *testing.T
	rnd            *rand.Rand
	user, password string
	responses      *atomic.Int64

	c        net.Conn
	r        *bufio.Reader
	loggedOn bool
}

func (c *crowdClient) receive() (*http.Response, string, error) {
	resp, err := http.ReadResponse(c.r, nil)
	if err != nil {
		return nil, "", err
	}
	body, err := io.ReadAll(resp.Body)
	if err == nil {
		c.responses.Add(1)
	}
	return resp, string(body), err
}

func (c *crowdClient) ask(text string) (*http.Response, string, error) {
	if _, err := io.WriteString(c.c, text); err != nil {
		return nil, "", err
	}
	return c.receive()
}

const askWho = "GET /ntlm/who.shtm HTTP/1.1\r\nHost: w\r\n"

// who checks that a page that shows the user shows this one, or asks for a logon.
func (c *crowdClient) who(resp *http.Response, body string, err error) error {
	switch {
	case err != nil:
		return err
	case c.loggedOn != (resp.StatusCode == 200), c.loggedOn && !strings.Contains(body, `CORP\`+c.user+"<"):
		return fmt.Errorf("%s, logged on %v, gets %d %.80q", c.user, c.loggedOn, resp.StatusCode, body)
	}
	return nil
}

// logon logs on with a password, right or wrong.
func (c *crowdClient) logon(password string) error {
	resp, _, err := c.ask(askWho + negotiateNTLM() + "\r\n\r\n")
	if err != nil {
		return err
	}
	c.loggedOn = password == c.password
	return c.who(c.ask(askWho + answerNTLM(c.t, resp, c.user, password) + "\r\n\r\n"))
}

// pipeline asks many times before it reads.
func (c *crowdClient) pipeline() error {
	n := 1 + c.rnd.IntN(200)
	go io.WriteString(c.c, strings.Repeat(askWho+"\r\n", n))
	for range n {
		if err := c.who(c.receive()); err != nil {
			return err
		}
	}
	return nil
}

// post sends a body that nobody reads, which looks like requests, in two pieces.
func (c *crowdClient) post() error {
	body := strings.Repeat(askWho+"\r\n", 200)
	cut := c.rnd.IntN(len(body))
	head := fmt.Sprintf("POST /ntlm/page.htm HTTP/1.1\r\nHost: w\r\nContent-Length: %d\r\n\r\n", len(body))
	if _, err := io.WriteString(c.c, head+body[:cut]); err != nil {
		return err
	}
	resp, _, err := c.ask(body[cut:])
	if want := map[bool]int{true: 501, false: 401}[c.loggedOn]; err == nil && resp.StatusCode != want && resp.StatusCode != 405 {
		err = fmt.Errorf("POST gets %d, not %d", resp.StatusCode, want)
	}
	return err
}

// anonymous asks for a page where only anonymous access is allowed, its head in
// two pieces; from 6.0 on the user is dropped there.
func (c *crowdClient) anonymous(page string, size int) error {
	c.loggedOn = false
	text := "GET " + page + " HTTP/1.1\r\nHost: w\r\n\r\n"
	cut := c.rnd.IntN(len(text))
	io.WriteString(c.c, text[:cut])
	_, body, err := c.ask(text[cut:])
	if err == nil && len(body) != size {
		err = fmt.Errorf("%s has %d bytes", page, len(body))
	}
	return err
}

func (c *crowdClient) step() error {
	switch c.rnd.IntN(7) {
	case 0:
		return c.logon(c.password)
	case 1:
		return c.logon("wrong")
	case 2:
		return c.pipeline()
	case 3:
		return c.post()
	case 4:
		return c.anonymous("/small.htm", 1024)
	case 5:
		return c.anonymous("/large.txt", 1<<20)
	}
	return c.who(c.ask(askWho + "\r\n"))
}

// Many clients log on, pipeline, post and go while the metabase is reloaded:
// nobody gets another's identity or half a response, and every response has one
// line in the log.
func TestIdentitiesNeverCross(t *testing.T) {
	s := startSite(t, `EmulatedVersion = "6.0"`, nil)
	var responses atomic.Int64
	var wg sync.WaitGroup
	stop := time.Now().Add(2 * time.Second)
	for i := range 12 {
		c := &crowdClient{t: t, rnd: rand.New(rand.NewPCG(uint64(i), 1)), user: "alice", password: "secret", responses: &responses}
		if i%2 == 1 {
			c.user, c.password = "bob", "other"
		}
		wg.Go(func() {
			for time.Now().Before(stop) {
				nc, err := net.Dial("tcp", s.address)
				if err != nil {
					t.Error(err)
					return
				}
				nc.SetDeadline(time.Now().Add(time.Minute))
				c.c, c.r, c.loggedOn = nc, bufio.NewReader(nc), false
				for range 1 + c.rnd.IntN(12) {
					if err := c.step(); err != nil {
						t.Error(err)
						break
					}
				}
				nc.Close()
			}
		})
	}
	text, err := os.ReadFile(s.file())
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; time.Now().Before(stop); n++ {
		s.writeMetabase(fmt.Sprintf("%s[\"/LM/W3SVC/1/ROOT/extra%d\"]\nAuthFlags = \"AuthBasic\"\n", text, n))
		if err := s.Reload(); err != nil {
			t.Error(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
	wg.Wait()
	lines := 0
	for range 100 {
		if lines = s.logLines(); int64(lines) == responses.Load() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("%d responses, %d lines", responses.Load(), lines)
}

// logLines counts the lines of the site's access log.
func (s *testSite) logLines() (n int) {
	files, _ := filepath.Glob(filepath.Join(s.dir, "logs/W3SVC1/*"))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			s.t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if line[0] != '#' {
				n++
			}
		}
	}
	return n
}

// A file that demands a logon demands it under every other way to write its name,
// by every method (Q269862, Q188806, Q163485).
func TestGuardedUnderEveryName(t *testing.T) {
	for _, version := range []string{"4.0", "6.0", "10.0"} {
		s := startSite(t, `EmulatedVersion = "`+version+`"`, nil)
		if err := os.WriteFile(filepath.Join(s.dir, "pages/desk.htm"), []byte("Payroll"), 0o600); err != nil {
			t.Fatal(err)
		}
		s.addKeys("[\"/LM/W3SVC/1/ROOT/desk.htm\"]\nAuthFlags = \"AuthNTLM\"\n")
		for _, path := range []string{
			"/desk.htm", "/DESK.HTM", "/desk%2ehtm", "/%64esk.htm", "/%u0064esk.htm", "//desk.htm", "/./desk.htm", "/x/../desk.htm", "/%5cdesk.htm",
			"/de%C5%BFk.htm", "/des%E2%84%AA.htm", // long s and the Kelvin sign fold to s and k
			"/desk.htm/", "/desk.htm.", "/desk.htm%20", "/desk.htm::$DATA", "/desk.htm%00", "/desk.htm%00.txt",
		} {
			for _, method := range []string{"GET", "HEAD", "POST", "TRACE", "OPTIONS"} {
				c := s.dial()
				c.send("", method+" "+path+" HTTP/1.1", "Host: web1", "Content-Length: 0", "Connection: close")
				reply, err := io.ReadAll(c)
				if err != nil {
					t.Fatal(err)
				}
				if line, _, _ := strings.Cut(string(reply), "\r\n"); strings.Contains(line, " 200 ") || strings.Contains(string(reply), "Payroll") {
					t.Errorf("%s: %s %s: %s", version, method, path, line)
				}
			}
		}
	}
}
