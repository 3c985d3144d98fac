package asr_test

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"hindsight/asr"
)

// cpuTime is what a process has used (proc_pid_stat(5), in ticks of 10 ms).
func cpuTime(t testing.TB, pid int) time.Duration {
	t.Helper()
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		t.Fatal(err)
	}
	f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	var sum int64
	for _, s := range f[11:13] { // utime, stime
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		sum += n
	}
	return time.Duration(sum) * 10 * time.Millisecond
}

// BenchmarkLatency: how long after the end of a word its partial and its final
// come, in sound that has to be heard for it and in time that it takes to hear the last of it.
func BenchmarkLatency(b *testing.B) {
	setup := voskSetup(b)
	for _, setup.Fast = range []bool{false, true} {
		b.Run(fmt.Sprintf("fast=%t", setup.Fast), func(b *testing.B) { latency(b, start(b, setup)) })
	}
}

func latency(b *testing.B, p *asr.Process) {
	pcm, words := demo(b, 0, 5*time.Minute)
	for b.Loop() {
		r, err := p.New(asr.Options{Phrases: demoPhrases})
		if err != nil {
			b.Fatal(err)
		}
		var partials, finals []float64
		said, partial := 0, false
		for n := 0; n+asr.PieceLen <= len(pcm) && said < len(words); n += asr.PieceLen {
			begun := time.Now()
			a, err := r.Feed(pcm[n : n+asr.PieceLen])
			if err != nil {
				b.Fatal(err)
			}
			heard := time.Duration(n+asr.PieceLen) * time.Second / asr.Rate
			late := (heard - words[said].End + time.Since(begun)).Seconds() * 1000
			if !partial && strings.Contains(a.Partial, words[said].Text) {
				partial = true
				partials = append(partials, late)
			}
			if a.Final && len(a.Words) > 0 {
				finals = append(finals, late)
				said, partial = said+1, false
			}
		}
		r.Close()
		for name, all := range map[string][]float64{"partial": partials, "final": finals} {
			slices.Sort(all)
			if len(all) > 0 {
				b.ReportMetric(all[len(all)/2], name+"-p50-ms")
				b.ReportMetric(all[len(all)*95/100], name+"-p95-ms")
			}
		}
	}
}

// BenchmarkLoad: what part of a core the child takes at real time, and how many
// times faster than that it is.
func BenchmarkLoad(b *testing.B) {
	p := start(b, voskSetup(b))
	words, _ := demo(b, 0, time.Minute)
	for _, s := range []struct {
		name string
		pcm  []int16
		o    asr.Options
	}{
		{"silence/list", make([]int16, 60*asr.Rate), asr.Options{Phrases: demoPhrases}}, {"demo/list", words, asr.Options{Phrases: demoPhrases}},
		{"silence/free", make([]int16, 60*asr.Rate), asr.Options{}}, {"speech/free", english(b), asr.Options{}},
	} {
		b.Run(s.name, func(b *testing.B) {
			cpu, sound := cpuTime(b, p.Pid()), time.Duration(0)
			for b.Loop() {
				r, err := p.New(s.o)
				if err != nil {
					b.Fatal(err)
				}
				for piece := range slices.Chunk(s.pcm, asr.PieceLen) {
					if _, err := r.Feed(piece); err != nil {
						b.Fatal(err)
					}
				}
				r.Close()
				sound += time.Duration(len(s.pcm)) * time.Second / asr.Rate
			}
			b.ReportMetric(100*(cpuTime(b, p.Pid())-cpu).Seconds()/sound.Seconds(), "%-of-a-core")
			b.ReportMetric(sound.Seconds()/b.Elapsed().Seconds(), "times-real-time")
		})
	}
}
