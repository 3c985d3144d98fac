package camera

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"

	"hindsight/appliance/capture"
	"hindsight/media"
)

// listPatience is how long a node may take to answer.
const listPatience = 5 * time.Second

// List names the cameras that are plugged in, with formats, sizes and rates;
// the first that can be used is what auto takes. Nodes that cannot capture are
// left out. One that is busy, or does not answer, is listed with its Problem.
func List() []capture.Device { return list(v4l2{}, listPatience) }

func list(s system, patience time.Duration) []capture.Device {
	devices := []capture.Device{}
	first := true
	for _, path := range s.Paths() {
		d, ok := describe(s, path, patience)
		if !ok {
			continue
		}
		if d.Problem == "" && first {
			d.Default, first = true, false
		}
		devices = append(devices, d)
	}
	return devices
}

// describe looks at one node, in a goroutine of its own: a driver may hang.
func describe(s system, path string, patience time.Duration) (capture.Device, bool) {
	type answer struct {
		device capture.Device
		ok     bool
	}
	answers := make(chan answer, 1)
	go func() {
		d, ok := look(s, path)
		answers <- answer{d, ok}
	}()
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case a := <-answers:
		return a.device, a.ok
	case <-late.C:
		d := blank(identity{path: path, name: path})
		d.Problem = "its driver does not answer; unplug it"
		return d, true
	}
}

func blank(id identity) capture.Device {
	return capture.Device{
		Kind: media.Video, Name: id.name, Address: id.path, Stable: id.stable(),
		Driver: "v4l2", Modes: []capture.Mode{},
	}
}

// look opens a node and asks; ok is false if it is no camera.
func look(s system, path string) (d capture.Device, ok bool) {
	c, err := s.Open(path)
	if err != nil {
		d = blank(identity{path: path, name: path})
		d.Problem = explain(err).Error()
		// Nodes that capture no pictures say so without a number of the kernel.
		var errno unix.Errno
		return d, errors.As(err, &errno) && errno != unix.ENODEV && errno != unix.ENXIO
	}
	defer c.Close()
	id := c.Identity()
	if id.processing() {
		return d, false
	}
	modes := c.Modes(common...)
	if len(modes) == 0 {
		return d, false
	}
	d = blank(id)
	d.Modes = listed(modes)
	if err := c.Try(modes[0]); errors.Is(err, unix.EBUSY) {
		d.Problem = explain(err).Error()
	} else if err != nil {
		return d, false // a node of the camera for something else
	}
	return d, true
}
