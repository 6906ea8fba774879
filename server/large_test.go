package server

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// largeMetabase returns keys for a metabase of 100,000 keys, 10,000 of them
// virtual directories.
func largeMetabase(dir string) string {
	var b strings.Builder
	for i := range 10000 {
		fmt.Fprintf(&b, "[\"/LM/W3SVC/1/ROOT/v%d\"]\nPath = %q\nAuthFlags = \"AuthAnonymous\"\n", i, dir)
		for j := range 9 {
			fmt.Fprintf(&b, "[\"/LM/W3SVC/1/ROOT/v%d/d%d\"]\nDefaultDoc = \"index%d.htm\"\n", i, j, j)
		}
	}
	return b.String()
}

// A reload of 100,000 keys takes under three seconds beside running requests,
// which notice nothing; log lines equal responses.
func TestReloadOfALargeMetabase(t *testing.T) {
	s := startSite(t, `EmulatedVersion = "6.0"`, nil)
	small, err := os.ReadFile(s.file())
	if err != nil {
		t.Fatal(err)
	}
	s.writeMetabase(string(small) + largeMetabase(filepath.Join(s.dir, "pages")))
	stop := make(chan struct{})
	var wg sync.WaitGroup
	var mu sync.Mutex
	var took []time.Duration
	for range 4 {
		c := s.dial()
		c.SetDeadline(time.Now().Add(time.Minute))
		if code, _ := c.logon("/ntlm/page.htm", "alice", "secret"); code != 200 {
			t.Fatal("no logon")
		}
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				start := time.Now()
				code, body := c.get("/ntlm/page.htm")
				if code != 200 || body != "Payroll" {
					t.Errorf("%d %q during the reload", code, body)
					return
				}
				mu.Lock()
				took = append(took, time.Since(start))
				mu.Unlock()
			}
		})
	}
	start := time.Now()
	err = s.Reload()
	reload := time.Since(start)
	close(stop)
	wg.Wait()
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(took)
	t.Logf("reload %v; %d requests meanwhile, median %v, worst %v", reload, len(took), took[len(took)/2], took[len(took)-1])
	if reload > 3*time.Second && !raceDetector {
		t.Errorf("the reload took %v", reload)
	}
	if code, _ := s.dial().get("/v9999/small.htm"); code != 200 {
		t.Error("a new virtual directory is not there:", code)
	}
}

// What is wrong at a reload leaves everything as it was, and the error says
// where.
func TestRefusedReload(t *testing.T) {
	s := startSite(t, `EmulatedVersion = "6.0"`, nil)
	good, err := os.ReadFile(s.file())
	if err != nil {
		t.Fatal(err)
	}
	c := s.dial()
	for _, test := range []struct{ name, metabase, accounts, want string }{
		{"metabase", string(good) + "NoSuchProperty = 1\n", "", "NoSuchProperty"},
		{"no TOML", string(good) + "][", "", "metabase.toml:"},
		{"accounts", string(good), "[[Account]]\nName = 'x'\nNTHash = 'zz'\n", "accounts.toml:"},
		{"certificate", strings.Replace(string(good), "[\"/LM/W3SVC/1/ROOT\"]", "SecureBindings = [\"127.0.0.1:1:\"]\n[\"/LM/W3SVC/1/ROOT\"]", 1), "", "SecureCertificate"},
	} {
		s.writeMetabase(test.metabase)
		if test.accounts != "" {
			s.write("accounts.toml", []byte(test.accounts))
		}
		if err := s.Reload(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", test.name, err)
		}
		if code, body := c.get("/small.htm"); code != 200 || len(body) != 1024 {
			t.Errorf("%s: %d afterwards", test.name, code)
		}
		if code, _ := s.dial().get("/default.htm"); code != 200 {
			t.Errorf("%s: %d on a new connection", test.name, code)
		}
		s.write("accounts.toml", []byte(testFiles["accounts.toml"]))
	}
}

// A file that changes under load is never served as it was (Q187750, Q224298).
func TestChangedFileUnderLoad(t *testing.T) {
	s := startSite(t, `EmulatedVersion = "6.0"`, nil)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 3 {
		c := s.dial()
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					c.get("/changing.htm")
				}
			}
		})
	}
	c := s.dial()
	for i := range 200 {
		want := strings.Repeat(fmt.Sprint(i%10), 100+i)
		tmp := filepath.Join(s.dir, "pages/new")
		if err := os.WriteFile(tmp, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(tmp, filepath.Join(s.dir, "pages/changing.htm")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Millisecond) // what was just looked at is trusted for one
		if _, got := c.get("/changing.htm"); got != want {
			t.Fatalf("change %d: %.20q, want %.20q", i, got, want)
		}
	}
	close(stop)
	wg.Wait()
}

// Thousands of connections that wait hold neither goroutines nor buffers.
func TestHalfOpenHandshakes(t *testing.T) {
	s := startSite(t, `EmulatedVersion = "6.0"`, nil)
	const many = 1000
	before := runtime.NumGoroutine()
	for range many {
		c := s.dial()
		c.send("", "GET /ntlm/page.htm HTTP/1.1", "Host: web1", negotiateNTLM())
		if resp, _ := c.receive(); resp.StatusCode != 401 {
			t.Fatal(resp.StatusCode)
		}
	}
	if more := runtime.NumGoroutine() - before; more > many/10 {
		t.Errorf("%d goroutines for %d waiting connections", more, many)
	}
}
