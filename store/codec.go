package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"time"

	"hindsight/media"
)

// The magics of FORMAT.md: what a record or unit begins with.
const (
	magicUnit     = "HSu1"
	magicBlock    = "HSb1"
	magicHead     = "HSs1"
	magicTail     = "HSt1"
	magicIndex    = "HSi1"
	magicCounter  = "HSc1"
	magicTrack    = "HSk1"
	magicAnchor   = "HSa1"
	magicCaption  = "HSx1"
	magicPlace    = "HSp1"
	magicModel    = "HSm1"
	magicHeard    = "HSh1"
	magicVoid     = "HSv1"
	magicSearch   = "HSf1"
	magicMark     = "HSn1"
	magicDeletion = "HSd1"
)

const (
	formatVersion  = 1
	recordOverhead = 4 + 1 + 4 // magic, version, crc
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

// writer appends the fields of a record.
type writer struct{ b []byte }

func newRecord(magic string) *writer {
	w := &writer{b: make([]byte, 0, 256)}
	w.b = append(w.b, magic...)
	w.u8(formatVersion)
	return w
}

// end appends the checksum and returns the record.
func (w *writer) end() []byte { return binary.BigEndian.AppendUint32(w.b, checksum(w.b)) }

func (w *writer) u8(v uint8)           { w.b = append(w.b, v) }
func (w *writer) u16(v uint16)         { w.b = binary.BigEndian.AppendUint16(w.b, v) }
func (w *writer) u32(v uint32)         { w.b = binary.BigEndian.AppendUint32(w.b, v) }
func (w *writer) u64(v uint64)         { w.b = binary.BigEndian.AppendUint64(w.b, v) }
func (w *writer) time(v time.Duration) { w.u64(uint64(v)) }

// uvarint appends v in as few bytes as it takes, seven bits in each.
func (w *writer) uvarint(v uint64) { w.b = binary.AppendUvarint(w.b, v) }

func (w *writer) bool(v bool) {
	if v {
		w.u8(1)
	} else {
		w.u8(0)
	}
}

// str8 and str16 cut what is too long; Commit refuses it before.
func (w *writer) str8(s string) {
	s = s[:min(len(s), 0xff)]
	w.u8(uint8(len(s)))
	w.b = append(w.b, s...)
}

func (w *writer) str16(s string) {
	s = s[:min(len(s), 0xffff)]
	w.u16(uint16(len(s)))
	w.b = append(w.b, s...)
}

var errShort = errors.New("record ends early")

// reader takes the fields of a record's body. After the first field that is
// not there every other one is zero and err says so.
type reader struct {
	b   []byte
	err error
}

// openRecord checks magic, version and checksum and returns the body's reader.
func openRecord(b []byte, magic string) (*reader, error) {
	if len(b) < recordOverhead {
		return nil, fmt.Errorf("%s: %d bytes are too few for a record", magic, len(b))
	}
	if string(b[:4]) != magic {
		return nil, fmt.Errorf("%s: begins with %q", magic, b[:4])
	}
	body := len(b) - 4
	if got, want := checksum(b[:body]), binary.BigEndian.Uint32(b[body:]); got != want {
		return nil, fmt.Errorf("%s: checksum is %08x, stored %08x", magic, got, want)
	}
	if b[4] != formatVersion {
		return nil, fmt.Errorf("%s: version %d, this program knows %d; use a newer one", magic, b[4], formatVersion)
	}
	return &reader{b: b[5:body]}, nil
}

// done reports the first field missing or the bytes left over.
func (r *reader) done() error {
	if r.err == nil && len(r.b) > 0 {
		r.err = fmt.Errorf("%d bytes left over behind the last field", len(r.b))
	}
	return r.err
}

func (r *reader) take(n int) []byte {
	if r.err != nil || n > len(r.b) {
		r.err, r.b = errShort, nil
		return make([]byte, min(n, 8)) // enough for a number
	}
	v := r.b[:n]
	r.b = r.b[n:]
	return v
}

func (r *reader) u8() uint8           { return r.take(1)[0] }
func (r *reader) u16() uint16         { return binary.BigEndian.Uint16(r.take(2)) }
func (r *reader) u32() uint32         { return binary.BigEndian.Uint32(r.take(4)) }
func (r *reader) u64() uint64         { return binary.BigEndian.Uint64(r.take(8)) }
func (r *reader) time() time.Duration { return time.Duration(r.u64()) }
func (r *reader) bool() bool          { return r.u8() != 0 }

// durationOf reads what time writes.
func durationOf(b []byte) time.Duration { return time.Duration(binary.BigEndian.Uint64(b)) }

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if r.err != nil || n <= 0 {
		r.err, r.b = errShort, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) bytes(n int) []byte {
	v := r.take(n)
	if r.err != nil {
		return nil
	}
	return v
}

func (r *reader) str8() string  { return string(r.bytes(int(r.u8()))) }
func (r *reader) str16() string { return string(r.bytes(int(r.u16()))) }

// list reads a count and calls item that often, for as long as there is something to read.
func (r *reader) list(item func()) {
	for n := r.u16(); n > 0 && r.err == nil; n-- {
		item()
	}
}

func (w *writer) track(t media.Track) {
	w.u16(t.ID)
	w.u8(uint8(t.Kind))
	w.u8(uint8(t.Role))
	w.u8(uint8(t.Codec))
	w.u8(t.Channels)
	w.u32(t.ClockRate)
	w.u16(t.Width)
	w.u16(t.Height)
	w.str16(string(t.Config))
}

func (r *reader) track() media.Track {
	t := media.Track{
		ID: r.u16(), Kind: media.Kind(r.u8()), Role: media.Role(r.u8()), Codec: media.Codec(r.u8()),
		Channels: r.u8(), ClockRate: r.u32(), Width: r.u16(), Height: r.u16(),
	}
	if c := r.str16(); c != "" {
		t.Config = []byte(c)
	}
	return t
}

func (w *writer) gaps(gs []media.Gap) {
	w.u16(uint16(len(gs)))
	for _, g := range gs {
		w.u8(uint8(g.Kind))
		w.time(g.From)
		w.time(g.Until)
		w.str8(string(g.Reason))
		w.str16(g.Detail)
	}
}

func (r *reader) gaps() (gs []media.Gap) {
	r.list(func() {
		gs = append(gs, media.Gap{
			Kind: media.Kind(r.u8()), From: r.time(), Until: r.time(), Reason: media.Reason(r.str8()), Detail: r.str16(),
		})
	})
	return gs
}

func (w *writer) anchor(a media.Anchor) {
	w.time(a.Media)
	w.u64(uint64(a.Wall.UnixNano()))
	w.bool(a.Trusted)
}

func (r *reader) anchor() media.Anchor {
	return media.Anchor{Media: r.time(), Wall: time.Unix(0, int64(r.u64())).UTC(), Trusted: r.bool()}
}

func (w *writer) anchors(as []media.Anchor) {
	w.u16(uint16(len(as)))
	for _, a := range as {
		w.anchor(a)
	}
}

func (r *reader) anchors() (as media.Anchors) {
	r.list(func() { as = append(as, r.anchor()) })
	return as
}

// crcUpdate is the checksum of what crc covers followed by b.
func crcUpdate(crc uint32, b []byte) uint32 { return crc32.Update(crc, castagnoli, b) }
