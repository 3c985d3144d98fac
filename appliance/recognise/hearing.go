package recognise

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/asr/text"
	"hindsight/media"
)

// keepEvery is how often a hearing's account is made up.
const keepEvery = 5 * time.Second

// markAfter is how much sound may be unmarked before it is written down that it
// is pending, or was off: what a crash leaves unmarked is found out all the same.
const markAfter = time.Minute

// hearing is a Hearing that runs.
type hearing struct {
	Hearing
	s        *Service
	camera   string
	tl       Timeline
	log      *slog.Logger
	spelling *text.Spelling
	cancel   context.CancelFunc
	ended    chan struct{}
	anew     chan struct{} // the recognisers are to start anew
	said     *sync.Mutex   // the camera's, of Service.said; taken before mu
	began    media.Position

	mu     sync.Mutex // guards what follows
	state  State
	why    string
	live   *ear // nil: nobody listens
	second *ear // nil: nothing is made up for
	sum    account
	cpu    time.Duration // of recognisers that are gone
	starts int
	words  int64
	short  string             // why there is no second recogniser though one is wanted
	stopUp context.CancelFunc // ends the second recogniser
	upDone chan struct{}      // closed when it has ended
}

// start starts a hearing.
func (s *Service) start(ctx context.Context, camera string, tl Timeline, conf Hearing) *hearing {
	ctx, cancel := context.WithCancel(ctx)
	h := &hearing{Hearing: conf, s: s, camera: camera, tl: tl, cancel: cancel, ended: make(chan struct{}),
		anew: make(chan struct{}, 1), said: s.said[camera], state: Starting, log: s.log.With("camera", camera, "language", conf.Language)}
	h.began, _ = tl.Newest()
	if conf.Problem == "" && !conf.Off {
		var err error
		if h.spelling, err = text.NewSpelling(conf.Language); err != nil {
			h.Problem = err.Error()
		}
	}
	go func() {
		defer close(h.ended)
		var keeper sync.WaitGroup
		keeper.Go(func() { h.keep(ctx) })
		h.run(ctx)
		keeper.Wait()
		h.endSecond()
		h.makeAccount(0)
	}()
	return h
}

// stop ends the hearing and waits until it has ended.
func (h *hearing) stop() {
	h.cancel()
	<-h.ended
}

// again has the recognisers start anew.
func (h *hearing) again() {
	select {
	case h.anew <- struct{}{}:
	default:
	}
}

func (h *hearing) set(state State, why string) {
	h.mu.Lock()
	changed := h.state != state || h.why != why
	h.state, h.why = state, why
	h.mu.Unlock()
	if changed && (why != "" || state == Listening) {
		h.log.Info("captions", "state", string(state), "why", why)
	}
}

// run listens for as long as it may and can.
func (h *hearing) run(ctx context.Context) {
	for ctx.Err() == nil {
		switch hot := h.s.heat.tooHot(); {
		case h.Off:
			h.set(Off, "")
			<-ctx.Done()
		case h.Problem != "":
			h.set(NoModel, h.Problem)
			<-ctx.Done()
		case hot != "":
			h.set(TooHot, hot)
			h.pause(ctx, h.s.heat.changed())
		default:
			h.listen(ctx)
		}
	}
}

// pause waits for a moment, or until something happens.
func (h *hearing) pause(ctx context.Context, happens <-chan struct{}) {
	t := time.NewTimer(h.s.o.tick)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-h.anew:
	case <-happens:
	case <-t.C:
	}
}

