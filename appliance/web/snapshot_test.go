package web

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"hindsight/media"
)

// wanted is what a Snapshotter was asked for.
type wanted struct {
	p     position
	width int
}

// stills answers each question with a frame of the moment asked for.
func stills(d *deck, final bool, a *wanted) *Server {
	return d.serve(func(o *Options) {
		o.Snapshot = func(_ context.Context, _ string, p position, width int) (*Still, error) {
			*a = wanted{p, width}
			return &Still{JPEG: []byte("a picture"), At: p, Final: final}, nil
		}
	})
}

// Which moment is meant: of a wall time in a gap the end of what is before it, and
// of a time to come the newest.
func TestSnapshotMoment(t *testing.T) {
	const s, ms = time.Second, time.Millisecond
	d := newDeck(t)
	d.record(4 * s) // 10:00:00 to :04, 1.1000 to 1.5000
	d.lose(6*s, media.CameraLost, "unplugged")
	d.record(2 * s) // 10:00:10 to :12
	d.next(media.Off, 47*s)
	d.record(3 * s) // 10:01:00 to 10:01:03, 2.1000 to 2.4000
	newest := position{Run: 2, Time: 4*s - 20*ms + s}
	var a wanted
	srv := stills(d, true, &a)
	for _, c := range []struct {
		query string
		want  wanted
	}{
		{"", wanted{newest, 0}},
		{"?at=now", wanted{newest, 0}},
		{"?at=-0s", wanted{newest, 0}},
		{"?at=2026-11-25T10:00:00Z", wanted{newest, 0}},
		{"?at=9999-12-31T23:59:59Z", wanted{newest, 0}},
		{"?at=2026-11-24T10:00:02.5Z&width=640", wanted{position{Run: 1, Time: 3500 * ms}, 640}},
		{"?at=2026-11-24T10:00:02.499999999Z", wanted{position{Run: 1, Time: 3500*ms - 1}, 0}},
		{"?at=2026-11-24T18:00:02%2B08:00", wanted{position{Run: 1, Time: 3 * s}, 0}},
		{"?at=10:00:07", wanted{position{Run: 1, Time: 6 * s}, 0}},  // a second past the end at most
		{"?at=10:00:30", wanted{position{Run: 1, Time: 14 * s}, 0}}, // between the runs
		{"?at=-1s", wanted{position{Run: 2, Time: 3 * s}, 0}},       // now is 10:01:03
		{"?at=1.2345&width=16", wanted{position{Run: 1, Time: 2345 * ms}, 16}},
		{"?at=7.0&camera=cam", wanted{position{Run: 7}, 0}},
	} {
		a = wanted{}
		if r := ask(t, srv, "/api/v1/snapshot.jpg"+c.query, nil); r.StatusCode != 200 || a != c.want {
			t.Errorf("%s: %s, %v %v, want %v %v", c.query, r.Status, a, a.p.Time, c.want, c.want.p.Time)
		}
	}
}

func TestSnapshotAnswer(t *testing.T) {
	d := newDeck(t)
	d.record(4 * time.Second)
	var a wanted
	final, open := stills(d, true, &a), stills(d, false, &a)
	for _, c := range []struct {
		s     *Server
		query string
		cache string
	}{
		{final, "at=1.2345", "private, max-age=3600, immutable"},
		{open, "at=1.2345", "no-store"},
		{final, "at=2026-11-24T10:00:01.345Z", "no-store"},
		{final, "at=now", "no-store"},
	} {
		r := ask(t, c.s, "/api/v1/snapshot.jpg?"+c.query, nil)
		if got := r.Header.Get("Cache-Control"); got != c.cache {
			t.Errorf("%s: Cache-Control %q, want %q", c.query, got, c.cache)
		}
	}
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		w := httptest.NewRecorder()
		final.Handler().ServeHTTP(w, httptest.NewRequest(method, "/api/v1/snapshot.jpg?at=2026-11-24T10:00:01.3451Z", nil))
		for name, want := range map[string]string{
			"Content-Type": "image/jpeg", "Content-Length": "9", "X-Frame-Time": "2026-11-24T10:00:01.3451Z", "X-Frame-Time-Trusted": "true",
			"X-Frame-Position":    "1.2346", // rounded up: at it, it is this frame
			"Content-Disposition": `inline; filename=cam-20261124T100001.345Z.jpg`,
		} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", method, name, got, want)
			}
		}
		if body := w.Body.String(); body != map[string]string{http.MethodGet: "a picture"}[method] {
			t.Errorf("%s: body %q", method, body)
		}
	}
}

