package server

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"iisd/authn/ntlm"
)

// basicField is the Authorization field of Basic credentials.
func basicField(user, password string) string {
	return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// challengeOf returns the CHALLENGE message of a response.
func challengeOf(t *testing.T, resp *http.Response) *ntlm.ChallengeMessage {
	t.Helper()
	for _, v := range resp.Header["Www-Authenticate"] {
		if s, ok := strings.CutPrefix(v, "NTLM "); ok {
			token, _ := base64.StdEncoding.DecodeString(s)
			if m, err := ntlm.ParseChallenge(token); err == nil {
				return m
			}
		}
	}
	t.Fatalf("no challenge in %d %v", resp.StatusCode, resp.Header)
	return nil
}

// answerNTLMv2 is the Authorization field that answers a challenge with NTLMv2
// and a FILETIME (MS-NLMP 3.3.2).
func answerNTLMv2(ch *ntlm.ChallengeMessage, user, password string, filetime uint64) string {
	key := ntlm.NTOWFv2(ntlm.NTOWFv1(password), user, "CORP")
	m := &ntlm.AuthenticateMessage{
		Flags: ch.Flags, DomainName: "CORP", UserName: user,
		NtChallengeResponse: ntlm.NTLMv2Response(key, ch.ServerChallenge, [8]byte{1, 2, 3}, filetime, ch.TargetInfo),
	}
	return "Authorization: NTLM " + base64.StdEncoding.EncodeToString(m.Marshal())
}

// leg1 sends message 1 and returns the response that carries the challenge.
func (c *testClient) leg1(path string) *http.Response {
	c.t.Helper()
	c.send("", "GET "+path+" HTTP/1.1", "Host: web1", negotiateNTLM())
	resp, _ := c.receive()
	if resp.StatusCode != 401 {
		c.t.Fatalf("message 1 gets %d", resp.StatusCode)
	}
	return resp
}

// bare asks for a path without credentials and returns the status, 0 where the
// connection has ended.
func (c *testClient) bare(method, path string) int {
	c.t.Helper()
	if _, err := fmt.Fprintf(c, "%s %s HTTP/1.1\r\nHost: web1\r\nContent-Length: 0\r\n\r\n", method, path); err != nil {
		return 0
	}
	resp, err := http.ReadResponse(c.r, &http.Request{Method: method})
	if err != nil {
		return 0
	}
	io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// lines returns the lines of the access log as "method stem user status
// substatus win32", "-" for what a version does not log.
func (s *testSite) lines() (lines []string) {
	files, _ := filepath.Glob(filepath.Join(s.dir, "logs/W3SVC1/*"))
	slices.Sort(files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			s.t.Fatal(err)
		}
		var columns []string
		for line := range strings.Lines(string(text)) {
			if rest, ok := strings.CutPrefix(line, "#Fields: "); ok {
				columns = strings.Fields(rest)
			}
			if line[0] == '#' {
				continue
			}
			var words []string
			values := strings.Fields(line)
			for _, name := range []string{"cs-method", "cs-uri-stem", "cs-username", "sc-status", "sc-substatus", "sc-win32-status"} {
				word := "-"
				if i := slices.Index(columns, name); i >= 0 && i < len(values) {
					word = values[i]
				}
				words = append(words, word)
			}
			lines = append(lines, strings.Join(words, " "))
		}
	}
	return lines
}

// flush has the lines of the logs in the files.
func (s *testSite) flush() {
	s.logs.mu.Lock()
	defer s.logs.mu.Unlock()
	for _, l := range s.logs.logs {
		l.Flush()
	}
}

// logged waits for the lines of the access log to be these.
func (s *testSite) logged(want ...string) {
	s.t.Helper()
	var got []string
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		s.flush()
		if got = s.lines(); slices.Equal(got, want) {
			return
		}
	}
	s.t.Errorf("the log has\n%s\nnot\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
}

// A3: new credentials on an authenticated connection, of whatever kind, discard
// the old identity first, by every method (house rule 6; CVE-2015-3143 and its
// relatives).
func TestNewCredentialsDiscardTheIdentity(t *testing.T) {
	for _, version := range []string{"4.0", "5.1", "6.0", "10.0"} {
		s := startSite(t, `EmulatedVersion = "`+version+`"`, nil)
		for name, field := range map[string]string{
			"message 1":             negotiateNTLM(),
			"message 3 of nothing":  answerNTLMField(&ntlm.ChallengeMessage{Flags: ntlm.NegotiateUnicode}),
			"malformed token":       "Authorization: NTLM AAAA",
			"no base64":             "Authorization: NTLM !!!",
			"no token":              "Authorization: NTLM",
			"Basic of the same one": basicField(`CORP\alice`, "secret"),
			"Basic of another":      basicField(`CORP\bob`, "other"),
			"Digest":                `Authorization: Digest username="alice"`,
			"unknown scheme":        "Authorization: Bogus token",
			"no scheme":             "Authorization: =",
			"Negotiate":             "Authorization: Negotiate AAAA",
			"after an unknown one":  "Authorization: Bogus\r\n" + negotiateNTLM(),
		} {
			for _, method := range []string{"GET", "HEAD", "POST"} {
				c := s.dial()
				if code, _ := c.logon("/ntlm/page.htm", "alice", "secret"); code != 200 {
					t.Fatal("no logon")
				}
				c.send("", method+" /ntlm/page.htm HTTP/1.1", "Host: web1", "Content-Length: 0", field)
				resp, err := http.ReadResponse(c.r, &http.Request{Method: method})
				if err != nil {
					t.Fatal(err)
				}
				io.Copy(io.Discard, resp.Body)
				if resp.StatusCode != 401 && resp.StatusCode != 400 {
					t.Errorf("%s, %s, %s: %d", version, name, method, resp.StatusCode)
				}
				if code := c.bare(method, "/ntlm/page.htm"); code != 401 && code != 0 {
					t.Errorf("%s, %s, %s: %d afterwards", version, name, method, code)
				}
				c.Close()
			}
		}
	}
}

// answerNTLMField is message 3 of alice to any challenge.
func answerNTLMField(ch *ntlm.ChallengeMessage) string {
	return answerNTLMv2(ch, "alice", "secret", ntlm.FileTime(time.Now()))
}

// A3: another user on the connection is the one who is served, and one who
// fails leaves nobody.
func TestAnotherUserOnTheConnection(t *testing.T) {
	s := startSite(t, `EmulatedVersion = "6.0"`, nil)
	c := s.dial()
	for range 3 {
		for user, password := range map[string]string{"alice": "secret", "bob": "other"} {
			if _, body := c.logon("/ntlm/who.shtm", user, password); !strings.Contains(body, `CORP\`+user+"<") {
				t.Errorf("%s is %q", user, body)
			}
			if _, body := c.get("/ntlm/who.shtm"); !strings.Contains(body, `CORP\`+user+"<") {
				t.Errorf("%s then is %q", user, body)
			}
		}
		if code, _ := c.logon("/ntlm/who.shtm", "bob", "wrong"); code != 401 {
			t.Error(code)
		}
		if code := c.bare("GET", "/ntlm/who.shtm"); code != 401 {
			t.Error("after a refused logon:", code)
		}
	}
}

// A4, house rule 1: the identity of a directory with NTLM does not carry to one
// that allows only Basic on the same connection, nor back.
func TestIdentityStaysWithItsMethod(t *testing.T) {
	for _, version := range []string{"4.0", "5.0", "6.0", "7.5", "10.0"} {
		s := startSite(t, `EmulatedVersion = "`+version+`"`, nil)
		c := s.dial()
		if code, _ := c.logon("/ntlm/page.htm", "alice", "secret"); code != 200 {
			t.Fatal("no logon")
		}
		if code := c.bare("GET", "/both/page.htm"); code != 200 { // offers NTLM too
			t.Errorf("%s: %d where NTLM is one of two", version, code)
		}
		if code := c.bare("GET", "/basic/page.htm"); code != 401 {
			t.Errorf("%s: %d where only Basic is allowed", version, code)
		}
		if code := c.bare("GET", "/ntlm/page.htm"); code != 401 && code != 0 {
			t.Errorf("%s: %d after the identity was dropped", version, code)
		}
		c = s.dial()
		if code, _ := c.get("/basic/page.htm", basicField(`CORP\alice`, "secret")); code != 200 {
			t.Fatal("no Basic")
		}
		if code := c.bare("GET", "/ntlm/page.htm"); code != 401 {
			t.Errorf("%s: %d, Basic carried to NTLM", version, code)
		}
	}
}

// A8: requests pipelined behind message 1 and message 3 are judged with the state
// at their turn, in one segment or in many.
func TestPipelinedLogons(t *testing.T) {
	const bare = "bare"
	for _, test := range []struct {
		version string
		name    string
		first   bool     // message 1 goes ahead, and its challenge is answered
		send    []string // the pipeline
		want    []int
		logged  []string // user, status, substatus and Win32 status
	}{
		{"6.0", "behind message 1", false, []string{negotiateNTLM(), bare, bare}, []int{401, 401, 401},
			[]string{"- 401 1 0", "- 401 2 2148074254", "- 401 2 2148074254"}},
		{"10.0", "behind message 1", false, []string{negotiateNTLM(), bare}, []int{401, 401},
			[]string{"- 401 1 2148074254", "- 401 2 5"}},
		{"4.0", "behind message 1", false, []string{negotiateNTLM(), bare, bare}, []int{401, 401, 0},
			[]string{"- 401 - 0", "- 401 - 5"}},
		{"6.0", "behind message 3", true, []string{"right", bare, bare}, []int{200, 200, 200},
			[]string{"- 401 1 0", `CORP\alice 200 0 0`, `CORP\alice 200 0 0`, `CORP\alice 200 0 0`}},
		{"4.0", "behind message 3", true, []string{"right", bare, bare}, []int{200, 200, 200},
			[]string{"- 401 - 0", `CORP\alice 200 - 0`, `CORP\alice 200 - 0`, `CORP\alice 200 - 0`}},
		{"6.0", "behind a wrong message 3", true, []string{"wrong", bare, "right"}, []int{401, 401, 401},
			[]string{"- 401 1 0", "- 401 1 2148074252", "- 401 2 2148074254", "- 401 1 2148074248"}},
		{"4.0", "behind a wrong message 3", true, []string{"wrong", bare}, []int{401, 0},
			[]string{"- 401 - 0", "- 401 - 2148074252"}},
		{"6.0", "message 3 behind a bare request", true, []string{bare, "right", bare}, []int{401, 401, 401},
			[]string{"- 401 1 0", "- 401 2 2148074254", "- 401 1 2148074248", "- 401 2 2148074254"}},
		{"6.0", "message 1 behind message 3", true, []string{"right", negotiateNTLM(), bare}, []int{200, 401, 401},
			[]string{"- 401 1 0", `CORP\alice 200 0 0`, "- 401 1 0", "- 401 2 2148074254"}},
		{"6.0", "message 3 twice", true, []string{"right", "right", bare}, []int{200, 401, 401},
			[]string{"- 401 1 0", `CORP\alice 200 0 0`, "- 401 1 2148074248", "- 401 2 2148074254"}},
	} {
		for _, piece := range []int{1 << 20, 61} {
			t.Run(fmt.Sprintf("%s %s by %d", test.version, test.name, piece), func(t *testing.T) {
				s := startSite(t, `EmulatedVersion = "`+test.version+"\"\nLogExtFileFlags = 0x3fffff", nil)
				c := s.dial()
				var ch *ntlm.ChallengeMessage
				if test.first {
					ch = challengeOf(t, c.leg1("/ntlm/page.htm"))
				}
				var text strings.Builder
				for _, what := range test.send {
					text.WriteString("GET /ntlm/page.htm HTTP/1.1\r\nHost: web1\r\n")
					switch what {
					case bare:
					case "right":
						text.WriteString(answerNTLMField(ch) + "\r\n")
					case "wrong":
						text.WriteString(answerNTLMv2(ch, "alice", "wrong", ntlm.FileTime(time.Now())) + "\r\n")
					default:
						text.WriteString(what + "\r\n")
					}
					text.WriteString("\r\n")
				}
				for chunk := range slices.Chunk([]byte(text.String()), piece) {
					if _, err := c.Write(chunk); err != nil {
						break // the server has closed behind a refusal
					}
					if piece < 1<<10 {
						time.Sleep(100 * time.Microsecond)
					}
				}
				for i, want := range test.want {
					resp, err := http.ReadResponse(c.r, nil)
					if err != nil {
						if want != 0 {
							t.Fatalf("request %d: %v", i+1, err)
						}
						break
					}
					io.Copy(io.Discard, resp.Body)
					if resp.StatusCode != want {
						t.Fatalf("request %d: %d, want %d", i+1, resp.StatusCode, want)
					}
				}
				var lines []string
				for _, l := range test.logged {
					lines = append(lines, "GET /ntlm/page.htm "+l)
				}
				s.logged(lines...)
			})
		}
	}
}

