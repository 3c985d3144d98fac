package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"
)

// mpv is a running mpv that is told what to do through its JSON socket.
type mpv struct {
	t      *testing.T
	conn   net.Conn
	in     *json.Decoder
	asked  int
	events []string // that nobody has waited for yet
	shot   string   // a file for the picture
}

// mpvSays is an answer of mpv's, or an event.
type mpvSays struct {
	Event, Error string
	ID           int `json:"request_id"`
	Data         json.RawMessage
}

// playMPV starts mpv without window and sound, and waits until it shows a picture.
func playMPV(t *testing.T, url string, args ...string) *mpv {
	t.Helper()
	dir := t.TempDir()
	socket, log := filepath.Join(dir, "s"), filepath.Join(dir, "log")
	m := &mpv{t: t, shot: filepath.Join(dir, "shot.jpg")}
	args = append([]string{"--no-config", "--vo=null", "--ao=null", "--no-terminal", "--log-file=" + log,
		"--rtsp-transport=tcp", "--idle", "--keep-open=yes", "--input-ipc-server=" + socket}, args...)
	cmd := exec.Command(tool(t, "mpv", "mpv"), args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill() //nolint:errcheck // it may have ended
		cmd.Wait()         //nolint:errcheck // killed
		if b, err := os.ReadFile(log); t.Failed() && err == nil {
			t.Logf("mpv:\n%s", b[max(0, len(b)-3000):])
		}
	})
	until(t, "the socket of mpv", func() bool {
		c, err := net.Dial("unix", socket)
		m.conn = c
		return err == nil
	})
	t.Cleanup(func() { m.conn.Close() }) //nolint:errcheck // mpv may have closed it
	m.in = json.NewDecoder(m.conn)
	m.do(nil, "loadfile", url)
	m.wait("playback-restart")
	return m
}

// read takes what mpv says next.
func (m *mpv) read() (s mpvSays) {
	m.t.Helper()
	m.conn.SetDeadline(time.Now().Add(hangLimit)) //nolint:errcheck // the read tells
	if err := m.in.Decode(&s); err != nil {
		m.t.Fatalf("mpv says no more: %v", err)
	}
	if s.Event != "" {
		m.events = append(m.events, s.Event)
	}
	return s
}

// wait takes events up to this one.
func (m *mpv) wait(event string) {
	m.t.Helper()
	for {
		if i := slices.Index(m.events, event); i >= 0 {
			m.events = m.events[i+1:]
			return
		}
		m.read()
	}
}

// do has mpv do something; what it answers comes into v unless that is nil.
func (m *mpv) do(v any, command ...any) {
	m.t.Helper()
	m.asked++
	if err := json.NewEncoder(m.conn).Encode(map[string]any{"command": command, "request_id": m.asked}); err != nil {
		m.t.Fatal(err)
	}
	s := m.read()
	for ; s.Event != "" || s.ID != m.asked; s = m.read() {
	}
	if s.Error != "success" {
		m.t.Fatalf("mpv does not %v: %s", command, s.Error)
	}
	if err := json.Unmarshal(s.Data, v); v != nil && err != nil {
		m.t.Fatalf("mpv answers %v with %s: %v", command, s.Data, err)
	}
}

// duration is a property in seconds.
func (m *mpv) duration(property string) time.Duration {
	m.t.Helper()
	var v float64
	m.do(&v, "get_property", property)
	return time.Duration(v * float64(time.Second))
}

// pause pauses or resumes.
func (m *mpv) pause(on bool) {
	m.t.Helper()
	m.do(nil, "set_property", "pause", on)
}

// seek does what a key does that seeks, and waits for the picture.
func (m *mpv) seek(to float64, flags string) {
	m.t.Helper()
	m.do(nil, "seek", to, flags)
	m.wait("seek")
	m.wait("playback-restart")
}

// shows is the npt that mpv tells, and the number in the picture that it shows. mpv
// counts from the first time stamp that it has, which is up to a frame after npt 0.
func (m *mpv) shows() (at time.Duration, number uint32) {
	m.t.Helper()
	m.do(nil, "screenshot-to-file", m.shot, "video")
	b, err := os.ReadFile(m.shot)
	if err != nil {
		m.t.Fatal(err)
	}
	number, _ = squares(m.t, b)
	return m.duration("time-pos") + m.duration("demuxer-start-time"), number
}

// step has mpv show the next picture.
func (m *mpv) step() (at time.Duration, number uint32) {
	m.t.Helper()
	_, before := m.shows()
	m.do(nil, "frame-step")
	until(m.t, "another picture", func() bool {
		at, number = m.shows()
		return number != before
	})
	return at, number
}

