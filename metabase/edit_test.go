package metabase

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// site is a file with all that editing must leave alone.
const site = `# the intranet

["/LM/W3SVC"]
EmulatedVersion = "4.0"   # as it was

  [ '/LM/W3SVC/1' ]
  "ServerComment" = '''
One'''
ServerBindings = [  # two
  ":80:",           # "plain"
  '127.0.0.1:8080:a.test',
]   # end
# Realm = "old"

# the home directory
["/LM/W3SVC/1/ROOT"]
Path        = "wwwroot"
authflags   = 5            # [x]
	'AuthBasic' = false

# only staff
["/LM/W3SVC/1/ROOT/secure"]
AuthFlags="AuthNTLM"# no Basic
["/LM/W3SVC/1/ROOT/a \"b\" c"]
DefaultDoc = "a.htm,b.htm"
# end
`

func TestEdit(t *testing.T) {
	// An edit is told by what it replaces in site by what.
	tests := []struct {
		name     string
		do       string // words: set PATH VALUE..., or delete PATH
		old, new string
	}{
		{"value in place", "set W3SVC/1/ROOT/AuthFlags 1", "5            # [x]\n\t'AuthBasic' = false\n", "1            # [x]\n"},
		{"value without blanks", "set w3svc/1/root/SECURE/AUTHFLAGS AuthBasic|AuthNTLM", `"AuthNTLM"#`, `"AuthBasic|AuthNTLM"#`},
		{"flags as words", "set W3SVC/1/ROOT/secure/AuthFlags AuthBasic AuthNTLM", `"AuthNTLM"#`, `"AuthBasic | AuthNTLM"#`},
		{"flags in hexadecimal", "set W3SVC/1/ROOT/secure/AuthFlags 0x6", `"AuthNTLM"#`, `6#`},
		{"text of several lines", "set W3SVC/1/ServerComment Two", "'''\nOne'''", `"Two"`},
		{"array of several lines", "set W3SVC/1/ServerBindings :81: :82:b.test", "[  # two\n  \":80:\",           # \"plain\"\n  '127.0.0.1:8080:a.test',\n]", `[":81:", ":82:b.test"]`},
		{"bit in place", "set W3SVC/1/ROOT/AuthBasic TRUE", "'AuthBasic' = false", "'AuthBasic' = true"},
		{"new bit", "set W3SVC/1/ROOT/authanonymous 0", "'AuthBasic' = false\n", "'AuthBasic' = false\nAuthAnonymous = false\n"},
		{"new property", "set W3SVC/Realm x", "# as it was\n", "# as it was\nRealm = \"x\"\n"},
		{"new property above a comment", "set W3SVC/1/Realm x", "]   # end\n", "]   # end\nRealm = \"x\"\n"},
		{"new property of the last key", `set W3SVC/1/ROOT/a_"b"_c/Realm x`, "b.htm\"\n", "b.htm\"\nRealm = \"x\"\n"},
		{"new key", "set W3SVC/1/ROOT/Fresh/Realm x", "b.htm\"\n# end\n", "b.htm\"\n# end\n\n[\"/LM/W3SVC/1/ROOT/Fresh\"]\nRealm = \"x\"\n"},
		{"new key, spelled as above", "set w3svc/1/root/Secure/Deep/er/Realm x", "# no Basic\n", "# no Basic\n\n[\"/LM/W3SVC/1/ROOT/secure/Deep/er\"]\nRealm = \"x\"\n"},
		{"new key below the last", `set W3SVC/1/ROOT/a_"b"_c/d/Realm x`, "b.htm\"\n# end\n", "b.htm\"\n# end\n\n[\"/LM/W3SVC/1/ROOT/a \\\"b\\\" c/d\"]\nRealm = \"x\"\n"},
		{"new key of its own", "set LM/MimeMap .a,b/c", "b.htm\"\n# end\n", "b.htm\"\n# end\n\n[\"/LM\"]\nMimeMap = [\".a,b/c\"]\n"},
		{"backslash", `set W3SVC/1/ROOT/secure/AnonymousUserName CORP\guest`, "# no Basic\n", "# no Basic\nAnonymousUserName = 'CORP\\guest'\n"},
		{"backslash and quotes", `set W3SVC/1/ROOT/secure/AnonymousUserName CO'RP\"g`, "# no Basic\n", "# no Basic\nAnonymousUserName = \"CO'RP\\\\\\\"g\"\n"},
		{"comma list in words", "set W3SVC/1/ROOT/secure/DefaultDoc a.htm b.htm", "# no Basic\n", "# no Basic\nDefaultDoc = \"a.htm,b.htm\"\n"},
		{"text in words", "set W3SVC/1/ROOT/secure/Realm My Realm", "# no Basic\n", "# no Basic\nRealm = \"My Realm\"\n"},
		{"empty text", "set W3SVC/1/ROOT/secure/Realm _", "# no Basic\n", "# no Basic\nRealm = \" \"\n"},
		{"delete property", "delete W3SVC/1/ROOT/secure/AuthFlags", "AuthFlags=\"AuthNTLM\"# no Basic\n", ""},
		{"delete property of several lines", "delete w3svc/1/serverbindings", "ServerBindings = [  # two\n  \":80:\",           # \"plain\"\n  '127.0.0.1:8080:a.test',\n]   # end\n", ""},
		{"delete bit", "delete W3SVC/1/ROOT/AuthBasic", "\t'AuthBasic' = false\n", ""},
		{"delete flags with their bits", "delete W3SVC/1/ROOT/AuthFlags", "authflags   = 5            # [x]\n\t'AuthBasic' = false\n", ""},
		{"delete key with its comment", "delete W3SVC/1/ROOT/secure", "\n# only staff\n[\"/LM/W3SVC/1/ROOT/secure\"]\nAuthFlags=\"AuthNTLM\"# no Basic\n", ""},
		{"delete the last key", `delete W3SVC/1/ROOT/a_"b"_c`, "[\"/LM/W3SVC/1/ROOT/a \\\"b\\\" c\"]\nDefaultDoc = \"a.htm,b.htm\"\n# end\n", ""},
		{"delete a site", "delete W3SVC/1", site[strings.Index(site, "\n  [ '/LM/W3SVC/1"):], ""},
	}
	for _, tt := range tests {
		for _, end := range []string{"\n", "\r\n"} {
			t.Run(tt.name+fmt.Sprintf("%q", end), func(t *testing.T) {
				if strings.Count(site, tt.old) != 1 {
					t.Fatalf("%q is not there once", tt.old)
				}
				lines := func(text string) string { return strings.ReplaceAll(text, "\n", end) }
				file := filepath.Join(t.TempDir(), "m.toml")
				write(t, file, lines(site))
				if problems := do(file, tt.do); len(problems) > 0 {
					t.Fatal(problems)
				}
				if got, want := read(t, file), lines(strings.Replace(site, tt.old, tt.new, 1)); got != want {
					t.Errorf("got\n%s\nwant\n%s", got, want)
				}
			})
		}
	}
}

