package main

import (
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// quietTime is how long a file must have been left alone before it is read:
// an editor writes in several steps.
const quietTime = 100 * time.Millisecond

// A watcher notices changes of the files that a server was configured from. It
// watches their directories, since editors put a new file in the place of the
// old one. A nil watcher notices nothing.
type watcher struct {
	*fsnotify.Watcher
	files   func() []string
	names   chan map[string]bool
	changed chan struct{}
}

// watch starts watching the files that the function names.
func watch(files func() []string) (*watcher, error) {
	fw, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	w := &watcher{Watcher: fw, files: files, names: make(chan map[string]bool, 1), changed: make(chan struct{}, 1)}
	w.Renew()
	go w.run()
	return w, nil
}

// Changed delivers a value when a file has changed and has settled.
func (w *watcher) Changed() <-chan struct{} {
	if w == nil {
		return nil
	}
	return w.changed
}

// Renew takes note of the files there are to watch now.
func (w *watcher) Renew() {
	if w == nil {
		return
	}
	names := map[string]bool{}
	for _, f := range w.files() {
		if abs, err := filepath.Abs(f); err == nil {
			names[abs] = true
			w.Add(filepath.Dir(abs))
		}
	}
	w.names <- names
}

func (w *watcher) run() {
	names := <-w.names
	settled := time.NewTimer(0)
	<-settled.C
	for {
		select {
		case names = <-w.names:
		case e, ok := <-w.Events:
			if !ok {
				return
			}
			if names[e.Name] && e.Op != fsnotify.Chmod {
				settled.Reset(quietTime)
			}
		case _, ok := <-w.Errors:
			if !ok {
				return
			}
			settled.Reset(quietTime) // events were lost: look
		case <-settled.C:
			select {
			case w.changed <- struct{}{}:
			default:
			}
		}
	}
}
