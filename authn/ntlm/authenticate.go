package ntlm

import "encoding/binary"

// Header lengths of an AUTHENTICATE message (MS-NLMP 2.2.1.3): what stands before
// the payload grew by release.
const (
	authHeaderOldest  = 52 // five fields only
	authHeaderKey     = 60 // EncryptedRandomSessionKey
	authHeaderFlags   = 64 // NT, 2000
	authHeaderVersion = 72 // XP, 2003
	authHeaderMIC     = 88 // Vista and later
	micOffset         = 72
)

// An AuthenticateMessage is the client's second message (MS-NLMP 2.2.1.3).
type AuthenticateMessage struct {
	Flags                     Flags
	DomainName                string
	UserName                  string
	Workstation               string
	LmChallengeResponse       []byte
	NtChallengeResponse       []byte
	EncryptedRandomSessionKey []byte
	Version                   [8]byte
	MIC                       [16]byte
	HasMIC                    bool   // the header has room for a MIC and it is not all zero
	Raw                       []byte // the message as parsed, for the MIC
}

// ParseAuthenticate parses an AUTHENTICATE message. The flags of the CHALLENGE
// message, negotiated, stand in for the message's own where it has none, and
// choose the character set where its own choose none. The error is
// ErrInvalidToken.
func ParseAuthenticate(b []byte, negotiated Flags) (*AuthenticateMessage, error) {
	if err := checkHeader(b, TypeAuthenticate, authHeaderOldest, MaxMessage); err != nil {
		return nil, err
	}
	m := &AuthenticateMessage{Flags: negotiated, Raw: b}
	var fields [5][]byte // in the order of the header
	for i := range fields {
		var err error
		if fields[i], err = fieldOf(b, 12+8*i); err != nil {
			return nil, err
		}
	}
	m.LmChallengeResponse, m.NtChallengeResponse = fields[0], fields[1]
	if err := m.parseRest(b, payloadStart(b)); err != nil {
		return nil, err
	}
	for i, to := range [...]*string{&m.DomainName, &m.UserName, &m.Workstation} {
		var err error
		if *to, err = decodeName(fields[2+i], m.Flags); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// payloadStart returns the offset of the first byte of payload, by which releases
// are told apart. The message need not have any: then it is all header.
func payloadStart(b []byte) int {
	start := uint32(len(b))
	for at := 12; at < authHeaderOldest; at += 8 {
		if binary.LittleEndian.Uint16(b[at:]) != 0 {
			start = min(start, binary.LittleEndian.Uint32(b[at+4:]))
		}
	}
	return int(start)
}

// parseRest parses what stands in the header after the five oldest fields.
func (m *AuthenticateMessage) parseRest(b []byte, header int) (err error) {
	negotiated := m.Flags
	if header >= authHeaderKey {
		if m.EncryptedRandomSessionKey, err = fieldOf(b, 52); err != nil {
			return err
		}
		if len(m.EncryptedRandomSessionKey) > 0 {
			header = min(header, int(binary.LittleEndian.Uint32(b[56:])))
		}
	}
	if header >= authHeaderFlags {
		m.Flags = Flags(binary.LittleEndian.Uint32(b[60:]))
	}
	if m.Flags&charset == 0 {
		m.Flags |= negotiated & charset
	}
	if m.Flags&charset == 0 {
		return invalid("neither Unicode nor OEM")
	}
	if header >= authHeaderVersion && m.Flags.Has(NegotiateVersion) {
		copy(m.Version[:], b[64:])
	}
	if header >= authHeaderMIC {
		copy(m.MIC[:], b[micOffset:])
		m.HasMIC = m.MIC != [16]byte{}
	}
	return nil
}

// Marshal returns the message in bytes, in the form of the newest release that
// its content asks for: with a MIC where HasMIC is set, with a version where
// NegotiateVersion is.
func (m *AuthenticateMessage) Marshal() []byte {
	n := authHeaderFlags
	switch {
	case m.HasMIC:
		n = authHeaderMIC
	case m.Flags.Has(NegotiateVersion):
		n = authHeaderVersion
	}
	names := len(m.DomainName) + len(m.UserName) + len(m.Workstation)
	b := newMessage(TypeAuthenticate, n,
		2*names+len(m.LmChallengeResponse)+len(m.NtChallengeResponse)+len(m.EncryptedRandomSessionKey))
	binary.LittleEndian.PutUint32(b[60:], uint32(m.Flags))
	if m.Flags.Has(NegotiateVersion) {
		copy(b[64:], m.Version[:])
	}
	if m.HasMIC {
		copy(b[micOffset:], m.MIC[:])
	}
	for i, name := range [...]string{m.DomainName, m.UserName, m.Workstation} {
		start := len(b)
		b = appendText(b, m.Flags, name)
		putField(b, 28+8*i, start)
	}
	for _, f := range [...]struct {
		at   int
		data []byte
	}{{12, m.LmChallengeResponse}, {20, m.NtChallengeResponse}, {52, m.EncryptedRandomSessionKey}} {
		start := len(b)
		b = append(b, f.data...)
		putField(b, f.at, start)
	}
	return b
}
