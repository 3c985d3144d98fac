package rtsp

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"hindsight/media"
)

// serve starts a server for tapes by camera name.
func serve(t testing.TB, cameras map[string]Timeline, change ...func(*Options)) *Server {
	t.Helper()
	o := Options{
		Address: "127.0.0.1:0", UDPAddress: "127.0.0.1:0",
		Clock: media.SystemClock{},
		Log:   slog.New(slog.NewTextHandler(testWriter{t}, nil)),
		Cameras: func(n string) (Timeline, bool) {
			c, ok := cameras[n]
			return c, ok
		},
		Names: func() (names []string) {
			for n := range cameras {
				names = append(names, n)
			}
			return names
		},
	}
	for _, f := range change {
		f(&o)
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

type testWriter struct{ t testing.TB }

func (w testWriter) Write(b []byte) (int, error) {
	w.t.Log(strings.TrimSpace(string(b)))
	return len(b), nil
}

var _ io.Writer = testWriter{}

func (s *Server) url(camera string) string { return fmt.Sprintf("rtsp://%s/%s", s.Addr(), camera) }

// client runs a player and returns what it wrote; a minute bounds a hang.
func client(t *testing.T, pkg, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, tool(t, name, pkg), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

var transports = []string{"tcp", "udp"}

// TestProbe: ffprobe names the codecs, whatever they are and over both transports.
func TestProbe(t *testing.T) {
	for _, pair := range [][]media.Codec{
		{media.H264, media.Opus}, {media.MJPEG, media.PCMA}, {media.H264, media.AAC}, {media.MJPEG, media.PCMU}, {media.H264}, {media.Opus},
	} {
		var all []*clip
		var names []string
		for _, c := range pair {
			all = append(all, clipOf(t, c))
			names = append(names, c.String())
		}
		want := strings.Join(names, "+")
		want = strings.NewReplacer("pcma", "pcm_alaw", "pcmu", "pcm_mulaw").Replace(want)
		s := serve(t, map[string]Timeline{"cam": air(t, all...)})
		for _, transport := range transports {
			t.Run(want+"/"+transport, func(t *testing.T) {
				out := client(t, "ffmpeg", "ffprobe", "-hide_banner", "-loglevel", "error", "-rtsp_transport", transport,
					"-show_entries", "stream=codec_name,width,height", "-of", "json", s.url("cam"))
				var info struct {
					Streams []struct {
						Codec         string `json:"codec_name"`
						Width, Height int
					}
				}
				if err := json.Unmarshal([]byte(out), &info); err != nil {
					t.Fatalf("%v in %s", err, out)
				}
				var got []string
				for _, x := range info.Streams {
					got = append(got, x.Codec)
					if x.Width != 0 && (x.Width != 640 || x.Height != 360) {
						t.Errorf("%dx%d, want 640x360", x.Width, x.Height)
					}
				}
				if strings.Join(got, "+") != want {
					t.Errorf("ffprobe sees %s, want %s", strings.Join(got, "+"), want)
				}
			})
		}
	}
}

// TestFFmpeg: five seconds are decoded without any error.
func TestFFmpeg(t *testing.T) {
	s := serve(t, map[string]Timeline{"cam": air(t, clipOf(t, media.H264), clipOf(t, media.Opus))})
	for _, transport := range transports {
		t.Run(transport, func(t *testing.T) {
			out := client(t, "ffmpeg", "ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "warning", "-stats", "-rtsp_transport", transport,
				"-i", s.url("cam"), "-t", "5", "-f", "null", "-")
			if bad := regexp.MustCompile(`(?i)error|missed|corrupt|conceal|non-monoton|invalid`).FindString(out); bad != "" {
				t.Errorf("ffmpeg complains:\n%s", out)
			}
			if !strings.Contains(out, "frame=  15") && !strings.Contains(out, "frame=  14") {
				t.Errorf("not 150 frames in five seconds:\n%s", out)
			}
		})
	}
}

// TestMpv: mpv shows a hundred frames.
func TestMpv(t *testing.T) {
	s := serve(t, map[string]Timeline{"cam": air(t, clipOf(t, media.H264), clipOf(t, media.Opus))})
	for _, transport := range transports {
		t.Run(transport, func(t *testing.T) {
			out := client(t, "mpv", "mpv", "--no-config", "--vo=null", "--ao=null", "--rtsp-transport="+transport, "--frames=100", s.url("cam"))
			if !strings.Contains(out, "h264") || !strings.Contains(out, "opus") {
				t.Errorf("mpv does not find h264 and opus:\n%s", out)
			}
		})
	}
}

// TestGStreamer: rtspsrc hands over parsed pictures and sound.
func TestGStreamer(t *testing.T) {
	s := serve(t, map[string]Timeline{"cam": air(t, clipOf(t, media.H264), clipOf(t, media.Opus))})
	for _, transport := range transports {
		t.Run(transport, func(t *testing.T) {
			begun := time.Now()
			out := client(t, "gstreamer1.0-tools, gstreamer1.0-plugins-good and -bad", "gst-launch-1.0", "-q",
				"rtspsrc", "name=s", "location="+s.url("cam"), "protocols="+transport,
				"s.", "!", "rtph264depay", "!", "h264parse", "!", "fakesink", "num-buffers=60",
				"s.", "!", "rtpopusdepay", "!", "fakesink", "num-buffers=60")
			if strings.Contains(out, "ERROR") {
				t.Errorf("gstreamer complains:\n%s", out)
			}
			t.Logf("took %v", time.Since(begun))
		})
	}
}
