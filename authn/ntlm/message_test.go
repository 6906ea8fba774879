package ntlm

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math"
	"strings"
	"testing"
	"time"
)

// A handshake that IIS 7.5 was seen to hold (Zeek test traffic, erspan.pcap).
const (
	seenNegotiate = "4e544c4d53535000 01000000 078208a2 0000000000000000 0000000000000000 0601b11d0000000f"
	seenChallenge = "4e544c4d53535000 02000000 04000400 38000000 058289a2 ee61bd4c755a0ed3 0000000000000000" +
		"6e006e00 3c000000 0601b11d0000000f 53005000 0200 0400 53005000 0100 0a00 54004600440053005000" +
		"0400 1000 730070002e006c006f00630061006c00 0300 1c00 540046004400530050002e00730070002e006c006f00630061006c00" +
		"0500 1000 730070002e006c006f00630061006c00 0700 0800 979bb6a3f6efd001 00000000"
)

func TestSeenNegotiate(t *testing.T) {
	m, err := ParseNegotiate(unhex(seenNegotiate))
	if err != nil {
		t.Fatal(err)
	}
	if m.Flags != 0xa2088207 || m.DomainName != "" || m.WorkstationName != "" || m.Version != [8]byte(unhex("0601b11d0000000f")) {
		t.Errorf("ParseNegotiate: %+v", m)
	}
}

func TestSeenChallenge(t *testing.T) {
	m := &ChallengeMessage{
		Flags:           ChallengeFlags(0xa2088207, ChallengeOptions{Domain: true}),
		TargetName:      "SP",
		ServerChallenge: [8]byte(unhex("ee61bd4c755a0ed3")),
		TargetInfo: []AVPair{
			NamePair(MsvAvNbDomainName, "SP"),
			NamePair(MsvAvNbComputerName, "TFDSP"),
			NamePair(MsvAvDNSDomainName, "sp.local"),
			NamePair(MsvAvDNSComputerName, "TFDSP.sp.local"),
			NamePair(MsvAvDNSTreeName, "sp.local"),
			TimestampPair(0x01d0eff6a3b69b97),
		},
		Version: [8]byte(unhex("0601b11d0000000f")),
	}
	if got, want := m.Marshal(), unhex(seenChallenge); !bytes.Equal(got, want) {
		t.Errorf("Marshal:\n%x, want\n%x", got, want)
	}
	p, err := ParseChallenge(unhex(seenChallenge))
	if err != nil {
		t.Fatal(err)
	}
	checkPairs(t, p.TargetInfo, m.TargetInfo)
	if ts, ok := FindAV(p.TargetInfo, MsvAvTimestamp); !ok || !bytes.Equal(ts.Value, unhex("979bb6a3f6efd001")) {
		t.Errorf("timestamp %x, %v", ts.Value, ok)
	}
	if _, ok := FindAV(p.TargetInfo, MsvAvChannelBindings); ok {
		t.Error("found a pair that is not there")
	}
}

func TestMessageType(t *testing.T) {
	for _, c := range []struct {
		in   string
		want uint32
		ok   bool
	}{
		{"", 0, false},
		{"4e544c4d53535000", 0, false},
		{"4e544c4d53535000 010000", 0, false},
		{"4e544c4d53535000 01000000", TypeNegotiate, true},
		{"4e544c4d53535000 03000000 ff", TypeAuthenticate, true},
		{"4e544c4d53535001 01000000", 0, false},
		{"604806062b0601050502a03e303c", 0, false}, // SPNEGO
	} {
		if got, ok := MessageType(unhex(c.in)); got != c.want || ok != c.ok {
			t.Errorf("MessageType(%s) = %d, %v, want %d, %v", c.in, got, ok, c.want, c.ok)
		}
	}
}

