package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"hindsight/appliance"
)

// captionVerbs are what can be done with captions other than read them.
func captionVerbs() map[string]func(ctx context.Context, args []string, s io3) error {
	return map[string]func(ctx context.Context, args []string, s io3) error{
		"make": captionsMake, "edit": captionsEdit, "on": captionsSwitch("on"), "off": captionsSwitch("off"),
		"set": captionsSet, "status": captionsStatus, "jobs": captionsJobs,
	}
}

func captionsCommand(ctx context.Context, args []string, s io3) error {
	if len(args) > 0 {
		if verb, ok := captionVerbs()[args[0]]; ok {
			return verb(ctx, args[1:], s)
		}
	}
	f := flags("captions", "[--from T] [--to T] [--format txt|vtt|srt|json] [--search TEXT] [-f] [FLAG]...\n"+
		"       hindsight captions make|edit|on|off|set|status|jobs …",
		"Prints what was spoken, or finds it. With make it is captioned again, edit changes a\ncaption, on and off switch recognition, set changes how it works.\n\n"+timeHelp, s)
	w := whereFlags(f)
	var q captionQuery
	f.StringVar(&q.from, "from", "", "`time` to begin at (default: the oldest)")
	f.StringVar(&q.to, "to", "", "`time` to end at (default: the newest)")
	f.StringVar(&q.format, "format", "txt", "`form`: txt, vtt, srt or json")
	f.StringVar(&q.times, "times", "", "`wall` (time of day) or media (from the start of an export of the same range); default: wall for txt, media for vtt and srt")
	f.StringVar(&q.search, "search", "", "`text` to find: words, or a phrase in double quotes")
	f.StringVar(&q.language, "language", "", "`code` of a language, as in ko or zh-TW")
	f.StringVar(&q.model, "model", "", "`name` of the model that made them")
	words := f.Bool("words", false, "vtt: each word with its time")
	follow := f.Bool("f", false, "go on with what is spoken from now on (txt only)")
	partials := f.Bool("partials", false, "with -f: also show what may still change")
	if err := parse(f, args); err != nil {
		return err
	}
	if err := q.check(*follow); err != nil {
		return err
	}
	a, err := w.open()
	if err != nil {
		return err
	}
	defer a.close()
	q.camera, q.words = *w.camera, *words
	values, err := q.values()
	if err != nil {
		return err
	}
	switch {
	case *follow:
		return followCaptions(ctx, a, values, q.from != "", *partials, s)
	case q.format == "json" || q.search != "":
		return listCaptions(ctx, a, values, q, s)
	}
	res, err := a.get(ctx, "/api/v1/captions."+q.format, values)
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	if q.format != "txt" {
		_, err := io.Copy(s.out, res.Body)
		return err
	}
	return eachLine(res.Body, func(line string) error {
		_, err := fmt.Fprintln(s.out, visible(line))
		return err
	})
}

// captionQuery is what is asked for.
type captionQuery struct {
	camera, from, to, format, times, search, language, model string
	words                                                    bool
}

func (q captionQuery) check(follow bool) error {
	switch q.format {
	case "txt", "vtt", "srt", "json":
	default:
		return usageError{fmt.Sprintf("--format %q: want txt, vtt, srt or json", q.format)}
	}
	switch {
	case q.times != "" && q.times != "wall" && q.times != "media":
		return usageError{fmt.Sprintf("--times %q: want wall or media", q.times)}
	case follow && (q.format != "txt" || q.search != "" || q.to != "" || q.times == "media"):
		return usageError{"-f goes with --format txt and wall times only, and has no --to and no --search"}
	case q.search != "" && q.format != "txt" && q.format != "json":
		return usageError{"--search goes with --format txt or json"}
	}
	return nil
}

