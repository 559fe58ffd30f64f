package usersync

import (
	"strconv"
	"strings"
)

// FieldKind says which values a field of a target takes. Nil is taken by every one: the field is then left out.
type FieldKind int

// The kinds of fields. FieldAny takes whatever a record can hold: the target does not say what it takes.
const (
	FieldAny FieldKind = iota
	FieldText
	FieldBool
	FieldScalar       // text, a bool or a number
	FieldTexts        // a list of texts
	FieldWholeNumbers // a list of whole numbers of 32 bits
	FieldObjects      // a list of objects, whatever is in them
)

// String is the kind in the words of faults: what a field takes.
func (k FieldKind) String() string {
	switch k {
	case FieldText:
		return "text"
	case FieldBool:
		return "true or false"
	case FieldScalar:
		return "text, true or false, or a number"
	case FieldTexts:
		return "a list of texts"
	case FieldWholeNumbers:
		return "a list of whole numbers"
	case FieldObjects:
		return "a list of objects"
	}
	return "text, true or false, a number, a list or an object"
}

// TargetField is a field that a mapping may fill; one named X.# stands for X. with any number after it.
type TargetField struct {
	Name string
	Kind FieldKind
}

// FieldsOf are fields of one kind.
func FieldsOf(kind FieldKind, names ...string) []TargetField {
	fields := make([]TargetField, len(names))
	for i, name := range names {
		fields[i] = TargetField{name, kind}
	}
	return fields
}

// MatchField is a kind of MatchKey and the target's field that it is read from.
type MatchField struct{ Kind, Field string }

// Field finds the field that a rule of the name fills; ok is false where the target says which it has, and has
// none such. A number is spelt in one way: X.7, not X.07.
func (s ConnectorSpec) Field(name string) (field TargetField, ok bool) {
	for _, f := range s.Fields {
		prefix, open := strings.CutSuffix(f.Name, "#")
		number, fits := strings.CutPrefix(name, prefix)
		n, err := strconv.ParseInt(number, 10, 32)
		if f.Name == name || open && fits && err == nil && n >= 0 && strconv.FormatInt(n, 10) == number {
			return f, true
		}
	}
	return TargetField{}, len(s.Fields) == 0
}

// FieldKind is the kind of the field that a rule of the name fills.
func (s ConnectorSpec) FieldKind(name string) FieldKind {
	field, _ := s.Field(name)
	return field.Kind
}

// Matched parts the kinds that people are to be matched by into those whose field is filled and those without.
func (s ConnectorSpec) Matched(kinds []string, filled func(field string) bool) (by, without []MatchField) {
	for _, kind := range kinds {
		for _, m := range s.Match {
			switch {
			case m.Kind != kind:
			case filled(m.Field):
				by = append(by, m)
			default:
				without = append(without, m)
			}
		}
	}
	return by, without
}
