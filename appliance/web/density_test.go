package web

import (
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"hindsight/media"
)

func TestDensity(t *testing.T) {
	d := newDeck(t)
	d.record(10 * time.Second) // from 10:00:00 on, media time 1 s
	for _, at := range []time.Duration{1, 2, 2, 5, 9} {
		d.say(at*time.Second, "one")
	}
	s := d.serve(nil)
	for query, want := range map[string]Density{
		"bins=3&from=2026-11-24T10:00:00Z&to=2026-11-24T10:00:03Z": {Captions: []int{1, 2, 0}},
		"bins=2&from=1.1000&to=1.5000":                             {Captions: []int{3, 0}},
		"bins=2&from=1.1000&to=1.5001":                             {Captions: []int{3, 1}},
		"bins=1&from=-5s":                                          {Captions: []int{1}},
		"bins=2":                                                   {Captions: []int{4, 1}},
		"bins=5&from=2025-11-24T10:00:00Z&to=2026-11-25T10:00:00Z": {Captions: []int{0, 0, 0, 0, 5}},
	} {
		var got Density
		r := ask(t, s, "/api/v1/marks?"+query, &got)
		if r.StatusCode != http.StatusOK || !reflect.DeepEqual(got.Captions, want.Captions) || got.Camera != "cam" || !got.From.Before(got.To) {
			t.Errorf("%s: %s, %+v; want %v", query, r.Status, got, want.Captions)
		}
	}
	var usual Density
	ask(t, s, "/api/v1/marks", &usual)
	if len(usual.Captions) != 200 || !usual.From.Equal(time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)) || !usual.To.Equal(d.now()) {
		t.Errorf("without parameters: %d bins from %v to %v", len(usual.Captions), usual.From, usual.To)
	}
	for query, word := range map[string]string{
		"bins=0": "bins", "bins=2001": "bins", "bins=many": "bins", "from=yesterday": "from", "to=25:00": "to",
		"from=7.1000": "7.1", "to=7.1000": "7.1", "from=-5s&to=-5s": "after", "from=-5s&to=-6s": "after",
		"from=0001-01-02T00:00:00Z": "20 years", "from=2026-11-24T10:00:00Z&to=9999-12-31T00:00:00Z": "20 years",
	} {
		if text := refused(t, s, "/api/v1/marks?"+query, 400); !strings.Contains(text, word) {
			t.Errorf("%s: %q", query, text)
		}
	}
	refused(t, s, "/api/v1/marks?camera=attic", 404)
}

// TestDensityOfNothing: no recording and no captions are no error.
func TestDensityOfNothing(t *testing.T) {
	var got Density
	if r := ask(t, newDeck(t).serve(nil), "/api/v1/marks?bins=2", &got); r.StatusCode != http.StatusOK || !reflect.DeepEqual(got.Captions, []int{0, 0}) {
		t.Errorf("%s %+v", r.Status, got)
	}
}

func FuzzDensity(f *testing.F) {
	d := newDeck(f)
	d.record(4 * time.Second)
	d.say(2*time.Second, "one")
	s := d.serve(nil)
	for _, seed := range [][3]string{
		{"2026-11-24T10:00:00Z", "2026-11-24T10:00:03Z", "3"}, {"1.1000", "1.2000", "2000"}, {"-5s", "", ""}, {"", "-0s", "1"},
		{"0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1"}, {"9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "x"}, {"1.99999999999999999", "4294967295.1", "-1"},
		{"1677-09-21T00:12:43Z", "1677-09-21T00:12:44Z", "2"}, {"2262-04-11T23:47:16Z", "2262-04-12T00:00:00Z", "2"},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, from, to, bins string) {
		query := url.Values{"from": {from}, "to": {to}, "bins": {bins}}.Encode()
		var got Density
		r := ask(t, s, "/api/v1/marks?"+query, &got)
		if r.StatusCode == http.StatusBadRequest {
			return
		}
		sum := 0
		for _, n := range got.Captions {
			sum += n
		}
		spoken, _ := d.Timeline.Wall(media.Position{Run: d.Run(), Time: 2 * time.Second})
		want := 0
		if !spoken.Before(got.From) && spoken.Before(got.To) {
			want = 1
		}
		if r.StatusCode != http.StatusOK || sum != want || bins != "" && fmt.Sprint(len(got.Captions)) != strings.TrimLeft(bins, "+0") {
			t.Errorf("%s: %s, %+v; want a sum of %d", query, r.Status, got, want)
		}
	})
}
