package metabase

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// home is the least that a site needs.
const home = "[\"/LM/W3SVC/1/ROOT\"]\nPath = \"wwwroot\"\n"

// load returns the tree of a text that has no error; it stands in /srv.
func load(t *testing.T, text string) *Tree {
	t.Helper()
	tree, problems := parse("/srv/m.toml", text)
	if tree == nil {
		t.Fatalf("%v\n%s", problems, text)
	}
	return tree
}

// shown returns what get shows of a property at a node.
func shown(n *Node, name string) Value {
	s, ok := lookup(name)
	if !ok {
		panic(name)
	}
	return valueAt(n, n.Key, s)
}

// lines returns the problems as check prints them, a warning with a mark.
func lines(problems []Problem) []string {
	list := make([]string, len(problems))
	for i, p := range problems {
		list[i] = p.String()
		if p.Warning {
			list[i] += " (warning)"
		}
	}
	return list
}

func TestProblems(t *testing.T) {
	const root = "m.toml:3: /LM/W3SVC/1/ROOT: "
	tests := []struct {
		name string
		text string // stands below home: its first line is the third
		want []string
	}{
		{"nothing", "", nil},
		{"unknown name, near miss", `AuthFlag = 5`, []string{root + "AuthFlag: there is no such property; did you mean AuthFlags?"}},
		{"unknown name", `Colour = "red"`, []string{root + "Colour: there is no such property"}},
		{"number for true", `AllowAuthPassword = 2`, []string{root + "AllowAuthPassword: want true or false, not a number"}},
		{"text for true", `DontLog = "perhaps"`, []string{root + "DontLog: want true or false, not a string"}},
		{"Q198968 -1 is true", `DontLog = -1`, nil},
		{"text for a number", `LogonMethod = "3"`, []string{root + "LogonMethod: want a number from 0 to 3, not a string"}},
		{"fraction", `UploadReadAheadSize = 1.5`, []string{root + "UploadReadAheadSize: want a number, not a fraction"}},
		{"date", `Realm = 1996-12-20`, []string{root + "Realm: want a string in quotes, not a date or time"}},
		{"array for text", `Realm = ["x"]`, []string{root + "Realm: want a string in quotes, not an array"}},
		{"inline table", `Realm = { x = 1 }`, []string{root + "Realm: want a string in quotes, not a table"}},
		{"text for an array", `HttpCustomHeaders = "X: y"`, []string{root + `HttpCustomHeaders: want an array of strings, such as ["..."], not a string`}},
		{"array of numbers", `HttpCustomHeaders = [1]`, []string{root + `HttpCustomHeaders: want an array of strings, such as ["..."], not an array with a number`}},
		{"array for a comma list", `DefaultDoc = ["a.htm"]`, []string{root + `DefaultDoc: want one string with commas, such as "Default.htm,Default.asp,index.htm,index.html,iisstart.htm", not an array`}},
		{"negative", `UploadReadAheadSize = -1`, []string{root + "UploadReadAheadSize: -1 is out of range; 0 to 4294967295"}},
		{"too large", `UploadReadAheadSize = 4294967296`, []string{root + "UploadReadAheadSize: 4294967296 is out of range; 0 to 4294967295"}},
		{"level", `LMCompatibilityLevel = 6`, []string{root + "LMCompatibilityLevel: 6 is out of range; 0 to 5"}},
		{"choice", `ProxiedNTLM = "Allow"`, []string{root + `ProxiedNTLM: "Allow" is not known; one of SingleRequest, Refuse`}},
		{"choice, any case", `ProxiedNTLM = "REFUSE"`, nil},
		{"flag name", `AuthFlags = "AuthAnonymous | AuthNtlm2"`, []string{root + `AuthFlags: "AuthNtlm2" is not one of its flags; AuthAnonymous, AuthBasic, AuthNTLM, AuthMD5, AuthPassport`}},
		{"flag of another property", `AuthFlags = "AccessRead"`, []string{root + `AuthFlags: "AccessRead" is not one of its flags; AuthAnonymous, AuthBasic, AuthNTLM, AuthMD5, AuthPassport`}},
		{"flag bits nobody has", `AuthFlags = 8`, []string{root + "AuthFlags: no flag has the bits 0x8; AuthAnonymous, AuthBasic, AuthNTLM, AuthMD5, AuthPassport"}},
		{"flags too large", `AuthFlags = 4294967296`, []string{root + "AuthFlags: 4294967296 is out of range; 0 to 4294967295"}},
		{"flags of a wrong type", `AuthFlags = true`, []string{root + `AuthFlags: want a number or names joined by " | ", such as "AuthAnonymous | AuthBasic", not true or false`}},
		{"flags that exclude each other, wrong type", `AuthPersistence = true`, []string{root + `AuthPersistence: want a number or a name, such as "AuthPersistSingleRequest", not true or false`}},
		{"bit of a wrong type", `AuthBasic = "yes"`, []string{root + "AuthBasic: want true or false, not a string"}},
		{"Q318863-e by number", `AuthPersistence = 0xC0`, []string{root + "AuthPersistence: more than one of its flags is set, which exclude each other (Q318863); leave one"}},
		{"Q318863-e by names", `AuthPersistence = "AuthPersistSingleRequest | AuthPersistSingleRequestIfProxy"`, []string{root + "AuthPersistence: more than one of its flags is set, which exclude each other (Q318863); leave one"}},
		{"Q318863-e two bits", "AuthPersistSingleRequest = true\nAuthPersistSingleRequestIfProxy = true", []string{"m.toml:4: /LM/W3SVC/1/ROOT: AuthPersistSingleRequestIfProxy: line 3 sets another flag of AuthPersistence, and they exclude each other (Q318863); leave one"}},
		{"Q318863-e bit and number", "AuthPersistSingleRequest = true\nAuthPersistence = 0x80", []string{"m.toml:4: /LM/W3SVC/1/ROOT: AuthPersistence: line 3 sets another flag of AuthPersistence, and they exclude each other (Q318863); leave one"}},
		{"Q318863 one is true", "AuthPersistence = 0x80\nAuthPersistSingleRequest = false", nil},
		{"Q318863 said twice", "AuthPersistence = 0x40\nAuthPersistSingleRequest = true", nil},
		{"control character", `Realm = "a\r\nSet-Cookie: b"`, []string{root + "Realm: it holds the control character 0x0d; leave it out"}},
		{"property in two cases", "AuthFlags = 1\nauthflags = 5", []string{"m.toml:4: /LM/W3SVC/1/ROOT: authflags: line 3 sets this already; names compare without regard to case"}},
		{"property twice", "AuthFlags = 1\n\nAuthFlags = 5", []string{"m.toml:5: /LM/W3SVC/1/ROOT: AuthFlags: line 3 sets this already; names compare without regard to case"}},
		{"table in two cases", `["/lm/w3svc/1/root"]`, []string{"m.toml:3: /lm/w3svc/1/root: line 1 has this key already; keys compare without regard to case"}},
		{"table twice", `["/LM/W3SVC/1/ROOT"]`, []string{"m.toml:3: /LM/W3SVC/1/ROOT: line 1 has this key already; keys compare without regard to case"}},
		{"table with slashes", `["/LM//W3SVC/1/ROOT/"]`, []string{"m.toml:3: /LM//W3SVC/1/ROOT/: line 1 has this key already; keys compare without regard to case"}},
		{"not below LM", `["/W3SVC/1"]`, []string{`m.toml:3: /W3SVC/1: a key is a path below /LM, such as "/LM/W3SVC/1/ROOT"`}},
		{"no slash", `["LM/W3SVC/1"]`, []string{`m.toml:3: LM/W3SVC/1: a key is a path below /LM, such as "/LM/W3SVC/1/ROOT"`}},
		{"dotted table", `[site.one]`, []string{`m.toml:3: site.one: a key is one table named by its path in quotes, such as ["/LM/W3SVC/1/ROOT"]`}},
		{"array of tables", `[["/LM/W3SVC/2"]]`, []string{`m.toml:3: /LM/W3SVC/2: a key is one table named by its path in quotes, such as ["/LM/W3SVC/1/ROOT"]`}},
		{"table without a name", `[""]`, []string{`m.toml:3: a key is a path below /LM, such as "/LM/W3SVC/1/ROOT"`}},
		{"dotted property", `Auth.Basic = true`, []string{root + "Auth.Basic: a property is a plain name, without dots"}},
		{"control character in a key", `["/LM/W3SVC/1/ROOT/a\nb"]`, []string{"m.toml:3: /LM/W3SVC/1/ROOT/a?b: it holds the control character 0x0a; leave it out"}},
		{"no TOML", "Realm = \"x", []string{"m.toml:3: unexpected EOF; expected '\"'"}},

		{"Windows path", `["/LM/W3SVC/1/ROOT/a"]` + "\n" + `Path = 'C:\Inetpub\wwwroot'`, []string{`m.toml:4: /LM/W3SVC/1/ROOT/a: Path: C:\Inetpub\wwwroot is a Windows path; write one of this machine, such as "/srv/wwwroot", or relative to this file, such as "../wwwroot"`}},
		{"Windows path, slashes", `SecureKey = "d:/keys/a.pem"`, []string{
			root + "SecureKey: IIS takes it only at a site (/LM/W3SVC/n); here it holds from this key down (warning)",
			root + `SecureKey: d:/keys/a.pem is a Windows path; write one of this machine, such as "/srv/wwwroot", or relative to this file, such as "../wwwroot"`}},
		{"Windows path, variable", "[\"/LM/W3SVC\"]\nLogFileDirectory = '%WinDir%/System32/LogFiles'", []string{`m.toml:4: /LM/W3SVC: LogFileDirectory: %WinDir%/System32/LogFiles is a Windows path; write one of this machine, such as "/srv/wwwroot", or relative to this file, such as "../wwwroot"`}},
		{"share", `["/LM/W3SVC/1/ROOT/a"]` + "\n" + `Path = '\\server\share'`, []string{`m.toml:4: /LM/W3SVC/1/ROOT/a: Path: \\server\share is a Windows share; mount it and write its mount point, such as "/mnt/share"`}},
		{"empty Path", "[\"/LM/W3SVC/1/ROOT/a\"]\nPath = ''", []string{"m.toml:4: /LM/W3SVC/1/ROOT/a: Path: empty; name one, or leave the property out"}},
		{"Windows path in HttpErrors", `HttpErrors = ['401,1,FILE,C:\WINNT\help\401-1.htm']`, []string{root + `HttpErrors: C:\WINNT\help\401-1.htm is a Windows path; write one of this machine, such as "/srv/wwwroot", or relative to this file, such as "../wwwroot"`}},
		{"Windows path in ScriptMaps", `ScriptMaps = ['.pl,C:\perl.exe,5']`, []string{root + `ScriptMaps: C:\perl.exe is a Windows path; write one of this machine, such as "/srv/wwwroot", or relative to this file, such as "../wwwroot"`}},

		{"Q248350-c blanks", "[\"/LM/W3SVC\"]\nNTAuthenticationProviders = \"Negotiate, NTLM\"", []string{`m.toml:4: /LM/W3SVC: NTAuthenticationProviders: "Negotiate, NTLM" is taken as "Negotiate,NTLM"; IIS sends the names as they are spelt, which breaks clients (Q215383, Q248350) (warning)`}},
		{"Q215383-c lower case", "[\"/LM/W3SVC\"]\nNTAuthenticationProviders = \"ntlm\"", []string{`m.toml:4: /LM/W3SVC: NTAuthenticationProviders: "ntlm" is taken as "NTLM"; IIS sends the names as they are spelt, which breaks clients (Q215383, Q248350) (warning)`}},
		{"unknown provider", "[\"/LM/W3SVC\"]\nNTAuthenticationProviders = \"NTLM2\"", []string{`m.toml:4: /LM/W3SVC: NTAuthenticationProviders: "NTLM2" is not known; one of Negotiate, NTLM, Kerberos, Negotiate:Kerberos, Negotiate:PKU2U`}},
		{"no provider", "[\"/LM/W3SVC\"]\nNTAuthenticationProviders = \"\"", []string{"m.toml:4: /LM/W3SVC: NTAuthenticationProviders: empty; name one, or leave the property out"}},
		{"provider to come", "[\"/LM/W3SVC\"]\nNTAuthenticationProviders = \"Kerberos\"", []string{"m.toml:4: /LM/W3SVC: NTAuthenticationProviders: Kerberos is not acted on yet (warning)"}},

		{"header without colon", `HttpCustomHeaders = ["X"]`, []string{root + `HttpCustomHeaders: "X" is no header; write "Name: value"`}},
		{"header with a blank", `HttpCustomHeaders = ["X Y: z"]`, []string{root + `HttpCustomHeaders: "X Y: z" is no header; write "Name: value"`}},
		{"Q247389 header in two lines", `HttpCustomHeaders = ["X: y\nZ: z"]`, []string{root + "HttpCustomHeaders: it holds the control character 0x0a; leave it out"}},
		{"ACL", `FileACL = ['permit CORP\alice R']`, []string{root + `FileACL: "permit CORP\\alice R" is no entry; write "allow ACCOUNT RIGHTS" or "deny ACCOUNT RIGHTS" with rights of R W X F`}},
		{"ACL, rights", `FileACL = ['allow CORP\alice Q']`, []string{root + `FileACL: "allow CORP\\alice Q" is no entry; write "allow ACCOUNT RIGHTS" or "deny ACCOUNT RIGHTS" with rights of R W X F`}},
		{"media type", `MimeMap = [".txt"]`, []string{root + `MimeMap: ".txt" is no entry; write ".ext,type/subtype"`}},
		{"version", "[\"/LM/W3SVC\"]\nEmulatedVersion = \"6.5\"", []string{`m.toml:4: /LM/W3SVC: EmulatedVersion: "6.5" is not known; one of 2.0, 3.0, 4.0 SP6, 4.0, 5.0, 5.1, 6.0, 7.0, 7.5, 8.0, 8.5, 10.0`}},
		{"version as a number", "[\"/LM/W3SVC\"]\nEmulatedVersion = 6.0", []string{`m.toml:4: /LM/W3SVC: EmulatedVersion: want a string in quotes, such as "6.0", not a fraction`}},
		{"version below a site", `EmulatedVersion = "6.0"`, []string{root + "EmulatedVersion: it does not belong here; it stands at the service (/LM/W3SVC) or a site (/LM/W3SVC/n)"}},
		{"log format", "[\"/LM/W3SVC\"]\nLogPluginClsid = \"XML\"", []string{`m.toml:4: /LM/W3SVC: LogPluginClsid: "XML" is not known; one of W3C, IIS, NCSA, ODBC, or the class id of one`}},
		{"timeout out of range", "[\"/LM/W3SVC\"]\nConnectionTimeout = 65536", []string{"m.toml:4: /LM/W3SVC: ConnectionTimeout: 65536 is out of range, 120 is used; 1 to 65535 (warning)"}},

		{"not taken here", `AllowKeepAlive = false`, []string{root + "AllowKeepAlive: IIS takes it only at the service (/LM/W3SVC) or a site (/LM/W3SVC/n); here it holds from this key down (warning)"}},
		{"not acted on yet", `EnableDocFooter = true`, []string{root + "EnableDocFooter: this version of iisd knows the property but does not act on it yet (warning)"}},
		{"bindings of the service", "[\"/LM/W3SVC\"]\nServerBindings = [\":8080:\"]", []string{"m.toml:4: /LM/W3SVC: ServerBindings: sites do not inherit it, so here it has no effect; set it at each, such as /LM/W3SVC/1 (warning)"}},
		{"key that nothing reads", `["/LM/W3SVC/Filters"]`, []string{"m.toml:3: /LM/W3SVC/Filters: nothing acts on this key; sites are /LM/W3SVC/1 and so on, their directories stand below /LM/W3SVC/1/ROOT (warning)"}},
		{"no ROOT", `["/LM/W3SVC/1/ROOTS"]`, []string{"m.toml:3: /LM/W3SVC/1/ROOTS: nothing acts on this key; sites are /LM/W3SVC/1 and so on, their directories stand below /LM/W3SVC/1/ROOT (warning)"}},
		{"site with a zero", `["/LM/W3SVC/01"]`, []string{"m.toml:3: /LM/W3SVC/01: nothing acts on this key; sites are /LM/W3SVC/1 and so on, their directories stand below /LM/W3SVC/1/ROOT (warning)"}},
		{"authority", "[\"/LM/W3SVC/Authorities/CORP\"]\nAuthorityType = \"winbind\"\nDomains = [\"CORP\"]", []string{"m.toml:3: /LM/W3SVC/Authorities/CORP: this version of iisd knows the key but does not act on it yet (warning)"}},
		{"property of an authority elsewhere", `Domains = ["CORP"]`, []string{root + "Domains: it does not belong here; it stands at /LM/W3SVC/Authorities/NAME"}},
		{"property of a directory at an authority", "[\"/LM/W3SVC/Authorities/CORP\"]\nAuthFlags = 1", []string{
			"m.toml:3: /LM/W3SVC/Authorities/CORP: this version of iisd knows the key but does not act on it yet (warning)",
			"m.toml:4: /LM/W3SVC/Authorities/CORP: AuthFlags: it does not belong here; it stands at the service (/LM/W3SVC), a site (/LM/W3SVC/n), a virtual directory, a directory or a file"}},
		{"site without ROOT", "[\"/LM/W3SVC/2\"]\nServerBindings = [\":81:\"]", []string{`m.toml:3: /LM/W3SVC/2: a site needs its home directory: add ["/LM/W3SVC/2/ROOT"] with Path`}},
		{"ROOT without Path", "[\"/LM/W3SVC/2\"]\nServerBindings = [\":81:\"]\n[\"/LM/W3SVC/2/ROOT\"]", []string{`m.toml:5: /LM/W3SVC/2/ROOT: Path: not set; name the home directory, such as Path = "../wwwroot"`}},
		{"ROOT only implied", "[\"/LM/W3SVC/2\"]\nServerBindings = [\":81:\"]\n[\"/LM/W3SVC/2/ROOT/a\"]", []string{`m.toml:5: /LM/W3SVC/2/ROOT: Path: not set; name the home directory, such as Path = "../wwwroot"`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tree, problems := parse("m.toml", home+tt.text)
			if got := lines(problems); !slices.Equal(got, tt.want) {
				t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(tt.want, "\n\t"))
			}
			if (tree == nil) != Failed(problems) {
				t.Error("a tree in spite of an error, or none without one")
			}
		})
	}
}

