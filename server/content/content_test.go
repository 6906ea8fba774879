package content

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// old is a time at which nothing is being written any more.
var old = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// newRoot makes a directory with these files; a name that ends in a slash is a
// directory.
func newRoot(t testing.TB, fold bool, files map[string]string) (*Root, string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		put(t, filepath.Join(dir, name), text, strings.HasSuffix(name, "/"))
	}
	r, err := OpenRoot(dir, fold)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r, dir
}

func put(t testing.TB, name, text string, dir bool) {
	t.Helper()
	if dir {
		if err := os.MkdirAll(name, 0o755); err != nil {
			t.Fatal(err)
		}
		return
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// settle waits until the last change of the files is old enough for them to be
// kept. (Nothing but time makes a ctime old.)
func settle() { time.Sleep(settleTime + 15*time.Millisecond) }

// text returns a file's content by whichever way it is had.
func text(t testing.TB, f *File) string {
	t.Helper()
	if f.Data != nil {
		return string(f.Data)
	}
	b, err := io.ReadAll(f.Handle())
	if err != nil {
		t.Error(err)
	}
	return string(b)
}

func open(t testing.TB, c *Cache, r *Root, below string, now time.Time) *File {
	t.Helper()
	f, err := c.Open(r, below, now)
	if err != nil {
		t.Fatalf("Open(%q): %v", below, err)
	}
	return f
}

func TestOpen(t *testing.T) {
	files := map[string]string{
		"Page.htm": "page", "docs/Über.htm": "ueber", "docs/σίσυφος.txt": "sisyphos",
		"both/a.txt": "lower", "both/A.txt": "upper", "Both/b.txt": "other directory",
		"three/AB": "AB", "three/Ab": "Ab", "empty": "", "dir/sub/": "",
		".hidden": "h", ".git/config": "h", "x/.y/z": "h", ".well-known/acme": "a",
	}
	tests := []struct {
		id, below  string
		name, text string // on disk; "dir" for a directory
		err        error  // where case counts
		foldErr    error
	}{
		{"root", "", "", "dir", nil, nil},
		{"exact name", "Page.htm", "Page.htm", "page", nil, nil},
		{"Q264284 upper case", "PAGE.HTM", "Page.htm", "page", fs.ErrNotExist, nil},
		{"Q324232 mixed case of a directory", "DOCS/über.HTM", "docs/Über.htm", "ueber", syscall.ENOTDIR, nil},
		{"final sigma", "docs/ΣΊΣΥΦΟΣ.txt", "docs/σίσυφος.txt", "sisyphos", fs.ErrNotExist, nil},
		{"exact of two", "both/a.txt", "both/a.txt", "lower", nil, nil},
		{"exact of two, other", "both/A.txt", "both/A.txt", "upper", nil, nil},
		{"first of two in byte order", "both/A.TXT", "both/A.txt", "upper", fs.ErrNotExist, nil},
		{"exact directory goes first", "both/b.txt", "", "", fs.ErrNotExist, fs.ErrNotExist},
		{"first of two directories", "BOTH/b.txt", "Both/b.txt", "other directory", syscall.ENOTDIR, nil},
		{"byte order", "three/ab", "three/AB", "AB", fs.ErrNotExist, nil},
		{"empty file", "empty", "empty", "", nil, nil},
		{"directory", "dir/sub", "dir/sub", "dir", nil, nil},
		{"directory with slash", "dir/sub/", "dir/sub", "dir", nil, nil},
		{"missing", "none.htm", "", "", fs.ErrNotExist, fs.ErrNotExist},
		{"missing below a directory", "dir/none.htm", "", "", fs.ErrNotExist, fs.ErrNotExist},
		{"missing parent", "none/a.htm", "", "", syscall.ENOTDIR, syscall.ENOTDIR},
		{"file as parent", "Page.htm/a", "", "", syscall.ENOTDIR, syscall.ENOTDIR},
		{"file as parent, other case", "page.HTM/a", "", "", syscall.ENOTDIR, syscall.ENOTDIR},
		{"file as parent of a parent", "Page.htm/a/b", "", "", syscall.ENOTDIR, syscall.ENOTDIR},
		{"E2 dots", "../x", "", "", fs.ErrNotExist, fs.ErrNotExist},
		{"E2 dots inside", "dir/../Page.htm", "", "", fs.ErrNotExist, fs.ErrNotExist},
		{"NUL", "Page.htm\x00x", "", "", fs.ErrNotExist, fs.ErrNotExist},
		{"E8 short name", "PAGE~1.HTM", "", "", fs.ErrNotExist, fs.ErrNotExist},
		{"too long a name", strings.Repeat("x", 300), "", "", fs.ErrNotExist, fs.ErrNotExist},
		{"too long a path", strings.Repeat("x/", 4000) + "x", "", "", syscall.ENOTDIR, syscall.ENOTDIR},
	}
	for _, fold := range []bool{false, true} {
		r, _ := newRoot(t, fold, files)
		c := NewCache(1<<20, 1<<10, 1)
		settle()
		for _, tt := range tests {
			t.Run(fmt.Sprintf("fold=%t/%s", fold, tt.id), func(t *testing.T) {
				want := tt.err
				if fold {
					want = tt.foldErr
				}
				for range 2 { // from disk, then from memory
					f, err := c.Open(r, tt.below, time.Now())
					if !errors.Is(err, want) || err == nil && want != nil {
						t.Fatalf("error %v, want %v", err, want)
					}
					if err != nil {
						continue
					}
					if f.Name != tt.name {
						t.Errorf("name %q, want %q", f.Name, tt.name)
					}
					if f.Dir != (tt.text == "dir") {
						t.Errorf("directory: %t", f.Dir)
					}
					if !f.Dir && (f.Data == nil || string(f.Data) != tt.text || f.Size != int64(len(tt.text))) {
						t.Errorf("content %q of %d bytes, want %q", f.Data, f.Size, tt.text)
					}
				}
			})
		}
		for name, want := range map[string]bool{
			".hidden": true, ".git/config": true, "x/.y/z": true, ".git": true, // Q216803
			".well-known/acme": false, "Page.htm": false, "": false,
		} {
			if f := open(t, c, r, name, time.Now()); f.Hidden != want {
				t.Errorf("Hidden of %q is %t", name, f.Hidden)
			}
		}
	}
}

func TestOpenRoot(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "file"), "", false)
	for _, name := range []string{"none", "file"} {
		if _, err := OpenRoot(filepath.Join(dir, name), true); err == nil {
			t.Errorf("OpenRoot(%q) succeeded", name)
		}
	}
	r, err := OpenRoot(dir, true)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := NewCache(1<<20, 1<<10, 0).Open(r, "file", old); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("after Close: %v, want fs.ErrClosed", err)
	}
}

