//go:build !linux

package media

import "time"

var started = time.Now()

// SystemClock is the clock of the machine. Only Linux records; elsewhere the
// viewer needs no more than a monotonic clock.
type SystemClock struct{}

// Boot is the time since the program started.
func (SystemClock) Boot() time.Duration { return time.Since(started) }

// Wall is the time of day, trusted.
func (SystemClock) Wall() (time.Time, bool) { return time.Now().UTC(), true }
