package encode

import (
	"fmt"
	"time"

	"hindsight/media"
)

const (
	opusRate  = 48000 // Hz, RFC 7587 section 4.1
	opusFrame = 960   // samples of each channel in a packet: 20 ms
)

// AudioOptions make an Audio. The zero value is good.
type AudioOptions struct {
	Channels   int           // recorded, 1 or 2; 0: as many as the microphone gives
	Bitrate    int           // bit/s; 0: 64000 for one channel, 96000 for two
	Complexity int           // of the encoder, 1 to 10; 0: 5
	Settle     time.Duration // sound held back at the start until its time is known, up to 400 ms more if it comes in few pieces; 0: 500 ms; negative: none
}

// While settling, so many stamps are waited for, but not for much longer.
const (
	settleStamps = 10
	settleMore   = 400 * time.Millisecond
)

// longestLoss is the longest loss that silence is made for.
const longestLoss = time.Minute

// Audio turns one microphone's PCM into Opus units of 20 ms on Clock.Boot.
//
// The count of samples is the clock. A sound card's clock is off by up to some
// hundred millionths, so the sound is resampled all the time by a ratio that keeps the
// count equal to Clock.Boot; see follower. The correction is therefore in the samples and
// not in the stamps: every unit's DTS is exactly 20 ms after the one before it, and what is
// stored plays without a gap, at the right speed and in step with the picture for days.
//
// A unit's DTS is when the first sample that a decoder gives for it was heard: the encoder's
// delay (312 samples) and the resampler's are already subtracted. Sound that was lost is
// replaced by exactly that much silence, and nothing behind it shifts.
//
// One goroutine uses an Audio at a time. It must be closed.
type Audio struct {
	o    AudioOptions
	rate int // of the microphone, Hz; 0: nothing was written yet
	in   int // its channels

	held     []media.Sound // while settling
	heldFor  int64         // samples of each channel in held, lost ones included
	follower *follower     // nil: settling
	resample *resampler
	encoder  *opusEncoder

	fed     int64     // input samples of each channel given to the resampler
	pending []float32 // resampled, not encoded yet
	units   int64
	losses  []loss
	inserts int64 // input samples of silence put in
	skip    int   // input samples still to be left out
	done    bool
}

// loss is a stretch of silence that stands for lost sound, in output samples.
type loss struct{ from, until float64 }

// NewAudio makes an Audio. It is an error if an option is out of range.
func NewAudio(o AudioOptions) (*Audio, error) {
	if o.Channels < 0 || o.Channels > 2 {
		return nil, fmt.Errorf("audio: %d channels: want 1 or 2, or 0 for the microphone's own", o.Channels)
	}
	if o.Complexity == 0 {
		o.Complexity = 5
	}
	if o.Complexity < 1 || o.Complexity > 10 {
		return nil, fmt.Errorf("audio: complexity %d: want 1 to 10", o.Complexity)
	}
	if o.Bitrate != 0 && (o.Bitrate < 6000 || o.Bitrate > 510_000) {
		return nil, fmt.Errorf("audio: %d bit/s: want 6000 to 510000", o.Bitrate) // RFC 7587 section 3.1.1
	}
	if o.Settle == 0 {
		o.Settle = 500 * time.Millisecond
	}
	return &Audio{o: o}, nil
}

// Track describes the units. Before the first Write its Channels is 0 if the options leave it open.
func (a *Audio) Track() media.Track {
	return media.Track{Kind: media.Audio, Codec: media.Opus, ClockRate: opusRate, Channels: uint8(a.o.Channels)}
}

// Write takes a piece of sound and returns the units that are ready, often
// none. DTS is on Clock.Boot; Track is not set. Units that lie wholly in lost sound are flagged
// Silence and Lost, units that touch it Lost.
//
// At the start half a second of sound is held back (see AudioOptions.Settle), and
// comes with the Write that completes it. An error that is ErrDiscontinuity asks for a new Audio;
// any other says why the piece was refused.
func (a *Audio) Write(s media.Sound) ([]media.Unit, error) {
	if err := a.check(s); err != nil {
		return nil, err
	}
	if a.follower != nil {
		return a.write(s)
	}
	if len(a.held) == 0 {
		s.LostHere = 0 // nothing was before it
	}
	a.held = append(a.held, s)
	a.heldFor += int64(s.LostHere + len(s.Samples)/s.Channels)
	if !settled(perSecond(int(a.heldFor), a.rate), len(a.held), a.o.Settle) {
		return nil, nil
	}
	return a.begin()
}

// settled reports whether so much sound in so many pieces is enough to tell its time from.
func settled(sound time.Duration, pieces int, settle time.Duration) bool {
	return sound >= settle && (pieces >= settleStamps || settle < 0) || settle >= 0 && sound >= settle+settleMore
}

