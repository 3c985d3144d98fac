package depacket

import (
	"bytes"
	"errors"
	"math"
	"slices"

	"github.com/bluenviron/mediacommon/v2/pkg/bits"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
)

// paramSets are the SPS and PPS in force, by their numbers.
type paramSets struct {
	sps, pps      []numbered
	width, height int
	joined        []byte // all of them in media.Track's form; nil: not made yet
	reorder       int    // what the SPS says about B frames: pictures that are shown later than one decoded after them
}

type numbered struct {
	id   uint32
	nalu []byte
}

// note takes a NAL unit if it is an SPS or PPS.
func (p *paramSets) note(nalu []byte) error {
	if len(nalu) == 0 {
		return nil
	}
	switch h264.NALUType(nalu[0] & 0x1f) {
	case h264.NALUTypeSPS:
		return p.noteSPS(nalu)
	case h264.NALUTypePPS:
		pos := 8
		id, err := bits.ReadGolombUnsigned(nalu, &pos)
		if err != nil || id > 255 {
			return errors.New("a PPS that cannot be read")
		}
		p.pps = p.replace(p.pps, id, nalu)
	}
	return nil
}

func (p *paramSets) noteSPS(nalu []byte) error {
	var s h264.SPS
	if err := s.Unmarshal(nalu); err != nil {
		return errors.New("an SPS that cannot be read")
	}
	w, h := s.Width(), s.Height()
	if w <= 0 || h <= 0 || w > math.MaxUint16 || h > math.MaxUint16 {
		return errors.New("an SPS with an impossible size")
	}
	p.sps = p.replace(p.sps, s.ID, nalu)
	p.width, p.height, p.reorder = w, h, 0
	if s.VUI != nil && s.VUI.BitstreamRestriction != nil {
		p.reorder = int(min(s.VUI.BitstreamRestriction.MaxNumReorderFrames, maxReorder))
	}
	return nil
}

func (p *paramSets) replace(list []numbered, id uint32, nalu []byte) []numbered {
	i := slices.IndexFunc(list, func(n numbered) bool { return n.id == id })
	if i >= 0 && bytes.Equal(list[i].nalu, nalu) {
		return list
	}
	p.joined = nil
	if i < 0 {
		return append(list, numbered{id, bytes.Clone(nalu)})
	}
	list[i].nalu = bytes.Clone(nalu)
	return list
}

// complete puts the sets in force before a key frame that comes without, behind
// its access unit delimiter if it has one. It returns nil if there are none.
func (p *paramSets) complete(au [][]byte) [][]byte {
	var hasSPS, hasPPS bool
	for _, n := range au {
		hasSPS = hasSPS || h264.NALUType(n[0]&0x1f) == h264.NALUTypeSPS
		hasPPS = hasPPS || h264.NALUType(n[0]&0x1f) == h264.NALUTypePPS
	}
	if hasSPS && hasPPS {
		return au
	}
	if len(p.sps) == 0 || len(p.pps) == 0 {
		return nil
	}
	var front, rest [][]byte
	for _, n := range au {
		switch h264.NALUType(n[0] & 0x1f) {
		case h264.NALUTypeAccessUnitDelimiter:
			front = append(front, n)
		case h264.NALUTypeSPS, h264.NALUTypePPS: // among those in force
		default:
			rest = append(rest, n)
		}
	}
	return append(append(front, p.all()...), rest...)
}

func (p *paramSets) all() [][]byte {
	var all [][]byte
	for _, n := range p.sps {
		all = append(all, n.nalu)
	}
	for _, n := range p.pps {
		all = append(all, n.nalu)
	}
	return all
}

// config is what media.Track wants to know.
func (p *paramSets) config() (config []byte, width, height uint16) {
	if p.joined == nil && len(p.sps) > 0 && len(p.pps) > 0 {
		p.joined = lengthPrefixed(p.all())
	}
	return p.joined, uint16(p.width), uint16(p.height)
}
