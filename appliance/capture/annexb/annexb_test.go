package annexb

import (
	"bytes"
	"errors"
	"os"
	"reflect"
	"slices"
	"testing"
	"time"
)

func stream(t testing.TB) []byte {
	t.Helper()
	// 20 pictures of 96x64 in two slices each, a key frame every 10 (x264, baseline).
	data, err := os.ReadFile("testdata/slices.h264")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestNAL(t *testing.T) {
	for _, c := range []struct {
		name string
		data []byte
		want [][]byte
	}{
		{"nothing", nil, nil},
		{"no start code", []byte{1, 2, 3}, nil},
		{"both start codes", []byte{0, 0, 0, 1, 9, 8, 0, 0, 1, 7}, [][]byte{{9, 8}, {7}}},
		{"padding", []byte{0, 0, 1, 9, 0, 0, 0, 0, 0, 1, 7, 0, 0}, [][]byte{{9}, {7}}},
		{"garbage first", []byte{5, 0, 0, 1, 9}, [][]byte{{9}}},
		{"empty one", []byte{0, 0, 1, 0, 0, 1, 9}, [][]byte{{9}}},
		{"start code at the end", []byte{0, 0, 1, 9, 0, 0, 1}, [][]byte{{9}}},
	} {
		var got [][]byte
		for nal := range NAL(c.data) {
			got = append(got, nal)
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestSize(t *testing.T) {
	if w, h, ok := Size(stream(t)); w != 96 || h != 64 || !ok {
		t.Errorf("%dx%d %t, want 96x64", w, h, ok)
	}
	for _, data := range [][]byte{nil, {0, 0, 1, 0x41, 1}, {0, 0, 1, 0x67}, {0, 0, 1, 0x67, 66, 0, 10}} {
		if w, h, ok := Size(data); ok || w != 0 || h != 0 {
			t.Errorf("%v: %dx%d, want none", data, w, h)
		}
	}
}

// split gives a splitter the data in pieces of n bytes, a millisecond apart.
func split(t *testing.T, data []byte, n int) []Unit {
	t.Helper()
	var s Splitter
	var units []Unit
	now := time.Duration(0)
	for piece := range slices.Chunk(data, n) {
		got, err := s.Add(piece, now)
		if err != nil {
			t.Fatalf("pieces of %d: %v", n, err)
		}
		units = append(units, got...)
		now += time.Millisecond
	}
	if u, ok := s.Flush(); ok {
		units = append(units, u)
	}
	return units
}

func TestSplitterCutsTheSameHoweverTheBytesCome(t *testing.T) {
	data := stream(t)
	for _, n := range []int{1, 2, 3, 5, 7, 100, 1000, len(data)} {
		units := split(t, data, n)
		if len(units) != 20 {
			t.Fatalf("pieces of %d: %d units, want 20", n, len(units))
		}
		var all []byte
		at := time.Duration(-1)
		for i, u := range units {
			slicesIn, sets := 0, 0
			for nal := range NAL(u.Data) {
				switch nal[0] & 0x1f {
				case 1, 5:
					slicesIn++
				case 7, 8:
					sets++
				}
			}
			if wantSets := map[bool]int{true: 2}[i%10 == 0]; slicesIn != 2 || sets != wantSets {
				t.Errorf("pieces of %d: unit %d has %d slices and %d parameter sets, want 2 and %d", n, i, slicesIn, sets, wantSets)
			}
			if u.At < at {
				t.Errorf("pieces of %d: unit %d at %v, before the one before", n, i, u.At)
			}
			// Its first byte came in the piece that holds it, or its start code in the next.
			if first := time.Duration(len(all)/n) * time.Millisecond; u.At < first || u.At > first+5*time.Millisecond {
				t.Errorf("pieces of %d: unit %d at %v, its first byte came at %v", n, i, u.At, first)
			}
			at = u.At
			all = append(all, u.Data...)
		}
		if !bytes.Equal(all, data) {
			t.Errorf("pieces of %d: the units are not the stream", n)
		}
	}
}

func TestSplitterBeginsInTheMiddle(t *testing.T) {
	data := stream(t)
	for _, n := range []int{1, 4, 64, len(data)} {
		units := split(t, append([]byte("garbage without sense\x00\x00"), data[40:]...), n)
		if len(units) < 19 || len(units) > 20 {
			t.Errorf("pieces of %d: %d units, want 19 or 20", n, len(units))
		}
	}
}

func TestSplitterRefusesWhatIsNoH264(t *testing.T) {
	var s Splitter
	noise := bytes.Repeat([]byte{0xa5}, 1<<20)
	for range 20 {
		if _, err := s.Add(noise, 0); err != nil {
			t.Fatalf("bytes without a start code are passed over: %v", err)
		}
	}
	if len(s.buf) > 16 {
		t.Errorf("%d bytes of garbage are kept", len(s.buf))
	}
	_, err := s.Add([]byte{0, 0, 1, 0x65, 0x88}, 0)
	for range 8 {
		if err == nil {
			_, err = s.Add(noise, 0)
		}
	}
	if !errors.Is(err, ErrNotH264) {
		t.Errorf("an endless unit: %v, want %v", err, ErrNotH264)
	}
}

func FuzzSplitter(f *testing.F) {
	data := stream(f)
	f.Add(data[:900], uint8(7))
	f.Add(data[300:1000], uint8(255))
	f.Add([]byte{0, 0, 1, 0x67, 0, 0, 0, 1, 0x65, 0x88, 0, 0, 1, 0x41, 0x9a}, uint8(1))
	f.Add([]byte{0, 0, 0, 0, 1, 9, 0x10, 0, 0, 1}, uint8(2))
	f.Fuzz(func(t *testing.T, data []byte, n uint8) {
		whole, pieces := split(t, data, max(1, len(data))), split(t, data, 1+int(n))
		if len(whole) != len(pieces) {
			t.Fatalf("%d units at once, %d in pieces", len(whole), len(pieces))
		}
		for i := range whole {
			if !bytes.Equal(whole[i].Data, pieces[i].Data) {
				t.Fatalf("unit %d differs", i)
			}
			Size(whole[i].Data)
		}
	})
}
