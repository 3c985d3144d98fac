package rtspsource

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/liberrors"
)

// ErrCredentials is what Dial's error is when the server wants a user name and a
// password, or others than those in the address.
var ErrCredentials = errors.New("a user name and password are wanted") //nolint:gochecknoglobals // a constant that Go cannot call one

// wrong makes one sentence for a person of what went wrong. It wraps nothing but
// ErrCredentials: what it comes from may quote the address.
func (t target) wrong(err error) error {
	var status liberrors.ErrClientBadStatusCode
	if errors.As(err, &status) && status.Code == base.StatusUnauthorized {
		if t.url.User == nil {
			return fmt.Errorf("%s: %w", t.show, ErrCredentials)
		}
		return fmt.Errorf("%s: refuses the user name or password: %w", t.show, ErrCredentials)
	}
	return errors.New(t.show + ": " + t.sentence(err, status))
}

func (t target) sentence(err error, status liberrors.ErrClientBadStatusCode) string {
	var dns *net.DNSError
	var wait net.Error
	switch {
	case errors.As(err, &dns):
		return fmt.Sprintf("there is no host %q", t.url.Hostname())
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nobody answers at this port"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "there is no way to this host"
	case status.Code == base.StatusNotFound:
		return "there is no stream at this path"
	case status.Code != 0:
		return fmt.Sprintf("the server answered %d (%s)", status.Code, t.safe(status.Message))
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &wait) && wait.Timeout(), errors.Is(err, errLate):
		return "the server does not answer"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET),
		errors.Is(err, syscall.EPIPE), errors.Is(err, net.ErrClosed):
		return "the server closed the connection"
	}
	return t.safe(err.Error())
}

var errLate = errors.New("no answer in time") //nolint:gochecknoglobals // a constant that Go cannot call one

// safe is text of others on one short line; nothing of it if the password is in it.
func (t target) safe(text string) string {
	if u := t.url.User; u != nil {
		pass, _ := u.Password()
		for _, secret := range []string{pass, u.String()} {
			if secret != "" && strings.Contains(text, secret) {
				return "(not shown, since it has the password in it)"
			}
		}
	}
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	if runes := []rune(text); len(runes) > 200 {
		text = string(runes[:200]) + "…"
	}
	return text
}
