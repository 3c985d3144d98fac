package recognise

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/asr"
	"hindsight/media"
)

// Where one recogniser goes on from another, both hear so much of the other's
// sound, that no word is cut; each keeps the words whose middle is on its side.
const roll = 2 * time.Second

// source is the sound of one track as a cursor yields it, decoded.
type source struct {
	tl     Timeline
	log    *slog.Logger
	track  media.Track
	dec    Decoder
	format Format
	cursor *timeline.Cursor
	from   media.Position // what is over by then is passed over
	until  time.Duration  // of from.Run, where the sound ends; 0: it goes on live
	broken bool           // told that a unit cannot be decoded

	looked int
	behind time.Duration
}

// openSource begins at a position; decode is Options.Decode.
func openSource(tl Timeline, decode func(media.Track) (Decoder, Format, error), t media.Track, from media.Position, log *slog.Logger) (*source, error) {
	dec, format, err := decode(t)
	if err != nil {
		return nil, &unheard{err}
	}
	s := &source{tl: tl, log: log, track: t, dec: dec, format: format, from: from}
	if s.cursor, err = tl.At(from, timeline.Selection{Kinds: []media.Kind{media.Audio}}); err != nil {
		dec.Close()
		return nil, err
	}
	return s, nil
}

// unheard is why a track's sound cannot be decoded here.
type unheard struct{ err error }

func (u *unheard) Error() string { return u.err.Error() }

func (s *source) close() {
	s.cursor.Close()
	s.dec.Close()
}

// Next is asr.Sound's.
func (s *source) Next(ctx context.Context) (asr.Chunk, error) {
	for {
		item, err := s.item(ctx)
		switch {
		case errors.Is(err, timeline.ErrEnd):
			return asr.Chunk{}, io.EOF
		case err != nil:
			return asr.Chunk{}, err
		}
		if item.Track != s.track.ID {
			if s.until == 0 && s.goesOn(item.Track) {
				return asr.Chunk{}, io.EOF
			}
			continue
		}
		if s.until > 0 && (item.Run != s.from.Run || item.PTS() >= s.until) {
			return asr.Chunk{}, io.EOF
		}
		at := item.PTS()
		if item.Run == s.from.Run && at+s.track.Duration(item.Payload) <= s.from.Time {
			continue
		}
		pcm, err := s.dec.Decode(item.Payload)
		if err != nil {
			if !s.broken {
				s.log.Warn("captions: a packet of sound cannot be decoded; it is passed over", "track", s.track.ID, "error", err)
			}
			s.broken = true
			continue
		}
		return asr.Chunk{Run: item.Run, At: at, Rate: s.format.Rate, Channels: s.format.Channels, Samples: pcm,
			Behind: s.lag(item)}, nil
	}
}

// stalled is how long a sound that ends may wait for what comes next.
const stalled = 2 * time.Second

// item waits for the cursor's next item; where the sound has an end, not for ever.
func (s *source) item(ctx context.Context) (timeline.Item, error) {
	if s.until == 0 {
		return s.cursor.Next(ctx)
	}
	wait, cancel := context.WithTimeout(ctx, stalled)
	defer cancel()
	item, err := s.cursor.Next(wait)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		err = timeline.ErrEnd
	}
	return item, err
}

// goesOn reports whether the sound goes on in another track.
func (s *source) goesOn(track uint16) bool {
	t, ok := current(s.tl)
	return ok && t.ID == track
}

// lag is how much newer sound there is. It is asked for now and then.
func (s *source) lag(item timeline.Item) time.Duration {
	if s.cursor.Live() {
		s.behind, s.looked = 0, 0
		return 0
	}
	if s.looked--; s.looked <= 0 {
		s.looked = 25
		if p, ok := s.tl.Newest(); ok && p.Run == item.Run {
			s.behind = max(p.Time-item.PTS(), 0)
		}
	}
	return s.behind
}
