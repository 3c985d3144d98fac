package pull

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"

	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/liberrors"
)

// explain turns what went wrong into one sentence for the person who runs the
// recorder. The result wraps nothing: what it comes from may quote the address.
func (s *Source) explain(err error) error {
	var said told
	if errors.As(err, &said) {
		return errors.New(string(said))
	}
	return errors.New(s.at.show + ": " + s.sentence(err))
}

// told is an error that is already a sentence, without credentials.
type told string

func (t told) Error() string { return string(t) }

func (s *Source) tell(format string, args ...any) error {
	return told(s.at.show + ": " + fmt.Sprintf(format, args...))
}

func (s *Source) sentence(err error) string {
	var (
		dns    *net.DNSError
		status liberrors.ErrClientBadStatusCode
		sdp    liberrors.ErrClientSDPInvalid
	)
	switch {
	case errors.As(err, &dns):
		return fmt.Sprintf("there is no host %q; check the name, or use the number of the camera", s.at.url.Hostname())
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Sprintf("%s refuses connections; check the port, and that RTSP is switched on in the camera", s.at.host())
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return fmt.Sprintf("no way to %s; check the address and the network", s.at.host())
	case errors.As(err, &status):
		return s.refused(status)
	case errors.As(err, &sdp):
		return "its description of the streams cannot be read: " + s.at.safe(sdp.Error())
	case isTimeout(err):
		return fmt.Sprintf("no answer within %v", s.answerTime())
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, net.ErrClosed):
		return "the camera closed the connection"
	}
	return s.at.safe(err.Error())
}

func (s *Source) refused(status liberrors.ErrClientBadStatusCode) string {
	switch status.Code {
	case base.StatusUnauthorized, base.StatusForbidden:
		if s.at.url.User == nil {
			return "asks for a user name and password; write them in the address, rtsp://USER:PASSWORD@HOST/PATH"
		}
		return "refuses the user name or password in the address"
	case base.StatusNotFound:
		return "has no stream at this path; look it up in the camera's manual"
	case base.StatusUnsupportedTransport:
		return "does not send over the transport asked for; try the other one, tcp or udp"
	}
	return fmt.Sprintf("answered %d (%s)", status.Code, s.at.safe(status.Message))
}

func isTimeout(err error) bool {
	var (
		net1     net.Error
		request  liberrors.ErrClientRequestTimedOut
		tcp      liberrors.ErrClientTCPTimeout
		udp      liberrors.ErrClientUDPTimeout
		deadline = errors.Is(err, os.ErrDeadlineExceeded)
	)
	return deadline || errors.As(err, &request) || errors.As(err, &tcp) || errors.As(err, &udp) ||
		errors.As(err, &net1) && net1.Timeout()
}

// wantsUDP reports whether the camera said that it does not send over TCP.
func wantsUDP(err error) bool {
	var (
		status liberrors.ErrClientBadStatusCode
		asked  liberrors.ErrClientServerRequestedUDP
	)
	return errors.As(err, &asked) || errors.As(err, &status) && status.Code == base.StatusUnsupportedTransport
}
