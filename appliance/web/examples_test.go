package web

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// object is a part of openapi.json.
type object = map[string]any

// TestExamples holds every example of openapi.json against its schema; every
// answer and every body in JSON has one.
func TestExamples(t *testing.T) {
	var doc object
	if err := json.Unmarshal(openAPI, &doc); err != nil {
		t.Fatal(err)
	}
	f := fitter{doc["components"].(object)["schemas"].(object)}
	seen := 0
	look := func(where string, content any) {
		c, ok := content.(object)["application/json"].(object)
		if !ok {
			return
		}
		example, ok := c["example"]
		if !ok {
			t.Errorf("%s: there is no example", where)
			return
		}
		seen++
		if err := f.fits(c["schema"], example); err != nil {
			t.Errorf("%s: the example%v", where, err)
		}
	}
	paths := doc["paths"].(object)
	for _, p := range slices.Sorted(maps.Keys(paths)) {
		if p == "/api/v1/openapi.json" {
			continue
		}
		for method, o := range paths[p].(object) {
			op := o.(object)
			where := strings.ToUpper(method) + " " + p
			if body, ok := op["requestBody"].(object); ok {
				look(where+", asked", body["content"])
			}
			for code, r := range op["responses"].(object) {
				if content, ok := r.(object)["content"]; ok && strings.HasPrefix(code, "2") {
					look(where+", answered", content)
				}
			}
		}
	}
	if seen < 40 {
		t.Errorf("only %d examples were looked at", seen)
	}
}

// The check itself finds what is wrong.
func TestExamplesThatDoNotFit(t *testing.T) {
	f := fitter{object{"X": object{"type": "object", "required": []any{"a"}, "properties": object{
		"a": object{"type": "integer"}, "b": object{"type": "array", "items": object{"type": "string", "enum": []any{"x"}}}}}}}
	schema := object{"$ref": "#/components/schemas/X"}
	for example, want := range map[string]string{
		`{"a": 1}`: "", `{"a": 1, "b": ["x"]}`: "",
		`{}`: ".a is missing", `{"a": "1"}`: ".a is a string", `{"a": 1.5}`: ".a is no integer", `{"a": 1, "c": 2}`: ".c is not described",
		`{"a": 1, "b": ["y"]}`: ".b[0] is none", `[]`: " is a list", `null`: " is null",
	} {
		var v any
		if err := json.Unmarshal([]byte(example), &v); err != nil {
			t.Fatal(err)
		}
		err := f.fits(schema, v)
		if want == "" && err != nil || want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", example, err, want)
		}
	}
}

// fitter holds values against schemas of OpenAPI 3.1, as far as openapi.json uses them.
type fitter struct{ schemas object }

// fits says where v does not fit; nil: it does.
func (f fitter) fits(schema, v any) error {
	s := schema.(object)
	if ref, ok := s["$ref"].(string); ok {
		return f.fits(f.schemas[strings.TrimPrefix(ref, "#/components/schemas/")], v)
	}
	if all, ok := s["allOf"].([]any); ok { // a reference with words of its own
		for _, one := range all {
			if err := f.fits(one, v); err != nil {
				return err
			}
		}
		return nil
	}
	for _, key := range []string{"oneOf", "anyOf"} {
		if all, ok := s[key].([]any); ok {
			var err error
			for _, one := range all {
				if err = f.fits(one, v); err == nil {
					return nil
				}
			}
			return err
		}
	}
	if err := fitsType(s["type"], v); err != nil {
		return err
	}
	if enum, ok := s["enum"].([]any); ok && v != nil && !slices.Contains(enum, v) {
		return fmt.Errorf(" is none of %v: %v", enum, v)
	}
	switch v := v.(type) {
	case []any:
		for i, x := range v {
			if err := f.fits(s["items"], x); err != nil {
				return fmt.Errorf("[%d]%w", i, err)
			}
		}
	case object:
		return f.fitsObject(s, v)
	}
	return nil
}

func (f fitter) fitsObject(s, v object) error {
	required, _ := s["required"].([]any)
	for _, name := range required {
		if _, ok := v[name.(string)]; !ok {
			return fmt.Errorf(".%s is missing", name)
		}
	}
	properties, _ := s["properties"].(object)
	for _, name := range slices.Sorted(maps.Keys(v)) {
		p, ok := properties[name]
		if !ok {
			if p, ok = s["additionalProperties"].(object); !ok {
				return fmt.Errorf(".%s is not described", name)
			}
		}
		if err := f.fits(p, v[name]); err != nil {
			return fmt.Errorf(".%s%w", name, err)
		}
	}
	return nil
}

// fitsType holds a value against the word, or the words, of type; without any all fits.
func fitsType(want, v any) error {
	is := map[bool]string{true: "null"}[v == nil]
	switch v.(type) {
	case string:
		is = "string"
	case float64:
		is = "number"
	case bool:
		is = "boolean"
	case []any:
		is = "array"
	case object:
		is = "object"
	}
	words, ok := want.([]any)
	if !ok && want != nil {
		words = []any{want}
	}
	for _, w := range words {
		if n, number := v.(float64); w == "integer" && number {
			if n != float64(int64(n)) {
				return fmt.Errorf(" is no integer: %v", n)
			}
			return nil
		}
		if w == is {
			return nil
		}
	}
	if len(words) == 0 {
		return nil
	}
	return fmt.Errorf(" is %s, want %v", map[string]string{"null": "null", "array": "a list", "object": "an object"}[is]+
		map[bool]string{true: "a " + is}[is == "string" || is == "number" || is == "boolean"], words)
}
