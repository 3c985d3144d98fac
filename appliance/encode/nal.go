package encode

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// NAL unit types, H.264 table 7-1.
const (
	nalSlice    = 1
	nalPartA    = 2
	nalPartC    = 4
	nalIDR      = 5
	nalSEI      = 6
	nalSPS      = 7
	nalPPS      = 8
	nalAUD      = 9
	nalFiller   = 12
	nalLastType = 23 // above it: RTP's own (RFC 6184 section 5.2), never in a stream
)

// An access unit larger than this is not one: 2160p at 50 Mbit/s stays below 8 MiB.
const (
	maxAccessUnit = 16 << 20
	maxNALs       = 1024
)

// SplitAnnexB splits an access unit at its start codes (H.264 annex B). The NAL
// units are parts of au, without trailing zeros. It is an error if au does not begin
// with a start code, holds an empty NAL unit, or is larger than any access unit is.
func SplitAnnexB(au []byte) ([][]byte, error) {
	if len(au) > maxAccessUnit {
		return nil, fmt.Errorf("h264: access unit of %d bytes, larger than %d", len(au), maxAccessUnit)
	}
	code := []byte{0, 0, 1}
	at := bytes.Index(au, code)
	if at < 0 || len(bytes.TrimLeft(au[:at], "\x00")) != 0 {
		return nil, errors.New("h264: does not begin with a start code")
	}
	var nals [][]byte
	for rest := au[at+3:]; rest != nil; {
		nal := rest
		if next := bytes.Index(rest, code); next >= 0 {
			nal, rest = rest[:next], rest[next+3:]
		} else {
			rest = nil
		}
		nal = bytes.TrimRight(nal, "\x00")
		if len(nal) == 0 {
			return nil, errors.New("h264: empty NAL unit")
		}
		if nals = append(nals, nal); len(nals) > maxNALs {
			return nil, fmt.Errorf("h264: more than %d NAL units in an access unit", maxNALs)
		}
	}
	return nals, nil
}

// SplitLengths splits a payload of media.H264: NAL units behind 4-byte
// big-endian lengths. The NAL units are parts of payload.
func SplitLengths(payload []byte) ([][]byte, error) {
	if len(payload) > maxAccessUnit {
		return nil, fmt.Errorf("h264: access unit of %d bytes, larger than %d", len(payload), maxAccessUnit)
	}
	var nals [][]byte
	for len(payload) > 0 {
		if len(payload) < 4 {
			return nil, errors.New("h264: cut short inside a length")
		}
		n := binary.BigEndian.Uint32(payload)
		if n == 0 {
			return nil, errors.New("h264: empty NAL unit")
		}
		if uint64(n) > uint64(len(payload)-4) {
			return nil, fmt.Errorf("h264: NAL unit of %d bytes in %d", n, len(payload)-4)
		}
		nals = append(nals, payload[4:4+n:4+n])
		payload = payload[4+n:]
		if len(nals) > maxNALs {
			return nil, fmt.Errorf("h264: more than %d NAL units in an access unit", maxNALs)
		}
	}
	return nals, nil
}

// JoinLengths makes the payload of media.H264 of NAL units; the opposite of SplitLengths.
func JoinLengths(nals ...[]byte) []byte {
	size := 0
	for _, n := range nals {
		size += 4 + len(n)
	}
	out := make([]byte, 0, size)
	for _, n := range nals {
		out = binary.BigEndian.AppendUint32(out, uint32(len(n)))
		out = append(out, n...)
	}
	return out
}

// JoinAnnexB puts a start code before every NAL unit; the opposite of SplitAnnexB.
func JoinAnnexB(nals ...[]byte) []byte {
	var out []byte
	for _, n := range nals {
		out = append(out, 0, 0, 0, 1)
		out = append(out, n...)
	}
	return out
}

func nalType(nal []byte) byte { return nal[0] & 31 }

// checkNAL refuses what no decoder may be given (H.264 section 7.4.1).
func checkNAL(nal []byte) error {
	if len(nal) == 0 {
		return errors.New("h264: empty NAL unit")
	}
	t := nalType(nal)
	switch {
	case nal[0]&0x80 != 0:
		return errors.New("h264: forbidden bit set in a NAL unit's header")
	case t == 0 || t > nalLastType:
		return fmt.Errorf("h264: NAL unit type %d does not exist in a stream", t)
	case t >= nalPartA && t <= nalPartC:
		return errors.New("h264: data partitioning, which no player decodes")
	case (t == nalIDR || t == nalSPS || t == nalPPS) && nal[0]&0x60 == 0:
		return fmt.Errorf("h264: NAL unit type %d says that nothing refers to it", t)
	case len(nal) == 1 && t <= nalPPS:
		return fmt.Errorf("h264: NAL unit type %d without content", t)
	}
	return nil
}