// do edits a file as words say; a blank within a word is written as _.
func do(file, words string) []Problem {
	w := strings.Fields(words)
	for i := range w {
		w[i] = strings.ReplaceAll(w[i], "_", " ")
	}
	if w[0] == "delete" {
		return Delete(file, w[1])
	}
	return Set(file, w[1], w[2:])
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestEditRefused wants each of these refused, and the file as it was.
func TestEditRefused(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	write(t, "m.toml", site)
	for words, want := range map[string]string{
		"set W3SVC/1/ROOT/AuthFlag 1":                    "m.toml: /LM/W3SVC/1/ROOT: AuthFlag: there is no such property; did you mean AuthFlags?",
		"set W3SVC/1/ROOT/x 1":                           "m.toml: /LM/W3SVC/1/ROOT: x: there is no such property; write PATH/PROPERTY, such as W3SVC/1/ROOT/AuthFlags",
		"set W3SVC/1/ROOT/AuthFlags AuthNothing":         `m.toml: /LM/W3SVC/1/ROOT: authflags: "AuthNothing" is not one of its flags; AuthAnonymous, AuthBasic, AuthNTLM, AuthMD5, AuthPassport`,
		"set W3SVC/1/ROOT/secure/LMCompatibilityLevel 9": "m.toml: /LM/W3SVC/1/ROOT/secure: LMCompatibilityLevel: 9 is out of range; 0 to 5",
		"set W3SVC/1/ROOT/secure/LMCompatibilityLevel x": `m.toml: /LM/W3SVC/1/ROOT/secure: LMCompatibilityLevel: want a number from 0 to 5, not "x"`,
		"set W3SVC/1/ROOT/AuthBasic perhaps":             `m.toml: /LM/W3SVC/1/ROOT: AuthBasic: want true or false, not "perhaps"`,
		"set W3SVC/1/ROOT/Realm a\x01b":                  "m.toml: /LM/W3SVC/1/ROOT: Realm: it holds the control character 0x01; leave it out",
		"set W3SVC/1/ROOT/Realm a\xffb":                  "m.toml: /LM/W3SVC/1/ROOT: Realm: not in UTF-8",
		"set W3SVC/1/ROOT/\xff/Realm x":                  "m.toml: /LM/W3SVC/1/ROOT/\xff: Realm: not in UTF-8",
		`set W3SVC/1/ROOT/a/Path C:\x`:                   `m.toml: /LM/W3SVC/1/ROOT/a: Path: C:\x is a Windows path; write one of this machine, such as "/srv/wwwroot", or relative to this file, such as "../wwwroot"`,
		"set W3SVC/2/ServerComment x":                    `m.toml: /LM/W3SVC/2: a site needs its home directory: add ["/LM/W3SVC/2/ROOT"] with Path`,
		"set W3SVC/2/ROOT/Path x":                        "m.toml: /LM/W3SVC/2: ServerBindings: :80: is bound already by /LM/W3SVC/1 (ServerBindings, line 9); change one of them",
		"delete W3SVC/1/ROOT/Path":                       `m.toml: /LM/W3SVC/1/ROOT: Path: not set; name the home directory, such as Path = "../wwwroot"`,
		"delete W3SVC/1/ROOT":                            `m.toml: /LM/W3SVC/1: a site needs its home directory: add ["/LM/W3SVC/1/ROOT"] with Path`,
		"delete W3SVC/1/ROOT/secure/Realm":               "m.toml: /LM/W3SVC/1/ROOT/secure: Realm: not set at this key",
		"delete W3SVC/1/ROOT/none/AuthFlags":             "m.toml: /LM/W3SVC/1/ROOT/none: AuthFlags: not set at this key; it is inherited from /LM/W3SVC/1/ROOT",
		"delete W3SVC/1/ROOT/secure/AuthBasic":           "m.toml: /LM/W3SVC/1/ROOT/secure: AuthBasic: not set at this key; it is inherited from /LM/W3SVC/1/ROOT/secure",
		"delete W3SVC/1/ROOT/none":                       "m.toml: /LM/W3SVC/1/ROOT/none: there is no such key; enum shows those there are",
		"delete W3SVC/2/Realm":                           "m.toml: /LM/W3SVC/2/Realm: there is no such key; enum shows those there are",
		"delete W3SVC":                                   "m.toml: /LM/W3SVC: this key stays; delete its properties, or the keys below it, one by one",
		"delete /":                                       "m.toml: /LM: this key stays; delete its properties, or the keys below it, one by one",
	} {
		problems := do("m.toml", words)
		if got := strings.Join(lines(problems), "\n"); got != want && !strings.EqualFold(got, want) {
			t.Errorf("%s:\ngot\n\t%s\nwant\n\t%s", words, got, want)
		}
		if read(t, "m.toml") != site {
			t.Fatalf("%s: the file has changed", words)
		}
	}
	if files, err := filepath.Glob(filepath.Join(dir, ".*")); err != nil || len(files) > 0 {
		t.Errorf("left behind: %v", files)
	}
	if problems := Set("none.toml", "W3SVC/Realm", []string{"x"}); len(problems) != 1 || problems[0].String() != "none.toml: there is no such file; name the metabase with --metabase FILE" {
		t.Error(problems)
	}
	write(t, "wrong.toml", "[x]\n")
	if problems := Set("wrong.toml", "W3SVC/Realm", []string{"x"}); !Failed(problems) || problems[0].Line != 1 || read(t, "wrong.toml") != "[x]\n" {
		t.Error(problems)
	}
}

// TestEditWarnings wants the warnings about what was set, and no others.
func TestEditWarnings(t *testing.T) {
	file := filepath.Join(t.TempDir(), "m.toml")
	write(t, file, home+"DontLog = true\nEnableDocFooter = true\n")
	problems := Set(file, "W3SVC/1/ROOT/AllowKeepAlive", []string{"false"})
	want := file + ":5: /LM/W3SVC/1/ROOT: AllowKeepAlive: IIS takes it only at the service (/LM/W3SVC) or a site (/LM/W3SVC/n); here it holds from this key down (warning)"
	if got := strings.Join(lines(problems), "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestEditEnds wants the end of the file, and a mark at its beginning, to stay.
func TestEditEnds(t *testing.T) {
	for _, text := range []string{
		strings.TrimSuffix(home, "\n"), home, home + "\n", home + "\n\n", home + "# end", home + "\n# end\n", "\ufeff" + home, strings.ReplaceAll(home, "\n", "\r\n"),
		strings.TrimSuffix(strings.ReplaceAll(home, "\n", "\r\n"), "\r\n"), home + "   ",
	} {
		for _, path := range []string{"W3SVC/1/ROOT/Realm", "W3SVC/1/ROOT/fresh/Realm", "W3SVC/Realm"} {
			file := filepath.Join(t.TempDir(), "m.toml")
			write(t, file, text)
			if problems := Set(file, path, []string{"x"}); len(problems) > 0 {
				t.Fatalf("%q: set %s: %v", text, path, problems)
			}
			if v, problems := Get(file, path); v.Text != "x" || len(problems) > 0 {
				t.Errorf("%q: %s is %q %v", text, path, v.Text, problems)
			}
			edited := read(t, file)
			if strings.Contains(text, "\r\n") && strings.Count(edited, "\n") != strings.Count(edited, "\r\n") {
				t.Errorf("mixed line ends: %q", edited)
			}
			if strings.HasSuffix(edited, "\n") != strings.HasSuffix(text, "\n") && strings.HasSuffix(text, `"`) {
				t.Errorf("%q: set %s: the end has changed: %q", text, path, edited)
			}
			if path == "W3SVC/1/ROOT/fresh/Realm" {
				path = "W3SVC/1/ROOT/fresh"
			}
			if key, _, problem := splitProperty(file, path); problem == nil && key != "/LM/W3SVC/1/ROOT" {
				continue // these keys have no table, and are not deleted
			}
			if problems := Delete(file, path); len(problems) > 0 {
				t.Fatalf("%q: delete %s: %v", text, path, problems)
			}
			if got := read(t, file); got != text {
				t.Errorf("%q: after set and delete of %s: %q", text, path, got)
			}
		}
	}
}

func TestEnum(t *testing.T) {
	file := filepath.Join(t.TempDir(), "m.toml")
	write(t, file, site)
	l, problems := Enum(file, "w3svc/1/root")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var got []string
	for _, v := range l.Values {
		got = append(got, v.String())
	}
	// Q318863-f: the default of AuthPersistence is not listed.
	want := []string{
		`Path                            : (STRING) "` + filepath.Dir(file) + `/wwwroot"`,
		"AuthFlags                       : (INTEGER) 5",
		"AuthBasic                       : (BOOLEAN) False",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if want := []string{`/LM/W3SVC/1/ROOT/a "b" c`, "/LM/W3SVC/1/ROOT/secure"}; !slices.Equal(l.Keys, want) {
		t.Errorf("keys %q", l.Keys)
	}
	if l, problems := Enum(file, "LM"); len(problems) > 0 || len(l.Values) != 0 || !slices.Equal(l.Keys, []string{"/LM/W3SVC"}) {
		t.Errorf("%v %v", l, problems)
	}
	if _, problems := Enum(file, "W3SVC/1/ROOT/none"); len(problems) != 1 || problems[0].Text != "there is no such key; enum shows those there are" {
		t.Error(problems)
	}
}

func TestGet(t *testing.T) {
	file := filepath.Join(t.TempDir(), "m.toml")
	write(t, file, site)
	for path, want := range map[string]string{
		"W3SVC/1/ROOT/AuthFlags":           "AuthFlags                       : (INTEGER) 5",
		"/LM/w3svc/1/root/SECURE/authntlm": "AuthNTLM                        : (BOOLEAN) True",
		"W3SVC/1/ROOT/secure/x.htm/Path":   `Path                            : (STRING) "` + filepath.Dir(file) + `/wwwroot"  inherited from /LM/W3SVC/1/ROOT`,
		"W3SVC/1/ROOT/none/at/all/Realm":   `Realm                           : (STRING) ""`,
		"W3SVC/1/ServerBindings":           "ServerBindings                  : (LIST) (2 Items)\n  \":80:\"\n  \"127.0.0.1:8080:a.test\"",
		"W3SVC/LogFileDirectory":           `LogFileDirectory                : (EXPANDSZ) "` + filepath.Dir(file) + `/logs"`,
		"W3SVC/1/ROOT/AuthPersistence":     "AuthPersistence                 : (INTEGER) 128", // Q307617
	} {
		v, problems := Get(file, path)
		if v.String() != want || len(problems) > 0 {
			t.Errorf("%s: %v\ngot\n%s\nwant\n%s", path, problems, v, want)
		}
	}
	for path, want := range map[string]string{
		"W3SVC/2/Realm":          ": /LM/W3SVC/2: there is no such key; enum shows those there are",
		"W3SVC/1/ROOTS/Realm":    ": /LM/W3SVC/1/ROOTS: there is no such key; enum shows those there are",
		"W3SVC/1/ROOT/AuthFlagz": ": /LM/W3SVC/1/ROOT: AuthFlagz: there is no such property; did you mean AuthFlags?",
		"W3SVC":                  ": /LM: W3SVC: there is no such property; write PATH/PROPERTY, such as W3SVC/1/ROOT/AuthFlags",
	} {
		if _, problems := Get(file, path); len(problems) != 1 || problems[0].String() != file+want {
			t.Errorf("%s: %v", path, problems)
		}
	}
}

// TestTwoEditors wants every edit of several editors in the file.
func TestTwoEditors(t *testing.T) {
	file := filepath.Join(t.TempDir(), "m.toml")
	write(t, file, home)
	var wg sync.WaitGroup
	for e := range 4 {
		wg.Go(func() {
			for i := range 10 {
				if problems := Set(file, fmt.Sprintf("W3SVC/1/ROOT/e%d/f%d/Realm", e, i), []string{"x"}); len(problems) > 0 {
					t.Error(problems)
				}
			}
		})
	}
	wg.Wait()
	tree, problems := Load(file)
	if tree == nil {
		t.Fatal(problems)
	}
	for e := range 4 {
		for i := range 10 {
			if n := tree.Node(fmt.Sprintf("W3SVC/1/ROOT/e%d/f%d", e, i)); n == nil || n.Realm != "x" {
				t.Errorf("the edit %d of editor %d is lost", i, e)
			}
		}
	}
}

// TestEditKeepsFile wants the mode to stay, and a link to go on leading to the file.
func TestEditKeepsFile(t *testing.T) {
	dir := t.TempDir()
	file, link := filepath.Join(dir, "real.toml"), filepath.Join(dir, "m.toml")
	write(t, file, home)
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("real.toml", link); err != nil {
		t.Fatal(err)
	}
	if problems := Set(link, "W3SVC/1/ROOT/Realm", []string{"x"}); len(problems) > 0 {
		t.Fatal(problems)
	}
	info, err := os.Lstat(link)
	if err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v %v", info, err)
	}
	info, err = os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o640 || read(t, file) != home+"Realm = \"x\"\n" {
		t.Errorf("%v %v", info, err)
	}
}

func TestStore(t *testing.T) {
	file := filepath.Join(t.TempDir(), "m.toml")
	write(t, file, home+"AuthFlag = 1\n")
	if s, problems := Open(file); s != nil || len(problems) != 1 {
		t.Fatal(s, problems)
	}
	write(t, file, home+"EnableDocFooter = true\n")
	s, problems := Open(file)
	if s == nil || len(problems) != 1 || Failed(problems) {
		t.Fatal(problems)
	}
	first := s.Tree()
	write(t, file, home+"AuthFlags = \"x\"\n")
	if problems := s.Reload(); !Failed(problems) || s.Tree() != first {
		t.Errorf("a wrong file took the place of the tree: %v", problems)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if problems := s.Reload(); !Failed(problems) || s.Tree() != first {
		t.Errorf("no file took the place of the tree: %v", problems)
	}
	write(t, file, home+"AuthFlags = 2\n")
	if problems := s.Reload(); len(problems) > 0 || s.Tree() == first || s.Tree().Sites()[0].Root.AuthFlags != AuthBasic || first.Sites()[0].Root.AuthFlags != 5 {
		t.Errorf("not reloaded: %v", problems)
	}
}
