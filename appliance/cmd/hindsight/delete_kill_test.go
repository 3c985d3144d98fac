package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestKillWhileDeleting: at moments all over a deletion the recorder is killed. The next start
// completes what was begun, or nothing was: what lies outside of the range is there whole either way.
func TestKillWhileDeleting(t *testing.T) {
	origin := filepath.Join(memoryDir(t), "data")
	if r := runProgram(t, "bench", "fill", "--data", origin, "--for", "32m"); r.code != 0 {
		t.Fatalf("fill: code %d\n%s", r.code, r.err)
	}
	// Of the four files two are cut and one goes whole.
	const from, to = "1.300000", "1.1620000"
	before := [2]map[string]int64{unitsIn(t, origin, "1.0", from), unitsIn(t, origin, to, "1.1900000")}
	inside := unitsIn(t, origin, from, to)
	if inside["video"] < 30*1300 {
		t.Fatalf("%v were filled into the range", inside)
	}
	whole := time.Duration(0) // that a deletion takes
	begun, undone := 0, 0
	const rounds = 9
	for round := range rounds {
		data := filepath.Join(memoryDir(t), "data")
		if err := os.CopyFS(data, os.DirFS(origin)); err != nil {
			t.Fatal(err)
		}
		s := serveIn(t, data, small...)
		asked := time.Now()
		answered := make(chan bool, 1)
		go func() {
			body, _ := json.Marshal(map[string]string{"camera": "cam", "from": from, "to": to})
			res, err := http.Post(s.http+"/api/v1/delete", "application/json", strings.NewReader(string(body)))
			if err == nil {
				res.Body.Close()
			}
			answered <- err == nil && res.StatusCode == http.StatusOK
		}()
		if round == 0 {
			if !<-answered {
				t.Fatalf("nothing was deleted:\n%s", s.log)
			}
			whole = time.Since(asked)
		} else {
			time.Sleep(whole * time.Duration(round) / (rounds - 1)) // what is checked below holds at any moment
		}
		s.kill()
		s = serveIn(t, data, small...)
		s.stop()
		checkClean(t, data)
		after := [2]map[string]int64{unitsIn(t, data, "1.0", from), unitsIn(t, data, to, "1.1900000")}
		if !reflect.DeepEqual(after, before) {
			t.Errorf("round %d: outside of the range %v are left, there were %v", round, after, before)
		}
		switch left := unitsIn(t, data, from, to); {
		case reflect.DeepEqual(left, inside):
			undone++
		case len(left) == 0 || left["video"]+left["audio"] == 0:
			begun++
		default:
			t.Errorf("round %d: of %v in the range %v are left: neither all nor none", round, inside, left)
		}
		names, err := filepath.Glob(filepath.Join(data, "cam", "segments", "*.new"))
		if err != nil || len(names) > 0 {
			t.Errorf("round %d: %v, %v is left", round, err, names)
		}
	}
	if begun < 2 {
		t.Errorf("of %d deletions %d were completed, %d never begun", rounds, begun, undone)
	}
}

// unitsIn counts what is kept of each kind between two positions.
func unitsIn(t *testing.T, data, from, to string) map[string]int64 {
	t.Helper()
	r := runProgram(t, "timeline", "--data", data, "--from", from, "--to", to, "--json")
	var tl apiTimeline
	if err := json.Unmarshal([]byte(r.out), &tl); r.code != 0 || err != nil {
		t.Fatalf("timeline: code %d, %v\n%s%s", r.code, err, r.out, r.err)
	}
	units := map[string]int64{}
	for _, k := range tl.Tracks {
		units[k.Kind] += k.Units
	}
	return units
}
