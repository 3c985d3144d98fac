package asr

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	"hindsight/media"
)

// Config is what a Listener needs to know. The zero value of a field is the
// default that stands behind it.
type Config struct {
	Child   Setup
	Options Options
	Channel Channel
	// Caption is what every caption begins as: Language, Model, Track and Role.
	Caption media.Caption
	Limits  Limits // DefaultLimits
	Rule    Rule   // what is hidden as nonsense: nothing

	Memory int64   // bytes that the child may use; 0: any number
	Load   float64 // CPU time per time of the child, as a part of one core, over some seconds; 0: any

	RenewAt  time.Duration // of sound, after which a new recogniser begins with the next silence: 5 min
	RenewBy  time.Duration // after which it begins at the latest: 10 min
	Longest  time.Duration // of an utterance, and of the sound that is kept for another child: 1 min
	Quiet    time.Duration // without sound from the source, after which what was heard is made final: 3 s
	Behind   time.Duration // from which on Listening is called Behind: 10 s
	Again    time.Duration // before a child is started again after the first fault, doubled with each: 100 ms
	AgainMax time.Duration // at most: 30 s

	Log *slog.Logger // nil: nothing is logged
}

func (c Config) withDefaults() Config {
	c.RenewAt = cmp.Or(c.RenewAt, 5*time.Minute)
	c.RenewBy = cmp.Or(c.RenewBy, 10*time.Minute)
	c.Longest = cmp.Or(c.Longest, time.Minute)
	c.Quiet = cmp.Or(c.Quiet, 3*time.Second)
	c.Behind = cmp.Or(c.Behind, 10*time.Second)
	c.Again = cmp.Or(c.Again, 100*time.Millisecond)
	c.AgainMax = cmp.Or(c.AgainMax, 30*time.Second)
	c.Limits = cmp.Or(c.Limits, DefaultLimits())
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// Listener makes captions of one track's sound with one model. Its child may
// die at any moment: what it had not made final is fed to the next.
type Listener struct {
	Config
	cut  *cutter
	sink Sink
	tape tape

	child  *Process   // nil: none
	rec    Recognizer // nil: none
	start  func(context.Context, Setup) (*Process, error)
	hold   throttle
	faults int // since anything was made final
	poison poison

	run     media.Run
	done    time.Duration // up to here all is handed over
	horizon time.Duration // end of the last word handed over
	age     time.Duration // sound that rec has heard
	looked  int           // pieces since the child's memory was looked at
	shown   string        // the last Partial
	skipped string        // what was left out of the span in work, and why

	mu     sync.Mutex
	status Status
}

// NewListener makes a Listener; Run starts it.
func NewListener(c Config) *Listener {
	l := &Listener{Config: c.withDefaults(), start: Start}
	l.hold = newThrottle(l.Load)
	return l
}

// Status is how it fares. It may be called by any goroutine.
func (l *Listener) Status() Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.status
}

// Run listens until the sound ends (nil), ctx is done (its error), or the sound
// or the sink fails. A child that fails is no error: it is told to the sink, and
// another is started, for ever.
func (l *Listener) Run(ctx context.Context, sound Sound, sink Sink) error {
	l.cut = &cutter{sound: sound, channel: l.Channel, quiet: l.Quiet}
	l.sink = sink
	err := l.listen(ctx)
	l.dismiss()
	l.tell(Stopped, "", "")
	return err
}

func (l *Listener) listen(ctx context.Context) error {
	// Told before there is any sound, whether there can be captions.
	if err := l.ready(ctx); err != nil {
		return err
	}
	for {
		p, err := l.cut.next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return cmp.Or(ctx.Err(), err)
		}
		if len(l.tape.pieces) == 0 && (p.run != l.run || p.at > l.done+jitter || p.at < l.done-shortHole) {
			l.run, l.done, l.horizon = p.run, p.at, p.at
		}
		l.tape.push(p)
		l.note(func(s *Status) { s.Heard += time.Duration(len(p.pcm)) * sampleTime; s.Behind = l.cut.behind })
		if err := l.hear(ctx, p.end); err != nil {
			return err
		}
	}
}

