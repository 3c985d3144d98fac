// Package recognise captions what the cameras record: it brings the sound of
// their timelines to package asr and the captions back, and remembers how far it has come.
//
// A Hearing is a camera heard in one language. Each has a recogniser that
// listens at the live end, a keeper that says of every stretch whether it is
// done, pending or was off, and, when there is room for it, a second recogniser
// that makes up for what is pending. RECOGNISE.md beside this file says who
// writes what, and why no word is lost or doubled where two of them meet.
package recognise

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"sync"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/asr"
	"hindsight/media"
)

// Timeline is what is used of a camera's timeline; *timeline.Timeline is one.
type Timeline interface {
	Run() media.Run // being recorded
	Tracks() []media.Track
	Current() []media.Track
	Map() *timeline.Map
	Newest() (p media.Position, ok bool)
	At(p media.Position, s timeline.Selection) (*timeline.Cursor, error)
	AddCaptions(cs []media.Caption, heard ...media.HeardSpan) ([]media.Caption, error)
	ReplaceCaptions(r timeline.CaptionRange, cs []media.Caption, heard ...media.HeardSpan) ([]media.Caption, int, error)
	Captions(q timeline.CaptionQuery) ([]timeline.Caption, error)
	SetHeard(spans ...media.HeardSpan) error
	Heard(q timeline.HeardQuery) []media.HeardSpan
	ShowPartial(c media.Caption)
}

// Decoder decodes one track's units, one after the other.
type Decoder interface {
	// Decode returns interleaved samples.
	Decode(payload []byte) ([]int16, error)
	Close()
}

// Format is what a Decoder gives.
type Format struct {
	Rate     int // Hz
	Channels int
}

// Options make a Service.
type Options struct {
	Log     *slog.Logger // nil: nothing is logged
	Cameras map[string]Timeline
	// Decode makes a decoder for a track's units; its error is one sentence for a person.
	Decode func(media.Track) (Decoder, Format, error)
	// Child is how a recogniser is started; the model, and how much it gives
	// way, come from the hearing and the tuning.
	Child asr.Setup
	// Available is the memory, in bytes, that new processes may take.
	Available func() (int64, error)
	// System is where the thermal zones are found; "": /sys.
	System string
	Tune   Tune

	tick time.Duration // tests: see keepEvery
}

// Tune is what holds for all hearings.
type Tune struct {
	Load       float64 // CPU time that one recogniser may take, as a part of a core; 0: any
	Idle       bool    // only what no other program wants
	MaxCelsius int     // of the machine, from which on recognition stops; 0: never
	Fast       bool    // the live recogniser ends an utterance after half the usual silence
	Oldest     bool    // what is pending is done oldest first; else newest first
	Memory     int64   // bytes that a recogniser may take; 0: half as much again as its model is thought to need
	// Lag is how far the live recogniser may fall behind before it leaves the rest for later; 0: one minute.
	Lag time.Duration
}

// Hearing is a camera heard in one language.
type Hearing struct {
	Language string // BCP 47; und when nobody knows yet in which
	Model    media.Model
	Dir      string // of the model
	Memory   int64  // bytes that a recogniser with it is thought to need at most
	Channel  asr.Channel
	Phrases  []string
	Off      bool   // switched off by an operator
	Problem  string // why there can be no captions, in one sentence; empty: there can
}

// Undetermined is the language of sound that nobody has said the language of (BCP 47, ISO 639-2).
const Undetermined = "und"

// State says in a word what a hearing is doing.
type State string

// The states. A reader shows an unknown one as it stands.
const (
	Off       State = "off"
	NoModel   State = "no model"  // or one that cannot be used
	TooHot    State = "too hot"   // the machine
	NoMemory  State = "no memory" // for the model
	NoSound   State = "no sound"  // the camera has none
	Starting  State = "starting"
	Listening State = "listening" // at the live end
	Behind    State = "behind"    // and catching up
	Waiting   State = "waiting"   // after a fault
)

// Status is how a hearing fares.
type Status struct {
	Language string
	Model    string
	State    State
	Problem  string        // one sentence for a person; empty while all is well
	Behind   time.Duration // of the live recogniser
	Pending  time.Duration // of sound that is still to be captioned
	Off      time.Duration // of sound that was recorded while recognition was off
	Pid      int           // of the live recogniser; 0: none
	RSS      int64         // bytes, of all its recognisers
	CPU      time.Duration // of all of them so far
	Starts   int           // of the live recogniser
	Words    int64         // kept since the program started
}

