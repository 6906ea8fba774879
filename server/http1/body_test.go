package http1

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// A wire is a Source whose client sends data in pieces of step bytes and then
// closes, or fails with err.
type wire struct {
	data string
	step int
	err  error

	buf []byte
}

func (w *wire) Buffered() []byte { return w.buf }
func (w *wire) Consume(n int)    { w.buf = w.buf[n:] }

func (w *wire) Fill() error {
	if w.data == "" {
		if w.err != nil {
			return w.err
		}
		return io.EOF
	}
	n := len(w.data)
	if w.step > 0 {
		n = min(n, w.step)
	}
	fresh := append([]byte(nil), w.buf...)
	for i := range w.buf {
		w.buf[i] = '!' // slices from Buffered are not valid any more
	}
	w.buf = append(fresh, w.data[:n]...)
	w.data = w.data[n:]
	return nil
}

// rest returns what was not consumed.
func (w *wire) rest() string { return string(w.buf) + w.data }

// readBody reads a chunked body from data and returns its content and what
// follows it.
func readBody(data string, step, size int) (content []byte, rest string, body *Body, err error) {
	w := &wire{data: data, step: step}
	body = new(Body)
	body.Reset(w, &Head{Chunked: true, ContentLength: -1}, -1)
	p := make([]byte, size)
	for {
		n, err := body.Read(p)
		content = append(content, p[:n]...)
		if err == io.EOF {
			return content, w.rest(), body, nil
		}
		if err != nil {
			return content, w.rest(), body, err
		}
	}
}

var chunkedGood = []struct{ id, body, content string }{
	{"empty", "0\r\n\r\n", ""},
	{"one", "3\r\nabc\r\n0\r\n\r\n", "abc"},
	{"two", "3\r\nabc\r\n0000A\r\n0123456789\r\n00\r\n\r\n", "abc0123456789"},
	{"sixteen-digits", "0000000000000001\r\na\r\n0\r\n\r\n", "a"},
	{"line-ends-in-data", "4\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n"},
	{"ext", "1;a\r\nx\r\n0;b=c\r\n\r\n", "x"},
	{"ext-quoted", "1;a=\"b;\\\"\\\\ \tc\xff\";d=e;f\r\nx\r\n0\r\n\r\n", "x"},
	{"trailers", "1\r\nx\r\n0\r\nA: b\r\nContent-Lengthy:\r\nc:\td \xff\r\n\r\n", "x"},
	{"ext-4096", "1;" + strings.Repeat("a", 4093) + "\r\nx\r\n0\r\n\r\n", "x"},
	{"byte-by-byte", strings.Repeat("1\r\nx\r\n", 20000) + "0\r\n\r\n", strings.Repeat("x", 20000)},
	{"trailers-8192", "0\r\nX:" + strings.Repeat("a", maxTrailers-6) + "\r\n\r\n", ""},
}

