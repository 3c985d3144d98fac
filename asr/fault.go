package asr

// Reason says why there is no recognition. A reader shows an unknown one as it stands.
type Reason string

// The reasons known today.
const (
	NoEngine    Reason = "no engine"    // the name is of no engine of this program
	NoLibrary   Reason = "no library"   // the engine's shared library is not there or cannot be loaded
	NoModel     Reason = "no model"     // there is nothing at the model's path
	BrokenModel Reason = "broken model" // the engine does not take the model, or dies of it
	BadPhrases  Reason = "bad phrases"  // the engine does not take the phrase list
	Memory      Reason = "memory"       // the child needs more than it may
	Hung        Reason = "hung"         // the child did not answer
	Died        Reason = "died"         // the child ended by itself or was killed
	Garbled     Reason = "garbled"      // the child said what is no answer
)

// Fault is why there is no recognition now.
type Fault struct {
	Reason Reason
	Text   string // one sentence for a person: what, where, what to do
}

// Error is the sentence.
func (f *Fault) Error() string { return f.Text }
