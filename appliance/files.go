package appliance

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"sort"

	"hindsight/appliance/export"
	"hindsight/appliance/timeline"
	"hindsight/appliance/web"
	language "hindsight/asr/text"
	"hindsight/frontend"
	"hindsight/media"
	"hindsight/store"
)

// recorded finds the cameras below a data directory.
func recorded(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no recording in %s: no such directory; name another with --data", dir)
	}
	if err != nil {
		return nil, fmt.Errorf("recording in %s: %w", dir, pathReason(err))
	}
	var names []string
	for _, e := range entries {
		if !e.IsDir() || media.CheckCamera(e.Name()) != nil {
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, e.Name(), "segments")); err == nil {
			names = append(names, e.Name())
		}
	}
	sort.Strings(names)
	if len(names) == 0 {
		return nil, fmt.Errorf("there is no recording in %s; name another directory with --data", dir)
	}
	return names, nil
}

// folder makes alike what a person searching takes for the same.
func folder() (func(string) string, error) {
	f, err := language.NewFolder()
	if err != nil {
		return nil, err
	}
	return f.Fold, nil
}

// OpenFiles opens the recording in dir, read-only, and answers the requests of
// the HTTP API about it. The func closes it.
func OpenFiles(dir, version string) (http.Handler, func(), error) {
	names, err := recorded(dir)
	if err != nil {
		return nil, nil, err
	}
	fold, err := folder()
	if err != nil {
		return nil, nil, err
	}
	lines := map[string]*timeline.Timeline{}
	closeAll := func() {
		for _, tl := range lines {
			tl.Close("") //nolint:errcheck // nothing was written
		}
	}
	o := web.Options{Frontend: frontend.Files(), Transcode: transcoder, Status: func() web.Status { return web.Status{Version: version, Disk: web.Disk{Path: dir}} },
		Export: func(ctx context.Context, camera string, from, to media.Position) (*web.Movie, error) {
			return plan(ctx, camera, version, lines[camera], from, to)
		},
		Edge: func(ctx context.Context, camera string, p media.Position) (media.Position, error) {
			return export.Edge(ctx, export.Of(lines[camera]), p, export.Options{})
		},
		Snapshot: func(ctx context.Context, camera string, p media.Position, width int) (*web.Still, error) {
			return still(ctx, lines[camera], p, width)
		},
		Preview: func(ctx context.Context, camera string, p media.Position) (*web.Preview, error) {
			return preview(ctx, lines[camera], p)
		}}
	for _, name := range names {
		st, err := store.Open(filepath.Join(dir, name), store.Options{ReadOnly: true, Fold: fold})
		if err != nil {
			closeAll()
			return nil, nil, fmt.Errorf("camera %s: %w", name, err)
		}
		tl, err := timeline.New(timeline.Options{Camera: name, Store: st, ReadOnly: true})
		if err != nil {
			st.Close() //nolint:errcheck // nothing was written
			closeAll()
			return nil, nil, err
		}
		lines[name] = tl
		o.Cameras = append(o.Cameras, web.Camera{Name: name, Timeline: tl})
	}
	s, err := web.New(o)
	if err != nil {
		closeAll()
		return nil, nil, err
	}
	return s.Handler(), closeAll, nil
}
