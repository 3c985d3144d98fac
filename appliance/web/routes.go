package web

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

//go:embed openapi.json
var openAPI []byte

// route is a path and what answers it.
type route struct {
	path   string
	answer func(http.ResponseWriter, *http.Request) error
}

// table is every route but the page's files.
func (s *Server) table() []route {
	return []route{
		{"/api/v1/status", s.getStatus},
		{"/api/v1/timeline", s.getTimeline},
		{"/api/v1/export.mp4", s.getExport},
		{"/api/v1/openapi.json", s.getOpenAPI},
		{"/healthz", s.getHealth},
		{"/metrics", s.getMetrics},
	}
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	for _, r := range s.table() {
		mux.Handle(r.path, s.get(r.answer))
	}
	mux.Handle("/api/", s.get(func(_ http.ResponseWriter, r *http.Request) error {
		return notFound("there is no %s; /api/v1/openapi.json lists what there is", r.URL.Path)
	}))
	mux.Handle("/", s.get(s.getPage))
	return mux
}

// get lets GET and HEAD through to answer and makes JSON of its error.
func (s *Server) get(answer func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Content-Security-Policy", "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
		h.Set("Cache-Control", "no-store")
		err := error(&failure{http.StatusMethodNotAllowed, "only GET and HEAD are answered"})
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			err = answer(w, r)
		} else {
			h.Set("Allow", "GET, HEAD")
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
