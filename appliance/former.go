package appliance

import (
	"errors"
	"path/filepath"
	"slices"

	"hindsight/store"
)

// former is the recording of a camera that is configured no more. It is not
// served, but it takes room, and its oldest goes as everybody's does.
type former struct {
	camera string
	store  *store.Bolt
}

// openFormer opens what is in the data directory beside the cameras of the
// configuration. One that cannot be opened is told, and stays as it is.
func (a *Appliance) openFormer() {
	names, err := recorded(a.conf.Data)
	if err != nil {
		return // nothing was ever recorded, or the cameras will tell
	}
	for _, name := range names {
		if slices.ContainsFunc(a.conf.Cameras, func(c CameraConfig) bool { return c.Name == name }) {
			continue
		}
		st, err := store.Open(filepath.Join(a.conf.Data, name), store.Options{Log: a.log.With("camera", name),
			Clock: a.clock, KeepCaptions: a.conf.Captions.Keep, Fold: a.fold})
		if err != nil {
			a.log.Warn("a camera that is configured no more keeps its recording: it cannot be opened", "camera", name, "error", err)
			continue
		}
		a.log.Info("a camera that is configured no more keeps its recording until the room is needed", "camera", name)
		a.former = append(a.former, former{name, st})
	}
}

func (a *Appliance) closeFormer() error {
	var errs []error
	for _, f := range a.former {
		errs = append(errs, f.store.Close())
	}
	a.former = nil
	return errors.Join(errs...)
}
