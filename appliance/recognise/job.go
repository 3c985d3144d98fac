package recognise

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/asr"
	"hindsight/asr/text"
	"hindsight/media"
)

// Request asks for captions of a range to be made, or made again.
type Request struct {
	Camera  string
	Hearing // Off and Problem do not count
	From    media.Position
	To      media.Position
	Replace bool // what is there in that language, but for what a person wrote or changed; else they stand beside it
}

// JobState says how far a Job is.
type JobState string

// The states.
const (
	JobWaiting   JobState = "waiting"
	JobRunning   JobState = "running"
	JobDone      JobState = "done"
	JobFailed    JobState = "failed"
	JobCancelled JobState = "cancelled"
)

// over reports whether nothing more comes.
func (s JobState) over() bool { return s == JobDone || s == JobFailed || s == JobCancelled }

// Job is how a Request fares.
type Job struct {
	ID string
	Request
	State    JobState
	Progress float64 // 0 to 1, of the sound
	Captions int     // kept so far
	Error    string  // one sentence, if it failed
}

// keptJobs is how many jobs that are over are remembered, and waitingJobs how many may wait.
const (
	keptJobs    = 50
	waitingJobs = 100
)

// job is a Job and its ends.
type job struct {
	mu     sync.Mutex
	Job    Job
	ctx    context.Context
	cancel context.CancelFunc
}

func (j *job) get() Job {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.Job
}

func (j *job) change(f func(*Job)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	f(&j.Job)
}

// ErrNoJob says that there is no job of that number (any more).
var ErrNoJob = errors.New("there is no such job")

