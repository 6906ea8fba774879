package ntlm

import (
	"math"
	"time"
)

// epochGap is the time from the FILETIME epoch (1601) to that of Unix, in seconds.
const epochGap = 11644473600

// ticks is the number of FILETIME units in a second.
const ticks = 10_000_000

// FileTime returns t as a FILETIME, in units of 100 ns since 1601 UTC. Times that
// a FILETIME cannot hold become the nearest it can.
func FileTime(t time.Time) uint64 {
	sec := t.Unix()
	switch {
	case sec < -epochGap:
		return 0
	case sec > math.MaxUint64/ticks-epochGap:
		return math.MaxUint64
	}
	whole, part := uint64(sec+epochGap)*ticks, uint64(t.Nanosecond()/100)
	return whole + min(part, math.MaxUint64-whole)
}

// TimeOf returns the time of a FILETIME, in UTC. Every value has one: the last is
// in the year 60056. time.Time.Sub between such times saturates.
func TimeOf(ft uint64) time.Time {
	return time.Unix(int64(ft/ticks)-epochGap, int64(ft%ticks)*100).UTC()
}
