package metabase

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
)

// FuzzLoad loads any text. One that loads is looked at as the decoder sees it, as
// requests see it, and edited.
func FuzzLoad(f *testing.F) {
	for _, text := range []string{
		"", home, site, "\ufeff" + home, strings.ReplaceAll(site, "\n", "\r\n"), strings.TrimSuffix(home, "\n"), manyKeys(30, 3),
		home + "AuthBasic = true\nAuthFlags = 0x5\nRealm = \"\\u00e4\\x41\\e\"\n", home + "\"R\\u0065alm\" = '''a\n'''' # x\n",
		home + "DefaultDoc = \"\"\"\\\n  a.htm \\\\ \"\" \"\"\"\"\"\n", "[\"/LM/W3SVC/1/ROOT\"] # x\nPath = 'x'#\n[ \"/LM/W3SVC/1/ROOT/\\\"b\\\\\" ]\t\r\n",
		home + "FileACL = [ # ]\n 'allow a R', # '\n]\n", home + "HttpCustomHeaders = [\"a:]\", '#: \"']\n[\"/LM/W3SVC\"]\nEmulatedVersion = \"4.0\"\n",
		home + "a = { b = 1, c.d = [ { } ] }\n", "x = 1\n[[a]]\n[a.b]\n", "[\"/LM/W3SVC/1/ROOT\"]\nPath = \"\xff\"\n", "a = [[[[", "[\"/lm/w3svc/1/root\"]\nPath=\"x\"\n[\"/LM/W3SVC/1/ROOT/Fresh/x\"]",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tree, problems := parse("/srv/m.toml", text)
		if (tree == nil) != Failed(problems) {
			t.Fatalf("tree %v with %v", tree, problems)
		}
		for _, p := range problems {
			if strings.ContainsAny(p.String(), "\r\n") || p.Line > strings.Count(text, "\n")+1 {
				t.Fatalf("%q", p)
			}
		}
		if tree == nil {
			return
		}
		sameKeys(t, text)
		for _, s := range tree.Sites() {
			for _, path := range []string{"/", "/fresh", text, "/" + strings.ReplaceAll(text, "\n", "/")} {
				n, below := s.Resolve(path)
				if n == nil || n.VDir == nil || n.Properties == nil || n.MimeMap == nil || !strings.HasSuffix(path, below) || !filepath.IsAbs(n.VDir.Path) {
					t.Fatalf("%q resolves to %v, %q", path, n, below)
				}
			}
		}
		if len(tree.Sites()) > 0 {
			root := tree.Sites()[0].Root
			edits(t, text, tree, root.Key)
			edits(t, text, tree, root.Key+"/Fresh.key")
		}
	})
}

// sameKeys wants the index to have the keys that the decoder has.
func sameKeys(t *testing.T, text string) {
	data := map[string]any{}
	if _, err := toml.Decode(text, &data); err != nil {
		t.Fatalf("loaded, but: %v", err)
	}
	found := map[string]bool{}
	for _, table := range newIndex(text).tables {
		if table.top {
			continue
		}
		found[table.name] = true
		values, _ := data[table.name].(map[string]any)
		names := make([]string, len(table.keys))
		for i, k := range table.keys {
			names[i] = k.name
			var value map[string]any
			if _, err := toml.Decode("x = "+text[k.from:k.to], &value); err != nil {
				t.Fatalf("%s is taken to be %q: %v", k.name, text[k.from:k.to], err)
			}
			if lines := strings.Count(text[:k.start], "\n") + 1; lines != k.line {
				t.Fatalf("%s is taken to stand in line %d, not %d", k.name, k.line, lines)
			}
		}
		slices.Sort(names)
		if want := slices.Sorted(maps.Keys(values)); !slices.Equal(names, want) {
			t.Fatalf("%s has %q, want %q", table.name, names, want)
		}
	}
	if len(found) != len(data) {
		t.Fatalf("%d tables, want %d", len(found), len(data))
	}
}

// edits sets a property and deletes it: no other changes, and the text is what it was.
func edits(t *testing.T, text string, tree *Tree, key string) {
	s, _ := lookup("Realm")
	value, err := s.literal([]string{`a\b "c" 'd' ü`})
	if err != nil {
		t.Fatal(err)
	}
	before := everything(tree, key)
	n := tree.Node(key)
	edited := put(text, tree.spelled(key), s, value)
	after, problems := parse("/srv/m.toml", edited)
	if after == nil {
		t.Fatalf("set at %s: %v\n%s", key, problems, edited)
	}
	if got := after.Node(key).Realm; got != `a\b "c" 'd' ü` {
		t.Fatalf("set at %s, it is %q", key, got)
	}
	now := everything(after, key)
	delete(now, key+": Realm")
	if delete(before, key+": Realm"); !maps.Equal(before, now) {
		t.Fatalf("set at %s changes more\n%v\n%v", key, before, now)
	}
	restored := edited
	switch {
	case n != nil && (!n.named || n.own(s) != nil):
		return // deleting leaves an empty table, or nothing of what was there
	case n != nil:
		restored, _ = cutProperty(edited, key, s)
	default:
		restored = cutKey(edited, key)
	}
	if restored != text {
		t.Fatalf("set at %s and deleted\n%q\n%q\n%q", key, text, edited, restored)
	}
}

// everything tells what each key sets, and what is in force at the key, but for Realm.
func everything(tree *Tree, key string) map[string]string {
	all := map[string]string{}
	var walk func(n *Node)
	walk = func(n *Node) {
		for i := range n.settings {
			s := &n.settings[i]
			all[fold(n.Key)+": "+s.Name()] = valueAt(n, n.Key, s.spelling).Text
			if s.name == "Realm" {
				all[fold(n.Key)+": Realm"] = s.value.(string)
			}
		}
		for _, c := range n.children {
			walk(c)
		}
	}
	walk(tree.root)
	delete(all, fold(key)+": Realm")
	n := tree.governing(key)
	for i := range registry {
		if p := &registry[i]; p.name != "Realm" {
			v := valueAt(n, key, spelling{property: p})
			all["in force: "+p.name] = v.Text + strings.Join(v.Items, ";")
		}
	}
	return all
}

// FuzzSet sets any value and gets it back, or leaves the file as it is.
func FuzzSet(f *testing.F) {
	for i := range registry {
		f.Add(registry[i].name, "true")
		f.Add(registry[i].name, latest(registry[i].def))
	}
	f.Add("Realm", "a'b\\c\"d\x00\u0085")
	f.Add("AuthFlags", "AuthBasic|AuthNTLM")
	f.Add("FileACL", `allow CORP\alice R`)
	f.Add("../x", "y")
	file := filepath.Join(f.TempDir(), "m.toml")
	f.Fuzz(func(t *testing.T, name, value string) {
		write(t, file, site)
		problems := Set(file, "W3SVC/1/ROOT/x/"+name, []string{value})
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if Failed(problems) {
			if string(text) != site {
				t.Fatalf("%v, but the file has changed", problems)
			}
			return
		}
		if tree, problems := Load(file); tree == nil {
			t.Fatal(problems)
		}
		v, problems := Get(file, "W3SVC/1/ROOT/x/"+name)
		if Failed(problems) {
			t.Fatal(problems)
		}
		s, ok := lookup(name)
		if ok && s.kind == kindString && !s.is(secret|local) && v.Text != value {
			t.Fatalf("%s is %q, want %q", name, v.Text, value)
		}
	})
}
