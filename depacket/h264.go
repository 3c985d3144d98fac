package depacket

import (
	"errors"
	"fmt"

	"github.com/pion/rtp"

	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/gortsplib/v5/pkg/format/rtph264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"

	"hindsight/media"
)

// h264Reader puts access units together. One that lacks a packet is dropped, since
// it would be a broken picture; what follows is kept as the camera sent it.
type h264Reader struct {
	dec    *rtph264.Decoder
	sets   paramSets
	au     [][]byte
	size   int
	ts     uint32
	open   bool // packets of ts have come, the last of them has not
	broken bool // and one of them is missing
	unsure bool // packets are missing before ts, perhaps its first ones
	keyed  bool // a key frame has come
}

func newH264Reader(f *format.H264) (*h264Reader, error) {
	dec, err := f.CreateDecoder()
	if err != nil {
		return nil, err
	}
	r := &h264Reader{dec: dec}
	r.sets.note(f.SPS) //nolint:errcheck // what the description says wrong, the stream says again
	r.sets.note(f.PPS) //nolint:errcheck // likewise
	return r, nil
}

func (r *h264Reader) Track() media.Track {
	t := media.Track{Kind: media.Video, Codec: media.H264, ClockRate: 90000}
	t.Config, t.Width, t.Height = r.sets.config()
	return t
}

func (r *h264Reader) Reorder() int { return r.sets.reorder }

func (r *h264Reader) Read(pkt *rtp.Packet, gap bool) (out []Frame, bad string) {
	if gap && r.open {
		r.broken = true
	}
	if r.open && pkt.Timestamp != r.ts {
		out, bad = r.finish(out, bad)
	}
	if !r.open {
		r.open, r.ts, r.unsure = true, pkt.Timestamp, gap
	}
	alone := *pkt
	alone.Marker = true // hand over the NAL units packet by packet; the access units are made here
	nalus, err := r.dec.Decode(&alone)
	switch {
	case err == nil:
		r.add(nalus)
	case errors.Is(err, rtph264.ErrNonStartingPacketAndNoPrevious):
		r.broken = true // joined in the middle of a picture
	case !errors.Is(err, rtph264.ErrMorePacketsNeeded):
		r.broken = true
		bad = "a packet that is not H.264: " + err.Error()
		if gap || r.unsure {
			bad = "" // the loss is the reason, and counted
		}
	}
	if pkt.Marker {
		out, bad = r.finish(out, bad)
	}
	return out, bad
}

func (r *h264Reader) add(nalus [][]byte) {
	for _, n := range nalus {
		if len(n) == 0 {
			continue
		}
		r.size += len(n)
		if len(r.au) >= h264.MaxNALUsPerAccessUnit || r.size > h264.MaxAccessUnitSize {
			r.broken = true
			return
		}
		r.au = append(r.au, n)
	}
}

// finish ends the access unit and appends it to out if it is whole.
func (r *h264Reader) finish(out []Frame, bad string) ([]Frame, string) {
	au, ts, broken, unsure := r.au, r.ts, r.broken, r.unsure
	r.au, r.size, r.open, r.broken, r.unsure = nil, 0, false, false, false
	if broken {
		return out, bad
	}
	picture, key := false, false
	for _, n := range au {
		typ := h264.NALUType(n[0] & 0x1f)
		switch {
		case n[0]&0x80 != 0 || typ == 0 || typ >= 24: // forbidden_zero_bit, or no type of H.264
			return out, "a NAL unit with a broken header"
		case typ >= h264.NALUTypeNonIDR && typ <= h264.NALUTypeIDR:
			if unsure && !picture && !startsPicture(n) {
				return out, bad
			}
			picture = true
			key = key || typ == h264.NALUTypeIDR
		case typ == h264.NALUTypeSPS || typ == h264.NALUTypePPS:
			if err := r.sets.note(n); err != nil {
				return out, err.Error()
			}
		}
	}
	if !picture || !r.keyed && !key { // parameter sets alone, or nothing to begin with yet
		return out, bad
	}
	if key {
		if au = r.sets.complete(au); au == nil {
			return out, "a key frame without SPS and PPS, in band or in the description"
		}
		r.keyed = true
	}
	return append(out, Frame{TS: ts, Key: key, Payload: lengthPrefixed(au)}), bad
}

// startsPicture reports whether a slice is the first of its picture:
// first_mb_in_slice is 0, one bit (ITU-T H.264, 7.3.3).
func startsPicture(slice []byte) bool { return len(slice) > 1 && slice[1]&0x80 != 0 }

// lengthPrefixed is media.H264's form of an access unit.
func lengthPrefixed(nalus [][]byte) []byte {
	b, err := h264.AVCC(nalus).Marshal()
	if err != nil {
		panic(fmt.Sprintf("depacket: %v", err)) // Marshal has no error to give
	}
	return b
}
