package authn

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/Azure/go-ntlmssp"

	"iisd/authn/ntlm"
	"iisd/server/status"
)

// answer makes an AUTHENTICATE message for the last CHALLENGE, as a client does
// whose answer respond computes.
func (c *client) answer(domain, user string, respond func(ch *ntlm.ChallengeMessage, m *ntlm.AuthenticateMessage)) string {
	ch, err := ntlm.ParseChallenge(c.challenge)
	if err != nil {
		c.t.Fatal(err)
	}
	m := &ntlm.AuthenticateMessage{Flags: ch.Flags, DomainName: domain, UserName: user, Workstation: "PC7"}
	respond(ch, m)
	return "NTLM " + base64.StdEncoding.EncodeToString(m.Marshal())
}

func (c *client) ntlmv1(domain, user, password string) string {
	return c.answer(domain, user, func(ch *ntlm.ChallengeMessage, m *ntlm.AuthenticateMessage) {
		m.Flags &^= ntlm.NegotiateExtendedSecurity
		r := ntlm.DESL(ntlm.NTOWFv1(password), ch.ServerChallenge)
		m.NtChallengeResponse = r[:]
		m.LmChallengeResponse = r[:]
	})
}

// ntlmv2 answers at a FILETIME with AV pairs.
func (c *client) ntlmv2(domain, user, password string, filetime uint64, pairs func([]ntlm.AVPair) []ntlm.AVPair,
	finish func(key [16]byte, ch *ntlm.ChallengeMessage, m *ntlm.AuthenticateMessage)) string {
	return c.answer(domain, user, func(ch *ntlm.ChallengeMessage, m *ntlm.AuthenticateMessage) {
		key := ntlm.NTOWFv2(ntlm.NTOWFv1(password), user, domain)
		info := ch.TargetInfo
		if pairs != nil {
			info = pairs(info)
		}
		m.NtChallengeResponse = ntlm.NTLMv2Response(key, ch.ServerChallenge, [8]byte{1, 2, 3}, filetime, info)
		if finish != nil {
			finish(key, ch, m)
		}
	})
}

func hello(flags ntlm.Flags) string {
	m := &ntlm.NegotiateMessage{Flags: flags}
	return "NTLM " + base64.StdEncoding.EncodeToString(m.Marshal())
}

const (
	modern = ntlm.NegotiateUnicode | ntlm.RequestTarget | ntlm.NegotiateNTLM | ntlm.NegotiateExtendedSecurity | ntlm.NegotiateVersion
	old    = ntlm.NegotiateUnicode | ntlm.NegotiateOEM | ntlm.NegotiateNTLM
)

// handshake sends message 1 with flags and then what message3 makes.
func (c *client) handshake(flags ntlm.Flags, message3 func() string) string {
	c.t.Helper()
	c.want(c.do("NTLM", hello(flags)), c.goesOn())
	return c.do("NTLM", message3())
}

const (
	in      = `200 CORP\alice NTLM stays`
	refused = "401.1 2148074252 failed NTLM"
)

