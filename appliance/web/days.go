package web

import (
	"math"
	"net/http"
	"net/url"
	"slices"
	"sort"
	"time"
	_ "time/tzdata" // zones are named by viewers; not every recorder has a list of its own

	"hindsight/appliance/timeline"
	"hindsight/media"
)

// Days is what /api/v1/days answers: how much is recorded of each day.
type Days struct {
	Camera string `json:"camera"`
	Zone   string `json:"zone"` // in which a day begins at midnight
	Days   []Day  `json:"days"` // in order; those with nothing recorded are left out
}

// Day is one with recording.
type Day struct {
	Day     string  `json:"day"`     // YYYY-MM-DD
	Seconds float64 `json:"seconds"` // recorded, to the millisecond
	First   Moment  `json:"first"`   // the earliest one recorded that day
}

// limits of a list of days.
const (
	dayRange = 400
	usualDay = 31
	dayForm  = "2006-01-02"
)

func (s *Server) getDays(w http.ResponseWriter, r *http.Request) error {
	c, err := s.camera(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	zone, err := s.zone(q)
	if err != nil {
		return err
	}
	first, last, err := dayEdges(q, s.o.Now().In(zone))
	if err != nil {
		return err
	}
	begins := midnights(first, last, zone)
	return reply(w, http.StatusOK, Days{Camera: c.Name, Zone: zone.String(), Days: daysOf(c.Timeline, c.Timeline.Map(), begins)})
}

// zone reads the parameter zone: a name of the IANA list; without it the recorder's own.
func (s *Server) zone(q url.Values) (*time.Location, error) {
	name := q.Get("zone")
	if name == "" {
		return s.o.Now().Location(), nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" || len(name) > 64 {
		return nil, badRequest("parameter zone: %.64q is no time zone; names are as Asia/Seoul or UTC", name)
	}
	return zone, nil
}

// dayEdges reads from and to, both days belong to the range. Days are those of UTC here: only
// their date counts.
func dayEdges(q url.Values, today time.Time) (first, last time.Time, err error) {
	last = time.Date(today.Year(), today.Month(), today.Day(), 0, 0, 0, 0, time.UTC)
	if v := q.Get("to"); v != "" {
		if last, err = time.Parse(dayForm, v); err != nil {
			return first, last, badRequest("parameter to: %.32q is not a day YYYY-MM-DD", v)
		}
	}
	first = last.AddDate(0, 0, 1-usualDay)
	if v := q.Get("from"); v != "" {
		if first, err = time.Parse(dayForm, v); err != nil {
			return first, last, badRequest("parameter from: %.32q is not a day YYYY-MM-DD", v)
		}
	}
	switch n := last.Sub(first) / (24 * time.Hour); {
	case n < 0:
		return first, last, badRequest("parameter to: %s is before from, %s", last.Format(dayForm), first.Format(dayForm))
	case n >= dayRange:
		return first, last, badRequest("parameter from: %s to %s are more than %d days; ask for fewer at a time", first.Format(dayForm), last.Format(dayForm), dayRange)
	}
	return first, last, nil
}

// midnight is a day and when it begins.
type midnight struct {
	day string
	at  time.Time
}

// midnights are those of the days from first to last, and that of the day behind them.
func midnights(first, last time.Time, zone *time.Location) (out []midnight) {
	for d := first; !d.After(last.AddDate(0, 0, 1)); d = d.AddDate(0, 0, 1) {
		out = append(out, midnight{d.Format(dayForm), dayBegin(d, zone)})
	}
	return out
}

// dayBegin is the first moment of a day, given as midnight in UTC. Where clocks go back over
// midnight it is the first one of two; where they go forward over it, the moment of the change.
func dayBegin(day time.Time, zone *time.Location) time.Time {
	var begin time.Time
	// No zone is more than 14 hours ahead of UTC or 12 behind: midnight lies between these.
	before, after := day.Add(-15*time.Hour), day.Add(13*time.Hour)
	for _, near := range []time.Time{before, after} {
		_, offset := near.In(zone).Zone()
		at := day.Add(-time.Duration(offset) * time.Second).In(zone)
		if at.Hour() == 0 && at.Minute() == 0 && at.Day() == day.Day() && (begin.IsZero() || at.Before(begin)) {
			begin = at
		}
	}
	if begin.IsZero() {
		_, begin = before.In(zone).ZoneBounds()
	}
	return begin
}

// daysOf adds up the spans by day. The last midnight only ends the day before it.
func daysOf(t Timeline, m *timeline.Map, begins []midnight) []Day {
	seconds := make([]time.Duration, len(begins))
	first := make([]Moment, len(begins))
	for _, s := range m.Spans {
		from := s.Wall
		until, _ := t.Wall(media.Position{Run: s.Run, Time: s.Until})
		i := max(0, sort.Search(len(begins), func(i int) bool { return begins[i].at.After(from) })-1)
		for ; i < len(begins)-1 && begins[i].at.Before(until); i++ {
			a, b := later(from, begins[i].at), earlier(until, begins[i+1].at)
			if !a.Before(b) {
				continue
			}
			if seconds[i] == 0 || a.Before(first[i].Time) {
				first[i] = moment(t, media.Position{Run: s.Run, Time: s.From + a.Sub(from)})
			}
			seconds[i] += b.Sub(a)
		}
	}
	out := []Day{}
	for i, d := range seconds {
		if d > 0 {
			out = append(out, Day{begins[i].day, math.Round(d.Seconds()*1000) / 1000, first[i]})
		}
	}
	return slices.Clip(out)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
