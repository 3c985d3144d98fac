//go:build unix

package rtsp

import "syscall"

// openFiles is how many file descriptors the process may have open.
func openFiles() int {
	var r syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &r); err != nil {
		return 1024 // the least that Linux gives by default
	}
	return int(min(r.Cur, 1<<20))
}
