//go:build verify

package main

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/google/uuid"

	"github.com/usersync/usersync/internal/usersync"
)

// The companies of testdata/companies.yaml.
const (
	betweenTwo  = "11111111-1111-4111-8111-111111111111"
	onTheBus    = "22222222-2222-4222-8222-222222222222"
	dueAtNight  = "33333333-3333-4333-8333-333333333333"
	noCompany   = "44444444-4444-4444-8444-444444444444"
	noSecret    = "55555555-5555-4555-8555-555555555555"
	people      = 2000
	requested   = "SyncRequested"
	statusEvent = "Step Functions Execution Status Change"
)

// TestTheWholeChain goes through a day of a deployment; each part builds on those before it.
func TestTheWholeChain(t *testing.T) {
	c := deployment(t)
	c.fill(c.websak("usersync"), people)
	parts := []struct {
		name string
		try  func(*chain)
	}{
		{"AStartSyncsEverybodyAndASecondOneIsRefusedMeanwhile", startOnce},
		{"AStoppedExecutionIsReaped", reapStopped},
		{"AnEventStartsItsCompanyOnce", startByEvent},
		{"TheDirectoryAnswers", useDirectory},
		{"ADueCompanyIsStartedOnce", startAtNight},
		{"AMissingSecretFailsTheJobAndSaysWhich", failWithoutSecret},
		{"AJobThatStoppedWithoutAnEndHoldsNobodyUp", takeOver},
		{"TheSweepStartsWhatHasNoExecutionAndEndsWhatHasLostIt", sweep},
		{"WhatIsNoEventIsRefusedByName", refuseEvents},
		{"EachFunctionMayDoWhatItDidAndNothingElse", comparePolicies},
	}
	for _, part := range parts {
		if !t.Run(part.name, func(t *testing.T) { part.try(&chain{t: t, store: c.store, sfn: c.sfn}) }) {
			t.FailNow()
		}
	}
}

func startOnce(c *chain) {
	token := c.token(betweenTwo)
	j, status := c.start(token, map[string]any{"CompanyId": betweenTwo})
	if status != http.StatusOK || j.StatusName != "Pending" {
		c.t.Fatalf("start: %d %+v", status, j)
	}
	if status := c.call("GET", os.Getenv("USERSYNC_API")+"/healthz", "", nil, nil); status != http.StatusOK {
		c.t.Errorf("health: %d", status)
	}
	if _, status := c.startAs(token, "a key", nil); status != http.StatusBadRequest {
		c.t.Errorf("a key with a space: %d", status)
	}
	if _, status := c.startAs(token, "a-key", nil); status != http.StatusConflict {
		c.t.Errorf("a second start with a key: %d", status)
	}
	second, status := c.start(token, nil)
	if status != http.StatusConflict || second.ResponseStatus == nil || second.ResponseStatus.Meta["JobId"] != j.ID {
		c.t.Errorf("a second start: %d %+v", status, second.ResponseStatus)
	}
	seen := c.until(token, j.ID, ended)
	grown := map[int]bool{}
	for _, s := range seen {
		grown[s.UsersFound+s.UsersCreated] = true
	}
	if len(grown) < 3 {
		c.t.Errorf("the counts did not grow: %v", grown)
	}
	last := seen[len(seen)-1]
	if last.StatusName != "Completed" || last.UsersFound != people || last.UsersCreated != people || last.UsersFailed != 0 {
		c.t.Errorf("ended as %+v", last)
	}
	codes := map[any]bool{}
	users := c.users(c.websak("archive"))
	for _, u := range users {
		codes[u["code"]] = true
	}
	if len(users) != people || len(codes) != people {
		c.t.Errorf("the target lists %d people with %d codes", len(users), len(codes))
	}
}

// executionOf is the address of a job's first execution.
func executionOf(id string) string {
	return strings.Replace(os.Getenv("USERSYNC_STATE_MACHINE"), ":stateMachine:", ":execution:", 1) + ":" + id
}

// reap tells that a job's execution was stopped.
func (c *chain) reap(id string) (fault string) {
	c.t.Helper()
	return c.invoke("ReapFunction", event("aws.states", statusEvent, "e-"+id, map[string]any{
		"executionArn": executionOf(id), "stateMachineArn": os.Getenv("USERSYNC_STATE_MACHINE"), "name": id, "status": "ABORTED",
	}))
}

