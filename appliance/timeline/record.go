package timeline

import (
	"errors"
	"slices"
	"strings"
	"time"

	"hindsight/media"
)

// soundPatience is how much media time sound waits for the key frame with which
// recording goes on: a camera that sends one seldom, or none any more, must not cost the sound.
const soundPatience = 3 * time.Second

// gate is what is let onto the timeline. Of a stopped camera nothing is.
type gate struct {
	stopped bool
	lasts   bool          // the gap of the stop
	from    time.Duration // nothing before it is let in
	kinds   kindSet       // of which nothing was let in since recording went on
}

// Record begins a session at the end of what was received, durably, and ends
// the one before. If recording was stopped it goes on, with the next key frame.
func (t *Timeline) Record(name, who string) (media.Mark, error) {
	t.pressing.Lock()
	defer t.pressing.Unlock()
	if t.o.ReadOnly {
		return media.Mark{}, ErrReadOnly
	}
	stopped := t.o.Store.Marks(media.Stop)
	for _, m := range stopped {
		if err := t.DeleteMark(media.Stop, m.ID); err != nil {
			return media.Mark{}, err
		}
	}
	at := media.Position{Run: t.run, Time: t.open()}
	if err := t.endSessions(at); err != nil {
		return media.Mark{}, err
	}
	t.log.Info("session begun", "name", name, "by", who, "at", at)
	return t.AddMark(media.Mark{Kind: media.Session, By: media.ByPerson, From: at, Text: name, Who: who})
}

// Stop stops recording until Record, also over a restart of the program: what
// is received is not kept, a gap with the reason paused says who and why. It ends the session.
// An error says that a restart would record again; until then nothing is. Stopping what is stopped changes nothing.
func (t *Timeline) Stop(why, who string) error {
	t.pressing.Lock()
	defer t.pressing.Unlock()
	if t.o.ReadOnly {
		return ErrReadOnly
	}
	at := media.Position{Run: t.run, Time: t.shut(stopDetail(why, who))}
	if len(t.o.Store.Marks(media.Stop)) > 0 {
		return nil
	}
	t.log.Info("recording is stopped", "why", why, "by", who, "at", at)
	_, err := t.AddMark(media.Mark{Kind: media.Stop, From: at, Text: why, Who: who})
	return errors.Join(err, t.endSessions(at))
}

// Stopped is the mark of the stop that lasts; ok is false while recording goes on.
func (t *Timeline) Stopped() (m media.Mark, ok bool) {
	for _, m := range t.o.Store.Marks(media.Stop) {
		return m, true
	}
	return m, false
}

// Session is the session that goes on, if somebody pressed Record in this run.
func (t *Timeline) Session() (m media.Mark, ok bool) {
	for _, m := range t.o.Store.Marks(media.Session) {
		if m.Open() && m.From.Run == t.run && !t.o.ReadOnly {
			return m, true
		}
	}
	return m, false
}

// SessionEnd is where a session that a person began is over; ok is false while it goes on. One that
// nobody ended ends with its run, or at the stop in it.
func (t *Timeline) SessionEnd(m media.Mark) (p media.Position, ok bool) {
	if !m.Open() {
		return m.Until, true
	}
	if m.From.Run == t.run && !t.o.ReadOnly {
		return p, false
	}
	if s, ok := t.Stopped(); ok && s.From.Run == m.From.Run && !s.From.Before(m.From) {
		return s.From, true
	}
	p = m.From
	if r := t.past.run(m.From.Run); r != nil && r.end > p.Time {
		p.Time = r.end
	}
	return p, true
}

// endSessions ends the sessions that nobody ended: that of this run at a moment of it.
func (t *Timeline) endSessions(at media.Position) error {
	for _, m := range t.o.Store.Marks(media.Session) {
		if !m.Open() {
			continue
		}
		end, over := t.SessionEnd(m)
		if !over {
			end = at
		}
		if end.Before(m.From) {
			end = m.From
		}
		if _, err := t.EditMark(media.Session, m.ID, func(x *media.Mark) { x.Until = end }); err != nil {
			return err
		}
	}
	return nil
}

// takeUp goes on where the process before has left sessions and stops. Called before anything is recorded.
func (t *Timeline) takeUp() {
	if err := t.endSessions(media.Position{Run: t.run}); err != nil {
		t.log.Warn("a session that the end of its run has ended is not closed yet", "err", err)
	}
	if m, ok := t.Stopped(); ok {
		t.shut(stopDetail(m.Text, m.Who))
		t.log.Warn("recording is stopped, since before this start; it goes on when somebody wants it", "why", m.Text, "by", m.Who)
	}
}

// stopDetail is what the gap says.
func stopDetail(why, who string) string {
	if who != "" {
		who = "by " + who
	}
	return strings.Join(slices.DeleteFunc([]string{who, why}, func(s string) bool { return s == "" }), ": ")
}

// shut lets nothing onto the timeline from now on, and returns where the gap begins.
func (t *Timeline) shut(detail string) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.gate.stopped {
		if g := t.lost(0); g != nil {
			return g.From
		}
	}
	t.gate = gate{stopped: true}
	now, at := max(t.Media(t.o.Clock.Boot()), 0), t.heads.end()
	if g := t.lost(0); g != nil {
		t.end(g, now)
		at = g.Until
	} else if now-at > time.Second {
		at = now // something was missing already, for its own reason
	}
	t.lose(0, at, media.Paused, detail)
	t.gate.lasts = true
	return at
}

// open lets units onto the timeline again, if it was shut, and returns the media time from which on.
func (t *Timeline) open() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.gate.stopped {
		return t.heads.end()
	}
	t.gate = gate{lasts: true, from: max(t.Media(t.o.Clock.Boot()), 0), kinds: ^kindSet(0)}
	return t.gate.from
}

// lets reports whether a unit is let onto the timeline, and ends the gap with the first that is.
func (t *Timeline) lets(u media.Unit, tr media.Track) bool {
	g := &t.gate
	switch {
	case g.stopped:
		return false
	case !g.kinds.has(tr.Kind):
		return true
	case u.DTS < g.from, tr.Kind == media.Video && !u.IsKey():
		return false
	case tr.Kind == media.Audio && g.kinds.has(media.Video) && t.expects(media.Video) && u.DTS < g.from+soundPatience:
		return false
	}
	g.kinds &^= 1 << tr.Kind
	if gap := t.lost(0); gap != nil && g.lasts {
		t.end(gap, u.DTS)
	}
	g.lasts = false
	return true
}

// expects reports whether the camera gives units of a kind as far as is known.
func (t *Timeline) expects(k media.Kind) bool {
	return t.lost(k) == nil && slices.ContainsFunc(t.Current(), func(tr media.Track) bool { return tr.Kind == k })
}