func TestNTLMVariants(t *testing.T) {
	variants := []struct {
		name   string
		flags  ntlm.Flags
		make   func(c *client) string
		levels string // that accept it
	}{
		{"LM", old, func(c *client) string {
			return c.answer("CORP", "alice", func(ch *ntlm.ChallengeMessage, m *ntlm.AuthenticateMessage) {
				h, _ := ntlm.LMOWFv1("secret")
				r := ntlm.DESL(h, ch.ServerChallenge)
				m.LmChallengeResponse = r[:]
			})
		}, "0123"},
		{"NTLMv1", old, func(c *client) string { return c.ntlmv1("CORP", "alice", "secret") }, "01234"},
		{"NTLMv1 with extended session security", modern, func(c *client) string {
			return c.answer("CORP", "alice", func(ch *ntlm.ChallengeMessage, m *ntlm.AuthenticateMessage) {
				r := ntlm.DESL(ntlm.NTOWFv1("secret"), ntlm.ExtendedChallenge(ch.ServerChallenge, [8]byte{9}))
				m.NtChallengeResponse = r[:]
				m.LmChallengeResponse = append([]byte{9}, make([]byte, 23)...)
			})
		}, "01234"},
		{"LMv2", old, func(c *client) string {
			return c.answer("CORP", "alice", func(ch *ntlm.ChallengeMessage, m *ntlm.AuthenticateMessage) {
				key := ntlm.NTOWFv2(ntlm.NTOWFv1("secret"), "alice", "CORP")
				r := ntlm.LMv2Response(key, ch.ServerChallenge, [8]byte{7})
				m.LmChallengeResponse = r[:]
			})
		}, "012345"},
		{"NTLMv2", modern, func(c *client) string {
			return c.ntlmv2("CORP", "alice", "secret", ntlm.FileTime(c.now), nil, nil)
		}, "012345"},
	}
	lm, _ := ntlm.LMOWFv1("secret")
	for _, v := range variants {
		for level := range 6 {
			t.Run(fmt.Sprintf("%s at level %d", v.name, level), func(t *testing.T) {
				c := newClient(t, rules60)
				c.db = loadText(t, fmt.Sprintf("[[Account]]\nName='CORP\\alice'\nPassword=\"secret\"\nLMHash=\"%x\"", lm))
				c.auths = &Authorities{List: []Authority{c.db}, ComputerName: "WEB1"}
				c.level = level
				got := c.handshake(v.flags, func() string { return v.make(c) })
				if strings.ContainsRune(v.levels, rune('0'+level)) {
					c.want(got, in)
					return
				}
				c.want(got, refused)
				c.wantCause(fmt.Sprintf("%s refused by LMCompatibilityLevel %d", v.name, level), status.ErrorLogonFailure)
			})
		}
	}
}

