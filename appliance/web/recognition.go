package web

import (
	"errors"

	"hindsight/media"
)

// Recognition is what can be asked of the recogniser; the appliance has it.
// Errors are one sentence for a person.
type Recognition interface {
	// Make has a range captioned, again where it was already.
	Make(camera string, r MakeRequest) (RecognitionJob, error)
	// Jobs are those that are not over, and the last that are.
	Jobs() []RecognitionJob
	// CancelJob ends a job; ErrNoJob.
	CancelJob(id string) error
	// CaptionSettings are those in force for a camera; camera "": of the only one.
	CaptionSettings(camera string) (CaptionSettings, error)
	// ChangeCaptionSettings changes some: keys as in hindsight.yml, those of the
	// camera without cameras.NAME. A *Fixed error says that a variable or flag has the say.
	ChangeCaptionSettings(camera string, changes map[string]string) (CaptionSettings, error)
}

// ErrNoJob says that there is no such job (any more).
var ErrNoJob = errors.New("there is no such job")

// Fixed is an error about a setting that cannot be changed while the recorder runs.
type Fixed struct{ Err error }

// Error is one sentence.
func (f *Fixed) Error() string { return f.Err.Error() }

// Invalid is an error about what was asked for.
type Invalid struct{ Err error }

// Error is one sentence.
func (i *Invalid) Error() string { return i.Err.Error() }

// MakeRequest asks for captions of [From, To).
type MakeRequest struct {
	From, To media.Position
	Language string // empty: the camera's first
	Model    string // empty: the one in use
	Replace  bool   // what is there in that language
}

// RecognitionJob is how a MakeRequest fares.
type RecognitionJob struct {
	ID       string
	Camera   string
	Language string
	Model    string
	From, To media.Position
	Replace  bool
	State    string  // waiting, running, done, failed or cancelled
	Progress float64 // 0 to 1, of the sound
	Captions int     // kept so far
	Error    string  // one sentence, if it failed
}

// CaptionSettings are how a camera is captioned.
type CaptionSettings struct {
	Camera    string          `json:"camera"`
	Captions  string          `json:"captions"`  // on or off
	Languages []string        `json:"languages"` // BCP 47; empty: those that have a model
	Channel   string          `json:"channel"`   // auto, mix, left or right
	Phrases   []string        `json:"phrases"`   // the only ones to be recognised; empty: whatever the model knows
	Load      string          `json:"load"`      // any, idle, or percent of a core
	Order     string          `json:"order"`     // newest or oldest
	Endpoint  string          `json:"endpoint"`  // normal or fast
	MaxC      int             `json:"max_celsius"`
	Keep      string          `json:"keep"`
	Models    []CaptionModel  `json:"models"` // those there are
	Known     []CaptionTongue `json:"known"`  // the languages that can be chosen
}

// CaptionModel is a speech model that was added.
type CaptionModel struct {
	Name     string `json:"name"`
	Language string `json:"language"` // of the speech; may be empty
	Bytes    int64  `json:"bytes"`
	InUse    bool   `json:"in_use"`
	Problem  string `json:"problem"` // empty: none
}

// CaptionTongue is a language by its names.
type CaptionTongue struct {
	Code    string `json:"code"` // BCP 47
	English string `json:"english"`
	Own     string `json:"own"`
}

// CaptionStatus is how a camera is heard in one language.
type CaptionStatus struct {
	Language       string  `json:"language"` // BCP 47; und: nobody has said yet
	Model          string  `json:"model"`
	State          string  `json:"state"`           // off, no model, no sound, no memory, too hot, starting, listening, behind, waiting
	Problem        string  `json:"problem"`         // one sentence for a person; empty while all is well
	BehindSeconds  float64 `json:"behind_seconds"`  // of the live recogniser
	PendingSeconds float64 `json:"pending_seconds"` // of sound that is still to be captioned
	OffSeconds     float64 `json:"off_seconds"`     // of sound that was recorded while recognition was off
	RSSBytes       int64   `json:"rss_bytes"`       // memory of its recognisers
	CPUSeconds     float64 `json:"cpu_seconds"`     // of its recognisers so far
	Starts         int     `json:"starts"`          // of the live recogniser
	Words          int64   `json:"words"`           // kept since the program started
	Pid            int     `json:"pid"`             // of the live recogniser; 0: none
}