// Make has captions made, after the jobs before it. Its error is one sentence.
func (s *Service) Make(r Request) (Job, error) {
	tl, ok := s.o.Cameras[r.Camera]
	if !ok {
		return Job{}, fmt.Errorf("there is no camera %q", r.Camera)
	}
	if !r.From.Before(r.To) {
		return Job{}, errors.New("the range is empty: its end does not lie after its beginning")
	}
	if _, err := asked(tl, r); err != nil {
		return Job{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx == nil || s.ctx.Err() != nil {
		return Job{}, errors.New("the recorder is starting or stopping")
	}
	waiting := 0
	s.jobs = slices.DeleteFunc(s.jobs, func(j *job) bool {
		over := j.get().State.over()
		if !over {
			waiting++
		}
		return over && len(s.jobs) > keptJobs
	})
	if waiting >= waitingJobs {
		return Job{}, fmt.Errorf("%d jobs wait already; cancel some, or wait", waiting)
	}
	s.lastJob++
	ctx, cancel := context.WithCancel(s.ctx)
	j := &job{Job: Job{ID: strconv.Itoa(s.lastJob), Request: r, State: JobWaiting}, ctx: ctx, cancel: cancel}
	s.jobs = append(s.jobs, j)
	select {
	case s.work <- struct{}{}:
	default:
	}
	return j.get(), nil
}

// Jobs are those that are not over, and the last that are, in the order they were asked for.
func (s *Service) Jobs() []Job {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Job, len(s.jobs))
	for i, j := range s.jobs {
		out[i] = j.get()
	}
	return out
}

// Cancel ends a job. What it has made stays.
func (s *Service) Cancel(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, j := range s.jobs {
		if j.get().ID == id {
			j.change(func(k *Job) {
				if !k.State.over() {
					k.State = JobCancelled
				}
			})
			j.cancel()
			return nil
		}
	}
	return ErrNoJob
}

// waiting is the first job that has not begun.
func (s *Service) waiting() *job {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, j := range s.jobs {
		if j.get().State == JobWaiting {
			return j
		}
	}
	return nil
}

// jobsWait reports whether a job waits for the second recogniser.
func (s *Service) jobsWait() bool { return s.waiting() != nil }

// runJobs does one job after the other.
func (s *Service) runJobs(ctx context.Context) {
	for {
		j := s.waiting()
		if j == nil {
			select {
			case <-ctx.Done():
				return
			case <-s.work:
			}
			continue
		}
		for _, camera := range s.names() {
			for _, h := range s.hearings(camera) {
				h.endSecond()
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-s.second:
		}
		j.change(func(k *Job) {
			if k.State == JobWaiting {
				k.State = JobRunning
			}
		})
		err := s.do(j)
		s.second <- struct{}{}
		j.cancel()
		j.change(func(k *Job) {
			switch {
			case k.State != JobRunning:
			case err == nil:
				k.State, k.Progress = JobDone, 1
			default:
				k.State, k.Error = JobFailed, err.Error()
			}
		})
	}
}

// asked are the stretches that a request is about.
func asked(tl Timeline, r Request) ([]stretch, error) {
	r = r.widened(tl)
	var all []stretch
	for _, s := range recorded(tl.Map(), tl.Tracks()) {
		s = s.within(r.From, r.To)
		if s.length() > 0 {
			all = append(all, s)
		}
	}
	if len(all) == 0 {
		return nil, errors.New("no sound is recorded there")
	}
	if r.Replace {
		return all, nil
	}
	there, err := tl.Captions(timeline.CaptionQuery{From: r.From, Until: r.To, Language: r.Language, Model: r.Model.Name, Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(there) == 0 {
		return all, nil
	}
	var rest []stretch
	done := tl.Heard(timeline.HeardQuery{From: r.From, Until: r.To, Language: r.Language, State: media.HeardDone})
	for _, s := range all {
		for _, x := range s.minus(done) {
			if x.length() >= tooShort {
				rest = append(rest, x)
			}
		}
	}
	if len(rest) == 0 {
		return nil, fmt.Errorf("%s has captioned that in %s already; ask for its captions to be replaced, or for another model", r.Model.Name, r.Language)
	}
	return rest, nil
}

// widened is r with its ends moved out of the captions that are to be replaced.
func (r Request) widened(tl Timeline) Request {
	if !r.Replace {
		return r
	}
	for _, end := range []*media.Position{&r.From, &r.To} {
		cs, err := tl.Captions(timeline.CaptionQuery{From: *end, Until: media.Position{Run: end.Run, Time: end.Time + 1}, Language: r.Language})
		if err != nil {
			continue // those that can be read are all that can be replaced
		}
		for _, c := range cs {
			switch {
			case c.Run != end.Run || c.ByHand():
			case end == &r.From && c.Start < end.Time:
				end.Time = c.Start
			case end == &r.To && c.Start < end.Time && c.End > end.Time:
				end.Time = c.End
			}
		}
	}
	return r
}

// within is the part of s between two positions.
func (s stretch) within(from, to media.Position) stretch {
	switch {
	case s.run < from.Run || s.run > to.Run:
		s.until = s.from
		return s
	case s.run == from.Run:
		s.from = max(s.from, from.Time)
	}
	if s.run == to.Run {
		s.until = min(s.until, to.Time)
	}
	return s
}

// beginJob is what a job is to do. What the live recogniser is at is its: it is done in a moment.
func (s *Service) beginJob(r Request) ([]stretch, error) {
	s.said[r.Camera].Lock()
	defer s.said[r.Camera].Unlock()
	all, err := asked(s.o.Cameras[r.Camera], r)
	if err != nil {
		return nil, err
	}
	var ahead []media.HeardSpan
	for _, h := range s.hearings(r.Camera) {
		h.mu.Lock()
		if h.Language == r.Language && h.live != nil {
			ahead = append(ahead, h.live.ahead().span("", "", ""))
		}
		h.mu.Unlock()
	}
	var mine []stretch
	for _, x := range all {
		mine = append(mine, x.minus(ahead)...)
	}
	return mine, nil
}

// do does a job, track by track.
func (s *Service) do(j *job) error {
	r := j.get().Request
	tl := s.o.Cameras[r.Camera]
	all, err := s.beginJob(r)
	if err != nil {
		return err
	}
	spelling, err := text.NewSpelling(r.Language)
	if err != nil {
		return err
	}
	leave, why := s.reserve(r.Memory, []string{r.Model.Name})
	if why != "" {
		return errors.New(why)
	}
	defer leave()
	h := &hearing{Hearing: r.Hearing, s: s, said: s.said[r.Camera], camera: r.Camera, tl: tl, log: s.log.With("camera", r.Camera, "job", j.get().ID), spelling: spelling}
	total, before := left(all), time.Duration(0)
	for len(all) > 0 {
		t, mine, others, err := firstTrack(tl, all)
		if err != nil {
			return err
		}
		if err := s.doTrack(j, h, t, mine, leave, func(done time.Duration) float64 {
			return (before + done).Seconds() / total.Seconds()
		}); err != nil {
			return err
		}
		before += left(mine)
		all = others
	}
	return nil
}

// giveUp is how many faults of the recogniser, one after the other, end a job:
// who asked for it is there to be told.
const giveUp = 6

// errHot ends a recogniser until the machine has cooled down.
var errHot = errors.New("the machine is too hot")

// doTrack does the part of a job that is of one track.
func (s *Service) doTrack(j *job, h *hearing, t media.Track, mine []stretch, leave func(), share func(time.Duration) float64) error {
	var heard []media.HeardSpan
	for {
		if err := s.heat.until(j.ctx, false); err != nil {
			return err
		}
		var rest []stretch
		for _, x := range mine {
			rest = append(rest, x.minus(heard)...)
		}
		err := s.readFor(j, h, t, rest, leave, func(span media.HeardSpan) float64 {
			heard = append(heard, span)
			return share(left(mine) - left(rest) + covered(rest, heard))
		})
		if !errors.Is(err, errHot) {
			return err
		}
	}
}

// covered is how much of ss spans cover that do not overlap.
func covered(ss []stretch, spans []media.HeardSpan) (sum time.Duration) {
	for _, h := range spans {
		sum += overlap(ss, h)
	}
	return sum
}

// readFor reads stretches of a job until all is kept, it fails, or it gets too hot. heard is told
// what is kept, and answers the job's progress.
func (s *Service) readFor(j *job, h *hearing, t media.Track, mine []stretch, leave func(), heard func(media.HeardSpan) float64) error {
	r := j.get().Request
	ctx, fail := context.WithCancelCause(j.ctx)
	defer fail(nil)
	go func() {
		if s.heat.until(ctx, true) == nil {
			fail(errHot)
		}
	}()
	faults := 0
	rd := &reading{h: h, track: t, todo: mine, config: h.config(t), onReady: leave,
		begin: func(*asr.Listener) {},
		keep: func(cs []media.Caption, span media.HeardSpan) error {
			added, err := h.keepFor(r, t.ID, cs, span)
			if err != nil {
				return err
			}
			done := heard(span)
			j.change(func(k *Job) {
				k.Captions += len(added)
				k.Progress = min(max(k.Progress, done), 0.999)
			})
			return nil
		},
		onDone: func() { faults = 0 },
		onFault: func(st asr.Status) {
			faults++
			switch st.Reason {
			case asr.NoEngine, asr.NoLibrary, asr.NoModel, asr.BrokenModel, asr.BadPhrases: // it will not get better
				faults = giveUp
			}
			if faults >= giveUp {
				fail(errors.New(st.Why))
			}
		}}
	err := rd.run(ctx)
	if cause := context.Cause(ctx); err != nil && cause != nil && j.ctx.Err() == nil {
		return cause
	}
	return err
}

// keepFor keeps what a job has found.
func (h *hearing) keepFor(r Request, track uint16, cs []media.Caption, span media.HeardSpan) ([]media.Caption, error) {
	h.said.Lock()
	defer h.said.Unlock()
	if !r.Replace {
		return h.tl.AddCaptions(cs, span)
	}
	added, _, err := h.tl.ReplaceCaptions(timeline.CaptionRange{
		From: media.Position{Run: span.Run, Time: span.From}, Until: media.Position{Run: span.Run, Time: span.Until},
		Language: r.Language, Track: track, KeepHand: true}, cs, span)
	return added, err
}
