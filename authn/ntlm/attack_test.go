package ntlm

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"encoding/binary"
	"errors"
	"runtime"
	"testing"

	"github.com/Azure/go-ntlmssp"
)

// A handshake as the server has it, by a client that is not ours.
type handshake struct {
	negotiate, challenge []byte
	flags                Flags
	m                    *AuthenticateMessage
}

// shake lets Azure/go-ntlmssp log on as the spec's account to a server that sends
// the given pairs. That client returns them unchanged and knows no MIC.
func shake(t testing.TB, pairs []AVPair) handshake {
	t.Helper()
	negotiate, err := ntlmssp.NewNegotiateMessage("", "")
	if err != nil {
		t.Fatal(err)
	}
	n, err := ParseNegotiate(negotiate)
	if err != nil {
		t.Fatal(err)
	}
	c := &ChallengeMessage{
		Flags:           ChallengeFlags(n.Flags, ChallengeOptions{}),
		TargetName:      "Server",
		ServerChallenge: specServer,
		TargetInfo:      pairs,
		Version:         [8]byte{10},
	}
	challenge := c.Marshal()
	authenticate, err := ntlmssp.NewAuthenticateMessage(challenge, `Domain\User`, "Password",
		&ntlmssp.AuthenticateMessageOptions{WorkstationName: "COMPUTER"})
	if err != nil {
		t.Fatal(err)
	}
	m, err := ParseAuthenticate(authenticate, c.Flags)
	if err != nil {
		t.Fatal(err)
	}
	return handshake{negotiate, challenge, c.Flags, m}
}

func (s *handshake) verify() (Verdict, error) {
	return Verify(specHashes(), specServer, s.flags, s.m)
}

// addMIC gives the client's message the MIC that a newer client would, computed
// with the standard library's HMAC.
func (s *handshake) addMIC(t testing.TB, sessionKey [16]byte) {
	t.Helper()
	s.m.HasMIC, s.m.MIC = true, [16]byte{}
	b := s.m.Marshal()
	h := hmac.New(md5.New, sessionKey[:])
	h.Write(s.negotiate)
	h.Write(s.challenge)
	h.Write(b)
	h.Sum(b[72:72])
	m, err := ParseAuthenticate(b, s.flags)
	if err != nil {
		t.Fatal(err)
	}
	s.m = m
}

var micPairs = append([]AVPair{{MsvAvFlags, []byte{byte(AVMICProvided), 0, 0, 0}}}, specPairs...)

func TestClientGoNTLMSSP(t *testing.T) {
	s := shake(t, append([]AVPair{TimestampPair(130868141240000000)}, specPairs...))
	if s.m.UserName != "User" || s.m.DomainName != "Domain" || s.m.Workstation != "COMPUTER" {
		t.Errorf("names: %+v", s.m)
	}
	v, err := s.verify()
	if err != nil {
		t.Fatal(err)
	}
	if v.Variant != VariantNTLMv2 || v.Timestamp != 130868141240000000 || v.MICRequired || len(v.ClientTargetInfo) != 3 {
		t.Errorf("verdict: %+v", v)
	}
	if v.ExportedSessionKey != v.SessionBaseKey || v.KeyExchangeKey != v.SessionBaseKey {
		t.Error("without key exchange the three keys are one")
	}
	for i := range s.m.NtChallengeResponse {
		s.m.NtChallengeResponse[i] ^= 0x10
		if _, err := s.verify(); err == nil {
			t.Errorf("accepted with byte %d changed", i)
		}
		s.m.NtChallengeResponse[i] ^= 0x10
	}
	s.m.UserName = "Usir"
	if _, err := s.verify(); !errors.Is(err, ErrWrongPassword) {
		t.Errorf("other user: %v", err)
	}
	s.m.UserName = "uSER"
	if _, err := s.verify(); err != nil {
		t.Errorf("user name in other case: %v", err)
	}
}

func TestClientGoNTLMSSPWithMIC(t *testing.T) {
	s := shake(t, micPairs)
	v, err := s.verify()
	if err != nil || !v.MICRequired {
		t.Fatalf("verdict %+v, %v", v, err)
	}
	s.addMIC(t, v.ExportedSessionKey)
	v, err = s.verify()
	if err != nil || !v.MICRequired || !s.m.HasMIC {
		t.Fatalf("verdict %+v, %v, MIC %v", v, err, s.m.HasMIC)
	}
	if !CheckMIC(v.ExportedSessionKey, s.negotiate, s.challenge, s.m) {
		t.Error("right MIC refused")
	}
}

