// Package build_test tests the set-up script on a machine made of stand-ins.
package build_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// machine is a folder with a copy of what the set-up script reads, and a PATH
// that has nothing but the tools named and stand-ins.
type machine struct {
	t    *testing.T
	root string
}

const packages = `# a comment
build       gcc       cgo
build/riscv other     not here
test        ffmpeg    reads
hardware    cpio
lint        shellcheck
`

// newMachine has all that is needed: Go, Node.js, npm, every package; its user is root.
func newMachine(t *testing.T) *machine {
	m := &machine{t, t.TempDir()}
	for _, tool := range []string{"awk", "bash", "comm", "dirname", "env", "grep", "head", "mkdir", "sort", "tail"} {
		path, err := exec.LookPath(tool)
		if err != nil {
			t.Fatal(err)
		}
		m.check(os.MkdirAll(filepath.Join(m.root, "bin"), 0o700))
		m.check(os.Symlink(path, filepath.Join(m.root, "bin", tool)))
	}
	script, err := os.ReadFile("setup.sh")
	m.check(err)
	m.check(os.Mkdir(filepath.Join(m.root, "build"), 0o700))
	m.check(os.WriteFile(filepath.Join(m.root, "build/setup.sh"), script, 0o600))
	m.check(os.WriteFile(filepath.Join(m.root, "build/packages.txt"), []byte(packages), 0o600))
	m.check(os.WriteFile(filepath.Join(m.root, "go.mod"), []byte("module x\n\ngo 1.25.0\n"), 0o600))
	m.stand("go", "echo go1.25.3")
	m.stand("node", "echo v20.19.0")
	m.stand("npm", "")
	m.stand("id", "echo 0")
	m.stand("sleep", "")
	m.stand("dpkg", "echo amd64")
	m.stand("dpkg-query", `for p; do case $p in -*) ;; *) echo "ii  $p" ;; esac; done`)
	m.stand("apt-get", `echo "$@" >>apt.log`)
	return m
}

func (m *machine) check(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

// stand puts a program of that name into PATH.
func (m *machine) stand(name, script string) {
	m.t.Helper()
	m.check(os.WriteFile(filepath.Join(m.root, "bin", name), []byte("#!/bin/bash\n"+script+"\n"), 0o700))
}

func (m *machine) without(name string) {
	m.t.Helper()
	m.check(os.Remove(filepath.Join(m.root, "bin", name)))
}

// setup runs the script and gives what it printed and whether it was content.
func (m *machine) setup(tiers ...string) (string, bool) {
	m.t.Helper()
	cmd := exec.Command(filepath.Join(m.root, "bin/bash"), append([]string{filepath.Join(m.root, "build/setup.sh")}, tiers...)...)
	cmd.Dir = m.root
	cmd.Env = []string{"PATH=" + filepath.Join(m.root, "bin"), "HOME=" + m.root}
	out, err := cmd.CombinedOutput()
	return string(out), err == nil
}

// apt is what apt-get was asked to do, without the options common to all.
func (m *machine) apt() string {
	m.t.Helper()
	log, err := os.ReadFile(filepath.Join(m.root, "apt.log"))
	if !os.IsNotExist(err) {
		m.check(err)
	}
	return strings.ReplaceAll(string(log), "-q -y -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 ", "")
}

func TestNothingMissing(t *testing.T) {
	m := newMachine(t)
	if out, ok := m.setup("test", "lint"); !ok || out != "" || m.apt() != "" {
		t.Errorf("content %v, printed %q, apt-get did %q; want silence", ok, out, m.apt())
	}
}

func TestOneLine(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(*machine)
		tiers []string
		want  string // the beginning of the only line
	}{
		{"no go", func(m *machine) { m.without("go") }, nil, "setup: Go 1.25.0 or newer is needed and there is none: get it from https://go.dev/dl/"},
		{"old go", func(m *machine) { m.stand("go", "echo go1.24.9") }, nil, "setup: Go 1.25.0 or newer is needed, this is 1.24.9: get it from https://go.dev/dl/"},
		{
			"old go that refuses the module",
			func(m *machine) { m.stand("go", `[ "$PWD" = / ] && echo go1.19.8 || exit 1`) }, nil,
			"setup: Go 1.25.0 or newer is needed, this is 1.19.8:",
		},
		{"no node", func(m *machine) { m.without("node") }, nil, "setup: Node.js 20.19 or newer is needed and there is none: get it from https://nodejs.org/"},
		{"old node", func(m *machine) { m.stand("node", "echo v18.20.4") }, nil, "setup: Node.js 20.19 or newer is needed, this is 18.20.4:"},
		{"no npm", func(m *machine) { m.without("npm") }, nil, "setup: npm is needed beside Node.js and there is none:"},
		{"no apt", func(m *machine) { m.without("apt-get") }, nil, "setup: this system has no apt-get: install what build/packages.txt names"},
		{
			"no right to install",
			func(m *machine) {
				m.stand("id", "echo 1000")
				m.stand("sudo", "echo a password is required >&2; exit 1")
				m.stand("dpkg-query", "")
			},
			[]string{"hardware"},
			"setup: Debian packages are missing; run: sudo apt-get update && sudo apt-get install --no-install-recommends cpio ffmpeg gcc\n",
		},
		{"no such tier", func(*machine) {}, []string{"everything"}, `setup: no tier "everything"; usage:`},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMachine(t)
			c.spoil(m)
			out, ok := m.setup(c.tiers...)
			if ok || !strings.HasPrefix(out, c.want) || strings.Count(out, "\n") != 1 {
				t.Errorf("content %v, printed %q; want one line %q", ok, out, c.want)
			}
			if m.apt() != "" {
				t.Errorf("apt-get did %q", m.apt())
			}
		})
	}
}

