package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// recorder is a recorder in a process of its own.
type recorder struct {
	cmd     *exec.Cmd
	log     strings.Builder
	address string // of its first camera: rtsp://HOST:PORT/NAME
	read    chan struct{}
}

// startRecorder starts `program serve` with a configuration and waits until it
// tells its addresses. dir is where the configuration is written.
func startRecorder(ctx context.Context, program, dir, config, data string) (*recorder, error) {
	conf := filepath.Join(dir, "hindsight.yml")
	if err := os.WriteFile(conf, []byte(config), 0o600); err != nil {
		return nil, err
	}
	r := &recorder{read: make(chan struct{})}
	r.cmd = exec.Command(program, "serve", "--config", conf, "--data", data,
		"--rtsp-address", "127.0.0.1:0", "--http-address", "127.0.0.1:0")
	r.cmd.Stderr = &r.log
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := r.cmd.Start(); err != nil {
		return nil, err
	}
	told := make(chan string, 1)
	go func() {
		defer close(r.read)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if f := strings.Fields(lines.Text()); len(f) == 2 && f[0] == "live" {
				select {
				case told <- f[1]:
				default: // of the next camera
				}
			}
		}
		io.Copy(io.Discard, out) //nolint:errcheck // a line that is too long ends the scanner, and is of no use
	}()
	select {
	case r.address = <-told:
		return r, nil
	case <-r.read:
		err = errors.New("it told no address")
	case <-ctx.Done():
		err = ctx.Err()
	}
	return nil, errors.Join(err, r.stop())
}

// pid is the number of the process.
func (r *recorder) pid() int { return r.cmd.Process.Pid }

// stop ends the recorder. When it has failed the error tells what it has logged.
func (r *recorder) stop() error {
	r.cmd.Process.Signal(syscall.SIGTERM) //nolint:errcheck // it may have ended, which Wait tells
	<-r.read
	if err := r.cmd.Wait(); err != nil {
		return fmt.Errorf("the recorder: %w\n%s", err, r.log.String())
	}
	return nil
}
