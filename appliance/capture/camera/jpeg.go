package camera

import (
	"encoding/binary"
	"errors"
)

var (
	errNoJPEG   = errors.New("it does not begin as one")
	errJPEGCut  = errors.New("it ends within its header")
	errJPEGSize = errors.New("it has no size")
)

// jpegSize reads width and height from a JPEG's frame header (ITU-T T.81,
// section B.2.2); the picture itself is not looked at.
func jpegSize(data []byte) (width, height int, err error) {
	if len(data) < 4 || data[0] != 0xff || data[1] != 0xd8 {
		return 0, 0, errNoJPEG
	}
	for data = data[2:]; len(data) >= 4; {
		if data[0] != 0xff {
			return 0, 0, errNoJPEG
		}
		marker := data[1]
		switch {
		case marker == 0xff: // a fill byte
			data = data[1:]
			continue
		case marker == 0x01 || marker >= 0xd0 && marker <= 0xd7: // stand alone
			data = data[2:]
			continue
		case marker == 0xd9 || marker == 0xda || marker == 0: // end, or scan before the size
			return 0, 0, errJPEGSize
		}
		n := int(binary.BigEndian.Uint16(data[2:]))
		if n < 2 || len(data) < 2+n {
			return 0, 0, errJPEGCut
		}
		if isFrameHeader(marker) {
			if n < 8 {
				return 0, 0, errJPEGCut
			}
			height, width = int(binary.BigEndian.Uint16(data[5:])), int(binary.BigEndian.Uint16(data[7:]))
			if width == 0 || height == 0 {
				return 0, 0, errJPEGSize
			}
			return width, height, nil
		}
		data = data[2+n:]
	}
	return 0, 0, errJPEGCut
}

// isFrameHeader reports whether a marker is one of SOF0 to SOF15: of that range
// three are something else (DHT, JPG, DAC).
func isFrameHeader(marker byte) bool {
	return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc
}
