//go:build verify

package local_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/usersync/usersync/internal/workflow"
)

type fields = map[string]any

// mutants are small faults in one state of the file, as a slip would make them.
var mutants = []struct {
	about, state string
	change       func(state fields)
}{
	{"the patient Retry is dropped", "Upsert", func(s fields) { s["Retry"] = s["Retry"].([]any)[1:] }},
	{"the brief Retry is dropped", "Abort", func(s fields) { s["Retry"] = s["Retry"].([]any)[:1] }},
	{"an error is renamed in a Retry", "Settle", func(s fields) { rename(s, "Retry", 1, "Fenced", "Fence") }},
	{"an error moves to the other Retry", "Finish", func(s fields) {
		rename(s, "Retry", 1, "Internal", "Unavailable")
		rename(s, "Retry", 0, "Unavailable", "Internal")
	}},
	{"one more attempt", "Fetch", func(s fields) { item(s, "Retry", 0)["MaxAttempts"] = 8 }},
	{"a longer interval", "Fetch", func(s fields) { item(s, "Retry", 1)["IntervalSeconds"] = 3 }},
	{"a lower bound on delays", "Settle", func(s fields) { item(s, "Retry", 0)["MaxDelaySeconds"] = 50 }},
	{"two Choices are swapped", "Route", func(s fields) { swap(s["Choices"].([]any), 0, 1) }},
	{"two Choices lead to each other's state", "Resume", func(s fields) {
		a, b := item(s, "Choices", 2), item(s, "Choices", 3)
		a["Next"], b["Next"] = b["Next"], a["Next"]
	}},
	{"a Choice is dropped", "Resume", func(s fields) { s["Choices"] = s["Choices"].([]any)[:4] }},
	{"a Choice has another bound", "Route", func(s fields) { item(s, "Choices", 0)["NumericGreaterThan"] = 1 }},
	{"the Default leads elsewhere", "Route", func(s fields) { s["Default"] = "Finish" }},
	{"the Catch is dropped", "Upsert", func(s fields) { delete(s, "Catch") }},
	{"the Catch leads elsewhere", "Finish", func(s fields) { item(s, "Catch", 0)["Next"] = "Abort" }},
	{"the Catch loses the state", "Fetch", func(s fields) { delete(item(s, "Catch", 0), "ResultPath") }},
	{"the first Catch is dropped", "HandOver", func(s fields) { s["Catch"] = s["Catch"].([]any)[1:] }},
	{"an error is renamed in a Catch", "HandOver", func(s fields) {
		rename(s, "Catch", 0, "StepFunctions.ExecutionAlreadyExistsException", "StepFunctions.ExecutionAlreadyExists")
	}},
	{"the answer becomes the state", "HandOver", func(s fields) { delete(s, "ResultPath") }},
	{"another Next", "Settle", func(s fields) { s["Next"] = "Resume" }},
	{"another name of the end", "Unfinished", func(s fields) { s["Error"] = "JobFailed" }},
}

func item(s fields, list string, i int) fields { return s[list].([]any)[i].(fields) }
func swap(list []any, i, j int)                { list[i], list[j] = list[j], list[i] }

func rename(s fields, list string, i int, from, to string) {
	names := item(s, list, i)["ErrorEquals"].([]any)
	names[slices.Index(names, any(from))] = to
}

// mutated is the definition with a fault in one state.
func mutated(t *testing.T, state string, change func(fields)) []byte {
	t.Helper()
	var file fields
	if err := json.Unmarshal(workflow.Definition(), &file); err != nil {
		t.Fatal(err)
	}
	change(file["States"].(fields)[state].(fields))
	text, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

const someJob = "00000000-0000-4000-8000-000000000000"

// faultless are the plays of all traces to the local runner and the file as it is.
var faultless = sync.OnceValues(func() (plays []*play, err error) {
	for _, tr := range traces() {
		p, err := locally(context.Background(), workflow.Definition(), "machine", someJob, tr)
		if err != nil {
			return nil, err
		}
		plays = append(plays, p)
	}
	return plays, nil
})

// telling are the traces, some of those first in which a fault should show: the local runner itself does
// otherwise with it, or, where it refuses the file, enters the state.
func telling(t *testing.T, file []byte, state string) []trace {
	t.Helper()
	plays, err := faultless()
	if err != nil {
		t.Fatal(err)
	}
	var first, others []trace
	for i, as := range plays {
		if len(first) == 6 { // they will do
			for _, p := range plays[i:] {
				others = append(others, p.trace)
			}
			break
		}
		faulty, err := locally(t.Context(), file, "machine", someJob, as.trace)
		if err != nil && entered(as, state) || err == nil && difference(faulty, as) != "" {
			first = append(first, as.trace)
		} else {
			others = append(others, as.trace)
		}
	}
	return append(first, others...)
}

func entered(p *play, state string) bool {
	for _, told := range p.told {
		if slices.ContainsFunc(told.states, func(s string) bool { return strings.HasPrefix(s, state+" ") }) {
			return true
		}
	}
	return false
}

func TestAFaultInTheFileIsSeenByPlayingTheTraces(t *testing.T) {
	for _, m := range mutants {
		file := mutated(t, m.state, m.change)
		said := differ(t, file, workflow.Definition(), telling(t, file, m.state), 1)
		if len(said) == 0 {
			t.Errorf("%s in %s: the engine has the fault, and no trace shows a difference", m.about, m.state)
			continue
		}
		first, _, _ := strings.Cut(said[0], ": ")
		t.Logf("%s in %s: seen in %s", m.about, m.state, first)
	}
}

func TestAFaultInWhatTheLocalRunnerHasIsSeenToo(t *testing.T) {
	played := 0
	for _, m := range mutants {
		file := mutated(t, m.state, m.change)
		if _, err := locally(t.Context(), file, "machine", someJob, trace{}); err != nil || played == 6 {
			continue // the local runner refuses it, or has had some already
		}
		played++
		if said := differ(t, workflow.Definition(), file, telling(t, file, m.state), 1); len(said) == 0 {
			t.Errorf("%s in %s: the local runner has the fault, and no trace shows a difference", m.about, m.state)
		}
	}
}
