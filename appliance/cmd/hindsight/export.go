package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

func exportCommand(ctx context.Context, args []string, s io3) error {
	f := flags("export", "[--data DIR|--url URL] [--camera cam] --from T --to T -o FILE.mp4",
		"Writes a stretch of the recording to an MP4 file, exact to the frame, without\nencoding anything again.\n\n"+timeHelp, s)
	w := whereFlags(f)
	from := f.String("from", "", "`time` of the first frame")
	to := f.String("to", "", "`time` of the end")
	out := f.String("o", "", "`file` to write")
	if err := parse(f, args); err != nil {
		return err
	}
	if *from == "" || *to == "" || *out == "" {
		return usageError{"--from, --to and -o are needed"}
	}
	q := url.Values{"camera": {*w.camera}}
	if err := setTimes(q, *from, *to); err != nil {
		return err
	}
	if err := noDirectory(*out); err != nil {
		return err
	}
	a, err := w.open()
	if err != nil {
		return err
	}
	defer a.close()
	for part := 1; ; part++ {
		q.Set("part", fmt.Sprint(part))
		res, err := a.get(ctx, "/api/v1/export.mp4", q)
		if err != nil {
			return err
		}
		name := partName(*out, part)
		n, err := save(name, res)
		if err != nil {
			return err
		}
		fmt.Fprintf(s.out, "%s: %d bytes\n", name, n)
		if !morePartsFollow(res, part) {
			return nil
		}
	}
}

// noDirectory refuses a directory where a file is wanted.
func noDirectory(out string) error {
	if fi, err := os.Stat(out); err == nil && fi.IsDir() {
		return usageError{fmt.Sprintf("-o %s is a directory; name a file in it", out)}
	}
	return nil
}

// save writes the body beside the file and renames it when it is whole, so that
// a broken export never stands where a good one is expected. A device or a pipe is
// written to as it is.
func save(name string, res *http.Response) (int64, error) {
	defer res.Body.Close()
	if fi, err := os.Stat(name); err == nil && !fi.Mode().IsRegular() {
		return pour(name, res.Body)
	}
	tmp, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return 0, fmt.Errorf("%s cannot be written: %w", name, reason(err))
	}
	defer os.Remove(tmp.Name()) //nolint:errcheck // gone after the rename
	n, err := io.Copy(tmp, res.Body)
	if err == nil {
		err = tmp.Chmod(0o644)
	}
	if err2 := tmp.Close(); err == nil {
		err = err2
	}
	if err == nil {
		err = os.Rename(tmp.Name(), name)
	}
	if err != nil {
		return n, fmt.Errorf("%s: %w", name, reason(err))
	}
	return n, nil
}

// reason is err without the temporary file's path.
func reason(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// pour writes to what is there and stays there.
func pour(name string, from io.Reader) (int64, error) {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(f, from)
	return n, errors.Join(err, f.Close())
}

// partName is FILE.mp4, FILE-2.mp4, FILE-3.mp4…: one file per parameter set.
func partName(out string, part int) string {
	if part == 1 {
		return out
	}
	ext := filepath.Ext(out)
	return fmt.Sprintf("%s-%d%s", strings.TrimSuffix(out, ext), part, ext)
}

// morePartsFollow reads the Content-Disposition's parameter parts.
func morePartsFollow(res *http.Response, part int) bool {
	_, params, err := mime.ParseMediaType(res.Header.Get("Content-Disposition"))
	var parts int
	if err != nil {
		return false
	}
	if _, err := fmt.Sscan(params["parts"], &parts); err != nil {
		return false
	}
	return part < parts
}
