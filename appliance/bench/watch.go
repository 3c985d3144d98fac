package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/base"
)

// alive is how often a viewer says that it is still there; the server closes
// who is silent for a minute.
const alive = 20 * time.Second

// behindBy is the part of real time below which a viewer counts as behind.
const behindBy = 0.95

// Watched is what a number of viewers cost, each of which plays from a moment of its own.
type Watched struct {
	Viewers  int     `json:"viewers"`
	CPU      float64 `json:"cpu_percent"`                // of one core, all together with an idle recorder
	Each     float64 `json:"cpu_percent_per_viewer"`     // of one core, without the idle recorder
	RSS      float64 `json:"rss_bytes_per_viewer"`       // that the recorder has grown by
	Memory   float64 `json:"anonymous_bytes_per_viewer"` // of them, those that are no pages of files
	Received float64 `json:"received_bytes_per_second"`  // by each viewer
	Behind   int     `json:"behind"`                     // viewers that got less than real time
}

// crowd is a number of viewers that play.
type crowd struct {
	viewers []*viewer
	wg      sync.WaitGroup
	failed  chan error
}

// gather opens n viewers, each of which plays from a random moment that has at
// least the time for in front of it.
func gather(ctx context.Context, address string, n int, span time.Duration) (*crowd, error) {
	c := &crowd{failed: make(chan error, n)}
	for i := range n {
		v, err := dial(ctx, address)
		if err == nil {
			c.viewers = append(c.viewers, v)
			err = v.start(span)
		}
		if err != nil {
			c.leave()
			return nil, fmt.Errorf("viewer %d: %w", i+1, err)
		}
		c.wg.Go(func() {
			if err := v.watch(); err != nil {
				c.failed <- err
			}
		})
	}
	return c, nil
}

// leave ends all viewers.
func (c *crowd) leave() {
	for _, v := range c.viewers {
		v.close()
	}
	c.wg.Wait()
}

// start plays from a random moment; live, which has no length, from now.
func (v *viewer) start(span time.Duration) error {
	var from time.Duration
	if v.length > 0 {
		if v.length <= span {
			return fmt.Errorf("%s: a history of %v is too short to watch it for %v; watch it for fewer --seconds", v.url, v.length, span)
		}
		from = rand.N(v.length - span)
	}
	return v.play(from)
}

// watch reads until the connection ends.
func (v *viewer) watch() error {
	var last uint32
	begun, said := false, time.Now()
	for {
		m, err := v.next()
		if err != nil {
			return err
		}
		if m.answer != nil && m.answer.StatusCode != base.StatusOK {
			return &refused{m.answer.StatusCode, m.answer.StatusMessage}
		}
		h, ok := v.videoPacket(m)
		if !ok {
			continue
		}
		if begun {
			v.played.Add(int64(int32(h.time - last)))
		}
		begun, last = true, h.time
		if now := time.Now(); now.Sub(said) > alive {
			said = now
			if err := v.send(base.GetParameter, v.url, base.Header{}); err != nil {
				return err
			}
		}
	}
}

// sums adds up what all have received and how far each has played.
func (c *crowd) sums() (received int64, played []int64) {
	for _, v := range c.viewers {
		received += v.received.Load()
		played = append(played, v.played.Load())
	}
	return received, played
}

// measure takes the difference between two moments that are d apart. What idle
// costs, and the recorder's memory before anybody came, is taken off.
func (c *crowd) measure(ctx context.Context, pid int, idle float64, before usage, warm, d time.Duration) (w Watched, err error) {
	if err := c.wait(ctx, warm); err != nil {
		return w, err
	}
	from, err := usageOf(pid)
	if err != nil {
		return w, err
	}
	got, played := c.sums()
	began := time.Now()
	if err := c.wait(ctx, d); err != nil {
		return w, err
	}
	to, err := usageOf(pid)
	if err != nil {
		return w, err
	}
	got2, played2 := c.sums()
	took := time.Since(began).Seconds()
	w.Viewers, w.CPU = len(c.viewers), 100*(to.cpu-from.cpu).Seconds()/took
	for i := range played {
		if float64(played2[i]-played[i]) < behindBy*videoClock*took {
			w.Behind++
		}
	}
	n := float64(w.Viewers)
	w.Each, w.Received = (w.CPU-idle)/n, float64(got2-got)/n/took
	w.RSS, w.Memory = float64(to.rss-before.rss)/n, float64(to.anon-before.anon)/n
	return w, nil
}

// wait lets viewers watch for d.
func (c *crowd) wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case err := <-c.failed:
		return fmt.Errorf("a viewer: %w", err)
	case <-t.C:
		return nil
	}
}

// errNobody is about options that ask for nothing.
var errNobody = errors.New("neither seeks nor viewers are to be measured")
