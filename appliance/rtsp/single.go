package rtsp

import (
	"slices"
	"strings"
	"sync/atomic"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/headers"
)

// Requests that concern one track of a session. gortsplib knows whole sessions only:
// a TEARDOWN of one track would end all, and after it neither SETUP nor PLAY of that track
// is possible. VLC does all three, when a track is deselected, as captions are from the
// beginning, and selected again.

// part is what a client wants of a track that it did a SETUP of.
type part struct{ state atomic.Int32 }

const (
	partWanted = iota
	partGone   // after its TEARDOWN
	partReady  // after another SETUP, until PLAY
)

func (p *part) off() bool { return p.state.Load() != partWanted }

// single is a request about one track, which is answered without gortsplib.
type single struct {
	track *outTrack
	setup bool // else TEARDOWN
}

// singled turns a request about one track into one that gortsplib takes as it should.
func (p *peer) singled(r *base.Request) {
	p.single, p.only = nil, nil
	s, id := p.session, r.Header["Session"]
	if s == nil || r.URL == nil || len(id) == 0 {
		return
	}
	t, others := s.partOf(r.URL.Path)
	switch {
	case r.Method == base.Play && t != nil:
		u := *r.URL
		u.Path = u.Path[:strings.LastIndex(u.Path, t.media.Control)]
		r.URL, p.only = &u, t
	case r.Method == base.Teardown && t != nil && others, r.Method == base.Setup && t != nil && t.off():
		p.single = &single{t, r.Method == base.Setup}
		r.Method = base.GetParameter // which does nothing
	case r.Method == base.Teardown:
		p.session = nil
	}
}

// partOf is the track that an address of a SETUP names and that was set up, and
// whether the client wants others beside it.
func (s *session) partOf(path string) (t *outTrack, others bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range s.tracks {
		switch {
		case x.transport == nil:
		case strings.HasSuffix(strings.TrimSuffix(path, "/"), "/"+x.media.Control):
			t = x
		case !x.off():
			others = true
		}
	}
	return t, others
}

// OnGetParameter implements gortsplib.ServerHandlerOnGetParameter: a sign of life, or
// what singled made of a request.
func (h *handler) OnGetParameter(c *gortsplib.ServerHandlerOnGetParameterCtx) (*base.Response, error) {
	if c.Session == nil {
		return &base.Response{StatusCode: base.StatusNotImplemented}, nil
	}
	res, p := &base.Response{StatusCode: base.StatusOK}, peerOf(c.Conn)
	if x := p.single; x != nil && p.session == sessionOf(c.Session) {
		if x.setup {
			x.track.state.Store(partReady)
			res.Header = base.Header{"Transport": x.track.transport}
		} else {
			x.track.state.Store(partGone)
		}
	}
	return res, nil
}

// settle notes the transport that a SETUP was answered with.
func (p *peer) settle(r *base.Response) {
	s, path := p.session, p.setup
	if p.setup = ""; path == "" || s == nil || r.StatusCode != base.StatusOK {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tracks {
		if strings.HasSuffix(path, "/"+t.media.Control) {
			t.transport = r.Header["Transport"]
		}
	}
}

// infoOf is what RTP-Info says of a track: live555 takes what stands first for that of the track it asked for.
func infoOf(info base.HeaderValue, t *outTrack) base.HeaderValue {
	var all headers.RTPInfo
	if t == nil || all.Unmarshal(info) != nil {
		return info
	}
	return slices.DeleteFunc(all, func(e *headers.RTPInfoEntry) bool { return !strings.HasSuffix(e.URL, "/"+t.media.Control) }).Marshal()
}

// rejoin lets tracks that were set up again play.
func (s *session) rejoin() {
	for _, t := range s.tracks {
		t.state.CompareAndSwap(partReady, partWanted)
	}
}
