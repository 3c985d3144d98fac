package asr_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"hindsight/appliance/pattern"
	"hindsight/asr"
	"hindsight/asr/asrtest"
	"hindsight/media"
)

// TestMain lets the test binary be the child.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == asr.Command {
		os.Exit(asrtest.Child(os.Args[2:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// voskFiles are what build/vosk.sh fetches.
func voskFiles(t testing.TB) (library, model string) {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	library = filepath.Join(cache, "hindsight-vosk", "libvosk.so")
	model = filepath.Join(cache, "hindsight-vosk", "model-ko")
	for _, p := range []string{library, filepath.Join(model, "am", "final.mdl")} {
		if _, err := os.Stat(p); err != nil {
			t.Fatalf("%v: run build/vosk.sh, which fetches libvosk and the Korean model", err)
		}
	}
	return library, model
}

// voskSetup is a child with libvosk and the Korean model.
func voskSetup(t testing.TB) asr.Setup {
	library, model := voskFiles(t)
	return asr.Setup{Library: library, Model: model}
}

// scriptedSetup is a child with the scripted engine.
func scriptedSetup(t testing.TB, s asrtest.Script) asr.Setup {
	return asr.Setup{Engine: "scripted", Model: s.File(t)}
}

func start(t testing.TB, s asr.Setup) *asr.Process {
	t.Helper()
	p, err := asr.Start(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// The words of the scripted engine's tests.
var tones = asrtest.Script{Words: []asrtest.Word{
	{Text: "eins", Hz: 400}, {Text: "zwei", Hz: 700, Confidence: 0.5}, {Text: "drei", Hz: 1100},
	{Text: "你", Hz: 1500}, {Text: "好", Hz: 1900},
}}

func tonesSpeech() asrtest.Speech {
	s := asrtest.Speech{PCM: make([]int16, 12*asr.Rate), Off: 20 * time.Millisecond, Unknown: "vier"}
	for i, w := range tones.Words[:2] {
		at := time.Duration(3+4*i) * time.Second
		asrtest.Tone(s.PCM, asr.Rate, w.Hz, at, 400*time.Millisecond)
		s.Words = append(s.Words, media.Word{Text: w.Text, Start: at, End: at + 400*time.Millisecond})
	}
	return s
}

// demo is the demo source's right channel at asr.Rate, and its words.
func demo(t testing.TB, from, until time.Duration) ([]int16, []media.Word) {
	t.Helper()
	r, err := asr.NewResampler(pattern.SampleRate, asr.Rate)
	if err != nil {
		t.Fatal(err)
	}
	sound := pattern.NewSound()
	var pcm []int16
	stereo := make([]int16, 2*pattern.SampleRate/10)
	mono := make([]float32, len(stereo)/2)
	for at := from; at < until; at += 100 * time.Millisecond {
		sound.Fill(stereo, int64(at/time.Microsecond)*48/1000)
		for i := range mono {
			mono[i] = float32(stereo[2*i+1])
		}
		pcm = r.Process(pcm, mono)
	}
	var words []media.Word
	for _, w := range sound.Words(from, until) {
		words = append(words, media.Word{Text: w.Text, Start: w.Start - from, End: w.End - from})
	}
	return r.Flush(pcm), words
}

var demoPhrases = []string{"날씨", "음악"}

func demoSpeech(t testing.TB) asrtest.Speech {
	pcm, words := demo(t, 0, 29*time.Second)
	return asrtest.Speech{PCM: pcm, Words: words, Phrases: demoPhrases, Off: 350 * time.Millisecond, Unknown: "zzyzx"}
}

func TestScriptedConforms(t *testing.T) {
	file := tones.File(t)
	asrtest.Conform(t, func(t testing.TB) asr.Engine {
		e, err := asrtest.Open("", file, false)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}, tonesSpeech())
}

func TestScriptedConformsInAChild(t *testing.T) {
	setup := scriptedSetup(t, tones)
	asrtest.Conform(t, func(t testing.TB) asr.Engine { return start(t, setup) }, tonesSpeech())
}

func TestVoskConformsInAChild(t *testing.T) {
	setup := voskSetup(t)
	for _, setup.Fast = range []bool{false, true} {
		t.Run(fmt.Sprintf("fast=%t", setup.Fast), func(t *testing.T) {
			asrtest.Conform(t, func(t testing.TB) asr.Engine { return start(t, setup) }, demoSpeech(t))
		})
	}
}

func TestSpeechIsWhatTheSuiteNeeds(t *testing.T) {
	for _, s := range []asrtest.Speech{tonesSpeech(), demoSpeech(t)} {
		before := time.Duration(0)
		end := media.Word{Start: time.Duration(len(s.PCM)) * time.Second / asr.Rate}
		for _, w := range append(slices.Clone(s.Words), end) {
			if w.Start-before < 3*time.Second {
				t.Errorf("only %v of silence before %s at %v", w.Start-before, w.Text, w.Start)
			}
			before = w.End
		}
	}
}
