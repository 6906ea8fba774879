package http1

import (
	"io"
	"math"
)

const (
	maxChunkLine = 4096  // bytes of a chunk size line with its extensions and CR
	maxTrailers  = 8192  // bytes of a trailer section with all line ends
	maxSizeDigit = 16    // digits of a chunk size
	maxOverhead  = 16384 // bytes by which chunk size lines may outweigh the data
)

// A Source is the read side of a connection.
type Source interface {
	// Buffered returns the bytes that were received and not consumed. The
	// slice is valid until the next call of Consume or Fill.
	Buffered() []byte
	// Consume drops the first n of the buffered bytes.
	Consume(n int)
	// Fill receives at least one more byte, or returns an error: io.EOF when
	// the client has closed its side, or that of a deadline.
	Fill() error
}

// A Body reads the body of one request. It consumes exactly the bytes that
// belong to it and never more, so what is buffered behind it is the next
// request. The zero value is no body.
type Body struct {
	src      Source
	state    bodyState
	err      *Error // what was wrong with the body; it stays
	tooLarge bool   // there is more than the reader allowed
	left     int64  // bytes until the end of the content or of the chunk
	room     int64  // bytes of content that are still allowed, -1 for no limit
	received int64

	line     int      // bytes of the size line or trailer section so far
	digits   int      // digits of the chunk size
	overhead int64    // bytes by which chunk size lines outweigh the data
	name     [18]byte // beginning of a trailer's name in lower case
	nameLen  int
}

// A bodyState says what the next byte of a body is.
type bodyState uint8

const (
	bodyDone bodyState = iota
	bodyLength
	// Of a chunked body: the size line,
	chunkSize
	chunkExtName      // at least one byte of a name is needed
	chunkExtNameMore  // name, '=', ';' or CR
	chunkExtValue     // at least one byte of a token, or a '"'
	chunkExtTokenMore // token, ';' or CR
	chunkExtQuoted
	chunkExtEscaped
	chunkExtEnd // ';' or CR
	chunkLineLF
	// the data and its CRLF,
	chunkData
	chunkDataCR
	chunkDataLF
	// and the trailer section.
	trailerStart
	trailerName
	trailerValue
	trailerLF
	trailerEndLF
)

// Reset prepares b for the body of the request h, to be read from src. At most
// max bytes of content may be read, not counting chunk framing; max < 0 is no
// limit. Nothing is read yet, so a client that waits for 100 Continue can be told.
func (b *Body) Reset(src Source, h *Head, max int64) {
	*b = Body{src: src, room: max}
	switch {
	case h.Chunked:
		b.state = chunkSize
	case h.ContentLength > 0:
		b.state = bodyLength
		b.left = h.ContentLength
		b.claim(b.left)
	}
}

// claim takes n bytes of content from what is allowed.
func (b *Body) claim(n int64) {
	switch {
	case b.room < 0:
	case n > b.room:
		b.tooLarge = true
	default:
		b.room -= n
	}
}

// Done says whether the whole body was consumed, with its last line end.
func (b *Body) Done() bool { return b.state == bodyDone }

// Received returns the number of bytes consumed from the connection for the
// body, chunk framing included: its share of cs-bytes.
func (b *Body) Received() int64 { return b.received }

// Left returns the number of bytes that the body still has on the wire, -1 if
// only its end will tell. It lets a server choose between Drain and closing.
func (b *Body) Left() int64 {
	switch b.state {
	case bodyDone:
		return 0
	case bodyLength:
		return b.left
	}
	return -1
}

// Read reads content into p. It returns io.EOF at the end of the body, an *Error
// if the body is malformed (the connection is then of no more use) or longer than
// allowed (ErrEntityTooLarge; Drain still works), io.ErrUnexpectedEOF if the
// client went away, and other errors of Fill, such as a deadline's, as they are.
func (b *Body) Read(p []byte) (int, error) {
	for {
		switch {
		case b.err != nil:
			return 0, b.err
		case b.tooLarge:
			return 0, ErrEntityTooLarge
		case b.state == bodyDone:
			return 0, io.EOF
		case len(p) == 0:
			return 0, nil
		}
		buf, err := b.buffered()
		if err != nil {
			return 0, err
		}
		if b.inContent() {
			n := copy(p, buf[:b.contentIn(buf)])
			b.take(n)
			return n, nil
		}
		if err := b.frame(buf); err != nil {
			return 0, err
		}
	}
}

