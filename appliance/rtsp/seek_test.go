package rtsp

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtcp"

	"hindsight/media"
)

// A session goes where Range says, while it plays and while it is paused; the answer says where
// that really is, RTP-Info names the first packets, and nothing of the stream goes back.
func TestSeeks(t *testing.T) {
	p := twoRuns(t)
	v := dial(t, p.serve(), "cam/timeline")
	v.must("DESCRIBE", "")
	v.setup("tcp", 2)
	for i, x := range []struct {
		rng, answer string
		first       int
		wall        time.Time
	}{
		{"npt=0.000-", "npt=0.000-", 30, epoch.Add(time.Second)},
		{"npt=10.99-", "npt=10.000-", 330, epoch.Add(11 * time.Second)},
		{"npt=5-", "npt=5.000-", 180, epoch.Add(6 * time.Second)}, // back
		{"npt=19-", "npt=19.000-", 1500, epoch.Add(50 * time.Second)},
		{"npt=18.999-", "npt=18.000-", 570, epoch.Add(19 * time.Second)},
		{"clock=20261124T101500Z-", "clock=20261124T101501.000Z-", 30, epoch.Add(time.Second)},
		{"clock=20261124T101510.750Z-", "clock=20261124T101510.000Z-", 300, epoch.Add(10 * time.Second)},
		{"clock=20261124T101540Z-", "clock=20261124T101550.000Z-", 1500, epoch.Add(50 * time.Second)}, // in the gap
		{"npt=4004507780-", "clock=20261124T111620.000Z-", 300, secondRun(10 * time.Second)},
		{"clock=19000101T000005Z-", "clock=20261124T101506.000Z-", 180, epoch.Add(6 * time.Second)},
		{"npt=68.5-", "npt=68.000-", 900, secondRun(30 * time.Second)},
		{"npt=-3", "npt=0.000-3.000", 30, epoch.Add(time.Second)},
		{"npt=30-69", "npt=30.000-", 1830, epoch.Add(61 * time.Second)}, // 69 is what the description named
		{"npt=30-31", "npt=30.000-31.000", 1830, epoch.Add(61 * time.Second)},
	} {
		if i%2 == 0 {
			v.must("OPTIONS", "")
		} else {
			v.must("PAUSE", "")
		}
		headers := []string{"Range: " + x.rng}
		if i%3 == 0 {
			headers = append(headers, freely)
		}
		play := v.must("PLAY", "", headers...)
		if got := play.header.Get("Range"); got != x.answer {
			t.Errorf("%s: Range %s, want %s", x.rng, got, x.answer)
		}
		v.waitForWall(0, x.wall)
		v.checkPlay(play, x.first, x.wall)
	}
	until(t, "BYE", func() bool { return v.byes() == 2 })
	v.must("PLAY", "", "Range: npt=40-", freely) // the session is still there
	v.waitForWall(0, secondRun(30*time.Second))
}

// byes counts goodbyes.
func (v *viewer) byes() (n int) {
	for _, a := range v.all() {
		for _, x := range a.rtcp {
			if _, ok := x.(*rtcp.Goodbye); ok {
				n++
			}
		}
	}
	return n
}

// checkPlay finds the packets that an answer's RTP-Info names, and compares them with what they should be.
func (v *viewer) checkPlay(play answered, first int, wall time.Time) {
	v.t.Helper()
	parts := infoPart.FindAllStringSubmatch(play.header.Get("Rtp-Info"), -1)
	if len(parts) == 0 {
		v.t.Fatalf("RTP-Info %q", play.header.Get("Rtp-Info"))
	}
	var got heard
	until(v.t, "packet "+parts[0][2], func() bool {
		all := v.units()
		i := slices.IndexFunc(all, func(h heard) bool { return h.track == 0 && fmt.Sprint(h.seq) == parts[0][2] })
		if i >= 0 {
			got = all[i]
		}
		return i >= 0
	})
	if d := got.wall.Sub(wall).Abs(); got.number != first || d > time.Millisecond || fmt.Sprint(got.stamp) != parts[0][3] {
		v.t.Errorf("the answer names packet %s at %s: it is picture %d of %v at %d, want %d of %v", parts[0][2], parts[0][3], got.number, got.wall, got.stamp, first, wall)
	}
}