// smuggled is a body that is requests of its own.
func smuggled(n int) string {
	const request = "GET /smuggled.htm HTTP/1.1\r\nHost: web1\r\n\r\n"
	return strings.Repeat(request, n/len(request)+1)[:n]
}

// chunkedText is a body in chunked coding.
func chunkedText(body string) string {
	var b strings.Builder
	for chunk := range slices.Chunk([]byte(body), 100<<10) {
		fmt.Fprintf(&b, "%x\r\n%s\r\n", len(chunk), chunk)
	}
	return b.String() + "0\r\n\r\n"
}

// A9: the unread body of a refused POST never runs. It is drained, and the
// connection goes on, or the connection closes, and a field says so; a challenge
// never ends the handshake (CVE-2022-22720).
func TestUnreadBodyNeverRuns(t *testing.T) {
	const path = "/ntlm/page.htm"
	for _, version := range []string{"4.0", "5.1", "6.0", "10.0"} {
		s := startSite(t, `EmulatedVersion = "`+version+`"`, nil)
		for _, size := range []int{55, 300 << 10, 5 << 20} {
			for _, framing := range []string{"length", "chunked", "expect", "expect, not waiting"} {
				for _, leg := range []string{"bare", "message 1", "wrong message 3", "Basic"} {
					name := fmt.Sprintf("%s, %d bytes, %s, %s", version, size, framing, leg)
					c := s.dial()
					var field string
					var ch *ntlm.ChallengeMessage
					switch leg {
					case "bare":
						field = "Accept: */*"
					case "message 1":
						field = negotiateNTLM()
					case "wrong message 3":
						ch = challengeOf(t, c.leg1(path))
						field = answerNTLMv2(ch, "alice", "wrong", ntlm.FileTime(time.Now()))
					case "Basic":
						field = basicField(`CORP\alice`, "secret")
					}
					resp := c.post(path, smuggled(size), framing, field)
					if resp.StatusCode != 401 {
						t.Errorf("%s: %d", name, resp.StatusCode)
					}
					switch {
					case leg == "message 1": // the rest of the logon, with its body
						if resp.Close {
							t.Errorf("%s: the challenge ends the connection", name)
							break
						}
						resp := c.post(path, smuggled(size), framing, answerNTLMField(challengeOf(t, resp)))
						if resp.StatusCode != 405 && resp.StatusCode != 501 { // of a static file
							t.Errorf("%s: %d to message 3", name, resp.StatusCode)
						}
						c.endsAsSaid(name, resp)
					default:
						c.endsAsSaid(name, resp)
					}
					c.Close()
				}
			}
		}
		s.flush()
		for _, line := range s.lines() {
			if strings.Contains(line, "smuggled") {
				t.Fatalf("%s: a body has run: %s", version, line)
			}
		}
	}
}

