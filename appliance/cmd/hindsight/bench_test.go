package main

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Two minutes are filled, checked, found on the timeline, and exported; what is
// exported plays without a complaint.
func TestBenchFill(t *testing.T) {
	ffprobe := tool(t, "ffprobe", "ffmpeg")
	data := filepath.Join(t.TempDir(), "data")
	r := runProgram(t, "bench", "fill", "--data", data, "--for", "2m", "--frame-bytes", "3000", "--end", "2026-01-02T03:04:05Z")
	if r.code != 0 || r.out != "" || !strings.Contains(r.err, "filling 100 %, 2m0s of 2m0s") {
		t.Fatalf("%+v", r)
	}
	if r := runProgram(t, "check", "--data", data); r.code != 0 {
		t.Errorf("%+v", r)
	}
	r = runProgram(t, "timeline", "--data", data, "--json")
	var tl apiTimeline
	if err := json.Unmarshal([]byte(r.out), &tl); err != nil || len(tl.Spans) != 1 {
		t.Fatalf("%v: %+v", err, r)
	}
	from := time.Date(2026, 1, 2, 3, 2, 5, 0, time.UTC)
	if s := tl.Spans[0]; !s.From.Time.Equal(from) || s.To.Time.Sub(from).Round(time.Millisecond) != 2*time.Minute {
		t.Errorf("from %v to %v", s.From.Time, s.To.Time)
	}
	file := filepath.Join(t.TempDir(), "x.mp4")
	if r := runProgram(t, "export", "--data", data, "--from", "2026-01-02T03:02:35Z", "--to", "2026-01-02T03:03:35Z", "-o", file); r.code != 0 {
		t.Fatalf("%+v", r)
	}
	out, err := exec.Command(ffprobe, "-v", "warning", "-count_frames", "-show_entries", "stream=codec_name,nb_read_frames",
		"-of", "csv=p=0", file).CombinedOutput()
	if got := strings.Fields(string(out)); err != nil || len(got) != 2 || got[0] != "h264,1800" || !strings.HasPrefix(got[1], "opus,300") {
		t.Errorf("%v: %s", err, out)
	}
	if r := runProgram(t, "bench", "fill", "--data", data, "--for", "2m"); r.code != 1 || !strings.Contains(r.err, "holds a recording already") {
		t.Errorf("filled twice: %+v", r)
	}
}

// Without a recording there is nothing to replay.
func TestBenchReplayNothing(t *testing.T) {
	dir := t.TempDir()
	r := runProgram(t, "bench", "replay", "--data", dir)
	if r.code != 1 || !strings.Contains(r.err, "there is no recording of camera cam in "+dir) || !strings.Contains(r.err, "`hindsight bench fill`") {
		t.Errorf("%+v", r)
	}
}

func TestBenchUsage(t *testing.T) {
	dir := t.TempDir()
	for args, want := range map[string]string{
		"fill --for 1h":                                          "want --data",
		"fill --data " + dir:                                     "want --for",
		"fill --for 0s --data " + dir:                            "whole seconds from 1s",
		"fill --for 1.5s --data " + dir:                          "whole seconds from 1s",
		"fill --for 401d --data " + dir:                          "to 400d",
		"fill --for 7w --data " + dir:                            "--for \"7w\"",
		"fill --for 1h --camera No --data " + dir:                "--camera: ",
		"fill --for 1h --frame-bytes -1 --data " + dir:           "want 0 to 1048576",
		"fill --for 1h --end soon --data " + dir:                 "--end: ",
		"fill --for 1h --end 2999-01-01T00:00:00Z --data " + dir: "want a time that is over",
		"fill --for 1h --data " + dir + " more":                  `unexpected "more"`,
		"replay":                                                 "want --data",
		"replay --data x --camera timeline":                      "--camera: ",
		"replay --data x --seeks -1":                             "want 0 to 100000",
		"replay --data x --seconds 0":                            "want 1 to 3600",
		"replay --data x --viewers 1,0":                          `--viewers "1,0": want numbers from 1 to 300`,
		"replay --data x --viewers 301":                          "want numbers from 1 to 300",
		"replay --data x --seeks 0 --viewers none":               "nothing to measure",
		"--cameras 65":                                           "want numbers from 1 to 64",
		"nonsense":                                               `unexpected "nonsense"`,
	} {
		r := runProgram(t, append([]string{"bench"}, strings.Fields(args)...)...)
		if r.code != 2 || !strings.Contains(r.err, want) {
			t.Errorf("bench %s: %+v, want exit status 2 and %q", args, r, want)
		}
	}
}