func TestNTLMAttacks(t *testing.T) {
	now := ntlm.FileTime(start)
	withMIC := func(pairs []ntlm.AVPair) []ntlm.AVPair {
		return append([]ntlm.AVPair{{ID: ntlm.MsvAvFlags, Value: []byte{2, 0, 0, 0}}}, pairs...)
	}
	// sign gives the message its MIC; alter then changes what goes out.
	sign := func(c *client, alter func(*ntlm.AuthenticateMessage)) func([16]byte, *ntlm.ChallengeMessage, *ntlm.AuthenticateMessage) {
		return func(key [16]byte, ch *ntlm.ChallengeMessage, m *ntlm.AuthenticateMessage) {
			m.HasMIC = true
			m.MIC = [16]byte{}
			v, err := ntlm.Verify(&ntlm.Hashes{NT: ntlm.NTOWFv1("secret")}, ch.ServerChallenge, ch.Flags, m)
			if err != nil {
				c.t.Fatal(err)
			}
			negotiate := (&ntlm.NegotiateMessage{Flags: modern}).Marshal()
			m.MIC, _ = ntlm.MIC(v.ExportedSessionKey, negotiate, c.challenge, m.Marshal())
			if alter != nil {
				alter(m)
			}
		}
	}
	t.Run("MIC", func(t *testing.T) {
		c := newClient(t, rules10)
		c.want(c.handshake(modern, func() string { return c.ntlmv2("CORP", "alice", "secret", now, withMIC, sign(c, nil)) }), in)
	})
	t.Run("B1 MIC stripped", func(t *testing.T) {
		c := newClient(t, rules10)
		c.want(c.handshake(modern, func() string {
			return c.ntlmv2("CORP", "alice", "secret", now, withMIC, sign(c, func(m *ntlm.AuthenticateMessage) { m.HasMIC = false }))
		}), refused)
		c.wantCause("the message has lost the MIC that its response promises", status.SecEMessageAltered)
	})
	t.Run("B1 flags altered on the way", func(t *testing.T) {
		c := newClient(t, rules10)
		c.want(c.handshake(modern|ntlm.NegotiateSign, func() string {
			return c.ntlmv2("CORP", "alice", "secret", now, withMIC, sign(c, nil)) // signed for another NEGOTIATE
		}), refused)
		c.wantCause("the MIC is wrong: the messages were altered on the way", status.SecEMessageAltered)
	})
	t.Run("B1 flag cleared", func(t *testing.T) {
		c := newClient(t, rules10)
		c.want(c.handshake(modern, func() string {
			return c.ntlmv2("CORP", "alice", "secret", now, withMIC, sign(c, func(m *ntlm.AuthenticateMessage) {
				m.HasMIC = false
				i := bytes.Index(m.NtChallengeResponse, []byte{6, 0, 4, 0, 2, 0, 0, 0})
				m.NtChallengeResponse[i+4] = 0
			}))
		}), refused)
		c.wantCause(`wrong password for CORP\alice`, status.ErrorLogonFailure)
	})
	t.Run("B1 timestamp sent and no MIC", func(t *testing.T) {
		c := newClient(t, rules10)
		c.want(c.handshake(modern, func() string { return c.ntlmv2("CORP", "alice", "secret", now, nil, nil) }), in)
		p := c.policy("NTLM")
		p.Methods = []Method{NewNTLM(&NTLMOptions{Authorities: c.auths, Rules: rules10, RequireMIC: true})}
		c.do("NTLM", hello(modern))
		_, err := c.conn.Authenticate(p, &Request{Authorization: c.ntlmv2("CORP", "alice", "secret", now, nil, nil), Persist: true, Now: c.now})
		if d, ok := err.(*Denied); !ok || d.Status != status.LogonDenied || d.Cause.Reason != "the message has no MIC, which the node requires" {
			t.Errorf("%v", err)
		}
	})
	t.Run("B2 wrong NTLMv2 with right LMv2", func(t *testing.T) {
		c := newClient(t, rules60)
		c.want(c.handshake(modern, func() string {
			return c.ntlmv2("CORP", "alice", "wrong", now, nil, func(_ [16]byte, ch *ntlm.ChallengeMessage, m *ntlm.AuthenticateMessage) {
				r := ntlm.LMv2Response(ntlm.NTOWFv2(ntlm.NTOWFv1("secret"), "alice", "CORP"), ch.ServerChallenge, [8]byte{7})
				m.LmChallengeResponse = r[:]
			})
		}), refused)
	})
	t.Run("B4 response made for another server", func(t *testing.T) {
		c := newClient(t, rules60)
		c.want(c.handshake(modern, func() string {
			return c.ntlmv2("CORP", "alice", "secret", now, func([]ntlm.AVPair) []ntlm.AVPair {
				return []ntlm.AVPair{ntlm.NamePair(ntlm.MsvAvNbComputerName, "EVIL")}
			}, nil)
		}), refused)
		c.wantCause("the response was made for another server, EVIL", status.SecELogonDenied)
	})
	t.Run("B6 tokens of all kinds", func(t *testing.T) {
		for token, want := range map[string]string{
			"":                         "401.1 2148074248 failed NTLM", // Malformed before 7.0
			"!":                        "401.1 2148074248 failed NTLM",
			"TlRMTVNTUAA":              "401.1 2148074248 failed NTLM", // no padding
			"AAAA":                     "401.1 2148074248 failed NTLM",
			"TlRMTVNTUAABAAAA":         "401.1 2148074248 failed NTLM", // signature and type alone
			strings.Repeat("A", 1<<20): "401.1 2148074248 failed NTLM",
		} {
			c := newClient(t, rules60)
			c.want(c.do("NTLM", strings.TrimSpace("NTLM "+token)), want)
		}
		for token, want := range map[string]string{
			"":     "400 0 failed",
			"!":    "400 0 failed",
			"AAAA": "401.1 2148074248 failed NTLM",
		} {
			c := newClient(t, rules10)
			c.want(c.do("NTLM", strings.TrimSpace("NTLM "+token)), want)
		}
	})
	t.Run("B13 time off", func(t *testing.T) {
		for rules, life := range map[*Rules]time.Duration{rules40: 30 * time.Minute, rules60: 36 * time.Hour} {
			for _, tt := range []struct {
				ft uint64
				ok bool
			}{
				{now, true}, {ntlm.FileTime(start.Add(life)), true}, {ntlm.FileTime(start.Add(-life)), true},
				{ntlm.FileTime(start.Add(life + time.Second)), false}, {ntlm.FileTime(start.Add(-life - time.Second)), false},
				{0, false}, {1, false}, {1 << 63, false}, {1<<63 - 1, false}, {1<<64 - 1, false},
			} {
				c := newClient(t, rules)
				got := c.handshake(modern, func() string { return c.ntlmv2("CORP", "alice", "secret", tt.ft, nil, nil) })
				if tt.ok {
					c.want(got, in)
					continue
				}
				c.want(got, refused)
				c.wantCause("the time in the NTLMv2 response is more than "+life.String()+" off", status.SecELogonDenied)
			}
		}
	})
	t.Run("null session", func(t *testing.T) {
		c := newClient(t, rules60)
		c.want(c.handshake(modern, func() string {
			return c.answer("", "", func(_ *ntlm.ChallengeMessage, m *ntlm.AuthenticateMessage) { m.LmChallengeResponse = []byte{0} })
		}), refused)
		c.wantCause("the client named nobody (a null session)", status.SecELogonDenied)
	})
	t.Run("SPNEGO and Kerberos", func(t *testing.T) {
		for _, first := range []byte{0x60, 0xA1, 0x6E} {
			c := newClient(t, rules60)
			token := base64.StdEncoding.EncodeToString([]byte{first, 3, 2, 1, 0})
			c.want(c.do("Negotiate NTLM", "Negotiate "+token), "401.1 2148074252 failed Negotiate, NTLM")
			c.wantCause("SPNEGO and Kerberos are not available yet", status.SecEUnsupported)
		}
	})
}

