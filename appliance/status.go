package appliance

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"slices"
	"time"

	"hindsight/appliance/rtsp"
	"hindsight/appliance/web"
	"hindsight/store"
)

// silentAfter is how long a source may give nothing of a kind before its camera
// counts as not recording. Between two pictures of the slowest camera (one a
// second) and a frozen one (3 s) lies enough.
const silentAfter = 10 * time.Second

// status is the appliance's part of the status.
func (a *Appliance) status() web.Status {
	_, trusted := a.clock.Wall()
	st := web.Status{Version: a.version, Name: a.name(), Zone: zoneName(a.zone(), time.Now()), ClockTrusted: trusted,
		UptimeSeconds: (a.clock.Boot() - a.started).Seconds(), Disk: web.Disk{Path: a.conf.Data}}
	if d, err := diskOf(a.conf.Data); err == nil {
		st.Disk.FreeBytes, st.Disk.TotalBytes, st.Disk.ReserveBytes = d.free, d.total, a.config.Load().reserve(d)
		st.Disk.Problem, st.Disk.PinnedBytes = a.retention().problem(d, a.config.Load().reserve(d))
	}
	st.DaysThatFit = a.daysThatFit()
	st.Players = a.players()
	for _, c := range a.all() {
		cs := c.status()
		cs.Captions = a.captions.status(c.name)
		for _, host := range a.hosts(a.rtspPort()) {
			cs.Addresses = append(cs.Addresses, "rtsp://"+host+"/"+c.name)
		}
		st.Cameras = append(st.Cameras, cs)
	}
	for _, s := range a.config.Load().Settings() {
		st.Settings = append(st.Settings, web.Setting(s))
	}
	return st
}

// players is how those fare who watch over RTSP.
func (a *Appliance) players() web.Players {
	if a.rtsp == nil {
		return web.Players{}
	}
	x := a.rtsp.Stats()
	out := web.Players{Connections: x.Connections, Sessions: x.Sessions, History: x.History, SentBytes: x.BytesSent,
		ReceivedBytes: x.BytesReceived, Refused: x.Refused, Skips: x.Skips, Unfit: x.Unfit, Seeks: x.Seeks, Slowed: x.Slowed, SeekSeconds: x.SeekSeconds.Sum}
	for _, reason := range slices.Sorted(maps.Keys(x.Drops)) {
		out.Drops = append(out.Drops, web.Ended{Reason: reason, Count: x.Drops[reason]})
	}
	bounds, sum := append(rtsp.SeekBounds(), 0), int64(0)
	for i, n := range x.SeekSeconds.Counts {
		sum += n
		out.SeekTimes = append(out.SeekTimes, web.SeekTime{Seconds: bounds[i], Count: sum})
	}
	return out
}

// daysThatFit estimates how long the recording can be before the oldest goes.
func (a *Appliance) daysThatFit() float64 {
	d, err := diskOf(a.conf.Data)
	if err != nil {
		return 0
	}
	var kept int64
	var rate float64
	add := func(runs []store.RunInfo) {
		for _, run := range runs {
			kept += run.FileBytes
		}
	}
	for _, c := range a.all() {
		runs := c.store.Runs()
		add(runs)
		rate += rateOf(runs, c.config())
	}
	for _, f := range a.former {
		add(f.store.Runs())
	}
	return daysThatFit(d.free, a.config.Load().reserve(d), kept, rate)
}

// status is one camera's part.
func (c *camera) status() web.CameraStatus {
	st := web.CameraStatus{Name: c.name, State: web.Recording}
	units := c.list()
	idle := !slices.ContainsFunc(units, func(u *unit) bool { return !u.missing() })
	for _, u := range units {
		s := u.super.get()
		st.Sources = append(st.Sources, web.Source{Kinds: u.super.kinds, Name: redact(s.Source), Error: s.Error, Starts: int64(s.Runs)})
		if why := c.trouble(u, s, idle); why != "" {
			st.State, st.Problem = web.Waiting, why
		}
		if ms, ok := u.soundOffset(); ok {
			st.SoundOffsetMS = &ms
		}
	}
	if st.Problem == "" {
		st.Problem = c.shortcoming()
	}
	if m, ok := c.tl.Stopped(); ok {
		st.State, st.Problem = web.Stopped, "recording is stopped"
		if m.Text != "" {
			st.Problem += ": " + m.Text
		}
	}
	for _, d := range c.drops.list() {
		st.Drops = append(st.Drops, web.Drop(d))
	}
	return st
}

