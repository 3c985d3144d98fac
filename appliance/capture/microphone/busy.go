package microphone

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// busy says who holds a sound card that can record but shows no inputs: that is
// how PortAudio lists one that is open elsewhere. "": it does not record at all.
func busy(i input) string {
	m := hardware.FindStringSubmatch(i.name)
	if m == nil || i.channels > 0 {
		return ""
	}
	statuses, _ := filepath.Glob(fmt.Sprintf("/proc/asound/card%s/pcm%sc/sub*/status", m[1], m[2])) // the pattern is right
	if len(statuses) == 0 {
		return ""
	}
	for _, path := range statuses {
		if pid := owner(path); pid != "" {
			name, err := os.ReadFile("/proc/" + pid + "/comm")
			if err != nil {
				return "busy: a process uses it"
			}
			return fmt.Sprintf("busy: %s (process %s) uses it", strings.TrimSpace(string(name)), pid)
		}
	}
	return "busy: another program uses it"
}

// owner is the process that a status file of ALSA names.
func owner(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if key, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(key) == "owner_pid" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
