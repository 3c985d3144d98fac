package appliance

import (
	"context"
	"errors"
	"math"
	"sync"
	"testing"
	"time"

	"hindsight/appliance/capture/demo"
	"hindsight/appliance/encode"
	"hindsight/media"
)

// tape is a timeline that only takes notes. The run began at one hour of Clock.Boot.
type tape struct {
	mu     sync.Mutex
	tracks []media.Track
	units  []media.Unit
	lost   []edge
	back   []edge
	refuse error // of Append
}

// edge is where a gap of a kind begins or ends.
type edge struct {
	kind media.Kind
	at   time.Duration
}

func (p *tape) Media(boot time.Duration) time.Duration { return boot - time.Hour }

func (p *tape) Track(t media.Track) (media.Track, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, have := range p.tracks {
		if have.Same(t) {
			return have, nil
		}
	}
	t.ID = uint16(len(p.tracks) + 1)
	p.tracks = append(p.tracks, t)
	return t, nil
}

func (p *tape) Append(u media.Unit) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refuse != nil {
		return p.refuse
	}
	p.units = append(p.units, u)
	return nil
}

func (p *tape) Lose(k media.Kind, from time.Duration, _ media.Reason, _ string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lost = append(p.lost, edge{k, from})
}

func (p *tape) Regain(k media.Kind, at time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.back = append(p.back, edge{k, at})
}

// ended is where the gaps of a kind ended.
func (p *tape) ended(k media.Kind) (at []time.Duration) {
	for _, e := range p.back {
		if e.kind == k {
			at = append(at, e.at)
		}
	}
	return at
}

func (p *tape) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.units)
}

func (p *tape) of(track uint16) (us []media.Unit) {
	for _, u := range p.units {
		if u.Track == track {
			us = append(us, u)
		}
	}
	return us
}

func newRecorder(t *testing.T, p *tape) *recorder {
	t.Helper()
	r := &recorder{conf: CameraConfig{Rate: 10, VideoBitrate: 500_000, AudioBitrate: 64_000}, tl: p, log: quiet,
		drops: newDrops(media.SystemClock{}, quiet), ends: &ends{at: map[media.Kind]time.Duration{}},
		onBegin: func() {},
		decide: func(_ context.Context, p media.Picture) (encode.Decision, error) {
			return encode.Decide(p.Width, p.Height, 10, p.Format, time.Millisecond), nil
		}}
	r.patient = true
	r.start(t.Context())
	return r
}

// picture is a grey one, n periods of 100 ms into the run.
func picture(n int) media.Picture {
	p := media.Picture{Format: media.FormatI420, Width: 64, Height: 64, At: time.Hour + time.Duration(n+1)*100*time.Millisecond, Data: make([]byte, 64*64*3/2)}
	for i := range p.Data {
		p.Data[i] = byte(100 + n)
	}
	return p
}

// tone is 100 ms of 440 Hz, n pieces into the run.
func tone(n int) media.Sound {
	s := media.Sound{Rate: 48000, Channels: 1, At: time.Hour + time.Duration(n+1)*100*time.Millisecond}
	for i := range 4800 {
		s.Samples = append(s.Samples, int16(8000*math.Sin(2*math.Pi*440*float64(n*4800+i)/48000)))
	}
	return s
}

// Pictures become H.264 with their own times, sound becomes Opus with its own,
// and the gap that waited ends with the first of them.
func TestRecorderEncodes(t *testing.T) {
	p := &tape{}
	r := newRecorder(t, p)
	for n := range 30 {
		r.Picture(picture(n))
		r.Sound(tone(n))
	}
	r.close()
	if len(p.tracks) != 2 {
		t.Fatalf("tracks %+v, want H.264 and Opus", p.tracks)
	}
	for _, tr := range p.tracks {
		us := p.of(tr.ID)
		switch tr.Codec {
		case media.H264:
			if len(us) != 30 || !us[0].IsKey() || us[0].DTS != 100*time.Millisecond || us[29].DTS != 3*time.Second {
				t.Errorf("H.264: %d units, first %+v, last %v", len(us), us[0].DTS, us[len(us)-1].DTS)
			}
		case media.Opus:
			if len(us) < 149 || len(us) > 152 {
				t.Errorf("Opus: %d units of 20 ms for 3 s", len(us))
			}
			if d := us[0].DTS; d < 90*time.Millisecond || d > 110*time.Millisecond {
				t.Errorf("Opus begins at %v, want about 100 ms", d)
			}
		default:
			t.Errorf("track %+v", tr)
		}
	}
	for _, k := range []media.Kind{media.Video, media.Audio} {
		if at := p.ended(k); len(at) != 1 || at[0] < 80*time.Millisecond || at[0] > 120*time.Millisecond {
			t.Errorf("the gap of %v ended at %v, want once at the first unit", k, at)
		}
	}
	if end := r.ends.get(media.Video); end != 3100*time.Millisecond {
		t.Errorf("the picture ends at %v, want 3.1 s", end)
	}
}

