package store

import (
	"errors"
	"fmt"
	"time"

	"hindsight/media"
)

// recording is the run being recorded, as far as the next block depends on it.
type recording struct {
	run    media.Run
	begun  bool          // it has a block
	at     time.Duration // At of the block before
	end    media.Reason
	last   map[uint16]time.Duration // DTS of each track's last unit
	keys   map[uint16]keyFrame      // last key frame of each video track
	seq    uint32                   // number of its last segment
	cut    string                   // why the segment before the next one ended
	before uint32                   // blocks of that segment that count
}

// keyFrame is where a key frame stands.
type keyFrame struct {
	ref Ref
	dts time.Duration
}

func newRecording(n media.Run) *recording {
	return &recording{run: n, last: map[uint16]time.Duration{}, keys: map[uint16]keyFrame{}, cut: cutRun}
}

// check names the first rule of media.Block that b breaks, and returns what b holds of each track.
func (r *recording) check(b *media.Block, known map[uint16]media.Track) ([]trackStat, error) {
	switch {
	case b.Run != r.run:
		return nil, fmt.Errorf("it is of run %d, and run %d is being recorded", b.Run, r.run)
	case r.end != "":
		return nil, fmt.Errorf("run %d has ended: %s", r.run, r.end)
	case len(b.Units) == 0 && len(b.Gaps) == 0 && len(b.Anchors) == 0 && b.End == "":
		return nil, errors.New("it is empty")
	case r.begun && b.At <= r.at:
		return nil, fmt.Errorf("its time %v does not rise above that of the block before, %v", b.At, r.at)
	case len(b.End) > 0xff || len(b.Tracks) > 0xffff || len(b.Gaps) > 0xffff || len(b.Anchors) > 0xffff:
		return nil, errors.New("more than 65,535 tracks, gaps or anchors, or a reason of more than 255 bytes")
	}
	if err := errors.Join(checkGaps(b.Gaps), checkAnchors(b.Anchors)); err != nil {
		return nil, err
	}
	stats, err := trackStats(b.Tracks, known)
	if err != nil {
		return nil, err
	}
	return stats, r.checkUnits(b, stats)
}

// trackStats checks the tracks of a block and begins their counts.
func trackStats(tracks []media.Track, known map[uint16]media.Track) ([]trackStat, error) {
	stats := make([]trackStat, 0, len(tracks))
	seen := map[uint16]bool{}
	for _, t := range tracks {
		k, ok := known[t.ID]
		switch {
		case !ok:
			return nil, fmt.Errorf("track %d is unknown; NewTrack gives the numbers", t.ID)
		case !k.Same(t):
			return nil, fmt.Errorf("track %d is another stream than it was", t.ID)
		case seen[t.ID]:
			return nil, fmt.Errorf("track %d is described twice", t.ID)
		case len(t.Config) > 0xffff:
			return nil, fmt.Errorf("track %d: a Config of %d bytes, at most 65,535", t.ID, len(t.Config))
		}
		seen[t.ID] = true
		stats = append(stats, trackStat{Track: t})
	}
	return stats, nil
}

// checkUnits checks the units of b and counts them in stats.
func (r *recording) checkUnits(b *media.Block, stats []trackStat) error {
	of := map[uint16]*trackStat{}
	for i := range stats {
		of[stats[i].ID] = &stats[i]
	}
	for i, u := range b.Units {
		s := of[u.Track]
		if s == nil {
			return fmt.Errorf("unit %d is of track %d, which the block does not describe", i, u.Track)
		}
		last, ok := r.last[u.Track]
		if s.Units > 0 {
			last, ok = s.Last, true
		}
		if ok && u.DTS <= last {
			return fmt.Errorf("unit %d of track %d: its DTS %v does not rise above %v", i, u.Track, u.DTS, last)
		}
		s.add(u)
	}
	return nil
}

func checkGaps(gs []media.Gap) error {
	for i, g := range gs {
		if g.From < 0 || g.Until != 0 && g.Until < g.From {
			return fmt.Errorf("gap %d lasts from %v to %v", i, g.From, g.Until)
		}
		if len(g.Reason) > 0xff || len(g.Detail) > 0xffff {
			return fmt.Errorf("gap %d: a reason of more than 255 bytes or a detail of more than 65,535", i)
		}
	}
	return nil
}

// checkAnchors checks what has to fit into nanoseconds since 1970.
func checkAnchors(as []media.Anchor) error {
	for i, a := range as {
		if a.Media < 0 || a.Wall.Year() < 1900 || a.Wall.Year() > 2200 {
			return fmt.Errorf("anchor %d: media time %v at %v", i, a.Media, a.Wall)
		}
	}
	return nil
}

// head is the record of block b at ref.
func (r *recording) head(b *media.Block, ref Ref, stats []trackStat) blockHead {
	h := blockHead{Ref: ref, At: b.At, First: b.At, End: b.End, Tracks: stats, Gaps: b.Gaps, Anchors: b.Anchors}
	video := false
	for i, u := range b.Units {
		if i == 0 || u.DTS < h.First {
			h.First = u.DTS
		}
		if !video && kindOf(b.Tracks, u.Track) == media.Video {
			video = true
			if k, ok := r.keys[u.Track]; ok && !u.IsKey() {
				h.Key, h.KeyAt = k.ref, k.dts
			}
		}
	}
	return h
}

// took notes that b stands at h.Ref.
func (r *recording) took(b *media.Block, h blockHead) {
	r.begun, r.at, r.end = true, b.At, b.End
	for _, u := range b.Units {
		r.last[u.Track] = u.DTS
		if u.IsKey() && kindOf(b.Tracks, u.Track) == media.Video {
			r.keys[u.Track] = keyFrame{h.Ref, u.DTS}
		}
	}
}

// cutReason says whether and why a segment that has lasted so long ends before
// b; empty when it goes on. video: the segment has a picture.
func cutReason(b *media.Block, lasted, span time.Duration, video bool) string {
	if lasted < span {
		return ""
	}
	first, key := false, false // b has video; holds a key frame
	for _, u := range b.Units {
		if kindOf(b.Tracks, u.Track) != media.Video {
			continue
		}
		if !first && u.IsKey() {
			return cutKey
		}
		first = true
		key = key || u.IsKey()
	}
	switch {
	case !first && !video, key && lasted >= span+insideSpan:
		return cutKey
	case lasted >= span+lateSpan:
		return cutLate
	}
	return ""
}

// kindOf is the kind of a block's track.
func kindOf(ts []media.Track, id uint16) media.Kind {
	for _, t := range ts {
		if t.ID == id {
			return t.Kind
		}
	}
	return 0
}
