package bench

import (
	"os"
	"os/exec"
	"testing"
	"time"
)

// The clip is what the table's first line says it is, within what a rate
// control does, and can be played in a loop.
func TestClip(t *testing.T) {
	c, err := MakeClip()
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Pictures) != 300 || len(c.Sound) != 500 || c.length() != 10*time.Second {
		t.Errorf("%d pictures, %d packets, %v; want 300, 500, 10 s", len(c.Pictures), len(c.Sound), c.length())
	}
	if rate := clipRate(c) * 8; rate < 2_200_000 || rate > 2_800_000 {
		t.Errorf("%.0f bit/s, want about 2.5 million", rate)
	}
	if len(c.SPS) == 0 || c.SPS[0]&31 != 7 || len(c.PPS) == 0 || c.PPS[0]&31 != 8 {
		t.Errorf("parameter sets %x and %x", c.SPS, c.PPS)
	}
}

// What a process is known to have done is what the kernel counts of it.
func TestUsageOf(t *testing.T) {
	cmd := exec.Command("sh", "-c", "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; echo; read x || true")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	out.Read(make([]byte, 1)) // the loop has ended
	u, err := usageOf(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	in.Close()
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	used := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if u.cpu > used+20*time.Millisecond || u.cpu < used-30*time.Millisecond {
		t.Errorf("counted %v of CPU, it used %v", u.cpu, used)
	}
	if u.anon <= 0 || u.rss < u.anon || u.peak < u.rss {
		t.Errorf("anonymous %d, rss %d, peak %d", u.anon, u.rss, u.peak)
	}
	if _, err := usageOf(os.Getpid()); err != nil {
		t.Error(err)
	}
}
