package asr

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

func sine(rate int, hz, peak, seconds float64) []float32 {
	out := make([]float32, int(float64(rate)*seconds))
	for i := range out {
		out[i] = float32(peak * math.Sin(2*math.Pi*hz*float64(i)/float64(rate)))
	}
	return out
}

func resample(t *testing.T, from, to int, in []float32) []int16 {
	t.Helper()
	r, err := NewResampler(from, to)
	if err != nil {
		t.Fatal(err)
	}
	return r.Flush(r.Process(nil, in))
}

// level is the root of the mean square in dB of a full sine, of the middle of pcm.
func level(pcm []float64) float64 {
	sum := 0.0
	pcm = pcm[len(pcm)/8 : len(pcm)*7/8]
	for _, v := range pcm {
		sum += v * v
	}
	return 10*math.Log10(sum/float64(len(pcm))) - 20*math.Log10(math.MaxInt16/math.Sqrt2)
}

var rates = []int{8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 96000}

// A tone that both rates can carry comes out as the same tone, at the same
// times: the difference from the tone computed at the new rate is that of rounding.
func TestResamplerKeepsTonesAndTimes(t *testing.T) {
	for _, from := range rates {
		edge := passEdge * float64(min(from, Rate)) / 2
		for _, hz := range []float64{50, 440, 1000, 3000, edge} {
			if hz > edge {
				continue
			}
			t.Run(fmt.Sprintf("%d at %g", from, hz), func(t *testing.T) {
				got := resample(t, from, Rate, sine(from, hz, 20000, 0.5))
				want := sine(Rate, hz, 20000, 0.5)
				if len(got) != (len(sine(from, hz, 1, 0.5))*Rate+from-1)/from {
					t.Fatalf("%d samples", len(got))
				}
				diff := make([]float64, min(len(got), len(want)))
				for i := range diff {
					diff[i] = float64(got[i]) - float64(want[i])
				}
				if l := level(diff); l > -75 { // of 20000: -70.7 dB below the tone
					t.Errorf("differs by %.1f dB of full scale", l)
				}
			})
		}
	}
}

// No tone above half the new rate leaves anything that 16 bits can tell from rounding.
func TestResamplerLetsNoAliasThrough(t *testing.T) {
	for _, from := range []int{24000, 32000, 44100, 48000, 96000} {
		for hz := 8000.0; hz < float64(from)/2; hz += 411 {
			got := resample(t, from, Rate, sine(from, hz, 32767, 0.2))
			f := make([]float64, len(got))
			for i, v := range got {
				f[i] = float64(v)
			}
			if l := level(f); l > -80 {
				t.Errorf("%d Hz: a tone of %g Hz leaves %.1f dB", from, hz, l)
			}
		}
	}
}

// An impulse's middle stays where it was, also where the ratio is odd.
func TestResamplerTakesItsDelayOff(t *testing.T) {
	for _, from := range rates {
		in := make([]float32, from)
		in[from/2] = 32767 // at 0.5 s; 11025/2 rounds down
		got := resample(t, from, Rate, in)
		if len(got) != Rate {
			t.Fatalf("%d: %d samples of a second", from, len(got))
		}
		sum, moment := 0.0, 0.0
		for i, v := range got {
			sum += float64(v)
			moment += float64(v) * float64(i)
		}
		want := float64(from/2) / float64(from) * Rate
		if middle := moment / sum; math.Abs(middle-want) > 0.2 {
			t.Errorf("%d: the middle lies at sample %.2f, want %.2f", from, middle, want)
		}
	}
}

func TestResamplerDoesNotCareHowSoundIsCut(t *testing.T) {
	for _, from := range []int{8000, 44100, 48000} {
		in := sine(from, 700, 30000, 0.3)
		whole := resample(t, from, Rate, in)
		for _, n := range []int{1, 7, 441, 960, 5000} {
			r, err := NewResampler(from, Rate)
			if err != nil {
				t.Fatal(err)
			}
			var got []int16
			for c := range slices.Chunk(in, n) {
				got = r.Process(got, c)
			}
			if got = r.Flush(got); !slices.Equal(got, whole) {
				t.Errorf("%d Hz in pieces of %d: another sound", from, n)
			}
		}
	}
}

func TestResamplerClipsAndKeepsItsLevel(t *testing.T) {
	loud := make([]float32, 48000)
	for i := range loud {
		loud[i] = 40000
	}
	got := resample(t, 48000, Rate, loud)
	if got[8000] != math.MaxInt16 {
		t.Errorf("too loud a sound became %d", got[8000])
	}
	for i := range loud {
		loud[i] = -12345
	}
	for _, from := range rates {
		if got := resample(t, from, Rate, loud); got[4000] != -12345 {
			t.Errorf("%d: a constant -12345 became %d", from, got[4000])
		}
	}
}

func TestResamplerRefuses(t *testing.T) {
	for _, c := range [][2]int{{0, 16000}, {-1, 16000}, {3999, 16000}, {192001, 16000}, {44101, 16000}} {
		if _, err := NewResampler(c[0], c[1]); err == nil {
			t.Errorf("%d to %d: no error", c[0], c[1])
		}
	}
}

func TestChannels(t *testing.T) {
	stereo := []int16{10, 20, -30, 40, 32767, 32767}
	for _, c := range []struct {
		channel  Channel
		channels int
		in       []int16
		want     []float32
	}{
		{Mix, 2, stereo, []float32{15, 5, 32767}},
		{"", 2, stereo, []float32{15, 5, 32767}},
		{Left, 2, stereo, []float32{10, -30, 32767}},
		{Right, 2, stereo, []float32{20, 40, 32767}},
		{Right, 1, []int16{1, 2}, []float32{1, 2}},
		{Right, 3, []int16{1, 2, 3}, []float32{2}},
		{Mix, 3, []int16{1, 2, 6, 7}, []float32{3}},
	} {
		if got := c.channel.pick(nil, c.in, c.channels); !slices.Equal(got, c.want) {
			t.Errorf("%q of %v: %v, want %v", c.channel, c.in, got, c.want)
		}
	}
	for in, want := range map[string]Channel{"mix": Mix, "left": Left, "right": Right, "": Mix} {
		if got, err := ParseChannel(in); got != want || err != nil {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
	if _, err := ParseChannel("centre"); err == nil {
		t.Error("channel centre: no error")
	}
}

func BenchmarkResampler(b *testing.B) {
	for _, from := range []int{8000, 44100, 48000} {
		b.Run(fmt.Sprint(from), func(b *testing.B) {
			r, err := NewResampler(from, Rate)
			if err != nil {
				b.Fatal(err)
			}
			in := sine(from, 700, 30000, 1)
			var out []int16
			for b.Loop() {
				out = r.Process(out[:0], in)
			}
			b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N)/10, "%core")
		})
	}
}
