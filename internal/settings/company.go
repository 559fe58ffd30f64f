package settings

import (
	"fmt"
	"regexp"

	"go.yaml.in/yaml/v3"

	"github.com/usersync/usersync/internal/usersync"
)

const notYet = "this is not supported yet"

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
	var match *value
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
		"leavers":  r.leavers,
		"mapping":  func(v value) { r.faultAt(v.key.Line, v.key.Column, v.path, notYet) },
		"schedule": func(v value) { r.faultAt(v.key.Line, v.key.Column, v.path, notYet) },
	}, "id", "source", "target")
	if match != nil {
		message := notYet
		if _, known := r.spec(c.Target.Type); known {
			message = fmt.Sprintf("a target of type %s takes no match: it finds people by its own key", c.Target.Type)
		}
		r.faultAt(match.key.Line, match.key.Column, match.path, message)
	}
	return c
}

// atMost is a share or a number of people.
var atMost = regexp.MustCompile(`^(?:[0-9]{1,9}|(?:[0-9]{1,2}(?:\.[0-9]{1,3})?|100)%)$`)

// leavers reads what becomes of people who left. Nobody is removed yet, so that only keep is taken.
func (r *reader) leavers(v value) {
	r.object(v, map[string]reading{
		"then": func(v value) {
			switch then, ok := r.text(v, maxName); {
			case !ok || then == "keep":
			case then == "deactivate" || then == "delete":
				r.fault(v, "this is not supported yet; keep is")
			default:
				r.fault(v, "this must be keep, deactivate or delete")
			}
		},
		"atMost": func(v value) {
			switch text, ok := r.text(v, maxName); {
			case !ok:
			case !atMost.MatchString(text):
				r.fault(v, "this must be a share such as 10% or a number")
			default:
				r.fault(v, notYet)
			}
		},
	})
}
