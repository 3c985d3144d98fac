package player

import (
	"maps"
	"math"
	"slices"
	"time"

	"hindsight/media"
)

// take takes an item.
func (w *show) take(it Item) error {
	first := w.cut == nil && len(w.held) == 0
	if it.Point != nil && !(first && it.Point.Position == w.land.Point.Position && it.Point.Recorded == w.land.Point.Recorded) {
		if err := w.jump(it, first); err != nil {
			return err
		}
	}
	w.reached = it.DTS
	if it.Holes != nil {
		w.lack(it.Holes)
	}
	if it.Tracks != nil {
		w.tracks, w.soon = it.Tracks, it.Soon
		if w.cut != nil && it.Point != nil && len(w.awaited()) > 0 {
			return w.anew(it)
		}
		if w.cut != nil {
			if err := w.reshape(); err != nil {
				return err
			}
		}
	}
	if w.cut != nil {
		return w.unit(it)
	}
	w.held = append(w.held, it)
	if w.waits(it) {
		return nil
	}
	return w.begin()
}

// jump tells a discontinuity.
func (w *show) jump(it Item, first bool) error {
	if !first {
		if w.cut != nil && !w.manner.Back {
			if err := w.cut.finish(it.DTS); err != nil {
				return err
			}
		}
		w.waitKey = true
	}
	return w.s.say(jumpMessage{"jump", w.gen, pointed(it.Point), gapped(it.Gap)})
}

func (w *show) lack(holes map[media.Kind]media.Reason) {
	w.holes = maps.Clone(holes)
	if w.cut != nil {
		w.cut.lack(holes)
	}
}

// waits reports whether what is held waits for the other kind: for a picture before the
// sound, or for a track that has yet to begin. Else the client would need another
// media source a moment later.
func (w *show) waits(it Item) bool {
	if w.manner.Keys || len(w.held) >= mostHeld || it.DTS-w.held[0].DTS >= blindFor {
		return false
	}
	if len(w.awaited()) > 0 {
		return true
	}
	return !w.sighted() && w.holes[media.Video] == "" && shapeOf(w.tracks, false).video != nil
}

// awaited are the kinds that come soon, and whose absence nothing explains.
func (w *show) awaited() (kinds []media.Kind) {
	if w.manner.Keys {
		return nil
	}
	for _, k := range w.soon {
		there := slices.ContainsFunc(w.tracks, func(t media.Track) bool { return t.Kind == k })
		if !there && w.holes[k] == "" {
			kinds = append(kinds, k)
		}
	}
	return kinds
}

// sighted reports whether a picture is held.
func (w *show) sighted() bool {
	return slices.ContainsFunc(w.held, func(it Item) bool { return w.kind(it.Track) == media.Video })
}

// anew begins again at a discontinuity behind which not all kinds are there yet.
func (w *show) anew(it Item) error {
	w.account()
	w.land.Point, w.waitKey, w.sent = *it.Point, false, false
	w.held = append(w.held, it)
	return nil
}

func (w *show) kind(track uint16) media.Kind {
	for _, t := range w.tracks {
		if t.ID == track {
			return t.Kind
		}
	}
	return 0
}

// begin begins to send, with what is held.
func (w *show) begin() error {
	held := w.held
	w.held = nil
	first := slices.IndexFunc(held, func(it Item) bool { return w.kind(it.Track) == media.Video })
	w.blind = !w.manner.Keys && first < 0
	s := w.shaped()
	if first >= 0 {
		s.learn(held[first].Payload)
	}
	if err := w.become(s, w.land.Point.Recorded); err != nil {
		return err
	}
	for _, it := range held {
		if err := w.unit(it); err != nil {
			return err
		}
	}
	return nil
}

// shaped is the shape of the present tracks.
func (w *show) shaped() shape {
	s := shapeOf(w.tracks, w.manner.Keys)
	if w.blind {
		s.video = nil
	}
	if s.video != nil && s.sps == nil { // the parameter sets come in band
		s.sps, s.pps = w.shape.sps, w.shape.pps
	}
	return s
}