func reapStopped(c *chain) {
	token := c.token(betweenTwo)
	j, status := c.start(token, map[string]any{"Full": true})
	if status != http.StatusOK {
		c.t.Fatalf("start: %d", status)
	}
	c.until(token, j.ID, func(j job) bool { return j.Status == 1 })
	execution := executionOf(j.ID)
	if _, err := c.sfn.StopExecution(c.t.Context(), &sfn.StopExecutionInput{ExecutionArn: &execution, Error: aws.String("Stopped")}); err != nil {
		c.t.Fatal(err)
	}
	if fault := c.reap(j.ID); fault != "" {
		c.t.Errorf("reap: %s", fault)
	}
	if got := c.get(token, j.ID); got.StatusName != "Failed" || !strings.Contains(got.ErrorMessage, "stopped") {
		c.t.Errorf("the job is %+v", got)
	}
	next, status := c.start(token, nil)
	if status != http.StatusOK {
		c.t.Fatalf("a start after it: %d %+v", status, next.ResponseStatus)
	}
	seen := c.until(token, next.ID, ended)
	if last := seen[len(seen)-1]; last.StatusName != "Completed" || last.UsersFound != people || last.UsersCreated != 0 {
		c.t.Errorf("which ended as %+v", last)
	}
}

func startByEvent(c *chain) {
	token := c.token(onTheBus)
	school, library := c.websak("school"), c.websak("library")
	c.fill(school, 3)
	ask := func(id string) string {
		return c.invoke("NightlyFunction", event("usersync", requested, id, map[string]any{"CompanyId": strings.ToUpper(onTheBus)}))
	}
	for range 2 {
		if fault := ask("53dc4d37"); fault != "" {
			c.t.Errorf("nightly: %s", fault)
		}
		started := c.list(token)
		if len(started) != 1 {
			c.t.Fatalf("%d jobs after the event", len(started))
		}
		c.until(token, started[0].ID, ended)
	}
	first := c.users(school)[0]
	if status := c.call("PUT", os.Getenv("USERSYNC_WEBSAK")+"/directory/api/Users/"+first["gidId"].(string), school, map[string]any{"code": "renamed", "name": "Renamed"}, nil); status != http.StatusOK {
		c.t.Fatalf("renaming: %d", status)
	}
	busy := c.abandon(onTheBus, usersync.Processing, time.Hour)
	if fault := ask("e3"); fault != "Conflict" {
		c.t.Errorf("an event while a job runs: %q", fault)
	}
	if fault := c.reap(busy); fault != "" {
		c.t.Errorf("reap: %s", fault)
	}
	j, status := c.start(token, nil)
	if status != http.StatusOK {
		c.t.Fatalf("start: %d", status)
	}
	seen := c.until(token, j.ID, ended)
	if last := seen[len(seen)-1]; last.UsersFound != 3 || last.UsersUpdated != 1 || last.UsersUnchanged != 2 || len(c.users(library)) != 3 {
		c.t.Errorf("after a new name: %+v, %d people", last, len(c.users(library)))
	}
	if fault := c.invoke("NightlyFunction", event("usersync", requested, "e2", map[string]any{"CompanyId": noCompany})); fault != "NotFound" {
		c.t.Errorf("a company that is not there: %q", fault)
	}
}

func startAtNight(c *chain) {
	token := c.token(dueAtNight)
	call := func() {
		c.t.Helper()
		if fault := c.invoke("NightlyFunction", event("aws.scheduler", "Scheduled Event", "n", map[string]any{})); fault != "" {
			c.t.Errorf("nightly: %s", fault)
		}
	}
	call() // the first look ever: nobody is due
	if jobs := c.list(token); len(jobs) != 0 {
		c.t.Fatalf("%d jobs before anybody was due", len(jobs))
	}
	// The company's time was five minutes ago, and the last look an hour ago.
	tenant, err := c.store.Tenant(c.t.Context(), dueAtNight)
	if err != nil {
		c.t.Fatal(err)
	}
	looked, err := c.store.LookedUntil(c.t.Context())
	if err != nil || looked.IsZero() {
		c.t.Fatalf("looked until %v, %v", looked, err)
	}
	due := looked.Add(-5 * time.Minute)
	tenant.PutAt, tenant.Schedule = looked.Add(-24*time.Hour), &usersync.Schedule{At: due.UTC().Format("15:04"), Zone: "UTC"}
	if err := c.store.PutTenant(c.t.Context(), tenant); err != nil {
		c.t.Fatal(err)
	}
	if err := c.store.SaveLookedUntil(c.t.Context(), looked, looked.Add(-time.Hour)); err != nil {
		c.t.Fatal(err)
	}
	for range 3 {
		call()
		started := c.list(token)
		if len(started) != 1 {
			c.t.Fatalf("%d jobs of a company that is due once", len(started))
		}
		c.until(token, started[0].ID, ended)
	}
}

