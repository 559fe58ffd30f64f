package stepfunctions

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/usersync/usersync/internal/usersync"
)

const arn = "arn:aws:states:eu-north-1:123456789012:stateMachine:usersync-sync"

// scripted answers each request with a status and a body, and keeps the last one.
type scripted struct {
	status int
	body   string
	asked  struct{ StateMachineArn, Name, Input, ExecutionArn string }
}

func (s *scripted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = json.NewDecoder(r.Body).Decode(&s.asked)
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(s.status)
	fmt.Fprint(w, s.body)
}

func newMachine(t *testing.T) (*scripted, *Machine) {
	s := &scripted{}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	m, err := New(sfn.New(sfn.Options{
		Region: "eu-north-1", BaseEndpoint: &server.URL, Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider("key", "secret", ""),
	}), arn)
	if err != nil {
		t.Fatal(err)
	}
	return s, m
}

func failure(kind string) string {
	return fmt.Sprintf(`{"__type":"com.amazonaws.states#%s","message":"no"}`, kind)
}

func TestOnlyADefiniteRefusalOfAStartIsRejected(t *testing.T) {
	s, m := newMachine(t)
	for _, c := range []struct {
		why    string
		status int
		body   string
		want   usersync.Code
	}{
		{"started", 200, `{"executionArn":"x","startDate":1}`, ""},
		{"started before, and ended", 400, failure("ExecutionAlreadyExists"), ""},
		{"a name that it does not take", 400, failure("InvalidName"), usersync.Rejected},
		{"an input that it does not take", 400, failure("InvalidExecutionInput"), usersync.Rejected},
		{"no such machine", 400, failure("StateMachineDoesNotExist"), usersync.Rejected},
		{"not allowed", 400, failure("AccessDeniedException"), usersync.Rejected},
		{"throttled", 400, failure("ThrottlingException"), usersync.Throttled},
		{"too many run", 400, failure("ExecutionLimitExceeded"), usersync.Throttled},
		{"its own trouble", 500, failure("InternalServerError"), usersync.Unavailable},
		{"a gateway's page", 502, "<html>", usersync.Unavailable},
		{"an answer that is none", 200, "<html>", usersync.Unavailable},
	} {
		s.status, s.body = c.status, c.body
		if err := m.Start(t.Context(), "name", []byte(`{"a":1}`)); usersync.CodeOf(err) != c.want {
			t.Errorf("%s: %v (%s), want %s", c.why, err, usersync.CodeOf(err), c.want)
		}
		if s.asked.StateMachineArn != arn || s.asked.Name != "name" || s.asked.Input != `{"a":1}` {
			t.Fatalf("asked %+v", s.asked)
		}
	}
}

func TestWhatBecameOfAnExecutionIsSaidAsStepFunctionsKnowsIt(t *testing.T) {
	s, m := newMachine(t)
	for _, c := range []struct {
		status int
		body   string
		want   usersync.Execution
		code   usersync.Code
	}{
		{200, `{"status":"RUNNING"}`, usersync.Execution{State: usersync.ExecutionRunning}, ""},
		{200, `{"status":"PENDING_REDRIVE"}`, usersync.Execution{State: usersync.ExecutionRunning}, ""},
		{200, `{"status":"SUCCEEDED"}`, usersync.Execution{State: usersync.ExecutionSucceeded}, ""},
		{200, `{"status":"FAILED","error":"JobUnfinished"}`, usersync.Execution{State: usersync.ExecutionFailed, Error: "JobUnfinished"}, ""},
		{200, `{"status":"TIMED_OUT"}`, usersync.Execution{State: usersync.ExecutionFailed}, ""},
		{200, `{"status":"ABORTED"}`, usersync.Execution{State: usersync.ExecutionFailed}, ""},
		{400, failure("ExecutionDoesNotExist"), usersync.Execution{}, ""},
		{400, failure("InvalidArn"), usersync.Execution{}, usersync.Rejected},
		{500, failure("InternalServerError"), usersync.Execution{}, usersync.Unavailable},
	} {
		s.status, s.body = c.status, c.body
		if got, err := m.Execution(t.Context(), "name"); got != c.want || usersync.CodeOf(err) != c.code {
			t.Errorf("%s: %+v %v", c.body, got, err)
		}
		if want := "arn:aws:states:eu-north-1:123456789012:execution:usersync-sync:name"; s.asked.ExecutionArn != want {
			t.Fatalf("asked about %s", s.asked.ExecutionArn)
		}
	}
}

func TestAnAddressThatIsNoStateMachinesIsRefused(t *testing.T) {
	for _, address := range []string{"", "usersync", "arn:aws:states:eu-north-1:1:execution:a:b", "arn:aws:states:eu-north-1:1:stateMachine:", arn + ":1"} {
		if _, err := New(sfn.New(sfn.Options{}), address); !usersync.Is(err, usersync.Settings) {
			t.Errorf("%q: %v", address, err)
		}
	}
}
