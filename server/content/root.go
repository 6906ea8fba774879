// Package content finds files of a virtual directory by name the way Windows
// does and keeps small ones in memory. It also decides what a conditional or
// partial request gets (RFC 9110), and writes directory listings in IIS's form.
package content

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

// ErrOutside is a name that a symbolic link leads out of the virtual directory.
// It is an fs.ErrNotExist too.
var ErrOutside = fmt.Errorf("content: link leads out of the virtual directory: %w", fs.ErrNotExist)

// A Root is the physical directory of a virtual directory. Files are opened
// through an os.Root only, so that nothing outside is ever opened. It may be
// used by many goroutines.
type Root struct {
	dir  string // absolute
	fold bool   // names without regard to case

	mu     sync.Mutex
	root   *os.Root
	id     identity // of dir when root was opened
	closed bool
}

// OpenRoot opens a directory. With foldCase set, names are found without regard
// to case (Q264284) where the exact name does not exist.
func OpenRoot(dir string, foldCase bool) (*Root, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	r := &Root{dir: abs, fold: foldCase}
	if _, err := r.current(); err != nil {
		return nil, &fs.PathError{Op: "open", Path: dir, Err: err}
	}
	return r, nil
}

// Close releases the directory. Files that are open stay so, and a cache goes on
// giving what it keeps.
func (r *Root) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	r.closed = true
	return r.root.Close()
}

// current returns the directory that stands at the path now: a deployment may
// have put another in its place.
func (r *Root) current() (*os.Root, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, fs.ErrClosed
	}
	id, err := statPath(r.dir)
	switch {
	case err == nil && !id.isDir(), errors.Is(err, fs.ErrNotExist):
		return nil, syscall.ENOTDIR
	case err != nil:
		return nil, err
	case r.root != nil && r.id.sameFile(id):
		return r.root, nil
	}
	root, err := os.OpenRoot(r.dir)
	if err != nil {
		return nil, plainError(err)
	}
	if r.root != nil {
		r.root.Close() // what is being opened through it holds it open
	}
	r.root, r.id = root, id
	return root, nil
}

// path returns the absolute path of a name below the root.
func (r *Root) path(name string) string {
	if name == "" {
		return r.dir
	}
	return r.dir + "/" + name
}

// inRoot returns name as os.Root wants it.
func inRoot(name string) string {
	if name == "" {
		return "."
	}
	return name
}

// plainError reduces an error of package os to what it means for a request. It
// keeps no path: the caller's may be memory that is used again.
func plainError(err error) error {
	var errno syscall.Errno
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrClosed):
		return fs.ErrClosed
	case !errors.As(err, &errno):
		return ErrOutside // os.Root's own refusal is no Errno
	}
	switch errno {
	case syscall.ENAMETOOLONG, syscall.ELOOP, syscall.EINVAL, syscall.ENXIO, syscall.ENODEV:
		return syscall.ENOENT // a name, or a kind of file, that cannot be
	}
	return errno
}

// An identity tells one state of a file from another.
type identity struct {
	dev, ino     uint64
	size         int64
	mtime, ctime int64 // nanoseconds since 1970
	mode         uint32
}

func statPath(path string) (identity, error) {
	var st syscall.Stat_t
	for {
		err := syscall.Stat(path, &st)
		if err == nil {
			return identityOf(&st), nil
		}
		if err != syscall.EINTR {
			return identity{}, plainError(err)
		}
	}
}

func identityOf(st *syscall.Stat_t) identity {
	return identity{
		dev: uint64(st.Dev), ino: st.Ino, size: st.Size,
		mtime: st.Mtim.Nano(), ctime: st.Ctim.Nano(), mode: st.Mode,
	}
}

// identityFrom returns the identity behind a FileInfo of package os.
func identityFrom(info fs.FileInfo) identity {
	return identityOf(info.Sys().(*syscall.Stat_t))
}

func (a identity) sameFile(b identity) bool { return a.dev == b.dev && a.ino == b.ino }
func (a identity) isDir() bool              { return a.mode&syscall.S_IFMT == syscall.S_IFDIR }
func (a identity) isRegular() bool          { return a.mode&syscall.S_IFMT == syscall.S_IFREG }

// settled reports whether the last change was so long before t that another
// change would show in the times.
func (a identity) settled(t int64) bool { return t-max(a.mtime, a.ctime) >= int64(settleTime) }
