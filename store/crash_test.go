package store

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"hindsight/media"
)

// TestMain is also the recorder that the crash tests kill and the one whose disk is full.
func TestMain(m *testing.M) {
	child := record
	dir := os.Getenv("STORE_TEST_RECORD")
	if dir == "" {
		child, dir = fill, os.Getenv("STORE_TEST_FILL")
	}
	if dir == "" {
		os.Exit(m.Run())
	}
	if err := child(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
}

// record records into dir until it is killed, at the latest when it comes to
// the failure point STORE_TEST_POINT for the third time, and says what it has done.
func record(dir string) error {
	clock := &calendar{time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)}
	o := Options{SegmentSpan: 3 * time.Second, Clock: clock, slack: 1}
	hits := 0
	o.fail = func(p point) error {
		if string(p) == os.Getenv("STORE_TEST_POINT") {
			if hits++; hits == 3 {
				return errors.Join(syscall.Kill(os.Getpid(), syscall.SIGKILL), block())
			}
		}
		return nil
	}
	s, err := Open(dir, o)
	if err != nil {
		return err
	}
	run, err := s.BeginRun(media.Anchor{Wall: time.Unix(1_700_000_000, 0)})
	if err != nil {
		return err
	}
	tr, err := s.NewTrack(media.Track{Kind: media.Video, Codec: media.H264, ClockRate: 90000})
	if err != nil {
		return err
	}
	fmt.Println("run", run)
	for n := 0; n < 2000; n++ {
		if n%40 == 39 { // as a new start would, so that its points are met
			if run, err = s.BeginRun(media.Anchor{Wall: time.Unix(1_700_000_000, 0)}); err != nil {
				return err
			}
		}
		b := crashBlock(run, tr, n)
		ref, err := s.Commit(b)
		if err != nil {
			return err
		}
		fmt.Println("ack", ref.Run, ref.Segment, ref.Block, n)
		if n%8 == 7 {
			clock.now = clock.now.AddDate(0, 1, 0)
		}
		if err := speak(s, run, n); err != nil {
			return err
		}
		if err := note(s, run, n); err != nil {
			return err
		}
		if n%5 == 4 {
			oldest, err := s.Next(Ref{})
			if err != nil {
				return err
			}
			fmt.Println("drop", oldest.Run, oldest.Segment)
			if _, err := s.DropOldest(); err != nil && !errors.Is(err, ErrNoBlock) {
				return err
			}
		}
	}
	return s.Close()
}

// note bookmarks block n, edits the bookmark and deletes an older one.
func note(s *Bolt, run media.Run, n int) error {
	m, err := s.AddMark(media.Mark{Kind: media.Bookmark, From: media.Position{Run: run, Time: time.Duration(n) * time.Second}, Text: "first"})
	if err != nil {
		return err
	}
	fmt.Println("mark", m.ID, m.Text, run, n)
	if m, err = s.EditMark(m.Kind, m.ID, func(m *media.Mark) { m.Text = "second" }); err != nil {
		return err
	}
	fmt.Println("mark", m.ID, m.Text, run, n)
	if m.ID > 3 {
		fmt.Println("unmarking", m.ID-3)
		if err := s.DeleteMark(m.Kind, m.ID-3); err != nil && !errors.Is(err, ErrNoMark) { // it may have gone with its media
			return err
		}
		fmt.Println("unmarked", m.ID-3)
	}
	return nil
}

// speak keeps the caption of block n, and at times makes those before it again.
func speak(s *Bolt, run media.Run, n int) error {
	cs := []media.Caption{crashCaption(run, n)}
	add := func() ([]media.Caption, error) {
		return s.AddCaptions(cs, media.HeardSpan{Run: run, Until: cs[0].End, Track: 1, Language: "en", State: media.HeardDone})
	}
	if n%11 == 10 {
		for i := 1; i <= 10 && n%40 >= i; i++ {
			cs = append(cs, crashCaption(run, n-i))
		}
		add = func() ([]media.Caption, error) {
			added, _, err := s.ReplaceCaptions(CaptionRange{From: cs[len(cs)-1].Position(), Language: "en"}, cs)
			return added, err
		}
	}
	added, err := add()
	for _, c := range added {
		fmt.Println("caption", c.ID, c.Run, c.Start)
	}
	return err
}

