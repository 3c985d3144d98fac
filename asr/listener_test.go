package asr_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"hindsight/asr"
	"hindsight/asr/asrtest"
	"hindsight/media"
)

// tape is a Sound from memory.
type tape struct {
	pcm    []int16
	rate   int
	start  time.Duration
	chunk  int                    // samples
	at     int                    // samples read
	before func(at time.Duration) // is called before each chunk; may be nil
	rest   func(context.Context) (asr.Chunk, error)
}

func (s *tape) Next(ctx context.Context) (asr.Chunk, error) {
	if s.at == len(s.pcm) {
		if s.rest != nil {
			return s.rest(ctx)
		}
		return asr.Chunk{}, io.EOF
	}
	at := time.Duration(s.at) * time.Second / time.Duration(s.rate)
	if s.before != nil {
		s.before(at)
	}
	n := min(s.chunk, len(s.pcm)-s.at)
	c := asr.Chunk{Run: 7, At: s.start + at, Rate: s.rate, Channels: 1, Samples: s.pcm[s.at : s.at+n]}
	s.at += n
	return c, nil
}

// notes is a Sink that keeps everything and checks the order of it.
type notes struct {
	t        *testing.T
	mu       sync.Mutex
	captions []media.Caption
	spans    []media.HeardSpan
	partials []string
	states   []asr.Status
	fail     error // is what Done returns
}

func (n *notes) Partial(c media.Caption) {
	n.partials = append(n.partials, c.Text)
	if !c.Partial || c.Run != 7 || c.End < c.Start || len(c.Words) > 0 {
		n.t.Errorf("partial %+v", c)
	}
}

func (n *notes) Done(captions []media.Caption, span media.HeardSpan) error {
	n.captions = append(n.captions, captions...)
	if k := len(n.spans); span.Until < span.From || k > 0 && n.spans[k-1].Run == span.Run && span.From < n.spans[k-1].Until {
		n.t.Errorf("span %+v after %+v", span, n.spans[max(k-1, 0)])
	}
	for _, c := range captions {
		if c.Start < span.From || c.End > span.Until {
			n.t.Errorf("%q, %v to %v, lies outside of its span, %v to %v", c.Text, c.Start, c.End, span.From, span.Until)
		}
	}
	n.spans = append(n.spans, span)
	return n.fail
}

func (n *notes) State(s asr.Status) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.states = append(n.states, s)
}

func (n *notes) words() []media.Word {
	var w []media.Word
	for _, c := range n.captions {
		w = append(w, c.Words...)
	}
	return w
}

// said is every Why that was told.
func (n *notes) said() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	var all []string
	for _, s := range n.states {
		all = append(all, fmt.Sprintf("%s (%s) %s", s.State, s.Reason, s.Why))
	}
	return strings.Join(all, "\n")
}

// long is minutes of tones: one of the three words every three seconds, and its truth.
func long(words int, start time.Duration) ([]int16, []media.Word) {
	pcm := make([]int16, (3*words+2)*asr.Rate)
	var truth []media.Word
	for i := range words {
		w := tones.Words[i%3]
		at := time.Duration(3*i)*time.Second + 1500*time.Millisecond
		asrtest.Tone(pcm, asr.Rate, w.Hz, at, 300*time.Millisecond)
		truth = append(truth, media.Word{Text: w.Text, Start: start + at, End: start + at + 300*time.Millisecond})
	}
	return pcm, truth
}

const off = 21 * time.Millisecond

// listen listens to the end.
func listen(t *testing.T, c asr.Config, s asr.Sound) *notes {
	t.Helper()
	n := &notes{t: t}
	if err := asr.NewListener(c).Run(context.Background(), s, n); err != nil {
		t.Fatal(err)
	}
	if last := n.states[len(n.states)-1]; last.State != asr.Stopped || last.Pid != 0 {
		t.Errorf("the last state is %+v", last)
	}
	return n
}

