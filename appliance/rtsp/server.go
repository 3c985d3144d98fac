package rtsp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v5"
)

// Server is a running RTSP server.
type Server struct {
	opt  Options
	rtsp *gortsplib.Server
	udp  *udpPair

	conns   *gate // connections
	readers *gate // sessions
	stats   counters
	talk    complaints

	seeks  *bucket       // of all sessions
	opened chan struct{} // one for each cursor being opened
	pacing sync.Mutex    // guards seeks

	ctx    context.Context // ends when the server closes
	cancel context.CancelFunc

	mu       sync.Mutex
	sessions map[*session]struct{}
	shelves  map[string]*shelf // by camera
}

// New listens and serves until Close. The error says which address could not be
// taken and why.
func New(o Options) (*Server, error) {
	if o.Address == "" || o.Clock == nil || o.Log == nil || o.Cameras == nil || o.Names == nil {
		return nil, errors.New("rtsp: address, clock, log, cameras and names are needed")
	}
	o = o.withDefaults(openFiles())
	s := &Server{
		opt:      o,
		conns:    newGate(o.MaxConns, o.MaxConnsPerHost),
		readers:  newGate(o.MaxReaders, o.MaxReadersPerHost),
		talk:     complaints{clock: o.Clock, log: o.Log},
		sessions: make(map[*session]struct{}),
		shelves:  make(map[string]*shelf),
		seeks:    newBucket(seekRateAll, seekBurstAll),
		opened:   make(chan struct{}, seeksAtOnce),
	}
	s.stats.drops.m = make(map[string]int64)
	ln, err := net.Listen("tcp", o.Address)
	if err != nil {
		return nil, fmt.Errorf("rtsp: %w", plainListenError(err, o.Address))
	}
	s.udp, err = openUDP(o.UDPAddress, ln.Addr().String())
	if err != nil {
		_ = ln.Close()
		return nil, err
	}
	s.udp.rtp.sent, s.udp.rtcp.sent = &s.stats.sent, &s.stats.sent
	s.ctx, s.cancel = context.WithCancel(context.Background())
	if err := s.start(ln); err != nil {
		_ = ln.Close()
		s.udp.close()
		return nil, fmt.Errorf("rtsp: %w", err)
	}
	o.Log.Info("rtsp: serving", "address", ln.Addr().String(), "udp", s.udp.rtp.LocalAddr().String(),
		"connections", o.MaxConns, "readers", o.MaxReaders)
	return s, nil
}

func (s *Server) start(ln net.Listener) error {
	guarded := &listener{Listener: ln, srv: s, pace: newBucket(acceptRate, acceptBurst)}
	sockets := []net.PacketConn{s.udp.rtp, s.udp.rtcp} // in the order gortsplib asks for them
	s.rtsp = &gortsplib.Server{
		Handler:        &handler{s},
		RTSPAddress:    ln.Addr().String(),
		UDPRTPAddress:  s.udp.rtp.LocalAddr().String(),
		UDPRTCPAddress: s.udp.rtcp.LocalAddr().String(),
		ReadTimeout:    idleTimeout,
		WriteTimeout:   writeTimeout,
		IdleTimeout:    idleTimeout,
		WriteQueueSize: writeQueue,
		// The reports of gortsplib go by the wall clock; ours by the timeline's.
		DisableRTCPSenderReports: true,
		Listen:                   func(_, _ string) (net.Listener, error) { return guarded, nil },
		ListenPacket: func(_, _ string) (net.PacketConn, error) {
			c := sockets[0]
			sockets = sockets[1:]
			return c, nil
		},
	}
	return s.rtsp.Start()
}

// Addr is the TCP address that is listened on.
func (s *Server) Addr() net.Addr { return s.rtsp.NetListener().Addr() }

// Close says goodbye to every reader, ends all connections and waits for them.
func (s *Server) Close() {
	s.cancel()
	for _, x := range s.all() {
		x.waitPlayer(time.Second)
	}
	s.rtsp.Close()
}

func (s *Server) all() []*session {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]*session, 0, len(s.sessions))
	for x := range s.sessions {
		out = append(out, x)
	}
	return out
}

func (s *Server) remember(x *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions[x] = struct{}{}
}

// forget lets go of a session, and with the last one of a camera of its shelf.
func (s *Server) forget(x *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, x)
	for o := range s.sessions {
		if o.shelf == x.shelf {
			return
		}
	}
	delete(s.shelves, x.view.camera)
}

// plainListenError says what to do about an address that is in use.
func plainListenError(err error, address string) error {
	if strings.Contains(err.Error(), "address already in use") {
		_, port, _ := net.SplitHostPort(address)
		if _, bad := strconv.Atoi(port); bad == nil {
			return fmt.Errorf("port %s is in use by another program: %w", port, err)
		}
	}
	return err
}

// complaints writes one line for everything that was dropped, but not a
// thousand for a thousand of the same: from the second on, within ten seconds,
// they are only counted.
type complaints struct {
	clock interface{ Boot() time.Duration }
	log   *slog.Logger

	mu   sync.Mutex
	said map[string]*said
}

type said struct {
	at    time.Duration
	times int // since then, not yet told
}

const (
	complaintPeriod = 10 * time.Second
	mostComplaints  = 256 // remembered; beyond, the memory starts afresh
)

func (c *complaints) say(key string, args ...any) {
	now := c.clock.Boot()
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.said[key]; s != nil && now-s.at < complaintPeriod {
		s.times++
		return
	} else if s != nil && s.times > 0 {
		args = append(args, "times", s.times+1)
	}
	if c.said == nil || len(c.said) >= mostComplaints {
		c.said = make(map[string]*said)
	}
	c.said[key] = &said{at: now}
	c.log.Warn("rtsp: client", args...)
}

// drop counts and logs what the server ended or refused: who, of which camera, and why.
func (s *Server) drop(from net.Addr, camera string, why ending) {
	s.stats.drop(why.reason)
	s.complain(from, camera, why)
}

// complain logs what drop logs without counting it.
func (s *Server) complain(from net.Addr, camera string, why ending) {
	host := ""
	args := []any{"reason", why.reason}
	if from != nil {
		host = hostOf(from).String()
		args = append(args, "from", from.String())
	}
	if camera != "" {
		args = append(args, "camera", camera)
	}
	if why.detail != "" {
		args = append(args, "detail", why.detail)
	}
	s.talk.say(host+" "+camera+" "+why.reason, args...)
}
