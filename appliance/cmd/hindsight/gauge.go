package main

import (
	"fmt"
	"io"
	"os"
	"time"
)

// gauge shows how far something has come: on a terminal in a line that changes,
// else in a line for every tenth.
type gauge struct {
	w        io.Writer
	terminal bool
	step     string
	tenth    int
	at       time.Time
}

// gaugePause is how long a line on a terminal stays at least.
const gaugePause = 100 * time.Millisecond

func newGauge(w io.Writer) *gauge {
	g := &gauge{w: w}
	if f, ok := w.(*os.File); ok {
		fi, err := f.Stat()
		g.terminal = err == nil && fi.Mode()&os.ModeCharDevice != 0
	}
	return g
}

// show tells a step and its part done, 0 to 1; below 0: not known.
func (g *gauge) show(step string, part float64, more string) {
	fresh, tenth := step != g.step, int(part*10)
	text := step
	if part >= 0 {
		text += fmt.Sprintf(" %3.0f %%", 100*part)
	}
	if more != "" {
		text += ", " + more
	}
	switch {
	case g.terminal && (fresh || time.Since(g.at) >= gaugePause):
		fmt.Fprintf(g.w, "\r\x1b[K%s", text)
		g.at = time.Now()
	case !g.terminal && (fresh || tenth != g.tenth):
		fmt.Fprintln(g.w, text)
	}
	g.step, g.tenth = step, tenth
}

// end leaves the line to what comes.
func (g *gauge) end() {
	if g.terminal && g.step != "" {
		fmt.Fprint(g.w, "\r\x1b[K")
	}
}
