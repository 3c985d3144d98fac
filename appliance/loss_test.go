package appliance

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"hindsight/appliance/capture"
	"hindsight/appliance/timeline"
	"hindsight/media"
	"hindsight/store"
)

// stretchOf is a gap as a test writes it: seconds into the run, 0 for an open end.
type stretchOf struct {
	kind        media.Kind
	from, until float64
	reason      media.Reason
}

// stretches are the gaps inside the run.
func stretches(tl *timeline.Timeline) (all []stretchOf) {
	for _, h := range tl.Map().Holes {
		all = append(all, stretchOf{h.Kind, h.From.Time.Seconds(), h.Until.Time.Seconds(), h.Reason})
	}
	return all
}

// An IP camera that is lost makes one gap of everything where picture and sound
// end about together, and one of the picture before it where that stood still
// for longer; sound that does not come back leaves the gap of the sound open.
func TestCameraLosesKinds(t *testing.T) {
	lostCamera := &capture.Lost{Reason: media.CameraLost, Err: errors.New("gone")}
	frozen := &capture.Lost{Kind: media.Video, Reason: media.Frozen, Err: errors.New("no picture, only sound")}
	const V, A = media.Video, media.Audio
	type units map[media.Kind][2]int // from and until, in whole seconds
	for _, c := range []struct {
		name   string
		before units
		lost   *capture.Lost
		after  units
		want   []stretchOf
	}{
		{"both, and back", units{V: {1, 20}, A: {1, 20}}, lostCamera, units{V: {30, 32}, A: {30, 32}},
			[]stretchOf{{0, 20, 30, media.CameraLost}}},
		{"the picture stood still", units{V: {1, 10}, A: {1, 20}}, frozen, units{V: {30, 32}, A: {30, 32}},
			[]stretchOf{{V, 10, 20, media.Frozen}, {0, 20, 30, media.Frozen}}},
		{"back without sound", units{V: {1, 20}, A: {1, 20}}, lostCamera, units{V: {30, 32}},
			[]stretchOf{{0, 20, 30, media.CameraLost}, {A, 30, 0, media.CameraLost}}},
		{"sound comes later", units{V: {1, 20}, A: {1, 20}}, lostCamera, units{V: {30, 40}, A: {35, 40}},
			[]stretchOf{{0, 20, 30, media.CameraLost}, {A, 30, 35, media.CameraLost}}},
		{"never had sound", units{V: {1, 20}}, lostCamera, units{V: {30, 32}},
			[]stretchOf{{0, 20, 30, media.CameraLost}}},
		{"not there at the start", nil, lostCamera, units{V: {30, 32}, A: {30, 32}},
			[]stretchOf{{0, 0, 30, media.CameraLost}}},
		{"not there at all", nil, lostCamera, nil,
			[]stretchOf{{0, 0, 0, media.CameraLost}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			clock := &fakeClock{boot: time.Hour}
			st := store.NewMemory()
			tl, err := timeline.New(timeline.Options{Camera: "cam", Store: st, Clock: clock})
			if err != nil {
				t.Fatal(err)
			}
			defer tl.Close(media.Off) //nolint:errcheck // in memory
			cam := newCamera(CameraConfig{Name: "cam", Rate: 1, Video: "rtsp://h/x", Audio: "auto"}, &fakeHardware{run: untilEnd}, clock, quiet, st, tl)
			u := cam.plan()[0]
			run := func(us units) {
				s, done := cam.record(t.Context(), u, &fakeSource{})
				for second := range 60 {
					for _, k := range []media.Kind{V, A} {
						if r, ok := us[k]; ok && second >= r[0] && second < r[1] {
							s.Coded(secondOf(k, time.Duration(second)*time.Second))
						}
					}
				}
				done()
			}
			run(c.before)
			cam.lose(u, c.lost)
			cam.lose(u, lostCamera) // the next try fails too
			run(c.after)
			if got := stretches(tl); !reflect.DeepEqual(got, c.want) {
				t.Errorf("gaps %+v, want %+v", got, c.want)
			}
		})
	}
}

// secondOf is a unit that lasts a second.
func secondOf(k media.Kind, at time.Duration) (media.Track, media.Unit) {
	tr, u := aUnit(k, at)
	u.Payload = make([]byte, 8000)
	return tr, u
}
