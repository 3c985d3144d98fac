package recognise

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/asr"
	"hindsight/media"
)

// ear is one recogniser at work.
type ear struct {
	listener *asr.Listener
	source   *source
	w        *writer
	track    uint16
	run      media.Run     // being heard
	done     time.Duration // of run, up to here all is kept; guarded by hearing.mu
}

// ahead is what a live recogniser is still to caption: all that its run will have.
func (e *ear) ahead() stretch {
	return stretch{e.run, e.track, e.done, math.MaxInt64}
}

// config is what a recogniser of this hearing is started with.
func (h *hearing) config(t media.Track) asr.Config {
	tune := h.s.tuning()
	child := h.s.o.Child
	child.Model = h.Dir
	child.Idle = tune.Idle
	o := asr.Options{Phrases: h.Phrases}
	c := asr.Config{Child: child, Options: o, Channel: h.Channel, Rule: asr.DefaultRule(o), Load: tune.Load, Log: h.log,
		Caption: media.Caption{Language: h.Language, Model: h.Model, Track: t.ID, Role: t.Role}}
	if c.Memory = tune.Memory; c.Memory == 0 {
		c.Memory = h.Memory + h.Memory/2
	}
	return c
}

// listen listens at the live end until ctx ends, the machine gets too hot, or
// the sound goes on in another track.
func (h *hearing) listen(ctx context.Context) {
	t, ok := current(h.tl)
	if !ok {
		h.set(NoSound, "")
		h.pause(ctx, nil)
		return
	}
	h.mu.Lock()
	if h.state == NoSound { // from here on no second recogniser begins
		h.state = Starting
	}
	h.mu.Unlock()
	h.endSecond()
	leave, why := h.s.reserve(h.Memory, []string{h.Model.Name})
	if why != "" {
		h.set(NoMemory, why)
		h.pause(ctx, nil)
		return
	}
	defer leave()
	e, err := h.open(t)
	if err != nil {
		var un *unheard
		if errors.As(err, &un) {
			h.set(NoModel, un.Error())
		} else {
			h.set(Waiting, err.Error())
		}
		h.pause(ctx, nil)
		return
	}
	defer func() { e.source.close() }() // the one in use by then
	listening, cancel := context.WithCancel(ctx)
	defer cancel()
	stopWatch := h.watch(listening, cancel)
	err = e.listener.Run(listening, &liveSound{h, e}, &liveSink{h, e, leave})
	stopWatch()
	h.finish(e)
	if err != nil && listening.Err() == nil {
		h.set(Waiting, "captions stopped and are tried again: "+err.Error())
		h.pause(ctx, nil)
	}
}

// watch cancels when the recogniser has to stop though its hearing goes on. The
// func returned ends the watch.
func (h *hearing) watch(ctx context.Context, cancel context.CancelFunc) func() {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			changed := h.s.heat.changed()
			if h.s.heat.tooHot() != "" {
				cancel()
				return
			}
			select {
			case <-ctx.Done():
				return
			case <-h.anew:
				cancel()
				return
			case <-changed:
			}
		}
	}()
	return func() { cancel(); <-ended }
}

// finish is after the live recogniser: what it found silent is written down.
func (h *hearing) finish(e *ear) {
	if ferr := e.w.flush(); ferr != nil {
		h.log.Warn("captions: how far recognition has come could not be written down", "error", ferr)
	}
	h.tl.ShowPartial(media.Caption{Run: e.run, Start: e.done, End: e.done, Language: h.Language, Track: e.track})
	h.mu.Lock()
	defer h.mu.Unlock()
	st := e.listener.Status()
	h.cpu += st.CPU
	h.starts += st.Starts
	h.live = nil
}

// open makes the live recogniser. From then on what comes is its.
func (h *hearing) open(t media.Track) (*ear, error) {
	h.said.Lock()
	defer h.said.Unlock()
	from := h.resume(t)
	src, err := openSource(h.tl, h.s.o.Decode, t, media.Position{Run: from.Run, Time: max(from.Time-roll, 0)}, h.log)
	if err != nil {
		return nil, err
	}
	if err := h.switchedOn(t, from); err != nil {
		src.close()
		return nil, err
	}
	c := h.config(t)
	c.Child.Fast = h.s.tuning().Fast // who makes up for the past has time
	e := &ear{listener: asr.NewListener(c), source: src, track: t.ID, run: from.Run, done: from.Time}
	e.w = &writer{spelling: h.spelling, limits: asr.DefaultLimits(), win: window{run: from.Run, from: from.Time}, last: from.Time,
		keep: func(cs []media.Caption, span media.HeardSpan) error { return h.keepLive(e, cs, span) }}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.live = e
	return e, nil
}

