package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"text/tabwriter"
	"time"

	"hindsight/appliance"
	"hindsight/appliance/timeline"
	"hindsight/media"
)

// timeHelp explains T.
const timeHelp = `A time is RFC 3339 (2026-11-24T10:15:00Z), HH:MM[:SS] today in this machine's
zone, -90s or -2h back from now, or a position RUN.MILLISECONDS.`

// shape is the part of /api/v1/timeline that is printed for people.
type shape struct {
	Camera visible
	Spans  []struct {
		From, To moment
		LengthMS float64 `json:"length_ms"`
	}
	Gaps []struct {
		Kind           visible
		From           moment
		Until          *moment
		LengthMS       *float64 `json:"length_ms"`
		Reason, Detail visible
	}
	Tracks []struct {
		ID                          int
		Kind, Codec                 visible
		Units, Keys, Bytes, Damaged int64
	}
}

// visible is text of an answer. It is printed as appliance.OneLine makes it.
type visible string

// String is the text in one line.
func (v visible) String() string { return appliance.OneLine(string(v)) }

type moment struct {
	Position visible
	Time     time.Time
	Trusted  bool
}

// String is the time in this machine's zone; ? marks one that cannot be relied on.
func (m moment) String() string {
	s := m.Time.Local().Format("2006-01-02 15:04:05.000")
	if !m.Trusted {
		s += "?"
	}
	return s
}

func timelineCommand(ctx context.Context, args []string, s io3) error {
	f := flags("timeline", "[--data DIR|--url URL] [--camera cam] [--from T] [--to T] [--json]",
		"Lists what is recorded: spans, gaps with their reasons, and what is kept of each\ntrack.\n\n"+timeHelp, s)
	w := whereFlags(f)
	from := f.String("from", "", "`time` to begin at (default: the oldest)")
	to := f.String("to", "", "`time` to end at (default: the newest)")
	asJSON := f.Bool("json", false, "print JSON")
	if err := parse(f, args); err != nil {
		return err
	}
	a, q, err := w.openRange(*from, *to)
	if err != nil {
		return err
	}
	defer a.close()
	return a.show(ctx, "/api/v1/timeline", q, *asJSON, s.out, printTimeline)
}

// printTimeline prints the answer for a person.
func printTimeline(w io.Writer, answer io.Reader) error {
	var t shape
	if err := json.NewDecoder(answer).Decode(&t); err != nil {
		return notUnderstood(err)
	}
	return t.print(w)
}

func (t *shape) print(w io.Writer) error {
	if len(t.Spans) == 0 {
		fmt.Fprintf(w, "camera %s: nothing is recorded there\n", t.Camera)
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, s := range t.Spans {
		fmt.Fprintf(tw, "span\t%s\tto %s\t%s\t%s\t\n", s.From, s.To, length(s.LengthMS), s.From.Position)
	}
	for _, g := range t.Gaps {
		until, long := "to now", ""
		if g.Until != nil {
			until = "to " + g.Until.String()
		}
		if g.LengthMS != nil {
			long = length(*g.LengthMS)
		}
		fmt.Fprintf(tw, "gap\t%s\t%s\t%s\t%s\t%s: %s\t%s\n", g.From, until, long, g.From.Position, g.Kind, g.Reason, g.Detail)
	}
	for _, k := range t.Tracks {
		fmt.Fprintf(tw, "track\t%d %s %s\t%d units, %d keys\t%d bytes\t\t\n", k.ID, k.Kind, k.Codec, k.Units, k.Keys, k.Bytes)
	}
	return tw.Flush()
}

// length is milliseconds as a person writes them.
func length(ms float64) string {
	return (time.Duration(ms) * time.Millisecond).String()
}

// setTimes puts T into a query. HH:MM means this machine's zone, which the server
// may not share, so every time of day goes out as UTC.
func setTimes(q url.Values, from, to string) error {
	for _, p := range []struct{ key, value string }{{"from", from}, {"to", to}} {
		if err := setTime(q, p.key, p.value); err != nil {
			return err
		}
	}
	return nil
}

// setTime puts one T into a query, unless it is empty.
func setTime(q url.Values, key, value string) error {
	if value == "" {
		return nil
	}
	if isPosition(value) {
		q.Set(key, value)
		return nil
	}
	t, err := timeline.ParseTime(value, time.Now())
	if err != nil {
		return usageError{"--" + key + ": " + err.Error()}
	}
	q.Set(key, t.UTC().Format(time.RFC3339Nano))
	return nil
}

// isPosition reports whether s is RUN.MILLISECONDS, which only the server can place.
func isPosition(s string) bool {
	_, err := media.ParsePosition(s)
	return err == nil
}
