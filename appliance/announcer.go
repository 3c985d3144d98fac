package appliance

import (
	"context"
	"net"

	"hindsight/appliance/announce"
)

// announce tells the local network that the recorder is here, where it can be reached from there.
func (a *Appliance) announce(ctx context.Context) {
	o := announce.Options{Name: a.announced, Version: a.version, Log: a.log}
	if a.httpListen != nil {
		o.HTTPPort = publicPort(a.httpListen.Addr())
	}
	if a.rtsp != nil {
		o.RTSPPort = publicPort(a.rtsp.Addr())
	}
	announce.Run(ctx, o)
}

// announced is the name under which the recorder is found now; empty: it is not to be.
func (a *Appliance) announced() string {
	switch as := a.config.Load().Announce; as {
	case "none":
		return ""
	case "auto":
		return a.name()
	default:
		return as
	}
}

// publicPort is the port of an address that others can reach; 0: they cannot.
func publicPort(addr net.Addr) int {
	t, ok := addr.(*net.TCPAddr)
	if !ok || t.IP.IsLoopback() {
		return 0
	}
	return t.Port
}
