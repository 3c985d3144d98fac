package subtitle

import (
	"iter"
	"slices"
	"testing"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

// said is a caption from one tenth of a second to another.
func said(id uint64, from, to int, model string, edit ...func(*timeline.Caption)) timeline.Caption {
	const tenth = 100 * time.Millisecond
	c := timeline.Caption{Caption: media.Caption{ID: id, Run: 1, Start: time.Duration(from) * tenth, End: time.Duration(to) * tenth,
		Text: model, Language: "ko", Track: 1, Model: media.Model{Name: model, Hash: model}}}
	for _, e := range edit {
		e(&c)
	}
	return c
}

func ids(cs []timeline.Caption) (out []uint64) {
	for _, c := range cs {
		out = append(out, c.ID)
	}
	return out
}

// Of several models' captions of the same sound one is shown.
func TestShown(t *testing.T) {
	edited := func(c *timeline.Caption) { c.Original = "as it was" }
	written := func(c *timeline.Caption) { c.Model = media.Model{Name: media.Hand} }
	for name, x := range map[string]struct {
		captions []timeline.Caption
		want     []uint64
	}{
		"none":                              {nil, nil},
		"one model overlaps itself":         {[]timeline.Caption{said(1, 0, 50, "a"), said(2, 30, 40, "a")}, []uint64{1, 2}},
		"the one made last":                 {[]timeline.Caption{said(9, 20, 60, "b"), said(1, 0, 50, "a")}, []uint64{9}},
		"the one made last, earlier":        {[]timeline.Caption{said(1, 20, 60, "a"), said(9, 0, 50, "b")}, []uint64{9}},
		"a long one over short ones":        {[]timeline.Caption{said(1, 0, 9, "a"), said(2, 10, 19, "a"), said(3, 0, 40, "b")}, []uint64{3}},
		"changed by a person":               {[]timeline.Caption{said(1, 0, 50, "a", edited), said(9, 10, 20, "b"), said(10, 60, 70, "b")}, []uint64{1, 10}},
		"written by a person":               {[]timeline.Caption{said(1, 0, 50, "", written), said(9, 10, 20, "b")}, []uint64{1}},
		"of persons the one made last":      {[]timeline.Caption{said(1, 0, 50, "a", edited), said(2, 0, 50, "b", edited)}, []uint64{2}},
		"another language":                  {[]timeline.Caption{said(1, 0, 50, "a"), said(2, 0, 50, "b", func(c *timeline.Caption) { c.Language = "en" })}, []uint64{1, 2}},
		"another track":                     {[]timeline.Caption{said(1, 0, 50, "a"), said(2, 0, 50, "b", func(c *timeline.Caption) { c.Track = 2 })}, []uint64{1, 2}},
		"another run":                       {[]timeline.Caption{said(2, 0, 50, "b", func(c *timeline.Caption) { c.Run = 2 }), said(1, 0, 50, "a")}, []uint64{1, 2}},
		"another make of a model":           {[]timeline.Caption{said(1, 0, 50, "a"), said(2, 0, 50, "a", func(c *timeline.Caption) { c.Model.Hash = "new" })}, []uint64{2}},
		"they touch":                        {[]timeline.Caption{said(1, 0, 50, "a"), said(2, 50, 90, "b")}, []uint64{1, 2}},
		"one takes over from another":       {[]timeline.Caption{said(1, 0, 50, "a"), said(2, 47, 90, "b")}, []uint64{1, 2}},
		"more than that":                    {[]timeline.Caption{said(1, 0, 50, "a"), said(2, 46, 90, "b")}, []uint64{2}},
		"a short one within":                {[]timeline.Caption{said(1, 10, 12, "a"), said(2, 0, 50, "b")}, []uint64{2}},
		"what is hidden hides nothing":      {[]timeline.Caption{said(1, 0, 50, "a"), said(2, 40, 90, "b"), said(3, 80, 99, "c")}, []uint64{1, 3}},
		"all of the same instant":           {[]timeline.Caption{said(1, 10, 10, "a"), said(2, 10, 10, "b")}, []uint64{1, 2}},
		"order is by start, then by number": {[]timeline.Caption{said(5, 10, 20, "a"), said(4, 10, 20, "a"), said(6, 0, 5, "a")}, []uint64{6, 4, 5}},
	} {
		given := slices.Clone(x.captions)
		if got := ids(Shown(x.captions)); !slices.Equal(got, x.want) {
			t.Errorf("%s: shown %v, want %v", name, got, x.want)
		}
		if !slices.Equal(ids(given), ids(x.captions)) {
			t.Errorf("%s: what was given was changed", name)
		}
	}
}

// endless is two models' captions, with a pause after every tenth.
func endless(given *int) iter.Seq[timeline.Caption] {
	return func(yield func(timeline.Caption) bool) {
		for i := 0; ; i++ {
			at := i*50 + i/10*50
			for _, c := range []timeline.Caption{said(uint64(2*i+1), at, at+50, "a"), said(uint64(2*i+2), at, at+50, "b")} {
				if *given++; !yield(c) {
					return
				}
			}
		}
	}
}

// No more is read ahead than up to the next pause.
func TestShownOfIsLazy(t *testing.T) {
	given, n := 0, uint64(0)
	for c := range ShownOf(endless(&given)) {
		if n++; c.ID != 2*n {
			t.Fatalf("the %d. is caption %d", n, c.ID)
		}
		if ahead := given - int(c.ID); ahead > 21 {
			t.Fatalf("%d read ahead at caption %d", ahead, c.ID)
		}
		if n == 10_000 {
			break
		}
	}
}

// Where nobody ever pauses no more is held back than heldMost.
func TestShownOfIsBounded(t *testing.T) {
	given := 0
	chain := func(yield func(timeline.Caption) bool) {
		for i := 0; i < 3*heldMost; i++ {
			if given++; !yield(said(uint64(i+1), i*50, i*50+60, "a")) {
				return
			}
		}
	}
	n := 0
	for range ShownOf(chain) {
		if n++; given-n > heldMost {
			t.Fatalf("%d held back", given-n)
		}
	}
	if n != 3*heldMost {
		t.Errorf("%d of %d shown", n, 3*heldMost)
	}
}
