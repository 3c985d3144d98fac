package snapshot

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

const (
	// skew is how far the tracks of a timeline may lie apart in commit order.
	skew = time.Second
	// maxGroup is how many bytes from the key frame to the frame are taken into memory.
	maxGroup = 96 << 20
	// maxKeys is how many key frames back one is looked for that a decoder can begin at.
	maxKeys = 1000
)

// Frame is one frame of a timeline and what is needed to decode it.
type Frame struct {
	At    media.Position // when it is shown
	Key   bool
	Bytes int // as recorded
	// Final: whatever is recorded from now on, this stays the frame of the moment asked for.
	Final bool

	track media.Track
	units []media.Unit // in decoding order from the key frame on; the last one is the frame
}

// Find is the frame that was shown at p, or last before it: of the camera's main
// picture, the one with the greatest presentation time not after p. Where the picture is
// missing at p it is the last one before. Its error is a *Nothing if there is none.
func Find(ctx context.Context, tl Timeline, p media.Position) (*Frame, error) {
	return (&search{tl: tl, p: p, open: p, video: map[uint16]media.Track{}}).find(ctx)
}

// FindKey is the last key frame shown at p or before it, which is decoded without any
// other: at most as far from the frame of Find as the camera's key frames lie apart. Final
// is not told. Its error is a *Nothing if there is none.
func FindKey(ctx context.Context, tl Timeline, p media.Position) (*Frame, error) {
	return (&search{tl: tl, p: p, open: p, keys: true, video: map[uint16]media.Track{}}).find(ctx)
}

func (s *search) find(ctx context.Context) (*Frame, error) {
	tl, p := s.tl, s.p
	for _, t := range tl.Tracks() {
		if t.Kind == media.Video && t.Role == media.Main {
			s.video[t.ID] = t
		}
	}
	s.leaveHole()
	for _, way := range []func(context.Context) error{s.forward, s.back, s.whole} {
		if len(s.video) == 0 {
			break
		}
		if err := way(ctx); err != nil {
			return nil, fmt.Errorf("snapshot: %w", err)
		}
		if f, err := s.frame(); f != nil || err != nil {
			return f, err
		}
	}
	if s.unfit {
		return nil, fmt.Errorf("snapshot: the camera's pictures before %v begin with none that the decoder can begin at (an IDR picture)", p)
	}
	none := &Nothing{At: p}
	if oldest, ok := tl.Oldest(); ok {
		none.Oldest, _ = tl.Wall(oldest)
	}
	return nil, none
}

// search collects the units from the last key frame at or before p on.
type search struct {
	tl    Timeline
	p     media.Position // units shown after it are not looked for
	open  media.Position // where a cursor is opened
	keys  bool           // the key frame is enough
	video map[uint16]media.Track

	run    media.Run
	units  []media.Unit // of one track and run, beginning where a decoder can
	bytes  int
	torn   bool // units are missing behind them
	beyond bool // units after p are recorded
	full   bool
	unfit  bool // there was a key frame that no decoder here can begin at
}

// leaveHole makes the search begin before the hole that p lies in, so that what
// is recorded meanwhile, as sound, need not be read.
func (s *search) leaveHole() {
	holes := s.tl.Map().Holes
	for i := len(holes) - 1; i >= 0; i-- {
		h := holes[i]
		lasts := h.Until == media.Position{}
		if h.Kind == media.Audio || s.open.Before(h.From) || !lasts && !s.open.Before(h.Until) {
			continue
		}
		s.open = media.Position{Run: h.From.Run, Time: h.From.Time - 1}
		if late := (media.Position{Run: h.From.Run, Time: h.From.Time + skew}); late.Before(s.p) {
			s.p = late // no picture that was on its way is shown later
		}
		s.beyond = !lasts
		i = len(holes) // it may touch one that began later
	}
}

// forward looks from the key frame at or before p on.
func (s *search) forward(ctx context.Context) error {
	c, err := s.tl.Open(s.open)
	if err != nil {
		return err
	}
	defer c.Close()
	return s.read(ctx, c)
}

// back looks for a key frame further back: p lies in a gap, or the key frame before
// it is none that a decoder can begin at.
func (s *search) back(ctx context.Context) error {
	c, err := s.tl.Open(s.open)
	if err != nil {
		return err
	}
	defer c.Close()
	for range maxKeys {
		item, err := c.PrevKey(ctx)
		if errors.Is(err, timeline.ErrEnd) {
			return nil
		}
		if err != nil {
			return err
		}
		s.take(item)
		if len(s.units) > 0 && s.keys {
			return nil
		}
		if len(s.units) > 0 {
			return s.read(ctx, c)
		}
	}
	return fmt.Errorf("none of the %d key frames before %v is one that the decoder can begin at (an IDR picture)", maxKeys, s.p)
}

// whole looks from the oldest moment on, for the one key frame that PrevKey does
// not see: that at which a cursor opens.
func (s *search) whole(ctx context.Context) error {
	oldest, ok := s.tl.Oldest()
	if !ok {
		return nil
	}
	c, err := s.tl.Open(oldest)
	if err != nil {
		return err
	}
	defer c.Close()
	return s.read(ctx, c)
}

// read takes units until none can follow that is shown at p or before.
func (s *search) read(ctx context.Context, c Cursor) error {
	for {
		item, err := c.NextNow(ctx)
		if errors.Is(err, timeline.ErrEnd) {
			return nil
		}
		if err != nil {
			return err
		}
		_, picture := s.video[item.Track]
		after := item.DTS - s.p.Time // what is decoded later is shown later
		if item.Run > s.p.Run || item.Run == s.p.Run && (after > skew || picture && after > 0) {
			s.beyond = true
			return nil
		}
		s.take(item)
		if s.keys && len(s.units) > 0 {
			return nil // the cursor began at the last one, or no other was found
		}
		if s.full {
			return fmt.Errorf("the key frame before %v lies more than %d MB of pictures back, too far to decode", s.p, maxGroup>>20)
		}
	}
}

// take adds a unit, if the frame may be it or be decoded from it.
func (s *search) take(item timeline.Item) {
	t, picture := s.video[item.Track]
	if !picture {
		s.torn = s.torn || item.Jump
		return
	}
	shown := item.Run < s.p.Run || item.Run == s.p.Run && item.PTS() <= s.p.Time
	switch {
	case item.IsKey() && shown && begins(t, item.Payload):
		s.units, s.bytes, s.run, s.torn = s.units[:0], 0, item.Run, false
	case len(s.units) == 0:
		s.unfit = s.unfit || item.IsKey() && shown
		return
	case item.Jump || s.torn || item.Run != s.run || item.Track != s.units[0].Track:
		s.torn = true // nothing can be shown until the next key frame
		return
	}
	s.bytes += len(item.Payload)
	s.full = s.bytes > maxGroup
	s.units = append(s.units, item.Unit)
}

// frame is what was found, nil: nothing.
func (s *search) frame() (*Frame, error) {
	if len(s.units) == 0 {
		return nil, nil
	}
	last := 0
	for i, u := range s.units {
		at := media.Position{Run: s.run, Time: u.PTS()}
		if !s.p.Before(at) && u.PTS() > s.units[last].PTS() {
			last = i
		}
	}
	u := s.units[last]
	return &Frame{At: media.Position{Run: s.run, Time: u.PTS()}, Key: u.IsKey(), Bytes: len(u.Payload), Final: s.beyond,
		track: s.video[u.Track], units: s.units[:last+1]}, nil
}
