package server

import (
	"bytes"
	"io"
	"path"
	"strconv"
	"strings"

	"iisd/server/content"
	"iisd/server/urlpath"
)

// isInclude reports whether a file is a page with server-side includes (Q203064).
func isInclude(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".stm", ".shtm", ".shtml":
		return true
	}
	return false
}

// includeType is the media type that MimeMap gives to files with server-side
// includes of other names, as other servers know it too.
const includeType = "text/x-server-parsed-html"

// maxInclude is the largest page that is searched for directives.
const maxInclude = 1 << 20

// include sends a page with its #echo directives carried out: what the test bed's
// whoami pages show. Other directives stay as they are.
func (x *exchange) include(f *content.File) error {
	page := f.Data
	if page == nil {
		b, err := io.ReadAll(io.LimitReader(f.Handle(), maxInclude))
		if err != nil {
			return err
		}
		page = b
	}
	r := &x.resp
	r.code, r.kind, r.size = 200, kindDynamic, -1
	r.set(hServer, x.prof.Server)
	r.set(hContentType, "text/html")
	r.set(hCacheControl, "private")
	r.custom = x.node.HttpCustomHeaders
	r.stream = func(w io.Writer) error { return x.expand(w, page) }
	return nil
}

var (
	directiveStart = []byte("<!--#")
	directiveEnd   = []byte("-->")
)

// expand writes a page with its directives carried out.
func (x *exchange) expand(w io.Writer, page []byte) error {
	for len(page) > 0 {
		text, rest, found := bytes.Cut(page, directiveStart)
		if _, err := w.Write(text); err != nil || !found {
			return err
		}
		directive, after, closed := bytes.Cut(rest, directiveEnd)
		if !closed {
			_, err := w.Write(page[len(text):])
			return err
		}
		out := []byte("<!--#" + string(directive) + "-->")
		if name, ok := echoName(string(directive)); ok {
			out = urlpath.AppendHTML(nil, x.variable(name))
		}
		if _, err := w.Write(out); err != nil {
			return err
		}
		page = after
	}
	return nil
}

// echoName returns the variable that a directive `echo var="NAME"` names.
func echoName(directive string) (string, bool) {
	verb, rest, _ := strings.Cut(strings.TrimSpace(directive), " ")
	if !strings.EqualFold(verb, "echo") {
		return "", false
	}
	key, value, ok := strings.Cut(rest, "=")
	if !ok || !strings.EqualFold(strings.TrimSpace(key), "var") {
		return "", false
	}
	return strings.Trim(strings.TrimSpace(value), `"`), true
}

// variable returns a server variable by IIS's name for it (Q150041), "" where it
// has no value.
func (x *exchange) variable(name string) string {
	c := x.conn
	switch name = strings.ToUpper(name); name {
	case "AUTH_TYPE":
		return x.user.Scheme
	case "AUTH_USER":
		return x.user.Typed
	case "LOGON_USER", "REMOTE_USER":
		return x.user.LogName()
	case "REMOTE_ADDR", "REMOTE_HOST":
		return c.clientIP
	case "LOCAL_ADDR":
		return c.localIP
	case "SERVER_PORT":
		return strconv.Itoa(int(c.local.Port()))
	case "SERVER_NAME":
		if h := hostName(x.req.Host); h != "" {
			return h
		}
		return x.ownName()
	case "SERVER_SOFTWARE":
		return x.prof.Server
	case "SERVER_PROTOCOL":
		return x.req.Proto.String()
	case "REQUEST_METHOD":
		return x.req.Method
	case "QUERY_STRING":
		return x.req.Query
	case "URL", "SCRIPT_NAME", "DOCUMENT_URI":
		return x.path
	case "INSTANCE_ID":
		return x.site.ID
	}
	if field, ok := strings.CutPrefix(name, "HTTP_"); ok && !secretField(strings.ReplaceAll(field, "_", "-")) {
		return x.header(strings.ReplaceAll(field, "_", "-"))
	}
	return ""
}
