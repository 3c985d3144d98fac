package rtsp

import (
	"maps"
	"sync"
	"sync/atomic"
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
	Skips   int64            `json:"skips"`   // times that a slow reader went on at the newest key frame
	Unfit   int64            `json:"unfit"`   // units that RTP cannot carry, counted for every reader
}

type counters struct {
	sent, received atomic.Uint64
	refused        atomic.Int64
	skips, unfit   atomic.Int64
	drops          struct {
		sync.Mutex
		m map[string]int64
	}
}

func (c *counters) drop(reason string) {
	c.drops.Lock()
	defer c.drops.Unlock()
	c.drops.m[reason]++
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
	s.stats.drops.Lock()
	out.Drops = maps.Clone(s.stats.drops.m)
	s.stats.drops.Unlock()
	for _, x := range s.all() {
		if x.playing() {
			out.Playing[x.view.camera]++
		}
	}
	return out
}
