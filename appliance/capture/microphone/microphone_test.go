package microphone

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"hindsight/appliance/capture"
	"hindsight/media"
)

// sink remembers what it was given, and calls then after each piece.
type sink struct {
	mu     sync.Mutex
	sounds []media.Sound
	then   func(n int)
}

func (s *sink) Sound(x media.Sound) {
	s.mu.Lock()
	s.sounds = append(s.sounds, x)
	n := len(s.sounds)
	s.mu.Unlock()
	if s.then != nil {
		s.then(n)
	}
}

func (s *sink) Dropped(media.Kind, string)    {}
func (s *sink) Picture(media.Picture)         { panic("a microphone has no pictures") }
func (s *sink) Coded(media.Track, media.Unit) { panic("a microphone has no coded units") }

func lostBy(t *testing.T, m *Source, s capture.Sink) *capture.Lost {
	t.Helper()
	var lost *capture.Lost
	if err := m.Run(t.Context(), s); !errors.As(err, &lost) {
		t.Fatalf("Run ended with %v, want a *capture.Lost", err)
	}
	if lost.Kind != media.Audio || lost.Reason != media.MicrophoneLost {
		t.Errorf("lost %v, %v; want sound, microphone lost", lost.Kind, lost.Reason)
	}
	return lost
}

// until runs the source until n pieces came.
func until(t *testing.T, m *Source, n int) []media.Sound {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	got := &sink{then: func(have int) {
		if have == n {
			cancel()
		}
	}}
	if err := m.Run(ctx, got); err != nil {
		t.Fatalf("Run: %v", err)
	}
	return got.sounds
}

func TestRunHandsOverSoundWithItsTime(t *testing.T) {
	for _, c := range []struct {
		device         string
		rate, channels int
	}{
		{"auto", 48000, 2},
		{"usb", 16000, 1}, // takes nothing else
	} {
		t.Run(c.device, func(t *testing.T) {
			t.Setenv("MICROPHONE_STANDIN", "works")
			begin := media.SystemClock{}.Boot()
			sounds := until(t, New(Options{Device: c.device}), 20)
			now := media.SystemClock{}.Boot()
			for i, x := range sounds {
				if x.Rate != c.rate || x.Channels != c.channels || len(x.Samples) != c.rate/blocks*c.channels {
					t.Fatalf("piece %d: %d Hz, %d channels, %d samples", i, x.Rate, x.Channels, len(x.Samples))
				}
				if x.LostHere == 0 && x.Samples[0] != int16(i+1) {
					t.Errorf("piece %d holds block %d", i, x.Samples[0])
				}
				if x.At < begin-20*ms || x.At > now {
					t.Errorf("piece %d was heard at %v, the test ran from %v to %v", i, x.At, begin, now)
				}
			}
		})
	}
}

func TestRunCountsWhatTheDriverLost(t *testing.T) {
	t.Setenv("MICROPHONE_STANDIN", "loses")
	var lost time.Duration
	for _, x := range until(t, New(Options{}), 60) {
		lost += time.Duration(x.LostHere) * time.Second / time.Duration(x.Rate)
	}
	// The stand-in's own clock is that of a busy machine: it may lose more.
	if lost < 190*ms {
		t.Errorf("%v counted as lost, want 200 ms", lost)
	}
}

func TestRunSaysWhyTheMicrophoneIsLost(t *testing.T) {
	for _, c := range []struct {
		behaviour, device string
		text              string
		came              bool
	}{
		{"dies", "auto", "default: Input/output error", true},
		{"dies without a word", "auto", "default: input/output error", true},
		{"hangs", "auto", "the sound card or the sound server hangs", true},
		{"hangs at once", "auto", "no sound for 5s: the sound card or the sound server hangs", false},
		{"crashes", "auto", "fatal error: unexpected signal (exit status 2)", false},
		{"no library", "auto", "start PortAudio: it will not", false},
		{"refuses", "auto", "default cannot be opened", false},
		{"works", "nonesuch", `no microphone is named "nonesuch"; there are: HDA Intel: ALC257, USB Audio: Mic, default`, false},
		{"works", "hdmi", "HDA Intel: HDMI 0 does not record, or is busy", false},
	} {
		t.Run(c.behaviour+" "+c.device, func(t *testing.T) {
			t.Setenv("MICROPHONE_STANDIN", c.behaviour)
			begin := media.SystemClock{}.Boot()
			m := New(Options{Device: c.device})
			if strings.HasPrefix(c.behaviour, "hangs") {
				m.opening, m.reading = 5*time.Second, 500*ms
			} else {
				m.opening, m.reading = time.Minute, time.Minute
			}
			got := &sink{}
			lost := lostBy(t, m, got)
			if !strings.Contains(lost.Error(), c.text) {
				t.Errorf("lost: %v; want %q in it", lost, c.text)
			}
			if c.came != (lost.Since > begin) || c.came != (len(got.sounds) > 0) {
				t.Errorf("lost since %v after %d pieces; the run began at %v", lost.Since, len(got.sounds), begin)
			}
		})
	}
}

func TestRunWithoutAnExecutable(t *testing.T) {
	lost := lostBy(t, New(Options{Executable: "/nonexistent/program"}), &sink{})
	if !strings.Contains(lost.Error(), "/nonexistent/program") {
		t.Errorf("lost: %v", lost)
	}
	// A program that is none of ours.
	lost = lostBy(t, New(Options{Executable: "/bin/echo"}), &sink{})
	if !errors.Is(lost, errWire) {
		t.Errorf("lost: %v, want %v", lost, errWire)
	}
}

func TestList(t *testing.T) {
	t.Setenv("MICROPHONE_STANDIN", "works")
	devices, err := List(t.Context(), "")
	if err != nil || len(devices) != 3 {
		t.Fatalf("%+v, %v; want three that record", devices, err)
	}
	for i, want := range []string{
		"HDA Intel: ALC257 (hw:90,0)|HDA Intel: ALC257|false [{S16 0 0 [48000 44100 32000 16000 8000] 2}]",
		"USB Audio: Mic (hw:91,0)|USB Audio: Mic|false [{S16 0 0 [16000] 1}]",
		"default|default|true [{S16 0 0 [48000] 2}]",
	} {
		d := devices[i]
		if d.Kind != media.Audio || d.Driver != "portaudio" || d.Problem != "" {
			t.Errorf("device %d: %+v", i, d)
		}
		if got := fmt.Sprintf("%s|%s|%t %v", d.Name, d.Address, d.Default, d.Modes); got != want {
			t.Errorf("device %d: %s\nwant %s", i, got, want)
		}
	}
}

func TestListSaysWhyThereIsNone(t *testing.T) {
	for behaviour, text := range map[string]string{
		"no library": "list microphones: start PortAudio: it will not",
		"crashes":    "list microphones: fatal error: unexpected signal (exit status 2)",
	} {
		t.Setenv("MICROPHONE_STANDIN", behaviour)
		if _, err := List(t.Context(), ""); err == nil || err.Error() != text {
			t.Errorf("%s: %v, want %s", behaviour, err, text)
		}
	}
	t.Setenv("MICROPHONE_STANDIN", "hangs at once")
	ctx, cancel := context.WithTimeout(t.Context(), 50*ms)
	defer cancel()
	if _, err := List(ctx, ""); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("hanging: %v, want the context's error", err)
	}
}
