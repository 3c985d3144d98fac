package recognise

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"hindsight/asr"
	"hindsight/media"
)

// makeUp has a second recogniser caption what is pending, as long as the live
// one keeps up, and ends it when it does not.
func (h *hearing) makeUp(ctx context.Context, a account) {
	h.mu.Lock()
	may, runs := h.spare(), h.stopUp != nil
	h.mu.Unlock()
	if !may || h.s.jobsWait() {
		h.endSecond()
		return
	}
	if runs || len(h.audible(a.todo)) == 0 {
		return
	}
	select {
	case <-h.s.second:
	default:
		return // another hearing's turn
	}
	leave, why := h.s.reserve(h.Memory, []string{h.Model.Name + ", a second time"})
	if why != "" {
		h.s.second <- struct{}{}
		h.mu.Lock()
		h.short = why
		h.mu.Unlock()
		return
	}
	up, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	todo := h.beginSecond(cancel, done)
	if len(todo) == 0 {
		cancel()
		leave()
		h.s.second <- struct{}{}
		return
	}
	go func() {
		defer close(done)
		defer func() { h.s.second <- struct{}{} }()
		defer leave()
		err := h.catchUp(up, todo, leave)
		cancel()
		h.mu.Lock()
		h.stopUp, h.second = nil, nil
		h.mu.Unlock()
		if err != nil && ctx.Err() == nil && !errors.Is(err, context.Canceled) {
			h.log.Warn("captions: what is pending could not be captioned; it is tried again", "error", err)
		}
	}()
}

// spare reports whether the live end leaves time for what is pending. h.mu must be held.
func (h *hearing) spare() bool {
	return h.live != nil && h.state == Listening || h.live == nil && h.state == NoSound
}

// beginSecond says what the second recogniser is to do, now that no other one is
// at work, and that it can be stopped from now on. None: there is nothing, or no time.
func (h *hearing) beginSecond(stop context.CancelFunc, done chan struct{}) []stretch {
	h.said.Lock()
	defer h.said.Unlock()
	a := h.account()
	todo := h.audible(a.todo)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.short = ""
	if len(todo) == 0 || a.live != h.live || !h.spare() {
		return nil
	}
	h.stopUp, h.upDone = stop, done
	return todo
}

// audible are the stretches of tracks that can be decoded here. The others stay
// pending: another version may know how.
func (h *hearing) audible(todo []stretch) (out []stretch) {
	if len(todo) == 0 {
		return nil
	}
	can := map[uint16]bool{}
	for _, t := range h.tl.Tracks() {
		if d, _, err := h.s.o.Decode(t); err == nil {
			d.Close()
			can[t.ID] = true
		}
	}
	for _, s := range todo {
		if can[s.track] {
			out = append(out, s)
		}
	}
	return out
}

// endSecond ends the second recogniser and waits until it has ended.
func (h *hearing) endSecond() {
	h.mu.Lock()
	stop, done := h.stopUp, h.upDone
	h.mu.Unlock()
	if stop != nil {
		stop()
		<-done
	}
}

// catchUp captions what is pending: of one track, as the order says.
func (h *hearing) catchUp(ctx context.Context, todo []stretch, leave func()) error {
	if !h.s.tuning().Oldest {
		slices.Reverse(todo)
	}
	t, mine, _, err := firstTrack(h.tl, todo)
	if err != nil {
		return err
	}
	r := &reading{h: h, track: t, todo: mine, config: h.config(t), onReady: leave,
		keep: func(cs []media.Caption, span media.HeardSpan) error { return h.keepThen(cs, span, func() {}) },
		begin: func(l *asr.Listener) {
			h.mu.Lock()
			h.second = &ear{listener: l}
			h.mu.Unlock()
		}}
	return r.run(ctx)
}

// firstTrack is the track of the first of todo, and which of them are of it.
func firstTrack(tl Timeline, todo []stretch) (t media.Track, mine, others []stretch, err error) {
	tracks := tl.Tracks()
	i := slices.IndexFunc(tracks, func(t media.Track) bool { return t.ID == todo[0].track })
	if i < 0 {
		return t, nil, nil, fmt.Errorf("track %d is not known", todo[0].track)
	}
	for _, s := range todo {
		if s.track == tracks[i].ID {
			mine = append(mine, s)
		} else {
			others = append(others, s)
		}
	}
	return tracks[i], mine, others, nil
}

// keepThen keeps what a recogniser has made final, and does what has to be done
// at the same moment, with h.mu held.
func (h *hearing) keepThen(cs []media.Caption, span media.HeardSpan, then func()) error {
	h.said.Lock()
	defer h.said.Unlock()
	added, err := h.tl.AddCaptions(cs, span)
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	then()
	for _, c := range added {
		h.words += int64(len(c.Words))
	}
	return nil
}

// reading captions stretches of one track, which lie in the past.
type reading struct {
	h       *hearing
	track   media.Track
	todo    []stretch
	config  asr.Config
	keep    func(cs []media.Caption, span media.HeardSpan) error
	begin   func(*asr.Listener)
	onReady func()
	onDone  func()           // told of every stretch that is made final; may be nil
	onFault func(asr.Status) // told when the recogniser waits; nil: it is tried for ever
}

// run ends when all is captioned, or with why it is not.
func (r *reading) run(ctx context.Context) error {
	h := r.h
	r.config.Child.Idle = true // whoever lives now comes first
	w := &writer{spelling: h.spelling, limits: asr.DefaultLimits(), keep: r.keep}
	c := &chain{tl: h.tl, decode: h.s.o.Decode, track: r.track, log: h.log, rest: r.todo, w: w, over: func(s stretch) error {
		h.said.Lock()
		defer h.said.Unlock()
		var rest []media.HeardSpan
		for _, x := range s.minus(h.done(s)) {
			rest = append(rest, x.span(h.Language, media.HeardDone, ""))
		}
		if len(rest) == 0 {
			return nil
		}
		return h.tl.SetHeard(rest...)
	}}
	defer c.close()
	l := asr.NewListener(r.config)
	r.begin(l)
	err := l.Run(ctx, c, &readingSink{r, w})
	h.mu.Lock()
	h.cpu += l.Status().CPU
	h.mu.Unlock()
	if err == nil {
		return c.end()
	}
	return errors.Join(err, w.flush())
}

// readingSink takes what is found in the past.
type readingSink struct {
	r *reading
	w *writer
}

// Partial is asr.Sink's: nobody watches.
func (s *readingSink) Partial(media.Caption) {}

// Done is asr.Sink's.
func (s *readingSink) Done(cs []media.Caption, span media.HeardSpan) error {
	if s.r.onDone != nil {
		s.r.onDone()
	}
	return s.w.Done(cs, span)
}

// State is asr.Sink's.
func (s *readingSink) State(st asr.Status) {
	switch st.State {
	case asr.Listening, asr.Behind:
		s.r.onReady()
	case asr.Waiting:
		if s.r.onFault != nil {
			s.r.onFault(st)
		}
	}
}
