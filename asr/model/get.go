package model

import (
	"context"
	"crypto/md5" // the makers' list has no other sum
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
)

// Get downloads a model from the makers' list and adds it. A download that
// was broken off, by whatever cause, goes on where it stopped if the server
// can do that and the archive is still the same. progress may be nil.
func (s *Store) Get(ctx context.Context, name string, progress func(Progress)) (Model, error) {
	if progress == nil {
		progress = func(Progress) {}
	}
	if err := CheckName(name); err != nil {
		return Model{}, err
	}
	switch m, err := s.Find(name); {
	case err == nil && m.Fault == nil:
		return m, nil
	case err == nil:
		return Model{}, fmt.Errorf("model %s is there, but broken: %w; remove it first", name, m.Fault)
	case !errors.Is(err, ErrNone):
		return Model{}, err
	}
	if s.o.Trial == nil {
		return Model{}, fmt.Errorf("model %s not downloaded: %w", name, errNoTrial)
	}
	progress(Progress{Step: StepList})
	p, err := s.published(ctx, name)
	if err != nil {
		return Model{}, err
	}
	path := s.downloadPath(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return Model{}, fmt.Errorf("model %s: %w", name, reason(err))
	}
	unlock, ok, err := lock(path+".lock", syscall.LOCK_EX, false)
	if err != nil {
		return Model{}, fmt.Errorf("model %s: %w", name, reason(err))
	}
	if !ok {
		return Model{}, fmt.Errorf("model %s is being downloaded by another process; wait for it", name)
	}
	defer unlock()
	d := &download{s: s, p: p, path: path, progress: progress}
	if err := d.run(ctx); err != nil {
		return Model{}, fmt.Errorf("model %s not downloaded from %s: %w", name, p.URL, s.advise(err))
	}
	m, err := s.AddZip(ctx, d.path, Label{Name: name, Language: p.Language, URL: p.URL}, progress)
	var trial *TrialError
	if ctx.Err() == nil && !errors.As(err, &trial) {
		d.forget() // it is added, or once more it would be the same
	}
	return m, err
}

// downloadPath is where the archive of a model lies until it is added.
func (s *Store) downloadPath(name string) string {
	return filepath.Join(s.dir, ".download", name+".zip")
}

// forgetDownload says whether there was one, or part of one.
func (s *Store) forgetDownload(name string) bool {
	os.Remove(s.downloadPath(name) + ".json") //nolint:errcheck // says nothing without the archive
	return os.Remove(s.downloadPath(name)) == nil
}

// download is one archive on its way.
type download struct {
	s        *Store
	p        Published
	path     string
	progress func(Progress)
	farthest int64 // that it ever came: only what goes beyond is worth another try
}

// mark is what is remembered of a download between two processes.
type mark struct {
	URL  string `json:"url"`
	MD5  string `json:"md5"`
	ETag string `json:"etag,omitempty"` // of the answer that the file's beginning came from
}

func (d *download) forget() { d.s.forgetDownload(d.p.Name) }

func (d *download) run(ctx context.Context) error {
	if d.p.Size > d.s.o.Limits.Bytes {
		return permanent{fmt.Errorf("it has %d MB, which no model has", d.p.Size/1e6)}
	}
	if err := d.s.room(3 * d.p.Size); err != nil { // the archive and what comes out of it
		return permanent{err}
	}
	m := d.read()
	if m.URL != d.p.URL || m.MD5 != d.p.MD5 { // another archive by now
		d.forget()
		m = mark{URL: d.p.URL, MD5: d.p.MD5}
	}
	f, err := os.OpenFile(d.path, os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return permanent{reason(err)}
	}
	defer f.Close()
	if err := d.s.tries(ctx, func() (int64, error) { return d.fetch(ctx, f, &m) }); err != nil {
		return err
	}
	return d.verify(ctx, f)
}

func (d *download) read() mark {
	var m mark
	if b, err := os.ReadFile(d.path + ".json"); err == nil && json.Unmarshal(b, &m) != nil {
		return mark{}
	}
	return m
}

func (d *download) write(m mark) error {
	b, err := json.Marshal(m)
	if err == nil {
		err = writeFile(d.path+".json", b)
	}
	return err
}

