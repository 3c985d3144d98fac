package encode

import (
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"hindsight/media"
)

const hour = time.Hour // where the tests' time begins on Clock.Boot

// microphone makes pieces of a sound that is a function of true time: heard by
// a card whose clock is off by ppm, in pieces of piece samples.
type microphone struct {
	rate, channels, piece int
	ppm                   float64
	sound                 func(at time.Duration, channel int) float64 // -1 to 1; at since the start
	late                  func(n int) time.Duration                   // by which piece n's stamp is late; nil: never
	n                     int
	index                 int64
}

// true time of a sample, since the start.
func (m *microphone) at(index int64) time.Duration {
	return time.Duration(float64(index) / (float64(m.rate) * (1 + m.ppm*1e-6)) * 1e9)
}

func (m *microphone) next() media.Sound {
	s := media.Sound{Rate: m.rate, Channels: m.channels, At: hour + m.at(m.index)}
	if m.late != nil {
		s.At += m.late(m.n)
	}
	for range m.piece {
		for c := range m.channels {
			s.Samples = append(s.Samples, int16(math.Round(32767*m.sound(m.at(m.index), c))))
		}
		m.index++
	}
	m.n++
	return s
}

// lose skips samples, which the next piece counts as lost.
func (m *microphone) lose(n int) media.Sound {
	m.index += int64(n)
	s := m.next()
	s.LostHere = n
	return s
}

// decoded is what a player hears, and when.
type decoded struct {
	first   time.Duration // of the first sample, since hour
	samples [][]float64   // by channel
	units   []media.Unit
}

func (d decoded) at(sample int) time.Duration {
	return d.first + time.Duration(sample)*time.Second/opusRate
}

func (d decoded) sample(at time.Duration) int {
	return int((at - d.first) * opusRate / time.Second)
}

// play decodes units and fails the test if they do not follow one another exactly.
func play(t *testing.T, units []media.Unit, channels int) decoded {
	t.Helper()
	dec, err := NewOpusDecoder(channels)
	if err != nil {
		t.Fatal(err)
	}
	defer dec.Close()
	d := decoded{first: units[0].DTS - hour, samples: make([][]float64, channels), units: units}
	for i, u := range units {
		if want := units[0].DTS + time.Duration(i)*20*time.Millisecond; (u.DTS - want).Abs() > 1 {
			t.Fatalf("unit %d is at %v, want %v", i, u.DTS, want)
		}
		if !u.IsKey() || u.Offset != 0 {
			t.Fatalf("unit %d: flags %b, offset %v", i, u.Flags, u.Offset)
		}
		pcm, err := dec.Decode(u.Payload)
		if err != nil || len(pcm) != opusFrame*channels {
			t.Fatalf("unit %d: %d samples, %v", i, len(pcm), err)
		}
		for k, s := range pcm {
			d.samples[k%channels] = append(d.samples[k%channels], float64(s)/32768)
		}
	}
	return d
}

// onset is the first moment after from at which a channel is louder than level.
func (d decoded) onset(t *testing.T, channel int, from time.Duration, level float64) time.Duration {
	t.Helper()
	for i := max(0, d.sample(from)); i < len(d.samples[channel]); i++ {
		if math.Abs(d.samples[channel][i]) > level {
			return d.at(i)
		}
	}
	t.Fatalf("channel %d: nothing louder than %g after %v", channel, level, from)
	return 0
}

// clicks is a tone burst of 5 ms at every whole second on channel 0, and half a second later on channel 1.
func clicks(at time.Duration, channel int) float64 {
	into := (at + time.Duration(channel)*500*time.Millisecond) % time.Second
	if into > 5*time.Millisecond {
		return 0
	}
	return 0.8 * math.Cos(2*math.Pi*1500*into.Seconds())
}

func record(t *testing.T, a *Audio, m *microphone, length time.Duration) []media.Unit {
	t.Helper()
	var units []media.Unit
	for m.at(m.index) < length {
		u, err := a.Write(m.next())
		if err != nil {
			t.Fatal(err)
		}
		units = append(units, u...)
	}
	return units
}

