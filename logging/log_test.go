package logging

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// stemLog is a format whose lines are short.
func stemLog() *W3C {
	return &W3C{Mask: LogExtFileTime | LogExtFileURIStem, Order: Order60, Software: "S"}
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func content(t *testing.T, names ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(names...))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// stems returns the URI stems of the data lines, and fails if there is a line
// that is neither whole nor a directive.
func stems(t *testing.T, text string) []string {
	t.Helper()
	var list []string
	for l := range strings.SplitSeq(strings.TrimSuffix(text, "\r\n"), "\r\n") {
		if strings.HasPrefix(l, "#") {
			continue
		}
		clock, stem, ok := strings.Cut(l, " ")
		if !ok || len(clock) != 8 || strings.ContainsAny(stem, " \r\n") {
			t.Errorf("broken line %q", l)
		}
		list = append(list, stem)
	}
	return list
}

func flush(t *testing.T, l interface{ Flush() error }) {
	t.Helper()
	if err := l.Flush(); err != nil {
		t.Fatal(err)
	}
}

func write(l *Log, t time.Time, stem string) { l.Write(&Entry{Time: t, URIStem: stem}) }

func TestQ242898FileNames(t *testing.T) {
	at := time.Date(2003, 5, 12, 7, 42, 15, 0, time.UTC) // a Monday
	formats := []struct {
		name string
		f    Format
		want [5]string // by LogFilePeriod
	}{
		{"Q242898-a", &MicrosoftIIS{}, [5]string{"inetsv01.log", "in030512.log", "in030503.log", "in0305.log", "in03051207.log"}},
		{"Q242898-b", &NCSA{}, [5]string{"ncsa01.log", "nc030512.log", "nc030503.log", "nc0305.log", "nc03051207.log"}},
		{"Q242898-c", stemLog(), [5]string{"extend01.log", "ex030512.log", "ex030503.log", "ex0305.log", "ex03051207.log"}},
		{"UTF-8", &W3C{Mask: 2, UTF8: true}, [5]string{"u_extend1.log", "u_ex030512.log", "u_ex030503.log", "u_ex0305.log", "u_ex03051207.log"}},
		{"UTF-8", &MicrosoftIIS{UTF8: true}, [5]string{"u_inetsv1.log", "u_in030512.log", "u_in030503.log", "u_in0305.log", "u_in03051207.log"}},
		{"UTF-8", &NCSA{UTF8: true}, [5]string{"u_ncsa1.log", "u_nc030512.log", "u_nc030503.log", "u_nc0305.log", "u_nc03051207.log"}},
	}
	for _, tt := range formats {
		for period, want := range tt.want {
			dir := filepath.Join(t.TempDir(), "LogFiles", "W3SVC1")
			l := Open(Options{Dir: dir, Format: tt.f, Period: Period(period)})
			write(l, at, "/")
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			if got := files(t, dir); !slices.Equal(got, []string{want}) {
				t.Errorf("%s, period %d: got %q, want %s", tt.name, period, got, want)
			}
		}
	}
}

// Weeks start on Sunday.
func TestQ172141WeekOfMonth(t *testing.T) {
	tests := []struct {
		date string
		want int
	}{
		{"2026-02-01", 1}, {"2026-02-07", 1}, {"2026-02-08", 2}, {"2026-02-28", 4}, // the first is a Sunday
		{"2026-08-01", 1}, {"2026-08-02", 2}, {"2026-08-30", 6}, {"2026-08-31", 6}, // the first is a Saturday
		{"2026-04-01", 1}, {"2026-04-04", 1}, {"2026-04-05", 2}, {"2026-04-30", 5},
	}
	for _, tt := range tests {
		day, err := time.Parse(time.DateOnly, tt.date)
		if err != nil {
			t.Fatal(err)
		}
		if got := weekOfMonth(day); got != tt.want {
			t.Errorf("%s: got %d, want %d", tt.date, got, tt.want)
		}
	}
}

func TestQ172141bNewPeriodStartsNewFileAtOnce(t *testing.T) {
	dir := t.TempDir()
	at := time.Date(2026, 2, 4, 12, 0, 0, 0, time.UTC)
	for _, p := range []Period{PeriodDaily, PeriodWeekly, PeriodMonthly} {
		l := Open(Options{Dir: dir, Format: stemLog(), Period: p})
		write(l, at, "/")
		if p == PeriodWeekly {
			write(l, at.AddDate(0, 0, 3), "/saturday")
			write(l, at.AddDate(0, 0, 4), "/sunday")
		}
		l.Close()
	}
	if got, want := files(t, dir), []string{"ex2602.log", "ex260201.log", "ex260202.log", "ex260204.log"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := stems(t, content(t, dir, "ex260202.log")); !slices.Equal(got, []string{"/sunday"}) {
		t.Errorf("week 2: %q", got)
	}
}

func TestRollover(t *testing.T) {
	zone := time.FixedZone("CET", 3600)
	midnight := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	local := time.Date(2026, 1, 1, 0, 0, 0, 0, zone)
	tests := []struct {
		name        string
		o           Options
		at          time.Time
		old, new    string
		before, now string // first time column
	}{
		{"Q193612-a midnight GMT", Options{Format: stemLog(), Period: PeriodDaily}, midnight.In(zone), "ex251231.log", "ex260101.log", "23:59:59", "00:00:00"},
		{"Q193612-b local midnight, times GMT", Options{Format: stemLog(), Period: PeriodDaily, LocaltimeRollover: true}, local, "ex251231.log", "ex260101.log", "22:59:59", "23:00:00"},
		{"hourly", Options{Format: stemLog(), Period: PeriodHourly}, midnight, "ex25123123.log", "ex26010100.log", "23:59:59", "00:00:00"},
		{"monthly", Options{Format: stemLog(), Period: PeriodMonthly}, midnight, "ex2512.log", "ex2601.log", "23:59:59", "00:00:00"},
		{"Microsoft IIS, local midnight", Options{Format: &MicrosoftIIS{}, Period: PeriodDaily}, local, "in251231.log", "in260101.log", "23:59:59", "0:00:00"},
		{"NCSA, local midnight", Options{Format: &NCSA{}, Period: PeriodDaily}, local, "nc251231.log", "nc260101.log", "31/Dec/2025:23:59:59", "01/Jan/2026:00:00:00"},
	}
	for _, tt := range tests {
		tt.o.Dir = t.TempDir()
		l := Open(tt.o)
		write(l, tt.at.Add(-time.Second), "/old1")
		write(l, tt.at, "/new1")
		write(l, tt.at.Add(-time.Millisecond), "/old2") // ended before midnight, logged after
		write(l, tt.at.Add(time.Millisecond), "/new2")
		l.Close()
		if got := files(t, tt.o.Dir); !slices.Equal(got, []string{tt.old, tt.new}) {
			t.Errorf("%s: files %q", tt.name, got)
			continue
		}
		for name, want := range map[string][2]string{tt.old: {"old", tt.before}, tt.new: {"new", tt.now}} {
			got := content(t, tt.o.Dir, name)
			if strings.Count(got, "/"+want[0]) != 2 || strings.Count(got, want[1]) < 2 || strings.Count(got, "#Software") > 1 ||
				len(regexp.MustCompile(`/(old|new)\d`).FindAllString(got, -1)) != 2 {
				t.Errorf("%s: %s holds\n%s", tt.name, name, got)
			}
		}
	}
}

// Q291279: no requests, no file; Q142557-b: a file begins with its first line.
func TestQ291279NoRequestsNoFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "W3SVC1")
	l := Open(Options{Dir: dir, Format: stemLog(), Period: PeriodDaily})
	flush(t, l)
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("directory made without a line: %v", err)
	}
	day := time.Date(2026, 2, 1, 9, 0, 0, 0, time.UTC)
	write(l, day, "/a")
	write(l, day.AddDate(0, 0, 2), "/b")
	l.Close()
	if got := files(t, dir); !slices.Equal(got, []string{"ex260201.log", "ex260203.log"}) {
		t.Errorf("%q", got)
	}
	for path, want := range map[string]os.FileMode{dir: 0o750, filepath.Join(dir, "ex260201.log"): 0o640} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm()&^want != 0 {
			t.Errorf("%s: %v %v", path, info.Mode(), err)
		}
	}
}

