package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// lockTries and lockPause bound how long takeLock waits: a reader that looks
// whether somebody records holds the lock for an instant.
const (
	lockTries = 10
	lockPause = 20 * time.Millisecond
)

// takeLock makes this process the only one that records into dir.
func takeLock(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	for i := 0; ; i++ {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EWOULDBLOCK) || i == lockTries {
			break
		}
		time.Sleep(lockPause)
	}
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = fmt.Errorf("%s is being recorded by process %s; stop that one first", dir, holder(f))
	}
	if err == nil {
		err = f.Truncate(0)
	}
	if err == nil {
		_, err = fmt.Fprintf(f, "%d\n", os.Getpid())
		if noSpace(err) { // the lock counts, and who holds it must be able to make room
			err = nil
		}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// holder is pid and name of the process that wrote the lock file.
func holder(f io.ReaderAt) string {
	var b [32]byte
	n, _ := f.ReadAt(b[:], 0)
	pid := strings.TrimSpace(string(b[:n]))
	if pid == "" {
		return "(unknown)"
	}
	if name, err := os.ReadFile("/proc/" + pid + "/comm"); err == nil {
		return pid + " (" + strings.TrimSpace(string(name)) + ")"
	}
	return pid
}

// beingRecorded reports whether a process holds dir's lock.
func beingRecorded(dir string) bool {
	f, err := os.Open(filepath.Join(dir, lockName))
	if err != nil {
		return false
	}
	defer f.Close()
	return errors.Is(syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}
