package directory

import (
	"encoding/json"
	"reflect"
	"strings"

	"github.com/usersync/usersync/internal/usersync"
)

// Patch is a change to a user that tells absent properties from empty ones: a property is given with a
// value, given as nil (to be emptied), or not given (to be kept).
type Patch struct {
	Request UserRequest
	given   uint64 // a bit for each property of UserRequest, in its order
}

// property is a property of UserRequest by its place.
type property struct {
	index int
	name  string
}

// properties are UserRequest's properties by their names in lower case: names are read in any case.
var properties = func() map[string]property {
	all := map[string]property{}
	for i, name := range names(reflect.TypeFor[UserRequest]()) {
		all[strings.ToLower(name)] = property{i, name}
	}
	return all
}()

// names are the JSON names of a struct's fields, in order.
func names(t reflect.Type) []string {
	list := make([]string, t.NumField())
	for i := range list {
		list[i], _, _ = strings.Cut(t.Field(i).Tag.Get("json"), ",")
	}
	return list
}

// Fields are the properties that a write can fill: all of UserRequest but those that find the user.
func Fields() []usersync.TargetField {
	var fields []usersync.TargetField
	request := reflect.TypeFor[UserRequest]()
	for i, name := range names(request) {
		if name != "id" && name != "lookupField" {
			fields = append(fields, usersync.TargetField{Name: name, Kind: fieldKind(request.Field(i).Type)})
		}
	}
	return fields
}

// fieldKind is what a property of the type takes.
func fieldKind(t reflect.Type) usersync.FieldKind {
	switch {
	case t.Kind() == reflect.Pointer: // to text: there are no others
		return usersync.FieldText
	case t.Elem().Kind() == reflect.String:
		return usersync.FieldTexts
	case t.Elem().Kind() == reflect.Int32:
		return usersync.FieldWholeNumbers
	}
	return usersync.FieldObjects
}

// Set gives the named property a value as a record has it: text, a number, a bool, a list or map of
// these, or nil to empty it. Errors: Validation, naming a property that is unknown or whose value is
// of the wrong kind or too large.
func (p *Patch) Set(name string, value any) error {
	prop, known := properties[strings.ToLower(name)]
	if !known {
		return invalid(name, "is no property of a user")
	}
	field := reflect.ValueOf(&p.Request).Elem().Field(prop.index)
	p.given |= 1 << prop.index
	if text, ok := value.(string); ok {
		if target, ok := field.Addr().Interface().(**string); ok {
			*target = &text
			return checkText(prop.name, text)
		}
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return invalid(prop.name, "has a value that cannot be stored")
	}
	return readValue(prop.name, raw, field)
}

// Given reports whether the named property is given, be it as nil.
func (p *Patch) Given(name string) bool {
	prop, known := properties[strings.ToLower(name)]
	return known && p.given&(1<<prop.index) != 0
}

// apply writes the given properties over those of r. A department that is given by its external id
// alone takes the place of a code given earlier, which would win over it.
func (p *Patch) apply(r *UserRequest) {
	if text(p.Request.ExternalDepartmentID) != "" && !p.Given("departmentCode") {
		r.DepartmentCode = nil
	}
	from, to := reflect.ValueOf(&p.Request).Elem(), reflect.ValueOf(r).Elem()
	for i := range from.NumField() {
		if p.given&(1<<i) != 0 {
			to.Field(i).Set(from.Field(i))
		}
	}
}

// text is what p points to, empty for nil.
func text(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}
