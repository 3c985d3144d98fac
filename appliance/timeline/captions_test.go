package timeline

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"hindsight/media"
	"hindsight/store"
)

// said is a caption of the run being recorded.
func (r *rig) said(at time.Duration, text string) media.Caption {
	return media.Caption{
		Run: r.run, Start: at, End: at + time.Second, Text: text, Language: "ko", Track: 2, Model: media.Model{Name: "scripted"},
	}
}

func (r *rig) say(at time.Duration, text string) media.Caption {
	r.t.Helper()
	cs, err := r.AddCaptions([]media.Caption{r.said(at, text)})
	must(r.t, err)
	return cs[0]
}

// tells is the next event, which must come.
func tells(t *testing.T, f *CaptionFeed) CaptionEvent {
	t.Helper()
	e, err := f.Next(deadline(t))
	must(t, err)
	return e
}

// silent fails the test when a feed has something to tell.
func silent(t *testing.T, f *CaptionFeed) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if e, ok := f.take(); ok {
		t.Errorf("the feed tells %+v", e)
	}
	if _, err := f.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a feed whose caller has gone says %v", err)
	}
}

func TestCaptionsAreDated(t *testing.T) {
	r := newRig(t, nil).both()
	r.seconds(0, 5)
	r.clock.step(time.Hour, true)
	r.checkClock()
	r.seconds(5, 10)
	r.say(2*time.Second, "before")
	r.say(7*time.Second, "behind")
	cs, err := r.Captions(CaptionQuery{})
	must(t, err)
	if len(cs) != 2 || !cs[0].Wall.Equal(epoch.Add(2*time.Second)) || !cs[1].Wall.Equal(epoch.Add(time.Hour+7*time.Second)) || !cs[0].Trusted {
		t.Errorf("captions are %+v", cs)
	}
	for _, c := range []struct {
		from, until time.Time
		want        int
	}{
		{time.Time{}, time.Time{}, 2},
		{epoch.Add(4 * time.Second), time.Time{}, 1},
		{time.Time{}, epoch.Add(4 * time.Second), 1},
		{epoch.Add(2500 * ms), epoch.Add(time.Hour + 7001*ms), 2},
		{epoch.Add(3 * time.Hour), time.Time{}, 0},
		{time.Time{}, epoch.Add(3 * time.Hour), 2},
	} {
		if cs, err := r.Captions(r.Between(CaptionQuery{}, c.from, c.until)); err != nil || len(cs) != c.want {
			t.Errorf("between %v and %v there are %v, %v; want %d", c.from, c.until, cs, err, c.want)
		}
	}
	hits, err := r.SearchCaptions(CaptionSearch{Text: "hind"})
	must(t, err)
	if len(hits) != 0 {
		t.Errorf("a part of a word was found: %+v", hits)
	}
	hits, err = r.SearchCaptions(CaptionSearch{Text: "BEH"})
	must(t, err)
	if len(hits) != 1 || !hits[0].Wall.Equal(cs[1].Wall) || hits[0].At != 7*time.Second {
		t.Errorf("found is %+v", hits)
	}
}

// TestCaptionsOutliveMedia: a run of which only captions are kept is still dated.
func TestCaptionsOutliveMedia(t *testing.T) {
	r := newRig(t, nil).both()
	r.mem.KeepCaptions = -1
	r.seconds(0, 25)
	r.say(time.Second, "old")
	must(t, r.Close(media.Off))
	r.clock.pass(time.Minute)
	m := r.mem.Reopen()
	for _, err := m.DropOldest(); err == nil; _, err = m.DropOldest() {
	}
	r = rigOn(t, r.clock, m, nil).both()
	cs, err := r.Captions(CaptionQuery{})
	must(t, err)
	if len(cs) != 1 || !cs[0].Wall.Equal(epoch.Add(time.Second)) || !cs[0].Trusted {
		t.Errorf("captions are %+v", cs)
	}
}

