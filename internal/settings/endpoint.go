package settings

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/usersync/usersync/internal/usersync"
)

// direction is which end of a company's sync an endpoint is.
type direction string

const (
	asSource direction = "source"
	asTarget direction = "target"
)

func (d direction) has(source, target bool) bool {
	return d == asSource && source || d == asTarget && target
}

func (r *reader) spec(name string) (usersync.ConnectorSpec, bool) {
	i := slices.IndexFunc(r.known.Connectors, func(s usersync.ConnectorSpec) bool { return s.Type == name })
	if i < 0 {
		return usersync.ConnectorSpec{}, false
	}
	return r.known.Connectors[i], true
}

// endpoint reads a source or a target. The endpoint's type decides what its keys may be: where the
// type cannot be used, only the type is at fault.
func (r *reader) endpoint(v value, d direction) usersync.Endpoint {
	fields := r.fields(v)
	i := slices.IndexFunc(fields, func(f value) bool { return f.key.Value == "type" })
	if i < 0 {
		if v.node.Kind == yaml.MappingNode {
			r.faultAt(v.key.Line, v.key.Column, v.path+".type", "this is missing")
			r.unknown(fields)
		}
		return usersync.Endpoint{}
	}
	name, ok := r.text(fields[i], maxName)
	if !ok {
		return usersync.Endpoint{}
	}
	spec, known := r.spec(name)
	switch {
	case !known:
		r.fault(fields[i], "an unknown type; the "+string(d)+"s are "+strings.Join(r.types(d), ", "))
	case r.deployed && spec.LocalOnly:
		r.fault(fields[i], name+" is for one machine; in a deployment it is refused")
	case !d.has(spec.AsSource, spec.AsTarget):
		r.fault(fields[i], name+" cannot be a "+string(d))
	default:
		return usersync.Endpoint{Type: name, Settings: r.settings(v, slices.Delete(fields, i, i+1), spec, d)}
	}
	return usersync.Endpoint{}
}

// unknown finds fault with the keys that no connector knows.
func (r *reader) unknown(fields []value) {
	for _, f := range fields {
		if !slices.ContainsFunc(r.known.Connectors, func(spec usersync.ConnectorSpec) bool {
			return slices.ContainsFunc(spec.Settings, func(s usersync.Setting) bool { return s.Name == f.key.Value })
		}) {
			r.faultAt(f.key.Line, f.key.Column, f.path, "an unknown key")
		}
	}
}

// types are the connectors that the direction has.
func (r *reader) types(d direction) []string {
	var names []string
	for _, s := range r.known.Connectors {
		if d.has(s.AsSource, s.AsTarget) {
			names = append(names, s.Type)
		}
	}
	return names
}

// settings reads a connector's settings and fills in the defaults of those that are not given.
func (r *reader) settings(v value, fields []value, spec usersync.ConnectorSpec, d direction) map[string]string {
	read := map[string]string{}
	given := map[string]bool{}
	for _, field := range fields {
		i := slices.IndexFunc(spec.Settings, func(s usersync.Setting) bool { return s.Name == field.key.Value })
		switch {
		case i < 0:
			r.faultAt(field.key.Line, field.key.Column, field.path, "an unknown key for "+spec.Type)
		case !d.has(spec.Settings[i].AsSource, spec.Settings[i].AsTarget):
			r.faultAt(field.key.Line, field.key.Column, field.path, spec.Type+" as a "+string(d)+" has no such setting")
		default:
			given[field.key.Value] = true
			read[field.key.Value] = r.setting(field, spec.Settings[i])
		}
	}
	for _, s := range spec.Settings {
		switch {
		case given[s.Name] || !d.has(s.AsSource, s.AsTarget):
		case s.Required:
			r.faultAt(v.key.Line, v.key.Column, v.path+"."+s.Name, "this is missing")
		case s.Default != "":
			read[s.Name] = s.Default
		}
	}
	return read
}
