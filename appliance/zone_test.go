package appliance

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestMachineZone(t *testing.T) {
	dir := t.TempDir()
	link := func(to string) string {
		path := filepath.Join(dir, strings.ReplaceAll(to, "/", "_"))
		if err := os.Symlink(to, path); err != nil && !os.IsExist(err) {
			t.Fatal(err)
		}
		return path
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	const unset = "unset"
	for _, c := range []struct{ tz, link, want string }{
		{unset, link("/usr/share/zoneinfo/Asia/Taipei"), "Asia/Taipei"},
		{unset, link("../usr/share/zoneinfo/Europe/Berlin"), "Europe/Berlin"},
		{unset, link("/usr/share/zoneinfo/posix/Asia/Seoul"), "Asia/Seoul"},
		{unset, link("/usr/share/zoneinfo/Mars/Base"), "Local"},
		{unset, link("/somewhere/else"), "Local"},
		{unset, file, "Local"},
		{unset, filepath.Join(dir, "missing"), "Local"},
		{"", link("/usr/share/zoneinfo/Asia/Taipei"), "UTC"},
		{"Asia/Tokyo", link("/usr/share/zoneinfo/Asia/Taipei"), "Asia/Tokyo"},
		{":Asia/Tokyo", file, "Asia/Tokyo"},
		{"/usr/share/zoneinfo/America/St_Johns", file, "America/St_Johns"},
		{"KST-9", file, "Local"},
		{"../../etc/passwd", file, "Local"},
	} {
		got := machineZone(func(string) (string, bool) { return c.tz, c.tz != unset }, c.link)
		if got.String() != c.want {
			t.Errorf("TZ %q, %s: %s, want %s", c.tz, c.link, got, c.want)
		}
	}
}

func TestZoneName(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		zone *time.Location
		want string
	}{
		{berlin, "Europe/Berlin"}, {time.UTC, "UTC"},
		{time.FixedZone("Local", 0), "UTC"}, {time.FixedZone("Local", 9*3600), "Etc/GMT-9"}, {time.FixedZone("Local", -3*3600), "Etc/GMT+3"},
		{time.FixedZone("Local", 5*3600+1800), "+05:30"}, {time.FixedZone("Local", -3*3600-1800), "-03:30"}, {time.FixedZone("Local", -13*3600), "-13:00"},
	} {
		if got := zoneName(c.zone, now); got != c.want {
			t.Errorf("%s, %s: %s", c.zone, c.want, got)
		}
	}
}

func TestNameAndZoneOfAConfiguration(t *testing.T) {
	for value, good := range map[string]bool{
		"auto": true, "Workshop": true, "作業坊": true, strings.Repeat("x", 63): true,
		"": false, "  ": false, "two\nlines": false, strings.Repeat("x", 64): false, "bell\a": false,
	} {
		if err := checkName(value); (err == nil) != good {
			t.Errorf("name %q: %v", value, err)
		}
	}
	for value, good := range map[string]bool{
		"auto": true, "UTC": true, "Asia/Seoul": true, "": false, "Local": false, "+09:00": false, "Seoul": false, "../etc/passwd": false, "/etc/localtime": false,
	} {
		if err := checkZone(value); (err == nil) != good {
			t.Errorf("zone %q: %v", value, err)
		}
	}
}

// TestNameAndZoneAreChanged while the recorder runs: the status tells them at once.
func TestNameAndZoneAreChanged(t *testing.T) {
	record(t, t.TempDir(), &fakeHardware{run: untilEnd}, 0, func(a *Appliance) bool {
		if a.status().Name == "" || a.status().Zone == "" {
			t.Errorf("the recorder is %q in %q", a.status().Name, a.status().Zone)
		}
		if err := a.ChangeSettings(map[string]string{"name": "Workshop", "zone": "Asia/Taipei"}); err != nil {
			t.Error(err)
		}
		if st := a.status(); st.Name != "Workshop" || st.Zone != "Asia/Taipei" || a.now().Location().String() != "Asia/Taipei" {
			t.Errorf("the recorder is %q in %q", st.Name, st.Zone)
		}
		if err := a.ChangeSettings(map[string]string{"zone": "Mars/Base"}); err == nil || a.status().Zone != "Asia/Taipei" {
			t.Errorf("a zone that there is not: %v", err)
		}
		return true
	})
}
