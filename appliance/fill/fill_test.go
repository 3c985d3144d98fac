package fill

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"hindsight/appliance/encode"
	"hindsight/media"
)

// tape is a Timeline that notes what comes.
type tape struct {
	clock *Clock
	units []media.Unit
	ids   uint16
	syncs []time.Duration // the clock at each
	fail  error           // of the third Sync
}

func (t *tape) Track(tr media.Track) (media.Track, error) {
	t.ids++
	tr.ID = t.ids
	return tr, nil
}

func (t *tape) Append(u media.Unit) error {
	t.units = append(t.units, u)
	return nil
}

func (t *tape) Sync(ctx context.Context) error {
	t.syncs = append(t.syncs, t.clock.Boot())
	if t.fail != nil && len(t.syncs) == 3 {
		return t.fail
	}
	return ctx.Err()
}

// Three seconds in blocks of 800 ms: what comes, when, and in which order.
func TestWrite(t *testing.T) {
	clip, err := MakeClip(0)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Date(2026, 11, 24, 10, 15, 0, 0, time.UTC)
	tp := &tape{clock: NewClock(start)}
	var told []time.Duration
	err = Write(t.Context(), tp, tp.clock, Options{Clip: clip, Length: 3 * time.Second, Block: 800 * time.Millisecond,
		Progress: func(d time.Duration) { told = append(told, d) }})
	if err != nil {
		t.Fatal(err)
	}
	ms := func(n ...int) (out []time.Duration) {
		for _, v := range n {
			out = append(out, time.Duration(v)*time.Millisecond)
		}
		return out
	}
	if !slices.Equal(tp.syncs, ms(1800, 2600, 3400, 4000)) || !slices.Equal(told, ms(800, 1600, 2400, 3000)) {
		t.Errorf("committed at %v, told %v", tp.syncs, told)
	}
	if w, trusted := tp.clock.Wall(); !w.Equal(start.Add(4*time.Second)) || !trusted {
		t.Errorf("the clock shows %v, trusted %v", w, trusted)
	}
	var pictures, sound int
	for i, u := range tp.units {
		if i > 0 && u.DTS < tp.units[i-1].DTS {
			t.Errorf("unit %d at %v comes after %v", i, u.DTS, tp.units[i-1].DTS)
		}
		want, key := time.Second, true
		if u.Track == 1 {
			want += time.Duration(pictures) * time.Second / 30
			key = pictures%30 == 0
			pictures++
		} else {
			want += time.Duration(sound) * 20 * time.Millisecond
			sound++
		}
		if at, ok := Moment(u.Payload); ok != (u.Track == 1 && key) || ok && at != u.DTS-time.Second {
			t.Errorf("unit %d of track %d at %v tells %v, %v", i, u.Track, u.DTS, at, ok)
		}
		if (u.DTS-want).Abs() > 1 || u.IsKey() != key { // a nanosecond: thirds are rounded
			t.Errorf("unit %d of track %d at %v, key %v; want %v, %v", i, u.Track, u.DTS, u.IsKey(), want, key)
		}
	}
	if pictures != 90 || sound != 150 {
		t.Errorf("%d pictures and %d packets, want 90 and 150", pictures, sound)
	}
}

// What the timeline refuses ends the writing.
func TestWriteFails(t *testing.T) {
	clip, err := MakeClip(0)
	if err != nil {
		t.Fatal(err)
	}
	tp := &tape{fail: errors.New("no room")}
	tp.clock = NewClock(time.Unix(0, 0))
	if err := Write(t.Context(), tp, tp.clock, Options{Clip: clip, Length: time.Hour, Block: time.Second}); !errors.Is(err, tp.fail) {
		t.Errorf("%v, want %v", err, tp.fail)
	}
	if len(tp.units) != 240 {
		t.Errorf("%d units were written, want those of 3 s", len(tp.units))
	}
}

// The clip is one key frame and 29 pictures that can be decoded round after
// round, padded or not, and padding changes nothing that is seen.
func TestClip(t *testing.T) {
	for _, size := range []int{0, 100, 10_700} {
		c, err := MakeClip(size)
		if err != nil {
			t.Fatal(err)
		}
		if c.Video.Width != 64 || c.Video.Height != 48 || c.Audio.Codec != media.Opus || c.Audio.Channels != 1 || c.Units() != 80 {
			t.Errorf("%+v and %+v, %d units", c.Video, c.Audio, c.Units())
		}
		d, err := encode.NewH264Decoder()
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		for n := range 90 {
			p := c.pictures[n%30]
			if n%30 > 0 && size > 200 && len(p) != size && len(p) != size-1 {
				t.Errorf("picture %d has %d bytes, want %d", n, len(p), size)
			}
			m, err := d.Decode(p)
			if err != nil {
				t.Fatalf("picture %d of %d bytes: %v", n, size, err)
			}
			bar := n % 30 * 64 / 30
			if row := m.Data[20*64 : 21*64]; row[bar+1] < 180 || row[(bar+32)%64] > 175 {
				t.Errorf("picture %d of %d bytes: the bar does not stand at %d: %v", n, size, bar, row)
			}
		}
	}
	for _, bad := range []int{-1, MostFrame + 1} {
		if _, err := MakeClip(bad); err == nil {
			t.Errorf("pictures of %d bytes are made", bad)
		}
	}
}

// Padding gives exactly the length asked for, or one less, and one NAL unit of
// the kind that means nothing before what was there.
func TestPad(t *testing.T) {
	slice := encode.JoinLengths([]byte{0x41, 1, 2, 3})
	for n := range 3000 {
		p := pad(slice, n)
		nals, err := encode.SplitLengths(p)
		if err != nil {
			t.Fatalf("%d bytes: %v", n, err)
		}
		if n < len(slice)+8+16 {
			if len(p) != len(slice) {
				t.Errorf("%d bytes became %d; they are too few for a message", n, len(p))
			}
			continue
		}
		if len(p) != n && len(p) != n-1 || len(nals) != 2 {
			t.Fatalf("%d bytes became %d in %d NAL units", n, len(p), len(nals))
		}
		said, rest := 0, nals[0][2:]
		for ; rest[0] == 255; rest = rest[1:] {
			said += 255
		}
		said += int(rest[0])
		if nals[0][0] != 6 || nals[0][1] != 5 || len(rest) != 1+said+1 || rest[len(rest)-1] != 0x80 {
			t.Fatalf("%d bytes: the message says %d and has %d: % x", n, said, len(rest)-2, nals[0][:8])
		}
	}
}

// FuzzMoment: nothing that stands in a packet is more than a moment or none.
func FuzzMoment(f *testing.F) {
	for in, want := range moments {
		at, ok := Moment([]byte(in))
		if ok != (want >= 0) || ok && at != want {
			f.Errorf("%q: %v, %v; want %v", in, at, ok, want)
		}
		f.Add([]byte(in))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if at, ok := Moment(b); ok && at < 0 {
			t.Errorf("%q: %v", b, at)
		}
	})
}

// moments are what bytes tell; -1: nothing.
var moments = map[string]time.Duration{
	"":                                 -1,
	"hindsight moment":                 -1,
	"hindsight moment000000003b9aca0":  -1,
	"hindsight moment000000003b9aca00": time.Second,
	"..hindsight moment000000003b9aca00\x80.": time.Second,
	"hindsight momentf00000003b9aca00":        -1,
	"hindsight moment-00000003b9aca00":        -1,
	"hindsight moment+00000003b9aca00":        time.Second,
	"hindsight momentzz000000000000zz":        -1,
}
