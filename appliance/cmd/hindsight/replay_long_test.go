//go:build long

package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"hindsight/appliance/pattern"
)

// hoursReader is an ffmpeg that plays an address for hours: what it decodes and the time
// stamps of what it receives are looked at as they come, and forgotten.
type hoursReader struct {
	t      *testing.T
	faults int
	seen   int64  // pictures
	first  uint32 // number of the first picture
	last   uint32
	wall   time.Duration // how old the newest picture was, at worst, in the last quarter
	origin time.Duration // time stamp of the second picture, less what its number says
	sound  time.Duration // time stamp of the last packet of sound; 0: none yet
	sounds int64
}

// fault reports what is wrong, but not for two hours.
func (f *hoursReader) fault(format string, args ...any) {
	if f.faults++; f.faults <= 20 {
		f.t.Errorf("after %v: %s", pattern.FrameTime(f.seen, 30).Round(time.Second), fmt.Sprintf(format, args...))
	}
}

// play runs ffmpeg for so long of stream time. It decodes the picture to standard
// output, and writes a line for each packet to a second pipe.
func (f *hoursReader) play(before []string, url string, long time.Duration) {
	f.t.Helper()
	lines, w, err := os.Pipe()
	if err != nil {
		f.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(f.t.Context(), long+hangLimit)
	defer cancel()
	seconds := strconv.FormatFloat(long.Seconds(), 'f', 3, 64)
	args := append([]string{"-hide_banner", "-nostdin", "-loglevel", "error"}, before...)
	args = append(args, "-rtsp_transport", "tcp", "-i", url,
		"-map", "0:v", "-t", seconds, "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "gray", "pipe:1",
		"-map", "0:v", "-map", "0:a", "-t", seconds, "-c", "copy", "-flush_packets", "1", "-f", "framecrc", "pipe:3")
	cmd := exec.CommandContext(ctx, tool(f.t, "ffmpeg", "ffmpeg"), args...)
	var said bytes.Buffer
	cmd.Stderr, cmd.ExtraFiles = &said, []*os.File{w}
	out, err := cmd.StdoutPipe()
	if err != nil {
		f.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		f.t.Fatal(err)
	}
	w.Close()
	stamps := make(chan time.Duration, 1<<12)
	go f.packets(lines, stamps)
	f.pictures(out, stamps, long)
	for range stamps { // of pictures that -t cut off
	}
	if err := cmd.Wait(); err != nil {
		f.t.Fatalf("ffmpeg %s: %v\n%s", strings.Join(args, " "), err, said.String())
	}
}

// packets reads ffmpeg's lines: stream, decoding time, presentation time, …; stream 0
// is the picture, whose time stamps it hands on, stream 1 the sound, which it checks.
func (f *hoursReader) packets(r io.ReadCloser, stamps chan<- time.Duration) {
	defer close(stamps)
	defer r.Close()
	tick := map[string]time.Duration{} // of a second, by stream
	for s := bufio.NewScanner(r); s.Scan(); {
		fields := strings.FieldsFunc(s.Text(), func(r rune) bool { return r == ' ' || r == ',' || r == ':' })
		if len(fields) == 3 && fields[0] == "#tb" {
			rate, _ := strconv.Atoi(strings.TrimPrefix(fields[2], "1/"))
			tick[fields[1]] = time.Duration(rate)
		}
		if len(fields) < 6 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		n, err := strconv.ParseInt(fields[2], 10, 64)
		if rate := tick[fields[0]]; err != nil || rate == 0 {
			stamps <- -1 << 62
		} else if at := time.Duration(n) * time.Second / rate; fields[0] == "0" {
			stamps <- at
		} else {
			if step := at - f.sound; f.sounds > 1 && (step < 10*time.Millisecond || step > 30*time.Millisecond) {
				stamps <- -1 << 62 // a fault that the reader of pictures reports: one goroutine does
			}
			f.sound = at
			f.sounds++
		}
	}
}

// pictures reads the numbers in the pictures: each is one more than that before, and
// the time stamp that it came with is what its number says.
func (f *hoursReader) pictures(r io.Reader, stamps <-chan time.Duration, long time.Duration) {
	for x := range decoded(r) {
		n, wall, ok := x.n, x.wall, x.ok
		if x.err != nil {
			f.fault("%v", x.err)
			return
		}
		if !ok {
			f.fault("the numbers cannot be read")
		}
		at, ok := <-stamps
		for ; ok && at == -1<<62; at, ok = <-stamps {
			f.fault("sound jumps, or something has no time stamp")
		}
		switch {
		case !ok:
			f.fault("picture %d came without a packet", n)
		case f.seen == 0: // ffmpeg has no time for the first picture of any RTSP stream
			f.first = n
		case f.seen == 1:
			f.origin = at - pattern.FrameTime(int64(n-f.first), 30)
		}
		if f.seen > 0 && n <= f.last {
			f.fault("picture %d follows %d", n, f.last)
		}
		if off := at - f.origin - pattern.FrameTime(int64(n-f.first), 30); ok && f.seen > 1 && off.Abs() > 10*time.Millisecond {
			f.fault("picture %d is %v off its time", n, off)
		}
		f.last = n
		if f.seen++; pattern.FrameTime(f.seen, 30) > long*3/4 {
			f.wall = max(f.wall, time.Duration(x.when-wall)*time.Millisecond)
		}
	}
}

// decodedPicture is what a picture tells.
type decodedPicture struct {
	n, wall uint32
	when    uint32 // it was seen, as wall is told
	ok      bool
	err     error // why there are no more
}

// decoded takes pictures as they come. ffmpeg holds the line of a picture back until sound of
// its time has come, and goes on decoding: who waited for the line before taking the next
// picture would wait for ever where sound is late by a few pictures.
func decoded(r io.Reader) <-chan decodedPicture {
	const w, h = 640, 360
	out := make(chan decodedPicture, 1<<14)
	go func() {
		defer close(out)
		luma := make([]byte, w*h)
		for {
			if _, err := io.ReadFull(r, luma); err != nil {
				if err != io.EOF {
					out <- decodedPicture{err: err}
				}
				return
			}
			n, wall, ok := pattern.ReadNumbers(luma, w, h, pattern.Square(w))
			out <- decodedPicture{n: n, wall: wall, when: uint32(time.Now().UnixMilli()), ok: ok}
		}
	}()
	return out
}

// recordedPictures is how many pictures with numbers from first to last are recorded:
// where the recorder could not keep up there may be fewer than numbers.
func (s *server) recordedPictures(first, last uint32) (n int64) {
	s.t.Helper()
	var origin float64
	var zero uint32
	for from, page := "1.0", 0; ; page++ {
		var list apiFrames
		s.get("/api/v1/frames?limit=10000&from="+from, &list)
		if page == 0 {
			if len(list.Frames) == 0 {
				s.t.Fatal("nothing is recorded")
			}
			origin, zero = list.Frames[0].At.MediaMS, s.number(list.Frames[0].At.Position)
		}
		for _, f := range list.Frames {
			since := time.Duration((f.At.MediaMS - origin) * float64(time.Millisecond))
			if k := zero + uint32(pattern.FrameAt(since, 30)); k >= first && k <= last {
				n++
			}
		}
		if list.Next == nil {
			return n
		}
		from = *list.Next
	}
}

// number is the number in the picture at a position.
func (s *server) number(position string) uint32 {
	s.t.Helper()
	n, _ := squares(s.t, []byte(s.text("/api/v1/snapshot.jpg?at="+position)))
	return n
}

// For hours: replay that begins a minute in the past of a recording in progress goes on
// live, caught up or always so far behind. Every recorded picture comes once, and the
// time stamps are those of the recording from the first to the last.
func TestLongReplayIntoLive(t *testing.T) {
	const ago = time.Minute
	long := longFor(t)
	s := serveIn(t, filepath.Join(t.TempDir(), "data"), small...)
	s.more("video", 70*30)
	t.Run("readers", func(t *testing.T) {
		for _, x := range []struct {
			name, server string
			before       []string
			long, late   time.Duration // of the stream; no picture of the last quarter is older
		}{
			{"caught up", addHeader(t, s.rtsp, "Speed: 4"), nil, long + ago, ago / 3},
			{"-re", s.rtsp, []string{"-re"}, long, ago * 3 / 2},
		} {
			t.Run(x.name, func(t *testing.T) {
				t.Parallel()
				f := hoursReader{t: t}
				f.play(x.before, x.server+"/cam/at/-60s", x.long)
				t.Logf("%d pictures, %d packets of sound, at most %v late", f.seen, f.sounds, f.wall)
				if want := s.recordedPictures(f.first, f.last); f.seen != want {
					t.Errorf("%d pictures came from %d to %d, recorded are %d", f.seen, f.first, f.last, want)
				}
				if least := x.long - 2*time.Second; pattern.FrameTime(int64(f.last-f.first), 30) < least || time.Duration(f.sounds)*20*time.Millisecond < least {
					t.Errorf("pictures %d to %d and %d packets of sound are less than %v", f.first, f.last, f.sounds, least)
				}
				if f.wall > x.late {
					t.Errorf("a picture was %v old, want at most %v", f.wall, x.late)
				}
			})
		}
	})
	s.stop()
	checkClean(t, s.data)
}
