package rtsp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/bluenviron/gortsplib/v5"

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
	leads  media.Kind // the kind whose key frames playing can go on at

	begin    *timeline.Item // read before run, not yet sent
	begun    bool           // a picture was played since PLAY, or since going on elsewhere
	start    media.Position // sound of this run from before this moment is not played
	waitKey  bool           // a picture cannot be decoded before the next key frame
	reported time.Duration  // session time of the last sender reports; negative: due now
	pace     pace
	tried    time.Duration   // on Clock.Boot: when skipping was tried last
	due      atomic.Bool     // sender reports are wanted at once
	passed   map[uint16]bool // tracks that the SDP did not have and that concern nobody here
}

func newPlayer(s *session, c Cursor, kinds []media.Kind) *player {
	p := &player{
		s: s, kinds: kinds, cursor: c, done: make(chan struct{}),
		udp: s.rtsp.Transport().Protocol == gortsplib.ProtocolUDP, reported: -1,
		leads: media.Audio, waitKey: s.torn, passed: make(map[uint16]bool),
	}
	if slices.Contains(kinds, media.Video) {
		p.leads = media.Video
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
	defer p.guard()
	if p.udp && p.sleep(udpDelay) != nil {
		return
	}
	endCaptions := p.captions()
	err := p.loop()
	endCaptions()
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

// guard ends the session after a fault: that of one reader must not end the recording.
func (p *player) guard() {
	if r := recover(); r != nil {
		p.s.end(ending{"fault in the server", fmt.Sprint(r)})
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
	s.mu.Unlock()
	if p.udp {
		if err := p.sleep(p.pace.wait(at)); err != nil {
			return err
		}
	}
	t.sent, t.lastRun, t.lastDTS = true, it.Run, it.DTS
	held, err := p.send(t, pieces, t.rtpTime(at))
	if err != nil {
		s.torn = true
		return err
	}
	if held || t.Kind == p.leads && it.IsKey() {
		return p.keepUp(it)
	}
	return nil
}

// wanted decides whether a unit is played: not twice after a PAUSE, no picture
// before a key frame, and where playing begins at one, no sound from before it.
func (p *player) wanted(t *outTrack, it timeline.Item) bool {
	if !t.chosen || t.sent && t.lastRun == it.Run && it.DTS <= t.lastDTS {
		return false
	}
	if t.Kind == media.Audio {
		return it.Run != p.start.Run || it.PTS() >= p.start.Time
	}
	if (p.waitKey || !t.sent) && !it.IsKey() {
		return false
	}
	if !p.begun && it.IsKey() {
		p.start = it.Position()
	}
	p.begun, p.waitKey = true, false
	return true
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
	if p.passed[id] {
		return nil
	}
	for _, n := range p.s.view.line.Tracks() {
		if n.ID != id {
			continue
		}
		for _, t := range p.s.tracks {
			if t.chosen && t.Kind == n.Kind && t.Role == n.Role {
				return &changedError{t.Kind, t.Codec, n.Codec}
			}
		}
		p.passed[id] = true
	}
	return nil
}

// leave says goodbye, waits until that is on its way, and ends the session.
func (p *player) leave(why ending) {
	p.s.flushed(func() { p.s.goodbye(why.reason) })
	p.s.end(why)
}
