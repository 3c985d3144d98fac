package rtspsource

import (
	"encoding/binary"
	"time"

	"github.com/pion/rtp"

	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/gortsplib/v5/pkg/ntp"

	"hindsight/depacket"
	"hindsight/media"
)

// line is a track on its way from the server.
type line struct {
	id     uint16
	media  *description.Media
	format format.Format
	reader depacket.Reader
	order  depacket.Order
	rate   int64 // Hz of RTP time

	zero  time.Duration // recorded time of RTP time 0, from the base on
	fixed bool          // zero is known

	begun bool
	seq   uint16
	last  uint32 // the newest RTP time,
	ext   int64  // and the same without its wraps, from the base on
	lost  bool   // something is missing before the next unit
	blind bool   // pictures cannot be shown before the next key frame
	out   int64  // RTP time of the newest unit handed on
	any   bool   // out counts
	after int64  // nothing up to this RTP time is handed on again
	held  bool   // after counts
	cuts  int    // where units did not follow, since PLAY
	seen  int    // of them, how many those handed on have behind them
	facts []fact // of the newest RTP times
	known media.Track
}

// fact is what the header extension says of the unit of an RTP time.
type fact struct {
	ts   uint32
	wall time.Time
	cuts int // where units did not follow, up to this one
}

// arrival is a whole unit as it came.
type arrival struct {
	unit media.Unit
	pts  int64 // RTP time of its presentation, from the base on
	wall time.Time
	cuts int // where units of its line did not follow, up to this one
}

// restart makes the line ready for what comes after a PLAY.
func (l *line) restart() {
	l.begun, l.fixed, l.ext = false, false, 0
	l.lost, l.blind, l.held, l.any, l.cuts, l.seen, l.facts = false, l.isVideo(), false, false, 0, 0, nil
	l.order = depacket.Order{}
	l.order.Study(nil, l.reader.Reorder())
}

// base says that an RTP time is a recorded time.
func (l *line) base(ts uint32, at time.Duration) { l.last, l.ext, l.zero, l.fixed = ts, 0, at, true }

func (l *line) isVideo() bool { return l.reader.Track().Kind == media.Video }

// extensionProfile marks ONVIF's header extension.
const extensionProfile = 0xABAC

// extension reads ONVIF's header extension: the true time, and D.
func extension(p *rtp.Packet) (wall time.Time, cut bool, cseq byte, ok bool) {
	if !p.Extension || p.ExtensionProfile != extensionProfile {
		return wall, false, 0, false
	}
	b := p.GetExtension(0)
	if len(b) < 12 {
		return wall, false, 0, false
	}
	if n := binary.BigEndian.Uint64(b); n != 0 {
		wall = ntp.Decode(n).UTC()
	}
	return wall, b[8]&0x20 != 0, b[9], true
}

// take takes the next packet and returns the units that it completes.
func (l *line) take(p *rtp.Packet, wall time.Time, cut bool) (out []arrival) {
	if len(p.Payload) == 0 {
		return nil
	}
	gap := l.begun && p.SequenceNumber != l.seq+1
	if gap {
		l.lost, l.blind = true, l.blind || l.isVideo()
	}
	l.ext += int64(int32(p.Timestamp - l.last))
	begun := l.begun
	l.begun, l.seq, l.last = true, p.SequenceNumber, p.Timestamp
	if n := len(l.facts); n == 0 || l.facts[n-1].ts != p.Timestamp {
		if n == mostFacts {
			l.facts = append(l.facts[:0], l.facts[1:]...)
		}
		if cut {
			l.cuts++ // counted here: the unit itself may be lost
		}
		l.facts = append(l.facts, fact{p.Timestamp, wall, l.cuts})
	}
	frames, bad := l.reader.Read(p, gap || !begun) // half a unit from before a seek is none
	if bad != "" {
		l.lost, l.blind = true, l.blind || l.isVideo()
	}
	for _, f := range frames {
		if a, ok := l.arrived(f); ok {
			out = append(out, a)
		}
	}
	return out
}

// mostFacts is how many RTP times may be on their way through a reader at once.
const mostFacts = 16

func (l *line) arrived(f depacket.Frame) (a arrival, ok bool) {
	a.pts = l.ext + int64(int32(f.TS-l.last))
	for _, x := range l.facts {
		if x.ts == f.TS {
			a.wall, a.cuts = x.wall, x.cuts
		}
	}
	if l.blind && !f.Key || l.held && a.pts <= l.after {
		return a, false
	}
	l.blind = false
	l.out, l.any = a.pts, true
	a.unit = media.Unit{Track: l.id, Payload: f.Payload}
	if f.Key {
		a.unit.Flags |= media.Key
	}
	if l.lost {
		a.unit.Flags |= media.Lost
		l.lost = false
	}
	return a, true
}

// length is the duration of ticks of the line's clock.
func (l *line) length(ticks int64) time.Duration {
	return time.Duration(ticks/l.rate)*time.Second + time.Duration(ticks%l.rate*int64(time.Second)/l.rate)
}