// post sends a POST and returns the final response.
func (c *testClient) post(path, body, framing, field string) *http.Response {
	c.t.Helper()
	head := []string{"POST " + path + " HTTP/1.1", "Host: web1", field}
	if framing == "chunked" {
		body = chunkedText(body)
		head = append(head, "Transfer-Encoding: chunked")
	} else {
		head = append(head, fmt.Sprintf("Content-Length: %d", len(body)))
	}
	if strings.HasPrefix(framing, "expect") {
		head = append(head, "Expect: 100-continue")
	}
	sent := make(chan struct{})
	if framing == "expect" {
		close(sent)
		c.send("", head...)
	} else {
		go func() { // beside reading, as clients do; the server may close
			defer close(sent)
			io.WriteString(c, strings.Join(head, "\r\n")+"\r\n\r\n"+body)
		}()
	}
	for {
		resp, err := http.ReadResponse(c.r, nil)
		if err != nil {
			c.t.Fatal(err)
		}
		if resp.StatusCode == 100 {
			if framing == "expect" {
				io.WriteString(c, body)
			}
			continue
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			c.t.Fatal(err)
		}
		<-sent
		return resp
	}
}

// endsAsSaid checks that the connection ends if the response says so, and else
// takes the next request.
func (c *testClient) endsAsSaid(name string, resp *http.Response) {
	c.t.Helper()
	if resp.Close {
		rest, _ := io.ReadAll(c.r) // a reset is an end too
		if len(rest) > 0 {
			c.t.Errorf("%s: %.40q behind the last response", name, rest)
		}
		return
	}
	if code, body := c.get("/open/page.htm"); code != 200 || body != "Open" {
		if code == 401 { // no return to anonymous access up to 5.1
			return
		}
		c.t.Errorf("%s: the next request gets %d %.40q", name, code, body)
	}
}

