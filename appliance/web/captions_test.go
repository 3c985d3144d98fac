package web

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"hindsight/media"
	"hindsight/store"
)

var maker = media.Model{Name: "small", Hash: strings.Repeat("0", 64)}

// say keeps a caption of a second from a media time of the run being recorded
// on; its words share that second.
func (d *deck) say(from time.Duration, text string, edit ...func(*media.Caption)) media.Caption {
	d.t.Helper()
	c := media.Caption{Run: d.Run(), Start: from, End: from + time.Second, Text: text, Language: "ko", Model: maker, Track: d.audio.ID, Role: media.Main}
	parts := strings.Fields(text)
	for i, p := range parts {
		step := time.Second / time.Duration(len(parts))
		c.Words = append(c.Words, media.Word{Text: p, Start: from + time.Duration(i)*step, End: from + time.Duration(i+1)*step, Confidence: 1})
	}
	for _, e := range edit {
		e(&c)
	}
	added, err := d.AddCaptions([]media.Caption{c}, media.HeardSpan{Run: c.Run, From: from, Until: c.End, Track: c.Track, Language: c.Language, State: media.HeardDone})
	must(d.t, err)
	return added[0]
}

func text(t testing.TB, s *Server, path string) (string, *http.Response) {
	t.Helper()
	r := ask(t, s, path, nil)
	return bodyOf(t, s, path), r
}

func TestCaptionParameters(t *testing.T) {
	d := newDeck(t)
	d.record(10 * time.Second)
	d.say(2*time.Second, "날씨")
	s := d.serve(nil)
	for path, part := range map[string]string{
		"captions?limit=0":               "parameter limit",
		"captions?limit=1001":            "parameter limit",
		"captions?limit=x":               "parameter limit",
		"captions?order=up":              "parameter order",
		"captions?after=1":               "parameter after",
		"captions?after=1.2":             "parameter after",
		"captions?after=1.-2.3":          "parameter after",
		"captions?after=a.b.c":           "parameter after",
		"captions?after=99999999999.0.0": "parameter after",
		"captions?from=yesterdayish":     "parameter from",
		"captions?to=1.x":                "parameter to",
		"captions?from=1.5000&to=1.2000": "parameter to",
		"captions?search=%21%3F":         "parameter search",
		"captions/heard?state=loud":      "parameter state",
		"captions.vtt?times=lunar":       "parameter times",
		"captions.srt?zone=Asia":         "parameter zone",
		"captions.txt?zone=%2B15:00":     "parameter zone",
		"captions.txt?zone=%2B01:60":     "parameter zone",
		"captions/live?since=x":          "parameter since",
		"captions/live?since=-1":         "parameter since",
		"captions.vtt?from=2026-11-24T10:00:09Z&to=2026-11-24T10:00:01Z": "parameter to",
	} {
		if text := refused(t, s, "/api/v1/"+path, 400); !strings.Contains(text, part) {
			t.Errorf("%s: %q", path, text)
		}
	}
	for _, path := range []string{"captions", "captions/heard", "captions.vtt", "captions/live"} {
		if text := refused(t, s, "/api/v1/"+path+"?camera=attic", 404); !strings.Contains(text, "attic") {
			t.Errorf("%s: %q", path, text)
		}
	}
	for _, path := range []string{"captions/jobs", "captions/settings", "captions/jobs/1"} {
		if r := ask(t, s, "/api/v1/"+path, nil); r.StatusCode != 409 && r.StatusCode != 501 {
			t.Errorf("%s without a recorder: %d", path, r.StatusCode)
		}
	}
}

