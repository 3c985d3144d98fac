package store

import (
	"time"

	"hindsight/media"
)

// trackStat is what a block or a segment holds of one track.
type trackStat struct {
	media.Track
	First, Last        time.Duration
	Units, Keys, Bytes uint64
	Table              uint64 // bytes of its tables
}

// add counts one more unit.
func (s *trackStat) add(u media.Unit) {
	if s.Units == 0 {
		s.First = u.DTS
	}
	s.Last = u.DTS
	s.Units++
	if u.IsKey() {
		s.Keys++
	}
	s.Bytes += uint64(len(u.Payload))
	s.Table += uint64(unitHeader + len(u.Payload))
}

// stat is s as callers see it.
func (s trackStat) stat() TrackStat {
	return TrackStat{Track: s.ID, First: s.First, Last: s.Last, Units: int64(s.Units), Keys: int64(s.Keys), Bytes: int64(s.Bytes)}
}

func (w *writer) stats(ts []trackStat) {
	w.u16(uint16(len(ts)))
	for _, t := range ts {
		w.track(t.Track)
		w.time(t.First)
		w.time(t.Last)
		w.u64(t.Units)
		w.u64(t.Keys)
		w.u64(t.Bytes)
		w.u64(t.Table)
	}
}

func (r *reader) stats() (ts []trackStat) {
	r.list(func() {
		ts = append(ts, trackStat{
			Track: r.track(), First: r.time(), Last: r.time(), Units: r.u64(), Keys: r.u64(), Bytes: r.u64(), Table: r.u64(),
		})
	})
	return ts
}

// head is what stands at the beginning of a segment.
type head struct {
	Run     media.Run
	Seq     uint32
	Before  uint32 // blocks of the segment before that count
	Cut     string // why the segment before ended
	Open    []media.Gap
	Anchors media.Anchors
}

// The reasons for a cut.
const (
	cutRun      = "run"
	cutKey      = "key"
	cutLate     = "late"
	cutSize     = "size"
	cutError    = "error"
	cutDeletion = "deletion"
)

func (h head) encode() []byte {
	w := newRecord(magicHead)
	w.u32(uint32(h.Run))
	w.u32(h.Seq)
	w.u32(h.Before)
	w.str8(h.Cut)
	w.gaps(h.Open)
	w.anchors(h.Anchors)
	return w.end()
}

func decodeHead(b []byte) (head, error) {
	r, err := openRecord(b, magicHead)
	if err != nil {
		return head{}, err
	}
	h := head{Run: media.Run(r.u32()), Seq: r.u32(), Before: r.u32(), Cut: r.str8(), Open: r.gaps(), Anchors: r.anchors()}
	return h, r.done()
}

// blockHead is a block without its units.
type blockHead struct {
	Ref       Ref
	At, First time.Duration
	Key       Ref
	KeyAt     time.Duration
	End       media.Reason
	Tracks    []trackStat
	Gaps      []media.Gap
	Anchors   media.Anchors
}

func (h blockHead) encode() []byte {
	w := newRecord(magicBlock)
	w.u32(uint32(h.Ref.Run))
	w.u32(h.Ref.Segment)
	w.u32(h.Ref.Block)
	w.time(h.At)
	w.time(h.First)
	w.u32(h.Key.Segment)
	w.u32(h.Key.Block)
	w.time(h.KeyAt)
	w.str8(string(h.End))
	w.stats(h.Tracks)
	w.gaps(h.Gaps)
	w.anchors(h.Anchors)
	return w.end()
}

func decodeBlockHead(b []byte) (blockHead, error) {
	r, err := openRecord(b, magicBlock)
	if err != nil {
		return blockHead{}, err
	}
	h := blockHead{
		Ref: Ref{media.Run(r.u32()), r.u32(), r.u32()},
		At:  r.time(), First: r.time(),
		Key: Ref{Segment: r.u32(), Block: r.u32()}, KeyAt: r.time(),
		End:    media.Reason(r.str8()),
		Tracks: r.stats(), Gaps: r.gaps(), Anchors: r.anchors(),
	}
	if h.Key != (Ref{}) {
		h.Key.Run = h.Ref.Run
	}
	return h, r.done()
}

// entry is h as callers see it.
func (h blockHead) entry() Entry {
	e := Entry{Ref: h.Ref, At: h.At, First: h.First, Key: h.Key, KeyAt: h.KeyAt, End: h.End}
	for _, t := range h.Tracks {
		if t.Units > 0 {
			e.Stats = append(e.Stats, t.stat())
		}
	}
	return e
}

// tracks are the tracks that the block describes.
func (h blockHead) tracks() []media.Track {
	ts := make([]media.Track, len(h.Tracks))
	for i, t := range h.Tracks {
		ts[i] = t.Track
	}
	return ts
}
