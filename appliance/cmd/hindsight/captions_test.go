package main

import (
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/pion/rtp"

	"hindsight/appliance/pattern"
)

// Starts of words may be so far off the truth: nearly all, and every one.
const (
	startNearly = 350 * time.Millisecond
	startMost   = 600 * time.Millisecond
)

// heardWord is a word of a caption and its media time.
type heardWord struct {
	text  string
	start time.Duration
}

type spokenAt struct {
	Position string
	MediaMS  float64 `json:"media_ms"`
	Time     time.Time
}

func (m spokenAt) media() time.Duration { return time.Duration(m.MediaMS * float64(time.Millisecond)) }

type apiCaption struct {
	ID    uint64
	Text  string
	Start spokenAt
	At    *spokenAt
	Words []struct {
		Text  string
		Start spokenAt
	}
}

// captions are all that match a query.
func (s *server) captions(q url.Values) (out []apiCaption) {
	s.t.Helper()
	q.Set("limit", "1000")
	for {
		var page struct {
			Captions []apiCaption
			Next     *string
		}
		if code := s.get("/api/v1/captions?"+q.Encode(), &page); code != 200 {
			s.t.Fatalf("captions: %d", code)
		}
		out = append(out, page.Captions...)
		if page.Next == nil {
			return out
		}
		q.Set("after", *page.Next)
	}
}

func (s *server) words() (out []heardWord) {
	s.t.Helper()
	for _, c := range s.captions(url.Values{}) {
		for _, w := range c.Words {
			out = append(out, heardWord{w.Text, w.Start.media()})
		}
	}
	return out
}

// captionState is how the only camera is heard in its first language.
type captionState struct {
	Language, Model, State, Problem string
	Pending                         float64 `json:"pending_seconds"`
	Off                             float64 `json:"off_seconds"`
	Behind                          float64 `json:"behind_seconds"`
	RSS                             int64   `json:"rss_bytes"`
	CPU                             float64 `json:"cpu_seconds"`
	Starts, Pid                     int
	Words                           int64
}

func (s *server) caption() captionState {
	s.t.Helper()
	var st struct {
		Cameras []struct{ Captions []captionState }
	}
	s.get("/api/v1/status", &st)
	if len(st.Cameras) == 0 || len(st.Cameras[0].Captions) == 0 {
		return captionState{}
	}
	return st.Cameras[0].Captions[0]
}

// began is the media time at which the demo source began: that of the first sound.
func (s *server) began() time.Duration {
	s.t.Helper()
	var tl struct {
		Spans []struct{ From spokenAt }
	}
	s.get("/api/v1/timeline", &tl)
	if len(tl.Spans) == 0 {
		s.t.Fatal("nothing is recorded")
	}
	return tl.Spans[0].From.media()
}

// judge compares words with those that the demo source spoke until a media
// time: each once, none invented, at its time.
func judge(t *testing.T, what string, got []heardWord, began, until time.Duration) {
	t.Helper()
	var late []time.Duration
	wanted := pattern.NewSound().Words(0, until-began)
	got = slices.DeleteFunc(slices.Clone(got), func(w heardWord) bool { return w.start > until-startMost })
	for i, w := range wanted {
		if w.Start+began > until-startMost {
			wanted = wanted[:i]
			break
		}
	}
	for i := range min(len(got), len(wanted)) {
		d := got[i].start - began - wanted[i].Start
		if got[i].text != wanted[i].Text || d.Abs() > startMost {
			t.Fatalf("%s: word %d is %q, %v off %q", what, i, got[i].text, d, wanted[i].Text)
		}
		late = append(late, d.Abs())
	}
	if len(got) != len(wanted) {
		t.Fatalf("%s: %d words, %d were spoken: %v", what, len(got), len(wanted), got)
	}
	if len(late) == 0 {
		t.Fatalf("%s: nothing was spoken", what)
	}
	slices.Sort(late)
	p99 := late[(len(late)*99+99)/100-1]
	if p99 > startNearly {
		t.Errorf("%s: starts are off by %v (p99)", what, p99)
	}
	t.Logf("%s: %d words, starts off by %v (p50), %v (p99), %v (most)", what, len(late), late[len(late)/2], p99, late[len(late)-1])
}

