package server

import (
	"errors"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"iisd/metabase"
	"iisd/server/content"
	"iisd/server/http1"
	"iisd/server/status"
	"iisd/server/urlpath"
)

// get sends what the path names: a file, a directory's default document or
// listing.
func (x *exchange) get() error {
	f, err := x.open(x.below)
	if err != nil {
		return err
	}
	x.resp.file = f
	switch {
	case f.Dir:
		return x.directory(f)
	case strings.HasSuffix(x.path, "/"):
		return status.PathNotFound
	case f.Hidden && x.prof.HiddenDotFiles != (status.Status{}):
		return x.prof.HiddenDotFiles
	}
	return x.file(f)
}

// open finds a file below the node's virtual directory.
func (x *exchange) open(below string) (*content.File, error) {
	vdir := x.node.VDir
	if vdir == nil || vdir.Path == "" {
		return nil, status.PathNotFound
	}
	root, err := x.server.rootOf(vdir, x.now)
	switch {
	case errors.Is(err, fs.ErrNotExist): // what is asked for lies in a directory that is not there
		return nil, status.PathNotFound
	case err != nil:
		return nil, err
	}
	return x.server.cache.Open(root, below, x.now)
}

// directory answers for a directory: the courtesy redirect where the slash is
// missing (Q298408), the default document, the listing, or 403.14.
func (x *exchange) directory(f *content.File) error {
	if !strings.HasSuffix(x.path, "/") {
		code := x.prof.DirRedirect
		if x.below == "" {
			code = x.prof.VDirRedirect
		}
		return x.redirect(code, x.path+"/")
	}
	if x.node.DirBrowseFlags&metabase.EnableDefaultDoc != 0 {
		names := x.node.DefaultDoc
		if most := x.prof.DefaultDocs; most > 0 && len(names) > most {
			names = names[:most]
		}
		for _, name := range names {
			found, err := x.defaultDoc(f, name)
			if found || err != nil {
				return err
			}
		}
	}
	if x.deferred { // and there is no such document
		if err := x.again(); err != nil {
			return err
		}
	}
	if x.node.DirBrowseFlags&metabase.EnableDirBrowsing != 0 {
		return x.listing()
	}
	return status.ListingDenied
}

// defaultDoc serves the default document name if the directory has it. It is a
// request of its own for restriction, authentication and authorisation: a
// document with its own settings answers as if it had been asked for by name
// (Q161066).
func (x *exchange) defaultDoc(dir *content.File, name string) (found bool, err error) {
	below := path.Join(x.below, name)
	asked, node := x.path, x.node
	doc, docBelow := x.site.Resolve(asked + name)
	if doc.VDir != node.VDir {
		below = docBelow
	}
	x.node = doc
	f, err := x.open(below)
	if err != nil || f.Dir {
		x.node = node
		if err == nil {
			f.Close()
		}
		return false, nil
	}
	dir.Close()
	x.resp.file = f
	x.path, x.below = asked+path.Base(f.Name), below
	if !x.prof.DefaultDocLogged {
		x.stem = asked
	}
	if doc != node {
		x.set = x.state.settingsOf(x.site, doc)
		if err := x.again(); err != nil {
			x.path, x.stem = asked, ""
			return true, err
		}
	}
	return true, x.file(f)
}

// again runs the steps before the handler once more, for a document that
// stands in for what was asked. Credentials are judged once: a message of NTLM
// is spent then, so who has logged on by a method that the document takes stays.
func (x *exchange) again() error {
	if err := x.restrict(); err != nil {
		return err
	}
	if !x.set.policy.Admits(x.user, x.auth.Proxied) {
		if err := x.authenticate(); err != nil {
			return err
		}
	}
	return x.authorize()
}

// judgedByDocument reports whether the credentials of a request for an
// anonymous directory are meant for its default document, which has settings of
// its own.
func (x *exchange) judgedByDocument() bool {
	p := x.set.policy
	if len(p.Methods) > 0 || p.Anonymous == nil || !strings.HasSuffix(x.path, "/") || x.node.DirBrowseFlags&metabase.EnableDefaultDoc == 0 {
		return false
	}
	for _, name := range x.node.DefaultDoc {
		if doc, _ := x.site.Resolve(x.path + name); doc != x.node {
			return true
		}
	}
	return false
}

