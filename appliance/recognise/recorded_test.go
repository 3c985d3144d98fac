package recognise

import (
	"reflect"
	"testing"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/media"
	"hindsight/store"
)

// Sound is in the order in which it was recorded, however far apart: also where an int has 32 bits.
func TestRecordedInOrder(t *testing.T) {
	tracks := []media.Track{{ID: 1, Kind: media.Audio, Role: media.Main}, {ID: 2, Kind: media.Audio, Role: media.Main}}
	for _, apart := range []time.Duration{2 * sec, 3 * sec, 5 * sec, time.Hour, 40 * 24 * time.Hour} {
		m := &timeline.Map{Runs: []store.RunInfo{{Run: 1, Stats: []store.TrackStat{
			{Track: 2, Units: 1, First: apart, Last: apart + sec}, {Track: 1, Units: 1, First: 0, Last: sec},
		}}}}
		want := []stretch{{1, 1, 0, sec}, {1, 2, apart, apart + sec}}
		if got := recorded(m, tracks); !reflect.DeepEqual(got, want) {
			t.Errorf("%v apart: %v, want %v", apart, got, want)
		}
	}
}
