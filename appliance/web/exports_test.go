package web

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestExportJobs(t *testing.T) {
	d := newDeck(t)
	d.record(4 * time.Second)
	half, goOn := make(chan struct{}), make(chan struct{})
	s := d.serve(func(o *Options) {
		o.Export = func(context.Context, string, position, position) (*Movie, error) {
			m := movie(1000, position{})
			m.Write = func(ctx context.Context, w io.Writer) error {
				if _, err := w.Write(make([]byte, 400)); err != nil {
					return err
				}
				half <- struct{}{}
				select {
				case <-goOn:
				case <-ctx.Done():
					return ctx.Err()
				}
				_, err := w.Write(make([]byte, 600))
				return err
			}
			return m, nil
		}
	})
	h := httptest.NewServer(s.Handler())
	defer h.Close()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // over a used connection it would ask again
	begin := func(name string) chan error {
		over := make(chan error, 1)
		go func() {
			res, err := client.Get(h.URL + "/api/v1/export.mp4?from=1.0&to=1.3000&job=" + name)
			if err == nil {
				_, err = io.Copy(io.Discard, res.Body)
				res.Body.Close()
			}
			over <- err
		}()
		<-half
		return over
	}
	over := begin("first-export")
	var j ExportJob
	ask(t, s, "/api/v1/exports/first-export", &j)
	if j.State != "running" || j.DoneBytes != 400 || j.SizeBytes != 1000 || j.Camera != "cam" || j.From.Position != "1.1500" {
		t.Errorf("half way: %+v", j)
	}
	if text := refused(t, s, "/api/v1/export.mp4?from=1.0&to=1.3000&job=first-export", 409); !strings.Contains(text, "running") {
		t.Error(text)
	}
	goOn <- struct{}{}
	if err := <-over; err != nil {
		t.Fatal(err)
	}
	await := func(name, state string) {
		t.Helper()
		for late := time.After(10 * time.Second); ; {
			if j, _ := s.jobs.get(name); j.State == state {
				return
			}
			select {
			case <-late:
				t.Fatalf("%s is not %s", name, state)
			case <-time.After(time.Millisecond):
			}
		}
	}
	await("first-export", "done")
	over = begin("other-export")
	if code := send(t, s, http.MethodDelete, "/api/v1/exports/other-export", "", &j); code != 200 || j.State != "cancelled" {
		t.Errorf("cancel: %d %+v", code, j)
	}
	if err := <-over; err == nil {
		t.Error("a cancelled export came whole")
	}
	var all ExportList
	ask(t, s, "/api/v1/exports", &all)
	if len(all.Exports) != 2 || all.Exports[0].DoneBytes != 1000 || all.Exports[1].State != "cancelled" {
		t.Errorf("%+v", all)
	}
	refused(t, s, "/api/v1/exports/nobodys-export", 404)
	refused(t, s, "/api/v1/export.mp4?from=1.0&to=1.3000&job=short", 400)
}

// Only so many are remembered that are over.
func TestExportJobsAreForgotten(t *testing.T) {
	var e exportJobs
	for i := range 50 {
		r, err := e.begin(ExportJob{Job: strings.Repeat("x", 8+i)}, func() {})
		if err != nil {
			t.Fatal(err)
		}
		e.end(r, nil)
	}
	if len(e.list) != exportsKept {
		t.Errorf("%d are remembered", len(e.list))
	}
}
