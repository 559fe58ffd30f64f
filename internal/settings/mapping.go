package settings

import (
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/usersync/usersync/internal/usersync"
)

// mapping reads the rules of a target's fields, in the file's order.
func (r *reader) mapping(v *value, target usersync.ConnectorSpec) []usersync.Rule {
	if v == nil {
		return nil
	}
	var rules []usersync.Rule
	fields := r.fields(*v)
	for _, v := range fields {
		expr, ok := r.text(v, maxText, "!!bool")
		if !ok {
			continue
		}
		rule := usersync.Rule{Field: v.key.Value, Expr: expr}
		field, known := target.Field(rule.Field)
		switch fault := r.known.Rule(rule, field.Kind); {
		case fault != "":
			r.fault(v, fault)
		case !known:
			r.faultAt(v.key.Line, v.key.Column, v.path, "a target of type "+target.Type+" has no such field")
		default:
			rules = append(rules, rule)
		}
	}
	switch named := func(f value) bool { return f.key.Value == target.Key }; {
	case v.node.Kind != yaml.MappingNode:
	case len(fields) == 0:
		r.fault(*v, "there is no rule; left out, the target's own mapping is used")
	case target.Key != "" && !slices.ContainsFunc(fields, named):
		r.fault(*v, "a target of type "+target.Type+" finds people by "+target.Key+", which has no rule")
	}
	return rules
}
