package rtsp

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/ntp"
	"github.com/pion/rtcp"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

// spoken is a feed that a test speaks into.
type spoken chan timeline.CaptionEvent

func (s spoken) Next(ctx context.Context) (timeline.CaptionEvent, error) {
	select {
	case e := <-s:
		return e, nil
	case <-ctx.Done():
		return timeline.CaptionEvent{}, ctx.Err()
	}
}

func (s spoken) Close() {}

func (s spoken) say(kind timeline.CaptionKind, at time.Duration, language, text string) {
	s <- timeline.CaptionEvent{Kind: kind, Caption: timeline.Caption{Caption: media.Caption{
		ID: uint64(at), Run: 1, Start: at, End: at + time.Second, Text: text, Language: language}}}
}

func captioned(s spoken) func(*Options) {
	return func(o *Options) {
		o.Captions = func(string) (Captions, bool) {
			return Captions{Language: "ko", Feed: func() CaptionFeed { return s }}, true
		}
	}
}

// Final captions of the offered language are sent, each right behind a sender
// report that, with its time stamp, tells when it was spoken.
func TestCaptionsTrack(t *testing.T) {
	for _, transport := range transports {
		t.Run(transport, func(t *testing.T) {
			line := newTape(testVideo, testAudio)
			record(line, 0, recorded)
			feed := make(spoken, 10)
			s := serve(t, map[string]Timeline{"cam": line}, captioned(feed))
			v := dial(t, s, "cam")
			sdp := v.must("DESCRIBE", "").body
			if want := "m=text 0 RTP/AVP 98\r\na=control:trackID=2\r\na=rtpmap:98 t140/1000\r\na=lang:ko\r\n"; !strings.Contains(sdp, want) {
				t.Fatalf("the description has no\n%s\nin\n%s", want, sdp)
			}
			v.setup(transport, 3)
			v.must("PLAY", "")
			v.waitFor(0, 130)
			feed.say(timeline.CaptionPartial, 4200*time.Millisecond, "ko", "no")
			feed.say(timeline.CaptionFinal, 4200*time.Millisecond, "en", "not asked for")
			feed.say(timeline.CaptionFinal, 2500*time.Millisecond, "ko", "오늘\n날씨") // before what is played
			feed.say(timeline.CaptionFinal, 4250*time.Millisecond, "ko", strings.Repeat("긴", 1000))
			feed.say(timeline.CaptionFinal, 4300*time.Millisecond, "ko", "end")
			var all []arrival
			until(t, "the captions", func() bool {
				all = all[:0]
				for _, a := range v.all() {
					if a.track == 2 {
						all = append(all, a)
					}
				}
				return slices.ContainsFunc(all, func(a arrival) bool { return a.rtp != nil && string(a.rtp.Payload) == "end\r\n" })
			})
			var text []string
			var report *rtcp.SenderReport
			wants := []time.Duration{2500 * time.Millisecond, 4250 * time.Millisecond, 4250 * time.Millisecond, 4250 * time.Millisecond, 4300 * time.Millisecond}
			for _, a := range all {
				for _, r := range a.rtcp {
					if sr, ok := r.(*rtcp.SenderReport); ok {
						report = sr
					}
				}
				if a.rtp == nil {
					continue
				}
				if a.rtp.Marker { // a new caption
					text = append(text, "")
				}
				text[len(text)-1] += string(a.rtp.Payload)
				if transport != "tcp" {
					continue // reports and packets come by different sockets
				}
				off := time.Duration(int32(a.rtp.Timestamp-report.RTPTime)) * time.Millisecond
				got := ntp.Decode(report.NTPTime).Add(off).Sub(epoch)
				if d := got - wants[0]; d < -time.Millisecond || d > time.Millisecond {
					t.Errorf("%q is of %v, want %v", a.rtp.Payload, got, wants[0])
				}
				wants = wants[1:]
			}
			if len(text) != 3 || text[0] != "오늘\r\n날씨\r\n" || text[1] != strings.Repeat("긴", 1000)+"\r\n" || text[2] != "end\r\n" {
				t.Errorf("captions %q", text)
			}
		})
	}
}