// A12: a client of HTTP/1.0 logs on with NTLM only where it asks to keep the
// connection; Proxy-Connection asks for nothing (Q264921, Q195179).
func TestNTLMOverHTTP10(t *testing.T) {
	for _, version := range []string{"3.0", "4.0", "5.0", "6.0", "10.0"} {
		s := startSite(t, `EmulatedVersion = "`+version+`"`, nil)
		for field, stays := range map[string]bool{
			"Connection: Keep-Alive":       true,
			"Connection: keep-alive":       true,
			"Proxy-Connection: Keep-Alive": false,
			"Connection: close":            false,
			"Accept: */*":                  false,
		} {
			c := s.dial()
			c.send("", "GET /ntlm/page.htm HTTP/1.0", negotiateNTLM(), field)
			resp, _ := c.receive()
			ch := challengeOf(t, resp)
			if echo := strings.EqualFold(resp.Header.Get("Connection"), "keep-alive"); echo != stays {
				t.Errorf("%s, %s: Connection: %s", version, field, resp.Header.Get("Connection"))
			}
			if !stays {
				if !c.ended() {
					t.Errorf("%s, %s: the connection stays", version, field)
				}
				c = s.dial()
			}
			c.send("", "GET /ntlm/page.htm HTTP/1.0", answerNTLMField(ch), field)
			want := map[bool]int{true: 200, false: 401}[stays]
			if resp, _ := c.receive(); resp.StatusCode != want {
				t.Errorf("%s, %s: %d, want %d", version, field, resp.StatusCode, want)
			}
		}
	}
}

