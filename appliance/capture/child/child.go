// Package child runs programs that capture: they may hang, crash or die, and
// the recorder goes on. A child and all that it started are killed when it is
// stopped, and by the kernel when this process dies.
package child

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	pipeSize = 1 << 20         // bytes that the child may be ahead
	reapTime = 2 * time.Second // for a killed child; one that is stuck in a driver takes longer
)

// Process is a running child. Its standard output is read from it.
type Process struct {
	cmd  *exec.Cmd
	out  *os.File
	tail tail
	done chan struct{} // closed when the child is gone
	err  error         // how it ended; after done
}

// Start starts a program with the environment of this process and env on top.
func Start(path string, args, env []string) (*Process, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	defer w.Close()
	// Unprivileged users may not be given so much; the usual 64 KiB do as well.
	_, _ = unix.FcntlInt(w.Fd(), unix.F_SETPIPE_SZ, pipeSize)
	p := &Process{cmd: exec.Command(path, args...), out: r, done: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = w, &p.tail
	p.cmd.WaitDelay = time.Second
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go p.live(started)
	if err := <-started; err != nil {
		r.Close()
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	return p, nil
}

// live starts the child and waits for its end in one thread: the kernel kills
// the child when the thread that started it ends, not the process.
func (p *Process) live(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	p.err = p.cmd.Wait()
	p.signal() // what it started itself
	close(p.done)
}

// Read reads the child's standard output; io.EOF at its end,
// os.ErrDeadlineExceeded when nothing came in the time that Within set.
func (p *Process) Read(b []byte) (int, error) { return p.out.Read(b) }

// Within sets by when data must come.
func (p *Process) Within(d time.Duration) {
	_ = p.out.SetReadDeadline(time.Now().Add(d)) // a pipe can
}

// Kill ends the child and all that it started, and wakes who reads.
func (p *Process) Kill() {
	select {
	case <-p.done:
	default:
		p.signal()
	}
	_ = p.out.SetReadDeadline(time.Unix(1, 0))
}

func (p *Process) signal() { _ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) }

// Pid is the child's process id.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Close kills the child if it still runs, waits a moment until it is gone, and
// frees the pipe.
func (p *Process) Close() {
	p.Kill()
	late := time.NewTimer(reapTime)
	defer late.Stop()
	select {
	case <-p.done:
	case <-late.C: // it is reaped when the kernel lets go of it
	}
	p.out.Close()
}

// End waits up to patience for the child to end by itself and says how it did:
// its last words, or its status. It kills a child that does not.
func (p *Process) End(patience time.Duration) error {
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-p.done:
	case <-late.C:
		p.Kill()
		return errors.New(cmp.Or(p.tail.Line(), "it closed its output and did not end"))
	}
	status := "it ended"
	if p.err != nil {
		status = p.err.Error()
	}
	if line := p.tail.Line(); line != "" {
		return fmt.Errorf("%s (%s)", line, status)
	}
	return errors.New(status)
}

// Words are the child's last line on standard error; "" if it said nothing.
func (p *Process) Words() string { return p.tail.Line() }

// tail keeps the last line written to it.
type tail struct {
	mu   sync.Mutex
	line []byte // being written
	last string
}

const longestLine = 300

// Write never fails.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range b {
		switch {
		case c == '\n' || c == '\r':
			if len(t.line) > 0 {
				t.last = string(t.line)
			}
			t.line = t.line[:0]
		case len(t.line) < longestLine && c >= ' ':
			t.line = append(t.line, c)
		}
	}
	return len(b), nil
}

// Line is the last line that is not empty, at most 300 bytes of it.
func (t *tail) Line() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.line) > 0 {
		return string(t.line)
	}
	return t.last
}