func TestParseNegotiate(t *testing.T) {
	const head = "4e544c4d53535000 01000000"
	for _, c := range []struct {
		name, in string
		want     NegotiateMessage
		err      error
	}{
		{"16 bytes", head + "06820000", NegotiateMessage{Flags: 0x8206}, nil},
		{"32 bytes", head + "06820000 0000000000000000 0000000000000000", NegotiateMessage{Flags: 0x8206}, nil},
		{"32 bytes, empty fields with wild offsets", head + "06b20000 00000000ffffffff 00000000f0ffffff", NegotiateMessage{Flags: 0xb206}, nil},
		{"names, workstation first", head + "06b20000 0600060025000000 0500050020000000 574b535441 444f4d41494e",
			NegotiateMessage{Flags: 0xb206, DomainName: "DOMAIN", WorkstationName: "WKSTA"}, nil},
		{"names beyond ASCII are code page 1252 also with Unicode", head + "07920000 0300030020000000 0000000000000000 4dfc80",
			NegotiateMessage{Flags: 0x9207, DomainName: "Mü€"}, nil},
		{"names without their flags", head + "06820000 0600060025000000 0500050099000000", NegotiateMessage{Flags: 0x8206}, nil},
		{"names without fields", head + "06b20000", NegotiateMessage{Flags: 0xb206}, nil},
		{"version flag without a version", head + "06820002", NegotiateMessage{Flags: 0x2008206}, nil},
		{"8 bytes", "4e544c4d53535000", NegotiateMessage{}, ErrInvalidToken},
		{"12 bytes", head, NegotiateMessage{}, ErrInvalidToken},
		{"15 bytes", head + "068200", NegotiateMessage{}, ErrInvalidToken},
		{"no character set", head + "04820000", NegotiateMessage{}, ErrInvalidToken},
		{"datagram", head + "46820000", NegotiateMessage{}, ErrUnsupported},
		{"name past the end", head + "06b20000 0600060026000000 0500050020000000 574b535441 444f4d41494e", NegotiateMessage{}, ErrInvalidToken},
		{"too long", head + "06820000" + strings.Repeat("00", MaxNegotiate), NegotiateMessage{}, ErrInvalidToken},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := ParseNegotiate(unhex(c.in))
			if !errors.Is(err, c.err) {
				t.Fatalf("error %v, want %v", err, c.err)
			}
			if err != nil {
				return
			}
			if m.Flags != c.want.Flags || m.DomainName != c.want.DomainName || m.WorkstationName != c.want.WorkstationName || m.Version != c.want.Version {
				t.Errorf("got %+v, want %+v", m, c.want)
			}
			if !bytes.Equal(m.Raw, unhex(c.in)) {
				t.Error("Raw is not the message")
			}
		})
	}
}

func TestChallengeWithoutVersion(t *testing.T) {
	m := &ChallengeMessage{Flags: 0x8205 | TargetTypeServer, TargetName: "WEB1", ServerChallenge: specServer}
	want := "4e544c4d53535000 02000000 08000800 30000000 05820200 0123456789abcdef 0000000000000000 0000000038000000 5700450042003100"
	if got := m.Marshal(); !bytes.Equal(got, unhex(want)) {
		t.Errorf("NT: %x, want %s", got, want)
	}
	m.Flags = m.Flags&^NegotiateUnicode | NegotiateOEM
	want = "4e544c4d53535000 02000000 04000400 30000000 06820200 0123456789abcdef 0000000000000000 0000000034000000 57454231"
	if got := m.Marshal(); !bytes.Equal(got, unhex(want)) {
		t.Errorf("NT, OEM: %x, want %s", got, want)
	}
	m.Version[0] = 6 // a later release, for a client that does not ask for the version
	want = "4e544c4d53535000 02000000 04000400 38000000 06820200 0123456789abcdef 0000000000000000 000000003c000000 0000000000000000 57454231"
	if got := m.Marshal(); !bytes.Equal(got, unhex(want)) {
		t.Errorf("version not asked for: %x, want %s", got, want)
	}
}

