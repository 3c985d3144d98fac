package main

import (
	"bufio"
	"io"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The lines of ffmpeg's filters showinfo and ashowinfo that tell a time.
var (
	frameLine = regexp.MustCompile(`\[Parsed_showinfo_\d+ @ [^]]*\].* n: *\d+ +pts: *(-?\d+|NOPTS) `)
	pieceLine = regexp.MustCompile(`\[Parsed_ashowinfo_\d+ @ [^]]*\].* n: *\d+ +pts: *(-?\d+|NOPTS) .* nb_samples: *(\d+)`)
)

// times are the times that ffmpeg's log told and nobody has fetched yet.
type times struct {
	mu     sync.Mutex
	more   *sync.Cond
	ended  bool
	frames []time.Duration
	pieces []piece
}

type piece struct {
	at int64 // samples
	n  int
}

func newTimes() *times {
	t := &times{}
	t.more = sync.NewCond(&t.mu)
	return t
}

// read takes the log to its end and returns the last line that is not a time.
func (t *times) read(log io.Reader) (last string) {
	s := bufio.NewScanner(log)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		if !t.note(s.Text()) && strings.TrimSpace(s.Text()) != "" && !strings.Contains(s.Text(), "showinfo") {
			last = strings.TrimSpace(s.Text())
		}
	}
	io.Copy(io.Discard, log) //nolint:errcheck // only so that ffmpeg can end
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = true
	t.more.Broadcast()
	return last
}

func (t *times) note(line string) bool {
	if m := pieceLine.FindStringSubmatch(line); m != nil {
		at, _ := strconv.ParseInt(m[1], 10, 64) // 0 without a time, as at the start
		n, err := strconv.Atoi(m[2])
		if err != nil || n <= 0 || n > 1<<20 { // a decoder gives some thousand at once
			return true
		}
		t.put(func() { t.pieces = append(t.pieces, piece{at, n}) })
		return true
	}
	if m := frameLine.FindStringSubmatch(line); m != nil {
		at, _ := strconv.ParseInt(m[1], 10, 64)
		t.put(func() { t.frames = append(t.frames, time.Duration(at)*time.Microsecond) })
		return true
	}
	return false
}

func (t *times) put(add func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	add()
	t.more.Broadcast()
}

// frame waits for the time of the next picture; not ok when there is none.
func (t *times) frame() (at time.Duration, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(t.frames) == 0 {
		if t.ended {
			return 0, false
		}
		t.more.Wait()
	}
	at, t.frames = t.frames[0], t.frames[1:]
	return at, true
}

// piece waits for the time and length of the next piece of sound.
func (t *times) piece() (at int64, n int, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(t.pieces) == 0 {
		if t.ended {
			return 0, 0, false
		}
		t.more.Wait()
	}
	at, n, t.pieces = t.pieces[0].at, t.pieces[0].n, t.pieces[1:]
	return at, n, true
}
