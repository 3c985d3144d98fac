package asr

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
)

// Child is the program of the child process: it loads a model with one of this
// program's engines and answers requests until its input ends. args are what
// follows the subcommand Command. It returns the exit code: 0 at the end of the
// input, 1 after a fault, which it has told, 2 when it was called wrongly.
func Child(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return ChildOf(Engines(), args, stdin, stdout, stderr)
}

// ChildOf is Child with the engines given.
func ChildOf(engines map[string]Opener, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet(Command, flag.ContinueOnError)
	flags.SetOutput(stderr)
	var (
		engine  = flags.String("engine", "vosk", "engine")
		library = flags.String("library", "", "the engine's shared library")
		model   = flags.String("model", "", "folder of the speech model")
		fast    = flags.Bool("fast", false, "end utterances after half the usual silence")
		oom     = flags.Int("oom", 0, "oom_score_adj, 0 to 1000")
	)
	if err := flags.Parse(args); err != nil || flags.NArg() > 0 {
		fmt.Fprintln(stderr, "this subcommand is not for people: the recorder starts it")
		return 2
	}
	if *oom > 0 {
		// Where there is no such file, as in some containers, nothing is to be done.
		_ = os.WriteFile("/proc/self/oom_score_adj", []byte(strconv.Itoa(*oom)), 0)
	}
	s := &servant{in: bufio.NewReader(stdin), out: json.NewEncoder(stdout)}
	s.out.SetEscapeHTML(false)
	err := s.serve(func() (Engine, error) {
		open := engines[*engine]
		if open == nil {
			return nil, &Fault{NoEngine, fmt.Sprintf("this program has no speech engine %q", *engine)}
		}
		return open(*library, *model, *fast)
	})
	var f *Fault
	switch {
	case err == nil:
		return 0
	case errors.As(err, &f):
		_ = s.out.Encode(line{Fault: f.Reason, Text: clean(f.Text)}) // the parent may be gone
	}
	fmt.Fprintln(stderr, err)
	return 1
}

// servant is the child's state.
type servant struct {
	in     *bufio.Reader
	out    *json.Encoder
	engine Engine
	rec    Recognizer // nil: no hearing
}

func (s *servant) serve(open func() (Engine, error)) error {
	var err error
	if s.engine, err = open(); err != nil {
		return err
	}
	if err := prove(s.engine, Options{}); err != nil {
		return err
	}
	if err := s.out.Encode(line{Hello: wireVersion}); err != nil {
		return err
	}
	for {
		kind, payload, err := readRequest(s.in)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		l, err := s.do(kind, payload)
		if err != nil {
			return err
		}
		if err := s.out.Encode(l); err != nil {
			return err
		}
	}
}

// prove hears a second of silence: engines load some broken models and die of the first sound.
func prove(e Engine, o Options) error {
	r, err := e.New(o)
	if err != nil {
		return err
	}
	silence := make([]int16, PieceLen)
	for range Rate / PieceLen {
		if _, err := r.Feed(silence); err != nil {
			return err
		}
	}
	if _, err := r.Finish(); err != nil {
		return err
	}
	return r.Close()
}

func (s *servant) do(kind byte, payload []byte) (line, error) {
	switch kind {
	case reqLacks:
		var words []string
		if err := json.Unmarshal(payload, &words); err != nil {
			return line{}, fmt.Errorf("request for words: %w", err)
		}
		lacks, err := s.engine.Lacks(words)
		if lacks == nil {
			lacks = []string{}
		}
		return line{Lacks: &lacks}, err
	case reqNew:
		return line{OK: true}, s.begin(payload)
	}
	if s.rec == nil {
		return line{}, errors.New("request for recognition before a hearing was begun")
	}
	var a Answer
	var err error
	if kind == reqPCM {
		a, err = s.rec.Feed(getPCM(payload))
	} else {
		a, err = s.rec.Finish()
		err = errors.Join(err, s.rec.Close())
		s.rec = nil
	}
	a.Partial = clean(a.Partial)
	for i := range a.Words {
		a.Words[i].Text = clean(a.Words[i].Text)
	}
	return answerLine(a), err
}

func (s *servant) begin(payload []byte) error {
	var o Options
	if err := json.Unmarshal(payload, &o); err != nil {
		return fmt.Errorf("request for a hearing: %w", err)
	}
	if s.rec != nil {
		if err := s.rec.Close(); err != nil {
			return err
		}
	}
	var err error
	s.rec, err = s.engine.New(o)
	return err
}
