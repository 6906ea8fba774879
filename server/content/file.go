package content

import (
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A File is a file or a directory as a response needs it. A file of the cache is
// shared by all requests: it must not be changed.
type File struct {
	Name   string // path below the root as it is on disk, "" for the root
	Dir    bool
	Hidden bool // a part of Name begins with a dot; ".well-known" (RFC 8615) does not count

	Size         int64     // bytes; 0 for a directory
	ModTime      time.Time // last write
	LastModified string    // the same as an HTTP date
	ETag         string    // with quotes, change number 0: 7.0 and later
	ETagChange   string    // with quotes and the server's change number: 4.0 to 6.0

	// Data is the whole content, nil where it has to be read from Handle.
	Data []byte

	handle *os.File
}

// Handle returns the open file, positioned at its start, or nil for a directory
// and where Data holds the content. The file may have become shorter than Size:
// who reads it must expect its end too early.
func (f *File) Handle() *os.File { return f.handle }

// Close releases the handle. Files that have none need it not, but may be closed.
func (f *File) Close() error {
	if f.handle == nil {
		return nil
	}
	return f.handle.Close()
}

// newFile describes what name is.
func newFile(name string, id identity, change uint32) *File {
	f := &File{Name: name, Dir: id.isDir(), Hidden: hidden(name)}
	f.stamp(id, change)
	return f
}

// stamp fills in what changes when a file is written.
func (f *File) stamp(id identity, change uint32) {
	f.ModTime = time.Unix(0, id.mtime)
	f.LastModified = f.ModTime.UTC().Format(httpDate)
	if !f.Dir {
		f.Size = id.size
	}
	tag := appendTag([]byte{'"'}, f.ModTime)
	f.ETag = string(tag) + `:0"`
	f.ETagChange = string(strconv.AppendUint(append(tag, ':'), uint64(change), 16)) + `"`
}

// appendTag appends the time part of an entity tag: the eight bytes of the
// FILETIME in memory order, each in hexadecimal without a leading zero (checked
// with the reply in Q218180).
func appendTag(b []byte, t time.Time) []byte {
	const epoch = 116444736000000000 // 1970 as FILETIME, 100 ns since 1601 (MS-DTYP 2.3.3)
	ticks := uint64(t.Unix()*1e7 + int64(t.Nanosecond()/100) + epoch)
	for range 8 {
		b = strconv.AppendUint(b, ticks&0xff, 16)
		ticks >>= 8
	}
	return b
}

// hidden reports whether a part of a path begins with a dot, which on Linux is
// what the hidden attribute is on Windows (Q216803).
func hidden(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if strings.HasPrefix(part, ".") && part != ".well-known" {
			return true
		}
	}
	return false
}

// load opens name and reads it if it is small. It returns also the state that the
// file is in, and whether the cache may keep it.
func (c *Cache) load(root *os.Root, name string, start time.Time) (*File, identity, bool, error) {
	info, err := root.Stat(inRoot(name))
	if err != nil {
		return nil, identity{}, false, plainError(err)
	}
	id := identityFrom(info)
	if id.isDir() {
		return newFile(name, id, c.change), id, true, nil
	}
	if !id.isRegular() { // opening a device may do something
		return nil, id, false, syscall.ENOENT
	}
	handle, err := root.OpenFile(inRoot(name), os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, id, false, plainError(err)
	}
	f, id, keep, err := c.read(handle, name, start)
	if err != nil || f.handle == nil {
		handle.Close()
	}
	return f, id, keep, err
}

// read describes an open file, takes a small one into memory and reports whether
// it may be kept there.
func (c *Cache) read(handle *os.File, name string, start time.Time) (*File, identity, bool, error) {
	info, err := handle.Stat()
	if err != nil {
		return nil, identity{}, false, plainError(err)
	}
	id := identityFrom(info)
	if !id.isRegular() { // another file since it was looked at
		return nil, id, false, syscall.ENOENT
	}
	f := newFile(name, id, c.change)
	if id.size <= c.maxFile {
		data, after, err := readAll(handle, id.size)
		if err == nil && after == id {
			f.Data = data
			return f, id, id.settled(start.UnixNano()), nil
		}
		// It is being written: what is sent is what is there when it is sent.
		if _, err := handle.Seek(0, io.SeekStart); err != nil {
			return nil, id, false, plainError(err)
		}
	}
	f.handle = handle
	return f, id, false, nil
}

// readAll reads size bytes and returns them with the identity of the file
// afterwards.
func readAll(handle *os.File, size int64) ([]byte, identity, error) {
	data := make([]byte, size)
	if _, err := io.ReadFull(handle, data); err != nil {
		return nil, identity{}, err
	}
	info, err := handle.Stat()
	if err != nil {
		return nil, identity{}, err
	}
	return data, identityFrom(info), nil
}
