package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"hindsight/media"
	"hindsight/store"
)

// searched are texts and what finds them. The backend's Fold makes 头 of 頭.
var searched = []struct {
	text   string
	found  []string
	missed []string
}{
	{"The weather is fine", []string{"weather", "WEATHER", "Ｗｅａｔｈｅｒ", "wea", "fine the", `"weather is"`, `"is fine"`, "“weather is”", `"the weather is fine`},
		[]string{"eather", `"weather fine"`, `"weathe"`, `"is weather"`, "weather rain", `"the weather i"`}},
	{"Café crème à la carte, Straße", []string{"cafe", "CAFÉ", "creme", "cafe\u0301", "strasse", `"carte strasse"`, "à"}, []string{"caffe", "afé"}},
	{"cafe\u0301 ŁÓDŹ ﬁn", []string{"Café", "fin", "łódź"}, []string{"lodz"}},
	{"날씨가 좋은데 음악", []string{"날씨", "씨가", "음악 날씨", `"좋은데 음악"`}, []string{`"날 씨"`, "음학", "ㄴ"}},
	{"今天天氣很好", []string{"天氣", "今天 很好", "天 氣", `"天氣很好"`, "好"}, []string{"天好", "雨"}},
	{"山頭 很 高", []string{"山頭很高", "山头", "头", "頭", "很高"}, []string{"山很"}},
	{"ガンダム と ｶﾞﾝﾀﾞﾑ", []string{"ガンダム", "ｶﾞﾝﾀﾞﾑ", "ダム"}, []string{"カンタム", "タム"}},
	{"สวัสดีครับ", []string{"ครับ", "สวัสดี"}, []string{"สวสด"}},
	{"Ελλάς ΜΆΙΟΣ", []string{"ελλασ", "μάιος", "ΕΛΛΑΣ"}, []string{"λας"}},
	{"don't stop 3.5 kHz", []string{"don't", "don’t", `"3.5 khz"`, "3.5"}, []string{"ont", "35"}},
	{"天氣OK啦", []string{"ok", "天氣ok", `"ok啦"`}, []string{"okay"}},
}

func testSearch(t *testing.T, b Backend) {
	s := b.Open(t)
	r := begin(t, s)
	for i, c := range searched {
		add(t, s, spoken(r.run, time.Duration(i)*10*time.Second, c.text))
	}
	for range 2 {
		for i, c := range searched {
			here := store.CaptionQuery{From: at(1, time.Duration(i)*10*time.Second), Until: at(1, time.Duration(i)*10*time.Second+1)}
			for _, q := range c.found {
				if hits, err := s.SearchCaptions(store.CaptionSearch{CaptionQuery: here, Text: q}); err != nil || len(hits) != 1 {
					t.Errorf("%q is not found in %q: %v, %v", q, c.text, hits, err)
				}
			}
			for _, q := range c.missed {
				if hits, err := s.SearchCaptions(store.CaptionSearch{CaptionQuery: here, Text: q}); err != nil || len(hits) != 0 {
					t.Errorf("%q is found in %q: %v, %v", q, c.text, hits, err)
				}
			}
		}
		s = b.Reopen(t, s)
	}
	for _, q := range []string{"", "  ", `""`, "?!", "\xff"} {
		if _, err := s.SearchCaptions(store.CaptionSearch{Text: q}); !errors.Is(err, store.ErrNoText) {
			t.Errorf("search for %q: %v, want ErrNoText", q, err)
		}
	}
	must(t, s.Close())
}

