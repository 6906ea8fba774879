package authn

// BasicOptions configure the Basic method of a node.
type BasicOptions struct {
	Authorities        *Authorities
	Rules              *Rules
	Realm              string    // property Realm; "": the host the client used (Q151183)
	HostName           string    // DNS name of the server, for clients without Host field; "": the address
	DefaultLogonDomain string    // for names without a domain; `\` searches all domains (Q168908, Q260269)
	LogonMethod        LogonType // property LogonMethod
}

// NewBasic returns the Basic method (RFC 2617, section 2).
func NewBasic(o *BasicOptions) Method { panic("not yet") }

// refusedAccount is the refusal of an account that gave its password, or of the
// anonymous account: the code behind it shows.
func refusedAccount(rules *Rules, method string, leg Leg, err error) *Denied { panic("not yet") }
