package store

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"

	"hindsight/media"
)

var (
	someGaps = []media.Gap{
		{Kind: media.Video, From: 1, Until: 2, Reason: media.CameraLost, Detail: "unplugged: \"cam\""},
		{From: 3, Reason: "of later"},
	}
	someAnchors = media.Anchors{
		{Media: 0, Wall: time.Unix(1, 5).UTC()},
		{Media: time.Hour, Wall: time.Unix(1_700_000_000, 999_999_999).UTC(), Trusted: true},
	}
	someStats = []trackStat{
		{Track: media.Track{ID: 1, Kind: media.Video, Codec: media.H264, ClockRate: 90000, Width: 1280, Height: 720, Config: []byte{0, 0, 0, 1, 9}},
			First: 5, Last: 9, Units: 30, Keys: 1, Bytes: 300, Table: 1980},
		{Track: media.Track{ID: 0xfffe, Kind: media.Audio, Role: media.Far, Codec: media.Opus, ClockRate: 48000, Channels: 2}},
	}
	someHead  = head{Run: 3, Seq: 12, Before: 600, Cut: cutKey, Open: someGaps[1:], Anchors: someAnchors}
	someBlock = blockHead{
		Ref: Ref{3, 12, 7}, At: 10, First: 5, Key: Ref{3, 11, 600}, KeyAt: 4, End: media.Suspended,
		Tracks: someStats, Gaps: someGaps, Anchors: someAnchors,
	}
	someSummary = summary{Run: 3, Seq: 12, Blocks: 2, First: 5, End: media.Off, Tracks: someStats, Gaps: someGaps, Anchors: someAnchors}
	someFirsts  = []time.Duration{5, 7}
	someCaption = media.Caption{
		ID: 7, Run: 3, Start: time.Hour, End: time.Hour + 2*time.Second, Text: "날씨\n음악", Original: "날씨 음학", Editor: "anna",
		Language: "ko", Track: 2, Role: media.Far, Words: []media.Word{
			{Text: "날씨", Start: time.Hour, End: time.Hour + 1, Confidence: 1}, {Text: "음학", Start: time.Hour + time.Second, End: time.Hour + 2*time.Second, Confidence: 0.25},
		},
	}
	someChunk = chunk{heardOf: heardOf{3, 2, "zh-TW"}, hour: 1, revision: 9, list: []stretch{
		{time.Hour, time.Hour + 1, media.HeardDone, ""}, {time.Hour + 1, 2 * time.Hour, media.HeardPending, "too slow"},
	}}
	someMark = media.Mark{
		ID: 1 << 40, Kind: media.Session, By: media.ByPerson, From: media.Position{Run: 3, Time: time.Hour}, Until: media.Position{Run: 3, Time: 2 * time.Hour},
		Text: "수업 3\n", Who: "anna", Created: time.Unix(1_700_000_000, 7).UTC(), Changed: time.Unix(1_700_000_001, 0).UTC(),
	}
	someDeletion = deletion{run: 3, from: 5, until: time.Hour, first: 2, last: 7, by: byPerson, state: goingOn, end: media.Off, detail: "by anna"}
	someVoid     = void{last: 9, CaptionRange: CaptionRange{
		From: media.Position{Run: 1, Time: 5}, Until: media.Position{Run: 2, Time: 6}, Language: "ko", Model: "m", Track: 1, KeepHand: true,
	}}
)

// records are what the decoders read; the same bytes seed the fuzzing.
var records = []struct {
	name   string
	bytes  []byte
	decode func([]byte) (any, error)
	want   any
}{
	{"head", someHead.encode(), func(b []byte) (any, error) { return decodeHead(b) }, someHead},
	{"empty head", head{}.encode(), func(b []byte) (any, error) { return decodeHead(b) }, head{}},
	{"block", someBlock.encode(), func(b []byte) (any, error) { return decodeBlockHead(b) }, someBlock},
	{"empty block", blockHead{}.encode(), func(b []byte) (any, error) { return decodeBlockHead(b) }, blockHead{}},
	{"tail", encodeTail(someSummary, someFirsts), func(b []byte) (any, error) { s, _, err := decodeTail(b); return s, err }, someSummary},
	{"firsts of a tail", encodeTail(someSummary, someFirsts), func(b []byte) (any, error) { _, f, err := decodeTail(b); return f, err }, someFirsts},
	{"index", encodeIndex(someSummary, 1<<40), func(b []byte) (any, error) { s, _, err := decodeIndex(b); return s, err }, someSummary},
	{"caption", encodeCaption(someCaption, 4), func(b []byte) (any, error) { c, _, err := decodeCaption(b); return c, err }, someCaption},
	{"model of a caption", encodeCaption(someCaption, 4), func(b []byte) (any, error) { _, m, err := decodeCaption(b); return m, err }, uint16(4)},
	{"place", placeOf(someCaption).encode(), func(b []byte) (any, error) { return decodePlace(7, b) }, placeOf(someCaption)},
	{"model", encodeModel(media.Model{Name: "a", Hash: "b"}), func(b []byte) (any, error) { return decodeModel(b) }, media.Model{Name: "a", Hash: "b"}},
	{"hearing", someChunk.encode(), func(b []byte) (any, error) { return decodeChunk(b) }, someChunk},
	{"void", someVoid.encode(), func(b []byte) (any, error) { return decodeVoid(b) }, someVoid},
	{"mark", encodeMark(someMark), func(b []byte) (any, error) { return decodeMark(b) }, someMark},
	{"deletion", someDeletion.encode(), func(b []byte) (any, error) { return decodeDeletion(b) }, someDeletion},
	{"size in an index", encodeIndex(someSummary, 1<<40), func(b []byte) (any, error) { _, n, err := decodeIndex(b); return n, err }, int64(1 << 40)},
}

