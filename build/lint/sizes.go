package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
)

// The budgets, in lines, of code that is neither a test nor generated.
const (
	fileP95     = 500 // 19 files of 20 are no longer
	fileMax     = 800
	functionP95 = 55
	functionMax = 120
)

// size is how long something is, and where it begins.
type size struct {
	path  string
	line  int
	name  string
	lines int
}

// checkSizes measures Go files and functions and the frontend's files, writes
// what it measured to w and finds what is over the budget.
func checkSizes(files map[string]string, w io.Writer) []finding {
	var goFiles, functions, pageFiles []size
	var found []finding
	for _, p := range slices.Sorted(maps.Keys(files)) {
		text := files[p]
		if isTest(p) || isGenerated(p, text) {
			continue
		}
		whole := size{path: p, line: 1, name: "the file", lines: strings.Count(text, "\n")}
		switch path.Ext(p) {
		case ".go":
			goFiles = append(goFiles, whole)
			in, err := functionsOf(p, text)
			if err != nil {
				found = append(found, finding{p, 1, err.Error()})
			}
			functions = append(functions, in...)
		case ".ts", ".svelte", ".js", ".css":
			pageFiles = append(pageFiles, whole)
		}
	}
	found = append(found, budget(w, "Go files", goFiles, fileP95, fileMax)...)
	found = append(found, budget(w, "Go functions", functions, functionP95, functionMax)...)
	return append(found, budget(w, "frontend files", pageFiles, fileP95, fileMax)...)
}

func isTest(p string) bool {
	return strings.HasSuffix(p, "_test.go") || strings.Contains(p, ".test.") || strings.Contains(p, "testdata/")
}

func isGenerated(p, text string) bool {
	head, _, _ := strings.Cut(text, "\npackage ")
	return strings.Contains(head, "// Code generated ") || strings.Contains(p, "/wailsjs/")
}

// functionsOf gives every function of a Go file that has a body, from the line
// of its func to its closing brace.
func functionsOf(p, text string) ([]size, error) {
	positions := token.NewFileSet()
	file, err := parser.ParseFile(positions, p, text, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var all []size
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Body != nil {
			from, to := positions.Position(f.Pos()).Line, positions.Position(f.End()).Line
			all = append(all, size{p, from, f.Name.Name, to - from + 1})
		}
	}
	return all, nil
}

// budget writes median, 95th percentile and maximum, and finds what is longer
// than most; when too many are longer than p95, the longest of them.
func budget(w io.Writer, what string, sizes []size, p95, most int) []finding {
	if len(sizes) == 0 {
		return nil
	}
	slices.SortFunc(sizes, func(a, b size) int { return a.lines - b.lines })
	at := func(percent int) size { return sizes[(len(sizes)-1)*percent/100] }
	fmt.Fprintf(w, "lint: %d %s: median %d lines, 95 %% within %d (budget %d), longest %d (budget %d): %s:%d\n",
		len(sizes), what, at(50).lines, at(95).lines, p95, at(100).lines, most, at(100).path, at(100).line)
	var found []finding
	for _, s := range sizes {
		if s.lines > most {
			found = append(found, finding{s.path, s.line, fmt.Sprintf("%s has %d lines, the most is %d", s.name, s.lines, most)})
		}
	}
	if s := at(95); s.lines > p95 {
		found = append(found, finding{s.path, s.line,
			fmt.Sprintf("%s has %d lines: more than 5 %% of the %s have over %d", s.name, s.lines, what, p95)})
	}
	return found
}
