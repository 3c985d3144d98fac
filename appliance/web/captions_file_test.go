package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

func german(c *media.Caption) { c.Language = "de" }

// The files, letter by letter: two runs and a gap, two languages, two models, a
// speaker far away, and what stands for something else in the forms.
func TestCaptionFilesGolden(t *testing.T) {
	d := newDeck(t)
	d.record(4 * time.Second) // 1 s to 5 s
	d.lose(6*time.Second, media.CameraLost, "")
	d.record(4 * time.Second)        // 11 s to 15 s
	d.next(media.Off, 101*time.Hour) // and 1 s on, 10:00:14 + 101 h 1 s
	d.record(4 * time.Second)        // 2.1000 to 2.5000
	run1, run2 := func(c *media.Caption) { c.Run = 1 }, func(c *media.Caption) { c.Run = 2 }
	d.say(2*time.Second, "R&D <b>\n1 --> 2", run1)
	d.say(4500*time.Millisecond, "cut off", run1) // its end lies in the gap
	d.say(12*time.Second, "old", run1)
	d.say(12*time.Second, "new", run1, func(c *media.Caption) { c.Model.Name = "large" })
	d.say(12500*time.Millisecond, "drei", german, run1)
	d.say(2*time.Second, "今天天氣\n很好", run2, func(c *media.Caption) { c.Role = media.Far })
	s := d.serve(nil)
	const day = "2026-11-24 10:00:0"
	for path, want := range map[string]string{
		".vtt": "WEBVTT\nLanguage: ko\n\nNOTE 00:00:00.000 is 2026-11-24T10:00:00.000Z, camera cam.\n\n" +
			"00:00:01.000 --> 00:00:02.000\nR&amp;D &lt;b&gt;\n1 --&gt; 2\n\n" +
			"00:00:03.500 --> 00:00:04.000\ncut off\n\n" +
			"00:00:05.000 --> 00:00:06.000\nnew\n\n" +
			"00:00:09.000 --> 00:00:10.000\n<v far>今天天氣\n很好\n\n",
		".vtt?words=1&to=1.9000": "WEBVTT\nLanguage: ko\n\nNOTE 00:00:00.000 is 2026-11-24T10:00:00.000Z, camera cam.\n\n" +
			"00:00:01.000 --> 00:00:02.000\nR&amp;D <00:00:01.200>&lt;b&gt;\n<00:00:01.400>1 <00:00:01.600>--&gt; <00:00:01.800>2\n\n" +
			"00:00:03.500 --> 00:00:04.000\ncut off\n\n",
		".srt?model=small&from=1.11000": "1\n00:00:01,000 --> 00:00:02,000\nold\n\n2\n00:00:05,000 --> 00:00:06,000\n今天天氣\n很好\n\n",
		".srt?language=de":              "1\n00:00:05,500 --> 00:00:06,500\ndrei\n\n",
		".srt?times=wall": "1\n10:00:01,000 --> 10:00:02,000\nR&D <\u2060b>\n1 → 2\n\n2\n10:00:03,500 --> 10:00:04,500\ncut off\n\n" +
			"3\n10:00:11,000 --> 10:00:12,000\nnew\n\n4\n111:00:16,000 --> 111:00:17,000\n今天天氣\n很好\n\n",
		".srt?from=1.3700&to=1.4700": "1\n00:00:00,800 --> 00:00:01,000\ncut off\n\n",
		".srt?to=1.1500":             "",
		".vtt?language=fr":           "WEBVTT\nLanguage: fr\n\nNOTE 00:00:00.000 is 2026-11-24T10:00:00.000Z, camera cam.\n\n",
		".txt": day + "1  [ko]  R&D <b> 1 --> 2\n" + day + "3  [ko]  cut off\n2026-11-24 10:00:11  [ko]  new\n2026-11-24 10:00:11  [de]  drei\n" +
			"2026-11-28 15:00:16  [ko]  far:  今天天氣很好\n",
		".txt?times=media&language=ko":   "00:00:01.000  R&D <b> 1 --> 2\n00:00:03.500  cut off\n00:00:05.000  new\n00:00:09.000  far:  今天天氣很好\n",
		".txt?zone=-10:30&to=1.4000":     "2026-11-23 23:30:01  R&D <b> 1 --> 2\n",
		".txt?from=10:00:05&to=10:00:08": "",
	} {
		body, r := text(t, s, "/api/v1/captions"+path)
		if r.StatusCode != 200 || body != want {
			t.Errorf("%s: %d\n%s\nwant\n%s", path, r.StatusCode, body, want)
		}
	}
}

