// Package depacket puts the units of a camera together again from RTP packets,
// in the form that the store has them: for what is recorded from an IP camera,
// and for what a player reads from a recorder.
package depacket

import (
	"github.com/pion/rtp"

	"github.com/bluenviron/gortsplib/v5/pkg/format"

	"hindsight/media"
)

// Frame is a whole unit in the sender's own time.
type Frame struct {
	TS      uint32 // RTP time of its presentation
	Key     bool
	Payload []byte // owned by the frame
}

// Reader makes units of the packets of one format.
type Reader interface {
	// Read takes the next packet and whether packets before it are missing. It
	// returns what that completes, and what is wrong with the packet beyond a loss.
	Read(pkt *rtp.Packet, gap bool) (out []Frame, bad string)
	// Track describes what Read returns, as known by now; ID is 0.
	Track() media.Track
	// Reorder is how many pictures the stream says may be shown later than one
	// that is decoded after them; 0 where it says nothing.
	Reorder() int
}

// New makes the reader of a format; nil without an error where the store has no
// form for it. An error says why this one of its kind cannot be read.
func New(f format.Format) (Reader, error) {
	switch f := f.(type) {
	case *format.H264:
		return newH264Reader(f)
	case *format.MJPEG:
		return newMJPEGReader(f)
	case *format.Opus:
		return newOpusReader(f)
	case *format.MPEG4Audio:
		return newAACReader(f)
	case *format.G711:
		return newG711Reader(f)
	}
	return nil, nil
}
