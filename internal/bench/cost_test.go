//go:build cost

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/uuid"

	"github.com/usersync/usersync/internal/engine"
	"github.com/usersync/usersync/internal/local"
	"github.com/usersync/usersync/internal/store/dynamo"
	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/workflow"
)

// prices are those of docs/cost.md, in dollars.
func prices(t *testing.T) map[string]float64 {
	t.Helper()
	text, err := os.ReadFile("../../docs/cost.md")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]float64{}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 {
			continue
		}
		if price, err := strconv.ParseFloat(strings.TrimSpace(cells[2]), 64); err == nil {
			all[strings.TrimSpace(cells[1])] = price
		}
	}
	return all
}

// meter counts what a run uses. As a transport it asks the store for the units of each request.
type meter struct {
	http.RoundTripper
	mu          sync.Mutex
	units       map[string]float64 // read and write
	requests    int                // to the store
	transitions int
	steps       int
	seconds     float64 // of steps
}

// reads are the operations that use read units.
var reads = map[string]bool{"GetItem": true, "BatchGetItem": true, "Query": true, "Scan": true}

func (m *meter) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	var in map[string]any
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	in["ReturnConsumedCapacity"] = "TOTAL"
	if body, err = json.Marshal(in); err != nil {
		return nil, err
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	answer, err := m.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(answer.Body)
	answer.Body.Close()
	answer.Body = io.NopCloser(bytes.NewReader(text))
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	m.used(operation, text)
	return answer, err
}

// used adds the units that an answer says. A write that was refused is paid for too, and does not say so.
func (m *meter) used(operation string, text []byte) {
	type capacity struct{ CapacityUnits float64 }
	var one struct{ ConsumedCapacity capacity }
	var many struct{ ConsumedCapacity []capacity }
	units := 0.0
	switch {
	case json.Unmarshal(text, &many) == nil && len(many.ConsumedCapacity) > 0:
		for _, c := range many.ConsumedCapacity {
			units += c.CapacityUnits
		}
	case json.Unmarshal(text, &one) == nil && one.ConsumedCapacity.CapacityUnits > 0:
		units = one.ConsumedCapacity.CapacityUnits
	case bytes.Contains(text, []byte("ConditionalCheckFailed")):
		units = 1
	}
	kind := "write"
	if reads[operation] {
		kind = "read"
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.requests++
	m.units[kind] += units
}

// timed is an engine whose steps are counted.
type timed struct {
	workflow.Engine
	meter *meter
}

func (e timed) step(ctx context.Context, job engine.Ref, work func(context.Context, engine.Ref) (engine.Step, error)) (engine.Step, error) {
	began := time.Now()
	step, err := work(ctx, job)
	e.meter.mu.Lock()
	defer e.meter.mu.Unlock()
	e.meter.steps++
	e.meter.seconds += time.Since(began).Seconds()
	return step, err
}

func (e timed) Fetch(ctx context.Context, job engine.Ref) (engine.Step, error) {
	return e.step(ctx, job, e.Engine.Fetch)
}
func (e timed) Upsert(ctx context.Context, job engine.Ref) (engine.Step, error) {
	return e.step(ctx, job, e.Engine.Upsert)
}
func (e timed) Settle(ctx context.Context, job engine.Ref) (engine.Step, error) {
	return e.step(ctx, job, e.Engine.Settle)
}

// systems are a source of so many people, and a target that upserts by key and answers at once.
type systems struct{ people int }

func (s systems) Source(context.Context, usersync.Company) (usersync.Source, error) { return s, nil }
func (s systems) Target(context.Context, usersync.Company) (usersync.Target, usersync.Mapper, error) {
	return target{}, target{}, nil
}
func (s systems) LinkSet(usersync.Company) (usersync.LinkSet, error) { return "set", nil }
func (s systems) Check(context.Context) error                        { return nil }

const perPage = 500

func (s systems) Fetch(_ context.Context, at usersync.Cursor) (usersync.Page, error) {
	from, _ := strconv.Atoi(string(at)) // the first page's cursor is empty
	to := min(from+perPage, s.people)
	page := usersync.Page{Next: usersync.Cursor(strconv.Itoa(to)), Last: to == s.people}
	for i := from; i < to; i++ {
		page.Entries = append(page.Entries, usersync.Listed(personOf(i), i+1))
	}
	return page, nil
}

// target is what people are written to, and the mapping to it.
type target struct{ usersync.Target }

func (target) Traits() usersync.TargetTraits {
	return usersync.TargetTraits{UpsertsByKey: true, MaxInFlight: 50}
}
func (target) Key(r usersync.Record) (string, error) { return r.Text("code"), nil }
func (target) Create(_ context.Context, r usersync.Record) (usersync.Written, error) {
	return usersync.Written{ID: uuid.NewSHA1(uuid.NameSpaceURL, []byte(r.Text("code"))).String()}, nil
}
func (target) Map(p *usersync.Person) (usersync.Record, error) {
	return usersync.Record{
		{Name: "addr", Value: p.Addresses.Work.StreetAddress}, {Name: "code", Value: p.UserName}, {Name: "departmentCode", Value: p.DepartmentCode},
		{Name: "emailAddr", Value: p.Emails.Work}, {Name: "mobile", Value: p.Phones.Mobile}, {Name: "name", Value: p.DisplayName},
		{Name: "phone", Value: p.Phones.Work}, {Name: "postalNo", Value: p.Addresses.Work.PostalCode}, {Name: "title", Value: p.Title},
	}, nil
}

// personOf is a made-up person; the ids are as long as guids.
func personOf(i int) *usersync.Person {
	id := uuid.NewSHA1(uuid.NameSpaceOID, strconv.AppendInt(nil, int64(i), 10)).String()
	name := fmt.Sprintf("Person-%s Efternamn-%s", id[:6], id[9:13])
	p := &usersync.Person{ID: id, UserName: "u" + id[:8] + id[9:13], DisplayName: name, Title: "Handläggare", DepartmentCode: id[14:18]}
	p.Emails.Work = p.UserName + "@kommun.example"
	p.Phones.Work, p.Phones.Mobile = "+46 8 "+id[24:32], "+46 70 "+id[26:34]
	p.Addresses.Work.StreetAddress, p.Addresses.Work.PostalCode = "Storgatan "+strconv.Itoa(i%300), strconv.Itoa(10000+i%80000)
	return p
}

func TestAMillionUnchangedPeopleCostLittle(t *testing.T) {
	people := 100_000
	if n, err := strconv.Atoi(os.Getenv("COST_PEOPLE")); err == nil {
		people = n
	}
	m := &meter{RoundTripper: &http.Transport{MaxIdleConnsPerHost: 64, MaxConnsPerHost: 64}}
	client := dynamodb.New(dynamodb.Options{
		Region: "eu-north-1", BaseEndpoint: aws.String(os.Getenv("USERSYNC_DYNAMODB_ENDPOINT")),
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""), HTTPClient: &http.Client{Transport: m},
	})
	tables := dynamo.Tables{Main: "cost-main", Pages: "cost-pages"}
	m.units = map[string]float64{}
	if err := dynamo.CreateTables(t.Context(), client, tables); err != nil {
		t.Fatal(err)
	}
	for _, what := range []string{"new", "unchanged"} {
		m.mu.Lock()
		m.units, m.requests, m.transitions, m.steps, m.seconds = map[string]float64{}, 0, 0, 0, 0
		m.mu.Unlock()
		job := runJob(t, dynamo.New(client, tables, usersync.SystemClock{}), m, people)
		c := job.Counts
		if job.Status != usersync.Completed || what == "new" && c.Created != people || what == "unchanged" && c.Unchanged != people {
			t.Fatalf("%s: %+v %s", what, c, job.Error)
		}
		cost := m.cost(prices(t)) / float64(people) * 1e6
		fmt.Printf("%7d people %-10s  %8.0f read units  %8.0f write units  %6d requests  %4d transitions  %5.0f GB-s  = $%.3f a million\n",
			people, what, m.units["read"], m.units["write"], m.requests, m.transitions, m.seconds*memory, cost)
		if what == "unchanged" && cost > 0.20 {
			t.Errorf("a million unchanged people cost $%.3f, more than $0.20", cost)
		}
	}
}

