package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"hindsight/appliance/pattern"
)

// Report is what was found. Times are in the recording's own time.
type Report struct {
	Name   string       `json:"name"`
	Rate   int          `json:"rate,omitempty"` // frames a second by their numbers
	Frames *FrameReport `json:"frames,omitempty"`
	Sound  *SoundReport `json:"sound,omitempty"`
	Sync   *SyncReport  `json:"sync,omitempty"`
	Words  *WordReport  `json:"words,omitempty"`
}

// FrameReport is about the pictures.
type FrameReport struct {
	Width      int     `json:"width"`
	Height     int     `json:"height"`
	Count      int64   `json:"count"`
	First      int64   `json:"first_number"`
	Last       int64   `json:"last_number"`
	Missing    int64   `json:"missing"`    // numbers passed over
	Doubled    int64   `json:"doubled"`    // the same number again
	Backwards  int64   `json:"backwards"`  // a smaller number than before
	Unreadable int64   `json:"unreadable"` // squares neither black nor white
	Strays     int64   `json:"stray_flashes"`
	Start      float64 `json:"start_s"`
	Seconds    float64 `json:"seconds"`       // from the first to the last frame
	WallError  float64 `json:"wall_error_ms"` // the furthest that wall time and time stamp part, from the first frame on
	WallSteps  int64   `json:"wall_steps"`    // from one frame to the next, by more than 50 ms
}

// SoundReport is about the sound.
type SoundReport struct {
	Start        float64 `json:"start_s"`
	Seconds      float64 `json:"seconds"` // of samples
	Holes        []hole  `json:"holes"`   // the first 100
	HoleCount    int     `json:"hole_count"`
	Overlaps     int64   `json:"overlaps"`
	Beeps        int     `json:"beeps"`
	MissingBeeps int64   `json:"missing_beeps"`
	BrokenBeeps  int64   `json:"broken_beeps"`
}

// SyncReport is how much later each beep is than its flash, in milliseconds.
type SyncReport struct {
	Pairs       int     `json:"pairs"`
	Alone       int     `json:"flashes_without_beep"` // within half a second, where there is sound
	All         spread  `json:"all"`
	FirstMinute *spread `json:"first_minute"`
	LastMinute  *spread `json:"last_minute"`
}

type spread struct {
	Min    float64 `json:"min_ms"`
	Median float64 `json:"median_ms"`
	Max    float64 `json:"max_ms"`
}

// WordReport is about the words on the right channel.
type WordReport struct {
	Expected int          `json:"expected"`
	Found    int          `json:"found"`
	Extra    int          `json:"extra"`
	MaxError float64      `json:"max_error_ms"` // of where they begin
	Words    []WordTiming `json:"words"`
}

// WordTiming is one word that should be there.
type WordTiming struct {
	Text  string   `json:"text"`
	Start float64  `json:"start_s"`  // where it should begin
	Error *float64 `json:"error_ms"` // how much later it begins; null: it is missing
}

// watcher hands what is decoded to those who watch it.
type watcher struct {
	*frames
	*sounds
}

func measure(ctx context.Context, in input) (*Report, error) {
	s, err := probe(ctx, in)
	if err != nil {
		return nil, err
	}
	w := watcher{&frames{s: s}, newSounds()}
	if err := decode(ctx, in, s, w); err != nil {
		return nil, fmt.Errorf("%s: %w", in.name, err)
	}
	w.sounds.finish()
	return w.report(in.name), nil
}

func (w watcher) report(name string) *Report {
	r := &Report{Name: name, Rate: w.rate()}
	if w.frames.count > 0 {
		r.Frames = w.frameReport(r.Rate)
	}
	if w.sounds.begun {
		r.Sound = w.soundReport()
	}
	if r.Frames != nil && r.Sound != nil && r.Rate > 0 {
		r.Sync = w.syncReport(r.Rate)
		r.Words = w.wordReport(r.Rate)
	}
	return r
}

func (w watcher) frameReport(rate int) *FrameReport {
	f := w.frames
	r := &FrameReport{
		Width: f.s.width, Height: f.s.height, Count: f.count, First: f.first.n, Last: f.last.n,
		Missing: f.missing, Doubled: f.doubled, Backwards: f.backwards, Unreadable: f.bad,
		Start: f.first.at.Seconds(), Seconds: (f.end - f.first.at).Seconds(),
		WallError: ms(f.wallError), WallSteps: f.wallSteps,
	}
	if rate > 0 {
		_, r.Strays = f.flashTimes(rate)
	}
	return r
}

func (w watcher) soundReport() *SoundReport {
	s := w.sounds
	at, broken, missing := s.beepTimes()
	total := s.next - s.start
	for _, h := range s.holes {
		total -= int64(h.Length * pattern.SampleRate / 1000)
	}
	return &SoundReport{
		Start: float64(s.start) / pattern.SampleRate, Seconds: float64(total) / pattern.SampleRate,
		Holes: s.holes[:min(len(s.holes), 100)], HoleCount: len(s.holes), Overlaps: s.overlaps,
		Beeps: len(at), MissingBeeps: missing, BrokenBeeps: broken,
	}
}

