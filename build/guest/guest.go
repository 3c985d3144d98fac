// Package guest lets Go tests run programs where there are cameras and sound
// cards to pull: in a throw-away guest with virtual devices. It calls the
// scripts beside it, which README.md describes.
package guest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Options say what the guest is and does.
type Options struct {
	Modules []string // kernel modules with their parameters, as in "vivid n_devs=2"
	Files   []string // module files built elsewhere, with theirs; see Loopback
	Folder  string   // copied into the guest, where the command runs
	Out     string   // appears writable as /out; may be empty
	Command string   // for sh
	Limit   time.Duration
}

// Run runs the command in a guest, logs what it prints, and fails the test if
// it does not end with status 0. It ends with the test's context.
func Run(t testing.TB, o Options) {
	t.Helper()
	args := []string{"-t", fmt.Sprint(int(o.Limit.Seconds()))}
	for _, m := range o.Modules {
		args = append(args, "-m", m)
	}
	for _, f := range o.Files {
		args = append(args, "-k", f)
	}
	if o.Out != "" {
		args = append(args, "-o", o.Out)
	}
	cmd := Script(t, "run.sh", append(args, o.Folder, o.Command)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		t.Log(lines.Text())
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("the guest ended with %v", err)
	}
}

// Loopback builds v4l2loopback and returns the path of the module file.
func Loopback(t testing.TB) string {
	t.Helper()
	out, err := Script(t, "loopback.sh").Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("loopback.sh: %s", exit.Stderr)
		}
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// Binary compiles the tests of the package in the current folder that are
// behind the build tag guest, and returns the file's name in folder.
func Binary(t testing.TB, folder, name string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "test", "-c", "-tags", "guest", "-o", filepath.Join(folder, name), ".")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return name
}

// Script is a command that runs one of the scripts. It is asked to end, then
// killed, when the test's context ends.
func Script(t testing.TB, name string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(root(t), "build", "guest", name), args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	return cmd
}

// root is the folder of go.mod.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("the test does not run in the source tree")
		}
		dir = filepath.Dir(dir)
	}
}

// Pulse is a private PulseAudio server on this machine.
type Pulse struct {
	folder string
	cmd    *exec.Cmd
}

// StartPulse starts a server whose files lie in folder and waits until it
// answers. A server that was killed is started again by calling it once more.
func StartPulse(t testing.TB, folder string) *Pulse {
	t.Helper()
	p := &Pulse{folder, Script(t, "pulse.sh", folder)}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Kill() })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for ctx.Err() == nil {
		info := exec.CommandContext(ctx, "pactl", "info")
		info.Env = append(os.Environ(), p.Env()...)
		if err := info.Run(); err == nil {
			return p
		} else if errors.Is(err, exec.ErrNotFound) {
			t.Fatal("pactl is missing; install the Debian package pulseaudio-utils")
		}
		time.Sleep(50 * time.Millisecond)
	}
	log, _ := os.ReadFile(filepath.Join(folder, "log"))
	t.Fatalf("PulseAudio does not answer: %s", log)
	return nil
}

// Env are the variables that let a program talk to this server and to no other.
func (p *Pulse) Env() []string {
	return []string{"PULSE_SERVER=unix:" + filepath.Join(p.folder, "socket"), "HOME=" + p.folder}
}

// Signal sends the server a signal, as SIGSTOP or SIGCONT.
func (p *Pulse) Signal(s syscall.Signal) error { return p.cmd.Process.Signal(s) }

// Kill ends the server at once; a second time it does nothing.
func (p *Pulse) Kill() {
	if p.cmd.ProcessState == nil {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	}
}
