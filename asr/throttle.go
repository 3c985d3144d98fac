package asr

import (
	"context"
	"time"
)

// throttle holds a child to a part of one core: having used CPU time it must
// let time go by. What it did not use is saved up for a few seconds only.
type throttle struct {
	load    float64       // 0: no limit
	spent   time.Duration // CPU time of earlier children
	last    time.Duration // of the present one, when it was looked at last
	debt    time.Duration // CPU time used above what was allowed; negative: saved
	seen    time.Time     // when wait was called last
	counted time.Duration // what it was told then
	now     func() time.Time
	sleep   func(context.Context, time.Duration) error
}

const savings = time.Second // CPU time

func newThrottle(load float64) throttle {
	return throttle{load: load, now: time.Now, sleep: sleep}
}

// total takes the present child's CPU time and returns that of all so far.
func (t *throttle) total(cpu time.Duration) time.Duration {
	t.last = cpu
	return t.spent + cpu
}

// forget is for when the child is gone; loading a model is not held against the next.
func (t *throttle) forget() {
	t.spent += t.last
	t.last = 0
	t.debt, t.seen = 0, time.Time{}
}

// wait waits as long as it takes; used is the CPU time of all children.
func (t *throttle) wait(ctx context.Context, used time.Duration) error {
	if t.load <= 0 {
		return nil
	}
	now := t.now()
	if t.seen.IsZero() {
		t.seen, t.counted = now, used
		return nil
	}
	t.debt += used - t.counted - time.Duration(t.load*float64(now.Sub(t.seen)))
	t.debt = max(t.debt, -savings)
	t.seen, t.counted = now, used
	if t.debt <= 0 {
		return nil
	}
	return t.sleep(ctx, time.Duration(float64(t.debt)/t.load))
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
