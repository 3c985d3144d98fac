package recognise

import (
	"strings"
	"testing"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/asr/asrtest"
	"hindsight/media"
)

// jobOf is a job by its number.
func jobOf(s *Service, id string) Job {
	for _, j := range s.Jobs() {
		if j.ID == id {
			return j
		}
	}
	return Job{}
}

// made makes captions and waits until the job is over.
func made(t *testing.T, s *Service, r Request) Job {
	t.Helper()
	j, err := s.Make(r)
	if err != nil {
		t.Fatal(err)
	}
	await(t, "the job is over", func() bool { return jobOf(s, j.ID).State.over() })
	return jobOf(s, j.ID)
}

func (r *rig) pos(at time.Duration) media.Position { return media.Position{Run: r.run, Time: at} }

// models are how many captions each model has.
func (r *rig) models() map[string]int {
	r.t.Helper()
	cs, err := r.tl.Captions(timeline.CaptionQuery{})
	if err != nil {
		r.t.Fatal(err)
	}
	out := map[string]int{}
	for _, c := range cs {
		out[c.Model.Name]++
	}
	return out
}

// captioned is a rig with n words that the live recogniser has captioned.
func captioned(t *testing.T, n int) (*rig, *Service, Hearing) {
	t.Helper()
	r := newRig(t, nil)
	h := hearingOf(t, asrtest.Script{})
	s, _ := r.service(nil, h)
	await(t, "it listens", func() bool { return status(s).State == Listening })
	for range n {
		r.speak(1, 3*time.Second)
	}
	r.settled(s, n)
	return r, s, h
}

func other(h Hearing) Hearing {
	h.Model = media.Model{Name: "scripted-2", Hash: "01"}
	return h
}

func TestMakeBeside(t *testing.T) {
	r, s, h := captioned(t, 6)
	all := Request{Camera: "cam", Hearing: h, From: r.pos(0), To: r.pos(15 * time.Second)}
	if _, err := s.Make(all); err == nil || !strings.Contains(err.Error(), "scripted-1 has captioned that") {
		t.Errorf("the same model: %v", err)
	}
	all.Hearing = other(h)
	j := made(t, s, all)
	if j.State != JobDone || j.Progress != 1 || j.Captions != 5 || j.Error != "" {
		t.Errorf("%+v", j)
	}
	if m := r.models(); m["scripted-1"] != 6 || m["scripted-2"] != 5 {
		t.Errorf("captions by model: %v", m)
	}
	if _, err := s.Make(all); err == nil {
		t.Error("the same model was taken twice")
	}
}

// What a person changed stays; a caption that the range cuts is replaced as a whole.
func TestMakeReplace(t *testing.T) {
	r, s, h := captioned(t, 8)
	cs, err := r.tl.Captions(timeline.CaptionQuery{})
	if err != nil || len(cs) != 8 {
		t.Fatal(len(cs), err)
	}
	if _, err := r.tl.EditCaption(cs[3].ID, "corrected", "me"); err != nil {
		t.Fatal(err)
	}
	// From the middle of the second word to the middle of the sixth.
	j := made(t, s, Request{Camera: "cam", Hearing: other(h), Replace: true,
		From: r.pos((cs[1].Start + cs[1].End) / 2), To: r.pos((cs[5].Start + cs[5].End) / 2)})
	if j.State != JobDone || j.Captions != 4 {
		t.Errorf("%+v", j)
	}
	after, err := r.tl.Captions(timeline.CaptionQuery{})
	if err != nil || len(after) != 8 {
		t.Fatalf("%d captions, %v", len(after), err)
	}
	for i, c := range after {
		want := map[bool]string{true: "scripted-2", false: "scripted-1"}[i >= 1 && i <= 5 && i != 3]
		if c.Model.Name != want && !(i == 3 && c.ByHand()) {
			t.Errorf("caption %d is by %s, want %s", i, c.Model.Name, want)
		}
	}
	if after[3].Text != "corrected" {
		t.Errorf("what a person changed has become %q", after[3].Text)
	}
	asrtest.Same(t, r.words("de"), r.truth, off)
}