// textReader reads the captions track.
type textReader struct {
	since uint64 // the caption kept last when it had begun
	mu    sync.Mutex
	words []rtpWord
}

type rtpWord struct {
	text string
	at   time.Time
}

// readText plays a camera's captions over RTSP until the test ends.
func readText(t *testing.T, address string) *textReader {
	t.Helper()
	r := &textReader{}
	u, err := base.ParseURL(address)
	if err != nil {
		t.Fatal(err)
	}
	tcp := gortsplib.ProtocolTCP
	c := &gortsplib.Client{Scheme: u.Scheme, Host: u.Host, Protocol: &tcp}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	d, _, err := c.Describe(u)
	if err != nil {
		t.Fatal(err)
	}
	var text *description.Media
	for _, m := range d.Medias {
		if m.Type == "text" {
			text = m
		}
	}
	if text == nil {
		t.Fatalf("no captions at %s", address)
	}
	if err := c.SetupAll(d.BaseURL, d.Medias); err != nil {
		t.Fatal(err)
	}
	c.OnPacketRTPAny(func(m *description.Media, _ format.Format, p *rtp.Packet) {
		if m != text {
			return
		}
		// gortsplib knows a sender by its first packet, and so passes over the report before it.
		at, ok := c.PacketNTP(m, p)
		r.mu.Lock()
		defer r.mu.Unlock()
		if !ok && len(r.words) > 0 {
			t.Errorf("caption %q has no time", p.Payload)
		}
		r.words = append(r.words, rtpWord{strings.TrimSpace(string(p.Payload)), at})
	})
	if _, err := c.Play(nil); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *textReader) all() []rtpWord {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.words)
}

// TestCaptionsOfDemo: the words of the demo source are captioned once each, at
// their times, in the API, over RTSP, in the export and in search, while the
// recogniser is killed again and again.
func TestCaptionsOfDemo(t *testing.T) { captionsOfDemo(t, 85*time.Second, 20*time.Second) }

func captionsOfDemo(t *testing.T, long, kill time.Duration) {
	s := serveCaptioned(t, filepath.Join(t.TempDir(), "data"), "--video", "demo", "--size", "320x240")
	until(t, "it listens", func() bool { return s.caption().State == "listening" })
	over := readText(t, s.rtsp+"/cam")
	for _, c := range s.captions(url.Values{}) {
		over.since = max(over.since, c.ID)
	}
	kills := 0
	for next, start := kill, time.Now(); s.recorded() < long; {
		if s.recorded() > next {
			next += kill
			if pid := s.caption().Pid; pid > 0 && syscall.Kill(pid, syscall.SIGKILL) == nil {
				kills++
			}
		}
		if time.Since(start) > 2*long+hangLimit {
			t.Fatalf("only %v is recorded", s.recorded())
		}
		<-time.After(200 * time.Millisecond)
	}
	end := s.recorded()
	began := s.began()
	until(t, "all is captioned", func() bool {
		c := s.caption()
		return c.State == "listening" && c.Behind < 1 && c.Pending == 0 && s.recorded() > end+8*time.Second
	})
	defer func() {
		if t.Failed() { // what is needed to find out why
			t.Logf("%s", s.log)
		}
	}()
	st := s.caption()
	t.Logf("killed %d times; %+v", kills, st)
	if kills == 0 || st.Starts < kills { // one may have been killed twice before it was waited for
		t.Errorf("killed %d times and started %d times", kills, st.Starts)
	}
	judge(t, "captions", s.words(), began, end)
	checkOverRTSP(t, s, over, end)
	checkSearch(t, s, began, end)
	checkExport(t, s, began, end)
	s.stop()
	checkClean(t, s.data)
}

