package content

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	tagNow  = `"067d136a639be1:15b6"`
	before  = "Wed, 06 Jan 1999 18:56:05 GMT"
	exactly = "Wed, 06 Jan 1999 18:56:06 GMT"
	after   = "Wed, 06 Jan 1999 18:56:07 GMT"
	future  = "Sun, 06 Dec 2026 00:00:00 GMT"
)

var (
	written = time.Date(1999, 1, 6, 18, 56, 6, 400e6, time.UTC)
	today   = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
)

func TestEvaluate(t *testing.T) {
	tests := []struct {
		id     string
		c      Conditions
		want   Outcome
		ranges []Range
	}{
		{"none", Conditions{}, Full, nil},

		{"RFC 9110 13.1.1 same", Conditions{IfMatch: tagNow}, Full, nil},
		{"RFC 9110 13.1.1 any", Conditions{IfMatch: "*"}, Full, nil},
		{"RFC 9110 13.1.1 in a list", Conditions{IfMatch: `"a", ` + tagNow}, Full, nil},
		{"RFC 9110 13.1.1 other", Conditions{IfMatch: `"a", "b"`}, PreconditionFailed, nil},
		{"RFC 9110 13.1.1 weak", Conditions{IfMatch: "W/" + tagNow}, PreconditionFailed, nil},
		{"RFC 9110 13.1.1 malformed", Conditions{IfMatch: "067d136a639be1:15b6"}, PreconditionFailed, nil},
		{"other change number", Conditions{IfMatch: `"067d136a639be1:15b7"`}, PreconditionFailed, nil},

		{"RFC 9110 13.1.2 same", Conditions{IfNoneMatch: tagNow}, NotModified, nil},
		{"RFC 9110 13.1.2 weak", Conditions{IfNoneMatch: "W/" + tagNow}, NotModified, nil},
		{"RFC 9110 13.1.2 any", Conditions{IfNoneMatch: " * "}, NotModified, nil},
		{"RFC 9110 13.1.2 in a list", Conditions{IfNoneMatch: `W/"a,b" ,, ` + tagNow + ` , "c"`}, NotModified, nil},
		{"RFC 9110 13.1.2 other", Conditions{IfNoneMatch: `"a"`}, Full, nil},
		{"RFC 9110 13.1.2 not in quotes", Conditions{IfNoneMatch: strings.Trim(tagNow, `"`)}, Full, nil},
		{"RFC 9110 13.1.2 malformed before", Conditions{IfNoneMatch: `"a" ` + tagNow}, Full, nil},
		{"RFC 9110 13.1.2 open quote", Conditions{IfNoneMatch: `"067d136a639be1:15b6`}, Full, nil},

		{"Q318380-k fresh", Conditions{IfModifiedSince: exactly}, NotModified, nil},
		{"Q318380-k later", Conditions{IfModifiedSince: after}, NotModified, nil},
		{"Q318380-k stale", Conditions{IfModifiedSince: before}, Full, nil},
		{"Q307633 length", Conditions{IfModifiedSince: exactly + "; length=1234"}, NotModified, nil},
		{"Q307633 length, stale", Conditions{IfModifiedSince: before + "; length=1234"}, Full, nil},
		{"future", Conditions{IfModifiedSince: future}, Full, nil},
		{"RFC 850", Conditions{IfModifiedSince: "Wednesday, 06-Jan-99 18:56:06 GMT"}, NotModified, nil},
		{"RFC 850 stale", Conditions{IfModifiedSince: "Wednesday, 06-Jan-99 18:56:05 GMT"}, Full, nil},
		{"RFC 850 of 1977, not 2077", Conditions{IfUnmodifiedSince: "Thursday, 22-Jan-77 00:00:00 GMT"}, PreconditionFailed, nil},
		{"RFC 850 of 2070", Conditions{IfUnmodifiedSince: "Wednesday, 22-Jan-70 00:00:00 GMT"}, Full, nil},
		{"asctime", Conditions{IfModifiedSince: "Wed Jan  6 18:56:06 1999"}, NotModified, nil},
		{"asctime stale", Conditions{IfModifiedSince: "Wed Jan  6 18:56:05 1999"}, Full, nil},
		{"not a date", Conditions{IfModifiedSince: "yesterday"}, Full, nil},
		{"not a date either", Conditions{IfModifiedSince: "Wed, 99 Jan 1999 18:56:06 GMT"}, Full, nil},

		{"RFC 9110 13.1.4 before", Conditions{IfUnmodifiedSince: before}, PreconditionFailed, nil},
		{"RFC 9110 13.1.4 exactly", Conditions{IfUnmodifiedSince: exactly}, Full, nil},
		{"RFC 9110 13.1.4 not a date", Conditions{IfUnmodifiedSince: "0"}, Full, nil},

		{"RFC 9110 13.2.2 step 1 silences 2", Conditions{IfMatch: tagNow, IfUnmodifiedSince: before}, Full, nil},
		{"RFC 9110 13.2.2 step 1 before 3", Conditions{IfMatch: `"a"`, IfNoneMatch: tagNow}, PreconditionFailed, nil},
		{"RFC 9110 13.2.2 step 2 before 3", Conditions{IfUnmodifiedSince: before, IfNoneMatch: tagNow}, PreconditionFailed, nil},
		{"RFC 9110 13.2.2 step 3 silences 4", Conditions{IfNoneMatch: `"a"`, IfModifiedSince: exactly}, Full, nil},
		{"RFC 9110 13.2.2 step 3 before 5", Conditions{IfNoneMatch: tagNow, Range: "bytes=0-1"}, NotModified, nil},
		{"RFC 9110 13.2.2 step 4 before 5", Conditions{IfModifiedSince: exactly, Range: "bytes=0-1"}, NotModified, nil},
		{"RFC 9110 13.2.2 412 before 416", Conditions{IfMatch: `"a"`, Range: "bytes=5000-"}, PreconditionFailed, nil},
		{"If-Unmodified-Since with a range", Conditions{IfUnmodifiedSince: exactly, Range: "bytes=0-1"}, Partial, []Range{{0, 2}}},

		{"RFC 9110 13.1.5 same", Conditions{IfRange: tagNow, Range: "bytes=0-1"}, Partial, []Range{{0, 2}}},
		{"RFC 9110 13.1.5 other", Conditions{IfRange: `"a"`, Range: "bytes=0-1"}, Full, nil},
		{"RFC 9110 13.1.5 weak", Conditions{IfRange: "W/" + tagNow, Range: "bytes=0-1"}, Full, nil},
		{"RFC 9110 13.1.5 two tags", Conditions{IfRange: tagNow + ", " + tagNow, Range: "bytes=0-1"}, Full, nil},
		{"RFC 9110 13.1.5 date", Conditions{IfRange: exactly, Range: "bytes=0-1"}, Partial, []Range{{0, 2}}},
		{"RFC 9110 13.1.5 earlier date", Conditions{IfRange: before, Range: "bytes=0-1"}, Full, nil},
		{"RFC 9110 13.1.5 later date", Conditions{IfRange: after, Range: "bytes=0-1"}, Full, nil},
		{"RFC 9110 13.1.5 neither", Conditions{IfRange: "x", Range: "bytes=0-1"}, Full, nil},
		{"RFC 9110 13.1.5 before 416", Conditions{IfRange: `"a"`, Range: "bytes=5000-"}, Full, nil},
		{"RFC 9110 13.1.5 without a range", Conditions{IfRange: `"a"`}, Full, nil},
	}
	for _, tt := range tests {
		t.Run(tt.id, func(t *testing.T) {
			got, ranges := tt.c.Evaluate(tagNow, written, 1000, today, nil)
			if got != tt.want || !slices.Equal(ranges, tt.ranges) {
				t.Errorf("outcome %d with %v, want %d with %v", got, ranges, tt.want, tt.ranges)
			}
		})
	}
	weak := Conditions{IfMatch: "W/" + tagNow}
	if got, _ := weak.Evaluate("W/"+tagNow, written, 1000, today, nil); got != PreconditionFailed {
		t.Errorf("If-Match of a weak tag: %d", got)
	}
	// Within the second of its last write a file may change again.
	hasty := Conditions{IfRange: exactly, Range: "bytes=0-1"}
	if got, _ := hasty.Evaluate(tagNow, written, 1000, written.Add(300*time.Millisecond), nil); got != Full {
		t.Errorf("If-Range in the second of the write: %d", got)
	}
}

