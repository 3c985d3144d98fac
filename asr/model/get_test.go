package model

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hindsight/asr/model/modeltest"
)

const wanted = "vosk-model-small-ko-0.22"

// makers are a server that publishes one model and misbehaves as asked.
type makers struct {
	*httptest.Server
	mu       sync.Mutex
	archive  []byte
	sum      string // empty: the right one
	size     int64  // 0: the right one
	etag     string
	requests []string // the ranges that were asked for, "" for all
	// answer serves the archive; nil: in order.
	answer func(n int, w http.ResponseWriter, r *http.Request)
}

func publish(t testing.TB) *makers {
	t.Helper()
	m := &makers{archive: archive(t, wanted+"/", modeltest.Files(), nil), etag: `"one"`}
	mux := http.NewServeMux()
	mux.HandleFunc("/list.json", m.list)
	mux.HandleFunc("/models/", m.serve)
	m.Server = httptest.NewServer(mux)
	t.Cleanup(m.Close)
	return m
}

func (m *makers) list(w http.ResponseWriter, _ *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	sum, size := m.sum, m.size
	if sum == "" {
		sum = fmt.Sprintf("%X", md5.Sum(m.archive))
	}
	if size == 0 {
		size = int64(len(m.archive))
	}
	json.NewEncoder(w).Encode([]any{
		map[string]any{"name": wanted, "url": "models/" + wanted + ".zip", "md5": sum, "size": size, "lang": "ko", "lang_text": "Korean", "obsolete": "false", "type": "small"},
		map[string]any{"name": "vosk-model-small-ko-0.1", "url": "models/x.zip", "md5": sum, "size": size, "lang": "ko", "lang_text": "Korean", "obsolete": "true"},
		map[string]any{"name": "../evil", "url": "models/x.zip", "md5": sum, "size": size},
		"not even an object",
	})
}

func (m *makers) serve(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	m.requests = append(m.requests, r.Header.Get("Range"))
	n, answer, etag, body := len(m.requests), m.answer, m.etag, m.archive
	m.mu.Unlock()
	if etag != "" {
		w.Header().Set("ETag", etag)
	}
	if answer != nil {
		answer(n, w, r)
		return
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// reset sends some bytes of the rest that was asked for and cuts the connection.
func (m *makers) reset(w http.ResponseWriter, r *http.Request, n int) {
	from := 0
	if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from); err == nil {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(m.archive)-1, len(m.archive)))
	}
	w.Header().Set("Content-Length", fmt.Sprint(len(m.archive)-from))
	if from > 0 {
		w.WriteHeader(http.StatusPartialContent)
	}
	w.Write(m.archive[from:min(from+n, len(m.archive))])
	w.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

func (m *makers) asked() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.requests)
}

func client(t testing.TB, m *makers, o Options) *Store {
	t.Helper()
	o.ListURL = m.URL + "/list.json"
	s, _ := open(t, o)
	return s
}

// downloads lists what is kept of downloads: the archive and what is known of it.
func downloads(t *testing.T, s *Store) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(s.dir, ".download", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(found, func(p string) bool { return strings.HasSuffix(p, ".lock") })
}

