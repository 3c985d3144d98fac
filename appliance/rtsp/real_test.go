package rtsp

import (
	"log/slog"
	"slices"
	"testing"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/media"
	"hindsight/store"
)

// TestRealTimeline: the real timeline, recorded in real time while it commits
// every second, is played whole by a reader over TCP and one over UDP; a reader
// that never reads delays nothing.
func TestRealTimeline(t *testing.T) {
	t.Parallel()
	line, err := timeline.New(timeline.Options{
		Camera: "cam", Store: store.NewMemory(), Clock: media.SystemClock{}, Log: slog.New(slog.NewTextHandler(testWriter{t}, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	video, err := line.Track(testVideo)
	if err != nil {
		t.Fatal(err)
	}
	audio, err := line.Track(testAudio)
	if err != nil {
		t.Fatal(err)
	}
	if video.ID != 1 || audio.ID != 2 {
		t.Fatalf("tracks %d and %d, the test's units are of 1 and 2", video.ID, audio.ID)
	}
	r := &recorder{t: t, line: line, video: testRate, audio: 50} // nothing is at 0, when the run began
	r.upTo(2500 * time.Millisecond)

	s := serve(t, map[string]Timeline{"cam": Of(line)})
	stuck := dialSmall(t, s)
	if err := playOn(stuck, "tcp", "cam", 2); err != nil {
		t.Fatal(err)
	}
	readers := []*viewer{dial(t, s, "cam"), dial(t, s, "cam")}
	for i, v := range readers {
		v.setup(transports[i], 2)
		v.must("PLAY", "")
	}
	for at := 2500 * time.Millisecond; at < 8*time.Second; at += 100 * time.Millisecond {
		until(t, "real time", func() bool { return line.Media(media.SystemClock{}.Boot()) > at })
		r.upTo(at)
	}
	for i, v := range readers {
		v.waitFor(0, r.video-1)
		v.waitFor(1, r.audio-1)
		all := v.units()
		if got, want := numbers(all, 0), sequence(60, r.video); !slices.Equal(got, want) {
			t.Errorf("%s: pictures %v, want 60 to %d", transports[i], got, r.video-1)
		}
		if got, want := numbers(all, 1), sequence(100, r.audio); !slices.Equal(got, want) {
			t.Errorf("%s: sounds %v, want 100 to %d", transports[i], got, r.audio-1)
		}
		for _, h := range all {
			u := videoUnit(h.number)
			if h.track == 1 {
				u = audioUnit(h.number)
			}
			want, _ := line.Wall(media.Position{Run: line.Run(), Time: u.DTS})
			if d := h.wall.Sub(want).Abs(); d > time.Millisecond {
				t.Errorf("%s: track %d, unit %d: sender reports say %v, the timeline %v", transports[i], h.track, h.number, h.wall, want)
			}
		}
	}
	if err := line.Close(media.Off); err != nil {
		t.Fatal(err)
	}
	checkBye(t, readers[0])
	until(t, "all cursors closed", func() bool { return line.Status().Cursors == 0 })
}

// recorder appends numbered units in order of time.
type recorder struct {
	t            *testing.T
	line         *timeline.Timeline
	video, audio int
}

func (r *recorder) upTo(m time.Duration) {
	for {
		v, a := videoUnit(r.video), audioUnit(r.audio)
		u := v
		if a.DTS < v.DTS {
			u = a
		}
		if u.DTS >= m {
			return
		}
		if err := r.line.Append(u); err != nil {
			r.t.Fatal(err)
		}
		if u.Track == 1 {
			r.video++
		} else {
			r.audio++
		}
	}
}
