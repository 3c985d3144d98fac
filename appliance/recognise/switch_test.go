package recognise

import (
	"strings"
	"testing"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/asr/asrtest"
	"hindsight/media"
	"hindsight/store"
)

func set(t *testing.T, s *Service, hs ...Hearing) {
	t.Helper()
	if err := s.Set("cam", hs); err != nil {
		t.Fatal(err)
	}
}

// spans are those of a state.
func (r *rig) spans(state media.Heard) []media.HeardSpan {
	return r.tl.Heard(timeline.HeardQuery{State: state})
}

// While recognition is off, sound is off and not pending, for exactly that
// time; only Make captions it.
func TestOffAndOn(t *testing.T) {
	r := newRig(t, nil)
	on := hearingOf(t, asrtest.Script{})
	s, stop := r.service(nil, on)
	await(t, "it listens", func() bool { return status(s).State == Listening })
	r.speak(3, 3*time.Second)
	await(t, "they are kept", func() bool { return len(r.words("de")) == 3 })
	from := r.at
	no := on
	no.Off = true
	set(t, s, no)
	if st := status(s); st.State != Off && st.State != Starting {
		t.Errorf("state %s", st.State)
	}
	r.speak(30, 3*time.Second) // more than is left unmarked
	await(t, "it is written down while it is off", func() bool { return len(r.spans(media.HeardOff)) > 0 })
	until := r.at
	set(t, s, on)
	r.speak(3, 3*time.Second)
	r.settled(s, 6)
	offs := r.spans(media.HeardOff)
	if len(offs) != 1 || (offs[0].From-from).Abs() > packet || (offs[0].Until-until).Abs() > packet {
		t.Errorf("off are %v, want %v to %v", offs, from, until)
	}
	if st := status(s); (st.Off-(until-from)).Abs() > 2*packet || st.Pending != 0 {
		t.Errorf("off %v, pending %v, want %v and 0", st.Off, st.Pending, until-from)
	}
	if p := r.spans(media.HeardPending); len(p) > 0 {
		t.Errorf("pending: %v", p)
	}
	want := append(append([]media.Word(nil), r.truth[:3]...), r.truth[33:]...)
	asrtest.Same(t, r.words("de"), want, off)

	job, err := s.Make(Request{Camera: "cam", Hearing: on, From: r.pos(offs[0].From), To: r.pos(offs[0].Until)})
	if err != nil {
		t.Fatal(err)
	}
	await(t, "the job is done", func() bool { return jobOf(s, job.ID).State.over() })
	asrtest.Same(t, r.words("de"), r.truth, off)
	await(t, "nothing is off any more", func() bool { return status(s).Off == 0 })
	stop()
}

// Off in a run that crashed, then on in another one: what was recorded
// between the last mark and the crash was off, too.
func TestCrashWhileOff(t *testing.T) {
	r := newRig(t, nil)
	on := hearingOf(t, asrtest.Script{})
	no := on
	no.Off = true
	s, stop := r.service(nil, no)
	await(t, "it is off", func() bool { return status(s).State == Off })
	r.speak(25, 3*time.Second)
	await(t, "it is written down", func() bool { return len(r.spans(media.HeardOff)) > 0 })
	r.speak(5, 3*time.Second)             // less than is written down
	left := r.st.(*store.Memory).Reopen() // from here on nothing more is kept
	stop()
	next := newRig(t, left)
	again, _ := next.service(nil, on)
	next.speak(2, 3*time.Second)
	next.settled(again, 2)
	if st := status(again); (st.Off - 90*time.Second).Abs() > time.Second {
		t.Errorf("off %v", st.Off)
	}
	asrtest.Same(t, next.words("de"), next.truth, off)
}

// Switched on, and killed before anything of it was written down: that sound is not off.
func TestCrashAfterSwitchedOn(t *testing.T) {
	r := newRig(t, nil)
	on := hearingOf(t, asrtest.Script{})
	no := on
	no.Off = true
	s, stop := r.service(nil, no)
	await(t, "it is off", func() bool { return status(s).State == Off })
	r.speak(25, 3*time.Second)
	await(t, "it is written down", func() bool { return len(r.spans(media.HeardOff)) > 0 })
	hung := on
	hung.Dir = asrtest.Script{Words: spoken, Crash: "hang"}.File(t)
	set(t, s, hung)
	await(t, "it is switched on", func() bool { return len(r.spans(media.HeardPending)) > 0 })
	r.speak(5, 3*time.Second)
	left := r.st.(*store.Memory).Reopen() // from here on nothing more is kept
	stop()
	next := newRig(t, left)
	again, _ := next.service(nil, on)
	next.speak(1, 3*time.Second)
	next.settled(again, 6)
	asrtest.Same(t, next.wordsOf(r.run, "de"), r.truth[25:], off)
}

