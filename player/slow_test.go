package player_test

import (
	"context"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hindsight/player"
)

// slowLink is a connection that carries so many bytes a second, behind a buffer as
// a kernel has one, with a delay.
type slowLink struct {
	net.Conn
	queue chan []byte
	done  chan struct{}
	once  sync.Once

	mu    sync.Mutex
	bytes float64 // a second; 0: any
	shut  bool    // nothing is carried
}

func slow(c net.Conn, bytes float64) *slowLink {
	l := &slowLink{Conn: c, queue: make(chan []byte, 16), done: make(chan struct{}), bytes: bytes} // 16 times 4 kB
	go l.carry()
	return l
}

func (l *slowLink) set(bytes float64, shut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bytes, l.shut = bytes, shut
}

func (l *slowLink) carry() {
	for {
		select {
		case <-l.done:
			return
		case b := <-l.queue:
			l.mu.Lock()
			pace, shut := l.bytes, l.shut
			l.mu.Unlock()
			if shut {
				<-l.done
				return
			}
			if pace > 0 {
				time.Sleep(time.Duration(float64(len(b)) / pace * float64(time.Second)))
			}
			if _, err := l.Conn.Write(b); err != nil {
				return
			}
		}
	}
}

// Write is net.Conn's.
func (l *slowLink) Write(b []byte) (int, error) {
	n := 0
	for n < len(b) {
		piece := slices.Clone(b[n:min(n+4096, len(b))])
		select {
		case l.queue <- piece:
			n += len(piece)
		case <-l.done:
			return n, net.ErrClosed
		}
	}
	return n, nil
}

// Close is net.Conn's.
func (l *slowLink) Close() error {
	l.once.Do(func() { close(l.done) })
	return l.Conn.Close()
}

// fat is a tape whose pictures take a megabit and a half a second; its key frames 20 kB.
func fat(t testing.TB, long time.Duration) *tape {
	x := newTape(t, long, nil)
	for i := range x.items {
		if it := &x.items[i]; it.Track == pictureID {
			size := 7000
			if it.IsKey() {
				size = 20000
			}
			pad := size - len(it.Payload) - 4
			it.Payload = append(slices.Clone(it.Payload), 0, 0, byte(pad>>8), byte(pad), 12) // filler data
			it.Payload = append(it.Payload, make([]byte, pad-1)...)
		}
	}
	return x
}

// throttled is how a link of 500 kbit/s comes and goes.
func throttled(t *testing.T, live bool) {
	synctest.Test(t, func(t *testing.T) {
		var link *slowLink
		counts := &player.Counts{}
		x := fat(t, 4*time.Minute)
		if live {
			x.begun = time.Now().Add(-20 * time.Second)
		}
		c := serve(t, x, player.Options{Counts: counts}, func(n net.Conn) net.Conn { link = slow(n, 0); return link })
		go c.read()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go c.play(ctx)
		if live {
			c.seek(1, map[string]any{"live": true})
		} else {
			c.seek(1, map[string]any{"recorded": 1})
		}
		c.landed(1)
		time.Sleep(8 * time.Second)
		if n := len(c.pictures(1)); n < 150 || c.dry > 0 || counts.Thin.Load() != 0 {
			t.Fatalf("on a good link %d pictures came, no sound for %v, thin %d", n, c.dry, counts.Thin.Load())
		}

		link.set(500_000/8, false)
		began := time.Now()
		s := c.await("key frames", func(s said) bool { return s.Is == "state" && s.Picture == "keys" })
		if d := time.Since(began); s.Why != "slow link" || counts.Thin.Load() != 1 || d > 4*time.Second {
			t.Errorf("after %v: %+v", d, s)
		}
		if live {
			time.Sleep(5 * time.Second) // what lies in the buffers has to come first
			c.mu.Lock()
			c.dry = 0
			c.mu.Unlock()
		}
		from := c.now()
		time.Sleep(6 * time.Second) // before it tries again
		c.mu.Lock()
		dry := c.dry
		c.mu.Unlock()
		if dry > 0 {
			t.Errorf("there was no sound for %v", dry)
		}
		if keys := c.pictures(from); len(keys) < 3 || len(keys) > 20 {
			t.Errorf("%d pictures in 6 s of a slow link: %v", len(keys), keys)
		}

		link.set(0, false)
		began = time.Now()
		c.await("the full picture", func(s said) bool { return s.Is == "state" && s.Picture == "full" && s.Why == "" && c.since(began) })
		if d := time.Since(began); d > 20*time.Second {
			t.Errorf("the full picture was back after %v", d)
		}
		time.Sleep(10 * time.Second)
		from = c.now()
		time.Sleep(4 * time.Second)
		if n := len(c.pictures(from)); n < 90 || counts.Thin.Load() != 0 {
			t.Errorf("%d pictures in 4 s of a good link, thin %d", n, counts.Thin.Load())
		}
		if live {
			c.mu.Lock()
			defer c.mu.Unlock()
			if behind := x.length().Seconds() - c.ends[1]; behind > 0.3 {
				t.Errorf("what has come ends %v s before the live end", behind)
			}
		}
	})
}

