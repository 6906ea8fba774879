package authn

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"iisd/authn/ntlm"
)

// FuzzAuthorization sends an arbitrary Authorization field, alone and behind a
// NEGOTIATE message, to a node with every method: nothing panics, an error is a
// *Denied with a status of its own, and nobody comes in whose password was not
// in the field.
func FuzzAuthorization(f *testing.F) {
	c := newClient(f, rules60)
	const secret = "a password that no field has"
	c.db = loadText(f, "[[Account]]\nName = \"alice\"\nPassword = \""+secret+"\"\n[[Account]]\nName = \"nohash\"")
	c.auths.List = []Authority{c.db}
	policies := []*Policy{c.policy("Negotiate NTLM Basic"), c.policy("Anonymous Negotiate NTLM Basic")}
	m1 := c.message1("NTLM")
	c.do("NTLM", m1)
	for _, s := range []string{
		"", "NTLM", "NTLM ", "Negotiate YIIB", "Basic", "Basic Og==", "Basic OjpBOg==", basic("alice", ""), basic("nohash", ""),
		basic("alice", "null"), basic("alice", "nil"), basic("IUSR_WEB1", ""), basic("IUSR", ""), m1, c.message1("Negotiate"),
		c.message3("NTLM", "alice", ""), c.message3("NTLM", "IUSR_WEB1", ""), c.message3("NTLM", "nohash", "x"),
		c.ntlmv1("", "alice", "x"), "NTLM " + base64.StdEncoding.EncodeToString(c.challenge), "Digest username=\"alice\"",
		strings.Repeat("NTLM ", 1000),
	} {
		f.Add(s)
	}
	hash := ntlm.NTOWFv1(secret)
	f.Fuzz(func(t *testing.T, field string) {
		for _, first := range []string{"", m1, strings.Replace(m1, "NTLM", "Negotiate", 1)} {
			for _, p := range policies {
				var conn Conn
				r := Request{Authorization: first, Persist: true, Now: start, Host: "h"}
				if first != "" {
					conn.Authenticate(p, &r)
				}
				r.Authorization = field
				res, err := conn.Authenticate(p, &r)
				var d *Denied
				switch {
				case err == nil && field == "" && p.Anonymous != nil && res.User.Package == "":
				case err == nil:
					t.Fatalf("%q came in with %q", res.User, field)
				case !errors.As(err, &d) || d.Status.Code != 401 && d.Status.Code != 400:
					t.Fatalf("%v", err)
				case conn.User() != nil:
					t.Fatal("refused, but stays")
				case strings.Contains(d.Error(), string(hash[:])) || strings.Contains(d.Error(), secret):
					t.Fatalf("tells a secret: %v", d)
				case strings.ContainsFunc(d.Cause.Account+d.Cause.Reason+d.Cause.Method, func(r rune) bool { return r < ' ' || r == 0x7F }):
					t.Fatalf("control characters for the log: %q", d)
				}
			}
		}
	})
}
