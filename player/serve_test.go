package player_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"hindsight/media"
	"hindsight/player"
)

// lossless is a client at a source, with a clock that goes only while all wait.
func lossless(t *testing.T, source player.Source, wrap func(net.Conn) net.Conn, test func(*client)) {
	t.Helper()
	options(t, source, player.Options{}, wrap, test)
}

// options is lossless with options.
func options(t *testing.T, source player.Source, o player.Options, wrap func(net.Conn) net.Conn, test func(*client)) {
	synctest.Test(t, func(t *testing.T) {
		c := serve(t, source, o, wrap)
		go c.read()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go c.play(ctx)
		c.await("hello", func(s said) bool { return s.Is == "hello" })
		test(c)
	})
}

// file is the init segment and the fragments of a gen, from the last init segment on.
func file(all []data, gen uint32) []byte {
	var b bytes.Buffer
	for _, d := range all {
		switch {
		case d.gen != gen || d.kind == 3:
		case d.kind == 1:
			b.Reset()
			fallthrough
		default:
			b.Write(d.payload)
		}
	}
	return b.Bytes()
}

// program is where ffprobe or ffmpeg is; without it the test fails, as nothing else says what a film shows.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is missing: install the package ffmpeg", name)
	}
	return path
}

// tool runs ffprobe or ffmpeg on a file made of what came.
func tool(t *testing.T, movie []byte, name string, args ...string) string {
	t.Helper()
	path := program(t, name)
	in := filepath.Join(t.TempDir(), "in.mp4")
	must(t, os.WriteFile(in, movie, 0o600))
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "IN", in)
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil || errs.Len() > 0 {
		t.Fatalf("%s: %v: %s", name, err, errs.String())
	}
	return string(out)
}

// packets are the presentation times that ffprobe reads, by track; in ticks of the track.
func packets(t *testing.T, movie []byte, stream string) (pts []int64) {
	t.Helper()
	out := tool(t, movie, "ffprobe", "-v", "error", "-select_streams", stream, "-show_entries", "packet=pts", "-of", "csv=p=0", "IN")
	for _, l := range strings.Fields(out) {
		n, err := strconv.ParseInt(strings.Trim(l, ","), 10, 64)
		must(t, err)
		pts = append(pts, n)
	}
	return pts
}

// frames are the pictures that ffmpeg decodes: their times, and sums over what is on them.
func frames(t *testing.T, movie []byte) (at []float64, sums []string) {
	t.Helper()
	out := tool(t, movie, "ffmpeg", "-v", "error", "-copyts", "-i", "IN", "-map", "0:v", "-fps_mode", "passthrough", "-f", "framemd5", "-")
	scale := 1.0
	for _, l := range strings.Split(out, "\n") {
		if rest, ok := strings.CutPrefix(l, "#tb 0: 1/"); ok {
			n, err := strconv.ParseFloat(rest, 64)
			must(t, err)
			scale = n
		}
		f := strings.Split(l, ",")
		if strings.HasPrefix(l, "#") || len(f) != 6 {
			continue
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(f[2]), 64)
		must(t, err)
		at, sums = append(at, n/scale), append(sums, strings.TrimSpace(f[5]))
	}
	return at, sums
}

// samples is the sound that ffmpeg decodes, one channel at 48 kHz; holes it would have left out.
func samples(t *testing.T, movie []byte) []int16 {
	t.Helper()
	out := tool(t, movie, "ffmpeg", "-v", "error", "-i", "IN", "-map", "0:a", "-ac", "1", "-f", "s16le", "-")
	s := make([]int16, len(out)/2)
	for i := range s {
		s[i] = int16(binary.LittleEndian.Uint16([]byte(out[2*i:])))
	}
	return s
}