// switchedOn writes down that from here on it is no more off, so that what comes
// is not taken for it after a crash.
func (h *hearing) switchedOn(t media.Track, from media.Position) error {
	at := stretch{from.Run, t.ID, from.Time, from.Time + tooShort}
	for _, language := range []string{h.Language, Undetermined} {
		if follows(h.tl.Heard(timeline.HeardQuery{Track: t.ID, Language: language, State: media.HeardOff}), at) {
			return h.tl.SetHeard(at.span(h.Language, media.HeardPending, "recognition was switched on here"))
		}
	}
	return nil
}

// resume is where the live recogniser begins: behind what was said of this run's
// sound, but not further back than it may fall behind, and not in what a job is at.
func (h *hearing) resume(t media.Track) media.Position {
	run := h.tl.Run()
	p, ok := h.tl.Newest()
	if !ok || p.Run != run { // the run has no sound yet
		return media.Position{Run: run}
	}
	at := max(p.Time-h.s.tuning().Lag, 0)
	for _, j := range h.s.Jobs() {
		if j.State == JobRunning && j.Camera == h.camera && j.Language == h.Language && j.To.Run >= run && j.From.Run <= run {
			to := p.Time
			if j.To.Run == run {
				to = min(to, j.To.Time)
			}
			at = max(at, to)
		}
	}
	for _, x := range h.tl.Heard(timeline.HeardQuery{Track: t.ID}) {
		if x.Run == p.Run && (x.Language == h.Language || x.State == media.HeardOff) {
			at = max(at, x.Until)
		}
	}
	return media.Position{Run: p.Run, Time: at}
}

// keepLive keeps what the live recogniser has made final.
func (h *hearing) keepLive(e *ear, cs []media.Caption, span media.HeardSpan) error {
	return h.keepThen(cs, span, func() { e.done = span.Until })
}

// liveSound is the sound at the live end. When it is too far behind, what lies
// between is left for later.
type liveSound struct {
	h *hearing
	e *ear
}

// Next is asr.Sound's.
func (s *liveSound) Next(ctx context.Context) (asr.Chunk, error) {
	for {
		c, err := s.e.source.Next(ctx)
		if err != nil {
			return c, err
		}
		if c.Run != s.e.run { // it is not the live recogniser's
			continue
		}
		if c.Behind <= s.h.s.tuning().Lag+roll || c.At < s.e.w.win.from {
			return c, nil
		}
		if err := s.skip(c); err != nil {
			return asr.Chunk{}, err
		}
	}
}

// skip goes on near the live end. What was not made final yet is left for later
// with the rest, so that no word is cut.
func (s *liveSound) skip(c asr.Chunk) error {
	if err := s.e.w.flush(); err != nil {
		return err
	}
	h, e := s.h, s.e
	p, ok := h.tl.Newest()
	if !ok || p.Run != c.Run || p.Time-roll <= c.At {
		return fmt.Errorf("the live end is not where it was: %w", io.EOF)
	}
	rest := stretch{c.Run, e.track, e.w.last, p.Time}
	why := "recognition did not keep up with the sound"
	if w := h.trouble(); w != "" {
		why = w
	}
	h.said.Lock()
	defer h.said.Unlock()
	if err := h.tl.SetHeard(rest.span(h.Language, media.HeardPending, why)); err != nil {
		return err
	}
	h.log.Warn("captions: too far behind; what lies between is captioned later", "from", rest.from, "until", rest.until)
	next, err := openSource(h.tl, h.s.o.Decode, e.source.track, media.Position{Run: p.Run, Time: p.Time - roll}, h.log)
	if err != nil {
		return err
	}
	e.source.close()
	e.source = next
	e.w.win, e.w.last = window{run: p.Run, from: p.Time}, p.Time
	h.mu.Lock()
	e.done = p.Time
	h.mu.Unlock()
	return nil
}

// trouble is what the status says, if it says anything.
func (h *hearing) trouble() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.why
}

// liveSink takes what the live recogniser finds.
type liveSink struct {
	h     *hearing
	e     *ear
	leave func() // the memory it takes is seen from now on
}

// Partial is asr.Sink's.
func (s *liveSink) Partial(c media.Caption) {
	c.Text = s.e.w.spell(c.Text)
	s.h.tl.ShowPartial(c)
}

// Done is asr.Sink's.
func (s *liveSink) Done(cs []media.Caption, span media.HeardSpan) error {
	return s.e.w.Done(cs, span)
}

// State is asr.Sink's.
func (s *liveSink) State(st asr.Status) {
	switch st.State {
	case asr.Listening, asr.Behind:
		s.leave()
		state := Listening
		if st.State == asr.Behind {
			state = Behind
		}
		s.h.set(state, st.Why)
	case asr.Starting:
		s.h.set(Starting, st.Why)
	case asr.Waiting:
		s.h.set(Waiting, st.Why)
	}
}
