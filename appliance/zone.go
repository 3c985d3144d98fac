package appliance

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// localtime is what says which zone a machine is set to, as a link into the list of zones.
const localtime = "/etc/localtime"

// zone is the recorder's time zone: what is configured, else the machine's.
func (a *Appliance) zone() *time.Location {
	if name := a.config.Load().Zone; name != "auto" {
		if zone, err := time.LoadLocation(name); err == nil {
			return zone
		}
	}
	return machineZone(os.LookupEnv, localtime)
}

// now is the time of day there.
func (a *Appliance) now() time.Time { return time.Now().In(a.zone()) }

// machineZone is the zone that the variable TZ or the link says, with its name
// in the IANA list; time.Local when neither names one.
func machineZone(variable func(string) (string, bool), link string) *time.Location {
	name, ok := variable("TZ")
	if name = strings.TrimPrefix(name, ":"); ok && name == "" {
		return time.UTC // as the C library has it
	}
	if !ok || strings.HasPrefix(name, "/") {
		if !ok {
			name = link
		}
		if to, err := os.Readlink(name); err == nil {
			name = to
		}
		_, name, _ = strings.Cut(name, "zoneinfo/")
		name = strings.TrimPrefix(strings.TrimPrefix(name, "posix/"), "right/")
	}
	if checkZone(name) != nil || name == "auto" {
		return time.Local
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return time.Local
	}
	return zone
}

// zoneName is what others call a zone: its name in the IANA list, or, where the
// machine does not tell one, that of its offset at now, as in Etc/GMT-9 or +05:30.
func zoneName(zone *time.Location, now time.Time) string {
	if zone.String() != "Local" {
		return zone.String()
	}
	_, offset := now.In(zone).Zone()
	if offset == 0 {
		return "UTC"
	}
	if offset%3600 == 0 && offset >= -12*3600 && offset <= 14*3600 {
		return fmt.Sprintf("Etc/GMT%+d", -offset/3600) // the list counts them the other way round
	}
	return now.In(zone).Format("-07:00")
}

// checkZone takes auto and the names of the IANA list.
func checkZone(s string) error {
	if s == "auto" {
		return nil
	}
	if _, err := time.LoadLocation(s); err != nil || s == "" || s == "Local" || len(s) > 64 {
		return fmt.Errorf("%.64q: want auto or a name as Asia/Seoul, Europe/Berlin or UTC", s)
	}
	return nil
}

// name is what people call the recorder.
func (a *Appliance) name() string {
	if name := a.config.Load().Name; name != "auto" {
		return name
	}
	name, err := os.Hostname()
	if name, _, _ = strings.Cut(name, "."); err != nil || name == "" {
		return "hindsight"
	}
	return name
}

// checkName takes what fits into one line and into one label of DNS.
func checkName(s string) error {
	if strings.TrimSpace(s) == "" || len(s) > 63 || OneLine(s) != s {
		return fmt.Errorf("%.64q: want auto or a name of one line, at most 63 bytes", s)
	}
	return nil
}