func TestB1MICStripped(t *testing.T) {
	s := shake(t, micPairs)
	v, err := s.verify()
	if err != nil || !v.MICRequired {
		t.Fatalf("verdict %+v, %v", v, err)
	}
	if s.m.HasMIC || CheckMIC(v.ExportedSessionKey, s.negotiate, s.challenge, s.m) {
		t.Error("a message without a MIC has one")
	}
	s.addMIC(t, v.ExportedSessionKey)
	zeroed := bytes.Clone(s.m.Raw)
	clear(zeroed[72:88])
	m, err := ParseAuthenticate(zeroed, s.flags)
	if err != nil {
		t.Fatal(err)
	}
	if m.HasMIC || CheckMIC(v.ExportedSessionKey, s.negotiate, s.challenge, m) {
		t.Error("16 zeros are a MIC")
	}
}

func TestB1FlagCleared(t *testing.T) {
	s := shake(t, micPairs)
	at := bytes.Index(s.m.NtChallengeResponse, []byte{6, 0, 4, 0, 2, 0, 0, 0})
	if at < 0 {
		t.Fatal("no MsvAvFlags in the response")
	}
	s.m.NtChallengeResponse[at+4] = 0
	if v, err := s.verify(); !errors.Is(err, ErrWrongPassword) || v.MICRequired {
		t.Errorf("verdict %+v, %v, want ErrWrongPassword", v, err)
	}
}

// TestB1MessageChanged changes each byte of each message: the MIC must notice.
func TestB1MessageChanged(t *testing.T) {
	s := shake(t, micPairs)
	v, err := s.verify()
	if err != nil {
		t.Fatal(err)
	}
	s.addMIC(t, v.ExportedSessionKey)
	for name, b := range map[string][]byte{"NEGOTIATE": s.negotiate, "CHALLENGE": s.challenge, "AUTHENTICATE": s.m.Raw} {
		for i := range b {
			b[i] ^= 1
			if m, err := ParseAuthenticate(s.m.Raw, s.flags); err == nil &&
				CheckMIC(v.ExportedSessionKey, s.negotiate, s.challenge, m) {
				t.Errorf("%s: byte %d changed, MIC still right", name, i)
			}
			b[i] ^= 1
		}
	}
	if !CheckMIC(v.ExportedSessionKey, s.negotiate, s.challenge, s.m) {
		t.Error("right MIC refused")
	}
	other := v.ExportedSessionKey
	other[15] ^= 1
	if CheckMIC(other, s.negotiate, s.challenge, s.m) {
		t.Error("MIC right with another session key")
	}
}

// TestMICOfLongMessages compares the two ways to hash, below and above the usual
// length, with the standard library.
func TestMICOfLongMessages(t *testing.T) {
	k := key(specNT)
	for _, n := range []int{0, 1, 1000, 1023, 1024, 1025, 1100, 5000, MaxMessage} {
		b := bytes.Repeat([]byte("0123456789abcde"), n/15+1)[:n]
		h := hmac.New(md5.New, k[:])
		h.Write(b)
		if got := hmacMD5(&k, b[:n/3], nil, b[n/3:]); !bytes.Equal(got[:], h.Sum(nil)) {
			t.Errorf("HMAC-MD5 of %d bytes: %x", n, got)
		}
	}
}

func TestB2WrongNTLMv2RightLMv2(t *testing.T) {
	lm := LMv2Response(key(specNTOWFv2), specServer, specClient)
	m := v2Message(t, 0, specPairs)
	m.LmChallengeResponse = lm[:]
	m.NtChallengeResponse[0] ^= 1
	if v, err := Verify(specHashes(), specServer, specV2Flags, m); !errors.Is(err, ErrWrongPassword) || v.Variant != VariantNTLMv2 {
		t.Errorf("NTLMv2 wrong: %v, %v", v.Variant, err)
	}
	m.NtChallengeResponse = make([]byte, 24)
	if v, err := Verify(specHashes(), specServer, specV1Flags, m); !errors.Is(err, ErrWrongPassword) || v.Variant != VariantNTLMv1 {
		t.Errorf("NTLMv1 wrong: %v, %v", v.Variant, err)
	}
	m.LmChallengeResponse = unhex(specV1LM)
	if v, err := Verify(specHashes(), specServer, specV1Flags, m); !errors.Is(err, ErrWrongPassword) || v.Variant != VariantNTLMv1 {
		t.Errorf("NTLMv1 wrong, LM right: %v, %v", v.Variant, err)
	}
}

