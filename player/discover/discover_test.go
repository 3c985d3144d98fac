package discover

import (
	"context"
	"log/slog"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/hashicorp/mdns"

	"hindsight/appliance/announce"
)

// TestFindsWhatIsAnnounced: a recorder that announces itself on an interface is
// found there, by its name, with its address, and is no longer once it has gone.
func TestFindsWhatIsAnnounced(t *testing.T) {
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		t.Fatalf("needs the interface lo: %v", err)
	}
	only := func() ([]net.Interface, error) { return []net.Interface{*lo}, nil }
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		announce.Run(ctx, announce.Options{Name: func() string { return "Class 3b. window" }, Version: "1.2", HTTPPort: 8123, RTSPPort: 8554,
			Log: slog.New(slog.DiscardHandler), Interfaces: only})
	}()
	want := Found{Name: "Class 3b. window", Version: "1.2", Address: "http://127.0.0.1:8123"}
	for end := time.Now().Add(30 * time.Second); ; {
		found, err := Look(t.Context(), 200*time.Millisecond, []net.Interface{*lo})
		if err != nil {
			t.Fatal(err)
		}
		if slices.Contains(found, want) {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("found %+v, want %+v", found, want)
		}
	}
	stop()
	<-ended
	if found, err := Look(t.Context(), 200*time.Millisecond, []net.Interface{*lo}); err != nil || slices.Contains(found, want) {
		t.Errorf("after it went: %+v, %v", found, err)
	}
}

func TestRead(t *testing.T) {
	v6 := net.ParseIP("fd00::5")
	for _, c := range []struct {
		name string
		e    mdns.ServiceEntry
		want Found
	}{
		{"whole", mdns.ServiceEntry{Name: "pi._hindsight._tcp.local.", AddrV4: net.IPv4(10, 0, 0, 9), Port: 8080,
			InfoFields: []string{"name=Kiosk", "version=0.3", "http=8080", "rtsp=8554"}}, Found{"Kiosk", "0.3", "http://10.0.0.9:8080"}},
		{"no text", mdns.ServiceEntry{Name: "pi._hindsight._tcp.local.", AddrV4: net.IPv4(10, 0, 0, 9), Port: 80}, Found{"pi", "", "http://10.0.0.9:80"}},
		{"no page", mdns.ServiceEntry{Name: "pi._hindsight._tcp.local.", AddrV4: net.IPv4(10, 0, 0, 9), Port: 8554,
			InfoFields: []string{"http=0", "rtsp=8554"}}, Found{"pi", "", "rtsp://10.0.0.9:8554"}},
		{"IPv6", mdns.ServiceEntry{Name: "pi._hindsight._tcp.local.", AddrV6IPAddr: &net.IPAddr{IP: v6}, Port: 8080}, Found{"pi", "", "http://[fd00::5]:8080"}},
		{"a name of many lines", mdns.ServiceEntry{Name: "pi._hindsight._tcp.local.", AddrV4: net.IPv4(10, 0, 0, 9), Port: 80,
			InfoFields: []string{"name=a\nb\u202ec\xff"}}, Found{"abc?", "", "http://10.0.0.9:80"}},
		{"another service", mdns.ServiceEntry{Name: "pi._ipp._tcp.local.", AddrV4: net.IPv4(10, 0, 0, 9), Port: 80}, Found{}},
		{"no address", mdns.ServiceEntry{Name: "pi._hindsight._tcp.local.", Port: 80}, Found{}},
		{"link-local", mdns.ServiceEntry{Name: "pi._hindsight._tcp.local.", Port: 80, AddrV6IPAddr: &net.IPAddr{IP: net.ParseIP("fe80::1"), Zone: "eth0"}}, Found{}},
		{"no port", mdns.ServiceEntry{Name: "pi._hindsight._tcp.local.", AddrV4: net.IPv4(10, 0, 0, 9)}, Found{}},
		{"no name", mdns.ServiceEntry{Name: "pi._hindsight._tcp.local.", AddrV4: net.IPv4(10, 0, 0, 9), Port: 80, InfoFields: []string{"name= "}}, Found{}},
	} {
		if got, ok := read(&c.e); got != c.want && ok || ok != (c.want != Found{}) {
			t.Errorf("%s: %+v, %v; want %+v", c.name, got, ok, c.want)
		}
	}
}
