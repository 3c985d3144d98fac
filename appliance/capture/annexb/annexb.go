// Package annexb reads H.264 as cameras hand it over: NAL units behind start
// codes (ITU-T H.264, annex B), in whole access units or as a stream of bytes.
package annexb

import (
	"bytes"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
)

var startCode = [...]byte{0, 0, 1}

// NAL calls yield with each NAL unit of an access unit, without start code,
// until yield returns false. What stands before the first start code is passed
// over. The slices are parts of data. It can be ranged over.
func NAL(data []byte) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		at := bytes.Index(data, startCode[:])
		for at >= 0 {
			data = data[at+len(startCode):]
			at = bytes.Index(data, startCode[:])
			nal := data
			if at >= 0 {
				nal = data[:at]
			}
			// The zero before a start code of four bytes, and padding; a NAL unit
			// itself never ends with one (section 7.4.1).
			nal = bytes.TrimRight(nal, "\x00")
			if len(nal) > 0 && !yield(nal) {
				return
			}
		}
	}
}

// Size is the size of the picture that the first sequence parameter set in an
// access unit announces; ok is false if there is none or it cannot be read.
func Size(data []byte) (width, height int, ok bool) {
	for nal := range NAL(data) {
		if h264.NALUType(nal[0]&0x1f) != h264.NALUTypeSPS {
			continue
		}
		var sps h264.SPS
		if sps.Unmarshal(nal) != nil {
			return 0, 0, false
		}
		width, height = sps.Width(), sps.Height()
		return width, height, width > 0 && height > 0
	}
	return 0, 0, false
}
