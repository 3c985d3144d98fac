// Package announce tells the local network by multicast DNS (RFC 6762, RFC 6763)
// that a recorder is here, so that nobody has to type its address.
package announce

import (
	"cmp"
	"context"
	"io"
	"log"
	"log/slog"
	"maps"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/mdns"
	"github.com/miekg/dns"
)

// Service is what a recorder is found by.
const Service = "_hindsight._tcp"

// lookEvery is how often new network interfaces are looked for: a Raspberry Pi
// often starts to record before its network is there.
const lookEvery = 15 * time.Second

// Options say what is announced. Name and Log are needed; without a port nothing is.
type Options struct {
	Name     func() string // shown to people, asked at each answer; empty: there is none
	Version  string
	HTTPPort int // 0: there is no page; the RTSP port is announced as the service's then
	RTSPPort int // 0: there is no RTSP
	Log      *slog.Logger

	// Interfaces are those to answer on; nil: all that are up and can multicast.
	Interfaces func() ([]net.Interface, error)
}

// Run answers those who look for recorders until ctx ends. What goes wrong with one
// network interface is logged and tried again; recording never depends on it.
func Run(ctx context.Context, o Options) {
	if o.HTTPPort == 0 && o.RTSPPort == 0 {
		return
	}
	if o.Interfaces == nil {
		o.Interfaces = usable
	}
	host := "hindsight"
	if name, err := os.Hostname(); err == nil {
		host, _, _ = strings.Cut(name, ".")
	}
	a := &announcer{o: o, host: host, running: map[string]*mdns.Server{}, failed: map[string]bool{}}
	defer a.close()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		a.look()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

type announcer struct {
	o       Options
	host    string
	running map[string]*mdns.Server // by interface
	failed  map[string]bool         // said once
}

// look begins to answer on interfaces that came and ends where they went.
func (a *announcer) look() {
	all, err := a.o.Interfaces()
	if err != nil {
		a.o.Log.Warn("recorder is not announced", "error", err)
		return
	}
	here := map[string]bool{}
	for _, i := range all {
		here[i.Name] = true
		if a.running[i.Name] != nil {
			continue
		}
		s, err := mdns.NewServer(&mdns.Config{Zone: &zone{a, i.Name}, Iface: &i, Logger: log.New(io.Discard, "", 0)})
		if err != nil {
			if !a.failed[i.Name] {
				a.o.Log.Warn("recorder is not announced on an interface", "interface", i.Name, "error", err)
			}
			a.failed[i.Name] = true
			continue
		}
		delete(a.failed, i.Name)
		a.running[i.Name] = s
	}
	for name, s := range a.running {
		if !here[name] {
			s.Shutdown() //nolint:errcheck // it has no error to give
			delete(a.running, name)
		}
	}
}

func (a *announcer) close() {
	for s := range maps.Values(a.running) {
		s.Shutdown() //nolint:errcheck // it has no error to give
	}
}

// zone answers with the addresses that an interface has when it is asked.
type zone struct {
	*announcer
	iface string
}

// Records implements mdns.Zone.
func (z *zone) Records(q dns.Question) []dns.RR {
	name, ips := z.o.Name(), addresses(z.iface)
	if name == "" || len(ips) == 0 {
		return nil
	}
	port := cmp.Or(z.o.HTTPPort, z.o.RTSPPort)
	txt := []string{"name=" + name, "version=" + z.o.Version, "http=" + strconv.Itoa(z.o.HTTPPort), "rtsp=" + strconv.Itoa(z.o.RTSPPort)}
	s, err := mdns.NewMDNSService(instance(name), Service, "local.", z.host+".local.", port, ips, txt)
	if err != nil {
		return nil
	}
	return s.Records(q)
}

// instance is a name as one label of DNS: at most 63 bytes, without what would
// end or escape it.
func instance(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == '.' || r == '\\' || r == 0x7f {
			return '-'
		}
		return r
	}, strings.ToValidUTF8(name, "-"))
	for len(name) > 63 {
		runes := []rune(name)
		name = string(runes[:len(runes)-1])
	}
	return cmp.Or(name, "hindsight")
}

func usable() ([]net.Interface, error) {
	all, err := net.Interfaces()
	var out []net.Interface
	for _, i := range all {
		if i.Flags&net.FlagUp != 0 && i.Flags&net.FlagMulticast != 0 && i.Flags&net.FlagLoopback == 0 {
			out = append(out, i)
		}
	}
	return out, err
}

func addresses(iface string) (out []net.IP) {
	i, err := net.InterfaceByName(iface)
	if err != nil {
		return nil
	}
	all, err := i.Addrs()
	if err != nil {
		return nil
	}
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok {
			out = append(out, n.IP)
		}
	}
	return out
}