func TestFeedTellsInOrderOfInsertion(t *testing.T) {
	r := newRig(t, nil).both()
	r.say(time.Second, "before the feed")
	f := r.CaptionFeed()
	defer f.Close()
	silent(t, f)
	r.ShowPartial(r.said(10*time.Second, "par"))
	if e := tells(t, f); e.Kind != CaptionPartial || e.Caption.Text != "par" || !e.Caption.Partial || e.Caption.ID != 0 {
		t.Errorf("the partial is told as %+v", e)
	}
	late := r.say(20*time.Second, "twenty")
	early := r.say(5*time.Second, "five, late")
	if _, err := r.EditCaption(late.ID, "20", "anna"); err != nil {
		t.Fatal(err)
	}
	fresh, removed, err := r.ReplaceCaptions(CaptionRange{From: early.Position(), Until: media.Position{Run: r.run, Time: 6 * time.Second}}, []media.Caption{r.said(5*time.Second, "FIVE")})
	must(t, err)
	if removed != 1 {
		t.Errorf("%d were replaced, want 1", removed)
	}
	for _, want := range []struct {
		kind CaptionKind
		id   uint64
		at   time.Duration
		text string
	}{
		{CaptionFinal, late.ID, 20 * time.Second, "twenty"},
		{CaptionFinal, early.ID, 5 * time.Second, "five, late"},
		{CaptionEdited, late.ID, 20 * time.Second, "20"},
		{CaptionsDeleted, 0, 0, ""},
		{CaptionFinal, fresh[0].ID, 5 * time.Second, "FIVE"},
	} {
		e := tells(t, f)
		if e.Kind != want.kind || e.Caption.ID != want.id || e.Caption.Start != want.at || e.Caption.Text != want.text || e.Missed != 0 {
			t.Errorf("told is %+v, want %+v", e, want)
		}
		if e.Kind != CaptionsDeleted && !e.Caption.Wall.Equal(epoch.Add(want.at)) {
			t.Errorf("caption %d is dated %v", e.Caption.ID, e.Caption.Wall)
		}
	}
	if n, err := r.DeleteCaptions(CaptionRange{}); err != nil || n != 3 {
		t.Errorf("%d were deleted, %v; want 3", n, err)
	}
	if e := tells(t, f); e.Kind != CaptionsDeleted {
		t.Errorf("told is %+v", e)
	}
	silent(t, f)
}

// TestFeedKeepsOnlyTheNewestPartial: a consumer that comes late is not told what has changed since.
func TestFeedKeepsOnlyTheNewestPartial(t *testing.T) {
	r := newRig(t, nil).both()
	f := r.CaptionFeed()
	other := r.said(0, "other language")
	other.Language = "en"
	r.ShowPartial(other)
	for n := range 10 {
		r.ShowPartial(r.said(0, fmt.Sprint("partial ", n)))
	}
	for _, want := range []string{"other language", "partial 9"} {
		if e := tells(t, f); e.Caption.Text != want {
			t.Errorf("told is %q, want %q", e.Caption.Text, want)
		}
	}
	r.ShowPartial(r.said(0, "overtaken"))
	r.say(0, "final")
	if e := tells(t, f); e.Caption.Text != "final" {
		t.Errorf("told is %q, want the final caption", e.Caption.Text)
	}
}

func TestFeedSinceANumber(t *testing.T) {
	r := newRig(t, nil).both()
	var want []uint64
	for n := range 250 {
		want = append(want, r.say(time.Duration(n)*time.Second, "kept").ID)
	}
	f := r.CaptionFeedSince(want[9])
	defer f.Close()
	want = want[10:]
	for n := range 600 {
		if n < 350 { // while it reads the store, more comes than events are kept
			want = append(want, r.say(time.Duration(250+n)*time.Second, "live").ID)
		}
		if n == len(want) {
			break
		}
		if e := tells(t, f); e.Kind != CaptionFinal || e.Caption.ID != want[n] || e.Missed != 0 {
			t.Fatalf("event %d is %+v, want caption %d", n, e, want[n])
		}
	}
	silent(t, f)
	for n := range 2 * feedLen { // slow once more
		want = append(want, r.say(time.Duration(n)*time.Second, "live").ID)
	}
	_, err := r.EditCaption(want[0], "edited", "anna")
	must(t, err)
	missed := 0
	next := func(id uint64) {
		t.Helper()
		e := tells(t, f)
		if missed += e.Missed; e.Kind != CaptionFinal || e.Caption.ID != id {
			t.Fatalf("told is %+v, want caption %d", e, id)
		}
	}
	for _, id := range want[590:] {
		next(id)
	}
	silent(t, f)
	next(r.say(0, "last").ID)
	if missed != 1 {
		t.Errorf("%d events were missed, want the edit", missed)
	}
}

