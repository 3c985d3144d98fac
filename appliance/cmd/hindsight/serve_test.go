package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// small is a demo source that leaves most of a small machine idle.
var small = []string{"--video", "demo", "--audio", "demo", "--size", "640x360"}

// apiTimeline is the part of /api/v1/timeline that tests look at.
type apiTimeline struct {
	Spans []struct {
		From, To apiMoment
		LengthMS float64 `json:"length_ms"`
	}
	Gaps []struct {
		Kind, Reason, Detail string
		From                 apiMoment
		Until                *apiMoment
	}
	Tracks []struct {
		Kind, Codec string
		Units       int64
	}
	Runs []struct {
		Run int
		End string
	}
}

type apiMoment struct {
	Position string
	Run      int
	MediaMS  float64 `json:"media_ms"`
	Time     time.Time
}

// recorded is how much the server has on disk and in its tail, in media time.
func (s *server) recorded() time.Duration {
	var t apiTimeline
	s.get("/api/v1/timeline", &t)
	var ms float64
	for _, x := range t.Spans {
		ms += x.LengthMS
	}
	return time.Duration(ms) * time.Millisecond
}

// readTimeline asks the timeline command, which reads the files when no server runs.
func readTimeline(t *testing.T, data string) apiTimeline {
	t.Helper()
	r := runProgram(t, "timeline", "--data", data, "--json")
	var tl apiTimeline
	if err := json.Unmarshal([]byte(r.out), &tl); r.code != 0 || err != nil {
		t.Fatalf("timeline: code %d, %v\n%s%s", r.code, err, r.out, r.err)
	}
	return tl
}

// checkClean runs check and expects that nothing is broken.
func checkClean(t *testing.T, data string) {
	t.Helper()
	if r := runProgram(t, "check", "--data", data); r.code != 0 {
		t.Fatalf("check: code %d\n%s%s", r.code, r.out, r.err)
	}
}

// measure runs the tree's measuring program on a file.
func measure(t *testing.T, args ...string) result {
	t.Helper()
	cmd := exec.Command("go", append([]string{"run", "../measure"}, args...)...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return result{out.String(), errs.String(), cmd.ProcessState.ExitCode()}
}

// The demo source is recorded, played by ffprobe over both transports, exported
// exactly, and found in order by the measuring program and by check.
func TestDemo(t *testing.T) {
	tool(t, "ffprobe", "ffmpeg")
	data := filepath.Join(t.TempDir(), "data")
	s := serveIn(t, data, small...)
	for _, transport := range []string{"tcp", "udp"} {
		out, err := exec.Command("ffprobe", "-v", "error", "-rtsp_transport", transport,
			"-show_entries", "stream=codec_name,width,height", "-of", "csv=p=0", s.rtsp+"/cam").CombinedOutput()
		if got := strings.Fields(string(out)); err != nil || len(got) != 2 || got[0] != "h264,640,360" || !strings.HasPrefix(got[1], "opus") {
			t.Errorf("ffprobe over %s: %v: %q", transport, err, out)
		}
	}
	const long = 22 * time.Second
	until(t, long.String()+" of recording", func() bool { return s.recorded() > long })
	file := filepath.Join(t.TempDir(), "x.mp4")
	r := runProgram(t, "export", "--data", data, "--from", "1.1000", "--to", "1.21000", "-o", file)
	if r.code != 0 {
		t.Fatalf("export: code %d: %s", r.code, r.err)
	}
	s.stop()
	if m := measure(t, "-frames", "600", "-max-offset", "20ms", "-no-gaps", file); m.code != 0 {
		t.Errorf("the export is not in order: %s%s", m.out, m.err)
	}
	checkClean(t, data)
	tl := readTimeline(t, data)
	if len(tl.Spans) != 1 || len(tl.Runs) != 1 || tl.Runs[0].End != "off" {
		t.Errorf("one run of one span, ended by being stopped, is %+v", tl)
	}
}

// memoryDir is a directory in memory where there is one. What a killed process
// has handed to the kernel is kept in any case; how long a busy disk takes is no
// part of the test.
func memoryDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "hindsight-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) }) //nolint:errcheck // in memory
	return dir
}