func config(t testing.TB, s asrtest.Script) asr.Config {
	c := asr.Config{Child: scriptedSetup(t, s), Again: time.Millisecond, AgainMax: 10 * time.Millisecond}
	c.Caption = media.Caption{Language: "de", Model: media.Model{Name: "tones"}, Track: 3, Role: media.Far}
	return c
}

func TestListenerMakesCaptions(t *testing.T) {
	const start = 1000 * time.Hour
	pcm, truth := long(40, start)
	for _, chunk := range []int{160, 320, 1600, 7777} {
		n := listen(t, config(t, tones), &tape{pcm: pcm, rate: asr.Rate, start: start, chunk: chunk})
		asrtest.Same(t, n.words(), truth, off)
		for i, c := range n.captions {
			if c.Run != 7 || c.Language != "de" || c.Model.Name != "tones" || c.Track != 3 || c.Role != media.Far || c.Partial || c.Text != truth[i].Text {
				t.Errorf("caption %d is %+v", i, c)
			}
		}
		if n.captions[1].Words[0].Confidence != 0.5 {
			t.Errorf("confidence %v", n.captions[1].Words[0].Confidence)
		}
		whole(t, n, start, start+time.Duration(len(pcm))*time.Second/asr.Rate)
		if got := strings.Join(n.partials[:4], ","); got != "eins,,zwei," {
			t.Errorf("partials %s", got)
		}
	}
}

// whole checks that the spans cover from to until without a hole.
func whole(t *testing.T, n *notes, from, until time.Duration) {
	t.Helper()
	at := from
	for _, s := range n.spans {
		if s.Run != 7 || s.From != at || s.State != media.HeardDone || s.Language != "de" || s.Track != 3 {
			t.Errorf("span %+v, want it from %v", s, at)
		}
		at = s.Until
	}
	if at != until {
		t.Errorf("heard until %v, want %v", at, until)
	}
}

// Whenever it is killed, it says the same.
func TestListenerKilledAtAnyMoment(t *testing.T) {
	pcm, truth := long(30, 0)
	l := asr.NewListener(config(t, tones))
	killed := 0
	sound := &tape{pcm: pcm, rate: asr.Rate, chunk: asr.PieceLen, before: func(at time.Duration) {
		// A step that has nothing in common with that of the words: before, in and after them.
		if at%(1700*time.Millisecond) == 0 && at > 0 {
			if pid := l.Status().Pid; pid != 0 && syscall.Kill(pid, syscall.SIGKILL) == nil {
				killed++
			}
		}
	}}
	n := &notes{t: t}
	if err := l.Run(context.Background(), sound, n); err != nil {
		t.Fatal(err)
	}
	asrtest.Same(t, n.words(), truth, off)
	whole(t, n, 0, 92*time.Second)
	if s := l.Status(); killed < 40 || s.Starts < killed || s.Heard != 92*time.Second {
		t.Errorf("killed %d times, %+v", killed, s)
	}
	if !strings.Contains(n.said(), "signal: killed") {
		t.Errorf("told: %s", n.said())
	}
}

func TestListenerFaults(t *testing.T) {
	for _, c := range []struct {
		do     string
		config func(*asr.Config)
		want   string // in what is told
	}{
		{"exit", nil, "waiting (died) the recogniser ended and is started again: exit status 3"},
		{"abort", nil, "ASSERTION_FAILED: as the script wants it"},
		{"garbage", nil, "waiting (garbled) the recogniser said what is no answer, and is started again: "},
		{"hang", func(c *asr.Config) { c.Child.Patience = 300 * time.Millisecond }, "waiting (hung) the recogniser gave no answer for "},
		{"spin", func(c *asr.Config) { c.Child.Patience = 200 * time.Millisecond }, "waiting (hung) the recogniser gave no answer for 1."},
		{"grow", func(c *asr.Config) { c.Memory = 100e6 }, "waiting (memory) the recogniser used "},
	} {
		t.Run(c.do, func(t *testing.T) {
			pcm, truth := long(6, 0)
			// Right after the second word: its utterance is not final yet.
			asrtest.Tone(pcm, asr.Rate, 3000, 4900*time.Millisecond, 700*time.Millisecond)
			s := tones
			s.Faults = []asrtest.Fault{{Hz: 3000, Do: c.do, Once: filepath.Join(t.TempDir(), "once")}}
			if c.do == "grow" {
				s.Faults[0].Once = ""
			}
			cfg := config(t, s)
			if c.config != nil {
				c.config(&cfg)
			}
			n := listen(t, cfg, &tape{pcm: pcm, rate: asr.Rate, chunk: 320})
			if c.do == "grow" { // it grows each time until the sound is left out, with the word before it
				truth = append(truth[:1:1], truth[2:]...)
			}
			asrtest.Same(t, n.words(), truth, off)
			whole(t, n, 0, 20*time.Second)
			if !strings.Contains(n.said(), c.want) {
				t.Errorf("told:\n%s\nwant %q in it", n.said(), c.want)
			}
		})
	}
}

