package asrtest

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Script is the model of the scripted engine: what it makes of which tone. It
// is kept as JSON in a file or, with the name script.json, in a folder.
type Script struct {
	Words  []Word  `json:"words"`
	Faults []Fault `json:"faults,omitempty"`
	// Endpoint is the silence that ends an utterance; 0: 500 ms.
	Endpoint time.Duration `json:"endpoint,omitempty"`
	// Crash is what to do in place of loading, as in a Fault.
	Crash string `json:"crash,omitempty"`
	// Memory is touched at the start, in bytes, as the size of a model.
	Memory int64 `json:"memory,omitempty"`
}

// Word is said by a tone of a frequency. Frequencies should lie at least 60 Hz
// apart, between 200 and 4000 Hz: the nearest is taken.
type Word struct {
	Text       string  `json:"text"`
	Hz         float64 `json:"hz"`
	Confidence float32 `json:"confidence,omitempty"` // 0: 1
}

// Fault is what the engine does in place of hearing a tone.
type Fault struct {
	Hz float64 `json:"hz"`
	Do string  `json:"do"` // abort, exit, hang, spin, garbage, or grow, by 4 MiB with each 10 ms of it
	// Once is a file that is made when the fault happens and keeps it from
	// happening again, in whatever process; "": it happens every time.
	Once string `json:"once,omitempty"`
}

// Load reads a script.
func Load(path string) (Script, error) {
	if i, err := os.Stat(path); err == nil && i.IsDir() {
		path = filepath.Join(path, "script.json")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return Script{}, err
	}
	var s Script
	if err := json.Unmarshal(text, &s); err != nil {
		return s, fmt.Errorf("script %s: %w", path, err)
	}
	return s, nil
}

// File writes the script into a new folder of the test and returns its path.
func (s Script) File(t testing.TB) string {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "script.json")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Tone adds a tone to mono sound: from at on, for long, with a peak of a
// quarter of full scale.
func Tone(pcm []int16, rate int, hz float64, at, long time.Duration) {
	from := int(at * time.Duration(rate) / time.Second)
	n := int(long * time.Duration(rate) / time.Second)
	for i := range n {
		if from+i < len(pcm) {
			pcm[from+i] += int16(8192 * math.Sin(2*math.Pi*hz*float64(i)/float64(rate)))
		}
	}
}