// Without a model sound is pending, with the sentence that says so, and is
// caught up with when there is one, the newest or the oldest first.
func TestNoModelThenOne(t *testing.T) {
	for _, oldest := range []bool{false, true} {
		r := newRig(t, nil)
		missing := Hearing{Language: "de", Problem: "there is no model for de: run `hindsight model add FILE.zip`"}
		s, _ := r.service(func(o *Options) { o.Tune.Oldest = oldest; o.Tune.Lag = 5 * time.Second }, missing)
		await(t, "it says so", func() bool { return status(s).State == NoModel && status(s).Problem == missing.Problem })
		r.speak(30, 3*time.Second)
		await(t, "it is pending", func() bool {
			p := r.spans(media.HeardPending)
			return len(p) == 1 && p[0].Why == missing.Problem
		})
		set(t, s, hearingOf(t, asrtest.Script{}))
		r.settled(s, 30)
		asrtest.Same(t, r.words("de"), r.truth, off)
		if p := r.spans(media.HeardPending); len(p) > 0 {
			t.Errorf("pending: %v", p)
		}
	}
}

// The order is that of runs and stretches.
func TestOrderOfWhatIsPending(t *testing.T) {
	for _, oldest := range []bool{false, true} {
		r := newRig(t, nil)
		r.speak(3, 3*time.Second)
		next := newRig(t, r.st.(*store.Memory).Reopen())
		next.speak(3, 3*time.Second)
		last := newRig(t, next.st.(*store.Memory).Reopen())
		s, _ := last.service(func(o *Options) { o.Tune.Oldest = oldest }, hearingOf(t, asrtest.Script{}))
		last.quiet(packet)
		last.settled(s, 6)
		cs, err := last.tl.Captions(timeline.CaptionQuery{})
		if err != nil {
			t.Fatal(err)
		}
		id := map[media.Run]uint64{}
		for _, c := range cs {
			id[c.Run] = c.ID
		}
		if (id[r.run] < id[next.run]) != oldest {
			t.Errorf("oldest %v: numbers by run %v", oldest, id)
		}
	}
}

// A hearing that has not changed goes on undisturbed when others come and go.
func TestSetLeavesOthersAlone(t *testing.T) {
	r := newRig(t, nil)
	first, second := hearingOf(t, asrtest.Script{}), hearingOf(t, asrtest.Script{})
	second.Language, second.Model.Name = "en", "scripted-2"
	s, _ := r.service(nil, first)
	await(t, "it listens", func() bool { return status(s).State == Listening && status(s).Pid != 0 })
	pid := status(s).Pid
	set(t, s, second, first)
	await(t, "both listen", func() bool {
		st := s.Status("cam")
		return len(st) == 2 && st[0].State == Listening && st[1].State == Listening
	})
	r.speak(5, 3*time.Second)
	await(t, "both hear", func() bool { return len(r.words("de")) == 5 && len(r.words("en")) == 5 })
	set(t, s, first)
	if st := s.Status("cam"); len(st) != 1 || st[0].Pid != pid || st[0].Starts != 1 || st[0].Language != "de" {
		t.Errorf("%+v, want pid %d", st, pid)
	}
	r.speak(2, 3*time.Second)
	await(t, "the first goes on", func() bool { return len(r.words("de")) == 7 })
	asrtest.Same(t, r.words("de"), r.truth, off)
	asrtest.Same(t, r.words("en"), r.truth[:5], off)
	if err := s.Set("nowhere", nil); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("unknown camera: %v", err)
	}
}

// The sound goes on in another track.
func TestAnotherTrack(t *testing.T) {
	r := newRig(t, nil)
	s, _ := r.service(nil, hearingOf(t, asrtest.Script{}))
	await(t, "it listens", func() bool { return status(s).State == Listening })
	r.speak(4, 3*time.Second)
	old := r.track
	r.quiet(2 * time.Second)
	var err error
	if r.track, err = r.tl.Track(media.Track{Kind: media.Audio, Codec: media.PCMA, ClockRate: rate, Channels: 2}); err != nil {
		t.Fatal(err)
	}
	if r.track.ID == old.ID {
		t.Fatal("it is the same track")
	}
	r.speak(4, 3*time.Second)
	r.quiet(3 * time.Second)
	r.settled(s, 8)
	asrtest.Same(t, r.words("de"), r.truth, off)
}
