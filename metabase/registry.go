package metabase

import (
	"math/bits"
	"sync"
)

// trait is what else holds for a property.
type trait uint8

const (
	pending  trait = 1 << iota // known by name, nothing acts on it yet
	secret                     // METADATA_SECURE: never shown
	local                      // not inherited
	strictly                   // an error, not a warning, where its classes do not take it
	required                   // not empty
)

// A property is what is known of one metabase property.
type property struct {
	name   string
	id     uint32 // 0 for ours, and for those that were registry values
	kind   *kind
	at     place
	traits trait
	// def is the default as text; "A; 6.0: B" is A, and B from 6.0 on.
	def      string
	min, max uint32   // of a number; max 0 is no limit
	values   []string // spellings of a string that has only these
	flags    []flag
	one      uint32 // flags of which at most one is set
	later    uint32 // flags that nothing acts on yet
	field    func(*Properties) any

	order int // in registry
}

func (p *property) is(t trait) bool { return p.traits&t != 0 }

// A flag is a bit of a flags property. It can be set by its own name.
type flag struct {
	name string
	bit  uint32
}

// A spelling is what a property name of the file stands for.
type spelling struct {
	*property
	flag flag // zero if the name is the property's own
}

// Name returns the registered spelling.
func (s spelling) Name() string {
	if s.flag.bit != 0 {
		return s.flag.name
	}
	return s.name
}

var (
	authFlags = []flag{ // IIScnfg.h MD_AUTH_*, ms524513
		{"AuthAnonymous", AuthAnonymous}, {"AuthBasic", AuthBasic}, {"AuthNTLM", AuthNTLM},
		{"AuthMD5", AuthMD5}, {"AuthPassport", AuthPassport},
	}
	authPersistenceFlags = []flag{ // Q318863
		{"AuthPersistSingleRequest", AuthPersistSingleRequest},
		{"AuthPersistSingleRequestIfProxy", AuthPersistSingleRequestIfProxy},
		{"AuthPersistSingleRequestAlwaysIfProxy", AuthPersistSingleRequestAlwaysIfProxy},
	}
	accessFlags = []flag{ // IIScnfg.h MD_ACCESS_*
		{"AccessRead", AccessRead}, {"AccessWrite", AccessWrite}, {"AccessExecute", AccessExecute},
		{"AccessSource", AccessSource}, {"AccessScript", AccessScript},
		{"AccessNoRemoteWrite", AccessNoRemoteWrite}, {"AccessNoRemoteRead", AccessNoRemoteRead},
		{"AccessNoRemoteExecute", AccessNoRemoteExecute}, {"AccessNoRemoteScript", AccessNoRemoteScript},
		{"AccessNoPhysicalDir", AccessNoPhysicalDir},
	}
	accessSSLFlags = []flag{ // IIScnfg.h MD_ACCESS_SSL*
		{"AccessSSL", AccessSSL}, {"AccessSSLNegotiateCert", AccessSSLNegotiateCert},
		{"AccessSSLRequireCert", AccessSSLRequireCert}, {"AccessSSLMapCert", AccessSSLMapCert},
		{"AccessSSL128", AccessSSL128},
	}
	dirBrowseFlags = []flag{ // IIScnfg.h MD_DIRBROW_*
		{"DirBrowseShowDate", DirBrowseShowDate}, {"DirBrowseShowTime", DirBrowseShowTime},
		{"DirBrowseShowSize", DirBrowseShowSize}, {"DirBrowseShowExtension", DirBrowseShowExtension},
		{"DirBrowseShowLongDate", DirBrowseShowLongDate}, {"EnableDefaultDoc", EnableDefaultDoc},
		{"EnableDirBrowsing", EnableDirBrowsing},
	}
	authChangeFlags = []flag{ // IIScnfg.h MD_AUTH_CHANGE_*
		{"AuthChangeUnsecure", AuthChangeUnsecure}, {"AuthChangeDisable", AuthChangeDisable},
		{"AuthAdvNotifyDisable", AuthAdvNotifyDisable},
	}
	logExtFileFlags = []flag{ // IIScnfg.h MD_EXTLOG_*, ms524906
		{"LogExtFileDate", LogExtFileDate}, {"LogExtFileTime", LogExtFileTime},
		{"LogExtFileClientIp", LogExtFileClientIp}, {"LogExtFileUserName", LogExtFileUserName},
		{"LogExtFileSiteName", LogExtFileSiteName}, {"LogExtFileComputerName", LogExtFileComputerName},
		{"LogExtFileServerIp", LogExtFileServerIp}, {"LogExtFileMethod", LogExtFileMethod},
		{"LogExtFileUriStem", LogExtFileUriStem}, {"LogExtFileUriQuery", LogExtFileUriQuery},
		{"LogExtFileHttpStatus", LogExtFileHttpStatus}, {"LogExtFileWin32Status", LogExtFileWin32Status},
		{"LogExtFileBytesSent", LogExtFileBytesSent}, {"LogExtFileBytesRecv", LogExtFileBytesRecv},
		{"LogExtFileTimeTaken", LogExtFileTimeTaken}, {"LogExtFileServerPort", LogExtFileServerPort},
		{"LogExtFileUserAgent", LogExtFileUserAgent}, {"LogExtFileCookie", LogExtFileCookie},
		{"LogExtFileReferer", LogExtFileReferer}, {"LogExtFileProtocolVersion", LogExtFileProtocolVersion},
		{"LogExtFileHost", LogExtFileHost}, {"LogExtFileHttpSubStatus", LogExtFileHttpSubStatus},
	}
)

