package workflow

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

// file is what these tests read of the definition.
type file struct {
	StartAt string
	States  map[string]struct {
		Type, Comment, Resource, Default string
		TimeoutSeconds                   int
		Retry                            []struct {
			ErrorEquals                                   []string
			IntervalSeconds, MaxAttempts, MaxDelaySeconds int
			BackoffRate                                   float64
			JitterStrategy                                string
		}
		Catch []struct {
			ErrorEquals      []string
			ResultPath, Next string
		}
	}
}

func definitionFile(t *testing.T) (f file) {
	t.Helper()
	if err := json.Unmarshal(Definition(), &f); err != nil {
		t.Fatal(err)
	}
	return f
}

// steps are the file's states that call a function of ours, by what catches their last error.
var steps = map[string]string{"Fetch": "Abort", "Upsert": "Abort", "Settle": "Abort", "Finish": "Unfinished", "Abort": "Unfinished"}

func TestEveryTransientNameIsRetriedByEveryStepAndNothingElseIs(t *testing.T) {
	f := definitionFile(t)
	for name := range steps {
		retries := f.States[name].Retry
		if len(retries) != 2 {
			t.Fatalf("%s has %d retriers, want the patient and the brief one", name, len(retries))
		}
		for i, kind := range []handling{patient, brief} {
			var want []string
			for code, h := range codes {
				if h == kind {
					want = append(want, string(code))
				}
			}
			if kind == patient {
				want = slices.AppendSeq(want, maps.Keys(platform))
			}
			got := slices.Sorted(slices.Values(retries[i].ErrorEquals))
			if slices.Sort(want); !slices.Equal(got, want) {
				t.Errorf("%s retries %q, the table says %q", name, got, want)
			}
		}
	}
}

func TestEveryRetryIsBoundedAndJittered(t *testing.T) {
	for name, s := range definitionFile(t).States {
		for _, r := range s.Retry {
			if r.IntervalSeconds < 1 || r.BackoffRate <= 1 || r.MaxAttempts < 1 || r.MaxDelaySeconds <= r.IntervalSeconds || r.JitterStrategy != "FULL" {
				t.Errorf("%s: a retrier lacks a bound: %+v", name, r)
			}
			if time := r.MaxDelaySeconds; time > int(usersync.LeaseTerm.Seconds())/2 {
				t.Errorf("%s waits up to %d s between two tries, near the term of the lease", name, time)
			}
		}
	}
}

func TestEveryStepCatchesEveryError(t *testing.T) {
	f := definitionFile(t)
	for name, next := range steps {
		c := f.States[name].Catch
		if len(c) != 1 || !slices.Equal(c[0].ErrorEquals, []string{"States.ALL"}) || c[0].Next != next || c[0].ResultPath != "$.error" {
			t.Errorf("%s catches %+v, want States.ALL → %s", name, c, next)
		}
	}
	for name, s := range f.States {
		if s.Type == "Task" && (len(s.Catch) == 0 || !slices.Equal(s.Catch[len(s.Catch)-1].ErrorEquals, []string{"States.ALL"})) {
			t.Errorf("%s lets errors through", name)
		}
	}
}

func TestEveryTaskOfTheFileIsKnownToTheseTests(t *testing.T) {
	for name, s := range definitionFile(t).States {
		_, step := steps[name]
		if s.Type == "Task" && step == (name == "HandOver") {
			t.Errorf("%s is a task that no test holds against the table of names", name)
		}
		if s.Type == "Task" && s.TimeoutSeconds != map[bool]int{true: 900, false: 120}[name == "Fetch"] {
			t.Errorf("%s has a time limit of %d s", name, s.TimeoutSeconds)
		}
		if s.Comment == "" {
			t.Errorf("%s does not say what it is for", name)
		}
		if s.Type == "Choice" && s.Default != "Abort" {
			t.Errorf("%s leads an unknown answer to %q", name, s.Default)
		}
	}
}

func TestAHistoryHandsOverBefore20000Events(t *testing.T) {
	for name := range steps {
		events := 5 + 2 + 2 + 2 // the step, Route, Pause, Resume
		for _, r := range definitionFile(t).States[name].Retry {
			events += 3 * r.MaxAttempts
		}
		if worst := events * (MaxSteps + 2); worst >= 20_000 {
			t.Errorf("%s alone can fill a history with %d events", name, worst)
		}
	}
}

func TestTheHandOverNamesAnExistingSuccessorAsSuccess(t *testing.T) {
	s := definitionFile(t).States["HandOver"]
	if first := s.Catch[0]; first.Next != "HandedOver" || !slices.Equal(first.ErrorEquals, []string{"StepFunctions.ExecutionAlreadyExistsException"}) {
		t.Errorf("HandOver catches %+v first", first)
	}
	for _, r := range s.Retry {
		if slices.Contains(r.ErrorEquals, "StepFunctions.ExecutionAlreadyExistsException") {
			t.Error("HandOver retries what is success")
		}
	}
}

func TestTheFileReadsOnlyWhatAStateHas(t *testing.T) {
	next := FirstState(&usersync.Job{}).Again(2)
	full, err := json.Marshal(State{Successor: &Successor{Input: next}, Error: &Failure{}})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths(t, Definition()) {
		value := json.RawMessage(full)
		for field := range strings.SplitSeq(strings.TrimPrefix(path, "$."), ".") {
			var object map[string]json.RawMessage
			if err := json.Unmarshal(value, &object); err != nil || object[field] == nil {
				t.Fatalf("the file reads %s, which a state does not have", path)
			}
			value = object[field]
		}
	}
}

// paths are all texts of the definition that are paths into the state.
func paths(t *testing.T, definition []byte) (found []string) {
	var tree any
	if err := json.Unmarshal(definition, &tree); err != nil {
		t.Fatal(err)
	}
	var walk func(any)
	walk = func(node any) {
		switch v := node.(type) {
		case map[string]any:
			for _, inner := range v {
				walk(inner)
			}
		case []any:
			for _, inner := range v {
				walk(inner)
			}
		case string:
			if strings.HasPrefix(v, "$.") {
				found = append(found, v)
			}
		}
	}
	walk(tree)
	if len(found) < 5 {
		t.Fatalf("only %d paths were found", len(found))
	}
	return found
}

func TestTheTimesOfStartsAndSweepsAreAsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/timeouts.md")
	if err != nil {
		t.Fatal(err)
	}
	for what, is := range map[string]time.Duration{
		"a start, whatever becomes of its caller": startTerm, "a job is silent before its execution is asked about": silentFor,
	} {
		if row := fmt.Sprintf("| %s | %d |", what, int(is/time.Second)); !strings.Contains(string(text), row) {
			t.Errorf("there is no row %q", row)
		}
	}
}
