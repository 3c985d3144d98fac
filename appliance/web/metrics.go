package web

import (
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"hindsight/media"
)

// registry holds the recorder's figures, made from the status at each scrape,
// and those of Go and of the process.
func (s *Server) registry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), &collector{status: s.status})
	return r
}

type collector struct{ status func() Status }

// Describe is prometheus.Collector's. Nothing is described beforehand: which
// cameras and tracks there are changes.
func (c *collector) Describe(chan<- *prometheus.Desc) {}

// Collect is prometheus.Collector's.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	st := c.status()
	m := emitter{ch}
	m.gauge("hindsight_info", "1, with the version as a label.", 1, "version", st.Version)
	m.gauge("hindsight_uptime_seconds", "Since the program started.", st.UptimeSeconds)
	m.gauge("hindsight_clock_trusted", "1 when the wall clock is synchronised.", truth(st.ClockTrusted))
	m.gauge("hindsight_disk_free_bytes", "Free on the disk that holds the recording.", float64(st.Disk.FreeBytes))
	m.gauge("hindsight_disk_total_bytes", "Size of the disk that holds the recording.", float64(st.Disk.TotalBytes))
	m.gauge("hindsight_disk_reserve_bytes", "Kept free: below it the oldest recording goes.", float64(st.Disk.ReserveBytes))
	m.gauge("hindsight_days_that_fit", "Days until the oldest recording goes; 0: not known yet.", st.DaysThatFit)
	m.gauge("hindsight_exports", "Exports being made.", float64(st.Exports))
	m.players(st.Players)
	m.screens(st.Screens)
	for _, c := range st.Cameras {
		m.camera(c)
	}
}

// players are those of RTSP.
func (m emitter) players(p Players) {
	m.gauge("hindsight_rtsp_connections", "RTSP connections.", float64(p.Connections))
	m.gauge("hindsight_rtsp_sessions", "RTSP sessions, by what they play.", float64(p.Sessions-p.History), "kind", "live")
	m.gauge("hindsight_rtsp_sessions", "RTSP sessions, by what they play.", float64(p.History), "kind", "history")
	m.counter("hindsight_rtsp_sent_bytes_total", "Sent over RTSP and RTP.", int64(p.SentBytes))
	m.counter("hindsight_rtsp_received_bytes_total", "Received over RTSP.", int64(p.ReceivedBytes))
	m.counter("hindsight_rtsp_refused_total", "RTSP connections beyond a limit.", p.Refused)
	m.counter("hindsight_rtsp_skips_total", "Times that a slow live reader went on at the newest key frame.", p.Skips)
	m.counter("hindsight_rtsp_unfit_total", "Units that RTP cannot carry.", p.Unfit)
	m.counter("hindsight_rtsp_slowed_total", "Seeks that had to wait since there were too many.", p.Slowed)
	for _, d := range p.Drops {
		m.counter("hindsight_rtsp_drops_total", "Connections and sessions ended by the recorder.", d.Count, "reason", d.Reason)
	}
	buckets := map[float64]uint64{}
	for _, s := range p.SeekTimes {
		if s.Seconds > 0 {
			buckets[s.Seconds] = uint64(max(s.Count, 0))
		}
	}
	m.ch <- prometheus.MustNewConstHistogram(prometheus.NewDesc("hindsight_rtsp_seek_seconds", "Time from a PLAY to the first unit read.", nil, nil),
		uint64(max(p.Seeks, 0)), p.SeekSeconds, buckets)
}

type emitter struct{ ch chan<- prometheus.Metric }

