package metabase

import (
	"strings"
	"testing"
)

// reference lists the properties of IIS with their ids (IIScnfg.h), their types as
// adsutil shows them and the key classes that take them (IIS 6.0 SDK).
var reference = []struct {
	name string
	id   uint32
	typ  string
	at   place
}{
	{"AuthFlags", 6000, "INTEGER", atAny},
	{"AuthPersistence", 6031, "INTEGER", atAny},
	{"NTAuthenticationProviders", 6032, "STRING", toSite},
	{"AnonymousUserName", 6020, "STRING", atAny},
	{"AnonymousUserPass", 6021, "STRING", atAny},
	{"AnonymousPasswordSync", 6022, "BOOLEAN", atAny},
	{"DefaultLogonDomain", 6012, "STRING", atAny},
	{"Realm", 6001, "STRING", atAny},
	{"LogonMethod", 6013, "INTEGER", atAny},
	{"UseDigestSSP", 6047, "BOOLEAN", atAny},
	{"AccessFlags", 6016, "INTEGER", atAny},
	{"AccessSSLFlags", 6030, "INTEGER", atAny},
	{"SSLAlwaysNegoClientCert", 5521, "BOOLEAN", atSite},
	{"SslUseDsMapper", 5519, "BOOLEAN", atService},
	{"DirBrowseFlags", 6005, "INTEGER", toDir},
	{"DefaultDoc", 6006, "STRING", toDir},
	{"HttpErrors", 6008, "LIST", atAny},
	{"CustomErrorDescriptions", 2120, "LIST", atInfo},
	{"HttpCustomHeaders", 6004, "LIST", atAny},
	{"HttpExpires", 6002, "STRING", atAny},
	{"HttpPics", 6003, "LIST", atAny},
	{"CacheControlNoCache", 6041, "BOOLEAN", atAny},
	{"CacheControlMaxAge", 6042, "INTEGER", atAny},
	{"CacheControlCustom", 6043, "STRING", atAny},
	{"HttpRedirect", 6011, "STRING", atVDir | atDir | atFile},
	{"RedirectHeaders", 6044, "LIST", atAny},
	{"MimeMap", 6015, "LIST", atComputer | atAny},
	{"ScriptMaps", 6014, "LIST", atAny},
	{"IPSecurity", 6019, "LIST", atAny},
	{"EnableReverseDns", 6029, "BOOLEAN", atAny},
	{"AllowKeepAlive", 6038, "BOOLEAN", toSite},
	{"DontLog", 6023, "BOOLEAN", atAny},
	{"ContentIndexed", 6039, "BOOLEAN", toDir},
	{"EnableDocFooter", 6010, "BOOLEAN", atAny},
	{"DefaultDocFooter", 6009, "STRING", atAny},
	{"CGITimeout", 6033, "INTEGER", atAny},
	{"CreateProcessAsUser", 6035, "BOOLEAN", atAny},
	{"CreateCGIWithNewConsole", 6036, "BOOLEAN", atAny},
	{"UploadReadAheadSize", 6045, "INTEGER", atAny},
	{"MaxRequestEntityAllowed", 6051, "INTEGER", atAny},
	{"Path", 3001, "STRING", atVDir},
	{"UNCUserName", 3002, "STRING", atVDir},
	{"UNCPassword", 3003, "STRING", atVDir},
	{"UNCAuthenticationPassthrough", 3006, "BOOLEAN", atVDir},
	{"ServerBindings", 1023, "LIST", toSite},
	{"SecureBindings", 2021, "LIST", atSite},
	{"ServerComment", 1015, "STRING", atSite},
	{"ServerAutoStart", 1017, "BOOLEAN", toSite},
	{"ServerState", 1016, "INTEGER", atSite},
	{"ServerListenBacklog", 1019, "INTEGER", toSite},
	{"ServerListenTimeout", 1020, "INTEGER", toSite},
	{"ServerSize", 1018, "INTEGER", toSite},
	{"MaxEndpointConnections", 1024, "INTEGER", toSite},
	{"DisableSocketPooling", 1029, "BOOLEAN", toSite},
	{"ConnectionTimeout", 1013, "INTEGER", toSite},
	{"MaxConnections", 1014, "INTEGER", toSite},
	{"MaxBandwidth", 1000, "INTEGER", atComputer | toSite},
	{"MaxGlobalBandwidth", 9201, "INTEGER", atService},
	{"HeaderWaitTimeout", 9204, "INTEGER", atService},
	{"MinFileBytesPerSec", 9205, "INTEGER", atService},
	{"LogInUTF8", 9206, "BOOLEAN", atService},
	{"CentralW3CLoggingEnabled", 2119, "BOOLEAN", atService},
	{"CentralBinaryLoggingEnabled", 4016, "BOOLEAN", atService},
	{"LogType", 4000, "INTEGER", toSite},
	{"LogPluginClsid", 4005, "STRING", toSite},
	{"LogFileDirectory", 4001, "EXPANDSZ", toSite},
	{"LogFilePeriod", 4003, "INTEGER", toSite},
	{"LogFileTruncateSize", 4004, "INTEGER", toSite},
	{"LogFileLocaltimeRollover", 4015, "BOOLEAN", toSite},
	{"LogExtFileFlags", 4013, "INTEGER", toSite},
	{"LogOdbcDataSource", 4007, "STRING", toSite},
	{"LogOdbcTableName", 4008, "STRING", toSite},
	{"LogOdbcUserName", 4009, "STRING", toSite},
	{"LogOdbcPassword", 4010, "STRING", toSite},
	{"UseHostName", 2066, "BOOLEAN", toSite},
	{"SetHostName", 2154, "STRING", toSite},
	{"ProcessNTCRIfLoggedOn", 2070, "BOOLEAN", toSite},
	{"AuthChangeFlags", 2068, "INTEGER", toSite},
	{"AuthChangeURL", 2060, "STRING", toSite},
	{"AuthExpiredURL", 2061, "STRING", toSite},
	{"AuthExpiredUnsecureURL", 2067, "STRING", toSite},
	{"PasswordExpirePrenotifyDays", 2063, "INTEGER", toSite},
	{"PasswordCacheTTL", 2064, "INTEGER", toSite},
	{"NetLogonWorkstation", 2065, "INTEGER", toSite},
	{"WebSvcExtRestrictionList", 2168, "LIST", atService},
	{"AllowPathInfoForScriptMappings", 2095, "BOOLEAN", toSite},
	{"KeyType", 1002, "STRING", ^ownKeys},
	{"AppRoot", 2103, "STRING", atVDir | atDir},
	{"AppIsolated", 2104, "INTEGER", atVDir | atDir},
	{"AppPoolId", 9101, "STRING", toDir},
}