func TestNewer(t *testing.T) {
	m := newMachine(t)
	m.stand("go", "echo go1.100rc1")
	m.stand("node", "echo v100.0.0")
	if out, ok := m.setup(); !ok || out != "" {
		t.Errorf("content %v, printed %q", ok, out)
	}
}

func TestInstalls(t *testing.T) {
	for name, user := range map[string]func(*machine){
		"root": func(*machine) {},
		"sudo": func(m *machine) {
			m.stand("id", "echo 1000")
			m.stand("sudo", `[ "$1" = -n ] && shift; [ "$1" = true ] || { echo sudo >>sudo.log; "$@"; }`)
			m.stand("true", "")
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			user(m)
			m.stand("dpkg-query", `echo "ii  gcc"; echo "rc  ffmpeg"`) // removed, its settings left
			out, ok := m.setup("test")
			if want := "setup: installing 1 Debian packages (log: .cache/setup.log): ffmpeg\n"; !ok || out != want {
				t.Errorf("content %v, printed %q, want %q", ok, out, want)
			}
			if want := "update\ninstall --no-install-recommends ffmpeg\n"; m.apt() != want {
				t.Errorf("apt-get did %q, want %q", m.apt(), want)
			}
			_, err := os.Stat(filepath.Join(m.root, "sudo.log"))
			if by := err == nil; by != (name == "sudo") {
				t.Errorf("by sudo: %v", by)
			}
		})
	}
}

func TestTriesAgain(t *testing.T) {
	m := newMachine(t)
	m.stand("dpkg-query", "")
	m.stand("apt-get", `echo "$@" >>apt.log; [ "${!#}" != gcc ] || { echo x >>tries; [ "$(grep -c x tries)" = 3 ]; }`)
	if out, ok := m.setup(); !ok {
		t.Errorf("gave up: %s", out)
	}
	if n := strings.Count(m.apt(), "install --"); n != 3 {
		t.Errorf("apt-get installed %d times, want 3", n)
	}
}

func TestGivesUp(t *testing.T) {
	m := newMachine(t)
	m.stand("dpkg-query", "")
	m.stand("apt-get", "echo noise; echo E: Unable to locate package gcc; exit 100")
	out, ok := m.setup()
	if ok || !strings.Contains(out, "\nE: Unable to locate package gcc\n") || strings.Contains(out, "noise") ||
		!strings.HasSuffix(out, "run: sudo apt-get update && sudo apt-get install --no-install-recommends gcc\n") {
		t.Errorf("content %v, printed %q", ok, out)
	}
}

func TestGuestNeedsTodaysLists(t *testing.T) {
	m := newMachine(t)
	if out, ok := m.setup("hardware"); !ok || out != "" || m.apt() != "update\n" {
		t.Errorf("content %v, printed %q, apt-get did %q; want an update", ok, out, m.apt())
	}
}
