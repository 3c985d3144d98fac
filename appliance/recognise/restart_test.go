package recognise

import (
	"cmp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/asr/asrtest"
	"hindsight/media"
	"hindsight/store"
)

// wordsOf are the words of one run that are kept in a language, by time.
func (r *rig) wordsOf(run media.Run, language string) []media.Word {
	r.t.Helper()
	cs, err := r.tl.Captions(timeline.CaptionQuery{Language: language, From: media.Position{Run: run}, Until: media.Position{Run: run + 1}})
	if err != nil {
		r.t.Fatal(err)
	}
	var out []media.Word
	for _, c := range cs {
		out = append(out, c.Words...)
	}
	slices.SortStableFunc(out, func(a, b media.Word) int { return cmp.Compare(a.Start, b.Start) })
	return out
}

// part records a part of a tone of a word, without silence around it.
func (r *rig) part(hz float64, from, until time.Duration) {
	r.t.Helper()
	pcm := make([]int16, int(until*rate/time.Second))
	asrtest.Tone(pcm, rate, hz, 0, until)
	r.record(pcm[int(from*rate/time.Second):])
}

// settled waits until all words are kept and nothing is pending.
func (r *rig) settled(s *Service, n int) {
	r.t.Helper()
	await(r.t, "every word is kept and nothing pending", func() bool {
		return len(r.words("de")) >= n && status(s).State == Listening && status(s).Pending == 0
	})
}

// The program is killed in the middle of a word, with silence and words that
// were heard and not yet made final, and starts anew on what is on disk.
func TestKilledAndStartedAgain(t *testing.T) {
	r := newRig(t, nil)
	s, stop := r.service(nil, hearingOf(t, asrtest.Script{}))
	await(t, "it listens", func() bool { return status(s).State == Listening })
	r.speak(4, 3*time.Second)
	await(t, "it has begun", func() bool { return len(r.words("de")) >= 2 })
	at := r.at
	r.part(spoken[1].Hz, 0, 300*time.Millisecond) // recorded, and not yet said to be over
	r.truth = append(r.truth, media.Word{Text: spoken[1].Text, Start: at, End: r.at})
	left := r.st.(*store.Memory).Reopen() // what is on disk at this moment
	stop()

	next := newRig(t, left)
	if next.run == r.run {
		t.Fatal("it is the same run")
	}
	again, _ := next.service(nil, hearingOf(t, asrtest.Script{}))
	next.speak(7, 3*time.Second)
	next.settled(again, len(r.truth)+len(next.truth))
	asrtest.Same(t, next.wordsOf(r.run, "de"), r.truth, off)
	asrtest.Same(t, next.wordsOf(next.run, "de"), next.truth, off)
	if got := next.heard("de"); got == "" {
		t.Error("nothing is marked")
	}
}

// The new program begins to listen before its run has any sound: what the run
// before left, and what comes, are each heard once.
func TestStartedBeforeThereIsSound(t *testing.T) {
	r := newRig(t, nil)
	r.speak(20, 3*time.Second)
	next := newRig(t, r.st.(*store.Memory).Reopen())
	s, _ := next.service(nil, hearingOf(t, asrtest.Script{}))
	next.settled(s, len(r.truth))
	for range 6 {
		next.speak(1, 3*time.Second)
		n := len(r.truth) + len(next.truth)
		await(t, "the word is kept", func() bool { return len(next.words("de")) >= n-1 })
	}
	next.quiet(3 * time.Second)
	next.settled(s, len(r.truth)+len(next.truth))
	asrtest.Same(t, next.wordsOf(r.run, "de"), r.truth, off)
	asrtest.Same(t, next.wordsOf(next.run, "de"), next.truth, off)
}