func TestReference(t *testing.T) {
	for _, want := range reference {
		s, ok := lookup(want.name)
		if !ok || s.flag.bit != 0 {
			t.Errorf("%s is not known", want.name)
			continue
		}
		if s.name != want.name || s.id != want.id || s.kind.typ != want.typ || s.at&^ownKeys != want.at {
			t.Errorf("%s %d %s at %v, want %s %d %s at %v", s.name, s.id, s.kind.typ, s.at, want.name, want.id, want.typ, want.at)
		}
	}
}

// referenceFlags are the flags of IIS's properties (IIScnfg.h).
var referenceFlags = []struct {
	property, name string
	bit            uint32
}{
	{"AuthFlags", "AuthAnonymous", 0x1},
	{"AuthFlags", "AuthBasic", 0x2},
	{"AuthFlags", "AuthNTLM", 0x4},
	{"AuthFlags", "AuthMD5", 0x10},
	{"AuthFlags", "AuthPassport", 0x40},
	{"AuthPersistence", "AuthPersistSingleRequest", 0x40},
	{"AuthPersistence", "AuthPersistSingleRequestIfProxy", 0x80},
	{"AuthPersistence", "AuthPersistSingleRequestAlwaysIfProxy", 0x100},
	{"AccessFlags", "AccessRead", 0x1},
	{"AccessFlags", "AccessWrite", 0x2},
	{"AccessFlags", "AccessExecute", 0x4},
	{"AccessFlags", "AccessSource", 0x10},
	{"AccessFlags", "AccessScript", 0x200},
	{"AccessFlags", "AccessNoRemoteWrite", 0x400},
	{"AccessFlags", "AccessNoRemoteRead", 0x1000},
	{"AccessFlags", "AccessNoRemoteExecute", 0x2000},
	{"AccessFlags", "AccessNoRemoteScript", 0x4000},
	{"AccessFlags", "AccessNoPhysicalDir", 0x8000},
	{"AccessSSLFlags", "AccessSSL", 0x8},
	{"AccessSSLFlags", "AccessSSLNegotiateCert", 0x20},
	{"AccessSSLFlags", "AccessSSLRequireCert", 0x40},
	{"AccessSSLFlags", "AccessSSLMapCert", 0x80},
	{"AccessSSLFlags", "AccessSSL128", 0x100},
	{"DirBrowseFlags", "DirBrowseShowDate", 0x2},
	{"DirBrowseFlags", "DirBrowseShowTime", 0x4},
	{"DirBrowseFlags", "DirBrowseShowSize", 0x8},
	{"DirBrowseFlags", "DirBrowseShowExtension", 0x10},
	{"DirBrowseFlags", "DirBrowseShowLongDate", 0x20},
	{"DirBrowseFlags", "EnableDefaultDoc", 0x40000000},
	{"DirBrowseFlags", "EnableDirBrowsing", 0x80000000},
	{"LogExtFileFlags", "LogExtFileDate", 0x1},
	{"LogExtFileFlags", "LogExtFileTime", 0x2},
	{"LogExtFileFlags", "LogExtFileClientIp", 0x4},
	{"LogExtFileFlags", "LogExtFileUserName", 0x8},
	{"LogExtFileFlags", "LogExtFileSiteName", 0x10},
	{"LogExtFileFlags", "LogExtFileComputerName", 0x20},
	{"LogExtFileFlags", "LogExtFileServerIp", 0x40},
	{"LogExtFileFlags", "LogExtFileMethod", 0x80},
	{"LogExtFileFlags", "LogExtFileUriStem", 0x100},
	{"LogExtFileFlags", "LogExtFileUriQuery", 0x200},
	{"LogExtFileFlags", "LogExtFileHttpStatus", 0x400},
	{"LogExtFileFlags", "LogExtFileWin32Status", 0x800},
	{"LogExtFileFlags", "LogExtFileBytesSent", 0x1000},
	{"LogExtFileFlags", "LogExtFileBytesRecv", 0x2000},
	{"LogExtFileFlags", "LogExtFileTimeTaken", 0x4000},
	{"LogExtFileFlags", "LogExtFileServerPort", 0x8000},
	{"LogExtFileFlags", "LogExtFileUserAgent", 0x10000},
	{"LogExtFileFlags", "LogExtFileCookie", 0x20000},
	{"LogExtFileFlags", "LogExtFileReferer", 0x40000},
	{"LogExtFileFlags", "LogExtFileProtocolVersion", 0x80000},
	{"LogExtFileFlags", "LogExtFileHost", 0x100000},
	{"LogExtFileFlags", "LogExtFileHttpSubStatus", 0x200000},
	{"AuthChangeFlags", "AuthChangeUnsecure", 0x1},
	{"AuthChangeFlags", "AuthChangeDisable", 0x2},
	{"AuthChangeFlags", "AuthAdvNotifyDisable", 0x4},
}

