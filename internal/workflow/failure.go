package workflow

import (
	"encoding/json"
	"strings"

	"github.com/usersync/usersync/internal/engine"
	"github.com/usersync/usersync/internal/usersync"
)

// failure is the public reason for which a job that reached its last step in this state has failed;
// empty where it has not. Only the step's own answer finish leads to a good end: whoever comes here by
// another way has lost it.
func (s State) failure() string {
	switch {
	case s.Error != nil:
		return s.Error.message()
	case s.Next != engine.NextFinish:
		return "the job's workflow lost its way"
	}
	return ""
}

// message is what the job says. The text of a cause is copied only where it is ours: Lambda's JSON
// with the name of one of our codes. Everything else gets a sentence of our own.
func (f *Failure) message() string {
	var cause struct {
		Message string `json:"errorMessage"`
		Type    string `json:"errorType"`
	}
	_, ours := codes[usersync.Code(f.Error)]
	if ours && json.Unmarshal([]byte(f.Cause), &cause) == nil && cause.Type == f.Error && cause.Message != "" {
		return clip(cause.Message)
	}
	if sentence, ok := platform[f.Error]; ok {
		return sentence
	}
	if strings.HasPrefix(f.Error, "StepFunctions.") {
		return "the job could not be handed over to a fresh execution"
	}
	return "the job's workflow failed in an unforeseen way"
}
