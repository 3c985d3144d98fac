package web

import (
	"math"
	"net/http"
	"time"

	"hindsight/media"
)

// State says what a camera does.
type State string

// The states of a camera.
const (
	Recording State = "recording" // units arrive and are kept
	Waiting   State = "waiting"   // it should record and cannot; the next try comes by itself
	Stopped   State = "stopped"   // it is not meant to record
)

// Status is how the recorder is, at one moment. The appliance fills what is
// marked with *; the rest is read from the timelines.
type Status struct {
	Version       string         `json:"version"`        // * of the program
	Name          string         `json:"name"`           // * of the recorder, for people
	Zone          string         `json:"zone"`           // * its time zone in the IANA list, or an offset as in +05:30 where it has no name
	Now           time.Time      `json:"now"`            // UTC, by the recorder's clock
	UptimeSeconds float64        `json:"uptime_seconds"` // * since the program started
	ClockTrusted  bool           `json:"clock_trusted"`  // * whether Now can be relied on
	Disk          Disk           `json:"disk"`           // *
	DaysThatFit   float64        `json:"days_that_fit"`  // * until the oldest recording goes; 0: not known yet
	Exports       int            `json:"exports"`        // being made now
	Players       Players        `json:"players"`        // * those who watch over RTSP
	Screens       Screens        `json:"screens"`        // pages and windows that play
	Cameras       []CameraStatus `json:"cameras"`        // * in the order of the configuration
	Settings      []Setting      `json:"settings"`       // * every value in force
}

// Players are those who watch over RTSP, and what became of them since the program started.
type Players struct {
	Connections   int        `json:"connections"` // open now
	Sessions      int        `json:"sessions"`    // open now, playing or not
	History       int        `json:"history"`     // of them in history
	SentBytes     uint64     `json:"sent_bytes"`
	ReceivedBytes uint64     `json:"received_bytes"`
	Refused       int64      `json:"refused"` // connections beyond a limit
	Drops         []Ended    `json:"drops"`   // ended by the recorder
	Skips         int64      `json:"skips"`   // times that a slow one went on at the newest key frame
	Unfit         int64      `json:"unfit"`   // units that RTP cannot carry
	Seeks         int64      `json:"seeks"`   // into history
	Slowed        int64      `json:"slowed"`  // seeks that had to wait since there were too many
	SeekTimes     []SeekTime `json:"seek_times"`
	SeekSeconds   float64    `json:"seek_seconds"` // that all seeks took
}

// Ended counts what was ended for a reason.
type Ended struct {
	Reason string `json:"reason"`
	Count  int64  `json:"count"`
}

// SeekTime counts the seeks that took no longer than Seconds; 0 stands for any time.
type SeekTime struct {
	Seconds float64 `json:"seconds"`
	Count   int64   `json:"count"`
}

// Disk is the file system that holds the recording, in bytes.
type Disk struct {
	Path         string `json:"path"`
	FreeBytes    int64  `json:"free_bytes"`
	TotalBytes   int64  `json:"total_bytes"`
	ReserveBytes int64  `json:"reserve_bytes"` // kept free: below it the oldest recording goes
	PinnedBytes  int64  `json:"pinned_bytes"`  // of the recording: what pins hold
	Problem      string `json:"problem"`       // one sentence for a person; empty while there is room
}

// Setting is a configured value and who said so.
type Setting struct {
	Key    string `json:"key"`
	Value  string `json:"value"`  // without credentials
	Source string `json:"source"` // default, flag, a variable's name, or FILE:LINE
}

// CameraStatus is one camera. The appliance fills what is marked with *.
type CameraStatus struct {
	Name      string   `json:"name"`      // *
	State     State    `json:"state"`     // *
	Problem   string   `json:"problem"`   // * one sentence for a person; empty when all is well
	Addresses []string `json:"addresses"` // * where to watch: rtsp://HOST:8554/cam
	Sources   []Source `json:"sources"`   // *
	Drops     []Drop   `json:"drops"`     // * since the start
	// SoundOffsetMS is by how much sound comes late against the picture, as measured
	// now; below 0: early; null: not known. *
	SoundOffsetMS *float64 `json:"sound_offset_ms"`

	Captions []CaptionStatus `json:"captions"` // * in each language

	Session *SessionNow `json:"session"` // that goes on; null: none does
	Stop    *StopNow    `json:"stop"`    // null: nobody has stopped recording

	Run        media.Run `json:"run"`
	Tracks     []Track   `json:"tracks"`      // recorded now, or last
	Oldest     *Moment   `json:"oldest"`      // null: nothing is kept
	Newest     *Moment   `json:"newest"`      // null: nothing is kept
	MediaBytes int64     `json:"media_bytes"` // kept, without what keeping takes
	FileBytes  int64     `json:"file_bytes"`  // of all its files
	Gaps       int       `json:"gaps"`        // in what is kept
	Cursors    int       `json:"cursors"`     // readers now
	Commits    Commits   `json:"commits"`
}

