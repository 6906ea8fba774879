package metabase

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func TestResolve(t *testing.T) {
	tree := load(t, `["/LM/W3SVC/1/ROOT"]
Path = "wwwroot"
["/LM/W3SVC/1/ROOT/docs"]
Realm = "docs"
["/LM/W3SVC/1/ROOT/docs/Old/Page.htm"]
Realm = "page"
["/LM/W3SVC/1/ROOT/Data"]
Path = "/srv/data"
["/LM/W3SVC/1/ROOT/Data/in/a"]
Path = "/srv/a"
["/LM/W3SVC/1/ROOT/Straße"]
Realm = "street"
["/LM/W3SVC/1/ROOT/ΔΣ"]
Path = "/srv/delta"
["/LM/W3SVC/1/ROOT/`+strings.Repeat("x", 200)+`"]
Realm = "long"
`)
	const root = "/LM/W3SVC/1/ROOT"
	tests := []struct{ path, key, below, vdir string }{
		{"/", root, "", "/srv/wwwroot"},
		{"", root, "", "/srv/wwwroot"},
		{"/page.htm", root, "page.htm", "/srv/wwwroot"},
		{"/docs", root + "/docs", "docs", "/srv/wwwroot"},
		{"/docs/", root + "/docs", "docs/", "/srv/wwwroot"},
		{"/DOCS/a.htm", root + "/docs", "DOCS/a.htm", "/srv/wwwroot"}, // Q264284
		{"/docsx", root, "docsx", "/srv/wwwroot"},
		{"/docs/old", root + "/docs/Old", "docs/old", "/srv/wwwroot"}, // implied by the key below it
		{"/docs/old/page.HTM", root + "/docs/Old/Page.htm", "docs/old/page.HTM", "/srv/wwwroot"},
		{"/docs/old/page.htm/x/y", root + "/docs/Old/Page.htm", "docs/old/page.htm/x/y", "/srv/wwwroot"},
		{"/data/f", root + "/Data", "f", "/srv/data"}, // Q172138-a
		{"/data/sub/f", root + "/Data", "sub/f", "/srv/data"},
		{"/data", root + "/Data", "", "/srv/data"},
		{"/data/in/f", root + "/Data/in", "in/f", "/srv/data"},
		{"/DATA/IN/A/b/c", root + "/Data/in/a", "b/c", "/srv/a"},
		{"/straße/x", root + "/Straße", "straße/x", "/srv/wwwroot"},
		{"/δς/x", root + "/ΔΣ", "x", "/srv/delta"}, // final sigma folds like sigma
		{"/\xff\xfe", root, "\xff\xfe", "/srv/wwwroot"},
		{"/" + strings.Repeat("X", 200) + "/y", root + "/" + strings.Repeat("x", 200), strings.Repeat("X", 200) + "/y", "/srv/wwwroot"},
	}
	for _, tt := range tests {
		n, below := tree.Sites()[0].Resolve(tt.path)
		if n.Key != tt.key || below != tt.below || n.VDir.Path != tt.vdir {
			t.Errorf("%.30q: %s %q in %s, want %s %q in %s", tt.path, n.Key, below, n.VDir.Path, tt.key, tt.below, tt.vdir)
		}
	}
}

func TestNode(t *testing.T) {
	tree := load(t, home+"[\"/LM/W3SVC/1/ROOT/a/B\"]\nRealm = \"b\"\n")
	for path, key := range map[string]string{
		"/LM/W3SVC/1": "/LM/W3SVC/1", "LM/W3SVC/1": "/LM/W3SVC/1", "w3svc/1": "/LM/W3SVC/1", "/W3SVC/1/": "/LM/W3SVC/1", "/lm//w3svc": "/LM/W3SVC",
		"/": "/LM", "": "/LM", "LM": "/LM", "w3svc/1/root/A": "/LM/W3SVC/1/ROOT/a", "w3svc/1/root/A/b": "/LM/W3SVC/1/ROOT/a/B",
		"W3SVC/2": "", "W3SVC/1/ROOT/a/B/c": "", "W3SVCX": "",
	} {
		n := tree.Node(path)
		if got := ""; n != nil && n.Key != key || n == nil && key != got {
			t.Errorf("%q is %v, want %s", path, n, key)
		}
	}
	a := tree.Node("W3SVC/1/ROOT/a")
	if a.Parent().Key != "/LM/W3SVC/1/ROOT" || tree.Node("LM").Parent() != nil || tree.Service().Parent().Key != "/LM" {
		t.Error("parents")
	}
	if c := tree.Node("W3SVC/1/ROOT").Children(); len(c) != 1 || c[0] != a || len(a.Children()[0].Children()) != 0 {
		t.Error("children")
	}
	if a.Line("Realm") != 3 || a.Children()[0].Line("realm") != 4 || a.Children()[0].Line("Path") != 3 {
		t.Error("lines")
	}
}

