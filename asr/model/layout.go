package model

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// Fault is what is wrong with a model.
type Fault struct {
	File string // below the model's folder, with slashes; empty: the model as a whole
	What string // is missing, is cut off, ...
}

func (f *Fault) Error() string {
	if f.File == "" {
		return f.What
	}
	return f.File + " " + f.What
}

func faultf(file, format string, args ...any) error {
	return &Fault{File: file, What: fmt.Sprintf(format, args...)}
}

// listFiles lists the files of a folder with their sizes; it refuses whatever
// is neither a file nor a folder.
func listFiles(root *os.Root) (map[string]int64, error) {
	files := map[string]int64{}
	err := fs.WalkDir(root.FS(), ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			return nil
		case !d.Type().IsRegular():
			return faultf(p, "is neither a file nor a folder: a model has no links and no devices")
		}
		i, err := d.Info()
		if err != nil {
			return err
		}
		files[p] = i.Size()
		return nil
	})
	return files, err
}

// modelRoot finds the folder that holds the model among the files of a folder
// or an archive: libvosk knows it by am/final.mdl or, in the oldest models, by final.mdl.
func modelRoot(files []string) (string, error) {
	var found []string
	for _, f := range files {
		if path.Base(f) != "final.mdl" {
			continue
		}
		dir := path.Dir(f)
		if path.Base(dir) == "am" {
			dir = path.Dir(dir)
		}
		found = append(found, dir)
	}
	slices.Sort(found)
	switch found = slices.Compact(found); len(found) {
	case 0:
		return "", errors.New("there is no model in it: neither am/final.mdl nor final.mdl")
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("there is more than one model in it (%s); add them one by one", strings.Join(found, ", "))
}

// part is a file that the recogniser reads, and how it is known to be whole.
type part struct {
	path  string
	check func(*source) error
}

// shape is what a model is made of.
type shape struct {
	parts []part // that have to be there
	// Where the graph brings no word list of its own, words.txt has to be there.
	graph, words string
	ivector      bool // has to be there, since there is some of it
	acoustic     string
}

// shapeOf finds which files a model needs (libvosk 0.3.45, src/model.cc). It
// fails where one is missing.
func shapeOf(files map[string]int64) (*shape, error) {
	has := func(p string) bool { _, ok := files[p]; return ok }
	s := &shape{acoustic: "am/final.mdl"}
	graph := "graph/"
	switch {
	case len(files) == 0:
		return nil, faultf("", "the folder is empty")
	case has("am/final.mdl"):
		s.parts = []part{{"conf/model.conf", checkConf}, {"conf/mfcc.conf", checkConf}}
	case has("final.mdl"):
		s.acoustic, graph = "final.mdl", ""
		s.parts = []part{{"mfcc.conf", checkConf}}
	default:
		return nil, faultf("am/final.mdl", "is missing")
	}
	s.words = graph + "words.txt"
	if has(graph + "HCLG.fst") {
		s.graph = graph + "HCLG.fst"
	} else {
		s.graph = graph + "Gr.fst"
		s.parts = append(s.parts, part{graph + "HCLr.fst", checkGraph}, part{graph + "disambig_tid.int", checkIntegers})
	}
	for _, p := range ivectorParts {
		s.ivector = s.ivector || has(p.path)
	}
	if has("rescore/G.carpa") {
		s.parts = append(s.parts, part{"rescore/G.fst", checkGraph})
	}
	for _, p := range append(slices.Clone(s.parts), part{path: s.graph}) {
		if !has(p.path) {
			return nil, faultf(p.path, "is missing")
		}
	}
	if s.ivector {
		return s, s.needIvector(has)
	}
	return s, nil
}

// ivectorParts are what adapts a model to the speaker. Most models want it.
var ivectorParts = []part{
	{"ivector/final.dubm", checkFramed("<DiagGMM>")},
	{"ivector/final.ie", checkFramed("<IvectorExtractor>")},
	{"ivector/final.mat", checkMatrix},
	{"ivector/global_cmvn.stats", checkMatrix},
	{"ivector/online_cmvn.conf", checkConf},
	{"ivector/splice.conf", checkConf},
}

func (s *shape) needIvector(has func(string) bool) error {
	for _, p := range ivectorParts {
		if !has(p.path) {
			return faultf(p.path, "is missing")
		}
	}
	s.parts = append(slices.Clone(ivectorParts), s.parts...) // the long graph last
	return nil
}

// checkShape reads what the recogniser would read.
func checkShape(root *os.Root, files map[string]int64, s *shape) error {
	has := func(p string) bool { _, ok := files[p]; return ok }
	wants := false
	err := checkFile(root, part{s.acoustic, func(in *source) (err error) {
		wants, err = checkAcoustic(in)
		return err
	}})
	if err != nil {
		return err
	}
	if wants && !s.ivector {
		return s.needIvector(has)
	}
	for _, p := range s.parts {
		if err := checkFile(root, p); err != nil {
			return err
		}
	}
	symbols := false
	err = checkFile(root, part{s.graph, func(in *source) (err error) {
		symbols, err = readGraph(in)
		return err
	}})
	if err != nil || symbols {
		return err
	}
	if !has(s.words) {
		return faultf(s.words, "is missing, and %s has no words of its own", s.graph)
	}
	return checkFile(root, part{s.words, checkWords})
}

func checkFile(root *os.Root, p part) error {
	f, err := root.Open(p.path)
	if err != nil {
		return faultf(p.path, "cannot be read: %v", reason(err))
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return faultf(p.path, "cannot be read: %v", reason(err))
	}
	in := newSource(f, info.Size())
	if info.Size() == 0 {
		return faultf(p.path, "is empty")
	}
	if err := p.check(in); err != nil {
		return faultf(p.path, "%v", err)
	}
	return nil
}

// reason drops the operation and the path, which the sentence around it has already.
func reason(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	var le *os.LinkError
	if errors.As(err, &le) {
		return le.Err
	}
	return err
}
