// Package frontend holds the page that the recorder serves and the desktop
// window shows, as `npm run build` made it. In a tree where nothing was built
// yet there is only a placeholder, so that Go programs build without Node.js.
package frontend

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Files are the built page: index.html and assets/.
func Files() fs.FS {
	f, err := fs.Sub(dist, "dist")
	if err != nil {
		panic("frontend: " + err.Error()) // dist is a valid path
	}
	return f
}
