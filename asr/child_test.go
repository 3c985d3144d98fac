package asr_test

import (
	"bytes"
	"context"
	"errors"
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
)

func TestChildSaysWhyItEnds(t *testing.T) {
	file := tones.File(t)
	for _, c := range []struct {
		name, args, in string
		code           int
		out, err       string
	}{
		{"end of input", "-engine scripted -model " + file, "", 0, `{"hello":1}`, ""},
		{"a hearing", "-engine scripted -model " + file, "N\x02\x00\x00\x00{}P\x04\x00\x00\x00abcdF\x00\x00\x00\x00", 0,
			"{\"hello\":1}\n{\"ok\":true}\n{\"partial\":\"\"}\n{\"final\":[]}", ""},
		{"words", "-engine scripted -model " + file, "W\x0f\x00\x00\x00[\"eins\",\"vier\"]", 0, `{"lacks":["vier"]}`, ""},
		{"unknown engine", "-engine parrot", "", 1, `{"fault":"no engine","text":"this program has no speech engine \"parrot\""}`, "parrot"},
		{"no model", "-engine scripted -model /nonexistent", "", 1, `{"fault":"no model","text":"there is no speech model: `, "/nonexistent"},
		{"no library", "-library /nonexistent.so", "", 1, `{"fault":"no library","text":"libvosk cannot be used, so there are no captions: /nonexistent.so: `, ""},
		{"bad phrases", "-engine scripted -model " + file, "N\x14\x00\x00\x00{\"Phrases\":[\"vier\"]}", 1, `{"fault":"bad phrases"`, "vier"},
		{"sound before a hearing", "-engine scripted -model " + file, "P\x00\x00\x00\x00", 1, "", "before a hearing was begun"},
		{"sound after its end", "-engine scripted -model " + file, "N\x02\x00\x00\x00{}F\x00\x00\x00\x00P\x00\x00\x00\x00", 1, "", "before a hearing was begun"},
		{"no request", "-engine scripted -model " + file, "hello", 1, "", "unknown kind 'h'"},
		{"options that are none", "-engine scripted -model " + file, "N\x01\x00\x00\x00x", 1, "", "request for a hearing"},
		{"unknown flag", "-colour red", "", 2, "", "not for people"},
		{"an argument", "hello", "", 2, "", "not for people"},
	} {
		var out, err bytes.Buffer
		code := asrtest.Child(strings.Fields(c.args), strings.NewReader(c.in), &out, &err)
		if code != c.code || !strings.Contains(out.String(), c.out) || !strings.Contains(err.String(), c.err) {
			t.Errorf("%s: code %d, output %q, error %q", c.name, code, out.String(), err.String())
		}
	}
}

func TestProcessHasLowPriority(t *testing.T) {
	s := scriptedSetup(t, tones)
	s.Nice, s.OOM, s.Idle = 7, 600, true
	p := start(t, s)
	proc := filepath.Join("/proc", strconv.Itoa(p.Pid()))
	own, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
	if err != nil {
		t.Fatal(err)
	}
	threads, err := os.ReadDir(filepath.Join(proc, "task"))
	if err != nil {
		t.Fatal(err)
	}
	for _, th := range threads {
		tid, _ := strconv.Atoi(th.Name())
		nice, err := unix.Getpriority(unix.PRIO_PROCESS, tid)
		if want := max(own-7, 1); err != nil || nice != want { // 20 - nice
			t.Errorf("thread %d has nice %d, want %d; %v", tid, 20-nice, 20-want, err)
		}
		policy, err := unix.SchedGetAttr(tid, 0)
		if err != nil || policy.Policy != unix.SCHED_IDLE {
			t.Errorf("thread %d has policy %+v, %v", tid, policy, err)
		}
	}
	if text, err := os.ReadFile(filepath.Join(proc, "oom_score_adj")); err != nil || strings.TrimSpace(string(text)) != "600" {
		t.Errorf("oom_score_adj is %q, %v", text, err)
	}
	env, err := os.ReadFile(filepath.Join(proc, "environ"))
	if err != nil || !strings.Contains(string(env), "MALLOC_ARENA_MAX=1\x00") {
		t.Errorf("environment %q, %v", env, err)
	}
	if now, err := unix.Getpriority(unix.PRIO_PROCESS, 0); err != nil || now != own {
		t.Errorf("this process's own nice has changed from %d to %d", 20-own, 20-now)
	}
}

func TestProcessEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	p, err := asr.Start(ctx, scriptedSetup(t, tones))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	r, err := p.New(asr.Options{})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	for err == nil {
		_, err = r.Feed(make([]int16, 100))
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if err := syscall.Kill(p.Pid(), 0); err == nil {
		t.Error("the child still lives")
	}
}

