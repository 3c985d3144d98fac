package player

import (
	"slices"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"

	"hindsight/media"
)

// What the pictures keep to, in ticks of videoScale.
const (
	usualFrame = videoScale / 25 // until two pictures have told
	longFrame  = 10 * videoScale // how long a picture stands of which it is not known when the next comes
	lastFrame  = videoScale      // how long the last picture of a repeated group lasts
	mostGroup  = 300             // pictures of a group that is repeated
	groupBytes = 4 << 20         // of it
	slackTimes = 5               // halves of a usual frame that a guessed one lasts
	longest    = 2 * time.Second // between two pictures that tell what is usual
)

// frame is a picture on its way into a fragment. Times are ticks of videoScale.
type frame struct {
	dts, pts int64
	key      bool
	payload  []byte
}

// pictures are the video samples of one seek: a picture is held until the next
// tells how long it lasts.
type pictures struct {
	held    *frame
	pending []*fmp4.Sample
	base    int64   // decoding time of pending[0]
	shown   []int64 // presentation times of the true pictures in pending
	key     bool    // pending[0] is a true key frame
	last    int64   // highest decoding time given to a sample
	end     int64   // up to where there is a picture
	began   bool
	usual   int64
	group   []frame // since the last key frame, for repeating; nil: it cannot be
	size    int     // bytes of group
	newest  int64   // decoding time of the newest true picture, as it was
}

// frameOf makes a picture of a unit; its decoding time rises whatever was sent before.
func (p *pictures) frameOf(u media.Unit) *frame {
	f := &frame{dts: ticks(u.DTS, videoScale), pts: ticks(u.PTS(), videoScale), key: u.IsKey(), payload: u.Payload}
	if p.began {
		if gap := f.dts - p.newest; gap > 0 && gap < ticks(longest, videoScale) {
			p.usual = gap
		}
	}
	p.newest = f.dts
	if p.began && f.dts <= p.last {
		late := p.last + 1 - f.dts
		f.dts += late
		f.pts = max(f.pts, f.dts)
	}
	p.remember(*f)
	return f
}

// remember keeps the group of pictures, if it can be repeated.
func (p *pictures) remember(f frame) {
	switch {
	case f.key:
		p.group, p.size = append(p.group[:0:0], f), len(f.payload)
	case len(p.group) == 0:
	case len(p.group) == mostGroup || p.size+len(f.payload) > groupBytes || f.pts != f.dts:
		// Too long, or in another order than it is shown: the key frame alone is repeated.
		p.group = p.group[:1:1]
		p.size = groupBytes
	case p.size < groupBytes:
		p.group, p.size = append(p.group, f), p.size+len(f.payload)
	}
}

// release puts the held picture into the fragment, lasting until the given time.
func (p *pictures) release(until int64) {
	if f := p.held; f != nil {
		p.held = nil
		p.add(f, max(until-f.dts, 1))
		p.shown = append(p.shown, f.pts)
	}
}

// add puts a sample into the fragment.
func (p *pictures) add(f *frame, lasts int64) {
	if len(p.pending) == 0 {
		p.base, p.key = f.dts, f.key
	}
	p.pending = append(p.pending, &fmp4.Sample{
		Duration: uint32(lasts), PTSOffset: int32(f.pts - f.dts), IsNonSyncSample: !f.key, Payload: f.payload,
	})
	p.began, p.last, p.end = true, f.dts, f.dts+lasts
}

// repeat shows the last group once more from where the picture ends: all of it in
// the first instant, its last picture for a second. It reports whether there is one.
func (p *pictures) repeat() bool {
	if len(p.group) == 0 {
		return false
	}
	at, over := max(p.end, p.last+1), max(p.end, p.last+1)+lastFrame
	for i, f := range p.group {
		f.dts, f.pts = at+int64(i), at+int64(i)
		lasts := int64(1)
		if i == len(p.group)-1 {
			lasts = over - f.dts
		}
		p.add(&f, lasts)
	}
	p.key = false // no true one
	return true
}

// take empties the fragment. true pictures are given by their times.
func (p *pictures) take() (part *fmp4.PartTrack, frames []secs, key bool) {
	if len(p.pending) == 0 {
		return nil, nil, false
	}
	part = &fmp4.PartTrack{ID: videoID, BaseTime: uint64(max(p.base, 0)), Samples: p.pending}
	slices.Sort(p.shown) // they came in the order of decoding
	for _, t := range p.shown {
		frames = append(frames, secs(since(t, videoScale)))
	}
	p.pending, p.shown = nil, nil
	return part, frames, p.key
}

// span is how much lies in the fragment.
func (p *pictures) span() int64 {
	if len(p.pending) == 0 {
		return 0
	}
	return p.end - p.base
}