// E9: everything that another parser might frame differently.
var chunkedBad = []struct {
	id, body string
	want     *Error
}{
	{"size-none", "\r\n", errChunkSize},
	{"size-blank-before", " 1\r\nx\r\n", errChunkSize},
	{"size-blank-after", "1 \r\nx\r\n", errChunkSize},
	{"size-tab-after", "1\t;a\r\nx\r\n", errChunkSize},
	{"size-0x", "0x1\r\nx\r\n", errChunkSize},
	{"size-plus", "+1\r\nx\r\n", errChunkSize},
	{"size-minus", "-1\r\nx\r\n", errChunkSize},
	{"size-underscore", "1_0\r\nx\r\n", errChunkSize},
	{"size-not-hex", "g\r\n", errChunkSize},
	{"size-17-digits", "00000000000000001\r\nx\r\n", errChunkSize},
	{"size-2^63", "8000000000000000\r\n", errChunkSize},
	{"size-2^64", "10000000000000000\r\n", errChunkSize},
	{"size-only-ext", ";a\r\n", errChunkSize},
	{"size-LF", "1\nx\r\n0\r\n\r\n", errCRLF},
	{"size-CR", "1\rx", errCRLF},
	{"size-CRCRLF", "1\r\r\nx", errCRLF},
	{"CVE-2025-55315-ext-LF", "1;a\nx\r\n0\r\n\r\n", errCRLF},
	{"CVE-2025-55315-ext-CR", "1;a\rb\r\nx\r\n", errCRLF},
	{"CVE-2025-22871-ext-quoted-LF", "1;a=\"\n\"\r\nx\r\n", errCRLF},
	{"ext-quoted-CRLF", "1;a=\"\r\n\"\r\nx\r\n", errCRLF},
	{"ext-escaped-CR", "1;a=\"\\\r\n\"\r\nx\r\n", errCRLF},
	{"ext-empty", "1;\r\nx\r\n", errCRLF},
	{"ext-empty-LF", "1;\nx\r\n", errCRLF},
	{"ext-empty-value", "1;a=\r\nx\r\n", errCRLF},
	{"ext-no-name", "1;=a\r\nx\r\n", errChunkExt},
	{"ext-blank", "1; a\r\nx\r\n", errChunkExt},
	{"ext-blank-after", "1;a \r\nx\r\n", errChunkExt},
	{"ext-two-values", "1;a=b=c\r\nx\r\n", errChunkExt},
	{"ext-after-quoted", "1;a=\"b\"c\r\nx\r\n", errChunkExt},
	{"ext-quoted-control", "1;a=\"\x00\"\r\nx\r\n", errChunkExt},
	{"ext-quoted-del", "1;a=\"\\\x7f\"\r\nx\r\n", errChunkExt},
	{"ext-control", "1;a\x01\r\nx\r\n", errChunkExt},
	{"ext-8bit", "1;\xe9\r\nx\r\n", errChunkExt},
	{"ext-4097", "1;" + strings.Repeat("a", 4094) + "\r\nx\r\n", errChunkLine},
	{"ext-endless", "1;" + strings.Repeat("a", 5000), errChunkLine},
	{"ext-outweighs-data", strings.Repeat("1;"+strings.Repeat("a", 2000)+"\r\nx\r\n", 10), errChunkLine},
	{"data-long", "1\r\nxy\r\n0\r\n\r\n", errChunkEnd},
	{"data-short", "3\r\nx\r\n0\r\n\r\n", errChunkEnd},
	{"data-LF", "1\r\nx\n0\r\n\r\n", errChunkEnd},
	{"data-CR", "1\r\nx\r0\r\n\r\n", errChunkEnd},
	{"end-LF", "0\r\n\n", errCRLF},
	{"end-CR", "0\r\n\rX", errCRLF},
	{"trailer-length", "0\r\nContent-length: 1\r\n\r\n", errTrailerName},
	{"trailer-coding", "0\r\nTRANSFER-ENCODING: chunked\r\n\r\n", errTrailerName},
	{"trailer-host", "0\r\nX: y\r\nhost: b\r\n\r\n", errTrailerName},
	{"trailer-fold", "0\r\nX: y\r\n z\r\n\r\n", errFold},
	{"trailer-request", "0\r\nGET / HTTP/1.1\r\n\r\n", errColon},
	{"trailer-blank", "0\r\nX : y\r\n\r\n", errColon},
	{"trailer-no-name", "0\r\n: y\r\n\r\n", errName},
	{"trailer-nul-in-name", "0\r\nX\x00: y\r\n\r\n", errName},
	{"trailer-nul", "0\r\nX: \x00\r\n\r\n", errValue},
	{"trailer-LF", "0\r\nX: y\n\r\n", errCRLF},
	{"trailer-LF-name", "0\r\nX\n\r\n", errCRLF},
	{"trailer-CR", "0\r\nX: y\rz\r\n\r\n", errCRLF},
	{"trailers-8193", "0\r\nX:" + strings.Repeat("a", maxTrailers-5) + "\r\n\r\n", errTrailers},
	{"trailers-endless", "0\r\n" + strings.Repeat("X: y\r\n", 2000), errTrailers},
}

const following = "GET /next HTTP/1.1\r\n\r\n"

func TestChunked(t *testing.T) {
	for _, tt := range chunkedGood {
		for _, step := range []int{0, 1, 7} {
			content, rest, b, err := readBody(tt.body+following, step, 5)
			if err != nil || string(content) != tt.content || rest != following {
				t.Errorf("%s in steps of %d: %.40q, rest %.40q, %v", tt.id, step, content, rest, err)
			}
			if !b.Done() || b.Left() != 0 || b.Received() != int64(len(tt.body)) {
				t.Errorf("%s in steps of %d: Done %v, Left %d, Received %d, want %d", tt.id, step, b.Done(), b.Left(), b.Received(), len(tt.body))
			}
		}
	}
}

func TestChunkedRefused(t *testing.T) {
	for _, tt := range chunkedBad {
		for _, step := range []int{0, 1, 7} {
			_, _, b, err := readBody(tt.body+following, step, 100)
			if err != tt.want {
				t.Errorf("E9 %s in steps of %d: %v, want %v", tt.id, step, err, tt.want)
			}
			if _, again := b.Read(make([]byte, 1)); again != err || b.Done() {
				t.Errorf("E9 %s: then %v, Done %v; a malformed body stays malformed", tt.id, again, b.Done())
			}
			if done, again := b.Drain(1 << 20); done || again != err {
				t.Errorf("E9 %s: Drain = %v, %v", tt.id, done, again)
			}
		}
		if tt.want.Code != 400 {
			t.Errorf("E9 %s: %d, want 400", tt.id, tt.want.Code)
		}
	}
}

