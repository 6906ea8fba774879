package ntlm

import (
	"crypto/subtle"
	"encoding/binary"
)

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

// An NTLMv2 response is a proof and a blob, which begins with two version bytes,
// six reserved, the time, the client's challenge and four reserved bytes, and ends
// with AV pairs (MS-NLMP 2.2.2.7, 2.2.2.8).
const (
	v1Len      = 24 // an LM, NTLMv1 or LMv2 response
	proofLen   = 16
	blobHeader = 28
)

// ClassifyVariant returns the variant that m answers with, as far as that shows
// before the account's hashes are known; negotiated are the flags of the
// CHALLENGE message. LMv2 and LM responses look alike and are returned as
// VariantLMv2: Verify tells them apart, so a limit on variants has to be applied
// to its Verdict too.
func ClassifyVariant(m *AuthenticateMessage, negotiated Flags) Variant {
	nt, lm := m.NtChallengeResponse, m.LmChallengeResponse
	switch {
	case len(nt) > v1Len: // MS-NLMP 3.2.5.1.2
		return VariantNTLMv2
	case len(nt) == v1Len && extended(m, negotiated):
		return VariantNTLMv1ESS
	case len(nt) == v1Len:
		return VariantNTLMv1
	case len(nt) > 0:
		return VariantUnknown
	case len(lm) == v1Len:
		return VariantLMv2
	case m.UserName == "" && noResponse(lm):
		return VariantAnonymous
	}
	return VariantUnknown
}

// noResponse reports whether an LM response stands for none: empty, or one zero
// byte (MS-NLMP 3.2.5.1.2).
func noResponse(lm []byte) bool {
	return len(lm) == 0 || len(lm) == 1 && lm[0] == 0
}

// extended reports whether an NTLMv1 response is one with extended session
// security. That must have been negotiated; the client confirms it by its flag,
// or, where it sends incomplete flags, by an LM response that is a client
// challenge and 16 zeros (MS-NLMP 3.3.1).
func extended(m *AuthenticateMessage, negotiated Flags) bool {
	lm := m.LmChallengeResponse
	return negotiated.Has(NegotiateExtendedSecurity) && len(lm) == v1Len &&
		(m.Flags.Has(NegotiateExtendedSecurity) || [16]byte(lm[8:]) == [16]byte{})
}

// Verify says whether the responses of m to the challenge prove knowledge of the
// password behind h, and what follows; negotiated are the flags of the CHALLENGE
// message. One response counts: the NT response where there is one, whatever the
// LM response is, else the LM response. On an error the Verdict has the Variant
// only. The errors are ErrWrongPassword, ErrInvalidToken and ErrAnonymous.
//
// Verify does not check the MIC. Where the Verdict says MICRequired, the caller
// must refuse a message without MIC or for which CheckMIC is false.
func Verify(h *Hashes, challenge [8]byte, negotiated Flags, m *AuthenticateMessage) (Verdict, error) {
	v := Verdict{Variant: ClassifyVariant(m, negotiated)}
	var err error
	switch v.Variant {
	case VariantNTLMv2:
		err = v.ntlmv2(h, challenge, m)
	case VariantNTLMv1, VariantNTLMv1ESS:
		err = v.ntlmv1(h, challenge, m)
	case VariantLMv2:
		err = v.lm(h, challenge, m)
	case VariantAnonymous:
		err = ErrAnonymous
	default:
		err = invalid("response of unknown form")
		if len(m.NtChallengeResponse) == 0 && noResponse(m.LmChallengeResponse) {
			err = ErrWrongPassword
		}
	}
	if err == nil {
		err = v.exchangeKeys(h, challenge, m.Flags&negotiated, m)
	}
	if err != nil {
		return Verdict{Variant: v.Variant}, err
	}
	return v, nil
}

// ntlmv2 checks an NTLMv2 response (MS-NLMP 3.3.2).
func (v *Verdict) ntlmv2(h *Hashes, challenge [8]byte, m *AuthenticateMessage) error {
	proof, blob := m.NtChallengeResponse[:proofLen], m.NtChallengeResponse[proofLen:]
	if err := v.parseBlob(blob); err != nil {
		return err
	}
	key, ok := tryDomains(h, m, func(key *[16]byte) bool {
		want := hmacMD5(key, challenge[:], blob)
		return subtle.ConstantTimeCompare(want[:], proof) == 1
	})
	if !ok {
		return ErrWrongPassword
	}
	v.SessionBaseKey = hmacMD5(&key, proof)
	return nil
}