// TestSpelling wants a key as its own table spells it, whichever table comes first.
func TestSpelling(t *testing.T) {
	tree := load(t, "[\"/LM/w3svc/1/root/a\"]\nRealm = \"x\"\n[\"/LM/W3SVC/1/ROOT\"]\nPath = \"x\"\n")
	if key := tree.Node("W3SVC/1/ROOT").Key; key != "/LM/W3SVC/1/ROOT" {
		t.Error(key)
	}
}

func TestSites(t *testing.T) {
	var b strings.Builder
	for _, n := range []int{10, 9, 100, 1} {
		fmt.Fprintf(&b, "[\"/LM/W3SVC/%d\"]\nServerBindings = [\":%d:\"]\n[\"/LM/W3SVC/%d/root\"]\nPath = \"x\"\n", n, n, n)
	}
	var ids []string
	for _, s := range load(t, b.String()).Sites() {
		ids = append(ids, s.ID)
		if s.Node.Key != "/LM/W3SVC/"+s.ID || s.Root.Key != s.Node.Key+"/root" {
			t.Errorf("%s: %s %s", s.ID, s.Node.Key, s.Root.Key)
		}
	}
	if got := strings.Join(ids, " "); got != "1 9 10 100" {
		t.Error(got)
	}
}

// A question is what get says of a property: its text, and the key it comes from.
type question struct{ path, want, from string }

func ask(t *testing.T, tree *Tree, questions []question) {
	t.Helper()
	for _, q := range questions {
		key, s, problem := splitProperty("m.toml", q.path)
		if problem != nil {
			t.Fatal(problem)
		}
		n := tree.governing(key)
		if n == nil {
			t.Errorf("%s: no such key", q.path)
			continue
		}
		v := valueAt(n, key, s)
		got := v.Text
		if v.Type == "LIST" {
			got = strings.Join(v.Items, " ")
		}
		if got != q.want || v.From != q.from || v.Inherited != (q.from != "" && !strings.EqualFold(q.from, key)) {
			t.Errorf("%s is %q from %q (inherited: %v), want %q from %q", q.path, got, v.From, v.Inherited, q.want, q.from)
		}
		if from, ok := n.Origin(s.Name()); from != v.From || ok != (v.From != "") {
			t.Errorf("origin of %s is %q, want %q", q.path, from, v.From)
		}
	}
}

