package rtsp

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/description"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

// view is what an address shows, as it was when a client asked for it.
type view struct {
	camera string
	line   Timeline
	tracks []media.Track // those that RTP can carry, in the order of the SDP

	captions Captions // the last track is theirs, if there are any
}

// view finds what a path shows. It waits a little for a camera that has shown
// nothing yet. The error is a *refusal.
func (s *Server) view(ctx context.Context, path string) (*view, error) {
	a, err := parseAddress(path)
	if err != nil {
		return nil, refuse(base.StatusNotFound, "%v; %s", err, s.cameras())
	}
	line, ok := s.opt.Cameras(a.camera)
	if !ok {
		return nil, refuse(base.StatusNotFound, "no camera %q; %s", a.camera, s.cameras())
	}
	if a.rest != "" {
		return nil, refuse(base.StatusNotFound,
			"/%s/%s is not available, only the live address /%s is", a.camera, a.rest, a.camera)
	}
	tracks, err := s.tracks(ctx, a.camera, line)
	if err != nil {
		return nil, err
	}
	v := &view{camera: a.camera, line: line, tracks: tracks}
	if s.opt.Captions != nil {
		if c, ok := s.opt.Captions(a.camera); ok {
			v.captions, v.tracks = c, append(v.tracks, textTrack())
		}
	}
	return v, nil
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

// sdp is the body of the answer to DESCRIBE. The range says that there is only now.
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
	return []byte(head + "a=control:*\r\na=range:npt=now-\r\nm=" + rest), nil
}

// open opens a cursor where PLAY begins.
func (v *view) open(kinds []media.Kind) Cursor {
	return v.line.Live(timeline.Selection{Kinds: kinds})
}

// playRange reads the Range of a PLAY. Live can begin nowhere but now, and
// players send npt=0 for "from the beginning of what you have", so any npt is now.
func playRange(h base.HeaderValue) (answer string, err error) {
	if len(h) == 0 {
		return "npt=now-", nil
	}
	unit, _, ok := strings.Cut(h[0], "=")
	if !ok || len(h) > 1 {
		return "", refuse(base.StatusInvalidRange, "a Range must be npt=, as in npt=now-")
	}
	if u := strings.ToLower(strings.TrimSpace(unit)); u != "npt" {
		return "", refuse(base.StatusInvalidRange, "a live address plays npt=now-, not %q", u)
	}
	return "npt=now-", nil
}
