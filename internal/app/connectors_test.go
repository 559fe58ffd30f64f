package app

import (
	"slices"
	"strings"
	"testing"

	"github.com/usersync/usersync/internal/connector/directory"
	"github.com/usersync/usersync/internal/connector/websak"
	"github.com/usersync/usersync/internal/mapping"
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
			if field, ok := spec.Field(rule.Field); !ok || field.Kind == usersync.FieldAny {
				t.Errorf("%s: %s is no field that settings may fill, or of no kind", spec.Type, rule.Field)
			}
			if fault := mapping.Check(rule, spec.FieldKind(rule.Field)); fault != "" {
				t.Errorf("%s: the rule of %s is wrong: %s", spec.Type, rule.Field, fault)
			}
		}
		for _, m := range spec.Match {
			if field, ok := spec.Field(m.Field); !ok || field.Kind != usersync.FieldText {
				t.Errorf("%s: people are matched by %s, which is no field of text", spec.Type, m.Field)
			}
			if !slices.ContainsFunc(target.Traits().Mapping, func(r usersync.Rule) bool { return r.Field == m.Field }) {
				t.Errorf("%s: people are matched by %s, which nothing fills", spec.Type, m.Field)
			}
		}
		if !keyed {
			t.Errorf("%s: nothing fills %s", spec.Type, spec.Key)
		}
	}
}

func TestWebsakAndTheDirectoryHaveTheSameFieldsOfTheSameKinds(t *testing.T) {
	sorted := func(fields []usersync.TargetField) []usersync.TargetField {
		return slices.SortedFunc(slices.Values(fields), func(a, b usersync.TargetField) int { return strings.Compare(a.Name, b.Name) })
	}
	if a, b := sorted(websak.Spec.Fields), sorted(directory.Spec.Fields); !slices.Equal(a, b) {
		t.Errorf("websak has %v, the directory %v", a, b)
	}
}