// A device whose samples jump gets a gap of exactly that length, and goes on in
// the same track.
func TestRecorderSoundJumps(t *testing.T) {
	p := &tape{}
	r := newRecorder(t, p)
	for n := range 20 {
		r.Sound(tone(n))
	}
	s := tone(820) // 80 s later
	s.LostHere = 80 * 48000
	r.Sound(s)
	for n := 821; n < 840; n++ {
		r.Sound(tone(n))
	}
	r.close()
	back := p.ended(media.Audio)
	if len(p.tracks) != 1 || len(p.lost) != 1 || len(back) != 2 {
		t.Fatalf("%d tracks, lost %v, back %v; want one track, one loss and its end", len(p.tracks), p.lost, p.back)
	}
	if l := p.lost[0]; l.kind != media.Audio || l.at < 2000*time.Millisecond || l.at > 2200*time.Millisecond {
		t.Errorf("lost %+v, want sound from about 2.1 s", l)
	}
	if at := back[1]; at < 82000*time.Millisecond || at > 82200*time.Millisecond {
		t.Errorf("back at %v, want about 82.1 s", at)
	}
}

// A broken picture is counted, and the next one is recorded.
func TestRecorderBrokenPicture(t *testing.T) {
	p := &tape{}
	r := newRecorder(t, p)
	r.Picture(picture(0))
	bad := picture(1)
	bad.Data = bad.Data[:100]
	r.Picture(bad)
	r.Picture(picture(2))
	r.close()
	if len(p.units) != 2 || p.units[1].Flags&media.Lost == 0 {
		t.Errorf("%d units, want 2, the second flagged as following a loss", len(p.units))
	}
	if d := r.drops.list(); len(d) != 1 || d[0].Count != 1 || d[0].Kind != media.Video {
		t.Errorf("drops %+v, want one", d)
	}
}

// An encoder that is too slow costs pictures, counted, and never time; while it
// is measured, before anything is recorded, nothing is missed.
func TestRecorderTooSlow(t *testing.T) {
	p := &tape{}
	r := newRecorder(t, p)
	r.patient = false
	gate := make(chan struct{})
	measuring := make(chan struct{})
	r.decide = func(_ context.Context, p media.Picture) (encode.Decision, error) {
		close(measuring)
		<-gate
		return encode.Decide(p.Width, p.Height, 10, p.Format, time.Millisecond), nil
	}
	r.Picture(picture(0))
	<-measuring
	for n := 1; n < 20; n++ {
		r.Picture(picture(n))
	}
	if d := r.drops.list(); len(d) != 0 {
		t.Errorf("while measuring: drops %+v, want none", d)
	}
	r.measuring.Store(false) // as when a picture takes long to encode
	for n := 20; n < 30; n++ {
		r.Picture(picture(n))
	}
	close(gate)
	queued := 1 + pictureQueue(r.conf.Rate)
	eventually(t, "what is queued to be encoded", func() bool { return p.count() == queued })
	r.Picture(picture(30))
	r.close()
	for i, u := range p.units {
		if lost := u.Flags&media.Lost != 0; lost != (i == queued) {
			t.Errorf("unit %d of %d: told that something is missing before it: %v", i, len(p.units), lost)
		}
	}
	if d := r.drops.list(); len(d) != 1 || d[0].Count != 10 || d[0].Reason != "the encoder is too slow" {
		t.Errorf("drops %+v, want 10 since the encoder is too slow", d)
	}
}

