package metabase

import (
	"os"
	"strconv"
	"strings"
	"sync"
)

// defaults returns the properties of a version where nothing is set. They are
// shared and must not be changed.
func defaults(version string) *Properties { return versionDefaults()[version] }

var versionDefaults = sync.OnceValue(func() map[string]*Properties {
	all := make(map[string]*Properties, len(versions))
	for _, version := range versions {
		p := &Properties{EmulatedVersion: version, ComputerName: hostName()}
		r := &reader{dir: workingDirectory()}
		for i := range registry {
			property := &registry[i]
			if property.field == nil || property.name == "EmulatedVersion" || property.def == "" {
				continue
			}
			v, err := property.kind.read(r, property, property.parse(defaultOf(property.def, version)))
			if err != nil {
				panic("metabase: default of " + property.name + ": " + err.Error())
			}
			assign(property.field(p), v, p)
		}
		p.derive()
		all[version] = p
	}
	return all
})

// baseMaps are the media types of each version, for keys that set none.
var baseMaps = sync.OnceValue(func() map[string]*MimeMap {
	all := make(map[string]*MimeMap, len(versions))
	for version, base := range shippedMaps() {
		all[version] = &MimeMap{base: base}
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

func workingDirectory() string {
	dir, err := os.Getwd()
	if err != nil {
		return "/"
	}
	return dir
}
