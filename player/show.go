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
	blindFor  = time.Second            // of sound without a picture, until it is played alone
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
	reader, err := s.source.Open(opening, r.moment, w.manner)
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
	w.reached, w.tracks = w.land.Point.Recorded, reader.Tracks()
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
			at = s.at.shown
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
	r, err := w.s.source.Open(opening, Moment{Place: AtLive}, w.manner)
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
	w.reader, w.land, w.reached, w.tracks = r, l, l.Point.Recorded, r.Tracks()
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

// take takes an item.
func (w *show) take(it Item) error {
	first := w.cut == nil && len(w.held) == 0
	if it.Point != nil && !(first && it.Point.Position == w.land.Point.Position && it.Point.Recorded == w.land.Point.Recorded) {
		if err := w.jump(it, first); err != nil {
			return err
		}
	}
	w.reached = it.DTS
	if it.Holes != nil {
		w.lack(it.Holes)
	}
	if it.Tracks != nil {
		w.tracks = it.Tracks
		if w.cut != nil {
			if err := w.reshape(); err != nil {
				return err
			}
		}
	}
	if w.cut != nil {
		return w.unit(it)
	}
	w.held = append(w.held, it)
	if w.waits(it) {
		return nil
	}
	return w.begin()
}

// jump tells a discontinuity.
func (w *show) jump(it Item, first bool) error {
	if !first {
		if w.cut != nil && !w.manner.Back {
			if err := w.cut.finish(it.DTS); err != nil {
				return err
			}
		}
		w.waitKey = true
	}
	return w.s.say(jumpMessage{"jump", w.gen, pointed(it.Point), gapped(it.Gap)})
}

func (w *show) lack(holes map[media.Kind]media.Reason) {
	w.holes = maps.Clone(holes)
	if w.cut != nil {
		w.cut.lack(holes)
	}
}

// waits reports whether a picture may still come before the sound that is held.
func (w *show) waits(it Item) bool {
	if w.manner.Keys || w.kind(it.Track) == media.Video || w.holes[media.Video] != "" {
		return false
	}
	s := shapeOf(w.tracks, false)
	return s.video != nil && len(w.held) < mostHeld && it.DTS-w.held[0].DTS < blindFor
}

func (w *show) kind(track uint16) media.Kind {
	for _, t := range w.tracks {
		if t.ID == track {
			return t.Kind
		}
	}
	return 0
}

// begin begins to send, with what is held.
func (w *show) begin() error {
	held := w.held
	w.held = nil
	last := held[len(held)-1]
	w.blind = !w.manner.Keys && w.kind(last.Track) != media.Video
	s := w.shaped()
	if w.kind(last.Track) == media.Video {
		s.learn(last.Payload)
	}
	if err := w.become(s, w.land.Point.Recorded); err != nil {
		return err
	}
	for _, it := range held {
		if err := w.unit(it); err != nil {
			return err
		}
	}
	return nil
}

// shaped is the shape of the present tracks.
func (w *show) shaped() shape {
	s := shapeOf(w.tracks, w.manner.Keys)
	if w.blind {
		s.video = nil
	}
	if s.video != nil && s.sps == nil { // the parameter sets come in band
		s.sps, s.pps = w.shape.sps, w.shape.pps
	}
	return s
}

// reshape goes on with the present tracks, if they differ in what is sent.
func (w *show) reshape() error {
	s := w.shaped()
	if s.video != nil && w.shape.video != nil && s.video.ID == w.shape.video.ID {
		s.video, s.sps, s.pps = w.shape.video, w.shape.sps, w.shape.pps // what is in band counts
	}
	if s.same(&w.shape) {
		w.shape = s
		return nil
	}
	return w.become(s, w.reached)
}

// become tells the tracks and sends their init segment.
func (w *show) become(s shape, from time.Duration) error {
	old := w.cut
	if old != nil && !w.manner.Back {
		if err := old.finish(w.reached); err != nil {
			return err
		}
	}
	w.shape = s
	w.cut = newCutter(&w.shape, from, func(f fragment) error {
		return w.s.send(kindFragment, w.gen, f.header, f.payload, f.until)
	})
	if old != nil {
		w.cut.inherit(old)
	}
	w.cut.lack(w.holes)
	if err := w.s.say(s.message(w.gen)); err != nil {
		return err
	}
	if s.mime() == "" {
		return nil
	}
	segment, err := s.segment()
	if err != nil {
		return err
	}
	return w.s.send(kindInit, w.gen, initHeader{}, segment, from)
}

// unit sends a unit, or holds it until it is known how long it lasts.
func (w *show) unit(it Item) error {
	switch w.kind(it.Track) {
	case media.Audio:
		w.weigh(it)
		if w.cut.sounds != nil {
			return w.cut.sound(it.Unit)
		}
	case media.Video:
		w.weigh(it)
		return w.video(it)
	}
	return nil
}

// weigh counts what everything takes.
func (w *show) weigh(it Item) {
	if !w.manner.Keys {
		w.s.mu.Lock()
		w.s.flow.need.add(it.DTS, len(it.Payload))
		w.s.mu.Unlock()
	}
}

// video sends a picture, if it is one that is to be sent.
func (w *show) video(it Item) error {
	if it.IsKey() {
		if err := w.learn(it); err != nil {
			return err
		}
		w.waitKey = false
	}
	if w.waitKey || w.blind || !w.wanted(it) {
		return w.cut.pictured(it.PTS())
	}
	thin := w.thin()
	if !w.shape.jpegs() && w.cut.pictures == nil {
		return nil // its parameter sets have not come yet
	}
	w.sent, w.picture = true, it.DTS
	if thin {
		w.s.mu.Lock()
		w.s.flow.pictureAt = time.Now()
		w.s.mu.Unlock()
	}
	switch {
	case w.shape.jpegs():
		if err := w.cut.cut(); err != nil {
			return err
		}
		if err := w.s.send(kindJPEG, w.gen, jpegHeader{secs(it.PTS())}, it.Payload, it.PTS()); err != nil {
			return err
		}
		return w.cut.pictured(it.PTS())
	case w.manner.Back:
		return w.cut.alone(it.Unit, w.land.Asked.Recorded)
	}
	return w.cut.picture(it.Unit, thin)
}

// learn takes over what a key frame says of its picture.
func (w *show) learn(it Item) error {
	if w.blind {
		w.blind = false
		s := w.shaped()
		s.learn(it.Payload)
		return w.become(s, it.DTS)
	}
	s := w.shape
	if !s.learn(it.Payload) {
		return nil
	}
	return w.become(s, it.DTS)
}

// thin reports whether the link carries only key frames.
func (w *show) thin() bool {
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	return w.s.flow.thin
}

// wanted reports whether a picture is among those that are sent.
func (w *show) wanted(it Item) bool {
	if !w.sent { // the first one always is
		return it.IsKey()
	}
	if w.manner.Keys {
		apart := time.Duration(math.Abs(w.rate) / keysShown * float64(time.Second))
		if (it.DTS - w.picture).Abs() < apart {
			return false
		}
	}
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	return !w.s.flow.thin || it.IsKey() && w.s.flow.carries(time.Now(), len(it.Payload))
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
