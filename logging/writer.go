package logging

import (
	"bytes"
	"cmp"
	"errors"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// batchSize is how many bytes are written without waiting for more: IIS's
	// LogFileBatchSize (Q301310).
	batchSize = 64 << 10

	// flushAfter is how long a line waits for others. IIS waits up to five
	// minutes (Q301310); administrators here want to see what just happened.
	flushAfter = 250 * time.Millisecond

	// retryAfter is the time between attempts while lines cannot be written.
	retryAfter = time.Second

	// maxKept is how many bytes are kept in memory at most, and maxKeptOld how
	// many of them for the file of an earlier period once later lines can be written.
	maxKept    = 4 << 20
	maxKeptOld = 1 << 20

	// maxIdle is the size of a buffer that is kept however few lines it had.
	maxIdle = 2 * batchSize
)

var (
	errBehind = errors.New("logging: the disk is slower than the log")
	errClosed = errors.New("logging: log is closed")
)

// A writer carries finished lines to files. Lines are formatted under mu into a
// buffer; whoever holds disk takes the buffer and writes it, so that no request
// waits for a disk.
type writer struct {
	dir    string
	names  Names
	period Period
	utc    bool  // periods are those of UTC, else of the entry's own time
	limit  int64 // bytes of a numbered file
	header func(b []byte, t time.Time) []byte
	report func(err error, lost int64)

	lost  atomic.Int64
	first chan struct{} // a line waits in an empty buffer
	now   chan struct{} // do not wait any longer
	stop  chan struct{}
	done  chan struct{}

	mu       sync.Mutex
	batch    batch
	spare    batch
	kept     int  // bytes in backlog
	failing  bool // the last attempt failed
	overflow bool // lines were lost since the last attempt
	closed   bool
	file     *file  // where the last line went
	previous *file  // and the lines before a rollover
	minute   int64  // first Unix second of the minute whose file is known to be file
	name     []byte // scratch
	seq      int    // number of the file
	size     int64  // its bytes, those in memory included
	lines    bool   // it has a line

	disk     sync.Mutex
	backlog  []piece // taken from the buffer and not written yet
	opened   []*file // in no order; few
	reported bool    // failure has been reported
	lostThen int64   // lost when it was
}

// A batch is a buffer of whole lines and where in it the file changes.
type batch struct {
	b    []byte
	cuts []piece // each ends where the next one starts
}

// A piece is a run of lines that belong in one file.
type piece struct {
	file  *file
	first time.Time // of its first line
	start int       // in the batch
	b     []byte
	owned bool // b is not part of a buffer
	done  int  // bytes of b that are written
}

func (w *writer) open() {
	w.first = make(chan struct{}, 1)
	w.now = make(chan struct{}, 1)
	w.stop = make(chan struct{})
	w.done = make(chan struct{})
	w.seq = 1
	if w.period == PeriodSize {
		w.findLast()
	}
	go w.run()
}

// findLast looks for the numbered file to go on with.
func (w *writer) findLast() {
	entries, err := os.ReadDir(w.dir)
	if err != nil {
		return // the first line will make the directory, or report why it cannot
	}
	for _, e := range entries {
		seq, ok := w.names.number(e.Name())
		if !ok || seq < w.seq {
			continue
		}
		w.seq = seq
		w.size = 0
		if info, err := e.Info(); err == nil {
			w.size = info.Size()
		}
	}
	w.lines = w.size > 0
}

// begin returns the buffer to append a line of time t to, or false if there is
// no room for it. It is called, like end, with mu held.
func (w *writer) begin(t time.Time) (b []byte, ok bool) {
	if w.closed {
		w.lost.Add(1)
		return nil, false
	}
	w.choose(t)
	if w.kept+len(w.batch.b) >= maxKept {
		w.lost.Add(1)
		w.overflow = true
		return nil, false
	}
	return w.batch.b, true
}