func TestTimesAreThoseOfTheSource(t *testing.T) {
	// Times that no clock of a track divides evenly, and one picture that comes late.
	x := newTape(t, 6*time.Second, nil)
	for i := range x.items {
		u := &x.items[i].Unit
		u.DTS = u.DTS*1001/1000 + 123456789
		if u.Track == pictureID {
			u.DTS += time.Duration(i%7) * 777 * time.Microsecond
		}
	}
	var all []data
	lossless(t, x, nil, func(c *client) {
		c.seek(1, map[string]any{"recorded": 0})
		c.landed(1)
		all = c.awaitData("the last picture", reaches(1, 1, 5.9))
		tracks := c.await("tracks", func(s said) bool { return s.Is == "tracks" })
		if tracks.MIME != `video/mp4; codecs="avc1.42C00D,opus"` || tracks.Video.Width != 320 || tracks.Video.Height != 180 || tracks.Video.Mode != "mse" ||
			tracks.Audio.Codec != "opus" || tracks.Audio.Rate != 48000 || !tracks.Audio.Playable {
			t.Errorf("tracks %+v", tracks)
		}
	})
	movie := file(all, 1)
	for _, k := range []struct {
		stream string
		id     uint16
		scale  float64
	}{{"v", pictureID, 90000}, {"a", soundID, 48000}} {
		var want []int64
		for _, it := range x.items {
			if it.Track == k.id {
				want = append(want, int64(math.Round(it.DTS.Seconds()*k.scale)))
			}
		}
		got := packets(t, movie, k.stream)
		if len(got) < len(want)*9/10 {
			t.Fatalf("%d packets of %s, of %d", len(got), k.stream, len(want))
		}
		for i, g := range got {
			if g-want[i] > 1 || want[i]-g > 1 {
				t.Fatalf("packet %d of %s is at %d, want %d", i, k.stream, g, want[i])
			}
		}
	}
	// The header's frames are the pictures' times.
	var told []float64
	for _, d := range all {
		if d.kind == 2 {
			told = append(told, d.header.Frames...)
		}
	}
	for i, p := range packets(t, movie, "v") {
		if math.Abs(told[i]-float64(p)/90000) > 2e-5 {
			t.Fatalf("picture %d is told at %v and lies at %v", i, told[i], float64(p)/90000)
		}
	}
	if at, _ := frames(t, movie); len(at) != len(told) {
		t.Errorf("%d pictures are decoded of %d", len(at), len(told))
	}
}

func TestFragments(t *testing.T) {
	for _, low := range []bool{false, true} {
		t.Run(fmt.Sprintf("low %v", low), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := newTape(t, time.Minute, nil)
				x.begun = time.Now().Add(-5500 * time.Millisecond)
				c := serve(t, x, player.Options{}, nil)
				go c.read()
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				go c.play(ctx)
				c.say(map[string]any{"do": "latency", "low": low})
				c.seek(1, map[string]any{"live": true})
				if l := c.landed(1); !l.Live || l.Point.Recorded != 5 || math.Abs(l.Asked.Recorded-5.5) > 0.001 {
					t.Errorf("landed %+v", l)
				}
				all := c.awaitData("seconds", reaches(1, 1, 10))
				var late time.Duration
				n := 0
				for _, d := range all {
					if d.kind != 2 || d.header.From < 5.6 {
						continue
					}
					for _, f := range d.header.Frames { // from capture to message
						late = max(late, d.come.Sub(x.begun)-time.Duration(f*1e9))
						n++
					}
					if most := map[bool]int{true: 1, false: 3}[low]; len(d.header.Frames) > most {
						t.Errorf("%d pictures in a fragment", len(d.header.Frames))
					}
					if slices.ContainsFunc(d.header.Frames, func(f float64) bool { return f == math.Trunc(f) }) != d.header.Key {
						t.Errorf("fragment %+v: a key frame begins one, and says so", d.header)
					}
				}
				if most := map[bool]time.Duration{true: time.Millisecond, false: 121 * time.Millisecond}[low]; late > most || n < 100 {
					t.Errorf("%d pictures came up to %v after they were taken, want %v", n, late, most)
				}
				s := c.await("state", func(s said) bool { return s.Is == "state" && s.Live })
				if s.Picture != "full" || s.Why != "" {
					t.Errorf("state %+v", s)
				}
			})
		})
	}
}

