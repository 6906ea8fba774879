package ntlm

import (
	"crypto/des"
	"crypto/md5"
	"crypto/rc4"
	"unicode/utf8"

	//lint:ignore SA1019 the NT hash is MD4 (MS-NLMP 3.3.1)
	"golang.org/x/crypto/md4"
)

// NTOWFv1 returns the NT hash of a password (MS-NLMP 3.3.1).
func NTOWFv1(password string) [16]byte {
	return md4Sum(appendUTF16(make([]byte, 0, 2*len(password)), password))
}

// LMOWFv1 returns the LM hash of a password (MS-NLMP 3.3.1). It reports false for
// a password that has none: longer than 14 characters, or not in the OEM character
// set.
func LMOWFv1(password string) (h [16]byte, ok bool) {
	if utf8.RuneCountInString(password) > 14 {
		return h, false
	}
	var oem [14]byte
	n := 0
	for _, r := range password {
		if oem[n], ok = oemByte(upper(r)); !ok {
			return h, false
		}
		n++
	}
	const magic = "KGS!@#$%"
	desEncrypt(h[:8], [7]byte(oem[:7]), []byte(magic))
	desEncrypt(h[8:], [7]byte(oem[7:]), []byte(magic))
	return h, true
}

// NTOWFv2 returns the key of NTLMv2 and LMv2 responses (MS-NLMP 3.3.2) from the NT
// hash and the names as the client gave them.
func NTOWFv2(nt [16]byte, user, domain string) [16]byte {
	var stack [512]byte
	return hmacMD5(&nt, appendUTF16(appendUTF16Upper(stack[:0], user), domain))
}

// hmacMD5 returns the HMAC-MD5 of the concatenated parts. Up to a usual message's
// length it allocates nothing, beyond that a fixed amount.
func hmacMD5(key *[16]byte, parts ...[]byte) [16]byte {
	const block, usual = 64, 1024
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	var inner [16]byte
	if n <= usual {
		var stack [block + usual]byte
		b := appendPad(stack[:0], key, 0x36)
		for _, p := range parts {
			b = append(b, p...)
		}
		inner = md5.Sum(b)
	} else {
		inner = hmacInnerLong(key, parts)
	}
	var stack [block + len(inner)]byte
	return md5.Sum(append(appendPad(stack[:0], key, 0x5C), inner[:]...))
}

// hmacInnerLong is the inner hash of hmacMD5 for long input. It copies through one
// buffer so that no argument of hmacMD5 has to live on the heap.
func hmacInnerLong(key *[16]byte, parts [][]byte) (sum [16]byte) {
	h := md5.New()
	buf := make([]byte, 1024)
	h.Write(appendPad(buf[:0], key, 0x36))
	for _, p := range parts {
		for len(p) > 0 {
			n := copy(buf, p)
			h.Write(buf[:n])
			p = p[n:]
		}
	}
	h.Sum(sum[:0])
	return sum
}

// appendPad appends the key, filled up to a block, combined with the pad byte
// (RFC 2104, section 2).
func appendPad(b []byte, key *[16]byte, pad byte) []byte {
	for _, c := range key {
		b = append(b, c^pad)
	}
	for range 64 - len(key) {
		b = append(b, pad)
	}
	return b
}

func md4Sum(b []byte) (sum [16]byte) {
	h := md4.New()
	h.Write(b)
	h.Sum(sum[:0])
	return sum
}

// DESL returns data encrypted with three keys made from one (MS-NLMP 6): an NTLMv1
// response from the NT hash, an LM response from the LM hash.
func DESL(key [16]byte, data [8]byte) (r [24]byte) {
	var padded [21]byte
	copy(padded[:], key[:])
	desEncrypt(r[0:], [7]byte(padded[0:]), data[:])
	desEncrypt(r[8:], [7]byte(padded[7:]), data[:])
	desEncrypt(r[16:], [7]byte(padded[14:]), data[:])
	return r
}

// desEncrypt encrypts a block of 8 bytes with a key of 56 bits, which it spreads
// over the 8 bytes that DES wants; DES ignores the lowest bit of each.
func desEncrypt(dst []byte, key [7]byte, block []byte) {
	var k [8]byte
	var bits uint64
	for _, c := range key {
		bits = bits<<8 | uint64(c)
	}
	for i := range k {
		k[i] = byte(bits>>(49-7*i)) << 1
	}
	c, err := des.NewCipher(k[:])
	if err != nil { // only for a key of another length
		panic(err)
	}
	c.Encrypt(dst, block)
}

// RC4K returns data encrypted, or decrypted, with RC4 (MS-NLMP 6).
func RC4K(key, data [16]byte) (r [16]byte) {
	c, err := rc4.NewCipher(key[:])
	if err != nil { // only for a key of another length
		panic(err)
	}
	c.XORKeyStream(r[:], data[:])
	return r
}

// kxKey returns the key exchange key of a response that is neither NTLMv2 nor LMv2
// (MS-NLMP 3.4.5.1). The two forms made from the LM hash need it: without one, the
// session base key stands.
func kxKey(base [16]byte, v Variant, f Flags, challenge [8]byte, lm *[16]byte, lmResponse []byte) [16]byte {
	switch {
	case v == VariantNTLMv1ESS:
		return hmacMD5(&base, challenge[:], lmResponse[:8])
	case lm == nil:
		return base
	case f.Has(NegotiateLMKey) && len(lmResponse) >= 8:
		key2 := [7]byte{lm[7], 0xBD, 0xBD, 0xBD, 0xBD, 0xBD, 0xBD}
		var k [16]byte
		desEncrypt(k[:8], [7]byte(lm[:7]), lmResponse[:8])
		desEncrypt(k[8:], key2, lmResponse[:8])
		return k
	case f.Has(RequestNonNTSessionKey):
		var k [16]byte
		copy(k[:8], lm[:8])
		return k
	}
	return base
}
