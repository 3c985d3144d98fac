package store

import (
	"fmt"
	"runtime/debug"
)

// guarded calls fn, which touches bbolt's map, and turns a panic of bbolt and a
// SIGBUS of a bad sector into an error.
func guarded(fn func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = &faultError{p}
		}
	}()
	return fn()
}

// faultError is what guarded caught.
type faultError struct{ what any }

func (e *faultError) Error() string { return fmt.Sprintf("fault in the map: %v", e.what) }
