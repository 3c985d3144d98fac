package recognise

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"hindsight/asr/asrtest"
	"hindsight/media"
)

// zone makes a thermal zone below a fake sysfs root and returns how to set it, in degrees.
func zone(t *testing.T, system, name string) func(celsius float64) {
	t.Helper()
	dir := filepath.Join(system, "class", "thermal", name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return func(celsius float64) {
		next := filepath.Join(dir, "next")
		if err := os.WriteFile(next, fmt.Appendf(nil, "%d\n", int(celsius*1000)), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(next, filepath.Join(dir, "temp")); err != nil {
			t.Fatal(err)
		}
	}
}

// A machine that is too hot stops recognition until it is 5 degrees cooler;
// what was said meanwhile is pending with the reason, and made up for.
func TestTooHot(t *testing.T) {
	r := newRig(t, nil)
	system := t.TempDir()
	heat := zone(t, system, "thermal_zone1")
	zone(t, system, "thermal_zone0")(20)
	heat(60)
	s, _ := r.service(func(o *Options) { o.System = system; o.Tune.MaxCelsius = 80; o.Tune.Lag = 5 * time.Second }, hearingOf(t, asrtest.Script{}))
	await(t, "it listens", func() bool { return status(s).State == Listening && status(s).Pid != 0 })
	pid := status(s).Pid
	r.speak(2, 3*time.Second)
	heat(85)
	await(t, "it stops", func() bool { return status(s).State == TooHot })
	if p := status(s).Problem; !strings.Contains(p, "85 °C") || !strings.Contains(p, "80") || !strings.Contains(p, "75") {
		t.Errorf("problem %q", p)
	}
	await(t, "the child is gone", func() bool { return syscall.Kill(pid, 0) != nil })
	r.speak(30, 3*time.Second)
	await(t, "it is pending", func() bool {
		p := r.spans(media.HeardPending)
		return len(p) > 0 && strings.Contains(p[len(p)-1].Why, "85 °C")
	})
	heat(77) // below the limit, and not yet cool enough
	await(t, "it has seen that", func() bool { return strings.Contains(status(s).Problem, "77 °C") })
	if st := status(s); st.State != TooHot {
		t.Errorf("at 77: %s", st.State)
	}
	heat(74)
	r.settled(s, 32)
	asrtest.Same(t, r.words("de"), r.truth, off)
}

// A job waits for the machine to cool down, and does nothing twice.
func TestJobWhileTooHot(t *testing.T) {
	r := newRig(t, nil)
	system := t.TempDir()
	heat := zone(t, system, "thermal_zone0")
	heat(90)
	r.speak(10, 3*time.Second)
	h := hearingOf(t, asrtest.Script{})
	s, _ := r.service(func(o *Options) { o.System = system; o.Tune.MaxCelsius = 80 })
	await(t, "it is hot", func() bool { return s.heat.tooHot() != "" })
	j, err := s.Make(Request{Camera: "cam", Hearing: h, From: r.pos(0), To: r.pos(r.at)})
	if err != nil {
		t.Fatal(err)
	}
	await(t, "it has its turn", func() bool { return jobOf(s, j.ID).State == JobRunning })
	if n := len(r.words("de")); n > 0 {
		t.Errorf("%d words were captioned in the heat", n)
	}
	heat(50)
	await(t, "it is done", func() bool { return jobOf(s, j.ID).State == JobDone })
	asrtest.Same(t, r.words("de"), r.truth, off)
}

func TestHysteresis(t *testing.T) {
	var h heat
	for i, c := range []struct {
		celsius float64
		most    int
		hot     bool
	}{{79.9, 80, false}, {80, 80, true}, {79, 80, true}, {75.1, 80, true}, {75, 80, false}, {79, 80, false}, {90, 80, true}, {90, 0, false}, {90, 95, false}} {
		h.see(c.celsius, c.most)
		if got := h.tooHot() != ""; got != c.hot {
			t.Errorf("%d: %v of %d: %v", i, c.celsius, c.most, got)
		}
	}
}

func TestHottest(t *testing.T) {
	system := t.TempDir()
	if _, ok := hottest(system); ok {
		t.Error("a machine without zones has a temperature")
	}
	zone(t, system, "thermal_zone0")(41.5)
	zone(t, system, "thermal_zone1")(-274)
	zone(t, system, "thermal_zone2")(999)
	zone(t, system, "cooling_device0")(88)
	if err := os.WriteFile(filepath.Join(system, "class/thermal/thermal_zone1/temp"), []byte("hot\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, ok := hottest(system); !ok || c != 41.5 {
		t.Errorf("%v %v", c, ok)
	}
}

// What a model needs is asked for before it is started, and said in MB; live
// comes first, and what is pending waits for memory.
func TestMemory(t *testing.T) {
	r := newRig(t, nil)
	var free atomic.Int64
	free.Store(300 * mb)
	h := hearingOf(t, asrtest.Script{})
	h.Memory = 500 * mb
	r.speak(40, 3*time.Second)
	s, _ := r.service(func(o *Options) {
		o.Available = func() (int64, error) { return free.Load(), nil }
		o.Tune.Lag = 5 * time.Second
	}, h)
	await(t, "it says so", func() bool { return status(s).State == NoMemory })
	if p := status(s).Problem; !strings.Contains(p, "500 MB") || !strings.Contains(p, "300 MB") || !strings.Contains(p, "scripted-1") {
		t.Errorf("problem %q", p)
	}
	await(t, "it is pending", func() bool {
		p := r.spans(media.HeardPending)
		return len(p) > 0 && strings.Contains(p[0].Why, "500 MB")
	})
	// Room for one: live. The first look finds so much, later ones do not.
	var looks atomic.Int64
	s.room.Lock()
	s.o.Available = func() (int64, error) {
		if looks.Add(1) == 1 {
			return 600 * mb, nil
		}
		return free.Load(), nil
	}
	s.room.Unlock()
	await(t, "it listens", func() bool { return status(s).State == Listening })
	await(t, "it says what it wants", func() bool { return strings.Contains(status(s).Problem, "a second time") })
	r.speak(2, 3*time.Second)
	await(t, "live goes on", func() bool { return len(r.words("de")) >= 2 })
	if st := status(s); st.Pending < 100*time.Second {
		t.Errorf("pending %v", st.Pending)
	}
	free.Store(2000 * mb)
	r.settled(s, 42)
	asrtest.Same(t, r.words("de"), r.truth, off)
}

// A recogniser that is too slow leaves a stretch for later, and goes on live.
func TestTooFarBehind(t *testing.T) {
	r := newRig(t, nil)
	var free atomic.Int64
	free.Store(2000 * mb)
	h := hearingOf(t, asrtest.Script{})
	h.Memory = 500 * mb
	s, _ := r.service(func(o *Options) {
		o.Available = func() (int64, error) { return free.Load(), nil }
		o.Tune.Lag = 5 * time.Second
		o.Child.Patience = time.Minute
	}, h)
	await(t, "it listens", func() bool { return status(s).State == Listening && status(s).Pid != 0 })
	r.speak(3, 3*time.Second)
	await(t, "they are kept", func() bool { return len(r.words("de")) == 3 })
	free.Store(0) // for the second
	pid := status(s).Pid
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	r.speak(20, 3*time.Second)
	if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	await(t, "it gives up on what lies between, and is at the live end", func() bool {
		var sum time.Duration
		for _, p := range r.spans(media.HeardPending) {
			if sum += p.Until - p.From; p.Why == "" {
				t.Fatalf("pending without why: %+v", p)
			}
		}
		return sum > 30*time.Second && status(s).Behind == 0
	})
	r.speak(1, 3*time.Second)
	await(t, "live goes on", func() bool {
		w := r.words("de")
		return len(w) > 0 && w[len(w)-1].Start > r.at-4*time.Second
	})
	if n := len(r.words("de")); n >= len(r.truth) {
		t.Errorf("%d words are kept of %d: nothing was left for later", n, len(r.truth))
	}
	if st := status(s); st.Pid != pid || st.Starts != 1 {
		t.Errorf("another child: %+v", st)
	}
	free.Store(2000 * mb)
	r.settled(s, len(r.truth))
	asrtest.Same(t, r.words("de"), r.truth, off)
}
