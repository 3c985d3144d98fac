package rtsp

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/format/rtph264"
	"github.com/bluenviron/gortsplib/v5/pkg/ntp"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"hindsight/media"
)

// The units of the tests below tell their own number, so that each test knows
// what must arrive, when it was, and that it is whole.

var (
	testVideo = media.Track{
		ID: 1, Kind: media.Video, Codec: media.H264, ClockRate: 90000, Width: 1280, Height: 720,
		Config: []byte{0, 0, 0, 8, 0x67, 0x42, 0xc0, 0x1f, 0xda, 0x01, 0x40, 0x16, 0, 0, 0, 4, 0x68, 0xce, 0x3c, 0x80},
	}
	testAudio = media.Track{ID: 2, Kind: media.Audio, Codec: media.Opus, ClockRate: 48000, Channels: 2}
)

const (
	testRate = 30 // pictures a second, every thirtieth a key frame
	testStep = 20 * time.Millisecond
)

// videoUnit is picture n: one NAL unit with the number in it.
func videoUnit(n int) media.Unit {
	u := media.Unit{Track: 1, DTS: time.Duration(n) * time.Second / testRate}
	size, kind := 700+n%7*300, byte(0x41)
	if n%testRate == 0 {
		size, kind, u.Flags = 60000, 0x65, media.Key
	}
	u.Payload = numbered(binary.BigEndian.AppendUint32(nil, uint32(size)), kind, n, size)
	return u
}

// audioUnit is sound n: an Opus packet of 20 ms (CELT, one frame) with the number in it.
func audioUnit(n int) media.Unit {
	return media.Unit{Track: 2, Flags: media.Key, DTS: time.Duration(n) * testStep, Payload: numbered(nil, 0xfc, n, 160)}
}

func numbered(b []byte, first byte, n, size int) []byte {
	b = append(b, first)
	b = binary.BigEndian.AppendUint32(b, uint32(n)|0x80000000) // no start code can come of it
	for i := 5; i < size; i++ {
		b = append(b, byte(1+(i+n)%251))
	}
	return b
}

// record puts pictures and sound on the tape, all of [from, until) in order of time.
func record(t *tape, from, until time.Duration) {
	v, a := int((from*testRate+time.Second-1)/time.Second), int((from+testStep-1)/testStep)
	var units []media.Unit
	for {
		vu, au := videoUnit(v), audioUnit(a)
		switch {
		case vu.DTS >= until && au.DTS >= until:
			t.add(units...)
			return
		case vu.DTS <= au.DTS:
			units = append(units, vu)
			v++
		default:
			units = append(units, au)
			a++
		}
	}
}

// arrival is a packet that a viewer got.
type arrival struct {
	track int // in the order of SETUP
	rtp   *rtp.Packet
	rtcp  []rtcp.Packet // instead of rtp
}

// viewer is a player that shows what the server does, packet by packet.
type viewer struct {
	t       *testing.T
	conn    net.Conn
	base    string
	session string
	cseq    int
	answers chan answered

	mu   sync.Mutex
	got  []arrival
	over error // why nothing more comes
}

type answered struct {
	status string
	header textproto.MIMEHeader
	body   string
}

func dial(t *testing.T, s *Server, camera string) *viewer {
	t.Helper()
	c, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	v := &viewer{t: t, conn: c, base: s.url(camera), answers: make(chan answered, 16)}
	t.Cleanup(func() { _ = c.Close() })
	go v.read()
	return v
}

// read sorts answers from interleaved packets (channel 2n: RTP of track n).
func (v *viewer) read() {
	err := v.readAll(bufio.NewReader(v.conn))
	v.mu.Lock()
	v.over = err
	v.mu.Unlock()
	close(v.answers)
}

