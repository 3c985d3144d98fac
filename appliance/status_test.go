package appliance

import (
	"testing"
	"time"

	"hindsight/appliance/encode"
	"hindsight/appliance/timeline"
	"hindsight/appliance/web"
	"hindsight/media"
	"hindsight/store"
)

// A camera that records less than it could says so, and so does one that drops
// pictures for long; both record all the same.
func TestShortcoming(t *testing.T) {
	clock := &fakeClock{boot: time.Hour}
	tl, err := timeline.New(timeline.Options{Camera: "cam", Store: store.NewMemory(), Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	defer tl.Close(media.Off) //nolint:errcheck // in memory
	cam := newCamera(CameraConfig{Name: "cam", Rate: 30}, &fakeHardware{}, clock, quiet, nil, tl)
	told := func(when, want string) {
		t.Helper()
		if st := cam.status(); st.State != web.Recording || st.Problem != want {
			t.Errorf("%s: state %q, problem %q, want %q", when, st.State, st.Problem, want)
		}
	}
	told("at the start", "")
	p := media.Picture{Format: media.FormatYUYV, Width: 1281, Height: 721} // cameras of odd sizes lose a column and a row
	for _, c := range []struct {
		name string
		d    encode.Decision
		want string
	}{
		{"all of it", encode.Decision{Width: 1280, Height: 720, Rate: 30, Why: "all"}, ""},
		{"smaller", encode.Decision{Width: 960, Height: 540, Rate: 30, Why: "smaller"}, "smaller"},
		{"slower", encode.Decision{Width: 1280, Height: 720, Rate: 15, Why: "slower"}, "slower"},
		{"untouched", encode.Decision{Width: 1280, Height: 720, Rate: 30, Untouched: true, Why: "untouched"}, "untouched"},
	} {
		cam.decisions[decisionKey{p.Width, p.Height, p.Format}] = c.d // as measured
		if d, err := cam.decide(t.Context(), p); err != nil || d != c.d {
			t.Fatalf("%s: decided %+v, %v", c.name, d, err)
		}
		told(c.name, c.want)
	}
	for range 40 {
		cam.drops.add(media.Video, "the encoder is too slow")
		clock.move(2 * time.Second)
	}
	told("dropping for long", "video has been dropped for 1 min: the encoder is too slow")
	clock.move(dropPause)
	told("dropping no more", "untouched")
}
