package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"text/tabwriter"
)

// marking is a kind of thing that people keep of a camera, and how it is spoken of.
type marking struct {
	name, one string // of the command and of one of them
	about     string
	more      []command // beside list, rename and remove
	text      string    // what rename changes
}

// listed is the part of an answer that is printed for people.
type listed struct {
	ID       json.RawMessage // a number, or a session's text
	At       *moment         // of a bookmark
	From, To *moment
	Note     visible
	Name     visible
	Seconds  float64
	By       visible
	Pinned   bool
}

func (x *listed) id() visible {
	var text string
	if json.Unmarshal(x.ID, &text) == nil {
		return visible(text)
	}
	return visible(x.ID)
}

func bookmarksCommand(ctx context.Context, args []string, s io3) error {
	m := marking{name: "bookmarks", one: "bookmark", text: "note", about: "Keeps the moments that people noted."}
	m.more = []command{{name: "add", summary: "note a moment", run: m.addBookmark}}
	return m.run(ctx, args, s)
}

func pinsCommand(ctx context.Context, args []string, s io3) error {
	m := marking{name: "pins", one: "pin", text: "note", about: "Keeps the ranges that are never deleted to make room."}
	m.more = []command{{name: "add", summary: "keep a range", run: m.addPin}}
	return m.run(ctx, args, s)
}

func sessionsCommand(ctx context.Context, args []string, s io3) error {
	m := marking{name: "sessions", one: "session", text: "name",
		about: "Keeps the sessions: the stretches between `hindsight record` and `hindsight stop`,\nand each run of the recorder in which nobody pressed."}
	return m.run(ctx, args, s)
}

// commands are the words that may follow the kind's own.
func (m marking) commands() []command {
	return append([]command{
		{name: "list", summary: "list them", run: m.list}}, append(m.more,
		command{name: "rename", summary: "change the " + m.text + " of one", run: m.rename},
		command{name: "remove", summary: "delete one", run: m.remove})...)
}

func (m marking) run(ctx context.Context, args []string, s io3) error {
	if known, err := subcommand(ctx, m.commands(), args, s); known {
		return err
	}
	words, want := "", ""
	for i, c := range m.commands() {
		if i > 0 {
			words, want = words+"|", want+", "
		}
		words, want = words+c.name, want+c.name
	}
	f := flags(m.name, words+" [FLAG]...", m.about+"\n\n"+subcommandHelp(m.name, m.commands())+"\nEach of them has a --help.", s)
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return usageError{err.Error()}
	}
	if f.NArg() > 0 {
		return usageError{fmt.Sprintf("unknown command %q", f.Arg(0))}
	}
	return usageError{"want one of " + want}
}

func (m marking) list(ctx context.Context, args []string, s io3) error {
	f := flags(m.name+" list", "[--data DIR|--url URL] [--camera cam] [--json]", "Lists the "+m.name+" of a camera.", s)
	w := whereFlags(f)
	asJSON := f.Bool("json", false, "print JSON")
	if err := parse(f, args); err != nil {
		return err
	}
	a, q, err := w.openRange("", "")
	if err != nil {
		return err
	}
	defer a.close()
	return a.show(ctx, "/api/v1/"+m.name, q, *asJSON, s.out, m.print)
}

