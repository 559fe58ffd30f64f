package settings

import (
	"slices"
	"strconv"
	"strings"

	"github.com/usersync/usersync/internal/usersync"
)

// defaultShare is the guard where people are to be removed and the settings say nothing of it.
const defaultShare = 10 // percent of the linked people

// atMost is a share or a number of people.
var atMost = pattern(`^(?:[0-9]{1,9}|(?:[0-9]{1,2}(?:\.[0-9]{1,3})?|100)%)$`)

// leavers reads what becomes of people who left.
func (r *reader) leavers(v *value, target usersync.ConnectorSpec) usersync.Leavers {
	var l usersync.Leavers
	if v == nil {
		return l
	}
	guarded := false
	r.object(*v, map[string]reading{
		"then": func(v value) {
			offered := append([]usersync.Policy{usersync.Keep}, target.Removals...)
			switch then, ok := r.text(v, maxName); {
			case !ok:
			case !slices.Contains([]usersync.Policy{usersync.Keep, usersync.Deactivate, usersync.Delete}, usersync.Policy(then)):
				r.fault(v, "this must be keep, deactivate or delete")
			case !slices.Contains(offered, usersync.Policy(then)):
				r.fault(v, "a target of type "+target.Type+" does not offer this; it offers "+policies(offered))
			default:
				l.Then = usersync.Policy(then)
			}
		},
		"atMost": func(v value) {
			text, ok := r.text(v, maxName)
			if ok && !atMost().MatchString(text) {
				r.fault(v, "this must be a share such as 10% or a number")
				return
			}
			guarded = ok
			if share, percent := strings.CutSuffix(text, "%"); percent {
				l.Percent, _ = strconv.ParseFloat(share, 64)
			} else {
				l.AtMost, _ = strconv.Atoi(text)
			}
		},
	})
	if !guarded && l.Then != "" && l.Then != usersync.Keep {
		l.Percent = defaultShare
	}
	return l
}

func policies(all []usersync.Policy) string {
	names := make([]string, len(all))
	for i := range all {
		names[i] = string(all[i])
	}
	return strings.Join(names, ", ")
}
