package asr

import (
	"context"
	"time"

	"hindsight/media"
)

// Sound is the decoded sound of one track, read in order of time. The Listener
// reads as fast as it recognises; a source that can go back in the past, as a
// cursor on a timeline, makes it catch up by itself.
type Sound interface {
	// Next waits for the next chunk. It ends with io.EOF at the end of the sound
	// and with ctx.Err() when ctx is done; then nothing is lost and Next may be
	// called again. Any other error ends the listening.
	Next(ctx context.Context) (Chunk, error)
}

// Chunk is a piece of decoded sound, of any length.
type Chunk struct {
	Run      media.Run
	At       time.Duration // media time of the first sample
	Rate     int           // Hz, 4000 to 192000
	Channels int           // 1 or more
	Samples  []int16       // interleaved; not changed and not kept after the next call of Next
	Behind   time.Duration // how much newer sound there is; 0: this is the live end
	// New: it does not go on where the chunk before ended, whatever its time. Before
	// Next is called again, all that went before has been made final, if this chunk has no samples.
	New bool
}

// Sink takes what a Listener finds. Its methods are called by the goroutine of
// Run, in order, and should not take long; an error of Done ends the listening.
type Sink interface {
	// Partial says what is being said; it may change. Text is empty when
	// nothing is. Words are none, End is where the sound was so far.
	Partial(media.Caption)
	// Done hands over the captions of a span, which may be none, complete and for
	// good. Spans of a run follow one another without a hole as the sound does.
	// Who keeps both at once can go on at span.Until after any crash.
	Done(captions []media.Caption, span media.HeardSpan) error
	// State tells every change of State or Why, not of the figures.
	State(Status)
}

// State says what a Listener is doing.
type State string

// The states.
const (
	Starting  State = "starting"  // a child loads its model
	Listening State = "listening" // at the live end, or near
	Behind    State = "behind"    // recognising, but of sound some seconds old
	Waiting   State = "waiting"   // after a fault; a child is started again in a while
	Stopped   State = "stopped"   // Run has returned
)

// Status is how a Listener fares.
type Status struct {
	State  State
	Reason Reason        // of the last fault, while it lasts; else empty
	Why    string        // one sentence for a person; empty while all is well
	Behind time.Duration // of the sound being heard
	Pid    int           // of the child; 0: none
	RSS    int64         // bytes, of the child; looked at every few seconds of sound
	CPU    time.Duration // of all children so far
	Starts int           // children started so far
	Heard  time.Duration // sound heard so far; what is heard again counts once
	Lacks  []string      // words of Options.Phrases that the model does not know: phrases with them are never recognised
}
