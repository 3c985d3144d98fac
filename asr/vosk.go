//go:build cgo

package asr

/*
#cgo LDFLAGS: -ldl
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

// libvosk is opened when it is needed, so that the program starts and records
// without it. These are the functions of its C interface that are used here,
// the same in versions 0.3.42 to 0.3.50.
typedef struct VoskModel VoskModel;
typedef struct VoskRecognizer VoskRecognizer;

static struct {
	VoskModel *(*model_new)(const char *path);
	void (*model_free)(VoskModel *);
	int (*model_find_word)(VoskModel *, const char *word);
	VoskRecognizer *(*recognizer_new)(VoskModel *, float rate);
	VoskRecognizer *(*recognizer_new_grm)(VoskModel *, float rate, const char *grammar);
	void (*recognizer_set_words)(VoskRecognizer *, int);
	int (*recognizer_accept_waveform_s)(VoskRecognizer *, const short *, int length);
	const char *(*recognizer_result)(VoskRecognizer *);
	const char *(*recognizer_partial_result)(VoskRecognizer *);
	const char *(*recognizer_final_result)(VoskRecognizer *);
	void (*recognizer_free)(VoskRecognizer *);
	void (*set_log_level)(int);
} lib;

// hs_open returns why libvosk cannot be used, to be freed; NULL if it can.
static char *hs_open(const char *path) {
	void *h = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!h) return strdup(dlerror());
#define LOAD(name) \
	if (!(*(void **)&lib.name = dlsym(h, "vosk_" #name))) return strdup(dlerror());
	LOAD(model_new)
	LOAD(model_free)
	LOAD(model_find_word)
	LOAD(recognizer_new)
	LOAD(recognizer_new_grm)
	LOAD(recognizer_set_words)
	LOAD(recognizer_accept_waveform_s)
	LOAD(recognizer_result)
	LOAD(recognizer_partial_result)
	LOAD(recognizer_final_result)
	LOAD(recognizer_free)
	LOAD(set_log_level)
	lib.set_log_level(-1); // warnings and errors only
	return NULL;
}

static VoskModel *hs_model_new(const char *path) { return lib.model_new(path); }
static void hs_model_free(VoskModel *m) { lib.model_free(m); }
static int hs_find_word(VoskModel *m, const char *w) { return lib.model_find_word(m, w); }

static VoskRecognizer *hs_recognizer_new(VoskModel *m, float rate, const char *grammar) {
	VoskRecognizer *r = grammar ? lib.recognizer_new_grm(m, rate, grammar) : lib.recognizer_new(m, rate);
	if (r) lib.recognizer_set_words(r, 1);
	return r;
}

static int hs_accept(VoskRecognizer *r, const short *pcm, int n) {
	return lib.recognizer_accept_waveform_s(r, pcm, n);
}

// The texts belong to the recognizer and live until its next call.
static const char *hs_result(VoskRecognizer *r) { return lib.recognizer_result(r); }
static const char *hs_partial(VoskRecognizer *r) { return lib.recognizer_partial_result(r); }
static const char *hs_final(VoskRecognizer *r) { return lib.recognizer_final_result(r); }
static void hs_recognizer_free(VoskRecognizer *r) { lib.recognizer_free(r); }
*/
import "C"

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"unsafe"
)

// OpenVosk loads a model with libvosk. A fault of libvosk ends the process, and
// some broken models do so no earlier than with the first sound: call it in a child only.
func OpenVosk(library, model string, fast bool) (Engine, error) {
	path := C.CString(library)
	defer C.free(unsafe.Pointer(path))
	if why := C.hs_open(path); why != nil {
		defer C.free(unsafe.Pointer(why))
		return nil, &Fault{NoLibrary, "libvosk cannot be used, so there are no captions: " + C.GoString(why)}
	}
	if _, err := os.Stat(model); err != nil {
		return nil, &Fault{NoModel, fmt.Sprintf("there is no speech model: %v", err)}
	}
	from := model
	if fast {
		laid, remove, err := withFastRules(model)
		if err != nil {
			return nil, &Fault{BrokenModel, fmt.Sprintf("the speech model at %s cannot be loaded: %v", model, err)}
		}
		defer remove()
		from = laid
	}
	dir := C.CString(from)
	defer C.free(unsafe.Pointer(dir))
	m := C.hs_model_new(dir)
	v := &vosk{m, model}
	if m == nil {
		return nil, v.broken()
	}
	return v, nil
}

type vosk struct {
	model *C.VoskModel // nil after Close
	path  string
}

func (v *vosk) broken() error {
	return &Fault{BrokenModel, fmt.Sprintf("libvosk does not take the speech model at %s: a file is missing or damaged; add the model again", v.path)}
}

// Lacks never fails.
func (v *vosk) Lacks(words []string) ([]string, error) {
	var lacks []string
	for _, w := range words {
		c := C.CString(w)
		if C.hs_find_word(v.model, c) < 0 {
			lacks = append(lacks, w)
		}
		C.free(unsafe.Pointer(c))
	}
	return lacks, nil
}

// New leaves out of the phrases those with a word that the model lacks: libvosk
// would drop the word alone. A list of which nothing is left makes it abort.
func (v *vosk) New(o Options) (Recognizer, error) {
	var grammar *C.char
	if len(o.Phrases) > 0 {
		known, err := knownPhrases(v, o.Phrases)
		if err != nil {
			return nil, err
		}
		text, err := json.Marshal(known)
		if err != nil {
			return nil, err
		}
		grammar = C.CString(string(text))
		defer C.free(unsafe.Pointer(grammar))
	}
	r := C.hs_recognizer_new(v.model, Rate, grammar)
	switch {
	case r != nil:
	case grammar == nil:
		return nil, v.broken()
	default:
		return nil, &Fault{BadPhrases, fmt.Sprintf("libvosk takes no phrase list with the model at %s: one with graph/HCLG.fst cannot; empty the list", v.path)}
	}
	return &voskRecognizer{r: r}, nil
}

// Close may be called more than once.
func (v *vosk) Close() error {
	if v.model != nil {
		C.hs_model_free(v.model)
		v.model = nil
	}
	return nil
}

type voskRecognizer struct {
	r *C.VoskRecognizer // nil after Close
}

var errVoskException = errors.New("libvosk caught an exception of its own while it decoded")

func (v *voskRecognizer) Feed(pcm []int16) (Answer, error) {
	if len(pcm) == 0 {
		return Answer{}, nil
	}
	switch C.hs_accept(v.r, (*C.short)(unsafe.Pointer(&pcm[0])), C.int(len(pcm))) {
	case 0:
		return parseVosk([]byte(C.GoString(C.hs_partial(v.r))), false)
	case 1:
		return parseVosk([]byte(C.GoString(C.hs_result(v.r))), true)
	}
	return Answer{}, errVoskException
}

func (v *voskRecognizer) Finish() (Answer, error) {
	return parseVosk([]byte(C.GoString(C.hs_final(v.r))), true)
}

func (v *voskRecognizer) Close() error {
	if v.r != nil {
		C.hs_recognizer_free(v.r)
		v.r = nil
	}
	return nil
}
