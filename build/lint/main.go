// Lint checks what no ready-made linter does, on every file of the project
// that git tracks or would track: the sizes of files and functions, links
// between documents, open ends, and names that only exist on one machine.
//
// usage, at the top of the tree: go run ./build/lint
//
// It prints one finding a line as FILE:LINE: WHAT, and the sizes it measured;
// the exit code is 1 if there is a finding.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// finding is one thing that is not as it should be.
type finding struct {
	path string
	line int // from 1
	what string
}

func main() {
	files, err := sources(".")
	if err != nil {
		fmt.Fprintln(os.Stderr, "lint:", err)
		os.Exit(1)
	}
	var found []finding
	found = append(found, checkSizes(files, os.Stdout)...)
	found = append(found, checkLinks(files)...)
	found = append(found, checkWords(files)...)
	for _, f := range found {
		fmt.Printf("%s:%d: %s\n", f.path, f.line, f.what)
	}
	if len(found) > 0 {
		os.Exit(1)
	}
}

// sources reads the files of the tree at dir by their paths: those that git
// tracks and those it would, as they are now. What holds a NUL byte is no
// source and has a nil text.
func sources(dir string) (map[string]string, error) {
	git := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	git.Dir = dir
	list, err := git.Output()
	if err != nil {
		return nil, fmt.Errorf("git ls-files in %s: %w", dir, err)
	}
	files := map[string]string{}
	for path := range strings.SplitSeq(strings.TrimRight(string(list), "\x00"), "\x00") {
		text, err := os.ReadFile(dir + "/" + path)
		if os.IsNotExist(err) {
			continue // deleted, and not yet committed
		}
		if err != nil {
			return nil, err
		}
		files[path] = string(text)
		if strings.Contains(files[path], "\x00") {
			files[path] = ""
		}
	}
	return files, nil
}
