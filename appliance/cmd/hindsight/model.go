package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"text/tabwriter"

	"hindsight/appliance"
	"hindsight/asr/model"
	language "hindsight/asr/text"
)

const modelUsage = `usage: hindsight model list [--published] [--json]
       hindsight model add FILE.zip|DIR [--language L] [--name N]
       hindsight model get NAME
       hindsight model use NAME [--language L] [--camera C]
       hindsight model remove NAME [--force]

Speech models: what recognition needs to understand a language. They lie in the
data directory; a recorder that runs there notices by itself. add needs no network;
get downloads from the list that the makers of Vosk publish. Each subcommand
has --help.
`

func modelCommand(ctx context.Context, args []string, s io3) error {
	if len(args) == 0 {
		return usageError{"want list, add, get, use or remove"}
	}
	switch args[0] {
	case "list":
		return modelList(ctx, args[1:], s)
	case "add":
		return modelAdd(ctx, args[1:], s)
	case "get":
		return modelGet(ctx, args[1:], s)
	case "use":
		return modelUse(ctx, args[1:], s)
	case "remove":
		return modelRemove(args[1:], s)
	case "help", "-h", "--help", "-help":
		_, err := io.WriteString(s.out, modelUsage)
		return err
	}
	return usageError{fmt.Sprintf("unknown %q; want list, add, get, use or remove", args[0])}
}

// models are the flags that say where the models are.
type models struct{ data, library *string }

func modelFlags(f *flag.FlagSet) models {
	return models{
		data:    f.String("data", "", "data `directory` of the recorder (default: as for serve)"),
		library: f.String("library", "auto", "`path` of libvosk.so, to try a model with"),
	}
}

func (m models) open(s io3) (*model.Store, error) {
	dir, err := dataDir(*m.data)
	if err != nil {
		return nil, err
	}
	return appliance.OpenModels(dir, appliance.VoskLibrary(*m.library), slog.New(slog.NewTextHandler(s.err, &slog.HandlerOptions{Level: slog.LevelWarn})))
}

func modelList(ctx context.Context, args []string, s io3) error {
	f := flags("model list", "[--data DIR] [--published] [--json]", "Lists the speech models there are, or those that can be had.", s)
	m := modelFlags(f)
	published := f.Bool("published", false, "those that the makers of Vosk publish; needs a network")
	asJSON := f.Bool("json", false, "print JSON")
	if err := parse(f, args); err != nil {
		return err
	}
	store, err := m.open(s)
	if err != nil {
		return err
	}
	if *published {
		return listPublished(ctx, store, *asJSON, s)
	}
	list, err := store.List()
	if err != nil {
		return err
	}
	uses, err := store.Uses()
	if err != nil {
		return err
	}
	type row struct {
		Name     string   `json:"name"`
		Language string   `json:"language"`
		Bytes    int64    `json:"bytes"`
		Memory   int64    `json:"memory_bytes"` // thought to be needed at most
		Hash     string   `json:"hash"`
		InUse    []string `json:"in_use"` // language, and camera if it is one's own
		Problem  string   `json:"problem"`
	}
	rows := []row{}
	for _, x := range list {
		_, most := x.Memory()
		r := row{Name: x.Name, Language: x.Language, Bytes: x.Bytes(), Memory: most, Hash: x.Hash(), InUse: []string{}}
		for _, u := range uses {
			if u.Model == x.Name {
				r.InUse = append(r.InUse, strings.TrimSuffix(u.Language+" "+u.Camera, " "))
			}
		}
		if x.Fault != nil {
			r.Problem = x.Fault.Error()
		}
		rows = append(rows, r)
	}
	if *asJSON {
		return printJSON(s.out, rows)
	}
	if len(rows) == 0 {
		fmt.Fprintln(s.out, "no speech model; add one with `hindsight model add FILE.zip`, or with a network `hindsight model get NAME`")
	}
	tw := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		use := "not in use"
		if len(r.InUse) > 0 {
			use = "in use: " + strings.Join(r.InUse, ", ")
		}
		fmt.Fprintf(tw, "%s\t%s\t%d MB\tneeds %d MB of memory\t%s\t%s\n", visible(r.Name), visible(r.Language), r.Bytes/1e6, r.Memory/1e6, visible(use), visible(r.Problem))
	}
	return tw.Flush()
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

func listPublished(ctx context.Context, store *model.Store, asJSON bool, s io3) error {
	list, err := store.Published(ctx)
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(s.out, list)
	}
	tw := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	for _, p := range list {
		if !p.Obsolete {
			fmt.Fprintf(tw, "%s\t%s\t%s\t%d MB\n", visible(p.Name), visible(p.Language), visible(p.LanguageName), p.Size/1e6)
		}
	}
	return tw.Flush()
}

