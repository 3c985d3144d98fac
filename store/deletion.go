package store

import (
	"errors"
	"fmt"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"hindsight/media"
)

// deletion says that a range of a run was deleted though something older is kept.
type deletion struct {
	run         media.Run
	from, until time.Duration
	first, last uint32 // segments without files; 0, 0: none
	by          uint8
	state       uint8
	end         media.Reason // how the run ended, if its last segment is among them
	detail      string
}

// Who deletes, and how far it has come.
const (
	byRetention = uint8(1)
	byPerson    = uint8(2)
	goingOn     = uint8(1)
	done        = uint8(2)
)

var deletedBucket = []byte("deleted")

func (d deletion) key() []byte {
	var w writer
	w.u32(uint32(d.run))
	w.time(d.from)
	return w.b
}

func (d deletion) encode() []byte {
	w := newRecord(magicDeletion)
	w.u32(uint32(d.run))
	w.time(d.from)
	w.time(d.until)
	w.u32(d.first)
	w.u32(d.last)
	w.u8(d.by)
	w.u8(d.state)
	w.str8(string(d.end))
	w.str16(d.detail)
	return w.end()
}

func decodeDeletion(b []byte) (deletion, error) {
	r, err := openRecord(b, magicDeletion)
	if err != nil {
		return deletion{}, err
	}
	d := deletion{run: media.Run(r.u32()), from: r.time(), until: r.time(), first: r.u32(), last: r.u32(), by: r.u8(), state: r.u8(),
		end: media.Reason(r.str8()), detail: r.str16()}
	return d, r.done()
}

// readDeletion reads the deletion that stands at a key.
func readDeletion(key, value []byte) (deletion, error) {
	d, err := decodeDeletion(value)
	if err == nil && string(d.key()) != string(key) {
		err = fmt.Errorf("a deletion of run %d at %v stands in the place of another", d.run, d.from)
	}
	return d, err
}

// check names the first rule that d breaks in a camera of so many runs.
func (d deletion) check(runs media.Run) error {
	switch {
	case d.run == 0 || d.run > runs:
		return fmt.Errorf("it is of run %d, and the runs are 1 to %d", d.run, runs)
	case d.until <= d.from || d.last < d.first:
		return fmt.Errorf("it lasts from %v to %v, over segments %d to %d", d.from, d.until, d.first, d.last)
	case d.by != byRetention && d.by != byPerson || d.state != goingOn && d.state != done:
		return fmt.Errorf("by %d and state %d are unknown", d.by, d.state)
	}
	return nil
}

// names reports whether d says that a segment has no file.
func (d deletion) names(id segmentID) bool {
	return d.run == id.run && d.first <= id.seq && id.seq <= d.last
}

// gap is what readers are shown.
func (d deletion) gap() media.Gap {
	return media.Gap{From: d.from, Until: d.until, Reason: media.Deleted, Detail: d.detail}
}

// takeDeletion learns a deletion of a file; files come in order, so that a later one counts.
func (n *notes) takeDeletion(key, value []byte) error {
	d, err := readDeletion(key, value)
	if err == nil {
		n.deleted = append(slices.DeleteFunc(n.deleted, func(o deletion) bool { return o.run == d.run && o.from == d.from }), d)
	}
	return err
}

// deletions are those of a run.
func (n *notes) deletions(run media.Run) (out []deletion) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, d := range n.deleted {
		if d.run == run {
			out = append(out, d)
		}
	}
	return out
}

// noteDeletion keeps a deletion durably, with anchors of its run. What retention does where a
// disk takes nothing more waits for the next write, like anchors.
func (n *notes) noteDeletion(d deletion, as media.Anchors) error {
	n.mu.Lock()
	for _, a := range as {
		n.want(d.run, a)
	}
	n.mu.Unlock()
	n.disk.Lock()
	defer n.disk.Unlock()
	err := n.write(func(tx *bolt.Tx) error { return putIn(tx, deletedBucket, d.key(), d.encode()) })
	if err != nil && (d.by != byRetention || !noSpace(err)) {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if err != nil { // retention will have made room for it
		n.late = append(n.late, d)
	}
	n.deleted = append(slices.DeleteFunc(n.deleted, func(o deletion) bool { return o.run == d.run && o.from == d.from }), d)
	return err
}

// putLate writes deletions that wait for room.
func putLate(tx *bolt.Tx, late []deletion) error {
	for _, d := range late {
		if err := putIn(tx, deletedBucket, d.key(), d.encode()); err != nil {
			return err
		}
	}
	return nil
}

// putDeletions writes all deletions into the file of which this is a transaction.
func (n *notes) putDeletions(tx *bolt.Tx) (err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, d := range n.deleted {
		err = errors.Join(err, putIn(tx, deletedBucket, d.key(), d.encode()))
	}
	return err
}

// hole is the deletion of a segment that retention removes though something
// older is kept: a new one, or that of the segment before, longer.
func (s *Bolt) hole(seg *segment) deletion {
	s.mu.RLock()
	d := deletion{run: seg.id.run, from: seg.sum.First, until: seg.until(), first: seg.id.seq, last: seg.id.seq, by: byRetention, state: done, detail: "to make room"}
	if i, ok := s.cat.find(seg.id); ok && i+1 < len(s.cat.segments) && s.cat.segments[i+1].id.run == seg.id.run {
		d.until = max(s.cat.segments[i+1].sum.First, d.from+1)
	} else if ok {
		d.end = seg.sum.End
	}
	s.mu.RUnlock()
	for _, o := range s.notes.deletions(d.run) {
		if o.by == byRetention && o.last+1 == d.first {
			o.last, o.until, o.end = d.last, max(o.until, d.until), d.end
			return o
		}
	}
	return d
}

// until is where the segment's last unit is over, or a little later.
func (s *segment) until() time.Duration {
	end := s.sum.First
	for _, t := range s.sum.Tracks {
		end = max(end, t.Last)
	}
	return end + time.Second
}
