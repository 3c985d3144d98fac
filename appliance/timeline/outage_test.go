package timeline

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"hindsight/media"
)

// fail makes commits fail until it gets nil.
func (r *rig) fail(err error) {
	if err == nil {
		r.mem.OnCommit(nil)
		return
	}
	r.mem.OnCommit(func(*media.Block) error { return err })
}

// tryCommit commits and expects it to fail.
func (r *rig) tryCommit() {
	r.t.Helper()
	if err := r.Sync(deadline(r.t)); err == nil {
		r.t.Error("a commit to a disk that refuses worked")
	}
}

// secondBytes is what second() takes in the tail.
const secondBytes = 5*(100+64) + 10*(800+64)

// TestShortOutage: what the disk refuses for a while is kept and nothing is lost.
func TestShortOutage(t *testing.T) {
	var log bytes.Buffer
	r := newRig(t, func(o *Options) {
		o.Commit = time.Second
		o.Log = slog.New(slog.NewTextHandler(&log, nil))
	}).both()
	r.seconds(0, 2)
	r.fail(fmt.Errorf("write: %w", syscall.ENOSPC))
	for n := 2; n < 92; n++ {
		r.second(n)
		r.tryCommit()
	}
	s := r.Status()
	if s.CommitErrors != 90 || !strings.Contains(s.LastError, "no space") || s.Committed != moment(2) || s.Uncommitted != 89900*ms {
		t.Errorf("status %+v", s)
	}
	if n := strings.Count(log.String(), "could not be written"); n != 2 {
		t.Errorf("%d log lines in 90 s, want 2:\n%s", n, log.String())
	}
	c, err := r.At(media.Position{Run: 1, Time: moment(50.3)}, Selection{}) // what is not on disk can be watched
	must(t, err)
	if got, want := opened(t, r, c, 5), (opening{moment(50), moment(50), 1}); got != want {
		t.Errorf("a cursor in what is not on disk begins with %+v, want %+v", got, want)
	}
	r.fail(nil)
	r.commit()
	if s := r.Status(); s.LastError != "" || s.Uncommitted != 0 || s.DroppedBytes != 0 {
		t.Errorf("status after it %+v", s)
	}
	must(t, r.Close(media.Off))
	n := r.reopen(nil)
	checkMap(t, n.Map(), [][3]float64{{1, 0, 92}}, []shape{{0, at(1, 92), media.Position{}, media.Off}})
	if got := n.past.runs()[0].info.Stats[0].Units; got != 92*5 {
		t.Errorf("%d pictures on disk, want 460", got)
	}
}

// TestMapCountsWhatIsKept: what was lost, deleted or is not on disk yet is not
// counted as kept, also of the run being recorded.
func TestMapCountsWhatIsKept(t *testing.T) {
	r := newRig(t, func(o *Options) { o.TailBytes = 10*secondBytes + secondBytes/2 }).both()
	kept := func(what string, pictures int64) {
		t.Helper()
		s := r.Map().Runs[0].Stats
		if len(s) != 2 || s[0].Units != pictures || s[0].Bytes != 100*pictures || s[0].Keys != pictures/5 || s[1].Units != 2*pictures {
			t.Errorf("%s: kept %+v, want %d pictures", what, s, pictures)
		}
	}
	r.seconds(0, 25)
	kept("all committed", 25*5)
	if _, err := r.mem.DropOldest(); err != nil { // a segment of 10 blocks
		t.Fatal(err)
	}
	kept("the oldest segment deleted", 15*5)
	r.fail(syscall.ENOSPC)
	for n := 25; n < 50; n++ {
		r.second(n)
		r.tryCommit()
	}
	kept("the disk is full", 15*5)
	r.fail(nil)
	r.commit()
	kept("15 seconds were lost", 25*5)
	if s := r.Status(); s.Units[r.video.ID] != 50*5 || s.Bytes[r.video.ID] != 50*5*100 {
		t.Errorf("appended: %v units, %v bytes", s.Units, s.Bytes)
	}
}

// TestLongOutage: the disk refuses for longer than memory lasts. The oldest goes,
// in whole groups of pictures, and one gap of exactly what was lost remains.
func TestLongOutage(t *testing.T) {
	for _, c := range []struct {
		err  error
		want media.Reason
	}{
		{syscall.ENOSPC, media.DiskFull},
		{syscall.EDQUOT, media.DiskFull},
		{syscall.EIO, media.DiskError},
	} {
		t.Run(string(c.want), func(t *testing.T) {
			const most = 10*secondBytes + secondBytes/2
			r := newRig(t, func(o *Options) { o.TailBytes = most }).both()
			r.seconds(0, 5)
			slow := r.Live(Selection{})
			defer slow.Close()
			next(t, slow)
			r.fail(c.err)
			for n := 5; n < 30; n++ {
				r.second(n)
				r.tryCommit()
				if b := r.Status().TailBytes; b > most {
					t.Fatalf("the tail holds %d bytes", b)
				}
			}
			// 10.5 s fit: second 20 is the oldest whole one.
			gap := shape{0, at(1, 5), at(1, 20), c.want}
			checkMap(t, r.Map(), [][3]float64{{1, 0, 5}, {1, 20, 30}}, []shape{gap})
			r.fail(nil)
			r.commit()
			r.seconds(30, 32)
			if got, want := r.Status().DroppedBytes, int64(15*(5*100+10*800)); got != want {
				t.Errorf("%d bytes lost, want %d", got, want)
			}
			var last Item
			for i := next(t, slow); ; i = next(t, slow) { // the slow one goes on behind the loss
				if i.Jump {
					if last.DTS != moment(4.9) || i.DTS != moment(20) || i.Flags&media.Lost == 0 {
						t.Errorf("from %v to %v, flags %b; want a jump from 4.9 to 20 s that says so", last.DTS, i.DTS, i.Flags)
					}
					break
				}
				last = i
			}
			must(t, r.Close(media.Off))
			n := r.reopen(nil)
			checkMap(t, n.Map(), [][3]float64{{1, 0, 5}, {1, 20, 32}}, []shape{gap, {0, at(1, 32), media.Position{}, media.Off}})
		})
	}
}