// Drain reads and drops at most budget bytes of the body, framing included. It
// says whether that was all of it; then the next request can follow. The limit of
// Reset does not stop it, a malformed body and a client that went away do.
func (b *Body) Drain(budget int64) (done bool, err error) {
	for end := b.received + min(budget, math.MaxInt64-b.received); b.state != bodyDone && b.received < end; {
		if b.err != nil {
			return false, b.err
		}
		buf, err := b.buffered()
		if err != nil {
			return false, err
		}
		buf = buf[:min(int64(len(buf)), end-b.received)]
		if b.inContent() {
			b.take(b.contentIn(buf))
		} else if err := b.frame(buf); err != nil {
			return false, err
		}
	}
	return b.state == bodyDone, nil
}

// buffered returns at least one byte.
func (b *Body) buffered() ([]byte, error) {
	for {
		if buf := b.src.Buffered(); len(buf) > 0 {
			return buf, nil
		}
		if err := b.src.Fill(); err == io.EOF {
			return nil, io.ErrUnexpectedEOF
		} else if err != nil {
			return nil, err
		}
	}
}

func (b *Body) inContent() bool { return b.state == bodyLength || b.state == chunkData }

// contentIn returns how much of buf is content.
func (b *Body) contentIn(buf []byte) int { return int(min(int64(len(buf)), b.left)) }

// take consumes n bytes of content.
func (b *Body) take(n int) {
	b.consume(n)
	b.left -= int64(n)
	switch {
	case b.left > 0:
	case b.state == bodyLength:
		b.state = bodyDone
	default:
		b.state = chunkDataCR
	}
}

func (b *Body) consume(n int) {
	b.src.Consume(n)
	b.received += int64(n)
}

// frame consumes chunk framing from buf up to the next content or the end of the
// body. It works byte by byte, so that a line need never be buffered whole.
func (b *Body) frame(buf []byte) error {
	for i, c := range buf {
		if b.err = b.step(c); b.err != nil {
			b.consume(i + 1)
			return b.err
		}
		if b.state == chunkData || b.state == bodyDone {
			b.consume(i + 1)
			return nil
		}
	}
	b.consume(len(buf))
	return nil
}

// step takes one byte of chunk framing (RFC 9112, 7.1), without the blanks that
// its grammar calls bad, and without forgiveness (attack E9).
func (b *Body) step(c byte) *Error {
	switch b.state {
	case chunkDataCR:
		return b.expect(c, '\r', chunkDataLF, errChunkEnd)
	case chunkDataLF:
		return b.expect(c, '\n', chunkSize, errChunkEnd)
	case chunkLineLF:
		if c != '\n' {
			return errCRLF
		}
		return b.endSizeLine()
	case trailerStart, trailerName, trailerValue, trailerLF, trailerEndLF:
		return b.stepTrailer(c)
	}
	if b.line++; b.line > maxChunkLine {
		return errChunkLine
	}
	if b.state == chunkSize {
		return b.stepSize(c)
	}
	return b.stepExt(c)
}

// expect goes on to state next if c is want.
func (b *Body) expect(c, want byte, next bodyState, err *Error) *Error {
	if c != want {
		return err
	}
	b.state = next
	return nil
}

// stepSize takes one byte of a chunk size, or what ends it.
func (b *Body) stepSize(c byte) *Error {
	if d, ok := hexDigit(c); ok {
		if b.digits == maxSizeDigit || b.left > math.MaxInt64>>4 {
			return errChunkSize
		}
		b.digits++
		b.left = b.left<<4 | d
		return nil
	}
	if b.digits == 0 {
		return errChunkSize
	}
	return b.endElement(c, errChunkSize)
}

