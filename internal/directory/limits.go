package directory

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// The limits of what is stored.
const (
	maxBody = 1 << 20   // bytes of a request
	maxText = 4000      // characters of a property
	maxKey  = 256       // bytes of what a user or a department is found by
	maxUser = 256 << 10 // bytes of a user as JSON: every store keeps a user in one row
)

// keys are the properties that something is found by.
var keys = map[string]bool{
	"code": true, "accessTemplateId": true, "departmentCode": true, "departmentId": true, "externalDepartmentId": true,
	"departmentShortName": true, "externalID": true,
}

// checkText refuses text that is too long or holds what some store would cut it at.
func checkText(name, text string) error {
	switch {
	case !utf8.ValidString(text):
		return invalid(name, "is not valid UTF-8")
	case strings.ContainsRune(text, 0):
		return invalid(name, "holds a NUL character")
	case keys[name] && len(text) > maxKey:
		return invalid(name, "is longer than "+strconv.Itoa(maxKey)+" bytes")
	case len(text) > maxText && utf8.RuneCountInString(text) > maxText:
		return invalid(name, "is longer than "+strconv.Itoa(maxText)+" characters")
	}
	return nil
}

// checkRequired refuses a request that lacks a text which its type says is required.
func checkRequired(request reflect.Value) error {
	for i, name := range names(request.Type()) {
		if value, ok := request.Field(i).Interface().(*string); ok && isRequired(request.Type().Field(i)) && text(value) == "" {
			return invalid(name, "is missing")
		}
	}
	return nil
}

func isRequired(f reflect.StructField) bool { return f.Tag.Get("required") == "true" }

// check refuses a user with a date that is none, and one that does not fit in a row.
func (r *UserRequest) check() error {
	if r.LeaveFrom != nil && !isDateTime(*r.LeaveFrom) {
		return invalid("leaveFrom", "must be a date and time as in ISO 8601")
	}
	if r.LeaveTo != nil && !isDateTime(*r.LeaveTo) {
		return invalid("leaveTo", "must be a date and time as in ISO 8601")
	}
	raw, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if len(raw) > maxUser {
		return invalid("the user", "is larger than "+strconv.Itoa(maxUser>>10)+" KiB")
	}
	return nil
}

// isDateTime reports whether s is a date, or a date and time with or without a zone.
func isDateTime(s string) bool {
	for _, layout := range [...]string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateOnly} {
		if _, err := time.Parse(layout, s); err == nil {
			return true
		}
	}
	return false
}
