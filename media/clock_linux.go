package media

import (
	"syscall"
	"time"
	"unsafe"
)

const clockBoottime = 7 // CLOCK_BOOTTIME, linux/time.h

// SystemClock is the clock of the machine.
type SystemClock struct{}

// Boot reads CLOCK_BOOTTIME.
func (SystemClock) Boot() time.Duration {
	var ts syscall.Timespec
	_, _, e := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clockBoottime, uintptr(unsafe.Pointer(&ts)), 0)
	if e != 0 {
		panic("media: clock_gettime(CLOCK_BOOTTIME): " + e.Error()) // every kernel since 2.6.39 has it
	}
	return time.Duration(ts.Nano())
}

// Wall reads the time of day; it is trusted when the kernel says that it is
// synchronised (adjtimex(2): state TIME_OK and STA_UNSYNC not set).
func (SystemClock) Wall() (time.Time, bool) {
	const staUnsync, timeError = 0x40, 5
	var tx syscall.Timex
	state, err := syscall.Adjtimex(&tx)
	return time.Now().UTC(), err == nil && state != timeError && tx.Status&staUnsync == 0
}