// parseBlob reads what an NTLMv2 response carries besides its proof.
func (v *Verdict) parseBlob(blob []byte) (err error) {
	if len(blob) < blobHeader || blob[0] != 1 || blob[1] != 1 {
		return invalid("NTLMv2 response")
	}
	v.Timestamp = binary.LittleEndian.Uint64(blob[8:])
	if v.ClientTargetInfo, err = parseAVPairs(blob[blobHeader:]); err != nil {
		return err
	}
	for _, p := range v.ClientTargetInfo {
		if p.ID != MsvAvFlags {
			continue
		}
		if len(p.Value) != 4 {
			return invalid("MsvAvFlags of wrong length")
		}
		if binary.LittleEndian.Uint32(p.Value)&AVMICProvided != 0 {
			v.MICRequired = true
		}
	}
	return nil
}

// ntlmv1 checks an NTLMv1 response, with or without extended session security
// (MS-NLMP 3.3.1).
func (v *Verdict) ntlmv1(h *Hashes, challenge [8]byte, m *AuthenticateMessage) error {
	if v.Variant == VariantNTLMv1ESS {
		challenge = ExtendedChallenge(challenge, [8]byte(m.LmChallengeResponse[:8]))
	}
	want := DESL(h.NT, challenge)
	if subtle.ConstantTimeCompare(want[:], m.NtChallengeResponse) != 1 {
		return ErrWrongPassword
	}
	v.SessionBaseKey = md4Sum(h.NT[:])
	return nil
}

// lm checks an LM response that stands alone: as LMv2 (MS-NLMP 3.3.2), and where
// the account keeps an LM hash as LM (3.3.1).
func (v *Verdict) lm(h *Hashes, challenge [8]byte, m *AuthenticateMessage) error {
	r := m.LmChallengeResponse
	key, ok := tryDomains(h, m, func(key *[16]byte) bool {
		want := hmacMD5(key, challenge[:], r[proofLen:])
		return subtle.ConstantTimeCompare(want[:], r[:proofLen]) == 1
	})
	if ok {
		v.SessionBaseKey = hmacMD5(&key, r[:proofLen])
		return nil
	}
	if h.LM == nil {
		return ErrWrongPassword
	}
	want := DESL(*h.LM, challenge)
	if subtle.ConstantTimeCompare(want[:], r) != 1 {
		return ErrWrongPassword
	}
	v.Variant = VariantLM
	v.SessionBaseKey = md4Sum(h.NT[:])
	return nil
}

// tryDomains returns the NTOWFv2 key that proves holds for: made with the domain
// that the client gave, or with none (MS-NLMP 3.2.5.1.2).
func tryDomains(h *Hashes, m *AuthenticateMessage, proves func(key *[16]byte) bool) (key [16]byte, ok bool) {
	key = NTOWFv2(h.NT, m.UserName, m.DomainName)
	if proves(&key) {
		return key, true
	}
	if m.DomainName == "" {
		return key, false
	}
	key = NTOWFv2(h.NT, m.UserName, "")
	return key, proves(&key)
}

// exchangeKeys computes the keys of the session; f are the flags that both sides
// agree on.
func (v *Verdict) exchangeKeys(h *Hashes, challenge [8]byte, f Flags, m *AuthenticateMessage) error {
	v.KeyExchangeKey = v.SessionBaseKey
	if v.Variant != VariantNTLMv2 && v.Variant != VariantLMv2 {
		v.KeyExchangeKey = kxKey(v.SessionBaseKey, v.Variant, f, challenge, h.LM, m.LmChallengeResponse)
	}
	v.ExportedSessionKey = v.KeyExchangeKey
	if !f.Has(NegotiateKeyExch) {
		return nil
	}
	if len(m.EncryptedRandomSessionKey) != 16 { // MS-NLMP 3.2.5.1.2
		return invalid("no session key")
	}
	v.ExportedSessionKey = RC4K(v.KeyExchangeKey, [16]byte(m.EncryptedRandomSessionKey))
	return nil
}

// CheckMIC reports whether m, as parsed, has the right MIC for the three messages
// as they were sent (MS-NLMP 3.2.5.1.2).
func CheckMIC(exportedSessionKey [16]byte, negotiate, challenge []byte, m *AuthenticateMessage) bool {
	want, ok := MIC(exportedSessionKey, negotiate, challenge, m.Raw)
	return ok && m.HasMIC && subtle.ConstantTimeCompare(want[:], m.MIC[:]) == 1
}