// Recognition, not recording, starts anew in the middle of a word: it is kept once, whole.
func TestStartedAnewInAWord(t *testing.T) {
	for _, cut := range []time.Duration{100 * time.Millisecond, 200 * time.Millisecond} {
		r := newRig(t, nil)
		s, stop := r.service(nil, hearingOf(t, asrtest.Script{}))
		await(t, "it listens", func() bool { return status(s).State == Listening })
		r.speak(3, 3*time.Second)
		await(t, "they are kept", func() bool { return len(r.words("de")) >= 3 })
		at := r.at
		r.part(spoken[0].Hz, 0, cut)
		stop()
		again, _ := r.service(nil, hearingOf(t, asrtest.Script{}))
		r.part(spoken[0].Hz, cut, 300*time.Millisecond)
		r.truth = append(r.truth, media.Word{Text: spoken[0].Text, Start: at, End: r.at})
		r.quiet(3 * time.Second)
		r.speak(2, 3*time.Second)
		r.settled(again, len(r.truth))
		asrtest.Same(t, r.words("de"), r.truth, off)
	}
}

// A child that is killed again and again loses and doubles nothing.
func TestChildKilledAgainAndAgain(t *testing.T) {
	r := newRig(t, nil)
	s, _ := r.service(nil, hearingOf(t, asrtest.Script{}))
	for i := range 6 {
		var pid int
		await(t, "it listens", func() bool { pid = status(s).Pid; return status(s).State == Listening && pid != 0 })
		at := r.at
		r.part(spoken[i%3].Hz, 0, 100*time.Millisecond)
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		r.part(spoken[i%3].Hz, 100*time.Millisecond, 300*time.Millisecond)
		r.truth = append(r.truth, media.Word{Text: spoken[i%3].Text, Start: at, End: r.at})
		r.quiet(2 * time.Second)
		await(t, "the word is kept", func() bool { return len(r.words("de")) >= len(r.truth) })
	}
	r.settled(s, len(r.truth))
	asrtest.Same(t, r.words("de"), r.truth, off)
	if st := status(s); st.Starts < 7 {
		t.Errorf("%d starts", st.Starts)
	}
}

// Run ends at once, and leaves no child.
func TestRunEnds(t *testing.T) {
	r := newRig(t, nil)
	r.speak(30, 3*time.Second)
	s, stop := r.service(nil, hearingOf(t, asrtest.Script{}))
	await(t, "it listens", func() bool { return status(s).Pid != 0 })
	pid := status(s).Pid
	begun := time.Now()
	stop()
	if took := time.Since(begun); took > 20*time.Second { // bounds a hang: a child may take a moment to die
		t.Errorf("it took %v", took)
	}
	await(t, "the child is gone", func() bool { return syscall.Kill(pid, 0) != nil })
	if err := s.Set("cam", nil); err == nil {
		t.Error("Set after the end is no error")
	}
	if _, err := s.Make(Request{Camera: "cam", To: media.Position{Run: 9}}); err == nil {
		t.Error("Make after the end is no error")
	}
	for _, x := range r.tl.Heard(timeline.HeardQuery{Language: "de", State: media.HeardPending}) {
		if x.Why == "" {
			t.Errorf("pending without why: %+v", x)
		}
	}
}

// Again and again: Run ends and leaves no goroutine of this package or of asr.
func TestNoGoroutineIsLeft(t *testing.T) {
	r := newRig(t, nil)
	r.speak(20, 3*time.Second)
	for i := range 3 {
		h := hearingOf(t, asrtest.Script{})
		s, stop := r.service(nil, h)
		if i == 1 { // while it makes something
			await(t, "a job is taken", func() bool {
				_, err := s.Make(Request{Camera: "cam", Hearing: other(h), From: r.pos(0), To: r.pos(r.at)})
				return err == nil
			})
		}
		if i == 2 {
			await(t, "it listens", func() bool { return status(s).State == Listening })
		}
		stop()
		await(t, "nothing runs any more", func() bool {
			b := make([]byte, 1<<20)
			all := string(b[:runtime.Stack(b, true)])
			return !strings.Contains(all, "recognise.(*Service)") && !strings.Contains(all, "recognise.(*hearing)") && !strings.Contains(all, "asr.(*Process)")
		})
	}
}
