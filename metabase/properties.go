package metabase

import (
	"net/netip"
	"strconv"
)

// Bits of AuthFlags (MD_AUTHORIZATION, 6000).
const (
	AuthAnonymous uint32 = 0x1
	AuthBasic     uint32 = 0x2
	AuthNTLM      uint32 = 0x4
	AuthMD5       uint32 = 0x10
	AuthPassport  uint32 = 0x40
)

// Bits of AuthPersistence (MD_AUTHORIZATION_PERSISTENCE, 6031). At most one is set (Q318863).
const (
	AuthPersistSingleRequest              uint32 = 0x40
	AuthPersistSingleRequestIfProxy       uint32 = 0x80
	AuthPersistSingleRequestAlwaysIfProxy uint32 = 0x100
)

// Values of LogonMethod (MD_LOGON_METHOD, 6013).
const (
	LogonInteractive      uint32 = 0
	LogonBatch            uint32 = 1
	LogonNetwork          uint32 = 2
	LogonNetworkCleartext uint32 = 3
)

// Bits of AccessFlags (MD_ACCESS_PERM, 6016).
const (
	AccessRead            uint32 = 0x1
	AccessWrite           uint32 = 0x2
	AccessExecute         uint32 = 0x4
	AccessSource          uint32 = 0x10
	AccessScript          uint32 = 0x200
	AccessNoRemoteWrite   uint32 = 0x400
	AccessNoRemoteRead    uint32 = 0x1000
	AccessNoRemoteExecute uint32 = 0x2000
	AccessNoRemoteScript  uint32 = 0x4000
	AccessNoPhysicalDir   uint32 = 0x8000
)

// Bits of AccessSSLFlags (MD_SSL_ACCESS_PERM, 6030).
const (
	AccessSSL              uint32 = 0x8
	AccessSSLNegotiateCert uint32 = 0x20
	AccessSSLRequireCert   uint32 = 0x40
	AccessSSLMapCert       uint32 = 0x80
	AccessSSL128           uint32 = 0x100
)

// Bits of DirBrowseFlags (MD_DIRECTORY_BROWSING, 6005).
const (
	DirBrowseShowDate      uint32 = 0x2
	DirBrowseShowTime      uint32 = 0x4
	DirBrowseShowSize      uint32 = 0x8
	DirBrowseShowExtension uint32 = 0x10
	DirBrowseShowLongDate  uint32 = 0x20
	EnableDefaultDoc       uint32 = 0x40000000
	EnableDirBrowsing      uint32 = 0x80000000
)

// Bits of AuthChangeFlags (MD_AUTH_CHANGE_FLAGS, 2068).
const (
	AuthChangeUnsecure     uint32 = 0x1
	AuthChangeDisable      uint32 = 0x2
	AuthAdvNotifyDisable   uint32 = 0x4
	authChangeFlagsAllBits        = AuthChangeUnsecure | AuthChangeDisable | AuthAdvNotifyDisable
)

// Bits of LogExtFileFlags (MD_LOGEXT_FIELD_MASK, 4013).
const (
	LogExtFileDate            uint32 = 0x1
	LogExtFileTime            uint32 = 0x2
	LogExtFileClientIp        uint32 = 0x4
	LogExtFileUserName        uint32 = 0x8
	LogExtFileSiteName        uint32 = 0x10
	LogExtFileComputerName    uint32 = 0x20
	LogExtFileServerIp        uint32 = 0x40
	LogExtFileMethod          uint32 = 0x80
	LogExtFileUriStem         uint32 = 0x100
	LogExtFileUriQuery        uint32 = 0x200
	LogExtFileHttpStatus      uint32 = 0x400
	LogExtFileWin32Status     uint32 = 0x800
	LogExtFileBytesSent       uint32 = 0x1000
	LogExtFileBytesRecv       uint32 = 0x2000
	LogExtFileTimeTaken       uint32 = 0x4000
	LogExtFileServerPort      uint32 = 0x8000
	LogExtFileUserAgent       uint32 = 0x10000
	LogExtFileCookie          uint32 = 0x20000
	LogExtFileReferer         uint32 = 0x40000
	LogExtFileProtocolVersion uint32 = 0x80000
	LogExtFileHost            uint32 = 0x100000
	LogExtFileHttpSubStatus   uint32 = 0x200000
)

// Values of LogFilePeriod (MD_LOGFILE_PERIOD, 4003).
const (
	LogBySize  uint32 = 0
	LogDaily   uint32 = 1
	LogWeekly  uint32 = 2
	LogMonthly uint32 = 3
	LogHourly  uint32 = 4
)

// Unlimited is the value of a DWORD limit (MaxConnections, MaxRequestEntityAllowed,
// LogFileTruncateSize) that limits nothing.
const Unlimited uint32 = 0xFFFFFFFF

