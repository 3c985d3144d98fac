package timeline

import "time"

// ParseTime reads the T of the commands: RFC 3339, `HH:MM[:SS]` today in now's
// zone, or `-90s`, `-2h` back from now. The result is UTC.
func ParseTime(s string, now time.Time) (time.Time, error) { panic("being written") }
