package export

import (
	"encoding/binary"
	"errors"

	"github.com/Eyevinn/mp4ff/mp4"
)

var errJPEG = errors.New("jpeg: no frame header")

// jpegSize reads width and height from the frame header (SOF, ITU-T T.81 B.2.2).
func jpegSize(b []byte) (w, h int, err error) {
	if len(b) < 4 || b[0] != 0xff || b[1] != 0xd8 {
		return 0, 0, errJPEG
	}
	for b = b[2:]; len(b) >= 4 && b[0] == 0xff; {
		marker := b[1]
		if marker == 0xff { // fill byte
			b = b[1:]
			continue
		}
		n := int(binary.BigEndian.Uint16(b[2:])) + 2
		if n < 4 || n > len(b) {
			break
		}
		if isSOF(marker) && n >= 9 {
			h, w = int(binary.BigEndian.Uint16(b[5:])), int(binary.BigEndian.Uint16(b[7:]))
			if w == 0 || h == 0 {
				return 0, 0, errJPEG
			}
			return w, h, nil
		}
		b = b[n:]
	}
	return 0, 0, errJPEG
}

// isSOF: C0 to CF but DHT, JPG and DAC (T.81 table B.1).
func isSOF(marker byte) bool {
	return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc
}

// mjpegEntry is mp4v with object type 0x6C, the registered way to put JPEG into MP4.
func mjpegEntry(p params) *mp4.VisualSampleEntryBox {
	const objectJPEG, visualStream = 0x6c, 4<<2 | 1
	esds := &mp4.EsdsBox{ESDescriptor: mp4.ESDescriptor{
		DecConfigDescriptor: &mp4.DecoderConfigDescriptor{ObjectType: objectJPEG, StreamType: visualStream},
		SLConfigDescriptor:  &mp4.SLConfigDescriptor{ConfigValue: 2},
	}}
	return mp4.CreateVisualSampleEntryBox("mp4v", uint16(p.width), uint16(p.height), esds)
}
