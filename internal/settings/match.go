package settings

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/usersync/usersync/internal/usersync"
)

// match reads by what people without a link find a record that exists.
func (r *reader) match(v *value, target usersync.ConnectorSpec) []string {
	var offered []string
	for _, m := range target.Match {
		offered = append(offered, m.Kind)
	}
	switch {
	case v == nil:
		return offered
	case len(offered) == 0:
		r.faultAt(v.key.Line, v.key.Column, v.path, fmt.Sprintf("a target of type %s takes no match: it finds people by its own key", target.Type))
		return nil
	}
	var kinds []string
	for _, v := range r.list(*v) {
		switch kind, ok := r.text(v, maxName); {
		case !ok:
		case !slices.Contains(offered, kind):
			r.fault(v, "this must be one of "+strings.Join(offered, ", "))
		case slices.Contains(kinds, kind):
			r.fault(v, "this is there twice")
		default:
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// matched finds fault with a mapping that fills no field which people are matched by: nobody would be matched, and
// nobody had said so.
func (r *reader) matched(match, mapping *value, kinds []string, target usersync.ConnectorSpec) {
	if mapping == nil || mapping.node.Kind != yaml.MappingNode || len(mapping.node.Content) == 0 {
		return
	}
	by, without := target.Matched(kinds, func(field string) bool { return hasKey(mapping.node, field) })
	if len(by) > 0 || len(without) == 0 {
		return
	}
	var fields []string
	for _, m := range without {
		fields = append(fields, m.Field)
	}
	at := mapping
	if match != nil {
		at = match
	}
	r.faultAt(at.key.Line, at.key.Column, at.path,
		"people are matched by "+strings.Join(fields, ", then ")+", which the mapping does not fill; match: [] switches matching off")
}

// hasKey reports whether a mapping has the key, whatever its value.
func hasKey(mapping *yaml.Node, key string) bool {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return true
		}
	}
	return false
}
