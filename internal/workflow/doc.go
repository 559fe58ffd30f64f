// Package workflow is the way of a job: how it starts, which step follows which, and what errors are
// called where a step meets the state machine.
//
//	start.go       the start protocol: claim, lease, job, execution
//	sync.asl.json  the state machine, the same file on AWS and on one machine
//	state.go       what travels between its states: ids, numbers, flags
//	steps.go       the handlers of its tasks, around the engine
//	errors.go      the names of errors, each retried or fatal
//	failure.go     what a job says of an error that ended it
//	close.go       ending a job whose execution cannot end it
package workflow

import _ "embed"

//go:embed sync.asl.json
var definition string

// Definition is the state machine in Amazon States Language. The functions that it calls stand in it
// as ${FetchFunctionArn}, ${UpsertFunctionArn}, ${SettleFunctionArn} and ${FinishFunctionArn}.
func Definition() []byte { return []byte(definition) }
