package rtsp

import (
	"context"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/gortsplib/v5/pkg/headers"

	"hindsight/media"
)

// session is one client's way through a view: its sequence numbers and time
// stamps, which go on through every PAUSE and PLAY, and its player while it plays.
type session struct {
	srv    *Server
	rtsp   *gortsplib.ServerSession
	stream *gortsplib.ServerStream
	view   *view
	from   net.Addr
	shelf  *shelf

	player atomic.Pointer[player] // the last one, also when it is paused or done; changed by the handlers, one at a time
	ending atomic.Pointer[ending] // why the server ends the session

	mu     sync.Mutex // the player writes, a PLAY while playing reads
	tracks []*outTrack
	stamps stamper
	torn   bool   // a picture did not get out whole at the last PAUSE
	manner manner // of history

	telling sync.Mutex  // held from a caption's own sender report to the caption
	onvif   atomic.Bool // the client wants ONVIF's header extension
	seeks   *bucket     // what the client may seek
}

// ending is why something is ended: a reason, of which there are few, and what
// it was this time.
type ending struct{ reason, detail string }

// outTrack is a track on its way to one client.
type outTrack struct {
	media.Track
	media  *description.Media
	format format.Format
	pack   packer
	part

	transport base.HeaderValue // of the answer to its SETUP

	chosen  bool // the client did a SETUP of it
	ssrc    uint32
	seq     uint16 // of the next packet
	offset  uint32 // RTP time of session time 0
	packets uint32
	octets  uint32

	sent    bool
	lastRun media.Run     // of the last unit sent,
	lastDTS time.Duration // and its DTS
}

// rtpTime is a session time on the track's RTP clock.
func (t *outTrack) rtpTime(at time.Duration) uint32 { return t.offset + ticks(at, t.ClockRate) }

func newSession(srv *Server, ss *gortsplib.ServerSession, from net.Addr, v *view) (*session, error) {
	s := &session{srv: srv, rtsp: ss, view: v, from: from, shelf: srv.shelf(v.camera),
		manner: plainManner(), seeks: newBucket(seekRate, seekBurst)}
	s.onvif.Store(v.onvif)
	s.stream = &gortsplib.ServerStream{Server: srv.rtsp, Desc: v.description()}
	if err := s.stream.Initialize(); err != nil {
		return nil, err
	}
	for i, t := range v.tracks {
		m := s.stream.Desc.Medias[i]
		pack, err := packerOf(t, m.Formats[0])
		if err != nil {
			return nil, err
		}
		s.tracks = append(s.tracks, &outTrack{
			Track: t, media: m, format: m.Formats[0], pack: pack,
			seq: uint16(rand.Uint32()), offset: rand.Uint32(), // RFC 3550 section 5.1: both random
		})
	}
	return s, nil
}

// choose notes which tracks the client set up, and the SSRC that gortsplib gave each.
func (s *session) choose() (kinds []media.Kind) {
	stats := s.rtsp.Stats()
	for _, t := range s.tracks {
		m, ok := stats.Medias[t.media]
		if ok != t.chosen { // never while something plays, which reads it
			t.chosen = ok
		}
		if ok {
			if ssrc := m.Formats[t.format].LocalSSRC; ssrc != t.ssrc {
				t.ssrc = ssrc
			}
			if !isText(t.Track) {
				kinds = append(kinds, t.Kind)
			}
		}
	}
	return kinds
}

// playLive begins to play at the live end and returns the RTP-Info of the answer.
func (s *session) playLive(url *base.URL, o order) base.HeaderValue {
	kinds := s.choose()
	s.drop()
	p := newPlayer(s, &reel{Cursor: s.view.open(kinds)}, kinds)
	s.torn = false
	info, _, _ := s.begin(p, url, o)
	return info
}

// begin lets a player play. The first unit tells the RTP time that the answer
// names, and where that is. Without one yet, known is false, the answer names none, and
// playing begins when it comes.
func (s *session) begin(p *player, url *base.URL, o order) (info base.HeaderValue, at media.Position, known bool) {
	p.arm()
	p.cseq, p.loses = o.cseq, o.loses
	ctx, cancel := context.WithTimeout(p.ctx, firstUnit)
	known = p.first(ctx)
	cancel()
	next := time.Duration(0)
	if known {
		next, at = p.ahead[0].at, p.ahead[0].Position()
	}
	s.player.Store(p)
	info = s.rtpInfo(url, known, next)
	go p.run()
	return info, at, known
}

// firstUnit is how long the answer to PLAY waits for something to play.
const firstUnit = time.Second

// halt ends playing. It returns when the player writes nothing more.
func (s *session) halt() {
	if p := s.player.Load(); p != nil && p.ctx.Err() == nil {
		p.stop()
	}
}

// drop ends playing for good.
func (s *session) drop() {
	s.halt()
	if p := s.player.Swap(nil); p != nil {
		p.reel.Close()
		p.subs.close()
	}
}

// pause ends playing. gortsplib throws away what is still queued at a PAUSE, so
// the queue is given a moment to run empty.
func (s *session) pause() {
	if !s.playing() {
		return
	}
	s.halt()
	// Not a sender report: a client that reads it after the next PLAY would take its
	// time for that of where it is then. ffmpeg does over UDP.
	if !s.flushed(finishing, s.alive) {
		s.torn = true
	}
}

// flushed writes a control packet for each track, as soon as there is room for it, and reports
// whether they, and with them all that was written before, left the queue in time.
func (s *session) flushed(most time.Duration, control func(*outTrack) error) bool {
	const step = 5 * time.Millisecond
	want := s.rtsp.Stats().OutboundRTCPPackets
	var left []*outTrack
	for _, t := range s.tracks {
		if t.chosen && !t.off() {
			left = append(left, t)
			want++
		}
	}
	t := time.NewTicker(step)
	defer t.Stop()
	for waited := time.Duration(0); waited < most; waited += step {
		s.mu.Lock()
		for len(left) > 0 && control(left[0]) == nil {
			left = left[1:]
		}
		s.mu.Unlock()
		if len(left) == 0 && s.rtsp.Stats().OutboundRTCPPackets >= want {
			return true
		}
		<-t.C
	}
	return false
}

// playing reports whether something is being sent, or waited for.
func (s *session) playing() bool {
	p := s.player.Load()
	return p != nil && p.ctx.Err() == nil && !p.ended.Load()
}

// waitPlayer waits, for d at most, until a player that was told to end has said goodbye.
func (s *session) waitPlayer(d time.Duration) {
	p := s.player.Load()
	if p == nil {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-p.done:
	case <-t.C:
	}
}

// end closes the session for a reason that the log and the counts give.
func (s *session) end(why ending) {
	s.ending.CompareAndSwap(nil, &why)
	s.rtsp.Close()
}

// rtpInfo is the next sequence number of each track and, where that is known, the
// RTP time of what is played next (RFC 2326 section 12.33).
func (s *session) rtpInfo(url *base.URL, known bool, next time.Duration) base.HeaderValue {
	s.mu.Lock()
	defer s.mu.Unlock()
	var info headers.RTPInfo
	for _, t := range s.tracks {
		if !t.chosen || t.off() {
			continue
		}
		u := base.URL{Scheme: url.Scheme, Host: url.Host, Path: s.rtsp.Path() + "/" + t.media.Control}
		e := &headers.RTPInfoEntry{URL: u.String(), SequenceNumber: new(uint16)}
		*e.SequenceNumber = t.seq
		if known {
			at := t.rtpTime(next)
			e.Timestamp = &at
		}
		info = append(info, e)
	}
	return info.Marshal()
}