// Which language a file is in that can have but one.
func TestCaptionFileLanguage(t *testing.T) {
	d := newDeck(t)
	d.record(10 * time.Second)
	d.say(2*time.Second, "하나")
	d.say(3*time.Second, "zwei", german)
	for languages, want := range map[string]string{"": "ko", "de": "de", "fr, de, ko": "de", "ko, de": "ko", "fr": "ko"} {
		s := d.serve(func(o *Options) { o.Recognition = &asked{languages: languages} })
		if body, _ := text(t, s, "/api/v1/captions.vtt"); !strings.HasPrefix(body, "WEBVTT\nLanguage: "+want+"\n") {
			t.Errorf("of %q: %.40q, want %s", languages, body, want)
		}
	}
}

// However many there are, each is in the file once and in order, and no more are read at a time than a page.
func TestLongCaptionFile(t *testing.T) {
	d := newDeck(t)
	d.record(10 * time.Second)
	const n = 3*filePage + 1
	var cs []media.Caption
	for i := range n {
		at := time.Second + time.Duration(i)*2*time.Millisecond
		cs = append(cs, media.Caption{Run: 1, Start: at, End: at + 2*time.Millisecond, Text: fmt.Sprintf("<%d>", i), Language: "ko", Model: maker, Track: d.audio.ID, Role: media.Main})
	}
	_, err := d.AddCaptions(cs)
	must(t, err)
	most := &pages{Timeline: d.Timeline}
	s := d.serve(func(o *Options) { o.Cameras[0].Timeline = most })
	for _, form := range []string{"txt", "vtt", "srt"} {
		body, _ := text(t, s, "/api/v1/captions."+form)
		body = strings.NewReplacer("&lt;", "<", "&gt;", ">").Replace(body)
		at := 0
		for i := range n {
			k := strings.Index(body[at:], fmt.Sprintf("<%d>", i))
			if k < 0 {
				t.Fatalf("%s: caption %d is missing", form, i)
			}
			at += k
		}
		if got := strings.Count(body, "<"); got != n {
			t.Errorf("%s: %d captions, want %d", form, got, n)
		}
	}
	if most.limit != filePage {
		t.Errorf("%d captions were asked for at once", most.limit)
	}
}

// pages is a timeline whose captions fail to be read from the n-th page on.
type pages struct {
	*timeline.Timeline
	limit int // the highest
	good  int // pages, if err is not nil
	err   error
	part  bool // what can be read comes with the error
	after func()
}

func (p *pages) Captions(q timeline.CaptionQuery) ([]timeline.Caption, error) {
	if q.Limit == 0 {
		q.Limit = 1 << 30
	}
	p.limit = max(p.limit, q.Limit)
	cs, err := p.Timeline.Captions(q)
	if p.err == nil || err != nil {
		return cs, err
	}
	if q.Limit == 1 && (p.part || p.good > 0) {
		return cs, nil
	}
	if p.good--; p.good >= 0 {
		return cs, nil
	}
	if p.after != nil {
		p.after()
	}
	if p.part {
		return cs[:len(cs)/2], p.err
	}
	return nil, p.err
}

// What can be read is handed out; if nothing can, that is said.
func TestDamagedCaptions(t *testing.T) {
	d := newDeck(t)
	d.record(10 * time.Second)
	for i := range 4 {
		d.say(time.Duration(i+2)*time.Second, fmt.Sprintf("w%d", i))
	}
	bad := errors.New("a page of the notes is damaged")
	for name, p := range map[string]struct {
		part bool
		code int
		has  string
	}{"some": {true, 200, "w1"}, "none": {false, 500, "damaged"}} {
		for _, path := range []string{"captions.vtt", "captions.srt", "captions.txt", "captions"} {
			s := d.serve(func(o *Options) { o.Cameras[0].Timeline = &pages{Timeline: d.Timeline, err: bad, part: p.part} })
			w := newRecorder(s, http.MethodGet, "/api/v1/"+path, nil, nil)
			if w.Code != p.code || !strings.Contains(w.Body.String(), p.has) || strings.Contains(w.Body.String(), "w2") {
				t.Errorf("%s, %s can be read: %d %s", path, name, w.Code, w.Body)
			}
			if p.code == 500 && w.Header().Get("Content-Disposition") != "" {
				t.Errorf("%s: an error is handed out as a file", path)
			}
		}
	}
}

