package rtsp

import (
	"context"
	"errors"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/liberrors"
	"github.com/pion/rtp"
)

// sent is what became of the packets of a unit.
type sent struct {
	begun bool // one of them is on its way
	held  bool // the queue was full
}

// send writes the packets of a unit, each with its part of the header extension, if there is
// one. It waits where the queue is full, and calls late each time it has to. A unit that was begun when
// playing ends goes out whole, if the client takes it within a moment.
func (p *player) send(t *outTrack, pieces []piece, stamp uint32, ext []byte, late func()) (s sent, err error) {
	ctx := p.ctx
	for i, c := range pieces {
		if p.udp && i > 0 && i%portion == 0 {
			if err := sleep(ctx, portionPause); err != nil {
				return s, err
			}
		}
		held := func() {
			s.held = true
			late()
		}
		if err := p.push(ctx, t, c, stamp, portionOf(ext, i == 0, i == len(pieces)-1), held); err != nil {
			return s, err
		}
		s.begun, ctx = true, p.last
	}
	return s, nil
}

// push puts one packet into the queue, waiting for room.
func (p *player) push(ctx context.Context, t *outTrack, c piece, stamp uint32, ext []byte, late func()) error {
	pkt := &rtp.Packet{
		Header: rtp.Header{
			Version: 2, Marker: c.marker, PayloadType: t.format.PayloadType(),
			SequenceNumber: t.seq, Timestamp: stamp + c.ticks,
		},
		Payload: c.payload,
	}
	if ext != nil {
		pkt.Extension, pkt.ExtensionProfile = true, extensionProfile
		if err := pkt.SetExtension(0, ext); err != nil {
			return err
		}
	}
	err := press(ctx, late, func() error {
		// The wall time is for gortsplib's own sender reports, which are off.
		return p.s.rtsp.WritePacketRTPWithNTP(t.media, pkt, time.Time{})
	})
	if err == nil {
		p.s.mu.Lock()
		t.seq++
		t.packets++
		t.octets += uint32(len(c.payload))
		p.s.mu.Unlock()
	}
	return err
}

// press does what puts something into the queue until there is room for it.
func press(ctx context.Context, late func(), put func() error) error {
	for pause := 2 * time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		err := put()
		var full liberrors.ErrServerWriteQueueFull
		if err == nil || !errors.As(err, &full) {
			return err
		}
		late()
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// sleep waits for d, or less when playing ends.
func (p *player) sleep(d time.Duration) error { return sleep(p.ctx, d) }

// sleep waits for d, or less when ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
