package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

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
			_, err := s.AddCaptions([]media.Caption{c}, media.HeardSpan{Run: run, From: max(c.End-5*time.Second, 0), Until: c.End, Track: 2, Language: "en", State: media.HeardDone})
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
	b.Run("index anew", func(b *testing.B) {
		for b.Loop() {
			if err := os.RemoveAll(filepath.Join(dir, searchDir)); err != nil {
				b.Fatal(err)
			}
			if _, err := s.SearchCaptions(CaptionSearch{Text: "nothing"}); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(sizeOf(b, dir, notesDir))/1e6, "MB-notes")
		b.ReportMetric(float64(sizeOf(b, dir, searchDir))/1e6, "MB-index")
	})
	for _, c := range []struct {
		name, text string
		limit      int
		cold       bool
	}{
		{"rare", "quixotic320000", 100, false}, {"none", "quixotical", 100, false}, {"common", t.words[0], 100, false},
		{"two", t.words[40] + " " + t.words[300], 100, false}, {"phrase", `"` + t.words[1] + " " + t.words[2] + `"`, 100, false},
		{"all", t.words[3000], 0, false}, {"rare,cold", "quixotic320000", 100, true}, {"common,cold", t.words[0], 100, true},
	} {
		b.Run(c.name, func(b *testing.B) {
			times := make([]time.Duration, 0, 1024)
			hits := 0
			for b.Loop() {
				if c.cold {
					b.StopTimer()
					forget(b, dir)
					b.StartTimer()
				}
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

// notesOf are the files of notes and search index.
func notesOf(b *testing.B, dir string, sub ...string) (paths []string) {
	b.Helper()
	for _, d := range sub {
		names, err := listDir(filepath.Join(dir, d))
		if err != nil {
			b.Fatal(err)
		}
		for _, name := range names {
			paths = append(paths, filepath.Join(dir, d, name))
		}
	}
	return paths
}

// sizeOf is what the files of a directory take on the disk.
func sizeOf(b *testing.B, dir, sub string) (bytes int64) {
	b.Helper()
	for _, path := range notesOf(b, dir, sub) {
		fi, err := os.Stat(path)
		if err != nil {
			b.Fatal(err)
		}
		bytes += diskBytes(fi)
	}
	return bytes
}

// forget takes notes and search index out of the page cache.
func forget(b *testing.B, dir string) {
	b.Helper()
	for _, path := range notesOf(b, dir, notesDir, searchDir) {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			b.Fatal(err)
		}
		if err := errors.Join(f.Sync(), unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED), f.Close()); err != nil {
			b.Fatal(err)
		}
	}
}
