package asr

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// The child's memory and CPU time are looked at every so many pieces.
const lookEvery = 10

// fault makes an engine's error a Fault.
func fault(err error) error {
	var f *Fault
	if err == nil || errors.As(err, &f) {
		return err
	}
	return &Fault{Died, "the recogniser failed and is started again: " + err.Error()}
}

// recover gets rid of the child after a fault and waits before another is started.
func (l *Listener) recover(ctx context.Context, f *Fault) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	l.dismiss()
	l.faults++
	l.tell(Waiting, f.Reason, f.Text)
	l.Log.Warn("recogniser lost", "reason", string(f.Reason), "error", f.Text, "faults", l.faults)
	l.leaveOut()
	wait := l.AgainMax
	if l.faults < 20 {
		wait = min(l.Again<<(l.faults-1), l.AgainMax)
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// dismiss ends the child.
func (l *Listener) dismiss() {
	if l.child == nil {
		return
	}
	_ = l.child.Close() // it is killed; nobody needs what it would say
	l.child, l.rec = nil, nil
	l.hold.forget()
	l.note(func(s *Status) { s.Pid, s.RSS = 0, 0 })
}

// poison is sound of which an engine dies every time.
type poison struct {
	now    piece // being fed
	at     piece // at which a child died last
	deaths int   // of it, one after the other
}

const deadly = 3

// leaveOut puts silence in place of the sound at which the child died
// several times, or else it would do so for ever.
func (l *Listener) leaveOut() {
	p := &l.poison
	if len(p.now.pcm) == 0 {
		return // it died of something else
	}
	if p.now.run != p.at.run || p.now.at != p.at.at {
		p.deaths = 0
	}
	p.at, p.now = p.now, piece{}
	if p.deaths++; p.deaths < deadly {
		return
	}
	p.deaths = 0
	from := l.tape.pieces[0].at
	// What went before it may be what does it: all that is kept is left out.
	for i := range l.tape.pieces {
		clear(l.tape.pieces[i].pcm)
	}
	until := l.tape.pieces[len(l.tape.pieces)-1].until()
	l.skipped = fmt.Sprintf("%v of sound were left out: the recogniser died of them %d times", (until - from).Round(PieceTime), deadly)
	l.Log.Warn("sound left out: the recogniser dies of it", "run", l.run, "from", from, "until", until)
}

// look looks at the child's memory and CPU time. It fails when the child needs
// much more than it may; at the limit itself it is renewed with the next pause.
// fresh: it has heard nothing yet.
func (l *Listener) look(fresh bool) error {
	l.looked = 0
	u, err := readUsage(l.child.Pid())
	if err != nil {
		return nil // gone; what is asked of it next will say so
	}
	l.note(func(s *Status) { s.RSS, s.CPU = u.rss, l.hold.total(u.cpu) })
	const mb = 1e6
	switch {
	case l.Memory <= 0:
	case fresh && u.rss > l.Memory:
		return &Fault{Memory, fmt.Sprintf("the speech model at %s needs %d MB of memory and may use %d: allow more, or use a smaller model",
			l.Child.Model, u.rss/mb, l.Memory/mb)}
	case u.rss > l.Memory+l.Memory/4:
		return &Fault{Memory, fmt.Sprintf("the recogniser used %d MB of memory and may use %d: it is started again", u.rss/mb, l.Memory/mb)}
	}
	return nil
}

func (l *Listener) note(f func(*Status)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f(&l.status)
}

// tell tells the sink a state that is another one.
func (l *Listener) tell(state State, reason Reason, why string) {
	l.mu.Lock()
	s := &l.status
	same := s.State == state && s.Reason == reason && s.Why == why
	s.State, s.Reason, s.Why = state, reason, why
	now := *s
	l.mu.Unlock()
	if !same {
		l.sink.State(now)
	}
}

// tellProgress tells whether it is behind. It does not flutter: having been
// behind it listens again at half of what makes it so.
func (l *Listener) tellProgress() {
	s := l.Status()
	limit := l.Config.Behind
	if s.State == Behind {
		limit /= 2
	}
	switch {
	case s.Behind < limit:
		l.tell(Listening, "", "")
	case s.State != Behind:
		l.tell(Behind, "", "recognition is behind what is recorded and catches up")
	}
}