func TestMissingSoundIsSilence(t *testing.T) {
	lost := func(k media.Kind, at time.Duration) bool {
		return k != media.Audio || at < 3*time.Second || at >= 6*time.Second
	}
	for _, told := range []bool{false, true} {
		t.Run(fmt.Sprintf("told %v", told), func(t *testing.T) {
			x := newTape(t, 10*time.Second, lost)
			if told {
				for i := range x.items {
					switch x.items[i].DTS {
					case 3 * time.Second:
						x.items[i].Holes = map[media.Kind]media.Reason{media.Audio: media.MicrophoneLost}
					case 6 * time.Second:
						x.items[i].Holes = map[media.Kind]media.Reason{}
					}
				}
			}
			var all []data
			lossless(t, x, nil, func(c *client) {
				c.seek(1, map[string]any{"recorded": 0})
				c.landed(1)
				all = c.awaitData("what comes behind the hole", reaches(1, 2, 9.9))
				s := c.await("what was filled", func(s said) bool { return s.Is == "state" && s.Filled.Audio >= 3 })
				if s.Filled.Audio != 3 || s.Filled.Video != 0 {
					t.Errorf("filled %+v, want 3 s of sound", s.Filled)
				}
				if told {
					c.await("the hole", func(s said) bool { return s.Is == "state" && s.Holes["audio"] == "microphone lost" })
				}
				if c.dry > 0 {
					t.Errorf("there was no sound for %v", c.dry)
				}
			})
			covered(t, all, 2, 9.9)
			covered(t, all, 1, 9.9)
			s := samples(t, file(all, 1))
			if got, want := len(s), int(9.9*48000); got < want-960 {
				t.Errorf("%d samples are decoded, want %d", got, want)
			}
			if loud(s[48000*2:48000*5/2]) < 1000 || loud(s[48000*7:48000*8]) < 1000 {
				t.Error("there is no sound where there was")
			}
			if n := loud(s[48000*7/2 : 48000*11/2]); n > 4 {
				t.Errorf("silence is as loud as %d", n)
			}
		})
	}
}

func loud(s []int16) (n int) {
	for _, x := range s {
		n = max(n, int(x), -int(x))
	}
	return n
}

// covered checks that a track has neither hole nor overlap, but for fragments that
// begin with a key frame: they may overlap.
func covered(t *testing.T, all []data, id int, until float64) {
	t.Helper()
	end := -1.0
	for _, d := range all {
		for _, x := range d.tracks() {
			if x.ID != id {
				continue
			}
			if end < 0 {
				end = x.from
			}
			if hole := x.from - end; hole > 1e-4 || hole < -1e-4 && (id == 2 || x.samples[0].IsNonSyncSample) {
				t.Errorf("track %d: from %v to %v", id, end, x.from)
			}
			end = x.until
		}
	}
	if end < until-1e-6 {
		t.Errorf("track %d ends at %v, want %v", id, end, until)
	}
}

func TestMissingPictureIsTheLastOne(t *testing.T) {
	x := newTape(t, 10*time.Second, func(k media.Kind, at time.Duration) bool {
		return k != media.Video || at < 3520*time.Millisecond || at >= 7*time.Second
	})
	var all []data
	lossless(t, x, nil, func(c *client) {
		c.seek(1, map[string]any{"recorded": 0})
		c.landed(1)
		all = c.awaitData("what comes behind the hole", reaches(1, 1, 9.8))
		s := c.await("what was filled", func(s said) bool { return s.Is == "state" && s.Filled.Video >= 3.48 })
		if s.Filled.Video != 3.48 || s.Filled.Audio != 0 {
			t.Errorf("filled %+v, want 3.48 s of picture", s.Filled)
		}
		if c.dry > 0 {
			t.Errorf("there was no sound for %v", c.dry)
		}
	})
	covered(t, all, 1, 9.8)
	movie := file(all, 1)
	at, sums := frames(t, movie)
	last := slices.IndexFunc(at, func(x float64) bool { return math.Abs(x-3.48) < 1e-3 })
	if last < 0 {
		t.Fatalf("no picture at 3.48 s: %v", at)
	}
	// In the hole the last picture stands but for the instant in which its group is gone through again.
	for i := last + 1; i < len(at) && at[i] < 6.99; i++ {
		until := 7.0
		if i+1 < len(at) {
			until = at[i+1]
		}
		if sums[i] != sums[last] && until-at[i] > 0.001 {
			t.Errorf("another picture stands from %v to %v", at[i], until)
		}
	}
	for _, d := range all {
		for _, f := range d.header.Frames {
			if f > 3.49 && f < 6.99 {
				t.Errorf("a picture of %v is told as a true one", f)
			}
		}
	}
	// Behind the hole everything is as in a recording without one.
	whole, same := frames(t, wholeMovie(t))
	for i, a := range at {
		if a > 6.99 && a < 9.75 { // which came in both
			n := slices.IndexFunc(whole, func(b float64) bool { return math.Abs(a-b) < 1e-3 })
			if n < 0 || sums[i] != same[n] {
				t.Fatalf("the picture at %v is another one", a)
			}
		}
	}
}

