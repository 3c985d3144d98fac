package pattern

import (
	_ "embed" // the spoken words
	"encoding/binary"
	"math"
	"time"
)

// The sound of the pattern: 48 kHz stereo, the beep on the left channel, speech on the right.
const (
	SampleRate = 48000
	Channels   = 2
	BeepHz     = 1000                   // frequency of the beep
	BeepLength = 100 * time.Millisecond // it begins at every whole second of the run, with the flash
	WordEvery  = 10 * time.Second       // from the beginning of one word to that of the next
	WordFirst  = 5 * time.Second        // the beginning of the first word
	beepPeak   = 12000
)

//go:embed speech/weather.s16
var weather []byte

//go:embed speech/music.s16
var music []byte

// Word is one spoken word. It starts and ends with its first and last sample
// louder than 2 % of its peak.
type Word struct {
	Text       string
	Start, End time.Duration // counted from the first instant of the run
}

// Sound is the sound of the pattern, ready to be played from any sample on.
type Sound struct {
	beep  []int16
	clips [2]clip
}

type clip struct {
	text        string
	pcm         []int16
	first, last int // the samples that bound the word
}

// NewSound prepares the beep and the words.
func NewSound() *Sound {
	s := &Sound{beep: make([]int16, samples(BeepLength))}
	for i := range s.beep {
		s.beep[i] = int16(math.Round(beepPeak * math.Sin(2*math.Pi*BeepHz*float64(i)/SampleRate)))
	}
	s.clips = [2]clip{newClip("날씨", weather), newClip("음악", music)}
	return s
}

func newClip(text string, raw []byte) clip {
	c := clip{text: text, pcm: make([]int16, len(raw)/2), first: -1}
	peak := 0
	for i := range c.pcm {
		c.pcm[i] = int16(binary.LittleEndian.Uint16(raw[2*i:]))
		peak = max(peak, abs(c.pcm[i]))
	}
	for i, v := range c.pcm {
		if abs(v)*50 <= peak {
			continue
		}
		if c.first < 0 {
			c.first = i
		}
		c.last = i
	}
	return c
}

func abs(v int16) int { return max(int(v), -int(v)) }

func samples(d time.Duration) int { return int(d * SampleRate / time.Second) }

// SampleTime is when sample number k is heard, counted from the first instant of the run.
func SampleTime(k int64) time.Duration {
	return time.Duration(k/SampleRate)*time.Second +
		time.Duration(k%SampleRate*int64(time.Second)/SampleRate)
}

// Fill writes the samples from number at on, left and right in turn, over the whole of dst.
func (s *Sound) Fill(dst []int16, at int64) {
	for i := 0; i+1 < len(dst); i += Channels {
		dst[i], dst[i+1] = s.left(at), s.right(at)
		at++
	}
}

func (s *Sound) left(k int64) int16 {
	if i := k % SampleRate; i < int64(len(s.beep)) {
		return s.beep[i]
	}
	return 0
}

func (s *Sound) right(k int64) int16 {
	every, first := int64(samples(WordEvery)), int64(samples(WordFirst))
	c := s.clips[k/every%2]
	if i := k%every - first + int64(c.first); i >= 0 && i < int64(len(c.pcm)) {
		return c.pcm[i]
	}
	return 0
}

// Word is spoken word number j, 0 or more: 날씨 and 음악 in turn.
func (s *Sound) Word(j int64) Word {
	c := s.clips[j%2]
	start := time.Duration(j)*WordEvery + WordFirst
	return Word{c.text, start, start + SampleTime(int64(c.last-c.first+1))}
}

// Words are the words that begin at from or later and before until.
func (s *Sound) Words(from, until time.Duration) []Word {
	var w []Word
	j := max(0, int64((from-WordFirst+WordEvery-1)/WordEvery))
	for ; s.Word(j).Start < until; j++ {
		w = append(w, s.Word(j))
	}
	return w
}