// hear feeds what is not fed yet, as often as it takes. At the end of a stretch
// it makes all of it final.
func (l *Listener) hear(ctx context.Context, end bool) error {
	for {
		err := l.try(ctx, end)
		var f *Fault
		if !errors.As(err, &f) {
			return err
		}
		if err := l.recover(ctx, f); err != nil {
			return err
		}
	}
}

func (l *Listener) try(ctx context.Context, end bool) error {
	for {
		if err := l.ready(ctx); err != nil {
			return err
		}
		if err := l.begin(); err != nil {
			return fault(err)
		}
		p, more := l.tape.next()
		switch {
		case more:
			if err := l.feed(ctx, p); err != nil {
				return err
			}
		case end, l.tape.length() >= l.Longest, l.age >= l.RenewBy && l.tape.fed > 0:
			if err := l.finish(end); err != nil || end {
				return err
			}
		default:
			return nil
		}
	}
}

// ready makes sure that there is a child.
func (l *Listener) ready(ctx context.Context) error {
	for l.child == nil {
		if l.faults == 0 && l.Status().State != Starting {
			l.tell(Starting, "", "")
		}
		child, err := l.start(ctx, l.Child)
		if err == nil {
			l.child = child
			l.note(func(s *Status) { s.Starts++; s.Pid = child.Pid() })
			err = l.look(true)
		}
		if err == nil {
			err = l.name()
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil {
			err = l.begin()
		}
		if err != nil {
			var f *Fault
			if !errors.As(fault(err), &f) {
				return err
			}
			if err := l.recover(ctx, f); err != nil {
				return err
			}
			continue
		}
		l.Log.Info("recogniser started", "pid", child.Pid(), "model", l.Child.Model)
		l.tellProgress()
	}
	return nil
}

// name finds out which words of the phrases the model lacks.
func (l *Listener) name() error {
	var words []string
	for _, p := range l.Options.Phrases {
		words = append(words, strings.Fields(p)...)
	}
	if len(words) == 0 {
		return nil
	}
	lacks, err := l.child.Lacks(words)
	l.note(func(s *Status) { s.Lacks = lacks })
	return err
}

// begin makes sure that there is a recogniser; it begins with the tape's oldest piece.
func (l *Listener) begin() error {
	if l.rec != nil {
		return nil
	}
	rec, err := l.child.New(l.Options)
	if err != nil {
		return err
	}
	l.rec, l.age = rec, 0
	l.tape.rewind()
	return nil
}

// feed feeds one piece and takes what comes of it.
func (l *Listener) feed(ctx context.Context, p piece) error {
	l.poison.now = p
	var a Answer
	if len(p.pcm) > 0 {
		var err error
		if a, err = l.rec.Feed(p.pcm); err != nil {
			return fault(err)
		}
	}
	l.tape.fed++
	l.age += time.Duration(len(p.pcm)) * sampleTime
	if l.looked++; l.looked >= lookEvery {
		if err := l.look(false); err != nil {
			return err
		}
		if err := l.hold.wait(ctx, l.Status().CPU); err != nil {
			return err
		}
	}
	l.poison.now = piece{}
	l.tellProgress()
	if !a.Final {
		l.partial(a.Partial)
		return nil
	}
	words := l.tape.words(a.Words)
	safe, renew := l.after(words)
	if err := l.final(words, safe); err != nil {
		return err
	}
	if renew || l.age >= l.RenewAt && (len(words) == 0 || l.age >= (l.RenewAt+l.RenewBy)/2) {
		_ = l.rec.Close() // the next takes its place
		l.rec = nil
	}
	if l.Memory > 0 && l.Status().RSS > l.Memory {
		l.tell(Starting, Memory, fmt.Sprintf("the recogniser reached its memory limit of %d MB and is started again", l.Memory/1e6))
		l.Log.Info("recogniser renewed: it reached its memory limit", "rss", l.Status().RSS, "limit", l.Memory)
		l.dismiss()
	}
	return nil
}

// after is up to where nothing is to come after an utterance, and whether a new
// recogniser must go on from there.
//
// An engine decides some 0.3 s later than it hears. So when it ends an utterance
// the next word may have begun: another recogniser is to hear it from its
// beginning. And when it has begun for all to hear, the engine has cut it in two.
func (l *Listener) after(words []media.Word) (safe time.Duration, renew bool) {
	const (
		ahead  = 400 * time.Millisecond
		looked = time.Second            // back from the present
		ring   = 300 * time.Millisecond // that a word rings on
		rise   = 200 * time.Millisecond // of a word, too soft to be noticed
	)
	heard := l.tape.heard()
	from := heard - looked
	if n := len(words); n > 0 {
		from = max(from, words[n-1].End+ring)
	}
	if at, ok := l.tape.onset(from); ok {
		return min(heard-ahead, at-rise), true
	}
	return heard - ahead, false
}

// finish makes final what was heard. All of it, at the end of a stretch;
// else a new recogniser goes on after the last word.
func (l *Listener) finish(end bool) error {
	a, err := l.rec.Finish()
	if err != nil {
		return fault(err)
	}
	l.rec = nil
	words := l.tape.words(a.Words)
	safe := l.tape.heard()
	if !end && len(words) > 0 {
		// The last word may be half a word: leave it to the next, unless it is all there is.
		if last := words[len(words)-1]; len(words) > 1 && safe-last.End < 300*time.Millisecond {
			words = words[:len(words)-1]
			safe = min(safe, (words[len(words)-1].End+last.Start)/2)
		}
	}
	if err := l.final(words, safe); err != nil {
		return err
	}
	if end {
		l.tape.clear()
	}
	return nil
}

// final hands over what was said up to safe, which is never in the middle of a word.
func (l *Listener) final(words []media.Word, safe time.Duration) error {
	var fresh []media.Word
	for _, w := range words {
		// What another recogniser said already it may have dated a little otherwise.
		if (w.Start+w.End)/2 >= l.horizon {
			w.Start = min(max(w.Start, l.done), w.End)
			fresh = append(fresh, w)
		}
	}
	if n := len(fresh); n > 0 {
		l.horizon = fresh[n-1].End
		safe = max(safe, min(fresh[n-1].End+100*time.Millisecond, l.tape.heard()))
	}
	safe = max(safe, l.done)
	captions := l.captions(l.Rule.Keep(fresh))
	span := media.HeardSpan{
		Run: l.run, From: l.done, Until: safe, Track: l.Caption.Track,
		Language: l.Caption.Language, State: media.HeardDone, Why: l.skipped,
	}
	l.partial("")
	if err := l.sink.Done(captions, span); err != nil {
		return fmt.Errorf("keep captions: %w", err)
	}
	l.done, l.faults, l.skipped = safe, 0, ""
	l.tape.forget(safe)
	return nil
}

func (l *Listener) captions(words []media.Word) []media.Caption {
	all := Segment(words, l.Limits)
	for i, c := range all {
		f := l.Caption
		f.Run, f.Start, f.End, f.Words, f.Text = l.run, c.Start, c.End, c.Words, c.Text
		all[i] = f
	}
	return all
}

// partial shows what is being said, where it has changed.
func (l *Listener) partial(text string) {
	if text == l.shown {
		return
	}
	l.shown = text
	c := l.Caption
	c.Run, c.Start, c.End, c.Partial = l.run, l.horizon, l.tape.heard(), true
	c.Text = joinFields(text)
	l.sink.Partial(c)
}
