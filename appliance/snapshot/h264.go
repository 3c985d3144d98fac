package snapshot

import (
	"encoding/binary"

	"hindsight/media"
)

// NAL unit types, ITU-T H.264 table 7-1.
const (
	nalIDR = 5
	nalSPS = 7
)

// begins reports whether a decoder can begin at the key frame. One of H.264 may be
// a recovery point of an open group only, at which openh264 does not begin.
func begins(t media.Track, payload []byte) bool {
	return t.Codec == media.MJPEG || t.Codec == media.H264 && holds(payload, nalIDR)
}

// holds reports whether there is a NAL unit of the type in a stored payload.
func holds(payload []byte, kind byte) bool {
	for p := payload; len(p) > 4; {
		n := uint64(binary.BigEndian.Uint32(p))
		if n == 0 || n > uint64(len(p)-4) {
			return false
		}
		if p[4]&0x1f == kind {
			return true
		}
		p = p[4+n:]
	}
	return false
}