func TestProcessThatCannotStart(t *testing.T) {
	for _, c := range []struct {
		name  string
		setup asr.Setup
		want  asr.Reason
		say   string
	}{
		{"no program", asr.Setup{Program: "/nonexistent/hindsight"}, asr.Died, "/nonexistent/hindsight"},
		{"another program", asr.Setup{Program: "/bin/echo", Args: []string{}}, asr.Garbled, "no answer"},
		{"a program that ends", asr.Setup{Program: "/bin/false", Args: []string{}}, asr.BrokenModel, "exit status 1"},
		{"a program that says nothing", asr.Setup{Program: "/bin/sh", Args: []string{"-c", "exec sleep 600"}, Loading: 50 * time.Millisecond}, asr.Hung, "no answer for"},
		{"another version", asr.Setup{Program: "/bin/sh", Args: []string{"-c", `echo '{"hello":2}'`}}, asr.Garbled, "another version"},
		{"a crash while loading", scriptedSetup(t, asrtest.Script{Crash: "abort"}), asr.BrokenModel, "add it again (ASSERTION_FAILED: as the script wants it (SIGABRT: abort"},
		{"killed while loading", asr.Setup{Program: "/bin/sh", Args: []string{"-c", "kill -9 $$"}}, asr.Died, "signal: killed"},
		{"endless talk", asr.Setup{Program: "/bin/sh", Args: []string{"-c", "yes | tr -d '\\n'"}}, asr.Garbled, "more than an answer can be"},
	} {
		t.Run(c.name, func(t *testing.T) { refused(t, c.setup, c.want, c.say) })
	}
}

// states waits in the background until the listener is in a state with a
// reason, and then ends it.
func until(t *testing.T, l *asr.Listener, cancel func(), state asr.State, reason asr.Reason) {
	go func() {
		defer cancel()
		for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
			if s := l.Status(); s.State == state && s.Reason == reason {
				return
			}
		}
		t.Errorf("it never was %s (%s)", state, reason)
	}()
}

// silent is a Sound that never comes.
func silent(ctx context.Context) (asr.Chunk, error) {
	<-ctx.Done()
	return asr.Chunk{}, ctx.Err()
}

// What is wrong is said before there is any sound, and tried again for ever.
func TestListenerSaysWhatIsMissing(t *testing.T) {
	for _, c := range []struct {
		name   string
		config func(*asr.Config)
		want   asr.Reason
		say    string
	}{
		{"model", func(c *asr.Config) { c.Child.Model = "/nonexistent/model" }, asr.NoModel, "/nonexistent/model"},
		{"library", func(c *asr.Config) { c.Child.Engine, c.Child.Library = "", "/nonexistent.so" }, asr.NoLibrary, "/nonexistent.so"},
		{"phrases", func(c *asr.Config) { c.Options.Phrases = []string{"vier"} }, asr.BadPhrases, "vier"},
		{"memory", func(c *asr.Config) { c.Memory = 1e6 }, asr.Memory, "allow more, or use a smaller model"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := config(t, tones)
			c.config(&cfg)
			l := asr.NewListener(cfg)
			ctx, cancel := context.WithCancel(context.Background())
			until(t, l, cancel, asr.Waiting, c.want)
			n := &notes{t: t}
			if err := l.Run(ctx, soundFunc(silent), n); !errors.Is(err, context.Canceled) {
				t.Errorf("run: %v", err)
			}
			if !strings.Contains(n.said(), c.say) {
				t.Errorf("told:\n%s", n.said())
			}
		})
	}
}

// A model that is taken away while in use is used on; when the child dies it is
// missed, and when it is there again nothing has been lost.
func TestListenerModelComesBack(t *testing.T) {
	pcm, truth := long(6, 0)
	cfg := config(t, tones)
	l := asr.NewListener(cfg)
	away := cfg.Child.Model + ".away"
	sound := &tape{pcm: pcm, rate: asr.Rate, chunk: 320, before: func(at time.Duration) {
		switch at {
		case 3 * time.Second:
			if err := os.Rename(cfg.Child.Model, away); err != nil {
				t.Error(err)
			}
		case 7600 * time.Millisecond: // in a word
			if err := syscall.Kill(l.Status().Pid, syscall.SIGKILL); err != nil {
				t.Error(err)
			}
			until(t, l, func() {
				if err := os.Rename(away, cfg.Child.Model); err != nil {
					t.Error(err)
				}
			}, asr.Waiting, asr.NoModel)
		}
	}}
	n := &notes{t: t}
	if err := l.Run(context.Background(), sound, n); err != nil {
		t.Fatal(err)
	}
	asrtest.Same(t, n.words(), truth, off)
	whole(t, n, 0, 20*time.Second)
}

// At its limit of memory the child is renewed in the next pause, and that is no fault.
func TestListenerRenewsAChildAtItsMemoryLimit(t *testing.T) {
	pcm, truth := long(6, 0)
	asrtest.Tone(pcm, asr.Rate, 3000, 6*time.Second, 100*time.Millisecond) // 40 MiB
	s := tones
	s.Memory = 200e6
	s.Faults = []asrtest.Fault{{Hz: 3000, Do: "grow", Once: filepath.Join(t.TempDir(), "once")}}
	for i := range 9 { // with each 10 ms of the tone but the first
		f := s.Faults[0]
		f.Once += strconv.Itoa(i)
		s.Faults = append(s.Faults, f)
	}
	cfg := config(t, s)
	cfg.Memory = resident(t, start(t, cfg.Child).Pid()) + 20e6
	l := asr.NewListener(cfg)
	n := &notes{t: t}
	if err := l.Run(context.Background(), &tape{pcm: pcm, rate: asr.Rate, chunk: 320}, n); err != nil {
		t.Fatal(err)
	}
	asrtest.Same(t, n.words(), truth, off)
	whole(t, n, 0, 20*time.Second)
	if l.Status().Starts != 2 || !strings.Contains(n.said(), "starting (memory) the recogniser reached its memory limit of ") {
		t.Errorf("%d children; told:\n%s", l.Status().Starts, n.said())
	}
}

// resident is how much memory a process uses, from the kernel.
func resident(t *testing.T, pid int) int64 {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "statm"))
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.ParseInt(strings.Fields(string(text))[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}
