package web

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

// event is one of a stream.
type event struct {
	name, id string
	caption  Caption
	data     string
}

// stream follows a camera's captions.
type stream struct {
	t    *testing.T
	resp *http.Response
	sc   *bufio.Scanner
}

func follows(t *testing.T, base, query string, headers map[string]string) *stream {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/api/v1/captions/live"+query, nil)
	must(t, err)
	for k, v := range headers {
		r.Header.Set(k, v)
	}
	resp, err := http.DefaultClient.Do(r)
	must(t, err)
	t.Cleanup(func() { resp.Body.Close() })
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%s %s", resp.Status, resp.Header.Get("Content-Type"))
	}
	s := &stream{t, resp, bufio.NewScanner(resp.Body)}
	s.sc.Buffer(nil, 1<<20)
	return s
}

// next is the next event; ok is false at the stream's end.
func (s *stream) next() (e event, ok bool) {
	s.t.Helper()
	for s.sc.Scan() {
		key, v, _ := strings.Cut(s.sc.Text(), ": ")
		switch key {
		case "event":
			e.name = v
		case "id":
			e.id = v
		case "data":
			e.data = v
		case "":
			if e.name == "" {
				continue // a comment, or how long to wait
			}
			if e.name != "deleted" && e.name != "missed" {
				decode(s.t, []byte(e.data), &e.caption)
			}
			return e, true
		}
	}
	return e, false
}

func (s *stream) want(name, text string) event {
	s.t.Helper()
	e, ok := s.next()
	if !ok || e.name != name || e.caption.Text != text {
		s.t.Fatalf("%v %s %q, want %s %q", ok, e.name, e.data, name, text)
	}
	return e
}

func TestLiveCaptions(t *testing.T) {
	d := newDeck(t)
	d.record(20 * time.Second)
	h := httptest.NewServer(d.serve(nil).Handler())
	t.Cleanup(h.Close)
	first := d.say(2*time.Second, "before")
	live := follows(t, h.URL, "?language=ko", nil)
	d.ShowPartial(media.Caption{Run: 1, Start: 4 * time.Second, End: 5 * time.Second, Text: "오늘", Language: "ko", Track: d.audio.ID})
	if e := live.want("partial", "오늘"); e.id != "" || e.caption.ID != 0 || e.caption.Start.Position != "1.4000" {
		t.Errorf("%+v", e)
	}
	d.say(3*time.Second, "other", func(c *media.Caption) { c.Language = "de" })
	second := d.say(4*time.Second, "오늘 날씨")
	if e := live.want("final", "오늘 날씨"); e.id != fmt.Sprint(second.ID) || len(e.caption.Words) != 2 {
		t.Errorf("%+v", e)
	}
	if _, err := d.EditCaption(first.ID, "changed", "me"); err != nil {
		t.Fatal(err)
	}
	if e := live.want("edited", "changed"); e.caption.Original != "before" || e.id != "" {
		t.Errorf("%+v", e)
	}
	if _, err := d.DeleteCaptions(timeline.CaptionRange{From: position{Run: 1, Time: 4 * time.Second}}); err != nil {
		t.Fatal(err)
	}
	if e, ok := live.next(); !ok || e.name != "deleted" || !strings.Contains(e.data, `"position":"1.4000"`) {
		t.Errorf("%v %+v", ok, e)
	}
}

// Who comes back with the number of the last caption misses and repeats nothing.
func TestLiveCaptionsResume(t *testing.T) {
	d := newDeck(t)
	d.record(20 * time.Second)
	h := httptest.NewServer(d.serve(nil).Handler())
	t.Cleanup(h.Close)
	var ids []string
	for i := range 4 {
		ids = append(ids, fmt.Sprint(d.say(time.Duration(i+2)*time.Second, fmt.Sprintf("w%d", i)).ID))
	}
	for name, s := range map[string]*stream{
		"header":    follows(t, h.URL, "?since=0", map[string]string{"Last-Event-ID": ids[1]}), // the header is newer
		"parameter": follows(t, h.URL, "?since="+ids[1], nil),
	} {
		s.want("final", "w2")
		if e := s.want("final", "w3"); e.id != ids[3] {
			t.Errorf("%s: id %s", name, e.id)
		}
		text := "later by " + name
		d.say(10*time.Second, text)
		for {
			e, ok := s.next()
			if !ok {
				t.Fatal("the stream ended")
			}
			if e.caption.Text == text {
				break
			}
			if !strings.HasPrefix(e.caption.Text, "later") {
				t.Fatalf("%s: %+v", name, e)
			}
		}
	}
}

