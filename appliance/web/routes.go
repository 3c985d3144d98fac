package web

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

//go:embed openapi.json
var openAPI []byte

// route is a path and what answers it, by method; GET answers HEAD, too.
type route struct {
	path    string
	answer  func(http.ResponseWriter, *http.Request) error // of GET; nil: it is not answered
	changes map[string]answer
}

type answer func(http.ResponseWriter, *http.Request) error

// methods are those that are answered.
func (r route) methods() string {
	var ms []string
	if r.answer != nil {
		ms = append(ms, http.MethodGet, http.MethodHead)
	}
	return strings.Join(append(ms, slices.Sorted(maps.Keys(r.changes))...), ", ")
}

// table is every route but the page's files.
func (s *Server) table() []route {
	return []route{
		{"/api/v1/status", s.getStatus, nil},
		{"/api/v1/timeline", s.getTimeline, nil},
		{"/api/v1/export.mp4", s.getExport, nil},
		{"/api/v1/snapshot.jpg", s.getSnapshot, nil},
		{"/api/v1/frames", s.getFrames, nil},
		{"/api/v1/captions", s.getCaptions, nil},
		{"/api/v1/captions.vtt", s.getVTT, nil},
		{"/api/v1/captions.srt", s.getSRT, nil},
		{"/api/v1/captions.txt", s.getText, nil},
		{"/api/v1/captions/heard", s.getHeard, nil},
		{"/api/v1/captions/live", s.getLiveCaptions, nil},
		{"/api/v1/captions/make", nil, map[string]answer{http.MethodPost: s.postMake}},
		{"/api/v1/captions/jobs", s.getJobs, nil},
		{"/api/v1/captions/jobs/{id}", s.getJob, map[string]answer{http.MethodDelete: s.deleteJob}},
		{"/api/v1/captions/settings", s.getCaptionSettings, map[string]answer{http.MethodPatch: s.patchCaptionSettings}},
		{"/api/v1/captions/{id}", nil, map[string]answer{http.MethodPatch: s.patchCaption}},
		{"/api/v1/player", s.getPlayer, nil},
		{"/api/v1/openapi.json", s.getOpenAPI, nil},
		{"/healthz", s.getHealth, nil},
		{"/metrics", s.getMetrics, nil},
	}
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	for _, r := range s.table() {
		mux.Handle(r.path, s.handle(r))
	}
	mux.Handle("/api/", s.handle(route{answer: func(_ http.ResponseWriter, r *http.Request) error {
		return notFound("there is no %s; /api/v1/openapi.json lists what there is", r.URL.Path)
	}}))
	mux.Handle("/", s.handle(route{answer: s.getPage}))
	return mux
}

// handle lets the route's methods through and makes JSON of an error.
func (s *Server) handle(route route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Content-Security-Policy", "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self' ws: wss:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
		h.Set("Cache-Control", "no-store")
		do := route.changes[r.Method]
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			do = route.answer
		}
		var err error
		if do != nil {
			err = do(w, r)
		} else {
			h.Set("Allow", route.methods())
			err = &failure{http.StatusMethodNotAllowed, "only " + route.methods() + " are answered"}
		}
		if err != nil {
			s.fail(w, r, err)
		}
	})
}

func (s *Server) getOpenAPI(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "application/json")
	_, err := w.Write(openAPI)
	return gone(err)
}

func (s *Server) getMetrics(w http.ResponseWriter, r *http.Request) error {
	promhttp.HandlerFor(s.metrics, promhttp.HandlerOpts{DisableCompression: true}).ServeHTTP(w, r)
	return nil
}

// reply writes v as JSON.
func reply(w http.ResponseWriter, status int, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("web: %w", err)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, err = w.Write(append(b, '\n'))
	return gone(err)
}

// camera finds the camera that the query names; without a name the only one.
func (s *Server) camera(r *http.Request) (Camera, error) {
	name := r.URL.Query().Get("camera")
	var names []string
	for _, c := range s.o.Cameras {
		if c.Name == name || name == "" && len(s.o.Cameras) == 1 {
			return c, nil
		}
		names = append(names, c.Name)
	}
	if name == "" && len(names) > 0 {
		return Camera{}, badRequest("parameter camera is needed: one of %s", strings.Join(names, ", "))
	}
	if len(names) == 0 {
		return Camera{}, notFound("there is no camera")
	}
	return Camera{}, notFound("parameter camera: there is no %q; there is %s", name, strings.Join(names, ", "))
}
