package web

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"hindsight/media"
)

type position = media.Position

// movie is a planned file of so many bytes.
func movie(size int, next position) *Movie {
	return &Movie{Size: int64(size), Start: epoch.Add(1500 * time.Millisecond), From: position{Run: 1, Time: 1500 * time.Millisecond},
		To: position{Run: 1, Time: 3 * time.Second}, Length: 1500 * time.Millisecond, Gaps: 2, Next: next,
		Write: func(_ context.Context, w io.Writer) error {
			_, err := w.Write(bytes.Repeat([]byte{7}, size))
			return err
		}}
}

func TestExport(t *testing.T) {
	d := newDeck(t)
	d.record(4 * time.Second)
	var from, to position
	s := d.serve(func(o *Options) {
		o.Export = func(_ context.Context, camera string, a, b position) (*Movie, error) {
			from, to = a, b
			return movie(100_000, position{}), nil
		}
	})
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, httptest.NewRequest(method, "/api/v1/export.mp4?camera=cam&from=10:00:01&to=1.3000", nil))
		if w.Code != 200 || from != (position{Run: 1, Time: 2 * time.Second}) || to != (position{Run: 1, Time: 3 * time.Second}) {
			t.Fatalf("%d, %v to %v", w.Code, from, to)
		}
		for name, want := range map[string]string{
			"Content-Type": "video/mp4", "Content-Length": "100000", "Link": "",
			"Hindsight-Start": "2026-11-24T10:00:01.500000Z", "Hindsight-From": "1.1500", "Hindsight-To": "1.3000",
			"Hindsight-Length-Ms": "1500", "Hindsight-Gaps": "2",
		} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		_, p, err := mime.ParseMediaType(w.Header().Get("Content-Disposition"))
		if err != nil || p["filename"] != "cam-20261124T100001Z.mp4" || p["part"] != "1" || p["parts"] != "1" {
			t.Errorf("Content-Disposition: %v %v", p, err)
		}
		if want := map[string]int{http.MethodGet: 100_000}[method]; w.Body.Len() != want {
			t.Errorf("%s: %d bytes", method, w.Body.Len())
		}
	}
}

// A range that ends a moment ahead of what has arrived, as -0s does, ends then
// and not with whatever comes while the export waits.
func TestExportUpToNow(t *testing.T) {
	d := newDeck(t)
	d.record(4 * time.Second)
	var from, to position
	s := d.serve(func(o *Options) {
		o.Export = func(_ context.Context, _ string, a, b position) (*Movie, error) {
			from, to = a, b
			return movie(10, position{}), nil
		}
	})
	for end, want := range map[string]time.Duration{ // 5 s is now; the last unit is at 4.98 s
		"-0s":                    5 * time.Second,
		"10:00:04":               5 * time.Second,
		"2026-11-24T10:00:04.5Z": 5500 * time.Millisecond,
		"2027-01-01T00:00:00Z":   5980 * time.Millisecond,
	} {
		ask(t, s, "/api/v1/export.mp4?from=-3s&to="+end, nil)
		if from != (position{Run: 1, Time: 2 * time.Second}) || to != (position{Run: 1, Time: want}) {
			t.Errorf("to %s: %v to %v, want 1.2000 to %v", end, from, to, want)
		}
	}
}

func TestExportInParts(t *testing.T) {
	d := newDeck(t)
	d.record(4 * time.Second)
	change := position{Run: 1, Time: 2*time.Second + 300*time.Microsecond}
	s := d.serve(func(o *Options) {
		o.Export = func(_ context.Context, _ string, from, _ position) (*Movie, error) {
			if from.Before(change) {
				return movie(10, change), nil
			}
			return movie(20, position{}), nil
		}
	})
	r := ask(t, s, "/api/v1/export.mp4?from=1.0&to=1.3000", nil)
	if got, want := r.Header.Get("Link"), `</api/v1/export.mp4?camera=cam&from=1.2001&to=1.3000>; rel="next"`; got != want {
		t.Errorf("Link: %s, want %s", got, want)
	}
	for part, want := range map[string]struct{ length, name, parts string }{
		"":        {"10", "cam-20261124T100001Z-1.mp4", "2"},
		"&part=1": {"10", "cam-20261124T100001Z-1.mp4", "2"},
		"&part=2": {"20", "cam-20261124T100001Z-2.mp4", "2"},
	} {
		r := ask(t, s, "/api/v1/export.mp4?from=1.0&to=1.3000"+part, nil)
		_, p, _ := mime.ParseMediaType(r.Header.Get("Content-Disposition"))
		if r.Header.Get("Content-Length") != want.length || p["filename"] != want.name || p["parts"] != want.parts {
			t.Errorf("%s: %s bytes, %v", part, r.Header.Get("Content-Length"), p)
		}
	}
	if text := refused(t, s, "/api/v1/export.mp4?from=1.0&to=1.3000&part=3", 404); !strings.Contains(text, "2 files") {
		t.Error(text)
	}
}

