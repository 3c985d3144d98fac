package depacket

import (
	"slices"
	"testing"

	"hindsight/depacket/depackettest"
)

func TestReorderMakesDecodingTimes(t *testing.T) {
	tests := []struct {
		name string
		pts  []int64
		want []int64
	}{
		{"no B frames", []int64{0, 1, 2, 3}, []int64{0, 1, 2, 3}},
		{"IBBP", []int64{0, 3, 1, 2, 6, 4, 5, 9, 7, 8}, []int64{-1, 0, 1, 2, 3, 4, 5, 6, 7, 8}},
		{"pyramid", []int64{0, 4, 2, 1, 3, 8, 6, 5, 7}, []int64{-2, -1, 0, 1, 2, 3, 4, 5, 6}},
		{"uneven distance", []int64{0, 300, 100, 210, 600, 410, 500}, []int64{-90, 0, 100, 210, 300, 410, 500}},
		{"two lost", []int64{0, 3, 1, 6, 4, 5, 9, 8}, []int64{-1, 0, 1, 3, 4, 5, 6, 8}},
	}
	for _, tt := range tests {
		var r Order
		r.Study(tt.pts, 0)
		var got []int64
		for _, p := range tt.pts {
			got = append(got, r.Push(p))
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: decoding times %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestReorderOfRealStreams(t *testing.T) {
	for name, depth := range map[string]int{"plain": 0, "bframes": 1, "pyramid": 2} {
		pts := depackettest.Times(t, name)
		if len(pts) != 50 {
			t.Fatalf("%s: %d pictures", name, len(pts))
		}
		var r Order
		r.Study(pts[:25], 0)
		for i, p := range pts {
			if dts := r.Push(p); dts != int64(i-depth) {
				t.Fatalf("%s: picture %d has decoding time %d, want %d", name, i, dts, i-depth)
			}
		}
	}
}

func TestReorderFindsBFramesThatComeLater(t *testing.T) {
	var r Order
	r.Study([]int64{0, 100}, 0)
	last := int64(-1 << 62)
	late := 0
	for _, p := range []int64{0, 100, 200, 500, 300, 400, 800, 600, 700, 1100, 900, 1000, 1400, 1200, 1300} {
		dts := r.Push(p)
		if dts <= last {
			t.Fatalf("decoding time %d after %d", dts, last)
		}
		if dts > p {
			late++
		}
		last = dts
	}
	if late > 2 || r.depth != 1 {
		t.Errorf("%d pictures decoded after they are shown, depth %d", late, r.depth)
	}
}