func TestRanges(t *testing.T) {
	overlapping := strings.TrimSuffix(strings.Repeat("0-,", 10000), ",")
	tests := []struct {
		id, field string
		want      Outcome
		ranges    []Range
	}{
		{"first bytes", "bytes=0-499", Partial, []Range{{0, 500}}},
		{"one byte", "bytes=999-999", Partial, []Range{{999, 1}}},
		{"to the end", "bytes=500-", Partial, []Range{{500, 500}}},
		{"all", "bytes=0-", Partial, []Range{{0, 1000}}},
		{"last bytes", "bytes=-500", Partial, []Range{{500, 500}}},
		{"more last bytes than there are", "bytes=-5000", Partial, []Range{{0, 1000}}},
		{"beyond the end", "bytes=900-5000", Partial, []Range{{900, 100}}},
		{"Q161450 several", "bytes=0-9,100-199, -1", Partial, []Range{{0, 10}, {100, 100}, {999, 1}}},
		{"order asked for", "bytes=500-509,0-9", Partial, []Range{{500, 10}, {0, 10}}},
		{"some satisfiable", "bytes=5000-,0-9,-0", Partial, []Range{{0, 10}}},
		{"unit in capitals", "Bytes=0-9", Partial, []Range{{0, 10}}},
		{"empty elements", "bytes=,0-9, ,", Partial, []Range{{0, 10}}},
		{"overlapping within the size", "bytes=0-99,50-149", Partial, []Range{{0, 100}, {50, 100}}},

		{"none satisfiable", "bytes=1000-", Unsatisfiable, nil},
		{"none of several", "bytes=1000-1001,-0", Unsatisfiable, nil},
		{"no last bytes", "bytes=-0", Unsatisfiable, nil},

		{"other unit", "lines=0-9", Full, nil},
		{"no unit", "0-9", Full, nil},
		{"nothing", "bytes=", Full, nil},
		{"only commas", "bytes=,,", Full, nil},
		{"lone dash", "bytes=-", Full, nil},
		{"backwards", "bytes=9-0", Full, nil},
		{"not a number", "bytes=a-b", Full, nil},
		{"sign", "bytes=+1-2", Full, nil},
		{"negative", "bytes=1--2", Full, nil},
		{"no dash", "bytes=5", Full, nil},
		{"blank inside", "bytes=0 -9", Full, nil},
		{"one bad of several", "bytes=0-9,x", Full, nil},

		{"E12 CVE-2015-1635", "bytes=0-18446744073709551615", Partial, []Range{{0, 1000}}},
		{"E12 CVE-2015-1635 from 18", "bytes=18-18446744073709551615", Partial, []Range{{18, 982}}},
		{"E12 huge start", "bytes=18446744073709551615-", Unsatisfiable, nil},
		{"E12 huge start and end", "bytes=99999999999999999999-99999999999999999999", Unsatisfiable, nil},
		{"E12 huge suffix", "bytes=-18446744073709551616", Partial, []Range{{0, 1000}}},
		{"E12 CVE-2011-3192", "bytes=" + overlapping, Full, nil},
		{"E12 10,000 that start later each", "bytes=0-" + manyRanges(10000), Full, nil},
		{"E12 64 ranges", "bytes=0-0" + strings.Repeat(",5-5", 63), Partial, append([]Range{{0, 1}}, slices.Repeat([]Range{{5, 1}}, 63)...)},
		{"E12 65 ranges", "bytes=0-0" + strings.Repeat(",5-5", 64), Full, nil},
		{"E12 65 ranges beyond the end", "bytes=0-0" + strings.Repeat(",5000-", 64), Full, nil},
		{"E12 more than the file", "bytes=0-599,400-999", Full, nil},
		{"E12 the file twice", "bytes=0-,0-", Full, nil},
	}
	for _, tt := range tests {
		t.Run(tt.id, func(t *testing.T) {
			c := Conditions{Range: tt.field}
			got, ranges := c.Evaluate(tagNow, written, 1000, today, nil)
			if got != tt.want || !slices.Equal(ranges, tt.ranges) {
				t.Errorf("outcome %d with %v, want %d with %v", got, ranges, tt.want, tt.ranges)
			}
		})
	}
	for field, want := range map[string]Outcome{"bytes=0-": Unsatisfiable, "bytes=-1": Full, "bytes=-0": Unsatisfiable} {
		c := Conditions{Range: field}
		if got, ranges := c.Evaluate(tagNow, written, 0, today, nil); got != want || len(ranges) > 0 {
			t.Errorf("%s of an empty file: %d, want %d", field, got, want)
		}
	}
	c := Conditions{Range: "bytes=9223372036854775806-"}
	if got, ranges := c.Evaluate(tagNow, written, math.MaxInt64, today, nil); got != Partial || ranges[0] != (Range{math.MaxInt64 - 1, 1}) {
		t.Errorf("at the end of the largest file: %d, %v", got, ranges)
	}
}

