package player

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"hindsight/media"
)

var requests = []struct {
	in   string
	want request
	err  string // part of it; empty: none
}{
	{`{"do":"seek","gen":3,"live":true}`, request{do: "seek", gen: 3, rate: 1}, ""},
	{`{"do":"seek","gen":4294967295,"position":"3.12500","rate":0.25}`,
		request{do: "seek", gen: 4294967295, rate: 0.25, moment: Moment{Place: AtPosition, Position: media.Position{Run: 3, Time: 12500 * time.Millisecond}}}, ""},
	{`{"do":"seek","gen":1,"time":"2026-11-24T10:15:00.25Z","rate":-16}`,
		request{do: "seek", gen: 1, rate: -16, moment: Moment{Place: AtTime, Time: time.Date(2026, 11, 24, 10, 15, 0, 250e6, time.UTC)}}, ""},
	{`{"do":"seek","gen":1,"recorded":12.5,"live":false,"unknown":[1]}`,
		request{do: "seek", gen: 1, rate: 1, moment: Moment{Place: AtRecorded, Recorded: 12500 * time.Millisecond}}, ""},
	{`{"do":"at","gen":3,"recorded":12.7,"ahead":1.9,"bytes":123456,"playing":true}`,
		request{do: "at", gen: 3, rate: 1, shown: 12700 * time.Millisecond, ahead: 1900 * time.Millisecond, bytes: 123456, playing: true}, ""},
	{`{"do":"at","gen":3,"recorded":-0.01}`, request{do: "at", gen: 3, rate: 1, shown: -10 * time.Millisecond}, ""},
	{`{"do":"latency","low":true}`, request{do: "latency", rate: 1, low: true}, ""},
	{`{"do":"seek","gen":0,"live":true}`, request{}, "gen is needed"},
	{`{"do":"seek","live":true}`, request{}, "gen is needed"},
	{`{"do":"seek","gen":4294967296,"live":true}`, request{}, "gen cannot be"},
	{`{"do":"seek","gen":-1,"live":true}`, request{}, "gen cannot be"},
	{`{"do":"seek","gen":1.5,"live":true}`, request{}, "gen cannot be"},
	{`{"do":"seek","gen":1}`, request{}, "one of live"},
	{`{"do":"seek","gen":1,"live":false}`, request{}, "one of live"},
	{`{"do":"seek","gen":1,"live":true,"recorded":1}`, request{}, "one of live"},
	{`{"do":"seek","gen":1,"position":"3"}`, request{}, "no position"},
	{`{"do":"seek","gen":1,"position":"0.5"}`, request{}, "no position"},
	{`{"do":"seek","gen":1,"time":"yesterday"}`, request{}, "no time"},
	{`{"do":"seek","gen":1,"recorded":1e300}`, request{}, "too large"},
	{`{"do":"seek","gen":1,"recorded":1e999}`, request{}, "recorded cannot be"},
	{`{"do":"seek","gen":1,"recorded":"1"}`, request{}, "recorded cannot be string"},
	{`{"do":"seek","gen":1,"live":true,"rate":0}`, request{}, "rate"},
	{`{"do":"seek","gen":1,"live":true,"rate":0.2}`, request{}, "rate"},
	{`{"do":"seek","gen":1,"live":true,"rate":-0.5}`, request{}, "rate"},
	{`{"do":"seek","gen":1,"live":true,"rate":16.1}`, request{}, "rate"},
	{`{"do":"seek","gen":1,"live":true,"rate":-17}`, request{}, "rate"},
	{`{"do":"at","gen":1,"recorded":1,"ahead":-1}`, request{}, "not below 0"},
	{`{"do":"at","gen":1,"recorded":1,"bytes":-1}`, request{}, "not below 0"},
	{`{"do":"at","gen":1,"recorded":1,"bytes":1e17}`, request{}, "not below 0"},
	{`{"do":"at","gen":1}`, request{}, "recorded"},
	{`{"do":"latency"}`, request{}, "low is needed"},
	{`{"do":"dance"}`, request{}, `no "dance"`},
	{`{}`, request{}, `no ""`},
	{``, request{}, "no JSON"},
	{`seek`, request{}, "no JSON"},
	{`{"do":"seek"`, request{}, "no JSON"},
	{`[]`, request{}, "no JSON"},
	{`5`, request{}, "no JSON"},
	{`{"do":"` + strings.Repeat("é", 1000) + `"}`, request{}, "…"},
}

func TestParseRequest(t *testing.T) {
	for _, c := range requests {
		r, err := parseRequest([]byte(c.in))
		if c.err == "" {
			if err != nil || r != c.want {
				t.Errorf("%s: %+v, %v; want %+v", c.in, r, err, c.want)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.err) || strings.Contains(err.Error(), "\n") || len(err.Error()) > 300 {
			t.Errorf("%s: %v, want %q", c.in, err, c.err)
		}
		if broken := c.err == "no JSON"; errors.Is(err, errNoJSON) != broken {
			t.Errorf("%s: the connection goes on: %v, want %v", c.in, !errors.Is(err, errNoJSON), !broken)
		}
	}
}

func FuzzParseRequest(f *testing.F) {
	for _, c := range requests {
		f.Add([]byte(c.in))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := parseRequest(b)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\r") && !json.Valid(b) {
				t.Errorf("%q: %v", b, err)
			}
			return
		}
		if !json.Valid(b) {
			t.Errorf("%q is taken", b)
		}
		if r.do != "latency" && r.gen == 0 {
			t.Errorf("%q: gen 0", b)
		}
		if r.do == "seek" && (r.rate < -16 || r.rate > 16 || r.rate > -1 && r.rate < 0.25) {
			t.Errorf("%q: rate %v", b, r.rate)
		}
		if r.ahead < 0 || r.moment.Place == AtPosition && (r.moment.Position.Run == 0 || r.moment.Position.Time < 0) {
			t.Errorf("%q: %+v", b, r)
		}
		if r.moment.Place == AtRecorded && r.moment.Recorded.Abs() > farthest*time.Second {
			t.Errorf("%q: recorded %v", b, r.moment.Recorded)
		}
	})
}