func TestClientGoesAway(t *testing.T) {
	for _, tt := range chunkedGood[:8] {
		for cut := range len(tt.body) {
			if _, _, _, err := readBody(tt.body[:cut], 0, 100); err != io.ErrUnexpectedEOF {
				t.Errorf("%s cut at %d: %v, want unexpected EOF", tt.id, cut, err)
			}
		}
	}
	b := new(Body)
	b.Reset(&wire{data: "abc"}, &Head{ContentLength: 4}, -1)
	if got, err := io.ReadAll(b); string(got) != "abc" || err != io.ErrUnexpectedEOF || b.Done() {
		t.Errorf("length 4: %q, %v, Done %v", got, err, b.Done())
	}
}

// TestDeadline: an error of the connection is passed on and may pass.
func TestDeadline(t *testing.T) {
	late := errors.New("late")
	w := &wire{data: "ab", err: late}
	b := new(Body)
	b.Reset(w, &Head{ContentLength: 4}, -1)
	if got, err := io.ReadAll(b); string(got) != "ab" || err != late {
		t.Fatalf("%q, %v", got, err)
	}
	if done, err := b.Drain(10); done || err != late {
		t.Fatalf("Drain = %v, %v", done, err)
	}
	w.data = "cdef"
	if got, err := io.ReadAll(b); string(got) != "cd" || err != nil || w.rest() != "ef" {
		t.Errorf("then %q, %v, rest %q", got, err, w.rest())
	}
}

func TestLength(t *testing.T) {
	for _, n := range []int64{-1, 0, 1, 5} {
		w := &wire{data: "abcdefgh", step: 3}
		b := new(Body)
		b.Reset(w, &Head{ContentLength: n}, -1)
		want := "abcdefgh"[:max(n, 0)]
		if b.Left() != max(n, 0) || b.Received() != 0 || len(w.buf) != 0 {
			t.Errorf("length %d: at first Left %d, Received %d, buffered %q", n, b.Left(), b.Received(), w.buf)
		}
		got, err := io.ReadAll(b)
		if string(got) != want || err != nil || w.rest() != "abcdefgh"[len(want):] {
			t.Errorf("length %d: %q, %v, rest %q", n, got, err, w.rest())
		}
		if !b.Done() || b.Received() != int64(len(want)) {
			t.Errorf("length %d: Done %v, Received %d", n, b.Done(), b.Received())
		}
	}
	var none Body
	if n, err := none.Read(make([]byte, 1)); n != 0 || err != io.EOF || !none.Done() {
		t.Errorf("zero value: %d, %v, Done %v", n, err, none.Done())
	}
	if done, err := none.Drain(0); !done || err != nil {
		t.Errorf("zero value: Drain = %v, %v", done, err)
	}
}

func TestTooLarge(t *testing.T) {
	chunks := "3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n"
	for _, tt := range []struct {
		id   string
		h    Head
		data string
		max  int64
		want string // what can be read
		ok   bool
	}{
		{"length-at", Head{ContentLength: 6}, "abcdef", 6, "abcdef", true},
		{"length-over", Head{ContentLength: 6}, "abcdef", 5, "", false},
		{"length-none-allowed", Head{ContentLength: 1}, "a", 0, "", false},
		{"none-of-none", Head{ContentLength: -1}, "", 0, "", true},
		{"chunked-at", Head{Chunked: true}, chunks, 6, "abcdef", true},
		{"chunked-over", Head{Chunked: true}, chunks, 5, "abc", false},
		{"chunked-empty", Head{Chunked: true}, "0\r\n\r\n", 0, "", true},
		{"chunked-huge", Head{Chunked: true}, "7fffffffffffffff\r\n", 5, "", false},
	} {
		w := &wire{data: tt.data + following}
		b := new(Body)
		b.Reset(w, &tt.h, tt.max)
		got, err := io.ReadAll(b)
		if string(got) != tt.want || tt.ok != (err == nil) || !tt.ok && err != ErrEntityTooLarge {
			t.Errorf("%s: %q, %v", tt.id, got, err)
		}
		if tt.id == "chunked-huge" {
			continue
		}
		// A9: what was refused can still be drained, and only then is there a next request.
		if done, err := b.Drain(100); !done || err != nil || w.rest() != following {
			t.Errorf("%s: Drain = %v, %v, rest %q", tt.id, done, err, w.rest())
		}
	}
}

