package main

import (
	"bytes"
	"image"
	"image/jpeg"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hindsight/appliance/pattern"
)

// apiFrames is what /api/v1/frames answers.
type apiFrames struct {
	Frames []struct {
		At    apiMoment
		Key   bool
		Bytes int
	}
	Next *string
}

// squares reads the numbers of the demo source out of a JPEG image.
func squares(t *testing.T, data []byte) (frame, wallMS uint32) {
	t.Helper()
	m, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	p := m.(*image.YCbCr)
	frame, wallMS, ok := pattern.ReadNumbers(p.Y, p.YStride, p.Rect.Dy(), pattern.Square(p.YStride))
	if !ok {
		t.Fatal("the numbers in the picture cannot be read")
	}
	return frame, wallMS
}

// Every frame that the API lists is the one that a snapshot at its position or
// time shows: its number is one more than that of the frame before, and the wall time painted
// into it is the one that is told.
func TestSnapshotIsTheFrame(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	s := serveIn(t, data, small...)
	s.more("video", 100)
	get := func(query string) ([]byte, http.Header) {
		t.Helper()
		res, err := http.Get(s.http + "/api/v1/snapshot.jpg?" + query)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var b bytes.Buffer
		if _, err := b.ReadFrom(res.Body); err != nil || res.StatusCode != 200 {
			t.Fatalf("%s: %s %s %v", query, res.Status, b.String(), err)
		}
		return b.Bytes(), res.Header
	}
	if _, h := get("at=now"); h.Get("X-Frame-Position") == "" {
		t.Error("the newest frame, hardly recorded, has no position")
	}
	var list apiFrames
	s.get("/api/v1/frames?from=1.0&limit=70", &list)
	if len(list.Frames) != 70 || list.Next == nil || !list.Frames[0].Key {
		t.Fatalf("%d frames, next %v", len(list.Frames), list.Next)
	}
	keys := 0
	body := func(b []byte, _ http.Header) []byte { return b }
	first, _ := squares(t, body(get("at="+list.Frames[0].At.Position)))
	for i, f := range list.Frames {
		if f.Key {
			keys++
		}
		b, h := get("at=" + f.At.Position)
		n, wall := squares(t, b)
		if n != first+uint32(i) || h.Get("X-Frame-Position") != f.At.Position {
			t.Fatalf("frame %d, at %s: shows %d after %d, said to be at %s", i, f.At.Position, n, first, h.Get("X-Frame-Position"))
		}
		if off := int32(wall - uint32(f.At.Time.UnixMilli())); off < -50 || off > 50 {
			t.Errorf("frame %d: the time in the picture is %d ms off", i, off)
		}
		if i%10 > 0 {
			continue
		}
		if n, _ := squares(t, body(get("at="+url.QueryEscape(f.At.Time.Format(time.RFC3339Nano))))); n != first+uint32(i) {
			t.Errorf("frame %d by its time: shows %d", i, n-first)
		}
		if i == 0 {
			continue
		}
		if n, _ := squares(t, body(get("at="+url.QueryEscape(f.At.Time.Add(-1).Format(time.RFC3339Nano))))); n != first+uint32(i)-1 {
			t.Errorf("a nanosecond before frame %d: shows %d", i, n-first)
		}
	}
	if keys < 2 || keys > 35 {
		t.Errorf("%d of 70 frames are key frames", keys)
	}
}

