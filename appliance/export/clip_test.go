package export

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Eyevinn/mp4ff/mp4"

	"hindsight/media"
)

// tool runs a program of the test's environment; without it the test fails, for
// nothing else says whether what is written can be played.
func tool(t testing.TB, pkg, name string, args ...string) (stdout, stderr string) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is missing: apt-get install %s", name, pkg)
	}
	var out, errs bytes.Buffer
	cmd := exec.Command(path, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, errs.String())
	}
	return out.String(), errs.String()
}

// The measurable source: in the top row of 16x16 squares the frame number in
// binary, 10 bits, most significant first; the rest is white for the first 3 frames of
// each second; a 1 kHz beep of 100 ms begins with each second.
const (
	numbered = `geq=lum='if(lt(Y,16),if(mod(floor(N/pow(2,9-floor(X/16))),2),255,0),if(lt(mod(N,30),3),255,64))':cb=128:cr=128`
	picture  = "color=black:size=160x96:rate=30," + numbered
	sound    = "aevalsrc=0.5*sin(2*PI*1000*t)*lt(mod(t\\,1)\\,0.1):s=48000"
)

// coded is one elementary stream as ffmpeg made it, times from 0.
type coded struct {
	track media.Track
	units []media.Unit
}

// clips are those made already: several tests use the same.
var clips = struct {
	sync.Mutex
	made map[string]coded
}{made: map[string]coded{}}

// clip makes an elementary stream with ffmpeg, whose arguments say how.
func clip(t testing.TB, tr media.Track, args ...string) coded {
	t.Helper()
	clips.Lock()
	defer clips.Unlock()
	key := tr.Codec.String() + strings.Join(args, " ")
	if c, ok := clips.made[key]; ok {
		return c
	}
	c := makeClip(t, tr, args...)
	clips.made[key] = c
	return c
}

func makeClip(t testing.TB, tr media.Track, args ...string) coded {
	t.Helper()
	file := filepath.Join(t.TempDir(), "clip.mp4")
	format := "mp4"
	if tr.Codec == media.PCMA || tr.Codec == media.PCMU {
		format = "mov"
	}
	tool(t, "ffmpeg", "ffmpeg", append(append([]string{"-v", "error", "-nostdin"}, args...), "-f", format, "-y", file)...)
	f, err := mp4.ReadMP4File(file)
	if err != nil {
		t.Fatal(err)
	}
	trak := f.Moov.Traks[0]
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	tr.Kind = tr.Codec.Kind()
	c := coded{track: tr}
	scale := int64(trak.Mdia.Mdhd.Timescale)
	skip := int64(0)
	if trak.Edts != nil {
		e := trak.Edts.Elst[0].Entries
		skip = e[len(e)-1].MediaTime
	}
	samples, err := trak.GetSampleData(1, trak.GetNrSamples())
	if err != nil {
		t.Fatal(err)
	}
	ranges, err := trak.GetRangesForSampleInterval(1, trak.GetNrSamples())
	if err != nil {
		t.Fatal(err)
	}
	var data []byte
	for _, r := range ranges {
		data = append(data, raw[r.Offset:r.Offset+r.Size]...)
	}
	var sets []byte
	if tr.Codec == media.H264 {
		rec := trak.Mdia.Minf.Stbl.Stsd.AvcX.AvcC.DecConfRec
		for _, n := range append(append([][]byte{}, rec.SPSnalus...), rec.PPSnalus...) {
			sets = binary.BigEndian.AppendUint32(sets, uint32(len(n)))
			sets = append(sets, n...)
		}
		c.track.Config = sets
	}
	if tr.Codec == media.AAC {
		c.track.Config = trak.Mdia.Minf.Stbl.Stsd.Mp4a.Esds.DecConfigDescriptor.DecSpecificInfo.DecConfig
	}
	at := -skip
	for _, s := range samples {
		u := media.Unit{
			DTS:    time.Duration(at * int64(time.Second) / scale),
			Offset: time.Duration(int64(s.CompositionTimeOffset) * int64(time.Second) / scale),
			// with the parameter sets in band, as a recorder keeps them
			Payload: data[:s.Size:s.Size],
		}
		if tr.Kind == media.Audio || tr.Codec == media.MJPEG || s.IsSync() {
			u.Flags = media.Key
		}
		if tr.Codec == media.H264 && u.IsKey() {
			u.Payload = append(append([]byte{}, sets...), u.Payload...)
		}
		c.units = append(c.units, u)
		data, at = data[s.Size:], at+int64(s.Dur)
	}
	return c
}

func h264Clip(t testing.TB, seconds string, args ...string) coded {
	args = append([]string{"-f", "lavfi", "-i", picture, "-t", seconds, "-c:v", "libx264", "-preset", "ultrafast",
		"-qp", "12", "-g", "30", "-sc_threshold", "0", "-bf", "0", "-pix_fmt", "yuv420p", "-video_track_timescale", "90000"}, args...)
	return clip(t, media.Track{ID: 1, Codec: media.H264, ClockRate: 90000, Width: 160, Height: 96}, args...)
}

func opusClip(t testing.TB, seconds string) coded {
	return clip(t, media.Track{ID: 2, Codec: media.Opus, ClockRate: 48000, Channels: 1},
		"-f", "lavfi", "-i", sound, "-t", seconds, "-c:a", "libopus", "-b:a", "64k")
}
