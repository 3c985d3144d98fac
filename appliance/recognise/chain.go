package recognise

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"hindsight/asr"
	"hindsight/media"
)

// chain is the sound of stretches of one track, one after the other, each with
// a little of what lies around it.
type chain struct {
	tl     Timeline
	decode func(media.Track) (Decoder, Format, error)
	track  media.Track
	log    *slog.Logger
	rest   []stretch // not yet opened
	w      *writer
	over   func(stretch) error // all of a stretch has been heard and handed over

	now   *source // nil: the next stretch is to be opened
	next  stretch // that now is of
	told  bool    // that next begins
	first *asr.Chunk
	at    stretch // is being handed over
	begun bool    // at has, and has not ended
}

// Next is asr.Sound's. A stretch is announced by a chunk without samples: when
// the one after it is asked for, all that went before has been handed over.
func (c *chain) Next(ctx context.Context) (asr.Chunk, error) {
	if c.first != nil {
		if err := c.turn(); err != nil {
			return asr.Chunk{}, err
		}
		k := *c.first
		c.first = nil
		return k, nil
	}
	for {
		if c.now == nil {
			if len(c.rest) == 0 {
				return asr.Chunk{}, io.EOF
			}
			if err := c.open(); err != nil {
				return asr.Chunk{}, err
			}
		}
		k, err := c.now.Next(ctx)
		switch {
		case err == nil && !c.told:
			c.told, c.first = true, &k
			return asr.Chunk{Run: k.Run, At: k.At, Rate: k.Rate, Channels: k.Channels, New: true}, nil
		case err == nil:
			return k, nil
		case !errors.Is(err, io.EOF):
			return k, err
		}
		c.close()
		if !c.told { // there was no sound at all
			if err := c.over(c.next); err != nil {
				return asr.Chunk{}, err
			}
		}
	}
}

// open opens the first of the rest.
func (c *chain) open() error {
	s := c.rest[0]
	src, err := openSource(c.tl, c.decode, c.track, media.Position{Run: s.run, Time: max(s.from-roll, 0)}, c.log)
	if err != nil {
		return err
	}
	src.until = s.until + roll
	c.now, c.next, c.told, c.rest = src, s, false, c.rest[1:]
	return nil
}

// turn goes over to the stretch that was announced.
func (c *chain) turn() error {
	if err := c.end(); err != nil {
		return err
	}
	c.at, c.begun = c.next, true
	c.w.win = window{run: c.at.run, from: c.at.from, until: c.at.until}
	c.w.last = c.at.from
	return nil
}

// end is after all of a stretch was made final. What the recogniser says
// nothing of has no sound.
func (c *chain) end() error {
	if !c.begun {
		return nil
	}
	c.begun = false
	if err := c.w.flush(); err != nil {
		return err
	}
	return c.over(c.at)
}

func (c *chain) close() {
	if c.now != nil {
		c.now.close()
		c.now = nil
	}
}

// left is how much is still to be heard.
func left(ss []stretch) (sum time.Duration) {
	for _, s := range ss {
		sum += s.length()
	}
	return sum
}
