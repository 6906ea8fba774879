package server

// input is the read side of a connection while a request is under way: one
// buffer in which the head stays where it was received, so that the strings
// cut from it are valid until the exchange ends.
type input struct {
	buf  []byte
	r, w int // unread bytes are buf[r:w]
	head int // end of the head of the request under way, 0 if it is elsewhere
}

const (
	inputSize = 4 << 10  // of the buffer an exchange starts with
	bodySize  = 32 << 10 // of the buffer a body is read through
)

// pending reports whether bytes have been received and not yet read.
func (in *input) pending() bool { return in.w > in.r }

func (in *input) buffered() []byte { return in.buf[in.r:in.w] }

// begin makes room for the next head: what was received of it already moves
// to the front when little room is left behind it.
func (in *input) begin() {
	switch {
	case in.r == in.w:
		in.r, in.w = 0, 0
	case len(in.buf)-in.r < inputSize/2:
		in.w = copy(in.buf, in.buf[in.r:in.w])
		in.r = 0
	}
}

// grow makes room for more of a head that does not fit. The head moves, so
// nothing may be kept of it yet.
func (in *input) grow() {
	if in.w < len(in.buf) {
		return
	}
	size := len(in.buf)
	if in.w-in.r > size/2 {
		size *= 2
	}
	buf := make([]byte, size)
	in.w = copy(buf, in.buf[in.r:in.w])
	in.r, in.buf = 0, buf
}

// roomForBody returns where the next bytes of a body go. The head before them
// is not touched: a new buffer takes over where there is no room behind it.
func (in *input) roomForBody() []byte {
	if in.r == in.w && in.r > in.head && len(in.buf)-in.head >= bodySize/4 {
		in.r, in.w = in.head, in.head
	}
	if len(in.buf)-in.w < 1<<10 {
		buf := make([]byte, bodySize)
		in.w = copy(buf, in.buf[in.r:in.w])
		in.r, in.head, in.buf = 0, 0, buf
	}
	return in.buf[in.w:]
}