// stepExt takes one byte of a chunk extension: ;name, ;name=token or ;name="quoted".
func (b *Body) stepExt(c byte) *Error {
	token := class[c]&classToken != 0
	switch b.state {
	case chunkExtName:
		if !token {
			return extError(c)
		}
		b.state = chunkExtNameMore
	case chunkExtNameMore:
		if c == '=' {
			b.state = chunkExtValue
		} else if !token {
			return b.endElement(c, errChunkExt)
		}
	case chunkExtValue:
		switch {
		case c == '"':
			b.state = chunkExtQuoted
		case token:
			b.state = chunkExtTokenMore
		default:
			return extError(c)
		}
	case chunkExtTokenMore:
		if !token {
			return b.endElement(c, errChunkExt)
		}
	case chunkExtQuoted:
		switch {
		case c == '"':
			b.state = chunkExtEnd
		case c == '\\':
			b.state = chunkExtEscaped
		case class[c]&classQuoted == 0:
			return extError(c)
		}
	case chunkExtEscaped:
		if class[c]&classQuoted == 0 && c != '"' && c != '\\' {
			return extError(c)
		}
		b.state = chunkExtQuoted
	default:
		return b.endElement(c, errChunkExt)
	}
	return nil
}

// endElement takes what may follow a chunk size or a whole extension.
func (b *Body) endElement(c byte, err *Error) *Error {
	switch c {
	case ';':
		b.state = chunkExtName
	case '\r':
		b.state = chunkLineLF
	case '\n':
		return errCRLF
	default:
		return err
	}
	return nil
}

// extError tells line ends in the wrong place from other wrong bytes.
func extError(c byte) *Error {
	if c == '\r' || c == '\n' {
		return errCRLF
	}
	return errChunkExt
}

// endSizeLine begins the chunk whose size line is whole. Extensions of a kind
// nobody reads could make a tiny body endless; size lines may outweigh the data
// only so much, with 16 bytes free for each, for clients that send byte by byte.
func (b *Body) endSizeLine() *Error {
	b.overhead += int64(b.line) + 1 - 16 - 2*min(b.left, 1<<30)
	b.overhead = max(b.overhead, 0)
	if b.overhead > maxOverhead {
		return errChunkLine
	}
	b.line, b.digits = 0, 0
	if b.left == 0 {
		b.state = trailerStart
		return nil
	}
	b.claim(b.left)
	b.state = chunkData
	return nil
}

// stepTrailer takes one byte of the trailer section, whose fields obey the rules
// of header fields. They are checked and dropped.
func (b *Body) stepTrailer(c byte) *Error {
	if b.line++; b.line > maxTrailers {
		return errTrailers
	}
	switch b.state {
	case trailerStart:
		b.nameLen = 0
		switch {
		case c == '\r':
			b.state = trailerEndLF
		case c == ' ', c == '\t':
			return errFold
		default:
			b.state = trailerName
			return b.stepTrailerName(c)
		}
	case trailerName:
		return b.stepTrailerName(c)
	case trailerValue:
		switch {
		case c == '\r':
			b.state = trailerLF
		case c == '\n':
			return errCRLF
		case c < ' ' && c != '\t', c == 0x7F:
			return errValue
		}
	case trailerLF:
		return b.expect(c, '\n', trailerStart, errCRLF)
	case trailerEndLF:
		return b.expect(c, '\n', bodyDone, errCRLF)
	}
	return nil
}

func (b *Body) stepTrailerName(c byte) *Error {
	switch {
	case class[c]&classToken != 0:
		if b.nameLen < len(b.name) {
			b.name[b.nameLen] = lower[c]
			b.nameLen++
		}
	case c == ':' && b.nameLen > 0:
		switch string(b.name[:b.nameLen]) {
		case "content-length", "transfer-encoding", "host":
			return errTrailerName
		}
		b.state = trailerValue
	case c == '\n':
		return errCRLF
	case c == ' ', c == '\t', c == '\r':
		return errColon
	default:
		return errName
	}
	return nil
}

func hexDigit(c byte) (int64, bool) {
	switch {
	case c >= '0' && c <= '9':
		return int64(c - '0'), true
	case c >= 'a' && c <= 'f':
		return int64(c-'a') + 10, true
	case c >= 'A' && c <= 'F':
		return int64(c-'A') + 10, true
	}
	return 0, false
}
