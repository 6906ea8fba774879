package logging

import "time"

// NCSA is the NCSA common log file format: host, remote log name, user, local
// time with its offset, the request in quotation marks, status and bytes sent
// (Q197464). The request is always three words: what is missing is "-", and a
// quotation mark within it becomes a plus sign.
type NCSA struct {
	UTF8 bool // text is UTF-8, by default from 7.0 on, else windows-1252
}

// Names implements Format.
func (f *NCSA) Names() Names {
	return Names{Prefix: "nc", Sequence: "ncsa", Digits: sequenceDigits(f.UTF8), UTF8: f.UTF8}
}

// AppendHeader implements Format: the format has no heading.
func (f *NCSA) AppendHeader(b []byte, _ time.Time) []byte { return b }

// AppendEntry implements Format.
func (f *NCSA) AppendEntry(b []byte, e *Entry) []byte {
	b = append(appendValue(b, e.ClientIP, wordMap, f.UTF8), " - "...)
	b = append(appendValue(b, e.UserName, quotedMap, f.UTF8), " ["...)
	b = append(appendTimeOffset(b, e.Time), `] "`...)
	b = append(appendValue(b, e.Method, quotedMap, f.UTF8), ' ')
	b = appendValue(b, e.URIStem, quotedMap, f.UTF8)
	if e.URIQuery != "" {
		b = appendValue(append(b, '?'), e.URIQuery, quotedMap, f.UTF8)
	}
	b = append(b, ' ')
	b = append(appendValue(b, e.Version, closingMap, f.UTF8), `" `...)
	b = append(appendCount(b, int64(e.Status)), ' ')
	return append(appendCount(b, e.BytesSent), lineEnd...)
}

const monthNames = "JanFebMarAprMayJunJulAugSepOctNovDec"

// appendTimeOffset appends dd/Mon/yyyy:HH:MM:SS +hhmm in the location of t.
func appendTimeOffset(b []byte, t time.Time) []byte {
	y, m, d := t.Date()
	b = append(append2(b, d), '/')
	b = append(append(b, monthNames[3*m-3:3*m]...), '/')
	b = append(append4(b, y), ':')
	b = append(appendTime(b, t), ' ')
	sign := byte('+')
	_, offset := t.Zone()
	if offset < 0 {
		sign, offset = '-', -offset
	}
	return append2(append2(append(b, sign), offset/3600), offset/60%60)
}
