package main

import (
	"fmt"
	"math"
	"time"
)

// limits are what the flags demand; zero values demand nothing.
type limits struct {
	offset time.Duration
	frames int64
	noGaps bool
	words  time.Duration
}

// check returns a sentence for each limit that is broken.
func (l limits) check(r *Report) (broken []string) {
	say := func(format string, args ...any) { broken = append(broken, fmt.Sprintf(format, args...)) }
	if l.frames != 0 {
		if n := r.frameCount(); n != l.frames {
			say("%d frames, want %d", n, l.frames)
		}
	}
	if l.offset != 0 {
		l.checkOffset(r.Sync, say)
	}
	if l.noGaps {
		l.checkGaps(r, say)
	}
	if l.words != 0 {
		l.checkWords(r.Words, say)
	}
	return broken
}

func (r *Report) frameCount() int64 {
	if r.Frames == nil {
		return 0
	}
	return r.Frames.Count
}

func (l limits) checkOffset(s *SyncReport, say func(string, ...any)) {
	if s == nil || s.Pairs == 0 {
		say("no flash with its beep was found")
		return
	}
	if worst := max(math.Abs(s.All.Min), math.Abs(s.All.Max)); worst > float64(l.offset)/float64(time.Millisecond) {
		say("flash and beep are up to %.1f ms apart, at most %v is wanted", worst, l.offset)
	}
}

func (l limits) checkGaps(r *Report, say func(string, ...any)) {
	if f := r.Frames; f == nil {
		say("there are no pictures")
	} else if f.Missing+f.Doubled+f.Backwards+f.Unreadable+f.Strays != 0 {
		say("of %d frames %d are missing, %d doubled, %d backwards, %d unreadable; %d flashes are not at their numbers",
			f.Count, f.Missing, f.Doubled, f.Backwards, f.Unreadable, f.Strays)
	}
	s := r.Sound
	if s == nil {
		say("there is no sound")
		return
	}
	if s.HoleCount != 0 || s.Overlaps != 0 {
		say("the sound has %d holes and %d overlaps", s.HoleCount, s.Overlaps)
	}
	if s.MissingBeeps != 0 || s.BrokenBeeps != 0 {
		say("%d beeps are missing and %d broken", s.MissingBeeps, s.BrokenBeeps)
	}
	if r.Sync != nil && r.Sync.Alone != 0 {
		say("%d flashes have no beep", r.Sync.Alone)
	}
}

func (l limits) checkWords(w *WordReport, say func(string, ...any)) {
	if w == nil || w.Expected == 0 {
		say("no word is expected in what was measured")
		return
	}
	if w.Found != w.Expected || w.Extra != 0 {
		say("%d of %d words were found, and %d others", w.Found, w.Expected, w.Extra)
	}
	if math.Abs(w.MaxError) > float64(l.words)/float64(time.Millisecond) {
		say("a word begins %.1f ms from its time, at most %v is wanted", w.MaxError, l.words)
	}
}