func modelAdd(ctx context.Context, args []string, s io3) error {
	f := flags("model add", "[--data DIR] [--language L] [--name N] FILE.zip|DIR",
		"Adds a speech model from a ZIP archive (also a Python wheel) or a folder, once it was\nchecked and tried. The first of a language comes into use at once.", s)
	m := modelFlags(f)
	l := f.String("language", "", "`code` of the language that it understands, as in ko, en, zh")
	name := f.String("name", "", "`name` to give it (default: the archive's folder)")
	rest, err := parseRest(f, args, 1, "one FILE.zip or DIR")
	if err != nil {
		return err
	}
	label := model.Label{Name: *name}
	if *l != "" {
		found, err := language.Find(*l)
		if err != nil {
			return usageError{"--language: " + err.Error()}
		}
		label.Language = found.Spoken
	}
	info, err := os.Stat(rest[0])
	if err != nil {
		return fmt.Errorf("%s cannot be read: %w", rest[0], reason(err))
	}
	store, err := m.open(s)
	if err != nil {
		return err
	}
	add := store.AddZip
	if info.IsDir() {
		add = store.AddDir
	}
	added, err := add(ctx, rest[0], label, progress(s))
	if err != nil {
		return err
	}
	return comeIntoUse(ctx, store, added, *l, s)
}

func modelGet(ctx context.Context, args []string, s io3) error {
	f := flags("model get", "[--data DIR] NAME", "Downloads a speech model that the makers of Vosk publish, and adds it. What was\nbroken off goes on where it stopped. `hindsight model list --published` names them.", s)
	m := modelFlags(f)
	rest, err := parseRest(f, args, 1, "one NAME")
	if err != nil {
		return err
	}
	store, err := m.open(s)
	if err != nil {
		return err
	}
	added, err := store.Get(ctx, rest[0], progress(s))
	if err != nil {
		return err
	}
	return comeIntoUse(ctx, store, added, "", s)
}

// comeIntoUse makes the first model of a language the current one. l is the
// language that somebody named; empty: the model's own.
func comeIntoUse(ctx context.Context, store *model.Store, m model.Model, l string, s io3) error {
	if l == "" {
		l = m.Language
	}
	if l == "" {
		_, err := fmt.Fprintf(s.out, "added %s; say in which language it listens: hindsight model use %s --language L\n", m.Name, m.Name)
		return err
	}
	found, err := language.Find(l)
	if err != nil {
		return err
	}
	if current, err := store.Current("", found.Code); err == nil {
		_, err := fmt.Fprintf(s.out, "added %s; %s stays in use for %s until you say: hindsight model use %s\n", m.Name, current.Name, found.Code, m.Name)
		return err
	} else if !errors.Is(err, model.ErrUnset) {
		return err
	}
	if err := store.Use(ctx, model.Use{Language: found.Code, Model: m.Name}); err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "added %s; it is in use for %s (%s) from now on\n", m.Name, found.Code, found.English)
	return err
}

func modelUse(ctx context.Context, args []string, s io3) error {
	f := flags("model use", "[--data DIR] [--language L] [--camera C] NAME",
		"Chooses the speech model for a language: of all cameras, or of one. A recorder that runs\nchanges over without a break in the recording. A broken model is refused.", s)
	m := modelFlags(f)
	l := f.String("language", "", "`code` of the language of the captions, as in ko or zh-TW (default: the model's)")
	camera := f.String("camera", "", "`name` of one camera (default: all that have no model of their own)")
	rest, err := parseRest(f, args, 1, "one NAME")
	if err != nil {
		return err
	}
	store, err := m.open(s)
	if err != nil {
		return err
	}
	found, err := store.Find(rest[0])
	if err != nil {
		return fmt.Errorf("%s: %w; `hindsight model list` names those there are", rest[0], err)
	}
	if *l == "" {
		*l = found.Language
	}
	if *l == "" {
		return usageError{"nobody has said which language " + rest[0] + " understands; name it with --language"}
	}
	tongue, err := language.Find(*l)
	if err != nil {
		return usageError{"--language: " + err.Error()}
	}
	if err := store.Use(ctx, model.Use{Camera: *camera, Language: tongue.Code, Model: rest[0]}); err != nil {
		return err
	}
	whose := "every camera"
	if *camera != "" {
		whose = "camera " + *camera
	}
	_, err = fmt.Fprintf(s.out, "%s is in use for %s (%s) of %s\n", rest[0], tongue.Code, tongue.English, whose)
	return err
}

func modelRemove(args []string, s io3) error {
	f := flags("model remove", "[--data DIR] [--force] NAME", "Removes a speech model. One that is in use is refused unless forced; a recogniser\nthat runs with it goes on until it is started again.", s)
	m := modelFlags(f)
	force := f.Bool("force", false, "also one that is in use")
	rest, err := parseRest(f, args, 1, "one NAME")
	if err != nil {
		return err
	}
	store, err := m.open(s)
	if err != nil {
		return err
	}
	if err := store.Remove(rest[0], *force); err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "removed %s\n", rest[0])
	return err
}

// progress tells a person how far adding a model is: a line for each step, and each tenth of it.
func progress(s io3) func(model.Progress) {
	var step model.Step
	tenth := int64(-1)
	return func(p model.Progress) {
		now := int64(-1)
		if p.Total > 0 {
			now = p.Done * 10 / p.Total
		}
		if p.Step == step && now == tenth {
			return
		}
		step, tenth = p.Step, now
		if now < 0 {
			warn(s, "%s", p.Step)
			return
		}
		warn(s, "%s %d %% of %d MB", p.Step, now*10, p.Total/1e6)
	}
}