// trouble says why a unit that should record does not; empty when it does. One
// that auto has never found is nobody's trouble, unless nothing else records: idle.
func (c *camera) trouble(u *unit, s sourceState, idle bool) string {
	switch {
	case u.missing() && !idle:
		return ""
	case s.Error != "":
		return s.Error
	}
	now := c.tl.Media(c.clock.Boot())
	newest := time.Duration(0)
	for _, k := range u.super.kinds {
		newest = max(newest, c.ends.get(k))
	}
	if silent := now - newest; silent > silentAfter {
		return fmt.Sprintf("nothing has come from %s for %d s", s.Source, int(silent.Seconds()))
	}
	return ""
}

// soundOffset is by how many milliseconds sound comes late against the picture.
func (u *unit) soundOffset() (float64, bool) {
	u.mu.Lock()
	r := u.rec
	u.mu.Unlock()
	if r == nil {
		return 0, false
	}
	d := r.drift.Load()
	if d == nil {
		return 0, false
	}
	return -d.Offset.Seconds() * 1000, true
}

// shortcoming says what a person should know of a camera that records; empty
// when it records all that it should.
func (c *camera) shortcoming() string {
	c.mu.Lock()
	demo, reduced := c.demo, c.reduced
	c.mu.Unlock()
	if demo {
		return "no camera and no microphone found: the demo source is recorded"
	}
	return cmp.Or(c.drops.lasting(), reduced)
}

// Welcome is what a person needs to know when the recorder starts: where to
// look, what is recorded and how much of it fits.
func (a *Appliance) Welcome() []string {
	var lines []string
	if a.httpListen != nil {
		for _, h := range a.hosts(portOf(a.httpListen.Addr())) {
			lines = append(lines, "page  http://"+h+"/")
		}
	}
	if a.rtsp != nil {
		for _, c := range a.all() {
			for _, h := range a.hosts(a.rtspPort()) {
				lines = append(lines, "live  rtsp://"+h+"/"+c.name)
			}
		}
	}
	d, err := diskOf(a.conf.Data)
	if err != nil {
		return append(lines, "data  "+a.conf.Data)
	}
	return append(lines, fmt.Sprintf("data  %s: about %.1f days fit, then the oldest goes (%.1f GiB free, of which %.1f GiB stay free)",
		a.conf.Data, a.daysThatFit(), gib(d.free), gib(a.config.Load().reserve(d))))
}

func gib(n int64) float64 { return float64(n) / (1 << 30) }

func (a *Appliance) rtspPort() string {
	if a.rtsp == nil {
		return ""
	}
	return portOf(a.rtsp.Addr())
}

func portOf(addr net.Addr) string {
	if t, ok := addr.(*net.TCPAddr); ok && !t.IP.IsUnspecified() {
		return t.String()
	}
	_, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return ""
	}
	return ":" + port
}

// hosts are the addresses at which a listener is reached: its own, or for one on every
// address of the machine, loopback and the machine's.
func (a *Appliance) hosts(listen string) []string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil || port == "" {
		return nil
	}
	if host != "" {
		return []string{listen}
	}
	out := []string{"127.0.0.1:" + port}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return out
	}
	for _, x := range addrs {
		if n, ok := x.(*net.IPNet); ok && !n.IP.IsLoopback() && !n.IP.IsLinkLocalUnicast() && n.IP.To4() != nil {
			out = append(out, net.JoinHostPort(n.IP.String(), port))
		}
	}
	return out
}
