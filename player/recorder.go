package player

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"
)

// patience is how long a recorder may take to say that it is one.
const patience = 5 * time.Second

// Recorder is a recorder that answered.
type Recorder struct {
	base  *url.URL
	proxy *httputil.ReverseProxy
}

// Connect finds the recorder at an address as ParseAddress reads it. Its error
// is one sentence for the person who typed it.
func Connect(ctx context.Context, address string, log *slog.Logger) (*Recorder, error) {
	base, err := ParseAddress(address)
	if err != nil {
		return nil, err
	}
	r := &Recorder{base: base}
	if err := r.check(ctx); err != nil {
		return nil, err
	}
	r.proxy = &httputil.ReverseProxy{
		Rewrite:  func(p *httputil.ProxyRequest) { p.SetURL(base) },
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			refuse(w, http.StatusBadGateway, r.unreachable(err).Error())
		},
	}
	return r, nil
}

// Address is the recorder's, in full.
func (r *Recorder) Address() string { return r.base.String() }

// ServeHTTP hands a request of the page on to the recorder, if it is one that
// the API answers.
func (r *Recorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if !strings.HasPrefix(req.URL.Path, "/api/") && req.URL.Path != "/healthz" && req.URL.Path != "/metrics" {
		refuse(w, http.StatusNotFound, "there is no "+req.URL.Path)
		return
	}
	r.proxy.ServeHTTP(w, req)
}

// Get asks for a path of the API, with its query. An answer but 200 becomes the
// recorder's own sentence.
func (r *Recorder) Get(ctx context.Context, path string) (*http.Response, error) {
	ref, err := url.Parse(path)
	if err != nil || ref.Host != "" || !strings.HasPrefix(ref.Path, "/api/") {
		return nil, fmt.Errorf("%q is no path of the recorder's", path)
	}
	u := r.base.JoinPath(ref.Path)
	u.RawQuery = ref.RawQuery
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, r.unreachable(err)
	}
	if res.StatusCode == http.StatusOK {
		return res, nil
	}
	defer res.Body.Close()
	var said struct{ Error string }
	if json.NewDecoder(io.LimitReader(res.Body, 64<<10)).Decode(&said) == nil && said.Error != "" {
		return nil, errors.New(said.Error)
	}
	return nil, fmt.Errorf("the recorder answered %s", res.Status)
}

// check asks for the status, which only a recorder answers.
func (r *Recorder) check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	res, err := r.Get(ctx, "/api/v1/status")
	if err != nil {
		return err
	}
	defer res.Body.Close()
	var status struct {
		Version string
		Cameras []json.RawMessage
	}
	if json.NewDecoder(io.LimitReader(res.Body, 8<<20)).Decode(&status) != nil || status.Version == "" || status.Cameras == nil {
		return fmt.Errorf("what answers at %s is no Hindsight recorder", r.base)
	}
	return nil
}

func (r *Recorder) unreachable(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("nobody answers at %s", r.base)
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return fmt.Errorf("nobody answers at %s: %w", r.base, err)
}

func refuse(w http.ResponseWriter, status int, text string) {
	b, err := json.Marshal(map[string]string{"error": text})
	if err != nil {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(b) //nolint:errcheck // the window has gone
}
