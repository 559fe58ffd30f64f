package local_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/usersync/usersync/internal/local"
	"github.com/usersync/usersync/internal/usersync/usersynctest"
	"github.com/usersync/usersync/internal/workflow"
)

func never(context.Context, json.RawMessage) (json.RawMessage, error) { return nil, nil }

// place is an object somewhere in the definition, and the state that it belongs to.
type place struct {
	state  string
	object map[string]any
}

// tree is the definition as a tree that can be changed, and all objects in it whose fields the
// language gives (States and Parameters hold names of the file's own).
func tree(t interface{ Fatal(...any) }) (root map[string]any, places []place) {
	if err := json.Unmarshal(workflow.Definition(), &root); err != nil {
		t.Fatal(err)
	}
	places = append(places, place{"definition", root})
	states := root["States"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(states)) {
		s := states[name].(map[string]any)
		places = append(places, place{name, s})
		for _, list := range []string{"Retry", "Catch", "Choices"} {
			inner, _ := s[list].([]any)
			for _, each := range inner {
				places = append(places, place{name, each.(map[string]any)})
			}
		}
	}
	return root, places
}

func refusal(root map[string]any) string {
	text, _ := json.Marshal(root)
	if _, err := local.Load(text, everyTask(never), local.Options{}); err != nil {
		return err.Error()
	}
	return ""
}

func TestTheFileItselfIsLoadedWhole(t *testing.T) {
	root, places := tree(t)
	if fault := refusal(root); fault != "" || len(places) < 40 {
		t.Errorf("%d objects; %s", len(places), fault)
	}
}

func TestAFieldThatIsNotKnownIsRefusedWhereverItStands(t *testing.T) {
	others := []string{"InputPath", "OutputPath", "ResultSelector", "HeartbeatSeconds", "Assign", "Arguments", "Output", "Seconds", "And", "Not",
		"BooleanEquals", "StringMatches", "Version", "End", "Branches", "ErrorPath", "comment", "next", "", "Timeoutseconds"}
	rapid.Check(t, func(t *rapid.T) {
		root, places := tree(t)
		at := rapid.SampledFrom(places).Draw(t, "object")
		field := rapid.OneOf(rapid.SampledFrom(others), rapid.StringMatching(`[A-Z][a-z]{2,8}X`)).Draw(t, "field")
		at.object[field] = rapid.SampledFrom([]any{nil, "x", 1, true, map[string]any{}}).Draw(t, "value")
		fault := refusal(root)
		if !strings.Contains(fault, at.state) || !strings.Contains(fault, fmt.Sprintf("%q is not known", field)) {
			t.Fatalf("%q in %s: %q", field, at.state, fault)
		}
	})
}

func TestAMissingFieldOrOneOfTheWrongTypeIsRefused(t *testing.T) {
	_, places := tree(t)
	for i, at := range places {
		for field := range at.object {
			for _, value := range []any{"absent", nil, []any{map[string]any{}}} {
				root, fresh := tree(t)
				if fresh[i].object[field] = value; value == "absent" {
					if field == "Parameters" || field == "ResultPath" {
						continue // the language has a default, which this package knows
					}
					delete(fresh[i].object, field)
				}
				if field == "ResultPath" && value == nil {
					continue
				}
				if fault := refusal(root); !strings.Contains(fault, at.state) || !strings.Contains(fault, field) && !strings.Contains(fault, "operator") {
					t.Errorf("%s: %s = %v: %q", at.state, field, value, fault)
				}
			}
		}
	}
}

