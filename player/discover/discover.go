// Package discover finds recorders in the local network, by multicast DNS.
package discover

import (
	"context"
	"io"
	"log"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/mdns"
)

// service is what recorders announce (package announce of the recorder).
const service = "_hindsight._tcp"

// most is how many recorders are taken from one look around.
const most = 200

// Found is a recorder that said that it is there.
type Found struct {
	Name    string `json:"name"`    // for people
	Version string `json:"version"` // of the program; empty: it did not say
	Address string `json:"address"` // http://…, or rtsp://… where it has no page
}

// Look asks around for a while and returns who answered, sorted by name. On each
// network interface it asks by itself; interfaces nil means all that are up.
// An error means that it could ask nowhere.
func Look(ctx context.Context, d time.Duration, interfaces []net.Interface) ([]Found, error) {
	if interfaces == nil {
		all, err := net.Interfaces()
		if err != nil {
			return nil, err
		}
		for _, i := range all {
			if i.Flags&net.FlagUp != 0 && i.Flags&net.FlagMulticast != 0 && i.Flags&net.FlagLoopback == 0 {
				interfaces = append(interfaces, i)
			}
		}
	}
	type asking struct {
		on net.Interface
		v4 bool
	}
	var all []asking
	for _, i := range interfaces {
		for _, v4 := range []bool{true, false} {
			if reaches(&i, v4) {
				all = append(all, asking{i, v4})
			}
		}
	}
	entries := make(chan *mdns.ServiceEntry, most)
	errs := make(chan error, len(all))
	for _, q := range all {
		go func() { errs <- ask(ctx, d, &q.on, q.v4, entries) }()
	}
	asked, failed := 0, error(nil)
	for range all {
		if err := <-errs; err != nil {
			failed = err
		} else {
			asked++
		}
	}
	if asked == 0 && failed != nil {
		return nil, failed
	}
	out := []Found{}
	for len(entries) > 0 {
		if f, ok := read(<-entries); ok && !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	slices.SortFunc(out, func(a, b Found) int {
		return strings.Compare(a.Name+"\x00"+a.Address, b.Name+"\x00"+b.Address)
	})
	return out, nil
}

func ask(ctx context.Context, d time.Duration, i *net.Interface, v4 bool, entries chan<- *mdns.ServiceEntry) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	return mdns.QueryContext(ctx, &mdns.QueryParam{Service: service, Domain: "local", Timeout: d, Interface: i, Entries: entries,
		WantUnicastResponse: true, DisableIPv4: !v4, DisableIPv6: v4, Logger: log.New(io.Discard, "", 0)})
}

// reaches reports whether one can ask on an interface: by IPv6 that takes a link-local address.
func reaches(i *net.Interface, v4 bool) bool {
	all, err := i.Addrs()
	return err == nil && slices.ContainsFunc(all, func(a net.Addr) bool {
		n, ok := a.(*net.IPNet)
		return ok && (v4 && n.IP.To4() != nil || !v4 && n.IP.To4() == nil && n.IP.IsLinkLocalUnicast())
	})
}

// read makes an address of an answer, which anybody in the network may have sent.
func read(e *mdns.ServiceEntry) (f Found, ok bool) {
	if !strings.HasSuffix(e.Name, "."+service+".local.") || e.Port < 1 || e.Port > 65535 {
		return f, false
	}
	host := ""
	switch {
	case e.AddrV4 != nil:
		host = e.AddrV4.String()
	case e.AddrV6IPAddr != nil && e.AddrV6IPAddr.Zone == "":
		host = e.AddrV6IPAddr.IP.String()
	default:
		return f, false // a link-local address has no form that a web view understands
	}
	f.Name = strings.TrimSuffix(e.Name, "."+service+".local.")
	scheme := "http"
	for _, field := range e.InfoFields {
		key, value, _ := strings.Cut(field, "=")
		switch value = plain(value); key {
		case "name":
			f.Name = value
		case "version":
			f.Version = value
		case "http":
			if value == "0" {
				scheme = "rtsp"
			}
		}
	}
	if f.Name = plain(f.Name); f.Name == "" {
		return f, false
	}
	f.Address = scheme + "://" + net.JoinHostPort(host, strconv.Itoa(e.Port))
	return f, true
}

// plain is text of strangers as it may stand on a screen: one short line.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	if runes := []rune(s); len(runes) > 64 {
		s = string(runes[:64])
	}
	return strings.TrimSpace(s)
}