// B3: challenges come from the random source and do not repeat.
func TestChallengesDiffer(t *testing.T) {
	c := newClient(t, rules60)
	m := NewNTLM(&NTLMOptions{Authorities: c.auths, Rules: rules60}).(*ntlmMethod)
	seen := make(map[[8]byte]bool)
	ones := 0
	const n = 100_000
	token := (&ntlm.NegotiateMessage{Flags: modern}).Marshal()
	for range n {
		ctx := &ntlmContext{m: m}
		if _, err := ctx.start(&Request{Now: start}, token); err != nil {
			t.Fatal(err)
		}
		if seen[ctx.server] {
			t.Fatal("repeated")
		}
		seen[ctx.server] = true
		for _, b := range ctx.server {
			for ; b != 0; b &= b - 1 {
				ones++
			}
		}
	}
	// Monobit: 64n bits have a standard deviation of 4 times the root of n; 6 of them.
	if d := ones - 32*n; d*d > 36*16*n {
		t.Errorf("%d ones of %d bits", ones, 64*n)
	}
	fixed := NewNTLM(&NTLMOptions{Authorities: c.auths, Rules: rules60, Rand: strings.NewReader("12345678")})
	p := &Policy{Rules: rules60, Methods: []Method{fixed}}
	r := &Request{Authorization: hello(modern), Persist: true, Now: start}
	_, err := c.conn.Authenticate(p, r)
	token, _ = base64.StdEncoding.DecodeString(strings.TrimPrefix(err.(*Denied).Challenges[0], "NTLM "))
	if ch, err := ntlm.ParseChallenge(token); err != nil || string(ch.ServerChallenge[:]) != "12345678" {
		t.Errorf("%v %v", ch, err)
	}
	if _, err := c.conn.Authenticate(p, r); status.Of(err) != status.ServerError {
		t.Errorf("without random bytes: %v", err)
	}
}

