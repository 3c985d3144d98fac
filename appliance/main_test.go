package appliance

import (
	"os"
	"testing"

	"hindsight/asr"
	"hindsight/asr/asrtest"
)

// TestMain lets the test binary be the child that recognises, and makes sure
// that no test has libvosk which does not ask for it.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == asr.Command {
		os.Exit(asrtest.Child(os.Args[2:], os.Stdin, os.Stdout, os.Stderr))
	}
	dir, err := os.MkdirTemp("", "hindsight-test-")
	if err == nil {
		err = os.Setenv("XDG_CACHE_HOME", dir)
	}
	if err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(dir) //nolint:errcheck // a folder left behind in a temporary directory
	os.Exit(code)
}
