// Package web is the recorder's HTTP side: the API below /api/v1, the figures
// for Prometheus at /metrics, the health check at /healthz and the page at /.
//
// It reads timelines and is told the rest: the appliance fills a Status, and
// makes export files. Until there are users everybody is answered; no other
// site's page is (there are no CORS headers, and what changes anything must be
// sent as JSON). Every answer but /metrics, the page, an MP4, a JPEG and captions as a
// file is JSON; an error is {"error": "one sentence"}. openapi.json
// beside this file describes it all and is served at /api/v1/openapi.json.
package web

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

// Options make a Server.
type Options struct {
	Log     *slog.Logger // nil: nothing is logged
	Cameras []Camera
	Status  func() Status // what the appliance knows; called for each request that needs it
	Export  Exporter      // nil: exports are answered with 501
	// Edge is where an export that is asked to begin at p begins; nil: at p.
	Edge        func(ctx context.Context, camera string, p media.Position) (media.Position, error)
	Snapshot    Snapshotter // nil: snapshots are answered with 501
	Preview     Previewer   // nil: previews are answered with 501
	Recognition Recognition // nil: what is recorded is only read
	Settings    Settings    // nil: likewise
	Models      Models      // nil: likewise
	Devices     Devices     // nil: likewise
	// Level is how loud a camera's microphone is now; ok is false while nobody knows. nil: nobody ever does.
	Level func(camera string) (l Level, ok bool)
	// Transcode makes sound that browsers play of sound that they do not; nil: such sound is not heard in the page.
	Transcode func(t media.Track) Coder
	// Frontend holds index.html and assets/; nil: / is answered with 404.
	Frontend fs.FS
	// Now is the time of day in the zone in which times without one are meant; nil: time.Now.
	Now func() time.Time
	// Exports is how many may be made at once, the others are told to come again; 0: 4.
	Exports int
	// Snapshots is how many may be decoded at once, the others wait for a moment; 0: 2. Previews
	// have as many places of their own, so that nobody's scrubbing keeps snapshots waiting.
	Snapshots int
}

// Camera is a camera whose timeline is served.
type Camera struct {
	Name     string
	Timeline Timeline
}

// Timeline is what the API reads; *timeline.Timeline is one.
type Timeline interface {
	Tracks() []media.Track
	Current() []media.Track
	Map() *timeline.Map
	Wall(p media.Position) (t time.Time, trusted bool)
	Position(wall time.Time) (p media.Position, ok bool)
	Oldest() (p media.Position, ok bool)
	Newest() (p media.Position, ok bool)
	Count(ctx context.Context, from, to media.Position) (map[uint16]timeline.TrackStat, error)
	Status() timeline.Status
	Captions(q timeline.CaptionQuery) ([]timeline.Caption, error)
	SearchCaptions(s timeline.CaptionSearch) ([]timeline.Hit, error)
	EditCaption(id uint64, text, who string) (timeline.Caption, error)
	Heard(q timeline.HeardQuery) []media.HeardSpan
	CaptionFeed() *timeline.CaptionFeed
	CaptionFeedSince(id uint64) *timeline.CaptionFeed
	LastCaption() uint64
	At(p media.Position, s timeline.Selection) (*timeline.Cursor, error)
	Marks(kind media.MarkKind) []media.Mark
	AddMark(m media.Mark) (media.Mark, error)
	EditMark(kind media.MarkKind, id uint64, change func(*media.Mark)) (media.Mark, error)
	DeleteMark(kind media.MarkKind, id uint64) error
	Record(name, who string) (media.Mark, error)
	Stop(why, who string) error
	Stopped() (m media.Mark, ok bool)
	Delete(ctx context.Context, from, until media.Position, why string) (timeline.Deleted, error)
	SessionEnd(m media.Mark) (p media.Position, ok bool)
	Live(s timeline.Selection) *timeline.Cursor
}

// Exporter plans an MP4 file of [from, to) of a camera. When nothing is
// recorded there its error has a method Near() (before, after time.Time).
type Exporter func(ctx context.Context, camera string, from, to media.Position) (*Movie, error)

// Movie is a planned file.
type Movie struct {
	Size     int64          // bytes that Write will write
	Start    time.Time      // wall time (UTC) of the first frame
	From, To media.Position // what the file shows
	Length   time.Duration  // recorded time
	Gaps     int            // closed in it
	Next     media.Position // where the next file begins, if this one ends early; else zero
	Write    func(ctx context.Context, w io.Writer) error
}

// limits of one connection. An export extends its write deadline while the
// client keeps taking bytes.
const (
	headerTimeout = 10 * time.Second
	readTimeout   = 30 * time.Second
	writeTimeout  = 30 * time.Second
	idleTimeout   = 2 * time.Minute
	headerBytes   = 16 << 10
	connections   = 512
)

func (o *Options) setDefaults() error {
	if o.Status == nil {
		return fmt.Errorf("web: Options.Status is needed")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Exports, o.Snapshots = cmp.Or(o.Exports, 4), cmp.Or(o.Snapshots, 2)
	return nil
}
