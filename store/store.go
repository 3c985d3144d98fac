// Package store keeps one camera's timeline on disk in bbolt files.
//
// FORMAT.md beside this file says how: the files, the bytes, the invariants,
// the order of writes and deletions. The package knows media and nothing else
// of ours. Two implementations share one conformance suite (storetest): the
// bbolt store, and Memory for tests of what stands on it.
package store

import (
	"errors"
	"time"

	"hindsight/media"
)

// ErrNoBlock says that there is no block on that side: the timeline is empty,
// or begins after, or ends before what was asked for.
var ErrNoBlock = errors.New("store: no such block")

// ErrGone says that the block of a Ref was deleted by retention or on a
// person's wish since the Ref was handed out.
var ErrGone = errors.New("store: block was deleted")

// ErrReadOnly says that the store was opened for reading.
var ErrReadOnly = errors.New("store: opened read-only")

// ErrDamaged says that a block, or its whole segment, cannot be read; what else it says is why.
var ErrDamaged = errors.New("store: damaged")

// Ref names a block. Refs order by Run, then Segment, then Block.
type Ref struct {
	Run     media.Run
	Segment uint32 // number of the segment within its run, from 1
	Block   uint32 // number of the block within its segment, from 1
}

// TrackStat is what a block, a run or a store holds of one track.
type TrackStat struct {
	Track       uint16
	First, Last time.Duration // DTS of the first and the last unit; within one run only
	Units       int64
	Keys        int64
	Bytes       int64 // payload bytes
	Damaged     int64 // units whose checksum failed when they were read
}

// Entry describes a block without its units: what its header says.
type Entry struct {
	Ref   Ref
	At    time.Duration // as Block.At
	First time.Duration // lowest DTS of the block; At if it has no units
	Stats []TrackStat
	// KeyAt is the DTS of the last video key frame at or before the block's first
	// video unit, and Key the block that holds it: decoding this block begins
	// there. Zero Key: the block has no video, or decoding begins in it.
	Key   Ref
	KeyAt time.Duration
	End   media.Reason
}

// RunInfo is one run as far as it is kept.
type RunInfo struct {
	Run         media.Run
	Anchors     media.Anchors
	First, Last time.Duration // lowest and highest DTS kept; Last is below First when nothing is kept
	End         media.Reason  // how the run ended; media.Crash when it did not say so; empty while it is recorded
	Gaps        []media.Gap   // inside the run, by From; a Gap still open has Until 0
	Stats       []TrackStat
	Segments    int
	FileBytes   int64 // size of its segment files on disk
}

// Store is one camera's timeline: blocks, what was spoken, and what people noted. One goroutine commits; any number read.
type Store interface {
	// BeginRun begins a new run, one above the highest ever used, durably.
	// Until Commit has returned for its first block the run may vanish in a crash.
	BeginRun(first media.Anchor) (media.Run, error)

	// NewTrack gives t an ID never used before in this camera, durably, and returns it.
	// A track that is Same as one already known of the current process's latest
	// use is still a new one here; reusing is the caller's choice.
	NewTrack(t media.Track) (media.Track, error)

	// Commit appends b to the run begun last and returns when it is durable. An
	// error leaves the store as it was before the call; the same or a merged
	// block may be tried again. A block that breaks the rules of media.Block is
	// refused whole, with an error that names the rule.
	Commit(b *media.Block) (Ref, error)

	// Tracks are all tracks known, by ID.
	Tracks() []media.Track

	// Runs are the runs with anything kept, oldest first; the one being recorded is last.
	Runs() []RunInfo

	// Seek finds the last block with First at or before p.Time in run p.Run. When
	// p lies before all blocks of its run, or the run keeps none, it is the first
	// block after p; ErrNoBlock when there is none.
	Seek(p media.Position) (Ref, error)
	// Next and Prev step over segment and run boundaries. ErrNoBlock at the ends. A
	// Ref that is gone steps to the nearest one kept.
	Next(r Ref) (Ref, error)
	Prev(r Ref) (Ref, error)

	// Entry reads a block's header.
	Entry(r Ref) (Entry, error)
	// Read reads a whole block into memory of its own: one copy, shared by the
	// payloads. A unit that fails its checksum is left out, counted in damaged, and the next unit of
	// its track gets media.Lost.
	Read(r Ref) (b *media.Block, damaged int, err error)

	// Part reads some of a block's units in commit order, without what else is in the block: from a mark on
	// (nil: the block's beginning), about most payload bytes and at least one unit. rest marks those
	// behind them; nil: there are none. Of a damaged block a part has all that is left. The errors are those of Read.
	Part(r Ref, from *Mark, most int) (us []media.Unit, rest *Mark, err error)

	// DropOldest deletes the oldest segment that is not being written, in the order FORMAT.md
	// gives, and that no pin touches, and returns the bytes freed; ErrNoBlock when there is none.
	DropOldest() (freed int64, err error)
	// NextDrop is where that segment begins.
	NextDrop() (p media.Position, ok bool)
	// DeleteRange deletes what is recorded in from <= t < until, durably, with the captions of which any part lies
	// there and the bookmarks in it. In each run it goes on to the next video key frame, since what stands before that could not be
	// decoded any more; where none is, the next video unit committed must be one. A *PinnedError refuses all of it.
	// An error that comes later leaves a part, which the next start completes. why is what the gap says; may be empty.
	DeleteRange(from, until media.Position, why string) (Deleted, error)
	// PinnedBytes is what the segments take that pins hold.
	PinnedBytes() int64

	// Captions and Marks are kept beside the blocks.
	Captions
	Marks

	// Close ends the use of the store. It does not end the run: Commit a block with End first.
	Close() error
}
