package asr_test

import (
	"encoding/binary"
	"os"
	"slices"
	"testing"
	"time"

	"hindsight/asr"
	"hindsight/asr/asrtest"
	"hindsight/media"
)

// english is ten seconds of English by espeak-ng, twelve times.
func english(t testing.TB) []int16 {
	t.Helper()
	raw, err := os.ReadFile("testdata/english.s16")
	if err != nil {
		t.Fatal(err)
	}
	pcm := make([]int16, len(raw)/2)
	for i := range pcm {
		pcm[i] = int16(binary.LittleEndian.Uint16(raw[2*i:]))
	}
	return slices.Repeat(append(pcm, make([]int16, 2*asr.Rate)...), 6)
}

// mixed is a word of the demo's in a sound of its own loudness times level.
func mixed(pcm, over []int16, level float64) []int16 {
	out := slices.Clone(pcm)
	for i := range min(len(out), len(over)) {
		out[i] = int16(min(max(float64(out[i])+level*float64(over[i]), -32768), 32767))
	}
	return out
}

var modes = []struct {
	name string
	o    asr.Options
}{{"list", asr.Options{Phrases: demoPhrases}}, {"free", asr.Options{}}}

// utterances are the words of pcm by utterance.
func utterances(t testing.TB, e asr.Engine, o asr.Options, pcm []int16) [][]media.Word {
	t.Helper()
	r, err := e.New(o)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var all [][]media.Word
	take := func(a asr.Answer, err error) {
		if err != nil {
			t.Fatal(err)
		}
		if len(a.Words) > 0 {
			all = append(all, a.Words)
		}
	}
	for p := range slices.Chunk(pcm, asr.PieceLen) {
		take(r.Feed(p))
	}
	take(r.Finish())
	return all
}

// What is heard in sounds without a word of the model's language, in words a
// minute, and what of it DefaultRule shows; and of the demo's words, all said.
func BenchmarkNonsense(b *testing.B) {
	e := start(b, voskSetup(b))
	demo, _ := demo(b, 0, time.Minute)
	music := asrtest.Music(time.Minute)
	for _, s := range []struct {
		name string
		pcm  []int16
	}{
		{"demo", demo}, {"demo+noise", mixed(demo, asrtest.Noise(time.Minute, 300), 1)}, {"silence", make([]int16, 60*asr.Rate)},
		{"noise", asrtest.Noise(time.Minute, 1000)}, {"music", music}, {"english", english(b)}, {"english+music", mixed(english(b), music, 0.3)},
	} {
		for _, m := range modes {
			b.Run(s.name+"/"+m.name, func(b *testing.B) {
				minutes := float64(len(s.pcm)) / asr.Rate / 60
				var heard, shown int
				for b.Loop() {
					heard, shown = 0, 0
					for _, u := range utterances(b, e, m.o, s.pcm) {
						heard += len(u)
						shown += len(asr.DefaultRule(m.o).Keep(u))
						if testing.Verbose() {
							b.Logf("%d words, mean confidence %.3f:", len(u), meanConfidence(u))
							for _, w := range u {
								b.Logf("%s %.3f %v", w.Text, w.Confidence, w.End-w.Start)
							}
						}
					}
				}
				b.ReportMetric(float64(heard)/minutes, "heard/min")
				b.ReportMetric(float64(shown)/minutes, "shown/min")
				b.ReportMetric(minutes*60*float64(b.N)/b.Elapsed().Seconds(), "x-realtime")
			})
		}
	}
}

func meanConfidence(words []media.Word) float32 {
	var sum float32
	for _, w := range words {
		sum += w.Confidence
	}
	return sum / float32(len(words))
}

// From nothing to a child that listens.
func BenchmarkStart(b *testing.B) {
	setup := voskSetup(b)
	for b.Loop() {
		start(b, setup).Close()
	}
}

// What the way to the child and back costs: a second of silence with an engine that does nothing.
func BenchmarkPipe(b *testing.B) {
	e := start(b, scriptedSetup(b, tones))
	r, err := e.New(asr.Options{})
	if err != nil {
		b.Fatal(err)
	}
	pcm := make([]int16, asr.PieceLen)
	for b.Loop() {
		for range 10 {
			if _, err := r.Feed(pcm); err != nil {
				b.Fatal(err)
			}
		}
	}
}