// wholeMovie is the clip without a hole.
func wholeMovie(t *testing.T) []byte {
	t.Helper()
	var all []data
	lossless(t, newTape(t, 10*time.Second, nil), nil, func(c *client) {
		c.seek(1, map[string]any{"recorded": 0})
		c.landed(1)
		all = c.awaitData("everything", reaches(1, 1, 9.8))
	})
	return file(all, 1)
}

func TestSeekStorm(t *testing.T) {
	var counts player.Counts
	synctest.Test(t, func(t *testing.T) {
		x := newTape(t, time.Minute, nil)
		x.opened = func(player.Moment) error { time.Sleep(5 * time.Millisecond); return nil }
		x.made = make(chan *head, 10000)
		c := serve(t, x, player.Options{Counts: &counts}, nil)
		go c.read()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go c.play(ctx)
		const last = 400
		for gen := uint32(1); gen <= last; gen++ {
			c.seek(gen, map[string]any{"recorded": float64(gen * 7 % 50)})
			if gen%3 == 0 {
				time.Sleep(time.Duration(gen%11) * time.Millisecond)
			}
			if gen%100 == 0 && gen < last {
				time.Sleep(5 * time.Second) // so many messages a second are allowed
			}
		}
		c.landed(last)
		all := c.awaitData("the last one's data", reaches(last, 1, last*7%50+1))
		// What comes belongs to one gen after the other, and begins with what was said of it.
		gen := uint32(0)
		begun := map[uint32]bool{}
		for _, d := range all {
			if d.gen < gen {
				t.Fatalf("data of gen %d behind that of %d", d.gen, gen)
			}
			gen = d.gen
			if !begun[gen] && d.kind != 1 {
				t.Errorf("gen %d begins with a message of kind %d", gen, d.kind)
			}
			if begun[gen] = true; d.kind == 2 && (d.header.From < float64(gen*7%50)-0.05 || gen%100 != 0 && d.header.From > float64(gen*7%50)+4.5) {
				t.Errorf("gen %d, which is at %d s: from %v", gen, gen*7%50, d.header.From)
			}
		}
		landed := 0
		for _, s := range c.says {
			if s.Is == "landed" {
				landed++
			}
			if s.Is == "error" {
				t.Errorf("an error: %s", s.Text)
			}
		}
		if n := counts.Seeks.Load(); int(n) != landed || counts.Seeks.Load()+counts.Passed.Load() != last || counts.Passed.Load() == 0 {
			t.Errorf("%d seeks answered, %d said, %d passed over of %d", n, landed, counts.Passed.Load(), last)
		}
		// A gen that does not rise is refused, and what plays goes on.
		c.say(map[string]any{"do": "seek", "gen": last, "recorded": 1})
		c.await("a refusal", func(s said) bool { return s.Is == "error" && strings.Contains(s.Text, "does not rise") && !s.Fatal })
		// Only the last reader is open.
		open := 0
		for range len(x.made) {
			select {
			case <-(<-x.made).done:
			default:
				open++
			}
		}
		if open != 1 {
			t.Errorf("%d readers are open", open)
		}
	})
	if counts.Open.Load() != 0 || counts.Opened.Load() != 1 {
		t.Errorf("%d connections are open of %d", counts.Open.Load(), counts.Opened.Load())
	}
}

