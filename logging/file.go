package logging

import (
	"io/fs"
	"os"
	"path/filepath"
)

const (
	dirMode  fs.FileMode = 0o750
	fileMode fs.FileMode = 0o640 // clients' addresses and names are nobody else's business
)

// A file is one log file, open or not. Its name is set by the one who holds
// writer.mu; the rest but counted belongs to the one who holds writer.disk.
type file struct {
	name    string
	counted bool // its heading is part of writer.size; under writer.mu

	f           *os.File
	info        fs.FileInfo // of f when it was opened
	headed      bool        // this process has written a heading
	fresh       bool        // opened, or found empty, since the last write
	needsHeader bool        // if fresh: a heading goes before the next line
	ending      []byte      // if fresh: what ends a line that was left unfinished
	lead        []byte      // not yet written of what goes before the next line
}

// ready opens the file if it is not open, or is no longer the one its name
// stands for since someone moved or deleted it.
func (f *file) ready(dir string) error {
	path := filepath.Join(dir, f.name)
	if f.f != nil {
		info, err := os.Stat(path)
		switch {
		case err == nil && os.SameFile(info, f.info):
			if info.Mode().IsRegular() && info.Size() == 0 && f.headed && len(f.lead) == 0 {
				f.fresh, f.needsHeader, f.ending = true, true, nil // truncated
			}
			return nil
		case err != nil && !os.IsNotExist(err):
			return nil // out of sight, which does not hinder writing
		}
		f.close()
	}
	return f.open(dir, path)
}

func (f *file) open(dir, path string) error {
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return err
	}
	opened, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, fileMode)
	if err != nil {
		return err
	}
	info, err := opened.Stat()
	if err != nil {
		opened.Close()
		return err
	}
	f.f, f.info, f.fresh, f.ending = opened, info, true, nil
	f.needsHeader = !f.headed || info.Size() == 0
	last := make([]byte, 1)
	if info.Mode().IsRegular() && info.Size() > 0 {
		if _, err := opened.ReadAt(last, info.Size()-1); err == nil && last[0] != '\n' {
			f.ending = []byte(lineEnd)
		}
	}
	return nil
}

// write appends what goes before the piece and then the rest of the piece. An
// attempt that ends in the middle of a line is taken up there by the next.
func (f *file) write(p *piece) error {
	if len(f.lead) > 0 {
		n, err := f.f.Write(f.lead)
		f.lead = f.lead[n:]
		if err != nil {
			return err
		}
	}
	f.headed = true
	n, err := f.f.Write(p.b[p.done:])
	p.done += n
	return err
}

func (f *file) close() error {
	if f.f == nil {
		return nil
	}
	err := f.f.Close()
	f.f, f.lead = nil, nil
	return err
}
