package rtspsource

import (
	"context"
	"encoding/binary"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"hindsight/appliance/rtsp"
	"hindsight/appliance/timeline"
	"hindsight/appliance/web"
	"hindsight/media"
	"hindsight/player"
	"hindsight/store"
)

var (
	quiet = slog.New(slog.DiscardHandler)
	epoch = time.Date(2026, 11, 24, 10, 15, 0, 0, time.UTC)
	sps   = []byte{0x67, 0x42, 0xc0, 0x0d, 0xda, 0x05, 0x0c, 0x7e, 0x59, 0xa8, 0x08, 0x08, 0x0a, 0x00, 0x00, 0x03, 0x00, 0x02, 0x00, 0x00, 0x03, 0x00, 0x65, 0x1e, 0x2c, 0x5c, 0x90}
	pps   = []byte{0x68, 0xce, 0x3c, 0x80}
)

const (
	frame = 40 * time.Millisecond // every 25th picture is a key frame
	piece = 20 * time.Millisecond
)

// slowClock goes only when it is told to.
type slowClock struct {
	mu   sync.Mutex
	boot time.Duration
	wall time.Time
}

func (c *slowClock) Boot() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.boot
}

func (c *slowClock) Wall() (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.wall, true
}

func (c *slowClock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.boot, c.wall = c.boot+d, c.wall.Add(d)
}

// rig is a recorder as the source sees it: RTSP, and the HTTP API.
type rig struct {
	t     testing.TB
	clock *slowClock
	mem   *store.Memory
	line  *timeline.Timeline
	ids   [2]uint16
	at    time.Duration
	rtsp  *rtsp.Server
	http  string
}

// newRig has recorded: run 1 from 1 s to 20 s and, after a lost camera, from 50 s to
// 70 s; an hour of nothing; run 2 from 1 s to 31 s. In recorded time 0, 19, 39 to 69 s.
func newRig(t testing.TB) *rig {
	m := store.NewMemory()
	m.SegmentBlocks = 7
	r := &rig{t: t, clock: &slowClock{boot: time.Hour, wall: epoch}, mem: m}
	r.begin()
	r.record(19 * time.Second)
	r.gap(30 * time.Second)
	r.record(20 * time.Second)
	r.check(r.line.Close(media.Off))
	r.clock.pass(time.Hour)
	r.mem = r.mem.Reopen()
	r.begin()
	r.record(30 * time.Second)
	r.serve()
	return r
}

func (r *rig) check(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) begin() {
	line, err := timeline.New(timeline.Options{Camera: "cam", Store: r.mem, Clock: r.clock, Log: quiet, Commit: time.Hour,
		AnchorEvery: -1, TailSpan: 3 * time.Second})
	r.check(err)
	r.line, r.at = line, 0
	for i, tr := range []media.Track{
		{Kind: media.Video, Codec: media.H264, ClockRate: 90000, Width: 320, Height: 180, Config: sets()},
		{Kind: media.Audio, Codec: media.Opus, ClockRate: 48000, Channels: 2}} {
		got, err := line.Track(tr)
		r.check(err)
		r.ids[i] = got.ID
	}
	r.at += time.Second
	r.clock.pass(time.Second)
	r.t.Cleanup(func() { line.Close(media.Off) })
}

// record records for so long; every second is committed.
func (r *rig) record(d time.Duration) {
	for end := r.at + d; r.at < end; r.at += time.Second {
		for at := r.at; at < r.at+time.Second; at += piece {
			if at%frame == 0 {
				r.check(r.line.Append(picture(int(at/frame), r.ids[0])))
			}
			r.check(r.line.Append(sound(int(at/piece), r.ids[1])))
		}
		r.clock.pass(time.Second)
		r.check(r.line.Sync(context.Background()))
	}
}

func (r *rig) gap(d time.Duration) {
	r.line.Lose(0, r.at, media.CameraLost, "unplugged")
	r.at += d
	r.clock.pass(d)
	r.line.Regain(0, r.at)
}

