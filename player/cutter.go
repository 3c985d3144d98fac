package player

import (
	"fmt"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4/seekablebuffer"

	"hindsight/media"
)

// How fragments are cut and holes filled.
const (
	fragmentSpan  = 100 * time.Millisecond
	soundSpan     = 300 * time.Millisecond // of a fragment in which no picture comes
	holePatience  = 500 * time.Millisecond // how far one kind may be behind the other before it counts as missing
	holeMargin    = 100 * time.Millisecond // how far silence stays behind the picture, for sound may come back
	mostRepeating = 20                     // groups repeated at once
)

// fragment is a media segment and what it holds.
type fragment struct {
	header  fragmentHeader
	payload []byte
	until   time.Duration // recorded time up to which there is something
}

// cutter makes fragments of the units of one seek. Its fragments go to emit.
type cutter struct {
	pictures *pictures // nil: none are in the fMP4
	sounds   *sounds   // nil: none are
	emit     func(fragment) error
	low      bool // one fragment a picture
	number   uint32

	shown    time.Duration // of the newest picture, also one that is not in the fMP4
	from     time.Duration // where the seek begins
	lacks    map[media.Kind]bool
	filled   map[media.Kind]time.Duration
	standing time.Duration // from when the last picture is repeated; below 0: it is not
	stood    time.Duration // of that, what is counted
}

// newCutter makes one for a shape whose data begins at a recorded time.
func newCutter(s *shape, from time.Duration, emit func(fragment) error) *cutter {
	c := &cutter{emit: emit, from: from, shown: from, lacks: map[media.Kind]bool{}, filled: map[media.Kind]time.Duration{}, standing: -1}
	if s.moving() {
		c.pictures = &pictures{usual: usualFrame, end: ticks(from, videoScale)}
	}
	if s.sounding() {
		c.sounds = newSounds(*s.audio, from)
	}
	return c
}

// picture takes a picture of H.264. stands: it is not known when the next one
// comes, so it is sent at once and lasts until then.
func (c *cutter) picture(u media.Unit, stands bool) error {
	p := c.pictures
	if err := c.returned(u.PTS()); err != nil {
		return err
	}
	c.shown = max(c.shown, u.PTS())
	f := p.frameOf(u)
	p.release(f.dts)
	if f.key || stands || p.span() >= ticks(fragmentSpan, videoScale) {
		if err := c.cut(); err != nil {
			return err
		}
	}
	p.held = f
	switch {
	case stands:
		if err := c.stand(); err != nil {
			return err
		}
	case c.low:
		p.release(f.dts + p.usual*slackTimes/2)
		if err := c.cut(); err != nil {
			return err
		}
	}
	return c.silenceTo(u.PTS())
}

// pictured takes the time of a picture that is not in the fMP4.
func (c *cutter) pictured(at time.Duration) error {
	c.shown = max(c.shown, at)
	return c.silenceTo(at)
}

// sound takes a piece of sound.
func (c *cutter) sound(u media.Unit) error {
	s := c.sounds
	if gap := u.PTS() - since(s.end, s.track.ClockRate); gap > mostSilence {
		if err := c.cut(); err != nil {
			return err
		}
	}
	filled, _ := s.push(u)
	c.filled[media.Audio] += filled
	if err := c.standTo(since(s.end, s.track.ClockRate)); err != nil {
		return err
	}
	if c.pictures == nil && s.span() >= fragmentSpan || s.span() >= soundSpan {
		return c.cut()
	}
	return nil
}

// silenceTo fills sound that is missing at the time of a picture.
func (c *cutter) silenceTo(at time.Duration) error {
	s := c.sounds
	if s == nil {
		return nil
	}
	behind := at - since(s.end, s.track.ClockRate)
	if behind <= holePatience && !(c.lacks[media.Audio] && behind > holeMargin) {
		return nil
	}
	c.filled[media.Audio] += s.fillTo(ticks(at-holeMargin, s.track.ClockRate))
	if c.pictures == nil && s.span() >= fragmentSpan {
		return c.cut()
	}
	return nil
}

