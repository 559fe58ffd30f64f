//go:build verify

package local_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/workflow"
)

// trace is a job as it might go: what is answered to its executions, one call after the other. What
// is asked beyond that is answered so that the job goes straight to its end.
type trace struct {
	about     string
	replies   [][]reply // of functions, by the number of the execution less one
	handOvers []handing // of hand-overs, whoever asks
}

// reply is what a function says: a step's answer, or one of the others.
type reply struct {
	next string
	wait int
	raw  string // fields of an output that no step gives
	err  string // an error of that name
	late bool   // nothing before the time-out
}

// handing is how a hand-over goes: done or not, whatever is said of it.
type handing struct {
	refused string // the error's code
	done    bool
}

// straight is what functions say where a trace says nothing.
var straight = map[string]string{"Fetch": "upsert", "Upsert": "settle", "Settle": "finish", "Finish": ""}

// before are the replies on the way to each state that calls a function.
var before = map[string][]reply{
	"Fetch":  nil,
	"Upsert": {{next: "upsert"}},
	"Settle": {{next: "upsert"}, {next: "settle"}},
	"Finish": {{next: "upsert"}, {next: "settle"}, {next: "finish"}},
	"Abort":  {{err: string(usersync.Validation)}},
}

// stepNames are the names of errors that functions end with: all that the file knows of, but for the
// time-out, which a function does not report, and some that it does not know.
func stepNames() []string {
	names := []string{
		"NotFound", "Conflict", "Exists", "NotSupported", "KeyReused", "Unauthorized", "Forbidden", "Rejected", "Malformed",
		"EmptySource", "Settings", "Validation", "Unforeseen", "throttled", "wrapError",
	}
	var file struct {
		States map[string]struct {
			Retry []struct{ ErrorEquals []string }
		}
	}
	if err := json.Unmarshal(workflow.Definition(), &file); err != nil {
		panic(err)
	}
	for _, r := range file.States["Fetch"].Retry {
		names = append(names, r.ErrorEquals...)
	}
	return slices.DeleteFunc(names, func(name string) bool { return name == "States.Timeout" })
}

// handOverCodes are errors of StartExecution, those first that the file knows.
var handOverCodes = []string{"ExecutionAlreadyExists", "ExecutionLimitExceeded", "SdkClient", "Throttling", "InvalidName", "StateMachineDoesNotExist", "AccessDenied"}

// outputs are fields of a state that no step answers with. Not among them is what the file reads and
// does not find, next, wait or successor: that is where the engine is no measure. Step Functions ends
// with States.Runtime, which nothing catches, and so does the local runner; the engine goes on as if
// no choice had matched, and lets States.ALL catch it.
var outputs = []string{
	`"next":7,"wait":0`, `"next":null,"wait":0`, `"next":"fetch","wait":1.5`, `"next":"fetch","wait":-1`, `"next":"upsert","wait":"1"`,
	`"next":"upsert","wait":null`, `"next":"fetch","wait":{"next":"fetch"}`, `"next":"settle","wait":true`, `"next":"finish","wait":0,"more":[1,{"a":null}]`,
}

// traces are the same in every run.
func traces() (all []trace) {
	r := rand.New(rand.NewPCG(4, 2026))
	for _, state := range []string{"Fetch", "Upsert", "Settle", "Finish", "Abort"} {
		for _, name := range stepNames() {
			times := 1 + r.IntN(3)
			if name == "Unavailable" || name == "Fenced" { // until it is given up
				times = 8
			}
			failing := slices.Repeat([]reply{{err: name}}, times)
			all = append(all, trace{about: fmt.Sprintf("%s in %s, %d times", name, state, times), replies: [][]reply{slices.Concat(before[state], failing)}})
		}
	}
	for _, next := range []string{"fetch", "upsert", "settle", "finish", "handover", "sing", ""} {
		for _, wait := range []int{0, 1, 86400} {
			all = append(all, trace{about: fmt.Sprintf("next %q, wait %d", next, wait), replies: [][]reply{{{next: next, wait: wait}}}})
		}
	}
	for _, code := range handOverCodes {
		for _, h := range [][]handing{{{refused: code}}, {{refused: code, done: true}, {refused: "ExecutionAlreadyExists"}}, slices.Repeat([]handing{{refused: code}}, 8)} {
			all = append(all, trace{about: fmt.Sprintf("hand-over %v", h), replies: [][]reply{{{next: "handover"}}}, handOvers: h})
		}
	}
	for _, output := range outputs {
		all = append(all, trace{about: "output " + output, replies: [][]reply{{{raw: output}}}})
	}
	for i := range 60 {
		all = append(all, wandering(r, i))
	}
	return all
}

// wandering is a trace of up to three executions in which anything may happen.
func wandering(r *rand.Rand, number int) trace {
	t := trace{about: fmt.Sprintf("wandering %d", number)}
	names := stepNames()
	nexts := []string{"fetch", "fetch", "fetch", "upsert", "upsert", "upsert", "settle", "settle", "finish", "handover", "sing"}
	for range 1 + r.IntN(3) {
		var replies []reply
		for range 3 + r.IntN(9) {
			a := reply{next: nexts[r.IntN(len(nexts))]}
			switch r.IntN(10) {
			case 0, 1:
				a = reply{err: names[r.IntN(len(names))]}
			case 2, 3: // one that is retried, so that the trace goes on
				a = reply{err: []string{"Throttled", "Unavailable", "Fenced", "Internal", "Runtime.ExitError"}[r.IntN(5)]}
			case 4, 5:
				a.wait = 1 + r.IntN(3600)
			}
			replies = append(replies, a)
		}
		t.replies = append(t.replies, append(replies, reply{next: "handover"}))
	}
	for range r.IntN(3) {
		t.handOvers = append(t.handOvers, handing{refused: handOverCodes[1+r.IntN(3)]})
	}
	return t
}

// late are traces in which steps come after their time-out.
func late() (all []trace) {
	for _, state := range []string{"Fetch", "Upsert", "Settle", "Finish", "Abort"} {
		all = append(all, trace{about: "late in " + state, replies: [][]reply{slices.Concat(before[state], []reply{{late: true}, {err: "Throttled"}})}})
	}
	return all
}
