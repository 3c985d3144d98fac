package asr

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// usage is what a process uses.
type usage struct {
	state byte          // of a thread: R running or waiting for a core, S asleep, D in a driver, T stopped, Z dead
	cpu   time.Duration // of all its threads, since it began
	rss   int64         // bytes resident
}

// The kernel counts CPU time for programs in hundredths of a second on every
// architecture that Go runs on.
const tick = time.Second / 100

// readUsage reads what process pid uses, from /proc.
func readUsage(pid int) (usage, error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return usage{}, err
	}
	return parseUsage(text)
}

// parseUsage reads the line of /proc/PID/stat, proc(5). The name of the program
// in it may hold blanks and parentheses.
func parseUsage(text []byte) (usage, error) {
	var u usage
	i := bytes.LastIndexByte(text, ')')
	f := strings.Fields(string(text[i+1:]))
	if i < 0 || len(f) < 22 || len(f[0]) != 1 {
		return u, fmt.Errorf("%.100q is not what /proc/PID/stat should hold", text)
	}
	user, err1 := strconv.ParseInt(f[11], 10, 64)
	system, err2 := strconv.ParseInt(f[12], 10, 64)
	pages, err3 := strconv.ParseInt(f[21], 10, 64)
	if err1 != nil || err2 != nil || err3 != nil {
		return u, fmt.Errorf("%.100q is not what /proc/PID/stat should hold", text)
	}
	return usage{f[0][0], time.Duration(user+system) * tick, pages * int64(os.Getpagesize())}, nil
}

// working reports whether a thread of process pid has a core or waits for one.
func working(pid int) bool {
	threads, err := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/stat")
	if err != nil {
		return false
	}
	for _, path := range threads {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		if u, err := parseUsage(text); err == nil && u.state == 'R' {
			return true
		}
	}
	return false
}