// A deployment replaces the directory of a site by another, or by a link.
func TestRootReplaced(t *testing.T) {
	base := t.TempDir()
	for _, release := range []string{"r1", "r2"} {
		put(t, filepath.Join(base, release, "a.htm"), release, false)
	}
	link := filepath.Join(base, "current")
	if err := os.Symlink("r1", link); err != nil {
		t.Fatal(err)
	}
	r, err := OpenRoot(link, true)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	settle()
	c := NewCache(1<<20, 1<<10, 0)
	for _, want := range []string{"r1", "r2", "r1"} {
		if err := errors.Join(os.Remove(link), os.Symlink(want, link)); err != nil {
			t.Fatal(err)
		}
		if got := text(t, open(t, c, r, "A.htm", time.Now().Add(time.Hour))); got != want {
			t.Errorf("got the page of %s, want %s", got, want)
		}
		open(t, c, r, "A.htm", time.Now())
	}
	os.Remove(link)
	if _, err := c.Open(r, "a.htm", time.Now().Add(time.Hour)); !errors.Is(err, syscall.ENOTDIR) {
		t.Errorf("directory gone: %v, want ENOTDIR", err)
	}
}

// Links lead where they lead, but never out of the root.
func TestLinks(t *testing.T) {
	outside := t.TempDir()
	put(t, filepath.Join(outside, "secret.txt"), "secret", false)
	r, dir := newRoot(t, true, map[string]string{"docs/a.htm": "a", "b.htm": "b"})
	links := map[string]string{
		"in.htm": "docs/a.htm", "indir": "docs", "docs/up.htm": "../b.htm", "loop": "loop", "dangling": "none",
		"out.txt": filepath.Join(outside, "secret.txt"), "outdir": outside, "rel": "../../../../../../etc", "passwd": "/etc/passwd",
	}
	for name, to := range links {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	settle()
	c := NewCache(1<<20, 1<<10, 0)
	for name, want := range map[string]string{"in.htm": "a", "IN.HTM": "a", "indir/a.htm": "a", "InDir/A.htm": "a", "docs/up.htm": "b"} {
		if got := text(t, open(t, c, r, name, time.Now())); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	for _, name := range []string{
		"out.txt", "OUT.TXT", "outdir", "outdir/secret.txt", "OutDir/secret.txt", "OUTDIR/SECRET.TXT",
		"rel/passwd", "rel", "passwd", "loop", "dangling", "indir/../../x",
	} {
		f, err := c.Open(r, name, time.Now())
		if err == nil {
			t.Errorf("%s was opened: %+v", name, f)
		} else if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v, want not found", name, err)
		}
		if strings.HasPrefix(name, "out.") && !errors.Is(err, ErrOutside) {
			t.Errorf("%s: %v, want ErrOutside", name, err)
		}
	}

	// A link that is changed while its target is in the cache.
	in := filepath.Join(dir, "in.htm")
	if err := errors.Join(os.Remove(in), os.Symlink(links["out.txt"], in)); err != nil {
		t.Fatal(err)
	}
	if f, err := c.Open(r, "in.htm", time.Now().Add(time.Hour)); err == nil {
		t.Errorf("link led outside: %q", f.Data)
	}
	if _, err := c.ReadDir(r, "outdir"); !errors.Is(err, ErrOutside) {
		t.Errorf("ReadDir of a directory outside: %v", err)
	}
}

// What is neither a file nor a directory does not exist, and looking for it
// waits for nobody.
func TestNoRegularFile(t *testing.T) {
	r, dir := newRoot(t, true, nil)
	if err := syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(s)
	t.Chdir(dir) // a socket's name has room for little
	if err := syscall.Bind(s, &syscall.SockaddrUnix{Name: "socket"}); err != nil {
		t.Fatal(err)
	}
	c := NewCache(1<<20, 1<<10, 0)
	for _, name := range []string{"fifo", "FIFO", "socket"} {
		if _, err := c.Open(r, name, old); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v, want not found", name, err)
		}
	}
	for _, name := range []string{"fifo/x", "socket/x"} {
		if _, err := c.Open(r, name, old); !errors.Is(err, syscall.ENOTDIR) {
			t.Errorf("%s: %v, want ENOTDIR", name, err)
		}
	}
	if _, err := c.ReadDir(r, "fifo"); !errors.Is(err, syscall.ENOTDIR) {
		t.Errorf("ReadDir of a pipe: %v, want ENOTDIR", err)
	}
	// The pipe takes the place of a file after that was looked at.
	root, err := r.current()
	if err != nil {
		t.Fatal(err)
	}
	pipe, err := root.OpenFile("fifo", os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	if _, _, _, err := c.read(pipe, "fifo", old); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("open pipe: %v, want not found", err)
	}
}