func TestSnapshotRefused(t *testing.T) {
	d := newDeck(t)
	refused(t, d.serve(nil), "/api/v1/snapshot.jpg", 501)
	d.record(4 * time.Second)
	var a wanted
	s := stills(d, true, &a)
	for query, word := range map[string]string{
		"width=15": "16 to 16384", "width=16385": "16 to 16384", "width=-640": "width", "width=wide": "width", "width=1e3": "width", "width=0": "width",
		"at=yesterday": "at", "at=1.": "at", "at=0.5": "at", "at=99999999999.1": "at", "at=25:00": "at", "at=--1s": "at",
	} {
		if text := refused(t, s, "/api/v1/snapshot.jpg?"+query, 400); !strings.Contains(text, word) {
			t.Errorf("%s: %q", query, text)
		}
	}
	if text := refused(t, s, "/api/v1/snapshot.jpg?at=2026-11-24T09:59:59.9Z", 404); !strings.Contains(text, "the recording begins at 2026-11-24T10:00:00Z") {
		t.Error(text)
	}
	refused(t, s, "/api/v1/snapshot.jpg?camera=door", 404)
	if a != (wanted{}) {
		t.Errorf("%v was asked for", a)
	}
	for _, c := range []struct {
		err  error
		code int
	}{{nothing{errors.New("no picture")}, 404}, {errors.New("damaged"), 500}, {context.DeadlineExceeded, 503}} {
		s := d.serve(func(o *Options) {
			o.Snapshot = func(context.Context, string, position, int) (*Still, error) { return nil, c.err }
		})
		refused(t, s, "/api/v1/snapshot.jpg?at=1.2000", c.code)
	}
}

// Only so many are decoded at once. The others wait, then are told to come again;
// who goes away meanwhile is forgotten.
func TestSnapshotsWait(t *testing.T) {
	d := newDeck(t)
	d.record(4 * time.Second)
	entered, leave := make(chan bool), make(chan bool)
	s := d.serve(func(o *Options) {
		o.Snapshots = 1
		o.Snapshot = func(ctx context.Context, _ string, p position, _ int) (*Still, error) {
			entered <- true
			select {
			case <-leave:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			return &Still{At: p}, nil
		}
	})
	const path = "/api/v1/snapshot.jpg?at=1.2000"
	get := func(ctx context.Context) chan int {
		done := make(chan int, 1)
		go func() {
			w := httptest.NewRecorder()
			s.Handler().ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, path, nil))
			done <- w.Code
		}()
		return done
	}
	first := get(t.Context())
	<-entered
	second := get(t.Context()) // waits until the first is done
	leave <- true
	if code := <-first; code != 200 {
		t.Errorf("the first one: %d", code)
	}
	<-entered
	s.queue = time.Millisecond
	r := ask(t, s, path, nil)
	if r.StatusCode != 503 || r.Header.Get("Retry-After") == "" {
		t.Errorf("while another is made: %s, Retry-After %q", r.Status, r.Header.Get("Retry-After"))
	}
	s.queue = time.Hour
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	<-get(gone)
	leave <- true
	if code := <-second; code != 200 {
		t.Errorf("the second one: %d", code)
	}
	going, cancel := context.WithCancel(t.Context())
	third := get(going)
	<-entered
	cancel() // its work stops
	<-third
}

// list asks for frames and returns them without their wall times: position, key.
func list(t *testing.T, s *Server, query string) (out []string, next string) {
	t.Helper()
	var f Frames
	if r := ask(t, s, "/api/v1/frames"+query, &f); r.StatusCode != 200 {
		t.Fatalf("%s: %s", query, r.Status)
	}
	for _, x := range f.Frames {
		key := ""
		if x.Key {
			key = "k"
		}
		out = append(out, x.At.Position+key)
	}
	if f.Next != nil {
		next = *f.Next
	}
	return out, next
}

func TestFrames(t *testing.T) {
	d := newDeck(t)
	d.record(2 * time.Second)
	d.lose(6*time.Second, media.CameraLost, "unplugged")
	d.record(time.Second)
	d.next(media.Off, time.Minute)
	d.record(time.Second)
	s := d.serve(nil)
	for _, c := range []struct {
		query, want, next string
	}{
		{"?from=1.1800&to=1.2100", "1.1800k 1.1900k 1.2000k", ""},
		{"?from=1.1801&to=1.2101", "1.1900k 1.2000k 1.2100k", ""},
		{"?from=2026-11-24T10:00:01.8Z&to=2026-11-24T10:00:01.900000001Z", "1.2800k 1.2900k", ""},
		{"?from=1.2800&to=1.9200", "1.2800k 1.2900k 1.9000k 1.9100k", ""}, // over the gap
		{"?from=1.9800&to=2.1200", "1.9800k 1.9900k 2.1000k 2.1100k", ""}, // over the run's end
		{"?from=1.2800&limit=2", "1.2800k 1.2900k", "1.9000"},
		{"?from=1.9000&limit=2", "1.9000k 1.9100k", "1.9200"},
		{"?from=2.1800", "2.1800k 2.1900k", ""},
		{"?from=2.1800&limit=2", "2.1800k 2.1900k", ""},
		{"?to=1.1200", "1.1000k 1.1100k", ""},
		{"?from=1.4000&to=1.8000", "", ""}, // in the gap
		{"?from=12:00", "", ""},
		{"?from=9.0", "", ""},
	} {
		got, next := list(t, s, c.query)
		if strings.Join(got, " ") != c.want || next != c.next {
			t.Errorf("%s: %v, next %q, want %s, %q", c.query, got, next, c.want, c.next)
		}
	}
	var all []string // page by page
	for from, pages := "1.0", 0; from != ""; pages++ {
		page, next := list(t, s, "?limit=7&from="+from)
		all, from = append(all, page...), next
		if pages > 10 {
			t.Fatal("no end")
		}
	}
	if len(all) != 40 || all[0] != "1.1000k" || all[39] != "2.1900k" {
		t.Errorf("%d frames page by page: %v", len(all), all)
	}
	var f any
	ask(t, s, "/api/v1/frames?from=1.2000&limit=1", &f)
	fields(t, f, map[string]any{"camera": "cam", "frames.0.bytes": 1000., "frames.0.key": true, "frames.0.at.run": 1., "frames.0.at.media_ms": 2000.,
		"frames.0.at.time": "2026-11-24T10:00:01Z", "frames.0.at.trusted": true, "frames.0.track": float64(d.video.ID)})
	for query, word := range map[string]string{"limit=0": "1 to 10000", "limit=10001": "1 to 10000", "limit=x": "limit", "from=x": "from", "to=1": "to", "from=1.5000&to=1.1000": "to"} {
		if text := refused(t, s, "/api/v1/frames?"+query, 400); !strings.Contains(text, word) {
			t.Errorf("%s: %q", query, text)
		}
	}
}

