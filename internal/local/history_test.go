//go:build verify

package local_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/google/uuid"

	"github.com/usersync/usersync/internal/engine"
	"github.com/usersync/usersync/internal/local"
	"github.com/usersync/usersync/internal/store/sqlite"
	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/usersync/usersynctest"
	"github.com/usersync/usersync/internal/workflow"
)

// deployment is the product's own steps, on a store, as the functions of one job on the engine.
type deployment struct {
	clock  *usersynctest.Clock
	store  *sqlite.DB
	steps  *workflow.Steps
	source usersync.Source
	people people

	mu     sync.Mutex
	handed []string // executions that were handed over to
}

func deploy(t *testing.T, source func(*usersynctest.Clock) usersync.Source) *deployment {
	t.Helper()
	d := &deployment{clock: usersynctest.NewClock()}
	d.source = source(d.clock)
	var err error
	if d.store, err = sqlite.Open(t.TempDir(), d.clock); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.store.Close() })
	d.steps = workflow.NewSteps(engine.New(engine.Config{Store: d.store, Connectors: d, Clock: d.clock}), slog.New(slog.DiscardHandler))
	return d
}

// run runs a job on the engine to its end, and returns it with the history of each of its executions.
func (d *deployment) run(t *testing.T) (usersync.Job, [][]types.HistoryEvent) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	id := usersync.JobID(uuid.NewString())
	lease, _, err := d.store.Acquire(ctx, company, id, d.clock.Now().Add(usersync.LeaseTerm))
	if err != nil {
		t.Fatal(err)
	}
	job := usersync.Job{ID: id, Company: company, CreatedAt: d.clock.Now(), UpdatedAt: d.clock.Now(), Settings: usersync.Company{ID: company}, Links: "set", Fence: lease.Fence}
	if err := d.store.CreateJob(ctx, job); err != nil {
		t.Fatal(err)
	}
	e := engineOf(t)
	machine := e.machine(t, workflow.Definition())
	if err := e.start(ctx, machine, string(id), input(&job), d); err != nil {
		t.Fatal(err)
	}
	var histories [][]types.HistoryEvent
	for name := string(id); name != ""; {
		events, err := e.ended(ctx, machine, name)
		if err != nil {
			t.Fatal(err)
		}
		histories = append(histories, events)
		name = ""
		d.mu.Lock()
		if len(d.handed) >= len(histories) {
			name = d.handed[len(histories)-1]
		}
		d.mu.Unlock()
	}
	if job, err = d.store.Job(ctx, company, id); err != nil {
		t.Fatal(err)
	}
	return job, histories
}

func (d *deployment) invoke(ctx context.Context, _, function string, input json.RawMessage) (json.RawMessage, *local.Error) {
	handlers := map[string]func(context.Context, workflow.State) (workflow.State, error){
		"Fetch": d.steps.Fetch, "Upsert": d.steps.Upsert, "Settle": d.steps.Settle, "Finish": d.steps.Finish,
	}
	var in workflow.State
	err := json.Unmarshal(input, &in)
	if err == nil {
		if out, failed := handlers[function](ctx, in); failed == nil {
			text, _ := json.Marshal(out)
			return text, nil
		} else {
			err = failed
		}
	}
	name, cause := workflow.Reported(err)
	return nil, &local.Error{Name: name, Cause: cause}
}

func (d *deployment) startExecution(request handOver) (start bool, failed *local.Error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.handed = append(d.handed, request.Name)
	return true, nil
}

func (d *deployment) wait(_, seconds string) {
	s, _ := strconv.ParseFloat(seconds, 64)
	d.clock.Advance(time.Duration(s * float64(time.Second)))
}

func (d *deployment) Source(context.Context, usersync.Company) (usersync.Source, error) {
	return d.source, nil
}

func (d *deployment) Target(context.Context, usersync.Company) (usersync.Target, usersync.Mapper, error) {
	return &d.people, &d.people, nil
}

func (d *deployment) LinkSet(usersync.Company) (usersync.LinkSet, error) { return "set", nil }