func (r *rig) serve() {
	s, err := rtsp.New(rtsp.Options{Address: "127.0.0.1:0", UDPAddress: "127.0.0.1:0", Clock: r.clock, Log: quiet,
		Cameras: func(name string) (rtsp.Timeline, bool) { return rtsp.Of(r.line), name == "cam" },
		Names:   func() []string { return []string{"cam"} }})
	r.check(err)
	r.rtsp = s
	r.t.Cleanup(s.Close)
	w, err := web.New(web.Options{Log: quiet, Cameras: []web.Camera{{Name: "cam", Timeline: r.line}},
		Status: func() web.Status {
			return web.Status{Version: "1", Cameras: []web.CameraStatus{{Name: "cam", State: web.Recording}}}
		},
		Now: func() time.Time { t, _ := r.clock.Wall(); return t }})
	r.check(err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	r.check(err)
	r.http = "http://" + ln.Addr().String()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); w.Serve(ctx, ln) }()
	r.t.Cleanup(func() { stop(); <-done })
}

func (r *rig) address() string { return "rtsp://" + r.rtsp.Addr().String() + "/cam" }

func (r *rig) get(ctx context.Context, path string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.http+path, nil)
	if err != nil {
		return nil, err
	}
	return http.DefaultClient.Do(req)
}

// dial opens a source; change changes its options, or is nil.
func (r *rig) dial(change func(*Options)) *Source {
	r.t.Helper()
	o := Options{Address: r.address(), Log: quiet, Get: r.get}
	if change != nil {
		change(&o)
	}
	s, err := Dial(r.t.Context(), o)
	r.check(err)
	r.t.Cleanup(s.Close)
	return s
}

// wall is the true time of a media time of a run.
func wall(run media.Run, at time.Duration) time.Time {
	if run == 2 {
		at += 70*time.Second + time.Hour
	}
	return epoch.Add(at)
}

// sets are SPS and PPS behind their lengths.
func sets() (b []byte) {
	for _, n := range [][]byte{sps, pps} {
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(n))), n...)
	}
	return b
}

// picture is picture n: a slice with the number in it.
func picture(n int, track uint16) media.Unit {
	u := media.Unit{Track: track, DTS: time.Duration(n) * frame}
	slice := binary.BigEndian.AppendUint32([]byte{0x41, 0x9a}, uint32(n)|0x80000000)
	if n%25 == 0 {
		u.Flags, u.Payload, slice[0] = media.Key, sets(), 0x65
		for i := range 20000 {
			slice = append(slice, byte(1+i%251))
		}
	}
	u.Payload = append(binary.BigEndian.AppendUint32(u.Payload, uint32(len(slice))), slice...)
	return u
}

func sound(n int, track uint16) media.Unit {
	return media.Unit{Track: track, Flags: media.Key, DTS: time.Duration(n) * piece,
		Payload: binary.BigEndian.AppendUint32([]byte{0xfc, 0xff}, uint32(n)|0x80000000)}
}

// number reads what picture and sound wrote.
func number(t testing.TB, u media.Unit) int {
	t.Helper()
	p := u.Payload
	if u.Track == 2 {
		return int(binary.BigEndian.Uint32(p[2:]) & 0x7fffffff)
	}
	for len(p) > 4 {
		n := int(binary.BigEndian.Uint32(p))
		nal := p[4 : 4+n]
		if nal[0] == 0x41 || nal[0] == 0x65 {
			return int(binary.BigEndian.Uint32(nal[2:]) & 0x7fffffff)
		}
		p = p[4+n:]
	}
	t.Fatalf("a unit of track %d without a number", u.Track)
	return -1
}

// open opens a reader, which must be possible.
func open(t testing.TB, s *Source, at player.Moment, m player.Manner) player.Reader {
	t.Helper()
	r, err := s.Open(t.Context(), at, m)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// next reads one item; a hang fails.
func next(t testing.TB, r player.Reader) player.Item {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	it, err := r.Next(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return it
}
