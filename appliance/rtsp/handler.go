package rtsp

import (
	"errors"
	"io"
	"net"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/liberrors"
)

// handler answers gortsplib. One goroutine per connection, and one per session
// for what has a session, calls it; a slow answer delays nobody else.
type handler struct{ *Server }

// peer is what is known of a connection.
type peer struct {
	camera  string           // of the last request
	viewed  map[string]*view // of DESCRIBE, so that SETUP means the same tracks
	info    base.HeaderValue // RTP-Info for the answer under way
	session *session         // of the last SETUP
	setup   string           // address of the SETUP that is being answered
	single  *single          // a request that concerns one track, but for PLAY
	only    *outTrack        // the one that PLAY concerns
}

func peerOf(c *gortsplib.ServerConn) *peer { return c.UserData().(*peer) }

func sessionOf(ss *gortsplib.ServerSession) *session {
	s, _ := ss.UserData().(*session)
	return s
}

// OnConnOpen implements gortsplib.ServerHandlerOnConnOpen.
func (h *handler) OnConnOpen(c *gortsplib.ServerHandlerOnConnOpenCtx) { c.Conn.SetUserData(&peer{}) }

// OnConnClose implements gortsplib.ServerHandlerOnConnClose.
func (h *handler) OnConnClose(c *gortsplib.ServerHandlerOnConnCloseCtx) {
	p, err := peerOf(c.Conn), c.Error
	if g, ok := c.Conn.NetConn().(*guard); ok && g.cause != nil {
		err = g.cause
	}
	if why := endingOf(err); why.reason != "" {
		h.drop(c.Conn.NetConn().RemoteAddr(), p.camera, why)
	}
}

// OnSessionClose implements gortsplib.ServerHandlerOnSessionClose.
func (h *handler) OnSessionClose(c *gortsplib.ServerHandlerOnSessionCloseCtx) {
	s := sessionOf(c.Session)
	if s == nil {
		return
	}
	s.drop()
	s.stream.Close()
	h.forget(s)
	h.readers.leave(hostOf(s.from))
	why := endingOf(c.Error)
	if w := s.ending.Load(); w != nil {
		why = *w
	}
	if why.reason != "" && h.ctx.Err() == nil {
		h.drop(s.from, s.view.camera, why)
	}
}

// OnRequest implements gortsplib.ServerHandlerOnRequest. gortsplib delays every
// SETUP of a client that calls itself GStreamer by a second, for the sake of
// publishers; here nobody publishes.
func (h *handler) OnRequest(c *gortsplib.ServerConn, r *base.Request) {
	peerOf(c).singled(r)
	if r.Method == base.Setup {
		delete(r.Header, "User-Agent")
	}
}

// OnResponse implements gortsplib.ServerHandlerOnResponse. It is the only place
// where RTP-Info can be said: gortsplib overwrites what OnPlay answers.
func (h *handler) OnResponse(c *gortsplib.ServerConn, r *base.Response) {
	p := peerOf(c)
	if p.info != nil && r.StatusCode == base.StatusOK {
		r.Header["RTP-Info"] = p.info
	}
	p.info = nil
	p.settle(r)
}

// OnDescribe implements gortsplib.ServerHandlerOnDescribe.
func (h *handler) OnDescribe(c *gortsplib.ServerHandlerOnDescribeCtx) (*base.Response, *gortsplib.ServerStream, error) {
	onvif, err := required(c.Request.Header)
	if err != nil {
		return answer(err), nil, nil
	}
	v, err := h.look(c.Conn, c.Path)
	if err != nil {
		return answer(err), nil, nil
	}
	v.onvif = onvif
	peerOf(c.Conn).viewed = map[string]*view{c.Path: v}
	body, err := v.sdp()
	if err != nil {
		return answer(err), nil, nil
	}
	return &base.Response{StatusCode: base.StatusOK, Header: base.Header{}, Body: body}, nil, nil
}

func (h *handler) look(c *gortsplib.ServerConn, path string) (*view, error) {
	v, err := h.view(h.ctx, path)
	if err == nil {
		peerOf(c).camera = v.camera
	}
	return v, err
}