// A job up to now and the live recogniser do not both caption what is just being said.
func TestMakeUpToNow(t *testing.T) {
	r, s, h := captioned(t, 3)
	for range 4 {
		r.speak(1, time.Second)
		made(t, s, Request{Camera: "cam", Hearing: h, Replace: true, From: r.pos(0), To: r.pos(r.at)})
	}
	r.quiet(3 * time.Second)
	r.settled(s, 7)
	asrtest.Same(t, r.words("de"), r.truth, off)
}

func TestMakeRefused(t *testing.T) {
	r, s, h := captioned(t, 1)
	for what, q := range map[string]Request{
		"there is no camera": {Camera: "attic", Hearing: h, To: r.pos(time.Second)},
		"is empty":           {Camera: "cam", Hearing: h, From: r.pos(2), To: r.pos(2)},
		"no sound":           {Camera: "cam", Hearing: h, From: r.pos(time.Hour), To: r.pos(2 * time.Hour)},
	} {
		if _, err := s.Make(q); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := s.Cancel("77"); err != ErrNoJob {
		t.Errorf("cancel: %v", err)
	}
}

// One job at a time; each can be cancelled; a model that is not there fails the job in a sentence.
func TestMakeQueue(t *testing.T) {
	r, s, h := captioned(t, 3)
	hang := other(h)
	hang.Dir = asrtest.Script{Words: spoken, Crash: "hang"}.File(t)
	q := Request{Camera: "cam", Hearing: hang, From: r.pos(0), To: r.pos(9 * time.Second)}
	first, err := s.Make(q)
	if err != nil {
		t.Fatal(err)
	}
	await(t, "it runs", func() bool { return jobOf(s, first.ID).State == JobRunning })
	gone := other(h)
	gone.Dir += ".gone"
	second, err := s.Make(Request{Camera: "cam", Hearing: gone, From: q.From, To: q.To})
	if err != nil {
		t.Fatal(err)
	}
	third, err := s.Make(Request{Camera: "cam", Hearing: other(h), From: q.From, To: q.To})
	if err != nil {
		t.Fatal(err)
	}
	fourth, err := s.Make(q)
	if err != nil {
		t.Fatal(err)
	}
	if jobOf(s, second.ID).State != JobWaiting || jobOf(s, third.ID).State != JobWaiting {
		t.Error("they do not wait")
	}
	for _, id := range []string{fourth.ID, first.ID} {
		if err := s.Cancel(id); err != nil {
			t.Fatal(err)
		}
	}
	await(t, "all are over", func() bool {
		return jobOf(s, second.ID).State.over() && jobOf(s, third.ID).State.over()
	})
	for id, want := range map[string]JobState{first.ID: JobCancelled, second.ID: JobFailed, third.ID: JobDone, fourth.ID: JobCancelled} {
		if j := jobOf(s, id); j.State != want || (j.Error != "") != (want == JobFailed) {
			t.Errorf("job %s: %s %q, want %s", id, j.State, j.Error, want)
		}
	}
	if m := r.models(); m["scripted-2"] != 3 {
		t.Errorf("captions by model: %v", m)
	}
	await(t, "live goes on", func() bool { return status(s).State == Listening })
}

// A job whose sound kills the recogniser every time fails in a sentence; what it has made stays.
func TestMakeOfWhatKills(t *testing.T) {
	r, s, h := captioned(t, 5)
	bad := other(h)
	bad.Dir = asrtest.Script{Words: spoken, Faults: []asrtest.Fault{{Hz: spoken[1].Hz, Do: "abort"}}}.File(t)
	j := made(t, s, Request{Camera: "cam", Hearing: bad, From: r.pos(0), To: r.pos(15 * time.Second)})
	if j.State != JobFailed || j.Captions != 1 || !strings.Contains(j.Error, "recogniser") {
		t.Errorf("%+v", j)
	}
	if m := r.models(); m["scripted-2"] != 1 {
		t.Errorf("captions by model: %v", m)
	}
	await(t, "live goes on", func() bool { return status(s).State == Listening && status(s).Pending == 0 })
}
