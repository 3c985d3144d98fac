package desktop

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// Recent is a server that was shown.
type Recent struct {
	Address string    `json:"address"` // without credentials
	Seen    time.Time `json:"seen"`    // UTC
}

// Frame is where the window stood. Width 0: it was never seen.
type Frame struct {
	X, Y, Width, Height int
	Maximised           bool
}

// kept is the file of what is remembered.
type kept struct {
	Recent    []Recent `json:"recent"`
	Frame     Frame    `json:"frame"`
	CloseOnly bool     `json:"close_without_asking"`
}

const mostRecent = 8

// memory is what outlives the program.
type memory struct {
	file string // empty: nothing does
	mu   sync.Mutex
	kept kept
}

func newMemory(file string) *memory {
	m := &memory{file: file}
	if b, err := os.ReadFile(file); file == "" || err != nil || json.Unmarshal(b, &m.kept) != nil {
		m.kept = kept{}
	}
	return m
}

// change changes what is kept, and writes it.
func (m *memory) change(f func(*kept)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	f(&m.kept)
	if m.file == "" {
		return nil
	}
	b, err := json.MarshalIndent(m.kept, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(m.file), 0o700); err != nil {
		return err
	}
	tmp := m.file + ".new"
	if err := os.WriteFile(tmp, b, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, m.file)
}

func (m *memory) get() kept {
	m.mu.Lock()
	defer m.mu.Unlock()
	k := m.kept
	k.Recent = slices.Clone(k.Recent)
	return k
}

// connected notes that a server was seen.
func (m *memory) connected(address string, now time.Time) error {
	return m.change(func(k *kept) {
		k.Recent = slices.DeleteFunc(k.Recent, func(r Recent) bool { return r.Address == address })
		k.Recent = slices.Insert(k.Recent, 0, Recent{address, now.UTC().Truncate(time.Second)})
		k.Recent = k.Recent[:min(len(k.Recent), mostRecent)]
	})
}

// Recent are the servers shown before, the last one first.
func (d *Desktop) Recent() []Recent {
	if r := d.memory.get().Recent; r != nil {
		return r
	}
	return []Recent{}
}

// Forget takes a server off the list of recent ones.
func (d *Desktop) Forget(address string) error {
	return d.memory.change(func(k *kept) {
		k.Recent = slices.DeleteFunc(k.Recent, func(r Recent) bool { return r.Address == address })
	})
}

// Frame is where the window stood last time.
func (d *Desktop) Frame() Frame { return d.memory.get().Frame }

// SetFrame remembers where the window stands.
func (d *Desktop) SetFrame(f Frame) error { return d.memory.change(func(k *kept) { k.Frame = f }) }

// Asks reports whether the window asks before it closes: always while something is being saved.
func (d *Desktop) Asks() bool { return d.Saving() || !d.memory.get().CloseOnly }

// DoNotAsk remembers that it shall not.
func (d *Desktop) DoNotAsk() error { return d.memory.change(func(k *kept) { k.CloseOnly = true }) }
