package metabase

import (
	"os"
	"strconv"
	"strings"
	"sync"
)

// defaults returns the properties of a version where nothing is set. File names
// among them are relative. They are shared and must not be changed.
func defaults(version string) *Properties { return versionDefaults()[version] }

var versionDefaults = sync.OnceValue(func() map[string]*Properties {
	all := make(map[string]*Properties, len(versions))
	for _, version := range versions {
		p := &Properties{EmulatedVersion: version, ComputerName: hostName(), MimeMap: &MimeMap{base: shippedMaps()[version]}}
		r := &reader{}
		for i := range registry {
			property := &registry[i]
			if property.field == nil || property.name == "EmulatedVersion" || property.def == "" {
				continue
			}
			v, err := property.kind.read(r, property, property.parse(defaultOf(property.def, version)))
			if err != nil {
				panic("metabase: default of " + property.name + ": " + err.Error())
			}
			assign(property.field(p), v)
		}
		p.derive()
		all[version] = p
	}
	return all
})

// A derivation is what a version makes of properties that hang on others.
type derivation struct {
	anonymous       string // AnonymousUserName where it is not set, "" for IUSR_ and the ComputerName
	minTruncateSize uint32 // least LogFileTruncateSize; a smaller one counts as this
}

var derivations = sync.OnceValue(func() map[string]derivation {
	all := make(map[string]derivation, len(versions))
	for _, version := range versions {
		n, _ := strconv.ParseUint(defaultOf("0; 7.0: 1048576", version), 10, 32) // iis-docs, logFile
		all[version] = derivation{defaultOf("; 7.0: IUSR", version), uint32(n)}  // ms524525
	}
	return all
})

// parse turns a default's text into what TOML would have given for it.
func (p *property) parse(text string) any {
	switch p.kind.shape {
	case shapeBool:
		return text == "true"
	case shapeNumber, shapeFlags:
		n, err := strconv.ParseInt(text, 0, 64)
		if err != nil {
			panic("metabase: default of " + p.name + ": " + err.Error())
		}
		return n
	case shapeList:
		if text == "" {
			return []string(nil)
		}
		return []string{text}
	case shapeEither:
		return splitNames(text)
	}
	return text
}

// hostName returns the machine's name as Windows would have it: the first label,
// upper case.
func hostName() string {
	name, err := os.Hostname()
	if err != nil || name == "" {
		return "LOCALHOST"
	}
	name, _, _ = strings.Cut(name, ".")
	return strings.ToUpper(name)
}