func TestLMResponseAlone(t *testing.T) {
	lmv2 := LMv2Response(key(specNTOWFv2), specServer, specClient)
	nodomain := LMv2Response(NTOWFv2(key(specNT), "User", ""), specServer, specClient)
	for _, c := range []struct {
		name    string
		lm      []byte
		hash    bool
		variant Variant
		err     error
	}{
		{"LMv2", lmv2[:], false, VariantLMv2, nil},
		{"LMv2, account with an LM hash", lmv2[:], true, VariantLMv2, nil},
		{"LMv2 with an empty domain", nodomain[:], false, VariantLMv2, nil},
		{"LM", unhex(specV1LM), true, VariantLM, nil},
		{"LM, account without an LM hash", unhex(specV1LM), false, VariantLMv2, ErrWrongPassword},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := specHashes()
			if !c.hash {
				h.LM = nil
			}
			m := parsed(t, specV2Flags, &AuthenticateMessage{
				Flags: NegotiateUnicode, DomainName: "Domain", UserName: "User", LmChallengeResponse: c.lm})
			if v := ClassifyVariant(m, specV2Flags); v != VariantLMv2 {
				t.Errorf("classified as %v", v)
			}
			v, err := Verify(h, specServer, specV2Flags, m)
			if !errors.Is(err, c.err) || v.Variant != c.variant {
				t.Errorf("%v, %v, want %v, %v", v.Variant, err, c.variant, c.err)
			}
			if c.variant == VariantLMv2 && err == nil {
				k := NTOWFv2(key(specNT), "User", "Domain")
				if c.name == "LMv2 with an empty domain" {
					k = NTOWFv2(key(specNT), "User", "")
				}
				mac := hmac.New(md5.New, k[:])
				mac.Write(c.lm[:16])
				if !bytes.Equal(mac.Sum(nil), v.SessionBaseKey[:]) {
					t.Errorf("session base key %x", v.SessionBaseKey)
				}
			}
		})
	}
}

func TestNTLMv2EmptyDomain(t *testing.T) {
	m := v2Message(t, 0, specPairs)
	m.NtChallengeResponse = NTLMv2Response(key("4cf86da43b3cd4785ab26bcee1e1884b"), specServer, specClient, 0, specPairs)
	if _, err := Verify(specHashes(), specServer, specV2Flags, m); err != nil {
		t.Errorf("response made without a domain: %v", err)
	}
	m.DomainName = ""
	if _, err := Verify(specHashes(), specServer, specV2Flags, m); err != nil {
		t.Errorf("response and message without a domain: %v", err)
	}
}