func TestChallengeFlags(t *testing.T) {
	for _, c := range []struct {
		name         string
		client, want Flags
		o            ChallengeOptions
	}{
		{"seen, 7.5 in a domain", 0xa2088207, 0xa2898205, ChallengeOptions{Domain: true}},
		{"same, in no domain", 0xa2088207, 0xa28a8205, ChallengeOptions{}},
		{"same, NT and 2000", 0xa2088207, 0xa08a8205, ChallengeOptions{NoVersion: true}},
		{"least", NegotiateOEM, 0x00828206, ChallengeOptions{}},
		{"NT without extended session security", 0x8207, 0x00028205, ChallengeOptions{TargetInfo: TargetInfoIfExtended}},
		{"NT with it", 0x88203, 0x008a8205, ChallengeOptions{TargetInfo: TargetInfoIfExtended}},
		{"2000 with RequestTarget", 0x8207, 0x00828205, ChallengeOptions{TargetInfo: TargetInfoIfExtendedOrTarget}},
		{"2000 without", 0x8203, 0x00028205, ChallengeOptions{TargetInfo: TargetInfoIfExtendedOrTarget}},
		{"extended session security wins over LM_KEY", 0x88281, 0x008a8205, ChallengeOptions{}},
		{"LM_KEY", 0x8281, 0x00828285, ChallengeOptions{}},
		{"key exchange for signing", 0x40008211, 0x40828215, ChallengeOptions{}},
		{"key exchange for nothing", 0x40008201, 0x00828205, ChallengeOptions{}},
		{"a client's own and unknown flags", 0x1c01f001 | NegotiateAnonymous, 0x00828205, ChallengeOptions{}},
	} {
		if got := ChallengeFlags(c.client, c.o); got != c.want {
			t.Errorf("%s: %#08x, want %#08x", c.name, uint32(got), uint32(c.want))
		}
	}
}

// TestAuthenticateHeaders parses AUTHENTICATE messages with the header of each
// release (MS-NLMP 2.2.1.3).
func TestAuthenticateHeaders(t *testing.T) {
	for _, c := range []struct {
		name                        string
		header                      int
		sessionKey, flags, ver, mic bool
	}{
		{"oldest", 52, false, false, false, false},
		{"with session key", 60, true, false, false, false},
		{"NT and 2000", 64, true, true, false, false},
		{"XP and 2003", 72, true, true, true, false},
		{"Vista and later", 88, true, true, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			const own = NegotiateOEM | NegotiateVersion | NegotiateNTLM
			b := newMessage(TypeAuthenticate, c.header, 64)
			for i := 12; i < c.header; i++ {
				b[i] = 0
			}
			if c.flags {
				binary.LittleEndian.PutUint32(b[60:], uint32(own))
			}
			if c.ver {
				copy(b[64:], "version!")
			}
			if c.mic {
				copy(b[72:], "0123456789abcdef")
			}
			b = append(b, "USER"...)
			putField(b, 36, c.header)
			if c.sessionKey {
				b = append(b, "sessionkey123456"...)
				putField(b, 52, c.header+4)
			}
			m, err := ParseAuthenticate(b, NegotiateOEM)
			if err != nil {
				t.Fatal(err)
			}
			if m.UserName != "USER" {
				t.Errorf("user %q", m.UserName)
			}
			if got := string(m.EncryptedRandomSessionKey) == "sessionkey123456"; got != c.sessionKey {
				t.Errorf("session key %q", m.EncryptedRandomSessionKey)
			}
			if want := map[bool]Flags{true: own, false: NegotiateOEM}[c.flags]; m.Flags != want {
				t.Errorf("flags %#x, want %#x", m.Flags, want)
			}
			if got := string(m.Version[:]) == "version!"; got != c.ver {
				t.Errorf("version %q", m.Version)
			}
			if got := string(m.MIC[:]) == "0123456789abcdef"; got != c.mic || m.HasMIC != c.mic {
				t.Errorf("MIC %q, %v", m.MIC, m.HasMIC)
			}
		})
	}
}

