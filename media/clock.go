package media

import "time"

// Clock is the time that a recorder lives by. Tests inject their own.
type Clock interface {
	// Boot is the time since the machine started, on CLOCK_BOOTTIME: it counts
	// suspended time and is never stepped.
	Boot() time.Duration
	// Wall is the time of day (UTC) and whether it can be trusted.
	Wall() (now time.Time, trusted bool)
}