// crashCaption is the caption of block n.
func crashCaption(run media.Run, n int) media.Caption {
	at := time.Duration(n) * time.Second
	return media.Caption{
		Run: run, Start: at, End: at + 900*time.Millisecond, Text: strings.Repeat(fmt.Sprintf("%06d ", n), 300),
		Language: "en", Model: media.Model{Name: "crash"}, Track: 1,
	}
}

// block waits for the signal.
func block() error { select {} }

// crashBlock is block n: one picture that tells its number, sometimes an anchor and a gap.
func crashBlock(run media.Run, tr media.Track, n int) *media.Block {
	at := time.Duration(n) * time.Second
	b := &media.Block{Run: run, At: at + time.Second, Tracks: []media.Track{tr}, Units: []media.Unit{
		{Track: tr.ID, Flags: media.Key, DTS: at, Payload: bytes.Repeat(fmt.Appendf(nil, "%06d", n), 2000)},
	}}
	if n%4 == 1 {
		b.Anchors = []media.Anchor{{Media: at, Wall: time.Unix(1_700_000_000, 0).Add(at), Trusted: n%8 == 1}}
		b.Gaps = []media.Gap{{Kind: media.Audio, From: at, Reason: media.MicrophoneLost}}
	}
	return b
}

// acked is what a killed recorder said of its blocks.
type acked struct {
	blocks  map[Ref]int
	dropped map[segmentID]bool
	runs    map[media.Run]bool

	captions map[media.Position]uint64 // the highest number of each
	marks    map[uint64]ackedMark
}

// ackedMark is what was said of a bookmark: its text; empty: it may or may not
// be there; unmarked: it may not.
type ackedMark struct {
	text string
	at   media.Position
}

