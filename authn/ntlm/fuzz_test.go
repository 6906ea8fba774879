package ntlm

import (
	"bytes"
	"testing"
)

func FuzzNegotiate(f *testing.F) {
	f.Add(unhex(seenNegotiate))
	f.Add(unhex(seenNegotiate)[:32])
	f.Add(unhex(seenNegotiate)[:16])
	f.Add((&NegotiateMessage{Flags: 0xb207 | NegotiateVersion, DomainName: "CORP", WorkstationName: "PC1"}).Marshal())
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := ParseNegotiate(b)
		if err != nil {
			return
		}
		first := m.Marshal()
		if len(first) > MaxNegotiate { // both names were the same bytes
			return
		}
		again, err := ParseNegotiate(first)
		if err != nil {
			t.Fatalf("%x: %v", first, err)
		}
		if second := again.Marshal(); !bytes.Equal(first, second) {
			t.Fatalf("%x, then %x", first, second)
		}
	})
}

func FuzzChallenge(f *testing.F) {
	f.Add(unhex(specChallenge))
	f.Add(unhex(seenChallenge))
	f.Add((&ChallengeMessage{Flags: 0x8206, TargetName: "WEB1"}).Marshal())
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := ParseChallenge(b)
		if err != nil {
			return
		}
		first := m.Marshal()
		if len(first) > MaxMessage {
			return
		}
		again, err := ParseChallenge(first)
		if err != nil {
			t.Fatalf("%x: %v", first, err)
		}
		if second := again.Marshal(); !bytes.Equal(first, second) {
			t.Fatalf("%x, then %x", first, second)
		}
	})
}

func FuzzAuthenticate(f *testing.F) {
	f.Add(unhex(specAuthenticate), uint32(specV2Flags))
	for _, v := range []struct {
		nt, lm string
		flags  Flags
	}{
		{specV1NT, specV1LM, specV1Flags},
		{specV1NT, specV1LM, specV1Flags | NegotiateLMKey},
		{"", specV1LM, specV1Flags | RequestNonNTSessionKey},
		{specESSNT, specESSLM, specESSFlags},
		{"", specLMv2, specV2Flags},
		{"", "00", 0x8202 | NegotiateAnonymous},
		{specProof + specTemp, specLMv2, specV2Flags},
	} {
		for _, mic := range []bool{false, true} {
			m := &AuthenticateMessage{Flags: v.flags, DomainName: "Domain", UserName: "User", HasMIC: mic, MIC: key(specNT),
				NtChallengeResponse: unhex(v.nt), LmChallengeResponse: unhex(v.lm), EncryptedRandomSessionKey: unhex(specV2Key)}
			f.Add(m.Marshal(), uint32(v.flags))
		}
	}
	h := specHashes()
	f.Fuzz(func(t *testing.T, b []byte, negotiated uint32) {
		n := Flags(negotiated)
		m, err := ParseAuthenticate(b, n)
		if err != nil {
			return
		}
		v, err := Verify(h, specServer, n, m)
		if class := ClassifyVariant(m, n); v.Variant != class && v.Variant != VariantLM {
			t.Fatalf("classified as %v, verified as %v", class, v.Variant)
		}
		if err != nil && (v.SessionBaseKey != [16]byte{} || v.MICRequired) {
			t.Fatal("a verdict beside an error")
		}
		CheckMIC(v.ExportedSessionKey, b, b, m)
		first := m.Marshal()
		if len(first) > MaxMessage { // fields were the same bytes
			return
		}
		again, err := ParseAuthenticate(first, n)
		if err != nil {
			t.Fatalf("%x: %v", first, err)
		}
		if second := again.Marshal(); !bytes.Equal(first, second) {
			t.Fatalf("%x, then %x", first, second)
		}
	})
}
