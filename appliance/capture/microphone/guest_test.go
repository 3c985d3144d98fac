//go:build guest

package microphone

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"hindsight/media"
)

// These run as root in the guest of hardware_test.go and nowhere else. The sound
// card has two ends: what programs play into one is recorded from the other.

const near = "loopback: pcm (hw:7,0)" // the first of the card, whatever its number; programs play into the second

// source has the patience that a machine under emulation needs.
func source(device string) *Source {
	m := New(Options{Device: device})
	m.opening, m.reading = patience, patience
	return m
}

// play plays a sine into the card's other end.
func play(t *testing.T, rate, channels int, hz float64) *exec.Cmd {
	t.Helper()
	file := filepath.Join(t.TempDir(), "tone.wav")
	sox := exec.Command("sox", "-q", "-n", "-r", fmt.Sprint(rate), "-c", fmt.Sprint(channels), "-b", "16", file, "synth", "40", "sine", fmt.Sprint(hz), "gain", "-6")
	if out, err := sox.CombinedOutput(); err != nil {
		t.Fatalf("sox: %v: %s", err, out)
	}
	aplay := exec.Command("aplay", "-q", "-D", "hw:Loopback,1,0", "--buffer-time=1000000", file)
	aplay.Stderr = os.Stderr
	if err := aplay.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stopped(aplay) })
	// The end that is opened first decides the rate of both.
	for late := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		status, _ := os.ReadFile("/proc/asound/Loopback/pcm1p/sub0/status")
		if strings.Contains(string(status), "RUNNING") {
			return aplay
		}
		if time.Now().After(late) {
			t.Fatalf("nothing is played: %s", status)
		}
	}
}

func TestGuestListsTheCard(t *testing.T) {
	devices, err := list(t.Context(), "", patience)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, d := range devices {
		names = append(names, d.Name)
		if strings.HasPrefix(d.Name, "Loopback: PCM (hw:0,0") {
			if d.Problem != "" || d.Address != "Loopback: PCM (hw:0,0)" || len(d.Modes) != 1 || d.Modes[0].Channels != 2 || d.Modes[0].Rates[0] != 48000 {
				t.Errorf("%+v", d)
			}
			return
		}
	}
	t.Errorf("devices %q", names)
}

func TestGuestRecordsWhatIsPlayed(t *testing.T) {
	for _, c := range []struct{ rate, channels int }{{48000, 2}, {16000, 1}} {
		t.Run(fmt.Sprint(c.rate, "/", c.channels), func(t *testing.T) {
			clean(t, 4*time.Second, func() []media.Sound {
				aplay := play(t, c.rate, c.channels, 440)
				defer stopped(aplay)
				r := listen(t, source(near))
				r.wait(5 * time.Second)
				sounds := r.sounds()
				if s := sounds[0]; s.Rate != c.rate || s.Channels != c.channels {
					t.Errorf("recorded at %d Hz, %d channels", s.Rate, s.Channels)
				}
				return sounds
			})
		})
	}
}

// stopped ends a player and lets it leave the card.
func stopped(cmd *exec.Cmd) {
	if cmd.ProcessState == nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
}

func TestGuestLossIsCounted(t *testing.T) {
	play(t, 48000, 2, 440)
	m := source(near)
	r := listen(t, m)
	r.asLongAsTime(func() {
		for _, pid := range children(t) {
			_ = syscall.Kill(pid, syscall.SIGSTOP)
		}
		time.Sleep(1600 * time.Millisecond) // the card's buffer holds one second
		for _, pid := range children(t) {
			_ = syscall.Kill(pid, syscall.SIGCONT)
		}
	})
	r.sounds()
	if lost := r.lostSoFar(); lost < 300*time.Millisecond {
		t.Errorf("%v counted as lost of 1.6 s without a reader", lost)
	}
}

// children are the processes of this binary that record.
func children(t *testing.T) (pids []int) {
	t.Helper()
	commands, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range commands {
		line, _ := os.ReadFile(path)
		if strings.Contains(string(line), "\x00"+Command+"\x00") {
			var pid int
			if _, err := fmt.Sscanf(path, "/proc/%d/", &pid); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	if len(pids) == 0 {
		t.Fatal("no child records")
	}
	return pids
}

func TestGuestSaysWhoHoldsTheCard(t *testing.T) {
	arecord := exec.Command("arecord", "-q", "-D", "hw:Loopback,0,0", "-f", "S16_LE", "-r", "48000", "-c", "2", "/dev/null")
	if err := arecord.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = arecord.Process.Kill()
		_ = arecord.Wait()
	}()
	want := fmt.Sprintf("busy: arecord (process %d) uses it", arecord.Process.Pid)
	for end := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		devices, err := list(t.Context(), "", patience)
		if err != nil {
			t.Fatal(err)
		}
		var problem string
		for _, d := range devices {
			if strings.HasPrefix(d.Name, "Loopback: PCM (hw:0,0") {
				problem = d.Problem
			}
		}
		if problem == want {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("problem %q, want %q", problem, want)
		}
	}
	lost := lostBy(t, source("Loopback: PCM (hw:0,0)"), &sink{})
	if !strings.Contains(lost.Error(), want) {
		t.Errorf("lost: %v, want %q", lost, want)
	}
}

func TestGuestUnplugged(t *testing.T) {
	aplay := play(t, 48000, 2, 440)
	m := source(near)
	m.reading = readPatience
	r := listen(t, m)
	r.wait(time.Second)
	driver := func(action string) {
		if err := os.WriteFile("/sys/bus/platform/drivers/snd_aloop/"+action, []byte("snd_aloop.0"), 0o200); err != nil {
			t.Errorf("%s: %v", action, err)
		}
	}
	unbound := make(chan struct{})
	go func() { // returns when nobody uses the card any more
		defer close(unbound)
		driver("unbind")
	}()
	if lost := r.lost(); lost.Since == 0 {
		t.Errorf("lost: %v since %v", lost, lost.Since)
	}
	stopped(aplay)
	select {
	case <-unbound:
	case <-time.After(patience):
		t.Fatal("the card is still in use")
	}
	lostBy(t, m, &sink{})
	driver("bind")
	play(t, 48000, 2, 440)
	back(t, m)
}
