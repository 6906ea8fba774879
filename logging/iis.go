package logging

import (
	"strconv"
	"time"
)

// An IISDate is a way to write a date in the Microsoft IIS format. Its sources
// differ: the month comes first in all.
type IISDate uint8

// Ways to write the third of February 2026.
const (
	DatePadded IISDate = iota // 02/03/26, the sample of Microsoft's documentation
	DateShort                 // 2/3/26 (Q190143)
	DateLong                  // 2/3/2026, log files of 6.0 and 7.x
)

// MicrosoftIIS is the Microsoft IIS log file format: fifteen values, each
// followed by a comma, in local time (Q271196). A comma within a value becomes
// a plus sign, since nothing else would tell it from the one after the value.
type MicrosoftIIS struct {
	Date          IISDate
	TrailingBlank bool // a blank after the last comma, as log files of 6.0 have it
	UTF8          bool // text is UTF-8, by default from 7.0 on, else windows-1252
}

// Names implements Format.
func (f *MicrosoftIIS) Names() Names {
	return Names{Prefix: "in", Sequence: "inetsv", Digits: sequenceDigits(f.UTF8), UTF8: f.UTF8}
}

// AppendHeader implements Format: the format has no heading.
func (f *MicrosoftIIS) AppendHeader(b []byte, _ time.Time) []byte { return b }

// AppendEntry implements Format.
func (f *MicrosoftIIS) AppendEntry(b []byte, e *Entry) []byte {
	b = f.appendValue(b, e.ClientIP)
	b = f.appendValue(b, e.UserName)
	b = append(f.appendDate(b, e.Time), ", "...)
	b = append(appendTimeUnpadded(b, e.Time), ", "...)
	b = f.appendValue(b, e.SiteName)
	b = f.appendValue(b, e.ComputerName)
	b = f.appendValue(b, e.ServerIP)
	b = append(appendCount(b, e.TimeTaken.Milliseconds()), ", "...)
	b = append(appendCount(b, e.BytesReceived), ", "...)
	b = append(appendCount(b, e.BytesSent), ", "...)
	b = append(appendCount(b, int64(e.Status)), ", "...)
	b = append(appendCount(b, int64(e.Win32Status)), ", "...)
	b = f.appendValue(b, e.Method)
	b = f.appendValue(b, e.URIStem)
	b = f.appendValue(b, e.URIQuery)
	if !f.TrailingBlank {
		b = b[:len(b)-1]
	}
	return append(b, lineEnd...)
}

func (f *MicrosoftIIS) appendValue(b []byte, s string) []byte {
	return append(appendValue(b, s, commaMap, f.UTF8), ", "...)
}

func (f *MicrosoftIIS) appendDate(b []byte, t time.Time) []byte {
	y, m, d := t.Date()
	if f.Date == DatePadded {
		b = append(append2(b, int(m)), '/')
		b = append(append2(b, d), '/')
		return append2(b, y%100)
	}
	b = append(strconv.AppendInt(b, int64(m), 10), '/')
	b = append(strconv.AppendInt(b, int64(d), 10), '/')
	if f.Date == DateShort {
		return append2(b, y%100)
	}
	return append4(b, y)
}

// appendTimeUnpadded appends H:MM:SS in the location of t.
func appendTimeUnpadded(b []byte, t time.Time) []byte {
	h, m, s := t.Clock()
	b = append(strconv.AppendInt(b, int64(h), 10), ':')
	b = append(append2(b, m), ':')
	return append2(b, s)
}