func manyRanges(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, ",5-%d", i+5)
	}
	return b.String()
}

// The reply of a 6.0 server to a request for several ranges, 22 November 2009.
func TestMultipart(t *testing.T) {
	if want := "multipart/byteranges; boundary=7EAAD857FD2E903C"; MultipartType != want {
		t.Errorf("MultipartType = %q, want %q", MultipartType, want)
	}
	got := string(AppendPartHeader(nil, "application/octet-stream", Range{3941902, 2640}, 605292323))
	want := "\r\n--7EAAD857FD2E903C\r\nContent-Type: application/octet-stream\r\n" +
		"Content-Range: bytes 3941902-3944541/605292323\r\n\r\n"
	if got != want {
		t.Errorf("AppendPartHeader = %q, want %q", got, want)
	}
	if want := "\r\n--7EAAD857FD2E903C--\r\n"; MultipartTrailer != want {
		t.Errorf("MultipartTrailer = %q, want %q", MultipartTrailer, want)
	}
	if got := ContentRange(Range{0, 500}, 1234); got != "bytes 0-499/1234" { // RFC 9110, section 14.4
		t.Errorf("ContentRange = %q", got)
	}
	if got := UnsatisfiedRange(1234); got != "bytes */1234" {
		t.Errorf("UnsatisfiedRange = %q", got)
	}
}

