package timeline

import (
	"context"
	"fmt"
	"time"

	"hindsight/media"
)

// maxBlock is the most payload that one block takes, so that what has piled up
// during an outage goes to disk in pieces.
const maxBlock = 16 << 20

// maxSkew is how far a unit may lie below the highest DTS before it in its block.
const maxSkew = time.Second

// commitLoop writes a block every Options.Commit until the timeline ends.
func (t *Timeline) commitLoop() {
	timer := time.NewTimer(t.untilCommit())
	defer timer.Stop()
	for {
		select {
		case <-t.done:
			return
		case <-timer.C:
			t.commitAll("") //nolint:errcheck // it is counted and logged, and the rest tried again at the next tick
			timer.Reset(t.untilCommit())
		case r := <-t.sync:
			r <- t.commitAll("")
		}
	}
}

// untilCommit is the time to the next multiple of Options.Commit plus Options.Phase.
func (t *Timeline) untilCommit() time.Duration {
	return t.o.Commit - (t.o.Clock.Boot()-t.o.Phase)%t.o.Commit
}

// syncRequest is where Sync's caller is told how the commit went.
type syncRequest chan error

// Sync commits everything appended before the call and returns when it is
// durable, or the disk's error; what was not written is tried again every second all the same.
func (t *Timeline) Sync(ctx context.Context) error {
	if t.o.ReadOnly {
		return ErrClosed
	}
	r := make(syncRequest, 1)
	select {
	case t.sync <- r:
	case <-t.done:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-r:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// commitAll writes what is not on disk yet, in as many blocks as it takes; the
// last one with the reason why the run ends, if it does.
func (t *Timeline) commitAll(why media.Reason) error {
	t.mu.RLock()
	stop := t.tail.end()
	t.mu.RUnlock()
	for {
		b, end := t.nextBlock(stop, why)
		if b == nil {
			return nil
		}
		if err := t.commit(b, end); err != nil {
			return err
		}
	}
}

// nextBlock makes a block of the units below stop that are not on disk; nil: there is
// nothing to write. It begins the flight of the block, which commit ends.
func (t *Timeline) nextBlock(stop uint64, why media.Reason) (b *media.Block, end uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	b = &media.Block{Run: t.run}
	from := max(t.tail.done, t.tail.base)
	end = t.cut(from, stop)
	for n := from; n < end; n++ {
		u := *t.tail.unit(n)
		b.Units = append(b.Units, u)
		b.At = max(b.At, u.DTS)
		b.Tracks = t.describe(b.Tracks, u.Track)
	}
	if end >= stop {
		b.At = t.Media(t.o.Clock.Boot())
		b.End = why
	}
	b.At = max(b.At, t.at+1)
	for _, g := range t.gaps {
		if g.dirty {
			b.Gaps = append(b.Gaps, g.Gap)
		}
	}
	b.Anchors = append(b.Anchors, t.fresh...)
	if len(b.Units) == 0 && len(b.Gaps) == 0 && len(b.Anchors) == 0 && (b.End == "" || t.counts.ended) {
		return nil, 0
	}
	t.takeOff(end)
	return b, end
}

// cut says where the block that begins with unit from ends: at stop, or earlier
// so that the block keeps the rules of media.Block and a bearable size.
func (t *Timeline) cut(from, stop uint64) uint64 {
	var top, first time.Duration
	var bytes int64
	for n := from; n < stop; n++ {
		u := t.tail.unit(n)
		if n == from {
			first, top = u.DTS, u.DTS
		}
		bytes += int64(len(u.Payload))
		late := u.DTS < top-maxSkew
		long := u.DTS >= first+2*t.o.Commit
		if n > from && (late || long || bytes > maxBlock) {
			return n
		}
		top = max(top, u.DTS)
	}
	return max(from, stop)
}

// describe adds the track id to ts unless it is there.
func (t *Timeline) describe(ts []media.Track, id uint16) []media.Track {
	for _, tr := range ts {
		if tr.ID == id {
			return ts
		}
	}
	tr, _ := t.tracks.Load().get(id)
	return append(ts, tr)
}

// commit writes one block and draws the conclusions.
func (t *Timeline) commit(b *media.Block, end uint64) error {
	began := time.Now()
	ref, err := t.o.Store.Commit(b)
	took := time.Since(began)
	boot := t.o.Clock.Boot()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counts.commit(boot, took, err)
	if err == nil {
		t.at = b.At
		t.fresh = t.fresh[len(b.Anchors):]
		t.counts.ended = b.End != ""
		t.clean(b.Gaps)
		t.tail.committed(ref, end)
	}
	t.land(err)
	if err == nil {
		t.tail.trim(t.o.TailSpan, t.o.TailBytes)
	}
	t.logCommit(boot, err)
	next := make(chan struct{})
	close(*t.wake.Swap(&next)) // for cursors that wait to know what became of the block
	if err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// clean notes which gaps are on disk as they are.
func (t *Timeline) clean(told []media.Gap) {
	for _, g := range t.gaps {
		for _, o := range told {
			if g.Gap == o {
				g.dirty = false
			}
		}
	}
}

// logCommit logs the first error of an outage, one line a minute while it lasts, and its end.
func (t *Timeline) logCommit(boot time.Duration, err error) {
	c := &t.counts
	switch {
	case err != nil && (!c.failing || boot-c.logged >= time.Minute):
		c.failing, c.logged = true, boot
		t.log.Error("a block could not be written; it is kept in memory and tried again every second",
			"reason", string(reasonOf(err)), "err", err, "waiting", t.waiting(), "tail_bytes", t.tail.bytes)
	case err == nil && c.failing:
		c.failing = false
		t.log.Info("the disk takes blocks again", "lost_bytes", c.dropped)
	}
}

// waiting is how much media time is only in memory.
func (t *Timeline) waiting() time.Duration {
	from := max(t.tail.done, t.tail.base)
	if from >= t.tail.end() {
		return 0
	}
	return max(t.tail.top-t.tail.unit(from).DTS, 0)
}
