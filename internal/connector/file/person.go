package file

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/usersync/usersync/internal/usersync"
)

// decoded makes an entry of a JSON value.
func decoded(raw []byte, row int) usersync.Entry {
	if raw[0] != '{' {
		return faulty("", row, "this is no JSON object")
	}
	var p usersync.Person
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&p)
	if err == nil && decoder.InputOffset() < int64(len(raw)) {
		p, err = usersync.Person{}, errors.New("something follows the object")
	}
	id := p.ID
	if strings.ContainsRune(id, utf8.RuneError) {
		id = "" // may be what was not UTF-8
	}
	switch {
	case err != nil:
		return faulty(id, row, jsonFault(err))
	case !utf8.Valid(raw):
		return faulty(id, row, "this is not valid UTF-8")
	case halfCharacter(raw):
		return faulty(id, row, `a \u escape is half a character`)
	}
	return usersync.Listed(&p, row)
}

// jsonFault says what is wrong with an object, without its values.
func jsonFault(err error) string {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		name := wrong.Field
		if !shown(name) {
			name = "a property"
		}
		switch kind := wrong.Type.Kind(); {
		case kind == reflect.String && name == "attributes":
			return "attributes must hold text alone"
		case kind == reflect.String:
			return name + " must be text"
		case kind == reflect.Bool:
			return name + " must be true or false"
		case kind == reflect.Slice:
			return name + " must be a list"
		}
		return name + " must be an object"
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		name, _ = strconv.Unquote(name)
		return "an unknown property" + quote(name) + "; what has no name of its own goes into attributes"
	}
	return "this is no valid JSON"
}

// halfCharacter reports whether an escape of the JSON is a surrogate without its other half, which
// the decoder would turn into a question mark.
func halfCharacter(raw []byte) bool {
	high := false // the escape right before was a high surrogate
	for i := 0; i < len(raw); i++ {
		unit := 0
		if raw[i] == '\\' && i+1 < len(raw) {
			i++
			if raw[i] == 'u' && i+4 < len(raw) {
				n, _ := strconv.ParseUint(string(raw[i+1:i+5]), 16, 16)
				unit = int(n)
				i += 4
			}
		}
		low := unit >= 0xdc00 && unit <= 0xdfff
		if low != high {
			return true
		}
		high = unit >= 0xd800 && unit <= 0xdbff
	}
	return high
}
