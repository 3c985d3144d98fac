package web

import (
	"context"
	"net/http"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

// Shape is what /api/v1/timeline answers: where there is recording, and why not elsewhere.
type Shape struct {
	Camera     string       `json:"camera"`
	Now        time.Time    `json:"now"`         // UTC
	RecordedMS float64      `json:"recorded_ms"` // length of all spans below
	Spans      []Span       `json:"spans"`       // in order; cut to the range asked for
	Gaps       []Gap        `json:"gaps"`        // in order; whole, if they touch the range
	Tracks     []TrackCount `json:"tracks"`      // what is recorded of each in the range
	Runs       []RunShape   `json:"runs"`        // the runs of the spans
}

// Span is a stretch of one run with recording.
type Span struct {
	From       Moment  `json:"from"`
	To         Moment  `json:"to"`
	RecordedMS float64 `json:"recorded_ms"` // recorded time at From: the lengths of all spans of the camera before it
	LengthMS   float64 `json:"length_ms"`
}

// Gap is a stretch without recording of one kind or of everything.
type Gap struct {
	Kind     string       `json:"kind"` // video, audio, or all
	From     Moment       `json:"from"`
	Until    *Moment      `json:"until"`     // null: it lasts
	LengthMS *float64     `json:"length_ms"` // wall time; null: it lasts
	Reason   media.Reason `json:"reason"`
	Detail   string       `json:"detail"`
}

// TrackCount is what is kept of a track.
type TrackCount struct {
	ID      uint16      `json:"id"`
	Kind    media.Kind  `json:"kind"`
	Role    media.Role  `json:"role"`
	Codec   media.Codec `json:"codec"`
	Units   int64       `json:"units"`
	Keys    int64       `json:"keys"`
	Bytes   int64       `json:"bytes"`
	Damaged int64       `json:"damaged"` // units whose checksum was wrong when they were read
}

// RunShape is one run as far as it is kept.
type RunShape struct {
	Run       media.Run    `json:"run"`
	End       media.Reason `json:"end"` // how it ended; empty while it is recorded
	Segments  int          `json:"segments"`
	FileBytes int64        `json:"file_bytes"`
}

func (s *Server) getTimeline(w http.ResponseWriter, r *http.Request) error {
	c, err := s.camera(r)
	if err != nil {
		return err
	}
	from, to, err := s.span(r.URL.Query(), c.Timeline)
	if err != nil {
		return err
	}
	out := Shape{Camera: c.Name, Now: s.o.Now().UTC(), Spans: []Span{}, Gaps: []Gap{}, Tracks: []TrackCount{}, Runs: []RunShape{}}
	shape := c.Timeline.Map()
	if !from.after {
		out.spans(c.Timeline, shape, from.pos, to.pos)
	}
	out.gaps(c.Timeline, shape, from, to)
	if err := out.counts(r.Context(), c.Timeline, shape, from, to); err != nil {
		return err
	}
	return reply(w, http.StatusOK, out)
}

func (o *Shape) spans(t Timeline, m *timeline.Map, from, to media.Position) {
	for _, s := range m.Spans {
		a, b := media.Position{Run: s.Run, Time: s.From}, media.Position{Run: s.Run, Time: s.Until}
		if a.Before(from) {
			a = from
		}
		if to.Before(b) {
			b = to
		}
		if a.Run != s.Run || b.Run != s.Run || !a.Before(b) {
			continue
		}
		length := ms(b.Time - a.Time)
		o.RecordedMS += length
		o.Spans = append(o.Spans, Span{From: moment(t, a), To: moment(t, b), RecordedMS: ms(s.Recorded + a.Time - s.From), LengthMS: length})
	}
}

// gaps takes those that touch the range: by wall time where the query gave
// wall times, for a gap between runs has no positions inside.
func (o *Shape) gaps(t Timeline, m *timeline.Map, from, to edge) {
	for _, h := range m.Holes {
		lasts := h.Until == media.Position{}
		before := !lasts && !from.pos.Before(h.Until) // ends before the range
		behind := !h.From.Before(to.pos)              // begins behind it
		if !from.wall.IsZero() {
			before = !lasts && !from.wall.Before(h.WallUntil)
		}
		if !to.wall.IsZero() {
			behind = !h.WallFrom.Before(to.wall)
		}
		if before || behind {
			continue
		}
		g := Gap{Kind: "all", From: moment(t, h.From), Reason: h.Reason, Detail: h.Detail}
		if h.Kind != 0 {
			g.Kind = h.Kind.String()
		}
		if !lasts {
			until, length := moment(t, h.Until), ms(h.WallUntil.Sub(h.WallFrom))
			g.Until, g.LengthMS = &until, &length
		}
		o.Gaps = append(o.Gaps, g)
	}
}

// counts tells what is recorded of each track. Of everything the store knows
// the sum; of a range the headers of its blocks are read.
func (o *Shape) counts(ctx context.Context, t Timeline, m *timeline.Map, from, to edge) error {
	inside := map[media.Run]bool{}
	for _, s := range o.Spans {
		inside[s.From.Run] = true
	}
	for _, r := range m.Runs {
		if inside[r.Run] {
			o.Runs = append(o.Runs, RunShape{Run: r.Run, End: r.End, Segments: r.Segments, FileBytes: r.FileBytes})
		}
	}
	onDisk := keptOf(m, inside)
	if (from.given || to.given) && len(o.Spans) > 0 {
		counted, err := t.Count(ctx, from.pos, to.pos)
		if err != nil {
			return err
		}
		onDisk = map[uint16]kept{}
		for id, c := range counted {
			onDisk[id] = kept{units: c.Units, keys: c.Keys, bytes: c.Bytes, damaged: c.Damaged}
		}
	}
	for _, tr := range t.Tracks() {
		if k, ok := onDisk[tr.ID]; ok {
			o.Tracks = append(o.Tracks, TrackCount{ID: tr.ID, Kind: tr.Kind, Role: tr.Role, Codec: tr.Codec,
				Units: k.units, Keys: k.keys, Bytes: k.bytes, Damaged: k.damaged})
		}
	}
	return nil
}
