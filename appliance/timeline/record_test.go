package timeline

import (
	"errors"
	"testing"
	"time"

	"hindsight/media"
)

const second = time.Second

// reasons are the holes of everything of a timeline, from and until in whole seconds, until -1 while it lasts.
func reasons(tl *Timeline) (out []struct {
	why         media.Reason
	from, until int
	detail      string
}) {
	for _, h := range tl.Map().Holes {
		if h.Kind != 0 {
			continue
		}
		until := int(h.Until.Time / second)
		if h.Until == (media.Position{}) {
			until = -1
		}
		out = append(out, struct {
			why         media.Reason
			from, until int
			detail      string
		}{h.Reason, int(h.From.Time / second), until, h.Detail})
	}
	return out
}

func TestStopAndRecord(t *testing.T) {
	r := newRig(t, nil).both()
	live := r.Live(Selection{})
	defer live.Close()
	r.seconds(0, 5)
	for range 5 * 15 {
		next(t, live)
	}
	must(t, r.Stop("a talk in private", "anna"))
	must(t, r.Stop("again", "eve")) // changes nothing
	if m, ok := r.Stopped(); !ok || m.From.Run != 1 || m.From.Time/second != 5 || m.Who != "anna" {
		t.Errorf("stopped: %+v, %v", m, ok)
	}
	r.seconds(5, 9) // received, and let fall
	r.Regain(0, 8*second)
	if n := r.Status().Units[r.video.ID]; n != 25 {
		t.Errorf("%d pictures are kept, want 25", n)
	}
	if got := reasons(r.Timeline); len(got) != 1 || got[0].why != media.Paused || got[0].from != 5 || got[0].until != -1 || got[0].detail != "by anna: a talk in private" {
		t.Errorf("gaps %+v, want one from 5 s on", got)
	}
	r.clock.pass(100 * time.Millisecond) // within second 9
	s, err := r.Record("lesson", "bob")
	if err != nil || !s.Open() || s.Text != "lesson" || s.From.Time != 9*second+100*time.Millisecond {
		t.Fatalf("session %+v, %v", s, err)
	}
	if now, ok := r.Session(); !ok || now != s {
		t.Errorf("going on: %+v, %v", now, ok)
	}
	r.v(9*second, media.Key) // before Record
	r.v(9*second+400*time.Millisecond, 0)
	r.a(9*second + 400*time.Millisecond)
	r.v(9*second+600*time.Millisecond, media.Key)
	r.a(9*second + 700*time.Millisecond)
	if i := next(t, live); i.Unit.Track != r.video.ID || !i.IsKey() || i.DTS != 9*second+600*time.Millisecond || !i.Jump {
		t.Errorf("the live reader goes on with %+v, want the key frame at 9.6 s, told as a jump", i)
	}
	if i := next(t, live); i.Unit.Track != r.audio.ID || i.DTS != 9*second+700*time.Millisecond || i.Jump {
		t.Errorf("and then %+v, want the sound at 9.7 s", i)
	}
	h := r.Map().Holes
	if len(h) != 1 || h[0].Until.Time != 9*second+600*time.Millisecond {
		t.Errorf("gaps %+v, want one until the key frame", h)
	}
	if _, ok := r.Stopped(); ok {
		t.Error("stopped though somebody pressed Record")
	}
	again, err := r.Record("", "")
	must(t, err)
	if ss := r.Marks(media.Session); len(ss) != 2 || ss[0].Until != again.From || !again.Open() {
		t.Errorf("sessions %+v, want the first ended where the second begins", ss)
	}
}

// TestSoundGoesOnWithoutAKeyFrame: a camera that sends none does not cost the sound.
func TestSoundGoesOnWithoutAKeyFrame(t *testing.T) {
	r := newRig(t, nil).both()
	r.seconds(0, 2)
	must(t, r.Stop("", ""))
	_, err := r.Record("", "")
	must(t, err)
	for i := range 50 {
		at := 2*second + time.Duration(i)*100*time.Millisecond
		r.v(at, 0)
		r.a(at)
	}
	n := r.Status().Units
	if n[r.video.ID] != 10 || n[r.audio.ID] != 20+20 { // the last 2 of 5 s
		t.Errorf("%d pictures and %d pieces of sound, want 10 and 40", n[r.video.ID], n[r.audio.ID])
	}
	r.v(8*second, media.Key)
	r.v(8*second+1, 0)
	if n := r.Status().Units[r.video.ID]; n != 12 {
		t.Errorf("%d pictures after a key frame, want 12", n)
	}
}