func (a *Audio) check(s media.Sound) error {
	switch {
	case a.done:
		return fmt.Errorf("audio: written to after Flush")
	case s.Channels != 1 && s.Channels != 2:
		return fmt.Errorf("audio: sound of %d channels: want 1 or 2", s.Channels)
	case s.Rate < 4000 || s.Rate > 384_000:
		return fmt.Errorf("audio: sound at %d Hz: want 4000 to 384000", s.Rate)
	case len(s.Samples)%s.Channels != 0 || len(s.Samples) == 0 || s.LostHere < 0:
		return fmt.Errorf("audio: piece of %d samples, %d channels, %d lost", len(s.Samples), s.Channels, s.LostHere)
	case a.rate != 0 && (s.Rate != a.rate || s.Channels != a.in):
		return fmt.Errorf("%w: %d Hz, %d channels became %d Hz, %d channels", ErrDiscontinuity, a.rate, a.in, s.Rate, s.Channels)
	case a.rate != 0 && perSecond(s.LostHere, s.Rate) > longestLoss: // a new beginning has nothing before it
		return fmt.Errorf("%w: %v of sound lost", ErrDiscontinuity, perSecond(s.LostHere, s.Rate).Round(time.Second))
	}
	a.rate, a.in = s.Rate, s.Channels
	if a.o.Channels == 0 {
		a.o.Channels = s.Channels
	}
	return nil
}

// begin ends the settling: of all stamps so far the one held up least says when the sound began.
func (a *Audio) begin() ([]media.Unit, error) {
	var err error
	if a.resample, err = newResampler(a.rate, a.o.Channels); err != nil {
		return nil, err
	}
	if a.encoder, err = newOpusEncoder(a.o.Channels, a.bitrate(), a.o.Complexity); err != nil {
		a.resample.close()
		a.resample, a.held, a.heldFor = nil, nil, 0 // the next half second tries again
		return nil, err
	}
	var index int64
	origin := a.held[0].At
	for _, s := range a.held {
		index += int64(s.LostHere)
		origin = min(origin, s.At-perSecond(int(index), a.rate))
		index += int64(len(s.Samples) / s.Channels)
	}
	a.follower = newFollower(a.rate, origin, a.resample.first())
	held := a.held
	a.held = nil
	var units []media.Unit
	for _, s := range held {
		u, err := a.write(s)
		units = append(units, u...)
		if err != nil {
			return units, err
		}
	}
	return units, nil
}

func (a *Audio) bitrate() int {
	switch {
	case a.o.Bitrate != 0:
		return a.o.Bitrate
	case a.o.Channels == 2:
		return 96_000
	}
	return 64_000
}

func (a *Audio) write(s media.Sound) ([]media.Unit, error) {
	if s = a.skipped(s); len(s.Samples) == 0 {
		return nil, nil
	}
	jump, err := a.follower.observe(a.fed+int64(s.LostHere), s.At)
	if err != nil {
		return nil, err
	}
	if n := int(jump.Seconds() * float64(a.rate)); n >= 0 {
		s.LostHere += n
	} else {
		a.skip = -n
		a.mark(a.fed, a.fed+1)
		s = a.skipped(s)
	}
	if err := a.silence(s.LostHere); err != nil {
		return nil, err
	}
	if err := a.feed(toFloat(s.Samples, s.Channels, a.o.Channels)); err != nil {
		return nil, err
	}
	return a.encode()
}

// skipped leaves out of a piece what is to be left out, first of what is lost.
func (a *Audio) skipped(s media.Sound) media.Sound {
	n := min(a.skip, s.LostHere)
	s.LostHere -= n
	a.skip -= n
	n = min(a.skip, len(s.Samples)/s.Channels)
	s.Samples = s.Samples[n*s.Channels:]
	s.At += perSecond(n, a.rate)
	a.skip -= n
	return s
}

// silence feeds so much of it, and notes where it lies.
func (a *Audio) silence(n int) error {
	if n == 0 {
		return nil
	}
	a.mark(a.fed, a.fed+int64(n))
	a.inserts += int64(n)
	zeros := make([]float32, min(n, a.rate/10)*a.o.Channels)
	for n > 0 {
		k := min(n, a.rate/10)
		if err := a.feed(zeros[:k*a.o.Channels]); err != nil {
			return err
		}
		n -= k
	}
	return nil
}

// mark notes a loss between two input samples.
func (a *Audio) mark(from, until int64) {
	l := loss{a.follower.position(from), a.follower.position(until)}
	if n := len(a.losses); n > 0 && a.losses[n-1].until > l.from-1 {
		a.losses[n-1].until = l.until
		return
	}
	a.losses = append(a.losses, l)
}