// account makes up what has been heard. h.said must be held, so that it is
// still true when something is done about it.
func (h *hearing) account() account {
	run := h.tl.Run()
	m, tracks := h.tl.Map(), h.tl.Tracks()
	var said []media.HeardSpan
	if h.Language != Undetermined {
		said = h.tl.Heard(timeline.HeardQuery{Language: h.Language})
	}
	off := h.tl.Heard(timeline.HeardQuery{Language: Undetermined, State: media.HeardOff})
	for _, x := range said {
		if x.State == media.HeardOff {
			off = append(off, x)
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	var live stretch
	if h.live != nil {
		live = h.live.ahead()
	}
	all := recorded(m, tracks)
	off = withoutDone(off, said)
	a := settle(all, said, off, live, run)
	a.live = h.live
	if h.state == Waiting { // nobody hears what comes, though somebody will
		b := settle(all, said, off, stretch{}, run)
		a.unmarked, a.pending = b.unmarked, b.pending
	}
	if h.Off { // not yet written down, and known all the same
		for _, u := range a.unmarked {
			n := h.since(u).length()
			a.pending, a.off = a.pending-n, a.off+n
		}
	}
	h.sum = a
	return a
}

// done is what was said to be done of a stretch.
func (h *hearing) done(s stretch) []media.HeardSpan {
	return h.tl.Heard(timeline.HeardQuery{
		From: media.Position{Run: s.run, Time: s.from}, Until: media.Position{Run: s.run, Time: s.until},
		Track: s.track, Language: h.Language, State: media.HeardDone,
	})
}

// withoutDone is what was off and was not captioned since.
func withoutDone(off, said []media.HeardSpan) []media.HeardSpan {
	var done []media.HeardSpan
	for _, x := range said {
		if x.State == media.HeardDone {
			done = append(done, x)
		}
	}
	var out []media.HeardSpan
	for _, x := range off {
		for _, left := range (stretch{x.Run, x.Track, x.From, x.Until}).minus(done) {
			out = append(out, left.span(x.Language, x.State, x.Why))
		}
	}
	return out
}

// mark writes down what unmarked sound is, where it is longer than least.
func (h *hearing) mark(a account, least time.Duration) {
	var spans []media.HeardSpan
	h.mu.Lock()
	why := h.why
	h.mu.Unlock()
	if least == 0 && why == "" {
		why = "recognition ended before it was captioned"
	}
	for _, u := range a.lapsed {
		spans = append(spans, u.span(h.Language, media.HeardOff, ""))
	}
	for _, u := range a.unmarked {
		if h.Off {
			u = h.since(u)
		}
		switch {
		case u.length() <= 0 || u.length() < least:
		case h.Off:
			spans = append(spans, u.span(h.Language, media.HeardOff, ""))
		case h.Language != Undetermined && why != "":
			spans = append(spans, u.span(h.Language, media.HeardPending, why))
		}
	}
	if len(spans) == 0 {
		return
	}
	if err := h.tl.SetHeard(spans...); err != nil {
		h.log.Warn("captions: how far recognition has come could not be written down; it is tried again", "error", err)
	}
}

// since is the part of a stretch that was recorded since the hearing began.
func (h *hearing) since(u stretch) stretch {
	switch {
	case u.run < h.began.Run:
		u.until = u.from
	case u.run == h.began.Run:
		u.from = max(u.from, h.began.Time)
	}
	return u
}

// makeAccount makes up the account, and marks what is longer than least.
func (h *hearing) makeAccount(least time.Duration) account {
	h.said.Lock()
	defer h.said.Unlock()
	a := h.account()
	h.mark(a, least)
	return a
}

// keep makes up the account now and then, marks, and sees to what is pending.
func (h *hearing) keep(ctx context.Context) {
	t := time.NewTicker(h.s.o.tick)
	defer t.Stop()
	for {
		h.makeUp(ctx, h.makeAccount(markAfter))
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// status is how it fares.
func (h *hearing) status() Status {
	h.mu.Lock()
	defer h.mu.Unlock()
	st := Status{Language: h.Language, Model: h.Model.Name, State: h.state, Problem: h.why,
		Pending: h.sum.pending, Off: h.sum.off, CPU: h.cpu, Starts: h.starts, Words: h.words}
	if st.Problem == "" && h.short != "" && h.sum.pending > 0 {
		st.Problem = "what is pending waits: " + h.short
	}
	for _, e := range []*ear{h.live, h.second} {
		if e == nil {
			continue
		}
		x := e.listener.Status()
		st.RSS += x.RSS
		st.CPU += x.CPU
		if e == h.live && len(x.Lacks) > 0 && st.Problem == "" {
			st.Problem = "the speech model does not know these words, so that phrases with them are never recognised: " + strings.Join(x.Lacks, ", ")
		}
		if e == h.live {
			st.Pid, st.Behind = x.Pid, x.Behind
			st.Starts += x.Starts
		}
	}
	return st
}
