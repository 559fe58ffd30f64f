package dynamo

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/usersync/usersync/internal/usersync"
)

// unfinishedIndex is the index over the attribute of the same name: sparse, keys only.
const unfinishedIndex = "unfinished"

// maxJobID is more than any job's id has: what is asked for comes from outside, and a sort key is
// neither empty nor longer than 1,024 bytes.
const maxJobID = 256

// jobItem is a job. What conditions look at stands beside its JSON.
type jobItem struct {
	key
	Fence      int64           `dynamodbav:"fence"`
	Rev        int64           `dynamodbav:"rev"`
	Status     usersync.Status `dynamodbav:"status"`
	Unfinished usersync.JobID  `dynamodbav:"unfinished,omitempty"` // the job's id until it ends
	Writer     string          `dynamodbav:"writer"`               // of the call that wrote it last
	Job        string          `dynamodbav:"job"`
}

// pointerItem says which company a job belongs to.
type pointerItem struct {
	key
	Company usersync.CompanyID `dynamodbav:"company"`
}

// newJobItem is the job's item under a writer's token of its own.
func newJobItem(job usersync.Job) (jobItem, error) {
	text, err := json.Marshal(job)
	if err != nil {
		return jobItem{}, &usersync.Error{Code: usersync.Internal, Message: "a job cannot be written", Cause: err}
	}
	item := jobItem{
		key: jobKey(job.Company, job.ID), Fence: job.Fence, Rev: job.Rev, Status: job.Status,
		Writer: newToken(), Job: string(text),
	}
	if !job.Status.Ended() {
		item.Unfinished = job.ID
	}
	return item, nil
}

func decodeJob(r row) (usersync.Job, error) {
	item, err := decode[jobItem](r)
	if err != nil {
		return usersync.Job{}, err
	}
	var job usersync.Job
	if err := json.Unmarshal([]byte(item.Job), &job); err != nil {
		return usersync.Job{}, unreadable(err)
	}
	return job, nil
}

func noJob() error { return usersync.E(usersync.NotFound, "there is no such job") }

// CreateJob writes where the job's company is found, then the job: one without the other is no job.
func (s *Store) CreateJob(ctx context.Context, job usersync.Job) error {
	job.Rev = 1
	item, err := newJobItem(job)
	if err != nil {
		return err
	}
	exists := usersync.E(usersync.Exists, "the job was created before")
	pointer := pointerItem{key: pointerKey(job.ID), Company: job.Company}
	err = s.put(ctx, s.tables.Main, pointer, absent().Or(is("company", job.Company)))
	if _, ok := errors.AsType[*refused](err); ok {
		return exists
	}
	if err != nil {
		return err
	}
	err = s.put(ctx, s.tables.Main, item, absent())
	if r, ok := errors.AsType[*refused](err); ok {
		if written, err := decode[jobItem](r.was); err != nil || written.Writer == item.Writer {
			return err
		}
		return exists
	}
	return err
}

// Job finds the company first where it is not given.
func (s *Store) Job(ctx context.Context, company usersync.CompanyID, id usersync.JobID) (usersync.Job, error) {
	if id == "" || len(id) > maxJobID {
		return usersync.Job{}, noJob()
	}
	if company == "" {
		found, err := s.get(ctx, s.tables.Main, pointerKey(id))
		if err != nil {
			return usersync.Job{}, err
		}
		pointer, err := decode[pointerItem](found)
		if err != nil {
			return usersync.Job{}, err
		}
		if company = pointer.Company; company == "" {
			return usersync.Job{}, noJob()
		}
	}
	found, err := s.get(ctx, s.tables.Main, jobKey(company, id))
	if err != nil {
		return usersync.Job{}, err
	}
	if found == nil {
		return usersync.Job{}, noJob()
	}
	return decodeJob(found)
}

// SaveJob is one conditional write.
func (s *Store) SaveJob(ctx context.Context, job usersync.Job) (usersync.Job, error) {
	before := job.Rev
	job.Rev++
	item, err := newJobItem(job)
	if err != nil {
		return usersync.Job{}, err
	}
	err = s.put(ctx, s.tables.Main, item, notNewer(job.Fence).And(is("rev", before)))
	if r, ok := errors.AsType[*refused](err); ok {
		stored, err := decode[jobItem](r.was)
		switch {
		case err != nil:
			return usersync.Job{}, err
		case r.was == nil:
			return usersync.Job{}, noJob()
		case stored.Writer != item.Writer:
			return usersync.Job{}, usersync.E(usersync.Fenced, "the job was written by somebody else since")
		}
		return job, nil
	}
	if err != nil {
		return usersync.Job{}, err
	}
	return job, nil
}

// Unfinished reads the index for the keys, and the jobs themselves as they are now.
func (s *Store) Unfinished(ctx context.Context) ([]usersync.Job, error) {
	index := unfinishedIndex
	var keys []key
	pages := dynamodb.NewScanPaginator(s.client, &dynamodb.ScanInput{TableName: &s.tables.Main, IndexName: &index})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, translate(err)
		}
		for _, item := range page.Items {
			keys = append(keys, keyOf(item))
		}
	}
	jobs, err := s.loadJobs(ctx, keys)
	if err != nil {
		return nil, err
	}
	slices.Reverse(jobs)
	return slices.DeleteFunc(jobs, func(j usersync.Job) bool { return j.Status.Ended() }), nil
}

// loadJobs reads the jobs that exist, newest first.
func (s *Store) loadJobs(ctx context.Context, keys []key) ([]usersync.Job, error) {
	found, err := s.load(ctx, s.tables.Main, keys, true)
	if err != nil {
		return nil, err
	}
	var jobs []usersync.Job
	for _, item := range found {
		job, err := decodeJob(item)
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, job)
	}
	slices.SortFunc(jobs, func(a, b usersync.Job) int { return strings.Compare(string(b.ID), string(a.ID)) })
	return jobs, nil
}