func TestRestartRepeatsDirectives(t *testing.T) {
	dir := t.TempDir()
	at := time.Date(2026, 2, 1, 9, 0, 0, 0, time.UTC)
	for i, stem := range []string{"/a", "/b"} {
		l := Open(Options{Dir: dir, Format: stemLog(), Period: PeriodDaily})
		write(l, at.Add(time.Duration(i)*time.Minute), stem)
		write(l, at.Add(time.Hour), stem)
		l.Close()
	}
	const want = "#Software: S\r\n#Version: 1.0\r\n#Date: 2026-02-01 09:00:00\r\n#Fields: time cs-uri-stem\r\n09:00:00 /a\r\n10:00:00 /a\r\n" +
		"#Software: S\r\n#Version: 1.0\r\n#Date: 2026-02-01 09:01:00\r\n#Fields: time cs-uri-stem\r\n09:01:00 /b\r\n10:00:00 /b\r\n"
	if got := content(t, dir, "ex260201.log"); got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestUnfinishedLineIsEnded(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "ex260201.log")
	if err := os.WriteFile(name, []byte("09:00:00 /half"), 0o640); err != nil {
		t.Fatal(err)
	}
	l := Open(Options{Dir: dir, Format: stemLog(), Period: PeriodDaily})
	write(l, time.Date(2026, 2, 1, 9, 0, 0, 0, time.UTC), "/b")
	l.Close()
	if got := content(t, name); !strings.HasPrefix(got, "09:00:00 /half\r\n#Software: S\r\n") {
		t.Errorf("%q", got)
	}
}

