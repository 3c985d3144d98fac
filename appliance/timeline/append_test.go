package timeline

import (
	"errors"
	"testing"
	"time"

	"hindsight/media"
	"hindsight/store"
)

func TestAppendRefuses(t *testing.T) {
	r := newRig(t, nil).both()
	r.v(time.Second, media.Key)
	r.a(900 * time.Millisecond) // of another track: may be earlier
	for _, c := range []struct {
		name string
		u    media.Unit
	}{
		{"the same DTS again", media.Unit{Track: r.video.ID, DTS: time.Second}},
		{"a lower DTS", media.Unit{Track: r.video.ID, DTS: time.Second - 1}},
		{"taken before the run", media.Unit{Track: r.audio.ID, DTS: -time.Second}},
		{"taken at its first instant", media.Unit{Track: r.audio.ID, DTS: 0}},
		{"of a track nobody made", media.Unit{Track: 77, DTS: 2 * time.Second}},
	} {
		if err := r.Append(c.u); err == nil {
			t.Errorf("%s: accepted", c.name)
		}
	}
	r.v(time.Second+1, 0)
	if got := r.Status().Units; got[r.video.ID] != 2 || got[r.audio.ID] != 1 {
		t.Errorf("units %v, want 2 and 1", got)
	}
	must(t, r.Close(media.Off))
	if err := r.Append(media.Unit{Track: r.video.ID, DTS: time.Hour}); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v, want ErrClosed", err)
	}
}

func TestMediaTime(t *testing.T) {
	r := newRig(t, nil)
	if got := r.Media(time.Hour); got != 0 {
		t.Errorf("the run's first instant is at %v", got)
	}
	if got := r.Media(time.Hour + 1500*time.Millisecond); got != 1500*time.Millisecond {
		t.Errorf("1.5 s later is at %v", got)
	}
	if got := r.Media(59 * time.Minute); got >= 0 {
		t.Errorf("a minute before is at %v", got)
	}
}

func TestTrack(t *testing.T) {
	r := newRig(t, nil).both()
	if again, err := r.Track(videoTrack); err != nil || again.ID != r.video.ID {
		t.Errorf("the same track again is %d, %v; want %d", again.ID, err, r.video.ID)
	}
	wide := videoTrack
	wide.Width = 1920 // changes in band
	if again, err := r.Track(wide); err != nil || again.ID != r.video.ID || again.Width != 1920 {
		t.Errorf("another size is %+v, %v; want track %d", again, err, r.video.ID)
	}
	far := audioTrack
	far.Role = media.Far
	if other, err := r.Track(far); err != nil || other.ID == r.audio.ID {
		t.Errorf("another role is track %d, %v", other.ID, err)
	}
	opus := media.Track{Kind: media.Audio, Codec: media.Opus, ClockRate: 48000, Channels: 2}
	changed, err := r.Track(opus)
	must(t, err)
	back, err := r.Track(audioTrack)
	must(t, err)
	if changed.ID == r.audio.ID || back.ID == r.audio.ID || back.ID == changed.ID {
		t.Errorf("tracks %d, %d, %d: every change of codec is a new one", r.audio.ID, changed.ID, back.ID)
	}
	must(t, r.Close(media.Off))
	n := r.reopen(nil)
	if again, err := n.Track(audioTrack); err != nil || again.ID != back.ID {
		t.Errorf("in the next run the track is %d, %v; want %d", again.ID, err, back.ID)
	}
	ids := []uint16{}
	for _, tr := range n.Current() {
		ids = append(ids, tr.ID)
	}
	if len(ids) != 1 || ids[0] != back.ID {
		t.Errorf("current tracks of the new run: %v, want %d alone", ids, back.ID)
	}
}

// sps640 and pps are those of x264, 640x360, baseline.
var (
	sps640 = []byte{0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0, 0x2f, 0xf9, 0x61, 0x00, 0x00, 0x03, 0x00, 0x01, 0x00, 0x00, 0x03, 0x00, 0x3c, 0x0f, 0x16, 0x2e, 0x48}
	pps    = []byte{0x68, 0xcb, 0x83, 0xcb, 0x20}
)

func nals(nals ...[]byte) (p []byte) {
	for _, n := range nals {
		p = append(p, 0, 0, 0, byte(len(n)))
		p = append(p, n...)
	}
	return p
}

