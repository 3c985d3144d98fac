package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"hindsight/appliance/timeline"
)

// bodyMost is the most that a request's body may have.
const bodyMost = 64 << 10

// Job is how a range is being captioned.
type Job struct {
	ID       string  `json:"id"`
	Camera   string  `json:"camera"`
	Language string  `json:"language"`
	Model    string  `json:"model"`
	From     Moment  `json:"from"`
	To       Moment  `json:"to"`
	Replace  bool    `json:"replace"`
	State    string  `json:"state"`    // waiting, running, done, failed or cancelled
	Progress float64 `json:"progress"` // 0 to 1, of the sound
	Captions int     `json:"captions"` // kept so far
	Error    string  `json:"error"`    // one sentence, if it failed
}

// JobList is what /api/v1/captions/jobs answers.
type JobList struct {
	Jobs []Job `json:"jobs"` // in the order they were asked for
}

// ours refuses what a browser sends for another site's page.
func ours(r *http.Request) error {
	if site := r.Header.Get("Sec-Fetch-Site"); site == "cross-site" || site == "same-site" {
		return &failure{http.StatusForbidden, "another site's page may not change anything here"}
	}
	return nil
}

// body decodes a request's JSON. It refuses what another site's page could
// send without asking: a form, or text.
func body(w http.ResponseWriter, r *http.Request, v any) error {
	if ct, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || ct != "application/json" {
		return &failure{http.StatusUnsupportedMediaType, "want a body of Content-Type: application/json"}
	}
	if err := ours(r); err != nil {
		return err
	}
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, bodyMost))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if err == nil && d.Decode(&struct{}{}) != io.EOF {
		err = errors.New("there is more behind it")
	}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return &failure{http.StatusRequestEntityTooLarge, fmt.Sprintf("the body has more than %d bytes", bodyMost)}
	case errors.Is(err, io.EOF):
		return badRequest("the body is empty; want a JSON object")
	case err != nil:
		return badRequest("the body is not the JSON that is wanted: %v", err)
	}
	return nil
}

// patchCaption changes what a caption shows.
func (s *Server) patchCaption(w http.ResponseWriter, r *http.Request) error {
	c, err := s.camera(r)
	if err != nil {
		return err
	}
	id, err := strconv.ParseUint(r.PathValue("id"), 10, 64)
	if err != nil {
		return notFound("there is no caption %q", r.PathValue("id"))
	}
	var in struct {
		Text   *string `json:"text"`
		Editor string  `json:"editor"`
	}
	if err := body(w, r, &in); err != nil {
		return err
	}
	if in.Text == nil || strings.TrimSpace(*in.Text) == "" {
		return badRequest("text: want what the caption is to show")
	}
	if in.Editor == "" {
		in.Editor = "a person"
	}
	if len(*in.Text) > 4096 || len(in.Editor) > 255 {
		return badRequest("text may have 4096 bytes and editor 255; they have %d and %d", len(*in.Text), len(in.Editor))
	}
	edited, err := c.Timeline.EditCaption(id, strings.TrimSpace(*in.Text), in.Editor)
	switch {
	case errors.Is(err, timeline.ErrNoCaption):
		return notFound("there is no caption %d (any more)", id)
	case errors.Is(err, timeline.ErrReadOnly):
		return readOnly()
	case err != nil:
		return err
	}
	return reply(w, http.StatusOK, captionOf(c.Timeline, edited))
}

func readOnly() error {
	return &failure{http.StatusConflict, "no recorder runs on this recording: it is only read; start `hindsight serve` on it"}
}

// recognition is what can be asked for, if a recorder runs.
func (s *Server) recognition() (Recognition, error) {
	if s.o.Recognition == nil {
		return nil, readOnly()
	}
	return s.o.Recognition, nil
}

// recognised is that, and the camera that the query names.
func (s *Server) recognised(r *http.Request) (Recognition, Camera, error) {
	rec, err := s.recognition()
	if err != nil {
		return nil, Camera{}, err
	}
	c, err := s.camera(r)
	return rec, c, err
}

func (s *Server) postMake(w http.ResponseWriter, r *http.Request) error {
	rec, c, err := s.recognised(r)
	if err != nil {
		return err
	}
	var in struct {
		From     string `json:"from"`
		To       string `json:"to"`
		Language string `json:"language"`
		Model    string `json:"model"`
		Replace  bool   `json:"replace"`
	}
	if err := body(w, r, &in); err != nil {
		return err
	}
	if in.From == "" || in.To == "" {
		return badRequest("from and to are needed, as in {\"from\": \"10:15\", \"to\": \"10:30\"}")
	}
	from, to, err := s.span(url.Values{"from": {in.From}, "to": {in.To}}, c.Timeline)
	if err != nil {
		return err
	}
	if from.after || !from.pos.Before(to.pos) {
		return notFound("nothing is recorded in that range")
	}
	j, err := rec.Make(c.Name, MakeRequest{From: from.pos, To: to.pos, Language: in.Language, Model: in.Model, Replace: in.Replace})
	if err != nil {
		return asked409(err)
	}
	return reply(w, http.StatusAccepted, s.job(j))
}

