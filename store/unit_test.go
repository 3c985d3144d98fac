package store

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"hindsight/media"
)

// unitTable is a table of track 7 of run 3: five units of 10 bytes, each filled
// with its index.
func unitTable() []byte {
	var b []byte
	for i := range uint32(5) {
		b = appendUnit(b, 3, 2*i, media.Unit{
			Track: 7, Flags: media.Key, DTS: time.Duration(i), Offset: -time.Duration(i), Payload: bytes.Repeat([]byte{byte(i)}, 10),
		})
	}
	return b
}

const unitSize = unitHeader + 10

func TestUnitLayout(t *testing.T) {
	got := appendUnit(nil, 0x01020304, 5, media.Unit{Track: 0x0607, Flags: media.Key | media.Lost, DTS: 8, Offset: -1, Payload: []byte("pay")})
	want := []byte("HSu1\x01\x03\x06\x07\x01\x02\x03\x04\x00\x00\x00\x05\x00\x00\x00\x03" + // magic, version, flags, track, run, index, length
		"\x00\x00\x00\x00" + "\x00\x00\x00\x00\x00\x00\x00\x08" + "\xff\xff\xff\xff\xff\xff\xff\xff" + // key id, dts, offset
		"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" + "\x34\xbf\x31\x28" + "pay") // nonce, crc
	binary.BigEndian.PutUint32(want[52:], crcUpdate(checksum(want[:52]), []byte("pay")))
	if !bytes.Equal(got, want) {
		t.Errorf("got  %x\nwant %x", got, want)
	}
	if c := checksum([]byte("123456789")); c != 0xe3069283 {
		t.Errorf("the checksum of 123456789 is %08x, CRC-32C says e3069283", c)
	}
}

// damages are what can happen to unitTable, and the units that are left.
var damages = []struct {
	name string
	do   func([]byte) []byte
	left []int
}{
	{"nothing", func(b []byte) []byte { return b }, []int{0, 1, 2, 3, 4}},
	{"a bit of a payload", flipAt(unitSize + unitHeader + 3), []int{0, 2, 3, 4}},
	{"a bit of the first payload", flipAt(unitHeader), []int{1, 2, 3, 4}},
	{"a bit of the last payload", flipAt(5*unitSize - 1), []int{0, 1, 2, 3}},
	{"a bit of a magic", flipAt(2 * unitSize), []int{0, 1, 3, 4}},
	{"a version", flipAt(2*unitSize + 4), []int{0, 1, 3, 4}},
	{"flags", flipAt(2*unitSize + 5), []int{0, 1, 3, 4}},
	{"a track", flipAt(2*unitSize + 7), []int{0, 1, 3, 4}},
	{"a run", flipAt(2*unitSize + 11), []int{0, 1, 3, 4}},
	{"an index", flipAt(2*unitSize + 15), []int{0, 1, 3, 4}},
	{"a length grows a little", flipAt(2*unitSize + 19), []int{0, 1, 3, 4}},
	{"a length grows beyond everything", flipAt(2*unitSize + 16), []int{0, 1, 3, 4}},
	{"a decoding time", flipAt(2*unitSize + 31), []int{0, 1, 3, 4}},
	{"a checksum", flipAt(2*unitSize + 55), []int{0, 1, 3, 4}},
	{"two neighbours", func(b []byte) []byte { return flipAt(3 * unitSize)(flipAt(2 * unitSize)(b)) }, []int{0, 1, 4}},
	{"a page of zeros", func(b []byte) []byte { clear(b[unitSize+9 : 3*unitSize+5]); return b }, []int{0, 4}},
	{"everything zero", func(b []byte) []byte { clear(b); return b }, nil},
	{"cut short", func(b []byte) []byte { return b[:3*unitSize-1] }, []int{0, 1}},
	{"a byte too many", func(b []byte) []byte { return append(b, 'H') }, []int{0, 1, 2, 3, 4}},
	{"bytes lost", func(b []byte) []byte { return slices.Delete(b, unitSize+20, unitSize+25) }, []int{0, 2, 3, 4}},
	{"empty", func([]byte) []byte { return nil }, nil},
	{"a unit twice", func(b []byte) []byte { return slices.Insert(b, 2*unitSize, b[unitSize:2*unitSize]...) }, []int{0, 1, 2, 3, 4}},
	{"a unit of another run between", func(b []byte) []byte {
		return slices.Insert(b, unitSize, appendUnit(nil, 4, 1, media.Unit{Track: 7, Payload: []byte("x")})...)
	}, []int{0, 1, 2, 3, 4}},
}

func flipAt(i int) func([]byte) []byte {
	return func(b []byte) []byte { b[i] ^= 1; return b }
}

func TestDamageCostsItsUnitOnly(t *testing.T) {
	for _, c := range damages {
		t.Run(c.name, func(t *testing.T) {
			us, whole := decodeTable(c.do(unitTable()), 3, 7)
			var left []int
			for n, u := range us {
				i := int(u.index / 2)
				left = append(left, i)
				if u.DTS != time.Duration(i) || u.Offset != -time.Duration(i) || !bytes.Equal(u.Payload, bytes.Repeat([]byte{byte(i)}, 10)) {
					t.Errorf("unit %d: %+v", i, u)
				}
				follows := n == 0 && i == 0 || n > 0 && left[n-1] == i-1
				if !follows && u.Flags&media.Lost == 0 {
					t.Errorf("unit %d follows lost ones and does not say so", i)
				}
			}
			if !slices.Equal(left, c.left) {
				t.Errorf("left are %v, want %v", left, c.left)
			}
			if clean := c.name == "nothing" || c.name == "empty"; whole != clean {
				t.Errorf("whole: %v", whole)
			}
		})
	}
}

// TestPayloadThatLooksLikeUnits: what a camera sends may hold our magic.
func TestPayloadThatLooksLikeUnits(t *testing.T) {
	inner := appendUnit(nil, 3, 0, media.Unit{Track: 7, DTS: 99, Payload: []byte("forged")})
	b := appendUnit(nil, 3, 1, media.Unit{Track: 7, DTS: 1, Payload: inner})
	b = appendUnit(b, 3, 2, media.Unit{Track: 7, DTS: 2, Payload: inner})
	us, whole := decodeTable(b, 3, 7)
	if !whole || len(us) != 2 || us[0].DTS != 1 || us[1].DTS != 2 {
		t.Errorf("%d units, whole %v: %+v", len(us), whole, us)
	}
	b[unitHeader+len(inner)+unitHeader-1] ^= 1 // the second unit's checksum: its payload must not count
	if us, _ := decodeTable(b, 3, 7); len(us) != 1 || us[0].DTS != 1 {
		t.Errorf("a forged unit came back: %+v", us)
	}
}

func FuzzDecodeTable(f *testing.F) {
	for _, c := range damages {
		f.Add(c.do(unitTable()))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		us, whole := decodeTable(b, 3, 7)
		size, last := 0, -1
		for _, u := range us {
			size += unitHeader + len(u.Payload)
			if u.Track != 7 || int(u.index) <= last {
				t.Fatalf("unit of track %d with index %d after %d", u.Track, u.index, last)
			}
			last = int(u.index)
		}
		if size > len(b) || whole != (size == len(b)) {
			t.Fatalf("%d bytes of units from %d, whole %v", size, len(b), whole)
		}
	})
}
