package web

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/media"
	"hindsight/store"
)

var epoch = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)

// deck is a real timeline, recorded from media time 1 s of each run on (at
// epoch in the first), whose clock goes only when told to.
type deck struct {
	*timeline.Timeline
	t     testing.TB
	mem   *store.Memory
	boot  atomic.Int64 // ns
	video media.Track
	audio media.Track
}

func (d *deck) Boot() time.Duration     { return time.Duration(d.boot.Load()) }
func (d *deck) pass(t time.Duration)    { d.boot.Add(int64(t)) }
func (d *deck) Wall() (time.Time, bool) { return d.now(), true }
func (d *deck) now() time.Time          { return epoch.Add(d.Boot() - time.Second) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newDeck(t testing.TB) *deck {
	d := &deck{t: t, mem: store.NewMemory()}
	d.begin()
	t.Cleanup(func() { d.Close(media.Off) })
	return d
}

func (d *deck) begin() {
	d.t.Helper()
	var err error
	d.Timeline, err = timeline.New(timeline.Options{Camera: "cam", Store: d.mem, Clock: d, Commit: time.Hour, AnchorEvery: -1})
	must(d.t, err)
	d.video, err = d.Track(media.Track{Kind: media.Video, Codec: media.MJPEG, ClockRate: 90000, Width: 1280, Height: 720})
	must(d.t, err)
	d.audio, err = d.Track(media.Track{Kind: media.Audio, Codec: media.PCMA, ClockRate: 8000, Channels: 1})
	must(d.t, err)
	d.pass(time.Second)
}

// record records 10 pictures of 1000 bytes and 50 pieces of sound of 160 bytes a second from now on.
func (d *deck) record(long time.Duration) {
	d.t.Helper()
	first := d.Media(d.Boot())
	for at := time.Duration(0); at < long; at += 20 * time.Millisecond {
		if at%(100*time.Millisecond) == 0 {
			must(d.t, d.Append(media.Unit{Track: d.video.ID, Flags: media.Key, DTS: first + at, Payload: make([]byte, 1000)}))
		}
		must(d.t, d.Append(media.Unit{Track: d.audio.ID, Flags: media.Key, DTS: first + at, Payload: make([]byte, 160)}))
	}
	d.pass(long)
	must(d.t, d.Sync(d.t.Context()))
}

// lose lets long go by without anything.
func (d *deck) lose(long time.Duration, why media.Reason, detail string) {
	d.Lose(0, d.Media(d.Boot()), why, detail)
	d.pass(long)
	d.Regain(0, d.Media(d.Boot()))
}

func (d *deck) next(why media.Reason, after time.Duration) {
	d.t.Helper()
	must(d.t, d.Close(why))
	d.mem = d.mem.Reopen()
	d.pass(after)
	d.begin()
}

// serve starts a server for d; edit may change its options.
func (d *deck) serve(edit func(*Options)) *Server {
	d.t.Helper()
	o := Options{
		Cameras: []Camera{{"cam", d.Timeline}},
		Now:     d.now,
		Status: func() Status {
			return Status{Version: "1.2.3", Cameras: []CameraStatus{{Name: "cam", State: Recording}}}
		},
	}
	if edit != nil {
		edit(&o)
	}
	s, err := New(o)
	must(d.t, err)
	return s
}

// ask requests a path; v, if not nil, is decoded from the answer, in which nothing may be unknown.
func ask(t testing.TB, s *Server, path string, v any) *http.Response {
	t.Helper()
	return askBy(t, s, http.MethodGet, path, v)
}

func askBy(t testing.TB, s *Server, method, path string, v any) *http.Response {
	t.Helper()
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequest(method, path, nil))
	r := w.Result()
	body, err := io.ReadAll(r.Body)
	must(t, err)
	if v != nil {
		if ct := r.Header.Get("Content-Type"); ct != "application/json" {
			t.Errorf("%s: Content-Type %q", path, ct)
		}
		must(t, json.Unmarshal(body, v))
	}
	return r
}

// refused asks for a path that is answered with an error, and returns its sentence.
func refused(t testing.TB, s *Server, path string, code int) string {
	t.Helper()
	var e struct{ Error string }
	if r := ask(t, s, path, &e); r.StatusCode != code || e.Error == "" {
		t.Errorf("%s: %d %q, want %d", path, r.StatusCode, e.Error, code)
	}
	return e.Error
}

// field digs into decoded JSON: names and indices.
func field(t testing.TB, v any, path ...any) any {
	t.Helper()
	for _, p := range path {
		switch p := p.(type) {
		case string:
			v = v.(map[string]any)[p]
		case int:
			v = v.([]any)[p]
		}
	}
	return v
}

// fields checks values in decoded JSON: dotted path to value.
func fields(t testing.TB, v any, want map[string]any) {
	t.Helper()
	for path, w := range want {
		var steps []any
		for _, p := range strings.Split(path, ".") {
			if n, err := strconv.Atoi(p); err == nil {
				steps = append(steps, n)
			} else {
				steps = append(steps, p)
			}
		}
		if got := field(t, v, steps...); got != w {
			t.Errorf("%s is %v, want %v", path, got, w)
		}
	}
}
