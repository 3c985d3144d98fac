package export

import (
	"bytes"
	"context"
	"encoding/binary"
	"testing"
	"time"

	"github.com/Eyevinn/mp4ff/mp4"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

// keeping keeps the first bytes and, of the others, only those at some offsets.
type keeping struct {
	head bytes.Buffer
	n    int64
	want map[int64][]byte // offset to what was there
	upTo int64
}

func (k *keeping) Write(b []byte) (int, error) {
	if k.n < k.upTo {
		k.head.Write(b[:min(int64(len(b)), k.upTo-k.n)])
	}
	for off := range k.want {
		if off >= k.n && off+8 <= k.n+int64(len(b)) {
			k.want[off] = bytes.Clone(b[off-k.n:][:8])
		}
	}
	k.n += int64(len(b))
	return len(b), nil
}

// TestMoreThanFourGiB exports an hour and twenty minutes of 8.6 Mbit/s; every
// payload begins with its number, so that the offsets in the index can be checked.
func TestMoreThanFourGiB(t *testing.T) {
	const frames, size = 4800 * 2, 512 << 10
	body := make([]byte, size)
	copy(body, "\xff\xd8\xff\xe0\x00\x0eNUMBERED____\xff\xc0\x00\x0b\x08\x00\x60\x00\xa0\x01\x01\x11\x00")
	f := &fake{tracks: []media.Track{{ID: 1, Kind: media.Video, Codec: media.MJPEG, ClockRate: 90000}}}
	for i := range time.Duration(frames) {
		f.items = append(f.items, timeline.Item{Run: 1, Unit: media.Unit{Track: 1, Flags: media.Key, DTS: i * time.Second / 2, Payload: body}})
	}
	f.span(1, 0, frames*time.Second/2, "")
	m, err := Plan(context.Background(), f, at(1, 0), at(1, frames*time.Second/2), Options{Wait: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if m.Size() < frames*size {
		t.Fatalf("size %d", m.Size())
	}
	k := &keeping{upTo: m.Size() - int64(m.payload), want: map[int64][]byte{}}
	// Which offsets to look at stands in the index, so it is read in front of the rest.
	if err := m.head(&k.head); err != nil {
		t.Fatal(err)
	}
	offsets := chunkOffsets(t, k.head.Bytes())
	for _, n := range []int{0, 1, len(offsets) / 2, len(offsets) - 1} {
		k.want[int64(offsets[n])] = nil
	}
	k.head.Reset()
	if err := m.Write(context.Background(), k); err != nil {
		t.Fatal(err)
	}
	if k.n != m.Size() {
		t.Fatalf("%d bytes written, %d planned", k.n, m.Size())
	}
	for off, b := range k.want {
		if !bytes.HasPrefix(b, body[:8]) {
			t.Errorf("at %d stands %x, not the beginning of a picture", off, b)
		}
	}
	mdat := k.head.Bytes()[k.head.Len()-16:]
	if binary.BigEndian.Uint32(mdat) != 1 || binary.BigEndian.Uint64(mdat[8:]) != m.payload+16 {
		t.Errorf("header of mdat: %x", mdat)
	}
}

// chunkOffsets reads co64 of the first track.
func chunkOffsets(t *testing.T, head []byte) []uint64 {
	t.Helper()
	r := bytes.NewReader(head)
	var pos uint64
	for {
		box, err := mp4.DecodeBox(pos, r)
		if err != nil {
			t.Fatal(err)
		}
		pos += box.Size()
		if moov, ok := box.(*mp4.MoovBox); ok {
			co64 := moov.Trak.Mdia.Minf.Stbl.Co64
			if co64 == nil {
				t.Fatal("no co64 in a file of more than 4 GiB")
			}
			return co64.ChunkOffset
		}
	}
}
