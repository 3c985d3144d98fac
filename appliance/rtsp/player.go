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
// falls behind. On the live address, once it is too far behind, playing goes on at
// the newest key frame; in history it stays behind.
type player struct {
	s      *session
	kinds  []media.Kind
	reel   *reel
	ctx    context.Context
	cancel context.CancelFunc
	last   context.Context // ends a moment after ctx: what was begun may be finished
	done   chan struct{}
	udp    bool
	leads  media.Kind // the kind whose key frames playing can go on at

	replay *replay // nil: live
	ahead  []shot  // read, not yet sent
	asked  error   // what reading ahead ended with

	begun    bool           // a picture was read since PLAY, or since going on elsewhere
	start    media.Position // sound of this run from before this moment is not played
	waitKey  bool           // a picture cannot be decoded before the next key frame
	reported time.Duration  // session time of the last sender reports; negative: due now
	pace     pace
	tried    time.Duration   // on Clock.Boot: when skipping was tried last
	due      atomic.Bool     // sender reports are wanted at once
	ended    atomic.Bool     // it played to its end
	passed   map[uint16]bool // tracks that the SDP did not have and that concern nobody here
	cseq     byte            // of the PLAY, for ONVIF's extension
	loses    bool            // the client will lose the first picture, unless something comes before it
	aliases  map[uint16]*outTrack
	subs     *subtitles     // nil: none are sent
	cuts     int            // where units did not follow, since PLAY
	cutOf    map[uint16]int // of each track, how many of them its units know
}

// shot is a unit on its way, and when it is shown.
type shot struct {
	timeline.Item
	track *outTrack     // nil: nobody wants the unit, but its time counts
	at    time.Duration // session time
	cut   bool          // it does not follow from the one before
}

func newPlayer(s *session, c *reel, kinds []media.Kind) *player {
	p := &player{
		s: s, kinds: kinds, reel: c,
		udp: s.rtsp.Transport().Protocol == gortsplib.ProtocolUDP, reported: -1,
		leads: media.Audio, waitKey: s.torn, passed: make(map[uint16]bool), aliases: make(map[uint16]*outTrack), cuts: 1, cutOf: make(map[uint16]int),
	}
	if slices.Contains(kinds, media.Video) {
		p.leads = media.Video
	}
	p.pace = pace{clock: s.srv.opt.Clock}
	return p
}

// arm makes the player ready to run, again if it ran before.
func (p *player) arm() {
	p.ctx, p.cancel = context.WithCancel(p.s.srv.ctx)
	last, end := context.WithCancel(p.s.srv.ctx)
	p.last = last
	context.AfterFunc(p.ctx, func() { time.AfterFunc(finishing, end) })
	p.done = make(chan struct{})
	p.reported = -1
	p.pace.again()
	if errors.Is(p.asked, context.Canceled) {
		p.asked = nil
	}
}

// first reads until the unit that playing begins with, and reports whether there is one.
func (p *player) first(ctx context.Context) bool {
	if len(p.ahead) > 0 {
		return true
	}
	if p.replay != nil {
		return p.opening(ctx)
	}
	x, err := p.read(ctx)
	if err == nil {
		p.ahead = append(p.ahead, x)
	}
	return err == nil // else run finds out why
}

// finishing is how long a client may take the rest of a picture that was begun when playing ended.
const finishing = 2 * time.Second

// stop ends the player and returns when it has written its last packet.
func (p *player) stop() {
	p.cancel()
	<-p.done
}

func (p *player) run() {
	defer close(p.done)
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
	case p.ctx.Err() != nil: // PAUSE, TEARDOWN, another PLAY, or the connection is gone
	case errors.Is(err, errDone):
		p.finish()
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
		x, err := p.take()
		if err != nil {
			return err
		}
		if err := p.shot(x); err != nil {
			return err
		}
	}
}

// take is the next unit to send.
func (p *player) take() (shot, error) {
	if len(p.ahead) > 0 {
		x := p.ahead[0]
		p.ahead = p.ahead[1:]
		return x, nil
	}
	if p.asked != nil {
		return shot{}, p.asked
	}
	return p.read(p.ctx)
}

// read reads the next unit that belongs to what the client gets, and times it.
func (p *player) read(ctx context.Context) (shot, error) {
	if p.replay != nil {
		return p.replayed(ctx)
	}
	for {
		it, err := p.reel.next(ctx)
		if err != nil {
			return shot{}, err
		}
		t := p.track(it.Track)
		if t == nil {
			if err := p.stranger(it.Track); err != nil {
				return shot{}, err
			}
			continue
		}
		if p.wanted(t, it) {
			p.s.mu.Lock()
			at := p.s.stamps.at(it.Position(), p.s.view.line.Wall)
			p.s.mu.Unlock()
			return shot{Item: it, track: t, at: at, cut: it.Jump}, nil
		}
	}
}

