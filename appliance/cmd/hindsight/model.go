package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"

	"hindsight/appliance"
	"hindsight/asr/model"
	language "hindsight/asr/text"
)

// modelCommands are the words that may follow `hindsight model`.
func modelCommands() []command {
	return []command{
		{name: "list", summary: "list the models that are there, or those that can be had", run: listModels},
		{name: "add", summary: "check, try and add a model from a ZIP archive or a folder", run: addModel},
		{name: "get", summary: "download a model that its makers publish, and add it", run: getModel},
		{name: "use", summary: "make a model the one in use", run: useModel},
		{name: "remove", summary: "remove a model", run: removeModel},
	}
}

func modelCommand(ctx context.Context, args []string, s io3) error {
	if known, err := subcommand(ctx, modelCommands(), args, s); known {
		return err
	}
	f := flags("model", "list|add|get|use|remove [FLAG]...",
		"Keeps the speech models of a recording. A recorder that runs notices by itself.\n\n"+subcommandHelp("model", modelCommands())+
			"\nEach of them has a --help.", s)
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return usageError{err.Error()}
	}
	if f.NArg() > 0 {
		return usageError{fmt.Sprintf("unknown command %q", f.Arg(0))}
	}
	return usageError{"want list, add, get, use or remove"}
}

// modelStore is the folder of models that a command works on.
type modelStore struct {
	*model.Store
	data string
}

// errNoModels is about a recording that has no models folder.
var errNoModels = errors.New("no model was added")

// openModels opens the models of a recording. Only what adds one makes the folder.
func openModels(data string, makes bool, s io3) (modelStore, error) {
	dir, err := dataDir(data)
	if err != nil {
		return modelStore{}, err
	}
	if _, err := os.Stat(appliance.ModelsDir(dir)); !makes && errors.Is(err, fs.ErrNotExist) {
		return modelStore{data: dir}, fmt.Errorf("%w to %s yet; add one with `hindsight model add FILE.zip`", errNoModels, dir)
	}
	library := "auto"
	if makes {
		conf, err := appliance.Load(os.Getenv("HINDSIGHT_CONFIG"), os.Environ(), nil)
		if err != nil {
			return modelStore{}, usageError{err.Error()} // as for serve
		}
		library = conf.Captions.Library
	}
	store, err := appliance.OpenModels(dir, appliance.VoskLibrary(library), slog.New(slog.NewTextHandler(s.err, &slog.HandlerOptions{Level: slog.LevelWarn})))
	return modelStore{store, dir}, err
}

func dataFlag(f *flag.FlagSet) *string {
	return f.String("data", "", "`directory` of the recording (default: as for serve)")
}

// findLanguage reads --language; empty stays.
func findLanguage(name string) (string, error) {
	if name == "" {
		return "", nil
	}
	l, err := language.Find(name)
	if err != nil {
		return "", usageError{"--language: " + err.Error()}
	}
	return l.Code, nil
}

func addModel(ctx context.Context, args []string, s io3) error {
	f := flags("model add", "FILE.zip|DIR [--language L] [--name N]",
		"Checks a speech model for libvosk, tries it on a second of silence, and adds it.\nNo network is needed. The first model of a language becomes the one in use.", s)
	data := dataFlag(f)
	lang := f.String("language", "", "`language` that it understands, as in zh (default: what its name says)")
	name := f.String("name", "", "`name` to give it (default: the archive's)")
	rest, err := parseRest(f, args, 1, "a ZIP archive or a folder")
	if err != nil {
		return err
	}
	l := model.Label{Name: *name}
	if *name != "" && model.CheckName(*name) != nil {
		return usageError{fmt.Sprintf("--name: %v", model.CheckName(*name))}
	}
	written, err := findLanguage(*lang)
	if err != nil {
		return err
	}
	if written != "" {
		found, err := language.Find(written)
		if err != nil {
			return err
		}
		l.Language = found.Spoken
	}
	st, err := os.Stat(rest[0])
	if err != nil {
		return fmt.Errorf("%s: %w", rest[0], reason(err))
	}
	store, err := openModels(*data, true, s)
	if err != nil {
		return err
	}
	g := newGauge(s.err)
	add := store.AddZip
	if st.IsDir() {
		add = store.AddDir
	}
	m, err := add(ctx, rest[0], l, g.model)
	g.end()
	if err != nil {
		return stopped(ctx, err)
	}
	return store.added(ctx, m, written, s.out)
}

