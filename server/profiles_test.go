package server

import (
	"slices"
	"strings"
	"testing"

	"iisd/server/status"
)

// everyVersion is every version of IIS there is a profile for.
var everyVersion = []string{"2.0", "3.0", "4.0", "4.0 SP6", "5.0", "5.1", "6.0", "7.0", "7.5", "8.0", "8.5", "10.0"}

func mustProfile(t testing.TB, version string) *Profile {
	t.Helper()
	p := profileFor(version)
	if p == nil {
		t.Fatalf("no profile for %q", version)
	}
	return p
}

func TestProfileNames(t *testing.T) {
	for _, v := range everyVersion {
		p := mustProfile(t, v)
		if p.Name != v {
			t.Errorf("%s: Name = %q", v, p.Name)
		}
		if want := "Microsoft-IIS/" + strings.TrimSuffix(v, " SP6"); p.Server != want { // Q294735
			t.Errorf("%s: Server = %q, want %q", v, p.Server, want)
		}
	}
	if profileFor("4.0 SP6a") != profileFor("4.0") {
		t.Error(`"4.0 SP6a" is not "4.0"`)
	}
	if p := profileFor("9.0"); p != nil {
		t.Errorf("there is a profile for 9.0: %s", p.Name)
	}
}

// custom stands for a custom field, such as X-Powered-By, in an observed order.
const custom = "X-Powered-By"

// headersNamed turns the names of an observed response into fields.
func headersNamed(t *testing.T, names string) []header {
	t.Helper()
	var hs []header
	for name := range strings.SplitSeq(names, ",") {
		if name == custom {
			hs = append(hs, hCustom)
			continue
		}
		i := slices.Index(headerNames[:], name)
		if i < 0 {
			t.Fatalf("no field %q", name)
		}
		if h := header(i); len(hs) == 0 || hs[len(hs)-1] != h { // WWW-Authenticate repeats
			hs = append(hs, h)
		}
	}
	return hs
}

