package demo

import (
	"context"
	"fmt"
	"sync"
	"time"

	"hindsight/appliance/capture"
	"hindsight/appliance/pattern"
	"hindsight/media"
)

const (
	tooLate   = 5 * time.Second        // later than this and what was due is skipped
	ahead     = 250 * time.Millisecond // so far sound may go before pictures that are late
	wallStep  = 100 * time.Millisecond // a wall clock this far off was set; less is slewing and reading
	pieceSize = pattern.SampleRate / 50
)

// run is one call of Run. Pictures and sound are counted from the same start on
// an absolute schedule, so neither drifts. After a moment in which the machine did
// something else both make up for it, and sound, which is faster at that, waits for the pictures.
type run struct {
	Options
	sink  capture.Sink
	start time.Duration // Clock.Boot of frame 0 and sample 0
	drawn *progress     // of the pictures; nil where there are none
}

// progress is the moment up to which pictures have been given.
type progress struct {
	mu   sync.Mutex
	at   time.Duration // since the start
	more chan struct{} // closed when at changes
}

func newProgress() *progress { return &progress{more: make(chan struct{})} }

func (p *progress) reach(at time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at = at
	close(p.more)
	p.more = make(chan struct{})
}

// wait returns when at has been reached; false: ctx ended before.
func (p *progress) wait(ctx context.Context, at time.Duration) bool {
	for {
		p.mu.Lock()
		there, more := p.at >= at, p.more
		p.mu.Unlock()
		if there {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-more:
		}
	}
}

func (r run) pictures(ctx context.Context, c *card) {
	wall := r.wallOffset()
	for n := int64(0); ; n++ {
		at := r.start + pattern.FrameTime(n, r.Rate)
		if !r.Wait(ctx, at) {
			return
		}
		if now := r.Clock.Boot(); now-at > tooLate {
			next := pattern.FrameAt(now-r.start, r.Rate)
			r.sink.Dropped(media.Video, fmt.Sprintf("demo: %d frames skipped, too late to draw them", next-n))
			n = next
			at = r.start + pattern.FrameTime(n, r.Rate)
		}
		if n%int64(r.Rate) == 0 {
			if w := r.wallOffset(); w.Sub(wall).Abs() > wallStep {
				wall = w
			}
		}
		r.sink.Picture(media.Picture{
			Format: media.FormatI420, Width: r.Width, Height: r.Height, At: at,
			Data: c.draw(n, wall.Add(at)),
		})
		r.drawn.reach(pattern.FrameTime(n+1, r.Rate))
	}
}

// wallOffset is the wall time at Clock.Boot 0, as the clock has it now.
func (r run) wallOffset() time.Time {
	wall, _ := r.Clock.Wall()
	return wall.Add(-r.Clock.Boot())
}

func (r run) sounds(ctx context.Context, s *pattern.Sound) {
	lost := 0
	for k := int64(0); ; k += pieceSize {
		// A piece is there when its last sample has been heard.
		due := r.start + pattern.SampleTime(k+pieceSize)
		if !r.Wait(ctx, due) || r.drawn != nil && !r.drawn.wait(ctx, pattern.SampleTime(k)-ahead) {
			return
		}
		if late := r.Clock.Boot() - due; late > tooLate {
			pieces := int64(late * 50 / time.Second)
			lost = int(pieces * pieceSize)
			k += pieces * pieceSize
			r.sink.Dropped(media.Audio, fmt.Sprintf("demo: %v of sound skipped, too late to play it", late.Round(time.Millisecond)))
		}
		piece := make([]int16, pieceSize*pattern.Channels)
		s.Fill(piece, k)
		r.sink.Sound(media.Sound{
			Rate: pattern.SampleRate, Channels: pattern.Channels,
			At: r.start + pattern.SampleTime(k), LostHere: lost, Samples: piece,
		})
		lost = 0
	}
}