// registry holds every property known by name. Ids, types, classes and defaults
// of IIS's own are those of IIScnfg.h and the IIS 6.0 SDK's property pages where
// the line names no other source.
var registry = []property{
	// What the server is.
	{name: "EmulatedVersion", kind: kindVersion, at: toSite, traits: strictly, def: "10.0", field: func(p *Properties) any { return &p.EmulatedVersion }},
	{name: "ComputerName", kind: kindString, at: atService, traits: required, field: func(p *Properties) any { return &p.ComputerName }}, // default: the host's name
	{name: "Accounts", kind: kindFile, at: atService, field: func(p *Properties) any { return &p.Accounts }},
	{name: "Authorities", kind: kindNames, at: toSite, traits: pending | required, def: "local", field: func(p *Properties) any { return &p.Authorities }},

	// Who is asking.
	{name: "AuthFlags", id: 6000, kind: kindFlags, at: atAny, def: "5", flags: authFlags, later: AuthMD5 | AuthPassport, field: func(p *Properties) any { return &p.AuthFlags }},                                                                                                                           // ms524513, Q178232
	{name: "AuthPersistence", id: 6031, kind: kindFlags, at: atAny, def: "0x80; 6.0: 0", flags: authPersistenceFlags, one: AuthPersistSingleRequest | AuthPersistSingleRequestIfProxy | AuthPersistSingleRequestAlwaysIfProxy, field: func(p *Properties) any { return &p.AuthPersistence }},               // Q307617, Q318863, cc781339
	{name: "NTAuthenticationProviders", id: 6032, kind: kindProviders, at: toSite, traits: required, def: "NTLM; 5.0: Negotiate,NTLM", values: []string{"Negotiate", "NTLM", "Kerberos", "Negotiate:Kerberos", "Negotiate:PKU2U"}, field: func(p *Properties) any { return &p.NTAuthenticationProviders }}, // Q248350, Q215383
	{name: "AnonymousUserName", id: 6020, kind: kindString, at: atAny, traits: required, field: func(p *Properties) any { return &p.AnonymousUserName }},                                                                                                                                                   // default: see derivation, Q259353
	{name: "AnonymousUserPass", id: 6021, kind: kindString, at: atAny, traits: secret, field: func(p *Properties) any { return &p.AnonymousUserPass }},
	{name: "AnonymousPasswordSync", id: 6022, kind: kindBool, at: atAny, def: "true; 6.0: false", field: func(p *Properties) any { return &p.AnonymousPasswordSync }}, // Q259353
	{name: "DefaultLogonDomain", id: 6012, kind: kindString, at: atAny, field: func(p *Properties) any { return &p.DefaultLogonDomain }},                              // Q260269
	{name: "Realm", id: 6001, kind: kindString, at: atAny | atAuthority, field: func(p *Properties) any { return &p.Realm }},
	{name: "LogonMethod", id: 6013, kind: kindNumber, at: atAny, def: "0; 6.0: 3", max: 3, field: func(p *Properties) any { return &p.LogonMethod }},         // Q247593, Q262233
	{name: "UserTokenTTL", kind: kindNumber, at: atService, traits: pending, def: "900", field: func(p *Properties) any { return &p.UserTokenTTL }},          // seconds, Q152526
	{name: "LMCompatibilityLevel", kind: kindNumber, at: atAny, def: "2; 7.0: 3", max: 5, field: func(p *Properties) any { return &p.LMCompatibilityLevel }}, // MS-NLMP note 81
	{name: "UseKernelMode", kind: kindBool, at: atAny, def: "false; 7.0: true", field: func(p *Properties) any { return &p.UseKernelMode }},
	{name: "AuthPersistNonNTLM", kind: kindBool, at: atAny, def: "false; 7.0: true", field: func(p *Properties) any { return &p.AuthPersistNonNTLM }},
	{name: "ExtendedProtection", kind: kindChoice, at: atAny, traits: pending, def: "None", values: []string{"None", "Allow", "Require"}, field: func(p *Properties) any { return &p.ExtendedProtection }},
	{name: "LockoutThreshold", kind: kindNumber, at: atService, def: "0", field: func(p *Properties) any { return &p.LockoutThreshold }},
	{name: "LockoutDuration", kind: kindNumber, at: atService, def: "1800", field: func(p *Properties) any { return &p.LockoutDuration }},
	{name: "LockoutWindow", kind: kindNumber, at: atService, def: "1800", field: func(p *Properties) any { return &p.LockoutWindow }},
	{name: "NTLMLogShape", kind: kindChoice, at: toSite, def: "documented", values: []string{"documented", "observed"}, field: func(p *Properties) any { return &p.NTLMLogShape }}, // KB 969060, KB 907273
	{name: "ProcessNTCRIfLoggedOn", id: 2070, kind: kindBool, at: toSite, traits: pending, def: "true"},
	{name: "AuthChangeFlags", id: 2068, kind: kindFlags, at: toSite, traits: pending, def: "1; 6.0: 6", flags: authChangeFlags, field: func(p *Properties) any { return &p.AuthChangeFlags }},
	{name: "PasswordChangeFlags", kind: kindNumber, at: toSite, traits: pending, def: "0", max: 7}, // Q209389
	{name: "AuthChangeURL", id: 2060, kind: kindString, at: toSite, traits: pending},
	{name: "AuthExpiredURL", id: 2061, kind: kindString, at: toSite, traits: pending},         // Q274806
	{name: "AuthExpiredUnsecureURL", id: 2067, kind: kindString, at: toSite, traits: pending}, // Q274806
	{name: "PasswordExpirePrenotifyDays", id: 2063, kind: kindNumber, at: toSite, traits: pending, def: "0"},
	{name: "PasswordCacheTTL", id: 2064, kind: kindNumber, at: toSite, traits: pending, def: "600"},
	{name: "NetLogonWorkstation", id: 2065, kind: kindNumber, at: toSite, traits: pending, def: "0", max: 2},

	// Digest and Kerberos.
	{name: "UseDigestSSP", id: 6047, kind: kindBool, at: atAny, traits: pending, def: "false; 6.0: true", field: func(p *Properties) any { return &p.UseDigestSSP }},
	{name: "DigestAlgorithms", kind: kindChoices, at: atAny, traits: pending | required, def: "MD5; 6.0: MD5-sess", values: []string{"MD5", "MD5-sess", "SHA-256", "SHA-256-sess"}, field: func(p *Properties) any { return &p.DigestAlgorithms }},
	{name: "DigestQop", kind: kindChoices, at: atAny, traits: pending | required, def: "auth", values: []string{"auth", "auth-int"}, field: func(p *Properties) any { return &p.DigestQop }},
	{name: "DigestNonceLifetime", kind: kindNumber, at: toSite, traits: pending, def: "36000", min: 1, field: func(p *Properties) any { return &p.DigestNonceLifetime }},
	{name: "DigestReplayDetection", kind: kindBool, at: toSite, traits: pending, def: "true", field: func(p *Properties) any { return &p.DigestReplayDetection }},
	{name: "DigestUriWithoutQuery", kind: kindBool, at: atAny, traits: pending, def: "true; 7.0: false", field: func(p *Properties) any { return &p.DigestUriWithoutQuery }},
	{name: "DigestNonceKey", kind: kindFile, at: atService, traits: pending, field: func(p *Properties) any { return &p.DigestNonceKey }},
	{name: "Keytab", kind: kindFiles, at: toSite, traits: pending, field: func(p *Properties) any { return &p.Keytab }},
	{name: "KerberosEtypes", kind: kindChoices, at: toSite, traits: pending | required, def: "aes256-cts-hmac-sha384-192,aes128-cts-hmac-sha256-128,aes256-cts-hmac-sha1-96,aes128-cts-hmac-sha1-96", values: []string{"aes128-cts-hmac-sha1-96", "aes256-cts-hmac-sha1-96", "aes128-cts-hmac-sha256-128", "aes256-cts-hmac-sha384-192", "rc4-hmac"}, field: func(p *Properties) any { return &p.KerberosEtypes }}, // RFC 3962, RFC 8009, RFC 4757
	{name: "Delegation", kind: kindBool, at: atAny, traits: pending, def: "false", field: func(p *Properties) any { return &p.Delegation }},

	// Proxies in front.
	{name: "ProxyAddresses", kind: kindPrefixes, at: toSite, traits: pending, field: func(p *Properties) any { return &p.ProxyAddresses }},
	{name: "ProxyProtocol", kind: kindBool, at: atSite, traits: pending, def: "false", field: func(p *Properties) any { return &p.ProxyProtocol }},
	{name: "PinningProxies", kind: kindPrefixes, at: toSite, field: func(p *Properties) any { return &p.PinningProxies }},
	{name: "ProxiedNTLM", kind: kindChoice, at: atAny, def: "SingleRequest", values: []string{"SingleRequest", "Refuse"}, field: func(p *Properties) any { return &p.ProxiedNTLM }},

	// May they have it.
	{name: "AccessFlags", id: 6016, kind: kindFlags, at: atAny, def: "1", flags: accessFlags, later: AccessWrite | AccessExecute, field: func(p *Properties) any { return &p.AccessFlags }},                                               // Q315583
	{name: "AccessSSLFlags", id: 6030, kind: kindFlags, at: atAny, def: "0", flags: accessSSLFlags, later: AccessSSLNegotiateCert | AccessSSLRequireCert | AccessSSLMapCert, field: func(p *Properties) any { return &p.AccessSSLFlags }}, // Q224389, Q308255
	{name: "FileACL", kind: kindACL, at: atAny, field: func(p *Properties) any { return &p.FileACL }},
	{name: "UseDiskPermissions", kind: kindBool, at: atVDir, traits: pending, def: "false", field: func(p *Properties) any { return &p.UseDiskPermissions }},
	{name: "CompareNames", kind: kindBool, at: atVDir, def: "true", field: func(p *Properties) any { return &p.CompareNames }}, // Q264284
	{name: "IPSecurity", id: 6019, kind: kindIPSecurity, at: atAny, traits: pending, field: func(p *Properties) any { return &p.IPSecurity }},
	{name: "EnableReverseDns", id: 6029, kind: kindBool, at: atAny, traits: pending, def: "false", field: func(p *Properties) any { return &p.EnableReverseDns }},

	// What they get.
	{name: "Path", id: mdPath, kind: kindFile, at: atVDir, traits: required},
	{name: "UNCUserName", id: 3002, kind: kindString, at: atVDir, traits: pending},                                                                                                         // Q207671
	{name: "UNCPassword", id: 3003, kind: kindString, at: atVDir, traits: pending | secret},                                                                                                // Q280383
	{name: "UNCAuthenticationPassthrough", id: 3006, kind: kindBool, at: atVDir, traits: pending, def: "false"},                                                                            // Q286401
	{name: "DirBrowseFlags", id: 6005, kind: kindFlags, at: toDir, def: "0x4000003E; 7.0: 0x4000001E", flags: dirBrowseFlags, field: func(p *Properties) any { return &p.DirBrowseFlags }}, // ms524513
	{name: "DefaultDoc", id: 6006, kind: kindNames, at: toDir, def: "Default.htm; 4.0 SP6: Default.htm,Default.asp; 5.0: Default.htm,Default.asp,iisstart.asp; 5.1: Default.htm,Default.asp,index.htm,iisstart.asp; 6.0: Default.htm,Default.asp,index.htm,iisstart.htm; 7.0: Default.htm,Default.asp,index.htm,index.html,iisstart.htm", field: func(p *Properties) any { return &p.DefaultDoc }}, // Q184027; 7.0 on: shipped applicationHost.config
	{name: "HttpCustomHeaders", id: 6004, kind: kindHeaders, at: atAny, field: func(p *Properties) any { return &p.HttpCustomHeaders }}, // Q247389
	{name: "MimeMap", id: 6015, kind: kindMime, at: atComputer | atAny, field: func(p *Properties) any { return &p.MimeMap }},           // Q248364, Q264968
	{name: "HttpErrors", id: 6008, kind: kindErrors, at: atAny, traits: pending, field: func(p *Properties) any { return &p.HTTPErrors }},
	{name: "HttpRedirect", id: 6011, kind: kindRedirect, at: atVDir | atDir | atFile, traits: pending, field: func(p *Properties) any { return &p.HttpRedirect }}, // Q193528, cc757144
	{name: "RedirectHeaders", id: 6044, kind: kindStrings, at: atAny, traits: pending},
	{name: "ScriptMaps", id: 6014, kind: kindScripts, at: atAny, traits: pending, field: func(p *Properties) any { return &p.ScriptMaps }},
	{name: "ErrorMode", kind: kindChoice, at: atAny, def: "Custom", values: []string{"Custom", "Detailed", "DetailedLocalOnly"}, field: func(p *Properties) any { return &p.ErrorMode }},
	{name: "AllowAuthPassword", kind: kindBool, at: atAny, traits: pending, def: "true; 6.0: false", field: func(p *Properties) any { return &p.AllowAuthPassword }},
	{name: "CustomErrorDescriptions", id: 2120, kind: kindStrings, at: atInfo, traits: pending},
	{name: "HttpExpires", id: 6002, kind: kindString, at: atAny, traits: pending},
	{name: "HttpPics", id: 6003, kind: kindStrings, at: atAny, traits: pending},
	{name: "CacheControlNoCache", id: 6041, kind: kindBool, at: atAny, traits: pending, def: "false"},
	{name: "CacheControlMaxAge", id: 6042, kind: kindNumber, at: atAny, traits: pending},
	{name: "CacheControlCustom", id: 6043, kind: kindString, at: atAny, traits: pending}, // Q247404
	{name: "ContentIndexed", id: 6039, kind: kindBool, at: toDir, traits: pending, def: "true"},
	{name: "EnableDocFooter", id: 6010, kind: kindBool, at: atAny, traits: pending, def: "false"},
	{name: "DefaultDocFooter", id: 6009, kind: kindString, at: atAny, traits: pending},
	{name: "UseHostName", id: 2066, kind: kindBool, at: toSite, def: "false", field: func(p *Properties) any { return &p.UseHostName }}, // Q218180
	{name: "SetHostName", id: 2154, kind: kindString, at: toSite, field: func(p *Properties) any { return &p.SetHostName }},

	// Programs.
	{name: "CGITimeout", id: 6033, kind: kindNumber, at: atAny, traits: pending, def: "300; 7.0: 900", min: 10, max: 0x80000000},
	{name: "CreateProcessAsUser", id: 6035, kind: kindBool, at: atAny, traits: pending, def: "true"},
	{name: "CreateCGIWithNewConsole", id: 6036, kind: kindBool, at: atAny, traits: pending, def: "false"}, // Q190002
	{name: "CreateProcessWithNewConsole", kind: kindBool, at: atService, traits: pending, def: "false"},   // Q190002
	{name: "AllowPathInfoForScriptMappings", id: 2095, kind: kindBool, at: toSite, traits: pending, def: "false"},
	{name: "WebSvcExtRestrictionList", id: 2168, kind: kindStrings, at: atService, traits: pending},
	{name: "SSIExecDisable", kind: kindBool, at: atAny, traits: pending, def: "false"},                   // Q195291
	{name: "SSIEnableCmdDirective", kind: kindBool, at: atAny, traits: pending, def: "true; 5.0: false"}, // Q233969
	{name: "AppRoot", id: 2103, kind: kindString, at: atVDir | atDir, traits: pending},
	{name: "AppIsolated", id: 2104, kind: kindNumber, at: atVDir | atDir, traits: pending, max: 2},
	{name: "AppPoolId", id: 9101, kind: kindString, at: toDir, traits: pending, def: "DefaultAppPool"},

	// The site and its connections.
	{name: "ServerBindings", id: 1023, kind: kindBindings, at: toSite, traits: local, def: ":80:", field: func(p *Properties) any { return &p.ServerBindings }}, // Q214515
	{name: "SecureBindings", id: 2021, kind: kindSecureBindings, at: atSite, traits: local, field: func(p *Properties) any { return &p.SecureBindings }},
	{name: "SecureCertificate", kind: kindFile, at: atSite, field: func(p *Properties) any { return &p.SecureCertificate }},
	{name: "SecureKey", kind: kindFile, at: atSite, field: func(p *Properties) any { return &p.SecureKey }},
	{name: "SecureCA", kind: kindFile, at: atSite, traits: pending, field: func(p *Properties) any { return &p.SecureCA }},
	{name: "CertCRL", kind: kindFile, at: atSite, traits: pending, field: func(p *Properties) any { return &p.CertCRL }},
	{name: "CertMappings", kind: kindCertMappings, at: atAny, traits: pending, field: func(p *Properties) any { return &p.CertMappings }},
	{name: "SSLAlwaysNegoClientCert", id: 5521, kind: kindBool, at: atSite, traits: pending, def: "false"},
	{name: "SslUseDsMapper", id: 5519, kind: kindBool, at: atService, traits: pending, def: "false"},
	{name: "CertCheckMode", kind: kindNumber, at: toSite, traits: pending, def: "0"},
	{name: "CheckCertRevocation", kind: kindBool, at: atService, traits: pending, def: "false"}, // Q232165
	{name: "SslNoKeepAlive", kind: kindBool, at: atService, traits: pending, def: "false"},      // Q160582
	{name: "ServerComment", id: 1015, kind: kindString, at: atSite, traits: local, field: func(p *Properties) any { return &p.ServerComment }},
	{name: "ServerAutoStart", id: 1017, kind: kindBool, at: toSite, def: "true", field: func(p *Properties) any { return &p.ServerAutoStart }},
	{name: "ServerState", id: 1016, kind: kindNumber, at: atSite, traits: pending | local, min: 1, max: 7},
	{name: "ServerListenBacklog", id: 1019, kind: kindNumber, at: toSite, traits: pending, def: "40", min: 5, max: 500}, // Q235461
	{name: "ListenBacklog", kind: kindNumber, at: atService, traits: pending, def: "25", min: 1, max: 250},              // Q301310
	{name: "ServerListenTimeout", id: 1020, kind: kindNumber, at: toSite, traits: pending, def: "120"},
	{name: "ServerSize", id: 1018, kind: kindNumber, at: toSite, traits: pending, def: "1", max: 2},
	{name: "MaxEndpointConnections", id: 1024, kind: kindNumber, at: toSite, traits: pending},                                                                                                    // Q235461
	{name: "DisableSocketPooling", id: 1029, kind: kindBool, at: toSite, traits: pending, def: "false"},                                                                                          // Q259349
	{name: "AllowKeepAlive", id: 6038, kind: kindBool, at: toSite, def: "true", field: func(p *Properties) any { return &p.AllowKeepAlive }},                                                     // Q195179, Q288323
	{name: "ConnectionTimeout", id: 1013, kind: kindTimeout, at: toSite, def: "600; 4.0 SP6: 900; 6.0: 120", min: 1, max: 65535, field: func(p *Properties) any { return &p.ConnectionTimeout }}, // seconds, Q143180
	{name: "HeaderWaitTimeout", id: 9204, kind: kindNumber, at: atService, def: "0", field: func(p *Properties) any { return &p.HeaderWaitTimeout }},
	{name: "AcceptExTimeout", kind: kindNumber, at: atService, traits: pending, def: "120"}, // Q301310
	{name: "MaxConnections", id: 1014, kind: kindNumber, at: toSite, def: "0xFFFFFFFF", field: func(p *Properties) any { return &p.MaxConnections }},
	{name: "MaxBandwidth", id: 1000, kind: kindNumber, at: atComputer | toSite, traits: pending, def: "0xFFFFFFFF"},
	{name: "MaxGlobalBandwidth", id: 9201, kind: kindNumber, at: atService, traits: pending, def: "0xFFFFFFFF"},
	{name: "MinFileBytesPerSec", id: 9205, kind: kindNumber, at: atService, def: "240", field: func(p *Properties) any { return &p.MinFileBytesPerSec }}, // KB 820729
	{name: "MinFileKbSec", kind: kindNumber, at: atService, traits: pending, def: "1000"},                                                                // bytes per second, Q301310
	{name: "UploadReadAheadSize", id: 6045, kind: kindNumber, at: atAny, traits: pending, def: "49152", field: func(p *Properties) any { return &p.UploadReadAheadSize }},
	{name: "MaxRequestEntityAllowed", id: 6051, kind: kindNumber, at: atAny, def: "0xFFFFFFFF", field: func(p *Properties) any { return &p.MaxRequestEntityAllowed }},
	{name: "MaxFieldLength", kind: kindNumber, at: atService, def: "65534", min: 64, max: 65534, field: func(p *Properties) any { return &p.MaxFieldLength }},                                     // HTTP.sys registry value; IIS's own default is 16384
	{name: "MaxRequestBytes", kind: kindNumber, at: atService, def: "131072", min: 256, max: 16777216, field: func(p *Properties) any { return &p.MaxRequestBytes }},                              // HTTP.sys registry value; IIS's own default is 16384
	{name: "MaxClientRequestBuffer", kind: kindNumber, at: atService, def: "2097152; 5.0: 131072", min: 1024, max: 16777216, field: func(p *Properties) any { return &p.MaxClientRequestBuffer }}, // Q260694
	{name: "MaxDepthDots", kind: kindNumber, at: atService, traits: pending, def: "100"},                                                                                                          // Q260205
	{name: "ReturnURLUsingHostName", kind: kindBool, at: atService, traits: pending, def: "false"},                                                                                                // Q155252
	{name: "DisableWebDAV", kind: kindBool, at: atService, traits: pending, def: "false"},                                                                                                         // Q241520

	// Compression and request filters.
	{name: "HcFileExtensions", kind: kindStrings, at: atService, traits: pending},                          // Q234497
	{name: "HcScriptFileExtensions", kind: kindStrings, at: atService, traits: pending},                    // Q322603
	{name: "HcCacheControlHeader", kind: kindString, at: atService, traits: pending, def: "max-age=86400"}, // Q319384
	{name: "EnablePostCmp", kind: kindBool, at: atService, traits: pending, def: "false"},                  // Q259760
	{name: "AllowDotInPath", kind: kindBool, at: atService, traits: pending},                               // Q326444
	{name: "VerifyNormalization", kind: kindBool, at: atService, traits: pending},                          // Q326444
	{name: "DenyUrlSequences", kind: kindStrings, at: atService, traits: pending},                          // Q326444
	{name: "MaxUrl", kind: kindNumber, at: atService, traits: pending},                                     // Q326444
	{name: "MaxQueryString", kind: kindNumber, at: atService, traits: pending},                             // Q326444
	{name: "MaxAllowedContentLength", kind: kindNumber, at: atService, traits: pending},                    // Q326444

	// The log.
	{name: "LogType", id: 4000, kind: kindNumber, at: toSite, def: "1", max: 1, field: func(p *Properties) any { return &p.LogType }},
	{name: "LogPluginClsid", id: 4005, kind: kindLogFormat, at: toSite, def: "W3C", values: []string{"W3C", "IIS", "NCSA", "ODBC"}, field: func(p *Properties) any { return &p.LogPluginClsid }},
	{name: "LogFileDirectory", id: 4001, kind: kindLogDirectory, at: toSite, traits: required, def: "logs", field: func(p *Properties) any { return &p.LogFileDirectory }}, // IIS: %WinDir%\System32\LogFiles
	{name: "LogFilePeriod", id: 4003, kind: kindNumber, at: toSite, def: "1", max: 4, field: func(p *Properties) any { return &p.LogFilePeriod }},                          // Q242898
	{name: "LogFileTruncateSize", id: 4004, kind: kindNumber, at: toSite, def: "20971520", field: func(p *Properties) any { return &p.LogFileTruncateSize }},
	{name: "LogFileLocaltimeRollover", id: 4015, kind: kindBool, at: toSite, def: "false", field: func(p *Properties) any { return &p.LogFileLocaltimeRollover }},                                                     // Q193612
	{name: "LogExtFileFlags", id: 4013, kind: kindFlags, at: toSite, def: "0x586; 6.0: 0x218FDF; 7.0: 0x21CFCF; 8.0: 0x25CFCF", flags: logExtFileFlags, field: func(p *Properties) any { return &p.LogExtFileFlags }}, // ms524906 and the version's own logs
	{name: "LogInUTF8", id: 9206, kind: kindBool, at: atService, def: "false; 7.0: true", field: func(p *Properties) any { return &p.LogInUTF8 }},
	{name: "DontLog", id: 6023, kind: kindBool, at: atAny, def: "false", field: func(p *Properties) any { return &p.DontLog }},
	{name: "CentralW3CLoggingEnabled", id: 2119, kind: kindBool, at: atService, traits: pending, def: "false"},
	{name: "CentralBinaryLoggingEnabled", id: 4016, kind: kindBool, at: atService, traits: pending, def: "false"},
	{name: "LogOdbcDataSource", id: 4007, kind: kindString, at: toSite, traits: pending, def: "InternetDb"}, // iis-docs, odbcLogging
	{name: "LogOdbcTableName", id: 4008, kind: kindString, at: toSite, traits: pending, def: "InternetLog"},
	{name: "LogOdbcUserName", id: 4009, kind: kindString, at: toSite, traits: pending, def: "InternetAdmin"},
	{name: "LogOdbcPassword", id: 4010, kind: kindString, at: toSite, traits: pending | secret},
	{name: "LogAnonymous", kind: kindBool, at: atService, traits: pending, def: "true"},                   // Q143180
	{name: "LogNonAnonymous", kind: kindBool, at: atService, traits: pending, def: "true"},                // Q143180
	{name: "LogFileFlushInterval", kind: kindNumber, at: atService, traits: pending, def: "300", min: 60}, // seconds, Q301310
	{name: "LogFileBatchSize", kind: kindNumber, at: atService, traits: pending, def: "65536", min: 1200}, // bytes, Q301310
	{name: "KeyType", id: 1002, kind: kindString, at: ^ownKeys, traits: local},                            // the key's class in words

	// Authenticating servers.
	{name: "AuthorityType", kind: kindChoice, at: atAuthority, traits: strictly, values: []string{"local", "winbind", "ldap", "iisd", "kdc"}},
	{name: "Domains", kind: kindStrings, at: atAuthority, traits: strictly},
	{name: "NtlmAuth", kind: kindFile, at: atAuthority, traits: strictly, def: "/usr/bin/ntlm_auth"},
	{name: "SmbConf", kind: kindFile, at: atAuthority, traits: strictly},
	{name: "Helpers", kind: kindNumber, at: atAuthority, traits: strictly, def: "4", min: 1, max: 1024},
	{name: "LdapUrl", kind: kindString, at: atAuthority, traits: strictly},
	{name: "LdapBase", kind: kindString, at: atAuthority, traits: strictly},
	{name: "LdapBindDN", kind: kindString, at: atAuthority, traits: strictly},
	{name: "LdapBindPasswordFile", kind: kindFile, at: atAuthority, traits: strictly},
	{name: "LdapDigestAttribute", kind: kindString, at: atAuthority, traits: strictly},
	{name: "AuthorityUrl", kind: kindString, at: atAuthority, traits: strictly},
	{name: "Krb5Conf", kind: kindFile, at: atAuthority, traits: strictly},
	{name: "Binding", kind: kindString, at: atAuthorityService, traits: strictly},
	{name: "Certificate", kind: kindFile, at: atAuthority | atAuthorityService, traits: strictly},
	{name: "Key", kind: kindFile, at: atAuthority | atAuthorityService, traits: strictly},
	{name: "CA", kind: kindFile, at: atAuthority | atAuthorityService, traits: strictly},

	// Pools of programs.
	{name: "Address", kind: kindString, at: atFastCGI, traits: strictly},
	{name: "InstanceMaxRequests", kind: kindNumber, at: atFastCGI, traits: strictly},
	{name: "ActivityTimeout", kind: kindNumber, at: atFastCGI, traits: strictly},
}

