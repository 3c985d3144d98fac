package export

import (
	"sort"
	"sync/atomic"
	"testing"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/media"
	"hindsight/store"
)

// deck records clips on a real timeline whose clock goes only when told to.
type deck struct {
	*timeline.Timeline
	t    testing.TB
	mem  *store.Memory
	boot atomic.Int64 // ns
}

func (d *deck) Boot() time.Duration     { return time.Duration(d.boot.Load()) }
func (d *deck) pass(t time.Duration)    { d.boot.Add(int64(t)) }
func (d *deck) Wall() (time.Time, bool) { return epoch.Add(d.Boot()), true }

func newDeck(t testing.TB) *deck {
	d := &deck{t: t, mem: store.NewMemory()}
	d.mem.SegmentBlocks = 3
	d.begin()
	t.Cleanup(func() { d.Close(media.Off) })
	return d
}

// begin begins a run now.
func (d *deck) begin() {
	d.t.Helper()
	tl, err := timeline.New(timeline.Options{Camera: "cam", Store: d.mem, Clock: d, Commit: time.Hour, AnchorEvery: -1})
	if err != nil {
		d.t.Fatal(err)
	}
	d.Timeline = tl
}

// next ends the run and begins another one after a while.
func (d *deck) next(why media.Reason, after time.Duration) {
	d.t.Helper()
	if err := d.Close(why); err != nil {
		d.t.Fatal(err)
	}
	d.mem = d.mem.Reopen()
	d.pass(after)
	d.begin()
}

// play records what lies in [from, until) of clips, their time 0 at media time
// base, and lets the clock go to its end.
func (d *deck) play(base, from, until time.Duration, clips ...coded) {
	d.t.Helper()
	var units []media.Unit
	for _, c := range clips {
		tr, err := d.Track(c.track)
		if err != nil {
			d.t.Fatal(err)
		}
		for _, u := range c.units {
			if u.DTS >= from && u.DTS < until {
				u.Track, u.DTS = tr.ID, u.DTS+base
				units = append(units, u)
			}
		}
	}
	sort.SliceStable(units, func(i, j int) bool { return units[i].DTS < units[j].DTS })
	block := base + from
	for _, u := range units {
		if u.DTS >= block+time.Second {
			block += time.Second
			if err := d.Sync(d.t.Context()); err != nil {
				d.t.Fatal(err)
			}
		}
		if err := d.Append(u); err != nil {
			d.t.Fatal(err)
		}
	}
	d.pass(until - from)
}
