package rtsp

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// What follows says byte for byte what live555 says, the library of VLC and openRTSP: its order of
// headers, its addresses, its ways to write numbers. VLC with it is in no package that
// tests could use. {url}, {id}, {udp} and the like stand for what differs from time to time.

const (
	vlcAgent  = "User-Agent: LibVLC/3.0.20 (LIVE555 Streaming Media v2016.11.28)\n"
	openAgent = "User-Agent: openRTSP (LIVE555 Streaming Media v2026.06.24)\n"
)

// turn is a request and its answer. Before it the client waits for a picture.
type turn struct{ await, ask, want string }

var varying = []struct {
	re   *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`rtsp://127\.0\.0\.1:\d+/`), "{url}/"},
	{regexp.MustCompile(`Session: [0-9a-f]{32}`), "Session: {id}"},
	{regexp.MustCompile(`ssrc=[0-9A-F]{8}`), "ssrc={ssrc}"},
	{regexp.MustCompile(`seq=\d+`), "seq={seq}"},
	{regexp.MustCompile(`rtptime=\d+`), "rtptime={time}"},
	{regexp.MustCompile(`(client|server)_port=\d+-\d+`), "${1}_port={ports}"},
}

// dialogue is a client that says given bytes and keeps the answers as they are.
type dialogue struct {
	*viewer
	host, id, udp string
	raw           chan string
}

func converse(t *testing.T, s *Server) *dialogue {
	t.Helper()
	c, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	d := &dialogue{viewer: &viewer{t: t, conn: c}, host: strings.TrimSuffix(s.url(""), "/"), raw: make(chan string, 16)}
	go d.hear()
	return d
}

func (d *dialogue) hear() {
	defer close(d.raw)
	r := bufio.NewReader(d.conn)
	for {
		b, err := r.Peek(4)
		if err != nil {
			return
		}
		if b[0] == '$' {
			frame := make([]byte, 4+int(b[2])<<8+int(b[3]))
			if _, err := io.ReadFull(r, frame); err != nil {
				return
			}
			d.take(int(frame[1])/2, frame[1]%2 == 1, frame[4:])
			continue
		}
		var text strings.Builder
		size := 0
		for line := ""; line != "\r\n"; {
			if line, err = r.ReadString('\n'); err != nil {
				return
			}
			text.WriteString(line)
			if name, v, ok := strings.Cut(line, ": "); ok && textproto.CanonicalMIMEHeaderKey(name) == "Content-Length" {
				size, _ = strconv.Atoi(strings.TrimSpace(v))
			}
		}
		body := make([]byte, size)
		if _, err := io.ReadFull(r, body); err != nil {
			return
		}
		d.raw <- text.String() + string(body)
	}
}

var nptIn = regexp.MustCompile(`npt[=≈](\d+\.\d{3})-`)

// about is an answer in which an npt that is not much later than one that is wanted as npt≈ is that one:
// how far a player has come when the next request comes, nobody knows exactly.
func about(got, want string) string {
	g, w := nptIn.FindStringSubmatch(got), nptIn.FindStringSubmatch(want)
	if g == nil || w == nil || !strings.HasPrefix(w[0], "npt≈") {
		return got
	}
	a, _ := strconv.ParseFloat(g[1], 64)
	b, _ := strconv.ParseFloat(w[1], 64)
	if a < b || a > b+0.9 {
		return got
	}
	return strings.Replace(got, g[0], w[0], 1)
}

// exchange says the request of a turn and compares the answer.
func (d *dialogue) exchange(x turn) {
	d.t.Helper()
	if x.await != "" {
		var track, unit int
		if _, err := fmt.Sscanf(x.await, "%d/%d", &track, &unit); err != nil {
			d.t.Fatal(err)
		}
		d.waitFor(track, unit)
	}
	ask := strings.NewReplacer("\n", "\r\n", "{url}", d.host, "{id}", d.id, "{udp}", d.udp).Replace(x.ask) + "\r\n\r\n"
	if _, err := io.WriteString(d.conn, ask); err != nil {
		d.t.Fatal(err)
	}
	select {
	case got, ok := <-d.raw:
		if !ok {
			d.t.Fatalf("the connection was closed at\n%s", x.ask)
		}
		if m := sessionNumber.FindStringSubmatch(got); m != nil {
			d.id = m[1]
		}
		for _, v := range varying {
			got = v.re.ReplaceAllString(got, v.with)
		}
		got = strings.TrimSuffix(strings.ReplaceAll(got, "\r\n", "\n"), "\n\n")
		if got = about(got, x.want); got != x.want {
			d.t.Errorf("to\n%s\n\nthe answer is\n%s\n\nwant\n%s", x.ask, got, x.want)
		}
	case <-time.After(time.Minute):
		d.t.Fatalf("no answer to\n%s", x.ask)
	}
}

