//go:build hardware || guest

package microphone

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"hindsight/appliance/capture"
	"hindsight/media"
)

// What the tests of real sound have in common.

const patience = time.Minute

// recording is a Run that goes on beside the test.
type recording struct {
	t    *testing.T
	got  *sink
	done chan error
	stop context.CancelFunc
}

// listen starts a source and waits until it has given some sound.
func listen(t *testing.T, m *Source) *recording {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	r := &recording{t, &sink{}, make(chan error, 1), cancel}
	go func() { r.done <- m.Run(ctx, r.got) }()
	r.wait(0)
	return r
}

// length is how much sound has come, with what was lost.
func (r *recording) length() time.Duration {
	r.got.mu.Lock()
	defer r.got.mu.Unlock()
	var d time.Duration
	for _, x := range r.got.sounds {
		d += time.Duration(len(x.Samples)/x.Channels+x.LostHere) * time.Second / time.Duration(x.Rate)
	}
	return d
}

// lostSoFar is how much was counted as lost.
func (r *recording) lostSoFar() time.Duration {
	r.got.mu.Lock()
	defer r.got.mu.Unlock()
	var d time.Duration
	for _, x := range r.got.sounds {
		d += time.Duration(x.LostHere) * time.Second / time.Duration(x.Rate)
	}
	return d
}

// wait waits for so much sound.
func (r *recording) wait(d time.Duration) {
	r.t.Helper()
	for end := time.Now().Add(patience + d); r.length() <= d; time.Sleep(10 * time.Millisecond) {
		select {
		case err := <-r.done:
			r.t.Fatalf("the source ended: %v", err)
		default:
		}
		if time.Now().After(end) {
			r.t.Fatalf("only %v of %v came", r.length(), d)
		}
	}
}

// asLongAsTime lets disturb happen during a recording and checks that the sound
// that comes is as long as the time that goes by. It comes in pieces of up to
// 0.3 s, and a loss is counted 0.6 s after it.
func (r *recording) asLongAsTime(disturb func()) {
	r.t.Helper()
	clock := media.SystemClock{}
	r.wait(r.length() + 2*time.Second)
	begin, have := clock.Boot(), r.length()
	disturb()
	r.wait(r.length() + 4*time.Second)
	took, came := clock.Boot()-begin, r.length()-have
	r.t.Logf("%v of sound in %v, %v of it lost", came, took, r.lostSoFar())
	if off := (took - came).Abs(); off > 600*time.Millisecond {
		r.t.Errorf("%v of sound in %v, %v of it lost", came, took, r.lostSoFar())
	}
}

// sounds ends the recording and returns what came.
func (r *recording) sounds() []media.Sound {
	r.t.Helper()
	r.stop()
	select {
	case err := <-r.done:
		if err != nil {
			r.t.Fatalf("the source ended: %v", err)
		}
	case <-time.After(patience):
		r.t.Fatal("the source does not end")
	}
	return r.got.sounds
}

// lost waits until the source is lost.
func (r *recording) lost() *capture.Lost {
	r.t.Helper()
	select {
	case err := <-r.done:
		var lost *capture.Lost
		if !errors.As(err, &lost) || lost.Reason != media.MicrophoneLost {
			r.t.Fatalf("the source ended: %v, want microphone lost", err)
		}
		return lost
	case <-time.After(patience):
		r.t.Fatal("the source is not lost")
		return nil
	}
}

// back runs a source again and again, as its supervisor does, until it records.
func back(t *testing.T, m *Source) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		ctx, cancel := context.WithCancel(t.Context())
		err := m.Run(ctx, &sink{then: func(n int) {
			if n == 10 {
				cancel()
			}
		}})
		cancel()
		if err == nil {
			return
		}
	}
	t.Fatal("it does not record again")
}

// heard is what was found of a tone.
type heard struct {
	length time.Duration // how long it sounds
	jumps  int           // places where it does not go on as it was
	lost   int           // samples counted as lost
}

// clean repeats a recording until the tone is heard for d without a fault: on a
// busy machine it may have been the player that stumbled.
func clean(t *testing.T, d time.Duration, attempt func() []media.Sound) {
	t.Helper()
	var h heard
	for range 5 {
		if h = tone(attempt(), 440); h.length >= d && h.jumps == 0 && h.lost == 0 {
			return
		}
		t.Logf("heard %v of the tone, %d jumps, %d samples lost", h.length, h.jumps, h.lost)
	}
	t.Errorf("never %v of the tone without a fault; at last %v, %d jumps, %d samples lost", d, h.length, h.jumps, h.lost)
}

// tone looks for a sine of the given frequency in the left channel and follows
// its phase against a sine that never stops.
func tone(sounds []media.Sound, hz float64) (h heard) {
	var x []float64
	rate := 0
	for _, s := range sounds {
		h.lost += s.LostHere
		rate = s.Rate
		for i := 0; i < len(s.Samples); i += s.Channels {
			x = append(x, float64(s.Samples[i]))
		}
	}
	size := rate / blocks
	var phases []float64
	for at := 0; at+size <= len(x); at += size {
		var re, im, power float64
		for i, v := range x[at : at+size] {
			w := 2 * math.Pi * hz * float64(at+i) / float64(rate)
			re, im, power = re+v*math.Cos(w), im+v*math.Sin(w), power+v*v
		}
		level := 2 * math.Hypot(re, im) / float64(size)
		if pure := level * level / 2 / (power / float64(size)); level > 3000 && pure > 0.98 {
			phases = append(phases, math.Atan2(im, re))
		}
	}
	for i := 1; i < len(phases); i++ {
		d := math.Mod(phases[i]-phases[i-1]+3*math.Pi, 2*math.Pi) - math.Pi
		if math.Abs(d) > 0.05 { // one sample is 0.06 at 440 Hz and 48 kHz
			h.jumps++
		}
	}
	h.length = time.Duration(len(phases)) * time.Second / blocks
	return h
}
