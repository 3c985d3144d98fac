package rtsp

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/ntp"
)

// extensionProfile marks the header extension of ONVIF's Streaming
// Specification, section 6.2: the true time of every packet.
const extensionProfile = 0xABAC

const (
	extensionLen = 12
	cleanPoint   = 0x80 // C: it can be decoded by itself
	sectionEnd   = 0x40 // E: a gap follows
	discontinued = 0x20 // D: it does not follow from the unit before
)

// extension is what every packet of a unit bears; nil when the client did not ask for it.
func (p *player) extension(x shot) []byte {
	if !p.s.onvif.Load() {
		return nil
	}
	wall, _ := p.s.view.line.Wall(x.Position())
	flags := byte(0)
	if x.IsKey() {
		flags |= cleanPoint
	}
	if x.cut {
		p.cuts++
	}
	if p.cutOf[x.Track] != p.cuts { // of each track the first behind the cut
		p.cutOf[x.Track] = p.cuts
		flags |= discontinued
	}
	if p.lastBefore(x) {
		flags |= sectionEnd
	}
	return onvifExtension(wall, flags, p.cseq)
}

func onvifExtension(wall time.Time, flags, cseq byte) []byte {
	b := make([]byte, extensionLen)
	if !wall.IsZero() {
		binary.BigEndian.PutUint64(b, ntp.Encode(wall))
	}
	b[8], b[9] = flags, cseq
	return b
}

// lastBefore reports whether a unit is the last of its track before a gap. It
// looks ahead as far as that takes, and at the live end, where nothing is known, not at all.
func (p *player) lastBefore(x shot) bool {
	if p.replay == nil {
		return false
	}
	for i := 0; i < mostAhead; i++ {
		if i == len(p.ahead) {
			if p.asked != nil {
				return p.replay.backward() && errors.Is(p.asked, errDone) // the oldest moment
			}
			n, ok, err := p.pick(p.ctx, false)
			if err != nil {
				p.asked = err
				return p.replay.backward() && errors.Is(err, errDone)
			}
			if !ok {
				return false
			}
			p.ahead = append(p.ahead, p.timed(n))
		}
		switch n := p.ahead[i]; {
		case p.apart(x, n):
			return true
		case n.track == x.track:
			return false
		}
	}
	return false
}

// apart reports whether a gap lies between two units, one read after the other.
func (p *player) apart(x, n shot) bool {
	if p.replay.backward() {
		return p.s.view.axis().parted(x.Position(), n.Position())
	}
	return n.Jump || n.Run != x.Run
}