func TestHeaderOrders(t *testing.T) {
	tests := []struct {
		row      string // of corpus/wire, or section of the reference
		versions string
		kind     kind
		names    string
	}{
		{"W01", "6.0", kind401, "Content-Length,Content-Type,Server,WWW-Authenticate,WWW-Authenticate,Date"},
		{"W02", "6.0", kind401, "Content-Length,Content-Type,Server,WWW-Authenticate,Date"},
		{"W03", "6.0", kindStatic, "Content-Length,Content-Type,Content-Location,Last-Modified,Accept-Ranges,ETag,Server,Date"},
		{"W06", "7.0 7.5 8.0 8.5 10.0", kindStatic, "Cache-Control,Content-Type,Last-Modified,Accept-Ranges,ETag,Server,X-Powered-By,Date,Content-Length"},
		{"W07", "6.0", kindStatic, "Content-Length,Content-Type,Last-Modified,Accept-Ranges,ETag,Server,X-Powered-By,Date"},
		{"W08", "6.0", kindMultiRange, "Last-Modified,Accept-Ranges,ETag,Server,X-Powered-By,Date,Content-Type,Connection"},
		{"W09", "4.0 5.0 5.1", kind401, "Server,Date,WWW-Authenticate,WWW-Authenticate,WWW-Authenticate,Connection,Content-Length,Content-Type"},
		{"W10", "5.0 5.1", kindError, "Server,Date,Connection,Content-Length,Content-Type"},
		{"W11", "5.0 5.1", kindStatic, "Server,Content-Location,Date,Content-Type,Accept-Ranges,Last-Modified,ETag,Content-Length"},
		{"W12", "5.0 5.1", kindDynamic, "Server,Date,X-Powered-By,Content-Length,Content-Type,Cache-Control"},
		{"W13", "5.0 5.1", kindError, "Server,Date,Connection,Content-Length,Content-Type"},
		{"W14", "6.0", kindKernel, "Content-Type,Date,Connection,Content-Length"},
		{"W15", "6.0", kindOptions, "Allow,Content-Length,Server,Public,Date"},
		{"W16", "4.0", kindStatic, "Server,Content-Location,Date,Content-Type,Accept-Ranges,Last-Modified,ETag,Content-Length"},
		{"W17", "4.0", kindError, "Server,Date,Connection,Content-Length,Content-Type"},
		{"W18", "2.0 5.0", kindRedirect, "Location,Server,Content-Type,Content-Length"},
		{"W19", "7.5", kind401, "Cache-Control,Content-Type,Server,WWW-Authenticate,X-Powered-By,Date,Content-Length"},
		{"W20", "7.0 7.5 8.0 8.5 10.0", kindKernel401, "Content-Type,Server,WWW-Authenticate,Date,Connection,Content-Length"},
		{"W21", "10.0", kind401, "Content-Type,Server,WWW-Authenticate,WWW-Authenticate,X-Powered-By,Date,Content-Length"},
		{"W23", "6.0", kind401, "Content-Length,Content-Type,Server,WWW-Authenticate,WWW-Authenticate,X-Powered-By,Date"},
		{"W24", "8.5", kindError, "Content-Type,Server,X-Powered-By,Date,Content-Length"},
		{"W25", "8.5", kindError, "Content-Type,Server,X-Powered-By,Date,Connection,Content-Length"},
		{"W26", "5.0", kindError, "Server,Date,Connection,Content-Length,Content-Type"},
		{"seen", "5.0 5.1", kindStatic, "Server,Cache-Control,Expires,X-Powered-By,Connection,Content-Location,Date,Content-Type,Accept-Ranges,Last-Modified,ETag,Content-Length"},
		{"seen", "6.0", kindStatic, "Cache-Control,Content-Length,Content-Type,Content-Location,Last-Modified,Accept-Ranges,ETag,Server,X-Powered-By,Date"},
		{"seen", "7.5 10.0", kindStatic, "Content-Type,Server,WWW-Authenticate,Persistent-Auth,X-Powered-By,Date,Content-Length"},
		{"seen", "4.0", kindDynamic, "Server,Date,Content-Type,Content-Length,Cache-Control"},
		{"seen", "6.0", kindDynamic, "Connection,Date,Server,X-Powered-By,Content-Length,Content-Type,Expires,Cache-Control"},
		{"seen", "5.1", kindShort, "Server,Date,Connection,Content-Type,Content-Length"},
		{"seen", "6.0", kindError, "Content-Length,Content-Type,Server,X-Powered-By,Date,Connection"},
		{"seen", "7.0", kindError, "Allow,Content-Type,Server,X-Powered-By,Date,Content-Length"},
		{"seen", "7.0 10.0", kindKernel, "Content-Type,Server,Date,Connection,Content-Length"},
		{"inferred", "5.0 5.1", kind304, "Server,Date,X-Powered-By,ETag,Content-Length"},
		{"inferred", "6.0", kind304, "Content-Location,Last-Modified,Accept-Ranges,ETag,Server,X-Powered-By,Date"},
		{"inferred", "7.0 10.0", kind304, "Accept-Ranges,ETag,Server,X-Powered-By,Date"},
		{"inferred", "6.0", kindRedirect, "Content-Length,Content-Type,Location,Server,X-Powered-By,Date"},
		{"inferred", "7.0 10.0", kindRedirect, "Content-Type,Location,Server,X-Powered-By,Date,Content-Length"},
		{"seen", "5.0 5.1", kindOptions, "Server,Date,X-Powered-By,MS-Author-Via,Content-Length,Accept-Ranges,DASL,DAV,Public,Allow,Cache-Control"},
		{"seen", "4.0", kindOptions, "Server,Date,X-Powered-By,Public,Allow,Content-Length"},
		{"seen", "6.0", kindOptions, "Allow,Content-Length,Server,Public,MS-Author-Via,X-Powered-By,Date"},
		{"seen", "7.0 10.0", kindOptions, "Allow,Server,Public,X-Powered-By,Date,Content-Length"},
	}
	for _, tt := range tests {
		want := headersNamed(t, tt.names)
		for v := range strings.FieldsSeq(tt.versions) {
			order := mustProfile(t, v).Orders[tt.kind]
			got := slices.DeleteFunc(slices.Clone(order), func(h header) bool { return !slices.Contains(want, h) })
			if !slices.Equal(got, want) {
				t.Errorf("%s: %s kind %d: order %v, want %v", tt.row, v, tt.kind, fieldNames(got), fieldNames(want))
			}
		}
	}
}

