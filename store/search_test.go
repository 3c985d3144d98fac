package store

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"hindsight/media"
)

func TestFolding(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{"?!…", ""},
		{"  Hello,  WORLD! ", "hello world"},
		{"Crème brûlée", "creme brulee"},
		{"Straße ﬁx Ⅳ ²", "strasse fix iv 2"},
		{"ＡＢＣ １２３ ｱｲｳ", "abc 123 アイウ"},
		{"ＡＢｱｲ", "abアイ"},
		{"ガ ｶﾞ カ\u3099 カ", "ガガガカ"},
		{"天 氣 ok 很 好", "天氣 ok 很好"},
		{"한국어 각\u1100\u1161", "한국어 각가"},
		{"สวัสดี ครับ", "สวัสดีครับ"},
		{"नमस्ते दुनिया", "नमस्ते दुनिया"},
		{"ΜΆΪΟΣ", "μαιοσ"},
		{"don't", "don t"},
		{"a\u0301\u0302b", "ab"},
		{"\u0301", ""},
	} {
		if got := string(newFolder(nil).take(c.text)); got != c.want {
			t.Errorf("%q is folded to %q, want %q", c.text, got, c.want)
		}
	}
}

// FuzzFold: what is folded is folded for good, and every byte of it comes from somewhere.
func FuzzFold(f *testing.F) {
	for _, s := range []string{"", "Crème, brûlée", "天 氣 ok", "ｶﾞ カ\u3099", "\xff\x80a", "İstanbul ı", "ᄀ\u1161\u11a8", "a\u0301\u0302", "\"a b\" c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		x := newFolder(nil)
		got := bytes.Clone(x.take(s))
		if len(x.at) != len(got) || len(x.end) != len(got) {
			t.Fatalf("%q: %d bytes from %d and %d places", s, len(got), len(x.at), len(x.end))
		}
		for i := range got {
			if x.at[i] < 0 || x.end[i] < x.at[i] || int(x.end[i]) > len(s) || i > 0 && x.at[i] < x.at[i-1] {
				t.Fatalf("%q: byte %d comes from %d to %d", s, i, x.at[i], x.end[i])
			}
		}
		if bytes.HasPrefix(got, []byte(" ")) || bytes.HasSuffix(got, []byte(" ")) || bytes.Contains(got, []byte("  ")) || bytes.Contains(got, []byte("\n")) {
			t.Errorf("%q is folded to %q", s, got)
		}
		if utf8.ValidString(s) && !utf8.Valid(got) {
			t.Errorf("%q is folded to %q, which is no UTF-8", s, got)
		}
		terms, err := parseTerms(x, s)
		if err != nil || !utf8.ValidString(s) || strings.ContainsAny(s, "\"“”„「」＂") {
			return
		}
		c := media.Caption{Text: s, Words: []media.Word{{Text: s, End: time.Second}}}
		if h, ok := match(x, c, terms); ok {
			for _, m := range h.Matches {
				if m.From < 0 || m.Until < m.From || m.Until > len(s) {
					t.Errorf("%q matches %+v", s, m)
				}
			}
		}
	})
}

// FuzzSearchBlock: a block that decodes is the one that is written.
func FuzzSearchBlock(f *testing.F) {
	var e searchEntries
	for n := range 3 {
		c := crashCaption(1, n)
		c.ID = uint64(n + 1)
		e.add(c, []byte(c.Text[:6*n]))
	}
	f.Add(e.encode()[8:])
	f.Add([]byte{0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := decodeEntries(body, checksum(body))
		if err != nil {
			return
		}
		if !bytes.Equal(e.encode()[8:], body) {
			t.Error("it is written otherwise")
		}
		for i := range e.len() {
			e.mark(i)
			if from := e.begin(i); e.at(from) != i || e.at(from+len(e.of(i))) != i {
				t.Errorf("byte %d is in caption %d, want %d", from, e.at(from), i)
			}
		}
	})
}

// TestHearingLikeBySecond lays spans over one another and compares with a list of seconds.
func TestHearingLikeBySecond(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 8))
	states := []media.Heard{media.HeardDone, media.HeardPending, media.HeardOff}
	for range 200 {
		var list []stretch
		var want [50]media.Heard
		for range 20 {
			from := rnd.IntN(49)
			until := from + 1 + rnd.IntN(50-from-1)
			s := states[rnd.IntN(3)]
			list = lay(list, stretch{from: time.Duration(from), until: time.Duration(until), state: s})
			for i := from; i < until; i++ {
				want[i] = s
			}
			var got [50]media.Heard
			for i, x := range list {
				if x.until <= x.from || i > 0 && (x.from < list[i-1].until || x.from == list[i-1].until && x.state == list[i-1].state) {
					t.Fatalf("list %v", list)
				}
				for n := x.from; n < x.until; n++ {
					got[n] = x.state
				}
			}
			if got != want {
				t.Fatalf("%v says %v, want %v", list, got, want)
			}
		}
	}
}

// TestWalkIsARange compares walks with what was put, in a tree of several levels.
func TestWalkIsARange(t *testing.T) {
	s, _, _ := spokenStore(t, Options{})
	say(t, s, upTo(0, 2000)...)
	rnd := rand.New(rand.NewPCG(9, 10))
	err := s.notes.reading(s.notes.path(), func(tr tree) error {
		b, err := tr.bucketOf(placesBucket)
		if err != nil {
			return err
		}
		for range 200 {
			from, until := uint64(rnd.IntN(2100)), uint64(rnd.IntN(2100))
			var want, got []uint64
			for n := max(from, 1); n < until && n <= 2000; n++ {
				want = append(want, n)
			}
			back := rnd.IntN(2) == 0
			if back {
				slices.Reverse(want)
			}
			tr.walk(b, span{idKey(from), idKey(until), back}, func(it leafItem) bool {
				p, err := parseItem(it)
				if err != nil {
					t.Error(err)
				}
				got = append(got, p.id)
				return true
			}, func(err error) { t.Error(err) })
			if !slices.Equal(got, want) {
				t.Fatalf("%d to %d, back %v: %d keys, want %d", from, until, back, len(got), len(want))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
