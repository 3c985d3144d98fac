//go:build !cgo

package asr

// OpenVosk always fails: without cgo no shared library can be opened.
func OpenVosk(string, string, bool) (Engine, error) {
	return nil, &Fault{NoLibrary, "this program was built without cgo, so it cannot use libvosk: build it with CGO_ENABLED=1"}
}