// TestDrain covers A9: draining stops at the budget and never takes a byte of
// the next request.
func TestDrain(t *testing.T) {
	for _, h := range []Head{{ContentLength: 20}, {Chunked: true}} {
		data := "01234567890123456789"
		if h.Chunked {
			data = "5;a=b\r\nabcde\r\n0\r\nX:\r\n\r\n"
		}
		for budget := range int64(len(data) + 2) {
			for _, step := range []int{0, 1} {
				w := &wire{data: data + following, step: step}
				b := new(Body)
				b.Reset(w, &h, -1)
				done, err := b.Drain(budget)
				all := budget >= int64(len(data))
				want := min(budget, int64(len(data)))
				if err != nil || done != all || b.Done() != all || b.Received() != want || w.rest() != (data + following)[want:] {
					t.Errorf("chunked %v, budget %d: %v, %v, received %d, rest %q", h.Chunked, budget, done, err, b.Received(), w.rest())
				}
				if done, err = b.Drain(1 << 62); !done || err != nil || w.rest() != following {
					t.Errorf("chunked %v, after budget %d: %v, %v, rest %q", h.Chunked, budget, done, err, w.rest())
				}
			}
		}
	}
}

func TestAppend(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{string(AppendStatusLine(nil, "HTTP/1.1", 401, "Access Denied")), "HTTP/1.1 401 Access Denied\r\n"},
		{string(AppendStatusLine([]byte("x"), "HTTP/1.0", 200, "")), "xHTTP/1.0 200 \r\n"},
		{string(AppendStatusLine(nil, "HTTP/1.1", 302, "a\r\nb\x00")), "HTTP/1.1 302 ab\r\n"},
		{string(AppendField(nil, "Location", "/x")), "Location: /x\r\n"},
		{string(AppendField(nil, "Location", "/\r\nSet-Cookie: a\n\n\x00\r")), "Location: /Set-Cookie: a\r\n"},
		{string(AppendField(nil, "X\r\nY", "\xe9\t")), "XY: \xe9\t\r\n"},
	} {
		if tt.got != tt.want {
			t.Errorf("%q, want %q", tt.got, tt.want)
		}
	}
}

func TestChunkWriter(t *testing.T) {
	var out bytes.Buffer
	w := &ChunkWriter{W: &out}
	for _, s := range []string{"abc", "", strings.Repeat("x", 26)} {
		if n, err := io.WriteString(w, s); n != len(s) || err != nil {
			t.Fatalf("Write = %d, %v", n, err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if want := "3\r\nabc\r\n1a\r\n" + strings.Repeat("x", 26) + "\r\n0\r\n\r\n"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}

// A brokenWriter takes n bytes and then fails.
type brokenWriter int

func (w *brokenWriter) Write(p []byte) (int, error) {
	n := min(len(p), int(*w))
	*w -= brokenWriter(n)
	if n < len(p) {
		return n, io.ErrClosedPipe
	}
	return n, nil
}

func TestChunkWriterFails(t *testing.T) {
	for room, want := range map[brokenWriter]int{0: 0, 2: 0, 3: 0, 5: 2, 7: 4} { // of "4 CR LF abcd CR LF"
		w := &ChunkWriter{W: &room}
		if n, err := w.Write([]byte("abcd")); n != want || err != io.ErrClosedPipe {
			t.Errorf("Write = %d, %v; want %d", n, err, want)
		}
	}
	room := brokenWriter(4)
	if err := (&ChunkWriter{W: &room}).Close(); err != io.ErrClosedPipe {
		t.Errorf("Close = %v", err)
	}
}

func TestBodyAllocatesNothing(t *testing.T) {
	data := []byte("5;a=b\r\nabcde\r\n0\r\nX:\r\n\r\n")
	w, b, h, p := new(wire), new(Body), &Head{Chunked: true}, make([]byte, 16)
	out := &ChunkWriter{W: io.Discard}
	if n := testing.AllocsPerRun(100, func() {
		w.buf = data
		b.Reset(w, h, -1)
		for {
			if _, err := b.Read(p); err != nil {
				break
			}
		}
		out.Write(p)
	}); n != 0 || !b.Done() {
		t.Errorf("%v allocations, Done %v", n, b.Done())
	}
}

func BenchmarkChunked(b *testing.B) {
	data := []byte(fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", 4096, strings.Repeat("x", 4096)))
	w, body, h, p := new(wire), new(Body), &Head{Chunked: true}, make([]byte, 8192)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		w.buf = data
		body.Reset(w, h, -1)
		for {
			if _, err := body.Read(p); err != nil {
				break
			}
		}
	}
}
