package api

import (
	"bytes"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// query is an address's parameters, with their values as they were sent. One that cannot be decoded
// matters only where somebody asks for it.
type query []parameter

type parameter struct {
	name  string
	value string
	ok    bool // the value could be decoded
}

func readQuery(raw string) query {
	var q query
	for pair := range strings.SplitSeq(raw, "&") {
		name, text, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if err != nil || name == "" {
			continue
		}
		decoded, err := url.QueryUnescape(text)
		q = append(q, parameter{name, decoded, err == nil && utf8.ValidString(decoded)})
	}
	return q
}

// callback is the function that JSONP calls, empty where JSON is wanted.
func (q query) callback() string {
	for _, p := range q {
		if strings.EqualFold(p.name, "callback") && p.ok && p.value != "" {
			return callbackName(p.value)
		}
	}
	return ""
}

// value is one field as it came: text of an address or a form, or a piece of JSON.
type value struct {
	text string
	json json.RawMessage // nil: it is text
}

// input collects a request's fields and all that is wrong with them. No fault repeats a value.
type input struct {
	takes  []string
	values map[string]value // by the names in takes
	faults []fieldError
}

// name is the field that a client means, empty where the operation takes none of that name.
func (in *input) name(text string) string {
	if i := slices.IndexFunc(in.takes, func(n string) bool { return strings.EqualFold(n, text) }); i >= 0 {
		return in.takes[i]
	}
	return ""
}

func (in *input) add(name string, v value) {
	if _, twice := in.values[name]; twice {
		in.fault(name, "'"+name+"' is given more than once")
	}
	in.values[name] = v
}

// addPath takes the Id of the path, which no other part of the request then gives.
func (in *input) addPath(id string) {
	if id == "" {
		return
	}
	in.values["Id"] = value{text: id}
	in.takes = slices.DeleteFunc(slices.Clone(in.takes), func(n string) bool { return n == "Id" })
}

func (in *input) addQuery(q query) {
	for _, p := range q {
		name := in.name(p.name)
		switch {
		case name == "":
		case !p.ok:
			in.fault(name, "'"+name+"' is not encoded as an address is")
		default:
			in.add(name, value{text: p.value})
		}
	}
}

// addFormat refuses every other format than JSON where the address asks for one.
func (in *input) addFormat(q query) {
	for _, p := range q {
		if strings.EqualFold(p.name, "format") && p.value != "" && !strings.EqualFold(p.value, "json") {
			in.fault("format", "'format' must be json")
			return
		}
	}
}

// addBody takes a body that is a JSON object, or a form that says so and looks like one: clients that
// send JSON under a form's type are common. No body is no input.
func (in *input) addBody(body []byte, contentType string) {
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	if len(body) == 0 {
		return
	}
	body = bytes.Trim(body, " \t\r\n")
	kind, _, _ := mime.ParseMediaType(contentType)
	if kind == "application/x-www-form-urlencoded" && !bytes.HasPrefix(body, []byte("{")) && isForm(string(body)) {
		in.addQuery(readQuery(string(body)))
		return
	}
	in.addJSON(body)
}

func isForm(body string) bool {
	for pair := range strings.SplitSeq(body, "&") {
		if pair != "" && !strings.Contains(pair, "=") {
			return false
		}
	}
	return true
}

func (in *input) addJSON(body []byte) {
	if !utf8.Valid(body) || !json.Valid(body) || body[0] != '{' {
		in.fault("Body", "The body must be one JSON object in UTF-8")
		return
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	_, _ = decoder.Token() // the brace; nothing below can fail, since the whole is valid
	for decoder.More() {
		key, _ := decoder.Token()
		var raw json.RawMessage
		_ = decoder.Decode(&raw)
		text, _ := key.(string)
		if name := in.name(text); name != "" {
			in.add(name, value{json: raw})
		}
	}
}

func (in *input) fault(field, message string) {
	in.faults = append(in.faults, fieldError{"ValidationError", field, message})
}

// notYet notes a field that is known and cannot be served yet.
func (in *input) notYet(field string) {
	in.faults = append(in.faults, fieldError{"NotSupported", field, "'" + field + "' is not supported yet"})
}

// err is the refusal of all faults together, nil where there is none. What is wrong comes before what
// is not supported yet.
func (in *input) err() error {
	if len(in.faults) == 0 {
		return nil
	}
	slices.SortStableFunc(in.faults, func(a, b fieldError) int { return -strings.Compare(a.ErrorCode, b.ErrorCode) })
	f := refuse(http.StatusBadRequest, in.faults[0].ErrorCode, in.faults[0].Message)
	f.Errors = in.faults
	return f
}
