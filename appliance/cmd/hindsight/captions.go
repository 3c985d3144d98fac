package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"
	"unicode"
)

// caption is the part of a caption that is printed for people.
type caption struct {
	ID             uint64
	Start          moment
	Text           visible
	Language, Role visible
	Model          struct{ Name visible }
	At             *moment // of a search: when the first of it was spoken
}

// line is the caption in one line; marked with its language if asked for.
func (c *caption) line(language bool) string {
	at := c.Start
	if c.At != nil {
		at = *c.At
	}
	var b strings.Builder
	b.WriteString(at.Time.Local().Format("2006-01-02 15:04:05"))
	if !at.Trusted {
		b.WriteByte('?')
	}
	if c.At != nil {
		fmt.Fprintf(&b, "  #%d", c.ID)
	}
	if language {
		fmt.Fprintf(&b, "  [%s]", c.Language)
	}
	if c.Role != "" && c.Role != "main" {
		fmt.Fprintf(&b, "  %s:", c.Role)
	}
	fmt.Fprintf(&b, "  %s", c.Text)
	return b.String()
}

// tongues says when a caption has to name its language: from the second one on.
type tongues struct {
	first   visible
	several bool
}

func (t *tongues) named(l visible) bool {
	if t.first == "" {
		t.first = l
	}
	t.several = t.several || l != t.first
	return t.several
}

// captionCommands are the words that may follow `hindsight captions`.
func captionCommands() []command {
	return []command{
		{name: "make", summary: "caption a stretch again, or one that has no captions yet", run: makeCaptions},
		{name: "edit", summary: "change what a caption shows; what was recognised is kept", run: editCaption},
		{name: "on", summary: "recognise from now on", run: func(ctx context.Context, args []string, s io3) error { return switchCaptions(ctx, "on", args, s) }},
		{name: "off", summary: "recognise nothing until it is switched on", run: func(ctx context.Context, args []string, s io3) error { return switchCaptions(ctx, "off", args, s) }},
		{name: "set", summary: "show or change how the camera is captioned", run: setCaptions},
		{name: "status", summary: "say how recognition runs, and what is captioned, pending and off", run: captionStatus},
		{name: "jobs", summary: "list what is being captioned on request", run: listJobs},
	}
}

// subcommand runs the one that args name.
func subcommand(ctx context.Context, of []command, args []string, s io3) (known bool, err error) {
	if len(args) == 0 {
		return false, nil
	}
	for _, c := range of {
		if c.name == args[0] {
			return true, c.run(ctx, args[1:], s)
		}
	}
	return false, nil
}

// subcommandHelp lists them.
func subcommandHelp(name string, of []command) string {
	var b strings.Builder
	for _, c := range of {
		fmt.Fprintf(&b, "  hindsight %s %-7s %s\n", name, c.name, c.summary)
	}
	return b.String()
}

// captionFlags say which captions are printed, and how.
type captionFlags struct {
	where
	from, to, format, times, search *string
	language, model                 *string
	follow, partials, words         *bool
}

func captionsCommand(ctx context.Context, args []string, s io3) error {
	if known, err := subcommand(ctx, captionCommands(), args, s); known {
		return err
	}
	f := flags("captions", "[--from T] [--to T] [--format vtt|srt|txt|json] [--search TEXT] [-f] [FLAG]...",
		"Prints what was spoken. More can be done with:\n\n"+subcommandHelp("captions", captionCommands())+"\n"+timeHelp, s)
	c := captionFlags{where: whereFlags(f),
		from:     f.String("from", "", "`time` to begin at (default: the oldest)"),
		to:       f.String("to", "", "`time` to end at (default: the newest)"),
		format:   f.String("format", "txt", "`form`: vtt, srt, txt or json"),
		times:    f.String("times", "", "`wall` for times of day in this machine's zone, media for times in the MP4 export\nof the same stretch (default: wall for txt, media for vtt and srt)"),
		search:   f.String("search", "", "only captions with these `words`; a phrase stands in quotes"),
		language: f.String("language", "", "only this `language`, as in zh-TW"),
		model:    f.String("model", "", "only what this `model` recognised"),
		follow:   f.Bool("f", false, "go on with what is spoken from now on, until Ctrl-C"),
		partials: f.Bool("partials", false, "with -f: print also what may still change, marked with ~"),
		words:    f.Bool("words", false, "with --format vtt: the time of each word")}
	if err := parse(f, args); err != nil {
		if f.NArg() > 0 {
			return usageError{fmt.Sprintf("unknown command %q", f.Arg(0))}
		}
		return err
	}
	q, err := c.query()
	if err != nil {
		return err
	}
	a, err := c.open()
	if err != nil {
		return err
	}
	defer a.close()
	switch {
	case *c.follow:
		return c.followCaptions(ctx, a, q, s)
	case *c.format == "json":
		return printCaptionsJSON(ctx, a, q, s.out)
	case *c.search != "":
		return printHits(ctx, a, q, s)
	}
	return c.printFile(ctx, a, q, s)
}

