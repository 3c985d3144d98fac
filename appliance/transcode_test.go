package appliance

import (
	"encoding/binary"
	"math"
	"testing"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/g711"

	"hindsight/appliance/encode"
	"hindsight/appliance/web"
	"hindsight/media"
)

// telephone is n units of 20 ms at 8 kHz, silent but for a tone of 1 kHz from a
// time after the first on.
func telephone(law media.Codec, from time.Duration, n int, tone time.Duration) (us []media.Unit) {
	for i := range n {
		pcm := make([]byte, 320)
		for k := range 160 {
			at := i*160 + k
			if time.Duration(at)*time.Second/8000 >= tone {
				binary.BigEndian.PutUint16(pcm[2*k:], uint16(int16(8000*math.Sin(2*math.Pi*1000*float64(at)/8000))))
			}
		}
		u := media.Unit{Track: 7, Flags: media.Key, DTS: from + time.Duration(i)*20*time.Millisecond}
		if law == media.PCMA {
			u.Payload, _ = g711.Alaw(pcm).Marshal()
		} else {
			u.Payload, _ = g711.Mulaw(pcm).Marshal()
		}
		us = append(us, u)
	}
	return us
}

// heard is what a coder makes of units, decoded, and when its first sample is heard.
func heard(t *testing.T, c web.Coder, in []media.Unit) (pcm []int16, at []time.Duration) {
	t.Helper()
	d, err := encode.NewOpusDecoder(1)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for _, u := range in {
		out, err := c.Code(u)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range out {
			s, err := d.Decode(o.Payload)
			if err != nil || len(s) != 960 {
				t.Fatalf("a packet of %d samples: %v", len(s), err)
			}
			pcm, at = append(pcm, s...), append(at, o.DTS)
		}
	}
	return pcm, at
}

func TestTelephoneSoundBecomesOpus(t *testing.T) {
	for _, law := range []media.Codec{media.PCMA, media.PCMU} {
		t.Run(law.String(), func(t *testing.T) {
			c := transcoder(media.Track{ID: 7, Kind: media.Audio, Codec: law, ClockRate: 8000, Channels: 1})
			defer c.Close()
			if tr := c.Track(); tr.ID != 7 || tr.Codec != media.Opus || tr.ClockRate != 48000 || tr.Channels != 1 {
				t.Errorf("track %+v", tr)
			}
			const from = 100 * time.Second
			pcm, at := heard(t, c, telephone(law, from, 150, time.Second))
			if n := len(at); n < 145 || n > 150 {
				t.Fatalf("%d packets of 150", n)
			}
			for i, a := range at {
				if want := at[0] + time.Duration(i)*20*time.Millisecond; (a - want).Abs() > time.Microsecond {
					t.Fatalf("packet %d at %v, want %v", i, a, want)
				}
			}
			onset, crossings := -1, 0
			for i, v := range pcm {
				if onset < 0 && (v > 2000 || v < -2000) {
					onset = i
				}
				if onset >= 0 && i > onset+960 && i <= onset+960+48000 && pcm[i-1] < 0 && v >= 0 {
					crossings++
				}
			}
			if got := at[0] + time.Duration(onset)*time.Second/48000; onset < 0 || (got-from-time.Second).Abs() > 5*time.Millisecond {
				t.Errorf("the tone is heard at %v, want %v", got, from+time.Second)
			}
			if crossings < 995 || crossings > 1005 {
				t.Errorf("%d waves in a second, want 1000", crossings)
			}
		})
	}
}

func TestTelephoneSoundBehindAGapIsInItsPlace(t *testing.T) {
	c := transcoder(media.Track{ID: 7, Kind: media.Audio, Codec: media.PCMA, ClockRate: 8000, Channels: 1})
	defer c.Close()
	_, first := heard(t, c, telephone(media.PCMA, 0, 50, 0))
	_, second := heard(t, c, telephone(media.PCMA, 4*time.Second, 50, 0))
	if len(first) < 45 || len(second) < 45 {
		t.Fatalf("%d and %d packets of 50", len(first), len(second))
	}
	if d := second[0] - 4*time.Second; d.Abs() > 10*time.Millisecond {
		t.Errorf("behind the gap it begins at %v", second[0])
	}
}

func TestWhatBrowsersPlayStaysAsItIs(t *testing.T) {
	for _, codec := range []media.Codec{media.Opus, media.AAC} {
		if c := transcoder(media.Track{Kind: media.Audio, Codec: codec}); c != nil {
			t.Errorf("%v is made anew", codec)
		}
	}
}