// Properties bear the names of the metabase properties they hold and are in
// force at a key: set there, inherited, or the emulated version's default. They
// are shared between nodes and must not be changed.
type Properties struct {
	EmulatedVersion string // "2.0" "3.0" "4.0" "4.0 SP6" "5.0" "5.1" "6.0" "7.0" "7.5" "8.0" "8.5" "10.0"
	ComputerName    string
	Accounts        string   // absolute file name of the local account database, "" for none
	Authorities     []string // names of authenticating servers, in the order they are asked

	AuthFlags                 uint32
	AuthPersistence           uint32
	NTAuthenticationProviders []string // "Negotiate", "NTLM", in the order they are offered
	AnonymousUserName         string
	AnonymousUserPass         string // "" when not set
	AnonymousPasswordSync     bool   // AnonymousUserPass is not looked at
	DefaultLogonDomain        string
	Realm                     string // "" when not set: the version has its own
	LogonMethod               uint32
	UserTokenTTL              uint32 // seconds a Basic logon is cached
	LMCompatibilityLevel      uint32 // 0 to 5, the registry value's meaning
	UseKernelMode             bool
	AuthPersistNonNTLM        bool
	ExtendedProtection        string // "None" "Allow" "Require"
	LockoutThreshold          uint32 // failed logons, 0 for no lockout
	LockoutDuration           uint32 // seconds
	LockoutWindow             uint32 // seconds
	NTLMLogShape              string // "documented" "observed"
	AuthChangeFlags           uint32

	UseDigestSSP          bool
	DigestAlgorithms      []string // in the order they are offered
	DigestQop             []string
	DigestNonceLifetime   uint32 // seconds
	DigestReplayDetection bool
	DigestUriWithoutQuery bool
	DigestNonceKey        string // absolute file name, "" for a fresh key at each start

	Keytab         []string // absolute file names
	KerberosEtypes []string
	Delegation     bool

	ProxyAddresses []netip.Prefix
	ProxyProtocol  bool
	PinningProxies []netip.Prefix
	ProxiedNTLM    string // "SingleRequest" "Refuse"

	AccessFlags        uint32
	AccessSSLFlags     uint32
	FileACL            []ACE // nil: everybody. Not nil and empty: nobody
	UseDiskPermissions bool
	CompareNames       bool     // file names without regard to case
	IPSecurity         []string // validated, in file order; nil: no restriction
	EnableReverseDns   bool

	DirBrowseFlags    uint32
	DefaultDoc        []string
	HttpCustomHeaders []Header
	MimeMap           *MimeMap // never nil
	HTTPErrors        []string // "401,1,FILE,path", validated
	HttpRedirect      string
	ScriptMaps        []string // ".ext,engine,flags[,VERB...]", validated
	ErrorMode         string   // "Custom" "Detailed" "DetailedLocalOnly"
	AllowAuthPassword bool
	UseHostName       bool
	SetHostName       string

	ServerBindings          []Binding
	SecureBindings          []Binding
	SecureCertificate       string // absolute file names, "" for none
	SecureKey               string
	SecureCA                string
	CertCRL                 string
	CertMappings            []string
	ServerComment           string
	ServerAutoStart         bool
	AllowKeepAlive          bool
	ConnectionTimeout       uint32 // seconds
	HeaderWaitTimeout       uint32 // seconds, 0: ConnectionTimeout alone
	MaxConnections          uint32 // Unlimited for none
	MinFileBytesPerSec      uint32
	UploadReadAheadSize     uint32 // bytes
	MaxRequestEntityAllowed uint32 // bytes, Unlimited for none
	MaxFieldLength          uint32 // bytes in one header field, 6.0 and later
	MaxRequestBytes         uint32 // bytes in request line and header, 6.0 and later
	MaxClientRequestBuffer  uint32 // bytes in request line and header, up to 5.1

	LogType                  uint32 // 0: no log, 1: log
	LogPluginClsid           string // "W3C" "IIS" "NCSA" "ODBC"
	LogFileDirectory         string // absolute
	LogFilePeriod            uint32
	LogFileTruncateSize      uint32 // bytes, Unlimited for one file without end
	LogFileLocaltimeRollover bool
	LogExtFileFlags          uint32
	LogInUTF8                bool
	DontLog                  bool

	anonymousSet bool // AnonymousUserName is set; its default hangs on ComputerName
}

// A Header is one entry of HttpCustomHeaders. Name is a token (RFC 9110, section
// 5.6.2), Value holds no control character (Q247389).
type Header struct{ Name, Value string }

// A Binding is one entry of ServerBindings or SecureBindings. It is comparable.
type Binding struct {
	Addr netip.Addr // zero value: all addresses
	Port int
	Host string // lower case, "" for every host name
}

// String returns the binding as IIS writes it, "IP:port:host".
func (b Binding) String() string {
	addr := ""
	switch {
	case b.Addr.Is6():
		addr = "[" + b.Addr.String() + "]"
	case b.Addr.IsValid():
		addr = b.Addr.String()
	}
	return addr + ":" + strconv.Itoa(b.Port) + ":" + b.Host
}

// An ACE is one entry of FileACL.
type ACE struct {
	Allow   bool
	Account string // as written: an account, a group, Everyone, Authenticated Users, INTERACTIVE, NETWORK
	Rights  string // of R W X F, in this order, each at most once
}
