package recognise

import (
	"cmp"
	"slices"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

// stretch is a part of one track's sound in one run.
type stretch struct {
	run         media.Run
	track       uint16
	from, until time.Duration // media time
}

func (s stretch) length() time.Duration { return s.until - s.from }

func (s stretch) span(language string, state media.Heard, why string) media.HeardSpan {
	return media.HeardSpan{Run: s.run, From: s.from, Until: s.until, Track: s.track, Language: language, State: state, Why: why}
}

// minus is s without what spans cover.
func (s stretch) minus(spans []media.HeardSpan) []stretch {
	left := []stretch{s}
	for _, h := range spans {
		if h.Run != s.run || h.Track != s.track {
			continue
		}
		var next []stretch
		for _, l := range left {
			before, behind := l, l
			before.until = min(l.until, h.From)
			behind.from = max(l.from, h.Until)
			for _, x := range []stretch{before, behind} {
				if x.length() > 0 {
					next = append(next, x)
				}
			}
		}
		left = next
	}
	return left
}

// account is what of the recorded sound has been heard in a language.
type account struct {
	unmarked []stretch // nobody has said anything of it, and it is not the live recogniser's
	lapsed   []stretch // of that, what follows a stretch that was off in a run that is over: it was off, too
	todo     []stretch // unmarked or pending, to be captioned; from the oldest to the newest
	pending  time.Duration
	off      time.Duration
	live     *ear // the live recogniser that it counts with; nil: there is none
}

// ours reports whether a track is listened to: the camera's own sound.
func ours(t media.Track) bool { return t.Kind == media.Audio && t.Role == media.Main }

// current is the track to listen to now.
func current(tl Timeline) (media.Track, bool) {
	tracks := tl.Current()
	i := slices.IndexFunc(tracks, ours)
	if i < 0 {
		return media.Track{}, false
	}
	return tracks[i], true
}

// recorded is the sound that is kept of each track in each run, as far as it is on disk.
func recorded(m *timeline.Map, tracks []media.Track) []stretch {
	var out []stretch
	for _, r := range m.Runs {
		for _, st := range r.Stats {
			i := slices.IndexFunc(tracks, func(t media.Track) bool { return t.ID == st.Track && ours(t) })
			if i < 0 || st.Units == 0 {
				continue
			}
			s := stretch{r.Run, st.Track, max(st.First, 0), st.Last}
			out = append(out, s.minus(silent(m.Holes, s))...)
		}
	}
	slices.SortStableFunc(out, func(a, b stretch) int {
		return cmp.Or(cmp.Compare(a.run, b.run), cmp.Compare(a.from, b.from))
	})
	return out
}

// silent are the holes in which a stretch has no sound.
func silent(holes []timeline.Hole, s stretch) []media.HeardSpan {
	var out []media.HeardSpan
	for _, h := range holes {
		if h.From.Run != s.run || h.Kind == media.Video {
			continue
		}
		gone := stretch{s.run, s.track, h.From.Time, s.until}
		if h.Until.Run == s.run {
			gone.until = h.Until.Time
		}
		out = append(out, gone.span("", "", ""))
	}
	return out
}

// tooShort is what holds no word: what is shorter is not worth a recogniser.
const tooShort = 100 * time.Millisecond

// settle compares what is recorded with what was said of it. said are the spans
// of the hearing's language, off those of everything that was switched off;
// live, where not empty, is what the live recogniser will do, and now the run being recorded.
func settle(all []stretch, said, off []media.HeardSpan, live stretch, now media.Run) account {
	var a account
	var done, pending []media.HeardSpan
	for _, h := range said {
		if h.State == media.HeardPending {
			pending = append(pending, h)
		} else {
			done = append(done, h)
		}
	}
	for _, h := range off {
		a.off += overlap(all, h)
	}
	done = append(done, off...)
	if live.length() > 0 {
		done = append(done, live.span("", media.HeardDone, ""))
	}
	for _, s := range all {
		for _, left := range s.minus(done) {
			open := left.minus(pending)
			for _, u := range open {
				if u.run != now && follows(off, u) {
					a.lapsed = append(a.lapsed, u)
					a.off += u.length()
				} else {
					a.unmarked = append(a.unmarked, u)
				}
			}
			for _, t := range left.minus(spansOf(a.lapsed)) {
				if t.length() >= tooShort {
					a.todo = append(a.todo, t)
					a.pending += t.length()
				}
			}
		}
	}
	return a
}

func spansOf(ss []stretch) []media.HeardSpan {
	out := make([]media.HeardSpan, len(ss))
	for i, s := range ss {
		out[i] = s.span("", "", "")
	}
	return out
}

// follows reports whether s begins where one of spans ends.
func follows(spans []media.HeardSpan, s stretch) bool {
	return slices.ContainsFunc(spans, func(h media.HeardSpan) bool {
		return h.Run == s.run && h.Track == s.track && h.Until == s.from
	})
}

// overlap is how much of all a span covers.
func overlap(all []stretch, h media.HeardSpan) (sum time.Duration) {
	for _, s := range all {
		if s.run == h.Run && s.track == h.Track {
			sum += max(min(s.until, h.Until)-max(s.from, h.From), 0)
		}
	}
	return sum
}
