package asr

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"hindsight/media"
)

// piece is what is fed at once: PieceLen samples, less at the end of a stretch.
type piece struct {
	run media.Run
	at  time.Duration // media time of the first sample
	pcm []int16       // Rate, mono
	end bool          // the stretch of sound ends after it
}

func (p piece) until() time.Duration { return p.at + time.Duration(len(p.pcm))*sampleTime }

// A hole up to shortHole is filled with silence, for a word may go on after it;
// a longer one ends the stretch. A step smaller than jitter is none: stamps are
// rounded, and drift with the sender's clock.
const (
	shortHole = time.Second
	jitter    = 20 * time.Millisecond
)

// cutter makes pieces of a Sound: one channel of it, at Rate.
type cutter struct {
	sound   Sound
	channel Channel
	quiet   time.Duration // without a chunk, after which the stretch ends

	res    *Resampler // nil: no stretch
	run    media.Run
	rate   int
	at     time.Duration // media time of input sample number base
	base   int64
	inputs int64         // input samples of the stretch so far
	made   int64         // output samples put into pieces so far
	pcm    []int16       // output, not yet a piece
	mono   []float32     // for use again
	ready  []piece       // cut and not yet taken
	held   *Chunk        // belongs to the next stretch
	behind time.Duration // of the last chunk
}

// next waits for the next piece; io.EOF after the last.
func (c *cutter) next(ctx context.Context) (piece, error) {
	for len(c.ready) == 0 {
		if err := c.read(ctx); err != nil {
			return piece{}, err
		}
	}
	p := c.ready[0]
	c.ready = c.ready[1:]
	return p, nil
}

func (c *cutter) read(ctx context.Context) error {
	if c.held != nil {
		k := *c.held
		c.held = nil
		return c.begin(k)
	}
	wait, cancel := ctx, context.CancelFunc(func() {})
	if c.res != nil {
		wait, cancel = context.WithTimeout(ctx, c.quiet)
	}
	k, err := c.sound.Next(wait)
	cancel()
	switch {
	case err == nil:
		return c.take(k)
	case c.res != nil && (errors.Is(err, io.EOF) || ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded)):
		c.finish()
		return nil
	}
	return err
}

// take takes a chunk: it goes on where the one before ended, or begins a stretch.
func (c *cutter) take(k Chunk) error {
	if k.Rate <= 0 || k.Channels <= 0 {
		return fmt.Errorf("sound of %d Hz and %d channels cannot be listened to", k.Rate, k.Channels)
	}
	c.behind = k.Behind
	if c.res == nil {
		return c.begin(k)
	}
	step := k.At - c.inputTime(c.inputs)
	if k.New || k.Run != c.run || k.Rate != c.rate || step > shortHole {
		c.held = &k
		k.Samples = append([]int16(nil), k.Samples...)
		c.finish()
		return nil
	}
	switch {
	case step > jitter:
		c.feed(make([]float32, int(step*time.Duration(c.rate)/time.Second)))
	case step < -jitter: // heard already
		n := min(int(-step*time.Duration(c.rate)/time.Second)+1, len(k.Samples)/k.Channels)
		k.Samples = k.Samples[n*k.Channels:]
		k.At += time.Duration(n) * time.Second / time.Duration(k.Rate)
		if len(k.Samples) == 0 {
			return nil
		}
	}
	c.hear(k)
	return nil
}

func (c *cutter) begin(k Chunk) error {
	r, err := NewResampler(k.Rate, Rate)
	if err != nil {
		return err
	}
	c.res, c.run, c.rate = r, k.Run, k.Rate
	c.inputs, c.made, c.pcm = 0, 0, c.pcm[:0]
	c.hear(k)
	return nil
}

// hear takes samples whose media time is known.
func (c *cutter) hear(k Chunk) {
	c.cut() // what was before keeps the time it had
	c.at, c.base = k.At, c.inputs
	c.mono = c.channel.pick(c.mono[:0], k.Samples, k.Channels)
	c.feed(c.mono)
}

func (c *cutter) feed(mono []float32) {
	c.pcm = c.res.Process(c.pcm, mono)
	c.inputs += int64(len(mono))
	c.cut()
}

// inputTime is the media time of input sample number n.
func (c *cutter) inputTime(n int64) time.Duration {
	return c.at + time.Duration(n-c.base)*time.Second/time.Duration(c.rate)
}

// outputTime is the media time of output sample number n, counted from the
// nearest stamp so that it is exact however long the stretch.
func (c *cutter) outputTime(n int64) time.Duration {
	in := n * int64(c.res.down)
	whole, part := in/int64(c.res.up), in%int64(c.res.up)
	return c.inputTime(whole) + time.Duration(part)*time.Second/time.Duration(int64(c.rate)*int64(c.res.up))
}

// cut makes pieces of the output.
func (c *cutter) cut() {
	for len(c.pcm) >= PieceLen {
		c.push(PieceLen, false)
	}
}

func (c *cutter) push(n int, end bool) {
	p := piece{run: c.run, at: c.outputTime(c.made), pcm: append([]int16(nil), c.pcm[:n]...), end: end}
	c.pcm = c.pcm[:copy(c.pcm, c.pcm[n:])]
	c.made += int64(n)
	c.ready = append(c.ready, p)
}

// finish ends the stretch.
func (c *cutter) finish() {
	c.pcm = c.res.Flush(c.pcm)
	c.cut()
	c.push(len(c.pcm), true)
	c.res = nil
}
