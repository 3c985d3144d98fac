package recognise

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/asr"
	"hindsight/asr/asrtest"
	"hindsight/media"
	"hindsight/store"
)

// TestMain lets the test binary be the child.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == asr.Command {
		os.Exit(asrtest.Child(os.Args[2:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// clock goes only when it is told to.
type clock struct {
	mu   sync.Mutex
	boot time.Duration
}

func (c *clock) Boot() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.boot
}

func (c *clock) Wall() (time.Time, bool) {
	return time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC).Add(c.Boot()), true
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.boot += d
}

// spoken is a word of the tests' language and the tone that says it.
var spoken = []asrtest.Word{{Text: "eins", Hz: 400}, {Text: "zwei", Hz: 700}, {Text: "drei", Hz: 1100}, {Text: "头", Hz: 1500}, {Text: "发", Hz: 1900}}

const (
	rate   = asr.Rate
	packet = 20 * time.Millisecond
)

// rig is a recorder of one camera, whose sound the test makes.
type rig struct {
	t     *testing.T
	clock *clock
	st    store.Store
	tl    *timeline.Timeline
	track media.Track
	at    time.Duration // media time of the next packet
	truth []media.Word
	run   media.Run
}

// newRig begins a run in st; nil: in a new store in memory.
func newRig(t *testing.T, st store.Store) *rig {
	t.Helper()
	if st == nil {
		st = store.NewMemory()
	}
	r := &rig{t: t, at: packet, clock: &clock{boot: time.Hour}, st: st}
	if last := st.Runs(); len(last) > 0 {
		r.clock.boot += 10 * time.Hour * time.Duration(len(last))
	}
	tl, err := timeline.New(timeline.Options{Camera: "cam", Store: st, Clock: r.clock, Commit: time.Hour, AnchorEvery: -1, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	r.tl, r.run = tl, tl.Run()
	// Its payloads are plain samples; the length of a packet of stereo G.711 is right for them.
	r.track, err = tl.Track(media.Track{Kind: media.Audio, Codec: media.PCMU, ClockRate: rate, Channels: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tl.Close(media.Off) })
	return r
}

// speak records a word of 300 ms in the middle of each of n stretches of so long.
func (r *rig) speak(n int, long time.Duration) {
	r.t.Helper()
	for range n {
		r.say(spoken[len(r.truth)%3], long)
	}
}

// say records one word in the middle of a stretch.
func (r *rig) say(w asrtest.Word, long time.Duration) {
	r.t.Helper()
	pcm := make([]int16, int(long*rate/time.Second))
	mid := long/2 - 150*time.Millisecond
	if w.Hz > 0 {
		asrtest.Tone(pcm, rate, w.Hz, mid, 300*time.Millisecond)
		r.truth = append(r.truth, media.Word{Text: w.Text, Start: r.at + mid, End: r.at + mid + 300*time.Millisecond})
	}
	r.record(pcm)
}

// quiet records silence.
func (r *rig) quiet(long time.Duration) { r.say(asrtest.Word{}, long) }

func (r *rig) record(pcm []int16) {
	r.t.Helper()
	const n = int(rate * packet / time.Second)
	for ; len(pcm) >= n; pcm = pcm[n:] {
		payload := make([]byte, 2*n)
		for i, v := range pcm[:n] {
			binary.LittleEndian.PutUint16(payload[2*i:], uint16(v))
		}
		r.clock.pass(packet)
		if err := r.tl.Append(media.Unit{Track: r.track.ID, DTS: r.at, Payload: payload}); err != nil {
			r.t.Fatal(err)
		}
		r.at += packet
	}
	if err := r.tl.Sync(context.Background()); err != nil {
		r.t.Fatal(err)
	}
}

// plain decodes what record encodes.
type plain struct{}

func (plain) Decode(b []byte) ([]int16, error) {
	pcm := make([]int16, len(b)/2)
	for i := range pcm {
		pcm[i] = int16(binary.LittleEndian.Uint16(b[2*i:]))
	}
	return pcm, nil
}

func (plain) Close() {}

func decodePlain(media.Track) (Decoder, Format, error) {
	return plain{}, Format{Rate: rate, Channels: 1}, nil
}

// hearingOf is a hearing by the scripted engine.
func hearingOf(t *testing.T, s asrtest.Script) Hearing {
	if len(s.Words) == 0 {
		s.Words = spoken
	}
	return Hearing{Language: "de", Model: media.Model{Name: "scripted-1", Hash: "00"}, Dir: s.File(t), Channel: asr.Mix}
}

// service makes a Service for a rig; edit may change the options. It runs until stop is called.
func (r *rig) service(edit func(*Options), hs ...Hearing) (s *Service, stop func()) {
	r.t.Helper()
	o := Options{Cameras: map[string]Timeline{"cam": r.tl}, Decode: decodePlain, Child: asr.Setup{Engine: "scripted"}, System: r.t.TempDir(),
		tick: 10 * time.Millisecond, Log: slog.New(slog.NewTextHandler(r.t.Output(), nil))}
	if edit != nil {
		edit(&o)
	}
	s = New(o)
	if err := s.Set("cam", hs); err != nil {
		r.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); s.Run(ctx) }()
	var once sync.Once
	stop = func() { once.Do(func() { cancel(); <-ended }) }
	r.t.Cleanup(stop)
	return s, stop
}

// await waits until something holds; the limit only bounds a hang.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(60 * time.Second); !holds(); {
		if time.Now().After(end) {
			t.Fatalf("waited in vain: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// words are all the words kept in a language.
func (r *rig) words(language string) []media.Word {
	r.t.Helper()
	cs, err := r.tl.Captions(timeline.CaptionQuery{Language: language})
	if err != nil {
		r.t.Fatal(err)
	}
	var out []media.Word
	for _, c := range cs {
		out = append(out, c.Words...)
	}
	return out
}

// heard says what was said of the run's sound: "done 0-10.0, pending 10.0-12.0", in seconds.
func (r *rig) heard(language string) string {
	var b []string
	for _, h := range r.tl.Heard(timeline.HeardQuery{Language: language}) {
		b = append(b, fmt.Sprint(h.Run)+" "+string(h.State)+" "+h.From.Round(100*time.Millisecond).String()+"-"+h.Until.Round(100*time.Millisecond).String())
	}
	return strings.Join(b, ", ")
}

// status is that of the first hearing; zero: it has not begun.
func status(s *Service) Status {
	for _, st := range s.Status("cam") {
		return st
	}
	return Status{}
}