type nothing struct{ error }

func (nothing) Near() (before, after time.Time) { return }

func TestExportFails(t *testing.T) {
	d := newDeck(t)
	d.record(4 * time.Second)
	const path = "/api/v1/export.mp4?from=1.0&to=1.3000"
	for _, c := range []struct {
		name string
		err  error
		code int
	}{
		{"nothing recorded", nothing{errors.New("nothing is recorded")}, 404},
		{"a damaged disk", errors.New("disk: no"), 500},
	} {
		s := d.serve(func(o *Options) {
			o.Export = func(context.Context, string, position, position) (*Movie, error) { return nil, c.err }
		})
		if text := refused(t, s, path, c.code); text != c.err.Error() {
			t.Errorf("%s: %q", c.name, text)
		}
	}
	refused(t, d.serve(nil), path, 501)

	// What fails behind the first byte cuts the connection, so that nobody takes half a file for a whole one.
	half := movie(1000, position{})
	half.Write = func(_ context.Context, w io.Writer) error {
		if _, err := w.Write(make([]byte, 500)); err != nil {
			return err
		}
		return errors.New("the recording changed")
	}
	s := d.serve(func(o *Options) {
		o.Export = func(context.Context, string, position, position) (*Movie, error) { return half, nil }
	})
	h := httptest.NewServer(s.Handler())
	defer h.Close()
	r, err := http.Get(h.URL + path)
	if err != nil {
		return // cut before the header was on its way
	}
	defer r.Body.Close()
	if b, err := io.ReadAll(r.Body); err == nil {
		t.Errorf("%d bytes arrived without an error", len(b))
	}
}

func TestOnlySoManyExports(t *testing.T) {
	d := newDeck(t)
	d.record(4 * time.Second)
	entered, leave := make(chan bool), make(chan bool)
	s := d.serve(func(o *Options) {
		o.Exports = 1
		o.Export = func(context.Context, string, position, position) (*Movie, error) {
			entered <- true
			<-leave
			return movie(1, position{}), nil
		}
	})
	const path = "/api/v1/export.mp4?from=1.0&to=1.3000"
	done := make(chan int)
	go func() {
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		done <- w.Code
	}()
	<-entered
	if text := refused(t, s, path, 503); !strings.Contains(text, "try again") {
		t.Error(text)
	}
	var st any
	ask(t, s, "/api/v1/status", &st)
	fields(t, st, map[string]any{"exports": 1.})
	leave <- true
	if code := <-done; code != 200 {
		t.Errorf("the first one: %d", code)
	}
}

// TestClientThatDoesNotRead: its export ends, though it never takes a byte.
func TestClientThatDoesNotRead(t *testing.T) {
	d := newDeck(t)
	d.record(4 * time.Second)
	ended := make(chan error, 1)
	endless := movie(1<<40, position{})
	endless.Write = func(_ context.Context, w io.Writer) error {
		b := make([]byte, 1<<20)
		for {
			if _, err := w.Write(b); err != nil {
				ended <- err
				return err
			}
		}
	}
	s := d.serve(func(o *Options) {
		o.Export = func(context.Context, string, position, position) (*Movie, error) { return endless, nil }
	})
	s.patience = 50 * time.Millisecond
	h := httptest.NewServer(s.Handler())
	defer h.Close()
	r, err := http.Get(h.URL + "/api/v1/export.mp4?from=1.0&to=1.3000")
	must(t, err)
	defer r.Body.Close()
	select {
	case <-ended:
	case <-time.After(30 * time.Second):
		t.Fatal("the export goes on for ever")
	}
}

// A range in which nothing is recorded is told with what comes after it.
func TestExportOfNothing(t *testing.T) {
	d := newDeck(t)
	d.record(4 * time.Second)
	s := d.serve(func(o *Options) {
		o.Export = func(context.Context, string, position, position) (*Movie, error) {
			t.Error("an export is planned of nothing")
			return nil, errors.New("no")
		}
	})
	var e struct{ Error string }
	r := ask(t, s, "/api/v1/export.mp4?from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z", &e)
	if r.StatusCode != 404 || !strings.Contains(e.Error, "nothing is recorded in that range; the recording after it begins at 2026-11-24T1") {
		t.Errorf("%d: %s", r.StatusCode, e.Error)
	}
}