// end takes back the buffer with a line of time t appended.
func (w *writer) end(b []byte, t time.Time) {
	start := len(w.batch.b)
	n := len(b) - start
	if n == 0 {
		return
	}
	if w.period == PeriodSize {
		w.grow(int64(n), t)
	}
	w.batch.b = b
	if k := len(w.batch.cuts); k == 0 || w.batch.cuts[k-1].file != w.file {
		w.batch.cuts = append(w.batch.cuts, piece{file: w.file, first: t, start: start})
	}
	if start == 0 {
		wake(w.first)
	}
	if len(b) >= batchSize && !w.failing {
		wake(w.now)
	}
}

// choose sets file to the one a line of time t belongs in. A name does not
// change within a minute: periods begin at full minutes in every time zone.
func (w *writer) choose(t time.Time) {
	sec := t.Unix()
	if w.file != nil && (w.period == PeriodSize || sec >= w.minute && sec < w.minute+60) {
		return
	}
	if w.utc {
		t = t.UTC()
	}
	w.minute = sec - int64(t.Second())
	w.name = w.names.AppendFileName(w.name[:0], w.period, t, w.seq)
	switch {
	case w.file != nil && w.file.name == string(w.name):
	case w.previous != nil && w.previous.name == string(w.name):
		// Requests that end at midnight may arrive here in another order.
		w.file, w.previous = w.previous, w.file
	default:
		w.next()
	}
}

// next goes on to the file called w.name.
func (w *writer) next() {
	w.previous = w.file
	w.file = &file{name: string(w.name)}
	if w.failing {
		wake(w.now) // what ailed the old file may not ail this one
	}
}

// grow counts a line of n bytes and time t, and goes on to the next number if
// the file has no room for it.
func (w *writer) grow(n int64, t time.Time) {
	if !w.file.counted {
		w.file.counted = true
		w.size += int64(len(w.header(nil, t)))
	}
	if w.lines && w.size+n > w.limit {
		w.seq++
		w.name = w.names.AppendFileName(w.name[:0], w.period, t, w.seq)
		w.next()
		w.file.counted = true
		w.size = int64(len(w.header(nil, t)))
	}
	w.lines = true
	w.size += n
}

