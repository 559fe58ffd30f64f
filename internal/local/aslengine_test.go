//go:build verify

package local_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/google/uuid"

	"github.com/usersync/usersync/internal/local"
	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/workflow"
)

// surroundings are all that one job's executions meet outside the state machine. The engine and the
// local runner ask the same ones in the same way.
type surroundings interface {
	// invoke answers a task's function, for the execution with the name.
	invoke(ctx context.Context, execution, function string, input json.RawMessage) (json.RawMessage, *local.Error)
	// startExecution answers a hand-over: whether it starts the execution, and with which error, if any.
	startExecution(request handOver) (start bool, failed *local.Error)
	// wait is told of a wait in seconds.
	wait(execution, seconds string)
}

// handOver is the StartExecution of a task.
type handOver struct{ StateMachineArn, Name, Input string }

// jobOf is the job in the name of one of its executions.
func jobOf(execution string) string { return execution[:min(len(execution), 36)] }

// executionOf is the name of the execution that works on a state.
func executionOf(state []byte) string {
	var of struct {
		Job       usersync.JobID
		Execution int
	}
	if json.Unmarshal(state, &of) != nil {
		return ""
	}
	return workflow.State{Job: of.Job, Execution: of.Execution}.Name()
}

// aslEngine is the Step Functions that the environment names, started with ASL_ENGINE_SCRIPTED: this
// process answers for the functions, for hand-overs and for time, so that no wait takes any.
type aslEngine struct {
	client *sfn.Client
	mu     sync.Mutex
	jobs   map[string]surroundings // by job
}

var theEngine = sync.OnceValues(func() (*aslEngine, error) {
	endpoint, functions := os.Getenv("AWS_ENDPOINT_URL_SFN"), os.Getenv("AWS_ENDPOINT_URL_LAMBDA")
	if endpoint == "" || functions == "" || os.Getenv("ASL_ENGINE_SCRIPTED") == "" {
		return nil, errors.New("there is no scripted engine: run this by ASL_ENGINE_SCRIPTED=yes .ci/with-asl-engine")
	}
	address, err := url.Parse(functions)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", address.Host)
	if err != nil {
		return nil, err
	}
	e := &aslEngine{
		jobs: map[string]surroundings{},
		client: sfn.New(sfn.Options{
			Region: "eu-north-1", BaseEndpoint: aws.String(endpoint),
			Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
		}),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /2015-03-31/functions/{function}/invocations", e.invoke)
	mux.HandleFunc("POST /{$}", e.startExecution)
	go http.Serve(listener, mux) // as long as the process lives
	return e, nil
})

func engineOf(t *testing.T) *aslEngine {
	t.Helper()
	e, err := theEngine()
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// of is who answers for an execution.
func (e *aslEngine) of(execution string) (surroundings, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if s := e.jobs[jobOf(execution)]; s != nil {
		return s, nil
	}
	return nil, fmt.Errorf("nobody answers for the execution %q", execution)
}

func (e *aslEngine) invoke(w http.ResponseWriter, r *http.Request) {
	function := r.PathValue("function")
	function = function[strings.LastIndex(function, ":")+1:]
	input, err := io.ReadAll(r.Body)
	var named struct {
		Execution string // of a wait
		Seconds   json.Number
	}
	execution := executionOf(input)
	if function == "Wait" && err == nil {
		err = json.Unmarshal(input, &named)
		execution = named.Execution
	}
	s, unknown := e.of(execution)
	if err = errors.Join(err, unknown); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if function == "Wait" {
		s.wait(execution, strings.TrimSuffix(named.Seconds.String(), ".0"))
		return
	}
	output, failed := s.invoke(r.Context(), execution, function, input)
	if failed != nil {
		w.Header().Set("X-Amz-Function-Error", "Unhandled")
		output = json.RawMessage(failed.Cause)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(output)
}

// startExecution passes a hand-over on to the engine, where it is to happen.
func (e *aslEngine) startExecution(w http.ResponseWriter, r *http.Request) {
	var asked handOver
	err := json.NewDecoder(r.Body).Decode(&asked)
	s, unknown := e.of(asked.Name)
	if err = errors.Join(err, unknown); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	start, failed := s.startExecution(asked)
	if start {
		if _, err := e.client.StartExecution(r.Context(), &sfn.StartExecutionInput{
			StateMachineArn: &asked.StateMachineArn, Name: &asked.Name, Input: &asked.Input,
		}); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	w.Header().Set("x-amzn-RequestId", requestID)
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	if failed != nil {
		code := strings.TrimSuffix(strings.TrimPrefix(failed.Name, "StepFunctions."), "Exception")
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"__type":%q,"message":%q}`, code, notNow)
		return
	}
	fmt.Fprintf(w, `{"executionArn":%q,"startDate":0}`, asked.StateMachineArn+":"+asked.Name)
}

// What a hand-over that fails says, and how Step Functions makes name and cause of it.
const (
	requestID = "00000000-0000-4000-8000-000000000000"
	notNow    = "not now"
)

func refused(code string) *local.Error {
	return &local.Error{
		Name:  "StepFunctions." + code + "Exception",
		Cause: fmt.Sprintf("%s (Service: AWSStepFunctions; Status Code: 400; Error Code: %s; Request ID: %s; Proxy: null)", notNow, code, requestID),
	}
}

// machine makes a state machine of a definition, under a name of its own.
func (e *aslEngine) machine(t *testing.T, definition []byte) (arn string) {
	t.Helper()
	text := strings.NewReplacer(
		"${FetchFunctionArn}", functionArn+"Fetch", "${UpsertFunctionArn}", functionArn+"Upsert",
		"${SettleFunctionArn}", functionArn+"Settle", "${FinishFunctionArn}", functionArn+"Finish",
	).Replace(string(definition))
	out, err := e.client.CreateStateMachine(t.Context(), &sfn.CreateStateMachineInput{
		Name: aws.String("sync-" + uuid.NewString()), Definition: &text, RoleArn: aws.String("arn:aws:iam::123456789012:role/none"),
	})
	if err != nil {
		t.Fatalf("the engine does not take the definition: %v", err)
	}
	return *out.StateMachineArn
}

const functionArn = "arn:aws:lambda:eu-north-1:123456789012:function:"

// start starts an execution of a machine and lets the surroundings answer for its job.
func (e *aslEngine) start(ctx context.Context, machine, name string, input []byte, s surroundings) error {
	e.mu.Lock()
	e.jobs[jobOf(name)] = s
	e.mu.Unlock()
	_, err := e.client.StartExecution(ctx, &sfn.StartExecutionInput{
		StateMachineArn: &machine, Name: &name, Input: aws.String(string(input)),
	})
	return err
}

// ended waits for an execution's end, as long as the context lasts, and returns its history: of how it
// ended, that alone is whole as soon as it has.
func (e *aslEngine) ended(ctx context.Context, machine, name string) (events []types.HistoryEvent, err error) {
	arn := strings.Replace(machine, ":stateMachine:", ":execution:", 1) + ":" + name
	look := time.NewTicker(50 * time.Millisecond) // the engine tells nobody
	defer look.Stop()
	for {
		out, err := e.client.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: &arn})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if out.Status != types.ExecutionStatusRunning {
			break
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return nil, fmt.Errorf("%s does not end: %w", name, ctx.Err())
		}
	}
	pages := sfn.NewGetExecutionHistoryPaginator(e.client, &sfn.GetExecutionHistoryInput{ExecutionArn: &arn})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		events = append(events, page.Events...)
	}
	return events, nil
}
