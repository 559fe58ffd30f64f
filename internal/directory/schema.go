package directory

import (
	"math"
	"reflect"
	"strconv"
	"strings"
)

// schemas are JSON Schemas made from the model's types, by the types' names.
type schemas map[string]any

// place is where an object stands, which decides what is said of its texts and of what must be there.
type place int

const (
	inRequest place = iota // what decode reads: keys are short, and what is marked so is required
	inAnswer               // as it is written: everything is there but what has to be asked for
	within                 // in another object, of a request or of an answer
)

// lookUpField is how a request spells what its user is found by.
const lookUpField = "([Ii][Dd]|[Cc][Oo][Dd][Ee])"

// shapes are the properties of requests that say more than their type does.
var shapes = map[string]map[string]any{
	"lookupField": {"type": []string{"string", "null"}, "pattern": "^" + lookUpField + "?$", "description": "Id, which is meant where nothing is said, or Code, in any letter case"},
	"leaveFrom":   moment, "leaveTo": moment,
	"isPrimary": {"type": "boolean", "default": true},
}

// moment is what isDateTime takes; the one without a zone is said for the days that every month has.
var moment = map[string]any{"anyOf": []any{
	map[string]any{"type": "string", "format": "date-time"},
	map[string]any{"type": "string", "format": "date"},
	map[string]any{"type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"},
	map[string]any{"type": "null"},
}}

// body is the schema of a whole body; objects become components.
func (s schemas) body(t reflect.Type, as place) map[string]any {
	switch t.Kind() {
	case reflect.Slice:
		return map[string]any{"type": "array", "items": s.body(t.Elem(), as)}
	case reflect.Struct:
		return s.component(t, as)
	}
	return s.value(t, as)
}

// component adds an object's type to the schemas, and is a reference to it.
func (s schemas) component(t reflect.Type, as place) map[string]any {
	name := strings.ToUpper(t.Name()[:1]) + t.Name()[1:]
	if s[name] == nil {
		properties, required := map[string]any{}, []string{}
		for i, property := range names(t) {
			f := t.Field(i)
			properties[property] = s.property(f, property, as)
			if as == inAnswer && !strings.HasSuffix(f.Tag.Get("json"), ",omitzero") || as == inRequest && isRequired(f) {
				required = append(required, property)
			}
		}
		s[name] = map[string]any{"type": "object", "properties": properties, "required": required}
	}
	return map[string]any{"$ref": "#/components/schemas/" + name}
}

func (s schemas) property(f reflect.StructField, name string, as place) map[string]any {
	if shape := shapes[name]; shape != nil && as != inAnswer {
		return shape
	}
	schema := s.value(f.Type, as)
	if as == inRequest && keys[name] {
		schema["maxLength"], schema["description"] = maxKey, "At most "+strconv.Itoa(maxKey)+" bytes in UTF-8"
	}
	if as == inRequest && isRequired(f) {
		schema["type"], schema["minLength"] = "string", 1
	}
	return schema
}

// value is the schema of a property or an element.
func (s schemas) value(t reflect.Type, as place) map[string]any {
	if hidden, is := reflect.Zero(t).Interface().(interface{ shows() reflect.Type }); is {
		t = hidden.shows()
	}
	switch t.Kind() {
	case reflect.Pointer: // to text: there are no others
		return nullable(s.value(t.Elem(), as))
	case reflect.Slice:
		list := map[string]any{"type": "array", "items": s.value(t.Elem(), as)}
		if as != inAnswer {
			list["maxItems"] = maxElements
		}
		return nullable(list)
	case reflect.String:
		if as == inAnswer {
			return map[string]any{"type": "string"}
		}
		return map[string]any{"type": "string", "maxLength": maxText, "pattern": `^[^\u0000]*$`}
	case reflect.Int32:
		return map[string]any{"type": "integer", "format": "int32", "minimum": math.MinInt32, "maximum": math.MaxInt32}
	case reflect.Int:
		return map[string]any{"type": "integer"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	}
	return s.component(t, within)
}

func nullable(schema map[string]any) map[string]any {
	schema["type"] = []any{schema["type"], "null"}
	return schema
}