func fieldNames(order []header) []string {
	var names []string
	for _, h := range order {
		names = append(names, headerNames[h])
	}
	return names
}

// Every version must be able to say, in every kind of response, what the
// response needs.
func TestOrdersComplete(t *testing.T) {
	always := []header{hServer, hDate, hContentType, hContentLength, hCustom, hConnection, hWWWAuthenticate}
	more := map[kind][]header{
		kindStatic:  {hLastModified, hAcceptRanges},
		kindPartial: {hLastModified, hAcceptRanges, hContentRange},
		kindError:   {hAllow, hContentRange},
		kind304:     nil,
	}
	lacks := func(v string, k kind, h header) bool { // as observed
		old := v == "2.0" || v == "3.0" || v == "4.0" || v == "4.0 SP6" || v == "5.0" || v == "5.1"
		switch {
		case k == kindMultiRange && h == hContentLength:
			return v == "6.0" // W08
		case k == kindRedirect && h == hDate:
			return old // W18, seen
		case k == kind304 && h == hContentType:
			return true // no body
		case k == kind304 && h == hContentLength:
			return !old // seen
		case k == kindOptions && h == hContentType:
			return old // no body
		case k == kindKernel, k == kindKernel401:
			return h == hCustom || h == hWWWAuthenticate && k == kindKernel || h == hServer && v == "6.0" // W14
		}
		return false
	}
	for _, v := range everyVersion {
		p := mustProfile(t, v)
		for k := range numKinds {
			switch {
			case k == kindKernel && p.kernel == nil, k == kindKernel401 && (p.kernel == nil || p.kernel.challenge == nil), k == kindShort && p.kernel != nil:
				if p.Orders[k] != nil {
					t.Errorf("%s: an order for kind %d, which the version does not have", v, k)
				}
				continue
			}
			for _, h := range slices.Concat(always, more[k]) {
				if lacks(v, k, h) {
					continue
				}
				if !slices.Contains(p.Orders[k], h) {
					t.Errorf("%s: kind %d has no place for %s", v, k, headerNames[h])
				}
			}
			sorted := slices.Sorted(slices.Values(p.Orders[k]))
			if len(slices.Compact(sorted)) != len(p.Orders[k]) {
				t.Errorf("%s: kind %d names a field twice", v, k)
			}
		}
		for _, o := range p.Options {
			if !slices.Contains(p.Orders[kindOptions], o.header) {
				t.Errorf("%s: OPTIONS has no place for %s", v, headerNames[o.header])
			}
		}
	}
}

