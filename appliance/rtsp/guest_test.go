package rtsp

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

// counted is a timeline that counts what is asked of it.
type counted struct {
	Timeline
	maps  atomic.Int64
	bytes atomic.Int64 // of the payloads that cursors have yielded
}

func (c *counted) Map() *timeline.Map {
	c.maps.Add(1)
	return c.Timeline.Map()
}

func (c *counted) At(p media.Position, s timeline.Selection) (Cursor, error) {
	x, err := c.Timeline.At(p, s)
	return countedCursor{x, &c.bytes}, err
}

type countedCursor struct {
	Cursor
	bytes *atomic.Int64
}

func (c countedCursor) Next(ctx context.Context) (timeline.Item, error) {
	it, err := c.Cursor.Next(ctx)
	c.bytes.Add(int64(len(it.Payload)))
	return it, err
}

// reluctant is a viewer of history that reads no further than the answer to PLAY,
// until willing is called.
func reluctant(t *testing.T, s *Server) (v *viewer, willing func()) {
	t.Helper()
	c := slowConn{dialSmall(t, s), make(chan struct{}, 3)}
	for range cap(c.open) {
		c.open <- struct{}{} // for the answers
	}
	v = &viewer{t: t, conn: c, base: s.url("cam/timeline"), answers: make(chan answered, 16)}
	go v.read()
	v.setup("tcp", 2)
	v.must("PLAY", "", "Speed: 16")
	return v, func() { close(c.open) }
}

// A reader of history that takes nothing is named, and the server holds for it no
// more than its queue and a picture or two, though 8 MB are due.
func TestStalledReaderHoldsLittle(t *testing.T) {
	p, log := twoRuns(t), &paper{}
	line := &counted{Timeline: Of(p.line)}
	s := serve(t, map[string]Timeline{"cam": line}, log.log, func(o *Options) { o.Clock = p.clock })
	v, _ := reluctant(t, s)
	const picture = 60_000
	const most = writeQueue*mostPayload + mostHeld + 3*picture
	held := func() int64 {
		p.clock.pass(time.Second, 0)
		n := line.bytes.Load() - int64(s.Stats().BytesSent)
		if n > most {
			t.Fatalf("%d bytes are held, at most %d may be", n, most)
		}
		return n
	}
	until(t, "the queue being full", func() bool { return held() > writeQueue*mostPayload/2 })
	until(t, "its name in the log", func() bool {
		held()
		return strings.Contains(log.String(), `reason="reads more slowly than it plays" from=`+v.conn.LocalAddr().String())
	})
}

// A PAUSE, and a PLAY, that come when the queue is full tear no picture: what was begun goes
// out whole, and playing goes on with the very next one.
func TestFullQueueTearsNothing(t *testing.T) {
	for _, method := range []string{"PAUSE", "PLAY"} {
		t.Run(method, func(t *testing.T) {
			p, log := twoRuns(t), &paper{}
			v, willing := reluctant(t, p.serve(log.log))
			until(t, "the queue being full", func() bool {
				p.clock.pass(time.Second, 0)
				return strings.Contains(log.String(), "reads more slowly than it plays")
			})
			willing()
			if method == "PAUSE" {
				v.must("PAUSE", "")
				paused := numbers(v.units(), 0)
				if want := sequence(30, 30+len(paused)); !slices.Equal(paused, want) {
					t.Errorf("until the pause pictures %v", paused)
				}
				v.must("PLAY", "", freely)
			} else {
				v.must("PLAY", "", "Scale: 1", freely) // in another manner, from where it is
			}
			v.waitFor(0, 590)
			if got := numbers(v.units(), 0); !slices.Equal(got[:560], sequence(30, 590)) {
				t.Errorf("pictures %v", got)
			}
			if got := numbers(v.units(), 1); !slices.Equal(got[:900], sequence(50, 950)) {
				t.Errorf("sounds %v", got)
			}
		})
	}
}

// To open an address history is looked through once, and not at all for the live one.
func TestOpeningLooksOnce(t *testing.T) {
	p := twoRuns(t)
	line := &counted{Timeline: Of(p.line)}
	s := serve(t, map[string]Timeline{"cam": line}, func(o *Options) { o.Clock = p.clock })
	for path, want := range map[string]int64{"cam": 0, "cam/timeline": 1, "cam/at/1.5000": 1, "cam/at/1.5000-1.9000": 1} {
		v := dial(t, s, path)
		before := line.maps.Load()
		v.must("DESCRIBE", "")
		if got := line.maps.Load() - before; got != want {
			t.Errorf("%s: looked through %d times, want %d", path, got, want)
		}
	}
}

// Where nothing is recorded yet, an answer in clock tells what time it is.
func TestAnswerWhereNothingIsRecorded(t *testing.T) {
	p := newPast(t)
	v := dial(t, p.serve(), "cam")
	v.must("DESCRIBE", "")
	v.setup("tcp", 2)
	play := v.must("PLAY", "", "Range: clock=20261124T101500Z-")
	if got, want := play.header.Get("Range"), "clock=20261124T101501.000Z-"; got != want {
		t.Errorf("Range %q, want %q", got, want)
	}
}