// pair is how much later a beep is than its flash.
type pair struct{ flash, late time.Duration }

func (w watcher) syncReport(rate int) *SyncReport {
	flashes, _ := w.flashTimes(rate)
	beeps, _, _ := w.beepTimes()
	from, to := timeOf(float64(w.sounds.start)), timeOf(float64(w.sounds.next))
	r := &SyncReport{}
	var pairs []pair
	for _, f := range flashes {
		i, _ := slices.BinarySearch(beeps, f)
		best, ok := time.Duration(0), false
		for _, k := range []int{i - 1, i} {
			if k >= 0 && k < len(beeps) && (!ok || (beeps[k]-f).Abs() < best.Abs()) {
				best, ok = beeps[k]-f, true
			}
		}
		switch {
		case ok && best.Abs() <= time.Second/2:
			pairs = append(pairs, pair{f, best})
		case f > from && f < to-pattern.BeepLength:
			r.Alone++
		}
	}
	if r.Pairs = len(pairs); r.Pairs == 0 {
		return r
	}
	first, last := pairs[0].flash, pairs[len(pairs)-1].flash
	r.All = *spreadOf(pairs, func(pair) bool { return true })
	r.FirstMinute = spreadOf(pairs, func(p pair) bool { return p.flash-first < time.Minute })
	r.LastMinute = spreadOf(pairs, func(p pair) bool { return last-p.flash < time.Minute })
	return r
}

func spreadOf(pairs []pair, of func(pair) bool) *spread {
	var late []time.Duration
	for _, p := range pairs {
		if of(p) {
			late = append(late, p.late)
		}
	}
	slices.Sort(late)
	return &spread{ms(late[0]), ms(late[len(late)/2]), ms(late[len(late)-1])}
}

// wordReport compares the words found with those that the frame numbers promise.
func (w watcher) wordReport(rate int) *WordReport {
	zero := w.frames.start(rate)
	from := max(timeOf(float64(w.sounds.start)), w.first.at)
	to := min(timeOf(float64(w.sounds.next)), w.end)
	r := &WordReport{}
	taken := map[int]bool{}
	for _, want := range pattern.NewSound().Words(from-zero, to-zero) {
		if want.End+zero > to { // its end is not in the recording
			continue
		}
		t := WordTiming{Text: want.Text, Start: (want.Start + zero).Seconds()}
		for i, got := range w.words {
			late := timeOf(float64(got.start)) - want.Start - zero
			if !taken[i] && late.Abs() < time.Second {
				e := ms(late)
				t.Error, taken[i] = &e, true
				r.Found++
				if late.Abs() > time.Duration(r.MaxError*float64(time.Millisecond)).Abs() {
					r.MaxError = e
				}
				break
			}
		}
		r.Words = append(r.Words, t)
	}
	r.Expected = len(r.Words)
	r.Extra = len(w.words) - r.Found
	return r
}

func ms(d time.Duration) float64 {
	return float64(d.Round(10*time.Microsecond)) / float64(time.Millisecond)
}

// text is the report for a person.
func (r *Report) text() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("%s", r.Name)
	if f := r.Frames; f != nil {
		line("pictures  %d of %dx%d, numbers %d to %d at %d a second, %.3f s", f.Count, f.Width, f.Height, f.First, f.Last, r.Rate, f.Seconds)
		line("          %d missing, %d doubled, %d backwards, %d unreadable, %d stray flashes", f.Missing, f.Doubled, f.Backwards, f.Unreadable, f.Strays)
		line("          wall time parts from time stamps by %.1f ms at most, %d steps", f.WallError, f.WallSteps)
	}
	if s := r.Sound; s != nil {
		line("sound     %.3f s, %d holes, %d overlaps", s.Seconds, s.HoleCount, s.Overlaps)
		line("          %d beeps, %d missing, %d broken", s.Beeps, s.MissingBeeps, s.BrokenBeeps)
	}
	if s := r.Sync; s != nil && s.Pairs > 0 {
		line("sync      beep after flash, min/median/max of %d: %s", s.Pairs, s.All)
		line("          first minute %s, last minute %s; %d flashes without a beep", *s.FirstMinute, *s.LastMinute, s.Alone)
	}
	if w := r.Words; w != nil {
		line("words     %d of %d, %d extra, begin off by %.1f ms at most", w.Found, w.Expected, w.Extra, w.MaxError)
	}
	return b.String()
}

func (s spread) String() string { return fmt.Sprintf("%.1f/%.1f/%.1f ms", s.Min, s.Median, s.Max) }