// values is the query of the API.
func (q captionQuery) values() (url.Values, error) {
	v := url.Values{"camera": {q.camera}, "zone": {time.Now().Format("-07:00")}}
	for key, x := range map[string]string{"times": q.times, "search": q.search, "language": q.language, "model": q.model} {
		if x != "" {
			v.Set(key, x)
		}
	}
	if q.words {
		v.Set("words", "1")
	}
	return v, setTimes(v, q.from, q.to)
}

// spokenCaption is the part of a caption that is printed.
type spokenCaption struct {
	ID       uint64
	Start    moment
	Text     visible
	Language visible
	At       *moment
}

// String is the caption in one line, with the time at which it, or what was searched for, was spoken.
func (c spokenCaption) String() string {
	when := c.Start
	if c.At != nil {
		when = *c.At
	}
	return fmt.Sprintf("%s  %s", when, c.Text)
}

// listCaptions prints all pages of an answer.
func listCaptions(ctx context.Context, a *api, v url.Values, q captionQuery, s io3) error {
	v.Set("limit", "1000")
	var raw []json.RawMessage
	for {
		res, err := a.get(ctx, "/api/v1/captions", v)
		if err != nil {
			return err
		}
		var page struct {
			Captions []json.RawMessage
			Next     *string
		}
		err = json.NewDecoder(res.Body).Decode(&page)
		res.Body.Close()
		if err != nil {
			return fmt.Errorf("the answer is not what this version understands: %w", err)
		}
		if q.format == "json" {
			raw = append(raw, page.Captions...)
		} else if err := printHits(s.out, page.Captions); err != nil {
			return err
		}
		if page.Next == nil || len(page.Captions) == 0 {
			break
		}
		v.Set("after", *page.Next)
	}
	if q.format != "json" {
		return nil
	}
	e := json.NewEncoder(s.out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if raw == nil {
		raw = []json.RawMessage{}
	}
	return e.Encode(map[string]any{"camera": q.camera, "captions": raw})
}

func printHits(w io.Writer, captions []json.RawMessage) error {
	for _, r := range captions {
		var c spokenCaption
		if err := json.Unmarshal(r, &c); err != nil {
			return fmt.Errorf("the answer is not what this version understands: %w", err)
		}
		if _, err := fmt.Fprintln(w, c); err != nil {
			return err
		}
	}
	return nil
}

// followCaptions prints what is spoken from now on, or since from.
func followCaptions(ctx context.Context, a *api, v url.Values, past, partials bool, s io3) error {
	last := ""
	if past {
		q := url.Values{}
		for k, x := range v {
			q[k] = x
		}
		q.Set("limit", "1000")
		for {
			res, err := a.get(ctx, "/api/v1/captions", q)
			if err != nil {
				return err
			}
			var page struct {
				Captions []spokenCaption
				Next     *string
			}
			err = json.NewDecoder(res.Body).Decode(&page)
			res.Body.Close()
			if err != nil {
				return fmt.Errorf("the answer is not what this version understands: %w", err)
			}
			for _, c := range page.Captions {
				fmt.Fprintln(s.out, c)
				last = newest(last, c.ID)
			}
			if page.Next == nil {
				break
			}
			q.Set("after", *page.Next)
		}
	}
	for {
		if last != "" {
			v.Set("since", last)
		}
		res, err := a.get(ctx, "/api/v1/captions/live", v)
		if err != nil {
			return ended(ctx, err)
		}
		last, err = printEvents(res.Body, last, partials, s.out)
		res.Body.Close()
		if err != nil && ctx.Err() == nil {
			return err
		}
		if ctx.Err() != nil {
			return nil
		}
		select { // the recorder has ended the stream: it stops, or starts anew
		case <-ctx.Done():
			return nil
		case <-time.After(time.Second):
		}
	}
}

// ended is nil when somebody has ended the command.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func newest(last string, id uint64) string {
	if n, err := strconv.ParseUint(last, 10, 64); err == nil && n > id {
		return last
	}
	return strconv.FormatUint(id, 10)
}

