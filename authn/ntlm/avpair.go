package ntlm

import "encoding/binary"

// Ids of AV pairs (MS-NLMP 2.2.2.1).
const (
	MsvAvEOL             uint16 = 0
	MsvAvNbComputerName  uint16 = 1
	MsvAvNbDomainName    uint16 = 2
	MsvAvDNSComputerName uint16 = 3
	MsvAvDNSDomainName   uint16 = 4
	MsvAvDNSTreeName     uint16 = 5
	MsvAvFlags           uint16 = 6
	MsvAvTimestamp       uint16 = 7
	MsvAvSingleHost      uint16 = 8
	MsvAvTargetName      uint16 = 9
	MsvAvChannelBindings uint16 = 10
)

// Bits of the value of MsvAvFlags (MS-NLMP 2.2.2.1).
const (
	AVConstrained     uint32 = 1 // account authentication is constrained
	AVMICProvided     uint32 = 2 // the AUTHENTICATE message has a MIC
	AVUntrustedTarget uint32 = 4 // the target name comes from an untrusted source
)

// An AVPair is one attribute and value of a target information. Names are in
// UTF-16LE whatever character set was negotiated.
type AVPair struct {
	ID    uint16
	Value []byte
}

// NamePair returns the pair with the given id and name.
func NamePair(id uint16, name string) AVPair {
	return AVPair{id, appendUTF16(make([]byte, 0, 2*len(name)), name)}
}

// TimestampPair returns the MsvAvTimestamp pair for a FILETIME.
func TimestampPair(filetime uint64) AVPair {
	return AVPair{MsvAvTimestamp, binary.LittleEndian.AppendUint64(nil, filetime)}
}

// Name returns the value as text; an odd last byte is ignored.
func (p AVPair) Name() string {
	s, _ := decodeUTF16(p.Value[:len(p.Value)&^1])
	return s
}

// FindAV returns the first pair with the given id.
func FindAV(pairs []AVPair, id uint16) (AVPair, bool) {
	for _, p := range pairs {
		if p.ID == id {
			return p, true
		}
	}
	return AVPair{}, false
}

// parseAVPairs returns the pairs before the end mark of the list in b. Bytes after
// the end mark are ignored: the NTLMv2 response has four of them.
func parseAVPairs(b []byte) ([]AVPair, error) {
	n, err := countAVPairs(b)
	if err != nil || n == 0 {
		return nil, err
	}
	pairs := make([]AVPair, n)
	for i := range pairs {
		end := 4 + int(binary.LittleEndian.Uint16(b[2:]))
		pairs[i] = AVPair{binary.LittleEndian.Uint16(b), b[4:end:end]}
		b = b[end:]
	}
	return pairs, nil
}

// countAVPairs checks the list in b and returns the number of its pairs, without
// the end mark.
func countAVPairs(b []byte) (int, error) {
	for n := 0; len(b) >= 4; n++ {
		if binary.LittleEndian.Uint16(b) == MsvAvEOL {
			return n, nil
		}
		if n == maxAVPairs {
			return 0, invalid("too many AV pairs")
		}
		end := 4 + int(binary.LittleEndian.Uint16(b[2:]))
		if end > len(b) {
			return 0, invalid("AV pair longer than its list")
		}
		b = b[end:]
	}
	return 0, invalid("AV list without an end mark")
}

// appendAVPairs appends the pairs and the end mark.
func appendAVPairs(b []byte, pairs []AVPair) []byte {
	for _, p := range pairs {
		v := p.Value[:min(len(p.Value), 0xFFFF)]
		b = binary.LittleEndian.AppendUint16(b, p.ID)
		b = binary.LittleEndian.AppendUint16(b, uint16(len(v)))
		b = append(b, v...)
	}
	return append(b, 0, 0, 0, 0)
}

// sizeAVPairs returns the length in bytes of what appendAVPairs appends.
func sizeAVPairs(pairs []AVPair) int {
	n := 4
	for _, p := range pairs {
		n += 4 + len(p.Value)
	}
	return n
}
