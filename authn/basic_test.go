package authn

import (
	"encoding/base64"
	"net/netip"
	"slices"
	"strconv"
	"testing"
	"time"

	"iisd/server/status"
)

func TestBasicRealm(t *testing.T) {
	const form = `Basic realm="`
	for _, tt := range []struct {
		name, realm, host, dns, addr, want string
	}{
		{"Realm property", "Payroll", "www.corp.test", "web1.corp.test", "10.0.0.1", `Payroll`},
		{"Q151183-a Host field", "", "www.corp.test", "web1.corp.test", "10.0.0.1", `www.corp.test`},
		{"Q151183-a DNS name", "", "", "web1.corp.test", "10.0.0.1", `web1.corp.test`},
		{"Q151183-a address", "", "", "", "10.0.0.1", `10.0.0.1`},
		{"Q151183-a mapped address", "", "", "", "::ffff:10.0.0.1", `10.0.0.1`},
		{"quotes", `a"b\c`, "", "", "10.0.0.1", `a\"b\\c`},
		{"control characters", "", "a\r\nSet-Cookie: x", "", "10.0.0.1", `aSet-Cookie: x`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := NewBasic(&BasicOptions{Rules: rules60, Realm: tt.realm, HostName: tt.dns})
			got := m.Challenge(&Request{Host: tt.host, LocalAddr: netip.MustParseAddr(tt.addr)})
			if got != form+tt.want+`"` {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestBasicNames(t *testing.T) {
	for _, tt := range []struct {
		name, domain, typed, want string
	}{
		{"Q168908-a local first", "", "twin", `WEB1\twin`},
		{"Q168908-a then the server's domain", "", "alice", `CORP\alice`},
		{"Q317627 in no other domain", "", "eve", ""},
		{"Q168908-b DefaultLogonDomain", "LAB", "eve", `LAB\eve`},
		{"DefaultLogonDomain only", "LAB", "alice", ""},
		{"DefaultLogonDomain does not bind", "LAB", `CORP\alice`, `CORP\alice`},
		{"DOMAIN\\user", "", `lab\EVE`, `LAB\eve`},
		{"Q147617 DOMAIN/user", "", "LAB/eve", `LAB\eve`},
		{"Q260269-a user@domain", `\`, "eve@lab.test", `LAB\eve`},
		{"user@DOMAIN", "", "eve@LAB", `LAB\eve`},
		{"Q260269-b DOMAIN\\user", `\`, `LAB\eve`, `LAB\eve`},
		{"Q260269-b dns.domain\\user", `\`, `lab.test\eve`, `LAB\eve`},
		{"Q299273 all domains", `\`, "eve", `LAB\eve`},
		{"all domains, local first", `\`, "twin", `WEB1\twin`},
		{"this machine", "LAB", `.\twin`, `WEB1\twin`},
		{"unknown domain", "", `NOWHERE\twin`, ""},
		{"empty name", "", "", ""},
		{"domain alone", "", `LAB\`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			db := loadText(t, `
				[[Account]]
				Name = "twin"
				Password = "secret"
				[[Account]]
				Name = 'CORP\twin'
				Password = "secret"
				[[Account]]
				Name = 'CORP\alice'
				Password = "secret"
				[[Account]]
				Name = 'LAB\eve'
				Password = "secret"`)
			p := &Policy{Rules: rules60, Methods: []Method{NewBasic(&BasicOptions{
				Authorities: &Authorities{List: []Authority{db}, ComputerName: "WEB1", Domain: "CORP", Aliases: map[string]string{"LAB.TEST": "LAB"}},
				Rules:       rules60, DefaultLogonDomain: tt.domain,
			})}}
			var c Conn
			res, err := c.Authenticate(p, &Request{Authorization: basic(tt.typed, "secret"), Now: start})
			switch {
			case tt.want == "" && status.Of(err) == status.LogonFailed:
			case err != nil:
				t.Error(err)
			case res.User.String() != tt.want || res.User.Typed != tt.typed || res.User.Password != "secret":
				t.Errorf("%+v", res.User)
			}
		})
	}
}

func TestBasicCredentials(t *testing.T) {
	encode := base64.StdEncoding.EncodeToString
	const malformed60, malformed10 = "401.1 1326 failed Basic realm=\"www.corp.test\"", "400 0 failed"
	for _, tt := range []struct {
		name, credentials string
		want              string // "" for malformed
		cause             string
	}{
		{"D11 empty", "Basic", "", "the Basic credentials are empty"},
		{"D11 blanks", "Basic   ", "", "the Basic credentials are empty"},
		{"D11 bad base64", "Basic Ym9iOlBhOnNz!", "", "the Basic credentials are not base64"},
		{"D11 no colon", "Basic " + encode([]byte("bob")), "", "the Basic credentials have no colon"},
		{"D11 colon in the password", "Basic " + encode([]byte("bob:Pa:ss")), `200 WEB1\bob Basic`, ""},
		{"D11 UTF-8", "Basic " + encode([]byte("jürgen:pässword€")), `200 WEB1\Jürgen Basic`, ""},
		{"D11 code page 1252", "Basic " + encode([]byte("j\xfcrgen:p\xe4ssword\x80")), `200 WEB1\Jürgen Basic`, ""},
		{"D11 upper case", "Basic " + encode([]byte("JÜRGEN:pässword€")), `200 WEB1\Jürgen Basic`, ""},
		{"lower case scheme", "bASIC " + encode([]byte("bob:Pa:ss")), `200 WEB1\bob Basic`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, rules := range []*Rules{rules60, rules10} {
				c := newClient(t, rules)
				c.db = loadText(t, accountsText+"\n[[Account]]\nName = \"Jürgen\"\nPassword = \"pässword€\"")
				c.auths.List = []Authority{c.db}
				want := tt.want
				switch {
				case want == "" && rules == rules60:
					want = malformed60
				case want == "":
					want = malformed10
				}
				c.want(c.do("Basic", tt.credentials), want)
				if tt.cause != "" {
					c.wantCause(tt.cause, status.ErrorLogonFailure)
				}
			}
		})
	}
}

// stateText holds an account for each state.
const stateText = `
[[Account]]
Name = "fine"
Password = "secret"
[[Account]]
Name = "disabled"
Password = "secret"
Disabled = true
[[Account]]
Name = "lockedout"
Password = "secret"
LockedOut = true
[[Account]]
Name = "expired"
Password = "secret"
AccountExpires = 2026-11-21T12:00:00Z
[[Account]]
Name = "lasts"
Password = "secret"
AccountExpires = 2026-11-21T12:00:01Z
[[Account]]
Name = "oldpassword"
Password = "secret"
PasswordExpired = true
[[Account]]
Name = "mustchange"
Password = "secret"
MustChangePassword = true
[[Account]]
Name = "never"
Password = "secret"
LogonHours = "000000000000000000000000000000000000000000"
[[Account]]
Name = "elsewhere"
Password = "secret"
Workstations = ["PC1"]
[[Account]]
Name = "here"
Password = "secret"
Workstations = ["pc7", "web1"]
[[Account]]
Name = "blank"
Password = ""
[[Account]]
Name = "local"
Password = "secret"
Rights = ["SeInteractiveLogonRight"]
[[Account]]
Name = "network"
Password = "secret"
Rights = ["SeNetworkLogonRight"]
[[Account]]
Name = "batch"
Password = "secret"
Rights = ["SeBatchLogonRight"]
[[Account]]
Name = "nothing"
Password = "secret"
Rights = []
`

// The state of an account shows its code in Basic, after the right password
// only; Integrated shows 2148074252 throughout, and the cause all the same.
func TestAccountStates(t *testing.T) {
	const (
		i, b, n = LogonInteractive, LogonBatch, LogonNetwork
		local   = " lacks the right to log on locally (SeInteractiveLogonRight)"
		batch   = " lacks the right to log on as a batch job (SeBatchLogonRight)"
		network = " lacks the right to be used from the network (SeNetworkLogonRight)"
	)
	for _, tt := range []struct {
		account string
		method  LogonType
		code    status.Win32
		reason  string
	}{
		{"fine", i, 0, ""},
		{"disabled", i, 1331, " is disabled"},
		{"lockedout", i, 1909, " is locked out"},
		{"expired", i, 1793, " has expired"},
		{"lasts", i, 0, ""},
		{"oldpassword", i, 1330, " has an expired password"},
		{"mustchange", i, 1907, " must change the password first"},
		{"never", i, 1328, " may not log on at this hour"},
		{"elsewhere", i, 1329, " may not log on from workstation "},
		{"here", i, 0, ""},
		{"local", i, 0, ""},
		{"local", b, 1385, batch},
		{"local", n, 1385, network},
		{"network", i, 1385, local}, // Q247593-b, Q263140
		{"network", n, 0, ""},
		{"network", LogonNetworkCleartext, 0, ""},
		{"batch", i, 1385, local}, // Q153953-a
		{"batch", b, 0, ""},
		{"nothing", LogonNetworkCleartext, 1385, network},
		{"blank", i, 0, ""},
		{"blank", n, 1327, " has a blank password, which is refused over the network"},
		{"nobody", i, 1326, ""},
	} {
		c := newClient(t, rules60)
		c.db = loadText(t, stateText)
		c.auths.List = []Authority{c.db}
		password := "secret"
		if tt.account == "blank" {
			password = ""
		}
		policy := &Policy{Rules: rules60, Methods: []Method{
			NewBasic(&BasicOptions{Authorities: c.auths, Rules: rules60, LogonMethod: tt.method}),
			NewNTLM(&NTLMOptions{Authorities: c.auths, Rules: rules60}),
		}}
		ask := func(authorization string) *Denied {
			_, err := c.conn.Authenticate(policy, &Request{Authorization: authorization, Persist: true, Now: c.now})
			d, _ := err.(*Denied)
			return d
		}
		check := func(what string, d *Denied, want status.Status, reason string) {
			switch {
			case want.Code == 200 && d == nil:
			case d == nil || d.Status != want || d.Cause.Reason != reason:
				t.Errorf("%s, %s, method %d: %+v, want %d.%d %d, %q", tt.account, what, tt.method, d, want.Code, want.Sub, want.Win32, reason)
			}
		}
		name := `WEB1\` + tt.account
		right, wrong, reason := status.LogonFailed.With(tt.code), status.LogonFailed, "wrong password for "+name
		full := name + tt.reason
		switch tt.code {
		case 0:
			right = status.OK
		case 1909:
			wrong, reason = right, full // the lock-out shows whatever the password
		case 1326:
			full = "there is no account " + name
			reason = full
		case 1329:
			full += "WEB1" // Basic: the server logs on
		}
		check("Basic, right password", ask(basic(tt.account, password)), right, full)
		check("Basic, wrong password", ask(basic(tt.account, "wrong")), wrong, reason)

		if tt.method != LogonNetwork && tt.code != 0 && tt.code != 1385 {
			if tt.code == 1329 {
				full = name + tt.reason + "PC7"
			}
			d := ask(hello(modern))
			c.challenge, _ = base64.StdEncoding.DecodeString(d.Challenges[0][len("NTLM "):])
			check("NTLM, right password", ask(c.message3("NTLM", tt.account, password)), status.LogonDenied, full)
		}
	}
}

func TestLogonGroups(t *testing.T) {
	db := loadText(t, accountsText)
	for typ, want := range map[LogonType][]string{ // Q142868-f
		LogonInteractive:      {"Everyone", "Authenticated Users", "INTERACTIVE", `CORP\staff`},
		LogonBatch:            {"Everyone", "Authenticated Users", "BATCH", `CORP\staff`},
		LogonNetwork:          {"Everyone", "Authenticated Users", "NETWORK", `CORP\staff`},
		LogonNetworkCleartext: {"Everyone", "Authenticated Users", "NETWORK", `CORP\staff`},
	} {
		u, err := db.LogonPassword(&Logon{Domain: "CORP", Name: "alice", Type: typ, Now: start}, "secret")
		if err != nil || !slices.Equal(u.Groups, want) {
			t.Errorf("%d: %v, %v", typ, u, err)
		}
	}
	u, err := NewAnonymous(&AnonymousOptions{Accounts: db})()
	if err != nil || !slices.Equal(u.Groups, []string{"Everyone", "INTERACTIVE"}) || u.Package != "" {
		t.Errorf("%v, %v", u, err)
	}
	for account, want := range map[string]bool{
		"IUSR": true, "iusr_web1": true, `WEB1\IUSR_WEB1`: true, `.\iusr_web1`: true, "everyone": true, "Interactive": true,
		"NETWORK": false, "Authenticated Users": false, `CORP\IUSR_WEB1`: false, `CORP\IUSR`: false, "": false,
	} {
		if u.Is(account) != want {
			t.Errorf("IUSR_WEB1 is %q: %v", account, !want)
		}
	}
	u, err = db.User(`corp\ALICE`, LogonNetwork, start)
	if err != nil {
		t.Fatal(err)
	}
	for account, want := range map[string]bool{
		`CORP\alice`: true, `corp\STAFF`: true, "NETWORK": true, "alice": false, "staff": false, "IUSR": false, `WEB1\alice`: false,
	} {
		if u.Is(account) != want {
			t.Errorf("alice is %q: %v", account, !want)
		}
	}
	if _, err := db.User("carol", LogonNetwork, start); err == nil || err.Error() != `WEB1\carol is disabled` {
		t.Error(err)
	}
	if _, err := db.User("nobody", LogonNetwork, start); err == nil || err.Error() != `there is no account WEB1\nobody` {
		t.Error(err)
	}
}

func TestAnonymous(t *testing.T) {
	wrong, right := "wrong", "secret"
	for _, tt := range []struct {
		name, account string
		options       AnonymousOptions
		rules         *Rules
		want, cause   string
	}{
		{"by itself", "", AnonymousOptions{}, rules60, `200 WEB1\IUSR_WEB1`, ""},
		{"alias", "", AnonymousOptions{Name: "IUSR"}, rules60, `200 WEB1\IUSR_WEB1`, ""},
		{"Q263140 Q275167 no right", `Rights = ["SeNetworkLogonRight"]`, AnonymousOptions{}, rules60, "401.1 1385 bare NTLM",
			`WEB1\IUSR_WEB1 lacks the right to log on locally (SeInteractiveLogonRight)`},
		{"KB 909887 network logon", `Rights = ["SeNetworkLogonRight"]`, AnonymousOptions{Type: LogonNetworkCleartext}, rules60,
			`200 WEB1\IUSR_WEB1`, ""},
		{"Q142715 3.0, no right", `Rights = []`, AnonymousOptions{}, rules30, "500 1385 bare",
			`WEB1\IUSR_WEB1 lacks the right to log on locally (SeInteractiveLogonRight)`},
		{"Q154135-b 2.0, disabled", `Disabled = true`, AnonymousOptions{}, rules30, "500 1331 bare", `WEB1\IUSR_WEB1 is disabled`},
		{"Q154135-a 2.0, hours", `LogonHours = "000000000000000000000000000000000000000000"`, AnonymousOptions{}, rules30, "500 1328 bare",
			`WEB1\IUSR_WEB1 may not log on at this hour`},
		{"Q147532 wrong password", `Password = "secret"`, AnonymousOptions{Password: &wrong}, rules60, "401.1 1326 bare NTLM",
			`wrong password for WEB1\IUSR_WEB1`},
		{"right password", `Password = "secret"`, AnonymousOptions{Password: &right}, rules60, `200 WEB1\IUSR_WEB1`, ""},
		{"does not exist", "", AnonymousOptions{Name: "gone"}, rules60, "401.1 1326 bare NTLM", "the anonymous account gone does not exist"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := ""
			if tt.account != "" {
				text = "[[Account]]\nName = \"IUSR_WEB1\"\n" + tt.account
			}
			c := newClient(t, tt.rules)
			tt.options.Accounts = loadText(t, text)
			tt.options.Now = func() time.Time { return start }
			p := c.policy("NTLM")
			p.Anonymous = NewAnonymous(&tt.options)
			res, err := c.conn.Authenticate(p, &Request{Now: start})
			got := ""
			if err == nil {
				got = "200 " + res.User.String()
			} else {
				d := err.(*Denied)
				got = d.Status.Error() + " " + strconv.Itoa(int(d.Status.Win32)) + " " + [...]string{"bare", "challenge", "failed"}[d.Leg]
				for _, ch := range d.Challenges {
					got += " " + ch
				}
				if d.Cause.Reason != tt.cause || d.Cause.Method != "Anonymous" {
					t.Errorf("cause %+v", d.Cause)
				}
			}
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
	t.Run("Q169263 locked out", func(t *testing.T) {
		db := loadText(t, "[[Account]]\nName = \"IUSR_WEB1\"\nPassword = \"secret\"")
		db.Lockout = &Lockout{Threshold: 2, Duration: time.Minute, Window: time.Minute}
		anonymous := NewAnonymous(&AnonymousOptions{Accounts: db, Password: &wrong, Now: func() time.Time { return start }})
		for _, want := range []status.Win32{1326, 1326, 1909} {
			if _, err := anonymous(); status.Of(err) != status.LogonFailed.With(want) {
				t.Errorf("%v, want %d", err, want)
			}
		}
	})
	t.Run("Q170858 3.0 Basic, locked out", func(t *testing.T) {
		c := newClient(t, rules30)
		c.db = loadText(t, stateText)
		c.auths.List = []Authority{c.db}
		c.want(c.do("Basic", basic("lockedout", "secret")), "500 1909 failed")
		c.want(c.do("Basic", basic("fine", "wrong")), `401.1 1326 failed Basic realm="www.corp.test"`)
	})
}

// Q251171: the built-in Guest is refused where anonymous access is off.
func TestGuest(t *testing.T) {
	for _, text := range []string{
		"[[Account]]\nName = \"guest\"\nPassword = \"secret\"",
		"[[Account]]\nName = \"visitor\"\nPassword = \"secret\"\nGuest = true",
	} {
		c := newClient(t, rules60)
		c.db = loadText(t, text)
		c.auths.List = []Authority{c.db}
		name := c.db.find("WEB1", "guest")
		if name == nil {
			name = c.db.find("WEB1", "visitor")
		}
		c.want(c.do("Basic", basic(name.name, "secret")), `401.1 1327 failed Basic realm="www.corp.test"`)
		c.wantCause(name.String()+" is the Guest account, which is refused where anonymous access is off", status.ErrorAccountRestriction)
		c.want(c.do("Anonymous Basic", basic(name.name, "secret")), "200 "+name.String()+" Basic")
		c.do("Anonymous NTLM", c.message1("NTLM"))
		c.want(c.do("Anonymous NTLM", c.message3("NTLM", name.name, "secret")), "200 "+name.String()+" NTLM stays")
		c.want(c.do("NTLM", ""), bare60+"NTLM") // nor does he stay
	}
}

func TestLockout(t *testing.T) {
	t.Run("B12 one counter for all forms of a name", func(t *testing.T) {
		c := newClient(t, rules60)
		c.db.Lockout = &Lockout{Threshold: 6, Duration: 10 * time.Minute, Window: 5 * time.Minute}
		c.auths.Domain = "CORP"
		c.auths.Aliases = map[string]string{"CORP.TEST": "CORP"}
		for _, name := range []string{"Alice", "ALICE", "alice@corp", "alice@corp.test", `CORP\alice`} {
			c.want(c.do("Basic", basic(name, "wrong")), `401.1 1326 failed Basic realm="www.corp.test"`)
		}
		c.do("NTLM", c.message1("NTLM"))
		c.want(c.do("NTLM", c.message3("NTLM", `corp\aLICE`, "wrong")), refused)
		c.want(c.do("Basic", basic("corp/alice", "secret")), `401.1 1909 failed Basic realm="www.corp.test"`)
		c.wantCause(`CORP\alice is locked out`, status.ErrorAccountLockedOut)
		c.do("NTLM", c.message1("NTLM"))
		c.want(c.do("NTLM", c.message3("NTLM", `CORP\alice`, "secret")), refused)
		c.wantCause(`CORP\alice is locked out`, status.ErrorAccountLockedOut)
		c.want(c.do("Basic", basic("bob", "Pa:ss")), `200 WEB1\bob Basic`)
		c.now = c.now.Add(10 * time.Minute)
		c.want(c.do("Basic", basic("alice", "secret")), `200 CORP\alice Basic`)
	})
	t.Run("window and success", func(t *testing.T) {
		c := newClient(t, rules60)
		c.db.Lockout = &Lockout{Threshold: 2, Duration: time.Minute, Window: time.Minute}
		c.do("Basic", basic("bob", "wrong"))
		c.now = c.now.Add(61 * time.Second)
		c.do("Basic", basic("bob", "wrong"))
		c.want(c.do("Basic", basic("bob", "Pa:ss")), `200 WEB1\bob Basic`)
		c.do("Basic", basic("bob", "wrong"))
		c.want(c.do("Basic", basic("bob", "Pa:ss")), `200 WEB1\bob Basic`)
	})
	t.Run("bounded memory", func(t *testing.T) {
		c := newClient(t, rules60)
		c.db.Lockout = &Lockout{Threshold: 2, Window: time.Minute}
		for i := range 1000 {
			c.do("Basic", basic("nobody"+strconv.Itoa(i), "wrong"))
		}
		if n := len(c.db.Lockout.failed); n != 0 {
			t.Errorf("%d strangers are remembered", n)
		}
	})
}

// B11: to the client all refusals are alike.
func TestRefusalsAlike(t *testing.T) {
	c := newClient(t, rules60)
	c.db = loadText(t, stateText)
	c.auths.List = []Authority{c.db}
	for _, account := range []string{"nobody", "fine", "disabled", "lockedout", "expired", `NOWHERE\fine`} {
		c.do("NTLM", c.message1("NTLM"))
		c.want(c.do("NTLM", c.message3("NTLM", account, "wrong")), refused)
		r := c.req
		r.Authorization, r.Now = basic(account, "wrong"), c.now
		_, err := c.conn.Authenticate(c.policy("Basic"), &r)
		if d := err.(*Denied); d.Status.Code != 401 || d.Status.Sub != 1 || d.Leg != LegFailed ||
			!slices.Equal(d.Challenges, []string{`Basic realm="www.corp.test"`}) {
			t.Errorf("%s: %+v", account, d)
		}
	}
}

// B11: the time of an unknown account is that of a known one, the median over
// many logons within a factor of two.
func TestRefusalsTakeTheSameTime(t *testing.T) {
	db := loadText(t, stateText)
	median := func(name string) time.Duration {
		times := make([]time.Duration, 0, 2001)
		for range cap(times) {
			l := &Logon{Domain: "WEB1", Name: name, Now: start}
			begin := time.Now()
			db.LogonPassword(l, "a wrong password of some length")
			times = append(times, time.Since(begin))
		}
		slices.Sort(times)
		return times[len(times)/2]
	}
	known, unknown := median("fine"), median("nobody")
	if known > 2*unknown || unknown > 2*known {
		t.Errorf("known %v, unknown %v", known, unknown)
	}
}
