package web

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hindsight/media"
)

// keyEvery makes previews of a camera that has a key frame every second of media time.
func keyEvery(d *deck, made *atomic.Int32, edit func(*Options)) *Server {
	return d.serve(func(o *Options) {
		o.Preview = func(_ context.Context, _ string, p position) (*Preview, error) {
			return &Preview{At: position{Run: p.Run, Time: p.Time.Truncate(time.Second)}, JPEG: func(_ context.Context, width int) ([]byte, error) {
				made.Add(1)
				return make([]byte, width), nil
			}}, nil
		}
		if edit != nil {
			edit(o)
		}
	})
}

func TestPreviewAnswer(t *testing.T) {
	d := newDeck(t)
	d.record(4 * time.Second) // 1.1000 to 1.5000
	var made atomic.Int32
	s := keyEvery(d, &made, nil)
	const forever, tag = "private, max-age=3600, immutable", `"1.2000000000-320"`
	for _, c := range []struct {
		query, match string
		code, bytes  int
		cache, tag   string
		made         int32 // altogether
	}{
		{"at=1.2345", "", 200, 320, forever, tag, 1},
		{"at=1.2999", "", 200, 320, forever, tag, 1}, // the same key frame
		{"at=1.2999&width=64", "", 200, 64, forever, `"1.2000000000-64"`, 2},
		{"at=1.3000", "", 200, 320, forever, `"1.3000000000-320"`, 3},
		{"at=2026-11-24T10:00:01.345Z", "", 200, 320, "private, no-cache", tag, 3},
		{"at=1.2345", tag, 304, 0, forever, tag, 3},
		{"at=1.2345", `"x", W/` + tag, 304, 0, forever, tag, 3},
		{"at=1.2345", `"1.2000000000-64"`, 200, 320, forever, tag, 3},
		{"at=1.4500", "", 200, 320, "private, no-cache", `"1.4000000000-320"`, 4}, // a picture may still come before it
	} {
		r := httptest.NewRequest(http.MethodGet, "/api/v1/preview.jpg?"+c.query, nil)
		if c.match != "" {
			r.Header.Set("If-None-Match", c.match)
		}
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		h := w.Header()
		if w.Code != c.code || w.Body.Len() != c.bytes || h.Get("Cache-Control") != c.cache || h.Get("ETag") != c.tag || made.Load() != c.made {
			t.Errorf("%s: %d, %d bytes, %v, %d made; want %+v", c.query, w.Code, w.Body.Len(), h, made.Load(), c)
		}
	}
	r := ask(t, s, "/api/v1/preview.jpg?at=1.2345", nil)
	if p, at := r.Header.Get("X-Hindsight-Position"), r.Header.Get("X-Hindsight-Time"); p != "1.2000" || at != "2026-11-24T10:00:01Z" {
		t.Errorf("position %q, time %q", p, at)
	}
}

func TestPreviewRefused(t *testing.T) {
	d := newDeck(t)
	refused(t, d.serve(nil), "/api/v1/preview.jpg", 501)
	d.record(4 * time.Second)
	var made atomic.Int32
	s := keyEvery(d, &made, nil)
	for query, word := range map[string]string{"width=63": "64 to 640", "width=641": "64 to 640", "width=x": "width", "at=yesterday": "at"} {
		if text := refused(t, s, "/api/v1/preview.jpg?"+query, 400); !strings.Contains(text, word) {
			t.Errorf("%s: %q", query, text)
		}
	}
	refused(t, s, "/api/v1/preview.jpg?camera=door", 404)
	for _, c := range []struct {
		find, decode error
		code         int
	}{{nothing{errors.New("no picture")}, nil, 404}, {nil, errors.New("damaged"), 500}, {nil, context.DeadlineExceeded, 503}, {context.DeadlineExceeded, nil, 503}} {
		s := keyEvery(d, &made, func(o *Options) {
			o.Preview = func(_ context.Context, _ string, p position) (*Preview, error) {
				return &Preview{At: p, JPEG: func(context.Context, int) ([]byte, error) { return nil, c.decode }}, c.find
			}
		})
		r := ask(t, s, "/api/v1/preview.jpg?at=1.2000", nil)
		if r.StatusCode != c.code || r.Header.Get("ETag") != "" || r.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%v, %v: %s %v", c.find, c.decode, r.Status, r.Header)
		}
	}
	if made.Load() != 0 {
		t.Errorf("%d were made", made.Load())
	}
}

