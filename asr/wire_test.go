package asr

import (
	"bytes"
	"encoding/json"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"hindsight/media"
)

func TestRequestsGoAndCome(t *testing.T) {
	pcm := []int16{0, 1, -1, 32767, -32768}
	var b bytes.Buffer
	for _, r := range []struct {
		kind    byte
		payload []byte
	}{{reqNew, []byte(`{"Phrases":["a b"]}`)}, {reqPCM, putPCM(pcm)}, {reqFinish, nil}} {
		if err := writeRequest(&b, r.kind, r.payload); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := b.Bytes()[:6], []byte("N\x13\x00\x00\x00{"); !bytes.Equal(got, want) {
		t.Errorf("on the wire %q, want %q", got, want)
	}
	for i, want := range []byte{reqNew, reqPCM, reqFinish} {
		kind, payload, err := readRequest(&b)
		if kind != want || err != nil {
			t.Fatalf("request %d: %q, %v", i, kind, err)
		}
		if kind == reqPCM && !slices.Equal(getPCM(payload), pcm) {
			t.Errorf("sound %v, want %v", getPCM(payload), pcm)
		}
	}
	if _, _, err := readRequest(&b); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}

var badRequests = []string{
	"X\x00\x00\x00\x00", "P\x01\x00\x00\x00a", "P\x02\x00\x00\x00a", "P\x02\x7d\x00\x00", "F\x01\x00\x00\x00a",
	"N\xff\xff\xff\xffa", "N\x05\x00\x00\x00{}", "P\x00\x00",
}

func TestBadRequests(t *testing.T) {
	for _, b := range badRequests {
		if _, _, err := readRequest(strings.NewReader(b)); err == nil || err == io.EOF {
			t.Errorf("%q: %v", b, err)
		}
	}
}

func FuzzReadRequest(f *testing.F) {
	for _, b := range badRequests {
		f.Add([]byte(b))
	}
	f.Add([]byte("N\x02\x00\x00\x00{}P\x02\x00\x00\x00abF\x00\x00\x00\x00W\x02\x00\x00\x00[]"))
	f.Fuzz(func(t *testing.T, b []byte) {
		in := bytes.NewReader(b)
		var again bytes.Buffer
		for {
			kind, payload, err := readRequest(in)
			if err != nil {
				break
			}
			if kind == reqPCM && !bytes.Equal(putPCM(getPCM(payload)), payload) {
				t.Error("sound is not what it was")
			}
			if err := writeRequest(&again, kind, payload); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.HasPrefix(b, again.Bytes()) {
			t.Errorf("read %q and wrote %q", b, again.Bytes())
		}
	})
}

var lines = []struct {
	text string
	ok   bool
}{
	{`{"hello":1}`, true},
	{`{"ok":true}`, true},
	{`{"partial":""}`, true},
	{`{"partial":"오늘"}`, true},
	{`{"final":[]}`, true},
	{`{"final":[{"w":"오늘","s":960000,"e":1440000,"c":1}]}`, true},
	{`{"lacks":["a"]}`, true},
	{`{"fault":"no model","text":"there is none"}`, true},
	{`{"ok":true} `, true},
	{``, false}, {`{}`, false}, {`null`, false}, {`[]`, false}, {`{"ok":false}`, false}, {`{"partial":null}`, false},
	{`{"partial":"half an`, false},
	{`{"ok":true}{"ok":true}`, false},
	{`{"ok":true,"partial":""}`, false},
	{`{"fault":"died"}`, false}, {`{"text":"why"}`, false}, {`{"hello":0}`, false},
	{`{"unknown":1}`, false},
	{`{"final":[{"w":"","s":0,"e":1,"c":1}]}`, false},
	{`{"final":[{"w":"a","s":-1,"e":1,"c":1}]}`, false},
	{`{"final":[{"w":"a","s":2,"e":1,"c":1}]}`, false},
	{`{"final":[{"w":"a","s":0,"e":90000000000,"c":1}]}`, false},
	{`{"final":[{"w":"a","s":0,"e":1,"c":1.5}]}`, false},
	{`{"final":[{"w":"a","s":0,"e":1e99,"c":1}]}`, false},
	{"LOG (VoskAPI:ReadDataFiles():model.cc:213)", false},
}

func TestLines(t *testing.T) {
	for _, c := range lines {
		if _, err := parseLine([]byte(c.text)); (err == nil) != c.ok {
			t.Errorf("%q: %v", c.text, err)
		}
	}
}

func TestAnswersGoAndCome(t *testing.T) {
	for _, want := range []Answer{
		{Partial: "오늘 <unk> \"x\""},
		{Final: true},
		{Final: true, Words: []media.Word{{Text: "오늘", Start: 960 * time.Millisecond, End: 1440001 * time.Microsecond, Confidence: 0.872791}}},
	} {
		text, err := json.Marshal(answerLine(want))
		if err != nil {
			t.Fatal(err)
		}
		l, err := parseLine(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := l.answer(); !ok || !reflect.DeepEqual(got, want) {
			t.Errorf("%s became %+v, want %+v", text, got, want)
		}
	}
}

func FuzzParseLine(f *testing.F) {
	for _, c := range lines {
		f.Add([]byte(c.text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := parseLine(text)
		if err != nil {
			return
		}
		a, ok := l.answer()
		if !ok {
			return
		}
		for _, w := range a.Words {
			if w.Text == "" || w.Start < 0 || w.End < w.Start || w.End > 24*time.Hour || !(w.Confidence >= 0 && w.Confidence <= 1) {
				t.Errorf("%q gives %+v", text, w)
			}
		}
	})
}

var voskTexts = []struct {
	text  string
	final bool
	want  Answer
	bad   bool
}{
	{text: "{\n  \"partial\" : \"오늘\"\n}", want: Answer{Partial: "오늘"}},
	{text: `{"partial" : ""}`},
	{text: `{"text": ""}`},
	{text: `{"text" : ""}`, final: true, want: Answer{Final: true}},
	{text: `{"result" : [{"conf" : 1.000001, "end" : 21.746754, "start" : 20.970000, "word" : "날씨"}], "text" : "날씨"}`, final: true,
		want: Answer{Final: true, Words: []media.Word{{Text: "날씨", Start: 20970 * time.Millisecond, End: 21746754 * time.Microsecond, Confidence: 1}}}},
	{text: `{"result" : [{"conf" : -nan, "end" : inf, "start" : 0.5, "word" : "conf : nan"}]}`, final: true,
		want: Answer{Final: true, Words: []media.Word{{Text: "conf : nan", Start: 500 * time.Millisecond, End: 500 * time.Millisecond}}}},
	{text: `{"result" : [{"conf" : -1, "end" : 1, "start" : -3, "word" : "a"}, {"word" : " "}]}`, final: true,
		want: Answer{Final: true, Words: []media.Word{{Text: "a", End: time.Second}}}},
	{text: ``, bad: true}, {text: `{"partial" : "`, bad: true}, {text: `{"result" : 1}`, final: true, bad: true},
}

func TestParseVosk(t *testing.T) {
	for _, c := range voskTexts {
		got, err := parseVosk([]byte(c.text), c.final)
		if (err != nil) != c.bad || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q: %+v, %v; want %+v", c.text, got, err, c.want)
		}
	}
}

// Whatever libvosk says, if it is taken the parent takes it too.
func FuzzParseVosk(f *testing.F) {
	for _, c := range voskTexts {
		f.Add([]byte(c.text), c.final)
	}
	f.Fuzz(func(t *testing.T, text []byte, final bool) {
		a, err := parseVosk(text, final)
		if err != nil {
			return
		}
		b, err := json.Marshal(answerLine(a))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parseLine(b); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	})
}

func TestParseUsage(t *testing.T) {
	const good = "123 (a ) R (b) S 1 123 123 0 -1 4194560 4519 0 0 0 250 30 0 0 20 0 9 0 52063 1234567 1000 18446744073709551615"
	u, err := parseUsage([]byte(good))
	if err != nil || u.state != 'S' || u.cpu != 2800*time.Millisecond || u.rss%1000 != 0 || u.rss < 4096000 {
		t.Errorf("%+v, %v", u, err)
	}
	for _, bad := range []string{"", ")", "1 (a) S 1 2 3", strings.Replace(good, "250", "x", 1)} {
		if _, err := parseUsage([]byte(bad)); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}
