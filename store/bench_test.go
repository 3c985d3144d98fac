package store

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"
	"golang.org/x/sys/unix"

	"hindsight/media"
)

// load is a stream as a camera gives it: 30 pictures a second with a key frame
// of six times the size of the others in each, and 50 packets of sound.
type load struct {
	run          media.Run
	video, audio media.Track
	frame        int // bytes of a picture on average
	rnd          *rand.Rand
	noise        []byte
	n            int // the next second
}

const testRate = 10_400 // bytes a picture: 2.5 Mbit/s at 30 a second

func newLoad(tb testing.TB, s Store, frame int) *load {
	tb.Helper()
	l := &load{frame: frame, rnd: rand.New(rand.NewPCG(1, 2)), noise: make([]byte, 16*frame)}
	for i := range l.noise {
		l.noise[i] = byte(l.rnd.Uint32())
	}
	var err error
	if l.run, err = s.BeginRun(media.Anchor{Wall: time.Unix(1_700_000_000, 0)}); err != nil {
		tb.Fatal(err)
	}
	if l.video, err = s.NewTrack(media.Track{Kind: media.Video, Codec: media.H264, ClockRate: 90000, Width: 1280, Height: 720, Config: l.noise[:40]}); err != nil {
		tb.Fatal(err)
	}
	if l.audio, err = s.NewTrack(media.Track{Kind: media.Audio, Codec: media.Opus, ClockRate: 48000, Channels: 2}); err != nil {
		tb.Fatal(err)
	}
	return l
}

// second is the next block, and how many bytes of media it has.
func (l *load) second() (b *media.Block, bytes int64) {
	at := time.Duration(l.n) * time.Second
	l.n++
	b = &media.Block{Run: l.run, At: at + time.Second, Tracks: []media.Track{l.video, l.audio}}
	unit := func(t media.Track, i, rate, size int, f media.Flags) {
		from := l.rnd.IntN(len(l.noise) - size)
		b.Units = append(b.Units, media.Unit{
			Track: t.ID, Flags: f, DTS: at + time.Duration(i)*time.Second/time.Duration(rate), Payload: l.noise[from : from+size],
		})
		bytes += int64(size)
	}
	usual := l.frame * 30 / 35
	unit(l.video, 0, 30, 6*usual, media.Key)
	for i := range 50 {
		unit(l.audio, i, 50, 240, media.Key)
		if i > 0 && i < 30 {
			unit(l.video, i, 30, usual/2+l.rnd.IntN(usual), 0)
		}
	}
	return b, bytes
}

// diskDir is a directory that is not in memory only: the kernel counts no writes to tmpfs.
func diskDir(b *testing.B) string {
	b.Helper()
	dir, err := os.MkdirTemp(os.Getenv("HINDSIGHT_BENCH_DIR"), "hindsight-bench-")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "cam")
}

// written is write_bytes of /proc/self/io: what this process made dirty.
func written(b *testing.B) int64 {
	b.Helper()
	io, err := os.ReadFile("/proc/self/io")
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(io)) {
		if v, ok := strings.CutPrefix(line, "write_bytes: "); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(v), 10, 64)
			if err != nil {
				b.Fatal(err)
			}
			return n
		}
	}
	b.Fatal("/proc/self/io has no write_bytes")
	return 0
}

func openBench(b *testing.B, dir string, o Options) *Bolt {
	b.Helper()
	s, err := Open(dir, o)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	return s
}

// BenchmarkCommit commits seconds of 2.5 Mbit/s, synced, and reports bytes
// written for each byte of media. HINDSIGHT_BENCH_DIR chooses the disk.
func BenchmarkCommit(b *testing.B) {
	s := openBench(b, diskDir(b), Options{})
	l := newLoad(b, s, testRate)
	before, payload := written(b), int64(0)
	times := make([]time.Duration, 0, 1024)
	b.ResetTimer()
	for b.Loop() {
		blk, n := l.second()
		payload += n
		begin := time.Now()
		if _, err := s.Commit(blk); err != nil {
			b.Fatal(err)
		}
		times = append(times, time.Since(begin))
	}
	b.StopTimer()
	b.ReportMetric(float64(written(b)-before)/float64(payload), "written/media")
	percentiles(b, times)
}

