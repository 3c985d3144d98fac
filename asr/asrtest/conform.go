package asrtest

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"hindsight/asr"
	"hindsight/media"
)

// Speech is what an engine is tested with: at least two words, with 3 s of
// silence or more before, between and after them.
type Speech struct {
	PCM     []int16 // asr.Rate, mono
	Words   []media.Word
	Phrases []string      // that the engine is to listen for; may be empty
	Off     time.Duration // that a word's start may be off the truth
	Unknown string        // a word that the model does not know
}

// Conform is the suite that every engine passes. open gives a new engine with the model loaded.
func Conform(t *testing.T, open func(testing.TB) asr.Engine, s Speech) {
	engine := open(t)
	t.Cleanup(func() {
		if err := engine.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	suite := suite{engine, s}
	t.Run("words", suite.words)
	t.Run("a new hearing knows nothing of the one before", suite.words)
	t.Run("pieces of any length", suite.pieces)
	t.Run("silence", suite.silence)
	t.Run("finish in mid-word", suite.finish)
	t.Run("words that it lacks", suite.lacks)
	t.Run("phrases that it does not know", func(t *testing.T) { phrases(t, open(t), s) })
}

type suite struct {
	engine asr.Engine
	s      Speech
}

func (c suite) begin(t *testing.T) asr.Recognizer {
	t.Helper()
	r, err := c.engine.New(asr.Options{Phrases: c.s.Phrases})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for range 2 {
			if err := r.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		}
	})
	return r
}

// hear feeds pcm in pieces and returns the finals' words and the partials.
func hear(t *testing.T, r asr.Recognizer, pcm []int16, piece int) (words []media.Word, partials []string, finals int) {
	t.Helper()
	buf := make([]int16, piece)
	for p := range slices.Chunk(pcm, piece) {
		n := copy(buf, p)
		a, err := r.Feed(buf[:n])
		if err != nil {
			t.Fatal(err)
		}
		for i := range buf { // it must not have kept them
			buf[i] = 12345
		}
		switch {
		case a.Final:
			finals++
			words = append(words, a.Words...)
			if a.Partial != "" {
				t.Errorf("a final answer with the partial %q", a.Partial)
			}
		case len(a.Words) > 0:
			t.Errorf("a partial answer with words %v", a.Words)
		case a.Partial != "" && (len(partials) == 0 || partials[len(partials)-1] != a.Partial):
			partials = append(partials, a.Partial)
		}
	}
	return words, partials, finals
}

func (c suite) words(t *testing.T) {
	r := c.begin(t)
	words, partials, _ := hear(t, r, c.s.PCM, asr.PieceLen)
	a, err := r.Finish()
	if err != nil || !a.Final {
		t.Fatalf("finish: %+v, %v", a, err)
	}
	Same(t, append(words, a.Words...), c.s.Words, c.s.Off)
	for _, w := range c.s.Words {
		if !slices.ContainsFunc(partials, func(p string) bool { return strings.Contains(p, w.Text) }) {
			t.Errorf("%s was never partial; partials: %q", w.Text, partials)
		}
	}
}

// Same compares words with the truth: the same texts in the same order, each
// start within off, and times and confidences that can be.
func Same(t testing.TB, got, want []media.Word, off time.Duration) {
	t.Helper()
	end := time.Duration(0)
	for i, w := range got {
		if w.Start < end-10*time.Millisecond || w.End <= w.Start {
			t.Errorf("word %d, %s, lasts from %v to %v and the one before to %v", i, w.Text, w.Start, w.End, end)
		}
		if !(w.Confidence >= 0 && w.Confidence <= 1) {
			t.Errorf("word %d, %s, has confidence %v", i, w.Text, w.Confidence)
		}
		end = w.End
	}
	if Texts(got) != Texts(want) {
		t.Errorf("heard  %s\nwanted %s", Texts(got), Texts(want))
		return
	}
	for i, w := range got {
		if d := (w.Start - want[i].Start).Abs(); d > off {
			t.Errorf("word %d, %s, starts at %v, want %v", i, w.Text, w.Start, want[i].Start)
		}
	}
}

// Texts are the words' texts, parted by blanks.
func Texts(words []media.Word) string {
	texts := make([]string, len(words))
	for i, w := range words {
		texts[i] = w.Text
	}
	return strings.Join(texts, " ")
}

func (c suite) pieces(t *testing.T) {
	for _, n := range []int{asr.Rate / 50, asr.Rate} {
		r := c.begin(t)
		if a, err := r.Feed(nil); err != nil || a.Final {
			t.Fatalf("nothing fed: %+v, %v", a, err)
		}
		words, _, _ := hear(t, r, c.s.PCM, n)
		a, err := r.Finish()
		if err != nil {
			t.Fatal(err)
		}
		Same(t, append(words, a.Words...), c.s.Words, c.s.Off)
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

// In silence nothing is said, and yet there are finals: who listens must know
// up to where nothing is to come.
func (c suite) silence(t *testing.T) {
	r := c.begin(t)
	words, partials, finals := hear(t, r, make([]int16, 25*asr.Rate), asr.PieceLen)
	if len(words)+len(partials) > 0 || finals < 2 {
		t.Errorf("25 s of silence: %d finals, words %v, partials %q", finals, words, partials)
	}
	if a, err := r.Finish(); err != nil || !a.Final || len(a.Words) > 0 {
		t.Errorf("finish: %+v, %v", a, err)
	}
}

func (c suite) finish(t *testing.T) {
	r := c.begin(t)
	if a, err := r.Finish(); err != nil || !a.Final || len(a.Words) > 0 {
		t.Errorf("finish of nothing: %+v, %v", a, err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	r = c.begin(t)
	n := int(c.s.Words[0].End*asr.Rate/time.Second) + asr.PieceLen
	words, _, _ := hear(t, r, c.s.PCM[:n], asr.PieceLen)
	a, err := r.Finish()
	if err != nil || !a.Final {
		t.Fatalf("finish: %+v, %v", a, err)
	}
	Same(t, append(words, a.Words...), c.s.Words[:1], c.s.Off)
}

func (c suite) lacks(t *testing.T) {
	known := c.s.Words[0].Text
	got, err := c.engine.Lacks([]string{c.s.Unknown, known, c.s.Unknown + c.s.Unknown})
	if want := []string{c.s.Unknown, c.s.Unknown + c.s.Unknown}; err != nil || !slices.Equal(got, want) {
		t.Errorf("it lacks %q, want %q; %v", got, want, err)
	}
	if got, err := c.engine.Lacks(nil); err != nil || len(got) > 0 {
		t.Errorf("of no words it lacks %q, %v", got, err)
	}
}

func phrases(t *testing.T, e asr.Engine, s Speech) {
	t.Cleanup(func() { _ = e.Close() }) // it may be dead, as it should
	r, err := e.New(asr.Options{Phrases: []string{s.Unknown + " " + s.Words[0].Text, s.Words[0].Text}})
	if err != nil {
		t.Fatalf("one of two phrases is known: %v", err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	_, err = e.New(asr.Options{Phrases: []string{s.Unknown}})
	if f := (*asr.Fault)(nil); !errors.As(err, &f) || f.Reason != asr.BadPhrases || !strings.Contains(f.Text, s.Unknown) {
		t.Errorf("phrases of unknown words: %v", err)
	}
}
