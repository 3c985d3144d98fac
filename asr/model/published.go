package model

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Published is a model that its makers offer.
type Published struct {
	Name         string
	URL          string
	MD5          string // of the archive, hex
	Size         int64  // of the archive, bytes; 0: the list does not say
	Language     string // BCP 47; empty where the makers' code is none
	LanguageName string // in English, as the makers write it
	Obsolete     bool
}

// maxList is far more than the list ever had (some 60 kB).
const maxList = 8 << 20

// Published asks the makers' list which models there are.
func (s *Store) Published(ctx context.Context) ([]Published, error) {
	r, err := s.request(ctx, s.o.ListURL)
	if err != nil {
		return nil, err
	}
	var b []byte
	err = s.tries(ctx, func() (int64, error) {
		w := s.watch(ctx)
		defer w.stop()
		resp, err := s.o.Client.Do(r.Clone(w.ctx))
		if err != nil {
			return 0, w.cause(err)
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return 0, statusError(resp)
		}
		b, err = io.ReadAll(io.LimitReader(w.reader(resp.Body), maxList+1))
		return 0, w.cause(err)
	})
	if err != nil {
		return nil, fmt.Errorf("list of models %s: %w", s.o.ListURL, s.advise(err))
	}
	list, err := decodeList(b, s.o.ListURL)
	if err != nil {
		return nil, fmt.Errorf("list of models %s cannot be understood: %w", s.o.ListURL, err)
	}
	return list, nil
}

// entry is how the list writes a model.
type entry struct {
	Name     string          `json:"name"`
	URL      string          `json:"url"`
	MD5      string          `json:"md5"`
	Size     int64           `json:"size"`
	Lang     string          `json:"lang"`
	LangText string          `json:"lang_text"`
	Obsolete json.RawMessage `json:"obsolete"` // "true" in the list, true in others' copies
}

// decodeList reads the list. An entry that is not understood, or could not be
// fetched safely, is left out.
func decodeList(b []byte, listURL string) ([]Published, error) {
	if len(b) > maxList {
		return nil, fmt.Errorf("it has more than %d MB", maxList>>20)
	}
	base, err := url.Parse(listURL)
	if err != nil {
		return nil, err
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(b, &raw); err != nil {
		return nil, err
	}
	var list []Published
	for _, one := range raw {
		var r entry
		if json.Unmarshal(one, &r) != nil {
			continue
		}
		at, err := base.Parse(r.URL)
		sum, hexErr := hex.DecodeString(r.MD5)
		if err != nil || CheckName(r.Name) != nil || hexErr != nil || len(sum) != 16 || r.Size < 0 || !safe(base, at) {
			continue
		}
		list = append(list, Published{
			Name: r.Name, URL: at.String(), MD5: strings.ToLower(r.MD5), Size: r.Size, Language: languageOf(r.Lang),
			LanguageName: r.LangText, Obsolete: strings.Trim(string(r.Obsolete), `"`) == "true",
		})
	}
	if len(list) == 0 {
		return nil, errors.New("it names no model")
	}
	return list, nil
}

// safe says whether a model may be fetched from there: over the web, and encrypted if the list was.
func safe(list, at *url.URL) bool {
	return at.Host != "" && at.User == nil && (at.Scheme == "https" || at.Scheme == "http" && list.Scheme == "http")
}

func (s *Store) published(ctx context.Context, name string) (Published, error) {
	list, err := s.Published(ctx)
	if err != nil {
		return Published{}, err
	}
	var close []string
	for _, p := range list {
		if p.Name == name {
			return p, nil
		}
		if !p.Obsolete && (strings.Contains(p.Name, name) || name == p.Language) {
			close = append(close, p.Name)
		}
	}
	if len(close) > 0 {
		return Published{}, fmt.Errorf("model %s: no model of that name is published; there are %s", name, strings.Join(close, ", "))
	}
	return Published{}, fmt.Errorf("model %s: no model of that name is published on %s", name, s.o.ListURL)
}