func TestCaptionPages(t *testing.T) {
	d := newDeck(t)
	d.record(20 * time.Second)
	for i := range 7 {
		d.say(time.Duration(2*i+1)*time.Second, fmt.Sprintf("word%d", i))
	}
	d.say(3500*time.Millisecond, "other", func(c *media.Caption) { c.Language = "de" })
	s := d.serve(nil)
	for _, order := range []string{"oldest", "newest"} {
		var got []string
		after, pages := "", 0
		for {
			var out Captions
			look(t, s, "/api/v1/captions?language=ko&limit=3&order="+order+"&after="+after, &out)
			for _, c := range out.Captions {
				got = append(got, c.Text)
			}
			if pages++; out.Next == nil || pages > 9 {
				break
			}
			after = url.QueryEscape(*out.Next)
		}
		want := "word0 word1 word2 word3 word4 word5 word6"
		if order == "newest" {
			want = "word6 word5 word4 word3 word2 word1 word0"
		}
		if all := strings.Join(got, " "); all != want || pages != 3 {
			t.Errorf("%s: %s in %d pages", order, all, pages)
		}
	}
	for query, want := range map[string]int{
		"": 8, "?language=de": 1, "?model=small": 8, "?model=large": 0, "?from=1.5000&to=1.9000": 2, "?from=10:00:04&to=10:00:08": 2,
		"?from=2027-01-01T00:00:00Z": 0, "?limit=8": 8, "?limit=1&search=word3": 1, "?search=nothing": 0,
	} {
		var out Captions
		if look(t, s, "/api/v1/captions"+query, &out); len(out.Captions) != want || out.Captions == nil || out.Next != nil {
			t.Errorf("%s: %d captions, next %v, want %d", query, len(out.Captions), out.Next, want)
		}
	}
	var heard HeardSpans
	if look(t, s, "/api/v1/captions/heard?language=ko&state=done", &heard); len(heard.Spans) != 7 || heard.Spans[0].From.Position != "1.1000" || heard.Spans[0].Until.Position != "1.2000" {
		t.Errorf("heard: %+v", heard.Spans)
	}
	if look(t, s, "/api/v1/captions/heard?state=off", &heard); len(heard.Spans) != 0 || heard.Spans == nil {
		t.Errorf("off: %+v", heard.Spans)
	}
}

// Offsets are those of a page's strings, also behind characters that take two units there.
func TestSearchOffsets(t *testing.T) {
	d := newDeck(t)
	d.record(10 * time.Second)
	d.say(2*time.Second, "🎵🎵 오늘\n날씨 𠮷野 Café")
	s := d.serve(nil)
	for word, at := range map[string]time.Duration{"날씨": 2400 * time.Millisecond, "𠮷野": 2600 * time.Millisecond, "cafe": 2800 * time.Millisecond} {
		var out Captions
		look(t, s, "/api/v1/captions?search="+url.QueryEscape(word), &out)
		if len(out.Captions) != 1 || len(out.Captions[0].Matches) != 1 || out.Captions[0].At == nil {
			t.Fatalf("%s: %+v", word, out.Captions)
		}
		c := out.Captions[0]
		m := c.Matches[0]
		js := utf16.Encode([]rune(c.Text))
		if slice := string(utf16.Decode(js[m.From:m.To])); slice != m.Text || !strings.EqualFold(strings.ReplaceAll(slice, "é", "e"), word) {
			t.Errorf("%s: slice(%d, %d) is %q, text %q", word, m.From, m.To, slice, m.Text)
		}
		if want := float64(at.Milliseconds()); c.At.MediaMS != want || m.Start.MediaMS != want {
			t.Errorf("%s: at %v, match %v, want %v", word, c.At.MediaMS, m.Start.MediaMS, want)
		}
	}
}

// Times of files count from the beginning of the MP4 file of the same range, gaps closed.
func TestCaptionFiles(t *testing.T) {
	d := newDeck(t)
	d.record(4 * time.Second) // 1 s to 5 s
	d.lose(6*time.Second, media.CameraLost, "")
	d.record(4 * time.Second) // 11 s to 15 s
	d.say(3*time.Second, "one & <two>")
	d.say(12*time.Second, "three")
	d.say(12*time.Second, "drei", func(c *media.Caption) { c.Language = "de" })
	var edged position
	s := d.serve(func(o *Options) {
		o.Edge = func(_ context.Context, _ string, p position) (position, error) {
			edged = p
			p.Time -= 500 * time.Millisecond // the key frame before
			return p, nil
		}
	})
	body, r := text(t, s, "/api/v1/captions.vtt?from=1.2000&language=ko")
	if edged != (position{Run: 1, Time: 2 * time.Second}) {
		t.Errorf("the edge of %v was asked for", edged)
	}
	for _, part := range []string{"WEBVTT", "Language: ko", "2026-11-24T10:00:00.500Z", "00:00:01.500 --> 00:00:02.500", "one &amp; &lt;two&gt;", "00:00:04.500 --> 00:00:05.500"} {
		if !strings.Contains(body, part) {
			t.Errorf("no %q in\n%s", part, body)
		}
	}
	if strings.Contains(body, "drei") {
		t.Error("another language is in it")
	}
	if ct, cd := r.Header.Get("Content-Type"), r.Header.Get("Content-Disposition"); ct != "text/vtt; charset=utf-8" || !strings.Contains(cd, "cam-20261124T100002Z.vtt") {
		t.Errorf("%s %s", ct, cd)
	}
	if body, _ := text(t, s, "/api/v1/captions.srt?from=1.2000&language=ko"); !strings.Contains(body, "00:00:01,500 --> 00:00:02,500") {
		t.Errorf("srt:\n%s", body)
	}
	if body, _ := text(t, s, "/api/v1/captions.vtt?from=1.2000&language=ko&words=1"); !strings.Contains(body, "<00:00:01.") {
		t.Errorf("words:\n%s", body)
	}
	body, _ = text(t, s, "/api/v1/captions.txt?zone=%2B09:00")
	if !strings.Contains(body, "2026-11-24 19:00:02") || !strings.Contains(body, "[de]") || strings.Contains(body, "10:00:02") {
		t.Errorf("txt:\n%s", body)
	}
	// Counted from the midnight of that zone: 02:00:02 in the zone of -08:00.
	if body, _ := text(t, s, "/api/v1/captions.srt?times=wall&zone=-08:00&language=ko"); !strings.Contains(body, "02:00:02,000 -->") {
		t.Errorf("wall:\n%s", body)
	}
	if body, r := text(t, s, "/api/v1/captions.vtt?from=2027-01-01T00:00:00Z"); r.StatusCode != 200 || !strings.HasPrefix(body, "WEBVTT") || strings.Contains(body, "-->") {
		t.Errorf("of nothing: %d\n%s", r.StatusCode, body)
	}
}

