package player_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"hindsight/media"
	"hindsight/player"
)

var epoch = time.Date(2026, 11, 24, 10, 15, 0, 0, time.UTC)

const (
	frame = 40 * time.Millisecond
	piece = 20 * time.Millisecond
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// clip is real pictures and real sound: four seconds.
type clip struct {
	pictures [][]byte // NAL units behind 4-byte lengths; every 25th is a key frame
	sounds   [][]byte
	config   []byte
}

var loadClip = sync.OnceValues(func() (*clip, error) {
	b, err := os.ReadFile("testdata/clip.h264")
	if err != nil {
		return nil, err
	}
	c := &clip{}
	var unit []byte
	for _, nal := range bytes.Split(b, []byte{0, 0, 1}) {
		nal = bytes.TrimRight(nal, "\x00")
		if len(nal) == 0 {
			continue
		}
		unit = append(binary.BigEndian.AppendUint32(unit, uint32(len(nal))), nal...)
		switch nal[0] & 0x1f {
		case 1, 5:
			c.pictures, unit = append(c.pictures, unit), nil
		case 8:
			if c.config == nil {
				c.config = slices.Clone(unit)
			}
		}
	}
	if b, err = os.ReadFile("testdata/clip.opus"); err != nil {
		return nil, err
	}
	for len(b) > 2 {
		n := int(binary.BigEndian.Uint16(b))
		c.sounds, b = append(c.sounds, b[2:2+n]), b[2+n:]
	}
	return c, nil
})

// tape is a source whose items are made up by the test. Its recorded time is that
// of run 1, whose media time 0 is at epoch.
type tape struct {
	tracks []media.Track
	items  []player.Item // in commit order
	begun  time.Time     // item i comes this long after its DTS; zero: all are there, and then nothing more
	opened func(player.Moment) error
	made   chan *head // every reader, if not nil
	soon   []media.Kind
}

const (
	pictureID = 1
	soundID   = 2
)

// newTape is the clip, over and over, for so long; keep decides which units are on it.
func newTape(t testing.TB, long time.Duration, keep func(kind media.Kind, at time.Duration) bool) *tape {
	t.Helper()
	c, err := loadClip()
	must(t, err)
	if len(c.pictures) != 100 || len(c.sounds) != 200 {
		t.Fatalf("the clip has %d pictures and %d pieces of sound", len(c.pictures), len(c.sounds))
	}
	x := &tape{tracks: []media.Track{
		{ID: pictureID, Kind: media.Video, Codec: media.H264, ClockRate: 90000, Width: 320, Height: 180, Config: c.config},
		{ID: soundID, Kind: media.Audio, Codec: media.Opus, ClockRate: 48000, Channels: 1},
	}}
	for at := time.Duration(0); at < long; at += piece {
		if n := int(at / frame); at%frame == 0 && (keep == nil || keep(media.Video, at)) {
			u := media.Unit{Track: pictureID, DTS: at, Payload: c.pictures[n%len(c.pictures)]}
			if n%25 == 0 {
				u.Flags = media.Key
			}
			x.items = append(x.items, player.Item{Unit: u})
		}
		if keep == nil || keep(media.Audio, at) {
			x.items = append(x.items, player.Item{Unit: media.Unit{Track: soundID, Flags: media.Key, DTS: at, Payload: c.sounds[int(at/piece)%len(c.sounds)]}})
		}
	}
	return x
}

func pointAt(recorded time.Duration) player.Point {
	return player.Point{Recorded: recorded, Position: media.Position{Run: 1, Time: recorded}, Time: epoch.Add(recorded), Trusted: true}
}

func (x *tape) length() time.Duration {
	if !x.begun.IsZero() {
		return time.Since(x.begun)
	}
	return x.items[len(x.items)-1].DTS + piece
}

// Hello is player.Source's.
func (x *tape) Hello() player.Hello {
	p := pointAt(0)
	return player.Hello{Camera: "cam", Length: x.length(), Oldest: &p}
}

// Edge is player.Source's.
func (x *tape) Edge() player.Edge {
	p := pointAt(x.length())
	return player.Edge{Point: &p, Recording: !x.begun.IsZero()}
}

// there is the number of items that have come.
func (x *tape) there() int {
	if x.begun.IsZero() {
		return len(x.items)
	}
	n, _ := slices.BinarySearchFunc(x.items, x.length(), func(i player.Item, d time.Duration) int { return int(i.DTS - d - 1) })
	return n
}

// Open is player.Source's.
func (x *tape) Open(_ context.Context, m player.Moment, how player.Manner) (player.Reader, error) {
	if x.opened != nil {
		if err := x.opened(m); err != nil {
			return nil, err
		}
	}
	to := m.Recorded
	switch m.Place {
	case player.AtLive:
		to = x.length()
	case player.AtPosition:
		to = m.Position.Time
	case player.AtTime:
		to = m.Time.Sub(epoch)
	}
	to = min(max(to, 0), x.length())
	h := &head{tape: x, how: how, done: make(chan struct{})}
	for i := x.there() - 1; i >= 0; i-- {
		if it := x.items[i]; it.IsKey() && it.Track == pictureID && it.DTS <= to {
			h.at = i
			break
		}
	}
	h.landing = player.Landing{Point: pointAt(x.items[h.at].DTS), Asked: pointAt(to), Live: m.Place == player.AtLive, Soon: x.soon}
	if x.made != nil {
		x.made <- h
	}
	return h, nil
}

// head reads a tape.
type head struct {
	tape    *tape
	how     player.Manner
	at      int
	began   bool
	landing player.Landing
	done    chan struct{}
	once    sync.Once
}

func (h *head) Landing() player.Landing { return h.landing }
func (h *head) Tracks() []media.Track   { return h.tape.tracks }
func (h *head) Live() bool              { return !h.tape.begun.IsZero() && h.at >= h.tape.there() }
func (h *head) Close()                  { h.once.Do(func() { close(h.done) }) }

// Next is player.Reader's.
func (h *head) Next(ctx context.Context) (player.Item, error) {
	for {
		if h.at < 0 || h.at >= len(h.tape.items) {
			return player.Item{}, io.EOF
		}
		it := h.tape.items[h.at]
		if h.how.Keys && (it.Track != pictureID || !it.IsKey()) {
			h.step()
			continue
		}
		if wait := time.Until(h.tape.begun.Add(it.DTS)); !h.tape.begun.IsZero() && wait > 0 {
			select {
			case <-time.After(wait):
			case <-ctx.Done():
				return player.Item{}, ctx.Err()
			case <-h.done:
				return player.Item{}, io.EOF
			}
		}
		if err := ctx.Err(); err != nil {
			return player.Item{}, err
		}
		h.step()
		if !h.began {
			h.began = true
			p := h.landing.Point
			it.Point = &p
		}
		return it, nil
	}
}

func (h *head) step() {
	if h.how.Back {
		h.at--
	} else {
		h.at++
	}
}
