package rtspsource

import (
	"context"
	"errors"
	"net"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/liberrors"

	"hindsight/depacket"
	"hindsight/media"
	"hindsight/player"
)

// Source is one camera over one RTSP session. It is a player.Source.
type Source struct {
	o       Options
	to      target
	camera  string
	foreign bool
	first   time.Time // of what is kept, where the API is away
	last    time.Time // likewise
	axis    axis
	rtsp    *gortsplib.Client
	lines   []*line
	ctx     context.Context
	cancel  context.CancelFunc
	turn    chan struct{} // held by who speaks to the server
	done    sync.WaitGroup

	mu       sync.Mutex
	cond     *sync.Cond
	reader   *Reader     // the one that what comes is for
	starting bool        // a PLAY is not answered yet
	early    []early     // what came meanwhile
	playing  bool        // the server plays, or plays soon
	headers  base.Header // of the next request
	cseq     byte        // of the last PLAY
	failed   error       // why the session is over
	opened   time.Time   // of a foreign server: when its first packet came
	edge     player.Edge
}

// early is a packet that came before the answer to PLAY; without one: BYE.
type early struct {
	line *line
	pkt  *rtp.Packet
}

// Dial opens the session. Its error is one sentence without credentials; it is
// ErrCredentials where the server wants some.
func Dial(ctx context.Context, o Options) (*Source, error) {
	to, err := parse(o.Address)
	if err != nil {
		return nil, err
	}
	s := &Source{o: o, to: to, camera: to.camera, turn: make(chan struct{}, 1)}
	s.cond = sync.NewCond(&s.mu)
	s.ctx, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, s.cancel)
	defer stop()
	if err := s.open(ctx); err != nil {
		s.Close()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, to.wrong(err)
	}
	if !s.foreign {
		s.learnEdge()
		s.done.Go(s.follow)
	}
	return s, nil
}

// open finds out what the server is, and sets its tracks up.
func (s *Source) open(ctx context.Context) error {
	s.rtsp = s.client()
	if err := s.rtsp.Start(); err != nil {
		return err
	}
	s.learnShape(ctx)
	s.headers = base.Header{"Require": base.HeaderValue{"onvif-replay"}}
	desc, res, err := s.describe(s.to.history())
	s.headers = nil
	if err == nil && s.isHindsight(string(res.Body)) {
		s.learnOrigin(ctx)
		return s.setup(desc)
	}
	var status liberrors.ErrClientBadStatusCode
	if errors.As(err, &status) && status.Code == base.StatusUnauthorized {
		return err
	}
	if err != nil { // some servers hang up on what they do not know
		s.rtsp.Close()
		s.rtsp = s.client()
		if err := s.rtsp.Start(); err != nil {
			return err
		}
	}
	s.foreign = true
	if desc, _, err = s.describe(s.to.url); err != nil {
		return err
	}
	return s.setup(desc)
}

func (s *Source) describe(u *base.URL) (desc *description.Session, res *base.Response, err error) {
	err = s.call(func() error {
		desc, res, err = s.rtsp.Describe(u)
		return err
	})
	return desc, res, err
}

var historyRange = regexp.MustCompile(`(?m)^a=range:(?:clock=([0-9TZ.]+)-([0-9TZ.]+)|npt=0\.000-0\.000)\r?$`) //nolint:gochecknoglobals // a constant that Go cannot call one

// isHindsight reports whether a description is that of a recording: it has the
// camera's name, and the range that ONVIF replay asks for.
func (s *Source) isHindsight(sdp string) bool {
	m := historyRange.FindStringSubmatch(sdp)
	if m == nil || !strings.Contains(sdp, "\ns="+s.camera+"\r\n") {
		return false
	}
	s.first, _ = time.Parse(clockLayout, m[1])
	s.last, _ = time.Parse(clockLayout, m[2])
	if s.first.IsZero() {
		s.first = time.Now().UTC() // nothing is recorded yet
	}
	return true
}

const clockLayout = "20060102T150405.000Z"

// learnOrigin makes the axis begin where the session's npt does: at what was the
// oldest moment when it was described.
func (s *Source) learnOrigin(ctx context.Context) {
	if p, ok := s.axis.point(0); ok && p.Time.Sub(s.first).Abs() > time.Second { // retention was quicker
		s.axis = axis{}
		s.learnShape(ctx)
	}
}

func (s *Source) learnShape(ctx context.Context) {
	sh, err := s.shape(ctx, time.Time{})
	if err == nil {
		s.axis.learn(sh)
	} else if s.o.Get != nil {
		s.o.Log.Debug("the recorder's spans are not known", "error", err)
	}
}