func (v *viewer) readAll(r *bufio.Reader) error {
	for {
		b, err := r.Peek(4)
		if err != nil {
			return err
		}
		if b[0] == '$' {
			channel, size := int(b[1]), int(binary.BigEndian.Uint16(b[2:]))
			frame := make([]byte, 4+size)
			if _, err := io.ReadFull(r, frame); err != nil {
				return err
			}
			v.take(channel/2, channel%2 == 1, frame[4:])
			continue
		}
		tp := textproto.NewReader(r)
		line, err := tp.ReadLine()
		if err != nil {
			return err
		}
		h, err := tp.ReadMIMEHeader()
		if err != nil {
			return err
		}
		n, _ := strconv.Atoi(h.Get("Content-Length"))
		body := make([]byte, n)
		if _, err := io.ReadFull(r, body); err != nil {
			return err
		}
		v.answers <- answered{strings.TrimPrefix(line, "RTSP/1.0 "), h, string(body)}
	}
}

func (v *viewer) take(track int, control bool, b []byte) {
	a := arrival{track: track}
	var err error
	if control {
		a.rtcp, err = rtcp.Unmarshal(b)
	} else {
		a.rtp = &rtp.Packet{}
		err = a.rtp.Unmarshal(b)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if err != nil {
		v.over = fmt.Errorf("track %d: %w", track, err)
	}
	v.got = append(v.got, a)
}

// ask sends a request and returns the answer.
func (v *viewer) ask(method, path string, headers ...string) answered {
	v.t.Helper()
	v.cseq++
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s%s RTSP/1.0\r\nCSeq: %d\r\n", method, v.base, path, v.cseq)
	if v.session != "" {
		headers = append(headers, "Session: "+v.session)
	}
	for _, h := range headers {
		b.WriteString(h + "\r\n")
	}
	b.WriteString("\r\n")
	if _, err := io.WriteString(v.conn, b.String()); err != nil {
		v.t.Fatalf("%s: %v", method, err)
	}
	select {
	case a, ok := <-v.answers:
		if !ok {
			v.t.Fatalf("%s: no answer: %v", method, v.over)
		}
		if got := a.header.Get("Cseq"); got != strconv.Itoa(v.cseq) {
			v.t.Fatalf("%s: CSeq %q, want %d", method, got, v.cseq)
		}
		if s, _, _ := strings.Cut(a.header.Get("Session"), ";"); s != "" {
			v.session = s
		}
		return a
	case <-time.After(time.Minute):
		v.t.Fatalf("%s: no answer", method)
	}
	panic("not reached")
}

func (v *viewer) must(method, path string, headers ...string) answered {
	v.t.Helper()
	a := v.ask(method, path, headers...)
	if !strings.HasPrefix(a.status, "200 ") {
		v.t.Fatalf("%s: %s", method, a.status)
	}
	return a
}

// setup chooses the first n tracks.
func (v *viewer) setup(transport string, n int) {
	v.t.Helper()
	for i := range n {
		want := fmt.Sprintf("RTP/AVP/TCP;unicast;interleaved=%d-%d", 2*i, 2*i+1)
		if transport == "udp" {
			want = fmt.Sprintf("RTP/AVP;unicast;client_port=%s", v.listen(i))
		}
		v.must("SETUP", fmt.Sprintf("/trackID=%d", i), "Transport: "+want)
	}
}

// listen opens the two sockets of a track and returns their ports as in "5000-5001".
func (v *viewer) listen(track int) string {
	p, err := freePair("127.0.0.1")
	if err != nil {
		v.t.Fatal(err)
	}
	v.t.Cleanup(p.close)
	for i, c := range []*udpSocket{p.rtp, p.rtcp} {
		_ = c.SetReadBuffer(4 << 20)
		go func() {
			b := make([]byte, 2048)
			for {
				n, _, err := c.ReadFrom(b)
				if err != nil {
					return
				}
				v.take(track, i == 1, bytes.Clone(b[:n]))
			}
		}()
	}
	port := p.rtp.LocalAddr().(*net.UDPAddr).Port
	return fmt.Sprintf("%d-%d", port, port+1)
}

// all is what arrived so far.
func (v *viewer) all() []arrival {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.got)
}

func (v *viewer) ended() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.over != nil
}

// heard is a whole unit that arrived: which one, and the time its sender reports give it.
type heard struct {
	track  int
	number int
	stamp  uint32
	seq    uint16    // of its first packet
	wall   time.Time // zero: no sender report came before it
}

