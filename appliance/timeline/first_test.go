package timeline

import (
	"testing"
	"time"

	"hindsight/media"
)

// Where sound begins a little before the first picture, a cursor at the
// beginning yields that picture, from memory and from disk.
func TestSoundBeginsBeforeThePicture(t *testing.T) {
	r := newRig(t, nil).both()
	for s := range 5 {
		at := time.Duration(s) * time.Second
		for i := range 50 {
			r.a(at + time.Duration(i)*20*time.Millisecond + time.Millisecond) // nothing stands at 0
			if i%5 == 0 {
				f := media.Flags(0)
				if i == 0 {
					f = media.Key
				}
				r.v(at+time.Duration(i)*20*time.Millisecond+7*time.Millisecond, f)
			}
		}
		if s == 0 {
			r.check(t, "in memory")
		}
		if s != 1 {
			r.commit()
		}
	}
	r.check(t, "on disk")
}

// The same where that sound is committed after the picture, as it is when an
// encoder of sound is slower to begin.
func TestSoundIsCommittedAfterThePicture(t *testing.T) {
	r := newRig(t, nil).both()
	r.v(7*time.Millisecond, media.Key)
	r.v(107*time.Millisecond, 0)
	r.commit()
	r.v(207*time.Millisecond, 0)
	for i := range 9 {
		r.a(time.Duration(i)*100*time.Millisecond + time.Millisecond)
	}
	r.commit()
	r.v(1007*time.Millisecond, media.Key)
	r.commit()
	r.clock.pass(time.Minute)
	r = r.reopen(nil) // nothing is in memory
	r.check(t, "on disk")
}

func (r *rig) check(t *testing.T, where string) {
	t.Helper()
	for _, from := range []time.Duration{0, time.Millisecond, 7 * time.Millisecond, 50 * time.Millisecond} {
		c, err := r.At(media.Position{Run: 1, Time: from}, Selection{})
		must(t, err)
		for {
			i := next(t, c)
			if r.kind(i.Unit.Track) == media.Video {
				if i.DTS != 7*time.Millisecond {
					t.Errorf("%s, from %v: the first picture is that of %v", where, from, i.DTS)
				}
				break
			}
		}
		c.Close()
	}
}