// people is a target that upserts by key, and the mapping to it.
type people struct{ usersync.Target }

func (p *people) Traits() usersync.TargetTraits {
	return usersync.TargetTraits{UpsertsByKey: true, MaxInFlight: 8}
}
func (p *people) Key(r usersync.Record) (string, error) { return r.Text("code"), nil }
func (p *people) Create(_ context.Context, r usersync.Record) (usersync.Written, error) {
	return usersync.Written{ID: "t" + r.Text("code")}, nil
}
func (p *people) Map(person *usersync.Person) (usersync.Record, error) {
	return usersync.Record{{Name: "code", Value: person.UserName}}, nil
}

// pages is a source of so many pages with one person each, of which each takes its time.
type pages struct {
	n     int
	takes time.Duration
	clock *usersynctest.Clock
	fails error
}

func (s *pages) Check(context.Context) error { return nil }

func (s *pages) Fetch(_ context.Context, at usersync.Cursor) (usersync.Page, error) {
	n, _ := strconv.Atoi(string(at))
	s.clock.Advance(s.takes)
	name := fmt.Sprintf("person-%d", n)
	return usersync.Page{
		Entries: []usersync.Entry{usersync.Listed(&usersync.Person{ID: name, UserName: name}, n+1)},
		Next:    usersync.Cursor(strconv.Itoa(n + 1)), Last: n+1 >= s.n,
	}, s.fails
}

func TestAPageLeavesAtMost14EventsInTheHistory(t *testing.T) {
	const atMost, perExecution = 14, 30 // the second is for an execution's beginning and end
	for _, c := range []struct {
		about      string
		pages      int
		takes      time.Duration
		executions int
		most       int
	}{
		{"ten pages a step", 300, 0, 1, atMost*300/10 + perExecution},
		// More than 500 steps: the worst that can be without errors, and a hand-over.
		{"a page a step", 260, 61 * time.Second, 2, atMost*260 + 2*perExecution},
	} {
		d := deploy(t, func(clock *usersynctest.Clock) usersync.Source {
			return &pages{n: c.pages, takes: c.takes, clock: clock}
		})
		job, histories := d.run(t)
		if job.Status != usersync.Completed || job.Counts.Created != c.pages || len(histories) != c.executions {
			t.Fatalf("%s: %s, %+v, %d executions", c.about, job.Status, job.Counts, len(histories))
		}
		events := 0
		for _, h := range histories {
			events += len(h)
			if len(h) >= 20_000 {
				t.Errorf("%s: a history of %d events", c.about, len(h))
			}
		}
		t.Logf("%s: %d pages, %d events, %.2f a page", c.about, c.pages, events, float64(events)/float64(c.pages))
		if events > c.most {
			t.Errorf("%s: %d events for %d pages, more than %d", c.about, events, c.pages, c.most)
		}
	}
}

func TestAJobThatFailsOnAnotherEngineSaysWhy(t *testing.T) {
	for code, attempts := range map[usersync.Code]int{usersync.Unauthorized: 1, usersync.Unavailable: 8} {
		d := deploy(t, func(clock *usersynctest.Clock) usersync.Source {
			return &pages{n: 1, clock: clock, fails: usersync.E(code, "the login «æ» is refused")}
		})
		job, histories := d.run(t)
		if job.Status != usersync.Failed || job.Error != "the source: the login «æ» is refused" {
			t.Errorf("%s: %s, %q", code, job.Status, job.Error)
		}
		failed := 0
		for _, event := range histories[0] {
			if event.Type == types.HistoryEventTypeLambdaFunctionFailed {
				failed++
			}
		}
		if failed != attempts {
			t.Errorf("%s: %d attempts, want %d", code, failed, attempts)
		}
		if _, _, err := d.store.Acquire(t.Context(), company, usersync.JobID(uuid.NewString()), d.clock.Now().Add(usersync.LeaseTerm)); err != nil {
			t.Errorf("%s: the lease is still held: %v", code, err)
		}
	}
}