func TestAhead(t *testing.T) {
	for _, c := range []struct {
		name        string
		seek        map[string]any
		pause       bool
		least, most float64
	}{
		{"normal", map[string]any{"recorded": 10}, false, 2, 2.3},
		{"fast", map[string]any{"recorded": 10, "rate": 4}, false, 8, 8.5},
		{"slow", map[string]any{"recorded": 10, "rate": 0.5}, false, 1, 1.3},
		{"paused", map[string]any{"recorded": 10}, true, 4, 4.3},
	} {
		t.Run(c.name, func(t *testing.T) {
			lossless(t, newTape(t, time.Minute, nil), nil, func(x *client) {
				x.paused = c.pause
				x.seek(1, c.seek)
				x.landed(1)
				time.Sleep(10 * time.Second)
				synctest.Wait()
				x.mu.Lock()
				defer x.mu.Unlock()
				// A report is up to 250 ms old, in which the picture goes on.
				ready := min(x.ends[0], x.ends[1]) - x.pos
				if slack := 0.3 * x.rate; ready > c.most || ready < c.least-slack {
					t.Errorf("%v s lie ready, want %v to %v", ready, c.least, c.most)
				}
			})
		})
	}
}

func TestGapsAreTold(t *testing.T) {
	x := newTape(t, 12*time.Second, nil)
	n := slices.IndexFunc(x.items, func(i player.Item) bool { return i.DTS == 5*time.Second })
	p := player.Point{Recorded: 5 * time.Second, Position: media.Position{Run: 2, Time: 77 * time.Second}, Time: epoch.Add(time.Hour), Trusted: false}
	x.items[n].Point = &p
	x.items[n].Gap = &player.Gap{Reason: media.Off, Detail: "somebody stopped it", From: epoch.Add(5 * time.Second), Until: epoch.Add(time.Hour), Length: time.Hour - 5*time.Second}
	lossless(t, x, nil, func(c *client) {
		c.seek(1, map[string]any{"time": "2026-11-24T10:15:03Z"})
		if l := c.landed(1); l.Asked.Position != "1.3000" || l.Point.Recorded != 3 || l.Gap != nil || l.Rate != 1 {
			t.Errorf("landed %+v", l)
		}
		all := c.awaitData("what is behind the gap", reaches(1, 1, 8))
		j := c.await("jump", func(s said) bool { return s.Is == "jump" })
		if j.Gen != 1 || j.Point.Position != "2.77000" || j.Point.Recorded != 5 || j.Point.Trusted || !j.Point.Time.Equal(epoch.Add(time.Hour)) ||
			j.Gap == nil || j.Gap.Kind != "all" || j.Gap.Reason != "off" || j.Gap.Detail != "somebody stopped it" {
			t.Errorf("jump %+v, gap %+v", j, j.Gap)
		}
		covered(t, all[1:], 1, 0)
		for _, d := range all {
			if d.kind == 2 && d.header.From < 5-1e-6 && d.header.Until > 5.03 {
				t.Errorf("a fragment from %v to %v lies on both sides of the gap", d.header.From, d.header.Until)
			}
		}
	})
}

func TestSpeedsByKeyFrames(t *testing.T) {
	for _, c := range []struct {
		rate  float64
		from  float64
		first []float64
	}{
		{16, 3.5, []float64{3, 5, 7, 9, 11}}, // 12 in a second at most
		{8, 3.5, []float64{3, 4, 5, 6, 7}},
		{-1, 30.5, []float64{30, 29, 28}},
		{-16, 30.5, []float64{30, 28, 26, 24}},
	} {
		t.Run(fmt.Sprint(c.rate), func(t *testing.T) {
			lossless(t, newTape(t, time.Minute, nil), nil, func(x *client) {
				x.seek(1, map[string]any{"recorded": c.from, "rate": c.rate})
				if l := x.landed(1); l.Rate != c.rate || l.Asked.Recorded != c.from {
					t.Errorf("landed %+v", l)
				}
				all := x.awaitData("key frames", func(all []data) bool { return len(all) > len(c.first) })
				tracks := x.await("tracks", func(s said) bool { return s.Is == "tracks" })
				if tracks.Audio != nil || tracks.MIME != `video/mp4; codecs="avc1.42C00D"` {
					t.Errorf("tracks %+v", tracks)
				}
				s := x.await("state", func(s said) bool { return s.Is == "state" })
				if s.Picture != "keys" || s.Why != "rate" {
					t.Errorf("state %+v", s)
				}
				for i, want := range c.first {
					d := all[i+1]
					ts := d.tracks()
					if len(ts) != 1 || len(ts[0].samples) != 1 || math.Abs(ts[0].from-want) > 1e-4 || !d.header.Key {
						t.Fatalf("fragment %d: %+v", i, d.header)
					}
					next := c.from + 0.04 // the first one going backward stands for the moment asked for
					switch {
					case c.rate > 0:
						next = c.first[1] - c.first[0] + want
					case i > 0:
						next = c.first[i-1]
					}
					if math.Abs(ts[0].until-next) > 1e-4 {
						t.Errorf("the picture of %v lasts until %v, want %v", want, ts[0].until, next)
					}
				}
			})
		})
	}
}

