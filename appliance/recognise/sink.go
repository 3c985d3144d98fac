package recognise

import (
	"time"

	"hindsight/asr"
	"hindsight/asr/text"
	"hindsight/media"
)

// idleSpan is how much silence is kept in memory before it is written down
// that there was none to caption: a crash costs hearing it again.
const idleSpan = 30 * time.Second

// window is the part of a run that a recogniser captions; what it hears
// beside it belongs to another.
type window struct {
	run         media.Run
	from, until time.Duration // until 0: no end
}

// clip is the part of a span that lies inside; ok is false when none does.
func (w window) clip(s media.HeardSpan) (_ media.HeardSpan, ok bool) {
	if s.Run != w.run {
		return s, false
	}
	s.From = max(s.From, w.from)
	if w.until > 0 {
		s.Until = min(s.Until, w.until)
	}
	return s, s.From < s.Until
}

// holds reports whether a word is the window's: its middle is.
func (w window) holds(x media.Word) bool {
	mid := x.Start + (x.End-x.Start)/2
	return mid >= w.from && (w.until == 0 || mid < w.until)
}

// writer makes captions of words in a hearing's language and hands them on. It
// is used by one goroutine, that of asr.Listener.Run.
type writer struct {
	spelling *text.Spelling
	limits   asr.Limits
	win      window
	keep     func(cs []media.Caption, span media.HeardSpan) error

	done media.HeardSpan // said to be heard without a word, and not yet handed on; empty: nothing
	last time.Duration   // up to here all of the window's run was handed over
}

// Done is asr.Sink's.
func (w *writer) Done(captions []media.Caption, span media.HeardSpan) error {
	clipped, ok := w.win.clip(span)
	if !ok {
		return nil
	}
	w.last = clipped.Until
	cs := w.write(captions)
	if w.done.From < w.done.Until && (w.done.Until != clipped.From || w.done.Why != clipped.Why) {
		if err := w.flush(); err != nil {
			return err
		}
	}
	if w.done.From < w.done.Until {
		clipped.From = w.done.From
	}
	if len(cs) == 0 && clipped.Until-clipped.From < idleSpan {
		w.done = clipped
		return nil
	}
	w.done = media.HeardSpan{}
	return w.keep(cs, clipped)
}

// flush hands on what is still in memory.
func (w *writer) flush() error {
	span := w.done
	w.done = media.HeardSpan{}
	if span.From >= span.Until {
		return nil
	}
	return w.keep(nil, span)
}

// write spells the words that are the window's and cuts them into captions anew.
func (w *writer) write(captions []media.Caption) []media.Caption {
	var words []media.Word
	var like media.Caption
	for _, c := range captions {
		like = c
		for _, x := range c.Words {
			if w.win.holds(x) {
				words = append(words, x)
			}
		}
	}
	if len(words) == 0 {
		return nil
	}
	cut := asr.Segment(w.spelling.Words(words), w.limits)
	for i, c := range cut {
		k := like
		k.Start, k.End, k.Words, k.Text = c.Start, c.End, c.Words, c.Text
		cut[i] = k
	}
	return cut
}

// spell writes a partial, which asr has joined, as it will be read.
func (w *writer) spell(s string) string {
	if s == "" {
		return ""
	}
	return w.spelling.Words([]media.Word{{Text: s}})[0].Text
}
