package rtsp

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/ntp"
	"github.com/pion/rtp"

	"hindsight/media"
)

// extended is what the header extension of a unit's packets says.
type extended struct {
	track      int
	number     int
	wall       time.Time
	c, e, d, t bool
	cseq       byte
}

// extensions are those of all units; all packets of a unit must bear the same, but for
// D, which only the first has, and T, which only the last has, and fit the MTU.
func (v *viewer) extensions() (out []extended) {
	v.t.Helper()
	all := v.all()
	heards := v.unitsOf(all)
	for _, h := range heards {
		var ext, first []byte
		seq, within := h.seq, false
		for _, a := range all {
			if a.rtp == nil || a.track != h.track || !within && a.rtp.SequenceNumber != seq {
				continue
			}
			within = true
			b := a.rtp.GetExtension(0)
			if a.rtp.ExtensionProfile != 0xABAC || len(b) != 12 {
				v.t.Fatalf("track %d, packet %d: extension %x %x", a.track, a.rtp.SequenceNumber, a.rtp.ExtensionProfile, b)
			}
			if first == nil {
				first = b
			} else if ext[8]&0x10 != 0 || b[8]|0x10 != (first[8]|0x10)&^0x20 || !slices.Equal(b[:8], first[:8]) || !slices.Equal(b[9:], first[9:]) {
				v.t.Fatalf("track %d, packet %d: extension %x, of the first packet %x", a.track, a.rtp.SequenceNumber, b, first)
			}
			if n := a.rtp.MarshalSize(); n > 1472-10 {
				v.t.Errorf("a packet of %d bytes", n)
			}
			ext = b
			if h.track == 1 || a.rtp.Marker {
				break
			}
		}
		if ext[8]&0x0f != 0 || ext[10] != 0 || ext[11] != 0 {
			v.t.Errorf("reserved bits are set in %x", ext)
		}
		out = append(out, extended{h.track, h.number, ntp.Decode(binary.BigEndian.Uint64(ext)), ext[8]&0x80 != 0, ext[8]&0x40 != 0, first[8]&0x20 != 0, ext[8]&0x10 != 0, ext[9]})
	}
	return out
}

// Each way to ask for ONVIF replay brings the extension, and no other request does.
func TestONVIFRequests(t *testing.T) {
	p := twoRuns(t)
	s := p.serve()
	const require = "Require: onvif-replay"
	for _, x := range []struct {
		path                  string
		describe, setup, play []string
		rng                   string // of the SDP
		want                  bool
		answer                string // Range
		rate                  string // Rate-Control of the answer
		first                 int
	}{
		{path: "cam/timeline", rng: "npt=0.000-69.000", answer: "npt=0.000-", first: 30},
		{path: "cam/timeline", describe: []string{require}, rng: "clock=20261124T101501.000Z-20261124T111641.000Z", want: true, answer: "npt=0.000-", first: 30},
		{path: "cam/timeline", setup: []string{require}, rng: "npt=0.000-69.000", want: true, answer: "npt=0.000-", first: 30},
		{path: "cam/timeline", play: []string{require, "Range: clock=20261124T101510Z-"}, rng: "npt=0.000-69.000", want: true, answer: "clock=20261124T101510.000Z-", first: 300},
		{path: "cam/timeline", play: []string{"Rate-Control: no"}, rng: "npt=0.000-69.000", want: true, answer: "npt=0.000-", rate: "no", first: 30},
		{path: "cam/timeline", play: []string{"Rate-Control: yes", "Immediate: yes", "Range: clock=20261124T101510.250Z-20261124T101512Z"}, rng: "npt=0.000-69.000", want: true, answer: "clock=20261124T101510.000Z-20261124T101512.000Z", rate: "yes", first: 300},
		{path: "cam", setup: []string{require}, rng: "npt=now-", want: true, answer: "npt=now-", first: 900},
		{path: "cam", rng: "npt=now-", answer: "npt=now-", first: 900},
		{path: "cam", play: []string{require}, rng: "npt=now-", want: true, answer: "npt=now-", first: 900},
		{path: "cam/at/1.10000-1.15000", describe: []string{require}, rng: "clock=20261124T101510.000Z-20261124T101515.000Z", want: true, answer: "npt=0.000-5.000", first: 300},
	} {
		t.Run(fmt.Sprint(x.path, x.describe, x.setup, x.play), func(t *testing.T) {
			v := dial(t, s, x.path)
			if sdp := v.must("DESCRIBE", "", x.describe...).body; !strings.Contains(sdp, "a=range:"+x.rng+"\r\n") {
				t.Errorf("no a=range:%s in\n%s", x.rng, sdp)
			}
			for i := range 2 {
				v.must("SETUP", fmt.Sprintf("/trackID=%d", i), append(x.setup, fmt.Sprintf("Transport: RTP/AVP/TCP;unicast;interleaved=%d-%d", 2*i, 2*i+1))...)
			}
			play := v.must("PLAY", "", x.play...)
			if got := play.header.Get("Range"); got != x.answer {
				t.Errorf("Range %q, want %q", got, x.answer)
			}
			if got := play.header.Get("Rate-Control"); got != x.rate {
				t.Errorf("Rate-Control %q, want %q", got, x.rate)
			}
			v.waitFor(0, x.first)
			for _, a := range v.all() {
				if a.rtp != nil && a.rtp.Extension != x.want {
					t.Fatalf("packet %d of track %d: extension %v, want %v", a.rtp.SequenceNumber, a.track, a.rtp.Extension, x.want)
				}
			}
			if !x.want {
				return
			}
			for _, e := range v.extensions() {
				if int(e.cseq) != v.cseq {
					t.Errorf("CSeq %d, PLAY had %d", e.cseq, v.cseq)
				}
			}
		})
	}
}

