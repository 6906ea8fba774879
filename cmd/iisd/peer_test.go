package main

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	crand "crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/bits"
	"net"
	"net/http"
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

	ntlmssp "github.com/Azure/go-ntlmssp"

	"iisd/authn/ntlm"
)

// The peers: clients that others wrote, and clients of our own that speak as old
// or hostile ones do.

// siteConfig is what a site of a peer test is made of. What it leaves out is
// added as for a scenario.
type siteConfig struct {
	version    string // "-": as the metabase says
	metabase   string
	properties []string // NAME=VALUE
	accounts   string
	files      map[string]string
}

// A peerSite is one running iisd.
type peerSite struct {
	*scenario
	address string // of site 1
}

// whoami is a page that says who came in.
const whoami = `[<!--#echo var="LOGON_USER"-->]`

// startSite starts iisd; it ends with the test.
func startSite(t testing.TB, c siteConfig) *peerSite {
	t.Helper()
	s := &scenario{tb: t, dir: t.TempDir(), ports: map[string]int{}, seen: map[string]int{}}
	files := map[string]string{"wwwroot/default.htm": "Welcome\n", "wwwroot/whoami.shtm": whoami}
	maps.Copy(files, c.files)
	files["metabase.toml"] = c.metabase
	if c.accounts != "" {
		files["accounts.toml"] = c.accounts
	}
	for name, text := range files {
		file := filepath.Join(s.dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return runSite(t, s, c.version, c.properties)
}

// runSite starts iisd in a directory that has its files already.
func runSite(t testing.TB, s *scenario, version string, properties []string) *peerSite {
	t.Helper()
	file := filepath.Join(s.dir, "metabase.toml")
	if err := s.writeMetabase(file, version, properties); err != nil {
		t.Fatal(err)
	}
	if err := s.writeAccounts(); err != nil {
		t.Fatal(err)
	}
	d, err := startDaemon(s.dir, file, append(os.Environ(), "GOTRACEBACK=all"))
	if err != nil {
		t.Fatal(err)
	}
	s.daemon = d
	t.Cleanup(s.end)
	if err := d.listening(slices.Collect(maps.Values(s.ports))); err != nil {
		t.Fatalf("%v\nmetabase:\n%s\nservice log:\n%s", err, s.written, d.log.String())
	}
	return &peerSite{s, fmt.Sprintf("127.0.0.1:%d", s.ports["PORT"])}
}

func (s *peerSite) url(path string) string { return "http://" + s.address + path }

// entries returns the access log of a site.
func (s *peerSite) entries(t testing.TB, site string) (entries []map[string]string) {
	t.Helper()
	logs, err := readLogs(filepath.Join(s.dir, "logs", "W3SVC"+site))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range logs {
		entries = append(entries, l.entries...)
	}
	return entries
}

// lines waits until n lines of the access log have the query, which tells one
// test's requests from another's, and returns them as "method stem user status
// substatus win32", the last two where the version has them.
func (s *peerSite) lines(t testing.TB, query string, n int) []string {
	t.Helper()
	for deadline := time.Now().Add(logWait); ; time.Sleep(10 * time.Millisecond) {
		var lines []string
		for _, e := range s.entries(t, "1") {
			if e["cs-uri-query"] == query {
				lines = append(lines, lineOf(e))
			}
		}
		switch {
		case len(lines) >= n:
			return lines
		case time.Now().After(deadline):
			t.Errorf("the access log has %d lines, not %d:\n%s", len(lines), n, strings.Join(lines, "\n"))
			return lines
		}
	}
}

func lineOf(entry map[string]string) string {
	var words []string
	for _, f := range []string{"cs-method", "cs-uri-stem", "cs-username", "sc-status", "sc-substatus", "sc-win32-status"} {
		if v, ok := entry[f]; ok {
			words = append(words, v)
		}
	}
	return strings.Join(words, " ")
}

// logged compares the lines of the access log that have the query. A * ends what
// is compared.
func (s *peerSite) logged(t testing.TB, query string, want ...string) {
	t.Helper()
	got := s.lines(t, query, len(want))
	same := len(got) == len(want)
	for i := 0; same && i < len(want); i++ {
		prefix, open := strings.CutSuffix(want[i], "*")
		same = got[i] == want[i] || open && strings.HasPrefix(got[i], prefix)
	}
	if !same {
		t.Errorf("access log:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// says waits until a line of the service log matches.
func (s *peerSite) says(t testing.TB, pattern string) {
	t.Helper()
	re := regexp.MustCompile("(?m)" + pattern)
	for deadline := time.Now().Add(logWait); !re.MatchString(s.daemon.log.String()); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Errorf("the service log does not match %q:\n%s", pattern, s.daemon.log.String())
			return
		}
	}
}

// needs fails a test whose peer is not installed.
func needs(t testing.TB, program, pkg string) string {
	t.Helper()
	for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/sbin", "/sbin") {
		file := filepath.Join(dir, program)
		if fi, err := os.Stat(file); err == nil && fi.Mode()&0o111 != 0 && !fi.IsDir() {
			return file
		}
	}
	t.Fatalf("%s is not installed: make test installs it, or install the package %s", program, pkg)
	return ""
}

// A rawConn is a client that sees every byte.
type rawConn struct {
	net.Conn
	br *bufio.Reader
}

const peerWait = 20 * time.Second // for any single answer, on a busy machine

// browserWait is for anything that Chromium says; it may wait for a processor long.
const browserWait = time.Minute

func dialRaw(address string) (*rawConn, error) {
	return dialFrom(&net.Dialer{Timeout: peerWait}, address)
}

func dialFrom(d *net.Dialer, address string) (*rawConn, error) {
	c, err := d.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	return &rawConn{c, bufio.NewReader(c)}, nil
}

// dial connects for the length of the test.
func (s *peerSite) dial(t testing.TB) *rawConn {
	t.Helper()
	c, err := dialRaw(s.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// A reply is a response that was read whole.
type reply struct {
	code   int
	header http.Header
	body   string
	closes bool // the response says that the connection ends
}

func (r *reply) String() string {
	return fmt.Sprintf("%d %v %q", r.code, r.header["Www-Authenticate"], r.body)
}

// send writes requests, the words of a request being method, path and fields.
func (c *rawConn) send(text string) error {
	c.SetDeadline(time.Now().Add(peerWait))
	_, err := io.WriteString(c, text)
	return err
}

// read reads the response to a request of the method.
func (c *rawConn) read(method string) (*reply, error) {
	c.SetDeadline(time.Now().Add(peerWait))
	for {
		resp, err := http.ReadResponse(c.br, &http.Request{Method: method})
		if err != nil {
			return nil, err
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			return nil, err
		}
		if resp.StatusCode != http.StatusContinue {
			return &reply{resp.StatusCode, resp.Header, string(body), resp.Close}, nil
		}
	}
}

// request returns a request without a body; authorization may be empty.
func request(method, path, authorization string) string {
	field := ""
	if authorization != "" {
		field = "Authorization: " + authorization + "\r\n"
	}
	return method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n" + field + "\r\n"
}

// get sends a GET and reads the answer.
func (c *rawConn) get(path, authorization string) (*reply, error) {
	if err := c.send(request("GET", path, authorization)); err != nil {
		return nil, err
	}
	return c.read("GET")
}

// closed reports whether the server has ended the connection, or does so now.
func (c *rawConn) closed() bool {
	c.SetReadDeadline(time.Now().Add(peerWait))
	_, err := c.br.ReadByte()
	return err != nil && !errors.Is(err, os.ErrDeadlineExceeded)
}

// An ntlmClient is an NTLM client of ours, which can be as old as it is told to.
type ntlmClient struct {
	domain, user, password string
	workstation            string
	scheme                 string       // NTLM if empty
	variant                ntlm.Variant // NTLMv2 if zero
	flags                  ntlm.Flags   // of the NEGOTIATE message; those of usualFlags if zero
	negotiate              []byte       // another NEGOTIATE message than flags give
	noMIC                  bool         // as clients before Windows 2003 SP2
}

const usualFlags = ntlm.NegotiateUnicode | ntlm.NegotiateOEM | ntlm.RequestTarget | ntlm.NegotiateNTLM |
	ntlm.NegotiateAlwaysSign | ntlm.NegotiateExtendedSecurity | ntlm.Negotiate128 | ntlm.Negotiate56

// aliceClient logs on as the alice of defaultAccounts.
func aliceClient() *ntlmClient { return &ntlmClient{domain: "CORP", user: "alice", password: "secret"} }

func (n *ntlmClient) schemeName() string {
	if n.scheme == "" {
		return "NTLM"
	}
	return n.scheme
}

// field returns a message as an Authorization field value.
func (n *ntlmClient) field(message []byte) string {
	return n.schemeName() + " " + base64.StdEncoding.EncodeToString(message)
}

func (n *ntlmClient) negotiateMessage() []byte {
	if n.negotiate != nil {
		return n.negotiate
	}
	m := ntlm.NegotiateMessage{Flags: n.flags}
	if m.Flags == 0 {
		m.Flags = usualFlags
	}
	return m.Marshal()
}

// challengeIn returns the CHALLENGE message of a 401.
func (n *ntlmClient) challengeIn(r *reply) ([]byte, error) {
	if r.code != http.StatusUnauthorized {
		return nil, fmt.Errorf("the answer to a NEGOTIATE message is %v", r)
	}
	for _, v := range r.header["Www-Authenticate"] {
		if token, ok := strings.CutPrefix(v, n.schemeName()+" "); ok {
			return base64.StdEncoding.DecodeString(token)
		}
	}
	return nil, fmt.Errorf("no challenge in %v", r)
}

// start sends the NEGOTIATE message and returns the CHALLENGE.
func (n *ntlmClient) start(c *rawConn, path string) ([]byte, error) {
	r, err := c.get(path, n.field(n.negotiateMessage()))
	if err != nil {
		return nil, err
	}
	return n.challengeIn(r)
}

// logon carries the handshake out and returns the last answer.
func (n *ntlmClient) logon(c *rawConn, path string) (*reply, error) {
	challenge, err := n.start(c, path)
	if err != nil {
		return nil, err
	}
	m, err := n.authenticate(challenge)
	if err != nil {
		return nil, err
	}
	return c.get(path, n.field(m))
}

// authenticate answers a CHALLENGE (MS-NLMP 3.1.5.1.2).
func (n *ntlmClient) authenticate(challenge []byte) ([]byte, error) {
	cm, err := ntlm.ParseChallenge(challenge)
	if err != nil {
		return nil, err
	}
	// What both sides want. A client this simple neither signs nor seals.
	m := &ntlm.AuthenticateMessage{
		Flags:       cm.Flags &^ (ntlm.NegotiateTargetInfo | ntlm.TargetTypeServer | ntlm.TargetTypeDomain),
		DomainName:  n.domain,
		UserName:    n.user,
		Workstation: n.workstation,
	}
	var own [8]byte // the client's challenge
	if _, err := crand.Read(own[:]); err != nil {
		return nil, err
	}
	nt := ntlm.NTOWFv1(n.password)
	switch n.variant {
	case ntlm.VariantLM, ntlm.VariantNTLMv1:
		if lm, ok := ntlm.LMOWFv1(n.password); ok {
			r := ntlm.DESL(lm, cm.ServerChallenge)
			m.LmChallengeResponse = r[:]
		}
		if n.variant == ntlm.VariantNTLMv1 {
			r := ntlm.DESL(nt, cm.ServerChallenge)
			m.NtChallengeResponse = r[:]
		}
	case ntlm.VariantNTLMv1ESS:
		r := ntlm.DESL(nt, ntlm.ExtendedChallenge(cm.ServerChallenge, own))
		m.LmChallengeResponse, m.NtChallengeResponse = append(own[:], make([]byte, 16)...), r[:]
	case ntlm.VariantLMv2:
		r := ntlm.LMv2Response(ntlm.NTOWFv2(nt, n.user, n.domain), cm.ServerChallenge, own)
		m.LmChallengeResponse = r[:]
	default:
		return n.ntlmv2(m, cm, own, challenge), nil
	}
	return m.Marshal(), nil
}

// ntlmv2 completes m with NTLMv2 and LMv2 responses, or, where the server sent
// its time, with an NTLMv2 response and a MIC.
func (n *ntlmClient) ntlmv2(m *ntlm.AuthenticateMessage, cm *ntlm.ChallengeMessage, own [8]byte, challenge []byte) []byte {
	key := ntlm.NTOWFv2(ntlm.NTOWFv1(n.password), n.user, n.domain)
	now := ntlm.FileTime(time.Now())
	pairs := slices.Clone(cm.TargetInfo)
	if stamp, ok := ntlm.FindAV(pairs, ntlm.MsvAvTimestamp); ok {
		now = binary.LittleEndian.Uint64(stamp.Value)
		m.LmChallengeResponse = make([]byte, 24)
		m.HasMIC = !n.noMIC
	} else {
		r := ntlm.LMv2Response(key, cm.ServerChallenge, own)
		m.LmChallengeResponse = r[:]
	}
	if m.HasMIC {
		pairs = append(pairs, ntlm.AVPair{ID: ntlm.MsvAvFlags, Value: binary.LittleEndian.AppendUint32(nil, ntlm.AVMICProvided)})
	}
	m.NtChallengeResponse = ntlm.NTLMv2Response(key, cm.ServerChallenge, own, now, pairs)
	if !m.HasMIC {
		return m.Marshal()
	}
	h := hmac.New(md5.New, key[:])
	h.Write(m.NtChallengeResponse[:16])
	session := [16]byte(h.Sum(nil)) // without a key exchange it is the base key
	b := m.Marshal()
	mic, _ := ntlm.MIC(session, n.negotiateMessage(), challenge, b)
	copy(b[72:], mic[:])
	return b
}

// expect fails unless r has the code and holds the text.
func (r *reply) expect(t testing.TB, err error, code int, text string) {
	t.Helper()
	switch {
	case err != nil:
		t.Fatal(err)
	case r.code != code || !strings.Contains(r.body, text):
		t.Fatalf("got %v, want %d and %q", r, code, text)
	}
}

// metabaseNTLM guards the whole site by NTLM, but for /open and with /any
// for all methods.
const metabaseNTLM = `
["/LM/W3SVC/1/ROOT"]
Path      = "wwwroot"
AuthFlags = "AuthNTLM"
NTAuthenticationProviders = "NTLM"
["/LM/W3SVC/1/ROOT/open"]
Path      = "wwwroot"
AuthFlags = "AuthAnonymous"
["/LM/W3SVC/1/ROOT/basic"]
Path      = "wwwroot"
AuthFlags = "AuthBasic"
["/LM/W3SVC/1/ROOT/any"]
Path      = "wwwroot"
AuthFlags = "AuthBasic | AuthNTLM"
["/LM/W3SVC/1/ROOT/negotiate"]
Path      = "wwwroot"
AuthFlags = "AuthNTLM"
NTAuthenticationProviders = "Negotiate,NTLM"
["/LM/W3SVC/1/ROOT/off"]
Path      = "wwwroot"
AuthFlags = "AuthNTLM"
AllowKeepAlive = false
["/LM/W3SVC/1/ROOT/offbasic"]
Path      = "wwwroot"
AuthFlags = "AuthBasic"
AllowKeepAlive = false
`

// TestPeerCurl: curl as people use it.
func TestPeerCurl(t *testing.T) {
	t.Parallel()
	curl := needs(t, "curl", "curl")
	sites := map[string]*peerSite{}
	for _, version := range []string{"4.0", "6.0", "10.0"} {
		sites[version] = startSite(t, siteConfig{version: version, metabase: metabaseNTLM,
			files: map[string]string{"body": strings.Repeat("0123456789abcdef", 300<<10/16)}})
	}
	const alice = `CORP\alice:secret`
	for i, test := range []struct {
		name    string
		version string
		args    string // $S is the site
		user    string
		codes   string // of the last response of each URL
		stdout  string
		logged  string // lines, separated by commas
	}{
		// Two legs where curl begins at once, three where it asks first (KB 969060).
		{"NTLM", "6.0", "--ntlm $S/whoami.shtm", alice, "200", `[CORP\alice]`,
			`GET /whoami.shtm - 401 1 0, GET /whoami.shtm CORP\alice 200 0 0`},
		{"NTLM on 10.0", "10.0", "--ntlm $S/whoami.shtm", alice, "200", `[CORP\alice]`,
			`GET /whoami.shtm - 401 1 2148074254, GET /whoami.shtm CORP\alice 200 0 0`},
		{"NTLM, two URLs", "4.0", "--ntlm $S/whoami.shtm $S/whoami.shtm", alice, "200200", `[CORP\alice]`,
			`GET /whoami.shtm - 401 *, GET /whoami.shtm CORP\alice 200 0, GET /whoami.shtm CORP\alice 200 0`},
		{"anyauth takes NTLM", "6.0", "--anyauth $S/any/whoami.shtm", alice, "200", `[CORP\alice]`, ""},
		{"anyauth where there is Basic only", "6.0", "--anyauth $S/basic/whoami.shtm", alice, "200", `[CORP\alice]`,
			`GET /basic/whoami.shtm - 401 2 2148074254, GET /basic/whoami.shtm CORP\alice 200 0 0`},
		{"anyauth where nobody asks", "6.0", "--anyauth $S/open/whoami.shtm", alice, "200", `[]`,
			`GET /open/whoami.shtm - 200 0 0`},
		{"Basic", "10.0", "--basic $S/basic/whoami.shtm", alice, "200", `[CORP\alice]`,
			`GET /basic/whoami.shtm CORP\alice 200 0 0`},
		{"Basic, name with the domain last", "6.0", "--basic $S/basic/whoami.shtm", "alice@CORP:secret", "200", `[alice@CORP]`, ""},
		{"Basic, local account", "6.0", "--basic $S/basic/whoami.shtm", "carol:local", "200", `[carol]`, ""},
		{"Basic, wrong password", "6.0", "--basic $S/basic/whoami.shtm", `CORP\alice:wrong`, "401", "",
			`GET /basic/whoami.shtm - 401 1 1326`},
		{"NTLM, local account", "6.0", "--ntlm $S/whoami.shtm", "carol:local", "200", "carol]", ""},
		{"NTLM, wrong password", "10.0", "--ntlm $S/whoami.shtm", `CORP\alice:wrong`, "401", "",
			`GET /whoami.shtm - 401 1 2148074254, GET /whoami.shtm - 401 1 2148074252`},
		{"HEAD", "6.0", "--ntlm -I $S/default.htm", alice, "200", "Content-Length: 8", ""},
		{"range", "6.0", "--ntlm -r 3-5 $S/default.htm", alice, "206", "com",
			`GET /default.htm - 401 1 0, GET /default.htm CORP\alice 206 0 0`},

		// A body does not come between the legs: what the file refuses is POST.
		{"POST of 300 KB after NTLM", "6.0", "--ntlm --data-binary @body $S/default.htm", alice, "405", "", ""},
		{"POST of 300 KB, NTLM found out", "6.0", "--anyauth --data-binary @body $S/default.htm", alice, "405", "", ""},
		{"POST of 300 KB, chunked, at once", "10.0", "--ntlm -H Expect: -H Transfer-Encoding:chunked --data-binary @body $S/default.htm", alice, "405", "", ""},

		// HTTP/1.0 knows persistent connections only by agreement (auth.md, A12).
		{"HTTP/1.0, NTLM", "6.0", "--http1.0 --ntlm $S/whoami.shtm", alice, "401", "", ""},
		{"HTTP/1.0 with Keep-Alive, NTLM", "6.0", "--http1.0 -H Connection:Keep-Alive --ntlm $S/whoami.shtm", alice, "200", `[CORP\alice]`, ""},
		{"HTTP/1.0 with Keep-Alive, NTLM on 4.0", "4.0", "--http1.0 -H Connection:Keep-Alive --ntlm $S/default.htm", alice, "200", "Welcome", ""},
		{"HTTP/1.0, Basic", "4.0", "--http1.0 --basic $S/basic/default.htm", alice, "200", "Welcome",
			`GET /basic/default.htm CORP\alice 200 0`},
		{"client closes, NTLM", "6.0", "-H Connection:close --ntlm $S/whoami.shtm", alice, "401", "", ""},
		{"client closes, Basic", "6.0", "-H Connection:close --basic $S/basic/whoami.shtm", alice, "200", `[CORP\alice]`, ""},

		// Q288323.
		{"keep-alives off, NTLM", "6.0", "--ntlm $S/off/whoami.shtm", alice, "401", "", ""},
		{"keep-alives off, NTLM on 4.0", "4.0", "--ntlm $S/off/whoami.shtm", alice, "401", "401.5", ""},
		{"keep-alives off, Basic", "4.0", "--basic $S/offbasic/default.htm", alice, "200", "Welcome", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := sites[test.version]
			query := fmt.Sprintf("row%d", i)
			args := []string{"-s", "-m", "20", "-w", "%{stderr}%{http_code}", "-u", test.user}
			for _, arg := range strings.Fields(test.args) {
				if path, ok := strings.CutPrefix(arg, "$S"); ok {
					arg = s.url(path) + "?" + query
				}
				args = append(args, arg)
			}
			cmd := exec.Command(curl, args...)
			cmd.Dir = s.dir
			var stdout, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			if err := cmd.Run(); err != nil {
				t.Errorf("curl: %v", err)
			}
			if stderr.String() != test.codes || !strings.Contains(stdout.String(), test.stdout) {
				t.Errorf("%s %q, want %s %q", &stderr, &stdout, test.codes, test.stdout)
			}
			if test.codes == "401" && strings.Contains(stdout.String(), "[") {
				t.Errorf("the page came with a 401: %q", &stdout)
			}
			if test.logged != "" {
				s.logged(t, query, strings.Split(test.logged, ", ")...)
			}
		})
	}
}

// TestPeerGoNTLMSSP: an NTLM client by others, in net/http.
func TestPeerGoNTLMSSP(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"4.0", "6.0", "10.0"} {
		s := startSite(t, siteConfig{version: version, metabase: metabaseNTLM})
		transport := &http.Transport{MaxIdleConnsPerHost: 16}
		defer transport.CloseIdleConnections()
		client := &http.Client{Transport: ntlmssp.Negotiator{RoundTripper: transport}, Timeout: peerWait}
		do := func(client *http.Client, method, path, user, password string, body io.Reader) (int, string, error) {
			req, err := http.NewRequest(method, s.url(path), body)
			if err != nil {
				return 0, "", err
			}
			req.SetBasicAuth(user, password)
			resp, err := client.Do(req)
			if err != nil {
				return 0, "", err
			}
			defer resp.Body.Close()
			text, err := io.ReadAll(resp.Body)
			return resp.StatusCode, string(text), err
		}
		expect := func(t *testing.T, code int, text string) func(int, string, error) {
			return func(gotCode int, got string, err error) {
				t.Helper()
				if err != nil || gotCode != code || !strings.Contains(got, text) {
					t.Errorf("%d %q %v, want %d %q", gotCode, got, err, code, text)
				}
			}
		}
		t.Run(version+" GET", func(t *testing.T) {
			expect(t, 200, `[CORP\alice]`)(do(client, "GET", "/whoami.shtm?get", `CORP\alice`, "secret", nil))
			s.logged(t, "get", "GET /whoami.shtm - 401 *", "GET /whoami.shtm - 401 *", `GET /whoami.shtm CORP\alice 200 *`)
		})
		t.Run(version+" wrong password", func(t *testing.T) {
			transport.CloseIdleConnections()
			expect(t, 401, "")(do(client, "GET", "/whoami.shtm", `CORP\alice`, "Secret", nil))
			s.says(t, `CORP\\alice.*wrong password`)
		})
		t.Run(version+" under Negotiate", func(t *testing.T) {
			transport.CloseIdleConnections()
			expect(t, 200, `[CORP\bob]`)(do(client, "GET", "/negotiate/whoami.shtm", `CORP\bob`, "hunter2", nil))
		})
		t.Run(version+" local account", func(t *testing.T) {
			transport.CloseIdleConnections()
			expect(t, 200, `carol]`)(do(client, "GET", "/whoami.shtm", "carol", "local", nil))
		})
		// 5 MB after a challenge: what is refused in the end is the method, not
		// the account.
		t.Run(version+" POST", func(t *testing.T) {
			transport.CloseIdleConnections()
			code, _, err := do(client, "POST", "/default.htm?post", `CORP\alice`, "secret", bytes.NewReader(make([]byte, 5<<20)))
			if err != nil || code == 401 || code == 200 {
				t.Errorf("%d, %v", code, err)
			}
			s.logged(t, "post", "POST /default.htm - 401 *", "POST /default.htm - 401 *", fmt.Sprintf(`POST /default.htm CORP\alice %d *`, code))
		})
		// The client's legs follow one another on a connection only while nobody
		// else takes it from the pool, so each has a pool of its own.
		t.Run(version+" parallel connections", func(t *testing.T) {
			var clients sync.WaitGroup
			for range 16 {
				clients.Go(func() {
					transport := &http.Transport{}
					defer transport.CloseIdleConnections()
					client := &http.Client{Transport: ntlmssp.Negotiator{RoundTripper: transport}, Timeout: peerWait}
					for range 10 {
						expect(t, 200, `[CORP\alice]`)(do(client, "GET", "/whoami.shtm", `CORP\alice`, "secret", nil))
					}
				})
			}
			clients.Wait()
		})
	}
}

// variantAccounts has an account with an LM hash, which only LM clients need.
func variantAccounts() string {
	nt, lm := ntlm.NTOWFv1("Secret1"), [16]byte{}
	lm, _ = ntlm.LMOWFv1("Secret1")
	return fmt.Sprintf(`
[[Account]]
Name   = 'CORP\olduser'
NTHash = "%x"
LMHash = "%x"
[[Account]]
Name     = 'CORP\newuser'
Password = "Secret1"
[[Account]]
Name     = 'CORP\jürgen'
Password = "Grün1"
[[Account]]
Name     = 'carol'
Password = "local"
`, nt, lm)
}

// TestPeerVariants: the ways to answer a challenge, and which of them
// LMCompatibilityLevel takes (MS-NLMP note 81).
func TestPeerVariants(t *testing.T) {
	t.Parallel()
	for level, accepted := range map[int][]ntlm.Variant{
		2: {ntlm.VariantLM, ntlm.VariantNTLMv1, ntlm.VariantNTLMv1ESS, ntlm.VariantLMv2, ntlm.VariantNTLMv2},
		4: {ntlm.VariantNTLMv1, ntlm.VariantNTLMv1ESS, ntlm.VariantLMv2, ntlm.VariantNTLMv2},
		5: {ntlm.VariantLMv2, ntlm.VariantNTLMv2},
	} {
		s := startSite(t, siteConfig{version: "6.0", metabase: metabaseNTLM, accounts: variantAccounts(),
			properties: []string{fmt.Sprintf("LMCompatibilityLevel=%d", level)}})
		for _, variant := range []ntlm.Variant{ntlm.VariantLM, ntlm.VariantNTLMv1, ntlm.VariantNTLMv1ESS, ntlm.VariantLMv2, ntlm.VariantNTLMv2} {
			n := &ntlmClient{domain: "CORP", user: "olduser", password: "Secret1", variant: variant}
			if variant == ntlm.VariantLM || variant == ntlm.VariantNTLMv1 {
				n.flags = usualFlags &^ (ntlm.NegotiateExtendedSecurity | ntlm.Negotiate128)
			}
			t.Run(fmt.Sprintf("%v at level %d", variant, level), func(t *testing.T) {
				query := fmt.Sprintf("variant%d", variant)
				r, err := n.logon(s.dial(t), "/whoami.shtm?"+query)
				if slices.Contains(accepted, variant) {
					r.expect(t, err, 200, `[CORP\olduser]`)
					s.logged(t, query, "GET /whoami.shtm - 401 1 0", `GET /whoami.shtm CORP\olduser 200 0 0`)
				} else {
					r.expect(t, err, 401, "")
					s.logged(t, query, "GET /whoami.shtm - 401 1 0", "GET /whoami.shtm - 401 1 2148074252")
					s.says(t, regexp.QuoteMeta(variant.String())+` refused by LMCompatibilityLevel `+strconv.Itoa(level))
				}
				wrong := *n
				wrong.password = "Secret2"
				r, err = wrong.logon(s.dial(t), "/whoami.shtm")
				r.expect(t, err, 401, "")
			})
		}
	}
}

// TestPeerOldMessages: messages as old and plain clients send them.
func TestPeerOldMessages(t *testing.T) {
	t.Parallel()
	header := func(flags ntlm.Flags, size int) []byte {
		b := append([]byte("NTLMSSP\x00"), 1, 0, 0, 0)
		b = binary.LittleEndian.AppendUint32(b, uint32(flags))
		return append(b, make([]byte, size-len(b))...)
	}
	const oem = ntlm.NegotiateOEM | ntlm.NegotiateNTLM | ntlm.RequestTarget
	for _, version := range []string{"4.0", "6.0", "10.0"} {
		s := startSite(t, siteConfig{version: version, metabase: metabaseNTLM, accounts: variantAccounts(),
			properties: []string{"LMCompatibilityLevel=2"}})
		for _, test := range []struct {
			name   string
			client ntlmClient
			path   string
			page   string
		}{
			{"NEGOTIATE of 16 bytes", ntlmClient{domain: "CORP", user: "newuser", password: "Secret1", negotiate: header(usualFlags, 16)}, "/", `[CORP\newuser]`},
			{"NEGOTIATE of 32 bytes", ntlmClient{domain: "CORP", user: "newuser", password: "Secret1", negotiate: header(usualFlags, 32)}, "/", `[CORP\newuser]`},
			{"NEGOTIATE of 16 bytes, OEM, NTLMv1", ntlmClient{domain: "CORP", user: "newuser", password: "Secret1", negotiate: header(oem, 16), variant: ntlm.VariantNTLMv1}, "/", `[CORP\newuser]`},
			{"OEM, NTLMv1, a name outside ASCII", ntlmClient{domain: "CORP", user: "jürgen", password: "Grün1", flags: oem, variant: ntlm.VariantNTLMv1}, "/", "CORP\\j"},
			{"OEM, NTLMv2", ntlmClient{domain: "CORP", user: "newuser", password: "Secret1", flags: oem}, "/", `[CORP\newuser]`},
			{"NTLMv2 without MIC", ntlmClient{domain: "CORP", user: "newuser", password: "Secret1", noMIC: true}, "/", `[CORP\newuser]`},
			{"name in other case", ntlmClient{domain: "corp", user: "NEWUSER", password: "Secret1"}, "/", `]`},
			{"empty domain", ntlmClient{user: "carol", password: "local"}, "/", `carol]`},
			{"the challenge's target as domain", ntlmClient{domain: "WEB1", user: "carol", password: "local"}, "/", `carol]`},
			{"the client's machine as domain", ntlmClient{domain: "LAPTOP7", user: "carol", password: "local", workstation: "LAPTOP7"}, "/", `carol]`},
			{"raw NTLM under Negotiate", ntlmClient{domain: "CORP", user: "newuser", password: "Secret1", scheme: "Negotiate"}, "/negotiate/", `[CORP\newuser]`},
			{"raw NTLMv1 under Negotiate", ntlmClient{domain: "CORP", user: "newuser", password: "Secret1", scheme: "Negotiate",
				flags: usualFlags &^ ntlm.NegotiateExtendedSecurity, variant: ntlm.VariantNTLMv1}, "/negotiate/", `[CORP\newuser]`},
			{"NTLM beside Negotiate", ntlmClient{domain: "CORP", user: "newuser", password: "Secret1"}, "/negotiate/", `[CORP\newuser]`},
		} {
			t.Run(version+" "+test.name, func(t *testing.T) {
				c := s.dial(t)
				r, err := test.client.logon(c, test.path+"whoami.shtm")
				r.expect(t, err, 200, test.page)
				first := r.body
				r, err = c.get(test.path+"whoami.shtm", "") // the connection is his
				r.expect(t, err, 200, first)
			})
		}
	}
}

// TestPeerThousandUsers (A7): parallel logons, none ever sees another's name.
func TestPeerThousandUsers(t *testing.T) {
	t.Parallel()
	const users = 1000
	var accounts strings.Builder
	for i := range users {
		fmt.Fprintf(&accounts, "[[Account]]\nName = 'CORP\\user%04d'\nNTHash = \"%x\"\n", i, ntlm.NTOWFv1(fmt.Sprintf("Pass%04d", i)))
	}
	s := startSite(t, siteConfig{version: "10.0", metabase: metabaseNTLM, accounts: accounts.String()})
	one := func(i int) error {
		c, err := dialRaw(s.address)
		if err != nil {
			return err
		}
		defer c.Close()
		n := &ntlmClient{domain: "CORP", user: fmt.Sprintf("user%04d", i), password: fmt.Sprintf("Pass%04d", i)}
		want := fmt.Sprintf(`[CORP\user%04d]`, i)
		r, err := n.logon(c, "/whoami.shtm")
		for range 3 {
			if err != nil {
				return err
			}
			if r.code != 200 || r.body != want {
				return fmt.Errorf("%v, want %s", r, want)
			}
			r, err = c.get("/whoami.shtm", "")
		}
		return err
	}
	var clients sync.WaitGroup
	begin := make(chan struct{})
	for i := range users {
		clients.Go(func() {
			<-begin
			if err := one(i); err != nil {
				t.Errorf("user%04d: %v", i, err)
			}
		})
	}
	close(begin)
	clients.Wait()
	counts := map[string]int{}
	for _, l := range s.lines(t, "-", users*5) {
		counts[l]++
	}
	for i := range users {
		if l := fmt.Sprintf(`GET /whoami.shtm CORP\user%04d 200 0 0`, i); counts[l] != 4 {
			t.Errorf("%d lines of %q, want 4", counts[l], l)
		}
	}
	if l := "GET /whoami.shtm - 401 1 2148074254"; counts[l] != users {
		t.Errorf("%d lines of %q, want %d", counts[l], l, users)
	}
}

// TestPeerPortReuse (A6): a connection's state goes with it, even if the next
// client comes from the same port at once.
func TestPeerPortReuse(t *testing.T) {
	t.Parallel()
	s := startSite(t, siteConfig{version: "6.0", metabase: metabaseNTLM})
	n := aliceClient()
	// life is one client after the other from the same port: a user, half a
	// handshake, and an answer to that half.
	life := func(d *net.Dialer) error {
		dial := func() (*rawConn, error) {
			c, err := dialFrom(d, s.address)
			if err == nil {
				c.Conn.(*net.TCPConn).SetLinger(0) // a reset leaves the port free at once
			}
			return c, err
		}
		c, err := dial()
		if err != nil {
			return err
		}
		r, err := n.logon(c, "/whoami.shtm")
		r.expect(t, err, 200, `[CORP\alice]`)
		c.Close()

		if c, err = dial(); err != nil {
			return err
		}
		r, err = c.get("/whoami.shtm", "")
		r.expect(t, err, 401, "")
		challenge, err := n.start(c, "/whoami.shtm")
		if err != nil {
			t.Fatal(err)
		}
		c.Close()

		m, err := n.authenticate(challenge)
		if err != nil {
			t.Fatal(err)
		}
		if c, err = dial(); err != nil {
			return err
		}
		r, err = c.get("/whoami.shtm", n.field(m))
		r.expect(t, err, 401, "")
		c.Close()
		return nil
	}
	taken := 0 // ports that another program had
	for lives := 0; lives < 50; {
		switch err := life(&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: freePort()}, Timeout: peerWait}); {
		case err == nil:
			lives++
		case !errors.Is(err, syscall.EADDRINUSE) || taken == 50:
			t.Fatal(err)
		default:
			taken++
		}
	}
}

