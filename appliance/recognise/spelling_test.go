package recognise

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/asr/asrtest"
	"hindsight/asr/text"
	"hindsight/media"
	"hindsight/store"
)

// A Chinese model says simplified characters parted by blanks; what is shown,
// kept and found is Traditional and joined, with the words' own times.
func TestTraditionalChinese(t *testing.T) {
	f, err := text.NewFolder()
	if err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(t.TempDir(), store.Options{Fold: f.Fold, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, st)
	h := hearingOf(t, asrtest.Script{})
	h.Language = "zh-TW"
	feed := r.tl.CaptionFeed()
	defer feed.Close()
	s, _ := r.service(nil, h)
	await(t, "it listens", func() bool { return status(s).State == Listening })
	from := r.at
	r.part(spoken[3].Hz, 0, 300*time.Millisecond)
	r.quiet(200 * time.Millisecond)
	second := r.at
	r.part(spoken[4].Hz, 0, 300*time.Millisecond)
	r.quiet(200 * time.Millisecond) // the words are over, the utterance is not
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var partials []string
	for !slices.Contains(partials, "頭髮") {
		e, err := feed.Next(ctx)
		if err != nil {
			t.Fatalf("partials %q: %v", partials, err)
		}
		if partials = append(partials, e.Caption.Text); e.Kind != timeline.CaptionPartial || strings.ContainsAny(e.Caption.Text, "头发 ") {
			t.Errorf("event %d: %q", e.Kind, e.Caption.Text)
		}
	}
	r.quiet(3 * time.Second)
	await(t, "it is kept", func() bool { return len(r.words("zh-TW")) == 2 })

	cs, err := r.tl.Captions(timeline.CaptionQuery{})
	if err != nil || len(cs) != 1 || cs[0].Text != "頭髮" {
		t.Fatalf("%+v, %v", cs, err)
	}
	asrtest.Same(t, cs[0].Words, []media.Word{{Text: "頭", Start: from, End: from + 300*time.Millisecond}, {Text: "髮", Start: second, End: second + 300*time.Millisecond}}, off)
	for _, q := range []string{"头发", "頭髮", "髮"} {
		hits, err := r.tl.SearchCaptions(timeline.CaptionSearch{Text: q})
		if err != nil || len(hits) != 1 || len(hits[0].Matches) == 0 {
			t.Errorf("%s: %d hits, %v", q, len(hits), err)
			continue
		}
		want := from
		if q == "髮" {
			want = second
		}
		if d := (hits[0].At - want).Abs(); d > off {
			t.Errorf("%s: hit at %v, want %v", q, hits[0].At, want)
		}
	}
}

// A language that nobody knows is said, in place of captions.
func TestUnknownLanguage(t *testing.T) {
	r := newRig(t, nil)
	h := hearingOf(t, asrtest.Script{})
	h.Language = "tlh"
	s, _ := r.service(nil, h)
	await(t, "it says so", func() bool { return status(s).State == NoModel && strings.Contains(status(s).Problem, "tlh") })
}
