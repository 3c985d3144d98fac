package rtsp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/description"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

// view is what an address shows, as it was when a client asked for it.
type view struct {
	camera string
	place  place
	line   Timeline
	tracks []media.Track // those that RTP can carry, in the order of the SDP
	onvif  bool          // DESCRIBE asked for replay as ONVIF has it

	axis  func() *timeline.Axis // recorded time; npt 0 is where the view begins
	begin media.Position        // of the view; zero: at the live end
	end   media.Position        // zero: none

	captions Captions // the last track is theirs, if there are any
}

// view finds what a path shows. It waits a little for a camera that has shown
// nothing yet. The error is a *refusal.
func (s *Server) view(ctx context.Context, path string) (*view, error) {
	a, err := parseAddress(path)
	if err != nil {
		var r *refusal
		if errors.As(err, &r) {
			return nil, r
		}
		return nil, refuse(base.StatusNotFound, "%v; %s", err, s.cameras())
	}
	line, ok := s.opt.Cameras(a.camera)
	if !ok {
		return nil, refuse(base.StatusNotFound, "no camera %q; %s", a.camera, s.cameras())
	}
	v := &view{camera: a.camera, place: a.place, line: line}
	m := sync.OnceValue(line.Map)
	if err := v.bound(a, m, s.opt.Clock); err != nil {
		return nil, err
	}
	switch newest, ok := line.Newest(); {
	case v.place == window && v.begin.Run != 0:
		v.tracks, err = s.carried(a.camera, tracksAt(line, m(), v.begin))
	case v.place == history && ok && len(line.Current()) == 0: // of a camera that shows nothing now
		v.tracks, err = s.carried(a.camera, tracksAt(line, m(), newest))
	default:
		v.tracks, err = s.tracks(ctx, a.camera, line)
		m = line.Map // it may have waited
	}
	if err != nil {
		return nil, err
	}
	v.axis = sync.OnceValue(func() *timeline.Axis { return timeline.NewAxis(line, m(), v.begin, v.begin.Run != 0) })
	if v.place != live { // on the live address only a Range in clock asks for it
		v.axis()
	}
	if s.opt.Captions != nil {
		if c, ok := s.opt.Captions(a.camera); ok {
			v.captions, v.tracks = c, append(v.tracks, textTrack())
		}
	}
	return v, nil
}

// bound finds where the view begins and ends.
func (v *view) bound(a address, m func() *timeline.Map, clock media.Clock) error {
	switch v.place {
	case history:
		v.begin, _ = v.line.Oldest()
	case window:
		at, ok, err := a.from.position(v.line, clock)
		if err != nil {
			return err
		}
		if ok {
			v.begin, _ = settle(m(), at)
		}
		if a.to == nil {
			return nil
		}
		return v.close(a, m(), clock)
	}
	return nil
}

// settle is p, or in a gap the next recorded moment, or before the first the
// first. ok is false where nothing is recorded after p: that is the live end.
func settle(m *timeline.Map, p media.Position) (at media.Position, ok bool) {
	if r := m.Recorded(p); r < m.Length() {
		return m.At(r), true
	}
	return media.Position{}, false
}

// close finds where a window with an end ends.
func (v *view) close(a address, m *timeline.Map, clock media.Clock) error {
	now := v.line.Back(clock.Boot(), 0)
	switch to := a.to; {
	case !to.wall.IsZero():
		v.end = wallEnd(v.line, to.wall, now)
	case to.pos.Run != 0:
		v.end = to.pos
	default:
		v.end = v.line.Back(clock.Boot(), to.back)
	}
	begin := v.begin
	if begin.Run == 0 {
		begin = now
	}
	if !begin.Before(v.end) || !now.Before(v.end) && m.Recorded(begin) >= m.Recorded(v.end) {
		return refuse(base.StatusInvalidRange, "nothing was recorded in %s, or it ends before it begins", a.text)
	}
	return nil
}

// wallEnd is the position of a wall time at which something is to end. It may be
// still to come; nothing may have been recorded since it was. now is the moment that is recorded.
func wallEnd(line Timeline, wall time.Time, now media.Position) media.Position {
	if p, ok := line.Position(wall); ok {
		return p
	}
	at, _ := line.Wall(now)
	return media.Position{Run: now.Run, Time: now.Time + max(wall.Sub(at), 0)}
}

func (s *Server) cameras() string {
	names := slices.Clone(s.opt.Names())
	slices.Sort(names)
	if len(names) == 0 {
		return "there is no camera"
	}
	return "there is " + strings.Join(names, ", ")
}