// TestPeerPipelining (A8): each request is judged with the state at its turn.
func TestPeerPipelining(t *testing.T) {
	t.Parallel()
	n := aliceClient()
	const page, bare = "/whoami.shtm", ""
	wrong := *n
	wrong.password = "wrong"
	for _, version := range []string{"4.0", "5.0", "6.0", "10.0"} {
		s := startSite(t, siteConfig{version: version, metabase: metabaseNTLM})
		closes := version == "4.0" || version == "5.0" // a 401 other than a challenge closes (Q264921)
		run := func(t *testing.T, c *rawConn, authorizations, want []string) {
			var b strings.Builder
			for _, a := range authorizations {
				b.WriteString(request("GET", page, a))
			}
			if err := c.send(b.String()); err != nil {
				t.Fatal(err)
			}
			for i, w := range want {
				if w == "closed" {
					if !c.closed() {
						t.Errorf("answer %d: the connection is open", i+1)
					}
					return
				}
				r, err := c.read("GET")
				if err != nil {
					t.Fatalf("answer %d: %v", i+1, err)
				}
				got := strconv.Itoa(r.code)
				if r.code == 200 {
					got += r.body
				}
				if got != w {
					t.Errorf("answer %d: %v, want %s", i+1, r, w)
				}
			}
		}
		// answered returns a connection and the answer to its challenge.
		answered := func(t *testing.T, n *ntlmClient) (*rawConn, string) {
			c := s.dial(t)
			challenge, err := n.start(c, page)
			if err != nil {
				t.Fatal(err)
			}
			m, err := n.authenticate(challenge)
			if err != nil {
				t.Fatal(err)
			}
			return c, n.field(m)
		}
		const alice = `200[CORP\alice]`
		t.Run(version+" behind the first message", func(t *testing.T) {
			want := []string{"401", "401"}
			if closes {
				want = []string{"401", "401", "closed"}
			}
			run(t, s.dial(t), []string{n.field(n.negotiateMessage()), bare}, want)
		})
		t.Run(version+" a bare request spends the challenge", func(t *testing.T) {
			c, last := answered(t, n)
			want := []string{"401", "401", "401"}
			if closes {
				want = []string{"401", "closed"}
			}
			run(t, c, []string{bare, last, bare}, want)
		})
		t.Run(version+" behind the last message", func(t *testing.T) {
			c, last := answered(t, n)
			run(t, c, []string{last, bare, bare}, []string{alice, alice, alice})
		})
		t.Run(version+" behind a refused last message", func(t *testing.T) {
			c, last := answered(t, &wrong)
			want := []string{"401", "401"}
			if closes {
				want = []string{"401", "closed"}
			}
			run(t, c, []string{last, bare}, want)
		})
		t.Run(version+" other credentials drop the user", func(t *testing.T) {
			c, last := answered(t, n)
			want := []string{alice, "401", "401"}
			if closes {
				want = []string{alice, "401", "closed"}
			}
			run(t, c, []string{last, "NTLM cnViYmlzaA==", bare}, want)
		})
		t.Run(version+" the last message twice", func(t *testing.T) {
			c, last := answered(t, n)
			want := []string{alice, "401", "401"}
			if closes {
				want = []string{alice, "401", "closed"}
			}
			run(t, c, []string{last, last, bare}, want)
		})
	}
}

