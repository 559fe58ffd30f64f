package engine

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/usersync/usersynctest"
)

// tester is what testing and rapid have in common.
type tester interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
	Context() context.Context
}

// world is one company with its store, source and target, and the engine that works on them.
type world struct {
	t      tester
	clock  *usersynctest.Clock
	store  *memory
	source usersync.Source
	target *scripted
	engine *Engine
	log    bytes.Buffer
	jobs   int
}

const company = usersync.CompanyID("3f2504e0-4f89-41d3-9a0c-0305e82c3301")

func newWorld(t tester, traits usersync.TargetTraits) *world {
	w := &world{t: t, clock: usersynctest.NewClock()}
	w.store = newMemory(w.clock)
	w.target = newScripted(&w.store.fuse, traits)
	w.engine = New(Config{Store: w.store, Connectors: w, Clock: w.clock, Log: slog.New(slog.NewTextHandler(&w.log, nil))})
	return w
}

func (w *world) Source(context.Context, usersync.Company) (usersync.Source, error) {
	return w.source, nil
}

func (w *world) Target(context.Context, usersync.Company) (usersync.Target, usersync.Mapper, error) {
	return w.target, mapper{}, nil
}

func (w *world) LinkSet(usersync.Company) (usersync.LinkSet, error) { return "set", nil }

// begin starts a job under the company's lease.
func (w *world) begin(full bool) Ref {
	w.t.Helper()
	w.jobs++
	id := usersync.JobID("job-" + strconv.Itoa(w.jobs))
	lease, _, err := w.store.Acquire(w.t.Context(), company, id, w.clock.Now().Add(usersync.LeaseTerm))
	if err != nil {
		w.t.Fatal(err)
	}
	job := usersync.Job{
		ID: id, Company: company, CreatedAt: w.clock.Now(), UpdatedAt: w.clock.Now(), Full: full,
		Settings: usersync.Company{ID: company}, Links: "set", Fence: lease.Fence,
	}
	if err := w.store.CreateJob(w.t.Context(), job); err != nil {
		w.t.Fatal(err)
	}
	return Ref{Job: id, Company: company, Fence: lease.Fence}
}

var errEndless = errors.New("the job does not end")

// drive calls step after step as the workflow does, until the job has ended or a step fails.
func (w *world) drive(ref Ref, from Next) error {
	ctx := w.t.Context()
	steps := map[Next]func(context.Context, Ref) (Step, error){
		NextFetch: w.engine.Fetch, NextUpsert: w.engine.Upsert, NextSettle: w.engine.Settle,
	}
	for range 2000 {
		if from == NextFinish {
			return w.engine.Finish(ctx, ref, "")
		}
		step, err := steps[from](ctx, ref)
		if err != nil {
			return err
		}
		w.clock.Advance(step.Wait)
		from = step.Next
	}
	return errEndless
}

// sync runs a whole job over the pages and returns it as it ended.
func (w *world) sync(pages ...[]usersync.Entry) usersync.Job {
	w.t.Helper()
	w.source = &listed{pages: pages}
	ref := w.begin(false)
	if err := w.drive(ref, NextFetch); err != nil {
		w.t.Fatal(err)
	}
	w.clock.Advance(time.Minute)
	return w.store.jobs[ref.Job]
}

func (w *world) outcomes(job usersync.JobID) []usersync.Outcome {
	w.t.Helper()
	total, found, err := Outcomes(w.t.Context(), w.store, job, "", 0, 1_000_000)
	if err != nil || total != len(found) {
		w.t.Fatalf("%d of %d outcomes: %v", len(found), total, err)
	}
	return found
}

// content is what the target holds, by code.
func (w *world) content() map[string]string {
	content := map[string]string{}
	for _, r := range w.target.records {
		if _, twice := content[r.Text("code")]; twice {
			w.t.Errorf("the target has two records with code %q", r.Text("code"))
		}
		content[r.Text("code")] = r.Text("name")
	}
	return content
}

// count is how many requests of a kind the target has had.
func (s *scripted) count(op string) int {
	n := 0
	for _, asked := range s.asked {
		if strings.HasPrefix(asked, op) {
			n++
		}
	}
	return n
}

// person is an entry whose code is derived from its key.
func person(key, name string) usersync.Entry {
	return usersync.Listed(&usersync.Person{ID: key, UserName: "c-" + key, DisplayName: name}, 0)
}

func inactive(key string) usersync.Entry {
	e := person(key, "inactive")
	e.Person.Active = new(false)
	return e
}

func faulty(key string) usersync.Entry {
	return usersync.Entry{Key: key, Fault: "phones.mobile is not text"}
}

func unmappable(key string) usersync.Entry {
	return usersync.Listed(&usersync.Person{ID: key}, 0)
}

// The kinds of targets that a create in doubt is different for.
var kinds = map[string]usersync.TargetTraits{
	"upserts by key": {UpsertsByKey: true, MaxInFlight: 4, TimeOut: 30},
	"can look up":    {CanLookUp: true, MaxInFlight: 4, TimeOut: 30},
	"neither":        {MaxInFlight: 4, TimeOut: 30},
}
