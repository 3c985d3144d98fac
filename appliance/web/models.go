package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"time"
)

// modelMost is the most bytes that a model's archive may have.
const modelMost = 8 << 30

// Models are the speech models; the appliance keeps them. Errors are one
// sentence for a person.
type Models interface {
	// ModelList lists those that were added.
	ModelList() ([]CaptionModel, error)
	// Published asks its makers' list, over the internet, which there are.
	Published(ctx context.Context) ([]PublishedModel, error)
	// Get begins to download one that its makers publish.
	Get(name string) (ModelJob, error)
	// Add reads an archive whole, then begins to add it; name and language may be empty.
	Add(r io.Reader, name, language string) (ModelJob, error)
	// ModelJobs are those that are not over, and the last that are.
	ModelJobs() []ModelJob
	// CancelModelJob ends a job; ErrNoJob.
	CancelModelJob(id string) error
	// Use makes a model the one in use: name "" takes the use away, camera "" is every one.
	Use(ctx context.Context, camera, language, name string) error
	// Remove removes a model.
	Remove(name string, force bool) error
}

// ModelJob is how adding a model fares.
type ModelJob struct {
	ID         string `json:"id"`
	Name       string `json:"name"`  // of the model; may be empty until it is known
	State      string `json:"state"` // running, done, failed or cancelled
	Step       string `json:"step"`  // list, download, unpack, check or trial
	DoneBytes  int64  `json:"done_bytes"`
	TotalBytes int64  `json:"total_bytes"` // 0: not known
	InUse      string `json:"in_use"`      // language for which it has come into use by being the first; empty: for none
	Error      string `json:"error"`       // one sentence, if it failed
}

// ModelJobList is what /api/v1/models/jobs answers.
type ModelJobList struct {
	Jobs []ModelJob `json:"jobs"` // in the order they were asked for
}

// ModelList is what /api/v1/models answers.
type ModelList struct {
	Models []CaptionModel `json:"models"`
}

// PublishedModel is one that its makers offer.
type PublishedModel struct {
	Name     string `json:"name"`
	Bytes    int64  `json:"bytes"`    // of the archive; 0: the list does not say
	Language string `json:"language"` // BCP 47; may be empty
	English  string `json:"english"`  // the language's name
	Obsolete bool   `json:"obsolete"`
}

// PublishedList is what /api/v1/models/published answers.
type PublishedList struct {
	Models []PublishedModel `json:"models"`
}

func (s *Server) models() (Models, error) {
	if s.o.Models == nil {
		return nil, readOnly()
	}
	return s.o.Models, nil
}

func (s *Server) getModels(w http.ResponseWriter, _ *http.Request) error {
	x, err := s.models()
	if err != nil {
		return err
	}
	list, err := x.ModelList()
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, ModelList{notNil(list)})
}

func (s *Server) getPublished(w http.ResponseWriter, r *http.Request) error {
	x, err := s.models()
	if err != nil {
		return err
	}
	list, err := x.Published(r.Context())
	if err != nil {
		return &failure{http.StatusBadGateway, err.Error()}
	}
	return reply(w, http.StatusOK, PublishedList{notNil(list)})
}

// putModel takes a ZIP archive.
func (s *Server) putModel(w http.ResponseWriter, r *http.Request) error {
	x, err := s.models()
	if err != nil {
		return err
	}
	if ct, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || ct != "application/zip" {
		return &failure{http.StatusUnsupportedMediaType, "want a body of Content-Type: application/zip"}
	}
	if err := ours(r); err != nil {
		return err
	}
	leave, err := take(w, s.looks, "is being sent") // one at a time: each fills the disk for a while
	if err != nil {
		return err
	}
	defer leave()
	in := &patient{r: http.MaxBytesReader(w, r.Body, modelMost), rc: http.NewResponseController(w), patience: s.patience}
	q := r.URL.Query()
	j, err := x.Add(in, q.Get("name"), q.Get("language"))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return &failure{http.StatusRequestEntityTooLarge, fmt.Sprintf("the archive has more than %d bytes", int64(modelMost))}
	case in.failed:
		return gone(err)
	case err != nil:
		return asked409(err)
	}
	return reply(w, http.StatusAccepted, j)
}

// patient gives the client patience for each piece that it sends.
type patient struct {
	r        io.Reader
	rc       *http.ResponseController
	patience time.Duration
	failed   bool
}

// Read is io.Reader's.
func (p *patient) Read(b []byte) (int, error) {
	if err := p.rc.SetReadDeadline(time.Now().Add(p.patience)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	n, err := p.r.Read(b)
	var large *http.MaxBytesError
	p.failed = p.failed || err != nil && !errors.Is(err, io.EOF) && !errors.As(err, &large)
	return n, err
}

func (s *Server) postModelGet(w http.ResponseWriter, r *http.Request) error {
	x, err := s.models()
	if err != nil {
		return err
	}
	var in struct {
		Name string `json:"name"`
	}
	if err := body(w, r, &in); err != nil {
		return err
	}
	j, err := x.Get(in.Name)
	if err != nil {
		return asked409(err)
	}
	return reply(w, http.StatusAccepted, j)
}

func (s *Server) postModelUse(w http.ResponseWriter, r *http.Request) error {
	x, err := s.models()
	if err != nil {
		return err
	}
	var in struct {
		Model    string `json:"model"`
		Language string `json:"language"`
		Camera   string `json:"camera"`
	}
	if err := body(w, r, &in); err != nil {
		return err
	}
	if err := x.Use(r.Context(), in.Camera, in.Language, in.Model); err != nil {
		return asked409(err)
	}
	return s.getModels(w, r)
}

func (s *Server) deleteModel(w http.ResponseWriter, r *http.Request) error {
	x, err := s.models()
	if err != nil {
		return err
	}
	if err := ours(r); err != nil {
		return err
	}
	if err := x.Remove(r.PathValue("name"), r.URL.Query().Get("force") == "true"); err != nil {
		return asked409(err)
	}
	return s.getModels(w, r)
}

func (s *Server) getModelJobs(w http.ResponseWriter, _ *http.Request) error {
	x, err := s.models()
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, ModelJobList{notNil(x.ModelJobs())})
}

func (s *Server) getModelJob(w http.ResponseWriter, r *http.Request) error {
	x, err := s.models()
	if err != nil {
		return err
	}
	for _, j := range x.ModelJobs() {
		if j.ID == r.PathValue("id") {
			return reply(w, http.StatusOK, j)
		}
	}
	return notFound("there is no job %q (any more)", r.PathValue("id"))
}

func (s *Server) deleteModelJob(w http.ResponseWriter, r *http.Request) error {
	x, err := s.models()
	if err != nil {
		return err
	}
	if err := ours(r); err != nil {
		return err
	}
	if err := x.CancelModelJob(r.PathValue("id")); err != nil {
		return asked409(err)
	}
	return s.getModelJob(w, r)
}
