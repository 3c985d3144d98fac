package rtsp

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os/exec"
	"regexp"
	"strconv"
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
	t.Parallel()
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
	t.Parallel()
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

// TestFFmpegMJPEG: pictures that went through RFC 2435 decode without an error to
// what the camera gave, byte for byte.
func TestFFmpegMJPEG(t *testing.T) {
	t.Parallel()
	c := clipOf(t, media.MJPEG)
	want := map[string]bool{}
	for _, line := range strings.Split(framesMD5(t, c), "\n") {
		want[line] = true
	}
	s := serve(t, map[string]Timeline{"cam": air(t, c, clipOf(t, media.PCMA))})
	for _, transport := range transports {
		t.Run(transport, func(t *testing.T) {
			out := client(t, "ffmpeg", "ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "error", "-rtsp_transport", transport,
				"-i", s.url("cam"), "-map", "0:v", "-frames:v", "60", "-f", "framemd5", "-")
			got := sums(out)
			if len(got) != 60 {
				t.Fatalf("%d frames, want 60:\n%s", len(got), out)
			}
			for i, x := range got {
				if !want[x] {
					t.Fatalf("frame %d is not one that was recorded", i)
				}
			}
		})
	}
}

// framesMD5 are the sums of a clip's decoded frames, one a line.
func framesMD5(t *testing.T, c *clip) string {
	t.Helper()
	cmd := exec.Command(tool(t, "ffmpeg", "ffmpeg"), "-hide_banner", "-loglevel", "error", "-f", "mjpeg", "-i", "-", "-f", "framemd5", "-")
	cmd.Stdin = bytes.NewReader(bytes.Join(c.units, nil))
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(sums(string(out)), "\n")
}

// sums are the last column of the lines that describe frames.
func sums(out string) (all []string) {
	for _, line := range strings.Split(out, "\n") {
		if f := strings.Split(line, ","); len(f) == 6 && !strings.HasPrefix(line, "#") {
			all = append(all, strings.TrimSpace(f[5]))
		}
	}
	return all
}

// TestAligned: ffmpeg gives sound and picture that were recorded together the same time.
func TestAligned(t *testing.T) {
	s := serve(t, map[string]Timeline{"cam": air(t, clipOf(t, media.H264), clipOf(t, media.Opus))})
	for _, transport := range transports {
		t.Run(transport, func(t *testing.T) {
			out := client(t, "ffmpeg", "ffprobe", "-hide_banner", "-loglevel", "error", "-rtsp_transport", transport,
				"-read_intervals", "%+1", "-show_entries", "packet=codec_type,pts_time", "-of", "csv=p=0", s.url("cam"))
			// A key frame is on every whole second, and so is the beginning of a sound.
			// ffmpeg gives the first picture no time, so the second is looked at.
			sound, picture := timesOf(out, "audio"), timesOf(out, "video")
			if len(sound) < 10 || len(picture) < 10 {
				t.Fatalf("%d sounds and %d pictures with a time:\n%s", len(sound), len(picture), out)
			}
			if d := picture[0] - sound[0]; d < 1./30-0.001 || d > 1./30+0.001 {
				t.Errorf("the second picture is %.4f s after the first sound, want 0.0333", d)
			}
		})
	}
}

var packetTime = regexp.MustCompile(`(audio|video),([0-9.-]+)`)

func timesOf(out, kind string) (all []float64) {
	for _, m := range packetTime.FindAllStringSubmatch(out, -1) {
		if x, err := strconv.ParseFloat(m[2], 64); err == nil && m[1] == kind {
			all = append(all, x)
		}
	}
	return all
}

// TestMpv: mpv shows a hundred frames.
func TestMpv(t *testing.T) {
	t.Parallel()
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
	t.Parallel()
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
