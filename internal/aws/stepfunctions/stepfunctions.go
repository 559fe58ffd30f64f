// Package stepfunctions starts executions of the deployed state machine, and asks what became of them.
package stepfunctions

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/usersync/usersync/internal/usersync"
)

// Machine is the deployed state machine.
type Machine struct {
	client     *sfn.Client
	arn        string
	executions string // what the ARN of each execution begins with
}

var (
	_ usersync.Executions      = (*Machine)(nil)
	_ usersync.ExecutionViewer = (*Machine)(nil)
)

// New makes a Machine of its ARN. Errors: Settings where that is none.
func New(client *sfn.Client, arn string) (*Machine, error) {
	before, name, ok := strings.Cut(arn, ":stateMachine:")
	if !ok || !strings.HasPrefix(arn, "arn:") || name == "" || strings.Contains(name, ":") {
		return nil, usersync.E(usersync.Settings, "the state machine's address is not the ARN of a state machine")
	}
	return &Machine{client: client, arn: arn, executions: before + ":execution:" + name + ":"}, nil
}

// Start starts an execution; see usersync.Executions.
func (m *Machine) Start(ctx context.Context, name string, input []byte) error {
	_, err := m.client.StartExecution(ctx, &sfn.StartExecutionInput{
		StateMachineArn: &m.arn, Name: &name, Input: aws.String(string(input)),
	})
	if _, exists := errors.AsType[*types.ExecutionAlreadyExists](err); exists {
		return nil // it has ended already
	}
	return translate(err)
}

// Execution asks what became of an execution; see usersync.ExecutionViewer.
func (m *Machine) Execution(ctx context.Context, name string) (usersync.Execution, error) {
	out, err := m.client.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: aws.String(m.executions + name)})
	if _, absent := errors.AsType[*types.ExecutionDoesNotExist](err); absent {
		return usersync.Execution{}, nil
	}
	if err != nil {
		return usersync.Execution{}, translate(err)
	}
	e := usersync.Execution{State: usersync.ExecutionFailed, Error: aws.ToString(out.Error)}
	switch out.Status {
	case types.ExecutionStatusRunning, types.ExecutionStatusPendingRedrive:
		e.State = usersync.ExecutionRunning
	case types.ExecutionStatusSucceeded:
		e.State = usersync.ExecutionSucceeded
	}
	return e, nil
}

// translate makes an error of the domain: Rejected where Step Functions has refused the request as it
// is, Throttled where it will take it later, Unavailable where there was no answer.
func translate(err error) error {
	if err == nil {
		return nil
	}
	_, full := errors.AsType[*types.ExecutionLimitExceeded](err)
	api, answered := errors.AsType[smithy.APIError](err)
	throttled := full
	if answered && !full {
		_, throttled = retry.DefaultThrottleErrorCodes[api.ErrorCode()]
	}
	response, _ := errors.AsType[*smithyhttp.ResponseError](err)
	refused := answered && response != nil && response.HTTPStatusCode()/100 == 4
	switch {
	case throttled:
		return &usersync.Error{Code: usersync.Throttled, Message: "Step Functions is asked too much at once", Cause: err}
	case refused:
		return &usersync.Error{Code: usersync.Rejected, Message: "Step Functions refused the request: " + api.ErrorCode(), Cause: err}
	}
	return &usersync.Error{Code: usersync.Unavailable, Message: "Step Functions does not answer", InDoubt: true, Cause: err}
}