func TestGet(t *testing.T) {
	m := publish(t)
	s := client(t, m, Options{})
	var steps []Step
	var last Progress
	got, err := s.Get(context.Background(), wanted, func(p Progress) {
		if len(steps) == 0 || steps[len(steps)-1] != p.Step {
			steps = append(steps, p.Step)
		}
		if p.Step == StepDownload {
			last = p
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(steps, []Step{StepList, StepDownload, StepUnpack, StepCheck, StepTrial}) || last.Done != last.Total || last.Done != int64(len(m.archive)) {
		t.Errorf("progress was %v, last %+v", steps, last)
	}
	if got.Name != wanted || got.Language != "ko" || got.URL != m.URL+"/models/"+wanted+".zip" {
		t.Errorf("got %+v", got)
	}
	if left := downloads(t, s); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
	if again, err := s.Get(context.Background(), wanted, nil); err != nil || again.Hash() != got.Hash() || len(m.asked()) != 1 {
		t.Errorf("once more: %v, %v", err, m.asked())
	}
}

func TestGetGoesOnAfterResets(t *testing.T) {
	m := publish(t)
	third := len(m.archive)/3 + 1
	m.answer = func(n int, w http.ResponseWriter, r *http.Request) {
		if n == 2 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		if n <= 4 {
			m.reset(w, r, third/2)
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(m.archive))
	}
	s := client(t, m, Options{})
	if _, err := s.Get(context.Background(), wanted, nil); err != nil {
		t.Fatal(err)
	}
	at := func(n int) string { return fmt.Sprintf("bytes=%d-", n*(third/2)) }
	if want := []string{"", at(1), at(1), at(2), at(3)}; !slices.Equal(m.asked(), want) {
		t.Errorf("asked for %v, not %v", m.asked(), want)
	}
}

func TestGetGoesOnInTheNextProcess(t *testing.T) {
	m := publish(t)
	ctx, cancel := context.WithCancel(context.Background())
	m.answer = func(_ int, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(m.archive)))
		w.Write(m.archive[:1000])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}
	s := client(t, m, Options{})
	_, err := s.Get(ctx, wanted, func(p Progress) {
		if p.Step == StepDownload && p.Done >= 1000 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || len(downloads(t, s)) != 2 {
		t.Fatalf("broken off: %v, kept %v", err, downloads(t, s))
	}
	m.answer = nil
	next, err := Open(s.dir, s.o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := next.Get(context.Background(), wanted, nil); err != nil {
		t.Fatal(err)
	}
	if got := m.asked(); len(got) != 2 || got[1] != "bytes=1000-" {
		t.Errorf("asked for %v", got)
	}
}

func TestGetBeginsAgain(t *testing.T) {
	half := func(m *makers) func(int, http.ResponseWriter, *http.Request) {
		return func(n int, w http.ResponseWriter, r *http.Request) {
			if n == 1 {
				m.reset(w, r, 1000)
			}
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(m.archive))
		}
	}
	for name, prepare := range map[string]func(m *makers){
		"resume refused": func(m *makers) {
			m.answer = func(n int, w http.ResponseWriter, r *http.Request) {
				if n == 1 {
					m.reset(w, r, 1000)
				}
				w.Write(m.archive) // all of it, whatever was asked for
			}
		},
		"nothing at that place": func(m *makers) {
			m.answer = func(n int, w http.ResponseWriter, r *http.Request) {
				if n == 2 {
					w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
					return
				}
				half(m)(n, w, r)
			}
		},
		"another part than was asked for": func(m *makers) {
			m.answer = func(n int, w http.ResponseWriter, r *http.Request) {
				if n == 2 {
					w.Header().Set("Content-Range", fmt.Sprintf("bytes 5-%d/%d", len(m.archive)-1, len(m.archive)))
					w.WriteHeader(http.StatusPartialContent)
					w.Write(m.archive[5:])
					return
				}
				half(m)(n, w, r)
			}
		},
		"archive changed on the way": func(m *makers) {
			m.answer = func(n int, w http.ResponseWriter, r *http.Request) {
				if n == 1 {
					w.Header().Set("ETag", `"zero"`) // If-Range will not match
					m.reset(w, r, 1000)
				}
				http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(m.archive))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := publish(t)
			prepare(m)
			if _, err := client(t, m, Options{}).Get(context.Background(), wanted, nil); err != nil {
				t.Errorf("%v; asked for %v", err, m.asked())
			}
		})
	}
}

func TestGetWhenTheListChanged(t *testing.T) {
	m := publish(t)
	m.answer = func(_ int, w http.ResponseWriter, r *http.Request) { m.reset(w, r, 0) }
	s := client(t, m, Options{})
	if err := os.MkdirAll(filepath.Join(s.dir, ".download"), 0o700); err != nil {
		t.Fatal(err)
	}
	p := filepath.Join(s.dir, ".download", wanted+".zip")
	old, err := json.Marshal(mark{URL: m.URL + "/models/" + wanted + ".zip", MD5: strings.Repeat("0", 32)})
	if err == nil {
		err = errors.Join(os.WriteFile(p, []byte("the beginning of another archive"), 0o600), os.WriteFile(p+".json", old, 0o600))
	}
	if err != nil {
		t.Fatal(err)
	}
	m.answer = nil
	if _, err := s.Get(context.Background(), wanted, nil); err != nil {
		t.Fatal(err)
	}
	if got := m.asked(); !slices.Equal(got, []string{""}) {
		t.Errorf("asked for %v", got)
	}
}

func TestGetFails(t *testing.T) {
	for _, x := range []struct {
		name    string
		prepare func(m *makers)
		say     string
		asked   int // at most
	}{
		{"wrong checksum", func(m *makers) { m.sum = strings.Repeat("ab", 16) }, "is not what the list tells of (MD5", 1},
		{"longer than listed", func(m *makers) { m.size = 1000 }, "longer than the 1000 bytes", 1},
		{"shorter than listed", func(m *makers) { m.size = int64(len(m.archive)) + 10 }, "unexpected EOF", 2 * maxTries},
		{"not found", func(m *makers) {
			m.answer = func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }
		}, "404 Not Found", 1},
		{"always busy", func(m *makers) {
			m.answer = func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }
		}, "503 Service Unavailable", maxTries},
		{"never more than the beginning", func(m *makers) {
			m.answer = func(_ int, w http.ResponseWriter, r *http.Request) {
				r.Header.Del("Range")
				m.reset(w, r, 1000)
			}
		}, "is there a network?", maxTries + 1},
		{"a broken model", func(m *makers) {
			files := modeltest.Files()
			delete(files, "graph/Gr.fst")
			m.archive = archive(t, wanted+"/", files, nil)
		}, "graph/Gr.fst is missing", 1},
	} {
		t.Run(x.name, func(t *testing.T) {
			m := publish(t)
			x.prepare(m)
			s := client(t, m, Options{})
			_, err := s.Get(context.Background(), wanted, nil)
			if err == nil || !strings.Contains(err.Error(), x.say) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v; wanted %q", err, x.say)
			}
			if n := len(m.asked()); n > x.asked {
				t.Errorf("asked %d times: %v", n, m.asked())
			}
			if list, err := s.List(); err != nil || len(list) != 0 {
				t.Errorf("added: %v, %v", list, err)
			}
		})
	}
}

