package media

import "time"

// Block is what one commit writes: about one second of units of all tracks of
// one run, in commit order, and what became known meanwhile.
//
// Commit order: within a track DTS strictly rises, also from block to block;
// across tracks the skew is at most one second.
type Block struct {
	Run     Run
	At      time.Duration // media time of the commit; rises from block to block of a run
	Tracks  []Track       // at least every track that has units here
	Units   []Unit
	Gaps    []Gap    // begun or ended since the block before
	Anchors []Anchor // new since the block before
	End     Reason   // why the run ends with this block; empty in every other
}