func wake(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// run flushes when there is enough to write, or something has waited long
// enough. Without lines nothing wakes it.
func (w *writer) run() {
	defer close(w.done)
	var due <-chan time.Time
	for {
		select {
		case <-w.stop:
			return
		case <-w.first:
			if due == nil {
				due = time.After(flushAfter)
			}
			continue
		case <-w.now:
		case <-due:
		}
		due = nil
		if w.flush() != nil {
			due = time.After(retryAfter)
		}
	}
}

// flush writes what is in memory and says what is in the way of the rest.
func (w *writer) flush() error {
	w.disk.Lock()
	defer w.disk.Unlock()
	full := w.take()
	err := w.writeBacklog()
	overflow := w.giveBack(full, err != nil)
	w.tell(err, overflow)
	if err != nil {
		wake(w.first) // whoever flushed, run tries again
	}
	return err
}

// take moves the buffered lines to the backlog. It returns the buffer, which
// the backlog aliases until giveBack.
func (w *writer) take() batch {
	w.mu.Lock()
	full := w.batch
	w.batch, w.spare = w.spare, batch{}
	w.kept += len(full.b)
	w.mu.Unlock()
	for i := range full.cuts {
		p := full.cuts[i]
		end := len(full.b)
		if i+1 < len(full.cuts) {
			end = full.cuts[i+1].start
		}
		p.b = full.b[p.start:end:end]
		w.enqueue(p)
	}
	return full
}

// enqueue adds a piece to the backlog, joined to the last one if it can be, so
// that a long outage of a quiet log does not end in a thousand small writes.
func (w *writer) enqueue(p piece) {
	if n := len(w.backlog); n > 0 && w.backlog[n-1].file == p.file {
		last := &w.backlog[n-1]
		last.b = append(last.b, p.b...)
		return
	}
	w.backlog = append(w.backlog, p)
}

// writeBacklog writes the backlog in order. Where one file fails the lines of
// another are written all the same. It returns the first error.
func (w *writer) writeBacklog() error {
	var firstErr error
	var failed []*file
	old := 0 // pieces left that come before a written one
	left := w.backlog[:0]
	for _, p := range w.backlog {
		if slices.Contains(failed, p.file) {
			left = append(left, p)
			continue
		}
		if err := w.write(&p); err != nil {
			firstErr = cmp.Or(firstErr, err)
			failed = append(failed, p.file)
			left = append(left, p)
			continue
		}
		old = len(left)
	}
	clear(w.backlog[len(left):])
	w.backlog = left
	w.forgetOld(old)
	return firstErr
}

// forgetOld gives up the oldest of the first old pieces, those of files that
// cannot be written though a later one can, so that they do not take the room of
// newer lines.
func (w *writer) forgetOld(old int) {
	n := 0
	for _, p := range w.backlog[:old] {
		n += p.unwritten()
	}
	for ; old > 0 && n > maxKeptOld; old-- {
		p := &w.backlog[0]
		n -= p.unwritten()
		w.lost.Add(p.lines())
		*p = piece{}
		w.backlog = w.backlog[1:]
	}
}

// write writes one piece and closes files that are no longer written to.
func (w *writer) write(p *piece) error {
	f := p.file
	if err := f.ready(w.dir); err != nil {
		return err
	}
	if f.fresh {
		// A line half written to a file that is gone is written whole.
		p.done = p.lineStart()
		f.fresh = false
		f.lead = f.ending
		if f.needsHeader {
			f.lead = w.header(f.lead, p.first)
		}
	}
	if !slices.Contains(w.opened, f) {
		w.opened = append(w.opened, f)
	}
	if err := f.write(p); err != nil {
		return err
	}
	for _, other := range w.opened {
		if other != f {
			other.close()
		}
	}
	w.opened = append(w.opened[:0], f)
	return nil
}

// giveBack makes the buffer available again: what could not be written of it is
// copied. It returns whether lines were lost since the last attempt.
func (w *writer) giveBack(full batch, failing bool) (overflow bool) {
	kept := 0
	for i := range w.backlog {
		w.backlog[i].own()
		kept += len(w.backlog[i].b)
	}
	if len(w.backlog) == 0 {
		w.backlog = nil
	}
	used := len(full.b)
	clear(full.cuts)
	full.b, full.cuts = full.b[:0], full.cuts[:0]
	w.mu.Lock()
	defer w.mu.Unlock()
	w.kept = kept
	w.failing = failing
	if cap(full.b) <= max(maxIdle, 4*used) {
		w.spare = full
	}
	overflow, w.overflow = w.overflow, false
	return overflow
}

// tell reports the beginning and the end of a failure.
func (w *writer) tell(err error, overflow bool) {
	if !w.reported {
		if err == nil && overflow {
			w.begun(errBehind)
		} else if err != nil {
			w.begun(err)
		}
	}
	if w.reported && err == nil {
		lost := w.lost.Load()
		w.reported = false
		if w.report != nil {
			w.report(nil, lost-w.lostThen)
		}
		w.lostThen = lost
	}
}

func (w *writer) begun(err error) {
	w.reported = true
	if w.report != nil {
		w.report(err, 0)
	}
}

func (w *writer) close() error {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return errClosed
	}
	w.closed = true
	w.mu.Unlock()
	close(w.stop)
	<-w.done
	err := w.flush()
	w.disk.Lock()
	defer w.disk.Unlock()
	for i := range w.backlog {
		w.lost.Add(w.backlog[i].lines())
	}
	w.backlog = nil
	for _, f := range w.opened {
		err = cmp.Or(err, f.close())
	}
	w.opened = nil
	return err
}

func (p *piece) unwritten() int { return len(p.b) - p.done }

// lineStart returns where the line begins that is next to be written, or half
// written.
func (p *piece) lineStart() int { return bytes.LastIndexByte(p.b[:p.done], '\n') + 1 }

// lines returns the number of lines not written to their end.
func (p *piece) lines() int64 { return int64(bytes.Count(p.b[p.done:], []byte{'\n'})) }

// own makes the piece independent of the buffer and forgets whole lines that
// are written.
func (p *piece) own() {
	start := p.lineStart()
	if p.owned && start == 0 {
		return
	}
	p.owned = true
	p.b = bytes.Clone(p.b[start:])
	p.done -= start
}
