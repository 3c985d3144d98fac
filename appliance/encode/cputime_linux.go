package encode

import (
	"time"

	"golang.org/x/sys/unix"
)

// cpuTime is what the calling thread has computed so far: the time that other
// programs take away at this moment is not in it.
func cpuTime() time.Duration {
	var ts unix.Timespec
	if unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts) != nil {
		return time.Duration(time.Now().UnixNano())
	}
	return time.Duration(ts.Nano())
}