// feed resamples, at the pace that the follower asks for.
func (a *Audio) feed(samples []float32) error {
	a.fed += int64(len(samples) / a.o.Channels)
	return a.resample.push(samples, a.follower.pace(), func(out []float32) {
		a.pending = append(a.pending, out...)
		a.follower.advance(len(out) / a.o.Channels)
	})
}

// encode makes units of what is pending.
func (a *Audio) encode() ([]media.Unit, error) {
	var units []media.Unit
	frame := opusFrame * a.o.Channels
	used := 0
	for len(a.pending)-used >= frame {
		payload, err := a.encoder.encode(a.pending[used : used+frame])
		if err != nil {
			return units, err
		}
		used += frame
		units = append(units, a.unit(payload))
	}
	a.pending = append(a.pending[:0], a.pending[used:]...)
	return units, nil
}

func (a *Audio) unit(payload []byte) media.Unit {
	first := a.units*opusFrame - int64(a.encoder.lookahead)
	u := media.Unit{Flags: media.Key | a.flags(float64(first)), DTS: a.at(a.units), Payload: payload}
	a.units++
	return u
}

// at is the DTS of unit n. The count of samples times a second would overflow after two days.
func (a *Audio) at(n int64) time.Duration {
	delay := time.Duration(a.encoder.lookahead) * time.Second / opusRate
	return a.follower.origin + time.Duration(n)*20*time.Millisecond - delay
}

// flags of a unit that begins at an output sample. Losses behind it are forgotten.
func (a *Audio) flags(first float64) media.Flags {
	for len(a.losses) > 0 && a.losses[0].until <= first {
		a.losses = a.losses[1:]
	}
	if len(a.losses) == 0 || a.losses[0].from >= first+opusFrame {
		return 0
	}
	if a.losses[0].from <= first && a.losses[0].until >= first+opusFrame {
		return media.Lost | media.Silence
	}
	return media.Lost
}

// Flush returns what is left, the last unit filled up with silence. Nothing can be written after it.
func (a *Audio) Flush() ([]media.Unit, error) {
	if a.done {
		return nil, nil
	}
	var units []media.Unit
	if len(a.held) > 0 {
		var err error
		if units, err = a.begin(); err != nil {
			return units, err
		}
	}
	a.done = true
	if a.follower == nil {
		return nil, nil
	}
	end := int64(a.follower.position(a.fed)) + int64(a.encoder.lookahead)
	end = (end + opusFrame - 1) / opusFrame * opusFrame
	tail := make([]float32, a.rate/100*a.o.Channels)
	for a.follower.out < end {
		if err := a.feed(tail); err != nil {
			return units, err
		}
	}
	a.pending = a.pending[:len(a.pending)-int(a.follower.out-end)*a.o.Channels]
	last, err := a.encode()
	return append(units, last...), err
}

// Close frees the encoder. Nothing may be called after it.
func (a *Audio) Close() {
	if a.resample != nil {
		a.resample.close()
	}
	if a.encoder != nil {
		a.encoder.close()
	}
	a.done = true
}

// Drift is what an Audio knows of its sound card's clock.
type Drift struct {
	Card       float64       // how much faster than Clock.Boot the card runs, as a fraction; learnt over minutes
	Correction float64       // what is added to it at present to put Offset right, as a fraction
	Offset     time.Duration // how much later the stamps say the sound was than it is stored, last measured
	Silence    time.Duration // silence made for lost sound so far
}

// Drift reports on the clock; zero while settling.
func (a *Audio) Drift() Drift {
	if a.follower == nil {
		return Drift{}
	}
	f := a.follower
	return Drift{Card: f.card, Correction: f.phase, Offset: f.offset, Silence: perSecond(int(a.inserts), a.rate)}
}

func perSecond(samples, rate int) time.Duration {
	return time.Duration(float64(samples) / float64(rate) * float64(time.Second))
}

// toFloat makes samples of -1 to 1, mixed down or doubled to the channels wanted.
func toFloat(samples []int16, channels, wanted int) []float32 {
	out := make([]float32, 0, len(samples)/channels*wanted)
	switch {
	case channels == wanted:
		for _, s := range samples {
			out = append(out, float32(s)/32768)
		}
	case wanted == 1:
		for i := 0; i+1 < len(samples); i += 2 {
			out = append(out, (float32(samples[i])+float32(samples[i+1]))/65536)
		}
	default:
		for _, s := range samples {
			out = append(out, float32(s)/32768, float32(s)/32768)
		}
	}
	return out
}
