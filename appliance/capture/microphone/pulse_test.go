//go:build hardware

package microphone

import (
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"hindsight/build/guest"
	"hindsight/media"
)

// server starts a private sound server and lets the children of this test use it.
func server(t *testing.T) *guest.Pulse {
	t.Helper()
	p := guest.StartPulse(t, t.TempDir())
	for _, e := range p.Env() {
		name, value, _ := strings.Cut(e, "=")
		t.Setenv(name, value)
	}
	return p
}

// playPulse plays a sine into what the microphone hears.
func playPulse(t *testing.T, hz string) {
	t.Helper()
	sox := exec.Command("sox", "-q", "-n", "-r", "48000", "-c", "2", "-b", "16", "-t", "wav", "-", "synth", "60", "sine", hz, "gain", "-6")
	paplay := exec.Command("paplay", "--device=test", "/dev/stdin")
	var err error
	if paplay.Stdin, err = sox.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	for _, cmd := range []*exec.Cmd{sox, paplay} {
		if err := cmd.Start(); err != nil {
			t.Fatalf("%v (Debian packages sox and pulseaudio-utils)", err)
		}
		t.Cleanup(func() {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		})
	}
}

func TestPulseIsListedAndIsAuto(t *testing.T) {
	server(t)
	devices, err := List(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range devices {
		if d.Name == "pulse" && d.Default && d.Problem == "" && len(d.Modes) == 1 && d.Modes[0].Channels == 2 && d.Modes[0].Rates[0] == 48000 {
			return
		}
	}
	t.Errorf("pulse is not the default: %+v", devices)
}

func TestPulseRecordsWhatIsPlayed(t *testing.T) {
	server(t)
	playPulse(t, "440")
	clean(t, 3*time.Second, func() []media.Sound {
		r := listen(t, New(Options{}))
		r.wait(5 * time.Second)
		return r.sounds()
	})
}

// TestPulseStampsSayWhenItWasHeard plays a beep at a known time.
func TestPulseStampsSayWhenItWasHeard(t *testing.T) {
	server(t)
	r := listen(t, New(Options{}))
	r.wait(time.Second)
	begin := media.SystemClock{}.Boot()
	// Half a second of silence, then the tone.
	beep := exec.Command("sh", "-c", "sox -q -n -r 48000 -c 2 -b 16 -t raw - synth 0.5 sine 440 gain -6 pad 0.5 0.5 | paplay --raw --rate=48000 --channels=2 --format=s16le --latency-msec=20 --device=test")
	if out, err := beep.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	end := media.SystemClock{}.Boot()
	r.wait(r.length() + time.Second)
	var heard time.Duration
	for _, s := range r.sounds() {
		for i := 0; i < len(s.Samples) && heard == 0; i += s.Channels {
			if s.Samples[i] > 3000 {
				heard = s.At + time.Duration(i/s.Channels)*time.Second/time.Duration(s.Rate)
			}
		}
	}
	// It began half a second after the program, which took a moment to start, and
	// a second before the program's end.
	if heard < begin+450*time.Millisecond || heard > end-800*time.Millisecond {
		t.Errorf("heard at %v, played between %v and %v", heard, begin+500*time.Millisecond, end-time.Second)
	}
}

func TestPulseKilledAndStartedAgain(t *testing.T) {
	folder := t.TempDir()
	p := guest.StartPulse(t, folder)
	for _, e := range p.Env() {
		name, value, _ := strings.Cut(e, "=")
		t.Setenv(name, value)
	}
	m := New(Options{Device: "pulse"})
	r := listen(t, m)
	r.wait(time.Second)
	before := media.SystemClock{}.Boot()
	p.Kill()
	if lost := r.lost(); lost.Since > before+5*time.Second || lost.Since < before-5*time.Second {
		t.Errorf("lost since %v, the server was killed at %v", lost.Since, before)
	}
	if lost := lostBy(t, m, &sink{}); lost.Since != 0 {
		t.Errorf("without a server: %v since %v", lost, lost.Since)
	}
	guest.StartPulse(t, folder)
	back(t, m)
}

func TestPulseFrozen(t *testing.T) {
	p := server(t)
	m := New(Options{})
	r := listen(t, m)
	r.wait(time.Second)
	if err := p.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if lost := r.lost(); !strings.Contains(lost.Error(), "hangs") {
		t.Errorf("lost: %v", lost)
	}
	m.opening = 2 * time.Second
	if lost := lostBy(t, m, &sink{}); !strings.Contains(lost.Error(), "hangs") {
		t.Errorf("while it is frozen: %v", lost)
	}
	if err := p.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	m.opening = openPatience
	back(t, m)
}

// TestPulseHeldUp freezes the server for less than it takes to give up: the
// sound goes on, and with what is counted as lost it is as long as the time.
func TestPulseHeldUp(t *testing.T) {
	p := server(t)
	m := New(Options{})
	m.reading = patience
	r := listen(t, m)
	r.asLongAsTime(func() {
		if err := p.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		time.Sleep(1200 * time.Millisecond)
		if err := p.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
	})
	r.sounds()
}