// OnSetup implements gortsplib.ServerHandlerOnSetup. The first SETUP makes the session.
func (h *handler) OnSetup(c *gortsplib.ServerHandlerOnSetupCtx) (*base.Response, *gortsplib.ServerStream, error) {
	onvif, err := required(c.Request.Header)
	if err != nil {
		return answer(err), nil, nil
	}
	if s := sessionOf(c.Session); s != nil {
		if onvif {
			s.onvif.Store(true)
		}
		peerOf(c.Conn).session, peerOf(c.Conn).setup = s, c.Request.URL.Path
		return &base.Response{StatusCode: base.StatusOK}, s.stream, nil
	}
	v := peerOf(c.Conn).viewed[c.Path]
	if v == nil {
		var err error
		if v, err = h.look(c.Conn, c.Path); err != nil {
			return answer(err), nil, nil
		}
	}
	from := c.Conn.NetConn().RemoteAddr()
	if why := h.readers.enter(hostOf(from)); why != "" {
		h.drop(from, v.camera, ending{"readers: " + why, ""})
		return answer(refuse(base.StatusNotEnoughBandwidth, "readers: %s; try again later", why)), nil, nil
	}
	s, err := newSession(h.Server, c.Session, from, v)
	if err != nil {
		h.readers.leave(hostOf(from))
		return answer(err), nil, nil
	}
	if onvif {
		s.onvif.Store(true)
	}
	c.Session.SetUserData(s)
	peerOf(c.Conn).session, peerOf(c.Conn).setup = s, c.Request.URL.Path
	h.remember(s)
	return &base.Response{StatusCode: base.StatusOK}, s.stream, nil
}

// OnPlay implements gortsplib.ServerHandlerOnPlay.
func (h *handler) OnPlay(c *gortsplib.ServerHandlerOnPlayCtx) (*base.Response, error) {
	s := sessionOf(c.Session)
	o, err := parseOrder(c.Request)
	if err != nil {
		return answer(err), nil
	}
	s.rejoin()
	header, info, err := s.play(c.Request.URL, o)
	if err != nil {
		return answer(err), nil
	}
	peerOf(c.Conn).info = infoOf(info, peerOf(c.Conn).only)
	p := s.player.Load()
	patient(c.Conn, p != nil && p.replay != nil)
	return &base.Response{StatusCode: base.StatusOK, Header: header}, nil
}

// OnPause implements gortsplib.ServerHandlerOnPause.
func (h *handler) OnPause(c *gortsplib.ServerHandlerOnPauseCtx) (*base.Response, error) {
	sessionOf(c.Session).pause()
	if g, ok := c.Conn.NetConn().(*guard); ok {
		g.paused.Store(true)
	}
	return &base.Response{StatusCode: base.StatusOK}, nil
}

// patient says whether a client that plays may be silent, and read nothing, for
// long: in history that is how mpv pauses.
func patient(c *gortsplib.ServerConn, yes bool) {
	if g, ok := c.NetConn().(*guard); ok {
		g.paused.Store(yes)
		g.history.Store(yes)
	}
}

// OnDecodeError implements gortsplib.ServerHandlerOnDecodeError: a broken RTCP
// packet from a client is nobody's loss. Without the method gortsplib prints a line.
func (h *handler) OnDecodeError(*gortsplib.ServerHandlerOnDecodeErrorCtx) {}

// answer makes a response of an error.
func answer(err error) *base.Response {
	var r *refusal
	if !errors.As(err, &r) {
		r = refuse(base.StatusInternalServerError, "%v", err)
	}
	return r.response()
}

// endingOf says why a connection or session was ended; without a reason when
// the client ended it as it should.
func endingOf(err error) ending {
	var torn liberrors.ErrServerSessionTornDown
	var unused liberrors.ErrServerSessionNotInUse
	var closed liberrors.ErrServerTerminated
	var late liberrors.ErrServerSessionTimedOut
	var op *net.OpError
	switch {
	case err == nil, errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed),
		errors.As(err, &torn), errors.As(err, &unused), errors.As(err, &closed):
		return ending{}
	case errors.Is(err, errHTTP), errors.Is(err, errTooLong), errors.Is(err, errTooMuch), errors.Is(err, errTooSlow):
		return ending{err.Error(), ""}
	case errors.As(err, &late):
		return ending{"no sign of life for 60 s", ""}
	case errors.As(err, &op) && op.Timeout() && op.Op == "write":
		return ending{"does not read", ""}
	case errors.As(err, &op) && op.Timeout():
		return ending{"no request for 60 s", ""}
	case errors.As(err, &op): // reset or broken: what many players do instead of TEARDOWN
		return ending{}
	}
	return ending{"not rtsp", err.Error()}
}
