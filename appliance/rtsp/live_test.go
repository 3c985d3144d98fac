package rtsp

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtcp"

	"hindsight/media"
)

// run is what the tests begin with: recorded for so long, the last key frame is picture 120.
const recorded = 4*time.Second + 500*time.Millisecond

func startLive(t *testing.T, transport string) (*tape, *viewer, answered) {
	t.Helper()
	line := newTape(testVideo, testAudio)
	record(line, 0, recorded)
	s := serve(t, map[string]Timeline{"cam": line})
	v := dial(t, s, "cam")
	v.must("DESCRIBE", "")
	v.setup(transport, 2)
	return line, v, v.must("PLAY", "", "Range: npt=0.000-")
}

func sequence(from, until int) (out []int) {
	for n := from; n < until; n++ {
		out = append(out, n)
	}
	return out
}

// checkTruth compares every unit's time by the sender reports with its true time.
func checkTruth(t *testing.T, all []heard) {
	t.Helper()
	for _, h := range all {
		want := epoch.Add(videoUnit(h.number).DTS)
		if h.track == 1 {
			want = epoch.Add(audioUnit(h.number).DTS)
		}
		if d := h.wall.Sub(want); d < -time.Millisecond || d > time.Millisecond {
			t.Errorf("track %d, unit %d: sender reports say %v, it was %v", h.track, h.number, h.wall, want)
		}
	}
}

// TestLive: playing begins at the newest key frame, sound with it, and then goes
// on unit by unit; sender reports stand before the first packets and tell the
// true times; RTP-Info names the first packets.
func TestLive(t *testing.T) {
	for _, transport := range transports {
		t.Run(transport, func(t *testing.T) {
			line, v, play := startLive(t, transport)
			if got := play.header.Get("Range"); got != "npt=now-" {
				t.Errorf("Range of the answer: %q, want npt=now-", got)
			}
			for at := recorded; at < 12*time.Second; at += 500 * time.Millisecond {
				record(line, at, at+500*time.Millisecond)
				v.waitFor(0, int((at+500*time.Millisecond)*testRate/time.Second)-1) // UDP is held to four times real time
			}
			v.waitFor(0, 359)
			v.waitFor(1, 599)
			all := v.units()
			if got, want := numbers(all, 0), sequence(120, 360); !slices.Equal(got, want) {
				t.Errorf("pictures %v, want 120 to 359", got)
			}
			if got, want := numbers(all, 1), sequence(200, 600); !slices.Equal(got, want) {
				t.Errorf("sounds %v, want 200 to 599", got)
			}
			checkTruth(t, all)
			checkInfo(t, play, v, 0)
			if transport == "tcp" {
				checkReportsFirst(t, v.all())
			}
			reports := 0
			for _, a := range v.all() {
				if len(a.rtcp) > 0 {
					reports++
					checkCompound(t, a.rtcp)
				}
			}
			if reports != 4 { // both tracks, at 4 s and 9 s of media time
				t.Errorf("%d sender reports in 8 s for two tracks, want 4", reports)
			}
		})
	}
}

// checkReportsFirst: what arrives in one connection begins with the sender reports of both tracks.
func checkReportsFirst(t *testing.T, all []arrival) {
	t.Helper()
	for i := range 2 {
		if all[i].rtcp == nil || all[i].track != i {
			t.Errorf("packet %d is not the sender report of track %d", i, i)
		}
	}
}

// checkCompound: RFC 3550 section 6.1, a report first and then the source's name.
func checkCompound(t *testing.T, c []rtcp.Packet) {
	t.Helper()
	if len(c) != 2 {
		t.Fatalf("a compound packet of %d, want 2", len(c))
	}
	if _, ok := c[0].(*rtcp.SenderReport); !ok {
		t.Errorf("a compound packet begins with %T", c[0])
	}
	if d, ok := c[1].(*rtcp.SourceDescription); !ok || d.Chunks[0].Items[0].Text != "hindsight-cam" {
		t.Errorf("no CNAME in %v", c[1])
	}
}

var infoPart = regexp.MustCompile(`url=(\S+?);seq=(\d+);rtptime=(\d+)`)