// Frames are listed as they are shown; one whose time is no whole millisecond is
// found by its position all the same.
func TestFramesInOrder(t *testing.T) {
	d := newDeck(t)
	const frame = time.Second / 30
	for i, shown := range []int{0, 3, 1, 2, 6, 4, 5, 7} { // in the order of decoding
		dts := time.Second + time.Duration(i)*frame
		u := media.Unit{Track: d.video.ID, DTS: dts, Offset: time.Second + time.Duration(shown+1)*frame - dts, Payload: make([]byte, 10+shown)}
		if i == 0 {
			u.Flags = media.Key
		}
		must(t, d.Append(u))
	}
	s := d.serve(nil)
	want := []string{"1.1034k", "1.1067", "1.1100", "1.1134", "1.1167", "1.1200", "1.1234", "1.1267"}
	if got, _ := list(t, s, "?from=1.0"); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("%v, want %v", got, want)
	}
	for i, p := range want {
		p = strings.TrimSuffix(p, "k")
		if got, next := list(t, s, "?limit=1&from="+p); len(got) != 1 || got[0] != want[i] || i < 7 && next != strings.TrimSuffix(want[i+1], "k") {
			t.Errorf("from %s: %v, next %q", p, got, next)
		}
		if got, _ := list(t, s, "?from=1.0&to="+p); len(got) != i {
			t.Errorf("to %s: %v", p, got)
		}
	}
}

// FuzzSnapshotQuery: whatever is asked for is answered, or what is wrong with it is said.
func FuzzSnapshotQuery(f *testing.F) {
	d := newDeck(f)
	d.record(2 * time.Second)
	d.next(media.Off, time.Hour)
	d.record(time.Second)
	s := d.serve(func(o *Options) {
		o.Snapshot = func(_ context.Context, _ string, p position, width int) (*Still, error) {
			if p.Run == 0 || width != 0 && (width < leastWidth || width > mostWidth) {
				return nil, errors.New("asked for what cannot be")
			}
			return &Still{At: p}, nil
		}
	})
	for _, q := range []string{"", "at=now&width=16", "at=1.2000&width=16384", "at=-1s&width=15", "at=10:00", "at=4294967295.8796093022207", "at=4294967296.1", "at=0001-01-01T00:00:00Z",
		"at=9999-12-31T23:59:59.999999999Z", "at=-9999999h", "at=%00", "at=1.2000&at=x", "from=1.1000&to=2.1500&limit=3", "from=-1h&limit=10000", "camera=&width=%2B640"} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, q string) {
		for _, path := range []string{"snapshot.jpg", "frames"} {
			r := httptest.NewRequest(http.MethodGet, "/api/v1/"+path, nil)
			r.URL.RawQuery = q
			w := httptest.NewRecorder()
			s.Handler().ServeHTTP(w, r)
			if w.Code == 200 {
				if n, err := strconv.Atoi(w.Header().Get("Content-Length")); path == "snapshot.jpg" && (err != nil || n != w.Body.Len()) {
					t.Errorf("%s?%q: %d bytes, said to be %d", path, q, w.Body.Len(), n)
				}
				continue
			}
			var e struct{ Error string }
			body, _ := io.ReadAll(w.Body)
			if err := json.Unmarshal(body, &e); err != nil || w.Code != 400 && w.Code != 404 || e.Error == "" || strings.Contains(e.Error, "\n") {
				t.Errorf("%s?%q: %d %q %v", path, q, w.Code, e.Error, err)
			}
		}
	})
}
