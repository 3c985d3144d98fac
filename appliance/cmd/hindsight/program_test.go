package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// hangLimit bounds what a test waits for something that must come; no test
// depends on how long it really takes.
const hangLimit = 4 * time.Minute

// binaryDir is where binary builds; empty: it has not.
var binaryDir string

// binary builds the program once for all tests, without the race detector:
// what is tested is the program as people run it.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "hindsight-test-")
	if err != nil {
		return "", err
	}
	binaryDir = dir
	out := filepath.Join(dir, "hindsight")
	b, err := exec.Command("go", "build", "-o", out, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %v: %s", err, b)
	}
	return out, nil
})

// TestMain takes away what binary built.
func TestMain(m *testing.M) {
	code := m.Run()
	os.RemoveAll(binaryDir) //nolint:errcheck // a file left behind in a temporary directory
	os.Exit(code)
}

// programPath is the built program; in the guest, which has no compiler, it is brought along.
func programPath(t *testing.T) string {
	t.Helper()
	if p := os.Getenv("GUEST_PROGRAM"); p != "" {
		return p
	}
	p, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// tool finds a program of Debian's that a test needs.
func tool(t *testing.T, name, pkg string) string {
	t.Helper()
	p, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("this test runs %s; install Debian's package %s (`make test` does)", name, pkg)
	}
	return p
}

// server is a running `hindsight serve`.
type server struct {
	t          *testing.T
	cmd        *exec.Cmd
	data       string
	rtsp, http string // as in rtsp://127.0.0.1:1234 and http://127.0.0.1:1235
	log        *syncBuffer
	done       chan error
}

// syncBuffer may be read while a process writes to it.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

var (
	rtspLine = regexp.MustCompile(`rtsp://127\.0\.0\.1:\d+`)
	httpLine = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)
)

// serveIn starts the server on free loopback ports and waits for the addresses
// that it prints. To it libvosk is not there, so that no test waits for a model
// that it does not need; see serveCaptioned.
func serveIn(t *testing.T, data string, args ...string) *server {
	t.Helper()
	return serveWith(t, data, []string{"XDG_CACHE_HOME=" + t.TempDir()}, args...)
}

// serveCaptioned is serveIn with what build/vosk.sh has fetched.
func serveCaptioned(t *testing.T, data string, args ...string) *server {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(cache, "hindsight-vosk", "libvosk.so")); err != nil {
		t.Fatalf("%v: run build/vosk.sh, which fetches libvosk and the Korean model (`make test` does)", err)
	}
	return serveWith(t, data, nil, args...)
}

// serveWith is serveIn with some variables.
func serveWith(t *testing.T, data string, env []string, args ...string) *server {
	t.Helper()
	s := &server{t: t, data: data, log: &syncBuffer{}, done: make(chan error, 1)}
	args = append([]string{"serve", "--data", data, "--rtsp-address", "127.0.0.1:0", "--http-address", "127.0.0.1:0"}, args...)
	s.cmd = exec.Command(programPath(t), args...)
	s.cmd.Dir = t.TempDir() // no hindsight.yml of anybody's
	s.cmd.Env = append(os.Environ(), env...)
	s.cmd.Stderr = s.log
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.kill() })
	lines := bufio.NewScanner(out)
	found := make(chan bool, 1)
	go func() {
		for lines.Scan() {
			if a := rtspLine.FindString(lines.Text()); a != "" && s.rtsp == "" {
				s.rtsp = a
			}
			if a := httpLine.FindString(lines.Text()); a != "" && s.http == "" {
				s.http = a
			}
			if s.rtsp != "" && s.http != "" {
				break
			}
		}
		found <- s.rtsp != "" && s.http != ""
		io.Copy(io.Discard, out)
		s.done <- s.cmd.Wait()
	}()
	select {
	case ok := <-found:
		if !ok {
			t.Fatalf("serve ended without printing its addresses:\n%s", s.log)
		}
	case <-time.After(hangLimit):
		t.Fatalf("serve printed no addresses:\n%s", s.log)
	}
	return s
}

// kill ends the server as a power cut would; ending what has ended is nothing.
func (s *server) kill() {
	s.cmd.Process.Kill() //nolint:errcheck // it may have ended
	select {
	case err := <-s.done:
		s.done <- err
	case <-time.After(hangLimit):
		s.t.Error("the killed server has not ended")
	}
}

// stop asks the server to end and expects that it does so without complaint.
func (s *server) stop() {
	s.t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	select {
	case err := <-s.done:
		s.done <- err
		if err != nil {
			s.t.Errorf("serve ended with %v after SIGTERM:\n%s", err, s.log)
		}
	case <-time.After(hangLimit):
		s.t.Fatalf("serve did not end after SIGTERM:\n%s", s.log)
	}
}

// get fetches a path of the API into v.
func (s *server) get(path string, v any) int {
	s.t.Helper()
	res, err := http.Get(s.http + path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	if v != nil {
		if err := json.NewDecoder(res.Body).Decode(v); err != nil {
			s.t.Fatalf("%s: %v", path, err)
		}
	}
	return res.StatusCode
}

// unitsOf is how many units of a kind the server has received.
func (s *server) unitsOf(kind string) int64 {
	var st struct {
		Cameras []struct {
			Tracks []struct {
				Kind          string
				UnitsReceived int64 `json:"units_received"`
			}
		}
	}
	s.get("/api/v1/status", &st)
	var n int64
	for _, c := range st.Cameras {
		for _, k := range c.Tracks {
			if k.Kind == kind {
				n += k.UnitsReceived
			}
		}
	}
	return n
}

// more waits for n more units of a kind.
func (s *server) more(kind string, n int64) {
	s.t.Helper()
	want := s.unitsOf(kind) + n
	until(s.t, fmt.Sprintf("%d more units of %s", n, kind), func() bool { return s.unitsOf(kind) >= want })
}

// gap finds a gap of a kind with a reason.
func (s *server) gap(kind, reason string, open bool) bool {
	var tl apiTimeline
	s.get("/api/v1/timeline", &tl)
	for _, g := range tl.Gaps {
		if (g.Kind == kind || g.Kind == "all") && g.Reason == reason && (g.Until == nil) == open {
			return true
		}
	}
	return false
}

// text is what a path answers.
func (s *server) text(path string) string {
	s.t.Helper()
	res, err := http.Get(s.http + path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(b)
}

// until polls for what must come.
func until(t *testing.T, what string, f func() bool) {
	t.Helper()
	deadline := time.Now().Add(hangLimit)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !f() {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s", hangLimit, what)
		}
		<-tick.C
	}
}

// result is how a finished command ended.
type result struct {
	out, err string
	code     int
}

// runProgram runs the program to its end.
func runProgram(t *testing.T, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*hangLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, programPath(t), args...)
	cmd.Dir = t.TempDir()
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if ctx.Err() != nil {
		t.Fatalf("hindsight %s hangs", strings.Join(args, " "))
	}
	r := result{out.String(), errs.String(), cmd.ProcessState.ExitCode()}
	if err != nil && r.code < 0 {
		t.Fatalf("hindsight %s: %v\n%s", strings.Join(args, " "), err, r.err)
	}
	return r
}