// memory is what a step's function has, in GB.
const memory = 1.0

// cost is the formula of docs/cost.md.
func (m *meter) cost(price map[string]float64) float64 {
	return m.units["read"]*price["million read units"]/1e6 + m.units["write"]*price["million write units"]/1e6 +
		float64(m.transitions)*price["million state transitions"]/1e6 +
		m.seconds*memory*price["GB-second"] + float64(m.steps)*price["million calls of functions"]/1e6
}

// runJob runs one job through the state machine's own file.
func runJob(t *testing.T, store usersync.Store, m *meter, people int) usersync.Job {
	t.Helper()
	clock := usersync.SystemClock{}
	work := timed{engine.New(engine.Config{Store: store, Connectors: systems{people: people}, Clock: clock}), m}
	quiet := slog.New(slog.DiscardHandler)
	executions, err := local.NewExecutions(t.Context(), workflow.NewSteps(work, quiet), quiet, local.Options{
		Clock: clock, Trace: func(string, json.RawMessage) { m.mu.Lock(); m.transitions++; m.mu.Unlock() },
	})
	if err != nil {
		t.Fatal(err)
	}
	id := usersync.JobID(uuid.Must(uuid.NewV7()).String())
	lease, _, err := store.Acquire(t.Context(), company, id, clock.Now().Add(usersync.LeaseTerm))
	if err != nil {
		t.Fatal(err)
	}
	job := usersync.Job{ID: id, Company: company, CreatedAt: clock.Now(), UpdatedAt: clock.Now(), Settings: usersync.Company{ID: company}, Links: "set", Fence: lease.Fence}
	if err := store.CreateJob(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	input, err := json.Marshal(workflow.FirstState(&job))
	if err == nil {
		err = executions.Start(t.Context(), string(id), input)
	}
	if err == nil {
		err = executions.Wait(t.Context())
	}
	if err == nil {
		job, err = store.Job(t.Context(), company, id)
	}
	if err != nil {
		t.Fatal(err)
	}
	return job
}