// uncommitted is how much of the recording is not on the disk yet.
func (s *server) uncommitted() time.Duration {
	var st struct {
		Cameras []struct {
			Commits struct {
				MS float64 `json:"uncommitted_ms"`
			}
		}
	}
	s.get("/api/v1/status", &st)
	if len(st.Cameras) != 1 {
		s.t.Fatalf("the status names %d cameras", len(st.Cameras))
	}
	return time.Duration(st.Cameras[0].Commits.MS * float64(time.Millisecond))
}

// At 20 random moments the recorder is killed. Each time at most the last second
// is missing, everything else is whole, and the next start goes on.
//
// A machine that gives the recorder no time to commit for longer than that is let
// off with what was not committed, but not in most rounds.
func TestKill(t *testing.T) {
	data := filepath.Join(memoryDir(t), "data")
	const rounds, slack = 20, 250 * time.Millisecond
	late := 0
	for round := 1; round <= rounds; round++ {
		s := serveIn(t, data, "--video", "demo", "--audio", "demo", "--size", "320x240", "--rate", "10")
		least := 1500*time.Millisecond + rand.N(2*time.Second)
		var live apiMoment
		var open time.Duration
		until(t, least.String()+" of a run", func() bool {
			var tl apiTimeline
			s.get("/api/v1/timeline", &tl)
			if len(tl.Spans) == 0 {
				return false
			}
			live = tl.Spans[len(tl.Spans)-1].To
			open = s.uncommitted()
			return live.Run == round && live.MediaMS > float64(least.Milliseconds())
		})
		s.kill()
		checkClean(t, data)
		tl := readTimeline(t, data)
		if len(tl.Spans) != round {
			t.Fatalf("round %d: %d spans are left, want %d: %+v", round, len(tl.Spans), round, tl)
		}
		last := tl.Spans[round-1]
		missing := time.Duration((live.MediaMS - last.To.MediaMS) * float64(time.Millisecond))
		if missing > time.Second {
			late++
		}
		if last.To.Run != round || missing > max(time.Second, open+slack) {
			t.Errorf("round %d: the recording ends at %v, it had reached %v when it was killed, all but %v of it committed", round, last.To, live, open)
		}
		for i, r := range tl.Runs {
			if r.End != "crash" {
				t.Errorf("round %d: run %d ended by %q, want crash", round, i+1, r.End)
			}
		}
		if len(tl.Gaps) != round || tl.Gaps[round-1].Until != nil {
			t.Errorf("round %d: want a gap after each run, the last one open: %+v", round, tl.Gaps)
		}
	}
	if late > rounds/2 {
		t.Errorf("in %d of %d rounds more than a second is missing", late, rounds)
	}
}

