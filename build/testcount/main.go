// Testcount reads `go test -json` on standard input, shows it as go test would
// without -v, and counts: it ends with one line "NAME: N passed, N failed, N skipped".
//
// Every test function and every subtest without subtests of its own counts
// once. A package that does not build, or that dies outside a test, counts as
// one failure; so does input that ends in the middle of a package. The exit
// code is 1 unless at least one test passed and none failed.
//
// usage: go test -json ./... | testcount [-name NAME] [-o FILE]
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	name := flag.String("name", "go", "the word before the counts")
	out := flag.String("o", "", "also write the line to this file")
	flag.Parse()

	c := newCounter(os.Stdout)
	err := c.read(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, "testcount:", err)
	}
	line := fmt.Sprintf("%s: %d passed, %d failed, %d skipped\n", *name, c.passed, c.failed, c.skipped)
	fmt.Print(line)
	if *out != "" {
		if err := os.WriteFile(*out, []byte(line), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "testcount:", err)
			os.Exit(1)
		}
	}
	if err != nil || c.failed > 0 || c.passed == 0 {
		os.Exit(1)
	}
}
