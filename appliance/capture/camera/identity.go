package camera

import (
	"slices"
	"strings"
)

// busPrefix begins a stable address that is a place on a bus.
const busPrefix = "bus:"

// identity is what tells a camera from another. Numbers are given in the order
// of plugging in; the place on the bus stays as long as the plug does, and
// udev's name, which holds the serial number, goes with the camera.
type identity struct {
	path string // /dev/videoN
	name string // maker's and model's names
	bus  string // as in usb-0000:00:14.0-2
	byID string // /dev/v4l/by-id/...; "" where there is no udev, or no serial number
}

// stable is the address under which the camera is found again.
func (id identity) stable() string {
	if id.byID != "" {
		return id.byID
	}
	if id.bus != "" {
		return busPrefix + id.bus
	}
	return id.path
}

// named reports whether an address that a person gave means this camera.
func (id identity) named(address string) bool {
	return address == id.path || address != "" && address == id.byID ||
		strings.TrimPrefix(address, busPrefix) == id.bus && id.bus != ""
}

// match says how surely o is the camera id, seen again: 0 not at all. Cameras
// of one model often share their serial number, so place and name together
// count most; a name alone counts if the serial number says the same.
func (id identity) match(o identity) int {
	if id == (identity{}) {
		return 0
	}
	switch sameBus, sameID := id.bus != "" && id.bus == o.bus, id.byID != "" && id.byID == o.byID; {
	case id.name != o.name:
		return 0
	case sameBus && id.byID == o.byID:
		return 3
	case sameBus:
		return 2
	case sameID:
		return 1
	}
	return 0
}

// pipelines are nodes of the Raspberry Pi that look like cameras and are parts
// of its picture processing: they give pictures only if somebody feeds them.
var pipelines = []string{"bcm2835-isp", "bcm2835-codec", "pispbe", "rp1-cfe", "rpi-hevc", "rpivid"}

// processing reports whether the node is such a part.
func (id identity) processing() bool {
	return slices.ContainsFunc(pipelines, func(p string) bool { return strings.HasPrefix(id.name, p) })
}