// runRecorder records into dir with env until the recorder dies; at is called
// after each acknowledged block and may kill it.
func runRecorder(t *testing.T, dir string, env []string, at func(n int, p *os.Process)) acked {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(append(os.Environ(), "STORE_TEST_RECORD="+dir), env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	a := acked{blocks: map[Ref]int{}, dropped: map[segmentID]bool{}, runs: map[media.Run]bool{}, captions: map[media.Position]uint64{}, marks: map[uint64]ackedMark{}}
	in := bufio.NewScanner(out)
	for n := 0; in.Scan(); {
		var r Ref
		var i int
		switch line := in.Text(); {
		case strings.HasPrefix(line, "ack"):
			if _, err := fmt.Sscanf(line, "ack %d %d %d %d", &r.Run, &r.Segment, &r.Block, &i); err == nil {
				a.blocks[r], a.runs[r.Run] = i, true
				n++
				at(n, cmd.Process)
			}
		case strings.HasPrefix(line, "mark"), strings.HasPrefix(line, "unmark"):
			var id uint64
			var what, text string
			var at, n int
			fmt.Sscanf(line, "%s %d %s %d %d", &what, &id, &text, &at, &n) //nolint:errcheck // what was deleted has no more than a number
			if what == "unmarked" {
				text = what
			}
			a.marks[id] = ackedMark{text, media.Position{Run: media.Run(at), Time: time.Duration(n) * time.Second}}
		case strings.HasPrefix(line, "caption"):
			var id uint64
			var at string
			if _, err := fmt.Sscanf(line, "caption %d %d %s", &id, &r.Run, &at); err == nil {
				d, _ := time.ParseDuration(at) //nolint:errcheck // a line cut short is none
				a.captions[media.Position{Run: r.Run, Time: d}] = id
			}
		case strings.HasPrefix(line, "drop"):
			if _, err := fmt.Sscanf(line, "drop %d %d", &r.Run, &r.Segment); err == nil {
				a.dropped[segmentID{r.Run, r.Segment}] = true
			}
		}
	}
	if err := cmd.Wait(); err != nil && !strings.Contains(err.Error(), "killed") {
		t.Fatalf("recorder: %v: %s", err, stderr.Bytes())
	}
	return a
}

// survives fails the test when anything acknowledged is missing after a restart.
func survives(t *testing.T, dir string, a acked) {
	t.Helper()
	s := openTest(t, dir, Options{})
	defer s.Close()
	for r, n := range a.blocks {
		b, damaged, err := s.Read(r)
		if errors.Is(err, ErrGone) && a.dropped[segmentID{r.Run, r.Segment}] {
			continue
		}
		if err != nil || damaged != 0 {
			t.Errorf("block %v was acknowledged: %d damaged, %v", r, damaged, err)
			continue
		}
		if want := crashBlock(r.Run, b.Tracks[0], n); !bytes.Equal(b.Units[0].Payload, want.Units[0].Payload) {
			t.Errorf("block %v holds %.6q, want %.6q", r, b.Units[0].Payload, want.Units[0].Payload)
		}
	}
	captionsSurvive(t, s, a)
	marksSurvive(t, s, a)
	r, err := Check(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range r.Broken {
		t.Errorf("check: %v", b)
	}
	next, err := s.BeginRun(media.Anchor{Wall: time.Unix(0, 0)})
	if err != nil {
		t.Fatal(err)
	}
	for was := range a.runs {
		if was >= next {
			t.Errorf("run %d is given again after run %d", next, was)
		}
	}
}

// marksSurvive fails the test when a mark that was acknowledged is not there
// as it was, or one that was deleted is.
func marksSurvive(t *testing.T, s *Bolt, a acked) {
	t.Helper()
	there := map[uint64]string{}
	for _, m := range s.Marks(media.Bookmark) {
		there[m.ID] = m.Text
	}
	last, oldest := uint64(0), s.mediaFrom()
	for id, m := range a.marks {
		last = max(last, id)
		text := m.text
		switch got, ok := there[id]; {
		case !ok && m.at.Before(oldest):
		case text == "unmarked" && ok:
			t.Errorf("mark %d was deleted and is there", id)
		case text == "first" && got != "first" && got != "second", text == "second" && got != text:
			t.Errorf("mark %d says %q, want %q", id, got, text)
		}
	}
	m, err := s.AddMark(media.Mark{Kind: media.Bookmark, From: media.Position{Run: 1}})
	if err != nil || m.ID <= last {
		t.Errorf("mark %d is given after %d, %v", m.ID, last, err)
	}
}

// captionsSurvive fails the test when a caption that was acknowledged is
// missing or there twice, or its number is given again.
func captionsSurvive(t *testing.T, s *Bolt, a acked) {
	t.Helper()
	cs, err := s.Captions(CaptionQuery{})
	if err != nil {
		t.Fatal(err)
	}
	there := map[media.Position]uint64{}
	for _, c := range cs {
		if there[c.Position()] != 0 {
			t.Errorf("caption at %v is there twice, as %d and %d", c.Position(), there[c.Position()], c.ID)
		}
		there[c.Position()] = c.ID
		if want := crashCaption(c.Run, int(c.Start/time.Second)); c.Text != want.Text {
			t.Errorf("caption %d is %.10q, want %.10q", c.ID, c.Text, want.Text)
		}
		heard := s.Heard(HeardQuery{From: c.Position(), Until: media.Position{Run: c.Run, Time: c.End}})
		if n := int(c.Start / time.Second); len(heard) == 0 && n%11 != 10 && c.ID == s.LastCaption() {
			t.Errorf("caption %d is there, and nothing was heard", c.ID)
		}
	}
	oldest := s.mediaFrom()
	last := uint64(0)
	for p, id := range a.captions {
		last = max(last, id)
		if there[p] < id && !p.Before(oldest) {
			t.Errorf("caption %d at %v was acknowledged, and there is %d", id, p, there[p])
		}
	}
	if next := s.LastCaption() + 1; next <= last {
		t.Errorf("caption number %d is given again after %d", next, last)
	}
	if len(a.captions) == 0 {
		return
	}
	hits, err := s.SearchCaptions(CaptionSearch{Text: "000"})
	if err != nil || len(hits) != len(cs) {
		t.Errorf("%d of %d captions are found: %v", len(hits), len(cs), err)
	}
}

func TestKilledAtEveryFailurePoint(t *testing.T) {
	for _, p := range points() {
		t.Run(string(p), func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "cam")
			a := runRecorder(t, dir, []string{"STORE_TEST_POINT=" + string(p)}, func(n int, p *os.Process) {
				if n == 1000 {
					p.Kill()
					t.Errorf("nobody came to this point")
				}
			})
			if len(a.blocks) == 0 && p != atAnchorsNoted {
				t.Error("it died before the first block")
			}
			survives(t, dir, a)
		})
	}
}

