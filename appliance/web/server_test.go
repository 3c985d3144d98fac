package web

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"hindsight/media"
)

func TestPage(t *testing.T) {
	d := newDeck(t)
	s := d.serve(func(o *Options) {
		o.Frontend = fstest.MapFS{
			"index.html":       {Data: []byte("<!doctype html><title>Hindsight</title>")},
			"assets/app-1a.js": {Data: []byte("1")},
			"assets/.secret":   {Data: []byte("1")},
			".gitkeep":         {},
		}
	})
	for _, c := range []struct {
		path, kind, cache string
		code              int
	}{
		{"/", "text/html; charset=utf-8", "no-cache", 200},
		{"/index.html", "text/html; charset=utf-8", "no-cache", 200},
		{"/assets/app-1a.js", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable", 200},
		{"/assets", "application/json", "no-store", 404},
		{"/assets/", "application/json", "no-store", 404},
		{"/assets/.secret", "application/json", "no-store", 404},
		{"/.gitkeep", "application/json", "no-store", 404},
		{"/nothing", "application/json", "no-store", 404},
	} {
		r := ask(t, s, c.path, nil)
		if r.StatusCode != c.code || r.Header.Get("Content-Type") != c.kind || c.code == 200 && r.Header.Get("Cache-Control") != c.cache {
			t.Errorf("%s: %d %s %s", c.path, r.StatusCode, r.Header.Get("Content-Type"), r.Header.Get("Cache-Control"))
		}
	}
	if r := askBy(t, s, http.MethodHead, "/", nil); r.StatusCode != 200 {
		t.Errorf("HEAD /: %s", r.Status)
	}
	empty := d.serve(func(o *Options) { o.Frontend = fstest.MapFS{".gitkeep": {}} })
	if text := refused(t, empty, "/", 404); !strings.Contains(text, "make build") {
		t.Errorf("a page that was not built: %q", text)
	}
}

func TestMetrics(t *testing.T) {
	d := newDeck(t)
	d.record(4 * time.Second)
	offset := -3.0
	s := d.serve(func(o *Options) {
		o.Status = func() Status {
			return Status{Version: "1.2.3", ClockTrusted: true, DaysThatFit: 2.5, Cameras: []CameraStatus{{Name: "cam", State: Recording, SoundOffsetMS: &offset,
				Sources: []Source{
					{Kinds: []media.Kind{media.Audio}, Name: "mic", Starts: 2, Error: "lost"},
					{Kinds: []media.Kind{media.Video}, Name: "mic", Starts: 1}, {Name: "cam\xe4ra"},
				}, Drops: []Drop{{media.Video, `a "broken" JPEG`, 7}},
				Captions: []CaptionStatus{
					{Language: "ko", Model: "small", State: "listening", BehindSeconds: 0.5, PendingSeconds: 60, OffSeconds: 7, RSSBytes: 1 << 20, CPUSeconds: 1.5, Starts: 2, Words: 99, Pid: 5},
					{Language: "zh-TW", State: "no model"},
				}}}}
		}
	})
	r, err := http.NewRequest(http.MethodGet, "/metrics", nil)
	must(t, err)
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	for _, want := range []string{
		`hindsight_info{version="1.2.3"} 1`,
		`hindsight_clock_trusted 1`,
		`hindsight_days_that_fit 2.5`,
		`hindsight_camera_recording{camera="cam"} 1`,
		`hindsight_camera_sound_offset_seconds{camera="cam"} -0.003`,
		`hindsight_source_starts_total{camera="cam",kind="audio",source="mic"} 2`,
		`hindsight_source_running{camera="cam",kind="audio",source="mic"} 0`,
		`hindsight_source_running{camera="cam",kind="video",source="mic"} 1`,
		`hindsight_source_running{camera="cam",kind="all",source="cam` + "\ufffd" + `ra"} 1`,
		`hindsight_dropped_total{camera="cam",kind="video",reason="a \"broken\" JPEG"} 7`,
		`hindsight_track_units_total{camera="cam",codec="mjpeg",kind="video",track="1"} 40`,
		`hindsight_track_kept_bytes{camera="cam",codec="pcma",kind="audio",track="2"} 32000`,
		`hindsight_captions_listening{camera="cam",language="ko"} 1`,
		`hindsight_captions_listening{camera="cam",language="zh-TW"} 0`,
		`hindsight_captions_behind_seconds{camera="cam",language="ko"} 0.5`,
		`hindsight_captions_pending_seconds{camera="cam",language="ko"} 60`,
		`hindsight_captions_off_seconds{camera="cam",language="ko"} 7`,
		`hindsight_captions_rss_bytes{camera="cam",language="ko"} 1.048576e+06`,
		`hindsight_captions_cpu_seconds_total{camera="cam",language="ko"} 1.5`,
		`hindsight_captions_starts_total{camera="cam",language="ko"} 2`,
		`hindsight_captions_words_total{camera="cam",language="ko"} 99`,
		`# TYPE hindsight_captions_cpu_seconds_total counter`,
		`# TYPE hindsight_camera_commits_total counter`,
		`go_goroutines `,
	} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("no line %s", want)
		}
	}
}

func TestServeEnds(t *testing.T) {
	d := newDeck(t)
	s := d.serve(nil)
	l, err := Listen("127.0.0.1:0")
	must(t, err)
	if _, err := Listen(l.Addr().String()); err == nil || !strings.Contains(err.Error(), "another program listens on") {
		t.Errorf("an address in use: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.Serve(ctx, l) }()
	r, err := http.Get("http://" + l.Addr().String() + "/healthz")
	must(t, err)
	r.Body.Close()
	idle, err := net.Dial("tcp", l.Addr().String()) // says nothing
	must(t, err)
	defer idle.Close()
	cancel()
	select {
	case err := <-done:
		must(t, err)
	case <-time.After(30 * time.Second):
		t.Fatal("Serve does not end")
	}
	if _, err := io.ReadAll(idle); err != nil && !strings.Contains(err.Error(), "reset") {
		t.Errorf("the silent client: %v", err)
	}
}

func TestConnectionsAreLimited(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	l := limit(inner, 1)
	dial := func() net.Conn {
		c, err := net.Dial("tcp", inner.Addr().String())
		must(t, err)
		t.Cleanup(func() { c.Close() })
		return c
	}
	accepted := make(chan net.Conn)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				close(accepted)
				return
			}
			accepted <- c
		}
	}()
	dial()
	first := <-accepted
	dial()
	select {
	case <-accepted:
		t.Error("two at once")
	case <-time.After(20 * time.Millisecond): // it may only be seen not to happen
	}
	first.Close()
	first.Close() // leaves only once
	second := <-accepted
	l.Close()
	if _, more := <-accepted; more {
		t.Error("accepted after Close")
	}
	second.Close()
}
