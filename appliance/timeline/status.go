package timeline

import (
	"time"
)

// Status counts what happened since the program started and what is kept.
type Status struct {
	Committed    time.Duration // media time up to which everything is on disk
	Uncommitted  time.Duration // how much is only in memory
	TailBytes    int64
	Commits      int64
	CommitErrors int64
	LastError    string        // of the commits; empty again after one that worked
	CommitMax    time.Duration // the slowest commit of the last minute
	Cursors      int
	FileBytes    int64
	MediaBytes   int64
	Units        map[uint16]int64 // appended since the start, by track
	Bytes        map[uint16]int64 // their payload
	DroppedBytes int64            // lost since the disk refused for longer than the tail could hold
}

// counts are what Status tells, and what the log needs to keep quiet.
type counts struct {
	commits   int64
	errors    int64
	lastError string
	dropped   int64
	failing   bool          // the last commit failed
	logged    time.Duration // Clock.Boot of the last line about it
	ended     bool          // the end of the run is on disk
	slow      [2]time.Duration
	slowSince time.Duration // Clock.Boot at which slow[0] began
}

// commit counts one commit. The slowest of the last minute is kept as the
// slowest of this half minute and of the one before.
func (c *counts) commit(boot, took time.Duration, err error) {
	if boot-c.slowSince >= 30*time.Second {
		c.slow[1], c.slow[0] = c.slow[0], 0
		if boot-c.slowSince >= time.Minute {
			c.slow[1] = 0
		}
		c.slowSince = boot
	}
	c.slow[0] = max(c.slow[0], took)
	if err != nil {
		c.errors++
		c.lastError = err.Error()
		return
	}
	c.commits++
	c.lastError = ""
}

// Status is the timeline's part of the appliance's status.
func (t *Timeline) Status() Status {
	s := Status{Cursors: int(t.cursors.Load())}
	for _, r := range t.past.runs() {
		s.FileBytes += r.info.FileBytes
		for _, x := range r.info.Stats {
			s.MediaBytes += x.Bytes
		}
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	s.Uncommitted = t.waiting()
	s.Committed = t.tail.top - s.Uncommitted
	s.TailBytes = t.tail.bytes
	s.Commits, s.CommitErrors, s.LastError = t.counts.commits, t.counts.errors, t.counts.lastError
	s.CommitMax = max(t.counts.slow[0], t.counts.slow[1])
	s.Units, s.Bytes = make(map[uint16]int64, len(t.heads)), make(map[uint16]int64, len(t.heads))
	for id, h := range t.heads {
		s.Units[id], s.Bytes[id] = h.units, h.bytes
	}
	s.DroppedBytes = t.counts.dropped
	return s
}