// TestPeerUnreadBody (A9): a body nobody reads is never run as a request.
func TestPeerUnreadBody(t *testing.T) {
	t.Parallel()
	smuggled := strings.Repeat(request("GET", "/open/smuggled.htm", ""), 4)
	for _, version := range []string{"4.0", "6.0", "10.0"} {
		s := startSite(t, siteConfig{version: version, metabase: metabaseNTLM,
			files: map[string]string{"wwwroot/smuggled.htm": "Smuggled"}})
		n := aliceClient()
		negotiate := "Authorization: " + n.field(n.negotiateMessage()) + "\r\n"
		length := fmt.Sprintf("Content-Length: %d\r\n", len(smuggled))
		chunked := fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(smuggled), smuggled)
		huge := 300 << 20
		for i, test := range []struct {
			name, fields, body string
			mayClose           bool // where a refusal leaves the connection open in this version
		}{
			{"length", length, smuggled, false},
			{"chunked", "Transfer-Encoding: chunked\r\n", chunked, false},
			{"length, challenge leg", negotiate + length, smuggled, false},
			{"chunked, challenge leg", negotiate + "Transfer-Encoding: chunked\r\n", chunked, false},
			{"asks for leave and does not wait", "Expect: 100-continue\r\n" + length, smuggled, true},
			{"asks for leave, challenge leg", "Expect: 100-continue\r\n" + negotiate + length, smuggled, true},
			{"longer than anyone would drop", fmt.Sprintf("Content-Length: %d\r\n", huge), strings.Repeat(smuggled, 50), true},
			{"length of zero", "Content-Length: 0\r\n", "", false},
		} {
			t.Run(version+" "+test.name, func(t *testing.T) {
				query := fmt.Sprintf("body%d", i)
				c := s.dial(t)
				head := "POST /guarded?" + query + " HTTP/1.1\r\nHost: localhost\r\n" + test.fields + "\r\n"
				if err := c.send(head + test.body); err != nil {
					t.Fatal(err)
				}
				r, err := c.read("POST")
				r.expect(t, err, 401, "")
				if r.closes {
					if !test.mayClose && version != "4.0" {
						t.Errorf("the connection closes: %v", r.header)
					}
					if version == "4.0" && strings.Contains(test.fields, negotiate) && !test.mayClose {
						t.Errorf("a challenge leg closes: %v", r.header)
					}
					if rest, err := io.ReadAll(c.br); len(rest) > 0 {
						t.Errorf("%q follows, %v", rest, err)
					}
				} else {
					r, err = c.get("/open/default.htm", "")
					r.expect(t, err, 200, "Welcome")
				}
				if lines := s.lines(t, query, 1); len(lines) > 1 {
					t.Errorf("access log:\n%s", strings.Join(lines, "\n"))
				}
			})
		}
		if err := s.stop(); err != nil { // then all lines are there
			t.Error(err)
		}
		for _, e := range s.entries(t, "1") {
			if strings.Contains(e["cs-uri-stem"], "smuggled") {
				t.Errorf("a body was run: %s", lineOf(e))
			}
		}
	}
}

