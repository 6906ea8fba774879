package content

import (
	"io/fs"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// trust is how long a file is taken to be unchanged after it was looked at.
	trust = time.Millisecond

	// settleTime is the age from which a change of a file shows in its times: the
	// kernel's clock for them ticks every 1 to 10 ms. A younger file is not kept.
	settleTime = 50 * time.Millisecond

	maxEntries = 1 << 16
	entryCost  = 512 // bytes that an entry takes beside names and content, about
)

// A Cache keeps files of all roots in memory. What it returns is never older
// than a millisecond: an entry is compared with the disk before it is used
// (Q187750, Q224298). It may be used by many goroutines.
type Cache struct {
	maxBytes, maxFile int64
	change            uint32

	mu      sync.RWMutex
	entries map[key]*entry
	ring    []*entry // of the eviction clock
	hand    int
	bytes   int64

	names nameCache
}

// A key is a root and the path that was asked for, spelled as it was asked for:
// Page.htm and page.htm may be two files.
type key struct {
	dir  string
	fold bool
	name string
}

// An entry is a file of the cache, or an alias: another spelling of one.
type entry struct {
	key   key
	path  string // absolute
	id    identity
	file  atomic.Pointer[File] // nil once the entry is dropped
	alias *entry
	dirs  []dirState // alias: the directories in which a spelling was looked for

	checked atomic.Int64 // when it was last compared with the disk, nanoseconds since 1970
	used    atomic.Bool
	cost    int64
	slot    int // in the ring
}

// A dirState is a directory as it was when its names were read.
type dirState struct {
	path string
	id   identity
}

// NewCache returns an empty cache that keeps files of up to maxFile bytes, at
// most maxBytes of them with their bookkeeping, and a quarter of that of names of
// directories. change is the server's change number for entity tags.
func NewCache(maxBytes, maxFile int64, change uint32) *Cache {
	c := &Cache{maxBytes: maxBytes, maxFile: maxFile, change: change, entries: map[key]*entry{}}
	c.names.maxBytes = maxBytes / 4
	c.names.lists = map[key]*nameList{}
	return c
}

// Open finds a file or directory. below is its canonical path below the root
// without a leading slash, "" for the root; a slash at the end does not count. It
// is not kept: it may be memory that is used again. now is the time of the
// request; a clock that stands still makes the cache trust what it has.
//
// The error is an fs.ErrNotExist, syscall.ENOTDIR where what should hold the file
// is missing or no directory, an fs.ErrPermission, or whatever else the system
// reports. Only regular files and directories exist.
func (c *Cache) Open(r *Root, below string, now time.Time) (*File, error) {
	if n := len(below); n > 0 && below[n-1] == '/' {
		below = below[:n-1]
	}
	c.mu.RLock()
	e := c.entries[key{r.dir, r.fold, below}]
	c.mu.RUnlock()
	if e != nil {
		if f := e.current(now.UnixNano()); f != nil {
			return f, nil
		}
	}
	return c.open(r, strings.Clone(below), now)
}

// current returns the file if it is still what is on disk, else nil.
func (e *entry) current(now int64) *File {
	if e.alias != nil && !e.sameNames(now) {
		return nil
	}
	if !e.used.Load() {
		e.used.Store(true)
	}
	if e.alias != nil {
		return e.alias.current(now)
	}
	f := e.file.Load()
	if f == nil || e.trusted(now) {
		return f
	}
	if id, err := statPath(e.path); err != nil || id != e.id {
		return nil
	}
	e.checked.Store(now)
	return f
}

// sameNames reports whether an alias still leads where it did: no directory that
// was searched for it has changed.
func (e *entry) sameNames(now int64) bool {
	if e.trusted(now) {
		return true
	}
	for _, d := range e.dirs {
		if id, err := statPath(d.path); err != nil || id != d.id {
			return false
		}
	}
	e.checked.Store(now)
	return true
}

func (e *entry) trusted(now int64) bool {
	age := now - e.checked.Load()
	return 0 <= age && age < int64(trust)
}

// open finds the file on disk and keeps it if it may be kept.
func (c *Cache) open(r *Root, below string, now time.Time) (*File, error) {
	if below != "" && (!fs.ValidPath(below) || strings.IndexByte(below, 0) >= 0) {
		return nil, syscall.ENOENT
	}
	start := time.Now()
	root, err := r.current()
	if err != nil {
		return nil, err
	}
	found, err := c.resolve(r, root, below)
	if err != nil {
		return nil, err
	}
	k := key{r.dir, r.fold, found.name}
	if found.name != below {
		c.mu.RLock()
		e := c.entries[k]
		c.mu.RUnlock()
		if e != nil && e.alias == nil {
			if f := e.current(now.UnixNano()); f != nil {
				c.keepAlias(key{r.dir, r.fold, below}, e, &found, now)
				return f, nil
			}
		}
	}
	f, id, keep, err := c.load(root, found.name, start)
	if err != nil || !keep {
		return f, err
	}
	e := &entry{key: k, path: r.path(found.name), id: id}
	e.file.Store(f)
	e.cost = entryCost + int64(len(e.path)+len(k.name)+len(f.Data))
	if c.keep(e, now) && found.name != below {
		c.keepAlias(key{r.dir, r.fold, below}, e, &found, now)
	}
	return f, nil
}

// keepAlias keeps another spelling of a file's name.
func (c *Cache) keepAlias(k key, e *entry, found *location, now time.Time) {
	if !found.stable {
		return
	}
	a := &entry{key: k, alias: e, dirs: found.dirs, cost: entryCost + int64(len(k.name))}
	for _, d := range found.dirs {
		a.cost += int64(len(d.path)) + 64
	}
	c.keep(a, now)
}

// keep adds an entry and drops others until it fits. It reports whether it could.
func (c *Cache) keep(e *entry, now time.Time) bool {
	if e.cost > c.maxBytes {
		return false
	}
	e.checked.Store(now.UnixNano())
	c.mu.Lock()
	defer c.mu.Unlock()
	if old := c.entries[e.key]; old != nil {
		c.drop(old)
	}
	for c.bytes+e.cost > c.maxBytes || len(c.ring) >= maxEntries {
		c.evict()
	}
	c.entries[e.key] = e
	e.slot = len(c.ring)
	c.ring = append(c.ring, e)
	c.bytes += e.cost
	return true
}

// evict drops the next entry that was not used since the hand last passed, or,
// where all are in use, the one at which it has come round.
func (c *Cache) evict() {
	for range len(c.ring) {
		c.hand %= len(c.ring)
		if !c.ring[c.hand].used.Swap(false) {
			break
		}
		c.hand++
	}
	c.hand %= len(c.ring)
	c.drop(c.ring[c.hand])
}

// drop removes an entry; requests that use its file go on doing so.
func (c *Cache) drop(e *entry) {
	last := c.ring[len(c.ring)-1]
	last.slot = e.slot
	c.ring[e.slot] = last
	c.ring[len(c.ring)-1] = nil
	c.ring = c.ring[:len(c.ring)-1]
	delete(c.entries, e.key)
	c.bytes -= e.cost
	e.file.Store(nil) // aliases hold the entry, but no longer the content
}
