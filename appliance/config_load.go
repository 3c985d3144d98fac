package appliance

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Flag is a value given on the command line: the key it sets and the value.
type Flag struct{ Key, Value string }

// DefaultFile is read when it is there and nobody names another.
const DefaultFile = "hindsight.yml"

// Load makes the configuration: the defaults, then the file, then
// DATA/settings.yml (what the page changed), then HINDSIGHT_… variables, then
// flags; the later wins. An empty file name means DefaultFile if it exists.
//
// The short keys video, audio, size and rate mean those of the camera cam, or
// of the only camera when the file names one.
func Load(file string, env []string, flags []Flag) (*Config, error) {
	c := DefaultConfig()
	if err := c.loadFile(file); err != nil {
		return nil, err
	}
	// Where the data is must be known before settings.yml can be read, so
	// variables and flags are applied before it and once more after it.
	if err := c.override(env, flags); err != nil {
		return nil, err
	}
	settings := filepath.Join(c.Data, settingsName)
	if b, err := os.ReadFile(settings); err == nil {
		if err := c.parse(settings, b); err != nil {
			return nil, err
		}
		if err := c.override(env, flags); err != nil {
			return nil, err
		}
	} else if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) && !errors.Is(err, syscall.ENOTDIR) {
		return nil, fmt.Errorf("settings: %w", err) // what is wrong with the directory itself is told by lockData
	}
	return c, c.finish()
}

func (c *Config) loadFile(file string) error {
	name := file
	if name == "" {
		name = DefaultFile
	}
	b, err := os.ReadFile(name)
	if err != nil {
		if file == "" && errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return fmt.Errorf("configuration: %w", err)
	}
	return c.parse(name, b)
}

// override applies the variables, then the flags.
func (c *Config) override(env []string, flags []Flag) error {
	for _, kv := range env {
		name, value, _ := strings.Cut(kv, "=")
		rest, ok := strings.CutPrefix(name, "HINDSIGHT_")
		if !ok || rest == "CONFIG" || rest == "URL" || rest == "MODEL_LIST" {
			continue
		}
		key, err := c.variableKey(rest)
		if err != nil {
			return fmt.Errorf("variable %s: %w", name, err)
		}
		if err := c.set(key, value, name); err != nil {
			return fmt.Errorf("variable %s: %w", name, err)
		}
	}
	for _, f := range flags {
		key := f.Key
		if short(key) {
			name, err := c.shortCamera()
			if err != nil {
				return fmt.Errorf("--%s: %w", f.Key, err)
			}
			key = "cameras." + name + "." + key
		}
		if err := c.set(key, f.Value, "flag"); err != nil {
			return fmt.Errorf("--%s: %w", strings.ReplaceAll(f.Key, ".", "-"), err)
		}
	}
	return nil
}

func short(key string) bool {
	return key == "video" || key == "audio" || key == "size" || key == "rate"
}

// shortCamera is the camera that a short key means.
func (c *Config) shortCamera() (string, error) {
	for _, cam := range c.Cameras {
		if cam.Name == "cam" {
			return "cam", nil
		}
	}
	switch len(c.Cameras) {
	case 0:
		return "cam", nil
	case 1:
		return c.Cameras[0].Name, nil
	}
	return "", fmt.Errorf("several cameras are configured and none is called cam; set it in the file under the camera's name")
}

// variableKey turns RTSP_ADDRESS into rtsp.address and CAMERAS_FRONT_DOOR_RATE into
// cameras.front-door.rate.
func (c *Config) variableKey(rest string) (string, error) {
	low := strings.ToLower(rest)
	if short(low) {
		name, err := c.shortCamera()
		return "cameras." + name + "." + low, err
	}
	for _, f := range fields {
		if strings.NewReplacer(".", "_").Replace(f.key) == low {
			return f.key, nil
		}
	}
	if cam, ok := strings.CutPrefix(low, "cameras_"); ok {
		for _, f := range cameraFields {
			if name, ok := strings.CutSuffix(cam, "_"+f.key); ok {
				return "cameras." + strings.ReplaceAll(name, "_", "-") + "." + f.key, nil
			}
		}
	}
	return "", fmt.Errorf("no key of that name; hindsight.yml lists them all")
}