// An encoder that stands still for longer than the queue lasts costs the demo
// source no frame: it waits.
func TestRecorderHoldsUpTheDemoSource(t *testing.T) {
	cam := testCamera(t, &fakeHardware{run: untilEnd}, CameraConfig{Video: "demo", Audio: "none"})
	src, err := demo.New(demo.Options{Width: 160, Height: 120, Rate: 10, Clock: cam.clock, Video: true})
	if err != nil {
		t.Fatal(err)
	}
	s, done := cam.record(t.Context(), cam.unit("video", src.Kinds(), false, nil), src)
	gate := make(chan struct{})
	s.(*recorder).decide = func(_ context.Context, p media.Picture) (encode.Decision, error) {
		<-gate
		return encode.Decide(p.Width, p.Height, 10, p.Format, time.Millisecond), nil
	}
	const n = 40
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		start := cam.clock.Boot()
		for i := range n {
			p := picture(i)
			p.At = start + time.Duration(i)*100*time.Millisecond
			s.Picture(p)
		}
	}()
	select {
	case <-sent:
		t.Error("the source was not held up")
	case <-time.After(50 * time.Millisecond):
	}
	s.(*recorder).measuring.Store(false)
	close(gate)
	<-sent
	done()
	if got := cam.tl.Status().Units[1]; got != n || len(cam.drops.list()) != 0 {
		t.Errorf("%d of %d pictures are recorded, dropped: %+v", got, n, cam.drops.list())
	}
}

// What cannot be measured is counted and does not end the recorder.
func TestRecorderMeasureFails(t *testing.T) {
	p := &tape{}
	r := newRecorder(t, p)
	r.decide = func(context.Context, media.Picture) (encode.Decision, error) {
		return encode.Decision{}, errors.New("no encoder")
	}
	r.Picture(picture(0))
	r.close()
	if d := r.drops.list(); len(d) != 1 || d[0].Reason != "no encoder" {
		t.Errorf("drops %+v", d)
	}
}

// aUnit is one that an IP camera sent, so long after the run began.
func aUnit(k media.Kind, at time.Duration) (media.Track, media.Unit) {
	tr := media.Track{Kind: k, Codec: media.MJPEG, ClockRate: 90000}
	if k == media.Audio {
		tr = media.Track{Kind: k, Codec: media.PCMA, ClockRate: 8000, Channels: 1}
	}
	return tr, media.Unit{Flags: media.Key, DTS: time.Hour + at, Payload: make([]byte, 160)}
}

// A source begins with its first unit that is recorded: not with one that was
// taken before the run began, nor with one that the timeline refuses.
func TestRecorderBegins(t *testing.T) {
	p := &tape{}
	r := newRecorder(t, p)
	r.Coded(aUnit(media.Video, -time.Second))
	if r.Began() || len(p.back) != 0 {
		t.Errorf("a unit of before the run: began %v, gaps ended %v", r.Began(), p.back)
	}
	p.refuse = errors.New("it does not rise")
	r.Coded(aUnit(media.Video, time.Second))
	if r.Began() || r.ends.get(media.Video) != 0 {
		t.Errorf("a refused unit: began %v, ends at %v", r.Began(), r.ends.get(media.Video))
	}
	p.refuse = nil
	r.Coded(aUnit(media.Video, 2*time.Second))
	if at := p.ended(media.Video); !r.Began() || len(at) == 0 || at[len(at)-1] != 2*time.Second {
		t.Errorf("a recorded unit: began %v, gaps ended %v", r.Began(), p.back)
	}
	r.close()
}

// Sound and picture that come back together do so in one moment; one that comes
// later ends its own gap.
func TestRecorderRegains(t *testing.T) {
	for _, c := range []struct {
		name         string
		video, audio time.Duration
		want         time.Duration // the end of the gap of the sound
	}{
		{"a little later", 10 * time.Second, 10*time.Second + 300*time.Millisecond, 10 * time.Second},
		{"a little earlier", 10 * time.Second, 10*time.Second - 300*time.Millisecond, 10*time.Second - 300*time.Millisecond},
		{"much later", 10 * time.Second, 15 * time.Second, 15 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &tape{}
			r := newRecorder(t, p)
			r.Coded(aUnit(media.Video, c.video))
			if at := p.ended(0); len(at) != 1 || at[0] != c.video {
				t.Errorf("the gap of everything ended at %v, want %v", at, c.video)
			}
			if at := p.ended(media.Audio); len(at) != 0 {
				t.Errorf("the picture ended the gap of the sound at %v", at)
			}
			r.Coded(aUnit(media.Audio, c.audio))
			r.close()
			if at := p.ended(media.Audio); len(at) != 1 || at[0] != c.want {
				t.Errorf("the gap of the sound ended at %v, want %v", at, c.want)
			}
		})
	}
}

// What a source hands over after its end is not heard, and harms nobody.
func TestRecorderAfterClose(t *testing.T) {
	p := &tape{}
	r := newRecorder(t, p)
	r.close()
	r.Picture(picture(0))
	r.Sound(tone(0))
	r.Coded(aUnit(media.Video, time.Second))
	if len(p.units) != 0 || r.audio != nil {
		t.Errorf("%d units were recorded after the end, encoder %v", len(p.units), r.audio)
	}
}
