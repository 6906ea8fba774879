package ntlm

import "testing"

// BenchmarkLogon is what one NTLMv2 logon costs a server in this package.
func BenchmarkLogon(b *testing.B) {
	negotiate := unhex(seenNegotiate)
	s := shake(b, micPairs)
	v, err := s.verify()
	if err != nil {
		b.Fatal(err)
	}
	s.addMIC(b, v.ExportedSessionKey)
	h := specHashes()
	b.ReportAllocs()
	for b.Loop() {
		n, err := ParseNegotiate(negotiate)
		if err != nil {
			b.Fatal(err)
		}
		c := ChallengeMessage{Flags: ChallengeFlags(n.Flags, ChallengeOptions{}), TargetName: "Server",
			ServerChallenge: specServer, TargetInfo: micPairs, Version: [8]byte{10}}
		c.Marshal()
		m, err := ParseAuthenticate(s.m.Raw, c.Flags)
		if err != nil {
			b.Fatal(err)
		}
		v, err := Verify(h, specServer, c.Flags, m)
		if err != nil {
			b.Fatal(err)
		}
		if !CheckMIC(v.ExportedSessionKey, s.negotiate, s.challenge, m) {
			b.Fatal("MIC")
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	h := specHashes()
	for _, c := range []struct {
		name  string
		flags Flags
		m     *AuthenticateMessage
	}{
		{"NTLMv2", specV2Flags, v2Message(b, 0, specPairs)},
		{"NTLMv1", specESSFlags, parsed(b, specESSFlags, &AuthenticateMessage{Flags: specESSFlags, UserName: "User",
			NtChallengeResponse: unhex(specESSNT), LmChallengeResponse: unhex(specESSLM)})},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Verify(h, specServer, c.flags, c.m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
