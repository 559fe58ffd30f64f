package api

import (
	"time"

	"github.com/usersync/usersync/internal/usersync"
)

// dateLayout is ISO 8601 in UTC with milliseconds, which every client's parser takes.
const dateLayout = "2006-01-02T15:04:05.000Z"

// Job is a job as clients see it. Counts are nil while it is Pending, then present, zero too. Dates
// are ISO 8601 in UTC.
type Job struct {
	ID             string `json:"Id"`
	CompanyID      string `json:"CompanyId"`
	Status         int
	StatusName     string
	UsersFound     *int   `json:",omitempty"`
	UsersCreated   *int   `json:",omitempty"`
	UsersUpdated   *int   `json:",omitempty"`
	UsersUnchanged *int   `json:",omitempty"`
	UsersRemoved   *int   `json:",omitempty"`
	UsersFailed    *int   `json:",omitempty"`
	UsersSkipped   *int   `json:",omitempty"`
	ErrorMessage   string `json:",omitempty"`
	CreatedDate    string
	UpdatedDate    string
}

// JobOf is the job as clients see it.
func JobOf(j usersync.Job) Job {
	a := Job{
		ID:           string(j.ID),
		CompanyID:    string(j.Company),
		Status:       int(j.Status),
		StatusName:   j.Status.String(),
		ErrorMessage: j.Error,
		CreatedDate:  date(j.CreatedAt),
		UpdatedDate:  date(j.UpdatedAt),
	}
	if j.Status != usersync.Pending {
		n := j.Counts
		a.UsersFound, a.UsersCreated, a.UsersUpdated = &n.Found, &n.Created, &n.Updated
		a.UsersUnchanged, a.UsersRemoved = &n.Unchanged, &n.Removed
		a.UsersFailed, a.UsersSkipped = &n.Failed, &n.Skipped
	}
	return a
}

type jobsPage struct{ Results []Job }

func pageOfJobs(jobs []usersync.Job) jobsPage {
	a := jobsPage{Results: make([]Job, 0, len(jobs))}
	for _, j := range jobs {
		a.Results = append(a.Results, JobOf(j))
	}
	return a
}

type outcomesPage struct {
	Offset  int
	Total   int
	Results []Outcome
}

// Outcome is what happened to one person, as clients see it.
type Outcome struct {
	Key    string
	Action string
	Fields []string `json:",omitempty"`
	Reason string   `json:",omitempty"`
}

func pageOfOutcomes(skip, total int, page []usersync.Outcome) outcomesPage {
	a := outcomesPage{Offset: skip, Total: total, Results: make([]Outcome, 0, len(page))}
	for _, o := range page {
		a.Results = append(a.Results, OutcomeOf(o))
	}
	return a
}

// OutcomeOf is the outcome as clients see it.
func OutcomeOf(o usersync.Outcome) Outcome {
	return Outcome{o.Key, string(o.Action), o.Fields, o.Reason}
}

func date(t time.Time) string { return t.UTC().Format(dateLayout) }
