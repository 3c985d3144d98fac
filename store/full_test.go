package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"hindsight/media"
)

// TestDiskFull records onto a file system of 2 MiB, in a process with a mount of its own.
func TestDiskFull(t *testing.T) {
	cmd := fillCommand(t, "tmpfs")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWNS | syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSPC) || bytes.Contains(out, []byte("mount: ")) {
		t.Logf("this machine lets nobody mount in a name space of his own (%v %s); TestFileLimit has to do", err, out)
		return
	}
	if err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// TestFileLimit has a limit of a file's size refuse what a full disk would.
func TestFileLimit(t *testing.T) {
	if out, err := fillCommand(t, "limit").CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

func fillCommand(t *testing.T, how string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), "STORE_TEST_FILL="+t.TempDir(), "STORE_TEST_HOW="+how)
	return cmd
}

// fill records until the disk takes no more, and goes on after the oldest is gone. It runs in a process of its own.
func fill(dir string) error {
	o := Options{SegmentBytes: minSegmentBytes, SegmentSpan: 10 * time.Second}
	if os.Getenv("STORE_TEST_HOW") == "tmpfs" {
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=2m"); err != nil {
			return fmt.Errorf("mount: %w", err)
		}
	} else {
		o.SegmentSpan = time.Hour // so that one file meets the limit
		signal.Ignore(syscall.SIGXFSZ)
		lim := syscall.Rlimit{Cur: 300 << 10, Max: 300 << 10}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &lim); err != nil {
			return err
		}
	}
	dir += "/cam"
	s, err := Open(dir, o)
	if err != nil {
		return err
	}
	run, err := s.BeginRun(media.Anchor{Wall: time.Unix(1_700_000_000, 0)})
	if err != nil {
		return err
	}
	tr, err := s.NewTrack(media.Track{Kind: media.Video, Codec: media.H264, ClockRate: 90000})
	if err != nil {
		return err
	}
	refused, blocks := 0, []Ref{}
	for n := 0; n < 400; n++ {
		b := crashBlock(run, tr, n)
		ref, err := s.Commit(b)
		for try := 0; err != nil; try++ {
			refused++
			if err := unchanged(s, dir, blocks); err != nil {
				return err
			}
			if !isFull(err) || try > 5 {
				return fmt.Errorf("block %d: %w", n, err)
			}
			if try > 0 { // the first time the same block again, on the same disk
				if _, err := s.DropOldest(); err != nil && !errors.Is(err, ErrNoBlock) {
					return err
				}
				blocks = keptOf(s, blocks)
			}
			ref, err = s.Commit(b)
		}
		blocks = append(blocks, ref)
	}
	if refused == 0 {
		return errors.New("the disk was never full")
	}
	if err := unchanged(s, dir, blocks); err != nil {
		return err
	}
	return s.Close()
}

// isFull reports whether an error tells the person that the disk is full.
func isFull(err error) bool {
	return strings.Contains(err.Error(), syscall.ENOSPC.Error()) || strings.Contains(err.Error(), syscall.EFBIG.Error())
}

func keptOf(s *Bolt, blocks []Ref) (kept []Ref) {
	for _, r := range blocks {
		if _, err := s.Entry(r); !errors.Is(err, ErrGone) {
			kept = append(kept, r)
		}
	}
	return kept
}

// unchanged returns an error unless s holds blocks, whole, and nothing else.
func unchanged(s *Bolt, dir string, blocks []Ref) error {
	at := Ref{}
	for _, want := range blocks {
		r, err := s.Next(at)
		if err != nil || r != want {
			return fmt.Errorf("behind %v is %v, %w; want %v", at, r, err, want)
		}
		if _, damaged, err := s.Read(r); err != nil || damaged != 0 {
			return fmt.Errorf("block %v: %d damaged, %w", r, damaged, err)
		}
		at = r
	}
	if r, err := s.Next(at); !errors.Is(err, ErrNoBlock) {
		return fmt.Errorf("behind the last block is %v, %w", r, err)
	}
	r, err := Check(dir)
	if err != nil || !r.Clean() {
		return fmt.Errorf("check: %v, %w", r.Broken, err)
	}
	return nil
}