var roleName = regexp.MustCompile(`"role": ?"main",?`)

// decode reads an answer's JSON, except for roles, which are written as names and never read.
func decode(t testing.TB, b []byte, v any) {
	t.Helper()
	must(t, json.Unmarshal(roleName.ReplaceAll(b, nil), v))
}

// look asks for a path and decodes the answer.
func look(t testing.TB, s *Server, path string, v any) {
	t.Helper()
	decode(t, []byte(bodyOf(t, s, path)), v)
}

func bodyOf(t testing.TB, s *Server, path string) string {
	t.Helper()
	w := newRecorder(s, http.MethodGet, path, nil, nil)
	b, err := io.ReadAll(w.Body)
	must(t, err)
	return string(b)
}

func FuzzParseMark(f *testing.F) {
	for _, s := range []string{"1.2.3", "", "1.2", "1.-2.3", "4294967296.0.0", "4294967295.9223372036854775807.18446744073709551615", "+1.+2.+3", "1.2.3.4", " 1.2.3", "0.0.0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m, err := parseMark(s)
		if err != nil {
			return
		}
		if m.Position.Time < 0 {
			t.Errorf("%q: time %v", s, m.Position.Time)
		}
		if again, err := parseMark(markText(m)); err != nil || again != m {
			t.Errorf("%q: %+v becomes %+v, %v", s, m, again, err)
		}
	})
}

func FuzzParseZone(f *testing.F) {
	for _, s := range []string{"", "Z", "+09:00", "-0330", " 01:00", "+14:59", "+15:00", "+1:00", "UTC", "+09:0", "+0９:00", "-00:00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		zone, err := parseZone(s)
		if err != nil {
			return
		}
		_, offset := epoch.In(zone).Zone()
		if offset%60 != 0 || offset < -15*3600 || offset > 15*3600 {
			t.Errorf("%q: %d s", s, offset)
		}
		if strings.HasPrefix(s, "-") && offset > 0 || !strings.HasPrefix(s, "-") && offset < 0 {
			t.Errorf("%q: %d s", s, offset)
		}
		if s != "" && zone != time.UTC {
			if _, err := parseZone(strings.TrimPrefix(zone.String(), "UTC")); err != nil {
				t.Errorf("%q is called %q", s, zone)
			}
		}
	})
}

func TestParseZone(t *testing.T) {
	for s, want := range map[string]int{"": 0, "Z": 0, "+09:00": 9 * 3600, " 0530": 19800, "-08:00": -8 * 3600, "-00:30": -1800} {
		zone, err := parseZone(s)
		must(t, err)
		if _, got := epoch.In(zone).Zone(); got != want {
			t.Errorf("%q: %d, want %d", s, got, want)
		}
	}
}

