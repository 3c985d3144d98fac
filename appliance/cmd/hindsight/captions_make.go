package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"text/tabwriter"
	"time"
)

// madeJob is the part of a job that is printed.
type madeJob struct {
	ID, State, Language, Model, Error visible
	From, To                          moment
	Progress                          float64
	Captions                          int
}

// over reports whether nothing more comes.
func (j madeJob) over() bool {
	return j.State == "done" || j.State == "failed" || j.State == "cancelled"
}

// captionsMake has a range captioned and waits for it.
func captionsMake(ctx context.Context, args []string, s io3) error {
	f := flags("captions make", "--from T --to T [--model M] [--language L] [--replace] [FLAG]...",
		"Captions a stretch of the recording, also again, with another model or in another\nlanguage. What is there stays beside it, or is replaced; what a person wrote or\nchanged always stays. Interrupt it to cancel: what was made by then is kept.\n\n"+timeHelp, s)
	w := whereFlags(f)
	from := f.String("from", "", "`time` to begin at")
	to := f.String("to", "", "`time` to end at")
	model := f.String("model", "", "`name` of the model (default: the one in use)")
	language := f.String("language", "", "`code` of the language (default: the camera's first)")
	replace := f.Bool("replace", false, "in place of the captions that are there in that language")
	if err := parse(f, args); err != nil {
		return err
	}
	if *from == "" || *to == "" {
		return usageError{"--from and --to are needed"}
	}
	times := url.Values{}
	if err := setTimes(times, *from, *to); err != nil {
		return err
	}
	a, err := w.open()
	if err != nil {
		return err
	}
	defer a.close()
	res, err := a.send(ctx, http.MethodPost, "/api/v1/captions/make", url.Values{"camera": {*w.camera}}, map[string]any{
		"from": times.Get("from"), "to": times.Get("to"), "model": *model, "language": *language, "replace": *replace})
	if err != nil {
		return err
	}
	j, err := readJob(res)
	if err != nil {
		return err
	}
	return awaitJob(ctx, a, j, s)
}

func readJob(res *http.Response) (j madeJob, err error) {
	defer res.Body.Close() //nolint:errcheck // read to its end
	if err := json.NewDecoder(res.Body).Decode(&j); err != nil {
		return j, fmt.Errorf("the answer is not what this version understands: %w", err)
	}
	return j, nil
}

// awaitJob tells how far a job is until it is over; ended early it is cancelled.
func awaitJob(ctx context.Context, a *api, j madeJob, s io3) error {
	path := "/api/v1/captions/jobs/" + url.PathEscape(string(j.ID))
	told := -1
	for !j.over() {
		if percent := int(j.Progress * 100); percent/10 > told/10 || told < 0 {
			warn(s, "job %s: %s, %d %%, %d captions", j.ID, j.State, percent, j.Captions)
			told = percent
		}
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			if res, err := a.send(last, http.MethodDelete, path, nil, nil); err == nil {
				res.Body.Close()
			}
			return errors.New("cancelled; what was captioned by then is kept")
		case <-time.After(300 * time.Millisecond):
		}
		res, err := a.get(context.WithoutCancel(ctx), path, nil)
		if err != nil {
			return err
		}
		if j, err = readJob(res); err != nil {
			return err
		}
	}
	if j.State != "done" {
		return fmt.Errorf("job %s %s: %s", j.ID, j.State, j.Error)
	}
	_, err := fmt.Fprintf(s.out, "%d captions in %s by %s\n", j.Captions, j.Language, j.Model)
	return err
}

// captionsJobs lists the jobs.
func captionsJobs(ctx context.Context, args []string, s io3) error {
	f := flags("captions jobs", "[--data DIR|--url URL]", "Lists what is being captioned on demand.", s)
	w := whereFlags(f)
	if err := parse(f, args); err != nil {
		return err
	}
	a, err := w.open()
	if err != nil {
		return err
	}
	defer a.close()
	res, err := a.get(ctx, "/api/v1/captions/jobs", nil)
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	var list struct{ Jobs []madeJob }
	if err := json.NewDecoder(res.Body).Decode(&list); err != nil {
		return fmt.Errorf("the answer is not what this version understands: %w", err)
	}
	tw := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	for _, j := range list.Jobs {
		fmt.Fprintf(tw, "%s\t%s\t%d %%\t%s to %s\t%s\t%s\t%d captions\t%s\n", j.ID, j.State, int(j.Progress*100), j.From, j.To, j.Language, j.Model, j.Captions, j.Error)
	}
	return tw.Flush()
}