func TestReferenceFlags(t *testing.T) {
	known := 0
	for i := range registry {
		known += len(registry[i].flags)
	}
	if known != len(referenceFlags) {
		t.Errorf("%d flags are known, want %d", known, len(referenceFlags))
	}
	for _, want := range referenceFlags {
		s, ok := lookup(strings.ToUpper(want.name))
		if !ok || s.name != want.property || s.flag.name != want.name || s.flag.bit != want.bit {
			t.Errorf("%s is %s %s %#x, want %s %#x", want.name, s.name, s.flag.name, s.flag.bit, want.property, want.bit)
		}
	}
}

// articleNames are names that Knowledge Base articles call properties or, up to
// IIS 3.0, registry values by.
const articleNames = `
	AccessRead AccessWrite AccessSource AccessScript AccessExecute AccessFlags EnableDirBrowsing
	AccessSSL AccessSSL128 AccessSSLRequireCert CertCheckMode CheckCertRevocation SslNoKeepAlive
	AuthAnonymous AuthBasic AuthNTLM AuthFlags AuthPersistence AuthPersistSingleRequest AuthPersistSingleRequestIfProxy
	AuthPersistSingleRequestAlwaysIfProxy NTAuthenticationProviders DefaultLogonDomain Realm LogonMethod UserTokenTTL PasswordCacheTTL
	AnonymousUserName AnonymousUserPass AnonymousPasswordSync AuthExpiredUrl AuthExpiredUnsecureUrl PasswordChangeFlags
	UNCUserName UNCPassword UNCAuthenticationPassthrough IPSecurity EnableReverseDNS
	UseHostName ReturnURLUsingHostName HttpRedirect HttpErrors HttpExpires CacheControlCustom EnableDocFooter MimeMap ScriptMaps DefaultDoc
	ServerBindings DisableSocketPooling MaxEndPointConnections ServerListenBackLog ListenBacklog MaxConnections MaxBandwidth
	AllowKeepAlive ConnectionTimeOut AcceptExTimeout MinFileKbSec MaxClientRequestBuffer MaxDepthDots
	AllowPathInfoForScriptMappings CreateCGIWithNewConsole CreateProcessWithNewConsole CreateProcessAsUser CGITimeout
	SSIExecDisable SSIEnableCmdDirective DisableWebDAV HcFileExtensions HcScriptFileExtensions HcCacheControlHeader EnablePostCmp
	AllowDotInPath VerifyNormalization DenyUrlSequences MaxUrl MaxQueryString MaxAllowedContentLength
	DontLog LogExtFileFlags LogExtFileHost LogFileDirectory LogFilePeriod LogFileTruncateSize LogFileLocaltimeRollover LogPluginClsid
	LogAnonymous LogNonAnonymous LogFileFlushInterval LogFileBatchSize`

