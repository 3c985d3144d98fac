package media

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Run numbers one process's life for one camera. Runs of a camera only grow; 0 is no run.
type Run uint32

// Position is a moment of a camera's timeline that no clock change can move.
type Position struct {
	Run  Run
	Time time.Duration // media time
}

// Before orders positions: by run, then by media time.
func (p Position) Before(o Position) bool {
	return p.Run < o.Run || p.Run == o.Run && p.Time < o.Time
}

// String is the form used in addresses: <run>.<milliseconds>, rounded down.
func (p Position) String() string {
	return fmt.Sprintf("%d.%d", p.Run, p.Time.Milliseconds())
}

// ParsePosition reads the form that String writes.
func ParsePosition(s string) (Position, error) {
	run, ms, ok := strings.Cut(s, ".")
	r, err := strconv.ParseUint(run, 10, 32)
	m, err2 := strconv.ParseUint(ms, 10, 43)
	if !ok || err != nil || err2 != nil || r == 0 {
		return Position{}, fmt.Errorf("position %q: want RUN.MILLISECONDS, as in 3.61250", s)
	}
	return Position{Run(r), time.Duration(m) * time.Millisecond}, nil
}
