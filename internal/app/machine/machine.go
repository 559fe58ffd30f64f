// Package machine is usersync whole in one process on one machine: SQLite, the local runner, the job
// API, the directory and the built-in issuer, put together.
package machine

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/usersync/usersync/internal/api"
	"github.com/usersync/usersync/internal/app"
	"github.com/usersync/usersync/internal/auth"
	"github.com/usersync/usersync/internal/directory"
	"github.com/usersync/usersync/internal/engine"
	"github.com/usersync/usersync/internal/local"
	"github.com/usersync/usersync/internal/settings"
	"github.com/usersync/usersync/internal/store/sqlite"
	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/workflow"
)

const (
	stopWithin = 8 * time.Second // for steps to come to a safe point when the machine closes
	sweepEvery = time.Minute
	lookEvery  = 15 * time.Second // for companies that are due
)

// Options says what a machine is made from.
type Options struct {
	Settings *settings.File
	Data     string // the data folder; made where there is none
	Log      *slog.Logger
	// Trace is told of each state that an execution enters; nil: nobody is.
	Trace func(state string, input []byte)
}

// Machine is all of usersync in one process, on one data folder, which belongs to it alone.
type Machine struct {
	settings   *settings.File
	log        *slog.Logger
	clock      usersync.Clock
	db         *sqlite.DB
	issuer     *auth.Issuer
	starter    *workflow.Starter
	executions *local.Executions
	resumer    *local.Resumer
	nightly    *workflow.Nightly
	unlock     func()
	stopped    bool
}

// Open takes the data folder and puts everything together; nothing runs yet.
// Errors: Conflict where another process has the folder; Settings.
func Open(ctx context.Context, o Options) (*Machine, error) {
	unlock, err := sqlite.Lock(o.Data)
	if err != nil {
		return nil, err
	}
	m := &Machine{settings: o.Settings, log: o.Log, clock: usersync.SystemClock{}, unlock: unlock}
	if err := m.compose(ctx, o); err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

func (m *Machine) compose(ctx context.Context, o Options) (err error) {
	if m.db, err = sqlite.Open(o.Data, m.clock); err != nil {
		return err
	}
	if m.issuer, err = auth.OpenIssuer(o.Data, m.clock); err != nil {
		return err
	}
	systems := connectors(o.Settings, m.db, m.clock)
	work := engine.New(engine.Config{Store: m.db, Connectors: systems, Clock: m.clock, Log: o.Log})
	options := local.Options{Clock: m.clock}
	if o.Trace != nil {
		options.Trace = func(state string, input json.RawMessage) { o.Trace(state, input) }
	}
	if m.executions, err = local.NewExecutions(ctx, workflow.NewSteps(work, o.Log), o.Log, options); err != nil {
		return err
	}
	closer := &workflow.Closer{Store: m.db, Clock: m.clock}
	companies := settings.NewCompanies(o.Settings.Companies)
	m.starter = workflow.NewStarter(closer, companies, systems, m.executions)
	m.nightly = &workflow.Nightly{Schedules: companies, Nights: m.db, Starter: m.starter, Clock: m.clock, Log: o.Log}
	m.resumer = local.NewResumer(closer, m.executions, o.Log)
	return nil
}

// Resume takes up the jobs of the companies that an earlier process left unfinished; it returns all
// unfinished jobs, by company.
func (m *Machine) Resume(ctx context.Context, companies ...usersync.CompanyID) (map[usersync.CompanyID]usersync.JobID, error) {
	if _, err := m.resumer.Once(ctx, companies...); err != nil {
		return nil, err
	}
	jobs, err := m.db.Unfinished(ctx)
	unfinished := map[usersync.CompanyID]usersync.JobID{}
	for _, j := range jobs {
		unfinished[j.Company] = j.ID
	}
	return unfinished, err
}

// Watch takes up unfinished jobs, now and once a minute, starts the companies that are due, and removes
// expired rows, until the context ends.
func (m *Machine) Watch(ctx context.Context) {
	go m.resumer.Run(ctx)
	go m.nights(ctx)
	for m.clock.Wait(ctx, sweepEvery) == nil {
		m.sweep(ctx)
	}
}

func (m *Machine) sweep(ctx context.Context) {
	if err := m.db.Sweep(ctx); err != nil && ctx.Err() == nil {
		m.log.WarnContext(ctx, "expired rows could not all be removed", "code", usersync.CodeOf(err), "error", usersync.Public(err))
	}
}

// Sweeping removes expired rows once, beside the jobs, in a process that does not Watch. stop returns when nothing
// is removed any more; what is left is for the next process.
func (m *Machine) Sweeping(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var sweeping sync.WaitGroup
	sweeping.Go(func() { m.sweep(ctx) })
	return func() {
		cancel()
		sweeping.Wait()
	}
}

// nights starts the companies that are due, also those whose time came while nothing was running.
func (m *Machine) nights(ctx context.Context) {
	for {
		if _, err := m.nightly.Look(ctx); err != nil && ctx.Err() == nil {
			m.log.WarnContext(ctx, "the schedules could not all be looked after", "code", usersync.CodeOf(err), "error", usersync.Public(err))
		}
		if m.clock.Wait(ctx, lookEvery) != nil {
			return
		}
	}
}

// Done is closed as soon as nothing works on the job in this process any more.
func (m *Machine) Done(job usersync.JobID) <-chan struct{} { return m.executions.Done(job) }

// Wait returns when no execution is running any more, or with ctx: a job has ended a moment before its
// execution has.
func (m *Machine) Wait(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, stopWithin)
	defer cancel()
	_ = m.executions.Wait(ctx) // Close does the rest
}

