package encode

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
)

// Parameter sets as x264 writes them, and the beginnings of slices.
const (
	sps1080  = "6742c028dc0780227e5c0440000003004000000c83c60ce0" // 1920x1080, cropped from 1088
	sps360   = "6742c01edc0a02ff97011000000300100000030320f162f8" // 640x360, cropped from 368
	sps768   = "6742c020dc056061e6f011000003000100000300320f183380"
	ppsX264  = "68ce0fc8"
	idr      = "6588843a"         // first_mb 0, slice_type 7 (I), pps 0
	pSlice   = "419a21"           // first_mb 0, slice_type 5 (P), pps 0
	iSlice   = "41888421"         // first_mb 0, slice_type 7 (I), pps 0, not IDR
	iSlice2  = "4104023f"         // first_mb 31, slice_type 7 (I), pps 0, not IDR
	aud      = "0910"             // access unit delimiter
	filler   = "0cffff80"         // filler data
	seiOther = "0605047788991180" // user data, 4 bytes
	recovery = "060601c480"       // recovery point, recovery_frame_cnt 0
	recovers = "060601440880"     // recovery point, recovery_frame_cnt 1
)

var streamCases = []struct {
	name  string
	units []string // access units in order; what the last one gives is checked
	want  string   // its NAL units
	key   bool
	size  [2]int
	err   string
}{
	{"key frame with parameter sets", []string{sps1080 + " " + ppsX264 + " " + idr}, sps1080 + " " + ppsX264 + " " + idr, true, [2]int{1920, 1080}, ""},
	{"delimiter and filler go", []string{aud + " " + sps360 + " " + ppsX264 + " " + filler + " " + idr}, sps360 + " " + ppsX264 + " " + idr, true, [2]int{640, 360}, ""},
	{"other SEI stays, behind the parameter sets", []string{seiOther + " " + sps360 + " " + ppsX264 + " " + idr}, sps360 + " " + ppsX264 + " " + seiOther + " " + idr, true, [2]int{640, 360}, ""},
	{"parameter sets once, repeated here", []string{sps360 + " " + ppsX264 + " " + idr, pSlice, idr}, sps360 + " " + ppsX264 + " " + idr, true, [2]int{640, 360}, ""},
	{"parameter sets in a buffer of their own", []string{sps360 + " " + ppsX264, idr}, sps360 + " " + ppsX264 + " " + idr, true, [2]int{640, 360}, ""},
	{"nothing but parameter sets", []string{sps360 + " " + ppsX264}, "", false, [2]int{}, ""},
	{"between key frames", []string{sps360 + " " + ppsX264 + " " + idr, aud + " " + pSlice}, pSlice, false, [2]int{640, 360}, ""},
	{"another size", []string{sps360 + " " + ppsX264 + " " + idr, sps768 + " " + ppsX264 + " " + idr}, sps768 + " " + ppsX264 + " " + idr, true, [2]int{1366, 768}, ""},
	{"intra picture that recovers at once", []string{sps360 + " " + ppsX264 + " " + recovery + " " + iSlice}, sps360 + " " + ppsX264 + " " + recovery + " " + iSlice, true, [2]int{640, 360}, ""},
	{"intra picture in two slices that recovers at once", []string{sps360 + " " + ppsX264 + " " + recovery + " " + iSlice + " " + iSlice2}, sps360 + " " + ppsX264 + " " + recovery + " " + iSlice + " " + iSlice2, true, [2]int{640, 360}, ""},
	{"intra picture that recovers later", []string{sps360 + " " + ppsX264 + " " + idr, recovers + " " + iSlice}, recovers + " " + iSlice, false, [2]int{640, 360}, ""},
	{"recovery point of a predicted picture", []string{sps360 + " " + ppsX264 + " " + idr, recovery + " " + pSlice}, recovery + " " + pSlice, false, [2]int{640, 360}, ""},
	{"intra picture without recovery point", []string{sps360 + " " + ppsX264 + " " + idr, iSlice}, iSlice, false, [2]int{640, 360}, ""},

	{"before any key frame", []string{pSlice}, "", false, [2]int{}, "no key frame yet"},
	{"before the key frame, parameter sets known", []string{sps360 + " " + ppsX264, pSlice}, "", false, [2]int{}, "no key frame yet"},
	{"key frame without parameter sets", []string{idr}, "", false, [2]int{}, "never came"},
	{"key frame without sequence parameter set", []string{ppsX264 + " " + idr}, "", false, [2]int{}, "never came"},
	{"forbidden bit", []string{sps360 + " " + ppsX264 + " " + idr, "c19a21"}, "", false, [2]int{640, 360}, "forbidden bit"},
	{"type 0", []string{"00aabb"}, "", false, [2]int{}, "type 0"},
	{"an aggregation packet of RTP", []string{"78000265880002"}, "", false, [2]int{}, "type 24"},
	{"a fragment of RTP", []string{"7c858884"}, "", false, [2]int{}, "type 28"},
	{"data partition", []string{"429a21"}, "", false, [2]int{}, "data partitioning"},
	{"key frame that nothing refers to", []string{sps360 + " " + ppsX264 + " 0588843a"}, "", false, [2]int{}, "nothing refers"},
	{"header alone", []string{sps360 + " " + ppsX264 + " 65"}, "", false, [2]int{}, "without content"},
	{"sequence parameter set cut short", []string{"6742c028"}, "", false, [2]int{}, "sequence parameter set"},
	{"picture parameter set of nothing but zeros", []string{"6800"}, "", false, [2]int{}, "picture parameter set"},
	{"slice header of nothing but zeros", []string{sps360 + " " + ppsX264 + " 6500000000"}, "", false, [2]int{}, "slice header"},
	{"predicted slice in an IDR picture", []string{sps360 + " " + ppsX264 + " 659a21"}, "", false, [2]int{}, "refers to another"},
	{"IDR and other slices together", []string{sps360 + " " + ppsX264 + " " + idr + " " + pSlice}, "", false, [2]int{}, "in one access unit"},
	{"slice of unknown parameter set", []string{sps360 + " " + ppsX264 + " " + idr, "419910"}, "", false, [2]int{640, 360}, "parameter set 1, which never came"},
}

