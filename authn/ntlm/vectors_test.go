package ntlm

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
)

// The values of MS-NLMP 4.2. Blanks in hex are for reading.
const (
	specV1Flags  Flags = 0xe2028233 // 4.2.2
	specESSFlags Flags = 0x820a8233 // 4.2.3
	specV2Flags  Flags = 0xe28a8233 // 4.2.4

	specNT      = "a4f49c406510bdcab6824ee7c30fd852"                             // 4.2.2.1.2
	specLM      = "e52cac67419a9a224a3b108f3fa6cb6d"                             // 4.2.2.1.1
	specNTOWFv2 = "0c868a403bfd7a93a3001ef22ef02e3f"                             // 4.2.4.1.1
	specV1NT    = "67c43011f30298a2ad35ece64f16331c44bdbed927841f94"             // 4.2.2.2.1
	specV1LM    = "98def7b87f88aa5dafe2df779688a172def11c7d5ccdef13"             // 4.2.2.2.2
	specESSNT   = "7537f803ae367128ca458204bde7caf81e97ed2683267232"             // 4.2.3.2.2
	specESSLM   = "aaaaaaaaaaaaaaaa 00000000000000000000000000000000"            // 4.2.3.2.1
	specLMv2    = "86c35097ac9cec102554764a57cccc19 aaaaaaaaaaaaaaaa"            // 4.2.4.2.1
	specProof   = "68cd0ab851e51c96aabc927bebef6a1c"                             // 4.2.4.2.2
	specTemp    = "01010000000000000000000000000000 aaaaaaaaaaaaaaaa 00000000" + // 4.2.4.1.3
		"02000c0044006f006d00610069006e00 01000c00530065007200760065007200 00000000 00000000"
	specV2Key     = "c5dad2544fc9799094ce1ce90bc9d03e"                                        // 4.2.4.2.3
	specV1Base    = "d87262b0cde4b1cb7499becccdf10784"                                        // 4.2.2.1.3
	specV2Base    = "8de40ccadbc14a82f15cb0ad0de95ca3"                                        // 4.2.4.1.2
	specRandom    = "55555555555555555555555555555555"                                        // 4.2.1
	specChallenge = "4e544c4d53535000 02000000 0c000c00 38000000 33828ae2 0123456789abcdef" + // 4.2.4.3
		"0000000000000000 24002400 44000000 060070170000000f 530065007200760065007200" +
		"02000c0044006f006d00610069006e00 01000c00530065007200760065007200 00000000"
	specAuthenticate = "4e544c4d53535000 03000000 18001800 6c000000 54005400 84000000" + // 4.2.4.3
		"0c000c00 48000000 08000800 54000000 10001000 5c000000 10001000 d8000000 358288e2" +
		"0501280a0000000f 44006f006d00610069006e00 5500730065007200 43004f004d0050005500540045005200" +
		specLMv2 + specProof + specTemp + specV2Key
)

var (
	specServer = [8]byte(unhex("0123456789abcdef")) // 4.2.1
	specClient = [8]byte(unhex("aaaaaaaaaaaaaaaa"))
	specPairs  = []AVPair{NamePair(MsvAvNbDomainName, "Domain"), NamePair(MsvAvNbComputerName, "Server")}
)

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

func key(s string) [16]byte { return [16]byte(unhex(s)) }

// specHashes are the hashes of the account of 4.2.1, with an LM hash.
func specHashes() *Hashes {
	lm := key(specLM)
	return &Hashes{NT: key(specNT), LM: &lm}
}