func TestRecordsComeBack(t *testing.T) {
	for _, c := range records {
		got, err := c.decode(c.bytes)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, %v; want %+v", c.name, got, err, c.want)
		}
	}
}

func TestEveryFlippedBitOfARecordIsSeen(t *testing.T) {
	for _, c := range records {
		for i := range 8 * len(c.bytes) {
			b := bytes.Clone(c.bytes)
			b[i/8] ^= 1 << (i % 8)
			if _, err := c.decode(b); err == nil {
				t.Fatalf("%s: nobody saw bit %d", c.name, i)
			}
		}
		for n := range c.bytes {
			if _, err := c.decode(c.bytes[:n]); err == nil {
				t.Fatalf("%s: nobody saw that it ends after %d bytes", c.name, n)
			}
		}
	}
}

func TestRecordsThatDoNotFit(t *testing.T) {
	newer := newRecord(magicHead)
	newer.b[4] = formatVersion + 1
	long := newRecord(magicHead)
	long.b = append(long.b, someHead.encode()[5:]...)
	firsts := newRecord(magicTail)
	firsts.summary(someSummary)
	firsts.time(1)
	for _, c := range []struct {
		name, want string
		decode     func() error
	}{
		{"of a newer version", "version 2", func() error { _, err := decodeHead(newer.end()); return err }},
		{"another record", `begins with "HSb1"`, func() error { _, err := decodeHead(someBlock.encode()); return err }},
		{"bytes left over", "4 bytes left over", func() error { _, err := decodeHead(long.end()); return err }},
		{"too few firsts", "8 bytes for the firsts of 2 blocks", func() error { _, _, err := decodeTail(firsts.end()); return err }},
		{"ends early", "ends early", func() error { _, err := decodeHead(newRecord(magicHead).end()); return err }},
	} {
		if err := c.decode(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// FuzzRecords gives every decoder a body with a checksum that fits.
func FuzzRecords(f *testing.F) {
	for _, c := range records {
		f.Add(c.bytes[:len(c.bytes)-4])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		whole := (&writer{b: bytes.Clone(b)}).end()
		if h, err := decodeHead(whole); err == nil && !bytes.Equal(canonical(h.encode()), canonical(whole)) {
			t.Errorf("head %+v is written otherwise", h)
		}
		if h, err := decodeBlockHead(whole); err == nil && !reflect.DeepEqual(h, again(t, h)) {
			t.Errorf("block %+v is written otherwise", h)
		}
		if s, firsts, err := decodeTail(whole); err == nil && len(firsts) != int(s.Blocks) {
			t.Errorf("%d firsts of %d blocks", len(firsts), s.Blocks)
		}
		decodeIndex(whole) //nolint:errcheck // must return
		n := &notes{tracks: map[uint16]media.Track{}, anchors: map[media.Run]media.Anchors{}}
		n.takeCounter(runCounter, whole) //nolint:errcheck // must return
		n.takeTrack(nil, whole)          //nolint:errcheck // must return
		n.takeAnchor(nil, whole)         //nolint:errcheck // must return
		if c, m, err := decodeCaption(whole); err == nil && checkCaption(c, c.Run) == nil {
			if got, _, err := decodeCaption(encodeCaption(c, m)); err != nil || !reflect.DeepEqual(got, c) {
				t.Errorf("caption %+v comes back as %+v, %v", c, got, err)
			}
		}
		if c, err := decodeChunk(whole); err == nil {
			if got, err := decodeChunk(c.encode()); err != nil || !reflect.DeepEqual(got, c) {
				t.Errorf("hearing %+v comes back as %+v, %v", c, got, err)
			}
		}
		if m, err := decodeMark(whole); err == nil {
			if got, err := decodeMark(encodeMark(m)); err != nil || got != m {
				t.Errorf("mark %+v comes back as %+v, %v", m, got, err)
			}
		}
		if d, err := decodeDeletion(whole); err == nil {
			if got, err := decodeDeletion(d.encode()); err != nil || got != d {
				t.Errorf("deletion %+v comes back as %+v, %v", d, got, err)
			}
		}
		if v, err := decodeVoid(whole); err == nil {
			if got, err := decodeVoid(v.encode()); err != nil || got != v {
				t.Errorf("void %+v comes back as %+v, %v", v, got, err)
			}
		}
	})
}

// canonical replaces what a decoder takes for true by what an encoder writes, and drops the checksum.
func canonical(b []byte) []byte {
	h, err := decodeHead(b)
	if err != nil {
		return nil
	}
	return h.encode()
}

// again is what comes back of h.
func again(t *testing.T, h blockHead) blockHead {
	x, err := decodeBlockHead(h.encode())
	if err != nil {
		t.Fatal(err)
	}
	return x
}