func TestEnds(t *testing.T) {
	lossless(t, newTape(t, 10*time.Second, nil), nil, func(c *client) {
		c.seek(1, map[string]any{"recorded": 1.5, "rate": -2})
		c.landed(1)
		if e := c.await("the end", func(s said) bool { return s.Is == "end" }); e.Why != "beginning" || e.Gen != 1 {
			t.Errorf("%+v", e)
		}
		c.seek(2, map[string]any{"recorded": 9})
		c.landed(2)
		c.await("the other end", func(s said) bool { return s.Is == "end" && s.Gen == 2 && s.Why == "closed" })
		all := c.awaitData("the last picture", reaches(2, 1, 10))
		covered(t, slices.DeleteFunc(all, func(d data) bool { return d.gen != 2 || d.header.From < 9 }), 2, 0)
	})
}

func TestWhatCannotBeOpened(t *testing.T) {
	x := newTape(t, 10*time.Second, nil)
	x.opened = func(m player.Moment) error {
		switch m.Recorded {
		case time.Second:
			return &player.Missing{Text: "nothing was recorded then"}
		case 2 * time.Second:
			return fmt.Errorf("the disk cannot be read")
		}
		return nil
	}
	lossless(t, x, nil, func(c *client) {
		c.seek(1, map[string]any{"recorded": 1})
		c.await("a sentence", func(s said) bool { return s.Is == "error" && s.Text == "nothing was recorded then" && !s.Fatal })
		c.seek(2, map[string]any{"recorded": 5})
		c.landed(2)
		c.seek(3, map[string]any{"recorded": 2})
		c.await("the end of it", func(s said) bool { return s.Is == "error" && s.Text == "the disk cannot be read" && s.Fatal })
		if err := <-c.ended; err == nil || err.Error() != "the disk cannot be read" {
			t.Errorf("ended with %v", err)
		}
	})
}