// TestPeerChallenges (B3): challenges are random, never repeat, and serve only
// the connection they were made for.
func TestPeerChallenges(t *testing.T) {
	t.Parallel()
	s := startSite(t, siteConfig{version: "10.0", metabase: metabaseNTLM})
	const connections, each = 8, 250
	n := aliceClient()
	var mu sync.Mutex
	seen := map[[8]byte]bool{}
	ones := 0
	var clients sync.WaitGroup
	for range connections {
		c := s.dial(t)
		clients.Go(func() {
			for range each {
				challenge, err := n.start(c, "/whoami.shtm")
				if err != nil {
					t.Error(err)
					return
				}
				m, err := ntlm.ParseChallenge(challenge)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				if seen[m.ServerChallenge] {
					t.Errorf("%x was seen before", m.ServerChallenge)
				}
				seen[m.ServerChallenge] = true
				ones += bits.OnesCount64(binary.BigEndian.Uint64(m.ServerChallenge[:]))
				mu.Unlock()
			}
		})
	}
	clients.Wait()
	// Half of the bits, within six standard deviations (sqrt(n)/2 = 179).
	if total := connections * each * 64; ones < total/2-6*179 || ones > total/2+6*179 {
		t.Errorf("%d of %d bits are set", ones, total)
	}

	a, b := s.dial(t), s.dial(t)
	challenge, err := n.start(a, "/whoami.shtm")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.start(b, "/whoami.shtm"); err != nil {
		t.Fatal(err)
	}
	m, err := n.authenticate(challenge)
	if err != nil {
		t.Fatal(err)
	}
	r, err := b.get("/whoami.shtm", n.field(m))
	r.expect(t, err, 401, "")
	r, err = a.get("/whoami.shtm", n.field(m))
	r.expect(t, err, 200, `[CORP\alice]`)
	r, err = a.get("/whoami.shtm", n.field(m)) // nor twice
	r.expect(t, err, 401, "")
}

