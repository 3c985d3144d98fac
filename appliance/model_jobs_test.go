package appliance

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hindsight/appliance/web"
	"hindsight/asr/model"
	"hindsight/asr/model/modeltest"
)

// zippedModel is an archive of a model that is whole to all who look at its files.
func zippedModel(t *testing.T, top string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	files := modeltest.Files()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		w, err := z.Create(top + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(files[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// keeper keeps models in a folder of its own; a trial is what the test says.
func keeper(t *testing.T, trial func(context.Context, string) error) *modelKeeper {
	t.Helper()
	dir := t.TempDir()
	st, err := model.Open(dir, model.Options{Trial: trial})
	if err != nil {
		t.Fatal(err)
	}
	k := newModelKeeper(st, dir, func() ([]web.CaptionModel, error) { return nil, nil }, quiet)
	t.Cleanup(k.close)
	return k
}

// over waits for the end of a job.
func over(t *testing.T, k *modelKeeper, id string) (j web.ModelJob) {
	t.Helper()
	eventually(t, "job "+id, func() bool {
		for _, x := range k.ModelJobs() {
			if x.ID == id {
				j = x
			}
		}
		return j.State != "running"
	})
	return j
}

func whole(context.Context, string) error { return nil }

func TestModelFromArchive(t *testing.T) {
	k := keeper(t, whole)
	const name = "vosk-model-small-ko-9"
	first, err := k.Add(bytes.NewReader(zippedModel(t, name)), "", "")
	if err != nil {
		t.Fatal(err)
	}
	if j := over(t, k, first.ID); j.State != "done" || j.Name != name || j.InUse != "ko" || j.Error != "" {
		t.Errorf("the first: %+v", j)
	}
	second, err := k.Add(bytes.NewReader(zippedModel(t, "anything")), "other", "Korean")
	if err != nil {
		t.Fatal(err)
	}
	if j := over(t, k, second.ID); j.State != "done" || j.Name != "other" || j.InUse != "" {
		t.Errorf("the second: %+v", j)
	}
	if err := k.Use(t.Context(), "", "", "other"); err != nil {
		t.Error(err)
	}
	if m, err := k.store.Current("cam", "ko"); err != nil || m.Name != "other" {
		t.Errorf("in use: %v, %v", m.Name, err)
	}
	var fixed *web.Fixed
	if err := k.Remove("other", false); !errors.As(err, &fixed) {
		t.Errorf("removing what is in use: %v", err)
	}
	if err := k.Use(t.Context(), "", "ko", ""); err != nil {
		t.Errorf("taking the use away: %v", err)
	}
	if err := k.Remove("other", false); err != nil {
		t.Error(err)
	}
	left, err := filepath.Glob(filepath.Join(k.dir, ".adding-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestModelArchiveRefused(t *testing.T) {
	k := keeper(t, func(context.Context, string) error { return errors.New("it dies") })
	var invalid *web.Invalid
	for _, c := range [][2]string{{"../evil", ""}, {"fine", "Klingon"}} {
		if _, err := k.Add(strings.NewReader(""), c[0], c[1]); !errors.As(err, &invalid) {
			t.Errorf("%v: %v", c, err)
		}
	}
	if _, err := k.Add(io.MultiReader(strings.NewReader("PK"), broken{}), "", ""); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a client that goes away: %v", err)
	}
	for says, body := range map[string][]byte{"it dies": zippedModel(t, "vosk-model-small-ko-9"), "ZIP": []byte("no archive")} {
		j, err := k.Add(bytes.NewReader(body), "", "")
		if err != nil {
			t.Fatal(err)
		}
		if j = over(t, k, j.ID); j.State != "failed" || !strings.Contains(j.Error, says) || strings.Contains(j.Error, "\n") {
			t.Errorf("%s: %+v", says, j)
		}
	}
	if list, err := k.store.List(); err != nil || len(list) != 0 {
		t.Errorf("added: %v, %v", list, err)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, os.ErrDeadlineExceeded }

// Jobs take turns; one that waits can be cancelled.
func TestModelJobCancelled(t *testing.T) {
	tried, goOn := make(chan struct{}), make(chan struct{})
	k := keeper(t, func(ctx context.Context, _ string) error {
		tried <- struct{}{}
		select {
		case <-goOn:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	add := func(name string) string {
		j, err := k.Add(bytes.NewReader(zippedModel(t, name)), "", "")
		if err != nil {
			t.Fatal(err)
		}
		return j.ID
	}
	a := add("vosk-model-small-ko-1")
	<-tried
	b := add("vosk-model-small-ko-2")
	if err := k.CancelModelJob(b); err != nil {
		t.Error(err)
	}
	if err := k.CancelModelJob(a); err != nil {
		t.Error(err)
	}
	k.wg.Wait()
	if x, y := over(t, k, a), over(t, k, b); x.State != "cancelled" || y.State != "cancelled" {
		t.Errorf("%+v, %+v", x, y)
	}
	if err := k.CancelModelJob("99"); !errors.Is(err, web.ErrNoJob) {
		t.Errorf("no such job: %v", err)
	}
	if list, err := k.store.List(); err != nil || len(list) != 0 {
		t.Errorf("added: %v, %v", list, err)
	}
}
