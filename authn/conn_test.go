package authn

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"iisd/authn/ntlm"
	"iisd/server/status"
)

// Rules of three versions, as the reference gives them.
var (
	rules40 = &Rules{
		NoReturnToAnonymous:   true, // Q264921
		RefuseOnAnonymousOnly: true,
		KeepAliveOff:          status.LogonNoKeepAlive, // Q288323
		ChallengeLifetime:     30 * time.Minute,
		TargetInfo:            TargetInfoIfExtended,
	}
	rules60 = &Rules{TargetInfo: TargetInfoIfExtendedOrTarget, ChallengeVersion: [8]byte{5, 2, 0xCE, 0x0E, 0, 0, 0, 15}}
	rules10 = &Rules{
		Config:             status.LogonConfig.With(status.ErrorAccessDenied),
		Continue:           status.LogonContinue.With(status.SecENoCredentials),
		Malformed:          status.BadRequest,
		BasicMalformed:     status.BadRequest,
		ChallengeVersion:   [8]byte{10, 0, 0x63, 0x45, 0, 0, 0, 15},
		ChallengeTimestamp: true,
	}
	rules30 = &Rules{AccountTrouble: status.ServerError} // Q142715
)

const accountsText = `
[[Account]]
Name     = 'CORP\alice'
Password = "secret"
Groups   = ['CORP\staff']

[[Account]]
Name     = "bob"
Password = "Pa:ss"

[[Account]]
Name     = "carol"
Password = "secret"
Disabled = true

[[Account]]
Name     = "Guest"
Password = "secret"

[[Account]]
Name     = "local"
Password = "secret"
Rights   = ["SeInteractiveLogonRight"]

[[Account]]
Name     = "remote"
Password = "secret"
Rights   = ["SeNetworkLogonRight"]

[[Account]]
Name     = "blank"
Password = ""
`

