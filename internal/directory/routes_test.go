package directory

import (
	"strings"
	"testing"
)

func TestARouteIsServedOnlyWithItsDescription(t *testing.T) {
	paths, _ := Describe()
	ids, described := map[string]bool{}, 0
	for i := range routes {
		item, _ := paths[Prefix+"/"+routes[i].path].(map[string]any)
		described += len(item)
		for method, o := range routes[i].methods {
			if item[strings.ToLower(method)] == nil || o.run == nil || o.name == "" || ids[o.name] || o.does == "" {
				t.Errorf("%s %s is not described, or not under a name of its own", method, routes[i].path)
			}
			ids[o.name] = true
			if len(routes[i].names()) > 1 || (len(routes[i].names()) == 1) != (o.finds != "") {
				t.Errorf("%s %s: its parameter is not described", method, routes[i].path)
			}
			done := false
			for status := range o.gives {
				done = done || status < 300
				if says[status] == "" {
					t.Errorf("%s %s: nothing is said of %d", method, routes[i].path, status)
				}
			}
			if !done {
				t.Errorf("%s %s does not say what it answers", method, routes[i].path)
			}
		}
	}
	if described != len(ids) {
		t.Errorf("%d operations are described, and %d served", described, len(ids))
	}
}
