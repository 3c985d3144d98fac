package snapshot

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Eyevinn/mp4ff/mp4"

	"hindsight/appliance/encode"
	"hindsight/appliance/timeline"
	"hindsight/media"
	"hindsight/store"
)

// ffmpeg runs it; without it the test fails, as nothing else here makes such
// streams and says what they show.
func ffmpeg(t testing.TB, in []byte, args ...string) []byte {
	t.Helper()
	path, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Fatal("ffmpeg is missing: install the package ffmpeg")
	}
	var out, errs bytes.Buffer
	cmd := exec.Command(path, append([]string{"-v", "error", "-nostdin"}, args...)...)
	if in != nil {
		cmd = exec.Command(path, append([]string{"-v", "error"}, args...)...)
		cmd.Stdin = bytes.NewReader(in)
	}
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("ffmpeg %s: %v\n%s", strings.Join(args, " "), err, errs.String())
	}
	return out.Bytes()
}

// painted is a source whose frames carry their number: ten squares of 16x16 at the
// top left, the most significant bit first, over a picture that moves.
func painted(size string) string {
	return "testsrc2=size=" + size + ":rate=30,format=yuv420p,geq=lum='if(lt(Y,16)*lt(X,160),if(mod(floor(N/pow(2,9-floor(X/16))),2),235,16),lum(X,Y))':cb='if(lt(Y,8)*lt(X,80),128,cb(X,Y))':cr='if(lt(Y,8)*lt(X,80),128,cr(X,Y))'"
}

// number reads it back from a luma plane.
func number(luma []byte, width int) (n int) {
	for b := range 10 {
		n <<= 1
		if luma[8*width+b*16+8] > 127 {
			n |= 1
		}
	}
	return n
}

// clip is an elementary stream, times from 0.
type clip struct {
	track media.Track
	units []media.Unit
	luma  [][]byte // of each frame in order of presentation, as ffmpeg decodes it
}

func h264Clip(t testing.TB, size, seconds string, args ...string) clip {
	t.Helper()
	return clipOf(t, painted(size), size, seconds, args...)
}

func clipOf(t testing.TB, source, size, seconds string, args ...string) clip {
	t.Helper()
	file := filepath.Join(t.TempDir(), "clip.mp4")
	ffmpeg(t, nil, append(append([]string{"-f", "lavfi", "-i", source, "-t", seconds, "-c:v", "libx264", "-preset", "veryfast", "-qp", "18",
		"-video_track_timescale", "90000"}, args...), "-y", file)...)
	f, err := mp4.ReadMP4File(file)
	must(t, err)
	raw, err := os.ReadFile(file)
	must(t, err)
	trak := f.Moov.Traks[0]
	rec := trak.Mdia.Minf.Stbl.Stsd.AvcX.AvcC.DecConfRec
	sets := encode.JoinLengths(append(append([][]byte{}, rec.SPSnalus...), rec.PPSnalus...)...)
	c := clip{track: media.Track{Kind: media.Video, Codec: media.H264, ClockRate: 90000, Config: sets}}
	stream, err := encode.NewH264Stream(sets)
	must(t, err)
	samples, err := trak.GetSampleData(1, trak.GetNrSamples())
	must(t, err)
	ranges, err := trak.GetRangesForSampleInterval(1, trak.GetNrSamples())
	must(t, err)
	var data []byte
	for _, r := range ranges {
		data = append(data, raw[r.Offset:r.Offset+r.Size]...)
	}
	var dts int64
	for _, s := range samples {
		nals, err := encode.SplitLengths(data[:s.Size])
		must(t, err)
		au, err := stream.Add(nals) // as a recorder keeps it
		must(t, err)
		u := media.Unit{DTS: ticks(dts), Offset: ticks(dts+int64(s.CompositionTimeOffset)) - ticks(dts), Payload: au.Payload}
		if au.Key {
			u.Flags = media.Key
		}
		c.units = append(c.units, u)
		data, dts = data[s.Size:], dts+int64(s.Dur)
	}
	var w, h int
	fmt.Sscanf(size, "%dx%d", &w, &h)
	planes := ffmpeg(t, nil, "-i", file, "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-")
	for n := w * h * 3 / 2; len(planes) >= n; planes = planes[n:] {
		c.luma = append(c.luma, planes[:w*h])
	}
	if len(c.luma) != len(c.units) {
		t.Fatalf("%d units, ffmpeg decodes %d", len(c.units), len(c.luma))
	}
	return c
}