func TestSizeRollover(t *testing.T) {
	dir := t.TempDir()
	at := time.Date(2026, 2, 1, 9, 0, 0, 0, time.UTC)
	header := len(stemLog().AppendHeader(nil, at))
	const lineLen = len("09:00:00 /a\r\n")
	o := Options{Dir: dir, Format: stemLog(), Period: PeriodSize, TruncateSize: uint32(header + 3*lineLen)}
	os.WriteFile(filepath.Join(dir, "extend07.log"), make([]byte, o.TruncateSize), 0o640)
	os.WriteFile(filepath.Join(dir, "extend3.log"), nil, 0o640)
	os.WriteFile(filepath.Join(dir, "extend99x.log"), nil, 0o640)
	l := Open(o)
	for range 7 {
		write(l, at, "/a")
	}
	l.Close()
	l = Open(o) // goes on with the last file, which has room for no line besides a heading
	write(l, at.AddDate(1, 0, 0), "/b")
	l.Close()
	want := []string{"extend07.log", "extend08.log", "extend09.log", "extend10.log", "extend11.log", "extend3.log", "extend99x.log"}
	if got := files(t, dir); !slices.Equal(got, want) {
		t.Fatalf("got %q", got)
	}
	for name, n := range map[string]int{"extend08.log": 3, "extend09.log": 3, "extend10.log": 1, "extend11.log": 1} {
		text := content(t, dir, name)
		if got := len(stems(t, text)); got != n || len(text) > int(o.TruncateSize) || strings.Count(text, "#Date") != 1 {
			t.Errorf("%s: %d lines, %d bytes\n%s", name, got, len(text), text)
		}
	}
}

func TestQ170856SizeMeansNothingToTimedPeriods(t *testing.T) {
	dir := t.TempDir()
	l := Open(Options{Dir: dir, Format: stemLog(), Period: PeriodDaily, TruncateSize: 100})
	for range 100 {
		write(l, time.Date(2026, 2, 1, 9, 0, 0, 0, time.UTC), "/a")
	}
	l.Close()
	if got := files(t, dir); !slices.Equal(got, []string{"ex260201.log"}) {
		t.Errorf("%q", got)
	}
}

func TestHTTPErrFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "HTTPERR")
	o := HTTPErrOptions{Dir: dir, Format: HTTPErr{Software: "Microsoft HTTP API 1.0"}}
	for range 2 {
		l := OpenHTTPErr(o)
		e := &HTTPErrEntry{Time: time.Now(), URI: "/" + strings.Repeat("x", 4000), Status: 400, Reason: "URL"}
		for range 140 { // over half a megabyte
			l.Write(e)
		}
		if err := l.Close(); err != nil || l.Lost() != 0 {
			t.Fatal(err, l.Lost())
		}
	}
	if got := files(t, dir); !slices.Equal(got, []string{"httperr1.log", "httperr2.log"}) {
		t.Fatalf("%q", got)
	}
	one, two := content(t, dir, "httperr1.log"), content(t, dir, "httperr2.log")
	if strings.Count(one, "#Software") != 2 || strings.Count(two, "#Software") != 1 ||
		strings.Count(one+two, " 400 ") != 280 || len(one) > 1<<20 || len(one) < 1<<20-8192 {
		t.Errorf("%d and %d bytes", len(one), len(two))
	}
}