// The extension tells the true time of every unit, which can be decoded by itself,
// where a gap is: before it and behind it, and where what was asked for ends.
func TestExtension(t *testing.T) {
	p := twoRuns(t)
	v := dial(t, p.serve(), "cam/at/1.18000-2.3000")
	v.must("DESCRIBE", "")
	v.setup("tcp", 2)
	v.must("PLAY", "", freely)
	until(t, "BYE", func() bool { return v.byes() == 2 })
	wall := func(track, n int, run media.Run) time.Time {
		d := videoUnit(n).DTS
		if track == 1 {
			d = audioUnit(n).DTS
		}
		w, _ := p.line.Wall(media.Position{Run: run, Time: d})
		return w
	}
	run := media.Run(1)
	prev := [2]int{}
	ends, begins, last := map[int][]int{}, map[int][]int{}, map[int][]int{}
	for _, x := range v.extensions() {
		if x.number < prev[x.track] {
			run = 2
		}
		prev[x.track] = x.number
		if d := x.wall.Sub(wall(x.track, x.number, run)).Abs(); d > time.Microsecond {
			t.Errorf("track %d, unit %d of run %d: %v, want %v", x.track, x.number, run, x.wall, wall(x.track, x.number, run))
		}
		if want := x.track == 1 || x.number%testRate == 0; x.c != want {
			t.Errorf("track %d, unit %d: C is %v", x.track, x.number, x.c)
		}
		if x.e {
			ends[x.track] = append(ends[x.track], x.number)
		}
		if x.d {
			begins[x.track] = append(begins[x.track], x.number)
		}
		if x.t {
			last[x.track] = append(last[x.track], x.number)
		}
	}
	for track, want := range [][]int{{599, 2099}, {999, 3499}} {
		if !slices.Equal(ends[track], want) {
			t.Errorf("track %d: E on %v, want %v", track, ends[track], want)
		}
	}
	for track, want := range [][]int{{540, 1500, 30}, {900, 2500, 50}} {
		if !slices.Equal(begins[track], want) {
			t.Errorf("track %d: D on %v, want %v", track, begins[track], want)
		}
	}
	for track, want := range [][]int{{89}, {149}} {
		if !slices.Equal(last[track], want) {
			t.Errorf("track %d: T on %v, want %v", track, last[track], want)
		}
	}
}

// Backward every picture does not follow from the one before, and the last before a gap says so.
func TestExtensionBackward(t *testing.T) {
	p := twoRuns(t)
	v := dial(t, p.serve(), "cam/timeline")
	v.must("DESCRIBE", "")
	v.setup("tcp", 2)
	v.must("PLAY", "", "Range: npt=21-", "Scale: -1", freely)
	until(t, "BYE", func() bool { return v.byes() == 2 })
	all := v.extensions()
	var ends []int
	for _, x := range all {
		if !x.c || !x.d {
			t.Errorf("picture %d: C %v, D %v", x.number, x.c, x.d)
		}
		if x.e {
			ends = append(ends, x.number)
		}
		if x.t != (x.number == 30) {
			t.Errorf("picture %d: T %v", x.number, x.t)
		}
	}
	if got := numbers(v.units(), 0); len(got) != 22 || got[0] != 1560 || got[21] != 30 {
		t.Errorf("pictures %v", got)
	}
	if !slices.Equal(ends, []int{1500, 30}) {
		t.Errorf("E on %v, want 1500 and 30", ends)
	}
}

