package depacket

import (
	"errors"

	"github.com/pion/rtp"

	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/gortsplib/v5/pkg/format/rtpmjpeg"

	"hindsight/media"
)

// mjpegReader puts JPEG images together (RFC 2435). One that lacks a packet is dropped.
type mjpegReader struct {
	dec           *rtpmjpeg.Decoder
	broken        bool // a packet of the image under way is missing
	width, height int
}

func newMJPEGReader(f *format.MJPEG) (*mjpegReader, error) {
	dec, err := f.CreateDecoder()
	return &mjpegReader{dec: dec}, err
}

func (r *mjpegReader) Track() media.Track {
	return media.Track{
		Kind: media.Video, Codec: media.MJPEG, ClockRate: 90000,
		Width: uint16(r.width), Height: uint16(r.height),
	}
}

func (r *mjpegReader) Reorder() int { return 0 }

func (r *mjpegReader) Read(pkt *rtp.Packet, gap bool) ([]Frame, string) {
	p := pkt.Payload
	if len(p) < 8 {
		r.broken = true
		return nil, "a packet that is not JPEG"
	}
	switch first := p[1]|p[2]|p[3] == 0; {
	case first:
		r.broken = false
	case gap:
		r.broken = true
	}
	image, err := r.dec.Decode(pkt)
	switch {
	case errors.Is(err, rtpmjpeg.ErrMorePacketsNeeded), errors.Is(err, rtpmjpeg.ErrNonStartingPacketAndNoPrevious):
		return nil, ""
	case r.broken:
		return nil, ""
	case err != nil:
		r.broken = true
		return nil, "a packet that is not JPEG: " + err.Error()
	case p[6] == 0 || p[7] == 0:
		return nil, "an image of more than 2040 pixels in one direction, whose size RTP cannot tell; choose a smaller one"
	}
	r.width, r.height = int(p[6])*8, int(p[7])*8
	return []Frame{{TS: pkt.Timestamp, Key: true, Payload: image}}, ""
}