// shot sends one unit when its time has come. What was not begun stays to be sent.
func (p *player) shot(x shot) error {
	if x.track == nil {
		p.subs.pass(x.Position())
		return p.hold(x)
	}
	pieces, err := p.s.shelf.pack(x.Item, x.track.pack)
	if err != nil {
		p.s.srv.stats.unfit.Add(1)
		p.s.srv.complain(nil, p.s.view.camera, ending{fmt.Sprintf("%v that rtp cannot carry", x.track.Codec), err.Error()})
		return nil
	}
	if err := p.hold(x); err != nil {
		p.ahead = slices.Insert(p.ahead, 0, x)
		return err
	}
	s := p.s
	s.mu.Lock()
	if p.due.Swap(false) || x.cut || p.reported < 0 || x.at-p.reported >= reportPeriod {
		s.report(x.Position(), x.at)
		p.reported = x.at
	}
	s.mu.Unlock()
	p.subs.pass(x.Position())
	t := x.track
	if err := p.forerun(x); err != nil {
		p.ahead = slices.Insert(p.ahead, 0, x)
		return err
	}
	cuts, cutOf := p.cuts, p.cutOf[x.Track]
	out, err := p.send(t, pieces, t.rtpTime(x.at), p.extension(x), func() { p.behind(x.at) })
	if err != nil && !out.begun {
		p.cuts, p.cutOf[x.Track] = cuts, cutOf
		p.ahead = slices.Insert(p.ahead, 0, x)
		return err
	}
	t.sent, t.lastRun, t.lastDTS = true, x.Run, x.DTS
	if err != nil {
		s.torn = true
		return err
	}
	if p.replay == nil && (out.held || t.Kind == p.leads && x.IsKey()) {
		return p.keepUp(x.Item)
	}
	return nil
}

// hold waits until a unit may be sent.
func (p *player) hold(x shot) error {
	switch {
	case p.replay != nil && p.reel.Live() && len(p.ahead) == 0:
		return p.ctx.Err()
	case p.replay != nil || p.udp:
		return p.sleep(p.pace.wait(x.at))
	}
	return nil
}

// wanted decides whether a unit is played: not twice after a PAUSE, no picture
// before a key frame, and where playing begins at one, no sound from before it.
func (p *player) wanted(t *outTrack, it timeline.Item) bool {
	if !t.chosen || t.sent && t.lastRun == it.Run && it.DTS <= t.lastDTS {
		return false
	}
	if t.off() {
		p.waitKey = p.waitKey || t.Kind == media.Video
		return false
	}
	if t.Kind == media.Audio {
		return it.Run != p.start.Run || it.PTS() >= p.start.Time
	}
	if !it.IsKey() && (p.waitKey || !p.begun && !t.sent) {
		return false
	}
	if !p.begun && it.IsKey() {
		p.start = it.Position()
	}
	p.begun, p.waitKey = true, false
	return true
}

// track is the session's track that has the units of one of the camera's: that
// one, or one that is described in the same way; nil: none.
func (p *player) track(id uint16) *outTrack {
	for _, t := range p.s.tracks {
		if t.ID == id && !isText(t.Track) {
			return t
		}
	}
	of, known := p.aliases[id]
	if !known {
		if n, ok := trackOf(p.s.view.line.Tracks(), id); ok {
			for _, t := range p.s.tracks {
				if t.Kind == n.Kind && t.Role == n.Role && t.Same(n) {
					of = t
				}
			}
			p.aliases[id] = of
		}
	}
	return of
}

// stranger judges a track that the SDP did not have: one that takes the place of
// a track of the session ends it, since the client must be told of the new codec.
func (p *player) stranger(id uint16) error {
	if p.passed[id] {
		return nil
	}
	n, t := p.rival(id)
	if t != nil {
		return &changedError{t.Kind, t.Codec, n.Codec}
	}
	p.passed[id] = true
	return nil
}

// rival is the track of the session in whose place a track stands that it has not; nil: none.
func (p *player) rival(id uint16) (n media.Track, of *outTrack) {
	n, ok := trackOf(p.s.view.line.Tracks(), id)
	if !ok {
		return n, nil
	}
	for _, t := range p.s.tracks {
		if t.chosen && t.Kind == n.Kind && t.Role == n.Role {
			return n, t
		}
	}
	return n, nil
}

// finish says that what was asked for was played. The session stays: the client may
// want another part of it.
func (p *player) finish() {
	p.s.flushed(goodbyeTime, p.s.goodbye(errDone.Error()))
	p.ended.Store(true)
	time.AfterFunc(afterEnd, func() {
		if p.s.player.Load() == p && p.ctx.Err() == nil {
			p.s.end(ending{"nothing asked for after the end of what was played", ""})
		}
	})
}

// goodbyeTime is how long a goodbye may take to get out.
const goodbyeTime = 200 * time.Millisecond

// afterEnd is how long a session that played to its end may stay.
const afterEnd = time.Minute

// leave says goodbye, waits until that is on its way, and ends the session.
func (p *player) leave(why ending) {
	p.s.flushed(goodbyeTime, p.s.goodbye(why.reason))
	p.s.end(why)
}