// A client that takes only the captions gets them.
func TestCaptionsAlone(t *testing.T) {
	line := newTape(testVideo, testAudio)
	record(line, 0, recorded)
	feed := make(spoken, 10)
	s := serve(t, map[string]Timeline{"cam": line}, captioned(feed))
	v := dial(t, s, "cam")
	v.must("DESCRIBE", "")
	v.must("SETUP", "/trackID=2", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1")
	v.must("PLAY", "")
	feed.say(timeline.CaptionFinal, 4*time.Second, "ko", "alone")
	until(t, "the captions", func() bool {
		for _, a := range v.all() {
			if a.rtp != nil && string(a.rtp.Payload) == "alone\r\n" {
				return true
			}
		}
		return false
	})
}

// murmur says a word every second while the test runs.
func murmur(t *testing.T) func(*Options) {
	return func(o *Options) {
		o.Captions = func(string) (Captions, bool) {
			return Captions{Language: "ko", Feed: func() CaptionFeed {
				feed := make(spoken, 100)
				stop := make(chan struct{})
				t.Cleanup(func() { close(stop) })
				go func() {
					tick := time.NewTicker(time.Second)
					defer tick.Stop()
					for at := airLead; ; at += time.Second {
						select {
						case <-stop:
							return
						case <-tick.C:
							select {
							case feed <- timeline.CaptionEvent{Kind: timeline.CaptionFinal, Caption: timeline.Caption{Caption: media.Caption{
								Run: 1, Start: at, End: at + 500*time.Millisecond, Text: "날씨", Language: "ko"}}}:
							default:
							}
						}
					}
				}()
				return feed
			}}, true
		}
	}
}

// Players play a camera with captions as one without, and those that can show them.
func TestPlayersWithCaptions(t *testing.T) {
	t.Parallel()
	s := serve(t, map[string]Timeline{"cam": air(t, clipOf(t, media.H264), clipOf(t, media.Opus))}, murmur(t))
	for _, transport := range transports {
		t.Run(transport, func(t *testing.T) {
			out := client(t, "ffmpeg", "ffprobe", "-hide_banner", "-loglevel", "error", "-rtsp_transport", transport,
				"-show_entries", "stream=codec_type,codec_name", "-of", "csv=p=0", s.url("cam"))
			if got := strings.Fields(out); strings.Join(got, " ") != "h264,video opus,audio text,subtitle" {
				t.Errorf("ffprobe sees %q", got)
			}
			out = client(t, "ffmpeg", "ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "error", "-rtsp_transport", transport,
				"-i", s.url("cam"), "-map", "0:s", "-t", "3", "-f", "srt", "-", "-map", "0:v", "-map", "0:a", "-t", "5", "-f", "null", "-")
			if strings.Count(out, "날씨") < 2 {
				t.Errorf("ffmpeg shows\n%s", out)
			}
			out = client(t, "mpv", "mpv", "--no-config", "--vo=null", "--ao=null", "--rtsp-transport="+transport, "--frames=60", s.url("cam"))
			if !strings.Contains(out, "h264") || !strings.Contains(out, "opus") {
				t.Errorf("mpv does not find h264 and opus:\n%s", out)
			}
			out = client(t, "gstreamer1.0-tools, gstreamer1.0-plugins-good and -bad", "gst-launch-1.0", "-q",
				"rtspsrc", "name=s", "location="+s.url("cam"), "protocols="+transport,
				"s.", "!", "rtph264depay", "!", "h264parse", "!", "fakesink", "num-buffers=60",
				"s.", "!", "rtpopusdepay", "!", "fakesink", "num-buffers=60")
			if strings.Contains(out, "ERROR") {
				t.Errorf("gstreamer complains:\n%s", out)
			}
		})
	}
}