// setup sets up the first picture and the first sound that can be read.
func (s *Source) setup(desc *description.Session) error {
	taken := map[media.Kind]bool{}
	for _, m := range desc.Medias {
		for _, f := range m.Formats {
			r, err := depacket.New(f)
			if err != nil || r == nil || m.IsBackChannel || taken[r.Track().Kind] {
				continue
			}
			taken[r.Track().Kind] = true
			if err := s.call(func() error { _, err := s.rtsp.Setup(desc.BaseURL, m, 0, 0); return err }); err != nil {
				return err
			}
			l := &line{id: uint16(len(s.lines) + 1), media: m, format: f, reader: r, rate: int64(r.Track().ClockRate)}
			l.known = l.track()
			s.lines = append(s.lines, l)
			s.rtsp.OnPacketRTP(m, f, func(p *rtp.Packet) { s.receive(l, p) })
			s.rtsp.OnPacketRTCP(m, func(p rtcp.Packet) { s.control(p) })
			break
		}
	}
	if len(s.lines) == 0 {
		return errNothing
	}
	s.done.Go(func() {
		err := s.rtsp.Wait()
		s.fail(s.to.wrong(err))
	})
	return nil
}

func (s *Source) client() *gortsplib.Client {
	protocol := gortsplib.ProtocolTCP
	if s.o.UDP {
		protocol = gortsplib.ProtocolUDP
	}
	dialer := &net.Dialer{Timeout: connectTime, KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: 5 * time.Second, Interval: 2 * time.Second, Count: 3}}
	return &gortsplib.Client{
		Scheme: s.to.url.Scheme, Host: s.to.url.Host, Protocol: &protocol, UserAgent: "hindsight",
		// Silence is no fault: a camera may be lost for hours, and a reader that has
		// enough stops reading. Requests are timed by call, a dead peer by TCP.
		ReadTimeout: 1000 * time.Hour, InitialUDPReadTimeout: 1000 * time.Hour, WriteTimeout: answerTime,
		UDPReadBufferSize: 2 << 20,
		DialContext:       dialer.DialContext,
		OnRequest:         s.dress,
		OnTransportSwitch: func(error) {},
		OnPacketsLost:     func(uint64) {},
		OnDecodeError:     func(error) {},
	}
}

// dress gives a request the headers that the library has no word for.
func (s *Source) dress(r *base.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Method != base.Describe && r.Method != base.Play {
		return
	}
	for k, v := range s.headers {
		if v == nil {
			delete(r.Header, k)
			continue
		}
		r.Header[k] = v
	}
	if r.Method == base.Play && len(r.Header["CSeq"]) == 1 {
		s.cseq = lowByte(r.Header["CSeq"][0])
	}
}

// call does what speaks to the server and ends the session when that takes too long.
func (s *Source) call(f func() error) error {
	late := time.AfterFunc(answerTime, func() {
		s.fail(s.to.wrong(errLate))
		s.cancel()
	})
	defer late.Stop()
	stop := context.AfterFunc(s.ctx, s.rtsp.Close)
	defer stop()
	err := f()
	if s.ctx.Err() != nil {
		if failed := s.failure(); failed != nil {
			return errLate
		}
	}
	return err
}

// fail notes why the session is over, and wakes who waits for it.
func (s *Source) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed == nil {
		s.failed = err
	}
	s.cond.Broadcast()
}

func (s *Source) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

// Close ends the session by TEARDOWN.
func (s *Source) Close() {
	s.fail(errClosed)
	s.cancel()
	if s.rtsp != nil {
		s.rtsp.Close()
	}
	s.done.Wait()
}

// Hello says what the camera is and has.
func (s *Source) Hello() player.Hello {
	h := player.Hello{Camera: s.camera, Foreign: s.foreign}
	switch p, ok := s.axis.point(0); {
	case s.foreign:
	case ok:
		h.Length, h.Oldest = s.axis.length(), &p
	case !s.first.IsZero():
		h.Length, h.Oldest = s.last.Sub(s.first), &player.Point{Time: s.first}
	}
	return h
}

// Edge is the live end as the recorder told it last.
func (s *Source) Edge() player.Edge {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.edge
}

// follow keeps what is known of the recording up to date.
func (s *Source) follow() {
	tick := time.NewTicker(edgeEvery)
	defer tick.Stop()
	shaped := time.Now()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-tick.C:
		}
		s.learnEdge()
		if time.Since(shaped) > shapeEvery {
			s.learnShape(s.ctx)
			shaped = time.Now()
		}
	}
}

func (s *Source) learnEdge() {
	c, err := s.state(s.ctx)
	if err != nil {
		return
	}
	e := player.Edge{Recording: c.State == "recording", Frozen: s.axis.frozen()}
	if c.Newest != nil {
		if c.Newest.Run != s.axis.lastRun() {
			s.learnShape(s.ctx)
		}
		p := c.Newest.position()
		e.Point = &player.Point{Recorded: s.axis.recorded(p), Position: p, Time: c.Newest.Time, Trusted: c.Newest.Trusted}
	}
	s.setEdge(e)
}

func (s *Source) setEdge(e player.Edge) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.edge = e
}
