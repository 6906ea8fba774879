package content

import (
	"math"
	"strconv"
	"strings"
)

// A Range is a part of a file, in bytes. It lies within the file and is not empty.
type Range struct{ Start, Length int64 }

// maxRanges is how many ranges of one request are served; who asks for more gets
// the whole file (CVE-2011-3192).
const maxRanges = 64

// parseRanges reads a Range field (RFC 9110, section 14.2).
func parseRanges(s string, size int64, ranges []Range) (Outcome, []Range) {
	ranges = ranges[:0]
	const unit = "bytes="
	if len(s) < len(unit) || !strings.EqualFold(s[:len(unit)], unit) {
		return Full, ranges
	}
	s = s[len(unit):]
	asked, total := 0, int64(0)
	for s != "" {
		var spec string
		spec, s, _ = strings.Cut(s, ",")
		spec = strings.Trim(spec, " \t")
		if spec == "" {
			continue // RFC 9110, section 5.6.1.2
		}
		r, ok := parseRange(spec, size)
		if asked++; !ok || asked > maxRanges {
			return Full, ranges[:0]
		}
		if r.Length > 0 {
			if r.Length > size-total {
				// Ranges that overlap so much are no use to a client.
				return Full, ranges[:0]
			}
			ranges = append(ranges, r)
			total += r.Length
		}
	}
	switch {
	case asked == 0:
		return Full, ranges
	case len(ranges) == 0:
		return Unsatisfiable, ranges
	}
	return Partial, ranges
}

// parseRange reads one range, cut to the file; its length is 0 if it does not
// touch the file.
func parseRange(spec string, size int64) (r Range, ok bool) {
	first, last, ok := strings.Cut(spec, "-")
	if !ok {
		return Range{}, false
	}
	if first == "" {
		n, ok := parseOffset(last)
		if n > 0 && size == 0 {
			return Range{}, false // satisfied by all of nothing, which no Content-Range can say
		}
		n = min(n, size)
		return Range{size - n, n}, ok
	}
	start, ok := parseOffset(first)
	if !ok {
		return Range{}, false
	}
	end := size - 1
	if last != "" {
		stop, ok := parseOffset(last)
		if !ok || stop < start {
			return Range{}, false
		}
		end = min(end, stop)
	}
	if start > end {
		return Range{}, true
	}
	return Range{start, end - start + 1}, true
}

// parseOffset reads a number; one too large to be one is as large as can be
// (CVE-2015-1635).
func parseOffset(s string) (n int64, ok bool) {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, false
		}
		if d := int64(c - '0'); n > (math.MaxInt64-d)/10 {
			n = math.MaxInt64
		} else {
			n = n*10 + d
		}
	}
	return n, s != ""
}

// ContentRange returns the Content-Range field of a reply with one range.
func ContentRange(r Range, size int64) string {
	return string(appendContentRange(nil, r, size))
}

// UnsatisfiedRange returns the Content-Range field of a 416 reply.
func UnsatisfiedRange(size int64) string { return "bytes */" + strconv.FormatInt(size, 10) }

func appendContentRange(b []byte, r Range, size int64) []byte {
	b = append(b, "bytes "...)
	b = strconv.AppendInt(b, r.Start, 10)
	b = append(b, '-')
	b = strconv.AppendInt(b, r.Start+r.Length-1, 10)
	b = append(b, '/')
	return strconv.AppendInt(b, size, 10)
}

// A reply with several ranges as 6.0 sends it: multipart/byteranges with this
// boundary, each part headed by AppendPartHeader, the last followed by
// MultipartTrailer.
const (
	MultipartBoundary = "7EAAD857FD2E903C"
	MultipartType     = "multipart/byteranges; boundary=" + MultipartBoundary
	MultipartTrailer  = "\r\n--" + MultipartBoundary + "--\r\n"
)

// AppendPartHeader appends what precedes the bytes of a range, from the line end
// before the boundary, which the first part has too, to the empty line.
func AppendPartHeader(b []byte, contentType string, r Range, size int64) []byte {
	b = append(b, "\r\n--"+MultipartBoundary+"\r\nContent-Type: "...)
	b = append(b, contentType...)
	b = append(b, "\r\nContent-Range: "...)
	b = appendContentRange(b, r, size)
	return append(b, "\r\n\r\n"...)
}
