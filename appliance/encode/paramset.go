package encode

import (
	"errors"
	"fmt"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
)

// sps is a sequence parameter set and what is read from it.
type sps struct {
	id            uint32
	nal           []byte
	width, height int
	fullRange     bool
	bt709         bool // matrix_coefficients, table E-5
}

// parseSPS reads a sequence parameter set, H.264 section 7.3.2.1.1.
func parseSPS(nal []byte) (sps, error) {
	var p h264.SPS
	if err := p.Unmarshal(nal); err != nil {
		return sps{}, fmt.Errorf("h264: sequence parameter set: %w", err)
	}
	if p.ID > 31 {
		return sps{}, fmt.Errorf("h264: sequence parameter set has the number %d, above 31", p.ID)
	}
	s := sps{id: p.ID, nal: nal, width: p.Width(), height: p.Height()}
	if err := checkSize(s.width, s.height); err != nil {
		return sps{}, fmt.Errorf("h264: sequence parameter set: %w", err)
	}
	if p.VUI != nil {
		s.fullRange = p.VUI.VideoFullRangeFlag
		s.bt709 = p.VUI.ColourDescriptionPresentFlag && p.VUI.MatrixCoefficients == 1
	}
	return s, nil
}

// pps is a picture parameter set and the sequence parameter set it belongs to.
type pps struct {
	id, sps uint32
	nal     []byte
}

// parsePPS reads the beginning of a picture parameter set, H.264 section 7.3.2.2.
func parsePPS(nal []byte) (pps, error) {
	b := newBits(nal, 16)
	p := pps{id: b.ue(), sps: b.ue(), nal: nal}
	if b.short || p.id > 255 || p.sps > 31 {
		return pps{}, errors.New("h264: picture parameter set cannot be read")
	}
	return p, nil
}

// slice is the beginning of a slice header, H.264 section 7.3.3.
type slice struct {
	kind uint32 // 0 to 9, table 7-6
	pps  uint32
}

func parseSlice(nal []byte) (slice, error) {
	b := newBits(nal, 24)
	b.ue() // first_mb_in_slice
	s := slice{kind: b.ue(), pps: b.ue()}
	if b.short || s.kind > 9 || s.pps > 255 {
		return slice{}, errors.New("h264: slice header cannot be read")
	}
	return s, nil
}

// intra reports whether the slice refers to no other picture.
func (s slice) intra() bool { return s.kind == 2 || s.kind == 4 || s.kind == 7 || s.kind == 9 }

// recoversAtOnce reports whether SEI says that a decoder may begin at this
// picture and is right from it on: recovery point with recovery_frame_cnt 0,
// H.264 section D.1.8.
func recoversAtOnce(sei []byte) bool {
	b := newBits(sei, 512)
	for !b.short {
		kind, size := seiNumber(b), seiNumber(b)
		if kind == 6 {
			return b.ue() == 0 && !b.short
		}
		if size > len(b.data) {
			return false
		}
		b.at += 8 * size
		if len(b.data)-b.at/8 < 3 { // no room for another message and the trailing bits
			return false
		}
	}
	return false
}

// seiNumber reads payloadType or payloadSize, H.264 section 7.3.2.3.1.
func seiNumber(b *bits) int {
	n := 0
	for {
		v := b.byte()
		n += int(v)
		if v != 255 || b.short {
			return n
		}
	}
}
