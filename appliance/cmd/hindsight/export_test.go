package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Where an export is written to: a file appears whole or not at all, a
// directory is refused, and a pipe is written to and stays one.
func TestExportTargets(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	s := serveIn(t, data, small...)
	s.more("video", 60)
	s.stop()
	dir := t.TempDir()
	export := func(target string) result {
		return runProgram(t, "export", "--data", data, "--from", "1.500", "--to", "1.1500", "-o", target)
	}
	file := filepath.Join(dir, "x.mp4")
	if r := export(file); r.code != 0 {
		t.Fatalf("to a file: %+v", r)
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if r := export(dir); r.code != 2 || !strings.Contains(r.err, dir+" is a directory") {
		t.Errorf("to a directory: %+v", r)
	}
	missing := filepath.Join(dir, "no", "x.mp4")
	if r := export(missing); r.code != 1 || r.err != "hindsight export: "+missing+" cannot be written: no such file or directory\n" {
		t.Errorf("to a directory that is missing: %+v", r)
	}
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(pipe, os.O_RDWR, 0) // both, so that neither end waits for the other
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan []byte, 1)
	go func() {
		b := make([]byte, len(want))
		io.ReadFull(f, b) //nolint:errcheck // what came is compared
		got <- b
	}()
	r := export(pipe)
	if fi, err := os.Lstat(pipe); err != nil || fi.Mode().IsRegular() {
		t.Fatalf("the pipe became a file: %v", err)
	}
	if b := <-got; r.code != 0 || !bytes.Equal(b, want) {
		t.Errorf("to a pipe: %+v, the bytes are another file's", r)
	}
	f.Close()
	if es, err := os.ReadDir(dir); err != nil || len(es) != 2 {
		t.Errorf("left behind: %v, %v", es, err)
	}
}

// A flag goes over a variable: --data is not refused since HINDSIGHT_URL is set.
func TestDataGoesOverVariable(t *testing.T) {
	t.Setenv("HINDSIGHT_URL", "http://127.0.0.1:1")
	dir := filepath.Join(t.TempDir(), "none")
	if r := runProgram(t, "timeline", "--data", dir); r.code != 1 || !strings.Contains(r.err, dir) {
		t.Errorf("--data: %+v", r)
	}
	if r := runProgram(t, "timeline"); r.code != 1 || !strings.Contains(r.err, "http://127.0.0.1:1") {
		t.Errorf("the variable: %+v", r)
	}
	if r := runProgram(t, "timeline", "--data", dir, "--url", "http://127.0.0.1:1"); r.code != 2 {
		t.Errorf("both flags: %+v", r)
	}
}

// A configuration that serve would refuse is wrong usage of every command that needs it.
func TestBadConfiguration(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bad.yml")
	if err := os.WriteFile(file, []byte("data: x\nspeed: 3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HINDSIGHT_CONFIG", file)
	for _, command := range []string{"serve", "timeline", "check"} {
		if r := runProgram(t, command); r.code != 2 || !strings.Contains(r.err, file+":2") {
			t.Errorf("%s: %+v", command, r)
		}
	}
}
