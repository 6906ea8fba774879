package http1

import (
	"io"
	"strconv"
)

// AppendStatusLine appends a status line with its CRLF to b. version is such as
// "HTTP/1.1"; the reason phrase may be any of IIS's.
func AppendStatusLine(b []byte, version string, code int, reason string) []byte {
	b = append(b, version...)
	b = append(b, ' ')
	b = strconv.AppendInt(b, int64(code), 10)
	b = append(b, ' ')
	b = appendLine(b, reason)
	return append(b, '\r', '\n')
}

// AppendField appends a header field with its CRLF to b. CR, LF and NUL are
// dropped from name and value, so nothing a client or a program put there can
// begin another field or end the head.
func AppendField(b []byte, name, value string) []byte {
	b = appendLine(b, name)
	b = append(b, ':', ' ')
	b = appendLine(b, value)
	return append(b, '\r', '\n')
}

// appendLine appends s without CR, LF and NUL.
func appendLine(b []byte, s string) []byte {
	kept := 0
	for i := range len(s) {
		if c := s[i]; c == '\r' || c == '\n' || c == 0 {
			b = append(b, s[kept:i]...)
			kept = i + 1
		}
	}
	return append(b, s[kept:]...)
}

// A ChunkWriter writes a chunked body to W, one chunk for each Write. W should
// be buffered: a chunk is written in three pieces.
type ChunkWriter struct {
	W    io.Writer
	size [maxSizeDigit + 2]byte // here, so that writing it to W allocates nothing
}

// Write writes p as one chunk. An empty p writes nothing, since an empty chunk
// would end the body. It returns the number of bytes of p that were written.
func (w *ChunkWriter) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	size := append(strconv.AppendInt(w.size[:0], int64(len(p)), 16), '\r', '\n')
	if _, err := w.W.Write(size); err != nil {
		return 0, err
	}
	n, err := w.W.Write(p)
	if err != nil {
		return n, err
	}
	_, err = io.WriteString(w.W, "\r\n")
	return n, err
}

// Close writes the last chunk and an empty trailer section. It does not close W.
func (w *ChunkWriter) Close() error {
	_, err := io.WriteString(w.W, "0\r\n\r\n")
	return err
}
