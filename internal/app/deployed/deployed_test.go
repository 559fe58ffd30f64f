package deployed

import (
	"context"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda/messages"
	"go.yaml.in/yaml/v3"

	"github.com/usersync/usersync/internal/engine"
	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/workflow"
)

// call makes a function and calls it with an event, in a context that has ended, so that nobody is asked for
// anything; it returns what the function said.
type call func(t *testing.T, event []byte) string

func ofHTTP(make func() HTTP) call {
	return func(t *testing.T, event []byte) string {
		var e events.APIGatewayV2HTTPRequest
		decode(t, event, &e)
		answer, err := make()(over(t), e)
		if err != nil {
			t.Error(err)
		}
		return answer.Body
	}
}

func ofStep(make func() Step) call {
	return func(t *testing.T, event []byte) string {
		var s workflow.State
		decode(t, event, &s)
		_, err := make()(over(t), s)
		return said(t, err)
	}
}

func ofEvent(make func() Event) call {
	return func(t *testing.T, event []byte) string {
		var e events.EventBridgeEvent
		decode(t, event, &e)
		return said(t, make()(over(t), e))
	}
}

func over(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

func decode(t *testing.T, event []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(event, into); err != nil {
		t.Fatal(err)
	}
}

// said is what a function's error says; all of them have names that the state machine understands.
func said(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	if _, named := err.(messages.InvokeResponse_Error); !named {
		t.Errorf("an error without a name: %T", err)
	}
	return err.Error()
}

// functions are all of them, by their logical id.
var functions = map[string]call{
	"Start": ofHTTP(Start), "Status": ofHTTP(Status), "Directory": ofHTTP(Directory),
	"Fetch": ofStep(Fetch), "Upsert": ofStep(Upsert), "Settle": ofStep(Settle), "Finish": ofStep(Finish),
	"Nightly": ofEvent(Nightly), "Reap": ofEvent(Reap),
}

// declared are the variables of each function's environment in the template.
func declared(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("../../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var template struct {
		Resources map[string]struct {
			Type       string `yaml:"Type"`
			Properties struct {
				Environment struct {
					Variables map[string]yaml.Node `yaml:"Variables"`
				} `yaml:"Environment"`
			} `yaml:"Properties"`
		} `yaml:"Resources"`
	}
	if err := yaml.Unmarshal(text, &template); err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for id, r := range template.Resources {
		if r.Type != "AWS::Serverless::Function" {
			continue
		}
		for name := range r.Properties.Environment.Variables {
			all[strings.TrimSuffix(id, "Function")] = append(all[strings.TrimSuffix(id, "Function")], name)
		}
	}
	if len(all) != len(functions) {
		t.Fatalf("the template has %d functions, and %d are here", len(all), len(functions))
	}
	return all
}

// aValue is a value that a variable may have.
func aValue(name string) string {
	switch {
	case name == stateMachine:
		return "arn:aws:states:eu-north-1:123456789012:stateMachine:usersync-dev-sync"
	}
	return "x"
}

func sample(t *testing.T, name string) []byte {
	t.Helper()
	event, err := os.ReadFile("../../../events/" + strings.ToLower(name) + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return event
}

func TestAFunctionNeedsWhatItsTemplateDeclaresAndNamesWhatIsMissing(t *testing.T) {
	optional := []string{audience, companyClaim, inlineKeys, allowPrivate, origins}
	for name, variables := range declared(t) {
		t.Run(name, func(t *testing.T) {
			for _, v := range []string{tableName, pagesName, stateMachine, busName, stackName, issuer} {
				t.Setenv(v, "")
			}
			t.Setenv("AWS_REGION", "eu-north-1")
			for _, v := range variables {
				t.Setenv(v, aValue(v))
			}
			if text := functions[name](t, sample(t, name)); strings.Contains(text, "must be set") {
				t.Error("with all that is declared: " + text)
			}
			for _, v := range variables {
				if slices.Contains(optional, v) || strings.HasPrefix(v, "AWS_") {
					continue
				}
				t.Setenv(v, "")
				if text := functions[name](t, sample(t, name)); !strings.Contains(text, "the function's environment is not complete: "+v+" must be set") {
					t.Errorf("without %s: %s", v, text)
				}
				t.Setenv(v, aValue(v))
			}
			t.Setenv("AWS_REGION", "")
			if text := functions[name](t, sample(t, name)); !strings.Contains(text, "AWS_REGION is missing") {
				t.Error("without a region: " + text)
			}
		})
	}
}

func TestAnEventOfAnotherShapeIsRefusedByName(t *testing.T) {
	for _, v := range []string{tableName, pagesName, stateMachine, busName, stackName} {
		t.Setenv(v, aValue(v))
	}
	t.Setenv("AWS_REGION", "eu-north-1")
	for _, event := range []string{
		`{}`, `{"source":"aws.s3","detail-type":"Object Created","detail":{}}`,
		`{"source":"usersync","detail-type":"SyncEnded","detail":{}}`,
		`{"source":"usersync","detail-type":"SyncRequested","id":"1"}`,
		`{"source":"usersync","detail-type":"SyncRequested","id":"1","detail":"x"}`,
		`{"source":"usersync","detail-type":"SyncRequested","id":"1","detail":{"CompanyId":7}}`,
		`{"source":"usersync","detail-type":"SyncRequested","id":"1","detail":{"CompanyId":"all"}}`,
		`{"source":"usersync","detail-type":"SyncRequested","detail":{"CompanyId":"3f2504e0-4f89-41d3-9a0c-0305e82c3301"}}`,
		`{"source":"aws.states","detail-type":"Step Functions Execution Status Change","detail":[]}`,
		`{"source":"aws.states","detail-type":"Step Functions Execution Status Change","detail":{"stateMachineArn":"arn:aws:states:eu-north-1:123456789012:stateMachine:other","name":"x","status":"FAILED"}}`,
		`{"source":"aws.states","detail-type":"Step Functions Execution Status Change","detail":{"stateMachineArn":"` + aValue(stateMachine) + `","name":"x","status":"RUNNING"}}`,
		`{"source":"aws.states","detail-type":"Step Functions Execution Status Change","detail":{"stateMachineArn":"` + aValue(stateMachine) + `","name":"by hand","status":"ABORTED"}}`,
	} {
		for name, function := range map[string]Event{"nightly": Nightly(), "reap": Reap()} {
			var e events.EventBridgeEvent
			decode(t, []byte(event), &e)
			err := function(t.Context(), e)
			if refused, named := err.(messages.InvokeResponse_Error); !named || refused.Type != "Validation" {
				t.Errorf("%s: %s: %v", name, event, err)
			}
		}
	}
}

// rotating is an engine whose login works with the new secret alone.
type rotating struct {
	workflow.Engine
	rotated, known bool // the secret has been changed, and it is known
	steps          int
}

func (r *rotating) Upsert(context.Context, engine.Ref) (engine.Step, error) {
	if r.steps++; r.rotated && !r.known {
		return engine.Step{}, usersync.E(usersync.Unauthorized, "the target: the login was refused")
	}
	return engine.Step{Next: engine.NextSettle}, nil
}

func (r *rotating) Renew(context.Context, usersync.CompanyID) (bool, error) {
	changed := r.rotated && !r.known
	r.known = r.rotated
	return changed, nil
}

func TestARotatedSecretIsTakenUpAfterOneRefusal(t *testing.T) {
	r := &rotating{rotated: true}
	step, err := renewing{r, r}.Upsert(t.Context(), engine.Ref{})
	if err != nil || step.Next != engine.NextSettle || r.steps != 2 {
		t.Errorf("%+v %v after %d steps", step, err, r.steps)
	}
}

// refusing is an engine whose login never works.
type refusing struct{ rotating }

func (r *refusing) Upsert(context.Context, engine.Ref) (engine.Step, error) {
	r.steps++
	return engine.Step{}, usersync.E(usersync.Unauthorized, "the target: the login was refused")
}

func TestALoginThatIsRefusedAllTheSameIsNotTriedForEver(t *testing.T) {
	for _, rotated := range []bool{false, true} {
		r := &refusing{rotating{rotated: rotated}}
		_, err := renewing{r, r}.Upsert(t.Context(), engine.Ref{})
		if want := map[bool]int{false: 1, true: 2}[rotated]; !usersync.Is(err, usersync.Unauthorized) || r.steps != want {
			t.Errorf("rotated %v: %v after %d steps", rotated, err, r.steps)
		}
	}
}
