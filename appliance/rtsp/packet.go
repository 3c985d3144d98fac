package rtsp

import (
	"errors"
	"fmt"

	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/gortsplib/v5/pkg/format/rtph264"
	"github.com/pion/rtp"

	"hindsight/media"
)

// mostPayload is what fits a UDP datagram of 1472 bytes (an Ethernet frame of
// 1500) behind the RTP header (12), the ONVIF replay extension (16) and before
// the authentication tag of SRTP (10).
const mostPayload = 1472 - 12 - 16 - 10

// RFC 3640 section 3.3.6, mode AAC-hbr.
const (
	aacSizeBits  = 13
	aacIndexBits = 3
)

// piece is the payload of one RTP packet of a unit.
type piece struct {
	payload []byte // may share the unit's bytes
	marker  bool
	ticks   uint32 // what is added to the unit's time stamp
}

// packer cuts the payload of a track's units into pieces. Its error says why a
// unit cannot be sent; the unit is then left out whole.
type packer func(payload []byte) ([]piece, error)

var errEmpty = errors.New("the unit is empty")

func packerOf(t media.Track, f format.Format) (packer, error) {
	if isText(t) {
		return packText, nil
	}
	switch t.Codec {
	case media.H264:
		e := &rtph264.Encoder{PayloadType: f.PayloadType(), PacketizationMode: 1, PayloadMaxSize: mostPayload}
		if err := e.Init(); err != nil {
			return nil, err
		}
		return func(b []byte) ([]piece, error) { return packH264(e, b) }, nil
	case media.MJPEG:
		return packJPEG, nil
	case media.Opus:
		return packWhole, nil
	case media.AAC:
		return packAAC, nil
	case media.PCMA, media.PCMU:
		return func(b []byte) ([]piece, error) { return packSamples(b, int(t.Channels)) }, nil
	}
	return nil, fmt.Errorf("track %d: no RTP format for codec %v", t.ID, t.Codec)
}

func packH264(e *rtph264.Encoder, b []byte) ([]piece, error) {
	units, err := splitNALUs(b)
	if err != nil {
		return nil, err
	}
	if len(units) == 0 {
		return nil, errEmpty
	}
	return piecesOf(e.Encode(units))
}

// packAAC sends one access unit as RFC 3640 section 3.3.6 says. Each fragment of
// one that needs several packets carries the size of the whole (section 3.2.3.1).
func packAAC(b []byte) ([]piece, error) {
	if len(b) == 0 {
		return nil, errEmpty
	}
	if len(b) >= 1<<aacSizeBits {
		return nil, fmt.Errorf("an AAC unit of %d bytes; RFC 3640 carries %d", len(b), 1<<aacSizeBits-1)
	}
	header := []byte{0, aacSizeBits + aacIndexBits, byte(len(b) >> 5), byte(len(b) << 3)}
	var out []piece
	for done := 0; done < len(b); {
		n := min(mostPayload-len(header), len(b)-done)
		p := append(append(make([]byte, 0, len(header)+n), header...), b[done:done+n]...)
		done += n
		out = append(out, piece{payload: p, marker: done == len(b)})
	}
	return out, nil
}

func piecesOf(packets []*rtp.Packet, err error) ([]piece, error) {
	if err != nil {
		return nil, err
	}
	out := make([]piece, len(packets))
	for i, p := range packets {
		out[i] = piece{payload: p.Payload, marker: p.Marker}
	}
	return out, nil
}

// packWhole sends a unit in one packet, as RFC 7587 wants for Opus.
func packWhole(b []byte) ([]piece, error) {
	if len(b) == 0 {
		return nil, errEmpty
	}
	if len(b) > mostPayload {
		return nil, fmt.Errorf("a packet of %d bytes; one datagram carries %d", len(b), mostPayload)
	}
	return []piece{{payload: b}}, nil
}

// packSamples cuts G.711, one byte a sample and channel, at whole samples.
func packSamples(b []byte, channels int) ([]piece, error) {
	if len(b) == 0 {
		return nil, errEmpty
	}
	step := mostPayload / channels * channels
	var out []piece
	for done := 0; done < len(b); done += step {
		end := min(done+step, len(b))
		out = append(out, piece{payload: b[done:end], ticks: uint32(done / channels)})
	}
	return out, nil
}
