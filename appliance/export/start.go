package export

import (
	"context"
	"errors"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

// start is how a file begins.
type start struct {
	video  bool          // there is a picture on the screen at the beginning
	key    time.Duration // media time of the key frame from which it is decoded
	tracks []startTrack  // what is seen and heard at the beginning
}

type startTrack struct {
	kind   media.Kind
	role   media.Role
	params params
}

// look finds how a file of within begins: the last key frame at or before its
// beginning, and the parameters of what is seen and heard there.
func look(ctx context.Context, tl Timeline, within stretches, lost bool, wait time.Duration) (start, error) {
	first := within[0]
	c, err := open(tl, first.start(), wait)
	if err != nil {
		return start{}, err
	}
	defer c.close()
	tracks := map[uint16]media.Track{}
	for _, t := range tl.Tracks() {
		tracks[t.ID] = t
	}
	var s start
	for {
		item, err := c.next(ctx)
		if errors.Is(err, timeline.ErrEnd) || err == nil && (item.Run > first.run || item.DTS > first.from+skew) {
			return s, nil
		}
		if err != nil {
			return s, err
		}
		t, known := tracks[item.Track]
		if !known || item.Run != first.run {
			continue
		}
		now := item.PTS() <= first.from && item.DTS >= first.since
		switch {
		case t.Kind == media.Video && item.IsKey() && now && !lost:
			if s.add(t, item.Unit) {
				s.video, s.key = true, item.DTS
			}
		case t.Kind == media.Audio && now && item.PTS()+t.Duration(item.Payload) > first.from:
			s.add(t, item.Unit)
		}
	}
}

// add notes the parameters of a track, in place of earlier ones; false: u tells none that a file can hold.
func (s *start) add(t media.Track, u media.Unit) bool {
	p, err := params{}.read(t, u)
	if err != nil {
		return false
	}
	for i := range s.tracks {
		if s.tracks[i].kind == t.Kind && s.tracks[i].role == t.Role {
			s.tracks[i].params = p
			return true
		}
	}
	s.tracks = append(s.tracks, startTrack{t.Kind, t.Role, p})
	return true
}

// pictureLost reports whether there was no picture at p, so that the last one
// before must not be shown for it.
func pictureLost(m *timeline.Map, p media.Position) bool {
	for _, h := range m.Holes {
		open := h.Until == media.Position{}
		if h.Kind == media.Video && !p.Before(h.From) && (open || p.Before(h.Until)) {
			return true
		}
	}
	return false
}
