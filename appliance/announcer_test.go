package appliance

import (
	"net"
	"testing"
)

// TestPublicPort: what listens on this machine alone is not told to others.
func TestPublicPort(t *testing.T) {
	for _, c := range []struct {
		addr net.Addr
		want int
	}{
		{&net.TCPAddr{IP: net.IPv6unspecified, Port: 8080}, 8080},
		{&net.TCPAddr{IP: net.IPv4(192, 168, 1, 5), Port: 8554}, 8554},
		{&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080}, 0},
		{&net.TCPAddr{IP: net.IPv6loopback, Port: 8080}, 0},
		{&net.UnixAddr{Name: "x"}, 0},
	} {
		if got := publicPort(c.addr); got != c.want {
			t.Errorf("%v: %d, want %d", c.addr, got, c.want)
		}
	}
}
