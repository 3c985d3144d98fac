package encode

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"hindsight/media"
)

// ErrWaiting says that the access unit is in order but nothing can be decoded
// yet: no key frame came before it. It is not a fault and not worth a log line.
var ErrWaiting = errors.New("h264: no key frame yet")

// AccessUnit is one picture's worth of H.264 in the form that is stored.
type AccessUnit struct {
	Payload []byte // as media.H264; nil: the source sent parameter sets only, and they are remembered
	Key     bool   // decoding may begin here; parameter sets stand in front
}

// H264Stream makes of one source's access units what is stored: checked, without
// access unit delimiters and filler, with the parameter sets in front of every key frame
// whether or not the source repeats them. It follows changes of size.
//
// A key frame is an IDR picture, or an all-intra picture whose recovery point SEI says
// that it is right at once (cameras with an open GOP send no other).
type H264Stream struct {
	sps    map[uint32]sps
	pps    map[uint32]pps
	active uint32 // number of the sequence parameter set of the last key frame
	begun  bool   // a key frame came
	track  media.Track
}

// NewH264Stream begins a stream. config are parameter sets known beforehand, as in
// media.Track.Config (an SDP's sprop-parameter-sets); it may be empty.
func NewH264Stream(config []byte) (*H264Stream, error) {
	s := &H264Stream{sps: map[uint32]sps{}, pps: map[uint32]pps{},
		track: media.Track{Kind: media.Video, Codec: media.H264, ClockRate: 90000}}
	nals, err := SplitLengths(config)
	if err != nil {
		return nil, err
	}
	for _, n := range nals {
		if err := s.learn(n); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Add takes the NAL units of one access unit. An error is the reason why the
// access unit is refused as a whole; ErrWaiting is none.
func (s *H264Stream) Add(nals [][]byte) (AccessUnit, error) {
	for _, n := range nals {
		if err := s.learn(n); err != nil {
			return AccessUnit{}, err
		}
	}
	p, err := s.look(nals)
	if err != nil || p.slices == 0 {
		return AccessUnit{}, err
	}
	key := p.idr || p.recovers && p.intra
	if key {
		s.active, s.begun = s.pps[p.pps].sps, true
		s.describe()
	}
	if !s.begun {
		return AccessUnit{}, ErrWaiting
	}
	return AccessUnit{Payload: s.payload(nals, key), Key: key}, nil
}

// learn checks a NAL unit and remembers it if it is a parameter set.
func (s *H264Stream) learn(nal []byte) error {
	if err := checkNAL(nal); err != nil {
		return err
	}
	switch nalType(nal) {
	case nalSPS:
		p, err := parseSPS(nal)
		if err != nil {
			return err
		}
		p.nal = slices.Clone(nal)
		s.sps[p.id] = p
	case nalPPS:
		p, err := parsePPS(nal)
		if err != nil {
			return err
		}
		p.nal = slices.Clone(nal)
		s.pps[p.id] = p
	}
	return nil
}

// picture is what an access unit's slices and SEI say.
type picture struct {
	slices               int
	pps                  uint32
	idr, intra, recovers bool
}

func (s *H264Stream) look(nals [][]byte) (picture, error) {
	p := picture{intra: true}
	for _, n := range nals {
		switch nalType(n) {
		case nalSEI:
			p.recovers = p.recovers || recoversAtOnce(n)
		case nalSlice, nalIDR:
			sl, err := parseSlice(n)
			if err != nil {
				return p, err
			}
			if err := s.checkSlice(sl, nalType(n) == nalIDR); err != nil {
				return p, err
			}
			if p.slices > 0 && p.idr != (nalType(n) == nalIDR) {
				return p, errors.New("h264: slices of an IDR and of another picture in one access unit")
			}
			p.slices++
			p.pps, p.idr = sl.pps, nalType(n) == nalIDR
			p.intra = p.intra && sl.intra()
		}
	}
	return p, nil
}

// checkSlice refuses a slice that no decoder could read.
func (s *H264Stream) checkSlice(sl slice, idr bool) error {
	pp, ok := s.pps[sl.pps]
	if ok {
		_, ok = s.sps[pp.sps]
	}
	switch {
	case !ok && !s.begun && !idr:
		return ErrWaiting
	case !ok:
		return fmt.Errorf("h264: slice needs parameter set %d, which never came", sl.pps)
	case idr && !sl.intra():
		return errors.New("h264: slice of an IDR picture refers to another picture")
	}
	return nil
}

// payload joins the NAL units that are kept, parameter sets first in a key frame.
func (s *H264Stream) payload(nals [][]byte, key bool) []byte {
	var keep [][]byte
	if key {
		keep = s.sets()
	}
	for _, n := range nals {
		switch t := nalType(n); {
		case t == nalAUD, t == nalFiller:
		case key && (t == nalSPS || t == nalPPS):
		default:
			keep = append(keep, n)
		}
	}
	return JoinLengths(keep...)
}

// sets are the active sequence parameter set and every picture parameter set
// that belongs to it, since a later picture of the group may use another one.
func (s *H264Stream) sets() [][]byte {
	sets := [][]byte{s.sps[s.active].nal}
	for _, id := range slices.Sorted(maps.Keys(s.pps)) {
		if p := s.pps[id]; p.sps == s.active {
			sets = append(sets, p.nal)
		}
	}
	return sets
}

// describe brings the track up to date with the parameter sets of a key frame.
func (s *H264Stream) describe() {
	p := s.sps[s.active]
	s.track.Width, s.track.Height = uint16(p.width), uint16(p.height)
	s.track.Config = JoinLengths(s.sets()...)
}

// Track describes the stream as of the last key frame: codec, clock rate, size
// and Config. Before the first key frame size and Config are empty.
func (s *H264Stream) Track() media.Track { return s.track }

// FullRange reports whether the pictures use luma 0 to 255, as the parameter sets say.
func (s *H264Stream) FullRange() bool { return s.sps[s.active].fullRange }

// BT709 reports whether the parameter sets say that the colours are coded by ITU-R BT.709.
func (s *H264Stream) BT709() bool { return s.sps[s.active].bt709 }
