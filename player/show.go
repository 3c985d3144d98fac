package player

import (
	"context"
	"errors"
	"io"
	"maps"
	"math"
	"time"

	"github.com/coder/websocket"

	"hindsight/media"
)

// How a seek is played.
const (
	readyFor  = 2 * time.Second        // what lies ready at normal speed
	pausedFor = 4 * time.Second        // while paused
	idle      = 300 * time.Millisecond // nothing came for so long: what is held is sent
	blindFor  = time.Second            // of one kind without the other, until it is played alone
	mostHeld  = 200                    // items of it
	mostBack  = 5 * time.Second        // a live view behind the live end
	keysOver  = 4.0                    // speed above which only key frames are sent
	keysShown = 12                     // most of them in a second
)

// show is one seek while it is played. One goroutine uses it.
type show struct {
	s      *session
	gen    uint32
	rate   float64
	manner Manner
	reader Reader
	land   Landing

	tracks []media.Track
	soon   []media.Kind // kinds that have yet to begin
	shape  shape
	cut    *cutter // nil: nothing has begun
	held   []Item  // before that
	blind  bool    // there is a track of pictures, and none came

	reached   time.Duration // recorded time of what was read last
	following bool          // a live view: it is kept near the live end
	waitKey   bool
	sent      bool          // a picture was
	picture   time.Duration // recorded time of the last picture sent
	holes     map[media.Kind]media.Reason
	state     stateMessage // as it was told last
	stateAt   time.Time
}

// play answers a seek, until a newer one comes. An error ends the connection.
func (s *session) play(ctx context.Context, r request) error {
	w := &show{s: s, gen: r.gen, rate: r.rate, manner: Manner{Keys: r.rate > keysOver || r.rate < 0, Back: r.rate < 0}}
	opening, cancel := context.WithTimeout(s.ctx, openWithin)
	defer cancel()
	reader, err := s.open(opening, r.moment, w.manner)
	var missing *Missing
	switch {
	case err == nil:
	case s.ctx.Err() != nil:
		return nil
	case errors.As(err, &missing):
		return s.say(errorMessage{"error", missing.Text, false})
	default:
		return s.broken(err)
	}
	defer func() { w.reader.Close() }()
	w.reader, w.land = reader, reader.Landing()
	if ctx.Err() != nil {
		s.o.Counts.Passed.Add(1)
		return nil
	}
	s.o.Counts.Seeks.Add(1)
	w.following = r.moment.Place == AtLive && w.land.Live
	w.reached, w.tracks, w.soon = w.land.Point.Recorded, reader.Tracks(), w.land.Soon
	err = s.say(landedMessage{"landed", w.gen, pointed(&w.land.Point), pointed(&w.land.Asked), gapped(w.land.Gap), w.land.Live, w.rate})
	if err == nil {
		err = w.run(ctx)
	}
	w.account()
	if ctx.Err() != nil && s.ctx.Err() == nil {
		return nil // a newer seek is the reason
	}
	return err
}

// open opens a reader whose sound can be sent.
func (s *session) open(ctx context.Context, at Moment, m Manner) (Reader, error) {
	r, err := s.source.Open(ctx, at, m)
	if err != nil || m.Keys {
		return r, err
	}
	return transcode(r, s.o.Transcode), nil
}

// broken says that a source has failed, and ends the connection.
func (s *session) broken(err error) error {
	if said := s.say(errorMessage{"error", err.Error(), true}); said != nil {
		return said
	}
	return giveUp(websocket.StatusInternalError, "%s", clip(err.Error()))
}

// run sends until ctx ends.
func (w *show) run(ctx context.Context) error {
	for {
		if err := w.room(ctx); err != nil {
			return err
		}
		if err := w.keepUp(ctx); err != nil {
			return err
		}
		it, err := w.next(ctx)
		switch {
		case err == nil:
			err = w.take(it)
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, io.EOF):
			return w.over(ctx)
		default:
			return w.s.broken(err)
		}
		if err == nil {
			err = w.tell()
		}
		if err != nil {
			return err
		}
	}
}

// over says that nothing more comes, and waits for the next seek.
func (w *show) over(ctx context.Context) error {
	why := "closed"
	if w.manner.Back {
		why = "beginning"
	}
	if err := w.flush(); err != nil {
		return err
	}
	if err := w.s.say(endMessage{"end", w.gen, why}); err != nil {
		return err
	}
	<-ctx.Done()
	return ctx.Err()
}

// room waits until the client wants more, and the link takes it.
func (w *show) room(ctx context.Context) error {
	for {
		s := w.s
		s.mu.Lock()
		at, target := w.land.Asked.Recorded, time.Duration(float64(readyFor)*math.Abs(w.rate))
		if s.heard {
			if at = s.at.shown; !w.manner.Back { // it may not know yet that a live view went on elsewhere
				at = max(at, w.land.Point.Recorded)
			}
			if !s.at.playing {
				w.following = false
				target = max(target, pausedFor)
			}
		}
		ready := w.reached - at
		if w.manner.Back {
			ready = -ready
		}
		ok := ready < target && s.flow.open(w.reached)
		thin, changed := s.flow.decide(time.Now())
		if w.cut != nil {
			w.cut.low = s.low && !thin && !w.manner.Keys
		}
		s.mu.Unlock()
		if changed {
			if err := w.turn(thin); err != nil {
				return err
			}
		}
		if ok {
			return ctx.Err()
		}
		if err := w.tell(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.wake:
		}
	}
}

