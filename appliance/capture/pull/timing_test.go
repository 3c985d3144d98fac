package pull

import (
	"encoding/binary"
	"math/rand"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"github.com/bluenviron/gortsplib/v5/pkg/ntp"

	"hindsight/depacket"
	"hindsight/media"
)

// plain makes a unit of every packet: the timing tests need no codec.
type plain struct{ t media.Track }

func (p plain) Track() media.Track { return p.t }
func (p plain) Reorder() int       { return 0 }
func (p plain) Read(pkt *rtp.Packet, _ bool) ([]depacket.Frame, string) {
	return []depacket.Frame{{TS: pkt.Timestamp, Key: true, Payload: pkt.Payload}}, ""
}

// got is a unit as it was handed on, with the true time that its payload tells.
type got struct {
	media.Unit
	kind media.Kind
	true time.Duration
}

// journal keeps what the intake hands on.
type journal struct {
	units   []got
	dropped map[string]int
}

func (j *journal) Picture(media.Picture) {}
func (j *journal) Sound(media.Sound)     {}
func (j *journal) Dropped(k media.Kind, why string) {
	if j.dropped == nil {
		j.dropped = map[string]int{}
	}
	j.dropped[why]++
}

func (j *journal) Coded(t media.Track, u media.Unit) {
	j.units = append(j.units, got{u, t.Kind, time.Duration(binary.BigEndian.Uint64(u.Payload))})
}

func (j *journal) of(k media.Kind) []got {
	return slices.DeleteFunc(slices.Clone(j.units), func(g got) bool { return g.kind != k })
}

// camera simulates what comes from one, packet by packet in order of arrival.
type camera struct {
	video, audio bool
	period       time.Duration                                     // of its packets, if it is not the usual one
	drift        float64                                           // its clock is so much too fast
	start        [2]uint32                                         // RTP times of its instant 0: video, audio
	delay        [2]func(at time.Duration) time.Duration           // from capture to arrival, on the true clock
	ntp          func(at time.Duration) time.Time                  // what its clock says; nil: no reports
	reports      func(at time.Duration, kind int) bool             // whether there is a report at that moment
	tamper       func(kind int, at time.Duration, pkt *rtp.Packet) // what else happens to a packet
}

type event struct {
	arrival time.Duration
	kind    int
	pkt     *rtp.Packet
	sr      *rtcp.SenderReport
}

var rates = [2]int64{90000, 48000}
var periods = [2]time.Duration{40 * time.Millisecond, 20 * time.Millisecond}

// boots is Clock.Boot at the camera's instant 0.
const boots = 5000 * time.Second

// run plays the camera for so long into a new intake.
func (c camera) run(length time.Duration) *journal {
	j := &journal{}
	in := newIntake(j)
	var tracks [2]*track
	kinds := [2]media.Kind{media.Video, media.Audio}
	for i, on := range [2]bool{c.video, c.audio} {
		if on {
			tracks[i] = in.add(&choice{reader: plain{media.Track{Kind: kinds[i], Codec: media.PCMA, ClockRate: uint32(rates[i]), Channels: 1}}})
		}
	}
	in.started(boots)
	for _, e := range c.events(length, tracks) {
		if e.sr != nil {
			in.report(tracks[e.kind], e.sr)
			continue
		}
		in.packet(tracks[e.kind], e.pkt, e.arrival)
	}
	in.release(boots + length)
	return j
}

