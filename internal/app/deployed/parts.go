// Package deployed puts together what each Lambda function of template.yaml runs: the stores and services
// of AWS, the connectors, the job API, the directory, the steps and the nights. One constructor a
// function; none links SQLite, the command line or the local runner.
//
// A function whose environment is not complete answers each call with an error that names what is
// missing, and stays up.
package deployed

import (
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/usersync/usersync/internal/aws/bus"
	"github.com/usersync/usersync/internal/aws/clients"
	"github.com/usersync/usersync/internal/aws/metrics"
	"github.com/usersync/usersync/internal/aws/signed"
	"github.com/usersync/usersync/internal/aws/stepfunctions"
	"github.com/usersync/usersync/internal/store/dynamo"
	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/workflow"
)

// parts is what functions are made of. What fails while they are put together is kept in fault.
type parts struct {
	env   *environment
	clock usersync.Clock
	log   *slog.Logger
	aws   aws.Config
	fault error
}

func newParts() *parts {
	p := &parts{env: newEnvironment(), clock: usersync.SystemClock{}, log: lambdacontext.NewLogger()}
	p.aws, p.fault = clients.Config()
	return p
}

// ready is what stands in the function's way, if anything does.
func (p *parts) ready() error {
	if err := p.env.complete(); err != nil {
		return err
	}
	return p.fault
}

// store opens both tables.
func (p *parts) store() *dynamo.Store {
	tables := dynamo.Tables{Main: p.env.need(tableName), Pages: p.env.need(pagesName)}
	return dynamo.New(dynamodb.NewFromConfig(p.aws, func(o *dynamodb.Options) { o.BaseEndpoint = clients.Endpoint("DYNAMODB") }), tables, p.clock)
}

// metrics writes to the function's log.
func (p *parts) metrics() *metrics.Writer {
	return metrics.New(os.Stdout, p.env.need(stackName), p.clock, p.log)
}

// ends is told of jobs' ends.
func (p *parts) ends(store *dynamo.Store) usersync.Observer {
	endpoint := clients.EndpointOr("EVENTBRIDGE", "events", p.aws.Region)
	return observers{
		p.metrics(), bus.New(signed.New(p.aws, p.clock), endpoint, p.env.need(busName), p.log), successes{tenants: store, log: p.log},
	}
}

// closer ends jobs that no execution will end.
func (p *parts) closer(store *dynamo.Store) *workflow.Closer {
	return &workflow.Closer{Store: store, Clock: p.clock, Observer: p.ends(store)}
}

// machine is the deployed state machine.
func (p *parts) machine() *stepfunctions.Machine {
	arn := p.env.need(stateMachine)
	client := sfn.NewFromConfig(p.aws, func(o *sfn.Options) { o.BaseEndpoint = clients.Endpoint("SFN") })
	m, err := stepfunctions.New(client, arn)
	if err != nil && p.fault == nil {
		p.fault = err
	}
	return m
}
