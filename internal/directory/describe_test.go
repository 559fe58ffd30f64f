package directory_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/usersync/usersync/internal/directory"
)

// document is what the directory says of itself, as far as the tests look at it.
type document struct {
	Paths map[string]map[string]struct {
		Responses map[string]any
	}
	Components map[string]struct {
		Properties map[string]struct {
			Type any
		}
	}
}

func describe(t *testing.T) (d document) {
	t.Helper()
	paths, components := directory.Describe()
	text, err := json.Marshal(map[string]any{"paths": paths, "components": components})
	if err == nil {
		err = json.Unmarshal(text, &d)
	}
	if err != nil || len(d.Paths) == 0 || len(d.Components) == 0 {
		t.Fatal("nothing is described", err)
	}
	return d
}

var placeholder = regexp.MustCompile(`\{\w+\}`)

func TestTheOpenAPIDescriptionAndTheRouterCannotDiffer(t *testing.T) {
	a := open(t)
	id := a.post(`{"code":"A"}`)["gidId"].(string)
	for path, item := range describe(t).Paths {
		asked := placeholder.ReplaceAllString(strings.ReplaceAll(path, "{fromDate}", "2026-01-01"), id)
		for method, o := range item {
			got := a.do(strings.ToUpper(method), asked, "{}")
			if o.Responses[strconv.Itoa(got.status)] == nil || got.text() == "no such path" {
				t.Errorf("%s %s is described, and answers %d %s", method, path, got.status, got.raw)
			}
		}
		served := strings.Split(strings.ToLower(a.do("PURGE", asked, "").header.Get("Allow")), ", ")
		if described := slices.Sorted(maps.Keys(item)); !slices.Equal(described, served) {
			t.Errorf("%s: %v are described, and %v served", path, described, served)
		}
	}
}

func TestEveryPropertyCanBeNullAndNothingElseThanItsSchemaSays(t *testing.T) {
	a := open(t)
	for name, property := range describe(t).Components["UserRequest"].Properties {
		if property.Type != nil && !strings.Contains(fmt.Sprint(property.Type), "null") {
			t.Errorf("%s is described as %v", name, property.Type)
		}
		a.must(201, "POST", "/directory/api/Users", `{"`+name+`":null}`)
		for _, wrong := range []string{"true", "{}", "[[]]", "-0.5"} {
			if got := a.do("POST", "/directory/api/Users", `{"`+name+`":`+wrong+`}`); got.status != 400 || !strings.HasPrefix(got.text(), name) {
				t.Errorf("%s as %s: %d %s", name, wrong, got.status, got.raw)
			}
		}
	}
}