func TestClassifyVariant(t *testing.T) {
	zeros, other := unhex(specESSLM), unhex(specV1LM)
	const ess = NegotiateExtendedSecurity
	for _, c := range []struct {
		name            string
		user            string
		nt, lm          []byte
		own, negotiated Flags
		want            Variant
		err             error // of Verify
	}{
		{"NTLMv2", "User", make([]byte, 60), zeros, ess, ess, VariantNTLMv2, ErrInvalidToken},
		{"NTLMv2, shortest", "User", make([]byte, 25), nil, ess, ess, VariantNTLMv2, ErrInvalidToken},
		{"NTLMv1", "User", other, other, 0, 0, VariantNTLMv1, ErrWrongPassword},
		{"NTLMv1 without LM response", "User", other, nil, ess, ess, VariantNTLMv1, ErrWrongPassword},
		{"extended, by both flags", "User", other, other, ess, ess, VariantNTLMv1ESS, ErrWrongPassword},
		{"extended, by the LM response", "User", other, zeros, 0, ess, VariantNTLMv1ESS, ErrWrongPassword},
		{"extended, not negotiated", "User", other, zeros, ess, 0, VariantNTLMv1, ErrWrongPassword},
		{"LM or LMv2", "User", nil, other, 0, 0, VariantLMv2, ErrWrongPassword},
		{"NT response too short", "User", other[:23], other, 0, 0, VariantUnknown, ErrInvalidToken},
		{"LM response too short", "User", nil, other[:23], 0, 0, VariantUnknown, ErrInvalidToken},
		{"LM response too long", "User", nil, make([]byte, 25), 0, 0, VariantUnknown, ErrInvalidToken},
		{"a user without responses", "User", nil, nil, 0, 0, VariantUnknown, ErrWrongPassword},
		{"a user with an empty LM response", "User", nil, []byte{0}, 0, 0, VariantUnknown, ErrWrongPassword},
		{"anonymous", "", nil, nil, 0, 0, VariantAnonymous, ErrAnonymous},
		{"anonymous, one zero byte", "", nil, []byte{0}, 0, 0, VariantAnonymous, ErrAnonymous},
		{"no user, one other byte", "", nil, []byte{1}, 0, 0, VariantUnknown, ErrInvalidToken},
		{"no user, a response", "", other, nil, 0, 0, VariantNTLMv1, ErrWrongPassword},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := &AuthenticateMessage{Flags: c.own, UserName: c.user, NtChallengeResponse: c.nt, LmChallengeResponse: c.lm}
			if got := ClassifyVariant(m, c.negotiated); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
			h := specHashes()
			h.NT[0] ^= 1
			h.LM[0] ^= 1
			if v, err := Verify(h, specServer, c.negotiated, m); !errors.Is(err, c.err) || v.Variant != c.want {
				t.Errorf("Verify: %v, %v, want %v, %v", v.Variant, err, c.want, c.err)
			}
		})
	}
}

func TestVariantNames(t *testing.T) {
	for v, want := range map[Variant]string{
		VariantLM: "LM", VariantNTLMv1: "NTLMv1", VariantNTLMv1ESS: "NTLMv1 with extended session security",
		VariantLMv2: "LMv2", VariantNTLMv2: "NTLMv2", VariantAnonymous: "anonymous", VariantUnknown: "unknown", 99: "unknown",
	} {
		if v.String() != want {
			t.Errorf("%d: %q, want %q", v, v, want)
		}
	}
}

func TestKeyExchangeWithoutKey(t *testing.T) {
	for _, k := range [][]byte{nil, make([]byte, 15), make([]byte, 17)} {
		m := v2Message(t, 0, specPairs)
		m.Flags |= NegotiateKeyExch
		m.EncryptedRandomSessionKey = k
		if v, err := Verify(specHashes(), specServer, specV2Flags, m); !errors.Is(err, ErrInvalidToken) || v.SessionBaseKey != [16]byte{} {
			t.Errorf("session key of %d bytes: %v", len(k), err)
		}
		if _, err := Verify(specHashes(), specServer, specV2Flags&^NegotiateKeyExch, m); err != nil {
			t.Errorf("session key of %d bytes, not negotiated: %v", len(k), err)
		}
	}
}

