package content

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A location is where a name was found on disk.
type location struct {
	name   string     // below the root, as it is on disk
	dirs   []dirState // directories in which only another spelling was found
	stable bool       // their states will show the next change
}

// resolve finds the name on disk that below stands for, part by part: the exact
// name first, else the same in another case; of several, the first in byte order.
func (c *Cache) resolve(r *Root, root *os.Root, below string) (location, error) {
	_, err := statPath(r.path(below))
	if err == nil {
		return location{name: below, stable: true}, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return location{}, err
	}
	at := location{stable: true}
	for rest := below; rest != ""; {
		var part string
		part, rest, _ = strings.Cut(rest, "/")
		id, err := c.step(r, root, &at, part)
		switch {
		case errors.Is(err, fs.ErrNotExist) && rest != "", err == nil && rest != "" && !id.isDir():
			return location{}, syscall.ENOTDIR
		case err != nil:
			return location{}, err
		}
	}
	return at, nil
}

// step goes from at to its part of that name.
func (c *Cache) step(r *Root, root *os.Root, at *location, part string) (identity, error) {
	exact := join(at.name, part)
	id, err := statPath(r.path(exact))
	if err == nil {
		at.name = exact
		return id, nil
	}
	if !r.fold || !errors.Is(err, fs.ErrNotExist) {
		return id, err
	}
	list, err := c.list(r, root, at.name)
	if err != nil {
		return id, err
	}
	real, ok := list.names[foldName(part)]
	if !ok {
		return id, syscall.ENOENT
	}
	at.dirs = append(at.dirs, dirState{r.path(at.name), list.id})
	at.stable = at.stable && list.stable
	at.name = join(at.name, real)
	return statPath(r.path(at.name))
}

func join(dir, name string) string {
	if dir == "" {
		return name
	}
	return dir + "/" + name
}

// A nameCache keeps the names of directories, so that a URL in the wrong case
// does not read the directory each time.
type nameCache struct {
	maxBytes int64

	mu    sync.RWMutex
	lists map[key]*nameList
	bytes int64
}

// A nameList is the names of a directory by what they are without regard to case.
type nameList struct {
	id     identity // of the directory when it was read
	stable bool     // id will show the next change
	names  map[string]string
	cost   int64
}

// list returns the names of a directory.
func (c *Cache) list(r *Root, root *os.Root, dir string) (*nameList, error) {
	id, err := statPath(r.path(dir))
	if err != nil {
		return nil, err
	}
	if !id.isDir() {
		return nil, syscall.ENOTDIR
	}
	k := key{dir: r.dir, name: dir}
	c.names.mu.RLock()
	l := c.names.lists[k]
	c.names.mu.RUnlock()
	if l != nil && l.id == id {
		return l, nil
	}
	if l, err = readNames(root, dir); err != nil {
		return nil, plainError(err)
	}
	if l.stable {
		c.names.keep(k, l)
	}
	return l, nil
}

// readNames reads the names of a directory.
func readNames(root *os.Root, dir string) (*nameList, error) {
	start := time.Now()
	f, err := openDir(root, dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	before, err := f.Stat()
	if err != nil {
		return nil, err
	}
	names, err := f.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	after, err := f.Stat()
	if err != nil {
		return nil, err
	}
	l := &nameList{id: identityFrom(before), names: make(map[string]string, len(names)), cost: entryCost}
	l.stable = l.id == identityFrom(after) && l.id.settled(start.UnixNano())
	for _, name := range names {
		folded := foldName(name)
		if other, ok := l.names[folded]; !ok || name < other {
			l.names[folded] = name
		}
		l.cost += 2*int64(len(name)) + 64
	}
	return l, nil
}

// openDir opens a directory; nothing but a directory, and without waiting for
// the other end of a pipe.
func openDir(root *os.Root, dir string) (*os.File, error) {
	return root.OpenFile(inRoot(dir), os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NONBLOCK, 0)
}

// keep adds a list and drops others, whichever come, until it fits.
func (n *nameCache) keep(k key, l *nameList) {
	if l.cost > n.maxBytes {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if old := n.lists[k]; old != nil {
		n.bytes -= old.cost
		delete(n.lists, k)
	}
	for other, old := range n.lists {
		if n.bytes+l.cost <= n.maxBytes {
			break
		}
		n.bytes -= old.cost
		delete(n.lists, other)
	}
	n.lists[k] = l
	n.bytes += l.cost
}
