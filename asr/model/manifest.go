package model

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"time"
)

// ManifestName is the file beside a model's own that says what they were when it was added.
const ManifestName = "hindsight.json"

// manifestFormat is the only one so far.
const manifestFormat = 1

// Manifest says what a model is made of.
type Manifest struct {
	Name     string    `json:"name"`
	Language string    `json:"language,omitempty"` // BCP 47 of what it understands, as in zh; empty: nobody said
	URL      string    `json:"url,omitempty"`      // where it came from
	Added    time.Time `json:"added"`
	Files    []File    `json:"files"` // by path
}

// File is one file of a model.
type File struct {
	Path   string `json:"path"` // below the model's folder, with slashes
	Size   int64  `json:"size"` // bytes
	SHA256 string `json:"sha256"`
}

// Hash is the SHA-256, in hex, over the hash, size and path of each file: it
// names the model's contents, whatever its name. Captions keep it.
func (m Manifest) Hash() string {
	h := sha256.New()
	for _, f := range m.Files {
		fmt.Fprintf(h, "%s %d %s\n", f.SHA256, f.Size, f.Path)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Bytes is the size of all files.
func (m Manifest) Bytes() int64 {
	n := int64(0)
	for _, f := range m.Files {
		n += f.Size
	}
	return n
}

// written is the manifest as it lies on disk: its own hash shows whether it was changed.
type written struct {
	Format int `json:"format"`
	Manifest
	Hash string `json:"hash"`
}

func (m Manifest) encode() ([]byte, error) {
	b, err := json.MarshalIndent(written{manifestFormat, m, m.Hash()}, "", "  ")
	return append(b, '\n'), err
}

// decodeManifest reads a manifest and refuses one that contradicts itself.
func decodeManifest(b []byte) (Manifest, error) {
	var w written
	d := json.NewDecoder(bytes.NewReader(b))
	if err := d.Decode(&w); err != nil {
		return Manifest{}, faultf(ManifestName, "is damaged: %v", err)
	}
	if w.Format != manifestFormat {
		return Manifest{}, faultf(ManifestName, "is of format %d; this program knows format %d", w.Format, manifestFormat)
	}
	last := ""
	for _, f := range w.Files {
		hash, err := hex.DecodeString(f.SHA256)
		if err != nil || len(hash) != sha256.Size || f.Size < 0 || !fs.ValidPath(f.Path) || f.Path <= last || strings.ContainsAny(f.Path, "\n\x00") {
			return Manifest{}, faultf(ManifestName, "is damaged: its entry for %q cannot be", f.Path)
		}
		last = f.Path
	}
	if w.Hash != w.Manifest.Hash() {
		return Manifest{}, faultf(ManifestName, "is damaged: its own hash does not fit")
	}
	return w.Manifest, nil
}

// readManifest answers ok = false where there is none.
func readManifest(root *os.Root, files map[string]int64) (m Manifest, ok bool, err error) {
	size, ok := files[ManifestName]
	if !ok {
		return m, false, nil
	}
	if size > 16<<20 {
		return m, false, faultf(ManifestName, "has %d MB, which no manifest has", size>>20)
	}
	b, err := root.ReadFile(ManifestName)
	if err != nil {
		return m, false, faultf(ManifestName, "cannot be read: %v", reason(err))
	}
	m, err = decodeManifest(b)
	return m, err == nil, err
}

// compareSizes finds what is missing, came in addition or changed its size.
func (m Manifest) compareSizes(files map[string]int64) error {
	left := maps.Clone(files)
	delete(left, ManifestName)
	for _, f := range m.Files {
		switch size, ok := left[f.Path]; {
		case !ok:
			return faultf(f.Path, "is missing")
		case size < f.Size:
			return faultf(f.Path, "is cut off: it has %d bytes of %d", size, f.Size)
		case size > f.Size:
			return faultf(f.Path, "has %d bytes instead of %d", size, f.Size)
		}
		delete(left, f.Path)
	}
	for _, p := range slices.Sorted(maps.Keys(left)) {
		return faultf(p, "does not belong to the model")
	}
	return nil
}

// compareHashes finds what changed though its size did not.
func (m Manifest) compareHashes(now Manifest) error {
	for i, f := range m.Files {
		if now.Files[i].SHA256 != f.SHA256 {
			return faultf(f.Path, "is damaged: its contents are not those that were added")
		}
	}
	return nil
}

// hashFiles reads every file but the manifest.
func hashFiles(ctx context.Context, root *os.Root, files map[string]int64) ([]File, error) {
	var out []File
	for _, p := range slices.Sorted(maps.Keys(files)) {
		if p == ManifestName {
			continue
		}
		sum, err := hashFile(ctx, root, p)
		if err != nil {
			return nil, err
		}
		out = append(out, File{p, files[p], sum})
	}
	return out, nil
}

func hashFile(ctx context.Context, root *os.Root, p string) (string, error) {
	f, err := root.Open(p)
	if err != nil {
		return "", faultf(p, "cannot be read: %v", reason(err))
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, contextReader{ctx, f}); err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		return "", faultf(p, "cannot be read: %v", reason(err))
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// contextReader ends with its context.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(b)
}
