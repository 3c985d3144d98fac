package bench

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// usage is what the kernel counts of a process: proc(5).
type usage struct {
	cpu     time.Duration // user and system, all threads
	rss     int64         // bytes resident: anonymous, file and shared
	anon    int64         // of rss, what is no page of a file
	peak    int64         // the highest rss so far
	written int64         // bytes sent to the disk: write_bytes of /proc/PID/io
}

// ticks is what /proc/PID/stat counts in: USER_HZ, 100 on every Linux.
const ticks = 100

// usageOf reads the counters of process pid.
func usageOf(pid int) (usage, error) {
	var u usage
	dir := fmt.Sprintf("/proc/%d/", pid)
	stat, err := os.ReadFile(dir + "stat")
	if err != nil {
		return u, err
	}
	// The name in parentheses may hold spaces; the fields after it are numbered from 3.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if len(fields) < 13 {
		return u, fmt.Errorf("%sstat: %d fields", dir, len(fields))
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	if err1 != nil || err2 != nil {
		return u, fmt.Errorf("%sstat: utime %q, stime %q", dir, fields[11], fields[12])
	}
	u.cpu = time.Duration(user+system) * time.Second / ticks
	if u.rss, err = keyed(dir+"status", "VmRSS:", 1024); err != nil {
		return u, err
	}
	if u.anon, err = keyed(dir+"status", "RssAnon:", 1024); err != nil {
		return u, err
	}
	if u.peak, err = keyed(dir+"status", "VmHWM:", 1024); err != nil {
		return u, err
	}
	u.written, err = keyed(dir+"io", "write_bytes:", 1)
	return u, err
}

// keyed finds the number behind key in a file of "key: number unit" lines.
func keyed(file, key string, unit int64) (int64, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) >= 2 && f[0] == key {
			n, err := strconv.ParseInt(f[1], 10, 64)
			return n * unit, err
		}
	}
	return 0, fmt.Errorf("%s has no %s", file, key)
}
