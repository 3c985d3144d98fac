package rtsp

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/ntp"
	"github.com/pion/rtcp"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

// captioned offers the timeline's own captions.
func (p *past) captioned() func(*Options) {
	return func(o *Options) {
		o.Captions = func(string) (Captions, bool) {
			return Captions{Language: "ko", Feed: func() CaptionFeed { return p.line.CaptionFeed() },
				Replay: func(from media.Position) CaptionReplay {
					return p.line.CaptionReplay(from, timeline.CaptionQuery{Language: "ko"})
				}}, true
		}
	}
}

var model0 = media.Model{Name: "m", Hash: "00"}

func (p *past) say(run media.Run, from time.Duration, text string) {
	p.t.Helper()
	_, err := p.line.AddCaptions([]media.Caption{{Run: run, Start: from, End: from + 800*time.Millisecond, Text: text, Language: "ko", Model: model0,
		Words: []media.Word{{Text: text, Start: from, End: from + 800*time.Millisecond, Confidence: 1}}}})
	p.check(err)
}

// spokenTo are the captions that came: when they say they were spoken, their session time by their
// stamps, and the text.
func (v *viewer) spokenTo() (out []string) {
	v.t.Helper()
	var report *rtcp.SenderReport
	for _, a := range v.all() {
		if a.track != 2 {
			continue
		}
		if r := reportIn(a); r != nil {
			report = r
		}
		if a.rtp == nil {
			continue
		}
		if report == nil || report.RTPTime != a.rtp.Timestamp {
			v.t.Errorf("no report of its own before %q", a.rtp.Payload)
			continue
		}
		out = append(out, fmt.Sprintf("%s %s", ntp.Decode(report.NTPTime).Sub(epoch).Round(time.Millisecond), strings.TrimSpace(string(a.rtp.Payload))))
	}
	return out
}

// In history captions come with what was said then, each once, also those that are
// made only while it is played; and it goes on live.
func TestCaptionsInHistory(t *testing.T) {
	p := newPast(t)
	p.record(19 * time.Second)
	p.gap(30 * time.Second)
	p.record(20 * time.Second)
	p.say(1, 4500*time.Millisecond, "a")
	p.say(1, 9700*time.Millisecond, "b") // is being said at 10 s
	p.say(1, 12*time.Second, "c")
	p.say(1, 51*time.Second, "e")
	_, err := p.line.AddCaptions([]media.Caption{{Run: 1, Start: 12 * time.Second, End: 13 * time.Second, Text: "C", Language: "en", Model: model0}})
	p.check(err)
	v := dial(t, p.serve(p.captioned()), "cam/at/1.10000")
	v.must("DESCRIBE", "")
	v.setup("tcp", 3)
	v.must("PLAY", "")
	v.waitFor(0, 330) // a second at once; the clock stands
	v.must("PAUSE", "")
	p.say(1, 10200*time.Millisecond, "late") // made meanwhile: of what was played,
	p.say(1, 11400*time.Millisecond, "soon") // of what the store was read for already,
	p.say(1, 60*time.Second, "f")            // and of what comes
	p.say(1, 3*time.Second, "never")
	v.must("PLAY", "", freely)
	v.waitFor(0, 2099)
	p.units(p.at, p.at+500*time.Millisecond)
	p.skip(500 * time.Millisecond)
	p.say(1, 69500*time.Millisecond, "live")
	want := []string{"10s b", "10.2s late", "11.4s soon", "12s c", "51s e", "1m0s f", "1m9.5s live"}
	until(t, "the captions", func() bool { return len(v.spokenTo()) >= len(want) })
	if got := v.spokenTo(); !slices.Equal(got, want) {
		t.Errorf("captions %q, want %q", got, want)
	}
}

// A client of captions alone gets those of history at their time.
func TestCaptionsAloneInHistory(t *testing.T) {
	p := newPast(t)
	p.record(30 * time.Second)
	for n := range 9 {
		p.say(1, time.Duration(2+3*n)*time.Second, fmt.Sprint(n))
	}
	v := dial(t, p.serve(p.captioned()), "cam/at/1.5000-1.15000")
	v.must("DESCRIBE", "")
	v.must("SETUP", "/trackID=2", "Transport: RTP/AVP/TCP;unicast;interleaved=4-5")
	v.must("PLAY", "", "Speed: 16")
	until(t, "the captions", func() bool {
		p.clock.pass(10*time.Millisecond, 0)
		return v.byes() > 0
	})
	if got, want := v.spokenTo(), []string{"5s 1", "8s 2", "11s 3", "14s 4"}; !slices.Equal(got, want) {
		t.Errorf("captions %q, want %q", got, want)
	}
}