// Service captions all cameras.
type Service struct {
	o   Options
	log *slog.Logger

	mu      sync.Mutex // guards what follows
	tune    Tune
	wanted  map[string][]Hearing
	running map[string][]*hearing
	ctx     context.Context // of Run; nil: not begun
	jobs    []*job
	lastJob int

	changing sync.Mutex    // one Set at a time
	room     sync.Mutex    // one recogniser at a time asks whether it finds room
	promised map[int]int64 // bytes that recognisers are thought to take yet, by a number of theirs; guarded by mu
	promises int
	said     map[string]*sync.Mutex // by camera: what is said of its sound is read and changed by one at a time
	second   chan struct{}          // holds one token: there is one second recogniser at a time
	work     chan struct{}          // a job was added
	heat     heat
}

// New makes a Service. Run runs it.
func New(o Options) *Service {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.System = cmp.Or(o.System, "/sys")
	o.tick = cmp.Or(o.tick, keepEvery)
	s := &Service{o: o, log: o.Log, tune: o.Tune, wanted: map[string][]Hearing{}, running: map[string][]*hearing{},
		promised: map[int]int64{}, said: map[string]*sync.Mutex{}, second: make(chan struct{}, 1), work: make(chan struct{}, 1)}
	for camera := range o.Cameras {
		s.said[camera] = &sync.Mutex{}
	}
	s.second <- struct{}{}
	return s
}

// Run recognises until ctx ends. Then what was not done is marked so.
func (s *Service) Run(ctx context.Context) {
	s.mu.Lock()
	s.ctx = ctx
	wanted := s.wanted
	s.wanted = map[string][]Hearing{}
	s.mu.Unlock()
	var others sync.WaitGroup
	others.Go(func() { s.watchHeat(ctx) })
	others.Go(func() { s.runJobs(ctx) })
	for camera, hs := range wanted {
		if err := s.Set(camera, hs); err != nil {
			s.log.Error("captions", "camera", camera, "error", err)
		}
	}
	<-ctx.Done()
	s.changing.Lock() // no Set starts another
	defer s.changing.Unlock()
	for _, camera := range s.names() {
		for _, h := range s.hearings(camera) {
			h.stop()
		}
	}
	others.Wait()
}

// Set says in which languages a camera is heard, from now on. What has not
// changed goes on undisturbed. Recording does not notice.
func (s *Service) Set(camera string, hs []Hearing) error {
	tl, ok := s.o.Cameras[camera]
	if !ok {
		return fmt.Errorf("there is no camera %q", camera)
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	s.mu.Lock()
	ctx := s.ctx
	if ctx == nil {
		s.wanted[camera] = hs
		s.mu.Unlock()
		return nil
	}
	s.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	old := s.hearings(camera)
	next := make([]*hearing, len(hs))
	for i, h := range hs {
		for k, o := range old {
			if o != nil && reflect.DeepEqual(o.Hearing, h) {
				next[i], old[k] = o, nil
				break
			}
		}
	}
	for _, o := range old {
		if o != nil {
			o.stop()
		}
	}
	for i, h := range hs {
		if next[i] == nil {
			next[i] = s.start(ctx, camera, tl, h)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running[camera] = next
	return nil
}

// Tune changes what holds for all hearings; their recognisers start anew.
func (s *Service) Tune(t Tune) {
	s.mu.Lock()
	old := s.tune
	s.tune = t
	s.mu.Unlock()
	if old == t {
		return
	}
	old.MaxCelsius, old.Oldest, old.Lag = t.MaxCelsius, t.Oldest, t.Lag
	if old == t {
		return // no recogniser knows of these
	}
	for _, camera := range s.names() {
		for _, h := range s.hearings(camera) {
			h.again()
		}
	}
}

func (s *Service) tuning() Tune {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tune
	t.Lag = cmp.Or(t.Lag, time.Minute)
	return t
}

// Status is how the hearings of a camera fare, in the order they were set.
func (s *Service) Status(camera string) []Status {
	var out []Status
	for _, h := range s.hearings(camera) {
		out = append(out, h.status())
	}
	return out
}

func (s *Service) hearings(camera string) []*hearing {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*hearing(nil), s.running[camera]...)
}

func (s *Service) names() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for n := range s.running {
		names = append(names, n)
	}
	return names
}