// TestB6Fields breaks each field of each message in turn.
func TestB6Fields(t *testing.T) {
	negotiate := (&NegotiateMessage{Flags: 0xb207, DomainName: "CORP", WorkstationName: "PC1"}).Marshal()
	for _, msg := range []struct {
		name   string
		b      []byte
		fields []int
		parse  func(b []byte) error
	}{
		{"NEGOTIATE", negotiate, []int{16, 24}, func(b []byte) error { _, err := ParseNegotiate(b); return err }},
		{"CHALLENGE", unhex(specChallenge), []int{12, 40}, func(b []byte) error { _, err := ParseChallenge(b); return err }},
		{"AUTHENTICATE", unhex(specAuthenticate), []int{12, 20, 28, 36, 44, 52},
			func(b []byte) error { _, err := ParseAuthenticate(b, specV2Flags); return err }},
	} {
		if err := msg.parse(msg.b); err != nil {
			t.Fatalf("%s: %v", msg.name, err)
		}
		for _, at := range msg.fields {
			for _, f := range []struct {
				name string
				n    uint16
				off  uint32
			}{
				{"one past the end", 8, uint32(len(msg.b) - 7)},
				{"begins at the end", 2, uint32(len(msg.b))},
				{"longest", 0xFFFE, 12},
				{"offset near 2^32", 8, 0xFFFFFFF8},
				{"offset and length past 2^32", 8, 0xFFFFFFFC},
				{"offset as a negative number", 8, 0x80000000},
			} {
				b := bytes.Clone(msg.b)
				binary.LittleEndian.PutUint16(b[at:], f.n)
				binary.LittleEndian.PutUint32(b[at+4:], f.off)
				if err := msg.parse(b); !errors.Is(err, ErrInvalidToken) {
					t.Errorf("%s, field at %d, %s: %v, want ErrInvalidToken", msg.name, at, f.name, err)
				}
			}
		}
		for n := range len(msg.b) {
			err := msg.parse(msg.b[:n:n])
			if msg.name == "NEGOTIATE" && 16 <= n && n < 24 {
				continue // a message of an old client, without fields
			}
			if !errors.Is(err, ErrInvalidToken) {
				t.Errorf("%s cut to %d bytes: %v, want ErrInvalidToken", msg.name, n, err)
			}
		}
	}
}

func TestB6OddUTF16(t *testing.T) {
	for _, at := range []int{28, 36, 44} {
		b := unhex(specAuthenticate)
		b[at] = 3
		if _, err := ParseAuthenticate(b, specV2Flags); !errors.Is(err, ErrInvalidToken) {
			t.Errorf("odd name at %d: %v", at, err)
		}
	}
	b := unhex(specChallenge)
	b[12] = 3
	if _, err := ParseChallenge(b); !errors.Is(err, ErrInvalidToken) {
		t.Errorf("odd target name: %v", err)
	}
}

func TestB6OverlappingFields(t *testing.T) {
	b := unhex(specAuthenticate)
	copy(b[44:52], b[36:44]) // the workstation is where the user is
	copy(b[12:20], b[20:28]) // both responses are one
	m, err := ParseAuthenticate(b, specV2Flags)
	if err != nil {
		t.Fatal(err)
	}
	if m.Workstation != "User" || !bytes.Equal(m.LmChallengeResponse, m.NtChallengeResponse) {
		t.Errorf("%+v", m)
	}
	if _, err := Verify(specHashes(), specServer, specV2Flags, m); err != nil {
		t.Errorf("Verify: %v", err)
	}
}

func TestB6LongNames(t *testing.T) {
	for n, want := range map[int]error{maxName: nil, maxName + 2: ErrInvalidToken, 0xFFF0 - 64: ErrInvalidToken} {
		b := newMessage(TypeAuthenticate, 64, n)
		b[60] = byte(NegotiateUnicode)
		b = append(b, make([]byte, n)...)
		for at := 28; at < 52; at += 8 {
			putField(b, at, 64)
		}
		if _, err := ParseAuthenticate(b, 0); !errors.Is(err, want) {
			t.Errorf("names of %d bytes: %v, want %v", n, err, want)
		}
	}
}

