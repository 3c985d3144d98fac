package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// event is one line of `go test -json` (see go doc test2json).
type event struct {
	Action     string
	Package    string
	ImportPath string // of build-output and build-fail
	Test       string
	Output     string
}

// pkg is one package while its tests run.
type pkg struct {
	output  map[string][]string // what each unfinished test printed; "": outside of any
	parents map[string]bool     // tests that have subtests: not counted themselves
	failed  map[string]bool     // tests with a failed subtest; "": the package has a failed test
}

// counter counts tests and shows what a person wants to see.
type counter struct {
	passed, failed, skipped int

	w    io.Writer
	open map[string]*pkg
}

func newCounter(w io.Writer) *counter {
	return &counter{w: w, open: map[string]*pkg{}}
}

// read counts everything that r holds. What is not JSON is shown as it stands.
func (c *counter) read(r io.Reader) error {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			var e event
			if json.Unmarshal([]byte(line), &e) == nil && e.Action != "" {
				c.event(e)
			} else {
				fmt.Fprintln(c.w, strings.TrimRight(line, "\n"))
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.open)) {
		c.failed++
		c.show(c.open[name].output[""])
		fmt.Fprintf(c.w, "FAIL\t%s\tended in the middle\n", name)
	}
	return nil
}

func (c *counter) event(e event) {
	switch {
	case e.Action == "build-output":
		c.show([]string{e.Output})
	case e.Package == "" || strings.HasPrefix(e.Action, "build-"):
	case e.Test == "":
		c.ofPackage(e)
	default:
		c.ofTest(e)
	}
}

func (c *counter) get(name string) *pkg {
	p := c.open[name]
	if p == nil {
		p = &pkg{output: map[string][]string{}, parents: map[string]bool{}, failed: map[string]bool{}}
		c.open[name] = p
	}
	return p
}

func (c *counter) ofPackage(e event) {
	p := c.get(e.Package)
	switch e.Action {
	case "output":
		if e.Output != "PASS\n" && e.Output != "FAIL\n" && !strings.HasSuffix(e.Output, "[no test files]\n") {
			p.output[""] = append(p.output[""], e.Output)
		}
		return
	case "fail":
		if !p.failed[""] {
			c.failed++
		}
		// A test that was still running when the process died never finished.
		for _, name := range slices.Sorted(maps.Keys(p.output)) {
			if name != "" {
				c.show(p.output[name])
			}
		}
	case "pass", "skip":
	default:
		return
	}
	c.show(p.output[""])
	delete(c.open, e.Package)
}

func (c *counter) ofTest(e event) {
	p := c.get(e.Package)
	switch e.Action {
	case "run":
		for _, a := range ancestors(e.Test) {
			p.parents[a] = true
		}
		return
	case "output":
		if !strings.HasPrefix(e.Output, "=== ") {
			p.output[e.Test] = append(p.output[e.Test], e.Output)
		}
		return
	case "pass", "fail", "skip":
	default:
		return
	}
	leaf := !p.parents[e.Test]
	switch e.Action {
	case "pass":
		if leaf {
			c.passed++
		}
	case "skip":
		if leaf {
			c.skipped++
		}
		c.show(p.output[e.Test])
	case "fail":
		// A parent that fails while its subtests passed is a failure of its own.
		if leaf || !p.failed[e.Test] {
			c.failed++
		}
		p.failed[""] = true
		for _, a := range ancestors(e.Test) {
			p.failed[a] = true
		}
		c.show(p.output[e.Test])
	}
	delete(p.output, e.Test)
}

// ancestors are the tests that test is a subtest of: A and A/b for A/b/c.
func ancestors(test string) []string {
	var up []string
	for i := range test {
		if test[i] == '/' {
			up = append(up, test[:i])
		}
	}
	return up
}

// show writes the verdict on a test before what the test said, as go test does.
func (c *counter) show(lines []string) {
	verdict := func(l string) bool { return strings.HasPrefix(strings.TrimLeft(l, " "), "--- ") }
	for _, first := range []bool{true, false} {
		for _, l := range lines {
			if verdict(l) == first {
				io.WriteString(c.w, l)
			}
		}
	}
}
