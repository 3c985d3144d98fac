package player

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

// Subprotocol is what a client asks for.
const Subprotocol = "hindsight.player.1"

// What a connection keeps to.
const (
	mostRequest  = 4 << 10 // bytes of a message of the client's
	requestRate  = 100     // messages a second
	requestBurst = 5 * requestRate
	silence      = 30 * time.Second // without an answer to a ping
	mostStuck    = 30 * time.Second // a client takes nothing
	openWithin   = 10 * time.Second // a source must open a reader
	edgeEvery    = time.Second
	edgeLook     = 250 * time.Millisecond
	beatEvery    = 20 * time.Second // a ping
)

// Options are how connections are served.
type Options struct {
	Log    *slog.Logger // nil: nothing is logged
	Counts *Counts      // nil: nothing is counted
	// Transcode makes sound that browsers play of sound that they do not (G.711); nil: such sound is left out.
	Transcode Transcoder
}

// Counts is what happened on all connections since it was made.
type Counts struct {
	Open        atomic.Int64 // connections now
	Opened      atomic.Int64
	Seeks       atomic.Int64 // answered
	Passed      atomic.Int64 // seeks passed over for a newer one
	Thin        atomic.Int64 // connections on a slow link now: key frames only
	Thinned     atomic.Int64 // times that a link was found too slow
	Skips       atomic.Int64 // times that a live view went on at the newest key frame
	Closed      atomic.Int64 // connections ended by this side
	FilledVideo atomic.Int64 // nanoseconds of the last picture repeated
	FilledAudio atomic.Int64 // nanoseconds of silence put in
	SentBytes   atomic.Int64 // of binary messages
}

// session is one connection.
type session struct {
	conn   *websocket.Conn
	source Source
	o      Options
	ctx    context.Context
	cancel context.CancelCauseFunc

	mu    sync.Mutex
	asked *request // the newest seek, until it is begun
	top   uint32   // the highest gen
	stop  context.CancelFunc
	at    request // the newest report of the present gen
	heard bool    // there is one
	low   bool
	flow  *flow
	edge  Edge

	wake chan struct{} // something of the above has changed

	done [2]time.Duration // of pictures and of silence put in, by seeks that are over; of the playing goroutine
}

// Serve plays one connection, which it closes at the end. It returns nil when the
// client left or ctx ended, else why the connection was given up.
func Serve(ctx context.Context, conn *websocket.Conn, source Source, o Options) error {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Counts == nil {
		o.Counts = &Counts{}
	}
	s := &session{conn: conn, source: source, o: o, flow: newFlow(time.Now()), wake: make(chan struct{}, 1)}
	s.ctx, s.cancel = context.WithCancelCause(ctx)
	o.Counts.Open.Add(1)
	o.Counts.Opened.Add(1)
	defer o.Counts.Open.Add(-1)
	conn.SetReadLimit(mostRequest)

	var work sync.WaitGroup
	shut := make(chan struct{})
	context.AfterFunc(s.ctx, func() {
		defer close(shut)
		s.shut(ctx)
	})
	defer func() {
		if s.flow.thin {
			o.Counts.Thin.Add(-1)
		}
	}()
	h := source.Hello()
	err := s.say(helloMessage{"hello", 1, h.Camera, secs(h.Length), pointed(h.Oldest), h.Foreign})
	if err == nil {
		work.Go(s.listen)
		work.Go(s.follow)
		work.Go(s.watch)
		work.Go(s.beat)
		s.run()
	}
	s.cancel(err)
	<-shut
	work.Wait()
	var given *givenUp
	if errors.As(context.Cause(s.ctx), &given) {
		return given
	}
	return nil
}

// shut closes the connection and says why. What waits for it ends with that.
func (s *session) shut(ctx context.Context) {
	var given *givenUp
	switch {
	case errors.As(context.Cause(s.ctx), &given):
		s.o.Counts.Closed.Add(1)
		s.o.Log.Info("a player's connection was closed", "why", given.text)
		s.conn.Close(given.code, given.text) //nolint:errcheck // nobody is left to tell
	case ctx.Err() != nil:
		s.conn.Close(websocket.StatusGoingAway, "the recorder is closing") //nolint:errcheck // as above
	}
	s.conn.CloseNow() //nolint:errcheck // as above
}

// givenUp is why this side ends a connection.
type givenUp struct {
	code websocket.StatusCode
	text string
}

func (g *givenUp) Error() string { return g.text }

func giveUp(code websocket.StatusCode, format string, a ...any) *givenUp {
	return &givenUp{code, fmt.Sprintf(format, a...)}
}

// errGone says that the client has left.
var errGone = errors.New("the client has left")

