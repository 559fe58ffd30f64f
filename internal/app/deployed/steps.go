package deployed

import (
	"context"
	"time"

	"github.com/usersync/usersync/internal/app"
	"github.com/usersync/usersync/internal/aws/clients"
	"github.com/usersync/usersync/internal/aws/secrets"
	"github.com/usersync/usersync/internal/aws/signed"
	"github.com/usersync/usersync/internal/engine"
	"github.com/usersync/usersync/internal/settings"
	"github.com/usersync/usersync/internal/workflow"
)

// Step is the handler of a task of the state machine.
type Step func(context.Context, workflow.State) (workflow.State, error)

// margin is what a step leaves of its function's time: to write what it has, and to answer.
const margin = 8 * time.Second

// Fetch stages pages.
func Fetch() Step { return task((*workflow.Steps).Fetch) }

// Upsert applies them.
func Upsert() Step { return task((*workflow.Steps).Upsert) }

// Settle counts, and removes who left.
func Settle() Step { return task((*workflow.Steps).Settle) }

// Finish ends the job. It opens no system.
func Finish() Step {
	p := newParts()
	store := p.store()
	work := engine.New(engine.Config{Store: store, Clock: p.clock, Log: p.log, Observer: p.ends(store)})
	return p.step(workflow.NewSteps(work, p.log).Finish)
}

// task is a step that opens the company's systems.
func task(step func(*workflow.Steps, context.Context, workflow.State) (workflow.State, error)) Step {
	p := newParts()
	store := p.store()
	kept := secrets.New(signed.New(p.aws, p.clock), secrets.Endpoints{
		SecretsManager: clients.EndpointOr("SECRETS_MANAGER", "secretsmanager", p.aws.Region), SSM: clients.EndpointOr("SSM", "ssm", p.aws.Region),
	}, p.clock, settings.TenantReferenceFault)
	systems := app.NewConnectors(app.Systems{
		Secrets: kept.Of, AllowPrivate: p.env.lookUp(allowPrivate) == "true", Directory: store, Clock: p.clock,
	})
	work := engine.New(engine.Config{Store: store, Connectors: systems, Clock: p.clock, Log: p.log, Observer: p.metrics()})
	steps := workflow.NewSteps(renewing{work, kept}, p.log)
	return p.step(func(ctx context.Context, in workflow.State) (workflow.State, error) { return step(steps, ctx, in) })
}

// step bounds a handler by its function's time.
func (p *parts) step(handle Step) Step {
	fault := p.ready()
	return func(ctx context.Context, in workflow.State) (workflow.State, error) {
		if fault != nil {
			return workflow.State{}, workflow.Boundary(ctx, p.log, fault)
		}
		if deadline, ok := ctx.Deadline(); ok {
			var cancel context.CancelFunc
			ctx, cancel = context.WithDeadline(ctx, deadline.Add(-margin))
			defer cancel()
		}
		return handle(ctx, in)
	}
}