// The sample of Q218180, and the multiple range reply of a 6.0 server.
func TestEntityTag(t *testing.T) {
	tests := []struct {
		modified string
		change   uint32
		tag      string // of 7.0
		tag6     string
	}{
		{"Wed, 06 Jan 1999 18:56:06 GMT", 0x15b6, `"067d136a639be1:0"`, `"067d136a639be1:15b6"`},
		{"Tue, 12 May 2009 02:59:04 GMT", 0x803b, `"0ccb09badd2c91:0"`, `"0ccb09badd2c91:803b"`},
	}
	for _, tt := range tests {
		modified, err := time.Parse(time.RFC1123, tt.modified)
		if err != nil {
			t.Fatal(err)
		}
		r, dir := newRoot(t, false, map[string]string{"a": "x"})
		if err := os.Chtimes(filepath.Join(dir, "a"), modified, modified); err != nil {
			t.Fatal(err)
		}
		f := open(t, NewCache(1<<20, 1<<10, tt.change), r, "a", old)
		if f.ETag != tt.tag || f.ETagChange != tt.tag6 {
			t.Errorf("%s: ETag %s and %s, want %s and %s", tt.modified, f.ETag, f.ETagChange, tt.tag, tt.tag6)
		}
		if f.LastModified != tt.modified || !f.ModTime.Equal(modified) {
			t.Errorf("LastModified %q, ModTime %v, want %q", f.LastModified, f.ModTime, tt.modified)
		}
	}
}

