package asr_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"hindsight/asr"
	"hindsight/asr/asrtest"
	"hindsight/media"
)

// Somewhat more than a minute of the demo source's words, killed in the middle of some of them:
// every word once, none invented, no start far from the truth.
func TestVoskKilledWhileItHears(t *testing.T) {
	pcm, truth := demo(t, 0, 70*time.Second)
	const start = 30 * 24 * time.Hour
	for i := range truth {
		truth[i].Start += start
	}
	l := asr.NewListener(asr.Config{
		Child: voskSetup(t), Options: asr.Options{Phrases: demoPhrases}, Again: time.Millisecond,
		RenewAt: 30 * time.Second, RenewBy: 45 * time.Second,
		Caption: media.Caption{Language: "ko"},
	})
	kills := []time.Duration{5200 * time.Millisecond, 26 * time.Second, 55700 * time.Millisecond}
	sound := &tape{pcm: pcm, rate: asr.Rate, start: start, chunk: 320, before: func(at time.Duration) {
		if len(kills) > 0 && at >= kills[0] {
			kills = kills[1:]
			if err := syscall.Kill(l.Status().Pid, syscall.SIGKILL); err != nil {
				t.Error(err)
			}
		}
	}}
	n := &notes{t: t}
	if err := l.Run(context.Background(), sound, n); err != nil {
		t.Fatal(err)
	}
	asrtest.Same(t, n.words(), truth, 350*time.Millisecond)
	if s := l.Status(); s.Starts != 4 {
		t.Errorf("%d children were started; told:\n%s", s.Starts, n.said())
	}
}

func TestVoskWithoutLibrary(t *testing.T) {
	_, model := voskFiles(t)
	missing := filepath.Join(t.TempDir(), "libvosk.so")
	empty := filepath.Join(t.TempDir(), "empty.so")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{missing, empty} {
		refused(t, asr.Setup{Library: path, Model: model}, asr.NoLibrary, path)
	}
	// It is a library, but another one.
	refused(t, asr.Setup{Library: "libc.so.6", Model: model}, asr.NoLibrary, "vosk_")
}

// refused checks that a child with this setup cannot be started, and says why.
func refused(t *testing.T, s asr.Setup, want asr.Reason, say string) {
	t.Helper()
	p, err := asr.Start(context.Background(), s)
	if err == nil {
		p.Close()
		t.Errorf("started; want %s", want)
		return
	}
	var f *asr.Fault
	if !errors.As(err, &f) || f.Reason != want || !strings.Contains(f.Text, say) || strings.Contains(f.Text, "\n") {
		t.Errorf("error %v, want %s, with %q in it", err, want, say)
	}
}

// like makes a model folder like the good one, of links, for a test to damage.
func like(t *testing.T, good string) string {
	t.Helper()
	bad := t.TempDir()
	err := filepath.WalkDir(good, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(good, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(bad, rel), 0o700)
		}
		return os.Symlink(path, filepath.Join(bad, rel))
	})
	if err != nil {
		t.Fatal(err)
	}
	return bad
}

// No fault of a model gets further than to a child that says so.
func TestVoskBrokenModels(t *testing.T) {
	library, good := voskFiles(t)
	refused(t, asr.Setup{Library: library, Model: filepath.Join(good, "nothing")}, asr.NoModel, "nothing")
	refused(t, asr.Setup{Library: library, Model: t.TempDir()}, asr.BrokenModel, "add the model again")
	for _, c := range []struct{ file, fault string }{
		{"am/final.mdl", "gone"}, {"am/final.mdl", "half"}, {"am/final.mdl", "empty"}, {"am/final.mdl", "overwritten"},
		{"conf/mfcc.conf", "gone"}, {"conf/model.conf", "overwritten"},
		{"graph/Gr.fst", "gone"}, {"graph/Gr.fst", "half"},
		{"graph/HCLr.fst", "gone"}, {"graph/HCLr.fst", "half"}, {"graph/HCLr.fst", "overwritten"},
		{"graph/disambig_tid.int", "gone"},
		{"ivector/final.dubm", "gone"}, {"ivector/final.ie", "gone"}, {"ivector/final.ie", "half"},
	} {
		t.Run(c.file+" "+c.fault, func(t *testing.T) {
			t.Parallel()
			bad := like(t, good)
			path := filepath.Join(bad, c.file)
			damage(t, path, c.fault)
			refused(t, asr.Setup{Library: library, Model: bad}, asr.BrokenModel, bad)
		})
	}
}

// damage replaces a link by a damaged copy of what it leads to.
func damage(t *testing.T, path, fault string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	size := int64(len(text))
	switch fault {
	case "gone":
		return
	case "half":
		text = text[:len(text)/2]
	case "empty":
		text = nil
	case "overwritten": // its first 2 MiB; the rest is a hole
		text = text[:min(len(text), 2<<20)]
		for i := range text {
			text[i] = byte(i*7 + i>>8)
		}
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if fault == "overwritten" {
		if err := os.Truncate(path, size); err != nil {
			t.Fatal(err)
		}
	}
}
