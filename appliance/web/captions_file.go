package web

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"regexp"
	"time"

	"hindsight/appliance/subtitle"
	"hindsight/appliance/timeline"
	"hindsight/media"
)

// captionFile is one form in which captions are handed out.
type captionFile struct {
	ending, mime string
	wall         bool // times of day unless asked otherwise
	write        func(w io.Writer, h subtitle.Header, cues []subtitle.Cue, words bool) error
}

func (s *Server) getVTT(w http.ResponseWriter, r *http.Request) error {
	return s.captionFile(w, r, captionFile{"vtt", "text/vtt; charset=utf-8", false, subtitle.VTT})
}

func (s *Server) getSRT(w http.ResponseWriter, r *http.Request) error {
	return s.captionFile(w, r, captionFile{"srt", "application/x-subrip; charset=utf-8", false,
		func(w io.Writer, _ subtitle.Header, cues []subtitle.Cue, _ bool) error { return subtitle.SRT(w, cues) }})
}

func (s *Server) getText(w http.ResponseWriter, r *http.Request) error {
	return s.captionFile(w, r, captionFile{"txt", "text/plain; charset=utf-8", true, nil})
}

func (s *Server) captionFile(w http.ResponseWriter, r *http.Request, f captionFile) error {
	c, err := s.camera(r)
	if err != nil {
		return err
	}
	q, none, err := s.captionQuery(r, c.Timeline)
	if err != nil {
		return err
	}
	v := r.URL.Query()
	wall, zone, err := timesOf(r, f.wall)
	if err != nil {
		return err
	}
	var cs []timeline.Caption
	if !none {
		if cs, err = c.Timeline.Captions(q); err != nil && len(cs) == 0 {
			return err
		}
	}
	if q.Model == "" {
		cs = subtitle.Shown(cs)
	}
	if q.Language == "" && f.ending != "txt" {
		q.Language = firstLanguage(cs)
		cs = only(cs, q.Language)
	}
	at, begin := wallClock(cs, c.Timeline, zone), time.Time{}
	if !wall {
		if at, begin, err = s.fileClock(r, c, cs, q); err != nil {
			return err
		}
	}
	var body bytes.Buffer
	if f.write == nil {
		writeText(&body, cs, at, wall, zone)
	} else {
		var cues []subtitle.Cue
		for _, x := range cs {
			cues = append(cues, subtitle.Make(x.Caption, at))
		}
		note := "Times of day, " + zone.String() + ", counted from the midnight before the first."
		if !wall {
			note = "00:00:00.000 is " + begin.UTC().Format("2006-01-02T15:04:05.000Z") + ", camera " + c.Name + "."
		}
		if err := f.write(&body, subtitle.Header{Language: q.Language, Note: note}, cues, v.Get("words") == "1"); err != nil {
			return err
		}
	}
	h := w.Header()
	h.Set("Content-Type", f.mime)
	name := c.Name
	if len(cs) > 0 {
		name += "-" + cs[0].Wall.UTC().Format("20060102T150405Z")
	}
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name + "." + f.ending}))
	_, err = w.Write(body.Bytes())
	return gone(err)
}

// firstLanguage is that of the first caption.
func firstLanguage(cs []timeline.Caption) string {
	if len(cs) == 0 {
		return ""
	}
	return cs[0].Language
}

func only(cs []timeline.Caption, language string) (out []timeline.Caption) {
	for _, c := range cs {
		if c.Language == language {
			out = append(out, c)
		}
	}
	return out
}

// timesOf reads the parameters times and zone.
func timesOf(r *http.Request, def bool) (wall bool, zone *time.Location, err error) {
	v := r.URL.Query()
	switch v.Get("times") {
	case "":
		wall = def
	case "wall":
		wall = true
	case "media":
	default:
		return false, nil, badRequest("parameter times: want wall or media")
	}
	zone, err = parseZone(v.Get("zone"))
	if err != nil {
		return false, nil, badRequest("parameter zone: %q: want Z or an offset as in +09:00", v.Get("zone"))
	}
	return wall, zone, nil
}

var zoneForm = regexp.MustCompile(`^[+ -](0[0-9]|1[0-4]):?[0-5][0-9]$`)

// parseZone reads an offset from UTC; a + may have become a blank in the address.
func parseZone(s string) (*time.Location, error) {
	if s == "" || s == "Z" {
		return time.UTC, nil
	}
	if !zoneForm.MatchString(s) {
		return nil, errors.New("want an offset")
	}
	var h, m int
	if _, err := fmt.Sscanf(s[1:3]+s[len(s)-2:], "%2d%2d", &h, &m); err != nil {
		return nil, err
	}
	sign := 1
	if s[0] == '-' {
		sign = -1
	} else {
		s = "+" + s[1:]
	}
	return time.FixedZone("UTC"+s, sign*(h*3600+m*60)), nil
}

// wallClock tells times of day, counted from the midnight before the first caption.
func wallClock(cs []timeline.Caption, t Timeline, zone *time.Location) func(media.Position) time.Duration {
	var midnight time.Time
	if len(cs) > 0 {
		y, m, d := cs[0].Wall.In(zone).Date()
		midnight = time.Date(y, m, d, 0, 0, 0, 0, zone)
	}
	return func(p media.Position) time.Duration {
		w, _ := t.Wall(p)
		return w.Sub(midnight)
	}
}

// fileClock tells times as they are in the MP4 file of the same range, and the
// wall time of its beginning. Where nothing but captions is left they count from the first.
func (s *Server) fileClock(r *http.Request, c Camera, cs []timeline.Caption, q timeline.CaptionQuery) (func(media.Position) time.Duration, time.Time, error) {
	from := q.From
	if from == (media.Position{}) {
		from, _ = c.Timeline.Oldest()
	}
	m := c.Timeline.Map()
	if s.o.Edge != nil && m.Length() > 0 {
		edge, err := s.o.Edge(r.Context(), c.Name, from)
		if err != nil {
			return nil, time.Time{}, err
		}
		from = edge
	}
	zero := m.Recorded(from)
	from = m.At(zero) // where the file begins, if that is a gap
	begin, _ := c.Timeline.Wall(from)
	if len(cs) > 0 && (m.Length() == 0 || cs[0].Position().Before(from) && cs[len(cs)-1].Position().Before(from)) {
		first := cs[0].Wall
		return func(p media.Position) time.Duration {
			w, _ := c.Timeline.Wall(p)
			return w.Sub(first)
		}, first, nil
	}
	return func(p media.Position) time.Duration { return m.Recorded(p) - zero }, begin, nil
}

// writeText writes a line for each caption, with the time at which it begins.
func writeText(w *bytes.Buffer, cs []timeline.Caption, at func(media.Position) time.Duration, wall bool, zone *time.Location) {
	several := false
	for _, c := range cs {
		several = several || c.Language != cs[0].Language
	}
	for _, c := range cs {
		when := subtitle.Clock(at(c.Position()))
		if wall {
			when = c.Wall.In(zone).Format("2006-01-02 15:04:05")
		}
		fmt.Fprint(w, when)
		if several {
			fmt.Fprintf(w, "  [%s]", subtitle.OneLine(c.Language))
		}
		if c.Role != media.Main {
			fmt.Fprintf(w, "  %s:", c.Role)
		}
		fmt.Fprintf(w, "  %s\n", subtitle.OneLine(c.Text))
	}
}
