package player

import (
	"context"
	"slices"

	"hindsight/media"
)

// Coder makes sound that browsers play of sound that they do not. One goroutine uses it.
type Coder interface {
	// Track is what comes of it; its ID is that of the track it was made for.
	Track() media.Track
	// Code takes a unit and returns what is ready by now, often nothing. Times are recorded
	// time, and those of what comes out are when it was heard.
	Code(u media.Unit) ([]media.Unit, error)
	Close()
}

// Transcoder makes a Coder for a track; nil: the track stays as it is.
type Transcoder func(t media.Track) Coder

// transcoded is a reader whose sound is made anew where that is needed. One goroutine
// uses and closes it.
type transcoded struct {
	Reader
	make   Transcoder
	tracks map[uint16]media.Track // of sound, as they were
	coders map[uint16]Coder       // by track; nil: none is needed
	ready  []Item
	owed   Item // what an item said that gave no unit
}

// transcode wraps a reader. make nil: there is nothing to be done.
func transcode(r Reader, make Transcoder) Reader {
	if make == nil {
		return r
	}
	return &transcoded{Reader: r, make: make, tracks: map[uint16]media.Track{}, coders: map[uint16]Coder{}}
}

// changed are the tracks as they are sent.
func (r *transcoded) changed(tracks []media.Track) []media.Track {
	tracks = slices.Clone(tracks)
	for i, t := range tracks {
		if t.Kind != media.Audio {
			continue
		}
		if _, known := r.tracks[t.ID]; !known {
			r.tracks[t.ID], r.coders[t.ID] = t, r.make(t)
		}
		if c := r.coders[t.ID]; c != nil {
			tracks[i] = c.Track()
		}
	}
	return tracks
}

// Tracks is Reader's.
func (r *transcoded) Tracks() []media.Track { return r.changed(r.Reader.Tracks()) }

// Next is Reader's.
func (r *transcoded) Next(ctx context.Context) (Item, error) {
	for len(r.ready) == 0 {
		it, err := r.Reader.Next(ctx)
		if err != nil {
			return it, err
		}
		if it.Tracks != nil {
			it.Tracks = r.changed(it.Tracks)
		}
		r.take(it)
	}
	it := r.ready[0]
	r.ready = r.ready[1:]
	return it, nil
}

// take makes of an item those that are ready. What it says beside its unit goes with the first of them.
func (r *transcoded) take(it Item) {
	it = r.owed.under(it)
	r.owed = Item{}
	c := r.coders[it.Track]
	if c == nil {
		r.ready = append(r.ready, it)
		return
	}
	if it.Point != nil { // what was before it has another time
		c.Close()
		c = r.make(r.tracks[it.Track])
		r.coders[it.Track] = c
	}
	units, err := c.Code(it.Unit)
	if err != nil || len(units) == 0 { // broken sound is a hole in it
		it.Unit = media.Unit{}
		r.owed = it
		return
	}
	for i, u := range units {
		u.Track = it.Track
		if i > 0 {
			it = Item{}
		}
		it.Unit = u
		r.ready = append(r.ready, it)
	}
}

// under is an item that also says what an earlier one did, where it says nothing itself.
func (i Item) under(it Item) Item {
	if it.Point == nil {
		it.Point, it.Gap = i.Point, i.Gap
	}
	if it.Tracks == nil {
		it.Tracks, it.Soon = i.Tracks, i.Soon
	}
	if it.Holes == nil {
		it.Holes = i.Holes
	}
	return it
}

// Live is Reader's.
func (r *transcoded) Live() bool { return len(r.ready) == 0 && r.Reader.Live() }

// Close is Reader's; nobody reads any more.
func (r *transcoded) Close() {
	r.Reader.Close()
	for _, c := range r.coders {
		if c != nil {
			c.Close()
		}
	}
	clear(r.coders)
}
