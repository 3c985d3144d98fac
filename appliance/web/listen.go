package web

import (
	"errors"
	"fmt"
	"net"
	"syscall"
)

// Listen opens address, as in :8080, for a Server to serve. Its error is one
// line that says what to do.
func Listen(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("http: another program listens on %s; stop it or choose another --http-address", address)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("http: no right to listen on %s; choose a port above 1023", address)
	case err != nil:
		return nil, fmt.Errorf("http: cannot listen on %s: %w", address, err)
	}
	return l, nil
}
