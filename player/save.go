package player

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// FileName suggests a name for what is at a path of the API: that of the
// camera and of the beginning, in UTC, as the recorder itself would name it, with
// the ending of the path.
func FileName(path string) string {
	u, err := url.Parse(path)
	if err != nil {
		return "recording.mp4"
	}
	name := u.Query().Get("camera")
	if name == "" || filepath.Base(name) != name || strings.ContainsAny(name, `\:`) {
		name = "recording"
	}
	from := u.Query().Get("from")
	if at := u.Query().Get("at"); from == "" {
		from = at
	}
	if t, err := time.Parse(time.RFC3339Nano, from); err == nil {
		name += "-" + t.UTC().Format("20060102T150405Z")
	}
	return name + ending(u.Path)
}

// ending is that of a file of the API's; what has none that is known is a film.
func ending(path string) string {
	switch e := filepath.Ext(path); e {
	case ".vtt", ".srt", ".txt", ".jpg", ".mp4", ".json":
		return e
	}
	return ".mp4"
}

// Save saves what is at a path of the API in a file. The file appears under its
// name when it is whole; a broken transfer leaves nothing.
func (r *Recorder) Save(ctx context.Context, path, file string) error {
	res, err := r.Get(ctx, path)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	tmp, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+".*")
	if err != nil {
		return fmt.Errorf("%s cannot be written: %w", file, err)
	}
	defer os.Remove(tmp.Name()) //nolint:errcheck // gone after the rename
	_, err = io.Copy(tmp, res.Body)
	if err == nil {
		err = tmp.Chmod(0o644)
	}
	if closed := tmp.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(tmp.Name(), file)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}
