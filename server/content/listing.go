package content

import (
	"errors"
	"html"
	"io/fs"
	"net/url"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"
)

// An Entry is a file or directory in a listing.
type Entry struct {
	Name    string
	Dir     bool
	Size    int64     // bytes; 0 for a directory
	ModTime time.Time // last write
}

// ReadDir returns what a directory holds, in the order of names without regard
// to case, directories and files mixed. Hidden files, what is no regular file or
// directory, links that lead out of the root, and names that no URL can stand for
// are left out. Errors are those of Open.
func (c *Cache) ReadDir(r *Root, below string) ([]Entry, error) {
	below = strings.Clone(strings.TrimSuffix(below, "/"))
	if below != "" && !fs.ValidPath(below) {
		return nil, syscall.ENOENT
	}
	root, err := r.current()
	if err != nil {
		return nil, err
	}
	at, err := c.resolve(r, root, below)
	if err != nil {
		return nil, err
	}
	dir, err := openDir(root, at.name)
	if err != nil {
		return nil, plainError(err)
	}
	defer dir.Close()
	found, err := dir.ReadDir(-1)
	if err != nil {
		return nil, plainError(err)
	}
	entries := make([]Entry, 0, len(found))
	for _, d := range found {
		if hidden(d.Name()) || !nameable(d.Name()) {
			continue
		}
		info, err := infoOf(root, at.name, d)
		if errors.Is(err, fs.ErrNotExist) {
			continue // gone, or a link out of the root
		}
		if err != nil {
			return nil, err
		}
		switch {
		case info.IsDir():
			entries = append(entries, Entry{Name: d.Name(), Dir: true, ModTime: info.ModTime()})
		case info.Mode().IsRegular():
			entries = append(entries, Entry{Name: d.Name(), Size: info.Size(), ModTime: info.ModTime()})
		}
	}
	slices.SortFunc(entries, func(a, b Entry) int { return compareNames(a.Name, b.Name) })
	return entries, nil
}

// infoOf returns what an entry of a directory is, for a link what it leads to.
func infoOf(root *os.Root, dir string, d fs.DirEntry) (fs.FileInfo, error) {
	var info fs.FileInfo
	var err error
	if d.Type()&fs.ModeSymlink != 0 {
		info, err = root.Stat(join(dir, d.Name()))
	} else {
		info, err = d.Info()
	}
	return info, plainError(err)
}

// nameable reports whether a URL can stand for a file of this name.
func nameable(name string) bool {
	for _, c := range []byte(name) {
		if c < 0x20 || c == 0x7f || c == '\\' {
			return false
		}
	}
	return utf8.ValidString(name)
}

// Bits of DirBrowseFlags that shape a listing (MD_DIRECTORY_BROWSING).
const (
	showDate      = 0x2
	showTime      = 0x4
	showSize      = 0x8
	showExtension = 0x10
	showLongDate  = 0x20
)

// A Listing is the page that shows what a directory holds.
type Listing struct {
	Host    string  // name of the site as the client knows it
	Path    string  // URL path of the directory, decoded, with a slash at the end
	Entries []Entry // in the order they are shown
	Flags   uint32  // DirBrowseFlags
	AtRoot  bool    // the site's root: there is no parent to lead to

	Location *time.Location // for dates; nil: local time
}

// Append appends the page, byte for byte as 6.0 and 7.5 write it.
func (l *Listing) Append(b []byte) []byte {
	title := html.EscapeString(l.Host + " - " + l.Path)
	b = append(b, "<html><head><title>"+title+"</title></head><body><H1>"+title+"</H1><hr>\r\n\r\n<pre>"...)
	if !l.AtRoot {
		parent, _ := path.Split(strings.TrimSuffix(l.Path, "/"))
		b = append(b, `<A HREF="`+reference(parent)+`">[To Parent Directory]</A><br><br>`...)
	}
	base := reference(l.Path)
	for i := range l.Entries {
		b = l.appendRow(b, base, &l.Entries[i])
	}
	return append(b, "</pre><hr></body></html>"...)
}

// appendRow appends the columns of an entry, each to the right of its width.
func (l *Listing) appendRow(b []byte, base string, e *Entry) []byte {
	loc := l.Location
	if loc == nil {
		loc = time.Local
	}
	t := e.ModTime.In(loc)
	switch {
	case l.Flags&showDate == 0:
	case l.Flags&showLongDate != 0:
		b = appendRight(b, t.Format("Monday, January 02, 2006"), 29)
		b = append(b, ' ')
	default:
		b = appendRight(b, t.Format("1/2/2006"), 10)
		b = append(b, ' ')
	}
	if l.Flags&showTime != 0 {
		b = appendRight(b, t.Format("3:04 PM"), 8)
	}
	if l.Flags&showSize != 0 {
		if e.Dir {
			b = append(b, "        &lt;dir&gt;"...)
		} else {
			b = appendRight(b, strconv.FormatInt(e.Size, 10), 13)
		}
	}
	if l.Flags&(showTime|showSize) != 0 {
		b = append(b, ' ')
	}
	slash, shown := "", e.Name
	if e.Dir {
		slash = "/"
	} else if l.Flags&showExtension == 0 {
		shown = strings.TrimSuffix(shown, path.Ext(shown))
	}
	return append(b, `<A HREF="`+base+reference(e.Name)+slash+`">`+html.EscapeString(shown)+`</A><br>`...)
}

func appendRight(b []byte, s string, width int) []byte {
	for range width - len(s) {
		b = append(b, ' ')
	}
	return append(b, s...)
}

// reference returns a path or name for an HREF: percent-encoded, then as HTML
// (Q187034, Q303681).
func reference(name string) string {
	u := url.URL{Path: name}
	return html.EscapeString(u.EscapedPath())
}
