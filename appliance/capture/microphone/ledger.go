package microphone

import (
	"errors"
	"fmt"
	"time"

	"hindsight/media"
)

const (
	// late is by how much samples must be later than they should before a loss
	// is suspected; the driver's own word needs less.
	late     = 20 * time.Millisecond
	lateSaid = 2 * time.Millisecond
	// judgement is how long samples must stay late before something is lost:
	// what was only held up catches up within it.
	judgement = 600 * time.Millisecond
	// stillstand is the longest loss that is filled; more is a gap.
	stillstand = 3 * time.Second
	// slew is how fast the base follows samples that are a little late, in parts
	// in a million: as wrong as the clock of a sound card can be, and more.
	slew = 1000
)

var errStillstand = errors.New("the sound stood still")

// ledger compares the count of samples with the clock. Samples can be handed
// over late, never early, so the earliest ones say when the first was heard;
// what stays late after that was preceded by a loss of just that length.
//
// Pieces are held back while it is not clear whether they are only late: the
// count of what was lost must stand where it was lost.
type ledger struct {
	format  format
	started bool
	base    time.Duration // when sample 0 was heard, by the earliest samples
	count   int64         // samples per channel so far, lost ones included
	seen    time.Duration // when the newest samples were read that were not held back
	held    []heldPiece
	least   time.Duration // how late the least late of the held pieces is
}

// heldPiece waits for a judgement.
type heldPiece struct {
	samples
	late time.Duration
}

// add takes what was read next and returns what is clear now, in order.
func (l *ledger) add(s samples) ([]media.Sound, error) {
	frames := len(s.data) / l.format.channels
	if frames == 0 {
		return nil, nil
	}
	heard := s.read - l.length(int64(frames+s.behind))
	if !l.started {
		l.started, l.base, l.seen = true, heard, s.read
	}
	e := heard - l.due()
	if e < 0 { // samples are never early: the base was too late
		l.base += e
		e = 0
	}
	threshold := late
	if s.lost {
		threshold = lateSaid
	}
	switch {
	case len(l.held) > 0:
		return l.judge(heldPiece{s, e})
	case e >= threshold:
		l.held, l.least = []heldPiece{{s, e}}, e
		return nil, nil
	}
	l.base += min(e, max(0, s.read-l.seen)*slew/1e6)
	l.seen = s.read
	return []media.Sound{l.sound(s, 0)}, nil
}

// due is when the next sample should have been heard.
func (l *ledger) due() time.Duration {
	n := l.count
	for _, h := range l.held {
		n += int64(len(h.data) / l.format.channels)
	}
	return l.base + l.length(n)
}

// judge adds a piece to those held and decides on them if it can.
func (l *ledger) judge(h heldPiece) ([]media.Sound, error) {
	l.held = append(l.held, h)
	l.least = min(l.least, h.late)
	switch {
	case h.late < late/2 && h.late < l.held[0].late:
		return l.release(0), nil // they were only late
	case h.read-l.held[0].read < judgement:
		return nil, nil
	case l.least > stillstand:
		return nil, fmt.Errorf("%w for %v", errStillstand, l.least.Round(time.Millisecond))
	}
	return l.release(l.least), nil
}

// release hands over what was held, behind a loss.
func (l *ledger) release(lost time.Duration) []media.Sound {
	at := 0
	for i, h := range l.held {
		if h.lost {
			at = i // the driver knows better where
			break
		}
	}
	var out []media.Sound
	for i, h := range l.held {
		n := 0
		if i == at {
			n = int(int64(lost) * int64(l.format.rate) / int64(time.Second))
		}
		out = append(out, l.sound(h.samples, n))
	}
	l.seen = l.held[len(l.held)-1].read
	l.held = nil
	return out
}

// sound counts a piece.
func (l *ledger) sound(s samples, lost int) media.Sound {
	l.count += int64(lost)
	out := media.Sound{
		Rate: l.format.rate, Channels: l.format.channels,
		At: l.base + l.length(l.count), LostHere: lost, Samples: s.data,
	}
	l.count += int64(len(s.data) / l.format.channels)
	return out
}

// length is how long n samples sound. Counts of years fit.
func (l *ledger) length(n int64) time.Duration {
	rate := int64(l.format.rate)
	return time.Duration(n/rate)*time.Second + time.Duration(n%rate*int64(time.Second)/rate)
}
