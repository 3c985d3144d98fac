package asr_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"hindsight/asr"
)

// finals are how long after the ends of words the recogniser decides, in sound that it hears.
func finals(t *testing.T, s asr.Setup) []time.Duration {
	t.Helper()
	pcm, words := demo(t, 0, 40*time.Second)
	r, err := start(t, s).New(asr.Options{Phrases: demoPhrases})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var late []time.Duration
	for n := 0; n+asr.PieceLen <= len(pcm) && len(late) < len(words); n += asr.PieceLen {
		a, err := r.Feed(pcm[n : n+asr.PieceLen])
		if err != nil {
			t.Fatal(err)
		}
		if !a.Final || len(a.Words) == 0 {
			continue
		}
		if len(a.Words) != 1 || a.Words[0].Text != words[len(late)].Text {
			t.Fatalf("word %d is %v, want %s", len(late), a.Words, words[len(late)].Text)
		}
		late = append(late, time.Duration(n+asr.PieceLen)*time.Second/asr.Rate-words[len(late)].End)
	}
	return late
}

func TestFastIsSooner(t *testing.T) {
	setup := voskSetup(t)
	normal := finals(t, setup)
	setup.Fast = true
	temp := t.TempDir()
	setup.Env = []string{"TMPDIR=" + temp}
	fast := finals(t, setup)
	if len(normal) < 3 || len(fast) != len(normal) {
		t.Fatalf("%d and %d words", len(normal), len(fast))
	}
	for i := range fast {
		if sooner := normal[i] - fast[i]; sooner < 150*time.Millisecond || fast[i] > 900*time.Millisecond {
			t.Errorf("word %d is final %v after its end, and %v with the fast rules", i, normal[i], fast[i])
		}
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// A model that keeps no rules is loaded as it is; one that is not there is no model.
func TestFastWithoutRules(t *testing.T) {
	library, good := voskFiles(t)
	old := like(t, good)
	if err := os.Remove(filepath.Join(old, "conf", "model.conf")); err != nil {
		t.Fatal(err)
	}
	refused(t, asr.Setup{Library: library, Model: old, Fast: true}, asr.BrokenModel, old) // for libvosk it must have them
	refused(t, asr.Setup{Library: library, Model: filepath.Join(good, "nothing"), Fast: true}, asr.NoModel, "nothing")
	refused(t, asr.Setup{Library: library, Model: good, Fast: true, Env: []string{"TMPDIR=/nonexistent"}}, asr.BrokenModel, "/nonexistent")
}
