package web

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"hindsight/media"
)

func TestBookmarks(t *testing.T) {
	d := newDeck(t)
	d.record(4 * time.Second)
	s := d.serve(nil)
	var b any
	if code := send(t, s, "POST", "/api/v1/bookmarks", `{"camera":"cam","at":"1.2500","note":" the door opens "}`, &b); code != 201 {
		t.Fatalf("%d %v", code, b)
	}
	fields(t, b, map[string]any{"id": 1., "camera": "cam", "note": "the door opens", "at.position": "1.2500", "at.time": "2026-11-24T10:00:01.5Z", "at.trusted": true})
	if code := send(t, s, "POST", "/api/v1/bookmarks", `{"at":"2026-11-24T10:00:03Z"}`, &b); code != 201 {
		t.Fatalf("%d %v", code, b)
	}
	fields(t, b, map[string]any{"id": 2., "at.position": "1.4000"})
	send(t, s, "POST", "/api/v1/bookmarks", `{"at":"-0s"}`, &b)
	fields(t, b, map[string]any{"id": 3., "at.position": "1.4980"}) // the newest moment
	if code := send(t, s, "PATCH", "/api/v1/bookmarks/1", `{"at":"1.1500"}`, &b); code != 200 {
		t.Fatalf("%d %v", code, b)
	}
	fields(t, b, map[string]any{"id": 1., "at.position": "1.1500", "note": "the door opens"})
	send(t, s, "PATCH", "/api/v1/bookmarks/1?camera=cam", `{"note":"문이 열림"}`, &b)
	fields(t, b, map[string]any{"at.position": "1.1500", "note": "문이 열림"})
	for query, want := range map[string]int{"": 3, "?from=1.4000": 2, "?to=1.4000": 1, "?from=1.1500&to=1.1501": 1, "?from=11:00": 0} {
		var list Bookmarks
		if ask(t, s, "/api/v1/bookmarks"+query, &list); len(list.Bookmarks) != want {
			t.Errorf("%s: %d bookmarks, want %d", query, len(list.Bookmarks), want)
		}
	}
	if w := newRecorder(s, "DELETE", "/api/v1/bookmarks/1", nil, nil); w.Code != 204 {
		t.Errorf("deleted: %d %s", w.Code, w.Body)
	}
	if w := newRecorder(s, "DELETE", "/api/v1/bookmarks/1", nil, nil); w.Code != 404 {
		t.Errorf("deleted twice: %d %s", w.Code, w.Body)
	}
}

func TestPins(t *testing.T) {
	d := newDeck(t)
	d.record(4 * time.Second)
	s := d.serve(nil)
	var p any
	if code := send(t, s, "POST", "/api/v1/pins", `{"from":"1.2000","to":"1.3000","note":"n"}`, &p); code != 201 {
		t.Fatalf("%d %v", code, p)
	}
	fields(t, p, map[string]any{"id": 1., "camera": "cam", "from.position": "1.2000", "to.position": "1.3000", "note": "n"})
	if code := send(t, s, "PATCH", "/api/v1/pins/1", `{"to":"1.3500"}`, &p); code != 200 {
		t.Fatalf("%d %v", code, p)
	}
	fields(t, p, map[string]any{"from.position": "1.2000", "to.position": "1.3500"})
	var list Pins
	if ask(t, s, "/api/v1/pins", &list); len(list.Pins) != 1 || list.Pins[0].To.Position != "1.3500" {
		t.Errorf("pins %+v", list)
	}
	if w := newRecorder(s, "DELETE", "/api/v1/pins/1?camera=cam", nil, nil); w.Code != 204 {
		t.Errorf("deleted: %d %s", w.Code, w.Body)
	}
}