func TestEvaluateDoesNotAllocate(t *testing.T) {
	ranges := make([]Range, 0, 4)
	for _, c := range []Conditions{
		{}, {IfModifiedSince: exactly}, {IfNoneMatch: `"a", ` + tagNow}, {IfRange: tagNow, Range: "bytes=0-1,5-6"},
	} {
		if n := testing.AllocsPerRun(100, func() { c.Evaluate(tagNow, written, 1000, today, ranges) }); n != 0 {
			t.Errorf("%+v: %v allocations", c, n)
		}
	}
}

func FuzzConditions(f *testing.F) {
	f.Add(tagNow, `"a", *`, exactly, after+"; length=1", tagNow, "bytes=0-1,-5", int64(1000))
	f.Add("*", "W/"+tagNow, "Wednesday, 06-Jan-99 18:56:06 GMT", "Wed Jan  6 18:56:06 1999", before, "bytes=18-18446744073709551615", int64(0))
	f.Add("", "", "", "", "", "bytes=,5-,-0", int64(math.MaxInt64))
	f.Add("", "0", "", "", "", "bytes=,5-,5-", int64(math.MaxInt64)) // two ranges whose lengths add up beyond int64
	f.Fuzz(func(t *testing.T, match, noneMatch, modified, unmodified, ifRange, field string, size int64) {
		size = max(size, 0)
		for _, c := range []Conditions{
			{match, noneMatch, modified, unmodified, ifRange, field},
			{IfModifiedSince: modified}, {IfUnmodifiedSince: unmodified},
			{IfRange: ifRange, Range: field}, {Range: field},
		} {
			outcome, ranges := c.Evaluate(tagNow, written, size, today, nil)
			if (outcome == Partial) != (len(ranges) > 0) || outcome > Unsatisfiable || len(ranges) > maxRanges {
				t.Fatalf("%+v: outcome %d with %d ranges", c, outcome, len(ranges))
			}
			total := int64(0)
			for _, r := range ranges {
				if r.Start < 0 || r.Length <= 0 || r.Length > size || r.Start > size-r.Length {
					t.Fatalf("%+v: range %v of %d bytes", c, r, size)
				}
				if total += r.Length; total > size || total < 0 {
					t.Fatalf("%+v: %d bytes of %d", c, total, size)
				}
			}
		}
	})
}

func BenchmarkEvaluate(b *testing.B) {
	for name, c := range map[string]Conditions{"none": {}, "date": {IfModifiedSince: exactly}, "tag": {IfNoneMatch: tagNow}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.Evaluate(tagNow, written, 1000, today, nil)
			}
		})
	}
}
