package authn

import (
	"sync"
	"time"
)

// Lockout counts failed logons and locks accounts out: Threshold failures within
// Window lock an account for Duration. Its fields must not change once in use;
// a database that replaces another on reload takes over its Lockout. A nil
// *Lockout locks nobody out.
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

// off reports whether nobody can be locked out, without the lock.
func (k *Lockout) off() bool { return k == nil || k.Threshold <= 0 }

// isLocked reports whether an account is locked out.
func (k *Lockout) isLocked(account string, now time.Time) bool {
	if k.off() {
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	f := k.failed[account]
	if f == nil || f.locked.IsZero() {
		return false
	}
	if k.Duration > 0 && now.Sub(f.locked) >= k.Duration {
		delete(k.failed, account)
		return false
	}
	return true
}

// fail counts a failed logon of an existing account.
func (k *Lockout) fail(account string, now time.Time) {
	if k.off() {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	f := k.failed[account]
	if f == nil {
		if k.failed == nil {
			k.failed = make(map[string]*failures)
		}
		f = &failures{first: now}
		k.failed[account] = f
	}
	if now.Sub(f.first) > k.Window {
		*f = failures{first: now, locked: f.locked}
	}
	if f.count++; f.count >= k.Threshold && f.locked.IsZero() {
		f.locked = now
	}
}

// clear forgets the failed logons of an account that has logged on.
func (k *Lockout) clear(account string) {
	if k.off() {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.failed, account)
}
