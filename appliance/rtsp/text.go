package rtsp

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

// Captions are a camera's captions as they come.
type Captions struct {
	Language string // BCP 47 of those that are sent
	Feed     func() CaptionFeed
}

// CaptionFeed is one reader of captions; *timeline.CaptionFeed is one.
type CaptionFeed interface {
	Next(ctx context.Context) (timeline.CaptionEvent, error)
	Close()
}

// The captions' track: text as RFC 4103 carries it, without redundancy.
const (
	payloadText = 98
	textRate    = 1000 // Hz, RFC 4103 section 4
)

// textTrack stands for the captions among the tracks of a session: no track of
// the timeline has its number or its kind.
func textTrack() media.Track { return media.Track{ClockRate: textRate} }

func isText(t media.Track) bool { return t.Kind == 0 && t.Codec == 0 }

func textFormat() *format.Generic {
	return &format.Generic{PayloadTyp: payloadText, RTPMa: "t140/1000", ClockRat: textRate}
}

// mediaText is the m= section's type.
const mediaText = description.MediaType("text")

// packText makes the packets of a caption. T.140 ends a line with CR LF or a
// character that few players know; a caption ends its last line, too.
func packText(b []byte) ([]piece, error) {
	text := strings.ReplaceAll(strings.TrimSpace(strings.ToValidUTF8(string(b), "\ufffd")), "\n", "\r\n")
	if text == "" {
		return nil, errEmpty
	}
	text += "\r\n"
	var out []piece
	for len(text) > 0 {
		n := min(len(text), mostPayload)
		for n < len(text) && !utf8.RuneStart(text[n]) {
			n--
		}
		// The marker stands on the first packet after a pause (section 3.2).
		out = append(out, piece{payload: []byte(text[:n]), marker: len(out) == 0})
		text = text[n:]
	}
	return out, nil
}

// text is the session's track of captions, if the client chose it.
func (s *session) text() *outTrack {
	for _, t := range s.tracks {
		if isText(t.Track) && t.chosen {
			return t
		}
	}
	return nil
}

// captions sends final captions while the player plays. The func ends that.
func (p *player) captions() (end func()) {
	t := p.s.text()
	if t == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(p.ctx)
	feed := p.s.view.captions.Feed()
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer p.guard()
		defer feed.Close()
		for {
			e, err := feed.Next(ctx)
			if err != nil {
				if ctx.Err() == nil && !errors.Is(err, timeline.ErrEnd) {
					p.s.srv.complain(p.s.from, p.s.view.camera, ending{"captions cannot be read", err.Error()})
				}
				return
			}
			if e.Kind == timeline.CaptionFinal && e.Caption.Language == p.s.view.captions.Language {
				if p.caption(t, e.Caption.Caption) != nil {
					return
				}
			}
		}
	}()
	return func() { cancel(); <-done }
}

// caption sends one caption. Its time stamp is that of its beginning, which lies some
// seconds back; a report right before it tells what time that was.
func (p *player) caption(t *outTrack, c media.Caption) error {
	pieces, err := packText([]byte(c.Text))
	if err != nil {
		return nil // nothing to be seen
	}
	s := p.s
	s.mu.Lock()
	at, ok := s.stamps.past(c.Position())
	if !ok && len(p.kinds) == 0 { // a client of captions alone: they are its clock
		at, ok = s.stamps.at(c.Position(), s.view.line.Wall), true
	}
	if ok {
		if wall, _ := s.view.line.Wall(c.Position()); !wall.IsZero() {
			s.control(t, t.senderReport(wall, at))
		}
	}
	s.mu.Unlock()
	if !ok {
		return nil // of another run: its time cannot be told any more
	}
	_, err = p.send(t, pieces, t.rtpTime(at))
	return err
}
