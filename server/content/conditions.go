package content

import (
	"strings"
	"time"
)

// Conditions are the fields of a request that make it conditional or partial, ""
// for one that is absent. The rules are those of GET and HEAD; Range and IfRange
// are to be left out for any method but GET (RFC 9110, section 14.2).
type Conditions struct {
	IfMatch, IfNoneMatch, IfModifiedSince, IfUnmodifiedSince, IfRange, Range string
}

// An Outcome is what a conditional or partial request gets.
type Outcome uint8

const (
	Full               Outcome = iota // the whole file: 200
	NotModified                       // the client's copy is good: 304
	PreconditionFailed                // 412
	Partial                           // the ranges returned: 206
	Unsatisfiable                     // no range lies within the file: 416
)

// Evaluate decides, in the order of RFC 9110, section 13.2.2, what a request gets
// for a file with this entity tag, time of last write and size. Ranges are
// appended to ranges[:0], in the order asked for; only Partial has any.
//
// A date that cannot be read, or an If-Modified-Since of the future, counts as
// absent; so does a Range that is malformed or asks for too much.
func (c *Conditions) Evaluate(etag string, modTime time.Time, size int64, now time.Time, ranges []Range) (Outcome, []Range) {
	ranges = ranges[:0]
	if *c == (Conditions{}) {
		return Full, ranges
	}
	modified := modTime.Unix()
	if c.IfMatch != "" {
		if !matches(c.IfMatch, etag, true) {
			return PreconditionFailed, ranges
		}
	} else if since, ok := parseDate(c.IfUnmodifiedSince, now); ok && modified > since {
		return PreconditionFailed, ranges
	}
	if c.IfNoneMatch != "" {
		if matches(c.IfNoneMatch, etag, false) {
			return NotModified, ranges
		}
	} else if since, ok := parseDate(c.IfModifiedSince, now); ok && since <= now.Unix() && modified <= since {
		return NotModified, ranges
	}
	if c.Range == "" || !c.rangeApplies(etag, modTime, now) {
		return Full, ranges
	}
	return parseRanges(c.Range, size, ranges)
}

// rangeApplies evaluates If-Range (RFC 9110, section 13.1.5): the same strong
// entity tag, or exactly the date of the last write, if that is over for a second,
// for within it the file could have changed twice.
func (c *Conditions) rangeApplies(etag string, modTime, now time.Time) bool {
	if c.IfRange == "" {
		return true
	}
	if tag, rest := cutTag(c.IfRange); tag != "" {
		return strings.Trim(rest, " \t") == "" && sameTag(tag, etag, true)
	}
	date, ok := parseDate(c.IfRange, now)
	return ok && date == modTime.Unix() && now.Unix() > date
}

// matches reports whether a list of entity tags, or "*", holds etag. It ends
// where the list is malformed.
func matches(list, etag string, strong bool) bool {
	if strings.Trim(list, " \t") == "*" {
		return true
	}
	for list != "" {
		list = strings.TrimLeft(list, " \t,")
		tag, rest := cutTag(list)
		if tag == "" {
			return false
		}
		if sameTag(tag, etag, strong) {
			return true
		}
		list = strings.TrimLeft(rest, " \t")
		if list != "" && list[0] != ',' {
			return false
		}
	}
	return false
}

// cutTag cuts the entity tag that s begins with (RFC 9110, section 8.8.3), "" if
// it begins with none.
func cutTag(s string) (tag, rest string) {
	start := 0
	if strings.HasPrefix(s, "W/") {
		start = 2
	}
	if len(s) <= start || s[start] != '"' {
		return "", s
	}
	for i := start + 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return s[:i+1], s[i+1:]
		case c < 0x21 || c == 0x7f:
			return "", s
		}
	}
	return "", s
}

// sameTag compares two entity tags (RFC 9110, section 8.8.3.2).
func sameTag(a, b string, strong bool) bool {
	opaqueA, weakA := strings.CutPrefix(a, "W/")
	opaqueB, weakB := strings.CutPrefix(b, "W/")
	return opaqueA == opaqueB && !(strong && (weakA || weakB))
}

// The forms of an HTTP date (RFC 9110, section 5.6.7).
const (
	httpDate    = "Mon, 02 Jan 2006 15:04:05 GMT"
	rfc850Date  = "Monday, 02-Jan-06 15:04:05 GMT"
	asctimeDate = "Mon Jan _2 15:04:05 2006"
)

// parseDate reads an HTTP date in any of its forms, as seconds since 1970.
// Attributes after it, such as the "; length=" of old browsers, do not count
// (Q307633).
func parseDate(s string, now time.Time) (seconds int64, ok bool) {
	if s == "" {
		return 0, false
	}
	s, _, _ = strings.Cut(s, ";")
	s = strings.Trim(s, " \t")
	switch comma := strings.IndexByte(s, ','); {
	case comma < 0:
		t, err := time.Parse(asctimeDate, s)
		return t.Unix(), err == nil
	case comma == 3:
		t, err := time.Parse(httpDate, s)
		return t.Unix(), err == nil
	}
	t, err := time.Parse(rfc850Date, s)
	if err != nil {
		return 0, false
	}
	// Two digits that seem more than 50 years ahead are of the past.
	year := now.Year() - now.Year()%100 + t.Year()%100
	if year > now.Year()+50 {
		year -= 100
	}
	return time.Date(year, t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC).Unix(), true
}
