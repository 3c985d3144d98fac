package web

import (
	"io/fs"
	"net/http"
	"path"
	"strings"
)

// getPage serves the files of the page. A directory is never listed.
func (s *Server) getPage(w http.ResponseWriter, r *http.Request) error {
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	if name == "" {
		name = "index.html"
	}
	if s.o.Frontend == nil || !fs.ValidPath(name) {
		return notFound("there is no %s", r.URL.Path)
	}
	info, err := fs.Stat(s.o.Frontend, name)
	if err != nil && name == "index.html" {
		return notFound("the page was not built into this program: run make build; the API is below /api/v1")
	}
	if err != nil || info.IsDir() || strings.HasPrefix(path.Base(name), ".") {
		return notFound("there is no %s", r.URL.Path)
	}
	w.Header().Set("Cache-Control", "no-cache")
	if strings.HasPrefix(name, "assets/") { // their names change with what is in them
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if name == "index.html" { // FileServer would redirect to ./ for ever
		b, err := fs.ReadFile(s.o.Frontend, name)
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, err = w.Write(b)
		return gone(err)
	}
	http.ServeFileFS(w, r, s.o.Frontend, name)
	return nil
}
