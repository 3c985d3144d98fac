package appliance

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"hindsight/appliance/encode"
	"hindsight/media"
)

// pictureQueue is how many pictures may wait for the encoder at a rate: half a
// second, enough for a machine that is busy elsewhere for a moment, too few to delay live.
func pictureQueue(rate int) int { return max(6, rate/2) }

// together is how far apart sound and picture may end, or begin again, and be
// told as one loss: a viewer does not care for the rest.
const together = time.Second

// tracks is what a recorder needs of a timeline to append.
type tracks interface {
	Media(boot time.Duration) time.Duration
	Track(t media.Track) (media.Track, error)
	Append(u media.Unit) error
	Lose(k media.Kind, from time.Duration, why media.Reason, detail string)
	Regain(k media.Kind, at time.Duration)
}

// recorder turns what one run of a source delivers into units on the timeline.
// Pictures are encoded by a goroutine of their own, so that an encoder that is
// too slow costs pictures, counted, and never the source's own buffers.
type recorder struct {
	conf    CameraConfig
	tl      tracks
	drops   *drops
	log     *slog.Logger
	decide  func(ctx context.Context, p media.Picture) (encode.Decision, error)
	ends    *ends
	loud    *loudness // nil: nobody wants to know
	began   atomic.Bool
	onBegin func()
	patient bool // a full queue holds the source up: for one that can wait

	gate   sync.RWMutex // held for reading while the source hands something over
	closed bool         // under gate: a source that goes on after its Run is not heard

	mu      sync.Mutex // video and audio units come from two goroutines
	current map[media.Kind]media.Track
	heard   map[media.Kind]bool // kinds that have begun since the source was started, or jumped
	back    time.Duration       // media time of the first unit of them; 0: none has come

	pictures  chan queued
	skipped   bool        // Picture's own: one was dropped since the last that was queued
	measuring atomic.Bool // pictures that come meanwhile are no drops unless recording has begun
	wg        sync.WaitGroup
	ctx       context.Context

	audio *encode.Audio
	drift atomic.Pointer[encode.Drift]
}

// queued is a picture that waits for the encoder.
type queued struct {
	media.Picture
	lost bool // the one before it was dropped
}

// ends remembers where each kind of a camera ends, from run to run of its source.
type ends struct {
	mu sync.Mutex
	at map[media.Kind]time.Duration // media time
}

func (e *ends) set(k media.Kind, at time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if at > e.at[k] {
		e.at[k] = at
	}
}

func (e *ends) get(k media.Kind) time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.at[k]
}

// start makes the recorder ready; close ends it. ctx only ends the measuring
// of the encoder: what was received is encoded in any case.
func (r *recorder) start(ctx context.Context) {
	r.ctx = ctx
	r.current = map[media.Kind]media.Track{}
	r.heard = map[media.Kind]bool{}
	r.pictures = make(chan queued, pictureQueue(r.conf.Rate))
	r.wg.Add(1)
	go r.encodePictures()
}

// close encodes what was received and frees the encoders. What a source still
// hands over is dropped.
func (r *recorder) close() {
	r.gate.Lock()
	r.closed = true
	close(r.pictures)
	r.gate.Unlock()
	r.wg.Wait()
	if r.audio != nil {
		r.flushAudio()
	}
}

// Began reports whether any unit has come.
func (r *recorder) Began() bool { return r.began.Load() }

// Picture is capture.Sink's.
func (r *recorder) Picture(p media.Picture) {
	r.gate.RLock()
	defer r.gate.RUnlock()
	if r.closed {
		return
	}
	if r.patient {
		r.pictures <- queued{Picture: p}
		return
	}
	select {
	case r.pictures <- queued{p, r.skipped}:
		r.skipped = false
	default:
		if r.Began() || !r.measuring.Load() {
			r.drops.add(media.Video, "the encoder is too slow")
			r.skipped = true
		}
	}
}

// Dropped is capture.Sink's.
func (r *recorder) Dropped(k media.Kind, why string) { r.drops.add(k, why) }

func (r *recorder) encodePictures() {
	defer r.wg.Done()
	var video *encode.Video
	var format media.Format
	lost := false
	for q := range r.pictures {
		p := q.Picture
		lost = lost || q.lost
		if video == nil || p.Format != format {
			if video != nil {
				video.Close()
			}
			video, format = r.newVideo(p), p.Format
			if video == nil {
				continue
			}
		}
		t, u, ok, err := video.Encode(p)
		if err != nil {
			r.drops.add(media.Video, err.Error())
			continue
		}
		if ok {
			if lost {
				u.Flags |= media.Lost
			}
			lost = false
			r.append(t, u)
		}
	}
	if video != nil {
		video.Close()
	}
}

