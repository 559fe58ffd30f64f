package settings

import (
	"fmt"
	_ "time/tzdata" // zones are known also where the machine has none

	"go.yaml.in/yaml/v3"

	"github.com/usersync/usersync/internal/usersync"
)

func (r *reader) companies(v value) []usersync.Company {
	var companies []usersync.Company
	lines := map[usersync.CompanyID]int{}
	elements := r.list(v)
	for _, v := range elements {
		companies = append(companies, r.company(v, lines))
	}
	if v.node.Kind == yaml.SequenceNode && len(elements) == 0 {
		r.fault(v, "there is no company")
	}
	return companies
}

// company reads one company; lines remembers where each id stood first.
func (r *reader) company(v value, lines map[usersync.CompanyID]int) usersync.Company {
	var c usersync.Company
	var match, mapping, leavers *value
	r.secrets = secretsOf(r.peekID(v))
	r.object(v, map[string]reading{
		"id": func(v value) {
			if c.ID = r.guid(v); c.ID == "" {
				return
			}
			if line, twice := lines[c.ID]; twice {
				r.fault(v, fmt.Sprintf("the same company id as in line %d", line))
				return
			}
			lines[c.ID] = v.node.Line
		},
		"name":     func(v value) { c.Name, _ = r.text(v, maxName) },
		"source":   func(v value) { c.Source = r.endpoint(v, asSource) },
		"target":   func(v value) { c.Target = r.endpoint(v, asTarget) },
		"match":    func(v value) { match = &v },
		"mapping":  func(v value) { mapping = &v },
		"leavers":  func(v value) { leavers = &v },
		"schedule": func(v value) { c.Schedule = r.schedule(v) },
	}, "id", "source", "target")
	target, known := r.spec(c.Target.Type)
	if !known { // what is wrong whatever the target is a fault all the same
		target = usersync.ConnectorSpec{
			Match: []usersync.MatchField{{Kind: usersync.MatchEmail}, {Kind: usersync.MatchPhone}}, Removals: []usersync.Policy{usersync.Deactivate, usersync.Delete},
		}
	}
	c.Match = r.match(match, target)
	c.Mapping = r.mapping(mapping, target)
	if known {
		r.matched(match, mapping, c.Match, target)
	}
	c.Leavers = r.leavers(leavers, target)
	return c
}

// peekID is the company's id before the company is read; empty where it is none.
func (r *reader) peekID(v value) usersync.CompanyID {
	if v.node.Kind != yaml.MappingNode {
		return ""
	}
	for i := 0; i+1 < len(v.node.Content); i += 2 {
		if v.node.Content[i].Value == "id" {
			id, _ := usersync.CompanyGUID(v.node.Content[i+1].Value)
			return usersync.CompanyID(id)
		}
	}
	return ""
}

// schedule reads when a company is synced by itself.
func (r *reader) schedule(v value) *usersync.Schedule {
	var s usersync.Schedule
	var at, zone value
	r.object(v, map[string]reading{
		"at":   func(v value) { at = v; s.At, _ = r.text(v, maxName) },
		"zone": func(v value) { zone = v; s.Zone, _ = r.text(v, maxName) },
	}, "at", "zone")
	atFault, zoneFault := s.Check()
	if s.At != "" && atFault != "" {
		r.fault(at, atFault)
	}
	if s.Zone != "" && zoneFault != "" {
		r.fault(zone, zoneFault)
	}
	return &s
}
