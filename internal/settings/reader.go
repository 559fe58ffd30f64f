package settings

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// reader walks a YAML document and collects faults.
type reader struct {
	name   string
	dir    string
	known  Known
	faults Faults

	deployed bool   // the text is a tenant's: what belongs to one machine is refused
	secrets  string // what the names of its secrets begin with, in a deployment

	references []reference
}

// value is a node of the document and where it stands.
type value struct {
	key  *yaml.Node // of the mapping that it is in; nil in a list
	node *yaml.Node
	path string
}

// reading takes a value in, or adds faults.
type reading func(value)

func (r *reader) faultAt(line, column int, path, message string) {
	r.faults = append(r.faults, Fault{File: r.name, Line: max(line, 1), Column: column, Key: path, Message: message})
}

func (r *reader) fault(v value, message string) {
	r.faultAt(v.node.Line, v.node.Column, v.path, message)
}

// object reads a mapping: each key by its reading. Faults: no mapping, a key unknown, twice or missing.
func (r *reader) object(v value, known map[string]reading, required ...string) {
	for _, field := range r.fields(v) {
		read, ok := known[field.key.Value]
		if !ok {
			r.faultAt(field.key.Line, field.key.Column, field.path, "an unknown key")
			continue
		}
		read(field)
		required = slices.DeleteFunc(slices.Clone(required), func(k string) bool { return k == field.key.Value })
	}
	if v.node.Kind != yaml.MappingNode {
		return
	}
	at := v.node
	if v.key != nil {
		at = v.key
	}
	for _, key := range required {
		r.faultAt(at.Line, at.Column, join(v.path, key), "this is missing")
	}
}

// fields are the values of a mapping; of a key that is there twice, the first.
func (r *reader) fields(v value) []value {
	if !r.plain(v) {
		return nil
	}
	if v.node.Kind != yaml.MappingNode || v.node.ShortTag() != "!!map" {
		r.fault(v, "this must be a mapping (key: value)")
		return nil
	}
	var fields []value
	first := map[string]int{}
	for i := 0; i+1 < len(v.node.Content); i += 2 {
		key, node := v.node.Content[i], v.node.Content[i+1]
		if key.Kind != yaml.ScalarNode || key.Anchor != "" {
			r.faultAt(key.Line, key.Column, v.path, "a key must be a plain word")
			continue
		}
		path := join(v.path, key.Value)
		if line, twice := first[key.Value]; twice {
			r.faultAt(key.Line, key.Column, path, fmt.Sprintf("this is there twice, first in line %d", line))
			continue
		}
		first[key.Value] = key.Line
		fields = append(fields, value{key, node, path})
	}
	return fields
}

// list are the elements of a list.
func (r *reader) list(v value) []value {
	if !r.plain(v) {
		return nil
	}
	if v.node.Kind != yaml.SequenceNode || v.node.ShortTag() != "!!seq" {
		r.fault(v, "this must be a list")
		return nil
	}
	elements := make([]value, len(v.node.Content))
	for i, node := range v.node.Content {
		elements[i] = value{nil, node, fmt.Sprintf("%s[%d]", v.path, i)}
	}
	return elements
}

const noAliases = "anchors and aliases are not supported"

// plain reports whether the value stands there itself: what is meant elsewhere is not followed.
func (r *reader) plain(v value) bool {
	if v.node.Kind == yaml.AliasNode || v.node.Anchor != "" {
		r.fault(v, noAliases)
		return false
	}
	if v.node.ShortTag() == "!!null" {
		r.fault(v, "this has no value")
		return false
	}
	return true
}

// scalar is the text of a value that is one, with its YAML type.
func (r *reader) scalar(v value) (text, tag string, ok bool) {
	if !r.plain(v) {
		return "", "", false
	}
	if v.node.Kind != yaml.ScalarNode {
		r.fault(v, "this must be a single value")
		return "", "", false
	}
	return v.node.Value, v.node.ShortTag(), true
}

// text is a text of at most limit bytes. Numbers are taken as they are written, and so are values of the other tags.
func (r *reader) text(v value, limit int, tags ...string) (string, bool) {
	text, tag, ok := r.scalar(v)
	if !ok {
		return "", false
	}
	switch fault := textFault(text, limit); {
	case !slices.Contains(append(tags, "!!str", "!!int", "!!float", "!!timestamp"), tag):
		r.fault(v, "this must be text")
	case fault != "":
		r.fault(v, fault)
	default:
		return text, true
	}
	return "", false
}

func textFault(text string, limit int) string {
	switch {
	case strings.TrimSpace(text) == "":
		return "this is empty"
	case len(text) > limit:
		return fmt.Sprintf("this is longer than %d bytes", limit)
	case strings.ContainsFunc(text, unicode.IsControl):
		return "this holds control characters"
	}
	return ""
}

// boolean is true or false.
func (r *reader) boolean(v value) (b, ok bool) {
	text, tag, ok := r.scalar(v)
	if ok && tag != "!!bool" {
		r.fault(v, "this must be true or false")
		return false, false
	}
	return strings.EqualFold(text, "true"), ok
}

// pattern is a regular expression that is compiled when it is first needed: to do so at the start would cost
// every process a millisecond, also those that read no settings.
func pattern(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}

// nameOfKey is what a key must look like to be named in a fault: a value in a key's place is not.
var nameOfKey = pattern(`^[A-Za-z][A-Za-z0-9_.-]{0,63}$`)

func join(path, key string) string {
	if !nameOfKey().MatchString(key) {
		key = "?"
	}
	if path == "" {
		return key
	}
	return path + "." + key
}