var start = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// loadText loads an account database from text.
func loadText(t testing.TB, text string) *Accounts {
	t.Helper()
	file := filepath.Join(t.TempDir(), "accounts.toml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	db, errs, _ := LoadAccounts(file, "WEB1")
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return db
}

// A client is one connection, seen from its other end, and a fake clock.
type client struct {
	t         testing.TB
	conn      Conn
	rules     *Rules
	db        *Accounts
	auths     *Authorities
	persists  func(string, bool) bool
	proxied   ProxiedNTLM
	level     int
	now       time.Time
	req       Request // what every request has
	challenge []byte  // last CHALLENGE seen
	cause     Cause
}

func newClient(t testing.TB, rules *Rules) *client {
	db := loadText(t, accountsText)
	return &client{
		t: t, rules: rules, db: db, now: start, level: 2,
		auths:    &Authorities{List: []Authority{db}, ComputerName: "WEB1"},
		persists: func(pkg string, proxied bool) bool { return pkg == "NTLM" && !proxied },
		req:      Request{Method: "GET", URI: "/", Host: "www.corp.test", Persist: true, Client: netip.MustParseAddr("127.0.0.1")},
	}
}

// policy makes a policy of the methods named, in order; "Anonymous" is one.
func (c *client) policy(methods string) *Policy {
	p := &Policy{Rules: c.rules, Persists: c.persists, ProxiedNTLM: c.proxied}
	o := &NTLMOptions{Authorities: c.auths, Rules: c.rules, LMCompatibilityLevel: c.level}
	for m := range strings.FieldsSeq(methods) {
		switch m {
		case "Anonymous":
			p.Anonymous = NewAnonymous(&AnonymousOptions{Accounts: c.db, Now: func() time.Time { return c.now }})
		case "NTLM":
			p.Methods = append(p.Methods, NewNTLM(o))
		case "Negotiate":
			p.Methods = append(p.Methods, NewNegotiate(o))
		case "Basic":
			p.Methods = append(p.Methods, NewBasic(&BasicOptions{Authorities: c.auths, Rules: c.rules}))
		}
	}
	return p
}

// do sends one request and returns what came of it, as
// "200 DOMAIN\name PACKAGE stays" or "401.1 WIN32 LEG CHALLENGE, CHALLENGE", with
// the token of a challenge written as "...".
func (c *client) do(methods, authorization string) string {
	return c.doWith(methods, authorization, c.req)
}

func (c *client) doWith(methods, authorization string, r Request) string {
	r.Authorization, r.Now = authorization, c.now
	res, err := c.conn.Authenticate(c.policy(methods), &r)
	if err == nil {
		c.cause = Cause{}
		s := "200 " + res.User.String()
		if res.User.Package != "" {
			s += " " + res.User.Package
		}
		if res.Persists {
			s += " stays"
		}
		return s
	}
	var d *Denied
	if !errors.As(err, &d) {
		c.t.Fatalf("%T is not *Denied", err)
	}
	c.cause = d.Cause
	var offers []string
	for _, ch := range d.Challenges {
		scheme, token, ok := strings.Cut(ch, " ")
		if ok && scheme != "Basic" {
			b, err := base64.StdEncoding.DecodeString(token)
			if err != nil {
				c.t.Fatal(err)
			}
			c.challenge, ch = b, scheme+" ..."
		}
		offers = append(offers, ch)
	}
	leg := [...]string{"bare", "challenge", "failed"}[d.Leg]
	return strings.TrimSpace(fmt.Sprintf("%s %d %s %s", d.Status.Error(), d.Status.Win32, leg, strings.Join(offers, ", ")))
}

func (c *client) message1(scheme string) string {
	return scheme + strings.TrimPrefix(hello(modern), "NTLM")
}

// message3 answers the last CHALLENGE with NTLMv2, for DOMAIN\user or user.
func (c *client) message3(scheme, account, password string) string {
	domain, user := splitAccount(account)
	return scheme + strings.TrimPrefix(c.ntlmv2(domain, user, password, ntlm.FileTime(c.now), nil, nil), "NTLM")
}

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

func (c *client) want(got, want string) {
	c.t.Helper()
	if got != want {
		c.t.Errorf("got  %s\nwant %s\ncause %+v", got, want, c.cause)
	}
}

func (c *client) wantCause(reason string, code status.Win32) {
	c.t.Helper()
	if c.cause.Reason != reason || c.cause.Win32 != code {
		c.t.Errorf("cause %+v\nwant %d %s", c.cause, code, reason)
	}
}

// logon establishes alice by NTLM.
func (c *client) logon() {
	c.t.Helper()
	c.want(c.do("NTLM", c.message1("NTLM")), c.goesOn())
	c.want(c.do("NTLM", c.message3("NTLM", `CORP\alice`, "secret")), `200 CORP\alice NTLM stays`)
}

func (c *client) goesOn() string {
	return fmt.Sprintf("401.1 %d challenge NTLM ...", or(c.rules.Continue, status.LogonContinue).Win32)
}

const (
	bare60   = "401.2 2148074254 bare "
	failed60 = "401.2 2148074254 failed "
)

func TestRule1(t *testing.T) {
	t.Run("Q264921-a first request is challenged", func(t *testing.T) {
		c := newClient(t, rules60)
		c.want(c.do("NTLM", ""), bare60+"NTLM")
		c.wantCause("the request carries no credentials and anonymous access is not allowed", status.SecENoCredentials)
	})
	t.Run("Q158229-a Q264921-b NTLM before Basic", func(t *testing.T) {
		c := newClient(t, rules60)
		c.want(c.do("Negotiate NTLM Basic", ""), bare60+`Negotiate, NTLM, Basic realm="www.corp.test"`)
	})
	t.Run("Q158229-b Q142868-a anonymous first", func(t *testing.T) {
		c := newClient(t, rules60)
		c.want(c.do("Anonymous NTLM Basic", ""), `200 WEB1\IUSR_WEB1`)
	})
	t.Run("Q253667-a nothing enabled", func(t *testing.T) {
		c := newClient(t, rules60)
		c.want(c.do("", ""), strings.TrimSpace(bare60))
		c.want(c.do("", basic("bob", "Pa:ss")), strings.TrimSpace(failed60))
	})
	t.Run("7.0 win32 5", func(t *testing.T) {
		c := newClient(t, rules10)
		c.want(c.do("NTLM", ""), "401.2 5 bare NTLM")
	})
	t.Run("Q264921 user goes on, also where anonymous is allowed", func(t *testing.T) {
		for _, rules := range []*Rules{rules40, rules60, rules10} {
			c := newClient(t, rules)
			c.logon()
			c.want(c.do("NTLM", ""), `200 CORP\alice NTLM stays`)
			c.want(c.do("Anonymous NTLM", ""), `200 CORP\alice NTLM stays`)
		}
	})
	t.Run("Q264921 no return to anonymous on 4.0", func(t *testing.T) {
		c := newClient(t, rules40)
		c.logon()
		c.want(c.do("Anonymous", ""), strings.TrimSpace(bare60))
		c.wantCause("the connection has authenticated and cannot return to anonymous access", status.SecENoCredentials)
	})
	t.Run("anonymous again from 6.0", func(t *testing.T) {
		c := newClient(t, rules60)
		c.logon()
		c.want(c.do("Anonymous", ""), `200 WEB1\IUSR_WEB1`)
		c.want(c.do("NTLM", ""), bare60+"NTLM") // he was dropped
	})
	t.Run("A4 method not offered", func(t *testing.T) {
		for _, rules := range []*Rules{rules40, rules60} {
			c := newClient(t, rules)
			c.logon()
			c.want(c.do("Basic", ""), bare60+`Basic realm="www.corp.test"`)
			c.logon()
			c.want(c.do("Anonymous Basic", ""), `200 WEB1\IUSR_WEB1`)
			c.want(c.do("NTLM", ""), bare60+"NTLM")
		}
	})
	t.Run("NTLM under Negotiate stays where NTLM is offered", func(t *testing.T) {
		c := newClient(t, rules60)
		c.want(c.do("Negotiate", c.message1("Negotiate")), "401.1 0 challenge Negotiate ...")
		c.want(c.do("Negotiate", c.message3("Negotiate", `CORP\alice`, "secret")), `200 CORP\alice NTLM stays`)
		if u := c.conn.User(); u.Scheme != "Negotiate" || u.Typed != `CORP\alice` {
			t.Errorf("%+v", u)
		}
		c.want(c.do("NTLM", ""), `200 CORP\alice NTLM stays`)
		c.want(c.do("Basic", ""), bare60+`Basic realm="www.corp.test"`)
	})
}

func TestRule2(t *testing.T) {
	t.Run("a bare request abandons the context", func(t *testing.T) {
		c := newClient(t, rules60)
		c.do("NTLM", c.message1("NTLM"))
		c.want(c.do("NTLM", ""), bare60+"NTLM")
		c.want(c.do("NTLM", c.message3("NTLM", `CORP\alice`, "secret")), "401.1 2148074248 failed NTLM")
		c.wantCause("the AUTHENTICATE message answers no challenge of this connection", status.SecEInvalidToken)
	})
	t.Run("an anonymous request abandons it too", func(t *testing.T) {
		c := newClient(t, rules60)
		c.do("NTLM", c.message1("NTLM"))
		c.want(c.do("Anonymous", ""), `200 WEB1\IUSR_WEB1`)
		c.want(c.do("NTLM", c.message3("NTLM", `CORP\alice`, "secret")), "401.1 2148074248 failed NTLM")
	})
	t.Run("another scheme abandons it", func(t *testing.T) {
		c := newClient(t, rules60)
		c.do("NTLM Basic", c.message1("NTLM"))
		c.want(c.do("NTLM Basic", basic("bob", "Pa:ss")), `200 WEB1\bob Basic`)
		c.want(c.do("NTLM Basic", c.message3("NTLM", `CORP\alice`, "secret")),
			`401.1 2148074248 failed NTLM, Basic realm="www.corp.test"`)
	})
	t.Run("started under NTLM, ended under Negotiate", func(t *testing.T) {
		c := newClient(t, rules60)
		c.do("Negotiate NTLM", c.message1("NTLM"))
		c.want(c.do("Negotiate NTLM", c.message3("Negotiate", `CORP\alice`, "secret")), "401.1 2148074248 failed Negotiate, NTLM")
	})
	t.Run("B9 two NEGOTIATE restart", func(t *testing.T) {
		c := newClient(t, rules60)
		c.do("NTLM", c.message1("NTLM"))
		first := c.message3("NTLM", `CORP\alice`, "secret")
		c.want(c.do("NTLM", c.message1("NTLM")), c.goesOn())
		second := c.message3("NTLM", `CORP\alice`, "secret")
		c.want(c.do("NTLM", second), `200 CORP\alice NTLM stays`)
		c.do("NTLM", c.message1("NTLM"))
		c.want(c.do("NTLM", first), "401.1 2148074252 failed NTLM") // B3: another challenge
	})
	t.Run("B9 message 3 twice", func(t *testing.T) {
		c := newClient(t, rules60)
		c.do("NTLM", c.message1("NTLM"))
		m := c.message3("NTLM", `CORP\alice`, "secret")
		c.want(c.do("NTLM", m), `200 CORP\alice NTLM stays`)
		c.want(c.do("NTLM", m), "401.1 2148074248 failed NTLM")
		c.want(c.do("NTLM", ""), bare60+"NTLM")
	})
	t.Run("B9 message 3 first, message 2 from the client", func(t *testing.T) {
		c := newClient(t, rules60)
		c.do("NTLM", c.message1("NTLM"))
		m3 := c.message3("NTLM", `CORP\alice`, "secret")
		m2 := "NTLM " + base64.StdEncoding.EncodeToString(c.challenge)
		c = newClient(t, rules60)
		c.want(c.do("NTLM", m3), "401.1 2148074248 failed NTLM")
		c.want(c.do("NTLM", m2), "401.1 2148074248 failed NTLM")
		c.wantCause("the client sent a message that only a server sends", status.SecEInvalidToken)
	})
	t.Run("B4 challenge of another connection", func(t *testing.T) {
		a, b := newClient(t, rules60), newClient(t, rules60)
		a.do("NTLM", a.message1("NTLM"))
		b.do("NTLM", b.message1("NTLM"))
		b.want(b.do("NTLM", a.message3("NTLM", `CORP\alice`, "secret")), "401.1 2148074252 failed NTLM")
	})
	t.Run("Q253667-a method not offered", func(t *testing.T) {
		c := newClient(t, rules60)
		c.want(c.do("NTLM", basic("bob", "Pa:ss")), failed60+"NTLM")
		c.wantCause("the client sent Basic credentials, which the node does not offer", status.SecENoCredentials)
		c.want(c.do("Anonymous Basic", c.message1("NTLM")), failed60+`Basic realm="www.corp.test"`)
		c.want(c.do("NTLM", "\x01\x7f x"), failed60+"NTLM")
		c.wantCause("the client sent unnamed credentials, which the node does not offer", status.SecENoCredentials)
	})
	t.Run("credentials on an anonymous-only node", func(t *testing.T) {
		c := newClient(t, rules40)
		c.want(c.do("Anonymous", basic("bob", "Pa:ss")), strings.TrimSpace(failed60))
		c = newClient(t, rules60)
		c.want(c.do("Anonymous", basic("bob", "Pa:ss")), `200 WEB1\IUSR_WEB1`)
	})
	t.Run("Q142868-c credentials beat anonymous", func(t *testing.T) {
		c := newClient(t, rules60)
		c.want(c.do("Anonymous Basic", basic("bob", "Pa:ss")), `200 WEB1\bob Basic`)
		c.want(c.do("Anonymous Basic", basic("bob", "wrong")), `401.1 1326 failed Basic realm="www.corp.test"`)
	})
	t.Run("scheme without regard to case", func(t *testing.T) {
		c := newClient(t, rules60)
		c.want(c.do("NTLM", c.message1("ntlm")), c.goesOn())
		c.want(c.do("NTLM", c.message3("nTLM", `CORP\alice`, "secret")), `200 CORP\alice NTLM stays`)
	})
	t.Run("the node of the last leg judges", func(t *testing.T) {
		c := newClient(t, rules60)
		c.level = 2
		c.want(c.do("NTLM", c.message1("NTLM")), c.goesOn())
		c.level = 5
		c.want(c.do("NTLM", c.ntlmv1("CORP", "alice", "secret")), "401.1 2148074252 failed NTLM")
		c.wantCause("NTLMv1 refused by LMCompatibilityLevel 5", status.ErrorLogonFailure)
	})
}

func TestRule3(t *testing.T) {
	off := func(c *client) Request {
		r := c.req
		r.Persist, r.KeepAliveOff = false, true
		return r
	}
	const why = "the connection does not persist (AllowKeepAlive is false), so "
	t.Run("Q288323 A11 keep-alives off on 4.0", func(t *testing.T) {
		c := newClient(t, rules40)
		c.want(c.doWith("NTLM", "", off(c)), bare60+"NTLM")
		c.want(c.doWith("NTLM", c.message1("NTLM"), off(c)), "401.5 0 challenge NTLM ...")
		c.wantCause(why+"the handshake cannot go on", 0)
		c.want(c.doWith("NTLM", c.message3("NTLM", `CORP\alice`, "secret"), off(c)), "401.5 0 failed NTLM")
		c.wantCause(why+"the challenge that the message answers is gone", status.SecEInvalidToken)
		c.want(c.doWith("NTLM Basic", basic("bob", "Pa:ss"), off(c)), `200 WEB1\bob Basic`) // Basic is not touched
		c.want(c.doWith("NTLM Basic", basic("bob", "wrong"), off(c)), `401.1 1326 failed NTLM, Basic realm="www.corp.test"`)
	})
	t.Run("Q288323 A11 keep-alives off on other versions", func(t *testing.T) {
		c := newClient(t, rules60)
		c.want(c.doWith("NTLM", c.message1("NTLM"), off(c)), "401.1 0 challenge NTLM ...")
		c.wantCause(why+"the handshake cannot go on", 0)
		c.want(c.doWith("NTLM", c.message3("NTLM", `CORP\alice`, "secret"), off(c)), "401.1 2148074248 failed NTLM")
	})
	t.Run("Q288323-b keep-alives on", func(t *testing.T) {
		c := newClient(t, rules40)
		c.want(c.do("NTLM", ""), bare60+"NTLM")
		c.logon()
	})
	t.Run("A12 the client closes", func(t *testing.T) {
		c := newClient(t, rules40)
		r := c.req
		r.Persist = false
		c.want(c.doWith("NTLM", c.message1("NTLM"), r), "401.1 0 challenge NTLM ...")
		c.wantCause("the connection does not persist (the client asked to close it), so the handshake cannot go on", 0)
		c.want(c.doWith("NTLM", c.message3("NTLM", `CORP\alice`, "secret"), r), "401.1 2148074248 failed NTLM")
	})
	t.Run("the last leg may close", func(t *testing.T) {
		c := newClient(t, rules60)
		c.do("NTLM", c.message1("NTLM"))
		r := c.req
		r.Persist = false
		c.want(c.doWith("NTLM", c.message3("NTLM", `CORP\alice`, "secret"), r), `200 CORP\alice NTLM`)
		if c.conn.User() != nil {
			t.Error("somebody stays on a connection that closes")
		}
	})
	t.Run("a continuation has its own challenge only", func(t *testing.T) {
		c := newClient(t, rules10)
		c.want(c.do("Negotiate NTLM Basic", c.message1("NTLM")), "401.1 2148074254 challenge NTLM ...")
	})
	t.Run("a challenge expires", func(t *testing.T) {
		for rules, life := range map[*Rules]time.Duration{rules40: 30 * time.Minute, rules60: 36 * time.Hour} {
			c := newClient(t, rules)
			c.do("NTLM", c.message1("NTLM"))
			c.now = c.now.Add(life + time.Second)
			c.want(c.do("NTLM", c.ntlmv1("CORP", "alice", "secret")), "401.1 2148074252 failed NTLM")
			c.wantCause("the challenge was older than "+life.String(), status.SecELogonDenied)
			c.do("NTLM", c.message1("NTLM"))
			c.now = c.now.Add(life)
			c.want(c.do("NTLM", c.ntlmv1("CORP", "alice", "secret")), `200 CORP\alice NTLM stays`)
		}
	})
}

func TestRule4(t *testing.T) {
	t.Run("Q174775 Q165995 every attempt on its merits", func(t *testing.T) {
		c := newClient(t, rules60)
		for range 3 {
			c.do("Negotiate NTLM Basic", c.message1("NTLM"))
			c.want(c.do("Negotiate NTLM Basic", c.message3("NTLM", `CORP\alice`, "wrong")),
				`401.1 2148074252 failed Negotiate, NTLM, Basic realm="www.corp.test"`)
			c.wantCause(`wrong password for CORP\alice`, status.ErrorLogonFailure)
		}
		c.logon()
	})
	t.Run("one chance", func(t *testing.T) {
		c := newClient(t, rules60)
		c.do("NTLM", c.message1("NTLM"))
		c.do("NTLM", c.message3("NTLM", `CORP\alice`, "wrong"))
		c.want(c.do("NTLM", c.message3("NTLM", `CORP\alice`, "secret")), "401.1 2148074248 failed NTLM")
	})
	t.Run("Q264921-e three times", func(t *testing.T) {
		c := newClient(t, rules60)
		for range 3 {
			c.want(c.do("Basic", basic("bob", "no")), `401.1 1326 failed Basic realm="www.corp.test"`)
		}
	})
}

func TestRule5(t *testing.T) {
	t.Run("Q318863-a one request", func(t *testing.T) {
		c := newClient(t, rules40)
		c.persists = func(string, bool) bool { return false }
		c.do("NTLM", c.message1("NTLM"))
		c.want(c.do("NTLM", c.message3("NTLM", `CORP\alice`, "secret")), `200 CORP\alice NTLM`)
		c.want(c.do("NTLM", ""), bare60+"NTLM")
	})
	t.Run("Q318863 Basic stays on 4.0", func(t *testing.T) {
		c := newClient(t, rules40)
		c.persists = func(_ string, proxied bool) bool { return !proxied }
		c.want(c.do("Basic", basic("bob", "Pa:ss")), `200 WEB1\bob Basic stays`)
		c.want(c.do("Basic", ""), `200 WEB1\bob Basic stays`)
	})
	t.Run("6.0 Basic is per request", func(t *testing.T) {
		c := newClient(t, rules60)
		c.want(c.do("Basic", basic("bob", "Pa:ss")), `200 WEB1\bob Basic`)
		c.want(c.do("Basic", ""), bare60+`Basic realm="www.corp.test"`)
	})
	t.Run("A1 Q190009 proxied: that one request", func(t *testing.T) {
		c := newClient(t, rules60)
		r := c.req
		r.Proxied = true
		c.want(c.doWith("NTLM", c.message1("NTLM"), r), c.goesOn())
		c.want(c.doWith("NTLM", c.message3("NTLM", `CORP\alice`, "secret"), r), `200 CORP\alice NTLM`)
		c.want(c.doWith("NTLM", "", r), bare60+"NTLM")
		c.want(c.do("NTLM", ""), bare60+"NTLM")
	})
	t.Run("A1 a proxied request does not inherit", func(t *testing.T) {
		c := newClient(t, rules60)
		c.logon()
		r := c.req
		r.Proxied = true
		c.want(c.doWith("NTLM", "", r), bare60+"NTLM")
		c.want(c.do("NTLM", ""), bare60+"NTLM")
	})
	t.Run("A1 ProxiedNTLM Refuse", func(t *testing.T) {
		c := newClient(t, rules60)
		c.proxied = Refuse
		r := c.req
		r.Proxied = true
		c.want(c.doWith("NTLM", c.message1("NTLM"), r), failed60+"NTLM")
		c.wantCause("the request came through a proxy and ProxiedNTLM refuses it", status.SecENoCredentials)
		c.want(c.doWith("Basic", basic("bob", "Pa:ss"), r), `200 WEB1\bob Basic`)
	})
}

func TestRule6(t *testing.T) {
	for _, tt := range []struct{ name, methods, authorization, want string }{
		{"A3 other user, wrong password", "NTLM Basic", basic("bob", "wrong"), `401.1 1326 failed NTLM, Basic realm="www.corp.test"`},
		{"A3 other scheme not offered", "NTLM", basic("bob", "Pa:ss"), failed60 + "NTLM"},
		{"A3 malformed", "NTLM", "NTLM ====", "401.1 2148074248 failed NTLM"},
		{"A3 no token", "NTLM", "NTLM", "401.1 2148074248 failed NTLM"},
		{"A3 unknown scheme", "NTLM", "Bearer x", failed60 + "NTLM"},
		{"A3 anonymous-only node", "Anonymous", "Bearer x", `200 WEB1\IUSR_WEB1`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newClient(t, rules60)
			c.logon()
			c.want(c.do(tt.methods, tt.authorization), tt.want)
			if c.conn.User() != nil {
				t.Error("the old user is still there")
			}
			c.want(c.do("NTLM", ""), bare60+"NTLM")
		})
	}
	t.Run("A3 a new handshake", func(t *testing.T) {
		c := newClient(t, rules60)
		c.logon()
		c.want(c.do("NTLM", c.message1("NTLM")), c.goesOn())
		c.want(c.do("NTLM", ""), bare60+"NTLM")
	})
	t.Run("another user", func(t *testing.T) {
		c := newClient(t, rules60)
		c.logon()
		c.do("NTLM", c.message1("NTLM"))
		c.want(c.do("NTLM", c.message3("NTLM", "bob", "Pa:ss")), `200 WEB1\bob NTLM stays`)
		c.want(c.do("NTLM", ""), `200 WEB1\bob NTLM stays`)
	})
}