// Q187750, Q224298: a changed file is seen, whatever way it changed.
func TestChangedFile(t *testing.T) {
	changes := []struct {
		id     string
		change func(name string) error
		want   string // "" for not found
	}{
		{"longer", func(name string) error { return os.WriteFile(name, []byte("second version"), 0o644) }, "second version"},
		{"same length", func(name string) error { return os.WriteFile(name, []byte("FIRST"), 0o644) }, "FIRST"},
		{"same length and time", func(name string) error {
			info, err := os.Stat(name)
			return errors.Join(err, os.WriteFile(name, []byte("FIRST"), 0o644), os.Chtimes(name, info.ModTime(), info.ModTime()))
		}, "FIRST"},
		{"replaced", func(name string) error {
			return errors.Join(os.WriteFile(name+".new", []byte("other"), 0o644), os.Rename(name+".new", name))
		}, "other"},
		{"emptied", func(name string) error { return os.Truncate(name, 0) }, "empty"},
		{"removed", os.Remove, ""},
		{"a directory instead", func(name string) error { return errors.Join(os.Remove(name), os.Mkdir(name, 0o755)) }, "dir"},
		{"parent moved", func(name string) error { return os.Rename(filepath.Dir(name), filepath.Dir(name)+"2") }, ""},
	}
	for _, tt := range changes {
		t.Run(tt.id, func(t *testing.T) {
			r, dir := newRoot(t, true, map[string]string{"docs/a.htm": "first"})
			c := NewCache(1<<20, 1<<10, 0)
			settle()
			now := time.Now()
			for _, name := range []string{"docs/a.htm", "DOCS/A.HTM"} {
				first := open(t, c, r, name, now)
				if string(first.Data) != "first" || open(t, c, r, name, now) != first {
					t.Fatalf("%s was not kept", name)
				}
			}
			if err := tt.change(filepath.Join(dir, "docs/a.htm")); err != nil {
				t.Fatal(err)
			}
			now = now.Add(trust)
			for _, name := range []string{"docs/a.htm", "DOCS/A.HTM"} {
				f, err := c.Open(r, name, now)
				switch {
				case tt.want == "" && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR):
					t.Errorf("%s: %v, want not found", name, err)
				case tt.want == "":
				case err != nil:
					t.Errorf("%s: %v", name, err)
				case tt.want == "dir" && !f.Dir, tt.want == "empty" && f.Size != 0:
					t.Errorf("%s: %+v, want it to be %s", name, f, tt.want)
				case tt.want != "dir" && tt.want != "empty" && text(t, f) != tt.want:
					t.Errorf("%s: %q, want %q", name, f.Data, tt.want)
				}
			}
		})
	}
}

// A name that is there exactly beats one that differs in case, also when it
// comes later.
func TestExactNameAppears(t *testing.T) {
	r, dir := newRoot(t, true, map[string]string{"Docs/Page.htm": "old"})
	c := NewCache(1<<20, 1<<10, 0)
	settle()
	now := time.Now()
	if got := text(t, open(t, c, r, "docs/page.htm", now)); got != "old" {
		t.Fatalf("got %q", got)
	}
	if f := open(t, c, r, "docs/page.htm", now); f.Name != "Docs/Page.htm" {
		t.Fatalf("name %q", f.Name)
	}
	put(t, filepath.Join(dir, "Docs/page.htm"), "new", false)
	now = now.Add(trust)
	if got := text(t, open(t, c, r, "docs/page.htm", now)); got != "new" {
		t.Errorf("exact file in the same directory: got %q", got)
	}
	put(t, filepath.Join(dir, "docs/page.htm"), "newest", false)
	now = now.Add(trust)
	if got := text(t, open(t, c, r, "docs/page.htm", now)); got != "newest" {
		t.Errorf("exact directory: got %q", got)
	}
	if got := text(t, open(t, c, r, "Docs/Page.htm", now)); got != "old" {
		t.Errorf("other spelling: got %q", got)
	}
}

