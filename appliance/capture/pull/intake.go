package pull

import (
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"hindsight/appliance/capture"
	"hindsight/depacket"
	"hindsight/media"
)

const (
	holdAlone   = 500 * time.Millisecond // how long the first units wait, for the mapping to settle
	holdReports = time.Second            // and for the sender reports of all tracks
	holdBytes   = 8 << 20                // but no more than this
)

// intake turns the packets of a camera's tracks into stamped units.
//
// The first units wait a little: a camera often begins with a burst of old pictures,
// whose arrival says nothing; sender reports may come a moment later; and the
// distance between decoding and presentation shows after some pictures only.
type intake struct {
	sink    capture.Sink
	tracks  []*track
	aligner aligner
	any     bool          // a packet has come
	last    time.Duration // Clock.Boot of the newest
	opened  time.Duration // Clock.Boot of the first
	held    int           // bytes
	running bool          // units are no longer held
}

// track is one stream.
type track struct {
	kind   media.Kind
	reader depacket.Reader
	timing timing
	order  depacket.Order
	seq    uint16
	ssrc   uint32
	begun  bool
	newest time.Duration // Clock.Boot of the newest packet
	ts     uint32        // RTP time of the newest packet
	gap    bool          // something is missing before the next unit
	waits  []stamped
	dts    time.Duration // of the last unit handed on
	sent   bool
}

// stamped is a unit that waits for its place on Clock.Boot.
type stamped struct {
	depacket.Frame
	pts  int64 // RTP time without wraps
	lost bool
	t    media.Track
}

func newIntake(sink capture.Sink) *intake { return &intake{sink: sink} }

func (in *intake) add(c *choice) *track {
	t := &track{kind: c.reader.Track().Kind, reader: c.reader}
	t.timing.rate, t.timing.sound = int64(c.reader.Track().ClockRate), t.kind == media.Audio
	in.tracks = append(in.tracks, t)
	in.aligner.tracks = append(in.aligner.tracks, &t.timing)
	return t
}

// started notes when PLAY was sent: from then on packets are due.
func (in *intake) started(now time.Duration) {
	for _, t := range in.tracks {
		t.newest = now
	}
}

// packet takes the next packet of t, which arrived at now.
func (in *intake) packet(t *track, pkt *rtp.Packet, now time.Duration) {
	if len(pkt.Payload) == 0 {
		return // padding, to probe the network
	}
	if !in.any {
		in.any, in.opened = true, now
	}
	in.last, t.newest = now, now
	gap := in.sequence(t, pkt)
	if !t.begun || pkt.Timestamp != t.ts {
		if in.time(t, pkt, now) {
			gap = true
		}
	}
	t.gap = t.gap || gap
	t.seq, t.ssrc = pkt.SequenceNumber, pkt.SSRC
	t.begun, t.ts = true, pkt.Timestamp
	frames, bad := t.reader.Read(pkt, gap)
	if bad != "" {
		t.gap = true
		in.sink.Dropped(t.kind, bad)
	}
	for _, f := range frames {
		in.unit(t, f)
	}
	in.idle(now)
}

// sequence reports whether packets are missing before pkt.
func (in *intake) sequence(t *track, pkt *rtp.Packet) (gap bool) {
	if !t.begun || pkt.SSRC != t.ssrc || pkt.SequenceNumber == t.seq+1 {
		return false
	}
	in.sink.Dropped(t.kind, "packets lost")
	return true
}

// time tells the mapping about the first packet of a unit, and reports whether
// the camera's time began anew with it.
func (in *intake) time(t *track, pkt *rtp.Packet, now time.Duration) (anew bool) {
	anew = t.begun && (pkt.SSRC != t.ssrc || t.timing.jumps(pkt.Timestamp, now, in.running))
	if anew {
		in.release(now) // what waits belongs to the count before
		t.timing.restart(pkt.Timestamp, now)
		t.order.Restart()
		in.aligner.jumped()
	} else {
		t.timing.observe(pkt.Timestamp, now)
	}
	if early := t.timing.early; early != nil {
		t.timing.early = nil
		in.aligner.report(&t.timing, early)
	}
	if in.running && !anew {
		t.timing.bend(in.aligner.target(&t.timing), now)
	}
	return anew
}

func (in *intake) report(t *track, sr *rtcp.SenderReport) {
	if !t.begun || sr.SSRC == t.ssrc {
		in.aligner.report(&t.timing, sr)
	}
}

func (in *intake) unit(t *track, f depacket.Frame) {
	u := stamped{f, t.timing.unwrap(f.TS), t.gap, t.reader.Track()}
	t.gap = false
	if in.running {
		in.hand(t, u)
		return
	}
	t.waits = append(t.waits, u)
	in.held += len(f.Payload)
}

// idle lets go of the first units when it is time.
func (in *intake) idle(now time.Duration) {
	if in.running || !in.any {
		return
	}
	hold := holdReports
	if len(in.tracks) == 1 || in.aligner.aligned {
		hold = holdAlone
	}
	if now-in.opened >= hold || in.held > holdBytes {
		in.release(now)
	}
}

// release hands on what was held, in the order of its time.
func (in *intake) release(now time.Duration) {
	if in.running {
		return
	}
	in.running = true
	in.aligner.settle(now)
	for _, t := range in.tracks {
		var pts []int64
		for _, u := range t.waits {
			pts = append(pts, u.pts)
		}
		t.order.Study(pts, t.reader.Reorder())
	}
	for {
		var next *track
		for _, t := range in.tracks {
			if len(t.waits) > 0 && (next == nil || t.boot() < next.boot()) {
				next = t
			}
		}
		if next == nil {
			return
		}
		u := next.waits[0]
		next.waits = next.waits[1:]
		in.hand(next, u)
	}
}

// boot is the time of the first unit that waits.
func (t *track) boot() time.Duration { return t.timing.boot(t.waits[0].pts) }

// hand stamps a unit and gives it to the sink.
func (in *intake) hand(t *track, u stamped) {
	dts := u.pts
	if u.t.Codec == media.H264 {
		dts = t.order.Push(u.pts)
	}
	at := t.timing.boot(dts)
	pts := t.timing.boot(u.pts)
	if t.sent && at <= t.dts {
		at = t.dts + time.Microsecond
		if t.kind == media.Audio {
			pts = at
		}
	}
	t.dts, t.sent = at, true
	flags := media.Flags(0)
	if u.Key {
		flags |= media.Key
	}
	if u.lost {
		flags |= media.Lost
	}
	in.sink.Coded(u.t, media.Unit{Flags: flags, DTS: at, Offset: pts - at, Payload: u.Payload})
}

// silent reports whether nothing at all came for longer than limit.
func (in *intake) silent(now, limit time.Duration) bool {
	for _, t := range in.tracks {
		if now-t.newest <= limit {
			return false
		}
	}
	return true
}

// frozen is the track whose pictures stay away for longer than limit; nil if
// none does. Sound may pause: some cameras send none while it is quiet.
func (in *intake) frozen(now, limit time.Duration) *track {
	for _, t := range in.tracks {
		if t.kind == media.Video && now-t.newest > limit {
			return t
		}
	}
	return nil
}
