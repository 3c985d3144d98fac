package timeline

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"

	"hindsight/media"
)

// trackSet is the tracks of a camera. It is never changed, but replaced.
type trackSet struct {
	all []media.Track // by ID
	now []media.Track // newest of each kind and role in the run being recorded, or in the last run
}

func newTrackSet(all []media.Track) *trackSet { return &trackSet{all: all} }

func (s *trackSet) get(id uint16) (media.Track, bool) {
	for i := range slices.Backward(s.all) { // the newest are the ones asked for
		if s.all[i].ID == id {
			return s.all[i], true
		}
	}
	return media.Track{}, false
}

// with is a set in which tr is known, and current.
func (s *trackSet) with(tr media.Track) *trackSet {
	c := &trackSet{all: slices.Clone(s.all), now: slices.Clone(s.now)}
	if i := slices.IndexFunc(c.all, func(o media.Track) bool { return o.ID == tr.ID }); i >= 0 {
		c.all[i] = tr
	} else {
		c.all = append(c.all, tr)
	}
	c.now = slices.DeleteFunc(c.now, func(o media.Track) bool { return o.Kind == tr.Kind && o.Role == tr.Role })
	c.now = append(c.now, tr)
	slices.SortFunc(c.now, func(a, b media.Track) int { return int(a.ID) - int(b.ID) })
	return c
}

func (t *Timeline) kind(id uint16) media.Kind {
	tr, _ := t.tracks.Load().get(id)
	return tr.Kind
}

// Tracks are the tracks of the camera, by ID.
func (t *Timeline) Tracks() []media.Track { return slices.Clone(t.tracks.Load().all) }

// Track returns the track to append units of tr to: the newest one with tr's
// kind and role if tr is Same as it, also from an earlier run; else a new one.
func (t *Timeline) Track(tr media.Track) (media.Track, error) {
	if t.o.ReadOnly {
		return media.Track{}, ErrClosed
	}
	t.making.Lock()
	defer t.making.Unlock()
	set := t.tracks.Load()
	for _, o := range slices.Backward(set.all) {
		if o.Kind != tr.Kind || o.Role != tr.Role {
			continue
		}
		if !o.Same(tr) {
			break
		}
		tr.ID = o.ID
		t.tracks.Store(set.with(tr))
		return tr, nil
	}
	made, err := t.o.Store.NewTrack(tr)
	if err != nil {
		return media.Track{}, fmt.Errorf("timeline: camera %s: new %s track: %w", t.o.Camera, tr.Kind, err)
	}
	t.tracks.Store(set.with(made))
	return made, nil
}

// Current are the newest tracks of each kind and role in the run being
// recorded (or in the last run), with Config and size brought up to date; what an SDP describes.
func (t *Timeline) Current() []media.Track {
	set := t.tracks.Load()
	if len(set.now) > 0 || !t.o.ReadOnly {
		return slices.Clone(set.now)
	}
	old := t.past.runs()
	if len(old) == 0 {
		return nil
	}
	last := &trackSet{all: set.all}
	for _, s := range old[len(old)-1].info.Stats {
		if tr, ok := set.get(s.Track); ok {
			last = last.with(tr)
		}
	}
	for i, tr := range last.now {
		if u, ok := t.lastKey(tr); ok {
			last.now[i] = update(tr, u.Payload)
		}
	}
	return last.now
}

// learn brings a track up to date with a key frame of it.
func (t *Timeline) learn(tr media.Track, payload []byte) {
	up := update(tr, payload)
	if up.Width == tr.Width && up.Height == tr.Height && bytes.Equal(up.Config, tr.Config) {
		return
	}
	t.making.Lock()
	defer t.making.Unlock()
	t.tracks.Store(t.tracks.Load().with(up))
}

// update is tr with the parameter sets and the size that a key frame of H.264
// carries: NAL units behind 4-byte lengths (ITU-T H.264 section 7.3.1).
func update(tr media.Track, payload []byte) media.Track {
	if tr.Codec != media.H264 {
		return tr
	}
	var config []byte
	for p := payload; len(p) > 4; {
		n := int(binary.BigEndian.Uint32(p))
		if n <= 0 || n > len(p)-4 {
			break
		}
		switch nal := p[4 : 4+n]; h264.NALUType(nal[0] & 0x1F) {
		case h264.NALUTypeSPS:
			var sps h264.SPS
			if sps.Unmarshal(nal) != nil {
				return tr
			}
			tr.Width, tr.Height = uint16(sps.Width()), uint16(sps.Height())
			config = append(config, p[:4+n]...)
		case h264.NALUTypePPS:
			config = append(config, p[:4+n]...)
		case h264.NALUTypeIDR, h264.NALUTypeNonIDR:
			n = len(p) - 4 // parameter sets stand before the slices
		}
		p = p[4+n:]
	}
	if len(config) > 0 && len(config) <= 0xffff { // what a block can describe
		tr.Config = config
	}
	return tr
}
