package rtsp

import (
	"net"
	"net/netip"
	"sync"
)

// gate counts what is open at once, in all and from each host.
type gate struct {
	most, mostHost int

	mu    sync.Mutex
	all   int
	hosts map[netip.Prefix]int
}

func newGate(most, mostHost int) *gate {
	return &gate{most: most, mostHost: mostHost, hosts: make(map[netip.Prefix]int)}
}

// enter takes a place for a peer; the empty string says that it got one, else
// the answer names the limit it ran into.
func (g *gate) enter(host netip.Prefix) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.all >= g.most:
		return "too many at once"
	case g.hosts[host] >= g.mostHost:
		return "too many from one address"
	}
	g.all++
	g.hosts[host]++
	return ""
}

func (g *gate) leave(host netip.Prefix) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.all--
	if g.hosts[host]--; g.hosts[host] == 0 {
		delete(g.hosts, host)
	}
}

func (g *gate) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.all
}

// hostOf is the part of an address that stands for one peer: an IPv4 address,
// or the /64 of an IPv6 address, all of which a single machine can use.
func hostOf(a net.Addr) netip.Prefix {
	ap, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.Prefix{}
	}
	ip := ap.Addr().Unmap().WithZone("")
	bits := 64
	if ip.Is4() {
		bits = 32
	}
	p, _ := ip.Prefix(bits) // the number of bits fits
	return p
}
