package build_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What is measured for which variables, in the directory that --dir names, of
// which nothing is left.
func TestBenchReplay(t *testing.T) {
	t.Parallel()
	const fill, replay = "bench fill --data DATA --for ", "bench replay --data DATA "
	viewers := []string{fill + "1h --frame-bytes 10700", replay + "--seeks 0 --viewers 1,10,50,100,200"}
	seeks := func(lengths ...string) (lines []string) {
		for _, l := range lengths {
			lines = append(lines, fill+l, replay+"--viewers none", replay+"--viewers none --cold")
		}
		return lines
	}
	for name, c := range map[string]struct {
		env, args []string
		user      string
		fail      string // the program fails when its arguments contain this
		want      []string
	}{
		"all":        {user: "0", want: append(seeks("1h", "24h", "7d"), viewers...)},
		"no root":    {user: "1000", env: []string{"HISTORY=2h"}, want: append([]string{fill + "2h", replay + "--viewers none"}, viewers...)},
		"no seeks":   {user: "0", env: []string{"HISTORY="}, want: viewers},
		"no viewers": {user: "0", env: []string{"HISTORY=1h", "VIEWERS="}, want: seeks("1h")},
		"nothing":    {user: "0", env: []string{"HISTORY=", "VIEWERS="}},
		"other flags": {user: "0", env: []string{"HISTORY=", "VIEWERS=3"}, args: []string{"--cameras", "1", "--seconds=2"},
			want: []string{viewers[0], replay + "--seeks 0 --viewers 3"}},
		"failure": {user: "0", fail: "--cold", want: seeks("1h")},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			for name, text := range map[string]string{
				"id": "echo " + c.user,
				"hindsight": `echo "$@" >>` + filepath.Join(root, "log") + `; mkdir -p "$4/cam"
case "$*" in *"${FAIL:-nothing}"*) exit 1 ;; esac`,
			} {
				if err := os.WriteFile(filepath.Join(root, name), []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			dir := filepath.Join(root, "disk")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command("./bench-replay.sh", append([]string{filepath.Join(root, "hindsight"), "--dir", dir}, c.args...)...)
			cmd.Env = append(append(os.Environ(), "PATH="+root+":"+os.Getenv("PATH"), "FAIL="+c.fail), c.env...)
			if out, err := cmd.CombinedOutput(); (err != nil) != (c.fail != "") {
				t.Errorf("%v: %s", err, out)
			}
			b, err := os.ReadFile(filepath.Join(root, "log"))
			if err != nil && len(c.want) > 0 {
				t.Fatal(err)
			}
			var got []string
			for line := range strings.Lines(string(b)) {
				f := strings.Fields(line)
				if !strings.HasPrefix(f[3], dir+"/hindsight-bench-") {
					t.Errorf("%s is not in %s", f[3], dir)
				}
				f[3] = "DATA"
				got = append(got, strings.Join(f, " "))
			}
			if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("it ran\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
				t.Errorf("%v, left behind: %v", err, left)
			}
		})
	}
}
