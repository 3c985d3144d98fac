package timeline

import (
	"fmt"
	"time"

	"hindsight/media"
)

// heads is where each track of the run being recorded has got to.
type heads map[uint16]*head

// head is the newest unit of one track.
type head struct {
	kind  media.Kind
	first time.Duration
	last  time.Duration
	step  time.Duration // between the last two units; 0: there is only one
	units int64
	bytes int64 // payload
}

// end is the media time at which the newest unit is over, as far as can be told.
func (h *head) end() time.Duration { return h.last + min(h.step, time.Second) }

// end is the media time at which all that was appended is over.
func (hs heads) end() (end time.Duration) {
	for _, h := range hs {
		end = max(end, h.end())
	}
	return end
}

// start is the media time of the first unit ever appended.
func (hs heads) start() (start time.Duration) {
	first := true
	for _, h := range hs {
		if first || h.first < start {
			start, first = h.first, false
		}
	}
	return start
}

// kinds are the kinds that have units.
func (hs heads) kinds() (ks kindSet) {
	for _, h := range hs {
		ks.add(h.kind)
	}
	return ks
}

// Append puts a unit on the timeline and wakes the cursors. It never waits for
// the disk. A unit whose DTS does not rise is refused with an error. While recording is stopped,
// and until the key frame with which it goes on, units are let fall without one.
func (t *Timeline) Append(u media.Unit) error {
	tr, known := t.tracks.Load().get(u.Track)
	if !known {
		return fmt.Errorf("timeline: camera %s: unit of track %d, which was not made by Track", t.o.Camera, u.Track)
	}
	t.mu.Lock()
	if err := t.admit(u, tr); err != nil {
		t.mu.Unlock()
		return err
	}
	if !t.lets(u, tr) {
		t.mu.Unlock()
		return nil
	}
	t.noticeSleep(u.DTS)
	t.endGapAt(tr.Kind, u.DTS)
	t.place(u, tr)
	next := make(chan struct{})
	old := t.wake.Swap(&next)
	t.mu.Unlock()
	close(*old)
	if u.IsKey() && tr.Codec == media.H264 {
		t.learn(tr, u.Payload)
	}
	return nil
}

// admit refuses what cannot stand on the timeline.
func (t *Timeline) admit(u media.Unit, tr media.Track) error {
	if t.ended || t.o.ReadOnly {
		return fmt.Errorf("timeline: camera %s: unit of track %d: %w", t.o.Camera, u.Track, ErrClosed)
	}
	if u.DTS <= 0 {
		return fmt.Errorf("timeline: camera %s: %s unit of track %d at %v was taken before the run began",
			t.o.Camera, tr.Kind, u.Track, u.DTS)
	}
	if h := t.heads[u.Track]; h != nil && u.DTS <= h.last {
		return fmt.Errorf("timeline: camera %s: %s unit of track %d at %v does not rise above %v",
			t.o.Camera, tr.Kind, u.Track, u.DTS, h.last)
	}
	return nil
}

// place puts an admitted unit at the end of the tail.
func (t *Timeline) place(u media.Unit, tr media.Track) {
	h := t.heads[u.Track]
	if h == nil {
		h = &head{kind: tr.Kind, first: u.DTS}
		t.heads[u.Track] = h
		defer t.reshape() // a kind may be new
	} else {
		h.step = u.DTS - h.last
	}
	h.last = u.DTS
	h.units++
	h.bytes += int64(len(u.Payload))
	t.tail.push(u, u.IsKey() && tr.Kind == media.Video)
	if t.tail.bytes > t.o.TailBytes {
		t.overflow()
	}
}
