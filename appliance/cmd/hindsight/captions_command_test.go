package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
)

// What a person can get wrong with captions is one line and exit code 2.
func TestCaptionsUsage(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"captions foo", "foo"},
		{"captions --format pdf", "--format"},
		{"captions --times noon", "--times"},
		{"captions --from noon", "--from"},
		{"captions --search x --format vtt", "--search"},
		{"captions -f --to 10:00", "-f"},
		{"captions --data x --url http://127.0.0.1:1", "--url"},
		{"captions make", "--from"},
		{"captions make --from 10:00", "--to"},
		{"captions edit 1", "ID"},
		{"captions edit x text", "x"},
		{"captions set speed=3", "speed"},
		{"captions set captions", "KEY=VALUE"},
		{"captions set max_celsius=hot", "hot"},
		{"captions on now", "now"},
		{"model", "list"},
		{"model foo", "foo"},
		{"model add", "want"},
		{"model get", "want"},
		{"model use", "want"},
		{"model remove", "want"},
		{"model list x", "x"},
		{"model add --language Klingon .", "--language"},
	} {
		r := runProgram(t, strings.Fields(c.args)...)
		if r.code != 2 || strings.Count(r.err, "\n") != 1 || !strings.Contains(r.err, c.want) || r.out != "" {
			t.Errorf("%s: %+v, want %q in one line and code 2", c.args, r, c.want)
		}
	}
	for _, c := range []string{"captions", "captions make", "captions edit", "captions on", "captions off", "captions set", "captions status", "captions jobs",
		"model", "model list", "model add", "model get", "model use", "model remove"} {
		r := runProgram(t, append(strings.Fields(c), "--help")...)
		if r.code != 0 || !strings.HasPrefix(r.out, "usage: hindsight "+c) || r.err != "" {
			t.Errorf("%s --help: %+v", c, r)
		}
	}
}

// What a hostile server says moves nothing on a terminal.
func TestCaptionsHostile(t *testing.T) {
	const bad = "a\x1b[2J\u202eb\u0007c"
	enc, err := json.Marshal(bad)
	if err != nil {
		t.Fatal(err)
	}
	one := fmt.Sprintf(`{"id":7,"start":{"time":"2026-11-24T10:15:00Z","trusted":true},"text":%s,"language":%s,"role":%s,"model":{"name":%s}}`, enc, enc, enc, enc)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/api/v1/captions.txt":
			fmt.Fprintf(w, "%s\n", bad)
		case "/api/v1/captions/jobs":
			fmt.Fprintf(w, `{"jobs":[{"id":%s,"state":%s,"error":%s}]}`, enc, enc, enc)
		case "/api/v1/captions/settings":
			fmt.Fprintf(w, `{"captions":%s,"languages":[%s],"channel":%s,"phrases":[%s]}`, enc, enc, enc, enc)
		case "/api/v1/captions/heard":
			fmt.Fprintf(w, `{"spans":[{"language":%s,"state":%s,"why":%s}]}`, enc, enc, enc)
		case "/api/v1/status":
			fmt.Fprintf(w, `{"cameras":[{"name":"cam","captions":[{"language":%s,"state":%s,"problem":%s}]}]}`, enc, enc, enc)
		case "/api/v1/captions":
			fmt.Fprintf(w, `{"captions":[%s]}`, one)
		case "/api/v1/captions/7":
			fmt.Fprint(w, one)
		default:
			w.WriteHeader(http.StatusTeapot)
			fmt.Fprintf(w, `{"error":%s}`, enc)
		}
	}))
	defer server.Close()
	for _, c := range []string{"captions", "captions --search x", "captions jobs", "captions set", "captions status", "captions edit 7 x", "captions -f", "captions make --from 1.0 --to 1.5"} {
		r := runProgram(t, append(strings.Fields(c), "--url", server.URL)...)
		if !strings.Contains(r.out+r.err, "b c") {
			t.Errorf("%s: %+v: it does not say what the server said", c, r)
		}
		for _, x := range r.out + r.err {
			if x != '\n' && !unicode.IsGraphic(x) {
				t.Errorf("%s: %q is printed", c, x)
			}
		}
	}
}