func testSearchTimes(t *testing.T, b Backend) {
	s := b.Open(t)
	r := begin(t, s)
	c := add(t, s, spoken(r.run, 10*time.Second, "good morning to everybody"))[0]
	chinese := spoken(r.run, 20*time.Second, "今天 天氣 很 好")
	chinese.Text = "今天天氣很好"
	add(t, s, chinese)
	one := func(text string) store.Hit {
		t.Helper()
		hits, err := s.SearchCaptions(store.CaptionSearch{Text: text})
		must(t, err)
		if len(hits) != 1 {
			t.Fatalf("%d hits for %q", len(hits), text)
		}
		return hits[0]
	}
	for _, c := range []struct {
		text string
		want []store.Match
		at   time.Duration
	}{
		{"to", []store.Match{{From: 13, Until: 15, Start: 10400 * ms, End: 10590 * ms}}, 10400 * ms},
		{"every good", []store.Match{{From: 16, Until: 21, Start: 10600 * ms, End: 10790 * ms}, {From: 0, Until: 4, Start: 10 * time.Second, End: 10190 * ms}}, 10 * time.Second},
		{`"morning to"`, []store.Match{{From: 5, Until: 15, Start: 10200 * ms, End: 10590 * ms}}, 10200 * ms},
		{"氣很", []store.Match{{From: 9, Until: 15, Start: 20200 * ms, End: 20590 * ms}}, 20200 * ms},
	} {
		if h := one(c.text); !slices.Equal(h.Matches, c.want) || h.Start() != c.at {
			t.Errorf("%q: %+v, want %+v", c.text, h.Matches, c.want)
		}
	}
	_, err := s.EditCaption(c.ID, "good evening, all", "anna")
	must(t, err)
	if h := one("evening"); h.Matches[0] != (store.Match{From: 5, Until: 12, Start: c.Start, End: c.End}) || h.Caption.Original == "" {
		t.Errorf("in a text by hand: %+v", h)
	}
	if h := one("good all"); h.Matches[0].End != 10190*ms {
		t.Errorf("a word that stayed in a text by hand: %+v", h.Matches)
	}
	if hits, err := s.SearchCaptions(store.CaptionSearch{Text: "everybody"}); err != nil || len(hits) != 0 {
		t.Errorf("what was edited away is found: %v, %v", hits, err)
	}
	must(t, s.Close())
}

func testSearchMany(t *testing.T, b Backend) {
	s := b.Open(t)
	r := begin(t, s)
	var cs []media.Caption
	for n := range 3000 {
		k := n * 1001 % 3000
		text := fmt.Sprintf("the number %d of all", k)
		if k%1000 == 7 {
			text += " rare"
		}
		c := spoken(r.run, time.Duration(k)*time.Second, text)
		if k%2 == 0 {
			c.Language = "en"
		}
		cs = append(cs, c)
	}
	add(t, s, cs...)
	check := func(when string) {
		t.Helper()
		find := func(q store.CaptionSearch, want ...int) {
			t.Helper()
			hits, err := s.SearchCaptions(q)
			must(t, err)
			var got []int
			for _, h := range hits {
				got = append(got, int(h.Caption.Start/time.Second))
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: %+v finds %v, want %v", when, q, got, want)
			}
		}
		q := store.CaptionSearch{Text: "rare"}
		find(q, 7, 1007, 2007)
		q.Newest = true
		find(q, 2007, 1007, 7)
		q.Limit = 1
		find(q, 2007)
		q.After = store.CaptionMark{Position: at(1, 2007*time.Second), ID: 1}
		find(q, 1007)
		find(store.CaptionSearch{Text: "number the", CaptionQuery: store.CaptionQuery{Limit: 3, Newest: true, Language: "en"}}, 2998, 2996, 2994)
		find(store.CaptionSearch{Text: "number", CaptionQuery: store.CaptionQuery{Limit: 3}}, 0, 1, 2)
		find(store.CaptionSearch{Text: "number", CaptionQuery: store.CaptionQuery{From: at(1, 100*time.Second), Until: at(1, 102*time.Second)}}, 100, 101)
		find(store.CaptionSearch{Text: `"number 1234"`}, 1234)
	}
	check("at once")
	s = b.Reopen(t, s)
	check("after a restart")
	_, err := s.DeleteCaptions(store.CaptionRange{From: at(1, 1007*time.Second), Until: at(1, 1008*time.Second)})
	must(t, err)
	all, err := s.SearchCaptions(store.CaptionSearch{Text: "number"})
	must(t, err)
	if len(all) != 2999 {
		t.Errorf("%d hits after one of 3000 was deleted", len(all))
	}
	if hits, err := s.SearchCaptions(store.CaptionSearch{Text: "rare"}); err != nil || len(hits) != 2 {
		t.Errorf("hits after one of 3 was deleted: %v, %v", hits, err)
	}
	must(t, s.Close())
}
