package store

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"hindsight/media"
)

// talk is captions as a recogniser gives them: 8 of 5,000 words in each, rare ones as rare as in speech.
type talk struct {
	words []string
	rnd   *rand.Rand
	zipf  *rand.Zipf
	n     int
}

func newTalk() *talk {
	t := &talk{rnd: rand.New(rand.NewPCG(5, 6))}
	t.zipf = rand.NewZipf(t.rnd, 1.1, 3, 4999)
	for range 5000 {
		var b strings.Builder
		for range 2 + t.rnd.IntN(3) {
			b.WriteByte("bdfgklmnprstvz"[t.rnd.IntN(14)])
			b.WriteByte("aeiou"[t.rnd.IntN(5)])
		}
		t.words = append(t.words, b.String())
	}
	return t
}

// next is a caption of 8 words at a moment.
func (t *talk) next(run media.Run, at time.Duration) media.Caption {
	t.n++
	c := media.Caption{Run: run, Start: at, End: at + 3600*time.Millisecond, Language: "en", Track: 2,
		Model: media.Model{Name: "vosk-model-small-en-us-0.15", Hash: strings.Repeat("0a", 32)}}
	var text []string
	for i := range 8 {
		w := t.words[t.zipf.Uint64()]
		from := at + time.Duration(i)*450*time.Millisecond
		c.Words = append(c.Words, media.Word{Text: w, Start: from, End: from + 420*time.Millisecond, Confidence: t.rnd.Float32()})
		text = append(text, w)
	}
	if t.n%10_000 == 0 {
		text = append(text[:7], fmt.Sprintf("quixotic%d", t.n))
		c.Words[7].Text = text[7]
	}
	c.Text = strings.Join(text, " ")
	return c
}

// BenchmarkCaptions keeps 24 hours of speech without a pause, a caption every 4
// s with what was heard, synced one by one, and reports what was written for it.
func BenchmarkCaptions(b *testing.B) {
	for b.Loop() {
		dir := diskDir(b)
		s := openBench(b, dir, Options{})
		run, err := s.BeginRun(media.Anchor{Wall: time.Unix(1_700_000_000, 0)})
		if err != nil {
			b.Fatal(err)
		}
		t := newTalk()
		const day = 24 * 900
		before, payload := written(b), 0
		times := make([]time.Duration, 0, day)
		for n := range day {
			c := t.next(run, time.Duration(n)*4*time.Second)
			payload += len(encodeCaption(c, 1))
			begin := time.Now()
			_, err := s.AddCaptions([]media.Caption{c}, media.HeardSpan{Run: run, Until: c.End, Track: 2, Language: "en", State: media.HeardDone})
			if err != nil {
				b.Fatal(err)
			}
			times = append(times, time.Since(begin))
		}
		wrote := float64(written(b) - before)
		fi, err := os.Stat(s.notes.path())
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(payload)/day, "bytes/caption")
		b.ReportMetric(wrote/day, "written/caption")
		b.ReportMetric(float64(diskBytes(fi))/1e6, "MB/day")
		percentiles(b, times)
		s.Close()
	}
}

// benchDays is the year of BenchmarkSearch.
const benchDays = 365

// BenchmarkSearch searches a year of 2 h of speech a day, 657,000 captions in 12 months.
func BenchmarkSearch(b *testing.B) {
	dir := diskDir(b)
	clock := &calendar{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	s := openBench(b, dir, Options{Clock: clock})
	t := newTalk()
	var run media.Run
	for day := range benchDays {
		var err error
		clock.now = time.Date(2026, 1, 1+day, 0, 0, 0, 0, time.UTC)
		if run, err = s.BeginRun(media.Anchor{Wall: clock.now}); err != nil {
			b.Fatal(err)
		}
		var cs []media.Caption
		for n := range 1800 {
			cs = append(cs, t.next(run, time.Duration(n)*4*time.Second))
		}
		if _, err := s.AddCaptions(cs); err != nil {
			b.Fatal(err)
		}
	}
	if err := os.RemoveAll(dir + "/" + searchDir); err != nil {
		b.Fatal(err)
	}
	begin := time.Now()
	if _, err := s.SearchCaptions(CaptionSearch{Text: "nothing"}); err != nil {
		b.Fatal(err)
	}
	b.Logf("the index built anew: %v", time.Since(begin))
	for _, c := range []struct {
		name, text string
		limit      int
	}{
		{"rare", "quixotic320000", 100}, {"none", "quixotical", 100}, {"common", t.words[0], 100},
		{"two", t.words[40] + " " + t.words[300], 100}, {"phrase", `"` + t.words[1] + " " + t.words[2] + `"`, 100}, {"all", t.words[3000], 0},
	} {
		b.Run(c.name, func(b *testing.B) {
			times := make([]time.Duration, 0, 1024)
			hits := 0
			for b.Loop() {
				begin := time.Now()
				hs, err := s.SearchCaptions(CaptionSearch{Text: c.text, CaptionQuery: CaptionQuery{Newest: true, Limit: c.limit}})
				if err != nil {
					b.Fatal(err)
				}
				hits = len(hs)
				times = append(times, time.Since(begin))
			}
			b.ReportMetric(float64(hits), "hits")
			percentiles(b, times)
		})
	}
}