// redirect sends the client to another path of this site.
func (x *exchange) redirect(code int, to string) error {
	b := append(x.scratch[:0], x.origin()...)
	b = urlpath.AppendEscaped(b, to)
	if x.req.HasQuery {
		b = append(b, '?')
		b = appendQuery(b, x.req.Query)
	}
	n := len(b)
	b = x.prof.redirectBody(b, string(b))
	x.scratch = b
	r := &x.resp
	x.closeFile()
	r.code, r.kind = code, kindRedirect
	r.set(hLocation, string(b[:n]))
	r.set(hServer, x.prof.Server)
	r.set(hContentType, x.prof.redirectType())
	r.custom = x.node.HttpCustomHeaders
	r.setMemory(b[n:])
	return nil
}

// appendQuery appends a query with what could end an attribute of the page or a
// header field percent-encoded (Q317035).
func appendQuery(b []byte, query string) []byte {
	const hex = "0123456789ABCDEF"
	for i := range len(query) {
		switch c := query[i]; {
		case c <= ' ', c >= 0x7f, c == '"', c == '\'', c == '<', c == '>', c == '`', c == '\\':
			b = append(b, '%', hex[c>>4], hex[c&15])
		default:
			b = append(b, c)
		}
	}
	return b
}

// origin returns scheme and authority of the site as the client knows it: the
// Host field, or the name of the server where there is none (Q155252). It never
// tells an internal address to a client that did not name it (CVE-2000-0649).
func (x *exchange) origin() string {
	scheme := "http://"
	port := 80
	if x.conn.listener.secure {
		scheme, port = "https://", 443
	}
	if x.req.Host != "" && x.node.SetHostName == "" {
		return scheme + x.req.Host
	}
	return scheme + x.ownName() + portSuffix(int(x.conn.local.Port()), port)
}

// ownName is the name the server gives itself.
func (x *exchange) ownName() string {
	if x.node.SetHostName != "" {
		return x.node.SetHostName
	}
	return strings.ToLower(x.node.ComputerName)
}

func portSuffix(port, usual int) string {
	if port == usual {
		return ""
	}
	return ":" + strconv.Itoa(port)
}

// file sends a file, or the parts of it that were asked for.
func (x *exchange) file(f *content.File) error {
	mime, ok := x.node.MimeMap.Type(f.Name)
	if isInclude(f.Name) || mime == includeType {
		return x.include(f)
	}
	if !ok && x.prof.UnknownMIME404 {
		return status.MimeDenied
	}
	if f.Size > maxFile5 && x.prof.kernel == nil {
		x.resp.reason = "Not Supported"
		return status.NotImplemented // Q234923
	}
	r := &x.resp
	r.code, r.kind = 200, kindStatic
	etag := f.ETag
	if x.prof.ETagChange {
		etag = f.ETagChange
	}
	r.set(hServer, x.prof.Server)
	r.set(hContentType, mime)
	r.set(hLastModified, f.LastModified)
	r.set(hAcceptRanges, "bytes")
	r.set(hETag, etag)
	r.custom = x.node.HttpCustomHeaders
	x.contentLocation()
	r.size = f.Size
	conditions := content.Conditions{
		IfMatch:           x.header("If-Match"),
		IfNoneMatch:       x.header("If-None-Match"),
		IfModifiedSince:   x.header("If-Modified-Since"),
		IfUnmodifiedSince: x.header("If-Unmodified-Since"),
		IfRange:           x.header("If-Range"),
		Range:             x.header("Range"),
	}
	if conditions != (content.Conditions{}) {
		return x.conditional(f, etag, &conditions)
	}
	x.whole(f)
	return nil
}

// maxFile5 is the largest file that 4.0 to 5.1 send (Q234923).
const maxFile5 = 1 << 32

// whole makes the file the body.
func (x *exchange) whole(f *content.File) {
	r := &x.resp
	r.segs[0] = segment{mem: f.Data, n: f.Size}
	r.body = r.segs[:]
	if f.Size == 0 {
		r.body = nil
	}
}