// parse reads YAML into c. Every error names file and line.
func (c *Config) parse(name string, b []byte) error {
	f, err := parser.ParseBytes(bytes.TrimPrefix(b, []byte("\ufeff")), 0) // some editors begin a file with it
	if err != nil {
		line, why := yamlError(err)
		return fmt.Errorf("%s:%d: not valid YAML: %s", name, line, why)
	}
	for _, doc := range f.Docs {
		if doc.Body == nil {
			continue
		}
		if err := c.node(name, "", doc.Body); err != nil {
			return err
		}
	}
	return nil
}

// yamlPosition is how the parser writes where an error is: line and column.
var yamlPosition = regexp.MustCompile(`^\[(\d+):\d+\] `)

// yamlError is the line of the parser's error and the reason, which is its
// first line; the rest draws the text.
func yamlError(err error) (line int, why string) {
	why, _, _ = strings.Cut(err.Error(), "\n")
	m := yamlPosition.FindStringSubmatch(why)
	if m == nil {
		return 1, why
	}
	line, _ = strconv.Atoi(m[1]) // digits
	return line, why[len(m[0]):]
}

func (c *Config) node(file, path string, n ast.Node) error {
	var values []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{n}
	case *ast.NullNode, *ast.CommentGroupNode:
		if c.section(path) {
			return nil // "cameras:" with everything below it commented out
		}
		return c.setAt(file, path, "", n)
	default:
		return c.leaf(file, path, n)
	}
	for _, v := range values {
		key := keyText(v.Key)
		if path != "" {
			key = path + "." + key
		}
		if name, rest, ok := cameraKey(key); ok && rest == "" {
			if _, err := c.camera(name); err != nil {
				return fmt.Errorf("%s:%d: %w", file, v.Key.GetToken().Position.Line, err)
			}
		}
		if err := c.node(file, key, v.Value); err != nil {
			return err
		}
	}
	return nil
}

// section reports whether keys may stand below path.
func (c *Config) section(path string) bool {
	if _, key, ok := cameraKey(path); ok {
		return key == ""
	}
	return path == "" || path == "cameras" ||
		slices.ContainsFunc(fields, func(f field[Config]) bool { return strings.HasPrefix(f.key, path+".") })
}

func (c *Config) leaf(file, path string, n ast.Node) error {
	switch n.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode:
		return fmt.Errorf("%s:%d: %s is not taken here; write the value out", file, lineOf(n), strings.ToLower(n.Type().String()))
	}
	if l, ok := n.(*ast.SequenceNode); ok && listKey(path) {
		text, err := listText(file, l)
		if err != nil {
			return err
		}
		return c.setAt(file, path, text, n)
	}
	s, ok := n.(ast.ScalarNode)
	if !ok || path == "" {
		return fmt.Errorf("%s:%d: want KEY: VALUE", file, lineOf(n))
	}
	return c.setAt(file, path, scalar(s), n)
}

// listKey reports whether the value at path may be a list.
func listKey(path string) bool {
	_, key, ok := cameraKey(path)
	return ok && (key == "languages" || key == "phrases")
}

// listText writes a list as a value: with commas between.
func listText(file string, l *ast.SequenceNode) (string, error) {
	var parts []string
	for _, v := range l.Values {
		s, ok := v.(ast.ScalarNode)
		if !ok {
			return "", fmt.Errorf("%s:%d: want a list of words", file, lineOf(v))
		}
		if strings.Contains(scalar(s), ",") {
			return "", fmt.Errorf("%s:%d: %q: no comma is taken inside of an entry", file, lineOf(v), scalar(s))
		}
		parts = append(parts, scalar(s))
	}
	return strings.Join(parts, ", "), nil
}

// setAt gives the key at path a value that stands at n.
func (c *Config) setAt(file, path, value string, n ast.Node) error {
	at := fmt.Sprintf("%s:%d", file, lineOf(n))
	if err := c.set(path, value, at); err != nil {
		return fmt.Errorf("%s: %w", at, err)
	}
	return nil
}

func lineOf(n ast.Node) int {
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line
	}
	return 1
}

// scalar is the text of a value as it was written: 0x10 and 1_000 stay what they are for set to judge.
func scalar(s ast.ScalarNode) string {
	switch s := s.(type) {
	case *ast.StringNode:
		return s.Value
	case *ast.LiteralNode: // | and >
		return strings.TrimSpace(s.Value.Value)
	}
	return s.GetToken().Value
}

// keyText is a key without the quotes that it may be written in.
func keyText(k ast.MapKeyNode) string {
	if s, ok := k.(*ast.StringNode); ok {
		return s.Value
	}
	return k.String()
}