func TestListenerStoppedChild(t *testing.T) {
	pcm, truth := long(4, 0)
	cfg := config(t, tones)
	cfg.Child.Patience = 200 * time.Millisecond
	l := asr.NewListener(cfg)
	sound := &tape{pcm: pcm, rate: asr.Rate, chunk: 320, before: func(at time.Duration) {
		if at == 4600*time.Millisecond {
			if err := syscall.Kill(l.Status().Pid, syscall.SIGSTOP); err != nil {
				t.Error(err)
			}
		}
	}}
	n := &notes{t: t}
	if err := l.Run(context.Background(), sound, n); err != nil {
		t.Fatal(err)
	}
	asrtest.Same(t, n.words(), truth, off)
	if !strings.Contains(n.said(), "waiting (hung)") {
		t.Errorf("told: %s", n.said())
	}
}

// Sound of which an engine dies every time is left out, and said to be.
func TestListenerLeavesPoisonOut(t *testing.T) {
	pcm, truth := long(6, 0)
	asrtest.Tone(pcm, asr.Rate, 3000, 6*time.Second, 100*time.Millisecond)
	s := tones
	s.Faults = []asrtest.Fault{{Hz: 3000, Do: "exit"}}
	n := listen(t, config(t, s), &tape{pcm: pcm, rate: asr.Rate, chunk: 320})
	asrtest.Same(t, n.words(), truth, off)
	whole(t, n, 0, 20*time.Second)
	why := ""
	for _, s := range n.spans {
		why += s.Why
	}
	if !strings.Contains(why, " of sound were left out: the recogniser died of them 3 times") {
		t.Errorf("spans say %q", why)
	}
}

// A recogniser does not live long: word times stay exact however long it lasts.
func TestListenerRenewsItsRecogniser(t *testing.T) {
	pcm, truth := long(40, 0)
	cfg := config(t, tones)
	cfg.RenewAt, cfg.RenewBy = 7*time.Second, 14*time.Second
	n := listen(t, cfg, &tape{pcm: pcm, rate: asr.Rate, chunk: 1000})
	asrtest.Same(t, n.words(), truth, off)
	whole(t, n, 0, 122*time.Second)
}

// An utterance without end is cut, and no word of it is lost or doubled.
func TestListenerCutsEndlessSpeech(t *testing.T) {
	pcm := make([]int16, 60*asr.Rate)
	var truth []media.Word
	for i := range 120 {
		w, at := tones.Words[i%3], time.Duration(i)*500*time.Millisecond
		asrtest.Tone(pcm, asr.Rate, w.Hz, at, 330*time.Millisecond)
		truth = append(truth, media.Word{Text: w.Text, Start: at})
	}
	cfg := config(t, tones)
	cfg.Longest, cfg.RenewAt, cfg.RenewBy = 4100*time.Millisecond, 10*time.Second, 13*time.Second
	n := listen(t, cfg, &tape{pcm: pcm, rate: asr.Rate, chunk: 320})
	asrtest.Same(t, n.words(), truth, 40*time.Millisecond)
	whole(t, n, 0, time.Minute)
}

