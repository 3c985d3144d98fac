package appliance

import (
	"context"
	"net"

	"hindsight/appliance/announce"
)

// announce tells the local network that the recorder is here, where it can be reached from there.
func (a *Appliance) announce(ctx context.Context) {
	if a.conf.Announce == "none" {
		return
	}
	o := announce.Options{Version: a.version, Log: a.log}
	if a.conf.Announce != "auto" {
		o.Name = a.conf.Announce
	}
	if a.httpListen != nil {
		o.HTTPPort = publicPort(a.httpListen.Addr())
	}
	if a.rtsp != nil {
		o.RTSPPort = publicPort(a.rtsp.Addr())
	}
	announce.Run(ctx, o)
}

// publicPort is the port of an address that others can reach; 0: they cannot.
func publicPort(addr net.Addr) int {
	t, ok := addr.(*net.TCPAddr)
	if !ok || t.IP.IsLoopback() {
		return 0
	}
	return t.Port
}