// Only so many are decoded at once, and nothing is decoded for who has gone while he waited.
func TestPreviewOfTheGone(t *testing.T) {
	d := newDeck(t)
	d.record(4 * time.Second)
	var made atomic.Int32
	entered, leave := make(chan bool), make(chan bool)
	s := keyEvery(d, &made, func(o *Options) {
		o.Snapshots = 1
		o.Preview = func(_ context.Context, _ string, p position) (*Preview, error) {
			made.Add(1)
			entered <- true
			<-leave
			return &Preview{At: p, JPEG: func(context.Context, int) ([]byte, error) { return []byte("a picture"), nil }}, nil
		}
	})
	get := func(ctx context.Context) chan int {
		done := make(chan int, 1)
		go func() {
			w := httptest.NewRecorder()
			s.Handler().ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/api/v1/preview.jpg?at=1.2000", nil))
			done <- w.Code
		}()
		return done
	}
	first := get(t.Context())
	<-entered
	going, cancel := context.WithCancel(t.Context())
	var others []chan int
	for range 20 {
		others = append(others, get(going))
	}
	cancel()
	for _, o := range others {
		<-o
	}
	leave <- true
	if code := <-first; code != 200 || made.Load() != 1 {
		t.Errorf("%d; %d were looked for, want 1", code, made.Load())
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range 50 { // a free place and an end at once: either is taken first
		<-get(gone)
	}
	if made.Load() != 1 {
		t.Errorf("%d were looked for after the end", made.Load()-1)
	}
}

func TestPreviewsKeptAreBounded(t *testing.T) {
	p := newPreviews(1, 1000)
	calls := 0
	get := func(i, size int) {
		t.Helper()
		found := &Preview{At: position{Run: 1, Time: time.Duration(i)}, JPEG: func(context.Context, int) ([]byte, error) { calls++; return make([]byte, size), nil }}
		got, err := p.get(t.Context(), "cam", found, 320)
		must(t, err)
		if len(got) != size {
			t.Fatalf("%d: %d bytes", i, len(got))
		}
	}
	for _, step := range []struct{ i, size, calls, bytes int }{
		{1, 250, 1, 250}, {2, 250, 2, 500}, {3, 250, 3, 750}, {4, 250, 4, 1000},
		{1, 250, 4, 1000}, // asked for again: now the newest
		{5, 200, 5, 950},  // 2 goes
		{1, 250, 5, 950}, {2, 250, 6, 950},
		{9, 251, 7, 950}, {9, 251, 8, 950}, // too large to be kept
	} {
		get(step.i, step.size)
		if calls != step.calls || p.bytes != step.bytes || p.order.Len() != len(p.made) {
			t.Fatalf("after %+v: %d made, %d bytes in %d", step, calls, p.bytes, len(p.made))
		}
	}
}

func TestSettled(t *testing.T) {
	d := newDeck(t)
	if settled(d.Timeline, media.Position{}) {
		t.Error("nothing is recorded")
	}
	d.record(4 * time.Second) // to 1.4980
	for p, want := range map[position]bool{
		{Run: 1, Time: 3979 * time.Millisecond}: true, {Run: 1, Time: 3980 * time.Millisecond}: false, {Run: 2}: false,
	} {
		if got := settled(d.Timeline, p); got != want {
			t.Errorf("%v: %v", p, got)
		}
	}
}
