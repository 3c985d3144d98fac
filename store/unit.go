package store

import (
	"bytes"
	"encoding/binary"
	"time"

	"hindsight/media"
)

// unitHeader is how many bytes stand before a unit's payload.
const unitHeader = 56

// appendUnit appends u as a self-describing unit. index is its place in its block.
func appendUnit(b []byte, run media.Run, index uint32, u media.Unit) []byte {
	at := len(b)
	b = append(b, magicUnit...)
	b = append(b, formatVersion, byte(u.Flags))
	b = binary.BigEndian.AppendUint16(b, u.Track)
	b = binary.BigEndian.AppendUint32(b, uint32(run))
	b = binary.BigEndian.AppendUint32(b, index)
	b = binary.BigEndian.AppendUint32(b, uint32(len(u.Payload)))
	b = binary.BigEndian.AppendUint32(b, 0) // key id
	b = binary.BigEndian.AppendUint64(b, uint64(u.DTS))
	b = binary.BigEndian.AppendUint64(b, uint64(u.Offset))
	b = append(b, make([]byte, 12)...) // nonce
	crc := crcUpdate(checksum(b[at:]), u.Payload)
	b = binary.BigEndian.AppendUint32(b, crc)
	return append(b, u.Payload...)
}

// placed is a unit and its place in the block.
type placed struct {
	media.Unit
	index uint32
}

// decodeUnit reads the unit that b begins with. Its payload shares b. size is
// what the unit takes; ok is false when b does not begin with a whole, undamaged unit.
func decodeUnit(b []byte) (u placed, run media.Run, size int, ok bool) {
	if len(b) < unitHeader || string(b[:4]) != magicUnit || b[4] != formatVersion {
		return placed{}, 0, 0, false
	}
	n := binary.BigEndian.Uint32(b[16:])
	if uint64(n) > uint64(len(b)-unitHeader) {
		return placed{}, 0, 0, false
	}
	size = unitHeader + int(n)
	payload := b[unitHeader:size:size]
	if crcUpdate(checksum(b[:unitHeader-4]), payload) != binary.BigEndian.Uint32(b[52:]) {
		return placed{}, 0, 0, false
	}
	u = placed{index: binary.BigEndian.Uint32(b[12:]), Unit: media.Unit{
		Track:   binary.BigEndian.Uint16(b[6:]),
		Flags:   media.Flags(b[5]),
		DTS:     time.Duration(binary.BigEndian.Uint64(b[24:])),
		Offset:  time.Duration(binary.BigEndian.Uint64(b[32:])),
		Payload: payload,
	}}
	return u, media.Run(binary.BigEndian.Uint32(b[8:])), size, true
}

// decodeTable reads the units of one track of one run. What is damaged is
// passed over: the next unit is where its run, track, a higher index and its
// checksum fit, and gets media.Lost. Payloads share b. whole is false when anything was passed over.
func decodeTable(b []byte, run media.Run, track uint16) (us []placed, whole bool) {
	whole = true
	lost := false
	for len(b) > 0 {
		u, r, size, ok := decodeUnit(b)
		if ok && r == run && u.Track == track && (len(us) == 0 || u.index > us[len(us)-1].index) {
			if lost {
				u.Flags |= media.Lost
				lost = false
			}
			us = append(us, u)
			b = b[size:]
			continue
		}
		whole, lost = false, true
		next := bytes.Index(b[1:], []byte(magicUnit))
		if next < 0 {
			break
		}
		b = b[1+next:]
	}
	return us, whole
}
