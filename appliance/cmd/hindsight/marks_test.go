package main

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestMarkCommands on a recorder that runs, through its socket, and on its files afterwards.
func TestMarkCommands(t *testing.T) {
	data := filepath.Join(memoryDir(t), "data")
	s := serveIn(t, data, "--video", "demo", "--audio", "demo", "--size", "320x240", "--rate", "10")
	until(t, "3 s of recording", func() bool { return s.recorded() > 3*time.Second })
	do := func(want string, args ...string) string {
		t.Helper()
		r := runProgram(t, append(args, "--data", data)...)
		if ok, err := regexp.MatchString(want, r.out); r.code != 0 || err != nil || !ok {
			t.Errorf("%v: code %d, %q%s, want %s", args, r.code, r.out, r.err, want)
		}
		return r.out
	}
	refused := func(code int, want string, args ...string) {
		t.Helper()
		if r := runProgram(t, append(args, "--data", data)...); r.code != code || !strings.Contains(r.err, want) {
			t.Errorf("%v: code %d, %q, want %d, %s", args, r.code, r.err, code, want)
		}
	}
	const when = `\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\??`
	do(`^$`, "bookmarks", "list")
	do(`^bookmark 1: added\n$`, "bookmarks", "add", "1.1500", "--note", "the lathe starts")
	do(`^1  `+when+`  1\.1500  the lathe starts\n$`, "bookmarks", "list")
	do(`^bookmark 1: changed\n$`, "bookmarks", "rename", "1", "선반")
	do(`"note": "선반"`, "bookmarks", "list", "--json")
	do(`^pin 2: added\n$`, "pins", "add", "--from", "1.1000", "--to", "1.2000", "--note", "for the insurance")
	do(`^2  `+when+`  to `+when+`  1\.1000  for the insurance\n$`, "pins", "list")
	do(`^session 3: since `+when+`\n$`, "record", "--name", "morning class")
	do(`(?m)^3 +`+when+`  goes on +1\.\d+  morning class$`, "sessions", "list")
	refused(1, "stop it first", "sessions", "remove", "3")
	begun := s.recorded()
	until(t, "2 s of the session", func() bool { return s.recorded() > begun+2*time.Second })
	do(`^camera cam: stopped since `+when+`\n$`, "stop", "--why", "a talk in private")
	do(`^session 3: changed\n$`, "sessions", "rename", "3", "evening class")
	do(`(?m)^3 +`+when+`  to `+when+`  1\.\d+  evening class$`, "sessions", "list")
	do(`(?m)^run-1 `, "sessions", "list")
	do(`^session \d+: since `, "record")
	do(`^pin 2: removed\n$`, "pins", "remove", "2")
	refused(1, "", "pins", "remove", "2")
	refused(1, "camera", "bookmarks", "add", "1.1500", "--camera", "attic")
	refused(2, "want a time", "bookmarks", "add")
	refused(2, "--from and --to", "pins", "add", "--from", "1.1000")
	refused(2, "soon", "bookmarks", "add", "soon")
	s.stop()
	do(`^1  `, "bookmarks", "list")
	refused(1, "it is only read", "bookmarks", "remove", "1")
	refused(1, "it is only read", "record")
	checkClean(t, data)
}