func TestAuthenticateCharset(t *testing.T) {
	for _, c := range []struct {
		name            string
		own, negotiated Flags
		user            string // in hex
		want            string
		err             error
	}{
		{"Unicode", NegotiateUnicode, NegotiateUnicode, "f6006c00", "öl", nil},
		{"OEM", NegotiateOEM, NegotiateOEM, "f66c", "öl", nil},
		{"Unicode wins", charset, NegotiateOEM, "f6006c00", "öl", nil},
		{"as negotiated, Unicode", NegotiateNTLM, NegotiateUnicode, "f6006c00", "öl", nil},
		{"as negotiated, OEM", NegotiateNTLM, NegotiateOEM, "f66c", "öl", nil},
		{"neither", NegotiateNTLM, NegotiateNTLM, "f66c", "", ErrInvalidToken},
		{"beyond the basic plane", NegotiateUnicode, NegotiateUnicode, "3dd800de", "😀", nil},
		{"half a surrogate pair", NegotiateUnicode, NegotiateUnicode, "00de3dd86100", "\uFFFD\uFFFDa", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newMessage(TypeAuthenticate, 64, 16)
			binary.LittleEndian.PutUint32(b[60:], uint32(c.own))
			b = append(b, unhex(c.user)...)
			putField(b, 36, 64)
			m, err := ParseAuthenticate(b, c.negotiated)
			if !errors.Is(err, c.err) {
				t.Fatalf("error %v, want %v", err, c.err)
			}
			if err == nil && m.UserName != c.want {
				t.Errorf("user %q, want %q", m.UserName, c.want)
			}
		})
	}
}

func TestRoundTrip(t *testing.T) {
	n := &NegotiateMessage{
		Flags:      0xb207 | NegotiateVersion,
		DomainName: "CORP", WorkstationName: "PC1", Version: [8]byte{10, 0, 1},
	}
	pn, err := ParseNegotiate(n.Marshal())
	if err != nil {
		t.Fatal(err)
	}
	if pn.DomainName != "CORP" || pn.WorkstationName != "PC1" || pn.Version != n.Version || pn.Flags != n.Flags {
		t.Errorf("NEGOTIATE: %+v", pn)
	}
	for _, f := range []Flags{NegotiateUnicode, NegotiateOEM, NegotiateUnicode | NegotiateVersion} {
		for _, mic := range []bool{false, true} {
			m := &AuthenticateMessage{
				Flags: f, DomainName: "CORP", UserName: "jürgen", Workstation: "PC1", HasMIC: mic,
				LmChallengeResponse: []byte("lm"), NtChallengeResponse: []byte("nt"), EncryptedRandomSessionKey: []byte("key"),
			}
			if mic {
				m.MIC[3] = 7
			}
			if f.Has(NegotiateVersion) {
				m.Version[0] = 10
			}
			p := parsed(t, 0, m)
			m.Raw, p.Raw = nil, nil
			if hex.EncodeToString(p.Marshal()) != hex.EncodeToString(m.Marshal()) {
				t.Errorf("AUTHENTICATE %#x, %v: %+v, want %+v", f, mic, p, m)
			}
			if p.UserName != "jürgen" || p.DomainName != "CORP" || p.Workstation != "PC1" || p.HasMIC != mic ||
				p.MIC != m.MIC || p.Version != m.Version || string(p.LmChallengeResponse) != "lm" ||
				string(p.NtChallengeResponse) != "nt" || string(p.EncryptedRandomSessionKey) != "key" {
				t.Errorf("AUTHENTICATE %#x, %v: %+v, want %+v", f, mic, p, m)
			}
		}
	}
}

func TestUpper(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"alice", "ALICE"},
		{"jürgen ÿ", "JÜRGEN Ÿ"},
		{"straße", "STRAßE"},         // one unit for one
		{"ıſµ", "ıſµ"},               // not into ASCII, and Windows has no pair for the micro sign
		{"αβγ ςж", "ΑΒΓ ΣЖ"},         // simple mapping
		{"\U00010428", "\U00010428"}, // a surrogate pair has no case
	} {
		if got, want := appendUTF16Upper(nil, c.in), appendUTF16(nil, c.want); !bytes.Equal(got, want) {
			t.Errorf("upper(%q) = %x, want %x", c.in, got, want)
		}
	}
}

func TestOEMIsBijective(t *testing.T) {
	for i := range 256 {
		s := decodeOEM([]byte{byte(i)})
		if b := appendOEM(nil, s); len(b) != 1 || b[0] != byte(i) {
			t.Errorf("%#x -> %q -> %x", i, s, b)
		}
	}
	if got := string(appendOEM(nil, "aжb")); got != "a?b" {
		t.Errorf("got %q", got)
	}
}

