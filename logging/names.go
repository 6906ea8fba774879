package logging

import (
	"strconv"
	"strings"
	"time"
)

// A Period says when a new log file begins. The values are those of the
// metabase property LogFilePeriod.
type Period uint8

// Values of LogFilePeriod.
const (
	PeriodSize    Period = 0 // when the file has reached LogFileTruncateSize
	PeriodDaily   Period = 1 // at midnight
	PeriodWeekly  Period = 2 // at midnight before Sunday, and with the month
	PeriodMonthly Period = 3 // at midnight before the first
	PeriodHourly  Period = 4 // at the full hour
)

// Names says how the log files of a format are called (Q242898).
type Names struct {
	Prefix   string // of names that carry a time: "ex"
	Sequence string // of names that carry a number: "extend"
	Digits   int    // the number has at least as many
	UTC      bool   // times are UTC unless LogFileLocaltimeRollover says otherwise
	UTF8     bool   // text is UTF-8, which the name says by a leading "u_"
}

// AppendFileName appends the name of the file that an entry of time t belongs
// in. t is taken in its own location. seq is the file's number where p is
// PeriodSize and is not used otherwise.
func (n Names) AppendFileName(b []byte, p Period, t time.Time, seq int) []byte {
	b = n.appendStart(b, p)
	y, m, d := t.Date()
	switch p {
	case PeriodSize:
		number := strconv.Itoa(seq)
		for range n.Digits - len(number) {
			b = append(b, '0')
		}
		b = append(b, number...)
	case PeriodHourly:
		b = append2(append2(append2(append2(b, y%100), int(m)), d), t.Hour())
	case PeriodWeekly:
		b = append2(append2(append2(b, y%100), int(m)), weekOfMonth(t))
	case PeriodMonthly:
		b = append2(append2(b, y%100), int(m))
	default:
		b = append2(append2(append2(b, y%100), int(m)), d)
	}
	return append(b, ".log"...)
}

// sequenceDigits returns the Digits of an access log: two in the older table of
// names (Q242898), as few as it takes in that of HTTP.sys: u_extend1.log.
func sequenceDigits(utf8 bool) int {
	if utf8 {
		return 1
	}
	return 2
}

func (n Names) appendStart(b []byte, p Period) []byte {
	if n.UTF8 {
		b = append(b, "u_"...)
	}
	if p == PeriodSize {
		return append(b, n.Sequence...)
	}
	return append(b, n.Prefix...)
}

// number returns the number in a name that AppendFileName made for PeriodSize,
// however many digits it has.
func (n Names) number(name string) (seq int, ok bool) {
	digits, ok := strings.CutPrefix(name, string(n.appendStart(nil, PeriodSize)))
	if !ok {
		return 0, false
	}
	digits, ok = strings.CutSuffix(digits, ".log")
	if !ok || digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	seq, err := strconv.Atoi(digits)
	return seq, err == nil
}

// weekOfMonth returns the row of the month's calendar page that t stands in, 1
// to 6. Weeks start on Sunday (Q172141), so week 1 lasts until the first
// Saturday, and a week that spans two months is in two files.
func weekOfMonth(t time.Time) int {
	day := t.Day()
	first := (int(t.Weekday()) + 35 - (day - 1)) % 7 // weekday of the first of the month, Sunday is 0
	return (day-1+first)/7 + 1
}
