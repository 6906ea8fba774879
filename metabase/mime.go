package metabase

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// A MimeMap gives files their media types: the entries in force at a node, which
// replace those of the keys above it (Q248364), and underneath them the
// version's own list. It is immutable.
type MimeMap struct {
	own  map[string]string // by lower-case extension with its dot; "*" is any other
	base map[string]string
}

// Type returns the media type of a file by the extension of its name; the longest
// wins (".dll.config" before ".config"). ok is false where neither an entry nor a
// wildcard names one. It does not allocate for ASCII names.
func (m *MimeMap) Type(name string) (mediaType string, ok bool) {
	name = name[strings.LastIndexByte(name, '/')+1:]
	if dot := strings.LastIndexByte(name, '.'); dot >= 0 {
		if double := strings.LastIndexByte(name[:dot], '.'); double >= 0 {
			if mediaType, ok = m.entry(name[double:]); ok {
				return mediaType, true
			}
		}
		if mediaType, ok = m.entry(name[dot:]); ok {
			return mediaType, true
		}
	}
	if !strings.Contains(name, ".") {
		if mediaType, ok = m.own["."]; ok { // files without an extension
			return mediaType, true
		}
	}
	if mediaType, ok = m.own["*"]; ok {
		return mediaType, true
	}
	mediaType, ok = m.base["*"]
	return mediaType, ok
}

// entry returns the type of exactly this extension, own entries first.
func (m *MimeMap) entry(extension string) (mediaType string, ok bool) {
	var buf [32]byte
	folded := buf[:]
	if len(extension) > len(buf) {
		folded = make([]byte, len(extension))
	}
	for i := range len(extension) {
		if extension[i] >= utf8.RuneSelf {
			folded = append(folded[:0], fold(extension)...)
			break
		}
		folded[i] = lower(extension[i])
	}
	if len(folded) > len(extension) {
		folded = folded[:len(extension)]
	}
	if mediaType, ok = m.own[string(folded)]; ok {
		return mediaType, true
	}
	mediaType, ok = m.base[string(folded)]
	return mediaType, ok
}

// over returns m with the list underneath that other has.
func (m *MimeMap) over(other *MimeMap) *MimeMap { return &MimeMap{own: m.own, base: other.base} }

// under returns m with the entries of other added to the list underneath.
func (m *MimeMap) under(other *MimeMap) *MimeMap {
	base := maps.Clone(m.base)
	maps.Copy(base, other.own)
	return &MimeMap{own: m.own, base: base}
}

// entries returns the node's own entries as IIS writes them, sorted.
func (m *MimeMap) entries() []string {
	list := make([]string, 0, len(m.own))
	for extension, mediaType := range m.own {
		list = append(list, extension+","+mediaType)
	}
	slices.Sort(list)
	return list
}

func readMime(_ *reader, _ *property, v any) (any, error) {
	m := &MimeMap{own: make(map[string]string)}
	for _, text := range v.([]string) {
		extension, mediaType, err := parseMimeEntry(text)
		if err != nil {
			return nil, err
		}
		m.own[extension] = mediaType
	}
	return m, nil
}

// parseMimeEntry parses ".ext,type/subtype" and the older "type/subtype,ext,,x"
// (Q301310). "*" and ".*" are any other extension (Q264968).
func parseMimeEntry(text string) (extension, mediaType string, err error) {
	part := strings.Split(text, ",")
	if len(part) < 2 {
		return "", "", fmt.Errorf(`%q is no entry; write ".ext,type/subtype"`, text)
	}
	extension, mediaType = strings.TrimSpace(part[0]), strings.TrimSpace(strings.Join(part[1:], ","))
	if strings.Contains(extension, "/") {
		extension, mediaType = strings.TrimSpace(part[1]), extension
		if extension != "" && extension[0] != '.' && extension != "*" {
			extension = "." + extension
		}
	}
	if extension == ".*" {
		extension = "*"
	}
	if err := checkMime(extension, mediaType); err != nil {
		return "", "", fmt.Errorf(`%q: %w; write ".ext,type/subtype"`, text, err)
	}
	return fold(extension), mediaType, nil
}

func checkMime(extension, mediaType string) error {
	if extension != "*" && extension != "." && (len(extension) < 2 || extension[0] != '.' || strings.ContainsAny(extension, "/ *")) {
		return errors.New("no extension")
	}
	main, sub, ok := strings.Cut(mediaType, "/")
	sub, _, _ = strings.Cut(sub, ";")
	if !ok || !isToken(main) || !isToken(strings.TrimSpace(sub)) {
		return errors.New("no media type")
	}
	return nil
}

// newTypes are extensions of the shipped list that older versions lack, with the
// version that brought them.
var newTypes = map[string]string{
	".json": "8.0", ".svg": "8.0", ".svgz": "8.0", ".mp4": "8.0", ".mp4v": "8.0", ".m4v": "8.0", ".webm": "8.0", ".woff": "8.0",
	".woff2": "8.5", ".appcache": "8.5", ".jsonld": "8.5", ".less": "8.5",
}

// shippedMaps builds the media type list of each version, once.
var shippedMaps = sync.OnceValue(func() map[string]map[string]string {
	all := make(map[string]map[string]string, len(versions))
	for _, version := range versions {
		m := make(map[string]string, 400)
		for _, t := range shippedTypes {
			for extension := range strings.SplitSeq(t.extensions, " ") {
				if since, ok := newTypes[extension]; !ok || age(version) >= age(since) {
					m[extension] = t.mediaType
				}
			}
		}
		if age(version) < age("7.5") {
			m[".js"] = "application/x-javascript"
		}
		if age("4.0 SP6") <= age(version) && age(version) < age("6.0") {
			m["*"] = "application/octet-stream" // Q246068; before 4.0 the type is blank (Q182711)
		}
		all[version] = m
	}
	return all
})