func TestReasons(t *testing.T) {
	tests := []struct {
		source   string
		versions string
		code     int
		want     string
	}{
		{"Q176113", "2.0 3.0", 302, "Object moved"},
		{"Q298408", "4.0 5.0", 302, "Object moved"},
		{"inferred", "7.0 10.0", 302, "Found"},
		{"W09, Q281408", "4.0 5.0 5.1", 401, "Access Denied"},
		{"W01", "6.0 7.0 10.0", 401, "Unauthorized"},
		{"Q184484, Q247378, W26", "2.0 3.0 4.0 5.0 5.1", 403, "Access Forbidden"},
		{"seen", "6.0 10.0", 403, "Forbidden"},
		{"Q308190, W10, W17", "4.0 5.0 5.1", 404, "Object Not Found"},
		{"W24", "6.0 8.5", 404, "Not Found"},
		{"Q163774", "2.0 3.0", 406, "No acceptable objects were found"},
		{"W13", "5.0 5.1", 414, "URL Too Long"},
		{"Q142715", "2.0 3.0 4.0", 500, "Server Error"},
		{"seen", "6.0 10.0", 500, "Internal Server Error"},
		{"Q142854", "2.0 3.0", 501, "Not Supported"},
		{"Q247643", "4.0 5.0 6.0 7.0", 501, "Not Implemented"},
		{"Q151825", "2.0 3.0", 502, "Gateway Error"},
	}
	for _, tt := range tests {
		for v := range strings.FieldsSeq(tt.versions) {
			if got := mustProfile(t, v).Reasons[tt.code]; got != tt.want {
				t.Errorf("%s: %s: reason of %d is %q, want %q", tt.source, v, tt.code, got, tt.want)
			}
		}
	}
}

// Every status of package status has a reason phrase in every version.
func TestReasonsComplete(t *testing.T) {
	for _, v := range everyVersion {
		p := mustProfile(t, v)
		for _, st := range everyError(t) {
			if p.Reasons[st.Code] == "" {
				t.Errorf("%s: no reason phrase for %d", v, st.Code)
			}
		}
	}
}

func TestStatuses(t *testing.T) {
	tests := []struct {
		source   string
		versions string
		observed bool
		in, want status.Status
	}{
		{"S01, KB 907273", "6.0", false, status.LogonConfig, status.Status{Code: 401, Sub: 2, Win32: 2148074254}},
		{"S01, KB 969060", "6.0", false, status.LogonContinue, status.Status{Code: 401, Sub: 1, Win32: 0}},
		{"S02", "6.0", true, status.LogonConfig, status.Status{Code: 401, Sub: 2, Win32: 5}},
		{"S02", "6.0", true, status.LogonContinue, status.Status{Code: 401, Sub: 1, Win32: 2148074254}},
		{"seen", "7.0 7.5 8.0 8.5 10.0", false, status.LogonConfig, status.Status{Code: 401, Sub: 2, Win32: 5}},
		{"seen", "7.0 7.5 8.0 8.5 10.0", false, status.LogonContinue, status.Status{Code: 401, Sub: 1, Win32: 2148074254}},
		{"S04", "4.0 5.0 5.1", false, status.LogonConfig, status.Status{Code: 401, Sub: 2, Win32: 5}},
		{"inferred", "4.0 5.0 5.1", false, status.LogonContinue, status.Status{Code: 401, Sub: 1, Win32: 0}},
		{"KB 907273", "4.0 5.1 6.0 7.0 10.0", false, status.LogonDenied, status.Status{Code: 401, Sub: 1, Win32: 2148074252}},
		{"KB 943891", "6.0 7.0 10.0", false, status.MimeDenied, status.Status{Code: 404, Sub: 3, Win32: 50}},
		{"Q216803", "3.0 4.0 5.0 5.1 6.0", false, status.FileHidden, status.Status{Code: 404, Sub: 0, Win32: 2}},
		{"KB 943891", "7.0 10.0", false, status.FileHidden, status.Status{Code: 404, Sub: 9, Win32: 0}},
		{"Q248074", "4.0 5.0 5.1", false, status.TooManyUsers, status.Status{Code: 403, Sub: 9, Win32: 5}},
		{"KB 820729", "6.0 7.0 10.0", false, status.TooManyUsers, status.Status{Code: 503}},
	}
	for _, tt := range tests {
		for v := range strings.FieldsSeq(tt.versions) {
			p := mustProfile(t, v)
			names := p.Statuses
			if tt.observed {
				names = p.Observed
			}
			got, ok := names[tt.in]
			if !ok {
				got = tt.in
			}
			if got != tt.want {
				t.Errorf("%s: %s: %v %d is %v %d, want %v %d", tt.source, v, tt.in, tt.in.Win32, got, got.Win32, tt.want, tt.want.Win32)
			}
		}
	}
}