// checkInfo compares the RTP-Info of a PLAY with the first packets that came from
// arrival number since on.
func checkInfo(t *testing.T, play answered, v *viewer, since int) {
	t.Helper()
	parts := infoPart.FindAllStringSubmatch(play.header.Get("Rtp-Info"), -1)
	if len(parts) != 2 {
		t.Fatalf("RTP-Info %q has not two tracks with seq and rtptime", play.header.Get("Rtp-Info"))
	}
	var first [2]bool
	for _, a := range v.all()[since:] {
		if a.rtp == nil || first[a.track] {
			continue
		}
		first[a.track] = true
		p := parts[a.track]
		if want := fmt.Sprintf("%s/trackID=%d", v.base, a.track); p[1] != want {
			t.Errorf("RTP-Info url %q, want %q", p[1], want)
		}
		if p[2] != strconv.Itoa(int(a.rtp.SequenceNumber)) {
			t.Errorf("track %d: RTP-Info seq %s, the first packet has %d", a.track, p[2], a.rtp.SequenceNumber)
		}
		at, _ := strconv.ParseUint(p[3], 10, 32)
		if d := int32(a.rtp.Timestamp - uint32(at)); d < 0 || d > []int32{0, 48000 / 50}[a.track] {
			t.Errorf("track %d: RTP-Info rtptime %d, the first packet has %d", a.track, at, a.rtp.Timestamp)
		}
	}
}

// TestPauseShort: what was recorded during a pause that is shorter than the
// distance of key frames is played after it, with nothing missing or doubled.
func TestPauseShort(t *testing.T) {
	for _, transport := range transports {
		t.Run(transport, func(t *testing.T) {
			line, v, _ := startLive(t, transport)
			v.waitFor(0, 134)
			v.waitFor(1, 224)
			v.must("PAUSE", "")
			before := len(v.all())
			record(line, recorded, recorded+200*time.Millisecond) // pictures 135 to 140
			play := v.must("PLAY", "")
			v.waitFor(0, 140)
			v.waitFor(1, 234)
			all := v.units()
			if got, want := numbers(all, 0), sequence(120, 141); !slices.Equal(got, want) {
				t.Errorf("pictures %v, want 120 to 140", got)
			}
			if got, want := numbers(all, 1), sequence(200, 235); !slices.Equal(got, want) {
				t.Errorf("sounds %v, want 200 to 234", got)
			}
			checkTruth(t, all)
			checkInfo(t, play, v, before)
		})
	}
}

// TestPauseLong: after a pause playing goes on live, at the newest key frame;
// sequence numbers run on and the time stamps keep to real time.
func TestPauseLong(t *testing.T) {
	for _, transport := range transports {
		t.Run(transport, func(t *testing.T) {
			line, v, _ := startLive(t, transport)
			v.waitFor(0, 134)
			v.must("PAUSE", "")
			before := len(v.all())
			record(line, recorded, 60*time.Second)
			if n := len(v.all()); n != before {
				t.Errorf("%d packets came during the pause", n-before)
			}
			play := v.must("PLAY", "", "Range: npt=now-")
			v.waitFor(0, 1799)
			v.waitFor(1, 2999)
			all := v.units()
			if got, want := numbers(all, 0), append(sequence(120, 135), sequence(1770, 1800)...); !slices.Equal(got, want) {
				t.Errorf("pictures %v, want 120 to 134 and 1770 to 1799", got)
			}
			if got := numbers(all, 1); got[len(got)-50] != 2950 {
				t.Errorf("sounds %v, want the last second whole", got)
			}
			checkTruth(t, all)
			checkInfo(t, play, v, before)
			if transport == "tcp" {
				checkReportsFirst(t, v.all()[before:])
			}
		})
	}
}

// TestPlayTwice: a PLAY while playing changes nothing but brings sender reports.
func TestPlayTwice(t *testing.T) {
	line, v, _ := startLive(t, "tcp")
	v.waitFor(0, 134)
	play := v.must("PLAY", "", "Range: npt=30-")
	if len(infoPart.FindAllString(play.header.Get("Rtp-Info"), -1)) != 2 {
		t.Errorf("RTP-Info %q", play.header.Get("Rtp-Info"))
	}
	record(line, recorded, 5*time.Second)
	v.waitFor(0, 149)
	if got, want := numbers(v.units(), 0), sequence(120, 150); !slices.Equal(got, want) {
		t.Errorf("pictures %v, want 120 to 149", got)
	}
	reports := 0
	for _, a := range v.all() {
		reports += len(a.rtcp) / 2
	}
	if reports != 4 {
		t.Errorf("%d sender reports, want 2 for each PLAY", reports)
	}
}

