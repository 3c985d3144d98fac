package export

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"hindsight/media"
)

// sequence is first, first+1, … with n numbers.
func sequence(first, n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = first + i
	}
	return out
}

// times checks that frame i of the file stands at i/30 s.
func times(t *testing.T, p probed) {
	t.Helper()
	shifted(t, p, 1<<30, 0)
}

// shifted is times with frames from number n on late by so much.
func shifted(t *testing.T, p probed, n int, late float64) {
	t.Helper()
	for i, f := range p.frames("video") {
		want := float64(i) / 30
		if i >= n {
			want += late
		}
		if !near(f.at(t), want, 0.00003) {
			t.Fatalf("frame %d at %v, want %v", i, f.at(t), want)
		}
	}
}

// every checks that beeps come at first, first+1, … s, within a millisecond.
func every(t *testing.T, heard []float64, first float64, n int) {
	t.Helper()
	if len(heard) != n {
		t.Fatalf("beeps at %v, want %d", heard, n)
	}
	for i, b := range heard {
		if want := first + float64(i); !near(b, want, 0.001) {
			t.Errorf("beep %d at %.4f, want %.4f", i, b, want)
		}
	}
}

func TestGapsAreClosedWithAChapterEach(t *testing.T) {
	v, a := h264Clip(t, "9"), opusClip(t, "9")
	d := newDeck(t)
	const s = time.Second
	d.play(s, 0, 4*s, v, a)
	d.Lose(0, 5*s, media.CameraLost, "unplugged")
	d.pass(5500 * time.Millisecond)
	d.Regain(0, 10500*time.Millisecond)
	d.play(6500*time.Millisecond, 4*s, 6*s, v, a)
	d.next(media.Off, time.Minute)
	d.pass(s)
	d.play(-5*s, 6*s, 9*s, v, a) // the next run: clip second 6 at media time 1 s

	from := at(1, 2500*time.Millisecond) // frame 45
	m, file := save(t, Of(d.Timeline), from, at(2, 3500*time.Millisecond), Options{Camera: "cam"})
	decodes(t, file)
	p := probe(t, file)
	if got, want := numbers(t, file), sequence(45, 210); !slices.Equal(got, want) {
		t.Fatalf("frames %v, want %v", got, want)
	}
	// The first run ends with its last sound, a little behind its last picture.
	shape := d.Map()
	rest := (shape.Recorded(at(2, s)) - shape.Recorded(from)).Seconds() - 4.5
	if rest < 0 || rest > 0.02 {
		t.Fatalf("the second run begins %v s late", rest)
	}
	shifted(t, p, 135, rest)
	heard := beeps(t, file)
	// The gap and the end of the run cut into the packets in which a beep begins.
	for i, want := range []float64{0.5, 1.5, 2.5, 3.5, 4.5 + rest, 5.5 + rest, 6.5 + rest} {
		if len(heard) != 7 || !near(heard[i], want, 0.015) || i != 2 && i != 4 && !near(heard[i], want, 0.001) {
			t.Fatalf("beeps at %v, want %v in place %d", heard, want, i)
		}
	}
	if want := shape.Recorded(at(2, 3500*time.Millisecond)) - shape.Recorded(from); m.Gaps != 2 || m.Length != want {
		t.Errorf("%d gaps, %v", m.Gaps, m.Length)
	}

	wants := []struct {
		at    float64
		title []string
	}{
		{0, []string{d.at(1, 2500).Format(stamp)}},
		{2.5, []string{d.at(1, 10500).Format(stamp), "camera lost", "5.5s missing"}},
		{4.5 + rest, []string{d.at(2, 1000).Format(stamp), "after off"}},
	}
	if len(p.Chapters) != len(wants) {
		t.Fatalf("chapters: %+v", p.Chapters)
	}
	for i, w := range wants {
		start, _ := strconv.ParseFloat(p.Chapters[i].Start, 64)
		if !near(start, w.at, 0.001) {
			t.Errorf("chapter %d at %v, want %v", i, start, w.at)
		}
		for _, part := range w.title {
			if title := p.Chapters[i].Tags["title"]; !strings.Contains(title, part) {
				t.Errorf("chapter %d is named %q, want %q in it", i, title, part)
			}
		}
	}
	if got, want := p.Format.Tags["date"], d.at(1, 2500).Format(stamp); got != want {
		t.Errorf("date %q, want %q", got, want)
	}
	if got, want := p.Format.Tags["creation_time"][:19], d.at(1, 2500).Format("2006-01-02T15:04:05"); got != want {
		t.Errorf("creation_time %q, want %q", got, want)
	}
}