func TestMethods(t *testing.T) {
	tests := []struct {
		source   string
		versions string
		method   string
		want     int
		reason   string // "": the usual one
	}{
		{"Q186809", "4.0 5.0 5.1 6.0 7.0 10.0", "POST", 405, ""},
		{"Q247643", "5.0", "FOO", 501, ""},
		{"Q311618", "5.1", "FOO", 405, ""},
		{"seen", "6.0", "FOO", 501, ""},
		{"S06", "7.0 10.0", "FOO", 405, ""},
		{"Q248072", "4.0", "PUT", 403, ""},
		{"Q248072", "5.0 5.1", "PUT", 403, "Forbidden"},
		{"W26", "5.0", "DELETE", 403, "Forbidden"},
		{"seen", "6.0", "DELETE", 501, ""},
		{"seen", "7.0 10.0", "DELETE", 405, ""},
		{"seen", "5.0 5.1", "PROPFIND", 501, "Not Supported"},
		{"inferred", "6.0 7.0 10.0", "TRACE", 501, ""},
		{"Q142854", "2.0 3.0", "POST", 501, ""},
	}
	for _, tt := range tests {
		for v := range strings.FieldsSeq(tt.versions) {
			p := mustProfile(t, v)
			got, ok := p.Methods[tt.method]
			if !ok {
				got = p.Methods[""]
			}
			if got.status.Code != tt.want || got.reason != tt.reason {
				t.Errorf("%s: %s: %s gets %v %q, want %d %q", tt.source, v, tt.method, got.status, got.reason, tt.want, tt.reason)
			}
			if got.status.Code == 405 && p.Allow == "" {
				t.Errorf("%s: 405 without Allow", v)
			}
		}
	}
	if got := mustProfile(t, "4.0").Methods["PUT"].status; got != status.WriteDenied {
		t.Errorf("Q248072: PUT gets %v, want 403.3", got)
	}
	for _, v := range everyVersion {
		if p := mustProfile(t, v); p.HTTP11 && p.Options == nil {
			t.Errorf("%s: no answer to OPTIONS", v)
		}
	}
}

