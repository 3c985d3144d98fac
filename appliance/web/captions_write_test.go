package web

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"
)

// newRecorder is the answer to a request with a body and headers.
func newRecorder(s *Server, method, path string, body io.Reader, headers map[string]string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, body)
	for k, v := range headers {
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w
}

// send sends JSON and decodes the answer into v.
func send(t testing.TB, s *Server, method, path, body string, v any) int {
	t.Helper()
	w := newRecorder(s, method, path, strings.NewReader(body), map[string]string{"Content-Type": "application/json"})
	if v != nil {
		decode(t, w.Body.Bytes(), v)
	}
	return w.Code
}

// asked is a Recognition that writes down what it is asked for.
type asked struct {
	camera    string
	make      MakeRequest
	changes   map[string]string
	err       error
	languages string // that the camera is captioned in
	jobs      []RecognitionJob
}

func (a *asked) Make(camera string, r MakeRequest) (RecognitionJob, error) {
	a.camera, a.make = camera, r
	j := RecognitionJob{ID: strconv.Itoa(len(a.jobs) + 1), Camera: camera, Language: "ko", Model: "small", From: r.From, To: r.To, Replace: r.Replace, State: "waiting"}
	if a.err != nil {
		return RecognitionJob{}, a.err
	}
	a.jobs = append(a.jobs, j)
	return j, nil
}
func (a *asked) Jobs() []RecognitionJob { return a.jobs }
func (a *asked) CancelJob(id string) error {
	for i := range a.jobs {
		if a.jobs[i].ID == id {
			a.jobs[i].State = "cancelled"
			return nil
		}
	}
	return ErrNoJob
}
func (a *asked) CaptionSettings(camera string) (CaptionSettings, error) {
	set := CaptionSettings{Camera: camera, Captions: "on"}
	if a.languages != "" {
		set.Languages = strings.Split(a.languages, ", ")
	}
	return set, nil
}
func (a *asked) ChangeCaptionSettings(camera string, changes map[string]string) (CaptionSettings, error) {
	a.camera, a.changes = camera, changes
	return CaptionSettings{Camera: camera, Captions: "off"}, a.err
}

// What a person changes is shown, what was recognised is kept, and the same text as before takes it back.
func TestEditCaption(t *testing.T) {
	d := newDeck(t)
	d.record(10 * time.Second)
	c := d.say(2*time.Second, "날시")
	s := d.serve(nil)
	path := "/api/v1/captions/" + strconv.FormatUint(c.ID, 10)
	var out Caption
	if code := send(t, s, http.MethodPatch, path, `{"text": "날씨", "editor": "Kim"}`, &out); code != 200 || out.Text != "날씨" || out.Original != "날시" || out.Editor != "Kim" {
		t.Errorf("%d %+v", code, out)
	}
	if code := send(t, s, http.MethodPatch, path, `{"text": "날씨가"}`, &out); code != 200 || out.Text != "날씨가" || out.Original != "날시" || out.Editor == "" {
		t.Errorf("again: %d %+v", code, out)
	}
	if code := send(t, s, http.MethodPatch, path, `{"text": "날시"}`, &out); code != 200 || out.Text != "날시" || out.Original != "" || out.Editor != "" {
		t.Errorf("taken back: %d %+v", code, out)
	}
	if len(out.Words) != 1 || out.Words[0].Text != "날시" {
		t.Errorf("words %+v", out.Words)
	}
}