// A pause loses nothing and repeats nothing, wherever it comes.
func TestPauseInHistory(t *testing.T) {
	for _, transport := range transports {
		t.Run(transport, func(t *testing.T) {
			p := twoRuns(t)
			v := dial(t, p.serve(), "cam/at/1.10000-1.60000")
			v.must("DESCRIBE", "")
			v.setup(transport, 2)
			v.must("PLAY", "", "Speed: 4")
			for n := range 9 {
				v.waitFor(0, []int{330, 360, 390, 410, 450, 480, 510, 540, 570}[n])
				v.must("PAUSE", "")
				before := len(v.all())
				p.clock.pass(time.Hour, 0) // longer than any time-out
				if got := len(v.all()); got != before {
					t.Errorf("%d packets came during the pause", got-before)
				}
				play := v.must("PLAY", "")
				if got := play.header.Get("Range"); !strings.HasPrefix(got, "npt=") || !strings.HasSuffix(got, "-20.000") {
					t.Errorf("Range %q", got)
				}
				for v.last(0) < []int{360, 390, 410, 450, 480, 510, 540, 570, 1799}[n] {
					p.clock.pass(20*time.Millisecond, 0)
					time.Sleep(time.Millisecond)
				}
			}
			until(t, "BYE", func() bool { return v.byes() == 2 })
			all := v.units()
			if got, want := numbers(all, 0), slices.Concat(sequence(300, 600), sequence(1500, 1800)); !slices.Equal(got, want) {
				t.Errorf("pictures %v, want %v", got, want)
			}
			if got, want := numbers(all, 1), slices.Concat(sequence(500, 1000), sequence(2500, 3000)); !slices.Equal(got, want) {
				t.Errorf("sounds %v, want %v", got, want)
			}
			p.checkTimes(all, transport == "tcp")
		})
	}
}

// Scale: pictures by the scale, time stamps divided by it, sound only at 1; the answer tells what is in force.
func TestScale(t *testing.T) {
	p := twoRuns(t)
	s := p.serve()
	keysDown := []int{2070, 2040, 2010, 1980, 1950, 1920, 1890, 1860, 1830, 1800, 1770, 1740, 1710, 1680, 1650, 1620, 1590, 1560, 1530, 1500, 570, 540}
	for _, x := range []struct {
		scale, answer string
		rng           string
		want          []int
		sound         bool
	}{
		{"1", "1.0", "npt=17-20", slices.Concat(sequence(540, 600), sequence(1500, 1530)), true},
		{"2", "2.0", "npt=17-20", slices.Concat(sequence(540, 600), sequence(1500, 1530)), false},
		{"0.1", "0.25", "npt=17-20", slices.Concat(sequence(540, 600), sequence(1500, 1530)), false},
		{"4.0", "4.0", "npt=17-20", slices.Concat(sequence(540, 600), sequence(1500, 1530)), false},
		{"5", "5.0", "npt=16.5-21", []int{510, 540, 570, 1500, 1530}, false},
		{"64", "16.0", "npt=16.5-21", []int{510, 540, 570, 1500, 1530}, false},
		{"-1", "-1.0", "npt=38.5-17", keysDown, false},
		{"-0.5", "-1.0", "npt=17-38.5", keysDown, false}, // either way
		{"-99", "-16.0", "clock=20261124T101609.500Z-20261124T101518Z", keysDown, false},
		{"-2", "-2.0", "npt=3-", []int{120, 90, 60, 30}, false}, // to the beginning
	} {
		t.Run(x.scale, func(t *testing.T) {
			v := dial(t, s, "cam/timeline")
			v.must("DESCRIBE", "")
			v.setup("tcp", 2)
			play := v.must("PLAY", "", "Scale: "+x.scale, "Range: "+x.rng, freely)
			if got := play.header.Get("Scale"); got != x.answer {
				t.Errorf("Scale %s, want %s", got, x.answer)
			}
			until(t, "BYE", func() bool { return v.byes() == 2 })
			all := v.units()
			if got := numbers(all, 0); !slices.Equal(got, x.want) {
				t.Errorf("pictures %v, want %v", got, x.want)
			}
			if got := len(numbers(all, 1)) > 0; got != x.sound {
				t.Errorf("sound: %v", numbers(all, 1))
			}
			var by float64
			_, _ = fmt.Sscan(x.answer, &by)
			p.checkScaled(all, by)
		})
	}
}

// checkScaled compares time stamps with recorded time divided by a scale.
func (p *past) checkScaled(all []heard, by float64) {
	p.t.Helper()
	m := p.line.Map()
	var first *heard
	var from time.Duration
	for i, h := range all {
		if h.track != 0 {
			continue
		}
		at, _ := p.line.Position(h.wall.Add(time.Millisecond / 2))
		r := m.Recorded(media.Position{Run: at.Run, Time: at0(&all[i])})
		if first == nil {
			first, from = &all[i], r
		}
		want := time.Duration(float64(r-from) / by)
		got := time.Duration(h.stamp-first.stamp) * time.Second / 90000
		if d := (got - want).Abs(); d > 2*time.Millisecond {
			p.t.Fatalf("picture %d: time stamp %v after the first, want %v", h.number, got, want)
		}
	}
}

