package rtspsource

import (
	"context"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/headers"
	"github.com/bluenviron/gortsplib/v5/pkg/liberrors"

	"hindsight/media"
	"hindsight/player"
)

// What cannot go on.
var (
	errClosed  = errors.New("the source is closed")
	errTaken   = errors.New("another seek has taken the place of this reader")
	errNothing = errors.New("the server sends neither a picture nor sound that can be shown: H.264, MJPEG, Opus, AAC or G.711")
)

// Open seeks: one reader at a time is open, the one before yields nothing more.
func (s *Source) Open(ctx context.Context, at player.Moment, m player.Manner) (player.Reader, error) {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if err := s.failure(); err != nil {
		return nil, err
	}
	if s.foreign && (at.Place != player.AtLive || m.Keys || m.Back) {
		return nil, &player.Missing{Text: "This server keeps no recording that can be played: only what comes now can be shown."}
	}
	a, err := s.aim(ctx, at)
	if err != nil {
		return nil, err
	}
	if err := s.pause(); err != nil {
		return nil, err
	}
	r, err := s.play(a, m)
	if err != nil {
		return nil, err
	}
	return r, r.land(ctx)
}

// aim is what is asked of the server, and what is known of where it lies.
type aim struct {
	text  string // of Range
	live  bool
	asked player.Point
	gap   *player.Gap
}

func (s *Source) aim(ctx context.Context, at player.Moment) (a aim, err error) {
	recorded := time.Duration(-1)
	switch at.Place {
	case player.AtLive:
		return aim{text: "npt=now-", live: true}, nil
	case player.AtRecorded:
		recorded = max(at.Recorded, 0)
	case player.AtPosition:
		if !s.axis.known() {
			return a, &player.Missing{Text: "The recorder's page does not answer, so that a position cannot be found; choose a date and time."}
		}
		if at.Position.Run > s.axis.lastRun() {
			s.learnShape(ctx)
		}
		recorded, a.gap = s.axis.recorded(at.Position), s.axis.inGap(at.Position)
	case player.AtTime:
		if !s.axis.known() {
			return s.aimTime(at.Time), nil
		}
		var live bool
		if recorded, live = s.recordedAt(ctx, at.Time); live {
			return aim{text: "npt=now-", live: true, gap: s.axis.around(at.Time)}, nil
		}
	}
	if !s.axis.known() {
		return s.aimTime(s.first.Add(recorded)), nil
	}
	if s.beyond(ctx, recorded) {
		return aim{text: "npt=now-", live: true, gap: a.gap}, nil
	}
	p, ok := s.axis.point(recorded)
	if ok {
		a.asked = p
	}
	if at.Place == player.AtTime && ok && p.Time.Sub(at.Time) > time.Millisecond {
		if g := s.axis.around(at.Time); g != nil && g.Kind == 0 {
			a.gap = g
		}
	}
	a.asked.Recorded = recorded
	a.text = "npt=" + strconv.FormatFloat(recorded.Seconds(), 'f', 6, 64) + "-"
	return a, nil
}

// aimTime aims at a true time where recorded time is not known.
func (s *Source) aimTime(t time.Time) aim {
	if t.Before(s.first) {
		t = s.first
	}
	if now := s.now(); !now.IsZero() && !t.Before(now) {
		return aim{text: "npt=now-", live: true}
	}
	return aim{text: "clock=" + t.UTC().Format(clockLayout) + "-", asked: player.Point{Recorded: t.Sub(s.first), Time: t}}
}

// now is the true time of the live end where the API is away; zero: not known.
func (s *Source) now() time.Time {
	e := s.Edge()
	if e.Point == nil {
		return s.last
	}
	return e.Point.Time
}

// recordedAt is the recorded time of a true time, by the recorder's own rules.
func (s *Source) recordedAt(ctx context.Context, t time.Time) (at time.Duration, live bool) {
	if sh, err := s.shape(ctx, t); err == nil && len(sh.Spans) > 0 {
		p := sh.Spans[0].From.position()
		if p.Run > s.axis.lastRun() {
			s.learnShape(ctx)
		}
		return s.axis.recorded(p), false
	}
	at, ok := s.axis.at(t)
	if !ok {
		s.learnShape(ctx)
		at, ok = s.axis.at(t)
	}
	return at, !ok
}

// beyond reports whether a recorded time lies at the live end.
func (s *Source) beyond(ctx context.Context, at time.Duration) bool {
	if at < s.axis.length() {
		return false
	}
	s.learnShape(ctx)
	e := s.Edge().Point
	return at >= s.axis.length() && (e == nil || at >= e.Recorded)
}

// pause takes the stream from the reader that has it.
func (s *Source) pause() error {
	s.mu.Lock()
	s.reader, s.starting, s.early = nil, false, nil
	playing := s.playing
	s.playing = false
	s.cond.Broadcast()
	s.mu.Unlock()
	if !playing {
		return nil
	}
	return s.speak(func() error { _, err := s.rtsp.Pause(); return err })
}

