package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

var jobPromises = []promise[usersync.Store]{
	{"AJobComesBackWhole", aJobComesBackWhole},
	{"AJobIsCreatedOnce", aJobIsCreatedOnce},
	{"AJobOfAnotherCompanyIsNotFound", aJobOfAnotherCompanyIsNotFound},
	{"OfTwoSavesOfOneRevOneWins", ofTwoSavesOfOneRevOneWins},
	{"ASaveUnderAnOldFenceChangesNothing", aSaveUnderAnOldFenceChangesNothing},
	{"ASaveOfNoJobIsNotFound", aSaveOfNoJobIsNotFound},
	{"JobsAreListedNewestFirst", jobsAreListedNewestFirst},
	{"UnfinishedJobsAreListedOldestFirst", unfinishedJobsAreListedOldestFirst},
}

// newJob is a job with something in every field.
func newJob(p stores, company usersync.CompanyID) usersync.Job {
	now := p.clock.Now()
	return usersync.Job{
		ID: newJobID(), Company: company, Status: usersync.Pending,
		Counts:    usersync.Counts{Found: 8, Created: 1, Updated: 2, Unchanged: 3, Failed: 1, Skipped: 1, Removed: 4},
		Error:     "1 of 8 people failed: «æøå»",
		CreatedAt: now, UpdatedAt: now.Add(1234567 * time.Nanosecond),
		Full: true,
		Settings: usersync.Company{
			ID: company, Name: "Brf Utsikten",
			Source: usersync.Endpoint{Type: "file", Settings: map[string]string{"path": "people.csv"}},
			Target: usersync.Endpoint{Type: "directory"},
		},
		Links: newSet(), Fence: 7, Rev: 1,
		Progress: usersync.Progress{
			Cursor: "next=500&x='\"", Reading: "r1", Staged: 12, SourceDone: true, Upserted: 3, InFlight: 50,
			Settling: 2, Settled: usersync.Counts{Found: 5, Created: 5},
		},
	}
}

func aJobComesBackWhole(t *testing.T, p stores) {
	job := newJob(p, newCompany())
	noError(t, p.a.CreateJob(t.Context(), job))
	same(t, "the job", get(p.b.Job(t.Context(), job.Company, job.ID))(t), job)
	same(t, "the job of any company", get(p.b.Job(t.Context(), "", job.ID))(t), job)

	changed := newJob(p, job.Company)
	changed.ID, changed.Status, changed.Fence, changed.Error = job.ID, usersync.Completed, job.Fence+2, ""
	changed.Progress = usersync.Progress{Staged: 13}
	saved := get(p.b.SaveJob(t.Context(), changed))(t)
	changed.Rev = 2
	same(t, "what SaveJob returns", saved, changed)
	same(t, "the saved job", get(p.a.Job(t.Context(), job.Company, job.ID))(t), changed)
}

func aJobIsCreatedOnce(t *testing.T, p stores) {
	job := newJob(p, newCompany())
	job.Rev = 0
	errs := make([]error, 20)
	together(len(errs), func(i int) { errs[i] = p.either(i).CreateJob(t.Context(), job) })
	created := 0
	for _, err := range errs {
		if err == nil {
			created++
			continue
		}
		wantCode(t, err, usersync.Exists)
	}
	if created != 1 {
		t.Fatalf("created %d times", created)
	}
	if got := get(p.a.Job(t.Context(), "", job.ID))(t); got.Rev != 1 {
		t.Fatalf("Rev %d, want 1", got.Rev)
	}
}

func aJobOfAnotherCompanyIsNotFound(t *testing.T, p stores) {
	job := newJob(p, newCompany())
	noError(t, p.a.CreateJob(t.Context(), job))
	_, err := p.b.Job(t.Context(), newCompany(), job.ID)
	wantCode(t, err, usersync.NotFound)
	_, err = p.b.Job(t.Context(), job.Company, newJobID())
	wantCode(t, err, usersync.NotFound)
	_, err = p.b.Job(t.Context(), "", newJobID())
	wantCode(t, err, usersync.NotFound)
}