func (c camera) events(length time.Duration, tracks [2]*track) []event {
	var all []event
	for kind, t := range tracks {
		if t == nil {
			continue
		}
		var last time.Duration
		for n := int64(0); ; n++ {
			at := time.Duration(n) * max(c.period, periods[kind]) // on the true clock
			if at >= length {
				break
			}
			own := time.Duration(float64(at) * (1 + c.drift))
			ts := c.start[kind] + uint32(int64(own/time.Second)*rates[kind]+int64(own%time.Second)*rates[kind]/int64(time.Second))
			pkt := &rtp.Packet{Header: rtp.Header{SequenceNumber: uint16(n), Timestamp: ts, SSRC: uint32(kind + 1)}, Payload: binary.BigEndian.AppendUint64(nil, uint64(boots+at))}
			if c.tamper != nil {
				c.tamper(kind, at, pkt)
			}
			arrival := boots + at
			if c.delay[kind] != nil {
				arrival += c.delay[kind](at)
			}
			arrival = max(arrival, last) // one connection keeps the order
			last = arrival
			if pkt.Payload != nil {
				all = append(all, event{arrival: arrival, kind: kind, pkt: pkt})
			}
			if c.ntp != nil && c.reports(at, kind) {
				all = append(all, event{arrival: arrival, kind: kind, sr: &rtcp.SenderReport{SSRC: uint32(kind + 1), NTPTime: ntp.Encode(c.ntp(at)), RTPTime: ts}})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b event) int { return int(a.arrival - b.arrival) })
	return all
}

func fixed(d time.Duration) func(time.Duration) time.Duration {
	return func(time.Duration) time.Duration { return d }
}

func jitter(seed int64, least, mean time.Duration) func(time.Duration) time.Duration {
	r := rand.New(rand.NewSource(seed))
	return func(time.Duration) time.Duration {
		return least + time.Duration(r.ExpFloat64()*float64(mean))
	}
}

// every makes reports at first and then every five seconds.
func every(first time.Duration) func(time.Duration, int) bool {
	return func(at time.Duration, _ int) bool { return at >= first && (at-first)%(5*time.Second) == 0 }
}

func clockOf(camera time.Time) func(time.Duration) time.Time {
	return func(at time.Duration) time.Time { return camera.Add(at) }
}

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// check tells of units that go back, or whose distance is not that of their true
// times: by more than slack parts of it and a microsecond.
func check(t *testing.T, units []got, slack float64) {
	t.Helper()
	if len(units) < 10 {
		t.Fatalf("%d units only", len(units))
	}
	for i, u := range units[1:] {
		d, want := u.DTS-units[i].DTS, u.true-units[i].true
		if d <= 0 {
			t.Fatalf("unit %d at %v comes %v before the one before it", i+1, u.DTS, -d)
		}
		if off := (d - want).Abs(); off > time.Duration(slack*float64(want))+100*time.Microsecond {
			t.Fatalf("unit %d: %v after the one before it, want %v", i+1, d, want)
		}
	}
}

// off are the least and the most by which units are later than their true times.
func off(units []got) (least, most time.Duration) {
	for i, u := range units {
		d := u.DTS - u.true
		if i == 0 {
			least, most = d, d
		}
		least, most = min(least, d), max(most, d)
	}
	return least, most
}

func TestNetworkJitterDoesNotReachTheUnits(t *testing.T) {
	c := camera{video: true, start: [2]uint32{1 << 31, 0}, delay: [2]func(time.Duration) time.Duration{jitter(1, 5*time.Millisecond, 30*time.Millisecond), nil}}
	units := c.run(2 * time.Minute).of(media.Video)
	if len(units) != 3000 {
		t.Fatalf("%d units", len(units))
	}
	check(t, units, 600e-6)
	if least, most := off(units); least < 4*time.Millisecond || most > 15*time.Millisecond {
		t.Errorf("units are %v to %v late; the least delay is 5 ms", least, most)
	}
}

func TestDriftOverADay(t *testing.T) {
	for _, ppm := range []float64{200, -200} {
		c := camera{audio: true, period: 500 * time.Millisecond, drift: ppm * 1e-6, delay: [2]func(time.Duration) time.Duration{nil, jitter(2, 2*time.Millisecond, 5*time.Millisecond)}}
		units := c.run(24 * time.Hour).of(media.Audio)
		check(t, units, 1000e-6)
		if least, most := off(units); least < -5*time.Millisecond || most > 12*time.Millisecond {
			t.Errorf("%v ppm: units are %v to %v late", ppm, least, most)
		}
	}
}

func TestRTPTimeWrapsAround(t *testing.T) {
	c := camera{video: true, audio: true, start: [2]uint32{^uint32(0) - 90000*7, ^uint32(0) - 48000*9}, ntp: clockOf(noon), reports: every(time.Second / 2)}
	j := c.run(30 * time.Second)
	for _, k := range []media.Kind{media.Video, media.Audio} {
		units := j.of(k)
		check(t, units, 0)
		if least, most := off(units); least < -time.Millisecond || most > time.Millisecond {
			t.Errorf("%v: units are %v to %v late", k, least, most)
		}
		for _, u := range units {
			if u.Flags&media.Lost != 0 {
				t.Errorf("%v: a loss at %v", k, u.true-boots)
			}
		}
	}
}

func TestRTPTimeBeginsAnew(t *testing.T) {
	for name, to := range map[string]uint32{"back to nothing": 12345, "an hour ahead": 90000*3600 + 1<<31, "two seconds back": 1<<31 + 90000*8} {
		c := camera{video: true, start: [2]uint32{1 << 31, 0}, delay: [2]func(time.Duration) time.Duration{jitter(3, time.Millisecond, 10*time.Millisecond), nil}}
		c.tamper = func(_ int, at time.Duration, pkt *rtp.Packet) {
			if at >= 10*time.Second {
				pkt.Timestamp = to + uint32((at-10*time.Second)*90000/time.Second)
			}
		}
		units := c.run(20 * time.Second).of(media.Video)
		if len(units) != 500 {
			t.Fatalf("%s: %d units", name, len(units))
		}
		check(t, units[:250], 600e-6)
		check(t, units[250:], 600e-6)
		for i, u := range units {
			if lost := u.Flags&media.Lost != 0; lost != (i == 250) {
				t.Errorf("%s: unit %d: lost is %v", name, i, lost)
			}
		}
		if d := units[250].DTS - units[249].DTS; d <= 0 || d > 200*time.Millisecond {
			t.Errorf("%s: %v between the last unit before and the first after", name, d)
		}
	}
}

func TestAnotherSender(t *testing.T) {
	c := camera{audio: true, start: [2]uint32{0, 1 << 30}}
	c.tamper = func(_ int, at time.Duration, pkt *rtp.Packet) {
		if at >= 5*time.Second {
			pkt.SSRC, pkt.Timestamp = 99, pkt.Timestamp+777777777
		}
	}
	units := c.run(10 * time.Second).of(media.Audio)
	check(t, units, 0)
	if units[250].Flags&media.Lost == 0 {
		t.Error("the first unit of the new sender has no Lost")
	}
}

func TestStallAndBurst(t *testing.T) {
	stall := func(at time.Duration) time.Duration { // nothing arrives from 20 to 28 s, then everything
		if at > 20*time.Second && at < 28*time.Second {
			return 28*time.Second - at
		}
		return 3 * time.Millisecond
	}
	c := camera{video: true, delay: [2]func(time.Duration) time.Duration{stall, nil}}
	units := c.run(40 * time.Second).of(media.Video)
	check(t, units, 0)
	for _, u := range units {
		if u.Flags&media.Lost != 0 {
			t.Fatalf("a loss at %v", u.true-boots)
		}
	}
}

func TestBurstOfOldPicturesAtTheBeginning(t *testing.T) {
	c := camera{video: true, audio: true, delay: [2]func(time.Duration) time.Duration{
		func(at time.Duration) time.Duration { return max(2*time.Millisecond, 3*time.Second-at) }, nil}}
	c.delay[1] = c.delay[0]
	j := c.run(10 * time.Second)
	for _, k := range []media.Kind{media.Video, media.Audio} {
		units := j.of(k)
		check(t, units, 0)
		if least, most := off(units); least < 0 || most > 5*time.Millisecond {
			t.Errorf("%v: units are %v to %v late", k, least, most)
		}
	}
}

// between is by how much pictures are later than the sound of the same instant, at the end.
func between(j *journal) time.Duration {
	v, a := j.of(media.Video), j.of(media.Audio)
	lv, la := v[len(v)-1], a[len(a)-1]
	return (lv.DTS - lv.true) - (la.DTS - la.true)
}

func slowPictures() camera {
	return camera{video: true, audio: true, start: [2]uint32{77, 99},
		delay: [2]func(time.Duration) time.Duration{jitter(4, 300*time.Millisecond, 10*time.Millisecond), jitter(5, 10*time.Millisecond, 3*time.Millisecond)}}
}

func TestSoundAndPictureByArrivalWithoutReports(t *testing.T) {
	j := slowPictures().run(20 * time.Second)
	if d := between(j); d < 270*time.Millisecond || d > 310*time.Millisecond {
		t.Errorf("pictures are %v behind the sound; by arrival it is 290 ms", d)
	}
	check(t, j.of(media.Video), 600e-6)
	check(t, j.of(media.Audio), 600e-6)
}

func TestReportsFromTheBeginning(t *testing.T) {
	c := slowPictures()
	c.ntp, c.reports = clockOf(noon), every(0)
	j := c.run(20 * time.Second)
	v, a := j.of(media.Video), j.of(media.Audio)
	check(t, v, 600e-6)
	check(t, a, 600e-6)
	if d := (v[0].DTS - v[0].true) - (a[0].DTS - a[0].true); d.Abs() > time.Millisecond {
		t.Errorf("the first picture is %v behind the sound", d)
	}
	if d := between(j); d.Abs() > time.Millisecond {
		t.Errorf("at the end pictures are %v behind the sound", d)
	}
}

func TestLateReportsMovePicturesNotSound(t *testing.T) {
	c := slowPictures()
	c.ntp, c.reports = clockOf(noon), every(3*time.Second)
	j := c.run(30 * time.Second)
	check(t, j.of(media.Audio), 600e-6)
	check(t, j.of(media.Video), catchUp+1e-3)
	if d := between(j); d.Abs() > time.Millisecond {
		t.Errorf("at the end pictures are %v behind the sound", d)
	}
}

func TestLateReportsOfAFarDistance(t *testing.T) {
	c := slowPictures()
	c.delay[0] = fixed(2 * time.Second)
	c.ntp, c.reports = clockOf(noon), every(4*time.Second)
	j := c.run(30 * time.Second)
	for _, k := range []media.Kind{media.Video, media.Audio} {
		units := j.of(k)
		for i, u := range units[1:] {
			if d := u.DTS - units[i].DTS; d <= 0 {
				t.Fatalf("%v: unit %d goes back by %v", k, i+1, -d)
			}
		}
	}
	if d := between(j); d.Abs() > time.Millisecond {
		t.Errorf("at the end pictures are %v behind the sound", d)
	}
}

func TestReportsThatAreNonsense(t *testing.T) {
	for name, clock := range map[string]func(kind int, at time.Duration) time.Time{
		"an hour apart":  func(kind int, at time.Duration) time.Time { return noon.Add(at + time.Duration(kind)*time.Hour) },
		"standing still": func(kind int, _ time.Duration) time.Time { return noon.Add(time.Duration(kind) * time.Minute) },
		"before 1970": func(kind int, at time.Duration) time.Time {
			return time.Unix(-2208988000+int64(kind)*10, 0).Add(at * time.Duration(1+kind*7))
		},
	} {
		c := slowPictures()
		c.reports = every(time.Second / 2)
		kind := 0
		c.ntp = func(at time.Duration) time.Time { return clock(kind, at) }
		c.reports = func(at time.Duration, k int) bool { kind = k; return at%time.Second == 0 }
		j := c.run(30 * time.Second)
		check(t, j.of(media.Audio), 600e-6)
		if d := between(j); d < 200*time.Millisecond || d > 400*time.Millisecond {
			t.Errorf("%s: pictures are %v behind the sound; by arrival it is 290 ms", name, d)
		}
	}
}

func TestCameraClockThatIsSet(t *testing.T) {
	c := slowPictures()
	c.ntp = func(at time.Duration) time.Time {
		if at > 11*time.Second { // between the two reports of one round
			at += 5 * time.Hour
		}
		return noon.Add(at)
	}
	c.reports = func(at time.Duration, kind int) bool {
		return at == time.Duration(kind*2)*time.Second || at > 5*time.Second && at%(5*time.Second) == time.Duration(kind*2)*time.Second
	}
	j := c.run(40 * time.Second)
	check(t, j.of(media.Audio), 600e-6)
	v, a := j.of(media.Video), j.of(media.Audio)
	check(t, v, catchUp+1e-3)
	for _, at := range []int{10, 12, 15, 20, 30, 39} {
		lv, la := v[at*25], a[at*50]
		if d := (lv.DTS - lv.true) - (la.DTS - la.true); d.Abs() > time.Millisecond {
			t.Errorf("after %d s pictures are %v behind the sound", at, d)
		}
	}
}

func TestLostPacketsAreCountedAndFlagged(t *testing.T) {
	c := camera{audio: true}
	c.tamper = func(_ int, at time.Duration, pkt *rtp.Packet) {
		if at == 2*time.Second || at == 2*time.Second+20*time.Millisecond {
			pkt.Payload = nil // never arrives
		}
	}
	j := c.run(4 * time.Second)
	units := j.of(media.Audio)
	if len(units) != 198 || j.dropped["packets lost"] != 1 {
		t.Fatalf("%d units, dropped %v", len(units), j.dropped)
	}
	for i, u := range units {
		if lost := u.Flags&media.Lost != 0; lost != (i == 100) {
			t.Errorf("unit %d: lost is %v", i, lost)
		}
	}
	check(t, units, 0)
}