// ourNames are the properties that IIS does not have.
const ourNames = `
	EmulatedVersion ComputerName Accounts FileACL UseDiskPermissions LMCompatibilityLevel Keytab KerberosEtypes Delegation UseKernelMode
	AuthPersistNonNTLM ExtendedProtection DigestAlgorithms DigestQop DigestNonceLifetime DigestReplayDetection DigestUriWithoutQuery
	DigestNonceKey LockoutThreshold LockoutDuration LockoutWindow ProxyAddresses ProxyProtocol PinningProxies ProxiedNTLM
	AllowAuthPassword ErrorMode SecureCertificate SecureKey SecureCA CertCRL CertMappings MaxFieldLength MaxRequestBytes
	NTLMLogShape CompareNames Authorities
	AuthorityType Domains NtlmAuth SmbConf Helpers LdapUrl LdapBase LdapBindDN LdapBindPasswordFile LdapDigestAttribute AuthorityUrl
	Certificate Key CA Krb5Conf Binding Address InstanceMaxRequests ActivityTimeout`

func TestNames(t *testing.T) {
	for _, name := range strings.Fields(articleNames + ourNames) {
		if s, ok := lookup(name); !ok || !strings.EqualFold(s.Name(), name) {
			t.Errorf("%s is not known", name)
		}
	}
}

func TestNearest(t *testing.T) {
	tests := map[string]string{
		"AuthFlag": "AuthFlags", "AuthNTML": "AuthNTLM", "EnableDirBrowse": "EnableDirBrowsing", "HTTPError": "HttpErrors", "pth": "Path",
		"KeepAlive": "", "AllowKeepAlives": "AllowKeepAlive", "x": "", "": "", strings.Repeat("AuthFlags", 50): "",
	}
	for name, want := range tests {
		if got := nearest(name); got != want {
			t.Errorf("nearest to %.20q is %q, want %q", name, got, want)
		}
	}
}

// since is a value and the version that brought it.
type since struct{ version, text string }