// now is up to where sound has come.
func (c *client) now() float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ends[1]
}

// pictures are the times of those that came, from a time on.
func (c *client) pictures(from float64) (at []float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, d := range c.data {
		for _, f := range d.header.Frames {
			if f >= from {
				at = append(at, f)
			}
		}
	}
	return at
}

// since reports whether the newest state that was said came after a time.
func (c *client) since(t time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.says) > 0 && time.Now().After(t) && c.says[len(c.says)-1].Picture == "full"
}

func TestSlowLinkInHistory(t *testing.T) { throttled(t, false) }
func TestSlowLinkLive(t *testing.T)      { throttled(t, true) }

func TestClientThatTakesNothing(t *testing.T) {
	for _, c := range []struct {
		name string
		shut bool // the link carries nothing; else the client reads, and says nothing of it
	}{{"shut", true}, {"says nothing", false}} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var link *slowLink
				x := fat(t, time.Minute)
				counts := &player.Counts{}
				cl := serve(t, x, player.Options{Counts: counts}, func(n net.Conn) net.Conn { link = slow(n, 0); return link })
				go cl.read()
				cl.await("hello", func(s said) bool { return s.Is == "hello" })
				link.set(0, c.shut)
				began := time.Now()
				cl.seek(1, map[string]any{"recorded": 1})
				err := <-cl.ended
				if took := time.Since(began); err == nil || !strings.Contains(err.Error(), "nothing was taken for 30s") || took < 29*time.Second || took > 45*time.Second {
					t.Errorf("after %v: %v", took, err)
				}
				if counts.Closed.Load() != 1 || counts.Open.Load() != 0 {
					t.Errorf("%d closed, %d open", counts.Closed.Load(), counts.Open.Load())
				}
				if n := counts.SentBytes.Load(); n > 8<<20 {
					t.Errorf("%d bytes were sent to it", n)
				}
			})
		})
	}
}

func TestLiveGoesOnAtTheNewestKeyFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var link *slowLink
		x := fat(t, 4*time.Minute)
		x.begun = time.Now().Add(-20 * time.Second)
		counts := &player.Counts{}
		c := serve(t, x, player.Options{Counts: counts}, func(n net.Conn) net.Conn { link = slow(n, 0); return link })
		go c.read()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go c.play(ctx)
		c.seek(1, map[string]any{"live": true})
		c.landed(1)
		time.Sleep(3 * time.Second)
		link.set(1000, false) // not even the sound
		time.Sleep(12 * time.Second)
		link.set(0, false)
		j := c.await("a jump", func(s said) bool { return s.Is == "jump" })
		if j.Gap != nil || j.Point.Recorded < 30 || j.Point.Recorded != float64(int(j.Point.Recorded)) {
			t.Errorf("jump %+v", j)
		}
		all := c.awaitData("what comes then", reaches(1, 2, j.Point.Recorded+3))
		i := slices.IndexFunc(all, func(d data) bool { return d.kind == 2 && d.header.From >= j.Point.Recorded-0.05 })
		if i < 1 || all[i-1].kind != 1 || all[i].header.From > j.Point.Recorded+0.05 {
			t.Errorf("the data goes on at %v", all[i].header)
		}
		for _, d := range all[:i] {
			if d.kind == 2 && d.header.Until > j.Point.Recorded {
				t.Errorf("before the jump to %v there was %v", j.Point.Recorded, d.header)
			}
		}
		if counts.Skips.Load() == 0 {
			t.Error("not counted")
		}
	})
}

// lazy plays as client.play does, but does nothing at all for a second of every two and a
// half; then it reports before it looks at what has come, as a browser may.
func (c *client) lazy(ctx context.Context) {
	const step = 50 * time.Millisecond
	bytes := uint64(0)
	for n := 0; ; n++ {
		stalled := n%50 >= 30
		select {
		case <-ctx.Done():
			return
		case <-time.After(step):
		}
		c.mu.Lock()
		c.pos += min(step.Seconds(), max(min(c.ends[0], c.ends[1])-c.pos, 0))
		at := map[string]any{"do": "at", "gen": c.gen, "recorded": c.pos, "ahead": max(min(c.ends[0], c.ends[1])-c.pos, 0), "bytes": bytes, "playing": true}
		if !stalled {
			bytes = c.bytes
		}
		gen := c.gen
		c.mu.Unlock()
		if !stalled && n%5 == 0 && gen > 0 {
			c.say(at)
		}
	}
}

func TestBusyClientIsNoSlowLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		counts := &player.Counts{}
		x := fat(t, 4*time.Minute)
		x.begun = time.Now().Add(-20 * time.Second)
		c := serve(t, x, player.Options{Counts: counts}, func(n net.Conn) net.Conn { return slow(n, 0) })
		go c.read()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go c.lazy(ctx)
		c.seek(1, map[string]any{"live": true})
		c.landed(1)
		time.Sleep(time.Minute)
		if n := counts.Thinned.Load(); n != 0 {
			t.Errorf("the link counted as slow %d times", n)
		}
		if n := len(c.pictures(c.now() - 30)); n < 700 {
			t.Errorf("%d pictures in the last 30 s", n)
		}
	})
}
