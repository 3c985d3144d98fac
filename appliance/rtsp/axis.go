package rtsp

import (
	"time"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

// tracksAt are the main tracks that a moment has: of each kind the one of which
// there is something at it, or the next there will be in its run. Of a moment that is
// not on disk yet they are the current ones.
func tracksAt(line Timeline, m *timeline.Map, p media.Position) []media.Track {
	all := line.Tracks()
	best := map[media.Kind]media.Track{}
	for _, r := range m.Runs {
		if r.Run != p.Run {
			continue
		}
		ends := map[media.Kind]time.Duration{}
		for _, s := range r.Stats { // in the order of their making
			t, ok := trackOf(all, s.Track)
			if !ok || t.Role != media.Main || s.Units == 0 {
				continue
			}
			if _, has := best[t.Kind]; !has || ends[t.Kind] < p.Time-skew {
				best[t.Kind], ends[t.Kind] = t, s.Last
			}
		}
	}
	for _, t := range mainTracks(line.Current()) {
		if _, has := best[t.Kind]; !has && (len(best) == 0 || p.Run == line.Run()) {
			best[t.Kind] = t
		}
	}
	out := make([]media.Track, 0, len(best))
	for _, t := range best {
		out = append(out, t)
	}
	return mainTracks(out)
}

// skew is how far apart the tracks of a camera may be in commit order.
const skew = time.Second

func trackOf(all []media.Track, id uint16) (media.Track, bool) {
	for _, t := range all {
		if t.ID == id {
			return t, true
		}
	}
	return media.Track{}, false
}
