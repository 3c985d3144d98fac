package rtsp

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/liberrors"
	"github.com/pion/rtp"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

// player moves units from a cursor to the session's write queue, in one
// goroutine. When the queue is full it waits, so no unit is ever torn: the cursor
// falls behind, and once it is too far behind playing goes on at the newest key frame.
type player struct {
	s      *session
	kinds  []media.Kind
	cursor Cursor
	ctx    context.Context
	cancel context.CancelFunc
	done   chan struct{}
	udp    bool

	begin    *timeline.Item // read before run, not yet sent
	start    time.Duration  // sound before this media time of startRun is not played
	startRun media.Run
	waitKey  bool          // a picture cannot be decoded before the next key frame
	reported time.Duration // session time of the last sender reports; negative: due now
	pace     pace
	tried    time.Duration // on Clock.Boot: when skipping was tried last
	slow     bool          // the log knows that this reader is slow
	due      atomic.Bool   // sender reports are wanted at once
}

func newPlayer(s *session, c Cursor, kinds []media.Kind) *player {
	p := &player{
		s: s, kinds: kinds, cursor: c, done: make(chan struct{}),
		udp: s.rtsp.Transport().Protocol == gortsplib.ProtocolUDP, reported: -1,
		start: -1, waitKey: s.torn,
	}
	p.ctx, p.cancel = context.WithCancel(s.srv.ctx)
	p.pace = pace{clock: s.srv.opt.Clock}
	return p
}

// first reads until the unit that playing begins with, and reports whether there is one.
func (p *player) first(ctx context.Context) bool {
	for {
		it, err := p.cursor.Next(ctx)
		if err != nil {
			return false // run finds out why
		}
		if t := p.track(it.Track); t != nil && p.wanted(t, it) {
			p.begin = &it
			p.s.mu.Lock()
			p.s.stamps.at(it.Position(), p.s.view.line.Wall)
			p.s.mu.Unlock()
			return true
		}
	}
}

// stop ends the player and returns when it has written its last packet.
func (p *player) stop() {
	p.cancel()
	<-p.done
}

func (p *player) run() {
	defer close(p.done)
	defer func() { p.cursor.Close() }()
	defer func() {
		if r := recover(); r != nil { // one reader's fault must not end the recording
			p.s.end(ending{"fault in the server", fmt.Sprint(r)})
		}
	}()
	if p.udp && p.sleep(udpDelay) != nil {
		return
	}
	err := p.loop()
	var changed *changedError
	switch {
	case p.s.srv.ctx.Err() != nil:
		p.leave(ending{"the server is closing", ""})
	case p.ctx.Err() != nil: // PAUSE, TEARDOWN, or the connection is gone
	case errors.Is(err, timeline.ErrEnd):
		p.leave(ending{"the recording ended", ""})
	case errors.As(err, &changed):
		p.leave(ending{"the codec changed", err.Error()})
	default:
		p.leave(ending{"the timeline cannot be read", err.Error()})
	}
}

// changedError says that a track was replaced by one of another codec.
type changedError struct {
	kind     media.Kind
	from, to media.Codec
}

func (e *changedError) Error() string {
	return fmt.Sprintf("the %v is no longer %v but %v: connect again", e.kind, e.from, e.to)
}

func (p *player) loop() error {
	for {
		it, err := p.next()
		if err != nil {
			return err
		}
		if err := p.unit(it); err != nil {
			return err
		}
	}
}

func (p *player) next() (timeline.Item, error) {
	if p.begin != nil {
		it := *p.begin
		p.begin = nil
		return it, nil
	}
	return p.cursor.Next(p.ctx)
}

// unit sends one unit, or nothing if it does not belong to what the client gets.
func (p *player) unit(it timeline.Item) error {
	t := p.track(it.Track)
	if t == nil {
		return p.stranger(it.Track)
	}
	if !p.wanted(t, it) {
		return nil
	}
	pieces, err := p.s.shelf.pack(it, t.pack)
	if err != nil {
		p.s.srv.stats.unfit.Add(1)
		p.s.srv.complain(nil, p.s.view.camera, ending{fmt.Sprintf("%v that rtp cannot carry", t.Codec), err.Error()})
		return nil
	}
	s := p.s
	s.mu.Lock()
	at := s.stamps.at(it.Position(), s.view.line.Wall)
	if p.due.Swap(false) || it.Jump || p.reported < 0 || at-p.reported >= reportPeriod {
		s.report(it.Position(), at)
		p.reported = at
	}
	t.sent, t.lastRun, t.lastDTS = true, it.Run, it.DTS
	s.mu.Unlock()
	if p.udp {
		if err := p.sleep(p.pace.wait(at)); err != nil {
			return err
		}
	}
	held, err := p.send(t, pieces, t.rtpTime(at))
	if err != nil {
		return err
	}
	return p.keepUp(it, held)
}

// wanted decides whether a unit is played: not twice after a PAUSE, no picture
// before a key frame, no sound from before the first picture.
func (p *player) wanted(t *outTrack, it timeline.Item) bool {
	if !t.chosen || t.sent && t.lastRun == it.Run && it.DTS <= t.lastDTS {
		return false
	}
	if t.Kind == media.Video {
		if (p.waitKey || !t.sent) && !it.IsKey() {
			return false
		}
		if p.start < 0 {
			p.start, p.startRun = it.PTS(), it.Run
		}
		p.waitKey = false
		return true
	}
	return it.Run != p.startRun || it.PTS() >= p.start
}

