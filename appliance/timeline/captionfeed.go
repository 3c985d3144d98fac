package timeline

import (
	"context"
	"sync"
	"sync/atomic"

	"hindsight/media"
)

// feedLen is how many events are kept for feeds that lag, all together: at
// several partials a second the speech of a minute.
const feedLen = 256

// feedPage is how many captions a feed reads from the store at a time.
const feedPage = 100

// CaptionKind says what has become of a caption.
type CaptionKind uint8

// What a feed tells.
const (
	CaptionPartial  CaptionKind = 1 // what is being spoken, as far as it is understood; the next of its track and language replaces it
	CaptionFinal    CaptionKind = 2 // kept; partials of its track and language are over
	CaptionEdited   CaptionKind = 3 // a person changed the text of one told before, or earlier
	CaptionsDeleted CaptionKind = 4 // those of Range are gone, as they were before
)

// CaptionEvent is what a feed yields.
type CaptionEvent struct {
	Kind    CaptionKind
	Caption Caption      // unless captions were deleted
	Range   CaptionRange // of those deleted
	// Missed is how many events that were no partials were passed over before this
	// one because the consumer was too slow; the store has what became of them.
	Missed int
}

// spoken is what live consumers of captions share.
type spoken struct {
	writing sync.Mutex                    // events come in the order in which the store kept them
	wake    atomic.Pointer[chan struct{}] // closed and replaced at every event

	mu     sync.Mutex // guards what follows; held for moments only
	events [feedLen]feedEvent
	end    uint64 // number of the next event
	count  counted
}

// counted are the events up to one.
type counted struct {
	finals  uint64
	changes uint64 // edited, deleted
}

// add counts one more.
func (c *counted) add(k CaptionKind) {
	switch k {
	case CaptionFinal:
		c.finals++
	case CaptionEdited, CaptionsDeleted:
		c.changes++
	}
}

// feedEvent is an event and what came before it.
type feedEvent struct {
	CaptionEvent
	before counted
}

// put tells an event to all feeds. It never waits for one.
func (s *spoken) put(es ...CaptionEvent) {
	s.mu.Lock()
	for _, e := range es {
		s.events[s.end%feedLen] = feedEvent{e, s.count}
		s.end++
		s.count.add(e.Kind)
	}
	s.mu.Unlock()
	next := make(chan struct{})
	close(*s.wake.Swap(&next))
}

// tell tells captions to all feeds.
func (t *Timeline) tell(kind CaptionKind, cs ...media.Caption) {
	if len(cs) == 0 {
		return
	}
	es := make([]CaptionEvent, len(cs))
	for i, c := range cs {
		es[i] = CaptionEvent{Kind: kind, Caption: t.dateCaption(c)}
	}
	t.spoken.put(es...)
}

// ShowPartial tells live consumers what is being spoken. It is not kept. An
// empty text takes the last partial of its track and language back. It waits for nothing.
func (t *Timeline) ShowPartial(c media.Caption) {
	c.Partial = true
	t.tell(CaptionPartial, c)
}

// CaptionFeed is one live consumer of captions: it gets them in the order in
// which they were kept, a late one with its true start. One goroutine uses it at a time; Close may be called from any.
type CaptionFeed struct {
	t     *Timeline
	next  uint64 // event
	seen  counted
	lost  int // events that were passed over, until it is told
	since bool
	last  uint64 // number of the last caption that came from the store
	page  []media.Caption
	store bool // there may be more in the store
	done  chan struct{}
	once  sync.Once
}

// CaptionFeed begins with the next event.
func (t *Timeline) CaptionFeed() *CaptionFeed {
	t.spoken.mu.Lock()
	defer t.spoken.mu.Unlock()
	return &CaptionFeed{t: t, next: t.spoken.end, seen: t.spoken.count, done: make(chan struct{})}
}

// CaptionFeedSince begins with the captions numbered above id, from the store,
// and goes on with what comes, so that nothing is missed or told twice between. When its consumer is too slow it
// goes on from the store again, and misses only edits and deletions.
func (t *Timeline) CaptionFeedSince(id uint64) *CaptionFeed {
	f := t.CaptionFeed()
	f.last, f.since, f.store = id, true, true
	return f
}

// Next waits for the next event. It returns ErrEnd when feed or timeline was
// closed, ctx's error, or the store's. A consumer too slow for what comes is put to the newest event and told by Missed.
func (f *CaptionFeed) Next(ctx context.Context) (CaptionEvent, error) {
	for {
		wake := *f.t.spoken.wake.Load() // before looking, so that nothing that comes meanwhile is missed
		select {
		case <-f.done:
			return CaptionEvent{}, ErrEnd
		case <-f.t.done:
			return CaptionEvent{}, ErrEnd
		case <-ctx.Done():
			return CaptionEvent{}, ctx.Err()
		default:
		}
		if e, ok, err := f.stored(); ok || err != nil {
			return e, err
		}
		if e, ok := f.take(); ok {
			return e, nil
		}
		if f.store {
			continue
		}
		select {
		case <-wake:
		case <-ctx.Done():
		case <-f.done:
		case <-f.t.done:
		}
	}
}

// stored is the next caption from the store; ok is false when it has no more.
func (f *CaptionFeed) stored() (e CaptionEvent, ok bool, err error) {
	if f.store && len(f.page) == 0 {
		if f.page, err = f.t.o.Store.CaptionsSince(f.last, feedPage); err != nil {
			return e, false, f.t.captionError(err)
		}
		f.store = len(f.page) > 0
	}
	if len(f.page) == 0 {
		return e, false, nil
	}
	c := f.page[0]
	f.page, f.last = f.page[1:], c.ID
	e = CaptionEvent{Kind: CaptionFinal, Caption: f.t.dateCaption(c), Missed: f.lost}
	f.lost = 0
	return e, true, nil
}

// take is the next event for this feed, if there is one.
func (f *CaptionFeed) take() (CaptionEvent, bool) {
	s := &f.t.spoken
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.end-f.next > feedLen && f.since {
		f.lost += int(s.count.changes - f.seen.changes)
		f.next, f.seen, f.store = s.end, s.count, true
	}
	if s.end-f.next > feedLen {
		newest := &s.events[(s.end-1)%feedLen]
		f.lost += int(newest.before.finals - f.seen.finals + newest.before.changes - f.seen.changes)
		f.next, f.seen = s.end-1, newest.before
	}
	for f.next < s.end {
		e := s.events[f.next%feedLen]
		f.next++
		f.seen.add(e.Kind)
		told := e.Kind == CaptionFinal && e.Caption.ID <= f.last
		if !told && !(e.Kind == CaptionPartial && s.overtaken(f.next, e.Caption)) {
			e.Missed, f.lost = f.lost, 0
			return e.CaptionEvent, true
		}
	}
	return CaptionEvent{}, false
}

// overtaken reports whether an event from number n on replaces the partial c.
func (s *spoken) overtaken(n uint64, c Caption) bool {
	for ; n < s.end; n++ {
		e := &s.events[n%feedLen]
		if (e.Kind == CaptionPartial || e.Kind == CaptionFinal) && e.Caption.Track == c.Track && e.Caption.Language == c.Language {
			return true
		}
	}
	return false
}

// Close ends the feed; a second Close does nothing.
func (f *CaptionFeed) Close() { f.once.Do(func() { close(f.done) }) }
