package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// TestCaptionsWithoutCPU: other programs take all of the processor. The
// recorder loses nothing, the recogniser, which takes only what is left, says
// that it is behind, and makes up for it afterwards.
func TestCaptionsWithoutCPU(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	s := serveCaptioned(t, data, "--video", "demo", "--size", "320x240")
	if r := runProgram(t, "captions", "set", "--data", data, "load=idle"); r.code != 0 {
		t.Fatalf("captions set: %s", r.err)
	}
	until(t, "it listens", func() bool { return s.caption().State == "listening" })
	var loops []*exec.Cmd
	for range 2 * runtime.NumCPU() {
		c := exec.Command("sh", "-c", "while :; do :; done")
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		loops = append(loops, c)
		t.Cleanup(func() { c.Process.Kill() }) //nolint:errcheck // it may have been
	}
	busy := s.recorded()
	behind, said := 0.0, ""
	until(t, "half a minute goes by", func() bool {
		c := s.caption()
		if behind = max(behind, c.Behind); c.State == "behind" {
			said = c.Problem
		}
		return s.recorded() > busy+30*time.Second
	})
	for _, c := range loops {
		c.Process.Kill() //nolint:errcheck // it runs
		c.Wait()         //nolint:errcheck // it was killed
	}
	end := s.recorded()
	t.Logf("at most %.0f s behind: %q", behind, said)
	if behind > 11 && said == "" {
		t.Errorf("it was %.0f s behind and did not say so", behind)
	}
	until(t, "all is captioned", func() bool {
		c := s.caption()
		return c.State == "listening" && c.Behind < 1 && c.Pending == 0 && s.recorded() > end+8*time.Second
	})
	judge(t, "captions", s.words(), s.began(), end)
	file := filepath.Join(t.TempDir(), "x.mp4")
	from, long := 2*time.Second, (end - 3*time.Second).Truncate(time.Second)
	at := func(d time.Duration) string { return fmt.Sprintf("1.%d", d.Milliseconds()) }
	if e := runProgram(t, "export", "--data", data, "--from", at(from), "--to", at(from+long), "-o", file); e.code != 0 {
		t.Fatalf("export: %s", e.err)
	}
	m := measure(t, "-frames", fmt.Sprint(int64(long/time.Second)*30), "-max-offset", "20ms", "-no-gaps", file)
	if m.code != 0 {
		t.Errorf("the recording is not in order:\n%s%s", m.out, m.err)
	}
	s.stop()
	checkClean(t, data)
}
