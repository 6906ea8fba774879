package ntlm

import "encoding/binary"

// fieldOf returns the bytes that the field descriptor at b[at:] points to: length,
// allocated length (ignored), offset (MS-NLMP 2.2.1). An empty field may have any
// offset. The bytes may lie anywhere in the message and overlap others.
func fieldOf(b []byte, at int) ([]byte, error) {
	n := uint64(binary.LittleEndian.Uint16(b[at:]))
	if n == 0 {
		return nil, nil
	}
	off := uint64(binary.LittleEndian.Uint32(b[at+4:]))
	if off+n > uint64(len(b)) {
		return nil, invalid("field outside the message")
	}
	return b[off : off+n : off+n], nil
}

// putField writes the field descriptor at b[at:] for the payload that begins at
// offset start and ends at the end of b.
func putField(b []byte, at, start int) {
	n := uint16(min(len(b)-start, 0xFFFF))
	binary.LittleEndian.PutUint16(b[at:], n)
	binary.LittleEndian.PutUint16(b[at+2:], n)
	binary.LittleEndian.PutUint32(b[at+4:], uint32(start))
}

// newMessage returns a message of n bytes with signature and type and room for a
// payload of the given size.
func newMessage(t uint32, n, payload int) []byte {
	b := make([]byte, n, n+payload)
	copy(b, signature)
	binary.LittleEndian.PutUint32(b[8:], t)
	return b
}