// run answers seeks, one after the other.
func (s *session) run() {
	for {
		r, ctx := s.take()
		if r == nil {
			select {
			case <-s.ctx.Done():
				return
			case <-s.wake:
			}
			continue
		}
		if err := s.play(ctx, *r); err != nil {
			s.cancel(err)
			return
		}
	}
}

// take begins the newest seek; nil: there is none.
func (s *session) take() (*request, context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.asked
	if r == nil {
		return nil, nil
	}
	s.asked, s.heard, s.flow.credit = nil, false, firstWindow
	ctx, stop := context.WithCancel(s.ctx)
	s.stop = stop
	return r, ctx
}

// stir tells whoever waits that something has changed.
func (s *session) stir() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// listen reads what the client says.
func (s *session) listen() {
	open := context.WithoutCancel(s.ctx) // a read that is given up would close without a reason
	left, since := float64(requestBurst), time.Now()
	for {
		kind, b, err := s.conn.Read(open)
		if err != nil {
			s.cancel(errGone)
			return
		}
		now := time.Now()
		left = min(left+now.Sub(since).Seconds()*requestRate, requestBurst) - 1
		since = now
		switch {
		case left < 0:
			s.cancel(giveUp(websocket.StatusPolicyViolation, "more than %d messages a second", requestRate))
			return
		case kind != websocket.MessageText:
			s.cancel(giveUp(websocket.StatusUnsupportedData, "binary messages come from the server only"))
			return
		}
		r, err := parseRequest(b)
		if errors.Is(err, errNoJSON) {
			s.cancel(giveUp(websocket.StatusPolicyViolation, "%v", err))
			return
		}
		if err == nil {
			err = s.hear(r, now)
		}
		if err != nil && s.say(errorMessage{"error", err.Error(), false}) != nil {
			return
		}
	}
}

// hear takes a request.
func (s *session) hear(r request, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.stir()
	switch r.do {
	case "latency":
		s.low = r.low
	case "at":
		s.flow.report(now, r.bytes, r.ahead)
		if r.gen == s.top && s.asked == nil {
			s.at, s.heard = r, true
		}
	case "seek":
		if r.gen <= s.top {
			return fmt.Errorf("seek: gen %d does not rise: it was %d", r.gen, s.top)
		}
		s.top = r.gen
		if s.asked != nil {
			s.o.Counts.Passed.Add(1)
		}
		s.asked = &r
		if s.stop != nil {
			s.stop()
		}
	}
	return nil
}

// watch gives a client up that takes nothing. It sends nothing itself, and so is
// never held up.
func (s *session) watch() {
	tick := time.NewTicker(edgeEvery)
	defer tick.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-tick.C:
		}
		s.mu.Lock()
		stuck := s.flow.stuck(time.Now())
		s.mu.Unlock()
		if stuck > mostStuck {
			s.cancel(giveUp(websocket.StatusPolicyViolation, "nothing was taken for %v", mostStuck))
			return
		}
	}
}

// follow tells the live end.
func (s *session) follow() {
	tick := time.NewTicker(edgeLook)
	defer tick.Stop()
	var last Edge
	for n := 0; ; n++ {
		e := s.source.Edge()
		s.mu.Lock()
		s.edge = e
		s.mu.Unlock()
		if n%int(edgeEvery/edgeLook) == 0 || e.Recording != last.Recording || e.Frozen != last.Frozen {
			last = e
			if s.say(edgeMessage{"edge", pointed(e.Point), e.Recording, e.Frozen}) != nil {
				return
			}
		}
		s.stir() // a link that is slow is found out by time going by
		select {
		case <-s.ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// beat notices a client that is gone without a word.
func (s *session) beat() {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-tick.C:
		}
		ctx, cancel := context.WithTimeout(s.ctx, silence)
		err := s.conn.Ping(ctx)
		silent := ctx.Err() != nil
		cancel()
		if err != nil && silent { // else it could not be sent, which whoever sends finds out
			s.cancel(errGone)
			return
		}
	}
}

// say sends a text message.
func (s *session) say(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("player: %w", err)
	}
	return s.write(websocket.MessageText, b)
}

// write sends a message. What ends a write that is held up is that the connection is
// closed: one that is given up half-way would close it without a reason.
func (s *session) write(kind websocket.MessageType, b []byte) error {
	if s.ctx.Err() != nil {
		return errGone
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), mostStuck+10*time.Second) // watch comes first
	defer cancel()
	if s.conn.Write(ctx, kind, b) != nil {
		s.cancel(errGone)
		return errGone
	}
	return nil
}

// send sends a binary message with data of a recorded time.
func (s *session) send(kind byte, gen uint32, header any, payload []byte, at time.Duration) error {
	b, err := binaryMessage(kind, gen, header, payload)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.flow.send(time.Now(), len(b), at)
	s.mu.Unlock()
	s.o.Counts.SentBytes.Add(int64(len(b)))
	return s.write(websocket.MessageBinary, b)
}