func ofTwoSavesOfOneRevOneWins(t *testing.T, p stores) {
	job := newJob(p, newCompany())
	noError(t, p.a.CreateJob(t.Context(), job))
	for round := range 5 {
		mine := make([]usersync.Job, 8)
		errs := make([]error, len(mine))
		together(len(mine), func(i int) {
			next := job
			next.Progress.Staged = 100*round + i
			mine[i], errs[i] = p.either(i).SaveJob(t.Context(), next)
		})
		winners := 0
		for i, err := range errs {
			if err != nil {
				wantCode(t, err, usersync.Fenced)
				continue
			}
			winners++
			same(t, "the stored job", get(p.b.Job(t.Context(), "", job.ID))(t), mine[i])
			if mine[i].Rev != job.Rev+1 {
				t.Fatalf("Rev %d after %d", mine[i].Rev, job.Rev)
			}
			job = mine[i]
		}
		if winners != 1 {
			t.Fatalf("%d writers of one Rev won", winners)
		}
	}
}

func aSaveUnderAnOldFenceChangesNothing(t *testing.T, p stores) {
	job := newJob(p, newCompany())
	noError(t, p.a.CreateJob(t.Context(), job))
	newer := job
	newer.Fence++
	newer = get(p.b.SaveJob(t.Context(), newer))(t)

	late := newer
	late.Fence, late.Progress.Staged = job.Fence, 99
	_, err := p.a.SaveJob(t.Context(), late)
	wantCode(t, err, usersync.Fenced)
	late = newer
	late.Rev, late.Progress.Staged = job.Rev, 99
	_, err = p.a.SaveJob(t.Context(), late)
	wantCode(t, err, usersync.Fenced)
	late.Rev = newer.Rev + 1
	_, err = p.a.SaveJob(t.Context(), late)
	wantCode(t, err, usersync.Fenced)
	same(t, "the job", get(p.b.Job(t.Context(), "", job.ID))(t), newer)
}

func aSaveOfNoJobIsNotFound(t *testing.T, p stores) {
	_, err := p.a.SaveJob(t.Context(), newJob(p, newCompany()))
	wantCode(t, err, usersync.NotFound)
}

func jobsAreListedNewestFirst(t *testing.T, p stores) {
	companies := []usersync.CompanyID{newCompany(), newCompany(), newCompany()}
	statuses := []usersync.Status{usersync.Pending, usersync.Processing, usersync.Completed, usersync.Failed}
	var all []usersync.Job // newest first
	for i := range 40 {
		job := newJob(p, companies[i%2])
		job.Status = statuses[(i/3)%len(statuses)]
		noError(t, p.either(i).CreateJob(t.Context(), job))
		all = slices.Insert(all, 0, job)
	}
	filters := []*usersync.Status{nil}
	for i := range statuses {
		filters = append(filters, &statuses[i])
	}
	for _, company := range append(companies, "") {
		for _, status := range filters {
			for _, window := range [][2]int{{0, 100}, {0, 1}, {3, 4}, {17, 100}, {1000, 10}} {
				q := usersync.JobQuery{Company: company, Status: status, Skip: window[0], Take: window[1]}
				got := get(p.b.ListJobs(t.Context(), q))(t)
				want := selected(all, q)
				same(t, fmt.Sprintf("jobs %v", window), jobIDs(got), jobIDs(want))
				if len(want) > 0 {
					same(t, "a listed job", got[0], want[0])
				}
			}
		}
	}
}

// selected is what ListJobs promises, from jobs that stand newest first.
func selected(all []usersync.Job, q usersync.JobQuery) []usersync.Job {
	all = slices.DeleteFunc(slices.Clone(all), func(j usersync.Job) bool {
		return q.Company != "" && j.Company != q.Company || q.Status != nil && j.Status != *q.Status
	})
	all = all[min(q.Skip, len(all)):]
	return all[:min(q.Take, len(all))]
}

func jobIDs(jobs []usersync.Job) []usersync.JobID {
	ids := []usersync.JobID{}
	for _, j := range jobs {
		ids = append(ids, j.ID)
	}
	return ids
}

func unfinishedJobsAreListedOldestFirst(t *testing.T, p stores) {
	var jobs []usersync.Job
	for i := range 12 {
		job := newJob(p, newCompany())
		job.Status = usersync.Status(i % 4)
		noError(t, p.a.CreateJob(t.Context(), job))
		jobs = append(jobs, job)
	}
	check := func() {
		t.Helper()
		open := slices.DeleteFunc(slices.Clone(jobs), func(j usersync.Job) bool { return j.Status.Ended() })
		eventually(t, "unfinished jobs", func() bool {
			got, err := p.b.Unfinished(t.Context())
			noError(t, err)
			return asJSON(t, got) == asJSON(t, open)
		})
	}
	check()
	for i, end := range []usersync.Status{usersync.Processing, usersync.Failed} {
		jobs[i].Status = end
		jobs[i] = get(p.b.SaveJob(t.Context(), jobs[i]))(t)
	}
	check()
}
