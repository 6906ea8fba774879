package ntlm

import "encoding/binary"

// A NegotiateMessage is the client's first message (MS-NLMP 2.2.1.1).
type NegotiateMessage struct {
	Flags           Flags
	DomainName      string  // "" where the client supplied none
	WorkstationName string  // "" where the client supplied none
	Version         [8]byte // zero without NegotiateVersion
	Raw             []byte  // the message as parsed, for the MIC
}

// ParseNegotiate parses a NEGOTIATE message. Names and version are optional: old
// clients send 16 bytes (signature, type, flags) or 32. The error is
// ErrInvalidToken, also where the client offers no character set
// (MS-NLMP 3.2.5.1.1), or ErrUnsupported for datagram mode.
func ParseNegotiate(b []byte) (*NegotiateMessage, error) {
	if err := checkHeader(b, TypeNegotiate, 16, MaxNegotiate); err != nil {
		return nil, err
	}
	m := &NegotiateMessage{Flags: Flags(binary.LittleEndian.Uint32(b[12:])), Raw: b}
	if m.Flags&charset == 0 {
		return nil, invalid("neither Unicode nor OEM")
	}
	if m.Flags.Has(NegotiateDatagram) {
		return nil, ErrUnsupported
	}
	var err error
	if m.DomainName, err = m.name(NegotiateOEMDomainSupplied, 16); err != nil {
		return nil, err
	}
	if m.WorkstationName, err = m.name(NegotiateOEMWorkstationSupplied, 24); err != nil {
		return nil, err
	}
	if m.Flags.Has(NegotiateVersion) && len(b) >= 40 {
		copy(m.Version[:], b[32:])
	}
	return m, nil
}

// name returns the name whose field stands at offset at. It is OEM text in every
// case and ignored where its flag is not set (MS-NLMP 2.2.1.1).
func (m *NegotiateMessage) name(supplied Flags, at int) (string, error) {
	if !m.Flags.Has(supplied) || len(m.Raw) < at+8 {
		return "", nil
	}
	f, err := fieldOf(m.Raw, at)
	if err != nil {
		return "", err
	}
	return decodeName(f, NegotiateOEM)
}

// Marshal returns the message in bytes. A name is sent where its flag is set.
func (m *NegotiateMessage) Marshal() []byte {
	n := 32
	if m.Flags.Has(NegotiateVersion) {
		n = 40
	}
	b := newMessage(TypeNegotiate, n, len(m.DomainName)+len(m.WorkstationName))
	binary.LittleEndian.PutUint32(b[12:], uint32(m.Flags))
	if n == 40 {
		copy(b[32:], m.Version[:])
	}
	start := len(b)
	if m.Flags.Has(NegotiateOEMDomainSupplied) {
		b = appendOEM(b, m.DomainName)
	}
	putField(b, 16, start)
	start = len(b)
	if m.Flags.Has(NegotiateOEMWorkstationSupplied) {
		b = appendOEM(b, m.WorkstationName)
	}
	putField(b, 24, start)
	return b
}