// Ctrl-C ends the job that the command waits for, and says so.
func TestCaptionsMakeInterrupted(t *testing.T) {
	asked, cancelled := make(chan map[string]any, 1), make(chan struct{}, 1)
	var started bytes.Buffer
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		state := "running"
		switch r.Method {
		case http.MethodPost:
			var in map[string]any
			json.NewDecoder(r.Body).Decode(&in) //nolint:errcheck // what is missing shows
			in["type"] = r.Header.Get("Content-Type")
			w.WriteHeader(http.StatusAccepted)
			asked <- in
		case http.MethodDelete:
			state = "cancelled"
			cancelled <- struct{}{}
		}
		fmt.Fprintf(w, `{"id":"4","state":%q,"captions":2}`, state)
	}))
	defer server.Close()
	cmd := exec.Command(programPath(t), "captions", "make", "--from", "1.0", "--to", "1.5000", "--replace", "--url", server.URL)
	cmd.Stderr = &started
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	in := <-asked
	if in["from"] != "1.0" || in["to"] != "1.5000" || in["replace"] != true || in["type"] != "application/json" {
		t.Errorf("it asked for %v", in)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	<-cancelled
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 1 || !strings.Contains(started.String(), "cancelled") {
		t.Errorf("%v: %s", err, &started)
	}
}

// The commands against a recorder that hears the demo source, and against its files.
func TestCaptionsCommands(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	s := serveCaptioned(t, data, "--video", "demo", "--size", "320x240")
	ok := func(args ...string) string {
		t.Helper()
		r := runProgram(t, append([]string{"captions"}, append(args, "--data", data)...)...)
		if r.code != 0 {
			t.Fatalf("captions %v: %+v", args, r)
		}
		return r.out
	}
	fails := func(want string, args ...string) {
		t.Helper()
		r := runProgram(t, append([]string{"captions"}, append(args, "--data", data)...)...)
		if r.code != 1 || strings.Count(r.err, "\n") != 1 || !strings.Contains(r.err, want) {
			t.Errorf("captions %v: %+v, want %q and code 1", args, r, want)
		}
	}
	follow := exec.Command(programPath(t), "captions", "-f", "--url", s.http)
	heard := &syncBuffer{}
	follow.Stdout = heard
	if err := follow.Start(); err != nil {
		t.Fatal(err)
	}
	defer follow.Process.Kill() //nolint:errcheck // it may have ended
	until(t, "a caption that is followed", func() bool { return strings.Contains(heard.String(), "\n") })
	if err := follow.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := follow.Wait(); err != nil {
		t.Errorf("-f ended by Ctrl-C: %v", err)
	}
	var doc struct {
		Camera   string
		Captions []apiCaption
	}
	if err := json.Unmarshal([]byte(ok("--format", "json")), &doc); err != nil || doc.Camera != "cam" || len(doc.Captions) == 0 {
		t.Fatalf("json: %v: %+v", err, doc)
	}
	first := doc.Captions[0]
	day := first.Start.Time.Local().Format("2006-01-02 15:04:05")
	for _, c := range []struct {
		want string
		args []string
	}{
		{day + "  " + first.Text, nil},
		{"00:00:0", []string{"--times", "media"}},
		{"WEBVTT\nLanguage: ko", []string{"--format", "vtt"}},
		{"1\n00:00:", []string{"--format", "srt"}},
		{"1\n" + first.Start.Time.Local().Format("15:04:05"), []string{"--format", "srt", "--times", "wall"}},
		{first.Text, []string{"--search", first.Text}},
		{"", []string{"--search", "none"}},
		{"", []string{"--model", "none"}},
		{"captions=on", []string{"set"}},
		{"order=oldest", []string{"set", "order=oldest"}},
		{"ko", []string{"status"}},
		{"a different text", []string{"edit", fmt.Sprint(first.ID), "a different text"}},
		{"a different text", []string{"--search", "different"}},
	} {
		if out := ok(c.args...); !strings.Contains(out, c.want) || c.want == "" && out != "" {
			t.Errorf("captions %v: %q, want %q", c.args, out, c.want)
		}
	}
	ok("off")
	until(t, "it is off", func() bool { return s.caption().State == "off" })
	fails("no caption 999999", "edit", "999999", "x")
	fails("no sound is recorded there", "make", "--from", "9.0", "--to", "9.1")
	if out := ok("make", "--from", "1.0", "--to", "1.4000", "--replace"); !strings.Contains(out, "captions in ko") {
		t.Errorf("make: %q", out)
	}
	if out := ok("jobs"); !strings.Contains(out, "done") || !strings.Contains(out, "100 %") {
		t.Errorf("jobs: %q", out)
	}
	ok("on")
	until(t, "it is on", func() bool { return s.caption().State != "off" })
	s.stop()
	if out := ok("--search", "different"); !strings.Contains(out, "a different text") {
		t.Errorf("of the files: %q", out)
	}
	fails("no recorder runs", "make", "--from", "1.0", "--to", "1.4000")
	fails("no recorder runs", "edit", fmt.Sprint(first.ID), "x")
	fails("no recorder runs", "off")
	fails("no recorder runs", "-f")
}