// TestProblemOrder wants all problems of a file, in the order of their lines.
func TestProblemOrder(t *testing.T) {
	_, problems := parse("m.toml", `Stray = 1
["/LM/W3SVC/2"]
ServerBindings = ["127.0.0.1"]
["/LM/W3SVC/1/ROOT"]
Path = 'C:\wwwroot'
Realm = 5
`)
	got := strings.Join(lines(problems), "\n")
	want := `m.toml:1: Stray: this stands above the first key; put it below one, such as ["/LM/W3SVC"]
m.toml:2: /LM/W3SVC/2: a site needs its home directory: add ["/LM/W3SVC/2/ROOT"] with Path
m.toml:3: /LM/W3SVC/2: ServerBindings: "127.0.0.1" is no binding; write "IP:port:host", where IP and host may be empty, such as ":80:" or "[::1]:8080:"
m.toml:5: /LM/W3SVC/1/ROOT: Path: C:\wwwroot is a Windows path; write one of this machine, such as "/srv/wwwroot", or relative to this file, such as "../wwwroot"
m.toml:6: /LM/W3SVC/1/ROOT: Realm: want a string in quotes, not a number`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestChunks wants the same lines and problems wherever a table stands in a long
// file, which is decoded in parts.
func TestChunks(t *testing.T) {
	var b strings.Builder
	b.WriteString(home)
	for i := range 2*chunk + 10 {
		fmt.Fprintf(&b, "[\"/LM/W3SVC/1/ROOT/d%d\"] # %d\nRealm = \"%d\"\n", i, i, i)
	}
	long := b.String()
	load(t, long)
	for _, i := range []int{0, 1, chunk - 2, chunk - 1, chunk, chunk + 1, 2*chunk + 9} {
		line := 4 + 2*i
		old := fmt.Sprintf("Realm = \"%d\"\n", i)
		for text, want := range map[string]string{
			"Realm = \n":                     fmt.Sprintf("m.toml:%d: ", line),
			"Realm = 1\n":                    fmt.Sprintf("m.toml:%d: /LM/W3SVC/1/ROOT/d%d: Realm: want a string in quotes, not a number", line, i),
			old + "Realm = \"x\"\n":          fmt.Sprintf("m.toml:%d: /LM/W3SVC/1/ROOT/d%d: Realm: line %d sets this already; names compare without regard to case", line+1, i, line),
			old + "[\"/LM/W3SVC/1/ROOT\"]\n": fmt.Sprintf("m.toml:%d: /LM/W3SVC/1/ROOT: line 1 has this key already; keys compare without regard to case", line+1),
		} {
			_, problems := parse("m.toml", strings.Replace(long, old, text, 1))
			if len(problems) != 1 || !strings.HasPrefix(problems[0].String(), want) {
				t.Errorf("table %d: %v, want %s", i, problems, want)
			}
		}
	}
}

func TestBindings(t *testing.T) {
	for text, want := range map[string]string{
		":80:": ":80:", "*:80:": ":80:", "192.168.0.1:8080:": "192.168.0.1:8080:", ":80:WWW.Corp.Test": ":80:www.corp.test",
		"127.0.0.1:80:a_b-c.test": "127.0.0.1:80:a_b-c.test", "[::1]:8081:": "[::1]:8081:", "[FE80::1]:80:x": "[fe80::1]:80:x",
		"[::ffff:10.0.0.1]:80:": "10.0.0.1:80:", ":65535:": ":65535:", // Q214515
	} {
		site := load(t, "[\"/LM/W3SVC/1\"]\nServerBindings = [\""+text+"\"]\n"+home).Sites()[0]
		if got := site.Node.ServerBindings[0].String(); got != want {
			t.Errorf("%s is %s, want %s", text, got, want)
		}
	}
	secure := load(t, "[\"/LM/W3SVC/1\"]\nSecureBindings = [\":443\", \"10.0.0.1:443:corp.test\"]\n"+home).Sites()[0].Node.SecureBindings
	if fmt.Sprint(secure) != "[:443: 10.0.0.1:443:corp.test]" {
		t.Errorf("secure bindings %v", secure)
	}

	const form = ` is no binding; write "IP:port:host", where IP and host may be empty, such as ":80:" or "[::1]:8080:"`
	for text, want := range map[string]string{
		"":                   `""` + form,
		"80":                 `"80"` + form,
		":80":                `":80"` + form,
		"[::1]":              `"[::1]"` + form,
		"10.0.0.1:80":        `"10.0.0.1:80"` + form,
		"::1:80:":            `"" in binding "::1:80:" is no port; 1 to 65535`,
		"10.0.0:80:":         `"10.0.0" in binding "10.0.0:80:" is no address; write one such as 192.168.0.1 or [fe80::1], or nothing for all`,
		"[10.0.0.1]:80:":     `"10.0.0.1" in binding "[10.0.0.1]:80:" is no address; write one such as 192.168.0.1 or [fe80::1], or nothing for all`,
		"[]:80:":             `binding "[]:80:" has no address between its brackets; write one such as [::1], or no brackets for all`,
		":0:":                `"0" in binding ":0:" is no port; 1 to 65535`,
		":65536:":            `"65536" in binding ":65536:" is no port; 1 to 65535`,
		":+80:":              `"+80" in binding ":+80:" is no port; 1 to 65535`,
		":80:a b":            `"a b" in binding ":80:a b" is no host name; write one such as www.example.com`,
		":80:a:b":            `"a:b" in binding ":80:a:b" is no host name; write one such as www.example.com`,
		`:80:a", ":80:A`:     `":80:A" is listed twice; leave one`,
		`:80:", "0080:`:      `"0080:"` + form,
		`:80:", ":080:`:      `":080:" is listed twice; leave one`,
		`10.0.0.1:80:", "::`: `"" in binding "::" is no port; 1 to 65535`,
	} {
		_, problems := parse("m.toml", "[\"/LM/W3SVC/1\"]\nServerBindings = [\""+text+"\"]\n"+home)
		if want = "m.toml:2: /LM/W3SVC/1: ServerBindings: " + want; len(problems) != 1 || problems[0].String() != want {
			t.Errorf("got\n\t%v\nwant\n\t%s", problems, want)
		}
	}
}

func TestBindingsTwice(t *testing.T) {
	site := func(n int, properties string) string {
		return fmt.Sprintf("[\"/LM/W3SVC/%d\"]\n%s\n[\"/LM/W3SVC/%d/ROOT\"]\nPath = \"wwwroot\"\n", n, properties, n)
	}
	tests := []struct{ name, text, want string }{
		{"different hosts", site(1, `ServerBindings = [":80:a"]`) + site(2, `ServerBindings = [":80:b", ":80:"]`), ""},
		{"different addresses", site(1, `ServerBindings = ["10.0.0.1:80:"]`) + site(2, `ServerBindings = ["10.0.0.2:80:", ":80:"]`), ""},
		{"same", site(1, `ServerBindings = [":80:"]`) + site(2, `ServerBindings = [":81:", ":80:"]`),
			"m.toml:6: /LM/W3SVC/2: ServerBindings: :80: is bound already by /LM/W3SVC/1 (ServerBindings, line 2); change one of them"},
		{"same in another spelling", site(1, `ServerBindings = [":80:www.test"]`) + site(2, `ServerBindings = ["*:80:WWW.test"]`),
			"m.toml:6: /LM/W3SVC/2: ServerBindings: :80:www.test is bound already by /LM/W3SVC/1 (ServerBindings, line 2); change one of them"},
		{"both by default", site(1, "") + site(2, ""),
			"m.toml:5: /LM/W3SVC/2: ServerBindings: :80: is bound already by /LM/W3SVC/1 (ServerBindings, line 1); change one of them"},
		{"sites in the order of their numbers", site(10, `ServerBindings = [":80:"]`) + site(9, `ServerBindings = [":80:"]`),
			"m.toml:2: /LM/W3SVC/10: ServerBindings: :80: is bound already by /LM/W3SVC/9 (ServerBindings, line 6); change one of them"},
		{"Q186810 secure", site(1, `ServerBindings = [":80:a"]`+"\n"+`SecureBindings = [":443:"]`) + site(2, `ServerBindings = [":80:b"]`+"\n"+`SecureBindings = [":443:"]`),
			"m.toml:8: /LM/W3SVC/2: SecureBindings: :443: is bound already by /LM/W3SVC/1 (SecureBindings, line 3); change one of them"},
		{"Q165338 plain and secure", site(1, `ServerBindings = [":80:a"]`+"\n"+`SecureBindings = [":80:"]`),
			"m.toml:3: /LM/W3SVC/1: SecureBindings: a port carries either HTTP or TLS, and :80: is bound already by /LM/W3SVC/1 (ServerBindings, line 2); change one of them"},
	}
	for _, tt := range tests {
		_, problems := parse("m.toml", tt.text)
		if got := strings.Join(lines(problems), "\n"); got != tt.want {
			t.Errorf("%s: got\n\t%s\nwant\n\t%s", tt.name, got, tt.want)
		}
	}
}

func TestLoadFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "conf", "m.toml")
	if _, problems := Load(file); len(problems) != 1 || problems[0].String() != file+": there is no such file; name the metabase with --metabase FILE" {
		t.Errorf("no file: %v", problems)
	}
	if err := os.Mkdir(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, file, "[\"/LM/W3SVC\"]\nAccounts = \"accounts.toml\"\n[\"/LM/W3SVC/1/ROOT\"]\nPath = \"../wwwroot\"\n[\"/LM/W3SVC/1/ROOT/a\"]\nPath = \"/srv/./a/\"\n")
	t.Chdir(dir)
	for _, name := range []string{file, "conf/m.toml"} {
		tree, problems := Load(name)
		if tree == nil {
			t.Fatal(problems)
		}
		n := tree.Node("W3SVC/1/ROOT")
		if tree.File() != name || n.Path != dir+"/wwwroot" || n.child("a").Path != "/srv/a" || n.Accounts != dir+"/conf/accounts.toml" || n.LogFileDirectory != dir+"/conf/logs" {
			t.Errorf("%s: %s %s %s %s %s", name, tree.File(), n.Path, n.child("a").Path, n.Accounts, n.LogFileDirectory)
		}
	}
	if _, problems := Load(dir); len(problems) != 1 || !strings.HasPrefix(problems[0].String(), dir+": ") {
		t.Errorf("a directory: %v", problems)
	}
}

