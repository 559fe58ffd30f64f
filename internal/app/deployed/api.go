package deployed

import (
	"context"
	"net/http"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"github.com/usersync/usersync/internal/api"
	"github.com/usersync/usersync/internal/app"
	"github.com/usersync/usersync/internal/auth"
	"github.com/usersync/usersync/internal/aws/gateway"
	"github.com/usersync/usersync/internal/directory"
	"github.com/usersync/usersync/internal/store/dynamo"
	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/workflow"
)

// HTTP is the handler of a function behind API Gateway.
type HTTP func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error)

// Start serves the job API's requests that may start something: every POST.
func Start() HTTP {
	p := newParts()
	store := p.store()
	return p.serve(p.jobs(store, p.starter(store)))
}

// Status serves the rest of the job API.
func Status() HTTP {
	p := newParts()
	return p.serve(p.jobs(p.store(), startsNothing{}))
}

// Directory serves the built-in directory.
func Directory() HTTP {
	p := newParts()
	return p.serve(directory.NewHandler(directory.Config{Store: p.store(), Verifier: p.verifier(), Clock: p.clock, Log: p.log}))
}

// jobs is the job API.
func (p *parts) jobs(store *dynamo.Store, starter usersync.Starter) http.Handler {
	return api.New(api.Config{
		Starter: starter, Jobs: store, Rows: store, Ping: store.Ping, Verifier: p.verifier(), Clock: p.clock, Log: p.log, Origins: strings.Fields(p.env.lookUp(origins)),
		Beside: []api.Description{directory.Describe}, // the issuer is somebody else's
	})
}

// starter starts jobs of the companies whose settings are in the table.
func (p *parts) starter(store *dynamo.Store) *workflow.Starter {
	return workflow.NewStarter(p.closer(store), tenants{store}, app.Links{}, p.machine())
}

func (p *parts) verifier() auth.Verifier {
	return auth.NewVerifier(auth.VerifierConfig{
		Issuer: p.env.need(issuer), Audience: p.env.lookUp(audience), CompanyClaim: p.env.lookUp(companyClaim),
		InlineKeys: []byte(p.env.lookUp(inlineKeys)), HTTPClient: app.IssuerClient(), Clock: p.clock,
	})
}

// serve makes a function of an HTTP handler.
func (p *parts) serve(h http.Handler) HTTP {
	if err := p.ready(); err != nil {
		return gateway.Unready(usersync.Public(err))
	}
	return gateway.Handler(h)
}

// startsNothing is the starter of a function that is not asked to start.
type startsNothing struct{}

// Start implements usersync.Starter.
func (startsNothing) Start(context.Context, usersync.StartRequest) (usersync.Job, error) {
	return usersync.Job{}, usersync.E(usersync.Unavailable, "a job is started with POST")
}