// B4: a challenge can be answered on its own connection only, and only once.
func TestChallengeBelongsToItsConnection(t *testing.T) {
	for _, version := range []string{"4.0", "6.0", "10.0"} {
		s := startSite(t, `EmulatedVersion = "`+version+`"`, nil)
		own, other, fresh := s.dial(), s.dial(), s.dial()
		ch := challengeOf(t, own.leg1("/ntlm/page.htm"))
		if challengeOf(t, other.leg1("/ntlm/page.htm")).ServerChallenge == ch.ServerChallenge {
			t.Error("two connections have one challenge")
		}
		answer := answerNTLMField(ch)
		for name, c := range map[string]*testClient{"one with a challenge": other, "one without": fresh} {
			if code, _ := c.get("/ntlm/page.htm", answer); code != 401 {
				t.Errorf("%s: on %s: %d", version, name, code)
			}
			if code := c.bare("GET", "/ntlm/page.htm"); code != 401 && code != 0 {
				t.Errorf("%s: on %s then: %d", version, name, code)
			}
		}
		if code, _ := own.get("/ntlm/page.htm", answer); code != 200 {
			t.Errorf("%s: on its own: %d", version, code)
		}
		if code, _ := own.get("/ntlm/page.htm", answer); code != 401 {
			t.Errorf("%s: once more: %d", version, code)
		}
	}
}

// B9: messages out of order are 401.1 and drop the state; a second message 1
// starts anew.
func TestMessagesOutOfOrder(t *testing.T) {
	const invalid, stem = "401 1 2148074248", "GET /ntlm/page.htm "
	s := startSite(t, `EmulatedVersion = "6.0"`, nil)
	step := func(c *testClient, field string, want int) *http.Response {
		t.Helper()
		c.send("", "GET /ntlm/page.htm HTTP/1.1", "Host: web1", field)
		resp, _ := c.receive()
		if resp.StatusCode != want {
			t.Errorf("%d, want %d", resp.StatusCode, want)
		}
		return resp
	}
	c := s.dial()
	step(c, answerNTLMField(&ntlm.ChallengeMessage{Flags: ntlm.NegotiateUnicode}), 401) // message 3 first
	resp := step(c, negotiateNTLM(), 401)
	message2, _ := strings.CutPrefix(resp.Header.Get("Www-Authenticate"), "NTLM ")
	step(c, "Authorization: NTLM "+message2, 401) // sent back
	step(c, answerNTLMField(challengeOf(t, resp)), 401)
	first := challengeOf(t, step(c, negotiateNTLM(), 401))
	second := challengeOf(t, step(c, negotiateNTLM(), 401)) // two message 1
	if first.ServerChallenge == second.ServerChallenge {
		t.Error("one challenge twice")
	}
	step(c, answerNTLMField(first), 401)
	second = challengeOf(t, step(c, negotiateNTLM(), 401))
	step(c, answerNTLMField(second), 200)
	step(c, answerNTLMField(second), 401) // message 3 twice
	step(c, "Accept: */*", 401)
	s.logged(
		stem+"- "+invalid,
		stem+"- 401 1 0", stem+"- "+invalid, stem+"- "+invalid,
		stem+"- 401 1 0", stem+"- 401 1 0", stem+"- 401 1 2148074252",
		stem+"- 401 1 0", stem+`CORP\alice 200 0 0`, stem+"- "+invalid, stem+"- 401 2 2148074254",
	)
}