// What a person can get wrong is one line that says what to do.
func TestServeRefuses(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	s := serveIn(t, data, small...)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	bad := filepath.Join(t.TempDir(), "bad.yml")
	if err := os.WriteFile(bad, []byte("data: x\n\nspeed: 3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	free := []string{"--rtsp-address", "127.0.0.1:0", "--http-address", "127.0.0.1:0"}
	other := func() string { return filepath.Join(t.TempDir(), "d") }
	for _, c := range []struct {
		name string
		args []string
		code int
		want []string
	}{
		{"second server", append([]string{"--data", data}, free...), 1, []string{fmt.Sprintf("process %d", s.cmd.Process.Pid), data}},
		{"rtsp port in use", []string{"--data", other(), "--rtsp-address", taken.Addr().String(), "--http-address", "127.0.0.1:0"}, 1, []string{taken.Addr().String(), "--rtsp-address"}},
		{"http port in use", []string{"--data", other(), "--http-address", taken.Addr().String(), "--rtsp-address", "127.0.0.1:0"}, 1, []string{taken.Addr().String(), "--http-address"}},
		{"data is a file", append([]string{"--data", file}, free...), 1, []string{file, "--data"}},
		{"data cannot be made", append([]string{"--data", "/proc/x"}, free...), 1, []string{"/proc/x", "--data"}},
		{"unknown key", []string{"--config", bad}, 2, []string{bad + ":3", "speed"}},
		{"no such file", []string{"--config", bad + "x"}, 2, []string{bad + "x"}},
		{"bad size", []string{"--size", "1280"}, 2, []string{"--size", "1280x720"}},
		{"bad rate", []string{"--rate", "0"}, 2, []string{"--rate", "1 to 120"}},
		{"bad address", []string{"--rtsp-address", "8554"}, 2, []string{"--rtsp-address", ":8554"}},
		{"bad video", []string{"--video", "http://u:secret@x"}, 2, []string{"--video", "rtsp://"}},
		{"unknown flag", []string{"--speed", "3"}, 2, []string{"speed"}},
		{"left over", []string{"now"}, 2, []string{`"now"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := runProgram(t, append([]string{"serve"}, c.args...)...)
			lines := strings.Count(r.err, "\n")
			if r.code != c.code || lines != 1 || strings.Contains(r.err, "secret") {
				t.Errorf("code %d, want %d; %d lines, want 1:\n%s", r.code, c.code, lines, r.err)
			}
			for _, w := range c.want {
				if !strings.Contains(r.err, w) {
					t.Errorf("%q does not name %q", r.err, w)
				}
			}
		})
	}
}

// Who reads the log goes away: the recorder stays, and ends when it is told to.
func TestLogReaderGone(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	cmd := exec.Command(programPath(t), append([]string{"serve", "--data", data, "--rtsp-address", "none", "--http-address", "none"}, small...)...)
	log, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(log)
	for lines.Scan() && !strings.Contains(lines.Text(), "segment begun") {
	}
	log.Close()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("without a reader of its log it ended with %v", err)
	}
	if tl := readTimeline(t, data); len(tl.Runs) != 1 || tl.Runs[0].End != "off" {
		t.Errorf("the run did not end by being stopped: %+v", tl.Runs)
	}
}

// A device that is missing is one line, and does not end the recorder: it may come yet.
func TestMissingDevice(t *testing.T) {
	s := serveIn(t, filepath.Join(t.TempDir(), "data"), "--video", "/dev/video77", "--audio", "none")
	until(t, "the camera to be reported missing", func() bool {
		var h struct {
			OK      bool
			Cameras []struct{ Reason string }
		}
		return s.get("/healthz", &h) == 503 && len(h.Cameras) == 1 && strings.Contains(h.Cameras[0].Reason, "/dev/video77")
	})
	s.stop()
	lines := 0
	for line := range strings.Lines(s.log.String()) {
		if strings.Contains(line, "/dev/video77") {
			lines++
		}
	}
	if lines != 1 {
		t.Errorf("the missing camera is logged %d times, want once:\n%s", lines, s.log)
	}
}

// Every command says how it is used, and wrong usage is told by the exit code.
func TestUsage(t *testing.T) {
	for _, c := range commands() {
		if c.hidden {
			continue
		}
		if r := runProgram(t, c.name, "--help"); r.code != 0 || !strings.HasPrefix(r.out, "usage: hindsight "+c.name) {
			t.Errorf("%s --help: code %d\n%s%s", c.name, r.code, r.out, r.err)
		}
		if r := runProgram(t, c.name, "--no-such-flag"); r.code != 2 || strings.Count(r.err, "\n") != 1 {
			t.Errorf("%s --no-such-flag: code %d\n%s", c.name, r.code, r.err)
		}
	}
	for _, c := range []struct {
		args []string
		code int
	}{{nil, 2}, {[]string{"help"}, 0}, {[]string{"--help"}, 0}, {[]string{"fly"}, 2}, {[]string{"version"}, 0},
		{[]string{"timeline", "--data", "/nowhere"}, 1}, {[]string{"export", "--data", "/nowhere"}, 2},
		{[]string{"export", "--data", "/nowhere", "--from", "soon", "--to", "-1s", "-o", "x.mp4"}, 2},
		{[]string{"check", "--data", "/nowhere"}, 1}} {
		if r := runProgram(t, c.args...); r.code != c.code {
			t.Errorf("hindsight %v: code %d, want %d\n%s", c.args, r.code, c.code, r.err)
		}
	}
}
