package rtsp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/pion/rtp"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

// packets makes RTP packets of pieces.
func packets(pieces []piece, stamp uint32) (out []*rtp.Packet) {
	for i, p := range pieces {
		out = append(out, &rtp.Packet{
			Header:  rtp.Header{Version: 2, Marker: p.marker, SequenceNumber: uint16(i), Timestamp: stamp + p.ticks},
			Payload: p.payload,
		})
	}
	return out
}

func filled(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(1 + i%251)
	}
	return b
}

func behindLength(nalus ...[]byte) (b []byte) {
	for _, n := range nalus {
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(n))), n...)
	}
	return b
}

func cut(t *testing.T, tr media.Track, b []byte) ([]piece, format.Format, error) {
	t.Helper()
	f, err := formatOf(tr)
	if err != nil {
		t.Fatal(err)
	}
	pack, err := packerOf(tr, f)
	if err != nil {
		t.Fatal(err)
	}
	pieces, err := pack(b)
	for i, p := range pieces {
		if len(p.payload) > mostPayload {
			t.Errorf("piece %d has %d bytes, more than %d", i, len(p.payload), mostPayload)
		}
	}
	return pieces, f, err
}

// TestPackH264: sizes around every limit come out of the library's decoder as they went in.
func TestPackH264(t *testing.T) {
	for _, sizes := range [][]int{{1}, {10, 4, 9000}, {mostPayload - 1}, {mostPayload}, {mostPayload + 1}, {700, 700, 40}, {20, 8, 100000}} {
		var nalus [][]byte
		for i, n := range sizes {
			b := filled(n)
			b[0] = []byte{0x67, 0x68, 0x65}[i%3]
			nalus = append(nalus, b)
		}
		pieces, f, err := cut(t, testVideo, behindLength(nalus...))
		if err != nil {
			t.Fatalf("%v: %v", sizes, err)
		}
		d, err := f.(*format.H264).CreateDecoder()
		if err != nil {
			t.Fatal(err)
		}
		var got [][]byte
		for i, p := range packets(pieces, 0) {
			if p.Marker != (i == len(pieces)-1) {
				t.Errorf("%v: packet %d of %d has marker %v", sizes, i, len(pieces), p.Marker)
			}
			if au, err := d.Decode(p); err == nil {
				got = au
			}
		}
		if !bytes.Equal(behindLength(got...), behindLength(nalus...)) {
			t.Errorf("%v: what came out is not what went in", sizes)
		}
	}
}

// TestPackAAC: an access unit that needs several packets tells its whole size in each (RFC 3640).
func TestPackAAC(t *testing.T) {
	tr := media.Track{ID: 2, Kind: media.Audio, Codec: media.AAC, ClockRate: 48000, Channels: 2, Config: []byte{0x11, 0x90}}
	for _, n := range []int{1, 300, mostPayload - 4, mostPayload - 3, 6144, 8191} {
		want := filled(n)
		pieces, _, err := cut(t, tr, want)
		if err != nil {
			t.Fatalf("%d bytes: %v", n, err)
		}
		var got []byte
		for i, p := range pieces {
			if bits, size := binary.BigEndian.Uint16(p.payload), binary.BigEndian.Uint16(p.payload[2:])>>3; bits != 16 || int(size) != n {
				t.Errorf("%d bytes: piece %d says %d header bits and %d bytes", n, i, bits, size)
			}
			if p.marker != (i == len(pieces)-1) {
				t.Errorf("%d bytes: piece %d has marker %v", n, i, p.marker)
			}
			got = append(got, p.payload[4:]...)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%d bytes: what came out is not what went in", n)
		}
	}
	if _, _, err := cut(t, tr, filled(8192)); err == nil {
		t.Errorf("8192 bytes, which 13 bits cannot say, are accepted")
	}
}

// TestPackSamples: G.711 is cut at whole samples, each piece with its own time.
func TestPackSamples(t *testing.T) {
	tr := media.Track{ID: 2, Kind: media.Audio, Codec: media.PCMA, ClockRate: 16000, Channels: 2}
	pieces, f, err := cut(t, tr, filled(4000))
	if err != nil {
		t.Fatal(err)
	}
	if f.PayloadType() != payloadAudio || f.RTPMap() != "PCMA/16000/2" {
		t.Errorf("payload type %d, %s", f.PayloadType(), f.RTPMap())
	}
	var got []byte
	for i, p := range pieces {
		if want := uint32(len(got) / 2); p.ticks != want {
			t.Errorf("piece %d is at %d, want %d", i, p.ticks, want)
		}
		got = append(got, p.payload...)
	}
	if !bytes.Equal(got, filled(4000)) || len(pieces) != 3 {
		t.Errorf("%d pieces, %d bytes", len(pieces), len(got))
	}
}