// A client that does not read is cut off and gives its place back.
func TestSlowFollower(t *testing.T) {
	d := newDeck(t)
	d.record(20 * time.Second)
	s := d.serve(nil)
	s.patience = 100 * time.Millisecond
	h := httptest.NewServer(s.Handler())
	t.Cleanup(h.Close)
	var many []media.Caption
	for i := range 6000 {
		many = append(many, media.Caption{Run: 1, Start: time.Duration(1000+i) * time.Millisecond, End: time.Duration(2000+i) * time.Millisecond,
			Text: strings.Repeat("x", 3000), Language: "ko", Model: maker, Track: d.audio.ID, Role: media.Main})
	}
	_, err := d.AddCaptions(many)
	must(t, err)
	c, err := net.Dial("tcp", strings.TrimPrefix(h.URL, "http://"))
	must(t, err)
	defer c.Close()
	must(t, c.(*net.TCPConn).SetReadBuffer(4096))
	_, err = fmt.Fprint(c, "GET /api/v1/captions/live?since=0 HTTP/1.1\r\nHost: x\r\n\r\n")
	must(t, err)
	until(t, "it follows", func() bool { return len(s.feeds) == 1 })
	until(t, "it is cut off", func() bool { return len(s.feeds) == 0 })
}

// Many follow at once, among them some that read nothing; nobody misses anything
// for it, and all give their places back.
func TestManyFollowers(t *testing.T) {
	d := newDeck(t)
	d.record(20 * time.Second)
	s := d.serve(nil)
	h := httptest.NewServer(s.Handler())
	t.Cleanup(h.Close)
	for range 10 {
		c, err := net.Dial("tcp", strings.TrimPrefix(h.URL, "http://"))
		must(t, err)
		t.Cleanup(func() { c.Close() })
		_, err = fmt.Fprint(c, "GET /api/v1/captions/live?since=0 HTTP/1.1\r\nHost: x\r\n\r\n")
		must(t, err)
	}
	var all []*stream
	for range 50 {
		all = append(all, follows(t, h.URL, "?language=ko", nil))
	}
	const n = 40
	for i := range n {
		d.ShowPartial(media.Caption{Run: 1, Start: time.Second, End: 2 * time.Second, Text: "...", Language: "ko", Track: d.audio.ID})
		d.say(time.Second+time.Duration(i)*100*time.Millisecond, fmt.Sprintf("w%d", i))
		d.say(time.Second+time.Duration(i)*100*time.Millisecond, fmt.Sprintf("x%d", i), german)
	}
	for k, f := range all {
		for i := 0; i < n; {
			e, ok := f.next()
			if !ok || e.name == "missed" {
				t.Fatalf("follower %d: %v %s %s", k, ok, e.name, e.data)
			}
			if e.name != "final" {
				continue
			}
			if e.caption.Text != fmt.Sprintf("w%d", i) {
				t.Fatalf("follower %d: %s, want w%d", k, e.caption.Text, i)
			}
			i++
		}
		f.resp.Body.Close()
	}
	until(t, "their places are free", func() bool { return len(s.feeds) == 10 })
}

// A stream outlives the time within which other answers must be written.
func TestLongStream(t *testing.T) {
	d := newDeck(t)
	d.record(20 * time.Second)
	h := httptest.NewUnstartedServer(d.serve(nil).Handler())
	h.Config.WriteTimeout, h.Config.ReadTimeout = 50*time.Millisecond, 50*time.Millisecond
	h.Start()
	t.Cleanup(h.Close)
	live := follows(t, h.URL, "", nil)
	for i := range 3 {
		<-time.After(60 * time.Millisecond) // which have to pass
		text := fmt.Sprintf("w%d", i)
		d.say(time.Duration(i+2)*time.Second, text)
		live.want("final", text)
	}
}

// In silence there is a comment now and then, also while others are spoken to.
func TestBeat(t *testing.T) {
	d := newDeck(t)
	d.record(20 * time.Second)
	s := d.serve(nil)
	s.beat = 20 * time.Millisecond
	h := httptest.NewServer(s.Handler())
	t.Cleanup(h.Close)
	live := follows(t, h.URL, "?language=ko", nil)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
				d.ShowPartial(media.Caption{Run: 1, Start: time.Second, End: 2 * time.Second, Text: "...", Language: "de", Track: d.audio.ID})
			}
		}
	}()
	for beats := 0; beats < 3; {
		if !live.sc.Scan() {
			t.Fatal("the stream ended")
		}
		switch line := live.sc.Text(); {
		case strings.HasPrefix(line, ":"):
			beats++
		case line != "" && line != "retry: 2000":
			t.Fatalf("%q", line)
		}
	}
	close(stop)
	<-stopped
}