// Within a millisecond the disk is not asked; a clock put back does not count.
func TestTrust(t *testing.T) {
	r, dir := newRoot(t, true, map[string]string{"a": "one"})
	c := NewCache(1<<20, 1<<10, 0)
	settle()
	now := time.Now()
	f := open(t, c, r, "a", now)
	if err := os.Remove(filepath.Join(dir, "a")); err != nil {
		t.Fatal(err)
	}
	if got, err := c.Open(r, "a", now.Add(trust-1)); got != f || err != nil {
		t.Errorf("just before: %v, %v", got, err)
	}
	for _, d := range []time.Duration{trust, -1} {
		if _, err := c.Open(r, "a", now.Add(d)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%v later: %v, want not found", d, err)
		}
	}
}

// A file that was written just now is served, but not kept: a second write could
// leave the same times.
func TestRecentFileNotKept(t *testing.T) {
	r, _ := newRoot(t, true, map[string]string{"a": "one"})
	c := NewCache(1<<20, 1<<10, 0)
	now := time.Now()
	f, g := open(t, c, r, "a", now), open(t, c, r, "a", now)
	if f == g || string(f.Data) != "one" {
		t.Errorf("%p and %p are the same file", f, g)
	}
}

// No reader ever sees a version older than the last one complete when it asked,
// or a mixture.
func TestModificationUnderLoad(t *testing.T) {
	r, dir := newRoot(t, true, map[string]string{"a.htm": strings.Repeat("0", 4096)})
	c := NewCache(1<<20, 1<<16, 0)
	name := filepath.Join(dir, "a.htm")
	var version, clock atomic.Int64
	start := time.Now()
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				asked := version.Load()
				now := start.Add(time.Duration(clock.Add(1)) * trust) // no two readers trust each other's look
				f, err := c.Open(r, "A.HTM", now)
				if err != nil {
					t.Error(err)
					return
				}
				got := text(t, f)
				f.Close()
				if got == "" || got != strings.Repeat(got[:1], 4096) {
					t.Errorf("mixture of %d bytes", len(got))
					return
				}
				if v := int64(got[0] - '0'); v < asked {
					t.Errorf("version %d after %d", v, asked)
					return
				}
			}
		})
	}
	for v := int64(1); v < 10; v++ {
		if v%2 == 0 {
			settle() // so that some versions are kept
		}
		text := bytes.Repeat([]byte{'0' + byte(v)}, 4096)
		if err := errors.Join(os.WriteFile(name+".new", text, 0o644), os.Rename(name+".new", name)); err != nil {
			t.Fatal(err)
		}
		version.Store(v)
	}
	close(stop)
	wg.Wait()
}

// A large file has a handle of its own, which outlives what happens to the name
// and comes to its end early where the file does.
func TestShrinkingFile(t *testing.T) {
	r, dir := newRoot(t, true, map[string]string{"big": strings.Repeat("x", 10000), "small": "small"})
	c := NewCache(1<<20, 1<<10, 0)
	settle()
	big := open(t, c, r, "big", time.Now())
	if big.Data != nil || big.Handle() == nil || big.Size != 10000 {
		t.Fatalf("%+v", big)
	}
	if other := open(t, c, r, "big", time.Now()); other.Handle() == big.Handle() {
		t.Error("two requests share a handle")
	} else {
		other.Close()
	}
	if err := os.Truncate(filepath.Join(dir, "big"), 4000); err != nil {
		t.Fatal(err)
	}
	if n, err := io.CopyN(io.Discard, big.Handle(), big.Size); n != 4000 || err != io.EOF {
		t.Errorf("read %d bytes, %v", n, err)
	}
	if err := big.Close(); err != nil {
		t.Error(err)
	}
	small := open(t, c, r, "small", time.Now())
	if err := os.Truncate(filepath.Join(dir, "small"), 0); err != nil {
		t.Fatal(err)
	}
	if err := small.Close(); err != nil || string(small.Data) != "small" {
		t.Errorf("%q, %v", small.Data, err)
	}
}

