package rtsp

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"hindsight/media"
)

func TestTwoRuns(t *testing.T) {
	p := twoRuns(t)
	m := p.line.Map()
	var got []string
	for _, s := range m.Spans {
		got = append(got, fmt.Sprintf("%d %v-%v at %v", s.Run, s.From, s.Until, s.Recorded))
	}
	want := []string{"1 1s-20s at 0s", "1 50s-1m10s at 19s", "2 1s-31s at 39s"}
	if !slices.Equal(got, want) {
		t.Fatalf("the recording is %q, want %q", got, want)
	}
}

// Every address begins where it says, and the description names its length.
func TestAddresses(t *testing.T) {
	p := twoRuns(t)
	s := p.serve()
	for _, x := range []struct {
		path   string
		length string // of the SDP
		answer string
		first  int       // picture
		wall   time.Time // of it
	}{
		{"cam/timeline", "npt=0.000-69.000", "npt=0.000-", 30, epoch.Add(time.Second)},
		{"cam/at/20261124T101510Z", "npt=0.000-60.000", "npt=0.000-", 300, epoch.Add(10 * time.Second)},
		{"cam/at/20261124T101510.500Z", "npt=0.000-59.500", "npt=0.000-", 300, epoch.Add(10 * time.Second)}, // from the key frame before
		{"cam/at/20261124T101530Z", "npt=0.000-50.000", "npt=0.000-", 1500, epoch.Add(50 * time.Second)},    // in the gap
		{"cam/at/20261124T103000Z", "npt=0.000-30.000", "npt=0.000-", 30, secondRun(time.Second)},           // between the runs
		{"cam/at/19990101T000000Z", "npt=0.000-69.000", "npt=0.000-", 30, epoch.Add(time.Second)},           // before all
		{"cam/at/1.60000", "npt=0.000-40.000", "npt=0.000-", 1800, epoch.Add(60 * time.Second)},
		{"cam/at/1.30000", "npt=0.000-50.000", "npt=0.000-", 1500, epoch.Add(50 * time.Second)},
		{"cam/at/1.0", "npt=0.000-69.000", "npt=0.000-", 30, epoch.Add(time.Second)},
		{"cam/at/2.0", "npt=0.000-30.000", "npt=0.000-", 30, secondRun(time.Second)},
		{"cam/at/-20s", "npt=0.000-20.000", "npt=0.000-", 330, secondRun(11 * time.Second)},
		{"cam/at/-1h0m31s", "npt=0.000-30.000", "npt=0.000-", 30, secondRun(time.Second)}, // 30 s of it are recorded, an hour is not
		{"cam/at/-1h0m41s", "npt=0.000-40.000", "npt=0.000-", 1800, epoch.Add(60 * time.Second)},
		{"cam/at/-100h", "npt=0.000-69.000", "npt=0.000-", 30, epoch.Add(time.Second)},
		{"cam/at/-20s--10s", "npt=0.000-10.000", "npt=0.000-10.000", 330, secondRun(11 * time.Second)},
		{"cam/at/1.10000-1.60000", "npt=0.000-20.000", "npt=0.000-20.000", 300, epoch.Add(10 * time.Second)},
		{"cam/at/1.10000-20261124T101530Z", "npt=0.000-10.000", "npt=0.000-10.000", 300, epoch.Add(10 * time.Second)},
		{"cam/at/2.30000-2.90000", "npt=0.000-1.000", "npt=0.000-60.000", 900, secondRun(30 * time.Second)}, // its end is to come
	} {
		t.Run(x.path, func(t *testing.T) {
			v := dial(t, s, x.path)
			sdp := v.must("DESCRIBE", "").body
			if !strings.Contains(sdp, "\r\na=range:"+x.length+"\r\n") {
				t.Errorf("no a=range:%s in\n%s", x.length, sdp)
			}
			v.setup("tcp", 2)
			play := v.must("PLAY", "")
			if got := play.header.Get("Range"); got != x.answer {
				t.Errorf("Range: %s, want %s", got, x.answer)
			}
			v.waitFor(0, x.first)
			all := v.units()
			first := all[slices.IndexFunc(all, func(h heard) bool { return h.track == 0 })]
			if d := first.wall.Sub(x.wall).Abs(); first.number != x.first || d > time.Millisecond {
				t.Errorf("begins with picture %d of %v, want %d of %v", first.number, first.wall, x.first, x.wall)
			}
			v.waitForAny(1)
			checkInfo(t, play, v, 0)
		})
	}
}

