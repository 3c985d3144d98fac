package timeline

import (
	"context"
	"slices"

	"hindsight/media"
	"hindsight/store"
)

// PinnedError names the pin that holds a part of what is to be deleted; see package store.
type PinnedError = store.PinnedError

// Deleted is what Delete has deleted; see package store.
type Deleted = store.Deleted

// Delete deletes what is recorded in from <= t < until, durably, with the captions and bookmarks in it; see
// store.DeleteRange. Open cursors go on behind it, told as a jump. When it reaches the live end, recording
// goes on with the next key frame. why is what the gap says; may be empty.
func (t *Timeline) Delete(ctx context.Context, from, until media.Position, why string) (Deleted, error) {
	t.pressing.Lock()
	defer t.pressing.Unlock()
	if t.o.ReadOnly {
		return Deleted{}, ErrReadOnly
	}
	newest := from.Run <= t.run && t.run <= until.Run // of the run being recorded
	if newest {
		newest = t.awaitKey(until)
	}
	if newest {
		if err := t.Sync(ctx); err != nil {
			return Deleted{}, err
		}
	}
	t.spoken.writing.Lock()
	defer t.spoken.writing.Unlock()
	d, err := t.o.Store.DeleteRange(from, until, why)
	if d.From != (media.Position{}) || err == nil {
		t.forget(newest)
		t.spoken.put(CaptionEvent{Kind: CaptionsDeleted, Range: CaptionRange{From: from, Until: until}})
	}
	return d, t.marked(err)
}

// awaitKey has video wait for a key frame when none that is held stands behind until:
// what came before it could not be decoded. It reports whether anything of the run was recorded.
func (t *Timeline) awaitKey(until media.Position) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	held := t.tail.key >= t.tail.base && t.tail.key > 0
	if !t.gate.stopped && !(held && (until.Run == t.run && until.Time <= t.tail.unit(t.tail.key).DTS)) {
		t.gate.kinds.add(media.Video)
	}
	return len(t.heads) > 0
}

// forget lets go of everything in memory that was deleted on disk: what is needed is read again.
func (t *Timeline) forget(newest bool) {
	t.cache.clear()
	t.past.stale()
	if !newest {
		return
	}
	var told []media.Gap
	for _, r := range t.o.Store.Runs() {
		if r.Run == t.run {
			told = r.Gaps
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.tail.base < t.tail.done && len(t.tail.units) > 0 {
		t.tail.pop()
	}
	t.tail.prune()
	for _, g := range told {
		if g.Reason == media.Deleted && !slices.ContainsFunc(t.gaps, func(o *gapState) bool { return o.Gap == g }) {
			t.gaps = append(t.gaps, &gapState{Gap: g})
		}
	}
	t.reshape()
}
