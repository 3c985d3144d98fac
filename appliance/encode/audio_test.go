package encode

import (
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