// The command asks the server of the directory or of an address, or reads the
// files when nobody records; a file appears whole or not at all.
func TestSnapshotCommand(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	s := serveIn(t, data, small...)
	s.more("video", 90)
	var list apiFrames
	s.get("/api/v1/frames?from=1.0&limit=50", &list)
	if len(list.Frames) != 50 {
		t.Fatalf("%d frames", len(list.Frames))
	}
	at := list.Frames[45].At
	dir := t.TempDir()
	take := func(name string, args ...string) []byte {
		t.Helper()
		file := filepath.Join(dir, name)
		r := runProgram(t, append([]string{"snapshot", "-o", file}, args...)...)
		b, err := os.ReadFile(file)
		if r.code != 0 || err != nil || !strings.HasPrefix(r.out, file+": ") || r.err != "" {
			t.Fatalf("%v: %+v, %v", args, r, err)
		}
		if !strings.HasSuffix(r.out, "  "+at.Position+"\n") || !strings.Contains(r.out, at.Time.Local().Format("  2006-01-02 15:04:05.000")) {
			t.Errorf("%v: %q does not name the frame of %s, %v", args, r.out, at.Position, at.Time)
		}
		return b
	}
	want := take("socket.jpg", "--data", data, "--at", at.Position)
	if b := take("url.jpg", "--url", s.http, "--at", at.Time.Format(time.RFC3339Nano), "--camera", "cam"); !bytes.Equal(b, want) {
		t.Error("by --url: another picture")
	}
	if m, err := jpeg.DecodeConfig(bytes.NewReader(take("small.jpg", "--url", s.http, "--at", at.Position, "--width", "320"))); err != nil || m.Width != 320 || m.Height != 180 {
		t.Errorf("--width 320: %+v, %v", m, err)
	}
	r := runProgram(t, "snapshot", "--url", s.http, "--at", at.Position, "-o", "-")
	if r.code != 0 || r.out != string(want) || !strings.HasSuffix(r.err, "  "+at.Position+"\n") {
		t.Errorf("to standard output: %d, %d bytes, %q", r.code, len(r.out), r.err)
	}
	for _, newest := range [][]string{nil, {"--at", "now"}, {"--at", "-0s"}, {"--at", "2100-01-01T00:00:00Z"}} {
		file := filepath.Join(dir, "newest.jpg")
		if r := runProgram(t, append([]string{"snapshot", "--data", data, "-o", file}, newest...)...); r.code != 0 {
			t.Errorf("%v: %+v", newest, r)
		}
	}
	s.stop()
	if b := take("files.jpg", "--data", data, "--at", at.Position); !bytes.Equal(b, want) {
		t.Error("from the files: another picture")
	}
	none := filepath.Join(dir, "none.jpg")
	for _, c := range []struct {
		args []string
		code int
		word string
	}{
		{[]string{"--data", data, "--at", "2020-01-01T00:00:00Z", "-o", none}, 1, "nothing is recorded at or before 2020-01-01T00:00:00Z; the recording begins at "},
		{[]string{"--data", data, "--at", "1.0", "-o", none}, 1, "no picture is recorded at or before that moment"},
		{[]string{"--data", data, "--camera", "door", "-o", none}, 1, "door"},
		{[]string{"--data", data, "-o", filepath.Join(dir, "no", "x.jpg")}, 1, "cannot be written"},
		{[]string{"--data", data, "-o", dir}, 2, "is a directory"},
		{[]string{"--data", data}, 2, "-o is needed"},
		{[]string{"--data", data, "-o", none, "--at", "yesterday"}, 2, "--at"},
		{[]string{"--data", data, "-o", none, "--width", "8"}, 2, "16 to 16384"},
		{[]string{"--data", data, "-o", none, "--width", "wide"}, 2, "width"},
	} {
		if r := runProgram(t, append([]string{"snapshot"}, c.args...)...); r.code != c.code || !strings.Contains(r.err, c.word) || strings.Count(r.err, "\n") != 1 {
			t.Errorf("%v: %+v, want %d and %q", c.args, r, c.code, c.word)
		}
	}
	if es, err := os.ReadDir(dir); err != nil || len(es) != 5 {
		t.Errorf("left behind: %v, %v", es, err)
	}
}

// What a server says of a frame is not believed blindly.
func TestFrameOf(t *testing.T) {
	for _, c := range []struct {
		time, position string
		ok             bool
		want           string
	}{
		{"2026-11-24T10:15:00.5Z", "1.500", true, "1.500"},
		{"2026-11-24T10:15:00Z", "\x1b[2J\u202e", true, " [2J "},
		{"", "1.500", false, ""},
		{"yesterday", "1.500", false, ""},
	} {
		h := http.Header{}
		h.Set("X-Frame-Time", c.time)
		h.Set("X-Frame-Position", c.position)
		m, err := frameOf(&http.Response{Header: h})
		if (err == nil) != c.ok || c.ok && strings.TrimSpace(m.Position.String()) != strings.TrimSpace(c.want) {
			t.Errorf("%q, %q: %q, %v", c.time, c.position, m.Position.String(), err)
		}
	}
}