func TestMarksRefused(t *testing.T) {
	d := newDeck(t)
	empty := d.serve(nil)
	var e struct{ Error string }
	if code := send(t, empty, "POST", "/api/v1/bookmarks", `{"at":"-0s"}`, &e); code != 404 {
		t.Errorf("a bookmark of nothing: %d %q", code, e.Error)
	}
	d.record(4 * time.Second)
	s := d.serve(nil)
	send(t, s, "POST", "/api/v1/bookmarks", `{"at":"1.2000"}`, nil)
	for _, c := range []struct {
		method, path, body string
		code               int
		word               string
	}{
		{"POST", "bookmarks", `{}`, 400, "at is needed"},
		{"POST", "bookmarks", `{"at":"yesterday"}`, 400, "parameter at"},
		{"POST", "bookmarks", `{"at":"9.1000"}`, 400, "the runs are 1 to 1"},
		{"POST", "bookmarks", `{"at":"1.1000","camera":"door"}`, 404, "door"},
		{"POST", "bookmarks", `{"at":"1.1000","from":"1.1000"}`, 400, "a bookmark has at"},
		{"POST", "bookmarks", `{"at":"1.1000","note":"` + strings.Repeat("x", 4097) + `"}`, 400, "note"},
		{"POST", "bookmarks", `{"at":"1.1000","color":"red"}`, 400, "color"},
		{"PATCH", "bookmarks/1", `{}`, 400, "nothing is to be changed"},
		{"PATCH", "bookmarks/7", `{"note":"x"}`, 404, "any more"},
		{"PATCH", "bookmarks/one", `{"note":"x"}`, 404, `bookmark "one"`},
		{"PATCH", "pins/1", `{"note":"x"}`, 404, "any more"},
		{"POST", "pins", `{"from":"1.2000"}`, 400, "from and to are needed"},
		{"POST", "pins", `{"from":"1.2000","to":"1.2000"}`, 400, "ends after it begins"},
		{"POST", "pins", `{"at":"1.2000"}`, 400, "a pin has from and to"},
		{"PATCH", "sessions/run-9", `{"name":"x"}`, 404, "run-9"},
		{"PATCH", "sessions/run-1", `{}`, 400, "name"},
		{"POST", "stop", `{"why":"` + strings.Repeat("x", 501) + `"}`, 400, "why"},
	} {
		e.Error = ""
		if code := send(t, s, c.method, "/api/v1/"+c.path, c.body, &e); code != c.code || !strings.Contains(e.Error, c.word) {
			t.Errorf("%s %s %.60s: %d %q, want %d and %q", c.method, c.path, c.body, code, e.Error, c.code, c.word)
		}
	}
	for _, path := range []string{"bookmarks", "pins", "record", "stop"} {
		if w := newRecorder(s, "POST", "/api/v1/"+path, strings.NewReader(`{}`), map[string]string{"Content-Type": "text/plain"}); w.Code != 415 {
			t.Errorf("%s as text: %d", path, w.Code)
		}
	}
	if w := newRecorder(s, "DELETE", "/api/v1/bookmarks/1", nil, map[string]string{"Sec-Fetch-Site": "cross-site"}); w.Code != 403 {
		t.Errorf("another site's page deletes: %d", w.Code)
	}
}

// TestListsAreCheapToPoll: who has the newest list is told so without one.
func TestListsAreCheapToPoll(t *testing.T) {
	d := newDeck(t)
	d.record(time.Second)
	s := d.serve(nil)
	tags := map[string]string{}
	for _, path := range []string{"bookmarks", "pins", "sessions"} {
		w := newRecorder(s, "GET", "/api/v1/"+path, nil, nil)
		tags[path] = w.Header().Get("ETag")
		again := newRecorder(s, "GET", "/api/v1/"+path, nil, map[string]string{"If-None-Match": tags[path]})
		if w.Code != 200 || tags[path] == "" || again.Code != http.StatusNotModified || again.Body.Len() != 0 {
			t.Errorf("%s: %d with tag %q, then %d %s", path, w.Code, tags[path], again.Code, again.Body)
		}
	}
	send(t, s, "POST", "/api/v1/bookmarks", `{"at":"1.1000"}`, nil)
	if w := newRecorder(s, "GET", "/api/v1/bookmarks", nil, map[string]string{"If-None-Match": tags["bookmarks"]}); w.Code != 200 {
		t.Errorf("after a change: %d", w.Code)
	}
}