// speak is call; what fails but by an answer ends the session.
func (s *Source) speak(f func() error) error {
	err := s.call(f)
	var status liberrors.ErrClientBadStatusCode
	if err != nil && !errors.As(err, &status) {
		err = s.to.wrong(err)
		s.fail(err)
	}
	return err
}

// play plays from an aim on.
func (s *Source) play(a aim, m player.Manner) (*Reader, error) {
	h := base.Header{"Range": base.HeaderValue{a.text}, "Scale": nil}
	if !s.foreign {
		h["Require"] = base.HeaderValue{"onvif-replay"}
		h["Rate-Control"] = base.HeaderValue{"no"} // whoever reads sets the pace
		if s.o.UDP {
			h["Rate-Control"] = base.HeaderValue{"yes"}
		}
		switch {
		case m.Back:
			h["Scale"] = base.HeaderValue{"-1.0"}
		case m.Keys:
			h["Frames"] = base.HeaderValue{"intra"}
		default:
			h["Frames"] = base.HeaderValue{"all"}
			h["Scale"] = base.HeaderValue{"1.0"}
		}
	} else {
		h["Range"] = base.HeaderValue{"npt=now-"}
	}
	r := newReader(s, a, m)
	s.mu.Lock()
	s.headers, s.starting, s.early = h, true, nil
	for _, l := range s.lines {
		l.restart()
	}
	s.mu.Unlock()
	res, err := s.request()
	var status liberrors.ErrClientBadStatusCode
	if s.foreign && errors.As(err, &status) { // some know npt=0- only
		s.setHeaders(base.Header{"Range": base.HeaderValue{"npt=0.000-"}})
		res, err = s.request()
	}
	s.setHeaders(nil)
	if err != nil {
		s.mu.Lock()
		s.starting, s.early = false, nil
		s.mu.Unlock()
		if errors.As(err, &status) && status.Code == base.StatusInvalidRange {
			return nil, &player.Missing{Text: s.to.safe(status.Message)}
		}
		return nil, s.to.wrong(err)
	}
	s.begin(r, res)
	return r, nil
}

func (s *Source) request() (res *base.Response, err error) {
	err = s.speak(func() error { res, err = s.rtsp.Play(nil); return err })
	return res, err
}

func (s *Source) setHeaders(h base.Header) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.headers = h
}

// begin gives the stream to a reader, with what came before the answer did.
func (s *Source) begin(r *Reader, res *base.Response) {
	at, known := s.answered(res)
	s.mu.Lock()
	defer s.mu.Unlock()
	r.from, r.fromKnown = at, known
	if known {
		var info headers.RTPInfo
		if info.Unmarshal(res.Header["RTP-Info"]) == nil {
			for _, e := range info {
				for _, l := range s.lines {
					if e.Timestamp != nil && strings.HasSuffix(e.URL, "/"+l.media.Control) {
						l.base(*e.Timestamp, at)
						r.due = true
					}
				}
			}
		}
	}
	s.reader, s.playing, s.starting = r, true, false
	s.release(r)
}

// answered is the recorded time that the answer to PLAY names.
func (s *Source) answered(res *base.Response) (at time.Duration, ok bool) {
	if s.foreign || len(res.Header["Range"]) != 1 {
		return 0, false
	}
	text := res.Header["Range"][0]
	if npt, ok := strings.CutPrefix(text, "npt="); ok {
		from, _, _ := strings.Cut(npt, "-")
		sec, err := strconv.ParseFloat(from, 64)
		if err != nil || sec < 0 || sec > 1e9 || math.IsNaN(sec) || !s.axis.known() {
			return 0, false
		}
		return time.Duration(math.Round(sec*1e6)) * time.Microsecond, true
	}
	if clock, ok := strings.CutPrefix(text, "clock="); ok {
		from, _, _ := strings.Cut(clock, "-")
		t, err := time.Parse(clockLayout, from)
		if err != nil {
			return 0, false
		}
		return s.recordedOf(t), true
	}
	return 0, false
}

// recordedOf is the recorded time of a true time that a packet or an answer named.
func (s *Source) recordedOf(t time.Time) time.Duration {
	if s.axis.known() {
		if at, ok := s.axis.at(t); ok {
			return at
		}
		l := s.axis.length()
		if p, ok := s.axis.point(l); ok {
			return max(l+t.Sub(p.Time), 0)
		}
	}
	return max(t.Sub(s.first), 0)
}

// lowByte is what the header extension bears of a CSeq.
func lowByte(cseq string) byte {
	n, err := strconv.ParseUint(strings.TrimSpace(cseq), 10, 64)
	if err != nil {
		return 0
	}
	return byte(n)
}

func (l *line) track() media.Track {
	t := l.reader.Track()
	t.ID = l.id
	return t
}