func TestKilledAtRandomMoments(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cam")
	rnd := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	for range 10 {
		last, spin := 1+rnd.IntN(30), rnd.IntN(2000)
		a := runRecorder(t, dir, nil, func(n int, p *os.Process) {
			if n != last {
				return
			}
			for i := time.Now(); time.Since(i) < time.Duration(spin)*time.Microsecond; { // somewhere within the next commit
			}
			p.Kill()
		})
		if len(a.blocks) < last {
			t.Fatalf("%d blocks, want %d", len(a.blocks), last)
		}
		survives(t, dir, a)
	}
}

// TestPowerCut builds what a disk may hold when the power goes within a commit:
// any of its pages but the meta page, in any order; or a torn meta page.
func TestPowerCut(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cam")
	s := openTest(t, dir, Options{NoSync: true})
	l := newLoad(t, s, 300)
	path := segmentID{1, 1}.path(dir)
	rnd := rand.New(rand.NewPCG(3, 4))
	image := func() []byte {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	b, _ := l.second()
	commit(t, s, b)
	for n := uint32(1); n < 8; n++ {
		before := image()
		b, _ := l.second()
		commit(t, s, b)
		after := image()
		for range 20 {
			cut := make([]byte, len(after))
			copy(cut, before)
			for page := 2; page < len(after)/4096; page++ {
				if rnd.IntN(2) == 0 {
					copy(cut[page*4096:], after[page*4096:][:4096])
				}
			}
			if got := blocksOf(t, cut); got != n {
				t.Fatalf("power cut before the meta page of block %d: %d blocks", n+1, got)
			}
			torn := bytes.Clone(after)
			for page := range 2 {
				at := page * 4096
				if bytes.Equal(torn[at:at+4096], before[at:at+4096]) {
					continue
				}
				for i := range 4096 / 512 { // sectors reach the disk whole
					if rnd.IntN(2) == 0 {
						copy(torn[at+512*i:at+512*i+512], before[at+512*i:])
					}
				}
			}
			if got := blocksOf(t, torn); got != n && got != n+1 {
				t.Fatalf("power cut in the meta page of block %d: %d blocks", n+1, got)
			}
		}
	}
}

// blocksOf counts the blocks in an image of a segment, which must be sound.
func blocksOf(t *testing.T, image []byte) uint32 {
	t.Helper()
	f := bytes.NewReader(image)
	sum, _, _, err := readSummary(f, segmentID{1, 1}, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	for n := range sum.Blocks {
		if _, damaged, err := readBlock(f, Ref{1, 1, n + 1}); err != nil || damaged != 0 {
			t.Fatalf("block %d: %d damaged, %v", n+1, damaged, err)
		}
	}
	m, err := readMeta(f)
	if err != nil {
		t.Fatal(err)
	}
	if err := (tree{f, m}).sound(); err != nil {
		t.Fatal(err)
	}
	return sum.Blocks
}
