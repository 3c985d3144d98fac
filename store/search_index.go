package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"

	"hindsight/media"
)

const (
	searchDir    = "search"
	searchSuffix = ".idx"
	searchBlock  = 512     // captions in a block
	searchMost   = 4 << 20 // bytes that a block takes at most
	searchEntry  = 24      // bytes of a caption's place in a block
	searchHead   = recordOverhead + 4
)

// searchIndex is the folded text of the captions of each month, in files of
// their own beside the notes. It is derived and may be missing.
type searchIndex struct {
	dir   string
	o     Options
	mu    sync.Mutex // one goroutine at a time reads or writes it
	print uint32     // of the folding; 0: not known yet
	buf   []byte
}

func openSearch(dir string, o Options) *searchIndex {
	return &searchIndex{dir: filepath.Join(dir, searchDir), o: o}
}

// path is the file of a month, whose notes are in the file name.
func (x *searchIndex) path(name string) string {
	return filepath.Join(x.dir, strings.TrimSuffix(name, dbSuffix)+searchSuffix)
}

// header is what a file begins with: it says how its texts are folded.
func (x *searchIndex) header() []byte {
	if x.print == 0 {
		var all strings.Builder
		for r := rune(' '); r <= 0x9FFF; r++ { // all that a Fold is likely to know
			all.WriteRune(r)
		}
		x.print = crc32.Checksum(newFolder(x.o.Fold).take(all.String()), castagnoli) | 1
	}
	w := newRecord(magicSearch)
	w.u32(x.print)
	return w.end()
}

// searchEntries are the captions of a block: places and texts.
type searchEntries struct {
	table []byte // for each caption run, start, id, where its text begins; as in FORMAT.md
	text  []byte // each text with a line's end behind it
}

func (e searchEntries) len() int { return len(e.table) / searchEntry }

func (e searchEntries) mark(i int) CaptionMark {
	b := e.table[searchEntry*i:]
	return CaptionMark{
		Position: media.Position{Run: media.Run(binary.BigEndian.Uint32(b)), Time: durationOf(b[4:])},
		ID:       binary.BigEndian.Uint64(b[12:]),
	}
}

func (e searchEntries) begin(i int) int {
	return int(binary.BigEndian.Uint32(e.table[searchEntry*i+20:]))
}

// of is the text of caption i.
func (e searchEntries) of(i int) []byte {
	end := len(e.text)
	if i+1 < e.len() {
		end = e.begin(i + 1)
	}
	return e.text[e.begin(i) : end-1]
}

// at is the caption whose text holds byte off.
func (e searchEntries) at(off int) int {
	return sort.Search(e.len(), func(i int) bool { return e.begin(i) > off }) - 1
}

// add appends a caption.
func (e *searchEntries) add(c media.Caption, folded []byte) {
	w := writer{e.table}
	w.b = append(w.b, placeOf(c).key()...)
	w.u32(uint32(len(e.text)))
	e.table = w.b
	e.text = append(append(e.text, folded...), '\n')
}

// encode is the block: length and checksum of the body; in it the number of captions, the table, the texts.
func (e searchEntries) encode() []byte {
	var w writer
	w.u32(uint32(4 + len(e.table) + len(e.text)))
	w.u32(0)
	w.u32(uint32(e.len()))
	w.b = append(append(w.b, e.table...), e.text...)
	binary.BigEndian.PutUint32(w.b[4:], checksum(w.b[8:]))
	return w.b
}

var errBlock = errors.New("search block is damaged")

// decodeEntries reads the body of a block. The entries share it.
func decodeEntries(body []byte, crc uint32) (e searchEntries, err error) {
	if checksum(body) != crc || len(body) < 4 {
		return e, errBlock
	}
	n := uint64(binary.BigEndian.Uint32(body))
	if n == 0 || 4+n*searchEntry > uint64(len(body)) {
		return e, errBlock
	}
	e = searchEntries{table: body[4 : 4+n*searchEntry], text: body[4+n*searchEntry:]}
	last := -1
	for i := range e.len() {
		if at := e.begin(i); at <= last || at >= len(e.text) || i == 0 && at != 0 || e.text[max(at, 1)-1] != '\n' && at > 0 {
			return e, errBlock
		}
		last = e.begin(i)
	}
	if e.text[len(e.text)-1] != '\n' {
		return e, errBlock
	}
	return e, nil
}

// scan calls fn for every block of a month's file and returns the highest number
// in it and where the file ends as far as it is whole. The entries are good until fn returns.
func (x *searchIndex) scan(name string, fn func(searchEntries)) (last uint64, end int64, err error) {
	f, err := os.Open(x.path(name))
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	head := make([]byte, searchHead)
	if _, err := f.ReadAt(head, 0); err != nil || string(head) != string(x.header()) {
		return 0, 0, nil // another folding, or cut short: as if it were empty
	}
	end = searchHead
	for {
		e, n, err := x.block(f, end)
		if errors.Is(err, io.EOF) || errors.Is(err, errBlock) {
			return last, end, nil
		}
		if err != nil {
			return last, end, err
		}
		fn(e)
		last = max(last, e.mark(e.len()-1).ID)
		end += n
	}
}

// block reads the block at off, and how many bytes it takes.
func (x *searchIndex) block(f io.ReaderAt, off int64) (e searchEntries, n int64, err error) {
	var head [8]byte
	if _, err := f.ReadAt(head[:], off); err != nil {
		return e, 0, io.EOF
	}
	size := int(binary.BigEndian.Uint32(head[:]))
	if size > searchMost {
		return e, 0, errBlock
	}
	if cap(x.buf) < size {
		x.buf = make([]byte, size+size/4)
	}
	body := x.buf[:size]
	if _, err := f.ReadAt(body, off+8); err != nil {
		return e, 0, errBlock
	}
	e, err = decodeEntries(body, binary.BigEndian.Uint32(head[4:]))
	return e, int64(size) + 8, err
}

// append writes a block at end, where the whole part of the file ends; 0: the
// file begins anew. Nothing is synced: what a crash leaves torn is written again.
func (x *searchIndex) append(name string, end int64, e searchEntries) (int64, error) {
	if err := os.MkdirAll(x.dir, 0o755); err != nil {
		return end, err
	}
	f, err := os.OpenFile(x.path(name), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return end, err
	}
	defer f.Close()
	if err := f.Truncate(end); err != nil {
		return end, err
	}
	b := e.encode()
	if end == 0 {
		b = append(x.header(), b...)
	}
	if _, err := f.WriteAt(b, end); err != nil {
		return end, fmt.Errorf("search index: %w", err)
	}
	return end + int64(len(b)), nil
}

// remove deletes a month's file.
func (x *searchIndex) remove(name string) {
	_ = os.Remove(x.path(name)) // one that stays finds nothing that is kept
}
