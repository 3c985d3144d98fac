package media

import (
	"testing"
	"time"
)

func TestOpusDuration(t *testing.T) {
	opus := Track{Kind: Audio, Codec: Opus, ClockRate: 48000, Channels: 1}
	// RFC 6716 table 2: configurations 0 to 31 and the length of a frame, in units of 2.5 ms.
	frames := [32]int{
		4, 8, 16, 24, 4, 8, 16, 24, 4, 8, 16, 24, // SILK: 10, 20, 40, 60 ms
		4, 8, 4, 8, // hybrid: 10, 20 ms
		1, 2, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, // CELT: 2.5, 5, 10, 20 ms
	}
	for config, n := range frames {
		frame := time.Duration(n) * 2500 * time.Microsecond
		for stereo := range byte(2) {
			toc := byte(config)<<3 | stereo<<2
			for code, want := range []time.Duration{frame, 2 * frame, 2 * frame} {
				if got := opus.Duration([]byte{toc | byte(code), 0, 0}); got != want {
					t.Errorf("configuration %d code %d: %v, want %v", config, code, got, want)
				}
			}
			for _, count := range []byte{1, 3, 6} {
				for _, flags := range []byte{0, 0x40, 0x80, 0xC0} { // padding, variable rate
					want := time.Duration(count) * frame
					if want > 120*time.Millisecond {
						want = 0 // no such packet
					}
					if got := opus.Duration([]byte{toc | 3, flags | count}); got != want {
						t.Errorf("configuration %d with %d frames: %v, want %v", config, count, got, want)
					}
				}
			}
		}
	}
	for _, broken := range [][]byte{nil, {}, {3}, {0xff}, {3, 0}, {0xff, 0x3f}} {
		if got := opus.Duration(broken); got != 0 {
			t.Errorf("packet %v: %v, want 0", broken, got)
		}
	}
}

func TestDuration(t *testing.T) {
	for _, c := range []struct {
		track Track
		bytes int
		want  time.Duration
	}{
		{Track{Codec: AAC, ClockRate: 48000}, 300, 21_333_333},
		{Track{Codec: AAC, ClockRate: 44100}, 1, 23_219_954},
		{Track{Codec: AAC}, 1, 0},
		{Track{Codec: PCMA, ClockRate: 8000, Channels: 1}, 160, 20 * time.Millisecond},
		{Track{Codec: PCMU, ClockRate: 8000, Channels: 2}, 320, 20 * time.Millisecond},
		{Track{Codec: PCMU, ClockRate: 8000}, 320, 0},
		{Track{Codec: PCMU, Channels: 1}, 320, 0},
		{Track{Codec: H264, ClockRate: 90000}, 1000, 0},
		{Track{Codec: MJPEG, ClockRate: 90000}, 1000, 0},
		{Track{Codec: 99, ClockRate: 90000}, 1000, 0},
	} {
		if got := c.track.Duration(make([]byte, c.bytes)); got != c.want {
			t.Errorf("%d bytes of %v at %d Hz: %v, want %v", c.bytes, c.track.Codec, c.track.ClockRate, got, c.want)
		}
	}
}

func FuzzOpusDuration(f *testing.F) {
	for _, p := range [][]byte{nil, {0}, {0xfc, 1}, {3}, {3, 0x3f}, {0xff, 0xff, 1, 2}} {
		f.Add(p)
	}
	opus := Track{Kind: Audio, Codec: Opus, ClockRate: 48000}
	f.Fuzz(func(t *testing.T, p []byte) {
		// RFC 6716 section 3.2.5 (R5): no packet is longer than 120 ms.
		if d := opus.Duration(p); d < 0 || d > 120*time.Millisecond {
			t.Errorf("packet %x lasts %v", p, d)
		}
	})
}

func TestUnit(t *testing.T) {
	u := Unit{DTS: 5, Offset: 7, Flags: Lost | Key}
	if u.PTS() != 12 || !u.IsKey() || (Unit{Flags: Lost | Silence}).IsKey() {
		t.Errorf("unit %+v: PTS %d, key %v", u, u.PTS(), u.IsKey())
	}
}
