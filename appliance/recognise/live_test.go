package recognise

import (
	"strings"
	"testing"
	"time"

	"hindsight/asr/asrtest"
)

const off = 60 * time.Millisecond

// Words that are spoken while the service runs are kept once, at their times,
// and so are those that were spoken before it ran.
func TestLiveAndBefore(t *testing.T) {
	r := newRig(t, nil)
	r.speak(40, 3*time.Second) // two minutes, of which the live recogniser takes the last
	s, stop := r.service(nil, hearingOf(t, asrtest.Script{}))
	await(t, "what was there is captioned", func() bool { return len(r.words("de")) == 40 })
	r.speak(10, 3*time.Second)
	await(t, "what came is captioned", func() bool { return len(r.words("de")) == 50 })
	await(t, "nothing is pending", func() bool { return status(s).Pending == 0 })
	if st := status(s); st.State != Listening || st.Words != 50 || st.Starts != 1 || st.Pid == 0 {
		t.Errorf("status %+v", st)
	}
	stop()
	asrtest.Same(t, r.words("de"), r.truth, off)
	t.Log(r.heard("de"))
}

// Silence that is not yet written down is nobody else's: no second recogniser is started for it.
func TestSilenceIsNotPending(t *testing.T) {
	r := newRig(t, nil)
	s, _ := r.service(nil, hearingOf(t, asrtest.Script{}))
	await(t, "it listens", func() bool { return status(s).State == Listening })
	for range 5 {
		r.say(spoken[0], 3*time.Second)
		r.quiet(3 * time.Second)
		await(t, "the word is kept", func() bool { return len(r.words("de")) == len(r.truth) })
		for range 5 { // looks of the keeper
			looked := s.hearings("cam")[0].makeAccount(markAfter)
			if len(looked.todo) > 0 {
				t.Fatalf("to be made up for: %+v", looked.todo)
			}
		}
	}
}

// The words of the phrase list that the model lacks are named; the others are recognised.
func TestUnknownPhrases(t *testing.T) {
	r := newRig(t, nil)
	conf := hearingOf(t, asrtest.Script{})
	conf.Phrases = []string{"eins", "zwei", "drei", "vier fünf"}
	s, _ := r.service(nil, conf)
	r.say(spoken[0], 3*time.Second)
	r.quiet(3 * time.Second)
	await(t, "the words are named", func() bool { return strings.HasSuffix(status(s).Problem, ": vier, fünf") })
	await(t, "the others are heard", func() bool { return len(r.words("de")) == 1 })
}
