package player_test

import (
	"errors"
	"testing"
	"time"

	"hindsight/media"
	"hindsight/player"
)

// parrot makes of each unit of telephone sound the piece of the clip that stood for
// it, one unit late; every 50th it cannot read.
type parrot struct {
	t      testing.TB
	held   *media.Unit
	closed *int
}

func (p *parrot) Track() media.Track {
	return media.Track{ID: soundID, Kind: media.Audio, Codec: media.Opus, ClockRate: 48000, Channels: 1}
}

func (p *parrot) Code(u media.Unit) (out []media.Unit, err error) {
	if p.held != nil {
		out = []media.Unit{*p.held}
	}
	p.held = &u
	if u.DTS%time.Second == 0 && u.DTS > 0 {
		p.held = nil
		return nil, errors.New("broken")
	}
	return out, nil
}

func (p *parrot) Close() { *p.closed++ }

func TestSoundThatBrowsersDoNotPlayIsMadeAnew(t *testing.T) {
	for _, with := range []bool{true, false} {
		made, closed := 0, 0
		o := player.Options{}
		if with {
			o.Transcode = func(tr media.Track) player.Coder {
				if tr.Codec != media.PCMA {
					t.Errorf("asked for %v", tr.Codec)
				}
				made++ // by one goroutine
				return &parrot{t: t, closed: &closed}
			}
		}
		x := newTape(t, 4*time.Second, nil)
		x.tracks[1].Codec, x.tracks[1].ClockRate = media.PCMA, 8000
		options(t, x, o, nil, func(c *client) {
			c.seek(1, map[string]any{"recorded": 0})
			c.landed(1)
			if with {
				c.await("the end", func(s said) bool { return s.Is == "end" })
			} else {
				c.awaitData("pictures", reaches(1, 1, 1.5))
			}
			tr := c.await("tracks", func(s said) bool { return s.Is == "tracks" })
			if tr.Audio == nil || tr.Audio.Playable != with || (tr.Audio.Codec == "opus") != with {
				t.Errorf("tracks with %v: %+v", with, tr.Audio)
			}
			n := 0
			for _, d := range c.data {
				for _, k := range d.tracks() {
					if k.ID == 2 {
						n += len(k.samples)
					}
				}
			}
			if with && n < 190 || !with && n > 0 {
				t.Errorf("%d pieces of sound with %v", n, with)
			}
			if got := len(c.pictures(0)); with && got != 100 {
				t.Errorf("%d pictures of 100", got)
			}
			c.seek(2, map[string]any{"recorded": 0})
			c.landed(2)
			if with && (made != 2 || closed < 1) {
				t.Errorf("%d made, %d closed", made, closed)
			}
		})
	}
}