func TestCurrentFollowsTheKeyFrames(t *testing.T) {
	r := newRig(t, nil)
	r.useVideo()
	must(t, r.Append(media.Unit{Track: r.video.ID, Flags: media.Key, DTS: 1, Payload: nals(sps640, pps, []byte{0x65, 0x88})}))
	check := func(tl *Timeline, where string) {
		t.Helper()
		cur := tl.Current()
		if len(cur) != 1 || cur[0].Width != 640 || cur[0].Height != 360 || string(cur[0].Config) != string(nals(sps640, pps)) {
			t.Errorf("%s: %+v; want 640x360 and the sets of the key frame", where, cur)
		}
	}
	check(r.Timeline, "recording")
	for _, broken := range [][]byte{{}, {0, 0}, {0, 0, 0, 9, 1}, {0, 0, 0, 0}, nals([]byte{0x67, 1}), {255, 255, 255, 255, 0x67}} {
		must(t, r.Append(media.Unit{Track: r.video.ID, Flags: media.Key, DTS: 2 + time.Duration(r.Status().Units[r.video.ID]), Payload: broken}))
	}
	check(r.Timeline, "after broken key frames")
	must(t, r.Append(media.Unit{Track: r.video.ID, Flags: media.Key, DTS: time.Second, Payload: nals(sps640, pps, []byte{0x65, 0x88})}))
	must(t, r.Close(media.Off))
	o := options(r.clock, r.mem.Reopen())
	o.ReadOnly = true
	ro, err := New(o)
	must(t, err)
	defer ro.Close("")
	check(ro, "read only")
}

func TestCommitRules(t *testing.T) {
	var blocks []*media.Block
	r := newRig(t, func(o *Options) { o.Commit = time.Second })
	r.both()
	r.mem.OnCommit(func(b *media.Block) error { blocks = append(blocks, b); return nil })
	r.mem.OnCommit(nil)
	// Sound that comes 1.5 s late: no block may hold it behind the picture.
	r.v(3*time.Second, media.Key)
	r.a(1500 * time.Millisecond)
	r.a(1600 * time.Millisecond)
	r.v(3100*time.Millisecond, 0)
	r.v(9*time.Second, media.Key) // 6 s without anything: a block of its own
	r.commit()
	ref := store.Ref{}
	for {
		var err error
		if ref, err = r.mem.Next(ref); err != nil {
			break
		}
		b, _, err := r.mem.Read(ref)
		must(t, err)
		blocks = append(blocks, b)
	}
	var top time.Duration
	n := 0
	for _, b := range blocks {
		top = 0
		for _, u := range b.Units {
			if u.DTS < top-time.Second {
				t.Errorf("a block holds a unit at %v behind one at %v", u.DTS, top)
			}
			top = max(top, u.DTS)
			n++
		}
		if len(b.Tracks) == 0 {
			t.Error("a block does not describe its tracks")
		}
	}
	if n != 5 || len(blocks) < 3 {
		t.Errorf("%d units in %d blocks, want 5 in at least 3", n, len(blocks))
	}
}

// TestCommitLoop: blocks are written without anybody asking.
func TestCommitLoop(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Commit = time.Millisecond; o.Clock = media.SystemClock{} })
	r.useAudio()
	committed := make(chan int, 100)
	r.mem.OnCommit(func(b *media.Block) error { committed <- len(b.Units); return nil })
	r.a(time.Second)
	r.a(2 * time.Second)
	ctx := deadline(t)
	for n := 0; n < 2; {
		select {
		case k := <-committed:
			n += k
		case <-ctx.Done():
			t.Fatal("nothing was committed")
		}
	}
	if s := r.Status(); s.CommitErrors != 0 {
		t.Errorf("status %+v", s)
	}
}

func TestUntilCommit(t *testing.T) {
	for _, c := range []struct{ boot, phase, want time.Duration }{
		{10 * time.Second, 0, time.Second},
		{10*time.Second + 300*time.Millisecond, 0, 700 * time.Millisecond},
		{10 * time.Second, 250 * time.Millisecond, 250 * time.Millisecond},
		{10*time.Second + 300*time.Millisecond, 250 * time.Millisecond, 950 * time.Millisecond},
	} {
		clock := newClock()
		clock.boot = c.boot
		tl := &Timeline{o: Options{Clock: clock, Commit: time.Second, Phase: c.phase}}
		if got := tl.untilCommit(); got != c.want {
			t.Errorf("at %v with phase %v: %v, want %v", c.boot, c.phase, got, c.want)
		}
	}
}
