package deployed

import (
	"os"
	"slices"
	"strings"

	"github.com/usersync/usersync/internal/usersync"
)

// The variables of the functions' environment, as template.yaml sets them.
const (
	tableName    = "TABLE_NAME"
	pagesName    = "PAGES_TABLE_NAME"
	stateMachine = "STATE_MACHINE_ARN"
	busName      = "EVENT_BUS_NAME"
	stackName    = "STACK_NAME"
	issuer       = "ISSUER"
	audience     = "AUDIENCE"      // may be empty
	companyClaim = "COMPANY_CLAIM" // may be empty
	inlineKeys   = "JWKS"          // may be empty: the issuer is asked for its keys
	origins      = "CORS_ORIGINS"  // may be empty: divided by spaces
	allowPrivate = "ALLOW_PRIVATE" // true, or anything else for no
)

// environment reads variables, and remembers those that it did not find.
type environment struct {
	lookUp  func(string) string
	missing []string
}

func newEnvironment() *environment { return &environment{lookUp: os.Getenv} }

// need is a variable without which the function cannot work.
func (e *environment) need(name string) string {
	value := e.lookUp(name)
	if value == "" && !slices.Contains(e.missing, name) {
		e.missing = append(e.missing, name)
	}
	return value
}

// complete is an error that names what is missing, if anything is.
func (e *environment) complete() error {
	if len(e.missing) == 0 {
		return nil
	}
	return usersync.E(usersync.Settings, "the function's environment is not complete: "+strings.Join(e.missing, ", ")+" must be set")
}