// standTo repeats the last picture where it is missing at the time of sound.
func (c *cutter) standTo(at time.Duration) error {
	p := c.pictures
	if p == nil || len(p.group) == 0 {
		return nil
	}
	if p.held != nil { // the next picture would have told how long it lasts
		if behind := at - since(p.held.dts+p.usual, videoScale); behind <= holePatience && !c.lacks[media.Video] {
			return nil
		}
		p.release(p.held.dts + p.usual)
	}
	end := since(p.end, videoScale)
	if c.standing < 0 {
		if at-end <= holePatience && !(c.lacks[media.Video] && at > end) {
			return nil
		}
		c.standing, c.stood = end, 0
	}
	for n := 0; since(p.end, videoScale) < at+holeMargin && n < mostRepeating; n++ {
		if !p.repeat() {
			return nil
		}
	}
	c.count(at)
	return nil
}

// count counts for how long the last picture has stood.
func (c *cutter) count(at time.Duration) {
	if d := at - c.standing - c.stood; d > 0 {
		c.filled[media.Video] += d
		c.stood += d
	}
}

// returned ends a hole in the picture.
func (c *cutter) returned(at time.Duration) error {
	if c.standing < 0 {
		return nil
	}
	c.count(at)
	c.standing = -1
	return c.cut() // the last picture stands longer than needed
}

// stand sends what there is, and the last picture as one that lasts until the next comes.
func (c *cutter) stand() error {
	if p := c.pictures; p != nil && p.held != nil {
		p.release(p.held.dts + longFrame)
		return c.cut()
	}
	return c.cut()
}

// finish sends what there is; the picture held lasts until the given time.
func (c *cutter) finish(until time.Duration) error {
	if p := c.pictures; p != nil {
		p.release(ticks(until, videoScale))
	}
	return c.cut()
}

// alone sends a key frame as a fragment of its own, for playing backward: it lasts
// until the one sent before it, the first until the moment asked for.
func (c *cutter) alone(u media.Unit, asked time.Duration) error {
	p := c.pictures
	dts := ticks(u.DTS, videoScale)
	until := p.last
	if !p.began {
		until = ticks(asked, videoScale) + p.usual
	}
	lasts := min(max(until-dts, p.usual), longFrame)
	f := frame{dts: dts, pts: ticks(u.PTS(), videoScale), key: true, payload: u.Payload}
	p.add(&f, lasts)
	p.shown = append(p.shown, f.pts)
	return c.cut()
}

// lack takes over what the recording has a hole in.
func (c *cutter) lack(holes map[media.Kind]media.Reason) {
	clear(c.lacks)
	for k := range holes {
		c.lacks[k] = true
	}
}

// inherit goes on from where a cutter for other tracks has come, with what they have in common.
func (c *cutter) inherit(old *cutter) {
	c.filled, c.shown, c.number, c.low = old.filled, old.shown, old.number, old.low
	if c.pictures != nil && old.pictures != nil {
		c.pictures, c.standing, c.stood = old.pictures, old.standing, old.stood
		c.pictures.group = nil // it needs other parameter sets
	}
	if c.sounds != nil && old.sounds != nil && c.sounds.track.Same(old.sounds.track) {
		c.sounds = old.sounds
	}
}

// cut sends what is in the fragment.
func (c *cutter) cut() error {
	f := fragment{}
	part := fmp4.Part{SequenceNumber: c.number}
	from, until := time.Duration(-1), time.Duration(0)
	over := func(a, b time.Duration) {
		if from < 0 || a < from {
			from = a
		}
		until = max(until, b)
	}
	if p := c.pictures; p != nil && len(p.pending) > 0 {
		end := p.end
		if end-p.last > longFrame/2 { // it stands until the next comes
			end = p.last + p.usual
		}
		over(since(p.base, videoScale), since(end, videoScale))
		track, frames, key := p.take()
		part.Tracks = append(part.Tracks, track)
		f.header.Frames, f.header.Key = frames, key
	}
	if s := c.sounds; s != nil && len(s.pending) > 0 {
		over(since(s.base, s.track.ClockRate), since(s.end, s.track.ClockRate))
		part.Tracks = append(part.Tracks, s.take())
	}
	if len(part.Tracks) == 0 {
		return nil
	}
	c.number++
	var b seekablebuffer.Buffer
	if err := part.Marshal(&b); err != nil {
		return fmt.Errorf("player: fragment: %w", err)
	}
	f.header.From, f.header.Until, f.until = secs(max(from, 0)), secs(until), until
	if f.header.Frames == nil {
		f.header.Frames = []secs{}
	}
	f.payload = b.Bytes()
	return c.emit(f)
}
