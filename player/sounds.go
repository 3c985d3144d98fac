package player

import (
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"

	"hindsight/media"
)

// mostSilence is the longest hole that is filled at once; sound behind a longer
// one stands where it belongs, with nothing before it.
const mostSilence = 20 * time.Second

// sounds are the audio samples of one seek. Times are ticks of its track's clock.
type sounds struct {
	track   media.Track
	silence []hush
	pending []*fmp4.Sample
	base    int64
	end     int64 // up to where there is sound
	began   bool
}

func newSounds(t media.Track, from time.Duration) *sounds {
	return &sounds{track: t, silence: silences(t), end: ticks(from, t.ClockRate)}
}

// push puts a unit into the fragment. It returns how much silence was put before
// it, and whether the unit was sent: one for a time that is over is not.
func (s *sounds) push(u media.Unit) (filled time.Duration, sent bool) {
	at, lasts := ticks(u.PTS(), s.track.ClockRate), ticks(s.track.Duration(u.Payload), s.track.ClockRate)
	if lasts <= 0 || at < 0 {
		return 0, false
	}
	if !s.began && at <= s.end && at+lasts > s.end {
		s.end = at // the piece that sounds as the first picture is shown
	}
	if at+lasts/2 < s.end {
		return 0, false
	}
	switch gap := at - s.end; {
	case 4*gap > 3*lasts && gap > s.shortest():
		filled = s.fillTo(at)
	case len(s.pending) > 0: // the clocks of two machines part by a little
		n := s.pending[len(s.pending)-1]
		n.Duration = uint32(max(int64(n.Duration)+gap, 1))
	}
	s.add([]*fmp4.Sample{{Duration: uint32(lasts), Payload: u.Payload}}, at, lasts)
	return filled, true
}

// shortest is how long the shortest silence lasts.
func (s *sounds) shortest() int64 {
	if n := len(s.silence); n > 0 {
		return s.silence[n-1].ticks
	}
	return 0
}

// fillTo puts silence from the end of the sound up to a time.
func (s *sounds) fillTo(to int64) time.Duration {
	gap := to - s.end
	if len(s.silence) == 0 || gap < s.shortest() || since(gap, s.track.ClockRate) > mostSilence {
		return 0
	}
	s.add(fill(s.silence, gap), s.end, gap)
	return since(gap, s.track.ClockRate)
}

func (s *sounds) add(samples []*fmp4.Sample, at, lasts int64) {
	if len(s.pending) == 0 {
		s.base = at
	} else if hole := at - s.base - s.length(); hole > 0 { // not filled: what is before it lasts longer
		s.pending[len(s.pending)-1].Duration += uint32(hole)
	}
	s.pending = append(s.pending, samples...)
	s.end, s.began = at+lasts, true
}

func (s *sounds) length() (n int64) {
	for _, x := range s.pending {
		n += int64(x.Duration)
	}
	return n
}

// take empties the fragment.
func (s *sounds) take() *fmp4.PartTrack {
	if len(s.pending) == 0 {
		return nil
	}
	part := &fmp4.PartTrack{ID: audioID, BaseTime: uint64(max(s.base, 0)), Samples: s.pending}
	s.pending = nil
	return part
}

// span is how much lies in the fragment.
func (s *sounds) span() time.Duration {
	if len(s.pending) == 0 {
		return 0
	}
	return since(s.end-s.base, s.track.ClockRate)
}
