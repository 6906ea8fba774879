package ntlm

import "encoding/binary"

// A ChallengeMessage is the server's message (MS-NLMP 2.2.1.2).
type ChallengeMessage struct {
	Flags           Flags
	TargetName      string // domain, or the server where it is in none
	ServerChallenge [8]byte
	TargetInfo      []AVPair // without the end mark; sent with NegotiateTargetInfo

	// Version is the release of the sender. Its bytes are sent with
	// NegotiateVersion only. Windows NT and 2000 have no such field: where
	// Version is zero and the flag is not set, the payload begins at 48
	// instead of 56.
	Version [8]byte
}

// ParseChallenge parses a CHALLENGE message. The error is ErrInvalidToken.
func ParseChallenge(b []byte) (*ChallengeMessage, error) {
	if err := checkHeader(b, TypeChallenge, 32, MaxMessage); err != nil {
		return nil, err
	}
	m := &ChallengeMessage{Flags: Flags(binary.LittleEndian.Uint32(b[20:]))}
	if m.Flags&charset == 0 {
		return nil, invalid("neither Unicode nor OEM")
	}
	copy(m.ServerChallenge[:], b[24:])
	f, err := fieldOf(b, 12)
	if err != nil {
		return nil, err
	}
	if m.TargetName, err = decodeName(f, m.Flags); err != nil {
		return nil, err
	}
	if m.Flags.Has(NegotiateTargetInfo) && len(b) >= 48 {
		if f, err = fieldOf(b, 40); err != nil {
			return nil, err
		}
		if m.TargetInfo, err = parseAVPairs(f); err != nil {
			return nil, err
		}
	}
	if m.Flags.Has(NegotiateVersion) && len(b) >= 56 {
		copy(m.Version[:], b[48:])
	}
	return m, nil
}

// Marshal returns the message in bytes. The names must fit their 16-bit lengths.
func (m *ChallengeMessage) Marshal() []byte {
	n := 56
	if m.Version == [8]byte{} && !m.Flags.Has(NegotiateVersion) {
		n = 48
	}
	b := newMessage(TypeChallenge, n, 2*len(m.TargetName)+sizeAVPairs(m.TargetInfo))
	binary.LittleEndian.PutUint32(b[20:], uint32(m.Flags))
	copy(b[24:], m.ServerChallenge[:])
	if m.Flags.Has(NegotiateVersion) {
		copy(b[48:], m.Version[:])
	}
	start := len(b)
	b = appendText(b, m.Flags, m.TargetName)
	putField(b, 12, start)
	start = len(b)
	if m.Flags.Has(NegotiateTargetInfo) {
		b = appendAVPairs(b, m.TargetInfo)
	}
	putField(b, 40, start)
	return b
}

// A TargetInfoRule says when a server sends target information
// (MS-NLMP 3.2.5.1.1, note 64).
type TargetInfoRule uint8

// The rules, by Windows release.
const (
	TargetInfoAlways             TargetInfoRule = iota // Vista, 2008 and later
	TargetInfoIfExtended                               // NT 4.0: with extended session security
	TargetInfoIfExtendedOrTarget                       // 2000 to 2003: with that or RequestTarget
)

// ChallengeOptions is what a server's answer depends on besides the client's flags.
type ChallengeOptions struct {
	Domain     bool // the server is joined to a domain
	NoVersion  bool // Windows NT and 2000 know no version field
	TargetInfo TargetInfoRule
}

// answerable are the flags a server returns when the client asks for them.
const answerable = charset | RequestTarget | NegotiateSign | NegotiateSeal | NegotiateLMKey | NegotiateNTLM |
	NegotiateAlwaysSign | NegotiateExtendedSecurity | NegotiateIdentify | RequestNonNTSessionKey |
	NegotiateVersion | Negotiate128 | NegotiateKeyExch | Negotiate56

// ChallengeFlags returns the flags that a server answers the client's with
// (MS-NLMP 3.2.5.1.1).
func ChallengeFlags(client Flags, o ChallengeOptions) Flags {
	f := client&answerable | RequestTarget | NegotiateNTLM | NegotiateAlwaysSign
	if f.Has(NegotiateUnicode) {
		f &^= NegotiateOEM
	}
	if f.Has(NegotiateExtendedSecurity) {
		f &^= NegotiateLMKey
	}
	if o.NoVersion {
		f &^= NegotiateVersion
	}
	// A session key is exchanged for signing and sealing only (2.2.2.5, V);
	// some clients ask for the exchange and then send no key.
	if f&(NegotiateSign|NegotiateSeal) == 0 {
		f &^= NegotiateKeyExch
	}
	if o.Domain {
		f |= TargetTypeDomain
	} else {
		f |= TargetTypeServer
	}
	switch {
	case o.TargetInfo == TargetInfoAlways,
		client.Has(NegotiateExtendedSecurity),
		o.TargetInfo == TargetInfoIfExtendedOrTarget && client.Has(RequestTarget):
		f |= NegotiateTargetInfo
	}
	return f
}