// The shrinking comes between looking at a file and reading it.
func TestShrunkWhileRead(t *testing.T) {
	_, dir := newRoot(t, true, map[string]string{"a": "12345"})
	f, err := os.Open(filepath.Join(dir, "a"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if data, _, err := readAll(f, 9); err == nil {
		t.Errorf("read %q", data)
	}
}

func TestEviction(t *testing.T) {
	files := map[string]string{}
	for i := range 64 {
		files[fmt.Sprintf("f%d", i)] = strings.Repeat("x", 1000)
	}
	r, _ := newRoot(t, true, files)
	const budget = 10 * (1000 + 1024)
	c := NewCache(budget, 1<<10, 0)
	settle()
	hot := open(t, c, r, "f0", time.Now())
	for range 4 {
		for i := 1; i < 64; i++ {
			open(t, c, r, fmt.Sprintf("F%d", i), time.Now())
			if f := open(t, c, r, "f0", time.Now()); f != hot {
				t.Fatalf("the file in use was dropped at %d", i)
			}
			if c.bytes > budget || len(c.ring) != len(c.entries) {
				t.Fatalf("%d bytes, %d and %d entries", c.bytes, len(c.ring), len(c.entries))
			}
		}
	}
	var bytes int64
	for i, e := range c.ring {
		bytes += e.cost
		if e.slot != i || c.entries[e.key] != e || e.alias == nil && e.file.Load() == nil {
			t.Errorf("entry %d: %+v", i, e)
		}
	}
	if bytes != c.bytes || len(c.ring) < 5 {
		t.Errorf("%d entries of %d bytes, counted %d", len(c.ring), bytes, c.bytes)
	}
	if f := open(t, NewCache(100, 1<<10, 0), r, "F1", time.Now()); len(f.Data) != 1000 {
		t.Errorf("no room: %d bytes", len(f.Data))
	}
}

func TestNamesAreKept(t *testing.T) {
	r, dir := newRoot(t, true, map[string]string{"Docs/a": "a"})
	c := NewCache(1<<20, 1<<10, 0)
	settle()
	root, err := r.current()
	if err != nil {
		t.Fatal(err)
	}
	first, err := c.list(r, root, "Docs")
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := c.list(r, root, "Docs"); again != first {
		t.Error("the directory was read again")
	}
	put(t, filepath.Join(dir, "Docs/b"), "b", false)
	if again, _ := c.list(r, root, "Docs"); again == first || again.names["b"] != "b" || again.stable {
		t.Errorf("after a change: %+v", again)
	}
	c.names.maxBytes = first.cost
	for i := range 4 {
		c.names.keep(key{name: fmt.Sprint(i)}, first)
	}
	if len(c.names.lists) != 1 || c.names.bytes != first.cost {
		t.Errorf("%d lists of %d bytes", len(c.names.lists), c.names.bytes)
	}
}

func TestPermission(t *testing.T) {
	for errno, want := range map[error]error{
		syscall.EACCES: fs.ErrPermission, syscall.EPERM: fs.ErrPermission, syscall.ENOENT: fs.ErrNotExist,
		syscall.ENAMETOOLONG: fs.ErrNotExist, syscall.ELOOP: fs.ErrNotExist, syscall.ENXIO: fs.ErrNotExist,
		syscall.ENOTDIR: syscall.ENOTDIR, syscall.EMFILE: syscall.EMFILE,
	} {
		err := plainError(&fs.PathError{Op: "openat", Path: "x", Err: errno})
		if !errors.Is(err, want) || strings.Contains(err.Error(), "openat") {
			t.Errorf("%v becomes %v, want %v", errno, err, want)
		}
	}
}

func TestReadDir(t *testing.T) {
	outside := t.TempDir()
	put(t, filepath.Join(outside, "secret"), "secret", false)
	r, dir := newRoot(t, true, map[string]string{
		"d/accesschk.exe": "1", "d/About_This_Site.txt": "22", "d/AccessEnum.exe": "", "d/aspnet_client/": "", "d/Files/": "",
		"d/filemon.exe": "", "d/FILEMON.HLP": "", "d/web.config": "", "d/.hidden": "", "d/.git/x": "", "d/über": "",
		"d/bad\xff": "", "d/back\\slash": "", "d/line\nend": "", "d/a_b": "", "d/aab": "",
	})
	for name, to := range map[string]string{"in": "web.config", "out": filepath.Join(outside, "secret"), "dangling": "none"} {
		if err := os.Symlink(to, filepath.Join(dir, "d", name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "d/fifo"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(filepath.Join(dir, "d/About_This_Site.txt"), old, old); err != nil {
		t.Fatal(err)
	}
	c := NewCache(1<<20, 1<<10, 0)
	for _, below := range []string{"d", "D/"} {
		entries, err := c.ReadDir(r, below)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, e := range entries {
			if e.Dir {
				e.Name += "/"
			}
			names = append(names, e.Name)
		}
		want := []string{"aab", "About_This_Site.txt", "accesschk.exe", "AccessEnum.exe", "aspnet_client/", "a_b",
			"filemon.exe", "FILEMON.HLP", "Files/", "in", "web.config", "über"}
		if !slices.Equal(names, want) {
			t.Errorf("names %q, want %q", names, want)
		}
		if e := entries[1]; e.Size != 2 || !e.ModTime.Equal(old) {
			t.Errorf("entry %+v", e)
		}
	}
	for below, want := range map[string]error{
		"none": fs.ErrNotExist, "none/x": syscall.ENOTDIR, "d/web.config": syscall.ENOTDIR, "../x": fs.ErrNotExist,
	} {
		if _, err := c.ReadDir(r, below); !errors.Is(err, want) {
			t.Errorf("ReadDir(%q): %v, want %v", below, err, want)
		}
	}
}

func TestOpenDoesNotAllocate(t *testing.T) {
	r, _ := newRoot(t, true, map[string]string{"Docs/page.htm": "page"})
	c := NewCache(1<<20, 1<<10, 0)
	settle()
	now := time.Now()
	for _, below := range []string{"Docs/page.htm", "docs/PAGE.htm", "Docs"} {
		open(t, c, r, below, now)
		open(t, c, r, below, now)
		if n := testing.AllocsPerRun(100, func() { c.Open(r, below, now) }); n != 0 {
			t.Errorf("%s: %v allocations", below, n)
		}
	}
	later := now
	if n := testing.AllocsPerRun(100, func() {
		later = later.Add(trust)
		c.Open(r, "Docs/page.htm", later)
	}); n > 1 {
		t.Errorf("with a look at the disk: %v allocations, want at most 1", n)
	}
}

// The name that was asked for may lie in memory that is used again.
func TestNameIsNotKept(t *testing.T) {
	r, _ := newRoot(t, true, map[string]string{"page.htm": "page", "xxxx.htm": "xxxx"})
	c := NewCache(1<<20, 1<<10, 0)
	settle()
	for _, name := range []string{"page.htm", "PAGE.htm"} {
		buf := []byte(name)
		below := unsafeString(buf)
		f := open(t, c, r, below, time.Now())
		copy(buf, "xxxx")
		if f.Name != "page.htm" {
			t.Errorf("name %q", f.Name)
		}
		for k := range c.entries {
			if strings.HasPrefix(k.name, "xxxx") {
				t.Errorf("key %q", k.name)
			}
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	r, _ := newRoot(b, true, map[string]string{"docs/page.htm": strings.Repeat("x", 1024)})
	c := NewCache(1<<20, 1<<16, 0)
	settle()
	now := time.Now()
	bench := func(name, below string, step time.Duration) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Open(r, below, now); err != nil {
					b.Fatal(err)
				}
				now = now.Add(step)
			}
		})
	}
	bench("hit", "docs/page.htm", 0)
	bench("hit other case", "DOCS/page.htm", 0)
	bench("look at disk", "docs/page.htm", trust)
	b.Run("parallel", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				c.Open(r, "docs/page.htm", now)
			}
		})
	})
}