// Source is a device or address that a camera records from.
type Source struct {
	Kinds  []media.Kind `json:"kinds"`  // what it may deliver
	Name   string       `json:"name"`   // without credentials
	Error  string       `json:"error"`  // why it does not run; empty while it does
	Starts int64        `json:"starts"` // how often it was started
}

// Drop is how many units were received and could not be used, for one reason.
type Drop struct {
	Kind   media.Kind `json:"kind"`
	Reason string     `json:"reason"`
	Count  int64      `json:"count"`
}

// Track is an elementary stream and how it runs.
type Track struct {
	ID            uint16      `json:"id"`
	Kind          media.Kind  `json:"kind"`
	Role          media.Role  `json:"role"`
	Codec         media.Codec `json:"codec"`
	ClockRate     uint32      `json:"clock_rate"`      // Hz
	Channels      uint8       `json:"channels"`        // of sound
	Width         uint16      `json:"width"`           // pixels
	Height        uint16      `json:"height"`          // pixels
	UnitsReceived int64       `json:"units_received"`  // since the start
	UnitsKept     int64       `json:"units_kept"`      // on disk
	BytesKept     int64       `json:"bytes_kept"`      // on disk
	UnitsPerSec   float64     `json:"units_per_sec"`   // over the last seconds; 0: not known yet
	BitsPerSecond float64     `json:"bits_per_second"` // over the last seconds; 0: not known yet
}

// Commits are a camera's writes to the disk.
type Commits struct {
	Count         int64   `json:"count"`          // since the start
	Errors        int64   `json:"errors"`         // since the start
	LastError     string  `json:"last_error"`     // empty again after one that worked
	SlowestMS     float64 `json:"slowest_ms"`     // of the last minute
	UncommittedMS float64 `json:"uncommitted_ms"` // media time that is only in memory
	TailBytes     int64   `json:"tail_bytes"`     // memory taken by the newest recording
	DroppedBytes  int64   `json:"dropped_bytes"`  // lost since the disk refused for too long
}

func (s *Server) getStatus(w http.ResponseWriter, _ *http.Request) error {
	return reply(w, http.StatusOK, s.status())
}

// status asks the appliance and completes its answer from the timelines.
func (s *Server) status() Status {
	st := s.o.Status()
	st.Now = s.o.Now().UTC()
	st.Exports = len(s.exports)
	st.Screens = s.screensNow()
	st.Settings = notNil(st.Settings)
	for i := range st.Cameras {
		c := &st.Cameras[i]
		if c.SoundOffsetMS != nil {
			rounded := math.Round(*c.SoundOffsetMS*1000) / 1000
			c.SoundOffsetMS = &rounded
		}
		c.Addresses, c.Sources, c.Drops, c.Tracks = notNil(c.Addresses), notNil(c.Sources), notNil(c.Drops), notNil(c.Tracks)
		c.Captions = notNil(c.Captions)
		if known, ok := s.named(c.Name); ok {
			c.complete(known.Timeline, s.meters[c.Name], st.Now)
		}
	}
	st.Cameras = notNil(st.Cameras)
	return st
}

// notNil makes the JSON of nothing [] instead of null.
func notNil[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// complete fills what the timeline knows.
func (c *CameraStatus) complete(t Timeline, rate *meter, now time.Time) {
	if p, ok := t.Oldest(); ok {
		m := moment(t, p)
		c.Oldest = &m
	}
	if p, ok := t.Newest(); ok {
		m := moment(t, p)
		c.Newest, c.Run = &m, p.Run
	}
	ts, shape := t.Status(), t.Map()
	c.pressed(t, shape)
	for _, h := range shape.Holes {
		if h.Kind == 0 {
			c.Gaps++
		}
	}
	for _, r := range shape.Runs {
		c.FileBytes += r.FileBytes
	}
	c.Cursors = ts.Cursors
	c.Commits = Commits{
		Count: ts.Commits, Errors: ts.CommitErrors, LastError: ts.LastError, SlowestMS: ms(ts.CommitMax),
		UncommittedMS: ms(ts.Uncommitted), TailBytes: ts.TailBytes, DroppedBytes: ts.DroppedBytes,
	}
	onDisk := keptOf(shape, nil)
	for _, k := range onDisk {
		c.MediaBytes += k.bytes
	}
	for _, tr := range t.Current() {
		k := onDisk[tr.ID]
		units, bits := rate.measure(tr.ID, now, sample{units: ts.Units[tr.ID], bytes: ts.Bytes[tr.ID]})
		c.Tracks = append(c.Tracks, Track{
			ID: tr.ID, Kind: tr.Kind, Role: tr.Role, Codec: tr.Codec, ClockRate: tr.ClockRate, Channels: tr.Channels,
			Width: tr.Width, Height: tr.Height, UnitsReceived: ts.Units[tr.ID], UnitsKept: k.units, BytesKept: k.bytes,
			UnitsPerSec: units, BitsPerSecond: bits,
		})
	}
}