// Captions may be kept when their sound is gone; wall times find them, too.
func TestCaptionsWithoutSound(t *testing.T) {
	d := &deck{t: t, mem: store.NewMemory()}
	d.mem.KeepCaptions = -1
	d.begin()
	t.Cleanup(func() { d.Close(media.Off) })
	in := func(run media.Run) func(*media.Caption) { return func(c *media.Caption) { c.Run = run } }
	d.record(4 * time.Second)
	d.next(media.Off, 56*time.Second)
	d.record(4 * time.Second)
	d.next(media.Off, 56*time.Second)
	d.record(4 * time.Second)
	first := epoch
	for run := media.Run(1); run <= 3; run++ { // 10:00:01, 10:01:02, 10:02:03, and 2 s later
		d.say(2*time.Second, fmt.Sprintf("run%d early", run), in(run))
		d.say(4*time.Second, fmt.Sprintf("run%d late", run), in(run))
	}
	must(t, d.Close(media.Off))
	d.mem = d.mem.Reopen()
	for range 2 {
		_, err := d.mem.DropOldest()
		must(t, err)
	}
	d.pass(time.Minute)
	d.begin()
	d.record(time.Second)
	if p, _ := d.Oldest(); p.Run != 3 {
		t.Fatalf("the oldest sound is at %v", p)
	}
	s := d.serve(nil)
	texts := func(query string) string {
		var out Captions
		look(t, s, "/api/v1/captions"+query, &out)
		var all []string
		for _, c := range out.Captions {
			all = append(all, strings.TrimPrefix(c.Text, "run"))
		}
		return strings.Join(all, ", ")
	}
	at := func(d time.Duration) string { return first.Add(d).Format("2006-01-02T15:04:05.000Z") }
	for query, want := range map[string]string{
		"":                                    "1 early, 1 late, 2 early, 2 late, 3 early, 3 late",
		"?to=" + at(2500*time.Millisecond):    "1 early",
		"?from=" + at(-time.Hour):             "1 early, 1 late, 2 early, 2 late, 3 early, 3 late",
		"?to=" + at(-time.Hour):               "",
		"?from=" + at(2500*time.Millisecond):  "1 late, 2 early, 2 late, 3 early, 3 late",
		"?from=" + at(30*time.Second):         "2 early, 2 late, 3 early, 3 late",
		"?from=" + at(63500*time.Millisecond): "2 late, 3 early, 3 late",
		"?from=" + at(3*time.Second) + "&to=" + at(63*time.Second): "1 late, 2 early",
		"?from=2.3500&to=3.3500":                                   "2 late, 3 early",
		"?search=late&to=" + at(70*time.Second):                    "1 late, 2 late",
		"?from=" + at(time.Minute) + "&to=" + at(2*time.Hour):      "2 early, 2 late, 3 early, 3 late",
	} {
		if got := texts(query); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	// A file is as the MP4 file is, which has only what there is sound of...
	if body, _ := text(t, s, "/api/v1/captions.srt"); strings.Contains(body, "run1") || !strings.Contains(body, "00:00:01,000 --> 00:00:02,000\nrun3 early\n") {
		t.Errorf("srt:\n%s", body)
	}
	// ...unless none is asked for: then it counts from the first of them.
	if body, _ := text(t, s, "/api/v1/captions.srt?to="+at(90*time.Second)); !strings.HasPrefix(body, "1\n00:00:00,000 --> 00:00:01,000\nrun1 early\n\n2\n00:00:02,000 --> 00:00:03,000\nrun1 late\n\n3\n00:01:01,000 -->") {
		t.Errorf("srt of the past:\n%s", body)
	}
	if body, _ := text(t, s, "/api/v1/captions.txt"); strings.Count(body, "\n") != 6 {
		t.Errorf("txt:\n%s", body)
	}
}

// FuzzCaptionQuery: whatever is asked for is answered, or what is wrong with it is said.
func FuzzCaptionQuery(f *testing.F) {
	d := newDeck(f)
	d.record(4 * time.Second)
	d.say(2*time.Second, "today 날씨 <b>")
	s := d.serve(nil)
	for _, q := range []string{"", "from=1.2000&to=1.3000&limit=1000&order=newest&after=1.1.1", "from=-1s&to=-0s", "from=10:00&to=10:01&language=ko&model=small", "search=%22today+%EB%82%A0%EC%94%A8%22",
		"search=%22&limit=0", "from=4294967295.9223372036854775807", "to=4294967296.1", "from=9999-12-31T23:59:59Z", "from=0001-01-01T00:00:00Z&to=0001-01-01T00:00:01Z", "from=-9999999h", "times=wall&zone=%2B14:59&words=1",
		"camera=%00&%zz", "after=4294967295.9223372036854775807.18446744073709551615&order=oldest", "search=%ff%fe", "state=off"} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, q string) {
		for _, path := range []string{"", "/heard", ".vtt", ".srt", ".txt"} {
			r := httptest.NewRequest(http.MethodGet, "/api/v1/captions"+path, nil)
			r.URL.RawQuery = q
			w := httptest.NewRecorder()
			s.Handler().ServeHTTP(w, r)
			if w.Code == 200 {
				continue
			}
			var e struct{ Error string }
			if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil || w.Code != 400 && w.Code != 404 || e.Error == "" || strings.Contains(e.Error, "\n") {
				t.Errorf("%s?%q: %d %q %v", path, q, w.Code, e.Error, err)
			}
		}
	})
}