// sessions are the sessions as "id name from to seconds".
func sessions(t *testing.T, s *Server) (out []string) {
	t.Helper()
	var list Sessions
	ask(t, s, "/api/v1/sessions", &list)
	for _, x := range list.Sessions {
		to := "-"
		if x.To != nil {
			to = x.To.Position
		}
		text := strings.Join([]string{x.ID, x.By, x.Name, x.From.Position, to, time.Duration(x.Seconds * 1e9).String()}, " ")
		if x.Pinned {
			text += " pinned"
		}
		out = append(out, text)
	}
	return out
}

func wantSessions(t *testing.T, s *Server, want ...string) {
	t.Helper()
	if got := sessions(t, s); strings.Join(got, "; ") != strings.Join(want, "; ") {
		t.Errorf("sessions\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestSessions(t *testing.T) {
	d := newDeck(t)
	d.record(4 * time.Second)
	d.next(media.Off, 10*time.Second)
	d.record(4 * time.Second)
	s := d.serve(nil)
	wantSessions(t, s, "run-2 run  2.1000 - 4s", "run-1 run  1.1000 1.5000 4s")

	var x any
	if code := send(t, s, "PATCH", "/api/v1/sessions/run-1", `{"name":"Tuesday"}`, &x); code != 200 {
		t.Fatalf("%d %v", code, x)
	}
	fields(t, x, map[string]any{"id": "run-1", "name": "Tuesday", "by": "run"})
	send(t, s, "PATCH", "/api/v1/sessions/run-1", `{"name":"Wednesday"}`, &x)

	if code := send(t, s, "POST", "/api/v1/record", `{"camera":"cam","name":"lesson"}`, &x); code != 201 {
		t.Fatalf("%d %v", code, x)
	}
	fields(t, x, map[string]any{"id": "2", "run": 2., "name": "lesson", "by": "hand", "to": nil})
	d.record(3 * time.Second)
	wantSessions(t, s, "2 hand lesson 2.5000 - 3s", "run-2 run  2.1000 2.5000 4s", "run-1 run Wednesday 1.1000 1.5000 4s")
	var st any
	ask(t, s, "/api/v1/status", &st)
	fields(t, st, map[string]any{"cameras.0.session.id": "2", "cameras.0.session.name": "lesson", "cameras.0.session.from.position": "2.5000", "cameras.0.stop": nil})

	if code := send(t, s, "POST", "/api/v1/stop", `{"camera":"cam","why":"a talk"}`, &x); code != 200 {
		t.Fatalf("%d %v", code, x)
	}
	fields(t, x, map[string]any{"from.position": "2.8000", "why": "a talk", "who": "192.0.2.1"})
	ask(t, s, "/api/v1/status", &st)
	fields(t, st, map[string]any{"cameras.0.session": nil, "cameras.0.stop.why": "a talk"})
	d.record(5 * time.Second) // let fall
	wantSessions(t, s, "2 hand lesson 2.5000 2.8000 3s", "run-2 run  2.1000 2.5000 4s", "run-1 run Wednesday 1.1000 1.5000 4s")
	var shape any
	ask(t, s, "/api/v1/timeline?from=2.7900", &shape)
	fields(t, shape, map[string]any{"gaps.0.reason": "paused", "gaps.0.until": nil, "gaps.0.detail": "by 192.0.2.1: a talk"})

	send(t, s, "POST", "/api/v1/record", `{}`, &x)
	fields(t, x, map[string]any{"id": "4"})
	d.record(2 * time.Second)
	send(t, s, "PATCH", "/api/v1/sessions/4", `{"name":" 수업 "}`, &x)
	send(t, s, "POST", "/api/v1/pins", `{"from":"2.4000","to":"2.9000"}`, nil)
	wantSessions(t, s, "4 hand 수업 2.13000 - 2s", "2 hand lesson 2.5000 2.8000 3s pinned", "run-2 run  2.1000 2.5000 4s", "run-1 run Wednesday 1.1000 1.5000 4s")

	d.next(media.Off, time.Second) // a restart: the session is over, and all is kept
	s = d.serve(nil)
	wantSessions(t, s, "4 hand 수업 2.13000 2.15000 2s", "2 hand lesson 2.5000 2.8000 3s pinned", "run-2 run  2.1000 2.5000 4s", "run-1 run Wednesday 1.1000 1.5000 4s")
}
