package appliance

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
)

// socketName is the Unix socket in the data directory by which commands reach
// the server that records there. It speaks the HTTP API.
const socketName = "hindsight.sock"

// viaDescriptor calls f with a path to name in dir that is short: sockaddr_un
// holds 107 characters (unix(7)), and a data directory may have a longer path.
func viaDescriptor(dir string, f func(path string) error) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return f(fmt.Sprintf("/proc/self/fd/%d/%s", d.Fd(), socketName))
}

// listenSocket makes the socket; one that a dead process left is replaced,
// which is safe because the data directory is locked.
func listenSocket(dir string) (l net.Listener, err error) {
	path := filepath.Join(dir, socketName)
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return nil, fmt.Errorf("socket of the commands: %w", err)
	}
	err = viaDescriptor(dir, func(short string) error {
		ul, err := net.ListenUnix("unix", &net.UnixAddr{Name: short, Net: "unix"})
		if err == nil {
			ul.SetUnlinkOnClose(false) // by then the short path is another
			l = removing{ul, path}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("socket of the commands: %s: %w", path, err)
	}
	return l, nil
}

// removing removes the socket's file when it closes.
type removing struct {
	net.Listener
	path string
}

// Close is net.Listener's.
func (r removing) Close() error {
	err := r.Listener.Close()
	if err == nil {
		os.Remove(r.path) //nolint:errcheck // the next start removes it
	}
	return err
}

// DialServer connects to the server that records to the data directory dir. It
// fails when none does.
func DialServer(ctx context.Context, dir string) (conn net.Conn, err error) {
	err = viaDescriptor(dir, func(short string) error {
		var d net.Dialer
		conn, err = d.DialContext(ctx, "unix", short)
		return err
	})
	return conn, err
}