// What is written is what an EventSource reads, whatever the text.
func TestEventText(t *testing.T) {
	d := newDeck(t)
	d.record(5 * time.Second)
	f := follower{language: "ko", t: d.Timeline}
	c := timeline.Caption{Caption: media.Caption{ID: 7, Run: 1, Start: time.Second, End: 2 * time.Second, Text: "a\r\n\ndata: b\u2028</script>", Language: "ko"}}
	gone := timeline.CaptionRange{From: position{Run: 1, Time: time.Second}, Until: position{Run: 1, Time: 2 * time.Second}}
	for name, x := range map[string]struct {
		e     timeline.CaptionEvent
		begin string
		lines int
	}{
		"partial":               {timeline.CaptionEvent{Kind: timeline.CaptionPartial, Caption: c}, "event: partial\ndata: {", 2},
		"final":                 {timeline.CaptionEvent{Kind: timeline.CaptionFinal, Caption: c}, "event: final\nid: 7\ndata: {", 3},
		"edited":                {timeline.CaptionEvent{Kind: timeline.CaptionEdited, Caption: c}, "event: edited\ndata: {", 2},
		"deleted":               {timeline.CaptionEvent{Kind: timeline.CaptionsDeleted, Range: gone}, "event: deleted\ndata: {", 2},
		"missed":                {timeline.CaptionEvent{Kind: timeline.CaptionFinal, Caption: c, Missed: 3}, "event: missed\ndata: 3\n\nevent: final\nid: 7\n", 6},
		"missed, not for it":    {timeline.CaptionEvent{Kind: timeline.CaptionFinal, Missed: 3, Caption: timeline.Caption{Caption: media.Caption{Language: "de"}}}, "event: missed\ndata: 3", 2},
		"another language":      {timeline.CaptionEvent{Kind: timeline.CaptionFinal, Caption: timeline.Caption{Caption: media.Caption{Language: "de"}}}, "", 0},
		"deleted, not its own":  {timeline.CaptionEvent{Kind: timeline.CaptionsDeleted, Range: timeline.CaptionRange{Language: "de"}}, "", 0},
		"deleted, all from one": {timeline.CaptionEvent{Kind: timeline.CaptionsDeleted, Range: timeline.CaptionRange{From: gone.From, Language: "ko"}}, "event: deleted\ndata: {", 2},
	} {
		text, err := f.text(x.e)
		must(t, err)
		body, whole := strings.CutSuffix(text, "\n\n")
		if x.lines == 0 && text == "" {
			continue
		}
		if lines := strings.Split(body, "\n"); !whole || len(lines) != x.lines || !strings.HasPrefix(text, x.begin) || strings.ContainsAny(text, "\r\u2028") {
			t.Errorf("%s: %d lines: %q", name, len(lines), text)
		}
		if name == "deleted, all from one" && !strings.Contains(text, `"until":null`) {
			t.Errorf("%s: %q", name, text)
		}
	}
}

func TestTooManyFollowers(t *testing.T) {
	d := newDeck(t)
	d.record(time.Second)
	s := d.serve(nil)
	for range cap(s.feeds) {
		s.feeds <- struct{}{}
	}
	if text := refused(t, s, "/api/v1/captions/live", 503); !strings.Contains(text, "follow the captions already") {
		t.Error(text)
	}
}

// Streams do not hold up the end of the program.
func TestShutdownWithFollowers(t *testing.T) {
	d := newDeck(t)
	d.record(20 * time.Second)
	s := d.serve(nil)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, l) }()
	var all []*stream
	for range 3 {
		all = append(all, follows(t, "http://"+l.Addr().String(), "", nil))
	}
	d.say(2*time.Second, "one")
	for _, f := range all {
		f.want("final", "one")
	}
	cancel()
	for _, f := range all {
		if e, ok := f.next(); ok {
			t.Errorf("%+v", e)
		}
		if err := f.sc.Err(); err != nil {
			t.Errorf("a stream ended with %v: it was cut off", err)
		}
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}
