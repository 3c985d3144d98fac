package web

import (
	"fmt"
	"io"
	"iter"
	"mime"
	"net/http"
	"time"

	"hindsight/appliance/subtitle"
	"hindsight/appliance/timeline"
	"hindsight/media"
)

const (
	captionFiles = 16   // made at once
	filePage     = 1000 // captions in memory of one that is being made
)

// captionFile is one form in which captions are handed out.
type captionFile struct {
	ending, mime string
	several      bool // languages in one file
	wall         bool // times of day unless asked otherwise
	write        func(w io.Writer, t transcript) error
}

// transcript is what a file is made of.
type transcript struct {
	captions iter.Seq[timeline.Caption] // to be shown, by start
	language string                     // of all of them; empty: of several
	named    bool                       // several languages are likely
	words    bool                       // with the time of each
	clock    fileClock
}

func (s *Server) getVTT(w http.ResponseWriter, r *http.Request) error {
	return s.captionFile(w, r, captionFile{"vtt", "text/vtt; charset=utf-8", false, false, func(w io.Writer, t transcript) error {
		return subtitle.VTT(w, subtitle.Header{Language: t.language, Note: t.clock.note}, t.cues(), t.words)
	}})
}

func (s *Server) getSRT(w http.ResponseWriter, r *http.Request) error {
	return s.captionFile(w, r, captionFile{"srt", "application/x-subrip; charset=utf-8", false, false, func(w io.Writer, t transcript) error {
		return subtitle.SRT(w, t.cues())
	}})
}

func (s *Server) getText(w http.ResponseWriter, r *http.Request) error {
	return s.captionFile(w, r, captionFile{"txt", "text/plain; charset=utf-8", true, true, writeText})
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
	times, err := timesOf(r, f.wall)
	if err != nil {
		return err
	}
	leave, err := take(w, s.files, "files of captions are being made")
	if err != nil {
		return err
	}
	defer leave()
	pages := &captionPages{s: s, c: c, q: q, none: none}
	if q.Language == "" && !f.several {
		if err := pages.tongue(); err != nil {
			return err
		}
	}
	first, err := pages.edge(false)
	if err != nil {
		return err
	}
	t := transcript{captions: pages.all, language: pages.q.Language, named: f.several && pages.tongues() > 1, words: times.words}
	if q.Model == "" {
		t.captions = subtitle.ShownOf(pages.all)
	}
	if t.clock, err = s.clockOf(r.Context(), pages, first, times); err != nil {
		return err
	}
	name := c.Name
	if first != nil {
		name += "-" + first.Wall.UTC().Format("20060102T150405Z")
	}
	h := w.Header()
	h.Set("Content-Type", f.mime)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name + "." + f.ending}))
	if r.Method == http.MethodHead {
		return nil
	}
	out := &paced{w: w, rc: http.NewResponseController(w), patience: s.patience}
	err = f.write(out, t)
	if out.failed {
		return gone(err)
	}
	if pages.err != nil && out.began {
		s.o.Log.Warn("file of captions cut off", "camera", c.Name, "error", pages.err)
		panic(http.ErrAbortHandler) // that it is not whole can be said in no other way
	}
	if pages.err != nil {
		h.Del("Content-Disposition")
		return pages.err
	}
	return err
}

// captionPages reads the captions of a file, a page at a time.
type captionPages struct {
	s    *Server
	c    Camera
	q    timeline.CaptionQuery
	none bool  // nothing is there
	err  error // why all ended early
}

// read asks for captions. Where some cannot be read it does without.
func (p *captionPages) read(q timeline.CaptionQuery) ([]timeline.Caption, error) {
	if p.none {
		return nil, nil
	}
	cs, err := p.c.Timeline.Captions(q)
	if err != nil && (len(cs) > 0 || q.After != (timeline.CaptionMark{})) {
		p.s.damaged(p.c, err)
		err = nil
	}
	return cs, err
}

// all is every caption, by start.
func (p *captionPages) all(yield func(timeline.Caption) bool) {
	q := p.q
	q.Limit = filePage
	for {
		cs, err := p.read(q)
		if err == nil {
			err = p.s.closing.Err()
		}
		if err != nil {
			p.err = err
			return
		}
		for _, c := range cs {
			if !yield(c) {
				return
			}
		}
		if len(cs) < q.Limit {
			return
		}
		q.After = timeline.MarkOf(cs[len(cs)-1].Caption)
	}
}

// edge is the first caption, or the last; nil: there is none.
func (p *captionPages) edge(last bool) (*timeline.Caption, error) {
	q := p.q
	q.Limit, q.Newest = 1, last
	cs, err := p.read(q)
	if err != nil || len(cs) == 0 {
		return nil, err
	}
	return &cs[0], nil
}

// tongue chooses the language of a file that can have but one: the first of those
// that the camera is captioned in of which there is a caption, else that of the first caption.
func (p *captionPages) tongue() error {
	var languages []string
	if p.s.o.Recognition != nil {
		if set, err := p.s.o.Recognition.CaptionSettings(p.c.Name); err == nil {
			languages = set.Languages
		}
	}
	for _, l := range append(languages[:len(languages):len(languages)], "") {
		p.q.Language = l
		if c, err := p.edge(false); err != nil || c != nil {
			if c != nil {
				p.q.Language = c.Language
			}
			return err
		}
	}
	return nil
}

// tongues is in how many languages the range was heard.
func (p *captionPages) tongues() int {
	seen := map[string]bool{}
	if !p.none {
		for _, h := range p.c.Timeline.Heard(timeline.HeardQuery{From: p.q.From, Until: p.q.Until, Language: p.q.Language}) {
			seen[h.Language] = true
		}
	}
	return len(seen)
}

// cues are the captions as a player has them. Those of which the file holds
// nothing, since their sound is gone, are left out.
func (t transcript) cues() iter.Seq[subtitle.Cue] {
	return func(yield func(subtitle.Cue) bool) {
		for c := range t.captions {
			cue := subtitle.Make(c.Caption, t.clock.at)
			if !t.clock.wall && c.End > c.Start && (cue.End <= max(cue.Start, 0) || cue.Start >= t.clock.end) {
				continue
			}
			cue.End = min(cue.End, t.clock.end)
			if !yield(cue) {
				return
			}
		}
	}
}

// writeText writes a line for each caption, with the time at which it begins.
// From the second language on each line says which it is in.
func writeText(w io.Writer, t transcript) error {
	first := ""
	for c := range t.captions {
		if first == "" {
			first = c.Language
		}
		t.named = t.named || c.Language != first
		line := subtitle.Clock(t.clock.at(c.Position()))
		if t.clock.wall {
			line = c.Wall.In(t.clock.zone).Format(time.DateTime)
		}
		if t.named {
			line += "  [" + subtitle.OneLine(c.Language) + "]"
		}
		if c.Role != media.Main {
			line += "  " + c.Role.String() + ":"
		}
		if _, err := fmt.Fprintf(w, "%s  %s\n", line, subtitle.OneLine(c.Text)); err != nil {
			return err
		}
	}
	return nil
}