// checkOverRTSP: what came by RTSP is what was kept, at the same times.
func checkOverRTSP(t *testing.T, s *server, over *textReader, end time.Duration) {
	t.Helper()
	got := over.all()
	kept := s.captions(url.Values{})
	for _, c := range kept {
		if c.Start.media() > end || c.ID <= over.since {
			continue // on its way, or from before
		}
		n := 0
		for i, g := range got {
			if g.text == c.Text && (i == 0 && g.at.IsZero() && c.ID <= over.since+2 || g.at.Sub(c.Start.Time).Abs() < 50*time.Millisecond) {
				n++
			}
		}
		if n != 1 {
			t.Errorf("caption %q of %v came %d times over RTSP", c.Text, c.Start.Time, n)
		}
	}
	if len(got) > len(kept) {
		t.Errorf("%d captions over RTSP, %d are kept", len(got), len(kept))
	}
}

// checkSearch: every word is found, where it was spoken.
func checkSearch(t *testing.T, s *server, began, end time.Duration) {
	t.Helper()
	var found []heardWord
	for _, text := range []string{"날씨", "음악"} {
		for _, c := range s.captions(url.Values{"search": {text}}) {
			found = append(found, heardWord{text, c.At.media()})
		}
	}
	slices.SortFunc(found, func(a, b heardWord) int { return int(a.start - b.start) })
	judge(t, "search", found, began, end)
}

// checkExport: the file has the captions, and the VTT file of the same range fits it.
func checkExport(t *testing.T, s *server, began, end time.Duration) {
	t.Helper()
	end -= 3 * time.Second // no word begins with the last picture, which is cut at its beginning
	file := filepath.Join(t.TempDir(), "x.mp4")
	from := 2*time.Second + 100*time.Millisecond
	at := func(d time.Duration) string { return fmt.Sprintf("1.%d", d.Milliseconds()) }
	if e := runProgram(t, "export", "--data", s.data, "--from", at(from), "--to", at(end), "-o", file); e.code != 0 {
		t.Fatalf("export: %s", e.err)
	}
	out, err := exec.Command(tool(t, "ffmpeg", "ffmpeg"), "-v", "error", "-i", file, "-map", "0:s", "-f", "srt", "-").Output()
	if err != nil {
		var x *exec.ExitError
		if errors.As(err, &x) {
			t.Fatalf("ffmpeg: %s", x.Stderr)
		}
		t.Fatal(err)
	}
	beside := s.text("/api/v1/captions.srt?" + url.Values{"from": {at(from)}, "to": {at(end)}}.Encode())
	inside, outside := cuesOf(t, string(out)), cuesOf(t, beside)
	if len(inside) != len(outside) || len(inside) == 0 {
		t.Fatalf("%d captions in the file, %d beside it", len(inside), len(outside))
	}
	for i, c := range inside {
		if d := c.start - outside[i].start; d.Abs() > 2*time.Millisecond || c.text != outside[i].text {
			t.Errorf("caption %d: %v in the file, %v beside it", i, c, outside[i])
		}
		inside[i].start += from
	}
	// The file begins with the picture that is on the screen at its beginning: up to 34 ms before.
	judge(t, "export", inside, began, end)
}

// cuesOf reads SubRip.
func cuesOf(t *testing.T, srt string) (out []heardWord) {
	t.Helper()
	lines := strings.Split(strings.ReplaceAll(srt, "\r\n", "\n"), "\n")
	for i, l := range lines {
		start, _, ok := strings.Cut(l, " --> ")
		if !ok {
			continue
		}
		var h, m, sec, ms int
		if _, err := fmt.Sscanf(start, "%d:%d:%d,%d", &h, &m, &sec, &ms); err != nil || i+1 >= len(lines) {
			t.Fatalf("SubRip: %q", l)
		}
		out = append(out, heardWord{lines[i+1], time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(sec)*time.Second + time.Duration(ms)*time.Millisecond})
	}
	return out
}
