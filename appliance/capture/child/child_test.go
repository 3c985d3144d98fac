package child

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain lets the test binary be the child, and the parent that dies.
func TestMain(m *testing.M) {
	switch os.Getenv("CHILD_TEST_ROLE") {
	case "parent":
		p, err := Start("/bin/sh", []string{"-c", "echo $$; exec sleep 600"}, nil)
		if err != nil {
			panic(err)
		}
		_, _ = io.Copy(os.Stdout, p)
	default:
		os.Exit(m.Run())
	}
}

func start(t *testing.T, script string) *Process {
	t.Helper()
	p, err := Start("/bin/sh", []string{"-c", script}, []string{"CHILD_TEST_WORD=hello"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	p.Within(time.Minute)
	return p
}

func TestProcessHandsOverItsOutput(t *testing.T) {
	p := start(t, "echo $CHILD_TEST_WORD; echo warning >&2; echo last words >&2; exit 3")
	out, err := io.ReadAll(p)
	if string(out) != "hello\n" || err != nil {
		t.Errorf("output %q, %v", out, err)
	}
	if err := p.End(time.Minute); err == nil || err.Error() != "last words (exit status 3)" {
		t.Errorf("end: %v", err)
	}
}

func TestProcessThatSaysNothing(t *testing.T) {
	p := start(t, "exit 0")
	if _, err := io.ReadAll(p); err != nil {
		t.Error(err)
	}
	if err := p.End(time.Minute); err == nil || err.Error() != "it ended" {
		t.Errorf("end: %v", err)
	}
}

func TestProcessThatHangsIsKilledWithItsOwnChildren(t *testing.T) {
	p := start(t, "sleep 600 & echo $!; sleep 600")
	line, err := bufio.NewReader(p).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	p.Within(10 * time.Millisecond)
	if _, err := p.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read: %v, want %v", err, os.ErrDeadlineExceeded)
	}
	p.Close()
	gone(t, line)
	if err := p.End(time.Minute); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("end: %v, want killed", err)
	}
}

func TestKillWakesTheReader(t *testing.T) {
	p := start(t, "exec sleep 600")
	read := make(chan error)
	go func() {
		_, err := p.Read(make([]byte, 1))
		read <- err
	}()
	p.Kill()
	if err := <-read; err == nil {
		t.Error("a read of a killed child gave data")
	}
}

func TestProcessDiesWithItsParent(t *testing.T) {
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), "CHILD_TEST_ROLE=parent")
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	_ = parent.Process.Kill()
	_ = parent.Wait()
	gone(t, line)
}

// gone waits until no process has the id in line, or is only waiting to be reaped.
func gone(t *testing.T, line string) {
	t.Helper()
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		_, state, _ := strings.Cut(string(stat), ") ")
		if syscall.Kill(pid, 0) != nil || strings.HasPrefix(state, "Z") {
			return
		}
	}
	t.Errorf("process %d still lives", pid)
}

func TestStartOfWhatIsNotThere(t *testing.T) {
	if _, err := Start("/nonexistent/program", nil, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("start: %v", err)
	}
}

func TestTail(t *testing.T) {
	for _, c := range []struct{ written, want string }{
		{"", ""},
		{"one", "one"},
		{"one\ntwo\n", "two"},
		{"one\n\n\n", "one"},
		{"10%\r20%\r", "20%"},
		{"tab\tand\x1b[1mescape\n", "taband[1mescape"},
		{strings.Repeat("x", 1000) + "\n", strings.Repeat("x", longestLine)},
	} {
		var l tail
		for _, b := range []byte(c.written) { // however it is cut
			_, _ = l.Write([]byte{b})
		}
		if got := l.Line(); got != c.want {
			t.Errorf("%q: %q, want %q", c.written, got, c.want)
		}
	}
}