func TestRule7(t *testing.T) {
	c := newClient(t, rules60)
	c.logon()
	c.conn.Drop()
	c.want(c.do("NTLM", ""), bare60+"NTLM")
	c.do("NTLM", c.message1("NTLM"))
	c.conn.Drop()
	c.want(c.do("NTLM", c.message3("NTLM", `CORP\alice`, "secret")), "401.1 2148074248 failed NTLM")
}

// Rule 8 and attacks A6, A7: a logon is seen on its own connection only.
func TestRule8(t *testing.T) {
	const users = 1000
	nt := ntlm.NTOWFv1("secret")
	var text strings.Builder
	for i := range users {
		fmt.Fprintf(&text, "[[Account]]\nName = \"user%d\"\nNTHash = \"%x\"\n", i, nt)
	}
	db := loadText(t, text.String())
	db.Lockout = &Lockout{Threshold: 3, Window: time.Hour}
	shared := newClient(t, rules60)
	shared.db, shared.auths = db, &Authorities{List: []Authority{db}, ComputerName: "WEB1"}
	policy := shared.policy("Anonymous NTLM Basic")
	var wg sync.WaitGroup
	for i := range users {
		wg.Go(func() {
			name := fmt.Sprintf("user%d", i)
			c := &client{t: t, now: start}
			ask := func(authorization string) (Result, error) {
				return c.conn.Authenticate(policy, &Request{Authorization: authorization, Persist: true, Now: start})
			}
			_, err := ask(c.message1("NTLM"))
			var d *Denied
			if !errors.As(err, &d) || d.Leg != LegChallenge {
				t.Errorf("%s: %v", name, err)
				return
			}
			c.challenge, _ = base64.StdEncoding.DecodeString(strings.TrimPrefix(d.Challenges[0], "NTLM "))
			for _, authorization := range []string{c.message3("NTLM", name, "secret"), ""} {
				if res, err := ask(authorization); err != nil || res.User.Name != name {
					t.Errorf("%s: %v, %v", name, res.User, err)
				}
			}
			if res, err := ask(basic(name, "secret")); err != nil || res.User.Name != name {
				t.Errorf("%s: %v, %v", name, res.User, err)
			}
			if res, err := ask(""); err != nil || res.User.Name != "IUSR_WEB1" {
				t.Errorf("%s: %v, %v", name, res.User, err)
			}
		})
	}
	wg.Wait()
}

