package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"text/tabwriter"
	"time"
)

const (
	jobPause = 500 * time.Millisecond // between two looks at a job
	jobReply = 30 * time.Second       // for what has to be done although Ctrl-C was pressed
)

// job is the part of a job that is printed for people.
type job struct {
	ID              visible
	Camera          visible
	Language, Model visible
	From, To        moment
	Replace         bool
	State           visible
	Progress        float64
	Captions        int
	Error           visible
}

func makeCaptions(ctx context.Context, args []string, s io3) error {
	f := flags("captions make", "--from T --to T [--model M] [--language L] [--replace]",
		"Captions a stretch of the recording, again or for the first time, and waits until\nthat is done. Ctrl-C ends it; what is made by then stays.\n\n"+timeHelp, s)
	w := whereFlags(f)
	from := f.String("from", "", "`time` to begin at")
	to := f.String("to", "", "`time` to end at")
	model := f.String("model", "", "`name` of the model (default: the one in use)")
	language := f.String("language", "", "`language` of the captions (default: the camera's first)")
	replace := f.Bool("replace", false, "in place of the captions of that language that are there; those edited by hand stay\n(default: beside them)")
	if err := parse(f, args); err != nil {
		return err
	}
	t := url.Values{}
	if err := setStretch(t, *from, *to); err != nil {
		return err
	}
	a, err := w.open()
	if err != nil {
		return err
	}
	defer a.close()
	// Ctrl-C must not leave a job behind whose number nobody knows.
	asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), jobReply)
	defer cancel()
	var j job
	err = a.do(asking, http.MethodPost, "/api/v1/captions/make", url.Values{"camera": {*w.camera}},
		map[string]any{"from": t.Get("from"), "to": t.Get("to"), "language": *language, "model": *model, "replace": *replace}, &j)
	if err != nil {
		return err
	}
	g := newGauge(s.err)
	j, err = await(ctx, a, j, g)
	g.end()
	if err != nil {
		return err
	}
	if j.State != "done" {
		return jobError(j)
	}
	fmt.Fprintf(s.out, "%d captions in %s by %s\n", j.Captions, j.Language, j.Model)
	return nil
}

// jobError is how a job ended that is not done.
func jobError(j job) error {
	if j.Error != "" {
		return fmt.Errorf("%s: %s; captions made: %d", j.State, j.Error, j.Captions)
	}
	return fmt.Errorf("%s; captions made: %d", j.State, j.Captions)
}

// await waits for the end of a job, and brings it about when ctx ends.
func await(ctx context.Context, a *api, j job, g *gauge) (job, error) {
	path := "/api/v1/captions/jobs/" + url.PathEscape(string(j.ID))
	tick := time.NewTicker(jobPause)
	defer tick.Stop()
	for j.State == "waiting" || j.State == "running" {
		g.show(j.State.String(), j.Progress, fmt.Sprintf("captions: %d", j.Captions))
		select {
		case <-ctx.Done():
			ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), jobReply)
			defer cancel()
			err := a.do(ending, http.MethodDelete, path, nil, nil, &j)
			if err == nil && (j.State == "waiting" || j.State == "running") {
				j.State = "cancelled" // it is, once what it is at is written
			}
			return j, err
		case <-tick.C:
		}
		if err := a.do(ctx, http.MethodGet, path, nil, nil, &j); err != nil && ctx.Err() == nil {
			return j, err
		}
	}
	return j, nil
}

// do sends a request and decodes its answer into out.
func (a *api) do(ctx context.Context, method, path string, query url.Values, in, out any) error {
	res, err := a.send(ctx, method, path, query, in)
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	if err := json.NewDecoder(res.Body).Decode(out); err != nil {
		return notUnderstood(err)
	}
	return nil
}

func listJobs(ctx context.Context, args []string, s io3) error {
	f := flags("captions jobs", "[--json]", "Lists what is being captioned on request, and what was last.", s)
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
	return a.show(ctx, "/api/v1/captions/jobs", nil, *asJSON, s.out, printJobs)
}

// printJobs prints the answer for a person.
func printJobs(w io.Writer, answer io.Reader) error {
	var list struct{ Jobs []job }
	if err := json.NewDecoder(answer).Decode(&list); err != nil {
		return notUnderstood(err)
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, j := range list.Jobs {
		fmt.Fprintf(tw, "%s\t%s\t%.0f %%\t%s\t%s\t%s\t%s to %s\tcaptions: %d\t%s\n", j.ID, j.State, 100*j.Progress, j.Camera, j.Language, j.Model, j.From, j.To, j.Captions, j.Error)
	}
	return tw.Flush()
}

func editCaption(ctx context.Context, args []string, s io3) error {
	f := flags("captions edit", "ID TEXT [--editor WHO]",
		"Changes what a caption shows. What was recognised is kept beside it; giving that\nagain takes the change back. --search and --format json tell a caption's ID. A\nTEXT that begins with - stands behind --.", s)
	w := whereFlags(f)
	editor := f.String("editor", "", "`who` changes it (default: a person)")
	rest, err := parseRest(f, args, 2, "an ID and a TEXT, which stands in quotes")
	if err != nil {
		return err
	}
	id, err := strconv.ParseUint(rest[0], 10, 64)
	if err != nil || id == 0 {
		return usageError{fmt.Sprintf("%q is no caption's ID, which is a number", rest[0])}
	}
	a, err := w.open()
	if err != nil {
		return err
	}
	defer a.close()
	in := map[string]any{"text": rest[1]}
	if *editor != "" {
		in["editor"] = *editor
	}
	var c caption
	if err := a.do(ctx, http.MethodPatch, "/api/v1/captions/"+strconv.FormatUint(id, 10), url.Values{"camera": {*w.camera}}, in, &c); err != nil {
		return err
	}
	if c.ID != id {
		return notUnderstood(errors.New("it is another caption"))
	}
	_, err = fmt.Fprintln(s.out, c.line(false))
	return err
}
