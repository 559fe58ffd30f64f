package local

import (
	"context"
	"encoding/json"

	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/workflow"
)

// machineID is the name of the one state machine of this process.
const machineID = "usersync"

// tasks are the Resources of the workflow's definition, as it writes them.
func (e *Executions) tasks(steps *workflow.Steps) map[string]Task {
	return map[string]Task{
		"${FetchFunctionArn}":                    lambda(steps.Fetch),
		"${UpsertFunctionArn}":                   lambda(steps.Upsert),
		"${SettleFunctionArn}":                   lambda(steps.Settle),
		"${FinishFunctionArn}":                   lambda(steps.Finish),
		"arn:aws:states:::states:startExecution": e.startExecution,
	}
}

// lambda calls a handler as Lambda does: JSON in, JSON out, and of an error what Step Functions sees.
func lambda(handler func(context.Context, workflow.State) (workflow.State, error)) Task {
	return func(ctx context.Context, input json.RawMessage) (json.RawMessage, error) {
		var in workflow.State
		err := json.Unmarshal(input, &in)
		if err == nil {
			var out workflow.State
			if out, err = handler(ctx, in); err == nil {
				return json.Marshal(out)
			}
		}
		name, cause := workflow.Reported(err)
		return nil, &Error{Name: name, Cause: cause}
	}
}

// startExecution is the hand-over: the service integration of Step Functions, for this machine alone.
func (e *Executions) startExecution(ctx context.Context, input json.RawMessage) (json.RawMessage, error) {
	var request struct {
		StateMachineArn string
		Name            string
		Input           json.RawMessage
	}
	if json.Unmarshal(input, &request) != nil || request.StateMachineArn != machineID {
		return nil, &Error{Name: "StepFunctions.StateMachineDoesNotExistException"}
	}
	err := e.Start(ctx, request.Name, request.Input)
	switch {
	case usersync.Is(err, usersync.Rejected):
		return nil, &Error{Name: "StepFunctions.InvalidExecutionInputException"}
	case err != nil:
		return nil, &Error{Name: "StepFunctions.SdkClientException"}
	}
	return json.RawMessage(`{}`), nil
}