// says makes the requests of a client: all have a number, the client's name and, behind
// what concerns all, lines of their own.
func says(agent string) func(cseq int, method, path, rest string) string {
	return func(cseq int, method, path, rest string) string {
		return strings.TrimSuffix(fmt.Sprintf("%s {url}/cam%s RTSP/1.0\nCSeq: %d\n%s%s", method, path, cseq, agent, rest), "\n")
	}
}

// ok is an answer: headers stand in the order of their names.
func ok(cseq int, before, after string) string {
	return strings.TrimSuffix(fmt.Sprintf("RTSP/1.0 200 OK\nCSeq: %d\n%sServer: gortsplib\nSession: {id};timeout=55\n%s", cseq, before, after), "\n")
}

// infos is the RTP-Info of some tracks.
func infos(path string, tracks ...int) string {
	var all []string
	for _, i := range tracks {
		all = append(all, fmt.Sprintf("url={url}/cam%s/trackID=%d;seq={seq};rtptime={time}", path, i))
	}
	return "RTP-Info: " + strings.Join(all, ",") + "\n"
}

const (
	publics = "RTSP/1.0 200 OK\nCSeq: 2\nPublic: DESCRIBE, SETUP, PLAY, PAUSE, GET_PARAMETER, TEARDOWN\nServer: gortsplib"
	sdp     = `RTSP/1.0 200 OK
CSeq: 3
Content-Base: {url}/cam/timeline/
Content-Length: 441
Content-Type: application/sdp
Server: gortsplib

v=0
o=- 0 0 IN IP4 127.0.0.1
s=cam
c=IN IP4 0.0.0.0
t=0 0
a=control:*
a=range:npt=0.000-59.000
m=video 0 RTP/AVP 96
a=control:trackID=0
a=rtpmap:96 H264/90000
a=fmtp:96 packetization-mode=1; profile-level-id=42C01F; sprop-parameter-sets=Z0LAH9oBQBY=,aM48gA==
m=audio 0 RTP/AVP 97
a=control:trackID=1
a=rtpmap:97 opus/48000/2
a=fmtp:97 sprop-stereo=1
m=text 0 RTP/AVP 98
a=control:trackID=2
a=rtpmap:98 t140/1000
a=lang:ko
`
)

// A minute of VLC: it deselects the captions, pauses and goes on, seeks, plays faster and as
// before, wants the captions after all, seeks again and leaves.
func TestVLC(t *testing.T) {
	p := newPast(t)
	p.record(59 * time.Second)
	d := converse(t, p.serve(p.captioned()))
	vlc, none, tl := says(vlcAgent), "Session: {id}\n", "/timeline"
	for _, x := range []turn{
		{"", vlc(2, "OPTIONS", tl, ""), publics},
		{"", vlc(3, "DESCRIBE", tl, "Accept: application/sdp\n"), sdp},
		{"", vlc(4, "SETUP", tl+"/trackID=0", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\n"), ok(4, "", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1;ssrc={ssrc}")},
		{"", vlc(5, "SETUP", tl+"/trackID=1", "Transport: RTP/AVP/TCP;unicast;interleaved=2-3\n"+none), ok(5, "", "Transport: RTP/AVP/TCP;unicast;interleaved=2-3;ssrc={ssrc}")},
		{"", vlc(6, "SETUP", tl+"/trackID=2", "Transport: RTP/AVP/TCP;unicast;interleaved=4-5\n"+none), ok(6, "", "Transport: RTP/AVP/TCP;unicast;interleaved=4-5;ssrc={ssrc}")},
		{"", vlc(7, "PLAY", tl+"/", none+"Range: npt=0.000-\n"), ok(7, infos(tl, 0, 1, 2)+"Range: npt=0.000-\n", "")},
		{"", vlc(8, "TEARDOWN", tl+"/trackID=2", none), ok(8, "", "")},
		{"1/100", vlc(9, "PAUSE", tl+"/", none), ok(9, "", "")},
		{"", vlc(10, "GET_PARAMETER", tl+"/", none), ok(10, "", "")},
		{"", vlc(11, "PLAY", tl+"/", none), ok(11, infos(tl, 0, 1)+"Range: npt≈1.020-\n", "")},
		{"1/151", vlc(12, "PAUSE", tl+"/", none), ok(12, "", "")},
		{"", vlc(13, "PLAY", tl+"/", none+"Range: npt=30.500-\n"), ok(13, infos(tl, 0, 1)+"Range: npt=30.000-\n", "")},
		{"1/1600", vlc(14, "PLAY", tl+"/", none+"Scale: 2.000000\n"), ok(14, infos(tl, 0, 1)+"Range: npt≈31.033-\nScale: 2.0\n", "")},
		{"0/1021", vlc(15, "PLAY", tl+"/", none+"Scale: 1.000000\n"), ok(15, infos(tl, 0, 1)+"Range: npt≈33.067-\nScale: 1.0\n", "")},
		{"", vlc(16, "SETUP", tl+"/trackID=2", "Transport: RTP/AVP/TCP;unicast;interleaved=6-7\n"+none), ok(16, "", "Transport: RTP/AVP/TCP;unicast;interleaved=4-5;ssrc={ssrc}")},
		{"0/1052", vlc(17, "PLAY", tl+"/trackID=2", none+"Scale: 1.000000\n"), ok(17, infos(tl, 2)+"Range: npt≈34.067-\nScale: 1.0\n", "")},
		{"", vlc(18, "PAUSE", tl+"/", none), ok(18, "", "")},
		{"", vlc(19, "PLAY", tl+"/", none+"Scale: 1.000000\nRange: npt=12.000-\n"), ok(19, infos(tl, 0, 1, 2)+"Range: npt=12.000-\nScale: 1.0\n", "")},
		{"0/390", vlc(20, "TEARDOWN", tl+"/", none), "RTSP/1.0 200 OK\nCSeq: 20\nServer: gortsplib"},
	} {
		d.exchange(x)
	}
}

