package main

import (
	"os/exec"
	"strings"
	"testing"
)

func TestCounts(t *testing.T) {
	pass := func(test string) string {
		return `{"Action":"run","Package":"p","Test":"` + test + `"}` + "\n" +
			`{"Action":"pass","Package":"p","Test":"` + test + `"}` + "\n"
	}
	end := func(how string) string { return `{"Action":"` + how + `","Package":"p"}` + "\n" }
	for _, c := range []struct {
		name, in                string
		passed, failed, skipped int
		shows                   string
	}{
		{name: "nothing"},
		{name: "one", in: pass("TestA") + end("pass"), passed: 1},
		{
			name: "a parent is not a test of its own",
			in: `{"Action":"run","Package":"p","Test":"TestA"}` + "\n" + pass("TestA/x") + pass("TestA/y") +
				`{"Action":"pass","Package":"p","Test":"TestA"}` + "\n" + end("pass"),
			passed: 2,
		},
		{
			name: "a failed subtest fails its parent without counting twice",
			in: `{"Action":"run","Package":"p","Test":"TestA"}
				{"Action":"run","Package":"p","Test":"TestA/x"}
				{"Action":"output","Package":"p","Test":"TestA/x","Output":"    a_test.go:9: want 1\n"}
				{"Action":"output","Package":"p","Test":"TestA/x","Output":"    --- FAIL: TestA/x (0.00s)\n"}
				{"Action":"fail","Package":"p","Test":"TestA/x"}
				{"Action":"fail","Package":"p","Test":"TestA"}
				` + pass("TestB") + end("fail"),
			passed: 1, failed: 1, shows: "    --- FAIL: TestA/x (0.00s)\n    a_test.go:9: want 1\n",
		},
		{
			name: "a parent that fails by itself counts",
			in: `{"Action":"run","Package":"p","Test":"TestA"}` + "\n" + pass("TestA/x") +
				`{"Action":"fail","Package":"p","Test":"TestA"}` + "\n" + end("fail"),
			passed: 1, failed: 1,
		},
		{
			name: "skipped, with its reason",
			in: `{"Action":"run","Package":"p","Test":"TestA"}
				{"Action":"output","Package":"p","Test":"TestA","Output":"    why\n"}
				{"Action":"skip","Package":"p","Test":"TestA"}
				` + end("pass"),
			skipped: 1, shows: "    why\n",
		},
		{
			name: "does not build",
			in: `{"ImportPath":"p","Action":"build-output","Output":"p.go:1: no\n"}
				{"ImportPath":"p","Action":"build-fail"}
				{"Action":"output","Package":"p","Output":"FAIL\tp [build failed]\n"}
				` + end("fail"),
			failed: 1, shows: "p.go:1: no\nFAIL\tp [build failed]\n",
		},
		{
			name: "dies in a test",
			in: `{"Action":"run","Package":"p","Test":"TestA"}
				{"Action":"output","Package":"p","Test":"TestA","Output":"panic: oh\n"}
				` + end("fail"),
			failed: 1, shows: "panic: oh\n",
		},
		{name: "ends in the middle", in: pass("TestA"), passed: 1, failed: 1, shows: "FAIL\tp\tended in the middle\n"},
		{name: "not JSON", in: "go: no such package\n", shows: "go: no such package\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out strings.Builder
			n := newCounter(&out)
			if err := n.read(strings.NewReader(strings.ReplaceAll(c.in, "\t\t\t\t{", "{"))); err != nil {
				t.Fatal(err)
			}
			if n.passed != c.passed || n.failed != c.failed || n.skipped != c.skipped {
				t.Errorf("%d passed, %d failed, %d skipped; want %d, %d, %d",
					n.passed, n.failed, n.skipped, c.passed, c.failed, c.skipped)
			}
			if out.String() != c.shows {
				t.Errorf("shows %q, want %q", out.String(), c.shows)
			}
		})
	}
}

// TestRealGo checks the counts against a package whose tests are known.
func TestRealGo(t *testing.T) {
	json, err := exec.Command("go", "test", "-json", "-count=1", "./testdata/sample").Output()
	if err == nil {
		t.Fatal("the sample has a test that fails, yet go test was content")
	}
	var out strings.Builder
	n := newCounter(&out)
	if err := n.read(strings.NewReader(string(json))); err != nil {
		t.Fatal(err)
	}
	if n.passed != 3 || n.failed != 1 || n.skipped != 1 {
		t.Errorf("%d passed, %d failed, %d skipped; want 3, 1, 1", n.passed, n.failed, n.skipped)
	}
	for _, want := range []string{"--- FAIL: TestFails", "known to fail", "FAIL\thindsight/build/testcount/testdata/sample"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not shown:\n%s", want, out.String())
		}
	}
}
