package depacket

import (
	"bytes"
	"slices"
	"testing"

	"github.com/pion/rtp"

	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"

	"hindsight/depacket/depackettest"
	"hindsight/media"
)

// feed reads all packets but those that lose says, and returns the frames and what was bad.
func feed(t testing.TB, s *depackettest.Stream, lose func(picture, packet, of int) bool) (frames []Frame, bad []string) {
	t.Helper()
	r, err := newH264Reader(s.Format)
	if err != nil {
		t.Fatal(err)
	}
	gap := false
	for i, pkts := range s.Packets {
		for k, p := range pkts {
			if lose != nil && lose(i, k, len(pkts)) {
				gap = true
				continue
			}
			f, b := r.Read(p, gap)
			gap = false
			frames = append(frames, f...)
			if b != "" {
				bad = append(bad, b)
			}
		}
	}
	return frames, bad
}

func numbers(frames []Frame) (n []int) {
	for _, f := range frames {
		n = append(n, int(f.TS/3600))
	}
	return n
}

// upTo is 0 to n-1 without some.
func upTo(n int, without ...int) (list []int) {
	for i := range n {
		if !slices.Contains(without, i) {
			list = append(list, i)
		}
	}
	return list
}

func TestH264IsHandedOnUntouched(t *testing.T) {
	for _, name := range []string{"plain", "bframes", "pyramid"} {
		s := depackettest.Packets(t, name, nil)
		frames, bad := feed(t, s, nil)
		if len(bad) != 0 || !slices.Equal(numbers(frames), upTo(50)) {
			t.Fatalf("%s: pictures %v, bad %v", name, numbers(frames), bad)
		}
		for i, f := range frames {
			if f.Key != (i == 0 || i == 25) {
				t.Errorf("%s: picture %d: key is %v", name, i, f.Key)
			}
			if !bytes.Equal(f.Payload, lengthPrefixed(s.AUs[i])) {
				t.Errorf("%s: picture %d differs from what was sent", name, i)
			}
		}
	}
}

func TestH264WithoutTheMarker(t *testing.T) {
	s := depackettest.Packets(t, "plain", nil)
	for _, pkts := range s.Packets {
		pkts[len(pkts)-1].Marker = false
	}
	frames, bad := feed(t, s, nil)
	if len(bad) != 0 || !slices.Equal(numbers(frames), upTo(49)) { // the last one has nothing behind it
		t.Errorf("pictures %v, bad %v", numbers(frames), bad)
	}
}

func TestH264LossesCostThePictureOnly(t *testing.T) {
	tests := []struct {
		name string
		lose func(picture, packet, of int) bool
		want []int
	}{
		{"the first packet of a picture", func(i, k, of int) bool { return i == 7 && k == 0 }, upTo(50, 7)},
		{"the last packet of a picture", func(i, k, of int) bool { return i == 7 && k == of-1 }, upTo(50, 7)},
		{"one in the middle", func(i, k, of int) bool { return i == 7 && k == of/2 }, upTo(50, 7)},
		{"the end of one and the start of the next", func(i, k, of int) bool { return i == 7 && k == of-1 || i == 8 && k == 0 }, upTo(50, 7, 8)},
		{"a whole picture", func(i, _, _ int) bool { return i == 7 }, upTo(50, 7)},
		{"half a key frame", func(i, k, of int) bool { return i == 25 && k > of/2 }, upTo(50, 25)},
	}
	for _, name := range []string{"plain", "bframes"} {
		for _, tt := range tests {
			frames, bad := feed(t, depackettest.Packets(t, name, nil), tt.lose)
			if !slices.Equal(numbers(frames), tt.want) {
				t.Errorf("%s, %s: pictures %v", name, tt.name, numbers(frames))
			}
			if len(bad) != 0 {
				t.Errorf("%s, %s: bad %v, beyond the loss", name, tt.name, bad)
			}
		}
	}
}

func without(types ...h264.NALUType) func(int, [][]byte) [][]byte {
	return func(_ int, au [][]byte) [][]byte {
		return slices.DeleteFunc(slices.Clone(au), func(n []byte) bool { return slices.Contains(types, h264.NALUType(n[0]&0x1f)) })
	}
}

// sets takes the SPS and PPS out of the first access unit.
func sets(t testing.TB, name string) (sps, pps []byte) {
	t.Helper()
	for _, n := range depackettest.AccessUnits(t, name)[0] {
		switch h264.NALUType(n[0] & 0x1f) {
		case h264.NALUTypeSPS:
			sps = n
		case h264.NALUTypePPS:
			pps = n
		}
	}
	return sps, pps
}

