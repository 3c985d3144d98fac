package appliance

import (
	"os"
	"path/filepath"
)

// voskName is the library's file.
const voskName = "libvosk.so"

// VoskLibrary is where libvosk lies: configured, unless that is auto; else beside the
// program's folder, in the system's, or where the build has put it. Where it is
// in none of them the answer is the first place it should be in.
func VoskLibrary(configured string) string {
	if configured != "" && configured != "auto" {
		return configured
	}
	places := voskPlaces()
	for _, p := range places {
		if _, err := os.Stat(p); err == nil {
			return p
		}
	}
	return places[0]
}

func voskPlaces() []string {
	var out []string
	if exe, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(exe); err == nil {
			exe = real
		}
		out = append(out, filepath.Join(filepath.Dir(exe), "..", "lib", "hindsight", voskName))
	}
	out = append(out, filepath.Join("/usr/lib/hindsight", voskName), filepath.Join("/usr/local/lib/hindsight", voskName))
	if cache, err := os.UserCacheDir(); err == nil {
		out = append(out, filepath.Join(cache, "hindsight-vosk", voskName)) // see build/vosk.sh
	}
	return out
}

// DemoModel is the speech model of the demo source, which build/vosk.sh puts
// beside the library; empty: there is none.
func DemoModel(library string) string {
	for _, dir := range []string{filepath.Dir(library), filepath.Dir(voskPlaces()[len(voskPlaces())-1])} {
		model := filepath.Join(dir, "model-ko")
		if _, err := os.Stat(filepath.Join(model, "am", "final.mdl")); err == nil {
			return model
		}
	}
	return ""
}
