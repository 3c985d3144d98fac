package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// failure is an error with the status that it is answered with.
type failure struct {
	status int
	text   string
}

func (f *failure) Error() string { return f.text }

func badRequest(format string, args ...any) error {
	return &failure{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

func notFound(format string, args ...any) error {
	return &failure{http.StatusNotFound, fmt.Sprintf(format, args...)}
}

// errGone says that the client went away while it was answered: there is nobody to tell.
var errGone = errors.New("web: the client went away")

func gone(err error) error {
	if err != nil {
		return fmt.Errorf("%w: %w", errGone, err)
	}
	return nil
}

// fail answers with an error.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	var f *failure
	var empty interface {
		Near() (before, after time.Time)
	}
	switch {
	case errors.Is(err, errGone) || r.Context().Err() != nil || errors.Is(err, context.Canceled):
		s.o.Log.Debug("client went away", "path", r.URL.Path, "error", err)
		return
	case errors.As(err, &f):
	case errors.As(err, &empty):
		f = &failure{http.StatusNotFound, err.Error()}
	default:
		s.o.Log.Error("request failed", "path", r.URL.Path, "error", err)
		f = &failure{http.StatusInternalServerError, err.Error()}
	}
	if err := reply(w, f.status, map[string]string{"error": f.text}); err != nil {
		s.o.Log.Debug("client went away", "path", r.URL.Path, "error", err)
	}
}
