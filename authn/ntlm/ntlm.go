// Package ntlm reads and writes the three NTLM messages and computes what they
// prove (MS-NLMP): bytes only. It knows no accounts, no connections and no HTTP.
//
// Text that is not Unicode (the OEM character set) is read and written as
// Windows code page 1252. What the other side means by OEM depends on its
// language; names and passwords in ASCII are the same in all of them.
//
// Parsed messages refer to the bytes they were parsed from and copy only names,
// so the caller must leave those bytes unchanged.
package ntlm

import (
	"encoding/binary"
	"fmt"
)

// Limits on what is read from a client before it is known.
const (
	// MaxMessage is the length in bytes of the longest message that is parsed.
	MaxMessage = 64 << 10

	// MaxNegotiate is the length in bytes of the longest NEGOTIATE message.
	// A server keeps this message until the AUTHENTICATE message comes, and
	// two DNS names of full length (RFC 1035, section 2.3.4) fit easily.
	MaxNegotiate = 1024

	maxName    = 2048 // bytes in a name; Windows takes at most 256 characters, a UPN 1024
	maxAVPairs = 64   // MS-NLMP 2.2.2.1 defines eleven ids
)

// Error is a reason not to accept a message or a response.
type Error string

// Error returns the reason in words.
func (e Error) Error() string { return string(e) }

// The errors of this package; test for them with errors.Is.
const (
	ErrInvalidToken  Error = "ntlm: invalid token"        // SEC_E_INVALID_TOKEN: malformed, or not this message
	ErrUnsupported   Error = "ntlm: unsupported function" // SEC_E_UNSUPPORTED_FUNCTION: datagram mode
	ErrWrongPassword Error = "ntlm: response does not prove the password"
	ErrAnonymous     Error = "ntlm: anonymous" // null session, MS-NLMP 3.2.5.1.2
)

// invalid returns an error that is ErrInvalidToken and says what is malformed.
func invalid(what string) error {
	return fmt.Errorf("%w: %s", ErrInvalidToken, what)
}

// Message types (MS-NLMP 2.2.1).
const (
	TypeNegotiate    uint32 = 1
	TypeChallenge    uint32 = 2
	TypeAuthenticate uint32 = 3
)

const signature = "NTLMSSP\x00"

// MessageType returns the type of the NTLM message in b. It reports false where b
// does not begin with the NTLM signature and a type.
func MessageType(b []byte) (uint32, bool) {
	if len(b) < 12 || string(b[:8]) != signature {
		return 0, false
	}
	return binary.LittleEndian.Uint32(b[8:]), true
}

// checkHeader checks length, signature and type of the message in b.
func checkHeader(b []byte, want uint32, minLen, maxLen int) error {
	switch t, ok := MessageType(b); {
	case !ok:
		return invalid("no NTLM signature")
	case t != want:
		return invalid("unexpected message type")
	case len(b) < minLen:
		return invalid("message too short")
	case len(b) > maxLen:
		return invalid("message too long")
	}
	return nil
}

// Flags is a set of negotiate flags (MS-NLMP 2.2.2.5).
type Flags uint32

// The negotiate flags.
const (
	NegotiateUnicode                Flags = 0x00000001 // A
	NegotiateOEM                    Flags = 0x00000002 // B
	RequestTarget                   Flags = 0x00000004 // C
	NegotiateSign                   Flags = 0x00000010 // D
	NegotiateSeal                   Flags = 0x00000020 // E
	NegotiateDatagram               Flags = 0x00000040 // F
	NegotiateLMKey                  Flags = 0x00000080 // G
	NegotiateNTLM                   Flags = 0x00000200 // H
	NegotiateAnonymous              Flags = 0x00000800 // J
	NegotiateOEMDomainSupplied      Flags = 0x00001000 // K
	NegotiateOEMWorkstationSupplied Flags = 0x00002000 // L
	NegotiateAlwaysSign             Flags = 0x00008000 // M
	TargetTypeDomain                Flags = 0x00010000 // N
	TargetTypeServer                Flags = 0x00020000 // O
	NegotiateExtendedSecurity       Flags = 0x00080000 // P, extended session security
	NegotiateIdentify               Flags = 0x00100000 // Q
	RequestNonNTSessionKey          Flags = 0x00400000 // R
	NegotiateTargetInfo             Flags = 0x00800000 // S
	NegotiateVersion                Flags = 0x02000000 // T
	Negotiate128                    Flags = 0x20000000 // U
	NegotiateKeyExch                Flags = 0x40000000 // V
	Negotiate56                     Flags = 0x80000000 // W
)

// charset is the part of the flags that chooses the character set.
const charset = NegotiateUnicode | NegotiateOEM

// Has reports whether all flags of g are set in f.
func (f Flags) Has(g Flags) bool { return f&g == g }
