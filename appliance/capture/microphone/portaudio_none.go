//go:build !cgo

package microphone

import "errors"

// newBackend says that there is none.
func newBackend() (backend, error) {
	return nil, errors.New("this program was built without cgo, so it has no microphone; build it with CGO_ENABLED=1")
}
