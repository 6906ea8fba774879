package ntlm

import (
	"crypto/md5"
	"encoding/binary"
)

// What a client computes beyond DESL, RC4K and the hashes.

// ExtendedChallenge returns what an NTLMv1 response with extended session security
// encrypts in place of the server's challenge (MS-NLMP 3.3.1).
func ExtendedChallenge(server, client [8]byte) [8]byte {
	var b [16]byte
	copy(b[:8], server[:])
	copy(b[8:], client[:])
	sum := md5.Sum(b[:])
	return [8]byte(sum[:8])
}

// LMv2Response returns the LMv2 response (MS-NLMP 3.3.2) for a key from NTOWFv2.
func LMv2Response(key [16]byte, server, client [8]byte) (r [24]byte) {
	sum := hmacMD5(&key, server[:], client[:])
	copy(r[:16], sum[:])
	copy(r[16:], client[:])
	return r
}

// NTLMv2Response returns the NTLMv2 response (MS-NLMP 3.3.2) for a key from
// NTOWFv2 and a FILETIME. The pairs are the challenge's and the client's own.
func NTLMv2Response(key [16]byte, server, client [8]byte, filetime uint64, pairs []AVPair) []byte {
	b := make([]byte, proofLen, proofLen+blobHeader+sizeAVPairs(pairs)+4)
	b = append(b, 1, 1, 0, 0, 0, 0, 0, 0)
	b = binary.LittleEndian.AppendUint64(b, filetime)
	b = append(b, client[:]...)
	b = append(b, 0, 0, 0, 0)
	b = appendAVPairs(b, pairs)
	b = append(b, 0, 0, 0, 0)
	proof := hmacMD5(&key, server[:], b[proofLen:])
	copy(b, proof[:])
	return b
}

// MIC returns the message integrity code over the three messages as they are sent
// (MS-NLMP 3.1.5.1.2); the place of the MIC in authenticate counts as zero. It
// reports false where the message has no such place.
func MIC(exportedSessionKey [16]byte, negotiate, challenge, authenticate []byte) (mic [16]byte, ok bool) {
	if len(authenticate) < authHeaderMIC {
		return mic, false
	}
	return hmacMD5(&exportedSessionKey, negotiate, challenge,
		authenticate[:micOffset], mic[:], authenticate[authHeaderMIC:]), true
}