// from is the first picture recorded at a recorded time or after it.
func (r *reel) from(at time.Duration) int {
	i := sort.Search(len(r.at), func(i int) bool { return r.at[i] >= at })
	if i == len(r.at) {
		r.t.Fatalf("nothing is recorded at %v", at)
	}
	return i
}

// checkClock: the picture that mpv shows is the one recorded at the time that it tells.
func (r *reel) checkClock(t *testing.T, what string, at time.Duration, number uint32) {
	t.Helper()
	const slack = 5 * time.Millisecond // mpv rounds, and frames are 33 ms apart
	if i := int(number - r.first); i < 0 || i >= len(r.at) || (r.at[i]-at).Abs() > slack {
		t.Errorf("%s: mpv shows picture %d and tells %v, recorded is %d then", what, i, at, r.from(at-slack))
	}
}

// jumps: mpv starts in the past and seeks as its keys do, which go to the key frame before
// the moment, or exactly to it. From the second picture on its clock is right; the first may
// be the key frame that playing begins with, for which ffmpeg has no time.
func (r *reel) jumps(t *testing.T, args ...string) {
	m := playMPV(t, r.rtsp+"/cam/timeline", append(args, "--start=30.5", "--pause")...)
	start := m.duration("demuxer-start-time")
	for _, x := range []struct {
		to    float64 // seconds, or so many more
		flags string  // empty: --start, which is exact
	}{
		{30.5, ""}, {10, "relative"}, {-5, "relative"}, {8.5, "relative+exact"}, {-20, "relative+exact"},
		{-5, "relative"}, {0, "absolute"}, {1.5, "absolute+exact"},
	} {
		what := fmt.Sprintf("seek %v %s", x.to, x.flags)
		target := time.Duration(x.to*float64(time.Second)) + start
		if strings.HasPrefix(x.flags, "relative") {
			target += m.duration("time-pos")
		}
		if x.flags != "" {
			m.seek(x.to, x.flags)
		}
		_, n := m.shows()
		exact := x.flags == "" || strings.HasSuffix(x.flags, "exact")
		begins, want := r.key(max(r.from(target+1)-1, 0)), r.first+uint32(r.from(target-5*time.Millisecond))
		if n != begins && (!exact || n != want) || exact && n+1 < want {
			t.Errorf("%s: mpv shows picture %d, want that of the key frame, %d, or where it is exact %d", what, n-r.first, begins-r.first, want-r.first)
		}
		for range 2 {
			at, next := m.step()
			if n++; next != n {
				t.Errorf("%s: a step leads to picture %d, want %d", what, next-r.first, n-r.first)
			}
			r.checkClock(t, what, at, next)
		}
	}
}

// pauses: mpv pauses by not reading, for longer than the server lets a client be silent
// that does not play (60 s), and goes on where it was.
func (r *reel) pauses(t *testing.T, args ...string) {
	m := playMPV(t, r.rtsp+"/cam/timeline", append(args, "--start=5")...)
	until(t, "mpv to play", func() bool { return m.duration("time-pos") > 5500*time.Millisecond })
	m.pause(true)
	before, n := m.shows()
	r.checkClock(t, "paused", before, n)
	r.more("video", 70*30)
	if at, again := m.shows(); at != before || again != n {
		t.Errorf("in the pause mpv went from %v, picture %d, to %v, picture %d", before, n-r.first, at, again-r.first)
	}
	beyond := m.duration("demuxer-cache-time") + 3*time.Second
	if beyond > before+30*time.Second {
		t.Errorf("mpv did not stop reading: paused at %v it has read up to %v", before, beyond)
	}
	m.pause(false)
	until(t, "what mpv had not read yet", func() bool { return m.duration("time-pos") > beyond })
	m.pause(true)
	at, n := m.shows()
	r.checkClock(t, "resumed", at, n)
	at, next := m.step()
	if next != n+1 {
		t.Errorf("after the pause picture %d follows %d", next-r.first, n-r.first)
	}
	r.checkClock(t, "resumed", at, next)
}

// mpv as people use it, and without the cache, where every seek is one of the server's: its
// pictures are those that it asked for.
func TestReplayByMPV(t *testing.T) {
	r := film(t, 45*30)
	for _, cache := range []string{"--cache=auto", "--cache=no"} {
		t.Run("jumps "+cache, func(t *testing.T) { r.jumps(t, cache) })
	}
	t.Run("pauses", func(t *testing.T) {
		for _, cache := range []string{"--cache=auto", "--cache=no"} {
			t.Run(cache, func(t *testing.T) {
				t.Parallel()
				r.pauses(t, cache)
			})
		}
	})
}