// print prints the answer for a person, one line each.
func (m marking) print(w io.Writer, answer io.Reader) error {
	var all map[string][]listed
	if err := json.NewDecoder(answer).Decode(&all); err != nil {
		return notUnderstood(err)
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, x := range all[m.name] {
		switch {
		case x.At != nil:
			fmt.Fprintf(tw, "%s\t%s\t%s\t%s\n", x.id(), x.At, x.At.Position, x.Note)
		case x.From != nil:
			until := "goes on"
			if x.To != nil {
				until = "to " + x.To.String()
			}
			text := x.Note + x.Name
			if x.Pinned {
				text += " (kept)"
			}
			fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\n", x.id(), x.From, until, x.From.Position, text)
		}
	}
	return tw.Flush()
}

func (m marking) addBookmark(ctx context.Context, args []string, s io3) error {
	f := flags("bookmarks add", "T [--note N] [--data DIR|--url URL] [--camera cam]", "Notes a moment.\n\n"+timeHelp, s)
	w := whereFlags(f)
	note := f.String("note", "", "`text` to find it by")
	rest, err := parseRest(f, args, 1, "a time")
	if err != nil {
		return err
	}
	q := url.Values{}
	if err := setTime(q, "at", rest[0]); err != nil {
		return err
	}
	return m.change(ctx, w, http.MethodPost, "", nil, map[string]string{"at": q.Get("at"), "note": *note}, s)
}

func (m marking) addPin(ctx context.Context, args []string, s io3) error {
	f := flags("pins add", "--from T --to T [--note N] [--data DIR|--url URL] [--camera cam]", "Keeps a range however full the disk gets.\n\n"+timeHelp, s)
	w := whereFlags(f)
	from := f.String("from", "", "`time` at which it begins")
	to := f.String("to", "", "`time` at which it ends")
	note := f.String("note", "", "`text` to find it by")
	if err := parse(f, args); err != nil {
		return err
	}
	if *from == "" || *to == "" {
		return usageError{"want --from and --to"}
	}
	q := url.Values{}
	if err := setTimes(q, *from, *to); err != nil {
		return err
	}
	return m.change(ctx, w, http.MethodPost, "", nil, map[string]string{"from": q.Get("from"), "to": q.Get("to"), "note": *note}, s)
}

func (m marking) rename(ctx context.Context, args []string, s io3) error {
	f := flags(m.name+" rename", "ID TEXT [--data DIR|--url URL] [--camera cam]", "Changes the "+m.text+" of a "+m.one+"; its number is what list shows.", s)
	w := whereFlags(f)
	rest, err := parseRest(f, args, 2, "a number and a "+m.text)
	if err != nil {
		return err
	}
	return m.change(ctx, w, http.MethodPatch, rest[0], nil, map[string]string{m.text: rest[1]}, s)
}

func (m marking) remove(ctx context.Context, args []string, s io3) error {
	f := flags(m.name+" remove", "ID [--data DIR|--url URL] [--camera cam]", "Deletes a "+m.one+"; its number is what list shows.", s)
	w := whereFlags(f)
	q := url.Values{}
	var whole *bool
	if m.name == "sessions" {
		whole = f.Bool("media", false, "delete what was recorded in it, too: picture, sound and captions, for good")
	}
	rest, err := parseRest(f, args, 1, "a number")
	if err != nil {
		return err
	}
	if whole != nil && *whole {
		q.Set("media", "true")
	}
	return m.change(ctx, w, http.MethodDelete, rest[0], q, nil, s)
}

// change asks the recorder for a change of one of them and prints what came of it.
func (m marking) change(ctx context.Context, w where, method, id string, q url.Values, v map[string]string, s io3) error {
	path := "/api/v1/" + m.name
	if id != "" {
		path += "/" + url.PathEscape(id)
	}
	var x listed
	if err := w.ask(ctx, method, path, q, v, &x); err != nil {
		return err
	}
	done := map[string]string{http.MethodPost: "added", http.MethodPatch: "changed", http.MethodDelete: "removed"}[method]
	if x.ID != nil {
		id = string(x.id())
	}
	_, err := fmt.Fprintf(s.out, "%s %s: %s\n", m.one, visible(id), done)
	return err
}

// ask sends a change of the camera's to the recorder and reads the answer into out.
func (w where) ask(ctx context.Context, method, path string, q url.Values, v map[string]string, out any) error {
	a, err := w.open()
	if err != nil {
		return err
	}
	defer a.close()
	all := url.Values{"camera": {*w.camera}}
	for key, values := range q {
		all[key] = values
	}
	body := map[string]string{"camera": *w.camera}
	for key, value := range v {
		body[key] = value
	}
	res, err := a.send(ctx, method, path, all, body)
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	if err := json.NewDecoder(res.Body).Decode(out); err != nil && res.StatusCode != http.StatusNoContent {
		return notUnderstood(err)
	}
	return nil
}