// tracks are a camera's tracks as soon as they can be described: when a run has
// just begun, sound may be there a moment before the picture, and the parameter
// sets come with the first key frame.
func (s *Server) tracks(ctx context.Context, camera string, line Timeline) ([]media.Track, error) {
	const step = 50 * time.Millisecond
	t := time.NewTicker(step)
	defer t.Stop()
	for waited := time.Duration(0); ; waited += step {
		all := mainTracks(line.Current())
		if settled(all, line) || len(all) > 0 && waited >= s.opt.Patience {
			return s.carried(camera, all)
		}
		if waited >= s.opt.Patience {
			return nil, refuse(base.StatusServiceUnavailable,
				"camera %q has shown nothing yet; try again when it does", camera)
		}
		select {
		case <-ctx.Done():
			return nil, refuse(base.StatusServiceUnavailable, "the server is closing")
		case <-t.C:
		}
	}
}

// young is how long a run may take to show all its tracks. A player that comes
// earlier, to a camera that has shown one, is kept waiting: it would never learn
// of the other.
const young = 3 * time.Second

func settled(tracks []media.Track, line Timeline) bool {
	if len(tracks) == 0 {
		return false
	}
	for _, t := range tracks {
		if t.Codec == media.H264 && len(t.Config) == 0 {
			return false
		}
	}
	p, ok := line.Newest()
	return len(tracks) > 1 || ok && p.Time > young
}

// mainTracks are the camera's own picture and sound, the picture first.
func mainTracks(all []media.Track) []media.Track {
	out := slices.DeleteFunc(slices.Clone(all), func(t media.Track) bool { return t.Role != media.Main })
	slices.SortStableFunc(out, func(a, b media.Track) int { return int(a.Kind) - int(b.Kind) })
	return out
}

// carried leaves out tracks that RTP cannot carry.
func (s *Server) carried(camera string, all []media.Track) ([]media.Track, error) {
	var out []media.Track
	for _, t := range all {
		if _, err := formatOf(t); err != nil {
			s.complain(nil, camera, ending{"a track that rtp cannot carry", err.Error()})
			continue
		}
		out = append(out, t)
	}
	if len(out) == 0 {
		return nil, refuse(base.StatusUnsupportedMediaType, "camera %q has no track that RTP can carry", camera)
	}
	return out, nil
}

// description makes the medias of one session; gortsplib knows them by their pointers.
func (v *view) description() *description.Session {
	d := &description.Session{Title: v.camera}
	for i, t := range v.tracks {
		f, err := formatOf(t)
		if err != nil {
			panic("rtsp: a track passed carried and has no format: " + err.Error())
		}
		d.Medias = append(d.Medias, mediaOf(t, f, i))
	}
	return d
}

// sdp is the body of the answer to DESCRIBE.
func (v *view) sdp() ([]byte, error) {
	b, err := v.description().Marshal()
	if err != nil {
		return nil, fmt.Errorf("rtsp: describing camera %s: %w", v.camera, err)
	}
	head, rest, ok := strings.Cut(string(b), "m=")
	if !ok {
		return nil, fmt.Errorf("rtsp: describing camera %s: no media", v.camera)
	}
	if v.captions.Language != "" {
		const text = "a=rtpmap:98 t140/1000\r\n"
		rest = strings.Replace(rest, text, text+"a=lang:"+v.captions.Language+"\r\n", 1)
	}
	return []byte(head + "a=control:*\r\na=range:" + v.rangeText() + "\r\nm=" + rest), nil
}

// rangeText is the range that the SDP names.
func (v *view) rangeText() string {
	switch {
	case v.onvif && v.begin.Run != 0:
		if from, _ := v.line.Wall(v.begin); !from.IsZero() {
			until, _ := v.line.Wall(v.last())
			return "clock=" + from.UTC().Format(clockLayout) + "-" + until.UTC().Format(clockLayout)
		}
	case v.place == live:
		return "npt=now-"
	}
	return "npt=0.000-" + nptText(v.length())
}

// length is the recorded time that the view had when it was opened.
func (v *view) length() time.Duration { return v.axis().Recorded(v.last()) }

// last is where the view ended when it was opened.
func (v *view) last() media.Position {
	if v.end.Run != 0 && v.end.Before(v.axis().End()) {
		return v.end
	}
	return v.axis().End()
}

// open opens a cursor at the live end.
func (v *view) open(kinds []media.Kind) Cursor {
	return v.line.Live(timeline.Selection{Kinds: kinds})
}