// printEvents prints the captions of an event stream until it ends.
func printEvents(r io.Reader, last string, partials bool, w io.Writer) (string, error) {
	event := ""
	err := eachLine(r, func(line string) error {
		name, value, _ := strings.Cut(line, ": ")
		switch {
		case name == "event":
			event = value
		case name == "data" && (event == "final" || partials && event == "partial"):
			var c spokenCaption
			if err := json.Unmarshal([]byte(value), &c); err != nil {
				return fmt.Errorf("the answer is not what this version understands: %w", err)
			}
			if event == "final" {
				last = newest(last, c.ID)
			} else if c.Text == "" {
				return nil
			} else {
				c.Text += " …"
			}
			_, err := fmt.Fprintln(w, c)
			return err
		}
		return nil
	})
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, context.Canceled) {
		err = nil
	}
	return last, err
}

// eachLine calls fn for every line; a line may be 1 MiB long.
func eachLine(r io.Reader, fn func(string) error) error {
	sc := bufio.NewScanner(r)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		if err := fn(sc.Text()); err != nil {
			return err
		}
	}
	return sc.Err()
}

// captionsStatus prints how each camera is heard.
func captionsStatus(ctx context.Context, args []string, s io3) error {
	f := flags("captions status", "[--data DIR|--url URL] [--json]", "Says how recognition fares: what it listens to, what is pending or was off.", s)
	w := whereFlags(f)
	asJSON := f.Bool("json", false, "print JSON")
	if err := parse(f, args); err != nil {
		return err
	}
	a, err := w.open()
	if err != nil {
		return err
	}
	defer a.close()
	res, err := a.get(ctx, "/api/v1/status", nil)
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	var st struct {
		Cameras []struct {
			Name     visible `json:"name"`
			Captions []struct {
				Language visible `json:"language"`
				Model    visible `json:"model"`
				State    visible `json:"state"`
				Problem  visible `json:"problem"`
				Behind   float64 `json:"behind_seconds"`
				Pending  float64 `json:"pending_seconds"`
				Off      float64 `json:"off_seconds"`
				Words    int64   `json:"words"`
			} `json:"captions"`
		} `json:"cameras"`
	}
	if err := json.NewDecoder(res.Body).Decode(&st); err != nil {
		return fmt.Errorf("the answer is not what this version understands: %w", err)
	}
	if *asJSON {
		e := json.NewEncoder(s.out)
		e.SetIndent("", "  ")
		return e.Encode(st.Cameras)
	}
	if len(st.Cameras) == 0 {
		fmt.Fprintln(s.out, "no recorder runs on this recording, so nothing is captioned; start `hindsight serve` on it")
	}
	tw := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	for _, c := range st.Cameras {
		for _, x := range c.Captions {
			fmt.Fprintf(tw, "%s\t%s\t%s\t%s\tpending %s\toff %s\t%d words\t%s\n", c.Name, x.Language, x.State, x.Model,
				seconds(x.Pending), seconds(x.Off), x.Words, x.Problem)
		}
	}
	return tw.Flush()
}

func seconds(s float64) string { return (time.Duration(s) * time.Second).String() }

// captionsEdit changes what one caption shows.
func captionsEdit(ctx context.Context, args []string, s io3) error {
	f := flags("captions edit", "[--camera cam] [--editor WHO] ID TEXT",
		"Changes what a caption shows. The recogniser's text is kept; the same text again\ntakes the change back. --format json shows the numbers of captions.", s)
	w := whereFlags(f)
	who := f.String("editor", "", "`name` of who changes it")
	rest, err := parseRest(f, args, 2, "ID and TEXT")
	if err != nil {
		return err
	}
	if _, err := strconv.ParseUint(rest[0], 10, 64); err != nil {
		return usageError{fmt.Sprintf("%q is not the number of a caption", rest[0])}
	}
	a, err := w.open()
	if err != nil {
		return err
	}
	defer a.close()
	res, err := a.send(ctx, http.MethodPatch, "/api/v1/captions/"+rest[0], url.Values{"camera": {*w.camera}}, map[string]string{"text": rest[1], "editor": *who})
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	var c spokenCaption
	if err := json.NewDecoder(res.Body).Decode(&c); err != nil {
		return fmt.Errorf("the answer is not what this version understands: %w", err)
	}
	_, err = fmt.Fprintln(s.out, c)
	return err
}

