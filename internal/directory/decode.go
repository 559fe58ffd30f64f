package directory

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/usersync/usersync/internal/usersync"
)

// invalid is an error about the input: its message begins with the property's name and has no value.
func invalid(name, what string) *usersync.Error {
	return &usersync.Error{Code: usersync.Validation, Field: name, Message: name + " " + what}
}

// maxElements is how many elements a list in a request may have.
const maxElements = 1000

// DecodeUser reads a UserRequest. Property names are read in any case, unknown ones ignored, and of one
// that comes twice the last counts. Errors: Validation, naming the property, never its value.
func DecodeUser(body []byte) (Patch, error) {
	var p Patch
	if err := checkBody(body); err != nil {
		return Patch{}, err
	}
	request := reflect.ValueOf(&p.Request).Elem()
	err := eachProperty("", body, func(name string, raw json.RawMessage) error {
		prop, known := properties[strings.ToLower(name)]
		if !known {
			return nil
		}
		p.given |= 1 << prop.index
		return readValue(prop.name, raw, request.Field(prop.index))
	})
	if err != nil {
		return Patch{}, err
	}
	return p, nil
}

// decode reads a request without absent properties to be told apart, by the same rules as DecodeUser.
func decode[T any](body []byte) (T, error) {
	var request T
	if err := checkBody(body); err != nil {
		return request, err
	}
	err := readObject("", body, reflect.ValueOf(&request).Elem())
	return request, err
}

// checkBody refuses what would not be stored as it was sent.
func checkBody(body []byte) error {
	switch {
	case !utf8.Valid(body):
		return invalid("the body", "is not valid UTF-8")
	case loneSurrogate(body):
		return invalid("the body", "holds half a character: an escaped surrogate without its pair")
	}
	return nil
}

// eachProperty calls yield with the properties of a JSON object that fills raw, in their order.
func eachProperty(name string, raw []byte, yield func(name string, raw json.RawMessage) error) error {
	if name == "" {
		name = "the body"
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		if err == nil || json.Valid(raw) {
			return invalid(name, "must be a JSON object")
		}
		return invalid(name, "is not valid JSON")
	}
	for d.More() {
		key, err := d.Token()
		var value json.RawMessage
		if err == nil {
			err = d.Decode(&value)
		}
		if err != nil {
			return invalid(name, "is not valid JSON")
		}
		if err := yield(key.(string), value); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return invalid(name, "is not valid JSON")
	}
	if _, err := d.Token(); err != io.EOF {
		return invalid(name, "goes on after its JSON object")
	}
	return nil
}

// readObject reads a JSON object into a struct.
func readObject(name string, raw []byte, v reflect.Value) error {
	fields := names(v.Type())
	primary := false
	err := eachProperty(name, raw, func(key string, raw json.RawMessage) error {
		for i, field := range fields {
			if strings.EqualFold(field, key) {
				primary = primary || field == "isPrimary"
				return readValue(strings.TrimPrefix(name+"."+field, "."), raw, v.Field(i))
			}
		}
		return nil
	})
	if access, ok := v.Addr().Interface().(*UserAccess); ok && !primary {
		access.IsPrimary = true
	}
	return err
}

// readValue reads one value of a request into its field; null empties what can be absent.
func readValue(name string, raw json.RawMessage, v reflect.Value) error {
	null := string(raw) == "null"
	switch v.Kind() {
	case reflect.Pointer: // to text: there are no others
		if null {
			v.SetZero()
			return nil
		}
		v.Set(reflect.New(v.Type().Elem()))
		return readValue(name, raw, v.Elem())
	case reflect.String:
		var text string
		if null || json.Unmarshal(raw, &text) != nil {
			return invalid(name, "must be text")
		}
		v.SetString(text)
		return checkText(name, text)
	case reflect.Int32:
		var n float64 // 1.0 and 1e0 are whole numbers, too
		if null || json.Unmarshal(raw, &n) != nil || n != math.Trunc(n) || n < math.MinInt32 || n > math.MaxInt32 {
			return invalid(name, "must be a whole number of 32 bits")
		}
		v.SetInt(int64(n))
	case reflect.Bool:
		if null || json.Unmarshal(raw, v.Addr().Interface()) != nil {
			return invalid(name, "must be true or false")
		}
	case reflect.Slice:
		if null {
			v.SetZero()
			return nil
		}
		return readList(name, raw, v)
	default:
		return readObject(name, raw, v)
	}
	return nil
}

func readList(name string, raw json.RawMessage, v reflect.Value) error {
	var elements []json.RawMessage
	if json.Unmarshal(raw, &elements) != nil {
		return invalid(name, "must be a list")
	}
	if len(elements) > maxElements {
		return invalid(name, "has more than "+strconv.Itoa(maxElements)+" elements")
	}
	v.Set(reflect.MakeSlice(v.Type(), len(elements), len(elements)))
	for i, raw := range elements {
		if err := readValue(name+"["+strconv.Itoa(i)+"]", raw, v.Index(i)); err != nil {
			return err
		}
	}
	return nil
}

// loneSurrogate finds an escaped UTF-16 surrogate without its other half, which a decoder would
// silently replace.
func loneSurrogate(body []byte) bool {
	for {
		at := bytes.IndexByte(body, '\\')
		if at < 0 || at+2 > len(body) {
			return false
		}
		body = body[at:]
		unit, escaped := unit16(body)
		switch {
		case !escaped:
			body = body[2:]
		case unit >= 0xD800 && unit < 0xDC00:
			if low, ok := unit16(body[6:]); !ok || low < 0xDC00 || low > 0xDFFF {
				return true
			}
			body = body[12:]
		case unit >= 0xDC00 && unit <= 0xDFFF:
			return true
		default:
			body = body[6:]
		}
	}
}

// unit16 is the UTF-16 unit that an escape at the beginning of b stands for.
func unit16(b []byte) (uint64, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	unit, err := strconv.ParseUint(string(b[2:6]), 16, 16)
	return unit, err == nil
}
