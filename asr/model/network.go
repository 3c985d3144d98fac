package model

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"time"
)

// maxTries is how often in a row something is tried that brings no byte.
const maxTries = 5

// errStalled is about a server that went silent.
var errStalled = errors.New("the server sent nothing for too long")

// permanent is a fault that trying again does not mend.
type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

func (s *Store) request(ctx context.Context, at string) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("address %q: %w", at, err)
	}
	// Compressed on the way, a part could not be asked for by its position.
	r.Header.Set("Accept-Encoding", "identity")
	r.Header.Set("User-Agent", "hindsight")
	return r, nil
}

// stayEncrypted follows a server that sends elsewhere, but not from an
// encrypted connection to an open one.
func stayEncrypted(r *http.Request, via []*http.Request) error {
	if len(via) >= 10 {
		return permanent{errors.New("the server sends from one address to the next without end")}
	}
	if via[0].URL.Scheme == "https" && r.URL.Scheme != "https" {
		return permanent{fmt.Errorf("the server sends to %s, which is not encrypted", r.URL.Host)}
	}
	return nil
}

func statusError(resp *http.Response) error {
	err := fmt.Errorf("the server answers %q", resp.Status)
	if resp.StatusCode/100 == 5 || resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusRequestTimeout {
		return err
	}
	return permanent{err}
}

// tries calls f until it succeeds, its fault is permanent, or it brought
// nothing new several times in a row. f answers how many bytes it brought.
func (s *Store) tries(ctx context.Context, f func() (int64, error)) error {
	pause := s.o.Pause
	for fruitless := 0; ; {
		n, err := f()
		var p permanent
		if err == nil || errors.As(err, &p) || certificate(err) {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if n > 0 {
			fruitless, pause = 0, s.o.Pause
		}
		if fruitless++; fruitless >= maxTries {
			return err
		}
		s.o.Log.Info("network fault; trying again", "reason", err, "pause", pause)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
		pause = min(2*pause, time.Minute)
	}
}

// watch ends a request whose answer stops coming.
type watch struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
	stall  time.Duration
}

func (s *Store) watch(ctx context.Context) *watch {
	w := &watch{stall: s.o.Stall}
	w.ctx, w.cancel = context.WithCancelCause(ctx)
	w.timer = time.AfterFunc(s.o.Stall, func() { w.cancel(errStalled) })
	return w
}

func (w *watch) stop() {
	w.timer.Stop()
	w.cancel(context.Canceled)
}

// cause puts the stall in the place of what it led to.
func (w *watch) cause(err error) error {
	if err != nil && errors.Is(context.Cause(w.ctx), errStalled) {
		return errStalled
	}
	return err
}

func (w *watch) reader(r io.Reader) io.Reader { return watched{w, r} }

type watched struct {
	w *watch
	r io.Reader
}

func (r watched) Read(b []byte) (int, error) {
	n, err := r.r.Read(b)
	if n > 0 {
		r.w.timer.Reset(r.w.stall)
	}
	return n, r.w.cause(err)
}

// certificate says whether the server's could not be believed.
func certificate(err error) bool {
	var invalid *tls.CertificateVerificationError
	return errors.As(err, &invalid)
}

// byHand is how a model comes to a machine that has no network.
const byHand = "a model can also be fetched elsewhere and added with `hindsight model add FILE.zip`"

// advise says what a person can do about a network's fault.
func (s *Store) advise(err error) error {
	var dns *net.DNSError
	var expired x509.CertificateInvalidError
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err // without the address, which the sentence around it has
	}
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &dns):
		return fmt.Errorf("there is no way to %s (%w); is there a network? %s", dns.Name, err, byHand)
	case errors.As(err, &expired) && expired.Reason == x509.Expired:
		return fmt.Errorf("the server's certificate is not valid at %s, this machine's time (%w); set the clock", s.o.Now().UTC().Format(time.DateTime), err)
	case certificate(err):
		return fmt.Errorf("the server cannot show that it is the right one (%w); %s", err, byHand)
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, errStalled),
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), timeout(err):
		return fmt.Errorf("%w; is there a network? %s", err, byHand)
	}
	return err
}

func timeout(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}
