package local

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// path is a reference path of fields alone: $.a or $.a.b, without indexes, filters or functions.
type path []string

var pathForm = regexp.MustCompile(`^\$(\.[A-Za-z_][A-Za-z0-9_]*)+$`)

func parsePath(text string) (path, error) {
	if !pathForm.MatchString(text) {
		return nil, fmt.Errorf("the path %q is of a form that is not known", text)
	}
	return strings.Split(text, ".")[1:], nil
}

// in is the value at the path. Errors: States.Runtime where there is none.
func (p path) in(input json.RawMessage) (json.RawMessage, error) {
	value := input
	for _, field := range p {
		var object map[string]json.RawMessage
		if json.Unmarshal(value, &object) != nil || object[field] == nil {
			return nil, &Error{Name: errRuntime, Cause: "the state has nothing at $." + strings.Join(p, ".")}
		}
		value = object[field]
	}
	return value, nil
}

// resultPath says what becomes of a result: it takes the input's place, is dropped, or becomes one of
// the input's fields.
type resultPath struct {
	drop  bool
	field string
}

func parseResultPath(raw json.RawMessage) (resultPath, error) {
	if raw == nil {
		return resultPath{}, nil
	}
	if string(raw) == "null" {
		return resultPath{drop: true}, nil
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return resultPath{}, fmt.Errorf("ResultPath is no text")
	}
	p, err := parsePath(text)
	if err != nil || len(p) != 1 {
		return resultPath{}, fmt.Errorf("the ResultPath %q is of a form that is not known", text)
	}
	return resultPath{field: p[0]}, nil
}

// put is the output made of an input and a result.
func (r resultPath) put(input, result json.RawMessage) (json.RawMessage, error) {
	switch {
	case r.drop:
		return input, nil
	case r.field == "":
		return result, nil
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(input, &object) != nil || object == nil {
		return nil, &Error{Name: errRuntime, Cause: "the state is no object: ResultPath has no place in it"}
	}
	object[r.field] = result
	return json.Marshal(object)
}

// parameters makes a task's input: each field from a path into the state or, for $$., into the context.
type parameters map[string]source

type source struct {
	path    path
	machine bool // $$.StateMachine.Id
}

func parseParameters(fields map[string]string) (parameters, error) {
	params := parameters{}
	for name, text := range fields {
		field, ok := strings.CutSuffix(name, ".$")
		if !ok {
			return nil, fmt.Errorf("the parameter %q is no path", name)
		}
		if text == "$$.StateMachine.Id" {
			params[field] = source{machine: true}
			continue
		}
		p, err := parsePath(text)
		if err != nil {
			return nil, err
		}
		params[field] = source{path: p}
	}
	return params, nil
}

func (params parameters) from(m *Machine, input json.RawMessage) (json.RawMessage, error) {
	object := map[string]json.RawMessage{}
	for field, s := range params {
		var err error
		if s.machine {
			object[field], err = json.Marshal(m.o.ID)
		} else {
			object[field], err = s.path.in(input)
		}
		if err != nil {
			return nil, err
		}
	}
	return json.Marshal(object)
}