// A line of a quiet log is in its file within a second.
func TestLineIsInFileSoon(t *testing.T) {
	dir := t.TempDir()
	l := Open(Options{Dir: dir, Format: stemLog(), Period: PeriodDaily})
	defer l.Close()
	at := time.Now()
	write(l, at, "/a")
	for len(files(t, dir)) == 0 || !strings.Contains(content(t, dir, files(t, dir)[0]), "/a\r\n") {
		if time.Since(at) > time.Second {
			t.Fatal("no line after a second")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// Lines sit in memory, and stopping writes them.
func TestQ142557aCloseWritesAll(t *testing.T) {
	dir := t.TempDir()
	l := Open(Options{Dir: dir, Format: stemLog(), Period: PeriodDaily})
	at := time.Date(2026, 2, 1, 9, 0, 0, 0, time.UTC)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 5000 {
				write(l, at, fmt.Sprintf("/%d/%d", g, i))
			}
		})
	}
	wg.Wait()
	if err := l.Close(); err != nil || l.Lost() != 0 {
		t.Fatal(err, l.Lost())
	}
	got := stems(t, content(t, dir, "ex260201.log"))
	slices.Sort(got)
	if len(slices.Compact(got)) != 20000 {
		t.Errorf("%d lines", len(got))
	}
	write(l, at, "/late")
	if l.Lost() != 1 || !errors.Is(l.Close(), errClosed) {
		t.Error("a line after Close is not counted")
	}
}

func TestClockOfEntriesWithoutTime(t *testing.T) {
	dir := t.TempDir()
	l := Open(Options{Dir: dir, Format: stemLog(), Period: PeriodDaily, Clock: func() time.Time { return time.Date(2026, 2, 1, 9, 0, 0, 0, time.UTC) }})
	l.Write(&Entry{URIStem: "/a"})
	l.Close()
	if got := content(t, dir, "ex260201.log"); !strings.HasSuffix(got, "09:00:00 /a\r\n") {
		t.Error(got)
	}
}

// logrotate and administrators move, delete and truncate files.
func TestFileTakenAway(t *testing.T) {
	at := time.Date(2026, 2, 1, 9, 0, 0, 0, time.UTC)
	tests := map[string]func(dir, name string) error{
		"deleted":           func(dir, name string) error { return os.Remove(name) },
		"renamed":           func(dir, name string) error { return os.Rename(name, name+".1") },
		"truncated":         func(dir, name string) error { return os.Truncate(name, 0) },
		"directory removed": func(dir, name string) error { return os.RemoveAll(dir) },
	}
	for what, take := range tests {
		dir := filepath.Join(t.TempDir(), "W3SVC1")
		name := filepath.Join(dir, "ex260201.log")
		l := Open(Options{Dir: dir, Format: stemLog(), Period: PeriodDaily})
		write(l, at, "/a")
		flush(t, l)
		if err := take(dir, name); err != nil {
			t.Fatal(err)
		}
		write(l, at.Add(time.Minute), "/b")
		flush(t, l)
		write(l, at.Add(time.Minute), "/c")
		l.Close()
		const want = "#Software: S\r\n#Version: 1.0\r\n#Date: 2026-02-01 09:01:00\r\n#Fields: time cs-uri-stem\r\n09:01:00 /b\r\n09:01:00 /c\r\n"
		if got := content(t, name); got != want {
			t.Errorf("%s: %q", what, got)
		}
	}
}

// A recorder keeps what a Log reports.
type recorder chan struct {
	err  error
	lost int64
}

func (r recorder) report(err error, lost int64) {
	r <- struct {
		err  error
		lost int64
	}{err, lost}
}

// A full disk: /dev/full refuses every write. Afterwards all lines are there,
// in order, without anyone asking.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "ex260201.log")
	if err := os.Symlink("/dev/full", name); err != nil {
		t.Fatal(err)
	}
	r := make(recorder, 10)
	l := Open(Options{Dir: dir, Format: stemLog(), Period: PeriodDaily, Report: r.report})
	defer l.Close()
	at := time.Date(2026, 2, 1, 9, 0, 0, 0, time.UTC)
	write(l, at, "/a")
	if got := <-r; !errors.Is(got.err, syscall.ENOSPC) || got.lost != 0 {
		t.Fatalf("%+v", got)
	}
	if err := l.Flush(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Flush: %v", err)
	}
	write(l, at, "/b")
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if got := <-r; got.err != nil || got.lost != 0 {
		t.Fatalf("%+v", got)
	}
	flush(t, l)
	if got := stems(t, content(t, name)); !slices.Equal(got, []string{"/a", "/b"}) || len(r) != 0 {
		t.Errorf("%q", got)
	}
}

