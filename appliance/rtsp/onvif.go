package rtsp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/ntp"

	"hindsight/media"
)

// extensionProfile marks the header extension of ONVIF's Streaming
// Specification, section 6.2: the true time of every packet.
const extensionProfile = 0xABAC

const (
	extensionLen = 12
	cleanPoint   = 0x80 // C: it can be decoded by itself
	sectionEnd   = 0x40 // E: a gap follows
	discontinued = 0x20 // D: it does not follow from the unit before
	terminal     = 0x10 // T: nothing more comes of its track
)

// extension is what the packets of a unit bear; nil when the client did not ask for it.
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
	gap, end := p.lastBefore(x)
	if gap {
		flags |= sectionEnd
	}
	if end {
		flags |= terminal
	}
	return onvifExtension(wall, flags, p.cseq)
}

// portionOf is the extension of one packet of a unit. D stands in the first alone and
// T in the last: GStreamer's rtponvifparse and its depayloaders throw away what they have of
// a picture at each packet with D, and end the stream at one with T.
func portionOf(ext []byte, first, last bool) []byte {
	without := byte(0)
	if !first {
		without |= discontinued
	}
	if !last {
		without |= terminal
	}
	if len(ext) != extensionLen || ext[8]&without == 0 {
		return ext
	}
	ext = bytes.Clone(ext)
	ext[8] &^= without
	return ext
}

// delimiter is an access unit delimiter of H.264 (section 7.3.2.4): any slices may follow.
var delimiter = []byte{0x09, 0xf0}

// forerun sends a packet that nobody misses before the first picture after a PLAY,
// one tick earlier. GStreamer's rtspsrc with onvif-mode and is-live=true gives the first packet of a
// stream its own clock's time, which lies before the segment that it made of the answer's Range; its
// jitter buffer then throws away all packets of that RTP time.
func (p *player) forerun(x shot) error {
	if !p.loses || x.track.Codec != media.H264 {
		return nil
	}
	wall, _ := p.s.view.line.Wall(x.Position())
	err := p.push(p.ctx, x.track, piece{payload: delimiter}, x.track.rtpTime(x.at)-1, onvifExtension(wall, discontinued, p.cseq), func() { p.behind(x.at) })
	if err == nil {
		p.loses = false
	}
	return err
}

func onvifExtension(wall time.Time, flags, cseq byte) []byte {
	b := make([]byte, extensionLen)
	if !wall.IsZero() {
		binary.BigEndian.PutUint64(b, ntp.Encode(wall))
	}
	b[8], b[9] = flags, cseq
	return b
}

// lastBefore reports whether a unit is the last of its track before a gap, or the
// last before the end of what was asked for. It looks ahead as far as that takes, but not
// beyond a gap, and at the live end, where nothing is known, not at all.
func (p *player) lastBefore(x shot) (gap, end bool) {
	if p.replay == nil {
		return false, false
	}
	for i := 0; i < mostAhead; i++ {
		if i == len(p.ahead) {
			if p.asked == nil {
				n, ok, err := p.pick(p.ctx, false)
				if err == nil && !ok {
					return false, false
				}
				if p.asked = err; err == nil {
					p.ahead = append(p.ahead, p.timed(n))
				}
			}
			if p.asked != nil {
				end = errors.Is(p.asked, errDone)
				return end && p.replay.backward(), end // backward it is the oldest moment
			}
		}
		switch n := p.ahead[i]; {
		case p.apart(x, n):
			return true, false
		case n.track == x.track:
			return false, false
		}
	}
	return false, false
}

// apart reports whether a gap lies between two units, one read after the other.
func (p *player) apart(x, n shot) bool {
	if p.replay.backward() {
		return p.s.view.axis().Parted(x.Position(), n.Position())
	}
	return n.Jump || n.Run != x.Run
}
