package asrtest

import (
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"syscall"
)

// fail does what the script wants at a tone of so many Hz, measured over one
// frame and therefore to 100 Hz.
func (r *recognizer) fail(hz float64) error {
	for _, f := range r.engine.script.Faults {
		if math.Abs(f.Hz-hz) > 100 {
			continue
		}
		if f.Once != "" {
			file, err := os.OpenFile(f.Once, os.O_CREATE|os.O_EXCL, 0o600)
			if errors.Is(err, os.ErrExist) {
				continue
			}
			if err != nil {
				return err
			}
			file.Close()
		}
		if err := r.engine.do(f.Do); err != nil {
			return err
		}
	}
	return nil
}

func (e *engine) do(fault string) error {
	switch fault {
	case "abort":
		fmt.Fprintln(os.Stderr, "ASSERTION_FAILED: as the script wants it")
		return errors.Join(syscall.Kill(os.Getpid(), syscall.SIGABRT), wait())
	case "exit":
		os.Exit(3)
	case "hang":
		return wait()
	case "spin":
		for n := 0; ; n++ {
			runtime.KeepAlive(n)
		}
	case "garbage":
		fmt.Println(`{"partial":"half an`)
	case "grow":
		e.grow(4 << 20)
	default:
		return fmt.Errorf("the script has an unknown fault %q", fault)
	}
	return nil
}

// wait waits for ever.
func wait() error {
	select {}
}