// alone runs the calling test in a process of its own and returns false there:
// a limit on the size of files would hit the testing package's files, too.
func alone(t *testing.T) (done bool) {
	t.Helper()
	const variable = "LOGGING_TEST_ALONE"
	if os.Getenv(variable) != "" {
		signal.Ignore(syscall.SIGXFSZ)
		return false
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), variable+"=1")
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("%v\n%s", err, out)
	}
	return true
}

// The disk fills up in the middle of a line, and of the heading.
func TestDiskFullInMidLine(t *testing.T) {
	if alone(t) {
		return
	}
	for _, size := range []uint64{5, 80, 90, 95, 200} {
		var before syscall.Rlimit
		if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		l := Open(Options{Dir: dir, Format: stemLog(), Period: PeriodDaily})
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: size, Max: before.Max}); err != nil {
			t.Fatal(err)
		}
		at := time.Date(2026, 2, 1, 9, 0, 0, 0, time.UTC)
		var want []string
		var err error
		for i := range 20 {
			want = append(want, fmt.Sprintf("/%d", i))
			write(l, at, want[i])
			err = l.Flush()
		}
		if e := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before); e != nil {
			t.Fatal(e)
		}
		if !errors.Is(err, syscall.EFBIG) {
			t.Errorf("%d bytes: %v", size, err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		text := content(t, dir, "ex260201.log")
		if got := stems(t, text); !slices.Equal(got, want) || strings.Count(text, "#Software: S\r\n#Version: 1.0\r\n#Date: 2026-02-01 09:00:00\r\n#Fields: time cs-uri-stem\r\n") != 1 {
			t.Errorf("%d bytes: %q", size, text)
		}
	}
}

// A file moved away with half a line: the line is whole in the new file.
func TestHalfLineIsRepeatedInNewFile(t *testing.T) {
	if alone(t) {
		return
	}
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	name := filepath.Join(dir, "ex260201.log")
	at := time.Date(2026, 2, 1, 9, 0, 0, 0, time.UTC)
	l := Open(Options{Dir: dir, Format: stemLog(), Period: PeriodDaily})
	limit := uint64(len(stemLog().AppendHeader(nil, at)) + len("09:00:00 /a\r\n09:00"))
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: before.Max}); err != nil {
		t.Fatal(err)
	}
	write(l, at, "/a")
	write(l, at, "/b")
	err := l.Flush()
	if e := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before); e != nil {
		t.Fatal(e)
	}
	if !errors.Is(err, syscall.EFBIG) {
		t.Fatal(err)
	}
	if err := os.Rename(name, name+".1"); err != nil {
		t.Fatal(err)
	}
	l.Close()
	if got := stems(t, content(t, name)); !slices.Equal(got, []string{"/b"}) {
		t.Errorf("%q", got)
	}
}

// While the directory cannot be made 4 MB are kept and the rest is counted.
func TestLinesBeyondMemoryAreCounted(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "W3SVC1")
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r := make(recorder, 10)
	l := Open(Options{Dir: dir, Format: stemLog(), Period: PeriodDaily, Report: r.report})
	at := time.Date(2026, 2, 1, 9, 0, 0, 0, time.UTC)
	write(l, at, "/first")
	if err := l.Flush(); !errors.Is(err, syscall.ENOTDIR) {
		t.Fatal(err)
	}
	if got := <-r; got.err == nil {
		t.Fatalf("%+v", got)
	}
	const n = 6000
	for range n {
		write(l, at, "/"+strings.Repeat("x", 1000))
	}
	lost := l.Lost()
	if lost == 0 || lost == n {
		t.Fatalf("%d lines lost", lost)
	}
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if got := <-r; got.err != nil || got.lost != lost {
		t.Fatalf("%+v, want %d", got, lost)
	}
	write(l, at, "/last")
	l.Close()
	got := stems(t, content(t, dir, "ex260201.log"))
	if len(got) != n+2-int(lost) || got[0] != "/first" || got[len(got)-1] != "/last" || l.Lost() != lost {
		t.Errorf("%d lines, %d lost", len(got), lost)
	}
}

