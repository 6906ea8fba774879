package server

import (
	"os"
	"sync"
	"time"

	"iisd/metabase"
	"iisd/server/content"
)

// A rootSet holds the directories of virtual directories open, so that nothing
// outside them can be reached.
type rootSet struct {
	mu    sync.RWMutex
	roots map[rootKey]*openRoot
}

type rootKey struct {
	path string
	fold bool
}

type openRoot struct {
	root    *content.Root
	info    os.FileInfo // of the directory when it was opened
	checked time.Time
}

// rootTrust is how long a directory is taken to be the one it was: a deployment
// that puts another in its place is noticed then.
const rootTrust = time.Second

// rootOf returns the directory of a virtual directory.
func (s *Server) rootOf(vdir *metabase.Node, now time.Time) (*content.Root, error) {
	k := rootKey{vdir.Path, vdir.CompareNames}
	s.roots.mu.RLock()
	r := s.roots.roots[k]
	fresh := r != nil && now.Sub(r.checked) < rootTrust
	s.roots.mu.RUnlock()
	if fresh {
		return r.root, nil
	}
	return s.roots.open(k, now)
}

func (rs *rootSet) open(k rootKey, now time.Time) (*content.Root, error) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	info, err := os.Stat(k.path)
	if err != nil {
		delete(rs.roots, k)
		return nil, err
	}
	if r := rs.roots[k]; r != nil && os.SameFile(r.info, info) {
		r.checked = now
		return r.root, nil
	}
	root, err := content.OpenRoot(k.path, k.fold)
	if err != nil {
		return nil, err
	}
	if rs.roots == nil {
		rs.roots = map[rootKey]*openRoot{}
	}
	rs.roots[k] = &openRoot{root: root, info: info, checked: now}
	return root, nil
}