// turn goes over to key frames alone, or back to everything.
func (w *show) turn(thin bool) error {
	if thin {
		w.s.o.Counts.Thin.Add(1)
		w.s.o.Counts.Thinned.Add(1)
		if w.cut != nil {
			return w.cut.stand()
		}
		return nil
	}
	w.s.o.Counts.Thin.Add(-1)
	w.waitKey = true
	return nil
}

// keepUp moves a live view that is too far behind to the newest key frame.
func (w *show) keepUp(ctx context.Context) error {
	w.s.mu.Lock()
	edge := w.s.edge.Point
	w.s.mu.Unlock()
	if !w.following || edge == nil || edge.Recorded-w.reached <= mostBack {
		return nil
	}
	opening, cancel := context.WithTimeout(ctx, openWithin)
	defer cancel()
	r, err := w.s.open(opening, Moment{Place: AtLive}, w.manner)
	if err != nil {
		return nil //nolint:nilerr // it goes on where it is
	}
	l := r.Landing()
	if l.Point.Recorded <= w.reached {
		r.Close()
		return nil
	}
	if err := w.flush(); err != nil {
		r.Close()
		return err
	}
	w.account()
	w.reader.Close()
	w.reader, w.land, w.reached, w.tracks, w.soon = r, l, l.Point.Recorded, r.Tracks(), l.Soon
	w.cut, w.held, w.sent, w.waitKey = nil, nil, false, false
	w.s.o.Counts.Skips.Add(1)
	return w.s.say(jumpMessage{"jump", w.gen, pointed(&l.Point), nil})
}

// next reads an item. While none comes, what is held is sent.
func (w *show) next(ctx context.Context) (Item, error) {
	for {
		waiting, cancel := context.WithTimeout(ctx, w.patience())
		it, err := w.reader.Next(waiting)
		over := waiting.Err() != nil
		cancel()
		if err == nil || !over || ctx.Err() != nil {
			return it, err
		}
		if err := w.rest(); err != nil {
			return it, err
		}
		if err := w.keepUp(ctx); err != nil {
			return it, err
		}
	}
}

// patience is how long the next item may take before what is held is sent.
func (w *show) patience() time.Duration {
	if w.cut != nil && w.cut.pictures != nil {
		return max(idle, 3*since(w.cut.pictures.usual, videoScale))
	}
	return idle
}

// rest sends what is held when nothing comes.
func (w *show) rest() error {
	if w.cut == nil && len(w.held) > 0 {
		if err := w.begin(); err != nil {
			return err
		}
	}
	if w.cut != nil && !w.manner.Back {
		if err := w.cut.stand(); err != nil {
			return err
		}
	}
	return w.tell()
}

// flush sends what is held, when something else follows.
func (w *show) flush() error {
	if w.cut == nil || w.manner.Back {
		return nil
	}
	return w.cut.finish(w.reached + since(usualFrame, videoScale))
}

// tell tells the state, when it has changed.
func (w *show) tell() error {
	if w.cut == nil {
		return nil
	}
	w.s.mu.Lock()
	paused := w.s.heard && !w.s.at.playing
	thin := w.s.flow.thin
	w.s.mu.Unlock()
	m := stateMessage{Is: "state", Gen: w.gen, Live: w.reader.Live() && !paused, Picture: "full", Holes: map[string]string{}}
	switch {
	case w.shape.video == nil || w.holes[media.Video] != "":
		m.Picture = "none"
	case w.manner.Keys:
		m.Picture, m.Why = "keys", "rate"
	case thin:
		m.Picture, m.Why = "keys", "slow link"
	}
	for k, why := range w.holes {
		m.Holes[k.String()] = string(why)
	}
	filled := w.s.filled(w.cut)
	m.Filled = wireFilled{secs(filled[media.Video]), secs(filled[media.Audio])}
	now := time.Now()
	same := m.Live == w.state.Live && m.Picture == w.state.Picture && m.Why == w.state.Why && maps.Equal(m.Holes, w.state.Holes)
	if same && (m.Filled == w.state.Filled || now.Sub(w.stateAt) < time.Second) {
		return nil
	}
	w.state, w.stateAt = m, now
	return w.s.say(m)
}

// account adds what was filled to that of the connection.
func (w *show) account() {
	if w.cut == nil {
		return
	}
	f := w.cut.filled
	w.s.done[0] += f[media.Video]
	w.s.done[1] += f[media.Audio]
	w.s.o.Counts.FilledVideo.Add(int64(f[media.Video]))
	w.s.o.Counts.FilledAudio.Add(int64(f[media.Audio]))
	w.cut = nil
}

// filled is what was put in on this connection.
func (s *session) filled(c *cutter) map[media.Kind]time.Duration {
	return map[media.Kind]time.Duration{
		media.Video: s.done[0] + c.filled[media.Video],
		media.Audio: s.done[1] + c.filled[media.Audio],
	}
}
