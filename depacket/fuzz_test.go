package depacket

import (
	"testing"
	"time"

	"github.com/pion/rtp"

	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"

	"hindsight/depacket/depackettest"
	"hindsight/media"
)

// readers are one of each kind.
func readers(t testing.TB) []Reader {
	t.Helper()
	var all []Reader
	for _, f := range []format.Format{
		&format.H264{PacketizationMode: 1}, &format.MJPEG{}, &format.Opus{ChannelCount: 2}, depackettest.AACLC(),
		&format.G711{SampleRate: 8000, ChannelCount: 1},
	} {
		r, err := New(f)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

// FuzzPackets gives packets of nonsense to each reader: the first byte of each
// piece says how long it is, the second the marker, a gap and a step of time.
func FuzzPackets(f *testing.F) {
	for _, s := range []string{"plain", "bframes"} {
		var data []byte
		for _, pkts := range depackettest.Packets(f, s, nil).Packets[:4] {
			for _, p := range pkts {
				mark := byte(0)
				if p.Marker {
					mark = 1
				}
				data = append(append(data, byte(len(p.Payload)), mark), p.Payload...)
			}
		}
		f.Add(data)
	}
	f.Add([]byte{11, 1, 0, 0, 0, 0, 1, 50, 8, 6, 1, 2, 3, 9, 3, 0, 0, 0, 3, 1, 50, 8, 6, 1})  // JPEG
	f.Add([]byte{6, 1, 0, 16, 0, 16, 7, 7, 1, 1, 0xfc, 3, 5, 0xff, 63, 1})                    // AAC, Opus
	f.Add([]byte{9, 1, 24, 0, 2, 103, 1, 0, 2, 104, 1, 0, 1, 3, 0, 1, 28, 133, 3, 28, 69, 1}) // H.264: STAP-A, FU-A
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, r := range readers(t) {
			seq, ts := uint16(0), uint32(0)
			for rest := data; len(rest) > 2; {
				n := min(int(rest[0]), len(rest)-2)
				mark, payload := rest[1], rest[2:2+n]
				rest = rest[2+n:]
				gap := mark&2 != 0
				if gap {
					seq++
				}
				seq++
				ts += uint32(mark >> 2)
				pkt := &rtp.Packet{Header: rtp.Header{Marker: mark&1 != 0, SequenceNumber: seq, Timestamp: ts}, Payload: payload}
				if n == 0 {
					continue // the intake lets none through
				}
				frames, bad := r.Read(pkt, gap)
				checkFrames(t, r.Track(), frames, bad)
			}
		}
	})
}

// checkFrames holds what is handed on against the rules of its format.
func checkFrames(t *testing.T, tr media.Track, frames []Frame, bad string) {
	t.Helper()
	if len(bad) > 300 {
		t.Errorf("says %d bytes", len(bad))
	}
	for _, f := range frames {
		if len(f.Payload) == 0 {
			t.Fatalf("%v: an empty unit", tr.Codec)
		}
		switch tr.Codec {
		case media.H264:
			checkAccessUnit(t, f)
		case media.MJPEG:
			if f.Payload[0] != 0xff || f.Payload[1] != 0xd8 || tr.Width == 0 || tr.Height == 0 {
				t.Fatal("not a JPEG image")
			}
		case media.Opus:
			if d := tr.Duration(f.Payload); d <= 0 || d > 120*time.Millisecond {
				t.Fatalf("an Opus packet of %v", d)
			}
		}
	}
}

func checkAccessUnit(t *testing.T, f Frame) {
	t.Helper()
	var au h264.AVCC
	if err := au.Unmarshal(f.Payload); err != nil {
		t.Fatal(err)
	}
	slices, idr, sps, pps := 0, false, false, false
	for _, n := range au {
		switch h264.NALUType(n[0] & 0x1f) {
		case h264.NALUTypeSPS:
			sps = true
		case h264.NALUTypePPS:
			pps = true
		case h264.NALUTypeIDR:
			idr = true
			slices++
		case h264.NALUTypeNonIDR, h264.NALUTypeDataPartitionA, h264.NALUTypeDataPartitionB, h264.NALUTypeDataPartitionC:
			slices++
		}
	}
	if slices == 0 || idr != f.Key || f.Key && (!sps || !pps) {
		t.Fatalf("an access unit of %d slices; key %v, IDR %v, SPS %v, PPS %v", slices, f.Key, idr, sps, pps)
	}
}