func TestLMOWFv1(t *testing.T) {
	for _, c := range []struct {
		password, want string
		ok             bool
	}{
		{"Password", specLM, true},
		{"pASSWORD", specLM, true},
		{"", "aad3b435b51404eeaad3b435b51404ee", true}, // the well-known hash of no password
		{"fifteen letters", "", false},
		{"парол", "", false},
	} {
		h, ok := LMOWFv1(c.password)
		if ok != c.ok || ok && h != key(c.want) {
			t.Errorf("LMOWFv1(%q) = %x, %v", c.password, h, ok)
		}
	}
	if _, ok := LMOWFv1("éééééééééééééé"); !ok {
		t.Error("14 characters outside ASCII are not 28")
	}
	if h := NTOWFv1(""); h != key("31d6cfe0d16ae931b73c59d7e0c089c0") { // likewise
		t.Errorf("NTOWFv1 of no password: %x", h)
	}
}

func TestFileTime(t *testing.T) {
	for _, c := range []struct {
		t  time.Time
		ft uint64
	}{
		{time.Date(1601, 1, 1, 0, 0, 0, 0, time.UTC), 0},
		{time.Date(1601, 1, 1, 0, 0, 0, 100, time.UTC), 1},
		{time.Unix(0, 0), 116444736000000000}, // the well-known difference of the epochs
		{time.Date(2015, 9, 15, 18, 8, 44, 0, time.UTC), 130868141240000000},
	} {
		if got := FileTime(c.t); got != c.ft {
			t.Errorf("FileTime(%v) = %d, want %d", c.t, got, c.ft)
		}
		if got := TimeOf(c.ft); !got.Equal(c.t) {
			t.Errorf("TimeOf(%d) = %v, want %v", c.ft, got, c.t)
		}
	}
}

func TestB13TimestampExtremes(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, ft := range []uint64{0, 1, math.MaxInt64 - 1, math.MaxInt64, math.MaxInt64 + 1, math.MaxUint64 - 1, math.MaxUint64} {
		if got := FileTime(TimeOf(ft)); got != ft {
			t.Errorf("FileTime(TimeOf(%d)) = %d", ft, got)
		}
		if d := now.Sub(TimeOf(ft)).Abs(); d < 36*time.Hour {
			t.Errorf("FILETIME %d is only %v from %v", ft, d, now)
		}
	}
	for _, c := range []struct {
		t    time.Time
		want uint64
	}{
		{time.Time{}, 0},
		{time.Unix(math.MinInt64, 0), 0},
		{time.Unix(math.MaxInt64-1<<40, 0), math.MaxUint64},
		{TimeOf(math.MaxUint64).Add(time.Second), math.MaxUint64},
		{time.Date(1600, 12, 31, 23, 59, 59, 999999999, time.UTC), 0},
	} {
		if got := FileTime(c.t); got != c.want {
			t.Errorf("FileTime(%v) = %d, want %d", c.t, got, c.want)
		}
	}
	// The time a client signs reaches the caller whatever it is.
	for _, ft := range []uint64{0, 1, math.MaxInt64, math.MaxUint64} {
		m := v2Message(t, ft, specPairs)
		v, err := Verify(specHashes(), specServer, specV2Flags, m)
		if err != nil || v.Timestamp != ft {
			t.Errorf("timestamp %d, %v, want %d", v.Timestamp, err, ft)
		}
	}
}

// v2Message returns the spec's account's NTLMv2 answer to specServer, as a server
// reads it.
func v2Message(t testing.TB, ft uint64, pairs []AVPair) *AuthenticateMessage {
	return parsed(t, specV2Flags, &AuthenticateMessage{
		Flags: specV2Flags &^ NegotiateKeyExch, DomainName: "Domain", UserName: "User", Workstation: "COMPUTER",
		NtChallengeResponse: NTLMv2Response(key(specNTOWFv2), specServer, specClient, ft, pairs),
		LmChallengeResponse: make([]byte, 24),
	})
}