func ticks(n int64) time.Duration { return time.Duration(n * int64(time.Second) / 90000) }

// mjpegClip is one of JPEG images.
func mjpegClip(t testing.TB, size, seconds string) clip {
	t.Helper()
	c := clip{track: media.Track{Kind: media.Video, Codec: media.MJPEG, ClockRate: 90000}}
	raw := ffmpeg(t, nil, "-f", "lavfi", "-i", painted(size), "-t", seconds, "-c:v", "mjpeg", "-q:v", "2", "-f", "image2pipe", "-")
	for i, at := range bytes.Split(raw, []byte{0xff, 0xd8, 0xff})[1:] {
		c.units = append(c.units, media.Unit{Flags: media.Key, DTS: ticks(int64(i) * 3000), Payload: append([]byte{0xff, 0xd8, 0xff}, at...)})
	}
	return c
}

// frames are the presentation times in order.
func (c clip) frames() (at []time.Duration) {
	for _, u := range c.units {
		at = append(at, u.PTS())
	}
	slices.Sort(at)
	return at
}

// ordered reports whether frames are shown in the order in which they are decoded: no B frames.
func (c clip) ordered() bool {
	return slices.IsSortedFunc(c.units, func(a, b media.Unit) int { return cmp.Compare(a.PTS(), b.PTS()) })
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var epoch = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)

// deck is a real timeline whose clock goes only when told to.
type deck struct {
	*timeline.Timeline
	t    testing.TB
	mem  *store.Memory
	boot atomic.Int64 // ns
}

func (d *deck) Boot() time.Duration     { return time.Duration(d.boot.Load()) }
func (d *deck) pass(t time.Duration)    { d.boot.Add(int64(t)) }
func (d *deck) Wall() (time.Time, bool) { return epoch.Add(d.Boot()), true }

// whole is the deck as Find reads it. (The deck's own Wall is that of a clock.)
func (d *deck) whole() Timeline { return Of(d.Timeline) }

func newDeck(t testing.TB) *deck {
	d := &deck{t: t, mem: store.NewMemory()}
	d.mem.SegmentBlocks = 3
	d.begin()
	t.Cleanup(func() { d.Close(media.Off) })
	return d
}

func (d *deck) begin() {
	d.t.Helper()
	tl, err := timeline.New(timeline.Options{Camera: "cam", Store: d.mem, Clock: d, Commit: time.Hour, AnchorEvery: -1})
	must(d.t, err)
	d.Timeline = tl
	d.pass(time.Second)
}

// next ends the run and begins another one after a while.
func (d *deck) next(after time.Duration) {
	d.t.Helper()
	must(d.t, d.Close(media.Off))
	d.mem = d.mem.Reopen()
	d.pass(after)
	d.begin()
}

// play records a clip from now on, with sound beside it if wanted; what comes after its
// last whole second is not committed. It returns the media time of its time 0.
func (d *deck) play(c clip, sound bool) time.Duration {
	d.t.Helper()
	tr, err := d.Track(c.track)
	must(d.t, err)
	base := d.Media(d.Boot())
	block := base
	for _, u := range c.units {
		u.Track, u.DTS = tr.ID, u.DTS+base
		if u.DTS >= block+time.Second {
			if sound {
				d.hum(block, time.Second)
			}
			block += time.Second
			must(d.t, d.Sync(d.t.Context()))
		}
		must(d.t, d.Append(u))
	}
	d.pass(c.units[len(c.units)-1].DTS + ticks(3000))
	return base
}

// hum records sound of a stretch.
func (d *deck) hum(from, long time.Duration) {
	d.t.Helper()
	tr, err := d.Track(media.Track{Kind: media.Audio, Codec: media.PCMA, ClockRate: 8000, Channels: 1})
	must(d.t, err)
	for at := from; at < from+long; at += 20 * time.Millisecond {
		must(d.t, d.Append(media.Unit{Track: tr.ID, Flags: media.Key, DTS: at, Payload: make([]byte, 160)}))
	}
}

func at(run media.Run, m time.Duration) media.Position { return media.Position{Run: run, Time: m} }
