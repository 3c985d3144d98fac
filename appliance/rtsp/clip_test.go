package rtsp

import (
	"bytes"
	"encoding/binary"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"hindsight/media"
)

// clip is a few seconds of one coded track, made by ffmpeg.
type clip struct {
	track media.Track
	units [][]byte
	keys  []bool
	step  time.Duration // from unit to unit
}

var clips struct {
	sync.Mutex
	made map[string]*clip
}

// tool fails the test where a program is missing.
func tool(t testing.TB, name, pkg string) string {
	t.Helper()
	p, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is missing: install the package %s", name, pkg)
	}
	return p
}

func ffmpegOutput(t testing.TB, args string) []byte {
	t.Helper()
	c := exec.Command(tool(t, "ffmpeg", "ffmpeg"), strings.Fields("-hide_banner -loglevel error "+args+" -")...)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("ffmpeg %s: %v: %s", args, err, stderr.String())
	}
	return out
}

const (
	picture4s = "-f lavfi -i testsrc2=size=640x360:rate=30 -t 4 "
	sound4s   = "-f lavfi -i sine=frequency=1000:sample_rate=48000 -t 4 "
)

// clipOf makes, once, four seconds of a codec.
func clipOf(t testing.TB, codec media.Codec) *clip {
	t.Helper()
	return cached(codec.String(), func() *clip {
		switch codec {
		case media.H264:
			return h264Clip(t, picture4s+"-c:v libx264 -preset ultrafast -bf 0 -g 30 -b:v 2500k -maxrate 2500k -bufsize 1000k "+
				"-x264-params aud=1:repeat-headers=1:scenecut=0 -f h264", 640, 360)
		case media.MJPEG:
			return mjpegClip(t)
		case media.Opus:
			return opusClip(t)
		case media.AAC:
			return aacClip(t)
		case media.PCMA, media.PCMU:
			return g711Clip(t, codec)
		}
		t.Fatalf("no clip of %v", codec)
		return nil
	})
}

func cached(name string, build func() *clip) *clip {
	clips.Lock()
	defer clips.Unlock()
	if clips.made == nil {
		clips.made = make(map[string]*clip)
	}
	if clips.made[name] == nil {
		clips.made[name] = build()
	}
	return clips.made[name]
}

func h264Clip(t testing.TB, args string, width, height uint16) *clip {
	c := &clip{
		track: media.Track{ID: 1, Kind: media.Video, Codec: media.H264, ClockRate: 90000, Width: width, Height: height},
		step:  time.Second / 30,
	}
	var unit []byte
	key := false
	flush := func() {
		if unit != nil {
			c.units, c.keys = append(c.units, unit), append(c.keys, key)
		}
		unit, key = nil, false
	}
	for _, n := range annexB(ffmpegOutput(t, args)) {
		switch n[0] & 0x1f {
		case 9: // access unit delimiter
			flush()
			continue
		case 5:
			key = true
		case 7, 8:
			if len(c.units) == 0 {
				c.track.Config = append(binary.BigEndian.AppendUint32(c.track.Config, uint32(len(n))), n...)
			}
		}
		unit = append(binary.BigEndian.AppendUint32(unit, uint32(len(n))), n...)
	}
	flush()
	return c
}

func annexB(b []byte) (units [][]byte) {
	for _, n := range bytes.Split(b, []byte{0, 0, 1}) {
		if n = bytes.TrimRight(n, "\x00"); len(n) > 0 {
			units = append(units, n)
		}
	}
	return units
}

func mjpegClip(t testing.TB) *clip {
	c := &clip{
		track: media.Track{ID: 1, Kind: media.Video, Codec: media.MJPEG, ClockRate: 90000, Width: 640, Height: 360},
		step:  time.Second / 30,
	}
	b := ffmpegOutput(t, picture4s+"-pix_fmt yuvj420p -c:v mjpeg -huffman default -q:v 6 -f mjpeg")
	for _, p := range bytes.SplitAfter(b, []byte{0xff, markEOI}) {
		if len(p) > 0 {
			c.units, c.keys = append(c.units, p), append(c.keys, true)
		}
	}
	return c
}