func TestBadBodies(t *testing.T) {
	d := newDeck(t)
	d.record(10 * time.Second)
	d.say(2*time.Second, "날씨")
	s := d.serve(func(o *Options) { o.Recognition = &asked{} })
	plain := map[string]string{"Content-Type": "application/json"}
	for _, c := range []struct {
		method, path, body string
		headers            map[string]string
		code               int
		part               string
	}{
		{"PATCH", "/1", `{"text":"x"}`, nil, 415, "application/json"},
		{"PATCH", "/1", `{"text":"x"}`, map[string]string{"Content-Type": "text/plain"}, 415, "application/json"},
		{"PATCH", "/1", `{"text":"x"}`, map[string]string{"Content-Type": "application/json", "Sec-Fetch-Site": "cross-site"}, 403, "another site"},
		{"PATCH", "/1", `{"text":"x"}`, map[string]string{"Content-Type": "application/json", "Sec-Fetch-Site": "same-site"}, 403, "another site"},
		{"PATCH", "/1", ``, plain, 400, "empty"},
		{"PATCH", "/1", `{"text":`, plain, 400, "JSON"},
		{"PATCH", "/1", `[]`, plain, 400, "JSON"},
		{"PATCH", "/1", `{"text":"x"} {}`, plain, 400, "more behind"},
		{"PATCH", "/1", `{"txt":"x"}`, plain, 400, "txt"},
		{"PATCH", "/1", `{}`, plain, 400, "text"},
		{"PATCH", "/1", `{"text":" \n "}`, plain, 400, "text"},
		{"PATCH", "/1", `{"text":"` + strings.Repeat("x", 5000) + `"}`, plain, 400, "4096"},
		{"PATCH", "/1", `{"text":"` + strings.Repeat("x", 70000) + `"}`, plain, 413, "65536"},
		{"PATCH", "/77", `{"text":"x"}`, plain, 404, "77"},
		{"PATCH", "/abc", `{"text":"x"}`, plain, 404, "abc"},
		{"POST", "/make", `{}`, plain, 400, "from and to"},
		{"POST", "/make", `{"from":"1.9000","to":"1.2000"}`, plain, 400, "parameter to"},
		{"POST", "/make", `{"from":"2027-01-01T00:00:00Z","to":"2027-01-02T00:00:00Z"}`, plain, 404, "nothing is recorded"},
		{"POST", "/make?camera=attic", `{"from":"1.2000","to":"1.3000"}`, plain, 404, "attic"},
		{"PATCH", "/settings", `{}`, plain, 400, "nothing is to be changed"},
		{"PATCH", "/settings", `{"captions":1}`, plain, 400, "JSON"},
		{"PATCH", "/settings", `{"phrases":["a,b"]}`, plain, 400, "comma"},
		{"PATCH", "/settings", `{"keep":"1y"}`, plain, 400, "keep"},
		{"DELETE", "/jobs/9", ``, nil, 404, "job"},
		{"DELETE", "/jobs/9", ``, map[string]string{"Sec-Fetch-Site": "cross-site"}, 403, "another site"},
		{"GET", "/jobs/9", ``, nil, 404, "9"},
		{"GET", "/make", ``, nil, 405, "POST"},
		{"POST", "/1", `{}`, plain, 405, "PATCH"},
		{"PUT", "", `{}`, plain, 405, "GET"},
	} {
		w := newRecorder(s, c.method, "/api/v1/captions"+c.path, strings.NewReader(c.body), c.headers)
		var e struct{ Error string }
		if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil || w.Code != c.code || !strings.Contains(e.Error, c.part) {
			t.Errorf("%s %s %.40s: %d %q %v, want %d %s", c.method, c.path, c.body, w.Code, e.Error, err, c.code, c.part)
		}
	}
}

func TestMakeJobs(t *testing.T) {
	d := newDeck(t)
	d.record(10 * time.Second)
	rec := &asked{}
	s := d.serve(func(o *Options) { o.Recognition = rec })
	var j Job
	if code := send(t, s, http.MethodPost, "/api/v1/captions/make", `{"from":"10:00:02","to":"1.5000","language":"ko","model":"large","replace":true}`, &j); code != 202 {
		t.Fatalf("%d", code)
	}
	want := MakeRequest{From: position{Run: 1, Time: 3 * time.Second}, To: position{Run: 1, Time: 5 * time.Second}, Language: "ko", Model: "large", Replace: true}
	if rec.camera != "cam" || rec.make != want || j.ID != "1" || j.From.Position != "1.3000" || j.State != "waiting" || !j.Replace {
		t.Errorf("%+v, %+v", rec.make, j)
	}
	var list JobList
	if ask(t, s, "/api/v1/captions/jobs", &list); len(list.Jobs) != 1 || list.Jobs[0].ID != "1" {
		t.Errorf("%+v", list)
	}
	if code := send(t, s, http.MethodDelete, "/api/v1/captions/jobs/1", "", &j); code != 200 || j.State != "cancelled" {
		t.Errorf("%d %+v", code, j)
	}
	for err, code := range map[error]int{&Invalid{errors.New("done already")}: 400, &Fixed{errors.New("fixed")}: 409, errors.New("disk"): 500} {
		rec.err = err
		if got := send(t, s, http.MethodPost, "/api/v1/captions/make", `{"from":"1.2000","to":"1.5000"}`, nil); got != code {
			t.Errorf("%v: %d, want %d", err, got, code)
		}
	}
}