func TestChallengeMessage(t *testing.T) {
	for _, tt := range []struct {
		name    string
		rules   *Rules
		domain  string
		flags   ntlm.Flags
		target  string
		pairs   string
		version bool
		stamp   bool
	}{
		{"4.0, old client", rules40, "", old, "WEB1", "", false, false},
		{"4.0, ESS", rules40, "", modern, "WEB1", "2=WEB1 1=WEB1 4=web1 3=web1", false, false},
		{"6.0", rules60, "CORP", modern, "CORP", "2=CORP 1=WEB1 4=corp 3=web1", true, false},
		{"10.0", rules10, "CORP", modern, "CORP", "2=CORP 1=WEB1 4=corp 3=web1", true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newClient(t, tt.rules)
			c.auths.Domain = tt.domain
			c.want(c.do("NTLM", hello(tt.flags)), c.goesOn())
			ch, err := ntlm.ParseChallenge(c.challenge)
			if err != nil {
				t.Fatal(err)
			}
			var pairs []string
			stamp := false
			for _, p := range ch.TargetInfo {
				if p.ID == ntlm.MsvAvTimestamp {
					stamp = true
					continue
				}
				pairs = append(pairs, fmt.Sprintf("%d=%s", p.ID, p.Name()))
			}
			typ := ntlm.TargetTypeServer
			if tt.domain != "" {
				typ = ntlm.TargetTypeDomain
			}
			if ch.TargetName != tt.target || strings.Join(pairs, " ") != tt.pairs || stamp != tt.stamp ||
				ch.Flags.Has(ntlm.NegotiateVersion) != tt.version || !ch.Flags.Has(typ) {
				t.Errorf("%+v %v", ch, pairs)
			}
		})
	}
}

func TestNTLMNames(t *testing.T) {
	for _, tt := range []struct{ domain, user, password, want string }{
		{"CORP", "ALICE", "secret", in},
		{"corp", "Alice", "secret", in},
		{"", "alice@corp", "secret", in},
		{"", "alice@corp.test", "secret", in}, // by Aliases
		{"", "bob", "Pa:ss", `200 WEB1\bob NTLM stays`},
		{"PC7", "bob", "Pa:ss", `200 WEB1\bob NTLM stays`}, // MS-NLMP notes 77, 78
		{"WEB1", "bob", "Pa:ss", `200 WEB1\bob NTLM stays`},
		{"CORP", "bob", "Pa:ss", refused},
		{"", "alice", "secret", refused},
		{"", "carol", "secret", refused},
		{"", "local", "secret", refused},
		{"", "remote", "secret", `200 WEB1\remote NTLM stays`},
		{"", "blank", "", refused},
		{"", "IUSR_WEB1", "", refused},
		{"", "nobody", "", refused},
		{"", "Guest", "secret", refused}, // Q251171
	} {
		c := newClient(t, rules60)
		c.auths.Aliases = map[string]string{"CORP.TEST": "CORP"}
		c.want(c.handshake(modern, func() string { return c.ntlmv2(tt.domain, tt.user, tt.password, ntlm.FileTime(c.now), nil, nil) }), tt.want)
	}
}

// A client of strangers: Azure/go-ntlmssp, which reads the real clock.
func TestGoNTLMSSP(t *testing.T) {
	for _, rules := range []*Rules{rules40, rules60, rules10} {
		for _, password := range []string{"secret", "wrong"} {
			c := newClient(t, rules)
			c.now = time.Now()
			c.level = 5
			m1, err := ntlmssp.NewNegotiateMessage("", "")
			if err != nil {
				t.Fatal(err)
			}
			c.want(c.do("NTLM", "NTLM "+base64.StdEncoding.EncodeToString(m1)), c.goesOn())
			m3, err := ntlmssp.NewAuthenticateMessage(c.challenge, `CORP\alice`, password, nil)
			if err != nil {
				t.Fatal(err)
			}
			want := in
			if password == "wrong" {
				want = refused
			}
			c.want(c.do("NTLM", "NTLM "+base64.StdEncoding.EncodeToString(m3)), want)
		}
	}
}
