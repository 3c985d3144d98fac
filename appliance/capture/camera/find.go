package camera

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

var errNone = errors.New("no camera that can be used is plugged in")

// Scores of fit: a camera that the address means, one that is surely the known one.
const (
	fitMeant = 1
	fitKnown = 5
)

// find opens the camera that the source had before, or else one that its address means.
func (s *Source) find(r *run) (device, identity, error) {
	known := s.recall()
	if known == (identity{}) && strings.HasPrefix(s.options.Address, "/") {
		d, err := s.system.Open(resolve(s.options.Address))
		r.calls.Add(1)
		if err != nil {
			return nil, identity{}, explain(err)
		}
		return d, d.Identity(), nil
	}
	enough := fitKnown
	if known == (identity{}) {
		enough = fitMeant
	}
	var best device
	var score int
	var busy error
	for _, path := range s.order(known) {
		d, err := s.usable(path)
		r.calls.Add(1)
		if err != nil {
			if errors.Is(err, unix.EBUSY) {
				busy = err
			}
			continue
		}
		if fit := s.fit(d.Identity(), known); fit > score {
			best, d, score = d, best, fit
		}
		if d != nil {
			d.Close()
		}
		if score == enough {
			break
		}
	}
	if best == nil {
		return nil, identity{}, s.missing(known, busy)
	}
	return best, best.Identity(), nil
}

// fit says how well a camera fits: 0 not at all, then fitMeant, then the more
// the surer it is the known one. Auto takes any camera, a node's number none
// but the one that it had when it was first opened.
func (s *Source) fit(id, known identity) int {
	address := s.options.Address
	if m := known.match(id); m > 0 {
		return fitKnown - 3 + m
	}
	if address == "auto" || id.named(address) && (number(address) < 0 || known == (identity{})) || resolve(address) == id.path && number(address) < 0 {
		return fitMeant
	}
	return 0
}

// resolve follows links; what is none, or leads nowhere, stays as it is.
func resolve(address string) string {
	if path, err := filepath.EvalSymlinks(address); err == nil {
		return path
	}
	return address
}

// usable opens a node that captures pictures and that nobody else uses.
func (s *Source) usable(path string) (device, error) {
	d, err := s.system.Open(path)
	if err != nil {
		return nil, err
	}
	if d.Identity().processing() {
		d.Close()
		return nil, errNone
	}
	want := wanted{s.options.Width, s.options.Height, s.options.Rate}
	m, _, err := choose(d.Modes(want), want)
	if err == nil {
		err = d.Try(m)
	}
	if err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// missing says that nothing was found.
func (s *Source) missing(known identity, busy error) error {
	switch {
	case busy != nil:
		return explain(busy)
	case known != (identity{}):
		return fmt.Errorf("%s (%s) is not plugged in", known.name, known.stable())
	case s.options.Address != "auto":
		return fmt.Errorf("no camera %s is plugged in; `hindsight devices` lists those that are", s.options.Address)
	}
	return errNone
}

// order is the nodes to look at, the known camera's own first.
func (s *Source) order(known identity) []string {
	paths := s.system.Paths()
	if i := slices.Index(paths, known.path); i > 0 {
		paths = slices.Concat(paths[i:i+1], paths[:i], paths[i+1:])
	}
	return paths
}

func (s *Source) remember(id identity) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known = id
}

func (s *Source) recall() identity {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known
}
