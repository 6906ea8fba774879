package metabase

// A MimeMap gives files their media types: the entries in force at a node, and
// underneath them the version's own list.
type MimeMap struct {
	own  map[string]string
	base map[string]string
}

// Type returns the media type of a file by its name's extension. ok is false
// where neither a map entry nor a wildcard names one.
func (m *MimeMap) Type(name string) (mediaType string, ok bool) { return "", false }
