package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"hindsight/appliance/pattern"
)

// reel is a recording of the demo source, whose pictures tell their numbers, and
// which picture is when.
type reel struct {
	*server
	t     *testing.T
	first uint32          // number of the first picture
	at    []time.Duration // recorded time of each picture, from the oldest moment on
	wall  []time.Time
	keys  []bool
}

// film records for so many pictures, 30 a second.
func film(t *testing.T, pictures int64) *reel {
	t.Helper()
	r := &reel{server: serveIn(t, filepath.Join(t.TempDir(), "data"), small...), t: t}
	r.more("video", pictures)
	r.look()
	return r
}

// look learns which pictures there are.
func (r *reel) look() {
	r.t.Helper()
	var tl apiTimeline
	r.get("/api/v1/timeline", &tl)
	if len(tl.Spans) != 1 {
		r.t.Fatalf("%d spans, want one recording without a gap", len(tl.Spans))
	}
	began := tl.Spans[0].From.Time
	r.at, r.wall, r.keys = nil, nil, nil
	for from := "1.0"; ; {
		var list apiFrames
		r.get("/api/v1/frames?limit=10000&from="+from, &list)
		for _, f := range list.Frames {
			r.at, r.wall, r.keys = append(r.at, f.At.Time.Sub(began)), append(r.wall, f.At.Time), append(r.keys, f.Key)
		}
		if list.Next == nil {
			break
		}
		from = *list.Next
	}
	res, err := http.Get(r.http + "/api/v1/snapshot.jpg?at=" + r.wall[0].Format(time.RFC3339Nano))
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 200 {
		r.t.Fatalf("snapshot: %s %v %s", res.Status, err, b)
	}
	r.first, _ = squares(r.t, b)
}

// key is the number of the key frame at or before picture i of the recording.
func (r *reel) key(i int) uint32 {
	for ; i > 0 && !r.keys[i]; i-- {
	}
	return r.first + uint32(i)
}

// painted reads the numbers out of raw grey pictures as small ones are.
func painted(t *testing.T, raw []byte) (out []uint32) {
	t.Helper()
	const w, h = 640, 360
	for ; len(raw) >= w*h; raw = raw[w*h:] {
		n, _, ok := pattern.ReadNumbers(raw[:w*h], w, h, pattern.Square(w))
		if !ok {
			t.Fatalf("the numbers in picture %d cannot be read", len(out))
		}
		out = append(out, n)
	}
	return out
}

// play runs a program; its output is what it writes to standard output.
func (r *reel) play(t *testing.T, name, pkg string, args ...string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), hangLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, tool(t, name, pkg), args...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, said.String())
	}
	return out
}

