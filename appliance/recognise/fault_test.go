package recognise

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/asr/asrtest"
	"hindsight/media"
)

// Each fault of a recogniser happens once, in the middle of speech: no word is
// lost or doubled.
func TestFaults(t *testing.T) {
	for _, do := range []string{"abort", "exit", "hang", "garbage"} {
		t.Run(do, func(t *testing.T) {
			r := newRig(t, nil)
			once := filepath.Join(t.TempDir(), "once")
			h := hearingOf(t, asrtest.Script{Faults: []asrtest.Fault{{Hz: spoken[1].Hz, Do: do, Once: once}}})
			s, _ := r.service(func(o *Options) { o.Child.Patience = 500 * time.Millisecond }, h)
			await(t, "it listens", func() bool { return status(s).State == Listening })
			r.speak(6, 3*time.Second)
			r.settled(s, 6)
			asrtest.Same(t, r.words("de"), r.truth, off)
			if _, err := os.Stat(once); err != nil {
				t.Errorf("the fault did not happen: %v", err)
			}
			if st := status(s); st.Starts < 2 || st.Problem != "" {
				t.Errorf("%+v", st)
			}
		})
	}
}

// A child that grows beyond its limit is started anew.
func TestChildGrows(t *testing.T) {
	r := newRig(t, nil)
	h := hearingOf(t, asrtest.Script{Faults: []asrtest.Fault{{Hz: spoken[1].Hz, Do: "grow"}}})
	s, _ := r.service(func(o *Options) { o.Tune.Memory = 250 * mb }, h)
	await(t, "it listens", func() bool { return status(s).State == Listening })
	r.speak(12, 3*time.Second) // 4 of the words, of 30 frames each: 480 MB
	r.settled(s, 12)
	asrtest.Same(t, r.words("de"), r.truth, off)
	if st := status(s); st.Starts < 2 {
		t.Errorf("%d starts", st.Starts)
	}
}

// A stopped child is taken for hung and another one started.
func TestChildStopped(t *testing.T) {
	r := newRig(t, nil)
	s, _ := r.service(func(o *Options) { o.Child.Patience = 500 * time.Millisecond }, hearingOf(t, asrtest.Script{}))
	await(t, "it listens", func() bool { return status(s).State == Listening && status(s).Pid != 0 })
	r.speak(2, 3*time.Second)
	pid := status(s).Pid
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	r.speak(4, 3*time.Second)
	r.settled(s, 6)
	asrtest.Same(t, r.words("de"), r.truth, off)
	if st := status(s); st.Pid == pid {
		t.Error("it is the same child")
	}
	await(t, "the stopped one is gone", func() bool { return syscall.Kill(pid, 0) != nil })
}