// fetch asks for what is missing and appends it. It answers how many bytes it came farther than ever.
func (d *download) fetch(ctx context.Context, f *os.File, m *mark) (int64, error) {
	have, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, permanent{reason(err)}
	}
	d.farthest = max(d.farthest, have)
	if d.p.Size > 0 && have == d.p.Size {
		return 0, nil
	}
	if d.p.Size > 0 && have > d.p.Size {
		if err := restart(f); err != nil {
			return 0, err
		}
		have = 0
	}
	w := d.s.watch(ctx)
	defer w.stop()
	r, err := d.s.request(w.ctx, d.p.URL)
	if err != nil {
		return 0, permanent{err}
	}
	if have > 0 {
		r.Header.Set("Range", "bytes="+strconv.FormatInt(have, 10)+"-")
		if m.ETag != "" {
			r.Header.Set("If-Range", m.ETag)
		}
	}
	resp, err := d.s.o.Client.Do(r)
	if err != nil {
		return 0, w.cause(err)
	}
	defer resp.Body.Close()
	have, err = d.position(resp, f, have)
	if err != nil {
		return 0, err
	}
	if tag := strongTag(resp); have == 0 || tag != m.ETag {
		m.ETag = tag
		if err := d.write(*m); err != nil {
			return 0, permanent{reason(err)}
		}
	}
	return d.receive(w.reader(resp.Body), f, have, resp.ContentLength)
}

// strongTag is the answer's ETag if equal tags mean equal bytes (RFC 9110, section 8.8.1).
func strongTag(resp *http.Response) string {
	if tag := resp.Header.Get("ETag"); len(tag) > 0 && tag[0] == '"' {
		return tag
	}
	return ""
}

func restart(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return permanent{reason(err)}
	}
	_, err := f.Seek(0, io.SeekStart)
	return err
}

var contentRange = regexp.MustCompile(`^bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)$`)

// position says where in the file the answer belongs: a server may go on where
// we asked, or begin again.
func (d *download) position(resp *http.Response, f *os.File, have int64) (int64, error) {
	switch resp.StatusCode {
	case http.StatusPartialContent:
		m := contentRange.FindStringSubmatch(resp.Header.Get("Content-Range"))
		if m == nil || m[1] != strconv.FormatInt(have, 10) {
			if err := restart(f); err != nil {
				return 0, err
			}
			return 0, fmt.Errorf("the server sent another part than was asked for (%q)", resp.Header.Get("Content-Range"))
		}
		return have, nil
	case http.StatusOK:
		return 0, restart(f)
	case http.StatusRequestedRangeNotSatisfiable:
		if err := restart(f); err != nil {
			return 0, err
		}
		return 0, errors.New("the server has nothing beyond what came already")
	}
	return 0, statusError(resp)
}

// receive appends the answer's body to the have bytes that are there, and answers as fetch does.
func (d *download) receive(body io.Reader, f *os.File, have, length int64) (int64, error) {
	total := d.p.Size
	if total == 0 && length > 0 {
		total = have + length
	}
	before := d.farthest
	gain := func() int64 { return d.farthest - before }
	limit := d.s.o.Limits.Bytes
	if d.p.Size > 0 {
		limit = d.p.Size
	}
	came := int64(0)
	d.progress(Progress{StepDownload, have, total})
	_, err := io.Copy(&counting{f, func(n int64) {
		came += n
		d.farthest = max(d.farthest, have+came)
		d.progress(Progress{StepDownload, have + came, total})
	}}, io.LimitReader(body, limit-have+1))
	switch {
	case have+came > limit:
		if rerr := restart(f); rerr != nil {
			return gain(), rerr
		}
		return gain(), permanent{fmt.Errorf("it is longer than the %d bytes that the list tells of; the list may have changed, try again later", limit)}
	case err != nil:
		var pe *os.PathError
		if errors.As(err, &pe) { // the file, not the network
			return gain(), permanent{reason(err)}
		}
		return gain(), err
	case have+came < total:
		return gain(), io.ErrUnexpectedEOF
	}
	return gain(), nil
}

// verify compares the archive with the list's sum. One that differs is thrown away.
func (d *download) verify(ctx context.Context, f *os.File) error {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return permanent{reason(err)}
	}
	h := md5.New()
	if _, err := io.Copy(h, contextReader{ctx, f}); err != nil {
		return permanent{reason(err)}
	}
	if sum := hex.EncodeToString(h.Sum(nil)); sum != d.p.MD5 {
		d.forget()
		return permanent{fmt.Errorf("what came is not what the list tells of (MD5 %s instead of %s); try again", sum, d.p.MD5)}
	}
	return nil
}
