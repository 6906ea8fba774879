package authn

import (
	"sync"
	"time"
)

// Lockout counts failed logons and locks accounts out: Threshold failures within
// Window lock an account for Duration. Its fields must not change once in use.
type Lockout struct {
	Threshold int           // 0: off
	Duration  time.Duration // 0: until the process ends
	Window    time.Duration

	mu     sync.Mutex
	failed map[string]*failures // by upper-case DOMAIN\NAME, of existing accounts only
}

// failures are the failed logons of one account.
type failures struct {
	count  int
	first  time.Time
	locked time.Time // zero: not locked out
}
