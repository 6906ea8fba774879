package authn

import "io"

// NTLMOptions configure the NTLM and Negotiate methods of a node.
type NTLMOptions struct {
	Authorities          *Authorities
	Rules                *Rules
	LMCompatibilityLevel int       // 0 to 3 accept LM, NTLMv1 and NTLMv2, 4 refuses LM, 5 LM and NTLMv1 (MS-NLMP note 81)
	DNSComputerName      string    // "": ComputerName in lower case
	DNSDomainName        string    // "": Domain in lower case
	RequireMIC           bool      // refuse an NTLMv2 answer to a timestamped CHALLENGE without MIC
	Rand                 io.Reader // source of challenges; nil: crypto/rand
}

// NewNTLM returns the NTLM method (MS-NTHT): Windows NT Challenge/Response.
func NewNTLM(o *NTLMOptions) Method { panic("not yet") }

// NewNegotiate returns the Negotiate method (RFC 4559). It takes raw NTLM
// messages and answers in the same framing; SPNEGO and Kerberos tokens are
// refused.
func NewNegotiate(o *NTLMOptions) Method { panic("not yet") }

// refusedNTLM is the refusal of an NTLM logon: the status shows no cause.
func refusedNTLM(rules *Rules, method string, cause *Cause) *Denied { panic("not yet") }
