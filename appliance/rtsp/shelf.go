package rtsp

import (
	"sync"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

// shelf keeps the pieces of the units of one camera that were cut last: all live
// readers want the same ones within milliseconds.
type shelf struct {
	mu    sync.Mutex
	slots [32]slot
	next  int
}

type slot struct {
	run    media.Run
	track  uint16
	dts    time.Duration
	pieces []piece
	err    error
}

// pack cuts a unit, or finds it cut. The pieces are shared and must not be changed.
func (s *shelf) pack(it timeline.Item, cut packer) ([]piece, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.slots {
		x := &s.slots[(s.next+len(s.slots)-1-i)%len(s.slots)] // newest first
		if x.run == it.Run && x.track == it.Track && x.dts == it.DTS && it.Run != 0 {
			return x.pieces, x.err
		}
	}
	pieces, err := cut(it.Payload)
	s.slots[s.next] = slot{it.Run, it.Track, it.DTS, pieces, err}
	s.next = (s.next + 1) % len(s.slots)
	return pieces, err
}

// shelf is the one of a camera.
func (s *Server) shelf(camera string) *shelf {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.shelves[camera]
	if x == nil {
		x = &shelf{}
		s.shelves[camera] = x
	}
	return x
}