func opusClip(t testing.TB) *clip {
	c := &clip{
		track: media.Track{ID: 2, Kind: media.Audio, Codec: media.Opus, ClockRate: 48000, Channels: 2},
		step:  20 * time.Millisecond,
	}
	b := ffmpegOutput(t, sound4s+"-ac 2 -c:a libopus -b:a 64k -page_duration 20000 -f ogg")
	var packet []byte
	for n := 0; len(b) > 27; { // Ogg pages, RFC 3533 section 6
		lacing := b[27 : 27+int(b[26])]
		b = b[27+len(lacing):]
		for _, l := range lacing {
			packet = append(packet, b[:l]...)
			b = b[l:]
			if l == 255 {
				continue
			}
			if n++; n > 2 { // behind OpusHead and OpusTags
				c.units, c.keys = append(c.units, packet), append(c.keys, true)
			}
			packet = nil
		}
	}
	return c
}

func aacClip(t testing.TB) *clip {
	c := &clip{
		track: media.Track{
			ID: 2, Kind: media.Audio, Codec: media.AAC, ClockRate: 48000, Channels: 2,
			Config: []byte{0x11, 0x90}, // AAC-LC, 48 kHz, stereo
		},
		step: 1024 * time.Second / 48000,
	}
	b := ffmpegOutput(t, sound4s+"-ac 2 -c:a aac -b:a 96k -f adts")
	for len(b) > 7 { // ADTS without CRC
		n := int(b[3]&3)<<11 | int(b[4])<<3 | int(b[5])>>5
		c.units, c.keys = append(c.units, b[7:n]), append(c.keys, true)
		b = b[n:]
	}
	return c
}

func g711Clip(t testing.TB, codec media.Codec) *clip {
	c := &clip{
		track: media.Track{ID: 2, Kind: media.Audio, Codec: codec, ClockRate: 8000, Channels: 1},
		step:  20 * time.Millisecond,
	}
	form := map[media.Codec]string{media.PCMA: "alaw", media.PCMU: "mulaw"}[codec]
	b := ffmpegOutput(t, sound4s+"-ar 8000 -ac 1 -f "+form)
	for ; len(b) >= 160; b = b[160:] {
		c.units, c.keys = append(c.units, b[:160]), append(c.keys, true)
	}
	return c
}

// unit is the n-th unit of a clip played again and again.
func (c *clip) unit(n int) media.Unit {
	i := n % len(c.units)
	u := media.Unit{Track: c.track.ID, DTS: time.Duration(n) * c.step, Payload: c.units[i]}
	if c.keys[i] {
		u.Flags = media.Key
	}
	return u
}

// broadcast is a recording in progress: clips that are put on a tape in real
// time, after a first two seconds that are there already.
type broadcast struct {
	*tape
	clips []*clip
	next  []int
	stop  chan struct{}
	done  chan struct{}
}

const airLead = 5 * time.Second // as if the run had lasted so long

func air(t testing.TB, all ...*clip) *broadcast {
	t.Helper()
	b := &broadcast{tape: newTape(), clips: all, next: make([]int, len(all)), stop: make(chan struct{}), done: make(chan struct{})}
	for _, c := range all {
		b.tracks = append(b.tracks, c.track)
	}
	b.upTo(airLead)
	go b.run()
	t.Cleanup(func() {
		close(b.stop)
		<-b.done
	})
	return b
}

func (b *broadcast) run() {
	defer close(b.done)
	begun := time.Now()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-b.stop:
			return
		case <-tick.C:
			b.upTo(airLead + time.Since(begun))
		}
	}
}

// upTo puts everything before a media time on the tape, in order of time.
func (b *broadcast) upTo(m time.Duration) {
	for {
		first := -1
		for i, c := range b.clips {
			if at := time.Duration(b.next[i]) * c.step; at < m && (first < 0 || at < time.Duration(b.next[first])*b.clips[first].step) {
				first = i
			}
		}
		if first < 0 {
			return
		}
		b.add(b.clips[first].unit(b.next[first]))
		b.next[first]++
	}
}