// write writes a file.
func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestShipped loads the metabase that comes with the program.
func TestShipped(t *testing.T) {
	tree, problems := Load("../conf/metabase.toml")
	if tree == nil || len(tree.Sites()) != 3 {
		t.Fatal(problems)
	}
}

// What nothing acts on yet is never silently ignored, nor a Windows path left
// unexplained.
func TestNotActedOnYet(t *testing.T) {
	for _, test := range []struct{ line, want string }{
		{`AuthFlags = "AuthAnonymous | AuthMD5"`, "AuthFlags: AuthMD5: nothing acts on this yet"},
		{`AuthPassport = true`, "AuthPassport: AuthPassport: nothing acts on this yet"},
		{`AccessFlags = 7`, "AccessFlags: AccessWrite, AccessExecute: nothing acts on this yet"},
		{`DefaultDoc = "C:\Inetpub"`, `write one of this machine, such as "/srv/wwwroot"`},
	} {
		_, problems := parse("m.toml", "[\"/LM/W3SVC/1\"]\nServerBindings = [\":80:\"]\n[\"/LM/W3SVC/1/ROOT\"]\nPath = \"/srv\"\n"+test.line+"\n")
		found := false
		for _, p := range problems {
			found = found || strings.Contains(p.String(), test.want)
		}
		if !found {
			t.Errorf("%s: %v lacks %q", test.line, problems, test.want)
		}
	}
}

// A key that no canonical URL matches would guard nothing.
func TestUnreachableKeys(t *testing.T) {
	for _, key := range []string{"/../x", "/.", "/secure.", "/secure ", `/a\\b`} {
		_, problems := parse("m.toml", "[\"/LM/W3SVC/1/ROOT\"]\nPath = \"/srv\"\n[\"/LM/W3SVC/1/ROOT"+key+"\"]\nAuthFlags = 4\n")
		if !Failed(problems) || !strings.Contains(problems[len(problems)-1].Text, "no URL leads to this key") {
			t.Errorf("%q: %v", key, problems)
		}
	}
}
