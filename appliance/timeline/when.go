package timeline

import (
	"fmt"
	"strings"
	"time"
)

// ParseTime reads the T of the commands: RFC 3339, `HH:MM[:SS]` today in now's
// zone, or `-90s`, `-2h`, `-1h30m` back from now. The result is UTC.
func ParseTime(s string, now time.Time) (time.Time, error) {
	if strings.HasPrefix(s, "-") {
		if d, err := time.ParseDuration(s); err == nil && d <= 0 {
			return now.Add(d).UTC(), nil
		}
		return time.Time{}, badTime(s)
	}
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t.UTC(), nil
	}
	for _, layout := range []string{"15:04", "15:04:05"} {
		if len(s) != len(layout) {
			continue
		}
		if t, err := time.Parse(layout, s); err == nil {
			y, m, d := now.Date()
			return time.Date(y, m, d, t.Hour(), t.Minute(), t.Second(), 0, now.Location()).UTC(), nil
		}
	}
	return time.Time{}, badTime(s)
}

func badTime(s string) error {
	return fmt.Errorf("time %q: want 2026-11-24T10:15:00Z, 10:15 or 10:15:30 for today, or -90s, -2h, -1h30m for before now", s)
}