// waitForAny waits for something of a track.
func (v *viewer) waitForAny(track int) {
	v.t.Helper()
	until(v.t, fmt.Sprintf("something of track %d", track), func() bool { return len(numbers(v.units(), track)) > 0 })
}

// What lies in the future, or nowhere, is refused with a sentence, and the session plays on.
func TestRefusedMoments(t *testing.T) {
	p := twoRuns(t)
	s := p.serve()
	for path, want := range map[string]string{
		"cam/at/20361124T101500Z":         "457 20361124T101500.000Z lies in the future: it is 20261124T111641.000Z",
		"cam/at/3.0":                      "457 3.0 lies in the future: it is 2.31000",
		"cam/at/2.40000":                  "457 2.40000 lies in the future: it is 2.31000",
		"cam/at/-10s--20s":                "457 nothing was recorded in -10s--20s, or it ends before it begins",
		"cam/at/1.25000-1.30000":          "457 nothing was recorded in 1.25000-1.30000, or it ends before it begins",
		"cam/at/1.5-1.5":                  "457 nothing was recorded in 1.5-1.5, or it ends before it begins",
		"cam/at/tomorrow":                 `400 "tomorrow" is no time: want 20261124T101500Z or 20261124T101500.250Z (UTC), RUN.MILLISECONDS, or -90s, -2h, -1h30m for before now; the address is /cam/at/FROM or /cam/at/FROM-TO`,
		"cam/at/20261124T101500Z/more":    "400 ",
		"cam/history":                     "404 there is no /cam/history, only /cam, /cam/timeline, /cam/at/FROM and /cam/at/FROM-TO",
		"cam/at/20261124T101500Z?x=y":     "200 ", // a query is nothing to us
		"cam/at/20261124T111641.900Z":     "200 ", // a clock that is ahead by less than a second
		"cam/at/20261124T111642.100Z":     "457 ",
		"cam/at/20261124T111650Z-3.0":     "457 ",
		"cam/at/1.10000-20361124T101500Z": "200 ",
	} {
		if got := dial(t, s, path).ask("DESCRIBE", "").status; !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	v := dial(t, s, "cam/at/1.10000-1.60000")
	v.must("DESCRIBE", "")
	v.setup("tcp", 2)
	for _, r := range []string{"npt=20.5-", "clock=20361124T101500Z-", "clock=20261124T101600Z-", "npt=now-", "npt=5-4", "smpte=0-", "bananas"} {
		for range 2 { // before and while it plays
			if got := v.ask("PLAY", "", "Range: "+r); !strings.HasPrefix(got.status, "457 ") {
				t.Errorf("Range %q: %q, want 457", r, got.status)
			}
		}
	}
	v.must("PLAY", "", freely)
	v.waitFor(0, 599)
	for _, h := range []string{"Require: onvif-replay, x", "Range: npt=5-4"} {
		if got := v.ask("PLAY", "", h); strings.HasPrefix(got.status, "200 ") {
			t.Errorf("%s: %q", h, got.status)
		}
	}
	v.waitFor(0, 1799)
}

// The whole history is played without its gaps, every unit once, in recorded
// time; sender reports and the extension tell the true times; then it goes on live.
func TestPlaysThroughIntoLive(t *testing.T) {
	for _, transport := range transports {
		t.Run(transport, func(t *testing.T) {
			p := twoRuns(t)
			v := dial(t, p.serve(), "cam/timeline")
			v.must("DESCRIBE", "")
			v.setup(transport, 2)
			if transport == "tcp" {
				v.must("PLAY", "", freely)
			} else {
				v.must("PLAY", "", "Range: npt=50-")
				for v.last(0) < 929 { // UDP is held back, by a clock that must be told to go
					p.clock.pass(100*time.Millisecond, -100*time.Millisecond)
					time.Sleep(time.Millisecond)
				}
			}
			v.waitForWall(0, secondRun(31*time.Second-time.Second/30))
			for range 10 {
				p.units(p.at, p.at+500*time.Millisecond)
				p.skip(500 * time.Millisecond)
			}
			v.waitForWall(0, secondRun(36*time.Second-time.Second/30))
			v.waitForWall(1, secondRun(36*time.Second-testStep))
			all := v.units()
			pictures := slices.Concat(sequence(30, 600), sequence(1500, 2100), sequence(30, 1080))
			sounds := slices.Concat(sequence(50, 1000), sequence(2500, 3500), sequence(50, 1800))
			if transport == "udp" {
				pictures, sounds = sequence(360, 1080), sequence(600, 1800)
			}
			if got := numbers(all, 0); !slices.Equal(got, pictures) {
				t.Errorf("pictures %v", got)
			}
			if got := numbers(all, 1); !slices.Equal(got, sounds) {
				t.Errorf("sounds %v", got)
			}
			p.checkTimes(all, transport == "tcp")
		})
	}
}

// last is the number of the newest unit of a track; -1: there is none.
func (v *viewer) last(track int) int {
	all := numbers(v.units(), track)
	if len(all) == 0 {
		return -1
	}
	return all[len(all)-1]
}

// waitForWall waits for a unit of a track and a wall time.
func (v *viewer) waitForWall(track int, wall time.Time) {
	v.t.Helper()
	until(v.t, fmt.Sprintf("what track %d had at %v", track, wall), func() bool {
		return slices.ContainsFunc(v.units(), func(h heard) bool { return h.track == track && h.wall.Sub(wall).Abs() < 2*time.Millisecond })
	})
}

// checkTimes compares time stamps with recorded time, and sender reports with the truth.
func (p *past) checkTimes(all []heard, walls bool) {
	p.t.Helper()
	m := p.line.Map()
	first := map[int]*heard{}
	for i, h := range all {
		at, ok := p.line.Position(h.wall.Add(time.Millisecond / 2))
		if !ok {
			at, _ = p.line.Newest()
		}
		u := videoUnit(h.number)
		if h.track == 1 {
			u = audioUnit(h.number)
		}
		if d := (at.Time - u.DTS).Abs(); walls && d > 2*time.Millisecond {
			p.t.Errorf("track %d, unit %d: sender reports say %v, which is %v", h.track, h.number, h.wall, at)
		}
		f := first[h.track]
		if f == nil {
			first[h.track] = &all[i]
			continue
		}
		from, _ := p.line.Position(f.wall.Add(time.Millisecond / 2))
		rate := []int64{90000, 48000}[h.track]
		want := m.Recorded(media.Position{Run: at.Run, Time: u.DTS}) - m.Recorded(media.Position{Run: from.Run, Time: at0(f)})
		got := time.Duration(int64(h.stamp-f.stamp) * int64(time.Second) / rate)
		if d := (got - want).Abs(); d > 2*time.Millisecond {
			p.t.Fatalf("track %d, unit %d of run %d: time stamp %v after the first, recorded %v after it", h.track, h.number, at.Run, got, want)
		}
	}
}

func at0(h *heard) time.Duration {
	if h.track == 1 {
		return audioUnit(h.number).DTS
	}
	return videoUnit(h.number).DTS
}
