package encode

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"strings"
	"testing"
)

// nals are NAL units in hexadecimal, separated by spaces.
func nals(s string) [][]byte {
	var out [][]byte
	for _, f := range strings.Fields(s) {
		b, err := hex.DecodeString(f)
		if err != nil {
			panic(err)
		}
		out = append(out, b)
	}
	return out
}

var annexBCases = []struct {
	name, in, want, err string // want: NAL units
}{
	{"one, short code", "000001 6501", "6501", ""},
	{"one, long code", "00000001 6501", "6501", ""},
	{"two", "00000001 0910 000001 6501ff", "0910 6501ff", ""},
	{"zeros before, between and behind", "0000000001 6501 000000 000001 4101 0000", "6501 4101", ""},
	{"emulation prevention stays", "000001 65000003 01", "6500000301", ""},
	{"zeros inside are not the end", "000001 65000201", "65000201", ""},
	{"nothing", "", "", "start code"},
	{"no code", "6501", "", "start code"},
	{"something before the code", "65 000001 6501", "", "start code"},
	{"a code cut short", "0000", "", "start code"},
	{"a code alone", "000001", "", "empty NAL unit"},
	{"two codes in a row", "000001 000001 6501", "", "empty NAL unit"},
}

func TestSplitAnnexB(t *testing.T) {
	for _, c := range annexBCases {
		got, err := SplitAnnexB(bytes.Join(nals(c.in), nil))
		if !errorIs(err, c.err) || err == nil && !reflect.DeepEqual(got, nals(c.want)) {
			t.Errorf("%s: %x, %v", c.name, got, err)
		}
	}
	if _, err := SplitAnnexB(bytes.Repeat([]byte{0, 0, 1, 0x41}, maxNALs+1)); !errorIs(err, "more than 1024") {
		t.Errorf("too many NAL units: %v", err)
	}
	if _, err := SplitAnnexB(make([]byte, maxAccessUnit+1)); !errorIs(err, "larger than") {
		t.Errorf("too large: %v", err)
	}
}

// errorIs reports whether err says text; no text: whether there is none.
func errorIs(err error, text string) bool {
	if text == "" || err == nil {
		return text == "" && err == nil
	}
	return strings.Contains(err.Error(), text)
}

var lengthsCases = []struct {
	name, in, want, err string
}{
	{"nothing", "", "", ""},
	{"one", "00000002 6501", "6501", ""},
	{"two", "00000002 6501 00000001 41", "6501 41", ""},
	{"length cut short", "000000", "", "cut short"},
	{"longer than what is there", "00000003 6501", "", "3 bytes in 2"},
	{"longest length", "ffffffff 6501", "", "4294967295 bytes in 2"},
	{"length 0", "00000000", "", "empty NAL unit"},
}

func TestSplitLengths(t *testing.T) {
	for _, c := range lengthsCases {
		in := bytes.Join(nals(c.in), nil)
		got, err := SplitLengths(in)
		if !errorIs(err, c.err) || err == nil && !reflect.DeepEqual(got, nals(c.want)) {
			t.Errorf("%s: %x, %v", c.name, got, err)
		}
		if err == nil && !bytes.Equal(JoinLengths(got...), in) {
			t.Errorf("%s: joined again it is %x", c.name, JoinLengths(got...))
		}
	}
	if _, err := SplitLengths(make([]byte, maxAccessUnit+1)); !errorIs(err, "larger than") {
		t.Errorf("too large: %v", err)
	}
}

func FuzzSplitAnnexB(f *testing.F) {
	for _, c := range annexBCases {
		f.Add(bytes.Join(nals(c.in), nil))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := SplitAnnexB(data)
		if err != nil {
			return
		}
		again, err := SplitAnnexB(JoinAnnexB(got...))
		if err != nil || !reflect.DeepEqual(got, again) {
			t.Fatalf("%x became %x, %v", got, again, err)
		}
		back, err := SplitLengths(JoinLengths(got...))
		if err != nil || !reflect.DeepEqual(got, back) {
			t.Fatalf("%x became %x, %v", got, back, err)
		}
	})
}

func FuzzSplitLengths(f *testing.F) {
	for _, c := range lengthsCases {
		f.Add(bytes.Join(nals(c.in), nil))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if got, err := SplitLengths(data); err == nil && !bytes.Equal(JoinLengths(got...), data) {
			t.Fatalf("%x became %x", data, JoinLengths(got...))
		}
	})
}