// states has accounts in the states that must look alike.
const states = `
[[Account]]
Name = 'CORP\fine'
Password = "secret"
[[Account]]
Name = 'CORP\disabled'
Password = "secret"
Disabled = true
[[Account]]
Name = 'CORP\locked'
Password = "secret"
LockedOut = true
[[Account]]
Name = 'CORP\expired'
Password = "secret"
AccountExpires = 2001-01-01
`

// B11: to a client without the password, unknown, wrong, disabled and locked out
// are the same bytes and the same time, within noise.
func TestRefusalsLookAlike(t *testing.T) {
	names := []string{"nobody", "fine", "disabled", "locked", "expired"}
	for _, version := range []string{"6.0", "10.0"} {
		s := startSite(t, `EmulatedVersion = "`+version+`"`, nil)
		s.write("accounts.toml", []byte(states))
		if err := s.Reload(); err != nil {
			t.Fatal(err)
		}
		c := s.dial()
		c.SetDeadline(time.Now().Add(time.Minute))
		for _, method := range []string{"Basic", "NTLM"} {
			ask := func(name string) (string, time.Duration) {
				path, field := "/basic/page.htm", basicField(`CORP\`+name, "wrong")
				if method == "NTLM" {
					path = "/ntlm/page.htm"
					field = answerNTLMv2(challengeOf(t, c.leg1(path)), name, "wrong", ntlm.FileTime(time.Now()))
				}
				begin := time.Now()
				c.send("", "GET "+path+" HTTP/1.1", "Host: web1", field)
				resp, body := c.receive()
				took := time.Since(begin)
				resp.Header.Del("Date")
				return fmt.Sprintln(resp.Status, resp.Header, body), took
			}
			want, _ := ask("nobody")
			took := map[string][]time.Duration{}
			for range 150 {
				for _, name := range names { // in turn, so that noise hits all
					got, d := ask(name)
					if got != want {
						t.Fatalf("%s %s: %s gets\n%s\nnobody\n%s", version, method, name, got, want)
					}
					took[name] = append(took[name], d)
				}
			}
			var medians []time.Duration
			for _, name := range names {
				slices.Sort(took[name])
				medians = append(medians, took[name][len(took[name])/2])
			}
			if least, most := slices.Min(medians), slices.Max(medians); most > 2*least+50*time.Microsecond {
				t.Errorf("%s %s: %v take %v", version, method, names, medians)
			}
		}
	}
}

// B12: lockout counts every way to write a name as one, over Basic and NTLM
// (CVE-2026-43513), and ends by the server's clock.
func TestLockoutCountsOneAccount(t *testing.T) {
	clock := newClock()
	s := startSite(t, "EmulatedVersion = \"6.0\"\n[\"/LM/W3SVC/1/ROOT/def\"]\nPath = \"pages\"\nAuthFlags = \"AuthBasic\"\nDefaultLogonDomain = \"CORP\"",
		func(s *Server) { s.Clock = clock.Now })
	text, err := os.ReadFile(s.file())
	if err != nil {
		t.Fatal(err)
	}
	s.writeMetabase(strings.Replace(string(text), "[\"/LM/W3SVC\"]", "[\"/LM/W3SVC\"]\nLockoutThreshold = 5\nLockoutDuration = 600\nLockoutWindow = 300", 1))
	if err := s.Reload(); err != nil {
		t.Fatal(err)
	}
	basic := func(name, password string) int {
		t.Helper()
		code, _ := s.dial().get("/def/small.htm", basicField(name, password))
		return code
	}
	wrong := func() {
		t.Helper()
		for _, name := range []string{"Alice", "ALICE@corp", `corp\aLICE`, "CORP/alice"} {
			if code := basic(name, "wrong"); code != 401 {
				t.Errorf("%s: %d", name, code)
			}
		}
	}
	wrong()
	if code := basic("alice", "secret"); code != 200 { // four are not five; and it starts anew
		t.Error("locked out too soon:", code)
	}
	wrong()
	if code, _ := s.dial().logon("/ntlm/page.htm", "aLiCe", "wrong"); code != 401 { // the fifth
		t.Error(code)
	}
	for _, name := range []string{"alice", "ALICE@corp", `CORP\alice`} {
		if code := basic(name, "secret"); code != 401 {
			t.Errorf("%s is not locked out: %d", name, code)
		}
	}
	if code, _ := s.dial().logon("/ntlm/page.htm", "alice", "secret"); code != 401 {
		t.Error("not locked out over NTLM:", code)
	}
	if code := basic(`CORP\bob`, "other"); code != 200 {
		t.Error("another is locked out:", code)
	}
	if err := s.Reload(); err != nil { // changes nothing
		t.Fatal(err)
	}
	clock.Add(599 * time.Second)
	if code := basic("alice", "secret"); code != 401 {
		t.Error("let in too soon:", code)
	}
	clock.Add(2 * time.Second)
	if code, _ := s.dial().logon("/ntlm/page.htm", "alice", "secret"); code != 200 {
		t.Error("still locked out:", code)
	}
}

// B13: the time of an NTLMv2 response is judged by the server's clock, in the
// limits of the version (MS-NLMP note 39); extremes do not overflow.
func TestTimeOfTheResponse(t *testing.T) {
	for _, test := range []struct {
		version string
		year    int // of the server's clock
		limit   time.Duration
	}{
		{"4.0", 1998, 30 * time.Minute}, {"5.0", 2001, 30 * time.Minute},
		{"5.1", 2003, 36 * time.Hour}, {"6.0", 2026, 36 * time.Hour}, {"10.0", 2106, 36 * time.Hour},
	} {
		now := time.Date(test.year, 3, 1, 0, 0, 0, 0, time.UTC)
		s := startSite(t, `EmulatedVersion = "`+test.version+`"`, func(s *Server) { s.Clock = func() time.Time { return now } })
		at := func(d time.Duration) uint64 { return ntlm.FileTime(now.Add(d)) }
		for _, tt := range []struct {
			filetime uint64
			want     int
		}{
			{at(0), 200}, {at(test.limit), 200}, {at(-test.limit), 200},
			{at(test.limit + time.Second), 401}, {at(-test.limit - time.Second), 401},
			{0, 401}, {1, 401}, {1 << 62, 401}, {1 << 63, 401}, {1<<63 - 1, 401}, {1<<64 - 1, 401},
		} {
			c := s.dial()
			ch := challengeOf(t, c.leg1("/ntlm/page.htm"))
			if code, _ := c.get("/ntlm/page.htm", answerNTLMv2(ch, "alice", "secret", tt.filetime)); code != tt.want {
				t.Errorf("%s: %d at %#x, want %d", test.version, code, tt.filetime, tt.want)
			}
			c.Close()
		}
		if n := strings.Count(s.service.String(), fmt.Sprintf("the time in the NTLMv2 response is more than %v off", test.limit)); n != 8 {
			t.Errorf("%s: the service log names %d of 8", test.version, n)
		}
	}
}

// A challenge of 4.0 may be answered for half an hour (MS-NLMP note 39), if the
// connection lives that long.
func TestChallengeExpires(t *testing.T) {
	clock := newClock()
	s := startSite(t, "EmulatedVersion = \"4.0\"\nConnectionTimeout = 7200", func(s *Server) { s.Clock = clock.Now })
	for wait, want := range map[time.Duration]int{29 * time.Minute: 200, 31 * time.Minute: 401} {
		c := s.dial()
		resp := c.leg1("/ntlm/page.htm")
		clock.Add(wait)
		if code, _ := c.get("/ntlm/page.htm", answerNTLM(t, resp, "alice", "secret")); code != want {
			t.Errorf("after %v: %d, want %d", wait, code, want)
		}
	}
	if !strings.Contains(s.service.String(), "the challenge was older than 30m0s") {
		t.Error("the service log does not say so:", s.service.String())
	}
}

// E12: ranges that are huge, overlapping or many cost no more than the file, and
// give no byte that is not in it (CVE-2015-1635, CVE-2011-3192).
func TestHostileRanges(t *testing.T) {
	var many, overlapping strings.Builder
	for i := range 10000 {
		fmt.Fprintf(&many, ",%d-%d", i, i)
		overlapping.WriteString(",0-")
	}
	for _, version := range []string{"4.0", "6.0", "10.0"} {
		s := startSite(t, `EmulatedVersion = "`+version+"\"\nMaxClientRequestBuffer = 131072", func(*Server) {})
		for file, size := range map[string]int{"/small.htm": 1024, "/large.txt": 1 << 20} {
			whole := testFiles["pages"+file]
			for _, ranges := range []string{
				"18-18446744073709551615", "0-18446744073709551615", "1-18446744073709551616", "-18446744073709551615",
				"18446744073709551615-", "9223372036854775807-9223372036854775808", "0-9223372036854775807", "5-4", "-0", "-",
				strings.Repeat("9", 5000) + "-", many.String()[1:], overlapping.String()[1:], "0-0,0-18446744073709551615,18-4",
			} {
				c := s.dial()
				fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: web1\r\nConnection: close\r\nRange: bytes=%s\r\n\r\n", file, ranges)
				reply, err := io.ReadAll(c.r)
				if err != nil {
					t.Fatal(err)
				}
				if len(reply) > size+64<<10 {
					t.Errorf("%s: %s, %.30s: %d bytes", version, file, ranges, len(reply))
				}
				head, body, _ := strings.Cut(string(reply), "\r\n\r\n")
				switch code := strings.Fields(head)[1]; {
				case code == "416", code == "400", code == "206" && strings.Contains(head, "multipart/byteranges"):
				case code == "206" && !strings.Contains(whole, body), code == "200" && body != whole, code != "206" && code != "200":
					t.Errorf("%s: %s, %.30s: %s, %d bytes", version, file, ranges, code, len(body))
				}
				c.Close()
			}
		}
	}
}

// E14: a field of 60 KB is accepted by default, more than 65,534 bytes are not;
// the limits are settable (MaxFieldLength, MaxRequestBytes).
func TestHeaderSizes(t *testing.T) {
	for _, test := range []struct {
		version, properties string
		name                string // of the field
		size, fields, want  int
		reason              string // in HTTPERR
	}{
		{"6.0", "", "Authorization", 60 << 10, 1, 401, ""},
		{"10.0", "", "Authorization", 60 << 10, 1, 401, ""},
		{"6.0", "", "Cookie", 60 << 10, 1, 200, ""},
		{"10.0", "", "Cookie", 60 << 10, 1, 200, ""},
		{"6.0", "", "Cookie", 65536, 1, 400, "FieldLength"},
		{"10.0", "", "Cookie", 65536, 1, 400, "FieldLength"},
		{"10.0", "", "Cookie", 60 << 10, 3, 400, "RequestLength"},
		{"10.0", "", "X", 20, 6000, 400, "RequestLength"},
		{"6.0", "MaxFieldLength = 16384\nMaxRequestBytes = 16384", "Cookie", 16 << 10, 1, 400, ""},
		{"6.0", "MaxFieldLength = 16384\nMaxRequestBytes = 16384", "Cookie", 15 << 10, 1, 200, ""},
		{"10.0", "MaxFieldLength = 1000", "Cookie", 1100, 1, 400, "FieldLength"},
		{"10.0", "MaxFieldLength = 1000", "Cookie", 900, 8, 200, ""},
		{"10.0", "MaxRequestBytes = 4000", "Cookie", 900, 8, 400, "RequestLength"},
	} {
		for _, piece := range []int{1 << 20, 1000} {
			s := startSite(t, `EmulatedVersion = "`+test.version+`"`, nil)
			if test.properties != "" {
				text, _ := os.ReadFile(s.file())
				s.writeMetabase(strings.Replace(string(text), "[\"/LM/W3SVC\"]", "[\"/LM/W3SVC\"]\n"+test.properties, 1))
				if err := s.Reload(); err != nil {
					t.Fatal(err)
				}
			}
			path, value := "/small.htm", strings.Repeat("a", test.size)
			if test.name == "Authorization" {
				path, value = "/ntlm/page.htm", "NTLM "+strings.Repeat("AAAA", test.size/4)
			}
			text := "GET " + path + " HTTP/1.1\r\nHost: web1\r\n" + strings.Repeat(test.name+": "+value+"\r\n", test.fields) + "\r\n"
			c := s.dial()
			go func() {
				for chunk := range slices.Chunk([]byte(text), piece) {
					c.Write(chunk)
				}
			}()
			resp, _ := c.receive()
			name := fmt.Sprintf("%s, %s of %d bytes, %d times, by %d", test.version, test.name, test.size, test.fields, piece)
			if resp.StatusCode != test.want {
				t.Errorf("%s: %d, want %d", name, resp.StatusCode, test.want)
			}
			if test.reason != "" {
				s.waitHTTPErr(name, " 400 - "+test.reason+" ")
			}
			c.endsAsSaid(name, resp)
		}
	}
}

// httpErr returns the text of HTTPERR.
func (s *testSite) httpErr() string {
	var text []byte
	files, _ := filepath.Glob(filepath.Join(s.dir, "logs/HTTPERR/*"))
	for _, f := range files {
		b, _ := os.ReadFile(f)
		text = append(text, b...)
	}
	return string(text)
}

// waitHTTPErr waits for a text in HTTPERR.
func (s *testSite) waitHTTPErr(name, want string) {
	s.t.Helper()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		s.flush()
		if strings.Contains(s.httpErr(), want) {
			return
		}
	}
	s.t.Errorf("%s: HTTPERR lacks %q:\n%s", name, want, s.httpErr())
}
