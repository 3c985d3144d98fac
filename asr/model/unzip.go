package model

import (
	"archive/zip"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"unicode/utf8"
)

// Limits bound what is taken in from outside.
type Limits struct {
	Files int   // in one model; 0: 5,000
	Bytes int64 // of all its files; 0: 16 GiB
}

func (l Limits) withDefaults() Limits {
	if l.Files == 0 {
		l.Files = 5000
	}
	if l.Bytes == 0 {
		l.Bytes = 16 << 30
	}
	return l
}

const (
	maxDepth    = 16
	maxPath     = 1024
	maxElement  = 255
	flagCrypted = 1
	// deflate makes at most 1032 bytes out of one (zlib.net/zlib_tech.html).
	maxRatio = 1032
)

// inspectZip looks at an archive's table of contents before anything is
// unpacked: where the model lies in it, and how many bytes it has.
func inspectZip(z *zip.Reader, size int64, limits Limits) (root string, total int64, err error) {
	if len(z.File) > limits.Files {
		return "", 0, fmt.Errorf("it holds %d files, which no model does", len(z.File))
	}
	seen := newTree()
	packed := int64(0)
	var names []string
	for _, f := range z.File {
		if err := inspectEntry(f, limits); err != nil {
			return "", 0, err
		}
		name, dir := strings.CutSuffix(f.Name, "/")
		if err := seen.add(name, dir); err != nil {
			return "", 0, err
		}
		if dir {
			continue
		}
		names = append(names, name)
		packed += int64(f.CompressedSize64)
		if packed > size {
			return "", 0, errors.New("its files overlap: together they have more bytes than the archive")
		}
		if total += int64(f.UncompressedSize64); total > limits.Bytes {
			return "", 0, fmt.Errorf("it is larger than %d MB when unpacked", limits.Bytes/1e6)
		}
	}
	root, err = modelRoot(names)
	return root, total, err
}

func inspectEntry(f *zip.File, limits Limits) error {
	name := strings.TrimSuffix(f.Name, "/")
	if err := checkEntryName(name); err != nil {
		return err
	}
	mode := f.Mode()
	switch {
	case f.Flags&flagCrypted != 0:
		return fmt.Errorf("%q in it is encrypted; unpack it and add the folder", f.Name)
	case mode.IsDir() != strings.HasSuffix(f.Name, "/"):
		return fmt.Errorf("%q in it is a file and a folder at once", f.Name)
	case !mode.IsDir() && !mode.IsRegular():
		return fmt.Errorf("%q in it is neither a file nor a folder", f.Name)
	case mode.IsDir() && f.UncompressedSize64 != 0:
		return fmt.Errorf("%q in it is a folder with contents of its own", f.Name)
	case f.Method != zip.Store && f.Method != zip.Deflate:
		return fmt.Errorf("%q in it is packed by method %d, which is not known here; unpack it and add the folder", f.Name, f.Method)
	case f.UncompressedSize64 > uint64(limits.Bytes) || f.CompressedSize64 > uint64(limits.Bytes):
		return fmt.Errorf("%q in it is larger than %d MB", f.Name, limits.Bytes/1e6)
	case f.UncompressedSize64 > maxRatio*f.CompressedSize64+64:
		return fmt.Errorf("%q in it cannot have the size that it claims", f.Name)
	}
	return nil
}

// checkEntryName lets only names pass that lie below where they are unpacked, on any system.
func checkEntryName(name string) error {
	switch {
	case !utf8.ValidString(name) || strings.ContainsAny(name, "\x00\\:"):
		return fmt.Errorf("the name %q in it is not allowed", name)
	case !fs.ValidPath(name) || name == ".":
		return fmt.Errorf("the name %q in it leads out of the archive", name)
	case len(name) > maxPath || strings.Count(name, "/") >= maxDepth:
		return fmt.Errorf("the name %.60q... in it is too long or too deep", name)
	}
	for e := range strings.SplitSeq(name, "/") {
		if len(e) > maxElement {
			return fmt.Errorf("the name %.60q... in it is too long", name)
		}
	}
	return nil
}

// tree finds names that stand for two things. Case makes no difference, as on a stick.
type tree struct{ file, dir map[string]bool }

func newTree() tree { return tree{map[string]bool{}, map[string]bool{}} }

func (t tree) add(name string, dir bool) error {
	lower := strings.ToLower(name)
	if t.file[lower] || !dir && t.dir[lower] {
		return fmt.Errorf("%q stands in it twice", name)
	}
	if dir {
		t.dir[lower] = true
	} else {
		t.file[lower] = true
	}
	for p := path.Dir(lower); p != "."; p = path.Dir(p) {
		if t.file[p] {
			return fmt.Errorf("%q in it is a file and a folder at once", p)
		}
		t.dir[p] = true
	}
	return nil
}

// unzip unpacks what lies below root into to. done is told how many bytes were written.
func unzip(ctx context.Context, z *zip.Reader, root string, to *os.Root, done func(int64)) error {
	for _, f := range z.File {
		name, ok := below(root, f.Name)
		if !ok || f.Mode().IsDir() {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return unpackFault(f.Name, err)
		}
		err = writeInto(ctx, to, name, r, int64(f.UncompressedSize64), done)
		r.Close()
		if err != nil {
			return unpackFault(f.Name, err)
		}
	}
	return nil
}

func unpackFault(name string, err error) error {
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, zip.ErrChecksum):
		return fmt.Errorf("%q in it is damaged: its checksum does not fit", name)
	case errors.Is(err, zip.ErrFormat), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &corrupt):
		return fmt.Errorf("%q in it is damaged or cut off", name)
	}
	return fmt.Errorf("%q in it cannot be unpacked: %w", name, reason(err))
}

func below(root, name string) (string, bool) {
	if root == "." {
		return name, true
	}
	return strings.CutPrefix(name, root+"/")
}

// errSize is about contents that are longer or shorter than was said.
var errSize = errors.New("it is not as long as it claims")

// writeInto writes exactly size bytes to a new file and syncs it.
func writeInto(ctx context.Context, to *os.Root, name string, r io.Reader, size int64, done func(int64)) error {
	if err := to.MkdirAll(path.Dir(name), 0o750); err != nil {
		return err
	}
	f, err := to.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		return err
	}
	n, err := io.Copy(&counting{f, done}, io.LimitReader(contextReader{ctx, r}, size+1))
	if err == nil && n != size {
		err = errSize
	}
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}

type counting struct {
	w    io.Writer
	done func(int64)
}

func (c *counting) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.done(int64(n))
	return n, err
}
