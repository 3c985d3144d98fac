package rtsp

import (
	"maps"
	"slices"
	"sort"
	"sync"
	"sync/atomic"
	"time"
)

// Stats are the server's counts since it started, and what is open now.
type Stats struct {
	Connections int            `json:"connections"` // open now
	Sessions    int            `json:"sessions"`    // open now, playing or not
	Playing     map[string]int `json:"playing"`     // readers that play now, by camera

	BytesSent     uint64 `json:"bytes_sent"` // over TCP and UDP, without their headers
	BytesReceived uint64 `json:"bytes_received"`

	Refused int64            `json:"refused"` // connections beyond a limit
	Drops   map[string]int64 `json:"drops"`   // connections and sessions ended by the server, by reason
	History int              `json:"history"` // of Sessions, those that play history
	Seeks   int64            `json:"seeks"`   // into history
	Slowed  int64            `json:"slowed"`  // seeks that had to wait since there were too many
	// SeekSeconds is how long seeks took, until the first unit was read.
	SeekSeconds Histogram `json:"seek_seconds"`

	Skips int64 `json:"skips"` // times that a slow reader went on at the newest key frame
	Unfit int64 `json:"unfit"` // units that RTP cannot carry, counted for every reader
}

type counters struct {
	sent, received atomic.Uint64
	refused        atomic.Int64
	skips, unfit   atomic.Int64
	slowed         atomic.Int64
	seeks          struct {
		sync.Mutex
		Histogram
	}
	drops struct {
		sync.Mutex
		m map[string]int64
	}
}

func (c *counters) drop(reason string) {
	c.drops.Lock()
	defer c.drops.Unlock()
	c.drops.m[reason]++
}

// Histogram counts durations; it has one bucket for each of SeekBounds and one for what is above.
type Histogram struct {
	Counts []int64 `json:"counts"`
	Sum    float64 `json:"sum"` // seconds
}

// SeekBounds are the buckets' upper bounds in seconds.
func SeekBounds() []float64 { return []float64{.001, .0025, .005, .01, .02, .06, .1, .25, 1} }

func (c *counters) seek(took time.Duration) {
	c.seeks.Lock()
	defer c.seeks.Unlock()
	bounds := SeekBounds()
	if c.seeks.Counts == nil {
		c.seeks.Counts = make([]int64, len(bounds)+1)
	}
	c.seeks.Counts[sort.SearchFloat64s(bounds, took.Seconds())]++
	c.seeks.Sum += took.Seconds()
}

// Stats counts what happened so far.
func (s *Server) Stats() Stats {
	out := Stats{
		Connections:   s.conns.count(),
		Sessions:      s.readers.count(),
		Playing:       make(map[string]int),
		BytesSent:     s.stats.sent.Load(),
		BytesReceived: s.stats.received.Load(),
		Refused:       s.stats.refused.Load(),
		Skips:         s.stats.skips.Load(),
		Unfit:         s.stats.unfit.Load(),
	}
	s.stats.seeks.Lock()
	out.SeekSeconds = Histogram{slices.Clone(s.stats.seeks.Counts), s.stats.seeks.Sum}
	s.stats.seeks.Unlock()
	for _, n := range out.SeekSeconds.Counts {
		out.Seeks += n
	}
	out.Slowed = s.stats.slowed.Load()
	s.stats.drops.Lock()
	out.Drops = maps.Clone(s.stats.drops.m)
	s.stats.drops.Unlock()
	for _, x := range s.all() {
		if x.playing() {
			out.Playing[x.view.camera]++
		}
		if p := x.player.Load(); p != nil && p.replay != nil {
			out.History++
		}
	}
	return out
}