// Frames chooses pictures.
func TestFrames(t *testing.T) {
	p := twoRuns(t)
	s := p.serve()
	for frames, want := range map[string][]int{
		"all":        sequence(300, 420),
		"predicted":  sequence(300, 420), // the test's pictures are all referred to
		"intra":      {300, 330, 360, 390},
		"intra/1500": {300, 360},
		"intra/2000": {300, 360},
		"intra/2001": {300, 390},
	} {
		v := dial(t, s, "cam/at/1.10000-1.14000")
		v.must("DESCRIBE", "", "Require: onvif-replay")
		v.setup("tcp", 2)
		v.must("PLAY", "", "Frames: "+frames, freely)
		until(t, "BYE", func() bool { return v.byes() == 2 })
		if got := numbers(v.units(), 0); !slices.Equal(got, want) {
			t.Errorf("%s: pictures %v, want %v", frames, got, want)
		}
		if got, want := len(numbers(v.units(), 1)) > 0, !strings.HasPrefix(frames, "intra"); got != want {
			t.Errorf("%s: sound %v", frames, got)
		}
	}
}

// Of an access unit is known whether others refer to it (nal_ref_idc).
func TestReferred(t *testing.T) {
	for _, x := range []struct {
		b    []byte
		want bool
	}{
		{[]byte{0, 0, 0, 1, 0x41}, true},
		{[]byte{0, 0, 0, 1, 0x01}, false},
		{[]byte{0, 0, 0, 1, 0x06, 0, 0, 0, 1, 0x01}, false}, // SEI before it
		{[]byte{0, 0, 0, 1, 0x01, 0, 0, 0, 1, 0x61}, true},
		{[]byte{0, 0, 0, 1, 0x09}, true}, // no slice: nothing is known
		{[]byte{0, 0, 0, 9, 0x01}, true}, // broken
		{nil, true},
	} {
		if got := referred(x.b); got != x.want {
			t.Errorf("%x: %v", x.b, got)
		}
	}
}

// GStreamer's rtspsrc loses all packets that have the RTP time of the first one after a
// PLAY: before the picture there comes one that nobody misses, for it and for nobody else.
func TestForerunner(t *testing.T) {
	p := twoRuns(t)
	s := p.serve()
	for _, x := range []struct {
		headers []string
		want    bool
	}{
		{[]string{"User-Agent: GStreamer/1.22.0", "Rate-Control: yes"}, true},
		{[]string{"User-Agent: GStreamer/1.22.0"}, false}, // without onvif-mode
		{[]string{"User-Agent: other", "Rate-Control: yes"}, false},
		{[]string{"Require: onvif-replay", "Rate-Control: yes"}, false},
	} {
		v := dial(t, s, "cam/timeline")
		v.must("DESCRIBE", "")
		v.setup("tcp", 2)
		for _, from := range []int{5, 12, -1, 3} { // -1: on from where it is
			headers := x.headers
			if from >= 0 {
				headers = append(slices.Clone(headers), fmt.Sprintf("Range: npt=%d-", from))
			}
			v.must("PAUSE", "")
			before := len(v.all())
			play := v.must("PLAY", "", headers...)
			var first, second *rtp.Packet
			until(t, "two packets of the picture", func() bool {
				first, second = nil, nil
				for _, a := range v.all()[before:] {
					switch {
					case a.rtp == nil || a.track != 0:
					case first == nil:
						first = a.rtp
					case second == nil:
						second = a.rtp
					}
				}
				return second != nil
			})
			if !strings.Contains(play.header.Get("RTP-Info"), fmt.Sprintf("trackID=0;seq=%d;", first.SequenceNumber)) {
				t.Errorf("%v: RTP-Info %s, the first packet is %d", headers, play.header.Get("RTP-Info"), first.SequenceNumber)
			}
			got := slices.Equal(first.Payload, []byte{0x09, 0xf0}) && !first.Marker && first.Timestamp == second.Timestamp-1 && first.SequenceNumber == second.SequenceNumber-1
			if got != x.want {
				t.Errorf("%v: first packet %v %x, second %v; want a forerunner: %v", headers, first.Header, first.Payload[:2], second.Header, x.want)
			}
			if b := first.GetExtension(0); x.want && (len(b) != 12 || b[8] != 0x20 || b[9] != byte(v.cseq)) {
				t.Errorf("%v: extension %x", headers, b)
			}
		}
	}
}