func TestCaptionSettings(t *testing.T) {
	d := newDeck(t)
	d.record(time.Second)
	rec := &asked{}
	s := d.serve(func(o *Options) { o.Recognition = rec })
	var out CaptionSettings
	if ask(t, s, "/api/v1/captions/settings", &out); out.Camera != "cam" || out.Languages == nil || out.Models == nil {
		t.Errorf("%+v", out)
	}
	body := `{"captions":"off","languages":["ko","zh-TW"],"phrases":[],"load":"50%","endpoint":"fast","max_celsius":80}`
	if code := send(t, s, http.MethodPatch, "/api/v1/captions/settings", body, &out); code != 200 {
		t.Fatalf("%d", code)
	}
	for key, want := range map[string]string{"captions": "off", "languages": "ko, zh-TW", "phrases": "", "captions.load": "50%", "captions.endpoint": "fast", "captions.max_celsius": "80"} {
		if got, ok := rec.changes[key]; !ok || got != want {
			t.Errorf("%s: %q %v, want %q", key, got, ok, want)
		}
	}
	if len(rec.changes) != 6 {
		t.Errorf("changes: %v", rec.changes)
	}
	rec.err = &Fixed{errors.New("HINDSIGHT_CAPTIONS has the say")}
	var e struct{ Error string }
	if code := send(t, s, http.MethodPatch, "/api/v1/captions/settings", `{"captions":"on"}`, &e); code != 409 || !strings.Contains(e.Error, "HINDSIGHT_CAPTIONS") {
		t.Errorf("%d %q", code, e.Error)
	}
}

// FuzzBodies: whatever is sent is answered with a sentence, and never by a failure of the recorder's.
func FuzzBodies(f *testing.F) {
	d := newDeck(f)
	d.record(4 * time.Second)
	id := strconv.FormatUint(d.say(2*time.Second, "text").ID, 10)
	s := d.serve(func(o *Options) { o.Recognition = &asked{} })
	for _, b := range []string{`{"text":"x","editor":"y"}`, `{"text":"\ud800"}`, `{"text":null}`, `{"from":"1.2000","to":"1.3000","replace":true}`, `{"from":"99999999999.1","to":"-1s"}`,
		`{"captions":"off","languages":["ko"],"phrases":["a"],"max_celsius":1e3}`, `{"languages":[""]}`, `[`, ``, `{"text":"x"}{`, "{\"text\":\"\xff\"}", `{"text":"` + strings.Repeat("x", 4097) + `"}`} {
		f.Add(b, "application/json; charset=utf-8", "")
	}
	f.Add(`{}`, "application/jsonp", "cross-site")
	f.Add(`{}`, ";", "none")
	f.Fuzz(func(t *testing.T, text, kind, site string) {
		for _, to := range [][2]string{{http.MethodPatch, "/" + id}, {http.MethodPost, "/make"}, {http.MethodPatch, "/settings"}} {
			w := newRecorder(s, to[0], "/api/v1/captions"+to[1], strings.NewReader(text), map[string]string{"Content-Type": kind, "Sec-Fetch-Site": site})
			var e struct{ Error string }
			switch err := json.Unmarshal(w.Body.Bytes(), &e); {
			case err != nil:
				t.Errorf("%s: %d, no JSON: %v", to[1], w.Code, err)
			case w.Code < 300 && (!strings.HasPrefix(kind, "application/json") && !strings.HasPrefix(strings.ToLower(strings.TrimSpace(kind)), "application/json") || site == "cross-site"):
				t.Errorf("%s: %q from %q was taken", to[1], kind, site)
			case w.Code >= 300 && (w.Code < 400 || w.Code >= 500 || e.Error == "" || strings.Contains(e.Error, "\n")):
				t.Errorf("%s: %d %q", to[1], w.Code, e.Error)
			}
		}
	})
}