// query checks the flags against each other and makes the request's query.
func (c captionFlags) query() (url.Values, error) {
	q := url.Values{"camera": {*c.camera}}
	file := false
	switch *c.format {
	case "vtt", "srt":
		file = true
	case "txt", "json":
	default:
		return nil, usageError{fmt.Sprintf("--format %s: want vtt, srt, txt or json", *c.format)}
	}
	switch *c.times {
	case "", "wall", "media":
	default:
		return nil, usageError{fmt.Sprintf("--times %s: want wall or media", *c.times)}
	}
	switch {
	case *c.follow && file:
		return nil, usageError{"-f prints txt or json"}
	case *c.search != "" && file:
		return nil, usageError{"--search prints txt or json"}
	case *c.follow && (*c.to != "" || *c.search != ""):
		return nil, usageError{"-f goes without --to and --search"}
	case *c.times != "" && (*c.format == "json" || *c.follow || *c.search != ""):
		return nil, usageError{"--times is for whole files of vtt, srt and txt; -f, --search and json have times of day"}
	case *c.partials && !*c.follow:
		return nil, usageError{"--partials needs -f"}
	case *c.words && *c.format != "vtt":
		return nil, usageError{"--words needs --format vtt; json has the words in any case"}
	}
	for key, v := range map[string]string{"language": *c.language, "model": *c.model, "search": *c.search, "times": *c.times} {
		if v != "" {
			q.Set(key, v)
		}
	}
	if *c.words {
		q.Set("words", "1")
	}
	return q, setTimes(q, *c.from, *c.to)
}

// printFile prints a file as the server makes it.
func (c captionFlags) printFile(ctx context.Context, a *api, q url.Values, s io3) error {
	q.Set("zone", zoneAt(q.Get("from"), time.Now(), time.Local))
	res, err := a.get(ctx, "/api/v1/captions."+*c.format, q)
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	n, err := copyVisible(s.out, res.Body)
	if err == nil && n == 0 && *c.format == "txt" {
		sayNothing(s)
	}
	return err
}

func sayNothing(s io3) {
	fmt.Fprintln(s.err, "hindsight captions: there is none; `hindsight captions status` says how far recognition has come")
}

// zoneAt is the offset from UTC that is in force where the captions begin, or now.
func zoneAt(from string, now time.Time, zone *time.Location) string {
	if t, err := time.Parse(time.RFC3339Nano, from); err == nil {
		now = t
	}
	return now.In(zone).Format("-07:00")
}

// copyVisible copies lines without what would move about on a terminal, and
// leaves the two marks that join and part letters. It answers how many there were.
func copyVisible(w io.Writer, r io.Reader) (lines int, err error) {
	in, out := bufio.NewReader(r), bufio.NewWriter(w)
	for {
		line, err := in.ReadString('\n')
		if line != "" {
			lines++
			fmt.Fprintln(out, strings.Map(visibleRune, strings.TrimRight(line, "\r\n")))
		}
		if errors.Is(err, io.EOF) {
			return lines, out.Flush()
		}
		if err != nil {
			return lines, errors.Join(err, out.Flush())
		}
	}
}

func visibleRune(r rune) rune {
	const parts, joins = '\u200c', '\u200d'
	if unicode.IsGraphic(r) || r == parts || r == joins {
		return r
	}
	return ' '
}

// eachCaption hands over captions one by one, page after page.
func eachCaption(ctx context.Context, a *api, q url.Values, f func(json.RawMessage) error) error {
	q.Set("limit", "1000")
	for {
		res, err := a.get(ctx, "/api/v1/captions", q)
		if err != nil {
			return err
		}
		var page struct {
			Captions []json.RawMessage
			Next     *string
		}
		err = json.NewDecoder(res.Body).Decode(&page)
		res.Body.Close() //nolint:errcheck // read to its end
		if err != nil {
			return notUnderstood(err)
		}
		for _, c := range page.Captions {
			if err := f(c); err != nil {
				return err
			}
		}
		if page.Next == nil || *page.Next == q.Get("after") {
			return nil
		}
		q.Set("after", *page.Next)
	}
}

func notUnderstood(err error) error {
	return fmt.Errorf("the answer is not what this version understands: %w", err)
}

// printCaptionsJSON prints all pages as one document.
func printCaptionsJSON(ctx context.Context, a *api, q url.Values, w io.Writer) error {
	out := bufio.NewWriter(w)
	between := ""
	camera, err := json.Marshal(q.Get("camera"))
	if err != nil {
		return err
	}
	begin := func() {
		fmt.Fprintf(out, "{\"camera\":%s,\"captions\":[", camera)
	}
	err = eachCaption(ctx, a, q, func(c json.RawMessage) error {
		if between == "" {
			begin()
		}
		var line bytes.Buffer
		if err := json.Compact(&line, c); err != nil {
			return notUnderstood(err)
		}
		_, err := fmt.Fprintf(out, "%s\n%s", between, &line)
		between = ","
		return err
	})
	if err == nil {
		if between == "" {
			begin()
		}
		fmt.Fprintln(out, "\n]}")
	}
	return cmp.Or(err, out.Flush())
}

// printHits prints what a search found, each with the caption's number.
func printHits(ctx context.Context, a *api, q url.Values, s io3) error {
	out, n, t := bufio.NewWriter(s.out), 0, tongues{}
	err := eachCaption(ctx, a, q, func(raw json.RawMessage) error {
		var hit caption
		if err := json.Unmarshal(raw, &hit); err != nil {
			return notUnderstood(err)
		}
		n++
		_, err := fmt.Fprintln(out, hit.line(t.named(hit.Language)))
		return err
	})
	if err == nil && n == 0 {
		fmt.Fprintln(s.err, "hindsight captions: nothing is found")
	}
	return errors.Join(err, out.Flush())
}

// setStretch is setTimes where both are needed.
func setStretch(q url.Values, from, to string) error {
	if from == "" || to == "" {
		return usageError{"--from and --to are needed"}
	}
	if err := setTimes(q, from, to); err != nil {
		return err
	}
	f, err1 := time.Parse(time.RFC3339Nano, q.Get("from"))
	t, err2 := time.Parse(time.RFC3339Nano, q.Get("to"))
	if err1 == nil && err2 == nil && !f.Before(t) { // of positions only the server knows
		return usageError{"--to lies before --from"}
	}
	return nil
}
