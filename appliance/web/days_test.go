package web

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"hindsight/media"
)

func TestDays(t *testing.T) {
	d := newDeck(t)
	d.record(4 * time.Second) // from 10:00:00 UTC on 24 November
	d.pass(13*time.Hour + 59*time.Minute + 46*time.Second)
	d.next(media.Off, 0)
	d.pass(7 * time.Second)
	d.record(4 * time.Second) // 23:59:58 to 00:00:02
	d.next(media.Off, 48*time.Hour)
	d.record(2 * time.Second) // 27 November, 00:00:03
	s := d.serve(nil)
	for _, c := range []struct {
		query string
		want  string // day seconds first, ...
	}{
		{"zone=UTC", "2026-11-24 6 1.1000, 2026-11-25 2 2.10000, 2026-11-27 2 3.1000"},
		{"zone=Asia/Seoul", "2026-11-24 4 1.1000, 2026-11-25 4 2.8000, 2026-11-27 2 3.1000"},
		{"zone=America/New_York", "2026-11-24 8 1.1000, 2026-11-26 2 3.1000"},
		{"zone=UTC&from=2026-11-25&to=2026-11-26", "2026-11-25 2 2.10000"},
		{"zone=UTC&from=2026-11-26&to=2026-11-26", ""},
		{"zone=UTC&from=2025-10-24&to=2026-11-27", "2026-11-24 6 1.1000, 2026-11-25 2 2.10000, 2026-11-27 2 3.1000"}, // 400 days
		{"zone=UTC&to=2026-11-24", "2026-11-24 6 1.1000"},
		{"zone=UTC&from=2027-01-01&to=2027-02-01", ""},
	} {
		var out Days
		if r := ask(t, s, "/api/v1/days?"+c.query, &out); r.StatusCode != 200 || out.Camera != "cam" || out.Days == nil {
			t.Errorf("%s: %s %+v", c.query, r.Status, out)
		}
		var got []string
		for _, day := range out.Days {
			got = append(got, day.Day+" "+trim(day.Seconds)+" "+day.First.Position)
		}
		if g := strings.Join(got, ", "); g != c.want {
			t.Errorf("%s:\n%s, want\n%s", c.query, g, c.want)
		}
	}
	for query, word := range map[string]string{
		"zone=Local": "zone", "zone=Mars/Base": "zone", "zone=../../etc/passwd": "zone", "zone=/etc/localtime": "zone",
		"from=24.11.2026": "from", "to=2026-02-30": "to", "from=2026-11-24&to=2026-11-23": "before",
		"from=2025-10-23&to=2026-11-27": "400 days", "from=0001-01-01&to=9999-12-31": "400 days",
	} {
		if text := refused(t, s, "/api/v1/days?"+query, 400); !strings.Contains(text, word) {
			t.Errorf("%s: %q", query, text)
		}
	}
}

func trim(seconds float64) string {
	return strings.TrimSuffix(time.Duration(seconds*float64(time.Second)).String(), "s")
}

func TestDayBegins(t *testing.T) {
	for _, c := range []struct{ zone, day, want string }{
		{"UTC", "2026-11-24", "2026-11-24T00:00:00Z"},
		{"Asia/Seoul", "2026-11-24", "2026-11-23T15:00:00Z"},
		{"Asia/Kathmandu", "2026-11-24", "2026-11-23T18:15:00Z"},
		{"Pacific/Kiritimati", "2026-11-24", "2026-11-23T10:00:00Z"},
		{"Etc/GMT+12", "2026-11-24", "2026-11-24T12:00:00Z"},
		{"Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00Z"}, // a day of 23 hours
		{"Europe/Berlin", "2026-03-30", "2026-03-29T22:00:00Z"},
		{"Europe/Berlin", "2026-10-25", "2026-10-24T22:00:00Z"}, // of 25
		{"Europe/Berlin", "2026-10-26", "2026-10-25T23:00:00Z"},
		{"America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z"}, // begins at 01:00
		{"America/Sao_Paulo", "2018-02-18", "2018-02-18T03:00:00Z"}, // the day before has 23:00 twice
		{"America/Havana", "2024-11-03", "2024-11-03T04:00:00Z"},    // has 00:00 twice
		{"Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"},      // was left out,
		{"Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z"},      // the next one begins then
	} {
		zone, err := time.LoadLocation(c.zone)
		must(t, err)
		day, err := time.Parse(dayForm, c.day)
		must(t, err)
		if got := dayBegin(day, zone).UTC().Format(time.RFC3339); got != c.want {
			t.Errorf("%s, %s: %s, want %s", c.zone, c.day, got, c.want)
		}
	}
}

func BenchmarkDays(b *testing.B) {
	d := newDeck(b)
	d.record(time.Second)
	m := d.Map()
	for i := range 10_000 {
		s := m.Spans[0]
		after := time.Duration(i) * 50 * time.Minute
		s.From, s.Until, s.Wall = s.From+after, s.Until+after+40*time.Minute, s.Wall.Add(after)
		m.Spans = append(m.Spans, s)
	}
	zone, err := time.LoadLocation("Europe/Berlin")
	must(b, err)
	first := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	for b.Loop() {
		if n := len(daysOf(d.Timeline, m, midnights(first, first.AddDate(0, 0, 399), zone))); n != 348 {
			b.Fatalf("%d days", n)
		}
	}
}

// Whatever is asked for is answered with days in order, or refused in one sentence.
func FuzzDays(f *testing.F) {
	for _, s := range [][3]string{
		{"UTC", "2026-11-01", "2026-11-30"}, {"Asia/Seoul", "", ""}, {"Europe/Berlin", "2026-03-29", "2026-03-29"},
		{"../x", "2026-13-01", "x"}, {"Local", "0000-01-01", "0001-01-30"}, {"Pacific/Apia", "2011-12-29", "2011-12-31"},
	} {
		f.Add(s[0], s[1], s[2])
	}
	d := newDeck(f)
	d.record(4 * time.Second)
	s := d.serve(nil)
	f.Fuzz(func(t *testing.T, zone, from, to string) {
		q := url.Values{"zone": {zone}, "from": {from}, "to": {to}}
		var out struct {
			Days
			Error string
		}
		r := ask(t, s, "/api/v1/days?"+q.Encode(), &out)
		if r.StatusCode == 400 && out.Error != "" && !strings.Contains(out.Error, "\n") {
			return
		}
		if r.StatusCode != 200 || out.Error != "" {
			t.Fatalf("%d %q", r.StatusCode, out.Error)
		}
		if len(out.Days.Days) > 1 || len(out.Days.Days) == 1 && out.Days.Days[0].Seconds != 4 {
			t.Fatalf("%+v", out)
		}
	})
}

// A tag is found where it stands, as a whole.
func FuzzMatches(f *testing.F) {
	for _, s := range []string{"", "*", `"a"`, `W/"a", "b"`, `"x" , "a"`, `,,"a",`, `"aa"`, "a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		if matches(header, `"a"`) && !strings.Contains(header, `"a"`) && !strings.Contains(header, "*") {
			t.Errorf("%q", header)
		}
		if !matches(header+`,"a"`, `"a"`) {
			t.Errorf("%q and the tag", header)
		}
	})
}
