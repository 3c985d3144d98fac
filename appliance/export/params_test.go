package export

import (
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"testing"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

func TestEveryCodecPlays(t *testing.T) {
	mono := []string{"-f", "lavfi", "-i", sound, "-t", "4", "-ac", "1"}
	pic := []string{"-f", "lavfi", "-i", picture, "-t", "4"}
	with := func(a []string, b ...string) []string { return append(slices.Clone(a), b...) }
	pictures := map[string]coded{
		"h264": h264Clip(t, "4"),
		"h264 with B frames": clip(t, media.Track{ID: 1, Codec: media.H264, ClockRate: 90000},
			with(pic, "-c:v", "libx264", "-qp", "12", "-g", "30", "-bf", "2", "-sc_threshold", "0", "-pix_fmt", "yuv420p", "-video_track_timescale", "90000")...),
		"mjpeg": clip(t, media.Track{ID: 1, Codec: media.MJPEG, ClockRate: 90000, Width: 160, Height: 96},
			with(pic, "-c:v", "mjpeg", "-q:v", "2", "-video_track_timescale", "90000")...),
	}
	sounds := map[string]coded{
		"opus": opusClip(t, "4"),
		"aac":  clip(t, media.Track{ID: 2, Codec: media.AAC, ClockRate: 44100, Channels: 1}, with(mono, "-ar", "44100", "-c:a", "aac")...),
		"pcma": chopped(clip(t, media.Track{ID: 2, Codec: media.PCMA, ClockRate: 8000, Channels: 1}, with(mono, "-ar", "8000", "-c:a", "pcm_alaw")...)),
		"pcmu": chopped(clip(t, media.Track{ID: 2, Codec: media.PCMU, ClockRate: 8000, Channels: 1}, with(mono, "-ar", "8000", "-c:a", "pcm_mulaw")...)),
	}
	names := map[string]string{"pcma": "pcm_alaw", "pcmu": "pcm_mulaw", "h264 with B frames": "h264"}
	for pn, v := range pictures {
		for sn, a := range sounds {
			t.Run(pn+" and "+sn, func(t *testing.T) {
				f := &fake{}
				f.put(1, base, 0, time.Hour, v, a)
				f.span(1, base, base+4*time.Second, "")
				_, file := save(t, f, at(1, base+1500*time.Millisecond), at(1, base+3500*time.Millisecond), Options{})
				decodes(t, file)
				p := probe(t, file)
				want := []string{pn, sn}
				for i := range want {
					if n := names[want[i]]; n != "" {
						want[i] = n
					}
				}
				if len(p.Streams) != 2 || p.Streams[0].Codec != want[0] || p.Streams[1].Codec != want[1] || p.Streams[0].Width != 160 || p.Streams[0].Height != 96 {
					t.Fatalf("streams: %+v", p.Streams)
				}
				times(t, p)
				if got, want := numbers(t, file), sequence(45, 60); !slices.Equal(got, want) {
					t.Errorf("frames %v", got)
				}
				every(t, beeps(t, file), 0.5, 2)
			})
		}
	}
}

// chopped cuts G.711, of which ffmpeg makes large samples, into packets of 20 ms.
func chopped(c coded) coded {
	out := coded{track: c.track}
	size := int(c.track.ClockRate) / 50
	var all []byte
	for _, u := range c.units {
		all = append(all, u.Payload...)
	}
	for i := 0; len(all) >= size; i++ {
		out.units = append(out.units, media.Unit{Flags: media.Key, DTS: time.Duration(i) * 20 * time.Millisecond, Payload: all[:size:size]})
		all = all[size:]
	}
	return out
}

func TestChangedParametersMakeAnotherFile(t *testing.T) {
	small := h264Clip(t, "9")
	big := clip(t, media.Track{ID: 1, Codec: media.H264, ClockRate: 90000},
		"-f", "lavfi", "-i", "color=black:size=320x192:rate=30", "-t", "9", "-c:v", "libx264", "-preset", "ultrafast", "-g", "30", "-bf", "0", "-pix_fmt", "yuv420p", "-video_track_timescale", "90000")
	a := opusClip(t, "9")
	f := &fake{}
	// From second 4 on the camera gives another size, in band; from 6 on the sound is G.711.
	g711 := chopped(clip(t, media.Track{ID: 3, Codec: media.PCMA, ClockRate: 8000, Channels: 1}, "-f", "lavfi", "-i", sound, "-t", "9", "-ac", "1", "-ar", "8000", "-c:a", "pcm_alaw"))
	g711.track.ID = 3
	only := func(c coded, from, to time.Duration) coded {
		out := coded{track: c.track}
		for _, u := range c.units {
			if u.DTS >= from && u.DTS < to {
				out.units = append(out.units, u)
			}
		}
		return out
	}
	const s = time.Second
	f.put(1, base, 0, time.Hour, only(small, 0, 4*s), only(big, 4*s, 9*s), only(a, 0, 6*s), only(g711, 6*s, 9*s))
	f.span(1, base, base+9*s, "")

	next, end := at(1, base+1500*time.Millisecond), at(1, base+8*s)
	for i, want := range []struct {
		width   int
		sound   string
		frames  int
		seconds float64
		more    bool
	}{
		{160, "opus", 75, 2.5, true},
		{320, "opus", 60, 2, true},
		{320, "pcm_alaw", 60, 2, false},
	} {
		m, file := save(t, f, next, end, Options{})
		decodes(t, file)
		p := probe(t, file)
		if len(p.Streams) != 2 || p.Streams[0].Width != want.width || p.Streams[1].Codec != want.sound {
			t.Fatalf("file %d: %+v", i+1, p.Streams)
		}
		if n := len(p.frames("video")); n != want.frames {
			t.Errorf("file %d: %d frames, want %d", i+1, n, want.frames)
		}
		if d, _ := strconv.ParseFloat(p.Format.Duration, 64); !near(d, want.seconds, 0.001) {
			t.Errorf("file %d: %v s, want %v", i+1, d, want.seconds)
		}
		if more := m.Next != (media.Position{}); more != want.more || more && m.Next != m.To {
			t.Fatalf("file %d: ends at %v, next %v", i+1, m.To, m.Next)
		}
		next = m.Next
	}
}

func TestRecordingThatChangesMeanwhile(t *testing.T) {
	v, a := h264Clip(t, "4"), opusClip(t, "4")
	f := &fake{}
	f.put(1, base, 0, time.Hour, v, a)
	f.span(1, base, base+4*time.Second, "")
	gone := false
	f.open = func(n int, items []timeline.Item) []timeline.Item {
		if gone {
			return append(slices.Clone(items[:100]), items[110:]...)
		}
		return items
	}
	m, err := Plan(context.Background(), f, at(1, base), at(1, base+3*time.Second), Options{})
	if err != nil {
		t.Fatal(err)
	}
	gone = true
	if err := m.Write(context.Background(), io.Discard); !errors.Is(err, ErrChanged) {
		t.Errorf("a deleted stretch: %v", err)
	}
}

func TestLiveEnd(t *testing.T) {
	v, a := h264Clip(t, "4"), opusClip(t, "4")
	f := &fake{live: true}
	f.put(1, base, 0, 3*time.Second+base, v, a)
	f.span(1, base, base+2900*time.Millisecond, "") // the shape is older than the units
	m, file := save(t, f, at(1, base+time.Second), at(1, time.Hour), Options{})
	decodes(t, file)
	if n := len(probe(t, file).frames("video")); n != 60 {
		t.Errorf("%d frames up to the live end, want 60", n)
	}
	if !near(m.Length.Seconds(), 2.0, 0.014) { // the last sound ends 13.5 ms later
		t.Errorf("length %v", m.Length)
	}
}

func TestNothing(t *testing.T) {
	v := h264Clip(t, "4")
	f := &fake{}
	f.put(1, base, 0, time.Hour, v)
	f.span(1, base, base+2*time.Second, "")
	f.span(2, time.Second, 3*time.Second, media.Off)
	for _, c := range []struct {
		name          string
		from, to      media.Position
		before, after string
	}{
		{"between", at(1, base+2*time.Second), at(2, time.Second), "2026-11-24T10:00:07Z", "2026-11-25T10:00:01Z"},
		{"behind", at(2, time.Minute), at(2, time.Hour), "2026-11-25T10:00:03Z", ""},
		{"before", at(1, 0), at(1, time.Second), "", "2026-11-24T10:00:05Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Plan(context.Background(), f, c.from, c.to, Options{})
			var n *Nothing
			if !errors.As(err, &n) {
				t.Fatal(err)
			}
			text := func(x time.Time) string {
				if x.IsZero() {
					return ""
				}
				return x.Format(time.RFC3339)
			}
			if text(n.Before) != c.before || text(n.After) != c.after {
				t.Errorf("before %v, after %v", n.Before, n.After)
			}
		})
	}
	if _, err := Plan(context.Background(), f, at(1, 2), at(1, 1), Options{}); err == nil {
		t.Error("a range that ends before it begins")
	}
}