func TestSlowConsumerIsPutToTheNewest(t *testing.T) {
	r := newRig(t, nil).both()
	f := r.CaptionFeed()
	r.say(0, "seen")
	tells(t, f)
	for n := range 2 * feedLen {
		r.say(time.Duration(n)*time.Second, fmt.Sprint(n))
		r.ShowPartial(r.said(time.Duration(n)*time.Second, "partial"))
	}
	r.say(0, "newest")
	if e := tells(t, f); e.Caption.Text != "newest" || e.Missed != 2*feedLen {
		t.Errorf("told is %q after %d missed, want the newest after %d", e.Caption.Text, e.Missed, 2*feedLen)
	}
	r.say(0, "after")
	if e := tells(t, f); e.Caption.Text != "after" || e.Missed != 0 {
		t.Errorf("told is %q after %d missed", e.Caption.Text, e.Missed)
	}
}

func TestFeedEnds(t *testing.T) {
	r := newRig(t, nil).both()
	closed, ended := r.CaptionFeed(), r.CaptionFeed()
	errs := make(chan error)
	for _, f := range []*CaptionFeed{closed, ended} {
		go func() { _, err := f.Next(deadline(t)); errs <- err }()
	}
	closed.Close()
	closed.Close()
	if err := <-errs; !errors.Is(err, ErrEnd) {
		t.Errorf("a closed feed says %v", err)
	}
	must(t, r.Close(media.Off))
	if err := <-errs; !errors.Is(err, ErrEnd) {
		t.Errorf("the feed of a closed timeline says %v", err)
	}
	if _, err := r.AddCaptions([]media.Caption{r.said(0, "too late")}); err == nil {
		t.Error("a closed timeline kept a caption")
	}
}

// TestNotesDelayNothing: while the disk takes no caption, media and partials go on.
func TestNotesDelayNothing(t *testing.T) {
	r := newRig(t, nil).both()
	f := r.CaptionFeed()
	entered, leave := make(chan struct{}), make(chan error)
	r.mem.OnNote(func() error { entered <- struct{}{}; return <-leave })
	done := make(chan error)
	go func() {
		_, err := r.AddCaptions([]media.Caption{r.said(0, "stuck")})
		done <- err
	}()
	<-entered
	r.seconds(0, 3)
	r.ShowPartial(r.said(time.Second, "partial"))
	if e := tells(t, f); e.Caption.Text != "partial" {
		t.Errorf("told is %+v", e)
	}
	full := errors.New("full")
	leave <- full
	if err := <-done; !errors.Is(err, full) {
		t.Errorf("the caption that the disk refused: %v", err)
	}
	silent(t, f)
}

func TestReplayMergesByStart(t *testing.T) {
	r := newRig(t, nil).both()
	var want []string
	for n := range 300 {
		k := n * 7 % 300
		r.say(time.Duration(k)*500*ms, fmt.Sprint(k))
	}
	english := r.said(10*time.Second, "en")
	english.Language = "en"
	_, err := r.AddCaptions([]media.Caption{english})
	must(t, err)
	for k := 19; k < 300; k++ { // from 10 s on; what lasts into it is shown
		want = append(want, fmt.Sprint(k))
	}
	rp := r.CaptionReplay(at(r.run, 10), CaptionQuery{Language: "ko"})
	var got []string
	for p := 10 * time.Second; p < 160*time.Second; p += 333 * ms {
		cs, err := rp.Until(media.Position{Run: r.run, Time: p})
		must(t, err)
		for _, c := range cs {
			got = append(got, c.Text)
			if c.Start > p || len(got) > 2 && c.Start <= p-333*ms {
				t.Errorf("caption of %v is given at %v", c.Start, p)
			}
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("replayed are %v, want %v", got, want)
	}
}

func TestCaptionsOnBolt(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cam")
	r := rigOver(t, newClock(), openBolt(t, dir, 5*time.Second), nil).both()
	r.seconds(0, 3)
	id := r.say(time.Second, "kept").ID
	dir = killed(t, dir)
	checkDisk(t, dir)
	r = rigOver(t, r.clock, openBolt(t, dir, 5*time.Second), nil)
	if cs, err := r.Captions(CaptionQuery{}); err != nil || len(cs) != 1 || cs[0].ID != id {
		t.Errorf("after a kill there are %v, %v", cs, err)
	}
	if _, err := r.EditCaption(99, "x", "anna"); !errors.Is(err, ErrNoCaption) || !errors.Is(err, store.ErrNoCaption) {
		t.Errorf("edit of no caption: %v", err)
	}
}