func TestSpecComputations(t *testing.T) {
	lmHash, ok := LMOWFv1("Password")
	if !ok {
		t.Fatal("LMOWFv1: no hash")
	}
	kx := func(f Flags) [16]byte {
		return kxKey(key(specV1Base), VariantNTLMv1, f, specServer, &lmHash, unhex(specV1LM))
	}
	rc4k := func(k [16]byte) []byte { r := RC4K(k, key(specRandom)); return r[:] }
	b16 := func(b [16]byte) []byte { return b[:] }
	b24 := func(b [24]byte) []byte { return b[:] }
	v2 := NTLMv2Response(key(specNTOWFv2), specServer, specClient, 0, specPairs)
	for _, c := range []struct {
		section string
		got     []byte
		want    string
	}{
		{"4.2.2.1.1 LMOWFv1", b16(lmHash), specLM},
		{"4.2.2.1.2 NTOWFv1", b16(NTOWFv1("Password")), specNT},
		{"4.2.2.1.3 SessionBaseKey", b16(md4Sum(unhex(specNT))), specV1Base},
		{"4.2.2.2.1 NTLMv1 response", b24(DESL(key(specNT), specServer)), specV1NT},
		{"4.2.2.2.2 LMv1 response", b24(DESL(key(specLM), specServer)), specV1LM},
		{"4.2.2.2.2 KeyExchangeKey with LM_KEY", b16(kx(specV1Flags | NegotiateLMKey)), "b09e379f7fbecb1eaf0afdcb0383c8a0"},
		{"4.2.2.2.3 session key", rc4k(kx(specV1Flags)), "518822b1b3f350c8958682ecbb3e3cb7"},
		{"4.2.2.2.3 with REQUEST_NON_NT_SESSION_KEY", rc4k(kx(specV1Flags | RequestNonNTSessionKey)), "7452ca55c225a1ca04b48fae32cf56fc"},
		{"4.2.2.2.3 with LM_KEY", rc4k(kx(specV1Flags | NegotiateLMKey)), "4cd7bb57d697ef9b549f02b8f9b37864"},
		{"4.2.3.1.3 KeyExchangeKey", b16(kxKey(key(specV1Base), VariantNTLMv1ESS, specESSFlags, specServer, nil, unhex(specESSLM))), "eb93429a8bd952f8b89c55b87f475edc"},
		{"4.2.3.2.2 NTLMv1 response", b24(DESL(key(specNT), ExtendedChallenge(specServer, specClient))), specESSNT},
		{"4.2.4.1.1 NTOWFv2", b16(NTOWFv2(key(specNT), "User", "Domain")), specNTOWFv2},
		{"NTOWFv2 with empty domain", b16(NTOWFv2(key(specNT), "User", "")), "4cf86da43b3cd4785ab26bcee1e1884b"},
		{"4.2.4.1.2 SessionBaseKey", b16(func() [16]byte { k := key(specNTOWFv2); return hmacMD5(&k, unhex(specProof)) }()), specV2Base},
		{"4.2.4.1.3 temp", v2[16:], specTemp},
		{"4.2.4.2.1 LMv2 response", b24(LMv2Response(key(specNTOWFv2), specServer, specClient)), specLMv2},
		{"4.2.4.2.2 NTProofStr", v2[:16], specProof},
		{"4.2.4.2.3 session key", rc4k(key(specV2Base)), specV2Key},
	} {
		t.Run(c.section, func(t *testing.T) {
			if want := unhex(c.want); !bytes.Equal(c.got, want) {
				t.Errorf("got %x, want %x", c.got, want)
			}
		})
	}
}

