package appliance

import (
	"fmt"
	"path/filepath"

	"hindsight/store"
)

// CheckReport is what Check found in every camera's recording.
type CheckReport struct {
	Clean   bool                    `json:"clean"`
	Cameras map[string]store.Report `json:"cameras"`
	names   []string
}

// Check verifies the recording in dir; see store.Check.
func Check(dir string) (CheckReport, error) {
	names, err := recorded(dir)
	if err != nil {
		return CheckReport{}, err
	}
	all := CheckReport{Clean: true, Cameras: map[string]store.Report{}, names: names}
	for _, name := range names {
		r, err := store.Check(filepath.Join(dir, name))
		if err != nil {
			return all, fmt.Errorf("camera %s: %w", name, err)
		}
		all.Clean = all.Clean && r.Clean()
		all.Cameras[name] = r
	}
	return all, nil
}

// Lines is the report for a person.
func (r CheckReport) Lines() []string {
	var lines []string
	for _, name := range r.names {
		c := r.Cameras[name]
		verdict := "clean"
		if !c.Clean() {
			verdict = fmt.Sprintf("%d broken", len(c.Broken))
		}
		lines = append(lines, fmt.Sprintf("%s: %d segments, %d blocks, %d units, %d bytes: %s",
			name, c.Segments, c.Blocks, c.Units, c.Bytes, verdict))
		for _, b := range c.Broken {
			lines = append(lines, "  "+b.String())
		}
	}
	return lines
}
