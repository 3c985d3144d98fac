package storetest

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"hindsight/media"
	"hindsight/store"
)

// spot is a position of so many seconds.
func spot(run media.Run, seconds int) media.Position {
	return media.Position{Run: run, Time: time.Duration(seconds) * time.Second}
}

// beginRuns begins so many runs.
func beginRuns(t *testing.T, s store.Store, n int) {
	t.Helper()
	for range n {
		if _, err := s.BeginRun(media.Anchor{Wall: time.Unix(1_700_000_000, 0)}); err != nil {
			t.Fatal(err)
		}
	}
}

func addMark(t *testing.T, s store.Store, m media.Mark) media.Mark {
	t.Helper()
	got, err := s.AddMark(m)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func testMarks(t *testing.T, b Backend) {
	s := b.Open(t)
	beginRuns(t, s, 2)
	want := []media.Mark{
		{Kind: media.Bookmark, From: spot(2, 7), Text: "한국어 note\n", Who: "anna"},
		{Kind: media.Bookmark, From: spot(1, 9), Text: ""},
		{Kind: media.Pin, From: spot(1, 0), Until: spot(2, 3)},
		{Kind: media.Session, By: media.ByPerson, From: spot(1, 1), Until: spot(1, 1)},
		{Kind: media.Session, By: media.ByPerson, From: spot(2, 1), Text: "goes on"},
		{Kind: media.Session, By: media.ByRun, From: spot(2, 0), Text: "Tuesday"},
		{Kind: media.Stop, From: spot(2, 2), Who: "anna"},
	}
	revision := s.MarksRevision()
	for i, m := range want {
		got := addMark(t, s, m)
		if got.ID != uint64(i+1) || got.Created.IsZero() || got.Changed.IsZero() || s.MarksRevision() <= revision {
			t.Errorf("kept as %+v, want number %d, dated, and revision above %d", got, i+1, revision)
		}
		m.ID, m.Created, m.Changed = got.ID, got.Created, got.Changed
		if got != m {
			t.Errorf("kept as %+v, want %+v", got, m)
		}
		want[i], revision = got, s.MarksRevision()
	}
	for range 2 {
		if got := s.Marks(media.Bookmark); !reflect.DeepEqual(got, []media.Mark{want[1], want[0]}) {
			t.Errorf("bookmarks are %+v", got)
		}
		if got := s.Marks(media.Pin); !reflect.DeepEqual(got, want[2:3]) {
			t.Errorf("pins are %+v", got)
		}
		if got := s.Marks(media.Session); !reflect.DeepEqual(got, []media.Mark{want[3], want[5], want[4]}) {
			t.Errorf("sessions are %+v", got)
		}
		if got := s.Marks(media.Stop); !reflect.DeepEqual(got, want[6:]) {
			t.Errorf("stops are %+v", got)
		}
		s = b.Reopen(t, s)
	}
	if m := addMark(t, s, media.Mark{Kind: media.Bookmark, From: spot(1, 0)}); m.ID != 8 {
		t.Errorf("after reopening number %d is given, want 8", m.ID)
	}
}

func testMarksChanged(t *testing.T, b Backend) {
	s := b.Open(t)
	beginRuns(t, s, 1)
	m := addMark(t, s, media.Mark{Kind: media.Bookmark, From: spot(1, 7), Text: "a", Who: "anna"})
	got, err := s.EditMark(media.Bookmark, m.ID, func(x *media.Mark) {
		x.Text, x.From, x.ID, x.Kind, x.Who = "b", spot(1, 8), 99, media.Pin, "eve"
	})
	if err != nil || got.Text != "b" || got.From != spot(1, 8) || got.ID != m.ID || got.Kind != media.Bookmark || got.Who != "anna" {
		t.Errorf("edited to %+v, %v", got, err)
	}
	var invalid *store.InvalidMarkError
	if _, err := s.EditMark(media.Bookmark, m.ID, func(x *media.Mark) { x.From.Run = 7 }); !errors.As(err, &invalid) {
		t.Errorf("edited into a run that is to come: %v", err)
	}
	s = b.Reopen(t, s)
	if now := s.Marks(media.Bookmark); len(now) != 1 || now[0] != got {
		t.Errorf("after reopening there are %+v, want %+v", now, got)
	}
	if err := s.DeleteMark(media.Pin, m.ID); !errors.Is(err, store.ErrNoMark) {
		t.Errorf("a bookmark was deleted as a pin: %v", err)
	}
	if err := s.DeleteMark(media.Bookmark, m.ID); err != nil {
		t.Error(err)
	}
	if err := s.DeleteMark(media.Bookmark, m.ID); !errors.Is(err, store.ErrNoMark) {
		t.Errorf("deleted twice: %v", err)
	}
	if _, err := s.EditMark(media.Bookmark, m.ID, func(*media.Mark) {}); !errors.Is(err, store.ErrNoMark) {
		t.Errorf("edited after it was deleted: %v", err)
	}
	s = b.Reopen(t, s)
	if now := s.Marks(media.Bookmark); len(now) != 0 {
		t.Errorf("after reopening there are %+v, want none", now)
	}
	if n := addMark(t, s, media.Mark{Kind: media.Bookmark, From: spot(1, 0)}); n.ID != 2 {
		t.Errorf("number %d follows, want 2: that of one deleted is not given again", n.ID)
	}
}

func testMarksRefused(t *testing.T, b Backend) {
	s := b.Open(t)
	beginRuns(t, s, 2)
	addMark(t, s, media.Mark{Kind: media.Stop, From: spot(1, 0)})
	addMark(t, s, media.Mark{Kind: media.Session, By: media.ByPerson, From: spot(1, 0)})
	addMark(t, s, media.Mark{Kind: media.Session, By: media.ByRun, From: spot(1, 0)})
	for name, m := range map[string]media.Mark{
		"no kind":                       {From: spot(1, 0)},
		"a kind of later":               {Kind: 5, From: spot(1, 0)},
		"no run":                        {Kind: media.Bookmark},
		"a run that is to come":         {Kind: media.Bookmark, From: spot(3, 0)},
		"a moment before its run":       {Kind: media.Bookmark, From: spot(1, -1)},
		"a bookmark with an end":        {Kind: media.Bookmark, From: spot(1, 0), Until: spot(1, 1)},
		"an empty pin":                  {Kind: media.Pin, From: spot(1, 1), Until: spot(1, 1)},
		"a pin by somebody":             {Kind: media.Pin, By: media.ByRun, From: spot(1, 0), Until: spot(1, 1)},
		"a session by nobody":           {Kind: media.Session, From: spot(1, 0)},
		"a session over two runs":       {Kind: media.Session, By: media.ByPerson, From: spot(1, 0), Until: spot(2, 0)},
		"a session that ends before it": {Kind: media.Session, By: media.ByPerson, From: spot(1, 2), Until: spot(1, 1)},
		"a part of a run":               {Kind: media.Session, By: media.ByRun, From: spot(2, 1)},
		"a second stop":                 {Kind: media.Stop, From: spot(2, 0)},
		"a second open session":         {Kind: media.Session, By: media.ByPerson, From: spot(2, 0)},
		"a second name of a run":        {Kind: media.Session, By: media.ByRun, From: spot(1, 0)},
		"too long":                      {Kind: media.Bookmark, From: spot(1, 0), Text: strings.Repeat("x", 4097)},
		"no UTF-8":                      {Kind: media.Bookmark, From: spot(1, 0), Text: "\xff"},
		"too long a name":               {Kind: media.Bookmark, From: spot(1, 0), Who: strings.Repeat("x", 256)},
	} {
		var invalid *store.InvalidMarkError
		if _, err := s.AddMark(m); !errors.As(err, &invalid) {
			t.Errorf("%s: %v, want it refused", name, err)
		}
	}
	if n := len(s.Marks(media.Bookmark)) + len(s.Marks(media.Pin)); n != 0 {
		t.Errorf("%d marks were kept all the same", n)
	}
}