// reshape goes on with the present tracks, if they differ in what is sent.
func (w *show) reshape() error {
	s := w.shaped()
	if s.video != nil && w.shape.video != nil && s.video.ID == w.shape.video.ID {
		s.video, s.sps, s.pps = w.shape.video, w.shape.sps, w.shape.pps // what is in band counts
	}
	if s.same(&w.shape) {
		w.shape = s
		return nil
	}
	return w.become(s, w.reached)
}

// become tells the tracks and sends their init segment.
func (w *show) become(s shape, from time.Duration) error {
	old := w.cut
	if old != nil && !w.manner.Back {
		if err := old.finish(w.reached); err != nil {
			return err
		}
	}
	w.shape = s
	w.cut = newCutter(&w.shape, from, func(f fragment) error {
		return w.s.send(kindFragment, w.gen, f.header, f.payload, f.until)
	})
	if old != nil {
		w.cut.inherit(old)
	}
	w.cut.lack(w.holes)
	if err := w.s.say(s.message(w.gen)); err != nil {
		return err
	}
	if s.mime() == "" {
		return nil
	}
	segment, err := s.segment()
	if err != nil {
		return err
	}
	return w.s.send(kindInit, w.gen, initHeader{}, segment, from)
}

// unit sends a unit, or holds it until it is known how long it lasts.
func (w *show) unit(it Item) error {
	switch w.kind(it.Track) {
	case media.Audio:
		w.weigh(it)
		if w.cut.sounds != nil {
			return w.cut.sound(it.Unit)
		}
	case media.Video:
		w.weigh(it)
		return w.video(it)
	}
	return nil
}

// weigh counts what everything takes.
func (w *show) weigh(it Item) {
	if !w.manner.Keys {
		w.s.mu.Lock()
		w.s.flow.need.add(it.DTS, len(it.Payload))
		w.s.mu.Unlock()
	}
}

// video sends a picture, if it is one that is to be sent.
func (w *show) video(it Item) error {
	if it.IsKey() {
		if err := w.learn(it); err != nil {
			return err
		}
		w.waitKey = false
	}
	if w.waitKey || w.blind || !w.wanted(it) {
		return w.cut.pictured(it.PTS())
	}
	thin := w.thin()
	if !w.shape.jpegs() && w.cut.pictures == nil {
		return nil // its parameter sets have not come yet
	}
	w.sent, w.picture = true, it.DTS
	if thin {
		w.s.mu.Lock()
		w.s.flow.pictureAt = time.Now()
		w.s.mu.Unlock()
	}
	switch {
	case w.shape.jpegs():
		if err := w.cut.cut(); err != nil {
			return err
		}
		if err := w.s.send(kindJPEG, w.gen, jpegHeader{secs(it.PTS())}, it.Payload, it.PTS()); err != nil {
			return err
		}
		return w.cut.pictured(it.PTS())
	case w.manner.Back:
		return w.cut.alone(it.Unit, w.land.Asked.Recorded)
	}
	return w.cut.picture(it.Unit, thin)
}

// learn takes over what a key frame says of its picture.
func (w *show) learn(it Item) error {
	if w.blind {
		w.blind = false
		s := w.shaped()
		s.learn(it.Payload)
		return w.become(s, it.DTS)
	}
	s := w.shape
	if !s.learn(it.Payload) {
		return nil
	}
	return w.become(s, it.DTS)
}

// thin reports whether the link carries only key frames.
func (w *show) thin() bool {
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	return w.s.flow.thin
}

// wanted reports whether a picture is among those that are sent.
func (w *show) wanted(it Item) bool {
	if !w.sent { // the first one always is
		return it.IsKey()
	}
	if w.manner.Keys {
		apart := time.Duration(math.Abs(w.rate) / keysShown * float64(time.Second))
		if (it.DTS - w.picture).Abs() < apart {
			return false
		}
	}
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	return !w.s.flow.thin || it.IsKey() && w.s.flow.carries(time.Now(), len(it.Payload))
}