// units puts the packets together and checks on the way all that must hold of
// every stream: sequence numbers without a hole, payloads that are exactly the
// recorded ones, datagrams within the MTU, time stamps that never go back.
func (v *viewer) units() (out []heard) {
	v.t.Helper()
	return v.unitsOf(v.all())
}

func (v *viewer) unitsOf(all []arrival) (out []heard) {
	v.t.Helper()
	type state struct {
		rate    int64
		seen    bool
		seq     uint16
		first   uint16 // of the unit
		stamp   uint32
		decoder *rtph264.Decoder
		report  *rtcp.SenderReport
	}
	tracks := []*state{{rate: 90000, decoder: &rtph264.Decoder{PacketizationMode: 1}}, {rate: 48000}}
	if err := tracks[0].decoder.Init(); err != nil {
		v.t.Fatal(err)
	}
	all = slices.DeleteFunc(slices.Clone(all), func(a arrival) bool { return a.track >= len(tracks) }) // captions
	for _, a := range slices.Backward(all) {                                                           // over UDP the first report may overtake nothing and still be read later
		if r := reportIn(a); r != nil {
			tracks[a.track].report = r
		}
	}
	for _, a := range all {
		x := tracks[a.track]
		if r := reportIn(a); r != nil {
			x.report = r
		}
		if a.rtp == nil {
			continue
		}
		p := a.rtp
		if len(p.Payload) > 1434 {
			v.t.Errorf("track %d: a payload of %d bytes, more than 1434", a.track, len(p.Payload))
		}
		if x.seen && p.SequenceNumber != x.seq+1 {
			v.t.Errorf("track %d: sequence number %d after %d", a.track, p.SequenceNumber, x.seq)
		}
		if x.seen && int32(p.Timestamp-x.stamp) < 0 {
			v.t.Errorf("track %d: time stamp %d after %d", a.track, p.Timestamp, x.stamp)
		}
		if !x.seen || p.Timestamp != x.stamp { // a seek may cut the picture before it short
			x.first = p.SequenceNumber
		}
		x.seen, x.seq, x.stamp = true, p.SequenceNumber, p.Timestamp
		h := heard{track: a.track, stamp: p.Timestamp, seq: x.first}
		if x.report != nil {
			d := int64(int32(p.Timestamp - x.report.RTPTime))
			h.wall = ntp.Decode(x.report.NTPTime).Add(time.Duration(d * int64(time.Second) / x.rate))
		}
		payload := p.Payload
		if x.decoder != nil {
			nalus, err := x.decoder.Decode(p)
			if err == rtph264.ErrMorePacketsNeeded {
				continue
			}
			if err != nil || len(nalus) != 1 {
				v.t.Errorf("packet %d: %d NAL units, %v", p.SequenceNumber, len(nalus), err)
				continue
			}
			payload = append(binary.BigEndian.AppendUint32(nil, uint32(len(nalus[0]))), nalus[0]...)
		}
		h.number = v.check(a.track, payload)
		out = append(out, h)
	}
	return out
}

func reportIn(a arrival) *rtcp.SenderReport {
	for _, p := range a.rtcp {
		if r, ok := p.(*rtcp.SenderReport); ok {
			return r
		}
	}
	return nil
}

// check compares a payload with the recorded one of its number.
func (v *viewer) check(track int, payload []byte) int {
	v.t.Helper()
	at := []int{5, 1}[track]
	n := int(binary.BigEndian.Uint32(payload[at:]) &^ 0x80000000)
	want := audioUnit(n)
	if track == 0 {
		want = videoUnit(n)
	}
	if !bytes.Equal(payload, want.Payload) {
		v.t.Errorf("track %d: unit %d is not what was recorded", track, n)
	}
	return n
}

// numbers are the numbers of a track's units.
func numbers(all []heard, track int) (out []int) {
	for _, h := range all {
		if h.track == track {
			out = append(out, h.number)
		}
	}
	return out
}

// waitFor waits until unit n of a track was heard.
func (v *viewer) waitFor(track, n int) {
	v.t.Helper()
	until(v.t, fmt.Sprintf("unit %d of track %d", n, track), func() bool {
		return slices.Contains(numbers(v.units(), track), n)
	})
}
