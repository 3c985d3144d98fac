// Package fill makes a recording of any length in a fraction of it: one second
// of pictures and sound, encoded once, is put onto a timeline again and again
// while a clock of its own goes by. It is for measuring how the recorder does
// with a long history.
package fill

import (
	"context"
	"sync/atomic"
	"time"

	"hindsight/media"
)

// Clock goes when it is told to, and its time of day can be trusted.
type Clock struct {
	start time.Time
	boot  atomic.Int64
}

// NewClock makes a clock that shows start when Boot is 0, as it is at first.
func NewClock(start time.Time) *Clock { return &Clock{start: start.UTC().Round(0)} }

// Boot is media.Clock's.
func (c *Clock) Boot() time.Duration { return time.Duration(c.boot.Load()) }

// Wall is media.Clock's.
func (c *Clock) Wall() (time.Time, bool) { return c.start.Add(c.Boot()), true }

// Timeline is what is filled; the clock of the run that it records is a Clock that stands at 0.
type Timeline interface {
	Track(t media.Track) (media.Track, error)
	Append(u media.Unit) error
	Sync(ctx context.Context) error
}

// Lead is how long after its beginning a run has its first unit: media time 0 holds none.
const Lead = time.Second

// Options say what Write writes.
type Options struct {
	Clip   *Clip
	Length time.Duration // whole seconds, at least one
	Block  time.Duration // one commit for so much media
	// Progress is told now and then how much there is; nil: nobody is.
	Progress func(done time.Duration)
}

// Write appends pictures and sound from Lead to Lead+Length and commits them.
// When ctx ends it returns its error; what is committed by then is whole.
func Write(ctx context.Context, tl Timeline, clock *Clock, o Options) error {
	w := writer{tl: tl, clip: o.Clip}
	var err error
	if w.video, err = tl.Track(o.Clip.Video); err != nil {
		return err
	}
	if w.audio, err = tl.Track(o.Clip.Audio); err != nil {
		return err
	}
	end := Lead + o.Length
	for at := Lead; at < end; {
		at = min(at+o.Block, end)
		if err := w.until(at); err != nil {
			return err
		}
		clock.boot.Store(int64(at))
		if err := tl.Sync(ctx); err != nil {
			return err
		}
		if o.Progress != nil {
			o.Progress(at - Lead)
		}
	}
	return nil
}

// writer counts what stands on the timeline.
type writer struct {
	tl              Timeline
	clip            *Clip
	video, audio    media.Track
	pictures, sound int64
}

// until appends what begins before at, in the order of time.
func (w *writer) until(at time.Duration) error {
	for {
		v, a := w.due(w.pictures, Rate), w.due(w.sound, packets)
		if min(v, a) >= at {
			return nil
		}
		var u media.Unit
		if v <= a {
			n := int(w.pictures % Rate)
			u = media.Unit{Track: w.video.ID, DTS: v, Payload: w.clip.pictures[n]}
			if n == 0 {
				u.Flags, u.Payload = media.Key, stamped(u.Payload, v-Lead)
			}
			w.pictures++
		} else {
			u = media.Unit{Track: w.audio.ID, DTS: a, Flags: media.Key, Payload: w.clip.sound[w.sound%packets]}
			w.sound++
		}
		if err := w.tl.Append(u); err != nil {
			return err
		}
	}
}

// due is when unit n comes of a track that has so many a second.
func (w *writer) due(n, rate int64) time.Duration {
	return Lead + time.Duration(n/rate)*time.Second + time.Duration(n%rate)*time.Second/time.Duration(rate)
}
