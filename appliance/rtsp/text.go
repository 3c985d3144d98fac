package rtsp

import (
	"context"
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
	// Replay are those kept, of Language, from a moment on. nil: none are kept.
	Replay func(from media.Position) CaptionReplay
}

// CaptionReplay merges captions into what is replayed; *timeline.CaptionReplay is one.
type CaptionReplay interface {
	Until(p media.Position) ([]timeline.Caption, error)
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
