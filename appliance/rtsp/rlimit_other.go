//go:build !unix

package rtsp

// openFiles is how many file descriptors the process may have open: Windows sets no limit.
func openFiles() int { return 1 << 20 }
