package api

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/usersync/usersync/internal/usersync"
)

// The readers below give a field's value, or note a fault and give what is good for nothing; the
// caller looks at input.err before using any of it.

// has reports whether the field was given; a JSON null is as good as nothing.
func (in *input) has(name string) bool {
	v, ok := in.values[name]
	return ok && string(v.json) != "null"
}

// str is the field's text; from JSON it must be a string.
func (in *input) str(name string) (text string, ok bool) {
	v := in.values[name]
	if v.json == nil {
		return v.text, true
	}
	return text, json.Unmarshal(v.json, &text) == nil
}

// company is a guid, or empty where the field is absent, empty or all zeros. ok is false after a fault.
func (in *input) company(name string) (id usersync.CompanyID, ok bool) {
	text, ok := in.str(name)
	if ok && text == "" {
		return "", true
	}
	guid, fits := usersync.CompanyGUID(text)
	if !ok || !fits {
		in.fault(name, "'"+name+"' must be a guid")
		return "", false
	}
	return usersync.CompanyID(guid), true
}

// job is a guid that must be given.
func (in *input) job(name string) usersync.JobID {
	text, _ := in.str(name)
	guid, ok := usersync.CanonicalGUID(text)
	if !ok {
		in.fault(name, "'"+name+"' must be a guid")
	}
	return usersync.JobID(guid)
}

// literal is the field's text where JSON has a word or a number.
func (in *input) literal(name string) string {
	v := in.values[name]
	if v.json == nil {
		return strings.ToLower(v.text)
	}
	return string(v.json)
}

// flag is true or false, false where it is absent.
func (in *input) flag(name string) bool {
	text := in.literal(name)
	if in.has(name) && text != "true" && text != "false" {
		in.fault(name, "'"+name+"' must be true or false")
	}
	return text == "true"
}

// number is a whole number within bounds; where it is absent, the other one.
func (in *input) number(name string, least, most, otherwise int) int {
	if !in.has(name) {
		return otherwise
	}
	text := in.literal(name)
	whole, _ := strings.CutSuffix(text, ".0") // as some write what is whole
	n, err := strconv.Atoi(whole)
	if err != nil || strings.HasPrefix(text, "+") || n < least || n > most {
		in.fault(name, fmt.Sprintf("'%s' must be a whole number from %d to %d", name, least, most))
	}
	return n
}

// status is a job's status by number or name, nil where it is absent.
func (in *input) status(name string) *usersync.Status {
	if !in.has(name) {
		return nil
	}
	text, ok := in.str(name)
	if !ok {
		text, _ = strings.CutSuffix(in.literal(name), ".0")
	}
	for s := usersync.Pending; s <= usersync.Failed; s++ {
		if text == strconv.Itoa(int(s)) || strings.EqualFold(text, s.String()) {
			return &s
		}
	}
	in.fault(name, "'"+name+"' must be 0 (Pending), 1 (Processing), 2 (Completed) or 3 (Failed)")
	return nil
}

// action is what happened to a person, empty where it is absent.
func (in *input) action(name string) usersync.Action {
	if !in.has(name) {
		return ""
	}
	text, ok := in.str(name)
	for _, a := range []usersync.Action{usersync.Created, usersync.Updated, usersync.Removed, usersync.Refused, usersync.Skipped} {
		if ok && strings.EqualFold(text, string(a)) {
			return a
		}
	}
	in.fault(name, "'"+name+"' must be created, updated, removed, failed or skipped")
	return ""
}
