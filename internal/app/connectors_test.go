package app

import (
	"slices"
	"testing"

	"github.com/usersync/usersync/internal/connector/directory"
	"github.com/usersync/usersync/internal/connector/websak"
	"github.com/usersync/usersync/internal/usersync"
)

func TestABuiltInMappingKeepsToTheRulesOfSettings(t *testing.T) {
	c := &connectors{secrets: func(usersync.CompanyID) usersync.Secrets { return vault{"env:A": "a"} }}
	for _, spec := range Specs() {
		if !spec.AsTarget {
			continue
		}
		e := usersync.Endpoint{Type: spec.Type, Settings: map[string]string{}}
		for _, s := range spec.Settings {
			e.Settings[s.Name] = s.Default
			switch {
			case s.Kind == usersync.URL:
				e.Settings[s.Name] = "https://system.example"
			case s.Kind == usersync.Secret:
				e.Settings[s.Name] = "env:A"
			case s.Required:
				e.Settings[s.Name] = "x"
			}
		}
		target, _, err := c.Target(t.Context(), usersync.Company{Target: e})
		if err != nil {
			t.Fatalf("%s: %v", spec.Type, err)
		}
		keyed := spec.Key == ""
		for _, rule := range target.Traits().Mapping {
			keyed = keyed || rule.Field == spec.Key
			if !slices.Contains(spec.Fields, rule.Field) {
				t.Errorf("%s: %s is no field that settings may fill", spec.Type, rule.Field)
			}
		}
		if !keyed {
			t.Errorf("%s: nothing fills %s", spec.Type, spec.Key)
		}
	}
}

func TestWebsakAndTheDirectoryHaveTheSameFields(t *testing.T) {
	a, b := slices.Sorted(slices.Values(websak.Spec.Fields)), slices.Sorted(slices.Values(directory.Spec.Fields))
	if !slices.Equal(a, b) {
		t.Errorf("websak has %q, the directory %q", a, b)
	}
}
