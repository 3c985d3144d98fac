package asr

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Setup says how to start a child process and how long to wait for it. The zero
// value of a field is the default that stands behind it.
type Setup struct {
	Program string   // this program
	Args    []string // what stands before the child's own flags: Command
	Env     []string // added to the environment
	Engine  string   // vosk
	Library string   // path of the engine's shared library
	Model   string   // path of the model
	Fast    bool     // an utterance ends after half the usual silence; see Opener

	Nice int  // 0 to 19, added to this process's own: 0
	Idle bool // only what no other process wants of the cores (SCHED_IDLE)
	OOM  int  // oom_score_adj, 0 to 1000: how gladly the kernel kills it when memory runs out: 0

	Loading  time.Duration // that the model may take to load: 2 min
	Patience time.Duration // without an answer, and without being at work, after which it hangs: 10 s
}

// A child at work gets more time than one that sleeps: perhaps others take the cores.
const atWork = 6

// Process is a child process with a model loaded. It is an Engine; its methods
// fail with a *Fault, and after one it is dead and only to be closed.
type Process struct {
	setup Setup
	cmd   *exec.Cmd
	in    *os.File // the child's standard input
	out   *os.File // its standard output
	rest  []byte   // read from out, not yet a line
	words tail     // its standard error
	stop  func() bool
	done  chan struct{} // closed when the child is gone
	end   error         // how it ended; after done
}

// Start starts a child and waits until its model is loaded and proved. When ctx
// is done the child is killed.
func Start(ctx context.Context, s Setup) (*Process, error) {
	if s.Program == "" {
		self, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("start the recogniser: %w", err)
		}
		s.Program = self
	}
	if s.Args == nil {
		s.Args = []string{Command}
	}
	s.Engine = cmp.Or(s.Engine, "vosk")
	s.Loading = cmp.Or(s.Loading, 2*time.Minute)
	s.Patience = cmp.Or(s.Patience, 10*time.Second)
	p, err := launch(s)
	if err != nil {
		return nil, &Fault{Died, fmt.Sprintf("the recogniser cannot be started: %v", err)}
	}
	p.stop = context.AfterFunc(ctx, p.kill)
	l, err := p.answer(s.Loading)
	switch {
	case err != nil:
		_ = p.Close() // the fault says more
		return nil, p.whileLoading(err)
	case l.Hello != wireVersion:
		_ = p.Close()
		return nil, &Fault{Garbled, fmt.Sprintf("%s is of another version of this program; install it anew", s.Program)}
	}
	return p, nil
}

// whileLoading says more of a death than that it was one.
func (p *Process) whileLoading(err error) error {
	var f *Fault
	if !errors.As(err, &f) || f.Reason != Died {
		return err
	}
	var exit *exec.ExitError
	if errors.As(p.end, &exit) {
		ws, _ := exit.Sys().(syscall.WaitStatus)
		// Killed: by a person, or by the kernel when memory ran out. A crash of the
		// library the Go runtime turns into an exit code.
		if ws.Signal() != syscall.SIGKILL && ws.Signal() != syscall.SIGTERM {
			return &Fault{BrokenModel, fmt.Sprintf("the recogniser crashed when it loaded the speech model at %s: the model is damaged or not for this engine; add it again (%s)",
				p.setup.Model, cmp.Or(p.words.line(), exit.Error()))}
		}
	}
	return err
}