func newAudio(t *testing.T, o AudioOptions) *Audio {
	t.Helper()
	a, err := NewAudio(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return a
}

func TestAClickIsFoundWhereItWasHeard(t *testing.T) {
	for _, rate := range []int{8000, 11025, 16000, 22050, 32000, 44100, 48000, 96000, 192000} {
		for _, channels := range []int{1, 2} {
			t.Run(fmt.Sprintf("%d Hz %d channels", rate, channels), func(t *testing.T) {
				m := &microphone{rate: rate, channels: channels, piece: rate / 50, sound: clicks}
				a := newAudio(t, AudioOptions{Bitrate: 128_000, Complexity: 10})
				units := record(t, a, m, 4*time.Second)
				last, err := a.Flush()
				if err != nil {
					t.Fatal(err)
				}
				d := play(t, append(units, last...), channels)
				for c := range channels {
					for _, want := range []time.Duration{time.Second, 2 * time.Second, 3 * time.Second} {
						want -= time.Duration(c) * 500 * time.Millisecond
						if got := d.onset(t, c, want-100*time.Millisecond, 0.3); (got - want).Abs() > time.Millisecond {
							t.Errorf("channel %d: click at %v is stored at %v", c, want, got)
						}
					}
				}
				if end := d.at(len(d.samples[0])); end < 4*time.Second || end > 4*time.Second+40*time.Millisecond {
					t.Errorf("sound of 4s ends at %v", end)
				}
			})
		}
	}
}

func TestAClockThatIsOffIsFollowedInTheSound(t *testing.T) {
	for _, c := range []struct {
		rate int
		ppm  float64
	}{{48000, 200}, {44100, -200}} {
		t.Run(fmt.Sprintf("%d Hz %+g ppm", c.rate, c.ppm), func(t *testing.T) {
			late := withHolds(1, uniform(1, 100*time.Millisecond))
			m := &microphone{rate: c.rate, channels: 1, piece: c.rate / 50, ppm: c.ppm, sound: clicks}
			m.late = func(n int) time.Duration { return late(m.at(m.index), n) }
			a := newAudio(t, AudioOptions{})
			d := play(t, record(t, a, m, 4*time.Minute), 1)
			for want := time.Second; want < 239*time.Second; want += time.Second {
				most := 40 * time.Millisecond
				if want > 2*time.Minute {
					most = 5 * time.Millisecond
				}
				if got := d.onset(t, 0, want-100*time.Millisecond, 0.3); (got - want).Abs() > most {
					t.Errorf("click at %v is stored at %v", want, got)
				}
			}
			if got := a.Drift(); math.Abs(got.Card-c.ppm*1e-6) > 30e-6 {
				t.Errorf("the card's clock is said to be off by %.0f ppm, want %.0f", 1e6*got.Card, c.ppm)
			}
		})
	}
}

func TestLossBecomesSilenceOfItsLength(t *testing.T) {
	// A tone, so that silence is heard as such, with the clicks above it.
	tone := func(at time.Duration, c int) float64 {
		return 0.2*math.Sin(2*math.Pi*440*at.Seconds()) + clicks(at, c)
	}
	for _, rate := range []int{44100, 48000} {
		for _, length := range []time.Duration{3 * time.Millisecond, 250 * time.Millisecond, 3210 * time.Millisecond} {
			t.Run(fmt.Sprintf("%d Hz %v", rate, length), func(t *testing.T) {
				m := &microphone{rate: rate, channels: 1, piece: rate / 100, sound: tone}
				a := newAudio(t, AudioOptions{Bitrate: 128_000})
				units := record(t, a, m, 2200*time.Millisecond)
				from := m.at(m.index)
				u, err := a.Write(m.lose(int(length.Seconds() * float64(rate))))
				if err != nil {
					t.Fatal(err)
				}
				units = append(units, u...)
				until := from + length
				units = append(units, record(t, a, m, 8*time.Second)...)
				d := play(t, units, 1)
				checkLoss(t, d, from, until)
				for want := until.Truncate(time.Second) + time.Second; want < 7900*time.Millisecond; want += time.Second {
					if got := d.onset(t, 0, want-100*time.Millisecond, 0.5); (got - want).Abs() > time.Millisecond {
						t.Errorf("click at %v behind the loss is stored at %v", want, got)
					}
				}
				if got := a.Drift().Silence; (got - length).Abs() > time.Millisecond {
					t.Errorf("silence of %v is reported, want %v", got, length)
				}
			})
		}
	}
}

// checkLoss checks the flags of every unit, and that silence is silent.
func checkLoss(t *testing.T, d decoded, from, until time.Duration) {
	t.Helper()
	const edge = 100 * time.Microsecond // a unit whose border lies so close may be flagged either way
	for i, u := range d.units {
		begin, end := u.DTS-hour, u.DTS-hour+20*time.Millisecond
		touches := end > from+edge && begin < until-edge
		apart := end < from-edge || begin > until+edge
		inside := begin > from+edge && end < until-edge
		switch {
		case inside && u.Flags != media.Key|media.Lost|media.Silence,
			touches && u.Flags&media.Lost == 0,
			apart && u.Flags != media.Key:
			t.Errorf("unit %d from %v to %v has flags %b; lost is %v to %v", i, begin, end, u.Flags, from, until)
		}
	}
	for at := from + 20*time.Millisecond; at < until-20*time.Millisecond; at += time.Millisecond {
		if s := d.samples[0][d.sample(at)]; math.Abs(s) > 0.01 {
			t.Fatalf("at %v, in lost sound, there is %g", at, s)
		}
	}
}

func TestSoundDeliveredTwiceIsCutOut(t *testing.T) {
	m := &microphone{rate: 48000, channels: 1, piece: 960, sound: clicks}
	a := newAudio(t, AudioOptions{})
	units := record(t, a, m, 130*time.Second)
	m.late = func(int) time.Duration { return -400 * time.Millisecond } // 400 ms came twice before it
	for range 20 * 50 {
		u, err := a.Write(m.next())
		if err != nil {
			t.Fatal(err)
		}
		units = append(units, u...)
	}
	d := play(t, units, 1)
	// The sound that follows is heard 400 ms earlier than its count says.
	want := 145*time.Second - 400*time.Millisecond
	if got := d.onset(t, 0, want-100*time.Millisecond, 0.3); (got - want).Abs() > 5*time.Millisecond {
		t.Errorf("click heard at %v is stored at %v", want, got)
	}
}

func TestMixing(t *testing.T) {
	left := func(at time.Duration, c int) float64 {
		return float64(1-c) * 0.5 * math.Sin(2*math.Pi*1000*at.Seconds())
	}
	level := func(x []float64) float64 {
		sum := 0.0
		for _, s := range x[48000:96000] {
			sum += s * s
		}
		return math.Sqrt(sum / 48000 * 2)
	}
	for _, c := range []struct {
		in, out int
		want    []float64
	}{{1, 1, []float64{0.5}}, {2, 2, []float64{0.5, 0}}, {2, 1, []float64{0.25}}, {1, 2, []float64{0.5, 0.5}}} {
		m := &microphone{rate: 44100, channels: c.in, piece: 441, sound: left}
		a := newAudio(t, AudioOptions{Channels: c.out})
		d := play(t, record(t, a, m, 3*time.Second), c.out)
		if got := a.Track(); got.Channels != uint8(c.out) || got.Codec != media.Opus || got.ClockRate != 48000 || got.Kind != media.Audio {
			t.Errorf("%d to %d channels: track %+v", c.in, c.out, got)
		}
		for i, want := range c.want {
			if got := level(d.samples[i]); math.Abs(got-want) > 0.02 {
				t.Errorf("%d to %d channels: channel %d has level %.3f, want %.3f", c.in, c.out, i, got, want)
			}
		}
	}
}

func TestSoundThatIsRefused(t *testing.T) {
	good := media.Sound{Rate: 48000, Channels: 2, At: hour, Samples: make([]int16, 960)}
	cases := []struct {
		name  string
		with  func(*media.Sound)
		again bool // asks for a new Audio
	}{
		{"another rate", func(s *media.Sound) { s.Rate = 44100 }, true},
		{"other channels", func(s *media.Sound) { s.Channels = 1 }, true},
		{"more lost than silence is made for", func(s *media.Sound) { s.LostHere = 61 * 48000 }, true},
		{"no rate", func(s *media.Sound) { s.Rate = 0 }, false},
		{"three channels", func(s *media.Sound) { s.Channels = 3 }, false},
		{"half a sample", func(s *media.Sound) { s.Samples = s.Samples[:959] }, false},
		{"nothing", func(s *media.Sound) { s.Samples = nil }, false},
		{"negative loss", func(s *media.Sound) { s.LostHere = -1 }, false},
	}
	for _, c := range cases {
		a := newAudio(t, AudioOptions{Settle: -1})
		if _, err := a.Write(good); err != nil {
			t.Fatal(err)
		}
		bad := good
		c.with(&bad)
		if _, err := a.Write(bad); err == nil || errors.Is(err, ErrDiscontinuity) != c.again {
			t.Errorf("%s: %v", c.name, err)
		}
		if _, err := a.Write(good); err != nil {
			t.Errorf("after %s a good piece is refused: %v", c.name, err)
		}
		if _, err := newAudio(t, AudioOptions{}).Write(bad); (err == nil) != c.again {
			t.Errorf("%s at the beginning of a new Audio: %v", c.name, err)
		}
	}
}

func TestFlushGivesWhatIsLeft(t *testing.T) {
	a := newAudio(t, AudioOptions{})
	m := &microphone{rate: 16000, channels: 1, piece: 160, sound: clicks}
	if units := record(t, a, m, 100*time.Millisecond); len(units) != 0 {
		t.Fatalf("%d units while settling", len(units))
	}
	units, err := a.Flush()
	if err != nil || len(units) != 6 { // 100 ms and 6.5 ms of the encoder's delay
		t.Fatalf("%d units, %v", len(units), err)
	}
	if got := units[0].DTS - hour; got != -6500*time.Microsecond {
		t.Errorf("the first unit is at %v, want -6.5ms: what a decoder gives begins with the encoder's delay", got)
	}
	if again, err := a.Flush(); err != nil || len(again) != 0 {
		t.Errorf("a second Flush gives %d units, %v", len(again), err)
	}
	if _, err := a.Write(m.next()); err == nil {
		t.Error("written to after Flush")
	}
	if empty, err := newAudio(t, AudioOptions{}).Flush(); err != nil || len(empty) != 0 {
		t.Errorf("Flush of nothing gives %d units, %v", len(empty), err)
	}
}

func TestAudioOptionsOutOfRange(t *testing.T) {
	for _, o := range []AudioOptions{{Channels: 3}, {Channels: -1}, {Bitrate: 5}, {Bitrate: 600_000}, {Complexity: 11}} {
		if _, err := NewAudio(o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
}

func TestUnitsOfAYear(t *testing.T) {
	a := newAudio(t, AudioOptions{Settle: -1})
	m := &microphone{rate: 48000, channels: 1, piece: 960, sound: clicks}
	record(t, a, m, time.Second)
	const year = 365 * 24 * time.Hour
	if got, want := a.at(int64(year/(20*time.Millisecond))), hour+year-6500*time.Microsecond; got != want {
		t.Errorf("the unit of a year later is at %v, want %v", got, want)
	}
	f := newFollower(48000, hour, 0)
	f.card = 100e-6
	f.out, f.in = int64(year.Seconds()*48000), year.Seconds()*48000*(1+100e-6)
	if got := f.when(int64(f.in)); (got - hour - year).Abs() > 20*time.Microsecond {
		t.Errorf("the sample of a year later is at %v, want %v", got, hour+year)
	}
}
