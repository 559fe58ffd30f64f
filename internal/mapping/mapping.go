// Package mapping makes a target's record of a person, by declared rules: each fills one field with
// the value of an expression over the person.
//
// Expressions are those of expr-lang (operators, `??`, `?:`, lists, maps), over the names of SCIM 2.0
// that usersync.Person has: userName, name.givenName, phones.mobile, groups[0].name, attributes.X …
// A name that the person lacks, or has empty, is nil, so that `phones.mobile ?? phones.work` works.
// The functions are
//
//	lower(text)              in lower case
//	trim(text)               without white space at both ends
//	split(text, separator)   a list of texts
//	first(list)              its first element, nil where it has none
//	default(value, other)    other where value is nil or empty
//	concat(text, …)          one text after the other; nil counts as empty
//	e164(text, country)      a phone number as +46701740605; nil where it is none; country such as "SE"
//
// and give nil for nil where nothing else is said. There are no others, no loops, no ranges and no
// variables: what an expression costs is bounded by its length and by the person's size.
//
// A rule is held to the kind of its field: where an expression can give no value that the field takes, the rule is
// wrong; where it gives one for some people alone, the others are rejected, each by themselves.
package mapping

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/expr-lang/expr/vm"

	"github.com/usersync/usersync/internal/usersync"
)

// Mapping is a compiled set of rules. It implements usersync.Mapper.
type Mapping struct {
	fields []field // sorted by name
	runs   sync.Pool
}

var _ usersync.Mapper = (*Mapping)(nil)

type field struct {
	name    string
	program *vm.Program
	takes   takes
}

// run is what one evaluation works on; runs are reused.
type run struct {
	vm     vm.VM
	person person
}

// Compile checks and compiles rules for fields of the kinds. Every rule that is wrong is in the error, a line
// each, with the rule's field and place. Errors: Settings.
func Compile(rules []usersync.Rule, kind func(field string) usersync.FieldKind) (*Mapping, error) {
	if len(rules) == 0 {
		return nil, usersync.E(usersync.Settings, "the mapping has no rules")
	}
	m := &Mapping{runs: sync.Pool{New: func() any { return new(run) }}}
	var faults []string
	seen := map[string]bool{}
	for _, rule := range rules {
		takes := takesOf(kind(rule.Field))
		program, fault := compile(rule, &takes)
		if fault == "" && seen[rule.Field] {
			fault = "the field has a rule already"
		}
		if fault != "" {
			faults = append(faults, fmt.Sprintf("mapping of %s: %s", fieldLabel(rule.Field), fault))
			continue
		}
		seen[rule.Field] = true
		m.fields = append(m.fields, field{rule.Field, program, takes})
	}
	if len(faults) > 0 {
		return nil, usersync.E(usersync.Settings, strings.Join(faults, "\n"))
	}
	slices.SortFunc(m.fields, func(a, b field) int { return strings.Compare(a.name, b.name) })
	return m, nil
}

// Map makes the record. Nil, empty text, empty lists and empty maps are left out of it. Errors:
// Rejected where a rule cannot be carried out for this person, or gives what its field does not take; the message
// names the field.
func (m *Mapping) Map(p *usersync.Person) (usersync.Record, error) {
	r := m.runs.Get().(*run)
	r.person.set(p)
	defer func() {
		r.person = person{}
		m.runs.Put(r)
	}()
	record := make(usersync.Record, 0, len(m.fields))
	for i := range m.fields {
		f := &m.fields[i]
		result, err := r.vm.Run(f.program, &r.person)
		if err != nil { // its text may hold values: it goes no further, not even as a cause
			return nil, rejected(f.name, "the mapping's expression cannot be carried out for this person")
		}
		value, fault := recordValue(result, 0)
		if fault != "" {
			return nil, rejected(f.name, fault)
		}
		if value == nil {
			continue
		}
		if gives := f.takes.misfit(value); gives != "" {
			return nil, rejected(f.name, "the mapping gives "+f.takes.instead(gives))
		}
		record = append(record, usersync.Field{Name: f.name, Value: value})
	}
	return record, nil
}

func rejected(field, reason string) error {
	e := usersync.E(usersync.Rejected, field+": "+reason)
	e.Field = field
	return e
}
