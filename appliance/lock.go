package appliance

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// lockData makes the data directory and holds it for this process until the
// file is closed. A directory held by another is refused by that process's name and id.
// A full disk is no reason to refuse: retention may make room.
func lockData(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("data directory %s: %w; choose another with --data", dir, pathReason(err))
	}
	f, err := os.OpenFile(filepath.Join(dir, "hindsight.lock"), os.O_RDWR|os.O_CREATE|syscall.O_CLOEXEC, 0o640)
	if err != nil {
		return nil, fmt.Errorf("data directory %s cannot be written to: %w; choose another with --data", dir, pathReason(err))
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		holder, _ := io.ReadAll(io.LimitReader(f, 200))
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("data directory %s is being recorded to by %s; stop it first, or choose another with --data",
				dir, strings.TrimSpace(string(holder)))
		}
		return nil, fmt.Errorf("data directory %s cannot be locked: %w", dir, err)
	}
	if err := writeHolder(f); err != nil && !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.EDQUOT) {
		f.Close()
		return nil, fmt.Errorf("data directory %s cannot be written to: %w; choose another with --data", dir, pathReason(err))
	}
	return f, nil
}

func writeHolder(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt([]byte(fmt.Sprintf("process %d (%s)\n", os.Getpid(), filepath.Base(os.Args[0]))), 0)
	return err
}

// pathReason drops the operation and the path, which the sentence around it has already.
func pathReason(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