// TestCodecChange: a track that takes the place of one that plays ends the session with BYE.
func TestCodecChange(t *testing.T) {
	line, v, _ := startLive(t, "tcp")
	v.waitFor(0, 134)
	line.change(func() {
		line.tracks = append(line.tracks, media.Track{ID: 3, Kind: media.Video, Codec: media.MJPEG, ClockRate: 90000})
	})
	line.add(media.Unit{Track: 3, Flags: media.Key, DTS: recorded, Payload: []byte{1}})
	checkBye(t, v)
}

// TestOtherTrackComes: a track that the SDP did not have, and that takes nobody's place, is passed over.
func TestOtherTrackComes(t *testing.T) {
	line, v, _ := startLive(t, "tcp")
	v.waitFor(0, 134)
	line.change(func() {
		line.tracks = append(line.tracks, media.Track{ID: 3, Kind: media.Audio, Role: media.Far, Codec: media.Opus, ClockRate: 48000, Channels: 1})
	})
	line.add(media.Unit{Track: 3, Flags: media.Key, DTS: recorded, Payload: []byte{1}})
	record(line, recorded, 5*time.Second)
	v.waitFor(0, 149)
}

// TestRecordingEnds: BYE, and the session is over.
func TestRecordingEnds(t *testing.T) {
	line, v, _ := startLive(t, "tcp")
	v.waitFor(0, 134)
	line.end()
	checkBye(t, v)
}

func checkBye(t *testing.T, v *viewer) {
	t.Helper()
	until(t, "the end of the connection", v.ended)
	byes := map[int]bool{}
	for _, a := range v.all() {
		for _, p := range a.rtcp {
			if _, ok := p.(*rtcp.Goodbye); ok {
				byes[a.track] = true
			}
		}
	}
	if !byes[0] || !byes[1] {
		t.Errorf("BYE came on tracks %v, want on both", byes)
	}
}

// TestServerCloses: readers are told, and no cursor is left open.
func TestServerCloses(t *testing.T) {
	line := newTape(testVideo, testAudio)
	record(line, 0, recorded)
	s := serve(t, map[string]Timeline{"cam": line})
	v := dial(t, s, "cam")
	v.setup("tcp", 2)
	v.must("PLAY", "")
	v.waitFor(0, 134)
	s.Close()
	checkBye(t, v)
	if n := line.open(); n != 0 {
		t.Errorf("%d cursors are open", n)
	}
	if x := s.Stats(); x.Connections != 0 || x.Sessions != 0 || len(x.Playing) != 0 {
		t.Errorf("after Close: %+v", x)
	}
}

// TestAudioOnly: a client may take one track and leave the other.
func TestAudioOnly(t *testing.T) {
	line := newTape(testVideo, testAudio)
	record(line, 0, recorded)
	s := serve(t, map[string]Timeline{"cam": line})
	v := dial(t, s, "cam")
	v.must("SETUP", "/trackID=1", "Transport: RTP/AVP/TCP;unicast;interleaved=2-3")
	v.must("PLAY", "")
	record(line, recorded, 6*time.Second)
	v.waitFor(1, 299)
	if got := numbers(v.units(), 0); len(got) != 0 {
		t.Errorf("pictures %v came unasked", got)
	}
}

// TestDescribe: the SDP, line by line.
func TestDescribe(t *testing.T) {
	line := newTape(testVideo, testAudio)
	record(line, 0, recorded)
	s := serve(t, map[string]Timeline{"cam": line})
	v := dial(t, s, "cam")
	a := v.must("DESCRIBE", "/")
	want := []string{
		"s=cam", "a=range:npt=now-",
		"m=video 0 RTP/AVP 96", "a=control:trackID=0", "a=rtpmap:96 H264/90000",
		"a=fmtp:96 packetization-mode=1; profile-level-id=42C01F; sprop-parameter-sets=Z0LAH9oBQBY=,aM48gA==",
		"m=audio 0 RTP/AVP 97", "a=control:trackID=1", "a=rtpmap:97 opus/48000/2", "a=fmtp:97 sprop-stereo=1",
	}
	rest := a.body
	for _, w := range want {
		_, after, ok := strings.Cut(rest, w+"\r\n")
		if !ok {
			t.Fatalf("no %q, or not in its place, in\n%s", w, a.body)
		}
		rest = after
	}
	if got := a.header.Get("Content-Base"); got != v.base+"//" && got != v.base+"/" {
		t.Errorf("Content-Base %q", got)
	}
}
