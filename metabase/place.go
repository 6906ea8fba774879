package metabase

import (
	"strconv"
	"strings"
)

// A place is a set of the key classes that take a property.
type place uint16

const (
	atComputer         place = 1 << iota // /LM, /LM/MimeMap
	atService                            // /LM/W3SVC
	atInfo                               // /LM/W3SVC/Info
	atSite                               // /LM/W3SVC/n
	atVDir                               // /LM/W3SVC/n/ROOT, and keys below it that set Path
	atDir                                // keys below ROOT that do not
	atFile                               // not told from atDir: the key does not say what lies on the disk
	atAuthority                          // /LM/W3SVC/Authorities/NAME
	atAuthorityService                   // /LM/W3SVC/AuthorityService
	atFastCGI                            // /LM/W3SVC/FastCGI/NAME
	atForeign                            // keys of IIS that nothing here reads

	toSite  = atService | atSite
	toDir   = toSite | atVDir | atDir
	atAny   = toDir | atFile
	content = atVDir | atDir | atFile                      // ROOT and what is below it
	ownKeys = atAuthority | atAuthorityService | atFastCGI // keys with properties of their own
)

// placeNames are the classes in the words of an administrator.
var placeNames = []struct {
	at   place
	name string
}{
	{atComputer, "the computer (/LM)"},
	{atService, "the service (/LM/W3SVC)"},
	{atInfo, "/LM/W3SVC/Info"},
	{atSite, "a site (/LM/W3SVC/n)"},
	{atVDir, "a virtual directory"},
	{atDir, "a directory"},
	{atFile, "a file"},
	{atAuthority, "/LM/W3SVC/Authorities/NAME"},
	{atAuthorityService, "/LM/W3SVC/AuthorityService"},
	{atFastCGI, "/LM/W3SVC/FastCGI/NAME"},
}

// String lists the classes, such as "the service (/LM/W3SVC) or a virtual directory".
func (at place) String() string {
	var names []string
	for _, p := range placeNames {
		if at&p.at != 0 {
			names = append(names, p.name)
		}
	}
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// classOf returns the class of a key by its path; whether a key below ROOT is a
// virtual directory is known only from its Path.
func classOf(key string) place {
	var s [4]string // no class needs more to be told
	depth := 0
	for segment := range segments(key) {
		if depth < len(s) {
			s[depth] = segment
		}
		depth++
	}
	is := func(i int, name string) bool { return strings.EqualFold(s[i], name) }
	switch {
	case depth == 1, depth == 2 && is(1, "MimeMap"):
		return atComputer
	case !is(1, "W3SVC"):
		return atForeign
	case depth == 2:
		return atService
	case depth == 3 && isNumber(s[2]):
		return atSite
	case depth == 3 && is(2, "Info"):
		return atInfo
	case depth == 3 && is(2, "AuthorityService"):
		return atAuthorityService
	case depth == 4 && isNumber(s[2]) && is(3, "ROOT"):
		return atVDir
	case isNumber(s[2]) && is(3, "ROOT"):
		return content
	case depth == 4 && is(2, "Authorities"):
		return atAuthority
	case depth == 4 && is(2, "FastCGI"):
		return atFastCGI
	}
	return atForeign
}

// isNumber reports whether s numbers a site; 01 does not, it would be 1 again.
func isNumber(s string) bool {
	n, err := strconv.ParseUint(s, 10, 31)
	return err == nil && n > 0 && s[0] != '0'
}
