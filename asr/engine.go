package asr

import (
	"hindsight/media"
)

// Engine is a library that recognises speech, with one model loaded. It is
// used by one goroutine at a time, and has one Recognizer at a time.
type Engine interface {
	// Lacks returns those of the words that the model does not know, in their
	// order: they can never be recognised.
	Lacks(words []string) ([]string, error)
	// New begins a new hearing, with nothing heard before. One that was begun
	// earlier must be closed first.
	New(Options) (Recognizer, error)
	// Close gives the model's memory back.
	Close() error
}

// Recognizer hears one stretch of sound.
type Recognizer interface {
	// Feed hears the next samples (Rate, mono), at most a second of them; it keeps
	// none. An answer with Final ends an utterance, what is fed next begins another.
	Feed(pcm []int16) (Answer, error)
	// Finish says that no more sound comes; its answer is Final. Only Close may follow.
	Finish() (Answer, error)
	// Close may be called at any time, more than once.
	Close() error
}

// Options are what a hearing can be asked for.
type Options struct {
	// Phrases limits what can be recognised to a list; empty: any word of the
	// model. A list turns every other speech, and music, into its words with full
	// confidence: it is for commands and tests.
	Phrases []string
}

// Answer is what a Recognizer makes of the sound so far.
type Answer struct {
	Final   bool
	Partial string       // not Final: the utterance so far, words parted by blanks; may change
	Words   []media.Word // Final: the utterance's words; times count from the Recognizer's first sample
}

// Opener loads a model. library is the path of the engine's shared library,
// model that of its folder or file; fast asks for utterances that end after half
// the usual silence, where the model allows for it. It fails with a *Fault.
type Opener func(library, model string, fast bool) (Engine, error)

// Engines are the engines of this program by name. A new map each time: tests add theirs.
func Engines() map[string]Opener {
	return map[string]Opener{"vosk": OpenVosk}
}
