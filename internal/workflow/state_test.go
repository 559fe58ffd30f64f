package workflow

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"pgregory.net/rapid"

	"github.com/usersync/usersync/internal/engine"
	"github.com/usersync/usersync/internal/usersync"
)

const (
	aJob     = "019590a0-7c00-7000-8000-000000000001"
	aCompany = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
)

func aState() State {
	return State{Job: aJob, Company: aCompany, Fence: 3, Execution: 1, Next: engine.NextFetch}
}

func TestAStateComesBackAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := aState()
		s.Fence = rapid.Int64Min(1).Draw(t, "fence")
		s.Execution = rapid.IntRange(1, 1000).Draw(t, "execution")
		s.Steps = rapid.IntRange(0, MaxSteps).Draw(t, "steps")
		s.Wait = rapid.IntRange(0, maxWait).Draw(t, "wait")
		s.Next = rapid.SampledFrom([]engine.Next{"", engine.NextFetch, engine.NextUpsert, engine.NextSettle, engine.NextFinish, NextHandOver}).Draw(t, "next")
		if rapid.Bool().Draw(t, "handed over") {
			next := s.Again(s.Execution + 1)
			s.Successor = &Successor{Name: next.Name(), Input: next}
		}
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		back, err := ParseState(text)
		if err != nil {
			t.Fatal(err)
		}
		again, _ := json.Marshal(back)
		if string(again) != string(text) {
			t.Fatalf("%s came back as %s", text, again)
		}
	})
}

func TestAStateThatIsNoneIsRefusedAndTheFieldNamed(t *testing.T) {
	for _, c := range []struct{ replace, by, field string }{
		{`"job":"` + aJob + `"`, `"job":"Ola Nordmann"`, "job"},
		{`"job":"` + aJob + `"`, `"job":"` + strings.ToUpper(aJob) + `"`, "job"},
		{`"company":"` + aCompany + `"`, `"company":"{` + aCompany + `}"`, "company"},
		{`"fence":3`, `"fence":0`, "fence"},
		{`"fence":3`, `"fence":"3"`, "fence"},
		{`"fence":3`, `"fence":3.5`, "fence"},
		{`"execution":1`, `"execution":0`, "execution"},
		{`"steps":0`, `"steps":-1`, "steps"},
		{`"wait":0`, `"wait":-1`, "wait"},
		{`"wait":0`, `"wait":86401`, "wait"},
		{`"next":"fetch"`, `"next":"sing"`, "next"},
		{`"next":"fetch"`, `"next":"fetch","successor":{"name":"x","input":{}}`, "successor"},
		{`"next":"fetch"`, `"next":"fetch","person":{}`, ""},
		{`"next":"fetch"`, `"next":"fetch","error":"` + strings.Repeat("x", maxStateBytes) + `"`, ""},
		{`"next":"fetch"`, `"next":"fetch"}{"a":1`, ""},
		{`{`, `[`, ""},
	} {
		text, _ := json.Marshal(aState())
		changed := strings.Replace(string(text), c.replace, c.by, 1)
		if changed == string(text) {
			t.Fatalf("%s is not in %s", c.replace, text)
		}
		_, err := ParseState([]byte(changed))
		e, ok := err.(*usersync.Error)
		if !ok || e.Code != usersync.Validation || e.Field != c.field {
			t.Errorf("%s: got %v, want Validation of %q", c.by, err, c.field)
		}
		if err != nil && strings.Contains(err.Error(), "Nordmann") {
			t.Errorf("the error repeats what it was given: %v", err)
		}
	}
}

func TestAnUnreadableStateHasANameForTheStateMachine(t *testing.T) {
	var s State
	err := json.Unmarshal([]byte(`{"job":7}`), &s)
	if e, ok := err.(messages.InvokeResponse_Error); !ok || e.Type != string(usersync.Validation) {
		t.Errorf("got %T %v", err, err)
	}
}

func TestAWaitIsNeverShorterThanAskedForNorLongerThanADay(t *testing.T) {
	for d, want := range map[time.Duration]int{
		-time.Hour: 0, 0: 0, 1: 1, time.Second: 1, 1001 * time.Millisecond: 2, time.Hour: 3600, 1000 * time.Hour: maxWait, 1<<63 - 1: maxWait,
	} {
		if got := seconds(d); got != want {
			t.Errorf("a wait of %v became %d s, want %d", d, got, want)
		}
	}
}