func TestInherit(t *testing.T) {
	const service, site, root = "/LM/W3SVC", "/LM/W3SVC/1", "/LM/W3SVC/1/ROOT"
	tests := []struct {
		name, text string
		questions  []question
	}{
		{"Q240941-a nearest ancestor", `["/LM/W3SVC"]
Realm = "far"
["/LM/W3SVC/1/ROOT"]
Path = "x"
["/LM/W3SVC/1/ROOT/d"]
Realm = "near"
["/LM/W3SVC/1/ROOT/d/e/f"]
DontLog = true
`, []question{
			{"W3SVC/Realm", "far", service}, {"W3SVC/1/Realm", "far", service}, {"W3SVC/1/ROOT/Realm", "far", service},
			{"W3SVC/1/ROOT/D/realm", "near", root + "/d"}, {"W3SVC/1/ROOT/d/e/Realm", "near", root + "/d"}, {"W3SVC/1/ROOT/d/e/f/Realm", "near", root + "/d"},
			{"W3SVC/1/ROOT/d/e/f/g.htm/Realm", "near", root + "/d"}, {"W3SVC/1/ROOT/d/e/f/g.htm/DontLog", "True", root + "/d/e/f"},
			{"W3SVC/1/ROOT/none/Realm", "far", service}, {"W3SVC/1/ROOT/d/e/DontLog", "False", ""}, {"LM/Realm", "", ""},
		}},
		{"Q240941-b own value stays", `["/LM/W3SVC"]
AuthFlags = 1
["/LM/W3SVC/1/ROOT"]
Path = "x"
AuthFlags = 5
`, []question{{"W3SVC/1/AuthFlags", "1", service}, {"W3SVC/1/ROOT/AuthFlags", "5", root}}},
		{"Q224389-b cleared at a lower key", `["/LM/W3SVC"]
AccessSSL = true
AccessSSL128 = true
["/LM/W3SVC/1/ROOT"]
Path = "x"
["/LM/W3SVC/1/ROOT/a"]
AccessSSL = false
`, []question{
			{"W3SVC/1/ROOT/b/AccessSSL", "True", service}, {"W3SVC/1/ROOT/a/AccessSSL", "False", root + "/a"},
			{"W3SVC/1/ROOT/a/AccessSSL128", "True", service}, {"W3SVC/1/ROOT/a/AccessSSLFlags", "256", root + "/a"},
		}},
		{"bits override, in any order", `["/LM/W3SVC/1/ROOT"]
Path = "x"
AuthAnonymous = false
AuthFlags = "AuthAnonymous | AuthNTLM"
AuthBasic = true
["/LM/W3SVC/1/ROOT/a"]
AuthFlags = 1
`, []question{
			{"W3SVC/1/ROOT/AuthFlags", "6", root}, {"W3SVC/1/ROOT/AuthAnonymous", "False", root}, {"W3SVC/1/ROOT/AuthNTLM", "True", root},
			{"W3SVC/1/ROOT/a/AuthFlags", "1", root + "/a"}, {"W3SVC/1/ROOT/a/AuthBasic", "False", root + "/a"},
		}},
		{"Q318863-a a bit takes the default's place", `["/LM/W3SVC"]
EmulatedVersion = "4.0"
["/LM/W3SVC/1/ROOT"]
Path = "x"
["/LM/W3SVC/1/ROOT/a"]
AuthPersistSingleRequest = true
["/LM/W3SVC/1/ROOT/a/b"]
AuthPersistSingleRequestAlwaysIfProxy = true
["/LM/W3SVC/1/ROOT/a/b/c"]
AuthPersistSingleRequestAlwaysIfProxy = false
["/LM/W3SVC/1/ROOT/n"]
AuthPersistSingleRequestIfProxy = false
`, []question{
			{"W3SVC/1/ROOT/AuthPersistence", "128", ""}, // Q307617
			{"W3SVC/1/ROOT/a/AuthPersistence", "64", root + "/a"},
			{"W3SVC/1/ROOT/a/AuthPersistSingleRequestIfProxy", "False", root + "/a"},
			{"W3SVC/1/ROOT/a/b/AuthPersistence", "256", root + "/a/b"}, {"W3SVC/1/ROOT/a/b/c/AuthPersistence", "0", root + "/a/b/c"},
			{"W3SVC/1/ROOT/n/AuthPersistence", "0", root + "/n"},
		}},
		{"a site's own", `["/LM/W3SVC/1"]
ServerComment = "One"
ServerBindings = ["10.0.0.1:8080:"]
SecureBindings = [":443:"]
Realm = "x"
["/LM/W3SVC/1/ROOT"]
Path = "x"
`, []question{
			{"W3SVC/1/ServerComment", "One", site}, {"W3SVC/1/ROOT/ServerComment", "", ""}, {"W3SVC/1/ServerBindings", "10.0.0.1:8080:", site},
			{"W3SVC/1/ROOT/ServerBindings", ":80:", ""}, {"W3SVC/1/SecureBindings", ":443:", site}, {"W3SVC/1/ROOT/a/SecureBindings", "", ""}, {"W3SVC/1/ROOT/Realm", "x", site},
		}},
		{"bindings of the service are nobody's", `["/LM/W3SVC"]
ServerBindings = [":8080:"]
["/LM/W3SVC/1/ROOT"]
Path = "x"
`, []question{{"W3SVC/1/ServerBindings", ":80:", ""}}},
		{"an empty list is a value", `["/LM/W3SVC"]
HttpCustomHeaders = ["X: y", "Z:z"]
["/LM/W3SVC/1/ROOT"]
Path = "x"
["/LM/W3SVC/1/ROOT/a"]
HttpCustomHeaders = []
`, []question{{"W3SVC/1/ROOT/HttpCustomHeaders", "X: y Z: z", service}, {"W3SVC/1/ROOT/a/HttpCustomHeaders", "", root + "/a"}}},
		{"AnonymousUserName hangs on ComputerName", `["/LM/W3SVC"]
EmulatedVersion = "5.0"
ComputerName = "BOX"
["/LM/W3SVC/1/ROOT"]
Path = "x"
["/LM/W3SVC/1/ROOT/a"]
AnonymousUserName = 'CORP\guest'
["/LM/W3SVC/1/ROOT/a/b"]
ComputerName = "TOX"
["/LM/W3SVC/1/ROOT/c"]
ComputerName = "TOX"
`, []question{
			{"W3SVC/1/ROOT/AnonymousUserName", "IUSR_BOX", ""}, {"W3SVC/1/ROOT/a/AnonymousUserName", `CORP\guest`, root + "/a"},
			{"W3SVC/1/ROOT/a/b/AnonymousUserName", `CORP\guest`, root + "/a"}, {"W3SVC/1/ROOT/c/AnonymousUserName", "IUSR_TOX", ""},
		}},
		{"known, not acted on", `["/LM/W3SVC/1"]
EnableDocFooter = true
AnonymousUserPass = "hush"
["/LM/W3SVC/1/ROOT"]
Path = "x"
UNCPassword = "hush"
`, []question{
			{"W3SVC/1/ROOT/a/EnableDocFooter", "True", site}, {"W3SVC/EnableDocFooter", "False", ""},
			{"W3SVC/1/ROOT/UNCPassword", "**********", root}, {"W3SVC/1/ROOT/AnonymousUserPass", "**********", site}, // Q280383
		}},
		{"Path", `["/LM/W3SVC/1/ROOT"]
Path = "x"
["/LM/W3SVC/1/ROOT/a"]
Path = "/srv/a"
`, []question{{"W3SVC/1/ROOT/b/Path", "/srv/x", root}, {"W3SVC/1/ROOT/a/b/Path", "/srv/a", root + "/a"}, {"W3SVC/1/Path", "", ""}}},
		{"log format by class id", `["/LM/W3SVC"]
LogPluginClsid = "{FF16065f-DE82-11CF-BC0A-00AA006111E0}"
["/LM/W3SVC/1/ROOT"]
Path = "x"
`, []question{{"W3SVC/1/LogPluginClsid", "NCSA", service}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { ask(t, load(t, tt.text), tt.questions) })
	}
}

// TestVersionOfSite wants the defaults of a site's own version below it, under what
// is set above it.
func TestVersionOfSite(t *testing.T) {
	tree := load(t, `["/LM"]
HttpCustomHeaders = ["X: y"]
["/LM/W3SVC"]
EmulatedVersion = "6.0"
ComputerName = "BOX"
LMCompatibilityLevel = 5
AuthBasic = true
MimeMap = [".foo,text/foo"]
ServerBindings = [":1:"]
LogFileTruncateSize = 1000
["/LM/W3SVC/1/ROOT"]
Path = "x"
["/LM/W3SVC/2"]
EmulatedVersion = "4.0"
ServerBindings = [":81:"]
["/LM/W3SVC/2/ROOT"]
Path = "x"
["/LM/W3SVC/2/ROOT/a"]
Realm = "a"
["/LM/W3SVC/3"]
EmulatedVersion = "4.0 SP6a"
ServerBindings = [":82:"]
["/LM/W3SVC/3/ROOT"]
Path = "x"
["/LM/W3SVC/4"]
EmulatedVersion = "10.0"
ServerBindings = [":83:"]
["/LM/W3SVC/4/ROOT"]
Path = "x"
`)
	const service = "/LM/W3SVC"
	ask(t, tree, []question{
		{"W3SVC/EmulatedVersion", "6.0", service}, {"W3SVC/1/ROOT/EmulatedVersion", "6.0", service},
		{"W3SVC/2/ROOT/a/EmulatedVersion", "4.0", "/LM/W3SVC/2"}, {"W3SVC/3/ROOT/EmulatedVersion", "4.0", "/LM/W3SVC/3"},
		{"W3SVC/1/ROOT/LogonMethod", "3", ""}, {"W3SVC/2/ROOT/a/LogonMethod", "0", ""}, {"W3SVC/2/ConnectionTimeout", "900", ""},
		{"W3SVC/1/AuthPersistence", "0", ""}, {"W3SVC/2/AuthPersistence", "128", ""},
		{"W3SVC/1/ROOT/LMCompatibilityLevel", "5", service}, {"W3SVC/2/ROOT/a/LMCompatibilityLevel", "5", service},
		{"W3SVC/2/ROOT/AuthFlags", "7", service}, {"W3SVC/4/ROOT/AuthFlags", "7", service},
		{"W3SVC/2/ServerBindings", ":81:", "/LM/W3SVC/2"}, {"W3SVC/2/ROOT/ServerBindings", ":80:", ""},
		{"W3SVC/2/ROOT/HttpCustomHeaders", "X: y", "/LM"}, {"W3SVC/4/ROOT/AnonymousUserName", "IUSR", ""}, {"W3SVC/2/ROOT/AnonymousUserName", "IUSR_BOX", ""},
		{"W3SVC/1/LogFileTruncateSize", "1000", service}, {"W3SVC/4/LogFileTruncateSize", "1048576", service}, // iis-docs, logFile
	})
	for site, want := range map[string]string{"1": "", "2": "application/octet-stream", "4": ""} { // Q246068
		m := tree.Node("W3SVC/" + site + "/ROOT").MimeMap
		foo, _ := m.Type("x.FOO")
		if other, _ := m.Type("x.unknown"); foo != "text/foo" || other != want {
			t.Errorf("site %s: %s, %s", site, foo, other)
		}
	}
	if tree.Node("W3SVC/2").Properties == tree.Node("W3SVC/3").Properties {
		t.Error("two sites share their bindings")
	}
}

func TestMimeMap(t *testing.T) {
	tree := load(t, `["/LM/MimeMap"]
MimeMap = [".all,text/all", ".one,text/all"]
["/LM/W3SVC"]
EmulatedVersion = "6.0"
MimeMap = ["text/foo,foo,,x", ".one,text/one", ".TAR.gz,application/x-tgz"]
["/LM/W3SVC/1/ROOT"]
Path = "x"
["/LM/W3SVC/1/ROOT/a"]
MimeMap = [".txt,text/other", ".*,text/html"]
["/LM/W3SVC/1/ROOT/a/b"]
Realm = "b"
`)
	for _, tt := range []struct{ key, name, want string }{
		{"W3SVC/1/ROOT", "a.txt", "text/plain"}, {"W3SVC/1/ROOT", "/x/A.TXT", "text/plain"}, {"W3SVC/1/ROOT", "x.foo", "text/foo"}, // Q301310
		{"W3SVC/1/ROOT", "x.all", "text/all"}, {"W3SVC/1/ROOT", "x.one", "text/one"}, {"W3SVC/1/ROOT", "x.tar.gz", "application/x-tgz"}, {"W3SVC/1/ROOT", "x.gz", "application/x-gzip"},
		{"W3SVC/1/ROOT", "x.unknown", ""}, {"W3SVC/1/ROOT", "README", ""}, {"W3SVC/1/ROOT", ".txt", "text/plain"}, {"W3SVC/1/ROOT", "a.dir/README", ""},
		{"W3SVC/1/ROOT/a", "a.txt", "text/other"}, {"W3SVC/1/ROOT/a", "README", "text/html"}, // Q264968-b
		{"W3SVC/1/ROOT/a", "x.foo", "text/html"}, {"W3SVC/1/ROOT/a", "x.all", "text/all"}, // Q248364: the list is replaced, the computer's stays
		{"W3SVC/1/ROOT/a/b", "a.txt", "text/other"}, {"W3SVC/1/ROOT", "a." + strings.Repeat("x", 40), ""}, {"W3SVC/1/ROOT", "a.ÄÖ", ""},
	} {
		got, ok := tree.Node(tt.key).MimeMap.Type(tt.name)
		if got != tt.want || ok != (tt.want != "") {
			t.Errorf("%s at %s: %q, want %q", tt.name, tt.key, got, tt.want)
		}
	}
}

// TestValues wants the values of every kind as the program gets them.
func TestValues(t *testing.T) {
	n := load(t, `["/LM/W3SVC/1"]
PinningProxies = ["10.1.2.3", "10.0.0.0/8", "::1"]
ProxyAddresses = "10.1.2.3, ::1"
Keytab = ["a.keytab", "/etc/krb5.keytab"]
["/LM/W3SVC/1/ROOT"]
Path = "x"
FileACL = ['allow CORP\staff rw', 'DENY "Authenticated Users" FXWR']
HttpCustomHeaders = ["X-A:b", "X-C: d: e "]
DefaultDoc = " a.htm , b.htm,,"
DigestQop = "auth,AUTH-INT"
IPSecurity = ["deny all", "grant 127.0.0.1", "grant 150.150.64.0/255.255.224.0", "grant 10.0.0.0/8", "grant host.example"]
HttpErrors = ["401,1,FILE,e/401-1.htm", "404,*,URL,/missing.htm"]
ScriptMaps = [".php,fastcgi:PHP,5,GET,HEAD", "*,/usr/bin/x,0"]
HttpRedirect = "*; /a; /b; /c; /d, PERMANENT"
CertMappings = ["sha256:`+strings.Repeat("aB", 32)+` => CORP\\alice", "subject O=Contoso; issuer CN=Lab CA => bob"]
`).Node("W3SVC/1/ROOT")
	acl := []ACE{{true, `CORP\staff`, "RW"}, {false, "Authenticated Users", "RWXF"}}
	if !slices.Equal(n.FileACL, acl) {
		t.Errorf("FileACL %v", n.FileACL)
	}
	if want := []Header{{"X-A", "b"}, {"X-C", "d: e"}}; !slices.Equal(n.HttpCustomHeaders, want) {
		t.Errorf("HttpCustomHeaders %v", n.HttpCustomHeaders)
	}
	if want := []string{"a.htm", "b.htm"}; !slices.Equal(n.DefaultDoc, want) {
		t.Errorf("DefaultDoc %q", n.DefaultDoc)
	}
	if want := []string{"auth", "auth-int"}; !slices.Equal(n.DigestQop, want) {
		t.Errorf("DigestQop %q", n.DigestQop)
	}
	if want := []netip.Prefix{netip.MustParsePrefix("10.1.2.3/32"), netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}; !slices.Equal(n.PinningProxies, want) || len(n.ProxyAddresses) != 2 {
		t.Errorf("proxies %v %v", n.PinningProxies, n.ProxyAddresses)
	}
	if want := []string{"/srv/a.keytab", "/etc/krb5.keytab"}; !slices.Equal(n.Keytab, want) {
		t.Errorf("Keytab %q", n.Keytab)
	}
}

// TestWrongEntries wants each of these lists refused.
func TestWrongEntries(t *testing.T) {
	for name, entries := range map[string][]string{
		"IPSecurity":        {"", "grant", "allow all", "deny 10.0.0.0/33", "deny 10.0.0.0/255.0.255.0", "grant 10.0.0.0/ffff::", "grant a b"},
		"HttpErrors":        {"", "401", "401,1,FILE", "399,*,FILE,x", "401,x,FILE,x", "401,1,DISK,x", "404,*,URL,missing.htm", "404,*,FILE,"},
		"ScriptMaps":        {"", ".php", ".php,/usr/bin/php", "php,/usr/bin/php,1", ".php,,1", ".php,/usr/bin/php,x"},
		"CertMappings":      {"", "sha256:00 => x", "subject O=x", "O=x => y", "subject O=x => "},
		"PinningProxies":    {"10.0.0.0/33", "proxy.test"},
		"FileACL":           {"", "allow", "allow x", "allow  R", `allow "x R`, "allow x RZ"},
		"MimeMap":           {"", "txt,text/plain", ".txt,text", ".txt,/plain", ".t xt,text/plain", "text/plain,", "text /plain,txt"},
		"HttpCustomHeaders": {"", ":", ": x", "X", "Ä: x", "X : y"},
		"HttpRedirect":      {"/x,FOREVER", "*; /a", "*; /a; /b; /c"},
	} {
		for _, entry := range entries {
			s, _ := lookup(name)
			value, err := s.literal([]string{entry})
			if value == "[]" {
				value = `[""]`
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, problems := parse("m.toml", home+name+" = "+value+"\n"); !Failed(problems) {
				t.Errorf("%s takes %q", name, entry)
			}
		}
	}
}

// TestHotPath wants the lookup of a request to allocate nothing.
func TestHotPath(t *testing.T) {
	tree := load(t, manyKeys(1000, 100))
	site := tree.Sites()[0]
	if n := testing.AllocsPerRun(100, func() {
		node, _ := site.Resolve("/VDIR00042/dir3/index.htm")
		if _, ok := node.MimeMap.Type("index.HTM"); !ok {
			t.Error("no type")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Files without an extension have the entry "." (IIS Manager's spelling).
func TestMimeMapWithoutExtension(t *testing.T) {
	v, err := readMime(nil, nil, []string{".,text/plain"})
	if err != nil {
		t.Fatal(err)
	}
	m := v.(*MimeMap)
	for name, want := range map[string]string{"README": "text/plain", "a/b.c/README": "text/plain", "page.x": ""} {
		if got, _ := m.Type(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}