// asked409 is the answer to what cannot be done as it was asked for.
func asked409(err error) error {
	var fixed *Fixed
	var invalid *Invalid
	switch {
	case errors.As(err, &fixed):
		return &failure{http.StatusConflict, err.Error()}
	case errors.As(err, &invalid):
		return badRequest("%v", err)
	case errors.Is(err, ErrNoJob):
		return notFound("%v", err)
	}
	return err
}

// job is a job as it is answered.
func (s *Server) job(j RecognitionJob) Job {
	out := Job{ID: j.ID, Camera: j.Camera, Language: j.Language, Model: j.Model, Replace: j.Replace, State: j.State,
		Progress: j.Progress, Captions: j.Captions, Error: j.Error}
	if c, ok := s.named(j.Camera); ok {
		out.From, out.To = moment(c.Timeline, j.From), moment(c.Timeline, j.To)
	}
	return out
}

func (s *Server) getJobs(w http.ResponseWriter, _ *http.Request) error {
	rec, err := s.recognition()
	if err != nil {
		return err
	}
	out := JobList{Jobs: []Job{}}
	for _, j := range rec.Jobs() {
		out.Jobs = append(out.Jobs, s.job(j))
	}
	return reply(w, http.StatusOK, out)
}

func (s *Server) getJob(w http.ResponseWriter, r *http.Request) error {
	rec, err := s.recognition()
	if err != nil {
		return err
	}
	for _, j := range rec.Jobs() {
		if j.ID == r.PathValue("id") {
			return reply(w, http.StatusOK, s.job(j))
		}
	}
	return notFound("there is no job %q (any more)", r.PathValue("id"))
}

func (s *Server) deleteJob(w http.ResponseWriter, r *http.Request) error {
	rec, err := s.recognition()
	if err != nil {
		return err
	}
	if err := ours(r); err != nil {
		return err
	}
	if err := rec.CancelJob(r.PathValue("id")); err != nil {
		return asked409(err)
	}
	return s.getJob(w, r)
}

func (s *Server) getCaptionSettings(w http.ResponseWriter, r *http.Request) error {
	rec, c, err := s.recognised(r)
	if err != nil {
		return err
	}
	out, err := rec.CaptionSettings(c.Name)
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, out.filled())
}

// filled has a list for every list.
func (c CaptionSettings) filled() CaptionSettings {
	c.Languages, c.Phrases, c.Models, c.Known = notNil(c.Languages), notNil(c.Phrases), notNil(c.Models), notNil(c.Known)
	return c
}

func (s *Server) patchCaptionSettings(w http.ResponseWriter, r *http.Request) error {
	rec, c, err := s.recognised(r)
	if err != nil {
		return err
	}
	var in struct {
		Captions  *string   `json:"captions"`
		Languages *[]string `json:"languages"`
		Channel   *string   `json:"channel"`
		Phrases   *[]string `json:"phrases"`
		Load      *string   `json:"load"`
		Order     *string   `json:"order"`
		Endpoint  *string   `json:"endpoint"`
		MaxC      *int      `json:"max_celsius"`
	}
	if err := body(w, r, &in); err != nil {
		return err
	}
	changes := map[string]string{}
	for key, v := range map[string]*string{"captions": in.Captions, "channel": in.Channel, "captions.load": in.Load, "captions.order": in.Order, "captions.endpoint": in.Endpoint} {
		if v != nil {
			changes[key] = *v
		}
	}
	for key, v := range map[string]*[]string{"languages": in.Languages, "phrases": in.Phrases} {
		if v != nil {
			for _, x := range *v {
				if strings.Contains(x, ",") {
					return badRequest("%s: %q: no comma is taken inside of an entry", key, x)
				}
			}
			changes[key] = strings.Join(*v, ", ")
		}
	}
	if v, ok := changes["languages"]; ok && v == "" {
		changes["languages"] = "auto"
	}
	if in.MaxC != nil {
		changes["captions.max_celsius"] = strconv.Itoa(*in.MaxC)
	}
	if len(changes) == 0 {
		return badRequest("nothing is to be changed; name what is, as in {\"captions\": \"off\"}")
	}
	out, err := rec.ChangeCaptionSettings(c.Name, changes)
	if err != nil {
		return asked409(err)
	}
	return reply(w, http.StatusOK, out.filled())
}