func TestListenerHoles(t *testing.T) {
	pcm, _ := long(3, 0)
	a := &tape{pcm: pcm, rate: asr.Rate, chunk: 320}
	step := 0
	// The word at 4.5 s is heard with a hole of 0.8 s before it, that at 7.5 s after one of a minute.
	next := func(ctx context.Context) (asr.Chunk, error) {
		c, err := a.Next(ctx)
		switch {
		case c.At >= 6*time.Second:
			step = 2
		case c.At >= 3*time.Second:
			step = 1
		}
		c.At += []time.Duration{0, 800 * time.Millisecond, time.Minute}[step]
		return c, err
	}
	n := listen(t, config(t, tones), soundFunc(next))
	asrtest.Same(t, n.words(), []media.Word{
		{Text: "eins", Start: 1500 * time.Millisecond}, {Text: "zwei", Start: 5300 * time.Millisecond}, {Text: "drei", Start: 67500 * time.Millisecond},
	}, off)
	hole := 0
	for i := 1; i < len(n.spans); i++ {
		if d := n.spans[i].From - n.spans[i-1].Until; d != 0 {
			hole++
			if d != time.Minute-800*time.Millisecond {
				t.Errorf("a hole of %v in the spans", d)
			}
		}
	}
	if hole != 1 {
		t.Errorf("%d holes in the spans", hole)
	}
}

type soundFunc func(context.Context) (asr.Chunk, error)

func (f soundFunc) Next(ctx context.Context) (asr.Chunk, error) { return f(ctx) }

// Chunks that overlap, as after a step back of the source, are heard once.
func TestListenerHearsOverlapOnce(t *testing.T) {
	pcm, truth := long(6, 0)
	a := &tape{pcm: pcm, rate: asr.Rate, chunk: 1600}
	again := true
	n := listen(t, config(t, tones), soundFunc(func(ctx context.Context) (asr.Chunk, error) {
		if again && a.at == 50*1600 { // in the middle of the second word
			again, a.at = false, 40*1600+77
		}
		return a.Next(ctx)
	}))
	asrtest.Same(t, n.words(), truth, off)
}

// Without more sound what was said is made final all the same.
func TestListenerQuietSource(t *testing.T) {
	pcm, truth := long(1, 0)
	pcm = pcm[:2*asr.Rate]
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	cfg := config(t, tones)
	cfg.Quiet = 20 * time.Millisecond
	l := asr.NewListener(cfg)
	n := &notes{t: t}
	sound := &tape{pcm: pcm, rate: asr.Rate, chunk: 320}
	stops := 0
	sound.rest = func(wait context.Context) (asr.Chunk, error) {
		if stops++; stops == 2 { // nothing is left to be made final
			cancel()
		}
		<-wait.Done()
		return asr.Chunk{}, wait.Err()
	}
	if err := l.Run(ctx, sound, n); !errors.Is(err, context.Canceled) {
		t.Fatalf("run: %v", err)
	}
	asrtest.Same(t, n.words(), truth, off)
	whole(t, n, 0, 2*time.Second)
}

func TestListenerEndsWithItsSink(t *testing.T) {
	pcm, _ := long(2, 0)
	full := errors.New("disk full")
	err := asr.NewListener(config(t, tones)).Run(context.Background(), &tape{pcm: pcm, rate: asr.Rate, chunk: 320}, &notes{t: t, fail: full})
	if !errors.Is(err, full) {
		t.Errorf("run: %v", err)
	}
}

func TestListenerBehind(t *testing.T) {
	pcm, _ := long(4, 0)
	a := &tape{pcm: pcm, rate: asr.Rate, chunk: 1600}
	n := listen(t, config(t, tones), soundFunc(func(ctx context.Context) (asr.Chunk, error) {
		c, err := a.Next(ctx)
		c.Behind = max(14*time.Second-c.At, 0)
		return c, err
	}))
	var states []string
	for _, s := range n.states {
		states = append(states, string(s.State))
	}
	if got := strings.Join(states, ","); got != "starting,listening,behind,listening,stopped" {
		t.Errorf("states: %s", got)
	}
}