// TestSpecVerify verifies the responses of MS-NLMP 4.2 as a server.
func TestSpecVerify(t *testing.T) {
	for _, c := range []struct {
		section        string
		flags          Flags
		nt, lm, key    string
		variant        Variant
		base, exported string
	}{
		{"4.2.2 NTLMv1", specV1Flags, specV1NT, specV1LM, "518822b1b3f350c8958682ecbb3e3cb7",
			VariantNTLMv1, specV1Base, specRandom},
		{"4.2.2 NTLMv1 REQUEST_NON_NT_SESSION_KEY", specV1Flags | RequestNonNTSessionKey, specV1NT, specV1LM, "7452ca55c225a1ca04b48fae32cf56fc",
			VariantNTLMv1, specV1Base, specRandom},
		{"4.2.2 NTLMv1 LM_KEY", specV1Flags | NegotiateLMKey, specV1NT, specV1LM, "4cd7bb57d697ef9b549f02b8f9b37864",
			VariantNTLMv1, specV1Base, specRandom},
		{"4.2.2 LM", specV1Flags, "", specV1LM, "518822b1b3f350c8958682ecbb3e3cb7",
			VariantLM, specV1Base, specRandom},
		{"4.2.3 NTLMv1 with extended session security", specESSFlags, specESSNT, specESSLM, "",
			VariantNTLMv1ESS, specV1Base, "eb93429a8bd952f8b89c55b87f475edc"},
		{"4.2.4 NTLMv2", specV2Flags, specProof + specTemp, specLMv2, specV2Key,
			VariantNTLMv2, specV2Base, specRandom},
	} {
		t.Run(c.section, func(t *testing.T) {
			m := parsed(t, c.flags, &AuthenticateMessage{
				Flags: c.flags, DomainName: "Domain", UserName: "User", Workstation: "COMPUTER",
				NtChallengeResponse: unhex(c.nt), LmChallengeResponse: unhex(c.lm),
				EncryptedRandomSessionKey: unhex(c.key),
			})
			v, err := Verify(specHashes(), specServer, c.flags, m)
			if err != nil {
				t.Fatal(err)
			}
			if v.Variant != c.variant {
				t.Errorf("variant %v, want %v", v.Variant, c.variant)
			}
			if v.SessionBaseKey != key(c.base) {
				t.Errorf("session base key %x, want %s", v.SessionBaseKey, c.base)
			}
			if v.ExportedSessionKey != key(c.exported) {
				t.Errorf("exported session key %x, want %s", v.ExportedSessionKey, c.exported)
			}
			wrong := specHashes()
			wrong.NT[0] ^= 1
			wrong.LM[0] ^= 1
			if _, err := Verify(wrong, specServer, c.flags, m); !errors.Is(err, ErrWrongPassword) {
				t.Errorf("other password: %v, want ErrWrongPassword", err)
			}
			next := specServer
			next[7] ^= 1
			if _, err := Verify(specHashes(), next, c.flags, m); !errors.Is(err, ErrWrongPassword) {
				t.Errorf("other challenge: %v, want ErrWrongPassword", err)
			}
		})
	}
}

func TestSpecChallengeMessage(t *testing.T) {
	m := &ChallengeMessage{
		Flags: specV2Flags, TargetName: "Server", ServerChallenge: specServer,
		TargetInfo: specPairs, Version: [8]byte(unhex("060070170000000f")),
	}
	want := unhex(specChallenge)
	if got := m.Marshal(); !bytes.Equal(got, want) {
		t.Errorf("Marshal:\n%x, want\n%x", got, want)
	}
	p, err := ParseChallenge(want)
	if err != nil {
		t.Fatal(err)
	}
	if p.Flags != specV2Flags || p.TargetName != "Server" || p.ServerChallenge != specServer || p.Version != m.Version {
		t.Errorf("ParseChallenge: %+v", p)
	}
	checkPairs(t, p.TargetInfo, specPairs)
}

func TestSpecAuthenticateMessage(t *testing.T) {
	want := unhex(specAuthenticate)
	m, err := ParseAuthenticate(want, specV2Flags)
	if err != nil {
		t.Fatal(err)
	}
	if m.Flags != 0xe2888235 || m.DomainName != "Domain" || m.UserName != "User" || m.Workstation != "COMPUTER" || m.HasMIC ||
		m.Version != [8]byte(unhex("0501280a0000000f")) {
		t.Errorf("ParseAuthenticate: %+v", m)
	}
	if got := m.Marshal(); !bytes.Equal(got, want) {
		t.Errorf("Marshal:\n%x, want\n%x", got, want)
	}
	v, err := Verify(specHashes(), specServer, specV2Flags, m)
	if err != nil || v.ExportedSessionKey != key(specRandom) {
		t.Errorf("Verify: %x, %v", v.ExportedSessionKey, err)
	}
	checkPairs(t, v.ClientTargetInfo, specPairs)
}

// parsed returns m as a server reads it from the wire.
func parsed(t testing.TB, negotiated Flags, m *AuthenticateMessage) *AuthenticateMessage {
	t.Helper()
	p, err := ParseAuthenticate(m.Marshal(), negotiated)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func checkPairs(t *testing.T, got, want []AVPair) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d AV pairs, want %d", len(got), len(want))
	}
	for i, p := range want {
		if got[i].ID != p.ID || !bytes.Equal(got[i].Value, p.Value) {
			t.Errorf("AV pair %d: %d %q, want %d %q", i, got[i].ID, got[i].Name(), p.ID, p.Name())
		}
	}
}
