package store

import (
	"log/slog"
	"math/bits"
	"time"

	"hindsight/media"
)

// Options say how a Bolt is used. The zero value records with the defaults.
type Options struct {
	// ReadOnly opens what is there, also beside a process that records it, and
	// writes nothing. It shows the state at the time of Open.
	ReadOnly bool
	// Log gets one line per event; nil: none.
	Log *slog.Logger
	// Clock names the month of a notes file; nil: media.SystemClock.
	Clock media.Clock
	// SegmentSpan is the media time after which a segment is cut at the next
	// key frame; 0: 10 minutes.
	SegmentSpan time.Duration
	// SegmentBytes is the most that a segment's file may take, at least 1 MiB;
	// 0: 512 MiB, on 32 bits 128 MiB. So much address space is mapped while a segment is written.
	SegmentBytes int64

	// KeepCaptions is how long captions are kept whose media is deleted, from the
	// day on that they were spoken; 0: they go with it; below 0: for ever. What was spoken when the
	// clock was not trusted goes with the next that was.
	KeepCaptions time.Duration
	// Fold makes one of two ways to write a character of the other, so that search
	// finds either, as 頭 and 头; it is called with one character at a time, which is not ASCII, and may give
	// several. nil: none. What was indexed with another Fold is indexed anew.
	Fold func(string) string

	// NoSync leaves out the syncs of a segment: a power cut may then take or damage what was
	// committed, a kill may not. Never for a recording: only for a history that is generated and can be made again.
	NoSync bool

	fail  func(point) error // tests: called at every failure point
	slack int               // pages that a month that is over may waste; 0: 64
}

// point names a place where the process can die or a step can fail.
type point string

// The failure points, in the order of FORMAT.md section 5.
const (
	atRunNoted        point = "run: before the number is written"
	atSegmentMade     point = "segment: before .new is made"
	atSegmentRenamed  point = "segment: before the rename"
	atSegmentSynced   point = "segment: before the directory is synced"
	atAnchorsNoted    point = "commit: before anchors are noted"
	atCommit          point = "commit: before the transaction"
	atCommitted       point = "commit: before it is acknowledged"
	atTail            point = "cut: before the tail"
	atIndexed         point = "cut: before the index entry"
	atDropNoted       point = "drop: before anchors are noted"
	atDropIndexed     point = "drop: before the index entry goes"
	atDropUnlinked    point = "drop: before the unlink"
	atDropSynced      point = "drop: before the directory is synced"
	atCaptions        point = "captions: before the transaction"
	atCaptionsKept    point = "captions: before they are acknowledged"
	atCaptionsVoid    point = "captions: before replaced ones of old months go"
	atCaptionsSettled point = "captions: before it is forgotten that they were void"
	atCaptionsDropped point = "drop: before captions go"
	atDeletion        point = "deletion: before it is noted"
	atEdge            point = "deletion: before the copy of an edge"
	atEdgeRenamed     point = "deletion: before the copy takes its place"
	atEdgeIndexed     point = "deletion: before the index entry of the copy"
	atInside          point = "deletion: before what lies inside is unlinked"
	atDeletedSpoken   point = "deletion: before captions and bookmarks go"
	atDeletionDone    point = "deletion: before it is done"
	atMark            point = "mark: before the transaction"
	atMarkKept        point = "mark: before it is acknowledged"
	atMonthCarried    point = "month: before what it alone has is copied"
	atMonthRemoved    point = "month: before the unlink"
	atMonthCopied     point = "month: before a smaller copy is made"
	atMonthReplaced   point = "month: before the copy takes its place"
)

// points are all of them but those of a deletion, to which nobody comes by himself.
func points() []point {
	return []point{
		atRunNoted, atSegmentMade, atSegmentRenamed, atSegmentSynced, atAnchorsNoted, atCommit, atCommitted,
		atTail, atIndexed, atDropNoted, atDropIndexed, atDropUnlinked, atDropSynced,
		atCaptions, atCaptionsKept, atCaptionsVoid, atCaptionsSettled, atCaptionsDropped,
		atMark, atMarkKept, atMonthCarried, atMonthRemoved, atMonthCopied, atMonthReplaced,
	}
}

const (
	defaultSpan     = 10 * time.Minute
	lateSpan        = time.Minute      // so much later a segment is cut without a key frame
	insideSpan      = 10 * time.Second // so much later a key frame inside of a block will do
	minSegmentBytes = 1 << 20
)

// defaults fills in what is zero.
func (o Options) defaults() Options {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = media.SystemClock{}
	}
	if o.SegmentSpan == 0 {
		o.SegmentSpan = defaultSpan
	}
	if o.SegmentBytes == 0 {
		o.SegmentBytes = 512 << 20
		if bits.UintSize == 32 {
			o.SegmentBytes = 128 << 20
		}
	}
	if o.slack == 0 {
		o.slack = 64
	}
	o.SegmentBytes = max(o.SegmentBytes, minSegmentBytes)
	if o.fail == nil {
		o.fail = func(point) error { return nil }
	}
	return o
}

// growth is by how much a segment's file grows at a time.
func (o Options) growth() int64 { return min(o.SegmentBytes/32, 16<<20) }
