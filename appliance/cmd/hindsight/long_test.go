//go:build long

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// How long the long test runs; the variable LONG=10m makes it shorter.
const longDefault = 2 * time.Hour

func longFor(t *testing.T) time.Duration {
	t.Helper()
	s := os.Getenv("LONG")
	if s == "" {
		return longDefault
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < time.Minute {
		t.Fatalf("LONG=%q: want a time of at least 1m", s)
	}
	return d
}

// memory is what the server has resident, in bytes.
func (s *server) memory() int64 {
	s.t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		s.t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "VmRSS:" {
			n, err := strconv.ParseInt(f[1], 10, 64)
			if err != nil {
				s.t.Fatal(err)
			}
			return n << 10
		}
	}
	s.t.Fatal("no VmRSS")
	return 0
}

// In real time, at full size, with a live reader: nothing is missing in the whole
// recording nor in its last ten minutes, flash and beep stay together, and the
// recorder's memory does not grow.
func TestLongDemo(t *testing.T) {
	long := longFor(t)
	data := filepath.Join(t.TempDir(), "data")
	s := serveIn(t, data, "--video", "demo", "--audio", "demo")
	var r reader
	s.more("video", 30)
	if err := r.open(s.rtsp + "/cam"); err != nil {
		t.Fatal(err)
	}
	defer r.client.Close()
	early := int64(0)
	for start := time.Now(); s.recorded() < long; {
		if time.Since(start) > long+10*time.Minute {
			t.Fatalf("after %v only %v is recorded", time.Since(start), s.recorded())
		}
		time.Sleep(10 * time.Second) // between two looks, for hours
		if early == 0 && s.recorded() > min(10*time.Minute, long/2) {
			early = s.memory()
		}
	}
	if late := s.memory(); late > early+early/4 {
		t.Errorf("the recorder's memory grew from %d to %d MB", early>>20, late>>20)
	} else {
		t.Logf("memory %d MB, then %d MB", early>>20, late>>20)
	}
	if r.missing.Load() != 0 {
		t.Errorf("the live reader misses %d of %d packets", r.missing.Load(), r.packets.Load())
	}
	t.Logf("drops: %s", s.text("/api/v1/status"))
	export := func(from, to time.Duration) {
		t.Helper()
		file := filepath.Join(t.TempDir(), "x.mp4")
		at := func(d time.Duration) string { return fmt.Sprintf("1.%d", d.Milliseconds()) }
		if e := runProgram(t, "export", "--data", data, "--from", at(from), "--to", at(to), "-o", file); e.code != 0 {
			t.Fatalf("export: %s", e.err)
		}
		m := measure(t, "-frames", fmt.Sprint(int64((to-from)/time.Second)*30), "-max-offset", "20ms", "-no-gaps", "-words", "50ms", file)
		t.Logf("%s%s", m.out, m.err)
		if m.code != 0 {
			t.Error("the recording is not in order")
		}
	}
	const part = 10 * time.Minute
	first := 3 * time.Second
	export(first, first+min(part, long-5*time.Second).Truncate(time.Second))
	if long > part {
		export(long-part, long)
	}
	s.stop()
	checkClean(t, data)
}
