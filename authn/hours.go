package authn

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// LogonHours are the times of a week at which an account may log on.
type LogonHours struct {
	spans []span    // in local time
	bits  *[21]byte // or an hour a bit, from Sunday 0:00 UTC, lowest bit first
}

// A span is some minutes of some days.
type span struct {
	days     [7]bool
	from, to int // minutes of the day; to is excluded
}

// ParseLogonHours parses the key LogonHours: either spans of days and hours in
// the local time of the server, as "Mon-Fri 08:00-18:00, Sat 09:00-12:00", or the
// 42 hex digits of the attribute logonHours of Active Directory, which is in UTC.
func ParseLogonHours(s string) (*LogonHours, error) {
	if b, err := hex.DecodeString(s); err == nil && len(b) == 21 {
		return &LogonHours{bits: (*[21]byte)(b)}, nil
	}
	h := &LogonHours{}
	for part := range strings.SplitSeq(s, ",") {
		sp, err := parseSpan(strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		h.spans = append(h.spans, sp)
	}
	return h, nil
}

var errSpan = errors.New(`is not of the form "Mon-Fri 08:00-18:00, Sat 09:00-12:00" or 42 hex digits`)

func parseSpan(s string) (sp span, err error) {
	days, hours, ok := strings.Cut(s, " ")
	if !ok {
		return sp, errSpan
	}
	first, last, ok := strings.Cut(days, "-")
	if !ok {
		last = first
	}
	a, okA := weekday(first)
	b, okB := weekday(last)
	if !okA || !okB {
		return sp, fmt.Errorf("%q is not a day or two, such as Mon-Fri", days)
	}
	for d := a; ; d = (d + 1) % 7 {
		sp.days[d] = true
		if d == b {
			break
		}
	}
	from, to, ok := strings.Cut(strings.TrimSpace(hours), "-")
	if !ok {
		return sp, errSpan
	}
	if sp.from, ok = minutes(from); ok {
		sp.to, ok = minutes(to)
	}
	if !ok || sp.from >= sp.to {
		return sp, fmt.Errorf("%q is not two times of one day, the earlier first, such as 08:00-18:00", hours)
	}
	return sp, nil
}

func weekday(s string) (int, bool) {
	for d := time.Sunday; d <= time.Saturday; d++ {
		if strings.EqualFold(s, d.String()[:3]) || strings.EqualFold(s, d.String()) {
			return int(d), true
		}
	}
	return 0, false
}

// minutes parses hh:mm, up to 24:00.
func minutes(s string) (int, bool) {
	hh, mm, ok := strings.Cut(s, ":")
	h, errH := strconv.ParseUint(hh, 10, 8)
	m, errM := strconv.ParseUint(mm, 10, 8)
	if !ok || len(mm) != 2 || errH != nil || errM != nil || m > 59 || h*60+m > 24*60 {
		return 0, false
	}
	return int(h*60 + m), true
}

// Allow reports whether the hours include t. Nil hours include all.
func (h *LogonHours) Allow(t time.Time) bool {
	if h == nil {
		return true
	}
	if h.bits != nil {
		t = t.UTC()
		hour := int(t.Weekday())*24 + t.Hour()
		return h.bits[hour/8]>>(hour%8)&1 == 1
	}
	t = t.Local()
	minute := t.Hour()*60 + t.Minute()
	for i := range h.spans {
		if sp := &h.spans[i]; sp.days[t.Weekday()] && sp.from <= minute && minute < sp.to {
			return true
		}
	}
	return false
}
