package dynamo

import (
	"context"
	"iter"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/usersync/usersync/internal/usersync"
)

// listPage is how many jobs are read at once.
const listPage = 100

// ListJobs reads a company's jobs in one query, and those of all companies by merging the shards of
// their pointers, which read from the newest to the oldest.
func (s *Store) ListJobs(ctx context.Context, q usersync.JobQuery) ([]usersync.Job, error) {
	if q.Take < 1 {
		return nil, nil
	}
	jobs := s.jobsOf(ctx, q)
	if q.Company == "" {
		jobs = s.jobsOfAll(ctx, q)
	}
	var selected []usersync.Job
	skipped := 0
	for job, err := range jobs {
		switch {
		case err != nil:
			return nil, err
		case q.Status != nil && job.Status != *q.Status:
		case skipped < q.Skip:
			skipped++
		default:
			if selected = append(selected, job); len(selected) == q.Take {
				return selected, nil
			}
		}
	}
	return selected, nil
}

// jobsOf yields the jobs of one company, newest first.
func (s *Store) jobsOf(ctx context.Context, q usersync.JobQuery) iter.Seq2[usersync.Job, error] {
	return func(yield func(usersync.Job, error) bool) {
		condition := expression.Key("pk").Equal(expression.Value(jobKey(q.Company, "").PK)).
			And(expression.Key("sk").BeginsWith(jobPrefix))
		b := expression.NewBuilder().WithKeyCondition(condition)
		limit := q.Skip + q.Take
		if q.Status != nil { // what is filtered out is read, too
			b, limit = b.WithFilter(is("status", *q.Status)), max(limit, listPage)
		}
		query := &dynamodb.QueryInput{
			TableName: &s.tables.Main, ConsistentRead: aws.Bool(true), ScanIndexForward: aws.Bool(false),
			Limit: aws.Int32(int32(min(limit, 1000))),
		}
		for item, err := range s.query(ctx, query, b) {
			if err != nil {
				yield(usersync.Job{}, err)
				return
			}
			if job, err := decodeJob(item); !yield(job, err) || err != nil {
				return
			}
		}
	}
}

// jobsOfAll yields the jobs of every company, newest first.
func (s *Store) jobsOfAll(ctx context.Context, q usersync.JobQuery) iter.Seq2[usersync.Job, error] {
	return func(yield func(usersync.Job, error) bool) {
		window := listPage
		if q.Status == nil {
			window = min(q.Skip+q.Take, listPage)
		}
		var keys []key
		// flush yields the jobs of the window; false where it was the last.
		flush := func() bool {
			jobs, err := s.loadJobs(ctx, keys)
			if err != nil {
				yield(usersync.Job{}, err)
				return false
			}
			for _, job := range jobs {
				if !yield(job, nil) {
					return false
				}
			}
			keys = keys[:0]
			return true
		}
		for pointer, err := range s.pointers(ctx) {
			if err != nil {
				yield(usersync.Job{}, err)
				return
			}
			keys = append(keys, jobKey(pointer.Company, usersync.JobID(pointer.SK)))
			if len(keys) == window && !flush() {
				return
			}
		}
		flush()
	}
}

// pointers yields the pointers of all jobs, newest first: the merge of their shards.
func (s *Store) pointers(ctx context.Context) iter.Seq2[pointerItem, error] {
	return func(yield func(pointerItem, error) bool) {
		type source struct {
			head pointerItem
			next func() (pointerItem, error, bool)
		}
		var sources []*source
		for i := range shards {
			next, stop := iter.Pull2(s.pointersOf(ctx, shards[i:i+1]))
			defer stop()
			sources = append(sources, &source{next: next})
		}
		// advance reads the source's next head; an error ends the merge.
		advance := func(from *source) bool {
			head, err, more := from.next()
			if err != nil {
				yield(pointerItem{}, err)
				return false
			}
			if from.head = head; !more {
				from.head = pointerItem{}
			}
			return true
		}
		for _, from := range sources {
			if !advance(from) {
				return
			}
		}
		for {
			newest := sources[0]
			for _, from := range sources {
				if from.head.SK > newest.head.SK {
					newest = from
				}
			}
			if newest.head.SK == "" || !yield(newest.head, nil) || !advance(newest) {
				return
			}
		}
	}
}

// pointersOf yields the pointers of one shard, newest first.
func (s *Store) pointersOf(ctx context.Context, shard string) iter.Seq2[pointerItem, error] {
	return func(yield func(pointerItem, error) bool) {
		query := &dynamodb.QueryInput{
			TableName: &s.tables.Main, ConsistentRead: aws.Bool(true), ScanIndexForward: aws.Bool(false), Limit: aws.Int32(listPage),
		}
		b := expression.NewBuilder().WithKeyCondition(expression.Key("pk").Equal(expression.Value(jobPrefix + shard)))
		for item, err := range s.query(ctx, query, b) {
			if err != nil {
				yield(pointerItem{}, err)
				return
			}
			if pointer, err := decode[pointerItem](item); !yield(pointer, err) || err != nil {
				return
			}
		}
	}
}