func launch(s Setup) (*Process, error) {
	inR, inW, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer inR.Close()
	outR, outW, err := os.Pipe()
	if err != nil {
		inW.Close()
		return nil, err
	}
	defer outW.Close()
	args := append(append([]string{}, s.Args...),
		"-engine", s.Engine, "-library", s.Library, "-model", s.Model, fmt.Sprintf("-fast=%t", s.Fast), "-oom", fmt.Sprint(s.OOM))
	p := &Process{setup: s, cmd: exec.Command(s.Program, args...), in: inW, out: outR, done: make(chan struct{})}
	// One arena: memory that one thread frees is used by the next. And of a crash the cause
	// alone, without a page of registers.
	p.cmd.Env = append(append(os.Environ(), "MALLOC_ARENA_MAX=1", "GOTRACEBACK=none"), s.Env...)
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = inR, outW, &p.words
	p.cmd.WaitDelay = time.Second
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go p.live(started)
	if err := <-started; err != nil {
		inW.Close()
		outR.Close()
		return nil, err
	}
	return p, nil
}

// live starts the child and waits for its end in one thread. The child inherits
// the thread's priority, and the kernel kills it when the thread ends, so the
// thread serves nothing else and ends with this function.
func (p *Process) live(started chan<- error) {
	runtime.LockOSThread()
	if err := p.lower(); err != nil {
		started <- err
		return
	}
	err := p.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	p.end = p.cmd.Wait()
	p.signal() // what it started itself
	close(p.done)
}

// lower lowers the priority of this thread.
func (p *Process) lower() error {
	if n := p.setup.Nice; n > 0 {
		have, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
		if err != nil {
			return fmt.Errorf("nice: %w", err)
		}
		// The system call answers 20 - nice.
		if err := unix.Setpriority(unix.PRIO_PROCESS, 0, min(20-have+n, 19)); err != nil {
			return fmt.Errorf("nice %d: %w", n, err)
		}
	}
	if p.setup.Idle {
		a := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_IDLE}
		if err := unix.SchedSetAttr(0, &a, 0); err != nil {
			return fmt.Errorf("scheduling policy idle: %w", err)
		}
	}
	return nil
}

// Pid is the child's process id.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

func (p *Process) kill() {
	select {
	case <-p.done:
	default:
		p.signal()
	}
	_ = p.out.SetReadDeadline(time.Unix(1, 0)) // wakes who reads
}

func (p *Process) signal() { _ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) }

// Close kills the child and waits a moment until it is gone.
func (p *Process) Close() error {
	p.stop()
	p.kill()
	late := time.NewTimer(2 * time.Second)
	defer late.Stop()
	select {
	case <-p.done:
	case <-late.C: // stuck in a driver: it is reaped when the kernel lets go of it
	}
	p.in.Close()
	return p.out.Close()
}

// ask sends a request and waits for its answer.
func (p *Process) ask(kind byte, payload []byte) (line, error) {
	_ = p.in.SetWriteDeadline(time.Now().Add(p.setup.Patience)) // a pipe can
	if err := writeRequest(p.in, kind, payload); err != nil {
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return line{}, p.hung(p.setup.Patience)
		}
		// It may have said why before it ended.
		l, why := p.answer(p.setup.Patience)
		return l, cmp.Or[error](why, &Fault{Died, "the recogniser reads no more"})
	}
	return p.answer(p.setup.Patience)
}

// answer waits for the next line. One that is a fault is returned as the error.
func (p *Process) answer(patience time.Duration) (line, error) {
	text, err := p.readLine(patience)
	if err != nil {
		return line{}, err
	}
	l, err := parseLine(text)
	if err != nil {
		p.kill()
		return line{}, &Fault{Garbled, "the recogniser said what is no answer, and is started again: " + clean(err.Error())}
	}
	if l.Fault != "" {
		return line{}, &Fault{l.Fault, l.Text}
	}
	return l, nil
}

func (p *Process) readLine(patience time.Duration) ([]byte, error) {
	began := time.Now()
	for {
		if i := bytes.IndexByte(p.rest, '\n'); i >= 0 {
			text := p.rest[:i]
			p.rest = p.rest[i+1:]
			return text, nil
		}
		if len(p.rest) > longestLine {
			p.kill()
			return nil, &Fault{Garbled, "the recogniser said more than an answer can be, and is started again"}
		}
		_ = p.out.SetReadDeadline(time.Now().Add(patience)) // a pipe can
		var b [4096]byte
		n, err := p.out.Read(b[:])
		p.rest = append(p.rest, b[:n]...)
		switch {
		case err == nil:
		case errors.Is(err, os.ErrDeadlineExceeded):
			if !working(p.Pid()) || time.Since(began) >= atWork*patience {
				return nil, p.hung(time.Since(began))
			}
		default:
			return nil, p.died(err)
		}
	}
}

