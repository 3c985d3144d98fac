package asrtest

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"hindsight/asr"
	"hindsight/media"
)

// Open is the scripted engine; library is not used.
func Open(_, model string, fast bool) (asr.Engine, error) {
	s, err := Load(model)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, &asr.Fault{Reason: asr.NoModel, Text: "there is no speech model: " + err.Error()}
	case err != nil:
		return nil, &asr.Fault{Reason: asr.BrokenModel, Text: err.Error()}
	}
	if s.Endpoint == 0 {
		s.Endpoint = 500 * time.Millisecond
	}
	if fast {
		s.Endpoint /= 2
	}
	e := &engine{script: s}
	e.grow(s.Memory)
	if s.Crash != "" {
		return e, e.do(s.Crash)
	}
	return e, nil
}

// Child is asr.Child with the scripted engine, by the name scripted, beside those of the program.
func Child(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	engines := asr.Engines()
	engines["scripted"] = Open
	return asr.ChildOf(engines, args, stdin, stdout, stderr)
}

type engine struct {
	script Script
	memory [][]byte
}

// grow makes the process n bytes larger.
func (e *engine) grow(n int64) {
	b := make([]byte, n)
	for i := 0; i < len(b); i += 4096 {
		b[i] = 1
	}
	e.memory = append(e.memory, b)
}

func (e *engine) Lacks(words []string) ([]string, error) {
	var lacks []string
	for _, w := range words {
		if !slices.ContainsFunc(e.script.Words, func(s Word) bool { return s.Text == w }) {
			lacks = append(lacks, w)
		}
	}
	return lacks, nil
}

func (e *engine) New(o asr.Options) (asr.Recognizer, error) {
	r := &recognizer{engine: e, words: e.script.Words, endpoint: e.script.Endpoint}
	if len(o.Phrases) == 0 {
		return r, nil
	}
	listed := strings.Fields(strings.Join(o.Phrases, " "))
	r.words = slices.DeleteFunc(slices.Clone(r.words), func(w Word) bool { return !slices.Contains(listed, w.Text) })
	if len(r.words) == 0 {
		return nil, &asr.Fault{Reason: asr.BadPhrases, Text: fmt.Sprintf("the script knows none of %q", o.Phrases)}
	}
	return r, nil
}

func (e *engine) Close() error { return nil }

const (
	frame = asr.Rate / 100 // samples; sound is judged by these
	loud  = 500            // peak of a frame that is no silence
	empty = 5 * time.Second
)

// recognizer takes every stretch of loud frames for a word. It decides, as
// real engines do, some time after it has heard.
type recognizer struct {
	engine   *engine
	words    []Word
	endpoint time.Duration

	rest     []int16 // heard, less than a frame
	at       int64   // samples judged
	begun    int64   // where the running tone began
	periods  int     // of the running tone; 0: silence
	last     int16   // sample
	silence  int64   // samples since the last tone
	said     []media.Word
	finished bool
}

func (r *recognizer) Feed(pcm []int16) (asr.Answer, error) {
	if r.finished {
		return asr.Answer{}, errors.New("fed after the end")
	}
	r.rest = append(r.rest, pcm...)
	ended := false
	for len(r.rest) >= frame {
		if err := r.judge(r.rest[:frame]); err != nil {
			return asr.Answer{}, err
		}
		r.rest = r.rest[frame:]
		limit := r.endpoint
		if len(r.said) == 0 {
			limit = empty
		}
		ended = ended || r.periods == 0 && samples(r.silence) >= limit
	}
	if ended {
		return r.final(), nil
	}
	texts := make([]string, len(r.said))
	for i, w := range r.said {
		texts[i] = w.Text
	}
	return asr.Answer{Partial: strings.Join(texts, " ")}, nil
}

func (r *recognizer) judge(f []int16) error {
	peak := int16(0)
	for _, v := range f {
		peak = max(peak, max(v, -max(v, -math.MaxInt16)))
	}
	defer func() { r.at += frame }()
	if peak < loud {
		if r.periods > 0 {
			r.say()
		}
		r.silence += frame
		return nil
	}
	if r.periods == 0 {
		r.begun = r.at
	}
	r.silence = 0
	n := 0
	for _, v := range f {
		if r.last < 0 && v >= 0 {
			n++
		}
		r.last = v
	}
	r.periods += max(n, 1)
	return r.fail(float64(n) * asr.Rate / frame)
}

// say makes a word of the tone that has ended.
func (r *recognizer) say() {
	hz := float64(r.periods) * asr.Rate / float64(r.at-r.begun)
	w, ok := nearest(r.words, hz)
	if ok {
		if w.Confidence == 0 {
			w.Confidence = 1
		}
		r.said = append(r.said, media.Word{Text: w.Text, Start: samples(r.begun), End: samples(r.at), Confidence: w.Confidence})
	}
	r.periods = 0
}

func nearest(words []Word, hz float64) (Word, bool) {
	var best Word
	for _, w := range words {
		if math.Abs(w.Hz-hz) < math.Abs(best.Hz-hz) {
			best = w
		}
	}
	return best, best.Hz > 0 && math.Abs(best.Hz-hz) < 0.1*best.Hz+30
}

func samples(n int64) time.Duration { return time.Duration(n) * time.Second / asr.Rate }

func (r *recognizer) final() asr.Answer {
	a := asr.Answer{Final: true, Words: r.said}
	r.said, r.silence = nil, 0
	return a
}

func (r *recognizer) Finish() (asr.Answer, error) {
	if r.finished {
		return asr.Answer{}, errors.New("finished twice")
	}
	if r.periods > 0 {
		r.say()
	}
	r.finished = true
	return r.final(), nil
}

func (r *recognizer) Close() error { return nil }
