package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// captionKeys are the settings that can be changed, in the order they are shown,
// and how each is read.
func captionKeys() []captionKey {
	word := func(v string) (any, error) { return v, nil }
	list := func(v string) (any, error) {
		out := []string{}
		for _, x := range strings.Split(v, ",") {
			if x = strings.TrimSpace(x); x != "" {
				out = append(out, x)
			}
		}
		return out, nil
	}
	number := func(v string) (any, error) {
		n, err := strconv.Atoi(v)
		if err != nil {
			return nil, fmt.Errorf("%q is not a number", v)
		}
		return n, nil
	}
	return []captionKey{
		{"captions", "on or off", word},
		{"languages", "of the captions, as in zh-TW,en; auto or empty: those that have a model", list},
		{"channel", "auto, mix, left or right", word},
		{"phrases", "the only ones to be recognised, parted by commas; empty: any", list},
		{"load", "any, idle, or a percentage of a core as in 50%", word},
		{"endpoint", "normal, or fast: a caption is final after half the silence", word},
		{"order", "of what is captioned later: newest or oldest", word},
		{"max_celsius", "of the processor, above which nothing is recognised; 0: any", number},
	}
}

type captionKey struct {
	name, help string
	read       func(string) (any, error)
}

func setCaptions(ctx context.Context, args []string, s io3) error {
	var about strings.Builder
	about.WriteString("Shows how the camera is captioned, or changes it at once and for good. Keys:\n\n")
	for _, k := range captionKeys() {
		fmt.Fprintf(&about, "  %-12s %s\n", k.name, k.help)
	}
	about.WriteString("\nload, endpoint, order and max_celsius are those of all cameras.")
	f := flags("captions set", "[KEY=VALUE]...", about.String(), s)
	w := whereFlags(f)
	asJSON := f.Bool("json", false, "print JSON")
	rest, err := parseRest(f, args, -1, "")
	if err != nil {
		return err
	}
	change, err := readChange(rest)
	if err != nil {
		return err
	}
	return w.settings(ctx, change, *asJSON, s.out)
}

// readChange reads KEY=VALUE.
func readChange(args []string) (map[string]any, error) {
	change := map[string]any{}
	keys := captionKeys()
	for _, x := range args {
		name, value, ok := strings.Cut(x, "=")
		i := slices.IndexFunc(keys, func(k captionKey) bool { return k.name == name })
		if !ok || i < 0 {
			return nil, usageError{fmt.Sprintf("%q: want KEY=VALUE with a key of captions, languages, channel, phrases, load, endpoint, order and max_celsius", x)}
		}
		if _, twice := change[name]; twice {
			return nil, usageError{fmt.Sprintf("%s is given twice", name)}
		}
		v, err := keys[i].read(value)
		if err != nil {
			return nil, usageError{name + ": " + err.Error()}
		}
		change[name] = v
	}
	return change, nil
}

// settings changes some, if any, and prints all.
func (w where) settings(ctx context.Context, change map[string]any, asJSON bool, out io.Writer) error {
	a, err := w.open()
	if err != nil {
		return err
	}
	defer a.close()
	method, body := http.MethodGet, any(nil)
	if len(change) > 0 {
		method, body = http.MethodPatch, change
	}
	var raw json.RawMessage
	if err := a.do(ctx, method, "/api/v1/captions/settings", url.Values{"camera": {*w.camera}}, body, &raw); err != nil {
		return err
	}
	if asJSON {
		_, err := fmt.Fprintf(out, "%s\n", raw)
		return err
	}
	var all map[string]any
	if err := json.Unmarshal(raw, &all); err != nil {
		return notUnderstood(err)
	}
	for _, k := range captionKeys() {
		v := all[k.name]
		if l, ok := v.([]any); ok {
			words := []string{}
			for _, x := range l {
				words = append(words, fmt.Sprint(x))
			}
			v = strings.Join(words, ",")
		}
		fmt.Fprintf(out, "%s=%s\n", k.name, visible(fmt.Sprint(v)))
	}
	return nil
}