func (m emitter) camera(c CameraStatus) {
	l := []string{"camera", c.Name}
	m.gauge("hindsight_camera_recording", "1 when the camera records.", truth(c.State == Recording), l...)
	m.gauge("hindsight_camera_expected", "1 when the camera should record.", truth(c.State != Stopped), l...)
	m.gauge("hindsight_camera_media_bytes", "Media kept.", float64(c.MediaBytes), l...)
	m.gauge("hindsight_camera_file_bytes", "Size of the camera's files.", float64(c.FileBytes), l...)
	m.gauge("hindsight_camera_gaps", "Gaps in what is kept.", float64(c.Gaps), l...)
	m.gauge("hindsight_camera_cursors", "Readers.", float64(c.Cursors), l...)
	m.gauge("hindsight_camera_uncommitted_seconds", "Media time that is only in memory.", c.Commits.UncommittedMS/1000, l...)
	m.gauge("hindsight_camera_tail_bytes", "Memory taken by the newest recording.", float64(c.Commits.TailBytes), l...)
	m.gauge("hindsight_camera_commit_slowest_seconds", "Slowest commit of the last minute.", c.Commits.SlowestMS/1000, l...)
	m.counter("hindsight_camera_commits_total", "Blocks written.", c.Commits.Count, l...)
	m.counter("hindsight_camera_commit_errors_total", "Writes that failed.", c.Commits.Errors, l...)
	m.counter("hindsight_camera_lost_bytes_total", "Media lost since the disk refused for too long.", c.Commits.DroppedBytes, l...)
	if c.SoundOffsetMS != nil {
		m.gauge("hindsight_camera_sound_offset_seconds", "By how much sound comes late against the picture.", *c.SoundOffsetMS/1000, l...)
	}
	if c.Oldest != nil {
		m.gauge("hindsight_camera_oldest_timestamp_seconds", "Wall time of the oldest recording.", float64(c.Oldest.Time.UnixMilli())/1000, l...)
	}
	if c.Newest != nil {
		m.gauge("hindsight_camera_newest_timestamp_seconds", "Wall time of the newest recording.", float64(c.Newest.Time.UnixMilli())/1000, l...)
	}
	for _, s := range c.Sources {
		sl := append(l, "source", s.Name, "kind", kindsOf(s.Kinds))
		m.counter("hindsight_source_starts_total", "How often a source was started.", s.Starts, sl...)
		m.gauge("hindsight_source_running", "1 when the source runs.", truth(s.Error == ""), sl...)
	}
	for _, d := range c.Drops {
		m.counter("hindsight_dropped_total", "Units received that could not be used.", d.Count, append(l, "kind", d.Kind.String(), "reason", d.Reason)...)
	}
	for _, x := range c.Captions {
		xl := append(l, "language", x.Language)
		m.gauge("hindsight_captions_listening", "1 when the sound is captioned as it comes.", truth(x.State == "listening"), xl...)
		m.gauge("hindsight_captions_behind_seconds", "By how much the live recogniser is behind.", x.BehindSeconds, xl...)
		m.gauge("hindsight_captions_pending_seconds", "Sound that is still to be captioned.", x.PendingSeconds, xl...)
		m.gauge("hindsight_captions_off_seconds", "Sound recorded while recognition was off.", x.OffSeconds, xl...)
		m.gauge("hindsight_captions_rss_bytes", "Memory of the recognisers.", float64(x.RSSBytes), xl...)
		m.send(prometheus.CounterValue, "hindsight_captions_cpu_seconds_total", "CPU time of the recognisers.", x.CPUSeconds, xl)
		m.counter("hindsight_captions_starts_total", "How often the live recogniser was started.", int64(x.Starts), xl...)
		m.counter("hindsight_captions_words_total", "Words kept since the start.", x.Words, xl...)
	}
	for _, t := range c.Tracks {
		tl := append(l, "track", strconv.Itoa(int(t.ID)), "kind", t.Kind.String(), "codec", t.Codec.String())
		m.counter("hindsight_track_units_total", "Units received since the start.", t.UnitsReceived, tl...)
		m.gauge("hindsight_track_kept_bytes", "Bytes kept.", float64(t.BytesKept), tl...)
		m.gauge("hindsight_track_kept_units", "Units kept.", float64(t.UnitsKept), tl...)
	}
}

// kindsOf is what a source gives: video, audio, or all.
func kindsOf(ks []media.Kind) string {
	if len(ks) == 1 {
		return ks[0].String()
	}
	return "all"
}

// gauge and counter send one value; labels are name, value, name, value.
func (m emitter) gauge(name, help string, v float64, labels ...string) {
	m.send(prometheus.GaugeValue, name, help, v, labels)
}

func (m emitter) counter(name, help string, v int64, labels ...string) {
	m.send(prometheus.CounterValue, name, help, float64(v), labels)
}

func (m emitter) send(kind prometheus.ValueType, name, help string, v float64, labels []string) {
	var names, values []string
	for i := 0; i < len(labels); i += 2 {
		// A device may have any bytes for a name, and Prometheus takes only UTF-8.
		names, values = append(names, labels[i]), append(values, strings.ToValidUTF8(labels[i+1], "\ufffd"))
	}
	m.ch <- prometheus.MustNewConstMetric(prometheus.NewDesc(name, help, names, nil), kind, v, values...)
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