// TestTwoOutages: each has a gap of its own.
func TestTwoOutages(t *testing.T) {
	r := newRig(t, func(o *Options) { o.TailBytes = 4*secondBytes + 100 }).both()
	second := 0
	for range 2 {
		r.seconds(second, second+2)
		r.fail(syscall.EIO)
		for range 10 {
			r.second(second + 2)
			r.tryCommit()
			second++
		}
		second += 2
		r.fail(nil)
		r.commit()
	}
	checkMap(t, r.Map(), [][3]float64{{1, 0, 2}, {1, 8, 14}, {1, 20, 24}},
		[]shape{{0, at(1, 2), at(1, 8), media.DiskError}, {0, at(1, 14), at(1, 20), media.DiskError}})
}

// TestStuckCommit: the disk does not even answer. What the block under way
// holds is saved if it works in the end, and lost if it does not.
func TestStuckCommit(t *testing.T) {
	for _, works := range []bool{true, false} {
		t.Run(fmt.Sprint("works ", works), func(t *testing.T) {
			r := newRig(t, func(o *Options) { o.TailBytes = 6*secondBytes + 100 }).both()
			r.seconds(0, 3)
			began, answer := make(chan struct{}), make(chan error)
			r.mem.OnCommit(func(*media.Block) error { close(began); return <-answer })
			for n := 3; n < 6; n++ {
				r.second(n)
			}
			c, err := r.At(at(1, 2.5), Selection{})
			must(t, err)
			defer c.Close()
			for i := next(t, c); i.DTS < moment(2.9); i = next(t, c) {
			}
			var wg sync.WaitGroup
			wg.Go(func() {
				if err := r.Sync(deadline(t)); (err == nil) != works {
					t.Errorf("Sync: %v", err)
				}
			})
			<-began
			for n := 6; n < 20; n++ {
				r.second(n)
			}
			// What has left the tail is not in the store yet: nobody passes it over.
			if u, _, _, ok, err := r.forward(deadline(t), c.p); ok || err != nil {
				t.Errorf("while the disk does not answer the cursor goes on with %v, %v", u.DTS, err)
			}
			got := make(chan Item)
			go func() { i, _ := c.Next(deadline(t)); got <- i }()
			if !works {
				r.mem.OnCommit(nil)
				answer <- errors.New("gone")
			} else {
				r.mem.OnCommit(nil)
				answer <- nil
			}
			wg.Wait()
			lostFrom := 6.0
			if !works {
				lostFrom = 3
			}
			i := <-got
			if want := map[bool]float64{true: 3, false: 14}[works]; i.DTS != moment(want) || i.Jump == works {
				t.Errorf("the cursor goes on at %v (jump %v), want second %v", i.DTS, i.Jump, want)
			}
			r.commit()
			must(t, r.Close(media.Off))
			n := r.reopen(nil)
			checkMap(t, n.Map(), [][3]float64{{1, 0, lostFrom}, {1, 14, 20}}, []shape{
				{0, at(1, lostFrom), at(1, 14), media.DiskError}, {0, at(1, 20), media.Position{}, media.Off}})
		})
	}
}

// TestCloseOnAFullDisk says what is lost.
func TestCloseOnAFullDisk(t *testing.T) {
	r := newRig(t, nil).both()
	r.second(0)
	r.fail(syscall.ENOSPC)
	if err := r.Close(media.Off); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("close: %v, want ENOSPC", err)
	}
	if err := r.Sync(deadline(t)); !errors.Is(err, ErrClosed) {
		t.Errorf("sync after close: %v, want ErrClosed", err)
	}
}

// TestSlowestCommit: the status tells the slowest commit of the last minute.
func TestSlowestCommit(t *testing.T) {
	var c counts
	slow := func() time.Duration { return max(c.slow[0], c.slow[1]) }
	c.commit(time.Hour, 800*ms, nil)
	c.commit(time.Hour+20*time.Second, 5*ms, nil)
	if slow() != 800*ms {
		t.Errorf("slowest %v, want 800ms", slow())
	}
	c.commit(time.Hour+45*time.Second, 7*ms, nil)
	if slow() != 800*ms {
		t.Errorf("45 s later: slowest %v, want 800ms", slow())
	}
	c.commit(time.Hour+80*time.Second, 6*ms, nil)
	if slow() != 7*ms {
		t.Errorf("80 s later: slowest %v, want 7ms", slow())
	}
}