const stateAccounts = `
[[Account]]
Name     = 'CORP\alice'
Password = "secret"
[[Account]]
Name     = 'CORP\disabled'
Password = "secret"
Disabled = true
[[Account]]
Name      = 'CORP\locked'
Password  = "secret"
LockedOut = true
[[Account]]
Name     = 'CORP\expired'
Password = "secret"
PasswordExpired = true
[[Account]]
Name     = 'CORP\norights'
Password = "secret"
Rights   = []
`

// TestPeerEnumeration (B11): a refusal does not tell whether the account is there,
// neither by its bytes nor by its time. The log tells the administrator.
func TestPeerEnumeration(t *testing.T) {
	kinds := []struct{ name, user, password, reason string }{
		{"wrong password", "alice", "Secret", "wrong password"},
		{"unknown user", "nobody", "secret", "there is no account"},
		{"disabled", "disabled", "secret", "is disabled"},
		{"locked out", "locked", "secret", "is locked out"},
		{"expired password", "expired", "secret", "expired password"},
		{"no right", "norights", "secret", "lacks the right"},
	}
	for _, version := range []string{"4.0", "6.0", "10.0"} {
		s := startSite(t, siteConfig{version: version, metabase: metabaseNTLM, accounts: stateAccounts})
		methods := map[string]func(c *rawConn, user, password string) (*reply, time.Duration, error){
			"NTLM": func(c *rawConn, user, password string) (*reply, time.Duration, error) {
				n := &ntlmClient{domain: "CORP", user: user, password: password}
				challenge, err := n.start(c, "/whoami.shtm")
				if err != nil {
					return nil, 0, err
				}
				m, err := n.authenticate(challenge)
				if err != nil {
					return nil, 0, err
				}
				start := time.Now()
				r, err := c.get("/whoami.shtm", n.field(m))
				return r, time.Since(start), err
			},
			"Basic": func(c *rawConn, user, password string) (*reply, time.Duration, error) {
				start := time.Now()
				r, err := c.get("/basic/whoami.shtm", "Basic "+base64.StdEncoding.EncodeToString([]byte(`CORP\`+user+":"+password)))
				return r, time.Since(start), err
			},
		}
		for method, try := range methods {
			t.Run(version+" "+method, func(t *testing.T) {
				const rounds = 60
				times := make([][]time.Duration, len(kinds))
				first := ""
				for range rounds {
					for i, k := range kinds {
						c, err := dialRaw(s.address)
						if err != nil {
							t.Fatal(err)
						}
						r, took, err := try(c, k.user, k.password)
						c.Close()
						r.expect(t, err, 401, "")
						r.header.Del("Date")
						text := fmt.Sprint(r.code, r.header, r.body)
						if first == "" {
							first = text
						}
						if text != first {
							t.Fatalf("%s:\n%s\n%s:\n%s", k.name, text, kinds[0].name, first)
						}
						times[i] = append(times[i], took)
					}
				}
				// The median of a minute's neighbours on a busy machine: only a
				// difference that anyone could see counts.
				slowest, quickest := time.Duration(0), time.Hour
				for i := range times {
					slices.Sort(times[i])
					m := times[i][rounds/2]
					slowest, quickest = max(slowest, m), min(quickest, m)
				}
				if slowest > 3*quickest+time.Millisecond {
					t.Errorf("medians from %v to %v", quickest, slowest)
				}
			})
		}
		for _, k := range kinds {
			s.says(t, regexp.QuoteMeta(`CORP\`+k.user)+`.*`+k.reason)
		}
	}
}

// A browser is a headless Chromium that is spoken to through DevTools: it loads
// pages, clicks links and answers its password prompt.
type browser struct {
	t    testing.TB
	to   *os.File
	from *bufio.Reader
	pipe *os.File
	id   int

	session  string // of the page
	loads    int    // pages loaded in it
	prompts  int    // password prompts since the page was asked for
	answers  []credentials
	protocol []string // for the report of a failure
}

// credentials are what is typed into a prompt; none cancels it.
type credentials struct{ user, password string }

// chromiumFlags keep Chromium to what the test asks of it.
var chromiumFlags = []string{
	"--headless", "--remote-debugging-pipe", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
	"--no-default-browser-check", "--disable-background-networking", "--disable-component-update", "--disable-sync",
	"--disable-default-apps", "--disable-extensions", "--disable-domain-reliability", "--disable-client-side-phishing-detection",
	"--metrics-recording-only", "--no-pings", "--no-proxy-server", "--password-store=basic", "--use-mock-keychain",
	"--disable-features=OptimizationHints,MediaRouter,Translate,InterestFeedContentSuggestions",
	"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
}

func startBrowser(t testing.TB) *browser {
	t.Helper()
	chromium := needs(t, "chromium", "chromium")
	theirIn, ourOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	ourIn, theirOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "iisd-chromium")
	if err != nil {
		t.Fatal(err)
	}
	args := append(slices.Clone(chromiumFlags), "--user-data-dir="+dir)
	if os.Geteuid() == 0 {
		args = append(args, "--no-sandbox")
	}
	cmd := exec.Command(chromium, append(args, "about:blank")...)
	cmd.Env = append(os.Environ(), "HOME="+dir)
	cmd.ExtraFiles = []*os.File{theirIn, theirOut} // its descriptors 3 and 4
	stderr := &growingLog{}
	cmd.Stderr = stderr
	// All its processes are one group, which ends as a whole.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	theirIn.Close()
	theirOut.Close()
	b := &browser{t: t, to: ourOut, from: bufio.NewReader(ourIn), pipe: ourIn}
	t.Cleanup(func() {
		ourOut.Close()
		ourIn.Close()
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		cmd.Wait()
		os.RemoveAll(dir)
		if t.Failed() {
			t.Logf("Chromium says:\n%s\nDevTools:\n%s", stderr, strings.Join(b.protocol, "\n"))
		}
	})
	return b
}

// An event is a message from the browser: the result of a call or something
// that happened.
type event struct {
	ID        int
	Method    string
	SessionID string
	Params    struct {
		RequestID string
		Type      string
	}
	Result json.RawMessage
	Error  *struct{ Message string }
}

// post sends a command and does not wait.
func (b *browser) post(method string, params any) int {
	b.id++
	text, err := json.Marshal(map[string]any{"id": b.id, "sessionId": b.session, "method": method, "params": params})
	if b.session == "" {
		text, err = json.Marshal(map[string]any{"id": b.id, "method": method, "params": params})
	}
	if err != nil {
		b.t.Fatal(err)
	}
	b.protocol = append(b.protocol, "> "+string(text))
	if _, err := b.to.Write(append(text, 0)); err != nil {
		b.t.Fatal(err)
	}
	return b.id
}

// next reads one message and does what cannot wait: requests go on, prompts are
// answered.
func (b *browser) next() *event {
	b.t.Helper()
	b.pipe.SetReadDeadline(time.Now().Add(browserWait))
	text, err := b.from.ReadBytes(0)
	if err != nil {
		b.t.Fatalf("Chromium: %v", err)
	}
	text = text[:len(text)-1]
	if len(text) < 2000 {
		b.protocol = append(b.protocol, "< "+string(text))
	}
	e := &event{}
	if err := json.Unmarshal(text, e); err != nil {
		b.t.Fatalf("Chromium: %v in %s", err, text)
	}
	if e.SessionID != b.session {
		return e
	}
	switch e.Method {
	case "Page.loadEventFired":
		b.loads++
	case "Fetch.requestPaused":
		b.post("Fetch.continueRequest", map[string]any{"requestId": e.Params.RequestID})
	case "Fetch.authRequired":
		b.prompts++
		answer := map[string]string{"response": "CancelAuth"}
		if len(b.answers) > 0 {
			answer = map[string]string{"response": "ProvideCredentials", "username": b.answers[0].user, "password": b.answers[0].password}
			b.answers = b.answers[1:]
		}
		b.post("Fetch.continueWithAuth", map[string]any{"requestId": e.Params.RequestID, "authChallengeResponse": answer})
	}
	return e
}

// call sends a command and puts its result into to.
func (b *browser) call(method string, params, to any) {
	b.t.Helper()
	id := b.post(method, params)
	for {
		e := b.next()
		if e.ID != id {
			continue
		}
		if e.Error != nil {
			b.t.Fatalf("Chromium: %s: %s", method, e.Error.Message)
		}
		if to != nil {
			if err := json.Unmarshal(e.Result, to); err != nil {
				b.t.Fatal(err)
			}
		}
		return
	}
}

// newPage opens a page that shares neither connections nor passwords with those
// before.
func (b *browser) newPage() {
	b.t.Helper()
	b.session, b.loads = "", 0
	var ids struct{ BrowserContextID, TargetID, SessionID string }
	b.call("Target.createBrowserContext", map[string]any{}, &ids)
	b.call("Target.createTarget", map[string]any{"url": "about:blank", "browserContextId": ids.BrowserContextID}, &ids)
	b.call("Target.attachToTarget", map[string]any{"targetId": ids.TargetID, "flatten": true}, &ids)
	b.session = ids.SessionID
	b.call("Page.enable", map[string]any{}, nil)
	b.call("Fetch.enable", map[string]any{"handleAuthRequests": true}, nil)
}

// load does something that loads a page, typing the credentials into the
// prompts, and waits until the page is there.
func (b *browser) load(do func(), typed ...credentials) {
	b.t.Helper()
	before := b.loads
	b.prompts, b.answers = 0, typed
	do()
	for b.loads == before {
		b.next()
	}
}

func (b *browser) open(url string, typed ...credentials) {
	b.t.Helper()
	b.load(func() { b.post("Page.navigate", map[string]any{"url": url}) }, typed...)
}

// click follows the link with this address.
func (b *browser) click(href string, typed ...credentials) {
	b.t.Helper()
	b.load(func() { b.eval(fmt.Sprintf("document.querySelector('a[href=%q]').click()", href)) }, typed...)
}

// eval returns what an expression of JavaScript gives, as text.
func (b *browser) eval(expression string) string {
	b.t.Helper()
	var r struct {
		Result           struct{ Value any }
		ExceptionDetails *struct{ Text string }
	}
	b.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true}, &r)
	if r.ExceptionDetails != nil {
		b.t.Fatalf("%s: %s", expression, r.ExceptionDetails.Text)
	}
	return fmt.Sprint(r.Result.Value)
}

func (b *browser) title() string { return b.eval("document.title") }

// answer returns the third column of the whoami page for a server variable.
func (b *browser) answer(variable string) string {
	return b.eval(fmt.Sprintf("[...document.querySelectorAll('tr')].find(r => r.cells[1].innerText == %q).cells[2].innerText", variable))
}

// copyTestBed copies the shipped configuration and pages, with other ports in
// place of the shipped ones.
func copyTestBed(t testing.TB, s *scenario) {
	t.Helper()
	ports := strings.NewReplacer("8080", strconv.Itoa(freePort()), "8081", strconv.Itoa(freePort()), "8082", strconv.Itoa(freePort()))
	for _, dir := range []string{"conf", "wwwroot"} {
		root := filepath.Join("../..", dir)
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			rel, err := filepath.Rel("../..", path)
			if err != nil {
				return err
			}
			to := filepath.Join(s.dir, rel)
			if d.IsDir() {
				if d.Name() == "logs" {
					return fs.SkipDir
				}
				return os.MkdirAll(to, 0o755)
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return os.WriteFile(to, []byte(ports.Replace(string(text))), 0o600)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for i, name := range []string{"PORT", "PORT2", "PORT3"} {
		s.ports[name], _ = strconv.Atoi(ports.Replace([]string{"8080", "8081", "8082"}[i]))
	}
}

// TestPeerChromium: a person with a browser opens the start page of the test bed
// as shipped, follows its links and logs on.
func TestPeerChromium(t *testing.T) {
	t.Parallel()
	s := &scenario{tb: t, dir: t.TempDir(), ports: map[string]int{}, seen: map[string]int{}}
	copyTestBed(t, s)
	d, err := startDaemon(s.dir, filepath.Join(s.dir, "conf/metabase.toml"), os.Environ())
	if err != nil {
		t.Fatal(err)
	}
	s.daemon = d
	t.Cleanup(s.end)
	if err := d.listening(slices.Collect(maps.Values(s.ports))); err != nil {
		t.Fatalf("%v\nservice log:\n%s", err, d.log.String())
	}
	s.dir = filepath.Join(s.dir, "conf") // where the logs are
	bed := &peerSite{s, ""}
	b := startBrowser(t)
	right := credentials{`CORP\alice`, "Passw0rd!"}
	wrong := credentials{`CORP\alice`, "Passw0rd?"}

	for i, version := range []string{"10.0", "6.0", "4.0"} {
		site := strconv.Itoa(i + 1)
		home := fmt.Sprintf("http://localhost:%d", s.ports[[]string{"PORT", "PORT2", "PORT3"}[i]])
		visit := func(t *testing.T) {
			b.t = t
			b.newPage()
			b.open(home + "/")
			if title := b.title(); !strings.HasPrefix(title, "It works") {
				t.Fatalf("the start page is called %q", title)
			}
			if b.prompts != 0 {
				t.Errorf("the start page asks for a password")
			}
		}
		// guarded waits for a line of the log and returns the new ones about its
		// directory.
		known := map[string]int{}
		guarded := func(t *testing.T, dir, last string) (lines []string) {
			t.Helper()
			re := regexp.MustCompile("^" + last + "$")
			for deadline := time.Now().Add(logWait); ; time.Sleep(20 * time.Millisecond) {
				lines = nil
				for _, e := range bed.entries(t, site) {
					if strings.HasPrefix(e["cs-uri-stem"], dir) {
						lines = append(lines, lineOf(e))
					}
				}
				lines = lines[known[dir]:]
				if slices.ContainsFunc(lines, re.MatchString) {
					known[dir] += len(lines)
					return lines
				}
				if time.Now().After(deadline) {
					t.Errorf("the log has no line %s:\n%s", last, strings.Join(lines, "\n"))
					return lines
				}
			}
		}
		// Of all methods together Chromium takes NTLM: for Negotiate it would need
		// a Kerberos library and a ticket.
		for _, method := range []struct{ dir, authType string }{{"/ntlm/", "NTLM"}, {"/basic/", "Basic"}, {"/all/", "NTLM"}} {
			t.Run(version+" "+method.dir, func(t *testing.T) {
				visit(t)
				b.click(home+method.dir, right)
				if title := b.title(); title != "You are in" || b.prompts != 1 {
					t.Fatalf("after %d prompts the page is called %q", b.prompts, title)
				}
				b.click("whoami.shtm")
				if b.prompts != 0 {
					t.Errorf("%d more prompts", b.prompts)
				}
				for variable, want := range map[string]string{"LOGON_USER": `CORP\alice`, "AUTH_USER": `CORP\alice`, "AUTH_TYPE": method.authType,
					"SERVER_SOFTWARE": "Microsoft-IIS/" + version} {
					if got := b.answer(variable); got != want {
						t.Errorf("%s is %q, want %q", variable, got, want)
					}
				}
				lines := guarded(t, method.dir, `GET `+method.dir+`whoami\.shtm CORP\\alice 200 .*`)
				checkLogon(t, lines, method.authType != "Basic")
			})
		}
		t.Run(version+" wrong password first", func(t *testing.T) {
			visit(t)
			b.click(home+"/ntlm/", wrong, right)
			if title := b.title(); title != "You are in" || b.prompts != 2 {
				t.Fatalf("after %d prompts the page is called %q", b.prompts, title)
			}
			lines := guarded(t, "/ntlm/", `GET /ntlm/\S* CORP\\alice 200 .*`)
			if !slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, "2148074252") }) {
				t.Errorf("no refusal in the log:\n%s", strings.Join(lines, "\n"))
			}
			bed.says(t, `CORP\\alice.*wrong password`)
		})
		// Q288323: whatever is typed, the person ends at a 401.
		t.Run(version+" keep-alives off", func(t *testing.T) {
			visit(t)
			b.click(home+"/ntlm-keepalive-off/", right)
			if b.prompts == 0 || b.title() == "You are in" {
				t.Errorf("after %d prompts the page is called %q", b.prompts, b.title())
			}
			text := b.eval("document.body.innerText")
			if version == "4.0" && !strings.Contains(text, "401.5") && !strings.Contains(b.title(), "401.5") {
				t.Errorf("the page does not speak of 401.5: %q %q", b.title(), text)
			}
			bed.says(t, `AllowKeepAlive is false`)
		})
	}
}

// checkLogon checks the lines of a browser's logon: refused for want of
// credentials, challenged where the method has two legs, let in.
func checkLogon(t *testing.T, lines []string, legs bool) {
	t.Helper()
	refused, accepted := 0, 0
	for _, l := range lines {
		switch {
		case strings.Contains(l, ` CORP\alice 200 `):
			accepted++
		case strings.Contains(l, " - 401 "):
			refused++
		default:
			t.Errorf("unexpected line %s", l)
		}
	}
	least := 1
	if legs {
		least = 2
	}
	if accepted != 2 || refused < least || len(lines) == 0 || !strings.Contains(lines[0], " - 401 ") {
		t.Errorf("%d refused and %d accepted:\n%s", refused, accepted, strings.Join(lines, "\n"))
	}
}
