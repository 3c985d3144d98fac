package rtspsource

import (
	"context"
	"testing"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/media"
	"hindsight/player/playertest"
	"hindsight/store"
)

// TestSuite: what every source must do, with the film of playertest.
func TestSuite(t *testing.T) {
	playertest.Run(t, func(t *testing.T) playertest.Rig {
		f := &film{rig: &rig{t: t, clock: &slowClock{boot: time.Hour, wall: playertest.Epoch()}, mem: store.NewMemory()}}
		f.mem.SegmentBlocks = 7
		takes := playertest.Takes()
		f.start()
		f.take(takes[0])
		f.line.Lose(0, f.at, takes[0].Reason, takes[0].Detail)
		f.pass(takes[1].From - f.at)
		f.line.Regain(0, f.at)
		f.take(takes[1])
		f.check(f.line.Close(takes[1].Reason))
		f.clock.pass(playertest.Second().Sub(playertest.Epoch().Add(f.at)))
		f.mem = f.mem.Reopen()
		f.start()
		f.take(takes[2])
		f.serve()
		return playertest.Rig{Source: f.dial(nil), Record: func(d time.Duration) {
			f.take(playertest.Take{From: f.at, Until: f.at + d})
		}}
	})
}

// film records what playertest wants.
type film struct{ *rig }

func (f *film) start() {
	line, err := timeline.New(timeline.Options{Camera: "cam", Store: f.mem, Clock: f.clock, Log: quiet, Commit: time.Hour,
		AnchorEvery: -1, TailSpan: 3 * time.Second})
	f.check(err)
	f.line, f.at = line, 0
	for i, tr := range []media.Track{playertest.PictureTrack(), playertest.SoundTrack()} {
		got, err := line.Track(tr)
		f.check(err)
		f.ids[i] = got.ID
	}
	f.t.Cleanup(func() { line.Close(media.Off) })
}

func (f *film) pass(d time.Duration) {
	f.at += d
	f.clock.pass(d)
}

// take records up to the end of a take; every second is committed.
func (f *film) take(k playertest.Take) {
	f.pass(k.From - f.at)
	for f.at < k.Until {
		for _, u := range playertest.Units(f.at, f.at+time.Second, f.ids[0], f.ids[1]) {
			f.check(f.line.Append(u))
		}
		f.pass(time.Second)
		f.check(f.line.Sync(context.Background()))
	}
}
