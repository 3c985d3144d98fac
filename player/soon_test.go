package player_test

import (
	"testing"
	"time"

	"hindsight/media"
)

// late is a tape whose sound begins later than its picture, at the beginning and
// again after a gap at 2 s; told: that it will come is known.
func late(t testing.TB, by time.Duration, told bool) *tape {
	const second = 2 * time.Second
	x := newTape(t, 4*time.Second, func(k media.Kind, at time.Duration) bool { return k == media.Video || at%second >= by })
	both, one := x.tracks, x.tracks[:1]
	soon := []media.Kind{media.Audio}
	if !told {
		soon = nil
	}
	x.tracks, x.soon = one, soon
	quiet := true
	for i := range x.items {
		it := &x.items[i]
		if it.Track == pictureID && it.DTS == second {
			p := pointAt(it.DTS)
			p.Time = p.Time.Add(time.Minute)
			it.Point, it.Tracks, it.Soon, quiet = &p, one, soon, true
		}
		if it.Track == soundID && quiet {
			it.Tracks, quiet = both, false
		}
	}
	return x
}

func TestTheOtherKindIsWaitedForWhereItIsKnownToCome(t *testing.T) {
	for _, c := range []struct {
		name string
		by   time.Duration
		told bool
		want string // what the init segments have
	}{
		{"soon", 600 * time.Millisecond, true, "av av "},
		{"not known", 600 * time.Millisecond, false, "v av v av "},
		{"too late", 1400 * time.Millisecond, true, "v av v av "},
	} {
		t.Run(c.name, func(t *testing.T) {
			lossless(t, late(t, c.by, c.told), nil, func(cl *client) {
				cl.seek(1, map[string]any{"recorded": 0})
				cl.landed(1)
				cl.await("the end", func(s said) bool { return s.Is == "end" })
				got := ""
				for _, s := range cl.says {
					if s.Is == "tracks" && s.Audio != nil {
						got += "a"
					}
					if s.Is == "tracks" {
						got += "v "
					}
				}
				if got != c.want {
					t.Errorf("tracks %q, want %q", got, c.want)
				}
				if n := len(cl.pictures(0)); n != 100 {
					t.Errorf("%d pictures of 100", n)
				}
			})
		})
	}
}
