package web

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"slices"
	"sync"
)

// exportsKept is how many exports are remembered that are over.
const exportsKept = 20

// ExportJob is an export that its client has named, so that it can be watched and cancelled.
type ExportJob struct {
	Job       string `json:"job"` // the client's name for it
	Camera    string `json:"camera"`
	From      Moment `json:"from"`
	To        Moment `json:"to"`
	SizeBytes int64  `json:"size_bytes"`
	DoneBytes int64  `json:"done_bytes"` // handed to the client
	State     string `json:"state"`      // running, done, cancelled, or failed: the client went away, or the recording changed
}

// ExportList is what /api/v1/exports answers.
type ExportList struct {
	Exports []ExportJob `json:"exports"` // in the order of their beginning: those that run, and the last that are over
}

// running is an ExportJob, and what ends it.
type running struct {
	ExportJob
	cancel context.CancelFunc
}

// exportJobs are the exports that have a name.
type exportJobs struct {
	mu   sync.Mutex
	list []*running
}

var looksLikeJob = regexp.MustCompile(`^[A-Za-z0-9-]{8,64}$`)

// jobName is the name that a client gives its export; empty: none.
func jobName(r *http.Request) (string, error) {
	name := r.URL.Query().Get("job")
	if name != "" && !looksLikeJob.MatchString(name) {
		return "", badRequest("parameter job: want 8 to 64 letters, digits and hyphens that nobody else would choose")
	}
	return name, nil
}

// watched lets an export be watched and cancelled under a name, if it has one. The first
// end says how it ended.
func (s *Server) watched(ctx context.Context, name string, c Camera, m *Movie) (_ context.Context, end func(error), err error) {
	if name == "" {
		return ctx, func(error) {}, nil
	}
	ctx, cancel := context.WithCancel(ctx)
	j, err := s.jobs.begin(ExportJob{Job: name, Camera: c.Name, From: moment(c.Timeline, m.From), To: moment(c.Timeline, m.To), SizeBytes: m.Size}, cancel)
	if err != nil {
		cancel()
		return nil, nil, err
	}
	write := m.Write
	m.Write = func(ctx context.Context, w io.Writer) error { return write(ctx, &counted{w, &s.jobs, j}) }
	return ctx, func(err error) { s.jobs.end(j, err) }, nil
}

// begin remembers an export. Two of one name do not run at once.
func (e *exportJobs) begin(j ExportJob, cancel context.CancelFunc) (*running, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if i := e.find(j.Job); i >= 0 {
		if e.list[i].State == "running" {
			return nil, &failure{http.StatusConflict, "parameter job: an export of that name is running"}
		}
		e.list = slices.Delete(e.list, i, i+1)
	}
	over := 0
	for i := len(e.list) - 1; i >= 0; i-- {
		if e.list[i].State == "running" {
			continue
		}
		if over++; over >= exportsKept {
			e.list = slices.Delete(e.list, i, i+1)
		}
	}
	j.State = "running"
	r := &running{j, cancel}
	e.list = append(e.list, r)
	return r, nil
}

// find is the index of a name, or -1. mu is held.
func (e *exportJobs) find(name string) int {
	return slices.IndexFunc(e.list, func(r *running) bool { return r.Job == name })
}

// end says how an export ended, unless it was cancelled.
func (e *exportJobs) end(r *running, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case r.State != "running":
	case err != nil || r.DoneBytes < r.SizeBytes:
		r.State = "failed"
	default:
		r.State = "done"
	}
	r.cancel()
}

// get is a job by its name.
func (e *exportJobs) get(name string) (ExportJob, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if i := e.find(name); i >= 0 {
		return e.list[i].ExportJob, true
	}
	return ExportJob{}, false
}

// stop cancels a job that runs.
func (e *exportJobs) stop(name string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	i := e.find(name)
	if i < 0 {
		return false
	}
	if r := e.list[i]; r.State == "running" {
		r.State = "cancelled"
		r.cancel()
	}
	return true
}

// counted adds what is written to an export's count.
type counted struct {
	io.Writer
	jobs *exportJobs
	of   *running
}

// Write is io.Writer's.
func (c *counted) Write(b []byte) (int, error) {
	n, err := c.Writer.Write(b)
	c.jobs.mu.Lock()
	c.of.DoneBytes += int64(n)
	c.jobs.mu.Unlock()
	return n, err
}

func (s *Server) getExports(w http.ResponseWriter, _ *http.Request) error {
	out := ExportList{Exports: []ExportJob{}}
	s.jobs.mu.Lock()
	for _, r := range s.jobs.list {
		out.Exports = append(out.Exports, r.ExportJob)
	}
	s.jobs.mu.Unlock()
	return reply(w, http.StatusOK, out)
}

func (s *Server) getExportJob(w http.ResponseWriter, r *http.Request) error {
	j, ok := s.jobs.get(r.PathValue("job"))
	if !ok {
		return notFound("there is no export %q (any more)", r.PathValue("job"))
	}
	return reply(w, http.StatusOK, j)
}

func (s *Server) deleteExportJob(w http.ResponseWriter, r *http.Request) error {
	if err := ours(r); err != nil {
		return err
	}
	if !s.jobs.stop(r.PathValue("job")) {
		return notFound("there is no export %q (any more)", r.PathValue("job"))
	}
	return s.getExportJob(w, r)
}
