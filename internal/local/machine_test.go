package local_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usersync/usersync/internal/local"
	"github.com/usersync/usersync/internal/usersync/usersynctest"
	"github.com/usersync/usersync/internal/workflow"
)

// script runs the real definition with tasks that answer from a list; its last answer is repeated.
type script struct {
	answers map[string][]answer // by the state's name
	clock   *usersynctest.Clock
	trace   []string
	inputs  map[string]string // the last input of each state
	calls   map[string]int
	now     string
}

// answer is an output, or an error by name; takes is how long it takes.
type answer struct {
	output string
	err    string
	takes  time.Duration
}

func next(name string) answer { return answer{output: fmt.Sprintf(`{"next":%q,"wait":0}`, name)} }

func run(t *testing.T, answers map[string][]answer) (*script, error) {
	t.Helper()
	s := &script{answers: answers, clock: usersynctest.NewClock(), inputs: map[string]string{}, calls: map[string]int{}}
	for name, way := range map[string]answer{"Fetch": next("upsert"), "Upsert": next("settle"), "Settle": next("finish"), "Finish": next(""), "Abort": next(""), "HandOver": {output: "{}"}} {
		if s.answers[name] == nil {
			s.answers[name] = []answer{way}
		}
	}
	tasks := map[string]local.Task{}
	for _, resource := range []string{"${FetchFunctionArn}", "${UpsertFunctionArn}", "${SettleFunctionArn}", "${FinishFunctionArn}", "arn:aws:states:::states:startExecution"} {
		tasks[resource] = s.task
	}
	m, err := local.Load(workflow.Definition(), tasks, local.Options{
		Clock: s.clock, ID: "the-machine",
		Random: func() float64 { return 1 },
		Trace: func(state string, input json.RawMessage) {
			s.trace = append(s.trace, state)
			s.inputs[state] = string(input)
			s.now = state
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = m.Run(t.Context(), json.RawMessage(`{"next":"fetch","wait":0,"job":"j"}`))
	return s, err
}

func (s *script) task(_ context.Context, input json.RawMessage) (json.RawMessage, error) {
	s.calls[s.now]++
	s.inputs["task "+s.now] = string(input)
	list := s.answers[s.now]
	a := list[min(s.calls[s.now], len(list))-1]
	s.clock.Advance(a.takes)
	if a.err != "" {
		return nil, &local.Error{Name: a.err, Cause: "why"}
	}
	return json.RawMessage(a.output), nil
}

func (s *script) went(t *testing.T, want string) {
	t.Helper()
	if got := strings.Join(s.trace, " "); got != want {
		t.Errorf("the way was\n%s\nwant\n%s", got, want)
	}
}

func TestAJobGoesTheWayThatTheFilePrescribes(t *testing.T) {
	s, err := run(t, map[string][]answer{
		"Fetch":  {next("upsert"), next("upsert"), next("fetch"), next("upsert")},
		"Upsert": {next("fetch"), next("upsert"), next("fetch"), next("settle")},
		"Settle": {next("settle"), next("finish")},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.went(t, "Fetch Route Upsert Route Fetch Route Upsert Route Upsert Route Fetch Route Fetch Route Upsert Route Settle Route Settle Route Finish Done")
}

func TestEveryAnswerIsFollowedAtOnceAndAfterAWait(t *testing.T) {
	for name, tail := range map[string]string{
		"fetch":    "Fetch Route Finish Done",
		"upsert":   "Upsert Route Settle Route Finish Done",
		"settle":   "Settle Route Finish Done",
		"finish":   "Finish Done",
		"handover": "HandOver HandedOver",
		"sing":     "Abort Failed",
		"":         "Abort Failed",
	} {
		for _, wait := range []int{0, 1, 3600} {
			first := answer{output: fmt.Sprintf(`{"next":%q,"wait":%d,"successor":{"name":"j-2","input":{"execution":2}}}`, name, wait)}
			s, err := run(t, map[string][]answer{"Fetch": {first, next("finish")}})
			if failed := strings.HasSuffix(tail, "Failed"); failed != (err != nil) {
				t.Errorf("%q ended with %v", name, err)
			}
			paused := map[bool]string{true: "Pause Resume "}[wait > 0]
			s.went(t, "Fetch Route "+paused+tail)
			if got := s.clock.Waited(); got != time.Duration(wait)*time.Second {
				t.Errorf("%q after %d s waited %v", name, wait, got)
			}
		}
	}
}

func TestTheHandOverStartsTheSuccessorAndNothingMore(t *testing.T) {
	s, err := run(t, map[string][]answer{
		"Fetch": {{output: `{"next":"handover","wait":0,"successor":{"name":"j-2","input":{"execution":2,"job":"j"}}}`}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"Input":{"execution":2,"job":"j"},"Name":"j-2","StateMachineArn":"the-machine"}`
	if got := s.inputs["task HandOver"]; got != want {
		t.Errorf("started with %s, want %s", got, want)
	}
	if s.inputs["HandedOver"] != s.inputs["HandOver"] {
		t.Errorf("the answer of the hand-over became part of the state: %s", s.inputs["HandedOver"])
	}
}

func TestAHandOverThatHappenedBeforeIsSuccessAndOneThatCannotHappenFailsTheJob(t *testing.T) {
	over := answer{output: `{"next":"handover","wait":0,"successor":{"name":"j-2","input":{}}}`}
	for name, c := range map[string]struct {
		calls int
		tail  string
	}{
		"StepFunctions.ExecutionAlreadyExistsException": {1, "HandedOver"},
		"StepFunctions.InvalidExecutionInputException":  {1, "Abort Failed"},
		"StepFunctions.SdkClientException":              {8, "Abort Failed"},
	} {
		s, _ := run(t, map[string][]answer{"Fetch": {over}, "HandOver": {{err: name}}})
		s.went(t, "Fetch Route HandOver "+c.tail)
		if s.calls["HandOver"] != c.calls {
			t.Errorf("%s: called %d times, want %d", name, s.calls["HandOver"], c.calls)
		}
	}
}

// ways are how each task is reached, and what follows when its last try has failed.
var ways = map[string]struct {
	answers map[string][]answer
	way     string
	after   string
}{
	"Fetch":  {nil, "Fetch", "Abort Failed"},
	"Upsert": {nil, "Fetch Route Upsert", "Abort Failed"},
	"Settle": {nil, "Fetch Route Upsert Route Settle", "Abort Failed"},
	"Finish": {nil, "Fetch Route Upsert Route Settle Route Finish", "Unfinished"},
	"Abort":  {map[string][]answer{"Fetch": {{err: "Rejected"}}}, "Fetch Abort", "Unfinished"},
}

func answersOf(state string, list ...answer) map[string][]answer {
	answers := map[string][]answer{state: list}
	for name, a := range ways[state].answers {
		answers[name] = a
	}
	return answers
}

func TestEveryTaskRetriesWhatTheFileNamesAndThenGivesUp(t *testing.T) {
	for state, w := range ways {
		for name, c := range map[string]struct {
			calls  int
			waited time.Duration
		}{
			"Throttled":        {8, (2 + 4 + 8 + 16 + 32 + 60 + 60) * time.Second},
			"Unavailable":      {8, 182 * time.Second},
			"Lambda.Unknown":   {8, 182 * time.Second},
			"States.Timeout":   {8, 182 * time.Second},
			"Fenced":           {3, (2 + 4) * time.Second},
			"Internal":         {3, 6 * time.Second},
			"Unauthorized":     {1, 0},
			"Malformed":        {1, 0},
			"something unseen": {1, 0},
		} {
			s, err := run(t, answersOf(state, answer{err: name}))
			s.went(t, w.way+" "+w.after)
			if s.calls[state] != c.calls || s.clock.Waited() != c.waited {
				t.Errorf("%s in %s: %d calls, waited %v; want %d, %v", name, state, s.calls[state], s.clock.Waited(), c.calls, c.waited)
			}
			ended, ok := errors.AsType[*local.Error](err)
			if want := map[string]string{"Abort Failed": "JobFailed", "Unfinished": "JobUnfinished"}[w.after]; !ok || ended.Name != want {
				t.Errorf("%s in %s ended with %v, want %s", name, state, err, want)
			}
			last := s.trace[len(s.trace)-1]
			if !strings.Contains(s.inputs[last], `"error"`) && last != "Failed" {
				t.Errorf("%s in %s: %s has the input %s", name, state, last, s.inputs[last])
			}
			if w.after == "Abort Failed" && !strings.Contains(s.inputs["Abort"], `"error":{"Cause":"why","Error":"`+name+`"}`) {
				t.Errorf("%s in %s: Abort was given %s", name, state, s.inputs["Abort"])
			}
		}
	}
}

func TestATaskThatRecoversInTimeGoesOnAsIfNothingHadBeen(t *testing.T) {
	for _, state := range []string{"Fetch", "Upsert", "Settle", "Finish"} {
		failing := slices.Repeat([]answer{{err: "Unavailable"}}, 7)
		failing = append(failing, answer{err: "Fenced"}, answer{err: "Internal"}) // counted for themselves
		good := map[string]answer{"Fetch": next("upsert"), "Upsert": next("settle"), "Settle": next("finish"), "Finish": next("")}[state]
		s, err := run(t, answersOf(state, append(failing, good)...))
		if err != nil {
			t.Fatal(state, err)
		}
		s.went(t, "Fetch Route Upsert Route Settle Route Finish Done")
		if s.calls[state] != 10 {
			t.Errorf("%s was called %d times", state, s.calls[state])
		}
	}
}

func TestRetriesAreCountedAfreshWheneverAStateIsEntered(t *testing.T) {
	visit := append(slices.Repeat([]answer{{err: "Throttled"}}, 7), next("upsert"))
	s, err := run(t, map[string][]answer{"Upsert": append(slices.Concat(visit, visit), next("settle"))})
	if err != nil || s.calls["Upsert"] != 17 {
		t.Errorf("%d calls, %v", s.calls["Upsert"], err)
	}
}

func TestATaskThatComesTooLateHasTimedOutWhateverItSays(t *testing.T) {
	late := answer{output: `{"next":"finish","wait":0}`, takes: 121 * time.Second}
	s, err := run(t, map[string][]answer{"Upsert": {late, next("settle")}})
	if err != nil || s.calls["Upsert"] != 2 {
		t.Errorf("%d calls, %v", s.calls["Upsert"], err)
	}
	s, err = run(t, map[string][]answer{"Fetch": {{output: `{"next":"finish","wait":0}`, takes: 900 * time.Second}}})
	if err != nil || s.calls["Fetch"] != 1 {
		t.Errorf("a fetch of 900 s: %d calls, %v", s.calls["Fetch"], err)
	}
}

func TestAStateThatDoesNotFitTheFileEndsTheExecutionAndNothingCatchesIt(t *testing.T) {
	for _, output := range []string{`{"next":"upsert"}`, `{"wait":0}`, `[]`, `7`, `null`, `no JSON`, `{"next":"fetch","wait":1.5}`, `{"next":"handover","wait":0}`} {
		s, err := run(t, map[string][]answer{"Fetch": {{output: output}}})
		if ended, ok := errors.AsType[*local.Error](err); !ok || ended.Name != "States.Runtime" {
			t.Errorf("%s ended with %v after %v", output, err, s.trace)
		}
	}
}

func TestNothingIsRetriedOrCaughtOnceTheContextHasEnded(t *testing.T) {
	for _, answered := range []error{nil, &local.Error{Name: "Unavailable"}, &local.Error{Name: "Rejected"}, context.Canceled} {
		ctx, cancel := context.WithCancel(t.Context())
		calls := 0
		task := func(ctx context.Context, _ json.RawMessage) (json.RawMessage, error) {
			calls++
			cancel()
			return json.RawMessage(`{"next":"finish","wait":0}`), answered
		}
		_, err := load(t, workflow.Definition(), task).Run(ctx, json.RawMessage(`{}`))
		if !errors.Is(err, context.Canceled) || calls != 1 {
			t.Errorf("after %v: %v, %d calls", answered, err, calls)
		}
	}
}

// load loads a definition whose tasks all do the same.
func load(t *testing.T, definition []byte, task local.Task) *local.Machine {
	t.Helper()
	m, err := local.Load(definition, everyTask(task), local.Options{Clock: usersynctest.NewClock()})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func everyTask(task local.Task) map[string]local.Task {
	return map[string]local.Task{
		"${FetchFunctionArn}": task, "${UpsertFunctionArn}": task, "${SettleFunctionArn}": task, "${FinishFunctionArn}": task,
		"arn:aws:states:::states:startExecution": task,
	}
}