// captionsSwitch switches recognition.
func captionsSwitch(to string) func(context.Context, []string, io3) error {
	return func(ctx context.Context, args []string, s io3) error {
		f := flags("captions "+to, "[--camera cam] [--data DIR|--url URL]",
			"Switches recognition of a camera "+to+", now and for later starts. What is said while it is off\nis captioned only when somebody asks for it with `hindsight captions make`.", s)
		w := whereFlags(f)
		if err := parse(f, args); err != nil {
			return err
		}
		return changeSettings(ctx, w, map[string]any{"captions": to}, s)
	}
}

// captionsSet changes settings.
func captionsSet(ctx context.Context, args []string, s io3) error {
	f := flags("captions set", "[--camera cam] [--data DIR|--url URL] [KEY=VALUE]...",
		"Changes how a camera is captioned, now and for later starts, and prints how it is then.\n"+
			"KEY: captions (on, off), languages (auto, or codes as in ko,zh-TW), channel (auto, mix, left, right),\n"+
			"phrases (word,word), load (any, idle, percent of a core), order (newest, oldest), max_celsius.", s)
	w := whereFlags(f)
	rest, err := parseRest(f, args, -1, "")
	if err != nil {
		return err
	}
	changes := map[string]any{}
	for _, kv := range rest {
		key, value, ok := strings.Cut(kv, "=")
		if !ok {
			return usageError{fmt.Sprintf("%q: want KEY=VALUE", kv)}
		}
		switch key {
		case "captions", "channel", "load", "order":
			changes[key] = value
		case "languages", "phrases":
			list := []string{}
			for _, x := range strings.Split(value, ",") {
				if x = strings.TrimSpace(x); x != "" && !(key == "languages" && x == "auto") {
					list = append(list, x)
				}
			}
			changes[key] = list
		case "max_celsius":
			n, err := strconv.Atoi(value)
			if err != nil {
				return usageError{fmt.Sprintf("max_celsius: %q is not a number", value)}
			}
			changes[key] = n
		default:
			return usageError{fmt.Sprintf("no key %q; there are captions, languages, channel, phrases, load, order, max_celsius", key)}
		}
	}
	return changeSettings(ctx, w, changes, s)
}

func changeSettings(ctx context.Context, w where, changes map[string]any, s io3) error {
	a, err := w.open()
	if err != nil {
		return err
	}
	defer a.close()
	const path = "/api/v1/captions/settings"
	q := url.Values{"camera": {*w.camera}}
	var res *http.Response
	if len(changes) == 0 {
		res, err = a.get(ctx, path, q)
	} else {
		res, err = a.send(ctx, http.MethodPatch, path, q, changes)
	}
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	var c struct {
		Captions, Channel, Load, Order visible
		Languages, Phrases             []visible
		MaxC                           int `json:"max_celsius"`
	}
	if err := json.NewDecoder(res.Body).Decode(&c); err != nil {
		return fmt.Errorf("the answer is not what this version understands: %w", err)
	}
	_, err = fmt.Fprintf(s.out, "captions=%s languages=%s channel=%s phrases=%s load=%s order=%s max_celsius=%d\n", c.Captions,
		joined(c.Languages, "auto"), c.Channel, joined(c.Phrases, ""), c.Load, c.Order, c.MaxC)
	return err
}

func joined(list []visible, none string) string {
	if len(list) == 0 {
		return none
	}
	var out []string
	for _, x := range list {
		out = append(out, x.String())
	}
	return strings.Join(out, ",")
}

// warn writes a line for a person to standard error.
func warn(s io3, format string, args ...any) {
	fmt.Fprintln(s.err, appliance.OneLine(fmt.Sprintf(format, args...)))
}