// Scale without Range changes how it is played, not where: that is how VLC does it.
func TestScaleWhilePlaying(t *testing.T) {
	p := twoRuns(t)
	v := dial(t, p.serve(), "cam/at/1.10000-1.20000")
	v.must("DESCRIBE", "")
	v.setup("tcp", 2)
	v.must("PLAY", "") // a second of it comes at once, and no more while the clock stands
	v.waitFor(0, 330)
	play := v.must("PLAY", "", "Scale: 2")
	if got := play.header.Get("Scale"); got != "2.0" {
		t.Errorf("Scale %q", got)
	}
	v.waitFor(0, 390)
	play = v.must("PLAY", "", "Scale: 1.0", freely)
	if got := play.header.Get("Scale"); got != "1.0" {
		t.Errorf("Scale %q", got)
	}
	until(t, "BYE", func() bool { return v.byes() == 2 })
	all := v.units()
	if got, want := numbers(all, 0), sequence(300, 600); !slices.Equal(got, want) {
		t.Errorf("pictures %v, want %v", got, want)
	}
	sounds := numbers(all, 1)
	if first, last := sounds[0], sounds[len(sounds)-1]; first != 500 || last != 999 || len(sounds) > 440 || len(sounds) < 380 {
		t.Errorf("sounds %d to %d, %d of them; those of two seconds are left out", first, last, len(sounds))
	}
}

// At another scale the live end brings back scale 1, and sound.
func TestScaleIntoLive(t *testing.T) {
	for _, scale := range []string{"2", "16"} {
		t.Run(scale, func(t *testing.T) {
			p := twoRuns(t)
			v := dial(t, p.serve(), "cam/timeline")
			v.must("DESCRIBE", "")
			v.setup("tcp", 2)
			v.must("PLAY", "", "Range: npt=60-", "Scale: "+scale, freely)
			v.waitFor(0, 900)
			for range 8 {
				p.units(p.at, p.at+250*time.Millisecond)
				p.skip(250 * time.Millisecond)
			}
			v.waitFor(0, 989)
			v.waitFor(1, 1649)
			all := v.units()
			got := numbers(all, 0)
			if i := slices.Index(got, 900); !slices.Equal(got[i:], sequence(900, 990)) {
				t.Errorf("pictures %v, want all from 900 on", got)
			}
		})
	}
}

// A live address takes clock, too, and returns to now.
func TestClockOnTheLiveAddress(t *testing.T) {
	p := twoRuns(t)
	v := dial(t, p.serve(), "cam")
	v.must("DESCRIBE", "")
	v.setup("tcp", 2)
	v.must("PLAY", "", "Range: npt=0.000-")
	v.waitFor(0, 929)
	play := v.must("PLAY", "", "Range: clock=20261124T101510Z-20261124T101511Z")
	if got := play.header.Get("Range"); got != "clock=20261124T101510.000Z-20261124T101511.000Z" {
		t.Errorf("Range %q", got)
	}
	until(t, "BYE", func() bool { return v.byes() == 2 })
	play = v.must("PLAY", "", "Range: npt=now-")
	if got := play.header.Get("Range"); got != "npt=now-" {
		t.Errorf("Range %q", got)
	}
	p.record(time.Second)
	v.waitFor(0, 959)
	if got, want := numbers(v.units(), 0), slices.Concat(sequence(900, 930), sequence(300, 330), sequence(900, 960)); !slices.Equal(got, want) {
		t.Errorf("pictures %v, want %v", got, want)
	}
}

// Twenty seeks a second, and faster than that, to random places: each answer's
// packet is what it says, those who seek too often are slowed down and named, and recording does not notice.
func TestSeekStorm(t *testing.T) {
	p := twoRuns(t)
	s := p.serve()
	v := dial(t, s, "cam/timeline")
	v.must("DESCRIBE", "")
	v.setup("tcp", 2)
	r := rand.New(rand.NewPCG(1, 2))
	m := p.line.Map()
	for range 60 {
		npt := time.Duration(r.Int64N(int64(68 * time.Second)))
		at := m.At(npt)
		key := at.Time.Truncate(time.Second)
		play := v.must("PLAY", "", "Range: npt="+nptText(npt)+"-")
		wall, _ := p.line.Wall(media.Position{Run: at.Run, Time: key})
		v.waitForWall(0, wall)
		v.checkPlay(play, int(key/time.Second)*testRate, wall)
		p.clock.pass(50*time.Millisecond, 0)
	}
	x := s.Stats()
	if x.Seeks != 60 || x.Slowed < 20 || x.History != 1 || len(x.SeekSeconds.Counts) != len(SeekBounds())+1 {
		t.Errorf("%+v", x)
	}
}
