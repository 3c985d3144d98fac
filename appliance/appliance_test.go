package appliance

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hindsight/appliance/capture"
)

// record runs an appliance in dir until until says so, and gives its log.
func record(t *testing.T, dir string, hw hardware, patience time.Duration, until func(*Appliance) bool, flags ...Flag) string {
	t.Helper()
	flags = append([]Flag{{"data", dir}, {"rtsp.address", "127.0.0.1:0"}, {"http.address", "127.0.0.1:0"}}, flags...)
	t.Chdir(t.TempDir()) // no hindsight.yml of anybody's
	conf, err := Load("", nil, flags)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	a, err := New(Options{Config: conf, Log: slog.New(slog.NewTextHandler(&log, nil)), hardware: hw, patience: patience})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	eventually(t, "the recorder to do what is wanted", func() bool { return until(a) })
	cancel()
	select {
	case err = <-done:
	case <-time.After(time.Minute):
		t.Fatal("the recorder does not end")
	}
	if err != nil {
		t.Errorf("the recorder ended with %v", err)
	}
	return log.String()
}

// received reports whether the first camera has so many units.
func received(n int64) func(*Appliance) bool {
	return func(a *Appliance) bool {
		var all int64
		for _, u := range a.all()[0].tl.Status().Units {
			all += u
		}
		return all >= n
	}
}

// A device that hangs does not keep the program from ending, and what it gave
// before is on disk.
func TestHangingDeviceHoldsUpNobody(t *testing.T) {
	dir := t.TempDir()
	letGo := make(chan struct{})
	defer close(letGo)
	hw := &fakeHardware{run: func(string) func(context.Context, capture.Sink) error {
		return func(ctx context.Context, s capture.Sink) error {
			deliver := coded(5, &capture.Lost{})
			deliver(ctx, s) //nolint:errcheck // only its units matter
			<-letGo
			return nil
		}
	}}
	log := record(t, dir, hw, time.Millisecond, received(5), Flag{"video", "/dev/video0"}, Flag{"audio", "none"})
	if !strings.Contains(log, "a device does not let go") {
		t.Errorf("the log does not tell of the device:\n%s", log)
	}
	r, err := Check(dir)
	if err != nil || !r.Clean || r.Cameras["cam"].Units != 5 {
		t.Errorf("check: %v, %+v; want 5 units, clean", err, r)
	}
}

// The recording of a camera that is configured no more is there for retention,
// and is neither served nor harmed.
func TestFormerCamera(t *testing.T) {
	dir := t.TempDir()
	hw := &fakeHardware{run: func(string) func(context.Context, capture.Sink) error { return coded(3, nil) }}
	record(t, dir, hw, 0, received(3), Flag{"video", "/dev/video0"}, Flag{"audio", "none"})
	if err := os.Rename(filepath.Join(dir, "cam"), filepath.Join(dir, "old")); err != nil {
		t.Fatal(err)
	}
	record(t, dir, hw, 0, func(a *Appliance) bool {
		var shelves []string
		for _, s := range a.retention().shelves {
			shelves = append(shelves, s.camera)
		}
		if got := strings.Join(shelves, " "); got != "cam old" {
			t.Errorf("retention knows of %q, want cam and old", got)
		}
		if got := strings.Join(a.names(), " "); got != "cam" {
			t.Errorf("served are %q, want cam", got)
		}
		return received(3)(a)
	}, Flag{"video", "/dev/video0"}, Flag{"audio", "none"})
	r, err := Check(dir)
	if err != nil || !r.Clean || r.Cameras["old"].Units != 3 {
		t.Errorf("check: %v, %+v; want 3 units of the old camera, clean", err, r)
	}
}

// An operator who vouches for the clock does not take away the notice of sleep.
func TestVouchedClock(t *testing.T) {
	hw := &fakeHardware{run: untilEnd}
	for _, clock := range []string{"auto", "trusted"} {
		record(t, t.TempDir(), hw, 0, func(a *Appliance) bool {
			if _, trusted := a.clock.Wall(); clock == "trusted" && !trusted {
				t.Error("the clock that an operator vouches for is not trusted")
			}
			if a.awake == nil {
				t.Errorf("clock %s: sleep is not noticed", clock)
			}
			return true
		}, Flag{"video", "demo"}, Flag{"audio", "none"}, Flag{"clock", clock})
	}
}