// at is the wall time of a position in milliseconds.
func (d *deck) at(run media.Run, ms int) time.Time {
	w, _ := d.Timeline.Wall(at(run, time.Duration(ms)*time.Millisecond))
	return w
}

func TestManySeamsDoNotShiftTheSound(t *testing.T) {
	// Forty times a hole of 5.5 s, cut where an Opus packet is not over.
	v, a := h264Clip(t, "21"), opusClip(t, "21")
	d := newDeck(t)
	const half = 500 * time.Millisecond
	for i := range time.Duration(40) {
		from, base := half*i+half/2, 5500*time.Millisecond*i+time.Second
		d.play(base, from, from+half, v, a)
		d.Lose(0, base+from+half, media.Frozen, "")
		d.pass(5500 * time.Millisecond)
		d.Regain(0, base+from+half+5500*time.Millisecond)
	}
	m, file := save(t, Of(d.Timeline), at(1, 0), at(1, time.Hour), Options{})
	if m.Gaps != 39 {
		t.Fatalf("%d gaps closed", m.Gaps)
	}
	decodes(t, file)
	heard := beeps(t, file)
	every(t, heard, 0.7465, 20) // the first packet that is there begins at 253.5 ms
}

func TestSoundMissingKeepsItsTiming(t *testing.T) {
	v, a := h264Clip(t, "9"), opusClip(t, "9")
	const s = time.Second
	for _, c := range []struct {
		name     string
		from, to time.Duration // of the hole, in clip time
		first    int
		heard    []float64
	}{
		{"in the middle", 3500 * time.Millisecond, 6500 * time.Millisecond, 30, []float64{0, 1, 2, 6, 7}},
		{"at the beginning", 0, 3500 * time.Millisecond, 30, []float64{3, 4, 5, 6, 7}},
		{"at the end", 4500 * time.Millisecond, 9 * s, 30, []float64{0, 1, 2, 3}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDeck(t)
			var cutOut coded
			cutOut.track = a.track
			for _, u := range a.units {
				if u.DTS < c.from || u.DTS >= c.to {
					cutOut.units = append(cutOut.units, u)
				}
			}
			d.play(s, 0, 9*s, v, cutOut)
			d.Lose(media.Audio, c.from+s, media.MicrophoneLost, "")
			d.Regain(media.Audio, c.to+s)
			_, file := save(t, Of(d.Timeline), at(1, 2*s), at(1, 10*s), Options{})
			decodes(t, file)
			if got, want := numbers(t, file), sequence(c.first, 240); !slices.Equal(got, want) {
				t.Fatalf("frames %v", got)
			}
			times(t, probe(t, file))
			heard := beeps(t, file)
			if len(heard) != len(c.heard) {
				t.Fatalf("beeps at %v, want %v", heard, c.heard)
			}
			for i := range heard {
				if !near(heard[i], c.heard[i], 0.001) {
					t.Errorf("beeps at %v, want %v", heard, c.heard)
				}
			}
		})
	}
}

func TestPictureMissingKeepsItsTiming(t *testing.T) {
	v, a := h264Clip(t, "9"), opusClip(t, "9")
	const s = time.Second
	d := newDeck(t)
	var seen coded
	seen.track = v.track
	for _, u := range v.units {
		if u.DTS < 2*s || u.DTS >= 4*s && u.DTS < 6*s || u.DTS >= 8*s {
			seen.units = append(seen.units, u)
		}
	}
	d.play(s, 0, 9*s, seen, a)
	d.Lose(media.Video, 3*s, media.CameraLost, "")
	d.Regain(media.Video, 5*s)
	d.Lose(media.Video, 7*s, media.CameraLost, "")
	d.Regain(media.Video, 9*s)
	// From within the first hole: nothing is shown until the picture is back.
	_, file := save(t, Of(d.Timeline), at(1, 4*s), at(1, 10*s), Options{})
	decodes(t, file)
	p := probe(t, file)
	v30 := p.frames("video")
	if len(v30) != 90 {
		t.Fatalf("%d frames", len(v30))
	}
	for i, f := range v30 {
		want := 1 + float64(i)/30
		if i >= 60 {
			want += 2
		}
		if !near(f.at(t), want, 0.00003) {
			t.Fatalf("frame %d at %v, want %v", i, f.at(t), want)
		}
	}
	every(t, beeps(t, file), 0, 6)
	if d, _ := strconv.ParseFloat(p.Format.Duration, 64); !near(d, 6, 0.001) {
		t.Errorf("duration %v", d)
	}
}
