package rtspsource

import (
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"hindsight/media"
	"hindsight/player"
)

const (
	mostEarly = 4096                  // packets before the answer to PLAY
	apart     = 50 * time.Millisecond // true time off by more than this from what was said is said again
	unitCost  = 200                   // bytes that a queued unit takes beside its payload
)

// receive takes a packet. Over TCP it waits while the reader has enough, so that
// the server does: that is how a slow screen slows the server down.
func (s *Source) receive(l *line, p *rtp.Packet) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.starting {
		if len(s.early) < mostEarly {
			s.early = append(s.early, early{l, p})
		}
		return
	}
	r := s.reader
	if r == nil {
		return
	}
	if r.full() && (s.foreign || s.o.UDP) { // that cannot be made to wait
		if s.o.UDP && !s.foreign {
			go s.hold(r)
		}
		l.lost, l.blind, l.seq, l.begun = true, l.isVideo(), p.SequenceNumber, true
		return
	}
	s.deliver(r, l, p)
	s.cond.Broadcast()
	for r.full() && s.reader == r && !r.held && s.failed == nil && !s.foreign && !s.o.UDP {
		if r.patience == nil {
			r.patience = time.AfterFunc(holdAfter, func() { s.hold(r) })
		}
		s.cond.Wait()
	}
}

// control takes a control packet: BYE is the end of what was asked for.
func (s *Source) control(p rtcp.Packet) {
	if _, ok := p.(*rtcp.Goodbye); !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.starting {
		s.early = append(s.early, early{})
	} else if s.reader != nil {
		s.reader.over = true
		s.cond.Broadcast()
	}
}

// release gives a reader what came before the answer to PLAY did. The caller holds s.mu.
func (s *Source) release(r *Reader) {
	held := s.early
	s.early = nil
	for _, e := range held {
		if e.pkt == nil {
			r.over = true
			continue
		}
		s.deliver(r, e.line, e.pkt)
	}
	s.cond.Broadcast()
}

// deliver makes items of what a packet completes. The caller holds s.mu.
func (s *Source) deliver(r *Reader, l *line, p *rtp.Packet) {
	wall, cut, cseq, ok := extension(p)
	switch {
	case s.foreign:
		cut = false
		if t, ok := s.rtsp.PacketNTP(l.media, p); ok {
			wall, r.synced = t.UTC(), true
		} else {
			wall = time.Now().UTC()
		}
	case !ok || cseq != s.cseq:
		return // of a PLAY before this one
	}
	if !l.fixed && !s.settle(r, l, p, wall) {
		return
	}
	for _, a := range l.take(p, wall, cut) {
		s.queue(r, l, a)
	}
}

// settle finds the recorded time of a line's first packet where the answer to PLAY
// did not tell it.
func (s *Source) settle(r *Reader, l *line, p *rtp.Packet, wall time.Time) bool {
	if s.foreign {
		ticks, ok := s.rtsp.PacketPTS(l.media, p)
		if !ok {
			return false
		}
		if s.opened.IsZero() {
			s.opened = time.Now()
		}
		if r.begun.IsZero() {
			r.begun = time.Now()
		}
		l.base(p.Timestamp, r.begun.Sub(s.opened)+l.length(ticks))
		return true
	}
	if r.refWall.IsZero() {
		if r.refAt, r.refWall = r.from, wall; !r.fromKnown {
			r.refAt = s.recordedOf(wall)
		}
	}
	l.base(p.Timestamp, max(r.refAt+wall.Sub(r.refWall), 0))
	return true
}

// queue hands a unit on to the reader.
func (s *Source) queue(r *Reader, l *line, a arrival) {
	at := func(ticks int64) time.Duration {
		d := l.length(ticks)
		if r.manner.Back {
			d = -d
		}
		return l.zero + d + r.shift
	}
	pts := at(a.pts)
	if !r.some && !s.foreign {
		r.shift = s.axis.exact(pts, a.wall) - pts
		pts += r.shift
	}
	fresh := false
	if a.cuts > r.cuts {
		r.cuts, fresh = a.cuts, r.some && !r.manner.Back
	}
	if a.cuts > l.seen {
		l.seen = a.cuts
		if !s.foreign && !s.axis.known() { // gaps count
			l.zero += s.recordedOf(a.wall) - pts
			pts = at(a.pts)
		}
	}
	q := queued{wall: a.wall}
	q.Unit = a.unit
	q.DTS = pts
	if l.isVideo() && !r.manner.Keys && !r.manner.Back {
		q.DTS = at(l.order.Push(a.pts))
		q.Offset = pts - q.DTS
	}
	if q.DTS < 0 {
		q.DTS, q.Offset = 0, pts
	}
	off := a.wall.Sub(r.said.Time) - (pts - r.said.Recorded)
	if !r.some || fresh || off.Abs() > apart && (!s.foreign || r.synced != r.saidSynced) {
		q.Point = &player.Point{Recorded: pts, Time: a.wall}
		q.passed, q.from = r.some && !s.foreign, r.last
		r.said, r.saidSynced = *q.Point, r.synced
	}
	if t := l.track(); !sameTrack(t, l.known) {
		l.known = t
		q.Tracks = s.tracks()
	}
	r.some, r.last, r.reached = true, a.wall, pts
	r.queue = append(r.queue, q)
	r.bytes += len(q.Payload) + unitCost
}

// tracks are those set up. The caller holds s.mu.
func (s *Source) tracks() []media.Track {
	var out []media.Track
	for _, l := range s.lines {
		out = append(out, l.known)
	}
	return out
}

func sameTrack(a, b media.Track) bool {
	return a.Same(b) && a.Width == b.Width && a.Height == b.Height && string(a.Config) == string(b.Config)
}