// defaultsByVersion are what is in force where a file sets nothing, from a version
// on: the value after setup, or that of the schema.
var defaultsByVersion = []struct {
	name   string
	values []since
}{
	{"AuthFlags", []since{{"2.0", "5"}}},                                                                      // ms524513
	{"AuthPersistence", []since{{"2.0", "128"}, {"6.0", "0"}}},                                                // Q307617, cc781339
	{"AuthPersistSingleRequestIfProxy", []since{{"2.0", "True"}, {"6.0", "False"}}},                           // Q318863
	{"NTAuthenticationProviders", []since{{"2.0", "NTLM"}, {"5.0", "Negotiate,NTLM"}}},                        // Q248350
	{"AnonymousUserName", []since{{"2.0", "IUSR_WEB1"}, {"7.0", "IUSR"}}},                                     // Q259353, ms524525
	{"AnonymousPasswordSync", []since{{"2.0", "True"}, {"6.0", "False"}}},                                     // Q259353
	{"LogonMethod", []since{{"2.0", "0"}, {"6.0", "3"}}},                                                      // Q247593, Q262233
	{"UserTokenTTL", []since{{"2.0", "900"}}},                                                                 // Q152526
	{"UseDigestSSP", []since{{"2.0", "False"}, {"6.0", "True"}}},                                              //
	{"AccessFlags", []since{{"2.0", "1"}}},                                                                    //
	{"AccessRead", []since{{"2.0", "True"}}},                                                                  //
	{"AccessScript", []since{{"2.0", "False"}}},                                                               //
	{"AccessSSLFlags", []since{{"2.0", "0"}}},                                                                 //
	{"DirBrowseFlags", []since{{"2.0", "1073741886"}, {"7.0", "1073741854"}}},                                 // ms524513: 0x4000003E; 0x4000001E
	{"AllowKeepAlive", []since{{"2.0", "True"}}},                                                              // Q195179
	{"AuthChangeFlags", []since{{"2.0", "1"}, {"6.0", "6"}}},                                                  //
	{"ConnectionTimeout", []since{{"2.0", "600"}, {"4.0 SP6", "900"}, {"6.0", "120"}}},                        // Q143180
	{"MaxConnections", []since{{"2.0", "4294967295"}}},                                                        //
	{"UploadReadAheadSize", []since{{"2.0", "49152"}}},                                                        //
	{"MaxRequestEntityAllowed", []since{{"2.0", "4294967295"}}},                                               //
	{"MinFileBytesPerSec", []since{{"2.0", "240"}}},                                                           // KB 820729
	{"HeaderWaitTimeout", []since{{"2.0", "0"}}},                                                              //
	{"CGITimeout", []since{{"2.0", "300"}, {"7.0", "900"}}},                                                   //
	{"ServerListenBacklog", []since{{"2.0", "40"}}},                                                           //
	{"LogType", []since{{"2.0", "1"}}},                                                                        //
	{"LogPluginClsid", []since{{"2.0", "W3C"}}},                                                               //
	{"LogFilePeriod", []since{{"2.0", "1"}}},                                                                  //
	{"LogFileTruncateSize", []since{{"2.0", "20971520"}}},                                                     //
	{"LogFileLocaltimeRollover", []since{{"2.0", "False"}}},                                                   // Q193612
	{"LogExtFileFlags", []since{{"2.0", "1414"}, {"6.0", "2199519"}, {"7.0", "2215887"}, {"8.0", "2478031"}}}, // 0x586, 0x218FDF, 0x21CFCF, 0x25CFCF
	{"LogInUTF8", []since{{"2.0", "False"}, {"7.0", "True"}}},                                                 //
	{"LogOdbcDataSource", []since{{"2.0", "InternetDb"}}},                                                     //
	{"LogOdbcTableName", []since{{"2.0", "InternetLog"}}},                                                     //
	{"LogOdbcUserName", []since{{"2.0", "InternetAdmin"}}},                                                    //
	{"AppPoolId", []since{{"2.0", "DefaultAppPool"}}},                                                         //
	{"DefaultDoc", []since{
		{"4.0 SP6", "Default.htm,Default.asp"}, {"5.0", "Default.htm,Default.asp,iisstart.asp"}, {"5.1", "Default.htm,Default.asp,index.htm,iisstart.asp"},
		{"6.0", "Default.htm,Default.asp,index.htm,iisstart.htm"}, {"7.0", "Default.htm,Default.asp,index.htm,index.html,iisstart.htm"},
	}},
	// Ours.
	{"EmulatedVersion", []since{{"2.0", "2.0"}, {"3.0", "3.0"}, {"4.0 SP6", "4.0 SP6"}, {"4.0", "4.0"}, {"5.0", "5.0"}, {"5.1", "5.1"}, {"6.0", "6.0"}, {"7.0", "7.0"}, {"7.5", "7.5"}, {"8.0", "8.0"}, {"8.5", "8.5"}, {"10.0", "10.0"}}},
	{"Authorities", []since{{"2.0", "local"}}},
	{"Accounts", []since{{"2.0", ""}}},
	{"UseDiskPermissions", []since{{"2.0", "False"}}},
	{"LMCompatibilityLevel", []since{{"2.0", "2"}, {"7.0", "3"}}}, // MS-NLMP note 81
	{"Delegation", []since{{"2.0", "False"}}},
	{"UseKernelMode", []since{{"7.0", "True"}}},
	{"AuthPersistNonNTLM", []since{{"7.0", "True"}}},
	{"ExtendedProtection", []since{{"2.0", "None"}}},
	{"DigestNonceLifetime", []since{{"2.0", "36000"}}},
	{"DigestReplayDetection", []since{{"2.0", "True"}}},
	{"DigestUriWithoutQuery", []since{{"2.0", "True"}, {"7.0", "False"}}},
	{"LockoutThreshold", []since{{"2.0", "0"}}},
	{"LockoutDuration", []since{{"2.0", "1800"}}},
	{"LockoutWindow", []since{{"2.0", "1800"}}},
	{"ProxyProtocol", []since{{"2.0", "False"}}},
	{"ProxiedNTLM", []since{{"2.0", "SingleRequest"}}},
	{"AllowAuthPassword", []since{{"2.0", "True"}, {"6.0", "False"}}},
	{"ErrorMode", []since{{"2.0", "Custom"}}},
	{"MaxFieldLength", []since{{"2.0", "65534"}}},
	{"MaxRequestBytes", []since{{"2.0", "131072"}}},
	{"NTLMLogShape", []since{{"2.0", "documented"}}},
	{"CompareNames", []since{{"2.0", "True"}}},
}