// names leads from a folded name to the property or the bit that bears it.
var names = sync.OnceValue(func() map[string]spelling {
	m := make(map[string]spelling)
	for i := range registry {
		p := &registry[i]
		p.order = i
		m[fold(p.name)] = spelling{property: p}
		for _, f := range p.flags {
			m[fold(f.name)] = spelling{p, f}
		}
	}
	return m
})

// lookup returns what a property name stands for, in any case.
func lookup(name string) (spelling, bool) {
	s, ok := names()[fold(name)]
	return s, ok
}

// nearest returns the registered name that a misspelt one resembles, or "".
func nearest(name string) string {
	folded := fold(name)
	best, least := "", 1+min(3, len(folded)/3)
	for i := range registry {
		p := &registry[i]
		if d := distance(folded, fold(p.name), least); d < least {
			best, least = p.name, d
		}
		for _, f := range p.flags {
			if d := distance(folded, fold(f.name), least); d < least {
				best, least = f.name, d
			}
		}
	}
	return best
}

// distance returns how many bytes to insert, remove or replace make b of a, or
// at least limit if that many are not enough.
func distance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit || len(b) > 64 {
		return limit
	}
	var row [65]int
	for j := range len(b) + 1 {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}

// several reports whether v has more than one of the flags that exclude each other.
func (p *property) several(v uint32) bool { return bits.OnesCount32(v&p.one) > 1 }