// What single versions are known for.
func TestProfileRules(t *testing.T) {
	tests := []struct {
		source   string
		versions string // that have it, with commas between; no other has
		has      func(p *Profile) bool
	}{
		{"seen", "2.0,3.0", func(p *Profile) bool { return p.StatusVersion == "HTTP/1.0" && !p.HTTP11 }},
		{"Q195179", "4.0 SP6", func(p *Profile) bool { return p.KeepAlive10Only }},
		{"Q288323", "4.0", func(p *Profile) bool { return p.Auth.KeepAliveOff == status.LogonNoKeepAlive }},
		{"Q264921", "2.0,3.0,4.0,4.0 SP6,5.0,5.1", func(p *Profile) bool { return p.Auth.NoReturnToAnonymous && p.Auth.RefuseOnAnonymousOnly }},
		{"Q318863", "2.0,3.0,4.0,4.0 SP6,5.0,5.1", func(p *Profile) bool { return p.AuthPersistsAll }},
		{"Q142715", "2.0,3.0", func(p *Profile) bool { return p.Auth.AccountTrouble.Code == 500 }},
		{"seen", "2.0,3.0,4.0,4.0 SP6,5.0,5.1", func(p *Profile) bool { return p.ErrorsClose }},
		{"Q218180", "4.0,4.0 SP6,5.0,5.1", func(p *Profile) bool { return p.ContentLocation == contentLocationAlways }},
		{"W03, W07", "6.0", func(p *Profile) bool { return p.ContentLocation == contentLocationDefaultDoc }},
		{"W08", "6.0", func(p *Profile) bool { return p.MultiRangeCloses }},
		{"seen", "4.0,4.0 SP6,5.0,5.1,6.0", func(p *Profile) bool { return p.ETagChange && p.HTTP11 }},
		{"KB 298408", "6.0,7.0,7.5,8.0,8.5,10.0", func(p *Profile) bool { return p.VDirRedirect == 301 }},
		{"seen", "7.0,7.5,8.0,8.5,10.0", func(p *Profile) bool { return p.DirRedirect == 301 }},
		{"seen", "6.0,7.0,7.5,8.0,8.5,10.0", func(p *Profile) bool { return p.UnknownMIME404 }},
		{"seen", "7.0,7.5,8.0,8.5,10.0", func(p *Profile) bool { return !p.DefaultDocLogged }},
		{"MS-N2HT 2.2.2", "7.5,8.0,8.5,10.0", func(p *Profile) bool { return p.PersistentAuth }},
		{"MS-NLMP note 39", "2.0,3.0,4.0,4.0 SP6,5.0", func(p *Profile) bool { return p.Auth.ChallengeLifetime.Minutes() == 30 }},
		{"Q318380", "6.0,7.0,7.5,8.0,8.5,10.0", func(p *Profile) bool { return p.Log.SubStatus }},
		{"seen", "5.0,5.1,6.0", func(p *Profile) bool { return p.Log.TrailingBlank }},
		{"seen", "2.0,3.0,4.0,4.0 SP6", func(p *Profile) bool { return strings.Contains(p.Log.Software, " Information Server ") }},
		{"seen", "6.0", func(p *Profile) bool { return p.Log.HTTPErrVersion == "1.0" }},
		{"seen", "10.0", func(p *Profile) bool { return p.Log.HTTPErrStream }},
		{"W14, W20", "6.0,7.0,7.5,8.0,8.5,10.0", func(p *Profile) bool { return p.kernel != nil && p.kernel.Close }},
		{"W20", "7.0,7.5,8.0,8.5,10.0", func(p *Profile) bool { return p.kernel != nil && p.kernel.challenge != nil }},
		{"Q288116", "2.0,3.0,4.0,4.0 SP6,5.0,5.1", func(p *Profile) bool { return p.URL.BadEscapeLiteral }},
	}
	for _, tt := range tests {
		want := strings.Split(tt.versions, ",")
		var got []string
		for _, v := range everyVersion {
			if tt.has(mustProfile(t, v)) {
				got = append(got, v)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v have it, want %v", tt.source, got, want)
		}
	}
}

func TestErrorKinds(t *testing.T) {
	tests := []struct {
		version string
		st      status.Status
		want    kind
	}{
		{"5.1", status.ListingDenied, kindShort}, // seen
		{"4.0", status.SiteNotFound, kindShort},  // Q300238
		{"5.0", status.BadRequest, kindShort},    // Q247249
		{"5.1", status.URITooLong, kindError},    // W13
		{"5.1", status.ReadDenied, kindError},    // W26
		{"5.1", status.LogonFailed, kind401},     // W09
		{"6.0", status.ACLDenied, kind401},       // W01
		{"6.0", status.ListingDenied, kindError}, // seen
		{"10.0", status.NotFound, kindError},     // W24
	}
	for _, tt := range tests {
		if got := mustProfile(t, tt.version).errorKind(tt.st); got != tt.want {
			t.Errorf("%s: %v is kind %d, want %d", tt.version, tt.st, got, tt.want)
		}
	}
}

func TestErrorReason(t *testing.T) {
	trouble := status.ServerError.With(status.ErrorLogonTypeNotGranted)
	if got := mustProfile(t, "3.0").errorReason(trouble); !strings.HasPrefix(got, "Server Error (") || !strings.HasSuffix(got, ")") {
		t.Errorf("Q142715: reason %q", got)
	}
	if got := mustProfile(t, "4.0").errorReason(trouble); got != "" {
		t.Errorf("4.0: reason %q", got)
	}
}