// What ails yesterday's file does not keep today's from being written, nor
// takes all the memory.
func TestNewPeriodAfterFailure(t *testing.T) {
	dir := t.TempDir()
	bad := filepath.Join(dir, "ex260201.log")
	if err := os.Mkdir(bad, 0o700); err != nil {
		t.Fatal(err)
	}
	l := Open(Options{Dir: dir, Format: stemLog(), Period: PeriodDaily})
	at := time.Date(2026, 2, 1, 9, 0, 0, 0, time.UTC)
	write(l, at, "/old")
	if l.Flush() == nil {
		t.Fatal("no error")
	}
	write(l, at.AddDate(0, 0, 1), "/new")
	if l.Flush() == nil {
		t.Fatal("no error")
	}
	if got := stems(t, content(t, dir, "ex260202.log")); !slices.Equal(got, []string{"/new"}) {
		t.Errorf("%q", got)
	}
	if err := os.Remove(bad); err != nil {
		t.Fatal(err)
	}
	flush(t, l)
	if got := stems(t, content(t, bad)); !slices.Equal(got, []string{"/old"}) {
		t.Errorf("%q", got)
	}
	if err := os.Rename(bad, bad+".1"); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(bad, 0o700); err != nil {
		t.Fatal(err)
	}
	for range 2000 {
		write(l, at, "/"+strings.Repeat("x", 1000))
	}
	write(l, at.AddDate(0, 0, 1), "/new2")
	if l.Flush() == nil || l.Lost() != 2000 {
		t.Errorf("%d lines lost", l.Lost())
	}
	l.Close()
}

// The directory loses its permissions. The thread that flushes gives up root's
// rights for good, and ends with its goroutine.
func TestPermissionLost(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	l := Open(Options{Dir: dir, Format: stemLog(), Period: PeriodDaily})
	failed := make(chan error)
	go func() {
		runtime.LockOSThread()
		syscall.RawSyscall(syscall.SYS_SETFSUID, 65534, 0, 0)
		write(l, time.Date(2026, 2, 1, 9, 0, 0, 0, time.UTC), "/a")
		failed <- l.Flush()
	}()
	if err := <-failed; !errors.Is(err, syscall.EACCES) {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	flush(t, l)
	l.Close()
	if got := stems(t, content(t, dir, "ex260201.log")); !slices.Equal(got, []string{"/a"}) {
		t.Errorf("%q", got)
	}
}

// benchmarkEntry is a request with the default fields of 6.0.
func benchmarkEntry() *Entry {
	e := sample()
	e.UserAgent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:109.0) Gecko/20100101 Firefox/112.0"
	return e
}

func TestWriteDoesNotAllocate(t *testing.T) {
	formats := []Format{&W3C{Mask: mask60}, &W3C{Mask: mask85, UTF8: true}, &MicrosoftIIS{}, &NCSA{}}
	for _, f := range formats {
		l := Open(Options{Dir: t.TempDir(), Format: f, Period: PeriodDaily})
		e := benchmarkEntry()
		for range 4 { // both buffers grow to their size
			for range 300 {
				l.Write(e)
			}
			flush(t, l)
		}
		if n := testing.AllocsPerRun(200, func() { l.Write(e) }); n != 0 {
			t.Errorf("%T: %v allocations", f, n)
		}
		l.Close()
	}
}

func BenchmarkAppendEntry(b *testing.B) {
	formats := map[string]Format{"W3C60": &W3C{Mask: mask60}, "W3C10": &W3C{Mask: mask85, UTF8: true}, "IIS": &MicrosoftIIS{}, "NCSA": &NCSA{}}
	for name, f := range formats {
		b.Run(name, func(b *testing.B) {
			e := benchmarkEntry()
			e.Time = time.Now()
			buf := make([]byte, 0, 1024)
			b.ReportAllocs()
			for b.Loop() {
				buf = f.AppendEntry(buf[:0], e)
			}
		})
	}
}

func BenchmarkWrite(b *testing.B) {
	l := Open(Options{Dir: b.TempDir(), Format: &W3C{Mask: mask60}, Period: PeriodDaily})
	e := benchmarkEntry()
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		l.Write(e)
		if n++; n%300 == 0 { // a disk that keeps up
			l.Flush()
		}
	}
	l.Close()
	if l.Lost() > 0 {
		b.Errorf("%d lines lost", l.Lost())
	}
}