func failWithoutSecret(c *chain) {
	token := c.token(noSecret)
	j, status := c.start(token, nil)
	if status != http.StatusOK {
		c.t.Fatalf("start: %d", status)
	}
	seen := c.until(token, j.ID, ended)
	if last := seen[len(seen)-1]; last.StatusName != "Failed" || !strings.Contains(last.ErrorMessage, "sm:/usersync/"+noSecret+"/missing") {
		c.t.Errorf("ended as %+v", last)
	}
	if next, status := c.start(token, nil); status != http.StatusOK {
		c.t.Errorf("a start after it: %d", status)
	} else {
		c.until(token, next.ID, ended)
	}
}

// abandon leaves a job behind that nobody works on, as it is when everything has gone wrong.
func (c *chain) abandon(company string, status usersync.Status, lease time.Duration) string {
	c.t.Helper()
	now := time.Now().UTC()
	id := usersync.JobID(uuid.Must(uuid.NewV7()).String())
	taken, _, err := c.store.Acquire(c.t.Context(), usersync.CompanyID(company), id, now.Add(lease))
	if err != nil {
		c.t.Fatal(err)
	}
	abandoned := usersync.Job{
		ID: id, Company: usersync.CompanyID(company), Status: status, CreatedAt: now.Add(-10 * time.Minute), UpdatedAt: now.Add(-10 * time.Minute), Fence: taken.Fence,
		Links:    usersync.LinkSetOf(usersync.CompanyID(company), "directory", "directory"),
		Settings: usersync.Company{ID: usersync.CompanyID(company), Source: usersync.Endpoint{Type: "directory"}, Target: usersync.Endpoint{Type: "directory"}},
	}
	if status == usersync.Processing {
		abandoned.Progress.Execution = 1
	}
	if err := c.store.CreateJob(c.t.Context(), abandoned); err != nil {
		c.t.Fatal(err)
	}
	return string(id)
}

func takeOver(c *chain) {
	token := c.token(dueAtNight)
	for _, start := range []func() bool{
		func() bool { _, status := c.start(token, nil); return status == http.StatusOK },
		func() bool {
			return c.invoke("NightlyFunction", event("usersync", requested, "e4", map[string]any{"CompanyId": dueAtNight})) == ""
		},
	} {
		lost := c.abandon(dueAtNight, usersync.Processing, -time.Second)
		if !start() {
			c.t.Error("a lease that has run out holds a start up")
		}
		if j := c.get(token, lost); j.StatusName != "Failed" || !strings.Contains(j.ErrorMessage, "lease") {
			c.t.Errorf("the job before is %+v", j)
		}
		c.until(token, c.list(token)[0].ID, ended)
	}
}

func sweep(c *chain) {
	token := c.token(dueAtNight)
	for _, status := range []usersync.Status{usersync.Pending, usersync.Processing} {
		id := c.abandon(dueAtNight, status, time.Hour)
		if fault := c.invoke("ReapFunction", event("aws.scheduler", "Scheduled Event", "s", map[string]any{})); fault != "" {
			c.t.Errorf("reap: %s", fault)
		}
		seen := c.until(token, id, ended)
		if last := seen[len(seen)-1]; status == usersync.Pending && last.StatusName != "Completed" ||
			status == usersync.Processing && (last.StatusName != "Failed" || !strings.Contains(last.ErrorMessage, "gone")) {
			c.t.Errorf("%v, without an execution: %+v", status, last)
		}
	}
	var all struct{ Results []job }
	if status := c.call("POST", os.Getenv("USERSYNC_API")+"/json/reply/QueryAxemaUserSyncJobs", token, map[string]any{"CompanyId": dueAtNight}, &all); status != http.StatusOK || len(all.Results) < 4 {
		c.t.Errorf("the jobs by POST: %d, %d of them", status, len(all.Results))
	}
	for _, company := range []string{betweenTwo, onTheBus, dueAtNight, noSecret} {
		for _, j := range c.list(c.token(company)) {
			if !ended(j) {
				c.t.Errorf("unfinished: %+v", j)
			}
		}
	}
}

func refuseEvents(c *chain) {
	for _, function := range []string{"NightlyFunction", "ReapFunction"} {
		if fault := c.invoke(function, event("aws.s3", "Object Created", "x", map[string]any{})); fault != "Validation" {
			c.t.Errorf("%s: %q", function, fault)
		}
	}
	for _, function := range []string{"FetchFunction", "UpsertFunction", "SettleFunction", "FinishFunction"} {
		if fault := c.invoke(function, map[string]any{"job": 7}); fault != "Validation" {
			c.t.Errorf("%s: %q", function, fault)
		}
		late := map[string]any{"job": c.list(c.token(betweenTwo))[0].ID, "company": betweenTwo, "fence": 1, "execution": 1, "steps": 0, "next": "fetch", "wait": 0}
		if fault := c.invoke(function, late); fault != "" && fault != "Fenced" {
			c.t.Errorf("%s with an old fence: %q", function, fault)
		}
	}
}
