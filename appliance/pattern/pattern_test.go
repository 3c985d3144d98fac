package pattern

import (
	"math"
	"testing"
	"time"
)

func TestNumbersSurviveDrawingAndShrinking(t *testing.T) {
	sizes := []struct{ w, h, s int }{
		{1280, 720, 32}, {1920, 1080, 48}, {640, 480, 16}, {320, 240, 8}, {854, 480, 20}, {80, 60, 2}, {3840, 2160, 96},
	}
	for _, z := range sizes {
		if got := Square(z.w); got != z.s {
			t.Fatalf("Square(%d) = %d, want %d", z.w, got, z.s)
		}
		for _, v := range []uint32{0, 1, 0x80000000, 0xffffffff, 0xdeadbeef, 12345} {
			luma := make([]byte, z.w*z.h)
			for i := range luma {
				luma[i] = 128
			}
			DrawNumbers(luma, z.w, z.h, v, ^v)
			frame, wall, ok := ReadNumbers(luma, z.w, z.h, z.s)
			if !ok || frame != v || wall != ^v {
				t.Errorf("%dx%d: read %x %x %v, want %x %x", z.w, z.h, frame, wall, ok, v, ^v)
			}
		}
	}
}

func TestSquaresStandWhereTheyShould(t *testing.T) {
	const w, h = 1280, 720
	luma := make([]byte, w*h)
	DrawNumbers(luma, w, h, 1, 0x80000000)
	at := func(x, y int) byte { return luma[y*w+x] }
	if at(31*32, 719) != White || at(32*32-1, 720-32) != White || at(31*32-1, 719) != Black {
		t.Error("frame number 1: the last square of the bottom row must be white, the one before it black")
	}
	if at(0, 720-64) != White || at(31, 720-33) != White || at(32, 720-33) != Black {
		t.Error("wall time 1<<31: the first square of the upper row must be white, the second black")
	}
	if at(0, 720-65) != 0 || at(32*32, 719) != 0 {
		t.Error("something was drawn outside of the two rows")
	}
}

func TestGreySquaresCannotBeRead(t *testing.T) {
	luma := make([]byte, 320*240)
	for i := range luma {
		luma[i] = 126
	}
	if _, _, ok := ReadNumbers(luma, 320, 240, 8); ok {
		t.Error("a grey picture was read as numbers")
	}
	if _, _, ok := ReadNumbers(luma[:100], 320, 240, 8); ok {
		t.Error("a plane that is too short was read")
	}
}

func TestCheckSize(t *testing.T) {
	for _, z := range [][2]int{{1281, 720}, {1280, 721}, {78, 60}, {80, 58}, {1280, 200}, {8000, 4000}, {0, 0}, {-2, -2}} {
		if CheckSize(z[0], z[1]) == nil {
			t.Errorf("%v passed", z)
		}
	}
	for _, z := range [][2]int{{1280, 720}, {80, 60}, {1920, 1080}, {640, 360}, {1024, 768}} {
		if err := CheckSize(z[0], z[1]); err != nil {
			t.Error(err)
		}
	}
}

func TestFrameTimes(t *testing.T) {
	for _, rate := range []int{1, 5, 24, 25, 30, 60, 120} {
		for _, n := range []int64{0, 1, 2, 29, 30, 31, 17999, 18000, 2592000*30 + 7} {
			if got := FrameAt(FrameTime(n, rate), rate); got != n {
				t.Errorf("rate %d: frame %d is taken at %v, which is said to be frame %d", rate, n, FrameTime(n, rate), got)
			}
		}
	}
	if got := FrameTime(31, 30); got != time.Second+33333333 {
		t.Errorf("frame 31 at %v", got)
	}
	for n, want := range []bool{true, true, true, false, false} {
		if Flash(int64(n), 5) != want || Flash(int64(n)+25, 5) != want {
			t.Errorf("frame %d of 5: flash is not %v", n, want)
		}
	}
}

func TestBeepBeginsWithTheSecond(t *testing.T) {
	s := NewSound()
	pcm := make([]int16, 2*SampleRate)
	s.Fill(pcm, 7*SampleRate)
	var energy float64
	for k := range 4800 {
		energy += float64(pcm[2*k]) * float64(pcm[2*k])
	}
	if rms := math.Sqrt(energy / 4800); math.Abs(rms-beepPeak/math.Sqrt2) > 10 {
		t.Errorf("beep of rms %.0f", rms)
	}
	if pcm[0] != 0 || pcm[2] != 1566 || pcm[24] != beepPeak { // 12000*sin(2*pi/48), and its crest after 12 samples
		t.Errorf("the beep begins with %d %d, after 12 samples %d", pcm[0], pcm[2], pcm[24])
	}
	for k := 4800; k < SampleRate; k++ {
		if pcm[2*k] != 0 {
			t.Fatalf("left channel is not silent at sample %d of the second", k)
		}
	}
}

func TestWordsAreWhereTheyAreSaidToBe(t *testing.T) {
	s := NewSound()
	words := s.Words(0, 40*time.Second)
	if len(words) != 4 {
		t.Fatalf("%d words in 40 s", len(words))
	}
	for i, w := range words {
		if want := []string{"날씨", "음악"}[i%2]; w.Text != want {
			t.Errorf("word %d is %s, want %s", i, w.Text, want)
		}
		if w.Start != time.Duration(5+10*i)*time.Second {
			t.Errorf("word %d starts at %v", i, w.Start)
		}
		if d := w.End - w.Start; d < 300*time.Millisecond || d > 2*time.Second {
			t.Errorf("word %d lasts %v", i, d)
		}
		checkSilenceAround(t, s, w)
	}
	if got := s.Words(5*time.Second+1, 15*time.Second); len(got) != 0 {
		t.Errorf("words after 5 s and before 15 s: %v", got)
	}
	if got := s.Words(5*time.Second, 15*time.Second+1); len(got) != 2 {
		t.Errorf("words from 5 s to just after 15 s: %v", got)
	}
}

func checkSilenceAround(t *testing.T, s *Sound, w Word) {
	t.Helper()
	pcm := make([]int16, 2*10*SampleRate)
	base := int64(w.Start/WordEvery) * int64(samples(WordEvery))
	s.Fill(pcm, base)
	peak := 0
	for i := 1; i < len(pcm); i += 2 {
		peak = max(peak, abs(pcm[i]))
	}
	if peak < 8000 {
		t.Errorf("%s has a peak of %d only", w.Text, peak)
	}
	var first, last time.Duration
	for i := 1; i < len(pcm); i += 2 {
		if abs(pcm[i])*50 > peak {
			last = SampleTime(base + int64(i/2))
			if first == 0 {
				first = last
			}
		}
	}
	if first != w.Start || last >= w.End || w.End-last > time.Millisecond {
		t.Errorf("%s is heard from %v to %v, but said to be from %v to %v", w.Text, first, last, w.Start, w.End)
	}
}

func TestFillInPiecesIsTheSame(t *testing.T) {
	s := NewSound()
	whole := make([]int16, 2*2*SampleRate)
	s.Fill(whole, 4*SampleRate)
	piece := make([]int16, 2*960)
	for k := 0; k < 2*SampleRate; k += 960 {
		s.Fill(piece, int64(4*SampleRate+k))
		for i, v := range piece {
			if v != whole[2*k+i] {
				t.Fatalf("sample %d differs", k+i/2)
			}
		}
	}
}
