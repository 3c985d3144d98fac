package rtsp

import (
	"errors"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/liberrors"
	"github.com/pion/rtp"
)

// send writes the packets of a unit, each with its part of the header extension, if
// there is one. It waits where the queue is full, and returns whether it had to.
func (p *player) send(t *outTrack, pieces []piece, stamp uint32, ext []byte) (held bool, err error) {
	for i, c := range pieces {
		if p.udp && i > 0 && i%portion == 0 {
			if err := p.sleep(portionPause); err != nil {
				return held, err
			}
		}
		waited, err := p.push(t, c, stamp, portionOf(ext, i == 0, i == len(pieces)-1))
		if err != nil {
			return held, err
		}
		held = held || waited
	}
	return held, nil
}

// push puts one packet into the queue, waiting for room.
func (p *player) push(t *outTrack, c piece, stamp uint32, ext []byte) (waited bool, err error) {
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
			return false, err
		}
	}
	waited, err = p.press(func() error {
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
	return waited, err
}

// press does what puts something into the queue until there is room for it.
func (p *player) press(put func() error) (waited bool, err error) {
	for pause := 2 * time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		err := put()
		var full liberrors.ErrServerWriteQueueFull
		if err == nil || !errors.As(err, &full) {
			return waited, err
		}
		waited = true
		if err := p.sleep(pause); err != nil {
			return waited, err
		}
	}
}

// sleep waits for d, or less when playing ends.
func (p *player) sleep(d time.Duration) error {
	if d <= 0 {
		return p.ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-p.ctx.Done():
		return p.ctx.Err()
	}
}
