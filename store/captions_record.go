package store

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"hindsight/media"
)

// place is where a caption stands.
type place struct {
	media.Position
	id uint64
}

func placeOf(c media.Caption) place { return place{c.Position(), c.ID} }

// key is the caption's key: keys ascend as positions do, then as numbers do.
func (p place) key() []byte {
	var w writer
	w.u32(uint32(p.Run))
	w.time(p.Time)
	w.u64(p.id)
	return w.b
}

// firstKey is at or below the key of every caption at p or after it.
func firstKey(p media.Position) []byte { return place{Position: p}.key() }

func idKey(id uint64) []byte { return binary.BigEndian.AppendUint64(nil, id) }

// parsePlace reads what key writes.
func parsePlace(key []byte) (place, error) {
	r := reader{b: key}
	p := place{media.Position{Run: media.Run(r.u32()), Time: r.time()}, r.u64()}
	return p, r.done()
}

func (p place) encode() []byte {
	w := newRecord(magicPlace)
	w.u32(uint32(p.Run))
	w.time(p.Time)
	return w.end()
}

// decodePlace reads the place of caption id.
func decodePlace(id uint64, b []byte) (place, error) {
	r, err := openRecord(b, magicPlace)
	if err != nil {
		return place{}, err
	}
	p := place{media.Position{Run: media.Run(r.u32()), Time: r.time()}, id}
	return p, r.done()
}

func encodeModel(m media.Model) []byte {
	w := newRecord(magicModel)
	w.str8(m.Name)
	w.str8(m.Hash)
	return w.end()
}

func decodeModel(b []byte) (media.Model, error) {
	r, err := openRecord(b, magicModel)
	if err != nil {
		return media.Model{}, err
	}
	m := media.Model{Name: r.str8(), Hash: r.str8()}
	return m, r.done()
}

// encodeCaption is c, whose model has the number model in its file.
func encodeCaption(c media.Caption, model uint16) []byte {
	w := newRecord(magicCaption)
	w.u64(c.ID)
	w.u32(uint32(c.Run))
	w.time(c.Start)
	w.uvarint(uint64(c.End - c.Start))
	w.u16(c.Track)
	w.u8(uint8(c.Role))
	w.u16(model)
	w.str8(c.Language)
	w.str16(c.Text)
	w.str16(c.Original)
	w.str8(c.Editor)
	w.u16(uint16(len(c.Words)))
	for _, x := range c.Words {
		w.uvarint(uint64(x.Start - c.Start))
		w.uvarint(uint64(x.End - x.Start))
		w.u32(math.Float32bits(x.Confidence))
		w.str8(x.Text)
	}
	return w.end()
}

// decodeCaption returns a caption without its model, and the model's number.
func decodeCaption(b []byte) (c media.Caption, model uint16, err error) {
	r, err := openRecord(b, magicCaption)
	if err != nil {
		return c, 0, err
	}
	c = media.Caption{ID: r.u64(), Run: media.Run(r.u32()), Start: r.time()}
	c.End = c.Start + time.Duration(r.uvarint())
	c.Track, c.Role = r.u16(), media.Role(r.u8())
	model = r.u16()
	c.Language, c.Text, c.Original, c.Editor = r.str8(), r.str16(), r.str16(), r.str8()
	r.list(func() {
		x := media.Word{Start: c.Start + time.Duration(r.uvarint())}
		x.End = x.Start + time.Duration(r.uvarint())
		x.Confidence = math.Float32frombits(r.u32())
		x.Text = r.str8()
		c.Words = append(c.Words, x)
	})
	return c, model, r.done()
}

// key is the chunk's key in its bucket.
func (c chunk) key() []byte {
	var w writer
	w.u32(uint32(c.run))
	w.u32(c.hour)
	w.u16(c.track)
	return append(w.b, c.language...)
}

func (c chunk) encode() []byte {
	w := newRecord(magicHeard)
	w.u32(uint32(c.run))
	w.u32(c.hour)
	w.u16(c.track)
	w.str8(c.language)
	w.u64(c.revision)
	w.u16(uint16(len(c.list)))
	for _, x := range c.list {
		w.time(x.from)
		w.time(x.until)
		w.u8(heardCode(x.state))
		w.str8(x.why)
	}
	return w.end()
}

func decodeChunk(b []byte) (chunk, error) {
	r, err := openRecord(b, magicHeard)
	if err != nil {
		return chunk{}, err
	}
	c := chunk{}
	c.run, c.hour, c.track, c.language, c.revision = media.Run(r.u32()), r.u32(), r.u16(), r.str8(), r.u64()
	r.list(func() {
		x := stretch{from: r.time(), until: r.time()}
		if n := r.u8(); n > 0 && int(n) < len(heardStates) {
			x.state = heardStates[n]
		} else if r.err == nil {
			r.err = fmt.Errorf("state %d is unknown", n)
		}
		x.why = r.str8()
		c.list = append(c.list, x)
	})
	return c, r.done()
}

// void says that captions do not count though their files still have them:
// those of a range that were replaced.
type void struct {
	CaptionRange
	last uint64 // the highest number that it is about
	file string // that says so
}

// has reports whether c does not count.
func (v void) has(c media.Caption) bool { return c.ID <= v.last && v.CaptionRange.has(c) }

func (v void) encode() []byte {
	w := newRecord(magicVoid)
	w.u64(v.last)
	w.u32(uint32(v.From.Run))
	w.time(v.From.Time)
	w.u32(uint32(v.Until.Run))
	w.time(v.Until.Time)
	w.str8(v.Language)
	w.str8(v.Model)
	w.u16(v.Track)
	w.bool(v.KeepHand)
	return w.end()
}

func decodeVoid(b []byte) (void, error) {
	r, err := openRecord(b, magicVoid)
	if err != nil {
		return void{}, err
	}
	v := void{last: r.u64()}
	v.From = media.Position{Run: media.Run(r.u32()), Time: r.time()}
	v.Until = media.Position{Run: media.Run(r.u32()), Time: r.time()}
	v.Language, v.Model, v.Track, v.KeepHand = r.str8(), r.str8(), r.u16(), r.bool()
	return v, r.done()
}