func switchCaptions(ctx context.Context, to string, args []string, s io3) error {
	about := "Recognises what is spoken from now on. What was recorded while it was off stays\nwithout captions until `hindsight captions make`."
	if to == "off" {
		about = "Recognises nothing until it is switched on. Recording goes on, and so does what\nis captioned on request."
	}
	f := flags("captions "+to, "", about, s)
	w := whereFlags(f)
	if err := parse(f, args); err != nil {
		return err
	}
	if err := w.settings(ctx, map[string]any{"captions": to}, true, io.Discard); err != nil {
		return err
	}
	_, err := fmt.Fprintf(s.out, "camera %s: captions are %s\n", visible(*w.camera), to)
	return err
}

// hearing is how a camera is heard in a language, as /api/v1/status tells it.
type hearing struct {
	Language, Model, State, Problem visible
	Behind                          float64 `json:"behind_seconds"`
	RSS                             int64   `json:"rss_bytes"`
	CPU                             float64 `json:"cpu_seconds"`
	Starts                          int
	Words                           int64
}

// heardSpan is a stretch of /api/v1/captions/heard.
type heardSpan struct {
	From, Until          moment
	Language, State, Why visible
}

func captionStatus(ctx context.Context, args []string, s io3) error {
	f := flags("captions status", "[--from T] [--to T] [--json]",
		"Says how recognition runs, and of what is recorded how much is captioned, what\nis pending and what was recorded while it was off.\n\n"+timeHelp, s)
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
	var st struct {
		Cameras []struct {
			Name     string
			Captions []json.RawMessage
		}
	}
	if err := a.do(ctx, http.MethodGet, "/api/v1/status", nil, nil, &st); err != nil {
		return err
	}
	var heard struct{ Spans []json.RawMessage }
	if err := a.do(ctx, http.MethodGet, "/api/v1/captions/heard", q, nil, &heard); err != nil {
		return err
	}
	now := []json.RawMessage{}
	for _, c := range st.Cameras {
		if c.Name == *w.camera {
			now = append(now, c.Captions...)
		}
	}
	if *asJSON {
		return json.NewEncoder(s.out).Encode(map[string]any{"camera": *w.camera, "captions": now, "spans": heard.Spans})
	}
	return printCaptionStatus(s.out, now, heard.Spans, a.files)
}

// printCaptionStatus prints how each language is heard, and what is not captioned.
func printCaptionStatus(out io.Writer, now, heard []json.RawMessage, files bool) error {
	if files {
		fmt.Fprintln(out, "no recorder runs on this recording")
	}
	for _, raw := range now {
		var h hearing
		if err := json.Unmarshal(raw, &h); err != nil {
			return notUnderstood(err)
		}
		h.print(out)
	}
	var spans []heardSpan
	total := map[[2]visible]time.Duration{}
	var order [][2]visible
	for _, raw := range heard {
		var x heardSpan
		if err := json.Unmarshal(raw, &x); err != nil {
			return notUnderstood(err)
		}
		spans = append(spans, x)
		key := [2]visible{x.Language, x.State}
		if _, ok := total[key]; !ok {
			order = append(order, key)
		}
		total[key] += x.Until.Time.Sub(x.From.Time)
	}
	tw := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, key := range order {
		fmt.Fprintf(tw, "%s\t%s\t%s\t\n", key[0], key[1], total[key].Round(time.Second))
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	for _, x := range spans {
		if x.State != "done" {
			fmt.Fprintf(tw, "%s\t%s\t%s\tto %s\t%s\n", x.Language, x.State, x.From, x.Until, x.Why)
		}
	}
	return tw.Flush()
}

func (h *hearing) print(out io.Writer) {
	fmt.Fprintf(out, "%s: %s", h.Language, h.State)
	if h.Model != "" {
		fmt.Fprintf(out, ", model %s", h.Model)
	}
	if h.RSS > 0 {
		fmt.Fprintf(out, ", %.1f s behind, %d MB, %.1f s of CPU, started %d times, %d words", h.Behind, h.RSS>>20, h.CPU, h.Starts, h.Words)
	}
	fmt.Fprintln(out)
	if h.Problem != "" {
		fmt.Fprintf(out, "  %s\n", h.Problem)
	}
}
