package metabase

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// manyKeys returns a metabase of n keys below one ROOT, vdirs of them virtual
// directories, with three to four properties each.
func manyKeys(n, vdirs int) string {
	var b strings.Builder
	b.WriteString("[\"/LM/W3SVC\"]\nEmulatedVersion = \"6.0\"\nComputerName = \"WEB1\"\n\n[\"/LM/W3SVC/1\"]\nServerBindings = [\":80:\"]\n\n" + home)
	for i := range vdirs {
		fmt.Fprintf(&b, `
["/LM/W3SVC/1/ROOT/vdir%05d"]   # of department %d
Path = "/srv/data/%05d"
AuthFlags = "AuthAnonymous | AuthNTLM"
Realm = "department %d"
FileACL = ['allow CORP\dept%d R', 'allow CORP\admins RW']
`, i, i, i, i%100, i)
	}
	for i := range n - vdirs {
		fmt.Fprintf(&b, `
["/LM/W3SVC/1/ROOT/vdir%05d/dir%d"]
AccessFlags = %d
DefaultDoc = "default.htm,index%d.htm"
AuthAnonymous = false
`, i%vdirs, i/vdirs, 1+i%2*512, i%10)
	}
	return b.String()
}

// BenchmarkResolve looks a path up among ever more keys: the cost is to stay the
// same.
func BenchmarkResolve(b *testing.B) {
	for _, keys := range []int{10, 1_000, 100_000} {
		b.Run(fmt.Sprint(keys), func(b *testing.B) {
			tree, problems := parse("m.toml", manyKeys(keys, keys/10))
			if tree == nil {
				b.Fatal(problems)
			}
			site := tree.Sites()[0]
			b.ReportAllocs()
			for b.Loop() {
				if n, below := site.Resolve("/VDIR00000/dir3/sub/index.htm"); below != "dir3/sub/index.htm" || n.VDir == site.Root {
					b.Fatal(n.Key, below)
				}
			}
		})
	}
}

// BenchmarkLoad100k loads 100,000 keys, 10,000 of them virtual directories. A
// reload has to take less than three seconds on two processors that serve.
func BenchmarkLoad100k(b *testing.B) {
	text := manyKeys(100_000, 10_000)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	var tree *Tree
	for b.Loop() {
		var problems []Problem
		if tree, problems = parse("m.toml", text); len(problems) > 0 {
			b.Fatal(problems[0])
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/100_000, "kept-B/key")
	runtime.KeepAlive(tree)
}
