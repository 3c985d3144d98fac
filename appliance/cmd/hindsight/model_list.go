package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"hindsight/asr/model"
)

// modelRow is a model as `model list` shows it.
type modelRow struct {
	Name     string      `json:"name"`
	Language string      `json:"language"`
	Bytes    int64       `json:"bytes"`
	Memory   int64       `json:"memory_bytes"` // of a recogniser with it, about
	Hash     string      `json:"hash"`
	Uses     []model.Use `json:"uses"`
	Problem  string      `json:"problem"`
}

func listModels(ctx context.Context, args []string, s io3) error {
	f := flags("model list", "[--published] [--json]", "Lists the models that are there, where each is in use, and what is wrong with it.", s)
	data := dataFlag(f)
	published := f.Bool("published", false, "those that the makers publish, which takes a network")
	asJSON := f.Bool("json", false, "print JSON")
	if err := parse(f, args); err != nil {
		return err
	}
	store, err := openModels(*data, *published, s)
	if *published {
		if err != nil {
			return err
		}
		return store.listPublished(ctx, *asJSON, s.out)
	}
	if err != nil && !errors.Is(err, errNoModels) {
		return err
	}
	rows := []modelRow{}
	if err == nil {
		if rows, err = store.rows(); err != nil {
			return err
		}
	}
	if *asJSON {
		return json.NewEncoder(s.out).Encode(map[string]any{"models": rows})
	}
	if len(rows) == 0 {
		_, err := fmt.Fprintf(s.err, "hindsight model: no model was added to %s yet; add one with `hindsight model add FILE.zip` or `hindsight model get NAME`\n", store.data)
		return err
	}
	return printModels(s.out, rows)
}

func (st modelStore) rows() ([]modelRow, error) {
	models, err := st.List()
	if err != nil {
		return nil, err
	}
	uses, err := st.Uses()
	if err != nil {
		return nil, err
	}
	rows := []modelRow{}
	for _, m := range models {
		r := modelRow{Name: m.Name, Language: m.Language, Bytes: m.Bytes(), Hash: m.Hash(), Uses: []model.Use{}}
		r.Memory, _ = m.Memory()
		if m.Fault != nil {
			r.Problem = m.Fault.Error()
		}
		for _, u := range uses {
			if u.Model == m.Name {
				r.Uses = append(r.Uses, u)
			}
		}
		rows = append(rows, r)
	}
	for _, u := range uses {
		if !slices.ContainsFunc(models, func(m model.Model) bool { return m.Name == u.Model }) {
			rows = append(rows, modelRow{Name: u.Model, Uses: []model.Use{u}, Problem: "it is in use and not there; add it again"})
		}
	}
	return rows, nil
}

func printModels(out io.Writer, rows []modelRow) error {
	tw := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "MODEL\tLANGUAGE\tSIZE\tMEMORY\tIN USE FOR\tPROBLEM")
	for _, r := range rows {
		var uses []string
		for _, u := range r.Uses {
			use := u.Language
			if u.Camera != "" {
				use += " of " + u.Camera
			}
			uses = append(uses, use)
		}
		fmt.Fprintf(tw, "%s\t%s\t%d MB\t%d MB\t%s\t%s\n", visible(r.Name), visible(r.Language), r.Bytes/1e6, r.Memory/1e6, visible(strings.Join(uses, ", ")), visible(r.Problem))
	}
	return tw.Flush()
}

func (st modelStore) listPublished(ctx context.Context, asJSON bool, out io.Writer) error {
	list, err := st.Published(ctx)
	if err != nil {
		return err
	}
	if asJSON {
		rows := []map[string]any{}
		for _, p := range list {
			rows = append(rows, map[string]any{"name": p.Name, "language": p.Language, "language_name": p.LanguageName, "bytes": p.Size, "url": p.URL, "md5": p.MD5, "obsolete": p.Obsolete})
		}
		return json.NewEncoder(out).Encode(map[string]any{"published": rows})
	}
	tw := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, p := range list {
		old := ""
		if p.Obsolete {
			old = "obsolete"
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%d MB\t%s\n", visible(p.Name), visible(p.Language), visible(p.LanguageName), p.Size/1e6, old)
	}
	return tw.Flush()
}