func TestWhatTheMachineWouldDoOtherwiseThanTheLanguageIsRefused(t *testing.T) {
	for _, c := range []struct {
		state, field string
		value        any
		says         string
	}{
		{"Fetch", "Type", "Pass", `"Pass" is not known`},
		{"Fetch", "Resource", "arn:aws:states:::lambda:invoke", "no task"},
		{"Fetch", "ResultPath", "$.a.b", "not known"},
		{"Fetch", "ResultPath", "$", "not known"},
		{"Fetch", "TimeoutSeconds", 0, "out of bounds"},
		{"Fetch", "TimeoutSeconds", 1.5, "wrong type"},
		{"Fetch", "Next", "Nowhere", `no state "Nowhere"`},
		{"Fetch", "Next", "", `no state ""`},
		{"Fetch", "Retry", []any{}, "empty"},
		{"Route", "Default", "Route", "meets no task"},
		{"Resume", "Default", "Route", "meets no task"},
		{"Pause", "SecondsPath", "$.wait[0]", "not known"},
		{"Pause", "SecondsPath", "$$.Execution.StartTime", "not known"},
		{"Pause", "SecondsPath", "$..wait", "not known"},
		{"HandOver", "Parameters", map[string]any{"Name": "fixed"}, "is no path"},
		{"HandOver", "Parameters", map[string]any{"Name.$": "States.UUID()"}, "not known"},
		{"HandOver", "Parameters", map[string]any{"Name.$": "$$.Execution.Name"}, "not known"},
	} {
		root, _ := tree(t)
		root["States"].(map[string]any)[c.state].(map[string]any)[c.field] = c.value
		if fault := refusal(root); !strings.Contains(fault, fmt.Sprintf("state %q", c.state)) || !strings.Contains(fault, c.says) {
			t.Errorf("%s.%s = %v: %q, want %q", c.state, c.field, c.value, fault, c.says)
		}
	}
	for _, c := range []struct {
		list, field string
		value       any
		says        string
	}{
		{"Retry", "JitterStrategy", "NONE", `"NONE" is not known`},
		{"Retry", "MaxDelaySeconds", 2, "out of bounds"},
		{"Retry", "IntervalSeconds", 0, "out of bounds"},
		{"Retry", "BackoffRate", 0.5, "out of bounds"},
		{"Retry", "MaxAttempts", -1, "out of bounds"},
		{"Retry", "ErrorEquals", []any{}, "empty"},
		{"Catch", "ErrorEquals", []any{"States.TaskFailed"}, "not known"},
		{"Catch", "ErrorEquals", []any{"States.ALL", "Fenced"}, "stand alone"},
		{"Catch", "Next", "Nowhere", "no state"},
	} {
		root, _ := tree(t)
		list := root["States"].(map[string]any)["Upsert"].(map[string]any)[c.list].([]any)
		list[0].(map[string]any)[c.field] = c.value
		if fault := refusal(root); !strings.Contains(fault, `state "Upsert"`) || !strings.Contains(fault, c.says) {
			t.Errorf("%s.%s = %v: %q, want %q", c.list, c.field, c.value, fault, c.says)
		}
	}
	root, _ := tree(t)
	root["QueryLanguage"] = "JSONata"
	if fault := refusal(root); !strings.Contains(fault, `"JSONata" is not known`) {
		t.Errorf("JSONata: %q", fault)
	}
	if _, err := local.Load([]byte(`{`), nil, local.Options{}); err == nil {
		t.Error("what is no JSON was loaded")
	}
}

// TestNoExecutionGoesRoundWithoutATask draws machines at random: each is refused, or between two
// tasks enters no state twice.
func TestNoExecutionGoesRoundWithoutATask(t *testing.T) {
	loaded, refused := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		names := []string{"A", "B", "C", "D", "E"}
		anyName := rapid.SampledFrom(append(names, "End"))
		states := map[string]any{"End": map[string]any{"Type": "Succeed", "Comment": ""}}
		for _, name := range names {
			to := anyName.Draw(t, name+" to")
			states[name] = map[string]any{"Type": "Task", "Comment": "", "Resource": "work", "TimeoutSeconds": 9, "Next": to,
				"Retry": []any{map[string]any{"ErrorEquals": []any{"E"}, "IntervalSeconds": 1, "BackoffRate": 1, "MaxDelaySeconds": 2, "MaxAttempts": 1, "JitterStrategy": "FULL"}},
				"Catch": []any{map[string]any{"ErrorEquals": []any{"States.ALL"}, "Next": anyName.Draw(t, name+" catches to")}}}
			switch rapid.IntRange(0, 3).Draw(t, name+" is") {
			case 0:
				states[name] = map[string]any{"Type": "Wait", "Comment": "", "SecondsPath": "$.n", "Next": to}
			case 1:
				states[name] = map[string]any{"Type": "Choice", "Comment": "", "Default": to, "Choices": []any{
					map[string]any{"Variable": "$.n", "NumericGreaterThan": rapid.IntRange(-1, 3).Draw(t, "than"), "Next": anyName.Draw(t, name+" chooses")}}}
			}
		}
		text, _ := json.Marshal(map[string]any{"Comment": "", "QueryLanguage": "JSONPath", "StartAt": "A", "States": states})
		calls, since := 0, 0
		work := func(context.Context, json.RawMessage) (json.RawMessage, error) {
			calls++
			if since = 0; calls > 20 {
				return nil, &local.Error{Name: "States.Runtime"}
			}
			return fmt.Appendf(nil, `{"n":%d}`, rapid.IntRange(0, 4).Draw(t, "n")), nil
		}
		m, err := local.Load(text, map[string]local.Task{"work": work}, local.Options{
			Clock: usersynctest.NewClock(),
			Trace: func(string, json.RawMessage) {
				if since++; since > len(states) {
					t.Fatalf("%d states without a task", since)
				}
			},
		})
		if err != nil {
			refused++
			return
		}
		loaded++
		if _, err := m.Run(context.Background(), json.RawMessage(`{"n":1}`)); err != nil && calls <= 20 {
			t.Fatalf("broke off with %v", err)
		}
	})
	if loaded == 0 || refused == 0 {
		t.Errorf("%d machines loaded, %d refused: the property was not tried", loaded, refused)
	}
}
