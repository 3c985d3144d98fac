package main

import (
	"strings"
	"testing"
)

func FuzzTimes(f *testing.F) {
	f.Add("[Parsed_showinfo_4 @ 0x55d0] n:   3 pts:  99999 pts_time:0.099999 fmt:gray\n")
	f.Add("[Parsed_ashowinfo_3 @ 0x7f] n:12 pts:11208 pts_time:0.2335 fmt:s16 nb_samples:960 checksum:01\n")
	f.Add("[Parsed_ashowinfo_3 @ 0x7f] n:12 pts:NOPTS pts_time:NOPTS fmt:s16 nb_samples:99999999999999999999\n")
	f.Add("\x00\n\n")
	f.Fuzz(func(t *testing.T, log string) {
		times := newTimes()
		times.read(strings.NewReader(log))
		for _, p := range times.pieces {
			if p.n <= 0 {
				t.Errorf("a piece of %d samples", p.n)
			}
		}
		for range times.frames {
			if _, ok := times.frame(); !ok {
				t.Error("a time is lost")
			}
		}
	})
}