// A recorder that ends does not hand out half a file as if it were whole.
func TestCaptionFileCutOff(t *testing.T) {
	d := newDeck(t)
	d.record(10 * time.Second)
	var cs []media.Caption
	for i := range 2*filePage + 1 {
		at := time.Second + time.Duration(i)*2*time.Millisecond
		cs = append(cs, media.Caption{Run: 1, Start: at, End: at + time.Millisecond, Text: strings.Repeat("x", 100), Language: "ko", Model: maker, Track: d.audio.ID, Role: media.Main})
	}
	_, err := d.AddCaptions(cs)
	must(t, err)
	p := &pages{Timeline: d.Timeline, err: errors.New("closed"), good: 1}
	s := d.serve(func(o *Options) { o.Cameras[0].Timeline = p })
	p.after = s.close
	h := httptest.NewServer(s.Handler())
	defer h.Close()
	r, err := http.Get(h.URL + "/api/v1/captions.txt")
	must(t, err)
	defer r.Body.Close()
	if b, err := io.ReadAll(r.Body); err == nil || len(b) == 0 {
		t.Errorf("%d bytes, %v: want some, and an error", len(b), err)
	}
}

// So many files are made at once; a client that takes nothing is cut off and gives its place back.
func TestSlowTakerOfCaptions(t *testing.T) {
	d := newDeck(t)
	d.record(20 * time.Second)
	var cs []media.Caption
	for i := range 6000 {
		at := time.Second + time.Duration(i)*2*time.Millisecond
		cs = append(cs, media.Caption{Run: 1, Start: at, End: at + time.Millisecond, Text: strings.Repeat("x", 3000), Language: "ko", Model: maker, Track: d.audio.ID, Role: media.Main})
	}
	_, err := d.AddCaptions(cs)
	must(t, err)
	s := d.serve(nil)
	s.patience = 100 * time.Millisecond
	for range cap(s.files) - 1 {
		s.files <- struct{}{}
	}
	h := httptest.NewServer(s.Handler())
	defer h.Close()
	c, err := net.Dial("tcp", strings.TrimPrefix(h.URL, "http://"))
	must(t, err)
	defer c.Close()
	must(t, c.(*net.TCPConn).SetReadBuffer(4096))
	_, err = fmt.Fprint(c, "GET /api/v1/captions.txt HTTP/1.1\r\nHost: x\r\n\r\n")
	must(t, err)
	until(t, "the file is made", func() bool { return len(s.files) == cap(s.files) })
	if text := refused(t, s, "/api/v1/captions.vtt", 503); !strings.Contains(text, "being made already") {
		t.Error(text)
	}
	until(t, "it is cut off", func() bool { return len(s.files) == cap(s.files)-1 })
}

// until waits for something that happens soon.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not within 30 s: " + what)
		}
	}
}

func TestCaptionFileHead(t *testing.T) {
	d := newDeck(t)
	d.record(10 * time.Second)
	d.say(2*time.Second, "one")
	s := d.serve(nil)
	for form, kind := range map[string]string{"vtt": "text/vtt", "srt": "application/x-subrip", "txt": "text/plain"} {
		w := newRecorder(s, http.MethodHead, "/api/v1/captions."+form, nil, nil)
		if h := w.Header(); w.Code != 200 || w.Body.Len() > 0 || h.Get("Content-Type") != kind+"; charset=utf-8" ||
			h.Get("Content-Disposition") != "attachment; filename=cam-20261124T100001Z."+form {
			t.Errorf("%s: %d %v", form, w.Code, h)
		}
	}
}

// A list that waits for others ends with its client.
func TestSearchesWait(t *testing.T) {
	d := newDeck(t)
	d.record(10 * time.Second)
	d.say(2*time.Second, "one")
	s := d.serve(nil)
	for range cap(s.searches) {
		s.searches <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Handler().ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/api/v1/captions", nil).WithContext(ctx))
	}()
	cancel()
	<-done
	<-s.searches
	var out Captions
	if look(t, s, "/api/v1/captions?search=one", &out); len(out.Captions) != 1 || len(s.searches) != cap(s.searches)-1 {
		t.Errorf("%d found, %d places taken", len(out.Captions), len(s.searches))
	}
}
