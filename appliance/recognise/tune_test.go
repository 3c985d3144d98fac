package recognise

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"hindsight/asr"
	"hindsight/asr/asrtest"
	"hindsight/media"
)

// policy is a process's scheduling policy; -1: it is gone.
func policy(pid int) int {
	a, err := unix.SchedGetAttr(pid, 0)
	if err != nil {
		return -1
	}
	return int(a.Policy)
}

// secondPid is the child that makes up for what is pending; 0: there is none.
func secondPid(s *Service) int {
	h := s.hearings("cam")[0]
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.second == nil {
		return 0
	}
	return h.second.listener.Status().Pid
}

// A recogniser is started as the tuning and the hearing say.
func TestConfig(t *testing.T) {
	for _, c := range []struct {
		name   string
		tune   Tune
		memory int64 // of the model
		load   float64
		idle   bool
		limit  int64 // of the child's memory
	}{
		{"nothing is said", Tune{}, 0, 0, false, 0},
		{"half as much again as the model needs", Tune{}, 400 * mb, 0, false, 600 * mb},
		{"the limit that is said", Tune{Memory: 300 * mb}, 400 * mb, 0, false, 300 * mb},
		{"a part of a core", Tune{Load: 0.3}, 0, 0.3, false, 0},
		{"what nobody else wants", Tune{Idle: true}, 0, 0, true, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := New(Options{Tune: c.tune, Child: asr.Setup{Engine: "scripted", OOM: 700}})
			model := media.Model{Name: "m", Hash: "00"}
			h := &hearing{s: s, log: s.log, Hearing: Hearing{Language: "de", Model: model, Dir: "/models/m", Memory: c.memory,
				Channel: asr.Right, Phrases: []string{"eins"}}}
			got := h.config(media.Track{ID: 7, Role: media.Main})
			if got.Load != c.load || got.Child.Idle != c.idle || got.Memory != c.limit {
				t.Errorf("load %v, idle %v, memory %d; want %v, %v, %d", got.Load, got.Child.Idle, got.Memory, c.load, c.idle, c.limit)
			}
			if got.Child.Engine != "scripted" || got.Child.OOM != 700 || got.Child.Model != "/models/m" {
				t.Errorf("child %+v", got.Child)
			}
			if k := got.Caption; k.Language != "de" || k.Model != model || k.Track != 7 || k.Role != media.Main {
				t.Errorf("captions are like %+v", k)
			}
			if got.Channel != asr.Right || len(got.Options.Phrases) != 1 || got.Options.Phrases[0] != "eins" {
				t.Errorf("channel %v, phrases %v", got.Channel, got.Options.Phrases)
			}
		})
	}
}

// Who makes up for the past gives way to everybody; who listens live does not.
func TestSecondGivesWay(t *testing.T) {
	r := newRig(t, nil)
	once := filepath.Join(t.TempDir(), "once")
	r.say(spoken[4], 3*time.Second) // the second hangs at it, so that it can be looked at
	r.speak(40, 3*time.Second)
	h := hearingOf(t, asrtest.Script{Faults: []asrtest.Fault{{Hz: spoken[4].Hz, Do: "hang", Once: once}}})
	s, _ := r.service(func(o *Options) { o.Child.Patience = time.Minute }, h)
	await(t, "the live one listens", func() bool { return status(s).State == Listening && status(s).Pid != 0 })
	await(t, "the second hangs", func() bool { _, err := os.Stat(once); return err == nil && secondPid(s) != 0 })
	live, second := status(s).Pid, secondPid(s)
	if got := policy(second); got != unix.SCHED_IDLE {
		t.Errorf("the second is scheduled by policy %d, want %d", got, unix.SCHED_IDLE)
	}
	if got := policy(live); got != unix.SCHED_NORMAL {
		t.Errorf("the live one is scheduled by policy %d, want %d", got, unix.SCHED_NORMAL)
	}
	r.speak(2, 3*time.Second)
	await(t, "live does not wait for it", func() bool {
		w := r.words("de")
		return len(w) > 0 && w[len(w)-1].Start > r.at-4*time.Second
	})
	if err := syscall.Kill(second, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	r.settled(s, 43)
	asrtest.Same(t, r.words("de"), r.truth, off)
	if st := status(s); st.Pid != live || st.Starts != 1 {
		t.Errorf("the live one did not go on: %+v, want pid %d", st, live)
	}
}

// What a recogniser is started with has it started anew when it changes, and
// nothing else has; no word is lost or doubled by it.
func TestTuneWhileListening(t *testing.T) {
	r := newRig(t, nil)
	s, _ := r.service(nil, hearingOf(t, asrtest.Script{}))
	await(t, "it listens", func() bool { return status(s).State == Listening && status(s).Pid != 0 })
	first := status(s).Pid
	r.speak(2, 3*time.Second)
	tune := Tune{MaxCelsius: 80, Oldest: true, Lag: 90 * time.Second}
	s.Tune(tune)
	r.speak(2, 3*time.Second)
	await(t, "they are kept", func() bool { return len(r.words("de")) == 4 })
	if st := status(s); st.Pid != first || st.Starts != 1 {
		t.Errorf("started anew for what it does not know of: %+v, want pid %d", st, first)
	}
	tune.Idle, tune.Load = true, 0.9
	s.Tune(tune)
	r.speak(3, 3*time.Second)
	await(t, "another one listens", func() bool { st := status(s); return st.State == Listening && st.Pid != 0 && st.Pid != first })
	if got := policy(status(s).Pid); got != unix.SCHED_IDLE {
		t.Errorf("it is scheduled by policy %d, want %d", got, unix.SCHED_IDLE)
	}
	r.speak(2, 3*time.Second)
	r.settled(s, 9)
	asrtest.Same(t, r.words("de"), r.truth, off)
}

// The live recogniser alone is in a hurry, and a change of that takes effect at once.
func TestFast(t *testing.T) {
	r := newRig(t, nil)
	r.quiet(time.Second)
	once := filepath.Join(t.TempDir(), "once")
	r.say(spoken[4], 3*time.Second) // the second hangs at it
	r.speak(40, 3*time.Second)
	h := hearingOf(t, asrtest.Script{Faults: []asrtest.Fault{{Hz: spoken[4].Hz, Do: "hang", Once: once}}})
	s, _ := r.service(func(o *Options) { o.Child.Patience, o.Tune.Fast = time.Minute, true }, h)
	runs := func(pid int, flag string) bool {
		b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
		return pid != 0 && err == nil && strings.Contains(string(b), flag)
	}
	await(t, "the second hangs, and is not in a hurry", func() bool {
		_, err := os.Stat(once)
		return err == nil && runs(secondPid(s), "-fast=false")
	})
	await(t, "the live one is", func() bool { return runs(status(s).Pid, "-fast=true") })
	s.Tune(Tune{})
	await(t, "the live one is no more", func() bool { return runs(status(s).Pid, "-fast=false") })
}
