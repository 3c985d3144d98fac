package web

import (
	"slices"
	"testing"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/media"
	"hindsight/player"
	"hindsight/player/playertest"
	"hindsight/store"
)

// film is a timeline on which the film of playertest is recorded.
type film struct {
	*deck
	pictures, sounds media.Track
}

// newFilm records the film.
func newFilm(t testing.TB) *film {
	f := &film{deck: &deck{t: t, mem: store.NewMemory()}}
	t.Cleanup(func() { f.Close(media.Off) })
	takes := playertest.Takes()
	for i, k := range takes {
		if i == 0 || k.Run != takes[i-1].Run {
			if i > 0 {
				must(t, f.Close(takes[i-1].Reason))
				f.mem = f.mem.Reopen()
			}
			f.boot.Store(int64(k.Wall.Add(-k.From).Sub(epoch) + time.Second)) // the run's media time 0
			f.start()
		} else {
			f.Lose(0, takes[i-1].Until, takes[i-1].Reason, takes[i-1].Detail)
			f.pass(k.From - takes[i-1].Until)
			f.Regain(0, k.From)
		}
		if i == 0 || k.Run != takes[i-1].Run {
			f.pass(k.From)
		}
		f.roll(k.From, k.Until)
	}
	return f
}

// start begins a run.
func (f *film) start() {
	f.t.Helper()
	var err error
	f.Timeline, err = timeline.New(timeline.Options{Camera: "cam", Store: f.mem, Clock: f.deck, Commit: time.Hour, AnchorEvery: -1})
	must(f.t, err)
	f.pictures, err = f.Track(playertest.PictureTrack())
	must(f.t, err)
	f.sounds, err = f.Track(playertest.SoundTrack())
	must(f.t, err)
}

// roll records.
func (f *film) roll(from, until time.Duration) {
	f.t.Helper()
	for _, u := range playertest.Units(from, until, f.pictures.ID, f.sounds.ID) {
		must(f.t, f.Append(u))
	}
	f.pass(until - from)
	must(f.t, f.Sync(f.t.Context()))
}

func TestLineSource(t *testing.T) {
	playertest.Run(t, func(t *testing.T) playertest.Rig {
		f := newFilm(t)
		end := 31 * time.Second
		return playertest.Rig{
			Source: newLineSource("cam", f.Timeline, &shapes{}),
			Record: func(long time.Duration) {
				f.roll(end, end+long)
				end += long
			},
		}
	})
}

// TestSoundThatIsToComeSoon: a run that has just begun with a picture alone, behind one that had
// sound, says that sound is to come; a moment later it does not.
func TestSoundThatIsToComeSoon(t *testing.T) {
	f := newFilm(t)
	must(t, f.Close(media.Off))
	f.mem = f.mem.Reopen()
	var err error
	f.Timeline, err = timeline.New(timeline.Options{Camera: "cam", Store: f.mem, Clock: f.deck, Commit: time.Hour, AnchorEvery: -1})
	must(t, err)
	f.pictures, err = f.Track(playertest.PictureTrack())
	must(t, err)
	f.pass(time.Second)
	src := newLineSource("cam", f.Timeline, &shapes{})
	src.Hello()
	for _, c := range []struct {
		from, until time.Duration
		want        []media.Kind
	}{{time.Second, 2 * time.Second, []media.Kind{media.Audio}}, {2 * time.Second, 5 * time.Second, nil}} {
		for _, u := range playertest.Units(c.from, c.until, f.pictures.ID, 0) {
			if u.Track == f.pictures.ID {
				must(t, f.Append(u))
			}
		}
		f.pass(c.until - c.from)
		must(t, f.Sync(t.Context()))
		r, err := src.Open(t.Context(), player.Moment{Place: player.AtLive}, player.Manner{})
		must(t, err)
		if got := r.Landing().Soon; !slices.Equal(got, c.want) {
			t.Errorf("at %v: %v, want %v", c.until, got, c.want)
		}
		r.Close()
	}
}
