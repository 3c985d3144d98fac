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
		{"/api/v1/exports", s.getExports, nil},
		{"/api/v1/exports/{job}", s.getExportJob, map[string]answer{http.MethodDelete: s.deleteExportJob}},
		{"/api/v1/snapshot.jpg", s.getSnapshot, nil},
		{"/api/v1/preview.jpg", s.getPreview, nil},
		{"/api/v1/days", s.getDays, nil},
		{"/api/v1/frames", s.getFrames, nil},
		{"/api/v1/marks", s.getDensity, nil},
		{"/api/v1/bookmarks", s.getBookmarks, map[string]answer{http.MethodPost: s.postBookmark}},
		{"/api/v1/bookmarks/{id}", nil, map[string]answer{http.MethodPatch: s.patchBookmark, http.MethodDelete: s.deleteBookmark}},
		{"/api/v1/pins", s.getPins, map[string]answer{http.MethodPost: s.postPin}},
		{"/api/v1/pins/{id}", nil, map[string]answer{http.MethodPatch: s.patchPin, http.MethodDelete: s.deletePin}},
		{"/api/v1/sessions", s.getSessions, nil},
		{"/api/v1/sessions/{id}", nil, map[string]answer{http.MethodPatch: s.patchSession, http.MethodDelete: s.deleteSession}},
		{"/api/v1/record", nil, map[string]answer{http.MethodPost: s.postRecord}},
		{"/api/v1/delete", nil, map[string]answer{http.MethodPost: s.postDelete}},
		{"/api/v1/stop", nil, map[string]answer{http.MethodPost: s.postStop}},
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
		{"/api/v1/settings", s.getSettings, map[string]answer{http.MethodPatch: s.patchSettings}},
		{"/api/v1/models", s.getModels, map[string]answer{http.MethodPut: s.putModel}},
		{"/api/v1/models/published", s.getPublished, nil},
		{"/api/v1/models/get", nil, map[string]answer{http.MethodPost: s.postModelGet}},
		{"/api/v1/models/use", nil, map[string]answer{http.MethodPost: s.postModelUse}},
		{"/api/v1/models/jobs", s.getModelJobs, nil},
		{"/api/v1/models/jobs/{id}", s.getModelJob, map[string]answer{http.MethodDelete: s.deleteModelJob}},
		{"/api/v1/models/{name}", nil, map[string]answer{http.MethodDelete: s.deleteModel}},
		{"/api/v1/devices", s.getDevices, nil},
		{"/api/v1/level", s.getLevel, nil},
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

// named is the camera of a name.
func (s *Server) named(name string) (c Camera, ok bool) {
	i := slices.IndexFunc(s.o.Cameras, func(c Camera) bool { return c.Name == name })
	if i < 0 {
		return c, false
	}
	return s.o.Cameras[i], true
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