func (p *player) track(id uint16) *outTrack {
	for _, t := range p.s.tracks {
		if t.ID == id {
			return t
		}
	}
	return nil
}

// stranger judges a track that the SDP did not have: one that takes the place of
// a track of the session ends it, since the client must be told of the new codec.
func (p *player) stranger(id uint16) error {
	for _, n := range p.s.view.line.Tracks() {
		if n.ID != id {
			continue
		}
		for _, t := range p.s.tracks {
			if t.chosen && t.Kind == n.Kind && t.Role == n.Role {
				return &changedError{t.Kind, t.Codec, n.Codec}
			}
		}
	}
	return nil
}

// send writes the packets of a unit. It waits where the queue is full, and
// returns whether it had to.
func (p *player) send(t *outTrack, pieces []piece, stamp uint32) (held bool, err error) {
	for i, c := range pieces {
		if p.udp && i > 0 && i%portion == 0 {
			if err := p.sleep(portionPause); err != nil {
				return held, err
			}
		}
		waited, err := p.push(t, c, stamp)
		if err != nil {
			return held, err
		}
		held = held || waited
	}
	return held, nil
}

// push puts one packet into the queue, waiting for room.
func (p *player) push(t *outTrack, c piece, stamp uint32) (waited bool, err error) {
	pkt := &rtp.Packet{
		Header: rtp.Header{
			Version: 2, Marker: c.marker, PayloadType: t.format.PayloadType(),
			SequenceNumber: t.seq, Timestamp: stamp + c.ticks,
		},
		Payload: c.payload,
	}
	for pause := 2 * time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		// The wall time is for gortsplib's own sender reports, which are off.
		err := p.s.rtsp.WritePacketRTPWithNTP(t.media, pkt, time.Time{})
		var full liberrors.ErrServerWriteQueueFull
		switch {
		case err == nil:
			p.s.mu.Lock()
			t.seq++
			t.packets++
			t.octets += uint32(len(c.payload))
			p.s.mu.Unlock()
			return waited, nil
		case !errors.As(err, &full):
			return waited, err
		}
		waited = true
		if err := p.sleep(pause); err != nil {
			return waited, err
		}
	}
}

// sleep waits for d, or less when playing ends.
func (p *player) sleep(d time.Duration) error {
	if d <= 0 {
		return p.ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-p.ctx.Done():
		return p.ctx.Err()
	}
}

// keepUp lets a reader that is too far behind go on at the newest key frame.
func (p *player) keepUp(it timeline.Item, held bool) error {
	now := p.s.srv.opt.Clock.Boot()
	if !held && !it.IsKey() || now-p.tried < time.Second {
		return nil
	}
	newest, ok := p.s.view.line.Newest()
	if !ok || newest.Run == it.Run && newest.Time-it.DTS < mostLag {
		return nil
	}
	p.tried = now
	return p.skip(it)
}

// skip opens a cursor at the newest key frame and takes it if that is ahead.
func (p *player) skip(it timeline.Item) error {
	c := p.s.view.open(p.kinds)
	ctx, cancel := context.WithTimeout(p.ctx, 100*time.Millisecond)
	defer cancel()
	for {
		n, err := c.Next(ctx)
		if err != nil {
			c.Close()
			return p.ctx.Err() // nothing newer; the old cursor goes on
		}
		t := p.track(n.Track)
		if t == nil || !t.chosen || t.Kind == media.Audio && p.hasVideo() {
			continue
		}
		if !n.IsKey() || t.sent && n.Run == t.lastRun && n.DTS <= t.lastDTS {
			c.Close()
			return nil
		}
		p.cursor.Close()
		p.cursor, p.begin = c, &n
		p.waitKey, p.start, p.reported = true, -1, -1
		p.pace.again()
		p.s.srv.stats.skips.Add(1)
		if !p.slow {
			p.slow = true
			p.s.srv.opt.Log.Warn("rtsp: reader is too slow, going on at the newest key frame",
				"from", p.s.from.String(), "camera", p.s.view.camera)
		}
		return nil
	}
}

func (p *player) hasVideo() bool {
	for _, t := range p.s.tracks {
		if t.chosen && t.Kind == media.Video {
			return true
		}
	}
	return false
}

// leave says goodbye, waits until that is on its way, and ends the session.
func (p *player) leave(why ending) {
	p.s.flushed(func() { p.s.goodbye(why.reason) })
	p.s.end(why)
}

// pace holds a UDP start back, which sends the past second or so before it
// reaches the live end, to a few times real time.
type pace struct {
	clock interface{ Boot() time.Duration }
	begun bool
	real  time.Duration // on the clock, at
	media time.Duration // this session time
}

// again begins anew, for a cursor that was moved.
func (c *pace) again() { c.begun = false }

// wait is how long to wait before the unit at session time at.
func (c *pace) wait(at time.Duration) time.Duration {
	now := c.clock.Boot()
	if !c.begun {
		c.begun, c.real, c.media = true, now, at
	}
	return (at-c.media-headStart)/catchUp - (now - c.real)
}