func TestSetsOfTheDescriptionGoBeforeKeyFrames(t *testing.T) {
	sps, pps := sets(t, "plain")
	for name, edit := range map[string]func(int, [][]byte) [][]byte{
		"neither in band": without(h264.NALUTypeSPS, h264.NALUTypePPS),
		"SPS in band":     without(h264.NALUTypePPS),
		"PPS in band":     without(h264.NALUTypeSPS),
		"behind a delimiter": func(i int, au [][]byte) [][]byte {
			return append([][]byte{{9, 0x10}}, without(h264.NALUTypeSPS, h264.NALUTypePPS)(i, au)...)
		},
	} {
		s := depackettest.Packets(t, "plain", edit)
		s.Format.SPS, s.Format.PPS = sps, pps
		frames, bad := feed(t, s, nil)
		if len(frames) != 50 || len(bad) != 0 {
			t.Fatalf("%s: %d pictures, bad %v", name, len(frames), bad)
		}
		for _, i := range []int{0, 25} {
			var au h264.AVCC
			if err := au.Unmarshal(frames[i].Payload); err != nil {
				t.Fatal(err)
			}
			var types []h264.NALUType
			for _, n := range au {
				types = append(types, h264.NALUType(n[0]&0x1f))
			}
			types = slices.DeleteFunc(types, func(t h264.NALUType) bool { return t == h264.NALUTypeSEI })
			want := []h264.NALUType{7, 8, 5, 5, 5}
			if name == "behind a delimiter" {
				want = append([]h264.NALUType{9}, want...)
			}
			if !slices.Equal(types, want) {
				t.Errorf("%s: key frame %d has NAL units of types %v", name, i, types)
			}
		}
	}
}

func TestKeyFrameWithoutSetsIsDropped(t *testing.T) {
	frames, bad := feed(t, depackettest.Packets(t, "plain", without(h264.NALUTypeSPS, h264.NALUTypePPS)), nil)
	if len(frames) != 0 || len(bad) != 2 {
		t.Errorf("%d pictures, bad %v", len(frames), bad)
	}
}

func TestSetsInAnAccessUnitOfTheirOwn(t *testing.T) {
	s := depackettest.Packets(t, "plain", nil)
	sps, pps := sets(t, "plain")
	enc, err := s.Format.CreateEncoder()
	if err != nil {
		t.Fatal(err)
	}
	own, err := enc.Encode([][]byte{sps, pps})
	if err != nil {
		t.Fatal(err)
	}
	rest := depackettest.Packets(t, "plain", without(h264.NALUTypeSPS, h264.NALUTypePPS))
	rest.Packets = append([][]*rtp.Packet{own}, rest.Packets...)
	frames, bad := feed(t, rest, nil)
	if len(frames) != 50 || len(bad) != 0 || !frames[0].Key {
		t.Errorf("%d pictures, bad %v", len(frames), bad)
	}
}

func TestNothingBeforeTheFirstKeyFrame(t *testing.T) {
	frames, bad := feed(t, depackettest.Packets(t, "plain", nil), func(i, k, _ int) bool { return i < 3 || i == 3 && k == 0 })
	if len(bad) != 0 || len(frames) != 25 || frames[0].TS != 25*3600 {
		t.Errorf("pictures %v, bad %v", numbers(frames), bad)
	}
}

func TestTrackOfH264(t *testing.T) {
	s := depackettest.Packets(t, "bframes", nil)
	r, err := newH264Reader(s.Format)
	if err != nil {
		t.Fatal(err)
	}
	if tr := r.Track(); tr.Width != 0 || tr.Config != nil || tr.Codec != media.H264 || tr.ClockRate != 90000 {
		t.Errorf("before the first packet: %+v", tr)
	}
	for _, p := range s.Packets[0] {
		r.Read(p, false)
	}
	sps, pps := sets(t, "bframes")
	if tr := r.Track(); tr.Width != 160 || tr.Height != 120 || !bytes.Equal(tr.Config, lengthPrefixed([][]byte{sps, pps})) {
		t.Errorf("after the first picture: %+v", tr)
	}
}

func TestBrokenH264IsDroppedAndNamed(t *testing.T) {
	tests := []struct {
		name  string
		nalus [][]byte
	}{
		{"forbidden bit", [][]byte{{0xe5, 0x88, 0x84}}},
		{"type 0", [][]byte{{0x60, 1, 2}}},
		{"SPS of nonsense", [][]byte{{0x67, 1}, {0x65, 0x88}}},
		{"PPS of nonsense", [][]byte{{0x68}, {0x65, 0x88}}},
	}
	for _, tt := range tests {
		f := &format.H264{PacketizationMode: 1}
		r, err := newH264Reader(f)
		if err != nil {
			t.Fatal(err)
		}
		var frames []Frame
		var bad string
		for i, n := range tt.nalus {
			fs, b := r.Read(&rtp.Packet{Header: rtp.Header{Marker: i == len(tt.nalus)-1}, Payload: n}, false)
			frames, bad = append(frames, fs...), bad+b
		}
		if len(frames) != 0 || bad == "" {
			t.Errorf("%s: %d pictures, bad %q", tt.name, len(frames), bad)
		}
	}
}