// ffmpeg decodes the picture of an address to raw grey.
func (r *reel) ffmpeg(t *testing.T, before []string, url string, after ...string) []uint32 {
	t.Helper()
	args := append([]string{"-hide_banner", "-nostdin", "-loglevel", "error"}, before...)
	args = append(append(args, "-i", url, "-map", "0:v"), after...)
	return painted(t, r.play(t, "ffmpeg", "ffmpeg", append(args, "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "gray", "-")...))
}

// start is the time that ffmpeg counts -ss from: the first that it has, which is that of the second
// packet of sound, or of the picture.
func (r *reel) start(t *testing.T) time.Duration {
	t.Helper()
	out := r.play(t, "ffprobe", "ffmpeg", "-v", "error", "-rtsp_transport", "tcp", "-show_entries", "format=start_time", "-of", "csv=p=0", r.rtsp+"/cam/timeline")
	s, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	if err != nil || s < 0 || s > 0.1 {
		t.Fatalf("ffmpeg's start %q, %v", out, err)
	}
	return time.Duration(s * float64(time.Second))
}

// Players find every recorded moment: the pictures that they show are those they asked for.
func TestReplayByPlayers(t *testing.T) {
	r := film(t, 40*30)
	t.Run("ffprobe tells the length", func(t *testing.T) {
		out := r.play(t, "ffprobe", "ffmpeg", "-v", "error", "-rtsp_transport", "tcp", "-show_entries", "format=duration", "-of", "csv=p=0", r.rtsp+"/cam/timeline")
		got, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
		r.look()
		if length := r.at[len(r.at)-1].Seconds(); err != nil || got < 40 || got > length+0.1 {
			t.Errorf("duration %s, %v; recorded are %.3f s", out, err, length)
		}
	})
	for _, transport := range []string{"tcp", "udp"} {
		t.Run("ffmpeg seeks by "+transport, func(t *testing.T) {
			random := rand.New(rand.NewPCG(7, 11))
			start := r.start(t)
			for range 20 {
				i := 40 + random.IntN(1100)
				ss := fmt.Sprintf("%.3f", (r.at[i] - start - 10*time.Millisecond).Seconds())
				got := r.ffmpeg(t, []string{"-rtsp_transport", transport, "-ss", ss}, r.rtsp+"/cam/timeline", "-frames:v", "2")
				// ffmpeg leaves out what comes before, but for the key frame that playing begins with: it
				// has no time for the first picture of any RTSP stream, since its parser goes by positions in a file.
				if want := r.first + uint32(i); len(got) != 2 || got[0] != r.key(i-1) || got[1] != want && !(got[1] == want+1 && got[0] == want) {
					t.Errorf("-ss %s shows pictures %v, want the key frame %d and %d", ss, got, r.key(i-1), want)
				}
			}
		})
	}
	t.Run("GStreamer seeks", func(t *testing.T) {
		got := r.gstreamer(t, "/cam/timeline", rtspsrc{live: true}, "10", "@20.5", "10", "@5", "10")
		index := func(d time.Duration) int { return sort.Search(len(r.at), func(i int) bool { return r.at[i] > d }) - 1 }
		for i, want := range []uint32{r.first, r.key(index(20500 * time.Millisecond)), r.key(index(5 * time.Second))} {
			if len(got) != 30 || got[10*i] != want {
				t.Fatalf("pictures %v, want each tenth to be %d", got, want)
			}
			checkRow(t, got[10*i:10*i+10])
		}
	})
	t.Run("ffmpeg plays a window", func(t *testing.T) {
		from, to := r.wall[300].UTC(), r.wall[450].UTC()
		const layout = "20060102T150405.000Z"
		got := r.ffmpeg(t, []string{"-rtsp_transport", "tcp"}, r.rtsp+"/cam/at/"+from.Format(layout)+"-"+to.Format(layout))
		if len(got) < 150 || len(got) > 181 || got[len(got)-1] != r.first+449 {
			t.Errorf("%d pictures up to %d, want those up to %d and no more than 30 before %d", len(got), got[len(got)-1], r.first+449, r.first+300)
		}
		checkRow(t, got)
	})
}

// checkRow: numbers that go up by one.
func checkRow(t *testing.T, got []uint32) {
	t.Helper()
	for i := 1; i < len(got); i++ {
		if got[i] != got[i-1]+1 {
			t.Errorf("picture %d follows %d", got[i], got[i-1])
		}
	}
}

// addHeader is a proxy that adds a header to every PLAY, for clients that cannot.
func addHeader(t *testing.T, to, header string) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			s, err := net.Dial("tcp", strings.TrimPrefix(to, "rtsp://"))
			if err != nil {
				c.Close()
				return
			}
			go func() {
				defer c.Close()
				io.Copy(c, s) //nolint:errcheck // until one of them goes
			}()
			go func() {
				defer s.Close()
				in := bufio.NewReader(c)
				for play := false; ; {
					if b, err := in.Peek(1); err != nil {
						return
					} else if b[0] == '$' { // a receiver report
						head, err := in.Peek(4)
						if err != nil {
							return
						}
						if _, err := io.CopyN(s, in, 4+int64(head[2])<<8+int64(head[3])); err != nil {
							return
						}
						continue
					}
					line, err := in.ReadString('\n')
					if err != nil {
						return
					}
					play = play || strings.HasPrefix(line, "PLAY ")
					if play && line == "\r\n" {
						line, play = header+"\r\n\r\n", false
					}
					if _, err := io.WriteString(s, line); err != nil {
						return
					}
				}
			}()
		}
	}()
	return "rtsp://" + ln.Addr().String()
}

// Replay that begins in the past of a recording in progress goes on live: faster than it is
// recorded until it has caught up, or always so far behind; every picture comes once.
func TestReplayIntoLive(t *testing.T) {
	r := film(t, 20*30)
	for _, x := range []struct {
		name, server string
		before       []string
	}{
		{"caught up", addHeader(t, r.rtsp, "Speed: 4"), nil},
		{"at once", addHeader(t, r.rtsp, "Rate-Control: no"), nil},
		{"-re", r.rtsp, []string{"-re"}},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			got := r.ffmpeg(t, append(x.before, "-rtsp_transport", "tcp"), x.server+"/cam/at/-15s", "-t", "40")
			checkRow(t, got)
			if len(got) < 39*30 {
				t.Errorf("%d pictures in 40 s", len(got))
			}
		})
	}
}