func TestStaticPayloadTypes(t *testing.T) {
	for codec, want := range map[media.Codec]uint8{media.PCMU: 0, media.PCMA: 8} {
		f, err := formatOf(media.Track{Kind: media.Audio, Codec: codec, ClockRate: 8000, Channels: 1})
		if err != nil || f.PayloadType() != want {
			t.Errorf("%v: payload type %d, %v; want %d", codec, f.PayloadType(), err, want)
		}
	}
}

// TestUnfitUnits: what cannot be sent is refused with a reason, and nothing panics.
func TestUnfitUnits(t *testing.T) {
	aac := media.Track{ID: 2, Kind: media.Audio, Codec: media.AAC, ClockRate: 48000, Channels: 2, Config: []byte{0x11, 0x90}}
	pcm := media.Track{ID: 2, Kind: media.Audio, Codec: media.PCMU, ClockRate: 8000, Channels: 1}
	for _, x := range []struct {
		track   media.Track
		payload []byte
	}{
		{testVideo, nil}, {testVideo, []byte{0, 0, 0, 0}}, {testVideo, []byte{0, 0, 0, 9, 1}}, {testVideo, []byte{0, 0}},
		{testVideo, []byte{0xff, 0xff, 0xff, 0xff, 1}},
		{testAudio, nil}, {testAudio, filled(mostPayload + 1)}, {aac, nil}, {pcm, nil},
	} {
		if pieces, _, err := cut(t, x.track, x.payload); err == nil {
			t.Errorf("%v, %d bytes: %d pieces, want an error", x.track.Codec, len(x.payload), len(pieces))
		}
	}
	for _, tr := range []media.Track{
		{Codec: media.AAC, ClockRate: 48000}, {Codec: 99}, {Codec: media.PCMA, ClockRate: 8000}, {Codec: media.PCMA, Channels: 1},
	} {
		if _, err := formatOf(tr); err == nil {
			t.Errorf("%+v has a format", tr)
		}
	}
}

// FuzzPackH264: no payload makes the packer panic or send what does not fit.
func FuzzPackH264(f *testing.F) {
	f.Add(videoUnit(0).Payload)
	f.Add([]byte{0, 0, 0, 1, 0x65, 0, 0, 0, 0, 0, 0, 0, 2, 0x41, 1})
	f.Add([]byte{0, 0, 0, 9, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		pieces, _, err := cut(t, testVideo, b)
		if err == nil && len(pieces) == 0 {
			t.Error("neither pieces nor an error")
		}
	})
}

// TestShelf: a unit is cut once for all who want it, and an error is kept like a result.
func TestShelf(t *testing.T) {
	s, calls := &shelf{}, 0
	cut := func(b []byte) ([]piece, error) {
		calls++
		if len(b) == 0 {
			return nil, errEmpty
		}
		return []piece{{payload: b}}, nil
	}
	item := func(run media.Run, track uint16, n int, b []byte) timeline.Item {
		return timeline.Item{Run: run, Unit: media.Unit{Track: track, DTS: time.Duration(n), Payload: b}}
	}
	for range 3 {
		for n := range 10 {
			p, err := s.pack(item(1, 1, n, []byte{byte(n)}), cut)
			if err != nil || p[0].payload[0] != byte(n) {
				t.Errorf("unit %d: %v, %v", n, p, err)
			}
		}
	}
	if calls != 10 {
		t.Errorf("10 units were cut %d times", calls)
	}
	for _, it := range []timeline.Item{item(2, 1, 3, []byte{9}), item(1, 2, 3, []byte{9})} {
		if p, _ := s.pack(it, cut); p[0].payload[0] != 9 {
			t.Errorf("run %d track %d got the pieces of another unit", it.Run, it.Track)
		}
	}
	for range 2 {
		if _, err := s.pack(item(1, 1, 99, nil), cut); err != errEmpty {
			t.Errorf("error %v", err)
		}
	}
	if calls != 13 {
		t.Errorf("%d calls, want 13", calls)
	}
	for n := range 1000 {
		if p, _ := s.pack(item(1, 3, n, fmt.Append(nil, n)), cut); string(p[0].payload) != fmt.Sprint(n) {
			t.Errorf("unit %d: %q", n, p[0].payload)
		}
	}
}