func TestH264Stream(t *testing.T) {
	for _, c := range streamCases {
		s, err := NewH264Stream(nil)
		if err != nil {
			t.Fatal(err)
		}
		var got AccessUnit
		for i, u := range c.units {
			if got, err = s.Add(nals(u)); err != nil && i < len(c.units)-1 {
				t.Fatalf("%s: access unit %d: %v", c.name, i, err)
			}
		}
		if !errorIs(err, c.err) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.err)
			continue
		}
		split, err := SplitLengths(got.Payload)
		if err != nil || !reflect.DeepEqual(split, nals(c.want)) || got.Key != c.key {
			t.Errorf("%s: %x, key %v, %v", c.name, split, got.Key, err)
		}
		tr := s.Track()
		if int(tr.Width) != c.size[0] || int(tr.Height) != c.size[1] {
			t.Errorf("%s: size %dx%d, want %v", c.name, tr.Width, tr.Height, c.size)
		}
	}
}

func TestH264StreamGoesOnAfterABrokenUnit(t *testing.T) {
	s, _ := NewH264Stream(nil)
	for i, u := range []struct {
		nals string
		ok   bool
	}{{sps360 + " " + ppsX264 + " " + idr, true}, {"c19a21", false}, {pSlice, true}, {idr, true}} {
		if _, err := s.Add(nals(u.nals)); (err == nil) != u.ok {
			t.Errorf("access unit %d: %v", i, err)
		}
	}
}

func TestConfig(t *testing.T) {
	config := JoinLengths(nals(sps1080 + " " + ppsX264)...)
	s, err := NewH264Stream(config)
	if err != nil {
		t.Fatal(err)
	}
	au, err := s.Add(nals(idr))
	if err != nil || !au.Key {
		t.Fatalf("key %v, %v", au.Key, err)
	}
	if got := s.Track().Config; !bytes.Equal(got, config) {
		t.Errorf("config %x, want %x", got, config)
	}
	if want := JoinLengths(nals(sps1080 + " " + ppsX264 + " " + idr)...); !bytes.Equal(au.Payload, want) {
		t.Errorf("payload %x, want %x", au.Payload, want)
	}
	if _, err := NewH264Stream([]byte{0, 0, 0, 9, 1}); err == nil {
		t.Error("a config that is cut short is taken")
	}
}

func TestWaitingIsNoFault(t *testing.T) {
	s, _ := NewH264Stream(nil)
	if _, err := s.Add(nals(pSlice)); !errors.Is(err, ErrWaiting) {
		t.Errorf("error %v, want ErrWaiting", err)
	}
}

func FuzzH264Stream(f *testing.F) {
	for _, c := range streamCases {
		var all []byte
		for _, u := range c.units {
			all = append(all, JoinAnnexB(nals(u)...)...)
		}
		f.Add(all)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		split, err := SplitAnnexB(data)
		if err != nil {
			return
		}
		s, _ := NewH264Stream(nil)
		for _, n := range split { // every NAL unit as an access unit of its own, then all together
			checkAdded(t, s, [][]byte{n})
		}
		checkAdded(t, s, split)
	})
}

// checkAdded checks what holds for any input: what is taken can be split, is no
// broken NAL unit, and a key frame can be decoded by itself.
func checkAdded(t *testing.T, s *H264Stream, au [][]byte) {
	t.Helper()
	got, err := s.Add(au)
	if err != nil || got.Payload == nil {
		return
	}
	split, err := SplitLengths(got.Payload)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range split {
		if err := checkNAL(n); err != nil {
			t.Fatal(err)
		}
	}
	if !got.Key {
		return
	}
	if nalType(split[0]) != nalSPS || nalType(split[1]) != nalPPS {
		t.Fatalf("key frame begins with %x", split[0])
	}
	fresh, _ := NewH264Stream(nil)
	if again, err := fresh.Add(split); err != nil || !again.Key || !bytes.Equal(again.Payload, got.Payload) {
		t.Fatalf("key frame taken again: %v", err)
	}
	if tr := s.Track(); tr.Width == 0 || tr.Height == 0 || len(tr.Config) == 0 {
		t.Fatalf("track %+v after a key frame", tr)
	}
}
