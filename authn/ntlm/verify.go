package ntlm

// Hashes are the secrets of an account.
type Hashes struct {
	NT [16]byte  // NTOWFv1
	LM *[16]byte // LMOWFv1; nil where the account keeps none
}

// A Variant is one of the ways to answer a challenge.
type Variant uint8

// The variants.
const (
	VariantUnknown   Variant = iota // no response, or of no known form
	VariantAnonymous                // no user and no response
	VariantLM
	VariantNTLMv1
	VariantNTLMv1ESS
	VariantLMv2
	VariantNTLMv2
)

var variantNames = [...]string{
	VariantUnknown:   "unknown",
	VariantAnonymous: "anonymous",
	VariantLM:        "LM",
	VariantNTLMv1:    "NTLMv1",
	VariantNTLMv1ESS: "NTLMv1 with extended session security",
	VariantLMv2:      "LMv2",
	VariantNTLMv2:    "NTLMv2",
}

// String returns the name that administrators use.
func (v Variant) String() string {
	if int(v) < len(variantNames) {
		return variantNames[v]
	}
	return variantNames[VariantUnknown]
}

// A Verdict is what a right response establishes.
type Verdict struct {
	Variant            Variant
	SessionBaseKey     [16]byte
	KeyExchangeKey     [16]byte
	ExportedSessionKey [16]byte
	Timestamp          uint64   // FILETIME in an NTLMv2 response, 0 in the others
	ClientTargetInfo   []AVPair // of an NTLMv2 response, protected by the password
	MICRequired        bool     // MsvAvFlags says that the message has a MIC
}

// ClassifyVariant returns the variant that m answers with, as far as that shows
// before the account's hashes are known; negotiated are the flags of the
// CHALLENGE message. LMv2 and LM responses look alike and are returned as
// VariantLMv2: Verify tells them apart, so a limit on variants has to be applied
// to its Verdict too.
func ClassifyVariant(m *AuthenticateMessage, negotiated Flags) Variant {
	panic("not yet")
}

// Verify says whether the responses of m to the challenge prove knowledge of the
// password behind h, and what follows; negotiated are the flags of the CHALLENGE
// message. On ErrWrongPassword the Verdict has the Variant only. The other errors
// are ErrInvalidToken and ErrAnonymous. It does not check the MIC.
func Verify(h *Hashes, challenge [8]byte, negotiated Flags, m *AuthenticateMessage) (Verdict, error) {
	panic("not yet")
}

// CheckMIC reports whether the MIC of m is right for the three messages as they
// were sent (MS-NLMP 3.2.5.1.2).
func CheckMIC(exportedSessionKey [16]byte, negotiate, challenge []byte, m *AuthenticateMessage) bool {
	panic("not yet")
}

// NTOWFv1 returns the NT hash of a password (MS-NLMP 3.3.1).
func NTOWFv1(password string) [16]byte { panic("not yet") }

// LMOWFv1 returns the LM hash of a password (MS-NLMP 3.3.1). It reports false for
// a password that has none: longer than 14 characters or not in the OEM character
// set.
func LMOWFv1(password string) (h [16]byte, ok bool) { panic("not yet") }

// NTOWFv2 returns the key of NTLMv2 responses (MS-NLMP 3.3.2) from the NT hash and
// the names as the client gave them.
func NTOWFv2(nt [16]byte, user, domain string) [16]byte { panic("not yet") }