func TestDefaults(t *testing.T) {
	for _, version := range versions {
		root := load(t, `["/LM/W3SVC"]
EmulatedVersion = "`+version+`"
ComputerName = "WEB1"
["/LM/W3SVC/1/ROOT"]
Path = "wwwroot"
`).Node("W3SVC/1/ROOT")
		for _, tt := range defaultsByVersion {
			want, has := "", false
			for _, v := range tt.values {
				if age(version) >= age(v.version) {
					want, has = v.text, true
				}
			}
			if got := shown(root, tt.name).Text; has && got != want {
				t.Errorf("%s: %s is %s, want %s", version, tt.name, got, want)
			}
		}
	}
}

// TestDefaultLists tells the defaults that are lists, or hang on the file.
func TestDefaultLists(t *testing.T) {
	site := load(t, home).Node("W3SVC/1")
	for name, want := range map[string]string{
		"ServerBindings": ":80:", "SecureBindings": "", "LogFileDirectory": "/srv/logs", "DigestAlgorithms": "MD5-sess", "DigestQop": "auth",
		"KerberosEtypes": "aes256-cts-hmac-sha384-192 aes128-cts-hmac-sha256-128 aes256-cts-hmac-sha1-96 aes128-cts-hmac-sha1-96",
		"HttpErrors":     "", "ScriptMaps": "", "HttpCustomHeaders": "", "FileACL": "", "IPSecurity": "", "MimeMap": "", "Keytab": "", "ComputerName": hostName(),
	} {
		v := shown(site, name)
		got := strings.Join(v.Items, " ")
		if v.Type != "LIST" {
			got = v.Text
		}
		if got != want || v.From != "" {
			t.Errorf("%s is %q from %q, want %q", name, got, v.From, want)
		}
	}
	if p := load(t, home).Service().Properties; p.FileACL != nil || p.IPSecurity != nil {
		t.Error("lists that are not set restrict")
	}
}
