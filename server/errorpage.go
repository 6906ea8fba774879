package server

import (
	"bytes"
	"maps"
	"sync"
	"sync/atomic"

	"iisd/server/status"
	"iisd/server/urlpath"
)

// An outcome is what a built-in page shows of a status: code and substatus.
// The Win32 code is for the log.
type outcome struct{ code, sub int }

// A builtInPage is a page the service makes itself. It holds nothing of the
// request (Q260347, Q320374), so one copy serves everybody.
type builtInPage struct {
	body        []byte
	contentType string // "" where the reply has no Content-Type
}

// maxCachedPages bounds the pages kept for one version. There are fewer
// outcomes in IIS.
const maxCachedPages = 256

// cachedPages returns a page function that calls draw once for each outcome
// and keeps what it drew. Looking up a page that is drawn allocates nothing.
func cachedPages(draw func(o outcome) builtInPage) func(st status.Status) ([]byte, string) {
	var (
		mu    sync.Mutex
		pages atomic.Pointer[map[outcome]builtInPage] // replaced, never changed
	)
	pages.Store(&map[outcome]builtInPage{})
	return func(st status.Status) ([]byte, string) {
		o := outcome{st.Code, st.Sub}
		if pg, ok := (*pages.Load())[o]; ok {
			return pg.body, pg.contentType
		}
		mu.Lock()
		defer mu.Unlock()
		pg, ok := (*pages.Load())[o]
		if !ok {
			pg = draw(o)
			if known := *pages.Load(); len(known) < maxCachedPages {
				next := maps.Clone(known)
				next[o] = pg
				pages.Store(&next)
			}
		}
		return pg.body, pg.contentType
	}
}

// padded brings a page to a length in bytes that was observed: the spaces it
// lacks go in front of its last tag. A page that is too long stays as it is;
// the tests notice.
func padded(page []byte, length int) []byte {
	lack := length - len(page)
	end := bytes.LastIndexByte(page, '<')
	if lack <= 0 || end < 0 {
		return page
	}
	b := make([]byte, 0, length)
	b = append(b, page[:end]...)
	b = append(b, bytes.Repeat([]byte{' '}, lack)...)
	return append(b, page[end:]...)
}

// A redirectPage is the body of 301 and 302 in one version.
type redirectPage struct {
	title       string
	end         string // after the last tag
	contentType string
}

// redirectBody appends the body of a redirect to url. The URL comes from the
// request, so it is escaped (Q317035).
func (p *Profile) redirectBody(b []byte, url string) []byte {
	b = append(b, "<head><title>"...)
	b = append(b, p.Redirect.title...)
	b = append(b, "</title></head>\n<body><h1>Object Moved</h1>This document may be found <a HREF=\""...)
	b = urlpath.AppendHTML(b, url)
	b = append(b, "\">here</a></body>"...)
	return append(b, p.Redirect.end...)
}