// percentiles reports p50 and p99 in microseconds.
func percentiles(b *testing.B, times []time.Duration) {
	slices.Sort(times)
	for _, p := range []int{50, 99} {
		t := times[min(len(times)*p/100, len(times)-1)]
		b.ReportMetric(float64(t)/float64(time.Microsecond), fmt.Sprintf("p%d-µs", p))
	}
}

// BenchmarkSeekRead opens 100,000 blocks (28 hours) at random moments and reads
// the block there. HINDSIGHT_BENCH_FRAME sets the bytes of a picture; the default is
// a twentieth of 2.5 Mbit/s, so that the history takes 2 GB.
func BenchmarkSeekRead(b *testing.B) {
	frame := testRate / 20
	if v := os.Getenv("HINDSIGHT_BENCH_FRAME"); v != "" {
		var err error
		if frame, err = strconv.Atoi(v); err != nil {
			b.Fatal(err)
		}
	}
	const blocks = 100_000
	s := openBench(b, diskDir(b), Options{NoSync: true})
	l := newLoad(b, s, frame)
	for range blocks {
		blk, _ := l.second()
		if _, err := s.Commit(blk); err != nil {
			b.Fatal(err)
		}
	}
	moment := func() media.Position {
		return media.Position{Run: l.run, Time: time.Duration(l.rnd.Int64N(int64(blocks * time.Second)))}
	}
	for _, what := range []struct {
		name string
		read bool
	}{{"seek", false}, {"seek+read", true}} {
		b.Run(what.name, func(b *testing.B) {
			times := make([]time.Duration, 0, 1024)
			for b.Loop() {
				p := moment()
				begin := time.Now()
				r, err := s.Seek(p)
				if err == nil && what.read {
					_, _, err = s.Read(r)
				}
				if err != nil {
					b.Fatal(err)
				}
				times = append(times, time.Since(begin))
			}
			percentiles(b, times)
		})
	}
}

// BenchmarkReadCold reads blocks of 2.5 Mbit/s that are not in the page cache,
// as this package does and through bbolt's map (FORMAT.md section 6).
func BenchmarkReadCold(b *testing.B) {
	const blocks = 500
	dir := diskDir(b)
	s := openBench(b, dir, Options{})
	l := newLoad(b, s, testRate)
	for range blocks {
		blk, _ := l.second()
		if _, err := s.Commit(blk); err != nil {
			b.Fatal(err)
		}
	}
	s.Close()
	path := segmentID{1, 1}.path(dir)
	f, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	db, err := bolt.Open(path, 0o444, &bolt.Options{ReadOnly: true, Timeout: time.Second})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	for name, read := range map[string]func(Ref) int{
		"pread": func(r Ref) int {
			blk, _, err := readBlock(f, r)
			if err != nil {
				b.Fatal(err)
			}
			return len(blk.Units)
		},
		"map": func(r Ref) (n int) {
			err := db.View(func(tx *bolt.Tx) error {
				return tx.Bucket(bucketName(r.Block)).ForEach(func(k, v []byte) error {
					us, _ := decodeTable(slices.Clone(v), r.Run, uint16(k[1]))
					n += len(us)
					return nil
				})
			})
			if err != nil {
				b.Fatal(err)
			}
			return n
		},
	} {
		b.Run(name, func(b *testing.B) {
			var before, after unix.Rusage
			faults := int64(0)
			for i := 0; b.Loop(); i++ {
				if i%blocks == 0 {
					b.StopTimer()
					if err := unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED); err != nil {
						b.Fatal(err)
					}
					b.StartTimer()
				}
				unix.Getrusage(unix.RUSAGE_SELF, &before) //nolint:errcheck // a count for the report
				if n := read(Ref{1, 1, uint32(i*7%blocks) + 1}); n != 80 {
					b.Fatalf("%d units", n)
				}
				unix.Getrusage(unix.RUSAGE_SELF, &after) //nolint:errcheck // a count for the report
				faults += int64(after.Majflt - before.Majflt)
			}
			b.ReportMetric(float64(faults)/float64(b.N), "faults/op")
		})
	}
}
