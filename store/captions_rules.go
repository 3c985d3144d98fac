package store

import (
	"errors"
	"fmt"
	"math"
	"time"
	"unicode/utf8"

	"hindsight/media"
)

// What a caption may hold at most.
const (
	maxText  = 4096 // bytes
	maxWords = 1000
)

// checkCaption names the first rule that c breaks, which is to be kept in a camera of so many runs.
func checkCaption(c media.Caption, runs media.Run) error {
	switch {
	case c.Partial:
		return errors.New("it is partial; only final captions are kept")
	case c.Run == 0 || c.Run > runs:
		return fmt.Errorf("it is of run %d, and the runs are 1 to %d", c.Run, runs)
	case c.Start < 0 || c.End < c.Start:
		return fmt.Errorf("it lasts from %v to %v", c.Start, c.End)
	case c.End-c.Start > maxCaption:
		return fmt.Errorf("it lasts %v, at most %v", c.End-c.Start, maxCaption)
	case c.Language == "" || len(c.Language) > 0xff:
		return fmt.Errorf("language %q: want a BCP 47 tag, as in ko or zh-TW", c.Language)
	case c.Model.Name == "" || len(c.Model.Name) > 0xff || len(c.Model.Hash) > 0xff:
		return errors.New("its model has no name, or name or hash have more than 255 bytes")
	case len(c.Editor) > 0xff:
		return errors.New("its editor has more than 255 bytes")
	}
	return errors.Join(checkText(c.Text), checkOriginal(c), checkWords(c))
}

func checkText(s string) error {
	if s == "" || len(s) > maxText || !utf8.ValidString(s) {
		return fmt.Errorf("a text of %d bytes: want UTF-8, 1 to %d bytes", len(s), maxText)
	}
	return nil
}

func checkOriginal(c media.Caption) error {
	if c.Original == "" {
		return nil
	}
	return checkText(c.Original)
}

func checkWords(c media.Caption) error {
	if len(c.Words) > maxWords {
		return fmt.Errorf("it has %d words, at most %d", len(c.Words), maxWords)
	}
	for i, w := range c.Words {
		switch {
		case w.Text == "" || len(w.Text) > 0xff || !utf8.ValidString(w.Text):
			return fmt.Errorf("word %d has %d bytes: want UTF-8, 1 to 255 bytes", i, len(w.Text))
		case w.Start < c.Start || w.End < w.Start || w.End > c.End:
			return fmt.Errorf("word %d lasts from %v to %v, beyond the caption's %v to %v", i, w.Start, w.End, c.Start, c.End)
		case !(w.Confidence >= 0 && w.Confidence <= 1):
			return fmt.Errorf("word %d has confidence %v: want 0 to 1", i, w.Confidence)
		}
	}
	return nil
}

// checkCaptions names the first caption and rule that it breaks.
func checkCaptions(cs []media.Caption, runs media.Run) error {
	for i, c := range cs {
		if err := checkCaption(c, runs); err != nil {
			return fmt.Errorf("store: caption %d refused: %w", i, err)
		}
	}
	return nil
}

// maxHeard is the longest run of which can be said what was heard: 7 years.
const maxHeard = math.MaxUint16 * heardChunk

// checkHeard names the first span that cannot be kept in a camera of so many runs.
func checkHeard(spans []media.HeardSpan, runs media.Run) error {
	for i, s := range spans {
		var err error
		switch {
		case s.Run == 0 || s.Run > runs:
			err = fmt.Errorf("it is of run %d, and the runs are 1 to %d", s.Run, runs)
		case s.From < 0 || s.Until <= s.From || s.Until > maxHeard:
			err = fmt.Errorf("it lasts from %v to %v: want it to end after it begins, within %v", s.From, s.Until, time.Duration(maxHeard))
		case s.Language == "" || len(s.Language) > 0xff || len(s.Why) > 0xff:
			err = errors.New("it has no language, or language or reason have more than 255 bytes")
		case heardCode(s.State) == 0:
			err = fmt.Errorf("state %q: want %s, %s or %s", s.State, media.HeardDone, media.HeardPending, media.HeardOff)
		}
		if err != nil {
			return fmt.Errorf("store: heard span %d refused: %w", i, err)
		}
	}
	return nil
}
