package rtsp

import (
	"context"
	"time"

	"hindsight/appliance/timeline"
)

// keepUp lets a reader that is too far behind go on at the newest key frame.
func (p *player) keepUp(it timeline.Item) error {
	now := p.s.srv.opt.Clock.Boot()
	if now-p.tried < time.Second {
		return nil
	}
	newest, ok := p.s.view.line.Newest()
	if !ok || newest.Run == it.Run && newest.Time-it.DTS < mostLag {
		return nil
	}
	p.tried = now
	return p.skip()
}

// skip opens a cursor at the newest key frame and takes it if that is ahead.
func (p *player) skip() error {
	c := p.s.view.open(p.kinds)
	ctx, cancel := context.WithTimeout(p.ctx, 100*time.Millisecond)
	defer cancel()
	for {
		n, err := c.Next(ctx)
		if err != nil {
			c.Close()
			return p.ctx.Err() // nothing newer; the old cursor goes on
		}
		t := p.track(n.Track)
		if t == nil || !t.chosen || t.Kind != p.leads {
			continue
		}
		if !n.IsKey() || t.sent && n.Run == t.lastRun && n.DTS <= t.lastDTS {
			c.Close()
			return nil
		}
		p.follow(c)
		p.waitKey, p.begun, p.reported = true, false, -1
		if p.wanted(t, n) {
			p.s.mu.Lock()
			p.ahead = append(p.ahead, shot{Item: n, track: t, at: p.s.stamps.at(n.Position(), p.s.view.line.Wall), cut: true})
			p.s.mu.Unlock()
		}
		p.pace.again()
		p.s.srv.stats.skips.Add(1)
		p.s.srv.complain(p.s.from, p.s.view.camera, ending{"too slow: goes on at the newest key frame", ""})
		return nil
	}
}