func TestRefusedClients(t *testing.T) {
	for _, c := range []struct {
		name, text, why string
	}{
		{"no JSON", "seek 5", "no JSON"},
		{"too long", `{"do":"seek","gen":1,"live":true,"x":"` + strings.Repeat("x", 5000) + `"}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			lossless(t, newTape(t, 10*time.Second, nil), nil, func(x *client) {
				x.conn.Write(context.Background(), websocket.MessageText, []byte(c.text))
				err := <-x.ended
				if (err == nil) != (c.why == "") || err != nil && !strings.Contains(err.Error(), c.why) {
					t.Errorf("ended with %v", err)
				}
			})
		})
	}
	t.Run("too many", func(t *testing.T) {
		lossless(t, newTape(t, 10*time.Second, nil), nil, func(x *client) {
			for range 600 {
				x.say(map[string]any{"do": "latency", "low": true})
			}
			if err := <-x.ended; err == nil || err.Error() != "more than 100 messages a second" {
				t.Errorf("ended with %v", err)
			}
		})
	})
	t.Run("what is wrong is said", func(t *testing.T) {
		lossless(t, newTape(t, 10*time.Second, nil), nil, func(x *client) {
			x.say(map[string]any{"do": "dance"})
			x.await("an error", func(s said) bool { return s.Is == "error" && strings.Contains(s.Text, `no "dance"`) && !s.Fatal })
			x.seek(1, map[string]any{"recorded": 1})
			x.landed(1)
		})
	})
}

func TestJPEGs(t *testing.T) {
	x := newTape(t, 10*time.Second, func(k media.Kind, at time.Duration) bool {
		return k == media.Video || at < 4*time.Second || at >= 5*time.Second
	})
	x.tracks[0] = media.Track{ID: pictureID, Kind: media.Video, Codec: media.MJPEG, ClockRate: 90000, Width: 640, Height: 480}
	n := 0
	for i := range x.items {
		if x.items[i].Track == pictureID {
			x.items[i].Flags, x.items[i].Payload = media.Key, fmt.Appendf(nil, "picture %d", n)
			n++
		}
	}
	lossless(t, x, nil, func(c *client) {
		c.seek(1, map[string]any{"recorded": 2})
		c.landed(1)
		c.mu.Lock()
		c.ends[0] = 100 // it shows what there is
		c.mu.Unlock()
		tracks := c.await("tracks", func(s said) bool { return s.Is == "tracks" })
		if tracks.MIME != `audio/mp4; codecs="opus"` || tracks.Video.Mode != "jpeg" || tracks.Video.Codec != "mjpeg" || tracks.Video.Width != 640 {
			t.Errorf("tracks %+v", tracks)
		}
		all := c.awaitData("sound", reaches(1, 2, 7.9))
		n := 50
		for _, d := range all {
			if d.kind == 3 {
				if want := fmt.Sprintf("picture %d", n); string(d.payload) != want || math.Abs(d.header.At-float64(n)*0.04) > 1e-6 {
					t.Fatalf("%q at %v, want %s", d.payload, d.header.At, want)
				}
				n++
			}
		}
		if n < 190 {
			t.Errorf("only %d pictures", n-50)
		}
		covered(t, slices.DeleteFunc(all, func(d data) bool { return d.kind != 2 || d.header.From < 2.2 }), 2, 7.9)
		c.await("silence", func(s said) bool { return s.Is == "state" && s.Filled.Audio == 1 })
	})
}

func TestSoundThatCannotBePlayed(t *testing.T) {
	x := newTape(t, 10*time.Second, nil)
	x.tracks[1] = media.Track{ID: soundID, Kind: media.Audio, Codec: media.PCMU, ClockRate: 8000, Channels: 1}
	lossless(t, x, nil, func(c *client) {
		c.seek(1, map[string]any{"recorded": 2})
		c.landed(1)
		tracks := c.await("tracks", func(s said) bool { return s.Is == "tracks" })
		if tracks.Audio == nil || tracks.Audio.Playable || tracks.MIME != `video/mp4; codecs="avc1.42C00D"` {
			t.Errorf("tracks %+v", tracks)
		}
		c.awaitData("the picture alone", reaches(1, 1, 3.5))
	})
}

// A picture that is only late, beyond the skew of a timeline, is filled for once; then it is waited for.
func TestLatePicture(t *testing.T) {
	const late = 1600 * time.Millisecond
	x := newTape(t, 20*time.Second, nil)
	came := func(i player.Item) time.Duration {
		if i.Track == pictureID && i.DTS >= 2*time.Second {
			return i.DTS + late
		}
		return i.DTS
	}
	slices.SortStableFunc(x.items, func(a, b player.Item) int { return int(came(a) - came(b)) })
	var all []data
	lossless(t, x, nil, func(c *client) {
		c.starts = 1
		c.seek(1, map[string]any{"recorded": 0})
		c.landed(1)
		all = c.awaitData("everything", reaches(1, 1, 17.9))
		c.mu.Lock()
		defer c.mu.Unlock()
		filled := 0.0
		for _, s := range c.says {
			if s.Is == "state" {
				filled = s.Filled.Video
			}
		}
		if filled < 0.9 || filled > 1.7 {
			t.Errorf("filled %v s", filled)
		}
	})
	shown := map[float64]bool{}
	samples := 0
	for _, d := range all {
		for _, f := range d.header.Frames {
			shown[math.Round(f*1000)/1000] = true
		}
		for _, k := range d.tracks() {
			if k.ID == 1 {
				samples += len(k.samples)
			}
		}
	}
	for n := 100; n < 440; n++ { // before that the picture was filled for already
		if at := math.Round(float64(n)*40) / 1000; !shown[at] {
			t.Errorf("the picture of %v is missing", at)
		}
	}
	if repeated := samples - len(shown); repeated > 3*25 {
		t.Errorf("%d pictures were repeated", repeated)
	}
}
