package storetest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"hindsight/media"
	"hindsight/store"
)

// left are the DTS of the units of a run, by track, from 0 to the end.
func left(t *testing.T, s store.Store, run media.Run) map[uint16][]time.Duration {
	t.Helper()
	out := map[uint16][]time.Duration{}
	for _, r := range walk(t, s) {
		if r.Run != run {
			continue
		}
		b, damaged, err := s.Read(r)
		if err != nil || damaged > 0 {
			t.Errorf("%v: %d damaged, %v", r, damaged, err)
			continue
		}
		e, err := s.Entry(r)
		must(t, err)
		units := int64(0)
		for _, x := range e.Stats {
			units += x.Units
		}
		if units != int64(len(b.Units)) || e.At != b.At {
			t.Errorf("%v: the entry says %d units at %v, the block %d at %v", r, units, e.At, len(b.Units), b.At)
		}
		for _, u := range b.Units {
			out[u.Track] = append(out[u.Track], u.DTS)
		}
	}
	return out
}

// without is what is left when those from until until are deleted.
func without(all map[uint16][]time.Duration, from, until time.Duration) map[uint16][]time.Duration {
	out := map[uint16][]time.Duration{}
	for id, ds := range all {
		out[id] = slices.DeleteFunc(slices.Clone(ds), func(d time.Duration) bool { return from <= d && d < until })
	}
	return out
}

func sameTimes(t *testing.T, what string, got, want map[uint16][]time.Duration) {
	t.Helper()
	for id := range want {
		if !slices.Equal(got[id], want[id]) {
			t.Errorf("%s: track %d has %v, want %v", what, id, got[id], want[id])
		}
	}
}

func testDeleteRange(t *testing.T, b Backend) {
	for name, c := range map[string]struct{ from, until, want time.Duration }{
		"within a segment":    {2300 * time.Millisecond, 5400 * time.Millisecond, 6 * time.Second}, // on to the next key frame
		"over whole segments": {7 * time.Second, 22 * time.Second, 22 * time.Second},
		"the beginning":       {0, 12 * time.Second, 12 * time.Second},
		"the end":             {13 * time.Second, time.Hour, time.Hour},
		"all":                 {0, time.Hour, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			s, _, _ := twoRuns(t, b)
			all, other := left(t, s, 1), left(t, s, 2)
			end := s.Runs()[0].End
			for n := range 25 {
				addMark(t, s, media.Mark{Kind: media.Bookmark, From: spot(1, n)})
			}
			if _, err := s.AddCaptions([]media.Caption{caption(1, c.from+time.Millisecond, "inside")}); err != nil {
				t.Fatal(err)
			}
			got, err := s.DeleteRange(media.Position{Run: 1, Time: c.from}, media.Position{Run: 1, Time: c.until}, "by anna")
			must(t, err)
			if got.Captions != 1 || got.Bytes <= 0 || got.Until.Time > c.want {
				t.Errorf("deleted %+v, want one caption and some bytes until %v", got, c.want)
			}
			for range 2 {
				sameTimes(t, "run 1", left(t, s, 1), without(all, c.from, c.want))
				sameTimes(t, "run 2", left(t, s, 2), other)
				for _, m := range s.Marks(media.Bookmark) {
					if c.from <= m.From.Time && m.From.Time < c.until {
						t.Errorf("the bookmark at %v is there", m.From)
					}
				}
				for _, r := range s.Runs() {
					if r.Run != 1 {
						continue
					}
					if r.End != end {
						t.Errorf("run 1 ended by %q, want %q", r.End, end)
					}
					i := slices.IndexFunc(r.Gaps, func(g media.Gap) bool { return g.Reason == media.Deleted })
					if i < 0 || r.Gaps[i].Detail != "by anna" || r.Gaps[i].Until > c.want || r.Gaps[i].From < c.from || r.Gaps[i].From > c.from+time.Second {
						t.Errorf("gaps %+v, want one that was deleted from %v until %v", r.Gaps, c.from, c.want)
					}
				}
				s = b.Reopen(t, s)
			}
			again, err := s.DeleteRange(media.Position{Run: 1, Time: c.from}, media.Position{Run: 1, Time: c.until}, "")
			if err != nil || again.Captions != 0 {
				t.Errorf("deleted again: %+v, %v", again, err)
			}
			r := begin(t, s)
			r.seconds(0, 2)
			must(t, s.Close())
		})
	}
}

// caption is a second of speech.
func caption(run media.Run, at time.Duration, text string) media.Caption {
	return media.Caption{Run: run, Start: at, End: at + time.Second, Text: text, Language: "en", Model: media.Model{Name: "m"}, Track: 1}
}

func testDeletePinned(t *testing.T, b Backend) {
	s, _, _ := twoRuns(t, b)
	all := left(t, s, 1)
	pin := addMark(t, s, media.Mark{Kind: media.Pin, From: spot(1, 12), Until: spot(1, 13)})
	var pinned *store.PinnedError
	if _, err := s.DeleteRange(spot(1, 3), spot(1, 20), ""); !errors.As(err, &pinned) || pinned.Pin.ID != pin.ID {
		t.Errorf("over a pin: %v, want it refused with the pin", err)
	}
	if _, err := s.DeleteRange(spot(1, 3), spot(1, 3), ""); err == nil {
		t.Error("an empty range was deleted")
	}
	sameTimes(t, "after refusals", left(t, s, 1), all)
	if _, err := s.DeleteRange(spot(1, 13), spot(1, 14), ""); err != nil {
		t.Errorf("behind the pin: %v", err)
	}
	sameTimes(t, "behind the pin", left(t, s, 1), without(all, 13*time.Second, 14*time.Second))
	must(t, s.Close())
}