// model shows how far adding one has come.
func (g *gauge) model(p model.Progress) {
	step := map[model.Step]string{model.StepList: "asking what is published", model.StepDownload: "downloading", model.StepUnpack: "unpacking",
		model.StepCheck: "checking", model.StepTrial: "trying it on a second of silence"}[p.Step]
	switch {
	case p.Step != model.StepDownload && p.Step != model.StepUnpack:
		g.show(step, -1, "")
	case p.Total > 0:
		g.show(step, float64(p.Done)/float64(p.Total), fmt.Sprintf("%d of %d MB", p.Done/1e6, p.Total/1e6))
	default:
		g.show(step, -1, fmt.Sprintf("%d MB", p.Done/1e6))
	}
}

// stopped is err, or that a person ended it.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errors.New("stopped; what was downloaded is kept, so that it can go on, and nothing was added")
	}
	return err
}

// added says what was added, and makes the first model of a language the one in use.
func (st modelStore) added(ctx context.Context, m model.Model, written string, out io.Writer) error {
	fmt.Fprintf(out, "%s is added: %d MB\n", m.Name, m.Bytes()/1e6)
	inUse, other, err := appliance.UseFirst(ctx, st.Store, m, written)
	switch {
	case err != nil:
		return err
	case other != nil && other.Model == m.Name:
		return nil
	case other != nil:
		_, err = fmt.Fprintf(out, "%s stays in use for %s; choose this one with `hindsight model use %s`\n", other.Model, other.Language, m.Name)
	case inUse == "":
		_, err = fmt.Fprintf(out, "its language is not known; choose it with `hindsight model use %s --language L`\n", m.Name)
	default:
		_, err = fmt.Fprintf(out, "it is the first for %s and now the one in use\n", inUse)
	}
	return err
}

func getModel(ctx context.Context, args []string, s io3) error {
	f := flags("model get", "NAME", "Downloads a model that its makers publish (`hindsight model list --published`), checks\nits sum, and adds it as `hindsight model add` does. A download that was broken off goes on.", s)
	data := dataFlag(f)
	rest, err := parseRest(f, args, 1, "a model's name")
	if err != nil {
		return err
	}
	if err := model.CheckName(rest[0]); err != nil {
		return usageError{err.Error()}
	}
	store, err := openModels(*data, true, s)
	if err != nil {
		return err
	}
	g := newGauge(s.err)
	m, err := store.Get(ctx, rest[0], g.model)
	g.end()
	if err != nil {
		return stopped(ctx, err)
	}
	return store.added(ctx, m, "", s.out)
}

func useModel(ctx context.Context, args []string, s io3) error {
	f := flags("model use", "NAME [--language L] [--camera C]", "Makes a model the one in use for a language. A broken one is refused. A recorder\nthat runs takes it up within seconds, without a break in recording.", s)
	data := dataFlag(f)
	lang := f.String("language", "", "`language` of the captions, as in zh-TW (default: the model's)")
	camera := f.String("camera", "", "`name` of the only camera that is to use it (default: every one)")
	rest, err := parseRest(f, args, 1, "a model's name")
	if err != nil {
		return err
	}
	code, err := findLanguage(*lang)
	if err != nil {
		return err
	}
	store, err := openModels(*data, false, s)
	if err != nil {
		return err
	}
	m, err := store.Find(rest[0])
	if err != nil {
		return err
	}
	if code == "" {
		code = appliance.CaptionLanguage(m)
	}
	if code == "" {
		return usageError{fmt.Sprintf("nobody has said which language %s understands; give --language", m.Name)}
	}
	if err := store.Use(ctx, model.Use{Camera: *camera, Language: code, Model: m.Name}); err != nil {
		return err
	}
	who := "every camera"
	if *camera != "" {
		who = "camera " + *camera
	}
	_, err = fmt.Fprintf(s.out, "%s is in use for %s, %s\n", m.Name, code, who)
	return err
}

func removeModel(_ context.Context, args []string, s io3) error {
	f := flags("model remove", "NAME [--force]", "Removes a model and what was downloaded of it. Captions that it made stay.", s)
	data := dataFlag(f)
	force := f.Bool("force", false, "even if it is in use")
	rest, err := parseRest(f, args, 1, "a model's name")
	if err != nil {
		return err
	}
	store, err := openModels(*data, false, s)
	if err != nil {
		return err
	}
	if err := store.Remove(rest[0], *force); err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "%s is removed\n", rest[0])
	return err
}
