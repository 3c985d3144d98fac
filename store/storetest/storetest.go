// Package storetest is the conformance suite of store.Store: what every
// implementation must do, by values known beforehand. The bbolt store and
// store.Memory both run it.
package storetest

import (
	"strings"
	"testing"

	"hindsight/store"
)

// SegmentBlocks is the most blocks of one second, each beginning with a key
// frame, that a segment of the stores under test may hold.
const SegmentBlocks = 10

// Backend makes the stores under test.
type Backend struct {
	// Open makes an empty store whose segments hold at most SegmentBlocks
	// blocks of one second. Its Fold is Fold.
	Open func(t *testing.T) store.Store
	// Reopen opens what s has written again, as a new process would. When s was
	// not closed before, it looks like what a killed process left. s is not used afterwards.
	Reopen func(t *testing.T, s store.Store) store.Store
}

// Fold is the Fold of the stores under test: 頭 is written 头.
func Fold(s string) string { return strings.ReplaceAll(s, "頭", "头") }

// Run runs the suite.
func Run(t *testing.T, b Backend) {
	for _, c := range []struct {
		name string
		test func(*testing.T, Backend)
	}{
		{"an empty store", testEmpty},
		{"a block comes back as it was committed", testRoundTrip},
		{"payloads are copies", testCopies},
		{"a block comes in parts", testParts},
		{"blocks that break a rule are refused whole", testRefused},
		{"a refused block changes nothing", testRefusedTwice},
		{"numbers only grow", testNumbers},
		{"steps over segments and runs", testSteps},
		{"steps from refs that never were", testInventedRefs},
		{"seek", testSeek},
		{"seek with tracks that lag", testSeekLag},
		{"entry describes its block", testEntry},
		{"key frame in force", testKeyInForce},
		{"key frame in force without video", testKeyWithoutVideo},
		{"gaps opened and closed", testGaps},
		{"anchors", testAnchors},
		{"how a run ends", testEnds},
		{"everything is there after reopening", testReopen},
		{"facts of a run", testRunInfo},
		{"tracks are never used again", testTracks},
		{"the oldest segment goes", testDropOldest},
		{"pinned segments stay", testDropAroundPins},
		{"a range is deleted", testDeleteRange},
		{"a pinned range is not deleted", testDeletePinned},
		{"numbers after everything was dropped", testDropAll},
		{"many readers while one commits", testReaders},
		{"captions come back as they were kept", testCaptionsComeBack},
		{"captions that break a rule are refused", testCaptionsRefused},
		{"captions by position and by number", testCaptionsByPosition},
		{"when captions begin", testCaptionStarts},
		{"captions edited by hand", testCaptionsEdited},
		{"captions replaced and deleted", testCaptionsReplaced},
		{"how far recognition has come", testHeard},
		{"captions go with their media", testCaptionsGoWithMedia},
		{"marks come back as they were kept", testMarks},
		{"marks edited and deleted", testMarksChanged},
		{"marks that break a rule are refused", testMarksRefused},
		{"what a search finds", testSearch},
		{"when what a search finds was spoken", testSearchTimes},
		{"search among many", testSearchMany},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, b) })
	}
}