func TestGetFromASilentServer(t *testing.T) {
	m := publish(t)
	m.answer = func(n int, w http.ResponseWriter, r *http.Request) {
		if n <= 2 {
			w.Header().Set("Content-Length", fmt.Sprint(len(m.archive)))
			w.Write(m.archive[:100*n])
			w.(http.Flusher).Flush()
			<-r.Context().Done() // until the other side has had enough
			return
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(m.archive))
	}
	if _, err := client(t, m, Options{Stall: 300 * time.Millisecond}).Get(context.Background(), wanted, nil); err != nil {
		t.Errorf("%v; asked for %v", err, m.asked())
	}
	m.answer = func(_ int, _ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	_, err := client(t, m, Options{Stall: 20 * time.Millisecond}).Get(context.Background(), wanted, nil)
	if !errors.Is(err, errStalled) || !strings.Contains(err.Error(), "is there a network?") {
		t.Errorf("a server that never answers: %v", err)
	}
}

func TestGetKeepsTheArchiveWhenTheTrialFails(t *testing.T) {
	m := publish(t)
	r := &trial{err: errors.New("libvosk is missing")}
	s := client(t, m, Options{Trial: r.run})
	var te *TrialError
	if _, err := s.Get(context.Background(), wanted, nil); !errors.As(err, &te) || !errors.Is(err, r.err) {
		t.Errorf("%v", err)
	}
	if left := downloads(t, s); len(left) != 2 {
		t.Errorf("kept: %v", left)
	}
	r.err = nil
	if _, err := s.Get(context.Background(), wanted, nil); err != nil || len(m.asked()) != 1 {
		t.Errorf("%v; asked for %v", err, m.asked())
	}
	none, _ := open(t, Options{ListURL: m.URL + "/list.json"})
	none.o.Trial = nil
	if _, err := none.Get(context.Background(), wanted, nil); !errors.Is(err, errNoTrial) {
		t.Errorf("with nothing to try it with: %v", err)
	}
}

func TestRemoveForgetsADownload(t *testing.T) {
	m := publish(t)
	r := &trial{err: errors.New("no")}
	s := client(t, m, Options{Trial: r.run})
	if _, err := s.Get(context.Background(), wanted, nil); err == nil {
		t.Fatal("added")
	}
	if err := s.Remove(wanted, false); err != nil || len(downloads(t, s)) != 0 {
		t.Errorf("%v, left %v", err, downloads(t, s))
	}
	if err := s.Remove(wanted, false); !errors.Is(err, ErrNone) {
		t.Errorf("once more: %v", err)
	}
}

func TestGetTwiceAtOnce(t *testing.T) {
	m := publish(t)
	s := client(t, m, Options{})
	if err := os.MkdirAll(filepath.Join(s.dir, ".download"), 0o700); err != nil {
		t.Fatal(err)
	}
	unlock, _, err := lock(filepath.Join(s.dir, ".download", wanted+".zip.lock"), 2, true) // LOCK_EX
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	if _, err := s.Get(context.Background(), wanted, nil); err == nil || !strings.Contains(err.Error(), "being downloaded by another process") {
		t.Errorf("%v", err)
	}
}

// failing is a network that does not work.
type failing struct{ err error }

func (f failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.err }

func TestWithoutNetwork(t *testing.T) {
	m := publish(t)
	m.Close()
	refused := m.URL
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(secure.Close)
	for _, x := range []struct {
		name, url string
		client    *http.Client
		say       string
	}{
		{"no names", "https://models.invalid/list.json", &http.Client{Transport: failing{&net.DNSError{Err: "no such host", Name: "models.invalid", IsNotFound: true}}}, "there is no way to models.invalid"},
		{"refused", refused + "/list.json", nil, "is there a network?"},
		{"strange certificate", secure.URL, nil, "cannot show that it is the right one"},
		{"no address", "http://[", nil, `address "http://["`},
	} {
		t.Run(x.name, func(t *testing.T) {
			s, _ := open(t, Options{ListURL: x.url, Client: x.client})
			_, err := s.Get(context.Background(), wanted, nil)
			if err == nil || !strings.Contains(err.Error(), x.say) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v; wanted %q", err, x.say)
			}
			if x.name != "no address" && !strings.Contains(err.Error(), "hindsight model add FILE.zip") {
				t.Errorf("no way out is named: %v", err)
			}
		})
	}
}

