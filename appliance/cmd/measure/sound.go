package main

import (
	"math"
	"time"

	"hindsight/appliance/pattern"
)

const (
	holeFrom  = pattern.SampleRate / 1000       // a jump of time of a millisecond or more is a hole, or an overlap
	wordLoud  = 500                             // a sample above this belongs to a word
	wordBlock = pattern.SampleRate * 5 / 1000   // words are looked for in pieces of this
	wordPause = pattern.SampleRate * 400 / 1000 // a pause of this ends a word
	wordLeast = 100 * time.Millisecond          // what is shorter is a noise
	shortBeep = pattern.BeepLength * 8 / 10     // a beep shorter than this has lost a part
)

// sounds watches the sound.
type sounds struct {
	begun    bool
	start    int64 // samples
	next     int64 // where the next piece should begin
	holes    []hole
	overlaps int64
	beeps    *beeps
	words    []spoken
	loudTo   int64 // end of the word under way; 0: none
	word     spoken
	rest     []int16 // of the right channel, less than a block
	restAt   int64
}

// hole is a stretch without sound.
type hole struct {
	At     float64 `json:"at_s"`
	Length float64 `json:"length_ms"`
}

// spoken is a word that was found, in samples.
type spoken struct{ start, end int64 }

func newSounds() *sounds { return &sounds{beeps: newBeeps()} }

func (s *sounds) sound(at int64, left, right []int16) {
	if !s.begun {
		s.begun, s.start, s.next = true, at, at
		s.beeps.reset(at)
	}
	switch d := at - s.next; {
	case d >= holeFrom:
		s.holes = append(s.holes, hole{float64(s.next) / pattern.SampleRate, float64(d) * 1000 / pattern.SampleRate})
		s.jump(at)
	case d <= -holeFrom:
		s.overlaps++
		s.jump(at)
	}
	s.beeps.add(left)
	s.speech(at, right)
	s.next = at + int64(len(left))
}

func (s *sounds) jump(at int64) {
	s.beeps.reset(at)
	s.rest = s.rest[:0]
}

// speech looks for words in blocks of the right channel.
func (s *sounds) speech(at int64, right []int16) {
	if len(s.rest) == 0 {
		s.restAt = at
	}
	s.rest = append(s.rest, right...)
	for len(s.rest) >= wordBlock {
		s.block(s.restAt, s.rest[:wordBlock])
		s.rest = append(s.rest[:0], s.rest[wordBlock:]...)
		s.restAt += wordBlock
	}
}

func (s *sounds) block(at int64, pcm []int16) {
	first, last := -1, -1
	for i, v := range pcm {
		if v > wordLoud || v < -wordLoud {
			last = i
			if first < 0 {
				first = i
			}
		}
	}
	if s.loudTo != 0 && at-s.loudTo > wordPause {
		s.endWord()
	}
	if first < 0 {
		return
	}
	if s.loudTo == 0 {
		s.word.start = at + int64(first)
	}
	s.loudTo = at + int64(last) + 1
}

func (s *sounds) endWord() {
	s.word.end, s.loudTo = s.loudTo, 0
	if timeOf(float64(s.word.end-s.word.start)) >= wordLeast {
		s.words = append(s.words, s.word)
	}
}

// finish ends what is under way.
func (s *sounds) finish() {
	s.beeps.close()
	if s.loudTo != 0 {
		s.endWord()
	}
}

// beepTimes are when the beeps begin, and how many are broken, short or missing
// from the sequence of one a second.
func (s *sounds) beepTimes() (at []time.Duration, broken, missing int64) {
	for i, b := range s.beeps.found {
		at = append(at, timeOf(b.start))
		if b.broken || timeOf(b.end-b.start) < shortBeep && int64(b.end) < s.next-samplesOf(pattern.BeepLength) && s.inside(b) {
			broken++
		}
		if i > 0 {
			gap := (b.start - s.beeps.found[i-1].start) / pattern.SampleRate
			missing += max(0, int64(math.Round(gap))-1)
		}
	}
	return at, broken, missing
}

// inside reports whether a beep is not cut by the start of the recording.
func (s *sounds) inside(b beep) bool { return b.start > float64(s.start+holeFrom) }