// The picture comes over UDP, too, and a live address has no length, so VLC does not seek there.
func TestVLCOverUDP(t *testing.T) {
	p := newPast(t)
	p.record(9 * time.Second)
	d := converse(t, p.serve())
	d.udp = d.listen(0)
	vlc, transport := says(vlcAgent), "Transport: RTP/AVP;unicast;client_port={ports};server_port={ports};ssrc={ssrc}"
	for _, x := range []turn{
		{"", vlc(2, "OPTIONS", "", ""), publics},
		{"", vlc(3, "SETUP", "/trackID=0", "Transport: RTP/AVP;unicast;client_port={udp}\n"), ok(3, "", transport)},
		{"", vlc(4, "PLAY", "/", "Session: {id}\nRange: npt=0.000-\n"), ok(4, infos("", 0)+"Range: npt=now-\n", "")},
		{"0/270", vlc(5, "PAUSE", "/", "Session: {id}\n"), ok(5, "", "")},
		{"", vlc(6, "PLAY", "/", "Session: {id}\n"), ok(6, infos("", 0)+"Range: npt=now-\n", "")},
		{"", vlc(7, "TEARDOWN", "/trackID=0", "Session: {id}\n"), "RTSP/1.0 200 OK\nCSeq: 7\nServer: gortsplib"}, // the only track: the session
		{"", vlc(8, "GET_PARAMETER", "/", "Session: {id}\n"), "RTSP/1.0 454 Session Not Found\nCSeq: 8\nServer: gortsplib"},
	} {
		d.exchange(x)
	}
}

// Every form in which live555 writes Range, Scale and Speed finds its picture.
func TestOpenRTSP(t *testing.T) {
	p := newPast(t)
	p.record(59 * time.Second)
	s := p.serve()
	open, none := says(openAgent), "Session: {id}\n"
	for _, x := range []struct {
		flags, ask, answer string
		first              int // picture
		behind             string
	}{
		{"-d 2", "Range: npt=0.000-2.000\n", "Range: npt=0.000-2.000\n", 30, ""},
		{"-s 12.5 -d 3", "Range: npt=12.500-15.500\n", "Range: npt=12.000-15.500\n", 390, ""},
		{"-s 12.5", "Range: npt=12.500-\n", "Range: npt=12.000-\n", 390, ""},
		{"-s 5 -z 4 -d 4", "Scale: 4.000000\nRange: npt=5.000-9.000\n", "Range: npt=5.000-9.000\nScale: 4.0\n", 180, ""},
		{"-s 30 -z -2", "Scale: -2.000000\nRange: npt=30.000-\n", "Range: npt=30.000-0.000\nScale: -2.0\n", 930, ""},
		{"-U 20261124T101510Z", "Range: clock=20261124T101510Z-\n", "Range: clock=20261124T101510.000Z-\n", 300, ""},
		{"-U 20261124T101510Z -E 20261124T101513Z", "Range: clock=20261124T101510Z-20261124T101513Z\n", "Range: clock=20261124T101510.000Z-20261124T101513.000Z\n", 300, ""},
		{"a speed, which only programs ask for", "Speed: 2.000\nRange: npt=7.000-\n", "Range: npt=7.000-\n", 240, "Speed: 2.0\n"},
	} {
		t.Run(x.flags, func(t *testing.T) {
			d := converse(t, s)
			d.exchange(turn{"", open(4, "SETUP", "/timeline/trackID=0", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\n"), ok(4, "", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1;ssrc={ssrc}")})
			d.exchange(turn{"", open(5, "PLAY", "/timeline/", none+x.ask), ok(5, infos("/timeline", 0)+x.answer, x.behind)})
			d.waitFor(0, x.first)
			if got := numbers(d.units(), 0); got[0] != x.first {
				t.Errorf("pictures %v, want those from %d on", got, x.first)
			}
			d.exchange(turn{"", open(6, "TEARDOWN", "/timeline/", none), "RTSP/1.0 200 OK\nCSeq: 6\nServer: gortsplib"})
		})
	}
}
