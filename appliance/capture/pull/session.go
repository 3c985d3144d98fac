package pull

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/description"

	"hindsight/appliance/capture"
	"hindsight/media"
)

// errFrozen says that pictures stopped while sound goes on.
type errFrozen struct{ since time.Duration }

func (e errFrozen) Error() string { return "no picture" }

// answerTime is how long the camera has for an answer. The library uses the same
// time for silence, which it counts in whole seconds: it must not be quicker than watch.
func (s *Source) answerTime() time.Duration { return s.o.Timeout + 2*time.Second }

// session is one connection to the camera.
type session struct {
	s    *Source
	sink capture.Sink

	mu     sync.Mutex // UDP packets come from a goroutine per track
	intake *intake
	failed error         // why the session is to end, first reason
	last   time.Duration // Clock.Boot of the last packet of any kind
	end    chan struct{} // closed when failed is set
}

// pull connects, plays and hands units to the sink until something ends it.
func (s *Source) pull(ctx context.Context, sink capture.Sink, over Transport) (*session, error) {
	ses := &session{s: s, sink: sink, end: make(chan struct{})}
	c := s.client(ses, over)
	if err := c.Start(); err != nil {
		return ses, err
	}
	stop := context.AfterFunc(ctx, c.Close)
	defer func() {
		stop()
		c.Close()
	}()
	if err := ses.play(c); err != nil {
		return ses, err
	}
	defer ses.flush()
	watch := make(chan struct{})
	defer close(watch)
	go ses.watch(watch)
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	select {
	case err := <-ended:
		return ses, err
	case <-ses.end:
		return ses, ses.reason()
	}
}

func (s *Source) client(ses *session, over Transport) *gortsplib.Client {
	protocol := gortsplib.ProtocolTCP
	if over == UDP {
		protocol = gortsplib.ProtocolUDP
	}
	return &gortsplib.Client{
		Scheme: s.at.url.Scheme, Host: s.at.url.Host,
		Protocol:    &protocol,
		ReadTimeout: s.answerTime(), WriteTimeout: s.answerTime(),
		UserAgent: "hindsight",
		// The library's own reports go to the default logger; ours are counts.
		OnTransportSwitch: func(error) {},
		OnPacketsLost:     func(uint64) {},
		OnDecodeError:     func(error) { ses.dropped(s.Kinds()[0], "a packet that is not RTP, or of no stream") },
	}
}

// play describes, chooses and starts the streams.
func (ses *session) play(c *gortsplib.Client) error {
	desc, _, err := c.Describe(ses.s.at.url)
	if err != nil {
		return err
	}
	choices, err := ses.choose(desc)
	if err != nil {
		return err
	}
	in := newIntake(ses.sink)
	for _, ch := range choices {
		if _, err := c.Setup(desc.BaseURL, ch.media, 0, 0); err != nil {
			return err
		}
		t := in.add(ch)
		c.OnPacketRTP(ch.media, ch.format, func(pkt *rtp.Packet) {
			ses.receive(func(now time.Duration) { in.packet(t, pkt, now) })
		})
		c.OnPacketRTCP(ch.media, func(pkt rtcp.Packet) {
			ses.receive(func(time.Duration) { ses.control(t, pkt) })
		})
	}
	ses.mu.Lock()
	ses.intake, ses.last = in, ses.s.o.Clock.Boot()
	in.started(ses.last)
	ses.mu.Unlock()
	_, err = c.Play(nil)
	return err
}

// choose picks a stream of each kind that is wanted. A picture that cannot be
// recorded is an error, sound that cannot is left out.
func (ses *session) choose(desc *description.Session) ([]*choice, error) {
	o := ses.s.o
	var chosen []*choice
	var missing []string
	for _, kind := range ses.s.Kinds() {
		c, why := choose(desc, kind)
		switch {
		case c != nil:
			chosen = append(chosen, c)
		case why != "" && (kind == media.Video || !o.Video):
			return nil, ses.s.tell("%s", why)
		case why != "":
			ses.s.o.Log.Warn("camera's sound is left out", "camera", ses.s.at.show, "reason", why)
			missing = append(missing, why)
			ses.sink.Dropped(kind, why)
		default:
			missing = append(missing, "has no "+kind.String())
		}
	}
	if len(chosen) == 0 {
		return nil, ses.s.tell("%s", strings.Join(missing, " and "))
	}
	return chosen, nil
}

// receive runs f with the time of now, one packet after the other. What a camera
// sends must not end the recorder: a panic ends the session.
func (ses *session) receive(f func(now time.Duration)) {
	ses.mu.Lock()
	defer ses.mu.Unlock()
	if ses.failed != nil {
		return
	}
	defer func() {
		if p := recover(); p != nil {
			ses.fail(ses.s.tell("a packet that cannot be handled: %s", ses.s.at.safe(fmt.Sprint(p))))
		}
	}()
	ses.last = ses.s.o.Clock.Boot()
	f(ses.last)
}

func (ses *session) control(t *track, pkt rtcp.Packet) {
	switch p := pkt.(type) {
	case *rtcp.SenderReport:
		ses.intake.report(t, p)
	case *rtcp.Goodbye:
		ses.fail(ses.s.tell("the camera ended the stream"))
	}
}

// fail notes why the session ends; mu is held.
func (ses *session) fail(err error) {
	if ses.failed == nil {
		ses.failed = err
		close(ses.end)
	}
}

func (ses *session) reason() error {
	ses.mu.Lock()
	defer ses.mu.Unlock()
	return ses.failed
}

// dropped counts what the library could not read.
func (ses *session) dropped(k media.Kind, why string) {
	ses.mu.Lock()
	defer ses.mu.Unlock()
	if ses.failed == nil {
		ses.sink.Dropped(k, why)
	}
}

// since is when the last packet came; 0 if none did.
func (ses *session) since() time.Duration {
	ses.mu.Lock()
	defer ses.mu.Unlock()
	if ses.intake == nil || !ses.intake.any {
		return 0
	}
	return ses.intake.last
}

// flush hands on what still waits.
func (ses *session) flush() {
	ses.mu.Lock()
	defer ses.mu.Unlock()
	ses.fail(errors.New("ended"))
	ses.intake.release(ses.s.o.Clock.Boot())
}

// watch ends the session when a stream stays away for the time-out, since the
// library takes any answer of the camera for life.
func (ses *session) watch(done <-chan struct{}) {
	tick := time.NewTicker(max(ses.s.o.Timeout/20, 10*time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
		}
		ses.mu.Lock()
		now := ses.s.o.Clock.Boot()
		ses.intake.idle(now)
		if ses.intake.silent(now, ses.s.o.Timeout) {
			ses.fail(ses.s.tell("nothing came for %v", ses.s.o.Timeout))
		} else if t := ses.intake.frozen(now, ses.s.o.Timeout); t != nil {
			ses.fail(errFrozen{t.newest})
		}
		ses.mu.Unlock()
	}
}