// TestB6AVPairs puts broken AV lists into an NTLMv2 response with a right proof.
func TestB6AVPairs(t *testing.T) {
	many := bytes.Repeat([]byte{1, 0, 0, 0}, 0xF000/4)
	for _, c := range []struct {
		name string
		list []byte
		want error
	}{
		{"end mark alone", []byte{0, 0, 0, 0}, nil},
		{"end mark with a length", []byte{0, 0, 9, 9}, nil},
		{"nothing", nil, ErrInvalidToken},
		{"less than a pair", []byte{0, 0, 0}, ErrInvalidToken},
		{"no end mark", []byte{1, 0, 2, 0, 65, 0}, ErrInvalidToken},
		{"pair longer than the list", []byte{1, 0, 3, 0, 65, 0}, ErrInvalidToken},
		{"pair of the greatest length", []byte{1, 0, 255, 255, 65, 0, 0, 0, 0, 0}, ErrInvalidToken},
		{"flags too short", []byte{6, 0, 3, 0, 2, 0, 0, 0, 0, 0, 0}, ErrInvalidToken},
		{"as many pairs as allowed", append(bytes.Clone(many[:4*maxAVPairs]), 0, 0, 0, 0), nil},
		{"one more", append(bytes.Clone(many[:4*maxAVPairs+4]), 0, 0, 0, 0), ErrInvalidToken},
		{"60 KB of them", append(bytes.Clone(many), 0, 0, 0, 0), ErrInvalidToken},
		{"60 KB of them without an end", many, ErrInvalidToken},
	} {
		t.Run(c.name, func(t *testing.T) {
			blob := append(unhex(specTemp)[:blobHeader:blobHeader], c.list...)
			k := key(specNTOWFv2)
			proof := hmacMD5(&k, specServer[:], blob)
			m := parsed(t, specV2Flags, &AuthenticateMessage{
				Flags: NegotiateUnicode, DomainName: "Domain", UserName: "User", NtChallengeResponse: append(proof[:], blob...)})
			if _, err := Verify(specHashes(), specServer, specV2Flags, m); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

// TestB6Memory counts what the largest messages make us allocate.
func TestB6Memory(t *testing.T) {
	pairs := &AuthenticateMessage{Flags: NegotiateUnicode, UserName: "User",
		NtChallengeResponse: append(make([]byte, 16), append([]byte{1, 1}, bytes.Repeat([]byte{1}, 0xFE00)...)...)}
	tooLong := append(unhex(specAuthenticate), make([]byte, MaxMessage)...)
	if _, err := ParseAuthenticate(tooLong, specV2Flags); !errors.Is(err, ErrInvalidToken) {
		t.Errorf("message beyond the limit: %v", err)
	}
	good := v2Message(t, 0, []AVPair{{MsvAvSingleHost, make([]byte, 0xF000)}})
	if _, err := Verify(specHashes(), specServer, specV2Flags, good); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{"AV pairs": pairs.Marshal(), "one AV pair": good.Raw, "too long": tooLong} {
		h := specHashes()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		const runs = 20
		for range runs {
			if m, err := ParseAuthenticate(b, specV2Flags); err == nil {
				_, _ = Verify(h, specServer, specV2Flags, m)
			}
		}
		runtime.ReadMemStats(&after)
		if n := (after.TotalAlloc - before.TotalAlloc) / runs; n > 8<<10 {
			t.Errorf("%s: %d bytes allocated for a message of %d", name, n, len(b))
		}
	}
}

// TestB9WrongMessage gives each parser the messages of the other steps.
func TestB9WrongMessage(t *testing.T) {
	for name, b := range map[string][]byte{
		"NEGOTIATE": unhex(seenNegotiate), "CHALLENGE": unhex(specChallenge), "AUTHENTICATE": unhex(specAuthenticate),
		"type 0": unhex("4e544c4d53535000 00000000 0782082200000000"), "type 4": unhex("4e544c4d53535000 04000000 0782082200000000"),
		"SPNEGO": unhex("604806062b0601050502a03e303ca00e300c060a2b06010401823702020a"), "nothing": nil,
	} {
		_, err := ParseNegotiate(b)
		if ok := name == "NEGOTIATE"; ok != (err == nil) || !ok && !errors.Is(err, ErrInvalidToken) {
			t.Errorf("ParseNegotiate(%s): %v", name, err)
		}
		_, err = ParseChallenge(b)
		if ok := name == "CHALLENGE"; ok != (err == nil) || !ok && !errors.Is(err, ErrInvalidToken) {
			t.Errorf("ParseChallenge(%s): %v", name, err)
		}
		_, err = ParseAuthenticate(b, specV2Flags)
		if ok := name == "AUTHENTICATE"; ok != (err == nil) || !ok && !errors.Is(err, ErrInvalidToken) {
			t.Errorf("ParseAuthenticate(%s): %v", name, err)
		}
	}
}

// TestB9Repeated answers a second challenge with the response to the first.
func TestB9Repeated(t *testing.T) {
	s := shake(t, specPairs)
	if _, err := s.verify(); err != nil {
		t.Fatal(err)
	}
	next := [8]byte{1}
	if _, err := Verify(specHashes(), next, s.flags, s.m); !errors.Is(err, ErrWrongPassword) {
		t.Errorf("message 3 again: %v, want ErrWrongPassword", err)
	}
}
