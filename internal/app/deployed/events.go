package deployed

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"

	"github.com/usersync/usersync/internal/aws/metrics"
	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/workflow"
)

// Event is the handler of a function that events call. Its errors have names, and lead to the function's
// dead letters.
type Event func(context.Context, events.EventBridgeEvent) error

// Nightly starts the companies that are due, each time that its schedule calls it; and a company that a
// SyncRequested on the bus asks for.
func Nightly() Event {
	p := newParts()
	store := p.store()
	starter := p.starter(store)
	n := nightly{
		look:  &workflow.Nightly{Schedules: tenants{store}, Nights: store, Starter: starter, Clock: p.clock, Log: p.log},
		start: starter, metrics: p.metrics(), log: p.log,
	}
	return p.event(n.handle)
}

// Reap looks after jobs that no execution works on: all of them each time that its schedule calls it, one
// where its execution ended badly.
func Reap() Event {
	p := newParts()
	store := p.store()
	machine := p.machine()
	r := reap{
		reaper: &workflow.Reaper{
			Closer: p.closer(store), Starter: p.starter(store), Executions: machine, Viewer: machine, Schedules: tenants{store}, Log: p.log,
		},
		machine: p.env.need(stateMachine), metrics: p.metrics(),
	}
	return p.event(r.handle)
}

// event gives a handler's errors their names.
func (p *parts) event(handle func(context.Context, *events.EventBridgeEvent) error) Event {
	fault := p.ready()
	return func(ctx context.Context, e events.EventBridgeEvent) error {
		err := fault
		if err == nil {
			err = handle(ctx, &e)
		}
		if err != nil {
			return workflow.Boundary(ctx, p.log, err)
		}
		return nil
	}
}

// scheduled reports whether the event is a schedule's call.
func scheduled(e *events.EventBridgeEvent) bool {
	return e.DetailType == "Scheduled Event" && (e.Source == "aws.scheduler" || e.Source == "aws.events")
}

func unknownEvent() error {
	return &usersync.Error{Code: usersync.Validation, Field: "detail-type", Message: "the event's source and detail-type are not those of an event that this function is for"}
}

func invalidDetail(field, message string) error {
	return &usersync.Error{Code: usersync.Validation, Field: field, Message: message}
}

// nightly handles the events of the function nightly.
type nightly struct {
	look    *workflow.Nightly
	start   usersync.Starter
	metrics *metrics.Writer
	log     *slog.Logger
}

func (n *nightly) handle(ctx context.Context, e *events.EventBridgeEvent) error {
	switch {
	case scheduled(e):
		looked, err := n.look.Look(ctx)
		if looked.Due > 0 {
			n.metrics.Put(map[string]float64{
				metrics.NightsSkipped: float64(looked.Running), metrics.NightsRefused: float64(looked.Refused),
			}, nil)
		}
		return err
	case e.Source == "usersync" && e.DetailType == "SyncRequested":
		return n.requested(ctx, e)
	}
	return unknownEvent()
}

// requested starts the company that the event asks for, once however often the event comes.
func (n *nightly) requested(ctx context.Context, e *events.EventBridgeEvent) error {
	var detail struct {
		CompanyID any `json:"CompanyId"`
	}
	if err := json.Unmarshal(e.Detail, &detail); err != nil {
		return invalidDetail("detail", "the event's detail is no JSON object")
	}
	text, _ := detail.CompanyID.(string)
	id, ok := usersync.CanonicalGUID(text)
	switch {
	case !ok:
		return invalidDetail("detail.CompanyId", "the event's detail.CompanyId is missing or no guid")
	case e.ID == "":
		return invalidDetail("id", "the event has no id")
	}
	job, err := n.start.Start(ctx, usersync.StartRequest{
		Company: usersync.CompanyID(id), IdempotencyKey: "event " + e.ID, Body: sha256.Sum256([]byte(id)),
	})
	if err != nil {
		return err
	}
	if job.Status == usersync.Failed && job.Progress.Execution == 0 { // its execution was refused
		return usersync.E(usersync.Rejected, job.Error)
	}
	n.log.InfoContext(ctx, "a sync that was requested has been started", "job", job.ID, "company", job.Company)
	return nil
}

// reap handles the events of the function reap.
type reap struct {
	reaper  *workflow.Reaper
	machine string
	metrics *metrics.Writer
}

func (r *reap) handle(ctx context.Context, e *events.EventBridgeEvent) error {
	var swept workflow.Swept
	var err error
	switch {
	case scheduled(e):
		if swept, err = r.reaper.Sweep(ctx); err == nil {
			r.metrics.Put(map[string]float64{metrics.CompaniesOverdue: float64(swept.Overdue)}, nil)
		}
	case e.Source == "aws.states" && e.DetailType == "Step Functions Execution Status Change":
		swept, err = r.stopped(ctx, e)
	default:
		err = unknownEvent()
	}
	if swept.Reaped > 0 {
		r.metrics.Put(map[string]float64{metrics.JobsReaped: float64(swept.Reaped)}, nil)
	}
	return err
}

func (r *reap) stopped(ctx context.Context, e *events.EventBridgeEvent) (workflow.Swept, error) {
	var detail struct{ StateMachineArn, Name, Status, Error string }
	switch err := json.Unmarshal(e.Detail, &detail); {
	case err != nil:
		return workflow.Swept{}, invalidDetail("detail", "the event's detail is no execution's status")
	case detail.StateMachineArn != r.machine:
		return workflow.Swept{}, invalidDetail("detail.stateMachineArn", "the event is about another state machine")
	}
	switch detail.Status {
	case "FAILED":
		if detail.Error == "" { // not every event says it
			e, err := r.reaper.Viewer.Execution(ctx, detail.Name)
			if err != nil {
				return workflow.Swept{}, err
			}
			detail.Error = e.Error
		}
		return r.reaper.Stopped(ctx, detail.Name, detail.Error)
	case "TIMED_OUT", "ABORTED":
		return r.reaper.Stopped(ctx, detail.Name, "")
	}
	return workflow.Swept{}, invalidDetail("detail.status", "the event's status is not that of an execution that ended badly")
}
