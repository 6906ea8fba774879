package server

import (
	"sync/atomic"
	"time"
)

// A testClock runs like the real one, from now on and with jumps.
type testClock struct{ ahead atomic.Int64 }

func newClock() *testClock { return new(testClock) }

// Now returns the time (Server.Clock).
func (c *testClock) Now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// Add sets the clock forward.
func (c *testClock) Add(d time.Duration) { c.ahead.Add(int64(d)) }