// conditional evaluates the preconditions and ranges of the request.
func (x *exchange) conditional(f *content.File, etag string, c *content.Conditions) error {
	r := &x.resp
	outcome, ranges := c.Evaluate(etag, f.ModTime, f.Size, x.now, nil)
	switch outcome {
	case content.NotModified:
		r.code, r.kind, r.size = 304, kind304, 0
		r.set(hContentType, "")
		x.closeFile()
	case content.PreconditionFailed:
		return status.Precondition
	case content.Unsatisfiable:
		r.set(hContentRange, content.UnsatisfiedRange(f.Size))
		return status.BadRange
	case content.Partial:
		r.code = 206
		if len(ranges) == 1 {
			r.kind = kindPartial
			r.set(hContentRange, content.ContentRange(ranges[0], f.Size))
			r.size = ranges[0].Length
			r.segs[0] = fileSegment(f, ranges[0])
			r.body = r.segs[:]
			return nil
		}
		x.multipart(f, ranges)
	default:
		x.whole(f)
	}
	return nil
}

// fileSegment returns a range of a file as a piece of a body.
func fileSegment(f *content.File, r content.Range) segment {
	s := segment{off: r.Start, n: r.Length}
	if f.Data != nil {
		s.mem = f.Data[r.Start : r.Start+r.Length]
	}
	return s
}

// multipart sends several ranges as multipart/byteranges (RFC 9110, section
// 14.6). 6.0 gives no length and closes the connection.
func (x *exchange) multipart(f *content.File, ranges []content.Range) {
	r := &x.resp
	partType := r.value[hContentType]
	r.kind = kindMultiRange
	r.set(hContentType, content.MultipartType)
	r.noLength = x.prof.MultiRangeCloses
	r.body, r.size = nil, 0
	for _, part := range ranges {
		head := content.AppendPartHeader(nil, partType, part, f.Size)
		r.body = append(r.body, segment{mem: head, n: int64(len(head))}, fileSegment(f, part))
		r.size += int64(len(head)) + part.Length
	}
	tail := []byte(content.MultipartTrailer)
	r.body = append(r.body, segment{mem: tail, n: int64(len(tail))})
	r.size += int64(len(tail))
}

// contentLocation says where a static reply really is: absolute, with the
// address of the server unless UseHostName says otherwise (Q218180, Q244998).
func (x *exchange) contentLocation() {
	switch x.prof.ContentLocation {
	case contentLocationNever:
		return
	case contentLocationDefaultDoc:
		if x.path == x.asked {
			return
		}
	}
	if x.req.Proto == http1.HTTP09 {
		return
	}
	x.resp.set(hContentLocation, x.location())
}

// location returns the absolute URL of the file that is sent.
func (x *exchange) location() string {
	b := x.scratch[:0]
	usual := 80
	if x.conn.listener.secure {
		b, usual = append(b, "https://"...), 443
	} else {
		b = append(b, "http://"...)
	}
	switch local := x.conn.local.Addr(); {
	case x.node.UseHostName, x.node.SetHostName != "":
		b = append(b, x.ownName()...)
	case local.Is6():
		b = append(b, '[')
		b = append(b, x.conn.localIP...)
		b = append(b, ']')
	default:
		b = append(b, x.conn.localIP...)
	}
	if port := int(x.conn.local.Port()); port != usual {
		b = append(b, ':')
		b = strconv.AppendInt(b, int64(port), 10)
	}
	x.scratch = urlpath.AppendEscaped(b, x.path)
	return stringOf(x.scratch)
}

// listing sends the directory's list of files. A large directory takes its time,
// so the list is made when nobody waits behind it.
func (x *exchange) listing() error {
	root, err := x.server.rootOf(x.node.VDir, x.now)
	if err != nil {
		return err
	}
	x.closeFile()
	l := content.Listing{Host: hostName(x.req.Host), Path: x.path, Flags: x.node.DirBrowseFlags, AtRoot: x.path == "/"}
	if l.Host == "" {
		l.Host = x.ownName()
	}
	r := &x.resp
	r.code, r.kind = 200, kindListing
	r.set(hServer, x.prof.Server)
	r.set(hContentType, "text/html")
	r.custom = x.node.HttpCustomHeaders
	r.later = func() error {
		var err error
		if l.Entries, err = x.server.cache.ReadDir(root, x.below); err == nil {
			r.setMemory(l.Append(nil))
		}
		return err
	}
	return nil
}
