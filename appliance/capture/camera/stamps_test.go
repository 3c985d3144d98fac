package camera

import (
	"testing"
	"time"
)

func TestStamps(t *testing.T) {
	const period = 40 * time.Millisecond
	for _, c := range []struct {
		name string
		// frame i is taken at i periods and arrives 5 ms later
		change func(i int, f *frame)
		// allowed is how far a stamp may be from when the frame was taken, less the 5 ms that no filter can know
		allowed time.Duration
	}{
		{"the driver's word", func(int, *frame) {}, 0},
		{"arrivals that jitter matter not", func(i int, f *frame) { f.arrived += time.Duration(i%7) * 5 * time.Millisecond }, 0},
		{"nonsense now and then", func(i int, f *frame) {
			if i == 20 || i == 90 {
				f.stamp = time.Duration(i) * 40 * time.Hour
			}
		}, 5 * time.Millisecond},
		{"no word", func(_ int, f *frame) { f.known = false }, 5 * time.Millisecond},
		{"another clock", func(_ int, f *frame) { f.stamp += time.Hour }, 5 * time.Millisecond},
		{"stands still", func(_ int, f *frame) { f.stamp = time.Minute }, 5 * time.Millisecond},
		{"stops in the middle", func(i int, f *frame) {
			if i > 50 {
				f.stamp = time.Minute + 50*period
			}
		}, 5 * time.Millisecond},
		{"zero", func(_ int, f *frame) { f.stamp = 0 }, 5 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStamps(25)
			var last time.Duration
			for i := range 200 {
				taken := time.Minute + time.Duration(i)*period
				f := frame{known: true, stamp: taken, arrived: taken + 5*time.Millisecond, sequence: uint32(i)}
				c.change(i, &f)
				at, missing := s.next(f)
				if at <= last || missing != 0 {
					t.Fatalf("frame %d at %v after %v, %d missing", i, at, last, missing)
				}
				if off := at - taken; off < 0 || off > c.allowed {
					t.Errorf("frame %d is stamped %v after it was taken", i, off)
				}
				last = at
			}
		})
	}
}

func TestStampsAheadOfTheirPictures(t *testing.T) {
	// vivid stamps the end of a frame that it hands over at its beginning.
	s := newStamps(25)
	var last time.Duration
	for i := range 200 {
		arrived := time.Minute + time.Duration(i)*40*time.Millisecond + time.Duration(i%5)*time.Millisecond
		at, _ := s.next(frame{known: true, arrived: arrived, stamp: time.Minute + time.Duration(i)*40*time.Millisecond + 35*time.Millisecond})
		if at > arrived || i > 0 && at-last != 40*time.Millisecond {
			t.Errorf("frame %d at %v, %v after the one before; it arrived at %v", i, at, at-last, arrived)
		}
		last = at
	}
}

func TestStampsCountLostFrames(t *testing.T) {
	s := newStamps(25)
	for i, c := range []struct {
		sequence uint32
		known    bool
		missing  int
	}{
		{7, true, 0}, {8, true, 0}, {11, true, 2}, {12, false, 0}, {20, true, 0}, {21, true, 0},
		{3, true, 0},     // counts from the start again
		{3, true, 0},     // does not count
		{90000, true, 0}, // nonsense
		{90002, true, 1},
	} {
		now := time.Minute + time.Duration(i)*40*time.Millisecond
		if _, missing := s.next(frame{arrived: now, stamp: now, known: c.known, sequence: c.sequence}); missing != c.missing {
			t.Errorf("frame %d, number %d: %d missing, want %d", i, c.sequence, missing, c.missing)
		}
	}
}

func TestBridge(t *testing.T) {
	var driver, slept, pause time.Duration
	b := bridge{
		driver: func() time.Duration { driver += time.Microsecond; return driver },
		boot:   func() time.Duration { driver += pause; return driver + slept },
	}
	for i, c := range []struct{ slept, pause time.Duration }{
		{0, 30 * time.Millisecond}, // stopped between the clocks at the first look
		{0, 0}, {0, 50 * time.Millisecond}, {0, 0},
		{time.Hour, 0}, {time.Hour, 80 * time.Millisecond},
	} {
		slept, pause = c.slept, c.pause
		b.measure()
		want := driver + slept
		if off := (b.turn(driver) - want).Abs(); off > 2*time.Microsecond && i > 0 {
			t.Errorf("look %d: %v wrong", i, off)
		}
	}
}
