package web

import (
	"strings"
	"testing"
	"time"

	"hindsight/media"
)

func TestDelete(t *testing.T) {
	d := newDeck(t)
	d.record(10 * time.Second)
	s := d.serve(nil)
	send(t, s, "POST", "/api/v1/bookmarks", `{"at":"1.4000"}`, nil)
	send(t, s, "POST", "/api/v1/pins", `{"from":"1.8000","to":"1.9000"}`, nil)
	var e struct{ Error string }
	for _, c := range []struct {
		body string
		code int
		word string
	}{
		{`{"from":"1.3000","to":"1.8500"}`, 409, "pin 2 holds 1.8000 to 1.9000"},
		{`{"from":"1.3000"}`, 400, "from and to are needed"},
		{`{"from":"1.3000","to":"1.2000"}`, 400, "before from"},
		{`{"from":"11:00","to":"12:00"}`, 404, "nothing is recorded"},
		{`{"from":"1.3000","to":"1.4000","camera":"door"}`, 404, "door"},
	} {
		if code := send(t, s, "POST", "/api/v1/delete", c.body, &e); code != c.code || !strings.Contains(e.Error, c.word) {
			t.Errorf("%s: %d %q, want %d and %q", c.body, code, e.Error, c.code, c.word)
		}
	}
	var x, shape any
	if code := send(t, s, "POST", "/api/v1/delete", `{"camera":"cam","from":"1.3000","to":"1.5050","why":"a talk"}`, &x); code != 200 {
		t.Fatalf("%d %v", code, x)
	}
	fields(t, x, map[string]any{"from.position": "1.3000", "to.position": "1.5100", "bookmarks": 1., "captions": 0.})
	ask(t, s, "/api/v1/timeline", &shape)
	fields(t, shape, map[string]any{"gaps.0.reason": "deleted", "gaps.0.detail": "by 192.0.2.1: a talk", "gaps.0.from.position": "1.3000", "gaps.0.until.position": "1.5100", "recorded_ms": 7900.})
}

func TestDeleteSession(t *testing.T) {
	d := newDeck(t)
	d.record(4 * time.Second)
	d.next(media.Off, 10*time.Second)
	d.record(2 * time.Second)
	s := d.serve(nil)
	send(t, s, "POST", "/api/v1/record", `{"name":"lesson"}`, nil)
	d.record(3 * time.Second)
	if w := newRecorder(s, "DELETE", "/api/v1/sessions/1", nil, nil); w.Code != 409 {
		t.Errorf("one that goes on: %d %s", w.Code, w.Body)
	}
	send(t, s, "POST", "/api/v1/stop", `{}`, nil)
	send(t, s, "PATCH", "/api/v1/sessions/run-1", `{"name":"Tuesday"}`, nil)
	for _, c := range []struct {
		path string
		code int
		want []string
	}{
		{"1?media=perhaps", 400, []string{"1 hand lesson 2.3000 2.6000 3s", "run-2 run  2.1000 2.3000 2s", "run-1 run Tuesday 1.1000 1.5000 4s"}},
		{"1?media=true", 200, []string{"run-2 run  2.1000 2.3000 2s", "run-1 run Tuesday 1.1000 1.5000 4s"}},
		{"run-1", 200, []string{"run-2 run  2.1000 2.3000 2s", "run-1 run  1.1000 1.5000 4s"}},
		{"run-1?media=true", 200, []string{"run-2 run  2.1000 2.3000 2s"}},
		{"run-1?media=true", 404, []string{"run-2 run  2.1000 2.3000 2s"}},
	} {
		if w := newRecorder(s, "DELETE", "/api/v1/sessions/"+c.path, nil, nil); w.Code != c.code {
			t.Errorf("%s: %d %s, want %d", c.path, w.Code, w.Body, c.code)
		}
		wantSessions(t, s, c.want...)
	}
}