// Stop lets running steps come to a safe point, as long as the context lasts. Jobs that have not ended go on with
// the next Resume.
func (m *Machine) Stop(ctx context.Context) {
	m.stopped = true
	if err := m.executions.Shutdown(ctx); err != nil {
		m.log.Warn("not every step came to a safe point in time; the jobs go on with the next start all the same")
	}
}

// Close stops what has not been stopped, and gives the data folder back.
func (m *Machine) Close() {
	if m.executions != nil && !m.stopped {
		ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
		defer cancel()
		m.Stop(ctx)
	}
	if m.db != nil {
		_ = m.db.Close() // what was written is written
	}
	m.unlock()
}

// Handler serves the job API, the directory and, unless the settings name another, the issuer, for
// clients that reach it under the address.
func (m *Machine) Handler(ctx context.Context, address string) (http.Handler, error) {
	verifier, beside := m.issuer.Verifier(address), []api.Description{directory.Describe}
	front := &front{}
	if a := m.settings.Auth; a.Issuer != "" {
		verifier = auth.NewVerifier(auth.VerifierConfig{
			Issuer: a.Issuer, Audience: a.Audience, CompanyClaim: a.CompanyClaim, Clock: m.clock, HTTPClient: app.IssuerClient(),
		})
	} else {
		clients, err := m.clients(ctx)
		if err != nil {
			return nil, err
		}
		front.issuer, beside = m.issuer.Handler(address, clients), append(beside, auth.Describe)
	}
	front.jobs = m.jobs(verifier, beside...)
	front.people = directory.NewHandler(directory.Config{Store: m.db, Verifier: verifier, Clock: m.clock, Log: m.log})
	return front, nil
}

func (m *Machine) jobs(verifier auth.Verifier, beside ...api.Description) http.Handler {
	return api.New(api.Config{
		Starter: m.starter, Jobs: m.db, Rows: m.db, Ping: m.db.Ping, Verifier: verifier, Clock: m.clock, Log: m.log, Origins: m.settings.Network.Origins, Beside: beside,
	})
}

// clients are the clients of the built-in issuer, with their secrets.
func (m *Machine) clients(ctx context.Context) ([]auth.Client, error) {
	var all []auth.Client
	for _, c := range m.settings.Auth.Clients {
		secret, err := app.Secrets(m.settings).Secret(ctx, c.Secret)
		if err != nil {
			return nil, err
		}
		all = append(all, auth.Client{ID: c.ID, Secret: secret, Company: c.Company, Roles: c.Roles, Scopes: c.Scopes})
	}
	return all, nil
}

// Client calls the job API in this process, without a network.
func (m *Machine) Client() *http.Client {
	return &http.Client{Transport: inProcess{m.jobs(m.issuer.Verifier(""))}}
}

// Token is a login for Client that may do everything for the company.
func (m *Machine) Token(company usersync.CompanyID) (string, error) {
	return m.issuer.Token(auth.TokenRequest{Company: company, Roles: []string{"superadmin"}, TTL: 24 * time.Hour})
}

// connectors opens the systems of a settings file, with the directory of this machine.
func connectors(f *settings.File, people directory.Store, clock usersync.Clock) usersync.Connectors {
	secrets := app.Secrets(f)
	return app.NewConnectors(app.Systems{
		Secrets: func(usersync.CompanyID) usersync.Secrets { return secrets }, AllowPrivate: f.Network.AllowPrivate, Directory: people, Clock: clock,
	})
}