func TestGetStaysEncrypted(t *testing.T) {
	m := publish(t)
	secure := httptest.NewTLSServer(http.RedirectHandler(m.URL+"/list.json", http.StatusFound))
	t.Cleanup(secure.Close)
	s, _ := open(t, Options{ListURL: secure.URL, Client: &http.Client{Transport: secure.Client().Transport, CheckRedirect: stayEncrypted}})
	if _, err := s.Published(context.Background()); err == nil || !strings.Contains(err.Error(), "which is not encrypted") {
		t.Errorf("%v", err)
	}
	def, _ := open(t, Options{})
	if def.o.Client.CheckRedirect == nil {
		t.Error("the store's own client follows anywhere")
	}
	loop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) }))
	t.Cleanup(loop.Close)
	s, _ = open(t, Options{ListURL: loop.URL})
	if _, err := s.Published(context.Background()); err == nil || !strings.Contains(err.Error(), "without end") {
		t.Errorf("%v", err)
	}
}

func TestPublished(t *testing.T) {
	m := publish(t)
	s := client(t, m, Options{})
	list, err := s.Published(context.Background())
	if err != nil || len(list) != 2 || list[0].Name != wanted || list[0].Language != "ko" || list[0].Obsolete || !list[1].Obsolete {
		t.Errorf("%+v, %v", list, err)
	}
	if _, err := s.Get(context.Background(), "ko", nil); err == nil || !strings.Contains(err.Error(), "there are "+wanted) {
		t.Errorf("a language for a name: %v", err)
	}
	if _, err := s.Get(context.Background(), "vosk-model-none", nil); err == nil || !strings.Contains(err.Error(), "no model of that name is published") {
		t.Errorf("an unknown name: %v", err)
	}
}

// lists are what a server may answer instead of the list.
var lists = []string{
	``, `null`, `[]`, `{}`, `[1,2]`, `<html>sign in to the network</html>`,
	`[{"name":"a","url":"https://x.y/a.zip","md5":"d41d8cd98f00b204e9800998ecf8427e","size":-1}]`,
	`[{"name":"a","url":"file:///etc/passwd","md5":"d41d8cd98f00b204e9800998ecf8427e"}]`,
	`[{"name":"a","url":"http://x.y/a.zip","md5":"d41d8cd98f00b204e9800998ecf8427e"}]`,
	`[{"name":"a","url":"https://user@x.y/a.zip","md5":"d41d8cd98f00b204e9800998ecf8427e"}]`,
	`[{"name":"../a","url":"a.zip","md5":"d41d8cd98f00b204e9800998ecf8427e"}]`,
	`[{"name":"a","url":"a.zip","md5":"d41d8cd9"}]`,
	`[{"name":"a","url":"a.zip","md5":"d41d8cd98f00b204e9800998ecf8427e","size":"big"}]`,
}

func TestListsThatAreNone(t *testing.T) {
	for _, x := range lists {
		if list, err := decodeList([]byte(x), MakersList); err == nil {
			t.Errorf("%s is %+v", x, list)
		}
	}
}

func FuzzList(f *testing.F) {
	for _, x := range lists {
		f.Add([]byte(x))
	}
	f.Add([]byte(`[{"name":"a","url":"a.zip","md5":"d41d8cd98f00b204e9800998ecf8427e","size":1,"lang":"en-us","obsolete":true}]`))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := decodeList(b, MakersList)
		if err == nil && len(list) == 0 {
			t.Error("nothing, and no fault")
		}
		for _, p := range list {
			if CheckName(p.Name) != nil || !strings.HasPrefix(p.URL, "https://") || len(p.MD5) != 32 || p.Size < 0 {
				t.Errorf("%+v", p)
			}
		}
	})
}