// newVideo measures the encoder for pictures like p and makes it.
func (r *recorder) newVideo(p media.Picture) *encode.Video {
	r.measuring.Store(true)
	defer r.measuring.Store(false)
	d, err := r.decide(r.ctx, p)
	if err != nil {
		if r.ctx.Err() == nil { // else the recording has ended before it began
			r.drops.add(media.Video, err.Error())
		}
		return nil
	}
	v, err := encode.NewVideo(d.Options(float64(r.conf.Rate), r.conf.VideoBitrate))
	if err != nil {
		r.drops.add(media.Video, err.Error())
		return nil
	}
	return v
}

// Sound is capture.Sink's.
func (r *recorder) Sound(s media.Sound) {
	r.gate.RLock()
	defer r.gate.RUnlock()
	if !r.closed {
		if r.loud != nil {
			r.loud.add(s)
		}
		r.encodeSound(s)
	}
}

func (r *recorder) encodeSound(s media.Sound) {
	if r.audio == nil {
		a, err := encode.NewAudio(encode.AudioOptions{Bitrate: r.conf.AudioBitrate})
		if err != nil {
			r.drops.add(media.Audio, err.Error())
			return
		}
		r.audio = a
	}
	units, err := r.audio.Write(s)
	r.appendAudio(units)
	switch {
	case errors.Is(err, encode.ErrDiscontinuity):
		r.log.Warn("sound: the device's samples jumped; the clock is found anew", "detail", err)
		r.flushAudio()
		r.loseAudio(err)
		r.encodeSound(s)
		return
	case err != nil:
		r.drops.add(media.Audio, err.Error())
	}
	d := r.audio.Drift()
	r.drift.Store(&d)
}

func (r *recorder) flushAudio() {
	units, err := r.audio.Flush()
	r.appendAudio(units)
	if err != nil {
		r.drops.add(media.Audio, err.Error())
	}
	r.audio.Close()
	r.audio = nil
}

// loseAudio begins a gap that the next unit of sound ends.
func (r *recorder) loseAudio(why error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.heard[media.Audio] {
		r.tl.Lose(media.Audio, r.ends.get(media.Audio), media.MicrophoneLost, oneLine(why))
		r.heard[media.Audio], r.back = false, 0
	}
}

func (r *recorder) appendAudio(units []media.Unit) {
	for _, u := range units {
		r.append(r.audio.Track(), u)
	}
}

// Coded is capture.Sink's.
func (r *recorder) Coded(t media.Track, u media.Unit) {
	r.gate.RLock()
	defer r.gate.RUnlock()
	if !r.closed {
		r.append(t, u)
	}
}

// append puts a unit whose DTS is on Clock.Boot onto the timeline.
func (r *recorder) append(t media.Track, u media.Unit) {
	r.mu.Lock()
	defer r.mu.Unlock()
	cur, ok := r.current[t.Kind]
	if !ok || !cur.Same(t) || len(t.Config) > 0 && string(cur.Config) != string(t.Config) {
		var err error
		if cur, err = r.tl.Track(t); err != nil {
			r.drops.add(t.Kind, err.Error())
			return
		}
		r.current[t.Kind] = cur
	}
	u.Track = cur.ID
	u.DTS = r.tl.Media(u.DTS)
	if u.DTS <= 0 {
		return // taken before the run began
	}
	if !r.heard[t.Kind] {
		r.regain(t.Kind, u.DTS)
	}
	if err := r.tl.Append(u); err != nil {
		r.drops.add(t.Kind, err.Error())
		return
	}
	r.heard[t.Kind] = true
	r.ends.set(t.Kind, u.DTS+r.length(t, u))
	if !r.began.Swap(true) {
		r.onBegin()
	}
}

// regain ends the gap of everything and that of this kind. Sound and picture that
// come back together do so in one moment, that of the first unit of either.
func (r *recorder) regain(k media.Kind, at time.Duration) {
	r.tl.Regain(0, at)
	if r.back == 0 || (at-r.back).Abs() >= together {
		r.back = at
	}
	r.tl.Regain(k, min(at, r.back))
}

// length is how long the unit lasts: a picture until the next one is due.
func (r *recorder) length(t media.Track, u media.Unit) time.Duration {
	if d := t.Duration(u.Payload); d > 0 {
		return d
	}
	return time.Second / time.Duration(r.conf.Rate)
}