// A8: pipelined requests are judged with the state at their turn.
func TestPipelined(t *testing.T) {
	c := newClient(t, rules60)
	c.want(c.do("NTLM", c.message1("NTLM")), c.goesOn())
	c.want(c.do("NTLM", ""), bare60+"NTLM") // behind message 1
	c.logon()
	c.want(c.do("NTLM", ""), `200 CORP\alice NTLM stays`) // behind message 3
}

func TestHotPathAllocatesNothing(t *testing.T) {
	c := newClient(t, rules60)
	c.logon()
	c.db.Lockout = &Lockout{Threshold: 3}
	both, none := c.policy("Negotiate NTLM Basic"), c.policy("Anonymous NTLM")
	r := c.req
	r.Now = c.now
	if n := testing.AllocsPerRun(100, func() {
		if res, err := c.conn.Authenticate(both, &r); err != nil || res.User.Name != "alice" {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations for an authenticated connection", n)
	}
	var conn Conn
	if n := testing.AllocsPerRun(100, func() {
		if _, err := conn.Authenticate(none, &r); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations for an anonymous request", n)
	}
}

func BenchmarkNTLMLogon(b *testing.B) {
	c := newClient(b, rules60)
	p := c.policy("NTLM")
	m1 := c.message1("NTLM")
	r := c.req
	b.ReportAllocs()
	for b.Loop() {
		var conn Conn
		r.Now, r.Authorization = start, m1
		_, err := conn.Authenticate(p, &r)
		d := err.(*Denied)
		b.StopTimer()
		c.challenge, _ = base64.StdEncoding.DecodeString(strings.TrimPrefix(d.Challenges[0], "NTLM "))
		r.Authorization = c.ntlmv1("CORP", "alice", "secret")
		b.StartTimer()
		if _, err := conn.Authenticate(p, &r); err != nil {
			b.Fatal(err)
		}
	}
}