func TestSoundAloneGoesOnAtOnce(t *testing.T) {
	r := newRig(t, nil).both()
	r.seconds(0, 2)
	r.Lose(media.Video, 2*second, media.CameraLost, "")
	must(t, r.Stop("", ""))
	_, err := r.Record("", "")
	must(t, err)
	r.a(2*second + 1)
	if n := r.Status().Units[r.audio.ID]; n != 21 {
		t.Errorf("%d pieces of sound, want 21", n)
	}
}

// TestStopOutlivesTheProcess: killed or ended, a stopped camera stays stopped.
func TestStopOutlivesTheProcess(t *testing.T) {
	for name, end := range map[string]func(*rig){"ended": func(r *rig) { r.Close(media.Off) }, "killed": func(*rig) {}} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil).both()
			s, err := r.Record("lesson", "")
			must(t, err)
			r.seconds(0, 3)
			must(t, r.Stop("why", "anna"))
			r.commit()
			end(r)
			r = r.reopen(nil).both()
			r.seconds(0, 4)
			if m, ok := r.Stopped(); !ok || m.From.Run != 1 {
				t.Errorf("stopped: %+v, %v", m, ok)
			}
			if n := r.Status().Units[r.video.ID]; n != 0 {
				t.Errorf("%d pictures are kept, want none", n)
			}
			if got := reasons(r.Timeline); len(got) == 0 || got[len(got)-1].why != media.Paused || got[len(got)-1].until != -1 || got[len(got)-1].detail != "by anna: why" {
				t.Errorf("gaps %+v, want the last one paused", got)
			}
			if ss := r.Marks(media.Session); len(ss) != 1 || ss[0].ID != s.ID || ss[0].Until.Time/second != 3 {
				t.Errorf("sessions %+v, want one of 3 s", ss)
			}
			_, err = r.Record("", "")
			must(t, err)
			r.seconds(4, 6)
			if n := r.Status().Units[r.video.ID]; n != 10 {
				t.Errorf("%d pictures after Record, want 10", n)
			}
		})
	}
}

// TestASessionEndsWithItsRun: what a crash or the end of the program left going on.
func TestASessionEndsWithItsRun(t *testing.T) {
	r := newRig(t, nil).both()
	_, err := r.Record("lesson", "")
	must(t, err)
	r.seconds(0, 4)
	r = r.reopen(nil)
	ss := r.Marks(media.Session)
	if len(ss) != 1 || ss[0].Open() || ss[0].Until.Run != 1 || ss[0].Until.Time != 4*second+time.Millisecond {
		t.Errorf("sessions %+v, want one that ended at 4.001 s of run 1", ss)
	}
	if _, ok := r.Session(); ok {
		t.Error("a session goes on in the next run")
	}
}

// TestAStopThatCannotBeKeptStopsAllTheSame: what somebody does not want recorded is not, and they are told what a restart does.
func TestAStopThatCannotBeKeptStopsAllTheSame(t *testing.T) {
	r := newRig(t, nil).both()
	r.seconds(0, 2)
	broken := errors.New("broken")
	r.mem.OnNote(func() error { return broken })
	if err := r.Stop("", ""); !errors.Is(err, broken) {
		t.Fatalf("stop: %v", err)
	}
	r.seconds(2, 4)
	if n := r.Status().Units[r.video.ID]; n != 10 {
		t.Errorf("%d pictures are kept, want 10", n)
	}
	r.mem.OnNote(nil)
	must(t, r.Stop("", ""))
	if m, ok := r.Stopped(); !ok || m.From.Time/second != 2 {
		t.Errorf("stopped: %+v, %v", m, ok)
	}
}

func TestMarksChangedIsTold(t *testing.T) {
	r := newRig(t, nil)
	for _, change := range []func() error{
		func() error { return r.Stop("", "") },
		func() error { _, err := r.Record("", ""); return err },
		func() error {
			_, err := r.AddMark(media.Mark{Kind: media.Bookmark, From: media.Position{Run: 1}})
			return err
		},
	} {
		told, before := r.MarksChanged(), r.MarksRevision()
		must(t, change())
		select {
		case <-told:
		default:
			t.Error("nobody was told")
		}
		if r.MarksRevision() == before {
			t.Error("the revision stands")
		}
	}
}