func (p *Process) hung(waited time.Duration) error {
	select {
	case <-p.done: // killed from here: ctx is done
		return p.died(io.EOF)
	default:
	}
	p.kill()
	return &Fault{Hung, fmt.Sprintf("the recogniser gave no answer for %v, and is started again", waited.Round(time.Millisecond))}
}

// died says how the child ended.
func (p *Process) died(cause error) error {
	late := time.NewTimer(p.setup.Patience)
	defer late.Stop()
	select {
	case <-p.done:
	case <-late.C:
		p.kill()
		return &Fault{Died, "the recogniser closed its output and did not end: it was killed, and is started again"}
	}
	how := "it ended"
	if p.end != nil {
		how = p.end.Error()
	} else if !errors.Is(cause, io.EOF) {
		how = cause.Error()
	}
	if w := p.words.line(); w != "" {
		how += ": " + w
	}
	return &Fault{Died, "the recogniser ended and is started again: " + how}
}

// Lacks asks the child's engine.
func (p *Process) Lacks(words []string) ([]string, error) {
	if words == nil {
		words = []string{}
	}
	payload, err := json.Marshal(words)
	if err != nil {
		return nil, err
	}
	l, err := p.ask(reqLacks, payload)
	if err != nil {
		return nil, err
	}
	if l.Lacks == nil {
		return nil, p.wrong(reqLacks)
	}
	return *l.Lacks, nil
}

// New begins a hearing in the child.
func (p *Process) New(o Options) (Recognizer, error) {
	payload, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	l, err := p.ask(reqNew, payload)
	if err != nil {
		return nil, err
	}
	if !l.OK {
		return nil, p.wrong(reqNew)
	}
	return &hearing{p}, nil
}

func (p *Process) wrong(kind byte) error {
	p.kill()
	return &Fault{Garbled, fmt.Sprintf("the recogniser's answer belongs to another request than %q, and it is started again", kind)}
}

// hearing is a Recognizer in the child.
type hearing struct{ p *Process }

func (h *hearing) Feed(pcm []int16) (Answer, error) { return h.ask(reqPCM, putPCM(pcm)) }
func (h *hearing) Finish() (Answer, error)          { return h.ask(reqFinish, nil) }
func (h *hearing) Close() error                     { return nil } // the next takes its place

func (h *hearing) ask(kind byte, payload []byte) (Answer, error) {
	l, err := h.p.ask(kind, payload)
	if err != nil {
		return Answer{}, err
	}
	a, ok := l.answer()
	if !ok || kind == reqFinish && !a.Final {
		return Answer{}, h.p.wrong(kind)
	}
	return a, nil
}

// tail keeps the last line that was written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

// Write never fails.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	const keep = 8192
	t.text = append(t.text, b...)
	t.text = t.text[max(0, len(t.text)-keep):]
	return len(b), nil
}

// line is the last line that is not empty or, after a crash, the one before
// the crash with its cause behind it; at most 300 bytes.
func (t *tail) line() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	last := ""
	for w := range bytes.Lines(t.text) {
		w = bytes.TrimSpace(w)
		if bytes.HasPrefix(w, []byte("SIG")) || bytes.HasPrefix(w, []byte("fatal error: ")) {
			last = strings.TrimSpace(last + " (" + string(w) + ")")
			break
		}
		if len(w) > 0 {
			last = string(w)
		}
	}
	return clean(last[:min(len(last), 300)])
}
