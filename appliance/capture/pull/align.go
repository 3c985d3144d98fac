package pull

import (
	"time"

	"github.com/pion/rtcp"

	"github.com/bluenviron/gortsplib/v5/pkg/ntp"
)

const (
	ntpStep    = 100 * time.Millisecond // a report this far from the one before: the camera's clock was set
	alignStep  = 500 * time.Millisecond // a difference of more than this is set at once, less is made up for
	alignTrust = 5 * time.Second        // reports that disagree with the arrivals by more are nonsense
)

// reportAt is a sender report: the camera's NTP time of an RTP time.
type reportAt struct {
	ntp time.Time
	ext int64
}

// aligner holds the tracks of one camera on one time. While all of them have
// sender reports, their distance is what the reports say; else each follows its
// own arrivals.
type aligner struct {
	tracks  []*timing
	aligned bool
}

// report takes a sender report for t.
func (a *aligner) report(t *timing, sr *rtcp.SenderReport) {
	if sr.NTPTime == 0 {
		return
	}
	if !t.begun {
		t.early = sr
		return
	}
	at := reportAt{ntp.Decode(sr.NTPTime), t.unwrap(sr.RTPTime)}
	if t.newestKnown {
		off := at.ntp.Sub(t.reported.ntp) - t.length(at.ext-t.reported.ext)
		if off.Abs() > ntpStep { // what the others said belongs to the time before
			for _, o := range a.tracks {
				o.newestKnown = false
			}
		}
	}
	t.reported = at
	// Only differences between tracks count, so any origin will do that keeps the
	// numbers small enough for nanoseconds: the Unix epoch does until 2262.
	t.newest, t.newestKnown = time.Duration(at.ntp.UnixNano())-t.length(at.ext), true
	a.commit()
}

// commit puts the newest reports in force once every track has one.
func (a *aligner) commit() {
	for _, t := range a.tracks {
		if !t.newestKnown {
			return
		}
	}
	least, most := a.spread()
	if most-least > alignTrust {
		return
	}
	for _, t := range a.tracks {
		t.shift = t.newest
	}
	a.aligned = true
	common := a.common()
	anchor := common + a.anchor().shift - a.anchor().out
	for _, t := range a.tracks {
		off := common + t.shift - t.out
		if most-least > alignStep {
			// Nothing is moved to before what is recorded: the one that is to be
			// earliest stays, the others become later.
			t.out, t.owed = t.out+off-least, 0
			continue
		}
		// Sound stays, since one hears a hole in it; pictures run a little faster or
		// slower until they are beside it.
		t.owed = off - anchor
	}
}

// anchor is the track that stays when the others are put beside it.
func (a *aligner) anchor() *timing {
	for _, t := range a.tracks {
		if t.sound {
			return t
		}
	}
	return a.tracks[0]
}

// spread is by how much the tracks would have to move, the least and the most of
// them, to be where the newest reports want them.
func (a *aligner) spread() (least, most time.Duration) {
	common := a.lowest(func(o *timing) time.Duration { return o.newest })
	for i, t := range a.tracks {
		off := common + t.newest - t.out
		if i == 0 || off < least {
			least = off
		}
		if i == 0 || off > most {
			most = off
		}
	}
	return least, most
}

func (a *aligner) common() time.Duration {
	return a.lowest(func(o *timing) time.Duration { return o.shift })
}

// lowest is the lower envelope of all tracks together in the camera's own time.
func (a *aligner) lowest(shift func(*timing) time.Duration) (low time.Duration) {
	some := false
	for _, t := range a.tracks {
		if m, ok := t.env.min(); ok && (!some || m-shift(t) < low) {
			low, some = m-shift(t), true
		}
	}
	return low
}

// jumped forgets what the reports said: the RTP time of t began anew.
func (a *aligner) jumped() {
	a.aligned = false
	for _, t := range a.tracks {
		t.newestKnown = false
	}
}

// target is where the mapping of t should be at now.
func (a *aligner) target(t *timing) time.Duration {
	if a.aligned {
		return a.common() + t.shift
	}
	low, ok := t.env.min()
	if !ok {
		return t.out
	}
	return low
}

// settle sets all mappings to their targets at once; for the time before the
// first unit is handed on.
func (a *aligner) settle(now time.Duration) {
	for _, t := range a.tracks {
		if t.begun {
			t.out, t.owed, t.moved, t.movedExt = a.target(t), 0, now, t.ext
		}
	}
}
