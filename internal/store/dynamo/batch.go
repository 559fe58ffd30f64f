package dynamo

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/usersync/usersync/internal/usersync"
)

// The limits of one request, and how many requests one call has under way.
const (
	getBatch   = 100 // BatchGetItem's own limit
	writeBatch = 8   // of chunks: BatchWriteItem takes 25 items and 16 MB, in memory twice over
	readWidth  = 8
	writeWidth = 32
)

// each calls f(0) … f(n-1), width of them at once, and returns the first error that came; after
// one, no further call begins.
func each(n, width int, f func(i int) error) error {
	var (
		next    atomic.Int64
		first   error
		failed  atomic.Bool
		once    sync.Once
		workers sync.WaitGroup
	)
	for range min(n, width) {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && !failed.Load(); i = int(next.Add(1)) - 1 {
				if err := f(i); err != nil {
					once.Do(func() { first = err })
					failed.Store(true)
				}
			}
		})
	}
	workers.Wait()
	return first
}

// load reads the items under the keys, each key once, in any order; those that are not there are left out.
func (s *Store) load(ctx context.Context, table string, keys []key, strong bool) ([]row, error) {
	batches := slices.Collect(slices.Chunk(keys, getBatch))
	found := make([][]row, len(batches))
	err := each(len(batches), readWidth, func(i int) (err error) {
		found[i], err = s.loadBatch(ctx, table, batches[i], strong)
		return err
	})
	if err != nil {
		return nil, err
	}
	return slices.Concat(found...), nil
}

// loadBatch asks again for what the engine left unread, until nothing is left.
func (s *Store) loadBatch(ctx context.Context, table string, keys []key, strong bool) ([]row, error) {
	ask := types.KeysAndAttributes{ConsistentRead: aws.Bool(strong)}
	for _, k := range keys {
		ask.Keys = append(ask.Keys, k.row())
	}
	var found []row
	idle := 0
	for len(ask.Keys) > 0 {
		out, err := s.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{table: ask}})
		if err != nil {
			return nil, translate(err)
		}
		found = append(found, out.Responses[table]...)
		left := out.UnprocessedKeys[table].Keys
		if idle, err = s.headway(ctx, idle, len(ask.Keys), len(left)); err != nil {
			return nil, err
		}
		ask.Keys = left
	}
	return found, nil
}

// writeAll writes items without a condition, again and again what the engine left unwritten.
func (s *Store) writeAll(ctx context.Context, table string, items []row) error {
	var requests []types.WriteRequest
	for _, item := range items {
		requests = append(requests, types.WriteRequest{PutRequest: &types.PutRequest{Item: item}})
	}
	idle := 0
	for len(requests) > 0 {
		out, err := s.client.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{table: requests}})
		if err != nil {
			return translate(err)
		}
		left := out.UnprocessedItems[table]
		if idle, err = s.headway(ctx, idle, len(requests), len(left)); err != nil {
			return err
		}
		requests = left
	}
	return nil
}

// headway pauses where a batch left something, longer the more answers in a row did nothing at all,
// and gives up after too many of these. It returns how many these are now.
func (s *Store) headway(ctx context.Context, idle, asked, left int) (int, error) {
	if left == 0 {
		return 0, nil
	}
	if left < asked {
		return 0, s.pause(ctx, 0)
	}
	if idle == patience {
		return idle, &usersync.Error{Code: usersync.Throttled, Message: "the store is asked too much at once"}
	}
	return idle + 1, s.pause(ctx, idle)
}