// A model that cannot be used is said in a sentence, sound is pending with it,
// and captioned when the model is right again, without anybody's doing.
func TestModelCannotBeUsed(t *testing.T) {
	for what, want := range map[string]string{"broken": "script", "gone": "no speech model"} {
		t.Run(what, func(t *testing.T) {
			r := newRig(t, nil)
			h := hearingOf(t, asrtest.Script{})
			good, err := os.ReadFile(h.Dir)
			if err != nil {
				t.Fatal(err)
			}
			if what == "gone" {
				err = os.Remove(h.Dir)
			} else {
				err = os.WriteFile(h.Dir, []byte("{"), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			s, _ := r.service(func(o *Options) { o.Tune.Lag = 5 * time.Second }, h)
			await(t, "it says so", func() bool { return status(s).State == Waiting && strings.Contains(status(s).Problem, want) })
			r.speak(25, 3*time.Second)
			await(t, "it is pending", func() bool {
				p := r.spans(media.HeardPending)
				return len(p) > 0 && strings.Contains(p[0].Why, want)
			})
			if err := os.WriteFile(h.Dir, good, 0o600); err != nil {
				t.Fatal(err)
			}
			r.settled(s, 25)
			asrtest.Same(t, r.words("de"), r.truth, off)
		})
	}
}

// The model is removed while it is in use: the child has it, and when that is
// gone, too, what is missing is said, and recording goes on.
func TestModelRemovedInUse(t *testing.T) {
	r := newRig(t, nil)
	h := hearingOf(t, asrtest.Script{})
	s, _ := r.service(nil, h)
	await(t, "it listens", func() bool { return status(s).State == Listening })
	r.speak(2, 3*time.Second)
	good, err := os.ReadFile(h.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(h.Dir); err != nil {
		t.Fatal(err)
	}
	r.speak(2, 3*time.Second)
	await(t, "it goes on", func() bool { return len(r.words("de")) == 4 })
	if err := syscall.Kill(status(s).Pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	r.speak(2, 3*time.Second)
	await(t, "it says so", func() bool { return strings.Contains(status(s).Problem, "no speech model") })
	if err := os.WriteFile(h.Dir, good, 0o600); err != nil {
		t.Fatal(err)
	}
	r.settled(s, 6)
	asrtest.Same(t, r.words("de"), r.truth, off)
}

// Without the engine's library there is a sentence, and no captions.
func TestLibraryMissing(t *testing.T) {
	r := newRig(t, nil)
	s, stop := r.service(func(o *Options) {
		o.Child.Engine, o.Child.Library = "vosk", filepath.Join(r.t.TempDir(), "libvosk.so")
	}, hearingOf(t, asrtest.Script{}))
	await(t, "it says so", func() bool { return status(s).State == Waiting && strings.Contains(status(s).Problem, "libvosk.so") })
	r.speak(2, 3*time.Second)
	stop()
	p := r.spans(media.HeardPending)
	if len(p) != 1 || !strings.Contains(p[0].Why, "libvosk.so") {
		t.Errorf("pending: %+v", p)
	}
}

// Sound that cannot be decoded is pending with the sentence.
func TestUndecodable(t *testing.T) {
	r := newRig(t, nil)
	s, stop := r.service(func(o *Options) {
		o.Decode = func(media.Track) (Decoder, Format, error) { return nil, Format{}, errCodec }
	}, hearingOf(t, asrtest.Script{}))
	await(t, "it says so", func() bool { return status(s).State == NoModel && status(s).Problem == errCodec.Error() })
	r.speak(2, 3*time.Second)
	stop()
	if got := r.tl.Heard(timeline.HeardQuery{Language: "de"}); len(got) != 1 || got[0].State != media.HeardPending || got[0].Why != errCodec.Error() {
		t.Errorf("%+v", got)
	}
}

type codecError struct{}

func (codecError) Error() string {
	return "sound in AAC is not captioned: set the camera to Opus or G.711"
}

var errCodec = codecError{}

// Sound of an earlier track that cannot be decoded stays pending, and keeps nobody
// from ending or from what can be decoded.
func TestUndecodableBefore(t *testing.T) {
	r := newRig(t, nil)
	r.speak(2, 3*time.Second)
	before := r.track.ID
	var err error
	if r.track, err = r.tl.Track(media.Track{Kind: media.Audio, Codec: media.PCMA, ClockRate: rate, Channels: 2}); err != nil {
		t.Fatal(err)
	}
	r.truth = nil
	r.speak(2, 3*time.Second)
	s, stop := r.service(func(o *Options) {
		o.Decode = func(t media.Track) (Decoder, Format, error) {
			if t.ID == before {
				return nil, Format{}, errCodec
			}
			return decodePlain(t)
		}
	}, hearingOf(t, asrtest.Script{}))
	await(t, "the track of now is captioned", func() bool { return len(r.words("de")) == len(r.truth) })
	await(t, "the other is pending", func() bool { return status(s).Pending > 5*time.Second })
	stop()
	if got := r.tl.Heard(timeline.HeardQuery{Language: "de", Track: before, State: media.HeardDone}); len(got) > 0 {
		t.Errorf("said to be done: %+v", got)
	}
}
